"""Every path and name below zarr-python's public surface that a package imports (`users.json`, which names the packages): it is
there, it is the one object of this library or an alias for annotations, or it does what it does in zarr-python.
"""

import asyncio
import importlib
import json
import sys
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import zarr
import zarr.codecs.sharding
import zarr.testing
from tests.suites.stand_in_for_cupy import installed
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore, StorePath

USERS = json.loads(Path(__file__).with_name("users.json").read_text())
NAMES = {f"{module}.{name}": users for module, names in USERS.items() for name, users in names.items() if name}

DATA_TYPES = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float16",
    "Float32",
    "Float64",
    "DateTime64",
    "TimeDelta64",
    "FixedLengthUTF32",
    "VariableLengthUTF8",
    "VariableLengthBytes",
    "NullTerminatedBytes",
    "RawBytes",
    "Structured",
    "ZDType",
    "data_type_registry",
    "parse_dtype",
]

SAME = {
    **{f"zarr.core.dtype.{name}": f"zarr.dtype.{name}" for name in DATA_TYPES},
    "zarr.core.dtype.wrapper.ZDType": "zarr.dtype.ZDType",
    "zarr.core.dtype.npy.bytes.NullTerminatedBytes": "zarr.dtype.NullTerminatedBytes",
    "zarr.core.dtype.common.UnstableSpecificationWarning": "zarr.errors.UnstableSpecificationWarning",
    "zarr.core.dtype.common.DTypeConfig_V2": "zarr.types.DTypeConfig_V2",
    "zarr.core.dtype.common.DTypeSpec_V2": "zarr.dtype.DTypeSpec_V2",
    "zarr.core.dtype.common.DTypeJSON": "zarr.types.DTypeJSON",
    "zarr.core.common.JSON": "zarr.types.JSON",
    "zarr.core.common.ZarrFormat": "zarr.types.ZarrFormat",
    **{
        f"zarr.core.buffer.{place}{name}": f"zarr.abc.buffer.{name}"
        for place in ("", "core.")
        for name in ("Buffer", "NDBuffer", "BufferPrototype", "NDArrayLike")
    },
    **{
        f"zarr.core.buffer.{name}": f"zarr.buffer.{name.removeprefix('core.')}"
        for name in ("default_buffer_prototype", "core.default_buffer_prototype")
    },
    "zarr.core.buffer.cpu": "zarr.core.buffer.cpu",
    "zarr.core.buffer.numpy_buffer_prototype": "zarr.buffer.cpu.numpy_buffer_prototype",
    **{
        f"zarr.core.buffer.cpu.{name}": f"zarr.buffer.cpu.{name}"
        for name in ("Buffer", "NDBuffer", "as_numpy_array_wrapper")
    },
    "zarr.core.array.Array": "zarr.Array",
    "zarr.core.array.AsyncArray": "zarr.AsyncArray",
    "zarr.core.group.AsyncGroup": "zarr.AsyncGroup",
    "zarr.core.config.config": "zarr.config",
    "zarr.core.config.BadConfigError": "zarr.errors.BadConfigError",
    "zarr.core.BatchedCodecPipeline": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "zarr.core.chunk_key_encodings": "zarr.core.chunk_key_encodings",
    "zarr.core.dtype": "zarr.core.dtype",
    "zarr.core.chunk_grids.ChunkGrid": "zarr.experimental.ChunkGrid",
    "zarr.core.metadata.v3.RegularChunkGridMetadata": "zarr.codecs.sharding.RegularChunkGridMetadata",
    "zarr.core.metadata.v3.RegularChunkGrid": "zarr.codecs.sharding.RegularChunkGridMetadata",
    "zarr.core.chunk_grids.RectilinearChunkGrid": "zarr.codecs.sharding.RectilinearChunkGridMetadata",
    "zarr.core.array_spec.ArraySpec": "zarr.codecs.sharding.ArraySpec",
    "zarr.core.array_spec.ArrayConfig": "zarr.codecs.sharding.ArrayConfig",
    "zarr.core.chunk_utils.ChunkTransform": "zarr.codecs.sharding.ChunkTransform",
    "zarr.core.indexing.BasicIndexer": "zarr.codecs.sharding.BasicIndexer",
    "zarr.core.indexing.ChunkProjection": "zarr.codecs.sharding.ChunkProjection",
    "zarr.core.metadata.ArrayV2Metadata": "zarr.core.metadata.v2.ArrayV2Metadata",
    "zarr.core.metadata.ArrayV3Metadata": "zarr.core.metadata.v3.ArrayV3Metadata",
    "zarr.core.metadata.v3.parse_shapelike": "zarr.codecs.sharding.parse_shapelike",
    "zarr.core.metadata.v3.parse_codecs": "zarr.codecs.sharding.parse_codecs",
    "zarr.core.common.parse_named_configuration": "zarr.codecs.sharding.parse_named_configuration",
    "zarr.storage._common.StoreLike": "zarr.storage.StoreLike",
}
SAME = {name: home for name, home in SAME.items() if name in NAMES}

