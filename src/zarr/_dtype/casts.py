"""Casts between NumPy dtypes that say which elements they keep.

NumPy's own casts wrap integers around, cut text and fractions off, and say so at best in a warning. Each cast here comes
with a mask of the elements that are the same afterwards; between floating and complex types, rounded to the nearest.
Whether all elements always are is known of some pairs of dtypes beforehand (`keeps_all`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import counts_of, in_dtype
from zarr._dtype.rounding import rounded_to
from zarr._dtype.units import FINER_THAN_SECONDS, MONTHS, NO_TIME, needs_calendar, ratio
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

Cast: TypeAlias = "tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]"
"""The elements in the other dtype, and which of them are kept; None if all are."""


def keeps_all(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether every element of one dtype is the same in another, whatever it is.

    Examples
    --------
    >>> keeps_all(np.dtype("i4"), np.dtype("f8")), keeps_all(np.dtype("i8"), np.dtype("f8"))
    (True, False)
    """
    if source == target:
        return True
    if not (is_plain(source) and is_plain(target)):
        return False
    kinds = source.kind, target.kind
    if source.kind in "iu" and target.kind in "fc":
        return n_digits(source) <= n_digits(target)
    if source.kind in "biufc" and target.kind in "biufc":
        return np.can_cast(source, target, "safe")
    if kinds in {("m", "m"), ("M", "M")}:
        return np.datetime_data(source) == np.datetime_data(target)
    if kinds in {("S", "S"), ("U", "U")}:
        return source.itemsize <= target.itemsize
    if source.kind == "V":
        return kinds == ("V", "V") and source.itemsize == target.itemsize
    return target.kind == "O" and source.kind in "biufcSUT"


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is one of NumPy's without fields, of which everything is known here."""
    return dtype.isbuiltin != 2 and dtype.fields is None and dtype.subdtype is None and not hasattr(dtype, "na_object")


def n_digits(dtype: np.dtype[Any]) -> int:
    """Binary digits that every integer of a dtype has room for, without the sign."""
    if dtype.kind in "iu":
        return 8 * dtype.itemsize - (dtype.kind == "i")
    return np.finfo(dtype).nmant + 1


