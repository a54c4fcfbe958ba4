"""A store of which only the face is its own: its values are in the hands of another store, chosen when it is made.

So one public class can be a `SyncStore` over one medium and an `AsyncStore` over another. Flows ask the store behind, unless
somebody has overridden or patched the face: then they ask that (`access`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any

from zarr._store.abstract import Store
from zarr._store.versioned import AsyncStore, SyncStore
from zarr._support import bridge
from zarr._support.threads import all_of

if TYPE_CHECKING:
    from zarr._buffer import Buffer, BufferPrototype
    from zarr._buffer.byte_range import ByteRequest
    from zarr._store.turns import Turns


class Facade(Store):
    """The face of the store that is behind it.

    Attributes
    ----------
    _behind
        That store, as read-only as this one.
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True
    _behind: SyncStore | AsyncStore

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        return await self._behind.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await all_of(self.get(key, prototype, byte_range) for key, byte_range in key_ranges)

    async def exists(self, key: str) -> bool:
        return await self._behind.exists(key)

    async def getsize(self, key: str) -> int:
        return await self._behind.getsize(key)

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._behind.set(key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._behind.set_if_not_exists(key, value)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await self._behind.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        await self._behind.delete_dir(prefix)

    async def list(self) -> AsyncIterator[str]:
        async for key in self._behind.list():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        async for key in self._behind.list_prefix(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        async for name in self._behind.list_dir(prefix):
            yield name

    async def _list_links(self, prefix: str) -> Sequence[str]:
        return await self._behind._list_links(prefix)

    async def _obstacle(self, key: str) -> Exception | None:
        return await self._behind._obstacle(key)

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        return self._behind._shared_turns(prefix)

    def _absence(self, path: str) -> str:
        return self._behind._absence(path)

    # -- without an event loop of the caller's ------------------------------------------------------------------

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The value under `key` or a part of it; None if there is none."""
        if isinstance(self._behind, SyncStore):
            return self._behind.get_sync(key, prototype=prototype, byte_range=byte_range)
        return bridge.run(self._behind.get(key, prototype, byte_range))

    def set_sync(self, key: str, value: Buffer) -> None:
        """Replace the value under `key`."""
        self._check_writable()
        if isinstance(self._behind, SyncStore):
            self._behind.set_sync(key, value)
        else:
            bridge.run(self._behind.set(key, value))

    def delete_sync(self, key: str) -> None:
        """Remove the value under `key`; no error if there is none."""
        self._check_writable()
        if isinstance(self._behind, SyncStore):
            self._behind.delete_sync(key)
        else:
            bridge.run(self._behind.delete(key))


_NAMES = ("get", "set", "delete", "exists", "list", "list_prefix", "list_dir", "delete_dir", "getsize")
"""What a subclass may override, or a test patch, in order to be asked."""
_NAMED = frozenset(_NAMES)
_face = attrgetter(*_NAMES)
_FACE = _face(Facade)


def is_same_face(found: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Whether the methods are the same objects. They are not compared: a mock would count that as being used."""
    return all(map(is_, found, expected))


def behind(store: Store) -> SyncStore | AsyncStore | None:
    """The store behind a facade; None if it is none, or has a face that is not the facade's own."""
    if not isinstance(store, Facade) or not _NAMED.isdisjoint(store.__dict__):
        return None
    return store._behind if is_same_face(_face(type(store)), _FACE) else None
