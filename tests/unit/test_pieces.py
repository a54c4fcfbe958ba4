"""Shards that are written piece by piece: what is stored, how much memory that takes, and whom it does not concern."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from zarr._codec.shard_index import MISSING
from zarr._dtype.fill import all_fill
from zarr._engine.shards import _Old
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec
from zarr.storage import LocalStore, MemoryStore


@pytest.fixture(autouse=True)
def _by_the_python_engine():
    with zarr.config.set({"engine": "python"}):
        yield


def shards(shape, location="end"):
    return {"shape": shape, "index_location": location}


# -- memory -----------------------------------------------------------------------------------------------------------


def most_traced(function):
    """Bytes of memory that a call takes at its peak, besides what there was before."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


SHAPE = (1024, 2**15)
NBYTES = 2**25


def array_in(store, dtype="u1", **options):
    shape = (SHAPE[0], SHAPE[1] // np.dtype(dtype).itemsize)
    options = {"chunks": (64, shape[1] // 8), "shards": shards(shape), "compressors": None, **options}
    return zarr.create_array(store, shape=shape, dtype=dtype, **options)


def elements_of(array, order="C"):
    values = np.arange(array.size, dtype="u4").view(array.dtype)[: array.size]
    return np.asarray(values.reshape(array.shape), order=order)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shards": shards(SHAPE, "start")},
        {"chunks": (512, 2**15)},
        {"shards": (512, 2**15)},
        {"dtype": ">u4"},
        {"compressors": GzipCodec(level=1)},
        {"serializer": BytesCodec(), "compressors": Crc32cCodec()},
        {"chunks": SHAPE, "shards": None, "serializer": ShardingCodec(chunk_shape=(64, 2**12))},
    ],
    ids=[
        "plain",
        "index first",
        "two inner chunks",
        "two shards",
        "other byte order",
        "gzip",
        "crc32c",
        "by serializer",
    ],
)
def test_a_file_takes_a_few_inner_chunks_in_memory(tmp_path, options, order):
    array = array_in(tmp_path / "a", **options)
    values = elements_of(array, order)
    array[0, 0] = 1  # what is loaded on first use
    lent = order == "C" or "compressors" in options or array.chunks != (512, 2**15)
    assert most_traced(lambda: array.__setitem__(..., values)) < (0.25 if lent else 0.6) * NBYTES
    np.testing.assert_array_equal(array[...], values)


@pytest.mark.parametrize("engine", ["python", "native"])
def test_a_memory_store_has_a_shard_once(engine):
    with zarr.config.set({"engine": engine}):
        array = array_in(MemoryStore())
        values = elements_of(array)
        array[0, 0] = 1
        assert most_traced(lambda: array.__setitem__(..., values)) < 1.35 * NBYTES


def test_of_a_shard_that_is_changed_there_is_only_the_old_one(tmp_path):
    array = array_in(tmp_path / "a")
    values = elements_of(array)
    array[...] = values
    assert most_traced(lambda: array.__setitem__((slice(0, 600), slice(5, 9)), 7)) < 1.35 * NBYTES
    values[0:600, 5:9] = 7
    np.testing.assert_array_equal(array[...], values)


def test_fill_values_are_looked_for_in_little_memory():
    values = np.zeros((1, NBYTES), "u1")
    values[0, -1] = 1
    assert most_traced(lambda: all_fill(values, np.uint8(0))) < 0.1 * NBYTES


# -- what is stored ---------------------------------------------------------------------------------------------------


INNER = st.sampled_from([None, b"", b"a", b"bcd", b"efghij"])


@given(st.lists(st.tuples(INNER, st.booleans()), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_runs_of_what_stays_are_all_of_it_in_order(chunks, random):
    """Inner chunks as they lie in an old shard, in any order, and which of them change."""
    rows = list(range(len(chunks)))
    random.shuffle(rows)
    old, places = b"index", np.full((len(chunks), 2), MISSING, np.uint64)
    for row in rows:
        if chunks[row][0] is not None:
            places[row] = len(old), len(chunks[row][0])
            old += chunks[row][0]
    laid = np.array(random.sample(rows, len(rows)), np.int64)
    is_touched = np.array([chunks[row][1] for row in laid])
    shard = _Old(memoryview(old), places, laid, is_touched)
    runs = list(shard.runs())
    stays = [row for row in laid if chunks[row][0] is not None and not chunks[row][1]]
    assert shard.kept.tolist() == stays
    assert b"".join(run for _, run in runs) == b"".join(chunks[row][0] for row in stays)
    assert [n for n, _ in runs] == sorted(n for n, _ in runs)
    offsets = list(itertools.accumulate((len(run) for _, run in runs), initial=100))[:-1]
    sizes = [len(chunks[row][0]) for row in stays]
    assert shard.sizes.tolist() == sizes
    assert shard.moved_to(offsets).tolist() == list(itertools.accumulate(sizes, initial=100))[:-1]


WRITES = [
    (np.s_[...], 5),
    (np.s_[0], 0),
    (np.s_[::3, ::5], 9),
    (np.s_[4:9, 2:7], 1),
    (np.s_[::-1], np.arange(17)),
    (np.s_[8:12, 0:4], 0),
    (np.s_[:, 3], 2),
]


@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize("codec", [None, GzipCodec()], ids=["raw", "gzip"])
@pytest.mark.parametrize("chunks", [(4, 4), (2, 20), (12, 20)])
def test_a_file_has_what_memory_has(tmp_path, location, codec, chunks):
    options = {
        "shape": (17, 17),
        "dtype": "i2",
        "chunks": chunks,
        "shards": shards((12, 20), location),
        "compressors": codec,
    }
    stores = LocalStore(tmp_path), MemoryStore()
    arrays = [zarr.create_array(store, **options) for store in stores]
    expected = np.zeros((17, 17), "i2")
    for selection, value in [*WRITES, *reversed(WRITES)]:
        expected[selection] = value
        for array in arrays:
            array[selection] = value
            np.testing.assert_array_equal(array[...], expected)
        assert sorted(stores[0].list_keys("")) == sorted(stores[1].list_keys(""))
        for key in stores[0].list_keys("c"):
            assert stores[0].get_sync(key).to_bytes() == stores[1].get_sync(key).to_bytes()


def test_memory_that_is_lent_is_not_kept():
    """Elements of the caller's, who changes them afterwards."""
    array = zarr.create_array({}, shape=(8, 8), dtype="u1", chunks=(2, 8), shards=(8, 8), compressors=None)
    values = np.arange(1, 65, dtype="u1").reshape(8, 8)
    array[...] = values
    values[...] = 0
    np.testing.assert_array_equal(array[...].ravel(), np.arange(1, 65))


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("dtype", ["S4", "U3", ">i4", "M8[s]", "V3", [("a", "S4"), ("b", ">i2")]], ids=str)
@pytest.mark.filterwarnings("ignore:The data type:zarr.errors.UnstableSpecificationWarning")
def test_one_element_without_axes_is_lent_with_all_its_bytes(tmp_path, engine, dtype):
    """NumPy's scalar of it is shorter, where what is left out are zeros."""
    value = np.zeros((), dtype)
    if value.dtype.kind != "V":
        value[()] = "a" if value.dtype.kind in "SU" else 7
    with zarr.config.set({"engine": engine}):
        for store in (MemoryStore(), LocalStore(tmp_path)):
            array = zarr.create_array(
                store,
                shape=(),
                dtype=dtype,
                chunks=(),
                serializer=ShardingCodec(chunk_shape=(), codecs=[BytesCodec()]),
                compressors=None,
                config={"write_empty_chunks": True},
            )
            for index in ((), ...):
                array[index] = value
                assert array[()] == value
            assert store.size("c") == value.itemsize + 16 + 4


def test_a_codec_that_fails_leaves_what_was_stored(tmp_path):
    class Failing(GzipCodec):
        def _encode_sync(self, chunk_data, chunk_spec):
            if chunk_data.to_bytes()[0] == 13:
                raise FileNotFoundError(2, "not of the store")
            return super()._encode_sync(chunk_data, chunk_spec)

    array = zarr.create_array(tmp_path, shape=4096, dtype="u2", chunks=256, shards=4096, compressors=Failing())
    array[...] = 1
    before = (tmp_path / "c" / "0").read_bytes()
    for selection in (np.s_[...], np.s_[100:4000]):
        values = np.full(4096, 2, "u2")
        values[3000:3100] = 13
        with pytest.raises(FileNotFoundError, match="not of the store"):
            array[selection] = values[selection]
    assert (tmp_path / "c" / "0").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["0"]


# -- other stores -----------------------------------------------------------------------------------------------------


def test_a_store_that_sees_each_put_is_asked_for_it(tmp_path):
    class Counting(LocalStore):
        def put(self, key, value, **options):
            sizes[key] = len(value)
            return super().put(key, value, **options)

    sizes = {}
    array = zarr.create_array(
        Counting(tmp_path), shape=(8, 8), dtype="u1", chunks=(2, 2), shards=(8, 8), compressors=None
    )
    array[...] = 1
    assert sizes["c/0/0"] == (tmp_path / "c" / "0" / "0").stat().st_size == 64 + 16 * 16 + 4


@pytest.mark.parametrize("location", ["start", "end"])
def test_whoever_looks_on_sees_one_write_of_all_bytes(tmp_path, location):
    options = {"shape": (8, 8), "dtype": "u1", "chunks": (2, 2), "compressors": None}
    zarr.create_array(tmp_path, shards=shards((8, 8), location), **options)
    with zarr.storage.trace(LocalStore(tmp_path)) as traced:
        array = zarr.open_array(traced)
        array[...] = 1
        array[0, 0] = 2
    written = traced.kinds["set"]
    assert written.requests == 2
    assert written.bytes_written == 2 * (64 + 16 * 16 + 4)
