"""Batches, appenders and replacements beside each other, killed in the middle, and polled."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.safety.crowd import Processes, Threads, crowd, opened
from zarr.storage import LocalStore, MemoryStore, SQLiteStore

KILLS = 200 if PROFILE == "long" else 12


@pytest.fixture(params=["processes", "processes-sqlite", "threads-memory"])
def place(request, tmp_path):
    """Who works, and where: `(kind, store)`."""
    if request.param == "processes-sqlite":
        return Processes, SQLiteStore(tmp_path / "all.sqlite")
    if request.param == "processes":
        return Processes, LocalStore(tmp_path / "store")
    return Threads, MemoryStore()


def killed_in(seconds, work):
    """Fork a process, let it work for so long from the moment when it says that it has begun, and kill it."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work(lambda: os.write(tell, b"x"))
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(ready, "rb") as said:
        assert said.read(1) == b"x", "it did not come to its work"
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status), "it ended by itself"


# -- beside each other ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [None, (24, 10)])
def test_batches_of_several_into_the_same_chunks(place, engine, shards):
    kind, store = place
    n_workers, n_batches = 4, 6
    zarr.create_array(store, shape=(24, 60), chunks=(12, 10), shards=shards, dtype="i4")

    def write(worker):
        def work():
            mine = opened(store)
            for turn in range(1, n_batches + 1):
                with mine.batch() as b:
                    for row in range(worker, 24, n_workers):
                        b[row, turn % 2 :: 2] = turn
                        assert (b[row, turn % 2 :: 2] == turn).all()

        return work

    crowd(kind, [write(worker) for worker in range(n_workers)])
    seen = opened(store)[:]
    assert (seen[:, n_batches % 2 :: 2] == n_batches).all()
    assert (seen[:, 1 - n_batches % 2 :: 2] == n_batches - 1).all()


def test_appenders_of_several(place, engine):
    kind, store = place
    zarr.create_array(store, shape=(0, 3), chunks=(7, 3), dtype="i8")

    def work(worker):
        def append():
            with opened(store).appender() as w:
                for number in range(40):
                    w.append(np.full((1, 3), worker * 1000 + number))
                    if number % 9 == 0:
                        w.flush()

        return append

    def look():
        seen = opened(store)[:]
        assert (seen == seen[:, :1]).all()
        for worker in range(3):
            own = seen[seen[:, 0] // 1000 == worker + 1, 0] % 1000
            np.testing.assert_array_equal(own, np.arange(len(own)))

    crowd(kind, [work(worker) for worker in (1, 2, 3)], [look])
    assert len(opened(store)[:]) == 120


# -- killed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_killed_appender_leaves_complete_rows_only(zarr_format, tmp_path):
    moments = random.Random(zarr_format)
    store = LocalStore(tmp_path / "store")
    options = {"shards": (14, 5)} if zarr_format == 3 else {}
    zarr.create_array(store, shape=(0, 10), chunks=(7, 5), dtype="i8", zarr_format=zarr_format, **options)

    def work(begun):
        array, has_begun = opened(store), False
        with array.appender(max_memory=20_000) as w:
            for number in itertools.count(len(array)):
                w.append(np.full((1, 10), number))
                if w.n_written and not has_begun:
                    has_begun = begun()

    n_before = 0
    for _ in range(KILLS // 2):
        killed_in(moments.uniform(0, 0.03), work)
        rows = opened(store)[:]
        assert len(rows) > n_before
        n_before = len(rows)
        np.testing.assert_array_equal(rows, np.arange(len(rows))[:, None] * np.ones(10, int))
    with opened(store).appender() as w:
        w.append(np.full((1, 10), n_before))
    assert opened(store)[-1].tolist() == [n_before] * 10


def test_a_killed_batch_leaves_whole_objects(tmp_path):
    """Each of them is of one batch or the one before; nothing is torn, nothing else is there."""
    moments = random.Random(5)
    store = LocalStore(tmp_path / "store")
    zarr.create_array(store, shape=(8, 16), chunks=(8, 4), dtype="i8")

    def work(begun):
        array = opened(store)
        begun()
        for number in itertools.count(int(array[0].max())):  # what was begun is ended first
            with array.batch() as b:
                for row in range(7):
                    b[row] = number

    for _ in range(KILLS):
        killed_in(moments.uniform(0, 0.02), work)
        seen = opened(store)[:]
        assert not seen[7].any()
        assert (seen[:7] == seen[:1]).all()
        assert seen[0].max() - seen[0].min() <= 1
    assert not [key for key in store.list_keys("") if "__" in key]


def replaced(group, number):
    """Generation `number` of a node: a group with an array that has the number in all its chunks, or an array, by turns."""
    with group.replace("node") as new:
        if number % 2:
            made = new.create_group(attributes={"number": number}).create_array(
                "inside", shape=(6,), chunks=(2,), dtype="i8"
            )
        else:
            made = new.create_array(shape=(6 + number % 3,), chunks=(2,), dtype="i8", attributes={"number": number})
        made[:] = number + 1


def look_at(group):
    """The generation that is there, wholly. It is looked at again afterwards, as what is read meanwhile can be of the next one."""
    for _ in range(1000):
        try:
            node = group["node"]
            number = node.attrs["number"]
            elements = (node["inside"] if isinstance(node, zarr.Group) else node)[:]
            again = group["node"].attrs["number"]
        except (KeyError, ValueError, OSError):
            again = None  # of the group that was there, what is inside is gone with it
            assert "node" in group, "neither the old nor the new"
        if again is not None and again == number:
            assert set(elements.tolist()) == {number + 1}
            assert len(elements) == (6 if number % 2 else 6 + number % 3)
            return number
    raise AssertionError("it was replaced all the time")


def test_who_polls_sees_the_old_or_the_new(place, engine):
    kind, store = place
    replaced(zarr.create_group(store), 0)

    def replace():
        group = zarr.open_group(store, mode="r+")
        for number in range(1, 40):
            replaced(group, number)

    seen = [0]

    def look():
        seen.append(look_at(zarr.open_group(store, mode="r")))
        assert seen[-1] >= seen[-2]

    crowd(kind, [replace], [look])
    assert look_at(zarr.open_group(store, mode="r")) == 39


@pytest.mark.parametrize("place_of", ["local", "sqlite"])
def test_killed_while_it_replaces(place_of, tmp_path):
    moments = random.Random(place_of)
    store = LocalStore(tmp_path / "store") if place_of == "local" else SQLiteStore(tmp_path / "all.sqlite")
    replaced(zarr.create_group(store), 0)
    n_kills = 1000 if PROFILE == "long" else KILLS
    last = 0

    def work(begun):
        group = zarr.open_group(store, mode="r+")
        replaced(group, last + 1)
        begun()
        for number in itertools.count(last + 2):
            replaced(group, number)

    for _ in range(n_kills):
        killed_in(moments.uniform(0, 0.03), work)
        number = look_at(zarr.open_group(store, mode="r"))
        assert number > last
        last = number
    replaced(zarr.open_group(store, mode="r+"), last + 1)
    list(store.list_keys(""))
    assert not [path for path in tmp_path.rglob("*") if "__zarr" in path.name], "what the dead left is swept"
