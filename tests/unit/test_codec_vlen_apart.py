"""`zarrs.vlen` and `zarrs.vlen_v2`: elements of variable length, in the layouts of zarrs."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, VLenCodec, VLenV2Codec, ZstdCodec
from zarr.errors import CodecError, MetadataValidationError

PLAIN = {"index_codecs": [BytesCodec()], "data_codecs": [BytesCodec(endian=None)]}
TEXTS = ["one", "", "é", "a\0b", "x" * 300, "🙂"]
OCTETS = [b"one", b"", b"\0", b"\xff" * 300]


def stored(items, codec, dtype="string", **kwargs):
    array = zarr.create_array(
        store := {}, shape=len(items), dtype=dtype, **{"serializer": codec, "compressors": None, **kwargs}
    )
    array[...] = np.array(items, object)
    return array, store


def test_the_layout(engine):
    """Offsets, then the bytes of all elements; the length of what is encoded of the former is at the outer end.

    zarrs 0.23 stores the same bytes.
    """
    offsets, data = struct.pack("<4I", 0, 3, 3, 5), "oneé".encode()
    for location, expected in (
        ("start", struct.pack("<Q", 16) + offsets + data),
        ("end", data + offsets + struct.pack("<Q", 16)),
    ):
        codec = VLenCodec(**PLAIN, index_data_type="uint32", index_location=location)
        array, store = stored(TEXTS[:3], codec)
        assert store["c/0"].to_bytes() == expected
        assert array[:].tolist() == TEXTS[:3]
    _, store = stored([b"a", b""], VLenCodec(**PLAIN, index_data_type="uint64"), "bytes")
    assert store["c/0"].to_bytes() == struct.pack("<4Q", 24, 0, 1, 1) + b"a"


def test_codecs_of_their_own(engine):
    codec = VLenCodec(
        index_codecs=[BytesCodec(endian="big"), GzipCodec(level=1)], data_codecs=[BytesCodec(), Crc32cCodec()]
    )
    _, store = stored(["ab", "c"], codec)
    chunk = store["c/0"].to_bytes()
    (nbytes,) = struct.unpack("<Q", chunk[:8])
    assert zlib.decompress(chunk[8 : 8 + nbytes], wbits=31) == struct.pack(">3Q", 0, 2, 3)
    assert chunk[8 + nbytes : -4] == b"abc"


CODECS = [
    VLenCodec(**PLAIN, index_location="end"),
    VLenCodec(
        index_codecs=[BytesCodec(), ZstdCodec()], data_codecs=[BytesCodec(), ZstdCodec()], index_data_type="uint32"
    ),
    VLenV2Codec(),
]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("dtype", "items"), [("string", TEXTS), ("bytes", OCTETS)])
@pytest.mark.parametrize("kwargs", [{}, {"chunks": 2, "shards": 4}, {"chunks": 3, "compressors": GzipCodec()}])
def test_values(engine, codec, dtype, items, kwargs):
    array, store = stored(items, codec, dtype, **kwargs)
    for read in (array[:], zarr.open_array(store)[:]):
        assert read.tolist() == items
    array[1:3] = items[:2]
    array.append(np.array(items[:1], object))
    assert zarr.open_array(store)[:].tolist() == [items[0], *items[:2], *items[3:], items[0]]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_shapes(engine, codec, shape):
    data = np.array(TEXTS, object)[: int(np.prod(shape, dtype=int))].reshape(shape)
    array = zarr.array(data, dtype="string", serializer=codec, compressors=None)
    assert np.asarray(array[...]).tolist() == data.tolist()


@pytest.mark.parametrize("fill", ["", "?"])
def test_chunks_without_any_bytes(engine, fill):
    array, _ = stored([""] * 3, CODECS[1], fill_value=fill)
    assert array[:].tolist() == [""] * 3


def test_one_layout_by_two_names():
    for dtype, items, other in (("string", TEXTS, "vlen-utf8"), ("bytes", OCTETS, "vlen-bytes")):
        one, two = (stored(items, codec, dtype)[1]["c/0"].to_bytes() for codec in (VLenV2Codec(), {"name": other}))
        assert one == two


GOOD = struct.pack("<Q", 16) + struct.pack("<4I", 0, 3, 3, 5) + "oneé".encode()


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (b"", "too few"), (GOOD[:7], "too few"), (GOOD[:20], "does not fit"), (GOOD[:-1], "do not make a chunk"),
        (GOOD + b"x", "do not make a chunk"), (struct.pack("<Q", 2**64 - 1) + GOOD[8:], "does not fit"),
        (struct.pack("<Q", 12) + GOOD[8:], "do not make a chunk"),
        (GOOD[:8] + struct.pack("<4I", 0, 3, 2, 5) + GOOD[24:], "do not grow"),
        (GOOD[:8] + struct.pack("<4I", 0, 9, 3, 5) + GOOD[24:], "do not grow"),
        (GOOD[:8] + struct.pack("<4I", 0, 3, 3, 2**32 - 1) + GOOD[24:], "more than 2147483648"),
        (GOOD[:8] + struct.pack("<4I", 0, 3, 4, 5) + GOOD[24:], "not valid UTF-8"),
    ],
)  # fmt: skip
def test_damage(engine, damaged, said):
    array, store = stored(TEXTS[:3], VLenCodec(**PLAIN, index_data_type="uint32"))
    assert store["c/0"].to_bytes() == GOOD
    store["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
    with pytest.raises(CodecError, match=said) as caught:
        array[:]
    assert caught.value.key == "c/0"


@given(data=st.binary(max_size=60))
def test_any_bytes_decode_or_raise(data):
    for codec in CODECS:
        array, store = stored(["a", "b"], codec)
        store["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(data)
        try:
            assert array[:].shape == (2,)
        except CodecError:
            pass


def test_stored_forms():
    for codec in CODECS:
        assert type(codec).from_dict(codec.to_dict()) == codec
    named = {"index_codecs": ["bytes"], "data_codecs": ["bytes"], "index_data_type": "uint32"}
    assert VLenCodec.from_dict({"name": "zarrs.vlen", "configuration": named}).index_location == "start"
    for change in ({"index_codecs": []}, {"data_codecs": "bytes"}, {"data_codecs": ["gzip"]}, {"index_data_type": "uint8"},
                   {"index_location": "middle"}, {"more": 1}, {"index_codecs": [5]}):  # fmt: skip
        with pytest.raises((TypeError, ValueError)):
            VLenCodec.from_dict({"name": "zarrs.vlen", "configuration": {**named, **change}})
    with pytest.raises(MetadataValidationError, match="needs the configuration key 'index_data_type'"):
        VLenCodec.from_dict(
            {"name": "zarrs.vlen", "configuration": {"index_codecs": ["bytes"], "data_codecs": ["bytes"]}}
        )


def test_other_elements_are_refused(engine):
    for codec in CODECS:
        for dtype in ("int32", "S3", {"name": "zarrs.optional", "configuration": {"name": "string"}}):
            with pytest.raises(MetadataValidationError, match="stores text and bytes of variable length"):
                zarr.create_array({}, shape=3, dtype=dtype, serializer=codec)
        array = zarr.create_array({}, shape=2, dtype="string", serializer=codec)
        with pytest.raises((CodecError, ValueError)):
            array[0] = "\ud800"
