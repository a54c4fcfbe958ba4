"""Text and byte strings of any length: the same elements and the same stored bytes with each engine, as NumPy has them."""

from __future__ import annotations

import asyncio
import json
import threading

import numcodecs
import numpy as np
import pytest

import zarr
from tests.suites.threads import PROMPTLY
from zarr.codecs import ShardingCodec, TransposeCodec, VLenBytesCodec, VLenUTF8Codec, ZstdCodec
from zarr.errors import CodecError, MetadataValidationError
from zarr.storage import LocalStore, MemoryStore

TEXT = np.dtypes.StringDType()
SHAPE, CHUNKS = (11, 7), (4, 3)
WORDS = ["", "a", "name", "é", "日本語", "with a\0NUL", "\0", "x" * 15, "y" * 16, "z" * 300, "🙂" * 100]

LAYOUTS = {
    "v3": {"chunks": CHUNKS},
    "v3-plain": {"chunks": CHUNKS, "compressors": None},
    "v3-sharded": {"chunks": CHUNKS, "shards": (8, 6)},
    "v3-transposed": {"chunks": CHUNKS, "filters": [TransposeCodec(order=(1, 0))]},
    "v2": {"chunks": CHUNKS, "zarr_format": 2},
    "v2-F": {"chunks": CHUNKS, "zarr_format": 2, "order": "F", "compressors": [numcodecs.Zstd(1)]},
    "v3-rectilinear": {"chunks": [[4, 5, 2], [3, 4]]},
    "v2-plain": {"chunks": CHUNKS, "zarr_format": 2, "compressors": None},
}


@pytest.fixture(autouse=True)
def chunks_of_different_lengths():
    with zarr.config.set({"array.rectilinear_chunks": True}):
        yield


@pytest.fixture(params=list(LAYOUTS))
def layout(request):
    return LAYOUTS[request.param]


@pytest.fixture(params=["text", "bytes"])
def kind(request):
    return request.param


def items(kind, rng, shape):
    words = rng.choice(np.array(WORDS, object), shape)
    return words if kind == "text" else np.vectorize(lambda word: word.encode()[::-1], otypes=[object])(words)


def made(store, kind, layout, **options):
    return zarr.create_array(store, shape=SHAPE, dtype=str if kind == "text" else "bytes", **layout, **options)


def in_memory(kind, elements):
    return elements.astype(TEXT) if kind == "text" else elements


def seen(elements):
    return np.asarray(elements).astype(object).tolist()


SELECTIONS = [
    ...,
    (slice(2, 9), slice(None)),
    (slice(1, None, 3), slice(None, None, 2)),
    (slice(None, None, -2), slice(5, 1, -1)),
    (slice(None), 4),
    (slice(5, 6), slice(4, 5)),
    (slice(3, 3), slice(None)),
]


def test_selections_are_as_in_numpy(kind, layout, engine, store):
    rng = np.random.default_rng(0)
    array = made(store, kind, layout)
    assert array._node.view.pipeline.engine == engine
    oracle = np.full(SHAPE, "" if kind == "text" else b"", object)
    assert seen(array[...]) == oracle.tolist()
    for selection in SELECTIONS:
        new = items(kind, rng, oracle[selection].shape)
        array[selection] = in_memory(kind, new) if rng.integers(2) else new
        oracle[selection] = new
        assert seen(array[...]) == oracle.tolist()
        found = array[selection]
        assert found.dtype == (TEXT if kind == "text" else object)
        assert seen(found) == oracle[selection].tolist()
    rows, columns = np.array([9, 0, 3]), np.array([6, 2])
    new = items(kind, rng, (3, 2))
    array.oindex[rows, columns] = new
    oracle[np.ix_(rows, columns)] = new
    points = ([0, 10, 5, 0], [0, 6, 3, 0])
    new = items(kind, rng, 4)
    array.vindex[points] = new
    oracle[points] = new
    assert seen(array.vindex[points]) == oracle[points].tolist()
    assert seen(array.oindex[rows, columns]) == oracle[np.ix_(rows, columns)].tolist()
    mask = rng.random(SHAPE) < 0.3
    new = items(kind, rng, int(mask.sum()))
    array.vindex[mask] = new
    oracle[mask] = new
    assert seen(array.vindex[mask]) == oracle[mask].tolist()
    assert seen(array[...]) == oracle.tolist()
    word = "one" if kind == "text" else b"one"
    array[3:7, 1:5], array[0, 0] = word, word
    oracle[3:7, 1:5], oracle[0, 0] = word, word
    assert seen(array[...]) == oracle.tolist()
    assert type(array[0, 0]) is (str if kind == "text" else bytes)
    assert array[10, 6] == oracle[10, 6]


