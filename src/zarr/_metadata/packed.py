"""Array metadata as few bytes, for what is sent to other processes: the compressed document, where that says everything everywhere.

That is so if all of it is of classes that any process finds by their names: this package's, and those of numcodecs. A codec or a data type
that somebody registered in one process another one may not know, so such metadata are sent as the objects that they are.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.parse import parse_v3
from zarr._metadata.parsed_before import read_array_v2
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import n_given

if TYPE_CHECKING:
    from zarr._metadata.group import ArrayMetadata

_WHERE = "document of a pickled array"
_EVERYWHERE = frozenset({"builtins", "ml_dtypes", "numcodecs", "numpy", "zarr"})
_PLAIN = (str, int, float, complex, bytes, type(None))


def pack(metadata: ArrayMetadata) -> bytes | None:
    """The packed form of metadata; None if there is none that means the same in every process."""
    if not all(map(_is_everywhere, _parts(metadata))):
        return None
    try:
        raw = _raw(metadata)
        n_warnings = n_given()
        parsed = _parse(raw)
        # Not `==` of both, which composes the documents anew, and warns of what it has no name for that all know.
        parts, others = _parts(metadata), _parts(parsed)
        is_same = parts[1:] == others[1:] and _whole(parts[1]) == _whole(others[1]) and _raw(parsed) == raw
        same = is_same and n_given() == n_warnings
    except Exception as exc:  # of what users put in there, which is sent as it is then
        if came_from_a_signal(exc):
            raise
        return None
    return zlib.compress(raw, 9) if same else None


def _whole(data_type: Any) -> list[Any]:
    """All that makes a data type, also what does not count where two are compared, as by which of its names it was asked for."""
    return [getattr(data_type, field.name) for field in fields(data_type)] if is_dataclass(data_type) else [data_type]


def _raw(metadata: ArrayMetadata) -> bytes:
    return json.dumps(metadata.stored_members(), separators=(",", ":")).encode()


def unpack(packed: bytes) -> ArrayMetadata:
    """The metadata that were packed."""
    return _parse(zlib.decompress(packed))


def _parse(raw: bytes) -> ArrayMetadata:
    members: dict[str, Any] = json.loads(raw)
    if members["zarr_format"] != 2:
        parsed: Any = parse_v3(raw, _WHERE)
        return parsed  # type: ignore[no-any-return]  # an array, as one was packed
    attributes = members.pop("attributes")
    return read_array_v2(members, attributes, _WHERE)


def _parts(metadata: ArrayMetadata) -> list[Any]:
    """What is made of a document by name."""
    if isinstance(metadata, ArrayV2Metadata):
        return [metadata, metadata.dtype, metadata.compressor, metadata.filters]
    return [metadata, metadata.data_type, metadata.chunk_grid, metadata.chunk_key_encoding, metadata.codecs]


def _is_everywhere(value: Any) -> bool:
    """Whether a value, and all that is in it, is of classes that every process has."""
    cls = type(value)
    if cls in _PLAIN:
        return True
    if cls.__module__.partition(".")[0] not in _EVERYWHERE:
        return False
    if isinstance(value, tuple | list):
        return all(map(_is_everywhere, value))
    if isinstance(value, Mapping):
        return all(map(_is_everywhere, value.values()))
    if is_dataclass(value) and not cls.__module__.startswith("zarr._metadata"):
        return all(_is_everywhere(getattr(value, field.name)) for field in fields(value))
    return True
