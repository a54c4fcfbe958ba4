"""Values as files of a file system of fsspec, and the two contracts over them.

What is done is written once, in coroutines (`Files`). Over a file system that is near they never wait: there `SyncFiles` runs
them to their end as functions. Everywhere else `AwaitedFiles` awaits them.

No file system tells the version of what it read, so there are none: writers of one process take turns. A value that must
not be there yet is stored by the file system's own exclusive creation, if it has that.
"""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range
from zarr._store.capabilities import Capabilities
from zarr._store.keys import check_key, check_prefix
from zarr._store.remote.describing import url_of, without_secrets
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import ABSENT, ANY, AsyncStore, Expected, Hold, Stored, SyncStore, Version
from zarr._support.signals import came_from_a_signal
from zarr.errors import BaseZarrError, StoreAbilityError

if TYPE_CHECKING:
    from zarr._store.remote.calling import Calls

T = TypeVar("T")
_MAGIC = frozenset("*?[")
_MOST_AT_ONCE = 1000
_MOST_ATTEMPTS = 4
_KINDS = (PermissionError, TimeoutError, ConnectionError, BlockingIOError, IsADirectoryError, NotADirectoryError)
_EMPTY = CPUBuffer.from_bytes(b"")
_NOTHING = (0, 0)


class Files:
    """Values below a path of a file system, each a file named by its key.

    Parameters
    ----------
    calls
        Of the file system.
    root
        Path of the store in it.
    missing
        Exceptions that say that something is not there.
    """

    capabilities = Capabilities(lists=True, takes_any_key=True)
    """What can be relied on where it is awaited."""

    def __init__(self, calls: Calls, root: str, missing: tuple[type[Exception], ...]) -> None:
        self.calls, self._missing = calls, missing
        self.root = root.rstrip("/")
        self._below = f"{calls.fs._strip_protocol(self.root).strip('/')}/" if self.root else ""
        self._creates = calls.takes("pipe_file", "mode")
        # s3fs asks for the size first where it may read in several parts, and trusts what it remembers of that.
        self._whole = {"max_concurrency": 1} if calls.takes("cat_file", "max_concurrency") else {}

    def path(self, key: str) -> str:
        """Where a key is; the root for none."""
        return f"{self.root}/{key}".rstrip("/") if self.root else key

    def turns(self, prefix: str) -> tuple[Turns, str]:
        """The turns of all who write to the file system, and what the right on a prefix is called among them."""
        return self.calls.turns, self._below + prefix

    def url(self, key: str) -> str:
        """The same, for people."""
        return url_of(self.calls.fs, self.path(key))

    # -- reading ------------------------------------------------------------------------------------------------

    async def read(self, key: str, byte_range: ByteRequest | None, version: Version | None = None) -> Stored | None:
        start, end = _bounds(byte_range)
        with self._told("read", key):
            return await self._read(key, start, end, version)

    async def size(self, key: str) -> int | None:
        with self._told("looked at", key):
            return await self._size(key)

    async def _read(
        self, key: str, start: int | None = None, end: int | None = None, version: Version | None = None
    ) -> Stored | None:
        if (start, end) == _NOTHING:
            return None if await self._size(key) is None else Stored(_EMPTY, None)
        part = self._whole if start is None else {"start": start, "end": end}
        for _ in range(_MOST_ATTEMPTS):
            try:
                data = await self.calls.ask("cat_file", self.path(key), **part)
            except self._missing:
                return None
            except Exception as exc:
                if start is None or came_from_a_signal(exc) or not await self._ends_before(key, start):
                    raise
                return Stored(_EMPTY, None)
            nbytes = await self._due(key, len(data), start, end)
            if nbytes is None:
                return None
            if len(data) == nbytes:
                return Stored(CPUBuffer.from_bytes(data), None, len(data) if start is None else -1)
        raise OSError(f"after {_MOST_ATTEMPTS} attempts: of {nbytes} bytes that were asked for only {len(data)} came")

    async def _ends_before(self, key: str, start: int) -> bool:
        """Whether a part could not be read because the value is shorter: to some servers that is an error."""
        size = await self._size(key) if start > 0 else None
        return size is not None and size <= start

    async def _due(self, key: str, nbytes: int, start: int | None, end: int | None) -> int | None:
        """How many bytes had to come when so many did; None if there is no such value any more.

        Less than was asked for is right at the end of a value only. More is refused: a server that knows no ranges answers with
        everything.
        """
        if start is None:
            return nbytes
        most = -start if start < 0 else nbytes if end is None else end - start
        if nbytes > most:
            raise OSError(
                f"{most} bytes were asked for, and {nbytes} came: the server does not answer for parts of a value. Use one "
                "that answers range requests, or a copy of the data"
            )
        if nbytes == most:
            return nbytes
        size = await self._size(key)
        return None if size is None else min(most, size if start < 0 else max(0, size - start))

    async def _size(self, key: str) -> int | None:
        try:
            self.calls.forget_listings()
            info = await self.calls.ask("info", self.path(key))
        except self._missing:
            return None
        if info.get("type") == "directory":
            return None
        if (size := info.get("size")) is not None:
            return int(size)
        stored = await self._read(key)
        return None if stored is None else len(stored.data)

    # -- writing ------------------------------------------------------------------------------------------------

    async def put(self, key: str, value: Buffer, *, is_new: bool) -> bool:
        data = value.to_bytes()
        with self._told("stored", key):
            if is_new:
                return await (self._create(key, data) if self._creates else self._create_by_looking(key, data))
            await self._pipe(key, data)
            return True

    async def _pipe(self, key: str, data: bytes, **how: Any) -> None:
        path = self.path(key)
        try:
            await self.calls.change("pipe_file", path, data, **how)
        except FileNotFoundError:
            if not await self._made_directory(path.rpartition("/")[0]):
                raise
            await self.calls.change("pipe_file", path, data, **how)

    async def _made_directory(self, path: str) -> bool:
        """Whether a directory was made that was missing: where there are directories. Buckets are left to their owners."""
        outermost = path[: path.find("/", 1)] if "/" in path[1:] else path
        if not outermost or not (self.calls.is_here or await self.calls.ask("exists", outermost)):
            return False
        await self.calls.change("makedirs", path, exist_ok=True)
        return True

    async def _create(self, key: str, data: bytes) -> bool:
        try:
            await self._pipe(key, data, mode="create")
        except OSError as exc:
            # s3fs says with EINVAL that a condition failed; and what is in the way of a directory may exist, too.
            is_there = isinstance(exc, FileExistsError) or exc.errno == errno.EINVAL
            if not is_there or came_from_a_signal(exc) or await self._size(key) is None:
                raise
            return False
        return True

    async def _create_by_looking(self, key: str, data: bytes) -> bool:
        if await self._size(key) is not None:
            return False
        await self._pipe(key, data)
        stored = await self._read(key)
        return stored is not None and stored.data.to_bytes() == data

    async def remove(self, key: str) -> None:
        with self._told("deleted", key):
            await self._remove_file(self.path(key))

    async def _remove_file(self, path: str) -> None:
        with suppress(*self._missing):
            await self.calls.change("rm_file", path)

    async def remove_prefix(self, prefix: str) -> None:
        paths = [self.path(key) for key in await self.list_keys(f"{prefix}/" if prefix else "")]
        plain = [path for path in paths if _MAGIC.isdisjoint(path)]  # what takes several takes patterns, too
        with self._told("deleted", f"{prefix}/"):
            for first in range(0, len(plain), _MOST_AT_ONCE):
                await self._remove_files(plain[first : first + _MOST_AT_ONCE])
            for path in paths:
                if not _MAGIC.isdisjoint(path):
                    await self._remove_file(path)
            names = [prefix] if prefix else await self._found("ls", "", detail=False)
            for name in names:
                await self._remove_directory(self.path(name))

    async def _remove_files(self, paths: list[str]) -> None:
        try:
            await self.calls.change("rm", paths)
        except self._missing:  # somebody else has deleted some
            for path in paths:
                await self._remove_file(path)

    async def _remove_directory(self, path: str) -> None:
        """Remove a directory that holds nothing but directories, where there are such things."""
        if _MAGIC.isdisjoint(path) and await self.calls.ask("isdir", path):
            with suppress(FileExistsError, *self._missing):
                await self.calls.change("rm", path, recursive=True)

    # -- listing ------------------------------------------------------------------------------------------------

    async def list_keys(self, prefix: str) -> Sequence[str]:
        above = check_prefix(prefix)
        with self._told("listed", prefix):
            found = await (self._walked(above) if self.calls.finds_by_walking() else self._found("find", above))
        return sorted({key for key in found if key.startswith(prefix)})

    async def list_names(self, prefix: str) -> Sequence[str]:
        below = f"{prefix}/" if prefix else ""
        with self._told("listed", below):
            found = await self._found("ls", prefix, detail=False)
        names = {key[len(below) :] for key in found if key.startswith(below)}
        return sorted(name for name in names if name and "/" not in name)

    async def _found(self, method: str, prefix: str, **how: Any) -> list[str]:
        """What a method finds below a prefix, as keys and prefixes of this store."""
        try:
            self.calls.forget_listings()
            found = await self.calls.ask(method, self.path(prefix), **how)
        except self._missing:
            return []
        return self._as_keys(found)

    def _as_keys(self, paths: Iterable[str]) -> list[str]:
        strip = self.calls.fs._strip_protocol
        stripped = [strip(path).strip("/") for path in paths]
        return [path[len(self._below) :] for path in stripped if path.startswith(self._below)]

    async def _walked(self, prefix: str) -> list[str]:
        """The keys below a prefix, one level of directories after the other."""
        keys: list[str] = []
        directories = [self.path(prefix)]
        while directories:
            listings = await self.calls.together([self._entries(path) for path in directories])
            entries = [entry for listing in listings for entry in listing]
            keys += self._as_keys(entry["name"] for entry in entries if entry["type"] != "directory")
            directories = [entry["name"] for entry in entries if entry["type"] == "directory"]
        return keys

    async def _entries(self, path: str) -> list[dict[str, Any]]:
        """What is in a directory; nothing if it was deleted meanwhile."""
        try:
            self.calls.forget_listings()
            found: list[dict[str, Any]] = await self.calls.ask("ls", path, detail=True)
        except self._missing:
            return []
        return [entry for entry in found if entry["name"].strip("/") != path.strip("/")]

    # -- errors -------------------------------------------------------------------------------------------------

    @contextmanager
    def _told(self, done: str, key: str) -> Iterator[None]:
        """Have what goes wrong say where, and nothing that is secret."""
        try:
            yield
        except BaseZarrError:
            raise
        except Exception as exc:
            if came_from_a_signal(exc):
                raise
            said = without_secrets(str(exc), self.calls.fs)
            where = f"under key {key!r}" if key else "in the store"
            reason = f"{type(exc).__name__}: {said or 'no more is known'}"
            text = f"what is {where} cannot be {done}, at {self.url(key)}: {reason}"
            raise self._as_failure(exc, text, done) from (exc if said == str(exc) else None)

    def _as_failure(self, exc: Exception, text: str, done: str) -> Exception:
        if isinstance(exc, NotImplementedError):
            return StoreAbilityError(
                f"{text}. {type(self.calls.fs).__name__} does not do that; use another file system."
            )
        if isinstance(exc, PermissionError) and done in ("read", "looked at"):
            text += (
                ". To who may not list, some servers say this of what is not there: if this one does, pass "
                "allowed_exceptions=(FileNotFoundError, PermissionError) to FsspecStore"
            )
        kind = next((kind for kind in _KINDS if isinstance(exc, kind)), OSError)
        failure = kind(text)
        failure.errno = getattr(exc, "errno", None)
        return failure


