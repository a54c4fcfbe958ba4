"""With `array.durability` as "fsync", a value is there after the machine has failed, and so are all directories above its file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from zarr.storage import LocalStore, SQLiteStore, ZipStore

STORES = {
    "local": LocalStore,
    "local, opened": lambda path: run(LocalStore.open(path)),
    "zip": lambda path: ZipStore(path, mode="w"),
    "zip, to be changed": lambda path: ZipStore(path, mode="a"),
    "sqlite": SQLiteStore,
}


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The directories that are made in that of the test, each with whether that above it was synced since."""
    found = {}
    mkdir, fsync = os.mkdir, os.fsync

    def note(path, *args, **kwargs):
        mkdir(path, *args, **kwargs)
        found[Path(path)] = False

    def sync(fd):
        fsync(fd)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            above = Path(f"/proc/self/fd/{fd}").readlink()
            found.update((path, True) for path in found if path.parent == above)

    monkeypatch.setattr(os, "mkdir", note)
    monkeypatch.setattr(os, "fsync", sync)
    return found


@pytest.mark.parametrize("durability", ["atomic", "fsync"])
@pytest.mark.parametrize("kind", STORES)
def test_new_directories_wait_for_the_disk_as_what_is_in_them(kind, durability, made, tmp_path, zarr_format):
    path = tmp_path / "a/b/c"
    with zarr.config.set({"array.durability": durability, "engine": "python"}):
        store = STORES[kind](path)
        zarr.create_array(store, data=np.arange(3), zarr_format=zarr_format)
        store.close()
    assert {tmp_path / "a", tmp_path / "a/b"} <= set(made)
    assert set(made.values()) == {durability == "fsync"}
