"""Ceph's gateway in the place of the tests' own cloud."""

from tests.servers.fixtures import ceph_gateway as ceph_gateway
from tests.servers.fixtures import cluster as cluster
