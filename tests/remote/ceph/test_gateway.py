"""A server that others have written, and that runs in production: what is true over the tests' own cloud is true over it."""

from __future__ import annotations

import warnings

import numpy as np
import obstore
import pytest

import zarr
from tests.remote.over_cloud import OverCloud
from tests.remote.races import Races
from tests.servers.clouds import obstore_over, store_over
from tests.suites.calls import buf, read
from tests.suites.threads import in_threads
from zarr._store.remote import client
from zarr._store.versioned import ABSENT
from zarr.storage import ObjectStore


class TestStores(OverCloud):
    pass


class TestNothingIsLost(Races):
    pass


def test_conditions_are_kept_whether_or_not_quotes_are_accepted(cloud, running):
    there = obstore_over(cloud)
    tag = obstore.put(there, "tried", b"x")["e_tag"]
    accepted = [condition for condition in (tag, tag.strip('"')) if _is_accepted(there, condition)]
    assert accepted == ([tag, tag.strip('"')] if running.accepts_quotes else [tag.strip('"')])
    store = store_over(cloud)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.put("a", buf(b"old"), expected=ABSENT)
    version = store.read("a").version
    assert store.put("a", buf(b"new"), expected=version)
    assert not store.put("a", buf(b"newer"), expected=version)
    assert not store.put("a", buf(b"newer"), expected=ABSENT)
    assert read(store, "a") == b"new"


def _is_accepted(there, tag):
    try:
        obstore.put(there, "tried", b"x", mode={"e_tag": tag})
    except obstore.exceptions.PreconditionError:
        return False
    return True


def test_a_value_that_is_sent_in_parts_can_be_replaced_in_part(cloud, engine, monkeypatch):
    """The answer to the last part has no ETag in it."""
    monkeypatch.setattr(client, "_MULTIPART_NBYTES", 2**20)
    monkeypatch.setattr(client, "_PART_NBYTES", 5 * 2**20)
    n = 12 * 2**20
    array = zarr.create_array(store_over(cloud), name="a", shape=n, chunks=n, dtype="u1", compressors=None)
    expected = np.arange(n, dtype="u1")
    array[:] = expected
    assert array.store.read("a/c/0").version.e_tag.strip('"').endswith("-3")
    array[5:7] = 0
    expected[5:7] = 0
    assert (array[:] == expected).all()


def test_readers_beside_a_writer_see_one_value_or_the_other(cloud, engine):
    """Who reads while an object is replaced is sometimes answered 500."""
    array = zarr.create_array(store_over(cloud), name="s", data=np.zeros(1000, "i4"), chunks=10, shards=1000)
    torn = []

    def write():
        for number in range(1, 40):
            array[:] = number

    def look():
        mine = zarr.open_array(store_over(cloud), path="s", mode="r")
        for _ in range(40):
            torn.extend(set(map(int, {len(set(mine[:].tolist()))})) - {1})

    in_threads([write, *[look] * 6])
    assert torn == []


def test_a_group_of_many_keys(cloud, engine):
    """More than a page of a listing, and more than one request deletes."""
    store = store_over(cloud)
    root = zarr.create_group(store)
    root.create_array("a", data=np.arange(1, 2501, dtype="i2"), chunks=1, compressors=None)
    root.create_array("b", data=[1, 2])
    assert len(list(store.list_keys("a/"))) == 2501
    assert sorted(root) == ["a", "b"]
    del root["a"]
    assert sorted(store.list_keys("")) == ["b/c/0", "b/zarr.json", "zarr.json"]


def test_who_has_the_wrong_key_is_told_and_nothing_is_a_fill_value(cloud, engine):
    zarr.create_array(store_over(cloud), name="a", data=[1, 2, 3])
    stranger = ObjectStore(obstore_over(cloud, secret_access_key="of somebody else"))
    with pytest.raises(PermissionError, match=r"s3://bucket/root.*403") as told:
        zarr.open_array(stranger, path="a")
    assert "of somebody else" not in str(told.value)
