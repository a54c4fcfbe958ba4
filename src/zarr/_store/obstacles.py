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
    at = key
    while True:
        path = f"{base}/{at}" if at else base
        try:
            status = os.lstat(path)
        except OSError as exc:
            if exc.errno not in _BELOW_NOTHING:
                raise
            if not at:
                return None
            at = at.rpartition("/")[0]
            continue
        if stat.S_ISLNK(status.st_mode):
            try:
                status = os.stat(path)
            except OSError:
                return KeyBlockedError(key, path, f"a symbolic link to {_target(path)}, where nothing is to be found")
        return _no_file(key, path, status) if at == key else _no_directory(key, path, status)


def _no_file(key: str, path: str, status: os.stat_result) -> KeyBlockedError | None:
    if stat.S_ISREG(status.st_mode):
        return None
    if stat.S_ISDIR(status.st_mode):
        return None if key.endswith("/") else DirectoryInTheWayError(key, path, "a directory and no file")
    return KeyBlockedError(key, path, f"{_kind(status)} and no file")


def _no_directory(key: str, path: str, status: os.stat_result) -> KeyBlockedError | None:
    if stat.S_ISDIR(status.st_mode):
        return None
    return FileInTheWayError(key, path, f"{_kind(status)} and no directory")


def _kind(status: os.stat_result) -> str:
    return next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "a file")


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:  # it was taken away at this moment
        return "another place"
