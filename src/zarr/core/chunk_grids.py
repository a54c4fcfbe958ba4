"""How an array is cut into chunks."""

from zarr._compat.grids import (
    SHARDED_INNER_CHUNK_MAX_BYTES,
    full_span_chunk_size,
    guess_chunks,
    is_regular_1d,
    is_regular_nd,
    normalize_chunks_1d,
    normalize_chunks_nd,
)
from zarr._grid.of_array import ChunkGrid, ChunkSpec, FixedDimension, VaryingDimension
from zarr._metadata.grid import RegularChunkGridMetadata as RegularChunkGrid
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata as RectilinearChunkGrid
from zarr._support.public_names import public_names_of

__all__ = [
    "ChunkGrid",
    "ChunkSpec",
    "FixedDimension",
    "RectilinearChunkGrid",
    "RegularChunkGrid",
    "SHARDED_INNER_CHUNK_MAX_BYTES",
    "VaryingDimension",
    "full_span_chunk_size",
    "guess_chunks",
    "is_regular_1d",
    "is_regular_nd",
    "normalize_chunks_1d",
    "normalize_chunks_nd",
]

__dir__ = public_names_of(__name__)
