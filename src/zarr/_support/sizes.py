"""Sizes in bytes, as users write them."""

from __future__ import annotations

import operator
import re
from typing import SupportsIndex

from zarr.errors import ArgumentError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_TEXT = re.compile(r"\s*(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>[KMGT]I?|)B?\s*", re.IGNORECASE)


def parse_nbytes(given: SupportsIndex | str, argument: str) -> int:
    """A number of bytes, given as that or as text: `"512MB"` (10**6 bytes each), `"64 MiB"` (2**20).

    Parameters
    ----------
    given
        At least 1.
    argument
        What it was given for, for the error text.

    Raises
    ------
    ArgumentError
        If it is no size.

    Examples
    --------
    >>> parse_nbytes("512MB", "target"), parse_nbytes("1.5 KiB", "target"), parse_nbytes(7, "target")
    (512000000, 1536, 7)
    """
    nbytes = None
    if isinstance(given, str):
        if (found := _TEXT.fullmatch(given)) is not None:
            nbytes = int(float(found["number"]) * _UNITS[found["unit"].upper()])
    elif not isinstance(given, bool) and hasattr(given, "__index__"):
        nbytes = operator.index(given)
    if nbytes is None or nbytes < 1:
        raise ArgumentError(f"{argument} must be a number of bytes, at least 1, or a text like '512MB', got {given!r}")
    return nbytes
