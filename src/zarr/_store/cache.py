"""A store before another that keeps what was read, and gives it again as long as it is what the store has.

Every object, and every part of one that was asked for, is an entry in a second store. An entry tells of itself which version of
the object it is of, so that other processes, and later ones, can use it. Its key is that of the object with the part behind it, so
all entries of an object, and of everything below a path, are removed together.

What is decided is written once, in generators that yield calls to one of the two stores; they are driven by functions or by
coroutines, as these stores are called.
"""

from __future__ import annotations

import json
import os
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import isawaitable
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer, default_buffer_prototype
from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range
from zarr._buffer.pieces import Pieced, Sink
from zarr._store.abstract import Store, is_able
from zarr._store.access import async_contract, sync_contract
from zarr._store.capabilities import Capabilities
from zarr._store.keys import check_key
from zarr._store.versioned import ABSENT, ANY, AsyncContract, Expected, Hold, Stored, SyncContract, Version
from zarr._store.wrapper import WrapperStore, face_of
from zarr._support.forks import held_around_forks
from zarr._support.threads import in_request_thread, in_worker_thread, until_over
from zarr._support.truth import truth
from zarr._support.warn import warn
from zarr.errors import ConcurrentChangeError, ZarrRuntimeWarning

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")
AnyContract: TypeAlias = SyncContract | AsyncContract
Calls: TypeAlias = Generator[tuple[AnyContract, Callable[[], Any]], Any, T]
"""Yields a store's contract and a call of one of its methods; is sent the result."""

_LOOK_AFTER_SHARE = 8
"""Such a part of the limit may be added before it is looked again what other processes have added."""
_bookkeeping = held_around_forks(RLock())


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
        self._kept = _Kept()

    def _with_store(self, store: Store) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__ | {"_store": store})  # which uses the same entries
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": _Kept()}

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
        await _drive_async(self._cached().forget(""))

    # -- the contract -------------------------------------------------------------------------------------------

    def _cached(self, inside: AnyContract | None = None) -> _Cached:
        if inside is None:
            inside = sync_contract(self._store) or async_contract(self._store)
        return _Cached(self, inside, sync_contract(self._cache) or async_contract(self._cache))

    def _sync_form(self, inside: SyncContract) -> SyncContract | None:
        return None if sync_contract(self._cache) is None else _CachedSync(self._cached(inside), inside)

    def _async_form(self, inside: AsyncContract) -> AsyncContract:
        return _CachedAsync(self._cached(sync_contract(self._store) or inside), inside)

    # -- zarr-python's methods ----------------------------------------------------------------------------------

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return _as_asked(await _drive_async(self._cached().read(check_key(key), byte_range, None)), prototype)

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
        await _drive_async(self._cached().put(check_key(key), value, ANY, None))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await _drive_async(self._cached().put(check_key(key), value, ABSENT, None))

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        for key, value in values:
            await self.set(key, value)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await _drive_async(self._cached().remove(check_key(key), ANY, None))

    async def delete_dir(self, prefix: str) -> None:
        await super().delete_dir(prefix)
        await _drive_async(self._cached().forget(prefix.rstrip("/")))

    async def clear(self) -> None:
        await super().clear()
        await self.clear_cache()

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = _drive(self._synchronous("get").read(check_key(key), byte_range, None))
        return _as_asked(found, prototype or default_buffer_prototype())

    def set_sync(self, key: str, value: Buffer) -> None:
        self._check_writable()
        _drive(self._synchronous("set").put(check_key(key), value, ANY, None))

    def delete_sync(self, key: str) -> None:
        self._check_writable()
        _drive(self._synchronous("delete").remove(check_key(key), ANY, None))

    def _synchronous(self, operation: str) -> _Cached:
        for store in (self._store, self._cache):
            if sync_contract(store) is None:
                raise TypeError(f"Store {type(store).__name__} does not support synchronous {operation}.")
        return self._cached()


CacheStore._face = face_of(CacheStore)


