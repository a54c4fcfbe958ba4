"""`verify_checksums=False`: what was stored with wrong checksums is read all the same, and stored again with right ones."""

from __future__ import annotations

import asyncio

import numcodecs
import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.calls import buf
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec
from zarr.errors import CodecError
from zarr.storage import MemoryStore

DATA = np.arange(24, dtype="i4").reshape(6, 4)
CHECKED = [BytesCodec(), Crc32cCodec()]
NUMCODECS = [
    numcodecs.CRC32(),
    numcodecs.CRC32(location="end"),
    numcodecs.CRC32C(),
    numcodecs.CRC32C(location="start"),
    numcodecs.Adler32(),
    numcodecs.Fletcher32(),
    numcodecs.JenkinsLookup3(initval=3, prefix=b"x"),
]
ARRAYS = {
    "chunks": {"chunks": (4, 4), "compressors": Crc32cCodec()},
    "twice": {"chunks": (4, 4), "compressors": [Crc32cCodec(), Crc32cCodec()]},
    "index": {"chunks": (2, 2), "shards": (4, 4), "compressors": None},
    "inner chunks": {"chunks": (2, 2), "shards": (4, 4), "compressors": Crc32cCodec()},
    "index in front": {
        "chunks": (4, 4),
        "serializer": ShardingCodec(chunk_shape=(2, 2), codecs=CHECKED, index_location="start"),
        "compressors": None,
    },
    "shards in shards": {
        "chunks": (4, 4),
        "serializer": ShardingCodec(chunk_shape=(4, 2), codecs=[ShardingCodec(chunk_shape=(2, 2), codecs=CHECKED)]),
        "compressors": None,
    },
    "behind shards": {
        "chunks": (4, 4),
        "serializer": ShardingCodec(chunk_shape=(2, 2), codecs=CHECKED),
        "compressors": Crc32cCodec(),
    },
    **{f"format 2, {codec!r}": {"chunks": (4, 4), "zarr_format": 2, "compressors": codec} for codec in NUMCODECS},
    **{
        f"format 2, filter {codec!r}": {"chunks": (4, 4), "zarr_format": 2, "filters": codec, "compressors": None}
        for codec in NUMCODECS
    },
    **{f"format 3, {codec!r}": {"chunks": (4, 4), "compressors": codec} for codec in NUMCODECS},
}


class Wrong:
    """For some time, checksums come out other than they are."""

    def __init__(self, monkeypatch):
        self._patch = monkeypatch

    def __enter__(self):
        self._patch.setattr("zarr._codec.crc32c_.crc32c", lambda data: 0xDEADBEEF)
        for cls in (numcodecs.CRC32, numcodecs.CRC32C, numcodecs.Adler32):
            self._patch.setattr(cls, "checksum", staticmethod(lambda data, value=0: 0xDEADBEEF))

    def __exit__(self, *_):
        self._patch.undo()


def stored(options, monkeypatch):
    """An array whose checksums are wrong, as the engine in Python stores it with a function that is."""
    store = MemoryStore()
    with zarr.config.set({"engine": "python"}):
        with Wrong(monkeypatch):
            zarr.create_array(store, shape=DATA.shape, dtype=DATA.dtype, **options)[...] = DATA
    for key, value in contents(store).items():
        at = options.get("compressors") or options.get("filters")
        if not key.endswith(("zarr.json", ".zarray", ".zattrs")) and isinstance(at, numcodecs.abc.Codec):
            if at.codec_id in ("fletcher32", "jenkins_lookup3"):
                store.set_sync(key, buf(value[:-4] + bytes(4)))
    return store


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning")
class TestWrongChecksums:
    @pytest.fixture
    def store(self, name, monkeypatch):
        return stored(ARRAYS[name], monkeypatch)

    def test_they_are_errors(self, engine, store):
        for read in (lambda array: array[...], lambda array: array[1, 1]):
            with pytest.raises(CodecError, match=r"(?i)checksum"):
                read(zarr.open_array(store))

    def test_they_are_passed_over_if_that_is_asked_for(self, engine, store):
        array = zarr.open_array(store, mode="r", config={"verify_checksums": False})
        np.testing.assert_array_equal(array[...], DATA)
        np.testing.assert_array_equal(array[1:5, ::2], DATA[1:5, ::2])
        assert array[5, 3] == DATA[5, 3]
        np.testing.assert_array_equal(zarr.open_array(store).with_config({"verify_checksums": False})[...], DATA)
        with zarr.config.set({"array.verify_checksums": False}):
            np.testing.assert_array_equal(zarr.open_array(store)[...], DATA)
            found = asyncio.run(read_all(store))
        np.testing.assert_array_equal(found, DATA)

    def test_what_is_stored_again_has_right_ones(self, engine, store):
        array = zarr.open_array(store, mode="r+", config={"verify_checksums": False})
        array[...] = array[...]
        np.testing.assert_array_equal(zarr.open_array(store)[...], DATA)


async def read_all(store):
    return await (await zarr.api.asynchronous.open_array(store=store)).getitem(...)


def test_a_part_of_a_shard_is_written_though_its_index_has_a_wrong_checksum(engine, monkeypatch):
    store = stored(ARRAYS["index"], monkeypatch)
    with pytest.raises(CodecError):
        zarr.open_array(store)[0, 0] = -1
    zarr.open_array(store, config={"verify_checksums": False})[0, 0] = -1
    assert zarr.open_array(store)[:2, :2].tolist() == [[-1, 1], [4, 5]]


@pytest.mark.parametrize("codec", [Crc32cCodec(), *NUMCODECS], ids=repr)
def test_too_few_bytes_are_an_error_still(engine, codec):
    store = MemoryStore()
    zarr.create_array(store, shape=2, dtype="u1", compressors=codec)
    store.set_sync("c/0", buf(b"\1\2\3"))
    with pytest.raises(CodecError, match="too few"):
        zarr.open_array(store, config={"verify_checksums": False})[...]


def test_other_damage_is_an_error_still(engine):
    store = MemoryStore()
    zarr.create_array(store, shape=2, dtype="u1", compressors=[GzipCodec(), Crc32cCodec()])
    store.set_sync("c/0", buf(b"no gzip" + bytes(4)))
    with pytest.raises(CodecError, match="gzip"):
        zarr.open_array(store, config={"verify_checksums": False})[...]
