"""The stored descriptions of data types: picking apart the forms that both formats allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zarr.errors import DataTypeValidationError


def named(data: object) -> tuple[str, dict[str, Any]]:
    """Name and configuration of a format 3 data type, from any legal form.

    >>> named({"name": "raw_bytes", "configuration": {"length_bytes": 3}})
    ('raw_bytes', {'length_bytes': 3})
    """
    if isinstance(data, str):
        return data, {}
    if isinstance(data, Mapping) and isinstance(data.get("name"), str):
        configuration = data.get("configuration") or {}
        if set(data) <= {"name", "configuration", "must_understand"} and isinstance(configuration, Mapping):
            return data["name"], dict(configuration)
    raise DataTypeValidationError(
        f"a format 3 data type is a name or an object with 'name' and 'configuration', got {data!r}"
    )


def typestr(data: object) -> tuple[str, str | None]:
    """Type string and object codec of a format 2 data type `{"name": ..., "object_codec_id": ...}`."""
    if isinstance(data, str):
        return data, None
    if isinstance(data, Mapping) and isinstance(data.get("name"), str):
        return data["name"], data.get("object_codec_id")
    raise DataTypeValidationError(f"a format 2 data type is a NumPy type string such as '<i4', got {data!r}")


def wrong(cls: type, data: object) -> DataTypeValidationError:
    """The error for a description that is not of class `cls`."""
    return DataTypeValidationError(f"{data!r} does not describe the data type {cls.__name__}")
