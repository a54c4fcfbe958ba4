"""`conditional` and `n5_default`: their bytes, put together by hand, and bytes that lie."""

import gzip
import json
import struct

import numpy as np
import pytest

import zarr
from zarr.codecs import (
    BytesCodec,
    ConditionalCodec,
    Crc32cCodec,
    GzipCodec,
    N5DefaultCodec,
    TransposeCodec,
    ZstdCodec,
)
from zarr.codecs.numcodecs import CRC32, Shuffle
from zarr.errors import CodecError, MetadataValidationError

NOISE = np.random.default_rng(0).integers(0, 256, 1000, "u1")


def buffer(data):
    return zarr.buffer.cpu.Buffer.from_bytes(data)


# -- conditional ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", [ZstdCodec(), GzipCodec(), {"name": "zstd", "configuration": {"level": 1}}, "gzip"])
def test_noise_stays_as_it_is(engine, codec):
    conditional = ConditionalCodec(codecs=[codec])
    zarr.create_array(store := {}, data=NOISE, compressors=[conditional])
    assert store["c/0"].to_bytes() == b"\0" + NOISE.tobytes()
    np.testing.assert_array_equal(zarr.open_array(store)[:], NOISE)
    array = zarr.create_array(store := {}, data=np.zeros(1000, "u1") + 7, compressors=[conditional])
    assert store["c/0"].to_bytes()[:1] == b"\1"
    assert len(store["c/0"]) < 100
    assert (array[:] == 7).all()


def test_the_header_has_a_bit_for_each_codec(engine):
    codecs = [Shuffle(elementsize=4), GzipCodec(), Crc32cCodec()]
    array = zarr.create_array(
        store := {}, data=np.arange(1000, dtype="<i4"), compressors=[ConditionalCodec(codecs=codecs)]
    )
    assert store["c/0"].to_bytes()[0] == 0b111
    noise = zarr.create_array(
        other := {}, data=NOISE.view("<i4"), compressors=[ConditionalCodec(codecs=codecs, header_bits=24)]
    )
    assert other["c/0"].to_bytes()[:3] == b"\x05\0\0"
    np.testing.assert_array_equal(array[:], np.arange(1000))
    np.testing.assert_array_equal(noise[:], NOISE.view("<i4"))


def test_any_choice_is_read(engine):
    codecs = [GzipCodec(), Crc32cCodec()]
    data = np.arange(50, dtype="u1")
    array = zarr.create_array(store := {}, data=data, compressors=[ConditionalCodec(codecs=codecs)])
    for header, payload in ((b"\0", data.tobytes()), (b"\1", gzip.compress(data.tobytes()))):
        store["c/0"] = buffer(header + payload)
        np.testing.assert_array_equal(array[:], data)


@pytest.mark.parametrize(
    "damaged", [b"", b"\4" + bytes(50), b"\1" + bytes(50), b"\2" + bytes(50), b"\0" + bytes(49), b"\3"]
)
def test_damaged_headers(engine, damaged):
    data = np.arange(50, dtype="u1")
    array = zarr.create_array(
        store := {}, data=data, compressors=[ConditionalCodec(codecs=[GzipCodec(), Crc32cCodec()])]
    )
    store["c/0"] = buffer(damaged)
    with pytest.raises(CodecError, match=r"'(conditional|gzip|crc32c|bytes)'"):
        array[:]


def test_output_within_is_bounded(engine):
    data = np.arange(50, dtype="u1")
    array = zarr.create_array(store := {}, data=data, compressors=[ConditionalCodec(codecs=[GzipCodec()])])
    store["c/0"] = buffer(b"\1" + gzip.compress(bytes(10**7)))
    with pytest.raises(CodecError, match="at most"):
        array[:]