FOR_ANNOTATIONS = {
    *(f"zarr.core.common.{name}" for name in ("AccessModeLiteral", "BytesLike", "MemoryOrder", "DimensionNames")),
    *(f"zarr.core.common.{name}" for name in ("ShapeLike", "ChunkCoords")),
    *("zarr.core.dtype.ZDTypeLike", "zarr.core.dtype.wrapper.TBaseDType", "zarr.core.dtype.wrapper.TBaseScalar"),
    *("zarr.core.dtype.common.DTypeSpec_V3", "zarr.core.chunk_key_encodings.ChunkKeyEncodingLike"),
    *("zarr.core.array_spec.ArrayConfigLike", "zarr.core.array_spec.ArrayConfigParams"),
    *(f"zarr.core.indexing.{name}" for name in ("Selection", "BasicSelection", "SelectorTuple")),
    *(f"zarr.core.array.{name}Like" for name in ("Compressor", "Compressors", "Filters", "Shards", "Serializer")),
    "zarr.core.metadata.ArrayMetadata",
}

BEHAVES = {}
"""For each other name a check of what it does."""


def does(*names):
    def decorate(check):
        BEHAVES.update({f"zarr.{name}": check for name in names})
        return check

    return decorate


def find(path):
    """The object of a dotted path, as `from module import name` finds it."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return importlib.import_module(path)


# -- what is there, and is one object -------------------------------------------------------------------------------


@pytest.mark.parametrize("module", USERS)
def test_modules(module):
    users = USERS[module][""]
    assert importlib.import_module(module).__name__ == module, users


@pytest.mark.parametrize(("name", "home"), SAME.items())
def test_one_object_at_every_path(name, home):
    assert find(name) is find(home), NAMES[name]


@pytest.mark.parametrize("name", sorted(FOR_ANNOTATIONS))
def test_annotations(name):
    """They are joined with others when a module is imported, not only read by type checkers."""
    alias = find(name)
    assert (alias | None) is not None, NAMES[name]
    assert list[alias] is not None


def test_every_name_is_looked_at():
    assert {*SAME, *FOR_ANNOTATIONS, *BEHAVES} == set(NAMES)


def test_faces_are_made_and_changed_as_packages_do_it(engine):
    class Mine(zarr.Array):
        @property
        def twice(self):
            return 2 * self[:]

    a = zarr.create_array({}, data=np.arange(3), attributes={"k": 1})
    a.__class__ = Mine
    assert a.twice.tolist() == [0, 2, 4]
    for made in (zarr.Array(a._async_array), zarr.Array(_async_array=a.async_array), Mine(a._async_array)):
        made.own = "kept"
        assert made[:].tolist() == [0, 1, 2]
    group = zarr.create_group({})
    asynchronous = zarr.AsyncGroup(metadata=group.metadata, store_path=group.store_path)
    assert zarr.Group(asynchronous) == zarr.Group(_async_group=asynchronous) == group
    again = zarr.AsyncArray(metadata=a.metadata, store_path=a.store_path, config=None)
    asyncio.run(again._save_metadata(a.metadata.with_attributes({"k": 2})))
    assert zarr.open_array(a.store).attrs["k"] == 2


def test_regions_of_chunks_and_shards():
    data = np.arange(70).reshape(10, 7)
    for options in ({"chunks": (3, 4)}, {"chunks": (2, 3), "shards": (4, 6)}, {"chunks": (3, 4), "zarr_format": 2}):
        a = zarr.create_array({}, data=data, **options)
        for regions in (list(a._iter_chunk_regions()), list(a._async_array._iter_shard_regions())):
            assert np.array_equal(np.sort(np.concatenate([data[region].ravel() for region in regions])), np.arange(70))
        assert len(list(a._iter_chunk_coords())) == a.nchunks
        assert len(list(a._iter_shard_coords(origin=(1, 0), selection_shape=(1, 2)))) == 2
        assert set(a._iter_shard_keys()) < set(a.store._store_dict)
        assert a._nshards == np.prod(a._shard_grid_shape) == len(list(a._iter_shard_keys()))
        assert a._chunk_grid[0, 0].codec_shape == (a.shards or a.chunks)


# -- what it does ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SAME and name not in FOR_ANNOTATIONS])
def test_what_it_does(name, engine):
    BEHAVES[name](find(name))


async def number(n):
    await asyncio.sleep(0)
    return n


async def numbers(n):
    for i in range(n):
        yield i


@does("core.sync.sync")
def _(sync):
    assert sync(number(3)) == 3


@does("core.sync.SyncMixin")
def _(mixin):
    class Mine(mixin):
        def three(self):
            return self._sync(number(3)), self._sync_iter(numbers(2))

    assert Mine().three() == (3, [0, 1])


@does("core.sync._collect_aiterator")
def _(collect):
    assert asyncio.run(collect(numbers(3))) == (0, 1, 2)


@does("core.sync.collect_aiterator")
def _(collect):
    async def within():
        return collect(numbers(2))

    assert collect(numbers(3)) == (0, 1, 2)
    assert asyncio.run(within()) == (0, 1)


@does("core.sync._get_loop")
def _(get_loop):
    assert get_loop() is get_loop()
    assert asyncio.run_coroutine_threadsafe(number(4), get_loop()).result(10) == 4


@does("core.sync._get_executor")
def _(get_executor):
    executor = get_executor()
    assert executor is get_executor()
    name = executor.submit(lambda: threading.current_thread().name).result(10)
    assert name.startswith("zarr_pool")
    loop = find("zarr.core.sync._get_loop")()

    async def here():
        return await loop.run_in_executor(None, lambda: threading.current_thread().name)

    assert asyncio.run_coroutine_threadsafe(here(), loop).result(10).startswith("zarr_pool")


@does("core.sync.cleanup_resources")
def _(cleanup):
    loop = find("zarr.core.sync._get_loop")()
    find("zarr.core.sync._get_executor")().submit(int).result(10)
    cleanup()
    cleanup()
    assert loop.is_closed()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("zarr_pool", "zarr-bridge"))]
    assert find("zarr.core.sync.sync")(number(5)) == 5


@does("core.common.concurrent_map")
def _(concurrent_map):
    at_once = most = 0

    async def add(a, b=0):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return a + b

    assert asyncio.run(concurrent_map([(i, i) for i in range(5)], add, 2)) == [0, 2, 4, 6, 8]
    assert most == 2
    assert asyncio.run(concurrent_map([(1,), (2, 3)], add)) == [1, 5]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(concurrent_map([(1,), (2,)], number_divided))


async def number_divided(n):
    return n // (n - 1)


@does("core.dtype.get_data_type_from_native_dtype")
def _(get):
    assert get("<i4") == zarr.dtype.Int32()
    assert get(np.dtype([("a", "U2")])).to_native_dtype() == np.dtype([("a", "U2")])
    with pytest.raises(ValueError, match="object"):
        get(object)


@does("core.dtype.common.HasObjectCodec")
def _(trait):
    class Mine(trait):
        object_codec_id = "mine"

    assert isinstance(Mine(), trait)
    assert isinstance(zarr.dtype.VariableLengthBytes(), trait)
    assert not isinstance(zarr.dtype.Int8(), trait)


@does("core.dtype.npy.string._NUMPY_SUPPORTS_VLEN_STRING")
def _(supported):
    assert supported is True
    assert zarr.dtype.VariableLengthUTF8().to_native_dtype() == np.dtypes.StringDType()


@does("core.metadata.v3.ArrayV3Metadata")
def _(cls):
    metadata = zarr.create_array({}, shape=3, dtype="i4").metadata
    assert type(metadata) is cls
    assert cls.from_dict(metadata.to_dict()) == metadata
    assert zarr.AsyncArray(metadata=metadata, store_path=StorePath(MemoryStore()), config=None).shape == (3,)


@does("core.metadata.v2.ArrayV2Metadata")
def _(cls):
    metadata = zarr.create_array({}, shape=3, dtype="i4", zarr_format=2).metadata
    assert type(metadata) is cls
    assert cls.from_dict(metadata.to_dict()) == metadata


@does("core.metadata.v3.ChunkGridMetadata")
def _(cls):
    assert isinstance(zarr.create_array({}, shape=3, dtype="i4").metadata.chunk_grid, cls)


@does("core.metadata.v3.V3JsonEncoder")
def _(encoder):
    document = {
        "a": np.float32(1.5),
        "b": np.dtype(">f8"),
        "c": complex("nan+1j"),
        "d": np.int8(3),
        "e": np.float64("inf"),
    }
    expected = {"a": 1.5, "b": ">f8", "c": ["NaN", 1.0], "d": 3, "e": float("inf")}
    assert json.loads(json.dumps(document, cls=encoder)) == expected
    assert json.dumps([np.float32("nan"), np.datetime64(3, "s"), np.bool_(True)], cls=encoder, indent=None) == (
        '[\n  "NaN",\n  3,\n  true\n]'
    )
    with zarr.config.set({"json_indent": None}):
        assert json.dumps({"a": [1]}, cls=encoder) == '{"a": [1]}'
    with pytest.raises(TypeError, match="not JSON"):
        json.dumps(object(), cls=encoder)


@does("core.metadata.v3.parse_dimension_names")
def _(parse):
    assert parse(["a", None]) == ("a", None)
    assert parse(None) is None
    for wrong in ([1], 5):
        with pytest.raises(TypeError):
            parse(wrong)


@does("core.metadata.io.save_metadata")
def _(save):
    for zarr_format, above in ((2, ["a/.zattrs", "a/.zgroup"]), (3, ["a/zarr.json"])):
        node = zarr.create_array({}, shape=3, dtype="i4", zarr_format=zarr_format, attributes={"k": 1}).metadata
        store = MemoryStore()
        asyncio.run(save(StorePath(store, "a/b"), node))
        assert not set(above) & set(store._store_dict)
        assert zarr.open_array(store, path="a/b").metadata == node
        asyncio.run(save(StorePath(store, "a/b"), node, ensure_parents=True))
        assert set(above) <= set(store._store_dict)
        assert zarr.open_group(store, mode="r")["a/b"].attrs["k"] == 1
        with pytest.raises(ValueError, match="array"):
            asyncio.run(save(StorePath(store, "a/b/c"), node, ensure_parents=True))
        with pytest.raises(ValueError, match="read-only"):
            asyncio.run(save(StorePath(store.with_read_only(True), "a"), node))


@does("core.sync_group.get_node")
def _(get_node):
    store = MemoryStore()
    zarr.create_array(store, name="g/a", data=np.arange(3))
    assert get_node(store, "g/a", 3)[:].tolist() == [0, 1, 2]
    assert type(get_node(store, "g", 3)) is zarr.Group
    for path, zarr_format in (("nothing", 3), ("g/a", 2)):
        with pytest.raises(FileNotFoundError):
            get_node(store, path, zarr_format)
    with pytest.raises(ValueError, match="4"):
        get_node(store, "g", 4)
    awaited = asyncio.run(find("zarr.core.group.get_node")(store, "g/a", 3))
    assert type(awaited) is zarr.AsyncArray


@does("core.group.GroupMetadata")
def _(cls):
    metadata = cls(attributes={"a": 1}, zarr_format=2)
    assert cls.from_dict(metadata.to_dict()) == metadata
    group = zarr.Group(zarr.AsyncGroup(metadata=metadata, store_path=StorePath(MemoryStore())))
    assert group.attrs["a"] == 1
    assert group.info._zarr_format == 2
    asyncio.run(group._async_group._save_metadata())
    assert zarr.open_group(group.store).attrs.asdict() == {"a": 1}


@does("core.group.ConsolidatedMetadata")
def _(cls):
    array = zarr.create_array({}, shape=3, dtype="i4").metadata
    group = find("zarr.core.group.GroupMetadata")
    flat = {"g": group(attributes={"a": 1}), "g/h": group(), "g/h/x": array, "y": array}
    nested = dict(flat)
    cls._flat_to_nested(nested)
    assert sorted(nested) == ["g", "y"]
    assert nested["g"].consolidated_metadata.metadata["h/x"] == array
    for given in (flat, nested):
        made = cls(metadata=given)
        assert dict(made.flattened_metadata) == flat
        assert list(made.to_dict()["metadata"]) == ["g", "y", "g/h", "g/h/x"]
        root = zarr.Group(zarr.AsyncGroup(group(consolidated_metadata=made), StorePath(MemoryStore())))
        assert root["g/h/x"].shape == (3,)
    store = MemoryStore()
    zarr.create_group(store, path="g").create_array("gone", shape=1, dtype="i1")
    with pytest.warns(zarr.errors.ZarrUserWarning, match="Consolidated"):
        zarr.consolidate_metadata(store, path="g")
    asyncio.run(store.delete_dir("g/gone"))
    with pytest.warns(zarr.errors.ZarrUserWarning, match="Consolidated"):
        zarr.consolidate_metadata(store)  # what a snapshot below says is not what is there
    assert list(zarr.open_consolidated(store).metadata.consolidated_metadata.metadata) == ["g"]
    with pytest.raises(KeyError, match="'p'"):
        cls._flat_to_nested({"p/q": array})


@does("core.attributes.Attributes")
def _(cls):
    group = zarr.create_group({})
    attributes = cls(group)
    attributes["a"] = 1
    assert type(group.attrs) is cls
    assert group.attrs.asdict() == {"a": 1}


@does("codecs._v2.V2Codec")
def _(cls):
    from numcodecs import Zlib

    spec = chunk_spec()
    codec = cls(filters=None, compressor=Zlib()).evolve_from_array_spec(spec)
    chunk = spec.prototype.nd_buffer.from_numpy_array(np.arange(4, dtype="i4"))
    encoded = asyncio.run(codec.encode([(chunk, spec)]))
    (decoded,) = asyncio.run(codec.decode([(encoded[0], spec)]))
    assert decoded.as_numpy_array().tolist() == [0, 1, 2, 3]
    assert zarr.create_array({}, shape=4, dtype="i4", zarr_format=2).metadata.zarr_format == 2


def chunk_spec():
    config = find("zarr.core.array_spec.ArrayConfig").from_dict({})
    spec = find("zarr.core.array_spec.ArraySpec")
    return spec(shape=(4,), dtype=zarr.dtype.Int32(), fill_value=0, config=config, prototype=default_buffer_prototype())


@does("core.codec_pipeline.BatchedCodecPipeline")
def _(cls):
    spec = chunk_spec()
    pipeline = cls.from_codecs([zarr.codecs.BytesCodec(), zarr.codecs.GzipCodec()]).evolve_from_array_spec(spec)
    place = StorePath(MemoryStore(), "c")
    value = spec.prototype.nd_buffer.from_numpy_array(np.arange(4, dtype="i4"))
    whole = (slice(0, 4),)
    asyncio.run(pipeline.write([(place, spec, whole, whole, True)], value))
    out = spec.prototype.nd_buffer.create(shape=(4,), dtype="i4")
    asyncio.run(pipeline.read([(place, spec, whole, whole, True)], out))
    assert out.as_numpy_array().tolist() == [0, 1, 2, 3]


@does("core.buffer.gpu.Buffer")
def _(cls):
    prototype = find("zarr.buffer.gpu.buffer_prototype")
    assert prototype.buffer is cls is find("zarr.buffer.gpu.Buffer")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", None)
        for call in (
            lambda: cls.from_bytes(b"x"),
            cls.create_zero_length,
            lambda: prototype.nd_buffer.create(shape=1, dtype="i1"),
        ):
            with pytest.raises(ImportError, match="pip install cupy"):
                call()
    with installed() as cupy:
        run = cls.from_bytes(b"abc") + zarr.buffer.cpu.Buffer.from_bytes(b"de") + cls.create_zero_length()
        assert (run.to_bytes(), len(run), run[1:3].to_bytes()) == (b"abcde", 5, b"bc")
        assert isinstance(run.as_array_like(), cupy.ndarray)
        assert zarr.buffer.cpu.Buffer.from_buffer(run) == run == cls.from_buffer(run)
        data = np.arange(12, dtype="f4").reshape(4, 3)
        for options in ({"chunks": (2, 2)}, {"chunks": (2, 1), "shards": (2, 3)}, {"zarr_format": 2, "order": "F"}):
            a = zarr.create_array({}, data=data, **options)
            found = a.get_basic_selection(np.s_[1:, ::2], prototype=prototype)
            assert isinstance(found, cupy.ndarray)
            assert np.array_equal(found.get(), data[1:, ::2])
            a[0] = prototype.nd_buffer.from_numpy_array(np.array([7, 8, 9]))
            with zarr.config.set({"buffer": "zarr.buffer.gpu.Buffer", "ndbuffer": "zarr.buffer.gpu.NDBuffer"}):
                assert isinstance(a[:], cupy.ndarray)
                assert a[0].get().tolist() == [7, 8, 9]


@does("core.array.DEFAULT_FILL_VALUE")
def _(default):
    assert zarr.create_array({}, shape=3, dtype="i4", fill_value=default).fill_value == 0
    assert zarr.open_array({}, mode="w", shape=3, dtype="f4", fill_value=default).fill_value == 0


@does("core.array.init_array")
def _(init_array):
    at = StorePath(MemoryStore(), "g/a")
    made = asyncio.run(init_array(store_path=at, shape=(4,), dtype="i4", chunks=(2,), shards=(4,)))
    assert type(made) is zarr.AsyncArray
    assert (made.chunks, made.shards, made.metadata.zarr_format) == ((2,), (4,), 3)
    assert sorted(at.store._store_dict) == ["g/a/zarr.json", "g/zarr.json", "zarr.json"]
    with pytest.raises(zarr.errors.ContainsArrayError):
        asyncio.run(init_array(store_path=at, shape=4, dtype="i4"))


KEEP = {
    **dict.fromkeys(("chunks", "shards", "filters", "compressors", "serializer"), "keep"),
    **dict.fromkeys(("order", "zarr_format", "chunk_key_encoding", "dimension_names", "attributes", "fill_value")),
}
ARGUMENTS = "chunks shards filters compressors serializer fill_value order zarr_format chunk_key_encoding dimension_names attributes"


@does("core.array._parse_keep_array_attr")
def _(parse):
    source = zarr.create_array(
        {}, data=np.arange(4, dtype="i4"), chunks=(2,), shards=(4,), dimension_names=["x"], attributes={"k": 1}
    )
    kept = dict(zip(ARGUMENTS.split(), parse(source, **KEEP), strict=True))
    assert (kept["chunks"], kept["shards"], kept["zarr_format"]) == ((2,), (4,), 3)
    assert (kept["filters"], kept["dimension_names"], kept["attributes"]) == (None, ("x",), {"k": 1})
    copy = zarr.create_array({}, shape=4, dtype="i4", **{**kept, "fill_value": 0})
    assert copy.metadata == source.metadata
    chosen = parse(source, **{**KEEP, "chunks": (1,), "zarr_format": 2, "fill_value": 7})
    assert chosen[0] == (1,)
    assert chosen[2:8] == ("auto", "auto", "auto", 7, None, 2)
    assert parse(np.zeros(3), **KEEP) == ("auto", None, "auto", "auto", "auto", None, None, 3, None, None, None)


@does("storage._common.make_store")
def _(make_store):
    store = MemoryStore()
    assert asyncio.run(make_store(store)) is store
    assert asyncio.run(make_store({}, mode="r")).read_only
    with pytest.raises(FileNotFoundError):
        asyncio.run(make_store("/nowhere/at/all", mode="r"))
    with pytest.raises(TypeError, match="int"):
        asyncio.run(make_store(5))


@does("storage._common.make_store_path")
def _(make_store_path):
    store = MemoryStore()
    at = asyncio.run(make_store_path(StorePath(store, "a"), path="b"))
    assert (at.store, at.path, at.store._is_open) == (store, "a/b", True)
    contains = find("zarr.storage._common.contains_array"), find("zarr.storage._common.contains_group")
    zarr.create_array(store, name="a/b", shape=1, dtype="i1")
    assert [asyncio.run(ask(at, 3)) for ask in contains] == [True, False]
    assert [asyncio.run(ask(at.__class__(store, "a"), 3)) for ask in contains] == [False, True]
    assert [asyncio.run(ask(at, 2)) for ask in contains] == [False, False]


@does("core.chunk_key_encodings.ChunkKeyEncoding")
def _(cls):
    assert issubclass(find("zarr.core.chunk_key_encodings.DefaultChunkKeyEncoding"), cls)


@does("core.chunk_key_encodings.DefaultChunkKeyEncoding", "core.chunk_key_encodings.V2ChunkKeyEncoding")
def _(cls):
    a = zarr.create_array({}, data=np.arange(4), chunks=2, chunk_key_encoding=cls(separator="."))
    assert a.metadata.chunk_key_encoding == cls(separator=".")
    assert cls(separator=".").encode_chunk_key((1,)) in a.store._store_dict
    assert a[:].tolist() == [0, 1, 2, 3]


@does("core.indexing.is_integer")
def _(is_integer):
    assert all(map(is_integer, (1, True, np.int8(1), np.uint64(3))))
    assert not any(map(is_integer, (1.0, "1", np.array(1), np.bool_(True))))


@does("core.indexing.AsyncOIndex", "core.indexing.AsyncVIndex")
def _(cls):
    """What is put in the place of its method is what an array calls."""
    a = zarr.create_array({}, data=np.arange(70).reshape(10, 7), chunks=(3, 4))
    name = {"AsyncOIndex": "oindex", "AsyncVIndex": "vindex"}[cls.__name__]
    selection = ([9, 1], [0, 6])
    with mock.patch.object(cls, "getitem", side_effect=cls.getitem, autospec=True) as watched:
        found = asyncio.run(getattr(a._async_array, name).getitem(selection))
    assert np.array_equal(found, getattr(a, name)[selection])
    assert watched.call_count == watched.await_count == 1
    assert np.array_equal(asyncio.run(cls(a._async_array).getitem(selection)), found)


@does("core.indexing.OrthogonalIndexer", "core.indexing.Indexer")
def _(cls):
    """An indexer of one's own, made of others, as an array reads and writes it."""
    data = np.arange(70, dtype="i4").reshape(10, 7)
    for options in ({}, {"zarr_format": 2, "order": "F"}, {"shards": (6, 4)}):
        a = zarr.create_array({}, data=data, chunks=(3, 4) if "shards" not in options else (3, 2), **options)
        asynchronous, orthogonal = a._async_array, find("zarr.core.indexing.OrthogonalIndexer")
        for grid in (a._chunk_grid, a.metadata.chunk_grid):
            for selection in (([9, 1, 1], slice(1, 6)), (slice(2, 9, 3), [0, 6]), (slice(None), slice(4, 5))):
                indexer = orthogonal(selection, a.shape, grid)
                parts = Parts(cls, indexer)
                expected = a.oindex[selection]
                for given in (indexer, parts):
                    found = asyncio.run(asynchronous._get_selection(given, prototype=default_buffer_prototype()))
                    assert np.array_equal(found, expected)
                out = default_buffer_prototype().nd_buffer.create(shape=expected.shape, dtype="i8")
                asyncio.run(asynchronous._get_selection(parts, prototype=default_buffer_prototype(), out=out))
                assert np.array_equal(out.as_numpy_array(), expected)
        wanted = np.arange(9, dtype="i4").reshape(3, 3)
        indexer = orthogonal(([9, 1, 4], slice(1, 4)), a.shape, a._chunk_grid)
        asyncio.run(asynchronous._set_selection(Parts(cls, indexer), wanted, prototype=default_buffer_prototype()))
        assert np.array_equal(a.oindex[[9, 1, 4], 1:4], wanted)
        expected = data.copy()
        expected[[9, 1, 4], 1:4] = wanted
        assert np.array_equal(a[:], expected)


def Parts(base, indexer):
    """What gives the projections of another indexer, made anew as annbatch makes them."""

    class Made(base if base.__name__ == "Indexer" else object):
        shape, drop_axes = indexer.shape, indexer.drop_axes

        def __init__(self):
            pass

        def __iter__(self):
            return (type(part)(part[0], part[1], part[2], part[3]) for part in indexer)

    return Made()
