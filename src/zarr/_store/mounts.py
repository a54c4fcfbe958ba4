"""What keeps writers of a directory apart: which file systems belong to one machine, whose locks are enough, and which do not.

`flock` on a directory is answered by the client of a network file system (NFS, Lustre, SMB) or by FUSE, without a word to
anybody else: every machine gets the lock, and none excludes another. The types that are known to be of one machine are
listed here. On any other, and where `flock` fails, leases take the place of locks (`leased`). Where buckets of object stores are
mounted as file systems not even they hold: there the locks of this machine are used, and the type is named in a warning when a
change relies on one for the first time. Where the system shows no table of mounts (anything but Linux) nothing is known, and the
locks of this machine are trusted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from zarr._store.flock import fails_to_lock
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal
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

SINGLE_WRITER = (
    "s3fs",
    "gcsfuse",
    "rclone",
    "goofys",
    "geesefs",
    "mountpoint-s3",
    "mount-s3",
    "blobfuse",
    "blobfuse2",
    "catfs",
    "riofs",
    "yas3fs",
)
"""File systems in which a bucket is seen: between their clients neither a new directory nor a rename is one step."""

_TABLE = Path("/proc/self/mountinfo")
_looked_at: set[int] = set()
"""Devices that are local, or that there has been a warning of."""


_ways: dict[int, str] = {}
"""What was found out, by device."""


def way_at(directory: str) -> str:
    """What keeps writers of a directory apart, which need not exist: `"directory"` (its lock), `"lease"` or `"none"`."""
    way = settings().locking
    if way != "auto":
        return way
    while True:
        try:
            device = os.stat(directory).st_dev
            break
        except (FileNotFoundError, NotADirectoryError):
            directory = os.path.dirname(directory)
        except OSError as exc:  # whoever reads or writes is told
            if came_from_a_signal(exc):
                raise
            return "directory"
    if device not in _ways:
        _ways[device] = _found_out(directory)
    return _ways[device]


def _found_out(directory: str) -> str:
    kind = kind_of(directory)
    if kind is not None and kind not in LOCAL and not _is_for_a_single_writer(kind):
        return "lease"
    return "lease" if fails_to_lock(directory) else "directory"


def _is_for_a_single_writer(kind: str) -> bool:
    return kind.rpartition(".")[2] in SINGLE_WRITER


_by_name: dict[int, bool] = {}


def is_kept_by_name(path: str, device: int) -> bool:
    """Whether the client of a file system keeps what it knows of a file by its name, also when another file has that: FUSE does."""
    if device not in _by_name:
        _by_name[device] = (kind_of(path) or "").startswith("fuse") and kind_of(path) != "fuseblk"
    return _by_name[device]


def is_locked_at_all() -> bool:
    """Whether writers of other processes are to be kept out."""
    return settings().locking != "none"


def doubtful_kind(directory: str, device: int) -> str | None:
    """The type of the file system that a directory is on, if a change that relies on its lock is to warn of it.

    Parameters
    ----------
    directory
        An existing directory.
    device
        Its `st_dev`.
    """
    if device in _looked_at or settings().locking in ("directory", "none"):
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
    if _is_for_a_single_writer(kind):
        why = "shows a bucket of an object store, in which nothing keeps writers on several mounts apart"
        step = "Let one machine write at a time, or open the bucket by its URL, where any number of machines may write"
    else:
        why = "may be shared by several machines, and the lock that this change relies on is one of this machine"
        step = (
            "If other machines write too, use a directory with leases (zarr.config.set({'array.locking': 'lease'})), or let one machine "
            "write everything"
        )
    warn(
        f"{directory!r} is on a file system of type {kind!r}, which {why}: what others write at the same time can be lost. {step}. If this "
        "machine alone writes, say so: zarr.config.set({'array.locking': 'directory'}).",
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
            yield re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]), _kind(file_system)


def _kind(file_system: str) -> str:
    """Type of a file system. Some programs say who they are in the name of the source only."""
    kind, source = (*file_system.split(" "), "")[:2]
    return f"fuse.{source}" if kind == "fuse" and source in SINGLE_WRITER else kind
