"""From what the user wrote to a `GridSelection`: basic and orthogonal.

The rules are NumPy's: negative positions count from the end, slices are cut to the array, an Ellipsis or too few axes
stand for whole axes. Integers out of range raise `BoundsCheckError`, everything else that does not fit
`ArrayIndexError`; both are IndexErrors.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._selection.model import ArrayAxis, AxisSelection, GridSelection, IntAxis, SliceAxis
from zarr.errors import ArrayIndexError, BoundsCheckError, SelectionTypeError

if TYPE_CHECKING:
    import numpy.typing as npt


def basic(selection: object, shape: tuple[int, ...]) -> GridSelection:
    """Normalise a selection of integers, slices, at most one Ellipsis, and None for new axes of length 1.

    Examples
    --------
    >>> basic((slice(1, 9, 2), -1), (10, 4)).shape
    (4,)
    """
    if isinstance(selection, tuple) and any(entry is None for entry in selection) or selection is None:
        return _with_new_axes(selection if isinstance(selection, tuple) else (selection,), shape)
    entries = expand(selection, shape)
    return GridSelection(
        tuple(_basic_axis(entry, n, i) for i, (entry, n) in enumerate(zip(entries, shape, strict=True)))
    )


def _with_new_axes(entries: tuple[object, ...], shape: tuple[int, ...]) -> GridSelection:
    """Leave the Nones out, and say where they come in the result."""
    given = tuple(entry for entry in entries if entry is not None)
    whole = len(shape) - sum(entry is not Ellipsis for entry in given)
    selection = basic(given, shape)
    new_axes = []
    position = 0
    for entry in entries:
        if entry is None:
            new_axes.append(position)
            position += 1
        elif entry is Ellipsis:
            position += whole
        elif isinstance(entry, slice):
            position += 1
    return GridSelection(selection.axes, tuple(new_axes))


def orthogonal(selection: object, shape: tuple[int, ...]) -> GridSelection:
    """Normalise a selection that may also hold one-dimensional integer and Boolean arrays, each for its own axis.

    Examples
    --------
    >>> orthogonal(([0, 2], slice(None)), (3, 5)).shape
    (2, 5)
    """
    if isinstance(selection, list):
        selection = (selection,)
    entries = expand(selection, shape)
    return GridSelection(tuple(_any_axis(entry, n, i) for i, (entry, n) in enumerate(zip(entries, shape, strict=True))))


def is_basic(selection: object) -> bool:
    """Whether a selection holds nothing but integers, slices, Ellipsis and None."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    return all(
        entry is None or entry is Ellipsis or isinstance(entry, slice) or as_integer(entry) is not None
        for entry in entries
    )


