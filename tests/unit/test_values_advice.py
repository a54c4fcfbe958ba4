"""What errors say of data that make no array, of Python's objects, and of values that no element can be made of."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import zarr
from tests.suites.calls import shown
from zarr._dtype.convert import recast
from zarr.errors import ArgumentError
from zarr.storage import MemoryStore

BYTES = zarr.dtype.VariableLengthBytes()
NOW, TODAY, SPAN = dt.datetime.fromisoformat("2024-02-29T12:00"), dt.date(2024, 2, 29), dt.timedelta(days=1)


def as_objects(items):
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array


class TestNoArrays:
    """Iterators, sets and mappings hold values, but NumPy takes each for one element."""

    @pytest.mark.parametrize(
        ("make", "text"),
        [
            (lambda: iter([1, 2]), r"list_iterator.*read only once.*list\(\.\.\.\)"),
            (lambda: (i for i in (1, 2)), r"generator.*list\(\.\.\.\)"),
            (lambda: map(int, "12"), r"a map.*list\(\.\.\.\)"),
            (lambda: zip([1], [2], strict=True), r"a zip.*list\(\.\.\.\)"),
            (lambda: {1, 2}, r"a set.*no order.*sorted"),
            (lambda: frozenset({1}), r"frozenset.*no order"),
            (lambda: {"a": 1}.keys(), r"dict_keys.*view of a mapping.*list"),
            (lambda: {"a": 1}.values(), r"dict_values.*view of a mapping.*list"),
            (lambda: {"a": [1]}, r"a dict.*mapping.*in a group, or all of it as attributes"),
            (lambda: OrderedDict(a=1), r"OrderedDict.*mapping"),
        ],
        ids=["iterator", "generator", "map", "zip", "set", "frozenset", "keys", "values", "dict", "ordered"],
    )
    def test_what_they_are_and_what_to_do(self, zarr_format, make, text):
        store = MemoryStore()
        options = {"store": store, "zarr_format": zarr_format}
        for act in (
            lambda: zarr.array(make(), **options),
            lambda: zarr.create_array(data=make(), **options),
            lambda: asyncio.run(zarr.api.asynchronous.array(make(), **options)),
            lambda: zarr.open_array(mode="w", shape=1, data=make(), **options),
        ):
            with pytest.raises(ArgumentError, match=text):
                act()
        for dtype in ("i4", "f8", "bool", "U9", "S9", "string", BYTES, "M8[s]"):
            with pytest.raises(ArgumentError, match=text):
                zarr.array(make(), dtype=dtype, **options)
        assert not store._store_dict

    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    @pytest.mark.parametrize("dtype", ["i4", "f8", "bool", "U30", "S30", "string", BYTES, "M8[s]"], ids=shown)
    def test_nor_are_they_assigned_or_appended(self, engine, zarr_format, dtype):
        array = zarr.create_array({}, shape=2, dtype=dtype, zarr_format=zarr_format)
        before = array[...].tolist()
        for make in (lambda: iter([1, 2]), lambda: {"a": 1}, lambda: {1, 2}, lambda: {"a": 1}.values()):
            for act in (
                lambda m=make: array.__setitem__(..., m()),
                lambda m=make: array.__setitem__(0, m()),
                lambda m=make: array.vindex.__setitem__([0], m()),
                lambda m=make: array.append(m()),
                lambda m=make: asyncio.run(array.async_array.setitem(..., m())),
            ):
                with pytest.raises(ArgumentError, match="is no array"):
                    act()
        with pytest.raises(ArgumentError, match="is no array"):
            array[...] = [{"a": 1}, {}]
        np.testing.assert_array_equal(array[...].tolist(), before)


class TestObjects:
    """Python's objects of which NumPy makes an array of objects: what they are stored as, somebody has to say."""

    @pytest.mark.parametrize(
        ("item", "text", "dtype"),
        [
            (NOW, r"dtype='datetime64\[us\]'", "M8[us]"),
            (TODAY, r"dtype='datetime64\[D\]'", "M8[D]"),
            (SPAN, r"dtype='timedelta64\[us\]'", "m8[us]"),
            (2**70, r"more than 64 bits: dtype='string'", "string"),
            (-(2**63) - 1, r"more than 64 bits: dtype='string'", "string"),
            (Decimal("0.1"), r"dtype='float64'", "float64"),
            (Fraction(1, 3), r"dtype='float64'", "float64"),
        ],
        ids=shown,
    )
    def test_the_advice_can_be_followed(self, engine, item, text, dtype):
        for data in ([item, item], as_objects([item]), item, [[item]]):
            with pytest.raises(ArgumentError, match=rf"{type(item).__name__}.*{text}"):
                zarr.array(data)
            made = zarr.array(data, dtype=dtype)
            assert made.shape == np.shape(data)
            assert made.dtype == (np.dtypes.StringDType() if dtype == "string" else dtype)

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (as_objects([1, 2]), "dtype='int64'"),
            (as_objects([1.5]), "dtype='float64'"),
            (as_objects([True]), "dtype='bool'"),
            (as_objects([np.datetime64("2020", "s")]), r"dtype='datetime64\[s\]'"),
            (as_objects([b"a"]), "dtype='bytes'"),
            (as_objects(["a", 1]), "dtype='string' is for text"),
            ([{"a": 1}], "hold, a dict, which is no array"),
            ([object()], "type object.*Make numbers"),
            (len, "builtin_function"),
        ],
        ids=shown,
    )
    def test_of_other_objects(self, data, text):
        with pytest.raises(ArgumentError, match=text):
            zarr.array(data)

    def test_text_needs_no_word(self, engine):
        for data in (as_objects(["a", "bc"]), np.array("a", object), as_objects([])):
            made = zarr.array(data)
            assert made.dtype == np.dtypes.StringDType()
            assert np.asarray(made[...], object).tolist() == data.tolist()


