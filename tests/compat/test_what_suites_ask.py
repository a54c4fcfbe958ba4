"""What the tests of icechunk, pydantic-zarr, VirtualiZarr and zarr-vlen-ndarray ask for, beyond names."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import re

import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from tests.suites.points import Points, PointsCodec
from zarr.abc.codec import CodecJSON
from zarr.codecs.numcodecs import Zlib
from zarr.codecs.sharding import RectilinearChunkGridMetadata, RegularChunkGridMetadata
from zarr.core.dtype import data_type_registry
from zarr.core.metadata.v3 import ArrayV3Metadata
from zarr.errors import ContainsArrayError, DataTypeValidationError, UnstableSpecificationWarning
from zarr.storage import MemoryStore, WrapperStore
from zarr.testing import stateful

# -- stores -------------------------------------------------------------------------------------------------------------


class Strict(WrapperStore):
    """Lists only below nodes, and knows no documents of format 2, as icechunk's store."""

    async def exists(self, key):
        if key.endswith((".zgroup", ".zarray", ".zattrs")):
            raise KeyError(f"v2 key not found at {key}")
        return await self._store.exists(key)

    def list_prefix(self, prefix):
        return self._listed(prefix)

    async def _listed(self, prefix):
        node = prefix.strip("/")
        if node and not await self._store.exists(f"{node}/zarr.json"):
            raise ValueError(f"bad key prefix: {node}")
        async for key in self._store.list_prefix(prefix):
            yield key


def test_overwriting_where_nothing_is(engine):
    store = Strict(MemoryStore())
    group = zarr.create_group(store)
    for value in (1, 2):
        group.create_array("a", data=np.full(3, value), overwrite=True)
        with pytest.raises(ContainsArrayError):
            group.create_array("a", data=np.full(3, value))
        assert group["a"][:].tolist() == [value] * 3
    group["b"] = np.arange(2)
    assert sorted(group) == ["a", "b"]
    assert zarr.open_group(store, path="c").path == "c"


def test_a_refusal_to_list_what_is_there_is_an_error():
    class Refusing(Strict):
        async def _listed(self, prefix):
            raise ValueError("refused")
            yield

    store = Refusing(MemoryStore())
    group = zarr.create_group(store)
    group.create_array("a", data=np.arange(3))
    with pytest.raises(ValueError, match="refused"):
        group.create_array("a", data=np.arange(4), overwrite=True)
    assert group["a"].shape == (3,)


def test_a_machine_whose_beginning_takes_arguments_is_cleared(monkeypatch):
    monkeypatch.setattr(stateful, "note", lambda _: None)

    class Beginning(stateful.ZarrHierarchyStateMachine):
        def init_store(self, version):
            super().init_store()

    machine = Beginning(MemoryStore())
    machine.init_store(version=1)
    zarr.create_group(machine.store, path="g")
    machine.clear()
    assert not list(zarr.open_group(machine.store))


# -- attributes and settings ------------------------------------------------------------------------------------------


def test_a_group_replaces_its_attributes_where_it_is_awaited(zarr_format):
    group = zarr.create_group({}, attributes={"first": 1}, zarr_format=zarr_format)
    assert run(group.update_attributes_async({"second": 2})) is group
    assert dict(group.attrs) == dict(zarr.open_group(group.store).attrs) == {"second": 2}
    with pytest.raises(ValueError, match="read-only"):
        run(zarr.open_group(group.store, mode="r").update_attributes_async({}))


def test_the_root_group_is_there_again_after_its_store_was_cleared(zarr_format):
    store = MemoryStore()
    group = zarr.create_group(store, attributes={"old": 1}, zarr_format=zarr_format)
    run(store.clear())
    group.attrs["encoding-type"] = "dict"
    again = zarr.open_group(store, mode="r")
    assert (dict(again.attrs), again.metadata.zarr_format) == ({"encoding-type": "dict"}, zarr_format)
    member = group.create_group("g")
    array = zarr.create_array(MemoryStore(), shape=3, dtype="i4", zarr_format=zarr_format)
    run(store.clear())
    run(array.store.clear())
    for node in (member, array):
        with pytest.raises(FileNotFoundError, match="deleted"):
            node.attrs["k"] = 1


def test_settings_of_an_array_have_an_older_name():
    array = zarr.create_array({}, shape=3, dtype="i4", config={"order": "F"})
    assert array._async_array._config == array.config


# -- creation -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "grid"),
    [
        ((), RectilinearChunkGridMetadata(chunk_shapes=())),
        ((5, 4), RectilinearChunkGridMetadata(chunk_shapes=((2, 3), 2))),
        ((5, 4), RegularChunkGridMetadata(chunk_shape=(2, 3))),
    ],
)
def test_a_stored_grid_is_taken_for_chunks(shape, grid, engine):
    array = zarr.create_array({}, shape=shape, dtype="f8", chunks=grid, fill_value=0)
    assert array.metadata.chunk_grid == grid
    array[...] = 42
    assert np.array_equal(zarr.open_array(array.store)[...], np.full(shape, 42.0))


@pytest.mark.parametrize("nan", [math.inf * 0, -math.nan, np.float64(-math.nan)])
def test_the_sign_of_a_computed_nan_is_not_stored(nan, zarr_format):
    for dtype, stored in (("f4", "NaN"), ("f2", "NaN"), ("c8", ["NaN", 0.0])):
        array = zarr.create_array({}, shape=3, dtype=dtype, fill_value=nan, zarr_format=zarr_format)
        assert json.loads(json.dumps(array.metadata.to_dict()["fill_value"])) == stored
    store = MemoryStore()
    zarr.create_array(store, shape=3, dtype="c8", fill_value=np.inf * 1j)
    assert json.loads(store._store_dict["zarr.json"].to_bytes())["fill_value"] == ["NaN", "Infinity"]


