"""Data types: native dtype, class and JSON of both formats, fill values bit by bit, and what users may write."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import math
import pickle
import re
import sys
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from zarr._dtype import (
    Bool,
    Complex64,
    Complex128,
    DateTime64,
    FixedLengthUTF32,
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    NullTerminatedBytes,
    RawBytes,
    TimeDelta64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    VariableLengthBytes,
    VariableLengthUTF8,
    ZDType,
    data_type_registry,
    parse_data_type,
    parse_dtype,
)
from zarr._dtype.fill import all_fill
from zarr._dtype.registry import DataTypeRegistry
from zarr.errors import DataTypeValidationError, UnstableSpecificationWarning

NATIVE = "<" if sys.byteorder == "little" else ">"
INTEGERS = (Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64)
FLOATS = (Float16, Float32, Float64)
COMPLEXES = (Complex64, Complex128)
SIGNALLING = {2: 0x7C01, 4: 0x7F800001, 8: 0x7FF0000000000001}
CANONICAL = {2: 0x7E00, 4: 0x7FC00000, 8: 0x7FF8000000000000}
FLOAT_BITS = {
    2: [0x7E00, 0x7C01, 0xFE00, 0x7DFF, 0xFFFF, 0x8000, 0x0000, 0x0001, 0x8001, 0x03FF, 0x7BFF, 0x7C00, 0xFC00],
    4: [0x7FC00000, 0x7F800001, 0xFFC00000, 0x7FC00ABC, 0xFFFFFFFF, 0x80000000, 1, 0x7F7FFFFF, 0x7F800000, 0xFF800000],
    8: [
        *(0x7FF8000000000000, 0x7FF0000000000001, 0xFFF8000000000000, 0x7FF8000000000ABC, 2**64 - 1),
        *(2**63, 1, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000),
    ],
}


def shown(value: object) -> str:
    """A test's label: without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def v2(name: Any, codec: str | None = None) -> dict[str, Any]:
    return {"name": name, "object_codec_id": codec}


def named(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "configuration": configuration}


def bits(scalar: Any) -> bytes:
    """Little-endian bytes of a scalar."""
    array = np.asarray(scalar)
    return array.astype(array.dtype.newbyteorder("<")).tobytes() if array.dtype.kind in "OT" else _swapped(array)


def _swapped(array: Any) -> bytes:
    native = array if array.dtype.isnative else array.byteswap().view(array.dtype.newbyteorder("="))
    little = native if NATIVE == "<" else native.byteswap()
    return little.tobytes()


def from_bits(dtype: ZDType, pattern: int) -> Any:
    code = np.dtype(dtype.to_native_dtype()).newbyteorder("<")
    return np.frombuffer(pattern.to_bytes(code.itemsize, "little"), code)[0]


def pattern_of(scalar: Any) -> int:
    return int.from_bytes(bits(scalar), "little")


@dataclass(frozen=True)
class Row:
    """One type: instance, native dtype, JSON of format 3 and of format 2, its JSON default and default scalar."""

    dtype: ZDType
    native: str
    json3: Any
    json2: Any
    default: Any
    unstable: bool = False

    def __str__(self) -> str:
        return f"{type(self.dtype).__name__}-{self.native}"


def _numbers() -> list[Row]:
    rows = [Row(Bool(), "|b1", "bool", v2("|b1"), False)]
    for cls in (*INTEGERS, *FLOATS, *COMPLEXES):
        name = cls.__name__.lower()
        code = np.dtype(name).str[1:]
        default = {"f": 0.0, "c": [0.0, 0.0]}.get(code[0], 0)
        if code[1:] == "1":
            rows.append(Row(cls(), f"|{code}", name, v2(f"|{code}"), default))
            continue
        rows += [
            Row(cls(endianness=order), f"{sign}{code}", name, v2(f"{sign}{code}"), default)
            for order, sign in (("little", "<"), ("big", ">"))
        ]
    return rows


ROWS = [
    *_numbers(),
    Row(DateTime64(), "<M8", named("numpy.datetime64", unit="generic", scale_factor=1), v2("<M8"), -(2**63)),
    Row(
        DateTime64(unit="ns", scale_factor=10, endianness="big"),
        ">M8[10ns]",
        named("numpy.datetime64", unit="ns", scale_factor=10),
        v2(">M8[10ns]"),
        -(2**63),
    ),
    Row(
        TimeDelta64(unit="D", scale_factor=1),
        "<m8[D]",
        named("numpy.timedelta64", unit="D", scale_factor=1),
        v2("<m8[D]"),
        -(2**63),
    ),
    Row(FixedLengthUTF32(length=5), "<U5", named("fixed_length_utf32", length_bytes=20), v2("<U5"), ""),
    Row(
        FixedLengthUTF32(length=5, endianness="big"),
        ">U5",
        named("fixed_length_utf32", length_bytes=20),
        v2(">U5"),
        "",
    ),
    Row(NullTerminatedBytes(length=3), "|S3", named("null_terminated_bytes", length_bytes=3), v2("|S3"), "AAAA", True),
    Row(RawBytes(length=3), "|V3", named("raw_bytes", length_bytes=3), v2("|V3"), "AAAA", True),
    Row(VariableLengthUTF8(), "T", "string", v2("|O", "vlen-utf8"), ""),
    Row(VariableLengthBytes(), "|O", "bytes", v2("|O", "vlen-bytes"), ""),
]
EXTENDED = [cls for cls in (np.longdouble, np.clongdouble) if np.dtype(np.longdouble) != np.dtype("f8")]
BY_NATIVE = [row for row in ROWS if row.native != "|O"]


def to_json3(dtype: ZDType, *, unstable: bool) -> Any:
    if unstable:
        with pytest.warns(UnstableSpecificationWarning, match="no specification in format 3"):
            return dtype.to_json(3)
    return dtype.to_json(3)


# -- description <-> class <-> NumPy ----------------------------------------------------------------------------------


