"""From a user's values to elements: the one rule for everything that goes into an array.

Where something new is made (an array with data, an append), elements are the values given, or it is an error: `exact`.
Between floating or complex types they are rounded to the nearest, as nothing else could be done. Where NumPy has a rule,
that of `array[...] = value`, it is kept: `assigned`. With either, values go directly to the target's dtype, and missing
ones never become ordinary elements (`missing`). Fill values go through `ZDType.cast_scalar`, which is as exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, in_dtype
from zarr._dtype.casts import cast, is_beyond, is_plain, is_read_as, keeps_all, limits
from zarr._dtype.missing import (
    first_true,
    is_missing,
    leaf_types,
    may_hold_missing,
    refuse_masked,
    refuse_masked_within,
    refuse_missing,
    refuse_not_a_time,
    refuse_null_text,
)
from zarr._dtype.octets import VariableLengthBytes
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType

Elements: TypeAlias = "npt.NDArray[Any]"
DataType: TypeAlias = "ZDType[Any, Any]"

_PIECE = 1 << 16
"""Elements converted at a time, so that what is needed beside the result stays small."""
_ADVICE = "Use a data type that holds it, or convert the data first: numpy's `astype` does, whatever is lost by it"


# -- the two rules --------------------------------------------------------------------------------------------------


def exact(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """Values as elements of a data type, each the same as before, or rounded between floating or complex types.

    An array that has the data type's dtype already is returned as it is, neither looked at nor copied.

    Parameters
    ----------
    value
        An array, a scalar, or nested sequences of scalars.
    data_type, dtype
        What the elements are stored as, and are in memory.

    Raises
    ------
    OverflowError
        If a number is out of range.
    ArgumentError
        A TypeError and a ValueError, for any other value that the data type cannot hold, or that is missing.
    ValueError
        If text is not what numbers or times are written as.

    Examples
    --------
    >>> import zarr
    >>> exact([1, 2], zarr.dtype.Float32(), np.dtype("f4"))
    array([1., 2.], dtype=float32)
    """
    given = _as_array(value)
    if given is None:
        return _exact_sequence(value, data_type, dtype)
    if given.dtype.kind == "O":
        return _exact_objects(given, data_type, dtype)
    if given.dtype == dtype:
        return given
    refuse_null_text(given)
    _check_octets(given.dtype, data_type)
    return given.astype(dtype) if _holds_anything(data_type, dtype) else recast(given, dtype)


def assigned(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """Values as `array[...] = value` makes elements of them in NumPy, for which it may cut, wrap or warn.

    Parameters
    ----------
    value
        As for `exact`.
    data_type, dtype
        What the elements are stored as, and are in memory.

    Raises
    ------
    TypeError, ValueError, OverflowError
        What NumPy raises, and ArgumentError for missing values that the data type does not have.

    Examples
    --------
    >>> import zarr
    >>> assigned(np.array([1.7]), zarr.dtype.Int8(), np.dtype("i1"))
    array([1], dtype=int8)
    """
    if type(value) in _PLAIN and dtype.kind in "iufc":
        return np.asarray(value, dtype=dtype)
    if isinstance(value, np.generic):
        return _assigned_scalar(value, data_type, dtype)
    if type(value).__name__ == "MaskedConstant" and dtype.kind == "f":
        return np.asarray(float(value), dtype=dtype)  # type: ignore[arg-type]  # NaN, with NumPy's warning
    given = _as_array(value)
    if given is None:
        return _assigned_sequence(value, data_type, dtype)
    if given.dtype == dtype:
        return _octets(given) if isinstance(data_type, VariableLengthBytes) else given
    if given.dtype.kind == "O":
        refuse_missing(given, dtype)
    refuse_null_text(given)
    refuse_not_a_time(given, dtype)
    _check_octets(given.dtype, data_type)
    if dtype.kind == "T" and given.dtype.kind in "SV":
        return recast(given, dtype)  # NumPy would not look whether it is text
    try:
        return in_dtype(given, dtype)
    except RuntimeError as exc:  # of times as text that is too short
        raise ArgumentError(f"elements of {given.dtype} do not fit into {dtype}: {exc}") from exc


def inferred(value: object) -> Elements:
    """Data as the array that NumPy makes of them where nobody names a dtype, if that holds each value as it was.

    Raises
    ------
    ArgumentError, OverflowError
        As `exact` does: NumPy makes floating numbers of integers that do not fit together, and cuts NULs off.
    """
    given = _as_array(value)
    if given is None:
        kinds = leaf_types(value)
        refuse_masked_within(value, kinds)
        given = _read(value, None)
        is_whole = given.dtype.kind in "biu" and kinds <= {bool, int}
        if given.dtype.kind != "O" and not is_whole and kinds not in ({float}, {complex}):
            _check_inferred(_objects(value), given)
    if given.dtype.kind == "O":
        refuse_missing(given, given.dtype)
    return given


def _check_inferred(items: Elements, made: Elements) -> None:
    """Raise unless elements are the objects of which NumPy chose the dtype."""
    if made.dtype.kind not in "mM":
        _check_kept(_unwrapped(items) if made.dtype.kind in "biufc" else items, made)
        return
    for item in items.ravel().tolist():  # NumPy's of other units; those of Python all are
        if isinstance(item, np.generic):
            recast(np.asarray(item), made.dtype)


_PLAIN = frozenset({bool, int, float, complex, str})
"""Types of which NumPy makes elements as they are, or refuses to."""


def _as_array(value: object) -> Elements | None:
    """Whatever has a dtype as a plain array; None for Python's own objects and sequences of them."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.character):  # a str or bytes object, and NumPy would cut its NULs off
        return None
    refuse_masked(value)
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        return np.asarray(value)
    return None


