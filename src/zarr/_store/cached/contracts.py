"""The contracts of a store with a cache, as made of that of the store inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zarr._buffer import CPUBuffer
from zarr._buffer.pieces import Pieced
from zarr._store.cached.driving import drive, drive_async
from zarr._store.versioned import ANY, AsyncContract, Expected, Hold, Stored, SyncContract, Version

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._buffer.byte_range import ByteRequest
    from zarr._buffer.pieces import Sink
    from zarr._store.cached.reading import Cached
    from zarr._store.capabilities import Capabilities


class CachedSync:
    """The contract of a cached store that answers at once."""

    __slots__ = ("_cached", "_inside")

    def __init__(self, cached: Cached, inside: SyncContract) -> None:
        self._cached, self._inside = cached, inside

    @property
    def capabilities(self) -> Capabilities:
        """Those of the store inside, but old versions may be here still, and what is written is kept whole."""
        return replace(self._inside.capabilities, refuses_old_versions=False, takes_pieces=False)

    @property
    def may_block(self) -> bool:
        return True

    def native_place(self) -> None:
        return None

    def read(self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None) -> Stored | None:
        return drive(self._cached.read(key, byte_range, version))

    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]:
        return [self.read(key, byte_range, version=version) for key, byte_range, version in reads]

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return drive(self._cached.put(key, value, expected, hold))

    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool:
        return self.put(key, CPUBuffer.from_bytes(Pieced(write).joined()), expected=expected, hold=hold)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return drive(self._cached.remove(key, expected, hold))

    def remove_prefix(self, prefix: str) -> None:
        drive(self._cached.remove_prefix(prefix))

    def hold(self, prefix: str) -> Hold:
        return self._inside.hold(prefix)

    def hold_object(self, key: str, under: Hold | None = None) -> Hold:
        return self._inside.hold_object(key, under)

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


class CachedAsync:
    """The contract of a cached store that has to be awaited."""

    __slots__ = ("_cached", "_inside")
    gets_ranges = False  # each part may be there or not

    def __init__(self, cached: Cached, inside: AsyncContract) -> None:
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
        return await drive_async(self._cached.read(key, byte_range, version))

    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> Sequence[Stored | None]:
        return [await self.read(key, byte_range, version=version) for byte_range in byte_ranges]

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        return await drive_async(self._cached.put(key, value, expected, None))

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        return await drive_async(self._cached.remove(key, expected, None))

    async def remove_prefix(self, prefix: str) -> None:
        await drive_async(self._cached.remove_prefix(prefix))

    async def size(self, key: str) -> int | None:
        return await self._inside.size(key)

    async def list_keys(self, prefix: str) -> Sequence[str]:
        return await self._inside.list_keys(prefix)

    async def list_names(self, prefix: str) -> Sequence[str]:
        return await self._inside.list_names(prefix)
