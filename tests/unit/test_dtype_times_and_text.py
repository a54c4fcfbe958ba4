"""Fill values of times, text and bytes: exactly in JSON of both formats, and what users may write."""

from __future__ import annotations

import base64
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.data_types import pattern_of
from tests.suites.calls import shown
from zarr._dtype import (
    DateTime64,
    FixedLengthUTF32,
    NullTerminatedBytes,
    RawBytes,
    TimeDelta64,
    VariableLengthBytes,
    VariableLengthUTF8,
    data_type_registry,
)

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


@pytest.mark.parametrize(
    "value", [np.datetime64("2024-01-01"), np.array(["2024-01-01"] * 3, "M8[D]")], ids=["scalar", "array"]
)
def test_times_with_a_unit_where_there_is_none(value):
    array = zarr.create_array({}, shape=3, dtype="datetime64")
    with pytest.raises(TypeError, match="dtype 'datetime64' has counts without a unit; use one with a unit"):
        array[:] = value
