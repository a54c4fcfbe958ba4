"""Elements that may be missing: the data type and the codec `zarrs.optional`."""

import json
import pickle
import struct

import numpy as np
import pytest

import zarr
from zarr._codec.base import ChunkSpec
from zarr._dtype.optional import Optional
from zarr.codecs import BytesCodec, GzipCodec, OptionalCodec, PackBitsCodec, VLenUTF8Codec, ZstdCodec
from zarr.dtype import data_type_registry
from zarr.errors import CodecError, DataTypeValidationError, MetadataValidationError


def optional(name, **configuration):
    return {"name": "zarrs.optional", "configuration": {"name": name, "configuration": configuration}}


def create(items, dtype, shape=None, **kwargs):
    array = zarr.create_array(
        store := {}, shape=len(items) if shape is None else shape, dtype=dtype, **{"compressors": None, **kwargs}
    )
    given = np.empty(len(items), object)
    given[:] = items
    array[...] = given.reshape(array.shape)
    return array, store


def test_the_bytes(engine):
    """Two lengths, the mask, and only the elements that are there."""
    codec = OptionalCodec(mask_codecs=["packbits"], data_codecs=[BytesCodec()])
    _, store = create([7, None, None, -1], optional("int16"), serializer=codec)
    assert store["c/0"].to_bytes() == struct.pack("<QQ", 1, 4) + b"\x09" + struct.pack("<hh", 7, -1)
    codec = OptionalCodec(mask_codecs=["bytes", "gzip"], data_codecs=[BytesCodec(endian="big"), GzipCodec()])
    array, _ = create([7, None, None, -1], optional("int16"), serializer=codec)
    assert array[:].tolist() == [7, None, None, -1]


@pytest.mark.parametrize(
    ("dtype", "items"),
    [
        (optional("bool"), [True, None, False]),
        (optional("int8"), [1, None, -128]),
        (optional("float64"), [1.5, None, np.inf]),
        (optional("complex64"), [1 + 2j, None, 0]),
        (optional("string"), ["a", None, ""]),
        (optional("bytes"), [b"a", None, b""]),
        (optional("fixed_length_utf32", length_bytes=8), ["ab", None, ""]),
        (
            optional("numpy.datetime64", unit="s", scale_factor=1),
            [np.datetime64(5, "s"), None, np.datetime64("NaT", "s")],
        ),
    ],
)
@pytest.mark.parametrize("kwargs", [{}, {"chunks": 2, "shards": 4}, {"chunks": 2, "compressors": ZstdCodec()}])
def test_data_types(engine, dtype, items, kwargs):
    array, store = create(items, dtype, **kwargs)
    for read in (array[:], zarr.open_array(store, mode="r")[:]):
        assert [str(item) for item in read] == [
            str(np.asarray(item)) if item is not None else "None" for item in items
        ] or (read.tolist() == items)
    assert array[1] is None


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_shapes(engine, shape):
    items = [None, 1, 2, None, 4, 5][: int(np.prod(shape, dtype=int))]
    _, store = create(items, optional("int32"), shape)
    read = zarr.open_array(store)[...]
    assert (np.asarray(read, object).ravel().tolist(), np.shape(read)) == (items, shape)