class TestRagged:
    ADVICE = r"ragged.*numpy\.pad.*array of its own"

    @pytest.mark.parametrize(
        "data",
        [
            [[1, 2], [3]],
            [[1.5], []],
            [["a"], ["b", "c"]],
            [[b"a"], [b"b", b"c"]],
            [1, [2]],
            [[[1], [2]], [[3]]],
            [np.zeros(2), np.zeros(3)],
            [np.zeros((2, 2)), np.zeros((2, 3))],
            as_objects([[1], [1, 2]]),
            as_objects([np.zeros(1), np.zeros(2)]),
            as_objects([[1], [2]]),
        ],
        ids=shown,
    )
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_a_word_on_what_to_do(self, engine, zarr_format, data):
        store = MemoryStore()
        with pytest.raises(ValueError, match=self.ADVICE):
            zarr.array(data, store=store, zarr_format=zarr_format)
        for dtype in ("i4", "f8", "bool", "U9", "S9", "string", BYTES, "M8[s]"):
            with pytest.raises(ValueError, match=self.ADVICE):
                zarr.array(data, dtype=dtype, store=store, zarr_format=zarr_format)
        assert not store._store_dict

    def test_where_they_are_assigned(self, engine):
        for dtype in ("i4", "f8", BYTES):
            array = zarr.create_array({}, shape=2, dtype=dtype)
            for data in ([[1, 2], [3]], as_objects([[1], [1, 2]])):
                with pytest.raises(ValueError):
                    array[:] = data


