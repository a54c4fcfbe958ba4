"""The command `zarr` on S3: the same commands, by URL."""

import numpy as np
import pytest

import zarr
from tests.suites.command_line import as_json, failure, process_as_before, zarr_


@pytest.fixture(autouse=True)
def there(cloud, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test-key-id",
        "AWS_SECRET_ACCESS_KEY": "test-secret-key",
    }.items():
        monkeypatch.setenv(name, value)
    with process_as_before():
        yield


def test_there_and_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zarr.create_group("data.zarr").create_array("a/b", data=np.arange(20), chunks=5)
    far = "s3://bucket/far.zarr"
    assert zarr_("cp", "data.zarr", far)[0] == 0
    assert zarr_("ls", "-r", far) == (0, "a/\na/b\n", "")
    assert zarr_("diff", "data.zarr", far)[0] == 0
    assert as_json("verify", far)["ok"]
    assert as_json("explain", f"{far}/a/b", "3:7", "--ask")["n_requests"] == 2
    assert zarr_("append", f"{far}/a/b", f"{far}/a/b")[0] == 0
    assert failure("cp", "data.zarr", far)[0] == 1
    assert zarr_("mv", f"{far}/a/b", f"{far}/c")[0] == 0
    assert zarr_("rm", "-y", f"{far}/a")[0] == 0
    assert zarr_("ls", far)[1] == "c\n"
    assert zarr_("zip", far, "far.zip")[0] == 0
    assert zarr.open_array("far.zip", path="c", mode="r")[...].tolist() == [*range(20), *range(20)]
    assert zarr_("rm", "-y", far)[0] == 0
    assert failure("info", far)[0] == 3
