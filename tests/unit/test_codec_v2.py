"""The codec of format 2 chunks, with numcodecs and NumPy as oracles."""

import numcodecs
import numpy as np
import pytest

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec.base import ChunkSpec
from zarr._codec.chain import CodecChain
from zarr._codec.v2 import V2Codec
from zarr._dtype import VariableLengthBytes, VariableLengthUTF8
from zarr._dtype.registry import parse_data_type
from zarr.errors import CodecError, PickleCodecDisabledError

ARRAY = np.arange(6, dtype="<i4").reshape(2, 3) ** 3
STRINGS = np.array([["a", "bc", "é"], ["", "x", "yz"]], np.dtypes.StringDType())
COMPRESSORS = [
    None,
    numcodecs.Blosc(),
    numcodecs.Zstd(),
    numcodecs.LZ4(),
    numcodecs.Zlib(),
    numcodecs.GZip(),
    numcodecs.BZ2(),
    numcodecs.LZMA(),
]


def chain_of(array, **codec):
    if array.dtype.kind == "T":
        data_type = VariableLengthUTF8()
    elif array.dtype.kind == "O":
        data_type = VariableLengthBytes()
    else:
        data_type = parse_data_type(array.dtype, zarr_format=2)
    return CodecChain.compile([V2Codec(**codec)], ChunkSpec(array.shape, data_type, data_type.default_scalar()))


def encode(chain, array):
    return chain.encode(CPUNDBuffer.from_numpy_array(array)).to_bytes()


def decode(chain, data):
    return chain.decode(CPUBuffer.from_bytes(data)).as_numpy_array()


@pytest.mark.parametrize("compressor", COMPRESSORS, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i4", ">i4", "|u1", "<M8[s]", "|S4", "<U3"])
def test_layout(compressor, order, dtype):
    array = ARRAY.astype(dtype)
    chain = chain_of(array, compressor=compressor, order=order)
    encoded = encode(chain, array)
    plain = encoded if compressor is None else bytes(compressor.decode(encoded))
    assert plain == array.tobytes(order=order)
    decoded = decode(chain, encoded)
    assert decoded.dtype == array.dtype
    np.testing.assert_array_equal(decoded, array)


def test_example_of_the_specification():
    array = np.array([[1, 2], [3, 4]], "<i2")
    assert encode(chain_of(array, order="F"), array).hex() == "0100030002000400"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "filters",
    [
        [numcodecs.Delta("<i4")],
        [numcodecs.Delta("<i4", "<i8"), numcodecs.Shuffle(8)],
        [numcodecs.FixedScaleOffset(offset=1, scale=1, dtype="<i4", astype="<i2")],
        [numcodecs.AsType("<f8", "<i4"), numcodecs.Fletcher32()],
        [numcodecs.CRC32()],
    ],
    ids=str,
)
def test_filters_run_over_memory_order(order, filters):
    chain = chain_of(ARRAY, filters=filters, compressor=numcodecs.Zlib(), order=order)
    encoded = encode(chain, ARRAY)
    form = np.asarray(ARRAY, order=order)
    for codec in filters:
        form = codec.encode(form)
    assert bytes(numcodecs.Zlib().decode(encoded)) == np.asarray(form).tobytes()
    np.testing.assert_array_equal(decode(chain, encoded), ARRAY)


def test_filters_over_booleans():
    array = np.array([1, 0, 1, 1, 0, 0, 0, 0, 1, 1], bool)
    chain = chain_of(array, filters=[numcodecs.PackBits()])
    assert encode(chain, array).hex() == "06b0c0"
    np.testing.assert_array_equal(decode(chain, encode(chain, array)), array)
    chain = chain_of(array, filters=[numcodecs.Delta("|b1")])
    np.testing.assert_array_equal(decode(chain, encode(chain, array)), array)