class TestUnread:
    """Values that NumPy makes no element of are named, with their place."""

    @pytest.mark.parametrize(
        ("data", "dtype", "text"),
        [
            (["1", "yes"], "i4", r"'yes' of type str at \(1,\) is nothing that int32 can hold"),
            (np.array(["1", "yes"]), "i4", r"'yes' of type str at \(1,\) is nothing that int32 can hold"),
            (np.array([["1", "2"], ["3", "x"]]), "f8", r"'x' of type str at \(1, 1\)"),
            (np.array([b"1", b"x"]), "f8", r"b'x' of type bytes at \(1,\)"),
            (np.array(["2020", "never"]), "M8[s]", r"'never' of type str at \(1,\) is nothing that datetime64\[s\]"),
            (np.array("never"), "M8[s]", r"'never' of type str is nothing"),
            (np.array(["a", "\xe9"]), "S2", r"'é' of type str at \(1,\).*ascii"),
            (["a", "\xe9"], "S2", "'é' is no ASCII text; encode it"),
            ([b"a", b"\xff"], "U2", r"b'\\xff' is no ASCII text; decode it"),
            ([b"a", b"\xff"], "string", r"b'\\xff' is no ASCII text; decode it"),
            ([1, 1 + 2j], "f8", r"\(1\+2j\) of type complex at \(1,\) is nothing that float64 can hold"),
            ([1, object], "i4", r"class 'object'.* of type type at \(1,\)"),
            ([NOW], "i8", r"datetime\.datetime.* of type datetime at \(0,\) is nothing that int64 can hold"),
            ([np.datetime64("2020")], "i8", "times are no numbers; view their counts"),
            ([np.timedelta64(5, "s")], "f8", "times are no numbers; view their counts"),
            (np.array(["300"]), "u1", r"300.* at \(0,\) is out of range for uint8"),
            (np.array(["1e400"]), "f8", r"1e400.* is out of range for float64"),
            (np.array(["2020"]), "bool", "nothing that bool can hold"),
        ],
        ids=shown,
    )
    def test_they_are_named(self, data, dtype, text):
        with pytest.raises((ValueError, OverflowError), match=text):
            zarr.array(data, dtype=dtype)

    @pytest.mark.parametrize(
        ("data", "dtype", "error", "text"),
        [
            (np.array([1e300 + 0j]), "c8", OverflowError, "out of range for complex64"),
            ([complex(0, 1e300)], "c8", OverflowError, "out of range for complex64"),
            (np.array(["9999"], "M8[Y]"), "M8[ns]", ValueError, "beyond its counts"),
            (np.array(["2020-01-01T05"], "M8[h]"), "M8[D]", ValueError, "no whole number of its counts"),
            (np.array([5], "m8[s]"), "m8[m]", ValueError, "no whole number of its counts"),
            (np.array([2**62], "m8[D]"), "m8[s]", ValueError, "beyond its counts"),
        ],
        ids=shown,
    )
    def test_the_reason_is_the_right_one(self, data, dtype, error, text):
        with pytest.raises(error, match=text):
            zarr.array(data, dtype=dtype)


class TestTimesWithoutAUnit:
    """Format 3 has times that are mere counts, and format 2 has not: there, others may not read what NumPy writes."""

    @pytest.mark.parametrize("dtype", ["datetime64", "timedelta64", "M8", ">m8", "M8[2generic]"])
    def test_format_2_warns(self, engine, dtype):
        store = MemoryStore()
        with pytest.warns(zarr.errors.UnstableSpecificationWarning, match=r"format 2.*give one, as '\w+64\[ns\]'"):
            zarr.create_array(store, shape=2, dtype=dtype, zarr_format=2)
        assert all(
            np.isnat(time) for time in zarr.open_array(store)[...]
        )  # of the whole NumPy does not see the byte order

    @pytest.mark.parametrize("dtype", ["datetime64", "timedelta64"])
    def test_format_3_has_a_name_for_it(self, engine, dtype):
        array = zarr.create_array({}, shape=2, dtype=dtype)
        assert array.metadata.to_dict()["data_type"]["configuration"] == {"unit": "generic", "scale_factor": 1}
        assert np.isnat(zarr.open_array(array.store)[...]).all()

    def test_times_with_a_unit_do_not_fit(self, engine):
        times = np.array(["2020-01-01"], "M8[ns]")
        for data in (times, ["2020-01-01"], list(times)):
            with pytest.raises(ArgumentError, match=r"one has none; use one of the same unit, as 'datetime64\[\w+\]'"):
                zarr.array(data, dtype="datetime64")
        array = zarr.create_array({}, shape=1, dtype="datetime64")
        for value in (times, times[0], ["2020-01-01"], "2020-01-01"):
            with pytest.raises((TypeError, ValueError), match=r"unit|Cannot cast"):
                array[:] = value
        assert np.isnat(array[...]).all()


