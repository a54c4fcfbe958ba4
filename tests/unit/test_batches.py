"""Batches: what they gather, when it is stored, what is discarded, and what they refuse."""

from __future__ import annotations

import copy
import pickle
import re
import threading

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.children import end_of_child
from tests.suites.plain_stores import AsyncOnly, AsyncVersions
from zarr._flow.drive import run
from zarr._flow.elements import put
from zarr._flow.watch import logged
from zarr._selection import basic
from zarr.errors import (
    ArgumentError,
    BatchFullError,
    BoundsCheckError,
    ClosedWriterError,
    ConcurrentChangeError,
    ContainsGroupError,
)


def made(store, zarr_format=3, **options):
    given = {"shape": (8, 6), "chunks": (4, 3), "dtype": "i4", "zarr_format": zarr_format, "fill_value": 0}
    return zarr.create_array(store, **{**given, **options})


class Counting(zarr.storage.WrapperStore):
    """Notes keys that are stored and deleted; fails for those that it is told to."""

    def __init__(self, store, **more):
        super().__init__(store, **more)
        self.stored, self.failing = [], ()

    async def set(self, key, value):
        if key in self.failing:
            raise OSError(f"no room for {key}")
        self.stored.append(key)
        await super().set(key, value)

    async def delete(self, key):
        self.stored.append(key)
        await super().delete(key)