def test_the_table_covers_every_registered_class():
    assert {type(row.dtype) for row in ROWS} == set(data_type_registry.contents.values())


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
        assert eval(repr(row.dtype)) == row.dtype
        assert pickle.loads(pickle.dumps(row.dtype)) == row.dtype
        assert [other for other in ROWS if other.dtype == row.dtype] == [row]

    def test_it_is_immutable(self, row):
        with pytest.raises((AttributeError, TypeError)):
            row.dtype.endianness = "other"

    def test_default_scalar_is_exact_in_json_and_reads_back(self, row):
        for zarr_format in (2, 3):
            default = row.dtype.default_scalar()
            stored = row.dtype.to_json_scalar(default, zarr_format=zarr_format)
            assert stored == row.default
            assert type(stored) is type(row.default)
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
        *([["a", "<i4"]], [], None, 5, True, {}, "int32"),
    ],
    ids=shown,
)
def test_format_2_refuses_other_type_strings(name):
    with pytest.raises(DataTypeValidationError):
        data_type_registry.match_json(v2(name), zarr_format=2)


def test_format_2_refuses_an_object_codec_on_anything_but_objects():
    for row in ROWS:
        name = row.json2["name"]
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json(v2(name, "json2"), zarr_format=2)


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


# -- fill values: Booleans and integers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
class TestBool:
    def test_json_is_true_or_false(self, zarr_format):
        for value in (True, False):
            assert Bool().to_json_scalar(np.bool_(value), zarr_format=zarr_format) is value
            read = Bool().from_json_scalar(value, zarr_format=zarr_format)
            assert isinstance(read, np.bool_)
            assert bool(read) is value

    def test_zero_and_one_are_read(self, zarr_format):
        assert not Bool().from_json_scalar(0, zarr_format=zarr_format)
        assert Bool().from_json_scalar(1, zarr_format=zarr_format)

    @pytest.mark.parametrize("data", [2, -1, "true", "False", None, [], 0.5], ids=shown)
    def test_nothing_else_is_read(self, zarr_format, data):
        with pytest.raises(TypeError, match="Invalid type"):
            Bool().from_json_scalar(data, zarr_format=zarr_format)

    @pytest.mark.parametrize("data", ["false", "", 2, None, [0]], ids=shown)
    def test_nothing_else_is_written(self, zarr_format, data):
        with pytest.raises(TypeError, match="bool"):
            Bool().to_json_scalar(data, zarr_format=zarr_format)


@pytest.mark.parametrize("data", [True, np.True_, 1, 1.0, np.int8(1), np.float32(1), np.uint64(1)], ids=shown)
def test_bool_takes_what_equals_one(data):
    assert Bool().cast_scalar(data) is np.True_


@pytest.mark.parametrize("data", [2, 0.5, "yes", "1", b"1", None, np.timedelta64(1, "s"), math.nan], ids=shown)
def test_bool_refuses_what_is_neither_zero_nor_one(data):
    with pytest.raises(TypeError, match="bool"):
        Bool().cast_scalar(data)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("cls", INTEGERS)
class TestInteger:
    def test_the_limits_survive_exactly(self, cls, zarr_format):
        info = np.iinfo(cls().to_native_dtype())
        for value in (info.min, info.max, info.max - 1, 0, 1):
            scalar = cls().from_json_scalar(value, zarr_format=zarr_format)
            assert scalar.dtype == cls().to_native_dtype()
            assert int(scalar) == value
            stored = cls().to_json_scalar(scalar, zarr_format=zarr_format)
            assert type(stored) is int
            assert stored == value

    def test_beyond_the_limits_is_an_overflow_error(self, cls, zarr_format):
        info = np.iinfo(cls().to_native_dtype())
        for value in (info.min - 1, info.max + 1, 10**40, -(10**40)):
            for refuse in (
                lambda v: cls().from_json_scalar(v, zarr_format=zarr_format),
                lambda v: cls().to_json_scalar(v, zarr_format=zarr_format),
                cls().cast_scalar,
            ):
                with pytest.raises(OverflowError, match="out of range"):
                    refuse(value)

    def test_whole_floats_are_read_and_others_refused(self, cls, zarr_format):
        assert cls().from_json_scalar(3.0, zarr_format=zarr_format) == 3
        for data in (3.5, math.nan, math.inf, "3", True, None, [3]):
            with pytest.raises(TypeError, match="Expected an integer"):
                cls().from_json_scalar(data, zarr_format=zarr_format)

    def test_nothing_is_cut_off_on_the_way_to_json(self, cls, zarr_format):
        for data in (2.5, "3", None, b"1"):
            with pytest.raises(TypeError, match=cls._zarr_v3_name):
                cls().to_json_scalar(data, zarr_format=zarr_format)

    def test_users_may_write_any_number_that_is_whole(self, cls, zarr_format):
        for data in (7, 7.0, np.int8(7), np.uint64(7), np.float16(7), np.array(7), np.bool_(True), True):
            scalar = cls().cast_scalar(data)
            assert type(scalar) is cls().to_native_dtype().type
            assert scalar == int(data)

    def test_other_values_are_refused(self, cls, zarr_format):
        for data in (7.5, "7", b"7", 7j, None, math.nan, np.timedelta64(7, "s"), np.datetime64("NaT", "s"), [7]):
            with pytest.raises(TypeError, match="Cannot convert object"):
                cls().cast_scalar(data)
        with pytest.raises(OverflowError, match="inf is out of range"):
            cls().cast_scalar(math.inf)


@given(st.sampled_from([row.dtype for row in ROWS if isinstance(row.dtype, INTEGERS)]), st.data())
def test_every_integer_survives_json(dtype, data):
    info = np.iinfo(dtype.to_native_dtype())
    value = data.draw(st.integers(int(info.min), int(info.max)))
    for zarr_format in (2, 3):
        stored = dtype.to_json_scalar(dtype.cast_scalar(value), zarr_format=zarr_format)
        assert stored == value
        assert int(dtype.from_json_scalar(stored, zarr_format=zarr_format)) == value


# -- fill values: floats and complex numbers ----------------------------------------------------------------------------


