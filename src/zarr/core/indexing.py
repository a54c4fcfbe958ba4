"""Selections chunk by chunk."""

from zarr._compat.annotations import (
    BasicSelection,
    BasicSelector,
    CoordinateSelection,
    MaskSelection,
    OrthogonalSelection,
    Selection,
)
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
    colexicographic_order_coords,
    get_indexer,
    lexicographic_order_coords,
    morton_order_coords,
)
from zarr._compat.parsing import is_integer
from zarr._compat.selections import iter_grid as _iter_grid
from zarr._compat.selections import iter_regions as _iter_regions
from zarr._compat.selections import (
    make_slice_selection,
    normalize_integer_selection,
    oindex,
    oindex_set,
    replace_ellipsis,
)
from zarr._faces.async_array import AsyncOIndex, AsyncVIndex
from zarr._faces.indexing import BlockIndex, OIndex, VIndex
from zarr._support.public_names import public_names_of

__all__ = [
    "AsyncOIndex",
    "AsyncVIndex",
    "BasicIndexer",
    "BasicSelection",
    "BasicSelector",
    "BlockIndex",
    "BlockIndexer",
    "ChunkDimProjection",
    "ChunkProjection",
    "CoordinateIndexer",
    "CoordinateSelection",
    "Indexer",
    "IntDimIndexer",
    "MaskIndexer",
    "MaskSelection",
    "OIndex",
    "OrthogonalIndexer",
    "OrthogonalSelection",
    "Selection",
    "Selector",
    "SelectorTuple",
    "SliceDimIndexer",
    "VIndex",
    "_iter_grid",
    "_iter_regions",
    "colexicographic_order_coords",
    "get_indexer",
    "is_integer",
    "lexicographic_order_coords",
    "make_slice_selection",
    "morton_order_coords",
    "normalize_integer_selection",
    "oindex",
    "oindex_set",
    "replace_ellipsis",
]

__dir__ = public_names_of(__name__)
