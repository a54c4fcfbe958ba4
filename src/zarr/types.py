"""Type aliases for annotations."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

from zarr._array import Array
from zarr._async_array import AsyncArray
from zarr._dtype.base import ZarrFormat

JSON: TypeAlias = str | int | float | bool | Mapping[str, "JSON"] | Sequence["JSON"] | None
DTypeJSON: TypeAlias = str | int | float | Sequence["DTypeJSON"] | Mapping[str, object] | None


class DTypeConfig_V2(TypedDict):  # noqa: N801  # zarr-python's name
    """What format 2 says of a data type: its type string (or field list), and the object codec among the filters."""

    name: Any
    object_codec_id: str | None


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
