"""Holds end when their owner does, and waiting for one never keeps its owner from going on.

What is tested: many coroutines that change one node; cancellation in the middle of a change; a fork at the moment when a
lock is taken or given back; threads that share one array object; a writer that is interrupted.
"""

import asyncio
import gc
import os
import signal
import threading
import time

import numpy as np
import pytest

import zarr
from zarr._store.locks import DirectoryHold
from zarr.storage import LocalStore, MemoryStore

TIMEOUT_S = 60


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, TIMEOUT_S))


# -- coroutines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_more_appends_than_worker_threads(store, zarr_format):
    """In format 2 the chunks lie in the directory that an append holds."""
    array = zarr.create_array(store, shape=0, chunks=8, dtype="i8", zarr_format=zarr_format)._async_array

    async def main():
        await asyncio.gather(*[array.append(np.full(3, n)) for n in range(60)])

    run(main())
    rows = zarr.open_array(store, mode="r")[:].reshape(60, 3)
    assert (rows == rows[:, :1]).all()
    assert sorted(rows[:, 0]) == list(range(60))


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_appends_writes_and_attributes_at_once(store, zarr_format):
    array = zarr.create_array(store, shape=40, chunks=8, dtype="i8", zarr_format=zarr_format)._async_array

    async def main():
        changes = []
        for n in range(40):
            changes.append(array.append(np.full(8, n)))
            changes.append(array.setitem(slice(n, n + 1), n))
            changes.append(array.update_attributes({str(n): n}))
        await asyncio.gather(*changes)

    run(main())
    found = zarr.open_array(store, mode="r")
    np.testing.assert_array_equal(found[:40], np.arange(40))
    assert sorted(found[40:].reshape(40, 8)[:, 3]) == list(range(40))
    assert dict(found.attrs) == {str(n): n for n in range(40)}


def test_losers_of_a_race_inside_one_request(tmp_path):
    """More partial chunks than slots, all in one directory, while another thread makes them lose."""
    root = tmp_path / "a"
    array = zarr.create_array(root, shape=(60, 2), chunks=(1, 2), dtype="i8")
    done = threading.Event()

    def disturb():
        other = zarr.open_array(root, mode="r+")
        while not done.is_set():
            other[:, 1] = 1

    thread = threading.Thread(target=disturb)
    thread.start()

    async def main():
        for n in range(1, 9):
            await array._async_array.setitem((slice(None), 0), n)

    try:
        run(main())
    finally:
        done.set()
        thread.join()
    assert (array[:, 0] == 8).all()


class Slow(LocalStore):
    """A store whose every chunk takes a while to be put, and that tells how far it is."""

    def put(self, key, value, **conditions):
        if "/c/" in f"/{key}":
            self.began.set()
            time.sleep(0.3)
            self.ended = True
        return super().put(key, value, **conditions)


def test_a_cancelled_append_is_over_when_it_says_so(tmp_path):
    """Else it would put its chunk over that of the next append."""
    store = Slow(tmp_path / "a")
    store.began, store.ended = threading.Event(), False
    array = zarr.create_array(store, shape=0, chunks=4, dtype="i8")._async_array

    async def main():
        first = asyncio.ensure_future(array.append(np.full(4, 1)))
        await asyncio.to_thread(store.began.wait, 10)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert store.ended, "the append was reported as cancelled, and its thread went on writing"
        await array.append(np.full(4, 2))

    run(main())
    assert zarr.open_array(tmp_path / "a")[:].tolist() == [2, 2, 2, 2]


def test_cancelled_while_waiting_for_a_hold(store):
    array = zarr.create_array(store, name="x", shape=0, chunks=4, dtype="i8")
    hold = store.hold("x")

    async def main():
        waiting = [asyncio.ensure_future(array._async_array.append(np.ones(1))) for _ in range(5)]
        await asyncio.sleep(0.1)
        for append in waiting:
            append.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(error, asyncio.CancelledError) for error in ended)

    run(main())
    hold.release()
    assert array.append(np.ones(2)) == (2,)  # nobody else has it, and nothing of the cancelled was stored


# -- fork -----------------------------------------------------------------------------------------------------------