def expected_float_json(dtype: Any, pattern: int, zarr_format: int) -> Any:
    """What the formats say about a bit pattern, written down independently."""
    value = float(np.float64(from_bits(dtype, pattern)))
    if math.isnan(value):
        if zarr_format == 2 or pattern == CANONICAL[dtype.item_size]:
            return "NaN"
        return "0x" + format(pattern, f"0{2 * dtype.item_size}x")
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("cls", FLOATS)
class TestFloat:
    def test_chosen_bit_patterns_survive_format_3(self, cls, order):
        dtype = cls(endianness=order)
        for pattern in FLOAT_BITS[dtype.item_size]:
            stored = dtype.to_json_scalar(from_bits(dtype, pattern), zarr_format=3)
            assert repr(stored) == repr(expected_float_json(dtype, pattern, 3))
            assert pattern_of(dtype.from_json_scalar(stored, zarr_format=3)) == pattern

    def test_format_2_keeps_all_but_the_kind_of_nan(self, cls, order):
        dtype = cls(endianness=order)
        for pattern in FLOAT_BITS[dtype.item_size]:
            stored = dtype.to_json_scalar(from_bits(dtype, pattern), zarr_format=2)
            assert repr(stored) == repr(expected_float_json(dtype, pattern, 2))
            kept = CANONICAL[dtype.item_size] if stored == "NaN" else pattern
            assert pattern_of(dtype.from_json_scalar(stored, zarr_format=2)) == kept

    def test_the_very_bits_of_an_own_scalar_are_kept_by_a_cast(self, cls, order):
        dtype = cls(endianness=order)
        for pattern in FLOAT_BITS[dtype.item_size]:
            assert pattern_of(dtype.cast_scalar(from_bits(dtype, pattern))) == pattern

    def test_names_and_hexadecimal_patterns_are_read(self, cls, order):
        dtype = cls(endianness=order)
        size = dtype.item_size
        signalling = SIGNALLING[size]
        for text, pattern in {
            "NaN": CANONICAL[size],
            f"0x{signalling:0{2 * size}x}": signalling,
            f"0x{signalling:X}": signalling,
            "0x1": 1,
            "0x0": 0,
        }.items():
            assert pattern_of(dtype.from_json_scalar(text, zarr_format=3)) == pattern
            assert pattern_of(dtype.cast_scalar(text)) == pattern
        assert dtype.from_json_scalar("Infinity", zarr_format=3) == math.inf
        assert dtype.from_json_scalar("-Infinity", zarr_format=3) == -math.inf

    def test_other_texts_are_refused(self, cls, order):
        dtype = cls(endianness=order)
        too_long = "0x" + "0" * (2 * dtype.item_size) + "1"
        for text in (too_long, "nan", "-NaN", "inf", "1.5", "", "0x", "0xg", "7fc0", "0X1", "0x1\n", "NaN ", "0x_1"):
            with pytest.raises(ValueError, match="is not a float"):
                dtype.from_json_scalar(text, zarr_format=3)

    def test_other_kinds_are_refused(self, cls, order):
        dtype = cls(endianness=order)
        for data in (True, None, [1.0], {}, b"1"):
            with pytest.raises(TypeError, match="Expected a float"):
                dtype.from_json_scalar(data, zarr_format=3)
        for data in (None, [1.0], b"1", 1j, np.complex64(1), np.timedelta64(1, "s"), np.datetime64("NaT", "s")):
            with pytest.raises(TypeError, match="Cannot convert object"):
                dtype.cast_scalar(data)

    def test_finite_numbers_never_become_infinite(self, cls, order):
        dtype = cls(endianness=order)
        limit = float(np.finfo(dtype.to_native_dtype()).max)
        assert dtype.cast_scalar(limit) == limit
        too_large = [10**400, -(10**400)]
        if dtype.item_size < 8:
            too_large += [limit * 2, -limit * 2, np.float64(limit * 2), int(limit) * 2]
        if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
            too_large.append(np.longdouble("1e4000"))
        for value in too_large:
            with pytest.raises(OverflowError):
                dtype.cast_scalar(value)
        with pytest.raises(OverflowError):
            dtype.from_json_scalar(10**400, zarr_format=3)
        for infinite in (math.inf, -math.inf, np.float16(math.inf), np.longdouble(math.inf)):
            assert dtype.cast_scalar(infinite) == infinite

    def test_users_may_write_every_real_number(self, cls, order):
        dtype = cls(endianness=order)
        for data in (2, 2.0, np.float16(2), np.float32(2), np.float64(2), np.longdouble(2), np.int64(2), np.uint8(2)):
            scalar = dtype.cast_scalar(data)
            assert type(scalar) is dtype.to_native_dtype().type
            assert scalar == 2
        assert dtype.cast_scalar(True) == 1
        assert np.isnan(dtype.cast_scalar(math.nan))

    def test_a_signalling_nan_of_another_width_is_a_nan_without_a_warning(self, cls, order):
        for other in FLOATS:
            signalling = from_bits(other(), SIGNALLING[other().item_size])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert np.isnan(cls(endianness=order).cast_scalar(signalling))


@given(st.sampled_from([row.dtype for row in ROWS if isinstance(row.dtype, FLOATS)]), st.data())
def test_every_float_survives_json_bit_by_bit(dtype, data):
    pattern = data.draw(st.integers(0, 2 ** (8 * dtype.item_size) - 1))
    for zarr_format in (2, 3):
        stored = dtype.to_json_scalar(from_bits(dtype, pattern), zarr_format=zarr_format)
        assert repr(stored) == repr(expected_float_json(dtype, pattern, zarr_format))
        if zarr_format == 3 or stored != "NaN":
            assert pattern_of(dtype.from_json_scalar(stored, zarr_format=zarr_format)) == pattern


@given(st.sampled_from([row.dtype for row in ROWS if isinstance(row.dtype, COMPLEXES)]), st.data())
def test_every_complex_number_survives_format_3_bit_by_bit(dtype, data):
    half = 4 * dtype.item_size
    part = Float32() if half == 32 else Float64()
    parts = [data.draw(st.integers(0, 2**half - 1)) for _ in range(2)]
    pattern = parts[0] | parts[1] << half
    stored = dtype.to_json_scalar(from_bits(dtype, pattern), zarr_format=3)
    assert repr(stored) == repr([expected_float_json(part, p, 3) for p in parts])
    assert pattern_of(dtype.from_json_scalar(stored, zarr_format=3)) == pattern
    assert pattern_of(dtype.cast_scalar(from_bits(dtype, pattern))) == pattern


