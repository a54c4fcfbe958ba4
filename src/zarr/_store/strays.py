"""What lies in a local directory and is no value: temporary files, directories with nothing in them, pipes, links that lead nowhere.

Listings do not tell of it. Nothing is changed here but by `discard`, which takes away what belongs to nobody any more.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from zarr._store.atomic import is_abandoned, is_of_lease, is_temporary
from zarr._store.leased.names import Tokens
from zarr._support.signals import came_from_a_signal

Sort: TypeAlias = Literal["temporary", "directory", "no file", "broken link"]
is_of_dead_owner = Tokens().is_dead
OLD_S = 24 * 3600.0
"""What nobody has written to for so long is nobody's any more."""
_OF_CLIENTS = re.compile(r"\.nfs[0-9a-f]{8,}|\.fuse_hidden[0-9a-f]{8,}")
_OF_OTHERS = re.compile(rf".+\.[0-9a-f]{{32}}\.partial|.+\.__lock|{_OF_CLIENTS.pattern}")


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that is no value.

    Attributes
    ----------
    key
        The key that a file there would have.
    sort
        What it is.
    age_s
        How long ago it was changed.
    is_abandoned
        Whether its owner is known to be gone.
    """

    key: str
    sort: Sort
    age_s: float = 0.0
    is_abandoned: bool = False

    @property
    def is_nobodys(self) -> bool:
        """Whether nobody needs it any more."""
        return self.sort == "directory" or self.sort == "temporary" and (self.is_abandoned or self.age_s >= OLD_S)


def is_temporary_of_any(name: str) -> bool:
    """Whether a name is one that writers give to files that are not finished: this library, and others.

    Examples
    --------
    >>> [is_temporary_of_any(name) for name in ("__zarr-host-1-2-3.tmp", "0.0.__lock", "c", "notes.tmp")]
    [True, True, False, False]
    """
    return is_temporary(name) or _OF_OTHERS.fullmatch(name) is not None


def is_hidden_by_client(name: str) -> bool:
    """Whether a name is one that clients of NFS, and FUSE, give to a file that was deleted while somebody had it open."""
    return name[:1] == "." and _OF_CLIENTS.fullmatch(name) is not None


def strays(base: str, prefix: str) -> Iterator[Stray]:
    """What lies at and below a prefix of a directory and is no value. Links to directories are not followed."""
    yield from _strays(f"{base}/{prefix}" if prefix else base, f"{prefix}/" if prefix else "", time.time())


def _strays(directory: str, below: str, now: float) -> Iterator[Stray]:
    try:
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    if not entries and below:
        yield Stray(below[:-1], "directory")
    for entry in entries:
        key = below + entry.name
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(status.st_mode) and not is_temporary(entry.name):
            yield from _strays(entry.path, f"{key}/", now)
        elif is_temporary_of_any(entry.name):
            age_s = max(0.0, now - _changed_s(entry.path, entry.name, status))
            yield Stray(key, "temporary", age_s, is_abandoned(entry.name) or is_of_dead_owner(entry.name))
        elif stat.S_ISLNK(status.st_mode):
            if not os.path.exists(entry.path):
                yield Stray(key, "broken link")
        elif not stat.S_ISREG(status.st_mode):
            yield Stray(key, "no file")


def _changed_s(path: str, name: str, status: os.stat_result) -> float:
    """When something temporary was changed for the last time: a lease also by its owner, who gives signs of life in it."""
    if not is_of_lease(name):
        return status.st_mtime
    latest = max(status.st_mtime, status.st_ctime)  # what is moved keeps the former
    try:
        with os.scandir(path) as found:
            for entry in found:
                inner = entry.stat(follow_symlinks=False)
                latest = max(latest, inner.st_mtime, inner.st_ctime)
    except OSError as exc:  # a file, or gone
        if came_from_a_signal(exc):
            raise
    return latest


def discard(base: str, stray: Stray) -> bool:
    """Take away a directory with nothing in it, or a temporary file that is nobody's; whether it is gone then.

    What has been changed since it was found stays.
    """
    path = f"{base}/{stray.key}"
    try:
        if stray.sort == "directory":
            os.rmdir(path)
        elif stray.is_nobodys and (
            stray.is_abandoned or time.time() - _changed_s(path, os.path.basename(path), os.lstat(path)) >= OLD_S
        ):
            _remove(path)
        else:
            return False
    except FileNotFoundError:
        return True
    except OSError as exc:
        if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        return False
    return True


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):  # one that was put aside to be deleted
        shutil.rmtree(path)
    else:
        os.unlink(path)