@pytest.mark.parametrize(
    "codecs",
    [
        [Crc32cCodec(), ZstdCodec()], [CRC32(), ZstdCodec()], [GzipCodec(level=1), ZstdCodec()],
        [ZstdCodec(), Crc32cCodec()], [ZstdCodec(), GzipCodec(level=1), CRC32()],
    ],
    ids=lambda codecs: " ".join(type(codec).__name__ for codec in codecs),
)  # fmt: skip
def test_long_text_behind_several_codecs(engine, codecs):
    """What the outer of them makes is neither as long as the text nor begins as it does."""
    words = [np.random.default_rng(0).bytes(5 << 20), b"x" * (5 << 20), b""]
    array = zarr.create_array(store := {}, shape=3, dtype="bytes", compressors=[ConditionalCodec(codecs=codecs)])
    array[:] = words
    assert zarr.open_array(store)[:].tolist() == words
    for limit in (1 << 20, 6 << 20):
        with zarr.config.set({"array.max_variable_chunk_bytes": limit}):
            with pytest.raises(CodecError, match=rf"more than {limit} bytes.*max_variable|but at most {limit} can"):
                zarr.open_array(store)[:]


@pytest.mark.parametrize(("shape", "sharded"), [((), False), ((0,), False), ((7, 5), False), ((7, 5), True)])
def test_conditional_in_arrays(engine, shape, sharded):
    data = np.arange(np.prod(shape, dtype=int), dtype=">f4").reshape(shape)
    sizes = {"chunks": (2, 2), "shards": (4, 4)} if sharded else {}
    array = zarr.create_array({}, data=data, compressors=[ConditionalCodec(codecs=[Shuffle(), ZstdCodec()])], **sizes)
    np.testing.assert_array_equal(array[...], data)


@pytest.mark.parametrize(
    "configuration",
    [
        None, {}, {"codecs": None}, {"codecs": "gzip"}, {"codecs": [5]}, {"codecs": ["nothing"]}, {"codecs": ["bytes"]},
        {"codecs": [{"name": "transpose", "configuration": {"order": [0]}}]}, {"codecs": [], "header_bits": 7},
        {"codecs": [], "header_bits": -8}, {"codecs": [], "header_bits": "8"}, {"codecs": [], "header_bits": 10**9},
        {"codecs": ["crc32c"] * 9, "header_bits": 8}, {"codecs": [], "more": 1},
    ],
)  # fmt: skip
def test_bad_configurations_of_conditional(configuration):
    zarr.create_array(store := {}, data=NOISE, compressors=[ConditionalCodec(codecs=[])])
    document = json.loads(store["zarr.json"].to_bytes())
    document["codecs"][-1]["configuration"] = configuration
    store["zarr.json"] = buffer(json.dumps(document).encode())
    with pytest.raises((MetadataValidationError, zarr.errors.UnknownCodecError), match=r"conditional|codec"):
        zarr.open_array(store)


def test_stored_forms():
    codec = ConditionalCodec(codecs=[GzipCodec(level=3)], header_bits=16)
    assert codec.to_dict() == {
        "name": "conditional",
        "configuration": {"codecs": [{"name": "gzip", "configuration": {"level": 3}}], "header_bits": 16},
    }
    assert ConditionalCodec.from_dict(codec.to_dict()) == codec
    assert "header_bits" not in ConditionalCodec(codecs=[]).to_dict()["configuration"]


# -- n5_default -----------------------------------------------------------------------------------------------------


def n5(ndim, *compressors):
    return N5DefaultCodec(codecs=[TransposeCodec(order=range(ndim)[::-1]), BytesCodec(endian="big"), *compressors])


