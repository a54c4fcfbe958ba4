"""Turning what users pass as a store into one."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from zarr._buffer import Buffer
from zarr._store.abstract import AccessMode, Store
from zarr._store.local import LocalStore
from zarr._store.memory import MemoryStore, in_place_of_none
from zarr._store.no_file import beginning_of_file, is_no_store
from zarr._store.path import StorePath, node_path, with_mode
from zarr._store.remote.file_system import FsspecStore
from zarr._store.remote.object import ObjectStore, is_of_obstore
from zarr._store.urls import is_url, store_of_url
from zarr._store.zipped.naming import means_archive
from zarr._store.zipped.sources import PathSource
from zarr._store.zipped.store import ZipStore

StoreLike: TypeAlias = Store | StorePath | os.PathLike[str] | str | MutableMapping[str, Buffer]


def make_store(
    store: StoreLike | None, *, mode: AccessMode | None = None, storage_options: dict[str, Any] | None = None
) -> Store:
    """The store that a user means.

    Parameters
    ----------
    store
        A store, a place in one, a store of obstore, a path of a directory or zip archive, a URL, a dict of buffers, a mapper of
        fsspec, a path of universal_pathlib, or None for a new memory store.
    mode
        Access mode; `"r"` makes it read-only.
    storage_options
        For stores that are reached through a URL; refused for the others.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If nobody knows such URLs, or the mode does not fit the store.
    ImportError
        If the package for such URLs is not installed.
    StoreIsFileError
        If the path leads to a file that is no zip archive.
    """
    given: Any = store
    if isinstance(store, str) and is_url(store):
        given = store_of_url(store, mode=mode, storage_options=storage_options)
        if isinstance(given, Store):
            return given
    else:
        refuse_storage_options(storage_options, store)
    if isinstance(given, str):
        return _in_file_system(given, mode)
    if isinstance(store, StorePath):
        return with_mode(store.store, mode)
    if isinstance(store, Store):
        return with_mode(store, mode)
    if isinstance(given, os.PathLike) and not _is_upath_elsewhere(given):
        return _in_file_system(Path(given), mode)
    read_only = mode == "r"
    if store is None:
        return in_place_of_none(read_only=read_only)
    if is_of_obstore(store):
        return ObjectStore(store, read_only=read_only)
    if _is_upath_elsewhere(store):
        return FsspecStore.from_upath(store, read_only=read_only)
    if isinstance(store, MutableMapping):
        if hasattr(store, "fs") and hasattr(store, "root"):
            return FsspecStore.from_mapper(store, read_only=read_only)
        return MemoryStore(store, read_only=read_only)
    step = "a path, a dict or a zarr store"
    if isinstance(getattr(store, "store_path", None), StorePath):
        step = "the place of the node, which is its `store_path`"
    raise TypeError(f"Unsupported type for store_like: '{type(store).__name__}'. Pass {step}.")


def _in_file_system(path: str | Path, mode: AccessMode | None) -> Store:
    """The store at a path of this machine."""
    # A directory, which it nearly always is, takes no other look than this, the cheapest.
    if not os.access(f"{path}/", os.F_OK):
        beginning = beginning_of_file(path)
        if means_archive(path, mode, beginning):
            source: Any = PathSource(Path(path), is_for_nodes=True)
            return ZipStore(source, mode="r" if mode == "r" else "a")
        if beginning is not None:
            raise is_no_store(path, beginning)
    return LocalStore(path, read_only=mode == "r")


def make_store_path(
    store: StoreLike | None,
    *,
    path: str | None = "",
    mode: AccessMode | None = None,
    storage_options: dict[str, Any] | None = None,
) -> StorePath:
    """The place in a store that a user means; see `make_store`. `path` is relative to the place given."""
    relative = node_path(path)
    made = make_store(store, mode=mode, storage_options=storage_options)
    if isinstance(store, StorePath) and store.path:
        relative = f"{store.path}/{relative}" if relative else store.path
    return StorePath(made, relative)


def refuse_storage_options(given: dict[str, Any] | None, store: object) -> None:
    """Raise TypeError for options of a remote store: there is none."""
    if given:
        what = repr(store) if isinstance(store, str) else f"a {type(store).__name__}"
        raise TypeError(f"'storage_options' was provided but is not used: {what} is not a URL of a remote store")


def _is_upath_elsewhere(store: Any) -> bool:
    """Whether it is a path of universal_pathlib that is not of this machine."""
    return (
        getattr(store, "protocol", "") not in ("", "file", "local") and hasattr(store, "fs") and hasattr(store, "path")
    )
