"""Decoding the streams of pcodec and of ZFP, within bounds.

Both libraries believe what a stream says of its length. Of pcodec's, elements are decoded into memory of the size that is
allowed. ZFP moreover reads on where a stream is cut short, whatever lies there: it is given as many bytes as it could ever
read, and streams whose elements depend on bytes that are not theirs are refused.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.limits import oversized
from zarr._codec.refusals import refusing
from zarr._support.imports_on_use import importing
from zarr.errors import CodecError

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
"""The mode of ZFP without losses."""


def encode_reversibly(elements: npt.NDArray[Any]) -> bytes:
    """A stream of ZFP with a header, without losses."""
    return bytes(_zfpy().compress_numpy(elements, write_header=True))


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
    room = _most_nbytes(lengths, 8 * dtype.itemsize, int(header["config"]["expert"]["minbits"]))
    return _decode(zfpy, stream, _HEADER_NBYTES + room).astype(dtype, copy=False)


_HEADER_NBYTES = 32


def _most_nbytes(lengths: list[int], n_bits: int, least: int) -> int:
    """What ZFP reads at most: for each bit of 4**n elements as many bits again that say which of them have it."""
    n_blocks = math.prod(-(-length // 4) for length in lengths)
    per_block = max(2 * n_bits * 4 ** len(lengths) + 64, least)
    return int(n_blocks * per_block // 8 + 1)


def _decode(zfpy: Any, stream: bytes, nbytes: int) -> npt.NDArray[Any]:
    """The elements of a stream of which `nbytes` bytes may be read."""
    with refusing("zfpy", "decode", ValueError, TypeError, RuntimeError):
        elements = np.asarray(zfpy.decompress_numpy(stream.ljust(nbytes, b"\0")))
        if (
            len(stream) < nbytes
            and elements.tobytes() != zfpy.decompress_numpy(stream.ljust(nbytes, b"\xff")).tobytes()
        ):
            raise CodecError("zfpy", "decode", "the compressed data is cut short")
    return elements


def _zfpy() -> Any:
    with importing("zfpy"):
        import zfpy
    return zfpy
