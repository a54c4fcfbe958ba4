"""Type aliases for annotations."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from zarr._dtype.base import ZarrFormat
from zarr._dtype.documents import DTypeConfig_V2
from zarr._faces.array import Array
from zarr._faces.async_array import AsyncArray
from zarr._support.public_names import public_names_of

JSON: TypeAlias = str | int | float | bool | Mapping[str, "JSON"] | Sequence["JSON"] | None
DTypeJSON: TypeAlias = str | int | float | Sequence["DTypeJSON"] | Mapping[str, object] | None


AnyArray: TypeAlias = Array
AnyAsyncArray: TypeAlias = AsyncArray
ArrayV2: TypeAlias = Array
ArrayV3: TypeAlias = Array
AsyncArrayV2: TypeAlias = AsyncArray
AsyncArrayV3: TypeAlias = AsyncArray

__all__ = [
    "JSON",
    "AnyArray",
    "AnyAsyncArray",
    "ArrayV2",
    "ArrayV3",
    "AsyncArrayV2",
    "AsyncArrayV3",
    "DTypeConfig_V2",
    "DTypeJSON",
    "ZarrFormat",
]

__dir__ = public_names_of(__name__)
