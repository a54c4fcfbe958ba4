"""What programs for zarr-python count on, found by running them with both libraries."""

import asyncio
import json
import subprocess
import sys

import numpy as np
import pytest

import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec

FORMATS = pytest.mark.parametrize("zarr_format", [2, 3])


def sharded():
    return zarr.create_array(
        {}, shape=(8, 6), chunks=(2, 3), shards=(4, 6), dtype="u2", fill_value=9, compressors=GzipCodec(level=2)
    )


# -- arrays ---------------------------------------------------------------------------------------------------------


def test_assigning_a_shape_resizes(engine):
    a = zarr.create_array({}, data=np.arange(12).reshape(3, 4), chunks=(2, 2))
    a.shape = (2, 2)
    assert a.shape == a.async_array.shape == zarr.open_array(a.store).shape == (2, 2)
    assert a[:].tolist() == [[0, 1], [4, 5]]
    with pytest.raises(ValueError, match="dimensions"):
        a.shape = (2,)


@FORMATS
def test_metadata_as_a_dict_has_tuples(zarr_format):
    made = zarr.create_array(
        {}, shape=(4, 4), chunks=(2, 2), dtype="i4", zarr_format=zarr_format, attributes={"a": [1]}
    )
    for a in (made, zarr.open_array(made.store)):
        document = a.metadata.to_dict()
        assert document["shape"] == (4, 4)
        grid = document["chunks"] if zarr_format == 2 else document["chunk_grid"]["configuration"]["chunk_shape"]
        assert grid == (2, 2)
        assert document["attributes"] == {"a": [1]}
        assert type(a.metadata).from_dict(document) == a.metadata
        document["attributes"]["a"].append(2)
        assert a.attrs["a"] == [1]


def test_info_is_a_table_without_a_last_line_break():
    a = zarr.create_array({}, shape=4, dtype="i4")
    assert str(a.info).endswith("No. bytes          : 16")
    assert str(a.info_complete()).endswith("Chunks Initialized : 0")


@pytest.mark.parametrize("value", ["a", np.nan, b"x", 10**30])
def test_values_that_are_no_integers_raise_either_class(value):
    for error in (TypeError, ValueError) if value != 10**30 else (OverflowError,):
        with pytest.raises(error):
            zarr.create_array({}, shape=3, dtype="i1", fill_value=value)


@pytest.mark.parametrize(("dtype", "value"), [("f4", "a"), ("f4", b"x"), ("c8", "a"), ("V2", "long"), ("U1", "long")])
def test_values_that_are_no_elements_raise_either_class(dtype, value):
    for error in (TypeError, ValueError, zarr.errors.ArgumentError):
        with pytest.raises(error):
            zarr.create_array({}, shape=3, dtype=dtype, fill_value=value)


@pytest.mark.parametrize("error", [TypeError, ValueError, zarr.errors.UnknownDataTypeError])
def test_names_that_are_no_data_types_raise_either_class(error):
    with pytest.raises(error, match="'nope'"):
        zarr.create_array({}, shape=3, dtype="nope")


def test_sharding_beside_other_codecs_warns():
    with pytest.warns(zarr.errors.ZarrUserWarning, match="sharding_indexed"):
        zarr.create_array({}, shape=4, dtype="i4", serializer=ShardingCodec(chunk_shape=(2,)))
    zarr.create_array({}, shape=4, dtype="i4", serializer=ShardingCodec(chunk_shape=(2,)), compressors=None)


