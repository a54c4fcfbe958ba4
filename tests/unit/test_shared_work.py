"""Chunks of one request in several threads, where Python runs their codecs; and in one where that is right."""

from __future__ import annotations

import threading
from typing import ClassVar

import numcodecs.zstd
import numpy as np
import pytest

import zarr
from tests.suites.threads import PROMPTLY
from zarr.abc.codec import BytesBytesCodec
from zarr.codecs import BytesCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr.codecs.numcodecs import BZ2, LZMA, AsType, Delta, FixedScaleOffset, Quantize
from zarr.errors import CodecError
from zarr.storage import LocalStore, MemoryStore

VALUES = np.arange(4 * 2**16, dtype="i4")  # four chunks of 256 KiB


class Noting(BytesBytesCodec):
    """Says in which threads it runs. Chunks wait until as many are under way as are expected."""

    is_fixed_size = True
    threads: ClassVar[set[threading.Thread]] = set()
    barrier = threading.Barrier(1)

    @staticmethod
    def expect(n):
        Noting.threads, Noting.barrier = set(), threading.Barrier(n)

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "test.telling"}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def _note(self, chunk):
        self.threads.add(threading.current_thread())
        self.barrier.wait(PROMPTLY)
        return chunk


class Telling(Noting):
    def _encode_sync(self, chunk, spec):
        return self._note(chunk)

    def _decode_sync(self, chunk, spec):
        return self._note(chunk)


class Coroutines(Noting):
    async def _encode_single(self, chunk, spec):
        return self._note(chunk)

    async def _decode_single(self, chunk, spec):
        return self._note(chunk)


@pytest.fixture(autouse=True)
def two_threads():
    zarr.registry.register_codec("test.telling", Telling)
    Telling.expect(1)
    with zarr.config.set({"threading.max_workers": 2}):
        yield


def made(store, **kwargs):
    return zarr.create_array(store, shape=VALUES.shape, dtype="i4", **kwargs)


@pytest.mark.parametrize(
    "layout", [{"chunks": 2**16}, {"chunks": 2**16, "shards": 2**17}, {"chunks": 2**16, "shards": 2**18}]
)
def test_chunks_of_a_request_are_shared_out(store, engine, layout):
    array = made(store, **layout, compressors=[Telling()])
    Telling.expect(2)
    array[...] = VALUES
    assert len(Telling.threads) == 2
    Telling.expect(2)
    np.testing.assert_array_equal(array[...], VALUES)
    assert len(Telling.threads) == 2


def test_one_chunk_stays_in_the_calling_thread(store, engine):
    array = made(store, chunks=2**16, compressors=[Telling()])
    array[: 2**16] = VALUES[: 2**16]
    assert array[5] == 5
    assert array[10:20].tolist() == list(range(10, 20))
    assert Telling.threads == {threading.current_thread()}


def test_codecs_that_are_coroutines_stay_in_the_calling_thread(store, engine):
    array = made(store, chunks=2**16, compressors=[Coroutines()])
    array[...] = VALUES
    assert Telling.threads == {threading.current_thread()}


def test_elements_that_are_objects_stay_in_the_calling_thread(store, engine):
    array = zarr.create_array(store, shape=8, chunks=2, dtype=str, compressors=[Telling()])
    array[...] = ["a", "b"] * 4
    assert array[...].tolist() == ["a", "b"] * 4
    assert Telling.threads == {threading.current_thread()}


def test_the_setting_is_the_most(store, engine):
    array = made(store, chunks=2**16, compressors=[Telling()])
    with zarr.config.set({"threading.max_workers": 1}):
        array[...] = VALUES
        np.testing.assert_array_equal(array[...], VALUES)
    assert Telling.threads == {threading.current_thread()}


@pytest.mark.parametrize("make", [MemoryStore, LocalStore], ids=["memory", "local"])
def test_a_store_that_the_kernel_does_not_reach_is_read_in_several_threads(make, tmp_path, engine):
    seen = set()
    barrier = threading.Barrier(2)

    class Mine(make):
        def read(self, key, *args, **kwargs):
            if "/" in key:
                seen.add(threading.current_thread())
                barrier.wait(PROMPTLY)
            return super().read(key, *args, **kwargs)

    store = Mine() if make is MemoryStore else Mine(tmp_path / "s")
    array = made(store, chunks=2**16)
    array[...] = VALUES
    np.testing.assert_array_equal(array[...], VALUES)
    assert len(seen) == 2


def test_the_first_damaged_chunk_is_named(store, engine):
    array = made(store, chunks=2**16, compressors=[LZMA(preset=0)])
    array[...] = VALUES
    for number in (1, 2, 3):
        store.set_sync(f"c/{number}", zarr.buffer.cpu.Buffer.from_bytes(b"damaged"))
    for _ in range(5):
        with pytest.raises(CodecError, match="'c/1'") as caught:
            array[...]
        assert (caught.value.key, caught.value.coords) == ("c/1", (1,))


