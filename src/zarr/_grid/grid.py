"""Chunk grids: rules that cut an array's domain into cells.

A grid answers, per axis, where chunks begin; everything else (which chunks a selection meets, what part of each) is
worked out by the plan from that. `AxisGrid` is the per-axis view that the plan uses; `refine` gives the grid of the
inner chunks of shards. Regular grids are all the formats of this version need; rectilinear ones fit the same two
methods.
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
        """The grid of inner chunks of shape `inner`, which divides every chunk of this grid."""

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

    def refine(self, inner: tuple[int, ...]) -> RegularGrid:
        return RegularGrid(inner)
