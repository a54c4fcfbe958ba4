"""Chunk grids: rules that cut an array's domain into cells.

A grid answers, per axis, where chunks begin; everything else (which chunks a selection meets, what part of each) is
worked out by the plan from that. `AxisGrid` is the per-axis view that the plan uses; `refine` gives the grid of the
inner chunks of shards, whose lengths repeat themselves from shard to shard where they do not divide it. There are two kinds
of stored chunks: of a `RegularGrid` all have one shape; of a `RectilinearGrid` lengths are given along at least one axis.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, product
from math import gcd
from typing import TYPE_CHECKING, Protocol

import numpy as np

from zarr._grid.edges import Edges
from zarr._support.once import once
from zarr.errors import MetadataValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt


class AxisGrid(Protocol):
    """One axis of a grid: chunks are numbered from 0 and lie side by side."""

    def find(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Number of the chunk that holds each position."""

    def start(self, index: int) -> int:
        """First position of chunk `index`."""

    def length(self, index: int) -> int:
        """Stored length of chunk `index` (beyond the array's end, for edge chunks)."""


@dataclass(frozen=True, slots=True)
class RegularAxis:
    """Chunks of one length.

    Examples
    --------
    >>> RegularAxis(10).start(3)
    30
    """

    chunk: int

    def find(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return positions // self.chunk

    def start(self, index: int) -> int:
        return index * self.chunk

    def length(self, index: int) -> int:
        return self.chunk


@dataclass(frozen=True, slots=True)
class UnevenAxis:
    """Chunks of given lengths. Positions lie in one of them.

    Examples
    --------
    >>> axis = UnevenAxis(Edges.of([3, 3, 4]))
    >>> axis.find(np.array([0, 5, 9])), axis.start(2), axis.length(2)
    (array([0, 1, 2]), 6, 4)
    """

    edges: Edges
    _lengths: list[int] = field(init=False, repr=False, compare=False)
    _numbers: list[int] = field(init=False, repr=False, compare=False)
    """Of the first chunk of each run of equal ones."""
    _starts: list[int] = field(init=False, repr=False, compare=False)
    """Where that begins."""
    _arrays: tuple[npt.NDArray[np.int64], ...] = field(init=False, repr=False, compare=False)
    """The three as arrays."""

    def __post_init__(self) -> None:
        runs = self.edges.runs
        lengths = [length for length, _ in runs]
        numbers = [*accumulate((count for _, count in runs[:-1]), initial=0)]
        starts = [*accumulate((length * count for length, count in runs[:-1]), initial=0)]
        members = {"_lengths": lengths, "_numbers": numbers, "_starts": starts}
        arrays = tuple(np.array(member, np.int64) for member in members.values())
        for name, member in {**members, "_arrays": arrays}.items():
            object.__setattr__(self, name, member)

    def find(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        lengths, numbers, starts = self._arrays
        runs = np.searchsorted(starts, positions, side="right") - 1
        found: npt.NDArray[np.int64] = numbers[runs] + (positions - starts[runs]) // lengths[runs]
        return found

    def start(self, index: int) -> int:
        run = bisect_right(self._numbers, index) - 1
        return self._starts[run] + (index - self._numbers[run]) * self._lengths[run]

    def length(self, index: int) -> int:
        return self._lengths[bisect_right(self._numbers, index) - 1]

    def count(self, length: int) -> int:
        """Chunks that an axis of a length meets."""
        if not length:
            return 0
        run = bisect_right(self._starts, length - 1) - 1
        return self._numbers[run] + (length - 1 - self._starts[run]) // self._lengths[run] + 1

    def longest(self, length: int) -> int:
        """Length of the longest chunk that an axis of a length meets, and of the first one if it meets none."""
        return max(self._lengths[: max(1, bisect_left(self._starts, length))])


@dataclass(frozen=True, slots=True)
class RefinedAxis:
    """Inner chunks of one length within chunks of one length, of which the last one of each is as long as there is room.

    Examples
    --------
    >>> axis = RefinedAxis(10, 4)
    >>> [(axis.start(i), axis.length(i)) for i in range(4)]
    [(0, 4), (4, 4), (8, 2), (10, 4)]
    """

    outer: int
    inner: int

    @property
    def _n_inner(self) -> int:
        return -(-self.outer // self.inner)

    def find(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        # A length beyond all positions would not fit into their dtype.
        inner = min(self.inner, self.outer)
        return positions // self.outer * self._n_inner + positions % self.outer // inner

    def start(self, index: int) -> int:
        chunk, place = divmod(index, self._n_inner)
        return chunk * self.outer + place * self.inner

    def length(self, index: int) -> int:
        return min(self.inner, self.outer - index % self._n_inner * self.inner)


class ChunkGrid(ABC):
    """A chunk grid over an array of known rank."""

    @property
    @abstractmethod
    def axes(self) -> tuple[AxisGrid, ...]:
        """The grid axis by axis."""

    @abstractmethod
    def counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Chunks along each axis that an array of `shape` meets."""

    @abstractmethod
    def refine(self, inner: tuple[int, ...]) -> ChunkGrid:
        """The grid of inner chunks of shape `inner`; those that do not fit whole into a chunk of this grid are shorter."""

    @abstractmethod
    def largest(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Length of the longest chunk along each axis that an array of `shape` meets."""

    @property
    @abstractmethod
    def divisors(self) -> tuple[int, ...]:
        """Per axis the greatest length that divides the lengths of all chunks."""

    def chunk_shape(self, coords: tuple[int, ...]) -> tuple[int, ...]:
        """Stored shape of the chunk at `coords`."""
        return tuple(axis.length(i) for axis, i in zip(self.axes, coords, strict=True))

    def chunk_start(self, coords: tuple[int, ...]) -> tuple[int, ...]:
        """First element of the chunk at `coords`."""
        return tuple(axis.start(i) for axis, i in zip(self.axes, coords, strict=True))

    def all_coords(self, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Coordinates of every chunk of an array of `shape`, in C order."""
        return product(*map(range, self.counts(shape)))

    def sizes(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Per axis of an array of `shape`, the length of the part of each chunk that lies inside."""
        return tuple(tuple(self.axis_sizes(i, length)) for i, length in enumerate(shape))

    def axis_sizes(self, number: int, length: int) -> Iterator[int]:
        """The same along one axis, one by one."""
        axis = self.axes[number]
        start = index = 0
        while start < length:
            size = axis.length(index)
            yield min(size, length - start)
            start += size
            index += 1


@dataclass(frozen=True)
class RegularGrid(ChunkGrid):
    """Chunks of one shape.

    Parameters
    ----------
    shape
        Chunk shape, every length at least 1.

    Examples
    --------
    >>> RegularGrid((3, 4)).counts((7, 8))
    (3, 2)
    """

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(n < 1 for n in self.shape):
            raise MetadataValidationError(f"chunk lengths must be at least 1, got chunk shape {self.shape}")

    @once
    def axes(self) -> tuple[AxisGrid, ...]:
        return tuple(RegularAxis(n) for n in self.shape)

    def counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(-(-n // c) for n, c in zip(shape, self.shape, strict=True))

    def refine(self, inner: tuple[int, ...]) -> ChunkGrid:
        uneven = any(outer % length for outer, length in zip(self.shape, inner, strict=True))
        return RefinedGrid(self.shape, inner) if uneven else RegularGrid(inner)

    def largest(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.shape

    @property
    def divisors(self) -> tuple[int, ...]:
        return self.shape


@dataclass(frozen=True, slots=True)
class RectilinearGrid(ChunkGrid):
    """Chunks whose lengths are given axis by axis.

    Parameters
    ----------
    shape
        Per axis the length of every chunk, or the lengths of all, which reach the end of the array.

    Examples
    --------
    >>> grid = RectilinearGrid((Edges.of([3, 3, 4]), 4))
    >>> grid.counts((8, 8)), grid.chunk_shape((2, 1)), grid.sizes((8, 8))
    ((3, 2), (4, 4), ((3, 3, 2), (4, 4)))
    """

    shape: tuple[int | Edges, ...]
    _axes: tuple[RegularAxis | UnevenAxis, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        axes = tuple(UnevenAxis(n) if isinstance(n, Edges) else RegularAxis(n) for n in self.shape)
        object.__setattr__(self, "_axes", axes)

    @property
    def axes(self) -> tuple[AxisGrid, ...]:
        return self._axes

    def counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(
            axis.count(n) if isinstance(axis, UnevenAxis) else -(-n // axis.chunk)
            for axis, n in zip(self._axes, shape, strict=True)
        )

    def refine(self, inner: tuple[int, ...]) -> RegularGrid:
        return RegularGrid(inner)  # they divide every chunk, so they all begin at multiples of their length

    def largest(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(
            axis.longest(n) if isinstance(axis, UnevenAxis) else axis.chunk
            for axis, n in zip(self._axes, shape, strict=True)
        )

    @property
    def divisors(self) -> tuple[int, ...]:
        return tuple(n.common_divisor if isinstance(n, Edges) else n for n in self.shape)

    @property
    def runs(self) -> tuple[int | tuple[tuple[int, int], ...], ...]:
        """Per axis the length of every chunk, or runs of lengths, each with how many chunks have it."""
        return tuple(n.runs if isinstance(n, Edges) else n for n in self.shape)

    @property
    def reach(self) -> tuple[int, ...]:
        """Per axis the length of all chunks that are given, and of one where they go on for ever."""
        return tuple(n.total if isinstance(n, Edges) else n for n in self.shape)


@dataclass(frozen=True)
class RefinedGrid(ChunkGrid):
    """Inner chunks of one shape within chunks of one shape, which it does not divide.

    Examples
    --------
    >>> RefinedGrid((10,), (4,)).counts((13,))
    (4,)
    """

    outer: tuple[int, ...]
    inner: tuple[int, ...]

    @once
    def axes(self) -> tuple[AxisGrid, ...]:
        return tuple(map(RefinedAxis, self.outer, self.inner))

    def counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        per_chunk = (-(-outer // inner) for outer, inner in zip(self.outer, self.inner, strict=True))
        return tuple(
            n // outer * k + -(-(n % outer) // inner)
            for n, outer, inner, k in zip(shape, self.outer, self.inner, per_chunk, strict=True)
        )

    def refine(self, inner: tuple[int, ...]) -> ChunkGrid:
        raise NotImplementedError("chunks of several lengths are not cut any further")

    def largest(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(min, self.outer, self.inner))

    @property
    def divisors(self) -> tuple[int, ...]:
        return tuple(map(gcd, self.outer, self.inner))
