"""Copying elements of an array into another of the same shape, piece by piece (`zarr._plan.rechunk`).

A piece is read in blocks of a few stored objects. Each block is scattered, as soon as it is decoded, into memory that is laid out
as the target will have it, and then every object of the target is encoded and stored, once. What is not stored in the source is
neither read nor written, where it means the same in both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from zarr._buffer.memory import empty, in_dtype
from zarr._buffer.spare import Spare
from zarr._engine.chunks import assignable
from zarr._flow.inventory import stored_in
from zarr._flow.node import ArrayNode
from zarr._flow.objects import read, shared_nbytes, write
from zarr._flow.requests import Compute, Flow, Together
from zarr._flow.transfer import MOST_COPIES, copy_object
from zarr._plan.project import decoded_grid
from zarr._plan.rechunk import blocks, cells_met, nbytes_of, route, within
from zarr._plan.scatter import Scattered
from zarr._selection.model import GridSelection, SliceAxis
from zarr._store.abstract import is_able
from zarr._store.access import answers_at_once, is_foreign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ArraySpec
    from zarr._plan.partition import Partition
    from zarr._plan.rechunk import Route

DEFAULT_NBYTES = 256 * 2**20
"""What a copy takes in memory where nobody says how much it may be."""
UNCOUNTED_NBYTES = 32 * 2**20
"""What is in memory beside a piece, blocks and encoded objects, counts from here on."""
_BLOCK_NBYTES = 2**20
"""What is read at once fits into the processor's cache, until it is scattered; where it is far away, more is under way."""
_SHARD_NBYTES = 16 * 2**20
"""Shards up to this size are read whole."""
UNKNOWN_ITEM_NBYTES = 16
"""What an element of variable length counts."""


def itemsize_of(spec: ArraySpec) -> int:
    """What an element takes in memory, for plans."""
    return spec.dtype.itemsize if spec.dtype.kind not in "OT" else UNKNOWN_ITEM_NBYTES


def room_for(source: ArraySpec, target: ArraySpec, nbytes: int) -> int:
    """What of some memory is there for a piece, when one block and one encoded object have theirs; less than 1 if nothing is."""
    return nbytes - max(0, max(_reading_nbytes(source), _writing_nbytes(target)) - UNCOUNTED_NBYTES)


def least_room(source: ArraySpec, target: ArraySpec) -> int:
    """The size of the smallest piece that there can be: of one object."""
    return max(_size(_unit(source), source.shape), _size(target.grid, target.shape)) * itemsize_of(target)


def _reading_nbytes(spec: ArraySpec) -> int:
    """What is in memory, beside the piece, while a block is read: as it is stored, and decoded."""
    return 2 * max(_BLOCK_NBYTES, _size(_unit(spec), spec.shape) * itemsize_of(spec))


def _writing_nbytes(spec: ArraySpec) -> int:
    """The same while a cell is written: what it is encoded to, and what is made on the way."""
    return 2 * max(_BLOCK_NBYTES, _size(spec.grid, spec.shape) * itemsize_of(spec))


def _size(grid: ChunkGrid, shape: tuple[int, ...]) -> int:
    """Elements in the largest object."""
    return math.prod(max(1, min(pair)) for pair in zip(grid.largest(shape), shape, strict=True))


def _unit(spec: ArraySpec) -> ChunkGrid:
    """The grid by which an array is read: of stored objects, or of inner chunks where shards are large."""
    is_small = _size(spec.grid, spec.shape) * itemsize_of(spec) <= _SHARD_NBYTES
    return spec.grid if is_small else decoded_grid(spec)


def route_between(source: ArraySpec, target: ArraySpec, room: int, *, may_be_temporary: bool) -> Route:
    """The plan of a copy."""
    return route(target.shape, _unit(source), target.grid, itemsize_of(target), room, may_be_temporary=may_be_temporary)


def uncached(node: ArrayNode) -> ArrayNode:
    """An array that is read once: decoded chunks are not kept for others."""
    if not node.config.chunk_cache:
        return node
    return ArrayNode(node.metadata, node.store_path, replace(node.config, chunk_cache=False), engine=node.engine)


