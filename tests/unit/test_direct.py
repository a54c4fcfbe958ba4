"""Requests that the native engine does wholly by itself: what they cost, exactly, and when they are not taken."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import zarr
from zarr._engine import reached
from zarr._flow import resize
from zarr._flow.node import ArrayNode
from zarr._flow.objects import write
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr.codecs import ZstdCodec
from zarr.errors import ChunkNotFoundError, CodecError
from zarr.storage import LocalStore, MemoryStore

native = pytest.importorskip("zarr._native")


@pytest.fixture(autouse=True)
def native_engine():
    with zarr.config.set({"engine": "native", "threading.max_workers": 1}):
        yield


@contextmanager
def counted(**expected):
    """Assert what a block costs: each named counter exactly, and no crossing that is not expected."""
    before = native.counters()
    yield
    after = native.counters()
    found = {name: after[name] - before[name] for name in expected}
    assert found == expected


ELEMENTS = np.arange(64, dtype="i4").reshape(8, 8)


def make(tmp_path, **options):
    options = {"chunks": (4, 4), "compressors": None, **options}
    array = zarr.create_array(LocalStore(tmp_path / "store"), name="a", data=ELEMENTS, **options)
    assert array._node.view.pipeline.engine == "native"
    return array


def settle():
    """Wait until files that were just written may be kept in the cache."""
    time.sleep(0.15)


class TestReading:
    def test_a_chunk_is_opened_and_read_once(self, tmp_path):
        array = make(tmp_path)
        with counted(crossings=1, opens=4, reads=4, read_nbytes=256, files_written=0):
            assert (array[...] == ELEMENTS).all()

    def test_of_a_raw_chunk_only_the_wanted_rows_are_read(self, tmp_path):
        array = make(tmp_path, chunks=(8, 8))
        with counted(crossings=1, opens=1, reads=1, read_nbytes=32):
            assert (array[3] == ELEMENTS[3]).all()
        with counted(crossings=1, opens=1, reads=1, read_nbytes=4):
            assert array[3, 5] == ELEMENTS[3, 5]

    def test_rows_that_lie_far_apart_are_read_one_by_one(self, tmp_path):
        wide = np.arange(4 * 2**16, dtype="i4").reshape(4, 2**16)
        array = zarr.create_array(LocalStore(tmp_path), data=wide, chunks=wide.shape, compressors=None)
        with counted(opens=1, reads=4, read_nbytes=4 * 3 * 4):
            assert (array[:, 7:10] == wide[:, 7:10]).all()

    def test_of_a_shard_the_index_and_the_wanted_chunks_are_read(self, tmp_path):
        array = make(tmp_path, chunks=(2, 2), shards=(8, 8))
        index_nbytes = 16 * 16 + 4
        with zarr.config.set({"array.chunk_cache_bytes": 0}), counted(opens=1, reads=2, read_nbytes=index_nbytes + 4):
            assert array[3, 5] == ELEMENTS[3, 5]
        with counted(opens=1, reads=1 + 4, read_nbytes=index_nbytes + 4 * 16):
            with zarr.config.set({"array.chunk_cache_bytes": 0}):
                assert (array[2:4] == ELEMENTS[2:4]).all()

    def test_missing_chunks_are_looked_for_once(self, tmp_path):
        array = make(tmp_path)
        shutil.rmtree(tmp_path / "store" / "a" / "c")
        with counted(opens=4, missing=4, reads=0):
            assert (array[...] == 0).all()

    def test_an_error_names_the_key_and_the_array(self, tmp_path):
        array = make(tmp_path)
        chunk = tmp_path / "store" / "a" / "c" / "1" / "0"
        chunk.write_bytes(b"short")
        for read in (lambda: array[5, 1], lambda: array[...], lambda: array.oindex[[5], [1]]):
            with pytest.raises(CodecError, match=r"'a/c/1/0'.*'/a'") as caught:
                read()
            assert caught.value.coords == (1, 0)
            assert caught.value.key == "a/c/1/0"
        with pytest.raises(CodecError, match="'a/c/1/0'"):
            zarr.open_array(MemoryStore(dict(stored(array))), path="a")[5, 1]

    def test_a_missing_chunk_that_must_be_there_is_named(self, tmp_path):
        array = make(tmp_path).with_config({"read_missing_chunks": False})
        (tmp_path / "store" / "a" / "c" / "1" / "0").unlink()
        for read in (lambda: array[5, 1], lambda: array[...]):
            with pytest.raises(ChunkNotFoundError, match="'a/c/1/0'"):
                read()

    def test_what_the_system_refuses_is_an_oserror_with_the_path(self, tmp_path):
        array = make(tmp_path)
        chunk = tmp_path / "store" / "a" / "c" / "0" / "0"
        chunk.unlink()
        chunk.symlink_to("x" * 300)  # a name that is too long: even the superuser may not follow it
        with pytest.raises(OSError, match=r"c/0/0"):
            array[0, 0]


def stored(array):
    """Keys and values of an array's store."""
    store = array.store
    return [(key, store.read(key).data) for key in store.list_keys("")]


