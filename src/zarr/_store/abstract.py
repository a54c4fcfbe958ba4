"""The abstract class that third parties subclass, as zarr-python 3 defined it: asynchronous, with no versions.

What a store may offer besides, so that nothing is lost between writers, is in `versioned.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._buffer.byte_range import ByteRequest
from zarr._store.dask_tokens import dask_token
from zarr._store.ranges import RangeGroup, group_ranges
from zarr._store.whereabouts import AnyForm, steps_to
from zarr._support.imports_on_use import asyncio_module
from zarr._support.signals import came_from_a_signal
from zarr._support.truth import truth
from zarr.errors import StoreAbilityError

if TYPE_CHECKING:
    from typing import Self

    from zarr._store.strays import Stray
    from zarr._store.turns import Turns

T = TypeVar("T")
AccessMode: TypeAlias = Literal["r", "r+", "a", "w", "w-"]
_TO_WRITE = "Open it with mode='r+', or with read_only=False."


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
    _why_read_only: str = ""
    """Of a store that nobody can have in another form, with what to do instead."""

    def __init__(self, *, read_only: bool = False) -> None:
        self._is_open = False
        self._read_only = truth("read_only", read_only)

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

    def _waits_to_be_opened(self) -> bool:
        """Whether it has to be opened before it is asked for anything."""
        return not self._is_open

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

    def _describe(self, path: str) -> str:
        """The text of a place in the store, its root included."""
        return f"{str(self).rstrip('/')}/{path}" if path else str(self)

    def _known_as(self) -> str:
        """A text that tells this store from others, in every process, and holds no secret."""
        return str(self)

    def __dask_tokenize__(self) -> object:
        """What Dask tells this store from others by: what it is, and not what is stored in it."""
        return dask_token(self)

    def _absence(self, path: str) -> str:
        """Why there is no node at a path, where the store knows more than that there is none: for error texts."""
        return ""

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
        StoreAbilityError
            If the class does not define this method.
        """
        raise StoreAbilityError(
            f"with_read_only is not implemented for the {type(self)} store type. "
            f"Open a new store with read_only={read_only} instead."
        )

    def _check_listable(self) -> None:
        if not is_able(self.supports_listing):
            raise StoreAbilityError(
                f"This needs the names of what is stored, and a store of the kind {type(self).__name__} does not support "
                f"listing: {self!r}. Ask for arrays and groups by their paths, open a group that has consolidated "
                "metadata, or use a store that lists."
            )

    def _check_writable(self) -> None:
        if self.read_only:
            raise ValueError(
                f"store was opened in read-only mode and does not support writing: {self!r}. "
                f"{self._why_read_only or _TO_WRITE}"
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

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

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
        key
            Name of the value: segments joined by `/`.
        byte_ranges
            The parts, in any order; they may overlap.
        prototype
            Kind of buffer to return.
        max_concurrency
            Requests under way at once.
        max_gap_bytes, max_coalesced_bytes
            Parts share a request if the gap between them, and their union, are at most this.

        Yields
        ------
        Sequence[tuple[int, Buffer | None]]
            Per request, as they are answered: the parts that it served, each as its position in `byte_ranges` and its
            bytes.

        Raises
        ------
        ExceptionGroup
            Of what failed; of FileNotFoundError if there is no such value.
        """
        asyncio = asyncio_module()  # synchronous programs never pay for it

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
            if came_from_a_signal(exc):
                raise
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
        self._check_listable()
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

    async def _list_links(self, prefix: str) -> Sequence[str]:
        """Prefixes at and below a path that are only names for what lies elsewhere, none of them below another.

        Removing such a prefix takes the name away and leaves what is behind it. Only file systems have them.
        """
        return ()

    def _whereabouts(self, path: str) -> Sequence[object]:
        """What a place lies in, from the outside in, and the place itself last: each as something that can be compared.

        Two places that have the last in common are one, however they are called; one whose last is anywhere in those of another
        holds that. A store whose values can be reached in another way too, by another store or under other keys, says so here.
        """
        return steps_to(AnyForm(self), path)

    def _strays(self, prefix: str) -> Sequence[Stray]:
        """What lies below a prefix that is no value, and that no listing tells of. Most stores have none."""
        return ()

    def _discard(self, stray: Stray) -> bool:
        """Take away something that `_strays` told of, if it is nobody's; whether it is gone."""
        return False

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        """The turns that writers of this process take who reach one medium by several stores, and the name of a prefix there.

        None if nothing of the kind is known: then those take turns who reach the same place, if `_whereabouts` tell that, and else
        only those who have this very object.
        """
        return None

    async def _obstacle(self, key: str) -> Exception | None:
        """The error that says what hides a value which `get` has not found; None if there is just no such value."""
        return None

    async def is_empty(self, prefix: str) -> bool:
        """Whether no key lies under a prefix.

        Parameters
        ----------
        prefix
            A path; `""` is the root.
        """
        self._check_listable()
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
        value = await self.get(key, prototype=CPU_PROTOTYPE)
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
        self._check_listable()
        prefix = prefix.rstrip("/")
        keys = [key async for key in self.list_prefix(prefix and f"{prefix}/")]
        return sum([await self.getsize(key) for key in keys])


def is_able(said: object) -> bool:
    """What a store says that it can, by a property or, as some have it, by a method.

    Examples
    --------
    >>> is_able(True), is_able(lambda: False)
    (True, False)
    """
    return bool(said() if callable(said) else said)


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
