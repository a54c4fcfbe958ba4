"""The `numcodecs.*` codecs of format 3: compressors, checksums and filters of the package numcodecs."""

from zarr._codec.numcodecs_ import (
    BZ2,
    CRC32,
    CRC32C,
    LZ4,
    LZMA,
    ZFPY,
    Adler32,
    AsType,
    Base64,
    BitRound,
    Blosc,
    Delta,
    FixedScaleOffset,
    Fletcher32,
    GZip,
    JenkinsLookup3,
    PackBits,
    PCodec,
    Quantize,
    Shuffle,
    Zlib,
    Zstd,
)
from zarr._codec.numcodecs_base import NumcodecsArrayArrayCodec as _NumcodecsArrayArrayCodec
from zarr._codec.numcodecs_base import NumcodecsArrayBytesCodec as _NumcodecsArrayBytesCodec
from zarr._codec.numcodecs_base import NumcodecsBytesBytesCodec as _NumcodecsBytesBytesCodec
from zarr._codec.numcodecs_base import NumcodecsCodec as _NumcodecsCodec
from zarr._support.public_names import public_names_of

__all__ = [
    "BZ2",
    "CRC32",
    "CRC32C",
    "LZ4",
    "LZMA",
    "ZFPY",
    "Adler32",
    "AsType",
    "Base64",
    "BitRound",
    "Blosc",
    "Delta",
    "FixedScaleOffset",
    "Fletcher32",
    "GZip",
    "JenkinsLookup3",
    "PCodec",
    "PackBits",
    "Quantize",
    "Shuffle",
    "Zlib",
    "Zstd",
    "_NumcodecsArrayArrayCodec",
    "_NumcodecsArrayBytesCodec",
    "_NumcodecsBytesBytesCodec",
    "_NumcodecsCodec",
]

__dir__ = public_names_of(__name__)
