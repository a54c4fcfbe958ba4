"""Values that are given to an array: what is stored of them, what is refused, and what the errors say.

`tests/properties/test_values.py` tries everything with everything; here stands what each kind of value means.
"""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from contextlib import nullcontext

import ml_dtypes
import numcodecs
import numpy as np
import pytest

import zarr
from tests.suites.calls import shown
from zarr._dtype.convert import pieces, recast
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr.errors import ArgumentError, MetadataValidationError
from zarr.storage import MemoryStore

TEXT = np.dtypes.StringDType()
BYTES = zarr.dtype.VariableLengthBytes()


class NAType:
    """What pandas calls its missing value; it is known by the name of its class."""

    def __repr__(self):
        return "<NA>"


NA = NAType()


def masked(values=(1, 2, 3), mask=(0, 1, 0)):
    return np.ma.masked_array(list(values), mask=list(mask))


def read(array):
    return array[...].tolist()


class TestMaking:
    """Data are the values given, or refused with the first value that cannot be, and where it is."""

    def test_of_times_that_numpy_finds_each_is_judged(self):
        with pytest.raises(TypeError, match=r"object True .*timedelta64\. It is at \(0,\)"):
            zarr.array([True, np.timedelta64("NaT", "s")])
        assert zarr.array([90, np.timedelta64(1, "m")])[...].tolist() == np.array([90, np.timedelta64(1, "m")]).tolist()

    @pytest.mark.parametrize(
        ("data", "dtype", "error", "text"),
        [
            ([True, np.timedelta64(5, "s")], "m8[s]", TypeError, r"object True"),
            (np.array([1, 300]), "u1", OverflowError, r"300 at \(1,\) is out of range for uint8 \(0 to 255\)"),
            (np.array([[1, 2], [3, -1]]), "u8", OverflowError, r"-1 at \(1, 1\)"),
            (np.array([1.0, 1.7]), "i4", ValueError, r"1.7 at \(1,\) would not be the same in int32.*whole number"),
            (np.array([np.nan]), "i4", ValueError, r"nan at \(0,\).*no number"),
            (np.array([1e300]), "f4", OverflowError, r"1e\+300 at \(0,\)"),
            (np.array([2**63 + 1], "u8"), "f8", ValueError, r"9223372036854775809 at \(0,\).*too many digits"),
            (np.array([2**24 + 1]), "c8", ValueError, "16777217"),
            (np.array([1 + 2j]), "f8", ValueError, r"real part"),
            (np.array([2]), "bool", ValueError, "neither 0 nor 1"),
            (np.array(["abc"]), "U2", ValueError, r"'abc' at \(0,\).*cut off"),
            (np.array(["2020-01-01T05"], "M8[h]"), "M8[D]", ValueError, "no whole number of its counts"),
            (np.array(["9999"], "M8[Y]"), "M8[ns]", ValueError, "beyond"),
            (np.array([1], "m8[Y]"), "m8[D]", ValueError, "no fixed length"),
            (np.array([1], "M8[s]"), "i8", ValueError, "view the counts"),
            (np.array([b"a\0"], "V2"), "S2", ValueError, "NULs"),
            (np.array([b"a"], "V1"), "V2", ValueError, "no padding"),
            (np.array(["a"]), BYTES, TypeError, "no bytes"),
            (["a"], BYTES, TypeError, r"'a' of type str at \(0,\) is no bytes"),
            (np.array([2], ml_dtypes.bfloat16), BYTES, TypeError, "dtype bfloat16 are no bytes"),
            (np.array([(1,)], [("a", "i1")]), BYTES, TypeError, "are no bytes"),
            ([300], "u1", OverflowError, "300"),
            ([1.5], "i4", ValueError, "1.5"),
            ([2**53 + 1, 0.5], "f8", ValueError, "9007199254740993"),
            ([1e300], "f4", OverflowError, "1e"),
            (["a\0"], "U2", ValueError, "NULs"),
            ([b"a\0"], "S2", ValueError, "NULs"),
            ([{}], "string", ValueError, r"hold, a dict, which is no array"),
            (["yes"], "bool", ValueError, "'yes'"),
            (["1e400"], "f8", OverflowError, "1e400"),
            ([[1, 2], [3]], "i4", ValueError, "ragged"),
            ([[1, 2.5], [3]], "i4", ValueError, "ragged"),
        ],
        ids=shown,
    )
    def test_what_would_not_be_the_same_is_refused(self, store, zarr_format, data, dtype, error, text):
        with pytest.raises(error, match=text):
            zarr.create_array(store, data=data, dtype=dtype, zarr_format=zarr_format)
        assert list(store.list_keys("")) == []

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize(
        ("data", "dtype", "expected"),
        [
            ([2**64 - 1, 0], "u8", [2**64 - 1, 0]),
            ([True, 0.0, 1], "bool", [True, False, True]),
            (np.array([0.1, 1e-300]), "f4", [float(np.float32(0.1)), 0.0]),
            ([0.1 + 1j], "c8", [complex(np.complex64(0.1 + 1j))]),
            (np.array([3.0, -4.0], ">f8"), "i2", [3, -4]),
            ([None, 1.5], "f8", [np.nan, 1.5]),
            (["7", "-3"], "i4", [7, -3]),
            ([1, 2.5, True], "string", ["1", "2.5", "True"]),
            ([b"\x01\0\0", bytearray(b"ab")], BYTES, [b"\x01\0\0", b"ab"]),
            (["a\0"], "string", ["a\0"]),
            ([np.bytes_(b"ab")], "S3", [b"ab"]),
            ([b"ab", b"cd"], "V2", [b"ab", b"cd"]),
            (memoryview(b"ab"), "u1", [97, 98]),
            (range(3), "f4", [0.0, 1.0, 2.0]),
        ],
        ids=shown,
    )
    def test_what_is_the_same_is_stored(self, engine, zarr_format, data, dtype, expected):
        np.testing.assert_array_equal(read(zarr.array(data, dtype=dtype, zarr_format=zarr_format)), expected)

    def test_times_are_counted_in_the_new_unit(self, engine):
        times = np.array(["2020-02-29", "NaT"], "M8[D]")
        for unit in ("h", "us", "2h"):
            assert read(zarr.array(times, dtype=f"M8[{unit}]")) == times.astype(f"M8[{unit}]").tolist()
        assert read(zarr.array(["2020-02-29T01"], dtype="M8[m]")) == np.array(["2020-02-29T01"], "M8[m]").tolist()
        assert read(zarr.array([5, None], dtype="M8[s]")) == np.array([5, "NaT"], "M8[s]").tolist()

    @pytest.mark.parametrize(
        "nested", [lambda day: [day], lambda day: (day, day), lambda day: [[day]], lambda day: [day[0]]]
    )
    @pytest.mark.parametrize("order", "<>")
    def test_times_of_arrays_in_a_list_keep_their_unit(self, engine, nested, order):
        """NumPy's objects of times in nanoseconds are integers, which would be counts of whatever is stored."""
        data = nested(np.array(["2020-02-29"], f"{order}M8[ns]"))
        expected = np.array(data, "M8[s]").tolist()
        for dtype in ("M8[s]", ">M8[s]", None):
            array = zarr.array(data, dtype=dtype)
            assert read(array) == (expected if dtype else np.array(data).tolist())
        assigned = zarr.create_array({}, shape=array.shape, dtype="M8[s]")
        assigned[...] = data
        assert read(assigned) == expected
        days = [np.array([1], "m8[ps]"), np.array([1], "m8[ns]")]
        assert read(zarr.array(days)) == np.array(days).tolist()
        for dtype in ("f8", "string"):
            with pytest.raises(ValueError, match=r"NaT|times are no numbers|is no text"):
                zarr.array([np.array(["NaT"], "M8[ns]")], dtype=dtype)

    @pytest.mark.parametrize("code", ["i4", "f8", "U2", "M8[D]", "u2"])
    def test_arrays_in_a_list_become_text_whatever_their_byte_order(self, engine, code):
        """NumPy itself takes big-endian ones for little-endian ones there."""
        native = np.array([5, 7], "i8").view("M8[D]") if code == "M8[D]" else np.array([5, 7]).astype(code)
        for data in ([native.astype(f">{code}")], (native.astype(f">{code}"), native), [[native.astype(f">{code}")]]):
            array = zarr.create_array({}, shape=np.shape(data), dtype="string")
            array[...] = data
            assert read(array) == np.broadcast_to(native.astype(str), array.shape).tolist()

    @pytest.mark.parametrize("nested", [lambda item: [item], lambda item: [np.array([item], item.dtype)]])
    def test_structs_and_bytes_in_a_list_are_no_text_and_structs_no_bytes(self, engine, nested):
        struct, octets = np.array([(1, 2.5)], [("a", "i2"), ("b", "f4")])[0], np.void(b"ab")
        for item, dtypes in ((struct, ("string", BYTES)), (octets, ("string",))):
            data = nested(item)
            for dtype in dtypes:
                array = zarr.create_array({}, shape=np.shape(data), dtype=dtype)
                with pytest.raises(ValueError, match=r"is no text|no bytes|have fields|nothing that|is no element"):
                    array[...] = data
                assert array.nchunks_initialized == 0

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize(
        "item",
        [np.void(b"ab"), ml_dtypes.bfloat16(0.5), ml_dtypes.bfloat16("nan"), np.array(-3).astype(ml_dtypes.int4)[()],
         np.array([(1, 2.5)], [("a", "i2"), ("b", "f4")])[0]],
    )  # fmt: skip
    def test_numpys_choice_for_others_than_numbers_is_taken(self, engine, item):
        for data in ([item, item], [np.array([item], item.dtype)]):
            array = zarr.array(data)
            assert array.dtype == item.dtype
            assert {element.tobytes() for element in array[...].ravel()} == {item.tobytes()}

    @pytest.mark.parametrize("data", [[0, 2**64 - 1], [2**53 + 1, 0.5], ["a\0"], [b"a\0"]], ids=shown)
    def test_numpys_choice_of_a_dtype_loses_nothing_either(self, data):
        with pytest.raises(ValueError, match="would not be the same"):
            zarr.array(data)

    @pytest.mark.parametrize(
        "data", [[1, 2], [1.5], [1, 2.5], [True], ["ab", "c"], [b"a"], [1j, 2], 5, "text"], ids=shown
    )
    def test_a_list_without_a_dtype_makes_what_numpy_makes_of_it(self, data):
        with pytest.warns() if data == [b"a"] else nullcontext():
            array = zarr.array(data)
        assert array.dtype == np.asarray(data).dtype
        assert read(array) == np.asarray(data).tolist()

    def test_a_list_of_text_takes_as_much_memory_as_the_text(self):
        tracemalloc.start()
        zarr.array(["x" * 100_000] + ["x"] * 3000, dtype=str)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 2**20

    def test_an_append_is_as_exact(self, engine, zarr_format):
        array = zarr.create_array({}, data=np.array([1, 2], "u1"), zarr_format=zarr_format)
        for more, error in (([300], OverflowError), (np.array([300]), OverflowError), (np.array([1.5]), ValueError)):
            with pytest.raises(error):
                array.append(more)
        with pytest.raises(OverflowError):
            asyncio.run(array.async_array.append([300]))
        assert array.append(np.array([3.0])) == (3,)
        assert read(array) == [1, 2, 3]

    def test_an_array_of_the_dtype_is_neither_copied_nor_looked_at(self):
        data = np.arange(10)
        assert recast(data, data.dtype) is data

    @pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4), (2, 3, 4), (1, 1, 9)])
    @pytest.mark.parametrize("most", [1, 3, 5, 100])
    def test_pieces_cover_an_array_once(self, shape, most):
        counted = np.zeros(shape, int)
        for piece in pieces(shape, most):
            assert counted[piece].size <= most or not shape
            counted[piece] += 1
        assert (counted == 1).all()

    def test_the_place_of_a_value_is_right_in_every_piece(self, monkeypatch):
        monkeypatch.setattr("zarr._dtype.convert._PIECE", 5)
        data = np.zeros((3, 2, 4), "i8")
        for place in np.ndindex(*data.shape):
            data[...] = 0
            data[place] = 300
            with pytest.raises(OverflowError, match=rf"300 at \({', '.join(map(str, place))}\)"):
                recast(data, np.dtype("u1"))


