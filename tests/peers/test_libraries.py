"""Dask and xarray over this library: on a local path, on S3 by its URL, and in a zip archive. This library over Icechunk's stores."""

from __future__ import annotations

import gc
import os
import shutil
import zipfile

import dask.array
import icechunk
import numpy as np
import pytest
import xarray

import zarr
from tests.servers.clouds import BUCKET, store_over
from zarr.storage import ObjectStore, ZipStore

NUMBERS = np.arange(60 * 50, dtype="f8").reshape(60, 50)
WORDS = {"key": "test-key-id", "secret": "test-secret-key"}


@pytest.fixture(params=["path", "zip", "bucket"])
def where(request, tmp_path, cloud):
    """What users write for a place, and their options for it."""
    if request.param == "bucket":
        return f"s3://{BUCKET}/root", {**WORDS, "client_kwargs": {"endpoint_url": cloud.url}}
    return os.fspath(tmp_path / ("a.zip" if request.param == "zip" else "a.zarr")), None


def dataset():
    return xarray.Dataset(
        {"t": (("time", "x"), NUMBERS, {"unit": "K"}), "n": ((), 7)},
        {"time": np.arange(60).astype("M8[D]"), "x": np.arange(50) * 0.5},
        {"title": "of tests"},
    )


def finished(where):
    """An archive is whole when nobody has it open any more."""
    gc.collect()
    if where.endswith(".zip"):
        assert zipfile.ZipFile(where).testzip() is None


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_dask(where, engine, scheduler):
    place, options = where
    lazy = dask.array.from_array(NUMBERS, chunks=(20, 25))
    with dask.config.set(scheduler=scheduler):
        lazy.to_zarr(place, component="g/x", storage_options=options)
        finished(place)
        found = dask.array.from_zarr(place, component="g/x", storage_options=options)
        assert found.chunks == lazy.chunks
        assert (found.compute() == NUMBERS).all()
        assert (found[5:25, ::7].sum().compute()) == NUMBERS[5:25, ::7].sum()
    assert (zarr.open_array(place, path="g/x", mode="r", storage_options=options)[:] == NUMBERS).all()


def test_dask_on_arrays(where, engine):
    place, options = where
    array = zarr.create_array(place, name="x", shape=(60, 50), chunks=(20, 25), dtype="f8", storage_options=options)
    dask.array.from_array(NUMBERS, chunks=(20, 25)).to_zarr(array)
    assert (dask.array.from_zarr(array).compute() == NUMBERS).all()
    if options is not None:
        assert type(array.store) is ObjectStore


@pytest.mark.parametrize("consolidated", [True, False])
@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
@pytest.mark.filterwarnings("ignore:Failed to open Zarr store with consolidated:RuntimeWarning")
def test_xarray(where, engine, zarr_format, consolidated):
    place, options = where
    written = dataset()
    written.to_zarr(place, mode="w", zarr_format=zarr_format, consolidated=consolidated, storage_options=options)
    finished(place)
    with xarray.open_zarr(place, consolidated=consolidated, storage_options=options) as found:
        xarray.testing.assert_identical(found.load(), written)
    with xarray.open_dataset(place, engine="zarr", chunks={}, storage_options=options) as lazy:
        assert float(lazy["t"].mean()) == NUMBERS.mean()


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_xarray_appends_and_writes_regions(where, engine, zarr_format):
    place, options = where
    how = {"storage_options": options}
    written = dataset()
    written.isel(time=slice(0, 40)).to_zarr(place, mode="w", zarr_format=zarr_format, **how)
    written.isel(time=slice(40, 60)).drop_vars("n").to_zarr(place, append_dim="time", **how)
    region = {"time": slice(10, 20), "x": slice(0, 50)}
    (written[["t"]].isel(region) * 2).drop_vars(["time", "x"]).to_zarr(place, region=region, **how)
    finished(place)
    expected = NUMBERS.copy()
    expected[10:20] *= 2
    with xarray.open_zarr(place, **how) as found:
        assert (found["t"].values == expected).all()
        assert (found["time"].values == written["time"].values).all()


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_xarray_writes_lazy_arrays(where, engine):
    place, options = where
    written = dataset().chunk({"time": 20, "x": 25})
    written.to_zarr(place, mode="w", storage_options=options)
    finished(place)
    with xarray.open_zarr(place, storage_options=options) as found:
        assert found["t"].chunks == written["t"].chunks
        xarray.testing.assert_equal(found.load(), dataset())


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_archives_in_a_bucket(cloud, engine, tmp_path):
    dataset().to_zarr(tmp_path / "a.zarr")
    shutil.make_archive(os.fspath(tmp_path / "a"), "zip", tmp_path / "a.zarr")
    value = zarr.buffer.cpu.Buffer.from_bytes((tmp_path / "a.zip").read_bytes())
    store_over(cloud).set_sync("a.zip", value)
    url, options = f"zip::s3://{BUCKET}/root/a.zip", {**WORDS, "endpoint_url": cloud.url}
    with xarray.open_zarr(url, storage_options=options) as found:
        xarray.testing.assert_identical(found.load(), dataset())
    assert type(zarr.open_group(url, mode="r", storage_options=options).store) is ZipStore
    lazy = dask.array.from_zarr(url, component="t", storage_options={"s3": options})
    assert (lazy.compute() == NUMBERS).all()


@pytest.mark.parametrize("shards", [None, 8])
def test_icechunk(engine, shards):
    """A store that knows of arrays; it has to be asked in the order that zarr-python asks in."""
    repository = icechunk.Repository.create(icechunk.in_memory_storage())
    session = repository.writable_session("main")
    root = zarr.open_group(session.store, mode="a", attributes={"a": 1})
    array = root.create_array("x", data=np.arange(10), chunks=4, shards=shards)
    array.append(np.arange(7))
    array[3:5] = -1
    array.attrs["unit"] = "m"
    expected = [0, 1, 2, -1, -1, 5, 6, 7, 8, 9, *range(7)]
    assert zarr.open_array(session.store, path="x")[:].tolist() == expected
    session.commit("first")
    there = zarr.open_group(repository.readonly_session("main").store, mode="r")
    assert there["x"][:].tolist() == expected
    assert (dict(there.attrs), dict(there["x"].attrs)) == ({"a": 1}, {"unit": "m"})
    session = repository.writable_session("main")
    array = zarr.open_array(session.store, path="x")
    for shape in (30, 5, 12):
        array.resize(shape)
    assert array[:].tolist() == [0, 1, 2, -1, -1, *[0] * 7]