def test_all_and_none(engine):
    array, store = create([None, None, 1], optional("int32"), chunks=1, fill_value=5)
    assert store["c/0"].to_bytes() == struct.pack("<QQ", 1, 0) + b"\0"
    assert array[:].tolist() == [None, None, 1]
    zstd = OptionalCodec(mask_codecs=[PackBitsCodec()], data_codecs=[BytesCodec(), ZstdCodec()])
    array, store = create([None, None], optional("int32"), serializer=zstd, fill_value=5)
    spec = ChunkSpec((0,), zarr.dtype.UInt8(), np.uint8(0))
    empty = ZstdCodec()._encode_sync(zarr.buffer.cpu.Buffer.from_bytes(b""), spec).to_bytes()
    store["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(struct.pack("<QQ", 1, len(empty)) + b"\0" + empty)
    assert array[:].tolist() == [None, None]


def test_optional_within_optional(engine):
    dtype = {"name": "zarrs.optional", "configuration": optional("int32")}
    array, store = create([1, None, 3], dtype)
    assert zarr.open_array(store)[:].tolist() == [1, None, 3]
    assert [codec.to_dict()["name"] for codec in array.serializer.data_codecs] == ["zarrs.optional"]


@pytest.mark.parametrize(("fill", "stored"), [(None, None), (5, [5]), (-1, [-1])])
def test_fill_values(engine, fill, stored):
    array = zarr.create_array(store := {}, shape=3, dtype=optional("int32"), fill_value=fill, chunks=2)
    assert array[:].tolist() == [fill] * 3
    assert json.loads(store["zarr.json"].to_bytes())["fill_value"] == stored
    array[0] = 9
    assert zarr.open_array(store)[:].tolist() == [9, fill, fill]
    array.resize(5)
    assert array[:].tolist() == [9, fill, fill, fill, fill]


def test_values_that_do_not_fit(engine):
    """As of the data type within, and the error says where."""
    array = zarr.create_array(store := {}, shape=(2, 2), dtype=optional("int8"))
    for value, error in ((300, OverflowError), (1.5, ValueError), ("text", ValueError), (b"a", ValueError)):
        with pytest.raises(error):
            array[0, 0] = value
        for call in (
            lambda value=value: array.set_basic_selection(..., [[1, None], [value, 2]]),
            lambda value=value: zarr.array([[1, None], [value, 2]], dtype=optional("int8")),
        ):
            with pytest.raises(error, match=r"\. It is at \(1, 0\)$"):
                call()
    assert list(store) == ["zarr.json"]


BIG = np.array([1, 300], ">i4")


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (optional("int16"), BIG, [1, 300]),
        (optional("float32"), [1, 0.1, None, np.nan], [1.0, 0.1, None, np.nan]),
        (optional("float32"), np.ma.masked_array([1.5, 2.5], [False, True]), [1.5, None]),
        (optional("int8"), np.ma.masked_array([[1, 300]], [[False, True]]), [1, None]),
        (optional("int8"), [np.ma.masked, 2], [None, 2]),
        (optional("string"), ["a", None, 5], ["a", None, "5"]),
        (optional("bytes"), [b"a", None, bytearray(b"b")], [b"a", None, b"b"]),
        (optional("numpy.datetime64", unit="D", scale_factor=1), ["2024-02-29", None], ["2024-02-29", None]),
        (optional("bool"), 1, [True]),
        (optional("bfloat16"), [0.5, None], [0.5, None]),
        (optional("complex_float8_e5m2"), [1 + 2j, None], [(1.0, 2.0), None]),
        (optional("struct", fields=[{"name": "a", "data_type": "int8"}, {"name": "b", "data_type": "float32"}]),
         [(1, 0.5), None, {"b": 2, "a": 3}], [(1.0, 0.5), None, (3.0, 2.0)]),
    ],
)  # fmt: skip
def test_elements_are_scalars_of_the_data_type_within(engine, dtype, value, expected):
    array = zarr.array(value, dtype=dtype)
    assigned = zarr.create_array({}, shape=array.shape, dtype=dtype, chunks=1 if array.ndim == 1 else "auto")
    assigned[...] = value
    scalar = array.metadata.data_type.data_type.default_scalar()
    for read in (array[...], assigned[...], zarr.open_array(array.store)[...]):
        items = list(read.ravel()) if isinstance(read, np.ndarray) else [read]
        for item, wanted in zip(items, expected, strict=True):
            assert (item is None) == (wanted is None)
            said = str(tuple(map(float, item.tolist())) if isinstance(item, np.void) else item)
            assert item is None or (type(item) is type(scalar) and said == str(wanted))


def row(data, mask):
    return np.ma.masked_array(data, mask=mask)


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (optional("float64"), [row([1.5, 2.5], [False, True])], [1.5, None]),
        (optional("int8"), (row([1, 300], [False, True]), row([3, 4], [True, False])), [1, None, None, 4]),
        (optional("int8"), [[row([1, 300], [False, True])], [np.array([3, 4])]], [1, None, 3, 4]),
        (optional("string"), [row(["a", "b"], [True, False])], [None, "b"]),
        (optional("bytes"), [row(np.array([b"a", b"b"], object), [True, False])], [None, b"b"]),
        (optional("int8"), [np.array(1), np.ma.masked, np.array(None)], [1, None, None]),
    ],
)  # fmt: skip
def test_masked_elements_in_a_list_are_missing(engine, dtype, value, expected):
    array = zarr.array(value, dtype=dtype)
    assert array[:].ravel().tolist() == expected
    assigned = zarr.create_array({}, shape=array.shape, dtype=dtype)
    assigned[...] = value
    assert assigned[:].ravel().tolist() == expected


def test_a_masked_array_of_objects_stays_as_it_is(engine):
    given = row(np.array([1, 2], object), [False, True])
    assert zarr.array(given, dtype=optional("int8"))[:].tolist() == [1, None]
    assert given.data.tolist() == [1, 2]


SECONDS = optional("numpy.datetime64", unit="s", scale_factor=1)


def test_times_in_a_list_keep_their_unit(engine):
    """NumPy's objects of times in nanoseconds are integers, which would be counts of whatever is stored."""
    day = np.array(["2020-02-29"], "M8[ns]")
    for value in ([day], [day[0]], day, [[day]]):
        (item,) = zarr.array(value, dtype=SECONDS)[:].ravel()
        assert (item, item.dtype) == (np.datetime64("2020-02-29"), np.dtype("M8[s]"))


class NAType:
    """What pandas calls its missing value; it is known by the name of its class."""


def test_a_missing_value_of_another_kind(engine):
    array = zarr.array([1, NAType(), 3], dtype=optional("int8"), fill_value=NAType())
    assert array[:].tolist() == [1, None, 3]
    assert array.fill_value is None


def test_what_is_no_array(engine):
    for given in ({"a", "b"}, iter([1]), {1: 2}, [[1], [2, 3]]):
        with pytest.raises((TypeError, ValueError)):
            zarr.array(given, dtype=optional("int8"))


