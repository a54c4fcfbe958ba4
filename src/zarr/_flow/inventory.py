"""What is stored for a node: keys and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._flow.paths import join
from zarr._flow.requests import Flow, Keys, Size, Together
from zarr._grid.chunk_keys import parse_chunk_key

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath


def stored_chunks(node: ArrayNode) -> Flow[list[str]]:
    """Keys of the chunks (shards, in a sharded array) that are stored inside the array's bounds."""
    at, spec = node.store_path, node.view.spec
    keys: list[str] = yield Keys(at.store, at.path)
    skip, counts = len(join(at.path, "")), spec.grid.counts(spec.shape)
    found = []
    for key in keys:
        coords = parse_chunk_key(spec.keys, key[skip:], len(counts))
        if coords is not None and all(c < n for c, n in zip(coords, counts, strict=True)):
            found.append(key)
    return found


def stored_nbytes(at: StorePath) -> Flow[int]:
    """Total size of every object at or below a path, in bytes."""
    keys: list[str] = yield Keys(at.store, at.path)
    sizes = yield Together(_size(at.store, key) for key in keys)
    return sum(sizes)


def _size(store: Store, key: str) -> Flow[int]:
    nbytes: int | None = yield Size(store, key)
    return nbytes or 0
