"""Changing the shape of an array: resize and append.

Both hold the node from reading its shape to publishing the new one, and read the node's own document first: a handle
that is out of date, or consolidated metadata, is never believed. The shape is what reveals data, so data are written
before a larger shape is published, and a smaller shape is published before data are cut off. What lies beyond the
bounds of an array may be anything (another program may have left it there); a resize therefore clears what it is
about to reveal, and what it cut off. An append reveals only what it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty
from zarr._flow.load import load_array
from zarr._flow.objects import write
from zarr._flow.paths import join
from zarr._flow.requests import Flow, Keys, Remove, TakeHold
from zarr._flow.update import publish_shape
from zarr._grid.chunk_keys import parse_chunk_key
from zarr._selection.model import GridSelection, SliceAxis

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.group import ArrayMetadata
    from zarr._metadata.spec import ArraySpec
    from zarr._store.versioned import Hold

PROBE_LIMIT = 256
"""Up to this many chunks are deleted one by one without looking which of them exist."""


def resize(node: ArrayNode, shape: tuple[int, ...], *, clear: bool = True) -> Flow[None]:
    """Change the shape. What a larger array reveals reads as the fill value; what a smaller one cuts off is deleted.

    With `clear=False` chunks outside a smaller shape are left in the store.
    """
    at = node.store_path
    with (yield TakeHold(at.store, at.path)) as hold:
        metadata = yield from load_array(at, node.metadata.zarr_format)
        _check_rank(metadata, shape)
        before, after = node.view_of(metadata).spec, node.view_of(metadata.with_shape(shape)).spec
        yield from _clear_chunks(node, kept=before, among=after, hold=hold)
        yield from _clear_edges(node, metadata.with_shape(shape), before.shape, shape, hold)
        node.publish(metadata)
        yield from publish_shape(node, metadata, shape, hold=hold)
        if clear:
            yield from _clear_edges(node, metadata, shape, before.shape, hold)
            yield from _clear_chunks(node, kept=after, among=before, hold=hold)


def append(node: ArrayNode, data: npt.NDArray[Any], axis: int) -> Flow[tuple[int, ...]]:
    """Write `data` behind the end of `axis`, wherever that is when the node's hold is taken; returns the new shape."""
    at = node.store_path
    with (yield TakeHold(at.store, at.path)) as hold:
        metadata = yield from load_array(at, node.metadata.zarr_format)
        old = metadata.shape
        _check_appendable(old, data.shape, axis)
        new = (*old[:axis], old[axis] + data.shape[axis], *old[axis + 1 :])
        node.publish(metadata)
        if new != old:
            selection = GridSelection(
                tuple(SliceAxis(old[i] if i == axis else 0, 1, n) for i, n in enumerate(data.shape))
            )
            view = node.view_of(metadata.with_shape(new))
            yield from write(node, view, selection, data, hold=hold)
            yield from publish_shape(node, metadata, new, view=view, hold=hold)
        return new


def _check_rank(metadata: ArrayMetadata, shape: tuple[int, ...]) -> None:
    if len(shape) != len(metadata.shape):
        raise ValueError(
            f"cannot resize an array of {len(metadata.shape)} dimensions to shape {shape}, which has {len(shape)}; "
            "give one length per dimension"
        )


def _check_appendable(shape: tuple[int, ...], data_shape: tuple[int, ...], axis: int) -> None:
    others = [n for i, n in enumerate(shape) if i != axis]
    data_others = [n for i, n in enumerate(data_shape) if i != axis]
    if len(shape) != len(data_shape) or others != data_others:
        raise ValueError(
            f"shape of data to append is not compatible with the array: data {data_shape}, array {shape}; all "
            f"dimensions must match except for the dimension being appended (axis {axis})"
        )


def _clear_edges(
    node: ArrayNode, metadata: ArrayMetadata, inner: tuple[int, ...], outer: tuple[int, ...], hold: Hold
) -> Flow[None]:
    """Fill what lies beyond `inner` and inside `outer`, in chunks that `inner` also reaches into."""
    view = node.view_of(metadata)
    for axis, (n_in, n_out) in enumerate(zip(inner, outer, strict=True)):
        end = min(n_out, _next_boundary(view.spec, axis, n_in))
        if end <= n_in:
            continue
        selection = GridSelection(
            tuple(
                SliceAxis(n_in, 1, end - n_in) if i == axis else SliceAxis(0, 1, _reach(view.spec, i, inner, outer))
                for i in range(len(inner))
            )
        )
        yield from _fill(node, view, selection, hold)


