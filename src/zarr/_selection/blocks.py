"""Selections of whole chunks by their place in the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._selection.model import GridSelection, SliceAxis
from zarr._selection.normalize import as_integer, expand
from zarr.errors import ArrayIndexError, BoundsCheckError, SelectionTypeError

if TYPE_CHECKING:
    from zarr._grid.grid import AxisGrid, ChunkGrid


def block(selection: object, shape: tuple[int, ...], *, grid: ChunkGrid) -> GridSelection:
    """Normalise integers and slices that count chunks; each axis stays in the result.

    Examples
    --------
    >>> from zarr._grid.grid import RegularGrid
    >>> block((1, slice(0, 2)), (5, 9), grid=RegularGrid((2, 3))).result_shape
    (2, 6)
    """
    counts = grid.counts(shape)
    entries = expand(selection, shape)
    return GridSelection(
        tuple(
            _axis(entry, axis, count, length, number)
            for number, (entry, axis, count, length) in enumerate(zip(entries, grid.axes, counts, shape, strict=True))
        )
    )


def _axis(entry: object, grid: AxisGrid, count: int, length: int, number: int) -> SliceAxis:
    if isinstance(entry, slice):
        first, stop = _range(entry, count)
    elif (index := as_integer(entry)) is not None:
        if not -count <= index < count:
            raise BoundsCheckError(f"block index {index} is out of bounds for axis {number} with {count} chunk(s)")
        first = index % count
        stop = first + 1
    else:
        raise ArrayIndexError(
            f"unsupported selection item for block indexing on axis {number}; expected integer or slice, got "
            f"{type(entry).__name__}"
        )
    if first >= stop:
        return SliceAxis(0, 1, 0)
    start = grid.start(first)
    return SliceAxis(start, 1, min(length, grid.start(stop - 1) + grid.length(stop - 1)) - start)


def _range(entry: slice, count: int) -> tuple[int, int]:
    try:
        first, stop, step = entry.indices(count)
    except (TypeError, ValueError) as exc:
        raise SelectionTypeError(f"bad slice {entry}: {exc}") from exc
    if step != 1:
        raise ArrayIndexError(
            f"unsupported selection item for block indexing; expected integer or slice with step=1, got {entry}"
        )
    return first, stop
