"""What many tests begin with, and what they look at afterwards."""

from __future__ import annotations

import json

import numcodecs
import numcodecs.abc
import numpy as np

import zarr
from tests.suites.calls import run
from zarr.buffer.cpu import buffer_prototype

FORMATS = [2, 3]
ALL_BELOW = ["a", "empty", "g", "g/b", "g/h", "g/h/c"]
"""What is below a `hierarchy`."""


class OnlyInFormat2(numcodecs.abc.Codec):
    """A codec of somebody's that format 3 knows nothing of: every bit is the other one."""

    codec_id = "only_in_format_2"

    def encode(self, buf):
        return (~np.frombuffer(buf, "u1")).tobytes()

    decode = encode


numcodecs.register_codec(OnlyInFormat2)


def contents(store, prefix="") -> dict[str, bytes]:
    """Everything that is stored, of any store, or what is under a prefix."""

    async def read():
        keys = [key async for key in store.list_prefix(prefix)]
        return {key: (await store.get(key, buffer_prototype)).to_bytes() for key in keys}

    return run(read())


def hierarchy(store, zarr_format):
    """`/`, groups `g`, `g/h` and `empty`, arrays `a`, `g/b` and `g/h/c`."""
    made = zarr.create_group(store, zarr_format=zarr_format, attributes={"top": 1})
    made.create_group("empty")
    for path in ("a", "g/b", "g/h/c"):
        made.create_array(path, data=np.arange(6, dtype="i4").reshape(2, 3), chunks=2)
    return made


def described(group) -> dict[str, tuple]:
    """Every node below a group, with what its document says."""
    return {
        path: (type(node).__name__, dict(node.attrs), getattr(node, "shape", None))
        for path, node in group.members(max_depth=None)
    }


def document(store, path="") -> dict:
    key = f"{path}/zarr.json" if path else "zarr.json"
    return json.loads(store.get_sync(key).to_bytes())


def filled(store, zarr_format=3, **kwargs):
    """An array of 5 by 4, 0 to 19."""
    array = zarr.create_array(store, shape=(5, 4), chunks=(2, 3), dtype="i4", zarr_format=zarr_format, **kwargs)
    array[...] = np.arange(20).reshape(5, 4)
    return array
