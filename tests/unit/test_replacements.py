"""Replacements: what takes the place of what, what stays after an error, and which stores refuse. Also moves in one step."""

from __future__ import annotations

import os
import pickle
from contextlib import nullcontext

import numpy as np
import pytest

import zarr
from tests.samples import contents, hierarchy
from tests.suites.children import end_of_child
from tests.suites.plain_stores import AsyncOnly
from zarr._store import local, sqlite, system
from zarr.errors import (
    ArgumentError,
    ClosedWriterError,
    ContainsArrayError,
    ContainsGroupError,
    StoreAbilityError,
)


@pytest.fixture(params=["memory", "local", "sqlite"])
def able(request, tmp_path):
    """A store of each kind that can replace a node at one moment."""
    if request.param == "memory":
        return zarr.storage.MemoryStore()
    if request.param == "sqlite":
        return zarr.storage.SQLiteStore(tmp_path / "all.sqlite")
    return zarr.storage.LocalStore(tmp_path / "root")


def left_over(tmp_path):
    return [path for path in tmp_path.rglob("*") if "__zarr" in path.name]


def test_an_array_takes_the_place_of_another(able, engine, zarr_format, tmp_path):
    group = zarr.create_group(able, zarr_format=zarr_format)
    group.create_array("a", data=np.arange(100), chunks=10)
    group.create_array("other", data=[1, 2])
    before = contents(able)
    with group.replace("a") as new:
        made = new.create_array(shape=(3, 3), chunks=(2, 2), dtype="f4", attributes={"new": True})
        made[1:] = 5
        assert made.metadata.zarr_format == zarr_format
        assert contents(able) == before
        assert group["a"].shape == (100,)
        assert sorted(group) == ["a", "other"]
    found = group["a"]
    assert found.shape == (3, 3)
    assert dict(found.attrs) == {"new": True}
    assert found[:].tolist() == [[0] * 3, [5] * 3, [5] * 3]
    assert group["other"][:].tolist() == [1, 2]
    keys = contents(able)
    assert len([key for key in keys if key.startswith("a/")]) == (5 if zarr_format == 3 else 6)
    assert left_over(tmp_path) == []


def test_a_group_takes_the_place_of_an_array_and_back(able, engine, zarr_format):
    top = zarr.create_group(able, zarr_format=zarr_format)
    group = top.create_group("g")
    group.create_array("a", data=[1, 2, 3])
    with group.replace("a") as new:
        made = new.create_group(attributes={"n": 1})
        made.create_array("x/y", data=[4.0, 5.0])
    assert dict(group["a"].attrs) == {"n": 1}
    assert top["g/a/x/y"][:].tolist() == [4.0, 5.0]
    with top.replace("g") as new:
        new.create_array(data=[7])
    assert top["g"][:].tolist() == [7]
    assert not any(key.startswith("g/a") for key in contents(able))


def test_there_need_not_be_one(able, engine):
    group = zarr.create_group(able)
    with group.replace("b/c") as new:
        new.create_array(data=[1, 2])
    assert group["b/c"][:].tolist() == [1, 2]
    assert isinstance(group["b"], zarr.Group)


def test_whatever_writes_zarr_can_make_it(able, engine):
    group = zarr.create_group(able)
    group.create_array("a", data=[0])
    source = zarr.create_group({})
    source.create_array("x", data=[1, 2, 3])
    with group.replace("a") as new:
        zarr.copy_all(source, zarr.create_group(new.store))
    assert group["a/x"][:].tolist() == [1, 2, 3]


def test_an_error_leaves_what_was_there(able, engine, tmp_path):
    group = zarr.create_group(able)
    group.create_array("a", data=[1, 2, 3])
    before = contents(able)

    made = []

    def block():
        with group.replace("a") as new:
            made.append(new.create_array(data=[4]))
            1 / 0  # noqa: B018

    with pytest.raises(ZeroDivisionError):
        block()
    assert contents(able) == before
    assert left_over(tmp_path) == []
    with pytest.raises(ValueError, match="Open it from its group"):
        made[0][0] = 1
    with pytest.raises(ArgumentError, match="nothing was made"), group.replace("a"):
        pass
    assert contents(able) == before
    assert left_over(tmp_path) == []


