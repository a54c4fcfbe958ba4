"""A store around another that is told of everything, by whichever contract that is used: the base of logging and tracing.

Nothing of what the store inside can do is lost on the way: versions, holds, conditional changes. What an engine would do by
itself in a place of the store, it does not here, as nobody would see it: objects are asked for one by one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from zarr._buffer import Buffer, BufferPrototype, BytesLike
from zarr._buffer.byte_range import ByteRequest
from zarr._buffer.pieces import Sink
from zarr._store.abstract import Store
from zarr._store.capabilities import Capabilities
from zarr._store.versioned import (
    ABSENT,
    ANY,
    AsyncContract,
    Expected,
    Hold,
    Stored,
    SyncContract,
    Version,
)
from zarr._store.wrapper import WrapperStore, face_of

WrappedT = TypeVar("WrappedT", bound=Store)


@dataclass(slots=True)
class Seen:
    """What became of an operation.

    Attributes
    ----------
    n_bytes_read, n_bytes_written
        Of values.
    """

    n_bytes_read: int = 0
    n_bytes_written: int = 0

    def read(self, value: Buffer | None) -> None:
        self.n_bytes_read += 0 if value is None else len(value)


Watch = Callable[..., AbstractContextManager[Seen]]
"""Called with the name of an operation, as of zarr-python's method, and with what it is about."""


