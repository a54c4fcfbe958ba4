"""Zip archives of other writers, and other readers on ours: zarr-python, TensorStore."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorstore

import zarr
from zarr._store.zipped import archive
from zarr.storage import ZipStore

FIXTURES = Path(__file__).with_name("fixtures")
X = np.arange(35).reshape(7, 5)
X[0, 0] = 99


@pytest.fixture(params=["stored", "lzma"])
def theirs(request, tmp_path):
    """An archive that zarr-python 3.4.2 wrote: chunks and attributes that were changed are in it twice."""
    return shutil.copy(FIXTURES / f"zarr-python-{request.param}.zip", tmp_path / "theirs.zip")


def test_an_archive_of_zarr_python(theirs, engine):
    group = zarr.open_group(theirs, mode="r")
    assert dict(group.attrs) == {"a": 1}
    assert sorted(group) == ["s", "x"]
    np.testing.assert_array_equal(group["x"][:], X)
    assert dict(group["x"].attrs) == {"b": [1, 2]}
    assert group["s"][:].tolist() == [*range(8)]
    assert group["s"][3:5].tolist() == [3, 4]


@pytest.mark.parametrize("in_place", [False, True])
def test_it_is_changed(theirs, in_place, monkeypatch):
    if in_place:
        monkeypatch.setattr(archive, "COPIED_NBYTES", -1)
    group = zarr.open_group(theirs, mode="r+")
    group["x"][1, 1] = -1
    group["s"].append([8, 9])
    group.store.close()
    expected = X.copy()
    expected[1, 1] = -1
    found = zarr.open_group(theirs, mode="r")
    np.testing.assert_array_equal(found["x"][:], expected)
    assert found["s"][:].tolist() == [*range(10)]


@pytest.fixture(params=["new", "appended"])
def ours(request, tmp_path, monkeypatch):
    path = tmp_path / "ours.zip"
    with ZipStore(path, mode="w") as store:
        zarr.create_array(store, name="x", data=np.arange(35).reshape(7, 5), chunks=(2, 5))
    if request.param == "appended":
        monkeypatch.setattr(archive, "COPIED_NBYTES", -1)
    with ZipStore(path, mode="a") as store:
        zarr.open_array(store, path="x")[0, 0] = 99
        zarr.open_array(store, path="x").attrs["b"] = [1, 2]
    return path


def test_tensorstore_reads_ours(ours):
    kvstore = {"driver": "zip", "base": f"file://{ours}", "path": "x/"}
    found = tensorstore.open({"driver": "zarr3", "kvstore": kvstore}).result()
    np.testing.assert_array_equal(found.read().result(), X)
