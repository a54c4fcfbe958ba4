"""Metadata of format 3."""

from zarr._compat.encoder import V3JsonEncoder
from zarr._compat.grids import create_chunk_grid_metadata
from zarr._compat.keys import ARRAY_METADATA_KEYS
from zarr._compat.parsing import (
    parse_codecs,
    parse_dimension_names,
    parse_node_type_array,
    parse_shapelike,
    parse_storage_transformers,
)
from zarr._compat.parsing import parse_zarr_format_3 as parse_zarr_format
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.chunk_grid import ChunkGridMetadata
from zarr._metadata.grid import RegularChunkGridMetadata, parse_chunk_grid
from zarr._metadata.grid import RegularChunkGridMetadata as RegularChunkGrid
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata
from zarr._support.public_names import public_names_of

__all__ = [
    "ARRAY_METADATA_KEYS",
    "ArrayV3Metadata",
    "ChunkGridMetadata",
    "RectilinearChunkGridMetadata",
    "RegularChunkGrid",
    "RegularChunkGridMetadata",
    "V3JsonEncoder",
    "create_chunk_grid_metadata",
    "parse_chunk_grid",
    "parse_codecs",
    "parse_dimension_names",
    "parse_node_type_array",
    "parse_shapelike",
    "parse_storage_transformers",
    "parse_zarr_format",
]

__dir__ = public_names_of(__name__)