# -- pieces -----------------------------------------------------------------------------------------------------


def copy_pieces(source: ArrayNode, target: ArrayNode, pieces: Partition) -> Flow[None]:
    """Copy an array, one piece after the other."""
    source, kept = uncached(source), Kept()
    for number in range(pieces.n_pieces):
        yield from copy_region(source, target, pieces.region(number), kept)


@dataclass(frozen=True, slots=True)
class Kept:
    """Memory that one piece leaves to the next.

    Attributes
    ----------
    piece, block
        What was that of a piece, and what blocks were read into.
    """

    piece: Spare = field(default_factory=Spare)
    block: Spare = field(default_factory=Spare)


def copy_region(source: ArrayNode, target: ArrayNode, region: Sequence[slice], kept: Kept) -> Flow[None]:
    """Copy the elements of a region, which begins and ends where objects of the target do.

    Parameters
    ----------
    source, target
        Two arrays of one shape. What is stored in the region of the target is replaced.
    region
        One slice per axis.
    kept
        Memory of earlier pieces.
    """
    view, its_view = source.view, target.view
    spec, its_spec = view.spec, its_view.spec
    if nbytes_of(region, 1) == 0:
        return
    itemsize = itemsize_of(spec)
    # What is missing is told apart chunk by chunk where chunks of nothing are stored.
    together = 1 if its_spec.config.write_empty_chunks else _BLOCK_NBYTES
    parts = blocks(_unit(spec), spec.shape, region, itemsize, together)
    wanted = [within(parts.region(number), region) for number in range(parts.n_pieces)]
    present = yield from _present(source, wanted)
    memory = Scattered(blocks(its_spec.grid, its_spec.shape, region, itemsize, together), spec.dtype, kept.piece)
    try:
        yield from _copied(source, target, memory, wanted, present, kept)
    finally:
        memory.release()


def _copied(
    source: ArrayNode,
    target: ArrayNode,
    memory: Scattered,
    wanted: Sequence[tuple[slice, ...]],
    present: Sequence[tuple[slice, ...]],
    kept: Kept,
) -> Flow[None]:
    """Read those of the wanted blocks in which something is stored, and write the cells."""
    view, its_view = source.view, target.view
    spec, its_spec = view.spec, its_view.spec
    cells = list(memory.cells())
    if len(present) < len(wanted):
        yield Compute(memory.fill, (assignable(spec.fill_value, spec.dtype),))
        if _is_same_fill(spec, its_spec):
            cells = [(place, cell) for place, cell in cells if _meets_any(place, present)]
    reading = [_read_block(source, part, memory, kept.block) for part in present]
    yield from _few_at_once(reading, _reading_nbytes(spec), shared_nbytes(source, view))
    writing = [_write_cell(target, place, cell) for place, cell in cells]
    yield from _few_at_once(writing, _writing_nbytes(its_spec), shared_nbytes(target, its_view))


