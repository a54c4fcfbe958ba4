"""An asynchronous codec of a third party, from both faces and on both engines."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.calls import run
from zarr.abc.codec import BytesBytesCodec
from zarr.codecs import GzipCodec
from zarr.errors import UnknownCodecError
from zarr.registry import register_codec
from zarr.storage import MemoryStore


class Invert(BytesBytesCodec):
    """A codec of a third party, written with coroutines; `waits` makes them really wait."""

    is_fixed_size = True
    calls = 0

    def __init__(self, *, waits=False):
        self.waits = waits

    def to_dict(self):
        return {"name": "example.invert", "configuration": {"waits": self.waits}}

    def __eq__(self, other):
        return isinstance(other, Invert) and self.waits == other.waits

    __hash__ = None

    async def _encode_single(self, chunk_data, chunk_spec):
        if self.waits:
            await asyncio.sleep(0)
        type(self).calls += 1
        return chunk_spec.prototype.buffer.from_bytes(bytes(255 - b for b in chunk_data.to_bytes()))

    async def _decode_single(self, chunk_data, chunk_spec):
        return await self._encode_single(chunk_data, chunk_spec)

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length


@pytest.fixture
def invert(monkeypatch):
    from zarr._codec import registry

    monkeypatch.setattr(registry, "_registered", {})
    register_codec("example.invert", Invert)
    monkeypatch.setattr(Invert, "calls", 0)
    return Invert


@pytest.mark.parametrize("waits", [False, True], ids=["never waits", "waits"])
@pytest.mark.parametrize("shards", [None, (4, 4)], ids=["chunks", "shards"])
def test_an_asynchronous_codec_of_others_works_from_both_faces(store, engine, invert, waits, shards):
    array = zarr.create_array(
        store, shape=(5, 4), chunks=(2, 2), shards=shards, dtype="i4", compressors=[Invert(waits=waits), GzipCodec()]
    )
    array[...] = np.arange(20).reshape(5, 4)
    array[1, 1] = 99
    again = zarr.open_array(store, mode="r")
    assert again.compressors[0] == Invert(waits=waits)
    assert again[1, 1] == 99
    assert again[4].tolist() == [16, 17, 18, 19]
    np.testing.assert_array_equal(run(again.async_array.getitem(...)), array[...])
    assert Invert.calls > 6


def test_a_codec_that_changes_bytes_really_runs(invert, engine):
    store = MemoryStore()
    array = zarr.create_array(store, shape=2, dtype="u1", compressors=Invert())
    array[...] = [1, 2]
    assert contents(store)["c/0"] == bytes([254, 253])


def test_an_array_with_a_codec_that_nobody_registered_says_which(invert, store, monkeypatch):
    from zarr._codec import registry

    zarr.create_array(store, shape=2, dtype="u1", compressors=Invert())
    monkeypatch.setattr(registry, "_registered", {})
    with pytest.raises(UnknownCodecError, match=r"example\.invert"):
        zarr.open_array(store)