CHAINS = {
    "lzma": {"compressors": [LZMA(preset=0)]},
    "bz2": {"compressors": [BZ2(level=1)]},
    "quantize": {"filters": [Quantize(digits=3, dtype="f4")]},
    "fixedscaleoffset": {"filters": [FixedScaleOffset(offset=0, scale=8, dtype="f4", astype="i4")]},
    "astype, delta": {"filters": [AsType(encode_dtype="f8", decode_dtype="f4"), Delta(dtype="f8")]},
    "filter, big-endian": {
        "filters": [FixedScaleOffset(offset=0, scale=8, dtype="f4", astype="i4")],
        "serializer": BytesCodec(endian="big"),
    },
    "filter, transposed": {
        "filters": [TransposeCodec(order=(1, 0)), Delta(dtype="f4")],
    },
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
@pytest.mark.parametrize("shards", [None, (32, 32)])
def test_chains_of_filters_mean_the_same_on_both_engines(store, chain, dtype, shards):
    values = (np.arange(48 * 40).reshape(48, 40) / 8).astype(dtype)
    stored = {}
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            array = zarr.create_array(
                store, name=engine, shape=values.shape, chunks=(16, 16), shards=shards, dtype=dtype, **chain
            )
            array[...] = values
            array[3:7, 2:30] = values[3:7, 2:30]
            stored[engine] = {key.partition("/")[2]: store.get_sync(key).to_bytes() for key in store.list_keys(engine)}
    assert stored["native"] == stored["python"]
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            array = zarr.open_array(store, path="python", mode="r")
            np.testing.assert_array_equal(array[...], values)
            np.testing.assert_array_equal(array[5:40:3, 7], values[5:40:3, 7])


PLAIN, ZSTD = (BytesCodec(),), (ZstdCodec(),)


def outer(*before, inside=PLAIN, behind=ZSTD, **kwargs):
    shards = ShardingCodec(chunk_shape=(8, 16), codecs=inside, **kwargs)
    return {"filters": before, "serializer": shards, "compressors": behind}


OUTER = {
    "zstd behind": outer(),
    "lzma behind": outer(behind=(LZMA(preset=0),)),
    "two behind, zstd inside": outer(inside=(BytesCodec(), ZstdCodec()), behind=(BZ2(level=1), ZstdCodec())),
    "transposed": outer(TransposeCodec(order=(1, 0))),
    "filter before": outer(Quantize(digits=3, dtype="f4"), behind=()),
    "kernel's filter before": outer(FixedScaleOffset(offset=0, scale=8, dtype="f4", astype="i2"), behind=()),
    "index first, lexicographic": outer(index_location="start", subchunk_write_order="lexicographic"),
    "shards in shards": outer(
        inside=(ShardingCodec(chunk_shape=(4, 4), codecs=(BytesCodec(), ZstdCodec())),), behind=(ZstdCodec(),)
    ),
}


@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec")
@pytest.mark.parametrize("chain", OUTER.values(), ids=OUTER)
@pytest.mark.parametrize("write_empty_chunks", [False, True])
def test_codecs_around_a_sharding_codec_mean_the_same_on_both_engines(store, chain, write_empty_chunks):
    values = (np.arange(70 * 60).reshape(70, 60) / 8).astype("f4")
    values[:20, :40] = 0  # inner chunks, and a shard, of the fill value
    stored = {}
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            config = {"write_empty_chunks": write_empty_chunks}
            array = zarr.create_array(
                store, name=engine, shape=values.shape, chunks=(32, 32), dtype="f4", config=config, **chain
            )
            array[...] = values
            array[3:50, 2:30] = values[3:50, 2:30]
            stored[engine] = {key.partition("/")[2]: store.get_sync(key).to_bytes() for key in store.list_keys(engine)}
            np.testing.assert_array_equal(array[...], values)
    assert stored["native"].keys() == stored["python"].keys()  # not the bytes: there are two builds of Zstandard
    for engine, written_by in (("native", "python"), ("python", "native")):
        with zarr.config.set({"engine": engine}):
            array = zarr.open_array(store, path=written_by, mode="r")
            np.testing.assert_array_equal(array[1:60:7, 9], values[1:60:7, 9])


@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec")
def test_a_damaged_shard_behind_a_compressor_is_named(store, engine):
    array = zarr.create_array(store, shape=(64, 32), chunks=(32, 32), dtype="f4", **outer())
    array[...] = 1
    damaged = (b"no frame", numcodecs.zstd.compress(bytes(100)), numcodecs.zstd.compress(b"\1" * 5000))
    for data in damaged:
        store.set_sync("c/1/0", zarr.buffer.cpu.Buffer.from_bytes(data))
        with pytest.raises(CodecError, match="'c/1/0'") as caught:
            array[...]
        assert caught.value.coords == (1, 0)
