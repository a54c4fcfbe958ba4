"""zarrs in the place of an engine, by the setting that zarr-python has for it: it reads and writes, and this library does the rest."""

from __future__ import annotations

import asyncio
import multiprocessing
import os

import numpy as np
import pytest

import zarr
from tests.suites.threads import in_threads
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec
from zarr.storage import LocalStore, MemoryStore

PATH = "codec_pipeline.path"
ZARRS = "zarrs.ZarrsCodecPipeline"
SHAPE = (7, 9)
NUMBERS = np.arange(7 * 9).reshape(SHAPE)
ARRAYS = {
    "plain": {"dtype": "i4"},
    "uncompressed": {"dtype": "u2", "compressors": None, "fill_value": 3},
    "sharded": {"dtype": "f8", "shards": (8, 4)},
    "sharded with its index in front": {"dtype": "i8", "shards": {"shape": (8, 4), "index_location": "start"}},
    "turned": {"dtype": "f4", "filters": TransposeCodec(order=(1, 0)), "fill_value": 1.5},
    "Fortran's order in memory": {"dtype": "f8", "config": {"order": "F"}},
    "complex": {"dtype": "c8"},
    "truths": {"dtype": "bool"},
    "blosc": {"dtype": "i4", "compressors": BloscCodec(cname="lz4", shuffle="shuffle")},
    "gzip and checksum": {"dtype": "u1", "compressors": [GzipCodec(), Crc32cCodec()]},
    "v2 keys": {"dtype": "i4", "chunk_key_encoding": {"name": "v2", "separator": "."}},
    "texts": {"dtype": "str"},
    "format 2": {"dtype": "i4", "zarr_format": 2},
    "format 2 in Fortran's order": {"dtype": "f8", "zarr_format": 2, "order": "F"},
}
SELECTIONS = [np.s_[...], np.s_[3, 4], np.s_[:, 8], np.s_[1:6, 2:9], np.s_[::2, 1::3], np.s_[::-1, 5::-2], np.s_[2:2]]


@pytest.fixture(autouse=True)
def by_zarrs():
    with zarr.config.set({PATH: ZARRS}):
        yield


def by_an_engine(store):
    with zarr.config.set({PATH: "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        array = zarr.open_array(store)
    assert array.engine in ("native", "python")
    return array


@pytest.fixture(params=["directory", "memory"])
def where(request, tmp_path):
    """zarrs reaches a directory by itself, and leaves what is in memory to others."""
    return LocalStore(tmp_path / "x") if request.param == "directory" else MemoryStore()


@pytest.mark.filterwarnings("ignore:.*unsupported by ZarrsCodecPipeline:UserWarning")
@pytest.mark.parametrize("name", ARRAYS)
def test_reading_and_writing(where, name):
    options = ARRAYS[name]
    model = NUMBERS.astype(np.dtypes.StringDType() if options["dtype"] == "str" else options["dtype"])
    array = zarr.create_array(where, shape=SHAPE, **{"chunks": (2, 4), **options})
    if isinstance(where, LocalStore):
        assert array.engine == ZARRS
        assert type(array.async_array.codec_pipeline).__name__ == "ZarrsCodecPipeline"
    else:  # which it passes on
        assert array.engine in ("native", "python")
    expected = np.full_like(model, "" if options["dtype"] == "str" else array.fill_value)
    for selection in SELECTIONS:
        array[selection] = expected[selection] = model[selection]
    other = np.roll(model, 1)
    array[1:3, ::-2] = expected[1:3, ::-2] = other[1:3, ::-2]
    array[2:4] = expected[2:4] = other[0, 0]
    array.oindex[[0, 5], [1, 7]] = expected[np.ix_([0, 5], [1, 7])] = other[np.ix_([0, 5], [1, 7])]
    array.vindex[[6, 6], [0, 8]] = expected[[6, 6], [0, 8]] = other[[6, 6], [0, 8]]
    array.append(model[:3])
    expected = np.concatenate([expected, model[:3]])
    assert np.array_equal(by_an_engine(where)[:], expected)
    for selection in SELECTIONS:
        assert np.array_equal(array[selection], expected[selection])
        assert np.array_equal(asyncio.run(array.async_array.getitem(selection)), expected[selection])
    assert np.array_equal(array.vindex[[6, 0], [0, 8]], expected[[6, 0], [0, 8]])


def change(directory, numbers):
    with zarr.config.set({PATH: ZARRS}):
        array = zarr.open_array(directory, mode="r+")
    for number in numbers:
        array[number] = number


@pytest.mark.parametrize("shards", [None, 400])
def test_writers_of_one_object_lose_nothing(tmp_path, shards):
    """In threads, in processes, in coroutines."""
    directory = os.fspath(tmp_path / "x")
    array = zarr.create_array(directory, shape=400, chunks=100 if shards else 400, shards=shards, dtype="i4")
    in_threads([lambda k=k: change(directory, range(k, 100, 4)) for k in range(4)])
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=change, args=(directory, range(100 + k, 200, 2))) for k in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    async def change_all(numbers):
        await asyncio.gather(*(array.async_array.setitem(number, number) for number in numbers))

    asyncio.run(change_all(range(200, 400)))
    assert by_an_engine(directory)[:].tolist() == list(range(400))


def test_what_it_refuses_says_how_to_go_on(tmp_path):
    array = zarr.create_array(tmp_path / "x", data=np.arange(4, dtype=">i2"))
    with pytest.raises(RuntimeError, match="byte order") as caught:
        array[:]
    assert "codec_pipeline.path" in caught.value.__notes__[0]


def test_missing_chunks(where):
    array = zarr.create_array(where, shape=4, chunks=2, dtype="i4", fill_value=7, config={"read_missing_chunks": False})
    array[:2] = 1
    assert array[:2].tolist() == [1, 1]
    with pytest.raises(zarr.errors.ChunkNotFoundError, match="c/1"):
        array[:]
