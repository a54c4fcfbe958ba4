"""Memory stores: what they keep cannot be changed from outside."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from zarr._buffer import CPUBuffer
from zarr.storage import MemoryStore


class TestMemoryOfValues:
    """What a memory store keeps cannot be changed from outside."""

    @pytest.mark.parametrize("make", [bytes, bytearray, lambda data: np.frombuffer(data, "u1").copy().data])
    def test_a_value_changed_later_is_not_changed_in_the_store(self, make):
        memory = make(b"abcd")
        store = MemoryStore()
        value = CPUBuffer.from_bytes(memory)
        store.put("k", value)
        found = store.read("k").data
        assert found.to_bytes() == b"abcd"
        assert not found.as_numpy_array().flags.writeable
        if not isinstance(memory, bytes):
            memory[0] = 0
            assert found.to_bytes() == b"abcd"

    def test_a_part_of_bytes_does_not_keep_the_whole(self):
        store = MemoryStore()
        store.put("k", CPUBuffer.from_bytes(bytes(1000))[:10])
        assert len(store.read("k").data.as_numpy_array().base) == 10


@pytest.mark.parametrize("value", [b"{}", "{}"])
def test_values_that_are_no_buffers(value):
    with pytest.raises(
        TypeError, match=r"under 'zarr.json' of a memory store is of the type (bytes|str); values are buffers"
    ):
        zarr.open({"zarr.json": value}, mode="r")


@pytest.mark.parametrize(
    "value", [b"\x00\x01", bytearray(8), "text", 5, np.zeros(8, "u1")], ids=lambda v: type(v).__name__
)
@pytest.mark.parametrize("options", [{}, {"shards": 4}, {"compressors": None}], ids=str)
def test_nor_are_they_where_chunks_are(engine, value, options):
    """Whoever comes to the chunk says which it is: the extension, the shortcut of square brackets, a partial write."""
    stored = {}
    array = zarr.create_array(stored, data=np.arange(8), chunks=2, **options)
    keys = sorted(key for key in stored if key.startswith("c/"))
    stored[keys[-1]] = value
    before = dict(stored)
    text = rf"under '{keys[-1]}' of a memory store is of the type {type(value).__name__}; values are buffers"
    for act in (
        lambda: array[...],
        lambda: array[-1],
        lambda: array[::-1],
        lambda: array.vindex[[7]],
        lambda: array.oindex[[0, 7]],
        lambda: array.__setitem__(-1, 1),
        lambda: array.vindex.__setitem__([7], 1),
        lambda: asyncio.run(array.async_array.getitem(...)),
        lambda: zarr.open_array(stored)[...],
        lambda: zarr.copy_store(MemoryStore(stored), {}),
        array.nbytes_stored,
    ):
        with pytest.raises(TypeError, match=text):
            act()
    assert stored == before
    array[...] = 7
    assert array[...].tolist() == [7] * 8
