"""Opening files so that their descriptors are never lost; and what else is done with descriptors, on every system.

A signal handler may raise after any call that Python code makes. After `os.open` that is likely, as it lasts, and then
nobody would know the descriptor. Both functions open the file and hand the descriptor over in one call, as far as Python
code is concerned; within it no handler runs.
"""

from __future__ import annotations

import os
from io import FileIO
from threading import RLock
from typing import TYPE_CHECKING

from zarr._support.forks import held_around_forks

if TYPE_CHECKING:
    from zarr._buffer import BytesLike

# Windows would take what looks like ends of lines for these.
_ALWAYS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HAS_OFFSETS = hasattr(os, "pread")
_position = held_around_forks(RLock())
"""Where reading and writing move a descriptor's one position, they take turns."""


def open_into(opened: list[int], path: str, flags: int) -> None:
    """Open a file or directory and append its descriptor to a list, whose owner closes it."""
    opened.extend(map(os.open, (path,), (flags | _ALWAYS,)))


def open_new(path: str, flags: int, mode: int) -> FileIO:
    """Open a file for writing, as an object that closes it at the latest when it is dropped."""
    return next(map(FileIO, map(os.open, (path,), (flags | os.O_WRONLY | _ALWAYS,), (mode,)), ("wb",)))


def read_at(fd: int, nbytes: int, offset: int) -> bytes:
    """`os.pread`, also where there is none, as on Windows."""
    if _HAS_OFFSETS:
        return os.pread(fd, nbytes, offset)
    with _position:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, nbytes)


def write_at(fd: int, data: BytesLike, offset: int) -> int:
    """`os.pwrite`, likewise."""
    if _HAS_OFFSETS:
        return os.pwrite(fd, data, offset)
    with _position:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)


def permit(fd: int, mode: int) -> None:
    """Give an open file permissions, where the system has such."""
    if hasattr(os, "fchmod"):
        os.fchmod(fd, mode)