class TestMissing:
    """Missing values are the NaN or NaT that a data type has and NumPy takes, or an error; never ordinary elements."""

    @pytest.mark.parametrize("dtype", ["i4", "f8", "bool", "U8", "string", "M8[s]", "c16"])
    @pytest.mark.parametrize(
        "value", [masked(), [1, np.ma.masked, 2], [masked(), masked()]], ids=["array", "item", "nested"]
    )
    def test_masked_elements_are_refused(self, engine, zarr_format, dtype, value):
        array = zarr.create_array({}, shape=3, dtype=dtype, zarr_format=zarr_format, chunks=2)
        before = read(array)
        for act in (
            lambda: zarr.create_array({}, data=value, dtype=dtype, zarr_format=zarr_format),
            lambda: zarr.array(value, zarr_format=zarr_format),
            lambda: array.append(value),
            lambda: array.__setitem__(..., value),
            lambda: array.set_mask_selection(np.ones(3, bool), value),
        ):
            with pytest.raises(ArgumentError, match=r"masked.*numpy.ma.filled"):
                act()
        np.testing.assert_array_equal(read(array), before)

    def test_a_masked_array_without_masked_elements_is_an_array(self, engine):
        whole = masked(mask=(0, 0, 0))
        array = zarr.array(whole)
        assert read(array) == [1, 2, 3]
        array[:] = np.ma.masked_array([4, 5, 6])
        assert read(array) == [4, 5, 6]

    def test_a_masked_element_alone_is_nan_where_there_is_one(self, engine):
        array = zarr.create_array({}, shape=2, dtype="f4", fill_value=7)
        with pytest.warns(UserWarning, match="masked element to nan"):
            array[0] = np.ma.masked
        np.testing.assert_array_equal(array[:], [np.nan, 7])
        for dtype in ("i4", "string", "M8[s]"):
            with pytest.raises(ArgumentError, match="masked"):
                zarr.create_array({}, shape=2, dtype=dtype)[0] = np.ma.masked

    @pytest.mark.parametrize(
        ("missing", "dtypes"),
        [
            (None, ["i4", "bool", "c16", "U4", "S4", "string", BYTES]),
            (NA, ["i4", "f8", "bool", "c16", "U4", "S4", "string", BYTES, "M8[s]"]),
            (np.nan, ["bool", "U4", "S4", "string", BYTES]),
            (np.datetime64("NaT", "s"), ["i8", "f8", "bool", "U4", "string", BYTES]),
            (np.timedelta64("NaT", "s"), ["i8", "f8", "bool", "U4", "string", BYTES]),
        ],
        ids=["None", "NA", "NaN", "NaT", "no duration"],
    )
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_an_object_that_is_missing_is_refused_where_it_has_no_element(self, engine, missing, dtypes):
        for dtype in dtypes:
            array = zarr.create_array({}, shape=1, dtype=dtype)
            before = read(array)
            for value in ([missing], missing, as_objects([missing])):
                with pytest.raises((TypeError, ValueError)):
                    zarr.array(value, dtype=dtype)
                with pytest.raises((TypeError, ValueError)):
                    array[:] = value
                with pytest.raises((TypeError, ValueError)):
                    array.vindex[[0]] = value
            assert read(array) == before

    def test_the_error_says_which_it_is_and_what_to_do(self):
        with pytest.raises(ArgumentError, match=r"<NA> of type NAType at \(1,\) is a missing value.*fillna"):
            zarr.array(["a", NA], dtype="string")
        with pytest.raises(ArgumentError, match=r"None of type NoneType.*missing"):
            zarr.array(["a", None])

    def test_what_a_data_type_has_is_stored(self, engine):
        array = zarr.create_array({}, shape=2, dtype="f8")
        array[:] = [None, 1]
        np.testing.assert_array_equal(array[:], [np.nan, 1])
        times = zarr.create_array({}, data=[None, np.datetime64("2020", "Y")], dtype="M8[D]")
        assert np.isnat(times[:]).tolist() == [True, False]

    @pytest.mark.parametrize("null", [None, np.nan, "missing"], ids=shown)
    def test_the_null_of_a_text_type_is_refused_and_its_text_is_not(self, engine, null):
        dtype = np.dtypes.StringDType(na_object=null)
        some, all_there = np.array(["a", null], dtype), np.array(["a", "b"], dtype)
        array = zarr.array(all_there)
        assert read(array) == ["a", "b"]
        for act in (
            lambda: zarr.array(some),
            lambda: array.__setitem__(..., some),
            lambda: zarr.array(some, dtype="U8"),
        ):
            with pytest.raises(ArgumentError, match=r"\(1,\) is missing"):
                act()
        array[:] = all_there[::-1]
        assert read(array) == ["b", "a"]

    def test_a_time_that_is_none_never_becomes_a_number_or_text(self, engine):
        times = np.array(["2020", "NaT"], "M8[D]")
        for dtype in ("i8", "f8", "U20", "string"):
            with pytest.raises(ArgumentError):
                zarr.array(times, dtype=dtype)
            with pytest.raises(ArgumentError, match=r"NaT at \(1,\)"):
                zarr.create_array({}, shape=2, dtype=dtype)[:] = times


