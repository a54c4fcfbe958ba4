"""From a user's values to elements: the one rule for everything that goes into an array.

Where something new is made (an array with data, an append), elements are the values given, or it is an error: `exact`.
Between floating or complex types they are rounded to the nearest, as nothing else could be done. Where NumPy has a rule,
that of `array[...] = value`, it is kept: `assigned`. With either, values go directly to the target's dtype, and missing
ones never become ordinary elements (`missing`). Fill values go through `ZDType.cast_scalar`, which is as exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from zarr._buffer.memory import are_characters, empty, first_without_characters, in_dtype, is_extension
from zarr._dtype.casts import Cast, cast, is_plain, keeps_all
from zarr._dtype.described import type_string
from zarr._dtype.losses import lost, refuse_no_array, say_where, unread, without_data_type
from zarr._dtype.missing import (
    first_true,
    leaf_types,
    may_hold_missing,
    refuse_masked,
    refuse_masked_within,
    refuse_missing,
    refuse_not_a_time,
    refuse_null_text,
)
from zarr._dtype.nullable import nullable, package_of
from zarr._dtype.objects import (
    DataType,
    Elements,
    as_elements,
    as_objects,
    as_octets,
    check_kept,
    decoded,
    exact_objects,
    kinds_of,
    read,
    refuse_no_elements,
    scalars_within,
    without_numpy,
)
from zarr._dtype.octets import VariableLengthBytes
from zarr._dtype.optional import Optional
from zarr._dtype.optional_values import optional_of
from zarr._dtype.records import in_fields_of, structs_of
from zarr._dtype.registry import data_type_registry
from zarr._dtype.tables import Table, opened, table_of
from zarr.errors import ArgumentError

_PIECE = 1 << 16
"""Elements converted at a time, so that what is needed beside the result stays small."""


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
    return _of_characters(_exact(value, data_type, dtype))


def _exact(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    if isinstance(data_type, Optional):
        return optional_of(value, data_type, exact)
    if type(value) is not np.ndarray and (table := table_of(value)) is not None:
        return _exact_table(table, data_type, dtype)
    given = _as_array(value)
    if dtype.names is not None:
        _refuse_no_structs(value, given)
        return structs_of(value, given, data_type, dtype, exact, is_assigned=False)
    if given is None:
        return _exact_sequence(value, data_type, dtype)
    if given.dtype.kind == "O":
        return exact_objects(given, data_type, dtype)
    if given.dtype == dtype:
        return given
    _of_characters(given)
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
    try:
        return _of_characters(_assigned(value, data_type, dtype))
    except (TypeError, ValueError) as exc:
        is_without_unit = dtype.kind in "mM" and np.datetime_data(dtype)[0] == "generic"
        if isinstance(exc, ArgumentError) or not is_without_unit:
            raise
        raise ArgumentError(
            f"dtype {type_string(dtype)!r} has counts without a unit; use one with a unit for times that have one ({exc})"
        ) from exc


def _assigned(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    if type(value) in _PLAIN and dtype.kind in "iufc":
        return np.asarray(value, dtype=dtype)
    if isinstance(data_type, Optional):  # NumPy has no rule for it
        return exact(value, data_type, dtype)
    if type(value) is not np.ndarray and (table := table_of(value)) is not None:
        return _assigned_table(table, data_type, dtype)
    if dtype.names is not None:
        given = _as_array(value)
        _refuse_no_structs(value, given)
        return structs_of(value, given, data_type, dtype, assigned, is_assigned=True)
    if isinstance(value, np.generic):
        return _assigned_scalar(value, data_type, dtype)
    if type(value).__name__ == "MaskedConstant" and dtype.kind == "f":
        return np.asarray(float(value), dtype=dtype)  # type: ignore[arg-type]  # NaN, with NumPy's warning
    given = _as_array(value)
    if given is None:
        return _assigned_sequence(value, data_type, dtype)
    if given.dtype == dtype:
        return as_octets(given) if isinstance(data_type, VariableLengthBytes) else given
    kinds = kinds_of(given) if given.dtype.kind == "O" else set()
    refuse_no_elements(given, kinds, dtype)
    if _are_times_of_pandas(kinds, dtype):
        return exact_objects(given, data_type, dtype)
    _of_characters(given)
    refuse_null_text(given)
    refuse_not_a_time(given, dtype)
    _check_octets(given.dtype, data_type)
    if dtype.kind == "T" and given.dtype.kind in "SV":
        return recast(given, dtype)  # NumPy would not look whether it is text
    try:
        return in_dtype(decoded(given) if _has_bytes_for_text(kinds, dtype) else given, dtype)
    except RuntimeError as exc:  # of times as text that is too short
        raise ArgumentError(f"elements of {given.dtype} do not fit into {dtype}: {exc}") from exc


def _refuse_no_structs(value: object, given: Elements | None) -> None:
    """Raise for what holds structs without being an array, and for missing ones."""
    if given is None and not isinstance(value, Mapping | tuple):
        kinds = leaf_types(value)
        refuse_masked_within(value, kinds)
        refuse_no_array(*(kind for kind in kinds if not issubclass(kind, Mapping)))


def inferred(value: object) -> Elements:
    """Data as the array that NumPy makes of them where nobody names a dtype, if that holds each value as it was.

    Of Python's objects, only text is taken.

    Raises
    ------
    ArgumentError, OverflowError
        As `exact` does: NumPy makes floating numbers of integers that do not fit together, and cuts NULs off.
    """
    if type(value) is not np.ndarray and (table := table_of(value)) is not None:
        value = _inferred_table(table)
    given = _as_array(value, "biu")  # a floating number that is missing is NaN
    if given is None:
        kinds = leaf_types(value)
        refuse_no_array(type(value), *kinds)
        refuse_masked_within(value, kinds)
        value = opened(value, kinds, lambda array: _opened(array, _inferred_table, "biu"))
        kinds = leaf_types(value)
        given = read(value, None)
        if given.dtype.kind in _JUDGED_AS_GIVEN:
            return exact(value, data_type_registry.match_dtype(given.dtype), given.dtype)
        if given.dtype.kind in "UST":  # NumPy writes what Python prints for NaN
            _refuse_missing_among(value, kinds, given.dtype)
        is_whole = given.dtype.kind in "biu" and kinds <= {bool, int}
        if given.dtype.kind != "O" and not is_whole and kinds not in ({float}, {complex}):
            _check_inferred(as_objects(value), given)
    if given.dtype.kind == "O":
        refuse_missing(given, given.dtype)
        if not all(isinstance(item, str) for item in given.ravel().tolist()):
            raise without_data_type(given)
    return given


def fill_scalar(value: object, data_type: DataType) -> Any:
    """A fill value as a scalar of the data type. Raises what `ZDType.cast_scalar` raises.

    Examples
    --------
    >>> import zarr
    >>> fill_scalar(np.array(1.5), zarr.dtype.Float32())
    np.float32(1.5)
    """
    return data_type.cast_scalar(value[()] if type(value) is np.ndarray and not value.ndim else value)


def _refuse_missing_among(value: object, kinds: set[type], dtype: np.dtype[Any]) -> None:
    """`refuse_missing` for Python's objects whose leaves have these types."""
    if may_hold_missing(kinds, dtype):
        refuse_missing(as_objects(value), dtype)


