"""`zarr.testing.store`: the suite that is shipped, on every store of ours and on one of a third party."""

from __future__ import annotations

import asyncio
import logging
import os

import fsspec
import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, run
from tests.suites.plain_stores import AsyncOnly, AsyncVersions
from zarr.buffer.cpu import Buffer, buffer_prototype
from zarr.experimental.cache_store import CacheStore
from zarr.storage import (
    FsspecStore,
    LocalStore,
    LoggingStore,
    ManagedMemoryStore,
    MemoryStore,
    SQLiteStore,
    TraceStore,
    WrapperStore,
    ZipStore,
)
from zarr.testing.store import LatencyStore, StoreTests


class ByTwin(StoreTests):
    """Values go in and out through another store over the same place."""

    buffer_cls = Buffer

    def twin(self, store):
        return store

    async def set(self, store, key, value):
        self.twin(store).set_sync(key, value)

    async def get(self, store, key):
        return self.twin(store).get_sync(key)


class TestMemoryStore(ByTwin):
    store_cls = MemoryStore

    @pytest.fixture
    def store_kwargs(self):
        return {"store_dict": {}}

    def twin(self, store):
        return MemoryStore(store._store_dict)


class TestManagedMemoryStore(ByTwin):
    store_cls = ManagedMemoryStore

    @pytest.fixture
    def store_kwargs(self, request):
        return {"name": request.node.name.replace("/", "-"), "path": "a/b"}

    def twin(self, store):
        return ManagedMemoryStore(store.name, path=store.path)


class TestLocalStore(ByTwin):
    store_cls = LocalStore

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"root": tmp_path}

    async def set(self, store, key, value):
        (path := store.root / key).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value.to_bytes())

    async def get(self, store, key):
        return buf((store.root / key).read_bytes())


class TestSQLiteStore(ByTwin):
    store_cls = SQLiteStore

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"path": tmp_path / "all.sqlite"}

    def twin(self, store):
        return SQLiteStore(store.path)


class TestZipStore(ByTwin):
    store_cls = ZipStore

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"path": tmp_path / "all.zip", "mode": "a"}

    def twin(self, store):
        return ZipStore(store.path, mode="a")


class TestFsspecStore(ByTwin):
    store_cls = FsspecStore

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"fs": fsspec.filesystem("file", auto_mkdir=True), "path": os.fspath(tmp_path)}

    async def set(self, store, key, value):
        store.fs.pipe_file(f"{store.path}/{key}", value.to_bytes())

    async def get(self, store, key):
        return buf(store.fs.cat_file(f"{store.path}/{key}"))


class Wrapped(ByTwin):
    """A store around another takes that, and no `read_only`."""

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore()}

    @pytest.fixture
    def open_kwargs(self):
        return {"store_cls": MemoryStore}

    def test_store_eq(self, store):
        assert self.store_cls(MemoryStore(store._store._store_dict)) == store
        assert self.store_cls(MemoryStore({"a": buf(b"a")})) != store

    def twin(self, store):
        return store._store


class TestWrapperStore(Wrapped):
    store_cls = WrapperStore


class TestLoggingStore(Wrapped):
    store_cls = LoggingStore

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore(), "log_handler": logging.NullHandler()}


class TestTraceStore(Wrapped):
    store_cls = TraceStore


class TestLatencyStore(Wrapped):
    store_cls = LatencyStore


class CacheInMemory(CacheStore):
    def __init__(self, store):
        super().__init__(store, cache_store=MemoryStore())


class TestCacheStore(Wrapped):
    store_cls = CacheInMemory


class TestThirdParty(StoreTests):
    store_cls = AsyncOnly
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self):
        return {}

    async def set(self, store, key, value):
        store.values[key] = value.to_bytes()

    async def get(self, store, key):
        return buf(store.values[key])

    def test_store_eq(self, store):
        assert store == store  # each is one of its own
        assert self.store_cls() != store

    async def test_serializable_store(self, store):
        """It makes no promise of that."""


class TestThirdPartyWithVersions(TestThirdParty):
    store_cls = AsyncVersions

    async def set(self, store, key, value):
        store.values[key] = value.to_bytes()


def test_a_subclass_is_told_what_it_has_to_define():
    class Nothing(StoreTests):
        store_cls, buffer_cls = MemoryStore, Buffer

    for missing in (Nothing().set(MemoryStore(), "a", buf(b"")), Nothing().get(MemoryStore(), "a")):
        with pytest.raises(NotImplementedError, match=r"Nothing has to define (set|get)\(\)"):
            run(missing)


class TestLatency:
    def test_each_operation_waits(self, monkeypatch):
        waited = []

        async def sleep(seconds):
            waited.append(seconds)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        monkeypatch.setattr("zarr.testing.store.time.sleep", waited.append)
        store = LatencyStore(MemoryStore(), get_latency=1, set_latency=2)
        run(store.set("a", buf(b"0123")))
        run(store.get("a", buffer_prototype))
        run(store.get_partial_values(buffer_prototype, [("a", None)] * 3))
        store.set_sync("a", buf(b"0123"))
        store.get_sync("a")
        assert waited == [2, 1, 1, 2, 1]

    def test_latencies_may_vary_and_are_never_negative(self):
        store = LatencyStore(MemoryStore(), get_latency=(0.1, 1), set_latency=0.5)
        drawn = {store.get_latency for _ in range(50)}
        assert len(drawn) > 10
        assert min(drawn) >= 0
        assert store.set_latency == 0.5
        assert store.with_read_only(True).set_latency == 0.5
        for wrong in (-1, (1, -1), (1, 2, 3)):
            with pytest.raises(ValueError, match="a latency is"):
                LatencyStore(MemoryStore(), get_latency=wrong)

    def test_arrays_on_it(self, engine):
        array = zarr.create_array(LatencyStore(MemoryStore()), data=np.arange(12), chunks=3, shards=6)
        array[2:7] = 0
        assert array[:].sum() == 66 - 20
