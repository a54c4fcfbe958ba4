"""Plans of writers in a bucket: several processes, receipts, requests that go out together."""

from __future__ import annotations

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.writers import Numbers, numbers
from zarr.errors import UnfinishedPlanError

SHAPE = (12, 10)


@pytest.fixture(params=[{"zarr_format": 2, "chunks": (3, 4)}, {"chunks": (3, 4)}, {"chunks": (2, 2), "shards": (4, 4)}])
def array(request, cloud, engine):
    return zarr.create_array(store_over(cloud), name="a", shape=SHAPE, dtype="i8", **request.param)


def keys_of(cloud):
    return sorted(key for key in store_over(cloud).list_keys("a/") if "__zarr" in key)


def test_a_job_from_begin_to_end(cloud, array):
    plan = zarr.partition(array, target=1)
    assert plan.run_share(0, Numbers(SHAPE), of=2) + plan.run_share(1, Numbers(SHAPE), of=2) == len(plan)
    assert len(keys_of(cloud)) == len(plan) + 1
    assert plan.missing() == []
    assert plan.finalize().n_objects == len(plan)
    assert keys_of(cloud) == []
    assert (array[:] == numbers(SHAPE)).all()


def test_what_somebody_else_wrote_is_found(cloud, array):
    plan = zarr.partition(array, target=1)
    plan.run(None, Numbers(SHAPE))
    zarr.open_array(store_over(cloud), path="a")[0, 0] = -5
    with pytest.raises(UnfinishedPlanError) as raised:
        plan.finalize()
    assert raised.value.missing == (0,)
    assert plan.run(None, Numbers(SHAPE)) == 1
    plan.finalize()


def test_other_processes_write_and_find_what_is_done(cloud, array):
    plan = zarr.partition(array, target=1)
    plan[3].run(Numbers(SHAPE))
    again = zarr.partition(zarr.open_array(store_over(cloud), path="a"), target=1)
    assert again.fingerprint == plan.fingerprint
    assert not again[3].run(lambda region: 1 / 0)
    assert again.run(None, lambda region: np.zeros(())) == len(plan) - 1
