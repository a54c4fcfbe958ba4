"""What a directory offers that writers rely on, found out by doing it: locks, leases, renames, links.

Everything happens in a directory of its own there, which listings do not show and which is taken away afterwards.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass

from zarr._store.atomic import LEASE, temporary_name
from zarr._store.flock import DIRECTORY, fcntl
from zarr._store.mounts import kind_of, way_at
from zarr._store.strays import is_temporary_of_any, strays
from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal

_PATIENCE_S = 30.0
_TRIES_TO_LOCK = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
try:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("excluded")
else:
    print("granted")
"""


@dataclass(frozen=True, slots=True)
class Place:
    """What is found out about a directory. None: it could not be."""

    file_system: str | None
    locking: str
    has_locks: bool | None = None
    excludes_processes: bool | None = None
    excludes_peer: bool | None = None
    leases_exclude: bool | None = None
    has_atomic_rename: bool | None = None
    has_exclusive_creation: bool | None = None
    has_hard_links: bool | None = None
    has_symbolic_links: bool | None = None
    has_nameless_files: bool | None = None
    free_nbytes: int | None = None
    clock_ahead_s: float | None = None
    leftover: tuple[str, ...] = ()


def probe(directory: str, peer: str | None = None) -> Place:
    """Find out what a directory offers; `peer` is another way to the same one, by another mount.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such directory.
    ValueError
        If `peer` does not lead to the same directory.
    OSError
        If nothing may be made in it.
    """
    if not os.path.isdir(directory):
        kind = NotADirectoryError if os.path.lexists(directory) else FileNotFoundError
        raise kind(errno.ENOENT, "there is no such directory; choose one in which arrays are, or are to be", directory)
    leftover = tuple(stray.key for stray in strays(directory, "") if is_temporary_of_any(stray.key.rpartition("/")[2]))
    mine = temporary_name(directory)
    os.mkdir(mine)
    try:
        other = mine if peer is None else os.path.join(peer, os.path.basename(mine))
        if not os.path.isdir(other):
            raise ValueError(
                f"{peer!r} does not lead to the directory {directory!r}: what is made in one is not seen in the other"
            )
        has_locks, excludes = _locks(mine, mine)
        return Place(
            file_system=kind_of(directory),
            locking=way_at(directory),
            has_locks=has_locks,
            excludes_processes=excludes,
            excludes_peer=None if peer is None else _locks(mine, other)[1],
            leases_exclude=_leases_exclude(mine, other),
            has_atomic_rename=_replaces(mine, other),
            has_exclusive_creation=_creates_exclusively(mine, other),
            has_hard_links=_works(os.link, _file(mine, "linked"), f"{mine}/link"),
            has_symbolic_links=_works(os.symlink, "linked", f"{mine}/symbolic"),
            has_nameless_files=_has_nameless_files(mine),
            free_nbytes=shutil.disk_usage(directory).free,
            clock_ahead_s=_clock_ahead_s(mine),
            leftover=leftover,
        )
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def _file(directory: str, name: str) -> str:
    path = f"{directory}/{name}"
    with open(path, "xb") as file:
        file.write(name.encode())
    return path


def _works(function: object, *args: str) -> bool:
    return _failure(function, *args) is None


def _failure(function: object, *args: str) -> int | None:
    try:
        function(*args)  # type: ignore[operator]  # one of `os`
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return exc.errno or errno.EIO
    return None


def _locks(mine: str, other: str) -> tuple[bool | None, bool | None]:
    """Whether a directory can be locked, and whether that keeps another process out that gets there by `other`."""
    if fcntl is None:
        return False, None
    with importing("subprocess"):
        import subprocess
        import sys
    fd = os.open(mine, DIRECTORY)
    try:
        if not _works(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB):  # type: ignore[arg-type]  # numbers
            return False, None
        command = [sys.executable, "-I", "-S", "-c", _TRIES_TO_LOCK, other]
        found = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603  # ours
        return True, {"excluded\n": True, "granted\n": False}.get(found.stdout)
    finally:
        os.close(fd)


def _leases_exclude(mine: str, other: str) -> bool:
    """Whether a lease that is held cannot be taken: a directory is renamed onto nothing, and onto an empty one, and onto no other."""
    for name, token in (("one", "a"), ("two", "b")):
        os.makedirs(f"{mine}/{name}/{token}")
    os.rename(f"{mine}/one", f"{mine}/{LEASE}")
    refused = _failure(os.rename, f"{other}/two", f"{other}/{LEASE}")
    return refused is not None and os.listdir(f"{mine}/{LEASE}") == ["a"]


def _replaces(mine: str, other: str) -> bool:
    """Whether a file takes the place of another one, and whoever has the old one open still reads that."""
    old, new = _file(mine, "old"), _file(mine, "new")
    with open(old, "rb") as opened:
        if not _works(os.replace, new, old):
            return False
        with open(f"{other}/old", "rb") as again:
            return opened.read() == b"old" and again.read() == b"new"


def _creates_exclusively(mine: str, other: str) -> bool:
    os.mkdir(f"{mine}/directory")
    path = _file(mine, "file")
    with suppress(FileExistsError):
        os.close(os.open(f"{other}/{os.path.basename(path)}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        return False
    return _failure(os.mkdir, f"{other}/directory") == errno.EEXIST


def _has_nameless_files(mine: str) -> bool:
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag:
        return False
    try:
        os.close(os.open(mine, flag | os.O_WRONLY))
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return False
    return True


def _clock_ahead_s(mine: str) -> float:
    """How far the clock of the file system is before ours, as well as a file tells that is made between two looks at ours."""
    before = time.time()
    found = os.stat(_file(mine, "now")).st_mtime
    after = time.time()
    return max(found - after, 0.0) + min(found - before, 0.0)
