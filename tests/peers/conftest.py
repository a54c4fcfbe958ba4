"""The other libraries, in a process in which `zarr` is zarr-python; and the places that both can reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import zarr
from tests.servers.clouds import BUCKET, obstore_over
from tests.servers.fixtures import cloud as cloud
from tests.servers.fixtures import our_cloud as our_cloud
from zarr.storage import LocalStore, ObjectStore, ZipStore

collect_ignore = ["theirs.py"]  # a program for another `zarr`
THEIRS = Path(__file__).with_name("theirs.py")


class Peers:
    """A process that reads, order by order."""

    def __init__(self, process):
        self._process = process

    def read(self, reader, place, path, zarr_format=3):
        """What a library finds; see `theirs`."""
        order = {"reader": reader, "place": place, "path": path, "zarr_format": zarr_format}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        assert "failed" not in found, f"{reader} failed:\n{found['failed']}"
        return found


@pytest.fixture(scope="session")
def peers():
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", os.fspath(THEIRS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=THEIRS.parent,
    )
    with process:
        yield Peers(process)
        process.stdin.close()


@pytest.fixture(params=["directory", "zip", "bucket"])
def place(request, tmp_path, cloud):
    """Where to write, and how the others get there: a store that has to be closed, and what `theirs` takes."""
    if request.param == "directory":
        return LocalStore(tmp_path / "a"), {"directory": os.fspath(tmp_path / "a")}
    if request.param == "zip":
        return ZipStore(tmp_path / "a.zip", mode="w"), {"zip": os.fspath(tmp_path / "a.zip")}
    return ObjectStore(obstore_over(cloud)), {"bucket": BUCKET, "prefix": "root", "endpoint": cloud.url}


def pytest_configure(config):
    assert "site-packages" not in zarr.__file__, (
        "PYTHONPATH has to lead to the sources of this library; see `make peers`"
    )
