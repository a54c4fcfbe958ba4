"""What code that goes deep imports from zarr-python (`deep_imports.json`): it is there, or left out for a reason."""

import asyncio
import importlib
import json
from pathlib import Path

import pytest

import zarr
from zarr.codecs import BytesCodec, GzipCodec, TransposeCodec
from zarr.core import _info, _json, codec_pipeline, common, config, group, json_parse
from zarr.core.metadata import v2, v3
from zarr.errors import MetadataValidationError
from zarr.storage import MemoryStore

TABLE = json.loads(Path(__file__).with_name("deep_imports.json").read_text())
REASONS = {
    "annotation": "a type that only the annotations of zarr-python itself name",
    "inner check": "a check between two functions of zarr-python, which has no counterpart between ours",
    "inner step": "a step of an algorithm of zarr-python, which is done in another way here",
    "inner state": "a variable that zarr-python keeps to itself, and others could only disturb",
    "zarr-python 2": "a module of zarr-python 2, which zarr-python 3 does not have either",
}


def is_there(module, name):
    try:
        return hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("module", TABLE["modules"])
def test_names_are_there_or_left_out(module):
    left_out = {name for name in TABLE["modules"][module] if f"{module}.{name}" in TABLE["left_out"]}
    assert {name for name in TABLE["modules"][module] if not is_there(module, name)} == left_out


def test_there_is_a_reason_for_each():
    assert set(TABLE["left_out"].values()) <= REASONS.keys()


@pytest.mark.parametrize("name", zarr.storage.__all__)
def test_stores_are_one_class_at_every_path(name):
    found = getattr(zarr.storage, name)
    for module in ("_common", "_fsspec", "_local", "_logging", "_memory", "_obstore", "_wrapper", "_zip"):
        assert getattr(importlib.import_module(f"zarr.storage.{module}"), name, found) is found


def test_sizes_are_readable():
    sizes = {0: "0", 1023: "1023", 1024: "1.0K", 10**9: "953.7M", 10**18: "888.2P"}
    assert {size: _info.human_readable_size(size) for size in sizes} == sizes
    array = zarr.create_array({}, shape=3, dtype="i4")
    assert isinstance(array.info, _info.ArrayInfo)
    assert isinstance(zarr.create_group({}).info, _info.GroupInfo)


def test_json_in_buffers_and_stores():
    document = {"a": [1, None], "b": {"c": "ü"}}
    assert _json.buffer_to_json_object(_json.json_to_buffer(document, indent=2)) == document
    with pytest.raises(TypeError, match="list"):
        _json.buffer_to_json_object(_json.json_to_buffer([1]))
    with pytest.raises(ValueError, match="JSON"):
        _json.json_to_buffer(float("nan"), allow_nan=False)
    with pytest.raises(ValueError, match="line 1"):
        _json.buffer_to_json(zarr.buffer.cpu.Buffer.from_bytes(b"[1"))
    store = MemoryStore()
    assert asyncio.run(_json.get_json(store, "k")) is None
    asyncio.run(_json.set_json(store, "k", document))
    assert asyncio.run(_json.get_json(store, "k")) == document


def test_codecs_by_kind():
    chain = [TransposeCodec(order=(0,)), BytesCodec(), GzipCodec()]
    assert codec_pipeline.codecs_from_list(chain) == ((chain[0],), chain[1], (chain[2],))
    for wrong in ([], chain[1:2] * 2, chain[::-1]):
        with pytest.raises((TypeError, ValueError)):
            codec_pipeline.codecs_from_list(wrong)


def test_a_pipeline_is_chosen_by_its_path():
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"}):
        assert zarr.registry.get_pipeline_class() is codec_pipeline.FusedCodecPipeline
        array = zarr.create_array({}, shape=3, dtype="i4")
        array[:] = 5
        assert array[:].tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("parse", "right", "wrong", "error"),
    [
        (common.parse_bool, True, 1, ValueError),
        (common.parse_int, 1, "1", ValueError),
        (common.parse_name, "a", 1, TypeError),
        (common.parse_order, "F", "K", ValueError),
        (config.parse_indexing_order, "C", "X", ValueError),
        (group.parse_node_type, "group", "x", MetadataValidationError),
        (v2.parse_zarr_format, 2, 3, ValueError),
        (v3.parse_zarr_format, 3, 2, MetadataValidationError),
        (lambda data: json_parse.parse_field(data, int, "n"), 3, "3", ValueError),
        (lambda data: common.parse_name(data, "a"), "a", "b", ValueError),
    ],
)
def test_checks(parse, right, wrong, error):
    assert parse(right) == right
    with pytest.raises(error):
        parse(wrong)


def test_constants():
    array = zarr.create_array({}, shape=3, dtype="i4", dimension_names=["x"])
    assert set(array.metadata.to_dict()) <= v3.ARRAY_METADATA_KEYS
    assert set(zarr.create_group({}).metadata.to_dict()) <= group.GROUP_METADATA_KEYS
    assert common.ZARR_JSON in array.store._store_dict
    assert [common.ceildiv(*pair) for pair in ((7, 2), (6, 2), (0, 0))] == [4, 3, 0]
