"""Arrays and groups by zarr-python's functions on a store, a path and metadata."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from zarr._calls import functions
from zarr._faces.async_group import as_async_face
from zarr._faces.group import as_face
from zarr._flow.create import put_node
from zarr._flow.drive import run, run_async
from zarr._flow.load import load_node, not_found
from zarr._store.path import StorePath
from zarr.errors import NodeNotFoundError

if TYPE_CHECKING:
    from zarr._dtype.base import ZarrFormat
    from zarr._faces.array import Array
    from zarr._faces.async_array import AsyncArray
    from zarr._faces.async_group import AsyncGroup
    from zarr._faces.group import Group
    from zarr._flow.requests import Flow
    from zarr._metadata.group import NodeMetadata
    from zarr._store.abstract import Store


def get_node(store: Store, path: str, zarr_format: ZarrFormat) -> Array | Group:
    """The array or group at a path, in a format.

    Raises
    ------
    NodeNotFoundError
        If there is none (it is a FileNotFoundError).
    ValueError
        If there is no such format.

    Examples
    --------
    >>> import zarr
    >>> group = zarr.create_group({})
    >>> get_node(group.store, "", 3) == group
    True
    """
    at = StorePath(store, path)
    return as_face(run(_found(at, zarr_format)), at)


async def get_node_async(store: Store, path: str, zarr_format: ZarrFormat) -> AsyncArray | AsyncGroup:
    """The same, awaited."""
    at = StorePath(store, path)
    return as_async_face(await run_async(_found(at, zarr_format)), at)


def _found(at: StorePath, zarr_format: ZarrFormat) -> Flow[NodeMetadata]:
    metadata = yield from load_node(at, zarr_format)
    if metadata is None:
        raise not_found(NodeNotFoundError, at)
    return metadata


async def save_metadata(store_path: StorePath, metadata: NodeMetadata, ensure_parents: bool = False) -> None:
    """Store the documents of a node in place of those that are there.

    Parameters
    ----------
    store_path
        Where the node is.
    metadata
        What it is.
    ensure_parents
        Whether what is above it becomes groups, where there is nothing.

    Raises
    ------
    ValueError
        If an array is above it, or the store is read-only.
    """
    await run_async(put_node(store_path, metadata, with_ancestors=ensure_parents))


async def create_nodes(
    *, store: Store, nodes: Mapping[str, NodeMetadata]
) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
    """Store nodes in place of those that are there, and nothing but these."""
    for path, metadata in nodes.items():
        at = StorePath(store, path)
        await run_async(put_node(at, metadata))
        yield path, as_async_face(metadata, at)


async def create_rooted_hierarchy(
    *, store: Store, nodes: Mapping[str, NodeMetadata], overwrite: bool = False
) -> AsyncArray | AsyncGroup:
    """Create nodes that all lie below one of them, which is returned.

    Raises
    ------
    ValueError
        If there are none, or several at the top.
    """
    paths = {path.strip("/") for path in nodes}
    tops = [path for path in paths if not any(_is_below(path, other) for other in paths)]
    if len(tops) != 1:
        raise ValueError(f"a rooted hierarchy has one node at its top; of these paths there are {sorted(tops)}")
    made = await run_async(functions.create_hierarchy_call(store, nodes, overwrite=overwrite))
    return next(as_async_face(metadata, at) for path, metadata, at in made if path == tops[0])


def _is_below(path: str, other: str) -> bool:
    return path != other and (not other or path.startswith(f"{other}/"))