def _bounds(byte_range: ByteRequest | None) -> tuple[int | None, int | None]:
    """A range as file systems take it: from the end if it starts below 0; `_NOTHING` if no byte is in it."""
    resolve_range(byte_range, 0)  # refuses what is none
    match byte_range:
        case RangeByteRequest(start, end):
            return (start, end) if start < end else _NOTHING
        case SuffixByteRequest(nbytes):
            return (-nbytes, None) if nbytes else _NOTHING
        case OffsetByteRequest(offset) if offset:
            return offset, None
    return None, None


class AwaitedFiles(AsyncStore):
    """The asynchronous contract over files.

    Parameters
    ----------
    files
        The files.
    read_only
        Whether nothing may be written or deleted.
    """

    def __init__(self, files: Files, *, read_only: bool) -> None:
        super().__init__(read_only=read_only)
        self._files = files
        self.capabilities = files.capabilities

    def __eq__(self, other: object) -> bool:
        return self is other

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        return self._files.turns(prefix)

    async def read(
        self, key: str, byte_range: ByteRequest | None = None, *, version: Version | None = None
    ) -> Stored | None:
        return await self._files.read(key, byte_range, version)

    async def put(self, key: str, value: Buffer, *, expected: Expected = ANY) -> bool:
        return await self._files.put(key, value, is_new=expected is ABSENT)

    async def remove(self, key: str, *, expected: Expected = ANY) -> bool:
        if expected is ABSENT:
            return await self._files.size(key) is None
        await self._files.remove(key)
        return True

    async def size(self, key: str) -> int | None:
        return await self._files.size(key)

    async def list_keys(self, prefix: str) -> Sequence[str]:
        return await self._files.list_keys(prefix)

    async def list_names(self, prefix: str) -> Sequence[str]:
        return await self._files.list_names(prefix)

    async def remove_prefix(self, prefix: str) -> None:
        await self._files.remove_prefix(prefix)

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        for key in await self._files.list_keys(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        prefix = prefix.rstrip("/")
        for name in await self._files.list_names(prefix and check_key(prefix)):
            yield name


class SyncFiles(SyncStore):
    """The synchronous contract over files of a file system that is near.

    Parameters
    ----------
    files
        The files.
    read_only
        Whether nothing may be written or deleted.
    """

    capabilities = Capabilities(sync=True, holds_between_threads=True, lists=True, takes_any_key=True)
    may_block = True

    def __init__(self, files: Files, *, read_only: bool) -> None:
        super().__init__(read_only=read_only)
        self._files = files

    def __eq__(self, other: object) -> bool:
        return self is other

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        stored = _done(self._files.read(key, byte_range))
        if stored is not None and prototype is not None:
            stored.data = prototype.buffer.from_buffer(stored.data)
        return stored

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        return self._in_turn(
            key.rpartition("/")[0], hold, lambda: _done(self._files.put(key, value, is_new=expected is ABSENT))
        )

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        if expected is ABSENT:
            return self.size(key) is None

        def delete() -> bool:
            _done(self._files.remove(key))
            return True

        return self._in_turn(key.rpartition("/")[0], hold, delete)

    def _in_turn(self, prefix: str, hold: Hold | None, function: Any) -> bool:
        turns, name = self._files.turns(prefix)
        done: bool = turns.change(name, hold, function)
        return done

    def hold(self, prefix: str) -> Hold:
        return Turn(*self._files.turns(prefix))

    def list_keys(self, prefix: str) -> Iterator[str]:
        return iter(_done(self._files.list_keys(prefix)))

    def list_names(self, prefix: str) -> Iterator[str]:
        return iter(_done(self._files.list_names(prefix)))

    def remove_prefix(self, prefix: str) -> None:
        def delete() -> bool:
            _done(self._files.remove_prefix(prefix))
            return True

        self._in_turn(prefix, None, delete)

    def size(self, key: str) -> int | None:
        return _done(self._files.size(key))


def _done(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a file system of functions has to be awaited")
