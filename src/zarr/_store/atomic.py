"""Files that appear whole or not at all.

A value is written to a file without a name, which is then given one: as a new name directly, or over an old one by way
of a temporary name, because the operating system has no "link over". So a writer that dies leaves nothing; only between
the two steps of a replacement does a temporary name exist. It tells its host, process and that process's start time,
and is removed by whoever lists the directory after its owner died. Where files without a name cannot be had, the
temporary name exists from the start.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zarr._store import system
from zarr._store.descriptors import open_new
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from io import FileIO
    from typing import Self

    from zarr._buffer import BytesLike
    from zarr._buffer.pieces import Sink

PREFIX = "__zarr-"
LEASE, NEW, BROKEN = f"{PREFIX}lease-", f"{PREFIX}new-", f"{PREFIX}broken-"
_OF_LEASES = (LEASE, NEW, BROKEN)
_SUFFIX = ".tmp"
_NAME = re.compile(rf"{PREFIX}(?P<owner>[0-9A-Za-z_.-]*-[0-9]+-[0-9]+)-[0-9]+\{_SUFFIX}")
_NO_NAMELESS = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.EPERM, errno.ENOSYS}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_MODE = 0o666  # less the umask
_MOST_PER_WRITE = 1 << 30
_SMALL_NBYTES = 1 << 16
_MOST_WAITING_NBYTES = 1 << 18
_numbers = itertools.count()


class NewFile:
    """A file that is not visible yet. Write it, and publish it once, or drop it by closing.

    Parameters
    ----------
    directory
        Existing directory in which it will appear.
    """

    __slots__ = ("_directory", "_file", "_temporary")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._temporary: str | None = None
        nameless = _open_nameless(directory)
        if nameless is None:
            self._temporary = temporary_name(directory)
            self._file = open_new(self._temporary, os.O_CREAT | os.O_EXCL, _MODE)
        else:
            self._file = nameless

    def append(self, data: BytesLike) -> None:
        """Write at the end."""
        view = memoryview(data).cast("B")
        fd = self._file.fileno()
        while len(view):
            view = view[os.write(fd, view[:_MOST_PER_WRITE]) :]

    def overwrite(self, offset: int, data: BytesLike) -> None:
        """Write in the place of what is there."""
        os.lseek(self._file.fileno(), offset, os.SEEK_SET)
        self.append(data)
        os.lseek(self._file.fileno(), 0, os.SEEK_END)

    def sync(self) -> None:
        """Wait until the contents are on the disk."""
        os.fsync(self._file.fileno())

    def publish(self, path: str, *, replace: bool, is_taken: bool = False) -> bool:
        """Give it a name. Returns False, with nothing changed, if the name is taken and `replace` is False.

        `is_taken` is a guess that saves an attempt.
        """
        if self._temporary is not None:
            self._finish()
        elif not (replace and is_taken) and self._link_if_absent(path):
            return True
        elif not replace:
            return False
        else:
            self._temporary = temporary_name(self._directory)
            self._link(self._temporary)
        if replace:
            system.replace(self._temporary, path)
        elif not _rename_if_absent(self._temporary, path):
            return False
        self._temporary = None
        return True

    def _link_if_absent(self, path: str) -> bool:
        try:
            self._link(path)
        except FileExistsError:
            return False
        return True

    def _link(self, path: str) -> None:
        # A directory descriptor, though the path is absolute: without one CPython calls link(), which follows nothing.
        fd = self._file.fileno()
        os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)

    def _finish(self) -> None:
        """Close the descriptor. On a network file system that can be when it turns out that the disk is full."""
        self._file.close()

    def close(self) -> None:
        """Close it, and remove it if it was not published."""
        try:
            self._finish()
        finally:
            self._unlink_temporary()

    def _unlink_temporary(self) -> None:
        temporary, self._temporary = self._temporary, None
        if temporary is not None:
            try:
                os.unlink(temporary)
            except FileNotFoundError:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class FileSink:
    """A new file that is written in pieces, small ones together. Flush it at the end.

    Parameters
    ----------
    file
        The file.
    guard
        What its system calls are made in: not what makes the pieces.
    """

    __slots__ = ("_file", "_guard", "_waiting")

    def __init__(self, file: Sink, guard: AbstractContextManager[None]) -> None:
        self._file, self._guard = file, guard
        self._waiting = bytearray()

    def append(self, data: BytesLike) -> None:
        if len(data) <= _SMALL_NBYTES:
            self._waiting += data
            if len(self._waiting) >= _MOST_WAITING_NBYTES:
                self.flush()
            return
        self.flush()
        with self._guard:
            self._file.append(data)

    def overwrite(self, offset: int, data: BytesLike) -> None:
        self.flush()
        with self._guard:
            self._file.overwrite(offset, data)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            waiting, self._waiting = self._waiting, bytearray()
            with self._guard:
                self._file.append(waiting)


def _rename_if_absent(temporary: str, path: str) -> bool:
    """Rename a file unless the new name is taken; whether it was not."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # A file system without hard links (FAT, some network ones). The caller has the directory to itself, as far as
        # programs that take our locks are concerned.
        if os.path.lexists(path):
            return False
        os.rename(temporary, path)
        return True
    system.unlink(temporary)
    return True