# -- shapes of chunks and shards ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "chunks", "target", "shards"),
    [
        ((1000,), (10,), None, (20,)),
        ((80, 90), (10, 10), None, (10, 20)),
        ((1000,), (10,), 1000, (250,)),
        ((70,), (10,), 1000, (70,)),
        ((1000, 1000), (10, 10), 1000, (10, 10)),
        ((1000, 1000), (10, 10), 10_000, (50, 50)),
        ((1000, 1000), (10, 10), 100_000, (150, 150)),
        ((30, 1000), (10, 10), 1_000_000, (30, 30)),
        ((95, 1000, 20), (10, 10, 10), 100_000, (20, 20, 20)),
        ((1000, 2000), (10, 20), 100_000, (110, 220)),
        ((10_000, 10_000), "auto", None, (626, 1250)),
        ((10_000, 10_000), "auto", 10_000_000, (939, 1875)),
        ((5, 10_000_000), "auto", 10_000_000, (4, 625_000)),
    ],
)
def test_automatic_shards(shape, chunks, target, shards):
    with zarr.config.set({"array.target_shard_size_bytes": target}):
        assert zarr.create_array({}, shape=shape, chunks=chunks, shards="auto", dtype="i4").shards == shards


@pytest.mark.parametrize("make", [zarr.zeros_like, zarr.ones_like, zarr.empty_like])
def test_arrays_like_one_with_shards(make):
    a = sharded()
    like = make(a)
    assert (like.chunks, like.shards, like.compressors) == (a.chunks, a.shards, a.compressors)
    assert like.metadata.codecs == a.metadata.codecs
    assert make(a, chunks=(1, 1)).shards is None
    assert make(a, dtype="f8").compressors == a.compressors
    assert make(a, compressors=None).compressors == ()
    assert make(a, codecs=[BytesCodec()]).compressors == ()
    assert make(a, zarr_format=2).metadata.zarr_format == 2


def test_arrays_like_one_with_filters():
    a = zarr.create_array({}, shape=(4, 3), dtype="u2", filters=[TransposeCodec(order=(1, 0))], compressors=None)
    assert zarr.zeros_like(a).metadata.codecs == a.metadata.codecs
    group = zarr.create_group({})
    assert group.ones_like(name="x", data=a).metadata.codecs == a.metadata.codecs


def test_arrays_like_one_of_format_2():
    from numcodecs import Delta

    a = zarr.create_array(
        {}, shape=(4, 3), dtype="u2", zarr_format=2, order="F", filters=[Delta("u2")], compressors=None, fill_value=9
    )
    like = zarr.empty_like(a)
    assert (like.metadata.order, like.metadata.compressor, like.fill_value) == ("F", None, 9)
    assert like.metadata.filters == a.metadata.filters
    assert not zarr.zeros_like(a, dtype="f8").metadata.filters
    assert zarr.empty_like(a, zarr_format=3).metadata.zarr_format == 3


def test_what_is_empty_has_the_fill_value_of_its_model():
    assert zarr.empty_like(sharded()).fill_value == 9
    assert zarr.empty_like(sharded(), fill_value=1).fill_value == 1
    assert zarr.zeros_like(sharded()).fill_value == 0


# -- codecs and configuration ---------------------------------------------------------------------------------------


def test_codecs_as_dicts():
    assert Crc32cCodec().to_dict() == {"name": "crc32c"}
    assert BytesCodec(endian=None).to_dict() == {"name": "bytes"}
    assert TransposeCodec(order=[1, 0]).to_dict()["configuration"] == {"order": (1, 0)}
    assert ShardingCodec(chunk_shape=[2]).to_dict()["configuration"]["chunk_shape"] == (2,)
    blosc = BloscCodec(cname="lz4").to_dict()["configuration"]
    assert (blosc["typesize"], blosc["shuffle"]) == (1, "bitshuffle")


def test_the_configuration_names_the_classes_of_codecs():
    names = zarr.config.get("codecs")
    assert len(names) == 31
    assert zarr.config.get("codecs.vlen-utf8") == "zarr.codecs.vlen_utf8.VLenUTF8Codec"
    for name, dotted in names.items():
        module, _, cls = dotted.rpartition(".")
        assert getattr(__import__(module, fromlist=[cls]), cls) is zarr.registry.get_codec_class(name)


