"""Whether the file system of a directory has the lock that writers take on it."""

from __future__ import annotations

import errno
import os
from typing import Any

from zarr._store.descriptors import open_into
from zarr._support.signals import came_from_a_signal

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


def fails_to_lock(directory: str) -> bool:
    """Whether `flock` is refused for an existing directory, on a system that has it."""
    if fcntl is None:
        return False
    opened: list[int] = []
    try:
        open_into(opened, directory, DIRECTORY)
        fcntl.flock(opened[0], fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as exc:  # somebody has it, or the directory may not be read
        if came_from_a_signal(exc):
            raise
        return bool(opened) and exc.errno in NO_LOCKS
    finally:
        for fd in opened:
            os.close(fd)
    return False
