"""Deleting nodes: what is Zarr's goes, every other file stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._flow.load import load_node
from zarr._flow.requests import Flow, Keys, Remove, RemovePrefix, Together
from zarr._metadata.formats import ARRAY_DOCUMENTS, DOCUMENTS
from zarr._metadata.group import GroupMetadata
from zarr._store.path import StorePath

if TYPE_CHECKING:
    from zarr._metadata.group import NodeMetadata


def remove_node(at: StorePath) -> Flow[None]:
    """Delete the node at a path with everything below it that is Zarr's. Foreign files stay where they are."""
    at.store._check_writable()
    keys: list[str] = yield Keys(at.store, at.path)
    if not keys:
        return
    ours = yield from _ours(at, keys)
    if len(ours) == len(keys):
        yield RemovePrefix(at.store, at.path)
        return
    # Documents last: a node that is half gone is still a node, and can be deleted again.
    for key in sorted(ours, key=lambda key: key.rpartition("/")[2] in DOCUMENTS):
        yield Remove(at.store, key)


def _ours(at: StorePath, keys: list[str]) -> Flow[list[str]]:
    """Those of `keys` that are documents of nodes, or chunks of the nearest array above them."""
    arrays = [key for key in keys if key.rpartition("/")[2] in ARRAY_DOCUMENTS]
    parsed = yield Together(_try_load(StorePath(at.store, key.rpartition("/")[0])) for key in arrays)
    encodings = {
        key.rpartition("/")[0]: metadata.chunk_key_encoding
        for key, metadata in zip(arrays, parsed, strict=True)
        if metadata is not None and not isinstance(metadata, GroupMetadata)
    }

    def is_chunk(key: str) -> bool:
        path = key
        while path:
            path = path.rpartition("/")[0]
            if path in encodings:
                return is_chunk_key(encodings[path], key[len(path) + 1 if path else 0 :])
        return False

    return [key for key in keys if key.rpartition("/")[2] in DOCUMENTS or is_chunk(key)]


def is_chunk_key(encoding: Any, suffix: str) -> bool:
    """Whether a key, relative to its array, is one that `encoding` makes."""
    try:
        encoding.decode_chunk_key(suffix)
    except ValueError:
        return False
    return True


def _try_load(at: StorePath) -> Flow[NodeMetadata | None]:
    """`load_node`, with a document that cannot be parsed counted as none."""
    try:
        return (yield from load_node(at))
    except ValueError:
        return None
