"""Streams of pcodec and of ZFP: decoding them within bounds.

Both libraries believe what a stream says of its length. Of pcodec's, elements are decoded into memory of the size that is
allowed. ZFP moreover reads on where a stream is cut short, whatever lies there: it is given as many bytes as it could ever
read, and streams whose elements depend on bytes that are not theirs are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.limits import oversized
from zarr._codec.real_numbers import first_of
from zarr._codec.refusals import refusing
from zarr._support.imports_on_use import importing
from zarr.errors import CodecError, UnknownCodecError

if TYPE_CHECKING:
    import numpy.typing as npt


def decode_pcodec(encoded: npt.NDArray[np.uint8], dtype: np.dtype[Any], limit: int) -> npt.NDArray[Any]:
    """The elements, flat, of a stream of pcodec. Raises CodecError, also for more than `limit` bytes, or another dtype."""
    with importing("pcodec"):
        from pcodec import standalone
    elements = np.empty(limit // dtype.itemsize + 1, dtype.newbyteorder("="))
    with refusing("pcodec", "decode", RuntimeError, TypeError):
        progress = standalone.simple_decompress_into(encoded.tobytes(), elements)
    if not progress.finished or progress.n_processed * dtype.itemsize > limit:
        raise oversized("pcodec", f"more than {limit}", limit)
    return elements[: progress.n_processed].astype(dtype, copy=False)


REVERSIBLE = 5
"""The mode of ZFP without losses, by numcodecs' number."""


def encode_reversibly(elements: npt.NDArray[Any]) -> bytes:
    """A stream of ZFP with a header, without losses."""
    return bytes(_zfpy().compress_numpy(elements, write_header=True))


def refuse_no_numbers(elements: npt.NDArray[Any], codec: str) -> None:
    """Raise CodecError for NaN and infinities, of which, and of the numbers beside them, ZFP with losses makes anything.

    Integers it knows up to a quarter of what their bits can say: those that are larger may come back with the other sign.
    """
    if elements.dtype.kind == "f":
        if not np.isfinite(elements).all():
            raise CodecError(
                codec,
                "encode",
                "ZFP with losses stores finite numbers only, and there is NaN or an infinity among these",
            )
        return
    n_bits = 8 * elements.dtype.itemsize - 2
    beyond = (elements < -(2**n_bits)) | (elements >= 2**n_bits)
    if beyond.any():
        raise CodecError(
            codec,
            "encode",
            f"ZFP with losses stores integers, and times by their counts, from -2**{n_bits} to 2**{n_bits} - 1 only (not NaT), and "
            f"there is {first_of(elements, beyond)} among these; without losses it stores all of them",
        )


def decode_zfp(encoded: npt.NDArray[np.uint8], dtype: np.dtype[Any], limit: int) -> npt.NDArray[Any]:
    """The elements of a stream of ZFP with a header. Raises CodecError, also for more than `limit` bytes, or another dtype."""
    zfpy = _zfpy()
    stream = encoded.tobytes()
    with refusing("zfpy", "decode", ValueError, IndexError):
        header = zfpy.header(stream)
    lengths = [int(header[axis]) for axis in ("nx", "ny", "nz", "nw") if header[axis]]
    if header["type"] is None or np.dtype(header["type"]) != dtype.newbyteorder("="):
        raise CodecError("zfpy", "decode", f"the data holds elements of type {header['type']}, expected {dtype}")
    nbytes = math.prod(lengths) * dtype.itemsize
    if nbytes > limit:
        raise oversized("zfpy", nbytes, limit)
    room = _HEADER_NBYTES + _most_nbytes(lengths, 8 * dtype.itemsize, int(header["config"]["expert"]["minbits"]))
    return _decode(zfpy.decompress_numpy, "zfpy", stream, room).astype(dtype, copy=False)


def encode_zfp(elements: npt.NDArray[Any], settings: Mapping[str, float]) -> bytes:
    """A stream of ZFP without a header, of contiguous elements in up to four axes; without settings, one without losses."""
    with refusing("zfp", "encode", TypeError, ValueError, RuntimeError):
        return bytes(_zfpy().compress_numpy(elements, write_header=False, **settings))


def decode_zfp_alone(
    encoded: npt.NDArray[np.uint8], shape: tuple[int, ...], dtype: np.dtype[Any], settings: Mapping[str, float]
) -> npt.NDArray[Any]:
    """The elements of a stream of ZFP without a header. Raises CodecError."""
    zfpy = _zfpy()
    least = 0
    if (rate := settings.get("rate")) is not None:
        least = _bits_per_block(encoded.size, shape, rate)
        settings = {"rate": least / 4 ** len(shape)}
    ztype = {"i4": zfpy.type_int32, "i8": zfpy.type_int64, "f4": zfpy.type_float, "f8": zfpy.type_double}[dtype.str[1:]]
    return _decode(
        lambda stream: zfpy._decompress(stream, ztype, shape, **settings),
        "zfp",
        encoded.tobytes(),
        _most_nbytes(shape, 8 * dtype.itemsize, least),
    )


def _bits_per_block(nbytes: int, shape: tuple[int, ...], rate: float) -> int:
    """Bits of each block of a stream of a fixed rate, which its length has to suit.

    zarrs counts the rate for blocks in three dimensions, however many there are (seen in 0.23).
    """
    n_blocks = _n_blocks(shape)
    for ndim in (len(shape), 3):
        n_bits: int = math.floor(4**ndim * rate + 0.5)
        if nbytes in (-(-n_blocks * n_bits // 64) * 8, -(-n_blocks * n_bits // 8)):  # in words, or in bytes
            return n_bits
    raise CodecError("zfp", "decode", f"{nbytes} bytes are no {n_blocks} blocks with {rate:g} bits for each element")


_HEADER_NBYTES = 32


def _most_nbytes(lengths: Sequence[int], n_bits: int, least: int) -> int:
    """What ZFP reads at most: for each bit of 4**n elements as many bits again that say which of them have it."""
    per_block = max(2 * n_bits * 4 ** len(lengths) + 64, least)
    return int(_n_blocks(lengths) * per_block // 8 + 1)


def _n_blocks(lengths: Sequence[int]) -> int:
    return math.prod(-(-length // 4) for length in lengths)


def _decode(decompress: Callable[[bytes], Any], codec: str, stream: bytes, nbytes: int) -> npt.NDArray[Any]:
    """The elements of a stream of which `nbytes` bytes may be read."""
    with refusing(codec, "decode", ValueError, TypeError, RuntimeError):
        elements = np.asarray(decompress(stream.ljust(nbytes, b"\0")))
        is_short = len(stream) < nbytes
        if is_short and elements.tobytes() != np.asarray(decompress(stream.ljust(nbytes, b"\xff"))).tobytes():
            raise CodecError(codec, "decode", "the compressed data is cut short")
    return elements


def _zfpy() -> Any:
    try:
        with importing("zfpy"):
            import zfpy
    except ImportError as exc:
        raise UnknownCodecError(
            f"codec 'zfp' needs the package zfpy, which cannot be imported ({exc}): pip install zfpy"
        ) from exc
    return zfpy