@pytest.mark.parametrize("cls", COMPLEXES)
class TestComplex:
    def test_signalling_parts_and_negative_zeros_survive(self, cls):
        half = cls().item_size // 2
        text = f"0x{SIGNALLING[half]:0{2 * half}x}"
        for stored in ([text, -0.0], [-0.0, text], ["NaN", "-Infinity"], ["Infinity", 0.5]):
            scalar = cls().from_json_scalar(stored, zarr_format=3)
            assert repr(cls().to_json_scalar(scalar, zarr_format=3)) == repr(stored)

    def test_only_pairs_are_read_in_format_3(self, cls):
        for data in (1, 1.5, "NaN", [1], [1, 2, 3], [], True, None, {"re": 1}):
            with pytest.raises(TypeError, match="list of two floats"):
                cls().from_json_scalar(data, zarr_format=3)
        for data in ([1, None], [True, 0], ["x", 0]):
            with pytest.raises((TypeError, ValueError)):
                cls().from_json_scalar(data, zarr_format=3)

    def test_format_2_also_reads_a_lone_number(self, cls):
        assert cls().from_json_scalar(1.5, zarr_format=2) == 1.5
        assert cls().from_json_scalar(0, zarr_format=2) == 0
        assert np.isnan(cls().from_json_scalar("NaN", zarr_format=2).real)

    def test_users_may_write_numbers_and_pairs(self, cls):
        for data in (2, 2.0, 2 + 0j, np.int8(2), np.float32(2), np.complex64(2), np.complex128(2), [2, 0], (2.0, 0)):
            scalar = cls().cast_scalar(data)
            assert type(scalar) is cls().to_native_dtype().type
            assert scalar == 2
        assert cls().cast_scalar(True) == 1
        assert cls().cast_scalar(1 - 2j) == 1 - 2j
        assert math.copysign(1, cls().cast_scalar(complex(-0.0, -0.0)).real) == -1
        for data in ("1", None, b"1", np.timedelta64(1, "s"), [1, 2, 3]):
            with pytest.raises(TypeError):
                cls().cast_scalar(data)

    def test_finite_numbers_never_become_infinite(self, cls):
        too_large = [10**400]
        if cls is Complex64:
            too_large += [1e300, 1e300j, np.complex128(1e300), np.complex128(1e300j), np.float64(1e300), [0, 1e300]]
        for value in too_large:
            with pytest.raises(OverflowError):
                cls().cast_scalar(value)


# -- fill values: times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("cls", [DateTime64, TimeDelta64])
class TestTime:
    def test_counts_and_nat_survive_as_integers(self, cls, order):
        dtype = cls(unit="ns", endianness=order)
        for count in (-(2**63), -(2**63) + 1, -1, 0, 1, 2**53 + 1, 2**63 - 1):
            for zarr_format in (2, 3):
                scalar = dtype.from_json_scalar(count, zarr_format=zarr_format)
                assert pattern_of(scalar) == count % 2**64
                assert np.isnat(scalar) == (count == -(2**63))
                stored = dtype.to_json_scalar(scalar, zarr_format=zarr_format)
                assert type(stored) is int
                assert stored == count

    def test_the_name_of_nat_is_read(self, cls, order):
        for unit in ("s", "generic"):
            assert np.isnat(cls(unit=unit, endianness=order).from_json_scalar("NaT", zarr_format=3))

    def test_counts_beyond_64_bits_are_an_overflow_error(self, cls, order):
        for count in (2**63, -(2**63) - 1):
            with pytest.raises(OverflowError, match="64 bits"):
                cls(unit="s", endianness=order).from_json_scalar(count, zarr_format=3)
            with pytest.raises(OverflowError, match="64 bits"):
                cls(unit="s", endianness=order).cast_scalar(count)

    def test_other_json_is_refused(self, cls, order):
        for data in ("nat", "2020-01-01", 1.0, True, None, []):
            with pytest.raises(TypeError, match="Expected an integer"):
                cls(unit="s", endianness=order).from_json_scalar(data, zarr_format=3)

    def test_none_and_nat_are_not_a_time(self, cls, order):
        for unit in ("s", "generic"):
            for data in (None, "NaT"):
                assert np.isnat(cls(unit=unit, endianness=order).cast_scalar(data))

    def test_other_kinds_are_refused(self, cls, order):
        foreign = np.timedelta64(1, "s") if cls is DateTime64 else np.datetime64(1, "s")
        for data in (True, 1.0, b"1", [1], foreign):
            with pytest.raises(TypeError, match="Cannot convert object"):
                cls(unit="s", endianness=order).cast_scalar(data)

    def test_generic_times_take_counts_only(self, cls, order):
        dtype = cls(endianness=order)
        assert pattern_of(dtype.cast_scalar(5)) == 5
        with_unit = np.datetime64(5, "D") if cls is DateTime64 else np.timedelta64(5, "D")
        with pytest.raises(ValueError, match="has none"):
            dtype.cast_scalar(with_unit)

    def test_the_unit_of_the_scalar_is_that_of_the_type(self, cls, order):
        for data in (5, None, np.int16(5)):
            assert np.datetime_data(cls(unit="s", scale_factor=10, endianness=order).cast_scalar(data)) == ("s", 10)


def test_datetime_takes_strings_dates_and_other_units():
    seconds = DateTime64(unit="s")
    expected = np.datetime64("2020-02-03T00:00:00", "s")
    for data in (
        "2020-02-03",
        "2020-02-03T00:00",
        dt.date(2020, 2, 3),
        dt.datetime(2020, 2, 3),  # noqa: DTZ001  # NumPy's times have no zone
        np.datetime64("2020-02-03"),
        np.datetime64("2020-02-03T00", "h"),
        np.datetime64("2020-02-03T00:00:00.000", "ns"),
        int(expected.astype("i8")),
    ):
        scalar = seconds.cast_scalar(data)
        assert scalar == expected
        assert scalar.dtype == np.dtype("M8[s]")
    assert DateTime64(unit="D").cast_scalar("2020") == np.datetime64("2020-01-01")
    assert pattern_of(DateTime64(unit="s", scale_factor=10).cast_scalar("1970-01-01T00:00:20")) == 2


