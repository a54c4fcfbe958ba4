"""Arguments that are true or false are that: a text, or a number but 0 and 1, is refused, before anything is stored or deleted."""

import asyncio

import numpy as np
import pytest

import zarr
from tests.samples import contents
from zarr.api import asynchronous
from zarr.codecs import ZstdCodec
from zarr.errors import ContainsArrayError
from zarr.storage import LocalStore, MemoryStore

DATA = np.arange(4)
BLANK = zarr.create_array({}, shape=3, dtype="i1").metadata


def other():
    return zarr.create_group({})


CALLS = {
    "overwrite": [
        lambda s, v: zarr.create_array(s, name="a", data=DATA, overwrite=v),
        lambda s, v: zarr.create_group(s, path="a", overwrite=v),
        lambda s, v: zarr.group(s, path="g", overwrite=v),
        lambda s, v: zarr.create(3, store=s, path="a", overwrite=v),
        lambda s, v: zarr.zeros(3, store=s, path="a", overwrite=v),
        lambda s, v: zarr.zeros(3, store=s, path="a", mode="w", overwrite=v),
        lambda s, v: zarr.full_like(DATA, store=s, path="a", overwrite=v),
        lambda s, v: zarr.array(DATA, store=s, path="a", overwrite=v),
        lambda s, v: zarr.array(zarr.ones(3), store=s, path="a", overwrite=v),
        lambda s, v: zarr.from_array(s, name="a", data=DATA, overwrite=v),
        lambda s, v: zarr.from_array(s, name="a", data=zarr.ones(3), overwrite=v),
        lambda s, v: zarr.save_array(s, DATA, path="a", overwrite=v),
        lambda s, v: zarr.create_hierarchy(store=s, nodes={"a": BLANK}, overwrite=v),
        lambda s, v: zarr.open_group(s).create_array("a", data=DATA, overwrite=v),
        lambda s, v: zarr.open_group(s).create_group("a", overwrite=v),
        lambda s, v: zarr.open_group(s).require_group("g", overwrite=v),
        lambda s, v: zarr.open_group(s).require_group("/", overwrite=v),
        lambda s, v: zarr.open_group(s).require_array("a", shape=4, overwrite=v),
        lambda s, v: zarr.open_group(s).zeros(name="a", shape=3, overwrite=v),
        lambda s, v: zarr.open_group(s).full_like(name="a", data=DATA, overwrite=v),
        lambda s, v: zarr.open_group(s).create_hierarchy({"a": BLANK}, overwrite=v),
        lambda s, v: zarr.Group.from_store(s, overwrite=v),
        lambda s, v: asyncio.run(asynchronous.create_array(s, name="a", data=DATA, overwrite=v)),
        lambda s, v: asyncio.run(zarr.AsyncGroup.from_store(s, overwrite=v)),
    ],
    "write_data": [
        lambda s, v: zarr.create_array(s, name="b", data=DATA, write_data=v),
        lambda s, v: zarr.from_array(s, name="b", data=zarr.ones(3), write_data=v),
        lambda s, v: zarr.open_group(s).create_array("b", data=DATA, write_data=v),
    ],
    "exact": [
        lambda s, v: zarr.open_group(s).require_array("a", shape=4, dtype="i8", exact=v),
        lambda s, v: zarr.open_group(s).require_array("b", shape=4, dtype="i8", exact=v),
    ],
    "shallow": [
        lambda s, v: zarr.copy(zarr.ones(3), zarr.open_group(s), name="b", shallow=v),
        lambda s, v: zarr.copy_all(other(), zarr.open_group(s), shallow=v),
    ],
    "without_attrs": [
        lambda s, v: zarr.copy(zarr.ones(3), zarr.open_group(s), name="b", without_attrs=v),
        lambda s, v: zarr.copy_all(other(), zarr.open_group(s), without_attrs=v),
    ],
    "dry_run": [
        lambda s, v: zarr.copy(zarr.ones(3), zarr.open_group(s), name="b", dry_run=v),
        lambda s, v: zarr.copy_all(other(), zarr.open_group(s), dry_run=v),
        lambda s, v: zarr.copy_store(other().store, s, dest_path="b", dry_run=v),
    ],
    "plain": [lambda s, v: zarr.open_group(s).tree(plain=v)],
    "use_consolidated": [
        lambda s, v: zarr.open_group(s, use_consolidated=v),
        lambda s, v: zarr.open(s, use_consolidated=v),
        lambda s, v: zarr.open_consolidated(s, use_consolidated=v),
    ],
    "use_consolidated_for_children": [lambda s, v: zarr.open_group(s).members(use_consolidated_for_children=v)],
    "delete_outside_chunks": [
        lambda s, v: asyncio.run(zarr.open_array(s, path="a").async_array.resize((2,), delete_outside_chunks=v))
    ],
    "read_only": [
        lambda s, v: MemoryStore({}, read_only=v),
        lambda s, v: s.with_read_only(v),
        lambda s, v: LocalStore("somewhere", read_only=v),
        lambda s, v: asyncio.run(LocalStore.open("somewhere", read_only=v)),
    ],
    "write_empty_chunks": [
        lambda s, v: zarr.open_array(s, path="a", config={"write_empty_chunks": v}),
        lambda s, v: zarr.open_array(s, path="a").with_config({"write_empty_chunks": v}),
    ],
    "checksum": [lambda s, v: ZstdCodec(checksum=v)],
}
ALL = [(name, call) for name, calls in CALLS.items() for call in calls]


