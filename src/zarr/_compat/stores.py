"""From what users pass as a store to an open one, and what is at a place, by zarr-python's coroutines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._flow.drive import run_async
from zarr._flow.load import load_node
from zarr._metadata.group import GroupMetadata
from zarr._store import make

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
        Access mode; `"r"` makes it read-only, and a directory has to be there.
    storage_options
        For stores that are reached through a URL.

    Examples
    --------
    >>> import asyncio
    >>> asyncio.run(make_store({}, mode="r")).read_only
    True
    """
    store = make.make_store(store_like, mode=mode, storage_options=storage_options)
    await store._ensure_open()
    return store


async def make_store_path(
    store_like: StoreLike | None,
    *,
    path: str | None = "",
    mode: AccessMode | None = None,
    storage_options: dict[str, Any] | None = None,
) -> StorePath:
    """The place in a store that is meant, which is open; parameters as of `make_store`, `path` relative to the place given.

    Examples
    --------
    >>> import asyncio
    >>> asyncio.run(make_store_path({}, path="a/b")).path
    'a/b'
    """
    at = make.make_store_path(store_like, path=path, mode=mode, storage_options=storage_options)
    await at.store._ensure_open()
    return at


async def contains_array(store_path: StorePath, zarr_format: ZarrFormat) -> bool:
    """Whether an array is at a place, in a format."""
    metadata = await run_async(load_node(store_path, zarr_format))
    return metadata is not None and not isinstance(metadata, GroupMetadata)


async def contains_group(store_path: StorePath, zarr_format: ZarrFormat) -> bool:
    """Whether a group is at a place, in a format."""
    return isinstance(await run_async(load_node(store_path, zarr_format)), GroupMetadata)
