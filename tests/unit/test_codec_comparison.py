"""`zarr.checks.compare_codecs`: what is taken as a sample, and what comes out."""

import asyncio

import numcodecs
import numpy as np
import pytest

import zarr
from zarr._checks.codec_comparison import parse_codecs

RANDOM = np.random.default_rng(1)


def compare(array, *codecs, **options):
    return zarr.checks.compare_codecs(array, codecs, n_times=1, **options)


def test_ratios_are_those_of_stored_arrays(engine, zarr_format):
    data = np.cumsum(RANDOM.integers(0, 3, (100, 100)), axis=1).astype("i4")
    array = zarr.create_array({}, data=data, chunks=(10, 20), zarr_format=zarr_format)
    found = compare(array, "none", "gzip(level=9)")
    assert (found.n_chunks, found.nbytes) == (50, data.nbytes)
    assert found.results[0].nbytes_encoded == zarr.stat(array).nbytes_stored
    assert found.results[1].ratio == 1
    packed = zarr.create_array(
        {}, data=data, chunks=(10, 20), compressors={"name": "gzip", "configuration": {"level": 9}}
    )
    assert found.results[2].nbytes_encoded == zarr.stat(packed).nbytes_stored
    assert all(each.encode_rate > 0 and each.decode_rate > 0 for each in found.results)


def test_the_sample_is_bounded_and_from_all_over(monkeypatch):
    array = zarr.create_array({}, shape=(1000, 10), chunks=(10, 10), dtype="f8")
    array[500:] = 1
    with zarr.storage.trace(array.store) as store:
        found = compare(zarr.open_array(store, mode="r"), "none", max_nbytes=8000)
    assert (found.n_chunks, found.nbytes) == (10, 8000)
    assert found.results[0].ratio > 10  # of what is stored, and not of the fill value
    assert compare(array, "none", max_nbytes=1).n_chunks == 1


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (2, 5), "shards": (4, 10)},
        {"chunks": (7, 7)},
        {"chunks": (20, 30)},
        {"chunks": (3, 3), "filters": [zarr.codecs.TransposeCodec(order=(1, 0))]},
        {"chunks": (5, 5), "zarr_format": 2, "filters": [numcodecs.Delta("i8")]},
    ],
)
def test_layouts(options):
    array = zarr.create_array({}, data=np.arange(20 * 30).reshape(20, 30), **options)
    found = compare(array, "zstd(level=1)")
    assert [each.error for each in found.results] == ["", ""]


def test_types_and_grids():
    with zarr.config.set({"array.rectilinear_chunks": True}):
        uneven = zarr.create_array({}, data=np.arange(10), chunks=[[3, 7]])
    for array in (
        uneven,
        zarr.create_array({}, data=np.array(["one", "two", "three"], "T"), chunks=2),
        zarr.create_array({}, data=np.array([True, False] * 10), chunks=3),
        zarr.create_array({}, shape=(4, 4), dtype="f4"),  # nothing is stored
    ):
        assert [each.error for each in compare(array, "gzip(level=1)").results] == ["", ""]


def test_places_and_faces(tmp_path):
    made = zarr.create_group(tmp_path / "g").create_array("a", data=np.arange(10))
    for found in (compare(str(tmp_path / "g" / "a")), compare(tmp_path / "g", path="a"), compare(made.async_array)):
        assert found.results[0].codecs == "as stored"
    asyncio.run(asyncio.sleep(0))
    with pytest.raises(zarr.errors.ArrayNotFoundError):
        compare(tmp_path / "missing")


def test_what_cannot_be_used_is_said(engine):
    found = compare(zarr.ones(10), "nothing", "zstd(level=99)")
    assert "UnknownCodecError" in found.results[1].error
    assert found.results[2].error
    assert found.results[1].ratio is found.results[1].encode_rate is None
    assert "nothing: UnknownCodecError" in repr(found)
    assert found.to_dict()["results"][1]["codecs"] == "nothing"


@pytest.mark.parametrize("shape", [(), (0, 3)])
def test_nothing_to_compare(shape):
    with pytest.raises(zarr.errors.ArgumentError, match="no chunks"):
        compare(zarr.zeros(shape))


@pytest.mark.parametrize("text", ["", "zstd(", "zstd(level)", "zstd(=3)", "zstd level=3", "a++b"])
def test_texts_that_are_no_codecs(text):
    with pytest.raises(zarr.errors.ArgumentError, match="codecs are written as"):
        parse_codecs(text)


def test_progress():
    seen = []
    compare(zarr.ones(10), "none", progress=lambda *args: seen.append(args))
    assert seen == [(1, 2), (2, 2)]
