"""JSON text with indentation, for documents of plain values.

Before Python 3.13, its encoder is in C only without indentation. Here what is not nested is put together many values at a time: the
numbers and texts of a list, or of an object's members, with hardly a call of Python's for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from io import BytesIO
from itertools import islice
from json.encoder import encode_basestring, encode_basestring_ascii
from math import isfinite
from operator import call
from types import NoneType
from typing import Any

import numpy as np

from zarr._support.plain import ATOMS, NUMBERS, NotPlainError, are_names, check_finite

_FEW = 16
"""So many values are put one by one: each may be a long text, which would be copied when several are joined."""
_PIECE = 2**15
"""So many characters of a text are put at once."""
_BATCH = 4096
"""So many values are put together at once: the texts of millions would take fresh memory, which costs more than to fill it."""
_LONG = 100_000
_SEVERAL = 100


class _Parts(list[str]):
    """Texts that follow one another. Long ones are encoded as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._encoded = BytesIO()

    def encode(self) -> None:
        """Keep what is here as bytes."""
        self._encoded.write("".join(self).encode())
        self.clear()

    def append_encoded(self, text: bytes) -> None:
        """Put what is encoded already."""
        self.encode()
        self._encoded.write(text)

    def joined(self) -> bytes:
        """All of it."""
        if not self._encoded.tell():
            return "".join(self).encode()
        self.encode()
        return self._encoded.getvalue()


def indented(document: Mapping[str, Any], indent: int, most_depth: int) -> bytes | None:
    """What `json.dumps` makes of a document, as UTF-8; None if it holds anything but plain values, or is nested too deep.

    The whole text is never in memory, nor a second copy of its bytes.

    Parameters
    ----------
    document
        What is written.
    indent
        Spaces for each level.
    most_depth
        How deep it may be nested.

    Examples
    --------
    >>> print(indented({"a": [1, True], "b": {}}, 1, 2).decode())
    {
     "a": [
      1,
      true
     ],
     "b": {}
    }
    """
    parts = _Parts()
    try:
        _put(document, "\n", " " * indent, most_depth, parts)
    except NotPlainError:
        return None
    return parts.joined()


def has_long_text(document: Mapping[str, Any]) -> bool:
    """Whether a text is among the members of a document, or of what is in them, that takes longer than all calls of Python's.

    Looked for where there are few members: of many, the texts are short, or the others take as long.

    Examples
    --------
    >>> has_long_text({"attributes": {"a": "b" * 100_000}}), has_long_text({"a": "b"})
    (True, False)
    """
    return any(
        len(member) >= _LONG if type(member) is str else type(member) is dict and has_long_text(member)
        for member in (document.values() if len(document) <= _SEVERAL else ())
    )


def _put(value: Any, newline: str, step: str, depth: int, parts: _Parts) -> None:
    """Put the text of a value. `newline` ends with the indentation of the line that it is in."""
    kind = type(value)
    if kind is str and len(value) > _PIECE:
        _put_long(value, parts)
    elif (text := _TEXT_OF_ONE.get(kind)) is not None:
        parts.append(text(value))
    elif (put_nested := _NESTED.get(kind)) is not None and depth:
        put_nested(value, newline, step, depth, parts)
    else:
        raise NotPlainError


def _put_members(members: dict[Any, Any], newline: str, step: str, depth: int, parts: _Parts) -> None:
    if not members:
        parts.append("{}")
        return
    if len(members) > _FEW:
        _put_many_members(members, newline, step, depth, parts)
        return
    inner = newline + step
    before, between = "{" + inner, "," + inner
    for name, value in members.items():
        if type(name) is not str:
            raise NotPlainError
        parts.append(f"{before}{encode_basestring(name)}: ")
        before = between
        kind = type(value)
        if (text := _TEXT_OF_ONE.get(kind)) is None or (kind is str and len(value) > _PIECE):
            _put(value, inner, step, depth - 1, parts)
        else:  # without a call, as most documents are small and made of these
            parts.append(text(value))
    parts.append(newline + "}")


