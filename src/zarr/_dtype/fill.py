"""Telling chunks that hold nothing but the fill value, which need not be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty

if TYPE_CHECKING:
    import numpy.typing as npt

_BLOCK = 1 << 16
"""Elements compared at a time, so that most chunks are told apart after the first block."""


def all_fill(array: npt.NDArray[Any], fill_value: Any) -> bool:
    """Whether every element is the fill value, bit by bit.

    -0.0 is not 0.0 and one NaN is not another here: what is left out must read back as what was written.
    """
    dtype = array.dtype
    if array.size == 0:
        return True
    if dtype.hasobject or dtype.kind == "T":
        is_boxed = isinstance(fill_value, np.ndarray) and not fill_value.ndim
        only = fill_value[()] if is_boxed else fill_value  # as a data type of others may have it
        return all(is_same_object(item, only) for item in array.ravel())
    if dtype.itemsize == 0:
        return True
    fill = empty((1,), dtype)
    fill[0] = fill_value
    if dtype.itemsize in (1, 2, 4, 8):
        word = f"u{dtype.itemsize}"
        return _all_equal(array.view(word), fill.view(word)[0])
    flat = array.reshape(-1) if array.flags.c_contiguous else np.ascontiguousarray(array).reshape(-1)
    return _all_equal(flat.view("u1").reshape(-1, dtype.itemsize), fill.view("u1"))


def is_same_object(item: Any, other: Any) -> bool:
    """Whether two objects are the same down to their bits, and those in them: not 0.0 and -0.0, nor True and 1.

    Examples
    --------
    >>> is_same_object([1, {"a": 0.0}], [1, {"a": 0.0}]), is_same_object([1], [True]), is_same_object(0.0, -0.0)
    (True, False, False)
    """
    if type(item) is not type(other) and not (_is_bare(item) and _is_bare(other)):
        return False
    if isinstance(item, str | bytes | int):
        return bool(item == other)
    if isinstance(item, np.ndarray) and (item.dtype.hasobject or item.dtype.kind == "T"):  # what it has are pointers
        return item.shape == other.shape and is_same_object(item.reshape(-1).tolist(), other.reshape(-1).tolist())
    if isinstance(item, np.ndarray | np.generic):
        return bool(item.dtype == other.dtype and item.shape == other.shape and item.tobytes() == other.tobytes())
    if isinstance(item, float | complex):
        return np.array(item).tobytes() == np.array(other).tobytes()
    if isinstance(item, list | tuple):
        return len(item) == len(other) and all(map(is_same_object, item, other))
    if isinstance(item, dict):
        return list(item) == list(other) and all(map(is_same_object, item.values(), other.values()))
    return bool(item == other)


def _is_bare(item: Any) -> bool:
    """Whether something is an array, of whatever class, that says no more than its elements do."""
    return isinstance(item, np.ndarray) and not hasattr(item, "mask")


def _all_equal(array: npt.NDArray[Any], fill: Any) -> bool:
    if array.size <= _BLOCK or not array.flags.c_contiguous:
        return _all(array == fill)
    if not np.ndim(fill):
        array = array.reshape(-1)
    rows = max(1, _BLOCK // (array.size // array.shape[0]))
    return all(_all(array[start : start + rows] == fill) for start in range(0, array.shape[0], rows))


def _all(equal: npt.NDArray[np.bool_]) -> bool:
    # Not `equal.all()`, for which NumPy imports something: too late where Python exits.
    return bool(np.logical_and.reduce(equal, axis=None))
