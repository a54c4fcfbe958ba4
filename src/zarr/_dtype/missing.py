"""Missing values: masked elements, `None`, `pandas.NA`, the null of a `StringDType`, not a time.

They never become ordinary elements. A data type may have an element of its own for them (NaN, not a time), which is used
where NumPy uses it too; anything else is refused here. What the packages of others have is known by its name: nothing is
imported to find out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import counts_of, is_extension
from zarr._dtype.units import NO_TIME
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

_ADVICE = (
    "An array has no missing values: put something in their place first, as numpy.ma.filled, fillna or a loop do (the "
    "fill value of the array, say), or use a data type that has NaN or NaT"
)
_ADVICE_MASKED = (
    "An array has no mask: put something in their place first with numpy.ma.filled (NaN or NaT, where the data type has it, "
    "or the fill value of the array, say)"
)
_ALWAYS = frozenset({"NAType", "NaTType", "NoneType", "NullScalar", "MaskedConstant"})
"""Names of classes whose objects say that a value is missing."""
_HAVE_NONE = "fmM"
"""Kinds of dtypes for which NumPy reads None as their NaN or NaT."""


def masked_class() -> type[Any] | None:
    """NumPy's class of masked arrays; None as long as nobody has imported it, so that there can be no such array."""
    return getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)


def refuse_masked(array: object) -> None:
    """Raise ArgumentError for a masked array of which elements are masked."""
    masked = masked_class()
    if masked is None or not isinstance(array, masked):
        return
    mask = mask_of(array)
    if mask.any():
        where = "" if not mask.ndim else f", the first at {first_true(mask)}"
        n_masked = int(mask.sum())
        what = (
            "1 element of the masked array is masked"
            if n_masked == 1
            else f"{n_masked} elements of the masked array are masked"
        )
        raise ArgumentError(f"{what}{where}. {_ADVICE_MASKED}")


def mask_of(array: Any) -> npt.NDArray[np.bool_]:
    """Which elements of a masked array are masked; one with fields, if one of these is."""
    mask: npt.NDArray[Any] = np.broadcast_to(array.mask, array.shape)
    if mask.dtype.fields is None:
        return mask
    parts = np.ascontiguousarray(mask).reshape(-1).view(np.bool_).reshape(*mask.shape, mask.dtype.itemsize)
    return np.asarray(parts.any(axis=-1))


def refuse_masked_within(value: object, kinds: set[type]) -> None:
    """`refuse_masked` for the arrays in nested lists and tuples whose leaves have these types."""
    masked = masked_class()
    if masked is None or not any(issubclass(kind, masked) for kind in kinds):
        return
    if isinstance(value, list | tuple):
        for item in value:
            refuse_masked_within(item, leaf_types(item))
    else:
        refuse_masked(value)


def first_true(mask: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """Where a mask is true first, in C order."""
    return tuple(int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape))


MOST_AXES = 64
"""Of an array; sequences that are nested deeper, or that hold themselves, make none."""


def leaf_types(value: object, depth: int = MOST_AXES) -> set[type]:
    """The types of what is nested in lists and tuples, as far as an array has axes; the type of anything else.

    >>> sorted(kind.__name__ for kind in leaf_types([[1, "a"], (2.0,)]))
    ['float', 'int', 'str']
    """
    if not isinstance(value, list | tuple) or not depth:
        return {type(value)}
    kinds = set(map(type, value))
    nested = {kind for kind in kinds if issubclass(kind, list | tuple)}
    if not nested:
        return kinds
    return (kinds - nested).union(*(leaf_types(item, depth - 1) for item in value if type(item) in nested))


def may_hold_missing(kinds: set[type], dtype: np.dtype[Any]) -> bool:
    """Whether objects of these types can be missing values that NumPy would take for elements of a dtype."""
    return any(map(_is_suspect, kinds)) or (dtype.kind not in "iufc" and any(map(_has_nan, kinds)))


def _is_suspect(kind: type) -> bool:
    return kind.__name__ in _ALWAYS or issubclass(kind, np.ndarray | np.datetime64 | np.timedelta64)


def _has_nan(kind: type) -> bool:
    return issubclass(kind, float | complex | np.inexact)


def is_missing(item: object) -> bool:
    """Whether an object stands for a missing value.

    >>> is_missing(None), is_missing(float("nan")), is_missing(np.datetime64("NaT", "s")), is_missing("")
    (True, True, True, False)
    """
    kind = type(item)
    if kind.__name__ in _ALWAYS:
        return True
    if isinstance(item, np.datetime64 | np.timedelta64):
        return bool(np.isnat(item))
    return _has_nan(kind) and item != item  # noqa: PLR0124  # NaN


def says_nothing(item: object) -> bool:
    """Whether an object says of itself, and not only as the number or time that it is, that there is nothing.

    >>> says_nothing(None), says_nothing(float("nan"))
    (True, False)
    """
    return type(item).__name__ in _ALWAYS - {"NaTType"}


def refuse_missing(items: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raise ArgumentError for objects that are missing values, unless a dtype has an element for them."""
    listed = items.ravel().tolist()
    if not may_hold_missing(set(map(type, listed)), dtype):
        return
    for place, item in enumerate(listed):
        if is_missing(item) and not _has_element_for(item, dtype):
            where = f" at {tuple(int(i) for i in np.unravel_index(place, items.shape))}" if items.ndim else ""
            name = "the data type" if dtype.kind == "O" else dtype
            raise ArgumentError(
                f"{item!r} of type {type(item).__name__}{where} is a missing value, which {name} cannot hold. {_ADVICE}"
            )


def _has_element_for(item: object, dtype: np.dtype[Any]) -> bool:
    if item is None:
        return dtype.kind in _HAVE_NONE
    if _has_nan(type(item)):
        return dtype.kind not in "bSUTVO" or is_extension(dtype)  # those without NaN refuse it themselves
    return dtype.kind in "mM" and type(item).__name__ != "NAType"


def refuse_null_text(array: npt.NDArray[Any]) -> None:
    """Raise ArgumentError for nulls in text of any length, where its dtype has a null."""
    if not hasattr(array.dtype, "na_object"):
        return
    null = array.dtype.na_object
    for place, item in enumerate(array.ravel().tolist()):
        if item is null or not isinstance(item, str):
            where = tuple(int(i) for i in np.unravel_index(place, array.shape)) if array.ndim else ()
            raise ArgumentError(
                f"the text at {where} is missing (it is {item!r}, the null of {array.dtype}). {_ADVICE}"
            )


def refuse_not_a_time(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raise ArgumentError where not a time would become an element of a dtype that has none."""
    if array.dtype.kind in "mM" and dtype.kind not in "mM" and (missing := counts_of(array) == NO_TIME).any():
        where = f" at {first_true(missing)}" if missing.ndim else ""
        raise ArgumentError(f"NaT{where} is a missing value, which {dtype} cannot hold. {_ADVICE}")
