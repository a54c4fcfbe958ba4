"""Arrays as rows that come one block after the other: out of a stored array, a file of NumPy, a table of text."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zarr._faces.array import Array
from zarr._faces.view import View
from zarr.errors import ArgumentError

Block: TypeAlias = npt.NDArray[Any]
BLOCK_NBYTES = 32 * 2**20


def blocks_of(view: View) -> Iterator[Block]:
    """The elements of a view, in blocks along its first dimension that end where stored objects do. A scalar is one block."""
    if not view.shape:
        yield np.asarray(view.read())
        return
    row_nbytes = max(1, view.nbytes // max(1, view.shape[0]))
    start = stop = 0
    for length in view.write_chunk_sizes[0]:
        stop += length
        if (stop - start) * row_nbytes >= BLOCK_NBYTES:
            yield from _cut(view, start, stop, row_nbytes)
            start = stop
    yield from _cut(view, start, stop, row_nbytes)


def _cut(view: View, start: int, stop: int, row_nbytes: int) -> Iterator[Block]:
    """Rows that lie in objects which are read together; fewer at a time where these are very large."""
    n = max(1, 4 * BLOCK_NBYTES // row_nbytes)
    for begin in range(start, stop, n):
        yield np.asarray(view[begin : min(begin + n, stop)].read())


def table_of(text: str) -> Block:
    """Numbers out of a table: of a file `.csv` or `.tsv`."""
    path = Path(text)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    return np.loadtxt(path, delimiter=delimiter, ndmin=2, comments="#")


def file_rows(text: str) -> Block:
    """The array in a file: of NumPy (mapped, not read), a table, or of NumPy on standard input ('-').

    Raises
    ------
    ArgumentError
        If it is of another kind.
    """
    if text == "-":
        return np.asarray(np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
    suffix = Path(text).suffix.lower()
    if suffix == ".npy":
        return np.asarray(np.load(text, mmap_mode="r", allow_pickle=False))
    if suffix in (".csv", ".tsv"):
        return table_of(text)
    raise ArgumentError(f"{text!r} is none of .npy, .csv and .tsv, and no stored array")


def is_file(text: str) -> bool:
    """Whether a text names a file of rows rather than a stored array."""
    return text == "-" or (Path(text).suffix.lower() in (".npy", ".csv", ".tsv") and not Path(text).is_dir())


def blocks_to_append(source: Array | Block, axis: int) -> Iterator[Block]:
    """An array in blocks along an axis."""
    n = source.shape[axis] if source.ndim else 0
    row_nbytes = max(1, source.nbytes // max(1, n))
    step = max(1, BLOCK_NBYTES // row_nbytes)
    if isinstance(source, Array) and source.write_chunk_sizes[axis]:
        whole = source.write_chunk_sizes[axis][0]
        step = max(whole, step // whole * whole)
    for start in range(0, n, step):
        region = (*(slice(None),) * axis, slice(start, min(start + step, n)))
        yield np.asarray(source[region])