def test_the_bits_of_a_nan_of_the_same_type_are_stored():
    bits = np.array([0xFFC00001], "u4").view("f4")[0]
    assert zarr.create_array({}, shape=3, dtype="f4", fill_value=bits).metadata.to_dict()["fill_value"] == "0xffc00001"


def test_unstable_data_types_are_warned_of_in_words_that_filters_name():
    with pytest.warns(
        UnstableSpecificationWarning, match=r"NullTerminatedBytes.*does not have a Zarr V3 specification"
    ):
        zarr.create_array({}, shape=3, dtype="S3")


def test_descriptions_of_data_types_keep_their_lists():
    struct = [("a", "i4"), ("b", "f4")]
    second = zarr.create_array({}, shape=3, dtype=struct, zarr_format=2).metadata.to_dict()["dtype"]
    assert second == [["a", "<i4"], ["b", "<f4"]]
    third = zarr.create_array({}, shape=3, dtype=struct).metadata.to_dict()["data_type"]
    assert [field["name"] for field in third["configuration"]["fields"]] == ["a", "b"]
    assert type(third["configuration"]["fields"]) is list
    assert zarr.dtype.Complex64().to_json_scalar(1j, zarr_format=3) == (0.0, 1.0)


def test_annotations_of_codecs():
    assert CodecJSON | None


def test_metadata_may_be_written_as_programs_write_it(engine):
    array = zarr.create_array({}, shape=(4, 3), dtype="i4", dimension_names={"y": 4, "x": 3})
    assert array.metadata.dimension_names == ("y", "x")
    flat = {**array.metadata.to_dict(), "chunk_key_encoding": {"name": "v2", "separator": "/"}}
    for metadata in (ArrayV3Metadata.from_dict(flat), ArrayV3Metadata.from_dict({**flat, "chunk_key_encoding": "v2"})):
        assert metadata.to_dict()["chunk_key_encoding"]["name"] == "v2"
    assert ArrayV3Metadata.from_dict(flat).chunk_key_encoding.separator == "/"
    document = json.loads(array.store._store_dict["zarr.json"].to_bytes()) | {
        "chunk_key_encoding": flat["chunk_key_encoding"]
    }
    array.store._store_dict["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    with pytest.raises(ValueError, match="separator"):
        zarr.open_array(array.store)


def test_settings_of_codecs_of_numcodecs_name_the_codec():
    codec = Zlib(level=3)
    assert codec.codec_config == {"id": "zlib", "level": 3}
    assert codec.to_dict() == {"name": "numcodecs.zlib", "configuration": {"level": 3}}
    assert Zlib(**codec.codec_config) == codec
    assert pickle.loads(pickle.dumps(codec)) == codec


# -- data types of others ---------------------------------------------------------------------------------------------


@pytest.fixture
def points():
    data_type_registry.register("example.points", Points)
    zarr.registry.register_codec("example.points", PointsCodec)
    yield Points()
    if "example.points" in data_type_registry.contents:
        data_type_registry.unregister("example.points")


def cells(*values):
    made = np.empty(len(values), object)
    for i, value in enumerate(values):
        made[i] = np.array(value, "f4")
    return made


def created(points, **options):
    return zarr.create_array(
        MemoryStore(), shape=4, chunks=2, dtype=points, serializer=PointsCodec(), compressors=None, **options
    )


def test_one_element_that_may_be_an_array_is_in_one_without_axes(points, engine):
    a = created(points)
    a[:2] = cells([1, 2], [3])
    for found in (a[0], asyncio.run(a.async_array.getitem(0)), a.oindex[0]):
        assert (type(found), found.dtype, found.shape) == (np.ndarray, np.dtype(object), ())
        assert found[()].tolist() == [1, 2]
    assert zarr.create_array({}, data=np.array(["x"], "T"))[0] == "x"


def test_chunks_of_nothing_but_the_fill_value_are_not_stored(points, engine):
    a = created(points, fill_value=[1, 2])
    a[:] = cells([1, 2], [1, 2], [1, 2], [2, 1])
    assert "c/0" not in a.store._store_dict
    assert [cell.tolist() for cell in a[:]] == [[1, 2], [1, 2], [1, 2], [2, 1]]
    a[3:] = cells([1, 2])
    assert "c/1" not in a.store._store_dict
    masked = np.empty(2, object)
    masked[:] = [np.ma.masked_array([1, 2], [True, False], dtype="f4")] * 2
    assert not zarr._dtype.fill.all_fill(masked, a.fill_value)


def test_what_stores_the_elements_is_named(points):
    with pytest.raises(ValueError, match=r"example\.points.*serializer"):
        zarr.create_array({}, shape=4, dtype=points)


def test_a_description_that_its_class_refuses_is_no_data_type(points):
    a = created(points)
    document = json.loads(a.store._store_dict["zarr.json"].to_bytes())
    document["data_type"] = {"name": "example.points", "configuration": {"wrong": 1}}
    a.store._store_dict["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    with pytest.raises(DataTypeValidationError, match=r"No Zarr data type found that matches .* is no array of points"):
        zarr.open_array(a.store)


def test_an_unknown_data_type_is_told_in_zarr_pythons_words_after_its_place(points):
    store = created(points).store
    data_type_registry._lazy_load()
    assert data_type_registry._lazy_load_list == []
    data_type_registry.unregister("example.points")
    with pytest.raises(ValueError, match="No Zarr data type") as caught:
        zarr.open_array(store)
    assert re.fullmatch(
        "metadata document .*zarr.json.*: No Zarr data type found that matches 'example.points'", str(caught.value)
    )
