"""Object stores keep what the suite says of every store, over each protocol."""

from __future__ import annotations

import obstore.store

from tests.remote.over_cloud import OverCloud
from tests.suites.stores import PrefixSuite, ReadOnlySuite, RefusalSuite, StoreSuite, SyncFaceSuite
from tests.suites.versioned_stores import SizeSuite, VersionSuite
from zarr.storage import ObjectStore


class TestS3(OverCloud):
    pass


class TestGCS(OverCloud):
    kind = "gs"


class TestAzure(OverCloud):
    kind = "az"


class TestObstoreMemory(StoreSuite, RefusalSuite, SyncFaceSuite, ReadOnlySuite, PrefixSuite, VersionSuite, SizeSuite):
    """In this process, so nothing is remote, and nothing can be pickled."""

    def make(self, directory, **kwargs):
        return ObjectStore(obstore.store.MemoryStore(), **kwargs)
