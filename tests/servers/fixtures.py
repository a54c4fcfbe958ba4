"""The servers as fixtures, one of each for all tests of a process. A `conftest.py` imports those of the tests beside it."""

from __future__ import annotations

import pytest

from tests.servers.ceph import running_ceph
from tests.servers.clouds import BUCKET
from tests.servers.others import RunningS3
from tests.servers.running import running_cloud, running_program


@pytest.fixture
def cloud(running):
    """What runs, with an empty bucket and, if it is the tests' own, without any trouble yet."""
    running.reset(BUCKET)
    return running


@pytest.fixture(scope="session", name="running")
def our_cloud():
    """The tests' own cloud."""
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="session", name="running")
def moto():
    """A server for S3 that others wrote for tests."""
    with running_program("tests.servers.moto") as port:
        yield RunningS3(port)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """What Ceph's gateways run on."""
    with running_ceph(tmp_path_factory.mktemp("ceph")) as ceph:
        yield ceph


@pytest.fixture(scope="session", name="running", params=[False, True], ids=["as it is", "accepting quotes"])
def ceph_gateway(request, cluster):
    """Ceph's gateway: as it is, and as it is where right ETags in quotes are accepted."""
    with cluster.gateway(accepts_quotes=request.param) as gateway:
        yield gateway
