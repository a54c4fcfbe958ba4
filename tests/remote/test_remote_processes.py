"""Arrays on object stores in other processes: forked from one that has used them, or new ones that were sent them."""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import pickle

import numpy as np
import obstore.store
import pytest

import zarr
from tests.conftest import PROFILE
from tests.servers.clouds import BUCKET, obstore_over, store_over
from tests.suites.children import end_of_child
from zarr.storage import LocalStore, ObjectStore, SQLiteStore, ZipStore

IS_LONG = PROFILE == "long"
N_FORKS = 200 if IS_LONG else 5
N_NEW = 200 if IS_LONG else 3
LATE_S = 120


class TestForks:
    """A client that was used never answers in a forked child; the child has one of its own."""

    def test_a_child_reads_with_a_store_that_was_used(self, cloud, kind, engine):
        store = store_over(cloud, kind)
        array = zarr.create_array(store, name="a", data=np.arange(100), chunks=10)
        assert array[:].sum() == 4950

        def work():
            array[5:15] = 0
            return int(array[:].sum())

        assert end_of_child(lambda: work() % 251) == (4950 - sum(range(5, 15))) % 251

    def test_it_waits_for_nothing_and_asks_for_nothing_twice(self, cloud, engine):
        """Its requests are those of its parent: none is lost, and made again when somebody has lost patience."""
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=10)
        for _ in range(N_FORKS):
            array[:]
            cloud.forget_requests()
            assert end_of_child(lambda: int(array[:].sum()) % 251) == 4950 % 251
            assert sorted(request["path"] for request in cloud.requests) == [
                f"/{BUCKET}/root/a/c/{i}" for i in range(10)
            ]

    def test_so_does_a_grandchild(self, cloud):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=10)

        def work():
            assert array[7] == 7
            return end_of_child(lambda: int(array[8]))

        assert end_of_child(work) == 8

    def test_so_does_one_with_an_event_loop(self, cloud):
        store = store_over(cloud)
        array = zarr.create_array(store, name="a", data=np.arange(100), chunks=10)
        asyncio.run(array.async_array.getitem(slice(None)))
        assert end_of_child(lambda: int(asyncio.run(array.async_array.getitem(7)))) == 7


def _change(array, first):
    array[first : first + 10] = first
    return int(array[:].sum())


class TestNewProcesses:
    """They are sent arrays by pickle."""

    @pytest.fixture(params=["s3", "gs", "az", "file", "sqlite"])
    def store(self, request, cloud, tmp_path):
        if request.param == "file":
            return LocalStore(tmp_path / "root")
        return SQLiteStore(tmp_path / "all.sqlite") if request.param == "sqlite" else store_over(cloud, request.param)

    def test_one_reads_and_writes(self, store, engine):
        array = zarr.create_array(store, name="a", data=np.arange(100), chunks=40)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.apply_async(_change, (array, 30)).get(LATE_S) == 4950 - sum(range(30, 40)) + 300
        assert array[29:41].tolist() == [29, *[30] * 10, 40]

    def test_one_reads_an_archive(self, tmp_path, engine):
        with ZipStore(tmp_path / "a.zip", mode="w") as store:
            zarr.create_array(store, data=np.arange(100), chunks=40)
        array = zarr.open_array(ZipStore(tmp_path / "a.zip", mode="r"))
        assert array[3] == 3
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.apply_async(np.asarray, (array,)).get(LATE_S).sum() == 4950

    def test_none_hangs(self, cloud):
        array = zarr.create_array(store_over(cloud), name="a", data=np.zeros(10 * N_NEW, "i4"), chunks=64)
        for number in range(N_NEW):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply_async(_change, (array, 10 * number)).get(LATE_S)
            assert found == 100 * sum(range(number + 1))


FOUND = {
    "AWS_ACCESS_KEY_ID": "found-key-id",
    "AWS_SECRET_ACCESS_KEY": "found-secret",
    "AWS_SESSION_TOKEN": "found-token",
    "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"found-key-of-azure").decode(),
    "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({"private_key": "found-private-key", "disable_oauth": True}),
}
SECRETS = ("found-key-id", "found-secret", "found-token", FOUND["AZURE_STORAGE_ACCOUNT_KEY"], "found-private-key")


class TestPickles:
    """They have what the user gave, and nothing that was found in the environment or asked of anybody."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch):
        for name, value in FOUND.items():
            monkeypatch.setenv(name, value)

    def check(self, array):
        assert array[:].tolist() == [1, 2, 3]
        pickled = pickle.dumps(array)
        assert not [secret for secret in SECRETS if secret.encode() in pickled]
        assert pickle.loads(pickled)[:].tolist() == [1, 2, 3]

    def test_of_a_url(self, cloud):
        store = ObjectStore.from_url(
            f"s3://{BUCKET}/root", storage_options={"endpoint": cloud.url, "region": "us-east-1"}
        )
        self.check(zarr.create_array(store, name="a", data=[1, 2, 3]))
        assert pickle.loads(pickle.dumps(store)) == store

    def test_of_a_store_of_obstore(self, cloud, kind):
        self.check(zarr.create_array(obstore_over(cloud, kind), name="a", data=[1, 2, 3]))

    def test_with_who_gives_credentials(self, cloud):
        there = obstore.store.S3Store(
            BUCKET,
            endpoint=cloud.url,
            region="us-east-1",
            credential_provider=_lend,
            client_options={"allow_http": True},
        )
        self.check(zarr.create_array(there, name="a", data=[1, 2, 3]))


def _lend():
    return {"access_key_id": "found-key-id", "secret_access_key": "found-secret", "token": None, "expires_at": None}
