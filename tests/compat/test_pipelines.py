"""zarr-python's codec pipelines, called and subclassed as programs do it."""

import asyncio
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Slow
from tests.suites.waiting_codecs import Batches, Threads, register
from zarr._support.settings import settings
from zarr.buffer import default_buffer_prototype
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.codec_pipeline import BatchedCodecPipeline, FusedCodecPipeline
from zarr.core.indexing import get_indexer
from zarr.core.sync import sync
from zarr.storage import MemoryStore, StorePath

PROTOTYPE = default_buffer_prototype()
CHAINS = {
    "bytes": [BytesCodec()],
    "turned and compressed": [TransposeCodec(order=(1, 0)), BytesCodec(), GzipCodec(level=1)],
    "shards": [ShardingCodec(chunk_shape=(2, 2))],
    "shards, compressed": [ShardingCodec(chunk_shape=(2, 2)), GzipCodec(level=1)],
    "shards of compressed chunks": [ShardingCodec(chunk_shape=(1, 2), codecs=[BytesCodec(), GzipCodec(level=1)])],
}


def spec(shape=(4, 4), fill_value=0, **config):
    return ArraySpec(shape, zarr.dtype.Int32(), np.int32(fill_value), ArrayConfig.from_dict(config), PROTOTYPE)


def nd(values):
    return PROTOTYPE.nd_buffer.from_numpy_array(np.asarray(values))


@pytest.fixture(params=[BatchedCodecPipeline, FusedCodecPipeline])
def cls(request):
    return request.param


@pytest.fixture(params=CHAINS)
def codecs(request):
    return CHAINS[request.param]


@pytest.fixture(params=["awaited", "from functions", "without a loop"])
def calls(request):
    """How `read` and `write` of a pipeline are called."""
    if request.param == "without a loop":
        return (
            lambda pipeline, *args: FusedCodecPipeline.from_codecs(pipeline.codecs).read_sync(*args, max_workers=2),
            lambda pipeline, *args: FusedCodecPipeline.from_codecs(pipeline.codecs).write_sync(*args, max_workers=2),
        )
    run = asyncio.run if request.param == "awaited" else sync
    return (lambda pipeline, *args: run(pipeline.read(*args))), (lambda pipeline, *args: run(pipeline.write(*args)))


def batch_of(store, selection, shape=(6, 7), chunks=(4, 4)):
    """What zarr-python hands a pipeline for a selection, with the axes that it drops afterwards."""
    grid = zarr.core.chunk_grids.ChunkGrid.from_sizes(shape, chunks)
    return [
        (StorePath(store, "/".join(map(str, coords))), spec(), chunk_selection, out_selection, whole)
        for coords, chunk_selection, out_selection, whole in get_indexer(selection, shape, grid)
    ]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_reading_and_writing(cls, codecs, calls, batch_size):
    read, write = calls
    pipeline = cls.from_codecs(codecs, batch_size=batch_size).evolve_from_array_spec(spec())
    store, model = MemoryStore(), np.zeros((6, 7), "i4")
    for number, selection in enumerate(
        [np.s_[:, :], np.s_[1:5, 2:6], np.s_[3], np.s_[::2, 3:], np.s_[5, 6], ([0, 5], [1, 1]), ([1, 3], slice(2, 5))]
    ):
        shape = model[selection].shape
        value = np.arange(model[selection].size, dtype="i4").reshape(shape) + 100 * number
        batch = batch_of(store, selection)
        write(pipeline, batch, nd(value))
        model[selection] = value
        out = nd(np.full(shape, -1, "i4"))
        assert read(pipeline, batch, out) == ({"status": "present"},) * len(batch)
        assert np.array_equal(out.as_numpy_array(), value)
    write(pipeline, batch_of(store, np.s_[2:, 2:]), nd(np.int32(7)))
    model[2:, 2:] = 7
    out = nd(np.zeros((6, 7), "i4"))
    read(pipeline, batch_of(store, ...), out)
    assert np.array_equal(out.as_numpy_array(), model)
    write(pipeline, batch_of(store, ...), nd(np.int32(0)))
    assert not store._store_dict
    assert {one["status"] for one in read(pipeline, batch_of(store, ...), out)} == {"missing"}
    assert not out.as_numpy_array().any()


def test_axes_that_are_dropped_afterwards(cls, codecs, calls):
    """zarr-python selects them with arrays of one position."""
    read, write = calls
    pipeline = cls.from_codecs(codecs)
    place = StorePath(MemoryStore(), "c")
    batch = [(place, spec(), (np.array([[1]]), np.array([[0, 2]])), (slice(1, 3),), False)]
    write(pipeline, batch, nd(np.array([9, 5, 6], "i4")), (0,))
    out = nd(np.zeros(3, "i4"))
    read(pipeline, batch, out, (0,))
    assert out.as_numpy_array().tolist() == [0, 5, 6]