def test_timedelta_takes_durations_of_other_units():
    seconds = TimeDelta64(unit="s")
    for data in (90, dt.timedelta(minutes=1, seconds=30), np.timedelta64(90, "s"), np.timedelta64(90_000, "ms"), "90"):
        scalar = seconds.cast_scalar(data)
        assert scalar == np.timedelta64(90, "s")
        assert scalar.dtype == np.dtype("m8[s]")
    assert pattern_of(seconds.cast_scalar(np.array(5).view("m8")[()])) == 5


@pytest.mark.parametrize(
    ("dtype", "data"),
    [
        (DateTime64(unit="s"), "2020-01-01T00:00:00.5"),
        (DateTime64(unit="M"), "2020-02-02"),
        (DateTime64(unit="s", scale_factor=10), "1970-01-01T00:00:25"),
        (TimeDelta64(unit="h"), dt.timedelta(minutes=1)),
        (TimeDelta64(unit="s"), np.timedelta64(1, "ns")),
    ],
    ids=shown,
)
def test_a_time_between_two_counts_is_refused(dtype, data):
    with pytest.raises(ValueError, match="finer unit"):
        dtype.cast_scalar(data)


@pytest.mark.parametrize(
    ("dtype", "data"),
    [
        (DateTime64(unit="ns"), "9999-01-01"),
        (DateTime64(unit="ns"), dt.date(1066, 10, 14)),
        (DateTime64(unit="as"), np.datetime64("1980-01-01T00:00:00", "s")),
        (TimeDelta64(unit="ns"), np.timedelta64(10**6, "W")),
        (TimeDelta64(unit="ns"), dt.timedelta(days=999_999_999)),
    ],
    ids=shown,
)
def test_a_time_out_of_range_is_an_overflow_error_and_does_not_wrap_around(dtype, data):
    with pytest.raises(OverflowError, match=r"out of range|overflow"):
        dtype.cast_scalar(data)


def test_texts_that_are_no_times_are_refused():
    for dtype in (DateTime64(unit="s"), TimeDelta64(unit="s")):
        with pytest.raises(ValueError):
            dtype.cast_scalar("yesterday")