class TestGathering:
    def test_nothing_is_stored_before_the_end(self, any_store, engine, zarr_format):
        array = made(any_store, zarr_format)
        before = contents(any_store)
        with array.batch() as b:
            b[1:7, 2] = 5
            b[-1] = np.arange(6)
            assert contents(any_store) == before
            assert array[:].sum() == 0
            assert b[:, 2].tolist() == [0, 5, 5, 5, 5, 5, 5, 2]
            assert b.nbytes_gathered > 0
        expected = np.zeros((8, 6), "i4")
        expected[1:7, 2] = 5
        expected[-1] = np.arange(6)
        np.testing.assert_array_equal(array[:], expected)
        assert b.nbytes_gathered == 0

    @pytest.mark.parametrize("shards", [None, (8, 6)])
    def test_each_object_is_stored_once(self, engine, shards):
        store = Counting(zarr.storage.MemoryStore())
        array = made(store, shards=shards)
        store.stored.clear()
        with array.batch() as b:
            for row in range(8):
                for column in range(0, 6, 2):
                    b[row, column] = row + 1
        objects = ["c/0/0"] if shards else ["c/0/0", "c/0/1", "c/1/0", "c/1/1"]
        assert sorted(store.stored) == objects
        np.testing.assert_array_equal(array[:, 0], np.arange(1, 9))

    def test_an_object_that_was_written_wholly_is_not_read(self, engine):
        store = Counting(zarr.storage.MemoryStore())
        array = made(store, compressors=None)
        store._store.set_sync("c/0/0", zarr.buffer.cpu.Buffer.from_bytes(b"nonsense"))
        with array.batch() as b:
            for row in range(4):
                b[row, :3] = row + 1
            np.testing.assert_array_equal(b[:4, 0], [1, 2, 3, 4])
        np.testing.assert_array_equal(array[:4, 0], [1, 2, 3, 4])

    def test_an_object_that_becomes_all_fill_value_is_deleted(self, engine, zarr_format):
        store = zarr.storage.MemoryStore()
        array = made(store, zarr_format)
        empty = contents(store).keys()
        array[:] = 7
        with array.batch() as b:
            b[:, :3] = 0
            b[:, 3:] = 0
        assert contents(store).keys() == empty

    def test_values_are_copied(self, engine):
        array = made({})
        value = np.full((2, 2), 3, "i4")
        with array.batch() as b:
            b[:2, :2] = value
            value[:] = 9
        assert array[:2, :2].tolist() == [[3, 3], [3, 3]]

    def test_the_last_value_stays(self, engine):
        array = made({})
        with array.batch() as b:
            b[:] = 1
            b[2:6, 1:5] = 2
            b[([3, 3, 4], [2, 2, 2])] = [5, 6, 7]
            b.oindex[[0, 7], 0] = 8
            assert b[3, 2] == 6
        assert array[3, 2] == 6
        assert array[4, 2] == 7
        assert array[0, 0] == array[7, 0] == 8
        assert array[2, 1] == 2
        assert array[0, 1] == 1

    def test_reads_go_into_buffers_too(self, engine):
        array = made({})
        with array.batch() as b:
            b[0] = 4
            out = np.zeros((2, 6), "f8")
            b.get_basic_selection(slice(0, 2), out=out)
            assert out.tolist() == [[4.0] * 6, [0.0] * 6]
            assert next(iter(b)).tolist() == [4] * 6
            assert (b.shape, b.dtype, b.chunks) == (array.shape, array.dtype, array.chunks)

    @pytest.mark.parametrize("shards", [None, 4])
    def test_fields_of_structs(self, engine, zarr_format, shards):
        y = (2,) if zarr_format == 2 else ()  # format 3 has no fields that are arrays
        dtype = np.dtype([("x", "i2"), ("y", "f4", y)])
        options = {"shards": shards} if zarr_format == 3 else {}
        array = zarr.create_array(
            {}, shape=8, chunks=2, dtype=dtype, zarr_format=zarr_format, fill_value=None, **options
        )
        model = np.zeros(8, dtype)
        model["x"] = array["x"] = np.arange(8)
        with array.batch() as b:
            b["y", 1:5] = model["y"][1:5] = 1.5
            b["x", 4] = model["x"][4] = 40
            b[6] = model[6] = (60, 6.5)
            np.testing.assert_array_equal(b["x", :], model["x"])
            np.testing.assert_array_equal(b["y", 4], model["y"][4])
            assert b[4].tobytes() == model[4].tobytes()
            # What somebody else writes into the other field meanwhile stays.
            array["x", 1] = model["x"][1] = 100
        np.testing.assert_array_equal(array[:], model)

    @pytest.mark.parametrize("store", [AsyncOnly, AsyncVersions, dict])
    def test_what_others_write_beside_it_stays(self, store, engine):
        array = made(store(), shards=(8, 6))
        with array.batch() as b:
            b[0] = 1
            b[5, 5] = 2
            array[1] = 3
            array[5, 4] = 4
        expected = np.zeros((8, 6), "i4")
        expected[0], expected[1], expected[5, 4:] = 1, 3, (4, 2)
        np.testing.assert_array_equal(array[:], expected)

    def test_no_axes_and_no_elements(self, any_store, engine):
        point = zarr.create_array(any_store, name="point", shape=(), dtype="f8")
        nothing = zarr.create_array(any_store, name="nothing", shape=(0, 3), chunks=(2, 2), dtype="f8")
        with point.batch() as b:
            b[()] = 2.5
            assert b[()] == 2.5
            b[...] = 3.5
        assert point[()] == 3.5
        with nothing.batch() as b:
            b[:] = 1
            assert b[:].shape == (0, 3)
        assert nothing[:].shape == (0, 3)

    def test_python_objects_and_text(self, engine):
        text = zarr.create_array({}, shape=6, chunks=4, dtype=str)
        with text.batch() as b:
            b[1:3] = ["one", "a longer text than NumPy keeps by itself"]
            b[[5]] = "five"
            assert b[:].tolist() == ["", "one", "a longer text than NumPy keeps by itself", "", "", "five"]
            assert b[1] == "one"
            assert b.nbytes_gathered > 40
        assert text[:].tolist() == ["", "one", "a longer text than NumPy keeps by itself", "", "", "five"]

    @pytest.mark.parametrize(
        "pipeline", ["tests.suites.pipelines.Nothing", "zarr.core.codec_pipeline.BatchedCodecPipeline"]
    )
    def test_a_pipeline_of_somebody_else_stores_it(self, pipeline, engine, zarr_format):
        with zarr.config.set({"codec_pipeline.path": pipeline}):
            array = made(AsyncVersions(), zarr_format)
            with array.batch() as b:
                b[1:7:2, ::2] = 5
                b[7] = b[1, 0] + 1
                assert b[:, 0].tolist() == [0, 5, 0, 5, 0, 5, 0, 6]
            assert array[:, 0].tolist() == [0, 5, 0, 5, 0, 5, 0, 6]

    def test_its_requests_are_those_of_any_write(self):
        """A flush goes the way of all writes: whoever watches flows sees the same requests."""
        kinds = []
        for write in ("batch", "plain"):
            array, seen = made(AsyncVersions()), []
            if write == "plain":
                run(logged(put(array._node, basic, slice(0, 4), 1), lambda r, seen=seen: seen.append(type(r).__name__)))
            else:
                with array.batch() as b:
                    b[:4] = 1
                    flow = zarr._flow.batches.flush(b._session.state)
                    run(logged(flow, lambda r, seen=seen: seen.append(type(r).__name__)))
            kinds.append(sorted(set(seen) - {"Together", "TakeRoom"}))
        assert kinds[0] == kinds[1]


