"""What somebody gave for a node that is made, where one was there and is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from zarr._calls.legacy import WITHOUT_EFFECT, warn_without_effect
from zarr._dtype import parse_data_type
from zarr._grid.chunk_shapes import normalize_chunks
from zarr._grid.shapes import parse_shape
from zarr._metadata.group import ArrayMetadata
from zarr._support.json import as_stored
from zarr._support.warn import warn
from zarr.errors import ZarrUserWarning

if TYPE_CHECKING:
    from zarr._metadata.group import NodeMetadata
    from zarr._store.path import StorePath


def warn_of_unused(existing: NodeMetadata, at: StorePath, given: Mapping[str, Any]) -> None:
    """Name what was given for a new node and is otherwise in the one that is opened. What agrees is nothing to tell."""
    if not given:
        return
    warn_without_effect({name: value for name, value in given.items() if name in WITHOUT_EFFECT})
    says = _OF_ARRAY if isinstance(existing, ArrayMetadata) else _OF_GROUP
    unused = [
        name
        for name, agrees in says.items()
        if given.get(name) is not None and not _agrees(agrees, existing, given[name])
    ]
    if unused:
        kind = "array" if isinstance(existing, ArrayMetadata) else "group"
        warn(
            f"the {kind} {at} is there already and is opened as it is: {', '.join(unused)} had no effect. Mode 'w' makes a new one in "
            "its place.",
            ZarrUserWarning,
        )


def _agrees(agrees: Callable[[Any, Any], bool], existing: NodeMetadata, value: Any) -> bool:
    try:
        return agrees(existing, value)
    except (TypeError, ValueError, NotImplementedError):  # nothing that a node can have
        return False


def _same_dtype(existing: ArrayMetadata, dtype: Any) -> bool:
    wanted = parse_data_type(dtype, zarr_format=existing.zarr_format)
    return bool(wanted.to_native_dtype() == existing.dtype.to_native_dtype())


def _same_chunks(existing: ArrayMetadata, chunks: Any) -> bool:
    return isinstance(chunks, str) or normalize_chunks(chunks, existing.shape) == existing.as_chunks


def _has_attributes(existing: NodeMetadata, attributes: Any) -> bool:
    return as_stored(attributes).items() <= dict(existing.attributes).items()


_OF_GROUP: Mapping[str, Callable[[Any, Any], bool]] = {"attributes": _has_attributes}
_OF_ARRAY: Mapping[str, Callable[[Any, Any], bool]] = {
    "data": lambda *_: False,
    "shape": lambda existing, shape: parse_shape(shape) == existing.shape,
    "dtype": _same_dtype,
    "chunks": _same_chunks,
    **_OF_GROUP,
}
