"""Opening arrays in each mode; the functions that make, save and load one in a call."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.samples import contents, filled
from tests.suites.calls import shown
from zarr.api import asynchronous
from zarr.errors import (
    ArrayNotFoundError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    NodeNotFoundError,
    NodeTypeValidationError,
    ZarrRuntimeWarning,
    ZarrUserWarning,
)
from zarr.storage import LocalStore, MemoryStore, StorePath


class TestOpenModes:
    """Each mode on an array, a group and nothing."""

    @pytest.fixture
    def place(self, store, zarr_format):
        filled(store, zarr_format, name="a")
        zarr.create_group(store, path="g", zarr_format=zarr_format, attributes={"kept": 1})
        return store

    @pytest.mark.parametrize("mode", ["r", "r+", "a", None])
    def test_an_array_is_opened(self, place, mode):
        for array in (zarr.open_array(place, path="a", mode=mode), zarr.open(place, path="a", mode=mode)):
            assert isinstance(array, zarr.Array)
            assert array.read_only is (mode == "r")
            assert array[4, 3] == 19

    @pytest.mark.parametrize("mode", ["r", "r+", "a"])
    def test_keywords_for_creating_do_not_change_an_array_that_is_there(self, place, mode):
        with pytest.warns(ZarrUserWarning, match="shape, dtype had no effect"):
            array = zarr.open_array(place, path="a", mode=mode, shape=99, dtype="f8", fill_value=1)
        assert array.shape == (5, 4)
        assert array.dtype == np.dtype("i4")

    def test_mode_r_refuses_to_write(self, place):
        before = contents(place)
        array = zarr.open_array(place, path="a", mode="r")
        for change in (
            lambda: array.__setitem__(..., 1),
            lambda: array.resize((9, 9)),
            lambda: array.append(np.ones((1, 4), "i4")),
            lambda: array.attrs.put({"a": 1}),
            lambda: array.update_attributes({"a": 1}),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()
        assert contents(place) == before

    @pytest.mark.parametrize("mode", ["r", "r+", "a"])
    def test_a_group_is_no_array(self, place, mode, zarr_format):
        error = ArrayNotFoundError if zarr_format == 2 else NodeTypeValidationError
        with pytest.raises(error, match=r"No array found in store .* at path 'g': there is a group"):
            zarr.open_array(place, path="g", mode=mode)

    @pytest.mark.parametrize("mode", ["r", "r+"])
    def test_an_array_is_no_group(self, place, mode, zarr_format):
        error = GroupNotFoundError if zarr_format == 2 else ContainsArrayError
        with pytest.raises(error, match=r"An array exists in store .* at path 'a'"):
            zarr.open_group(place, path="a", mode=mode)

    def test_mode_a_does_not_make_a_node_over_one_of_the_other_kind(self, place, zarr_format):
        before = contents(place)
        with pytest.raises(ContainsArrayError, match="at path 'a'"):
            zarr.open_group(place, path="a", mode="a")
        error = ContainsGroupError if zarr_format == 2 else NodeTypeValidationError
        with pytest.raises(error, match="at path 'g'"):
            zarr.open_array(place, path="g", mode="a", shape=1, dtype="i1")
        assert contents(place) == before

    @pytest.mark.parametrize("mode", ["r", "r+"])
    def test_nothing_is_an_error_where_nothing_may_be_made(self, place, mode):
        before = contents(place)
        with pytest.raises(ArrayNotFoundError) as caught:
            zarr.open_array(place, path="x/y", mode=mode, shape=1, dtype="i1")
        shown = place.with_read_only(True) if mode == "r" else place
        assert str(caught.value).startswith(f"No array found in store {shown!r} at path 'x/y'. Check both")
        with pytest.raises(GroupNotFoundError) as caught:
            zarr.open_group(place, path="x/y", mode=mode)
        assert str(caught.value).startswith(f"No group found in store {shown!r} at path 'x/y'. Check both")
        with pytest.raises(NodeNotFoundError, match="No array or group found in store"):
            zarr.open(place, path="x/y", mode=mode, shape=1, dtype="i1")
        with pytest.raises(FileNotFoundError):
            zarr.load(place, path="x/y")
        assert contents(place) == before

    def test_mode_a_creates(self, place, zarr_format):
        array = zarr.open_array(place, path="x/y", mode="a", shape=3, dtype="i1", zarr_format=zarr_format)
        assert array.shape == (3,)
        assert array.metadata.zarr_format == zarr_format
        assert isinstance(zarr.open(place, path="x/z", mode="a", shape=3, dtype="i1"), zarr.Array)
        assert isinstance(zarr.open(place, path="x/h", mode="a"), zarr.Group)
        assert isinstance(zarr.open_group(place, path="x/i", mode="a"), zarr.Group)

    def test_mode_a_without_a_shape_cannot_make_an_array(self, place):
        before = contents(place)
        with pytest.raises(ArrayNotFoundError, match="at path 'x'"):
            zarr.open_array(place, path="x", mode="a")
        assert contents(place) == before

    @pytest.mark.parametrize("path", ["a", "g", "x"])
    def test_mode_w_replaces(self, place, path):
        array = zarr.open_array(place, path=path, mode="w", shape=2, dtype="i1")
        assert array[:].tolist() == [0, 0]
        assert zarr.open(place, path=path, mode="r") == zarr.open_array(place, path=path, mode="r")
        group = zarr.open_group(place, path=path, mode="w", attributes={"new": 1})
        assert dict(group.attrs) == {"new": 1}
        assert isinstance(zarr.open(place, path=path, mode="w", shape=2, dtype="i1"), zarr.Array)
        assert isinstance(zarr.open(place, path=path, mode="w"), zarr.Group)

    @pytest.mark.parametrize(("path", "error"), [("a", ContainsArrayError), ("g", ContainsGroupError)])
    def test_mode_w_minus_refuses_what_is_there(self, place, path, error):
        before = contents(place)
        for call in (
            lambda: zarr.open_array(place, path=path, mode="w-", shape=2, dtype="i1"),
            lambda: zarr.open_group(place, path=path, mode="w-"),
            lambda: zarr.open(place, path=path, mode="w-"),
            lambda: zarr.open(place, path=path, mode="w-", shape=2, dtype="i1"),
        ):
            with pytest.raises(error, match=f"exists in store .* at path '{path}'"):
                call()
        assert contents(place) == before

    def test_mode_w_minus_creates(self, place):
        assert zarr.open_array(place, path="x", mode="w-", shape=2, dtype="i1").shape == (2,)
        assert isinstance(zarr.open_group(place, path="y", mode="w-"), zarr.Group)

    @pytest.mark.parametrize("mode", ["x", "rw", "", "R", "w+", 1], ids=shown)
    def test_other_modes_are_refused(self, place, mode):
        for call in (zarr.open, zarr.open_array, zarr.open_group):
            with pytest.raises(ValueError, match="Invalid mode"):
                call(place, path="a", mode=mode)

    def test_a_format_that_is_not_there_is_not_found(self, place, zarr_format):
        other = 5 - zarr_format
        for call in (zarr.open_array, zarr.open):
            with pytest.raises(NodeNotFoundError):
                call(place, path="a", mode="r", zarr_format=other)
        with pytest.raises(GroupNotFoundError):
            zarr.open_group(place, path="g", mode="r", zarr_format=other)
        assert zarr.open_array(place, path="a", mode="r", zarr_format=zarr_format).shape == (5, 4)
        with pytest.raises(ContainsGroupError):
            zarr.open_group(place, path="g", mode="a", zarr_format=other)

    def test_a_read_only_store_is_opened_to_read_without_a_mode(self, place):
        frozen = place.with_read_only(True)
        for where in (frozen, StorePath(frozen, "")):
            assert zarr.open(where, path="a").read_only
            assert zarr.open_array(where, path="a").read_only
        for mode in ("r+", "a", "w", "w-"):
            with pytest.raises(ValueError, match="read-only"):
                zarr.open(frozen, path="a", mode=mode)

    def test_not_found_is_caught_as_what_others_catch(self):
        for error in (ArrayNotFoundError, GroupNotFoundError):
            assert issubclass(error, FileNotFoundError)
            assert issubclass(error, ValueError)
            store = MemoryStore()
            assert repr(store) in str(error(store, "a/b"))
        assert "'a'" in str(ContainsArrayError("store", "a"))
        assert "'a'" in str(ContainsGroupError("store", "a"))


def test_a_write_to_a_read_only_store_says_which_and_what_to_do(store):
    zarr.create_array(store, shape=3, dtype="i4")
    array = zarr.open_array(store, mode="r")
    with pytest.raises(ValueError, match=r"read-only mode .*Store\(.*mode='r\+'"):
        array[0] = 1


class TestSimpleFunctions:
    def test_zeros_ones_full_empty_array(self, store, engine, zarr_format):
        assert zarr.zeros((2, 3))[...].tolist() == [[0.0] * 3] * 2
        assert zarr.ones(2, dtype="i4")[:].tolist() == [1, 1]
        assert zarr.ones(2, dtype=bool)[:].tolist() == [True, True]
        assert zarr.full(2, 7, dtype="u1")[:].tolist() == [7, 7]
        assert zarr.full(2, 1.5)[:].tolist() == [1.5, 1.5]
        assert zarr.empty((2, 2), dtype="i4").shape == (2, 2)
        assert zarr.array([1, 2, 3])[:].tolist() == [1, 2, 3]
        for make in (zarr.zeros, zarr.ones, zarr.empty):
            assert make(3).dtype == np.dtype("f8")
        made = zarr.zeros(
            3, store=store, path="a/b", dtype="i2", chunks=2, zarr_format=zarr_format, attributes={"x": 1}
        )
        assert made.store is store
        assert made.path == "a/b"
        again = zarr.open_array(store, path="a/b")
        assert again == made
        assert again.metadata.zarr_format == zarr_format
        assert again.chunks == (2,)
        zarr.array([5], store=store, path="c")
        assert zarr.load(store, "c").tolist() == [5]

    def test_save_and_load_one_array(self, store, engine, zarr_format):
        data = np.arange(6).reshape(2, 3)
        zarr.save(store, data, zarr_format=zarr_format)
        np.testing.assert_array_equal(zarr.load(store), data)
        zarr.save_array(store, data * 3, zarr_format=zarr_format, chunks=1)
        np.testing.assert_array_equal(zarr.load(store), data * 3)
        assert zarr.open(store).chunks == (1, 1)

    def test_save_and_load_at_a_path(self, store, engine, zarr_format):
        zarr.save(store, np.arange(3), path="a/b", zarr_format=zarr_format)
        zarr.save_array(store, np.array([[1]]), path="a/c", zarr_format=zarr_format)
        assert zarr.load(store, "a/b").tolist() == [0, 1, 2]
        assert {name: value.tolist() for name, value in zarr.load(store, path="a").items()} == {
            "b": [0, 1, 2],
            "c": [[1]],
        }

    def test_save_and_load_several_arrays(self, store, engine):
        zarr.save(store, np.arange(2), np.arange(3), x=np.array([1.5]), y=np.array(2.0))
        loaded = zarr.load(store)
        assert {name: np.asarray(value).tolist() for name, value in loaded.items()} == {
            "arr_0": [0, 1],
            "arr_1": [0, 1, 2],
            "x": [1.5],
            "y": 2.0,
        }
        zarr.save_group(store, x=np.array([2.5]))
        assert zarr.load(store)["x"].tolist() == [2.5]
        assert set(zarr.load(store)) == {"arr_0", "arr_1", "x", "y"}
        zarr.save(store, only=np.array([1]), path="sub")
        assert zarr.load(store, "sub")["only"].tolist() == [1]

    def test_saving_nothing_is_an_error(self, store):
        for save in (zarr.save, zarr.save_group):
            with pytest.raises(ValueError, match="at least one array"):
                save(store)
        assert contents(store) == {}

    def test_only_arrays_are_saved(self, store):
        for save in (zarr.save, zarr.save_array, zarr.save_group):
            with pytest.raises(TypeError, match="got list"):
                save(store, [1, 2])
        assert contents(store) == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros(2, [("x", "O")]),
            np.array([object()]),
            np.array(["a", 1], object),
            np.zeros(2, np.longdouble),
        ],
        ids=["structured", "objects", "mixed", "longdouble"],
    )
    def test_all_are_checked_before_one_is_saved(self, store, zarr_format, wrong):
        with pytest.raises((ValueError, TypeError)):
            zarr.save_group(store, np.arange(3), wrong, last=np.arange(2), zarr_format=zarr_format)
        assert contents(store) == {}
        zarr.save_group(store, x=np.arange(3), zarr_format=zarr_format)
        before = contents(store)
        with pytest.raises((ValueError, TypeError)):
            zarr.save(store, x=np.arange(4), y=wrong)
        assert contents(store) == before

    @pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a", "/a"), ("a", "b/zarr.json")])
    def test_their_names_are_checked_too(self, store, names):
        with pytest.raises(ValueError):
            zarr.save_group(store, **dict.fromkeys(names, np.arange(3)))
        assert contents(store) == {}

    def test_a_group_keeps_its_format(self, store, zarr_format):
        zarr.create_group(store, path="g", zarr_format=zarr_format)
        zarr.save_group(store, x=np.arange(3), path="g")
        zarr.save_group(store, x=np.arange(4), path="g/new")
        for path, length in (("g/x", 3), ("g/new/x", 4)):
            array = zarr.open_array(store, path=path, mode="r")
            assert (array.metadata.zarr_format, array.shape) == (zarr_format, (length,))

    def test_loading_a_scalar(self, store, engine):
        zarr.save(store, np.float64(1.5))
        assert zarr.load(store) == 1.5

    def test_paths_of_directories(self, tmp_path, engine):
        zarr.save(tmp_path / "x", np.array([1, 2]))
        assert zarr.load(str(tmp_path / "x")).tolist() == [1, 2]
        assert isinstance(zarr.open(tmp_path / "x", mode="r").store, LocalStore)


@pytest.mark.parametrize("mode", ["a", "w", "w-"])
def test_keywords_of_arrays_make_no_group(store, mode):
    for keywords in ({"dtype": "i4"}, {"chunks": 3, "shape": None}, {"fill_value": 0, "attributes": {"a": 1}}):
        with pytest.raises(TypeError, match=f"'{min(keywords.keys() - {'attributes', 'shape'})}'.* for an array"):
            zarr.open(store, mode=mode, **keywords)
    assert list(store.list_keys("")) == []
    group = zarr.open(store, mode=mode, shape=None, dtype=None, attributes={"a": 1})
    assert (type(group), dict(group.attrs)) == (zarr.Group, {"a": 1})


class TestWhatIsGivenForANewNode:
    """It has no effect on one that is there: a warning says so, unless the node agrees."""

    @pytest.fixture
    def root(self, store, zarr_format):
        root = zarr.create_group(store, zarr_format=zarr_format, attributes={"title": "old", "n": [1]})
        root.create_array("a", data=np.arange(6, dtype="i4").reshape(2, 3), chunks=(1, 3), attributes={"units": "m"})
        return root

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"data": np.ones((9, 9))}, "data"),
            ({"shape": (9, 9), "dtype": "f8"}, "shape, dtype"),
            ({"shape": (2, 3), "dtype": "i4", "chunks": 2}, "chunks"),
            ({"attributes": {"units": "K"}}, "attributes"),
            ({"dtype": "nonsense"}, "dtype"),
        ],
    )
    @pytest.mark.parametrize("mode", ["a", "r+"])
    def test_it_is_named(self, root, given, named, mode):
        for call in (zarr.open_array, zarr.open):
            with pytest.warns(ZarrUserWarning, match=f"array .*/?a is there already .*: {named} had no effect"):
                found = call(root.store, path="a", mode=mode, **given)
            assert found == root["a"]
        for call in (asynchronous.open_array, asynchronous.open):
            with pytest.warns(ZarrUserWarning, match=f"{named} had no effect"):
                asyncio.run(call(store=root.store, path="a", mode=mode, **given))

    def test_what_agrees_is_not(self, root):
        for given in (
            {"shape": (2, 3), "dtype": "int32", "chunks": (1, 3)},
            {"shape": [2, 3], "dtype": np.int32, "chunks": (1, -1), "fill_value": 0},
            {"attributes": {"units": "m"}},
            {"chunks": "auto", "attributes": None},
        ):
            assert zarr.open_array(root.store, path="a", mode="a", **given).shape == (2, 3)
            assert zarr.open(root.store, path="a", mode="a", **given).shape == (2, 3)
        assert zarr.open_group(root.store, attributes={"n": (1,)}) == root

    def test_attributes_of_a_group(self, root):
        for call in (zarr.open_group, zarr.open):
            with pytest.warns(ZarrUserWarning, match="group .* attributes had no effect"):
                assert call(root.store, attributes={"title": "new"}).attrs["title"] == "old"

    def test_keywords_of_zarr_python_2(self, root):
        with pytest.warns(ZarrRuntimeWarning, match="'synchronizer' has no effect"):
            zarr.open_array(root.store, path="a", synchronizer=5)