class TestGroups:
    def test_arrays_of_a_group_are_stored_together(self, any_store, engine, zarr_format):
        group = zarr.create_group(any_store, zarr_format=zarr_format)
        x = group.create_array("x", shape=10, chunks=5, dtype="i4")
        y = group.create_array("g/y", shape=(3, 3), chunks=(2, 2), dtype="f4")
        with group.batch() as b:
            b["x"][3:7] = 1
            b["g/y"][1] = b["x"][4]
            b["/x"][9] = 2
            assert b["x"][:].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 2]
            assert not x[:].any()
            assert not y[:].any()
        assert x[:].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 2]
        assert y[1].tolist() == [1, 1, 1]

    def test_what_is_no_array_is_refused(self, engine):
        group = zarr.create_group({})
        group.create_group("g")
        with group.batch() as b:
            with pytest.raises(KeyError, match="'x' is not in group"):
                b["x"]
            with pytest.raises(ContainsGroupError):
                b["g"]
            with pytest.raises(TypeError, match=r"group\.create_array"):
                b["x"] = np.zeros(3)

    def test_an_error_discards_all_of_them(self, engine):
        group = zarr.create_group({})
        for name in "xy":
            group.create_array(name, shape=4, dtype="i1")

        def block():
            with group.batch() as b:
                b["x"][:] = 1
                b["y"][:] = 1 // 0

        with pytest.raises(ZeroDivisionError):
            block()
        assert not group["x"][:].any()


