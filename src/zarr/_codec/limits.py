"""How many bytes a decoder may hand out.

Stored bytes are hostile: a few kilobytes can claim to decompress to terabytes. Every decoder that can be told a size is
told this one. The exact size of a chunk is checked at the end of the chain; between two bytes -> bytes codecs only an
upper bound is known, because what a compressor writes for incompressible data, and what checksums add, is more than the
elements: an eighth and 64 KiB are room enough for every known codec.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarr._codec.raw import is_variable_length, native_dtype
from zarr._support.settings import settings
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarr._codec.base import ChunkSpec

MARGIN_NBYTES = 64 * 2**10
UNKNOWN_NBYTES = -1
"""As `ChunkSpec.nbytes_limit`: what an array -> bytes codec makes of the elements has no known size."""

_MOST_RATIO = 32 * 2**10
"""Four bytes of zstd repeat one 128 KiB times, and no other of these formats says more with less."""
_OF_KNOWN_RATIO = frozenset(("gzip", "zlib", "zstd", "lz4", "blosc"))


class OversizedError(CodecError):
    """Bytes decode to more than the limit.

    Attributes
    ----------
    head
        Decodes what they begin with; None where a beginning costs as much as everything.
    """

    head: Callable[[], bytes] | None = None


def variable_limit() -> int:
    """Limit where the decoded size cannot be known: strings, and array -> bytes codecs of variable size."""
    return settings().max_variable_chunk_nbytes


def decoded_nbytes(spec: ChunkSpec) -> int | None:
    """Size of the chunk's elements in bytes, or None if elements have variable length."""
    dtype = native_dtype(spec)
    return None if is_variable_length(dtype) else math.prod(spec.shape) * dtype.itemsize


def with_margin(nbytes: int) -> int:
    """Room for what codecs add to `nbytes` bytes.

    Examples
    --------
    >>> with_margin(0)
    65536
    """
    return nbytes + nbytes // 8 + MARGIN_NBYTES


def output_limit(spec: ChunkSpec) -> int:
    """Most bytes that a bytes -> bytes codec may hand out when it decodes a chunk of this spec."""
    if spec.nbytes_limit is not None and spec.nbytes_limit != UNKNOWN_NBYTES:
        return spec.nbytes_limit
    nbytes = decoded_nbytes(spec)
    if nbytes is None:
        return variable_limit()
    return with_margin(nbytes) if spec.nbytes_limit is None else max(variable_limit(), with_margin(nbytes))


def before_another(spec: ChunkSpec) -> ChunkSpec:
    """The spec for a bytes -> bytes codec whose output is that of another one, which may have made more of less."""
    if spec.nbytes_limit is None or spec.nbytes_limit == UNKNOWN_NBYTES:
        return spec
    is_unknown = decoded_nbytes(spec) is None  # the limit is what the beginning of the data says
    return spec.replace(nbytes_limit=UNKNOWN_NBYTES if is_unknown else with_margin(spec.nbytes_limit))


def check_claim(codec: str, claimed: int, encoded_nbytes: int) -> None:
    """Raise CodecError for a length that a header claims, if so many encoded bytes cannot stand for it in any format.

    Examples
    --------
    >>> check_claim("zstd", 2**20, encoded_nbytes=100)
    """
    if claimed > _MOST_RATIO * (encoded_nbytes + 1):
        raise CodecError(codec, "decode", f"its header claims {claimed} bytes, which {encoded_nbytes} cannot decode to")


def check_room(codec: str, encoded_nbytes: int, nbytes: int) -> None:
    """Raise CodecError where so few encoded bytes cannot decode to a chunk of so many, before memory is spent on it.

    Examples
    --------
    >>> check_room("zstd", 100, nbytes=2**20)
    """
    if codec in _OF_KNOWN_RATIO and nbytes > _MOST_RATIO * (encoded_nbytes + 1):
        raise CodecError(codec, "decode", f"{encoded_nbytes} bytes cannot decode to the {nbytes} of the chunk")


def oversized(codec: str, nbytes: int | str, limit: int, head: Callable[[], bytes] | None = None) -> OversizedError:
    """The error for bytes that would decode to more than the limit."""
    error = OversizedError(codec, "decode", f"the data decodes to {nbytes} bytes, but at most {limit} can belong here")
    error.head = head
    return error
