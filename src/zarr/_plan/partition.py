"""An array, or a part of it, cut into pieces that have no stored object in common.

Along each axis the cells of the grid of stored objects are put into groups, and a piece is one group of every axis. So a piece
is a box, holds whole objects, and no object is in two of them. Pieces are numbered in C order. Nothing is listed: where a
piece lies is worked out from its number.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np

from zarr._grid.grid import RegularAxis
from zarr._selection.model import SliceAxis
from zarr._selection.normalize import basic
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

    from zarr._grid.grid import AxisGrid, ChunkGrid

Box: TypeAlias = tuple[range, ...]


@dataclass(frozen=True, slots=True)
class EvenCut:
    """The cells `first` to `stop` of an axis in groups that differ by one cell at most.

    Examples
    --------
    >>> cut = EvenCut(0, 7, 3)
    >>> [cut.cells(number) for number in range(3)]
    [range(0, 2), range(2, 4), range(4, 7)]
    """

    first: int
    stop: int
    n_groups: int

    def cells(self, group: int) -> range:
        """The cells of a group."""
        n = self.stop - self.first
        return range(self.first + group * n // self.n_groups, self.first + (group + 1) * n // self.n_groups)


@dataclass(frozen=True, slots=True)
class GivenCut:
    """Groups that begin at given cells of an axis; the last of these is where they end.

    Examples
    --------
    >>> GivenCut((0, 1, 4)).n_groups, GivenCut((0, 1, 4)).cells(1)
    (2, range(1, 4))
    """

    edges: tuple[int, ...]

    @property
    def n_groups(self) -> int:
        return len(self.edges) - 1

    def cells(self, group: int) -> range:
        """The cells of a group."""
        return range(self.edges[group], self.edges[group + 1])


@dataclass(frozen=True, slots=True)
class StepCut:
    """The cells `first` to `stop` of an axis in groups of `step`, of which the last one may have fewer.

    Examples
    --------
    >>> cut = StepCut(0, 7, 3)
    >>> [cut.cells(number) for number in range(cut.n_groups)]
    [range(0, 3), range(3, 6), range(6, 7)]
    """

    first: int
    stop: int
    step: int

    @property
    def n_groups(self) -> int:
        return -(-(self.stop - self.first) // self.step)

    def cells(self, group: int) -> range:
        """The cells of a group."""
        start = self.first + group * self.step
        return range(start, min(start + self.step, self.stop))


Cut: TypeAlias = EvenCut | GivenCut | StepCut


@dataclass(frozen=True, slots=True)
class Partition:
    """An array in pieces.

    Attributes
    ----------
    shape, grid
        Of the array, and its stored objects.
    cuts
        One per axis.
    """

    shape: tuple[int, ...]
    grid: ChunkGrid
    cuts: tuple[Cut, ...]

    @property
    def n_pieces(self) -> int:
        """How many pieces there are: one for an array of no dimensions, none for an array of no elements."""
        return math.prod(cut.n_groups for cut in self.cuts)

    def box(self, number: int) -> Box:
        """The cells of a piece, axis by axis."""
        groups = []
        for cut in reversed(self.cuts):
            number, group = divmod(number, cut.n_groups)
            groups.append(cut.cells(group))
        return tuple(reversed(groups))

    def region(self, number: int) -> tuple[slice, ...]:
        """The elements of a piece."""
        axes = zip(self.grid.axes, self.box(number), self.shape, strict=True)
        return tuple(slice(axis.start(cells[0]), _end(axis, cells, length)) for axis, cells, length in axes)

    def coords(self, number: int) -> Iterator[tuple[int, ...]]:
        """The stored objects of a piece, in C order."""
        return product(*self.box(number))

    def described(self) -> list[list[int]]:
        """The cuts as JSON has them; equal for equal ones."""
        return [_described(cut) for cut in self.cuts]

    @classmethod
    def of_described(cls, shape: tuple[int, ...], grid: ChunkGrid, described: object) -> Self | None:
        """The partition of which `described` said this; None if it cannot be one of such an array. Nobody has to trust it."""
        if not isinstance(described, list) or len(described) != len(shape):
            return None
        cuts = [_cut_of(each, n) for each, n in zip(described, grid.counts(shape), strict=True)]
        known = tuple(cut for cut in cuts if cut is not None)
        return cls(shape, grid, known) if len(known) == len(cuts) else None


def _described(cut: Cut) -> list[int]:
    """A cut as JSON has it."""
    if isinstance(cut, EvenCut):
        return [cut.first, cut.stop, cut.n_groups]
    return [-1, *cut.edges] if isinstance(cut, GivenCut) else [-2, cut.first, cut.stop, cut.step]


def _cut_of(described: object, n_cells: int) -> Cut | None:
    """A cut of an axis of so many cells, as JSON has it."""
    if not isinstance(described, list) or not all(type(number) is int for number in described):
        return None
    if described[:1] == [-2] and len(described) == 4:
        first, stop, step = described[1:]
        return StepCut(first, stop, step) if 0 <= first <= stop <= n_cells and step > 0 else None
    if described[:1] == [-1]:
        edges = tuple(described[1:])
        is_one = len(edges) > 0 and all(a < b for a, b in pairwise(edges)) and edges[0] >= 0 and edges[-1] <= n_cells
        return GivenCut(edges) if is_one else None
    if len(described) != 3:
        return None
    first, stop, n_groups = described
    is_one = 0 <= first <= stop <= n_cells and (0 < n_groups <= stop - first if first < stop else n_groups == 0)
    return EvenCut(first, stop, n_groups) if is_one else None


def partition(
    grid: ChunkGrid, shape: tuple[int, ...], itemsize: int, *, axes: Sequence[int], target: int, region: Any = None
) -> Partition:
    """Cut an array into pieces of some size.

    Parameters
    ----------
    grid, shape
        The stored objects of the array.
    itemsize
        Bytes of an element in memory.
    axes
        The axes that may be cut. Pieces reach from end to end of the others.
    target
        Pieces have at most so many bytes in memory, unless one object has more, or the part of the array that lies between
        two borders of objects along `axes`.
    region
        A part of the array, by slices that begin and end where objects do; None for all of it.

    Raises
    ------
    ArgumentError
        If a stored object lies in the region with a part of it only.
    """
    parts = _cells_of(grid, shape, region)
    cuts: list[Cut] = []
    extents = [
        _largest(axis, cells, length) if number in axes else _extent(axis, cells, length)
        for number, (axis, cells, length) in enumerate(zip(grid.axes, parts, shape, strict=True))
    ]
    for number in reversed(
        range(len(shape))
    ):  # the last axes first: what is whole along them lies in one piece of the array
        axis, cells, length = grid.axes[number], parts[number], shape[number]
        cut: Cut
        if number not in axes or not cells:
            cut = EvenCut(cells.start, cells.stop, min(1, _count(cells)))
        else:
            extents[number] = 1
            room = target // max(1, itemsize * math.prod(extents))
            cut = _cut(axis, cells, length, room)
            extents[number] = _longest(axis, cut, cells, length)
        cuts.append(cut)
    return Partition(shape, grid, tuple(reversed(cuts)))


def _cut(axis: AxisGrid, cells: range, length: int, room: int) -> Cut:
    """Groups of cells that are at most `room` long, or have one cell."""
    if _extent(axis, cells, length) <= room:
        return EvenCut(cells.start, cells.stop, 1)
    if isinstance(axis, RegularAxis):
        per_group = max(1, room // axis.chunk)
        return EvenCut(cells.start, cells.stop, -(-_count(cells) // per_group))
    edges = [cells.start]
    for cell in cells[1:]:
        if _extent(axis, range(edges[-1], cell + 1), length) > room:
            edges.append(cell)
    return GivenCut((*edges, cells.stop))


def _longest(axis: AxisGrid, cut: Cut, cells: range, length: int) -> int:
    """Length of the longest group of a cut."""
    if isinstance(cut, GivenCut):
        return max(_extent(axis, cut.cells(group), length) for group in range(cut.n_groups))
    per_group = cut.step if isinstance(cut, StepCut) else -(-_count(cells) // cut.n_groups)
    return _extent(axis, cells[:per_group], length)


def _count(cells: range) -> int:
    return cells.stop - cells.start  # len() is for what is no longer than memory


def _extent(axis: AxisGrid, cells: range, length: int) -> int:
    return _end(axis, cells, length) - axis.start(cells[0]) if cells else 0


def _end(axis: AxisGrid, cells: range, length: int) -> int:
    return min(length, axis.start(cells[-1]) + axis.length(cells[-1]))


def _largest(axis: AxisGrid, cells: range, length: int) -> int:
    """Length of the longest of some cells."""
    if isinstance(axis, RegularAxis):
        cells = cells[:1]
    return max((_extent(axis, range(cell, cell + 1), length) for cell in cells), default=0)


# -- what is cut ------------------------------------------------------------------------------------------------


def _cells_of(grid: ChunkGrid, shape: tuple[int, ...], region: Any) -> Box:
    """The cells of a region, axis by axis."""
    counts = grid.counts(shape)
    if region is None:
        return tuple(map(range, counts))
    selection = basic(region, shape)
    cells = []
    for number, (axis, chosen, n) in enumerate(zip(grid.axes, selection.axes, shape, strict=True)):
        if not isinstance(chosen, SliceAxis) or selection.new_axes or (chosen.step != 1 and chosen.count > 1):
            raise ArgumentError(f"region takes slices without a step, one per axis, got {region!r}")
        cells.append(_cells_between(axis, number, chosen.start, chosen.start + chosen.count, n))
    return tuple(cells)


def _cells_between(axis: AxisGrid, number: int, start: int, stop: int, length: int) -> range:
    if start == stop:
        return range(0)
    first, last = map(int, axis.find(np.array([start, stop - 1], np.int64)))
    begin, end = axis.start(first), min(length, axis.start(last) + axis.length(last))
    if (begin, end) != (start, stop):
        raise ArgumentError(
            f"region {start}:{stop} of axis {number} covers a part of a stored object only, and no two tasks may write to one: "
            f"{begin}:{end} covers whole ones"
        )
    return range(first, last + 1)


def axes_of(by: object, ndim: int, names: Sequence[str | None] | None, *, is_sharded: bool) -> tuple[int, ...]:
    """The axes that may be cut, as a user says it.

    Parameters
    ----------
    by
        `"shard"` or `"chunk"` for all of them, or one or several axes, each by its number or its name.
    ndim, names
        Of the array.
    is_sharded
        Whether what is stored are shards.

    Raises
    ------
    ArgumentError
        If there is no such axis, or chunks are not what is stored.

    Examples
    --------
    >>> axes_of("shard", 3, None, is_sharded=True), axes_of(("time", -1), 3, ["time", "y", "x"], is_sharded=True)
    ((0, 1, 2), (0, 2))
    """
    if isinstance(by, str) and by == "chunk" and is_sharded:
        raise ArgumentError(
            "by='chunk' would have several tasks write to one shard, which is the object that is stored; by='shard' gives each "
            "task whole ones"
        )
    if isinstance(by, str) and by in ("shard", "chunk"):
        return tuple(range(ndim))
    given = by.tolist() if isinstance(by, np.ndarray) else by
    wanted = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    found = {_axis_of(each, ndim, names or ()) for each in wanted}
    if not found and ndim:
        raise ArgumentError("by names no axis: give at least one, or 'shard'")
    return tuple(sorted(found))


def _axis_of(given: object, ndim: int, names: Sequence[str | None]) -> int:
    if isinstance(given, str):
        n = names.count(given)
        if n == 1:
            return names.index(given)
        known = ", ".join(repr(name) for name in names if name is not None)
        has = f"the array's are {known}" if known else "the array's have no names"
        if n:
            raise ArgumentError(
                f"by={given!r} is the name of {n} axes, so it does not tell which: {has}. Say it by number"
            )
        raise ArgumentError(f"by={given!r} is neither 'shard' nor 'chunk' nor the name of an axis: {has}")
    if isinstance(given, bool) or not isinstance(given, SupportsIndex):
        raise ArgumentError(f"by takes 'shard', 'chunk', or axes by number or name, got {given!r}")
    number = operator.index(given)
    if not -ndim <= number < ndim:
        raise ArgumentError(f"by={number} is no axis of an array of {ndim} dimensions")
    return number % ndim