@pytest.fixture
def filled(store):
    root = zarr.create_group(store, attributes={"title": "old"})
    root["a"] = DATA
    root.create_group("g")
    return store


@pytest.mark.parametrize("value", ["no", "False", 2, -1, 1.0, []], ids=repr)
@pytest.mark.parametrize(("name", "call"), ALL)
def test_what_is_no_boolean_is_refused(filled, name, call, value):
    if name == "use_consolidated" and isinstance(value, str):
        return  # the name of a document
    before = contents(filled)
    with pytest.raises((TypeError, ValueError), match=f"{name}.* must be True"):
        call(filled, value)
    assert contents(filled) == before


@pytest.mark.parametrize("value", [0, 1, None, np.int64(1)], ids=repr)
def test_what_programs_for_zarr_python_give_is_taken(store, value):
    zarr.create_array(store, name="a", data=DATA)
    if value:
        zarr.create_array(store, name="a", data=DATA + 1, overwrite=value)
    else:
        with pytest.raises(ContainsArrayError):
            zarr.create_array(store, name="a", data=DATA + 1, overwrite=value)
    assert zarr.open_array(store, path="a")[0] == bool(value)


@pytest.mark.parametrize("value", [1, None], ids=repr)
def test_a_codec_is_exact_about_it(value):
    with pytest.raises(TypeError, match=r"checksum.* must be True"):
        ZstdCodec(checksum=value)


@pytest.mark.parametrize("value", [np.True_, np.False_], ids=repr)
def test_booleans_of_numpy_are_booleans(value):
    store = MemoryStore({}, read_only=value)
    assert store.read_only is bool(value)
    assert ZstdCodec(checksum=value) == ZstdCodec(checksum=bool(value))
    assert ZstdCodec(checksum=value).to_dict()["configuration"]["checksum"] is bool(value)
    config = {"write_empty_chunks": value, "chunk_cache": value, "verify_checksums": value}
    assert zarr.create_array({}, shape=3, dtype="i1", config=config).config.write_empty_chunks is bool(value)
    root = zarr.create_group({})
    root["a"] = DATA
    if value:
        root.create_array("a", data=DATA[:2], overwrite=value)
    else:
        with pytest.raises(zarr.errors.ContainsArrayError):
            root.create_array("a", data=DATA[:2], overwrite=value)
    assert root["a"].shape == (2 if value else 4,)
