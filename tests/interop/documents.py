"""Metadata documents for tests, with defaults, short names for the parts of a codec chain, and what is made of both by hand."""

from __future__ import annotations

import json

import numpy as np

import zarr
from zarr.buffer import default_buffer_prototype

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
CRC32C = {"name": "crc32c"}

_ONE_BYTE = ("bool", "int8", "uint8")
NUMBERS = (
    *_ONE_BYTE,
    *("int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


def codec(name, **configuration):
    return {"name": name, "configuration": configuration}


def blosc(cname, shuffle, typesize=4, clevel=5):
    return codec("blosc", cname=cname, clevel=clevel, shuffle=shuffle, typesize=typesize, blocksize=0)


def sharded(chunk_shape, codecs=(LITTLE,), index_codecs=(LITTLE, CRC32C), location="end"):
    return codec(
        "sharding_indexed",
        chunk_shape=list(chunk_shape),
        codecs=list(codecs),
        index_codecs=list(index_codecs),
        index_location=location,
    )


def v3(data_type="int32", shape=(7, 10), chunks=(3, 4), codecs=(LITTLE,), fill=None, **members):
    """An array document of format 3."""
    if fill is None:
        fill = False if data_type == "bool" else [0.0, 0.0] if str(data_type).startswith("complex") else 0
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": data_type,
        "chunk_grid": codec("regular", chunk_shape=list(chunks)),
        "chunk_key_encoding": codec("default", separator="/"),
        "fill_value": fill,
        "codecs": list(codecs),
        **members,
    }


def v2(dtype="<i4", shape=(7, 10), chunks=(3, 4), compressor=None, fill=0, order="C", **members):
    """An array document of format 2."""
    return {
        "zarr_format": 2,
        "shape": list(shape),
        "chunks": list(chunks),
        "dtype": dtype,
        "compressor": compressor,
        "fill_value": fill,
        "order": order,
        "filters": None,
        **members,
    }


def numpy_dtype(document):
    """The NumPy dtype of an array of numbers or of bytes."""
    if document["zarr_format"] == 2:
        return np.dtype(document["dtype"]).newbyteorder("=")
    data_type = document["data_type"]
    if isinstance(data_type, dict):
        return np.dtype(f"V{data_type['configuration']['length_bytes']}")
    return np.dtype(f"V{int(data_type[1:]) // 8}" if data_type[0] == "r" else data_type)


def any_bits(rng, shape, dtype):
    """Elements of any bit pattern, NaNs with payloads among them."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    data = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8)
    # View and not assignment: this keeps the bits of signalling NaNs.
    return data.view(dtype)[..., 0] if data.size else np.empty(shape, dtype)


def put(store, objects):
    """Store documents (as JSON), texts and bytes under their keys."""
    for key, value in objects.items():
        if not isinstance(value, bytes | str):
            value = json.dumps(value)
        raw = value if isinstance(value, bytes) else value.encode()
        store.set_sync(key, default_buffer_prototype().buffer.from_bytes(raw))
    return store


def text(store, key):
    return store.get_sync(key).to_bytes().decode()


def document_key(document):
    return ".zarray" if document["zarr_format"] == 2 else "zarr.json"


def array_of(store, document, mode="r", **objects):
    put(store, {document_key(document): document, **objects})
    return zarr.open_array(store, mode=mode, zarr_format=document["zarr_format"])
