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
        return all(_same_object(item, fill_value) for item in array.ravel())
    if dtype.itemsize == 0:
        return True
    fill = empty((1,), dtype)
    fill[0] = fill_value
    if dtype.itemsize in (1, 2, 4, 8):
        word = f"u{dtype.itemsize}"
        return _all_equal(array.view(word), fill.view(word)[0])
    flat = array.reshape(-1) if array.flags.c_contiguous else np.ascontiguousarray(array).reshape(-1)
    return _all_equal(flat.view("u1").reshape(-1, dtype.itemsize), fill.view("u1"))


def _same_object(item: Any, fill_value: Any) -> bool:
    return type(item) is type(fill_value) and bool(item == fill_value)


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