def as_objects(items):
    array = np.empty(len(items), object)
    array[:] = items
    return array


class TestAssigning:
    """NumPy's rule, whatever the way to select."""

    @pytest.mark.parametrize("value", [300, [300, 300]], ids=shown)
    def test_numbers_of_python_out_of_range_are_refused(self, engine, value):
        array = zarr.create_array({}, data=np.zeros((2, 2), "u1"))
        for put in (
            lambda: array.__setitem__(0, value),
            lambda: array.oindex.__setitem__(([0], [0, 1]), value),
            lambda: array.vindex.__setitem__(([0, 1], [0, 1]), value),
            lambda: array.set_mask_selection(np.eye(2, dtype=bool), value),
            lambda: array.set_block_selection((0, 0), value),
        ):
            with pytest.raises(OverflowError):
                put()
        assert not array[...].any()

    def test_arrays_are_cast_as_numpy_casts_them(self, engine):
        array = zarr.create_array({}, shape=4, dtype="u1", chunks=3)
        array[:] = np.array([300, -1, 1, 2])
        assert read(array) == [44, 255, 1, 2]
        array.vindex[[3, 0]] = np.array([1.7])
        assert read(array) == [1, 255, 1, 1]
        array[1] = np.int64(300)
        assert array[1] == 44

    @pytest.mark.parametrize("value", [np.float64("nan"), float("nan")], ids=shown)
    def test_nan_is_no_integer(self, engine, value):
        array = zarr.create_array({}, shape=2, dtype="i4")
        with pytest.raises(ValueError, match="NaN"):
            array[0] = value

    def test_bytes_that_are_no_text_are_refused(self, engine):
        array = zarr.create_array({}, shape=1, dtype="string")
        values = (
            np.array([b"\xff"]),
            np.array([b"\xff"], "V1"),
            np.bytes_(b"\xff"),
            b"\xff",
            [b"\xff"],
            np.void(b"\xff"),
        )
        for value in (*values, as_objects([b"\xff"])):
            with pytest.raises(ArgumentError):
                array[:] = value
            assert read(array) == [""]
            with pytest.raises(ValueError):
                zarr.array(value, dtype="string")
        for value in (np.array([b"ab"]), b"ab", [b"ab"], np.bytes_(b"ab"), as_objects([b"ab"])):
            array[:] = ""
            array[:] = value
            assert read(array) == ["ab"]


