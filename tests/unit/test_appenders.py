"""Appenders: where rows go, when they are seen, how much waits, and what becomes of errors."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.children import end_of_child
from tests.suites.plain_stores import AsyncOnly, AsyncVersions, AwareOfShapes
from zarr.errors import ClosedWriterError

pytestmark = pytest.mark.usefixtures("nothing_left_running")


def made(store, zarr_format=3, **options):
    given = {"shape": (0, 3), "chunks": (4, 3), "dtype": "i4", "zarr_format": zarr_format}
    return zarr.create_array(store, **{**given, **options})


def rows(start, n):
    return np.arange(start, start + n, dtype="i4")[:, None] * np.ones(3, "i4")


class Slow(zarr.storage.WrapperStore):
    """Chunks are stored when they may, or fail; notes their keys."""

    def __init__(self, store, **more):
        super().__init__(store, **more)
        self.may_go, self.error, self.stored = threading.Event(), None, []

    async def set(self, key, value):
        if key.startswith("c/"):
            assert self.may_go.wait(20)
            if self.error is not None:
                raise self.error
            self.stored.append(key)
        await super().set(key, value)


def test_rows_are_there_in_the_end(any_store, engine, zarr_format):
    array = made(any_store, zarr_format)
    with array.appender() as w:
        for number in range(11):
            w.append(rows(number, 1))
        w.write(rows(11, 9))
        w.append(rows(20, 1)[0])
        w.append(rows(21, 0))
    assert array.shape == (21, 3)
    np.testing.assert_array_equal(array[:], rows(0, 21))
    assert (w.n_written, w.n_pending) == (21, 0)
    np.testing.assert_array_equal(zarr.open_array(any_store, mode="r")[:], rows(0, 21))


@pytest.mark.parametrize("store", [AsyncOnly, AsyncVersions, AwareOfShapes])
def test_in_stores_of_others(store, engine):
    array = made(store(), name="a")
    with array.appender() as w:
        for number in range(10):
            w.append(rows(number, 1))
    np.testing.assert_array_equal(array[:], rows(0, 10))


def test_along_any_axis(engine):
    array = made({}, shape=(2, 0, 3), chunks=(2, 4, 2))
    with array.appender(axis=-2) as w:
        for number in range(7):
            w.append(np.full((2, 3), number, "i4"))
    assert array.shape == (2, 7, 3)
    assert array[1, :, 2].tolist() == list(range(7))
    with pytest.raises(ValueError, match="axis 3 is out of bounds"):
        array.appender(3)


def test_elements_of_one_axis(engine, zarr_format):
    """Single ones may be scalars, and arrays of no axes."""
    array = zarr.create_array({}, shape=0, chunks=3, dtype="f8", zarr_format=zarr_format)
    with array.appender() as w:
        w.append(0.0)
        w.append(np.array(1.0))
        w.append([2, 3])
        w.append(np.float64(4))
        w.append(np.arange(5.0, 9.0))
        w.append(np.array(9, "i2"))
    assert array[:].tolist() == list(range(10))


def test_whole_objects_are_stored_once(engine):
    """It begins in the middle of a shard and goes on at the end of one."""
    store = Slow(zarr.storage.MemoryStore())
    store.may_go.set()
    array = made(store, chunks=(2, 3), shards=(4, 3), shape=(0, 3), dtype="i4", compressors=None)
    array.append(rows(0, 3))
    store.stored.clear()
    with array.appender(max_memory=200) as w:
        for number in range(3, 17):
            w.append(rows(number, 1))
            if w.n_pending == 0:
                w.flush()
    assert sorted(set(store.stored)) == sorted(store.stored)
    np.testing.assert_array_equal(array[:], rows(0, 17))


def test_flush_waits_until_rows_are_seen(engine):
    array = made({}, chunks=(1000, 3))
    with array.appender() as w:
        w.append(rows(0, 5))
        assert (w.n_written, w.n_pending) == (0, 5)
        assert array.shape == (0, 3)
        w.flush()
        assert (w.n_written, w.n_pending) == (5, 0)
        np.testing.assert_array_equal(array[:], rows(0, 5))
        w.append(rows(5, 5))
    np.testing.assert_array_equal(array[:], rows(0, 10))


def test_who_appends_too_fast_waits(engine):
    store = Slow(zarr.storage.MemoryStore())
    array = made(store, chunks=(4, 3), dtype="i4")
    taken = []

    def work():
        with array.appender(max_memory=4 * 48) as w:
            for number in range(60):
                w.append(rows(number, 1))
                taken.append(w.n_pending)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert len(taken) <= 17, "four blocks of four rows have room"
    store.may_go.set()
    thread.join(20)
    assert not thread.is_alive()
    assert max(taken) <= 17
    np.testing.assert_array_equal(array[:], rows(0, 60))


def test_one_row_that_is_larger_than_the_memory(engine):
    array = made({}, shape=(0, 300), chunks=(10, 300), dtype="i8")
    with array.appender(max_memory=1) as w:
        for number in range(12):
            w.append(np.full((1, 300), number))
    assert array[:, 299].tolist() == list(range(12))


def test_text_of_any_length(engine):
    array = zarr.create_array({}, shape=0, chunks=4, dtype=str)
    texts = ["a" * number for number in range(30)]
    with array.appender(max_memory=100) as w:
        for text in texts:
            w.append([text])
    assert array[:].tolist() == texts


class TestErrors:
    def test_what_does_not_fit_is_refused_and_the_rest_goes_on(self, engine):
        array = made({})
        with array.appender() as w:
            w.append(rows(0, 2))
            with pytest.raises(ValueError, match=r"rows \(2, 2\), array \(0, 3\).*\(axis 0\)"):
                w.append(np.zeros((2, 2), "i4"))
            with pytest.raises(ValueError, match="rows"):
                w.append(7)
            with pytest.raises(OverflowError):
                w.append([[2**40, 0, 0]])
            with pytest.raises(ValueError, match="text"):
                w.append([["text", "", ""]])
            w.append(rows(2, 1))
        np.testing.assert_array_equal(array[:], rows(0, 3))

    def test_an_error_of_the_background_comes_with_the_next_call(self, engine):
        store = Slow(zarr.storage.MemoryStore())
        array = made(store)
        store.error = OSError("no room")

        w = array.appender()

        def block():
            with w:
                w.append(rows(0, 400))
                store.may_go.set()
                w.flush()

        with pytest.raises(OSError, match="no room") as raised:
            block()
        assert "0 rows of this appender are stored, and the 400 after them are not" in raised.value.__notes__[-1]
        with pytest.raises(ClosedWriterError, match="has ended"):
            w.append(rows(0, 1))
        assert array.shape == (0, 3)
        store.error = None
        with array.appender() as w:
            w.append(rows(0, 2))
        np.testing.assert_array_equal(array[:], rows(0, 2))

    def test_or_at_the_end(self, engine):
        store = Slow(zarr.storage.MemoryStore())
        store.may_go.set()
        array = made(store)
        with array.appender() as w:
            w.append(rows(0, 4))
        store.error = OSError("no room")
        with pytest.raises(OSError, match="no room"), array.appender() as w:
            w.append(rows(4, 1))
        np.testing.assert_array_equal(array[:], rows(0, 4))

    def test_an_error_in_the_block_loses_no_rows(self, engine):
        array = made({})

        def block():
            with array.appender() as w:
                w.append(rows(0, 5))
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            block()
        np.testing.assert_array_equal(array[:], rows(0, 5))

    def test_unless_they_cannot_be_written_which_is_said(self, engine):
        store = Slow(zarr.storage.MemoryStore())
        store.may_go.set()
        array = made(store)
        store.error = OSError("no room")

        def block():
            with array.appender() as w:
                w.append(rows(0, 5))
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop") as raised:
            block()
        assert "could not be written: OSError: no room" in raised.value.__notes__[0]
        assert "and the 5 after them are not" in raised.value.__notes__[1]

    def test_outside_of_its_block_it_is_refused(self, engine):
        array = made({})
        w = array.appender()
        with pytest.raises(ClosedWriterError, match="has not begun"):
            w.append(rows(0, 1))
        with w:
            with pytest.raises(ClosedWriterError, match="is used already"):
                w.__enter__()
        for use in (lambda: w.append(rows(0, 1)), w.flush, w.__enter__):
            with pytest.raises(ClosedWriterError, match="has ended"):
                use()
        with pytest.raises(TypeError, match="Pickle the array"):
            pickle.dumps(w)
        with pytest.raises(ValueError, match="read-only"):
            zarr.open_array(array.store.with_read_only(True), mode="r").appender()

    def test_it_stays_in_its_process(self, tmp_path, engine):
        array = made(tmp_path / "a")
        with array.appender() as w:
            w.append(rows(0, 400))

            def work():
                with pytest.raises(ClosedWriterError, match="belongs to the process that began it"):
                    w.append(rows(0, 1))
                w.__exit__(None, None, None)

            assert end_of_child(work) == 0
        np.testing.assert_array_equal(array[:], rows(0, 400))


def test_several_at_once_lose_nothing(any_store, engine):
    """Appenders and plain appends of several threads: all rows are there, those of each in order."""
    made(any_store, shape=(0, 3), chunks=(5, 3))

    def work(number):
        mine = zarr.open_array(any_store, mode="r+")
        if number == 2:
            for at in range(20):
                mine.append(rows(1000 * number + at, 1))
            return
        with mine.appender() as w:
            for at in range(60):
                w.append(rows(1000 * number + at, 1))
                if at % 13 == 0:
                    w.flush()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = zarr.open_array(any_store, mode="r")[:]
    assert len(found) == 140
    for number, n in enumerate((60, 60, 20)):
        own = found[found[:, 0] // 1000 == number]
        np.testing.assert_array_equal(own, rows(1000 * number, n))
    assert contents(any_store)
