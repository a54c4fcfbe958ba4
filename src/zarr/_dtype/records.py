"""From a user's values to structs: each field by the rule that holds for arrays of its own data type.

Values are arrays with fields, or lists of tuples, as NumPy takes them: a list is an axis, a tuple an element. Mappings of
the names of fields are elements too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, is_complex_extension, is_extension
from zarr._dtype.losses import ADVICE, in_short, ragged
from zarr._dtype.small import SmallComplex
from zarr._dtype.structs import Subarray, data_type_of_fields
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType
    from zarr._dtype.structs import Structured

Elements: TypeAlias = "npt.NDArray[Any]"
Convert: TypeAlias = "Callable[[Any, ZDType[Any, Any], np.dtype[Any]], Elements]"
"""The rule for one field: a value, its data type, its dtype in memory."""
_NUMBERS = (bool, int, float, complex, np.number, np.bool_)


def structs_of(
    value: object,
    given: Elements | None,
    data_type: ZDType[Any, Any],
    dtype: np.dtype[Any],
    convert: Convert,
    *,
    is_assigned: bool,
) -> Elements:
    """Values as structs.

    Parameters
    ----------
    value
        What a user gave.
    given
        The same as an array, if it is one.
    data_type, dtype
        What the elements are stored as, and are in memory.
    convert
        The rule for each field.
    is_assigned
        Whether NumPy's rule for `array[...] = value` holds: fields by their places, whatever their names, and a number for
        all fields at once.
    """
    if given is not None and given.dtype == dtype:
        return given
    struct = data_type_of_fields(data_type, dtype.names or (), dtype)
    if isinstance(data_type, SmallComplex):
        value, given = _with_parts(value, given)
    if given is None:
        columns = _columns_of_items(items_of(value), dtype, is_assigned=is_assigned)
    elif given.dtype.kind == "O":
        columns = _columns_of_items(given, dtype, is_assigned=is_assigned)
    elif given.dtype.names is not None:
        columns = _columns_of_structs(given, dtype, is_assigned=is_assigned)
    elif given.dtype.kind == "V" and given.dtype.itemsize == dtype.itemsize and given.dtype.isbuiltin != 2:
        return np.ascontiguousarray(given).reshape(given.shape).view(dtype)
    elif is_assigned:
        columns = [given] * len(struct.fields)
    else:
        raise ArgumentError(f"data of dtype {given.dtype} are nothing that {dtype} can hold; it has fields")
    return _joined(columns, struct, dtype, convert)


def _with_parts(value: object, given: Elements | None) -> tuple[object, Elements | None]:
    """Numbers as pairs of a real and an imaginary part; what has fields already as it is."""
    if given is None or given.dtype.kind == "O":
        items = items_of(value) if given is None else given
        pairs = np.empty(items.size, object)
        pairs[:] = [_pair(item) for item in items.ravel().tolist()]
        return value, pairs.reshape(items.shape)
    if given.dtype.kind == "V" and not is_extension(given.dtype):
        return value, given
    if is_complex_extension(given.dtype):
        given = given.astype(np.complex64)
    made = empty(given.shape, [("real", given.real.dtype), ("imag", given.imag.dtype)])
    made["real"], made["imag"] = given.real, given.imag
    return value, made


def _pair(item: Any) -> Any:
    if isinstance(item, np.generic) and is_extension(item.dtype):
        item = complex(item)
    return (item.real, item.imag) if isinstance(item, _NUMBERS) else item


def _joined(columns: list[Elements], struct: Structured, dtype: np.dtype[Any], convert: Convert) -> Elements:
    parts = []
    for (name, field_type), column in zip(struct.fields, columns, strict=True):
        try:
            parts.append(_converted(column, field_type, dtype[name], convert))
        except (TypeError, ValueError, OverflowError) as exc:
            exc.args = (f"field {name!r}: {exc}",)
            raise
    shape = columns[0].shape if columns[0].dtype.kind == "O" else _shape_without(parts[0], struct.fields[0][1])
    made = empty(shape, dtype)
    for (name, _), part in zip(struct.fields, parts, strict=True):
        made[name] = part
    return made


def _converted(column: Elements, field_type: ZDType[Any, Any], dtype: np.dtype[Any], convert: Convert) -> Elements:
    if not isinstance(field_type, Subarray):
        return convert(column, field_type, dtype)
    item = field_type.item
    values = column.tolist() if column.dtype.kind == "O" else column
    made = convert(values, item, item.to_native_dtype())
    return (
        made if made.ndim > column.ndim or column.dtype.kind != "O" else made[(...,) + (None,) * len(field_type.shape)]
    )


def _shape_without(part: Elements, field_type: ZDType[Any, Any]) -> tuple[int, ...]:
    n_inner = len(field_type.shape) if isinstance(field_type, Subarray) else 0
    return part.shape[: part.ndim - n_inner]


def _columns_of_structs(given: Elements, dtype: np.dtype[Any], *, is_assigned: bool) -> list[Elements]:
    names, wanted = given.dtype.names or (), dtype.names or ()
    if is_assigned and len(names) == len(wanted):
        return [given[name] for name in names]
    if set(names) == set(wanted):
        return [given[name] for name in wanted]
    raise ArgumentError(
        f"data with the fields {list(names)} are no elements of an array with the fields {list(wanted)}. Name the fields of "
        "the data as those of the array, or write them one by one: array['a'] = data['b']"
    )


def _is_axis(item: object) -> bool:
    return isinstance(item, list) or (isinstance(item, np.ndarray) and item.ndim > 0)


# -- Python's objects -----------------------------------------------------------------------------------------------


def items_of(value: Any) -> Elements:
    """Nested lists as an array of objects, each of them an element."""
    shape, items = [], [value]
    while items and _is_axis(items[0]):
        length = len(items[0])
        if not all(isinstance(item, list | np.ndarray) and len(item) == length for item in items):
            raise ragged("its lists, which are axes, have different lengths; an element with fields is a tuple")
        shape.append(length)
        items = [inner for item in items for inner in item]
    made = np.empty(len(items), object)
    for i, item in enumerate(items):
        made[i] = item[()] if isinstance(item, np.ndarray) and not item.ndim else item
    return made.reshape(shape)


def _columns_of_items(items: Elements, dtype: np.dtype[Any], *, is_assigned: bool) -> list[Elements]:
    names = list(dtype.names or ())
    columns = [np.empty(items.size, object) for _ in names]
    for i, item in enumerate(items.ravel().tolist()):
        values = _values(item, names, dtype, is_assigned=is_assigned)
        if values is None:
            place = tuple(int(n) for n in np.unravel_index(i, items.shape)) if items.ndim else ()
            raise ArgumentError(
                f"{in_short(item)} of type {type(item).__name__}{f' at {place}' if place else ''} is no element with the "
                f"fields {names}: give a tuple of {len(names)} values, or a mapping of their names. {ADVICE}"
            )
        for column, part in zip(columns, values, strict=True):
            column[i] = part
    return [column.reshape(items.shape) for column in columns]


def _values(item: Any, names: list[str], dtype: np.dtype[Any], *, is_assigned: bool) -> list[Any] | None:
    """A value for each field; None if an object has not just those."""
    if isinstance(item, np.void) and item.dtype.names is not None:
        found = item.dtype.names
        if is_assigned and len(found) == len(names):
            return [item[name] for name in found]
        return [item[name] for name in names] if set(found) == set(names) else None
    if isinstance(item, Mapping):
        return [item[name] for name in names] if set(item) == set(names) else None
    if isinstance(item, tuple | list):
        return list(item) if len(item) == len(names) else None
    packed = item.tobytes() if isinstance(item, np.void) else item
    if isinstance(packed, bytes) and len(packed) == dtype.itemsize:
        element = np.frombuffer(packed, dtype)[0]
        return [element[name] for name in names]
    return [item] * len(names) if is_assigned and isinstance(item, _NUMBERS) else None


def in_fields_of(
    given: Elements, dtype: np.dtype[Any], recast: Callable[[Elements, np.dtype[Any]], Elements]
) -> Elements:
    """Structs with each field in the dtype that another struct has for it, by `recast`."""
    made = empty(given.shape, dtype)
    for name, column in zip(dtype.names or (), _columns_of_structs(given, dtype, is_assigned=False), strict=True):
        try:
            made[name] = recast(column, dtype[name].base)
        except (TypeError, ValueError, OverflowError) as exc:
            exc.args = (f"field {name!r}: {exc}",)
            raise
    return made
