"""Workers of plans that are killed in the middle: what they had not done is done again, nothing else is, and the result is exact."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

import zarr
from tests.suites.children import end_of_fork, in_a_fork
from tests.suites.writers import Numbers, calls, numbers
from zarr._flow import receipts

SHAPE = (40, 30)
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (5, 6)},
    "v3": {"chunks": (5, 6)},
    "sharded": {"chunks": (5, 3), "shards": (10, 6)},
}


@pytest.fixture(params=LAYOUTS)
def array(request, tmp_path, engine):
    (tmp_path / "log").mkdir()
    return zarr.create_array(tmp_path / "a", shape=SHAPE, dtype="i8", **LAYOUTS[request.param])


def pool():
    return ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("fork"))


def test_a_pool_whose_worker_is_killed(array, tmp_path):
    plan, log = zarr.partition(array, target=1), os.fspath(tmp_path / "log")
    function = Numbers(SHAPE, log, killed_at=(20, 12))
    with pool() as executor, pytest.raises(BrokenProcessPool) as raised:
        plan.run(executor, function)
    assert raised.value.__notes__[-1].startswith("A worker was lost that had one of the tasks of a plan")
    assert "with another executor if that one is broken" in raised.value.__notes__[-1]
    done = {tuple(axis.start for axis in task.region) for task in plan} - {
        tuple(axis.start for axis in task.region) for task in plan.missing()
    }
    assert done
    assert (20, 12) not in done
    with pool() as executor:
        assert plan.run(executor, function) == len(plan) - len(done)
        assert plan.finalize(executor).n_objects == len(plan)
    assert (array[:] == numbers(SHAPE)).all()
    times = calls(log)
    assert len(times) == len(plan)
    assert all(times[start] == 1 for start in done)
    assert sum(times.values()) <= len(plan) + 4, "four were under way"


def test_one_of_four_jobs_is_killed(array, tmp_path):
    """As an array of Slurm jobs: only its tasks run again."""
    plan, log = zarr.partition(array, target=1), os.fspath(tmp_path / "log")
    hers = plan[2 + 4 * 2]
    function = Numbers(SHAPE, log, killed_at=tuple(axis.start for axis in hers.region))

    def submit(share):
        return in_a_fork(lambda: zarr.partition(array, target=1).run_share(share, function, of=4))

    jobs = [submit(share) for share in range(4)]
    assert [end_of_fork(job) for job in jobs] == [0, 0, -signal.SIGKILL, 0]
    missing = plan.missing()
    assert {task.number % 4 for task in missing} == {2}
    assert hers in missing
    done = {tuple(axis.start for axis in task.region) for task in plan if task not in missing}
    with pytest.raises(zarr.errors.UnfinishedPlanError):
        plan.finalize()
    assert end_of_fork(submit(2)) == 0
    assert plan.finalize().n_objects == len(plan)
    assert (array[:] == numbers(SHAPE)).all()
    times = calls(log)
    assert all(times[start] == 1 for start in done)
    assert sum(times.values()) == len(plan) + 1


def test_killed_between_values_and_receipt(array, tmp_path):
    """The values are there, the task is not done, and doing it again changes nothing."""
    plan = zarr.partition(array, target=1)

    def job():
        receipts.Receipt.to_bytes = lambda self: os.kill(os.getpid(), signal.SIGKILL)
        plan[3].run(Numbers(SHAPE))

    assert end_of_fork(in_a_fork(job)) == -signal.SIGKILL
    assert (array[plan[3].region] == numbers(SHAPE)[plan[3].region]).all()
    assert len(plan.missing()) == len(plan)
    assert plan.run(None, Numbers(SHAPE)) == len(plan)
    plan.finalize()


def test_many_do_the_same_plan_at_once(array, tmp_path):
    """Whoever comes: each task is done, and some of them twice."""
    plan, log = zarr.partition(array, target=1), os.fspath(tmp_path / "log")
    jobs = [in_a_fork(lambda: zarr.partition(array, target=1).run(None, Numbers(SHAPE, log))) for _ in range(3)]
    assert [end_of_fork(job) for job in jobs] == [0, 0, 0]
    assert plan.missing() == []
    assert plan.finalize().n_objects == len(plan)
    assert (array[:] == numbers(SHAPE)).all()