class ObservedStore(WrapperStore[WrappedT]):
    """Tell `_watch` of every operation. Subclasses define that."""

    @abstractmethod
    def _watch(self, operation: str, *about: object) -> AbstractContextManager[Seen]:
        """What an operation is done in."""

    def _sync_form(self, inside: SyncContract) -> SyncContract:
        return _ObservedSync(inside, self._watch)

    def _async_form(self, inside: AsyncContract) -> AsyncContract:
        return _ObservedAsync(inside, self._watch)

    # -- zarr-python's methods ----------------------------------------------------------------------------------

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        with self._watch("get", key, *_part(byte_range)) as seen:
            value = await self._store.get(key, prototype, byte_range)
            seen.read(value)
            return value

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        wanted = list(key_ranges)
        with self._watch("get_partial_values", ",".join(key for key, _ in wanted)) as seen:
            values = await self._store.get_partial_values(prototype, wanted)
            for value in values:
                seen.read(value)
            return values

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

    async def exists(self, key: str) -> bool:
        with self._watch("exists", key):
            return await self._store.exists(key)

    async def getsize(self, key: str) -> int:
        with self._watch("getsize", key):
            return await self._store.getsize(key)

    async def set(self, key: str, value: Buffer) -> None:
        with self._watch("set", key) as seen:
            await self._store.set(key, value)
            seen.n_bytes_written += len(value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        with self._watch("set_if_not_exists", key) as seen:
            await self._store.set_if_not_exists(key, value)
            seen.n_bytes_written += len(value)

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        for key, value in values:
            await self.set(key, value)

    async def delete(self, key: str) -> None:
        with self._watch("delete", key):
            await self._store.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        with self._watch("delete_dir", prefix):
            await self._store.delete_dir(prefix)

    async def clear(self) -> None:
        with self._watch("clear"):
            await self._store.clear()

    async def is_empty(self, prefix: str = "") -> bool:
        with self._watch("is_empty", prefix):
            return await self._store.is_empty(prefix)

    async def getsize_prefix(self, prefix: str) -> int:
        with self._watch("getsize_prefix", prefix):
            return await self._store.getsize_prefix(prefix)

    async def list(self) -> AsyncIterator[str]:
        with self._watch("list"):
            async for key in self._store.list():
                yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        with self._watch("list_prefix", prefix):
            async for key in self._store.list_prefix(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        with self._watch("list_dir", prefix):
            async for name in self._store.list_dir(prefix):
                yield name

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        with self._watch("get", key, *_part(byte_range)) as seen:
            value = super().get_sync(key, prototype=prototype, byte_range=byte_range)
            seen.read(value)
            return value

    def set_sync(self, key: str, value: Buffer) -> None:
        with self._watch("set", key) as seen:
            super().set_sync(key, value)
            seen.n_bytes_written += len(value)

    def delete_sync(self, key: str) -> None:
        with self._watch("delete", key):
            super().delete_sync(key)


ObservedStore._face = face_of(ObservedStore)


class _ObservedSync:
    """The contract of a store that answers at once, with everything told."""

    __slots__ = ("_inside", "_watch")

    def __init__(self, inside: SyncContract, watch: Watch) -> None:
        self._inside, self._watch = inside, watch

    @property
    def capabilities(self) -> Capabilities:
        return self._inside.capabilities

    @property
    def may_block(self) -> bool:
        return self._inside.may_block

    def native_place(self) -> None:
        return None

    def read(self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None) -> Stored | None:
        with self._watch("get", key, *_part(byte_range)) as seen:
            found = self._inside.read(key, byte_range, version=version)
            seen.read(None if found is None else found.data)
            return found

    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]:
        return [self.read(key, byte_range, version=version) for key, byte_range, version in reads]

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        with self._watch(_put_name(expected), key) as seen:
            is_stored = self._inside.put(key, value, expected=expected, hold=hold)
            seen.n_bytes_written += len(value)
            return is_stored

    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool:
        with self._watch(_put_name(expected), key) as seen:

            def counted(sink: Sink) -> None:
                counting = _CountingSink(sink)
                write(counting)
                seen.n_bytes_written = counting.nbytes

            return self._inside.put_pieces(key, counted, expected=expected, hold=hold)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        with self._watch("delete", key):
            return self._inside.remove(key, expected=expected, hold=hold)

    def hold(self, prefix: str) -> Hold:
        return self._inside.hold(prefix)

    def hold_object(self, key: str, under: Hold | None = None) -> Hold:
        return self._inside.hold_object(key, under)

    def list_keys(self, prefix: str) -> Iterator[str]:
        with self._watch("list_prefix", prefix):
            return iter(list(self._inside.list_keys(prefix)))

    def list_names(self, prefix: str) -> Iterator[str]:
        with self._watch("list_dir", prefix):
            return iter(list(self._inside.list_names(prefix)))

    def list_links(self, prefix: str) -> Iterator[str]:
        return self._inside.list_links(prefix)

    def remove_prefix(self, prefix: str) -> None:
        with self._watch("delete_dir", prefix):
            self._inside.remove_prefix(prefix)

    def size(self, key: str) -> int | None:
        with self._watch("getsize", key):
            return self._inside.size(key)

    def present(self, keys: Sequence[str]) -> list[bool]:
        found = []
        for key in keys:
            with self._watch("exists", key):
                found += self._inside.present([key])
        return found


class _CountingSink:
    """Passes pieces on to another sink, and counts their bytes."""

    __slots__ = ("_inside", "nbytes")

    def __init__(self, inside: Sink) -> None:
        self._inside, self.nbytes = inside, 0

    def append(self, data: BytesLike) -> None:
        self._inside.append(data)
        self.nbytes += len(data)

    def overwrite(self, offset: int, data: BytesLike) -> None:
        self._inside.overwrite(offset, data)


class _ObservedAsync:
    """The contract of a store that has to be awaited, with everything told."""

    __slots__ = ("_inside", "_watch")

    def __init__(self, inside: AsyncContract, watch: Watch) -> None:
        self._inside, self._watch = inside, watch

    @property
    def capabilities(self) -> Capabilities:
        return self._inside.capabilities

    @property
    def gets_ranges(self) -> bool:
        return self._inside.gets_ranges

    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None:
        with self._watch("get", key, *_part(byte_range)) as seen:
            found = await self._inside.read(key, byte_range, version=version)
            seen.read(None if found is None else found.data)
            return found

    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> Sequence[Stored | None]:
        with self._watch("get_ranges", key, *byte_ranges) as seen:
            found = await self._inside.read_ranges(key, byte_ranges, version=version, max_concurrency=max_concurrency)
            for part in found:
                seen.read(None if part is None else part.data)
            return found

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        with self._watch(_put_name(expected), key) as seen:
            is_stored = await self._inside.put(key, value, expected=expected)
            seen.n_bytes_written += len(value)
            return is_stored

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        with self._watch("delete", key):
            return await self._inside.remove(key, expected=expected)

    async def size(self, key: str) -> int | None:
        with self._watch("getsize", key):
            return await self._inside.size(key)

    async def list_keys(self, prefix: str) -> Sequence[str]:
        with self._watch("list_prefix", prefix):
            return await self._inside.list_keys(prefix)

    async def list_names(self, prefix: str) -> Sequence[str]:
        with self._watch("list_dir", prefix):
            return await self._inside.list_names(prefix)

    async def remove_prefix(self, prefix: str) -> None:
        with self._watch("delete_dir", prefix):
            await self._inside.remove_prefix(prefix)


def _part(byte_range: ByteRequest | None) -> tuple[object, ...]:
    return () if byte_range is None else (byte_range,)


def _put_name(expected: Expected) -> str:
    return "set_if_not_exists" if expected is ABSENT else "set"
