"""Memory stores: what they keep cannot be changed from outside."""

from __future__ import annotations

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
