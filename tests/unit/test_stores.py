"""Each store that is ours, one around another, and one of a third party keeps what the suite says of every store."""

from __future__ import annotations

import logging
from dataclasses import asdict

import fsspec
import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

from tests.suites.file_systems import DistantFiles, ObjectFiles, OtherFiles
from tests.suites.plain_stores import AsyncOnly, AsyncVersions, Awaited
from tests.suites.store_holds import HoldSuite, ProcessHoldSuite
from tests.suites.stores import (
    DirectorySuite,
    KeySuite,
    ListingSuite,
    ObjectSuite,
    PrefixSuite,
    ReadOnlySuite,
    RefusalSuite,
    StoreSuite,
    SyncFaceSuite,
)
from tests.suites.versioned_stores import (
    OneStepSuite,
    PiecesSuite,
    PinSuite,
    RemovalSuite,
    SizeSuite,
    SyncPinSuite,
    SyncSuite,
    UnpackingSuite,
    VersionSuite,
)
from zarr._store.access import async_contract, capabilities, sync_contract
from zarr.storage import (
    FsspecStore,
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
    *("read", "read_several", "put", "put_pieces", "remove", "hold", "size", "present"),
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


class OurSyncStore(
    OurStore, KeySuite, VersionSuite, RemovalSuite, PinSuite, SizeSuite, SyncSuite, SyncPinSuite, HoldSuite
):
    """What those share that are called without an event loop."""


class TestMemoryStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return MemoryStore(**kwargs)


class TestLocalStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PiecesSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return LocalStore(directory / "root", **kwargs)


class TestSQLiteStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return SQLiteStore(directory / "root" / "all.sqlite", **kwargs)


class TestWrappedSQLiteStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PrefixSuite):
    def make(self, directory, **kwargs):
        return Passing(SQLiteStore(directory / "root" / "all.sqlite", **kwargs))


class TestZipStore(OurSyncStore, PrefixSuite, UnpackingSuite):
    def make(self, directory, **kwargs):
        return ZipStore(directory / "root.zip", mode="a", **kwargs)


class TestWrappedZipStore(OurSyncStore, PrefixSuite, UnpackingSuite):
    def make(self, directory, **kwargs):
        return Passing(ZipStore(directory / "root.zip", mode="w", **kwargs))


class TestWrappedMemoryStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Passing(MemoryStore(**kwargs))


class TestWrappedLocalStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PiecesSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return Passing(LocalStore(directory / "root", **kwargs))


class TestAwaitedMemoryStore(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Awaited(MemoryStore(**kwargs))


class TestAwaitedLocalStore(OurStore, DirectorySuite):
    def make(self, directory, **kwargs):
        return Awaited(LocalStore(directory / "root", **kwargs))


class TestLoggingStore(OurSyncStore, ProcessHoldSuite, OneStepSuite, PiecesSuite, DirectorySuite):
    def make(self, directory, **kwargs):
        return Logged(LocalStore(directory / "root", **kwargs), log_handler=logging.NullHandler())


class TestTraceStore(OurSyncStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return Traced(MemoryStore(**kwargs))


class TestTraceOfVersionsInCoroutines(
    StoreSuite, PrefixSuite, KeySuite, VersionSuite, RemovalSuite, PinSuite, SizeSuite
):
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


class TestVersionsInCoroutines(StoreSuite, PrefixSuite, KeySuite, VersionSuite, RemovalSuite, PinSuite, SizeSuite):
    def make(self, directory, **kwargs):
        return AsyncVersions(**kwargs)


class TestFsspecMemory(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        return FsspecStore(fsspec.filesystem("memory"), path=f"{directory}/root", **kwargs)


class TestFsspecMemoryBehind(ListingSuite, KeySuite, SyncSuite, HoldSuite):
    def make(self, directory, **kwargs):
        return TestFsspecMemory().make(directory, **kwargs)._behind


class TestFsspecWrapped(OurStore, PrefixSuite):
    def make(self, directory, **kwargs):
        fs = AsyncFileSystemWrapper(fsspec.filesystem("memory"), asynchronous=True)
        return FsspecStore(fs, path=f"{directory}/root", **kwargs)


class TestFsspecLocal(OurStore, DirectorySuite):
    def make(self, directory, **kwargs):
        return FsspecStore.from_url(str(directory / "root"), **kwargs)


class TestFsspecOtherLocal(OurStore):
    def make(self, directory, **kwargs):
        return FsspecStore(OtherFiles(), path=str(directory / "root"), **kwargs)


class TestFsspecOtherLocalBehind(ListingSuite, KeySuite, SyncSuite, HoldSuite):
    def make(self, directory, **kwargs):
        return TestFsspecOtherLocal().make(directory, **kwargs)._behind


class TestFsspecDistant(OurStore, KeySuite):
    def make(self, directory, **kwargs):
        return FsspecStore(DistantFiles(), path=str(directory / "root"), **kwargs)


class TestFsspecObjects(OurStore, PrefixSuite, KeySuite):
    asynchronous = False

    def make(self, directory, **kwargs):
        ObjectFiles.buckets[directory.name] = {}
        return FsspecStore(ObjectFiles(asynchronous=self.asynchronous), path=f"{directory.name}/root", **kwargs)


class TestFsspecObjectsOnAnyLoop(TestFsspecObjects):
    asynchronous = True


SUITES = [
    *(TestMemoryStore, TestLocalStore, TestZipStore, TestSQLiteStore),
    *(TestWrappedMemoryStore, TestWrappedLocalStore, TestWrappedZipStore, TestWrappedSQLiteStore),
    *(TestPlainStore, TestWrappedPlainStore, TestVersionsInCoroutines, TestAwaitedMemoryStore, TestAwaitedLocalStore),
    *(TestLoggingStore, TestTraceStore, TestTraceOfVersionsInCoroutines),
    *(TestManagedMemoryStore, TestManagedMemoryStoreBelowAPath),
    *(TestFsspecMemoryBehind, TestFsspecOtherLocalBehind, TestFsspecObjects, TestFsspecDistant),
]


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_store_says_that_it_can_is_what_is_proven(suite, tmp_path):
    said = {name for name, can in asdict(capabilities(suite().make(tmp_path))).items() if can}
    assert said == suite.promised()


def test_a_facade_can_do_what_is_behind_it(tmp_path):
    for store in (
        TestFsspecMemory().make(tmp_path),
        TestFsspecLocal().make(tmp_path),
        TestFsspecDistant().make(tmp_path),
    ):
        assert capabilities(store) == capabilities(store._behind)


def test_a_suite_tells_what_it_proves():
    assert TestPlainStore.promised() == {"lists"}
    assert TestVersionsInCoroutines.promised() == {
        *("lists", "puts_conditionally", "removes_conditionally", "pins_versions", "tells_sizes", "takes_any_key"),
    }
    assert TestLocalStore.promised() - TestMemoryStore.promised() == {
        *("holds_between_processes", "removes_in_one_step", "takes_pieces"),
    }