def test_stored_bytes_do_not_depend_on_the_engine(kind, layout):
    stored = []
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            rng, store = np.random.default_rng(1), MemoryStore()
            array = made(store, kind, layout)
            array[...] = items(kind, rng, SHAPE)
            array[3:9, 2:6] = in_memory(kind, items(kind, rng, (6, 4)))
            array[0, :] = items(kind, rng, 7)
            array.vindex[[1, 1, 8], [0, 0, 6]] = items(kind, rng, 3)
            stored.append({key: value.to_bytes() for key, value in store._store_dict.items()})
    assert stored[0] == stored[1]


@pytest.mark.parametrize("write_empty_chunks", [False, True])
def test_chunks_of_nothing_but_fill_value_are_left_out(kind, engine, write_empty_chunks):
    store = MemoryStore()
    fill = "fill" if kind == "text" else b"fill"
    array = made(store, kind, {"chunks": CHUNKS}, fill_value=fill, config={"write_empty_chunks": write_empty_chunks})
    assert seen(array[...]) == np.full(SHAPE, fill, object).tolist()
    array[...] = fill
    n_chunks = sum(key.startswith("c/") for key in store._store_dict)
    assert n_chunks == (9 if write_empty_chunks else 0)
    array[5, 5] = fill[:0]
    assert seen(array[4:6, 5]) == [fill, fill[:0]]
    array[5, 5] = fill
    assert sum(key.startswith("c/") for key in store._store_dict) == n_chunks
    assert seen(array[...]) == np.full(SHAPE, fill, object).tolist()


def test_missing_chunks_can_be_refused(kind, engine):
    array = made(MemoryStore(), kind, {"chunks": CHUNKS}, config={"read_missing_chunks": False})
    with pytest.raises(zarr.errors.ChunkNotFoundError):
        array[0, 0]


def test_reading_into_memory_of_the_callers(kind, layout, engine):
    array = made(MemoryStore(), kind, layout)
    elements = items(kind, np.random.default_rng(2), SHAPE)
    array[...] = elements
    out = np.empty((22, 14), TEXT if kind == "text" else object)
    out[...] = "what was there before, and not short" if kind == "text" else b"before"
    array.get_basic_selection(..., out=out[::2, ::-2])
    assert seen(out[::2, ::-2]) == elements.tolist()
    assert (out[1::2] == out[1, 0]).all()
    array.get_basic_selection(..., out=out[::2, ::-2])
    assert seen(out[::2, ::-2]) == elements.tolist()


@pytest.mark.parametrize("given", ["array", "list", "scalar"])
def test_surrogates_are_refused_and_nothing_is_written(given, layout, engine):
    store = MemoryStore()
    array = made(store, "text", layout)
    array[...] = "before"
    stored = dict(store._store_dict)
    bad = np.full(SHAPE, "good", object)
    bad[10, 6] = "\ud800"
    value = {"array": bad, "list": bad.tolist(), "scalar": "\ud800"}[given]
    with pytest.raises(UnicodeEncodeError):
        array[...] = value
    assert store._store_dict == stored


@pytest.mark.parametrize("value", [None, 1, "text", [b"a"]])
def test_what_is_no_byte_string_is_refused_and_nothing_is_written(value, engine):
    store = MemoryStore()
    array = made(store, "bytes", {"chunks": CHUNKS})
    array[...] = b"before"
    stored = dict(store._store_dict)
    bad = np.full(SHAPE, b"good", object)
    bad[10, 6] = value
    with pytest.raises((TypeError, ValueError)):
        array[...] = bad
    assert store._store_dict == stored


