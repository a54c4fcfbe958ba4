"""Elements of one dimension as arrays of Arrow. pyarrow makes them, and is imported when somebody asks for one.

Numbers, Booleans, text, bytes, times and structs have a type there, and elements that are missing are null. Text and bytes become
the types without a limit of 2 GiB; times keep their unit, or get the finest one that Arrow has below it. What has no type in Arrow
is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import counts_of, in_dtype, is_extension
from zarr._dtype.convert import exact, recast
from zarr._dtype.missing import says_nothing
from zarr._dtype.octets import VariableLengthBytes
from zarr._dtype.optional import Optional
from zarr._dtype.optional_values import joined
from zarr._dtype.units import NO_TIME
from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype.base import ZDType

_INSTANTS = {"Y": "D", "M": "D", "W": "D", "D": "D", "h": "s", "m": "s", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
_DURATIONS = {"W": "s", "D": "s", "h": "s", "m": "s", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
"""The units of NumPy's times, and those in which Arrow counts the same."""


def pyarrow() -> Any:
    """The module.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        with importing("pyarrow"):
            import pyarrow as pa
    except ImportError as exc:
        raise ImportError(
            "arrays of Arrow are made by pyarrow, which is not installed: pip install pyarrow", name="pyarrow"
        ) from exc
    return pa


def type_of(data_type: ZDType[Any, Any]) -> Any:
    """The type that elements of a data type have in Arrow; None where that depends on the elements, as of Python objects.

    Raises
    ------
    ArgumentError
        If Arrow has none.
    """
    if isinstance(data_type, Optional):
        return type_of(data_type.data_type)
    if isinstance(data_type, VariableLengthBytes):
        return pyarrow().large_binary()
    dtype = data_type.to_native_dtype()
    return None if dtype.kind == "O" else _type_of(dtype)


def _type_of(dtype: np.dtype[Any]) -> Any:
    pa = pyarrow()
    if dtype.subdtype is not None:
        item, shape = dtype.subdtype
        made = _type_of(item)
        for length in reversed(shape):
            made = pa.list_(made, length)
        return made
    if dtype.names is not None:
        return pa.struct([pa.field(name, _type_of(dtype[name])) for name in dtype.names])
    if dtype.kind in "mM":
        return _type_of_times(dtype)
    if dtype.kind in "UT":
        return pa.large_string()
    if is_extension(dtype) or dtype.kind not in "biufSV" or (dtype.kind == "f" and dtype.itemsize > 8):
        raise ArgumentError(
            f"Arrow has no type for elements of dtype {dtype}; convert them first, as in array[:].astype(...)"
        )
    if dtype.kind == "S":
        return pa.large_binary()
    return pa.binary(dtype.itemsize) if dtype.kind == "V" else pa.from_numpy_dtype(dtype.newbyteorder("="))


def _type_of_times(dtype: np.dtype[Any]) -> Any:
    pa = pyarrow()
    unit = _unit_of(dtype)
    if dtype.kind == "m":
        return pa.duration(unit)
    return pa.date32() if unit == "D" else pa.timestamp(unit)


def _unit_of(dtype: np.dtype[Any]) -> str:
    """The unit in which Arrow counts times of a dtype."""
    unit = (_INSTANTS if dtype.kind == "M" else _DURATIONS).get(np.datetime_data(dtype)[0])
    if unit is None:
        raise ArgumentError(
            f"Arrow has no type for times of dtype {dtype}: it has {'dates, and ' if dtype.kind == 'M' else ''}counts of seconds, "
            "milliseconds, microseconds and nanoseconds; convert them first, as in array[:].astype(...)"
        )
    return unit


def of_elements(elements: npt.NDArray[Any], data_type: ZDType[Any, Any]) -> Any:
    """Elements as an array of Arrow; without a copy, where they lie in memory as there.

    Parameters
    ----------
    elements
        In host memory, of one dimension.
    data_type
        Of what they are elements.

    Raises
    ------
    ImportError
        If there is no pyarrow.
    ArgumentError
        If Arrow has no type for them.
    """
    wanted = type_of(data_type)
    if isinstance(data_type, Optional):
        return _with_nulls(elements, data_type.data_type)
    if elements.dtype.kind == "O":
        return _of_objects(elements.tolist(), wanted)
    return _array(elements, elements.dtype)


def _with_nulls(elements: npt.NDArray[Any], inner: ZDType[Any, Any]) -> Any:
    """Elements of which any may be None."""
    pa = pyarrow()
    is_there = np.array([not says_nothing(item) for item in elements.tolist()], bool)
    present = of_elements(joined(elements[is_there], inner, exact), inner)
    return present.take(pa.array(np.cumsum(is_there) - 1, pa.int64(), mask=~is_there))


def _of_objects(items: list[Any], wanted: Any) -> Any:
    pa = pyarrow()
    try:
        return pa.array(items, wanted)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as exc:
        raise ArgumentError(f"Arrow has no type that fits all of these Python objects: {exc}") from exc


def _array(elements: npt.NDArray[Any], dtype: np.dtype[Any]) -> Any:
    """Elements of a dtype, which may be one of arrays: then they have its axes too."""
    pa = pyarrow()
    if dtype.subdtype is not None:
        item, shape = dtype.subdtype
        made = _array(elements.reshape(-1), item)
        for length in reversed(shape):
            made = pa.FixedSizeListArray.from_arrays(made, length)
        return made
    if dtype.names is not None:
        fields = [pa.field(name, _type_of(dtype[name])) for name in dtype.names]
        return pa.StructArray.from_arrays([_array(elements[name], dtype[name]) for name in dtype.names], fields=fields)
    if dtype.kind in "mM":
        return _times(elements)
    if dtype.kind in "SUT":
        null = getattr(dtype, "na_object", None)
        items = (elements if dtype.kind == "T" else in_dtype(elements, dtype.newbyteorder("="))).tolist()
        return pa.array([None if item is null else item for item in items], _type_of(dtype))
    contiguous = np.ascontiguousarray(elements)
    if dtype.kind == "V":
        whole = contiguous.view(np.uint8) if len(contiguous) else b""
        return pa.Array.from_buffers(pa.binary(dtype.itemsize), len(elements), [None, pa.py_buffer(whole)])
    return pa.array(in_dtype(contiguous, dtype.newbyteorder("=")), _type_of(dtype))


def _times(elements: npt.NDArray[Any]) -> Any:
    """Instants or durations; not a time is null."""
    pa = pyarrow()
    wanted, unit = _type_of_times(elements.dtype), _unit_of(elements.dtype)
    counts = counts_of(recast(elements, np.dtype(f"{elements.dtype.kind}8[{unit}]")))
    missing = counts == NO_TIME
    if unit != "D":
        return pa.array(counts, pa.int64(), mask=missing).view(wanted)
    days = np.where(missing, 0, counts)
    if (days.astype(np.int32) != days).any():
        raise OverflowError(
            f"Arrow counts days in 32 bits, which is not enough for a date among these elements of dtype {elements.dtype}; convert "
            "them first, as in array[:].astype('M8[s]')"
        )
    return pa.array(days.astype(np.int32), pa.int32(), mask=missing).view(wanted)
