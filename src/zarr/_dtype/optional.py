"""Elements of which any may be missing: an extension of zarrs, by the name `zarrs.optional`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import named, wrong
from zarr._dtype.missing import says_nothing
from zarr._dtype.registry import data_type_registry
from zarr.errors import ArgumentError, DataTypeValidationError

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Optional(ZDType[Any, Any]):
    """Elements of another data type, or None; in memory, Python objects. An extension of zarrs.

    Attributes
    ----------
    data_type
        Of the elements that are there.

    Examples
    --------
    >>> import zarr
    >>> counts = zarr.array([7, None, 9], dtype=zarr.dtype.Optional(data_type=zarr.dtype.Int32()))
    >>> print(*counts[:])
    7 None 9
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name = "zarrs.optional"
    data_type: ZDType[Any, Any]

    def __post_init__(self) -> None:
        given: object = self.data_type
        if not isinstance(given, ZDType):
            raise ArgumentError(
                f"Optional needs a data type of zarr.dtype, as data_type=zarr.dtype.Int8(); got {given!r}"
            )

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype("O")

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        raise wrong(cls, dtype)  # a dtype of objects does not say of what

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 2:
            raise wrong(cls, data)
        name, configuration = named(data)
        if name != cls._zarr_v3_name:
            raise wrong(cls, data)
        inner = configuration.get("name")
        if not isinstance(inner, str) or not configuration.keys() <= {"name", "configuration"}:
            raise DataTypeValidationError(
                f"the configuration of data type {name!r} is the name and the configuration of another; got {configuration!r}"
            )
        settings = configuration.get("configuration")
        if settings is not None and not isinstance(settings, Mapping):
            raise DataTypeValidationError(f"the configuration of data type {inner!r} is no object: {settings!r}")
        stored = {"name": inner, "configuration": dict(settings)} if settings else inner
        return cls(data_type=data_type_registry.match_json(stored, zarr_format=3))

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            raise ArgumentError("format 2 has no data type for elements that may be missing; use zarr_format=3")
        inner = self.data_type.to_json(zarr_format=3)
        described = inner if isinstance(inner, Mapping) else {"name": inner, "configuration": {}}
        return {"name": self._zarr_v3_name, "configuration": dict(described)}

    def default_scalar(self) -> Any:
        return None

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if data is None:
            return None
        if not isinstance(data, list | tuple) or len(data) != 1:
            raise ArgumentError(
                f"a fill value of data type {self._zarr_v3_name!r} is null, or a list of one; got {data!r}"
            )
        return self.data_type.from_json_scalar(data[0], zarr_format=3)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> Any:
        return None if says_nothing(data) else [self.data_type.to_json_scalar(data, zarr_format=3)]

    def cast_scalar(self, data: object) -> Any:
        return None if says_nothing(data) else self.data_type.cast_scalar(data)