class TestOut:
    """Reading into memory of another dtype gives the elements or an error, and never others."""

    @pytest.mark.parametrize(
        ("data", "dtype"),
        [
            (np.array([1, 300]), "i1"),
            (np.array([2**53 + 1]), "f8"),
            (np.array([2**62]), "f2"),
            (np.array([1e300]), "f4"),
            (np.array(["9999"], "M8[Y]"), "M8[ns]"),
            (np.array(["abc"]), "U2"),
        ],
        ids=shown,
    )
    def test_what_does_not_fit_is_an_error_and_nothing_is_written(self, engine, data, dtype):
        array, out = zarr.array(data, chunks=1), np.zeros(len(data), dtype)
        for act in (
            lambda: array.get_basic_selection(..., out=out),
            lambda: array.get_coordinate_selection((np.arange(len(data)),), out=out),
            lambda: array.get_mask_selection(np.ones(len(data), bool), out=out),
        ):
            with pytest.raises((ValueError, OverflowError)):
                act()
        assert out.tobytes() == np.zeros(len(data), dtype).tobytes()

    def test_what_fits_is_converted(self, engine):
        out = np.zeros(2, "i2")
        zarr.array(np.array([1, 300])).get_basic_selection(..., out=out)
        assert out.tolist() == [1, 300]