class _Kept:
    """What is known of the entries: shared by all forms of one store."""

    def __init__(self) -> None:
        self.sizes: OrderedDict[str, int] = OrderedDict()
        """By the keys of entries, those last that were used last."""
        self.nbytes = 0
        self.versions: dict[str, Version] = {}
        """Versions that mean nothing outside this process, by the tokens that stand for them in entries."""
        self.tokens: dict[str, str] = {}
        """By the keys of entries."""
        self.hits = self.misses = self.evictions = 0
        self.n_changes = 0
        """What was fetched before the last change is not kept."""
        self.added_nbytes: int | None = None
        """Since it was last looked what there is; None if it never was."""

    def note(self, entry: str, nbytes: int, token: str | None = None, version: Version | None = None) -> None:
        with _bookkeeping:
            self.forget(entry)
            self.sizes[entry] = nbytes
            self.nbytes += nbytes
            if token is not None:
                self.tokens[entry] = token
                self.versions[token] = version

    def forget(self, entry: str) -> None:
        with _bookkeeping:
            self.nbytes -= self.sizes.pop(entry, 0)
            self.versions.pop(self.tokens.pop(entry, ""), None)

    def count_miss(self) -> None:
        with _bookkeeping:
            self.misses += 1

    def count_hit(self, entry: str) -> None:
        with _bookkeeping:
            self.hits += 1
            if entry in self.sizes:
                self.sizes.move_to_end(entry)

    def change(self, since: int) -> int | None:
        """Note a change; the number of changes now, or None if there were others since that number."""
        with _bookkeeping:
            self.n_changes += 1
            return self.n_changes if self.n_changes == since + 1 else None


@dataclass(slots=True)
class _Entry:
    """What is kept of an object, or of a part of one.

    Attributes
    ----------
    key
        Of the entry.
    data
        What was fetched.
    tag
        What tells its version from others in any process; None if nothing does.
    nbytes
        Size of the whole object.
    stored_at
        When it was fetched.
    version
        Its version, where that means something in this process only.
    """

    key: str
    data: Buffer
    tag: object
    nbytes: int
    stored_at: float
    version: Version | None = None

    def is_of(self, version: Version | None) -> bool:
        """Whether it is what an object has in a version."""
        if self.version is not None:
            return self.version is version
        return self.tag is not None and bool(self.tag == _tag_of(version))


@dataclass(frozen=True, slots=True)
class _Believed:
    """The version of an entry of which the store was not asked. It stands for the real one until that is needed."""

    tag: object


