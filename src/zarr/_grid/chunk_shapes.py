"""Chunk shapes: what users write, and a choice where they leave it to us."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._grid.shapes import parse_shape
from zarr.errors import ArgumentError

TARGET_NBYTES = 256 * 1024
MIN_NBYTES = 128 * 1024
MAX_NBYTES = 64 * 1024 * 1024
MAX_INNER_NBYTES = 1024 * 1024
"""Inner chunks are there to be read alone, so they stay smaller than chunks that are objects of their own."""


def guess_chunks(shape: tuple[int, ...], itemsize: int, max_nbytes: int = MAX_NBYTES) -> tuple[int, ...]:
    """A chunk shape for an array of `shape`, for items of `itemsize` bytes.

    The rule is the one HDF5 tools and every Zarr library use, so that arrays made without `chunks=` look alike
    everywhere: the target grows with the logarithm of the array, and axes are halved in turn until a chunk is near it.

    An axis of length 0 is one that will grow, so along it a chunk is as long as makes it a small one of these. (Others take the
    length for 1, so that every element appended becomes an object of its own.)

    Examples
    --------
    >>> guess_chunks((10000, 10000), 4)
    (625, 625)
    >>> guess_chunks((0, 24), 4)
    (1365, 24)
    """
    chunks = _grown(shape, itemsize)
    total = math.prod(chunks) * itemsize
    target = TARGET_NBYTES * 2 ** math.log10(total / 2**20) if total else MIN_NBYTES
    target = min(max(target, MIN_NBYTES), MAX_NBYTES)
    axis = 0
    while True:
        nbytes = math.prod(chunks) * itemsize
        near = nbytes < target or abs(nbytes - target) / target < 0.5
        if (near and nbytes < max_nbytes) or math.prod(chunks) == 1:
            return tuple(chunks)
        chunks[axis] = -(-chunks[axis] // 2)
        axis = (axis + 1) % len(chunks)


def chunks_of(shape: tuple[int, ...], itemsize: int, nbytes: int) -> tuple[int, ...]:
    """A chunk shape of at most so many bytes, and nearly as many: about as long along all axes as the array lets it be.

    Examples
    --------
    >>> chunks_of((1000, 500, 500), 4, 4_000_000), chunks_of((10**6,), 8, 10**6), chunks_of((5, 5), 4, 10**9)
    ((100, 100, 100), (125000,), (5, 5))
    """
    lengths = [max(1, n) for n in shape]
    room, chunks = max(1, nbytes // max(1, itemsize)), list(lengths)
    # Axes that are shorter than the others have to be leave more to those.
    for n_left, axis in zip(range(len(shape), 0, -1), sorted(range(len(shape)), key=lengths.__getitem__), strict=True):
        side = int(room ** (1 / n_left) + 1e-9)
        chunks[axis] = max(1, min(lengths[axis], side))
        room //= chunks[axis]
    return tuple(chunks)


def shards_of(shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int, nbytes: int) -> tuple[int, ...]:
    """A shard shape of whole chunks, of at most so many bytes or one chunk.

    >>> shards_of((1000, 1000), (10, 10), 4, 10_000), shards_of((1000, 10), (10, 10), 4, 10_000)
    ((50, 50), (250, 10))
    """
    counts = tuple(-(-max(1, n) // c) for n, c in zip(shape, chunks, strict=True))
    factors = chunks_of(counts, math.prod(chunks) * itemsize, nbytes)
    return tuple(c * k for c, k in zip(chunks, factors, strict=True))


def _grown(shape: tuple[int, ...], itemsize: int) -> list[int]:
    """The lengths of an array, with those that are 0 as long as a chunk may be."""
    if not (n_empty := shape.count(0)):
        return list(shape)
    room = MIN_NBYTES // (math.prod(filter(None, shape)) * itemsize)
    return [n or max(1, int(room ** (1 / n_empty))) for n in shape]


def guess_shards(
    shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int, target_nbytes: int | None = None
) -> tuple[int, ...]:
    """A shard shape for inner chunks of the shape `chunks`.

    Without a target two chunks along every axis that has more than eight; with one, as many along each axis as stay
    within it, and within the array.

    >>> guess_shards((1000, 30), (10, 10), 4)
    (20, 10)
    >>> guess_shards((1000, 1000), (10, 10), 4, target_nbytes=10_000)
    (50, 50)
    """
    if target_nbytes is None:
        return tuple(c * 2 if n // c > 8 else c for n, c in zip(shape, chunks, strict=True))
    nbytes = math.prod(chunks) * itemsize
    most = min((n // c for n, c in zip(shape, chunks, strict=True)), default=1)
    factor = 1
    while factor < most and (factor + 1) ** len(chunks) * nbytes <= target_nbytes:
        factor += 1
    return tuple(c * factor for c in chunks)


def normalize_chunks(chunks: Any, shape: tuple[int, ...], argument: str = "chunks") -> RegularGrid | RectilinearGrid:
    """The grid that users mean by an argument, which the errors name.

    One integer counts for every axis; -1 or None stands for a whole axis; False (or None alone) for one chunk. Several
    integers for one axis are the lengths of its chunks, one by one, which add up to that of the axis; only shards, which
    hold whole chunks, may end behind it. A grid is taken as it is, if it covers the shape.

    Examples
    --------
    >>> normalize_chunks((10, -1), (100, 7))
    RegularGrid(shape=(10, 7))
    >>> normalize_chunks(([60, 40], 5), (100, 7))
    RectilinearGrid(shape=((60, 40), 5))
    """
    whole = tuple(max(1, n) for n in shape)
    given: tuple[Any, ...]
    if isinstance(chunks, tuple | list):  # as in nearly every call
        given = tuple(chunks)
    elif isinstance(chunks, RegularGrid | RectilinearGrid):
        _check_covers(chunks, shape, argument)
        return chunks
    elif chunks is None or chunks is False:
        return RegularGrid(whole)
    elif chunks is True:
        raise ValueError(f"{argument}=True is not supported; use {argument}='auto'")
    elif isinstance(chunks, numbers.Integral):
        given = (int(chunks),) * len(shape)
    elif isinstance(chunks, Iterable) and not isinstance(chunks, str | Mapping):
        given = tuple(chunks)
    else:
        raise ArgumentError(f"{argument} must be an integer, a tuple of integers or 'auto', got {chunks!r}")
    if len(given) != len(shape):
        raise ValueError(f"{argument}={given} has {len(given)} lengths, but the array has {len(shape)} dimensions")
    if all(type(c) is int and c > 0 for c in given):  # likewise
        return RegularGrid(parse_shape(given))
    lengths = tuple(w if c is None or _is_whole(c) else c for c, w in zip(given, whole, strict=True))
    if any(_has_several(c) for c in lengths):
        return _uneven(lengths, shape, argument)
    if any(isinstance(c, str | bytes | Mapping) for c in lengths):
        raise ArgumentError(f"{argument} must be lengths, which are integers, got {given}")
    if any(c < 1 for c in lengths if type(c) is int or isinstance(c, numbers.Real)):
        raise ValueError(f"the lengths in {argument} must be at least 1 (or -1 for the whole axis), got {given}")
    return RegularGrid(parse_shape(lengths, argument))


def _is_whole(length: Any) -> bool:
    return not _has_several(length) and bool(length == -1)


def _has_several(lengths: Any) -> bool:
    """Whether what is given for one axis are the lengths of its chunks."""
    return (
        type(lengths) is not int
        and isinstance(lengths, Iterable)
        and not isinstance(lengths, str | bytes | Mapping)
        and getattr(lengths, "ndim", 1) > 0
    )


def _uneven(given: tuple[Any, ...], shape: tuple[int, ...], argument: str) -> RectilinearGrid:
    return RectilinearGrid(
        tuple(_axis(number, *each, argument) for number, each in enumerate(zip(given, shape, strict=True)))
    )


def _axis(number: int, given: Any, length: int, argument: str) -> int | Edges:
    several = _has_several(given)
    lengths = list(given) if several else [given]
    if any(isinstance(n, str | bytes | Mapping) or not hasattr(n, "__index__") or _has_several(n) for n in lengths):
        raise ArgumentError(f"{argument}[{number}] must be the lengths of chunks, which are integers, got {given!r}")
    (*parsed,) = map(operator.index, lengths)
    if not parsed or min(parsed) < 1:
        raise ValueError(f"{argument}[{number}] must be the lengths of chunks, which are at least 1, got {given!r}")
    if not several:
        return parsed[0]
    edges = Edges.of(parsed)
    end_in_last = edges.total - parsed[-1] < length < edges.total
    if length and edges.total != length and not (argument == "shards" and end_in_last):
        raise ValueError(
            f"the chunks in {argument}[{number}] have {edges.total} elements together, and axis {number} has the length {length}"
        )
    return edges


def _check_covers(grid: RegularGrid | RectilinearGrid, shape: tuple[int, ...], argument: str) -> None:
    totals = [n.total if isinstance(n, Edges) else None for n in grid.shape]
    if len(totals) != len(shape) or any(t is not None and t < n for t, n in zip(totals, shape, strict=True)):
        raise ValueError(f"the chunks {grid.shape} are not for an array of shape {shape}; give other {argument}")
