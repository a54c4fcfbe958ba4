"""Verifying, repairing and comparing what is in a bucket, where nothing is deleted on condition."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.damage import FAULTS, healthy
from zarr.buffer.cpu import Buffer


def put_all(cloud, objects):
    store = store_over(cloud)
    for key, value in objects.items():
        store.set_sync(key, Buffer.from_bytes(value))
    return store


def part_of(objects, *paths):
    return {key: value for key, value in objects.items() if key.startswith(paths) or key == "zarr.json"}


@pytest.mark.parametrize("name", ["torn_shard", "truncated_shard_with_its_index_first", "chunk_of_a_wrong_size"])
def test_faults_are_found_and_mended(name, cloud, engine):
    objects = dict(healthy())
    key = FAULTS[name][1](objects, np.random.default_rng(5))
    path = key.rpartition("/c/")[0]
    store = put_all(cloud, part_of(objects, f"{path}/", "g/zarr.json"))
    found = zarr.verify(store, path=path)
    assert found.kinds.keys() == {FAULTS[name][0]}
    mended = zarr.verify(store, path=path, repair=True)
    assert len(mended.repairs) == 1
    assert zarr.verify(store, path=path).kinds.keys() == {"lost-chunk"}
    assert zarr.verify(store, path=path, repair=True).repairs == ()
    zarr.open_array(store, path=path)[...]


def test_the_same_is_the_same_everywhere(cloud):
    here = zarr.storage.MemoryStore({key: Buffer.from_bytes(value) for key, value in healthy().items()})
    there = put_all(cloud, part_of(healthy(), "g/shards/", "g/raw/"))
    for path in ("g/shards", "g/raw"):
        assert not zarr.diff(zarr.open_array(here, path=path), zarr.open_array(there, path=path))
        left, right = (zarr.stat(store, path=path).arrays[""] for store in (here, there))
        assert left.to_dict() == right.to_dict()
    assert zarr.verify(there, path="g/shards").ok
