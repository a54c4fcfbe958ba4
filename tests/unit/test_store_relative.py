"""A store that was given a relative path stays in its directory, wherever the program works later."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import zarr
from tests.suites.calls import get, put, run
from tests.suites.children import end_of_child
from zarr.api import asynchronous
from zarr.storage import LocalStore, StorePath, WrapperStore, ZipStore

VALUES = list(range(1, 25))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def go_elsewhere() -> None:
    os.chdir("../there")


def made(name: str = "g.zarr") -> zarr.Array:
    group = zarr.create_group(name)
    array = group.create_array("a", shape=(4, 6), chunks=(2, 3), dtype="i4")
    array[:] = [VALUES[6 * i : 6 * i + 6] for i in range(4)]
    return array


OPENED = {
    "array": lambda: zarr.open_array("g.zarr/a"),
    "array, by URL": lambda: zarr.open_array("file://g.zarr/a"),
    "array, of a Path": lambda: zarr.open_array(Path("g.zarr"), path="a"),
    "array, with dots": lambda: zarr.open_array("../here/./g.zarr/a"),
    "member of a group": lambda: zarr.open_group("g.zarr")["a"],
    "array, of a store": lambda: zarr.open_array(LocalStore("g.zarr"), path="a"),
    "array, of a wrapper": lambda: zarr.open_array(WrapperStore(LocalStore("g.zarr")), path="a"),
    "array, made asynchronously": lambda: zarr.Array(asyncio.run(asynchronous.open_array(store="g.zarr/a"))),
}


@pytest.mark.parametrize("how", OPENED)
def test_nodes_stay_where_they_are(here, engine, how):
    made()
    array = OPENED[how]()
    files = sorted(path for path in here.rglob("*") if path.is_file())
    go_elsewhere()
    assert array[:].ravel().tolist() == VALUES
    array[0, 0] = 5
    array.attrs["units"] = "K"
    array.append([[9] * 6])
    assert list(Path().iterdir()) == []
    again = zarr.open_array(here / "g.zarr" / "a")
    assert (again[0, 0], again[4, 0], dict(again.attrs)) == (5, 9, {"units": "K"})
    assert set(files) < {path for path in here.rglob("*") if path.is_file()}


def test_a_group_stays_where_it_is(here):
    group = zarr.open_group("g.zarr", mode="a")
    read_only = zarr.open_group("g.zarr", mode="r")
    go_elsewhere()
    group.create_array("b", data=[1, 2, 3])
    assert read_only["b"][:].tolist() == [1, 2, 3]
    assert list(read_only) == ["b"]
    del group["b"]
    assert list(Path().iterdir()) == []
    assert sorted(path.name for path in (here / "g.zarr").iterdir()) == ["zarr.json"]


def test_shards_stay_where_they_are(here, engine):
    array = zarr.create_array("s.zarr", data=VALUES, chunks=2, shards=8)
    go_elsewhere()
    assert array[3:7].tolist() == VALUES[3:7]
    array[3] = 100
    assert zarr.open_array(here / "s.zarr")[3] == 100


def test_what_is_pickled_opens_the_same_elsewhere(here, engine):
    pickled = pickle.dumps([made(), LocalStore("g.zarr"), StorePath(LocalStore("g.zarr"), "a")])
    go_elsewhere()
    array, store, place = pickle.loads(pickled)
    assert array[:].ravel().tolist() == VALUES
    assert store == LocalStore(here / "g.zarr")
    assert store.root == here / "g.zarr"
    assert run(store.exists("a/zarr.json"))
    assert str(place) == f"file://{here}/g.zarr/a"


def test_what_is_pickled_opens_the_same_in_another_program(here):
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)[:].ravel().tolist())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(made()),
        capture_output=True,
        check=True,
        timeout=60,
        cwd="../there",
    )
    assert done.stdout.decode().strip() == str(VALUES)


def _add(array: zarr.Array, row: int) -> list[int]:
    os.chdir("../there")
    array[row] = array[row] + 100
    return array[row].tolist()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_that_work_elsewhere_write_to_the_same_array(here, method):
    array = made()
    context = multiprocessing.get_context(method)
    with context.Pool(1) as pool:
        assert pool.apply(_add, (array, 1)) == [value + 100 for value in VALUES[6:12]]
    assert array[1].tolist() == [value + 100 for value in VALUES[6:12]]
    assert list(Path("../there").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_that_goes_elsewhere_writes_to_the_same_array(here, engine):
    array = made()
    assert end_of_child(lambda: _add(array, 2) and None) == 0
    assert array[2].tolist() == [value + 100 for value in VALUES[12:18]]


def test_the_texts_lead_to_the_store_from_everywhere(here):
    array = made()
    store = LocalStore("g.zarr")
    assert (str(store), repr(store)) == ("file://g.zarr", "LocalStore('file://g.zarr')")
    assert store.root == Path("g.zarr")
    for _ in range(2):
        assert zarr.open_group(str(store), mode="r")["a"][:].ravel().tolist() == VALUES
        assert zarr.open_array(str(array.store_path), mode="r")[:].ravel().tolist() == VALUES
        assert (store.root / "a" / "zarr.json").is_file()
        assert eval(repr(store), {"LocalStore": LocalStore}) == store
        go_elsewhere()
    assert str(store) == f"file://{here}/g.zarr"


def test_the_read_only_form_is_in_the_same_place(here):
    store = LocalStore("g.zarr")
    put(store, "a", b"x")
    go_elsewhere()
    assert get(store.with_read_only(True), "a") == b"x"


def test_stores_are_equal_by_their_directory(here):
    store = LocalStore("g.zarr")
    assert store == LocalStore(here / "g.zarr") == LocalStore("file://g.zarr") == LocalStore("./g.zarr")
    go_elsewhere()
    assert store != LocalStore("g.zarr")


def test_a_store_that_is_moved_stays_where_it_went(here):
    store = LocalStore("g.zarr")
    put(store, "a", b"x")
    go_elsewhere()
    run(store.move("moved"))
    os.chdir("../here")
    assert get(store, "a") == b"x"
    assert store == LocalStore("../there/moved") or store == LocalStore(here.parent / "there" / "moved")


def test_what_is_before_two_dots_may_be_a_link(here):
    (here / "deep" / "er").mkdir(parents=True)
    (here / "link").symlink_to("deep/er")
    store = LocalStore("link/../s")
    put(store, "a", b"x")
    assert (here / "deep" / "s" / "a").is_file()


def test_a_working_directory_that_is_gone(here):
    store = LocalStore("g.zarr")
    absolute = LocalStore(here / "../other")
    here.rmdir()
    with pytest.raises(FileNotFoundError, match=r"the working directory has been deleted.*'x.zarr'"):
        LocalStore("x.zarr")
    assert str(store) == f"file://{here}/g.zarr"
    assert absolute == LocalStore(here / "../other")


def test_an_absolute_path_is_not_looked_up(tmp_path, monkeypatch):
    def refuse():
        raise AssertionError("asked for the working directory")

    monkeypatch.setattr(os, "getcwd", refuse)
    store = LocalStore(tmp_path / "x")
    assert repr(store) == f"LocalStore('file://{tmp_path}/x')"


class TestZipStore:
    def test_it_stays_where_it_is(self, here):
        store = ZipStore("data.zip", mode="w")
        array = zarr.create_array(store, data=VALUES, chunks=6)
        go_elsewhere()
        array[0] = 100
        store.close()
        assert list(Path().iterdir()) == []
        assert store.path == here / "data.zip"
        assert store == ZipStore(here / "data.zip")
        again = pickle.loads(pickle.dumps(ZipStore(here / "data.zip")))
        assert zarr.open_array(again, mode="r")[:2].tolist() == [100, 2]

    def test_what_is_pickled_opens_the_same_elsewhere(self, here):
        zarr.create_array("data.zip", data=[1, 2, 3]).store.close()
        pickled = pickle.dumps(zarr.open_array("data.zip", mode="r"))
        go_elsewhere()
        assert pickle.loads(pickled)[:].tolist() == [1, 2, 3]

    def test_it_is_shown_as_it_was_given(self, here):
        zarr.create_array("data.zip", data=[1, 2, 3]).store.close()
        store = ZipStore("data.zip")
        assert (str(store), store.path) == ("zip://data.zip", Path("data.zip"))
        assert store.with_read_only(True) == store
        go_elsewhere()
        assert str(store) == f"zip://{here}/data.zip"

    def test_a_file_object_has_no_path(self):
        assert not hasattr(ZipStore(io.BytesIO(), mode="w"), "path")
