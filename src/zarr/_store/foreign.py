"""Somebody else's store: what zarr-python's asynchronous methods allow, in the form of the versioned contract.

There are no versions and no holds. Two things are made of what there is. A value that must not be there yet is stored with
`set_if_not_exists` and read again: whoever lost the race is told so, as far as the store itself keeps its word. And parts
of one object go out together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.byte_range import ByteRequest
from zarr._store.abstract import Store, is_able
from zarr._store.capabilities import Capabilities
from zarr._store.versioned import ABSENT, ANY, Expected, Stored, Version

if TYPE_CHECKING:
    from zarr._buffer import Buffer


class ForeignStore:
    """A store by zarr-python's methods.

    Parameters
    ----------
    store
        The store.
    """

    __slots__ = ("store",)

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(lists=is_able(self.store.supports_listing))

    @property
    def gets_ranges(self) -> bool:
        """Whether the store has a way of its own to read several parts of one value.

        One that it inherits is none if `get` was overridden since: that may decrypt, count or cache.
        """
        if type(self.store).get_ranges is Store.get_ranges or "get_ranges" in self.store.__dict__:
            return False
        return _is_as_new(self.store, "get_ranges", "get")

    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None:
        data = await self.store.get(key, CPU_PROTOTYPE, byte_range)
        if data is None:
            await self._refuse_hidden(key)
            return None
        return Stored(data, None)

    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> list[Stored | None]:
        """Several parts of one value, by the store's own `get_ranges`. None for all of them if there is no value."""
        found: dict[int, Buffer | None] = {}
        try:
            async for answered in self.store.get_ranges(
                key,
                byte_ranges,
                prototype=CPU_PROTOTYPE,
                max_concurrency=max_concurrency,
                max_gap_bytes=0,  # what lies close together is one range already
                max_coalesced_bytes=0,
            ):
                found.update(answered)
        except ExceptionGroup as group:  # callers of one `get` do not expect several failures
            if not isinstance(failure := _first(group), FileNotFoundError):
                raise failure from group
            await self._refuse_hidden(key)
            return [None] * len(byte_ranges)
        except FileNotFoundError:
            await self._refuse_hidden(key)
            return [None] * len(byte_ranges)
        if found.keys() != set(range(len(byte_ranges))):
            raise ValueError(
                f"get_ranges of {self.store!r} was asked for {len(byte_ranges)} parts of {key!r} and answered for the "
                f"numbers {sorted(found)}; it has to answer once for each, by its number"
            )
        return [None if (data := found[n]) is None else Stored(data, None) for n in range(len(byte_ranges))]

    async def _refuse_hidden(self, key: str) -> None:
        """Raise what says so if a value that was not found may be there all the same."""
        if (obstacle := await self.store._obstacle(key)) is not None:
            raise obstacle

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        if expected is not ABSENT:
            await self.store.set(key, value)
            return True
        if await is_there(self.store, key):
            return False
        if not _is_as_new(self.store, "set_if_not_exists", "set"):  # `set` may encrypt, count or call keys otherwise
            await self.store.set(key, value)
            return True
        await self.store.set_if_not_exists(key, value)
        try:
            stored = await self.store.get(key, CPU_PROTOTYPE)
        except Exception as exc:
            exc.add_note(
                f"This was met in reading {key!r} of store {self.store!r} again, which has just been stored here, or by another writer that "
                "was faster. If it makes an array whose elements were to be written, they are not: open it, or delete it."
            )
            raise
        return stored is not None and stored.to_bytes() == value.to_bytes()

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        await self.store.delete(key)
        return True

    async def size(self, key: str) -> int | None:
        return await self.store.getsize(key) if await is_there(self.store, key) else None

    async def list_keys(self, prefix: str) -> list[str]:
        try:
            return [key async for key in self.store.list_prefix(prefix)]
        except (LookupError, FileNotFoundError, ValueError):  # some list only below what is there
            if not prefix or await self.list_names(prefix.removesuffix("/")):
                raise
            return []

    async def list_names(self, prefix: str) -> list[str]:
        return [name.rstrip("/") async for name in self.store.list_dir(prefix)]  # some mark prefixes so

    async def remove_prefix(self, prefix: str) -> None:
        await self.store.delete_dir(prefix)


async def is_there(store: Store, key: str) -> bool:
    """Whether a store has a value. To some a key that they could not have is an error, as those of format 2 to icechunk's."""
    try:
        return await store.exists(key)
    except (LookupError, FileNotFoundError):
        return False


def _is_as_new(store: Store, derived: str, method: str) -> bool:
    """Whether a method has not been overridden since another was defined that does a part of what it does."""
    if method in store.__dict__:
        return derived in store.__dict__
    return _depth(type(store), derived) <= _depth(type(store), method)


def _depth(cls: type, name: str) -> int:
    """How far up among the bases of a class a method is defined."""
    return next(depth for depth, base in enumerate(cls.__mro__) if name in base.__dict__)


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """The first failure in a group, however deep."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
