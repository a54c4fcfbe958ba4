"""Parts of stored objects, in bytes, as readers ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class RangeByteRequest:
    """Bytes `start` to `end`, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OffsetByteRequest:
    """All bytes from `offset` on."""

    offset: int


@dataclass(frozen=True, slots=True)
class SuffixByteRequest:
    """The last `suffix` bytes (all of them if the object is shorter)."""

    suffix: int


ByteRequest: TypeAlias = RangeByteRequest | OffsetByteRequest | SuffixByteRequest


def resolve_range(request: ByteRequest | None, nbytes: int) -> tuple[int, int]:
    """`(start, stop)` of a request on an object of `nbytes` bytes, cut to the object.

    >>> resolve_range(SuffixByteRequest(4), 10)
    (6, 10)
    >>> resolve_range(RangeByteRequest(8, 20), 10)
    (8, 10)
    """
    match request:
        case None:
            return 0, nbytes
        case RangeByteRequest(first, end):
            start = min(first, nbytes)
            stop = max(start, min(end, nbytes))
        case OffsetByteRequest(first):
            start, stop = min(first, nbytes), nbytes
        case SuffixByteRequest(first):
            start, stop = max(0, nbytes - first), nbytes
        case _:
            raise TypeError(f"Unexpected byte_range, got {request!r}.")
    if first < 0:
        raise ValueError(f"a byte range counts from 0 upwards, got {request!r}")
    return start, stop