class TestFillValues:
    @pytest.mark.parametrize(
        ("value", "dtype", "error"),
        [
            (2**53 + 1, "f8", ValueError),
            (2**24 + 1, "c8", ValueError),
            (np.int64(2**63 - 1), "f8", ValueError),
            ("a\0", "U2", ValueError),
            (b"a\0", "S2", ValueError),
            ("\ud800", "string", ValueError),
            ("\ud800", "U1", ValueError),
            (np.nan, "string", TypeError),
            (np.timedelta64(0, "s"), "S2", TypeError),
            (np.timedelta64(0, "s"), "bytes", TypeError),
            (np.ma.masked, "i4", TypeError),
            (np.ma.masked, "f4", TypeError),
            (NA, "f4", TypeError),
            (NA, "string", TypeError),
        ],
        ids=shown,
    )
    def test_they_are_the_value_given_or_refused(self, zarr_format, value, dtype, error):
        store = MemoryStore()
        with pytest.raises(error):
            zarr.create_array(store, shape=2, dtype=dtype, fill_value=value, zarr_format=zarr_format)
        with pytest.raises(error):
            zarr.full(2, value, store=store, dtype=dtype, zarr_format=zarr_format)
        assert not store._store_dict

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize("dtype", ["U2", "S2"])
    def test_nuls_alone_are_the_empty_value(self, zarr_format, dtype):
        fill = "\0\0" if dtype[0] == "U" else b"\0\0"
        array = zarr.create_array({}, shape=1, dtype=dtype, fill_value=fill, zarr_format=zarr_format)
        assert array[0] == np.zeros(1, dtype)[0]

    def test_what_a_format_cannot_say_is_refused(self):
        other_nan = np.array([0x7FF8000000000001], "u8").view("f8")[0]
        for dtype, fill in (("f8", other_nan), ("c16", complex(0, 1) * other_nan), ("f8", -np.float64(np.nan))):
            with pytest.raises(MetadataValidationError, match=r"format 2 cannot say the fill value.*other format"):
                zarr.create_array({}, shape=2, dtype=dtype, zarr_format=2, fill_value=fill)
            array = zarr.create_array({}, shape=2, dtype=dtype, fill_value=fill)
            assert zarr.open_array(array.store)[:].tobytes() == array[:].tobytes() == np.full(2, fill, dtype).tobytes()
        with pytest.raises(MetadataValidationError, match="format 2 cannot say"):
            ArrayV2Metadata(shape=(1,), chunks=(1,), dtype="<f8", fill_value=other_nan, order="C")

    @pytest.mark.parametrize("fill", [-0.0, 0.0, np.inf, np.nan, 5e-324, 0.1], ids=shown)
    def test_what_it_can_say_keeps_its_bits(self, engine, zarr_format, fill):
        array = zarr.create_array({}, shape=1, dtype="f8", zarr_format=zarr_format, fill_value=fill)
        assert zarr.open_array(array.store)[:].tobytes() == np.array([fill]).tobytes()

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize(
        "dtype", ["U1", "S3", "V2", TEXT, "bool", "i4", "f8", "c8", "M8[s]", "m8[D]", ">i2"], ids=str
    )
    def test_ones_and_zeros_are_numpys(self, engine, zarr_format, dtype):
        group = zarr.group({}, zarr_format=zarr_format)
        for name in ("zeros", "ones"):
            expected = getattr(np, name)(2, dtype).tolist()
            model = np.empty(2, dtype)
            for array in (
                getattr(zarr, name)(2, dtype=dtype, zarr_format=zarr_format),
                getattr(zarr, f"{name}_like")(model, zarr_format=zarr_format),
                getattr(group, name)(name=name, shape=2, dtype=dtype),
                getattr(group, f"{name}_like")(name=f"{name}2", data=model),
            ):
                assert read(array) == expected
            made = asyncio.run(getattr(zarr.api.asynchronous, name)(2, dtype=dtype, zarr_format=zarr_format))
            assert zarr.Array(made)[...].tolist() == expected

    def test_ones_and_zeros_of_bytes_of_any_length(self, zarr_format):
        assert read(zarr.zeros(1, dtype=bytes, zarr_format=zarr_format)) == [b""]
        assert read(zarr.ones(1, dtype=bytes, zarr_format=zarr_format)) == [b"1"]

    @pytest.mark.parametrize(
        ("inner", "zero", "one"),
        [("int8", "0", "1"), ("float32", "0.0", "1.0"), ("string", "", "1"), ("bool", "False", "True")],
    )
    def test_ones_and_zeros_of_elements_that_may_be_missing(self, inner, zero, one):
        dtype = {"name": "zarrs.optional", "configuration": {"name": inner}}
        assert [str(zarr.zeros(1, dtype=dtype)[0]), str(zarr.ones(1, dtype=dtype)[0])] == [zero, one]
        assert str(zarr.zeros_like(zarr.empty(1, dtype=dtype))[0]) == zero
        assert zarr.empty(1, dtype=dtype)[0] is None

    def test_ones_and_zeros_of_python_objects(self):
        options = {"dtype": object, "object_codec": numcodecs.JSON(), "zarr_format": 2}
        assert read(zarr.zeros(1, **options)) == [0]
        assert read(zarr.ones(1, **options)) == [1]
        assert read(zarr.zeros_like(zarr.empty(1, **options))) == [0]


