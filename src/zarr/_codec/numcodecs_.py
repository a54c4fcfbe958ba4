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


class Base64(NumcodecsBytesBytesCodec):
    """`numcodecs.base64`: text of the 64 letters, digits and signs of RFC 4648.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Base64
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Base64()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.base64"


class Blosc(NumcodecsBytesBytesCodec):
    """`numcodecs.blosc`; prefer `BloscCodec`.

    Parameters
    ----------
    cname, clevel, shuffle, blocksize
        As in `numcodecs.Blosc`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Blosc
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Blosc(cname="lz4")])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.blosc"


class BZ2(NumcodecsBytesBytesCodec):
    """`numcodecs.bz2`: bzip2.

    Parameters
    ----------
    level
        From 1, fast, to 9, small.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import BZ2
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[BZ2(level=9)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.bz2"


class GZip(NumcodecsBytesBytesCodec):
    """`numcodecs.gzip`; prefer `GzipCodec`.

    Parameters
    ----------
    level
        From 0, fast, to 9, small.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import GZip
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[GZip(level=5)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.gzip"


class LZ4(NumcodecsBytesBytesCodec):
    """`numcodecs.lz4`: the decoded size as uint32, then one LZ4 block.

    Parameters
    ----------
    acceleration
        Larger is faster and compresses less.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import LZ4
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[LZ4(acceleration=1)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.lz4"


class LZMA(NumcodecsBytesBytesCodec):
    """`numcodecs.lzma`: XZ, LZMA or raw streams.

    Parameters
    ----------
    format, check, preset, filters
        As in Python's `lzma`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import LZMA
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[LZMA(preset=1)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.lzma"


class Zlib(NumcodecsBytesBytesCodec):
    """`numcodecs.zlib`: RFC 1950 streams.

    Parameters
    ----------
    level
        From 0, fast, to 9, small.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Zlib
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Zlib(level=5)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.zlib"


class Zstd(NumcodecsBytesBytesCodec):
    """`numcodecs.zstd`; prefer `ZstdCodec`.

    Parameters
    ----------
    level, checksum
        As in `ZstdCodec`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Zstd
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Zstd(level=5)])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.zstd"