def test_what_cannot_be_put_in_its_place_leaves_what_was_there(tmp_path, monkeypatch, engine):
    """In the middle of the transaction; and where the system refuses."""
    group = zarr.create_group(zarr.storage.SQLiteStore(tmp_path / "all.sqlite"))
    group.create_array("a", data=[1, 2, 3], chunks=1)
    n_checked = []

    def check(*given):
        n_checked.append(given)
        if len(n_checked) == 3:
            raise StoreAbilityError("too large")

    monkeypatch.setattr(sqlite, "_check_size", check)

    def block():
        with group.replace("a") as new:
            new.create_array(data=[4, 5, 6], chunks=1)

    with pytest.raises(StoreAbilityError, match="too large"):
        block()
    assert group["a"][:].tolist() == [1, 2, 3]
    assert left_over(tmp_path) == []
    group = zarr.create_group(tmp_path / "root")
    group.create_array("a", data=[1, 2, 3], chunks=1)

    def refuse(*paths):
        raise PermissionError(1, "not permitted", *paths)

    with group.replace("b") as new:
        new.create_array(data=[1])  # which exchanges nothing
    monkeypatch.setattr(system, "exchange", refuse)
    with pytest.raises(PermissionError, match="not permitted"):
        block()
    assert group["a"][:].tolist() == [1, 2, 3]
    assert left_over(tmp_path) == []


def test_what_was_made_in_the_block_is_written_to_no_more(able, engine):
    group = zarr.create_group(able)
    with group.replace("a") as new:
        made = new.create_array(data=[4, 5])
    with pytest.raises(ValueError, match="Open it from its group"):
        made[0] = 1
    with pytest.raises(ValueError, match="Open it from its group"):
        made.attrs["a"] = 1
    for use in (lambda: new.store, lambda: new.create_array(data=[1]), new.create_group, new.__enter__):
        with pytest.raises(ClosedWriterError, match="has ended"):
            use()
    again = group.replace("a")
    with pytest.raises(ClosedWriterError, match="has not begun"):
        again.create_group()
    with pytest.raises(TypeError, match="Pickle the group"):
        pickle.dumps(again)
    assert group["a"][:].tolist() == [4, 5]


def test_what_cannot_be_replaced(able, engine):
    group = zarr.create_group(able)
    group.create_array("a", data=[1])
    with pytest.raises(ContainsArrayError):
        group.replace("a/b").__enter__()
    for path in ("", "/"):
        with pytest.raises(ValueError, match="the group itself"):
            group.replace(path)
    with pytest.raises(TypeError, match="named by a string"):
        group.replace(1)
    reading = zarr.open_group(able.with_read_only(True), mode="r")
    with pytest.raises(ValueError, match="read-only"):
        reading.replace("a").__enter__()


def test_nodes_below_no_node_stay(engine):
    store = zarr.storage.MemoryStore()
    zarr.create_array(store, name="a/b/c", data=[1])
    store.delete_sync("a/b/zarr.json")
    group = zarr.open_group(store, path="a")
    with pytest.raises(ContainsGroupError, match="which would go"):
        group.replace("b").__enter__()


@pytest.mark.parametrize("kind", ["zip", "foreign", "logged"])
def test_other_stores_refuse(kind, tmp_path, engine):
    store = {
        "zip": lambda: zarr.storage.ZipStore(tmp_path / "a.zip", mode="w"),
        "foreign": AsyncOnly,
        "logged": lambda: zarr.storage.LoggingStore(zarr.storage.MemoryStore()),
    }[kind]()
    group = zarr.create_group(store)
    with pytest.raises(NotImplementedError, match="cannot replace a node at one moment"):
        group.replace("a").__enter__()
    assert issubclass(StoreAbilityError, NotImplementedError)
    store.close()


@pytest.mark.parametrize("reason", ["no function", "not on this file system"])
def test_a_directory_where_the_system_cannot_exchange_refuses(reason, tmp_path, monkeypatch, engine):
    function = None if reason == "no function" else lambda *_: 22
    monkeypatch.setattr(system, "_exchange", lambda: function)
    monkeypatch.setattr(local, "_exchanging", {})
    group = zarr.create_group(tmp_path / "a")
    with pytest.raises(StoreAbilityError, match="exchange two of them"):
        group.replace("a").__enter__()
    assert left_over(tmp_path) == []


