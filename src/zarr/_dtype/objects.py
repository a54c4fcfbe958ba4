"""Elements of Python's objects, alone or in nested sequences: each the value that it was, or an error that names it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, in_dtype
from zarr._dtype.casts import cast, is_plain, is_read_as
from zarr._dtype.losses import ADVICE, in_short, is_beyond, lost, ragged, say_where, unread
from zarr._dtype.missing import MOST_AXES, leaf_types, may_hold_missing, refuse_missing
from zarr._dtype.octets import VariableLengthBytes
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType

Elements: TypeAlias = "npt.NDArray[Any]"
DataType: TypeAlias = "ZDType[Any, Any]"


# -- sequences ------------------------------------------------------------------------------------------------------


def read(value: object, dtype: np.dtype[Any] | None) -> Elements:
    """Nested sequences as NumPy reads them, of a dtype or of its own choice."""
    native = dtype.newbyteorder("=") if dtype is not None and dtype.kind in "mM" else dtype
    try:
        made = np.asarray(value, dtype=native)
    except ValueError as exc:
        if "inhomogeneous" in str(exc):
            raise ragged(exc) from exc
        raise
    return made if dtype is None else in_dtype(made, dtype)  # of times without a unit NumPy makes some with one


def as_objects(value: object) -> Elements:
    """Nested sequences as an array of Python's objects, and NumPy's times."""
    if any(issubclass(kind, np.ndarray) for kind in leaf_types(value)):
        value = scalars_within(value, _with_times)
    try:
        found = np.array(value, dtype=object)
    except ValueError as exc:  # of arrays that have the first lengths in common, but not all
        raise ragged(exc) from exc
    if isinstance(value, Sequence):
        found = _opened(found)
        _refuse_sequences(found, kinds_of(found))
    return found


def scalars_within(value: Any, of_array: Callable[[Elements], Elements], depth: int = MOST_AXES) -> Any:
    """Nested lists and tuples with what is made of each array in them; of one without axes with its element."""
    if isinstance(value, list | tuple) and depth:
        opened = (scalars_within(item, of_array, depth - 1) for item in value)
        return list(opened) if isinstance(value, list) else tuple(opened)
    if not isinstance(value, np.ndarray):
        return value
    items = of_array(value)
    return items if items.ndim else items[()]


def _with_times(array: Elements) -> Elements:
    """An array, or objects of its times: for those of some units NumPy has no other objects than integers."""
    return in_objects(array) if array.dtype.kind in "mM" else array


def in_objects(elements: Elements) -> Elements:
    """An array of the scalars of another; of text of any length its strings, and None for its null.

    Examples
    --------
    >>> in_objects(np.array([5], "M8[ns]"))[0]
    np.datetime64('1970-01-01T00:00:00.000000005')
    """
    if elements.dtype.kind == "O":
        return elements
    if elements.dtype.kind != "T":
        return one_by_one(elements.ravel()).reshape(elements.shape)
    listed = elements.ravel().tolist()
    return one_by_one(item if isinstance(item, str) else None for item in listed).reshape(elements.shape)


def one_by_one(items: Iterable[Any]) -> Elements:
    """Objects, whatever they are, as an array of one axis."""
    return np.fromiter(items, object)


def _opened(items: Elements) -> Elements:
    """Objects with its element for every array that has no axes."""
    listed = items.ravel().tolist()
    if np.ndarray not in kinds_of(items):
        return items
    opened = np.empty(len(listed), dtype=object)
    for i, item in enumerate(listed):
        opened[i] = item[()] if type(item) is np.ndarray and not item.ndim else item
    return opened.reshape(items.shape)


def as_elements(value: object, data_type: DataType) -> Elements:
    """Nested lists as an array whose elements are objects; anything else is one element."""
    if not isinstance(value, list | tuple):
        element = np.empty((), dtype=object)
        element[()] = value
        return element
    if not isinstance(data_type, VariableLengthBytes):
        return np.array(value, dtype=object)
    return as_objects(_with_bytes(value))


def kinds_of(items: Elements) -> set[type]:
    """The types of objects."""
    return set(map(type, items.ravel().tolist()))


def refuse_no_elements(items: Elements, kinds: set[type], dtype: np.dtype[Any]) -> None:
    """Raise for objects, of these types, that are missing values or sequences."""
    if may_hold_missing(kinds, dtype):
        refuse_missing(items, dtype)
    _refuse_sequences(items, kinds)


def _refuse_sequences(items: Elements, kinds: set[type]) -> None:
    """Raise for elements that are sequences themselves: rows of lengths that make no axis."""
    sequences = (list, tuple, np.ndarray)
    if not any(issubclass(kind, sequences) for kind in kinds):
        return
    listed = items.ravel().tolist()
    place = next(i for i, item in enumerate(listed) if isinstance(item, sequences))
    at = tuple(int(n) for n in np.unravel_index(place, items.shape)) if items.ndim else ()
    raise unread(listed[place], at, items.dtype, "")


def _with_bytes(value: Any, depth: int = MOST_AXES) -> Any:
    """Nested lists with bytes for what lends bytes, of which NumPy would make an array of numbers."""
    if isinstance(value, list | tuple) and depth:
        return [_with_bytes(item, depth - 1) for item in value]
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


# -- objects --------------------------------------------------------------------------------------------------------


def exact_objects(items: Elements, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """An array of Python's objects as elements of a data type, whose dtype in memory is `dtype`."""
    if isinstance(data_type, VariableLengthBytes):
        return as_octets(items)
    if dtype.kind == "O":
        return items
    refuse_no_elements(items, kinds_of(items), dtype)
    if not is_plain(dtype) or dtype.kind in "mM":
        return _one_by_one(items, data_type, dtype)
    if dtype.kind in "UST":
        words = as_words(items, dtype)
        made = _cast(words, dtype)
        if dtype.kind != "T":
            check_kept(words, made)
        return made
    if dtype.kind == "V":
        return _raw(items, dtype)
    plain = without_numpy(items)
    if dtype.kind == "b":
        _refuse_complex(plain, dtype)
    made = _cast(plain, dtype)
    check_kept(plain, made)
    return made


