"""Credentials of object stores: shown nowhere, asked for again, provided by functions."""

from __future__ import annotations

import asyncio
import pickle
import traceback

import numpy as np
import obstore
import obstore.store
import pytest

import zarr
from tests.servers.clouds import BUCKET, store_over
from tests.suites.calls import buf, put, read, run
from zarr._store.remote.failures import Kind, failure_of
from zarr.errors import (
    ArgumentError,
    StorePermissionError,
)
from zarr.storage import ObjectStore

ONCE = {"max_retries": 0}
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


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
