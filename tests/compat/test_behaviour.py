"""What programs for zarr-python count on, found by running them with both libraries."""

import asyncio
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
        with pytest.raises(ValueError, match="depth"):
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