def test_a_codec_is_chosen_by_the_configuration():
    class Mine(GzipCodec):
        pass

    zarr.registry.register_codec("gzip", Mine, qualname="mine")
    try:
        with zarr.config.set({"codecs.gzip": "mine"}):
            assert zarr.registry.get_codec_class("gzip") is Mine
        with zarr.config.set({"codecs.numcodecs.zlib": "no.where"}), pytest.raises(ValueError, match=r"no\.where"):
            zarr.registry.get_codec_class("numcodecs.zlib")
    finally:
        zarr.registry.register_codec("gzip", GzipCodec, qualname="mine")


def test_pipelines_of_others_leave_methods_out():
    class Partial(zarr.abc.codec.CodecPipeline):
        @classmethod
        def from_codecs(cls, codecs):
            return cls()

    assert isinstance(Partial.from_codecs([]), zarr.abc.codec.CodecPipeline)


@pytest.mark.parametrize(
    "path", ["abc.codec.BaseCodec", "abc.store.Store", "api.asynchronous.open", "codecs.numcodecs.Zlib", "codecs.blosc"]
)
def test_submodules_are_there_without_an_import_of_their_own(path):
    program = f"import zarr; print(zarr.{path}); assert not hasattr(zarr.codecs, 'nothing')"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


# -- groups ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[2, 3])
def group(request):
    g = zarr.create_group({}, attributes={"a": 1}, zarr_format=request.param)
    g.create_array("x", shape=4, dtype="i4")
    g.create_group("sub/deep").create_array("z", shape=(), dtype="u1")
    return g


def test_the_empty_path_is_the_group(group):
    assert group[""] == group
    assert group["sub"]["/"].path == "sub"
    assert asyncio.run(group._async_group.getitem("")).path == ""


def test_info_of_a_consolidated_group_counts_members(group):
    assert "members" not in str(group.info)
    zarr.consolidate_metadata(group.store, zarr_format=2) if group.metadata.zarr_format == 2 else None
    if group.metadata.zarr_format == 3:
        with pytest.warns(zarr.errors.ZarrUserWarning, match="onsolidated"):
            zarr.consolidate_metadata(group.store)
    text = str(zarr.open_group(group.store, mode="r").info)
    assert "No. members : 4" in text
    assert "No. arrays  : 2" in text
    assert text.endswith("No. groups  : 2")


def test_a_tree_of_some_levels_and_nodes(group):
    assert str(group.tree(level=0)).splitlines() == ["/", "├── sub", "└── x (4,) int32"]
    assert str(group.tree(level=1)).splitlines()[2].strip() == "│   └── deep"
    assert str(group.tree(max_nodes=2)).splitlines()[1:] == ["/", "├── sub", "└── x (4,) int32"]


def test_depths_below_zero_are_refused(group):
    for call in (lambda: list(group.members(max_depth=-1)), lambda: group.tree(level=-1), lambda: group.nmembers(-1)):
        with pytest.raises(ValueError, match=r"depth|level"):
            call()


def test_a_hierarchy_has_a_root():
    metadata = zarr.create_group({}).metadata
    store = zarr.storage.MemoryStore()
    made = dict(zarr.create_hierarchy(store=store, nodes={"a/b": metadata}))
    assert sorted(made) == ["", "a", "a/b"]
    assert sorted(store._store_dict) == ["a/b/zarr.json", "a/zarr.json", "zarr.json"]
    group = zarr.create_group({}, path="g")
    assert sorted(dict(group.create_hierarchy({"a/b": metadata}))) == ["a", "a/b"]

    async def asynchronous():
        pairs = zarr.api.asynchronous.create_hierarchy(store={}, nodes={"a": metadata})
        return sorted([path async for path, _ in pairs])

    assert asyncio.run(asynchronous()) == ["", "a"]


# -- what a document leaves out -------------------------------------------------------------------------------------