class _Cached:
    """Reading and changing with a cache, as calls to the two stores."""

    def __init__(self, store: CacheStore, inside: AnyContract, cache: AnyContract) -> None:
        self.store, self.inside, self.cache = store, inside, cache
        self.kept = store._kept
        self.source = store._source
        self.has_versions = inside.capabilities.pins_versions
        self.compares = store.validate and self.has_versions

    # -- reading ------------------------------------------------------------------------------------------------

    def read(self, key: str, byte_range: ByteRequest | None, version: Version | None) -> Calls[Stored | None]:
        n_changes = self.kept.n_changes
        entry = yield from self._find(key, byte_range)
        if entry is not None:
            found = yield from self._if_current(key, entry, byte_range, version)
            if found is not None:
                self.kept.count_hit(entry.key)
                return found
        self.kept.count_miss()
        if isinstance(version, _Believed):
            version = yield from self._real(key, version)
            if version is None:
                yield from self.forget(key)
                raise ConcurrentChangeError(f"object {key!r} was replaced or deleted since it was kept")
        fetched: Stored | None = yield self.inside, partial(self.inside.read, key, byte_range, version=version)
        if fetched is not None:
            name = _entry_key(key, byte_range)
            yield from self._keep(name, fetched.data, fetched.version, fetched.nbytes, n_changes)
        elif entry is not None:
            yield from self.forget(key)
        return fetched

    def _if_current(
        self, key: str, entry: _Entry, byte_range: ByteRequest | None, version: Version | None
    ) -> Calls[Stored | None]:
        """What an entry has, if that is what the store has now, or the version that is asked for."""
        if version is not None:
            return Stored(entry.data, version, entry.nbytes) if entry.is_of(version) else None
        if not self.has_versions:
            return Stored(entry.data, None, entry.nbytes)
        if not self.compares:
            believed = _Believed(entry.tag) if entry.version is None else entry.version
            return Stored(entry.data, believed, entry.nbytes)
        now: Stored | None = yield self.inside, partial(self.inside.read, key, RangeByteRequest(0, 1))
        if now is None:
            return None
        if not entry.is_of(now.version):
            now.release()
            return None
        return Stored(entry.data, now.version, now.nbytes)

    def _real(self, key: str, version: _Believed) -> Calls[Version | None]:
        """The version that was believed in, if the store has it still."""
        now: Stored | None = yield self.inside, partial(self.inside.read, key, RangeByteRequest(0, 1))
        if now is None or _tag_of(now.version) == version.tag:
            return None if now is None else now.version
        now.release()
        return None

    def _find(self, key: str, byte_range: ByteRequest | None) -> Calls[_Entry | None]:
        """The entry of what is asked for, be it a part of one for the whole object."""
        name = _entry_key(key, byte_range)
        found = yield from self._load(name)
        if found is not None or byte_range is None:
            return found
        whole = yield from self._load(_entry_key(key, None))
        if whole is not None:
            start, stop = resolve_range(byte_range, len(whole.data))
            whole.data = whole.data[start:stop]
        return whole

    def _load(self, name: str) -> Calls[_Entry | None]:
        if self.store.max_size is not None and self.kept.added_nbytes is None:
            yield from self._make_room(self.store.max_size, 0)
        try:
            stored: Stored | None = yield self.cache, partial(self.cache.read, name)
        except OSError as exc:
            self._complain("read", exc)
            return None
        if stored is None:
            self.kept.forget(name)
            return None
        entry = _parse_entry(name, stored.without_version(), self.source)
        if entry is None or self._is_too_old(entry):
            return None
        if isinstance(entry.tag, dict):
            entry.version = self.kept.versions.get(str(entry.tag.get("token")))
            entry.tag = None
        is_of_some_version = entry.tag is not None or entry.version is not None
        return entry if is_of_some_version or not self.has_versions else None

    def _is_too_old(self, entry: _Entry) -> bool:
        limit = self.store.max_age_seconds
        return not isinstance(limit, str) and time.time() - entry.stored_at > limit

    # -- keeping ------------------------------------------------------------------------------------------------

    def _keep(self, name: str, data: Buffer, version: Version | None, nbytes: int, n_changes: int) -> Calls[None]:
        """Make an entry of what was fetched or written when there had been so many changes, if there were none since."""
        tag = _tag_of(version)
        token = os.urandom(16).hex() if isinstance(version, Buffer) else None
        if n_changes != self.kept.n_changes or (self.has_versions and tag is None and token is None):
            return
        value = _packed(data, tag if token is None else {"token": token}, nbytes, self.source)
        if self.store.max_size is not None and len(value) > self.store.max_size:
            return
        try:
            yield self.cache, partial(self.cache.put, name, value)
        except OSError as exc:
            self._complain("written", exc)
            return
        self.kept.note(name, len(value), token, version)
        if n_changes != self.kept.n_changes and not self.compares:
            yield self.cache, partial(self.cache.remove, name)
            self.kept.forget(name)
            return
        if self.store.max_size is not None:
            yield from self._make_room(self.store.max_size, len(value))

    def _make_room(self, limit: int, added: int) -> Calls[None]:
        with _bookkeeping:
            looks = self.kept.added_nbytes is None
            self.kept.added_nbytes = (self.kept.added_nbytes or 0) + added
        if looks or self.kept.added_nbytes > limit // _LOOK_AFTER_SHARE:
            yield from self._look_what_there_is()
        while True:
            with _bookkeeping:
                if self.kept.nbytes <= limit or not self.kept.sizes:
                    return
                oldest = next(iter(self.kept.sizes))
                self.kept.forget(oldest)
                self.kept.evictions += 1
            yield self.cache, partial(self.cache.remove, oldest)

    def _look_what_there_is(self) -> Calls[None]:
        """Learn of entries that others have made or removed, or that are left from before."""
        self.kept.added_nbytes = 0
        listed = yield self.cache, partial(self.cache.list_keys, "")
        names = list(listed)
        known = set(names)
        for name in names:
            if name not in self.kept.sizes:
                nbytes = yield self.cache, partial(self.cache.size, name)
                if nbytes is not None:
                    self.kept.note(name, nbytes)
                    with _bookkeeping:
                        if name in self.kept.sizes:
                            self.kept.sizes.move_to_end(name, last=False)  # nobody here has used it
        for name in set(self.kept.sizes) - known:
            self.kept.forget(name)

    def _complain(self, done: str, exc: OSError) -> None:
        warn(f"the cache {self.store._cache!r} cannot be {done}, and is passed by: {exc}", ZarrRuntimeWarning)

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, value: Buffer, expected: Expected, hold: Hold | None) -> Calls[bool]:
        before = self.kept.n_changes
        if isinstance(expected, _Believed) and (expected := (yield from self._real(key, expected))) is None:
            yield from self.forget(key)
            return False
        done: bool = yield self.inside, partial(self.inside.put, key, value, expected=expected, **_under(hold))
        now = yield from self._changed(key, before)
        if now is not None and self.store.cache_set_data and not self.has_versions and expected is ANY:
            yield from self._keep(_entry_key(key, None), value, None, len(value), now)
        return done

    def remove(self, key: str, expected: Expected, hold: Hold | None) -> Calls[bool]:
        before = self.kept.n_changes
        if isinstance(expected, _Believed) and (expected := (yield from self._real(key, expected))) is None:
            yield from self.forget(key)
            return False
        done: bool = yield self.inside, partial(self.inside.remove, key, expected=expected, **_under(hold))
        yield from self._changed(key, before)
        return done

    def remove_prefix(self, prefix: str) -> Calls[None]:
        before = self.kept.n_changes
        yield self.inside, partial(self.inside.remove_prefix, prefix)
        self.kept.change(before)
        yield from self.forget(prefix)

    def _changed(self, key: str, before: int) -> Calls[int | None]:
        """Remove what is kept of an object, if it would be believed; the number of changes now, if nobody else made one."""
        now = self.kept.change(before)
        if not self.compares:
            yield from self.forget(key)
        return now

    def forget(self, prefix: str) -> Calls[None]:
        """Remove all that is kept of a key, and of what lies below it."""
        below = _escaped(prefix)
        with _bookkeeping:
            for name in [name for name in self.kept.sizes if not below or name.startswith(f"{below}/")]:
                self.kept.forget(name)
        yield self.cache, partial(self.cache.remove_prefix, below)


