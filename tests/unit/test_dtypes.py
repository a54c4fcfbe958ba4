"""Data types: native dtype, class and JSON of both formats; fill values are in `test_dtype_numbers` and its neighbours."""

from __future__ import annotations

import copy
import json
import pickle
import sys

import numcodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.data_types import ROWS, SMALL, bits, named, to_json3, v2
from tests.suites.calls import shown
from zarr._dtype import (
    DateTime64,
    FixedLengthUTF32,
    Int32,
    NullTerminatedBytes,
    RawBytes,
    TimeDelta64,
    VariableLengthBytes,
    data_type_registry,
)
from zarr._dtype.optional import Optional
from zarr._dtype.python_objects import PythonObjects
from zarr.codecs import (
    BitRoundCodec,
    BytesCodec,
    Crc32cCodec,
    PackBitsCodec,
    ShardingCodec,
    TransposeCodec,
    ZfpCodec,
)
from zarr.codecs.numcodecs import BZ2
from zarr.errors import DataTypeValidationError, UnstableSpecificationWarning


def test_the_table_covers_every_registered_class():
    have_tests_of_their_own = {PythonObjects, Optional}
    covered = {*(type(row.dtype) for row in ROWS), *map(type, SMALL)}
    assert covered == set(data_type_registry.contents.values()) - have_tests_of_their_own


@pytest.mark.parametrize("row", ROWS, ids=str)
class TestForms:
    def test_native_dtype_is_exact(self, row):
        expected = np.dtypes.StringDType() if row.native == "T" else np.dtype(row.native)
        assert row.dtype.to_native_dtype() == expected
        assert row.dtype.to_native_dtype().str == expected.str

    def test_native_dtype_gives_the_class_back(self, row):
        native = row.dtype.to_native_dtype()
        assert type(row.dtype).from_native_dtype(native) == row.dtype
        assert isinstance(native, type(row.dtype).dtype_cls)

    def test_json_of_format_3_is_exact(self, row):
        assert to_json3(row.dtype, unstable=row.unstable) == row.json3

    def test_json_of_format_2_is_exact(self, row):
        assert row.dtype.to_json(2) == row.json2

    def test_json_of_format_3_reads_back_without_the_byte_order(self, row):
        back = data_type_registry.match_json(row.json3, zarr_format=3)
        assert type(back) is type(row.dtype)
        assert to_json3(back, unstable=row.unstable) == row.json3
        assert getattr(back, "endianness", "little") == "little"
        assert type(row.dtype).from_json(row.json3, zarr_format=3) == back

    def test_json_of_format_2_reads_back(self, row):
        assert data_type_registry.match_json(row.json2, zarr_format=2) == row.dtype
        assert type(row.dtype).from_json(row.json2, zarr_format=2) == row.dtype

    def test_an_object_form_of_a_plain_name_is_read(self, row):
        if isinstance(row.json3, str):
            for form in (
                {"name": row.json3},
                {"name": row.json3, "configuration": {}},
                {"name": row.json3, "must_understand": True},
            ):
                assert type(data_type_registry.match_json(form, zarr_format=3)) is type(row.dtype)
        else:
            form = {**row.json3, "must_understand": True}
            assert type(data_type_registry.match_json(form, zarr_format=3)) is type(row.dtype)

    def test_equality_hash_repr_and_pickle(self, row):
        twin = copy.deepcopy(row.dtype)
        assert twin == row.dtype
        assert hash(twin) == hash(row.dtype)
        assert eval(repr(row.dtype), dict(vars(zarr.dtype))) == row.dtype
        assert pickle.loads(pickle.dumps(row.dtype)) == row.dtype
        assert [other for other in ROWS if other.dtype == row.dtype] == [row]

    def test_it_is_immutable(self, row):
        with pytest.raises((AttributeError, TypeError)):
            row.dtype.endianness = "other"

    def test_default_scalar_is_exact_in_json_and_reads_back(self, row):
        for zarr_format in (2, 3):
            default = row.dtype.default_scalar()
            stored = row.dtype.to_json_scalar(default, zarr_format=zarr_format)
            expected = row.default2 if zarr_format == 2 and row.default2 is not None else row.default
            assert stored == expected
            assert type(stored) is type(expected)
            back = row.dtype.from_json_scalar(stored, zarr_format=zarr_format)
            assert type(back) is type(default)
            assert bits(back) == bits(default)

    def test_every_other_class_refuses_its_forms(self, row):
        for cls in data_type_registry.contents.values():
            if cls is type(row.dtype):
                continue
            with pytest.raises(DataTypeValidationError):
                cls.from_native_dtype(row.dtype.to_native_dtype())
            with pytest.raises(DataTypeValidationError):
                cls.from_json(row.json3, zarr_format=3)
            with pytest.raises(DataTypeValidationError):
                cls.from_json(row.json2, zarr_format=2)

    def test_nonsense_scalars_are_refused(self, row):
        for nonsense in (object(), {}, {"a": 1}, [1, 2, 3], ..., np.array([1, 2])):
            with pytest.raises((TypeError, ValueError)):
                row.dtype.cast_scalar(nonsense)
        for nonsense in (None, {}, {"a": 1}, ["x"], [None]):
            for zarr_format in (2, 3):
                with pytest.raises((TypeError, ValueError)):
                    row.dtype.from_json_scalar(nonsense, zarr_format=zarr_format)


