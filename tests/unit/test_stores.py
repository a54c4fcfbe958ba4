"""Stores: one contract for all of them, the synchronous one with versions and holds, and what local files add."""

from __future__ import annotations

import asyncio
import copy
import errno
import multiprocessing
import os
import pickle
import re
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._buffer.byte_range import resolve_range
from zarr._store import atomic, local, locks
from zarr._store.keys import check_key
from zarr._store.make import make_store, make_store_path
from zarr._store.path import normalize_path
from zarr._store.versioned import ABSENT, ANY
from zarr.abc.buffer import BufferPrototype
from zarr.abc.store import (
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
    SupportsSyncStore,
)
from zarr.api import asynchronous
from zarr.buffer.cpu import Buffer, buffer_prototype
from zarr.errors import StoreKeyError, ZarrRuntimeWarning
from zarr.storage import LocalStore, MemoryStore, StorePath, WrapperStore

BAD_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a", "a/.", "a/./b", "a\0b", "\0"]
PROMPTLY = 10  # seconds that nothing here takes unless it hangs
BLOCKED = 0.05  # seconds after which something that waits is taken to wait


def shown(value: object) -> str:
    """A test's label: without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def buf(data: bytes) -> Buffer:
    return Buffer.from_bytes(data)


def run(coroutine):
    return asyncio.run(coroutine)


def collect(listing) -> list[str]:
    async def gather():
        return [key async for key in listing]

    return run(gather())


def names(directory) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def get(store, key, byte_range=None):
    found = run(store.get(key, buffer_prototype, byte_range))
    return None if found is None else found.to_bytes()


def put(store, key, data=b"x"):
    run(store.set(key, buf(data)))


def read(store, key, **kwargs):
    found = store.read(key, **kwargs)
    return None if found is None else found.data.to_bytes()


def make(kind: str, tmp_path: Path, **kwargs) -> Store:
    if kind == "memory":
        return MemoryStore(**kwargs)
    if kind == "local":
        return LocalStore(tmp_path / "root", **kwargs)
    return WrapperStore(MemoryStore(**kwargs))


@pytest.fixture(params=["memory", "local", "wrapper"])
def any_store(request, tmp_path):
    return make(request.param, tmp_path)


@pytest.fixture(params=["memory", "local"])
def sync_store(request, tmp_path):
    return make(request.param, tmp_path)


@pytest.fixture
def disk(tmp_path):
    return LocalStore(tmp_path / "root")


# -- the asynchronous face ----------------------------------------------------------------------------------------------


class TestConformance:
    def test_what_was_set_is_got(self, any_store):
        for key, data in {"a": b"", "b/c/d": b"x" * 100_000, ".zarray": b"{}", "ü/😀": b"u", "a.b": b"d"}.items():
            put(any_store, key, data)
            assert get(any_store, key) == data
            assert run(any_store.exists(key))
            assert run(any_store.getsize(key)) == len(data)

    def test_a_value_is_replaced_whole(self, any_store):
        put(any_store, "a", b"a long value")
        put(any_store, "a", b"short")
        assert get(any_store, "a") == b"short"

    def test_what_is_not_there_is_none(self, any_store):
        put(any_store, "a/b")
        for key in ("x", "a", "a/b/c", "a/x", "a/bb"):
            assert get(any_store, key) is None
            assert not run(any_store.exists(key))
            with pytest.raises(FileNotFoundError, match=key):
                run(any_store.getsize(key))

    @pytest.mark.parametrize(
        ("byte_range", "expected"),
        [
            (None, b"0123456789"),
            (RangeByteRequest(0, 10), b"0123456789"),
            (RangeByteRequest(2, 5), b"234"),
            (RangeByteRequest(8, 20), b"89"),
            (RangeByteRequest(10, 12), b""),
            (RangeByteRequest(50, 60), b""),
            (RangeByteRequest(4, 4), b""),
            (RangeByteRequest(5, 2), b""),
            (OffsetByteRequest(0), b"0123456789"),
            (OffsetByteRequest(7), b"789"),
            (OffsetByteRequest(10), b""),
            (OffsetByteRequest(99), b""),
            (SuffixByteRequest(3), b"789"),
            (SuffixByteRequest(10), b"0123456789"),
            (SuffixByteRequest(11), b"0123456789"),
            (SuffixByteRequest(0), b""),
        ],
        ids=shown,
    )
    def test_a_range_is_cut_to_the_value(self, any_store, byte_range, expected):
        put(any_store, "a/b", b"0123456789")
        assert get(any_store, "a/b", byte_range) == expected
        assert get(any_store, "missing", byte_range) is None

    @pytest.mark.parametrize(
        "byte_range",
        [RangeByteRequest(-1, 3), RangeByteRequest(-5, -1), OffsetByteRequest(-1), SuffixByteRequest(-1)],
        ids=shown,
    )
    def test_a_negative_range_is_refused(self, any_store, byte_range):
        put(any_store, "a", b"0123456789")
        with pytest.raises(ValueError, match="counts from 0"):
            get(any_store, "a", byte_range)

    def test_what_is_no_range_is_refused(self, any_store):
        put(any_store, "a")
        with pytest.raises(TypeError, match="Unexpected byte_range"):
            get(any_store, "a", (0, 1))

    def test_several_values_come_in_the_order_asked_for(self, any_store):
        put(any_store, "a", b"0123")
        put(any_store, "b", b"4567")
        wanted = [("b", None), ("x", None), ("a", SuffixByteRequest(1)), ("b", RangeByteRequest(0, 2))]
        found = run(any_store.get_partial_values(buffer_prototype, wanted))
        assert [None if value is None else value.to_bytes() for value in found] == [b"4567", None, b"3", b"45"]

    def test_delete_removes_one_value_and_minds_nothing_missing(self, any_store):
        put(any_store, "a/b")
        put(any_store, "a/bc")
        run(any_store.delete("a/b"))
        assert not run(any_store.exists("a/b"))
        for missing in ("a/b", "x/y/z", "a", "a/bc/d"):
            run(any_store.delete(missing))
        assert collect(any_store.list()) == ["a/bc"]

    def test_set_if_not_exists_stores_only_the_first(self, any_store):
        run(any_store.set_if_not_exists("a/b", buf(b"first")))
        run(any_store.set_if_not_exists("a/b", buf(b"second")))
        assert get(any_store, "a/b") == b"first"

    def test_listing(self, any_store):
        keys = ["zarr.json", "a/zarr.json", "a/b/zarr.json", "a/b/c/0", "ab/0", "a.b", "b"]
        for key in keys:
            put(any_store, key)
        assert sorted(collect(any_store.list())) == sorted(keys)
        assert sorted(collect(any_store.list_prefix(""))) == sorted(keys)
        assert sorted(collect(any_store.list_prefix("a/"))) == ["a/b/c/0", "a/b/zarr.json", "a/zarr.json"]
        assert sorted(collect(any_store.list_prefix("a"))) == [
            *("a.b", "a/b/c/0", "a/b/zarr.json", "a/zarr.json", "ab/0"),
        ]
        assert sorted(collect(any_store.list_prefix("a/b"))) == ["a/b/c/0", "a/b/zarr.json"]
        assert collect(any_store.list_prefix("a/z")) == ["a/zarr.json"]
        assert collect(any_store.list_prefix("x/")) == []
        assert collect(any_store.list_prefix("zarr.json/")) == []
        assert sorted(collect(any_store.list_dir(""))) == ["a", "a.b", "ab", "b", "zarr.json"]
        assert sorted(collect(any_store.list_dir("/"))) == ["a", "a.b", "ab", "b", "zarr.json"]
        for spelling in ("a", "a/"):
            assert sorted(collect(any_store.list_dir(spelling))) == ["b", "zarr.json"]
        assert collect(any_store.list_dir("x")) == []
        assert collect(any_store.list_dir("b")) == []

    def test_listing_an_empty_store(self, any_store):
        assert collect(any_store.list()) == []
        assert collect(any_store.list_prefix("a/")) == []
        assert collect(any_store.list_dir("")) == []
        assert run(any_store.is_empty(""))
        assert run(any_store.getsize_prefix("")) == 0

    def test_is_empty_looks_below_the_prefix_only(self, any_store):
        put(any_store, "ab/c")
        assert not run(any_store.is_empty(""))
        assert not run(any_store.is_empty("/"))
        assert run(any_store.is_empty("a"))
        assert run(any_store.is_empty("ab/c"))
        assert not run(any_store.is_empty("ab"))
        assert not run(any_store.is_empty("ab/"))
        run(any_store.delete("ab/c"))
        assert run(any_store.is_empty("ab"))
        assert run(any_store.is_empty(""))

    def test_sizes_below_a_prefix_add_up(self, any_store):
        for key, n in {"a/b": 3, "a/c/d": 5, "ab": 7}.items():
            put(any_store, key, b"x" * n)
        assert run(any_store.getsize_prefix("a/")) == 8
        assert run(any_store.getsize_prefix("")) == 15
        assert run(any_store.getsize_prefix("x/")) == 0

    def test_delete_dir_removes_what_is_below_and_nothing_beside(self, any_store):
        for key in ("a/b/c", "a/d", "ab/c", "a.b", "z"):
            put(any_store, key)
        run(any_store.delete_dir("a"))
        assert sorted(collect(any_store.list())) == ["a.b", "ab/c", "z"]
        run(any_store.delete_dir("ab/"))
        run(any_store.delete_dir("missing"))
        run(any_store.delete_dir("z"))  # a key, not a prefix
        assert sorted(collect(any_store.list())) == ["a.b", "z"]
        run(any_store.delete_dir(""))
        assert collect(any_store.list()) == []

    def test_clear_removes_everything_and_the_store_stays_usable(self, any_store):
        for key in ("a/b/c", "z"):
            put(any_store, key)
        run(any_store.clear())
        assert collect(any_store.list()) == []
        run(any_store.clear())
        put(any_store, "a/b")
        assert collect(any_store.list()) == ["a/b"]

    @pytest.mark.parametrize("key", BAD_KEYS, ids=shown)
    def test_a_malformed_key_is_refused_by_every_method(self, any_store, key, tmp_path):
        (tmp_path / "a").write_bytes(b"outside")
        calls = [
            lambda: any_store.get(key, buffer_prototype),
            lambda: any_store.get_partial_values(buffer_prototype, [(key, None)]),
            lambda: any_store.exists(key),
            lambda: any_store.getsize(key),
            lambda: any_store.set(key, buf(b"x")),
            lambda: any_store.set_if_not_exists(key, buf(b"x")),
            lambda: any_store.delete(key),
        ]
        for call in calls:
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                run(call())
        assert (tmp_path / "a").read_bytes() == b"outside"

    @pytest.mark.parametrize("prefix", ["..", "../", "a/..", "a/../../", "a//b", "/a", ".", "./", "x\0/"], ids=shown)
    def test_a_malformed_prefix_leads_nowhere(self, any_store, prefix, tmp_path):
        put(any_store, "a/b")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_bytes(b"x")
        for call in (lambda: run(any_store.delete_dir(prefix)), lambda: collect(any_store.list_dir(prefix))):
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                call()
        below = prefix.rstrip("/") + "/"
        for call in (lambda: collect(any_store.list_prefix(below)), lambda: run(any_store.is_empty(prefix))):
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                call()
        assert (tmp_path / "outside" / "secret").exists()
        assert get(any_store, "a/b") == b"x"

    def test_a_key_that_is_no_string_is_refused(self, any_store):
        for key in (None, 1, b"a"):
            with pytest.raises(TypeError, match="a store key is a str"):
                run(any_store.get(key, buffer_prototype))

    @pytest.mark.parametrize("value", [b"bytes", bytearray(1), "text", None, 1, memoryview(b"x")], ids=shown)
    def test_a_value_that_is_no_buffer_is_refused_with_a_way_out(self, any_store, value):
        for store_it in (any_store.set, any_store.set_if_not_exists):
            with pytest.raises(TypeError, match=r"must be a Buffer, got .*from_bytes"):
                run(store_it("a", value))
        assert collect(any_store.list()) == []

    def test_a_stored_value_does_not_alias_the_buffer_that_was_set(self, any_store):
        data = bytearray(b"before")
        run(any_store.set("a", Buffer.from_bytes(data)))
        data[:] = b"after!"
        assert get(any_store, "a") == b"before"

    def test_a_value_that_was_got_does_not_change_the_store(self, any_store):
        put(any_store, "a", b"before")
        found = run(any_store.get("a", buffer_prototype))
        with pytest.raises(ValueError, match="read-only"):
            found[0:6] = buf(b"after!")
        put(any_store, "a", b"other")
        assert found.to_bytes() == b"before"
        assert get(any_store, "a") == b"other"

    def test_values_come_in_the_class_that_the_prototype_names(self, any_store):
        class Mine(CPUBuffer):
            pass

        put(any_store, "a", b"0123")
        prototype = BufferPrototype(Mine, CPUNDBuffer)
        for byte_range in (None, OffsetByteRequest(2)):
            found = run(any_store.get("a", prototype, byte_range))
            assert type(found) is Mine
        assert found.to_bytes() == b"23"

    def test_capabilities(self, any_store):
        assert any_store.supports_writes
        assert any_store.supports_deletes
        assert any_store.supports_listing
        assert any_store.supports_consolidated_metadata
        assert any_store.supports_partial_writes is False
        assert any_store.read_only is False

    def test_the_synchronous_protocol_of_zarr_python(self, any_store):
        assert isinstance(any_store, SupportsSyncStore)
        any_store.set_sync("a/b", buf(b"0123"))
        assert any_store.get_sync("a/b").to_bytes() == b"0123"
        assert any_store.get_sync("a/b", byte_range=SuffixByteRequest(1)).to_bytes() == b"3"
        assert any_store.get_sync("x", prototype=buffer_prototype) is None
        any_store.delete_sync("a/b")
        any_store.delete_sync("a/b")
        assert any_store.get_sync("a/b") is None
        for call in (any_store.get_sync, any_store.delete_sync, lambda key: any_store.set_sync(key, buf(b""))):
            with pytest.raises(StoreKeyError):
                call("../a")

    def test_many_tasks_at_once(self, any_store):
        async def work():
            await asyncio.gather(*(any_store.set(f"d{i % 7}/k{i}", buf(b"%d" % i)) for i in range(60)))
            found = await asyncio.gather(*(any_store.get(f"d{i % 7}/k{i}", buffer_prototype) for i in range(60)))
            return [value.to_bytes() for value in found]

        assert run(work()) == [b"%d" % i for i in range(60)]


# -- life cycle, read-only, identity --------------------------------------------------------------------------------------


class TestReadOnly:
    @pytest.fixture(params=["memory", "local", "wrapper"])
    def pair(self, request, tmp_path):
        writable = make(request.param, tmp_path)
        put(writable, "a/b", b"data")
        return writable, writable.with_read_only(True)

    def test_it_reads_and_lists(self, pair):
        _, store = pair
        assert store.read_only
        assert get(store, "a/b") == b"data"
        assert collect(store.list()) == ["a/b"]
        assert collect(store.list_dir("a")) == ["b"]
        assert not run(store.is_empty("a"))

    def test_every_change_is_refused(self, pair):
        writable, store = pair
        changes = [
            lambda: run(store.set("a/b", buf(b"x"))),
            lambda: run(store.set("new", buf(b"x"))),
            lambda: run(store.set_if_not_exists("new", buf(b"x"))),
            lambda: run(store._set_many([("new", buf(b"x"))])),
            lambda: run(store.delete("a/b")),
            lambda: run(store.delete("missing")),
            lambda: run(store.delete_dir("a")),
            lambda: run(store.delete_dir("missing")),
            lambda: run(store.clear()),
            lambda: store.set_sync("a/b", buf(b"x")),
            lambda: store.delete_sync("a/b"),
        ]
        for change in changes:
            with pytest.raises(ValueError, match="read-only mode and does not support writing"):
                change()
        assert collect(writable.list()) == ["a/b"]
        assert get(writable, "a/b") == b"data"

    def test_with_read_only_goes_both_ways_over_the_same_data(self, pair):
        writable, store = pair
        again = store.with_read_only(False)
        assert not again.read_only
        assert store.read_only
        assert not writable.read_only
        put(again, "c", b"new")
        assert get(store, "c") == b"new"
        assert get(writable, "c") == b"new"
        assert not store.with_read_only().read_only

    def test_the_constructor_takes_it(self, tmp_path):
        for store in (MemoryStore(read_only=True), LocalStore(tmp_path, read_only=True)):
            assert store.read_only
            with pytest.raises(ValueError, match="read-only"):
                put(store, "a")

    def test_an_array_on_it_is_read_only(self, pair):
        writable, store = pair
        zarr.create_array(writable, name="x", shape=3, dtype="i4")
        array = zarr.open_array(store, path="x")
        assert array.read_only
        for change in (
            lambda: array.__setitem__(slice(None), 1),
            lambda: array.resize(5),
            lambda: array.append([1]),
            lambda: array.attrs.update(a=1),
            lambda: array.attrs.put({}),
            lambda: array.attrs.__delitem__("a"),
            lambda: array.update_attributes({"a": 1}),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()


def test_a_third_party_store_without_with_read_only_says_so():
    class Third(MemoryStore):
        with_read_only = Store.with_read_only

    with pytest.raises(NotImplementedError, match=r"Third.*read_only=True"):
        Third().with_read_only(True)


class TestLifeCycle:
    def test_open_creates_an_open_store(self, tmp_path):
        for cls, args in ((MemoryStore, ()), (LocalStore, (tmp_path / "root",))):
            store = run(cls.open(*args))
            assert type(store) is cls
            assert store._is_open
            with pytest.raises(ValueError, match="already open"):
                run(store._open())
            run(store._ensure_open())
            store.close()
            assert not store._is_open
            run(store._open())
            assert store._is_open

    def test_a_wrapper_opens_and_closes_what_it_wraps(self):
        store = run(WrapperStore.open(MemoryStore))
        assert isinstance(store._store, MemoryStore)
        assert store._is_open
        assert store._store._is_open
        store.close()
        assert not store._store._is_open

    def test_the_context_manager_closes(self, any_store):
        run(any_store._open())
        with any_store as entered:
            assert entered is any_store
            put(any_store, "a")
        assert not any_store._is_open
        assert get(any_store, "a") == b"x"  # our stores have nothing that closing would take away

    def test_errors_pass_through_the_context_manager(self, any_store):
        with pytest.raises(KeyError), any_store:
            raise KeyError("x")

    def test_a_local_store_makes_its_directory_when_it_is_opened_to_write(self, tmp_path):
        run(LocalStore.open(tmp_path / "a" / "b"))
        assert (tmp_path / "a" / "b").is_dir()
        for mode in ("r+", "a", "w", "w-"):
            assert not run(LocalStore.open(tmp_path / mode, mode=mode)).read_only
            assert (tmp_path / mode).is_dir()

    def test_a_local_store_that_is_opened_to_read_must_be_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            run(LocalStore.open(tmp_path / "missing", read_only=True))
        with pytest.raises(FileNotFoundError, match="does not exist"):
            run(LocalStore.open(tmp_path / "missing", mode="r"))
        assert not (tmp_path / "missing").exists()
        assert run(LocalStore.open(tmp_path, mode="r")).read_only


class TestIdentity:
    def test_memory_stores_are_equal_if_they_hold_the_same(self):
        one, two = MemoryStore(), MemoryStore()
        assert one == two
        put(one, "a")
        assert one != two
        put(two, "a")
        assert one == two
        put(two, "a", b"y")
        assert one != two
        assert one != one.with_read_only(True)
        assert MemoryStore(one._store_dict) == one

    def test_local_stores_are_equal_if_they_have_the_same_root(self, tmp_path):
        assert LocalStore(tmp_path) == LocalStore(str(tmp_path))
        assert LocalStore(tmp_path) != LocalStore(tmp_path / "a")

    def test_wrappers_are_equal_if_what_they_wrap_is(self):
        inner = MemoryStore()
        assert WrapperStore(inner) == WrapperStore(inner)
        assert WrapperStore(inner) != inner
        assert inner != WrapperStore(inner)

        class Special(WrapperStore):
            pass

        assert Special(inner) != WrapperStore(inner)

    def test_stores_of_different_kinds_are_not_equal(self, tmp_path):
        assert MemoryStore() != LocalStore(tmp_path)
        assert MemoryStore() != 1
        assert LocalStore(tmp_path) != str(tmp_path)

    def test_stores_have_no_hash(self, any_store):
        with pytest.raises(TypeError, match="unhashable"):
            hash(any_store)

    def test_text_forms(self, tmp_path):
        memory, disk = MemoryStore(), LocalStore(tmp_path / "x")
        assert str(memory) == f"memory://{id(memory._store_dict)}"
        assert repr(memory) == f"MemoryStore('{memory}')"
        assert str(disk) == f"file://{tmp_path.as_posix()}/x"
        assert repr(disk) == f"LocalStore('file://{tmp_path.as_posix()}/x')"
        assert str(WrapperStore(disk)) == f"wrapping-{disk}"
        assert repr(WrapperStore(disk)) == f"WrapperStore(LocalStore, '{disk}')"

    @pytest.mark.parametrize("read_only", [False, True])
    def test_pickling(self, any_store, read_only):
        put(any_store, "a/b", b"data")
        store = any_store.with_read_only(read_only)
        back = pickle.loads(pickle.dumps(store))
        assert type(back) is type(store)
        assert back == store
        assert back.read_only is read_only
        assert get(back, "a/b") == b"data"

    def test_a_pickled_memory_store_is_a_copy_that_works(self):
        store = MemoryStore()
        put(store, "a", b"one")
        with store.hold(""):
            back = pickle.loads(pickle.dumps(store))
        put(back, "a", b"two")
        assert get(store, "a") == b"one"
        assert get(copy.deepcopy(back), "a") == b"two"

    def test_two_memory_stores_over_one_dict_share_values_and_holds(self):
        values = {}
        one, two = MemoryStore(values), MemoryStore(values)
        put(one, "a", b"x")
        assert get(two, "a") == b"x"
        assert sorted(values) == ["a"]
        with one.hold(""):
            assert is_blocked(lambda: two.put("a", buf(b"y")))


# -- the synchronous contract: versions -----------------------------------------------------------------------------------


class TestVersions:
    def test_a_read_tells_data_version_and_size(self, sync_store):
        sync_store.put("a/b", buf(b"0123456789"))
        found = sync_store.read("a/b", RangeByteRequest(2, 4))
        assert found.data.to_bytes() == b"23"
        assert found.nbytes == 10
        assert found.version is not None
        assert sync_store.read("x") is None

    @pytest.mark.parametrize("change", ["replace", "delete", "delete dir", "delete and create", "delete parent"])
    def test_a_version_pins_what_it_came_from(self, sync_store, change):
        sync_store.put("a/b/c", buf(b"old value"))
        version = sync_store.read("a/b/c", SuffixByteRequest(1)).version
        if change == "replace":
            sync_store.put("a/b/c", buf(b"new"))
        elif change == "delete dir":
            sync_store.remove_prefix("a/b")
        elif change == "delete parent":
            sync_store.remove_prefix("a")
        else:
            sync_store.remove("a/b/c")
        if change == "delete and create":
            sync_store.put("a/b/c", buf(b"new"))
        pinned = sync_store.read("a/b/c", version=version)
        assert pinned.data.to_bytes() == b"old value"
        assert pinned.nbytes == 9
        assert read(sync_store, "a/b/c", byte_range=RangeByteRequest(4, 7), version=version) == b"val"
        assert read(sync_store, "a/b/c") == (b"new" if change in ("replace", "delete and create") else None)

    def test_put_stores_only_over_the_expected_version(self, sync_store):
        sync_store.put("a", buf(b"one"))
        first = sync_store.read("a").version
        assert sync_store.put("a", buf(b"two"), expected=first)
        assert not sync_store.put("a", buf(b"three"), expected=first)
        assert read(sync_store, "a") == b"two"
        second = sync_store.read("a").version
        assert sync_store.put("a", buf(b"three"), expected=second)
        assert read(sync_store, "a") == b"three"

    def test_the_same_bytes_again_are_another_version(self, sync_store):
        sync_store.put("a", buf(b"same"))
        version = sync_store.read("a").version
        sync_store.put("a", buf(b"same"))
        assert not sync_store.put("a", buf(b"new"), expected=version)
        assert not sync_store.remove("a", expected=version)
        assert read(sync_store, "a") == b"same"

    def test_two_reads_of_one_object_have_versions_that_serve_alike(self, sync_store):
        sync_store.put("a", buf(b"x"))
        sync_store.read("a")
        version = sync_store.read("a", OffsetByteRequest(1)).version
        assert sync_store.put("a", buf(b"y"), expected=version)

    def test_a_version_does_not_serve_after_its_object_was_deleted(self, sync_store):
        sync_store.put("d/a", buf(b"x"))
        version = sync_store.read("d/a").version
        sync_store.remove_prefix("d")
        assert not sync_store.put("d/a", buf(b"y"), expected=version)
        assert not sync_store.remove("d/a", expected=version)
        assert sync_store.size("d/a") is None

    def test_expecting_nothing(self, sync_store):
        assert sync_store.put("d/a", buf(b"one"), expected=ABSENT)
        assert not sync_store.put("d/a", buf(b"two"), expected=ABSENT)
        assert read(sync_store, "d/a") == b"one"
        assert not sync_store.remove("d/a", expected=ABSENT)
        assert sync_store.remove("d/x", expected=ABSENT)
        assert sync_store.remove("x/y", expected=ABSENT)
        assert sync_store.size("d/a") == 3

    def test_expecting_anything(self, sync_store):
        assert sync_store.put("a", buf(b"one"), expected=ANY)
        assert sync_store.put("a", buf(b"two"), expected=ANY)
        assert sync_store.remove("a", expected=ANY)
        assert sync_store.remove("a", expected=ANY)
        assert sync_store.remove("x/y")

    def test_remove_only_the_expected_version(self, sync_store):
        sync_store.put("a", buf(b"one"))
        version = sync_store.read("a").version
        assert sync_store.remove("a", expected=version)
        assert sync_store.size("a") is None
        assert not sync_store.remove("a", expected=version)

    def test_of_many_that_swap_at_once_none_is_lost(self, sync_store):
        sync_store.put("n", buf(b"0"))

        def count():
            for _ in range(25):
                while True:
                    found = sync_store.read("n")
                    if sync_store.put("n", buf(b"%d" % (int(found.data.to_bytes()) + 1)), expected=found.version):
                        break

        in_threads([count] * 4)
        assert read(sync_store, "n") == b"100"

    def test_of_many_that_create_at_once_one_succeeds(self, sync_store):
        done = []
        in_threads(
            [lambda i=i: done.append((i, sync_store.put("d/a", buf(b"%d" % i), expected=ABSENT))) for i in range(8)]
        )
        winners = [i for i, ok in done if ok]
        assert len(winners) == 1
        assert read(sync_store, "d/a") == b"%d" % winners[0]

    def test_listing_and_sizes(self, sync_store):
        for key in ("a/b", "a/c/d", "ab"):
            sync_store.put(key, buf(b"xy"))
        assert list(sync_store.list_keys("a/")) == ["a/b", "a/c/d"]
        assert list(sync_store.list_keys("a")) == ["a/b", "a/c/d", "ab"]
        assert list(sync_store.list_names("a")) == ["b", "c"]
        assert list(sync_store.list_names("")) == ["a", "ab"]
        assert list(sync_store.list_names("x")) == []
        assert list(sync_store.list_names("ab")) == []
        assert sync_store.size("a/b") == 2
        assert sync_store.size("a") is None
        sync_store.remove_prefix("a")
        assert list(sync_store.list_keys("")) == ["ab"]
        sync_store.remove_prefix("")
        assert list(sync_store.list_keys("")) == []
        sync_store.remove_prefix("")

    def test_an_empty_value(self, sync_store):
        sync_store.put("a", buf(b""))
        assert read(sync_store, "a") == b""
        assert read(sync_store, "a", byte_range=SuffixByteRequest(5)) == b""
        assert sync_store.size("a") == 0


# -- the synchronous contract: holds --------------------------------------------------------------------------------------


def in_threads(functions) -> None:
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as exc:  # noqa: BLE001  # raised again below
            errors.append(exc)

    threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROMPTLY)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads)


_background: list[threading.Thread] = []


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    threads, _background[:] = list(_background), []
    for thread in threads:
        thread.join(PROMPTLY)
    assert not any(thread.is_alive() for thread in threads)


def start(function):
    """Run in a thread; returns the event that says it is done."""
    done = threading.Event()

    def work():
        function()
        done.set()

    thread = threading.Thread(target=work, daemon=True)
    _background.append(thread)
    thread.start()
    return done


def is_blocked(function) -> bool:
    return not start(function).wait(BLOCKED)


def passes(function) -> bool:
    return start(function).wait(PROMPTLY)


class TestHolds:
    @pytest.mark.parametrize("prefix", ["", "a", "a/b"])
    def test_a_hold_excludes_changes_directly_under_its_prefix(self, sync_store, prefix):
        below = f"{prefix}/" if prefix else ""
        sync_store.put(f"{below}k", buf(b"old"))
        version = sync_store.read(f"{below}k").version
        with sync_store.hold(prefix):
            waiting = [
                start(lambda: sync_store.put(f"{below}new", buf(b"x"))),
                start(lambda: sync_store.put(f"{below}k", buf(b"x"), expected=version)),
                start(lambda: sync_store.put(f"{below}newer", buf(b"x"), expected=ABSENT)),
                start(lambda: sync_store.hold(prefix).release()),
            ]
            time.sleep(BLOCKED)
            assert not any(done.is_set() for done in waiting)
            assert read(sync_store, f"{below}k") == b"old"
            assert sync_store.size(f"{below}new") is None
            assert list(sync_store.list_keys("")) == [f"{below}k"]
        assert all(done.wait(PROMPTLY) for done in waiting)
        assert read(sync_store, f"{below}k") == b"x"
        assert read(sync_store, f"{below}new") == b"x"

    def test_a_hold_excludes_removal(self, sync_store):
        sync_store.put("a/k", buf(b"old"))
        with sync_store.hold("a"):
            waiting = start(lambda: sync_store.remove("a/k"))
            assert not waiting.wait(BLOCKED)
            assert sync_store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert sync_store.size("a/k") is None

    def test_a_hold_excludes_removal_of_its_prefix(self, sync_store):
        sync_store.put("a/k", buf(b"old"))
        with sync_store.hold("a"):
            waiting = start(lambda: sync_store.remove_prefix("a"))
            assert not waiting.wait(BLOCKED)
            assert sync_store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert list(sync_store.list_keys("")) == []

    def test_a_hold_leaves_deeper_and_other_prefixes_alone(self, sync_store):
        with sync_store.hold("a"):
            assert passes(lambda: sync_store.put("a/b/k", buf(b"x")))
            assert passes(lambda: sync_store.put("k", buf(b"x")))
            assert passes(lambda: sync_store.put("ab/k", buf(b"x")))
            assert passes(lambda: sync_store.hold("a/b").release())
            assert passes(lambda: sync_store.hold("").release())
            assert passes(lambda: sync_store.read("a/b/k"))
        assert list(sync_store.list_keys("")) == ["a/b/k", "ab/k", "k"]

    def test_its_owner_changes_keys_by_passing_it_along(self, sync_store):
        def work():
            with sync_store.hold("a") as hold:
                assert sync_store.put("a/k", buf(b"x"), hold=hold)
                version = sync_store.read("a/k").version
                assert sync_store.put("a/k", buf(b"y"), expected=version, hold=hold)
                assert sync_store.put("a/deeper/k", buf(b"y"), hold=hold)
                assert sync_store.remove("a/k", hold=hold)
                assert sync_store.put("a/l", buf(b"z"), expected=ABSENT, hold=hold)

        assert passes(work)
        assert list(sync_store.list_keys("")) == ["a/deeper/k", "a/l"]
        assert passes(lambda: sync_store.put("a/k", buf(b"x")))

    def test_a_hold_of_another_prefix_does_not_count(self, sync_store):
        with sync_store.hold("a"), sync_store.hold("b") as other:
            waiting = start(lambda: sync_store.put("a/k", buf(b"x"), hold=other))
            assert not waiting.wait(BLOCKED)
        assert waiting.wait(PROMPTLY)

    def test_it_is_released_on_an_error(self, sync_store):
        with pytest.raises(KeyError), sync_store.hold("a"):
            raise KeyError("x")
        assert passes(lambda: sync_store.put("a/k", buf(b"x")))

    def test_releasing_twice_does_not_release_the_next_owner(self, sync_store):
        first = sync_store.hold("a")
        first.release()
        second = sync_store.hold("a")
        first.release()
        waiting = start(lambda: sync_store.put("a/k", buf(b"x")))
        assert not waiting.wait(BLOCKED)
        second.release()
        assert waiting.wait(PROMPTLY)

    def test_holds_exclude_each_other(self, sync_store):
        inside, most = [0], [0]

        def work():
            for _ in range(20):
                with sync_store.hold("a"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0005)
                    inside[0] -= 1

        in_threads([work] * 4)
        assert most == [1]

    def test_a_hold_on_a_malformed_prefix_is_refused(self, disk):
        for prefix in ("..", "a/../..", "/"):
            with pytest.raises(StoreKeyError):
                disk.hold(prefix)


# -- local files ------------------------------------------------------------------------------------------------------------


def temporary(owner_pid: int, start_time: int, number: int = 0) -> str:
    return f"__zarr-{atomic._host()}-{owner_pid}-{start_time}-{number}.tmp"


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


class TestLocalPaths:
    @pytest.mark.parametrize("root", [1, None, b"x", ["a"]], ids=shown)
    def test_a_root_that_is_no_path_is_refused(self, root):
        with pytest.raises(TypeError, match="must be a string or Path"):
            LocalStore(root)

    def test_values_are_files_under_the_root(self, disk):
        put(disk, "a/b.c/0", b"data")
        assert (disk.root / "a" / "b.c" / "0").read_bytes() == b"data"
        (disk.root / "a" / "other").write_bytes(b"foreign")
        assert get(disk, "a/other") == b"foreign"

    def test_nothing_is_made_before_the_first_write(self, disk):
        assert get(disk, "a") is None
        assert not run(disk.exists("a"))
        assert collect(disk.list()) == []
        assert run(disk.is_empty(""))
        run(disk.delete("a"))
        run(disk.delete_dir("a"))
        run(disk.clear())
        assert not disk.root.exists()

    def test_a_relative_root(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for root in ("data", "deep/er", ".", "", Path("other")):
            store = LocalStore(root)
            put(store, "a/b", b"x")
            assert get(store, "a/b") == b"x"
            assert (Path(root) / "a" / "b").read_bytes() == b"x"
            run(store.delete_dir("a"))
            with store.hold(""):
                pass
        assert names(tmp_path) == ["data", "deep", "other"]

    def test_a_root_with_unusual_characters(self, tmp_path):
        store = LocalStore(tmp_path / "with space %20 #? ü")
        put(store, "a/b", b"x")
        assert collect(store.list()) == ["a/b"]
        assert get(LocalStore(store.root), "a/b") == b"x"

    def test_a_key_that_is_a_directory_is_no_value(self, disk):
        put(disk, "a/b", b"x")
        assert get(disk, "a") is None
        assert disk.size("a") is None
        run(disk.delete("a"))
        with pytest.raises(IsADirectoryError):
            put(disk, "a")
        assert collect(disk.list()) == ["a/b"]
        assert names(disk.root) == ["a"]

    def test_a_value_in_the_way_of_a_directory_stays(self, disk):
        put(disk, "a", b"x")
        for key in ("a/b", "a/b/c"):
            with pytest.raises(NotADirectoryError):
                put(disk, key)
            assert get(disk, key) is None
            assert not run(disk.exists(key))
            run(disk.delete(key))
        assert get(disk, "a") == b"x"

    def test_names_of_temporary_files_are_no_keys(self, disk):
        for key in ("__zarr-x", "a/__zarr-x.tmp", "__zarr-x/b"):
            for refused in (lambda key=key: put(disk, key), lambda key=key: get(disk, key)):
                with pytest.raises(StoreKeyError, match="reserved"):
                    refused()
        put(disk, "__zarr", b"x")
        put(disk, "x__zarr-", b"x")
        assert collect(disk.list()) == ["__zarr", "x__zarr-"]

    def test_an_unreadable_file_is_an_error_and_not_a_missing_value(self, disk, monkeypatch):
        put(disk, "a", b"x")

        def fail(*args, **kwargs):
            raise PermissionError(errno.EACCES, "no")

        with monkeypatch.context() as patched:
            patched.setattr(local.os, "open", fail)
            with pytest.raises(PermissionError):
                disk.read("a")
        with monkeypatch.context() as patched:
            patched.setattr(local.os, "stat", fail)
            with pytest.raises(PermissionError):
                disk.size("a")

    def test_a_read_that_comes_in_pieces_is_put_together(self, disk, monkeypatch):
        put(disk, "a", bytes(range(100)))
        real = os.pread
        monkeypatch.setattr(local.os, "pread", lambda fd, n, at: real(fd, min(n, 7), at))
        assert get(disk, "a") == bytes(range(100))
        assert get(disk, "a", RangeByteRequest(10, 50)) == bytes(range(10, 50))

    def test_a_write_that_goes_in_pieces_is_complete(self, disk, monkeypatch):
        real = os.write
        monkeypatch.setattr(atomic.os, "write", lambda fd, data: real(fd, data[:7]))
        put(disk, "a", bytes(range(100)))
        monkeypatch.undo()
        assert get(disk, "a") == bytes(range(100))

    def test_descriptors_are_closed_with_their_versions(self, disk):
        put(disk, "a", b"x")
        count = len(names("/proc/self/fd"))
        versions = [disk.read("a").version for _ in range(20)]
        assert len(names("/proc/self/fd")) == count + 20
        del versions
        put(disk, "a", b"y")
        run(disk.delete("a"))
        assert len(names("/proc/self/fd")) == count

    def test_a_file_that_is_changed_in_place_is_another_version(self, disk):
        put(disk, "a", b"0123")
        version = disk.read("a").version
        with (disk.root / "a").open("r+b") as file:
            file.write(b"98765")
        assert not disk.put("a", buf(b"new"), expected=version)

    def test_root_is_deleted_between_two_writes(self, disk):
        put(disk, "a/b")
        (disk.root / "a" / "b").unlink()
        (disk.root / "a").rmdir()
        disk.root.rmdir()
        put(disk, "a/b", b"again")
        assert get(disk, "a/b") == b"again"


class TestSymlinks:
    def test_linked_directories_and_files_are_followed(self, disk, tmp_path):
        put(disk, "a/b", b"x")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "c").write_bytes(b"linked")
        (disk.root / "link").symlink_to(outside)
        (disk.root / "file").symlink_to(outside / "c")
        assert get(disk, "link/c") == b"linked"
        assert get(disk, "file") == b"linked"
        assert collect(disk.list()) == ["a/b", "file", "link/c"]
        assert collect(disk.list_dir("link")) == ["c"]
        put(disk, "link/d", b"new")
        assert (outside / "d").read_bytes() == b"new"

    def test_loops_come_to_an_end(self, disk):
        put(disk, "a/b/k", b"x")
        (disk.root / "a" / "b" / "up").symlink_to(disk.root / "a")
        (disk.root / "a" / "self").symlink_to(".")
        (disk.root / "root").symlink_to(disk.root)
        keys = collect(disk.list())
        assert "a/b/k" in keys
        assert len(keys) < 20
        assert get(disk, "a/self/b/k") == b"x"

    def test_the_same_directory_twice_is_no_loop(self, disk):
        put(disk, "a/k", b"x")
        (disk.root / "b").symlink_to(disk.root / "a")
        assert collect(disk.list()) == ["a/k", "b/k"]

    def test_removing_a_link_leaves_what_it_leads_to(self, disk, tmp_path):
        put(disk, "a", b"x")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "c").write_bytes(b"linked")
        for remove in (lambda: run(disk.delete_dir("link")), lambda: run(disk.clear())):
            (disk.root / "link").symlink_to(outside)
            remove()
            assert not (disk.root / "link").is_symlink()
            assert (outside / "c").read_bytes() == b"linked"

    def test_a_linked_root(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "root").symlink_to(tmp_path / "real")
        store = LocalStore(tmp_path / "root")
        put(store, "a/b", b"x")
        assert (tmp_path / "real" / "a" / "b").read_bytes() == b"x"
        assert collect(store.list()) == ["a/b"]
        run(store.clear())
        assert (tmp_path / "root").is_symlink()

    def test_a_link_that_leads_nowhere_is_no_value(self, disk):
        put(disk, "a")
        (disk.root / "broken").symlink_to("nowhere")
        assert get(disk, "broken") is None
        assert not run(disk.exists("broken"))


@pytest.fixture(params=["nameless", "no O_TMPFILE", "refused O_TMPFILE", "no proc"])
def way_to_write(request, monkeypatch):
    """Each way in which a file can be made to appear whole."""
    if request.param == "no O_TMPFILE":
        monkeypatch.setattr(atomic, "_NAMELESS", 0)
    elif request.param == "refused O_TMPFILE":
        real = os.open

        def refuse(path, flags, *args, **kwargs):
            if flags & atomic._NAMELESS == atomic._NAMELESS and Path(path).is_dir():
                raise OSError(errno.EOPNOTSUPP, "not here")
            return real(path, flags, *args, **kwargs)

        monkeypatch.setattr(atomic.os, "open", refuse)
    elif request.param == "no proc":
        monkeypatch.setattr(atomic, "_has_proc", lambda: False)
    return request.param


class TestAtomicFiles:
    def test_create_replace_compare_and_delete(self, disk, way_to_write):
        assert disk.put("d/a", buf(b"one"), expected=ABSENT)
        assert not disk.put("d/a", buf(b"two"), expected=ABSENT)
        version = disk.read("d/a").version
        assert disk.put("d/a", buf(b"three"))
        assert not disk.put("d/a", buf(b"four"), expected=version)
        assert disk.put("d/a", buf(b"five"), expected=disk.read("d/a").version)
        assert read(disk, "d/a") == b"five"
        assert names(disk.root / "d") == ["a"]
        with pytest.raises(IsADirectoryError):
            disk.put("d", buf(b"x"))
        assert names(disk.root) == ["d"]
        disk.remove("d/a")
        assert names(disk.root / "d") == []

    def test_a_writer_that_fails_leaves_what_was_there_and_nothing_else(self, disk, way_to_write, monkeypatch):
        put(disk, "a", b"old")

        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, "no space left on device")

        for name in ("write", "replace"):
            with monkeypatch.context() as patched:
                patched.setattr(atomic.os, name, full)
                with pytest.raises(OSError, match="no space left"):
                    put(disk, "a", b"new")
            assert get(disk, "a") == b"old"
            assert names(disk.root) == ["a"]

    def test_readers_never_see_a_torn_file(self, disk, way_to_write):
        values = {bytes([i]) * (1000 * (i + 1)) for i in range(8)}
        put(disk, "a", next(iter(values)))
        stop = threading.Event()
        seen = []

        def watch():
            while not stop.is_set():
                seen.append(get(disk, "a"))

        def write():
            for _ in range(15):
                for value in values:
                    disk.put("a", buf(value))

        watcher = start(watch)
        write()
        stop.set()
        assert watcher.wait(PROMPTLY)
        assert seen
        assert set(seen) <= values

    @pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
    def test_new_files_respect_the_umask(self, disk, way_to_write, mask):
        before = os.umask(mask)
        try:
            put(disk, "new")
            put(disk, "new", b"replaced")
            put(disk, "d/e/f")
        finally:
            os.umask(before)
        for key in ("new", "d/e/f"):
            assert stat.S_IMODE((disk.root / key).stat().st_mode) == 0o666 & ~mask
        assert stat.S_IMODE((disk.root / "d" / "e").stat().st_mode) == 0o777 & ~mask

    def test_the_file_is_complete_before_it_has_its_name(self, disk, way_to_write, monkeypatch):
        put(disk, "a", b"old")
        sizes = []

        def watched(real):
            def call(*args, **kwargs):
                sizes.append(None if not (disk.root / "a").exists() else (disk.root / "a").stat().st_size)
                return real(*args, **kwargs)

            return call

        for name in ("replace", "link", "write"):
            monkeypatch.setattr(atomic.os, name, watched(getattr(os, name)))
        put(disk, "a", b"a new value")
        assert set(sizes) == {3}
        assert len(sizes) >= 2


class TestTemporaryFiles:
    def test_those_of_the_dead_are_swept_by_whoever_lists(self, disk):
        put(disk, "d/a")
        abandoned = [temporary(dead_pid(), 5, i) for i in range(2)]
        (disk.root / "d" / abandoned[0]).write_bytes(b"half")
        (disk.root / "d" / abandoned[1]).mkdir()
        (disk.root / "d" / abandoned[1] / "inside").write_bytes(b"x")
        assert collect(disk.list()) == ["d/a"]
        assert names(disk.root / "d") == ["a"]

    def test_a_reused_process_number_is_told_by_its_start_time(self, disk):
        put(disk, "a")
        name = temporary(os.getpid(), atomic._own_start(os.getpid()) + 1)
        (disk.root / name).write_bytes(b"half")
        assert collect(disk.list_dir("")) == ["a"]
        assert not (disk.root / name).exists()

    @pytest.mark.parametrize(
        "name",
        [
            lambda: temporary(os.getpid(), atomic._own_start(os.getpid())),
            lambda: temporary(dead_pid(), 5).replace(atomic._host(), "elsewhere.1"),
            lambda: "__zarr-unknown",
            lambda: "__zarr-.tmp",
        ],
        ids=["the living", "another host", "another form", "no fields"],
    )
    def test_those_of_others_stay_and_are_not_listed(self, disk, name):
        put(disk, "a")
        path = disk.root / name()
        path.write_bytes(b"half")
        for _ in range(2):
            assert collect(disk.list()) == ["a"]
            assert collect(disk.list_dir("")) == ["a"]
        run(disk.clear())
        assert path.read_bytes() == b"half"

    def test_a_read_only_store_sweeps_nothing(self, disk):
        put(disk, "a")
        path = disk.root / temporary(dead_pid(), 5)
        path.write_bytes(b"half")
        assert collect(disk.with_read_only(True).list()) == ["a"]
        assert path.exists()

    def test_without_proc_nobody_is_taken_for_dead(self, disk, monkeypatch):
        put(disk, "a")
        path = disk.root / temporary(dead_pid(), 5)
        path.write_bytes(b"half")
        monkeypatch.setattr(atomic, "_has_proc", lambda: False)
        assert collect(disk.list()) == ["a"]
        assert path.exists()

    def test_those_of_a_dead_process_are_recognised_from_its_own_name(self, disk, tmp_path):
        code = "import sys; from zarr._store.atomic import temporary_name; print(temporary_name(sys.argv[1]))"
        out = subprocess.run(
            [sys.executable, "-c", code, str(disk.root)], capture_output=True, text=True, check=True
        ).stdout
        path = Path(out.strip())
        put(disk, "a")
        path.write_bytes(b"half")
        assert collect(disk.list()) == ["a"]
        assert not path.exists()

    def test_names_are_never_given_twice(self):
        names = [atomic.temporary_name("d") for _ in range(100)]
        assert len(set(names)) == 100
        assert all(atomic.is_temporary(Path(name).name) for name in names)
        assert not any(atomic.is_abandoned(Path(name).name) for name in names)

    def test_those_of_a_process_that_could_not_find_out_its_start_stay(self, monkeypatch):
        monkeypatch.setattr(atomic, "_own_start", lambda pid: 0)
        assert not atomic.is_abandoned(Path(atomic.temporary_name("d")).name)

    def test_the_first_needs_no_import(self, monkeypatch):
        """It may be asked for in a finalizer at the end of the program, when nothing can be imported."""
        atomic._host.cache_clear()
        monkeypatch.setattr("builtins.__import__", None)
        assert Path(atomic.temporary_name("d")).parent == Path("d")


class TestDurability:
    @pytest.fixture
    def synced(self, monkeypatch):
        """What was synced, as paths; files without a name as their sizes."""
        calls = []
        real = os.fsync

        def record(fd):
            status = os.fstat(fd)
            calls.append(
                str(Path(f"/proc/self/fd/{fd}").readlink()) if stat.S_ISDIR(status.st_mode) else status.st_size
            )
            real(fd)

        monkeypatch.setattr(os, "fsync", record)
        return calls

    def test_by_default_nothing_waits_for_the_disk(self, disk, synced):
        put(disk, "a/b")
        put(disk, "a/b", b"y")
        run(disk.delete("a/b"))
        run(disk.delete_dir("a"))
        assert synced == []

    def test_fsync_waits_for_the_file_then_for_its_directory(self, disk, synced, way_to_write):
        put(disk, "a/b", b"1")
        synced.clear()
        with zarr.config.set({"array.durability": "fsync"}):
            put(disk, "a/b", b"12345")
        assert synced == [5, str(disk.root / "a")]

    def test_fsync_waits_for_every_new_directory(self, disk, synced):
        disk.root.mkdir()
        with zarr.config.set({"array.durability": "fsync"}):
            put(disk, "a/b/c", b"123")
        directories = [call for call in synced if isinstance(call, str)]
        assert directories == [str(disk.root), str(disk.root / "a"), str(disk.root / "a" / "b")]
        assert synced[-2:] == [3, str(disk.root / "a" / "b")]

    def test_fsync_waits_for_removals(self, disk, synced):
        put(disk, "a/b")
        put(disk, "a/c")
        with zarr.config.set({"array.durability": "fsync"}):
            run(disk.delete("a/b"))
            assert synced == [str(disk.root / "a")]
            run(disk.delete_dir("a"))
            assert synced == [str(disk.root / "a"), str(disk.root)]

    def test_a_swap_that_loses_syncs_no_directory(self, disk, synced):
        put(disk, "a")
        with zarr.config.set({"array.durability": "fsync"}):
            assert not disk.put("a", buf(b"12"), expected=ABSENT)
        assert str(disk.root) not in synced


def _hold_in_process(root: str, ready, go) -> None:
    store = LocalStore(root)
    with store.hold("a"):
        ready.set()
        go.wait(PROMPTLY)


class TestLocks:
    @pytest.fixture
    def context(self):
        return multiprocessing.get_context("spawn")

    def test_holds_exclude_other_processes_and_end_with_them(self, disk, context):
        ready, go = context.Event(), context.Event()
        child = context.Process(target=_hold_in_process, args=(str(disk.root), ready, go))
        child.start()
        try:
            assert ready.wait(60)
            waiting = start(lambda: disk.put("a/k", buf(b"x")))
            assert not waiting.wait(BLOCKED)
            assert passes(lambda: disk.put("b/k", buf(b"x")))
            child.kill()
            assert waiting.wait(PROMPTLY)
        finally:
            child.kill()
            child.join()

    def test_nothing_is_left_behind(self, disk):
        with disk.hold("a"):
            assert names(disk.root / "a") == []
        assert names(disk.root / "a") == []

    def test_whoever_waits_for_a_directory_that_is_replaced_gets_the_new_one(self, disk):
        put(disk, "a/k", b"old")
        hold = disk.hold("a")
        waiting = start(lambda: disk.put("a/new", buf(b"x")))
        assert not waiting.wait(BLOCKED)
        (disk.root / "a").rename(disk.root / "moved")
        hold.release()
        assert waiting.wait(PROMPTLY)
        assert get(disk, "a/new") == b"x"
        assert names(disk.root / "moved") == ["k"]

    @pytest.fixture(params=["ENOLCK", "no fcntl"])
    def no_locks(self, request, monkeypatch):
        monkeypatch.setattr(locks, "_state", locks._State(0))
        if request.param == "no fcntl":
            monkeypatch.setattr(locks, "fcntl", None)
            return

        class Refusing:
            LOCK_EX = 2

            @staticmethod
            def flock(fd, operation):
                raise OSError(errno.ENOLCK, "no locks available")

        monkeypatch.setattr(locks, "fcntl", Refusing)

    def test_without_file_locks_there_is_one_warning(self, disk, no_locks):
        def work():
            for _ in range(3):
                disk.put("a/k", buf(b"x"))
                disk.hold("a").release()

        with pytest.warns(ZarrRuntimeWarning, match="no locks between processes") as caught:
            work()
        assert len(caught) == 1
        assert caught[0].filename == __file__

    @pytest.mark.filterwarnings("ignore::zarr.errors.ZarrRuntimeWarning")
    def test_without_file_locks_threads_still_exclude_each_other(self, disk, no_locks):
        with disk.hold("a") as hold:
            waiting = [
                start(lambda: disk.put("a/k", buf(b"x"))),
                start(lambda: LocalStore(disk.root).hold("a").release()),
            ]
            time.sleep(BLOCKED)
            assert not any(done.is_set() for done in waiting)
            assert passes(lambda: disk.put("b/k", buf(b"x")))
            assert disk.put("a/own", buf(b"x"), hold=hold)
        assert all(done.wait(PROMPTLY) for done in waiting)

    @pytest.mark.filterwarnings("ignore::zarr.errors.ZarrRuntimeWarning")
    def test_without_file_locks_no_swap_is_lost_between_threads(self, disk, no_locks):
        disk.put("n", buf(b"0"))

        def count():
            for _ in range(20):
                while True:
                    found = disk.read("n")
                    if disk.put("n", buf(b"%d" % (int(found.data.to_bytes()) + 1)), expected=found.version):
                        break

        in_threads([count] * 4)
        assert read(disk, "n") == b"80"

    def test_other_errors_of_locking_are_errors(self, disk, monkeypatch):
        put(disk, "a", b"old")
        count = len(names("/proc/self/fd"))

        class Broken:
            LOCK_EX = 2

            @staticmethod
            def flock(fd, operation):
                raise OSError(errno.EIO, "broken disk")

        monkeypatch.setattr(locks, "fcntl", Broken)
        with pytest.raises(OSError, match="broken disk"):
            disk.put("a", buf(b"new"))
        assert get(disk, "a") == b"old"
        assert names(disk.root) == ["a"]
        assert len(names("/proc/self/fd")) == count


class TestMove:
    def test_everything_goes_along(self, disk, tmp_path):
        put(disk, "a/b", b"x")
        target = tmp_path / "deep" / "er"
        run(disk.move(target))
        assert disk.root == target
        assert get(disk, "a/b") == b"x"
        assert (target / "a" / "b").read_bytes() == b"x"
        assert not (tmp_path / "root").exists()

    def test_a_target_that_exists_is_refused(self, disk, tmp_path):
        put(disk, "a", b"x")
        (tmp_path / "there").mkdir()
        with pytest.raises(FileExistsError, match="already exists"):
            run(disk.move(str(tmp_path / "there")))
        assert get(disk, "a") == b"x"
        assert disk.root == tmp_path / "root"


# -- places in stores -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        *((None, ""), ("", ""), ("/", ""), ("//", ""), ("a", "a"), ("/a/", "a"), ("a//b", "a/b"), ("\\a\\b\\", "a/b")),
        *((b"a/b", "a/b"), (Path("a/b"), "a/b"), (".a/b.", ".a/b."), ("...", "..."), ("a b/ü", "a b/ü")),
    ],
    ids=shown,
)
def test_normalising_a_path(given_path, expected):
    assert normalize_path(given_path) == expected


@pytest.mark.parametrize("path", [".", "..", "a/..", "./a", "a/./b", "\\..\\a", b"..", "/.."], ids=shown)
def test_a_path_with_dots_for_segments_is_refused(path):
    with pytest.raises(ValueError, match=r"segment '.' or '..'"):
        normalize_path(path)


@pytest.mark.parametrize("path", [1, 1.5, ["a"], object()], ids=shown)
def test_a_path_of_another_kind_is_refused(path):
    with pytest.raises(TypeError):
        normalize_path(path)


@given(st.text(alphabet="ab/\\._", max_size=12))
def test_a_normalised_path_is_empty_or_a_valid_key_and_stays_as_it_is(text):
    try:
        path = normalize_path(text)
    except ValueError:
        assert {".", ".."} & set(text.replace("\\", "/").split("/"))
        return
    assert normalize_path(path) == path
    assert path == "" or check_key(path) == path


@given(
    st.one_of(
        st.builds(RangeByteRequest, st.integers(0, 30), st.integers(-5, 30)),
        st.builds(OffsetByteRequest, st.integers(0, 30)),
        st.builds(SuffixByteRequest, st.integers(0, 30)),
    ),
    st.integers(0, 20),
)
def test_a_resolved_range_agrees_with_slicing(request_, nbytes):
    value = bytes(range(nbytes))
    match request_:
        case RangeByteRequest(start_, end):
            expected = value[start_ : max(end, 0)]
        case OffsetByteRequest(offset):
            expected = value[offset:]
        case SuffixByteRequest(suffix):
            expected = value[max(0, nbytes - suffix) :]
    first, stop = resolve_range(request_, nbytes)
    assert 0 <= first <= stop <= nbytes
    assert value[first:stop] == expected


class TestStorePath:
    def test_its_parts(self, any_store):
        place = StorePath(any_store, "/a//b/")
        assert place.store is any_store
        assert place.path == "a/b"
        assert (place / "c").path == "a/b/c"
        assert (place / "/c/d/").path == "a/b/c/d"
        assert (StorePath(any_store) / "c").path == "c"
        assert StorePath(any_store).path == ""
        with pytest.raises(ValueError, match="invalid"):
            place / ".."
        assert not place.read_only
        assert StorePath(any_store.with_read_only(True)).read_only

    def test_text_forms(self, tmp_path):
        store = LocalStore(tmp_path)
        assert str(StorePath(store, "a")) == f"file://{tmp_path}/a"
        assert str(StorePath(store)) == f"file://{tmp_path}"
        assert repr(StorePath(store, "a")) == f"StorePath(LocalStore, 'file://{tmp_path}/a')"

    def test_equality(self, any_store):
        assert StorePath(any_store, "a") == StorePath(any_store, "/a/")
        assert StorePath(any_store, "a") != StorePath(any_store, "b")
        assert StorePath(any_store, "a") != "a"
        other = MemoryStore()
        put(other, "x")
        assert StorePath(any_store, "a") != StorePath(other, "a")
        with pytest.raises(TypeError, match="unhashable"):
            hash(StorePath(any_store))

    def test_values(self, any_store):
        place = StorePath(any_store, "a") / "b"
        assert run(place.get()) is None
        assert run(place.get_json()) is None
        run(place.set_if_not_exists(buf(b'{"n": 1}')))
        run(place.set_if_not_exists(buf(b"2")))
        assert run(place.get()).to_bytes() == b'{"n": 1}'
        assert run(place.get(buffer_prototype, SuffixByteRequest(2))).to_bytes() == b"1}"
        assert run(place.get_json()) == {"n": 1}
        assert run(place.get_json(byte_range=RangeByteRequest(6, 7))) == 1
        assert run(place.exists())
        assert not run((place / "c").exists())
        run(place.set(buf(b"3")))
        assert get(any_store, "a/b") == b"3"
        assert not run(StorePath(any_store, "a").is_empty())
        run(place.delete())
        assert run(StorePath(any_store, "a").is_empty())
        put(any_store, "a/b/c")
        put(any_store, "ab")
        run(StorePath(any_store, "a").delete_dir())
        assert collect(any_store.list()) == ["ab"]

    def test_synchronous_values(self, any_store):
        place = StorePath(any_store, "a/b")
        assert place.get_sync() is None
        place.set_sync(buf(b"0123"))
        assert place.get_sync().to_bytes() == b"0123"
        assert place.get_sync(prototype=buffer_prototype, byte_range=OffsetByteRequest(3)).to_bytes() == b"3"
        place.delete_sync()
        assert place.get_sync() is None

    def test_synchronous_values_need_a_store_that_can(self):
        place = StorePath(AsyncOnly(), "a")
        for call in (place.get_sync, lambda: place.set_sync(buf(b"")), place.delete_sync):
            with pytest.raises(TypeError, match="AsyncOnly does not support synchronous"):
                call()

    def test_pickling(self, any_store):
        put(any_store, "a/b", b"x")
        back = pickle.loads(pickle.dumps(StorePath(any_store, "a")))
        assert back == StorePath(any_store, "a")
        assert run((back / "b").get()).to_bytes() == b"x"

    @pytest.mark.parametrize("mode", [None, "r", "r+", "a", "w", "w-"])
    def test_opening_with_each_mode(self, any_store, mode):
        put(any_store, "other")
        place = run(StorePath.open(any_store, "a", mode=mode))
        assert place.path == "a"
        assert place.read_only is (mode == "r")
        assert place.store._is_open
        assert not any_store.read_only
        assert collect(any_store.list()) == ["other"]

    def test_opening_to_replace_deletes_what_is_below(self, any_store):
        for key in ("a/b/c", "ab"):
            put(any_store, key)
        run(StorePath.open(any_store, "a", mode="w"))
        assert collect(any_store.list()) == ["ab"]

    def test_opening_to_create_refuses_what_is_there(self, any_store):
        put(any_store, "a/b")
        with pytest.raises(FileExistsError, match="already contains keys"):
            run(StorePath.open(any_store, "a", mode="w-"))
        assert get(any_store, "a/b") == b"x"

    @pytest.mark.parametrize("mode", ["r+", "a", "w", "w-"])
    def test_a_read_only_store_cannot_be_opened_to_write(self, any_store, mode):
        put(any_store, "a/b")
        with pytest.raises(ValueError, match=r"read-only but mode is"):
            run(StorePath.open(any_store.with_read_only(True), "a", mode=mode))
        assert get(any_store, "a/b") == b"x"


class AsyncOnly(Store):
    """The least that a third party's store offers."""

    supports_writes = supports_deletes = supports_listing = True

    def __init__(self, *, read_only=False):
        super().__init__(read_only=read_only)
        self.values = {}

    def __eq__(self, other):
        return self is other

    async def get(self, key, prototype, byte_range=None):
        await asyncio.sleep(0)
        value = self.values.get(key)
        if value is None:
            return None
        start_, stop = resolve_range(byte_range, len(value))
        return prototype.buffer.from_bytes(value[start_:stop])

    async def get_partial_values(self, prototype, key_ranges):
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key):
        return key in self.values

    async def set(self, key, value):
        self._check_writable()
        await asyncio.sleep(0)
        self.values[key] = value.to_bytes()

    async def delete(self, key):
        self._check_writable()
        self.values.pop(key, None)

    async def list(self):
        for key in sorted(self.values):
            yield key

    async def list_prefix(self, prefix):
        for key in sorted(self.values):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix):
        below = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
        names = {key[len(below) :].split("/")[0] for key in self.values if key.startswith(below)}
        for name in sorted(names):
            yield name


