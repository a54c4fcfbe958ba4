"""A server for S3 that others wrote understands what is asked of it, by obstore and by s3fs.

No races: moto compares and stores in two steps.
"""

from __future__ import annotations

import dask.array
import numpy as np
import pytest

import zarr
from tests.remote.over_cloud import OverCloud
from tests.servers.clouds import BUCKET, store_over
from tests.servers.others import KEYS
from tests.suites.calls import buf, collect, get, put, read, run
from tests.suites.threads import in_threads
from zarr._store.remote import client
from zarr._store.versioned import ABSENT
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.storage import FsspecStore, ZipStore

STRANGE = ["a b", "a+b", "a%20b", "ü", "😀", "a&b=c", "a'b", 'a"b', "a~b", "x/y z", "(a)", "a!b", "a,b;c", "a@b:c"]


class TestStores(OverCloud):
    pass


def options_for(cloud):
    """What s3fs has to know."""
    return {
        "key": KEYS["access_key_id"],
        "secret": KEYS["secret_access_key"],
        "client_kwargs": {"endpoint_url": cloud.url, "region_name": "us-east-1"},
    }


def by_s3fs(cloud):
    """A store over the same bucket."""
    return FsspecStore.from_url(f"s3://{BUCKET}/root", storage_options=options_for(cloud))


@pytest.fixture(params=[store_over, by_s3fs], ids=["obstore", "s3fs"])
def store(request, cloud):
    return request.param(cloud)


@pytest.fixture
def many(store):
    """More keys, and more names, than a page of a listing has."""
    keys = [f"many/{i:04}/c" for i in range(1100)]
    share = len(keys) // 8 + 1

    def put_some(first):
        for key in keys[first : first + share]:
            put(store, key, b"x")

    in_threads([lambda first=first: put_some(first) for first in range(0, len(keys), share)])
    put(store, "many/0000/d/e", b"x")
    put(store, "manyfold", b"x")
    return keys


def test_listings_go_on_behind_their_first_page(store, many):
    assert sorted(collect(store.list())) == sorted([*many, "many/0000/d/e", "manyfold"])
    assert sorted(collect(store.list_prefix("many/"))) == sorted([*many, "many/0000/d/e"])
    assert sorted(collect(store.list_dir("many"))) == [f"{i:04}" for i in range(1100)]
    assert sorted(collect(store.list_dir("many/0000"))) == ["c", "d"]
    assert sorted(collect(store.list_dir(""))) == ["many", "manyfold"]
    run(store.delete_dir("many"))
    assert collect(store.list()) == ["manyfold"]


def test_keys_of_all_kinds(store):
    for number, key in enumerate(STRANGE):
        put(store, f"d/{key}", b"%d" % number)
    assert sorted(collect(store.list_prefix("d/"))) == sorted(f"d/{key}" for key in STRANGE)
    assert [get(store, f"d/{key}") for key in STRANGE] == [b"%d" % number for number in range(len(STRANGE))]
    run(store.delete_dir("d"))
    assert collect(store.list()) == []


def test_parts_of_objects(store):
    put(store, "a", b"0123456789")
    put(store, "empty", b"")
    asked = [RangeByteRequest(2, 5), OffsetByteRequest(7), SuffixByteRequest(3), SuffixByteRequest(50), None]
    assert [get(store, "a", part) for part in asked] == [
        b"234",
        b"789",
        b"789",
        b"0123456789",
        b"0123456789",
    ]
    for part in (SuffixByteRequest(3), OffsetByteRequest(0), OffsetByteRequest(5), None):
        assert get(store, "empty", part) == b""
    assert get(store, "a", OffsetByteRequest(10)) == b""
    assert get(store, "absent", SuffixByteRequest(3)) is None


def test_arrays_and_groups(store, engine, zarr_format):
    root = zarr.create_group(store, zarr_format=zarr_format, attributes={"a": 1})
    data = np.arange(60 * 50, dtype="i4").reshape(60, 50)
    shards = (40, 50) if zarr_format == 3 else None
    array = root.create_array("g/x", data=data, chunks=(20, 25), shards=shards)
    array[5:15, 20:30] = -1
    array.append(np.ones((7, 50), "i4"))
    array.attrs["units"] = "m"
    expected = np.concatenate([data, np.ones((7, 50), "i4")])
    expected[5:15, 20:30] = -1
    found = zarr.open_group(store, mode="r")["g/x"]
    assert (found[:] == expected).all()
    assert (found[50:62, 3] == expected[50:62, 3]).all()
    assert found.attrs.asdict() == {"units": "m"}
    del root["g"]
    assert sorted(root) == []