def test_the_native_byte_order_is_told_as_little_or_big():
    assert Int32.from_native_dtype(np.dtype("=i4")).endianness == sys.byteorder
    assert FixedLengthUTF32.from_native_dtype(np.dtype("=U2")).endianness == sys.byteorder


def test_item_sizes_are_those_of_numpy():
    for row in ROWS:
        if row.native not in ("T", "|O"):
            assert row.dtype.item_size == np.dtype(row.native).itemsize


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    "dtype", [FixedLengthUTF32(length=0), NullTerminatedBytes(length=0), RawBytes(length=0)], ids=shown
)
def test_types_of_length_zero_are_known_to_format_2_alone(dtype, zarr_format):
    if zarr_format == 2:
        assert data_type_registry.match_json(dtype.to_json(2), zarr_format=2) == dtype
    else:
        with pytest.raises(ValueError, match="length 0"):
            dtype.to_json(3)


def test_lengths_must_not_be_negative():
    for cls in (FixedLengthUTF32, NullTerminatedBytes, RawBytes):
        with pytest.raises(ValueError, match="negative"):
            cls(length=-1)


@pytest.mark.parametrize("code", ["<b1", ">b1", "<i1", ">u1"])
def test_format_2_reads_a_byte_order_on_single_bytes(code):
    found = data_type_registry.match_json(v2(code), zarr_format=2)
    assert found.to_json(2) == v2(f"|{code[1:]}")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "f4",
            "int8",
            "i4",
            "=i4",
            "|i4",
            "i",
            "float",
            "",
            "<",
            "<i3",
            "<i4 ",
            " <i4",
            "<i4\n",
            "<f16",
            "<c32",
            "<i16",
        ),
        *("|O", "O", "<O", "|S", "|S-1", "<S3", "|S1_0", "|S\u0663", "|U3", "U3", "<U", "<U9999999999", "|V", "<V3"),
        *("<M8[x]", "<M8[0s]", "<M8[-5s]", "<M8[99999999999s]", "<M8[]", "<M8[s", "<M8[s]x", "|M8[s]", "<M4[s]"),
        *(
            [["a", "i4"]],
            [["a"]],
            [[5, "<i4"]],
            [["a", "|O"]],
            [["a", "<i4"], ["a", "<i4"]],
            [],
            None,
            5,
            True,
            {},
            "int32",
        ),
    ],
    ids=shown,
)
def test_format_2_refuses_other_type_strings(name):
    with pytest.raises(DataTypeValidationError):
        data_type_registry.match_json(v2(name), zarr_format=2)