def stored(documents):
    """A memory store with these documents by key."""
    return zarr.storage.MemoryStore(
        {key: zarr.buffer.cpu.Buffer.from_bytes(json.dumps(value).encode()) for key, value in documents.items()}
    )


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
def test_metadata_as_a_dict_name_every_member():
    three = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4],
        "data_type": {"name": "int32"},
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    }
    two = {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i4", "fill_value": 0, "order": "C"}
    two |= {"filters": [{"id": "delta", "dtype": "<i4"}], "compressor": None}

    a = zarr.open_array(stored({"zarr.json": three}))
    assert a.metadata.to_dict() == {
        **three,
        "shape": (4,),
        "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": (2,)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": ({"name": "bytes", "configuration": {"endian": "little"}},),
        "attributes": {},
        "storage_transformers": (),
    }
    b = zarr.open_array(stored({".zarray": two}))
    assert b.metadata.to_dict() == {
        **two,
        "shape": (4,),
        "chunks": (2,),
        "filters": [{"id": "delta", "dtype": "<i4", "astype": "<i4"}],
        "dimension_separator": ".",
        "attributes": {},
    }
    # The documents themselves keep their words, in a snapshot too.
    b.update_attributes({"x": 1})
    assert json.loads(b.store.read(".zarray").data.to_bytes()) == two
    store = stored({"zarr.json": {"zarr_format": 3, "node_type": "group"}, "a/zarr.json": three})
    zarr.consolidate_metadata(store)
    snapshot = json.loads(store.read("zarr.json").data.to_bytes())["consolidated_metadata"]["metadata"]
    assert snapshot["a"] == three


def test_a_group_of_format_2_as_a_dict_is_a_group():
    store = zarr.storage.MemoryStore()
    group = zarr.create_group(store, zarr_format=2, attributes={"a": [1]})
    assert group.metadata.to_dict() == {"attributes": {"a": [1]}, "zarr_format": 2, "node_type": "group"}
    group.create_group("g", attributes={"b": 2}).create_array("x", shape=2, dtype="i4")
    zarr.consolidate_metadata(store)

    opened = zarr.open_consolidated(store)
    for found in (opened.metadata, type(opened.metadata).from_dict(opened.metadata.to_dict())):
        members = found.to_dict()["consolidated_metadata"]["metadata"]
        assert members["g"]["node_type"] == "group"
        assert members["g"]["attributes"] == {"b": 2}
        assert members["g/x"]["shape"] == (2,)
        assert members["g/x"]["attributes"] == {}
        assert found == opened.metadata
        assert found.consolidated_metadata.find("g/x") == opened["g/x"].metadata
    assert json.loads(store.read(".zgroup").data.to_bytes()) == {"zarr_format": 2}
    zmetadata = json.loads(store.read(".zmetadata").data.to_bytes())
    assert zmetadata["metadata"]["g/.zgroup"] == {"zarr_format": 2}
    with pytest.raises(zarr.errors.NodeTypeValidationError, match="group"):
        type(opened.metadata).from_dict({"zarr_format": 2, "node_type": "array"})


def test_a_chunk_grid_as_a_dict_has_a_tuple():
    a = zarr.create_array({}, shape=(4, 4), chunks=(2, 2), dtype="i4")
    assert a.metadata.chunk_grid.to_dict()["configuration"] == {"chunk_shape": (2, 2)}


def test_no_dimension_names_are_none():
    assert zarr.create_array({}, shape=(4, 4), dtype="i4", dimension_names=[]).metadata.dimension_names is None
    for error in (TypeError, ValueError):
        with pytest.raises(error, match="dimension_names"):
            zarr.create_array({}, shape=(4, 4), dtype="i4", dimension_names=[1, 2])


# -- classes of errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_node_of_the_other_kind_is_not_found_in_format_2(mode):
    store = zarr.storage.MemoryStore()
    root = zarr.create_group(store, zarr_format=2)
    root.create_array("a", shape=2, dtype="i4")
    with pytest.raises(zarr.errors.ArrayNotFoundError, match=r"there is a group.*open_group"):
        zarr.open_array(store, mode=mode)
    with pytest.raises(zarr.errors.GroupNotFoundError, match=r"An array exists.*open_array"):
        zarr.open_group(store, path="a", mode=mode)


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_node_of_the_other_kind_is_refused_in_format_3(mode):
    store = zarr.storage.MemoryStore()
    zarr.create_group(store).create_array("a", shape=2, dtype="i4")
    with pytest.raises(zarr.errors.NodeTypeValidationError, match=r"there is a group.*open_group"):
        zarr.open_array(store, mode=mode)
    with pytest.raises(zarr.errors.ContainsArrayError, match=r"An array exists.*open_array"):
        zarr.open_group(store, path="a", mode=mode)


def test_an_array_that_is_asked_for_by_its_shape_is_not_found():
    with pytest.raises(zarr.errors.ArrayNotFoundError):
        zarr.open({}, mode="r", shape=(2,))
    with pytest.raises(zarr.errors.GroupNotFoundError):
        zarr.open({}, mode="r")


@pytest.mark.parametrize("make", [zarr.create, zarr.zeros, zarr.full], ids=lambda make: make.__name__)
def test_modes_of_functions_that_create(make):
    values = {"fill_value": 1} if make is zarr.full else {}
    store = zarr.storage.MemoryStore()
    with pytest.raises(ValueError, match="'q'"):
        make(shape=3, store=store, mode="q", **values)
    assert list(store.list_keys("")) == []
    make(shape=3, store=store, mode="w-", **values)
    for mode in ("w-", "a"):
        with pytest.raises(zarr.errors.ContainsArrayError):
            make(shape=4, store=store, mode=mode, **values)
    assert make(shape=4, store=store, mode="w", **values).shape == (4,)


def test_modes_of_save_array():
    store = zarr.storage.MemoryStore()
    zarr.save_array(store, np.arange(3), mode="w-")
    with pytest.raises(zarr.errors.ContainsArrayError):
        zarr.save_array(store, np.arange(4), mode="w-")
    with pytest.raises(ValueError, match="'q'"):
        zarr.save_array(store, np.arange(4), mode="q")
    assert zarr.load(store).tolist() == [0, 1, 2]
    zarr.save_array(store, np.arange(4), mode="w")
    zarr.save_array(store, np.arange(5))
    assert zarr.load(store).tolist() == [0, 1, 2, 3, 4]


def test_a_name_is_no_native_dtype():
    for name in zarr.dtype.__all__:
        kind = getattr(zarr.dtype, name)
        if isinstance(kind, type) and issubclass(kind, zarr.dtype.ZDType) and kind is not zarr.dtype.ZDType:
            with pytest.raises(zarr.errors.DataTypeValidationError):
                kind.from_native_dtype("i1")


# -- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "value"), [(d, v) for d in ("M8[ns]", "m8[10s]", "m8") for v in ("NaT", None, 5)] + [("m8[10s]", "5")]
)
def test_times_from_text_and_counts_give_no_warning(dtype, value):
    fill = zarr.create_array({}, shape=2, dtype=dtype, fill_value=value).fill_value  # warnings are errors in the tests
    assert np.isnat(fill) if value in ("NaT", None) else fill.astype("i8") == 5


