"""Arrays of pandas and Arrow with missing values: these stay missing, or are refused, and what is beside them is as it was."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import zarr
from tests.suites.stand_in_for_polars import Series
from zarr.dtype import Bool, DateTime64, Float64, Int64, Optional, VariableLengthUTF8

LARGE = 2**53 + 1
FORMS = {
    "Series": lambda items: pd.Series(items, dtype="Int64"),
    "array": lambda items: pd.array(items, dtype="Int64"),
    "Index": lambda items: pd.Index(pd.array(items, dtype="Int64")),
    "Categorical": lambda items: pd.Categorical(items, categories=pd.array(sorted({*items} - {None}), dtype="Int64")),
    "ArrowDtype": lambda items: pd.Series(items, dtype="int64[pyarrow]"),
    "Array": lambda items: pa.array(items, pa.int64()),
    "Polars": Series,
    "ChunkedArray": lambda items: pa.chunked_array([items[:1], items[1:]], pa.int64()),
}


@pytest.fixture(params=FORMS)
def integers(request):
    return FORMS[request.param]


@pytest.mark.parametrize("dtype", ["i4", "u8", "?", "U5", "string"])
def test_missing_integers_are_refused(engine, integers, dtype):
    array = zarr.create_array({}, shape=3, dtype=dtype)
    before = array[:]
    with pytest.raises(ValueError, match=r"\(1,\).*missing"):
        array[:] = integers([1, None, 2])
    assert np.array_equal(array[:], before)
    with pytest.raises(ValueError, match=r"missing|would not be the same|cannot"):
        zarr.array(integers([1, None, 2]), dtype=dtype)


def test_times_have_not_a_time_for_missing_counts(engine, integers):
    """As for None in a list."""
    array = zarr.array(integers([1, None]), dtype="M8[s]")
    assert np.array_equal(array[:], np.array([1, "NaT"], "M8[s]"), equal_nan=True)


def test_missing_integers_need_a_data_type(engine, integers):
    with pytest.raises(ValueError, match=r"\(1,\).*missing"):
        zarr.array(integers([LARGE, None]))


def test_floating_numbers_have_nan_for_missing_integers(engine, integers):
    array = zarr.create_array({}, shape=3, dtype="f8")
    array[:] = integers([1, None, 2])
    assert np.array_equal(array[:], [1, np.nan, 2], equal_nan=True)
    made = zarr.array(integers([1, None, 2]), dtype="f4")[:]
    assert made.dtype == "f4"
    assert np.array_equal(made, [1, np.nan, 2], equal_nan=True)


def test_what_is_beside_them_is_not_rounded(engine, integers):
    with pytest.raises((ValueError, OverflowError), match=str(LARGE)):
        zarr.array(integers([LARGE, None]), dtype="f8")
    array = zarr.create_array({}, shape=0, dtype="f8", chunks=4)
    with pytest.raises((ValueError, OverflowError), match=str(LARGE)):
        array.append(integers([LARGE, None]))
    assert array.shape == (0,)
    whole = zarr.array(integers([LARGE, 3]))
    assert whole.dtype == "i8"
    assert whole[:].tolist() == [LARGE, 3]


@pytest.mark.parametrize(
    ("given", "data_type", "expected"),
    [
        (pd.array([LARGE, None], dtype="Int64"), Int64(), [LARGE, None]),
        (pd.Series([1.5, None], dtype="Float64"), Float64(), [1.5, None]),
        (pd.array([True, None], dtype="boolean"), Bool(), [True, None]),
        (pd.Series(["a", None], dtype="string"), VariableLengthUTF8(), ["a", None]),
        (pa.array([LARGE, None]), Int64(), [LARGE, None]),
        (pa.array([1.5, None]), Float64(), [1.5, None]),
        (pa.array(["a", None]), VariableLengthUTF8(), ["a", None]),
        (
            pa.array([7, None], pa.timestamp("s")),
            DateTime64(unit="s", scale_factor=1),
            [np.datetime64(7, "s"), None],
        ),
    ],
)
def test_missing_is_missing_where_elements_may_be(engine, given, data_type, expected):
    array = zarr.array(given, dtype=Optional(data_type=data_type))
    assert array[:].tolist() == expected
    array[:] = [None, None]
    array[:] = given
    assert array[:].tolist() == expected


def test_nan_is_not_missing(engine):
    """As it goes to Arrow and comes back."""
    data_type = Optional(data_type=Float64())
    array = zarr.array([1.5, None, np.nan], dtype=data_type)
    again = pa.array(zarr.array(pa.array(array), dtype=data_type)).to_pylist()
    assert again[:2] == [1.5, None]
    assert np.isnan(again[2])


@pytest.mark.parametrize("given", [pd.array([1.5, None], dtype="Float64"), pa.array([1.5, None])])
def test_missing_floating_numbers(engine, given):
    assert np.array_equal(zarr.array(given)[:], [1.5, np.nan], equal_nan=True)
    array = zarr.create_array({}, shape=2, dtype="i4", fill_value=7)
    with pytest.raises(ValueError, match=r"\(1,\).*missing"):
        array[:] = given
    assert array[:].tolist() == [7, 7]


NESTED = {
    "dictionary": lambda: pa.array([LARGE, None]).dictionary_encode(),
    "dictionary in chunks": lambda: pa.chunked_array([pa.array([LARGE, None]).dictionary_encode()]),
    "runs": lambda: pc.run_end_encode(pa.array([LARGE, None])),
    "list of Arrow": lambda: [pa.scalar(LARGE), pa.scalar(None, pa.int64())],
    "tuple": lambda: (pa.scalar(LARGE), None),
}


@pytest.mark.parametrize("form", NESTED)
def test_integers_that_are_missing_in_other_forms(form):
    for dtype in ("i8", "u1", "?", "U3", "string"):
        array = zarr.create_array({}, shape=2, dtype=dtype)
        with pytest.raises(ValueError, match=r"\(1,\).*missing"):
            array[:] = NESTED[form]()
    with pytest.raises(ValueError, match=str(LARGE)):
        zarr.array(NESTED[form](), dtype="f8")
    array = zarr.array(NESTED[form](), dtype=Optional(data_type=Int64()))
    assert array[:].tolist() == [LARGE, None]


def test_lists_of_arrays_with_missing_values():
    rows = [pa.array([LARGE, None]), pa.array([1, 2])]
    with pytest.raises(ValueError, match=str(LARGE)):
        zarr.array(rows, dtype="f8")
    with pytest.raises(ValueError, match="missing"):
        zarr.array(rows)
    assert zarr.array(rows, dtype=Optional(data_type=Int64()))[...].tolist() == [[LARGE, None], [1, 2]]
    assert zarr.array([pd.array([LARGE, 2], dtype="Int64")] * 2)[...].tolist() == [[LARGE, 2]] * 2


def test_scalars_of_arrow():
    array = zarr.create_array({}, shape=2, dtype="i8")
    array[:] = pa.scalar(LARGE)
    assert array[:].tolist() == [LARGE, LARGE]
    for value in (pa.scalar(None, pa.int64()), pa.NA):
        with pytest.raises(ValueError, match="missing"):
            array[:] = value
    with pytest.raises(ValueError, match=str(LARGE)):
        zarr.array(pa.scalar(LARGE), dtype="f8")
    times = zarr.create_array({}, shape=1, dtype="M8[ns]")
    times[0] = pa.scalar(5, pa.timestamp("ns"))
    assert times[0] == np.datetime64(5, "ns")


@pytest.mark.parametrize("item", [Decimal(LARGE), Fraction(LARGE)])
def test_whole_numbers_of_other_types_are_not_rounded(item):
    with pytest.raises(ValueError, match="would not be the same"):
        zarr.array([item], dtype="f8")
    assert zarr.array([type(item)(1) / 3], dtype="f8")[0] == 1 / 3
