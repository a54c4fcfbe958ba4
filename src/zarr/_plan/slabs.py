"""A selection in parts that go through memory of limited size one after the other.

Parts end where chunks do, so that none of these is decoded twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from zarr._plan.axis import project_axis
from zarr._plan.project import decoded_grid
from zarr._selection.model import ArrayAxis, GridSelection, IntAxis, SliceAxis

if TYPE_CHECKING:
    from zarr._grid.grid import AxisGrid
    from zarr._metadata.spec import ArraySpec


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a selection, and where it stands in the result, one slice for each of its axes."""

    selection: GridSelection
    region: tuple[slice, ...]


def parts(spec: ArraySpec, selection: GridSelection, nbytes: int) -> Iterator[Part]:
    """A selection in parts of at most so many bytes of elements, in C order; axes that the user put in are left out.

    A part has more if a single chunk has, or if positions are listed that are not in order.
    """
    if 0 in selection.shape:
        return
    grid = decoded_grid(spec)
    room = max(1, nbytes // max(1, spec.dtype.itemsize))
    behind = math.prod(selection.shape)
    runs: list[list[slice]] = []
    for axis, axis_grid, length in zip(selection.axes, grid.axes, spec.shape, strict=True):
        if isinstance(axis, IntAxis):
            continue
        behind //= axis.count
        if axis.count * behind <= room:
            runs.append([slice(0, axis.count)])
            continue
        runs.append(_grouped(_ends(axis, axis_grid, length), max(1, room // behind)))
        room = max(1, room // max(run.stop - run.start for run in runs[-1]))
    for region in product(*runs):
        at = iter(region)
        axes = tuple(axis if isinstance(axis, IntAxis) else _cut(axis, next(at)) for axis in selection.axes)
        yield Part(GridSelection(axes), region)


def _ends(axis: SliceAxis | ArrayAxis, grid: AxisGrid, length: int) -> Sequence[int]:
    """After how many positions of an axis a chunk ends."""
    if isinstance(axis, SliceAxis):
        return [part.out_region.stop for part in project_axis(axis, grid, length)]  # type: ignore[union-attr]  # slices all
    steps = np.diff(grid.find(axis.indices))
    return [*((np.flatnonzero(steps) + 1).tolist() if (steps >= 0).all() else []), axis.count]


def _grouped(ends: Sequence[int], most: int) -> list[slice]:
    """Runs of chunks, each of at most so many positions, or of one chunk."""
    runs, start, stop = [], 0, 0
    for end in ends:
        if end - start > most and stop > start:
            runs.append(slice(start, stop))
            start = stop
        stop = end
    return [*runs, slice(start, stop)]


def _cut(axis: SliceAxis | ArrayAxis, run: slice) -> SliceAxis | ArrayAxis:
    if isinstance(axis, ArrayAxis):
        return ArrayAxis(axis.indices[run])
    return SliceAxis(axis.start + run.start * axis.step, axis.step, run.stop - run.start)
