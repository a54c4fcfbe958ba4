"""From what users pass as a store to an open one, and what is at a place, by zarr-python's coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._compat.annotations import ANY_ACCESS_MODE
from zarr._flow.drive import run_async
from zarr._flow.load import load_node
from zarr._metadata.group import GroupMetadata
from zarr._store import make
from zarr._store.local import LocalStore
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._dtype.base import ZarrFormat
    from zarr._store.abstract import AccessMode, Store
    from zarr._store.make import StoreLike
    from zarr._store.path import StorePath


async def make_store(
    store_like: StoreLike | None, *, mode: AccessMode | None = None, storage_options: dict[str, Any] | None = None
) -> Store:
    """The store that is meant, open.

    Parameters
    ----------
    store_like
        As of `zarr.open`; None for a new memory store.
    mode
        Access mode; `"r"` makes it read-only. With that and with `"r+"` a directory has to be there.
    storage_options
        For stores that are reached through a URL.

    Raises
    ------
    ValueError
        If there is no such mode.
    FileNotFoundError
        If a directory has to be there and is not.

    Examples
    --------
    >>> import asyncio
    >>> asyncio.run(make_store({}, mode="r")).read_only
    True
    """
    _check_mode(mode)
    return await _opened(make.make_store(store_like, mode=mode, storage_options=storage_options), mode)


def _check_mode(mode: object) -> None:
    if mode is not None and mode not in ANY_ACCESS_MODE:
        raise ArgumentError(f"there is no access mode {mode!r}; choose one of {ANY_ACCESS_MODE}, or None")


async def _opened(store: Store, mode: AccessMode | None) -> Store:
    """A store, open. That a directory is there already, `"r+"` asks for, too, and the store itself only with `"r"`."""
    if mode == "r+" and isinstance(store, LocalStore) and not store.root.exists():
        raise FileNotFoundError(f"{store.root} does not exist; with mode 'a' it is made")
    await store._ensure_open()
    return store


async def make_store_path(
    store_like: StoreLike | None,
    *,
    path: str | None = "",
    mode: AccessMode | None = None,
    storage_options: dict[str, Any] | None = None,
) -> StorePath:
    """The place in a store that is meant, which is open; parameters as of `make_store`, `path` relative to the place given. With mode
    `"w-"` a FileExistsError if anything is there.

    Examples
    --------
    >>> import asyncio
    >>> asyncio.run(make_store_path({}, path="a/b")).path
    'a/b'
    """
    _check_mode(mode)
    at = make.make_store_path(store_like, path=path, mode=mode, storage_options=storage_options)
    await _opened(at.store, mode)
    if mode == "w-" and not await at.is_empty():
        raise FileExistsError(f"with mode 'w-' nothing may be stored yet at {at}, and something is")
    return at


async def contains_array(store_path: StorePath, zarr_format: ZarrFormat) -> bool:
    """Whether an array is at a place, in a format."""
    metadata = await run_async(load_node(store_path, zarr_format))
    return metadata is not None and not isinstance(metadata, GroupMetadata)


async def contains_group(store_path: StorePath, zarr_format: ZarrFormat) -> bool:
    """Whether a group is at a place, in a format."""
    return isinstance(await run_async(load_node(store_path, zarr_format)), GroupMetadata)
