"""What is written to a bucket here is read by TensorStore, and what that writes is read here; archives in buckets; Dask."""

from __future__ import annotations

import dask.array
import numpy as np
import obstore
import pytest
import tensorstore

import zarr
from tests.servers.clouds import BUCKET, obstore_over, store_over
from zarr.storage import ZipStore

DATA = np.arange(60 * 50, dtype="i4").reshape(60, 50)


def in_bucket(cloud, path):
    """A place in the bucket, for TensorStore."""
    return {
        "driver": "s3",
        "bucket": BUCKET,
        "path": f"root/{path}",
        "endpoint": cloud.url,
        "aws_region": "us-east-1",
        "aws_credentials": {"type": "anonymous"},
    }


def at(cloud, path, driver):
    """An array in the bucket."""
    return {"driver": driver, "kvstore": in_bucket(cloud, f"{path}/")}


LAYOUTS = pytest.mark.parametrize(
    ("options", "driver"),
    [({}, "zarr3"), ({"shards": (30, 50)}, "zarr3"), ({"zarr_format": 2}, "zarr")],
    ids=["v3", "shards", "v2"],
)


@LAYOUTS
def test_it_reads_what_was_written_here(cloud, engine, options, driver):
    array = zarr.create_array(store_over(cloud), name="a", data=DATA, chunks=(10, 25), **options)
    array[5:15, 20:30] = -1
    array.append(np.ones((7, 50)))
    expected = np.concatenate([DATA, np.ones((7, 50), "i4")])
    expected[5:15, 20:30] = -1
    found = tensorstore.open(at(cloud, "a", driver)).result()
    assert (found.read().result() == expected).all()
    found[0, 0] = 77
    assert array[0, 0] == 77


def test_what_it_writes_is_read_here(cloud, engine):
    made = tensorstore.open(
        at(cloud, "a", "zarr3"),
        create=True,
        dtype=tensorstore.int32,
        shape=DATA.shape,
        chunk_layout=tensorstore.ChunkLayout(chunk_shape=(10, 25)),
    ).result()
    made.write(DATA).result()
    array = zarr.open_array(store_over(cloud), path="a")
    assert (array[:] == DATA).all()
    array[3:5] = 0
    assert (made[3:5].read().result() == 0).all()
    assert (made[5:].read().result() == DATA[5:]).all()


@pytest.mark.parametrize("compression", ["stored", "deflated"])
@LAYOUTS
def test_both_read_an_archive_in_a_bucket(cloud, engine, tmp_path, options, driver, compression):
    with ZipStore(tmp_path / "a.zip", mode="w", compression={"stored": 0, "deflated": 8}[compression]) as store:
        array = zarr.create_array(store, name="g/x", data=DATA, chunks=(10, 25), **options)
        array[5:15, 20:30] = -1
        expected = array[:]
    bucket = obstore_over(cloud)
    obstore.put(bucket, "a.zip", (tmp_path / "a.zip").read_bytes())
    archive = {"driver": "zip", "base": in_bucket(cloud, "a.zip"), "path": "g/x/"}
    found = tensorstore.open({"driver": driver, "kvstore": archive}).result()
    assert (found.read().result() == expected).all()
    with ZipStore(obstore.open_reader(bucket, "a.zip"), mode="r") as store:
        assert (zarr.open_array(store, path="g/x")[:] == expected).all()


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
@LAYOUTS
def test_dask_reads_and_writes_in_a_bucket(cloud, engine, options, driver, scheduler):
    lazy = dask.array.from_array(DATA, chunks=options.get("shards", (10, 25)))
    array = zarr.create_array(store_over(cloud), name="x", shape=DATA.shape, dtype="i4", chunks=(10, 25), **options)
    with dask.config.set(scheduler=scheduler):
        lazy.to_zarr(array)
        (lazy * 2).to_zarr(store_over(cloud), component="twice")
        assert (dask.array.from_zarr(store_over(cloud), component="x").compute() == DATA).all()
        assert (dask.array.from_zarr(obstore_over(cloud), component="twice").compute() == 2 * DATA).all()
    found = tensorstore.open(at(cloud, "x", driver)).result()
    assert (found.read().result() == DATA).all()