def selections(out):
    yield lambda a: a.get_basic_selection(slice(1, 5), out=out), [1, 2, 3, 4]
    yield lambda a: a.get_orthogonal_selection(([0, 2, 4, 5],), out=out), [0, 2, 4, 5]
    yield lambda a: a.get_coordinate_selection(([5, 0, 1, 1],), out=out), [5, 0, 1, 1]
    yield lambda a: a.get_mask_selection(np.array([1, 0, 1, 1, 1, 0], bool), out=out), [0, 2, 3, 4]
    yield lambda a: a.get_block_selection(slice(1, 3), out=out), [2, 3, 4, 5]


@pytest.mark.parametrize("dtype", ["f4", "i1", "i8", "c8", ">i4"])
def test_reading_into_another_dtype_converts(engine, dtype):
    a = zarr.create_array({}, data=np.arange(6, dtype="i4"), chunks=(2,))
    memory = np.zeros(8, dtype)
    out = zarr.buffer.cpu.NDBuffer.from_numpy_array(memory[::2])
    for select, expected in selections(out):
        assert select(a) is out.as_ndarray_like()
        assert memory[::2].tolist() == expected
        assert not memory[1::2].any()


def test_reading_into_a_dtype_of_another_kind_is_refused(engine):
    a = zarr.create_array({}, data=np.arange(6) + 0.5, chunks=(2,))
    for dtype in ("i8", "?", "M8[s]"):
        out = np.zeros(4, dtype)
        for select, _ in selections(out):
            with pytest.raises(ValueError, match=r"dtype of out.*float64"):
                select(a)
            with pytest.raises(TypeError, match=r"dtype of out.*float64"):
                select(a)
        assert not out.astype("i8").any()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "c8", "c16"])