def in_child(function):
    """Fork, call, and return the pid; the child exits with 0 if the function returned True."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return pid


def ended_well(pid, timeout_s=TIMEOUT_S):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def test_a_child_does_not_keep_the_locks_of_its_parent(tmp_path):
    """Children that live on are forked while threads take and release locks; each lock is free after its release."""
    directories = [tmp_path / str(n) for n in range(3)]
    for directory in directories:
        directory.mkdir()
    done = threading.Event()

    def take_and_release(directory):
        while not done.is_set():
            DirectoryHold(str(directory)).release()

    threads = [threading.Thread(target=take_and_release, args=(directory,), daemon=True) for directory in directories]
    for thread in threads:
        thread.start()
    release, wait = os.pipe()
    children = [in_child(lambda: os.close(wait) or os.read(release, 1) == b"") for _ in range(60)]
    done.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive(), "a child keeps a lock that its parent released"
    os.close(wait)
    assert [child for child in children if not ended_well(child)] == []
    os.close(release)


@pytest.mark.parametrize("store", ["memory", "local"], indirect=True)  # an archive has one writer, see test_store_zip
def test_a_child_works_while_its_parent_holds(store, tmp_path):
    array = zarr.create_array(store, name="x", shape=4, chunks=2, dtype="i8")
    local = isinstance(store, LocalStore)
    hold = store.hold("x")

    def append():
        if local:  # the parent's lock is respected
            return array.append(np.ones(1)) == (5,)
        return array.append(np.ones(1)) == (5,) and array[4] == 1  # a copy of the parent's memory

    child = in_child(append)
    if local:
        time.sleep(0.1)
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    hold.release()
    assert ended_well(child)
    assert zarr.open_array(store, path="x").shape == ((5,) if local else (4,))


class Foreign(zarr.storage.WrapperStore):
    """No versions, no holds: guarded by locks of this process."""


def test_a_child_of_a_thread_that_holds_a_foreign_store():
    array = zarr.create_array(Foreign(MemoryStore()), shape=4, chunks=4, dtype="i8")
    done = threading.Event()

    def write():
        while not done.is_set():
            array[0] = 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(20):
            assert ended_well(in_child(lambda: array.__setitem__(1, 5) or array[1] == 5), 10), "the child hangs"
    finally:
        done.set()
        thread.join()


# -- interruption -----------------------------------------------------------------------------------------------------


def test_a_hold_that_nobody_took_over_is_released(store):
    """As when a KeyboardInterrupt comes between getting a hold and entering its block."""
    zarr.create_group(store, path="x")
    store.hold("x")
    gc.collect()
    taken = threading.Event()
    thread = threading.Thread(target=lambda: store.hold("x").release() or taken.set(), daemon=True)
    thread.start()
    assert taken.wait(10)


def test_interrupted_at_random(store, monkeypatch):
    """A signal handler that raises, 200 times: afterwards nothing is locked, and each state is whole."""
    array = zarr.create_array(store, name="x", shape=0, chunks=5, dtype="i8")

    array.append(np.full(3, -1))  # imports what is imported on use: their locks are not ours to give back

    class Interrupt(BaseException):
        pass

    calls = []

    def interrupt(*_):
        calls.append(1)
        raise Interrupt  # swallowed if it comes inside a finalizer, as always in Python

    monkeypatch.setattr("sys.unraisablehook", lambda _: None)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for n in range(200):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002 + n * 1e-5)
                while len(calls) == n:
                    array.append(np.full(3, n))
                    array.attrs["n"] = n
            except Interrupt:
                pass
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(calls) == 200
    free = threading.Event()
    threading.Thread(target=lambda: array.append(np.full(3, 200)) and free.set(), daemon=True).start()
    assert free.wait(10), "an interrupted writer left a lock"
    rows = zarr.open_array(store, path="x", mode="r")[:].reshape(-1, 3)
    assert (rows == rows[:, :1]).all()
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert not [key for key in store.list_keys("") if "__" in key]
    if isinstance(store, LocalStore):
        assert not [name for _, _, names in os.walk(store.root) for name in names if name.startswith("__")]


def test_a_finalizer_that_writes(store):
    """Whenever the collector runs, in the middle of a put too."""
    log = zarr.create_array(store, name="log", shape=2000, chunks=1, dtype="i8")
    array = zarr.create_array(store, name="x", shape=4, chunks=2, dtype="i8")
    numbers = iter(range(2000))

    class Logs:
        def __init__(self):
            self.me = self

        def __del__(self):
            log[next(numbers)] = 1

    done = threading.Event()

    def work():
        for n in range(300):
            Logs()
            array[1] = n
            array.attrs["n"] = n
        done.set()

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        threading.Thread(target=work, daemon=True).start()
        assert done.wait(TIMEOUT_S)
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert log[:].sum() == next(numbers) == 300


# -- one array object, several threads -----------------------------------------------------------------------------------


def test_the_shape_of_a_shared_array_never_goes_back(store):
    """An attribute change of one thread read the document before the append of another, and publishes after it."""
    array = zarr.create_array(store, name="x", shape=0, chunks=64, dtype="i8")
    done, wrong = threading.Event(), []

    def change_attributes(name):
        n = 0
        while not done.is_set():
            array.attrs[f"{name}{n % 5}"] = n
            if array.attrs[f"{name}{n % 5}"] != n:
                wrong.append("an attribute that this very thread stored is not seen")
            n += 1

    threads = [threading.Thread(target=change_attributes, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for n in range(300):
        (length,) = array.append([n])
        if array.shape != (length,) or array[length - 1] != n:
            wrong.append(f"after append {n} the array object has shape {array.shape}")
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    assert array[:].tolist() == list(range(300))
