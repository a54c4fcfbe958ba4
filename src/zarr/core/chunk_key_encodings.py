"""Chunk key encodings, for those who write one."""

from zarr._keys import ChunkKeyEncoding, DefaultChunkKeyEncoding, V2ChunkKeyEncoding

__all__ = ["ChunkKeyEncoding", "DefaultChunkKeyEncoding", "V2ChunkKeyEncoding"]
