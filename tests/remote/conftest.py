"""The servers, one of each for all tests of a process."""

from __future__ import annotations

import pytest

from tests.remote.clouds import BUCKET
from tests.servers.running import running_cloud


@pytest.fixture(scope="session")
def running():
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running):
    """A cloud with an empty bucket, which makes no trouble yet."""
    running.reset(BUCKET)
    return running