class TestEnd:
    def test_an_error_discards_everything(self, any_store, engine):
        array = made(any_store)
        before = contents(any_store)

        def block():
            with array.batch() as b:
                b[:] = 1
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            block()
        assert contents(any_store) == before

    def test_a_wrong_assignment_leaves_the_batch_as_it_was(self, engine):
        array = made({})
        with array.batch() as b:
            b[0] = 1
            with pytest.raises(BoundsCheckError):
                b[8] = 1
            with pytest.raises(ValueError, match="broadcast"):
                b[1] = [1, 2]
            with pytest.raises(ValueError, match="invalid literal"):
                b[1] = "text"
        assert array[:].sum() == 6

    def test_flush_stores_and_goes_on(self, engine):
        array = made({})

        def block():
            with array.batch() as b:
                b[0] = 1
                b.flush()
                assert array[0].tolist() == [1] * 6
                b[1] = 2
                assert b[:2].tolist() == [[1] * 6, [2] * 6]
                raise RuntimeError("later")

        with pytest.raises(RuntimeError, match="later"):
            block()
        assert array[:2].tolist() == [[1] * 6, [0] * 6]

    def test_discard_forgets_and_goes_on(self, engine):
        array = made({})
        with array.batch() as b:
            b[0] = 1
            b.discard()
            assert not b[:].any()
            b[1] = 2
        assert array[:2].tolist() == [[0] * 6, [2] * 6]

    def test_outside_of_its_block_it_is_refused(self, engine):
        array = made({})
        b = array.batch()
        for use in (lambda: b[0], lambda: b.__setitem__(0, 1), b.flush, b.discard):
            with pytest.raises(ClosedWriterError, match="has not begun"):
                use()
        with b:
            with pytest.raises(ClosedWriterError, match="is used already"):
                b.__enter__()
        for use in (lambda: b[0], lambda: b.__setitem__(0, 1), b.flush, b.discard, b.__enter__):
            with pytest.raises(ClosedWriterError, match="has ended"):
                use()
        with pytest.raises(ClosedWriterError, match="has ended"):
            b.oindex[0, 0] = 1
        group = zarr.create_group({})
        with pytest.raises(ClosedWriterError, match="has not begun"):
            group.batch()["x"]

    def test_it_stays_in_its_process(self, tmp_path, engine):
        array = made(tmp_path / "a")
        with array.batch() as b:
            b[0] = 1

            def work():
                with pytest.raises(ClosedWriterError, match="belongs to the process that began it"):
                    b[1] = 2
                b.__exit__(None, None, None)
                return int(array[:].any())

            assert end_of_child(work) == 0
        assert array[0].tolist() == [1] * 6
        for use in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="Pickle the array"):
                use(b)
            with pytest.raises(TypeError, match="Pickle the group"):
                use(zarr.create_group({}).batch())

    def test_a_failure_says_what_was_stored_and_is_the_end(self, engine):
        store = Counting(zarr.storage.MemoryStore())
        array = made(store)
        store.stored.clear()
        store.failing = ("c/1/1",)
        with pytest.raises(OSError, match="no room for c/1/1") as raised, array.batch() as b:
            b[:, 0:6:5] = 1
        told = re.search(r"(\d) of the 4 objects that were to change have been stored", raised.value.__notes__[-1])
        landed = [key for key in contents(store) if key.startswith("c/")]
        assert (
            int(told[1]) <= len(landed) <= int(told[1]) + 3
        )  # of those on their way some may have come too late to be counted
        assert "c/1/1" not in landed
        with pytest.raises(ClosedWriterError):
            b.flush()

    def test_a_flush_that_fails_can_be_called_again(self, engine):
        store = Counting(zarr.storage.MemoryStore())
        array = made(store)
        with array.batch() as b:
            b[:, 0:6:5] = 1
            store.failing = ("c/1/1",)
            with pytest.raises(OSError, match="no room"):
                b.flush()
            store.failing = ()
            b.flush()
        assert array[:, 5].tolist() == array[:, 0].tolist() == [1] * 8

    def test_an_array_that_was_resized_is_refused(self, engine):
        array = made({})

        def block():
            with array.batch() as b:
                b[0] = 1
                array.resize((9, 6))
                with pytest.raises(ConcurrentChangeError):
                    b[0] = 1
                with pytest.raises(ConcurrentChangeError):
                    b[0]

        with pytest.raises(ConcurrentChangeError, match=r"resized from \(8, 6\) to \(9, 6\)"):
            block()
        assert not array[:].any()
        with array.batch() as b:
            b[8] = 1
            array.attrs["a"] = 1  # which changes nothing for the elements
            b[7] = 1
        assert array[7:].sum() == 12

    def test_a_read_only_array_is_refused_at_once(self, engine):
        array = made({})
        reading = zarr.open_array(array.store.with_read_only(True), mode="r")
        with pytest.raises(ValueError, match="read-only"):
            reading.batch()
        with pytest.raises(ValueError, match="read-only"):
            zarr.open_group(zarr.create_group({}).store.with_read_only(True), mode="r").batch()

    def test_arguments(self):
        array = made({})
        with pytest.raises(ArgumentError, match="max_memory must be a number of bytes"):
            array.batch(max_memory="much")
        with pytest.raises(ArgumentError, match="when_full must be one of"):
            array.batch(when_full="wait")


