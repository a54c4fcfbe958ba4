"""Shards that their inner chunks do not divide: the last inner chunks along an axis are as long as there is room."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from zarr._codec.base import ChunkSpec
from zarr._grid.grid import RefinedAxis, RefinedGrid, RegularGrid
from zarr.codecs import BytesCodec, Crc32cCodec, ReshapeCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr.errors import CodecError, MetadataValidationError


@pytest.fixture
def allowed():
    with zarr.config.set({"array.uneven_shards": True}):
        yield


def create(shape, chunks, shards, **kwargs):
    kwargs = {"dtype": "i4", "store": {}, **kwargs}
    with zarr.config.set({"array.uneven_shards": True}):
        return zarr.create_array(shape=shape, chunks=chunks, shards=shards, **kwargs)


def test_the_bytes_of_a_shard(engine, allowed):
    """As the proposal has it, zarr-specs#370: 10 elements in inner chunks of 8 are one of 8, and one of 2."""
    array = zarr.create_array(store := {}, data=np.arange(10, dtype="u1"), chunks=8, shards=10, compressors=None)
    shard = store["c/0"].to_bytes()
    assert shard[:10] == bytes(range(10))
    assert np.frombuffer(shard[10:42], "<u8").tolist() == [0, 8, 8, 2]
    assert len(shard) == 10 + 2 * 16 + 4
    np.testing.assert_array_equal(array[:], np.arange(10))


def test_creating_has_to_be_allowed():
    for kwargs in (
        {"chunks": 8, "shards": 10},
        {"chunks": 10, "serializer": ShardingCodec(chunk_shape=8), "compressors": None},
        {"chunks": 8, "shards": 16, "serializer": ShardingCodec(chunk_shape=3), "compressors": None},
    ):
        with pytest.raises(ValueError, match=r"does not divide the shard shape .*array\.uneven_shards"):
            zarr.create_array({}, shape=100, dtype="i4", **kwargs)


def test_reading_and_writing_need_no_permission(engine):
    array = zarr.open_array(create(25, 4, 10).store_path.store)
    array[:] = np.arange(25)
    array[9:12] = 7
    expected = np.arange(25)
    expected[9:12] = 7
    np.testing.assert_array_equal(array[:], expected)
    assert (array.chunks, array.shards) == ((4,), (10,))


@pytest.mark.parametrize("index_location", ["start", "end"])
@pytest.mark.parametrize("order", ["morton", "lexicographic", "colexicographic", "unordered"])
@pytest.mark.parametrize(
    ("shape", "chunks", "shards"),
    [((25,), (4,), (10,)), ((13, 17), (3, 4), (7, 10)), ((13, 17), (3, 5), (6, 10)), ((5, 6, 7), (2, 4, 3), (3, 6, 7)),
     ((7,), (9,), (4,)), ((0, 5), (2, 2), (3, 3))],
)  # fmt: skip
def test_parts(engine, shape, chunks, shards, order, index_location):
    options = {"shape": shards, "index_location": index_location, "subchunk_write_order": order}
    array = create(shape, chunks, options, fill_value=-1)
    expected = np.full(shape, -1, "i4")
    rng = np.random.default_rng(0)
    for _ in range(12):
        region = tuple(slice(*sorted(rng.integers(0, n + 1, 2).tolist())) for n in shape)
        value = rng.integers(0, 100, expected[region].shape, "i4")
        array[region] = expected[region] = value
        np.testing.assert_array_equal(array[:], expected)
        step = tuple(slice(None, None, int(rng.choice([1, 2, 3, -1]))) for _ in shape)
        np.testing.assert_array_equal(array[step], expected[step])
    if math.prod(shape):
        points = tuple(rng.integers(0, n, 9) for n in shape)
        np.testing.assert_array_equal(array.vindex[points], expected[points])
        rows = [rng.integers(0, n, 4) for n in shape]
        np.testing.assert_array_equal(array.oindex[tuple(rows)], expected[np.ix_(*rows)])
        assert array[tuple(n - 1 for n in shape)] == expected[tuple(n - 1 for n in shape)]


@pytest.mark.parametrize(
    "codecs",
    [
        {"filters": [TransposeCodec(order=(1, 0))]},
        {"filters": [ReshapeCodec(shape=[-1])]},
        {"compressors": [ZstdCodec(), Crc32cCodec()]},
        {"serializer": ShardingCodec(chunk_shape=(2, 1)), "compressors": None},
        {
            "serializer": ShardingCodec(chunk_shape=(2, 3), codecs=[BytesCodec(endian="big"), ZstdCodec()]),
            "compressors": None,
        },
    ],
)
def test_codecs_within(engine, codecs):
    data = np.arange(13 * 17, dtype="i4").reshape(13, 17)
    array = create(data.shape, (3, 4), (7, 10), **codecs)
    array[:] = data
    array[5:9, 3] = 0
    data[5:9, 3] = 0
    np.testing.assert_array_equal(array[:], data)
    np.testing.assert_array_equal(zarr.open_array(array.store_path.store)[4:12, 2:15], data[4:12, 2:15])


