"""Where the locks of a directory end: which file systems belong to one machine.

`flock` on a directory is answered by the client of a network file system (NFS, Lustre, SMB) or by FUSE, without a word to
anybody else: every machine gets the lock, and none excludes another. The types that are known to be of one machine are
listed here; any other is named in a warning when a change relies on a lock there for the first time. Where the system shows
no table of mounts (anything but Linux) nothing is known, and nothing is said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from zarr._support.settings import settings
from zarr._support.warn import warn
from zarr.errors import ZarrRuntimeWarning

LOCAL = frozenset(
    [
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "reiser4", "nilfs2"),
        *(
            "tmpfs",
            "ramfs",
            "rootfs",
            "devtmpfs",
            "hugetlbfs",
            "overlay",
            "aufs",
            "squashfs",
            "erofs",
            "iso9660",
            "udf",
        ),
        *(
            "vfat",
            "msdos",
            "exfat",
            "ntfs",
            "ntfs3",
            "fuseblk",
            "hfs",
            "hfsplus",
            "apfs",
            "ufs",
            "minix",
            "ubifs",
            "jffs2",
        ),
    ]
)
"""`fuseblk` is a disk of this machine behind FUSE. Clustered file systems are left out, whatever they do with locks."""

_TABLE = Path("/proc/self/mountinfo")
_looked_at: set[int] = set()
"""Devices that are local, or that there has been a warning of."""


def doubtful_kind(directory: str, device: int) -> str | None:
    """The type of the file system that a directory is on, if a change that relies on its locks is to warn of it.

    Parameters
    ----------
    directory
        An existing directory.
    device
        Its `st_dev`.
    """
    if device in _looked_at or settings().locking == "directory":
        return None
    kind = kind_of(directory)
    if kind is None or kind in LOCAL:
        _looked_at.add(device)
        return None
    return kind


def is_of_one_machine(directory: str) -> bool:
    """Whether nothing speaks for other machines changing what is in an existing directory at the same time."""
    kind = kind_of(directory)
    return kind is None or kind in LOCAL or settings().locking == "directory"


def warn_of(kind: str, directory: str, device: int) -> None:
    """Say, once for a file system, where its locks end."""
    _looked_at.add(device)
    warn(
        f"{directory!r} is on a file system of type {kind!r}. The lock that this change relies on is one of this machine: "
        "other machines do not see it, and what they write at the same time can be lost. If several machines write, give "
        "each of them whole chunks (whole shards), or let one machine write everything. If this machine alone writes, say "
        "so: zarr.config.set({'array.locking': 'directory'}).",
        ZarrRuntimeWarning,
    )


def kind_of(directory: str) -> str | None:
    """Type of the file system that a directory is on; None if the system does not tell."""
    try:
        table = os.fsdecode(_TABLE.read_bytes())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    path = os.path.realpath(directory)
    longest, found = -1, None
    for place, kind in _mounts(table):
        # Of several on one place the last one is seen.
        if len(place) >= longest and (path == place or path.startswith(place if place == "/" else f"{place}/")):
            longest, found = len(place), kind
    return found


def _mounts(table: str) -> Iterator[tuple[str, str]]:
    """Place and type of each line of a `mountinfo`."""
    for line in table.split("\n"):
        mount, _, file_system = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > 4 and file_system:
            yield re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]), file_system.split(" ")[0]
