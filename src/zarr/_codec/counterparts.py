"""Codecs of one format as those of the other that make the same bytes: numcodecs' for format 2, ours for format 3.

Where format 3 has a codec of its own, that is taken, as other implementations know it; otherwise `numcodecs.*`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zarr._codec.base import ChunkSpec, Codec
from zarr._codec.bitround import BitRoundCodec
from zarr._codec.blosc import SHUFFLES, BloscCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.numcodecs_base import NumcodecsArrayArrayCodec, NumcodecsCodec
from zarr._codec.of_numcodecs import codec_of
from zarr._codec.registry import get_numcodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype.described import type_string
from zarr.errors import ArgumentError, UnknownCodecError

SHUFFLE_NAMES = {number: name for name, number in SHUFFLES.items()}
AUTO_SHUFFLE = -1
"""numcodecs' number for "by the size of the items", which format 3 has no word for."""


def in_format_3(codec: Any) -> Codec:
    """The codec of format 3 that makes the same bytes as one of numcodecs.

    Parameters
    ----------
    codec
        A codec of numcodecs, or made like those.

    Raises
    ------
    UnknownCodecError
        If there is none.

    Examples
    --------
    >>> in_format_3(get_numcodec({"id": "gzip", "level": 3}))
    GzipCodec(level=3)
    >>> in_format_3(get_numcodec({"id": "zlib", "level": 3}))
    Zlib(codec_name='numcodecs.zlib', codec_config={'id': 'zlib', 'level': 3})
    """
    try:
        return codec_of(codec)
    except ArgumentError as exc:
        raise UnknownCodecError(
            f"the codec {codec.codec_id!r} of numcodecs has no counterpart in Zarr format 3 that makes the same bytes"
        ) from exc


def in_format_2(codec: Codec) -> Any:
    """The codec of numcodecs that makes the same bytes as one of format 3.

    Raises
    ------
    UnknownCodecError
        If there is none.

    Examples
    --------
    >>> in_format_2(Crc32cCodec())
    CRC32C()
    """
    config = _config(codec)
    if config is None:
        raise UnknownCodecError(f"{codec!r} has no counterpart in numcodecs, whose codecs Zarr format 2 takes")
    return get_numcodec(config)


def _config(codec: Codec) -> dict[str, Any] | None:
    if isinstance(codec, NumcodecsCodec):
        return {"id": codec.codec_id(), **codec.codec_config}
    if isinstance(codec, BitRoundCodec):
        return {"id": "bitround", "keepbits": codec.keepbits}
    if isinstance(codec, BloscCodec):
        shuffle = AUTO_SHUFFLE if codec.shuffle is None else SHUFFLES[codec.shuffle]
        return {
            "id": "blosc",
            "cname": codec.cname,
            "clevel": codec.clevel,
            "shuffle": shuffle,
            "blocksize": codec.blocksize,
        }
    if isinstance(codec, ZstdCodec):
        return {"id": "zstd", "level": codec.level, **({"checksum": True} if codec.checksum else {})}
    if isinstance(codec, GzipCodec):
        return {"id": "gzip", "level": codec.level}
    if isinstance(codec, Crc32cCodec):
        return {"id": "crc32c"}
    if isinstance(codec, VLenUTF8Codec):
        return {"id": "vlen-utf8"}
    return {"id": "vlen-bytes"} if isinstance(codec, VLenBytesCodec) else None


def decoded_dtype(codec: Codec, spec: ChunkSpec) -> np.dtype[Any] | None:
    """The dtype of elements that a filter of numcodecs is for, as its parameters say; None if they do not say one."""
    return codec._decoded_dtype(spec) if isinstance(codec, NumcodecsArrayArrayCodec) and codec.decoded_key else None


def with_decoded_dtype(codec: Codec, spec: ChunkSpec) -> Codec:
    """Such a filter for the elements of a chunk, in their byte order. What it makes of them stays the same."""
    filter_: Any = codec
    made = {} if filter_.encoded_key is None else {filter_.encoded_key: type_string(filter_._encoded_dtype(spec))}
    taken = {filter_.decoded_key: type_string(spec.dtype.to_native_dtype())}
    return type(filter_)(**{**filter_.codec_config, **made, **taken})  # type: ignore[no-any-return]
