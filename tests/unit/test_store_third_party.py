"""Stores of third parties: what the abstract class derives for them, and arrays on them."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, run
from tests.suites.plain_stores import AsyncOnly, Awaited
from tests.suites.threads import in_threads
from zarr._buffer.byte_range import resolve_range
from zarr.abc.store import (
    Store,
)
from zarr.api import asynchronous
from zarr.buffer.cpu import buffer_prototype
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
        store = Awaited(AsyncOnly()) if wrapped else AsyncOnly()
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


class Older(Store):
    """As a store was written for zarr-python 3.0, and as some still say what they can: by methods."""

    def __init__(self, values=None, **kwargs):
        super().__init__(**kwargs)
        self.values = {} if values is None else values
        self.n_opened = 0

    def __eq__(self, other):
        return self is other

    async def _open(self):
        self.n_opened += 1
        await asyncio.sleep(0.001)
        await super()._open()

    def supports_writes(self):
        return True

    def supports_deletes(self):
        return True

    def supports_listing(self):
        return True

    def supports_partial_writes(self):
        return True

    async def set_partial_values(self, key_start_values):
        raise NotImplementedError

    async def get(self, key, prototype=None, byte_range=None):
        assert self._is_open
        found = self.values.get(key)
        if found is None:
            return None
        start, stop = resolve_range(byte_range, len(found))
        return prototype.buffer.from_bytes(found[start:stop])

    async def get_partial_values(self, prototype, key_ranges):
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key):
        assert self._is_open
        return key in self.values

    async def set(self, key, value, byte_range=None):
        assert self._is_open
        self.values[key] = value.to_bytes()

    async def delete(self, key):
        self.values.pop(key, None)

    def list(self):
        return Closeable(self.values)

    def list_prefix(self, prefix):
        return Closeable([key for key in self.values if key.startswith(prefix)])

    def list_dir(self, prefix):
        above = f"{prefix.rstrip('/')}/" if prefix else ""
        names = {key.removeprefix(above).split("/")[0] for key in self.values if key.startswith(above)}
        return Closeable(names)


class Closeable:
    """An asynchronous iterator that is no generator."""

    def __init__(self, found):
        self.found = iter(sorted(found))

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self.found)
        except StopIteration:
            raise StopAsyncIteration from None


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_store_as_it_was_written_for_zarr_python_3_0(wrapped, engine, zarr_format):
    store = Older()
    used = WrapperStore(store) if wrapped else store
    root = zarr.create_group(used, zarr_format=zarr_format)
    array = root.create_array("x", data=np.arange(12), chunks=4)
    array[2:6] = 0
    array.append([1, 2])
    assert list(root) == ["x"]
    assert array.nchunks_initialized == 4
    assert zarr.open_array(used, path="x", mode="r+")[:].sum() == 66 - 14 + 3
    del root["x"]
    assert list(root) == []
    assert store.n_opened == 1


class TestOpening:
    @pytest.mark.parametrize("asynchronously", [False, True])
    def test_a_store_is_opened_once_before_anything_is_asked(self, asynchronously):
        filled = Older()
        zarr.create_array(filled, data=np.arange(30), chunks=1)
        store = Older(filled.values)

        async def read():
            arrays = await asyncio.gather(*(asynchronous.open_array(store=store, mode="r+") for _ in range(20)))
            return sum([(await array.getitem(...)).sum() for array in arrays])

        if asynchronously:
            assert run(read()) == 20 * 435
        else:
            totals = []
            in_threads([lambda: totals.append(zarr.open_array(store, mode="r+")[:].sum())] * 8)
            assert totals == [435] * 8
        assert store.n_opened == 1

    def test_one_that_says_it_is_not_open_all_the_same_is_asked_once(self):
        class Reluctant(AsyncOnly):
            n_asked = 0

            async def _ensure_open(self):
                self.n_asked += 1

        store = Reluctant()
        zarr.create_array(store, data=np.arange(30), chunks=1)
        assert zarr.open_array(store, mode="r+")[:].sum() == 435
        assert store.n_asked == 1

    def test_what_goes_wrong_is_raised_and_tried_again(self):
        class Locked(AsyncOnly):
            is_locked = True

            async def _open(self):
                if self.is_locked:
                    raise PermissionError("locked")
                await super()._open()

        store = Locked()
        with pytest.raises(PermissionError, match="locked"):
            zarr.create_group(store)
        store.is_locked = False
        zarr.create_group(store)


class TestConsolidatedMetadataThatAStoreDoesNotWant:
    @pytest.fixture(params=["property", "method"])
    def store(self, request):
        class Unwilling(AsyncOnly):
            if request.param == "property":
                supports_consolidated_metadata = False
            else:

                def supports_consolidated_metadata(self):
                    return False

        store = Unwilling()
        listed = AsyncOnly()
        zarr.create_group(listed, zarr_format=2).create_array("x", shape=3, dtype="i4")
        zarr.consolidate_metadata(listed)
        store.values = listed.values
        return store

    def test_it_is_neither_written_nor_used(self, store):
        with pytest.raises(TypeError, match=r"does not support it.*Unwilling"):
            zarr.consolidate_metadata(store)
        group = zarr.open_group(store)
        assert group.metadata.consolidated_metadata is None
        assert list(group) == ["x"]
        for ask in (zarr.open_consolidated, lambda store: zarr.open_group(store, use_consolidated=True)):
            with pytest.raises(ValueError, match=r"does not support it.*use_consolidated=None"):
                ask(store)
        assert zarr.open_group(store, use_consolidated=False)["x"].shape == (3,)


def test_names_of_prefixes_may_end_in_a_slash():
    class Marking(AsyncOnly):
        async def list_dir(self, prefix):
            async for name in super().list_dir(prefix):
                yield name if name.endswith(".json") else f"{name}/"

    root = zarr.create_group(Marking())
    root.create_array("g/x", shape=3, dtype="i4")
    assert list(root) == ["g"]
    assert [path for path, _ in root.members(max_depth=None)] == ["g", "g/x"]
    del root["g/x"]
    assert list(root["g"]) == []


def test_sizes_below_a_prefix_are_those_below_a_path():
    store = AsyncOnly()
    for key in ("a/b", "a/c/d", "ab", "a.b"):
        put(store, key, b"0123")
    assert [run(store.getsize_prefix(prefix)) for prefix in ("a", "a/", "a/c", "", "x")] == [8, 8, 4, 16, 0]


def test_several_values_come_with_their_keys():
    store = AsyncOnly()
    put(store, "a", b"0123")

    async def work():
        wanted = [("a", buffer_prototype, None), ("b", buffer_prototype, None)]
        return {key: value async for key, value in store._get_many(wanted)}

    found = run(work())
    assert found["a"].to_bytes() == b"0123"
    assert found["b"] is None