class TestCalendar:
    """Months and years are counted by way of days: NumPy wraps around between them and small units, or raises."""

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "ps", "fs", "as", "h", "D", "W", "3D", "7s"])
    @pytest.mark.parametrize("source", ["Y", "M", "3M", "5Y"])
    def test_each_is_the_same_moment_or_refused(self, source, unit):
        counts = [0, 1, -1, 2, -2, 13, -13, 600, -1200, 10**6, -(10**12), 2**60, -(2**62), 2**63 - 1]
        rng = np.random.default_rng(1)
        counts += rng.integers(-(10**5), 10**5, 50).tolist()
        for count in counts:
            time = np.array([count], "i8").view(f"M8[{source}]")
            try:
                made = zarr.array(time, dtype=f"M8[{unit}]")[...]
            except (ValueError, OverflowError):
                made = None
            assert_moment(time[0], made, unit)

    @pytest.mark.parametrize("unit", ["s", "ns", "D", "W", "3D"])
    @pytest.mark.parametrize("target", ["Y", "M", "3M", "5Y"])
    def test_and_back(self, target, unit):
        for text in ("1970-01-01", "1969-12-01", "1968-02-01", "2000-01-01", "1970-01-02", "1970-01-01T00:00:01"):
            exact = np.datetime64(text)
            time = exact.astype("M8[s]").astype(f"M8[{unit}]")
            try:
                made = zarr.array(np.array([time]), dtype=f"M8[{target}]")[...]
            except ValueError:
                seconds = time.astype("M8[s]")
                assert seconds != seconds.astype(f"M8[{target}]").astype("M8[s]")
            else:
                assert made[0].astype("M8[s]") == time.astype("M8[s]")
                assert zarr.create_array({}, shape=1, dtype=f"M8[{target}]", fill_value=time)[0] == made[0]

    def test_no_time_stays_none(self):
        for source, target in (("Y", "ns"), ("as", "Y"), ("3M", "D"), ("D", "M")):
            assert np.isnat(zarr.array(np.array(["NaT"], f"M8[{source}]"), dtype=f"M8[{target}]")[0])


