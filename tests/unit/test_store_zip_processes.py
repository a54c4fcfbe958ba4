"""Zip archives between threads and processes: who reads, who writes, and what a fork leaves to whom."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import zarr
from tests.suites.archives import contents, fill
from tests.suites.calls import get, put
from tests.suites.children import end_of_child, end_of_fork, in_a_fork
from tests.suites.threads import in_threads
from zarr._store.zipped import archive as archives
from zarr.storage import ZipStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


class TestProcesses:
    def test_forked_readers(self, path):
        fill(path, {f"k/{i}": b"%d" % i * (i + 1) for i in range(100)})
        store = ZipStore(path)
        get(store, "k/0")

        def work():
            for n in range(10_000):
                i = n % 100
                assert store.get_sync(f"k/{i}").to_bytes() == b"%d" % i * (i + 1)

        children = [in_a_fork(work) for _ in range(8)]
        assert [end_of_fork(child) for child in children] == [0] * 8

    def test_threads_write_and_read_at_once(self, path):
        store = ZipStore(path, mode="w")

        def work(number):
            for i in range(50):
                put(store, f"{number}/{i}", b"%d" % (number * i))
                assert get(store, f"{number}/{i}") == b"%d" % (number * i)
                list(store.list_names(""))

        in_threads([lambda number=number: work(number) for number in range(6)])
        store.close()
        assert contents(path) == {f"{n}/{i}": b"%d" % (n * i) for n in range(6) for i in range(50)}

    def test_one_process_writes(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        code = (
            "import sys; from zarr.storage import ZipStore; from zarr.buffer.cpu import Buffer\n"
            "store = ZipStore(sys.argv[1], mode='a')\n"
            "assert store.get_sync('a') is None\n"
            "try: store.set_sync('b', Buffer.from_bytes(b'2'))\n"
            "except BlockingIOError as exc: print(exc)\n"
            "store.close()"
        )
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert "another process writes this zip archive" in done.stdout
        store.close()
        assert contents(path) == {"a": b"1"}
        subprocess.run([*command[:2], code.replace("is None", "is not None"), str(path)], check=True, timeout=60)
        assert contents(path) == {"a": b"1", "b": b"2"}
        # What another process wrote meanwhile is seen by who writes next, and by who opens.
        put(store, "c", b"3")
        assert get(store, "b") == b"2"
        store.close()
        assert contents(path) == {"a": b"1", "b": b"2", "c": b"3"}

    @pytest.mark.parametrize("in_place", [False, True])
    def test_a_forked_child_leaves_the_writing_to_its_parent(self, path, in_place, monkeypatch):
        fill(path, {"old": b"0"})
        if in_place:
            monkeypatch.setattr(archives, "COPIED_NBYTES", -1)
        store = ZipStore(path, mode="a")
        put(store, "a", b"1")

        def work():
            assert get(store, "a") == b"1"
            with pytest.raises(BlockingIOError, match="only the parent may go on"):
                put(store, "b")
            store.close()

        assert end_of_child(work) == 0
        put(store, "c", b"3")
        store.close()
        assert contents(path) == {"old": b"0", "a": b"1", "c": b"3"}

    def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        reading, writing = os.pipe()
        child = in_a_fork(lambda: (os.close(writing), os.read(reading, 1)))
        store.close()
        other = (
            "import sys, zarr; zarr.open_group(zarr.storage.ZipStore(sys.argv[1], mode='a'), mode='w').store.close()"
        )
        subprocess.run([sys.executable, "-c", other, str(path)], check=True, timeout=60)
        os.close(writing)
        os.close(reading)
        assert end_of_fork(child) == 0

    def test_what_is_sent_to_another_process_is_found_there(self, path):
        array = zarr.create_array(ZipStore(path, mode="w"), data=np.arange(10), chunks=3)
        code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)[:].tolist())"
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(array), capture_output=True, check=True)
        assert done.stdout.decode().strip() == str([*range(10)])
        array[0] = 100
        array.store.close()
        assert zarr.open_array(path, mode="r")[0] == 100

    def test_no_thread_and_no_event_loop(self, path):
        code = (
            "import sys, threading, zarr\n"
            "with zarr.storage.ZipStore(sys.argv[1], mode='w') as store:\n"
            "    array = zarr.create_group(store).create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')\n"
            "    array[1:4, 1:3] = 7\n"
            "    array.append([[1, 2, 3, 4]])\n"
            "assert zarr.open_group(sys.argv[1], mode='r')['a'][...].sum() == 52\n"
            "print(*[name for name in ('asyncio', 'concurrent.futures') if name in sys.modules], threading.active_count())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.split() == ["1"]