class TestDocumentsOfOthers:
    @staticmethod
    def opened(**members):
        store = MemoryStore()
        document = {"zarr_format": 2, "shape": [4], "chunks": [2], "compressor": None, "filters": None, "order": "C"}
        asyncio.run(
            store.set(".zarray", zarr.buffer.cpu.Buffer.from_bytes(json.dumps({**document, **members}).encode()))
        )
        return zarr.open_array(store)

    @pytest.mark.parametrize(
        ("dtype", "text", "value"),
        [
            ("|u1", "0", 0),
            (">u2", "+7", 7),
            ("<u8", "18446744073709551615", 2**64 - 1),
            ("<i4", "-3", -3),
            ("<i4", "2.0", 2),
            ("<i8", "9007199254740993.0", 2**53 + 1),
            ("<i8", "1.0E10", 10**10),
            ("<f4", "1.5", 1.5),
            ("<f8", "-1e-3", -1e-3),
            ("<f8", "NaN", np.nan),
            ("|b1", "true", True),
            ("|b1", "0", False),
            ("<c8", "2", 2),
            ("<M8[s]", "5", np.datetime64(5, "s")),
        ],
    )
    def test_numbers_as_text_are_read(self, engine, dtype, text, value):
        array = self.opened(dtype=dtype, fill_value=text)
        np.testing.assert_array_equal(array[...], np.full(4, value, dtype))
        array.attrs["a"] = 1
        stored = json.loads(asyncio.run(array.store.get(".zarray", zarr.buffer.default_buffer_prototype())).to_bytes())
        assert stored["fill_value"] == text

    @pytest.mark.parametrize(
        ("dtype", "text"),
        [
            ("|u1", "300"),
            ("<i4", ""),
            ("<i4", "1.5"),
            ("<i4", "NaN"),
            ("<i4", "1_0"),
            ("<f4", "one"),
            ("|b1", "2"),
            ("|u1", "-1"),
            ("<i8", "9223372036854775808"),
            ("<i8", "1e-3"),
            ("<i4", "9" * 5000),
            ("<f8", "1e400"),
            ("<f4", "1e39"),
        ],
    )
    def test_text_that_is_no_such_number_is_refused(self, dtype, text):
        with pytest.raises(MetadataValidationError, match="fill_value"):
            self.opened(dtype=dtype, fill_value=text)

    @pytest.mark.parametrize("chunks", [[0], [-1]])
    def test_a_chunk_length_of_0_is_refused(self, chunks):
        with pytest.raises(MetadataValidationError, match=r"chunks.*at least 1"):
            self.opened(dtype="<i4", fill_value=0, chunks=chunks)

    def test_in_format_3_too_and_names_of_the_wrong_number(self):
        document = zarr.create_array({}, shape=4, dtype="i4", chunks=2).metadata.to_dict()
        grid = {"name": "regular", "configuration": {"chunk_shape": [0]}}
        with pytest.raises(MetadataValidationError, match=r"chunk_shape.*at least 1"):
            ArrayV3Metadata.from_dict({**document, "chunk_grid": grid})
        for names in ([], ["x", "y"]):
            with pytest.raises(MetadataValidationError, match="dimension_names"):
                ArrayV3Metadata.from_dict({**document, "dimension_names": names})


def counts_in_order(times):
    return times.view(times.dtype.byteorder.replace("=", "<").replace("|", "<") + "i8").tolist()


class TestTimesOfNoUnit:
    """A scale of a unit without a name is in no string of NumPy's, and gets lost where NumPy makes memory."""

    @pytest.mark.parametrize("dtype", ["M8[2generic]", "m8[3generic]", ">m8[7generic]", "M8", ">M8", ">m8"])
    @pytest.mark.parametrize(
        "options",
        [{"zarr_format": 2}, {"zarr_format": 3}, {"shards": 4}, {"zarr_format": 2, "compressors": None}],
        ids=shown,
    )
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_it_is_kept_everywhere(self, engine, dtype, options):
        want = np.datetime_data(np.dtype(dtype))
        data = np.arange(5, dtype="i8").view(np.dtype(dtype).newbyteorder("="))
        array = zarr.create_array({}, shape=5, chunks=2, dtype=dtype, **options)
        array[:3] = data[:3]
        array.append(data)
        array.resize(9)
        for opened in (array, zarr.open_array(array.store)):
            assert np.datetime_data(opened.dtype) == want
            for found in (opened[:], opened[0], opened.oindex[[0, 5]], opened.vindex[[0, 5]], opened[::-2]):
                assert np.datetime_data(found.dtype) == want
            counts = opened[:].view(opened.dtype.byteorder.replace("=", "<") + "i8").tolist()
            nat = -(2**63)
            assert counts == [0, 1, 2, nat, nat, 0, 1, 2, 3]
        copied = zarr.from_array({}, data=array)
        assert np.datetime_data(copied[:].dtype) == want
        out = np.ndarray(9, np.dtype(dtype).newbyteorder())
        array.get_basic_selection(..., out=out)
        assert counts_in_order(out) == counts_in_order(array[:])
        for source in (data, data.view("i8").astype(">i8").view(np.dtype(dtype).newbyteorder(">"))):
            again = zarr.array(source, dtype=dtype, zarr_format=array.metadata.zarr_format)
            assert counts_in_order(again[:]) == [0, 1, 2, 3, 4]
            again[1:] = source[1:]
            assert counts_in_order(again[:]) == [0, 1, 2, 3, 4]

    def test_the_micro_sign_is_the_letter(self):
        for unit in ("us", "μs", "\N{MICRO SIGN}s"):
            assert zarr.dtype.DateTime64(unit=unit).to_native_dtype() == np.dtype("M8[us]")
        stored = {"name": "numpy.datetime64", "configuration": {"unit": "\N{MICRO SIGN}s", "scale_factor": 1}}
        assert zarr.dtype.parse_data_type(stored, zarr_format=3).to_native_dtype() == np.dtype("M8[us]")

    def test_what_a_dtype_carries_besides_does_not_matter(self, zarr_format):
        dtype = np.dtype("i4", metadata={"unit": "m"})
        assert read(zarr.array(np.arange(3, dtype=dtype), zarr_format=zarr_format)) == [0, 1, 2]


