"""Decompressing streams of Python's own compression modules, to a limit.

Several streams may follow one another in one input. It is fed in pieces: the decompressors copy what lies behind the end
of a stream, which for a large input made of many tiny streams would otherwise take quadratic time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from zarr._codec.limits import oversized
from zarr._codec.refusals import refusing
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PIECE_NBYTES = 16 * 2**10


def drain(
    make: Callable[[], Any],
    data: npt.NDArray[np.uint8],
    limit: int,
    codec: str,
    errors: tuple[type[Exception], ...],
    *,
    several: bool = True,
    zero_padded: bool = False,
) -> bytes:
    """Decompress all streams in `data` to at most `limit` bytes.

    Parameters
    ----------
    make
        Makes a decompressor: `decompress(piece, max_length)`, `eof`, `unused_data`.
    codec
        Name for errors.
    errors
        What the decompressor raises for damaged data, these very classes.
    several
        Whether more than one stream is legal.
    zero_padded
        Whether zeros may follow a stream.

    Raises
    ------
    CodecError
        For damaged, truncated or oversized data, and for bytes behind the end.
    """
    parts: list[bytes] = []
    room, position = limit, 0
    stream = make()
    refuses = refusing(codec, "decode", *errors)
    while True:
        piece = data[position : position + _PIECE_NBYTES]
        if piece.size == 0:
            raise CodecError(codec, "decode", "the compressed data is cut short")
        with refuses:
            part = stream.decompress(piece, room + 1)
        room -= len(part)
        if room < 0:
            raise oversized(codec, f"more than {limit}", limit, partial(b"".join, (*parts, part)))
        parts.append(part)
        position += piece.size
        if stream.eof:
            position -= len(stream.unused_data)
            if zero_padded:
                position = _skip_zeros(data, position)
            if position == data.size:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            if not several:
                raise CodecError(codec, "decode", f"{data.size - position} bytes follow the end of the compressed data")
            stream = make()


def _skip_zeros(data: npt.NDArray[np.uint8], position: int) -> int:
    while position < data.size:
        piece = data[position : position + _PIECE_NBYTES]
        if piece.any():
            return position + int(piece.astype(bool).argmax())
        position += piece.size
    return position
