"""A data type whose elements are arrays, and its codec, as other packages bring them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import zarr
from zarr.core.dtype import ZDType
from zarr.errors import DataTypeValidationError


@dataclass(frozen=True, kw_only=True)
class Points(ZDType[np.dtypes.ObjectDType, np.ndarray]):
    """Arrays of any length as elements; a fill value is one in an array without axes, so that NumPy distributes it."""

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name: ClassVar[str] = "example.points"
    object_codec_id: ClassVar[str] = "example.points"

    @classmethod
    def from_native_dtype(cls, dtype):
        raise DataTypeValidationError("objects may be anything")

    def to_native_dtype(self):
        return np.dtype(object)

    @classmethod
    def _from_json_v2(cls, data):
        raise DataTypeValidationError("format 3 only")

    @classmethod
    def _from_json_v3(cls, data):
        if data == "example.points":
            return cls()
        raise DataTypeValidationError(f"{data} is no array of points")

    def to_json(self, zarr_format):
        return "example.points"

    def cast_scalar(self, data):
        box = np.empty((), object)
        box[()] = np.asarray(data[()] if isinstance(data, np.ndarray) and data.dtype == object else data, "f4")
        return box

    def default_scalar(self):
        return self.cast_scalar([])

    def from_json_scalar(self, data, *, zarr_format):
        return self.cast_scalar(data)

    def to_json_scalar(self, data, *, zarr_format):
        return self.cast_scalar(data)[()].tolist()


class PointsCodec(zarr.abc.codec.ArrayBytesCodec):
    def to_dict(self):
        return {"name": "example.points"}

    @classmethod
    def from_dict(cls, data):
        return cls()

    def _encode_sync(self, chunk, spec):
        text = json.dumps([cell.tolist() for cell in chunk.as_numpy_array().ravel()])
        return spec.prototype.buffer.from_bytes(text.encode())

    def _decode_sync(self, chunk, spec):
        cells = np.empty(spec.shape, object)
        for i, cell in enumerate(json.loads(chunk.to_bytes())):
            cells.reshape(-1)[i] = np.array(cell, "f4")
        return spec.prototype.nd_buffer.from_numpy_array(cells)
