"""What `ObjectStore` promises of changes on condition: conditions that are proven first, and replies that are lost."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import obstore
import obstore.store
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.calls import buf, collect, put, read, run
from tests.suites.threads import in_threads
from zarr._store.remote import client
from zarr._store.versioned import ABSENT
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.errors import (
    ConcurrentChangeError,
    StorePermissionError,
    StoreRequestError,
    ZarrUserWarning,
)
from zarr.storage import ObjectStore

ONCE = {"max_retries": 0}
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


class TestConditions:
    def swap(self, store, key="k"):
        put(store, key, b"old")
        found = store.read(key)
        assert store.put(key, buf(b"new"), expected=found.version)
        assert not store.put(key, buf(b"newer"), expected=found.version)
        assert read(store, key) == b"new"

    def test_they_are_proven_once_for_a_place_on_a_key_that_goes_again(self, cloud, store):
        self.swap(store)
        n_proofs = sum("__zarr-probe" in request["path"] for request in cloud.requests)
        assert n_proofs >= 4
        self.swap(store, "other")
        self.swap(store.with_read_only(False), "more")
        self.swap(ObjectStore(store.store), "most")
        assert sum("__zarr-probe" in request["path"] for request in cloud.requests) == n_proofs
        assert sorted(collect(store.list())) == ["k", "more", "most", "other"]
        assert sorted(meta["path"] for page in obstore.list(store.store) for meta in page) == [
            *("k", "more", "most", "other"),
        ]

    def test_reading_and_plain_writing_prove_nothing(self, cloud, store):
        put(store, "a", b"x")
        read(store, "a", byte_range=SuffixByteRequest(1))
        collect(store.list())
        run(store.delete("a"))
        assert not any("__zarr-probe" in request["path"] for request in cloud.requests)

    def test_a_server_that_wants_etags_without_quotes_gets_them_so(self, cloud):
        cloud.be("refuses-quotes")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.swap(store_over(cloud))
        sent = [request["if-match"] for request in cloud.requests if request["path"].endswith("/k")]
        assert not any(tag.startswith('"') for tag in sent)

    def test_a_server_that_looks_at_no_condition_is_named_in_one_warning(self, cloud):
        cloud.be("ignores-conditions")
        store = store_over(cloud)
        with pytest.warns(
            ZarrUserWarning, match=r"s3://bucket/root.*a creation replaced.*threads of this process"
        ) as told:
            self.swap(store)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.swap(store, "other")
        assert len(told) == 1
        assert not store.put("k", buf(b"x"), expected=ABSENT)
        assert store.put("z", buf(b"x"), expected=ABSENT)

    def test_its_threads_still_lose_nothing(self, cloud, engine):
        cloud.be("ignores-conditions")
        with pytest.warns(ZarrUserWarning, match="threads of this process"):
            array = zarr.create_array(store_over(cloud), shape=32, chunks=32, dtype="i4")
        in_threads([lambda i=i: array.__setitem__(slice(8 * i, 8 * i + 8), i + 1) for i in range(4)])
        assert (array[:] == np.repeat([1, 2, 3, 4], 8)).all()

    def test_nor_does_a_whole_value_that_comes_between_comparing_and_storing(self, cloud, monkeypatch):
        cloud.be("ignores-conditions")
        store = store_over(cloud)
        put(store, "a", b"old")
        put(store, "b", b"old")
        with pytest.warns(ZarrUserWarning, match="threads of this process"):
            store._place.mode(store._client, None)
        threads = []

        def meanwhile(key):
            threads.append(threading.Thread(target=lambda: put(store, key, b"theirs")))
            threads[-1].start()
            threads[-1].join(0.1)
            return about(key)

        about = store._about
        version = store.read("a").version
        monkeypatch.setattr(store, "_about", meanwhile)
        assert store.put("a", buf(b"mine"), expected=version)
        threads[0].join()
        assert read(store, "a") == b"theirs"

    def test_stores_at_one_place_without_conditions_know_of_each_other(self, tmp_path):
        stores = [ObjectStore(obstore.store.LocalStore(tmp_path)) for _ in range(2)]
        assert stores[0]._place is stores[1]._place

    def test_parts_that_do_not_belong_together_are_seen_although_the_server_does_not(self, cloud):
        cloud.be("ignores-conditions")
        store = store_over(cloud)
        put(store, "a", b"old value")
        version = store.read("a", SuffixByteRequest(1)).version
        put(store, "a", b"new value")
        with pytest.raises(ConcurrentChangeError):
            store.read("a", RangeByteRequest(0, 3), version=version)

    @pytest.mark.parametrize("status", [400, 403, 404, 503])
    def test_what_says_nothing_of_conditions_is_an_error_and_tried_again_later(self, cloud, store, status):
        put(store, "k", b"old")
        version = store.read("k").version
        impatient = store_over(cloud, store._client.kind, retry_config=ONCE)
        cloud.fail("refuse", status=status, methods=["PUT"], within="__zarr-probe")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(StoreRequestError, match=f"conditions are kept.*: {status}"):
                impatient.put("k", buf(b"new"), expected=version)
        cloud.fail()
        self.swap(store)
        assert not store.put("k", buf(b"newest"), expected=version)

    def test_who_may_not_write_everywhere_below_a_store_is_told_so(self, cloud, store):
        cloud.fail("refuse", status=403, methods=["PUT"], within="__zarr-probe")
        with pytest.raises(StorePermissionError, match=r"made at a path below which everything may be written"):
            store.put("k", buf(b"new"), expected=ABSENT)

    def test_a_place_without_conditions_serves_one_process(self, tmp_path):
        store = ObjectStore(obstore.store.LocalStore(tmp_path))
        with pytest.warns(ZarrUserWarning, match="file://.*does not replace an object on condition"):
            self.swap(store)


class TestLostReplies:
    """A change that was made although its reply says otherwise, or never came, counts once."""

    @pytest.mark.parametrize("how", ["late", "lose"])
    def test_a_creation_counts_once(self, cloud, store, how):
        assert store.put("first", buf(b"x"), expected=ABSENT)
        cloud.fail(how, times=1, methods=["PUT"])
        assert store.put("a", buf(b"mine"), expected=ABSENT)
        assert cloud.n_faults == 1
        assert not store.put("a", buf(b"mine"), expected=ABSENT)  # the same bytes, and not ours

    @pytest.mark.parametrize("how", ["late", "lose"])
    @pytest.mark.parametrize("looks_that_fail", [0, 1])
    def test_a_swap_counts_once(self, cloud, store, how, looks_that_fail):
        put(store, "warm", b"x")
        store.put("warm", buf(b"y"), expected=store.read("warm").version)
        put(store, "a", b"old")
        version = store.read("a").version
        cloud.fail(how, times=2, methods=["PUT"])
        cloud.fail("refuse", times=looks_that_fail, methods=["HEAD"])
        assert store.put("a", buf(b"new"), expected=version)
        assert cloud.n_faults == 1 + 2 * looks_that_fail
        cloud.fail()
        assert not store.put("a", buf(b"new"), expected=version)

    @pytest.mark.parametrize("how", ["refuse", "drop"])
    def test_what_was_not_done_is_done_again(self, cloud, store, how):
        cloud.fail(how, times=2, methods=["PUT"])
        assert store.put("a", buf(b"mine"), expected=ABSENT)
        assert read(store, "a") == b"mine"

    @pytest.mark.parametrize("status", [409, 500])
    def test_a_collision_that_the_server_will_not_decide_is_tried_again(self, cloud, status):
        store = store_over(cloud)
        assert store.put("a", buf(b"old"), expected=ABSENT)
        cloud.fail("refuse", status=status, times=2, methods=["PUT"])
        assert store.put("a", buf(b"new"), expected=store.read("a").version)
        assert not store.put("a", buf(b"newer"), expected=ABSENT)

    def test_a_change_counts_that_others_have_built_on_since(self, cloud, store, monkeypatch):
        put(store, "a", b"old")
        version = store.read("a").version
        store._place.mode(store._client, version)
        other = store_over(cloud, store._client.kind)

        def meanwhile(_):
            found = other.read("a")
            assert found.data.to_bytes() == b"mine"
            return other.put("a", buf(b"theirs"), expected=found.version)

        monkeypatch.setattr(client, "pause", meanwhile)
        cloud.fail("lose", times=1, methods=["PUT"])
        cloud.fail("refuse", times=1, methods=["HEAD"])  # so that the look before the pause tells nothing
        assert store.put("a", buf(b"mine"), expected=version)
        assert read(store, "a") == b"theirs"

    def test_nobody_pauses_before_looking_as_others_may_change_it_more_often_than_is_noted(
        self, cloud, store, monkeypatch
    ):
        put(store, "a", b"old")
        version = store.read("a").version
        store._place.mode(store._client, version)
        paused = []
        monkeypatch.setattr(client, "pause", lambda seconds: paused.append(seconds) or True)
        cloud.fail("lose", times=1, methods=["PUT"])
        assert store.put("a", buf(b"mine"), expected=version)
        assert paused == []

    def test_names_of_changes_fit_into_what_a_server_takes(self, cloud, store):
        put(store, "a", b"0")
        for number in range(client._MOST_HISTORY + 3):
            assert store.put("a", buf(b"%d" % number), expected=store.read("a").version)
        names = store.read("a").version.history
        assert len(names) == len(set(names)) == client._MOST_HISTORY
        assert len(",".join(names)) + len(client.HISTORY) < 1500

    def test_where_nothing_is_kept_of_an_object_its_bytes_tell(self, cloud):
        cloud.be("drops-metadata")
        store = store_over(cloud)
        assert store.put("first", buf(b"x"), expected=ABSENT)
        cloud.fail("lose", times=1, methods=["PUT"])
        assert store.put("a", buf(b"mine"), expected=ABSENT)
        put(store, "b", b"theirs")
        cloud.fail("refuse", times=1, methods=["PUT"])
        assert not store.put("b", buf(b"mine"), expected=ABSENT)
