"""Fill values of Booleans, integers, floats and complex numbers: bit by bit in JSON of both formats, and what users may write."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data_types import (
    CANONICAL,
    COMPLEXES,
    FLOAT_BITS,
    FLOATS,
    INTEGERS,
    ROWS,
    SIGNALLING,
    from_bits,
    pattern_of,
)
from tests.suites.calls import shown
from zarr._dtype import (
    Bool,
    Complex64,
    Float32,
    Float64,
)

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
    assert repr(stored) == repr(tuple(expected_float_json(part, p, 3) for p in parts))
    assert pattern_of(dtype.from_json_scalar(stored, zarr_format=3)) == pattern
    assert pattern_of(dtype.cast_scalar(from_bits(dtype, pattern))) == pattern


@pytest.mark.parametrize("cls", COMPLEXES)
class TestComplex:
    def test_signalling_parts_and_negative_zeros_survive(self, cls):
        half = cls().item_size // 2
        text = f"0x{SIGNALLING[half]:0{2 * half}x}"
        for stored in ([text, -0.0], [-0.0, text], ["NaN", "-Infinity"], ["Infinity", 0.5]):
            scalar = cls().from_json_scalar(stored, zarr_format=3)
            assert repr(cls().to_json_scalar(scalar, zarr_format=3)) == repr(tuple(stored))

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