@pytest.mark.parametrize(
    "codecs",
    [
        {"filters": [TransposeCodec(order=(1, 0))], "serializer": ShardingCodec(chunk_shape=(4, 3))},
        {"filters": [ReshapeCodec(shape=[-1])], "serializer": ShardingCodec(chunk_shape=(11,))},
        {"serializer": ShardingCodec(chunk_shape=(3, 4)), "compressors": [ZstdCodec()]},
        {"serializer": ShardingCodec(chunk_shape=(3, 4), codecs=[ShardingCodec(chunk_shape=(2, 3))])},
    ],
)
@pytest.mark.filterwarnings("ignore:Combining:UserWarning")
def test_codecs_around(engine, codecs, allowed):
    data = np.arange(13 * 17, dtype="i4").reshape(13, 17)
    array = zarr.create_array({}, data=data, chunks=(7, 10), **({"compressors": None} | codecs))
    array[5:9, 3] = 0
    data[5:9, 3] = 0
    np.testing.assert_array_equal(array[:], data)
    np.testing.assert_array_equal(array[4:12, 2:15], data[4:12, 2:15])


def test_resizing_and_appending(engine):
    array = create(10, 4, 10)
    array[:] = np.arange(10)
    array.append(np.arange(10, 23))
    np.testing.assert_array_equal(array[:], np.arange(23))
    array.resize(9)
    array.resize(12)
    np.testing.assert_array_equal(array[:], [*range(9), 0, 0, 0])


def test_damaged_shards(engine, allowed):
    array = zarr.create_array(store := {}, data=np.arange(10, dtype="u1"), chunks=8, shards=10, compressors=None)
    good = store["c/0"].to_bytes()
    whole = np.array([0, 8, 0, 8], "<u8").tobytes()  # the second inner chunk has two elements only
    spec = ChunkSpec((2, 2), zarr.dtype.UInt64(), np.uint64(0))
    index = Crc32cCodec()._encode_sync(zarr.buffer.cpu.Buffer.from_bytes(whole), spec).to_bytes()
    for damaged in (good[:-1], good[1:], good[:30], b"", good[:10] + index):
        store["c/0"] = zarr.buffer.cpu.Buffer.from_bytes(damaged)
        with pytest.raises(CodecError, match="chunk"):
            array[:]


def test_other_ranks_are_refused():
    store = create(10, 4, 10).store_path.store
    document = json.loads(store._store_dict["zarr.json"].to_bytes())
    for shape in ([4, 4], [], [0], [-1], [4.0], ["4"], None):
        document["codecs"][0]["configuration"]["chunk_shape"] = shape
        store._store_dict["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
        with pytest.raises(MetadataValidationError, match="chunk_shape"):
            zarr.open_array(store)


PLAIN = [{"name": "bytes", "configuration": {"endian": "little"}}]


def sharded(lengths, chunk):
    """An array with shards within shards, of these lengths, as a document has them."""
    codecs = PLAIN
    for length in reversed(lengths):
        configuration = {"chunk_shape": [length], "codecs": codecs, "index_codecs": PLAIN}
        codecs = [{"name": "sharding_indexed", "configuration": configuration}]
    store = create(20, 20, None).store_path.store
    document = json.loads(store._store_dict["zarr.json"].to_bytes())
    document["codecs"], document["chunk_grid"]["configuration"]["chunk_shape"] = codecs, [chunk]
    store._store_dict["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    return zarr.open_array(store)


@pytest.mark.parametrize("lengths", [[3] * 40, [200 - n for n in range(45)]])
def test_many_shards_within_each_other_work(engine, lengths):
    array = sharded(lengths, 20)
    array[:] = np.arange(20)
    np.testing.assert_array_equal(array[3:9], np.arange(3, 9))


def test_many_shards_within_each_other_are_opened_soon():
    assert sharded([2**35 * 2**n // 3**n for n in range(60)], 2**35 + 7).shape == (20,)


def test_inner_chunks_longer_than_their_shard(engine):
    array = create((5, 5), (2**20, 3), (5, 5))
    array[:] = np.arange(25).reshape(5, 5)
    np.testing.assert_array_equal(array[:], np.arange(25).reshape(5, 5))


@given(st.integers(1, 12), st.integers(1, 15), st.integers(0, 60))
def test_grids(outer, inner, length):
    axis = RefinedAxis(outer, inner)
    (count,) = RegularGrid((outer,)).refine((inner,)).counts((length,))
    assert (count,) == RefinedGrid((outer,), (inner,)).counts((length,))
    starts = [axis.start(i) for i in range(count)]
    cuts = sorted({*range(0, length, outer), *(s + i for s in range(0, length, outer) for i in range(0, outer, inner))})
    assert starts == [cut for cut in cuts if cut < length]
    for i, start in enumerate(starts):
        positions = np.arange(start, start + axis.length(i))
        assert (axis.find(positions) == i).all()
        assert axis.length(i) == min(inner, outer - start % outer)
    assert list(itertools.accumulate(axis.length(i) for i in range(count))) == [axis.start(i + 1) for i in range(count)]