def test_bytes_of_other_kinds_are_taken(engine):
    array = made(MemoryStore(), "bytes", {"chunks": CHUNKS})
    array[0, :4] = np.array([bytearray(b"a"), memoryview(b"b"), np.bytes_(b"c"), b"d"], object)
    assert seen(array[0, :5]) == [b"a", b"b", b"c", b"d", b""]
    assert {type(item) for item in array[0, :]} == {bytes}


def test_objects_of_other_kinds_become_text_as_before(engine):
    array = made(MemoryStore(), "text", {"chunks": CHUNKS})
    array[0, :3] = np.array([np.str_("a"), 1, 2.5], object)
    assert seen(array[0, :4]) == ["a", "1", "2.5", ""]


def test_strided_and_broadcast_values(kind, engine):
    array = made(MemoryStore(), kind, {"chunks": CHUNKS})
    elements = items(kind, np.random.default_rng(3), (22, 14))
    for value in (elements, in_memory(kind, elements)):
        array[...] = value[::2, ::-2]
        assert seen(array[...]) == elements[::2, ::-2].tolist()
        array[...] = value[:7, :11].T
        assert seen(array[...]) == elements[:7, :11].T.tolist()
        array[...] = np.broadcast_to(value[0, :7], SHAPE)
        assert seen(array[...]) == [elements[0, :7].tolist()] * 11


def test_arrays_without_axes_and_without_elements(kind, engine):
    word = "word" if kind == "text" else b"word"
    dtype = str if kind == "text" else "bytes"
    point = zarr.create_array(MemoryStore(), shape=(), dtype=dtype)
    assert point[()] == word[:0]
    point[()] = word
    assert point[()] == word
    empty = zarr.create_array(MemoryStore(), shape=(0, 3), chunks=(1, 2), dtype=dtype)
    assert empty[...].shape == (0, 3)
    empty[...] = word


def test_both_faces(kind, engine, tmp_path):
    elements = items(kind, np.random.default_rng(4), SHAPE)

    async def through(array):
        await array.setitem(slice(None), elements)
        await array.setitem((slice(2, 5), 3), elements[0, 0])
        return await array.getitem((slice(1, 7), slice(None)))

    expected = elements.copy()
    expected[2:5, 3] = elements[0, 0]
    for store in (MemoryStore(), LocalStore(tmp_path)):
        array = made(store, kind, {"chunks": CHUNKS, "shards": (8, 6)})
        assert seen(asyncio.run(through(array.async_array))) == expected[1:7].tolist()
        assert seen(array[...]) == expected.tolist()


@pytest.mark.parametrize("place", ["memory", "local"])
def test_what_is_kept_is_never_what_was_stored_before(place, kind, engine, tmp_path):
    store = MemoryStore() if place == "memory" else LocalStore(tmp_path)
    array = made(store, kind, {"chunks": CHUNKS})
    other = zarr.open_array(store)
    for n in range(20):
        word = f"version {n}" if kind == "text" else b"version %d" % n
        (array if n % 2 else other)[1, 1] = word
        assert [array[1, 1], other[1, 1], array[1, 1]] == [word] * 3
        assert seen(array[0, :2]) == [word[:0]] * 2


def test_chunks_of_a_memory_store_are_kept():
    native = pytest.importorskip("zarr._native")
    with zarr.config.set({"engine": "native", "array.chunk_cache_bytes": 2**20}):
        array = made(MemoryStore(), "text", {"chunks": CHUNKS})
        array[...] = "word"
        array[0, 0]
        before = native.counters()["cache_hits"]
        assert array[0, 1] == "word"
        assert native.counters()["cache_hits"] == before + 1


def test_other_threads_use_the_result_meanwhile(engine):
    array = zarr.create_array({}, shape=20_000, chunks=500, dtype=str)
    words = np.array([f"a longer word, number {n}" for n in range(20_000)], TEXT)
    array[...] = words
    out = np.empty(20_000, TEXT)
    done = threading.Event()
    ends = []

    def look():
        while not done.is_set():
            out[:100].tolist()
            words[:100].tolist()

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for thread in lookers:
        thread.start()

    def work():
        for _ in range(5):
            array.get_basic_selection(..., out=out)
            array[...] = words
        ends.append(True)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(PROMPTLY)
    done.set()
    for thread in (*lookers, worker):
        thread.join(PROMPTLY)
    assert ends
    assert (out == words).all()


