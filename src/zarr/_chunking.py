"""Chunk shapes: what users write, and a choice where they leave it to us."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

from zarr._properties import parse_shape
from zarr.errors import ArgumentError

TARGET_NBYTES = 256 * 1024
MIN_NBYTES = 128 * 1024
MAX_NBYTES = 64 * 1024 * 1024


def guess_chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """A chunk shape for an array of `shape`, for items of `itemsize` bytes.

    The rule is the one HDF5 tools and every Zarr library use, so that arrays made without `chunks=` look alike
    everywhere: the target grows with the logarithm of the array, and axes are halved in turn until a chunk is near it.

    Examples
    --------
    >>> guess_chunks((10000, 10000), 4)
    (625, 625)
    """
    chunks = [max(1, n) for n in shape]
    total = math.prod(chunks) * itemsize
    target = TARGET_NBYTES * 2 ** math.log10(total / 2**20) if total else MIN_NBYTES
    target = min(max(target, MIN_NBYTES), MAX_NBYTES)
    axis = 0
    while True:
        nbytes = math.prod(chunks) * itemsize
        near = nbytes < target or abs(nbytes - target) / target < 0.5
        if (near and nbytes < MAX_NBYTES) or math.prod(chunks) == 1:
            return tuple(chunks)
        chunks[axis] = -(-chunks[axis] // 2)
        axis = (axis + 1) % len(chunks)


def normalize_chunks(chunks: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A chunk shape as users write it.

    One integer counts for every axis; -1 or None stands for a whole axis; False (or None alone) for one chunk.

    Examples
    --------
    >>> normalize_chunks((10, -1), (100, 7))
    (10, 7)
    """
    whole = tuple(max(1, n) for n in shape)
    if chunks is None or chunks is False:
        return whole
    if chunks is True:
        raise ValueError("chunks=True is not supported; use chunks='auto'")
    if isinstance(chunks, numbers.Integral):
        given: tuple[Any, ...] = (int(chunks),) * len(shape)
    elif isinstance(chunks, Iterable) and not isinstance(chunks, str):
        given = tuple(chunks)
    else:
        raise ArgumentError(f"chunks must be an integer, a tuple of integers or 'auto', got {chunks!r}")
    if len(given) != len(shape):
        raise ValueError(f"chunks {given} has {len(given)} lengths, but the array has {len(shape)} dimensions")
    lengths = tuple(w if c is None or c == -1 else c for c, w in zip(given, whole, strict=True))
    if any(isinstance(c, str | bytes | Mapping) for c in lengths):
        raise ArgumentError(f"chunk lengths must be integers, got {given}")
    for c, n in zip(lengths, shape, strict=True):
        if isinstance(c, Iterable) and sum(parse_shape(c)) < n:
            raise ValueError(f"chunk lengths {c} do not reach the end of an axis of length {n}")
    if any(isinstance(c, Iterable) for c in lengths):
        raise NotImplementedError(
            "chunks of different lengths along an axis (a rectilinear grid) are not supported yet"
        )
    if any(isinstance(c, numbers.Real) and c < 1 for c in lengths):
        raise ValueError(f"chunk lengths must be at least 1 (or -1 for the whole axis), got {given}")
    return parse_shape(lengths)
