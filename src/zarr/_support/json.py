"""JSON as the Zarr documents need it: strict where it is written, bounded where it is read.

Bytes from outside are hostile (design: size and depth limits). The bare tokens `NaN` and `Infinity`, which Python's JSON
has and the standard has not, are read and written in attributes only, there with a warning to whoever adds one
(docs/decisions/0006-nan-in-attributes.md).
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from zarr._support.json_text import has_long_text, indented
from zarr._support.plain import NotPlainError, are_names, is_flat, plain_copy
from zarr._support.warn import warn
from zarr.errors import ArgumentError, MetadataTypeError, MetadataValidationError, ZarrUserWarning

JSON: TypeAlias = "str | int | float | bool | Mapping[str, JSON] | list[JSON] | tuple[JSON, ...] | None"

_KINDS = {
    type(None): "null",
    bool: "a Boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
}
"""What JSON calls what Python makes of it."""
MAX_NBYTES = 256 * 2**20
MAX_DEPTH = 200


def parse_object(raw: bytes, where: str) -> dict[str, Any]:
    """Parse a document that must be one JSON object.

    Parameters
    ----------
    raw
        UTF-8 text, at most `MAX_NBYTES` bytes and nested at most `MAX_DEPTH` deep.
    where
        Key of the document, for the error text.

    Raises
    ------
    MetadataValidationError
        If the text is no JSON, no object, too large or nested too deep.
    """
    check_readable(raw, where)
    try:
        parsed = json.loads(raw.decode("utf-8-sig"))  # of bytes, it would take other encodings too
    except (ValueError, RecursionError) as exc:
        raise MetadataValidationError(f"metadata document {where!r} is not valid JSON: {exc}") from exc
    if not isinstance(parsed, dict):
        raise MetadataTypeError(f"metadata document {where!r} holds {_KINDS[type(parsed)]}, and not an object")
    return parsed


def check_readable(raw: bytes, where: str) -> None:
    """Raise MetadataValidationError for a document that is too large, or nested too deep, to be parsed."""
    _check_nbytes(raw, where)
    _check_depth(raw, where)


def _check_nbytes(raw: bytes, where: str) -> None:
    if len(raw) > MAX_NBYTES:
        raise MetadataValidationError(
            f"metadata document {where!r} has {len(raw)} bytes, more than the limit of {MAX_NBYTES}"
        )


def _check_depth(raw: bytes, where: str) -> None:
    """Refuse deep nesting before the recursive parser meets it."""
    if not (_has_many(raw, b"[") or _has_many(raw, b"{")):
        return
    steps = np.frombuffer(_without_strings(raw).translate(_STEPS, _NO_BRACKETS), np.int8)
    if len(steps) and steps.cumsum(dtype=np.int64).max() > MAX_DEPTH:
        raise _too_deep(where)


def _without_strings(raw: bytes) -> bytes:
    """A document without its strings, which may hold brackets. One that does not end reaches to the end of the document."""
    # In linear time, whatever there is.
    return _STRING.sub(b"", raw) if b"\\" in raw else b"".join(raw.split(b'"')[::2])


def _too_deep(where: str) -> MetadataValidationError:
    return MetadataValidationError(f"metadata document {where!r} is nested more than {MAX_DEPTH} levels deep")


def _has_many(raw: bytes, bracket: bytes) -> bool:
    """Whether there are so many brackets of a kind that two kinds could make it too deep. Takes no longer to say yes."""
    position = -1
    for _ in range(MAX_DEPTH // 2):
        position = raw.find(bracket, position + 1)
        if position < 0:
            return False
    return True


_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\1\1\xff\xff")
"""Brackets as how much deeper or less deep it is behind them."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


def dump(document: Mapping[str, Any], indent: int | None, where: str = "") -> bytes:
    """Write a document of a node as UTF-8 JSON, one that `parse_object` takes.

    NumPy scalars and arrays become numbers and lists. A NaN or an infinity, which JSON cannot say, raises
    `MetadataValidationError` naming the place, unless it is in attributes: `as_stored` has warned of it, or another
    writer left it.

    Raises
    ------
    MetadataValidationError
        If it would be too large, or nested too deep, to be read again; `where` is its key.

    Examples
    --------
    >>> dump({"a": 1}, None)
    b'{"a":1}'
    """
    try:
        raw = _encode(document, indent, allow_nan=False)
    except ValueError:
        _refuse_non_finite(document, tolerated=_ATTRIBUTES)
        raw = _encode(document, indent, allow_nan=True)
    return _readable(raw, where)