def _holds_anything(data_type: DataType, dtype: np.dtype[Any]) -> bool:
    """Whether elements are objects of whatever kind, as those of data types of other packages may be."""
    return dtype.kind == "O" and not isinstance(data_type, VariableLengthBytes)


def _check_octets(dtype: np.dtype[Any], data_type: DataType) -> None:
    if isinstance(data_type, VariableLengthBytes) and dtype.kind not in "SVO":
        raise ArgumentError(f"data of dtype {dtype} are no bytes; encode text first, or use dtype='string'")


# -- arrays ---------------------------------------------------------------------------------------------------------


def recast(given: Elements, dtype: np.dtype[Any]) -> Elements:
    """Elements in another dtype, each the same or rounded; the array itself if it has that already. Raises as `exact`."""
    if given.dtype == dtype:
        return given
    if keeps_all(given.dtype, dtype):
        return in_dtype(given, dtype)
    made = empty(given.shape, dtype, "F" if given.flags.fnc else "C")
    for piece in pieces(given.shape, _PIECE):
        part = given[piece]
        converted, kept = cast(part, dtype)
        if kept is not None and not kept.all():
            place = first_true(kept == False)  # noqa: E712  # of a 0-d array `~` would make a number
            raise _lost(part[place], _place_of(place, piece, given.ndim), dtype)
        made[piece] = converted
    return made


def pieces(shape: tuple[int, ...], most: int) -> Iterator[tuple[Any, ...]]:
    """Selections that cut an array into parts of at most `most` elements, in C order.

    >>> list(pieces((3, 4), 8))
    [(slice(0, 2, None), Ellipsis), (slice(2, 3, None), Ellipsis)]
    """
    if 0 in shape:
        return
    axis = next((i for i in range(len(shape)) if math.prod(shape[i + 1 :]) <= most), len(shape))
    if axis == len(shape):
        yield (Ellipsis,)
        return
    step = most // math.prod(shape[axis + 1 :])
    for before in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], step):
            yield (*before, slice(start, min(start + step, shape[axis])), Ellipsis)


def _place_of(place: tuple[int, ...], piece: tuple[Any, ...], ndim: int) -> tuple[int, ...]:
    """Where an element of a piece is in the whole."""
    if not ndim:
        return ()
    *before, run, _ = piece
    return (*before, run.start + place[0], *place[1:])


def _lost(item: Any, place: tuple[int, ...], dtype: np.dtype[Any]) -> Exception:
    """The error for a value that a dtype does not hold."""
    if isinstance(item, np.generic) and item.dtype.kind in "biufcSU":
        item = item.item()
    where, shown = f" at {place}" if place else "", _shown(item)
    if is_beyond(item, dtype):
        return OverflowError(f"{shown}{where} is out of range for {dtype}{limits(dtype)}. {_ADVICE}")
    return ArgumentError(
        f"{shown}{where} would not be the same in {dtype}{limits(dtype)}: {_why(item, dtype)}. {_ADVICE}"
    )


