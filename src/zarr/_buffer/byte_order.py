"""The order of the bytes in elements: in memory a matter of the dtype, field by field, in a store one for all of them."""

from __future__ import annotations

import math
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from zarr._buffer.memory import in_dtype, is_extension

if TYPE_CHECKING:
    import numpy.typing as npt

ByteOrder: TypeAlias = Literal["little", "big"]
Unit: TypeAlias = tuple[int, int, int]
"""Where in an element numbers follow each other whose bytes are reversed, the bytes of each, and how many there are."""


def has_byte_order(dtype: np.dtype[Any]) -> bool:
    """Whether elements have parts of more than one byte, so that their order matters.

    Examples
    --------
    >>> has_byte_order(np.dtype("S5")), has_byte_order(np.dtype("u1")), has_byte_order(np.dtype([("a", "i2")]))
    (False, False, True)
    """
    if dtype.subdtype is not None:
        return has_byte_order(dtype.subdtype[0])
    if dtype.fields is not None:
        return any(has_byte_order(field[0]) for field in dtype.fields.values())
    return _unit_nbytes(dtype) > 1


def _unit_nbytes(dtype: np.dtype[Any]) -> int:
    """Bytes of the numbers of which a plain element consists; 1 where they have no order."""
    if dtype.byteorder == "|" or dtype.itemsize == 0:
        return 1
    if dtype.kind in _COMPLEX:
        return dtype.itemsize // 2
    return 4 if dtype.kind == "U" else dtype.itemsize


_COMPLEX = "cW"
"""Kinds of complex numbers: NumPy's, and those of ml_dtypes."""


@lru_cache(maxsize=256)
def reversed_units(dtype: np.dtype[Any], order: ByteOrder | None) -> tuple[Unit, ...]:
    """Which parts of an element have their bytes in another order than this one; none of them, if it is None.

    Examples
    --------
    >>> reversed_units(np.dtype([("a", "u1"), ("b", ">c8"), ("c", "<i2")]), "little")
    ((1, 4, 2),)
    """
    if order is None:
        return ()
    if dtype.subdtype is not None:
        item, shape = dtype.subdtype
        starts = range(0, math.prod(shape) * item.itemsize, max(item.itemsize, 1))
        return _joined([(start + at, nbytes, n) for start in starts for at, nbytes, n in reversed_units(item, order)])
    if dtype.fields is not None:
        parts = [dtype.fields[name] for name in dtype.names or ()]
        return _joined(
            [(part[1] + at, nbytes, n) for part in parts for at, nbytes, n in reversed_units(part[0], order)]
        )
    nbytes = _unit_nbytes(dtype)
    if nbytes == 1 or {"<": "little", ">": "big"}.get(dtype.byteorder, sys.byteorder) == order:
        return ()
    return ((0, nbytes, dtype.itemsize // nbytes),)


def _joined(units: list[Unit]) -> tuple[Unit, ...]:
    """Units of one size that follow each other as one."""
    joined: list[Unit] = []
    for at, nbytes, n in units:
        if joined and joined[-1][1] == nbytes and joined[-1][0] + nbytes * joined[-1][2] == at:
            before, _, n_before = joined.pop()
            joined.append((before, nbytes, n_before + n))
        else:
            joined.append((at, nbytes, n))
    return tuple(joined)


def in_order(array: npt.NDArray[Any], order: ByteOrder | None) -> npt.NDArray[Any]:
    """Elements, contiguous, with the bytes of all their numbers in an order, which the dtype need not say."""
    units = reversed_units(array.dtype, order)
    if not units or order is None:
        return np.ascontiguousarray(array)
    if _is_simple(array.dtype):
        return np.ascontiguousarray(in_dtype(array, array.dtype.newbyteorder("<" if order == "little" else ">")))
    copied = np.array(array, order="C", copy=True)
    _reverse(copied, units)
    return copied


def of_order(octets: npt.NDArray[np.uint8], dtype: np.dtype[Any], order: ByteOrder | None) -> npt.NDArray[Any]:
    """Elements of a dtype, in a row, whose numbers were stored in an order; a view of the bytes where that is the dtype's."""
    units = reversed_units(dtype, order)
    if not units or order is None:
        return octets.view(dtype)
    if _is_simple(dtype):
        return in_dtype(octets.view(dtype.newbyteorder("<" if order == "little" else ">")), dtype)
    elements = octets.copy().view(dtype)
    _reverse(elements, units)
    return elements


def _is_simple(dtype: np.dtype[Any]) -> bool:
    """Whether NumPy can say the other byte order of a dtype, and casts between the two bit by bit."""
    return dtype.fields is None and not is_extension(dtype)


def _reverse(array: npt.NDArray[Any], units: tuple[Unit, ...]) -> None:
    """Reverse the bytes of numbers in place."""
    flat = array.reshape(-1).view(np.uint8).reshape(-1, array.dtype.itemsize)
    for at, nbytes, n in units:
        numbers = flat[:, at : at + nbytes * n]
        numbers[...] = numbers.reshape(len(flat), n, nbytes)[..., ::-1].reshape(len(flat), n * nbytes)