class _CachedSync:
    """The contract of a cached store that answers at once."""

    __slots__ = ("_cached", "_inside")

    def __init__(self, cached: _Cached, inside: SyncContract) -> None:
        self._cached, self._inside = cached, inside

    @property
    def capabilities(self) -> Capabilities:
        found = self._inside.capabilities
        return replace(
            found, refuses_old_versions=False, takes_pieces=False
        )  # they may be here still; and what is written, too

    @property
    def may_block(self) -> bool:
        return True

    def native_place(self) -> None:
        return None

    def read(self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None) -> Stored | None:
        return _drive(self._cached.read(key, byte_range, version))

    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]:
        return [self.read(key, byte_range, version=version) for key, byte_range, version in reads]

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return _drive(self._cached.put(key, value, expected, hold))

    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool:
        return self.put(key, CPUBuffer.from_bytes(Pieced(write).joined()), expected=expected, hold=hold)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return _drive(self._cached.remove(key, expected, hold))

    def remove_prefix(self, prefix: str) -> None:
        _drive(self._cached.remove_prefix(prefix))

    def hold(self, prefix: str) -> Hold:
        return self._inside.hold(prefix)

    def list_keys(self, prefix: str) -> Iterator[str]:
        return self._inside.list_keys(prefix)

    def list_names(self, prefix: str) -> Iterator[str]:
        return self._inside.list_names(prefix)

    def list_links(self, prefix: str) -> Iterator[str]:
        return self._inside.list_links(prefix)

    def size(self, key: str) -> int | None:
        return self._inside.size(key)

    def present(self, keys: Sequence[str]) -> list[bool]:
        return self._inside.present(keys)


