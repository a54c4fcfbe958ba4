"""Misuse of data types and codecs."""

import numcodecs
import numpy as np

import zarr
import zarr.codecs
import zarr.codecs.numcodecs
import zarr.dtype
from tests.misuse.bench import Row
from tests.misuse.rows_creation import new, new2
from tests.misuse.rows_values import Odd
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

DTYPES = [
    Row("dtype: an unknown name", lambda f: new(f, dtype="int33"), TypeError, r"int33"),
    Row("dtype: a misspelt name", lambda f: new(f, dtype="flaot64"), TypeError, r"flaot64"),
    Row("dtype: a number", lambda f: new(f, dtype=3), TypeError, r"3"),
    Row("dtype: a list", lambda f: new(f, dtype=[1, 2]), TypeError, r"\[1, 2\]|dtype|list"),
    Row("dtype: an empty string", lambda f: new(f, dtype=""), TypeError, r"''|dtype"),
    Row("dtype: an object", lambda f: new(f, dtype=Odd()), TypeError, r"Odd"),
    Row("dtype: a class that is none", lambda f: new(f, dtype=Odd), ValueError, r"object|Odd"),
    Row("dtype: objects", lambda f: new(f, dtype=object), ValueError, r"object"),
    Row(
        "dtype: of an unknown document",
        lambda f: new(f, dtype={"name": "int33", "configuration": {}}),
        ValueError,
        r"int33",
    ),
    Row(
        "dtype: a document without a name",
        lambda f: new(f, dtype={"configuration": {}}),
        ValueError,
        r"configuration|dtype",
    ),
    Row(
        "dtype: a document of wrong configuration",
        lambda f: new(f, dtype={"name": "numpy.datetime64", "configuration": {"unit": "fortnight"}}),
        ValueError,
        r"fortnight|configuration|datetime64",
    ),
    Row(
        "dtype: a byte order that is none",
        lambda f: zarr.dtype.Int32(endianness="middle"),
        ValueError,
        r"middle|endian",
    ),
    Row(
        "dtype: a unit that is none",
        lambda f: zarr.dtype.DateTime64(unit="fortnight", scale_factor=1),
        ValueError,
        r"fortnight|unit",
    ),
    Row(
        "dtype: a negative scale factor",
        lambda f: zarr.dtype.TimeDelta64(unit="s", scale_factor=-1),
        ValueError,
        r"-1|scale",
    ),
    Row("dtype: a length in words", lambda f: zarr.dtype.FixedLengthUTF32(length="x"), TypeError, r"length.*'x'"),
    Row("dtype: a negative length", lambda f: zarr.dtype.RawBytes(length=-3), ValueError, r"-3|length"),
    Row("dtype: without its length", lambda f: zarr.dtype.NullTerminatedBytes(), TypeError, r"length"),
    Row("dtype: cast what does not fit", lambda f: zarr.dtype.UInt8().cast_scalar("x"), ValueError, r"'?x'?"),
    Row("dtype: cast an object", lambda f: zarr.dtype.Float64().cast_scalar(Odd()), TypeError, r"Odd"),
    Row(
        "dtype: a scalar that is no JSON of it",
        lambda f: zarr.dtype.Int8().from_json_scalar([1], zarr_format=3),
        TypeError,
        r"\[1\]|list",
    ),
    Row(
        "dtype: a float scalar of unknown word",
        lambda f: zarr.dtype.Float32().from_json_scalar("much", zarr_format=3),
        TypeError,
        r"much",
    ),
    Row(
        "dtype: from another NumPy dtype",
        lambda f: zarr.dtype.Int8.from_native_dtype(np.dtype("f4")),
        zarr.errors.DataTypeValidationError,
        r"float32",
    ),
    Row(
        "dtype: from another document",
        lambda f: zarr.dtype.Int8.from_json("float32", zarr_format=3),
        zarr.errors.DataTypeValidationError,
        r"float32",
    ),
    Row(
        "dtype: parse a wrong format",
        lambda f: zarr.dtype.parse_dtype("int8", zarr_format=7),
        ValueError,
        r"7|zarr_format|format",
    ),
]

