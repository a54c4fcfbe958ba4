"""What the rest of the library knows of an array: formats 2 and 3 parse into one `ArraySpec`.

Above this module nobody asks for the format. The one question that plans and flows ask beyond shape and dtype is how
elements are laid over stored objects: a grid of chunks, each a key, and for shards one or more levels of inner grids
inside each object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.base import ArrayConfig, ChunkSpec, Codec
from zarr._dtype.base import ZDType
from zarr._support.once import once

if TYPE_CHECKING:
    from zarr._codec.documents import SubchunkWriteOrder
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._grid.grid import ChunkGrid


@dataclass(frozen=True)
class ShardLevel:
    """One level of sharding: how an object of `shape` is cut into inner chunks.

    Attributes
    ----------
    shape
        Shape of the shard in array axes (an inner shard, below the first level). None at the first level of an array whose
        shards differ: `ArraySpec.levels_at` knows that of each.
    chunk_shape
        Shape of its inner chunks, in array axes.
    axes
        Order in which the array's axes are stored: axis `i` of the shard index is array axis `axes[i]`
        (transposes may come before the sharding codec).
    index_codecs
        Codecs of the shard index.
    index_at_end
        Whether the index follows the inner chunks or precedes them.
    write_order
        Order in which inner chunks are laid, as the sharding codec names it.
    """

    shape: tuple[int, ...] | None
    chunk_shape: tuple[int, ...]
    axes: tuple[int, ...]
    index_codecs: tuple[Codec, ...]
    index_at_end: bool
    write_order: SubchunkWriteOrder = "lexicographic"

    @once
    def chunks_per_shard(self) -> tuple[int, ...]:
        """Inner chunks along each array axis."""
        return tuple(-(-n // c) for n, c in zip(self.known_shape, self.chunk_shape, strict=True))

    @property
    def known_shape(self) -> tuple[int, ...]:
        """The shape, of the level of one object."""
        if self.shape is None:
            raise ValueError("shards differ in shape: ask for the levels of one of them")
        return self.shape

    @property
    def is_even(self) -> bool:
        """Whether all inner chunks have the same shape. Otherwise the last ones along an axis are shorter."""
        shape = self.shape or ()  # shards that differ are divided by their inner chunks
        return not any(n % c for n, c in zip(shape, self.chunk_shape, strict=False))

    @once
    def n_chunks(self) -> int:
        """Inner chunks in one shard."""
        return int(np.prod(self.chunks_per_shard, dtype=object))

    def index_position(self, coords: tuple[int, ...]) -> int:
        """Row of the shard index that holds the inner chunk at `coords` (array axes, within the shard)."""
        per_shard = self.chunks_per_shard
        position = 0
        for axis in self.axes:
            position = position * per_shard[axis] + coords[axis]
        return position


@dataclass(frozen=True)
class ArraySpec:
    """One array, in either format.

    Attributes
    ----------
    shape
        In elements.
    data_type, fill_value
        Stored data type and the scalar that absent elements read as.
    grid
        Cuts the domain into chunks: the stored objects.
    keys
        Turns chunk coordinates into key suffixes.
    codecs
        The whole chain, from array to bytes, evolved and validated.
    config
        Settings that are not stored.
    levels
        Levels of sharding that plans resolve, outermost first; empty if chunks are not shards.
    inner_codecs
        Chain of the innermost chunks: `codecs` itself if there are no levels.
    """

    shape: tuple[int, ...]
    data_type: ZDType[Any, Any]
    fill_value: Any
    grid: ChunkGrid
    keys: ChunkKeyEncoding
    codecs: tuple[Codec, ...]
    config: ArrayConfig
    levels: tuple[ShardLevel, ...] = ()
    inner_codecs: tuple[Codec, ...] = ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @once
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of arrays in memory."""
        dtype: np.dtype[Any] = self.data_type.to_native_dtype()
        return dtype

    def levels_at(self, coords: tuple[int, ...]) -> tuple[ShardLevel, ...]:
        """The levels of sharding of one stored object."""
        if not self.levels or self.levels[0].shape is not None:
            return self.levels
        shape = self.grid.chunk_shape(coords)
        known = self._levels_by_shape
        found = known.get(shape)  # each shape has one level, which others may keep facts about
        return found or known.setdefault(shape, (replace(self.levels[0], shape=shape), *self.levels[1:]))

    @once
    def _levels_by_shape(self) -> dict[tuple[int, ...], tuple[ShardLevel, ...]]:
        return {}

    def chunk_spec(self, shape: tuple[int, ...]) -> ChunkSpec:
        """The spec of a chunk of `shape` as its codecs see it."""
        return ChunkSpec(shape, self.data_type, self.fill_value, self.config)