class Shuffle(NumcodecsBytesBytesCodec):
    """`numcodecs.shuffle`: first bytes of all items, then second bytes, and so on. A compressor after it finds more.

    Parameters
    ----------
    elementsize
        Bytes per item; the data type's if not given.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Shuffle
    >>> from zarr.codecs import GzipCodec
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Shuffle(), GzipCodec()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.shuffle"

    def _defaults(self, spec: ChunkSpec) -> dict[str, Any]:
        dtype = native_dtype(spec)
        return {"elementsize": 1 if is_variable_length(dtype) else max(dtype.itemsize, 1)}


class CRC32(NumcodecsChecksumCodec):
    """`numcodecs.crc32`: a checksum before the data unless `location` says "end".

    Parameters
    ----------
    location
        `"start"` or `"end"`: before or behind the data.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import CRC32
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[CRC32()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.crc32"


class CRC32C(NumcodecsChecksumCodec):
    """`numcodecs.crc32c`; prefer `Crc32cCodec`.

    Parameters
    ----------
    location
        `"start"` or `"end"`: before or behind the data.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import CRC32C
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[CRC32C()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.crc32c"


class Adler32(NumcodecsChecksumCodec):
    """`numcodecs.adler32`: a checksum before the data unless `location` says "end".

    Parameters
    ----------
    location
        `"start"` or `"end"`: before or behind the data.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Adler32
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Adler32()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.adler32"


class Fletcher32(NumcodecsChecksumCodec):
    """`numcodecs.fletcher32`: the checksum of HDF5, behind the data.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Fletcher32
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[Fletcher32()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.fletcher32"


class JenkinsLookup3(NumcodecsChecksumCodec):
    """`numcodecs.jenkins_lookup3`: the checksum of HDF5 metadata, behind the data.

    Parameters
    ----------
    initval, prefix
        As in `numcodecs.checksum32.JenkinsLookup3`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import JenkinsLookup3
    >>> zarr.create_array({}, data=np.arange(4.0), compressors=[JenkinsLookup3()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.jenkins_lookup3"


# -- array -> array -----------------------------------------------------------------------------------------------


class Delta(NumcodecsArrayArrayCodec):
    """`numcodecs.delta`: the first element, then differences.

    Parameters
    ----------
    dtype
        Of the elements; the array's if not given.
    astype
        Of what is stored; `dtype` if not given.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Delta
    >>> zarr.create_array({}, data=np.arange(4.0), filters=[Delta()])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.delta"
    decoded_key = "dtype"
    encoded_key = "astype"

    def _encoded_fill(self, spec: ChunkSpec, data_type: ZDType[Any, Any]) -> Any:
        return data_type.default_scalar()  # what an element becomes depends on the one before it


class FixedScaleOffset(NumcodecsArrayArrayCodec):
    """`numcodecs.fixedscaleoffset`: `round((x - offset) * scale)`, cast to `astype`. Loses precision.

    Parameters
    ----------
    offset, scale
        Numbers.
    dtype, astype
        Of the elements, and of what is stored.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import FixedScaleOffset
    >>> zarr.create_array(
    ...     {}, data=np.array([10.12, 11.5]), filters=[FixedScaleOffset(offset=10, scale=10, dtype="f8", astype="u1")]
    ... )[:]
    array([10.1, 11.5])
    """

    codec_name = "numcodecs.fixedscaleoffset"
    decoded_key = "dtype"
    encoded_key = "astype"


class Quantize(NumcodecsArrayArrayCodec):
    """`numcodecs.quantize`: floats rounded to a number of decimal digits. Loses precision.

    Parameters
    ----------
    digits
        Digits that are kept.
    dtype, astype
        Of the elements, and of what is stored.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import Quantize
    >>> zarr.create_array({}, data=np.array([0.51, 0.26]), filters=[Quantize(digits=1, dtype="f8")])[:]
    array([0.5 , 0.25])
    """

    codec_name = "numcodecs.quantize"
    decoded_key = "dtype"
    encoded_key = "astype"


class AsType(NumcodecsArrayArrayCodec):
    """`numcodecs.astype`: stored with another dtype.

    Parameters
    ----------
    encode_dtype, decode_dtype
        Of what is stored, and of the elements.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import AsType
    >>> zarr.create_array({}, data=np.arange(4.0), filters=[AsType(encode_dtype="f4", decode_dtype="f8")])[:]
    array([0., 1., 2., 3.])
    """

    codec_name = "numcodecs.astype"
    decoded_key = "decode_dtype"
    encoded_key = "encode_dtype"


class BitRound(NumcodecsArrayArrayCodec):
    """`numcodecs.bitround`: floats rounded to `keepbits` bits of mantissa. Loses precision.

    Parameters
    ----------
    keepbits
        Bits.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import BitRound
    >>> zarr.create_array({}, data=np.array([1.0, 1.01]), filters=[BitRound(keepbits=3)])[:]
    array([1., 1.])
    """

    codec_name = "numcodecs.bitround"

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> NDBuffer:
        return chunk_data  # rounded floats are floats


class PackBits(NumcodecsArrayArrayCodec):
    """`numcodecs.packbits`: one byte with the number of padding bits, then booleans as bits, highest first.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs.numcodecs import PackBits
    >>> zarr.create_array({}, data=np.array([True, False]), filters=[PackBits()])[:]
    array([ True, False])
    """

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
    """`numcodecs.pcodec`: lossless compression of numbers, in place of the serializer. Needs the package pcodec.

    Parameters
    ----------
    level, mode_spec, delta_spec, ...
        As in `numcodecs.pcodec.PCodec`.

    Examples
    --------
    >>> from zarr.codecs.numcodecs import PCodec
    >>> PCodec(level=8).to_dict()["name"]
    'numcodecs.pcodec'
    """

    codec_name = "numcodecs.pcodec"
    takes = frozenset({"f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"})


class ZFPY(NumcodecsArrayBytesCodec):
    """`numcodecs.zfpy`: ZFP streams with a header, in place of the serializer. Needs the package zfpy.

    Parameters
    ----------
    mode, tolerance, rate, precision
        As in `numcodecs.zfpy.ZFPY`.

    Examples
    --------
    >>> from zarr.codecs.numcodecs import ZFPY
    >>> ZFPY(mode=4, tolerance=0.01).to_dict()["name"]
    'numcodecs.zfpy'
    """

    codec_name = "numcodecs.zfpy"
    takes = frozenset({"f4", "f8", "i4", "i8"})
    most_axes = 4
