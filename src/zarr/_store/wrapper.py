"""A store that passes everything on to another: the base of stores that watch, cache or delay."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from zarr._buffer import Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest
from zarr._store.abstract import (
    Store,
    SupportsDeleteSync,
    SupportsGetSync,
    SupportsSetSync,
    is_able,
)
from zarr._store.facade import is_same_face

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.strays import Stray
    from zarr._store.turns import Turns
    from zarr._store.versioned import AsyncContract, SyncContract

WrappedT = TypeVar("WrappedT", bound=Store)

_PASSED_ON = (
    *("get", "get_partial_values", "get_ranges", "get_sync", "get_ranges_sync", "_get_many", "exists", "getsize"),
    *("set", "set_if_not_exists", "set_sync", "_set_many", "delete", "delete_sync", "delete_dir", "clear"),
    *("list", "list_prefix", "list_dir", "is_empty", "getsize_prefix", "_list_links", "_obstacle"),
)


_NAMES = frozenset(_PASSED_ON)
face_of = attrgetter(*_PASSED_ON)
"""The methods by which a class passes everything on, as they are now."""


class WrapperStore(Store, Generic[WrappedT]):
    """Pass every operation on to another store. Subclasses change the ones they care about.

    What a subclass overrides is asked for each of its operations: it is used through the asynchronous methods, each object by
    its own, and writers in other processes are not seen. As long as nothing is overridden, it is as good as the store inside.

    Parameters
    ----------
    store
        The store to wrap.

    Examples
    --------
    >>> import zarr
    >>> class Counting(zarr.storage.WrapperStore):
    ...     n_reads = 0
    ...
    ...     async def get(self, key, prototype, byte_range=None):
    ...         self.n_reads += 1
    ...         return await super().get(key, prototype, byte_range)
    >>> store = Counting(zarr.storage.MemoryStore())
    >>> _ = zarr.create_array(store, shape=3, dtype="int8")[:]
    >>> store.n_reads > 0
    True
    """

    _store: WrappedT
    _face: ClassVar[tuple[Any, ...]]
    """The methods that pass everything on: of this class, or of a subclass that has forms of its own."""

    def __init__(self, store: WrappedT) -> None:
        if not isinstance(store, Store):
            raise TypeError(f"a store that wraps another needs one, got {type(store).__name__}")
        self._store = store

    @classmethod
    async def open(cls, store_cls: type[WrappedT], *args: Any, **kwargs: Any) -> Self:
        """Open a store of the given class and wrap it."""
        wrapped = await store_cls.open(*args, **kwargs)
        return cls(wrapped)

    def _with_store(self, store: WrappedT) -> Self:
        """A wrapper like this one around another store; subclasses with more arguments override it."""
        return type(self)(store)

    def with_read_only(self, read_only: bool = False) -> Self:
        return self._with_store(cast("WrappedT", self._store.with_read_only(read_only)))

    # -- the versioned contract ---------------------------------------------------------------------------------

    def _passes_all_on(self) -> bool:
        """Whether nobody wants to see an operation that this store passes on, by overriding or patching it."""
        return _NAMES.isdisjoint(self.__dict__) and is_same_face(face_of(type(self)), self._face)

    def _sync_form(self, inside: SyncContract) -> SyncContract | None:
        """The contract of this store, by that of the one inside."""
        return inside

    def _async_form(self, inside: AsyncContract) -> AsyncContract:
        return inside

    # -- passed on ----------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._store._open()

    async def _ensure_open(self) -> None:
        await self._store._ensure_open()

    def _waits_to_be_opened(self) -> bool:
        return self._store._waits_to_be_opened()

    def close(self) -> None:
        self._store.close()

    @property
    def _is_open(self) -> bool:
        return self._store._is_open

    @_is_open.setter
    def _is_open(self, value: bool) -> None:
        self._store._is_open = value

    @property
    def read_only(self) -> bool:
        return self._store.read_only

    @property
    def supports_writes(self) -> bool:
        return is_able(self._store.supports_writes)

    @property
    def supports_deletes(self) -> bool:
        return is_able(self._store.supports_deletes)

    @property
    def supports_listing(self) -> bool:
        return is_able(self._store.supports_listing)

    @property
    def supports_consolidated_metadata(self) -> bool:
        return is_able(self._store.supports_consolidated_metadata)

    def _check_writable(self) -> None:
        super()._check_writable()
        self._store._check_writable()

    def __eq__(self, value: object) -> bool:
        return type(self) is type(value) and self._store == cast("Self", value)._store

    __hash__ = None  # type: ignore[assignment]  # stores have none

    def _known_as(self) -> str:
        """As the wrapped store: a wrapper that calls keys otherwise overrides this."""
        return self._store._known_as()

    def _absence(self, path: str) -> str:
        return self._store._absence(path)

    def __str__(self) -> str:
        return f"wrapping-{self._store}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self._store).__name__}, '{self._store}')"

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await self._store.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await self._store.get_partial_values(prototype, key_ranges)

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        async for found in self._store._get_many(requests):
            yield found

    async def exists(self, key: str) -> bool:
        return await self._store.exists(key)

    async def set(self, key: str, value: Buffer) -> None:
        await self._store.set(key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        await self._store.set_if_not_exists(key, value)

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        await self._store._set_many(values)

    async def delete(self, key: str) -> None:
        await self._store.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        await self._store.delete_dir(prefix)

    async def clear(self) -> None:
        await self._store.clear()

    async def is_empty(self, prefix: str) -> bool:
        return await self._store.is_empty(prefix)

    async def getsize(self, key: str) -> int:
        return await self._store.getsize(key)

    async def getsize_prefix(self, prefix: str) -> int:
        return await self._store.getsize_prefix(prefix)

    def list(self) -> AsyncIterator[str]:
        return self._store.list()

    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        return self._store.list_prefix(prefix)

    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        return self._store.list_dir(prefix)

    async def _list_links(self, prefix: str) -> Sequence[str]:
        return await self._store._list_links(prefix)

    def _whereabouts(self, path: str) -> Sequence[object]:
        """Those of the wrapped store: a wrapper that calls keys otherwise overrides this."""
        return self._store._whereabouts(path)

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        """Those of the wrapped store: a wrapper that calls keys otherwise overrides this."""
        return self._store._shared_turns(prefix)

    def _strays(self, prefix: str) -> Sequence[Stray]:
        """Those of the wrapped store: a wrapper that calls keys otherwise overrides this."""
        return self._store._strays(prefix)

    def _discard(self, stray: Stray) -> bool:
        return self._store._discard(stray)

    async def _obstacle(self, key: str) -> Exception | None:
        return await self._store._obstacle(key)

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """As the wrapped store's; TypeError if it has none."""
        store: Store = self._store
        if not isinstance(store, SupportsGetSync):
            raise TypeError(f"Store {type(store).__name__} does not support synchronous get.")
        return store.get_sync(key, prototype=prototype, byte_range=byte_range)

    def set_sync(self, key: str, value: Buffer) -> None:
        """As the wrapped store's; TypeError if it has none."""
        store: Store = self._store
        if not isinstance(store, SupportsSetSync):
            raise TypeError(f"Store {type(store).__name__} does not support synchronous set.")
        store.set_sync(key, value)

    def delete_sync(self, key: str) -> None:
        """As the wrapped store's; TypeError if it has none."""
        store: Store = self._store
        if not isinstance(store, SupportsDeleteSync):
            raise TypeError(f"Store {type(store).__name__} does not support synchronous delete.")
        store.delete_sync(key)


WrapperStore._face = face_of(WrapperStore)
