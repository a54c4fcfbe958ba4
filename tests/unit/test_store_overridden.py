"""Our stores of which others override the asynchronous methods, and mocks in their place: what they are asked, and how often."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, put
from tests.suites.plain_stores import AsyncOnly
from zarr.storage import LocalStore, MemoryStore, ObjectStore, StorePath, WrapperStore

KEY = 0x55


def turned(data: bytes) -> bytes:
    """As encryption: what is read must have been written so."""
    return bytes(byte ^ KEY for byte in data)


class Secret:
    """Overrides reading and writing, and nothing that may be made of them."""

    async def get(self, key, prototype=None, byte_range=None):
        found = await super().get(key, prototype, None)
        if found is None:
            return None
        plain = buf(turned(found.to_bytes()))
        return plain if byte_range is None else await _part(plain, byte_range)

    async def set(self, key, value):
        await super().set(key, buf(turned(value.to_bytes())))


async def _part(value, byte_range):
    store = MemoryStore({"value": value})
    return await store.get("value", zarr.buffer.default_buffer_prototype(), byte_range)


class SecretMemory(Secret, MemoryStore): ...


class SecretLocal(Secret, LocalStore): ...


class SecretWrapper(Secret, WrapperStore): ...


@pytest.fixture(params=["memory", "local", "wrapper", "wrapper of others"])
def secret(request, tmp_path):
    """A store, and the one that shows what is really stored."""
    if request.param == "memory":
        store = SecretMemory()
        return store, MemoryStore(store._store_dict)
    if request.param == "local":
        return SecretLocal(tmp_path), LocalStore(tmp_path)
    inside = MemoryStore() if request.param == "wrapper" else AsyncOnly()
    return SecretWrapper(inside), inside


@pytest.mark.parametrize("shards", [None, (4,)])
def test_documents_are_written_by_the_method_that_is_overridden(secret, shards, zarr_format, engine):
    store, inside = secret
    more = {} if shards is None or zarr_format == 2 else {"shards": shards}
    root = zarr.create_group(store, zarr_format=zarr_format, attributes={"a": 1})
    array = root.create_array("deep/x", shape=(10,), chunks=(2,), dtype="i4", **more)
    array[:] = np.arange(10)
    array.attrs["unit"] = "m"
    array.append(np.arange(3))
    again = zarr.open_group(store, mode="r+")
    assert again.attrs["a"] == 1
    assert again["deep/x"][:].tolist() == [*range(10), 0, 1, 2]
    assert again["deep/x"].attrs["unit"] == "m"
    with pytest.raises(zarr.errors.MetadataValidationError, match="not valid JSON"):
        zarr.open_group(inside, mode="r+")  # nothing of it is plain
    with pytest.raises(zarr.errors.ContainsArrayError):
        root.create_array("deep/x", shape=(10,), dtype="i4")


@pytest.fixture
def asked(monkeypatch):
    """What a memory store is asked by four of its methods, as mocks on its class count it."""
    store = MemoryStore()
    names = ("get", "set", "list_dir", "list_prefix")
    mocks = {name: mock.MagicMock(name, side_effect=getattr(store, name), autospec=True) for name in names}
    for name, each in mocks.items():
        monkeypatch.setattr(MemoryStore, name, each)
    return store, mocks


def keys(asked, name):
    return [call.args[0] for call in asked[name].mock_calls]


class TestMocks:
    def test_looking_whether_they_are_there_is_no_call(self, asked, engine):
        store, mocks = asked
        zarr.create_group(store)
        zarr.create_array(store, name="x", data=np.arange(4), chunks=2)
        assert zarr.open_array(store, path="x")[:].tolist() == [0, 1, 2, 3]
        assert all(call[0] == "" for each in mocks.values() for call in each.mock_calls)

    def test_through_what_passes_on(self, asked, tmp_path):
        store, mocks = asked
        assert zarr.open_group(WrapperStore(store), mode="a").path == ""
        assert all(call[0] == "" for each in mocks.values() for call in each.mock_calls)

    def test_on_a_facade(self, monkeypatch):
        obstore = pytest.importorskip("obstore.store")
        store = ObjectStore(obstore.MemoryStore())
        watched = mock.MagicMock("get", side_effect=store.get, autospec=True)
        monkeypatch.setattr(ObjectStore, "get", watched)
        zarr.create_array(store, data=np.arange(4))
        assert zarr.open_array(store)[:].tolist() == [0, 1, 2, 3]
        assert {call[0] for call in watched.mock_calls} == {""}

    def test_a_node_is_created_without_reading_what_is_not_there(self, asked):
        store, mocks = asked
        root = zarr.open_group(store, mode="w-")
        root.create("x", shape=4, chunks=2, dtype="i4")
        assert keys(mocks, "get") == ["zarr.json"]  # that of the group
        assert keys(mocks, "set") == ["zarr.json", "x/zarr.json"]

    def test_a_node_is_opened_with_one_request(self, asked):
        store, mocks = asked
        zarr.create_array(store, name="x", shape=4, dtype="i4")
        mocks["get"].reset_mock()
        zarr.open_array(store, path="x")
        assert keys(mocks, "get") == ["x/zarr.json"]

    @pytest.mark.parametrize("shape", [2, 9])
    def test_an_array_is_resized_with_one_look_at_its_document(self, asked, shape, zarr_format):
        store, mocks = asked
        document = "x/zarr.json" if zarr_format == 3 else "x/.zarray"
        array = zarr.create_array(store, name="x", data=np.arange(6), chunks=2, zarr_format=zarr_format)
        mocks["get"].reset_mock()
        mocks["set"].reset_mock()
        array.resize(shape)
        assert keys(mocks, "get").count(document) == 1
        assert keys(mocks, "set") == [document]
        assert zarr.open_array(store, path="x").shape == (shape,)


def test_a_resize_keeps_what_others_stored_before(zarr_format):
    """The handle is out of date: the document is looked at once, and that once counts."""
    store = AsyncOnly()
    array = zarr.create_array(store, data=np.arange(6), chunks=2, zarr_format=zarr_format)
    zarr.open_array(store).attrs["unit"] = "m"
    array.resize(8)
    again = zarr.open_array(store)
    assert (again.shape, dict(again.attrs), again[:].tolist()) == ((8,), {"unit": "m"}, [*range(6), 0, 0])


@pytest.mark.parametrize("other", [2, 3])
def test_nodes_of_either_format_are_in_the_way(other, zarr_format):
    store = AsyncOnly()
    zarr.create_array(store, name="x", shape=3, dtype="i4", zarr_format=other)
    with pytest.raises(zarr.errors.ContainsArrayError):
        zarr.create_array(store, name="x", shape=3, dtype="i4", zarr_format=zarr_format)
    with pytest.raises(zarr.errors.ContainsArrayError):
        zarr.create_group(StorePath(store, "x"), zarr_format=zarr_format)


def test_attributes_alone_are_no_node():
    store = AsyncOnly()
    put(store, "x/.zattrs", b'{"a": 1}')
    assert zarr.create_array(store, name="x", shape=3, dtype="i4").shape == (3,)
