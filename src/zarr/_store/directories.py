"""New directories, and what is noted in them, so that both are there after the machine has failed."""

from __future__ import annotations

import os

from zarr._store import system
from zarr._store.descriptors import open_into


def make_directories(directory: str, *, sync: bool = False) -> None:
    """Make a directory and those above it that are missing; with `sync`, wait until they are on the disk.

    If what is above it is deleted meanwhile there is none afterwards: the caller looks, and comes again.
    """
    if not _made(directory):
        make_directories(os.path.dirname(directory), sync=sync)
        if not _made(directory):
            return
    if sync:
        sync_directory(os.path.dirname(directory))


def _made(directory: str) -> bool:
    """Whether there is a directory now. False: the one above is missing."""
    try:
        os.mkdir(directory)
    except FileExistsError:
        pass
    except FileNotFoundError:
        return False
    return True


def sync_directory(directory: str) -> None:
    """Wait until the names in a directory are on the disk."""
    if system.IS_WINDOWS:  # which opens no directories
        return
    opened: list[int] = []
    try:
        open_into(opened, directory, os.O_RDONLY)
        os.fsync(opened[0])
    finally:
        for fd in opened:
            os.close(fd)