class TestCapacity:
    """A chunk that no codec takes is refused where the array is created."""

    HUGE = 2**31 + 16

    @pytest.mark.parametrize(
        "options",
        [
            {"compressors": zarr.codecs.BloscCodec()},
            {"compressors": [zarr.codecs.Crc32cCodec(), zarr.codecs.BloscCodec()]},
            {"compressors": zarr.codecs.BloscCodec(), "shards": (2 * HUGE,)},
            {"compressors": {"id": "blosc"}, "zarr_format": 2},
            {"compressors": {"id": "lz4"}, "zarr_format": 2},
            {"compressors": {"id": "blosc"}, "filters": {"id": "delta", "dtype": "|u1"}, "zarr_format": 2},
        ],
        ids=shown,
    )
    def test_too_many_bytes(self, options):
        store = MemoryStore()
        with pytest.raises(ValueError, match=r"takes at most.*smaller chunks"):
            zarr.create_array(store, shape=(4 * self.HUGE,), chunks=(self.HUGE,), dtype="u1", **options)
        assert not store._store_dict

    def test_too_many_elements(self):
        with pytest.raises(ValueError, match="takes at most 4294967295"):
            zarr.create_array({}, shape=(2**33,), chunks=(2**32,), dtype="string")

    def test_what_fits_and_what_is_stored_already_is_taken(self):
        fits = 2**31 - 17
        zarr.create_array({}, shape=(fits,), chunks=(fits,), dtype="u1", compressors=zarr.codecs.BloscCodec())
        zarr.create_array({}, shape=(self.HUGE,), chunks=(self.HUGE,), dtype="u1")
        document = zarr.create_array({}, shape=4, dtype="u1", compressors=zarr.codecs.BloscCodec()).metadata.to_dict()
        grid = {"name": "regular", "configuration": {"chunk_shape": [self.HUGE]}}
        assert ArrayV3Metadata.from_dict({**document, "chunk_grid": grid}).chunks == (self.HUGE,)


class TestSixtyFourAxes:
    def test_they_read_and_write(self, engine, zarr_format):
        ones = (1,) * 63
        array = zarr.create_array({}, data=np.arange(3).reshape(*ones, 3), zarr_format=zarr_format)
        front = (0,) * 63
        array[(*front, 1)] = 7
        assert array[(*front, slice(None))].tolist() == [0, 7, 2]
        assert array.oindex[(*([0] for _ in ones), [0, 2])].ravel().tolist() == [0, 2]
        assert array.vindex[(*front, [2, 1])].tolist() == [2, 7]
        array.vindex[(*front, [2, 0])] = [5, 6]
        array.append(np.full((1,) * 64, 9), axis=63)
        mask = np.zeros(array.shape, bool)
        mask.reshape(-1)[[0, 3]] = True
        assert array.get_mask_selection(mask).tolist() == [6, 9]
        assert zarr.open_array(array.store)[...].ravel().tolist() == [6, 7, 5, 9]

    def test_in_shards_and_as_text(self, engine):
        ones = (1,) * 63
        array = zarr.create_array({}, data=np.arange(4).reshape(*ones, 4), chunks=(1,) * 64, shards=(*ones, 2))
        array[(*(0,) * 63, 2)] = 8
        assert array[...].ravel().tolist() == [0, 1, 8, 3]
        words = zarr.create_array({}, data=np.array(["a", "b"]).reshape(*ones, 2), dtype="string")
        assert words[...].ravel().tolist() == ["a", "b"]

    def test_sixty_five_are_refused(self, zarr_format):
        with pytest.raises(MetadataValidationError, match="64"):
            zarr.create_array({}, shape=(1,) * 65, dtype="i4", zarr_format=zarr_format)


class TestByteOrder:
    """NumPy does not look at it where it makes other things of text of any length, or the text of them."""

    @pytest.mark.parametrize(("dtype", "word"), [(">U3", "ab"), (">i4", "5"), (">f8", "1.5"), (">M8[s]", "2020-01-01")])
    def test_of_text_of_any_length(self, engine, dtype, word):
        words, others = np.array([word], TEXT), np.array([word]).astype(dtype)
        array = zarr.create_array({}, shape=1, dtype=dtype, zarr_format=2)
        for made in (zarr.array(words, dtype=dtype, zarr_format=2), array):
            array[:] = words
            assert made[:].tolist() == others.tolist()
        text = str(others[0])
        copy = zarr.create_array({}, shape=1, dtype="string")
        for made in (zarr.array(others, dtype="string"), copy):
            copy[:] = others
            assert read(made) == [text]
        if dtype == ">U3":
            out = np.zeros(1, dtype)
            zarr.array(words).get_basic_selection(..., out=out)
            assert out.tolist() == ["ab"]


class TestInferred:
    def test_scalars_of_numpy_are_compared_as_they_are(self):
        with pytest.raises(ValueError, match="18446744073709551615"):
            zarr.array([np.int8(-1), np.uint64(2**64 - 1)])
        assert read(zarr.array([np.int8(-1), np.uint64(2**53)])) == [-1, 2**53]
        assert read(zarr.array([np.float32(0.1), 1])) == [float(np.float32(0.1)), 1]

    def test_times_of_several_units(self):
        times = [np.datetime64("2020"), np.datetime64("2020-01-01T05")]
        assert read(zarr.array(times)) == np.array(times).tolist()

    def test_a_complex_number_is_no_boolean(self):
        for act in (
            lambda: zarr.array([0j], dtype=bool),
            lambda: zarr.create_array({}, shape=1, dtype=bool, fill_value=0j),
        ):
            with pytest.raises(TypeError):
                act()


