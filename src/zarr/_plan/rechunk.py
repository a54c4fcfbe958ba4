"""How an array is copied into other chunks within some memory: in which pieces, and whether by way of a temporary array.

A piece is a box of whole objects of the target, and its elements are in memory together. So each object of the target is written
once, and an object of the source is read once for each piece that it meets. Where that is more than twice, a temporary array
in between costs less: pieces of whole objects of the source go into it, and pieces of whole objects of the target come out. Its
objects are what a piece of the one kind has in common with one of the other, so that everything is read once and written
once on either way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid, RegularAxis, RegularGrid
from zarr._plan.partition import Box, GivenCut, Partition, StepCut

if TYPE_CHECKING:
    from zarr._grid.grid import AxisGrid, ChunkGrid

MOST_READS = 2
"""So often an object of the source may be read before a temporary array is less work: with that, everything is moved twice."""
TEMPORARY_NBYTES = 8 * 2**20
"""Objects of a temporary array have no more: a few of them are in memory beside the piece."""


@dataclass(frozen=True, slots=True)
class Route:
    """In which pieces an array is copied.

    Attributes
    ----------
    write
        The target, in the pieces that are written.
    read
        The temporary array in the pieces in which it is filled from the source; None if there is none.
    most_reads
        How often an object of the source is read at most.
    """

    write: Partition
    read: Partition | None
    most_reads: int

    @property
    def temporary(self) -> ChunkGrid | None:
        """The stored objects of the temporary array."""
        return None if self.read is None else self.read.grid


def route(
    shape: tuple[int, ...],
    source: ChunkGrid,
    target: ChunkGrid,
    itemsize: int,
    room: int,
    *,
    may_be_temporary: bool = True,
) -> Route:
    """Plan a copy.

    Parameters
    ----------
    shape
        Of both arrays.
    source, target
        Their stored objects.
    itemsize
        Bytes of an element in memory.
    room
        A piece has no more bytes, unless one object has.
    may_be_temporary
        Whether there may be a temporary array.

    Examples
    --------
    >>> rows, columns = RegularGrid((1, 1000)), RegularGrid((1000, 1))
    >>> direct = route((1000, 1000), rows, columns, 4, room=2_000_000)
    >>> direct.write.n_pieces, direct.most_reads, direct.read
    (2, 2, None)
    >>> by_way = route((1000, 1000), rows, columns, 4, room=400_000)
    >>> by_way.write.n_pieces, by_way.most_reads, by_way.read.n_pieces, by_way.temporary.shape
    (10, 1, 10, (100, 100))
    """
    write = pieces(shape, target, source, itemsize, room)
    most_reads = reads(write, source)
    if most_reads <= MOST_READS or not may_be_temporary or 0 in shape:
        return Route(write, None, most_reads)
    filling = pieces(shape, source, target, itemsize, room)
    return Route(write, _between(filling, write, itemsize), 1)


def pieces(shape: tuple[int, ...], own: ChunkGrid, other: ChunkGrid, itemsize: int, room: int) -> Partition:
    """An array in boxes of whole objects, each of which cuts as few objects of another grid as can be.

    Parameters
    ----------
    shape
        Of the array.
    own, other
        The grid whose objects are whole, and the one that is to be cut as little as possible.
    itemsize, room
        As of `route`.
    """
    counts = own.counts(shape)
    lengths, wanted = _lengths(own, shape), _lengths(other, shape)
    most = max(1, room // max(1, itemsize))
    steps = [1] * len(shape)

    def grow(axis: int, step: int) -> None:
        others = math.prod(n * k for i, (n, k) in enumerate(zip(lengths, steps, strict=True)) if i != axis)
        steps[axis] = max(steps[axis], min(step, counts[axis], most // max(1, others * lengths[axis])))

    # First as many as lie in one object of the other grid, where few are enough for that before where it takes many.
    needed = [-(-wanted[axis] // lengths[axis]) for axis in range(len(shape))]
    for axis in sorted(range(len(shape)), key=lambda axis: (needed[axis], -axis)):
        grow(axis, needed[axis])
    for axis in reversed(range(len(shape))):  # what is whole along the last axes lies in one piece in memory
        grow(axis, counts[axis])
    cuts = tuple(
        StepCut(0, count, _even(count, step, _common(*axes)))
        for count, step, axes in zip(counts, steps, zip(own.axes, other.axes, strict=True), strict=True)
    )
    return Partition(shape, own, cuts)


def _lengths(grid: ChunkGrid, shape: tuple[int, ...]) -> list[int]:
    """How long the objects of a grid are at most, inside an array."""
    return [max(1, min(pair)) for pair in zip(grid.largest(shape), shape, strict=True)]


def _common(own: AxisGrid, other: AxisGrid) -> int:
    """After how many objects of an axis one of the other ends with them."""
    if isinstance(own, RegularAxis) and isinstance(other, RegularAxis):
        return math.lcm(own.chunk, other.chunk) // own.chunk
    return 1


def _even(count: int, most: int, common: int) -> int:
    """How many objects to a group: no group is much smaller than others, and if possible all end where objects of the other do."""
    if most >= count:
        return max(1, count)
    if common <= most:
        most -= most % common
    else:
        common = 1
    n_groups = -(-count // most)
    even = -(-count // n_groups)
    return -(-even // common) * common


def reads(write: Partition, source: ChunkGrid) -> int:
    """How many pieces an object of the source meets at most."""
    found = 1
    for axis, cut, other, length in zip(write.grid.axes, write.cuts, source.axes, write.shape, strict=True):
        if cut.n_groups < 2:
            continue
        if isinstance(axis, RegularAxis) and isinstance(other, RegularAxis) and isinstance(cut, StepCut):
            step, chunk = cut.step * axis.chunk, min(other.chunk, length)
            if step % chunk == 0:
                continue
            most = chunk // step if chunk % step == 0 else -(-(chunk - 1) // step) + 1
            found *= min(most, cut.n_groups)
        else:
            borders = np.array([axis.start(cut.cells(group)[0]) for group in range(1, cut.n_groups)], np.int64)
            cells = other.find(borders)
            inside = [int(cell) for cell, at in zip(cells, borders, strict=True) if other.start(int(cell)) != at]
            found *= 1 + (max(np.unique(inside, return_counts=True)[1]) if inside else 0)
    return int(found)


# -- the temporary array ----------------------------------------------------------------------------------------


def _between(filling: Partition, write: Partition, itemsize: int) -> Partition:
    """The temporary array between pieces of the source and those of the target, in the former."""
    shape = filling.shape
    ends = [_borders(each, axis) for each in (filling, write) for axis in range(len(shape))]
    borders = [sorted(ends[axis] | ends[axis + len(shape)]) for axis in range(len(shape))]
    longest = [max(b - a for a, b in pairwise(each)) for each in borders]
    for axis in range(len(shape)):
        behind = math.prod(longest[axis + 1 :]) * math.prod(longest[:axis]) * itemsize
        most = max(1, TEMPORARY_NBYTES // max(1, behind))
        if longest[axis] > most:
            borders[axis] = [*_refined(borders[axis], most), shape[axis]]
            longest[axis] = max(b - a for a, b in pairwise(borders[axis]))
    grid = _grid(borders)
    places = [{at: number for number, at in enumerate(each)} for each in borders]
    cuts = tuple(
        GivenCut(tuple(place[at] for at in sorted(_borders(filling, axis)))) for axis, place in enumerate(places)
    )
    return Partition(shape, grid, cuts)


def _borders(part: Partition, axis: int) -> set[int]:
    """Where the groups of an axis begin and end."""
    cut, own = part.cuts[axis], part.grid.axes[axis]
    return {own.start(cut.cells(group)[0]) for group in range(cut.n_groups)} | {part.shape[axis]}


def _refined(borders: Sequence[int], most: int) -> Iterator[int]:
    for start, stop in pairwise(borders):
        n = -(-(stop - start) // most)
        yield from (start + (stop - start) * number // n for number in range(n))


def _grid(borders: Sequence[Sequence[int]]) -> ChunkGrid:
    """The grid whose chunks end at given places."""
    edges: list[int | Edges] = []
    for each in borders:
        lengths = [b - a for a, b in pairwise(each)]
        is_regular = all(length == lengths[0] for length in lengths[:-1]) and lengths[-1] <= lengths[0]
        edges.append(lengths[0] if is_regular else Edges.of(lengths))
    if all(isinstance(each, int) for each in edges):
        return RegularGrid(tuple(edges))  # type: ignore[arg-type]  # integers all
    return RectilinearGrid(tuple(edges))


# -- within a piece ---------------------------------------------------------------------------------------------


def blocks(grid: ChunkGrid, shape: tuple[int, ...], region: Sequence[slice], itemsize: int, nbytes: int) -> Partition:
    """The part of an array that a region meets, in boxes of whole cells of a grid, of so many bytes or of one cell.

    Neighbours along the last axes are together.
    """
    cells = [_met(axis, part) for axis, part in zip(grid.axes, region, strict=True)]
    lengths = _lengths(grid, shape)
    room = max(1, nbytes // max(1, itemsize))
    steps = [1] * len(shape)
    for axis in reversed(range(len(shape))):
        others = math.prod(n * k for i, (n, k) in enumerate(zip(lengths, steps, strict=True)) if i != axis)
        steps[axis] = max(1, min(len(cells[axis]), room // max(1, others * lengths[axis])))
    cuts = tuple(StepCut(box.start, box.stop, step) for box, step in zip(cells, steps, strict=True))
    return Partition(shape, grid, cuts)


def _met(axis: AxisGrid, part: slice) -> range:
    if part.start >= part.stop:
        return range(0)
    first, last = map(int, axis.find(np.array([part.start, part.stop - 1], np.int64)))
    return range(first, last + 1)


def within(region: Sequence[slice], bounds: Sequence[slice]) -> tuple[slice, ...]:
    """What two regions have in common."""
    return tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(region, bounds, strict=True))


def cells_met(grid: ChunkGrid, region: Sequence[slice]) -> Box:
    """The cells of a grid that a region meets."""
    return tuple(_met(axis, part) for axis, part in zip(grid.axes, region, strict=True))


def nbytes_of(region: Sequence[slice], itemsize: int) -> int:
    """Size of the elements of a region."""
    nbytes: int = math.prod(each.stop - each.start for each in region) * itemsize
    return nbytes