def _open_nameless(directory: str) -> FileIO | None:
    """A new file without a name, None where there are none."""
    if not _NAMELESS or not _has_proc():
        return None
    try:
        return open_new(directory, _NAMELESS, _MODE)
    except OSError as exc:
        if exc.errno in _NO_NAMELESS and os.path.isdir(directory):
            return None
        raise


@lru_cache(maxsize=1)
def _has_proc() -> bool:
    return os.path.isdir("/proc/self/fd")


# -- temporary names --------------------------------------------------------------------------------------------------


def temporary_name(directory: str) -> str:
    """A path in the directory that nobody else uses, and that says whose it is."""
    pid = os.getpid()
    return os.path.join(directory, f"{PREFIX}{_host()}-{pid}-{_own_start(pid)}-{next(_numbers)}{_SUFFIX}")


def owner_name(pid: int) -> str:
    """What this process is called in names of leases: its machine and the boot, its number there, and when it began."""
    return f"{_booted_host()}-{pid}-{_own_start(pid)}"


def is_of_the_dead(owner: str) -> bool:
    """Whether what is called so was a process of this machine that no longer runs."""
    host, pid, start = owner.rsplit("-", 2)
    if host not in (_host(), _booted_host()) or not _has_proc() or int(start) == _UNKNOWN:
        return False
    return _start_of(int(pid)) != int(start)


def is_temporary(name: str) -> bool:
    """Whether a file name is one of ours and not a key."""
    return name.startswith(PREFIX)


def is_of_lease(name: str) -> bool:
    """Whether a temporary name is one that leases have (`leased`)."""
    return name.startswith(_OF_LEASES)


def is_abandoned(name: str) -> bool:
    """Whether the owner of a temporary name was a process of this host that no longer runs."""
    match = _NAME.fullmatch(name)
    return match is not None and is_of_the_dead(match["owner"])


@lru_cache(maxsize=1)
def _host() -> str:
    """Names this machine, in names of temporary files: the kernel of the native engine does so too, and has to do it alike."""
    # Not socket.gethostname(), which is the same: the first use may be where Python ends and imports nothing any more.
    node = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    host = re.sub(r"[^0-9A-Za-z]", "_", node)
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino  # process numbers mean something inside one namespace only
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        namespace = 0
    return f"{host}.{namespace}"


@lru_cache(maxsize=1)
def _booted_host() -> str:
    """Names this machine, and the boot, as process numbers and start times begin anew with it."""
    host, _, namespace = _host().rpartition(".")
    return f"{host}.{_boot()}.{namespace}"


def _boot() -> str:
    """Names the boot: machines that are copies of one another have equal names, and may have one directory."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:13].replace("-", "")
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return "0"


_UNKNOWN = 0
"""The start of a process that could not be found out, as when there were no file descriptors left."""


@lru_cache(maxsize=1)
def _own_start(pid: int) -> int:
    """When this process started. Its number is asked for because a forked child has another."""
    return _start_of(pid) or _UNKNOWN


def _start_of(pid: int) -> int | None:
    """When a process of this host started, in clock ticks since boot, or `_UNKNOWN`; None if it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return _UNKNOWN
    return int(fields[19])
