"""Casts between NumPy dtypes that say which elements they keep.

NumPy's own casts wrap integers around, cut text and fractions off, and say so at best in a warning. Each cast here comes
with a mask of the elements that are the same afterwards; between floating and complex types, rounded to the nearest.
Whether all elements always are is known of some pairs of dtypes beforehand (`keeps_all`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import in_dtype
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
        return _n_digits(source) <= _n_digits(target)
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


def _n_digits(dtype: np.dtype[Any]) -> int:
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
    limit = 2 ** _n_digits(dtype)
    if -limit <= int(elements.min()) and int(elements.max()) <= limit:
        return elements.astype(dtype), None
    with np.errstate(all="ignore"):
        converted = elements.astype(dtype)
    real = converted.real.astype(np.float64)
    inside = np.abs(real) < 2.0 ** _n_digits(elements.dtype)
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

_LINEAR = {
    **{unit: seconds * 10**18 for unit, seconds in {"W": 604_800, "D": 86_400, "h": 3600, "m": 60, "s": 1}.items()},
    **{unit: 10**power for unit, power in {"ms": 15, "us": 12, "ns": 9, "ps": 6, "fs": 3, "as": 0}.items()},
}
_CALENDAR = {"Y": 12, "M": 1}
_UNKNOWN = {"generic": 1}


def _times_to_times(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    ratio = _ratio(elements.dtype, dtype)
    if ratio is not None:
        return _scaled(elements, dtype, ratio)
    if elements.dtype.kind == "m":
        raise ArgumentError(f"{elements.dtype} cannot be counted in {dtype}: a year or a month has no fixed length")
    with np.errstate(all="ignore"):
        converted = elements.astype(dtype)
        back = converted.astype(elements.dtype)
    return converted, (_counts(back) == _counts(elements)) & (np.isnat(converted) == np.isnat(elements))


def _ratio(source: np.dtype[Any], target: np.dtype[Any]) -> Fraction | None:
    """Counts of the target per count of the source; None if a calendar has to tell."""
    (from_unit, from_scale), (to_unit, to_scale) = np.datetime_data(source), np.datetime_data(target)
    if (from_unit, from_scale) == ("generic", 1):
        return Fraction(1)  # a mere count says nothing against any unit
    for table in (_LINEAR, _CALENDAR, _UNKNOWN):
        if from_unit in table and to_unit in table:
            return Fraction(table[from_unit] * from_scale, table[to_unit] * to_scale)
    if "generic" in (from_unit, to_unit):
        raise ArgumentError(
            f"{source} and {target} are not the same unit, as one of them has none; view the counts first"
        )
    return None


def _scaled(elements: npt.NDArray[Any], dtype: np.dtype[Any], ratio: Fraction) -> Cast:
    counts, missing = _counts(elements), np.isnat(elements)
    if ratio.denominator < 2**63:
        whole, rest = np.divmod(counts, np.int64(ratio.denominator))
    else:
        whole, rest = np.zeros_like(counts), counts
    limit = (2**63 - 1) // ratio.numerator
    kept = (rest == 0) & (whole <= limit) & (whole >= -limit)
    scaled = np.where(kept & ~missing, whole, 0) * np.int64(ratio.numerator if limit else 0)
    return _as_times(np.where(missing, np.iinfo(np.int64).min, scaled), dtype), kept | missing


def _integers_to_times(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    return _as_times(elements.astype(np.int64), dtype), elements <= 2**63 - 1


def _counts(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return times.astype(times.dtype.newbyteorder("=")).view(np.int64)


def _as_times(counts: npt.NDArray[np.int64], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return in_dtype(counts.astype(np.int64).view(dtype.newbyteorder("=")), dtype)


# -- text and bytes -------------------------------------------------------------------------------------------------


def _text_to_text(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    if (elements.dtype.kind, dtype.kind) == ("S", "T"):
        return elements.astype(np.str_).astype(dtype), None  # NumPy would not look whether it is text
    converted = in_dtype(elements, dtype)
    return converted, np.asarray(in_dtype(converted, elements.dtype) == elements)


def _numbers_to_text(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    return _text_to_text(elements.astype(np.str_), dtype)


def _instants_to_text(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    converted, kept = _text_to_text(elements.astype(np.str_), dtype)
    return converted, kept & ~np.isnat(elements)


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
    words = np.array(elements.astype(object).tolist(), np.str_).reshape(elements.shape)
    return cast(words.astype("M8"), dtype)


def _octets_to_raw(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    if elements.dtype.itemsize != dtype.itemsize:
        raise ArgumentError(
            f"elements of {elements.dtype} have another number of bytes than those of {dtype}, which has no padding"
        )
    return np.ascontiguousarray(elements).reshape(elements.shape).view(dtype), None


def _raw_to_octets(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Cast:
    n = elements.dtype.itemsize
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

    Floating numbers may be rounded; anything else has to come back as it was.
    """
    try:
        with np.errstate(all="ignore"):
            converted = elements.astype(dtype)
            back = converted.astype(elements.dtype)
    except TypeError as exc:
        raise ArgumentError(_nothing_in_common(elements.dtype, dtype)) from exc
    kept = np.asarray(back == elements) | np.asarray((back != back) & (elements != elements))  # noqa: PLR0124  # NaN
    if elements.dtype.kind in "fc" and dtype.kind not in "biu":
        kept |= np.isfinite(back) & np.isfinite(elements)
    return converted, kept


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
    **dict.fromkeys([(a, b) for a in ("b", "integers", "f", "c") for b in ("text", "S")], _numbers_to_text),
    **dict.fromkeys([("M", "text"), ("M", "S")], _instants_to_text),
    **dict.fromkeys([(a, b) for a in ("text", "S") for b in ("integers", "f", "c")], _text_to_numbers),
    **dict.fromkeys([("text", "M"), ("S", "M")], _text_to_instants),
    ("S", "V"): _octets_to_raw,
    ("V", "V"): _octets_to_raw,
    ("V", "S"): _raw_to_octets,
    ("V", "O"): _raw_to_objects,
}
"""The casts between kinds of dtypes that have something in common."""


def limits(dtype: np.dtype[Any]) -> str:
    """What a dtype of numbers reaches to, in words; empty for others."""
    if dtype.kind in "iu":
        return f" ({np.iinfo(dtype).min} to {np.iinfo(dtype).max})"
    if dtype.kind in "fc" and dtype.isbuiltin != 2:
        return f" (up to {float(np.finfo(dtype).max):.3g}, whole numbers up to {2 ** _n_digits(dtype)})"
    return ""


def is_beyond(item: object, dtype: np.dtype[Any]) -> bool:
    """Whether a number that was not kept is too large, rather than too precise."""
    if not isinstance(item, int | float | np.integer | np.floating) or dtype.kind not in "iufc":
        return False
    if isinstance(item, float | np.floating) and not math.isfinite(item):
        return math.isinf(item)
    bounds: Any = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return not int(bounds.min) <= int(item) <= int(bounds.max)
