"""Each store that is ours, one around another, and one of a third party keeps what the suite says of every store."""

from __future__ import annotations

import logging
from dataclasses import asdict

import pytest

from tests.suites.plain_stores import AsyncOnly, AsyncVersions, Awaited
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
from tests.suites.versioned_stores import OneStepSuite, PinSuite, SizeSuite, SyncSuite, VersionSuite
from zarr._store.access import async_contract, capabilities, sync_contract
from zarr.storage import (
    LocalStore,
    LoggingStore,
    ManagedMemoryStore,
    MemoryStore,
    SQLiteStore,
    TraceStore,
    WrapperStore,
    ZipStore,
)

CONTRACT = {
    *("read", "read_several", "put", "remove", "hold", "size", "present"),
    *("list_keys", "list_names", "list_links", "remove_prefix", "capabilities", "native_place"),
}


class Contract:
    """A store around another whose own contract is called by its names, for the suites."""

    def __getattr__(self, name):
        if name not in CONTRACT:
            raise AttributeError(name)
        return getattr(sync_contract(self) or async_contract(self), name)


class Passing(Contract, WrapperStore):
    pass


class Logged(Contract, LoggingStore):
    pass


class Traced(Contract, TraceStore):
    pass


class OurStore(StoreSuite, RefusalSuite, SyncFaceSuite, ReadOnlySuite, ObjectSuite):
    """What all stores of ours share."""


class OurSyncStore(OurStore, VersionSuite, PinSuite, SizeSuite, SyncSuite, HoldSuite):
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


class TestWrappedSQLiteStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return Passing(SQLiteStore(directory / "root" / "all.sqlite", **kwargs))


class TestZipStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return ZipStore(directory / "root.zip", mode="a", **kwargs)


class TestWrappedZipStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Passing(ZipStore(directory / "root.zip", mode="w", **kwargs))


class TestWrappedMemoryStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Passing(MemoryStore(**kwargs))


class TestWrappedLocalStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return Passing(LocalStore(directory / "root", **kwargs))


class TestAwaitedMemoryStore(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Awaited(MemoryStore(**kwargs))


class TestAwaitedLocalStore(OurStore, DirectorySuite):
    def make(self, directory, **kwargs):
        return Awaited(LocalStore(directory / "root", **kwargs))


class TestLoggingStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return Logged(LocalStore(directory / "root", **kwargs), log_handler=logging.NullHandler())


class TestTraceStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Traced(MemoryStore(**kwargs))


class TestTraceOfVersionsInCoroutines(StoreSuite, PrefixSuite, VersionSuite, PinSuite, SizeSuite):
    def make(self, directory, **kwargs):
        return Traced(AsyncVersions(**kwargs))


class TestManagedMemoryStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return ManagedMemoryStore(**kwargs)


class TestManagedMemoryStoreBelowAPath(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return ManagedMemoryStore(path="a/b", **kwargs)


class TestPlainStore(StoreSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return AsyncOnly(**kwargs)


class TestWrappedPlainStore(StoreSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return WrapperStore(AsyncOnly(**kwargs))


class TestVersionsInCoroutines(StoreSuite, PrefixSuite, VersionSuite, PinSuite, SizeSuite):
    def make(self, directory, **kwargs):
        return AsyncVersions(**kwargs)


SUITES = [
    *(TestMemoryStore, TestLocalStore, TestZipStore, TestSQLiteStore),
    *(TestWrappedMemoryStore, TestWrappedLocalStore, TestWrappedZipStore, TestWrappedSQLiteStore),
    *(TestPlainStore, TestWrappedPlainStore, TestVersionsInCoroutines, TestAwaitedMemoryStore, TestAwaitedLocalStore),
    *(TestLoggingStore, TestTraceStore, TestTraceOfVersionsInCoroutines),
    *(TestManagedMemoryStore, TestManagedMemoryStoreBelowAPath),
]


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_store_says_that_it_can_is_what_is_proven(suite, tmp_path):
    said = {name for name, can in asdict(capabilities(suite().make(tmp_path))).items() if can}
    assert said == suite.promised()


def test_a_suite_tells_what_it_proves():
    assert TestPlainStore.promised() == {"lists"}
    assert TestVersionsInCoroutines.promised() == {"lists", "puts_conditionally", "pins_versions", "tells_sizes"}
    assert TestLocalStore.promised() - TestMemoryStore.promised() == {"holds_between_processes", "removes_in_one_step"}
