"""Calling the codec objects of numcodecs, with bounds and repairs.

Their own `decode` believes the size that the data claims. For the compressors whose output can be bounded, decoding
goes through bounded code of ours instead. Repaired here as well: `delta` over booleans, whose decoder is not the
inverse of its encoder, `bitround`, which makes numbers of some NaN, `gzip`, which writes the time of day, and `pcodec` and
`zfpy`, which do not look at the byte order, and of which the latter loses what is beside NaN.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import lzma
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import opaque_dtype
from zarr._codec import blosc, zstd
from zarr._codec.bitround import rounded
from zarr._codec.gzip_ import GZIP_WINDOW, ZLIB_WINDOW, deflate_gzip, inflate
from zarr._codec.limits import check_claim, oversized
from zarr._codec.number_streams import REVERSIBLE, decode_pcodec, decode_zfp, encode_reversibly, refuse_no_numbers
from zarr._codec.refusals import refusing
from zarr._codec.streams import drain
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

_LZMA_MEMORY = 256 * 2**20
_MOST_PADDING = 7
"""Bits that `packbits` may leave unused in its last byte."""


def encode_with(codec: Any, data: npt.NDArray[Any]) -> Any:
    """What `codec.encode` makes of contiguous elements: bytes or an array."""
    encoder = _ENCODERS.get(codec.codec_id) if _is_original(codec) else None
    if encoder is not None:
        return encoder(codec, data)
    opaque = opaque_dtype(data.dtype) if _is_original(codec) else None
    return codec.encode(data if opaque is None else data.view(opaque))


def decode_with(
    codec: Any, encoded: npt.NDArray[Any], limit: int, dtype: np.dtype[Any] | None = None, *, verifies: bool = True
) -> Any:
    """What `codec.decode` makes of contiguous bytes or elements: bytes or an array.

    Compressors hand out at most `limit` bytes; `dtype` is for those that know numbers, the one of the elements that they
    got. Checksums are only compared if it `verifies`. Raises CodecError where the data is damaged and this module can tell; codecs raise other exceptions as well.
    """
    if codec.codec_id in _OF_NUMBERS and dtype is not None and _is_original(codec):
        return _OF_NUMBERS[codec.codec_id](_bytes(encoded), dtype, limit)
    if not verifies and codec.codec_id in _CHECKSUMS and _is_original(codec):
        return _without_checksum(codec, _bytes(encoded))
    decoder = _DECODERS.get(codec.codec_id) if _is_original(codec) else None
    if decoder is None:
        return codec.decode(encoded)
    return decoder(codec, encoded, limit)


def _is_original(codec: Any) -> bool:
    """Whether this is numcodecs' own class, not one that another package registered under the same id."""
    return type(codec).__module__.startswith("numcodecs.")


