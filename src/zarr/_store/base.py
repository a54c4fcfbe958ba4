"""The store contract: bytes under keys. A store never sees an array.

Two classes. `Store` is the abstract class that third parties subclass, as zarr-python 3 defined it: asynchronous, with
no versions. `SyncStore` is what our own local stores implement: every operation returns without an event loop, reads
carry a version, and replacing or deleting can be made to depend on it. `SyncStore` derives the asynchronous face from
the synchronous one, so each operation is written once.

Versions
    A `Version` is opaque and belongs to the store that issued it. It *pins* the object it came from: as long as it
    lives, a read with `version=` sees the very bytes of that version (a local store keeps the file open, a memory
    store keeps the value). `put(..., expected=version)` stores only if the object is still that version. No time
    stamp is trusted for this.
Holds
    `hold(prefix)` excludes every other writer (threads, processes) from the keys directly under that prefix, until it
    is released or its owner dies. Writers of single objects need none: they compare and swap, and take the hold
    only after losing a race, so that they win the next round. Append and resize hold their node from reading the
    shape to publishing it, and pass the hold along to the writes made under it (`hold=`), which then do not lock again.
Keys
    Checked by `check_key` before they reach the medium. Names that begin with `__` are the store's own business
    (temporary files); listings never show them.
"""

from __future__ import annotations

import contextvars
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from zarr._buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr._buffer.byte_range import (
    ByteRequest,
)
from zarr._store.ranges import RangeGroup, group_ranges
from zarr._support.imports_on_use import importing
from zarr.errors import StoreKeyError

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")
AccessMode: TypeAlias = Literal["r", "r+", "a", "w", "w-"]


