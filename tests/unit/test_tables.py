"""Tables and times of pandas and Arrow: each column as it is, each time as it is, or an error that says which is not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.suites.calls import run
from tests.suites.stand_in_for_polars import DataFrame
from zarr.dtype import Float64, Optional

LARGE = 2**53 + 1
COLUMNS = {"a": [LARGE, 2], "b": [0.5, 1.5]}
TABLES = {"DataFrame": pd.DataFrame, "Table": pa.table, "RecordBatch": pa.record_batch, "Polars": DataFrame}


@pytest.fixture(params=TABLES)
def table(request):
    return TABLES[request.param]


def appended(value, dtype):
    array = zarr.create_array({}, shape=(0, 2), dtype=dtype, chunks=2)
    array.append(value)
    return array


def assigned(value, dtype, shape=(2, 2)):
    array = zarr.create_array({}, shape=shape, dtype=dtype)
    array[...] = value
    return array


def written_late(value, dtype):
    array = zarr.create_array({}, shape=(0, 2), dtype=dtype, chunks=2)
    with array.appender() as appender:
        appender.append(value)
    return array


def gathered(value, dtype):
    array = zarr.create_array({}, shape=(2, 2), dtype=dtype)
    with array.batch() as batch:
        batch[...] = value
    return array


def assigned_async(value, dtype):
    async def call():
        array = await zarr.api.asynchronous.create_array({}, shape=(2, 2), dtype=dtype)
        await array.setitem(..., value)
        return zarr.Array(array)

    return run(call())


WAYS = {
    "array": lambda value, dtype: zarr.array(value, dtype=dtype),
    "create_array": lambda value, dtype: zarr.create_array({}, data=value, dtype=dtype),
    "from_array": lambda value, dtype: zarr.from_array({}, data=np.zeros((2, 2)) if value is None else value),
    "a list": lambda value, dtype: zarr.array([value], dtype=dtype),
    "append": appended,
    "appender": written_late,
    "assign": assigned,
    "assign a list": lambda value, dtype: assigned([value], dtype, (1, 2, 2)),
    "batch": gathered,
    "async": assigned_async,
}


@pytest.mark.parametrize("way", WAYS)
def test_integers_beside_floating_numbers_are_not_rounded(way, table):
    with pytest.raises(
        ValueError, match=rf"column 'a': {LARGE} at \(0,\) would not be the same in float64.*array of its own"
    ):
        WAYS[way](table(COLUMNS), "f8")
    few = {**COLUMNS, "a": [LARGE - 1, 2]}
    assert WAYS[way](table(few), "f8")[...].squeeze().tolist() == [[LARGE - 1, 0.5], [2, 1.5]]


def test_without_a_data_type(table):
    with pytest.raises(ValueError, match="column 'a'"):
        zarr.array(table(COLUMNS))
    with pytest.raises(ValueError, match="column 'a'"):
        zarr.array([table(COLUMNS)] * 2)
    array = zarr.array(table({"a": [1, 2], "b": [0.5, 1.5]}))
    assert array.dtype == "f8"
    assert array[...].tolist() == [[1, 0.5], [2, 1.5]]
    assert zarr.array(table({"a": [LARGE, 2], "b": [3, 4]}))[...].tolist() == [[LARGE, 3], [2, 4]]
    assert zarr.array(table({"a": ["x", "y"], "b": ["z", ""]}))[...].tolist() == [["x", "z"], ["y", ""]]
    with pytest.raises(ValueError, match="nothing says what"):
        zarr.array(table({"a": ["x", "y"], "b": [1, 2]}))


def test_signed_beside_unsigned_integers(table):
    columns = {"a": np.array([2**63 + 1, 1], "u8"), "b": np.array([2, 1], "i8")}
    with pytest.raises(ValueError, match=f"column 'a': {2**63 + 1}"):
        zarr.array(table(columns))
    for array in (zarr.array(table(columns), dtype="u8"), assigned(table(columns), "u8")):
        assert array[...].tolist() == [[2**63 + 1, 2], [1, 1]]


def test_text_of_numbers_is_that_of_their_own_type(table):
    assert zarr.array(table(COLUMNS), dtype="string")[...].tolist() == [[str(LARGE), "0.5"], ["2", "1.5"]]


def test_assigning_integers_keeps_them_and_the_rule_of_numpy_for_fractions(table):
    assert assigned(table(COLUMNS), "i8")[...].tolist() == [[LARGE, 0], [2, 1]]
    with pytest.raises(ValueError, match=r"column 'b': 0.5 at \(0,\)"):
        zarr.array(table(COLUMNS), dtype="i8")


@pytest.mark.parametrize("made", [pd.DataFrame({"a": pd.array([LARGE, None], "Int64"), "b": [0.5, 1.5]}), None])
def test_missing_values(made):
    made = pa.table({"a": [LARGE, None], "b": [0.5, 1.5]}) if made is None else made
    with pytest.raises(ValueError, match=f"column 'a': {LARGE}"):
        zarr.array(made, dtype="f8")
    with pytest.raises(ValueError, match=r"column 'a'.*\(1,\) is a missing value"):
        assigned(made, "i8")
    with pytest.raises(ValueError, match=f"missing|{LARGE}"):
        zarr.array(made)
    few = pd.DataFrame({"a": pd.array([3, None], "Int64"), "b": [0.5, 1.5]})
    assert np.array_equal(zarr.array(few, dtype="f8")[...], [[3, 0.5], [np.nan, 1.5]], equal_nan=True)
    array = zarr.array(few, dtype=Optional(data_type=Float64()))
    assert array[...].tolist() == [[3, 0.5], [None, 1.5]]


def test_tables_of_one_type():
    same = pd.DataFrame({"a": [LARGE], "b": [3]})
    assert zarr.array(same)[...].tolist() == [[LARGE, 3]]
    assert zarr.array(pd.DataFrame({"a": [1.5]}))[...].tolist() == [[1.5]]
    assert zarr.array(pa.table({"a": pa.array([1.5, None])}))[...].shape == (2, 1)
    assert zarr.array(pd.DataFrame({"a": np.zeros(0, "i8"), "b": np.zeros(0)})).shape == (0, 2)


def test_rows_are_structs_if_they_are_given_as_such(table):
    dtype = [("a", "i8"), ("b", "f8")]
    for call in (lambda: zarr.array(table(COLUMNS), dtype=dtype), lambda: assigned(table(COLUMNS), dtype)):
        with pytest.raises(ValueError, match="to_records"):
            call()
    records = zarr.array(pd.DataFrame(COLUMNS).to_records(index=False))
    assert records[...].tolist() == [(LARGE, 0.5), (2, 1.5)]


INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**53, LARGE, -(2**53) - 1, 2**62 + 1])


@given(
    rows=st.lists(
        st.tuples(INTEGERS, st.floats(allow_nan=False), st.booleans(), st.integers(0, 2**64 - 1)),
        min_size=1,
        max_size=4,
    ),
    kinds=st.sets(st.sampled_from("ifbu"), min_size=1),
    dtype=st.sampled_from(["f8", "i8", "u8", "f4"]),
    form=st.sampled_from(["DataFrame", "Table"]),
    is_assigned=st.booleans(),
)
@settings(max_examples=100)
def test_every_element_is_kept_or_refused(rows, kinds, dtype, form, is_assigned):
    dtypes = {"i": "i8", "f": "f8", "b": "?", "u": "u8"}
    columns = {k: np.array([row["ifbu".index(k)] for row in rows], dtypes[k]) for k in sorted(kinds)}
    try:
        if is_assigned:
            array = zarr.create_array({}, shape=(len(rows), len(columns)), dtype=dtype)
            with np.errstate(all="ignore"):
                array[...] = TABLES[form](columns)
        else:
            array = zarr.array(TABLES[form](columns), dtype=dtype)
    except (ValueError, OverflowError):
        return
    for found, (kind, expected) in zip(array[...].T, columns.items(), strict=True):
        if kind in "iub" and not (is_assigned and (dtype in ("i8", "u8") or len(columns) == 1)):
            assert list(map(int, found.tolist())) == list(map(int, expected.tolist()))
        elif kind == "f" and dtype in ("f8", "f4"):
            with np.errstate(all="ignore"):
                assert np.array_equal(found, expected.astype(dtype))


# -- times ------------------------------------------------------------------------------------------------------------

FINE = pd.Timestamp("2020-01-01T00:00:00.123456789")
HALF = pd.Timestamp("2020-01-01T00:00:00.5")
ZONED = pd.Timestamp("2020-01-01T01:00", tz="Europe/Berlin")
SPAN = pd.Timedelta(5, "ns")
FORMS = {
    "alone": lambda item: item,
    "list": lambda item: [item, item],
    "nested": lambda item: [(item,), [item]],
    "objects": lambda item: np.array([item, item], object),
    "Series": lambda item: pd.Series([item, item], dtype=object),
    "object without axes": lambda item: np.array(item, object),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def stored(value, dtype, zarr_format=3):
    array = zarr.create_array({}, shape=(2, 2), dtype=dtype, fill_value=np.array(7, dtype)[()], zarr_format=zarr_format)
    array[...] = value
    (found,) = set(array[...].view("i8").ravel().tolist())
    return np.array(found).view(dtype)[()]


@pytest.mark.parametrize("dtype", ["M8[ns]", "M8[s]", ">M8[D]", "m8[us]", "m8[s]"])
def test_not_a_time_of_pandas(form, dtype, engine, zarr_format):
    assert np.isnat(stored(form(pd.NaT), np.dtype(dtype).newbyteorder("="), zarr_format))
    array = zarr.create_array({}, shape=2, dtype=dtype, fill_value=pd.NaT, zarr_format=zarr_format)
    assert np.isnat(array[...]).all()


def test_not_a_time_is_no_number(form):
    for dtype in ("f8", "i8", "U5", "string"):
        array = zarr.create_array({}, shape=(2, 2), dtype=dtype)
        with pytest.raises(ValueError, match="missing"):
            array[...] = form(pd.NaT)


def test_not_a_time_beside_others():
    array = zarr.create_array({}, shape=4, dtype="M8[s]")
    array[...] = [pd.NaT, None, np.datetime64(3, "s"), "1970-01-01T00:00:04"]
    assert np.array_equal(array[...], np.array(["NaT", "NaT", 3, 4], "M8[s]"), equal_nan=True)


@pytest.mark.parametrize(
    ("item", "dtype", "expected"),
    [
        (FINE, "M8[ns]", FINE.to_datetime64()),
        (HALF, "M8[ms]", np.datetime64("2020-01-01T00:00:00.500")),
        (ZONED, "M8[s]", np.datetime64("2020-01-01T00:00:00")),
        (SPAN, "m8[ns]", np.timedelta64(5, "ns")),
        (pd.Timedelta("1D"), "m8[h]", np.timedelta64(24, "h")),
    ],
)
def test_times_of_pandas_are_exact(form, item, dtype, expected):
    assert stored(form(item), dtype) == expected
    assert zarr.create_array({}, shape=1, dtype=dtype, fill_value=item)[0] == expected


@pytest.mark.parametrize(
    ("item", "dtype"),
    [
        (FINE, "M8[us]"),
        (FINE, "M8[s]"),
        (HALF, "M8[s]"),
        (HALF, "M8[D]"),
        (SPAN, "m8[us]"),
        (SPAN, "m8[s]"),
        (SPAN, "M8[ns]"),
        (HALF, "m8[ns]"),
        (pd.Timestamp("9999-01-01"), "M8[ns]"),
        (pd.Period("2020-01-01 05:00", "h"), "M8[s]"),
    ],
)
def test_or_refused(form, item, dtype):
    array = zarr.create_array({}, shape=(2, 2), dtype=dtype, fill_value=np.array(7, dtype)[()])
    with pytest.raises((ValueError, OverflowError)):
        array[...] = form(item)
    assert (array[...].view("i8") == 7).all()


def test_times_in_fields(engine):
    dtype = np.dtype([("t", "M8[s]"), ("n", "i4")])
    array = zarr.create_array({}, shape=2, dtype=dtype)
    array[...] = [(pd.NaT, 1), (pd.Timestamp("1970-01-01T00:00:05"), 2)]
    assert np.isnat(array["t"][0])
    assert array["t"][1] == np.datetime64(5, "s")
    with pytest.raises(ValueError, match="field 't'"):
        array[0] = (HALF, 1)
