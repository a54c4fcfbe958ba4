"""Converting real numbers between data types: integers of 2 to 64 bits, floating-point numbers of 4 to 64.

A number that the target has stays what it is. Any other is rounded, as if exponents had no bounds; what then lies outside the
range of the target is clamped, wrapped around, or an error. NaN and the infinities become themselves, or are an error where
the target has none. Everything is exact: every floating-point number here is one of 64 bits, and integers are rounded as
integers.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from zarr._dtype.small import SmallComplex

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType

Rounding: TypeAlias = Literal["nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"]
OutOfRange: TypeAlias = Literal["clamp", "wrap"]
ROUNDINGS = get_args(Rounding)
OUT_OF_RANGE = get_args(OutOfRange)


class NotRepresentableError(Exception):
    """A number has no counterpart in the target. Its text says which."""


@dataclass(frozen=True, slots=True)
class Integers:
    """What a dtype of integers holds: `low` to `high`."""

    dtype: np.dtype[Any]
    low: int
    high: int

    @property
    def n_bits(self) -> int:
        return (self.high - self.low).bit_length()


@dataclass(frozen=True, slots=True)
class Floats:
    """What a dtype of floating-point numbers holds.

    Attributes
    ----------
    precision
        Significant bits.
    least_exponent
        Numbers are multiples of two to this power.
    low, high
        The least and the greatest finite number.
    has_nan, has_infinity
        Whether there are such.
    """

    dtype: np.dtype[Any]
    precision: int
    least_exponent: int
    low: float
    high: float
    has_nan: bool
    has_infinity: bool


@lru_cache(maxsize=64)
def reals_of(dtype: np.dtype[Any]) -> Integers | Floats | None:
    """What a dtype holds; None if that is no integers and no floating-point numbers of at most 64 bits.

    Examples
    --------
    >>> reals_of(np.dtype("int8")).high, reals_of(np.dtype("bool"))
    (127, None)
    """
    if dtype.kind == "T":
        return None
    native = dtype.newbyteorder("=") if dtype.isbuiltin != 2 else dtype
    facts: Any = np if dtype.isbuiltin != 2 else sys.modules.get(dtype.type.__module__)
    try:
        if native.name.startswith(("int", "uint")):
            info = facts.iinfo(native)
            return Integers(native, int(info.min), int(info.max))
        if native.name.startswith(("float", "bfloat")) and native.itemsize <= 8:
            return _floats(native, facts.finfo(native))
    except (AttributeError, TypeError, ValueError):  # an extension dtype of which its package says nothing
        pass
    return None


def _floats(native: np.dtype[Any], info: Any) -> Floats:
    with np.errstate(all="ignore"):
        special = np.array([np.nan, np.inf]).astype(native).astype(np.float64)
    return Floats(
        native,
        int(info.nmant) + 1,
        math.frexp(float(info.smallest_subnormal))[1] - 1,
        float(info.min),
        float(info.max),
        bool(np.isnan(special[0])),
        bool(np.isinf(special[1])),
    )


def parts_of(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The dtype of the real numbers that numbers and times consist of; None for everything else.

    Examples
    --------
    >>> parts_of(np.dtype("c8")), parts_of(np.dtype("M8[s]")), parts_of(np.dtype("S1"))
    (dtype('float32'), dtype('int64'), None)
    """
    if dtype.kind in "mM":
        return np.dtype(np.int64)
    if dtype.kind == "c" and dtype.itemsize <= 16:
        return np.dtype(f"f{dtype.itemsize // 2}")
    reals = reals_of(dtype)
    return None if reals is None else reals.dtype


def parts_of_elements(data_type: ZDType[Any, Any]) -> np.dtype[Any] | None:
    """The same for a data type; of complex numbers of few bits, NumPy's dtype may be a struct, or one of another package."""
    return parts_of(
        data_type.part.to_native_dtype() if isinstance(data_type, SmallComplex) else data_type.to_native_dtype()
    )


def n_bits_of(dtype: np.dtype[Any]) -> int:
    """How many bits real numbers, or Booleans, have.

    Examples
    --------
    >>> n_bits_of(np.dtype(bool)), n_bits_of(np.dtype("f4"))
    (1, 32)
    """
    if dtype == np.bool_:
        return 1
    named = re.match(r"[a-z]+(\d+)", dtype.name)
    return 8 * dtype.itemsize if named is None else int(named[1])


