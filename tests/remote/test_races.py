"""Several processes change the same objects at once, over a net that loses replies: no change is lost, and none counts twice."""

from __future__ import annotations

import multiprocessing
import traceback

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.remote.clouds import store_over
from tests.servers.running import RunningCloud
from zarr.errors import ContainsArrayError

IS_LONG = PROFILE == "long"
N_PROCESSES = 4
N_WRITES = 100 if IS_LONG else 12
N_APPENDS = 25 if IS_LONG else 5
N_CREATORS, N_ROUNDS = (16, 20) if IS_LONG else (6, 5)
PATIENCE_S = 600 if IS_LONG else 100


@pytest.fixture(params=["s3", "gs", "az"] if IS_LONG else ["s3"])
def kind(request):
    return request.param


@pytest.fixture(params=["calm", "losing replies"] if IS_LONG else ["losing replies"])
def weather(request, cloud):
    """What the net is like."""
    if request.param == "losing replies":
        for number, how in enumerate(("late", "lose", "refuse")):
            cloud.fail(how, rate=0.05 / 3, seed=number)
    return request.param


def _work(function, ready, problems, *args):
    try:
        ready.wait(PATIENCE_S)
        function(*args)
    except BaseException:  # noqa: BLE001  # the parent shows it
        problems.put(traceback.format_exc())


def in_processes(function, arguments):
    """Call a function in processes that begin together; what goes wrong in one fails the test."""
    context = multiprocessing.get_context("spawn")
    problems = context.Queue()
    ready = context.Barrier(len(arguments))
    processes = [context.Process(target=_work, args=(function, ready, problems, *each)) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)
    assert [process.exitcode for process in processes] == [0] * len(processes)
    assert problems.empty(), problems.get()


def _array(port, kind, engine):
    with zarr.config.set({"engine": engine}):
        return zarr.open_array(store_over(RunningCloud(port), kind), path="a")


def _write_mine(port, kind, engine, number):
    array = _array(port, kind, engine)
    for i in range(N_WRITES):
        array[number * N_WRITES + i] = number + 1


def _name_mine(port, kind, number):
    group = zarr.open_group(store_over(RunningCloud(port), kind), path="g")
    for i in range(N_WRITES):
        group.attrs[f"{number}-{i}"] = i


def _append_mine(port, kind, engine, number):
    array = _array(port, kind, engine)
    for i in range(N_APPENDS):
        array.append(np.full(3, number * N_APPENDS + i + 1))


def _create_all(port, kind, zarr_format, number, won):
    store = store_over(RunningCloud(port), kind)
    for i in range(N_ROUNDS):
        try:
            zarr.create_array(
                store, name=f"r{i}", shape=3, dtype="i4", attributes={"by": number}, zarr_format=zarr_format
            )
        except ContainsArrayError:
            pass
        else:
            won.put((i, number))


@pytest.mark.usefixtures("weather")
class TestNothingIsLost:
    @pytest.mark.parametrize("shards", [None, N_PROCESSES * N_WRITES], ids=["chunk", "shard"])
    def test_writes_to_parts_of_one_object(self, cloud, kind, engine, shards):
        n = N_PROCESSES * N_WRITES
        chunks = n if shards is None else 4
        array = zarr.create_array(store_over(cloud, kind), name="a", shape=n, chunks=chunks, shards=shards, dtype="i4")
        in_processes(_write_mine, [(cloud.port, kind, engine, number) for number in range(N_PROCESSES)])
        cloud.fail()
        assert (array[:] == np.repeat(np.arange(1, N_PROCESSES + 1), N_WRITES)).all()

    def test_attributes_of_one_group(self, cloud, kind):
        zarr.create_group(store_over(cloud, kind), path="g")
        in_processes(_name_mine, [(cloud.port, kind, number) for number in range(N_PROCESSES)])
        cloud.fail()
        found = zarr.open_group(store_over(cloud, kind), path="g").attrs.asdict()
        assert found == {f"{number}-{i}": i for number in range(N_PROCESSES) for i in range(N_WRITES)}

    def test_appends_to_one_array(self, cloud, kind, engine):
        store = store_over(cloud, kind)
        zarr.create_array(store, name="a", shape=0, chunks=7, dtype="i8")
        in_processes(_append_mine, [(cloud.port, kind, engine, number) for number in range(N_PROCESSES)])
        cloud.fail()
        found = zarr.open_array(store, path="a")[:].reshape(-1, 3)
        assert (found == found[:, :1]).all()
        assert sorted(found[:, 0]) == list(range(1, N_PROCESSES * N_APPENDS + 1))

    def test_of_racing_creations_one_wins(self, cloud, kind, zarr_format):
        won = multiprocessing.get_context("spawn").Queue()
        in_processes(_create_all, [(cloud.port, kind, zarr_format, number, won) for number in range(N_CREATORS)])
        cloud.fail()
        winners = sorted(won.get(timeout=30) for _ in range(N_ROUNDS))
        assert won.empty()
        arrays = (zarr.open_array(store_over(cloud, kind), path=f"r{i}") for i in range(N_ROUNDS))
        assert winners == [(i, array.attrs["by"]) for i, array in enumerate(arrays)]
