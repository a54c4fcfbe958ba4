"""Sharding levels: which inner chunks can be addressed one by one inside a stored object.

A chunk is a shard that plans can look into if its chain is `transposes, sharding` with nothing after the sharding
codec: then every inner chunk is a byte range of the object. The inner chain may have the same form again, and so on.
Transposes permute axes, so each level notes how the axes it stores relate to those of the array: stored axis `i` is
array axis `axes[i]`. The permutations add up on the way in, and the chain of the innermost chunks starts with their sum,
so that it decodes to the axes of the array.

Where inner chunks do not divide their shard, the last ones along an axis are shorter, and no further level is resolved.
Only our own two codec classes are taken apart. A subclass may do anything, and runs as a codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zarr._codec.base import Codec
from zarr._codec.sharding import ShardingCodec
from zarr._codec.transpose import TransposeCodec
from zarr._metadata.spec import ShardLevel


class Levels(NamedTuple):
    """Sharding levels, outermost first, and the chain of the innermost chunks, in array axes."""

    levels: tuple[ShardLevel, ...]
    inner_codecs: tuple[Codec, ...]


def resolve_levels(codecs: Sequence[Codec], ndim: int, chunk_shape: tuple[int, ...] | None) -> Levels:
    """Take a validated chain apart.

    Parameters
    ----------
    codecs
        Chain of the stored chunks.
    ndim
        Their rank.
    chunk_shape
        Their shape; None where they differ.
    """
    chain = tuple(codecs)
    axes = tuple(range(ndim))
    shape = chunk_shape
    levels: list[ShardLevel] = []
    while (found := _leading_shard(chain, axes)) is not None:
        sharding, axes = found
        inner = [0] * len(axes)
        for stored_axis, axis in enumerate(axes):
            inner[axis] = sharding.chunk_shape[stored_axis]
        index = sharding.index_codecs, sharding.index_at_end
        levels.append(ShardLevel(shape, tuple(inner), axes, *index, sharding.subchunk_write_order))
        shape, chain = tuple(inner), sharding.codecs
        if not levels[-1].is_even:  # inner chunks have several shapes, and as shards would be cut differently
            break
    permuted = bool(levels) and axes != tuple(sorted(axes))
    return Levels(tuple(levels), (TransposeCodec(order=axes), *chain) if permuted else chain)


def inner_lengths(codecs: Sequence[Codec], ndim: int) -> tuple[int, ...]:
    """Lengths that have to divide those of stored chunks: of inner chunks, if these are shards, and else 1."""
    axes = tuple(range(ndim))
    lengths = [1] * ndim
    for codec in codecs:
        if isinstance(codec, ShardingCodec):
            for axis, length in zip(axes, codec.chunk_shape, strict=True):
                lengths[axis] = length
        elif isinstance(codec, TransposeCodec):
            axes = tuple(axes[i] for i in codec.axes(ndim))
    return tuple(lengths)


def _leading_shard(chain: tuple[Codec, ...], axes: tuple[int, ...]) -> tuple[ShardingCodec, tuple[int, ...]] | None:
    """The sharding codec of a chain that can be resolved, and the axes it sees."""
    *before, last = chain
    if type(last) is not ShardingCodec:
        return None
    for codec in before:
        if type(codec) is not TransposeCodec:
            return None
        axes = tuple(axes[i] for i in codec.axes(len(axes)))
    return last, axes