class TestThirdPartyStore:
    def test_what_the_base_class_derives(self):
        store = AsyncOnly()
        put(store, "a/b", b"0123")
        put(store, "a/c/d", b"45")
        put(store, "ab", b"6")
        run(store.set_if_not_exists("a/b", buf(b"new")))
        run(store.set_if_not_exists("new", buf(b"new")))
        assert get(store, "a/b") == b"0123"
        assert run(store.getsize("a/b")) == 4
        assert run(store.getsize_prefix("a/")) == 6
        assert not run(store.is_empty("a"))
        assert run(store.is_empty("x"))
        with pytest.raises(FileNotFoundError):
            run(store.getsize("x"))
        run(store._set_many([("m", buf(b"1")), ("n", buf(b"2"))]))
        run(store.delete_dir("a"))
        assert collect(store.list()) == ["ab", "m", "n", "new"]
        run(store.clear())
        assert collect(store.list()) == []

    def test_it_refuses_changes_when_read_only(self):
        store = AsyncOnly(read_only=True)
        for change in (store.clear, lambda: store.delete_dir("")):
            with pytest.raises(ValueError, match="read-only"):
                run(change())

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_arrays_and_groups_work_on_it_from_both_faces(self, wrapped, engine):
        store = WrapperStore(AsyncOnly()) if wrapped else AsyncOnly()
        root = zarr.create_group(store)
        array = root.create_array("x", shape=(5, 4), chunks=(2, 2), dtype="i4")
        array[1:4, 1:3] = 7
        array.append([[1, 2, 3, 4]])
        array.attrs["a"] = 1
        again = zarr.open_array(store, path="x", mode="r+")
        assert again.shape == (6, 4)
        assert again[:].sum() == 7 * 6 + 10
        assert dict(again.attrs) == {"a": 1}
        assert list(zarr.open_group(store)) == ["x"]
        assert int(run(_sum(store))) == 52
        del root["x"]
        assert list(root) == []


