"""Putting a shard together: inner chunks one after the other, in whatever they are written to, and the index.

Nothing but the index has to be in memory: each inner chunk is handed on as soon as it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zarr._buffer.pieces import MemorySink
from zarr._codec.shard_index import CODEC, MISSING
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from zarr._buffer import BytesLike
    from zarr._buffer.pieces import Sink
    from zarr._codec.shard_index import Entries


class NewShard:
    """A shard that is being written.

    Parameters
    ----------
    sink
        Where to; nothing has been written there.
    n_chunks
        Number of inner chunks of such a shard.
    index_nbytes
        Size of the encoded index.
    at_end
        Whether the index follows the inner chunks or precedes them.
    """

    __slots__ = ("_at_end", "_end", "_entries", "_index_nbytes", "_sink")

    def __init__(self, sink: Sink, n_chunks: int, index_nbytes: int, *, at_end: bool) -> None:
        self._sink, self._index_nbytes, self._at_end = sink, index_nbytes, at_end
        self._entries = np.full((n_chunks, 2), MISSING, np.uint64)
        self._end = 0
        if not at_end:
            self.lay(bytes(index_nbytes))  # its place

    def lay(self, data: BytesLike) -> int:
        """Write the bytes of an inner chunk, or of several that lie behind each other; where they begin."""
        start = self._end
        self._sink.append(data)
        self._end = start + len(data)
        return start

    def note(self, rows: npt.NDArray[np.int64] | list[int], offsets: npt.ArrayLike, sizes: npt.ArrayLike) -> None:
        """Say where inner chunks lie, by their rows in the index."""
        self._entries[rows, 0] = offsets
        self._entries[rows, 1] = sizes

    def finish(self, encode_index: Callable[[Entries], bytes]) -> None:
        """Write the index. Raises CodecError if it does not come out at its computed size."""
        index = encode_index(self._entries)
        if len(index) != self._index_nbytes:
            raise CodecError(CODEC, "encode", f"the shard index has {len(index)} bytes instead of {self._index_nbytes}")
        if self._at_end:
            self._sink.append(index)
        else:
            self._sink.overwrite(0, index)


def assemble_shard(
    parts: Iterable[tuple[int, BytesLike | None]],
    n_chunks: int,
    encode_index: Callable[[Entries], bytes],
    index_nbytes: int,
    at_end: bool,
) -> bytes | None:
    r"""A shard in memory.

    Parameters
    ----------
    parts
        Index positions with encoded inner chunks, None where there is none, in the order in which they are laid.
    n_chunks, index_nbytes, at_end
        As for `NewShard`.
    encode_index
        Encodes the entries, shape `(n_chunks, 2)`, to exactly `index_nbytes` bytes.

    Returns
    -------
    The bytes of the shard, or None if it has no inner chunk.

    Examples
    --------
    >>> shard = assemble_shard([(0, b"ab"), (1, None)], 2, lambda entries: entries.astype("<u8").tobytes(), 32, True)
    >>> shard[:4]
    b'ab\x00\x00'
    """
    sink = MemorySink()
    shard = NewShard(sink, n_chunks, index_nbytes, at_end=at_end)
    rows, offsets, sizes = [], [], []
    for row, part in parts:
        if part is not None:
            rows.append(row)
            sizes.append(len(part))
            offsets.append(shard.lay(part))
        del part  # before the next one is made
    if not rows:
        return None
    shard.note(rows, offsets, sizes)
    shard.finish(encode_index)
    return sink.value()