@given(
    st.sampled_from(["W", "D", "h", "m", "s", "ms", "us", "ns"]),
    st.sampled_from(["W", "D", "h", "m", "s", "ms", "us", "ns"]),
    st.integers(-(2**63) + 1, 2**63 - 1),
)
def test_durations_change_their_unit_exactly_or_not_at_all(unit, target, count):
    ns = {"W": 604800 * 10**9, "D": 86400 * 10**9, "h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9}
    ns |= {"ms": 10**6, "us": 10**3, "ns": 1}
    whole, rest = divmod(count * ns[unit], ns[target])
    if rest:
        with pytest.raises(ValueError, match="finer unit"):
            TimeDelta64(unit=target).cast_scalar(np.timedelta64(count, unit))
    elif not -(2**63) < whole < 2**63:
        with pytest.raises(OverflowError, match="out of range"):
            TimeDelta64(unit=target).cast_scalar(np.timedelta64(count, unit))
    else:
        assert TimeDelta64(unit=target).to_json_scalar(np.timedelta64(count, unit), zarr_format=3) == whole


# -- fill values: text and bytes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", [FixedLengthUTF32(length=3), FixedLengthUTF32(length=3, endianness="big")], ids=shown)
class TestFixedText:
    def test_text_survives(self, dtype, zarr_format):
        for text in ("", "a", "äöü", "😀𝒳", "a\0b"):
            scalar = dtype.from_json_scalar(text, zarr_format=zarr_format)
            assert type(scalar) is np.str_
            assert dtype.to_json_scalar(scalar, zarr_format=zarr_format) == text

    def test_padding_does_not_count(self, dtype, zarr_format):
        assert dtype.from_json_scalar("abc\0\0", zarr_format=zarr_format) == "abc"

    def test_longer_text_is_refused_and_not_cut(self, dtype, zarr_format):
        for refuse in (dtype.cast_scalar, lambda text: dtype.from_json_scalar(text, zarr_format=zarr_format)):
            with pytest.raises(ValueError, match="4 code points; the data type holds 3"):
                refuse("abcd")

    def test_numbers_are_text_to_users_only(self, dtype, zarr_format):
        assert dtype.cast_scalar(12) == "12"
        with pytest.raises(TypeError, match="Expected a string"):
            dtype.from_json_scalar(12, zarr_format=zarr_format)
        for data in (True, None, b"a", ["a"], np.timedelta64(1, "s")):
            with pytest.raises(TypeError):
                dtype.cast_scalar(data)


@pytest.mark.parametrize("dtype", [FixedLengthUTF32(length=3), VariableLengthUTF8()], ids=shown)
def test_a_number_zero_is_the_empty_text_in_old_arrays_of_format_2(dtype):
    assert dtype.from_json_scalar(0, zarr_format=2) == ""
    for data, zarr_format in ((0, 3), (False, 2), (1, 2)):
        with pytest.raises(TypeError, match="Expected a string"):
            dtype.from_json_scalar(data, zarr_format=zarr_format)


@given(st.text())
def test_text_of_any_length_survives(text):
    for zarr_format in (2, 3):
        stored = VariableLengthUTF8().to_json_scalar(text, zarr_format=zarr_format)
        assert stored == text
        assert type(VariableLengthUTF8().from_json_scalar(stored, zarr_format=zarr_format)) is str
    assert type(VariableLengthUTF8().cast_scalar(np.str_(text))) is str


@given(st.binary())
def test_bytes_of_any_length_survive_as_base64(data):
    for zarr_format in (2, 3):
        stored = VariableLengthBytes().to_json_scalar(data, zarr_format=zarr_format)
        assert stored == base64.b64encode(data).decode()
        assert VariableLengthBytes().from_json_scalar(stored, zarr_format=zarr_format) == data
        assert VariableLengthBytes().from_json_scalar(list(data), zarr_format=zarr_format) == data


@given(st.binary(max_size=8))
def test_raw_bytes_survive_whole(data):
    dtype = RawBytes(length=8)
    padded = data.ljust(8, b"\0")
    for zarr_format in (2, 3):
        stored = dtype.to_json_scalar(data, zarr_format=zarr_format)
        assert stored == base64.b64encode(padded).decode()
        assert dtype.from_json_scalar(stored, zarr_format=zarr_format).tobytes() == padded
        assert dtype.from_json_scalar(list(padded), zarr_format=zarr_format).tobytes() == padded
    assert dtype.cast_scalar(np.void(padded)).tobytes() == padded


@given(st.binary(max_size=8))
def test_null_terminated_bytes_are_stored_with_their_padding(data):
    dtype = NullTerminatedBytes(length=8)
    for zarr_format in (2, 3):
        stored = dtype.to_json_scalar(data, zarr_format=zarr_format)
        assert base64.b64decode(stored) == data.ljust(8, b"\0")
        assert dtype.from_json_scalar(stored, zarr_format=zarr_format) == data.rstrip(b"\0")
    significant = base64.b64encode(data.rstrip(b"\0")).decode()
    assert dtype.from_json_scalar(significant, zarr_format=2) == data.rstrip(b"\0")


def test_the_spelling_of_raw_types_takes_both_forms_of_fill_values():
    dtype = data_type_registry.match_json("r16", zarr_format=3)
    assert dtype.from_json_scalar([1, 255], zarr_format=3).tobytes() == b"\x01\xff"
    assert dtype.from_json_scalar("Af8=", zarr_format=3).tobytes() == b"\x01\xff"


@pytest.mark.parametrize("dtype", [RawBytes(length=2), NullTerminatedBytes(length=2), VariableLengthBytes()], ids=shown)
class TestStoredBytes:
    def test_lists_of_anything_but_octets_are_refused(self, dtype):
        for data in ([256], [-1], ["a"], [1.5], [None]):
            with pytest.raises(ValueError, match="0 to 255"):
                dtype.from_json_scalar(data, zarr_format=3)

    def test_text_that_is_not_base64_is_refused_in_format_3(self, dtype):
        for data in ("a", "a*==", "AA=", "A A=", "äA=="):
            with pytest.raises(ValueError):
                dtype.from_json_scalar(data, zarr_format=3)

    def test_old_arrays_of_format_2_may_hold_plain_text_or_zero(self, dtype):
        expected = b"a" if not isinstance(dtype, RawBytes) else b"a\0"
        assert bytes(dtype.from_json_scalar("a", zarr_format=2)) == expected
        assert bytes(dtype.from_json_scalar(0, zarr_format=2)).rstrip(b"\0") == b""
        for data in (1, False, 0.5, None):
            with pytest.raises(TypeError, match="base64"):
                dtype.from_json_scalar(data, zarr_format=2)
        with pytest.raises(TypeError, match="base64"):
            dtype.from_json_scalar(0, zarr_format=3)

    def test_users_may_write_bytes_and_text(self, dtype):
        for data in (b"ab", bytearray(b"ab"), memoryview(b"ab"), "ab", np.bytes_(b"ab"), np.void(b"ab")):
            assert bytes(dtype.cast_scalar(data)) == b"ab"
        assert bytes(dtype.cast_scalar(0)).rstrip(b"\0") == b""
        for data in (1, 1.5, None, False, [97]):
            with pytest.raises(TypeError, match="Cannot convert object"):
                dtype.cast_scalar(data)

    def test_longer_bytes_are_refused_and_not_cut(self, dtype):
        if isinstance(dtype, VariableLengthBytes):
            return
        for refuse in (dtype.cast_scalar, lambda _: dtype.from_json_scalar([1, 2, 3], zarr_format=3)):
            with pytest.raises(ValueError, match="3 bytes; the data type holds 2"):
                refuse(b"abc")


# -- what users write as a dtype ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
class TestParse:
    @pytest.mark.parametrize("row", BY_NATIVE, ids=str)
    def test_numpy_dtypes_and_their_strings(self, row, zarr_format):
        native = row.dtype.to_native_dtype()
        assert parse_data_type(native, zarr_format=zarr_format) == row.dtype
        if row.native != "T":
            assert parse_data_type(row.native, zarr_format=zarr_format) == row.dtype

    @pytest.mark.parametrize("row", ROWS, ids=str)
    def test_data_types_pass_through(self, row, zarr_format):
        assert parse_data_type(row.dtype, zarr_format=zarr_format) is row.dtype

    @pytest.mark.parametrize("row", ROWS, ids=str)
    def test_stored_metadata(self, row, zarr_format):
        stored = row.json2 if zarr_format == 2 else row.json3
        assert type(parse_data_type(stored, zarr_format=zarr_format)) is type(row.dtype)

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            (bool, Bool()),
            (int, Int64()),
            (float, Float64()),
            (complex, Complex128()),
            (np.float32, Float32()),
            (np.uint8, UInt8()),
            ("int8", Int8()),
            ("uint64", UInt64()),
            ("float16", Float16()),
            ("complex64", Complex64()),
            ("i4", Int32()),
            ("f8", Float64()),
            ("?", Bool()),
            ("datetime64[10s]", DateTime64(unit="s", scale_factor=10)),
            ("m8[us]", TimeDelta64(unit="us")),
            ("U3", FixedLengthUTF32(length=3)),
            ("S3", NullTerminatedBytes(length=3)),
            ("V3", RawBytes(length=3)),
            (str, VariableLengthUTF8()),
            ("str", VariableLengthUTF8()),
            ("string", VariableLengthUTF8()),
            (np.dtypes.StringDType(), VariableLengthUTF8()),
            (bytes, VariableLengthBytes()),
            ("bytes", VariableLengthBytes()),
        ],
        ids=shown,
    )
    def test_python_types_and_names(self, spec, expected, zarr_format):
        found = parse_data_type(spec, zarr_format=zarr_format)
        native = {"endianness": sys.byteorder} if hasattr(expected, "endianness") else {}
        assert found == replace(expected, **native)

    @pytest.mark.parametrize("spec", [object, "O", "|O", np.dtype("O")], ids=shown)
    def test_python_objects_are_refused_with_a_way_out(self, spec, zarr_format):
        with pytest.raises(ValueError, match=r"object.*dtype='string'.*VariableLengthBytes"):
            parse_data_type(spec, zarr_format=zarr_format)

    @pytest.mark.parametrize("spec", [np.dtype([("a", "i4")]), [("a", "i4")], "i4,f8", "2i4", np.dtype([])], ids=shown)
    def test_structured_dtypes_are_refused_with_a_way_out(self, spec, zarr_format):
        with pytest.raises(DataTypeValidationError, match="each field as an array of its own"):
            parse_data_type(spec, zarr_format=zarr_format)

    @pytest.mark.parametrize("spec", EXTENDED)
    def test_extended_precision_is_refused_with_a_way_out(self, spec, zarr_format):
        with pytest.raises(DataTypeValidationError, match="use float64 or complex128"):
            parse_data_type(spec, zarr_format=zarr_format)

    @pytest.mark.parametrize("spec", [5, "nonsense", "float33", "<", (), {1, 2}, b"\xff", lambda: 1, {}, {"name": "x"}])
    def test_anything_else_is_refused(self, spec, zarr_format):
        with pytest.raises(DataTypeValidationError):
            parse_data_type(spec, zarr_format=zarr_format)


