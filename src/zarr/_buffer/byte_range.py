"""Parts of stored objects, in bytes, as readers ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from zarr.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class RangeByteRequest:
    """Bytes `start` to `end`, end exclusive.

    Examples
    --------
    >>> import zarr
    >>> from zarr.abc.store import RangeByteRequest
    >>> store = zarr.storage.MemoryStore({"key": zarr.buffer.cpu.Buffer.from_bytes(b"0123456789")})
    >>> store.get_sync("key", byte_range=RangeByteRequest(2, 5)).to_bytes()
    b'234'
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OffsetByteRequest:
    """All bytes from `offset` on.

    Examples
    --------
    >>> import zarr
    >>> from zarr.abc.store import OffsetByteRequest
    >>> store = zarr.storage.MemoryStore({"key": zarr.buffer.cpu.Buffer.from_bytes(b"0123456789")})
    >>> store.get_sync("key", byte_range=OffsetByteRequest(7)).to_bytes()
    b'789'
    """

    offset: int


@dataclass(frozen=True, slots=True)
class SuffixByteRequest:
    """The last `suffix` bytes (all of them if the object is shorter).

    Examples
    --------
    >>> import zarr
    >>> from zarr.abc.store import SuffixByteRequest
    >>> store = zarr.storage.MemoryStore({"key": zarr.buffer.cpu.Buffer.from_bytes(b"0123456789")})
    >>> store.get_sync("key", byte_range=SuffixByteRequest(2)).to_bytes()
    b'89'
    """

    suffix: int


ByteRequest: TypeAlias = RangeByteRequest | OffsetByteRequest | SuffixByteRequest


def resolve_range(request: ByteRequest | None, nbytes: int) -> tuple[int, int]:
    """`(start, stop)` of a request on an object of `nbytes` bytes, cut to the object.

    Examples
    --------
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
            raise ArgumentError(f"Unexpected byte_range, got {request!r}.")
    if first < 0:
        raise ValueError(f"a byte range counts from 0 upwards, got {request!r}")
    return start, stop
