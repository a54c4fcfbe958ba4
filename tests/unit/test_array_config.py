"""Settings of an open array, and those of the configuration that it begins with."""

from __future__ import annotations

import pytest

import zarr
from tests.samples import filled
from zarr._codec.base import ArrayConfig
from zarr.errors import ChunkNotFoundError, MetadataValidationError
from zarr.storage import MemoryStore


class TestConfig:
    def test_empty_chunks_are_left_out_unless_wanted(self, store, engine, zarr_format):
        array = filled(store, zarr_format)
        array[...] = 0
        assert array.nchunks_initialized == 0
        array.with_config({"write_empty_chunks": True})[0:2] = 0
        assert array.nchunks_initialized == 2
        with zarr.config.set({"array.write_empty_chunks": True}):
            zarr.open_array(store)[...] = 0
        assert array.nchunks_initialized == 6

    def test_missing_chunks_can_be_an_error(self, store, engine, zarr_format):
        array = filled(store, zarr_format, name="a")
        array[0:2, 0:3] = 0
        strict = zarr.open_array(store, path="a", config={"read_missing_chunks": False})
        assert strict[4, 3] == 19
        with pytest.raises(ChunkNotFoundError, match=r"a/(c/)?0[./]0.*array '/a' in store .* is missing"):
            strict[...]
        assert array[0, 0] == 0

    def test_the_configuration_gives_the_defaults(self):
        with zarr.config.set({"array.write_empty_chunks": True, "array.read_missing_chunks": False}):
            config = zarr.create_array({}, shape=1, dtype="i1").config
        assert config.write_empty_chunks
        assert not config.read_missing_chunks
        assert zarr.create_array({}, shape=1, dtype="i1").config == ArrayConfig()

    def test_unknown_keys_are_refused(self, store):
        filled(store)
        for call in (
            lambda: zarr.open_array(store, config={"wrong": 1}),
            lambda: zarr.open(store, config={"wrong": 1}),
            lambda: zarr.open_array(store).with_config({"wrong": 1}),
            lambda: zarr.create_array({}, shape=1, dtype="i1", config={"wrong": 1}),
        ):
            with pytest.raises(TypeError, match="wrong"):
                call()
        with pytest.raises(ValueError, match="order must be 'C' or 'F'"):
            zarr.open_array(store, config={"order": "X"})

    @pytest.mark.parametrize("shards", [None, (8, 8)])
    def test_chunks_above_the_limit_are_refused(self, store, engine, shards):
        make = {"name": "a", "shape": (8, 8), "dtype": "int32", "chunks": (4, 4), "shards": shards}
        with zarr.config.set({"array.max_chunk_bytes": 64}):
            zarr.create_array(store, **make)
            assert zarr.open_array(store, path="a")[0, 0] == 0
        with zarr.config.set({"array.max_chunk_bytes": 63}):
            for call in (
                lambda: zarr.open_array(store, path="a"),
                lambda: zarr.create_array(store, **{**make, "name": "b"}),
            ):
                with pytest.raises(MetadataValidationError, match=r"64 bytes .*'array\.max_chunk_bytes' permits 63"):
                    call()
        assert zarr.open_group(store, mode="r").nmembers() == 1

    @pytest.mark.parametrize("name", ["native", "auto", "python"])
    def test_each_engine_reads_and_writes(self, name):
        with zarr.config.set({"engine": name}):
            array = filled(MemoryStore())
            assert array[4, 3] == 19
            assert isinstance(array.engine, str)

    def test_the_python_engine_is_the_reference_engine(self):
        with zarr.config.set({"engine": "python"}):
            array = zarr.create_array({}, shape=1, dtype="i1")
        assert array.engine == "python"
        assert array.engine == array.async_array.engine

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("engine", "rust"),
            ("engine", None),
            ("array.order", "K"),
            ("array.durability", "no"),
            ("default_zarr_format", 1),
        ],
    )
    def test_wrong_values_of_the_configuration_are_named(self, key, value):
        with zarr.config.set({key: value}), pytest.raises(ValueError, match=f"{key!r} is {value!r}; choose one of"):
            zarr.create_array({}, shape=1, dtype="i1")
        assert zarr.create_array({}, shape=1, dtype="i1").shape == (1,)
