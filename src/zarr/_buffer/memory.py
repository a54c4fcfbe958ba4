"""Fresh memory for elements."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def empty(shape: Iterable[int], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> npt.NDArray[Any]:
    """`numpy.empty`, of exactly this dtype: NumPy's own forgets how many units without a name a time counts.

    Examples
    --------
    >>> np.datetime_data(empty((3,), "M8[2generic]").dtype), np.datetime_data(np.empty(3, "M8[2generic]").dtype)
    (('generic', 2), ('generic', 1))
    """
    wanted = np.dtype(dtype)
    return np.ndarray(tuple(shape), wanted, order=order) if wanted.kind in "mM" else np.empty(shape, wanted, order)  # type: ignore[call-overload]  # any shape


def zeros(shape: Iterable[int], dtype: npt.DTypeLike, order: Literal["C", "F"] = "C") -> npt.NDArray[Any]:
    """`numpy.zeros`, of exactly this dtype."""
    wanted = np.dtype(dtype)
    if wanted.kind not in "mM":
        return np.zeros(shape, wanted, order)  # type: ignore[call-overload,no-any-return]  # any shape
    return np.zeros(shape, np.int64, order).view(wanted)  # type: ignore[call-overload,no-any-return]  # any shape


def filled(shape: Iterable[int], element: object, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """`numpy.full`, of exactly this dtype."""
    made = empty(shape, dtype)
    made[...] = element
    return made


def in_fresh_memory(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A copy of an array in a dtype, which can be written to."""
    made = empty(array.shape, dtype)
    made[...] = array
    return made


def in_dtype(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array in a dtype, as `array.astype` makes it.

    NumPy's takes times without a unit for others here, too, and for those, as between text of any length and anything
    else, it does not look at the byte order.
    """
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "mM":
        array = in_order_of(array.dtype.newbyteorder("="), array)
    if dtype.kind in "mM":
        wanted = dtype.newbyteorder("=")
        return in_order_of(dtype, in_fresh_memory(array, wanted) if has_no_unit(dtype) else array.astype(wanted))
    if array.dtype.kind == "T" or dtype.kind == "T":
        native = array if array.dtype.kind == "T" else array.astype(array.dtype.newbyteorder("="), copy=False)
        return native.astype(dtype if dtype.kind == "T" else dtype.newbyteorder("=")).astype(dtype, copy=False)
    if is_complex_extension(array.dtype) and is_complex_extension(
        dtype
    ):  # of which ml_dtypes leaves the imaginary part out
        return array.astype(np.complex64).astype(dtype)
    return array.astype(dtype)


def in_order_of(dtype: np.dtype[Any], times: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Times in a dtype of which they are but for the byte order, by way of their counts."""
    if times.dtype == dtype:
        return times
    return counts_of(times).astype(_counts_in(dtype)).view(dtype)


def counts_of(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The counts of times, as native integers; -2^63 is no time. `numpy.isnat` errs where they have no unit.

    Examples
    --------
    >>> counts_of(np.array([5, 7], ">i8").view(">m8"))
    array([5, 7])
    """
    return times.view(_counts_in(times.dtype)).astype(np.int64)


def _counts_in(dtype: np.dtype[Any]) -> np.dtype[np.int64]:
    return np.dtype(np.int64).newbyteorder(dtype.byteorder)


def picked(array: npt.NDArray[Any], index: Any) -> Any:
    """`array[index]`, also of text of any length, which NumPy before 2.2 does not find by lists of positions."""
    if not _loses_text(array, index):
        return array[index]
    return np.asarray(array.astype(object)[index]).astype(array.dtype)


def put(array: npt.NDArray[Any], index: Any, elements: Any) -> None:
    """`array[index] = elements`, also of text of any length.

    At lists of positions NumPy before 2.2 loses such text, and NumPy up to 2.4 at least that of an array of no axes.
    """
    if isinstance(elements, np.ndarray):
        if elements.ndim and _loses_text(array, index):
            elements = elements.astype(object)
        elif not elements.ndim and elements.dtype.kind == "T":
            elements = elements[()]
    array[index] = elements


_LOSES_TEXT = np.lib.NumpyVersion(np.__version__) < "2.2.0"


def _loses_text(array: npt.NDArray[Any], index: Any) -> bool:
    if not _LOSES_TEXT or array.dtype.kind != "T":
        return False
    entries = index if isinstance(index, tuple) else (index,)
    return any(isinstance(entry, np.ndarray | list) for entry in entries)


def has_no_unit(dtype: np.dtype[Any]) -> bool:
    """Whether elements are times of no unit: where NumPy is asked for those, it may give others."""
    return dtype.kind in "mM" and np.datetime_data(dtype)[0] == "generic"


def holds_characters(dtype: np.dtype[Any]) -> bool:
    """Whether elements are text of NumPy's fixed length, or have some in them: numbers of 32 bits, not all of which are characters."""
    if dtype.names is not None:
        return any(holds_characters(dtype[name].base) for name in dtype.names)
    return dtype.kind == "U"


def are_characters(elements: npt.NDArray[Any]) -> bool:
    """Whether every character there is can be one: NumPy makes no text of others."""
    dtype = elements.dtype
    if dtype.names is not None:
        return all(are_characters(elements[name]) for name in dtype.names)
    if dtype.kind != "U" or not elements.size:
        return True
    return bool(_code_points(elements).max(initial=0) <= sys.maxunicode)


def first_without_characters(elements: npt.NDArray[Any]) -> tuple[int, ...] | None:
    """Where the first element is with something in it that can be no character; None if there is none."""
    dtype = elements.dtype
    if dtype.names is not None:
        found = (first_without_characters(elements[name]) for name in dtype.names)
        return min((place[: elements.ndim] for place in found if place is not None), default=None)
    if are_characters(elements):
        return None
    once = _once(elements)
    is_wrong = (_code_points(elements) > sys.maxunicode).any(axis=-1)
    return tuple(int(n) for n in np.unravel_index(int(is_wrong.argmax()), once.shape))


_MOST_AXES = 64


def _once(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Without what is only there many times."""
    return elements[(*(slice(0, 1) if step == 0 else slice(None) for step in elements.strides), Ellipsis)]


def _code_points(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The numbers in text of fixed length, along one more axis; once for elements that are many times the same."""
    dtype = elements.dtype
    number = np.dtype(np.uint32).newbyteorder(dtype.byteorder)
    once = _once(elements)
    if once.ndim == _MOST_AXES:  # NumPy has no more
        once = once.reshape(-1)
    in_field = once.view(np.dtype([("points", number, (dtype.itemsize // 4,))]))  # however its axes lie in memory
    return np.asarray(in_field["points"])


def is_extension(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is one of another package, of which NumPy knows only one byte order, the machine's."""
    return dtype.isbuiltin == 2


def is_complex_extension(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is one of the complex numbers of ml_dtypes, of which NumPy does not know that they have parts."""
    return is_extension(dtype) and str(dtype.kind) == "W"


def opaque_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Bytes of the same number, where NumPy lends no buffer of elements or few take it: of fields, of other packages."""
    return np.dtype(f"V{dtype.itemsize}") if dtype.fields is not None or is_extension(dtype) else None
