"""How much memory the stream of a chunk of text or byte strings may take: no more than it says itself, or is permitted.

The decoded size of such a chunk is not known before, and a few kilobytes can decode to gigabytes. But its first bytes are the
number of elements, and each of these says how long it is: so what is long is decoded step by step, and looked at in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zarr._codec.limits import OversizedError, variable_limit
from zarr._codec.vlen import stream_nbytes
from zarr.errors import CodecError

_UNSEEN_NBYTES = 4 * 2**20
"""So much is decoded unseen."""
_GROWTH = 16


def decode_stream(decode: Callable[[int], Any], codec: str, n_items: int) -> Any:
    """What a compressor decodes to, if that is not longer than a stream of so many elements that begins as it does.

    Parameters
    ----------
    decode
        Decodes to at most so many bytes, or raises OversizedError.
    codec
        Name of the one that stores the elements.
    """
    limit = variable_limit()
    most = min(_UNSEEN_NBYTES, limit)
    while True:
        try:
            return decode(most)
        except OversizedError as exc:
            if most == limit:
                raise too_long(codec, limit) from exc
            head = None if exc.head is None else exc.head()
        if head is None:
            most = limit
            continue
        least, is_exact = stream_nbytes(head, n_items, codec)
        if least > limit:
            raise too_long(codec, limit)
        if is_exact:
            return decode(least)
        most = min(max(least, _GROWTH * most), limit)


def check_new_stream(codec: str, nbytes: int) -> None:
    """Raise CodecError for elements that take more bytes than whoever reads the chunk decompresses."""
    if nbytes > (limit := variable_limit()):
        raise CodecError(
            codec,
            "encode",
            f"its elements take more than {limit} bytes, which is what the zarr.config key "
            "'array.max_variable_chunk_bytes' permits a reader to decompress; make the chunks smaller, or raise it here "
            "and wherever the array is read",
        )


def too_long(codec: str, limit: int) -> CodecError:
    """The error for a chunk of elements of variable length that decodes to more than is permitted."""
    reason = (
        f"the data decodes to more than {limit} bytes, which is what the zarr.config key 'array.max_variable_chunk_bytes' "
        "permits; raise it for an array that you trust"
    )
    return CodecError(codec, "decode", reason)
