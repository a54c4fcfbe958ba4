"""A store before another that keeps what was read, and gives it again as long as it is what the store has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest
from zarr._store.abstract import Store, is_able
from zarr._store.access import async_contract, sync_contract
from zarr._store.cached.contracts import CachedAsync, CachedSync
from zarr._store.cached.driving import drive, drive_async
from zarr._store.cached.kept import Kept
from zarr._store.cached.reading import Cached, Terms
from zarr._store.keys import check_key
from zarr._store.versioned import ABSENT, ANY, AsyncContract, Stored, SyncContract
from zarr._store.wrapper import WrapperStore, face_of
from zarr._support.near_names import suggests_keywords
from zarr._support.truth import truth

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.cached.driving import AnyContract


@suggests_keywords
class CacheStore(WrapperStore[Store]):
    """Keep what is read from a store in another one, and read it from there as long as the store still has that.

    Where the store has versions, it is asked for the version of an object each time that is read, and the object is fetched again
    if that is not the one which was kept: nothing stale is ever given. That costs a short request; `validate=False` saves it
    for data that nobody changes. Where a store has none, what was kept is believed until `max_age_seconds` are over, and only what
    is changed through this object is fetched again: let no other program write there.

    Parameters
    ----------
    store
        The store to read from and to write to.
    cache_store
        Where objects are kept: a `MemoryStore`, or a `LocalStore`, which other processes may use as their cache too. Each store
        should have one of its own: objects of two that have the same key push each other out.
    max_age_seconds
        What was kept longer ago is fetched again; `"infinity"` sets no limit.
    max_size
        Most bytes to keep, of objects and what is noted of each; what was not used for the longest time goes first. None sets no limit.
    cache_set_data
        Whether what is written is kept too, where the store has no versions. Where it has, that of what was written is not known.
    validate
        Whether the store is asked for versions, if it has any.

    Raises
    ------
    ValueError
        If nothing can be deleted from, or written to, the cache.

    Examples
    --------
    >>> import zarr
    >>> from zarr.experimental.cache_store import CacheStore
    >>> slow = zarr.storage.MemoryStore()
    >>> _ = zarr.create_array(slow, data=[1, 2, 3])
    >>> cached = CacheStore(slow, cache_store=zarr.storage.MemoryStore(), max_size=10_000)
    >>> for _ in range(3):
    ...     _ = zarr.open_array(cached, mode="r")[:]
    >>> cached.cache_stats()["hits"]
    4
    """

    _cache: Store
    max_age_seconds: int | float | Literal["infinity"]
    max_size: int | None
    cache_set_data: bool

    def __init__(
        self,
        store: Store,
        *,
        cache_store: Store,
        max_age_seconds: int | str = "infinity",
        max_size: int | None = None,
        cache_set_data: bool = True,
        validate: bool = True,
    ) -> None:
        super().__init__(store)
        if not isinstance(cache_store, Store):
            raise TypeError(f"objects are kept in a store, got a {type(cache_store).__name__} for cache_store")
        if not is_able(cache_store.supports_deletes):
            raise ValueError(
                f"The provided cache store {cache_store!r} does not support deletes, and what is kept has to go some day"
            )
        if cache_store.read_only:
            raise ValueError(f"The provided cache store {cache_store!r} is read-only, and nothing can be kept there")
        self._cache = cache_store
        self.max_age_seconds = _parse_age(max_age_seconds)
        self.max_size = _parse_size(max_size)
        self.cache_set_data = truth("cache_set_data", cache_set_data)
        self.validate = truth("validate", validate)
        self._source = store._known_as()
        self._kept = Kept()

    def _with_store(self, store: Store) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__ | {"_store": store})  # which uses the same entries
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": Kept()}

    def __eq__(self, value: object) -> bool:
        return super().__eq__(value) and isinstance(value, CacheStore) and self._cache == value._cache

    __hash__ = None  # stores have none

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(store={self._store!r}, cache_store={self._cache!r}, "
            f"max_age_seconds={self.max_age_seconds}, max_size={self.max_size}, current_size={self._kept.nbytes}, "
            f"cached_keys={len(self._kept.sizes)})"
        )

    # -- what there is in the cache -----------------------------------------------------------------------------

    def cache_info(self) -> dict[str, Any]:
        """The limits, and what this object knows to be kept."""
        return {
            "cache_store_type": type(self._cache).__name__,
            "max_age_seconds": self.max_age_seconds,
            "max_size": self.max_size,
            "current_size": self._kept.nbytes,
            "cache_set_data": self.cache_set_data,
            "tracked_keys": len(self._kept.sizes),
            "cached_keys": len(self._kept.sizes),
        }

    def cache_stats(self) -> dict[str, Any]:
        """How often something was found in the cache, and how often not; how often something had to go."""
        kept = self._kept
        total = kept.hits + kept.misses
        return {
            "hits": kept.hits,
            "misses": kept.misses,
            "evictions": kept.evictions,
            "total_requests": total,
            "hit_rate": kept.hits / total if total else 0.0,
        }

    async def clear_cache(self) -> None:
        """Remove everything from the cache."""
        await drive_async(self._cached().forget(""))

    # -- the contract -------------------------------------------------------------------------------------------

    def _cached(self, inside: AnyContract | None = None) -> Cached:
        if inside is None:
            inside = sync_contract(self._store) or async_contract(self._store)
        terms = Terms(
            self._cache, self.max_age_seconds, self.max_size, self.cache_set_data, self.validate, self._source
        )
        return Cached(inside, sync_contract(self._cache) or async_contract(self._cache), terms, self._kept)

    def _sync_form(self, inside: SyncContract) -> SyncContract | None:
        return None if sync_contract(self._cache) is None else CachedSync(self._cached(inside), inside)

    def _async_form(self, inside: AsyncContract) -> AsyncContract:
        return CachedAsync(self._cached(sync_contract(self._store) or inside), inside)

    # -- zarr-python's methods ----------------------------------------------------------------------------------

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return _as_asked(await drive_async(self._cached().read(check_key(key), byte_range, None)), prototype)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await drive_async(self._cached().put(check_key(key), value, ANY, None))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await drive_async(self._cached().put(check_key(key), value, ABSENT, None))

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        for key, value in values:
            await self.set(key, value)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await drive_async(self._cached().remove(check_key(key), ANY, None))

    async def delete_dir(self, prefix: str) -> None:
        await self._changed_by(super().delete_dir(prefix), prefix.rstrip("/"))

    async def clear(self) -> None:
        await self._changed_by(super().clear(), "")

    async def _changed_by(self, change: Awaitable[None], prefix: str) -> None:
        """Wait for a change below a prefix, and keep nothing from before. What raised an error may have been done all the same."""
        before = self._kept.n_changes
        try:
            await change
        finally:
            self._kept.change(before)
            await drive_async(self._cached().forget(prefix))

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = drive(self._synchronous("get").read(check_key(key), byte_range, None))
        return _as_asked(found, prototype or CPU_PROTOTYPE)

    def set_sync(self, key: str, value: Buffer) -> None:
        self._check_writable()
        drive(self._synchronous("set").put(check_key(key), value, ANY, None))

    def delete_sync(self, key: str) -> None:
        self._check_writable()
        drive(self._synchronous("delete").remove(check_key(key), ANY, None))

    def _synchronous(self, operation: str) -> Cached:
        for store in (self._store, self._cache):
            if sync_contract(store) is None:
                raise TypeError(f"Store {type(store).__name__} does not support synchronous {operation}.")
        return self._cached()


CacheStore._face = face_of(CacheStore)


def _as_asked(found: Stored | None, prototype: BufferPrototype | None) -> Buffer | None:
    if found is None:
        return None
    data = found.without_version()
    if prototype is None or isinstance(data, prototype.buffer):
        return data
    return prototype.buffer.from_buffer(data)


def _parse_age(age: float | str) -> float | Literal["infinity"]:
    if isinstance(age, str):
        if age != "infinity":
            raise ValueError(f"max_age_seconds string value must be 'infinity', got {age!r}")
        return "infinity"
    if isinstance(age, bool) or not age >= 0:
        raise ValueError(f"max_age_seconds is a number of seconds from 0 upwards, or 'infinity'; got {age!r}")
    return age


def _parse_size(size: Any) -> int | None:
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise ValueError(f"max_size is a number of bytes from 0 upwards, or None; got {size!r}")
    parsed: int | None = size
    return parsed
