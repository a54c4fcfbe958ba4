"""Turning what users pass as a store into one."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from zarr._buffer import Buffer
from zarr._store.abstract import AccessMode, Store
from zarr._store.file_url import from_url, is_url
from zarr._store.local import LocalStore
from zarr._store.memory import MemoryStore
from zarr._store.no_file import refuse_file
from zarr._store.path import StorePath, node_path, with_mode
from zarr._store.remote.object import ObjectStore, is_of_obstore
from zarr._store.zipped.store import ZipStore, leads_to_archive

StoreLike: TypeAlias = Store | StorePath | os.PathLike[str] | str | MutableMapping[str, Buffer]


def make_store(
    store: StoreLike | None, *, mode: AccessMode | None = None, storage_options: dict[str, Any] | None = None
) -> Store:
    """The store that a user means.

    Parameters
    ----------
    store
        A store, a place in one, a store of obstore, a path or `file://` URL of a directory or zip archive, a dict of buffers,
        or None for a new memory store.
    mode
        Access mode; `"r"` makes it read-only.
    storage_options
        For stores that are reached through a URL; refused for the others.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If the URL's scheme is not supported, or the mode does not fit the store.
    StoreIsFileError
        If the path leads to a file that is no zip archive.
    """
    given = _path_of_url(store) if isinstance(store, str) and "://" in store else store
    refuse_storage_options(storage_options, store)
    if isinstance(store, StorePath):
        return with_mode(store.store, mode)
    if isinstance(store, Store):
        return with_mode(store, mode)
    read_only = mode == "r"
    if store is None:
        return MemoryStore(read_only=read_only)
    if isinstance(given, str | os.PathLike):
        if not os.path.isdir(given):  # which is what it nearly always is
            if leads_to_archive(given, mode):
                return ZipStore(Path(given), mode="r" if read_only else "a")
            refuse_file(given)
        return LocalStore(Path(given), read_only=read_only)
    if is_of_obstore(store):
        return ObjectStore(store, read_only=read_only)
    if isinstance(store, MutableMapping):
        return MemoryStore(store, read_only=read_only)
    step = "a path, a dict or a zarr store"
    if isinstance(getattr(store, "store_path", None), StorePath):
        step = "the place of the node, which is its `store_path`"
    raise TypeError(f"Unsupported type for store_like: '{type(store).__name__}'. Pass {step}.")


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


def _path_of_url(text: str) -> str:
    if is_url(text):
        return from_url(text)
    scheme = text.partition("://")[0]
    if scheme == "memory":
        raise ValueError(
            f"A memory store cannot be found by its name: {text!r} is not supported by this version. Pass the store object; "
            'what is planned is in the guide under "State".'
        )
    raise ValueError(
        f"Stores of the kind {scheme!r} are not supported by this version, got {text!r}. "
        'Use a local path, or pass a store object; what is planned is in the guide under "State".'
    )
