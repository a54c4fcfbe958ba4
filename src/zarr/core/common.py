"""Types and checks that codecs of others import, and coroutines many at once."""

from zarr._buffer import BytesLike
from zarr._codec.base import MemoryOrder
from zarr._compat.annotations import ANY_ACCESS_MODE, ChunkCoords, ChunksLike, DimensionNames, ShapeLike
from zarr._compat.grids import compress_rle, expand_rle
from zarr._compat.keys import ZARR_JSON, ZARRAY_JSON, ZATTRS_JSON, ZGROUP_JSON, ZMETADATA_V2_JSON
from zarr._compat.parsing import (
    ceildiv,
    ceildiv_int,
    parse_bool,
    parse_int,
    parse_name,
    parse_named_configuration,
    parse_order,
    parse_shapelike,
    product,
)
from zarr._compat.sync import concurrent_foreach, concurrent_iter, concurrent_map
from zarr._dtype.base import ZarrFormat
from zarr._dtype.documents import NamedConfig
from zarr._store.abstract import AccessMode as AccessModeLiteral
from zarr._support.public_names import public_names_of
from zarr.types import JSON

__all__ = [
    "ANY_ACCESS_MODE",
    "AccessModeLiteral",
    "BytesLike",
    "ChunkCoords",
    "ChunksLike",
    "DimensionNames",
    "JSON",
    "MemoryOrder",
    "NamedConfig",
    "ShapeLike",
    "ZARRAY_JSON",
    "ZARR_JSON",
    "ZATTRS_JSON",
    "ZGROUP_JSON",
    "ZMETADATA_V2_JSON",
    "ZarrFormat",
    "ceildiv",
    "ceildiv_int",
    "compress_rle",
    "concurrent_foreach",
    "concurrent_iter",
    "concurrent_map",
    "expand_rle",
    "parse_bool",
    "parse_int",
    "parse_name",
    "parse_named_configuration",
    "parse_order",
    "parse_shapelike",
    "product",
]

__dir__ = public_names_of(__name__)
