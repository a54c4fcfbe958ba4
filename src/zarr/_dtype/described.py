"""The stored descriptions of data types: picking apart the forms that both formats allow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._support.named_configuration import Named, parse_named
from zarr._support.warn import warn
from zarr.errors import DataTypeValidationError, MetadataValidationError, UnstableSpecificationWarning

if TYPE_CHECKING:
    from zarr._dtype.base import ZDType


class UnfitDataTypeError(DataTypeValidationError):
    """A description that only one class reads, and finds at fault: its words are those to be shown."""


def warn_unstable(data_type: ZDType[Any, Any]) -> None:
    """Warn of a data type without a specification in format 3.

    The first sentence is zarr-python's, as users name it where they say which warnings they do not want to see.
    """
    warn(
        f"The data type ({data_type!r}) does not have a Zarr V3 specification. It is stored as {data_type._zarr_v3_name!r}, "
        "which few other implementations can read.",
        UnstableSpecificationWarning,
    )


def named(data: object) -> Named:
    """Name and configuration of a format 3 data type, from any legal form.

    Examples
    --------
    >>> named({"name": "raw_bytes", "configuration": {"length_bytes": 3}})
    Named(name='raw_bytes', configuration={'length_bytes': 3})
    """
    try:
        return parse_named(data, "data_type")
    except MetadataValidationError as exc:
        raise DataTypeValidationError(str(exc)) from None


def typestr(data: object) -> tuple[str, str | None]:
    """Type string and object codec of a format 2 data type `{"name": ..., "object_codec_id": ...}`."""
    if isinstance(data, str):
        return data, None
    if isinstance(data, Mapping) and isinstance(data.get("name"), str):
        return data["name"], data.get("object_codec_id")
    raise DataTypeValidationError(f"a format 2 data type is a NumPy type string such as '<i4', got {data!r}")


def wrong(cls: type, data: object) -> DataTypeValidationError:
    """The error for a description that is not of class `cls`."""
    try:
        shown = repr(data)
    except ImportError:  # NumPy wants to import something for a dtype, and where Python exits nothing can be imported
        shown = f"a value of {type(data).__name__}"
    return DataTypeValidationError(f"{shown} does not describe the data type {cls.__name__}")


def check_length(length: object) -> None:
    """Raise TypeError or ValueError for a number of bytes or code points that is none."""
    if not isinstance(length, int) or isinstance(length, bool):
        raise TypeError(f"length must be an integer, got {length!r}")
    if length < 0:
        raise ValueError(f"length must not be negative, got {length}")


def length_bytes(cls: type, data: object, name: str, unit: int) -> int:
    """The configuration member `length_bytes` of a format 3 data type `name`: a positive multiple of `unit`."""
    found, configuration = named(data)
    if found != name:
        raise wrong(cls, data)
    given = configuration.get("length_bytes")
    length = given if isinstance(given, int) and not isinstance(given, bool) else 0
    if set(configuration) != {"length_bytes"} or length % unit or not 0 < length < 2**31:
        raise DataTypeValidationError(
            f"the data type {name} needs the configuration member 'length_bytes', a positive multiple of {unit}, "
            f"and no others, got {data!r}"
        )
    return length


def sized_typestr(cls: type, data: object, kind: str, orders: str) -> tuple[str, int]:
    """Byte order and length of a format 2 type string such as `<U5`."""
    code, object_codec = typestr(data)
    match = re.fullmatch(rf"([{orders}]){kind}([0-9]{{1,9}})", code)
    if match is None or object_codec is not None:
        raise wrong(cls, data)
    return match[1], int(match[2])


def type_string(dtype: np.dtype[Any]) -> str:
    """What `numpy.dtype` makes this dtype of again. NumPy's own names leave out how many units without a name a time counts.

    Examples
    --------
    >>> type_string(np.dtype("i4")), type_string(np.dtype("M8[2generic]"))
    ('int32', 'datetime64[2generic]')
    """
    if dtype.kind not in "mM" or np.datetime_data(dtype)[0] != "generic":
        return str(dtype)
    scale = np.datetime_data(dtype)[1]
    return str(dtype) if scale == 1 else f"{dtype}[{scale}generic]"
