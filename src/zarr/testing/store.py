"""What is true of every store, as tests to subclass: the classes and names are zarr-python's.

    class TestMine(StoreTests[Mine, cpu.Buffer]):
        store_cls = Mine
        buffer_cls = cpu.Buffer

        async def set(self, store, key, value): ...  # past the store's own methods
        async def get(self, store, key): ...

        @pytest.fixture
        def store_kwargs(self, tmp_path):
            return {"root": tmp_path}

Tests that are coroutines need a plug-in of pytest that runs them: pytest-asyncio, with `asyncio_mode = "auto"`.
"""

from __future__ import annotations

import pickle
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import pytest

from zarr._buffer import Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range
from zarr._buffer.registry import default_buffer_prototype
from zarr._store.abstract import Store, SupportsDeleteSync, SupportsGetSync, SupportsSetSync, is_able
from zarr._store.wrapper import WrapperStore
from zarr._support import bridge
from zarr._support.imports_on_use import asyncio_module
from zarr._support.public_names import public_names_of
from zarr.testing.utils import assert_bytes_equal

if TYPE_CHECKING:
    from typing import Self

__all__ = ["StoreTests"]

__dir__ = public_names_of(__name__)

S = TypeVar("S", bound=Store)
B = TypeVar("B", bound=Buffer)

DATA = b"\x01\x02\x03\x04"
KEYS = ["c/0", "foo/c/0.0", "foo/0/0"]