def _fill(node: ArrayNode, view: ArrayView, box: GridSelection, hold: Hold) -> Flow[None]:
    """Write the fill value into a box. Of many chunks only those that are stored are touched: the others have it already."""
    spec = view.spec
    fill = empty((), spec.dtype)
    fill[()] = spec.fill_value
    ranges = [(axis.start, axis.start + axis.count) for axis in box.axes if isinstance(axis, SliceAxis)]
    cells = [
        (int(first), int(last))
        for grid, (start, stop) in zip(spec.grid.axes, ranges, strict=True)
        for first, last in [grid.find(np.array([start, stop - 1], np.int64))]
    ]
    boxes = [box]
    if _product(last + 1 - first for first, last in cells) > PROBE_LIMIT:
        boxes = [_inside_chunk(spec, coords, ranges) for coords in (yield from _stored_chunks(node, spec, cells))]
    for part in boxes:
        yield from write(node, view, part, np.broadcast_to(fill, part.shape), hold=hold)


def _inside_chunk(spec: ArraySpec, coords: tuple[int, ...], ranges: list[tuple[int, int]]) -> GridSelection:
    """The part of a box that lies in one stored chunk."""
    axes = []
    for grid, c, (start, stop) in zip(spec.grid.axes, coords, ranges, strict=True):
        begin = max(start, grid.start(c))
        axes.append(SliceAxis(begin, 1, min(stop, grid.start(c) + grid.length(c)) - begin))
    return GridSelection(tuple(axes))


def _stored_chunks(node: ArrayNode, spec: ArraySpec, cells: list[tuple[int, int]]) -> Flow[list[tuple[int, ...]]]:
    """Coordinates of the stored chunks in a box of chunks, given as first and last of each axis."""
    at = node.store_path
    stored: list[str] = yield Keys(at.store, at.path)
    skip = len(join(at.path, ""))
    parsed = (parse_chunk_key(spec.keys, key[skip:], len(cells)) for key in stored)
    return [
        coords
        for coords in parsed
        if coords is not None and all(first <= c <= last for c, (first, last) in zip(coords, cells, strict=True))
    ]


def _reach(spec: ArraySpec, axis: int, inner: tuple[int, ...], outer: tuple[int, ...]) -> int:
    """How far along an axis the chunks reach that both shapes share, inside `outer`."""
    return min(outer[axis], max(inner[axis], _next_boundary(spec, axis, inner[axis])))


def _next_boundary(spec: ArraySpec, axis: int, position: int) -> int:
    """The first chunk boundary at or after a position."""
    if position == 0:
        return 0
    grid = spec.grid.axes[axis]
    chunk = int(grid.find(np.array([position - 1], np.int64))[0])
    return grid.start(chunk) + grid.length(chunk)


def _clear_chunks(node: ArrayNode, *, kept: ArraySpec, among: ArraySpec, hold: Hold) -> Flow[None]:
    """Delete the stored chunks of `among` that `kept` does not have."""
    store = node.store_path.store
    kept_counts, counts = kept.grid.counts(kept.shape), among.grid.counts(among.shape)
    if all(n <= k for n, k in zip(counts, kept_counts, strict=True)) or 0 in counts:
        return
    outside = _outside(kept_counts, counts)
    n_outside = _product(counts) - _product(map(min, kept_counts, counts))
    if n_outside <= PROBE_LIMIT:
        keys = [node.key(among.keys.encode_chunk_key(coords)) for coords in outside]
    else:
        keys = yield from _stored_outside(node, among, kept_counts)
    for key in keys:
        yield Remove(store, key, hold=hold)


def _stored_outside(node: ArrayNode, spec: ArraySpec, counts: tuple[int, ...]) -> Flow[list[str]]:
    """Keys of stored chunks that lie outside a grid of `counts` chunks."""
    at = node.store_path
    stored: list[str] = yield Keys(at.store, at.path)
    skip = len(join(at.path, ""))
    found = []
    for key in stored:
        coords = parse_chunk_key(spec.keys, key[skip:], len(counts))
        if coords is not None and any(c >= n for c, n in zip(coords, counts, strict=True)):
            found.append(key)
    return found


def _outside(kept: tuple[int, ...], counts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Coordinates inside a grid of `counts` chunks and outside one of `kept`."""
    for axis, n in enumerate(counts):
        # Axis by axis, each cell once: axes before this one lie inside `kept`.
        ranges = [range(min(kept[i], m)) for i, m in enumerate(counts[:axis])]
        yield from product(*ranges, range(kept[axis], n), *map(range, counts[axis + 1 :]))


def _product(numbers: Any) -> int:
    result = 1
    for n in numbers:
        result *= int(n)
    return result
