"""What a read is said to ask of the store is what it asks: counted by the store, for every way in which objects are read."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.plain_stores import Awaited
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr.errors import ArgumentError, BoundsCheckError, StoreAbilityError
from zarr.storage import LocalStore, MemoryStore, TraceStore, ZipStore
from zarr.views import Explanation

SHAPE = (53, 47)
NOISE = np.random.default_rng(0).integers(0, 2**31, SHAPE, "i4")
"""What no codec makes any smaller."""
NESTED = ShardingCodec(
    chunk_shape=(12, 12),
    codecs=[ShardingCodec(chunk_shape=(4, 6), codecs=[BytesCodec()], index_location="start")],
    index_codecs=[BytesCodec(), Crc32cCodec()],
)
TURNED = ShardingCodec(chunk_shape=(6, 4), codecs=[BytesCodec(), ZstdCodec()], subchunk_write_order="morton")
LAYOUTS = {
    "v2": {"zarr_format": 2, "chunks": (7, 9), "compressors": None},
    "v3": {"chunks": (7, 9), "compressors": [Crc32cCodec()]},
    "zstd": {"chunks": (30, 20)},
    "shards": {"chunks": (4, 5), "shards": (16, 20), "compressors": None},
    "shards, index first": {
        "chunks": (16, 20),
        "serializer": ShardingCodec(chunk_shape=(4, 5), codecs=[BytesCodec()], index_location="start"),
        "compressors": None,
    },
    "shards, zstd": {"chunks": (12, 12), "shards": (36, 24)},
    "shards in shards": {"chunks": (24, 24), "serializer": NESTED, "compressors": None},
    "shards, turned": {
        "chunks": (24, 20),
        "filters": [TransposeCodec(order=(1, 0))],
        "serializer": ShardingCodec(chunk_shape=(5, 4), codecs=[BytesCodec()]),
        "compressors": None,
    },
    "shards, opaque": {"chunks": (24, 20), "serializer": TURNED, "compressors": [Crc32cCodec()]},
}
N_SELECTIONS = 8

pytestmark = pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning")


PLACES = [("memory", name) for name in LAYOUTS]
PLACES += [(kind, name) for kind in ("local", "zip", "awaited") for name in ("v3", "shards", "shards in shards")]


@pytest.fixture(params=PLACES, ids=", ".join)
def place(request, tmp_path):
    """A store, and how an array in it is laid out."""
    kind, name = request.param
    return store_of(kind, tmp_path), LAYOUTS[name]


@pytest.fixture(params=["memory", "local", "zip", "awaited"])
def store(request, tmp_path):
    return store_of(request.param, tmp_path)


def store_of(kind, path):
    if kind == "local":
        return LocalStore(path / "store")
    if kind == "zip":
        return ZipStore(path / "store.zip", mode="a")
    return MemoryStore() if kind == "memory" else Awaited(MemoryStore())


def selections(seed, n=N_SELECTIONS):
    """Makes a view of an array, in one of many ways."""
    rng = np.random.default_rng(seed)

    def run(length):
        start, stop = sorted(rng.integers(0, length + 1, 2).tolist())
        return slice(start, stop, int(rng.choice([1, 1, 1, 3, 8]))) if rng.random() < 0.7 else int(rng.integers(length))

    for _ in range(n):
        kind = rng.random()
        if kind < 0.6:
            chosen = tuple(map(run, SHAPE))
            yield lambda a, s=chosen: a.lazy[s]
        elif kind < 0.75:
            chosen = tuple(rng.integers(0, length, rng.integers(1, 9)) for length in SHAPE)
            yield lambda a, s=chosen: a.lazy.oindex[s].T
        elif kind < 0.9:
            chosen = tuple(rng.integers(0, length, 6) for length in SHAPE)
            yield lambda a, s=chosen: a.lazy.vindex[s]
        else:
            yield lambda a: a.lazy[::-1]


def counted(store):
    """An array in a store, and what counts there."""
    trace = TraceStore(store)
    array = zarr.open_array(trace, path="a", mode="r")
    trace.reset()
    return array, trace


def read(view):
    """What the store counts while a view is read."""
    trace = view.array.store
    trace.reset()
    view.read()
    found = trace.total.requests, trace.total.bytes_read
    trace.reset()
    return found


class TestExact:
    def test_if_all_is_stored_nobody_has_to_ask(self, place, engine):
        store, layout = place
        zarr.create_array(store, name="a", data=NOISE, **layout)
        array, trace = counted(store)
        for select in selections(1):
            view = select(array)
            found = view.explain()
            assert trace.total.requests == 0
            assert found.n_requests == read(view)[0]
            assert (found.n_absent, found.is_exact) == (None, False)

    @pytest.mark.parametrize("layout", [LAYOUTS["zstd"], LAYOUTS["shards, zstd"]])
    def test_of_what_does_not_compress_bytes_are_known_within_a_few_percent(self, layout, engine):
        store = MemoryStore()
        noise = np.random.default_rng(0).integers(-(2**31), 2**31, (180, 120), "i4")
        zarr.create_array(store, name="a", data=noise, **layout)
        array, _ = counted(store)
        for select in selections(4):
            view = select(array)
            nbytes = read(view)[1]
            assert abs(view.explain().nbytes_moved - nbytes) <= 0.05 * nbytes

    def test_bytes_too_where_codecs_make_them_of_one_size(self, place, engine):
        store, layout = place
        if layout in (LAYOUTS["zstd"], LAYOUTS["shards, zstd"], LAYOUTS["shards, opaque"]):
            layout = {name: value for name, value in layout.items() if name != "serializer"} | {"compressors": None}
        zarr.create_array(store, name="a", data=NOISE, **layout)
        array, _ = counted(store)
        for select in selections(2):
            view = select(array)
            found = view.explain()
            assert (found.n_requests, found.nbytes_moved) == read(view)

    @pytest.mark.parametrize("kind", ["dense", "sparse", "alike"])
    def test_if_the_store_is_asked(self, place, engine, kind):
        store, layout = place
        array = zarr.create_array(store, name="a", shape=SHAPE, dtype="i4", **layout)
        if kind == "alike":
            array[...] = np.arange(53 * 47).reshape(SHAPE) // 100
        else:
            array[...] = NOISE
        if kind == "sparse":
            array[10:40, 3:30] = 0
            array[:, 40:] = 0
        array, trace = counted(store)
        before = contents(store)
        for select in selections(3):
            view = select(array)
            trace.reset()
            found = view.explain(ask=True)
            asked = trace.total
            assert (found.n_requests, found.nbytes_moved) == read(view)
            assert found == view.explain(ask=True)
            assert found.is_exact
            assert asked.bytes_written == 0
            assert asked.bytes_read <= found.nbytes_moved or not array.shards
        assert contents(store) == before

    def test_asking_reads_no_chunks(self, store, engine):
        zarr.create_array(store, name="a", data=NOISE, chunks=(10, 10), shards=(50, 50), compressors=None)
        array, trace = counted(store)
        array.explain((slice(20), slice(20)), ask=True)
        index = 16 * 25 + 4
        assert {kind: (row.requests, row.bytes_read) for kind, row in trace.kinds.items()} == {"get": (1, index)}
        trace.reset()
        array.explain((slice(50), slice(47)), ask=True)
        assert trace.total.bytes_read <= index
        assert trace.kinds["getsize"].requests == 1

    def test_uneven_chunks(self, store, engine):
        with zarr.config.set({"array.rectilinear_chunks": True}):
            data = NOISE[:50, :40]
            zarr.create_array(
                store, name="a", data=data, chunks=(5, 5), shards=([10, 30, 10], [20, 5, 15]), compressors=None
            )
            array, _ = counted(store)
            for chosen in [np.s_[5:45, 3:33], np.s_[12, :], np.s_[:, ::9], np.s_[10:40, 20:25], np.s_[...]]:
                for ask in (False, True):
                    found = array.explain(chosen, ask=ask)
                    assert (found.n_requests, found.nbytes_moved) == read(array.lazy[chosen])

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_elements_of_any_length(self, store, engine, zarr_format):
        words = np.array(["a", "bc" * 40, "", "d"] * 10, np.dtypes.StringDType())
        zarr.create_array(store, name="a", data=words, chunks=6, zarr_format=zarr_format)
        array, _ = counted(store)
        found = array.explain(slice(3, 20), ask=True)
        assert (found.n_requests, found.nbytes_moved) == read(array.lazy[3:20])
        assert array.explain(slice(3, 20)).n_requests == found.n_requests

    @pytest.mark.parametrize("shape", [(), (0,), (0, 5)])
    def test_hardly_any_elements(self, store, engine, shape):
        zarr.create_array(store, name="a", shape=shape, dtype="i4", compressors=None)[...] = 1
        array, _ = counted(store)
        for ask in (False, True):
            found = array.explain(ask=ask)
            assert (found.n_requests, found.nbytes_moved) == read(array.lazy)
            assert found.n_objects == found.n_chunks == (0 if 0 in shape else 1)


class TestNumbers:
    def test_of_a_large_array_without_listing_what_it_has(self, engine):
        array = zarr.create_array({}, shape=(10**6, 10**6), chunks=(100, 100), shards=(1000, 1000), dtype="f4")
        found = array.explain()
        assert (found.n_objects, found.n_requests, found.n_chunks) == (10**6, 10**6, 10**8)
        row = array.explain(np.s_[5])
        assert (row.n_objects, row.n_chunks) == (1000, 10_000)
        assert row.nbytes_decoded == 10_000 * 40_000
        assert row.nbytes_used == 4 * 10**6

    def test_what_is_absent(self, engine):
        array = zarr.create_array({}, shape=100, chunks=10, dtype="i2", compressors=None)
        array[:35] = 1
        found = array.explain(slice(5, 95), ask=True)
        assert (found.n_objects, found.n_absent, found.n_requests) == (10, 6, 10)
        assert found.nbytes_moved == 4 * 20
        sharded = zarr.create_array({}, shape=100, chunks=5, shards=20, dtype="i2", compressors=None)
        sharded[:35] = 1
        found = sharded.explain(slice(5, 95), ask=True)
        assert (found.n_objects, found.n_absent) == (5, 3)

    def test_memory_is_at_least_the_result(self, engine):
        array = zarr.create_array({}, shape=(100, 100), chunks=(10, 10), dtype="i4")
        for view in (array.lazy, array.lazy.T, array.lazy.vindex[range(50), range(50)], array.lazy[3, 4]):
            assert view.explain().nbytes_memory >= view.nbytes + 400
        assert array.explain(slice(0)).nbytes_memory == 0

    def test_how_it_is_shown(self, engine):
        array = zarr.create_array({}, data=NOISE, chunks=(10, 10), shards=(30, 30), compressors=None)
        array[:30] = 0
        text = repr(array.explain(np.s_[25:35, 5], ask=True))
        assert text.splitlines()[:4] == [
            "Selected   : (10,), 40 bytes",
            "Objects    : 2, of which 1 are not stored",
            "Chunks     : 2",
            "Requests   : 3",
        ]
        assert text.endswith("Exact      : yes")
        assert repr(array.explain(slice(0))).count("\n") == 7

    def test_views_and_arrays_say_the_same(self, engine):
        array = zarr.create_array({}, data=NOISE, chunks=(10, 10))
        assert array.explain((3, slice(5))) == array.lazy[3, :5].explain()
        assert array.explain() == array.lazy.explain() == asyncio.run(array.async_array.explain())
        assert isinstance(array.explain(), Explanation)


class TestRefusals:
    def test_wrong_selections(self, engine):
        array = zarr.create_array({}, data=NOISE)
        with pytest.raises(BoundsCheckError):
            array.explain(60)
        with pytest.raises(ArgumentError, match="ask must be True or False"):
            array.explain(ask="please")

    def test_a_pipeline_of_somebody_elses(self):
        with zarr.config.set({"codec_pipeline.path": "tests.suites.pipelines.Recording"}):
            array = zarr.create_array({}, data=NOISE)
        with pytest.raises(StoreAbilityError, match="in a way of its own"):
            array.explain()

    def test_an_index_that_is_damaged(self, engine):
        store = MemoryStore()
        array = zarr.create_array(store, data=NOISE, chunks=(10, 10), shards=(60, 50), compressors=None)
        whole = store.get_sync("c/0/0").to_bytes()
        store.set_sync("c/0/0", zarr.buffer.cpu.Buffer.from_bytes(whole[:-8] + bytes(8)))
        with pytest.raises(zarr.errors.CodecError, match="c/0/0"):
            array.explain(5, ask=True)
        assert array.explain(5).n_objects == 1
