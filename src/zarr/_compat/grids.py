"""Chunks of arrays, guessed and normalised, by zarr-python's functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from zarr._grid import chunk_shapes
from zarr._grid.edges import Edges
from zarr._grid.of_array import ChunkGrid, DimensionGrid, FixedDimension
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata

if TYPE_CHECKING:
    from zarr._metadata.chunk_grid import ChunkGridMetadata

SHARDED_INNER_CHUNK_MAX_BYTES = chunk_shapes.MAX_INNER_NBYTES


def guess_chunks(shape: tuple[int, ...], typesize: int, *, max_bytes: int | None = None) -> ChunkGrid:
    """Chunks for an array that its caller says nothing of.

    Parameters
    ----------
    shape
        Of the array.
    typesize
        Bytes of an element.
    max_bytes
        Most bytes of a chunk.

    Examples
    --------
    >>> guess_chunks((1000, 1000), 4).chunk_shape
    (250, 500)
    """
    most = chunk_shapes.MAX_NBYTES if max_bytes is None else max_bytes
    return ChunkGrid.from_sizes(shape, chunk_shapes.guess_chunks(tuple(shape), typesize, most))


def normalize_chunks_1d(chunks: Any, span: int, unit: int = 1) -> DimensionGrid:
    """The chunks along an axis that a caller means.

    Parameters
    ----------
    chunks
        The length of all chunks, -1 for the whole axis, or the length of each.
    span
        Of the axis.
    unit
        What the length of a chunk for the whole axis is a multiple of.

    Raises
    ------
    TypeError, ValueError
        For anything else.

    Examples
    --------
    >>> normalize_chunks_1d(-1, 10), normalize_chunks_1d([3, 7], 10)
    (FixedDimension(size=10, extent=10), VaryingDimension(edges=(3, 7), extent=10))
    """
    if chunks is None:
        raise TypeError("the chunks of an axis are an integer, or one for each chunk, not None")
    (grid,) = normalize_chunks_nd((chunks,), (span,), (unit,)).dimensions
    return grid


def normalize_chunks_nd(chunks: Any, shape: tuple[int, ...], unit: tuple[int, ...] | None = None) -> ChunkGrid:
    """The chunks of an array that a caller means; parameters as of `normalize_chunks_1d`, one for each axis or one for all.

    Examples
    --------
    >>> normalize_chunks_nd((3, -1), (10, 5)).chunk_shape
    (3, 5)
    """
    if chunks is None or chunks is True:
        raise ValueError(
            f"{chunks} says nothing of chunks; guess_chunks makes some, and so does chunks='auto' where an array is made"
        )
    whole = [full_span_chunk_size(n, u) for n, u in zip(shape, unit or (1,) * len(shape), strict=True)]
    grid = chunk_shapes.normalize_chunks(chunks, shape)
    lengths = [list(n) if isinstance(n, Edges) else n for n in grid.shape]
    given = chunks if isinstance(chunks, tuple | list) else (chunks,) * len(shape)
    means_whole = [isinstance(c, int) and (c == -1 or c is False) for c in given]
    return ChunkGrid.from_sizes(
        shape, [span if is_whole else n for is_whole, span, n in zip(means_whole, whole, lengths, strict=True)]
    )


def full_span_chunk_size(span: int, unit: int = 1) -> int:
    """The length of a chunk that covers an axis: a multiple of a unit, and at least one.

    Examples
    --------
    >>> full_span_chunk_size(10, 4), full_span_chunk_size(0)
    (12, 1)
    """
    return max(1, -(-span // unit)) * unit


def is_regular_1d(dim_chunks: Sequence[int]) -> bool:
    """Whether chunks of these lengths are as those of a regular grid: all alike, but for a shorter last one.

    Examples
    --------
    >>> is_regular_1d([2, 2, 1]), is_regular_1d([2, 1, 2])
    (True, False)
    """
    lengths = list(dim_chunks)
    return not lengths or (len(set(lengths[:-1])) <= 1 and lengths[-1] <= lengths[0])


def is_regular_nd(chunks: Iterable[Sequence[int]]) -> bool:
    """Whether that is so along each axis."""
    return all(map(is_regular_1d, chunks))


def create_chunk_grid_metadata(chunks: ChunkGrid) -> ChunkGridMetadata:
    """What metadata say of a grid.

    Examples
    --------
    >>> create_chunk_grid_metadata(ChunkGrid.from_sizes((10,), (3,)))
    RegularChunkGridMetadata(chunk_shape=(3,))
    """
    if chunks.is_regular:
        return RegularChunkGridMetadata(chunk_shape=chunks.chunk_shape)
    lengths = [d.size if isinstance(d, FixedDimension) else d.edges for d in chunks.dimensions]
    return RectilinearChunkGridMetadata(chunk_shapes=lengths)


def compress_rle(sizes: Sequence[int]) -> list[int | list[int]]:
    """Lengths as metadata have them: several alike in a row as a pair of the length and how many there are.

    Examples
    --------
    >>> compress_rle([3, 3, 4])
    [[3, 2], 4]
    """
    runs = [(size, len(list(run))) for size, run in groupby(sizes)]
    return [[size, count] if count > 1 else size for size, count in runs]


def expand_rle(data: Sequence[object], axis: int | None = None) -> list[int]:
    """The reverse of `compress_rle`. TypeError or ValueError, which names the axis, for what are no lengths.

    Examples
    --------
    >>> expand_rle([[3, 2], 4])
    [3, 3, 4]
    """
    return list(_expanded(data, "" if axis is None else f"Dimension {axis}: "))


def _expanded(data: Sequence[object], where: str) -> Iterator[int]:
    for entry in data:
        pair: list[Any] = list(entry) if isinstance(entry, list | tuple) else [entry, 1]
        if len(pair) != 2:
            raise ValueError(f"{where}RLE entries must be an integer or [size, count], got {entry}")
        size, count = pair
        for number in pair:
            if not hasattr(number, "__index__"):
                raise TypeError(f"{where}chunk edge length must be an int, got {number!r}")
        if size < 1:
            raise ValueError(f"{where}chunk edge length must be >= 1, got {size}")
        if count < 1:
            raise ValueError(f"{where}RLE repeat count must be >= 1, got {count}")
        yield from [int(size)] * int(count)