def _shown(item: Any) -> str:
    try:
        text = repr(item)
    except ValueError:  # a count of a unit without a name, which NumPy does not print
        text = f"{item.view(np.int64)} counts"
    return text if len(text) <= 80 else f"{text[:80]}..."


def _why(item: Any, dtype: np.dtype[Any]) -> str:
    if is_missing(item) and dtype.kind in "biu":
        return "it is no number"
    if dtype.kind in "mM":
        return "it is no whole number of its counts, or beyond them"
    if dtype.kind in "USTV":
        return "it would be cut off, or lose NULs at its end"
    if dtype.kind == "b":
        return "it is neither 0 nor 1"
    if dtype.kind in "iu":
        return "it is not a whole number"
    return "it has too many digits"


# -- Python's objects -----------------------------------------------------------------------------------------------

_HELD: dict[str, frozenset[type]] = {
    "b": frozenset({bool}),
    "i": frozenset({bool, int}),
    "u": frozenset({bool, int}),
    "f": frozenset({bool, float}),
    "c": frozenset({bool, float, complex}),
    "T": frozenset({str}),
}
"""Types whose values NumPy makes elements of each kind of dtype from, at its full width, as they are or not at all."""
_WIDEST = {"f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


def _exact_sequence(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    kinds = leaf_types(value)
    refuse_masked_within(value, kinds)
    if is_plain(dtype) and kinds <= _HELD.get(dtype.kind, frozenset()):
        try:
            return recast(_read(value, _WIDEST.get(dtype.kind, dtype)), dtype)
        except OverflowError:  # NumPy does not say where; below it is looked for
            pass
    items = _elements(value, data_type) if dtype.kind == "O" else _objects(value)
    return _exact_objects(items, data_type, dtype)


def _assigned_sequence(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    kinds = leaf_types(value)
    refuse_masked_within(value, kinds)
    if dtype.kind == "O":
        return _exact_objects(_elements(value, data_type), data_type, dtype)
    if may_hold_missing(kinds, dtype):
        refuse_missing(_objects(value), dtype)
    return _read(value, dtype)


def _assigned_scalar(value: np.generic, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    if dtype.kind == "O":
        return exact(value, data_type, dtype)
    if may_hold_missing({type(value)}, dtype):
        refuse_missing(_objects(value), dtype)
    element = empty((), dtype)
    element[...] = value
    return element


def _read(value: object, dtype: np.dtype[Any] | None) -> Elements:
    try:
        return np.asarray(value, dtype=dtype)
    except ValueError as exc:
        if "inhomogeneous" in str(exc):
            raise ValueError(f"the data are a ragged sequence, which makes no array: {exc}") from exc
        raise


def _elements(value: object, data_type: DataType) -> Elements:
    """Nested lists as an array whose elements are objects; anything else is one element."""
    if not isinstance(value, list | tuple):
        element = np.empty((), dtype=object)
        element[()] = value
        return element
    return np.array(_with_bytes(value) if isinstance(data_type, VariableLengthBytes) else value, dtype=object)


def _objects(value: object) -> Elements:
    """Nested sequences as an array of Python's objects."""
    found = np.array(value, dtype=object)
    kinds = set(map(type, found.ravel().tolist()))
    if isinstance(value, Sequence) and any(issubclass(kind, list | tuple) for kind in kinds):
        raise ValueError(
            "the data are a ragged sequence, which makes no array: the lists in them differ in length (inhomogeneous shape)"
        )
    return found


def _with_bytes(value: Any) -> Any:
    """Nested lists with bytes for what lends bytes, of which NumPy would make an array of numbers."""
    if isinstance(value, list | tuple):
        return [_with_bytes(item) for item in value]
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _exact_objects(items: Elements, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    if isinstance(data_type, VariableLengthBytes):
        return _octets(items)
    if dtype.kind == "O":
        return items
    refuse_missing(items, dtype)
    if not is_plain(dtype) or dtype.kind in "mM":
        return _one_by_one(items, data_type, dtype)
    if dtype.kind in "UST":
        words = _words(items, dtype)
        made = words.astype(dtype)
        if dtype.kind != "T":
            _check_kept(words, made)
        return made
    if dtype.kind == "V":
        return _raw(items, dtype)
    plain = _unwrapped(items)
    if dtype.kind == "b":
        _refuse_complex(plain, dtype)
    made = _cast_objects(plain, dtype)
    _check_kept(plain, made)
    return made


def _refuse_complex(items: Elements, dtype: np.dtype[Any]) -> None:
    for place in np.ndindex(*items.shape):
        if isinstance(items[place], complex):
            raise _lost(items[place], place, dtype)


def _cast_objects(items: Elements, dtype: np.dtype[Any]) -> Elements:
    try:
        with np.errstate(all="ignore"):  # what becomes infinite is found afterwards
            return items.astype(dtype)
    except OverflowError:
        for place in np.ndindex(*items.shape):
            if is_beyond(items[place], dtype):
                raise _lost(items[place], place, dtype) from None
        raise


def _check_kept(items: Elements, made: Elements) -> None:
    """Raise unless elements are the objects that they were made of, or rounded floating numbers."""
    same = np.asarray(made.astype(object) == items, dtype=bool)
    if same.all():
        return
    for place in map(tuple, np.argwhere(~same).tolist()):
        if not _is_kept(items[place], made[place], made.dtype):
            raise _lost(items[place], place, made.dtype)


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
    if isinstance(item, int) or dtype.kind not in "fc":
        return False
    if isinstance(item, np.generic):
        kept = cast(np.asarray(item), dtype)[1]
        return kept is None or bool(kept)
    number = complex(item)
    return (math.isinf(number.real), math.isinf(number.imag)) == (np.isinf(element.real), np.isinf(element.imag))


def _unwrapped(items: Elements) -> Elements:
    """Objects with Python's numbers for NumPy's, which compare without rounding."""
    listed = items.ravel().tolist()
    wrapped = {kind for kind in set(map(type, listed)) if issubclass(kind, np.number | np.bool_)}
    if any(issubclass(kind, np.timedelta64) for kind in wrapped):
        raise ArgumentError(f"durations are no numbers; view their counts (.view('int64')) first. {_ADVICE}")
    if not wrapped:
        return items
    plain = np.empty(len(listed), dtype=object)
    plain[:] = [item.item() if type(item) in wrapped else item for item in listed]
    return plain.reshape(items.shape)


def _words(items: Elements, dtype: np.dtype[Any]) -> Elements:
    """Objects as text, or as bytes where the dtype has those."""
    wanted = bytes if dtype.kind == "S" else str
    listed = items.ravel().tolist()
    if set(map(type, listed)) <= {wanted}:
        return items
    words = np.empty(len(listed), dtype=object)
    words[:] = [_word(item) if wanted is str else _word(item).encode("ascii") for item in listed]
    return words.reshape(items.shape)


def _word(item: Any) -> str:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, bytes):
        return item.decode("ascii")
    is_number = isinstance(item, bool | int | float | complex | np.number | np.bool_)
    if isinstance(item, np.datetime64) or (is_number and not isinstance(item, np.timedelta64)):
        return str(item)
    raise ArgumentError(f"{item!r} of type {type(item).__name__} is no text. {_ADVICE}")


def _one_by_one(items: Elements, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """Objects for which the data type itself is asked, as it is about a fill value."""
    made = empty(items.shape, dtype)
    for place in np.ndindex(*items.shape):
        try:
            made[place] = data_type.cast_scalar(items[place])
        except (ArgumentError, OverflowError) as exc:
            exc.args = (f"{exc} It is at {place}" if place else str(exc),)
            raise
    return made


def _raw(items: Elements, dtype: np.dtype[Any]) -> Elements:
    octets = _octets(items)
    for place in np.ndindex(*octets.shape):
        if len(octets[place]) != dtype.itemsize:
            raise ArgumentError(
                f"{octets[place]!r} at {place} has not the {dtype.itemsize} bytes of {dtype}. {_ADVICE}"
            )
    joined = bytearray(b"".join(octets.ravel().tolist()))
    return np.frombuffer(joined, dtype).reshape(octets.shape)


def _octets(items: Elements) -> Elements:
    """Objects that are all bytes."""
    listed = items.ravel().tolist()
    if set(map(type, listed)) <= {bytes}:
        return items
    refuse_missing(items, items.dtype)
    made = np.empty(len(listed), dtype=object)
    for i, item in enumerate(listed):
        if not isinstance(item, bytes | bytearray | memoryview | np.void):
            place = tuple(int(n) for n in np.unravel_index(i, items.shape)) if items.ndim else ()
            raise ArgumentError(f"{item!r} of type {type(item).__name__} at {place} is no bytes; encode text first")
        made[i] = item.tobytes() if isinstance(item, np.void) else bytes(item)
    return made.reshape(items.shape)
