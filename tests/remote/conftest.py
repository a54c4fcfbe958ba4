"""The tests' own cloud, and stores in it."""

from __future__ import annotations

import os

import pytest

from tests.servers.clouds import KINDS, store_over
from tests.servers.fixtures import cloud as cloud
from tests.servers.fixtures import our_cloud as our_cloud
from zarr._store.remote import conditions

# Servers that are not at hand everywhere: `make ceph` and `make witness` install them, and run what is in these directories.
collect_ignore = [name for name in ("ceph", "moto") if name != os.environ.get("ZARR_TEST_SERVER")]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def store(cloud, kind):
    """An empty store in a cloud of each kind."""
    return store_over(cloud, kind)


@pytest.fixture
def nothing_is_known_of_places(monkeypatch):
    """As in a process that has put nothing anywhere on condition."""
    monkeypatch.setattr(conditions, "_places", {})
