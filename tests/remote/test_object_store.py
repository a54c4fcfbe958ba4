"""What is particular to `ObjectStore`: conditions, errors, credentials, pickles, forks, URLs."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np
import obstore
import obstore.store
import pytest

import zarr
from tests.remote.clouds import BUCKET, IMPATIENT, KINDS, obstore_over, store_over
from tests.suites.calls import buf, collect, get, put, read, run
from tests.suites.children import end_of_child
from tests.suites.threads import in_threads
from tests.suites.web_server import WebServer, served
from zarr._flow import create
from zarr._store.remote import client, conditions
from zarr._store.remote.failures import Kind, failure_of
from zarr._store.versioned import ABSENT
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.buffer.cpu import buffer_prototype
from zarr.errors import (
    ArgumentError,
    ConcurrentChangeError,
    StorePermissionError,
    StoreRequestError,
    ZarrUserWarning,
)
from zarr.experimental.cache_store import CacheStore
from zarr.storage import LocalStore, MemoryStore, ObjectStore

ONCE = {"max_retries": 0}
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_is_known_of_places(monkeypatch):
    monkeypatch.setattr(conditions, "_places", {})


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def store(cloud, kind):
    return store_over(cloud, kind)


def verbs(cloud):
    return [request["method"] for request in cloud.requests]


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


class TestErrors:
    def test_after_all_attempts_it_is_said_what_was_tried(self, cloud, store):
        cloud.fail("refuse", status=503)
        patient = store_over(cloud, store._client.kind, retry_config={**IMPATIENT, "max_retries": 2})
        for call, verb in (
            (lambda: patient.read("d/a"), "read"),
            (lambda: patient.put("d/a", buf(b"x")), "store"),
            (lambda: patient.size("d/a"), "look up"),
            (lambda: list(patient.list_keys("d/")), "list"),
            (lambda: patient.remove("d/a"), "delete"),
        ):
            with pytest.raises(
                StoreRequestError, match=rf"could not {verb} .*bucket/root/d.*after 3 attempts.*503"
            ) as told:
                call()
            assert (told.value.attempts, told.value.status) == (3, 503)
            assert isinstance(told.value, OSError)
            assert told.value.__cause__ is None
            assert "obstore.exceptions" not in "".join(traceback.format_exception(told.value))

    def test_a_put_that_failed_says_that_it_may_have_landed(self, cloud):
        cloud.fail("late")
        store = store_over(cloud, retry_config=ONCE)
        with pytest.raises(StoreRequestError, match="may have been stored all the same"):
            store.put("a", buf(b"x"))
        cloud.fail()
        assert read(store, "a") == b"x"

    @pytest.mark.parametrize("status", [400, 401, 403, 405, 408, 409, 416, 429, 500, 503])
    def test_only_what_is_not_found_is_the_fill_value(self, cloud, engine, status):
        store = store_over(cloud, retry_config=ONCE)
        array = zarr.create_array(store, name="a", data=np.arange(8), chunks=2)
        cloud.fail("refuse", status=status, methods=["GET", "HEAD"], within="/c/2")
        with pytest.raises(StoreRequestError, match=rf"s3://bucket/root/a/c/2.*{status}"):
            array[:]
        cloud.fail()
        run(store.delete("a/c/2"))
        assert array[:].tolist() == [0, 1, 2, 3, 0, 0, 6, 7]

    @pytest.mark.parametrize("kind", ["s3", "az"])
    def test_who_gets_no_credentials_is_not_told_that_nothing_is_there(self, cloud, kind, monkeypatch):
        """Also where the answer of whoever has them is one that means that a key is missing, if it comes from a bucket."""
        cloud.fail("refuse", status=403)
        options = {"retry_config": ONCE, "client_options": {"allow_http": True}}
        if kind == "s3":
            config = {"metadata_endpoint": cloud.url}
            given = obstore.store.S3Store(BUCKET, endpoint=cloud.url, region="us-east-1", config=config, **options)
        else:
            config = {"msi_endpoint": cloud.url}
            given = obstore.store.AzureStore(BUCKET, account_name="a", endpoint=cloud.url, config=config, **options)
        with pytest.raises(StorePermissionError, match=r"no credentials were got.* 403 Forbidden\. Check the cred"):
            ObjectStore(given, missing_on=(403,)).read("a")

    def test_addresses_that_are_not_encrypted_have_to_be_allowed(self):
        keys = {"access_key_id": "a", "secret_access_key": "b", "region": "us-east-1"}
        store = ObjectStore(obstore.store.S3Store(BUCKET, endpoint="http://127.0.0.1:9", **keys))
        with pytest.raises(StoreRequestError, match=r'has no "allow_http": True\. Check the address') as caught:
            store.read("a")
        assert caught.value.attempts == 1

    @pytest.mark.parametrize("face", ["sync", "async"])
    def test_absent_keys_that_may_not_be_seen(self, cloud, engine, face):
        zarr.create_array(store_over(cloud), name="a", shape=8, chunks=2, dtype="i4")[:2] = 1
        cloud.be("hides-absence")

        def values(store):
            if face == "sync":
                return zarr.open_array(store, path="a", zarr_format=3, mode="r")[:].tolist()

            async def work():
                array = await zarr.api.asynchronous.open_array(store=store, path="a", zarr_format=3, mode="r")
                return (await array.getitem(slice(None))).tolist()

            return asyncio.run(work())

        with pytest.raises(StorePermissionError, match=r"403 .*listing is not permitted.*missing_on=\(403,\)") as told:
            values(store_over(cloud))
        assert isinstance(told.value, PermissionError)
        assert values(store_over(cloud, missing_on=(403,))) == [1, 1, 0, 0, 0, 0, 0, 0]
        with pytest.raises(ArgumentError, match=r"missing_on=\(403,\)"):
            store_over(cloud, missing_on="403")

    def test_a_server_that_does_not_list_is_told_of_in_words(self, cloud):
        store = store_over(cloud)
        zarr.create_group(store).create_array("a", data=[1, 2])
        cloud.be("keeps-from-listing")
        with pytest.raises(
            StorePermissionError, match=r"could not list s3://bucket/root.*open arrays and groups by their paths"
        ):
            list(zarr.open_group(store))
        assert zarr.open_group(store)["a"][:].tolist() == [1, 2]

    def test_a_bucket_that_is_not_there_is_no_empty_one(self, cloud):
        elsewhere = obstore.store.S3Store(
            "nowhere",
            endpoint=cloud.url,
            region="us-east-1",
            access_key_id="test-key-id",
            secret_access_key="test-secret-key",
            client_options={"allow_http": True},
        )
        for call in (
            lambda: ObjectStore(elsewhere).read("a"),
            lambda: zarr.open_array(elsewhere),
            lambda: zarr.create_array(elsewhere, data=[1]),
            lambda: list(ObjectStore(elsewhere).list_keys("")),
        ):
            with pytest.raises(StoreRequestError, match="There is no such bucket"):
                call()

    @pytest.mark.parametrize("how", ["cut", "short", "shifted", "whole"])
    @pytest.mark.parametrize("part", [RangeByteRequest(2, 8), SuffixByteRequest(4)])
    def test_wrong_answers_are_asked_for_again(self, cloud, kind, how, part):
        store = store_over(cloud, kind)
        put(store, "a", b"0123456789")
        cloud.fail(how, times=2, methods=["GET"])
        assert read(store, "a", byte_range=part) == (b"234567" if isinstance(part, RangeByteRequest) else b"6789")
        assert cloud.n_faults == 2

    def test_and_are_an_error_if_they_stay_wrong(self, cloud, store):
        put(store, "a", b"0123456789")
        cloud.fail("short", methods=["GET"])
        with pytest.raises(StoreRequestError, match="3 bytes came of the 6"):
            store.read("a", RangeByteRequest(2, 8))

    def test_what_is_empty_may_be_sent_whole(self, cloud, store):
        put(store, "a", b"")
        version = store.read("a").version
        cloud.be("sends-empty-whole")
        for part in (SuffixByteRequest(4), RangeByteRequest(2, 8), OffsetByteRequest(1)):
            assert read(store, "a", byte_range=part) == b""
            assert read(store, "a", byte_range=part, version=version) == b""

    def test_no_server_at_all(self, cloud):
        lost = obstore_over(cloud)
        there = obstore.store.S3Store(
            config={**lost.config, "endpoint": "http://127.0.0.1:9"},
            client_options={"allow_http": True},
            retry_config=ONCE,
        )
        with pytest.raises(StoreRequestError, match=r"s3://bucket/a .*[Cc]onnection refused"):
            ObjectStore(there).read("a")

    def test_a_timeout_is_for_each_attempt(self, cloud):
        store = store_over(
            cloud,
            client_options={"allow_http": True, "timeout": timedelta(milliseconds=200)},
            retry_config={**IMPATIENT, "max_retries": 1},
        )
        put(store_over(cloud), "a", b"x")
        cloud.wait(0.5)
        with pytest.raises(StoreRequestError, match="after 2 attempts"):
            store.read("a")


class TestCredentials:
    def everything_said(self, store):
        said = [repr(store), str(store), str(store / "a") if hasattr(store, "__truediv__") else ""]
        for call in (lambda: store.read("a"), lambda: store.put("a", buf(b"x")), lambda: list(store.list_keys(""))):
            with pytest.raises(OSError) as told:
                call()
            said.append("".join(traceback.format_exception(told.value)))
        return "\n".join(said)

    def test_none_are_shown(self, cloud, kind):
        cloud.fail("refuse", status=403)
        store = store_over(cloud, kind, retry_config=ONCE)
        said = self.everything_said(store)
        for secret in ("test-secret-key", "test-key-id", "Eby8vdM02", "private_key"):
            assert secret not in said

    def test_signatures_in_urls_are_not_shown(self, cloud):
        signed = obstore.store.AzureStore(
            BUCKET,
            account_name="devstoreaccount1",
            sas_token="sv=2022&sig=verysecret",
            endpoint=f"{cloud.url}/devstoreaccount1",
            client_options={"allow_http": True},
            retry_config=ONCE,
        )
        for how in ("refuse", "drop"):
            cloud.fail()
            cloud.fail(how, status=503)
            assert "verysecret" not in self.everything_said(ObjectStore(signed))

    def test_they_are_asked_for_again_when_they_are_refused(self, cloud):
        asked = []

        def provide():
            asked.append(1)
            return {"access_key_id": f"key-{len(asked)}", "secret_access_key": "s", "token": None, "expires_at": None}

        store = ObjectStore(
            obstore.store.S3Store(
                BUCKET,
                endpoint=cloud.url,
                region="us-east-1",
                prefix="root",
                credential_provider=provide,
                client_options={"allow_http": True},
            )
        )
        put(store, "a", b"x")
        assert len(asked) == 1
        cloud.fail("refuse", status=403, times=1)
        assert read(store, "a") == b"x"
        assert len(asked) == 2

    def test_coroutines_may_provide_them(self, cloud, engine):
        asked = []

        class Provider:
            def __init__(self):
                self.config = {"region": "us-east-1"}

            async def __call__(self):
                await asyncio.sleep(0)
                asked.append(1)
                return {"access_key_id": "a", "secret_access_key": "s", "token": None, "expires_at": None}

        options = {"endpoint": cloud.url, "prefix": "root", "client_options": {"allow_http": True}}
        store = ObjectStore(obstore.store.S3Store(BUCKET, credential_provider=Provider(), **options))
        array = zarr.create_array(store, data=np.arange(6), chunks=2)
        assert array[:].tolist() == list(range(6))
        assert run(array.async_array.getitem(slice(2))).tolist() == [0, 1]
        assert asked

    def test_who_provides_none_is_told_of(self, cloud):
        def provide():
            raise LookupError("the vault is closed")

        given = obstore.store.S3Store(BUCKET, endpoint=cloud.url, region="us-east-1", credential_provider=provide)
        with pytest.raises(StorePermissionError, match=r"LookupError: the vault is closed\. Check the credentials"):
            ObjectStore(given).read("a")

    @pytest.mark.parametrize(
        "said",
        [
            "Client error with status code: 400 Bad Request: <Error><Code>ExpiredToken</Code></Error>",
            "Client error with status code: 400 Bad Request: <Error><Code>TokenRefreshRequired</Code></Error>",
        ],
    )
    def test_s3_says_with_a_400_that_they_are_over(self, said):
        assert failure_of(RuntimeError(said)).kind is Kind.DENIED

    def test_neither_are_those_in_an_address(self):
        url = "http://me:hunter2@127.0.0.1:9/x?signature=verysecret"
        store = ObjectStore.from_url(url, storage_options={"retry_config": ONCE})
        said = repr(store) + str(store)
        for call in (lambda: store.read("a"), lambda: store.put("a", buf(b"x")), lambda: zarr.open_group(store)):
            with pytest.raises(OSError) as caught:
                call()
            said += "".join(traceback.format_exception(caught.value))
        with pytest.raises(ArgumentError) as told:
            ObjectStore.from_url(url, storage_options={"nonsense": 1})
        assert "http://***@127.0.0.1:9/x" in said
        for secret in ("hunter2", "verysecret"):
            assert secret not in said + str(told.value)

    def test_memory_cannot_be_pickled(self):
        with pytest.raises(TypeError, match="memory of this process"):
            pickle.dumps(ObjectStore(obstore.store.MemoryStore()))


class TestWhereverAStoreIs:
    def test_stores_of_obstore_are_taken(self, cloud, kind):
        there = obstore_over(cloud, kind)
        zarr.save(there, np.arange(3))
        assert zarr.load(there).tolist() == [0, 1, 2]
        assert isinstance(zarr.open_array(there, mode="r").store, ObjectStore)
        assert zarr.open_array(there, mode="r").store.read_only

    def test_what_is_none_is_refused(self):
        with pytest.raises(TypeError, match="store of obstore"):
            ObjectStore("s3://bucket")
        with pytest.raises(ArgumentError, match="max_concurrency"):
            ObjectStore(obstore.store.MemoryStore(), max_concurrency=0)

    @pytest.mark.parametrize("url", ["s3://bucket/root", "s3a://bucket/root"])
    def test_urls_and_the_words_of_s3fs(self, cloud, url):
        words = {
            "key": "k",
            "secret": "test-secret-key",
            "client_kwargs": {"endpoint_url": cloud.url, "region_name": "us-east-1"},
        }
        store = ObjectStore.from_url(url, storage_options=words)
        put(store, "a", b"x")
        assert get(store_over(cloud), "a") == b"x"
        anonymous = {"anon": True, "endpoint_url": cloud.url, "region": "us-east-1", "missing_on": (403,)}
        store = ObjectStore.from_url(url, storage_options=anonymous, read_only=True)
        assert get(store, "a") == b"x"
        assert store.read_only
        assert "test-secret" not in repr(store)

    def test_what_no_option_is_called(self):
        with pytest.raises(ArgumentError, match=r"s3://bucket.*\['colour'\].*colour"):
            ObjectStore.from_url("s3://bucket", storage_options={"colour": "red"})

    def test_places_are_told_apart(self, cloud):
        one, other = store_over(cloud, prefix="a"), store_over(cloud, prefix="a/b")
        assert one != other
        assert one == store_over(cloud, prefix="a")
        assert one != one.with_read_only(True)
        assert str(one) == "s3://bucket/a"
        assert one._whereabouts("b/c")[-1] == other._whereabouts("c")[-1]
        elsewhere = ObjectStore.from_url("s3://bucket/a", storage_options={"endpoint": "http://me:hunter2@127.0.0.1:9"})
        assert one._known_as() == store_over(cloud, prefix="a", read_only=True)._known_as()
        assert len({each._known_as() for each in (one, other, elsewhere)}) == 3
        assert "hunter2" not in elsewhere._known_as()

    def test_without_obstore_it_is_said_how_to_install_it(self):
        program = (
            "import sys\nsys.modules['obstore'] = None\nimport zarr\n"
            "try: zarr.storage.ObjectStore.from_url('s3://b')\nexcept ImportError as exc: print(exc)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
        assert 'pip install "obstore>=0.8"' in done.stdout


class TestClients:
    def raw(self, cloud, kind="s3", **options):
        return store_over(cloud, kind, **options)._client.raw

    def test_stores_made_of_the_same_share_one(self, cloud, kind):
        assert self.raw(cloud, kind) is self.raw(cloud, kind, read_only=True, max_concurrency=3)

    def test_others_do_not(self, cloud, monkeypatch):
        first = self.raw(cloud)
        assert self.raw(cloud, prefix="elsewhere") is not first
        assert self.raw(cloud, access_key_id="another") is not first
        assert self.raw(cloud, client_options={"allow_http": True, "timeout": "7s"}) is not first
        monkeypatch.setenv("AWS_SESSION_TOKEN", "of the environment")
        assert self.raw(cloud) is not first

    def test_who_gives_credentials_is_told_apart(self, cloud):
        def lender():
            return lambda: {"access_key_id": "k", "secret_access_key": "s", "token": None, "expires_at": None}

        def raw(provider):
            given = obstore.store.S3Store(BUCKET, endpoint=cloud.url, region="us-east-1", credential_provider=provider)
            return ObjectStore(given)._client.raw

        one, other = lender(), lender()
        assert raw(one) is raw(one)
        assert raw(one) is not raw(other)

    def test_options_that_cannot_be_compared_make_a_client_of_their_own(self, cloud):
        options = {"allow_http": True, "default_headers": {"x-of": "test"}}
        store = store_over(cloud, client_options=options)
        put(store, "a", b"x")
        assert read(store, "a") == b"x"
        assert store._client.raw is not self.raw(cloud, client_options=options)

    def test_of_many_places_the_last_ones_are_kept(self, cloud):
        first = self.raw(cloud)
        for number in range(40):
            self.raw(cloud, prefix=f"p{number}")
        assert self.raw(cloud) is not first
        assert self.raw(cloud, prefix="p39") is self.raw(cloud, prefix="p39")

    def test_a_child_makes_its_own(self, cloud):
        store = store_over(cloud)
        before = store._client.raw
        assert end_of_child(lambda: store._client.raw is before) == 0


class TestShapes:
    """Where nobody can be kept out, versions tell of who else changes a shape."""

    @pytest.fixture
    def array(self, cloud, engine):
        return zarr.create_array(store_over(cloud), name="a", data=np.arange(5), chunks=4)

    def test_appends_see_chunks_of_others_beyond_the_end_that_they_knew(self, array, cloud):
        other = zarr.open_array(store_over(cloud), path="a")
        for number in range(4):
            (array if number % 2 else other).append([10 + number])
        assert zarr.open_array(store_over(cloud), path="a")[:].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13]
        assert array.append(np.zeros(0, int)) == (9,)
        with pytest.raises(ValueError, match="not compatible"):
            array.append([[1]])

    def test_what_a_write_could_not_store_is_the_fill_value(self, array, cloud):
        patient = zarr.open_array(store_over(cloud, retry_config=ONCE), path="a")
        cloud.fail("refuse", methods=["PUT"], within="/c/")
        with pytest.raises(StoreRequestError):
            patient.append([7, 7])
        cloud.fail()
        array.append([8])
        assert array[:].tolist() == [0, 1, 2, 3, 4, 0, 0, 8]

    def test_resizing_clears_and_reveals(self, array, cloud):
        array.resize(3)
        array.resize(7)
        assert array[:].tolist() == [0, 1, 2, 0, 0, 0, 0]
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/0"]

    def test_a_resize_that_meets_an_append_leaves_that_alone(self, array, cloud, monkeypatch):
        other = zarr.open_array(store_over(cloud), path="a")
        other.store._place = conditions.Place()  # as in another process: no turns are taken with this one
        read_chunk = type(array.store).read
        appended = []

        def read_slowly(store, key, *args, **kwargs):
            found = read_chunk(store, key, *args, **kwargs)
            if key == "a/c/1" and not appended:
                appended.append(key)
                other.append([77])
            return found

        monkeypatch.setattr(type(array.store), "read", read_slowly)
        with pytest.raises(ConcurrentChangeError):
            array.resize(8)
        assert appended
        assert zarr.open_array(store_over(cloud), path="a")[:].tolist() == [0, 1, 2, 3, 4, 77]

    def test_a_part_that_becomes_the_fill_value_is_stored(self, array, cloud):
        array[:4] = 1
        array[:2] = 0
        array[2:4] = 0
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/0", "a/c/1"]
        assert array[:].tolist() == [0, 0, 0, 0, 4]
        array[:4] = 0
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/1"]

    def test_so_it_is_in_a_shard(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="s", data=np.ones(8, int), chunks=2, shards=8)
        array[:4] = 0
        array[4:8] = 0
        assert array[:].tolist() == [0] * 8
        assert array.store.size("s/c/0") is not None


def test_attributes_that_a_thread_changes_while_a_node_is_made_are_not_lost(cloud, monkeypatch):
    """In format 2 whoever makes a node looks at its attributes again, which others may find before."""
    store = store_over(cloud)
    threads = []

    def change():
        zarr.open_array(store, path="a").attrs.update(x=1)

    def look_late(store, made):
        if made[0][0].startswith("a/"):  # and not of the group above
            threads.append(threading.Thread(target=change))
            threads[0].start()
            threads[0].join(0.2)
        yield from look(store, made)

    look = create._see_to_it
    monkeypatch.setattr(create, "_see_to_it", look_late)
    zarr.create_array(store, name="a", shape=1, dtype="i4", zarr_format=2, attributes={"by": 1})
    threads[0].join()
    assert dict(zarr.open_array(store, path="a").attrs) == {"by": 1, "x": 1}


class TestInterrupts:
    def test_who_waits_for_a_server_can_be_interrupted(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=1)
        cloud.wait(0.2)

        def stop(number, frame):
            raise InterruptedError("enough")

        gc.collect()  # what a handler raises in a destructor of something old is lost
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(InterruptedError, match="enough"):
                array[:]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        cloud.wait(0)
        assert array[:].sum() == 4950

    def test_a_task_that_is_cancelled_makes_no_more_attempts(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(4), chunks=2)
        patient = {
            "max_retries": 10,
            "backoff": {"init_backoff": timedelta(seconds=60), "max_backoff": timedelta(seconds=60)},
        }
        array = zarr.open_array(store_over(cloud, retry_config=patient), path="a")
        cloud.fail("refuse", status=503, methods=["PUT"], within="/c/")

        async def work():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(array.async_array.setitem(slice(None), 7), 0.2)

        asyncio.run(work())
        cloud.fail()
        assert array[:].tolist() == [0, 1, 2, 3]

    def test_a_task_that_is_cancelled_writes_no_more(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=1)
        cloud.wait(0.1)

        async def work():
            task = asyncio.ensure_future(array.async_array.setitem(slice(None), 7))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(work())
        cloud.wait(0)
        found = array[:]
        assert (found == 7).sum() <= 64
        assert (array[:] == found).all()


class TestAnywhere:
    def test_in_many_threads(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(320), chunks=10)
        found = []
        in_threads([lambda i=i: found.append((i, array[10 * i : 10 * i + 10].tolist())) for i in range(32)])
        assert sorted(found) == [(i, list(range(10 * i, 10 * i + 10))) for i in range(32)]

    def test_inside_a_running_loop(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=10)

        async def work():
            array[5] = 0
            return int(array[:].sum()), int((await array.async_array.getitem(slice(None))).sum())

        assert asyncio.run(work()) == (4945, 4945)

    def test_synchronous_use_needs_no_event_loop(self, cloud):
        program = (
            "import sys, zarr\n"
            "from tests.remote.clouds import store_over\n"
            "from tests.servers.running import RunningCloud\n"
            "from zarr._support import bridge\n"
            f"array = zarr.create_array(store_over(RunningCloud({cloud.port})), data=list(range(50)), chunks=2)\n"
            "array[1:9] = 0\n"
            "assert array[:].sum() == 1225 - 36\n"
            "assert not bridge.is_running()\n"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, timeout=60, check=True)


class TestCaches:
    """Before an object store, which has no old versions, lies a cache that may have them."""

    def test_parts_of_a_shard_that_others_replace_are_not_stale(self, cloud, engine):
        there = zarr.create_array(store_over(cloud), data=np.arange(32), chunks=4, shards=16)
        cached = zarr.open_array(CacheStore(store_over(cloud), cache_store=MemoryStore()), mode="r+")
        for number in range(3):
            there[2:6] = number
            for _ in range(2):
                assert cached[2:6].tolist() == [number] * 4
        cached[2:6] = 7
        assert cached[2:6].tolist() == [7] * 4

    def test_coroutines_ask_as_many_at_once_as_without_it(self, cloud):
        store = store_over(cloud)
        for number in range(40):
            put(store, str(number), b"x")
        cached = CacheStore(store, cache_store=MemoryStore())
        cloud.forget_requests()
        cloud.gather(40)

        async def read_all():
            return await asyncio.gather(*(cached.get(str(number), buffer_prototype) for number in range(40)))

        assert len(asyncio.run(read_all())) == 40
        assert cloud.peak == 40

    def test_it_saves_the_bytes_of_parts_that_were_read(self, cloud, engine):
        zarr.create_array(store_over(cloud), data=np.arange(64), chunks=8, shards=64, compressors=None)
        store = zarr.storage.TraceStore(store_over(cloud))
        array = zarr.open_array(CacheStore(store, cache_store=MemoryStore()), mode="r")
        array[:8]
        store.reset()
        assert array[:8].tolist() == list(range(8))
        assert (store.total.requests, store.total.bytes_read) == (1, 1)


class TestWebServers:
    """Through obstore, which has no words of its own for versions that a server is not sure of."""

    @pytest.mark.parametrize("tags", ["strong", "weak", None])
    def test_a_window_in_a_shard(self, tmp_path, engine, tags):
        values = np.arange(64, dtype="i4")
        array = zarr.create_array(
            LocalStore(tmp_path), data=values, chunks=4, shards=32, compressors=None, overwrite=True
        )
        with served(WebServer(tmp_path, tags=tags)) as server:
            store = ObjectStore.from_url(server.url, storage_options={"retry_config": IMPATIENT})
            found = zarr.open_array(store, mode="r")
            assert found[2:9].tolist() == values[2:9].tolist()
            stamps = (tmp_path / "c/0").stat()
            array[:] = values + 100
            os.utime(tmp_path / "c/0", ns=(stamps.st_atime_ns, stamps.st_mtime_ns))  # within the same second, say
            assert found[2:9].tolist() == (values[2:9] + 100).tolist()


def test_nobody_connects_to_other_machines():
    with socket.socket() as end, pytest.raises(AssertionError, match="not on this machine"):
        end.connect(("192.0.2.1", 80))
    assert os.environ["HTTPS_PROXY"]
    there = obstore.store.S3Store("b", endpoint="http://192.0.2.1", skip_signature=True, retry_config=ONCE)
    with pytest.raises(OSError):
        ObjectStore(there).read("a")