class StoreTests(Generic[S, B]):
    """Tests of a store.

    Attributes
    ----------
    store_cls
        The class of the store.
    buffer_cls
        The class of the buffers that it is given.
    """

    store_cls: type[S]
    buffer_cls: type[B]

    # -- what a subclass says -----------------------------------------------------------------------------------

    async def set(self, store: S, key: str, value: Buffer) -> None:
        """Put a value where the store finds it, without a method of the store: so each is tested on its own."""
        raise NotImplementedError(f"{type(self).__name__} has to define set(): how values come into the store")

    async def get(self, store: S, key: str) -> Buffer:
        """The value that the store has under a key, without a method of the store."""
        raise NotImplementedError(f"{type(self).__name__} has to define get(): what the store has under a key")

    @pytest.fixture
    def store_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Arguments of the class, for an empty store."""
        raise NotImplementedError(f"{type(self).__name__} has to define store_kwargs(): the arguments of the class")

    @pytest.fixture
    def open_kwargs(self, store_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments of `open`: those of the class, unless a subclass says otherwise."""
        return store_kwargs

    @pytest.fixture
    def store(self, open_kwargs: dict[str, Any]) -> Store:
        """An empty store that was opened."""
        return bridge.run(self.store_cls.open(**open_kwargs))

    @pytest.fixture
    def store_not_open(self, store_kwargs: dict[str, Any]) -> Store:
        """An empty store that nobody has opened."""
        return self.store_cls(**store_kwargs)

    # -- the object ---------------------------------------------------------------------------------------------

    def test_store_type(self, store: S) -> None:
        assert isinstance(store, Store)
        assert isinstance(store, self.store_cls)

    def test_store_eq(self, store: S, store_kwargs: dict[str, Any]) -> None:
        assert self.store_cls(**store_kwargs) == store
        assert store != object()

    def test_store_repr(self, store: S) -> None:
        assert type(store).__name__ in repr(store)

    async def test_serializable_store(self, store: S) -> None:
        twin = pickle.loads(pickle.dumps(store))
        assert type(twin) is type(store)
        assert twin == store
        assert twin.read_only == store.read_only

    def test_store_read_only(self, store: S) -> None:
        assert not store.read_only
        with pytest.raises(AttributeError):
            store.read_only = False  # type: ignore[misc]

    @pytest.mark.parametrize("read_only", [True, False])
    async def test_store_open_read_only(self, open_kwargs: dict[str, Any], read_only: bool) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": read_only})
        assert store._is_open
        assert store.read_only is read_only

    async def test_store_context_manager(self, open_kwargs: dict[str, Any]) -> None:
        with await self.store_cls.open(**open_kwargs) as store:
            assert store._is_open
            with pytest.raises(ValueError, match="store is already open"):
                await store._open()
        assert not store._is_open

    async def test_read_only_store_raises(self, open_kwargs: dict[str, Any]) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": True})
        value = self.buffer_cls.from_bytes(DATA)
        changes: list[Callable[[], Awaitable[None]]] = [
            lambda: store.set("foo", value),
            lambda: store.set_if_not_exists("foo", value),
            lambda: store.delete("foo"),
            lambda: store.delete_dir("foo"),
            store.clear,
        ]
        for change in changes:
            with pytest.raises(ValueError, match="store was opened in read-only mode and does not support writing"):
                await change()

    async def test_with_read_only_store(self, open_kwargs: dict[str, Any]) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": True})
        value = self.buffer_cls.from_bytes(DATA)
        try:
            writer = cast("S", store.with_read_only(read_only=False))
        except NotImplementedError as exc:
            assert type(store).__name__ in str(exc)  # noqa: PT017  # it may have none, and says so then
            return
        assert store.read_only
        assert not writer.read_only
        await writer._ensure_open()
        await writer.set("foo", value)
        await writer.delete("foo")
        reader = cast("S", writer.with_read_only(read_only=True))
        assert reader.read_only
        await reader._ensure_open()
        with pytest.raises(ValueError, match="store was opened in read-only mode"):
            await reader.set("foo", value)

    def test_store_supports_writes(self, store: S) -> None:
        assert is_able(store.supports_writes)

    def test_store_supports_partial_writes(self, store: S) -> None:
        assert not is_able(store.supports_partial_writes)

    def test_store_supports_listing(self, store: S) -> None:
        assert is_able(store.supports_listing)

    # -- reading ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize(
        ("data", "byte_range"),
        [
            (DATA, None),
            (DATA, RangeByteRequest(1, 4)),
            (DATA, OffsetByteRequest(1)),
            (DATA, SuffixByteRequest(1)),
            (b"", None),
        ],
    )
    async def test_get(self, store: S, key: str, data: bytes, byte_range: ByteRequest) -> None:
        await self.set(store, key, self.buffer_cls.from_bytes(data))
        found = await store.get(key, default_buffer_prototype(), byte_range)
        assert_bytes_equal(found, _part(data, byte_range))

    async def test_get_not_open(self, store_not_open: S) -> None:
        assert not store_not_open._is_open
        await self.set(store_not_open, "c/0", self.buffer_cls.from_bytes(DATA))
        assert_bytes_equal(await store_not_open.get("c/0", default_buffer_prototype()), DATA)

    async def test_get_raises(self, store: S) -> None:
        await self.set(store, "c/0", self.buffer_cls.from_bytes(DATA))
        with pytest.raises((ValueError, TypeError), match=r"Unexpected byte_range, got.*"):
            await store.get("c/0", default_buffer_prototype(), (0, 2))  # type: ignore[arg-type]

    async def test_get_many(self, store: S) -> None:
        """Several values come with their keys, in any order; there is None for what is missing."""
        values = {key: DATA[:i] for i, key in enumerate(KEYS)}
        for key, data in values.items():
            await self.set(store, key, self.buffer_cls.from_bytes(data))
        requests = [(key, default_buffer_prototype(), None) for key in (*values, "missing")]
        found = {key: value async for key, value in store._get_many(requests)}
        assert found.keys() == {*values, "missing"}
        assert found.pop("missing") is None
        for key, value in found.items():
            assert_bytes_equal(value, values[key])

    @pytest.mark.parametrize(
        "key_ranges",
        [
            [],
            [("zarr.json", RangeByteRequest(0, 2))],
            [("c/0", RangeByteRequest(0, 2)), ("zarr.json", None)],
            [("c/0/0", RangeByteRequest(0, 2)), ("c/0/1", SuffixByteRequest(2)), ("c/0/2", OffsetByteRequest(2))],
        ],
    )
    async def test_get_partial_values(self, store: S, key_ranges: list[tuple[str, ByteRequest]]) -> None:
        for key, _ in key_ranges:
            await self.set(store, key, self.buffer_cls.from_bytes(bytes(10) + key.encode()))
        found = await store.get_partial_values(default_buffer_prototype(), key_ranges)
        assert len(found) == len(key_ranges)
        for (key, byte_range), value in zip(key_ranges, found, strict=True):
            assert_bytes_equal(value, _part(bytes(10) + key.encode(), byte_range))

    async def test_exists(self, store: S) -> None:
        assert not await store.exists("foo")
        await self.set(store, "foo/zarr.json", self.buffer_cls.from_bytes(b"bar"))
        assert await store.exists("foo/zarr.json")
        assert not await store.exists("foo/zarr")

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("data", [DATA, b""])
    async def test_getsize(self, store: S, key: str, data: bytes) -> None:
        await self.set(store, key, self.buffer_cls.from_bytes(data))
        assert await store.getsize(key) == len(data)

    async def test_getsize_raises(self, store: S) -> None:
        with pytest.raises(FileNotFoundError):
            await store.getsize("not-a-real-key")

    async def test_getsize_prefix(self, store: S) -> None:
        """What lies below a path counts, and not what only begins with the same letters."""
        for key in ("c/0/0", "c/0/1", "c/1", "cc/0"):
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        assert await store.getsize_prefix("c") == 3 * len(DATA)
        assert await store.getsize_prefix("c/0") == 2 * len(DATA)
        assert await store.getsize_prefix("") == 4 * len(DATA)

    # -- writing ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("key", ["zarr.json", *KEYS])
    @pytest.mark.parametrize("data", [DATA, b""])
    async def test_set(self, store: S, key: str, data: bytes) -> None:
        assert not store.read_only
        await store.set(key, self.buffer_cls.from_bytes(data))
        assert_bytes_equal(await self.get(store, key), data)
        await store.set(key, self.buffer_cls.from_bytes(b"another"))
        assert_bytes_equal(await self.get(store, key), b"another")

    async def test_set_not_open(self, store_not_open: S) -> None:
        assert not store_not_open._is_open
        await store_not_open.set("c/0", self.buffer_cls.from_bytes(DATA))
        assert_bytes_equal(await self.get(store_not_open, "c/0"), DATA)

    async def test_set_many(self, store: S) -> None:
        values = {key: self.buffer_cls.from_bytes(DATA[:i]) for i, key in enumerate(KEYS)}
        await store._set_many(values.items())
        for key, value in values.items():
            assert_bytes_equal(await self.get(store, key), value)

    async def test_set_if_not_exists(self, store: S) -> None:
        first, second = self.buffer_cls.from_bytes(b"first"), self.buffer_cls.from_bytes(b"second")
        await self.set(store, "there", first)
        await store.set_if_not_exists("there", second)
        assert_bytes_equal(await self.get(store, "there"), first)
        await store.set_if_not_exists("not-there", second)
        assert_bytes_equal(await self.get(store, "not-there"), second)

    async def test_delete(self, store: S) -> None:
        if not is_able(store.supports_deletes):
            pytest.skip("the store does not support deletes")
        await self.set(store, "foo/zarr.json", self.buffer_cls.from_bytes(b"bar"))
        await store.delete("foo/zarr.json")
        assert not await store.exists("foo/zarr.json")

    async def test_delete_nonexistent_key_does_not_raise(self, store: S) -> None:
        if not is_able(store.supports_deletes):
            pytest.skip("the store does not support deletes")
        await store.delete("nonexistent_key")

    async def test_delete_dir(self, store: S) -> None:
        if not is_able(store.supports_deletes):
            pytest.skip("the store does not support deletes")
        for key in ("zarr.json", "foo-bar/zarr.json", "foo/zarr.json", "foo/c/0"):
            await self.set(store, key, self.buffer_cls.from_bytes(b"bar"))
        await store.delete_dir("foo")
        assert await store.exists("zarr.json")
        assert await store.exists("foo-bar/zarr.json")
        assert not await store.exists("foo/zarr.json")
        assert not await store.exists("foo/c/0")

    async def test_clear(self, store: S) -> None:
        await self.set(store, "key", self.buffer_cls.from_bytes(DATA))
        await store.clear()
        assert await store.is_empty("")

    # -- listing ------------------------------------------------------------------------------------------------

    async def test_is_empty(self, store: S) -> None:
        assert await store.is_empty("")
        await self.set(store, "foo/bar", self.buffer_cls.from_bytes(DATA))
        assert not await store.is_empty("")
        assert await store.is_empty("fo")
        assert not await store.is_empty("foo/")
        assert not await store.is_empty("foo")
        assert await store.is_empty("spam/")

    async def test_list(self, store: S) -> None:
        assert await _collect(store.list()) == []
        keys = await self._set_all(store, ["foo/zarr.json", *(f"foo/c/{i}" for i in range(10)), "zarr.json"])
        assert await _collect(store.list()) == keys

    async def test_list_prefix(self, store: S) -> None:
        keys = await self._set_all(store, ["zarr.json", "a/zarr.json", "a/c/0", "ab/zarr.json", "b"])
        for prefix in ("", "a/", "a/c/", "b/", "nothing/"):
            expected = [key for key in keys if key.startswith(prefix)]
            assert await _collect(store.list_prefix(prefix)) == expected

    async def test_list_empty_path(self, store: S) -> None:
        """The root is the empty path: nothing is cut off, or put in front of keys."""
        keys = await self._set_all(store, ["foo/bar/zarr.json", "foo/bar/c/1", "foo/baz/c/0"])
        assert await _collect(store.list_prefix("")) == keys
        assert await _collect(store.list()) == keys
        assert await _collect(store.list_prefix("foo/baz/")) == ["foo/baz/c/0"]

    async def test_list_dir(self, store: S) -> None:
        assert await _collect(store.list_dir("")) == []
        assert await _collect(store.list_dir("foo")) == []
        await self._set_all(store, ["zarr.json", "foo/zarr.json", "foo/c/0", "foo/c/1", "foo/d/e/f", "food"])
        assert await _collect(store.list_dir("")) == ["foo", "food", "zarr.json"]
        assert await _collect(store.list_dir("foo")) == ["c", "d", "zarr.json"]
        assert await _collect(store.list_dir("foo/")) == ["c", "d", "zarr.json"]
        assert await _collect(store.list_dir("nothing")) == []

    async def _set_all(self, store: S, keys: list[str]) -> list[str]:
        for key in keys:
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        return sorted(keys)

    # -- without an event loop ----------------------------------------------------------------------------------

    @staticmethod
    def _require_get_sync(store: Store) -> SupportsGetSync:
        if not isinstance(store, SupportsGetSync):
            pytest.skip("the store has no get_sync")
        return store

    @staticmethod
    def _require_set_sync(store: Store) -> SupportsSetSync:
        if not isinstance(store, SupportsSetSync):
            pytest.skip("the store has no set_sync")
        return store

    @staticmethod
    def _require_delete_sync(store: Store) -> SupportsDeleteSync:
        if not isinstance(store, SupportsDeleteSync):
            pytest.skip("the store has no delete_sync")
        return store

    def test_get_sync(self, store: S) -> None:
        getter = self._require_get_sync(store)
        bridge.run(self.set(store, "foo", self.buffer_cls.from_bytes(DATA)))
        assert_bytes_equal(getter.get_sync("foo", prototype=default_buffer_prototype()), DATA)

    def test_get_sync_missing(self, store: S) -> None:
        assert self._require_get_sync(store).get_sync("missing") is None

    @pytest.mark.parametrize(
        "byte_range",
        [None, RangeByteRequest(1, 4), OffsetByteRequest(1), SuffixByteRequest(1), RangeByteRequest(10, 20)],
        ids=["none", "range", "offset", "suffix", "range-past-eof"],
    )
    async def test_get_sync_byte_range_parity(self, store: S, byte_range: ByteRequest | None) -> None:
        getter = self._require_get_sync(store)
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        awaited = await store.get("foo", default_buffer_prototype(), byte_range)
        assert_bytes_equal(getter.get_sync("foo", byte_range=byte_range), awaited)

    def test_set_sync(self, store: S) -> None:
        self._require_set_sync(store).set_sync("foo", self.buffer_cls.from_bytes(DATA))
        assert_bytes_equal(bridge.run(self.get(store, "foo")), DATA)

    @pytest.mark.parametrize("direction", ["set_async_get_sync", "set_sync_get_async"])
    async def test_sync_async_set_get_parity(self, store: S, direction: str) -> None:
        setter, getter = self._require_set_sync(store), self._require_get_sync(store)
        value = self.buffer_cls.from_bytes(DATA)
        if direction == "set_async_get_sync":
            await store.set("foo", value)
            assert_bytes_equal(getter.get_sync("foo"), DATA)
        else:
            setter.set_sync("foo", value)
            assert_bytes_equal(await store.get("foo", default_buffer_prototype()), DATA)

    def test_delete_sync(self, store: S) -> None:
        deleter, getter = self._require_delete_sync(store), self._require_get_sync(store)
        bridge.run(self.set(store, "foo", self.buffer_cls.from_bytes(DATA)))
        deleter.delete_sync("foo")
        assert getter.get_sync("foo") is None

    def test_delete_sync_missing(self, store: S) -> None:
        self._require_delete_sync(store).delete_sync("missing")

    async def test_delete_sync_visible_to_async_get(self, store: S) -> None:
        deleter = self._require_delete_sync(store)
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        deleter.delete_sync("foo")
        assert await store.get("foo", default_buffer_prototype()) is None