def test_format_2_refuses_an_object_codec_on_anything_but_objects():
    for row in ROWS:
        name = row.json2["name"]
        if name == "|O":
            continue
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json(v2(name, "json2"), zarr_format=2)


def test_python_objects():
    for codec in ("categorize", "json2", "msgpack2", "pickle", "vlen-array"):
        dtype = data_type_registry.match_json(v2("|O", codec), zarr_format=2)
        assert dtype == PythonObjects(object_codec_id=codec)
        assert dtype.to_json(2) == v2("|O", codec)
        assert dtype.to_native_dtype() == np.dtype(object)
        with pytest.raises(ValueError, match="format 2 only"):
            dtype.to_json(3)
    for refused in (v2("|O", "json"), v2("|O", None), v2("<i4", "json2")):
        with pytest.raises(DataTypeValidationError):
            PythonObjects.from_json(refused, zarr_format=2)
    with pytest.raises(DataTypeValidationError):
        data_type_registry.match_json("python_objects", zarr_format=3)
    with pytest.raises(ValueError, match="object_codec_id must be one of"):
        PythonObjects(object_codec_id="vlen-utf8")


@pytest.mark.parametrize(
    "data",
    [
        *(5, None, [], True, {}, {"name": 5}, {"configuration": {}}, {"name": "int8", "x": 1}, "i4", "<i4", "Int8", ""),
        *({"name": "int8", "configuration": {"a": 1}}, {"name": "int8", "configuration": 5}),
        *("r7", "r0", "r08", "r-8", "r8.0", "r", "r\u0668", "r99999999992", {"name": "r16", "configuration": {"a": 1}}),
        *("numpy.datetime64", named("numpy.datetime64", unit="s"), named("numpy.datetime64", scale_factor=1)),
        *(
            named("numpy.datetime64", unit=unit, scale_factor=factor, **extra)
            for unit, factor, extra in [
                ("s", 0, {}),
                ("s", 2**31, {}),
                ("s", 1.0, {}),
                ("s", True, {}),
                ("s", "1", {}),
                ("S", 1, {}),
                ([], 1, {}),
                (None, 1, {}),
                ("s", 1, {"endianness": "big"}),
            ]
        ),
        *("fixed_length_utf32", named("fixed_length_utf32"), named("fixed_length_utf32", length_bytes=6)),
        *(named("fixed_length_utf32", length_bytes=n) for n in (0, -4, 4.0, "4", True, None, 2**31)),
        named("fixed_length_utf32", length_bytes=4, endianness="big"),
        *("raw_bytes", named("raw_bytes", length_bytes=0), named("raw_bytes", length_bytes=2.0), named("raw_bytes")),
        *("null_terminated_bytes", named("null_terminated_bytes", length_bytes=-1)),
        *(named("string", a=1), named("bytes", a=1), "float80", named("struct", fields=[])),
    ],
    ids=shown,
)
def test_format_3_refuses_other_descriptions(data):
    with pytest.raises(DataTypeValidationError):
        data_type_registry.match_json(data, zarr_format=3)


def test_format_3_reads_every_name_of_bytes():
    for name in ("bytes", "variable_length_bytes", "binary"):
        assert data_type_registry.match_json(name, zarr_format=3) == VariableLengthBytes()


@given(st.integers(1, 2**20))
def test_raw_types_of_the_format_are_read_by_their_bits(length):
    assert data_type_registry.match_json(f"r{8 * length}", zarr_format=3) == RawBytes(length=length)


def test_format_3_takes_both_spellings_of_microseconds():
    greek = data_type_registry.match_json(named("numpy.datetime64", unit="μs", scale_factor=1), zarr_format=3)
    assert greek.to_native_dtype() == np.dtype("M8[us]")
    assert greek.to_json(3)["configuration"] == {"unit": "μs", "scale_factor": 1}


