"""Codecs `numcodecs.*` in format 3, with numcodecs itself as the oracle."""

import pickle

import numcodecs
import numpy as np
import pytest

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec import numcodecs_
from zarr._codec.base import ChunkSpec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.chain import CodecChain
from zarr._codec.numcodec_call import decode_with
from zarr._codec.registry import parse_codec
from zarr._codec.transpose import TransposeCodec
from zarr._dtype.registry import parse_data_type
from zarr.errors import CodecError, MetadataValidationError, UnknownCodecError

INTS = np.arange(24, dtype="<i4").reshape(4, 6) ** 2
FLOATS = np.linspace(-3, 3, 24, dtype="<f4").reshape(4, 6)
BOOLS = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 1, 1]], bool)

COMPRESSORS = ["blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd", "shuffle"]
CHECKSUMS = ["crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3"]


def chain_of(array, *codecs, fill=0):
    spec = ChunkSpec(array.shape, parse_data_type(array.dtype, zarr_format=3), fill)
    return CodecChain.compile([parse_codec(c) if isinstance(c, str | dict) else c for c in codecs], spec)


def encode(chain, array):
    return chain.encode(CPUNDBuffer.from_numpy_array(array)).to_bytes()


def decode(chain, data):
    return chain.decode(CPUBuffer.from_bytes(data)).as_numpy_array()


def named(codec_id, **configuration):
    return {"name": f"numcodecs.{codec_id}", "configuration": configuration}


@pytest.mark.parametrize("codec_id", COMPRESSORS + CHECKSUMS)
def test_bytes_codecs(codec_id):
    chain = chain_of(INTS, BytesCodec(), f"numcodecs.{codec_id}")
    encoded = encode(chain, INTS)
    oracle = numcodecs.get_codec({"id": codec_id})
    assert bytes(oracle.decode(encoded)) == INTS.tobytes()
    np.testing.assert_array_equal(decode(chain, bytes(oracle.encode(INTS.tobytes()))), INTS)
    if codec_id in CHECKSUMS:
        assert chain.encoded_nbytes() == len(encoded)


@pytest.mark.parametrize("codec_id", [c for c in COMPRESSORS + CHECKSUMS if c != "shuffle"])
def test_damage_is_an_error(codec_id):
    chain = chain_of(INTS, BytesCodec(), f"numcodecs.{codec_id}")
    encoded = encode(chain, INTS)
    for damaged in (b"", encoded[:3], encoded[:-1], encoded + b"tail"):
        with pytest.raises(CodecError):
            decode(chain, damaged)


@pytest.mark.parametrize("codec_id", [c for c in COMPRESSORS if c != "shuffle"])
def test_output_is_capped(codec_id):
    bomb = numcodecs.get_codec({"id": codec_id}).encode(bytes(10**7))
    with pytest.raises(CodecError, match="at most"):
        decode(chain_of(INTS, BytesCodec(), f"numcodecs.{codec_id}"), bytes(bomb))


@pytest.mark.parametrize("codec_id", [c for c in COMPRESSORS if c != "shuffle"])
def test_empty_input(codec_id):
    codec = numcodecs.get_codec({"id": codec_id})
    assert bytes(decode_with(codec, np.frombuffer(codec.encode(b""), "u1"), 10)) == b""


def test_lzma_formats():
    filters = [{"id": 33, "preset": 1}]
    for parameters in ({"format": 2}, {"format": 3, "filters": filters}):
        chain = chain_of(INTS, BytesCodec(), named("lzma", **parameters))
        np.testing.assert_array_equal(decode(chain, encode(chain, INTS)), INTS)


@pytest.mark.parametrize(
    ("array", "stored", "parameters"),
    [
        (INTS, named("delta"), {"dtype": "i4"}),
        (INTS, named("delta", dtype="<i4", astype="<i8"), {"dtype": "i4", "astype": "i8"}),
        (
            FLOATS,
            named("fixedscaleoffset", offset=-3, scale=10, astype="uint8"),
            {"offset": -3, "scale": 10, "dtype": "f4", "astype": "u1"},
        ),
        (FLOATS, named("quantize", digits=2), {"digits": 2, "dtype": "f4"}),
        (FLOATS, named("quantize", digits=2, astype="float64"), {"digits": 2, "dtype": "f4", "astype": "f8"}),
        (FLOATS, named("bitround", keepbits=5), {"keepbits": 5}),
        (INTS, named("astype", encode_dtype="int16"), {"encode_dtype": "i2", "decode_dtype": "i4"}),
        (BOOLS, named("packbits"), {}),
        (BOOLS, named("delta"), {"dtype": "?"}),
    ],
)
@pytest.mark.parametrize("layout", ["C", "F"])
def test_array_codecs(array, stored, parameters, layout):
    oracle = numcodecs.get_codec({"id": stored["name"].removeprefix("numcodecs."), **parameters})
    chain = chain_of(array, stored, BytesCodec())
    expected = np.asarray(oracle.encode(array.copy()))
    encoded = encode(chain, np.asarray(array, order=layout))
    assert encoded == expected.tobytes()
    decoded = decode(chain, encoded)
    assert decoded.dtype == array.dtype
    if array is BOOLS:
        np.testing.assert_array_equal(decoded, array)
    else:
        again = np.asarray(oracle.decode(expected)).view(array.dtype).reshape(array.shape)
        np.testing.assert_array_equal(decoded, again)