@pytest.mark.parametrize("order", ["C", "F"])
def test_strings(order):
    chain = chain_of(STRINGS, filters=[numcodecs.VLenUTF8()], compressor=numcodecs.Zstd(), order=order)
    encoded = encode(chain, STRINGS)
    plain = numcodecs.Zstd().decode(encoded)
    flat = STRINGS.ravel(order=order).astype(object)
    assert bytes(plain) == bytes(numcodecs.VLenUTF8().encode(flat))
    decoded = decode(chain, encoded)
    assert decoded.dtype == np.dtypes.StringDType()
    assert decoded.tolist() == STRINGS.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("codec_id", ["json2", "vlen-utf8"])
def test_object_codecs_as_compressor(order, codec_id):
    chain = chain_of(STRINGS, compressor=numcodecs.get_codec({"id": codec_id}), order=order)
    assert decode(chain, encode(chain, STRINGS)).tolist() == STRINGS.tolist()


def test_nothing_reads_as_the_empty_string():
    array = np.array([["a", None, 0]], object)
    stored = numcodecs.get_codec({"id": "json2"}).encode(array)
    chain = chain_of(STRINGS[:1], filters=[numcodecs.get_codec({"id": "json2"})])
    assert decode(chain, bytes(stored)).tolist() == [["a", "", ""]]


def test_bytes_objects():
    array = np.empty(3, object)
    array[:] = [b"", b"a", b"\0b"]
    chain = chain_of(array, filters=[numcodecs.VLenBytes()], compressor=numcodecs.LZ4())
    assert decode(chain, encode(chain, array)).tolist() == array.tolist()


def test_pickle_is_refused_unless_allowed():
    filters = [numcodecs.Pickle()]
    chain = chain_of(STRINGS, filters=filters)
    with zarr.config.set({"array.allow_unsafe_pickle_decode": True}):
        encoded = encode(chain, STRINGS)
        assert decode(chain, encoded).tolist() == STRINGS.tolist()
    for call in (lambda: decode(chain, encoded), lambda: encode(chain, STRINGS)):
        with pytest.raises(PickleCodecDisabledError, match="allow_unsafe_pickle_decode"):
            call()


def test_missing_object_codec():
    with pytest.raises(ValueError, match="object codec"):
        chain_of(STRINGS, compressor=numcodecs.Zlib())


def test_items_without_bytes():
    array = np.ndarray((3,), "S0")  # numpy.zeros would make S1 of it
    chain = chain_of(array, compressor=numcodecs.Zstd())
    assert decode(chain, encode(chain, array)).tolist() == [b"", b"", b""]


@pytest.mark.parametrize("compressor", COMPRESSORS, ids=str)
def test_damage_is_an_error(compressor):
    chain = chain_of(ARRAY, compressor=compressor)
    encoded = encode(chain, ARRAY)
    bomb = bytes(10**6) if compressor is None else bytes(compressor.encode(bytes(10**6)))
    for damaged in (b"", encoded[:-1], encoded + b"tail", bomb):
        with pytest.raises(CodecError):
            decode(chain, damaged)


class Reversing:
    """A codec of a third party that follows the numcodecs protocol."""

    codec_id = "reversing"

    def encode(self, buf):
        return bytes(np.asarray(buf).reshape(-1, order="A").view("u1")[::-1])

    def decode(self, buf, out=None):
        if len(buf) == 1:
            raise KeyError("odd")
        return bytes(buf[::-1])

    def get_config(self):
        return {"id": self.codec_id}


def test_third_party_codecs():
    chain = chain_of(ARRAY, filters=[Reversing()])
    assert encode(chain, ARRAY) == ARRAY.tobytes()[::-1]
    np.testing.assert_array_equal(decode(chain, encode(chain, ARRAY)), ARRAY)
    with pytest.raises(CodecError, match="reversing"):
        decode(chain, b"x")


def test_members():
    codec = V2Codec(filters=[numcodecs.Delta("<i4")], compressor=numcodecs.Zlib(), order="F")
    assert codec.to_dict() == {
        "filters": [{"id": "delta", "dtype": "<i4", "astype": "<i4"}],
        "compressor": {"id": "zlib", "level": 1},
        "order": "F",
    }
    assert V2Codec(filters=[]).filters is None
    with pytest.raises(ValueError, match="order"):
        V2Codec(order="K")
