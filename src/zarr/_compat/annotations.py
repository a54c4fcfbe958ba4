"""What zarr-python calls the types of arguments, for the annotations of others.

Our own are in `zarr._calls.keywords`, where they exist for type checkers only. These exist when a program runs, so they can be
imported, joined with `|` and looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import EllipsisType
from typing import Any, Literal, NotRequired, SupportsIndex, TypeAlias, TypedDict, get_args

import numpy as np
import numpy.typing as npt

from zarr._buffer import NDArrayLike
from zarr._calls.keywords import NumcodecLike, ShardsDocument
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ArrayConfig, BytesBytesCodec, MemoryOrder
from zarr._dtype.base import ZDType
from zarr._dtype.documents import NamedConfig
from zarr._grid.chunk_keys import ChunkKeyEncoding, Separator
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._store.abstract import AccessMode

Document: TypeAlias = Mapping[str, Any]
NDArrayLikeOrScalar: TypeAlias = int | float | complex | bytes | str | bool | np.generic | NDArrayLike

TBaseDType: TypeAlias = np.dtype[np.generic]
TBaseScalar: TypeAlias = np.generic | str | bytes
ZDTypeLike: TypeAlias = npt.DTypeLike | ZDType[Any, Any] | Document
DateTimeUnit: TypeAlias = Literal[
    "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as", "generic"
]
ANY_ACCESS_MODE: tuple[str, ...] = get_args(AccessMode)
EndiannessStr: TypeAlias = Literal["little", "big"]

ShapeLike: TypeAlias = Iterable[SupportsIndex] | SupportsIndex
ChunkCoords: TypeAlias = tuple[int, ...]
ChunksLike: TypeAlias = (
    SupportsIndex | Iterable[SupportsIndex | Iterable[SupportsIndex]] | bool | RegularGrid | RectilinearGrid
)
ShardsLike: TypeAlias = ChunksLike | ShardsDocument | Literal["auto"]
DimensionNames: TypeAlias = Iterable[str | None] | None

CompressorLike: TypeAlias = Document | BytesBytesCodec | NumcodecLike | Literal["auto"] | None
CompressorsLike: TypeAlias = CompressorLike | Iterable[Document | BytesBytesCodec | NumcodecLike]
FilterLike: TypeAlias = Document | ArrayArrayCodec | NumcodecLike
FiltersLike: TypeAlias = FilterLike | Iterable[FilterLike] | Literal["auto"] | None
SerializerLike: TypeAlias = Document | ArrayBytesCodec | Literal["auto"]


class ChunkKeyEncodingParams(TypedDict):
    """A chunk key encoding in the short form."""

    name: Literal["v2", "default"]
    separator: NotRequired[Separator]


ChunkKeyEncodingLike: TypeAlias = Document | ChunkKeyEncodingParams | ChunkKeyEncoding | NamedConfig[str, Any]


class ArrayConfigParams(TypedDict):
    """Settings of an open array, as they are given."""

    order: NotRequired[MemoryOrder]
    write_empty_chunks: NotRequired[bool]
    read_missing_chunks: NotRequired[bool]
    sharding_coalesce_max_gap_bytes: NotRequired[int]
    sharding_coalesce_max_bytes: NotRequired[int]


ArrayConfigLike: TypeAlias = ArrayConfig | ArrayConfigParams

BasicSelector: TypeAlias = int | slice | EllipsisType
BasicSelection: TypeAlias = BasicSelector | tuple[BasicSelector, ...]
Positions: TypeAlias = list[int] | npt.NDArray[np.intp]
CoordinateSelection: TypeAlias = Positions | tuple[Positions, ...]
MaskSelection: TypeAlias = npt.NDArray[np.bool_]
OrthogonalSelector: TypeAlias = BasicSelector | Positions | MaskSelection
OrthogonalSelection: TypeAlias = OrthogonalSelector | tuple[OrthogonalSelector, ...]
Selection: TypeAlias = BasicSelection | CoordinateSelection | MaskSelection | OrthogonalSelection
