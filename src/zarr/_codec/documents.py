"""The stored forms and the choices of our codecs, as types and tuples for annotations and checks."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from zarr._dtype.documents import NamedConfig

BLOSC_SHUFFLE = ("noshuffle", "shuffle", "bitshuffle")
BLOSC_CNAME = ("lz4", "lz4hc", "blosclz", "snappy", "zlib", "zstd")
ENDIAN = ("little", "big")
INDEX_LOCATION = ("start", "end")
SUBCHUNK_WRITE_ORDER = ("morton", "unordered", "lexicographic", "colexicographic")


class BloscConfigV2(TypedDict):
    """Format 2, beside the id."""

    cname: str
    clevel: int
    shuffle: int
    blocksize: int
    typesize: int | None


class BloscConfigV3(TypedDict):
    """Format 3."""

    cname: str
    clevel: int
    shuffle: str
    blocksize: int
    typesize: int


BloscJSON_V3: TypeAlias = NamedConfig[Literal["blosc"], BloscConfigV3]
