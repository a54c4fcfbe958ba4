"""Where an `ObjectStore` is taken, and how it is made: stores of obstore, URLs, caches before it, web servers behind it."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import subprocess
import sys

import numpy as np
import obstore
import obstore.store
import pytest

import zarr
from tests.servers.clouds import AZURE_KEY, BUCKET, IMPATIENT, obstore_over, store_over
from tests.suites.calls import get, put, read
from tests.suites.children import end_of_child
from tests.suites.web_server import WebServer, served
from zarr._store.make import make_store
from zarr._store.remote import region
from zarr.buffer.cpu import buffer_prototype
from zarr.errors import ArgumentError, StoreRequestError
from zarr.experimental.cache_store import CacheStore
from zarr.storage import LocalStore, MemoryStore, ObjectStore

ONCE = {"max_retries": 0}
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


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

    def test_the_words_of_adlfs(self, cloud):
        endpoint = f"{cloud.url}/devstoreaccount1"
        said = f"AccountName=devstoreaccount1;AccountKey={AZURE_KEY};BlobEndpoint={endpoint};"
        store = make_store("abfs://bucket/root", storage_options={"connection_string": said})
        put(store, "a", b"x")
        assert get(store_over(cloud, "az"), "a") == b"x"
        assert AZURE_KEY not in repr(store)

    def test_the_words_of_gcsfs(self, cloud):
        account = {"private_key": "none", "private_key_id": "none", "client_email": "none", "disable_oauth": True}
        token = {"type": "service_account", "gcs_base_url": cloud.url, **account}
        options = {"token": token, "project": "p", "client_options": {"allow_http": True}}
        put(make_store("gs://bucket/root", storage_options=options), "a", b"x")
        assert get(store_over(cloud, "gs"), "a") == b"x"

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


class TestRegions:
    """A bucket is found in its region, which need not be named, as s3fs does it."""

    def test_the_server_is_asked_where_the_bucket_is(self, cloud, engine, monkeypatch):
        monkeypatch.setattr(region, "_known", {})
        cloud.be("lies-elsewhere")
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(10), chunks=5)
        array[2:7] = 0
        assert array[:].tolist() == [0, 1, 0, 0, 0, 0, 0, 7, 8, 9]
        assert ("HEAD", f"/{BUCKET}") in [(request["method"], request["path"]) for request in cloud.requests]

    def test_it_is_known_from_then_on(self, cloud, monkeypatch):
        monkeypatch.setattr(region, "_known", {})
        cloud.be("lies-elsewhere")
        put(store_over(cloud), "a", b"x")
        cloud.forget_requests()
        assert get(store_over(cloud), "a") == b"x"
        assert [request["status"] for request in cloud.requests] == [200]
        assert pickle.loads(pickle.dumps(store_over(cloud))).store.config["region"] == "us-east-1"

    def test_where_nobody_tells_it_is_an_error(self, cloud, monkeypatch):
        monkeypatch.setattr(region, "_known", {})
        cloud.be("lies-elsewhere")
        monkeypatch.setattr(region, "_asked", lambda url: None)
        with pytest.raises(StoreRequestError, match="another region"):
            store_over(cloud, retry_config=ONCE).read("a")

    def test_nobody_is_asked_at_what_is_no_address(self):
        assert region.region_of({"endpoint": "file:///etc", "bucket": "passwd"}) is None
        assert region.region_of({"endpoint": "http://127.0.0.1:9", "bucket": "b"}) is None


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
