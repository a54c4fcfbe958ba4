"""The names that zarr-python's codec modules have around the codecs: each does its work."""

import asyncio
from typing import Any, Literal

import numpy as np
import pytest

import zarr
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.codecs import blosc, gzip, sharding, transpose, vlen_utf8, zstd
from zarr.codecs import bytes as bytes_module
from zarr.codecs import numcodecs as numcodecs_module
from zarr.codecs.crc32c_ import Crc32cCodec

PROTOTYPE = zarr.buffer.default_buffer_prototype()


def spec(shape=(4, 4), **config):
    config = sharding.ArrayConfig(**{"order": "C", "write_empty_chunks": False, **config})
    return sharding.ArraySpec(shape, zarr.dtype.Int32(), np.int32(0), config, PROTOTYPE)


def nd(array):
    return PROTOTYPE.nd_buffer.from_numpy_array(np.asarray(array))


# -- the classes are the same objects everywhere --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (blosc, "BloscCodec"),
        (bytes_module, "BytesCodec"),
        (gzip, "GzipCodec"),
        (sharding, "ShardingCodec"),
        (transpose, "TransposeCodec"),
        (vlen_utf8, "VLenUTF8Codec"),
        (zstd, "ZstdCodec"),
    ],
)
def test_codecs_are_those_of_zarr_codecs(module, name):
    assert getattr(module, name) is getattr(zarr.codecs, name)


def test_names_in_the_configuration_lead_to_the_classes():
    with zarr.config.set({"codecs.gzip": "zarr.codecs.gzip.GzipCodec"}):
        assert zarr.registry.get_codec_class("gzip") is gzip.GzipCodec