def test_a_nan_that_format_2_cannot_say_is_refused(dtype, engine):
    payload = np.full(2, np.dtype(dtype).type(np.nan))
    payload.view("u1")[0] ^= 1
    payload.view("u1")[-1] ^= 0x80
    store = {}
    with pytest.raises(ValueError, match="cannot say the fill value"):
        zarr.create_array(store, shape=2, dtype=dtype, zarr_format=2, fill_value=payload[0])
    assert not store
    made = zarr.create_array(store, shape=2, dtype=dtype, fill_value=payload[0])
    opened = zarr.open_array(made.store)
    assert made.fill_value.tobytes() == opened.fill_value.tobytes()
    assert made[:].astype(opened.dtype).tobytes() == opened[:].tobytes()
    assert np.isnan(made.fill_value)
    assert made.metadata == opened.metadata


@pytest.mark.parametrize("value", [float("inf"), np.float32("-inf")])
def test_an_infinite_integer_overflows(value):
    with pytest.raises(OverflowError, match="inf"):
        zarr.create_array({}, shape=2, dtype="i4", fill_value=value)


@pytest.mark.parametrize("shape", [(), (3,), (3, 4)])
def test_a_mask_of_another_length_is_an_invalid_selection(shape, engine):
    a = zarr.create_array({}, shape=shape, dtype="i4")
    with pytest.raises(zarr.errors.VindexInvalidSelectionError, match="2 elements"):
        a[np.ones(2, bool)]
    with pytest.raises(zarr.errors.VindexInvalidSelectionError, match="2 elements"):
        a[[True, False]] = 1


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"array.ordr": "F"}, "array.order"),
        ({"array": {"write_empty_chunk": True}}, "array.write_empty_chunks"),
        ({"asinc.concurrency": 1}, "async.concurrency"),
        ({"threading.max_worker": 1}, "threading.max_workers"),
        ({"json_indnt": 1}, "json_indent"),
    ],
)
def test_a_misspelt_setting_gives_a_warning(given, meant):
    with (
        pytest.warns(zarr.errors.ZarrUserWarning, match=f"did you mean '{meant}'") as caught,
        zarr.config.set(given),
    ):
        pass
    assert caught[0].filename == __file__


def test_settings_of_others_give_none():
    others = {"mine.order": 1, "codec_pipeline.validate_checksums": True, "codecs.gzp": "a.B", "array.mine": 1, "x": 2}
    with zarr.config.set({**others, "array": {"order": "F", "mine-too": 1}}), zarr.config.set(array__order="C"):
        assert zarr.config.get("mine.order") == 1
        assert zarr.config.get("codec_pipeline.validate_checksums") is True