def test_what_is_read_is_written_bit_by_bit(engine):
    """A NaN of a kind that no Python number keeps."""
    bits = np.array([0x7F800001, 0xFFC00ABC, 0x80000000, 0x3F800000, 0x7F800001, 1], "u4")
    for name, data in (("float32", bits.view("f4")), ("complex64", bits.view("c8"))):
        array = zarr.array(data, dtype=optional(name), chunks=2)
        array[...] = array[...]
        array.append(array[:1])
        read = zarr.open_array(array.store)[:]
        assert b"".join(item.tobytes() for item in read) == data.tobytes() + data[:1].tobytes()


@pytest.mark.parametrize(("fill", "other"), [(0.0, -0.0), (-0.0, 0.0), (np.nan, 0.0), (None, np.nan)])
@pytest.mark.parametrize("kwargs", [{}, {"chunks": 2, "shards": 4}])
def test_fill_values_keep_their_bits(engine, fill, other, kwargs):
    array = zarr.create_array(store := {}, shape=4, dtype=optional("float32"), fill_value=fill, **kwargs)
    array[:2] = other
    for read in (array[:], zarr.open_array(store)[:]):
        assert [str(item) for item in read] == [str(item) for item in (other, other, fill, fill)]
    array[:] = fill
    assert "c/0" not in store


GOOD = struct.pack("<QQ", 1, 4) + b"\x09" + struct.pack("<hh", 7, -1)


@pytest.mark.parametrize(
    "damaged",
    [
        b"", GOOD[:15], GOOD[:-1], GOOD + b"x", struct.pack("<QQ", 2**64 - 1, 4) + GOOD[16:],
        struct.pack("<QQ", 1, 2**64 - 1) + GOOD[16:], GOOD[:16] + b"\x0b" + GOOD[17:], GOOD[:16] + b"\0" + GOOD[17:],
        struct.pack("<QQ", 0, 5) + GOOD[16:], struct.pack("<QQ", 5, 0) + GOOD[16:],
    ],
)  # fmt: skip
def test_damage(engine, damaged):
    array, store = create([7, None, None, -1], optional("int16"))
    assert store["c/0"].to_bytes() == GOOD
    store["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
    with pytest.raises(CodecError):
        array[:]


def test_stored_forms():
    dtype = data_type_registry.match_json(optional("int32"), zarr_format=3)
    assert dtype == Optional(data_type=zarr.dtype.Int32())
    assert dtype.to_json(3) == optional("int32")
    short = {"name": "zarrs.optional", "configuration": {"name": "int32"}}
    assert data_type_registry.match_json(short, zarr_format=3) == dtype
    assert pickle.loads(pickle.dumps(dtype)) == dtype
    codec = OptionalCodec(mask_codecs=["packbits"], data_codecs=[VLenUTF8Codec(), GzipCodec(level=1)])
    assert OptionalCodec.from_dict(codec.to_dict()) == codec
    with pytest.raises(ValueError, match="format 2"):
        dtype.to_json(2)
    for refused in ("zarrs.optional", {"name": "zarrs.optional", "configuration": {"name": 5}},
                    {"name": "zarrs.optional", "configuration": {"name": "int32", "configuration": 5}},
                    {"name": "zarrs.optional", "configuration": {"name": "int32", "more": 1}},
                    {"name": "zarrs.optional", "configuration": {"name": "nothing"}}):  # fmt: skip
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json(refused, zarr_format=3)
    for refused in (5, [], [1, 2], "a", [None], ["a"], {}):
        with pytest.raises((TypeError, ValueError)):
            dtype.from_json_scalar(refused, zarr_format=3)


@pytest.mark.parametrize("inner", ["int8", np.int8, zarr.dtype.Int8, None, np.dtype("i1")])
def test_what_is_within_is_a_data_type(inner):
    with pytest.raises(TypeError, match=r"data_type=zarr\.dtype\.Int8\(\); got"):
        Optional(data_type=inner)


def test_codec_and_data_type_belong_together():
    codec = OptionalCodec(mask_codecs=["bytes"], data_codecs=[BytesCodec()])
    with pytest.raises(MetadataValidationError, match=r"'zarrs\.optional' is for the data type of the same name"):
        zarr.create_array({}, shape=3, dtype="int32", serializer=codec)
    with pytest.raises(MetadataValidationError, match="variable length"):
        zarr.create_array({}, shape=3, dtype=optional("int32"), serializer=BytesCodec())
    for serializer in ("vlen-utf8", "vlen-bytes", "zarrs.vlen_v2"):
        for inner in ("int32", "string", "bytes"):
            with pytest.raises(MetadataValidationError, match="variable length"):
                zarr.create_array({}, shape=3, dtype=optional(inner), serializer=serializer)
    for key in ("mask_codecs", "data_codecs"):
        for bad in (None, "bytes", [], ["gzip"], ["nothing"]):
            with pytest.raises((TypeError, ValueError)):
                OptionalCodec(**{"mask_codecs": ["bytes"], "data_codecs": ["bytes"], key: bad})
