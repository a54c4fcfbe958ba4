"""TensorStore as a peer: it opens the same directory through code that shares nothing with ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorstore

import zarr
from zarr.dtype import data_type_registry, parse_data_type

DOCUMENT = {2: ".zarray", 3: "zarr.json"}
_DRIVER = {2: "zarr", 3: "zarr3"}
# Nothing here outlives the process, so nothing need reach the disk.
_CONTEXT = tensorstore.Context({"file_io_sync": False})
SMALL = [
    *("bfloat16", "float8_e3m4", "float8_e4m3fn", "float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2"),
    *("float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "int2", "int4"),
]
"""Numbers of few bits that TensorStore has."""


def _spec(path, zarr_format):
    return {"driver": _DRIVER[zarr_format], "kvstore": {"driver": "file", "path": f"{path}/"}}


def ts_open(path, zarr_format):
    """What TensorStore makes of a stored array. Raises ValueError where it takes it for invalid."""
    return tensorstore.open({**_spec(path, zarr_format), "open": True}, context=_CONTEXT).result()


def ts_create(path, document):
    """Let TensorStore store a new array, with a document in its own words."""
    zarr_format = document["zarr_format"]
    spec = {**_spec(path, zarr_format), "metadata": document, "create": True}
    return tensorstore.open(spec, context=_CONTEXT).result()


def stored_document(path, zarr_format=3):
    return json.loads((Path(path) / DOCUMENT[zarr_format]).read_text())


def put_document(path, document):
    """Store a document as it is."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    (path / DOCUMENT[document["zarr_format"]]).write_text(json.dumps(document))


def octets(array):
    """The elements bit by bit: NaNs compare, and 0.0 is not -0.0."""
    contiguous = np.ascontiguousarray(array)
    return contiguous.dtype.newbyteorder("<").str, contiguous.shape, contiguous.astype(_little(contiguous)).tobytes()


def _little(array):
    return array.dtype.newbyteorder("<")


def assert_same_bits(found, expected):
    assert np.shape(found) == np.shape(expected)
    found, expected = np.asarray(found), np.asarray(expected)
    if octets(found) != octets(expected):
        np.testing.assert_array_equal(found, expected)
        raise AssertionError(f"equal values, but other bits: {found!r} and {expected!r}")


class Ours:
    """The stored array through this library, opened anew each time."""

    name = "zarr"

    def __init__(self, path, zarr_format):
        self.path, self.zarr_format = path, zarr_format

    def read(self):
        return np.asarray(zarr.open_array(self.path, mode="r", zarr_format=self.zarr_format)[...])

    def write(self, region, values):
        zarr.open_array(self.path, mode="r+", zarr_format=self.zarr_format)[region] = values


class Theirs:
    """The stored array through TensorStore, opened anew each time.

    Fixed bytes have one more axis there, and its arrays of them know no item size: they go through memory of ours.
    """

    name = "tensorstore"

    def __init__(self, path, zarr_format, dtype):
        self.path, self.zarr_format, self.dtype = path, zarr_format, np.dtype(dtype)
        self.unit = {"S": "S1", "V": "V1"}.get(self.dtype.kind)

    def read(self):
        array = ts_open(self.path, self.zarr_format)
        if self.unit is None:
            return np.asarray(array.read().result())
        host = np.zeros(array.shape, self.unit)
        tensorstore.array(host, copy=False).write(array).result()
        return host.view(self.dtype)[..., 0] if host.size else np.zeros(array.shape[:-1], self.dtype)

    def write(self, region, values):
        array = ts_open(self.path, self.zarr_format)
        if self.unit is not None:
            values = np.ascontiguousarray(values)
            values = values.reshape((*values.shape, 1)).view(self.unit)
            values = tensorstore.array(values)
        array[region].write(values).result()


def create_ours(path, document):
    """The array of a document, made with the arguments of `create_array`; the document that results is ours."""
    if document["zarr_format"] == 2:
        data_type = parse_data_type(np.dtype(document["dtype"]), zarr_format=2)
        fill = document["fill_value"]
        return zarr.create_array(
            path,
            shape=document["shape"],
            chunks=document["chunks"],
            dtype=document["dtype"],
            filters=document["filters"],
            compressors=document["compressor"],
            fill_value=None if fill is None else data_type.from_json_scalar(fill, zarr_format=2),
            order=document["order"],
            zarr_format=2,
            chunk_key_encoding={"name": "v2", "separator": document.get("dimension_separator", ".")},
        )
    data_type = data_type_registry.match_json(document["data_type"], zarr_format=3)
    names = [codec["name"] for codec in document["codecs"]]
    at = next(i for i, name in enumerate(names) if name in ("bytes", "sharding_indexed"))
    return zarr.create_array(
        path,
        shape=document["shape"],
        chunks=document["chunk_grid"]["configuration"]["chunk_shape"],
        dtype=data_type,
        filters=document["codecs"][:at],
        serializer=document["codecs"][at],
        compressors=document["codecs"][at + 1 :],
        fill_value=data_type.from_json_scalar(document["fill_value"], zarr_format=3),
        chunk_key_encoding=document["chunk_key_encoding"],
        attributes=document.get("attributes"),
        dimension_names=document.get("dimension_names"),
    )