@given(
    st.sampled_from([DateTime64, TimeDelta64]),
    st.sampled_from(["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]),
    st.integers(1, 2**31 - 1),
    st.sampled_from(["little", "big"]),
)
def test_times_of_every_unit_and_factor_survive_both_formats_and_numpy(cls, unit, factor, order):
    dtype = cls(unit=unit, scale_factor=factor, endianness=order)
    assert cls.from_native_dtype(dtype.to_native_dtype()) == dtype
    assert data_type_registry.match_json(dtype.to_json(2), zarr_format=2) == dtype
    back = data_type_registry.match_json(dtype.to_json(3), zarr_format=3)
    assert back == cls(unit=unit, scale_factor=factor)


def test_a_factor_on_generic_times_is_kept():
    dtype = data_type_registry.match_json(named("numpy.timedelta64", unit="generic", scale_factor=10), zarr_format=3)
    assert np.datetime_data(dtype.to_native_dtype()) == ("generic", 10)
    assert dtype.to_json(3) == named("numpy.timedelta64", unit="generic", scale_factor=10)
    assert dtype.to_json(2) == {"name": "<m8[10generic]", "object_codec_id": None}


@pytest.mark.parametrize("kwargs", [{"unit": "x"}, {"scale_factor": 0}, {"scale_factor": 2**31}], ids=shown)
def test_times_check_unit_and_factor(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        DateTime64(**kwargs)


def test_raw_types_have_the_name_of_the_format_where_it_is_asked_for(recwarn):
    store = {}
    array = zarr.create_array(store, shape=3, chunks=3, dtype="r16", fill_value=b"\x01\xff", compressors=None)
    document = json.loads(store["zarr.json"].to_bytes())
    assert (document["data_type"], document["fill_value"]) == ("r16", [1, 255])
    array[1] = b"ab"
    again = zarr.open_array(store)
    assert again[:].tobytes() == b"\x01\xffab\x01\xff"
    assert again.metadata.data_type == array.metadata.data_type == RawBytes(length=2)
    assert pickle.loads(pickle.dumps(array)).metadata.to_dict()["data_type"] == "r16"
    assert not recwarn
    with pytest.warns(UnstableSpecificationWarning, match="raw_bytes"):
        copied = zarr.from_array({}, data=again)
    assert copied.metadata.data_type == RawBytes(length=2)


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning", "ignore:Combining a")
@pytest.mark.parametrize(
    "options",
    [
        {"zarr_format": 2, "order": "F", "compressors": numcodecs.LZMA(), "chunks": 3},
        {"filters": [BitRoundCodec(keepbits=60)], "chunks": 2, "shards": 4},
        {"filters": [TransposeCodec(order=(0,))], "compressors": [Crc32cCodec(), BZ2()], "chunks": 3},
        {"serializer": ShardingCodec(chunk_shape=(2,)), "compressors": [BZ2()], "chunks": 4},
        {"serializer": BytesCodec(endian="big"), "compressors": [BZ2()], "chunks": 3},
        {"serializer": PackBitsCodec(), "chunks": 2, "shards": 4},
        {"serializer": ZfpCodec(mode="reversible"), "chunks": 3},
        {"filters": [numcodecs.Shuffle(8)], "zarr_format": 2, "chunks": 3},
    ],
)
@pytest.mark.parametrize("dtype", ["m8[3generic]", "M8[2generic]", ">m8[3generic]"])
def test_a_factor_on_generic_times_is_kept_by_every_chain(engine, dtype, options):
    """Those too of which the kernel does a part."""
    data = np.arange(8).astype(">i8" if dtype[0] == ">" else "<i8").view(dtype)
    array = zarr.create_array({}, shape=8, dtype=np.dtype(dtype), fill_value=5, **options)
    array[:5] = data[:5]
    for read in (array[:], zarr.open_array(array.store)[:]):
        assert np.datetime_data(read.dtype) == np.datetime_data(np.dtype(dtype))
        counts = read.view(np.dtype("i8").newbyteorder(read.dtype.byteorder))  # NumPy's casts lose the factor
        assert counts.tolist() == [0, 1, 2, 3, 4, 5, 5, 5]
