"""An SQLite file, and processes that race on it or are killed: nothing is lost, and nothing is torn.

What threads and processes do to one array is in `test_processes.py`, where this store takes part.
"""

import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

import zarr
from tests.safety.crowd import Processes, Threads, crowd, opened
from tests.suites.children import end_of_child
from zarr.storage import SQLiteStore


@pytest.fixture(params=[True, False], ids=["wal", "no-wal"])
def store(request, tmp_path):
    return SQLiteStore(tmp_path / "all.sqlite", wal=request.param)


def test_processes_at_one_chunk_one_shard_one_document_and_one_end(store):
    n_workers, n_writes = 4, 100
    group = zarr.create_group(store)
    group.create_array("chunk", shape=(n_workers, n_writes), chunks=(n_workers, n_writes), dtype="i4")
    group.create_array("shard", shape=(n_workers, n_writes), chunks=(1, 25), shards=(n_workers, n_writes), dtype="i4")
    group.create_array("log", shape=0, chunks=7, dtype="i4")

    def work(me):
        def change():
            mine = zarr.open_group(store, mode="r+")
            chunk, shard, log = mine["chunk"], mine["shard"], mine["log"]
            for i in range(n_writes):
                chunk[me, i] = i + 1
                shard[me, i] = i + 1
                mine.attrs[f"{me}-{i}"] = i
                if i % 4 == 0:
                    log.append([me, me])

        return change

    def look():
        seen = opened(store, "shard")[1:3, 10:40]
        assert ((seen == 0) | (seen == np.arange(11, 41))).all()

    crowd(Processes, [work(me) for me in range(n_workers)], [look])
    for name in ("chunk", "shard"):
        assert (opened(store, name)[:] == np.arange(1, n_writes + 1)).all()
    assert len(zarr.open_group(store).attrs) == n_workers * n_writes
    log = opened(store, "log")[:].reshape(-1, 2)
    assert (log[:, 0] == log[:, 1]).all()
    assert np.bincount(log[:, 0]).tolist() == [n_writes // 4] * n_workers


def test_of_sixteen_that_create_the_file_and_one_node_one_succeeds(tmp_path):
    for number in range(5):
        path, won = tmp_path / f"{number}.sqlite", tmp_path / f"{number}.won"

        def create(me, path=path, won=won):
            def work():
                try:
                    zarr.create_array(SQLiteStore(path), shape=me + 1, chunks=1, dtype="i4", attributes={"by": me})
                except zarr.errors.ContainsArrayError:
                    return
                with won.open("a") as file:
                    file.write(f"{me}\n")

            return work

        crowd(Processes, [create(me) for me in range(16)])
        (winner,) = map(int, won.read_text().split())
        array = zarr.open_array(SQLiteStore(path))
        assert (array.shape, dict(array.attrs)) == ((winner + 1,), {"by": winner})


def test_thirty_two_threads(store):
    array = zarr.create_array(store, shape=(32, 8), chunks=(32, 8), dtype="i4")

    def work(me):
        def change():
            for i in range(8):
                array[me, i] = i + 1
                assert array[me, i] == i + 1

        return change

    crowd(Threads, [work(me) for me in range(32)])
    assert (array[:] == np.arange(1, 9)).all()


KILLED = """
import sys, zarr
from zarr.storage import SQLiteStore
group = zarr.open_group(SQLiteStore(sys.argv[1]), mode="r+")
whole, log = group["whole"], group["log"]
print("begun", flush=True)
i = 0
while True:
    i += 1
    whole[:] = i
    log.append([i, i])
    group.attrs["i"] = i
"""


def test_killed_writers_leave_whole_values_and_no_lock(store):
    group = zarr.create_group(store)
    group.create_array("whole", shape=200_000, chunks=200_000, dtype="i4", compressors=None)
    group.create_array("log", shape=0, chunks=5, dtype="i4")
    pause = random.Random(5)
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", KILLED, store.path], stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"begun\n"
            time.sleep(pause.uniform(0, 0.05))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        seen = opened(store, "whole")[:]
        assert (seen == seen[0]).all()
        log = opened(store, "log")[:].reshape(-1, 2)
        assert (log[:, 0] == log[:, 1]).all()
        opened(store, "log").append([0, 0])
        zarr.open_group(store, mode="r+").attrs["after"] = 1
    store.close()
    assert os.listdir(store.path.parent) == ["all.sqlite"]  # noqa: PTH208  # names
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_forks_beside_threads_that_work(store):
    array = zarr.create_array(store, shape=(4, 30), chunks=(4, 30), dtype="i4")

    def write(me):
        def work():
            for i in range(30):
                array[me, i] = i + 1

        return work

    def fork():
        for i in range(10):

            def child(i=i):
                array[3, i] = i + 1
                assert array[3, i] == i + 1

            assert end_of_child(child) == 0
        array[3, 10:] = np.arange(11, 31)

    crowd(Threads, [write(me) for me in range(3)] + [fork])
    assert (array[:] == np.arange(1, 31)).all()


def test_arrays_are_sent_to_new_processes(store):
    array = zarr.create_array(store, shape=6, chunks=6, dtype="i4")
    program = "import pickle, sys; a, i = pickle.load(sys.stdin.buffer); a[i] = i + 1; print(a[i])"
    for i in range(3):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            input=pickle.dumps((array, i)),
            capture_output=True,
            timeout=120,
        )
        assert done.stdout.split() == [b"%d" % (i + 1)], done.stderr
    assert array[:].tolist() == [1, 2, 3, 0, 0, 0]
