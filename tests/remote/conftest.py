"""The servers, one of each for all tests of a process."""

from __future__ import annotations

import os

import pytest

from tests.remote.clouds import BUCKET
from tests.servers.running import running_cloud

# Servers that are not at hand everywhere: `make ceph` and `make witness` install them, and run what is in these directories.
collect_ignore = [name for name in ("ceph", "moto") if name != os.environ.get("ZARR_TEST_SERVER")]


@pytest.fixture(scope="session")
def running():
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running):
    """A cloud with an empty bucket, which makes no trouble yet."""
    running.reset(BUCKET)
    return running
