"""The chunk grid of one array by the names of zarr-python: it knows the array's shape, and cuts regions of it.

Axes are cut into chunks of one length (`FixedDimension`) or of given lengths (`VaryingDimension`). Either serves as
an axis of our own grids (`zarr._grid.grid.AxisGrid`), so plans work on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._grid.shapes import parse_shape

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class FixedDimension:
    """An axis of length `extent` in chunks of length `size`.

    Examples
    --------
    >>> FixedDimension(size=3, extent=10).data_size(3)
    1
    """

    size: int
    extent: int

    @property
    def nchunks(self) -> int:
        """Chunks that hold a part of the axis."""
        return -(-self.extent // self.size) if self.size else 0

    ngridcells = nchunks

    def index_to_chunk(self, idx: int) -> int:
        """Number of the chunk that holds a position."""
        return idx // self.size

    def indices_to_chunks(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Numbers of the chunks that hold positions."""
        return indices // self.size

    def chunk_offset(self, chunk_ix: int) -> int:
        """First position of a chunk."""
        return chunk_ix * self.size

    def chunk_size(self, chunk_ix: int) -> int:
        """Stored length of a chunk."""
        return self.size

    def data_size(self, chunk_ix: int) -> int:
        """Length of the part of a chunk that lies inside the array."""
        return max(0, min(self.size, self.extent - chunk_ix * self.size))

    def with_extent(self, new_extent: int) -> FixedDimension:
        """The same chunks along another length."""
        return FixedDimension(self.size, new_extent)

    resize = with_extent
    find, start, length = indices_to_chunks, chunk_offset, chunk_size  # as an axis of our own grids


