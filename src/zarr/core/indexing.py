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
from zarr._support.public_names import public_names_of

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

__dir__ = public_names_of(__name__)