def test_a_file_in_the_way(tmp_path, engine):
    group = zarr.create_group(tmp_path / "root")
    (tmp_path / "root" / "a").write_bytes(b"somebody's")
    with pytest.raises(OSError, match="file"), group.replace("a") as new:
        new.create_array(data=[1])
    assert (tmp_path / "root" / "a").read_bytes() == b"somebody's"
    assert left_over(tmp_path) == []


def test_consolidated_metadata_tell_of_it(able, engine, zarr_format):
    zarr.create_group(able, zarr_format=zarr_format).create_array("a", data=[1, 2])
    with pytest.warns(UserWarning, match="Consolidated") if zarr_format == 3 else nullcontext():
        zarr.consolidate_metadata(able)
    group = zarr.open_group(able, mode="r+", use_consolidated=True)
    with group.replace("a") as new:
        new.create_group().create_array("x", data=[1.0])
    assert group["a/x"][:].tolist() == [1.0]
    assert zarr.open_group(able, mode="r", use_consolidated=True)["a/x"][:].tolist() == [1.0]


def test_what_a_killed_program_left_goes(tmp_path, engine):
    for store in (zarr.storage.LocalStore(tmp_path / "root"), zarr.storage.SQLiteStore(tmp_path / "all.sqlite")):
        group = zarr.create_group(store)
        group.create_array("a", data=[1])

        def work(group=group):
            with group.replace("a") as new:
                new.create_array(data=[2])
                os.kill(os.getpid(), 9)

        assert end_of_child(work) == -9
        assert len({path.name for path in left_over(tmp_path)}) == 1
        assert group["a"][:].tolist() == [1]
        with group.replace("a") as new:
            new.create_array(data=[3])
        assert left_over(tmp_path) == []
        assert group["a"][:].tolist() == [3]


def test_it_stays_in_its_process(tmp_path, engine):
    group = zarr.create_group(tmp_path / "root")
    with group.replace("a") as new:
        new.create_array(data=[2])

        def work():
            with pytest.raises(ClosedWriterError, match="belongs to the process that began it"):
                new.store  # noqa: B018
            new.__exit__(None, None, None)

        assert end_of_child(work) == 0
    assert group["a"][:].tolist() == [2]


class TestMovesInOneStep:
    def test_in_a_directory(self, disk, engine, zarr_format, monkeypatch):
        group = hierarchy(disk, zarr_format)
        before = contents(disk, "g")
        renamed = []
        rename = os.rename
        monkeypatch.setattr(os, "rename", lambda *paths: (renamed.append(paths), rename(*paths)))
        group.move("g", "new/place")
        assert len(renamed) == 1
        assert sorted(group) == ["a", "empty", "new"]
        moved = {f"g{key.removeprefix('new/place')}": value for key, value in contents(disk, "new/place").items()}
        assert moved == before
        np.testing.assert_array_equal(group["new/place/h/c"][:], np.arange(6).reshape(2, 3))

    def test_where_something_is_in_the_way_it_is_copied(self, disk, engine):
        group = hierarchy(disk, 3)
        (disk.root / "new").mkdir()
        (disk.root / "new" / "notes.txt").write_text("somebody's")
        group.move("g", "new")
        assert (disk.root / "new" / "notes.txt").read_text() == "somebody's"
        np.testing.assert_array_equal(group["new/h/c"][:], np.arange(6).reshape(2, 3))
        assert "g" not in group

    def test_links_are_followed_as_ever(self, disk, tmp_path, engine):
        group = zarr.create_group(disk)
        group.create_array("a", data=np.arange(4), chunks=2)
        (disk.root / "a" / "c").rename(tmp_path / "elsewhere")
        (disk.root / "a" / "c").symlink_to(tmp_path / "elsewhere")
        group.move("a", "b")
        assert group["b"][:].tolist() == [0, 1, 2, 3]
        assert "a" not in group
        assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["0", "1"]

    def test_consolidated_metadata_tell_of_it(self, disk, engine):
        hierarchy(disk, 2)
        zarr.consolidate_metadata(disk)
        group = zarr.open_group(disk, mode="r+", use_consolidated=True)
        group.move("g", "new")
        for seen in (group, zarr.open_group(disk, mode="r", use_consolidated=True)):
            assert sorted(seen) == ["a", "empty", "new"]
            np.testing.assert_array_equal(seen["new/h/c"][:], np.arange(6).reshape(2, 3))
