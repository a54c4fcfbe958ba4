"""Memory for a part of an array, laid out as it will be written: cell by cell, each of them in one piece.

What is read comes in other pieces, and each is scattered at once, while it is in the processor's cache. So nothing is copied with
large strides afterwards, and an encoder finds its chunk in one piece. Cells of one shape are one NumPy array, with the numbers of the
cells as its first axes; so a piece that meets a thousand of them is scattered in one copy.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from zarr._buffer.spare import Spare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from zarr._plan.partition import Partition

_PORTION_NBYTES = 512 * 2**10
"""What is scattered by one copy stays in the cache while that goes through it in the order of the cells."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Cells of one length, side by side.

    Attributes
    ----------
    start
        First position.
    length, n
        Of each cell, and how many there are.
    """

    start: int
    length: int
    n: int

    @property
    def stop(self) -> int:
        return self.start + self.length * self.n


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What a piece has in common with cells of a run, along one axis: with all of several, or a part of one.

    Attributes
    ----------
    run
        Number of the run.
    first, n
        The cells.
    offset, length
        Where in each cell, and how much.
    at
        Where in the piece it begins.
    """

    run: int
    first: int
    n: int
    offset: int
    length: int
    at: int


class Scattered:
    """Memory for some elements of an array.

    Parameters
    ----------
    part
        The elements, and the cells that they are in.
    dtype
        Of the elements.
    spare
        Where the memory comes from, and goes when it is released.

    Examples
    --------
    >>> import numpy as np
    >>> from zarr._grid.grid import RegularGrid
    >>> from zarr._plan.partition import Partition, StepCut
    >>> part = Partition((2, 5), RegularGrid((2, 2)), (StepCut(0, 1, 1), StepCut(0, 3, 1)))
    >>> memory = Scattered(part, np.dtype("i1"))
    >>> memory.put((0, 0), np.arange(10, dtype="i1").reshape(2, 5))
    >>> [(region[1], cell.tolist()) for region, cell in memory.cells()]
    [(slice(0, 2, None), [[0, 1], [5, 6]]), (slice(2, 4, None), [[2, 3], [7, 8]]), (slice(4, 5, None), [[4], [9]])]
    """

    def __init__(self, part: Partition, dtype: np.dtype[Any], spare: Spare | None = None) -> None:
        self._runs = [_runs(part, axis) for axis in range(len(part.shape))]
        self._starts = [[run.start for run in runs] for runs in self._runs]
        shapes = {}
        for numbers in product(*(range(len(runs)) for runs in self._runs)):
            runs = [self._runs[axis][number] for axis, number in enumerate(numbers)]
            shapes[numbers] = (*(run.n for run in runs), *(run.length for run in runs))
        self._lent = Spare().take(shapes.values(), dtype) if spare is None else spare.take(shapes.values(), dtype)
        self._blocks = dict(zip(shapes, self._lent.arrays, strict=True))

    def release(self) -> None:
        """Give the memory back. It is another's then."""
        self._blocks = {}
        self._lent.release()

    def fill(self, element: object) -> None:
        """Set all elements."""
        for block in self._blocks.values():
            block[...] = element

    def put(self, start: Sequence[int], elements: npt.NDArray[Any]) -> None:
        """Take elements that are there from a position on. What several threads put has no element in common."""
        for at, portion in _portions(elements):
            self._put([a + b for a, b in zip(start, at, strict=True)], portion)

    def _put(self, start: Sequence[int], elements: npt.NDArray[Any]) -> None:
        ndim = elements.ndim
        overlaps = [self._overlaps(axis, start[axis], elements.shape[axis]) for axis in range(ndim)]
        for found in product(*overlaps):
            block = self._blocks[tuple(each.run for each in found)]
            cells = tuple(slice(each.first, each.first + each.n) for each in found)
            inside = tuple(slice(each.offset, each.offset + each.length) for each in found)
            taken = elements[tuple(slice(each.at, each.at + each.n * each.length) for each in found)]
            split = taken.reshape([n for each in found for n in (each.n, each.length)])
            block[(*cells, *inside)] = split.transpose((*range(0, 2 * ndim, 2), *range(1, 2 * ndim, 2)))

    def _overlaps(self, axis: int, start: int, n: int) -> list[_Overlap]:
        found: list[_Overlap] = []
        runs, stop = self._runs[axis], start + n
        number = bisect_right(self._starts[axis], start) - 1
        at = start
        while at < stop:
            run = runs[number]
            cell, offset = divmod(at - run.start, run.length)
            end = min(stop, run.stop)
            n_whole = (end - at) // run.length if not offset else 0
            length = run.length if n_whole else min(run.length - offset, end - at)
            found.append(_Overlap(number, cell, max(1, n_whole), offset, length, at - start))
            at += max(1, n_whole) * length
            number += at >= run.stop
        return found

    def cells(self) -> Iterator[tuple[tuple[slice, ...], npt.NDArray[Any]]]:
        """Each cell: where it is in the array, and its elements."""
        for numbers, block in self._blocks.items():
            runs = [self._runs[axis][number] for axis, number in enumerate(numbers)]
            for at in product(*(range(run.n) for run in runs)):
                starts = [run.start + run.length * number for run, number in zip(runs, at, strict=True)]
                region = tuple(slice(a, a + run.length) for a, run in zip(starts, runs, strict=True))
                yield region, block[at] if at else block


def _runs(part: Partition, axis: int) -> list[_Run]:
    """The groups of an axis, those of one length together."""
    cut, grid, length = part.cuts[axis], part.grid.axes[axis], part.shape[axis]
    runs: list[_Run] = []
    for group in range(cut.n_groups):
        cells = cut.cells(group)
        start = grid.start(cells[0])
        size = min(length, grid.start(cells[-1]) + grid.length(cells[-1])) - start
        if runs and runs[-1].length == size:
            runs[-1] = _Run(runs[-1].start, size, runs[-1].n + 1)
        else:
            runs.append(_Run(start, size, 1))
    return runs


def _portions(elements: npt.NDArray[Any]) -> Iterator[tuple[tuple[int, ...], npt.NDArray[Any]]]:
    """Elements in portions along their first axes, with where each begins."""
    shape = elements.shape
    axis = next((axis for axis, n in enumerate(shape) if n > 1), None)
    if axis is None or elements.nbytes <= _PORTION_NBYTES:
        yield (0,) * len(shape), elements
        return
    step = max(1, _PORTION_NBYTES * shape[axis] // elements.nbytes)
    for first in range(0, shape[axis], step):
        portion = elements[(slice(None),) * axis + (slice(first, first + step),)]
        at = (0,) * axis + (first,) + (0,) * (len(shape) - axis - 1)
        for inner, each in _portions(portion) if step == 1 else (((0,) * len(shape), portion),):
            yield tuple(a + b for a, b in zip(at, inner, strict=True)), each
