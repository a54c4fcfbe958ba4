"""Units of times, as NumPy names them: how many of one make another, in whole numbers.

NumPy's own conversions wrap around without a word.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from zarr._dtype.described import type_string
from zarr.errors import ArgumentError

Unit: TypeAlias = tuple[str, int]
"""Name, and how many of them one count is: what `numpy.datetime_data` says of a dtype."""

ATTOSECONDS: dict[str, int] = {
    **{unit: seconds * 10**18 for unit, seconds in {"W": 604_800, "D": 86_400, "h": 3600, "m": 60, "s": 1}.items()},
    **{unit: 10**power for unit, power in {"ms": 15, "us": 12, "ns": 9, "ps": 6, "fs": 3, "as": 0}.items()},
}
"""Length of the units that always have the same."""
FINER_THAN_SECONDS = frozenset({"ms", "us", "ns", "ps", "fs", "as"})
MONTHS = {"Y": 12, "M": 1}
"""Length of those that the calendar gives one."""
NO_UNIT = ("generic", 1)
"""A mere count."""
NO_TIME = -(2**63)
"""The count that is none."""

_MEAN_MONTH: int = ATTOSECONDS["D"] * 146_097 // 4800


def needs_calendar(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether two dtypes of instants have units of which only the calendar knows how many make another.

    Examples
    --------
    >>> needs_calendar(np.dtype("M8[D]"), np.dtype("M8[M]")), needs_calendar(np.dtype("M8[Y]"), np.dtype("M8[M]"))
    (True, False)
    """
    units = {np.datetime_data(source)[0], np.datetime_data(target)[0]}
    return source.kind == "M" and bool(units & MONTHS.keys()) and bool(units & ATTOSECONDS.keys())


def ratio(source: np.dtype[Any], target: np.dtype[Any]) -> Fraction:
    """Counts of the target per count of the source.

    Raises
    ------
    ArgumentError
        If no number tells: one has no unit, and is not a mere count that gets one, or a year and a day are compared.

    Examples
    --------
    >>> ratio(np.dtype("M8[h]"), np.dtype("M8[10s]"))
    Fraction(360, 1)
    """
    (unit, scale), (other, other_scale) = np.datetime_data(source), np.datetime_data(target)
    if (unit, scale) == NO_UNIT:
        return Fraction(1)  # says nothing against any unit
    for table in (ATTOSECONDS, MONTHS, {"generic": 1}):
        if unit in table and other in table:
            return Fraction(table[unit] * scale, table[other] * other_scale)
    if "generic" in (unit, other):
        name, known = ("datetime64" if source.kind == "M" else "timedelta64"), other if unit == "generic" else unit
        raise ArgumentError(
            f"of {type_string(source)} and {type_string(target)} one has a unit and one has none; use one of the same unit, "
            f"as '{name}[{known}]', or the counts alone (.view('int64'))"
        )
    raise ArgumentError(f"{source} cannot be counted in {target}: a year or a month has no fixed length")


def is_beyond_counts(time: Any, target: np.dtype[Any]) -> bool:
    """Whether a time of another unit is out of the range of the target's counts, rather than between two of them."""
    unit, scale = np.datetime_data(time.dtype)
    other, other_scale = np.datetime_data(target)
    per = Fraction(_mean_length(unit) * scale, _mean_length(other) * other_scale)
    return abs(int(time.view("i8")) * per) >= 2**63


def _mean_length(unit: str) -> int:
    """Attoseconds, on the average of the years; of no unit, 1."""
    return MONTHS[unit] * _MEAN_MONTH if unit in MONTHS else ATTOSECONDS.get(unit, 1)
