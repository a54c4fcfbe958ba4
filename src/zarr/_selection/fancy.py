"""What square brackets on an array mean: NumPy's notation, as far as it is one of ours, and zarr-python's.

integers, slices, Ellipsis, None         basic
and one one-dimensional array            orthogonal (zarr-python's order of axes)
and several, one of them Boolean         orthogonal (as zarr-python)
one Boolean array of several dimensions  the points where it is True, in the dimensions that it covers
any other arrays                         points, as in NumPy; slices beside them select in their own axes
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zarr._selection.model import ArrayAxis, AxisSelection, PointSelection, Selection, SliceAxis
from zarr._selection.normalize import (
    as_integer,
    basic,
    expand,
    for_a_boolean,
    is_basic,
    orthogonal,
    positions_in_bounds,
    slice_axis,
)
from zarr._selection.points import broadcast_shape, where_true
from zarr.errors import ArrayIndexError, VindexInvalidSelectionError

Entry: TypeAlias = Any


def fancy(selection: object, shape: tuple[int, ...]) -> Selection:
    """Normalise a selection in square brackets.

    Examples
    --------
    >>> fancy(([0, 1], [2, 3]), (4, 5)).result_shape
    (2,)
    >>> fancy(([0, 1], slice(1, 4)), (4, 5)).result_shape
    (2, 3)
    """
    if is_basic(selection):
        return basic(selection, shape)
    entries = selection if isinstance(selection, tuple) else (selection,)
    parsed = tuple(_entry(entry) for entry in entries)
    arrays = [entry for entry in parsed if isinstance(entry, np.ndarray)]
    flat = all(array.ndim == 1 for array in arrays)
    if flat and (len(arrays) <= 1 or any(array.dtype == bool for array in arrays)):
        if len(parsed) == 1:
            _check_mask(arrays[0], shape)
        return orthogonal(parsed, shape)
    return _points(parsed, shape)


def _check_mask(array: np.ndarray[Any, Any], shape: tuple[int, ...]) -> None:
    """Refuse a single Boolean array that is not as long as the first axis, with the class that zarr-python raises."""
    if array.dtype == bool and array.shape != shape[:1]:
        raise VindexInvalidSelectionError(
            f"Boolean array for axis 0 has {len(array)} elements, but the array has the shape {shape}"
        )


def _entry(entry: object) -> Entry:
    """An entry with every kind of sequence made an array."""
    if entry is None:
        raise ArrayIndexError("None (a new axis) cannot be used beside arrays of positions; reshape the result instead")
    if entry is Ellipsis or isinstance(entry, slice) or as_integer(entry) is not None:
        return entry
    if isinstance(entry, str):
        raise ArrayIndexError(f"invalid 'fields' argument {entry!r}, array does not have any fields")
    if isinstance(entry, bool | np.bool_) or not (
        isinstance(entry, list | tuple | range | np.ndarray) or hasattr(entry, "__array__")
    ):
        raise ArrayIndexError(
            "unsupported selection item: expected integers, slices, an Ellipsis, None, or arrays of integers or "
            f"Booleans, got {type(entry).__name__} {entry!r}{for_a_boolean(entry)}"
        )
    try:
        array = np.asarray(entry)
    except ValueError as exc:  # ragged
        raise ArrayIndexError(f"a selection is not an array of positions: {exc}") from exc
    if array.size == 0 and not isinstance(entry, np.ndarray):
        array = array.astype(np.int64)  # an empty list has no dtype of its own
    if array.dtype.kind not in "iub":
        raise ArrayIndexError(f"arrays of positions must hold integers or Booleans, got an array of {array.dtype}")
    if array.dtype == bool and array.ndim == 0:
        raise VindexInvalidSelectionError(
            "a Boolean array of 0 dimensions covers no axis; index with an array of Booleans that has the shape of "
            "the axes it covers"
        )
    return array


def _points(entries: tuple[Entry, ...], shape: tuple[int, ...]) -> PointSelection:
    """Arrays of several axes, broadcast to points; integers beside them count as points too, as in NumPy."""
    spread = _spread_masks(entries, shape)
    axes_given = expand(spread, shape)
    in_points = [not isinstance(entry, slice) for entry in axes_given]
    arrays = [np.asarray(entry) for entry, given in zip(axes_given, in_points, strict=True) if given]
    point_shape = broadcast_shape([array.shape for array in arrays])
    axes: list[AxisSelection] = []
    for number, (entry, length) in enumerate(zip(axes_given, shape, strict=True)):
        if isinstance(entry, slice):
            axes.append(slice_axis(entry, length))
        else:
            flat = np.broadcast_to(np.asarray(entry), point_shape).reshape(-1)
            axes.append(ArrayAxis(positions_in_bounds(flat, length, number)))
    return PointSelection(tuple(axes), point_shape, _position(axes))


def _position(axes: list[AxisSelection]) -> int:
    """Where the points come in the result: in place of their axes if those are neighbours, else first, as in NumPy."""
    where = [number for number, axis in enumerate(axes) if isinstance(axis, ArrayAxis)]
    if where[-1] - where[0] + 1 != len(where):
        return 0
    return sum(isinstance(axis, SliceAxis) for axis in axes[: where[0]])


def _spread_masks(entries: tuple[Entry, ...], shape: tuple[int, ...]) -> tuple[Entry, ...]:
    """Boolean arrays as the positions where they are True, one array per dimension that they cover."""
    if sum(entry is Ellipsis for entry in entries) > 1:
        raise ArrayIndexError("an index can only have a single ellipsis ('...')")
    covered = sum(_n_covered(entry) for entry in entries if entry is not Ellipsis)
    if covered > len(shape):
        raise VindexInvalidSelectionError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {covered} were indexed"
        )
    spread: list[Entry] = []
    axis = 0
    for entry in entries:
        if isinstance(entry, np.ndarray) and entry.dtype == bool:
            if entry.shape != shape[axis : axis + entry.ndim]:
                raise VindexInvalidSelectionError(
                    f"Boolean array of shape {entry.shape} does not match the axes it covers, of lengths "
                    f"{shape[axis : axis + entry.ndim]}"
                )
            spread.extend(where_true(entry))
        else:
            spread.append(entry)
        axis += len(shape) - covered if entry is Ellipsis else _n_covered(entry)
    return tuple(spread)


def _n_covered(entry: Entry) -> int:
    return entry.ndim if isinstance(entry, np.ndarray) and entry.dtype == bool else 1
