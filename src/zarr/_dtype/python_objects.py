"""Elements that are whatever the object codec of a format 2 array makes: JSON values, arrays, labels, pickled objects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import typestr, wrong
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

OBJECT_CODECS = ("categorize", "json2", "msgpack2", "pickle", "vlen-array")
"""Ids of the codecs whose elements have no data type of their own, as those of text and bytes have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonObjects(ZDType[Any, Any]):
    """Python objects of format 2, as the object codec makes them. An element that is nowhere stored is the fill value.

    Attributes
    ----------
    object_codec_id
        Id of the object codec in numcodecs.
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name = "python_objects"
    object_codec_id: str

    def __post_init__(self) -> None:
        if self.object_codec_id not in OBJECT_CODECS:
            raise ValueError(f"object_codec_id must be one of {', '.join(OBJECT_CODECS)}; got {self.object_codec_id!r}")

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype("O")

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        raise wrong(cls, dtype)  # a dtype does not say which codec

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            raise wrong(cls, data)
        code, object_codec = typestr(data)
        if code != "|O" or object_codec not in OBJECT_CODECS:
            raise wrong(cls, data)
        return cls(object_codec_id=object_codec)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 3:
            raise ArgumentError(
                f"Python objects, here those of the object codec {self.object_codec_id!r}, are in format 2 only; use "
                "zarr_format=2, or convert them to text or bytes"
            )
        return {"name": "|O", "object_codec_id": self.object_codec_id}

    def default_scalar(self) -> Any:
        return None

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        return data

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> Any:
        return self.cast_scalar(data)

    def cast_scalar(self, data: object) -> Any:
        plain = data.item() if isinstance(data, np.generic) else data
        try:
            return json.loads(json.dumps(plain, allow_nan=False))  # as whoever opens the array reads it
        except (TypeError, ValueError, RecursionError) as exc:
            raise ArgumentError(
                f"the fill value {data!r} of Python objects cannot be written as JSON: {exc}; use None"
            ) from exc


def element(value: object) -> np.ndarray[Any, Any]:
    """One object as an array without axes, whatever it is.

    >>> element([1, 2])[()]
    [1, 2]
    """
    made = np.empty((), dtype=object)
    made[()] = value[()] if type(value) is np.ndarray and not value.ndim else value
    return made


def elements(value: object, ndim: int) -> np.ndarray[Any, Any]:
    """Nested lists, opened so far that they make an array of `ndim` axes, whose elements are the objects in them.

    >>> elements([[1, 2], [3]], 1).tolist()
    [[1, 2], [3]]
    """
    shape: list[int] = []
    inner = value
    while len(shape) < ndim and isinstance(inner, list | tuple):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    made = np.empty(tuple(shape), dtype=object)
    _fill(made, value, shape)
    return made


def _fill(made: np.ndarray[Any, Any], value: Any, shape: list[int]) -> None:
    if not shape:
        made[()] = value
        return
    if not isinstance(value, list | tuple) or len(value) != shape[0]:
        raise ArgumentError(
            f"nested lists of different lengths make no array: expected {shape[0]} entries, got {value!r}"
        )
    for i, item in enumerate(value):
        if len(shape) == 1:
            made[i] = item
        else:
            _fill(made[i], item, shape[1:])
