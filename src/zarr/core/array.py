"""Arrays."""

from zarr._calls.arrays import DEFAULT_FILL_VALUE
from zarr._calls.keywords import ShardsDocument as ShardsConfigParam
from zarr._compat.annotations import CompressorLike, CompressorsLike, FiltersLike, SerializerLike, ShardsLike
from zarr._compat.arrays import init_array
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
    "_parse_keep_array_attr",
    "create_array",
    "from_array",
    "init_array",
]

__dir__ = public_names_of(__name__)
