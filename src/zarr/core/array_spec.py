"""What a codec is told about a chunk, and the settings of an open array."""

from zarr._codec.base import ArrayConfig
from zarr._codec.base import ChunkSpec as ArraySpec

__all__ = ["ArrayConfig", "ArraySpec"]