class TestMissingInText:
    """NumPy writes what Python prints for NaN where text or bytes stand beside it in a list."""

    @pytest.mark.parametrize("nan", [float("nan"), np.float32("nan"), complex("nan"), np.array(np.nan)], ids=repr)
    @pytest.mark.parametrize("text", ["a", b"a", np.str_("a"), np.array("a")], ids=repr)
    @pytest.mark.parametrize(
        "make",
        [
            zarr.array,
            lambda data: zarr.create_array({}, data=data),
            lambda data: zarr.array(data, zarr_format=2),
        ],
    )
    def test_it_is_refused_also_where_nobody_names_a_data_type(self, text, nan, make):
        with pytest.raises(ArgumentError, match=r"nan.* at \(1, 1\) is a missing value, which .* cannot hold"):
            make([[text, text], [text, nan]])

    def test_numbers_beside_text_are_as_before(self):
        assert zarr.array(["a", 1.5, 2])[:].tolist() == ["a", "1.5", "2"]


class TestSingleElements:
    @pytest.mark.parametrize("dtype", ["string", BYTES], ids=shown)
    @pytest.mark.parametrize("options", [{}, {"shards": (4,)}], ids=shown)
    def test_nuls_at_their_end_are_kept(self, engine, dtype, options):
        element = "a\0" if dtype == "string" else b"a\0"
        array = zarr.create_array({}, shape=4, chunks=(2,), dtype=dtype, **options)
        array[1] = element
        array.vindex[[3]] = as_objects([element])
        array.oindex[[2]] = as_objects([element])
        for found in (array[1], array[...].tolist()[1], array.vindex[[3]].tolist()[0], array.oindex[[2]].tolist()[0]):
            assert found == element
        copy = zarr.create_array({}, data=array[...], dtype=dtype)
        assert [copy[i] for i in (1, 2, 3)] == [element] * 3


class TestLongText:
    """Text of any length by lists of positions: NumPy before 2.2 loses what has more than fifteen bytes there."""

    @pytest.mark.parametrize("options", [{}, {"shards": (4, 4)}], ids=shown)
    def test_it_is_found_and_kept(self, engine, options):
        words = np.array([f"a word with many letters, number {i}" for i in range(20)], TEXT).reshape(5, 4)
        rows, columns, mask = [4, 0, 3], [1, 3], np.eye(5, 4, dtype=bool)
        listed = words.tolist()
        array = zarr.create_array({}, data=words, chunks=(2, 2), **options)
        assert array.oindex[rows, columns].tolist() == [[listed[i][j] for j in columns] for i in rows]
        assert array.oindex[rows].tolist() == [listed[i] for i in rows]
        assert array.vindex[rows, [0, 1, 2]].tolist() == [listed[i][j] for i, j in zip(rows, [0, 1, 2], strict=True)]
        assert array.get_mask_selection(mask).tolist() == [listed[i][i] for i in range(4)]
        made = zarr.create_array({}, shape=(5, 4), chunks=(2, 2), dtype="string", **options)
        made.oindex[rows, columns] = array.oindex[rows, columns]
        made.vindex[[1, 2], [0, 2]] = array.vindex[[1, 2], [0, 2]]
        made.set_mask_selection(mask, array.get_mask_selection(mask))
        made.oindex[[2], [3]] = listed[0][0]
        written = {(i, j) for i in rows for j in columns} | {(1, 0), (2, 2)} | {(i, i) for i in range(4)}
        for i, j in np.ndindex(5, 4):
            assert made[i, j] == (listed[i][j] if (i, j) in written else listed[0][0] if (i, j) == (2, 3) else "")


@pytest.mark.parametrize("listed", [False, True])
class TestComplexNumbersOfFewBits:
    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            (complex(-np.inf, 2032329983), complex(-np.inf, 2030043136)),
            (complex(3.1, np.inf), complex(3.09375, np.inf)),
            (complex(np.nan, 3.1), complex(np.nan, 3.09375)),
        ],
    )
    def test_each_part_is_rounded_by_itself(self, given, stored, listed):
        data = [given] if listed else np.array([given])
        (found,) = zarr.array(data, dtype="complex_bfloat16")[:].astype("c16")
        np.testing.assert_array_equal([found.real, found.imag], [stored.real, stored.imag])

    @pytest.mark.parametrize("given", [complex(np.nan, 1e300), complex(1e300, np.nan), complex(np.inf, -1e300)])
    def test_none_may_overflow_behind_the_other(self, given, listed):
        with pytest.raises((ValueError, OverflowError), match="e\\+300"):
            zarr.array([given] if listed else np.array([given]), dtype="complex_bfloat16")


@pytest.mark.parametrize("item", [np.bytes_(b"\xff"), b"\xff"])
@pytest.mark.parametrize("others", [[], ["a"], [1]])
def test_bytes_in_lists_are_those_bytes(item, others):
    assert zarr.array([item, *others], dtype="S1", zarr_format=2)[:].tolist() == [
        b"\xff",
        *(str(other).encode() for other in others),
    ]