def expand(selection: object, shape: tuple[int, ...]) -> tuple[object, ...]:
    """One entry per axis: the Ellipsis, or what is missing at the end, becomes whole slices."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    n_ellipsis = sum(entry is Ellipsis for entry in entries)
    if n_ellipsis > 1:
        raise ArrayIndexError("an index can only have a single ellipsis ('...')")
    n_given = len(entries) - n_ellipsis
    if n_given > len(shape):
        raise ArrayIndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {n_given} were indexed"
        )
    whole = (slice(None),) * (len(shape) - n_given)
    if not n_ellipsis:
        return (*entries, *whole)
    at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
    return (*entries[:at], *whole, *entries[at + 1 :])


def as_integer(entry: object) -> int | None:
    """The value of an integer-like entry (Python, NumPy, 0-d array); None for anything else, Booleans included."""
    if isinstance(entry, bool | np.bool_):
        return None
    if isinstance(entry, np.ndarray) and (entry.ndim != 0 or entry.dtype.kind not in "iu"):
        return None
    try:
        return operator.index(entry)  # type: ignore[arg-type]  # asked, not assumed
    except TypeError:
        return None


def for_a_boolean(entry: object) -> str:
    """The end of an error about an entry: what is meant, if a single Boolean stands where an array of them should."""
    if not isinstance(entry, bool | np.bool_):
        return ""
    return ". A comparison of a zarr array, as in a[a == 1], is one Boolean: compare elements that were read, as in a[a[:] == 1]"


def _basic_axis(entry: object, length: int, axis: int) -> AxisSelection:
    if isinstance(entry, slice):
        return slice_axis(entry, length)
    if (index := as_integer(entry)) is not None:
        return IntAxis(_in_bounds(index, length, axis))
    raise ArrayIndexError(
        f"unsupported selection item for basic indexing on axis {axis}: expected integer or slice, got "
        f"{type(entry).__name__}{for_a_boolean(entry)}. Arrays of positions go to .oindex[...] (each axis on its own) or "
        ".vindex[...] (points)."
    )


def _any_axis(entry: object, length: int, axis: int) -> AxisSelection:
    if isinstance(entry, slice) or as_integer(entry) is not None:
        return _basic_axis(entry, length, axis)
    array = _position_array(entry, axis)
    if array.dtype == bool:
        if len(array) != length:
            raise ArrayIndexError(
                f"Boolean array for axis {axis} has {len(array)} elements, but the axis has length {length}"
            )
        return ArrayAxis(np.flatnonzero(array).astype(np.int64))
    return ArrayAxis(positions_in_bounds(array, length, axis))


def slice_axis(entry: slice, length: int) -> SliceAxis:
    """A slice, cut to its axis."""
    try:
        start, stop, step = entry.indices(length)
    except (TypeError, ValueError) as exc:
        raise SelectionTypeError(f"bad slice {entry}: {exc}") from exc
    return SliceAxis(start, step, len(range(start, stop, step)))


def _in_bounds(index: int, length: int, axis: int) -> int:
    if not -length <= index < length:
        raise BoundsCheckError(f"index {index} is out of bounds for axis {axis} with length {length}")
    return index + length if index < 0 else index


def _position_array(entry: object, axis: int) -> npt.NDArray[Any]:
    if not isinstance(entry, list | tuple | range | np.ndarray) and not hasattr(entry, "__array__"):
        raise ArrayIndexError(
            f"unsupported selection item for orthogonal indexing on axis {axis}: expected integer, slice, integer "
            f"array or Boolean array, got {type(entry).__name__}{for_a_boolean(entry)}"
        )
    try:
        array = np.asarray(entry)
    except ValueError as exc:  # ragged
        raise SelectionTypeError(f"selection for axis {axis} is not a one-dimensional array: {exc}") from exc
    if array.ndim != 1:
        raise ArrayIndexError(f"selection for axis {axis} must be one-dimensional, got {array.ndim} dimensions")
    if array.size == 0 and not isinstance(entry, np.ndarray):
        array = array.astype(np.int64)  # an empty list has no dtype of its own
    if array.dtype.kind not in "iub":
        raise ArrayIndexError(
            f"selection for axis {axis} must hold integers or Booleans, got an array of {array.dtype}"
        )
    return array


def positions_in_bounds(array: npt.NDArray[Any], length: int, axis: int) -> npt.NDArray[np.int64]:
    """Integers that may count from the end, as positions in an axis; a copy."""
    if array.dtype.kind == "u" and array.size and int(array.max()) >= length:
        raise BoundsCheckError(f"index {int(array.max())} is out of bounds for axis {axis} with length {length}")
    if array.dtype.kind == "O":  # an integer that no dtype of NumPy can hold
        raise BoundsCheckError(f"index {array.flat[0]} is out of bounds for axis {axis} with length {length}")
    positions = array.astype(np.int64)  # always a copy: the caller may change its own array meanwhile
    if positions.size:
        low, high = int(positions.min()), int(positions.max())
        if low < -length or high >= length:
            bad = low if low < -length else high
            raise BoundsCheckError(f"index {bad} is out of bounds for axis {axis} with length {length}")
        if low < 0:
            positions[positions < 0] += length
    return positions
