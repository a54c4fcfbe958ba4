"""Rounding to the nearest, also into the small floating types of ml_dtypes.

That package goes from 64 bits by way of 32, and what lies just beside the middle of two numbers is rounded twice: once to
the middle, and from there the wrong way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import in_dtype, is_extension

if TYPE_CHECKING:
    import numpy.typing as npt


def rounded_to(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Numbers in another dtype, rounded to the nearest where that is one of floating numbers."""
    if is_extension(dtype) and elements.dtype.kind in "fc" and not is_extension(elements.dtype):
        elements = _to_odd(elements)
    with np.errstate(all="ignore"):
        return in_dtype(elements, dtype)


def _to_odd(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Floating or complex numbers of 32 bits each part: those that are not exact have an odd last bit.

    It stands for all that is cut off, so that rounding once more, to fewer digits, comes to the right number.
    """
    if elements.dtype.kind == "c":
        made = np.empty(elements.shape, np.complex64)
        made.real, made.imag = _to_odd(elements.real), _to_odd(elements.imag)
        return made
    if elements.dtype.itemsize <= 4:
        return elements
    with np.errstate(all="ignore"):
        near = elements.astype(np.float32)
        bits = near.view(np.int32)
        is_even = (near != elements) & (bits & 1 == 0) & np.isfinite(elements)
        # Towards what was cut off: away from zero where the rounded number is the smaller one.
        step = np.where(np.abs(near) < np.abs(elements), 1, -1).astype(np.int32)
    return np.asarray(np.where(is_even, bits + step, bits).astype(np.int32)).view(np.float32)