def test_the_old_name_of_the_parser_does_the_same():
    assert parse_dtype("<i2", zarr_format=2) == parse_data_type("<i2", zarr_format=2)
    with pytest.raises(DataTypeValidationError):
        parse_dtype("nonsense", zarr_format=3)


def test_format_3_names_are_no_names_in_format_2():
    assert parse_data_type("r16", zarr_format=3) == RawBytes(length=2)
    with pytest.raises(DataTypeValidationError, match="neither a NumPy dtype nor a Zarr data type"):
        parse_data_type("r16", zarr_format=2)


# -- the registry -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Celsius(ZDType):
    """A type of a third party: an int16 of hundredths under a name of its own, and the dtype of half precision."""

    dtype_cls = np.dtypes.Float16DType
    _zarr_v3_name = "example.celsius"

    @classmethod
    def from_native_dtype(cls, dtype):
        if dtype != np.dtype("float16"):
            raise DataTypeValidationError("not ours")
        return cls()

    def to_native_dtype(self):
        return np.dtype("float16")

    @classmethod
    def from_json(cls, data, *, zarr_format):
        if zarr_format == 3 and data == "example.celsius":
            return cls()
        raise DataTypeValidationError("not ours")

    def to_json(self, zarr_format):
        return "example.celsius"

    def from_json_scalar(self, data, *, zarr_format):
        return np.float16(data / 100)

    def to_json_scalar(self, data, *, zarr_format):
        return round(float(data) * 100)

    def default_scalar(self):
        return np.float16(0)

    def cast_scalar(self, data):
        return np.float16(data)


@pytest.fixture
def celsius():
    data_type_registry.register("example.celsius", Celsius)
    yield
    data_type_registry.unregister("example.celsius")


def test_a_registered_type_is_found_by_name(celsius):
    assert data_type_registry.get("example.celsius") is Celsius
    assert parse_data_type("example.celsius", zarr_format=3) == Celsius()
    assert data_type_registry.match_json("example.celsius", zarr_format=3) == Celsius()


def test_a_dtype_that_two_types_store_is_ambiguous(celsius):
    with pytest.raises(DataTypeValidationError, match=r"claimed by several data types: Float16, Celsius\. Unregister"):
        parse_data_type("<f2", zarr_format=2)
    assert parse_data_type("float16", zarr_format=3) == Float16()  # by name, without asking NumPy


def test_an_array_of_a_registered_type_is_stored_with_its_name_and_fill_value(celsius, engine):
    import zarr

    store = zarr.storage.MemoryStore()
    array = zarr.create_array(store, shape=4, chunks=2, dtype=Celsius(), fill_value=1.5)
    array[1] = 20
    assert array.metadata.to_dict()["data_type"] == "example.celsius"
    assert array.metadata.to_dict()["fill_value"] == 150
    again = zarr.open_array(store, mode="r")
    np.testing.assert_array_equal(again[:], np.array([1.5, 20, 1.5, 1.5], "f2"))


def test_after_unregistering_a_type_is_unknown():
    data_type_registry.register("example.celsius", Celsius)
    data_type_registry.unregister("example.celsius")
    with pytest.raises(DataTypeValidationError, match="No Zarr data type found"):
        data_type_registry.match_json("example.celsius", zarr_format=3)
    with pytest.raises(KeyError, match=r"example\.celsius"):
        data_type_registry.unregister("example.celsius")
    with pytest.raises(KeyError):
        data_type_registry.get("example.celsius")


def test_a_name_may_be_given_to_another_class():
    registry = DataTypeRegistry()
    registry.register("a", Int8)
    registry.register("a", Int16)
    assert registry.contents == {"a": Int16}


def test_types_of_installed_packages_are_read_when_nothing_else_matches(install, monkeypatch):
    from importlib import metadata

    from zarr._support import plug_ins

    asked = []
    distributions = metadata.distributions
    monkeypatch.setattr(metadata, "distributions", lambda: asked.append(1) or distributions())
    monkeypatch.setattr(plug_ins, "_known", None)
    install("offering", "[zarr.data_type]\nexample.celsius = offering:Celsius\n", f"from {__name__} import Celsius")
    registry = DataTypeRegistry()
    registry.register("int8", Int8)
    assert registry.match_json("int8", zarr_format=3) == Int8()
    assert asked == []
    assert registry.match_json("example.celsius", zarr_format=3) == Celsius()
    assert registry.match_dtype(np.dtype("f2")) == Celsius()
    with pytest.raises(DataTypeValidationError):
        registry.match_json("example.kelvin", zarr_format=3)
    assert asked == [1]


# -- chunks of nothing but the fill value -------------------------------------------------------------------------------


