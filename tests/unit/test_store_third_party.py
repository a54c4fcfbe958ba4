"""Stores of third parties: what the abstract class derives for them, and arrays on them."""

from __future__ import annotations

import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, run
from tests.suites.plain_stores import AsyncOnly
from zarr.abc.store import (
    Store,
)
from zarr.api import asynchronous
from zarr.storage import MemoryStore, WrapperStore


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


def test_a_third_party_store_without_with_read_only_says_so():
    class Third(MemoryStore):
        with_read_only = Store.with_read_only

    with pytest.raises(NotImplementedError, match=r"Third.*read_only=True"):
        Third().with_read_only(True)
