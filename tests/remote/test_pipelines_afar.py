"""Somebody else's codec pipeline over a bucket: what goes through the places that it is handed is changed on condition."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites import pipelines
from tests.suites.threads import in_threads

SHAPE = (6, 8)


@pytest.fixture(params=["Recording", "Nothing"], autouse=True)
def handed_over(request):
    with zarr.config.set({"codec_pipeline.path": f"tests.suites.pipelines.{request.param}"}):
        yield request.param


def test_reading_and_writing(store):
    array = zarr.create_array(store, name="a/b", shape=SHAPE, chunks=(4, 4), shards=None, dtype="i4")
    model = np.arange(48).reshape(SHAPE)
    array[:] = model
    array[1:5, 2:7] = model[1:5, 2:7] = 0
    assert np.array_equal(array[:], model)
    assert np.array_equal(asyncio.run(array.async_array.getitem(np.s_[::-1, 3])), model[::-1, 3])
    array[:] = 0
    assert array.nchunks_initialized == 0


def test_writers_on_several_machines_lose_nothing(cloud, kind):
    """Each has a store object of its own: only versions keep them apart."""
    zarr.create_array(store_over(cloud, kind), shape=12, chunks=12, dtype="i4")

    def write(number):
        array = zarr.open_array(store_over(cloud, kind), mode="r+")
        array[number] = number + 1
        array[number + 6] = 0
        array[number + 6] = number + 7

    in_threads([lambda number=number: write(number) for number in range(6)])
    assert zarr.open_array(store_over(cloud, kind))[:].tolist() == list(range(1, 13))


def test_what_empties_a_chunk_is_not_removed_on_nobodys_word(cloud, kind):
    """No store removes on condition: elements that somebody else wrote meanwhile would go with the chunk."""
    stores = store_over(cloud, kind), store_over(cloud, kind)
    array = zarr.create_array(stores[0], shape=2, chunks=2, dtype="i4")
    array[0] = 5
    array[0] = 0
    if stores[0].capabilities.removes_conditionally:
        assert array.nchunks_initialized == 0
    else:
        assert array.nchunks_initialized == 1
    assert array[:].tolist() == [0, 0]


def test_calls_are_recorded_once_where_nobody_is_in_the_way(store, handed_over):
    array = zarr.create_array(store, shape=4, chunks=4, dtype="i4")
    pipelines.Recording.calls.clear()
    array[1] = 1
    assert len(pipelines.Recording.calls) == (handed_over == "Recording")