@pytest.mark.parametrize("inner", [VLenUTF8Codec(), VLenBytesCodec()])
def test_shards_in_shards(inner, engine):
    kind = "text" if isinstance(inner, VLenUTF8Codec) else "bytes"
    nested = ShardingCodec(chunk_shape=(4, 6), codecs=[ShardingCodec(chunk_shape=(2, 3), codecs=[inner, ZstdCodec()])])
    array = zarr.create_array(
        {}, shape=SHAPE, chunks=(8, 6), dtype=str if kind == "text" else "bytes", serializer=nested, compressors=None
    )
    elements = items(kind, np.random.default_rng(5), SHAPE)
    array[...] = elements
    array[3, 2:5] = elements[0, :3]
    elements[3, 2:5] = elements[0, :3].copy()
    assert seen(array[...]) == elements.tolist()
    assert seen(array[2:5, ::2]) == elements[2:5, ::2].tolist()


def test_the_chunk_is_named(kind, zarr_format, engine):
    store = MemoryStore()
    array = made(store, kind, {"chunks": CHUNKS, "zarr_format": zarr_format, "compressors": None})
    array[...] = "word" if kind == "text" else b"word"
    key = "1.2" if zarr_format == 2 else "c/1/2"
    stored = store._store_dict[key].to_bytes()
    store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(stored[:-1])
    for read in (lambda: array[...], lambda: array[5, 6]):
        with pytest.raises(CodecError, match="beyond") as caught:
            read()
        assert key in str(caught.value)
        assert caught.value.coords == (1, 2)
    assert array[0, 0] in ("word", b"word")


COMPRESSORS = {"gzip": 17, "zlib": 17, "zstd": 17, "blosc": 17, "lz4": 17, "bz2": 5, "lzma": 5}
"""By their ids, and how many million bytes of text decide that the whole is looked at first."""


def long_text(compressor, zarr_format):
    """An array of two texts, the first of which is so long, and of few stored bytes."""
    codec = numcodecs.get_codec({"id": compressor, "preset": 0} if compressor == "lzma" else {"id": compressor})
    store = MemoryStore()
    options = {"zarr_format": 2, "compressors": [codec]} if zarr_format == 2 else {"compressors": [codec]}
    array = zarr.create_array(store, shape=2, chunks=2, dtype=str, **options)
    words = np.array(["a" * COMPRESSORS[compressor] * 10**6, "é"], TEXT)
    array[:] = words
    return array, store, words


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("compressor", COMPRESSORS)
def test_long_chunks(engine, compressor, zarr_format):
    array, store, words = long_text(compressor, zarr_format)
    assert np.array_equal(array[:], words)
    assert array[1] == "é"
    nbytes = 12 + COMPRESSORS[compressor] * 10**6 + 2
    for limit in (nbytes, nbytes - 1, 1000):
        with zarr.config.set({"array.max_variable_chunk_bytes": limit}):
            again = zarr.open_array(store, mode="r", zarr_format=zarr_format)
            if limit == nbytes:
                assert np.array_equal(again[:], words)
                continue
            for opened in (again, array):  # the one is opened under the limit, the other was before
                with pytest.raises(CodecError, match=rf"more than {limit} bytes.*'array\.max_variable_chunk_bytes'"):
                    opened[:]
        assert again[1] == "é"


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("is_sharded", [False, True])
def test_no_more_is_written_than_is_read(engine, zarr_format, is_sharded):
    """What a limit would keep from being read is refused, whole chunks and parts alike; what was there stays."""
    if is_sharded and zarr_format == 2:
        return
    store = MemoryStore()
    options = {"shards": 4} if is_sharded else {}
    array = zarr.create_array(store, shape=4, chunks=2, dtype=str, zarr_format=zarr_format, **options)
    array[:] = before = np.array(["a" * 10, "b", "c", "d"], TEXT)
    stored = dict(store._store_dict)
    refused = r"encode.*more than 111 bytes.*'array\.max_variable_chunk_bytes'.*smaller"
    with zarr.config.set({"array.max_variable_chunk_bytes": 111}):
        for selection, value in ((slice(None), ["x" * 99, "y", "z", "ü"]), (slice(0, 2), "x" * 50), (1, "x" * 90)):
            with pytest.raises(CodecError, match=refused):
                array[selection] = value
            assert {key: bytes(value.to_bytes()) for key, value in store._store_dict.items()} == {
                key: bytes(value.to_bytes()) for key, value in stored.items()
            }
        assert np.array_equal(array[:], before)
        array[1] = "x" * 89
        assert array[1] == "x" * 89
    uncompressed = zarr.create_array(shape=2, chunks=2, dtype=str, zarr_format=zarr_format, compressors=None, store={})
    with zarr.config.set({"array.max_variable_chunk_bytes": 9}):
        uncompressed[:] = ["more", "than nine"]  # it is as long as it is stored
        assert uncompressed[:].tolist() == ["more", "than nine"]