def is_nested_deeper(value: object, depth: int) -> bool:
    """Whether a JSON value has more than `depth` objects and lists inside each other.

    Examples
    --------
    >>> is_nested_deeper([[1]], 1), is_nested_deeper([[1]], 2)
    (True, False)
    """
    level = [value]
    while level := [each for each in level if isinstance(each, dict | list | tuple)]:
        if not depth:
            return True
        depth -= 1
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]
    return False


def dump_attributes(attributes: Mapping[str, Any], indent: int | None) -> bytes:
    """Write a document that is nothing but attributes, as `dump` writes the attributes in others."""
    return _readable(_encode(attributes, indent, allow_nan=True), ".zattrs")


def _readable(raw: bytes, where: str) -> bytes:
    """A document that is about to be stored, if it can be read again."""
    try:
        check_readable(raw, where)
    except MetadataValidationError as exc:
        raise MetadataValidationError(f"{exc}: it could not be read again, so it is not stored") from None
    return raw


def as_stored(attributes: Mapping[str, Any] | None, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A copy of attributes as they read back from a document: lists for tuples, plain numbers for NumPy's.

    What cannot be stored is found before anything is changed.

    Raises
    ------
    TypeError
        For objects that JSON cannot say.

    Warns
    -----
    ZarrUserWarning
        For a NaN or an infinity, with its place, unless its entry is as it was `before`.

    Examples
    --------
    >>> as_stored({"a": (1, np.float32(2))})
    {'a': [1, 2.0]}
    """
    new = {} if attributes is None else entries(attributes)
    if is_flat(new):
        return new
    known = before if before and are_names(new) else {}
    changed = {name: value for name, value in new.items() if known.get(name, _NOTHING) is not value}
    try:
        stored: dict[str, Any] = plain_copy(changed, MAX_DEPTH)
    except NotPlainError:
        stored = _read_back(changed, before or {})
    return {**new, **stored} if known else stored


_NOTHING = object()


def _read_back(new: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as they read back from their text, with a warning for what JSON has not, where it was not there before."""
    try:
        text = _encode(new, None, allow_nan=False)
    except ValueError:
        known = {name: _encode({"": before[name]}, None, allow_nan=True) for name in new if name in before}
        changed = {
            name: value for name, value in new.items() if known.get(name) != _encode({"": value}, None, allow_nan=True)
        }
        _warn_of_non_finite(changed)
        text = _encode(new, None, allow_nan=True)
    try:
        stored: dict[str, Any] = json.loads(text, object_pairs_hook=_each_once)
    except _SameNameError as exc:
        raise ArgumentError(
            f"two keys {_in_place_of(new, exc.name)}would both be stored as {exc.name!r}, and one of the two values would be lost: in JSON the "
            "keys are text, so 1 is '1', True is 'true' and None is 'null'. Give each value a key of its own, as text"
        ) from None
    return stored


class _SameNameError(Exception):
    """An object of JSON has two members of one name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        names = [name for name, _ in members]
        raise _SameNameError(next(name for name in found if names.count(name) > 1))
    return found


def _in_place_of(attributes: Mapping[str, Any], name: str) -> str:
    """Which attribute has an object in it with two keys that are written as one name, in words; empty if it cannot be told."""
    place = next(_with_same_names(attributes, "", name), "")
    return f"of the attribute {place} " if place else ""


def _with_same_names(value: object, place: str, name: str) -> Iterator[str]:
    children: Any = ()
    if isinstance(value, Mapping):
        if sum(_written(key) == name for key in value) > 1:
            yield place
        children = ((f"{place}[{key!r}]", child) for key, child in value.items())
    elif isinstance(value, list | tuple):
        children = ((f"{place}[{i}]", child) for i, child in enumerate(value))
    for where, child in children:
        yield from _with_same_names(child, where, name)


def _written(key: object) -> str:
    """A key as it is in the text of a document."""
    return key if isinstance(key, str) else next(iter(json.loads(json.dumps({key: None}))))


def entries(attributes: object) -> dict[str, Any]:
    """Attributes that a user gives, as a dict of their own: from a mapping, or pairs of names and values.

    Raises ArgumentError (a TypeError and a ValueError) for anything else, and for keys that are no strings: JSON has no others.
    """
    try:
        found: dict[Any, Any] = dict(attributes)  # type: ignore[call-overload]  # asked, not assumed
    except (TypeError, ValueError) as exc:
        raise ArgumentError(f"attributes must be a mapping from names to values, got {attributes!r}: {exc}") from exc
    if are_names(found):
        return found
    for name in found:
        if not isinstance(name, str):
            raise ArgumentError(f"the keys of attributes are strings, got {name!r} of type {type(name).__name__}")
    return found


_ATTRIBUTES = frozenset({"attributes", ".zattrs"})
"""Members that hold attributes: of nodes, and in consolidated metadata, there at the end of a key."""


_INDENTS_FAST = sys.version_info >= (3, 13)
"""Whether Python's own encoder is in C with indentation too. Of a long text it makes more copies than `indented`."""


def _encode(document: Mapping[str, Any], indent: int | None, *, allow_nan: bool) -> bytes:
    separators = (",", ":") if indent is None else None
    try:
        if indent is not None and (not _INDENTS_FAST or has_long_text(document)):
            encoded = indented(document, indent, MAX_DEPTH)
            if encoded is not None:
                return encoded
        return json.dumps(
            document, indent=indent, separators=separators, allow_nan=allow_nan, default=_plain, ensure_ascii=False
        ).encode()
    except (TypeError, RecursionError) as exc:
        raise TypeError(f"cannot store {_refused(document)} as JSON: {exc}") from exc
    except UnicodeEncodeError as exc:
        raise TypeError(
            f"cannot store {_refused(document)} as UTF-8 text: {exc.object[exc.start]!r} in it is half of a surrogate pair, which alone is no "
            "character. Leave it out, or write it as text, as in value.encode(errors='backslashreplace').decode()"
        ) from exc
    except ValueError as exc:
        if "Circular" in str(exc):
            raise ArgumentError("cannot store attributes that contain themselves as JSON (circular reference)") from exc
        raise


def _refused(document: Mapping[str, Any]) -> str:
    """What of a document its text has no room for: the place of the first value, as far down as it can be told."""
    place = ""
    value: object = document
    for _ in range(MAX_DEPTH):
        children: Any = ()
        if isinstance(value, Mapping):
            children = ((f"{place}[{name!r}]", child) for name, child in value.items() if isinstance(name, str))
        elif isinstance(value, list | tuple):
            children = ((f"{place}[{i}]", child) for i, child in enumerate(value))
        deeper = next((each for each in children if not _has_text(each[1])), None)
        if deeper is None:
            break
        place, value = deeper
    if isinstance(value, Mapping):
        for name in value:
            if isinstance(name, str) and not _has_text(name):
                return f"the key {name!r} of the attribute or member {place}" if place else f"the key {name!r}"
    return f"the attribute or member {place}" if place else "these attributes or metadata"


def _has_text(value: object) -> bool:
    try:
        json.dumps(value, default=_plain, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _refuse_non_finite(document: Mapping[str, Any], *, tolerated: frozenset[str] = frozenset()) -> None:
    """Raise for the first NaN or infinity outside the tolerated members; return if there is none."""
    place = _find_non_finite(document, "", tolerated)
    if place is not None:
        raise MetadataValidationError(
            f'cannot store {place} as JSON: it has no NaN or infinity. Store a string such as "NaN" or leave the entry out.'
        )


def _warn_of_non_finite(attributes: Mapping[str, Any]) -> None:
    place = _find_non_finite(attributes, "", frozenset())
    if place is not None:
        warn(
            f"attribute {place} is stored as Python's JSON writes it, but the JSON standard has no NaN or infinity: readers "
            'in other languages may refuse the whole node. Store a string such as "NaN", or leave the entry out.',
            ZarrUserWarning,
        )


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufUTO" and value.dtype.char != "g":
        return value.tolist()  # of a `longdouble` it would be one again
    shown = repr(value)
    raise TypeError(
        f"Object of type {type(value).__name__} is not JSON serializable: {shown[:80]}. Store text or numbers instead"
    )


def _find_non_finite(value: object, place: str, tolerated: frozenset[str]) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} = {value}"
    if isinstance(value, np.generic | np.ndarray):
        return _find_non_finite(value.tolist(), place, tolerated)
    children: Any = ()
    if isinstance(value, Mapping):
        kept = (key for key in value if str(key).rpartition("/")[2] not in tolerated)
        children = ((f"{place}[{key!r}]", value[key]) for key in kept)
    elif isinstance(value, list | tuple):
        children = ((f"{place}[{i}]", child) for i, child in enumerate(value))
    for name, child in children:
        if (found := _find_non_finite(child, name, tolerated)) is not None:
            return found
    return None