def block(array, *, mode=0):
    """A block as N5 has it: the first dimension varies fastest."""
    header = struct.pack(f">HH{array.ndim}I", mode, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes(order="F")


def create(data, *compressors, **kwargs):
    return zarr.create_array(
        store := {}, data=data, serializer=n5(data.ndim, *compressors), compressors=None,
        chunk_key_encoding={"name": "v2", "separator": "/"}, **kwargs,
    ), store  # fmt: skip


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
def test_blocks(engine, dtype, order):
    data = np.arange(24).reshape(2, 3, 4).astype(order + dtype)
    array, store = create(data, fill_value=99)
    assert store["0/0/0"].to_bytes() == block(data)
    np.testing.assert_array_equal(array[:], data)
    compressed, store = create(data, GzipCodec(), fill_value=99)
    assert gzip.decompress(store["0/0/0"].to_bytes()[16:]) == block(data)[16:]
    np.testing.assert_array_equal(compressed[:], data)


@pytest.mark.parametrize(
    ("shape", "sharded"), [((5,), False), ((7, 5), False), ((7, 5), True), ((0, 5), False), ((), False)]
)
def test_n5_in_arrays(engine, shape, sharded):
    data = np.arange(np.prod(shape, dtype=int), dtype="i4").reshape(shape)
    sizes = {"chunks": tuple(2 for _ in shape) or "auto"} | ({"shards": (4, 4)} if sharded else {})
    array, _ = create(data, ZstdCodec(), **sizes)
    np.testing.assert_array_equal(array[...], data)


def test_blocks_of_other_shapes(engine):
    array, store = create(np.ones((4, 6), "i2"), fill_value=-1)
    short = np.arange(6, dtype="i2").reshape(2, 3)
    store["0/0"] = buffer(block(short))
    expected = np.full((4, 6), -1)
    expected[:2, :3] = short
    np.testing.assert_array_equal(array[:], expected)
    large = np.arange(35, dtype="i2").reshape(5, 7)
    store["0/0"] = buffer(block(large))
    np.testing.assert_array_equal(array[:], large[:4, :6])
    array[0, 0] = 5
    assert store["0/0"].to_bytes()[:12] == struct.pack(">HHII", 0, 2, 4, 6)


GOOD = block(np.ones((4, 6), "i2"))


@pytest.mark.parametrize(
    "damaged",
    [
        b"", GOOD[:3], GOOD[:11], GOOD[:-1], GOOD + b"x", block(np.ones((4, 6), "i2"), mode=1), block(np.ones(24, "i2")),
        struct.pack(">HHII", 0, 2, 2**32 - 1, 2**32 - 1), struct.pack(">HHII", 0, 2, 10**5, 10**3) + bytes(9),
        struct.pack(">HHII", 0, 2, 4, 5) + GOOD[12:], struct.pack(">HH", 0, 65535) + bytes(100),
    ],
)  # fmt: skip
def test_damaged_blocks(engine, damaged):
    array, store = create(np.ones((4, 6), "i2"))
    store["0/0"] = buffer(damaged)
    with pytest.raises(CodecError, match=r"'(n5_default|bytes)'"):
        array[:]


def test_what_n5_does_not_have_is_refused():
    for dtype in ("?", "f2", "c8", "M8[s]", "S3", "string"):
        with pytest.raises(ValueError, match="'n5_default' takes integers"):
            zarr.create_array({}, shape=3, dtype=dtype, serializer=n5(1), compressors=None)
    codec = N5DefaultCodec(codecs=[TransposeCodec(order=(0, 1)), BytesCodec(endian="big")])
    with pytest.raises(ValueError, match="must reverse the axes"):
        zarr.create_array({}, shape=(3, 3), dtype="i2", serializer=codec)
    codec = N5DefaultCodec(codecs=[TransposeCodec(order=(0,)), BytesCodec(endian="little")])
    with pytest.raises(ValueError, match="must be big-endian"):
        zarr.create_array({}, shape=3, dtype="i2", serializer=codec)


@pytest.mark.parametrize(
    "codecs",
    [None, "bytes", [], ["bytes"], ["bytes", "gzip"], [TransposeCodec(order=(0,)), "gzip"],
     [TransposeCodec(order=(0,)), BytesCodec(), GzipCodec(), GzipCodec()], [TransposeCodec(order=(0,)), BytesCodec(), BytesCodec()]],
)  # fmt: skip
def test_bad_configurations_of_n5(codecs):
    with pytest.raises((TypeError, ValueError), match="n5_default"):
        N5DefaultCodec(codecs=codecs)


def test_stored_form_of_n5():
    codec = n5(2, GzipCodec(level=1))
    assert N5DefaultCodec.from_dict(codec.to_dict()) == codec
    with pytest.raises(MetadataValidationError, match="codecs"):
        N5DefaultCodec.from_dict({"name": "n5_default"})