def test_what_one_library_wrote_the_other_reads(cloud, engine):
    stores = store_over(cloud), by_s3fs(cloud)
    for here, there in (stores, stores[::-1]):
        zarr.create_array(here, name="a", data=np.arange(100), chunks=10, shards=50, overwrite=True)[3:5] = 0
        found = zarr.open_array(there, path="a")
        found[7] = 0
        assert zarr.open_array(here, path="a")[:9].tolist() == [0, 1, 2, 0, 0, 5, 6, 0, 8]


def test_a_url_with_options_is_either(cloud):
    options, names = options_for(cloud), []
    for backend in ("obstore", "fsspec"):
        with zarr.config.set({"storage.backend": backend}):
            array = zarr.create_array(f"s3://{BUCKET}/{backend}", data=[1, 2, 3], storage_options=options)
            assert array[:].tolist() == [1, 2, 3]
            names.append(type(array.store).__name__)
    assert names == ["ObjectStore", "FsspecStore"]


def test_options_choose_what_is_safe_if_it_can_have_them(cloud):
    """Both libraries are installed here."""
    zarr.create_array(f"s3://{BUCKET}/a", data=[1, 2, 3], storage_options=options_for(cloud))
    for more, name in (
        ({}, "ObjectStore"),
        ({"default_fill_cache": False}, "ObjectStore"),
        ({"s3_additional_kwargs": {}}, "FsspecStore"),
    ):
        array = zarr.open_array(f"s3://{BUCKET}/a", mode="r", storage_options={**options_for(cloud), **more})
        assert array[:].tolist() == [1, 2, 3]
        assert type(array.store).__name__ == name
        assert ("no word for 's3_additional_kwargs'" in repr(array.store)) is (name == "FsspecStore")


def test_dask_reads_and_writes_at_a_url(cloud, engine):
    options = options_for(cloud)
    lazy = dask.array.from_array(np.arange(60).reshape(6, 10), chunks=(2, 5))
    lazy.to_zarr(f"s3://{BUCKET}/root", component="a/b", storage_options=options)
    found = dask.array.from_zarr(f"s3://{BUCKET}/root", component="a/b", storage_options=options)
    assert (found.compute() == np.arange(60).reshape(6, 10)).all()
    assert zarr.open_array(store_over(cloud), path="a/b").chunks == (2, 5)


@pytest.mark.parametrize("backend", ["auto", "fsspec"])
def test_an_archive_in_a_bucket(cloud, engine, tmp_path, backend):
    with ZipStore(tmp_path / "a.zip", mode="w") as store:
        zarr.create_array(store, name="g/x", data=np.arange(100), chunks=10, shards=50)
    put(store_over(cloud), "a.zip", (tmp_path / "a.zip").read_bytes())
    options = {"s3": options_for(cloud)}
    with zarr.config.set({"storage.backend": backend}):
        found = zarr.open_array(f"zip::s3://{BUCKET}/root/a.zip", path="g/x", mode="r", storage_options=options)
    assert found[:].tolist() == [*range(100)]
    assert type(found.store) is ZipStore
    assert ("ObjectStore" in repr(found.store)) is (backend == "auto")
    lazy = dask.array.from_zarr(f"zip::s3://{BUCKET}/root/a.zip", component="g/x", storage_options=options)
    assert lazy.sum().compute() == 4950


def test_conditions(cloud):
    store = store_over(cloud)
    assert store.put("a", buf(b"old"), expected=ABSENT)
    version = store.read("a").version
    assert store.put("a", buf(b"new"), expected=version)
    assert not store.put("a", buf(b"newer"), expected=version)
    assert not store.put("a", buf(b"newer"), expected=ABSENT)
    assert read(store, "a") == b"new"


def test_a_value_in_many_parts(cloud, engine, monkeypatch):
    monkeypatch.setattr(client, "_MULTIPART_NBYTES", 2**20)
    monkeypatch.setattr(client, "_PART_NBYTES", 5 * 2**20)
    n = 17 * 2**20
    array = zarr.create_array(store_over(cloud), name="a", shape=n, chunks=n, dtype="u1", compressors=None)
    expected = np.arange(n, dtype="u1")
    array[:] = expected
    assert array.store.read("a/c/0").version.e_tag.strip('"').endswith("-4")
    array[5:7] = 0
    expected[5:7] = 0
    assert (array[:] == expected).all()


def test_a_key_that_is_not_there_may_be_deleted_with_others(cloud):
    store = store_over(cloud)
    put(store, "a", b"x")
    store._client.delete_many(["a", "absent"])
    assert list(store.list_keys("")) == []