# -- checks of values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: blosc.parse_clevel(5), 5),
        (lambda: blosc.parse_blocksize(0), 0),
        (lambda: blosc.parse_typesize(4), 4),
        (lambda: gzip.parse_gzip_level(9), 9),
        (lambda: zstd.parse_zstd_level(-7), -7),
        (lambda: zstd.parse_checksum(True), True),
        (lambda: transpose.parse_transpose_order([1, 0]), (1, 0)),
        (lambda: sharding.parse_chunk_shape([2, 3]), (2, 3)),
        (lambda: sharding.parse_shapelike(5), (5,)),
        (lambda: sharding.parse_shapelike((0, 2)), (0, 2)),
        (lambda: sharding.product((2, 3)), 6),
        (lambda: sharding.product(()), 1),
        (lambda: blosc.parse_named_configuration({"name": "a", "configuration": {"b": 1}}), ("a", {"b": 1})),
        (lambda: blosc.parse_named_configuration({"name": "a"}, "a", require_configuration=False), ("a", None)),
        (lambda: blosc.parse_field(1, int, "x"), 1),
        (lambda: blosc.parse_field(1, float, "x"), 1.0),
        (lambda: blosc.parse_field("a", Literal["a", "b"], "x"), "a"),
        (lambda: blosc.parse_field([1, 2], list[int], "x"), [1, 2]),
        (lambda: blosc.parse_field([1, 2], tuple[int, ...], "x"), (1, 2)),
        (lambda: blosc.parse_field([1, "a"], tuple[int, str], "x"), (1, "a")),
        (lambda: blosc.parse_field({"a": 1}, dict[str, int], "x"), {"a": 1}),
        (lambda: blosc.parse_field(None, int | None, "x"), None),
        (lambda: blosc.parse_field(object, Any, "x"), object),
        (lambda: sharding.parse_codecs([{"name": "crc32c"}]), (Crc32cCodec(),)),
        (lambda: sharding.parse_codecs([Crc32cCodec()]), (Crc32cCodec(),)),
    ],
)
def test_accepted(call, expected):
    assert call() == expected


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: blosc.parse_clevel("a"), TypeError, "clevel"),
        (lambda: blosc.parse_clevel(True), TypeError, "clevel"),
        (lambda: blosc.parse_blocksize(1.0), TypeError, "blocksize"),
        (lambda: blosc.parse_typesize(0), ValueError, "greater than 0"),
        (lambda: blosc.parse_typesize(None), TypeError, "typesize"),
        (lambda: gzip.parse_gzip_level(10), ValueError, "range"),
        (lambda: gzip.parse_gzip_level(None), TypeError, "level"),
        (lambda: zstd.parse_zstd_level(23), ValueError, "22"),
        (lambda: zstd.parse_checksum(1), TypeError, "checksum"),
        (lambda: transpose.parse_transpose_order(5), TypeError, "iterable"),
        (lambda: transpose.parse_transpose_order("C"), TypeError, "integers"),
        (lambda: sharding.parse_chunk_shape(5), TypeError, "iterable"),
        (lambda: sharding.parse_chunk_shape([2, 0]), ValueError, "Dimension 1"),
        (lambda: sharding.parse_chunk_shape([1.0]), TypeError, "Dimension 0"),
        (lambda: sharding.parse_shapelike(-1), ValueError, "non-negative"),
        (lambda: sharding.parse_shapelike([1, -1]), ValueError, "non-negative"),
        (lambda: sharding.parse_shapelike("a"), TypeError, "integers"),
        (lambda: sharding.parse_codecs(5), TypeError, "iterable"),
        (lambda: sharding.parse_codecs([5]), TypeError, "dict"),
        (lambda: blosc.parse_named_configuration(5), TypeError, "dict"),
        (lambda: blosc.parse_named_configuration({}), ValueError, "name"),
        (lambda: blosc.parse_named_configuration({"name": 5}), TypeError, "string"),
        (lambda: blosc.parse_named_configuration({"name": "a"}), ValueError, "configuration"),
        (lambda: blosc.parse_named_configuration({"name": "a"}, "b"), ValueError, "'b'"),
        (lambda: blosc.parse_named_configuration({"name": "a", "configuration": 3}), TypeError, "dict"),
        (lambda: blosc.parse_field("5", int, "x"), ValueError, "'x': expected int"),
        (lambda: blosc.parse_field(5, str, "x", error=TypeError), TypeError, "'x'"),
        (lambda: blosc.parse_field("c", Literal["a", "b"], "x"), ValueError, "Literal"),
        (lambda: blosc.parse_field([1, "b"], list[int], "x"), ValueError, "'x'"),
        (lambda: blosc.parse_field([1, 2], tuple[int, int, int], "x"), ValueError, "'x'"),
        (lambda: blosc.parse_field("a", int | None, "x"), ValueError, "'x'"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_data_types_tell_what_they_have():
    both = [zarr.dtype.Int32(), zarr.dtype.Float64(), zarr.dtype.DateTime64(), zarr.dtype.FixedLengthUTF32(length=3)]
    assert all(isinstance(t, bytes_module.HasEndianness) and isinstance(t, blosc.HasItemSize) for t in both)
    size_only = [zarr.dtype.Int8(), zarr.dtype.Bool(), zarr.dtype.RawBytes(length=3)]
    assert all(not isinstance(t, bytes_module.HasEndianness) and isinstance(t, blosc.HasItemSize) for t in size_only)
    assert not isinstance(zarr.dtype.VariableLengthUTF8(), bytes_module.HasEndianness | blosc.HasItemSize)


def test_data_types_of_others_inherit_them():
    class Mine(bytes_module.HasEndianness, blosc.HasItemSize):
        item_size = 3

    assert Mine().endianness == "little"
    assert Mine(endianness="big").item_size == 3


def test_functions_of_numcodecs_work_on_buffers():
    result = zstd.as_numpy_array_wrapper(
        lambda array: bytes(array[::-1]), PROTOTYPE.buffer.from_bytes(b"abc"), PROTOTYPE
    )
    assert isinstance(result, zarr.buffer.cpu.Buffer)
    assert result.to_bytes() == b"cba"


def test_host_memory_prototype_ignores_the_configuration():
    with zarr.config.set({"buffer": "nowhere.Buffer"}):
        assert zarr.buffer.cpu.numpy_buffer_prototype() == zarr.buffer.cpu.buffer_prototype


def test_base_classes_of_numcodecs_can_be_subclassed():
    class Mine(numcodecs_module._NumcodecsBytesBytesCodec):
        codec_name = "numcodecs.zlib"

    assert Mine(level=2).to_dict() == {"name": "numcodecs.zlib", "configuration": {"level": 2}}
    a = zarr.create_array({}, data=np.arange(10), compressors=Mine(level=2))
    assert np.array_equal(a[:], np.arange(10))
    with pytest.raises(NotImplementedError, match="zlib"):
        Mine(level=2).compute_encoded_size(10, spec())


# -- sharding -------------------------------------------------------------------------------------------------------


def sharding_codec(**kwargs):
    return sharding.ShardingCodec(chunk_shape=(2, 2), **kwargs).evolve_from_array_spec(spec())


def test_encoded_size_counts_the_index():
    assert sharding_codec().compute_encoded_size(64, spec()) == 64 + 4 * 16 + 4


def test_codec_pipeline_is_of_the_configured_class():
    pipeline = sharding_codec(codecs=[zarr.codecs.BytesCodec(), zarr.codecs.GzipCodec()]).codec_pipeline
    assert type(pipeline) is zarr.registry.get_pipeline_class()
    encoded = asyncio.run(pipeline.encode([(nd(np.eye(2, dtype="i4")), spec((2, 2)))]))
    (decoded,) = asyncio.run(pipeline.decode([(next(iter(encoded)), spec((2, 2)))]))
    assert np.array_equal(decoded.as_numpy_array(), np.eye(2))


SELECTIONS = [
    (slice(1, 3), slice(0, 1)),
    (slice(None), 0),
    (np.array([0, 3]), np.array([1, 2])),
    (np.array([[0], [3]]), np.array([[1, 2]])),
    (1, 1),
    (-1, slice(None, None, -1)),
    Ellipsis,
    (Ellipsis, 2),
    (np.array([[True] + [False] * 3] * 4),),
]


@pytest.mark.parametrize("index_location", ["start", "end"])
@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_parts_of_a_shard(selection, index_location):
    codec = sharding_codec(index_location=index_location, codecs=[zarr.codecs.BytesCodec(), Crc32cCodec()])
    model = np.arange(16, dtype="i4").reshape(4, 4)

    async def main():
        place = sharding.StorePath(zarr.storage.MemoryStore(), "k")
        everything = (slice(0, 4), slice(0, 4))
        await codec.encode_partial([(place, nd(model), everything, spec())])
        (read,) = await codec.decode_partial([(place, selection, spec())])
        assert np.array_equal(read.as_numpy_array(), model[selection])
        model[selection] = -1
        await codec.encode_partial([(place, nd(np.asarray(-1, "i4")), selection, spec())])
        (whole,) = await codec.decode([(await place.get(PROTOTYPE), spec())])
        assert np.array_equal(whole.as_numpy_array(), model)

    asyncio.run(main())


def test_parts_of_a_shard_read_only_what_they_need():
    codec = sharding_codec()
    asked = []

    class Watched(sharding.StorePath):
        async def get(self, prototype=None, byte_range=None):
            asked.append(byte_range)
            return await super().get(prototype, byte_range)

    async def main():
        place = Watched(zarr.storage.MemoryStore(), "k")
        await codec.encode_partial([(place, nd(np.arange(16, dtype="i4").reshape(4, 4)), Ellipsis, spec())])
        asked.clear()
        await codec.decode_partial([(place, (0, 0), spec())])

    asyncio.run(main())
    index = SuffixByteRequest(68)
    assert asked == [index, RangeByteRequest(0, 16), index]


def test_a_shard_that_is_replaced_meanwhile_is_read_anew():
    codec = sharding_codec(codecs=[zarr.codecs.BytesCodec()])
    store = zarr.storage.MemoryStore()
    new = np.full((4, 4), 7, "i4")
    new[:2] = 0

    class Replaced(sharding.StorePath):
        n_calls = 0

        async def get(self, prototype=None, byte_range=None):
            found = await super().get(prototype, byte_range)
            Replaced.n_calls += 1
            if Replaced.n_calls == 1:  # after the first read of the index
                await codec.encode_partial([(sharding.StorePath(store, "k"), nd(new), Ellipsis, spec())])
            return found

    async def main():
        await codec.encode_partial([(sharding.StorePath(store, "k"), nd(np.ones((4, 4), "i4")), Ellipsis, spec())])
        (read,) = await codec.decode_partial([(Replaced(store, "k"), Ellipsis, spec())])
        return read.as_numpy_array()

    assert np.array_equal(asyncio.run(main()), new)


def test_a_missing_shard_and_an_emptied_one():
    codec = sharding_codec()

    async def main():
        store = zarr.storage.MemoryStore()
        place = sharding.StorePath(store, "k")
        assert list(await codec.decode_partial([(place, Ellipsis, spec())])) == [None]
        await codec.encode_partial([(place, nd(np.ones((2, 2), "i4")), (slice(0, 2), slice(0, 2)), spec())])
        assert await place.exists()
        await codec.encode_partial([(place, nd(np.zeros((2, 2), "i4")), (slice(0, 2), slice(0, 2)), spec())])
        assert not await place.exists()
        await codec.encode_partial([(place, nd(np.zeros((4, 4), "i4")), Ellipsis, spec(write_empty_chunks=True))])
        assert await place.exists()

    asyncio.run(main())


def test_orders_of_inner_chunks():
    assert sharding.morton_order_coords((2, 3)) == ((0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2))
    assert sharding.lexicographic_order_coords((2, 2)) == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert sharding.colexicographic_order_coords((2, 2)) == ((0, 0), (1, 0), (0, 1), (1, 1))
    assert sharding.morton_order_coords(()) == ((),)
    assert sharding.morton_order_coords((0, 2)) == ()


# -- one chunk in memory --------------------------------------------------------------------------------------------


def test_chunk_transform():
    chain = sharding.ChunkTransform(codecs=(zarr.codecs.BytesCodec(), Crc32cCodec()))
    chunk = np.arange(16, dtype="i4").reshape(4, 4)
    encoded = chain.encode_chunk(nd(chunk), spec())
    assert len(encoded) == chain.compute_encoded_size(64, spec()) == 68
    assert np.array_equal(chain.decode_chunk(encoded, spec()).as_numpy_array(), chunk)
    with pytest.raises(ValueError, match="array -> bytes"):
        sharding.ChunkTransform(codecs=(Crc32cCodec(),))


def test_chunks_are_merged_and_scattered():
    chain = sharding.ChunkTransform(codecs=(zarr.codecs.BytesCodec(),))
    chunk = np.arange(16, dtype="i4").reshape(4, 4)
    out = nd(np.full((2, 2), -1, "i4"))
    where = {"chunk_spec": spec(), "chunk_selection": (slice(1, 3), 1), "out_selection": (slice(0, 2), 0)}

    def merge(old, value, *, is_complete=False, **others):
        functions = {"decode": chain.decode_chunk, "encode": chain.encode_chunk}
        return sharding.merge_and_encode_chunk(
            old, nd(value), is_complete=is_complete, **{**where, "drop_axes": (), **functions, **others}
        )

    def scatter(data, **others):
        return sharding.decode_and_scatter_chunk(
            data, out, **{**where, "drop_axes": (), "decode": chain.decode_chunk, **others}
        )

    encoded = chain.encode_chunk(nd(chunk), spec())
    assert scatter(encoded) == {"status": "present"}
    assert out.as_numpy_array().tolist() == [[5, -1], [9, -1]]
    assert scatter(None) == {"status": "missing"}
    assert out.as_numpy_array().tolist() == [[0, -1], [0, -1]]
    assert scatter(None, chunk_spec=spec(read_missing_chunks=False)) == {"status": "missing"}

    chunk[1:3, 1] = [50, 90]
    merged = merge(encoded, [[50, 0], [90, 0]])
    assert np.array_equal(chain.decode_chunk(merged, spec()).as_numpy_array(), chunk)
    merged = merge(None, [[5, 0], [9, 0]])
    assert chain.decode_chunk(merged, spec()).as_numpy_array().sum() == 14
    assert merge(None, [[0, 0], [0, 0]]) is None
    whole = {"chunk_selection": (slice(0, 4), slice(0, 4)), "out_selection": (slice(0, 4), slice(0, 4))}
    assert np.array_equal(
        chain.decode_chunk(merge(None, chunk, is_complete=True, **whole), spec()).as_numpy_array(), chunk
    )


def test_empty_chunks_are_left_out():
    chain = sharding.ChunkTransform(codecs=(zarr.codecs.BytesCodec(),))
    zeros = nd(np.zeros((4, 4), "i4"))
    assert sharding.encode_or_elide_chunk(zeros, spec(), chain.encode_chunk) is None
    assert len(sharding.encode_or_elide_chunk(zeros, spec(write_empty_chunks=True), chain.encode_chunk)) == 64


def test_codecs_evolve_by_what_reaches_them():
    codecs = (zarr.codecs.numcodecs.AsType(encode_dtype="int16"), zarr.codecs.BytesCodec(), zarr.codecs.BloscCodec())
    evolved = sharding.evolve_codecs(codecs, spec())
    assert evolved[0].codec_config["decode_dtype"] == "int32"
    assert evolved[2].typesize == 2


# -- settings of an array -------------------------------------------------------------------------------------------


def test_array_config_from_and_to_dict():
    with zarr.config.set({"array.order": "F", "array.write_empty_chunks": True}):
        config = sharding.ArrayConfig.from_dict({"write_empty_chunks": False})
    assert config == sharding.ArrayConfig(order="F", write_empty_chunks=False)
    assert sharding.ArrayConfig.from_dict(config.to_dict()) == config
    with pytest.raises(TypeError, match="orde"):
        sharding.ArrayConfig.from_dict({"orde": "C"})
    for wrong in ({"order": "Q"}, {"write_empty_chunks": 1}, {"read_missing_chunks": "no"}, {"chunk_cache": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            sharding.ArrayConfig.from_dict(wrong)


def test_setting_of_zarr_python_2_warns():
    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match="default_compressor"):
        zarr.storage.default_compressor = None
    assert not hasattr(zarr.storage, "default_compressor")


# -- byte ranges of one value ---------------------------------------------------------------------------------------

REQUESTS = [
    RangeByteRequest(90, 95),
    RangeByteRequest(0, 4),
    None,
    RangeByteRequest(10, 14),
    OffsetByteRequest(98),
    SuffixByteRequest(3),
    RangeByteRequest(2, 12),
    RangeByteRequest(95, 200),
]
CONTENT = bytes(range(100))
PARTS = [CONTENT[90:95], CONTENT[:4], CONTENT, CONTENT[10:14], CONTENT[98:], CONTENT[97:], CONTENT[2:12], CONTENT[95:]]


class Counting(zarr.storage.MemoryStore):
    def __init__(self):
        super().__init__()
        self.n_reads = 0

    def get_sync(self, key, **kwargs):
        self.n_reads += 1
        return super().get_sync(key, **kwargs)


@pytest.fixture(params=["plain", "wrapped"])
def ranged(request):
    store = Counting()
    store.set_sync("b", PROTOTYPE.buffer.from_bytes(CONTENT))
    return store, store if request.param == "plain" else zarr.storage.WrapperStore(store)


@pytest.mark.parametrize(("gap", "n_reads"), [(0, 5), (75, 5), (76, 4)])
def test_ranges_share_requests(ranged, gap, n_reads):
    counting, store = ranged

    async def main():
        answers = store.get_ranges("b", REQUESTS, prototype=PROTOTYPE, max_concurrency=2, max_gap_bytes=gap)
        return [answer async for answer in answers]

    answers = asyncio.run(main())
    assert len(answers) == counting.n_reads == n_reads
    assert {i: part.to_bytes() for answer in answers for i, part in answer} == dict(enumerate(PARTS))
    counting.n_reads = 0
    parts = store.get_ranges_sync("b", REQUESTS, prototype=PROTOTYPE, max_gap_bytes=gap)
    assert {i: part.to_bytes() for i, part in parts} == dict(enumerate(PARTS))
    assert counting.n_reads == n_reads


def test_a_union_has_its_limit(ranged):
    counting, store = ranged
    requests = [RangeByteRequest(0, 10), RangeByteRequest(10, 20), RangeByteRequest(20, 30)]
    store.get_ranges_sync("b", requests, prototype=PROTOTYPE, max_coalesced_bytes=20)
    assert counting.n_reads == 2


def test_ranges_of_a_missing_value(ranged):
    _, store = ranged

    async def main():
        async for _ in store.get_ranges("none", REQUESTS, prototype=PROTOTYPE):
            pass

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())
    assert raised.group_contains(FileNotFoundError)
    with pytest.raises(ExceptionGroup) as raised:
        store.get_ranges_sync("none", REQUESTS, prototype=PROTOTYPE)
    assert raised.group_contains(FileNotFoundError)


def test_no_ranges(ranged):
    counting, store = ranged
    assert list(store.get_ranges_sync("b", [], prototype=PROTOTYPE)) == []
    assert counting.n_reads == 0


def test_an_asynchronous_store_has_no_synchronous_ranges():
    class OnlyAsync(zarr.storage.WrapperStore):
        get_sync = None

    with pytest.raises(TypeError, match="get_ranges"):
        OnlyAsync(zarr.storage.MemoryStore()).get_ranges_sync("b", REQUESTS, prototype=PROTOTYPE)


def test_iteration_that_stops_early_leaves_no_task():
    store = zarr.storage.MemoryStore()
    store.set_sync("b", PROTOTYPE.buffer.from_bytes(CONTENT))

    async def main():
        answers = store.get_ranges("b", REQUESTS, prototype=PROTOTYPE, max_gap_bytes=0)
        await anext(answers)
        await answers.aclose()
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(main()) == []