CODECS = [
    Row("codec: gzip level too high", lambda f: GzipCodec(level=10), ValueError, r"level.*10"),
    Row("codec: gzip level a word", lambda f: GzipCodec(level="best"), TypeError, r"level.*(best|str)"),
    Row("codec: gzip level a float", lambda f: GzipCodec(level=1.5), TypeError, r"level.*(1\.5|float)"),
    Row("codec: zstd level too high", lambda f: ZstdCodec(level=100), ValueError, r"100"),
    Row("codec: zstd level a word", lambda f: ZstdCodec(level="best"), TypeError, r"best|str"),
    Row("codec: zstd checksum a word", lambda f: ZstdCodec(checksum="yes"), TypeError, r"checksum.*(yes|str)|bool"),
    Row("codec: blosc of an unknown compressor", lambda f: BloscCodec(cname="lzma"), ValueError, r"lzma"),
    Row("codec: blosc level too high", lambda f: BloscCodec(clevel=11), ValueError, r"11|clevel"),
    Row("codec: blosc level a word", lambda f: BloscCodec(clevel="x"), TypeError, r"clevel|'x'"),
    Row("codec: blosc of an unknown shuffle", lambda f: BloscCodec(shuffle="riffle"), ValueError, r"riffle"),
    Row("codec: blosc of a negative block size", lambda f: BloscCodec(blocksize=-1), ValueError, r"-1|blocksize"),
    Row("codec: blosc of a type size of zero", lambda f: BloscCodec(typesize=0), ValueError, r"0|typesize"),
    Row("codec: blosc of a type size as a word", lambda f: BloscCodec(typesize="x"), TypeError, r"typesize|'x'"),
    Row("codec: bytes of a byte order that is none", lambda f: BytesCodec(endian="middle"), ValueError, r"middle"),
    Row(
        "codec: transpose, twice the same axis",
        lambda f: new(f, filters=[TransposeCodec(order=(0, 0))]),
        ValueError,
        r"\(0, 0\)|order",
    ),
    Row(
        "codec: transpose, too many axes",
        lambda f: new(f, filters=[TransposeCodec(order=(0, 1, 2))]),
        ValueError,
        r"order|\(0, 1, 2\)",
    ),
    Row("codec: transpose, a word", lambda f: TransposeCodec(order="swap"), TypeError, r"order.*'swap'"),
    Row("codec: transpose, negative", lambda f: new(f, filters=[TransposeCodec(order=(-1, 0))]), ValueError, r"-1"),
    Row("codec: transpose, without order", lambda f: TransposeCodec(), TypeError, r"order"),
    Row(
        "codec: sharding, index at the middle",
        lambda f: ShardingCodec(chunk_shape=(2, 2), index_location="middle"),
        ValueError,
        r"middle",
    ),
    Row("codec: sharding, zero", lambda f: ShardingCodec(chunk_shape=(0, 2)), ValueError, r"0"),
    Row("codec: sharding, a float", lambda f: ShardingCodec(chunk_shape=(2.5,)), TypeError, r"2\.5|float"),
    Row(
        "codec: sharding, inner chunks that do not divide",
        lambda f: new(f, chunks=(4, 6), serializer=ShardingCodec(chunk_shape=(3, 4))),
        ValueError,
        r"divi|multiple",
    ),
    Row(
        "codec: sharding, inner chunks of another rank",
        lambda f: new(f, chunks=(4, 6), serializer=ShardingCodec(chunk_shape=(2,))),
        ValueError,
        r"\(2,\)|dimension|rank",
    ),
    Row(
        "codec: sharding, no codecs",
        lambda f: new(f, chunks=(4, 6), serializer=ShardingCodec(chunk_shape=(2, 2), codecs=())),
        ValueError,
        r"codec",
    ),
    Row(
        "codec: sharding, a compressed index",
        lambda f: new(
            f, chunks=(4, 6), serializer=ShardingCodec(chunk_shape=(2, 2), index_codecs=(BytesCodec(), GzipCodec()))
        ),
        ValueError,
        r"index|gzip|size",
    ),
    Row(
        "codecs: an unknown name",
        lambda f: new(f, compressors={"name": "brotli", "configuration": {}}),
        ValueError,
        r"brotli",
    ),
    Row(
        "codecs: an unknown name alone",
        lambda f: new(f, compressors="brotli"),
        ValueError,
        r"brotli",
        other="TypeError, as it takes no bare names",
    ),
    Row(
        "codecs: an unknown setting",
        lambda f: new(f, compressors={"name": "gzip", "configuration": {"speed": 3}}),
        TypeError,
        r"speed",
    ),
    Row(
        "codecs: a wrong setting",
        lambda f: new(f, compressors={"name": "gzip", "configuration": {"level": "x"}}),
        TypeError,
        r"level",
    ),
    Row("codecs: a number", lambda f: new(f, compressors=3), TypeError, r"3|int"),
    Row(
        "codecs: must be understood in words",
        lambda f: new(f, compressors={"name": "gzip", "configuration": {"level": 1}, "must_understand": "no"}),
        ValueError,
        r"must_understand.*'no'",
    ),
    Row("codecs: an object", lambda f: new(f, compressors=[Odd()]), TypeError, r"Odd"),
    Row(
        "codecs: a document without a name",
        lambda f: new(f, compressors={"configuration": {}}),
        ValueError,
        r"name",
        other="KeyError from within",
    ),
    Row(
        "codecs: a serializer as compressor",
        lambda f: new(f, compressors=[BytesCodec()]),
        TypeError,
        r"BytesCodec|bytes",
    ),
    Row("codecs: a compressor as filter", lambda f: new(f, filters=[GzipCodec()]), TypeError, r"GzipCodec|gzip"),
    Row(
        "codecs: a filter as serializer",
        lambda f: new(f, serializer=TransposeCodec(order=(1, 0))),
        TypeError,
        r"TransposeCodec|transpose",
    ),
    Row(
        "codecs: a filter as compressor",
        lambda f: new(f, compressors=[TransposeCodec(order=(1, 0))]),
        TypeError,
        r"TransposeCodec|transpose",
    ),
    Row("codecs: no serializer", lambda f: new(f, serializer=None), TypeError, r"serializer|None"),
    Row(
        "codecs: a text serializer for numbers",
        lambda f: new(f, serializer=zarr.codecs.VLenUTF8Codec()),
        zarr.errors.MetadataValidationError,
        r"vlen-utf8|VLenUTF8|int32",
    ),
    Row(
        "codecs: a codec of format 2 only", lambda f: new(f, filters=numcodecs.Pickle()), TypeError, r"pickle.*format 2"
    ),
    Row(
        "codecs: a codec of format 3 in format 2",
        lambda f: new2(f, compressors=GzipCodec()),
        ValueError,
        r"GzipCodec|gzip|numcodecs",
    ),
    Row(
        "codecs: format 2, two compressors",
        lambda f: new2(f, compressors=[numcodecs.Zlib(), numcodecs.GZip()]),
        TypeError,
        r"one|compressor|single",
    ),
    Row(
        "codecs: format 2, an unknown id",
        lambda f: new2(f, compressors={"id": "brotli"}),
        zarr.errors.UnknownCodecError,
        r"brotli",
    ),
    Row(
        "codecs: format 2, a document without an id",
        lambda f: new2(f, compressors={"level": 1}),
        ValueError,
        r"'id'",
        other="the UnknownCodecError of numcodecs, a ValueError",
    ),
    Row(
        "codecs: format 2, an unknown setting",
        lambda f: new2(f, compressors={"id": "zlib", "speed": 1}),
        TypeError,
        r"speed",
    ),
    Row("codecs: format 2, a number", lambda f: new2(f, compressors=3), ValueError, r"3|int"),
    Row("codecs: format 2, a filter that is none", lambda f: new2(f, filters=[Odd()]), TypeError, r"Odd"),
    Row("codecs: format 2, a serializer", lambda f: new2(f, serializer=BytesCodec()), ValueError, r"serializer"),
    Row(
        "codecs: zarr.create, compressor in format 3",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=3, compressor=numcodecs.Zlib()),
        ValueError,
        r"compressor",
    ),
    Row(
        "codecs: zarr.create, codecs in format 2",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=2, codecs=[BytesCodec()]),
        ValueError,
        r"codecs",
    ),
    Row(
        "codecs: zarr.create, filters in format 3",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=3, filters=[numcodecs.Delta("i4")]),
        ValueError,
        r"filters",
    ),
    Row(
        "codecs: zarr.create, none to bytes",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=3, codecs=[GzipCodec()]),
        ValueError,
        r"bytes|array",
    ),
    Row(
        "codecs: zarr.create, two to bytes",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=3, codecs=[BytesCodec(), BytesCodec()]),
        ValueError,
        r"bytes",
    ),
    Row(
        "codecs: zarr.create, in the wrong order",
        lambda f: zarr.create(4, dtype="i4", store={}, zarr_format=3, codecs=[GzipCodec(), BytesCodec()]),
        TypeError,
        r"GzipCodec|gzip|order",
    ),
    Row(
        "codecs: from_dict of another name",
        lambda f: GzipCodec.from_dict({"name": "zstd", "configuration": {"level": 1}}),
        ValueError,
        r"zstd",
    ),
    Row(
        "codecs: crc32c with settings",
        lambda f: Crc32cCodec.from_dict({"name": "crc32c", "configuration": {"x": 1}}),
        ValueError,
        r"x|configuration",
    ),
    Row(
        "registry: a codec that is not there",
        lambda f: zarr.registry.get_codec_class("brotli"),
        zarr.errors.UnknownCodecError,
        r"brotli",
    ),
    Row(
        "numcodecs: an unknown setting",
        lambda f: new(f, compressors=zarr.codecs.numcodecs.Zlib(speed=1)),
        ValueError,
        r"speed",
    ),
]

ROWS = [*DTYPES, *CODECS]
