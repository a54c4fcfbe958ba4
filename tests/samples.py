"""What many tests begin with, and what they look at afterwards."""

from __future__ import annotations

import json

import numpy as np

import zarr

FORMATS = [2, 3]


def contents(store) -> dict[str, bytes]:
    """Everything that is stored."""
    return {key: store.get_sync(key).to_bytes() for key in store.list_keys("")}


def document(store, path="") -> dict:
    key = f"{path}/zarr.json" if path else "zarr.json"
    return json.loads(store.get_sync(key).to_bytes())


def filled(store, zarr_format=3, **kwargs):
    """An array of 5 by 4, 0 to 19."""
    array = zarr.create_array(store, shape=(5, 4), chunks=(2, 3), dtype="i4", zarr_format=zarr_format, **kwargs)
    array[...] = np.arange(20).reshape(5, 4)
    return array
