"""Arrays made after another: `from_array` and the functions that end in `_like`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._calls.arrays import (
    ARRAY_DEFAULTS,
    DEFAULT_FILL_VALUE,
    ArrayParts,
    PlannedArray,
    create_array,
    format_of,
    plan_array,
)
from zarr._calls.keywords import FromArrayOptions, check_known
from zarr._flow.apart import check_survives
from zarr._flow.filling import whole_or_gone
from zarr._flow.node import ArrayNode, array_node_of
from zarr._flow.rechunking import DEFAULT_NBYTES, copy_pieces, room_for, route_between
from zarr._flow.requests import Flow
from zarr._metadata.formats import FORMATS, layout_of
from zarr._selection import GridSelection, SliceAxis
from zarr._support.truth import truth

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._flow.filling import NewNodes
    from zarr._metadata.array_v2 import ArrayV2Metadata
    from zarr._metadata.array_v3 import ArrayV3Metadata
    from zarr._metadata.group import ArrayMetadata
    from zarr._metadata.spec import ArraySpec
    from zarr._store.path import StorePath

KEEP = "keep"


def like(a: Any, zarr_format: int | None, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords for an array like `a`: its shape and dtype, and its chunks, shards and codecs if it has any.

    Keywords that are given win, and what does not go with them is left out.
    """
    made: dict[str, Any] = {}
    if not hasattr(a, "shape"):
        a = np.asarray(a)
    made["shape"] = a.shape
    if hasattr(a, "dtype"):
        made["dtype"] = a.dtype
    if (node := array_node_of(a)) is not None:
        metadata = node.metadata
        made |= {"dtype": metadata.dtype, "chunks": metadata.as_chunks, "zarr_format": metadata.zarr_format}
    if zarr_format is not None:
        made["zarr_format"] = zarr_format
    if node is not None and made["zarr_format"] == node.metadata.zarr_format:
        made |= _LAID_OUT[node.metadata.zarr_format](node.metadata, kwargs)
    return {**made, **kwargs}


# Keywords of `zarr.create` for the same shards and codecs, as far as those given leave them open: by format.

_CHUNKS = {"chunks", "chunk_shape", "shards"}
_CODECS = {"codecs", "compressor", "compressors", "filters", "serializer"}


def _laid_out_v2(metadata: ArrayV2Metadata, given: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"order": metadata.order}
    if given.keys() & _CODECS:
        return made
    made["compressor"] = metadata.compressor
    if "dtype" not in given:  # filters are made for one data type
        made["filters"] = metadata.filters
    return made


