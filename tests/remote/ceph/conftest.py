"""Ceph's gateway in the place of the tests' own cloud: as it is, and as it is where right ETags in quotes are accepted."""

from __future__ import annotations

import pytest

from tests.servers.ceph import running_ceph


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    with running_ceph(tmp_path_factory.mktemp("ceph")) as ceph:
        yield ceph


@pytest.fixture(scope="session", params=[False, True], ids=["as it is", "accepting quotes"])
def running(request, cluster):
    with cluster.gateway(accepts_quotes=request.param) as gateway:
        yield gateway
