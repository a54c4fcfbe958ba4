"""From a user's values to elements that may be missing: None, or an element by the rule of the data type within."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, in_dtype, is_extension
from zarr._dtype.losses import say_where
from zarr._dtype.missing import leaf_types, mask_of, masked_class, says_nothing
from zarr._dtype.nullable import nullable
from zarr._dtype.objects import as_elements, in_objects, one_by_one, scalars_within
from zarr._dtype.records import items_of
from zarr._dtype.tables import opened, table_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType
    from zarr._dtype.optional import Optional
    from zarr._dtype.records import Convert

Elements: TypeAlias = "npt.NDArray[Any]"


def optional_of(value: object, data_type: Optional, convert: Convert) -> Elements:
    """Values as elements that may be missing. Those that are there become scalars of the data type within.

    Missing are None, `pandas.NA`, masked elements, and the null of text; NaN and NaT are numbers and times.

    Parameters
    ----------
    value
        An array, a scalar, or nested sequences of scalars.
    data_type
        What the elements are stored as.
    convert
        The rule for those that are there.
    """
    inner = data_type.data_type
    dtype = inner.to_native_dtype()
    items = _items(value, inner, has_fields=dtype.names is not None)
    is_there = np.array([not says_nothing(item) for item in items.ravel().tolist()], bool)
    made = np.empty(items.size, object)
    present = items.ravel()[is_there]
    try:
        made[is_there] = in_objects(joined(present, inner, convert))
    except (TypeError, ValueError, OverflowError):
        _raise_at_first(items, inner, dtype, convert)
        raise
    return made.reshape(items.shape)


def joined(items: Elements, inner: ZDType[Any, Any], convert: Convert) -> Elements:
    """Objects that are there as elements of the data type within: bit by bit, if they are its scalars."""
    dtype = inner.to_native_dtype()
    if dtype.kind in "OT":
        return convert(items, inner, dtype)
    native = dtype if is_extension(dtype) else dtype.newbyteorder("=")
    if not all(isinstance(item, np.generic) and item.dtype == native for item in items):
        return convert(items, inner, dtype)
    made = empty(items.shape, native)
    for i, item in enumerate(items):
        made[i : i + 1] = np.asarray(item)
    return in_dtype(made, dtype)


def _raise_at_first(items: Elements, inner: ZDType[Any, Any], dtype: np.dtype[Any], convert: Convert) -> None:
    """Raise the error for the first element that is not kept, with its place."""
    for place in np.ndindex(*items.shape):
        if says_nothing(items[place]):
            continue
        try:
            convert(one_by_one([items[place]]).reshape(()), inner, dtype)
        except (TypeError, ValueError, OverflowError) as exc:
            say_where(exc, place)
            raise


def _items(value: Any, inner: ZDType[Any, Any], *, has_fields: bool) -> Elements:
    """Values one by one, with None for those that are masked."""
    if isinstance(value, list | tuple):
        value = scalars_within(opened(value, leaf_types(value), _of_array), _of_array)
    elif hasattr(value, "__array__") and not isinstance(value, np.generic):
        return _of_array(value)
    return items_of(value) if has_fields else as_elements(value, inner)


def _of_array(array: Any) -> Elements:
    """The scalars of an array, of which those that are masked are None."""
    if (table := table_of(array)) is not None:
        return table.objects()
    if (found := nullable(array)) is not None:
        if found.kind != "O":
            return found.objects()
        items = in_objects(np.asarray(array)).copy()
        items[found.is_missing] = None
        return items
    masked = masked_class()
    if masked is None or not isinstance(array, masked):
        return in_objects(np.asarray(array))
    items = in_objects(np.asarray(array.data)).copy()  # of objects it is the memory of the array
    items[mask_of(array)] = None
    return items
