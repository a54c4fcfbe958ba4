"""JSON as the Zarr documents need it: strict where it is written, bounded where it is read.

Bytes from outside are hostile (design: size and depth limits), and the bare tokens `NaN` and `Infinity`, which other
writers leave in attributes, are accepted on read and never written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from zarr.errors import MetadataValidationError

JSON: TypeAlias = "str | int | float | bool | Mapping[str, JSON] | list[JSON] | tuple[JSON, ...] | None"

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
    if len(raw) > MAX_NBYTES:
        raise MetadataValidationError(
            f"metadata document {where!r} has {len(raw)} bytes, more than the limit of {MAX_NBYTES}"
        )
    _check_depth(raw, where)
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise MetadataValidationError(f"metadata document {where!r} is not valid JSON: {exc}") from exc
    if not isinstance(parsed, dict):
        raise MetadataValidationError(
            f"metadata document {where!r} holds a JSON {type(parsed).__name__}, expected an object"
        )
    return parsed


def _check_depth(raw: bytes, where: str) -> None:
    """Refuse deep nesting before the recursive parser meets it (brackets inside strings count too: harmless here)."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MetadataValidationError(
                    f"metadata document {where!r} is nested more than {MAX_DEPTH} levels deep"
                )
        elif byte in b"]}":
            depth -= 1


def dump(document: Mapping[str, Any], indent: int | None) -> bytes:
    """Write a document as strict UTF-8 JSON.

    NumPy scalars and arrays become numbers and lists. A NaN or an infinity, which JSON cannot say, raises
    `MetadataValidationError` naming the place.

    >>> dump({"a": 1}, None)
    b'{"a":1}'
    """
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(
            document, indent=indent, separators=separators, allow_nan=False, default=_plain, ensure_ascii=False
        )
    except ValueError as exc:
        place = _find_non_finite(document, "")
        raise MetadataValidationError(
            f"cannot store {place or 'a value'} as JSON: {exc}. "
            'JSON has no NaN or infinity; store a string such as "NaN" or leave the entry out.'
        ) from exc
    except TypeError as exc:
        raise TypeError(f"cannot store these attributes or metadata as JSON: {exc}") from exc
    return text.encode()


def as_stored(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of attributes as they read back from a document: lists for tuples, plain numbers for NumPy's.

    Raises like `dump`, so what cannot be stored is found before anything is changed.

    >>> as_stored({"a": (1, np.float32(2))})
    {'a': [1, 2.0]}
    """
    stored: dict[str, Any] = json.loads(dump(dict(attributes or {}), None))
    return stored


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _find_non_finite(value: object, place: str) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} = {value}"
    if isinstance(value, np.generic | np.ndarray):
        return _find_non_finite(value.tolist(), place)
    children: Any = ()
    if isinstance(value, Mapping):
        children = ((f"{place}[{key!r}]", child) for key, child in value.items())
    elif isinstance(value, list | tuple):
        children = ((f"{place}[{i}]", child) for i, child in enumerate(value))
    for name, child in children:
        if (found := _find_non_finite(child, name)) is not None:
            return found
    return None