def naive_all_fill(array: np.ndarray, fill_value: Any) -> bool:
    """Element by element, as bytes."""
    if array.dtype.hasobject or array.dtype.kind == "T":
        return all(type(item) is type(fill_value) and item == fill_value for item in array.ravel().tolist())
    fill = np.empty((), array.dtype)
    fill[()] = fill_value
    return all(array[(*index, ...)].tobytes() == fill.tobytes() for index in np.ndindex(array.shape))


def fixed_dtypes() -> st.SearchStrategy[np.dtype]:
    return st.sampled_from([row.native for row in BY_NATIVE if row.native != "T"]).map(np.dtype)


@st.composite
def arrays_of_one_value(draw):
    """An array of random bytes for its fill value, in some memory layout, with at most one odd element."""
    dtype = draw(fixed_dtypes())
    pool = draw(st.lists(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize), min_size=1, max_size=2))
    if dtype.kind == "b":
        pool = [bytes([item[0] & 1]) for item in pool]
    if dtype.kind == "U":
        pool = [np.array(chr(65 + item[0] % 26) * (item[1] % 4), dtype).tobytes() for item in pool]
    shape = draw(npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    array = np.empty(shape, dtype)
    array[...] = np.frombuffer(pool[0], dtype)[0]
    if array.size and len(pool) > 1 and draw(st.booleans()):
        index = tuple(draw(st.integers(0, n - 1)) for n in shape)
        array[index] = np.frombuffer(pool[1], dtype)[0]
    layout = draw(st.sampled_from(["C", "F", "strided", "reversed", "broadcast", "offset"]))
    if layout == "F":
        array = np.asfortranarray(array)
    elif layout == "strided":
        wide = np.empty((*shape[:-1], 2 * shape[-1]) if shape else (), dtype)
        view = wide[..., ::2] if shape else wide
        view[...] = array
        array = view
    elif layout == "reversed":
        array = array[(*(slice(None, None, -1) for _ in shape), ...)]
    elif layout == "broadcast":
        array = np.broadcast_to(array, (2, *shape))
    elif layout == "offset" and dtype.itemsize > 1:
        raw = np.empty(array.size * dtype.itemsize + 1, "u1")
        view = raw[1:].view(dtype).reshape(shape)
        view[...] = array
        array = view
    return array, np.frombuffer(pool[0], dtype)[0]


@given(arrays_of_one_value())
def test_all_fill_agrees_with_comparing_byte_by_byte(case):
    array, fill_value = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # comparing NaNs of the oracle
        expected = naive_all_fill(array, fill_value)
    assert all_fill(array, fill_value) is expected


@pytest.mark.parametrize("cls", FLOATS)
@pytest.mark.parametrize("order", ["little", "big"])
def test_all_fill_tells_every_kind_of_nan_and_zero_apart(cls, order):
    dtype = cls(endianness=order)
    patterns = FLOAT_BITS[dtype.item_size]
    for wanted in patterns:
        for stored in patterns:
            array = np.frombuffer(stored.to_bytes(dtype.item_size, "big") * 6, f">f{dtype.item_size}")
            array = array if order == "big" else array.byteswap().view(f"<f{dtype.item_size}")
            assert all_fill(array.reshape(2, 3), from_bits(dtype, wanted)) is (stored == wanted)


@pytest.mark.parametrize("n", [2**16, 2**16 + 1, 3 * 2**16 + 5])
@pytest.mark.parametrize("dtype", ["u1", "f8", "c16", "U2", "V3"])
@pytest.mark.parametrize("columns", [1, 7])
def test_all_fill_finds_one_odd_element_in_every_part_of_a_large_chunk(n, dtype, columns):
    array = np.zeros((n // columns, columns), dtype)
    fill = array[0, 0].copy()
    assert all_fill(array, fill)
    assert all_fill(array.T, fill)
    odd = {"U": "a", "V": b"abc"}.get(dtype[0], 1)
    for row in (0, len(array) // 2, len(array) - 1):
        array[row, -1] = odd
        assert not all_fill(array, fill)
        assert not all_fill(array.T, fill)
        array[row, -1] = fill
    assert all_fill(array, fill)


def test_all_fill_of_one_very_long_row():
    array = np.zeros((2, 2**17), "i4")
    assert all_fill(array, np.int32(0))
    array[1, -1] = 1
    assert not all_fill(array, np.int32(0))


@pytest.mark.parametrize("dtype", ["i4", ">f8", "U3", "S3", "V3", "O", "M8[s]", np.dtypes.StringDType()], ids=str)
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
def test_all_fill_of_nothing_is_true(dtype, shape):
    assert all_fill(np.empty(shape, dtype), None)


def test_all_fill_of_elements_without_bytes_is_true():
    assert all_fill(np.zeros(3, "V0"), np.void(b""))
    assert all_fill(np.zeros(3, np.dtype(("S", 0))), b"")


@given(st.lists(st.sampled_from(["", "a", "a\0", "ä", "a" * 40]), max_size=4), st.sampled_from(["", "a", "a" * 40]))
def test_all_fill_of_text_of_any_length(items, fill_value):
    array = np.array(items, np.dtypes.StringDType())
    assert all_fill(array, fill_value) is all(item == fill_value for item in items)
    assert all_fill(array.reshape(1, -1), fill_value) is all(item == fill_value for item in items)


def test_all_fill_of_objects_compares_the_kind_too():
    array = np.empty(2, object)
    array[:] = [b"", b""]
    assert all_fill(array, b"")
    array[1] = b"a"
    assert not all_fill(array, b"")
    array[1] = ""
    assert not all_fill(array, b"")
    array[:] = [0, 0]
    assert not all_fill(array, b"")


def test_all_fill_of_big_endian_times_and_text():
    assert all_fill(np.full(3, "NaT", ">M8[s]"), np.datetime64("NaT", "s"))
    assert not all_fill(np.array(["NaT", 5], ">M8[s]"), np.datetime64("NaT", "s"))
    assert all_fill(np.full(3, "ab", ">U3"), np.str_("ab"))
    assert not all_fill(np.array(["ab", "abc"], ">U3"), np.str_("ab"))
