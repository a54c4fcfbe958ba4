"""Selections chunk by chunk."""

from zarr._compat.indexing import (
    BasicIndexer,
    BlockIndexer,
    ChunkDimProjection,
    ChunkProjection,
    CoordinateIndexer,
    Indexer,
    IntDimIndexer,
    MaskIndexer,
    OrthogonalIndexer,
    Selector,
    SelectorTuple,
    SliceDimIndexer,
    get_indexer,
)

__all__ = [
    "BasicIndexer",
    "BlockIndexer",
    "ChunkDimProjection",
    "ChunkProjection",
    "CoordinateIndexer",
    "Indexer",
    "IntDimIndexer",
    "MaskIndexer",
    "OrthogonalIndexer",
    "Selector",
    "SelectorTuple",
    "SliceDimIndexer",
    "get_indexer",
]
