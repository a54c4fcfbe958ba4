"""What errors say of values that do not become elements: which one, where, why, and what to do about it."""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections.abc import Iterator, Mapping, MappingView
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._dtype.casts import n_digits
from zarr._dtype.described import type_string
from zarr._dtype.missing import is_missing
from zarr._dtype.units import is_beyond_counts
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

ADVICE = "Use a data type that holds it, or convert the data first: numpy's `astype` does, whatever is lost by it"

# -- values that a data type does not hold --------------------------------------------------------------------------


def lost(item: Any, place: tuple[int, ...], dtype: np.dtype[Any]) -> Exception:
    """The error for a value that would be another one in a dtype; `place` is where it is in the data."""
    item = _plain(item)
    number = _number_said_by(item) if dtype.kind in "iuf" else item
    name, shown = f"{type_string(dtype)}{_limits(dtype)}", f"{in_short(item)}{_at(place)}"
    if is_beyond(number, dtype):
        return OverflowError(f"{shown} is out of range for {name}. {ADVICE}")
    return ArgumentError(f"{shown} would not be the same in {name}: {_why(number, dtype)}. {ADVICE}")


def unread(item: Any, place: tuple[int, ...], dtype: np.dtype[Any], reason: object) -> Exception:
    """The error for a value that no element can be made of, with the reason that NumPy or Python gave."""
    item = _plain(item)
    if isinstance(item, list | tuple | np.ndarray):
        return ragged(f"{in_short(item)}{_at(place)} is no element")
    if is_beyond(_number_said_by(item), dtype):
        return lost(item, place, dtype)
    return ArgumentError(
        f"{in_short(item)} of type {type(item).__name__}{_at(place)} is nothing that {type_string(dtype)} can hold: {reason}"
        f". {ADVICE}"
    )


def _plain(item: Any) -> Any:
    """A scalar of NumPy's or of another package as Python's, where it has one."""
    if not isinstance(item, np.generic):
        return item
    if item.dtype.isbuiltin == 2 and hasattr(item, "__float__"):
        return float(item)
    return item.item() if item.dtype.kind in "biufcSU" else item


def say_where(exc: Exception, place: tuple[int, ...]) -> None:
    """Add to the text of an error where in the data the value is that it is about."""
    exc.args = (f"{str(exc).rstrip('.')}. It is at {place}" if place else str(exc),)


def _at(place: tuple[int, ...]) -> str:
    return f" at {place}" if place else ""


def in_short(item: object) -> str:
    """A value in so many letters as an error has room for."""
    try:
        text = repr(item)
    except ValueError:  # a count of a unit without a name, or an integer of thousands of digits
        text = f"{item.view(np.int64)} counts" if isinstance(item, np.generic) else f"a very long {type(item).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}..."


def _number_said_by(item: Any) -> Any:
    """The number that text says, for errors; anything else as it is."""
    if not isinstance(item, str | bytes):
        return item
    for read in (int, float):
        try:
            return read(item)
        except ValueError:
            continue
    return item


def _limits(dtype: np.dtype[Any]) -> str:
    """What a dtype of numbers reaches to, in words; empty for others."""
    if dtype.kind in "iu":
        return f" ({np.iinfo(dtype).min} to {np.iinfo(dtype).max})"
    if dtype.kind in "fc" and dtype.isbuiltin != 2:
        return f" (up to {float(np.finfo(dtype).max):.3g}, whole numbers up to {2 ** n_digits(dtype)})"
    return ""


def is_beyond(item: object, dtype: np.dtype[Any]) -> bool:
    """Whether a number that was not kept is too large, rather than too precise."""
    if dtype.kind not in "iufc" or dtype.isbuiltin == 2:
        return False
    if isinstance(item, complex) and dtype.kind == "c":
        return is_beyond(item.real, dtype) or is_beyond(item.imag, dtype)
    if not isinstance(item, int | float | np.integer | np.floating):
        return False
    if isinstance(item, float | np.floating) and not math.isfinite(item):
        return math.isinf(item)
    bounds: Any = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return not int(bounds.min) <= int(item) <= int(bounds.max)