@pytest.mark.parametrize("cls_of_codec", [Threads, Batches])
@pytest.mark.parametrize("in_shards", [False, True])
def test_codecs_that_wait(cls, cls_of_codec, in_shards):
    """Also on the loop on which such codecs are awaited otherwise."""
    register(cls_of_codec)
    codecs = [BytesCodec(), cls_of_codec()]
    pipeline = cls.from_codecs([ShardingCodec(chunk_shape=(2, 2), codecs=codecs)] if in_shards else codecs)
    batch = batch_of(MemoryStore(), np.s_[1:, 1:])
    model = np.arange(30, dtype="i4").reshape(5, 6)
    for run in (sync, asyncio.run):
        run(pipeline.write(batch, nd(model)))
        out = nd(np.zeros((5, 6), "i4"))
        run(pipeline.read(batch, out))
        assert np.array_equal(out.as_numpy_array(), model)


def test_parts_of_shards_are_read_alone(cls):
    store = Slow(MemoryStore())
    pipeline = cls.from_codecs([ShardingCodec(chunk_shape=(2, 2))])
    assert pipeline.supports_partial_decode
    assert pipeline.supports_partial_encode
    asyncio.run(pipeline.write(batch_of(store, ...), nd(np.arange(42, dtype="i4").reshape(6, 7))))
    seen = []

    class Watched(Slow):
        async def get(self, key, prototype, byte_range=None):
            found = await super().get(key, prototype, byte_range)
            seen.append(len(found))
            return found

    out = nd(np.zeros((), "i4"))
    asyncio.run(pipeline.read(batch_of(Watched(store), np.s_[1, 1]), out))
    assert out.as_numpy_array() == 8
    assert sorted(seen) == [16, 68, 68]  # one inner chunk, and the index before and after
    seen.clear()
    out = nd(np.zeros((4, 4), "i4"))
    asyncio.run(pipeline.read(batch_of(Watched(store), np.s_[:4, :4]), out))
    assert len(seen) == 1


def test_chunks_in_memory(cls, codecs):
    pipeline = cls.from_codecs(codecs, batch_size=2)
    arrays = [nd(np.full((4, 4), number, "i4")) for number in range(1, 6)]

    async def there_and_back():
        encoded = list(await pipeline.encode([(array, spec()) for array in [*arrays, None]]))
        return encoded, list(await pipeline.decode([(data, spec()) for data in encoded]))

    encoded, decoded = asyncio.run(there_and_back())
    assert encoded[-1] is decoded[-1] is None
    assert [array.as_numpy_array()[0, 0] for array in decoded[:-1]] == [1, 2, 3, 4, 5]


def test_what_they_are_made_of(cls):
    turned, serializer, checksum = TransposeCodec(order=(1, 0)), BytesCodec(), Crc32cCodec()
    pipeline = cls.from_codecs([turned, serializer, checksum], batch_size=5)
    same = cls(array_array_codecs=(turned,), array_bytes_codec=serializer, bytes_bytes_codecs=(checksum,), batch_size=5)
    assert pipeline == same
    assert hash(pipeline) == hash(same)
    assert list(pipeline) == list(pipeline.codecs) == [turned, serializer, checksum]
    assert pipeline.compute_encoded_size(64, spec()) == 68
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline
    assert not pipeline.supports_partial_decode
    pipeline.validate(shape=(4, 4), dtype=zarr.dtype.Int32(), chunk_grid=None)
    with pytest.raises(ValueError, match=r"axes|dimension|order"):
        pipeline.validate(shape=(4, 4, 4), dtype=zarr.dtype.Int32(), chunk_grid=None)
    with zarr.config.set({"codec_pipeline.batch_size": 3}):
        assert cls.from_codecs([serializer]).batch_size == 3
    with pytest.raises(ValueError, match="array -> bytes"):
        cls.from_codecs([checksum])


def test_members_of_subclasses_are_kept(cls):
    @dataclass(frozen=True)
    class Named(cls):
        name: str = "nobody"

    made = Named.from_codecs([BytesCodec()])
    assert made.name == "nobody"
    named = Named((), BytesCodec(), (), 1, "me").evolve_from_array_spec(spec())
    assert (type(named), named.name) == (Named, "me")


def test_an_error_ends_all(cls):
    class Broken(Threads):
        async def _decode_single(self, chunk_bytes, chunk_spec):
            raise RuntimeError("boom")

    register(Broken)
    store = MemoryStore()
    pipeline = cls.from_codecs([BytesCodec(), Broken()])
    asyncio.run(pipeline.write(batch_of(store, ...), nd(np.ones((6, 7), "i4"))))
    with pytest.raises(zarr.errors.CodecError, match="boom"):
        asyncio.run(pipeline.read(batch_of(store, ...), nd(np.ones((6, 7), "i4"))))


def test_threads_are_limited_by_either_setting():
    for threads, workers, most in ((None, None, 0), (3, None, 3), (None, 2, 2), (3, 2, 2), (1, 4, 1)):
        with zarr.config.set({"threading.max_workers": threads, "codec_pipeline.max_workers": workers}):
            assert settings().max_threads == most
