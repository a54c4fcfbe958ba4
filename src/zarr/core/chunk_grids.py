"""How an array is cut into chunks."""

from zarr._grid.of_array import ChunkGrid, ChunkSpec, FixedDimension, VaryingDimension
from zarr._metadata.grid import RegularChunkGridMetadata as RegularChunkGrid
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata as RectilinearChunkGrid
from zarr._support.public_names import public_names_of

__all__ = ["ChunkGrid", "ChunkSpec", "FixedDimension", "RectilinearChunkGrid", "RegularChunkGrid", "VaryingDimension"]

__dir__ = public_names_of(__name__)
