"""What is stored for a node: keys and sizes.

A part of a large array is a list of boxes of its grid of stored objects, which do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, islice, product
from typing import TYPE_CHECKING, TypeAlias

from zarr._flow.paths import join
from zarr._flow.requests import Exist, Flow, Keys, Size, Together
from zarr._grid.chunk_keys import parse_chunk_key
from zarr._store.abstract import is_able
from zarr._store.access import answers_at_once

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode
    from zarr._metadata.spec import ArraySpec
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath


Box: TypeAlias = tuple[range, ...]

_AT_ONCE = 1024
"""So many keys are looked up with one request."""
_FEW = 64
_MOST_LOOKUPS = 16_384
_KEYS_PER_REQUEST = 16
"""What a listing brings in the time of a lookup, where both are requests to somewhere else and many lookups go out at once."""


def stored_chunks(node: ArrayNode) -> Flow[list[str]]:
    """Keys of the chunks (shards, in a sharded array) that are stored inside the array's bounds."""
    return [key for key, _ in (yield from _stored(node))]


def stored_coordinates(node: ArrayNode) -> Flow[list[tuple[int, ...]]]:
    """The same chunks by their coordinates."""
    return [coords for _, coords in (yield from _stored(node))]


def _stored(node: ArrayNode) -> Flow[list[tuple[str, tuple[int, ...]]]]:
    spec = node.view.spec
    everything = [tuple(map(range, spec.grid.counts(spec.shape)))]
    return (yield from _listed(node, spec, everything))


def stored_in(node: ArrayNode, spec: ArraySpec, boxes: Sequence[Box]) -> Flow[list[tuple[int, ...]]]:
    """Coordinates of the stored objects in a part of the grid, by looking up each key or by listing all, whichever is less.

    How much a listing finds nobody knows before: all that the grid has, or in a sparse array very little. So lookups are
    never many, unless the store cannot list.
    """
    store = node.store_path.store
    n_lookups, n_objects = count(boxes), math.prod(spec.grid.counts(spec.shape))
    per_lookup = 1 if answers_at_once(store) else _KEYS_PER_REQUEST
    if (
        not is_able(store.supports_listing)
        or n_lookups <= _FEW
        or n_lookups <= min(n_objects - n_lookups, _MOST_LOOKUPS) // per_lookup
    ):
        return (yield from _looked_up(node, spec, boxes))
    return [coords for _, coords in (yield from _listed(node, spec, boxes))]


def count(boxes: Iterable[Box]) -> int:
    """Number of objects in a part of a grid.

    Examples
    --------
    >>> count([(range(2), range(3)), (range(2, 4), range(1))])
    8
    """
    return sum(math.prod(map(_length, box)) for box in boxes)


def _length(numbers: range) -> int:
    return max(0, numbers.stop - numbers.start)  # len() is for what is no longer than memory


def coordinates(boxes: Iterable[Box]) -> Iterator[tuple[int, ...]]:
    """Coordinates of the objects in a part of a grid."""
    return chain.from_iterable(product(*box) for box in boxes)


def _looked_up(node: ArrayNode, spec: ArraySpec, boxes: Iterable[Box]) -> Flow[list[tuple[int, ...]]]:
    wanted = coordinates(boxes)
    found: list[tuple[int, ...]] = []
    prefix, encode = node.key(""), spec.keys.encode_chunk_key
    while some := list(islice(wanted, _AT_ONCE)):
        exist: list[bool] = yield Exist(node.store_path.store, [prefix + encode(coords) for coords in some])
        found += compress(some, exist)
    return found


def _listed(node: ArrayNode, spec: ArraySpec, boxes: Sequence[Box]) -> Flow[list[tuple[str, tuple[int, ...]]]]:
    """Keys and coordinates."""
    at = node.store_path
    keys: list[str] = yield Keys(at.store, at.path)
    skip, ndim = len(join(at.path, "")), len(spec.shape)
    found = []
    for key in keys:
        coords = parse_chunk_key(spec.keys, key[skip:], ndim)
        if coords is not None and any(all(map(range.__contains__, box, coords)) for box in boxes):
            found.append((key, coords))
    return found


def stored_nbytes(at: StorePath) -> Flow[int]:
    """Total size of every object at or below a path, in bytes."""
    keys: list[str] = yield Keys(at.store, at.path)
    sizes = yield Together(_size(at.store, key) for key in keys)
    return sum(sizes)


def _size(store: Store, key: str) -> Flow[int]:
    nbytes: int | None = yield Size(store, key)
    return nbytes or 0
