"""Both engines at one directory, forks in the midst of requests, and changes that must be seen at once."""

import os
import threading
import time

import numpy as np
import numpy.testing  # before any fork: NumPy loads it on use, and a child would wait for a parent's thread that loads it
import pytest

import zarr
from tests.safety.crowd import Processes, Threads, crowd, opened
from tests.suites.children import end_of_child
from zarr.storage import LocalStore

ENGINES = ("native", "python")


def with_engine(name, function):
    def work():
        zarr.config.set({"engine": name})
        function()

    return work


LAYOUTS = {
    "one chunk": {"chunks": (8, 60)},
    "one shard": {"chunks": (1, 20), "shards": (8, 60)},
    "many chunks": {"chunks": (3, 7)},
    "flat keys": {"chunks": (3, 7), "zarr_format": 2},
}
layouts = pytest.mark.parametrize("layout", LAYOUTS)


@layouts
def test_writers_of_both_engines_lose_nothing(tmp_path, layout):
    """Eight processes, four on each engine, write single elements of chunks that they share."""
    n_writes = 60
    whole = np.arange(1, 8 * n_writes + 1).reshape(8, n_writes)
    store = LocalStore(tmp_path / "store")
    zarr.create_array(store, shape=whole.shape, dtype="i8", **LAYOUTS[layout])

    def write(worker):
        def work():
            mine = opened(store)
            for i in range(n_writes):
                mine[worker, i] = whole[worker, i]

        return with_engine(ENGINES[worker % 2], work)

    def look(engine):
        def work():
            seen = opened(store)[:]
            assert ((seen == 0) | (seen == whole)).all(), "a value that nobody wrote"

        return with_engine(engine, work)

    crowd(Processes, [write(worker) for worker in range(8)], [look(engine) for engine in ENGINES])
    np.testing.assert_array_equal(opened(store)[:], whole)
    left = [name for _, _, names in os.walk(tmp_path) for name in names if name.startswith("__zarr-")]
    assert not left


def test_an_append_excludes_writers_of_the_other_engine(tmp_path):
    """An append holds the directory in which format 2 keeps both the shape and the chunks."""
    store = LocalStore(tmp_path / "store")
    zarr.create_array(store, shape=(0, 4), chunks=(5, 4), dtype="i8", zarr_format=2)

    def append(worker):
        def work():
            for i in range(15):
                opened(store).append(np.full((2, 4), worker * 100 + i))

        return with_engine(ENGINES[worker % 2], work)

    crowd(Processes, [append(worker) for worker in range(4)])
    rows = opened(store)[:]
    expected = sorted(worker * 100 + i for worker in range(4) for i in range(15) for _ in range(2))
    assert sorted(rows[:, 0]) == expected
    assert (rows == rows[:, :1]).all()


@pytest.mark.parametrize("shards", [None, (40, 40)], ids=["chunks", "shards"])
def test_forks_in_the_midst_of_requests(tmp_path, shards, engine):
    """Threads read and write; children forked meanwhile do the same, and none of them hangs."""
    shape = (200, 200)
    store = LocalStore(tmp_path / "store")
    data = np.arange(shape[0] * shape[1]).reshape(shape)
    array = zarr.create_array(store, data=data, chunks=(20, 20), shards=shards)
    stop = threading.Event()
    wrong = []

    def work(number):
        try:
            while not stop.is_set():
                np.testing.assert_array_equal(array[:], data)
                array[number * 7 : number * 7 + 30, 3:150] = data[number * 7 : number * 7 + 30, 3:150]
        except BaseException as exc:  # noqa: BLE001  # told at the end
            wrong.append(exc)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()

    def child():
        np.testing.assert_array_equal(array[:], data)
        array[5:35, 5:35] = data[5:35, 5:35]
        np.testing.assert_array_equal(opened(store)[5:35], data[5:35])

    try:
        assert all(end_of_child(child) == 0 for _ in range(30))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[0]


def test_many_threads_on_one_array(store, engine):
    """32 threads read and write parts of one array object; each finds its own part as it left it."""
    data = np.arange(64 * 100).reshape(64, 100)
    array = zarr.create_array(store, data=data, chunks=(16, 25))

    def work(number):
        def on_rows():
            rows = slice(2 * number, 2 * number + 2)
            for turn in range(6):
                array[rows, turn::3] = data[rows, turn::3] + turn
                np.testing.assert_array_equal(array[rows, turn::3], data[rows, turn::3] + turn)
                array[rows] = data[rows]

        return on_rows

    crowd(Threads, [work(number) for number in range(32)])
    np.testing.assert_array_equal(array[:], data)


@pytest.mark.parametrize("shards", [None, 40], ids=["chunks", "shards"])
@pytest.mark.parametrize("how", ["replace", "in place"])
def test_changes_of_another_process_are_seen_by_the_next_read(tmp_path, how, shards, engine):
    """Whatever is kept between reads, the next read shows what is stored: also within a tick of the clock."""
    store = LocalStore(tmp_path / "store")
    array = zarr.create_array(store, data=np.ones(40, "i8"), chunks=10, shards=shards, compressors=None)
    ask, asked = os.pipe()
    answer, answered = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(asked)
        os.close(answer)
        try:
            name = next(store.list_keys("c/0"))
            path = store.root / name  # its first bytes are the first ten elements
            while turn := os.read(ask, 8):
                value = int.from_bytes(turn, "little")
                if how == "replace":
                    opened(store)[:10] = value
                else:
                    with path.open("r+b") as file:
                        file.write(value.to_bytes(8, "little") * 10)
                os.write(answered, b"x")
        finally:
            os._exit(0)
    os.close(ask)
    os.close(answered)
    try:
        for turn in range(1, 400):
            if turn % 80 == 0:
                time.sleep(0.15)  # old enough to be kept
            os.write(asked, turn.to_bytes(8, "little"))
            assert os.read(answer, 1) == b"x"
            for _ in range(2):
                assert array[0] == turn
                assert (array[:10] == turn).all()
    finally:
        os.close(asked)
        os.close(answer)
        os.waitpid(pid, 0)