def _check_inferred(items: Elements, made: Elements) -> None:
    """Raise unless elements are the objects of which NumPy chose the dtype."""
    check_kept(without_numpy(items) if made.dtype.kind in "biufc" else items, made)


_JUDGED_AS_GIVEN = "VMm"
"""Kinds of dtypes for which NumPy's choice is taken as if it had been asked for: structs, bytes, numbers of other packages, times."""
_PLAIN = frozenset({bool, int, float, complex, str})
"""Types of which NumPy makes elements as they are, or refuses to."""


def _as_array(value: object, as_objects_of: str = "biuf") -> Elements | None:
    """Whatever has a dtype as a plain array; None for Python's own objects and sequences of them.

    Of nullable arrays of these kinds of numbers, of which some are missing, come objects.
    """
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.character):  # a str or bytes object, and NumPy would cut its NULs off
        return None
    refuse_masked(value)
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        found = nullable(value)
        if found is not None and found.kind in as_objects_of:
            return found.objects()
        return np.asarray(value)
    return None


def _holds_anything(data_type: DataType, dtype: np.dtype[Any]) -> bool:
    """Whether elements are objects of whatever kind, as those of data types of other packages may be."""
    return dtype.kind == "O" and not isinstance(data_type, VariableLengthBytes)


def _of_characters(elements: Elements) -> Elements:
    """Elements, if text among them has nothing in it but what can be a character: else nobody could read them."""
    if elements.dtype.kind in "UV" and not are_characters(elements):
        place = first_without_characters(elements)
        raise ArgumentError(
            f"the text{f' at {place}' if place else ''} has a number in it that is no character (they end at 0x10FFFF), as memory that is "
            "seen as text may have; elements of dtype 'S' or 'uint32' hold anything"
        )
    return elements


