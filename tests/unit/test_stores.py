"""Each store that is ours, one around another, and one of a third party keeps what the suite says of every store."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.suites.plain_stores import AsyncOnly, AsyncVersions
from tests.suites.store_holds import HoldSuite, ProcessHoldSuite
from tests.suites.stores import (
    DirectorySuite,
    ObjectSuite,
    PrefixSuite,
    ReadOnlySuite,
    RefusalSuite,
    StoreSuite,
    SyncFaceSuite,
)
from tests.suites.versioned_stores import (
    OneStepSuite,
    PinSuite,
    RemovalSuite,
    SizeSuite,
    SyncSuite,
    VersionSuite,
)
from zarr._store.access import capabilities
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, WrapperStore, ZipStore


class OurStore(StoreSuite, RefusalSuite, SyncFaceSuite, ReadOnlySuite, ObjectSuite):
    """What all stores of ours share."""


class OurSyncStore(OurStore, VersionSuite, RemovalSuite, PinSuite, SizeSuite, SyncSuite, HoldSuite):
    """What those share that are called without an event loop."""


class TestMemoryStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return MemoryStore(**kwargs)


class TestLocalStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return LocalStore(directory / "root", **kwargs)


class TestSQLiteStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return SQLiteStore(directory / "root" / "all.sqlite", **kwargs)


class TestWrappedSQLiteStore(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return WrapperStore(SQLiteStore(directory / "root" / "all.sqlite", **kwargs))


class TestZipStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return ZipStore(directory / "root.zip", mode="a", **kwargs)


class TestWrappedZipStore(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return WrapperStore(ZipStore(directory / "root.zip", mode="w", **kwargs))


class TestWrappedMemoryStore(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return WrapperStore(MemoryStore(**kwargs))


class TestWrappedLocalStore(OurStore, DirectorySuite):
    def make(self, directory, **kwargs):
        return WrapperStore(LocalStore(directory / "root", **kwargs))


class TestPlainStore(StoreSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return AsyncOnly(**kwargs)


class TestWrappedPlainStore(StoreSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return WrapperStore(AsyncOnly(**kwargs))


class TestVersionsInCoroutines(StoreSuite, PrefixSuite, VersionSuite, RemovalSuite, PinSuite, SizeSuite):
    def make(self, directory, **kwargs):
        return AsyncVersions(**kwargs)


SUITES = [
    *(TestMemoryStore, TestLocalStore, TestZipStore, TestSQLiteStore),
    *(TestWrappedMemoryStore, TestWrappedLocalStore, TestWrappedZipStore, TestWrappedSQLiteStore),
    *(TestPlainStore, TestWrappedPlainStore, TestVersionsInCoroutines),
]


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_store_says_that_it_can_is_what_is_proven(suite, tmp_path):
    said = {name for name, can in asdict(capabilities(suite().make(tmp_path))).items() if can}
    assert said == suite.promised()


def test_a_suite_tells_what_it_proves():
    assert TestPlainStore.promised() == {"lists"}
    assert TestVersionsInCoroutines.promised() == {
        *("lists", "puts_conditionally", "removes_conditionally", "pins_versions", "tells_sizes"),
    }
    assert TestLocalStore.promised() - TestMemoryStore.promised() == {"holds_between_processes", "removes_in_one_step"}
