"""What is written to a bucket here is read by TensorStore, and what that writes is read here."""

from __future__ import annotations

import numpy as np
import pytest
import tensorstore

import zarr
from tests.remote.clouds import BUCKET, store_over

DATA = np.arange(60 * 50, dtype="i4").reshape(60, 50)


def at(cloud, path, driver):
    """An array in the bucket, for TensorStore."""
    return {
        "driver": driver,
        "kvstore": {
            "driver": "s3",
            "bucket": BUCKET,
            "path": f"root/{path}/",
            "endpoint": cloud.url,
            "aws_region": "us-east-1",
            "aws_credentials": {"type": "anonymous"},
        },
    }


@pytest.mark.parametrize(
    ("options", "driver"),
    [({}, "zarr3"), ({"shards": (30, 50)}, "zarr3"), ({"zarr_format": 2}, "zarr")],
    ids=["v3", "shards", "v2"],
)
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
