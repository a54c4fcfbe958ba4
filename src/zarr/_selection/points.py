"""Selections of points: by their coordinates, or by a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._selection.model import ArrayAxis, PointSelection
from zarr._selection.normalize import for_a_boolean, positions_in_bounds
from zarr.errors import ArrayIndexError, SelectionShapeError, SelectionTypeError, VindexInvalidSelectionError

if TYPE_CHECKING:
    import numpy.typing as npt


def coordinate(selection: object, shape: tuple[int, ...]) -> PointSelection:
    """Normalise one integer array per axis; they are broadcast against each other.

    Examples
    --------
    >>> coordinate(([0, 2], [[1], [3]]), (3, 5)).result_shape
    (2, 2)
    """
    entries = selection if isinstance(selection, tuple) else (selection,)
    arrays = [_integers(entry) for entry in entries]
    if len(arrays) != len(shape) or not arrays or any(array is None for array in arrays):
        raise ArrayIndexError(
            "invalid coordinate selection; expected one integer (coordinate) array per dimension of the target array "
            f"({len(shape)}), got {_described(entries)}"
        )
    return points([array for array in arrays if array is not None], shape)


def mask(selection: object, shape: tuple[int, ...]) -> PointSelection:
    """Normalise one Boolean array of the array's shape: the points where it is True, in C order.

    Examples
    --------
    >>> mask(np.eye(2, dtype=bool), (2, 2)).n_points
    2
    """
    entries = selection if isinstance(selection, tuple) else (selection,)
    array = _booleans(entries[0]) if len(entries) == 1 else None
    if array is None or array.shape != shape or not shape:
        raise ArrayIndexError(
            "invalid mask selection; expected one Boolean (mask) array with the same shape as the target array, "
            f"{shape}, got {_described(entries)}"
        )
    found = where_true(array)
    return PointSelection(tuple(ArrayAxis(axis.astype(np.int64, copy=False)) for axis in found), found[0].shape)


def where_true(array: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], ...]:
    """The positions where a mask is True, one array per axis, in C order: `numpy.nonzero`, several times as fast.

    NumPy has a fast loop for one axis alone, and splitting the few positions found costs less than visiting all of the
    mask with a position per axis in hand.

    Examples
    --------
    >>> where_true(np.eye(2, dtype=bool))
    (array([0, 1]), array([0, 1]))
    """
    return np.unravel_index(np.flatnonzero(array), array.shape)


def vectorized(selection: object, shape: tuple[int, ...]) -> PointSelection:
    """Normalise what `.vindex[...]` takes: coordinates, or a mask."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    if len(entries) == 1 and (array := _booleans(entries[0])) is not None and array.shape == shape and shape:
        return mask(array, shape)
    if len(entries) == len(shape) and entries and all(_integers(entry) is not None for entry in entries):
        return coordinate(entries, shape)
    raise VindexInvalidSelectionError(
        "unsupported selection type for vectorized indexing; only coordinate selection (tuple of integer arrays, one "
        f"for each of the {len(shape)} dimensions) and mask selection (single Boolean array of shape {shape}) are "
        f"supported; got {_described(entries)}"
    )


def points(arrays: list[npt.NDArray[Any]], shape: tuple[int, ...]) -> PointSelection:
    """The points that integer arrays name, one array per axis."""
    point_shape = broadcast_shape([array.shape for array in arrays])
    axes = []
    for number, (array, length) in enumerate(zip(arrays, shape, strict=True)):
        flat = np.broadcast_to(array, point_shape).reshape(-1)
        axes.append(ArrayAxis(positions_in_bounds(flat, length, number)))
    return PointSelection(tuple(axes), point_shape or (1,))


def broadcast_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape of index arrays."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as exc:
        listed = " ".join(map(str, shapes))
        raise SelectionShapeError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {listed}"
        ) from exc


def _integers(entry: object) -> npt.NDArray[Any] | None:
    array = _array(entry)
    if array is None or array.dtype.kind not in "iu":
        return None
    return array


def _booleans(entry: object) -> npt.NDArray[np.bool_] | None:
    array = _array(entry)
    return array if array is not None and array.dtype == bool else None


def _array(entry: object) -> npt.NDArray[Any] | None:
    if entry is None or entry is Ellipsis or isinstance(entry, slice | str | bytes):
        return None
    try:
        array = np.asarray(entry)
    except ValueError as exc:
        raise SelectionTypeError(f"unsupported selection {_described((entry,))}: a ragged sequence ({exc})") from exc
    return array.astype(np.int64) if array.size == 0 and isinstance(entry, list | tuple | range) else array


def _described(entries: tuple[object, ...]) -> str:
    """What was given, briefly: arrays by shape and dtype."""

    def one(entry: object) -> str:
        shape, dtype = getattr(entry, "shape", None), getattr(entry, "dtype", None)
        if shape is not None and dtype is not None:
            return f"array of {dtype} with shape {shape}"
        text = repr(entry)
        return text if len(text) <= 60 else f"{text[:57]}..."

    hint = for_a_boolean(entries[0]) if len(entries) == 1 else ""
    return f"{', '.join(map(one, entries)) or 'nothing'}{hint}"
