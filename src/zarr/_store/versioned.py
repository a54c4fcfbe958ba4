"""The versioned contract: what a store offers so that nothing is lost between writers.

Reads carry a version, and replacing or deleting can be made to depend on it. There are two forms. `SyncStore` is what our
own local stores implement: every operation returns without an event loop. `AsyncStore` is for stores that are reached over
a network: the same operations are coroutines. Both derive zarr-python's asynchronous face, so each operation is written
once.

Versions
    A `Version` is opaque and belongs to the store that issued it. It *pins* the object it came from: as long as it
    lives, a read with `version=` sees the very bytes of that version (a local store keeps the file open, a memory
    store keeps the value). `put(..., expected=version)` stores only if the object is still that version. No time
    stamp is trusted for this. A store that cannot pin an object may refuse to read on, with ConcurrentChangeError: an
    object store sends the version with every range (If-Match), and whoever asks begins again.
Holds
    `hold(prefix)` excludes every other writer (threads, processes) from the keys directly under that prefix, until it
    is released or its owner dies. Writers of single objects need none: they compare and swap, and take the hold
    only after losing a race, so that they win the next round. Append and resize hold their node from reading the
    shape to publishing it, and pass the hold along to the writes made under it (`hold=`), which then do not lock again.
    A store whose holds are leases (`holds_objects`) has one for each object, which is taken before the object is read. They can be
    lost: a put then answers False, or raises HoldLostError where the hold is one on a prefix.
Keys
    Checked by `check_key` before they reach the medium. Names that begin with `__` are the store's own business
    (temporary files); listings never show them.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest
from zarr._buffer.pieces import Pieced, Sink
from zarr._store.absence import absence_in
from zarr._store.abstract import Store
from zarr._store.capabilities import Capabilities
from zarr._store.keys import check_key, check_prefix
from zarr._support.threads import in_request_thread, in_worker_thread, until_over

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.native_place import NativePlace
    from zarr._store.staging import Staging


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
        Pins the object that was read; None where the store has no versions. Caches can keep what was read for other processes if it is
        a text or a number, or has one as its `tag`, or a list of them.
    nbytes
        Size of the whole object, -1 if the store did not say.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore({"key": zarr.buffer.cpu.Buffer.from_bytes(b"0123456789")})
    >>> found = store.read("key", zarr.abc.store.RangeByteRequest(2, 5))
    >>> found.data.to_bytes(), found.nbytes
    (b'234', 10)
    """

    data: Buffer
    version: Version | None
    nbytes: int = -1

    @property
    def is_pinned(self) -> bool:
        """Whether further reads of its version are certain to be of that. A version whose `pins` is False is compared as far as it goes."""
        return self.version is not None and getattr(self.version, "pins", True)

    def release(self) -> None:
        """Give up the version, if it is one that keeps something open.

        It would go by itself, but then in a destructor, where Python reports a KeyboardInterrupt and drops it.
        """
        release = getattr(self.version, "release", None)
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

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
    """The hold of a store that has no locks: excludes nobody.

    Examples
    --------
    >>> from zarr.abc.store import NoHold
    >>> with NoHold():
    ...     pass
    """

    __slots__ = ()

    def release(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class Unlocked(NoHold):
    """Given as the hold to a change that needs no lock: the caller knows that nobody else changes the object."""

    __slots__ = ()

    def rely_on(self) -> None:
        pass


UNLOCKED: Final = Unlocked()


class SyncStore(Store):
    """A store whose every operation returns without an event loop, with versions and holds.

    A subclass defines the eight abstract methods below; reading, writing, listing and the asynchronous face of
    zarr-python follow from them. Keys arrive unchecked at the public methods and checked at these. The guide has a whole one
    under "Extending".

    Parameters
    ----------
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> isinstance(store, zarr.abc.store.SyncStore)
    True
    >>> store.put("key", zarr.buffer.cpu.Buffer.from_bytes(b"first"))
    True
    >>> seen = store.read("key").version
    >>> store.put("key", zarr.buffer.cpu.Buffer.from_bytes(b"second"), expected=seen)
    True
    >>> store.put("key", zarr.buffer.cpu.Buffer.from_bytes(b"third"), expected=seen)
    False
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True
    may_block: bool = False
    """True if an operation can wait for a disk or a lock: the async face then runs it in a worker thread."""

    capabilities: Capabilities = Capabilities(
        sync=True,
        pins_versions=True,
        puts_conditionally=True,
        removes_conditionally=True,
        holds_between_threads=True,
        lists=True,
        tells_sizes=True,
        takes_any_key=True,
    )
    """What the class promises; one that promises more says so."""

    def native_place(self) -> NativePlace | None:
        """Where an engine finds the values by itself; None if it has to ask for them.

        Only for a class whose promises the engine knows how to keep: a subclass may do anything.
        """
        return None

    def _absence(self, path: str) -> str:
        def stored(key: str) -> bytes | None:
            found = self.read(key)
            return None if found is None else found.without_version().to_bytes()

        return absence_in(stored, self.list_names, path)

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

    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]:
        """Several reads, each given as key, byte range and version. A store that has a faster way than one by one takes it."""
        return [self.read(key, byte_range, version=version) for key, byte_range, version in reads]

    @abstractmethod
    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        """Replace an object whole and atomically, or create it.

        With `expected=ABSENT` or a version, only if that is what is stored at this moment; returns whether it was.
        `value` is not aliased after the call. A failure leaves what was there. `hold` is the hold under which the
        caller works, if it has one that covers this key.
        """

    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool:
        """As `put`, of a value that `write` hands on piece by piece, while nobody else is kept from anything.

        It is asked for where `capabilities` have `takes_pieces`. What `write` raises passes as it is, and nothing is stored then.
        `write` may be called several times, each with a new sink.
        """
        return self.put(key, CPUBuffer.from_bytes(Pieced(write).joined()), expected=expected, hold=hold)

    @abstractmethod
    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        """Delete an object under the same conditions as `put`. Returns False only if `expected` did not hold."""

    @abstractmethod
    def hold(self, prefix: str) -> Hold:
        """Wait for, and take, the exclusive right to change the keys directly under `prefix` (`""` = the root)."""

    def hold_object(self, key: str, under: Hold | None = None) -> Hold:
        """Wait for, and take, the exclusive right to change one object, before it is read.

        It is asked for where `capabilities` have `holds_objects`. `under` is a hold that the caller has on a prefix which the key lies
        under.
        """
        return self.hold(key.rpartition("/")[0]) if under is None else NoHold()

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

    def present(self, keys: Sequence[str]) -> list[bool]:
        """Whether there is an object under each of some keys; one that keys lie below may be taken for one.

        A store that can tell faster than by their sizes does.
        """
        return [self.size(key) is not None for key in keys]

    def _staging(self, prefix: str) -> Staging | None:
        """What takes the place of all that is under a prefix at one moment, when it is made; None where nothing can.

        As `native_place`, only for a class that knows what its subclasses may not.
        """
        return None

    @property
    def _renames(self) -> bool:
        """Whether it has `_rename_prefix`."""
        return False

    def _rename_prefix(self, prefix: str, new: str) -> bool:
        """Give what is under a prefix another one, in one step; whether that was possible. Nothing is done where it was not."""
        return False

    def list_links(self, prefix: str) -> Iterator[str]:
        """Prefixes at and below `prefix` that are only names for what lies elsewhere, none of them below another.

        Given to `remove_prefix`, the name goes and what is behind it stays. Most stores have none.
        """
        return iter(())

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
        self.put(check_key(key), require_buffer(value))

    def delete_sync(self, key: str) -> None:
        """Remove the value under `key`; no error if there is none."""
        self._check_writable()
        self.remove(check_key(key))

    # -- derived: the asynchronous face -------------------------------------------------------------------------

    def _waits_to_be_opened(self) -> bool:
        return False  # it opens itself on use

    async def _call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if self.capabilities.is_remote:
            return await in_request_thread(partial(function, *args, **kwargs), until_over=lambda: False)
        if self._answers_at_once:
            return function(*args, **kwargs)
        return await in_worker_thread(partial(function, *args, **kwargs))

    async def _change(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """As `_call`, but if the caller is cancelled, that shows when the function has returned: it writes no more then."""
        if self.capabilities.is_remote:
            return await in_request_thread(partial(function, *args, **kwargs), until_over=lambda: True)
        if self._answers_at_once:
            return function(*args, **kwargs)
        return await until_over(in_worker_thread(partial(function, *args, **kwargs)))

    @property
    def _answers_at_once(self) -> bool:
        return not self.may_block or sys.is_finalizing()

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
        await self._change(self.set_sync, key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._change(self.put, check_key(key), require_buffer(value), expected=ABSENT)

    async def delete(self, key: str) -> None:
        await self._change(self.delete_sync, key)

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        prefix = prefix.rstrip("/")
        await self._change(self.remove_prefix, prefix and check_key(prefix))

    async def _stream(self, function: Any, prefix: str) -> AsyncIterator[str]:
        """What a listing gives; all of it is there before the first is."""
        for key in await self._call(_collect, function, prefix):
            yield key

    async def list(self) -> AsyncIterator[str]:
        async for key in self._stream(self.list_keys, ""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        check_prefix(prefix)
        async for key in self._stream(self.list_keys, prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        prefix = prefix.rstrip("/")
        for name in await self._call(_collect, self.list_names, prefix and check_key(prefix)):
            yield name

    async def _list_links(self, prefix: str) -> Sequence[str]:
        found: Sequence[str] = await self._call(_collect, self.list_links, prefix)
        return found

    async def getsize(self, key: str) -> int:
        nbytes: int | None = await self._call(self.size, check_key(key))
        if nbytes is None:
            raise FileNotFoundError(key)
        return nbytes


class SyncContract(Protocol):
    """What flows ask of a store that answers at once. A `SyncStore`, or what stands for one."""

    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def may_block(self) -> bool: ...
    def native_place(self) -> NativePlace | None: ...
    def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None: ...
    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]: ...
    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool: ...
    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool: ...
    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool: ...
    def hold(self, prefix: str) -> Hold: ...
    def hold_object(self, key: str, under: Hold | None = None) -> Hold: ...
    def list_keys(self, prefix: str) -> Iterator[str]: ...
    def list_names(self, prefix: str) -> Iterator[str]: ...
    def list_links(self, prefix: str) -> Iterator[str]: ...
    def remove_prefix(self, prefix: str) -> None: ...
    def size(self, key: str) -> int | None: ...
    def present(self, keys: Sequence[str]) -> list[bool]: ...


class AsyncContract(Protocol):
    """What flows ask of a store that has to be awaited. As `SyncStore`, without holds."""

    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def gets_ranges(self) -> bool: ...
    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None: ...
    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> Sequence[Stored | None]: ...
    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool: ...
    async def remove(self, key: str, *, expected: Expected = ANY) -> bool: ...
    async def size(self, key: str) -> int | None: ...
    async def list_keys(self, prefix: str) -> Sequence[str]: ...
    async def list_names(self, prefix: str) -> Sequence[str]: ...
    async def remove_prefix(self, prefix: str) -> None: ...


class AsyncStore(Store):
    """A store whose operations are coroutines, with versions.

    A subclass defines `read`, `put`, `remove`, `list_prefix`, `list_dir` and `__eq__`; the rest of zarr-python's face
    follows from them. Keys arrive unchecked at zarr-python's methods and checked at these. Writers of one process take turns
    where they change one object; between processes the versions decide. The guide has a whole one under "Extending".

    Parameters
    ----------
    read_only
        If True, nothing may be written or deleted through this object.

    Examples
    --------
    >>> import zarr
    >>> class Incomplete(zarr.abc.store.AsyncStore):
    ...     pass
    >>> sorted(Incomplete.__abstractmethods__)
    ['__eq__', 'list_dir', 'list_prefix', 'put', 'read', 'remove']
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True
    capabilities = Capabilities(
        pins_versions=True,
        puts_conditionally=True,
        removes_conditionally=True,
        lists=True,
        tells_sizes=True,
        takes_any_key=True,
    )
    """What the class promises; one that promises less says so."""

    # -- the contract -------------------------------------------------------------------------------------------

    @abstractmethod
    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None:
        """Read an object or a part of it: its bytes, version and size.

        With `version`, the bytes come from that version, or it is a ConcurrentChangeError: the key was replaced or deleted
        meanwhile. None only if there is no such key; any failure to read is an error.
        """

    @abstractmethod
    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        """Replace an object whole and atomically, or create it.

        With `expected=ABSENT` or a version, only if that is what is stored at this moment; returns whether it was. A
        failure leaves what was there.
        """

    @abstractmethod
    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        """Delete an object under the same conditions as `put`. Returns False only if `expected` did not hold."""

    gets_ranges: ClassVar[bool] = False
    """Whether `read_ranges` does better than several calls of `read` at once, as where one request fetches several."""

    async def read_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, version: Version | None, max_concurrency: int
    ) -> Sequence[Stored | None]:
        """Several parts of one object, as `read`, in the order asked for; so many requests at once at most."""
        raise NotImplementedError(f"{type(self).__name__} has gets_ranges set, so it has to define read_ranges too")

    async def size(self, key: str) -> int | None:
        """Size of an object in bytes, None if there is none."""
        stored = await self.read(key)
        return None if stored is None else len(stored.data)

    async def list_keys(self, prefix: str) -> Sequence[str]:
        """All keys that begin with `prefix`."""
        return [key async for key in self.list_prefix(prefix)]

    async def list_names(self, prefix: str) -> Sequence[str]:
        """Names directly under `prefix` (given without a trailing slash), keys and prefixes alike."""
        return [name async for name in self.list_dir(prefix)]

    async def remove_prefix(self, prefix: str) -> None:
        """Delete every key under `prefix` (without a trailing slash; `""` = everything)."""
        for key in await self.list_keys(f"{prefix}/" if prefix else ""):
            await self.remove(key)

    # -- derived: zarr-python's face ----------------------------------------------------------------------------

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        stored = await self.read(check_key(key), byte_range)
        if stored is None or prototype is None:
            return None if stored is None else stored.data
        return prototype.buffer.from_buffer(stored.data)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        return await self.size(check_key(key)) is not None

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self.put(check_key(key), require_buffer(value))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self.put(check_key(key), require_buffer(value), expected=ABSENT)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await self.remove(check_key(key))

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        prefix = prefix.rstrip("/")
        await self.remove_prefix(prefix and check_key(prefix))

    def list(self) -> AsyncIterator[str]:
        return self.list_prefix("")

    async def getsize(self, key: str) -> int:
        nbytes = await self.size(check_key(key))
        if nbytes is None:
            raise FileNotFoundError(key)
        return nbytes


def _collect(function: Any, prefix: str) -> Sequence[str]:
    return list(function(prefix))


def require_buffer(value: object) -> Buffer:
    """A value that a caller wants stored, if it is a buffer; else TypeError."""
    if not isinstance(value, Buffer):
        raise TypeError(
            f"a store value must be a Buffer, got {type(value).__name__}. "
            "Wrap bytes with zarr.buffer.cpu.Buffer.from_bytes()."
        )
    return value