class TestWriting:
    def test_a_whole_chunk_is_written_without_a_look_at_the_old_one(self, tmp_path):
        array = make(tmp_path)
        with counted(crossings=1, opens=0, files_written=4, written_nbytes=256, locks=4, directories_made=0):
            array[...] = ELEMENTS + 1
        assert (array[...] == ELEMENTS + 1).all()

    def test_a_part_of_a_chunk_is_one_swap(self, tmp_path):
        array = make(tmp_path)
        with counted(crossings=1, opens=1, reads=1, files_written=1, locks=1, lost_rounds=0):
            array[1, 1] = 7
        assert array[1, 1] == 7

    def test_a_memory_store_keeps_what_was_encoded_without_a_copy(self):
        store = MemoryStore()
        options = {"chunks": (4, 4), "fill_value": 0, "data": ELEMENTS}
        zarr.create_array(store, name="raw", compressors=None, **options)
        zarr.create_array(store, name="zstd", compressors=zarr.codecs.ZstdCodec(), **options)
        for name in ("raw", "zstd"):
            value = store._store_dict[f"{name}/c/1/1"]
            owner = value.as_numpy_array().base
            assert type(owner) is native.OwnedBytes
            assert len(owner) == len(value)

    def test_a_part_of_what_was_encoded_is_copied(self):
        store = MemoryStore()
        zarr.create_array(store, data=ELEMENTS, chunks=(4, 4), compressors=None)
        whole = store.read("c/1/1").data
        store.put("part", whole[4:12])
        owner = store.read("part").data.as_numpy_array().base
        assert type(owner) is bytes
        assert owner == whole.to_bytes()[4:12]

    def test_a_chunk_of_fill_value_is_removed(self, tmp_path):
        array = make(tmp_path)
        with counted(files_removed=1, files_written=0):
            array[:4, :4] = 0
        assert not (tmp_path / "store" / "a" / "c" / "0" / "0").exists()

    def test_a_part_of_a_shard_keeps_the_bytes_of_the_rest(self, tmp_path):
        array = make(tmp_path, chunks=(2, 2), shards=(8, 8), compressors=zarr.codecs.ZstdCodec(level=1))
        shard = tmp_path / "store" / "a" / "c" / "0" / "0"
        before = shard.read_bytes()
        array[7, 7] = 1
        after = shard.read_bytes()
        assert after[: len(before) // 2] == before[: len(before) // 2]
        assert array[7, 7] == 1
        assert (array[:6] == ELEMENTS[:6]).all()

    def test_nothing_is_written_through_a_read_only_store(self, tmp_path):
        make(tmp_path)
        array = zarr.open_array(LocalStore(tmp_path / "store", read_only=True), path="a")
        with pytest.raises(ValueError, match="read-only"), counted(crossings=0, files_written=0):
            array[0, 0] = 1

    def test_a_write_that_another_memory_writer_beats_is_done_again(self):
        store = MemoryStore()
        array = zarr.create_array(store, data=ELEMENTS, chunks=(8, 8), compressors=None)
        put, done = store.put, []

        def beaten(key, value, **how):
            if not done:
                done.append(True)
                MemoryStore.put(store, key, zarr.core.buffer.cpu.Buffer.from_bytes((ELEMENTS + 100).tobytes()))
            return put(key, value, **how)

        store.put = beaten
        array[0, 0] = -1
        del store.put
        expected = ELEMENTS + 100
        expected[0, 0] = -1
        assert (array[...] == expected).all()


class TestAppending:
    @pytest.fixture
    def array(self, tmp_path):
        array = make(tmp_path, compressors="auto")
        array.append(ELEMENTS)
        return array

    def test_no_document_is_parsed_and_no_directory_examined_twice(self, array, monkeypatch):
        made = []
        monkeypatch.setattr(reached, "examine", lambda *_, **__: made.append("directory"))
        monkeypatch.setattr(ArrayV3Metadata, "_read", lambda *_: made.append("metadata"))
        for n in (3, 4):
            assert array.append(ELEMENTS) == (8 * n, 8)
        assert made == []
        assert (array[...] == np.tile(ELEMENTS, (4, 1))).all()

    def test_each_shape_is_compiled_once(self, array, monkeypatch):
        compiled = []
        view_of = ArrayNode.view_of
        monkeypatch.setattr(ArrayNode, "view_of", lambda node, at: compiled.append(at.shape) or view_of(node, at))
        for _ in range(2):
            array.append(ELEMENTS)
            assert (array[-8:] == ELEMENTS).all()
        assert compiled == [(24, 8), (32, 8)]

    def test_it_goes_on_with_the_codecs_of_an_array_that_took_its_place(self, array, monkeypatch):
        def write_and_replace(*args, **options):
            yield from write(*args, **options)
            document = array.store.root / "a" / "zarr.json"
            members = json.loads(document.read_bytes())
            members["codecs"] = members["codecs"][:1]
            document.write_text(json.dumps(members))

        monkeypatch.setattr(resize, "write", write_and_replace)
        array.append(ELEMENTS)
        monkeypatch.undo()
        assert array.compressors == ()
        array[...] = 7
        assert (zarr.open_array(array.store, path="a")[...] == 7).all()
        assert (array[...] == 7).all()


class TestCache:
    def test_a_chunk_of_which_a_part_is_wanted_is_decoded_once(self, tmp_path):
        array = make(tmp_path, compressors=zarr.codecs.ZstdCodec())
        native.clear_cache()
        settle()
        assert array[0, 0] == 0
        with counted(opens=0, reads=0, stats=1, cache_hits=1):
            assert array[1, 1] == ELEMENTS[1, 1]
        assert native.cache_nbytes() > 0

    def test_a_large_chunk_is_kept_when_it_is_wanted_again(self, tmp_path):
        large = np.arange(2**18, dtype="i4")
        array = zarr.create_array(
            LocalStore(tmp_path), data=large, chunks=large.shape, compressors=zarr.codecs.ZstdCodec()
        )
        native.clear_cache()
        settle()
        for opens in (1, 1, 0, 0):
            with counted(opens=opens):
                assert array[77] == 77

    def test_an_index_and_a_chunk_of_a_shard_are_kept(self, tmp_path):
        array = make(tmp_path, chunks=(2, 2), shards=(8, 8), compressors=zarr.codecs.ZstdCodec())
        native.clear_cache()
        settle()
        assert array[0, 0] == 0
        with counted(opens=0, reads=0, stats=1, cache_hits=2):
            assert array[1, 1] == ELEMENTS[1, 1]
        with counted(opens=1, reads=1, stats=1, cache_hits=1):
            assert array[7, 7] == ELEMENTS[7, 7]

    @pytest.mark.parametrize("shards", [None, (8, 8)])
    def test_a_change_by_others_is_seen(self, tmp_path, shards):
        array = make(tmp_path, shards=shards, compressors=zarr.codecs.ZstdCodec())
        with zarr.config.set({"engine": "python"}):
            other = zarr.open_array(LocalStore(tmp_path / "store"), path="a")
            assert other._node.view.pipeline.engine == "python"
        settle()
        for number in range(300):
            assert array[1, 1] == (ELEMENTS[1, 1] if number == 0 else number - 1)
            other[1, 1] = number
            if number % 100 == 0:
                settle()

    def test_a_request_that_covers_a_chunk_passes_by(self, tmp_path):
        array = make(tmp_path, compressors=zarr.codecs.ZstdCodec())
        native.clear_cache()
        settle()
        with counted(opens=4, stats=0, cache_hits=0, cache_inserts=0):
            assert (array[...] == ELEMENTS).all()

    def test_the_configuration_turns_it_off(self, tmp_path):
        array = make(tmp_path, compressors=zarr.codecs.ZstdCodec())
        settle()
        with zarr.config.set({"array.chunk_cache_bytes": 0}), counted(opens=3, stats=0, cache_hits=0):
            assert [int(array[i, 0]) for i in range(3)] == [0, 8, 16]
        assert native.cache_nbytes() == 0

    @pytest.mark.parametrize("shards", [None, (8, 8)])
    def test_a_single_array_does_without_it(self, tmp_path, shards):
        """Neither is anything kept of its chunks, nor is what another handle keeps of them looked for."""
        array = make(tmp_path, chunks=(4, 4), shards=shards, compressors=zarr.codecs.ZstdCodec())
        native.clear_cache()
        settle()
        alone = array.with_config({"chunk_cache": False})
        again = zarr.open_array(array.store, path="a", config={"chunk_cache": False})
        for handle in (alone, again):
            for read in (lambda handle=handle: handle[1, 1], lambda handle=handle: handle.oindex[[1], [1]].item()):
                with counted(opens=1, stats=0, cache_hits=0, cache_misses=0, cache_inserts=0):
                    assert read() == ELEMENTS[1, 1]
        assert native.cache_nbytes() == 0
        assert array[1, 1] == ELEMENTS[1, 1]
        assert native.cache_nbytes() > 0
        with counted(opens=1, stats=0, cache_hits=0):
            assert alone[1, 1] == ELEMENTS[1, 1]
        with counted(opens=0, stats=1, cache_hits=2 if shards else 1):
            assert array[1, 1] == ELEMENTS[1, 1]

    def test_arrays_do_without_it_from_when_they_are_opened(self, tmp_path):
        array = make(tmp_path, compressors=zarr.codecs.ZstdCodec())
        with zarr.config.set({"array.chunk_cache": False}):
            other = zarr.open_array(array.store, path="a")
        assert not other.config.chunk_cache
        native.clear_cache()
        settle()
        with counted(opens=2, stats=0, cache_inserts=0):
            assert [int(other[1, 1]) for _ in range(2)] == [9, 9]

    def test_a_negative_capacity_is_refused(self):
        with zarr.config.set({"array.chunk_cache_bytes": -1}), pytest.raises(ValueError, match="chunk_cache_bytes"):
            zarr.create_array({}, shape=1, dtype="i1")


class TestShortcut:
    """Square brackets with integers and slices."""

    @pytest.mark.parametrize(
        "selection",
        [
            (0, 0),
            (-1, -8),
            (slice(1, 7, 3), slice(None)),
            (slice(None, None, -2), slice(6, 1, -1)),
            3,
            slice(2, 5),
            (2,),
            (),
            (slice(5, 2), 0),
            ...,
            (..., 1),
            (None, 1),
            ([1, 2], 0),
            (np.int64(3), np.uint8(2)),
            (slice(np.int64(1), 5), 2),
            np.array([1, 2]),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("kind", ["memory", "local"])
    def test_it_gives_what_the_ordinary_way_gives(self, tmp_path, kind, selection):
        store = MemoryStore() if kind == "memory" else LocalStore(tmp_path)
        array = zarr.create_array(store, data=ELEMENTS, chunks=(4, 4))
        ordinary = array._get(zarr._selection.fancy, selection)
        found = array[selection]
        assert type(found) is type(ordinary)
        assert np.array_equal(found, ordinary)
        assert getattr(found, "flags", None) == getattr(ordinary, "flags", None) or not found.ndim

    @pytest.mark.parametrize(
        "selection", [(8, 0), (0, -9), (0, 0, 0), "a", (slice("a"), 0), (slice(0, 4, 0), 0), 2**70]
    )
    def test_errors_are_those_of_the_ordinary_way(self, selection):
        array = zarr.create_array({}, data=ELEMENTS, chunks=(4, 4))
        errors = []
        for read in (lambda: array._get(zarr._selection.fancy, selection), lambda: array[selection]):
            with pytest.raises(Exception) as caught:  # whatever it is
                read()
            errors.append((type(caught.value), str(caught.value)))
        assert errors[0] == errors[1]

    @pytest.mark.parametrize("dtype", ["M8[s]", "m8[ns]", "S3", "U2", "V3", "?", "f2", "c16", ">i4"])
    def test_elements_of_every_type(self, dtype):
        itemsize = np.dtype(dtype).itemsize
        raw = np.arange(6 * itemsize, dtype="u1").view(dtype)
        values = raw if dtype[0] in "VS" else np.arange(6).astype(dtype)
        array = zarr.create_array({}, shape=6, dtype=dtype, chunks=4, zarr_format=2)
        array[...] = values
        assert array[2] == values[2]
        assert type(array[2]) is type(values[2])
        assert (array[1:5] == values[1:5]).all()

    def test_it_sees_a_resize(self):
        array = zarr.create_array({}, data=ELEMENTS, chunks=(4, 4))
        assert array[7, 7] == 63
        array.resize((9, 9))
        assert array[8, 8] == 0
        array.resize((2, 2))
        with pytest.raises(IndexError):
            array[7, 7]

    def test_it_follows_a_store_that_moves(self, tmp_path):
        array = zarr.create_array(LocalStore(tmp_path / "one"), data=ELEMENTS, chunks=(4, 4))
        assert array[7, 7] == 63
        zarr._support.bridge.run(array.store.move(tmp_path / "two"))
        assert array[7, 7] == 63

    def test_a_store_whose_methods_are_replaced_is_asked(self, monkeypatch):
        array = zarr.create_array(MemoryStore(), data=ELEMENTS, chunks=(4, 4))
        assert array[7, 7] == 63
        asked = []
        original = MemoryStore.get

        async def get(self, key, *args, **kwargs):
            asked.append(key)
            return await original(self, key, *args, **kwargs)

        monkeypatch.setattr(MemoryStore, "get", get)
        assert array[7, 7] == 63
        assert asked == ["c/1/1"]

    def test_the_configuration_of_buffers_is_followed(self):
        array = zarr.create_array({}, data=ELEMENTS, chunks=(4, 4))
        assert array[0, 1] == 1

        class Buffer(zarr.core.buffer.cpu.NDBuffer):
            created = 0

            @classmethod
            def empty(cls, *shape, **how):
                cls.created += 1
                return super().empty(*shape, **how)

        zarr.registry.register_ndbuffer(Buffer)
        name = f"{Buffer.__module__}.{Buffer.__qualname__}"
        with zarr.config.set({"ndbuffer": name}):
            assert array[0, 1] == 1
        assert Buffer.created == 1


@pytest.fixture
def interruptible():
    """SIGINT raises, also where the test run was started by a shell that lets it be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
class TestThreads:
    def test_an_interrupt_stops_a_long_read(self, tmp_path):
        data = np.random.default_rng(0).integers(0, 200, 2**24).astype("u1")
        array = zarr.create_array(
            LocalStore(tmp_path), data=data, chunks=2**16, compressors=zarr.codecs.GzipCodec(level=1)
        )
        out = np.zeros_like(data)
        timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))

        def read_for_ever():
            while True:
                array.get_basic_selection(..., out=out)

        timer.start()
        with pytest.raises(KeyboardInterrupt):
            read_for_ever()
        timer.join()
        array.get_basic_selection(..., out=out)
        assert (out == data).all()

    @pytest.mark.parametrize("shards", [None, 2**16])
    def test_several_threads_share_a_request(self, tmp_path, shards):
        data = np.random.default_rng(0).integers(0, 4, 2**18).astype("u1")
        with zarr.config.set({"threading.max_workers": 4}):
            array = zarr.create_array(LocalStore(tmp_path), shape=data.shape, dtype="u1", chunks=2**12, shards=shards)
            array[...] = data
            assert (array[...] == data).all()
            assert (array[::-3] == data[::-3]).all()


class TestCopying:
    def test_each_chunk_of_the_source_is_read_once(self, tmp_path):
        source = make(tmp_path, chunks=(4, 2))
        with counted(opens=8, files_written=4):
            copy = zarr.from_array(LocalStore(tmp_path / "copy"), data=source, chunks=(2, 8))
        np.testing.assert_array_equal(copy[:], ELEMENTS)


@pytest.mark.parametrize("max_workers", [1, 2])
@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize("codec", [None, ZstdCodec()], ids=["raw", "zstd"])
def test_a_large_shard_is_written_piece_by_piece(disk, max_workers, location, codec):
    """More than is gathered before it is written, with an index at either end, and one inner chunk left out."""
    values = np.random.default_rng(0).integers(0, 255, (48, 2**16), "u1")
    values[8:16] = 0
    shards = {"shape": (48, 2**16), "index_location": location}
    with zarr.config.set({"threading.max_workers": max_workers, "engine": "native"}):
        array = zarr.create_array(
            disk, shape=(40, 2**16), dtype="u1", chunks=(8, 2**15), shards=shards, compressors=codec
        )
        with counted(files_written=1, locks=1, lost_rounds=0):
            array[...] = values[:40]
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            np.testing.assert_array_equal(zarr.open_array(disk, mode="r")[...], values[:40])
    if codec is None:
        index_nbytes = 6 * 2 * 16 + 4
        assert len(disk.get_sync("c/0/0").to_bytes()) == 4 * 8 * 2**16 + index_nbytes


def test_a_shard_of_nothing_but_the_fill_value_makes_no_directory(disk):
    array = zarr.create_array(disk, shape=(8, 8), dtype="u1", chunks=(2, 2), shards=(4, 4))
    with counted(directories_made=0, files_written=0):
        array[...] = 0


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of resident memory")
@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize("chunks", [(128, 128), (512, 8192)])
@pytest.mark.parametrize("used", ["native", "python"])
def test_writing_raw_shards_takes_little_memory(disk, used, chunks, location):
    """A quarter of one shard is more than what is in memory at once."""
    values = np.random.default_rng(0).integers(0, 255, (4096, 8192), "u1")
    shards = {"shape": (4096, 8192), "index_location": location}
    with zarr.config.set({"engine": used, "threading.max_workers": 2}):
        array = zarr.create_array(disk, shape=values.shape, dtype="u1", chunks=chunks, shards=shards, compressors=None)
        array[:1, :1] = 1  # what is loaded on first use
        Path("/proc/self/clear_refs").write_text("5")
        before = resident("VmRSS")
        array[...] = values
        peak = resident("VmHWM")
        np.testing.assert_array_equal(array[...], values)
    assert peak - before < 0.25 * values.nbytes


def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