def days_of(month):
    """Days from 1970-01-01 to the first of a month, in Python's integers."""
    cycles, rest = divmod(month, 4800)
    first = dt.date(1970 + rest // 12, rest % 12 + 1, 1)
    return cycles * 146_097 + (first - dt.date(1970, 1, 1)).days


def assert_moment(time, made, unit):
    name, scale = np.datetime_data(time.dtype)
    day, rest = days_of(int(time.view("i8")) * scale * (12 if name == "Y" else 1)), 0
    seconds = {"W": 604_800, "D": 86_400, "h": 3600, "m": 60, "s": 1}
    finer = {"ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15, "as": 10**18}
    name, scale = np.datetime_data(f"M8[{unit}]")
    count, rest = divmod(day * 86_400 * finer.get(name, 1), seconds.get(name, 1) * scale)
    if made is None:
        assert rest or not -(2**63) < count < 2**63 or abs(day) >= 2**58
    else:
        assert (int(made.view("i8")[0]), rest) == (count, 0)


class TestTextOfTimes:
    """Text is read in the finest unit in it, in which NumPy wraps around."""

    WRAPPED = ("1500-01-01T00:00:00.000000000", "9999-12-31T00:00:00.000000000", "1970-01-01T10:00:00.000000000000000")

    @pytest.mark.parametrize("unit", ["s", "D", "ns", "as", "Y"])
    @pytest.mark.parametrize("text", WRAPPED)
    def test_what_it_says_or_an_error(self, engine, unit, text):
        dtype = np.dtype(f"M8[{unit}]")
        for data in ([text], np.array([text]), np.array([text], object), np.array([text], np.dtypes.StringDType())):
            with pytest.raises((ValueError, OverflowError), match=text[:10]):
                zarr.array(data, dtype=dtype)
        with pytest.raises((ValueError, OverflowError), match=text[:10]):
            zarr.create_array({}, shape=1, dtype=dtype, fill_value=text)

    def test_one_fine_text_takes_nothing_from_others(self):
        words = np.array(["1500-01-01", "2020-01-01T00:00:00.000000000"])
        assert zarr.array(list(words[:1]), dtype="M8[D]")[0] == np.datetime64("1500-01-01")
        with pytest.raises((ValueError, OverflowError), match="1500"):
            zarr.array(words, dtype="M8[s]")

    def test_what_is_beyond_seconds(self):
        assert zarr.array(["99999999999999"], dtype="M8[Y]")[0] == np.datetime64(99999999999999 - 1970, "Y")
        with pytest.raises((ValueError, OverflowError)):
            zarr.array(np.array(["99999999999999-01-01T00:00:00"]), dtype="M8[s]")

    def test_other_forms(self, engine):
        words = ["2020-02-29", "1969-12-31T23:59:59.5", "NaT", "", "0001-01-01"]
        want = np.array(words, "M8[ms]").tolist()
        for data in (words, np.array(words), np.array(words, "S"), np.array(words, np.dtypes.StringDType())):
            assert zarr.array(data, dtype="M8[ms]")[...].tolist() == want


class TestDurationsOfPython:
    def test_long_ones_do_not_wrap(self, engine):
        most = dt.timedelta(days=999_999_999)
        for unit, per_day in (("s", 86_400), ("D", 1), ("ms", 86_400_000)):
            made = zarr.array([most, -most], dtype=f"m8[{unit}]")[...]
            assert made.view("i8").tolist() == [999_999_999 * per_day, -999_999_999 * per_day]
        for fine in (most, most + dt.timedelta(microseconds=1)):
            with pytest.raises(OverflowError):
                zarr.array([fine], dtype="m8[us]")
        assert zarr.array([dt.timedelta(microseconds=-1)], dtype="m8[ns]")[0] == np.timedelta64(-1000, "ns")


class TestOfPandas:
    """Its times count nanoseconds, which NumPy leaves out of what it takes for Python's; known by their methods."""

    class Timestamp(dt.datetime):
        def to_datetime64(self):
            return np.datetime64("2024-02-29T12:00:00.000000001")

    class Timedelta(dt.timedelta):
        def to_timedelta64(self):
            return np.timedelta64(1, "ns")

    class NaTType(dt.datetime):
        def __new__(cls):
            return dt.datetime.__new__(cls, 1, 1, 1)

        def to_datetime64(self):
            return np.datetime64("NaT", "ns")

    def test_they_keep_them(self, engine):
        time, span, nat = self.Timestamp(2024, 2, 29, 12), self.Timedelta(0), self.NaTType()
        assert zarr.array([time], dtype="M8[ns]")[0] == np.datetime64("2024-02-29T12:00:00.000000001")
        assert zarr.array([span], dtype="m8[ns]")[0] == np.timedelta64(1, "ns")
        assert zarr.create_array({}, shape=1, dtype="M8[ns]", fill_value=time)[0] == time.to_datetime64()
        for dtype in ("M8[ns]", "m8[ns]"):
            assert np.isnat(zarr.array([nat], dtype=dtype)[0])
        with pytest.raises(ValueError, match="finer unit"):
            zarr.array([time], dtype="M8[us]")
        with pytest.raises(ArgumentError, match="missing"):
            zarr.array([nat], dtype="i8")


class TestOfOtherPackages:
    """Of dtypes of other packages nothing is known but NumPy's casts, which may wrap around on the way there and back."""

    @pytest.mark.parametrize(
        ("data", "source", "target", "expected"),
        [
            ([7, -8], "int4", "i1", [7, -8]),
            ([-8], "int4", "u1", None),
            ([250], "u1", "int4", None),
            ([7], "u1", "int4", [7]),
            ([-1], "i8", "uint4", None),
            ([1.5], "f8", "int4", None),
            ([2.0], "f8", "int4", [2]),
            ([0.1], "f8", "bfloat16", [0.10009765625]),
            ([1e39], "f8", "bfloat16", None),
            ([np.inf, -0.0], "f8", "bfloat16", [np.inf, -0.0]),
            ([100.0], "f8", "float4_e2m1fn", None),
            ([5.0], "f8", "float4_e2m1fn", [4]),
            ([480.0], "f8", "float8_e4m3fn", None),
            ([np.nan], "f8", "float4_e2m1fn", None),
            ([257], "i8", "bfloat16", None),
            ([2**63 - 1], "i8", "bfloat16", None),
            ([2**64 - 1], "u8", "bfloat16", None),
            ([0.3], "bfloat16", "f2", [0.30078125]),
            ([1e30], "bfloat16", "f2", None),
            ([1.5], "bfloat16", "i4", None),
            ([1.5], "bfloat16", "c8", [1.5]),
            ([1 + 2j], "c16", "bfloat16", None),
            ([1.5], "bfloat16", "U5", None),
        ],
        ids=shown,
    )
    def test_elements_are_kept_rounded_or_refused(self, data, source, target, expected):
        ml_dtypes = pytest.importorskip("ml_dtypes")
        source, target = (np.dtype(getattr(ml_dtypes, name, name)) for name in (source, target))
        given = np.array(data).astype(source)
        if expected is None:
            with pytest.raises((ValueError, OverflowError)):
                recast(given, target)
        else:
            made = recast(given, target)
            assert made.dtype == target
            assert made.astype("c16").tolist() == np.array(expected, "c16").tolist()

    @pytest.mark.parametrize("dtype", ["i4", "f8", "U9", "string", "M8[s]", "bool"])
    def test_fields_are_no_numbers(self, dtype):
        for data in (np.zeros(2, [("a", "i4")]), np.zeros(2, "i4,f8"), np.rec.array([(1,)], names="a")):
            with pytest.raises(ArgumentError, match=r"have fields; store each of them as an array of its own, data\['"):
                zarr.array(data, dtype=dtype)

    def test_fields_may_be_masked(self):
        data = np.ma.masked_array(np.zeros(2, "i4,f8"), mask=[(False, True), (False, False)])
        with pytest.raises(ArgumentError, match=r"1 element of the masked array is masked, the first at \(0,\)"):
            zarr.array(data)
        data.mask = False
        assert zarr.array(data)[:].tolist() == [(0, 0.0), (0, 0.0)]


class TestShapesOfSequences:
    def test_arrays_without_axes_are_elements(self, engine):
        for items in ([1, 2], [1.5, 2.0], ["a", "b"], [True, False]):
            data = [np.array(item) for item in items]
            dtype = np.array(items).dtype
            for made in (zarr.array(data), zarr.array(data, dtype=dtype), zarr.array([data, data])[0]):
                assert made[...].tolist() == items
        assert zarr.array([np.array(1), 2], dtype="string")[...].tolist() == ["1", "2"]

    def test_too_many_axes(self):
        deep = 1
        for _ in range(70):
            deep = [deep]
        cyclic = []
        cyclic.append(cyclic)
        for data in (deep, cyclic):
            for dtype in (None, "i4", "string", BYTES, "M8[s]"):
                with pytest.raises(ValueError):
                    zarr.array(data, dtype=dtype)
            with pytest.raises(ValueError):
                zarr.create_array({}, shape=1, dtype="i4")[:] = data

    def test_no_bytes_at_all(self):
        with pytest.warns(zarr.errors.UnstableSpecificationWarning):
            assert zarr.array(np.zeros(2, "V0"), dtype="S3")[...].tolist() == [b"", b""]

    def test_surrogates_are_named(self):
        for data in (["a", "\ud800"], np.array(["a", "\ud800"])):
            with pytest.raises(ArgumentError, match=r"'\\ud800' of type str at \(1,\)"):
                zarr.array(data, dtype="string")


class TestFillValues:
    @pytest.mark.parametrize("dtype", ["i4", "f4", "c8", "bool", "U2", "M8[s]", "string"])
    def test_an_array_without_axes_is_its_element(self, engine, zarr_format, dtype):
        fill = np.ones((), "U2" if dtype == "string" else dtype)
        for made in (
            zarr.create_array({}, shape=1, dtype=dtype, fill_value=fill, zarr_format=zarr_format),
            zarr.full(1, fill, dtype=dtype, zarr_format=zarr_format),
        ):
            assert made[0] == fill[()]
        with pytest.raises((TypeError, ValueError)):
            zarr.create_array({}, shape=1, dtype=dtype, fill_value=np.ones(1, fill.dtype), zarr_format=zarr_format)

    def test_parts_of_complex_numbers_are_exact(self):
        assert zarr.create_array({}, shape=1, dtype="c16", fill_value=[1, "NaN"])[0].real == 1
        for fill in ([2**53 + 1, 0], [0, 2**53 + 1], [1e300, 0]):
            with pytest.raises((ValueError, OverflowError)):
                zarr.create_array({}, shape=1, dtype="c8" if fill[0] == 1e300 else "c16", fill_value=fill)

    def test_wide_floating_numbers_are_compared_as_they_are(self):
        wide = np.longdouble(2**63) + np.longdouble(0.5)
        if wide == 2**63:  # no wider than others on this machine
            wide = np.longdouble(0.5)
        with pytest.raises((ValueError, OverflowError)):
            zarr.create_array({}, shape=1, dtype="u8", fill_value=wide)
        assert zarr.create_array({}, shape=1, dtype="u8", fill_value=np.longdouble(2**63))[0] == 2**63

    def test_huge_integers(self):
        for dtype in ("f4", "f8", "i8", "c16"):
            for fill in (10**400, -(10**5000)):
                with pytest.raises((OverflowError, ValueError)):
                    zarr.create_array({}, shape=1, dtype=dtype, fill_value=fill)


class TestNodes:
    """Objects of this library where data are expected."""

    def test_groups_are_no_data(self, engine):
        group = zarr.group({})
        group.create_array("a", data=[1])
        for empty_or_not in (group, zarr.group({})):
            for act in (
                lambda g=empty_or_not: zarr.array(g),
                lambda g=empty_or_not: zarr.create_array({}, data=g),
                lambda g=empty_or_not: zarr.create_array({}, data=g, dtype="string"),
                lambda g=empty_or_not: zarr.create_array({}, data=[g]),
                lambda g=empty_or_not: zarr.array(g._async_group if hasattr(g, "_async_group") else g),
            ):
                with pytest.raises((TypeError, ValueError)):
                    act()

    def test_what_has_to_be_awaited_is_not_written_as_text(self, engine):
        words, other = zarr.create_array({}, shape=2, dtype="string"), zarr.array([1, 2])
        for value in (other.async_array, [other.async_array] * 2, zarr.buffer.cpu.Buffer.from_bytes(b"ab")):
            with pytest.raises(ArgumentError, match=r"no array.*has to be read"):
                words[:] = value
        words[:] = other
        assert words[...].tolist() == ["1", "2"]
        both = zarr.create_array({}, shape=(2, 2), dtype="string")
        both[...] = [other, other]
        assert both[...].tolist() == [["1", "2"]] * 2

    def test_an_array_brings_its_data_type(self, engine, zarr_format):
        octets = zarr.create_array({}, shape=2, dtype=BYTES, zarr_format=zarr_format)
        octets[:] = as_objects([b"a", b"bc"])
        for made in (
            zarr.create_array({}, data=octets),
            zarr.create_array({}, data=octets, zarr_format=5 - zarr_format),
            zarr.group({}).create_array("x", data=octets),
            zarr.array(octets),
        ):
            assert made[...].tolist() == [b"a", b"bc"]
            assert made.metadata.dtype == octets.metadata.dtype


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([[1, 2], [3, np.nan]], r"cannot convert float NaN to integer\. It is at \(1, 1\)"),
        ([[1, float("inf")], [3, np.nan]], r"cannot convert float infinity to integer\. It is at \(0, 1\)"),
        ([["1", "x"], ["3", "4"]], r"invalid literal .*'x'\. It is at \(0, 1\)"),
        (np.nan, r"^cannot convert float NaN to integer$"),
    ],
)
def test_what_numpy_says_of_a_list_has_a_place(values, error):
    array = zarr.zeros((2, 2), dtype="i4")
    with pytest.raises((ValueError, OverflowError), match=error):
        array[...] = values
