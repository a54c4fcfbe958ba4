"""zarr-python's coroutines that make a store of what users pass."""

import asyncio

import pytest

from zarr.core.sync import sync
from zarr.storage import MemoryStore, StorePath
from zarr.storage._common import make_store, make_store_path


@pytest.mark.parametrize("make", [make_store, make_store_path])
def test_modes_and_directories(make, tmp_path):
    (tmp_path / "there").mkdir()
    for mode in (None, "r", "r+", "a", "w"):
        made = sync(make(tmp_path / "there", mode=mode))
        assert made.read_only is (mode == "r")
    for mode in ("r", "r+"):
        with pytest.raises(FileNotFoundError):
            sync(make(tmp_path / "new", mode=mode))
        assert not (tmp_path / "new").exists()
    for number, mode in enumerate((None, "a", "w", "w-")):
        sync(make(tmp_path / f"new {number}", mode=mode))
        assert (tmp_path / f"new {number}").exists()
    with pytest.raises(ValueError, match="'x'"):
        sync(make(tmp_path / "there", mode="x"))


@pytest.mark.parametrize("path", ["", "a"])
def test_mode_for_new_places_only(path):
    store = MemoryStore()
    assert sync(make_store_path(store, path=path, mode="w-")) == StorePath(store, path)
    store._store_dict[f"{path}/b".strip("/")] = b""
    with pytest.raises(FileExistsError, match="w-"):
        sync(make_store_path(store, path=path, mode="w-"))
    assert sync(make_store_path(store, path="other" if path else "b", mode="w-")).store is store


def test_what_is_no_coroutine():
    for wrong in (5, asyncio.sleep):
        with pytest.raises(TypeError, match="coroutine"):
            sync(wrong)
