"""What `ObjectStore` says when a server refuses, answers wrongly or is not there."""

from __future__ import annotations

import asyncio
import traceback
from datetime import timedelta

import numpy as np
import obstore
import obstore.store
import pytest

import zarr
from tests.servers.clouds import BUCKET, IMPATIENT, obstore_over, store_over
from tests.suites.calls import buf, put, read, run
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.errors import (
    ArgumentError,
    StorePermissionError,
    StoreRequestError,
)
from zarr.storage import ObjectStore

ONCE = {"max_retries": 0}
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


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
