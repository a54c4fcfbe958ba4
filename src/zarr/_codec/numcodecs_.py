"""The codecs `numcodecs.*`, one class each: a name, a kind, and the parameters that hold data types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.base import ChunkSpec
from zarr._codec.numcodecs_base import (
    NumcodecsArrayArrayCodec,
    NumcodecsArrayBytesCodec,
    NumcodecsBytesBytesCodec,
    NumcodecsChecksumCodec,
)
from zarr._codec.raw import is_variable_length, native_dtype
from zarr._dtype.registry import parse_data_type

if TYPE_CHECKING:
    from zarr._buffer import NDBuffer
    from zarr._dtype.base import ZDType

# -- bytes -> bytes -----------------------------------------------------------------------------------------------


class Blosc(NumcodecsBytesBytesCodec):
    """`numcodecs.blosc`; prefer `BloscCodec`."""

    codec_name = "numcodecs.blosc"


class BZ2(NumcodecsBytesBytesCodec):
    """`numcodecs.bz2`: bzip2."""

    codec_name = "numcodecs.bz2"


class GZip(NumcodecsBytesBytesCodec):
    """`numcodecs.gzip`; prefer `GzipCodec`."""

    codec_name = "numcodecs.gzip"


class LZ4(NumcodecsBytesBytesCodec):
    """`numcodecs.lz4`: the decoded size as uint32, then one LZ4 block."""

    codec_name = "numcodecs.lz4"


class LZMA(NumcodecsBytesBytesCodec):
    """`numcodecs.lzma`: XZ, LZMA or raw streams."""

    codec_name = "numcodecs.lzma"


class Zlib(NumcodecsBytesBytesCodec):
    """`numcodecs.zlib`: RFC 1950 streams."""

    codec_name = "numcodecs.zlib"


class Zstd(NumcodecsBytesBytesCodec):
    """`numcodecs.zstd`; prefer `ZstdCodec`."""

    codec_name = "numcodecs.zstd"


class Shuffle(NumcodecsBytesBytesCodec):
    """`numcodecs.shuffle`: first bytes of all items, then second bytes, and so on."""

    codec_name = "numcodecs.shuffle"

    def _defaults(self, spec: ChunkSpec) -> dict[str, Any]:
        dtype = native_dtype(spec)
        return {"elementsize": 1 if is_variable_length(dtype) else max(dtype.itemsize, 1)}


class CRC32(NumcodecsChecksumCodec):
    """`numcodecs.crc32`: checksum before the data unless `location` says "end"."""

    codec_name = "numcodecs.crc32"


class CRC32C(NumcodecsChecksumCodec):
    """`numcodecs.crc32c`; prefer `Crc32cCodec`."""

    codec_name = "numcodecs.crc32c"


class Adler32(NumcodecsChecksumCodec):
    """`numcodecs.adler32`: checksum before the data unless `location` says "end"."""

    codec_name = "numcodecs.adler32"


class Fletcher32(NumcodecsChecksumCodec):
    """`numcodecs.fletcher32`: the checksum of HDF5, behind the data."""

    codec_name = "numcodecs.fletcher32"


class JenkinsLookup3(NumcodecsChecksumCodec):
    """`numcodecs.jenkins_lookup3`: the checksum of HDF5 metadata, behind the data."""

    codec_name = "numcodecs.jenkins_lookup3"


# -- array -> array -----------------------------------------------------------------------------------------------


class Delta(NumcodecsArrayArrayCodec):
    """`numcodecs.delta`: the first element, then differences."""

    codec_name = "numcodecs.delta"
    decoded_key = "dtype"
    encoded_key = "astype"

    def _encoded_fill(self, spec: ChunkSpec, data_type: ZDType[Any, Any]) -> Any:
        return data_type.default_scalar()  # what an element becomes depends on the one before it


class FixedScaleOffset(NumcodecsArrayArrayCodec):
    """`numcodecs.fixedscaleoffset`: `round((x - offset) * scale)`, cast to `astype`."""

    codec_name = "numcodecs.fixedscaleoffset"
    decoded_key = "dtype"
    encoded_key = "astype"


class Quantize(NumcodecsArrayArrayCodec):
    """`numcodecs.quantize`: floats rounded to a number of decimal digits. Loses precision."""

    codec_name = "numcodecs.quantize"
    decoded_key = "dtype"
    encoded_key = "astype"


class AsType(NumcodecsArrayArrayCodec):
    """`numcodecs.astype`: stored with another dtype."""

    codec_name = "numcodecs.astype"
    decoded_key = "decode_dtype"
    encoded_key = "encode_dtype"


class BitRound(NumcodecsArrayArrayCodec):
    """`numcodecs.bitround`: floats rounded to `keepbits` bits of mantissa. Loses precision."""

    codec_name = "numcodecs.bitround"

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data  # rounded floats are floats


class PackBits(NumcodecsArrayArrayCodec):
    """`numcodecs.packbits`: one byte with the number of padding bits, then booleans as bits, highest first."""

    codec_name = "numcodecs.packbits"

    def _check(self, spec: ChunkSpec) -> None:
        if native_dtype(spec) != np.bool_:
            raise ValueError(f"codec {self.codec_name!r} stores booleans only, not data type {native_dtype(spec)}")
        _ = self.numcodec

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        if dtype.to_native_dtype() != np.bool_:
            raise ValueError(f"codec {self.codec_name!r} stores booleans only, not data type {dtype}")

    def _encoded_dtype(self, spec: ChunkSpec) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def resolve_metadata(self, chunk_spec: ChunkSpec) -> ChunkSpec:
        n_elements = int(np.prod(chunk_spec.shape, dtype=object))
        data_type = parse_data_type(np.dtype(np.uint8), zarr_format=3)
        return chunk_spec.replace(shape=(1 + -(-n_elements // 8),), dtype=data_type, fill_value=np.uint8(0))


# -- array -> bytes -----------------------------------------------------------------------------------------------


class PCodec(NumcodecsArrayBytesCodec):
    """`numcodecs.pcodec`: lossless compression of numbers. Needs the package pcodec."""

    codec_name = "numcodecs.pcodec"


class ZFPY(NumcodecsArrayBytesCodec):
    """`numcodecs.zfpy`: ZFP streams with a header. Needs the package zfpy."""

    codec_name = "numcodecs.zfpy"