def _check_octets(dtype: np.dtype[Any], data_type: DataType) -> None:
    is_octets = dtype.kind in "SVO" and not is_extension(dtype) and dtype.names is None
    if isinstance(data_type, VariableLengthBytes) and not is_octets:
        raise ArgumentError(f"data of dtype {dtype} are no bytes; encode text first, or use dtype='string'")


# -- tables ---------------------------------------------------------------------------------------------------------


def _exact_table(table: Table, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    return table.joined(dtype, lambda column: exact(column, data_type, dtype))


def _assigned_table(table: Table, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    """Columns of several types. NumPy would round integers before it assigns them, and only because of the columns beside them."""

    def convert(column: object) -> Elements:
        given = _as_array(column)
        is_rounded = dtype.kind in "fc" and given is not None and given.dtype.kind in "iuO"
        return (exact if is_rounded else assigned)(given, data_type, dtype)

    return table.joined(dtype, convert)


def _inferred_table(table: Table) -> Elements:
    if table.common.kind == "O":
        return table.objects()
    return _exact_table(table, data_type_registry.match_dtype(table.common), table.common)


def _opened(value: Any, of_table: Callable[[Table], Elements], as_objects_of: str = "biuf") -> Elements | None:
    """An array or a table of pandas or Arrow that is in a list, as a plain array."""
    table = table_of(value)
    return _as_array(value, as_objects_of) if table is None else of_table(table)


# -- arrays ---------------------------------------------------------------------------------------------------------


def recast(given: Elements, dtype: np.dtype[Any]) -> Elements:
    """Elements in another dtype, each the same or rounded; the array itself if it has that already. Raises as `exact`."""
    if given.dtype == dtype:
        return given
    if given.dtype.names is not None and dtype.names is not None:
        return in_fields_of(given, dtype, recast)
    if keeps_all(given.dtype, dtype):
        return in_dtype(given, dtype)
    made = empty(given.shape, dtype, "F" if given.flags.fnc else "C")
    for piece in pieces(given.shape, _PIECE):
        part = given[piece]
        converted, kept = _cast_piece(part, dtype, piece, given.ndim)
        if kept is not None and not kept.all():
            place = first_true(kept == False)  # noqa: E712  # of a 0-d array `~` would make a number
            raise lost(part[place], _place_of(place, piece, given.ndim), dtype)
        made[piece] = converted
    return made


def _cast_piece(part: Elements, dtype: np.dtype[Any], piece: tuple[Any, ...], ndim: int) -> Cast:
    try:
        return cast(part, dtype)
    except ArgumentError:
        raise
    except (TypeError, ValueError, OverflowError) as exc:  # text that says no number, no time, or nothing in ASCII
        place = _first_unread(part, dtype)
        raise unread(part[place], _place_of(place, piece, ndim), dtype, exc) from exc


def _first_unread(part: Elements, dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Where the first element is that alone makes the cast fail."""
    flat = part.reshape(-1)
    start, stop = 0, flat.size
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            cast(flat[start:middle], dtype)
        except (TypeError, ValueError, OverflowError):
            stop = middle
        else:
            start = middle
    return tuple(int(n) for n in np.unravel_index(start, part.shape))


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
    if not kinds <= _PLAIN:
        value = opened(value, kinds, lambda array: _opened(array, lambda table: _exact_table(table, data_type, dtype)))
        kinds = leaf_types(value)
    if is_plain(dtype) and kinds <= _HELD.get(dtype.kind, frozenset()):
        try:
            return recast(read(value, _WIDEST.get(dtype.kind, dtype)), dtype)
        except (OverflowError, UnicodeError):  # NumPy does not say where; below it is looked for
            pass
    if not _holds_anything(data_type, dtype):
        refuse_no_array(type(value), *kinds)
    items = as_elements(value, data_type) if dtype.kind == "O" else as_objects(value)
    return exact_objects(items, data_type, dtype)


def _assigned_sequence(value: object, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    kinds = leaf_types(value)
    if not kinds <= _PLAIN:
        refuse_masked_within(value, kinds)
        if not _holds_anything(data_type, dtype):
            refuse_no_array(type(value), *kinds)  # in text NumPy would write what Python prints for them
        value = opened(
            value, kinds, lambda array: _opened(array, lambda table: _assigned_table(table, data_type, dtype))
        )
        kinds = leaf_types(value)
    if dtype.kind == "O":
        return exact_objects(as_elements(value, data_type), data_type, dtype)
    _refuse_missing_among(value, kinds, dtype)
    if _are_times_of_pandas(kinds, dtype):
        return exact_objects(as_objects(value), data_type, dtype)
    if dtype.kind == "T" and any(issubclass(kind, np.void) for kind in kinds):
        return exact_objects(as_objects(value), data_type, dtype)  # NumPy takes their bytes for text
    if dtype.kind == "T" and any(issubclass(kind, np.ndarray) for kind in kinds):
        value = scalars_within(value, lambda array: _for_text(array, dtype))
    try:
        return read(decoded(as_objects(value)) if _has_bytes_for_text(kinds, dtype) else value, dtype)
    except (TypeError, ValueError, OverflowError) as exc:
        _say_where_in(value, dtype, exc)
        raise


def _are_times_of_pandas(kinds: set[type], dtype: np.dtype[Any]) -> bool:
    """Whether objects of pandas are to be times: NumPy knows neither their nanoseconds, nor pandas.NaT, nor what a period is."""
    return dtype.kind in "mM" and any(package_of(kind) == "pandas" for kind in kinds)


def _say_where_in(value: object, dtype: np.dtype[Any], error: Exception) -> None:
    """Add to an error of NumPy's which of the objects it is about, if one of them alone raises it too."""
    try:
        items = as_objects(value)
    except (TypeError, ValueError):  # as ragged ones do
        return
    for place in np.ndindex(*items.shape):
        try:
            np.asarray(items[place], dtype)
        except type(error) as exc:
            if str(exc) == str(error):
                say_where(error, place)
            return
        except (TypeError, ValueError, OverflowError):
            return


def _for_text(array: Elements, dtype: np.dtype[Any]) -> Elements:
    """An array in a list of which NumPy makes text, where it looks neither at the order of its bytes nor at what they are."""
    return recast(array, dtype) if array.dtype.kind == "V" else in_dtype(array, array.dtype.newbyteorder("="))


def _has_bytes_for_text(kinds: set[type], dtype: np.dtype[Any]) -> bool:
    """Whether objects of these types are bytes, of which each version of NumPy makes other text of any length."""
    return dtype.kind == "T" and any(issubclass(kind, bytes) for kind in kinds)


def _assigned_scalar(value: np.generic, data_type: DataType, dtype: np.dtype[Any]) -> Elements:
    if dtype.kind == "O":
        return exact(value, data_type, dtype)
    if dtype.kind == "T" and value.dtype.kind in "SV":
        return recast(np.asarray(value), dtype)
    _refuse_missing_among(value, {type(value)}, dtype)
    element = empty((), dtype)
    element[...] = value
    return element