@np.errstate(all="ignore")  # what is lost is found otherwise
def convert(
    numbers: npt.NDArray[Any], target: np.dtype[Any], rounding: str = "nearest-even", out_of_range: str | None = None
) -> npt.NDArray[Any]:
    """Numbers in another dtype, which is in native byte order.

    Raises
    ------
    NotRepresentableError
        If one has no counterpart.
    """
    source, wanted = reals_of(numbers.dtype), reals_of(target)
    if source is None or wanted is None:
        raise TypeError(f"{numbers.dtype} or {target} is no dtype of real numbers")
    plain = np.asarray(numbers.astype(source.dtype, copy=False))
    if isinstance(source, Integers):
        whole = plain.astype(_plain_integer(source), copy=False)
        if isinstance(wanted, Integers):
            return _integers_as_integers(whole, wanted, out_of_range)
        return _into_range(_integers_as_floats(whole, wanted, rounding), whole, wanted, out_of_range)
    if isinstance(wanted, Integers):
        return _floats_as_integers(plain, wanted, rounding, out_of_range)
    if source == wanted:
        return plain
    return _floats_as_floats(plain, wanted, rounding, out_of_range)


def is_nan(numbers: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of some real numbers are none."""
    return (
        np.asarray(np.isnan(numbers)) if isinstance(reals_of(numbers.dtype), Floats) else np.zeros(numbers.shape, bool)
    )


def _plain_integer(numbers: Integers) -> np.dtype[Any]:
    """A dtype of NumPy's own for integers, those of less than 8 bits included."""
    if numbers.dtype.isbuiltin != 2:
        return numbers.dtype
    return np.dtype(np.int8 if numbers.low < 0 else np.uint8)


# -- to integers ----------------------------------------------------------------------------------------------------


def _integers_as_integers(whole: npt.NDArray[Any], wanted: Integers, out_of_range: str | None) -> npt.NDArray[Any]:
    outside = (whole < wanted.low) | (whole > wanted.high)
    if not outside.any():
        return _as_integers(whole, wanted)
    if out_of_range == "wrap":
        return _as_integers(whole, wanted)
    if out_of_range != "clamp":
        raise _beyond(whole, outside, wanted)
    info = np.iinfo(whole.dtype)
    return _as_integers(np.clip(whole, max(wanted.low, info.min), min(wanted.high, info.max)), wanted)


def _floats_as_integers(
    numbers: npt.NDArray[Any], wanted: Integers, rounding: str, out_of_range: str | None
) -> npt.NDArray[Any]:
    wide = numbers if numbers.dtype in (np.float32, np.float64) else numbers.astype(np.float32)
    finite = np.isfinite(wide)
    if not finite.all():
        raise NotRepresentableError(
            f"{first_of(numbers, ~finite)} has no counterpart among the integers of {wanted.dtype}"
        )
    whole = _ROUND[rounding](wide)
    beyond = wide.dtype.type(wanted.high + 1)  # a power of two, which floating-point numbers have
    outside = (whole < wanted.low) | (whole >= beyond)
    if not outside.any():
        return _as_integers(whole.astype(np.uint64 if wanted.high >= 2**63 else np.int64), wanted)
    if out_of_range == "wrap":
        return _as_integers(_modulo(whole), wanted)
    if out_of_range != "clamp":
        raise _beyond(numbers, outside, wanted)
    below, above = whole < wanted.low, whole >= beyond
    inside = np.where(outside, wide.dtype.type(0), whole).astype(np.uint64 if wanted.high >= 2**63 else np.int64)
    inside[below], inside[above] = wanted.low, wanted.high
    return _as_integers(inside, wanted)


def _modulo(whole: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Whole numbers modulo 2**64."""
    remainder = np.fmod(whole.astype(np.float64), 2.0**64)
    magnitude = np.abs(remainder).astype(np.uint64)
    return np.asarray(np.where(remainder < 0, np.uint64(0) - magnitude, magnitude))


def _as_integers(whole: npt.NDArray[Any], wanted: Integers) -> npt.NDArray[Any]:
    """Integers modulo two to the number of bits."""
    plain = _plain_integer(wanted)
    made = np.asarray(whole).astype(plain)
    if plain == wanted.dtype:
        return made
    unused = 8 - wanted.n_bits
    return np.asarray(np.right_shift(np.left_shift(made, unused), unused)).astype(wanted.dtype)


_ROUND: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "nearest-even": np.rint,
    "towards-zero": np.trunc,
    "towards-positive": np.ceil,
    "towards-negative": np.floor,
    "nearest-away": lambda numbers: _away(numbers, np.trunc(numbers)),
}


def _away(numbers: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[Any]:
    half_or_more = (np.abs(numbers - below) >= 0.5).astype(numbers.dtype)
    return np.asarray(below + np.copysign(half_or_more, numbers))


# -- to floating-point numbers --------------------------------------------------------------------------------------


def _floats_as_floats(
    numbers: npt.NDArray[Any], wanted: Floats, rounding: str, out_of_range: str | None
) -> npt.NDArray[Any]:
    if rounding == "nearest-even" and wanted.dtype.isbuiltin != 2:
        made = numbers.astype(wanted.dtype)
        infinite = np.isinf(made)
        if out_of_range == "clamp" or not infinite.any():
            return made
    wide = numbers.astype(np.float64)
    finite = np.isfinite(wide)
    bounded = np.where(finite, wide, 0.0)
    _, exponent = np.frexp(bounded)
    exponent = np.maximum(exponent - wanted.precision, wanted.least_exponent)
    rounded = np.ldexp(_ROUND[rounding](np.ldexp(bounded, -exponent)), exponent)
    return _into_range(np.where(finite, rounded, wide), wide, wanted, out_of_range)


def _integers_as_floats(whole: npt.NDArray[Any], wanted: Floats, rounding: str) -> npt.NDArray[np.float64]:
    """Integers rounded to the precision that is wanted."""
    negative = whole < 0
    magnitude = whole.astype(np.uint64)
    magnitude = np.where(negative, np.uint64(0) - magnitude, magnitude)
    dropped = np.maximum(bit_lengths(magnitude) - wanted.precision, 0).astype(np.uint64)
    kept = magnitude >> dropped
    rest = magnitude - (kept << dropped)
    kept += _is_rounded_up(kept, rest, (np.uint64(1) << dropped) >> np.uint64(1), negative, rounding)
    numbers = np.ldexp(kept.astype(np.float64), dropped.astype(np.int32))
    return np.asarray(np.where(negative, -numbers, numbers))


def bit_lengths(magnitude: npt.NDArray[np.uint64]) -> npt.NDArray[Any]:
    """How many bits integers have, up to the highest one that is set."""
    _, length = np.frexp(magnitude.astype(np.float64))
    length = np.clip(length, 1, 64)
    length -= (magnitude >> (length - 1).astype(np.uint64)) == 0  # it may have been rounded up to one more
    return np.asarray(length)


def _is_rounded_up(kept: Any, rest: Any, half: Any, negative: Any, rounding: str) -> Any:
    """Whether magnitudes are rounded up, from the bits that stay and those that are dropped."""
    if rounding == "nearest-even":
        return (rest > half) | ((rest == half) & (rest > 0) & (kept & np.uint64(1) == 1))
    if rounding == "nearest-away":
        return (rest >= half) & (rest > 0)
    if rounding == "towards-zero":
        return np.zeros_like(negative)
    return (rest > 0) & (negative if rounding == "towards-negative" else ~negative)


def _into_range(
    rounded: npt.NDArray[Any], numbers: npt.NDArray[Any], wanted: Floats, out_of_range: str | None
) -> npt.NDArray[Any]:
    """Numbers that have the precision that is wanted, within the range that is wanted."""
    missing = (np.isnan(rounded) & (not wanted.has_nan)) | (np.isinf(numbers) & (not wanted.has_infinity))
    if missing.any():
        raise NotRepresentableError(f"{first_of(numbers, missing)} has no counterpart in {wanted.dtype}")
    below, above = rounded < wanted.low, rounded > wanted.high
    outside = (below | above) & np.isfinite(numbers)
    if outside.any():
        if out_of_range != "clamp":
            raise _beyond(numbers, outside, wanted)
        infinite = np.inf if wanted.has_infinity else None
        rounded = np.where(below & outside, wanted.low if infinite is None else -infinite, rounded)
        rounded = np.where(above & outside, wanted.high if infinite is None else infinite, rounded)
    return np.asarray(rounded).astype(wanted.dtype)


# -- errors ---------------------------------------------------------------------------------------------------------


def _beyond(numbers: npt.NDArray[Any], outside: Any, wanted: Integers | Floats) -> NotRepresentableError:
    return NotRepresentableError(
        f"{first_of(numbers, outside)} is outside of the range of {wanted.dtype}, {wanted.low} to {wanted.high}"
    )


def first_of(numbers: npt.NDArray[Any], which: Any) -> str:
    """The first of some numbers, and where it stands, for error texts."""
    place = tuple(int(n) for n in np.argwhere(np.asarray(which))[0])
    number = str(numbers[place])
    return f"{number} at {place}" if place else number