def _few_at_once(flows: Sequence[Flow[None]], nbytes: int, shared: int) -> Flow[None]:
    """Flows that take so many bytes each, as many of them together as there is memory for; `shared` as of `Together`."""
    waiting, most = iter(flows), max(1, UNCOUNTED_NBYTES // nbytes)
    yield Together((_one_by_one(waiting) for _ in range(min(most, len(flows)))), most, shared)


def _one_by_one(waiting: Iterator[Flow[None]]) -> Flow[None]:
    for flow in waiting:
        yield from flow


def _read_block(source: ArrayNode, region: Sequence[slice], memory: Scattered, spare: Spare) -> Flow[None]:
    selection = _selected(region)
    lent = spare.take([selection.shape], source.view.spec.dtype)
    (elements,) = lent.arrays
    yield from read(source, source.view, selection, elements)
    yield Compute(memory.put, ([part.start for part in region], elements))
    lent.release()


def _write_cell(target: ArrayNode, region: Sequence[slice], elements: Any) -> Flow[None]:
    view = target.view
    yield from write(target, view, _selected(region), in_dtype(elements, view.spec.dtype))


def _selected(region: Sequence[slice]) -> GridSelection:
    return GridSelection(tuple(SliceAxis(part.start, 1, part.stop - part.start) for part in region))


# -- what is not stored -----------------------------------------------------------------------------------------


def _present(source: ArrayNode, wanted: Sequence[tuple[slice, ...]]) -> Flow[Sequence[tuple[slice, ...]]]:
    """Those of some regions in which something is stored; all of them where it costs too much to find that out."""
    spec, store = source.view.spec, source.store_path.store
    if (
        len(wanted) < 2
        or not is_able(store.supports_listing)
        or is_foreign(store)
        or not spec.config.read_missing_chunks
    ):
        return wanted
    boxes = [cells_met(spec.grid, region) for region in wanted]
    whole = tuple(
        range(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes)) for axis in range(spec.ndim)
    )
    if not answers_at_once(store) and math.prod(map(len, whole)) < 2 * len(wanted):  # one request each, as to read it
        return wanted
    found = set((yield from stored_in(source, spec, [whole])))
    if len(found) == math.prod(map(len, whole)):
        return wanted
    return [region for region, box in zip(wanted, boxes, strict=True) if _has_any(box, found)]


def _has_any(box: Sequence[range], found: set[tuple[int, ...]]) -> bool:
    if math.prod(map(len, box)) > len(found):
        return any(all(map(range.__contains__, box, coords)) for coords in found)
    return any(coords in found for coords in product(*box))


def _is_same_fill(spec: ArraySpec, other: ArraySpec) -> bool:
    """Whether an object that is not stored reads the same in both arrays."""
    return spec.dtype == other.dtype and _as_stored(spec) == _as_stored(other)


def _as_stored(spec: ArraySpec) -> object:
    value = assignable(spec.fill_value, spec.dtype)
    element = empty((), spec.dtype)
    element[...] = value
    return element.item() if spec.dtype.kind in "OT" else element.tobytes()


def _meets_any(place: Sequence[slice], regions: Sequence[Sequence[slice]]) -> bool:
    return any(
        all(a.start < b.stop and b.start < a.stop for a, b in zip(place, region, strict=True)) for region in regions
    )


# -- objects as they are ----------------------------------------------------------------------------------------


def are_objects_equal(source: ArrayNode, target: ArrayNode) -> bool:
    """Whether the stored objects of two arrays mean the same, so that bytes can be moved as they are."""
    mine, its = (_meaning(node) for node in (source, target))
    return mine == its


_ABOUT_ELEMENTS = (
    "zarr_format",
    "shape",
    "data_type",
    "dtype",
    "chunk_grid",
    "chunks",
    "codecs",
    "compressor",
    "filters",
    "order",
)


def _meaning(node: ArrayNode) -> dict[str, Any]:
    stored = node.metadata.to_dict()
    said: dict[str, Any] = {name: stored.get(name) for name in (*_ABOUT_ELEMENTS, "fill_value", "storage_transformers")}
    said["fill_value"] = repr(said["fill_value"])
    return said


def move_objects(source: ArrayNode, target: ArrayNode, pieces: Partition, number: int) -> Flow[None]:
    """Copy the stored objects of a piece as they are."""
    box = pieces.box(number)
    stored = yield from stored_in(source, source.view.spec, [box])
    nbytes = _size(pieces.grid, pieces.shape) * itemsize_of(source.view.spec)
    yield Together((_move(source, target, coords, nbytes) for coords in stored), MOST_COPIES)


def _move(source: ArrayNode, target: ArrayNode, coords: tuple[int, ...], nbytes: int) -> Flow[int]:
    key = source.key(source.view.spec.keys.encode_chunk_key(coords))
    new_key = target.key(target.view.spec.keys.encode_chunk_key(coords))
    return copy_object(source.store_path.store, key, target.store_path.store, new_key, nbytes)