def _bytes(encoded: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return encoded.reshape(-1, order="A").view(np.uint8)


_CHECKSUMS = {"adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3"}
_CHECKSUM_NBYTES = 4


def _without_checksum(codec: Any, encoded: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if encoded.size < _CHECKSUM_NBYTES:
        raise CodecError(codec.codec_id, "decode", f"{encoded.size} bytes are too few to hold a checksum")
    is_in_front = codec.codec_id in ("adler32", "crc32", "crc32c") and codec.location == "start"
    return encoded[_CHECKSUM_NBYTES:] if is_in_front else encoded[:-_CHECKSUM_NBYTES]


def _lz4(codec: Any, encoded: npt.NDArray[Any], limit: int) -> Any:
    data = _bytes(encoded)
    if data.size < 4:
        raise CodecError("lz4", "decode", f"{data.size} bytes are too few to hold the decoded size")
    nbytes = int.from_bytes(data[:4].tobytes(), "little")
    if nbytes > limit:
        raise oversized("lz4", nbytes, limit)
    check_claim("lz4", nbytes, encoded.nbytes)
    return b"" if nbytes == 0 else codec.decode(data)


def _bz2(_codec: Any, encoded: npt.NDArray[Any], limit: int) -> bytes:
    return drain(bz2.BZ2Decompressor, _bytes(encoded), limit, "bz2", (OSError,))


def _lzma(codec: Any, encoded: npt.NDArray[Any], limit: int) -> bytes:
    def make() -> lzma.LZMADecompressor:
        if codec.format == lzma.FORMAT_RAW:
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=codec.filters)
        # An XZ stream claims a dictionary size; without a limit on memory it could claim gigabytes.
        return lzma.LZMADecompressor(codec.format, memlimit=max(2 * limit, _LZMA_MEMORY))

    return drain(make, _bytes(encoded), limit, "lzma", (lzma.LZMAError,))


def _base64(_codec: Any, encoded: npt.NDArray[Any], _limit: int) -> bytes:
    with refusing("base64", "decode", binascii.Error):
        return base64.b64decode(_bytes(encoded).tobytes(), validate=True)


def _packbits(codec: Any, encoded: npt.NDArray[Any], _limit: int) -> Any:
    data = _bytes(encoded)
    if data.size and data[0] > _MOST_PADDING:
        raise CodecError("packbits", "decode", "the number of padding bits is too large")
    return codec.decode(data)


def _delta(codec: Any, encoded: npt.NDArray[Any], _limit: int) -> Any:
    if codec.dtype.kind != "b":
        return codec.decode(encoded)
    differences = encoded.reshape(-1, order="A").view(codec.astype).astype(bool)
    return np.logical_xor.accumulate(differences)


def _bitround(codec: Any, data: npt.NDArray[Any]) -> Any:
    if data.dtype.kind != "f" or data.dtype.itemsize > 8 or codec.keepbits >= np.finfo(data.dtype).nmant:
        return codec.encode(data)  # which says what it takes, or does nothing
    kept = rounded(data, codec.keepbits).astype(data.dtype, copy=False)
    return kept.view(kept.dtype.str.replace("f", "i"))  # what numcodecs hands on


def _pcodec(codec: Any, data: npt.NDArray[Any]) -> Any:
    return codec.encode(data.astype(data.dtype.newbyteorder("="), copy=False))


def _zfpy(codec: Any, data: npt.NDArray[Any]) -> Any:
    native = np.atleast_1d(data.astype(data.dtype.newbyteorder("="), copy=False))
    if codec.mode != REVERSIBLE:
        if max(codec.tolerance, codec.rate, codec.precision) >= 0:  # otherwise it loses nothing, whatever the mode
            refuse_no_numbers(native, "zfpy")
        return codec.encode(native)
    return encode_reversibly(native)  # which numcodecs forgets


_OF_NUMBERS = {"pcodec": decode_pcodec, "zfpy": decode_zfp}
"""They store numbers, whatever the order of their bytes is in memory."""
_ENCODERS: dict[str, Callable[[Any, npt.NDArray[Any]], Any]] = {
    "bitround": _bitround,
    "gzip": lambda codec, data: deflate_gzip(_bytes(data), codec.level),
    "pcodec": _pcodec,
    "zfpy": _zfpy,
}
_DECODERS: dict[str, Callable[[Any, npt.NDArray[Any], int], Any]] = {
    "base64": _base64,
    "blosc": lambda _codec, encoded, limit: blosc.decompress(_bytes(encoded), limit),
    "bz2": _bz2,
    "delta": _delta,
    "gzip": lambda _codec, encoded, limit: inflate(_bytes(encoded), limit, window=GZIP_WINDOW, codec="gzip"),
    "lz4": _lz4,
    "lzma": _lzma,
    "packbits": _packbits,
    "zlib": lambda _codec, encoded, limit: inflate(_bytes(encoded), limit, window=ZLIB_WINDOW, codec="zlib"),
    "zstd": lambda _codec, encoded, limit: zstd.decompress(_bytes(encoded), limit),
}
