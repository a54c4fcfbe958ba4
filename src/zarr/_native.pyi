"""Contract of the compiled part of zarr (`rust/binding`, a thin layer over `rust/kernel`).

Only `zarr._engine.native` imports it, and it may be absent: see `zarr._engine` for what happens
then.

*Buffer arguments* are anything C-contiguous with bytes in it: `bytes`, `bytearray`, `memoryview`, a
NumPy array or scalar of any data type that has no Python objects in it. They are read in place, in
C order, and never kept. Errors common to all:

- `TypeError`: the object lends no buffer, or its elements are Python objects.
- `ValueError`: the buffer is not C-contiguous, or NumPy will not lend it (variable-length strings).
- `BufferError`: the buffer has no dimensions and is not NumPy's.
- `OverflowError`: a count or length is negative or beyond 64 bits.
- `MemoryError`: there is no memory for the result.
- `RuntimeError`: a bug in the kernel, which the text asks you to report.

The functions keep no state and may be called from any number of threads at once.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

__all__ = [
    "build_info",
    "cache_nbytes",
    "clear_cache",
    "counters",
    "crc32c",
    "crc32c_append",
    "crc32c_strip",
    "decode_shard_index",
    "default_cache_nbytes",
    "encode_shard_index",
    "set_cache_capacity",
]

# NumPy is named besides `Buffer` because its dates, durations and extension types lend no buffer.
_Readable: TypeAlias = Buffer | NDArray[Any] | np.generic

def crc32c(data: _Readable, /) -> int:
    """CRC-32C (Castagnoli) of `data`. Other threads run meanwhile if there is much of it.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """

def crc32c_append(data: _Readable, /) -> bytes:
    r"""`data` followed by its CRC-32C in four little-endian bytes: what the `crc32c` codec stores.

    >>> crc32c_append(b"123456789")
    b'123456789\x83\x92\x06\xe3'
    """

def crc32c_strip(data: _Readable, /) -> bytes:
    r"""`data` without the four checksum bytes at its end, verified.

    Raises `ValueError` if the data is shorter than a checksum or does not match it.

    >>> crc32c_strip(b"123456789\x83\x92\x06\xe3")
    b'123456789'
    """

def encode_shard_index(entries: _Readable, checksum: bool) -> bytes:
    """Encode a shard index, with its CRC-32C if `checksum`.

    `entries` is the table of (offset, nbytes) pairs, one per inner chunk in row-major grid order,
    as little-endian uint64: an array of shape (n_chunks, 2) and data type `<u8`, say. Offsets count
    bytes from the start of the shard. An absent inner chunk has 2**64 - 1 in both places.

    Raises `ValueError` if the table is not a whole number of pairs, or if an entry is absent in one
    place only or ends beyond 2**64 - 1.
    """

def decode_shard_index(
    encoded: _Readable,
    n_chunks: int,
    checksum: bool,
    object_nbytes: int | None,
    index_offset: int | None,
) -> bytes:
    """Verify the encoded index of a shard with `n_chunks` inner chunks and return its table.

    The result has 16 * `n_chunks` bytes; `numpy.frombuffer(result, "<u8").reshape(n_chunks, 2)`
    gives the pairs. `object_nbytes` is the length of the shard and `index_offset` the place of the
    index in it: 0 for an index at the start, `object_nbytes - len(encoded)` for one at the end.
    Where one of them is `None`, what depends on it goes unchecked; otherwise no entry of the result
    points outside the shard or into the index.

    Raises `ValueError` if the length is not that of `n_chunks` entries and the checksum, if the
    checksum does not match, if the index itself does not fit in the shard, or for the first entry
    that is absent in one place only, ends beyond the shard or overlaps the index.
    """

def build_info() -> dict[str, str]:
    """How this module was built: `version` of the library, cargo `profile` and `target` triple."""

def counters() -> dict[str, int]:
    """What requests have done since this process began, counted exactly.

    Opens, reads and bytes of files, files written, locks taken, hits and misses of the chunk cache, threads started.
    The names are those of `rust/kernel/src/counters.rs`. A forked child goes on counting from its parent's numbers.
    """

def default_cache_nbytes() -> int:
    """The chunk cache's capacity in bytes for who has not chosen one: a small share of the memory, at most 256 MiB."""

def set_cache_capacity(nbytes: int, /) -> None:
    """Let the chunk cache of this process hold at most `nbytes` bytes; what no longer fits is dropped. 0 turns it off."""

def cache_nbytes() -> int:
    """Bytes in the chunk cache, with an estimate of what its administration takes."""

def clear_cache() -> None:
    """Drop everything in the chunk cache."""
