"""Arrays."""

from zarr._calls.arrays import DEFAULT_FILL_VALUE
from zarr._calls.keywords import ShardsDocument as ShardsConfigParam
from zarr._compat.annotations import CompressorLike, CompressorsLike, FiltersLike, SerializerLike, ShardsLike
from zarr._compat.arrays import default_filters_v2, default_serializer_v3, init_array
from zarr._compat.arrays import get_chunk_spec as _get_chunk_spec
from zarr._compat.arrays import iter_chunk_coords as _iter_chunk_coords
from zarr._compat.arrays import iter_chunk_regions as _iter_chunk_regions
from zarr._compat.arrays import iter_shard_coords as _iter_shard_coords
from zarr._compat.arrays import iter_shard_keys as _iter_shard_keys
from zarr._compat.arrays import iter_shard_regions as _iter_shard_regions
from zarr._compat.arrays import parse_keep_array_attr as _parse_keep_array_attr
from zarr._faces.array import Array
from zarr._faces.async_array import AsyncArray
from zarr._support.public_names import public_names_of
from zarr.api.asynchronous import create_array, from_array

__all__ = [
    "Array",
    "AsyncArray",
    "CompressorLike",
    "CompressorsLike",
    "DEFAULT_FILL_VALUE",
    "FiltersLike",
    "SerializerLike",
    "ShardsConfigParam",
    "ShardsLike",
    "_get_chunk_spec",
    "_iter_chunk_coords",
    "_iter_chunk_regions",
    "_iter_shard_coords",
    "_iter_shard_keys",
    "_iter_shard_regions",
    "_parse_keep_array_attr",
    "create_array",
    "default_filters_v2",
    "default_serializer_v3",
    "from_array",
    "init_array",
]

__dir__ = public_names_of(__name__)