def _refuse_complex(items: Elements, dtype: np.dtype[Any]) -> None:
    for place in np.ndindex(*items.shape):
        if isinstance(items[place], complex):
            raise lost(items[place], place, dtype)


def _cast(items: Elements, dtype: np.dtype[Any]) -> Elements:
    try:
        with np.errstate(all="ignore"):  # what becomes infinite is found afterwards
            return items.astype(dtype)
    except (OverflowError, TypeError, ValueError):
        for place in np.ndindex(*items.shape):
            if is_beyond(items[place], dtype):
                raise lost(items[place], place, dtype) from None
            _try(items[place], place, dtype)
        raise


def _try(item: object, place: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise the error for an object that NumPy makes no element of."""
    element = empty((1,), dtype)
    try:
        with np.errstate(all="ignore"):
            element[0] = item
    except (TypeError, ValueError) as exc:
        raise unread(item, place, dtype, exc) from exc


def check_kept(items: Elements, made: Elements) -> None:
    """Raise unless elements are the objects that they were made of, or rounded floating numbers."""
    same = np.asarray(made.astype(object) == items, dtype=bool)
    if same.all():
        return
    for place in map(tuple, np.argwhere(~same).tolist()):
        if not _is_kept(items[place], made[place], made.dtype):
            raise lost(items[place], place, made.dtype)


def _is_kept(item: Any, element: Any, dtype: np.dtype[Any]) -> bool:
    """Whether an element that does not equal an object is nevertheless what was meant by it."""
    if item is None:
        return dtype.kind == "f" and bool(np.isnan(element))
    if dtype.kind in "US":
        return not isinstance(item, str | bytes) and _word(item) == _word(element)
    if dtype.kind not in "iufc":
        return False
    if isinstance(item, str | bytes):
        return is_read_as(item, element.item())
    if isinstance(item, int) or dtype.kind not in "fc" or _is_whole(item):
        return False
    if isinstance(item, np.generic):
        kept = cast(np.asarray(item), dtype)[1]
        return kept is None or bool(kept)
    number = complex(item)
    return (math.isinf(number.real), math.isinf(number.imag)) == (np.isinf(element.real), np.isinf(element.imag))


def _is_whole(item: Any) -> bool:
    """Whether a number that keeps all its digits is a whole one."""
    if isinstance(item, Decimal):
        return item.is_finite() and item == item.to_integral_value()
    return isinstance(item, Fraction) and item.denominator == 1


def without_numpy(items: Elements) -> Elements:
    """Objects with Python's numbers for NumPy's, which compare without rounding."""
    listed = items.ravel().tolist()
    wrapped = {kind for kind in set(map(type, listed)) if issubclass(kind, np.number | np.bool_ | np.datetime64)}
    if any(issubclass(kind, np.timedelta64 | np.datetime64) for kind in wrapped):
        raise ArgumentError(f"times are no numbers; view their counts (.view('int64')) first. {ADVICE}")
    if not wrapped:
        return items
    plain = np.empty(len(listed), dtype=object)
    plain[:] = [item.item() if type(item) in wrapped else item for item in listed]
    return plain.reshape(items.shape)


def _one_by_one(items: Elements, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """Objects for which the data type itself is asked, as it is about a fill value."""
    made = empty(items.shape, dtype)
    for place in np.ndindex(*items.shape):
        try:
            made[place] = data_type.cast_scalar(items[place])
        except (ArgumentError, OverflowError) as exc:
            say_where(exc, place)
            raise
    return made


# -- text and bytes -------------------------------------------------------------------------------------------------


def as_words(items: Elements, dtype: np.dtype[Any]) -> Elements:
    """Objects as text, or as bytes where the dtype has those."""
    wanted = bytes if dtype.kind == "S" else str
    listed = items.ravel().tolist()
    if set(map(type, listed)) <= {wanted}:
        return items
    words = np.empty(len(listed), dtype=object)
    words[:] = [_word(item) if wanted is str else _octets(item) for item in listed]
    return words.reshape(items.shape)


def decoded(items: Elements) -> Elements:
    """Objects with text for bytes."""
    words = np.empty(items.size, dtype=object)
    words[:] = [_word(item) if isinstance(item, bytes) else item for item in items.ravel().tolist()]
    return words.reshape(items.shape)


def _word(item: Any) -> str:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, bytes):
        try:
            return item.decode("ascii")
        except UnicodeDecodeError as exc:
            raise ArgumentError(f"{in_short(item)} is no ASCII text; decode it first, bytes.decode(...)") from exc
    is_number = isinstance(item, bool | int | float | complex | np.number | np.bool_)
    if isinstance(item, np.datetime64) or (is_number and not isinstance(item, np.timedelta64)):
        return str(item)
    raise ArgumentError(f"{in_short(item)} of type {type(item).__name__} is no text. {ADVICE}")


def _octets(item: Any) -> bytes:
    if isinstance(item, bytes):  # of NumPy's too
        return bytes(item)
    word = _word(item)
    try:
        return word.encode("ascii")
    except UnicodeEncodeError as exc:
        raise ArgumentError(f"{in_short(word)} is no ASCII text; encode it first, str.encode(...)") from exc


def _raw(items: Elements, dtype: np.dtype[Any]) -> Elements:
    octets = as_octets(items)
    for place in np.ndindex(*octets.shape):
        if len(octets[place]) != dtype.itemsize:
            raise ArgumentError(
                f"{in_short(octets[place])} at {place} has not the {dtype.itemsize} bytes of {dtype}. {ADVICE}"
            )
    joined = bytearray(b"".join(octets.ravel().tolist()))
    return np.frombuffer(joined, dtype).reshape(octets.shape)


def _is_octets(item: object) -> bool:
    """Whether an object is bytes, or is of NumPy's without a meaning, which structs have."""
    return isinstance(item, bytes | bytearray | memoryview) or (isinstance(item, np.void) and item.dtype.names is None)


def as_octets(items: Elements) -> Elements:
    """Objects that are all bytes."""
    listed = items.ravel().tolist()
    kinds = set(map(type, listed))
    if kinds <= {bytes}:
        return items
    refuse_no_elements(items, kinds, items.dtype)
    made = np.empty(len(listed), dtype=object)
    for i, item in enumerate(listed):
        if not _is_octets(item):
            place = tuple(int(n) for n in np.unravel_index(i, items.shape)) if items.ndim else ()
            raise ArgumentError(
                f"{in_short(item)} of type {type(item).__name__} at {place} is no bytes; encode text first"
            )
        made[i] = item.tobytes() if isinstance(item, np.void) else bytes(item)
    return made.reshape(items.shape)
