"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the innermost line that is not this library's, however many flows and drivers lie between."""
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "zarr":
        frame = frame.f_back
        level += 1
    global _given
    _given += 1
    warnings.warn(message, category, stacklevel=level)


_given = 0


def n_given() -> int:
    """How many warnings were given so far, whether or not anybody saw them."""
    return _given
