"""The stored forms and the choices of our codecs, as types and tuples for annotations and checks."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict, get_args

from zarr._dtype.documents import NamedConfig

BloscShuffleName: TypeAlias = Literal["noshuffle", "shuffle", "bitshuffle"]
BloscCompressorName: TypeAlias = Literal["lz4", "lz4hc", "blosclz", "snappy", "zlib", "zstd"]
EndianName: TypeAlias = Literal["little", "big"]
IndexLocation: TypeAlias = Literal["start", "end"]
SubchunkWriteOrder: TypeAlias = Literal["morton", "unordered", "lexicographic", "colexicographic"]

BLOSC_SHUFFLE = get_args(BloscShuffleName)
BLOSC_CNAME = get_args(BloscCompressorName)
ENDIAN = get_args(EndianName)
INDEX_LOCATION = get_args(IndexLocation)
SUBCHUNK_WRITE_ORDER = get_args(SubchunkWriteOrder)

# Names that stand for a codec alone. Codecs with parameters, and those of other packages, are given as documents.
FilterName: TypeAlias = Literal[
    "numcodecs.astype",
    "numcodecs.bitround",
    "numcodecs.delta",
    "numcodecs.fixedscaleoffset",
    "numcodecs.packbits",
    "numcodecs.quantize",
    "scale_offset",
    "zarrs.squeeze",
]
SerializerName: TypeAlias = Literal[
    "bytes",
    "numcodecs.pcodec",
    "numcodecs.vlen-bytes",
    "numcodecs.vlen-utf8",
    "numcodecs.zfpy",
    "packbits",
    "vlen-bytes",
    "vlen-utf8",
    "zarrs.vlen_v2",
]
CompressorName: TypeAlias = Literal[
    "blosc",
    "crc32c",
    "gzip",
    "numcodecs.adler32",
    "numcodecs.base64",
    "numcodecs.blosc",
    "numcodecs.bz2",
    "numcodecs.crc32",
    "numcodecs.crc32c",
    "numcodecs.fletcher32",
    "numcodecs.gzip",
    "numcodecs.jenkins_lookup3",
    "numcodecs.lz4",
    "numcodecs.lzma",
    "numcodecs.shuffle",
    "numcodecs.zlib",
    "numcodecs.zstd",
    "zstd",
]
CodecName: TypeAlias = FilterName | SerializerName | CompressorName


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