@pytest.mark.parametrize("codec_id", ["json2", "msgpack2", "vlen-array"])
def test_the_limit_of_objects(engine, codec_id):
    object_codec = {"id": codec_id, "dtype": "<i4"} if codec_id == "vlen-array" else {"id": codec_id}
    array = zarr.create_array(
        store := MemoryStore(), shape=2, dtype=object, zarr_format=2, filters=[numcodecs.get_codec(object_codec)]
    )
    given = np.empty(2, object)
    given[:] = [np.arange(1000, dtype="i4")] * 2 if codec_id == "vlen-array" else ["x" * 1000] * 2
    array[:] = given
    with zarr.config.set({"array.max_variable_chunk_bytes": 999}):
        again = zarr.open_array(store, mode="r")
        with pytest.raises(CodecError, match=r"more than 999 bytes.*'array\.max_variable_chunk_bytes'"):
            again[:]
        with pytest.raises(CodecError, match=r"encode.*more than 999 bytes.*'array\.max_variable_chunk_bytes'"):
            array[:] = given
    assert len(zarr.open_array(store, mode="r")[1]) == 1000


@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize(
    "kwargs",
    [
        {"dtype": zarr.dtype.Optional(data_type=zarr.dtype.VariableLengthUTF8())},
        {"dtype": str, "serializer": ShardingCodec(chunk_shape=(1,), codecs=["vlen-utf8"])},
    ],
    ids=["optional", "shards"],
)
def test_the_limit_is_named_where_no_size_is_known(engine, kwargs):
    """Behind other codecs of which nobody knows how much they make, too."""
    store = MemoryStore()
    zarr.create_array(store, shape=2, compressors=ZstdCodec(), **kwargs)[:] = ["x" * 1000, "y"]
    with zarr.config.set({"array.max_variable_chunk_bytes": 900}):
        again = zarr.open_array(store, mode="r")
        with pytest.raises(CodecError, match=r"'zstd'.*more than 900 bytes.*'array\.max_variable_chunk_bytes'"):
            again[:]
        with pytest.raises(CodecError, match=r"encode.*more than 900 bytes.*'array\.max_variable_chunk_bytes'"):
            zarr.create_array({}, shape=2, compressors=ZstdCodec(), **kwargs)[:] = ["x" * 1000, "y"]


@pytest.mark.parametrize("form", ["format 2", "format 3", "optional"])
def test_a_fill_value_that_no_element_can_be(form, engine):
    """JSON can say half of a surrogate pair, and UTF-8 cannot."""
    number = {"name": "zarrs.optional", "configuration": {"name": "string"}}
    array = zarr.create_array(
        {}, shape=2, dtype=number if form == "optional" else "string", zarr_format=2 if form == "format 2" else 3
    )
    key = ".zarray" if form == "format 2" else "zarr.json"
    document = json.loads(array.store.get_sync(key).to_bytes())
    document["fill_value"] = ["\ud800"] if form == "optional" else "\ud800"
    array.store._store_dict[key] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    with pytest.raises(MetadataValidationError, match="UTF-8"):
        zarr.open_array(array.store)