def _laid_out_v3(metadata: ArrayV3Metadata, given: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if not given.keys() & _CHUNKS:
        made["shards"] = layout_of(metadata).arguments_of(metadata)["shards"]
    if given.keys() & _CODECS:
        return made
    if "dtype" in given:
        return {**made, "compressors": metadata.compressors}
    return {**made, "codecs": metadata.inner_codecs}


_LAID_OUT: Mapping[int, Callable[[Any, Mapping[str, Any]], dict[str, Any]]] = {2: _laid_out_v2, 3: _laid_out_v3}


def like_filled(a: Any, zarr_format: int | None, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """As `like`, with the fill value of `a` where no other is given."""
    made = like(a, zarr_format, kwargs)
    if (node := array_node_of(a)) is not None and "dtype" not in kwargs:
        made.setdefault("fill_value", node.metadata.fill_value)
    return made


def as_member(value: Any, keyword: str | None = None) -> dict[str, Any]:
    """Keywords that store an array in memory in place of what is there.

    Parameters
    ----------
    value
        The array.
    keyword
        By which it was given, if a keyword is the name of a member.

    Raises
    ------
    TypeError
        If the value is no array.
    """
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise TypeError(
            f"arr argument must be numpy or other NDArrayLike array, got {type(value).__name__}; "
            f"numpy.asarray makes one of lists and numbers{_of_keyword(keyword)}"
        )
    return {"data": value, "overwrite": True}


def _of_keyword(keyword: str | None) -> str:
    if keyword is None:
        return ""
    return f". {keyword}= names an array here; keywords for storing are taken by zarr.save_array(store, array, {keyword}=...)"


_NOT_SAID: Mapping[str, object] = {
    **dict.fromkeys(("chunks", "shards", "filters", "compressors", "serializer"), KEEP),
    **dict.fromkeys(("order", "zarr_format", "attributes", "chunk_key_encoding", "dimension_names"), None),
    "fill_value": DEFAULT_FILL_VALUE,
}
"""What stands for "as in the array that is copied": the same as to leave the keyword out."""

FROM_ARRAY_DEFAULTS: Mapping[str, Any] = {**ARRAY_DEFAULTS, **_NOT_SAID}


def from_array(
    at: StorePath, *, data: Any, write_data: bool = True, **options: Unpack[FromArrayOptions]
) -> Flow[ArrayParts]:
    """Create an array with the contents, and where nothing else is said the settings, of another; see `zarr.from_array`."""
    check_known("from_array", options, FromArrayOptions)
    write_data = truth("write_data", write_data)
    given = given_of(options)
    if (source := array_node_of(data)) is None:
        found = np.asarray(data) if data is None else data  # None would say that there are none
        return create_array(at, data=found, write_data=write_data, **given)
    return _from_node(at, source, given, write_data)


def given_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those keywords of `from_array` that say something else than to leave them out."""
    return {name: value for name, value in options.items() if not _is_unsaid(name, value)}


def _is_unsaid(name: str, value: object) -> bool:
    unsaid = _NOT_SAID.get(name, _NOT_SAID)
    return value is unsaid or (isinstance(value, str) and isinstance(unsaid, str) and value == unsaid)


def plan_after(at: StorePath, source: ArrayNode, given: Mapping[str, Any]) -> PlannedArray:
    """A new array with the settings of another where `given` says nothing else, which `create_planned` creates."""
    keywords = _after(source.metadata, given)
    return plan_array(at, **{**keywords, "zarr_format": format_of(keywords["zarr_format"])})


def _after(metadata: ArrayMetadata, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords for an array with the shape and the settings of another."""
    new_format = given.get("zarr_format", metadata.zarr_format)
    kept = {"zarr_format": new_format, "fill_value": metadata.fill_value, **kept_by(metadata, new_format)}
    return {"shape": metadata.shape, "dtype": metadata.dtype, **kept, **given}


def _from_node(at: StorePath, source: ArrayNode, given: Mapping[str, Any], write_data: bool) -> Flow[ArrayParts]:
    if write_data and truth("overwrite", given.get("overwrite", False)):
        yield from check_survives(source.store_path, at)
    made: NewNodes = []
    parts = yield from create_array(at, made=made, **_after(source.metadata, given))
    if write_data:
        yield from whole_or_gone(made, copy_elements(source, ArrayNode(*parts)))
    return parts


def kept_by(metadata: ArrayMetadata, zarr_format: int) -> dict[str, Any]:
    """What a new array takes over from one with these metadata, as far as its format has it."""
    own, layout = layout_of(metadata), FORMATS[format_of(zarr_format)]
    if own is layout:
        return own.arguments_of(metadata)
    left_out = {"shards": None, "order": None, "chunk_key_encoding": None}
    anew = dict.fromkeys(("filters", "compressors", "serializer"), "auto")
    return {"chunks": metadata.as_chunks, **left_out, **anew, **layout.named(*own.dimension_names_of(metadata))}


def copy_elements(source: ArrayNode, target: ArrayNode) -> Flow[None]:
    """Copy every element, in pieces of whole stored objects of the target."""
    spec, its_spec = source.view.spec, target.view.spec
    room = max(1, room_for(spec, its_spec, DEFAULT_NBYTES))
    found = route_between(spec, its_spec, room, may_be_temporary=False)
    yield from copy_pieces(source, target, found.write)


MOST_BLOCKS = 4
"""So many blocks are in memory at once, where copying one has to wait for a store."""
_BLOCK_NBYTES = 32 * 2**20
"""A block has no more bytes, unless a single stored object has."""


def blocks(source_chunk: Sequence[int], target: ArraySpec) -> Iterator[GridSelection]:
    """An array, cut into blocks of whole stored objects of the target.

    Parameters
    ----------
    source_chunk
        Shape of what the elements are read from at once, where they come from.
    target
        The array.
    """
    grid, shape = target.grid, target.shape
    counts = grid.counts(shape)
    steps = _block_steps(source_chunk, target)
    for first in product(*(range(0, count, step) for count, step in zip(counts, steps, strict=True))):
        last = tuple(min(i + step, count) - 1 for i, step, count in zip(first, steps, counts, strict=True))
        starts, ends = grid.chunk_start(first), zip(grid.chunk_start(last), grid.chunk_shape(last), strict=True)
        yield GridSelection(
            tuple(
                SliceAxis(start, 1, min(sum(end), length) - start)
                for start, end, length in zip(starts, ends, shape, strict=True)
            )
        )


def _block_steps(source_chunk: Sequence[int], target: ArraySpec) -> list[int]:
    """Objects of the target along each axis of a block.

    As many as lie in one object of the source, so that each of those is decoded once and not for every object of the
    target that it meets; and then more, from the last axis on, so that several threads have something to do.
    """
    counts = target.grid.counts(target.shape)
    lengths = list(map(min, target.grid.largest(target.shape), target.shape))
    steps = [1] * len(counts)

    def grow(axis: int, step: int) -> bool:
        grown = [*steps[:axis], max(1, min(step, counts[axis])), *steps[axis + 1 :]]
        if math.prod(map(mul, grown, lengths)) * target.dtype.itemsize > _BLOCK_NBYTES:
            return False
        steps[:] = grown
        return True

    for axis in reversed(range(len(steps))):
        grow(axis, -(-source_chunk[axis] // max(1, lengths[axis])))
    for axis in reversed(range(len(steps))):
        while steps[axis] < counts[axis] and grow(axis, 2 * steps[axis]):
            pass
    return steps