def _why(item: object, dtype: np.dtype[Any]) -> str:
    if is_missing(item) and dtype.kind in "biuSUT":
        return "it is no number" if dtype.kind in "biu" else "it says that there is nothing"
    if dtype.isbuiltin == 2:
        return "it comes back as another value"
    if isinstance(item, np.datetime64 | np.timedelta64) and dtype.kind in "mM":
        return "it is beyond its counts" if is_beyond_counts(item, dtype) else "it is no whole number of its counts"
    return _REASONS.get(dtype.kind, "it has too many digits")


_REASONS = {
    "b": "it is neither 0 nor 1",
    **dict.fromkeys("iu", "it is not a whole number"),
    **dict.fromkeys("mM", "it is no whole number of its counts, or beyond them"),
    **dict.fromkeys("USTV", "it would be cut off, or lose NULs at its end"),
}


# -- what is no array -----------------------------------------------------------------------------------------------


def ragged(detail: object) -> ValueError:
    """The error for nested sequences of different lengths."""
    return ValueError(
        f"the data are a ragged sequence, which makes no array: {str(detail).rstrip('.')}. Fill the rows up to one length (numpy.pad), store "
        "each row as an array of its own, or all of them in one row beside the lengths (numpy.concatenate)"
    )


_MAPPING = "is a mapping: store each of its values as an array, in a group, or all of it as attributes"
_NO_ARRAYS: tuple[tuple[type, str], ...] = (
    (Iterator, "can be read only once, and does not say how long it is: give a list of it, list(...)"),
    (MappingView, "is a view of a mapping: give a list of it, list(...)"),
    (AbstractSet, "has no order: give a list of it, as list(...) or sorted(...)"),
    (Mapping, _MAPPING),
)


def refuse_no_array(*kinds: type) -> None:
    """Raise ArgumentError for types whose objects hold values, but are no arrays: NumPy would take one for an element."""
    for kind in kinds:
        if (words := _no_array(kind)) is not None:
            raise ArgumentError(f"the data are, or hold, a {kind.__name__}, which is no array: it {words}")


def _no_array(kind: type) -> str | None:
    if hasattr(kind, "__array__"):
        return None
    for what, words in _NO_ARRAYS:
        if issubclass(kind, what):
            return words
    if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):  # as groups have them
        return _MAPPING
    return "has to be read: give the elements of an array" if kind.__module__.partition(".")[0] == "zarr" else None


def without_data_type(items: npt.NDArray[Any]) -> Exception:
    """The error for Python's objects where nothing says what they are stored as."""
    listed = items.ravel().tolist()
    item = next((item for item in listed if not isinstance(item, str)), None)
    if isinstance(item, list | tuple | np.ndarray):
        return ragged(f"{in_short(item)} is among the elements")
    is_mixed = any(isinstance(item, str) for item in listed)
    return ArgumentError(
        f"nothing says what {in_short(item)} of type {type(item).__name__} is stored as: data of dtype object are Python's "
        f"objects. {_OTHERWISE if is_mixed else _stored_as(item)}"
    )


def _stored_as(item: object) -> str:
    if isinstance(item, int) and not -(2**63) <= item < 2**64:
        return "It has more than 64 bits: dtype='string' keeps all digits"
    if isinstance(item, bool | int | float | complex | np.generic):
        return f"Give the dtype, as dtype='{np.asarray(item).dtype}'"
    return next((words for kind, words in _STORED_AS if isinstance(item, kind)), _OTHERWISE)


_OTHERWISE = "Make numbers, times, text or bytes of them first; dtype='string' is for text, dtype='bytes' for bytes"
_STORED_AS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (dt.datetime, "Give dtype='datetime64[us]', or another unit, or make an array of that dtype with numpy.array"),
    (dt.date, "Give dtype='datetime64[D]', or make an array of that dtype with numpy.array"),
    (dt.timedelta, "Give dtype='timedelta64[us]', or another unit, or make an array of that dtype with numpy.array"),
    ((Decimal, numbers.Rational), "Give dtype='float64' to have them rounded, or make text of them first, str(...)"),
    ((bytes, bytearray, memoryview), "Give dtype='bytes' for bytes of any length, or dtype='S8' for up to 8 of them"),
)
