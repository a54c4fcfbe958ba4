"""Ray on this machine, with several worker processes, one of which is killed in the middle. See `make ray`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import ray

import zarr
from tests.suites.writers import Numbers, calls, numbers

pytestmark = [pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore")]
SHAPE = (60, 50)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    here = os.fspath(zarr.__path__[0]).removesuffix("/zarr")
    ray.init(
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        object_store_memory=80 * 2**20,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join([here, os.fspath(Path.cwd())])}},
    )
    yield ray
    ray.shutdown()


def test_a_plan_and_a_killed_worker(cluster, tmp_path):
    (tmp_path / "log").mkdir()
    array = zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(4, 6), shards=(8, 12), dtype="i8")
    plan, log = zarr.partition(array, target=1), os.fspath(tmp_path / "log")
    assert plan.run(ray, Numbers(SHAPE, log, killed_at=(24, 24)), max_retries=3) == len(plan) == 40
    times = calls(log)
    assert (tmp_path / "log" / "killed").exists()
    assert len(times) == 40
    assert times[24, 24] == 2
    assert sum(times.values()) == 41, "a worker of Ray has one task at a time"
    assert plan.finalize(ray).n_objects == 40
    assert (array[:] == numbers(SHAPE)).all()


def test_a_task_that_fails(cluster, tmp_path):
    plan = zarr.partition(zarr.create_array(tmp_path, shape=SHAPE, chunks=(20, 50), dtype="i8"), target=1)

    def failing(region):
        if region[0].start == 20:
            raise LookupError("of a task")
        return 1

    with pytest.raises(LookupError, match="of a task") as raised:
        plan.run(ray, failing, num_cpus=1)
    assert "<Task 1 of 3" in raised.value.__notes__[-1]
    assert plan.run(ray, lambda region: 1) >= 1
    plan.finalize(ray)
    assert (plan.array[:] == 1).all()
