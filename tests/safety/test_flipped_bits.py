"""Ten thousand single bits flipped under a checksum, each in a chunk of its own: all of them are noticed, and the chunk is named."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.interop.documents import BIG, CRC32C, LITTLE, array_of, blosc, codec, sharded, v2, v3
from zarr.buffer.cpu import Buffer
from zarr.errors import CodecError
from zarr.storage import LocalStore, MemoryStore

N_FLIPS = 10_000
SHAPE = (24, 32)
DATA = (np.arange(24 * 32).reshape(SHAPE) % 1000).astype("i4")


def chain(*codecs):
    return v3("int32", SHAPE, SHAPE, codecs)


WHOLE = {
    "bytes": chain(LITTLE, CRC32C),
    "big-endian": chain(BIG, CRC32C),
    "gzip": chain(LITTLE, codec("gzip", level=1), CRC32C),
    "zstd": chain(LITTLE, codec("zstd", level=1), CRC32C),
    "blosc": chain(LITTLE, blosc("lz4", "shuffle"), CRC32C),
    "transposed": chain(codec("transpose", order=[1, 0]), LITTLE, CRC32C),
    "format 2": v2("<i4", SHAPE, SHAPE, compressor={"id": "crc32c"}),
    "format 2, after zstd": v2("<i4", SHAPE, SHAPE, compressor={"id": "crc32c"}, filters=[{"id": "zstd", "level": 1}]),
    "shard of checked chunks": chain(sharded((6, 8), [LITTLE, CRC32C])),
    "shard of checked zstd": chain(sharded((6, 8), [LITTLE, codec("zstd", level=1), CRC32C])),
    "checked shard": chain(sharded((6, 8), [LITTLE], [LITTLE]), CRC32C),
    "shards in shards": chain(sharded((12, 16), [sharded((6, 8), [LITTLE, CRC32C])])),
}
"""Chains of which a checksum covers every byte of the chunk."""
INDEXES = {
    f"index at the {location}, {name}": (chain(sharded((6, 8), inner, location=location)), location)
    for location in ("start", "end")
    for name, inner in (("bytes", [LITTLE]), ("zstd", [LITTLE, codec("zstd", level=1)]))
}
INDEX_NBYTES = 16 * 16 + 4
N_EACH = -(-N_FLIPS // (len(WHOLE) + len(INDEXES)))


def stored(store, document):
    """An array with one chunk, its key, and the bytes of the chunk."""
    array = array_of(store, document, mode="r+")
    array[...] = DATA
    key = "0.0" if document["zarr_format"] == 2 else "c/0/0"
    return array, key, bytes(store.get_sync(key).to_bytes())


def undetected(store, array, key, raw, first, last, selections):
    """The flipped bits between two bytes, of so many, of which nothing is noticed; or not with the name of the chunk.

    On disk, where each takes its time, there are less of them.
    """
    n_wanted = N_EACH if isinstance(store, MemoryStore) else N_EACH // 5
    chosen = random.Random(0).sample(range(8 * first, 8 * last), n_wanted)
    missed = []
    for n, bit in enumerate(chosen):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        store.set_sync(key, Buffer.from_bytes(bytes(damaged)))
        try:
            array[selections[n % len(selections)]]
        except CodecError as exc:
            if key in str(exc):
                continue
        missed.append(bit)
    store.set_sync(key, Buffer.from_bytes(raw))
    assert np.array_equal(array[...], DATA)
    return missed


@pytest.fixture(params=["memory", "local"])
def place(request, tmp_path):
    return MemoryStore() if request.param == "memory" else LocalStore(tmp_path)


@pytest.mark.parametrize("name", WHOLE)
def test_anywhere_in_a_chunk(engine, place, name):
    array, key, raw = stored(place, WHOLE[name])
    missed = undetected(place, array, key, raw, 0, len(raw), [Ellipsis])
    assert missed == []


@pytest.mark.parametrize("name", INDEXES)
def test_in_the_index_of_a_shard(engine, place, name):
    """Also where only one inner chunk is read."""
    document, location = INDEXES[name]
    array, key, raw = stored(place, document)
    first = 0 if location == "start" else len(raw) - INDEX_NBYTES
    selections = [Ellipsis, (0, 0), (23, 31), (slice(5, 13), slice(7, 9))]
    missed = undetected(place, array, key, raw, first, first + INDEX_NBYTES, selections)
    assert missed == []


def test_there_are_ten_thousand():
    assert N_EACH * (len(WHOLE) + len(INDEXES)) >= N_FLIPS