def cast(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    """Elements in another dtype, and which of them it keeps.

    Raises
    ------
    ArgumentError
        If the two dtypes have nothing in common; the text says what to do.
    ValueError
        If text is not what the dtype is written as.
    """
    if keeps_all(elements.dtype, dtype):
        return in_dtype(elements, dtype), None
    if not (is_plain(elements.dtype) or hasattr(elements.dtype, "na_object")) or not is_plain(dtype):
        return _there_and_back(elements, dtype)
    found = _CASTS.get((_group(elements.dtype), _group(dtype)))
    if found is None:
        raise ArgumentError(_nothing_in_common(elements.dtype, dtype))
    return found(elements, dtype)


def _group(dtype: np.dtype[Any]) -> str:
    return _GROUPS.get(dtype.kind, dtype.kind)


_GROUPS = {"i": "integers", "u": "integers", "U": "text", "T": "text"}


def _nothing_in_common(source: np.dtype[Any], target: np.dtype[Any]) -> str:
    if source.names:
        return (
            f"data of dtype {source} have fields; store each of them as an array of its own, data[{source.names[0]!r}]"
        )
    advice = {
        ("c", "f"): "take the real part (.real) first, or use a complex dtype",
        ("c", "i"): "take the real part (.real) first, or use a complex dtype",
        ("M", "i"): "view the counts (.view('int64')) first",
        ("m", "i"): "view the counts (.view('int64')) first",
        ("U", "O"): "encode it first (numpy.strings.encode), or use dtype='string'",
        ("T", "O"): "encode it first (numpy.strings.encode), or use dtype='string'",
    }.get((source.kind, "i" if target.kind == "u" else target.kind), "convert the data first, or leave `dtype` out")
    return f"data of dtype {source} are nothing that {target} can hold; {advice}"


# -- numbers --------------------------------------------------------------------------------------------------------


def _integers_to_integers(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    bounds = np.iinfo(dtype)
    if bounds.min <= int(elements.min()) and int(elements.max()) <= bounds.max:
        return elements.astype(dtype), None
    return elements.astype(dtype), (elements >= bounds.min) & (elements <= bounds.max)


def _integers_to_inexact(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    limit = 2 ** n_digits(dtype)
    if -limit <= int(elements.min()) and int(elements.max()) <= limit:
        return elements.astype(dtype), None
    with np.errstate(all="ignore"):
        converted = elements.astype(dtype)
    real = converted.real.astype(np.float64)
    inside = np.abs(real) < 2.0 ** n_digits(elements.dtype)
    # What lies outside is the smallest integer, which is a power of two, or was rounded up to one, or to infinity.
    kept = np.where(inside, real, 0).astype(elements.dtype) == elements
    is_smallest = (elements == np.iinfo(elements.dtype).min) & np.isfinite(real)
    return converted, np.where(inside, kept, is_smallest)


def _floats_to_integers(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    bounds = np.iinfo(dtype)
    wide = elements if elements.dtype.itemsize > 8 else elements.astype(np.float64)
    with np.errstate(invalid="ignore"):
        kept = (wide >= float(bounds.min)) & (wide < float(bounds.max + 1)) & (np.trunc(wide) == wide)
        return np.where(kept, wide, 0).astype(dtype), kept


def _inexact_to_inexact(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    with np.errstate(all="ignore"):
        converted = elements.astype(dtype)
    kept = np.isinf(converted.real) == np.isinf(elements.real)
    if elements.dtype.kind == "c":
        kept &= np.isinf(converted.imag) == np.isinf(elements.imag)
    return converted, kept


def _numbers_to_booleans(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    return elements.astype(dtype), (elements == 0) | (elements == 1)


# -- times ----------------------------------------------------------------------------------------------------------

_DAYS = np.dtype("M8[D]")


def _times_to_times(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    if not needs_calendar(elements.dtype, dtype):
        return _scaled(elements, dtype)
    if np.datetime_data(elements.dtype)[0] in MONTHS:
        days, kept = _first_days(elements)
        converted, fits = _scaled(days, dtype)
    else:
        days, kept = _scaled(elements, _DAYS)
        converted = days.astype(dtype)
        fits = (converted.astype(_DAYS) == days) | np.isnat(days)
    return converted, kept & fits


def _first_days(elements: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The first days of months or years, and which of them can be counted."""
    unit, scale = np.datetime_data(elements.dtype)
    counts, limit = counts_of(elements), 2**63 // (31 * MONTHS[unit] * scale)
    kept = ((counts < limit) & (counts > -limit)) | (counts == NO_TIME)
    return _as_times(np.where(kept, counts, NO_TIME), elements.dtype.newbyteorder("=")).astype(_DAYS), kept


def _scaled(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Times in counts of another unit, where a number says how many of them make one."""
    counts, per = counts_of(elements), ratio(elements.dtype, dtype)
    missing = counts == NO_TIME
    if per.denominator < 2**63:
        whole, rest = np.divmod(counts, np.int64(per.denominator))
    else:
        whole, rest = np.zeros_like(counts), counts
    limit = (2**63 - 1) // per.numerator
    kept = (rest == 0) & (whole <= limit) & (whole >= -limit)
    scaled = np.where(kept & ~missing, whole, 0) * np.int64(per.numerator if limit else 0)
    return _as_times(np.where(missing, NO_TIME, scaled), dtype), kept | missing


def _integers_to_times(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    return _as_times(elements.astype(np.int64), dtype), elements <= 2**63 - 1


def _as_times(counts: npt.NDArray[np.int64], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return in_dtype(counts.astype(np.int64).view(dtype.newbyteorder("=")), dtype)


# -- text and bytes -------------------------------------------------------------------------------------------------


def _text_to_text(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    if (elements.dtype.kind, dtype.kind) == ("S", "T"):
        return elements.astype(np.str_).astype(dtype), None  # NumPy would not look whether it is text
    converted = in_dtype(elements, dtype)
    return converted, np.asarray(in_dtype(converted, elements.dtype) == elements)


def _values_to_text(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    """Numbers, Booleans or instants as they are written; what is no time has no text."""
    if elements.dtype.kind != "M":
        return _text_to_text(elements.astype(np.str_), dtype)
    native = in_dtype(elements, elements.dtype.newbyteorder("="))
    converted, kept = _text_to_text(native.astype(np.str_), dtype)
    return converted, kept & ~np.isnat(native)


def _text_to_numbers(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    with np.errstate(all="ignore"):
        converted = in_dtype(elements, dtype)
    pairs = zip(elements.ravel().tolist(), converted.ravel().tolist(), strict=True)
    kept = np.fromiter((is_read_as(text, number) for text, number in pairs), bool, elements.size)
    return converted, kept.reshape(elements.shape)


def is_read_as(text: str | bytes, number: Any) -> bool:
    """Whether text says a number of Python's: a whole one exactly, another one to the nearest."""
    word = text.decode("ascii") if isinstance(text, bytes) else text
    try:
        return bool(int(word) == number)
    except ValueError:
        return bool(np.isfinite(number)) or "inf" in word.lower() or "nan" in word.lower()


def _text_to_instants(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    times, said = instants_of_text(np.array(elements.astype(object).tolist(), np.str_).reshape(elements.shape))
    if np.isnat(times).all():
        return _as_times(np.full(times.shape, NO_TIME), dtype), said
    converted, kept = cast(times, dtype)
    return converted, said if kept is None else said & kept


def instants_of_text(words: npt.NDArray[np.str_]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Instants that text says, in the finest unit in it, and which of them that unit has room for.

    NumPy wraps around what is beyond it. That leaves another year, or in units that count no more than some years another
    second: there, NumPy has room for whatever is written.

    Examples
    --------
    >>> instants_of_text(np.array(["1500-01-01", "1500-01-01T00:00:00.000000000"]))[1]
    array([False, False])
    """
    years = words.astype("M8[Y]")
    times = years if np.isnat(years).all() else words.astype("M8")  # nothing but NaT has no unit
    if np.datetime_data(times.dtype)[0] not in FINER_THAN_SECONDS:
        return times, (times.astype("M8[Y]") == years) | np.isnat(years)
    seconds = times.astype("M8[s]")  # from finer ones NumPy does not find the year
    said = (seconds.astype("M8[Y]") == years) & (seconds == words.astype("M8[s]"))
    return times, said | np.isnat(years)


def _octets_to_raw(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    if elements.dtype.itemsize != dtype.itemsize:
        raise ArgumentError(
            f"elements of {elements.dtype} have another number of bytes than those of {dtype}, which has no padding"
        )
    return np.ascontiguousarray(elements).reshape(elements.shape).view(dtype), None


def _raw_to_octets(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    n = elements.dtype.itemsize
    if n == 0:
        return np.zeros(elements.shape, dtype), None
    octets = np.ascontiguousarray(elements).reshape(-1).view(np.uint8).reshape(*elements.shape, n)
    converted = np.ascontiguousarray(elements).reshape(elements.shape).view(f"S{n}").astype(dtype)
    return converted, (octets[..., -1] != 0) & (n <= dtype.itemsize)


def _raw_to_objects(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    made = np.empty(elements.shape, dtype)
    made.reshape(-1)[:] = [bytes(item) for item in elements.ravel().tolist()]
    return made, None


# -- others' dtypes -------------------------------------------------------------------------------------------------


def _there_and_back(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    """A cast to or from a dtype of another package, of which nothing is known but NumPy's cast.

    Floating numbers may be rounded to others; anything else has to come back as it was.
    """
    drops_imaginary_part = elements.dtype.kind in _COMPLEX and dtype.kind not in _COMPLEX
    takes_only_field = (elements.dtype.fields is None) != (dtype.fields is None)
    if drops_imaginary_part or takes_only_field:
        raise ArgumentError(_nothing_in_common(elements.dtype, dtype))
    try:
        with np.errstate(all="ignore"):
            converted = rounded_to(elements, dtype)
            back = converted.astype(elements.dtype)
    except (TypeError, ValueError) as exc:
        raise ArgumentError(_nothing_in_common(elements.dtype, dtype)) from exc
    if _is_floating(elements.dtype) and _is_floating(dtype):
        pairs = zip(_parts(elements), _parts(back), strict=True)
        return converted, np.asarray(np.logical_and.reduce([_is_rounded(*parts, _largest(dtype)) for parts in pairs]))
    kept = _is_same(elements, back)
    if elements.dtype.kind in "biuV" and dtype.kind in "biuV" and dtype.fields is None:
        kept &= _is_same_number(elements, converted)  # what wraps around there does so back, too
    return converted, kept


_COMPLEX = "cW"
"""Kinds of complex numbers: NumPy's, and those of ml_dtypes."""


def _parts(numbers: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Numbers, or of complex ones both parts, of which each is rounded by itself."""
    if numbers.dtype.kind not in _COMPLEX:
        return (numbers,)
    if numbers.dtype.kind != "c":
        numbers = numbers.astype(np.complex128)
    return numbers.real, numbers.imag


def _is_same(elements: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where elements are equal, or equal nothing, as NaN."""
    return np.asarray((others == elements) | ((others != others) & (elements != elements)))  # noqa: PLR0124


def _is_rounded(elements: npt.NDArray[Any], back: npt.NDArray[Any], largest: float) -> npt.NDArray[np.bool_]:
    """Where floating numbers came back as they were, or as others that are as finite."""
    with np.errstate(all="ignore"):
        is_finite = np.isfinite(back) & np.isfinite(elements) & (np.abs(elements) <= largest)
    return np.asarray(_is_same(elements, back) | is_finite)


def _is_same_number(elements: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where two arrays have one number, as far as float64 tells them apart, or both have none."""
    with np.errstate(all="ignore"):
        one, other = elements.astype(np.float64), others.astype(np.float64)
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


@lru_cache(maxsize=256)
def _is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether elements are numbers with fractions."""
    if dtype.isbuiltin != 2:
        return dtype.kind in "fc"
    with np.errstate(all="ignore"):
        try:
            return bool(np.asarray(0.5).astype(dtype).astype(np.complex128) == 0.5)
        except (TypeError, ValueError):
            return False


@lru_cache(maxsize=256)
def _largest(dtype: np.dtype[Any]) -> float:
    """The number that a dtype makes of those that are too large, where it has no infinity and no NaN; else infinity."""
    if dtype.isbuiltin != 2:
        return np.inf
    with np.errstate(all="ignore"):
        found = float(np.asarray(np.finfo(np.float64).max).astype(dtype).astype(np.complex128).real)
    return found if np.isfinite(found) else np.inf


_CASTS: dict[tuple[str, str], Callable[[Any, Any], Cast]] = {
    ("integers", "integers"): _integers_to_integers,
    ("f", "integers"): _floats_to_integers,
    ("f", "f"): _inexact_to_inexact,
    ("f", "c"): _inexact_to_inexact,
    ("c", "c"): _inexact_to_inexact,
    ("integers", "b"): _numbers_to_booleans,
    ("f", "b"): _numbers_to_booleans,
    **dict.fromkeys([("integers", "f"), ("integers", "c")], _integers_to_inexact),
    ("M", "M"): _times_to_times,
    ("m", "m"): _times_to_times,
    **dict.fromkeys([("integers", "M"), ("integers", "m")], _integers_to_times),
    **dict.fromkeys([(a, b) for a in ("text", "S") for b in ("text", "S")], _text_to_text),
    **dict.fromkeys([(a, b) for a in ("b", "integers", "f", "c", "M") for b in ("text", "S")], _values_to_text),
    **dict.fromkeys([(a, b) for a in ("text", "S") for b in ("integers", "f", "c")], _text_to_numbers),
    **dict.fromkeys([("text", "M"), ("S", "M")], _text_to_instants),
    ("S", "V"): _octets_to_raw,
    ("V", "V"): _octets_to_raw,
    ("V", "S"): _raw_to_octets,
    ("V", "O"): _raw_to_objects,
}
"""The casts between kinds of dtypes that have something in common."""
