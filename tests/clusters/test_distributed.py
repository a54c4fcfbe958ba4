"""A cluster of Dask on this machine, of several worker processes, one of which is killed in the middle: what is stored is exact."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import dask
import dask.array
import numpy as np
import pytest
from distributed import Client, LocalCluster

import zarr
from tests.suites.writers import Fatal, Numbers, calls, numbers

pytestmark = [
    pytest.mark.timeout(120),
    # Of Dask's own, where a worker dies and a cluster ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*:UserWarning:distributed"),
]
SHAPE = (60, 50)


@pytest.fixture(scope="module")
def client():
    configuration = {
        "distributed.scheduler.allowed-failures": 10,
        "distributed.comm.timeouts.connect": "30s",
        "distributed.worker.daemon": False,
    }
    with dask.config.set(configuration):
        with (
            LocalCluster(
                n_workers=3,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
                silence_logs=50,
            ) as cluster,
            Client(cluster) as connected,
        ):
            yield connected


def killing_once(block, marker):
    """A block as it is; whoever gets the first one that says so kills its process."""
    if block.size and block.flat[0] == numbers(SHAPE)[20, 0]:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return block
        os.kill(os.getpid(), signal.SIGKILL)
    return block


@pytest.mark.parametrize("options", [{"chunks": (4, 6), "shards": (16, 12)}, {"zarr_format": 2, "chunks": (8, 6)}])
def test_a_killed_worker_and_blocks_that_do_not_fit(client, tmp_path, options):
    target = zarr.create_array(tmp_path / "a", shape=SHAPE, dtype="i8", **options)
    lazy = dask.array.from_array(numbers(SHAPE), chunks=(10, 11))
    lazy = lazy.map_blocks(killing_once, os.fspath(tmp_path / "killed"), dtype="i8")
    dask.array.store(lazy, target, lock=False)
    assert (tmp_path / "killed").exists()
    assert (target[:] == numbers(SHAPE)).all()
    assert int(dask.array.from_zarr(target, chunks=(13, 50)).sum().compute()) == numbers(SHAPE).sum()


def test_a_plan_and_a_killed_worker(client, tmp_path):
    (tmp_path / "log").mkdir()
    array = zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(4, 6), shards=(8, 12), dtype="i8")
    plan = zarr.partition(array, target=1)
    log = os.fspath(tmp_path / "log")
    assert plan.run(client, Numbers(SHAPE, log, killed_at=(24, 24))) == len(plan) == 40
    assert (tmp_path / "log" / "killed").exists()
    times = calls(log)
    assert len(times) == 40
    assert sum(times.values()) <= 40 + 3, "no more than was under way on the worker that died"
    assert times[24, 24] == 2
    assert plan.finalize(client).n_objects == 40
    assert (array[:] == numbers(SHAPE)).all()


@pytest.mark.parametrize("room", [60 * 12 * 8, 60 * 5 * 8], ids=["direct", "temporary"])
def test_rechunking_and_a_killed_worker(client, tmp_path, room, monkeypatch):
    zarr.create_array(tmp_path / "a", data=numbers(SHAPE), chunks=(3, 50))
    source = zarr.open_array(Fatal(zarr.storage.LocalStore(tmp_path / "a"), "c/7/0", os.fspath(tmp_path / "killed")))
    monkeypatch.setattr("zarr._faces.rechunk._room", lambda *_: room)
    made = zarr.rechunk(source, tmp_path / "b", chunks=(60, 5), client=client, client_options={"retries": 2})
    assert (tmp_path / "killed").exists()
    assert (made[:] == numbers(SHAPE)).all()
    assert zarr.verify(tmp_path / "b").ok
    assert not [path for path in (tmp_path / "b").rglob("*") if "__zarr" in path.name]


def test_options_and_failures(client, tmp_path):
    array = zarr.create_array(tmp_path, shape=SHAPE, chunks=(20, 50), dtype="i8")
    plan = zarr.partition(array, target=1)

    def failing(region):
        raise LookupError("of a task")

    with pytest.raises(LookupError, match="of a task") as raised:
        plan.run(client, failing)
    assert "<Task" in raised.value.__notes__[-1]
    assert plan.run(client, lambda region: np.ones((20, 50)), retries=2) == 3
    plan.finalize(client)
    assert (array[:] == 1).all()


def test_tokens_are_deterministic_where_arrays_are_sent(client, tmp_path):
    array = zarr.create_array(tmp_path, data=numbers(SHAPE), chunks=(20, 50))
    one, other = dask.array.from_zarr(array), dask.array.from_zarr(zarr.open_array(tmp_path))
    assert one.name == other.name
    assert client.submit(lambda held: dask.base.tokenize(held), array).result() == dask.base.tokenize(array)
