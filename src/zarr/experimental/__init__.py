"""What may still change."""

from zarr._grid.of_array import ChunkGrid, ChunkSpec
from zarr._support.public_names import public_names_of

__all__ = ["ChunkGrid", "ChunkSpec"]

__dir__ = public_names_of(__name__)
