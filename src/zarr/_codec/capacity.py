"""What is refused where an array is created, not when its data are there.

Chunks that codecs cannot encode, whatever is in them, and fill values that codecs make others of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ChunkSpec
from zarr._codec.blosc import MAX_NBYTES, BloscCodec
from zarr._codec.call import codec_name
from zarr._codec.cast_value import CastValue
from zarr._codec.chain import CodecChain
from zarr._codec.limits import decoded_nbytes
from zarr._codec.sharding import ShardingCodec
from zarr._codec.v2 import V2Codec
from zarr._codec.vlen import MOST_ITEMS, VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zfp import ZfpCodec

_MOST_NBYTES = {"blosc": MAX_NBYTES, "lz4": 0x7E000000}
"""What the compressors of numcodecs take at once, by their ids."""
_SAME_SIZE = ("bitround", "shuffle")
_CASTS = {"astype": "encode_dtype", "delta": "astype", "fixedscaleoffset": "astype", "quantize": "astype"}
"""Filters of numcodecs that make elements of another size, and the attribute that says which."""


def refuse_changed_fill(chain: CodecChain) -> None:
    """Raise ValueError if a codec makes another number of the fill value than the one that would be read."""
    for codec, spec in zip(chain.codecs, chain.specs, strict=True):
        if isinstance(codec, CastValue):
            codec.refuse_changed_fill(spec)
        elif isinstance(codec, ShardingCodec):
            refuse_changed_fill(codec.inner_chain(spec))


def has_uneven_shards(chain: CodecChain) -> bool:
    """Whether there are shards that their inner chunks do not divide."""
    for codec, spec in zip(chain.codecs, chain.specs, strict=True):
        if isinstance(codec, ShardingCodec):
            uneven = any(n % c for n, c in zip(spec.shape, codec.chunk_shape, strict=True))
            return uneven or has_uneven_shards(codec.inner_chain(spec))
    return False


def refuse_oversized(chain: CodecChain) -> None:
    """Raise ValueError if a codec never takes as many bytes, or elements, as a chunk has, or stores them in too few."""
    nbytes: int | None = None
    for codec, spec in zip(chain.codecs, chain.specs, strict=True):
        if isinstance(codec, ArrayBytesCodec):
            nbytes = _refuse_oversized_array(codec, spec)
        elif not isinstance(codec, ArrayArrayCodec):
            _check(codec_name(codec), _most_nbytes(codec), nbytes)
            if nbytes is not None:
                nbytes = codec.compute_encoded_size(nbytes, spec) if codec.is_fixed_size else None


def _refuse_oversized_array(codec: ArrayBytesCodec, spec: ChunkSpec) -> int | None:
    """Check an array -> bytes codec; returns how many bytes it makes, None if that depends on the data."""
    if isinstance(codec, ShardingCodec):
        refuse_oversized(codec.inner_chain(spec))
    elif isinstance(codec, ZfpCodec):
        codec.refuse_low_rate(spec)
    elif isinstance(codec, V2Codec):
        _refuse_oversized_stages(codec, spec)
    elif isinstance(codec, VLenBytesCodec | VLenUTF8Codec):
        if (n_items := math.prod(spec.shape)) > MOST_ITEMS:
            raise ValueError(
                f"chunks have {n_items} elements and codec {codec_name(codec)!r} takes at most {MOST_ITEMS}; choose "
                "smaller chunks"
            )
    elif codec.is_fixed_size and (nbytes := decoded_nbytes(spec)) is not None:
        return codec.compute_encoded_size(nbytes, spec)
    return None


def _refuse_oversized_stages(codec: V2Codec, spec: ChunkSpec) -> None:
    nbytes = decoded_nbytes(spec)
    for stage in codec.stages:
        _check(stage.codec_id, _most_nbytes(stage), nbytes)
        if nbytes is None or stage.codec_id in _SAME_SIZE:
            continue
        made = getattr(stage, _CASTS.get(stage.codec_id, ""), None)
        nbytes = None if made is None else math.prod(spec.shape) * np.dtype(made).itemsize


def _most_nbytes(codec: Any) -> int | None:
    if isinstance(codec, BloscCodec):
        return MAX_NBYTES
    known_as = getattr(codec, "codec_id", None)
    name = known_as() if callable(known_as) else known_as  # codecs of format 3 that wrap one have a method of that name
    return _MOST_NBYTES.get(str(name), getattr(codec, "max_buffer_size", None))


def _check(name: str, most: int | None, nbytes: int | None) -> None:
    if most is not None and nbytes is not None and nbytes > most:
        raise ValueError(
            f"chunks have {nbytes} bytes and codec {name!r} takes at most {most} at once, so none could ever be written; "
            "choose smaller chunks, or another compressor, as 'zstd'"
        )