def test_types_are_threaded_and_filled_in():
    chain = chain_of(
        INTS.astype(">i4"), TransposeCodec(order=(1, 0)), "numcodecs.delta", named("astype", encode_dtype="<i2"),
        BytesCodec(), "numcodecs.shuffle",
    )  # fmt: skip
    assert [codec.codec_config for codec in chain.codecs if hasattr(codec, "codec_config")] == [
        {"id": "delta", "dtype": "int32"},
        {"id": "astype", "encode_dtype": "<i2", "decode_dtype": "int32"},
        {"id": "shuffle", "elementsize": 2},
    ]
    np.testing.assert_array_equal(decode(chain, encode(chain, INTS.astype(">i4"))), INTS)
    assert [str(spec.dtype.to_native_dtype()) for spec in chain.specs[-2:]] == ["int16", "int16"]


def test_fill_values_are_encoded():
    chain = chain_of(FLOATS, named("fixedscaleoffset", offset=1, scale=10, astype="u1"), BytesCodec(), fill=1.5)
    assert chain.specs[1].fill_value == 5


def test_packbits_shape():
    chain = chain_of(BOOLS, "numcodecs.packbits", BytesCodec())
    assert chain.specs[1].shape == (3,)
    assert encode(chain, BOOLS)[0] == 6
    with pytest.raises(ValueError, match="booleans"):
        chain_of(INTS, "numcodecs.packbits", BytesCodec())


def test_types_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="float32"):
        chain_of(INTS, named("delta", dtype="float32"), BytesCodec())
    with pytest.raises(MetadataValidationError, match="colour"):
        chain_of(INTS, BytesCodec(), named("zlib", colour=1))


@pytest.mark.parametrize(("cls", "package"), [(numcodecs_.PCodec, "pcodec"), (numcodecs_.ZFPY, "zfpy")])
def test_optional_packages(cls, package):
    chain = chain_of(FLOATS, cls())
    try:
        __import__(package)
    except ImportError:
        with pytest.raises(UnknownCodecError, match=f"install '{package}'"):
            encode(chain, FLOATS)
    else:
        np.testing.assert_allclose(decode(chain, encode(chain, FLOATS)), FLOATS, rtol=1e-6)


def test_metadata():
    codec = numcodecs_.Zlib(level=3)
    assert codec.to_dict() == {"name": "numcodecs.zlib", "configuration": {"level": 3}}
    assert numcodecs_.Zlib.from_dict(codec.to_dict()) == codec
    assert numcodecs_.Zlib.from_dict(named("zlib", id="zlib", level=3)) == codec
    assert parse_codec("numcodecs.zlib").codec_config == {"id": "zlib"}
    assert codec != numcodecs_.Zlib(level=4)
    assert hash(codec) == hash(numcodecs_.Zlib(level=3))
    assert codec.numcodec == numcodecs.Zlib(level=3)
    assert pickle.loads(pickle.dumps(codec)) == codec
    assert repr(codec) == "Zlib(codec_name='numcodecs.zlib', codec_config={'id': 'zlib', 'level': 3})"
    with pytest.raises(ValueError, match="'bz2'"):
        numcodecs_.Zlib(id="bz2")


@pytest.mark.parametrize("name", ["Delta", "FixedScaleOffset", "Quantize", "BitRound", "AsType"])
def test_filters_over_numbers_are_not_for_text(name):
    arguments = {
        "FixedScaleOffset": {"offset": 0, "scale": 1},
        "Quantize": {"digits": 1},
        "BitRound": {"keepbits": 3},
        "AsType": {"encode_dtype": "f4"},
    }
    codec = getattr(zarr.codecs.numcodecs, name)(**arguments.get(name, {}))
    with pytest.raises(ValueError, match="needs elements of fixed size, not StringDType"):
        zarr.create_array({}, shape=3, dtype=str, filters=[codec])


@pytest.mark.parametrize("form", [b"xy", "dict"])
def test_bytes_among_parameters_come_back(zarr_format, engine, form):
    codec = numcodecs.JenkinsLookup3(initval=7, prefix=b"xy")
    if form == "dict":
        codec = {"id": "jenkins_lookup3", "initval": 7, "prefix": [120, 121]}
        codec = codec if zarr_format == 2 else named("jenkins_lookup3", initval=7, prefix=[120, 121])
    store = zarr.storage.MemoryStore()
    zarr.create_array(store, data=FLOATS, compressors=codec, zarr_format=zarr_format)
    np.testing.assert_array_equal(zarr.open_array(store)[...], FLOATS)
    document = store.get_sync(".zarray" if zarr_format == 2 else "zarr.json").to_bytes().decode()
    assert '"prefix": [120, 121]' in " ".join(document.split()).replace("[ ", "[").replace(" ]", "]")


@pytest.mark.parametrize("prefix", [[300], ["x"], [None], "xy"])
def test_bytes_among_parameters_that_are_none(prefix):
    with pytest.raises(MetadataValidationError, match="jenkins_lookup3"):
        zarr.registry.get_numcodec({"id": "jenkins_lookup3", "prefix": prefix})
