"""Loading nodes: from the documents at a path to metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zarr._flow.paths import join
from zarr._flow.requests import Fetch, Flow, Read
from zarr._metadata.formats import layout_of, layouts_for
from zarr._metadata.group import GroupMetadata
from zarr.errors import ArrayNotFoundError, ContainsArrayAndGroupError, GroupNotFoundError

if TYPE_CHECKING:
    from zarr._metadata.group import ArrayMetadata, NodeMetadata
    from zarr._store.path import StorePath
    from zarr._store.versioned import Stored


def load_node(at: StorePath, zarr_format: int | None = None) -> Flow[NodeMetadata | None]:
    """The metadata of the node at a path; None if there is no node.

    Without a format, format 3 is looked for first, and format 2 only if there is no `zarr.json`.

    Raises
    ------
    MetadataValidationError
        If there is no such format, or the documents are wrong.
    ContainsArrayAndGroupError
        If there are documents of an array and of a group.
    """
    prefix = join(at.path, "")
    for layout in layouts_for(zarr_format):
        keys = [prefix + name for name in layout.documents]
        documents = yield from _documents(at, keys)
        if len(keys) > 1 and layout.contradict(documents):
            # Or one document was replaced by the other between the two reads: a second look tells.
            documents = yield from _documents(at, keys)
            if layout.contradict(documents):
                raise ContainsArrayAndGroupError(at.store, at.path)
        metadata = layout.parse(documents, keys)
        if metadata is not None:
            return metadata
    return None


def _documents(at: StorePath, keys: Sequence[str]) -> Flow[list[bytes | None]]:
    try:
        found = yield Fetch(at.store, list(map(Read, keys)))
    except NotADirectoryError:  # a file lies on the way to them: below it there are no nodes
        return [None] * len(keys)
    return list(map(_bytes_of, found))


def _bytes_of(stored: Stored | None) -> bytes | None:
    return None if stored is None else stored.without_version().to_bytes()


def load_array(at: StorePath, zarr_format: int | None = None) -> Flow[ArrayMetadata]:
    """The metadata of an array.

    Raises
    ------
    ArrayNotFoundError
        If there is nothing, or a group of format 2.
    NodeTypeValidationError
        If there is a group of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load_node(at, zarr_format)
    if metadata is None:
        raise ArrayNotFoundError(at.store, at.path)
    if isinstance(metadata, GroupMetadata):
        raise layout_of(metadata).no_array(
            f"No array found in store {at.store!r} at path {at.path!r}: there is a group. Open it with open_group()."
        )
    return metadata


def load_group(at: StorePath, zarr_format: int | None = None) -> Flow[GroupMetadata]:
    """The metadata of a group.

    Raises
    ------
    GroupNotFoundError
        If there is nothing, or an array of format 2.
    ContainsArrayError
        If there is an array of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load_node(at, zarr_format)
    if metadata is None:
        raise GroupNotFoundError(at.store, at.path)
    if not isinstance(metadata, GroupMetadata):
        raise layout_of(metadata).no_group(
            f"An array exists in store {at.store!r} at path {at.path!r}, and a group was asked for. "
            "Open it with open_array()."
        )
    return metadata
