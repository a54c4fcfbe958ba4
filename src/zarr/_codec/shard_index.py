"""The index of a shard: pure functions, shared by the codec and the engines.

The index is a uint64 array with, for each inner chunk in row-major order of its grid, the offset of its bytes from the
beginning of the shard and their number. An absent inner chunk has 2**64 - 1 in both. The encoded index, whose size is
fixed by its codecs, lies at the end of the shard or at its beginning; inner chunks may lie anywhere else, in any order.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

Entries: TypeAlias = "npt.NDArray[np.uint64]"

CODEC = "sharding_indexed"
MISSING = 2**64 - 1
WRITE_ORDERS = ("morton", "unordered", "lexicographic", "colexicographic")


def index_shape(chunks_per_shard: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the index as its codecs see it: an axis of two numbers behind the grid of inner chunks.

    NumPy has no such array for a grid of 64 axes; there the rows stand behind each other, which is the same bytes.

    >>> index_shape((2, 3)), len(index_shape((1,) * 64))
    ((2, 3, 2), 2)
    """
    return (*(chunks_per_shard if len(chunks_per_shard) < 64 else (math.prod(chunks_per_shard),)), 2)


def parse_entries(
    entries: npt.NDArray[Any],
    object_nbytes: int | None,
    index_start: int | None,
    index_nbytes: int,
    *,
    chunks_per_shard: tuple[int, ...] | None = None,
) -> Entries:
    """Check a decoded shard index.

    Parameters
    ----------
    entries
        Array of shape `(n_chunks, 2)`, or of any shape that ends in 2: offset and nbytes.
    object_nbytes
        Size of the shard, or None if it is not known; then only what can be checked without it is.
    index_start
        Position of the index in the shard, or None if it is not known.
    index_nbytes
        Size of the encoded index.
    chunks_per_shard
        Inner chunks along each stored axis, to name the offending one by its coordinates.

    Returns
    -------
    The entries as `uint64`, shape `(n_chunks, 2)`.

    Raises
    ------
    CodecError
        For a half marked entry, one that ends behind the object, or one that overlaps the index.

    Examples
    --------
    >>> parse_entries(np.array([[0, 4]]), 24, 4, 20).tolist()
    [[0, 4]]
    """
    table = np.ascontiguousarray(entries).reshape(-1, 2).astype(np.uint64, copy=False)
    offsets, sizes = table[:, 0], table[:, 1]
    missing = np.uint64(MISSING)
    present = offsets != missing
    half = present == (sizes == missing)
    ends = offsets + sizes  # wraps around; caught by the comparison with the offset
    end_limit = missing if object_nbytes is None else np.uint64(object_nbytes)
    outside = present & ((ends < offsets) | (ends > end_limit))
    overlaps = np.False_
    if index_start is not None:
        index_end = np.uint64(index_start + index_nbytes)
        overlaps = present & (sizes > 0) & (offsets < index_end) & (ends > np.uint64(index_start))
    if (half | outside | overlaps).any():
        _refuse(half, table, chunks_per_shard, "has a marker for absence in one of its two fields")
        _refuse(outside, table, chunks_per_shard, f"lies outside the shard of {object_nbytes} bytes")
        _refuse(overlaps, table, chunks_per_shard, "overlaps the shard index")
    return table


def _refuse(bad: npt.NDArray[np.bool_] | np.bool_, table: Entries, shape: tuple[int, ...] | None, reason: str) -> None:
    if not bad.any():
        return
    row = int(bad.argmax())
    offset, nbytes = (int(number) for number in table[row])
    coords = None if shape is None else tuple(int(c) for c in np.unravel_index(row, shape))
    raise CodecError(
        CODEC, "decode", f"entry {row} of the shard index (offset {offset}, {nbytes} bytes) {reason}", coords=coords
    )


def locate_index(object_nbytes: int, index_nbytes: int, *, at_end: bool) -> int:
    """Position of the index in a shard. Raises CodecError if the shard is shorter than its index."""
    if object_nbytes < index_nbytes:
        raise CodecError(
            CODEC, "decode", f"the shard has {object_nbytes} bytes, too few for its index of {index_nbytes}"
        )
    return object_nbytes - index_nbytes if at_end else 0


@lru_cache(maxsize=64)
def write_order(name: str, chunks_per_shard: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Index positions in the order in which inner chunks are laid.

    Examples
    --------
    >>> write_order("morton", (2, 4)).tolist()
    [0, 4, 1, 5, 2, 6, 3, 7]
    """
    order = _laid(name, chunks_per_shard)
    order.flags.writeable = False
    return order


def _laid(name: str, chunks_per_shard: tuple[int, ...]) -> npt.NDArray[np.int64]:
    positions = np.arange(math.prod(chunks_per_shard), dtype=np.int64)
    if name in ("unordered", "lexicographic"):
        return positions
    if name == "colexicographic":
        return positions.reshape(chunks_per_shard).ravel(order="F").copy()
    return np.argsort(_morton_codes(chunks_per_shard), kind="stable")


def _morton_codes(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """For each cell in row-major order, its coordinates' bits interleaved, the first axis lowest.

    An axis takes part only as far as it has bits, so codes stay as short as the grid allows.
    """
    positions = np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64)
    grid = np.unravel_index(positions, shape) if shape else ()
    codes = np.zeros_like(positions)
    n_bits = [(length - 1).bit_length() for length in shape]
    shift = 0
    for bit in range(max(n_bits, default=0)):
        for axis in range(len(shape)):
            if bit < n_bits[axis]:
                codes |= (grid[axis] >> bit & 1) << shift
                shift += 1
    return codes


def touched_rows(selection: Any, shape: tuple[int, ...], chunk_shape: tuple[int, ...]) -> list[int]:
    """Rows of the index of a shard of `shape` whose inner chunks a NumPy index on the shard meets.

    Examples
    --------
    >>> touched_rows((slice(1, 3), 0), (4, 4), (2, 2))
    [0, 2]
    """
    strides = np.cumprod([1, *(-(-n // c) for n, c in zip(shape[:0:-1], chunk_shape[:0:-1], strict=True))])[::-1]
    points: Any = np.zeros((), np.int64)
    runs: list[npt.NDArray[np.int64]] = []
    for entry, length, inner, stride in zip(
        _per_axis(selection, len(shape)), shape, chunk_shape, strides, strict=False
    ):
        positions = np.arange(length, dtype=np.int64)[entry]
        if isinstance(entry, slice):
            runs.append(np.unique(positions // inner) * stride)
        else:
            points = points + positions // inner * stride
    rows = np.unique(points)
    for run in runs:
        rows = np.add.outer(rows, run).ravel()
    return sorted(rows.tolist())


def _per_axis(selection: Any, ndim: int) -> list[Any]:
    """The entries of a NumPy index, one per axis."""
    entries: list[Any] = []
    for entry in selection if isinstance(selection, tuple) else (selection,):
        mask = np.asarray(entry) if isinstance(entry, list | np.ndarray) else None
        if mask is not None and mask.dtype == bool:
            entries.extend(mask.nonzero())
        else:
            entries.append(entry)
    n_missing = ndim - sum(entry is not Ellipsis for entry in entries)
    missing = [slice(None)] * n_missing
    at = next((i for i, entry in enumerate(entries) if entry is Ellipsis), None)
    return [*entries, *missing] if at is None else [*entries[:at], *missing, *entries[at + 1 :]]
