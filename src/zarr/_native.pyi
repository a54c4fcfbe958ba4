"""Contract of the compiled part of zarr (`rust/binding`, a thin layer over `rust/kernel`).

Only `zarr._engine.extension` imports it, and it may be absent: see `zarr._engine` for what happens
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

The functions keep no state, and objects of the classes never change: all may be used from any number
of threads at once. Work on elements lets other Python threads run meanwhile.

What is wrong with the bytes of a chunk raises `zarr.errors.CodecError` with the chunk's coordinates.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

__all__ = [
    "Getter",
    "Keys",
    "OwnedBytes",
    "Pipeline",
    "Place",
    "Request",
    "after_fork_in_child",
    "after_fork_in_parent",
    "before_fork",
    "build_info",
    "cache_nbytes",
    "clear_cache",
    "codec_problem",
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

_Lengths: TypeAlias = int | Sequence[tuple[int, int]]
"""The length of all chunks along an axis, or runs of (length, count)."""

_Axis: TypeAlias = int | tuple[int, int, int] | NDArray[np.int64]
"""A position, the (start, step, count) of a run of positions, or a list of positions."""

@final
class Pipeline:
    """An array's chunk grid, shards and codecs, compiled.

    Parameters
    ----------
    shape
        Of the array.
    object_shape, chunk_shape
        Of the stored objects and of the chunks that are decoded one by one, which divide them: the
        innermost chunks of shards, else the same. Where lengths differ along an axis, runs of
        them, each with how many there are.
    order
        Axis `i` of a chunk as it is stored is axis `order[i]` of the array.
    itemsize, swap_nbytes
        Bytes of an element of a fixed size, and of the units in it whose bytes are reversed between memory and
        store; 1 for none.
    codecs
        Codecs of bytes in encoding order, by name and parameters.
    levels
        Levels of sharding, outermost first: shapes of shard (None where shards differ, at the first
        level) and of inner chunks, counted in decoded chunks, the order in which axes are stored, whether the index is at the end, whether it has
        a checksum, and the order in which inner chunks are laid.
    fill
        The fill value, one element as it is in memory; of variable length, the bytes that are stored of it.
    keeps_empty
        Encode chunks that hold nothing but the fill value instead of dropping them.
    refuses_missing
        Raise `zarr.errors.ChunkNotFoundError` where a chunk is not stored.
    items
        The codec of elements of variable length, "vlen-utf8" or "vlen-bytes"; None for those of a fixed size.
    most_stream_nbytes
        With `items`, the most bytes that a codec may decode to.

    Raises `ValueError` if these contradict each other, or for an unknown codec.
    """

    def __new__(
        cls,
        *,
        shape: Sequence[int],
        object_shape: Sequence[_Lengths],
        chunk_shape: Sequence[_Lengths],
        order: Sequence[int],
        itemsize: int,
        swap_nbytes: int,
        codecs: Sequence[tuple[str, dict[str, Any]]],
        levels: Sequence[tuple[Sequence[int] | None, Sequence[int], Sequence[int], bool, bool, str]],
        fill: _Readable,
        keeps_empty: bool,
        refuses_missing: bool,
        items: str | None = None,
        most_stream_nbytes: int = ...,
    ) -> Pipeline: ...
    def read(
        self,
        place: Place,
        keys: Keys,
        axes: Sequence[_Axis],
        is_points: bool,
        out: NDArray[Any],
        max_threads: int,
    ) -> None:
        """Read a selection of the array in `place` into `out`; see `request` for the selection.

        `max_threads` is the most threads at work in this process, 0 for as many as it may run. A signal
        handler that raises stops the request. Raises `OSError` where the system refuses to read.
        """

    def write(
        self,
        place: Place,
        keys: Keys,
        axes: Sequence[_Axis],
        is_points: bool,
        value: NDArray[Any],
        max_threads: int,
        sync: bool,
        held: str | None,
    ) -> None:
        """Write `value` into a selection of the array in a directory. Each object is changed wholly or not at all.

        With `sync`, everything is on the disk when it returns. `held` is a directory that the caller has
        locked. Raises `OSError` where the system refuses, `zarr.errors.ConcurrentChangeError` if
        programs without locks keep changing an object, and `ValueError` for a place in memory.
        """

    def takes(self, value: NDArray[np.object_], /) -> bool:
        """Whether an array of Python objects can be written as it is: elements have variable length, all objects are `str`
        that UTF-8 can say, or `bytes`, whichever the codec stores, and they lie in one piece.
        """

    def request(self, axes: Sequence[_Axis], is_points: bool) -> Request:
        """Plan a selection: one entry per axis of the array.

        With `is_points` the lists name points together; the result has one axis for them, before all
        others. Raises `ValueError` if the selection does not lie inside the array.
        """

@final
class Request:
    """One selection of one array. Stored objects are numbered in the order of the plan.

    `out` and `value` are arrays of any strides, of the selection's shape (shape `(1,)` for a scalar)
    and the item size of the array, whose memory can be lent: dates and durations as opaque bytes. Elements of variable
    length are NumPy's text, for "vlen-utf8", or Python objects.
    """

    @property
    def n_objects(self) -> int:
        """Number of stored objects that the selection meets."""

    def coords(self, number: int) -> tuple[int, ...]:
        """Chunk coordinates of an object."""

    def is_whole(self, number: int) -> bool:
        """Whether the request covers all of an object that lies inside the array."""

    def decode(self, number: int, encoded: _Readable | None, out: NDArray[Any]) -> None:
        """Place what the request wants of an object into `out`; None is an object that is not stored."""

    def missing_parts(self, number: int, nbytes: int, pieces: Sequence[tuple[int, _Readable]]) -> list[tuple[int, int]]:
        """(offset, nbytes) of what else is needed of a shard of `nbytes` bytes, as far as `pieces` tell.

        A piece is an offset and the bytes there.
        """

    def decode_pieces(
        self, number: int, nbytes: int, pieces: Sequence[tuple[int, _Readable]], out: NDArray[Any]
    ) -> None:
        """As `decode`, from pieces of a shard of which nothing is missing."""

    def encode(
        self, first: int, old: Sequence[_Readable | None], value: NDArray[Any], max_threads: int
    ) -> list[OwnedBytes | None]:
        """New bytes of objects that follow each other: `value` over what was stored before.

        None: nothing is to be stored. What was stored is not looked at where the request covers the
        object wholly.
        """

@final
class OwnedBytes(Buffer):
    """Bytes that the kernel made, lent through the buffer protocol without a copy. They never change."""

    def __len__(self) -> int: ...

@final
class Getter:
    """`array[...]` for integers and slices.

    Parameters
    ----------
    pipeline, keys
        Of the array.
    place
        Where its objects are.
    shape
        Of the array.
    dtype, order
        Of the results.
    lent_as
        The dtype as which NumPy lends the memory of results, where it does not lend it as it is.
    """

    def __new__(
        cls,
        pipeline: Pipeline,
        place: Place,
        keys: Keys,
        shape: Sequence[int],
        dtype: np.dtype[Any],
        order: str,
        lent_as: np.dtype[Any] | None,
    ) -> Getter: ...
    def get(self, selection: object, max_threads: int, /) -> Any:
        """An array of the selected elements, or a scalar; NotImplemented for a selection that is no tuple of integers
        and slices inside the array, or of nothing.
        """

@final
class Keys:
    """How the chunks of an array are named: `encoding` is "default" or "v2", `prefix` ends in a slash or is empty."""

    def __new__(cls, encoding: str, separator: str, prefix: str) -> Keys: ...

@final
class Place:
    """Where the objects of arrays are, if the kernel can reach them itself: the one class for all such stores."""

    @staticmethod
    def directory(path: str, caches: bool) -> Place:
        """A local directory; it need not exist. With `caches`, reads use the chunk cache. Absent on Windows."""

    @staticmethod
    def memory(values: dict[str, Any], caches: bool = False) -> Place:
        """The dict of a memory store, whose values are `zarr.buffer.cpu.Buffer`s; they are looked up in each request. With
        `caches`, chunks of elements of variable length are found in the chunk cache, if their values are `OwnedBytes`.
        """

    @property
    def can_write(self) -> bool:
        """Whether `Pipeline.write` can: a directory needs locks between processes. Values in memory the store puts."""

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

def codec_problem(codecs: Sequence[tuple[str, dict[str, Any]]]) -> str | None:
    """Why `Pipeline` would not take these codecs; None if it would."""

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

def before_fork() -> bool:
    """Let no thread open what a forked child would have to close, until one of the next two is called. Always true."""

def after_fork_in_parent() -> None:
    """To be called after a fork, or an attempt, in the process that forked."""

def after_fork_in_child() -> None:
    """To be called in a forked child, by its only thread, instead: closes inherited locks, and begins everything anew."""