def check_key(key: str) -> str:
    """Return the key if every store can take it; raise `StoreKeyError` otherwise.

    A key is a non-empty sequence of non-empty segments joined by `/`; no segment is `.` or `..`, and none holds
    a NUL character.
    """
    if not isinstance(key, str):
        raise TypeError(f"a store key is a str, got {type(key).__name__}")
    if "\0" in key or not key or any(segment in ("", ".", "..") for segment in key.split("/")):
        raise StoreKeyError(
            f"{key!r} is not a valid store key: keys are relative, without empty, '.' or '..' segments. "
            "Use a path inside the store."
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return what precedes the last slash of a key's beginning if a valid key can begin so; raise otherwise."""
    above = prefix.rpartition("/")[0]
    return above and check_key(above)


class _Expected(Enum):
    ANY = "any"
    ABSENT = "absent"


ANY: Final = _Expected.ANY
ABSENT: Final = _Expected.ABSENT
Version: TypeAlias = Any
Expected: TypeAlias = Any  # ANY, ABSENT or a Version


@dataclass(slots=True)
class Stored:
    """What a read found.

    Attributes
    ----------
    data
        The requested bytes. Never written to, and not aliased by later writes to the store.
    version
        Pins the object that was read; None where the store has no versions.
    nbytes
        Size of the whole object, -1 if the store did not say.
    """

    data: Buffer
    version: Version | None
    nbytes: int = -1

    def release(self) -> None:
        """Give up the version, if it is one that keeps something open.

        It would go by itself, but then in a destructor, where Python reports a KeyboardInterrupt and drops it.
        """
        release = getattr(self.version, "release", None)
        if release is not None:
            release()

    def without_version(self) -> Buffer:
        """The data, for who has no use for the version: it is given up."""
        self.release()
        return self.data


class Hold(Protocol):
    """Exclusive right to change the keys directly under a prefix; released once, on every way out."""

    def release(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


class NoHold:
    """The hold of a store that has no locks: excludes nobody."""

    __slots__ = ()

    def release(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class Store(ABC):
    """Abstract base class of every store, third-party ones included.

    The guide has a whole one under "Extending".

    Parameters
    ----------
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> isinstance(zarr.storage.MemoryStore(), zarr.abc.store.Store)
    True
    """

    _read_only: bool = False
    _is_open: bool = False

    def __init__(self, *, read_only: bool = False) -> None:
        self._is_open = False
        self._read_only = read_only

    # -- life cycle ---------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, *args: Any, **kwargs: Any) -> Self:
        """Create a store and open it.

        Parameters
        ----------
        *args, **kwargs
            Those of the class.
        """
        store = cls(*args, **kwargs)
        await store._open()
        return store

    async def _open(self) -> None:
        if self._is_open:
            raise ValueError("store is already open")
        self._is_open = True

    async def _ensure_open(self) -> None:
        if not self._is_open:
            await self._open()

    def close(self) -> None:
        """Close the store. Most stores have nothing to do."""
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- what the store can do ----------------------------------------------------------------------------------

    @property
    def read_only(self) -> bool:
        """Whether writing through this object is refused."""
        return self._read_only

    @property
    @abstractmethod
    def supports_writes(self) -> bool: ...

    @property
    @abstractmethod
    def supports_deletes(self) -> bool: ...

    @property
    @abstractmethod
    def supports_listing(self) -> bool: ...

    @property
    def supports_partial_writes(self) -> Literal[False]:
        """Always False: objects are replaced whole."""
        return False

    @property
    def supports_consolidated_metadata(self) -> bool:
        return True

    def with_read_only(self, read_only: bool = False) -> Store:
        """The same store, opened read-only or writable.

        Parameters
        ----------
        read_only
            Which of the two.

        Raises
        ------
        NotImplementedError
            If the class does not define this method.
        """
        raise NotImplementedError(
            f"with_read_only is not implemented for the {type(self)} store type. "
            f"Open a new store with read_only={read_only} instead."
        )

    def _check_writable(self) -> None:
        if self.read_only:
            raise ValueError(
                f"store was opened in read-only mode and does not support writing: {self!r}. "
                "Open it with mode='r+', or with read_only=False."
            )

    @abstractmethod
    def __eq__(self, value: object) -> bool: ...

    # -- reading ------------------------------------------------------------------------------------------------

    @abstractmethod
    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """The value under a key, or a part of it.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.
        prototype
            Classes of buffers; the value is made with `prototype.buffer`.
        byte_range
            Which bytes; None for all. What lies behind the end of the value is left out.

        Returns
        -------
        Buffer | None
            None if there is no such key, and only then: every other failure is raised.
        """

    @abstractmethod
    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Several values or parts of values.

        Parameters
        ----------
        prototype
            Classes of buffers.
        key_ranges
            Pairs of key and byte range, as in `get`.

        Returns
        -------
        list[Buffer | None]
            In the order asked for.
        """

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
        """Several parts of one value, neighbours with one request.

        Parameters
        ----------
        byte_ranges
            The parts, in any order; they may overlap.
        max_concurrency
            Requests under way at once.
        max_gap_bytes, max_coalesced_bytes
            Parts share a request if the gap between them, and their union, are at most this.

        Yields
        ------
        Per request, as they are answered: the parts that it served, each as its position in `byte_ranges` and its bytes.

        Raises
        ------
        ExceptionGroup
            Of what failed; of FileNotFoundError if there is no such value.
        """
        with importing:
            import asyncio  # on use: synchronous programs never pay for it

        free = asyncio.Semaphore(max_concurrency)

        async def fetch(group: RangeGroup) -> list[tuple[int, Buffer]]:
            async with free:
                return _share(key, group, await self.get(key, prototype, group.request))

        groups = group_ranges(byte_ranges, max_gap_nbytes=max_gap_bytes, max_nbytes=max_coalesced_bytes)
        tasks = [asyncio.ensure_future(fetch(group)) for group in groups]
        try:
            for answered in asyncio.as_completed(tasks):
                yield await _or_group(key, answered)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def get_ranges_sync(
        self,
        key: str,
        byte_ranges: Sequence[ByteRequest | None],
        *,
        prototype: BufferPrototype,
        max_gap_bytes: int = 2**20,
        max_coalesced_bytes: int = 16 * 2**20,
    ) -> Sequence[tuple[int, Buffer | None]]:
        """`get_ranges` without an event loop, where the store can; the parts of all requests together."""
        if not isinstance(self, SupportsGetSync):
            raise TypeError(f"Store {type(self).__name__} does not support synchronous get. Use get_ranges().")
        groups = group_ranges(byte_ranges, max_gap_nbytes=max_gap_bytes, max_nbytes=max_coalesced_bytes)
        parts: list[tuple[int, Buffer | None]] = []
        try:
            for group in groups:
                found = self.get_sync(key, prototype=prototype, byte_range=group.request)
                parts.extend(_share(key, group, found))
        except Exception as exc:
            raise _failed(key, exc) from exc
        return parts

    @abstractmethod
    async def exists(self, key: str) -> bool:
        """Whether there is a value under a key.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.
        """

    # -- writing ------------------------------------------------------------------------------------------------

    @abstractmethod
    async def set(self, key: str, value: Buffer) -> None:
        """Replace the value under a key, whole.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.
        value
            The bytes.

        Raises
        ------
        ValueError
            If the store is read-only.
        """

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Store a value unless there is one already.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.
        value
            The bytes.
        """
        if not await self.exists(key):
            await self.set(key, value)

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        for key, value in values:
            await self.set(key, value)

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove the value under a key; no error if there is none.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.
        """

    async def delete_dir(self, prefix: str) -> None:
        """Remove every key under a prefix.

        Parameters
        ----------
        prefix
            A path, without a slash at its end; `""` is the whole store.
        """
        self._check_writable()
        prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        keys = [key async for key in self.list_prefix(prefix)]
        for key in keys:
            await self.delete(key)

    async def clear(self) -> None:
        """Remove every key of the store."""
        self._check_writable()
        await self.delete_dir("")

    # -- listing ------------------------------------------------------------------------------------------------

    @abstractmethod
    def list(self) -> AsyncIterator[str]:
        """All keys."""

    @abstractmethod
    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin with a prefix, whole.

        Parameters
        ----------
        prefix
            The beginning; not necessarily a whole segment.
        """

    @abstractmethod
    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names of the keys and prefixes directly under a prefix, without it.

        Parameters
        ----------
        prefix
            A path; `""` is the root.
        """

    async def is_empty(self, prefix: str) -> bool:
        """Whether no key lies under a prefix.

        Parameters
        ----------
        prefix
            A path; `""` is the root.
        """
        prefix = prefix.rstrip("/")
        prefix = prefix and f"{prefix}/"
        async for _ in self.list_prefix(prefix):
            return False
        return True

    async def getsize(self, key: str) -> int:
        """Size of the value under a key, in bytes.

        Parameters
        ----------
        key
            Name of the value: segments joined by `/`.

        Raises
        ------
        FileNotFoundError
            If there is no such key.
        """
        value = await self.get(key, prototype=default_buffer_prototype())
        if value is None:
            raise FileNotFoundError(key)
        return len(value)

    async def getsize_prefix(self, prefix: str) -> int:
        """Total size of the values under a prefix, in bytes.

        Parameters
        ----------
        prefix
            A path; `""` is the root.
        """
        keys = [key async for key in self.list_prefix(prefix)]
        return sum([await self.getsize(key) for key in keys])


@runtime_checkable
class SupportsGetSync(Protocol):
    """A third-party store that can also be read without an event loop."""

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None: ...


@runtime_checkable
class SupportsSetSync(Protocol):
    """A third-party store that can also be written without an event loop."""

    def set_sync(self, key: str, value: Buffer) -> None: ...


@runtime_checkable
class SupportsDeleteSync(Protocol):
    """A third-party store that can also delete without an event loop."""

    def delete_sync(self, key: str) -> None: ...


@runtime_checkable
class SupportsSyncStore(SupportsGetSync, SupportsSetSync, SupportsDeleteSync, Protocol):
    """All three."""


@runtime_checkable
class ByteGetter(Protocol):
    """A place that can be read: a `StorePath`, say."""

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None: ...


@runtime_checkable
class ByteSetter(Protocol):
    """A place that can be read and written."""

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None: ...
    async def set(self, value: Buffer) -> None: ...
    async def delete(self) -> None: ...
    async def set_if_not_exists(self, default: Buffer) -> None: ...


@runtime_checkable
class SyncByteGetter(Protocol):
    """A place that can be read without an event loop."""

    def get_sync(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None: ...


@runtime_checkable
class SyncByteSetter(SyncByteGetter, Protocol):
    """A place that can be read and written without an event loop."""

    def set_sync(self, value: Buffer) -> None: ...
    def delete_sync(self) -> None: ...


async def set_or_delete(byte_setter: ByteSetter, value: Buffer | None) -> None:
    """Store a value, or delete what is there if it is None.

    Parameters
    ----------
    byte_setter
        The place, for example a `StorePath`.
    value
        The bytes, or None.

    Examples
    --------
    >>> import asyncio
    >>> import zarr
    >>> from zarr.abc.store import set_or_delete
    >>> place = zarr.storage.StorePath(zarr.storage.MemoryStore(), "key")
    >>> asyncio.run(set_or_delete(place, zarr.buffer.cpu.Buffer.from_bytes(b"value")))
    >>> asyncio.run(place.exists())
    True
    """
    if value is None:
        await byte_setter.delete()
    else:
        await byte_setter.set(value)


class SyncStore(Store):
    """A store whose every operation returns without an event loop, with versions and holds.

    A subclass defines the eight abstract methods below; reading, writing, listing and the asynchronous face of
    zarr-python follow from them. Keys arrive unchecked at the public methods and checked at these.
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True
    _may_block = False
    """True if an operation can wait for a disk or a lock: the async face then runs it in a worker thread."""

    # -- the contract -------------------------------------------------------------------------------------------

    @abstractmethod
    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        """Read an object or a part of it.

        With `version`, the bytes come from that version even if the key was replaced or deleted meanwhile.
        None only if there is no such key; any failure to read is an error (OSError).
        """

    @abstractmethod
    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        """Replace an object whole and atomically, or create it.

        With `expected=ABSENT` or a version, only if that is what is stored at this moment; returns whether it was.
        `value` is not aliased after the call. A failure leaves what was there. `hold` is the hold under which the
        caller works, if it has one that covers this key.
        """

    @abstractmethod
    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        """Delete an object under the same conditions as `put`. Returns False only if `expected` did not hold."""

    @abstractmethod
    def hold(self, prefix: str) -> Hold:
        """Wait for, and take, the exclusive right to change the keys directly under `prefix` (`""` = the root)."""

    @abstractmethod
    def list_keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`."""

    @abstractmethod
    def list_names(self, prefix: str) -> Iterator[str]:
        """Names directly under `prefix` (given without a trailing slash), keys and prefixes alike."""

    @abstractmethod
    def remove_prefix(self, prefix: str) -> None:
        """Delete every key under `prefix` (without a trailing slash; `""` = everything)."""

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Size of an object in bytes, None if there is none."""

    # -- derived: zarr-python's synchronous protocol ------------------------------------------------------------

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The value under `key` or a part of it; None if there is none."""
        stored = self.read(check_key(key), byte_range, prototype=prototype)
        return None if stored is None else stored.data

    def set_sync(self, key: str, value: Buffer) -> None:
        """Replace the value under `key`."""
        self._check_writable()
        self.put(check_key(key), _require_buffer(value))

    def delete_sync(self, key: str) -> None:
        """Remove the value under `key`; no error if there is none."""
        self._check_writable()
        self.remove(check_key(key))

    # -- derived: the asynchronous face -------------------------------------------------------------------------

    async def _call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if not self._may_block or sys.is_finalizing():
            return function(*args, **kwargs)
        with importing:
            import asyncio  # on use: synchronous programs never pay for it

        call = partial(contextvars.copy_context().run, function, *args, **kwargs)
        try:
            called = asyncio.get_running_loop().run_in_executor(None, call)
        except RuntimeError:  # the interpreter is about to end and starts no more threads: as in an atexit handler
            return function(*args, **kwargs)
        return await called

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        found: Buffer | None = await self._call(self.get_sync, key, prototype=prototype, byte_range=byte_range)
        return found

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        return await self._call(self.size, check_key(key)) is not None

    async def set(self, key: str, value: Buffer) -> None:
        await self._call(self.set_sync, key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._call(self.put, check_key(key), _require_buffer(value), expected=ABSENT)

    async def delete(self, key: str) -> None:
        await self._call(self.delete_sync, key)

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        prefix = prefix.rstrip("/")
        await self._call(self.remove_prefix, prefix and check_key(prefix))

    async def list(self) -> AsyncIterator[str]:
        for key in await self._call(_collect, self.list_keys, ""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        check_prefix(prefix)
        for key in await self._call(_collect, self.list_keys, prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        prefix = prefix.rstrip("/")
        for name in await self._call(_collect, self.list_names, prefix and check_key(prefix)):
            yield name

    async def getsize(self, key: str) -> int:
        nbytes: int | None = await self._call(self.size, check_key(key))
        if nbytes is None:
            raise FileNotFoundError(key)
        return nbytes


def _share(key: str, group: RangeGroup, found: Buffer | None) -> list[tuple[int, Buffer]]:
    """What each request of a group gets of its answer."""
    if found is None:
        raise FileNotFoundError(key)
    return [(i, found[part]) for i, part in group.members]


async def _or_group(key: str, answer: Awaitable[T]) -> T:
    try:
        return await answer
    except Exception as exc:
        raise _failed(key, exc) from exc


def _failed(key: str, exc: Exception) -> ExceptionGroup[Exception]:
    """Callers handle the failures of many requests, so even one comes as a group."""
    return ExceptionGroup(f"reading parts of {key!r} failed", [exc])


def _collect(function: Any, prefix: str) -> Sequence[str]:
    return list(function(prefix))


def _require_buffer(value: object) -> Buffer:
    if not isinstance(value, Buffer):
        raise TypeError(
            f"a store value must be a Buffer, got {type(value).__name__}. "
            "Wrap bytes with zarr.buffer.cpu.Buffer.from_bytes()."
        )
    return value
