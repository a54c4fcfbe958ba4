"""Memory stores that are found by a name."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import pickle

import numpy as np
import pytest

import zarr
from tests.suites.calls import collect, get, put
from zarr._store.access import native_place
from zarr.storage import ManagedMemoryStore, MemoryStore


def test_stores_of_one_name_have_the_same_values(engine):
    first, second = ManagedMemoryStore("name-a"), ManagedMemoryStore("name-a", read_only=True)
    zarr.create_group(first).create_array("x", data=np.arange(4))
    assert zarr.open_group(second, mode="r")["x"][:].tolist() == [0, 1, 2, 3]
    assert first == ManagedMemoryStore("name-a")
    assert first != second
    assert first != ManagedMemoryStore("name-b")
    assert first != MemoryStore(first._store_dict)
    assert (first.name, first.path, str(first), repr(first)) == (
        *("name-a", "", "memory://name-a", "ManagedMemoryStore('memory://name-a')"),
    )


def test_a_path_is_where_keys_begin(engine):
    whole, part = ManagedMemoryStore("name-c"), ManagedMemoryStore("name-c", path="/a/b/")
    zarr.create_group(part).create_array("x", data=np.arange(4), chunks=2)
    assert collect(part.list()) == ["x/c/0", "x/c/1", "x/zarr.json", "zarr.json"]
    assert sorted(collect(part.list_dir("x"))) == ["c", "zarr.json"]
    assert collect(whole.list_prefix("a/b/x/c")) == ["a/b/x/c/0", "a/b/x/c/1"]
    assert list(zarr.open_group(part)) == ["x"]
    assert zarr.open_group(whole, path="a/b")["x"][:].tolist() == [0, 1, 2, 3]
    assert str(part) == "memory://name-c/a/b"
    assert part != whole
    put(whole, "a/bb", b"beside")
    zarr.open_group(part, mode="w")
    assert collect(whole.list()) == ["a/b/zarr.json", "a/bb"]
    with pytest.raises(ValueError, match=r"segment '\.'"):
        ManagedMemoryStore("name-c", path="../x")


def test_a_copy_into_itself_is_noticed_by_any_name():
    whole, part = ManagedMemoryStore("name-d"), ManagedMemoryStore("name-d", path="a")
    zarr.create_array(part, data=np.arange(3))
    with pytest.raises(ValueError, match="source"):
        zarr.from_array(whole, data=zarr.open_array(part), name="a", overwrite=True)
    assert zarr.open_array(part)[:].tolist() == [0, 1, 2]


def test_the_engine_reaches_the_values_by_itself():
    store = ManagedMemoryStore()
    assert native_place(store) is not None
    assert native_place(ManagedMemoryStore(path="a")) is None


def test_names_are_made_up_where_none_is_given():
    stores = [ManagedMemoryStore() for _ in range(3)]
    assert len({store.name for store in stores}) == 3
    put(stores[0], "a")
    assert get(stores[1], "a") is None


def test_values_go_with_the_last_store():
    store = ManagedMemoryStore("name-e")
    twin = store.with_read_only(True)
    put(store, "a")
    del store
    gc.collect()
    assert get(ManagedMemoryStore.from_url("memory://name-e"), "a") == b"x"
    del twin
    gc.collect()
    with pytest.raises(ValueError, match=r"Memory store not found for URL 'memory://name-e'.*makes a new one"):
        ManagedMemoryStore.from_url("memory://name-e")
    assert get(ManagedMemoryStore("name-e"), "a") is None


def test_urls():
    store = ManagedMemoryStore("name-f")
    assert ManagedMemoryStore.from_url("memory://name-f") == store
    assert ManagedMemoryStore.from_url("MEMORY://name-f/a/b", read_only=True) == ManagedMemoryStore(
        "name-f", path="a/b", read_only=True
    )
    for wrong in ("file://name-f", "name-f"):
        with pytest.raises(ValueError, match=r"Expected a 'memory://' URL"):
            ManagedMemoryStore.from_url(wrong)
    with pytest.raises(ValueError, match="cannot contain '/'"):
        ManagedMemoryStore("a/b")
    with pytest.raises(TypeError, match="is a str, got int"):
        ManagedMemoryStore(3)


def test_twins_in_this_process_are_the_same_store():
    store = ManagedMemoryStore("name-g", path="a", read_only=True)
    for twin in (pickle.loads(pickle.dumps(store)), copy.copy(store), copy.deepcopy(store)):
        assert twin == store
        assert twin._store_dict is store._store_dict


def test_another_process_is_told_where_the_values_are():
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        with pytest.raises(RuntimeError, match=r"memory store 'name-h' are in another process.*MemoryStore"):
            pool.apply(_load, (pickle.dumps(ManagedMemoryStore("name-h")),))


def _load(pickled):
    return str(pickle.loads(pickled))