class _CachedAsync:
    """The contract of a cached store that has to be awaited."""

    __slots__ = ("_cached", "_inside")
    gets_ranges = False  # each part may be there or not

    def __init__(self, cached: _Cached, inside: AsyncContract) -> None:
        self._cached, self._inside = cached, inside

    @property
    def capabilities(self) -> Capabilities:
        """Those of the store inside, but for what coroutines have not; and old versions may be here still."""
        found = self._cached.inside.capabilities
        return replace(
            found,
            sync=False,
            holds_between_threads=False,
            holds_between_processes=False,
            refuses_old_versions=False,
            takes_pieces=False,
        )

    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None:
        return await _drive_async(self._cached.read(key, byte_range, version))

    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> Sequence[Stored | None]:
        return [await self.read(key, byte_range, version=version) for byte_range in byte_ranges]

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        return await _drive_async(self._cached.put(key, value, expected, None))

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        return await _drive_async(self._cached.remove(key, expected, None))

    async def remove_prefix(self, prefix: str) -> None:
        await _drive_async(self._cached.remove_prefix(prefix))

    async def size(self, key: str) -> int | None:
        return await self._inside.size(key)

    async def list_keys(self, prefix: str) -> Sequence[str]:
        return await self._inside.list_keys(prefix)

    async def list_names(self, prefix: str) -> Sequence[str]:
        return await self._inside.list_names(prefix)


# -- driving --------------------------------------------------------------------------------------------------------


def _drive(calls: Calls[T]) -> T:
    """Carry out calls to stores that answer at once."""
    try:
        _, call = next(calls)
        while True:
            try:
                answer = call()
            except BaseException as exc:  # noqa: BLE001  # whatever it is, whoever called has to see it
                _, call = calls.throw(exc)
            else:
                _, call = calls.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _drive_async(calls: Calls[T]) -> T:
    """The same, where they may have to be awaited; what may wait for a disk, or another computer, is called in a thread."""
    try:
        contract, call = next(calls)
        while True:
            try:
                answer = await _answer(contract, call)
            except BaseException as exc:  # noqa: BLE001  # as above
                contract, call = calls.throw(exc)
            else:
                contract, call = calls.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _answer(contract: AnyContract, call: Callable[[], Any]) -> Any:
    if not getattr(contract, "may_block", False):
        answer = call()
        return await answer if isawaitable(answer) else answer
    if contract.capabilities.is_remote:
        return await in_request_thread(call, until_over=lambda: True)
    return await until_over(in_worker_thread(call))


def _under(hold: Hold | None) -> dict[str, Hold]:
    return {} if hold is None else {"hold": hold}


# -- entries --------------------------------------------------------------------------------------------------------


def _escaped(key: str) -> str:
    """A key of which no name begins as those of parts do.

    >>> _escaped("a/=b")
    'a/==b'
    """
    return "/".join(f"={name}" if name.startswith("=") else name for name in key.split("/")) if "=" in key else key


def _entry_key(key: str, byte_range: ByteRequest | None) -> str:
    """Where a part of an object is kept.

    >>> _entry_key("c/0", RangeByteRequest(2, 5)), _entry_key("c/0", None)
    ('c/0/=2-5', 'c/0/=whole')
    """
    resolve_range(byte_range, 0)  # which says so if it is no such request
    part = "whole"
    if isinstance(byte_range, RangeByteRequest):
        part = f"{byte_range.start}-{byte_range.end}"
    elif isinstance(byte_range, OffsetByteRequest):
        part = f"{byte_range.offset}-"
    elif isinstance(byte_range, SuffixByteRequest):
        part = f"-{byte_range.suffix}"
    return f"{_escaped(key)}/={part}"


def _tag_of(version: Version | None) -> object:
    """What tells a version from others in any process, as JSON can hold it; None if nothing does."""
    found = getattr(version, "tag", version)
    return found if isinstance(found, str | int | list) else None


def _packed(data: Buffer, tag: object, nbytes: int, source: str) -> Buffer:
    about = {"of": source, "tag": tag, "nbytes": nbytes, "stored_at": time.time(), "length": len(data)}
    return CPUBuffer.from_bytes(json.dumps(about).encode() + b"\n" + data.to_bytes())


def _parse_entry(name: str, value: Buffer, source: str) -> _Entry | None:
    """What an entry says; None if it is none, or not whole, or of another store that is kept in the same place."""
    content = value.to_bytes()
    end = content.find(b"\n")
    try:
        about = json.loads(content[:end])
        if end < 0 or about["length"] != len(content) - end - 1 or about["of"] != source:
            return None
        return _Entry(name, value[end + 1 :], about["tag"], int(about["nbytes"]), float(about["stored_at"]))
    except (ValueError, KeyError, TypeError):
        return None


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
