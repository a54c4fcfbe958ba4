"""Fresh memory for elements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def empty(shape: Iterable[int], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> npt.NDArray[Any]:
    """`numpy.empty`, of exactly this dtype: NumPy's own forgets how many units without a name a time counts.

    Examples
    --------
    >>> np.datetime_data(empty((3,), "M8[2generic]").dtype), np.datetime_data(np.empty(3, "M8[2generic]").dtype)
    (('generic', 2), ('generic', 1))
    """
    wanted = np.dtype(dtype)
    return np.ndarray(tuple(shape), wanted, order=order) if wanted.kind in "mM" else np.empty(shape, wanted, order)  # type: ignore[call-overload]  # any shape


def zeros(shape: Iterable[int], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> npt.NDArray[Any]:
    """`numpy.zeros`, of exactly this dtype."""
    wanted = np.dtype(dtype)
    if wanted.kind not in "mM":
        return np.zeros(shape, wanted, order)  # type: ignore[call-overload,no-any-return]  # any shape
    return np.zeros(shape, np.int64, order).view(wanted)  # type: ignore[call-overload,no-any-return]  # any shape


def in_fresh_memory(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A copy of an array in a dtype, which can be written to."""
    made = empty(array.shape, dtype)
    made[...] = array
    return made


def in_dtype(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array in a dtype, as `array.astype` makes it.

    NumPy's takes times without a unit for others here, too, and between text of any length and anything else it does not
    look at the byte order.
    """
    if array.dtype == dtype:
        return array
    if array.dtype.kind == "T" or dtype.kind == "T":
        native = array if array.dtype.kind == "T" else array.astype(array.dtype.newbyteorder("="))
        return native.astype(dtype if dtype.kind == "T" else dtype.newbyteorder("=")).astype(dtype)
    if is_kept_by_numpy(dtype):
        return array.astype(dtype)
    return in_fresh_memory(array, dtype)


def is_kept_by_numpy(dtype: np.dtype[Any]) -> bool:
    """Whether `numpy.empty` makes memory of exactly this dtype."""
    return dtype.kind not in "mM" or np.empty(0, dtype).dtype == dtype
