"""The files that archives lie in: by descriptors of our own, without a common offset, or through a file object of the user's."""

from __future__ import annotations

import os
from io import FileIO, TextIOBase, UnsupportedOperation
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from zarr._store import system
from zarr._store.descriptors import open_into
from zarr._store.zipped.layout import Bytes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from zarr._buffer import BytesLike

Identity: TypeAlias = tuple[int, int, int, int]
_MOST_AT_ONCE = 1 << 30


class File(Bytes, Protocol):
    """What archives are read from and written to, at given places. Several threads may read at once."""

    def write_at(self, start: int, data: BytesLike) -> None: ...
    def truncate(self, nbytes: int) -> None: ...
    def sync(self) -> None: ...


class OwnFile:
    """A file that is open here, as long as the object lives. Reading moves nothing, so forked processes may share it.

    Parameters
    ----------
    path
        Of the file.
    flags
        As for `os.open`.
    label
        How errors call it; the path, if nothing is said.
    """

    __slots__ = ("_opened", "label")
    is_far = False
    pins = True

    def __init__(self, path: str, flags: int, label: str | None = None) -> None:
        self._opened: list[int] = []
        self.label = label or path
        self.open(path, flags)

    def open(self, path: str, flags: int) -> None:
        """Open it, at first or again."""
        open_into(self._opened, path, flags)

    @classmethod
    def twin(cls, fd: int, label: str) -> OwnFile:
        """The file that a descriptor of somebody else's leads to."""
        twin = cls.__new__(cls)
        twin._opened, twin.label = [], label
        twin._opened.extend(map(os.dup, (fd,)))
        return twin

    @property
    def fd(self) -> int:
        return self._opened[0]

    @property
    def nbytes(self) -> int:
        return os.fstat(self.fd).st_size

    @property
    def identity(self) -> Identity:
        return identity(os.fstat(self.fd))

    def read_at(self, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop`, fewer if the file ends before."""
        fd = self.fd
        data = system.read_at(fd, min(stop - start, _MOST_AT_ONCE), start)
        if len(data) == stop - start or not data:
            return data
        parts, at = [data], start + len(data)
        while at < stop and (part := system.read_at(fd, min(stop - at, _MOST_AT_ONCE), at)):
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def write_at(self, start: int, data: BytesLike) -> None:
        view = memoryview(data).cast("B")
        while len(view):
            n_written = system.write_at(self.fd, view[:_MOST_AT_ONCE], start)
            view, start = view[n_written:], start + n_written

    def truncate(self, nbytes: int) -> None:
        os.ftruncate(self.fd, nbytes)

    def sync(self) -> None:
        os.fsync(self.fd)

    def close(self) -> None:
        if self._opened:
            (fd,), self._opened = self._opened, []
            os.close(fd)

    def __del__(self) -> None:
        try:
            self.close()
        except AttributeError:  # interrupted so early that it has none
            pass


class GivenFile:
    """A file object of the user's, which stays open. It has one position, so its users take turns.

    Parameters
    ----------
    file
        With `read`, `seek` and `tell`.
    guard
        Taken for each of them.
    """

    __slots__ = ("_file", "_guard", "label")
    is_far = False
    pins = True

    def __init__(self, file: Any, guard: AbstractContextManager[Any]) -> None:
        self._file = file
        self._guard = guard
        self.label = f"the archive in {file!r}"

    @property
    def nbytes(self) -> int:
        with self._guard:
            return int(self._file.seek(0, os.SEEK_END))

    def read_at(self, start: int, stop: int) -> bytes:
        parts: list[bytes] = []
        with self._guard:
            self._file.seek(start)
            while start < stop and (part := self._file.read(stop - start)):
                parts.append(bytes(part))
                start += len(part)
        return b"".join(parts)

    def write_at(self, start: int, data: BytesLike) -> None:
        view = memoryview(data).cast("B")
        with self._guard:
            self._file.seek(start)
            while len(view):
                view = view[self._file.write(view) :]

    def truncate(self, nbytes: int) -> None:
        with self._guard:
            self._file.truncate(nbytes)

    def sync(self) -> None:
        with self._guard:
            self._file.flush()


def file_of(given: Any, guard: Any, *, for_reading: bool) -> File:
    """A file object of the user's; if it is only read, and is a file of the system's, by a descriptor of ours."""
    if for_reading and isinstance(getattr(given, "raw", given), FileIO):
        return OwnFile.twin(given.fileno(), f"the archive in {given!r}")
    return GivenFile(given, guard)


def check_writable(given: Any) -> None:
    """Raise UnsupportedOperation for a file object that is open for reading only."""
    writable = getattr(given, "writable", None)
    if writable is not None and not writable():
        raise UnsupportedOperation(
            f"the archive in {given!r} cannot be changed: open the file with 'r+b' or 'w+b', or read it with mode='r'"
        )


def what_hinders(given: Any) -> str:
    """What speaks against a file object as an archive; empty if nothing does."""
    if not all(callable(getattr(given, name, None)) for name in ("read", "seek", "tell")):
        return type(given).__name__
    if isinstance(given, TextIOBase):
        return f"{given!r}, which is open for text; open it with 'rb', 'r+b' or 'w+b'"
    seekable = getattr(given, "seekable", None)
    if seekable is not None and not getattr(given, "closed", False) and not seekable():
        return f"{given!r}, which has no places to seek; save it to a file first, or in an io.BytesIO"
    return ""


def identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
