"""What is true of every object store, for each server to subclass."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.servers.clouds import store_over
from tests.suites.calls import answer, buf, read, run
from tests.suites.store_case import StoreCase
from tests.suites.stores import (
    KeySuite,
    ObjectSuite,
    PrefixSuite,
    ReadOnlySuite,
    RefusalSuite,
    StoreSuite,
    SyncFaceSuite,
)
from tests.suites.versioned_stores import SizeSuite, VersionSuite
from zarr._store.access import capabilities
from zarr._store.versioned import ABSENT
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.errors import ConcurrentChangeError, StoreAbilityError


class RemoteSuite(StoreCase):
    """What a store promises that cannot keep what was replaced, and removes under no condition."""

    promises = frozenset({"pins_versions", "refuses_old_versions", "sync", "is_remote"})

    @pytest.mark.parametrize("change", ["replace", "delete", "delete dir"])
    def test_a_version_that_is_gone_cannot_be_read_on(self, store, change):
        answer(store.put("a/b/c", buf(b"old value")))
        version = answer(store.read("a/b/c", SuffixByteRequest(1))).version
        assert read(store, "a/b/c", byte_range=RangeByteRequest(4, 7), version=version) == b"val"
        assert read(store, "a/b/c", byte_range=SuffixByteRequest(2), version=version) == b"ue"
        if change == "replace":
            answer(store.put("a/b/c", buf(b"new value")))
        elif change == "delete dir":
            run(store.delete_dir("a/b"))
        else:
            answer(store.remove("a/b/c"))
        for part in (
            None,
            RangeByteRequest(4, 7),
            SuffixByteRequest(2),
            RangeByteRequest(3, 3),
            RangeByteRequest(50, 60),
        ):
            with pytest.raises(ConcurrentChangeError, match="'a/b/c' was replaced or deleted"):
                store.read("a/b/c", part, version=version)

    def test_nothing_is_removed_under_a_condition(self, store):
        store.put("a", buf(b"x"))
        with pytest.raises(StoreAbilityError, match=r"deleted on condition.*'a'"):
            store.remove("a", expected=store.read("a").version)
        assert read(store, "a") == b"x"
        assert not store.remove("a", expected=ABSENT)

    def test_listing_and_sizes_are_functions(self, store):
        for key in ("a/b", "a/c/d", "ab"):
            store.put(key, buf(b"xy"))
        assert list(store.list_keys("a")) == ["a/b", "a/c/d", "ab"]
        assert list(store.list_names("a")) == ["c", "b"] or list(store.list_names("a")) == ["b", "c"]
        assert store.present(["ab", "x", "a/b", "a/x"]) == [True, False, True, False]
        assert store.size("a") is None
        store.remove_prefix("a")
        assert list(store.list_keys("")) == ["ab"]

    def test_holds_are_among_threads(self, store):
        with store.hold("a"):
            store.put("a/b", buf(b"x"))
        assert read(store, "a/b") == b"x"


class OverCloud(
    StoreSuite,
    RefusalSuite,
    SyncFaceSuite,
    ReadOnlySuite,
    ObjectSuite,
    KeySuite,
    PrefixSuite,
    VersionSuite,
    SizeSuite,
    RemoteSuite,
):
    kind = "s3"

    @pytest.fixture(autouse=True)
    def _in_cloud(self, cloud):
        type(self).cloud = cloud

    def make(self, directory, **kwargs):
        return store_over(self.cloud, self.kind, **kwargs)

    def test_what_it_says_that_it_can_is_what_is_proven(self, store):
        assert {name for name, can in asdict(capabilities(store)).items() if can} == self.promised()
