"""Shapes as users give them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import SupportsIndex


def parse_shape(shape: SupportsIndex | Iterable[SupportsIndex], what: str = "a shape") -> tuple[int, ...]:
    """A shape as users give it, as a tuple of non-negative ints; an error calls it `what`.

    Examples
    --------
    >>> parse_shape(3), parse_shape([2, 0])
    ((3,), (2, 0))
    """
    try:
        lengths = tuple(map(_length, shape if isinstance(shape, tuple | list | Iterable) else (shape,)))
    except TypeError as exc:
        raise TypeError(f"expected an integer or an iterable of integers for {what}, got {shape!r}") from exc
    if any(n < 0 for n in lengths):
        raise ValueError(f"expected all lengths of {what} to be non-negative, got {lengths}")
    return lengths


def _length(n: SupportsIndex) -> int:
    if isinstance(n, bool):
        raise TypeError("a length is a number")  # resize(True) would cut off all but one element
    return operator.index(n)