@dataclass(frozen=True, slots=True)
class VaryingDimension:
    """An axis of length `extent` in chunks of the lengths `edges`.

    Examples
    --------
    >>> VaryingDimension(edges=(3, 7), extent=10).index_to_chunk(5)
    1
    """

    edges: tuple[int, ...]
    extent: int

    def __post_init__(self) -> None:
        if sum(self.edges) < self.extent:
            raise ValueError(f"chunks of lengths {self.edges} do not cover an axis of length {self.extent}")

    @property
    def nchunks(self) -> int:
        """Chunks that hold a part of the axis."""
        return sum(start < self.extent for start in self._starts)

    @property
    def ngridcells(self) -> int:
        """Chunks, also those beyond the axis's end."""
        return len(self.edges)

    @property
    def _starts(self) -> tuple[int, ...]:
        return tuple(accumulate(self.edges[:-1], initial=0)) if self.edges else ()

    def index_to_chunk(self, idx: int) -> int:
        """Number of the chunk that holds a position."""
        return int(self.indices_to_chunks(np.array(idx)))

    def indices_to_chunks(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Numbers of the chunks that hold positions."""
        return np.searchsorted(np.cumsum(self.edges), indices, side="right")

    def chunk_offset(self, chunk_ix: int) -> int:
        """First position of a chunk."""
        return self._starts[chunk_ix]

    def chunk_size(self, chunk_ix: int) -> int:
        """Stored length of a chunk."""
        return self.edges[chunk_ix]

    def data_size(self, chunk_ix: int) -> int:
        """Length of the part of a chunk that lies inside the array."""
        return max(0, min(self.edges[chunk_ix], self.extent - self._starts[chunk_ix]))

    def with_extent(self, new_extent: int) -> VaryingDimension:
        """The same chunks along another length, which they must cover."""
        return VaryingDimension(self.edges, new_extent)

    def resize(self, new_extent: int) -> VaryingDimension:
        """The same chunks along another length, with one more where they do not cover it."""
        missing = new_extent - sum(self.edges)
        return VaryingDimension((*self.edges, missing) if missing > 0 else self.edges, new_extent)

    find, start, length = indices_to_chunks, chunk_offset, chunk_size  # as an axis of our own grids


DimensionGrid: TypeAlias = FixedDimension | VaryingDimension


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """One chunk: its region of the array, and the shape in which it is stored (edge chunks are stored whole)."""

    slices: tuple[slice, ...]
    codec_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the part that lies inside the array."""
        return tuple(region.stop - region.start for region in self.slices)

    @property
    def is_boundary(self) -> bool:
        """Whether a part of the chunk lies outside."""
        return self.shape != self.codec_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkGrid:
    """How one array is cut into chunks.

    Parameters
    ----------
    dimensions
        One per axis.

    Examples
    --------
    >>> grid = ChunkGrid.from_sizes((10, 7), (3, 4))
    >>> grid.grid_shape, grid[3, 1].shape
    ((4, 2), (1, 3))
    """

    dimensions: tuple[DimensionGrid, ...]

    @classmethod
    def from_sizes(cls, array_shape: Any, chunk_sizes: Sequence[int | Sequence[int]]) -> ChunkGrid:
        """Cut an array of a shape; per axis, the length of every chunk, or the lengths one by one."""
        shape = parse_shape(array_shape)
        return cls(dimensions=tuple(_dimension(size, length) for size, length in zip(chunk_sizes, shape, strict=True)))

    @classmethod
    def from_metadata(cls, metadata: Any) -> ChunkGrid:
        """The grid of the stored chunks of an array (of its shards, if it has them)."""
        grid = getattr(metadata, "chunk_grid", None)
        return cls.from_sizes(metadata.shape, metadata.chunks) if grid is None else bound(grid, metadata.shape)

    @property
    def ndim(self) -> int:
        return len(self.dimensions)

    @property
    def is_regular(self) -> bool:
        """Whether all chunks have one shape."""
        return all(isinstance(dimension, FixedDimension) for dimension in self.dimensions)

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Chunks along each axis."""
        return tuple(dimension.nchunks for dimension in self.dimensions)

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """Shape of every chunk. ValueError if they differ."""
        fixed = tuple(dimension.size for dimension in self.dimensions if isinstance(dimension, FixedDimension))
        if len(fixed) != self.ndim:
            raise ValueError(
                "chunk_shape is only available for regular chunk grids. Use grid[coords] for per-chunk sizes."
            )
        return fixed

    @property
    def chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Per axis, the length of the part of each chunk that lies inside the array."""
        return tuple(tuple(map(dimension.data_size, range(dimension.nchunks))) for dimension in self.dimensions)

    def __getitem__(self, coords: int | tuple[int, ...]) -> ChunkSpec | None:
        at = (coords,) if isinstance(coords, int) else tuple(coords)
        if len(at) != self.ndim:
            raise ValueError(f"Expected {self.ndim} coordinate(s) for a {self.ndim}-d chunk grid, got {len(at)}.")
        if any(not 0 <= c < n for c, n in zip(at, self.grid_shape, strict=True)):
            return None
        return ChunkSpec(
            self._region(at), tuple(dimension.chunk_size(c) for dimension, c in zip(self.dimensions, at, strict=True))
        )

    def __iter__(self) -> Iterator[ChunkSpec]:
        for coords in self.all_chunk_coords():
            chunk = self[coords]
            if chunk is not None:
                yield chunk

    def all_chunk_coords(
        self, *, origin: Sequence[int] | None = None, selection_shape: Sequence[int] | None = None
    ) -> Iterator[tuple[int, ...]]:
        """Coordinates of the chunks in C order: of all, or of a box of the grid."""
        first = [0] * self.ndim if origin is None else list(origin)
        counts = selection_shape
        if counts is None:
            counts = [n - start for n, start in zip(self.grid_shape, first, strict=True)]
        return product(*(range(start, start + n) for start, n in zip(first, counts, strict=True)))

    def iter_chunk_regions(
        self, *, origin: Sequence[int] | None = None, selection_shape: Sequence[int] | None = None
    ) -> Iterator[tuple[slice, ...]]:
        """Regions of the array that the chunks hold, in the order of `all_chunk_coords`."""
        return map(self._region, self.all_chunk_coords(origin=origin, selection_shape=selection_shape))

    def get_nchunks(self) -> int:
        """Number of chunks."""
        return int(np.prod(self.grid_shape, dtype=object))

    def update_shape(self, new_shape: tuple[int, ...]) -> ChunkGrid:
        """The grid of the array after a resize."""
        if len(new_shape) != self.ndim:
            raise ValueError(f"new_shape has {len(new_shape)} dimensions but chunk grid has {self.ndim} dimensions")
        return ChunkGrid(dimensions=tuple(d.resize(n) for d, n in zip(self.dimensions, new_shape, strict=True)))

    def _region(self, coords: Iterable[int]) -> tuple[slice, ...]:
        return tuple(
            slice(start := dimension.chunk_offset(c), start + dimension.data_size(c), 1)
            for dimension, c in zip(self.dimensions, coords, strict=True)
        )


def bound(grid: Any, shape: Sequence[int]) -> ChunkGrid:
    """A grid for an array of a shape: itself, if it knows one, or what metadata state."""
    if isinstance(grid, ChunkGrid):
        return grid
    return ChunkGrid.from_sizes(shape, getattr(grid, "chunk_shapes", None) or grid.chunk_shape)


def _dimension(size: int | Sequence[int], extent: int) -> DimensionGrid:
    if isinstance(size, int | np.integer):
        return FixedDimension(int(size), extent)
    return VaryingDimension(tuple(map(int, size)), extent)
