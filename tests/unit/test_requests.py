"""How many requests a store gets for elements of an array, whichever driver and engine."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Slow, Tagged
from zarr.storage import LocalStore, MemoryStore

VALUES = np.arange(1000)


def counted(kind):
    """A store class of ours, looked at from outside: the kernel does not reach its values by itself."""

    class Counted(kind):
        n = 0

        def read(self, *args, **kwargs):
            self.n += 1
            return super().read(*args, **kwargs)

    return Counted


STORES = {
    "memory, pins versions": (lambda _: counted(MemoryStore)(), 2),
    "local, pins versions": (lambda tmp_path: counted(LocalStore)(tmp_path / "s"), 2),
    "awaited, pins versions": (lambda _: Tagged(), 2),
    "awaited, without versions": (lambda _: Slow(MemoryStore()), 3),
}


def n_requests(store):
    return store.calls.n if hasattr(store, "calls") else store.n


@pytest.fixture(params=STORES.values(), ids=STORES)
def kind(request, tmp_path):
    make, n = request.param
    return make(tmp_path), n


@pytest.fixture(params=["sync", "async"])
def driver(request):
    """Reading with square brackets, and in a coroutine."""
    if request.param == "sync":
        return lambda array, selection: array[selection]
    return lambda array, selection: asyncio.run(array.async_array.getitem(selection))


@pytest.mark.parametrize("index_location", ["start", "end"])
def test_an_element_of_a_shard(kind, engine, driver, index_location):
    """The index and the inner chunk; and the index again, where a store cannot tell whether both are of one version."""
    store, expected = kind
    array = zarr.create_array(
        store, data=VALUES, chunks=10, shards={"shape": 500, "index_location": index_location}, compressors=None
    )
    for selection, element in ((7, 7), (slice(731, 732), [731])):
        before = n_requests(store)
        np.testing.assert_array_equal(driver(array, selection), element)
        assert n_requests(store) - before == expected


def test_an_element_that_no_inner_chunk_holds(kind, engine, driver):
    store, expected = kind
    array = zarr.create_array(store, shape=1000, dtype="i4", chunks=10, shards=500, fill_value=3)
    array[0] = 1
    for selection, n in ((499, expected - 1), (999, 1)):  # in a shard without it, and in none
        before = n_requests(store)
        assert driver(array, selection) == 3
        assert n_requests(store) - before == n


def test_an_element_of_a_chunk(kind, engine, driver):
    store, _ = kind
    array = zarr.create_array(store, data=VALUES, chunks=10)
    before = n_requests(store)
    assert driver(array, 7) == 7
    assert n_requests(store) - before == 1