class TestMemory:
    def test_what_is_complete_goes_first_and_then_the_oldest(self, engine):
        store = Counting(zarr.storage.MemoryStore())
        array = zarr.create_array(store, shape=80, chunks=20, dtype="i8")
        store.stored.clear()
        with array.batch(max_memory=500) as b:
            b[0:15] = 1
            b[20:40] = 2
            assert store.stored == []
            b[40:55] = 3
            assert store.stored == ["c/1", "c/0"]
            b[60:75] = 4
            assert b.nbytes_gathered <= 500
            assert b[:].tolist() == [*[1] * 15, *[0] * 5, *[2] * 20, *[3] * 15, *[0] * 5, *[4] * 15, *[0] * 5]
        assert array[:].tolist() == [*[1] * 15, *[0] * 5, *[2] * 20, *[3] * 15, *[0] * 5, *[4] * 15, *[0] * 5]

    def test_an_error_says_what_was_stored_early(self, engine):
        array = zarr.create_array({}, shape=80, chunks=20, dtype="i8")

        def block():
            with array.batch(max_memory=500) as b:
                b[:65] = 1
                b[79] = 1
                raise RuntimeError("late")

        with pytest.raises(RuntimeError, match="late") as raised:
            block()
        assert "objects of the batch of memory://" in raised.value.__notes__[-1]
        assert "took more than max_memory=500 bytes; they stay" in raised.value.__notes__[-1]
        assert array[:40].all()
        assert not array[79]

    def test_or_nothing_is_ever_stored_early(self, engine):
        array = zarr.create_array({}, shape=80, chunks=20, dtype="i8")

        def block():
            with array.batch(max_memory=500, when_full="raise") as b:
                b[:20] = 1
                b[20:65] = 1

        with pytest.raises(BatchFullError, match=r"max_memory=500 permits no more. Nothing was stored"):
            block()
        assert not array[:].any()
        with array.batch(max_memory=500, when_full="raise") as b:
            b[:20] = 1
            with pytest.raises(MemoryError):
                b[20:65] = 1
            b.flush()
            b[79] = 1
        assert array[:].sum() == 66

    def test_a_value_that_is_larger_than_the_memory(self, engine):
        array = zarr.create_array({}, shape=(100, 40), chunks=(10, 40), dtype="i8")
        value = np.arange(4000).reshape(100, 40)
        with array.batch(max_memory=10_000) as b:
            b[:] = value
            assert b.nbytes_gathered <= 10_000
            np.testing.assert_array_equal(b[:], value)
        np.testing.assert_array_equal(array[:], value)
        array[:] = 0
        with array.batch(max_memory=10_000, when_full="raise") as b:
            with pytest.raises(BatchFullError):
                b[:] = value
            assert b.nbytes_gathered == 0
        assert not array[:].any()

    def test_few_elements_of_large_chunks_take_little(self):
        array = zarr.create_array({}, shape=(4000, 4000), chunks=(1000, 1000), dtype="f8")
        with array.batch() as b:
            for at in range(0, 4000, 500):
                b[at, at] = 1
                b[[at, 5], [7, at]] = 2
            assert b.nbytes_gathered < 50_000
            assert b[500, 500] == 1
            b.discard()
            for row in range(1000):
                b[row, :200] = row
            assert b.nbytes_gathered < 9_500_000
            b.discard()

    def test_many_threads_write_to_one_batch(self, engine):
        array = zarr.create_array({}, shape=(8, 100), chunks=(3, 30), dtype="i4")
        with array.batch() as b:

            def work(row):
                for column in range(100):
                    b[row, column] = row * 100 + column

            threads = [threading.Thread(target=work, args=(row,)) for row in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        np.testing.assert_array_equal(array[:], np.arange(800).reshape(8, 100))
