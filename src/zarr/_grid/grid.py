"""Chunk grids: rules that cut an array's domain into cells.

A grid answers, per axis, where chunks begin; everything else (which chunks a selection meets, what part of each) is
worked out by the plan from that. `AxisGrid` is the per-axis view that the plan uses; `refine` gives the grid of the
inner chunks of shards, whose lengths repeat themselves from shard to shard where they do not divide it. Rectilinear grids
fit the same methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Protocol

import numpy as np

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

    def chunk_shape(self, coords: tuple[int, ...]) -> tuple[int, ...]:
        """Stored shape of the chunk at `coords`."""
        return tuple(axis.length(i) for axis, i in zip(self.axes, coords, strict=True))

    def chunk_start(self, coords: tuple[int, ...]) -> tuple[int, ...]:
        """First element of the chunk at `coords`."""
        return tuple(axis.start(i) for axis, i in zip(self.axes, coords, strict=True))

    def all_coords(self, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Coordinates of every chunk of an array of `shape`, in C order."""
        return product(*map(range, self.counts(shape)))


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