def _put_many_members(members: dict[Any, Any], newline: str, step: str, depth: int, parts: _Parts) -> None:
    if not are_names(members):
        raise NotPlainError
    inner = newline + step
    before, between = "{" + inner, "," + inner
    names = iter(members)
    for batch in _batches(members.values()):
        written = map(encode_basestring, islice(names, len(batch)))
        if (texts := _texts(batch)) is not None:
            parts.append(before + between.join(map(": ".join, zip(written, texts, strict=True))))
            parts.encode()
            before = between
        else:
            for name, value in zip(written, batch, strict=True):
                parts.append(f"{before}{name}: ")
                before = between
                _put(value, inner, step, depth - 1, parts)
    parts.append(newline + "}")


def _put_entries(entries: Collection[Any], newline: str, step: str, depth: int, parts: _Parts) -> None:
    if not entries:
        parts.append("[]")
        return
    inner = newline + step
    before, between = "[" + inner, "," + inner
    for batch in _batches(entries):
        if (texts := _texts(batch)) is not None:
            parts.append(before + between.join(texts))
            parts.encode()
            before = between
        else:
            for value in batch:
                parts.append(before)
                before = between
                _put(value, inner, step, depth - 1, parts)
    parts.append(newline + "]")


_NESTED: dict[type, Callable[[Any, str, str, int, _Parts], None]] = {
    dict: _put_members,
    list: _put_entries,
    tuple: _put_entries,
}


def _batches(values: Collection[Any]) -> Iterable[Collection[Any]]:
    if len(values) <= _BATCH:
        return (values,)
    rest = iter(values)
    return iter(lambda: list(islice(rest, _BATCH)), [])


def _texts(values: Collection[Any]) -> Iterable[str] | None:
    """The texts of several values of which none is nested; None if there are few, or anything else is among them."""
    if len(values) <= _FEW:
        return None
    kinds = set(map(type, values))
    if not ATOMS.issuperset(kinds):
        return None
    check_finite(values, kinds)
    if NUMBERS.issuperset(kinds):
        return map(repr, values)
    if len(kinds) == 1:
        return map(_TEXT[kinds.pop()], values)
    return list(map(call, map(_TEXT.__getitem__, map(type, values)), values))


def _put_long(text: str, parts: _Parts) -> None:
    """Put the text of a long text in pieces."""
    parts.append('"')
    for start in range(0, len(text), _PIECE):
        parts.append_encoded(_escaped(text[start : start + _PIECE]))
    parts.append('"')


def _escaped(text: str) -> bytes:
    """What stands for a text between quotes. Where little of it has to be escaped, that is looked for, and the rest copied."""
    raw = text.encode()
    codes = np.frombuffer(raw, np.uint8)
    found = [int(np.count_nonzero(codes == code)) for code in _ESCAPES]
    n_controls = int(np.count_nonzero(codes < _FIRST_NO_CONTROL))
    if n_controls > sum(found[_N_PRINTED:]) or sum(found) * _FAR_APART > len(raw):
        is_same = len(raw) == len(text) and "\x7f" not in text
        return (encode_basestring_ascii if is_same else encode_basestring)(text)[1:-1].encode()  # the faster one
    for n, (code, escape) in zip(found, _ESCAPES.items(), strict=True):
        if n:
            raw = raw.replace(bytes((code,)), escape)
    return raw


_ESCAPES = {ord("\\"): b"\\\\", ord('"'): b'\\"', ord("\n"): b"\\n", ord("\t"): b"\\t", ord("\r"): b"\\r"}
"""In this order, as others make backslashes."""
_N_PRINTED = 2
_FIRST_NO_CONTROL = 32
_FAR_APART = 8


def _finite(number: float) -> str:
    if not isfinite(number):
        raise NotPlainError
    return repr(number)


_WORDS = {None: "null", False: "false", True: "true"}
_TEXT: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: repr,
    float: repr,
    bool: _WORDS.__getitem__,
    NoneType: _WORDS.__getitem__,
}
"""For many values at once, of which somebody has seen that they are finite."""
_TEXT_OF_ONE: dict[type, Callable[[Any], str]] = {**_TEXT, float: _finite}
