"""Views that are composed without reading, and then read, written, taken apart, shown and sent as one selection."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError

import cloudpickle
import dask
import dask.array
import numpy as np
import pytest
import xarray as xr
from dask.base import tokenize

import zarr
from tests.samples import contents
from tests.suites.plain_stores import Awaited
from zarr._selection import composed
from zarr.errors import ArgumentError, ArrayIndexError, BoundsCheckError
from zarr.storage import LocalStore, MemoryStore, ZipStore
from zarr.views import AsyncView, Part, View

GRID = np.arange(60 * 40, dtype="i4").reshape(60, 40)
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (7, 9)},
    "v3": {"chunks": (7, 9)},
    "sharded": {"chunks": (4, 5), "shards": (16, 20)},
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


@pytest.fixture(params=["v2 in an archive", "v3 in a directory", "sharded, awaited"])
def array(request, tmp_path, engine):
    """An array of each layout, and in each kind of store."""
    layout, _, place = request.param.partition(" in ")
    store = {
        "a directory": lambda: LocalStore(tmp_path / "store"),
        "an archive": lambda: ZipStore(tmp_path / "store.zip", mode="a"),
        "": lambda: Awaited(MemoryStore()),
    }[place]()
    return zarr.create_array(store, name="a", data=GRID, **LAYOUTS[layout.split(",")[0]])


@pytest.fixture
def plain():
    """An array for what does not depend on any of that."""
    return zarr.create_array({}, name="a", data=GRID, chunks=(7, 9))


def traced(array):
    """The same array in a store that counts, and the store."""
    store = zarr.storage.TraceStore(array.store)
    counted = zarr.open_array(store, path=array.path, mode="r")
    store.reset()
    return counted, store


# -- selecting ----------------------------------------------------------------------------------------------------


class TestSelecting:
    def test_nothing_is_read_however_long_the_chain(self, array):
        counted, store = traced(array)
        view = counted.lazy
        for _ in range(50):
            view = view[1:-1:1, ::-1].T.T if view.shape[0] > 8 else view[...]
        view = view.oindex[[0, 2], :].vindex[[0, 1], [3, 3]][None][0, ::-1].transpose(0)
        repr(view), view.shape, view.size, list(view.parts()), view.to_json(), view.chunks, tokenize(view), len(view)
        assert store.total.requests == 0
        assert view.read().shape == (2,)
        assert store.total.requests > 0

    def test_a_long_chain_is_no_larger_than_a_short_one(self, array):
        view = array.lazy
        for _ in range(30):
            view = view[::-1][:, None][:, 0]
        assert view == array.lazy
        assert len(pickle.dumps(view)) < len(pickle.dumps(array.lazy)) + 10

    def test_a_chain_asks_for_what_one_selection_asks_for(self, array):
        counted, store = traced(array)
        for chain, one in [
            (lambda v: v[10:50][::3, 5:][5:, 2], lambda a: a[25:50:3, 7]),
            (lambda v: v.oindex[[3, 50, 7]].T[[4, 39]][:, 1:], lambda a: a.oindex[[50, 7], [4, 39]]),
            (lambda v: v[20:].vindex[[0, 5, 30], [1, 2, 39]][1:], lambda a: a.vindex[[25, 50], [2, 39]]),
            (lambda v: v[::-1, ::-1][-1, -1], lambda a: a[0, 0]),
            (lambda v: v[30:][5:5], lambda a: a[35:35]),
        ]:
            one(counted)
            expected = store.total.requests, store.total.bytes_read
            store.reset()
            chain(counted.lazy).read()
            assert (store.total.requests, store.total.bytes_read) == expected
            store.reset()

    def test_all_kinds_one_after_the_other(self, array):
        view = array.lazy[5:55:5, ::-2]
        expected = GRID[5:55:5, ::-2]
        assert (view.read() == expected).all()
        view, expected = view.oindex[[9, 0, 0, 4], 3:], expected[[9, 0, 0, 4], 3:]
        assert (view.read() == expected).all()
        view, expected = view.T[:, None, 1:], expected.T[:, None, 1:]
        assert (view.read() == expected).all()
        view, expected = view.vindex[[0, 16], [0, 0], [[1], [2]]], expected[[0, 16], [0, 0], [[1], [2]]]
        assert (view.read() == expected).all()
        assert view[1, 0].read() == expected[1, 0]

    def test_masks_of_the_view(self, array):
        view, expected = array.lazy[10:20, 3:30:2], GRID[10:20, 3:30:2]
        mask = expected % 3 == 0
        assert (view[mask].read() == expected[mask]).all()
        assert (view.vindex[mask].read() == expected[mask]).all()
        rows = expected[:, 0] > 500
        assert (view[rows].read() == expected[rows]).all()
        assert (view.oindex[rows, -1].read() == expected[rows, -1]).all()

    def test_lists_that_go_together_beside_others(self, array):
        view = array.lazy[:, :, None, None][[1, 5, 59], [2, 2, 3]].oindex[:, [0, 0], [0]]
        assert (view.read() == GRID[[1, 5, 59], [2, 2, 3]][:, None, None] + np.zeros((3, 2, 1), int)).all()
        view[...] = np.arange(6).reshape(3, 2, 1)
        assert array.vindex[[1, 5, 59], [2, 2, 3]].tolist() == [1, 3, 5]

    def test_two_pairs_of_lists_are_an_outer_product_of_points(self, engine):
        data = np.arange(3 * 4 * 5 * 6).reshape(3, 4, 5, 6)
        array = zarr.create_array({}, data=data, chunks=(2, 2, 2, 2))
        view = array.lazy[[0, 2, 2], [3, 0, 3]][:, [4, 1], [5, 0]]
        expected = data[[0, 2, 2], [3, 0, 3]][:, [4, 1], [5, 0]]
        assert (view.read() == expected).all()
        view = array.lazy[[0, 2], [3, 1]].oindex[:, [4, 0, 1], 2:]
        assert (view.T.read() == data[[0, 2], [3, 1]][:, [4, 0, 1], 2:].T).all()

    def test_too_many_points_are_refused_where_they_are_made(self, monkeypatch, engine):
        monkeypatch.setattr(composed, "MOST_POINTS", 100)
        array = zarr.create_array({}, data=np.arange(20**3).reshape(20, 20, 20), chunks=10)
        points = array.lazy[np.arange(20), np.arange(20)]
        assert points.oindex[:, [0, 1, 2, 3, 4]].shape == (20, 5)
        with pytest.raises(ArrayIndexError, match=r"would make 120 points .* Read one of the selections first"):
            points.oindex[:, [0, 1, 2, 3, 4, 5]]
        square = array.lazy.vindex[np.arange(20)[:, None], np.arange(20), 0]  # as many as were given are fine
        with pytest.raises(ArrayIndexError, match="would make 441 points"):
            square.oindex[[0] * 21, [0] * 21]
        assert array.lazy.oindex[np.arange(20), np.arange(20), np.arange(20)].read().shape == (20, 20, 20)

    def test_new_axes_that_are_multiplied(self, array):
        view = array.lazy[3, None, :4].oindex[[0, 0, 0]]
        assert (view.read() == np.repeat(GRID[3, None, :4], 3, axis=0)).all()
        assert view[0:0].read().shape == (0, 4)
        view[...] = [[1], [2], [3]]
        assert array[3, :4].tolist() == [3] * 4
        view[0:0] = 9
        assert array[3, :4].tolist() == [3] * 4

    def test_out_of_bounds_is_as_of_an_array(self, plain):
        view = plain.lazy[10:20, 5:]
        for wrong in [10, -11, (0, 35), ([0, 10],), ([0], [35])]:
            with pytest.raises(BoundsCheckError):
                view[wrong]
        with pytest.raises(BoundsCheckError, match="index 10 is out of bounds for axis 0 with length 10"):
            view.oindex[[10]]
        with pytest.raises(IndexError, match="too many indices"):
            view[0, 0, 0]
        assert view[-1, -1].read() == GRID[19, 39]

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ("x", "a view selects elements and not fields"),
            (("x", 1), "take the fields of what it reads"),
            (["x", "y"], "not fields"),
            (1.5, "unsupported selection item"),
            (True, "unsupported selection item"),
            ((..., ...), "single ellipsis"),
            (([0, 1], None), "None .* cannot be used beside arrays"),
            (np.zeros((3, 3), bool), "match"),
        ],
    )
    def test_what_is_no_selection_is_refused(self, plain, wrong, words):
        with pytest.raises(IndexError, match=words):
            plain.lazy[wrong]

    def test_more_axes_than_numpy_has(self, array):
        with pytest.raises(ArrayIndexError, match="at most 64 axes"):
            array.lazy[(None,) * 63]
        assert array.lazy[(None,) * 62].read().shape == (*(1,) * 62, 60, 40)

    @pytest.mark.parametrize("axes", [(0,), (0, 0), (0, 2), (0, 1, 2), ("a", "b"), (1.0, 0), 3])
    def test_a_transpose_takes_every_axis_once(self, plain, axes):
        for call in (lambda: plain.lazy.transpose(axes), lambda: plain.lazy.transpose(*np.atleast_1d(axes))):
            with pytest.raises(ArgumentError, match="every dimension of the view once"):
                call()

    def test_ways_to_transpose(self, array):
        view = array.lazy
        for each in (view.T, view.transpose(), view.transpose(None), view.transpose(1, 0), view.transpose((-1, 0))):
            assert (each.read() == GRID.T).all()
        assert view.transpose([0, 1]) == view
        assert zarr.ones(()).lazy.T.read() == 1
        with pytest.raises(ArgumentError, match="no dimensions"):
            zarr.ones(()).lazy.transpose(0)

    def test_steps_beyond_all_numbers(self, array):
        view = array.lazy[:: 2**70, :: -(2**80)]
        assert view.read().tolist() == [[39]]
        for _ in range(5):
            view = view[:: 2**62, :: -(2**62)]
        assert view.oindex[[0, 0], [-1]].read().tolist() == [[39], [39]]
        assert view[1:].read().shape == (0, 1)


class TestFacts:
    def test_of_a_view(self, plain):
        view = plain.lazy[::2, 3]
        assert (view.shape, view.ndim, view.size, view.nbytes, view.dtype) == ((30,), 1, 30, 120, np.dtype("i4"))
        assert view.array is plain
        assert len(view) == 30
        assert view

    def test_of_one_without_axes(self, plain):
        view = plain.lazy[1, 2]
        assert (view.shape, view.size, view.ndim) == ((), 1, 0)
        for call in (len, iter):
            with pytest.raises(TypeError, match="no dimensions"):
                call(view)

    def test_how_it_is_shown(self):
        store = zarr.storage.ManagedMemoryStore("shown")
        array = zarr.create_array(store, name="a", data=GRID, overwrite=True)
        for view, shown in [
            (array.lazy, "[:, :] shape=(60, 40) dtype=int32"),
            (array.lazy[5, ::-3], "[5, 39::-3] shape=(14,) dtype=int32"),
            (array.lazy[5:9, 1:30:2].T, "[5:9, 1:30:2] shape=(15, 4) dtype=int32 axes=(1, 0)"),
            (array.lazy.oindex[[1, 2], 3:4], "[[1, 2], 3:4] shape=(2, 1) dtype=int32"),
            (array.lazy.vindex[range(9), range(9)], "[<9 positions>, <9 positions>] shape=(9,) dtype=int32"),
            (array.lazy[3:3], "[0:0, :] shape=(0, 40) dtype=int32"),
        ]:
            assert repr(view) == f"<View memory://shown/a{shown}>"

    def test_views_are_equal_if_they_select_the_same_of_one_array(self, plain):
        assert plain.lazy[2:][3:] == plain.lazy[5:]
        assert plain.lazy[2:] != plain.lazy[3:]
        assert plain.lazy.oindex[[1, 2]] == plain.lazy.oindex[[0, 1, 2]][1:]
        assert plain.lazy != plain
        assert plain.lazy[2:] != zarr.create_array({}, data=GRID).lazy[2:]
        with pytest.raises(TypeError, match="unhashable"):
            hash(plain.lazy)

    def test_lengths_of_chunks(self, engine):
        array = zarr.create_array({}, shape=(100, 30), chunks=(5, 10), shards=(20, 30), dtype="i1")
        view = array.lazy[8:43, 5]
        assert view.read_chunk_sizes == view.chunks == ((2, 5, 5, 5, 5, 5, 5, 3),)
        assert view.write_chunk_sizes == ((12, 20, 3),)
        assert view[::-1].write_chunk_sizes == ((3, 20, 12),)
        assert array.lazy[:, None, ::7].T.write_chunk_sizes == ((5,), (1,), (20,) * 5)
        assert array.lazy.oindex[[1, 2, 30, 99]].write_chunk_sizes == ((2, 1, 1), (30,))
        assert array.lazy.oindex[[99, 1, 2]].write_chunk_sizes == ((1, 2), (30,))
        assert array.lazy.oindex[[1, 99, 2]].write_chunk_sizes == ((3,), (30,))
        assert array.lazy.vindex[[1, 99], [2, 3]].write_chunk_sizes == ((2,),)
        assert array.lazy[:0].write_chunk_sizes == ((0,), (30,))
        assert array.lazy[::50, 0].read_chunk_sizes == ((1, 1),)

    def test_iterating_gives_views(self, plain):
        rows = list(plain.lazy[3:6, :2])
        assert [type(row) for row in rows] == [View] * 3
        assert [row.read().tolist() for row in rows] == GRID[3:6, :2].tolist()

    def test_it_is_no_array_of_objects_to_numpy(self, plain):
        assert np.add(plain.lazy[0], 1).tolist() == (GRID[0] + 1).tolist()
        assert np.stack([plain.lazy[0], plain.lazy[1]]).shape == (2, 40)
        with pytest.raises(TypeError, match="unsupported operand"):
            plain.lazy + 1


class TestReading:
    def test_into_memory_of_the_caller(self, array):
        out = np.full((40, 60), -1, "i8")
        assert array.lazy.T.read(out) is out
        assert (out == GRID.T).all()
        with pytest.raises(ValueError, match=r"Expected \(40,\), got \(39,\)"):
            array.lazy[0].read(np.empty(39, "i4"))
        with pytest.raises(ValueError, match="read-only"):
            array.lazy[0].read(np.broadcast_to(np.int32(0), 40))
        with pytest.raises(ValueError, match="dtype of out argument doesn't match"):
            array.lazy[0].read(np.empty(40, "u2"))

    def test_a_scalar_where_there_is_no_axis(self, array):
        assert type(array.lazy[1, 2].read()) is type(array[1, 2]) is np.int32
        assert type(array.lazy.vindex[[1], [2]][0].read()) is np.int32
        assert isinstance(array.lazy[1, 2, None].read(), np.ndarray)

    def test_as_an_array_of_numpy(self, array):
        assert np.asarray(array.lazy[1, 2]).shape == ()
        assert np.asarray(array.lazy[:2], "f4").dtype == "f4"
        assert np.array(array.lazy[:2], copy=True).tolist() == GRID[:2].tolist()
        assert array.lazy[:2].astype("f4", order="F").flags.f_contiguous
        with pytest.raises(ValueError, match="always creates a copy"):
            np.asarray(array.lazy, copy=False)

    def test_order_of_what_is_read(self, engine):
        array = zarr.create_array({}, data=GRID, config={"order": "F"})
        assert array.lazy[1:].read().flags.f_contiguous
        assert array.lazy.T.read().flags.f_contiguous

    @pytest.mark.parametrize("dtype", ["S3", "U4", "M8[ns]", "c16", "V5", np.dtypes.StringDType(), bool])
    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
    def test_other_types(self, engine, dtype, zarr_format):
        data = np.arange(24).astype("S" if np.dtype(dtype).kind == "V" else "i8").reshape(4, 6).astype(dtype)
        array = zarr.create_array({}, data=data, chunks=(3, 2), zarr_format=zarr_format)
        for view, expected in [
            (array.lazy[1:, ::-2].T, data[1:, ::-2].T),
            (array.lazy.oindex[[0, 3], 1:].T, data[[0, 3], 1:].T),
            (array.lazy.vindex[[[0, 3]], [[1, 2]]], data[[[0, 3]], [[1, 2]]]),
        ]:
            assert view.read().dtype == array.dtype
            assert view.read().tolist() == expected.tolist()
        array.lazy[1:].T[2] = data[0, 0]
        data[1:].T[2] = data[0, 0]
        assert array[...].tolist() == data.tolist()

    def test_structs(self, engine):
        data = np.array([[(1, 2.0), (3, 4.0)], [(5, 6.0), (7, 8.0)]], [("x", "i4"), ("y", "f8")])
        array = zarr.create_array({}, data=data, chunks=1)
        assert (array.lazy.T[1].read()["x"] == [3, 7]).all()
        array.lazy.T[1] = data[0, 0]
        assert array["x"].tolist() == [[1, 1], [5, 1]]

    def test_objects_that_are_arrays(self, engine):
        import numcodecs

        array = zarr.create_array(
            {}, shape=4, dtype=object, chunks=2, zarr_format=2, filters=[numcodecs.VLenArray("i4")], fill_value=None,
            compressors=None,
        )  # fmt: skip
        values = np.empty(4, object)
        values[:] = [np.arange(n, dtype="i4") for n in range(1, 5)]
        array[:] = values
        view = array.lazy[::-1].oindex[[1, 3]]
        assert [each.tolist() for each in view.read()] == [[0, 1, 2], [0]]
        assert np.asarray(array.lazy[2]).shape == ()

    def test_by_a_pipeline_of_somebody_elses(self):
        data = np.arange(120).reshape(4, 5, 6)
        with zarr.config.set({"codec_pipeline.path": "tests.suites.pipelines.Recording"}):
            array = zarr.create_array({}, data=data, chunks=(2, 2, 3))
        for view, expected in [
            (array.lazy[:, 3].vindex[[0, 3, 1], [5, 2, 2]], data[:, 3][[0, 3, 1], [5, 2, 2]]),
            (array.lazy[[0, 1], [1, 2], ::-2].T, data[[0, 1], [1, 2], ::-2].T),
            (array.lazy[::-1, ::-2].oindex[[1, 3], 0].T, data[::-1, ::-2][[1, 3], 0].T),
        ]:
            assert (view.read() == expected).all()
            view[...] = -expected
            assert (view.read() == -expected).all()
            view[...] = expected
            assert (array[...] == data).all()

    @pytest.mark.parametrize("shape", [(0,), (3, 0), (), (1,)])
    def test_hardly_any_elements(self, engine, shape):
        array = zarr.create_array({}, shape=shape, chunks=(2,) * len(shape), dtype="i2")
        view = array.lazy[..., None].T
        assert view.read().shape == (1, *shape[::-1])
        view[...] = 5
        assert (array[...] == np.full(shape, 5)).all()
        assert [part.whole for part in view.parts()] == ([] if 0 in shape else [True])

    def test_the_array_may_grow_and_not_shrink(self, array):
        view, row, points = array.lazy[50:], array.lazy[59, :2], array.lazy.vindex[[59], [0]]
        array.resize((70, 40))
        assert (view.read() == GRID[50:]).all()
        array.resize((55, 40))
        for call in (
            lambda: view.read(),
            lambda: list(view.parts()),
            lambda: view.explain(),
            lambda: view.chunks,
            lambda: view.write(0),
            lambda: row.read(),
            lambda: points.read(),
        ):
            with pytest.raises(
                BoundsCheckError, match="59 of axis 0, and that has length 55 now: the array was resized"
            ):
                call()
        assert view[3:3].read().shape == (0, 40)
        assert (array.lazy[50:].read() == GRID[50:55]).all()
        assert (view[:5].read() == GRID[50:55]).all()


class TestWriting:
    def test_through_square_brackets_of_every_kind(self, array):
        expected = GRID.copy()
        view, model = array.lazy[10:, ::-1].T, expected[10:, ::-1].T
        view[3] = 1
        model[3] = 1
        view[5:20:4, ::7] = np.arange(32).reshape(4, 8)
        model[5:20:4, ::7] = np.arange(32).reshape(4, 8)
        view.oindex[[0, 39], [1, 3]] = [[5], [6]]
        model[np.ix_([0, 39], [1, 3])] = [[5], [6]]
        view.vindex[[7, 8], [0, 49]] = [70, 80]
        model[[7, 8], [0, 49]] = [70, 80]
        assert (array[...] == expected).all()
        mask = expected > 2000
        array.lazy[mask] = -1
        expected[mask] = -1
        assert (array[...] == expected).all()

    def test_values_are_converted_and_checked_as_by_the_array(self, array):
        for value in ["x", 2**40, [[1, 2]], np.zeros(39)]:
            with pytest.raises((ValueError, TypeError, OverflowError)) as by_array:
                array[0] = value
            with pytest.raises(type(by_array.value)) as by_view:
                array.lazy[0] = value
            assert str(by_view.value) == str(by_array.value)
        assert (array[...] == GRID).all()

    def test_of_equal_elements_the_last_stays(self, array):
        array.lazy.oindex[[3, 3], [1, 1]][...] = [[1, 2], [3, 4]]
        assert array[3, 1] == 4
        array.lazy.oindex[[3, 3], [1, 1]].T[...] = [[1, 2], [3, 4]]
        assert array[3, 1] == 4
        array.lazy.vindex[[3, 3], [1, 1]][::-1] = [8, 9]
        assert array[3, 1] == 9

    def test_of_a_view_on_itself(self, array):
        array.lazy[...] = array.lazy[::-1]
        assert (array[...] == GRID[::-1]).all()

    def test_what_cannot_be_written_to(self, array):
        view = zarr.open_array(array.store.with_read_only(True), path="a", mode="r").lazy[0]
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 1

    def test_whole_objects_are_replaced_without_reading(self, engine):
        counted = zarr.storage.TraceStore(MemoryStore())
        array = zarr.create_array(counted, data=GRID, chunks=(20, 20))
        counted.reset()
        array.lazy[20:40].T[::-1].write(GRID[:20].T)
        assert {kind: row.requests for kind, row in counted.kinds.items()} == {"set": 2}
        assert (array[20:40] == GRID[:20, ::-1]).all()


class TestParts:
    def test_what_each_object_holds(self, array):
        view = array.lazy[5:50:3, ::-1].T
        found = np.full(view.shape, -1)
        for part in view.parts():
            found[part.region] = view[part.region].read()
        assert (found == view.read()).all()

    def test_of_a_sharded_array(self, engine):
        array = zarr.create_array({}, shape=(100, 30), chunks=(5, 10), shards=(20, 30), dtype="i1", name="x/y")
        parts = list(array.lazy[:25, 3].parts())
        assert parts == [
            Part("x/y/c/0/0", (0, 0), (slice(0, 20, 1),), False, 4),
            Part("x/y/c/1/0", (1, 0), (slice(20, 25, 1),), False, 1),
        ]
        assert [part.whole for part in array.lazy[20:50].parts()] == [True, False]
        assert [part.n_chunks for part in array.lazy[20:50].parts()] == [12, 6]
        with pytest.raises(FrozenInstanceError):
            parts[0].key = ""

    def test_keys_are_those_of_the_store(self, array):
        keys = {part.key for part in array.lazy.parts()}
        stored = {key for key in contents(array.store, "a/") if not key.endswith((".zarray", ".zattrs", "zarr.json"))}
        assert keys == stored

    def test_lists_of_several_axes(self, array):
        view = array.lazy.oindex[[1, 50, 2], [39, 0, 20, 1]]
        for part in view.parts():
            assert (view[part.region].read() == view.read()[part.region]).all()
        assert sum(view.read()[part.region].size for part in view.parts()) == view.size


# -- other forms --------------------------------------------------------------------------------------------------


class TestJson:
    def test_there_and_back_by_a_url(self, tmp_path, layout, engine):
        array = zarr.create_array(tmp_path / "grid.zarr", name="g/a", data=GRID, **layout)
        for view in (array.lazy, array.lazy[3, ::-2], array.lazy.vindex[[1, 2], [3, 4]].T, array.lazy.oindex[[5, 1]]):
            text = json.dumps(view.to_json())
            again = zarr.views.from_json(json.loads(text))
            assert (again.read() == view.read()).all()
            assert again.array.read_only
            assert again.to_json() == view.to_json()

    def test_to_write_to(self, tmp_path, engine):
        array = zarr.create_array(tmp_path / "grid.zarr", data=GRID, chunks=10)
        zarr.views.from_json(array.lazy[0].to_json(), mode="r+")[...] = 7
        assert (array[0] == 7).all()

    def test_in_another_store(self, array):
        document = array.lazy[3:6].T.to_json()
        other = zarr.create_array(MemoryStore(), name="a", data=-GRID)
        assert (zarr.views.from_json(document, other.store).read() == -GRID[3:6].T).all()
        assert (zarr.views.from_json(document, array.store).read() == GRID[3:6].T).all()

    def test_what_it_looks_like(self):
        array = zarr.create_array(zarr.storage.ManagedMemoryStore("looks"), name="a", data=GRID, overwrite=True)
        assert array.lazy[5, 2:8:3].oindex[[1, 0]].to_json() == {
            "zarr_view": 1,
            "store": "memory://looks",
            "path": "a",
            "selection": {"of": [60, 40], "shape": [2], "axes": [{"at": 5}, {"positions": [5, 2], "shape": [2]}]},
        }
        assert (zarr.views.from_json(array.lazy[5].to_json()).read() == GRID[5]).all()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"zarr_view": 2}, "no document of a view"),
            ({"path": 3}, "are texts"),
            ({"store": None}, "are texts"),
            ({"selection": None}, "'of', 'shape' and 'axes'"),
            ({"selection": {"of": [60, 40], "shape": [2]}}, "'of', 'shape' and 'axes'"),
            ({"selection": {"of": [60, 40], "shape": [2], "axes": [{"at": 5}]}}, "each of the 2 axes"),
            ({"selection": {"of": [60], "shape": [], "axes": [{"at": 60}]}}, "outside of it, which has length 60"),
            ({"selection": {"of": [60], "shape": [], "axes": [{"at": -1}]}}, "outside"),
            ({"selection": {"of": [60], "shape": [], "axes": [{"at": True}]}}, "has to be an integer, got bool"),
            ({"selection": {"of": [60], "shape": [], "axes": [{"at": 2**64}]}}, "has to be an integer"),
            ({"selection": {"of": [9], "shape": [3], "axes": [{"axis": 0, "start": 0, "step": 5}]}}, "outside"),
            ({"selection": {"of": [9], "shape": [3], "axes": [{"axis": 0, "start": 0, "step": 0}]}}, "not 0"),
            (
                {"selection": {"of": [9], "shape": [3], "axes": [{"axis": 1, "start": 0, "step": 1}]}},
                "axis of the view",
            ),
            ({"selection": {"of": [9], "shape": [3], "axes": [{"positions": [1, 2], "shape": [2]}]}}, "do not fit"),
            ({"selection": {"of": [9], "shape": [2], "axes": [{"positions": [1, 9], "shape": [2]}]}}, "outside"),
            ({"selection": {"of": [9], "shape": [2], "axes": [{"positions": [1, "2"], "shape": [2]}]}}, "integers"),
            ({"selection": {"of": [9], "shape": [-2], "axes": [{"at": 0}]}}, "negative"),
            ({"selection": {"of": [9], "shape": [1] * 65, "axes": [{"at": 0}]}}, "at most 64"),
            ({"selection": {"of": [9], "shape": [2], "axes": ["x"]}}, "has 'at', or"),
            (
                {"selection": {"of": [9, 9], "shape": [2], "axes": [{"axis": 0, "start": 0, "step": 1}] * 2}},
                "depend on one axis",
            ),
        ],
    )
    def test_what_is_none_is_refused(self, plain, change, words):
        with pytest.raises(ArgumentError, match=words):
            zarr.views.from_json(plain.lazy.to_json() | change, plain.store)

    def test_other_wrong_calls(self, plain):
        for document in (None, [], "{}", {}):
            with pytest.raises(ArgumentError, match="no document of a view"):
                zarr.views.from_json(document)
        with pytest.raises(ArgumentError, match="'r' or 'r\\+', got 'w'"):
            zarr.views.from_json(plain.lazy.to_json(), plain.store, mode="w")
        with pytest.raises(zarr.errors.ArrayNotFoundError):
            zarr.views.from_json(plain.lazy.to_json() | {"path": "other"}, plain.store)
        plain.resize((50, 40))
        with pytest.raises(BoundsCheckError, match="resized"):
            zarr.views.from_json(plain.lazy.to_json() | {"selection": big()}, plain.store)


def big():
    return {"of": [60, 40], "shape": [], "axes": [{"at": 59}, {"at": 0}]}


class TestPickles:
    def test_in_a_few_hundred_bytes(self, tmp_path, layout, engine):
        array = zarr.create_array(tmp_path / "grid.zarr", name="a", data=GRID, **layout)
        view = array.lazy[5:, ::-2].T[3]
        alone = len(pickle.dumps(array))
        for dumps in (pickle.dumps, cloudpickle.dumps):
            sent = dumps(view)
            assert len(sent) < alone + 250
            again = pickle.loads(sent)
            assert again == view
            assert (again.read() == view.read()).all()

    def test_into_another_process(self, tmp_path):
        array = zarr.create_array(tmp_path / "grid.zarr", data=GRID, chunks=10)
        sent = pickle.dumps(array.lazy.oindex[[3, 1], ::9])
        program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).read().tolist())"
        done = subprocess.run([sys.executable, "-c", program], input=sent, capture_output=True, check=True, timeout=60)
        assert json.loads(done.stdout) == GRID[[3, 1], ::9].tolist()


class TestDask:
    def test_tokens(self, tmp_path, engine):
        array = zarr.create_array(tmp_path / "grid.zarr", data=GRID, chunks=10)
        again = zarr.open_array(tmp_path / "grid.zarr")
        assert tokenize(array.lazy[2:][3:]) == tokenize(again.lazy[5:])
        assert tokenize(array.lazy.oindex[[3, 2]]) == tokenize(again.lazy.oindex[[3, 2]])
        views = [array.lazy, array.lazy[1:], array.lazy.T, array.lazy.oindex[[3, 2]], array.lazy.oindex[[3, 1]]]
        assert len({tokenize(view) for view in views}) == len(views)
        program = (
            "import sys, zarr, dask.base; print(dask.base.tokenize(zarr.open_array(sys.argv[1]).lazy.oindex[[3, 2]]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "grid.zarr")], capture_output=True, check=True, timeout=60
        )
        assert done.stdout.decode().strip() == tokenize(array.lazy.oindex[[3, 2]])

    def test_blocks_of_a_view(self, array):
        view, expected = array.lazy[5:55, ::-1].T, GRID[5:55, ::-1].T
        for chunks in ("auto", view.write_chunk_sizes, (11, 13), -1):
            with dask.config.set(scheduler="sync"):
                lazy = dask.array.from_array(view, chunks=chunks)
                assert (lazy.compute() == expected).all()
                assert (lazy[3:, [1, 5, 2]].compute() == expected[3:, [1, 5, 2]]).all()
                assert lazy.mean().compute() == expected.mean()
                assert ((lazy + 1).T.astype("f4").sum(axis=0).compute() == (expected + 1).T.sum(axis=0)).all()
                together = dask.array.concatenate([lazy, lazy.rechunk((20, 20))])
                assert (together.compute() == np.concatenate([expected, expected])).all()

    def test_blocks_of_whole_objects_read_none_twice(self, array):
        counted, store = traced(array)
        view = counted.lazy[3:, 5:]
        view.read()
        once = store.total.requests
        store.reset()
        with dask.config.set(scheduler="sync"):
            dask.array.from_array(view, chunks=view.write_chunk_sizes).compute()
        assert store.total.requests == once

    def test_storing_into_a_view(self, array):
        values = dask.array.from_array(-GRID[10:50].T, chunks=(7, 11))
        with dask.config.set(scheduler="threads"):
            dask.array.store(values, array.lazy[10:50].T, lock=False)
        assert (array[10:50] == -GRID[10:50]).all()
        assert (array[:10] == GRID[:10]).all()

    def test_in_xarray(self, array):
        view, expected = array.lazy[5:9].T, GRID[5:9].T
        made = xr.DataArray(view, dims=("x", "t"), coords={"t": [5, 6, 7, 8]})
        assert (made.sel(t=7).values == expected[:, 2]).all()
        lazy = xr.DataArray(dask.array.from_array(view), dims=("x", "t"))
        assert lazy.chunks is not None
        assert (lazy.isel(x=slice(3, 5)).mean("t").compute().values == expected[3:5].mean(1)).all()
        assert (lazy.to_dataset(name="v").v.transpose("t", "x").values == expected.T).all()


class TestAwaited:
    @pytest.fixture
    def awaited(self, engine, layout):
        return zarr.create_array(Awaited(MemoryStore()), name="a", data=GRID, **layout).async_array

    def test_reads_and_writes(self, awaited):
        async def work():
            view = awaited.lazy[5:, ::-1].T[3:].oindex[[0, 4], 2:]
            assert isinstance(view, AsyncView)
            assert (await view.read() == GRID[5:, ::-1].T[3:][[0, 4], 2:]).all()
            out = np.empty(view.shape, "i8")
            assert await view.read(out) is out
            await view[0].write(-1)
            await view.vindex[[1, 1], [0, 1]].write([-2, -3])
            found = await awaited.lazy[5:, ::-1].T[3:].oindex[[0, 4], 2:].read()
            assert (found[0] == -1).all()
            assert found[1, :2].tolist() == [-2, -3]
            assert await awaited.lazy[1, 2].read() == GRID[1, 2]
            return view

        view = asyncio.run(work())
        assert [part.key for part in view.parts()]
        assert repr(view).startswith("<AsyncView ")

    def test_it_has_what_the_other_has(self):
        of_python = {"__setitem__", "__array__", "astype"}
        names = {name for name in dir(View) if not name.startswith("_") or name in of_python}
        assert names - set(dir(AsyncView)) == of_python

    def test_both_faces_agree(self, awaited):
        array = zarr.Array(awaited)
        assert array.lazy[3:].to_json() == awaited.lazy[3:].to_json()
        assert array.lazy != awaited.lazy
        assert list(array.lazy[3:9].parts()) == list(awaited.lazy[3:9].parts())
        assert asyncio.run(awaited.explain((slice(3), 1))) == array.explain((slice(3), 1))
        assert asyncio.run(awaited.explain((slice(3), 1), ask=True)) == array.explain((slice(3), 1), ask=True)
