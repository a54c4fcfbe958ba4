"""Versions of files: which one a name leads to, and the bytes of one that has been replaced."""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from typing import Any

from zarr._store import system
from zarr._store.descriptors import open_into
from zarr._store.fresh_status import Status, fresh_status

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# Without waiting, as somebody may have put a pipe where a file should be.
_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_PAST_THE_CACHE = getattr(os, "O_DIRECT", 0)
_YOUNG_NS = 3_000_000_000
_LOOKS = 10


class FileVersion:
    """An open file: while it lives its inode cannot be used for another, so the inode tells this file from all others.

    Size and modification time are compared too, for programs that write into files in place.

    Parameters
    ----------
    path
        Of the file.
    by_reading
        Whether its end is looked for by reading there: clients of some file systems remember how large another file of that name was.
    """

    __slots__ = ("_opened", "identity", "nbytes")

    def __init__(self, path: str, *, by_reading: bool = False) -> None:
        self._opened: list[int] = []
        open_into(self._opened, path, _OPEN)
        status = os.fstat(self._opened[0])
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no file", path)
        if by_reading:
            status = _settled(self._opened[0], status)
        self.nbytes = status.st_size
        self.identity = identity_of(status)

    @property
    def tag(self) -> list[int] | None:
        """What tells this version from all others also when the file is closed; None as long as nothing does.

        The number of a file may be used again, and the system's clock stands still for a while: a file that was changed so lately
        could be replaced by another one of which it says the same.
        """
        status = os.fstat(self._opened[0])
        if time.time_ns() - status.st_ctime_ns < _YOUNG_NS:
            return None
        return [*identity_of(status), status.st_ctime_ns]

    def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop`, fewer if the file ends before."""
        (fd,) = self._opened
        data = system.read_at(fd, stop - start, start)
        if len(data) == stop - start or not data:
            return data
        parts = [data]
        at = start + len(data)
        while at < stop and (part := system.read_at(fd, stop - at, at)):
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def release(self) -> None:
        """Close the file now. Its blocks are freed at this moment if it was replaced, which can take the longest of all."""
        if self._opened:
            (fd,), self._opened = self._opened, []
            os.close(fd)

    def __del__(self) -> None:
        try:
            if self._opened:
                self.release()
        except AttributeError:  # interrupted so early that it has none, as `DirectoryHold`
            pass


class WatchedVersion(FileVersion):
    """An open file of a client that keeps bytes and sizes by names, as FUSE does, so that those of two versions get mixed.

    Its bytes are read past what the client keeps, no further than its end, and count only if nobody has put another file in its place
    until then.

    Parameters
    ----------
    path
        Of the file.
    status
        What was told of it before it was opened.

    Raises
    ------
    OSError
        With ESTALE, by `read`: it was replaced.
    """

    __slots__ = ("_path", "status")

    def __init__(self, path: str, status: Status) -> None:
        super().__init__(path)
        self._path, self.status = path, status
        self.nbytes, self.identity = status.nbytes, (status.device, status.ino, status.nbytes, status.mtime_ns)
        with suppress(OSError):  # where it is not possible, it is not kept either
            self._set_flags(_PAST_THE_CACHE)

    def _set_flags(self, flags: int) -> None:
        fcntl.fcntl(self._opened[0], fcntl.F_SETFL, flags)

    @property
    def tag(self) -> list[int] | None:
        return None

    def read(self, start: int, stop: int) -> bytes:
        try:
            data = super().read(start, stop)
        except OSError as exc:  # a client that wants whole blocks
            if exc.errno != errno.EINVAL:
                raise
            self._set_flags(0)
            data = super().read(start, stop)
        if len(data) != max(0, stop - start) or not self.is_at(self._path):
            raise OSError(errno.ESTALE, "it was replaced while it was read", self._path)
        return data

    def is_at(self, path: str) -> bool:
        """Whether a path leads to this file still."""
        try:
            return fresh_status(path) == self.status
        except FileNotFoundError:
            return False


def identity_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """What tells a file from others, as long as it is open, and from itself after it was changed."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _settled(fd: int, status: os.stat_result) -> os.stat_result:
    """What is told of an open file when there is nothing behind the end that is told, and something before it."""
    for _ in range(_LOOKS):
        end = status.st_size
        if not system.read_at(fd, 1, end) and (not end or system.read_at(fd, 1, end - 1)):
            break
        status = os.fstat(fd)
    return status