async def _sum(store):
    array = await asynchronous.open_array(store, path="x")
    return (await array.getitem(...)).sum()


# -- what users pass as a store ---------------------------------------------------------------------------------------------


class TestMakeStore:
    def test_none_is_a_new_memory_store(self):
        one, two = make_store(None), make_store(None)
        assert type(one) is MemoryStore
        assert one._store_dict is not two._store_dict

    def test_a_dict_is_used_as_it_is(self):
        values = {}
        store = make_store(values)
        put(store, "a")
        assert list(values) == ["a"]
        assert make_store(values) == store

    def test_paths_are_directories(self, tmp_path, monkeypatch):
        for spelling in (tmp_path / "a", str(tmp_path / "a"), f"file://{tmp_path}/a", f"file://localhost{tmp_path}/a"):
            store = make_store(spelling)
            assert type(store) is LocalStore
            assert store.root == tmp_path / "a"
        monkeypatch.chdir(tmp_path)
        assert make_store("a").root.resolve() == tmp_path / "a"
        assert names(tmp_path) == []

    def test_file_urls_are_decoded(self, tmp_path):
        assert make_store(f"file://{tmp_path}/with%20space%23").root == tmp_path / "with space#"

    def test_stores_and_places_are_taken_apart(self, any_store):
        assert make_store(any_store) is any_store
        assert make_store(StorePath(any_store, "a")) is any_store

    @pytest.mark.parametrize("kind", [None, {}, "path"], ids=shown)
    def test_mode_r_makes_new_stores_read_only(self, kind, tmp_path):
        assert make_store(tmp_path if kind == "path" else kind, mode="r").read_only
        for mode in (None, "r+", "a", "w", "w-"):
            assert not make_store(tmp_path if kind == "path" else kind, mode=mode).read_only

    def test_mode_and_store_must_agree(self, any_store):
        assert make_store(any_store, mode="r").read_only
        frozen = any_store.with_read_only(True)
        assert make_store(frozen, mode="r") is frozen
        assert make_store(frozen) is frozen
        for mode in ("r+", "a", "w", "w-"):
            assert make_store(any_store, mode=mode) is any_store
            with pytest.raises(ValueError, match=f"read-only but mode is '{mode[0]}"):
                make_store(frozen, mode=mode)
            with pytest.raises(ValueError, match="read-only but mode is"):
                make_store(StorePath(frozen, "a"), mode=mode)

    @pytest.mark.parametrize("store", [1, 1.5, b"path", ["a"], object(), {"a"}, True], ids=shown)
    def test_anything_else_is_refused_with_a_way_out(self, store):
        with pytest.raises(
            TypeError, match=r"Unsupported type for store_like: '\w+'. Pass a path, a dict or a zarr store"
        ):
            make_store(store)

    @pytest.mark.parametrize(
        "url", ["s3://bucket/a", "http://x/y", "https://x/y", "memory://a", "gs://a", "file://host/a"]
    )
    def test_urls_of_other_kinds_are_refused_and_make_no_directory(self, url, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match="not supported"):
            make_store(url)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("store", [None, {}, "path"], ids=shown)
    def test_storage_options_without_a_url_are_refused(self, store):
        with pytest.raises(TypeError, match="'storage_options' was provided but is not used"):
            make_store(store, storage_options={"anon": True})
        make_store(store, storage_options={})

    def test_places(self, any_store):
        assert make_store_path(any_store, path="/a/") == StorePath(any_store, "a")
        assert make_store_path(any_store) == StorePath(any_store)
        assert make_store_path(any_store, path=None) == StorePath(any_store)
        place = StorePath(any_store, "a")
        assert make_store_path(place).path == "a"
        assert make_store_path(place, path="b/c").path == "a/b/c"
        assert make_store_path(place, mode="r").read_only
        with pytest.raises(ValueError, match="invalid"):
            make_store_path(place, path="../b")

    def test_every_function_takes_every_kind(self, tmp_path):
        place = StorePath(MemoryStore(), "deep")
        for store in (tmp_path / "p", str(tmp_path / "s"), f"file://{tmp_path}/u", {}, MemoryStore(), place):
            zarr.create_array(store, name="x", data=[1, 2, 3])
            assert zarr.open_array(store, path="x", mode="r")[:].tolist() == [1, 2, 3]
            assert list(zarr.open_group(store, mode="r")) == ["x"]
        assert sorted(place.store._store_dict) == ["deep/x/c/0", "deep/x/zarr.json", "deep/zarr.json", "zarr.json"]


class TestMemoryOfValues:
    """What a memory store keeps cannot be changed from outside."""

    @pytest.mark.parametrize("make", [bytes, bytearray, lambda data: np.frombuffer(data, "u1").copy().data])
    def test_a_value_changed_later_is_not_changed_in_the_store(self, make):
        memory = make(b"abcd")
        store = MemoryStore()
        value = CPUBuffer.from_bytes(memory)
        store.put("k", value)
        found = store.read("k").data
        assert found.to_bytes() == b"abcd"
        assert not found.as_numpy_array().flags.writeable
        if not isinstance(memory, bytes):
            memory[0] = 0
            assert found.to_bytes() == b"abcd"

    def test_a_part_of_bytes_does_not_keep_the_whole(self):
        store = MemoryStore()
        store.put("k", CPUBuffer.from_bytes(bytes(1000))[:10])
        assert len(store.read("k").data.as_numpy_array().base) == 10
