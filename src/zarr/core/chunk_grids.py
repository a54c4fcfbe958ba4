"""How an array is cut into chunks."""

from zarr._compat.chunk_grids import ChunkGrid, ChunkSpec, FixedDimension, VaryingDimension

__all__ = ["ChunkGrid", "ChunkSpec", "FixedDimension", "VaryingDimension"]
