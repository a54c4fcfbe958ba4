"""What takes arrays of NumPy takes those of this library: pandas, matplotlib, the views of zarr-indexing."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import zarr_indexing
from matplotlib.figure import Figure

import zarr

NUMBERS = np.arange(60 * 50, dtype="f8").reshape(60, 50)
COLUMNS = {
    "numbers": NUMBERS[:, 3],
    "big-endian": NUMBERS[:, 3].astype(">f4"),
    "truth": NUMBERS[:, 3] > 500,
    "times": np.arange(60).astype("M8[s]"),
    "durations": np.arange(60).astype("m8[ns]"),
    "text": np.array([f"n{i}" for i in range(60)]),
}


def made(data):
    return zarr.create_array({}, data=data, chunks=tuple(max(1, n // 3) for n in data.shape))


@pytest.mark.parametrize("name", COLUMNS)
def test_series(engine, name):
    data = COLUMNS[name]
    pd.testing.assert_series_equal(pd.Series(made(data)), pd.Series(np.asarray(made(data))))
    assert list(pd.Series(made(data))) == list(pd.Series(data))
    assert len(pd.Index(made(data))) == len(data)


def test_tables(engine):
    array = made(NUMBERS)
    pd.testing.assert_frame_equal(pd.DataFrame(array), pd.DataFrame(NUMBERS))
    columns = {name: made(data) for name, data in COLUMNS.items()}
    table = pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    assert table["text"][7] == "n7"
    structs = np.array([(1, 2.5), (3, 4.5)], [("n", "i4"), ("x", "f8")])
    pd.testing.assert_frame_equal(pd.DataFrame(made(structs)[:]), pd.DataFrame(structs))
    by_category = pd.Series(made(COLUMNS["text"])).astype("category")
    assert by_category.cat.categories[0] == "n0"


def test_values_of_pandas(engine):
    array = zarr.create_array({}, data=pd.Series(NUMBERS[:, 0]), chunks=(7,))
    array[:5] = pd.Series(range(5))
    assert array[:6].tolist() == [0, 1, 2, 3, 4, NUMBERS[5, 0]]
    zarr.create_array({}, shape=(60, 50), dtype="f8")[:] = pd.DataFrame(NUMBERS)


def test_plots(engine):
    mpl.use("agg")
    array = made(NUMBERS)
    axes = Figure().subplots()
    (line,) = axes.plot(made(COLUMNS["numbers"]), made(COLUMNS["big-endian"]))
    np.testing.assert_array_equal(line.get_ydata(), COLUMNS["numbers"])
    axes.plot(made(COLUMNS["times"]), made(COLUMNS["numbers"]))
    np.testing.assert_array_equal(Figure().subplots().imshow(array).get_array(), NUMBERS)
    counts, *_ = Figure().subplots().hist(made(COLUMNS["numbers"]))
    assert counts.sum() == 60
    Figure().subplots().contourf(array)


def test_lazy_arrays(engine):
    array = made(NUMBERS)
    lazy = zarr_indexing.LazyArray(array)
    assert tuple(lazy.shape) == NUMBERS.shape
    for selection in (np.s_[5:50:3, 7], np.s_[10:20, ::2], np.s_[3]):
        np.testing.assert_array_equal(np.asarray(lazy[selection]), NUMBERS[selection])
