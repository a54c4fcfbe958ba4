"""What is in the way of a key in a local directory.

"There is no such value" may be said only where a file is missing and nothing else is wrong. A symbolic link that leads
nowhere, because a disk is not mounted, say, has a value behind it that cannot be seen at the moment; and where there is a
directory instead of a file, or a pipe, nobody knows what became of the value. `obstacle` is asked where a file could not be
had; the kernel has its twin in `rust/kernel/src/local/obstacles.rs`.
"""

from __future__ import annotations

import errno
import os
import stat

from zarr._support.signals import came_from_a_signal
from zarr.errors import DirectoryInTheWayError, FileInTheWayError, KeyBlockedError

_BELOW_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def obstacle(base: str, key: str) -> KeyBlockedError | None:
    """The error that says what is in the way of a key's file; None if nothing is, and the file is there or just missing.

    Parameters
    ----------
    base
        The directory of the store.
    key
        The key; what ends in a slash is a prefix, of which everything has to be a directory.
    """
    try:
        _check(base, key)
    except KeyBlockedError as exc:
        return exc
    return None


def _check(base: str, key: str) -> None:
    nearest = directory = key.rpartition("/")[0]
    # The directory first: what is not there mostly has no directory either, and to miss something takes the longest.
    while (status := _look(key, path := f"{base}/{nearest}" if nearest else base)) is None:
        if not nearest:
            return
        nearest = nearest.rpartition("/")[0]
    if not stat.S_ISDIR(status.st_mode):
        raise FileInTheWayError(key, path, f"{_kind(status)} and no directory")
    if nearest != directory or key.endswith("/") or (status := _look(key, path := f"{base}/{key}")) is None:
        return
    if stat.S_ISDIR(status.st_mode):
        raise DirectoryInTheWayError(key, path, "a directory and no file")
    if not stat.S_ISREG(status.st_mode):
        raise KeyBlockedError(key, path, f"{_kind(status)} and no file")


def _look(key: str, path: str) -> os.stat_result | None:
    """What is at a path, or behind a link there; None if nothing is, and if what leads there is no directory."""
    try:
        status = os.lstat(path)
    except OSError as exc:
        if exc.errno not in _BELOW_NOTHING:
            raise
        return None
    if not stat.S_ISLNK(status.st_mode):
        return status
    try:
        return os.stat(path)
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        raise KeyBlockedError(key, path, f"a symbolic link to {_target(path)}, where nothing is to be found") from None


def _kind(status: os.stat_result) -> str:
    return next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "a file")


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError as exc:  # it was taken away at this moment
        if came_from_a_signal(exc):
            raise
        return "another place"
