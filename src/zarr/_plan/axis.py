"""One axis of a plan: the chunks that a selection of an axis meets, and those of them that share a stored object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from zarr._grid.grid import RegularAxis
from zarr._plan.model import AxisRegion
from zarr._selection.model import ArrayAxis, AxisSelection, IntAxis, SliceAxis

if TYPE_CHECKING:
    from zarr._grid.grid import AxisGrid


@dataclass(frozen=True, slots=True)
class AxisProjection:
    """One axis of a projection; `out_region` is None where the result has no such axis."""

    chunk: int
    chunk_region: AxisRegion
    out_region: AxisRegion | None
    whole: bool


@dataclass(frozen=True, slots=True)
class AxisGroup:
    """The projections of one axis that fall into one stored object."""

    chunk: int
    projections: tuple[AxisProjection, ...]
    whole: bool


def group_axis(selection: AxisSelection, outer: AxisGrid, inner: AxisGrid, length: int) -> list[AxisGroup]:
    """One axis's projections by stored object, in order of their objects."""
    projections = sorted(project_axis(selection, inner, length), key=lambda p: p.chunk)
    if not projections:
        return []
    if outer is inner:  # each chunk is an object
        return [AxisGroup(part.chunk, (part,), part.whole) for part in projections]
    starts = np.array([inner.start(p.chunk) for p in projections], np.int64)
    objects = outer.find(starts).tolist()
    groups = []
    for chunk, members in groupby(zip(objects, projections, strict=True), key=lambda pair: pair[0]):
        parts = tuple(projection for _, projection in members)
        covered = sum(length_inside(inner, part.chunk, length) for part in parts)
        whole = all(part.whole for part in parts) and covered == length_inside(outer, chunk, length)
        groups.append(AxisGroup(chunk, parts, whole))
    return groups


def project_axis(selection: AxisSelection, grid: AxisGrid, length: int) -> Iterator[AxisProjection]:
    """The chunks of one axis that a selection meets, each once.

    `length` is the array's; positions of the selection lie inside it.
    """
    match selection:
        case IntAxis(index):
            chunk = _chunk_at(grid, index)
            yield AxisProjection(chunk, index - grid.start(chunk), None, length_inside(grid, chunk, length) == 1)
        case SliceAxis():
            yield from _project_slice(selection, grid, length)
        case ArrayAxis():
            yield from _project_array(selection, grid, length)


def _project_slice(selection: SliceAxis, grid: AxisGrid, length: int) -> Iterator[AxisProjection]:
    start, step, count = selection.start, selection.step, selection.count
    first = 0
    while first < count:
        position = start + first * step
        chunk = _chunk_at(grid, position)
        chunk_start = grid.start(chunk)
        room = chunk_start + grid.length(chunk) - 1 - position if step > 0 else position - chunk_start
        stop = min(count, first + room // abs(step) + 1)
        begin, n = position - chunk_start, stop - first
        end = begin + n * step
        yield AxisProjection(
            chunk,
            slice(begin, end if end >= 0 else None, step),
            slice(first, stop, 1),
            abs(step) == 1 and n == length_inside(grid, chunk, length),
        )
        first = stop


def _chunk_at(grid: AxisGrid, position: int) -> int:
    """The chunk that holds a position. An array of one takes long to make."""
    return position // grid.chunk if type(grid) is RegularAxis else int(grid.find(np.array([position], np.int64))[0])


def _project_array(selection: ArrayAxis, grid: AxisGrid, length: int) -> Iterator[AxisProjection]:
    indices = selection.indices
    if not len(indices):
        return
    chunks = grid.find(indices)
    order = np.argsort(chunks, kind="stable")  # stable: of repeated positions the last one written wins, as in NumPy
    sorted_chunks = chunks[order]
    bounds = np.flatnonzero(np.diff(sorted_chunks)) + 1
    for members in np.split(order, bounds):
        chunk = int(chunks[members[0]])
        inside = indices[members] - grid.start(chunk)
        contiguous = int(members[-1]) - int(members[0]) + 1 == len(members)
        out: AxisRegion = slice(int(members[0]), int(members[-1]) + 1, 1) if contiguous else members
        whole = len(members) >= (n := length_inside(grid, chunk, length)) and len(np.unique(inside)) == n
        yield AxisProjection(chunk, inside, out, whole)


def length_inside(grid: AxisGrid, chunk: int, length: int) -> int:
    """Length of the part of a chunk that lies inside the array."""
    return min(grid.length(chunk), length - grid.start(chunk))
