"""Several processes change the same objects at once: no change is lost, and none counts twice. For each server to subclass."""

from __future__ import annotations

import multiprocessing
import traceback

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.servers.running import RunningCloud
from zarr.errors import ContainsArrayError

PATIENCE_S = 600


def _work(function, ready, problems, *args):
    try:
        ready.wait(PATIENCE_S)
        function(*args)
    except BaseException:  # noqa: BLE001  # the parent shows it
        problems.put(traceback.format_exc())


def in_processes(function, arguments):
    """Call a function in processes that begin together; what goes wrong in one fails the test."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.remote.preloaded"])
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


def _write_mine(port, kind, engine, number, n_writes):
    array = _array(port, kind, engine)
    for i in range(n_writes):
        array[number * n_writes + i] = number + 1


def _name_mine(port, kind, number, n_writes):
    group = zarr.open_group(store_over(RunningCloud(port), kind), path="g")
    for i in range(n_writes):
        group.attrs[f"{number}-{i}"] = i


def _append_mine(port, kind, engine, number, n_appends):
    array = _array(port, kind, engine)
    for i in range(n_appends):
        array.append(np.full(3, number * n_appends + i + 1))


def _create_all(port, kind, zarr_format, number, n_rounds, won):
    store = store_over(RunningCloud(port), kind)
    for i in range(n_rounds):
        try:
            zarr.create_array(
                store, name=f"r{i}", shape=3, dtype="i4", attributes={"by": number}, zarr_format=zarr_format
            )
        except ContainsArrayError:
            pass
        else:
            won.put((i, number))


class Races:
    """What has to be true however many write: a fixture `cloud`, a server with an empty bucket, has to be there.

    Attributes
    ----------
    n_processes, n_writes, n_appends
        How many write, and how often each of them.
    n_creators, n_rounds
        How many create the same arrays, and how many arrays.
    """

    n_processes = 4
    n_writes, n_appends = 100, 25
    n_creators, n_rounds = 16, 20

    @pytest.fixture
    def kind(self):
        return "s3"

    def clear_up(self, cloud):
        """What is looked at in the end is looked at without troubles."""

    def together(self, function, *given):
        in_processes(function, [(*given[:-1], number, given[-1]) for number in range(self.n_processes)])

    @pytest.mark.parametrize("is_sharded", [False, True], ids=["chunk", "shard"])
    def test_writes_to_parts_of_one_object(self, cloud, kind, engine, is_sharded):
        n = self.n_processes * self.n_writes
        sizes = {"chunks": 4, "shards": n} if is_sharded else {"chunks": n}
        array = zarr.create_array(store_over(cloud, kind), name="a", shape=n, dtype="i4", **sizes)
        self.together(_write_mine, cloud.port, kind, engine, self.n_writes)
        self.clear_up(cloud)
        assert (array[:] == np.repeat(np.arange(1, self.n_processes + 1), self.n_writes)).all()

    def test_attributes_of_one_group(self, cloud, kind):
        zarr.create_group(store_over(cloud, kind), path="g")
        self.together(_name_mine, cloud.port, kind, self.n_writes)
        self.clear_up(cloud)
        found = zarr.open_group(store_over(cloud, kind), path="g").attrs.asdict()
        assert found == {f"{number}-{i}": i for number in range(self.n_processes) for i in range(self.n_writes)}

    def test_appends_to_one_array(self, cloud, kind, engine):
        store = store_over(cloud, kind)
        zarr.create_array(store, name="a", shape=0, chunks=7, dtype="i8")
        self.together(_append_mine, cloud.port, kind, engine, self.n_appends)
        self.clear_up(cloud)
        found = zarr.open_array(store, path="a")[:].reshape(-1, 3)
        assert (found == found[:, :1]).all()
        assert sorted(found[:, 0]) == list(range(1, self.n_processes * self.n_appends + 1))

    def test_of_racing_creations_one_wins(self, cloud, kind, zarr_format):
        won = multiprocessing.get_context("forkserver").Queue()
        in_processes(
            _create_all,
            [(cloud.port, kind, zarr_format, number, self.n_rounds, won) for number in range(self.n_creators)],
        )
        self.clear_up(cloud)
        winners = sorted(won.get(timeout=30) for _ in range(self.n_rounds))
        assert won.empty()
        arrays = (zarr.open_array(store_over(cloud, kind), path=f"r{i}") for i in range(self.n_rounds))
        assert winners == [(i, array.attrs["by"]) for i, array in enumerate(arrays)]
