"""Chunk key encodings, for those who write one."""

from zarr._compat.annotations import ChunkKeyEncodingLike, ChunkKeyEncodingParams
from zarr._grid.chunk_keys import ChunkKeyEncoding, DefaultChunkKeyEncoding, V2ChunkKeyEncoding
from zarr._support.public_names import public_names_of

__all__ = [
    "ChunkKeyEncoding",
    "ChunkKeyEncodingLike",
    "ChunkKeyEncodingParams",
    "DefaultChunkKeyEncoding",
    "V2ChunkKeyEncoding",
]

__dir__ = public_names_of(__name__)