class LatencyStore(WrapperStore[Store]):
    """A store that takes its time, as one on a network: to see how much of it a program waits for.

    Parameters
    ----------
    store
        The store that answers in the end.
    get_latency, set_latency
        Seconds that each read and each write waits before it begins; or mean and standard deviation of them.

    Examples
    --------
    >>> import zarr
    >>> from zarr.testing.store import LatencyStore
    >>> slow = LatencyStore(zarr.storage.MemoryStore(), get_latency=0.001)
    >>> zarr.create_array(slow, shape=3, dtype="int8")[:]
    array([0, 0, 0], dtype=int8)
    """

    def __init__(
        self,
        store: Store,
        *,
        get_latency: float | tuple[float, float] = 0,
        set_latency: float | tuple[float, float] = 0,
    ) -> None:
        super().__init__(store)
        self._get_latency, self._set_latency = _parse(get_latency), _parse(set_latency)

    def _with_store(self, store: Store) -> Self:
        return type(self)(store, get_latency=self._get_latency, set_latency=self._set_latency)

    @property
    def get_latency(self) -> float:
        """How long the next read waits."""
        return _drawn(self._get_latency)

    @property
    def set_latency(self) -> float:
        """How long the next write waits."""
        return _drawn(self._set_latency)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        await asyncio_module().sleep(self.get_latency)
        return await super().get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        await asyncio_module().sleep(self.get_latency)
        return await super().get_partial_values(prototype, key_ranges)

    async def get_ranges(
        self,
        key: str,
        byte_ranges: Sequence[ByteRequest | None],
        *,
        prototype: BufferPrototype,
        max_concurrency: int = 10,
        max_gap_bytes: int = 2**20,
        max_coalesced_bytes: int = 16 * 2**20,
    ) -> AsyncIterator[Sequence[tuple[int, Buffer | None]]]:
        await asyncio_module().sleep(self.get_latency)
        async for found in self._store.get_ranges(
            key,
            byte_ranges,
            prototype=prototype,
            max_concurrency=max_concurrency,
            max_gap_bytes=max_gap_bytes,
            max_coalesced_bytes=max_coalesced_bytes,
        ):
            yield found

    async def set(self, key: str, value: Buffer) -> None:
        await asyncio_module().sleep(self.set_latency)
        await super().set(key, value)

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        time.sleep(self.get_latency)
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    def set_sync(self, key: str, value: Buffer) -> None:
        time.sleep(self.set_latency)
        super().set_sync(key, value)


def _parse(latency: float | tuple[float, float]) -> float | tuple[float, float]:
    numbers: tuple[float, ...] = latency if isinstance(latency, tuple) else (latency, 0)
    if len(numbers) != 2 or min(numbers) < 0:
        raise ValueError(f"a latency is a number of seconds, or their mean and standard deviation; got {latency!r}")
    return latency


def _drawn(latency: float | tuple[float, float]) -> float:
    if isinstance(latency, tuple):
        return max(0.0, random.gauss(*latency))  # nothing secret
    return latency


def _part(data: bytes, byte_range: ByteRequest | None) -> bytes:
    start, stop = resolve_range(byte_range, len(data))
    return data[start:stop]


async def _collect(listing: AsyncIterator[str]) -> list[str]:
    return sorted([key async for key in listing])
