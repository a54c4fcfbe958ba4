"""What both faces of an array show without any I/O, and the small conversions that their methods share."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from zarr._codec.base import ArrayBytesCodec, ArrayConfig
from zarr._faces.dask_tokens import node_token
from zarr._faces.info import ArrayInfo, human_size
from zarr._flow import elements, inventory, resize
from zarr._grid.grid import RegularGrid
from zarr._metadata.formats import layout_of
from zarr._support.imports_on_use import importing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from zarr._flow.node import ArrayNode
    from zarr._flow.requests import Flow
    from zarr._grid.of_array import ChunkGrid
    from zarr._metadata.group import ArrayMetadata
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath


class ArrayProperties:
    """Read-only facts about an array, taken from its metadata."""

    _node: ArrayNode

    @property
    def metadata(self) -> ArrayMetadata:
        """Parsed metadata document."""
        return self._node.metadata

    @property
    def store_path(self) -> StorePath:
        """Store and path of the array."""
        return self._node.store_path

    @property
    def store(self) -> Store:
        """The store that holds the array."""
        return self._node.store_path.store

    @property
    def path(self) -> str:
        """Path in the store, without a leading slash."""
        return self._node.path

    @property
    def name(self) -> str:
        """Path in the store, with a leading slash."""
        return f"/{self._node.path}"

    @property
    def basename(self) -> str:
        """Last part of the path."""
        return self._node.path.rpartition("/")[2]

    @property
    def read_only(self) -> bool:
        """Whether writing through this array is refused."""
        return self._node.store_path.store.read_only

    @property
    def config(self) -> ArrayConfig:
        """Settings of this open array that are not stored."""
        return self._node.config

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension, in elements."""
        return self._node.metadata.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the elements in memory."""
        return self._node.view.spec.dtype

    @property
    def nbytes(self) -> int:
        """Size of the elements in memory, in bytes; not what is stored."""
        return self.size * self.dtype.itemsize

    @property
    def fill_value(self) -> Any:
        """Value that absent elements read as."""
        return self._node.metadata.fill_value

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the chunks that are read one by one: inner chunks, if the array is sharded.

        NotImplementedError where they differ: `read_chunk_sizes` has the length of each.
        """
        return self._node.metadata.chunks

    @property
    def shards(self) -> tuple[int, ...] | None:
        """Shape of the shards; None if the array is not sharded.

        NotImplementedError where they differ: `write_chunk_sizes` has the length of each.
        """
        return self._node.metadata.shards

    @property
    def filters(self) -> tuple[Any, ...]:
        """Array-to-array codecs, of the inner chunks if the array is sharded; in format 2 all filters."""
        return self._node.metadata.filters or ()

    @property
    def serializer(self) -> ArrayBytesCodec | None:
        """The codec that makes bytes of elements, of the inner chunks if the array is sharded; None in format 2."""
        return self._node.metadata.serializer

    @property
    def compressors(self) -> tuple[Any, ...]:
        """Codecs from bytes to bytes, of the inner chunks if the array is sharded; in format 2 the compressor."""
        return self._node.metadata.compressors

    @property
    def compressor(self) -> Any:
        """The compressor of a format 2 array.

        Raises
        ------
        TypeError
            If the array is of format 3.
        """
        metadata = self._node.metadata
        return layout_of(metadata).compressor_of(metadata)

    @property
    def read_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Lengths of the chunks that are read one by one, along each dimension, cut to the array."""
        metadata = self._node.metadata
        return metadata.read_grid.sizes(metadata.shape)

    @property
    def write_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Lengths of the stored objects (shards, or chunks), along each dimension, cut to the array."""
        metadata = self._node.metadata
        return metadata.chunk_grid.to_grid().sizes(metadata.shape)

    @property
    def chunks_per_object(self) -> int:
        """Chunks in each stored object: more than one if the array is sharded. NotImplementedError where that differs."""
        if self.shards is None:
            return 1
        return math.prod(s // c for s, c in zip(self.shards, self.chunks, strict=True))

    @property
    def info(self) -> ArrayInfo:
        """The facts that need no look into the store, as a table."""
        return self._info()

    def _complete_info(self) -> Flow[ArrayInfo]:
        """All facts, with what is stored."""
        n_stored = len((yield from inventory.stored_chunks(self._node)))
        return self._info(n_stored, (yield from inventory.stored_nbytes(self.store_path)))

    def _info(self, n_stored: int | None = None, nbytes_stored: int | None = None) -> ArrayInfo:
        metadata = self.metadata
        rows: list[tuple[str, object]] = [
            ("Type", "Array"),
            ("Zarr format", metadata.zarr_format),
            ("Data type", metadata.dtype),
            ("Fill value", metadata.fill_value),
            ("Shape", self.shape),
        ]
        if metadata.is_sharded:
            rows.append(("Shard shape", _DIFFERENT if metadata.chunk_grid.chunk_shape is None else metadata.shards))
        rows += [
            ("Chunk shape", _chunk_shape_of(metadata)),
            ("Order", self.order),
            ("Read-only", self.read_only),
            ("Store type", type(self.store).__name__),
            ("Filters", self.filters),
        ]
        if self.serializer is not None:
            rows.append(("Serializer", self.serializer))
        rows += [("Compressors", self.compressors), ("No. bytes", human_size(self.nbytes))]
        if nbytes_stored is not None:
            rows.append(("No. bytes stored", human_size(nbytes_stored)))
            if nbytes_stored:
                rows.append(("Storage ratio", f"{self.nbytes / nbytes_stored:.1f}"))
        if n_stored is not None:
            rows.append((f"{'Shards' if metadata.is_sharded else 'Chunks'} Initialized", n_stored))
        return ArrayInfo(rows=tuple(rows), n_stored=n_stored, nbytes_stored=nbytes_stored)

    def _count_stored(self) -> Flow[int]:
        """Number of chunks that are stored; in a sharded array, those of the stored shards."""
        metadata = self._node.metadata
        stored = yield from inventory.stored_coordinates(self._node)
        if not metadata.is_sharded:
            return len(stored)
        if metadata.chunk_grid.chunk_shape is not None:
            return self.chunks_per_object * len(stored)
        grid, n_elements = metadata.chunk_grid.to_grid(), math.prod(metadata.chunks)
        return sum(math.prod(grid.chunk_shape(coords)) // n_elements for coords in stored)

    def _appending(self, data: npt.ArrayLike, axis: int) -> Flow[tuple[int, ...]]:
        """Write data behind the end of an axis; the new shape."""
        values = elements.as_addition(data, self._node.view.spec)
        return resize.append(self._node, values, check_axis(axis, self.ndim))

    @property
    def order(self) -> str:
        """Memory layout of arrays that reads return (format 2: of the elements inside a chunk)."""
        return getattr(self._node.metadata, "order", self._node.config.order)

    @property
    def cdata_shape(self) -> tuple[int, ...]:
        """Number of chunks (inner chunks, if sharded) along each dimension."""
        metadata = self._node.metadata
        return metadata.read_grid.counts(metadata.shape)

    def _repr_html_(self) -> str | None:
        """The array as notebooks show it: its facts, with chunks and shards drawn to scale. Nothing is asked of the store."""
        with importing("zarr._faces.html"):
            from zarr._faces.html import array_html
        return array_html(self)

    def __dask_tokenize__(self) -> object:
        """What Dask tells this array from others by: its place, its metadata and settings, and not its elements."""
        return node_token("zarr.Array", self._node, self._node.config)

    # -- what zarr-python tells of chunks and shards under private names ------------------------------------------

    @property
    def _chunk_grid(self) -> ChunkGrid:
        """The grid of the stored objects (shards, or chunks), which knows the array's shape."""
        with importing("zarr._grid.of_array"):
            from zarr._grid.of_array import bound

        return bound(self._node.metadata.chunk_grid, self.shape)

    @property
    def _read_grid(self) -> ChunkGrid:
        """The same of the chunks that are read one by one."""
        with importing("zarr._grid.of_array"):
            from zarr._grid.of_array import ChunkGrid

        grid = self._node.metadata.read_grid
        return ChunkGrid.from_sizes(self.shape, grid.shape if isinstance(grid, RegularGrid) else self.read_chunk_sizes)

    @property
    def _chunk_grid_shape(self) -> tuple[int, ...]:
        return self.cdata_shape

    @property
    def _shard_grid_shape(self) -> tuple[int, ...]:
        return self._chunk_grid.grid_shape

    @property
    def _nshards(self) -> int:
        return self._chunk_grid.get_nchunks()

    def _iter_chunk_coords(self, **part: Sequence[int] | None) -> Iterator[tuple[int, ...]]:
        """Coordinates of chunks in C order; of all, or of a box of the grid by `origin` and `selection_shape`."""
        return self._read_grid.all_chunk_coords(**part)

    def _iter_chunk_regions(self, **part: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
        """Regions of chunks, in that order."""
        return self._read_grid.iter_chunk_regions(**part)

    def _iter_shard_coords(self, **part: Sequence[int] | None) -> Iterator[tuple[int, ...]]:
        """Coordinates of the stored objects."""
        return self._chunk_grid.all_chunk_coords(**part)

    def _iter_shard_regions(self, **part: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
        """Regions of the stored objects."""
        return self._chunk_grid.iter_chunk_regions(**part)

    def _iter_shard_keys(self, **part: Sequence[int] | None) -> Iterator[str]:
        """Keys of the stored objects, below the array."""
        return map(self._node.metadata.encode_chunk_key, self._iter_shard_coords(**part))

    @property
    def nchunks(self) -> int:
        """Number of chunks, stored or not."""
        return math.prod(self.cdata_shape)

    @property
    def engine(self) -> str:
        """Name of the engine that encodes and decodes this array."""
        return self._node.view.pipeline.engine


_DIFFERENT = "<variable>"
"""Where chunks have no one shape; in zarr-python's word."""


def _chunk_shape_of(metadata: ArrayMetadata) -> object:
    uneven = metadata.chunk_grid.chunk_shape is None and not metadata.is_sharded
    return _DIFFERENT if uneven else metadata.chunks


def check_axis(axis: int, ndim: int) -> int:
    """An axis of an array of `ndim` dimensions, counted from 0; negative axes count from the end."""
    number = operator.index(axis)
    if not -ndim <= number < ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array of dimension {ndim}")
    return number % ndim
