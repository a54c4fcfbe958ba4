"""Zip archives in buckets and on web servers, by URL: how many requests they take, and what happens when they are replaced."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import obstore
import pytest

import zarr
from tests.servers.clouds import AZURE_KEY, BUCKET, obstore_over
from tests.suites.children import end_of_child
from tests.suites.web_server import WebServer, served
from zarr.errors import StoreFileError, StoreRequestError
from zarr.storage import FsspecStore, ObjectStore, StorePath, WrapperStore, ZipStore

DATA = np.arange(400_000, dtype="i4").reshape(400, 1000)
NAMES = {"s3": "s3", "gs": "gs", "az": "abfs"}


def made(path, data=DATA, **options):
    """The bytes of an archive with an array that is larger than what is fetched of its end."""
    options = {"chunks": (20, 1000), "compressors": None, **options}
    with ZipStore(path, mode="w") as store:
        root = zarr.create_group(store, attributes={"ome": {"version": "0.5"}})
        array = root.create_array("x", shape=data.shape, dtype=data.dtype, **options)
        for first in range(0, len(data), 200):  # in this order, so that the end of the archive is that of the array
            array[first : first + 200] = data[first : first + 200]
    return path.read_bytes()


class Passing(WrapperStore):
    """Wants to see what is read."""

    async def get(self, key, prototype, byte_range=None):
        return await super().get(key, prototype, byte_range)


def options_for(cloud, kind):
    """In the words of fsspec's packages."""
    if kind == "s3":
        return {"key": "test-key-id", "secret": "test-secret-key", "endpoint_url": cloud.url}
    if kind == "az":
        endpoint = f"{cloud.url}/devstoreaccount1"
        said = f"AccountName=devstoreaccount1;AccountKey={AZURE_KEY};BlobEndpoint={endpoint}"
        return {"connection_string": said}
    account = {"private_key": "none", "private_key_id": "none", "client_email": "none", "disable_oauth": True}
    token = {"type": "service_account", "gcs_base_url": cloud.url, **account}
    return {"token": token, "client_options": {"allow_http": True}}


@pytest.fixture
def put(cloud, kind, tmp_path):
    """Put an archive into the bucket; answers with its URL and the options for it."""

    def put(name="a.zip", **options):
        obstore.put(obstore_over(cloud, kind), name, made(tmp_path / name, **options))
        return f"zip::{NAMES[kind]}://{BUCKET}/root/{name}", options_for(cloud, kind)

    return put


def ranges(cloud):
    """How many bytes were sent for each request since the last call."""
    sent = [(request["method"], request["sent"]) for request in cloud.requests]
    cloud.forget_requests()
    return [(method, n) for method, n in sent if method != "HEAD"]


class TestBuckets:
    @pytest.mark.parametrize(
        "options", [{}, {"shards": (200, 1000)}, {"chunks": (20, 500)}], ids=["chunks", "shards", "columns"]
    )
    def test_at_a_url(self, put, kind, engine, options):
        url, words = put(**options)
        group = zarr.open_group(url, mode="r", storage_options=words)
        assert type(group.store) is ZipStore
        assert (group["x"][:] == DATA).all()
        assert (group["x"][15:210, 3:7] == DATA[15:210, 3:7]).all()
        assert repr(group.store) == f"ZipStore('{url}', in ObjectStore('{kind}://bucket/root', by obstore))"
        assert zarr.open_array(url, path="x", storage_options=words)[5, 5] == 5005

    def test_under_the_name_of_the_protocol(self, put, kind):
        url, words = put()
        nested = {NAMES[kind]: words}
        assert zarr.open_array(url, path="x", mode="r", storage_options=nested)[5, 5] == 5005
        assert zarr.open_array(url, path="x", mode="r", storage_options={**nested, "zip": {}})[5, 5] == 5005

    def test_as_a_store(self, cloud, put, kind):
        url, words = put()
        for store in (
            ZipStore.from_url(url, storage_options=words),
            ZipStore.from_url(url.removeprefix("zip::"), storage_options=words),
            ZipStore(StorePath(ObjectStore(obstore_over(cloud, kind)), "a.zip")),
        ):
            assert zarr.open_array(store, path="x")[5, 5] == 5005

    def test_a_single_file_ome_zarr(self, cloud, kind, tmp_path):
        zarr.create_group(tmp_path / "i.zarr", attributes={"ome": {"version": "0.5"}}).create_array("0", data=DATA)
        zarr.storage.zip_directory(tmp_path / "i.zarr", tmp_path / "i.ozx", ozx=True)
        obstore.put(obstore_over(cloud, kind), "i.ozx", (tmp_path / "i.ozx").read_bytes())
        url = f"zip::{NAMES[kind]}://{BUCKET}/root/i.ozx"
        image = zarr.open_group(url, mode="r", storage_options=options_for(cloud, kind))
        assert image.attrs["ome"] == {"version": "0.5"}
        assert (image["0"][:] == DATA).all()


class TestRequests:
    @pytest.fixture
    def array(self, cloud, put, kind, request):
        url, words = put(**getattr(request, "param", {}))
        cloud.forget_requests()
        return zarr.open_array(url, path="x", mode="r", storage_options=words)

    def test_opening_is_one_for_the_end_and_one_for_the_document(self, cloud, array):
        first, second = ranges(cloud)
        assert first == ("GET", 2**18)
        assert second[1] < 2000

    def test_a_chunk_is_one(self, cloud, array, engine):
        ranges(cloud)
        cloud.gather(3)
        assert (array[5:45] == DATA[5:45]).all()
        assert [n - n % 80_000 for _, n in ranges(cloud)] == [80_000] * 3
        assert cloud.peak <= 3

    def test_what_is_not_there_is_none(self, cloud, kind, put, engine, tmp_path):
        url, words = put(data=np.zeros((400, 1000), "i4"))
        array = zarr.open_array(url, path="x", mode="r", storage_options=words)
        cloud.forget_requests()
        assert not array[:].any()
        assert ranges(cloud) == []

    @pytest.mark.parametrize("array", [{"shards": (200, 1000)}], indirect=True, ids=["shards"])
    def test_an_inner_chunk_is_one_and_the_index_another_the_first_time(self, cloud, array, engine):
        ranges(cloud)
        assert (array[45:50] == DATA[45:50]).all()
        assert [n for _, n in ranges(cloud)] == [10 * 16 + 4, 80_000]
        assert (array[65:70] == DATA[65:70]).all()
        assert [n for _, n in ranges(cloud)] == [80_000]

    def test_many_at_once_by_way_of_a_store_that_is_awaited(self, cloud, put, kind, engine):
        """There as many requests wait for others as there are threads for requests."""
        put()
        store = ZipStore(StorePath(Passing(ObjectStore(obstore_over(cloud, kind))), "a.zip"))
        with zarr.config.set({"async.concurrency": 4}):
            array = zarr.open_array(store, path="x")
            assert (array[:] == DATA).all()
            assert (zarr.core.sync.sync(array.async_array.getitem(...)) == DATA).all()

    @pytest.mark.parametrize("array", [{"shards": (200, 1000)}], indirect=True, ids=["shards"])
    def test_coroutines_ask_for_no_more(self, cloud, array, engine):
        ranges(cloud)
        found = zarr.core.sync.sync(array.async_array.getitem(slice(45, 50)))
        assert (found == DATA[45:50]).all()
        assert len(ranges(cloud)) == 2


class TestReplacedArchives:
    def test_it_is_an_error(self, put, engine):
        for options in ({}, {"shards": (200, 1000)}):
            url, words = put(**options)
            array = zarr.open_array(url, path="x", mode="r", storage_options=words)
            assert array[0, 1] == 1
            put(data=DATA + 1, **options)
            with pytest.raises(StoreFileError, match=r"a\.zip: the zip archive was replaced or deleted.*Open it again"):
                array[45]
            assert zarr.open_array(url, path="x", mode="r", storage_options=words)[0, 1] == 2

    def test_a_store_that_is_opened_again_reads_the_new_one(self, put, engine):
        """Also where the index of a shard was kept."""
        for options in ({}, {"shards": (200, 1000)}):
            url, words = put(**options)
            store = ZipStore.from_url(url, storage_options=words)
            array = zarr.open_array(store, path="x")
            assert array[5, 5] == 5005
            put(data=DATA + 1, **options)
            store.close()
            assert array[25, 5] == 25_006
            assert array[5, 5] == 5006

    def test_so_is_one_that_is_gone(self, cloud, kind, put):
        url, words = put()
        array = zarr.open_array(url, path="x", mode="r", storage_options=words)
        obstore.delete(obstore_over(cloud, kind), "a.zip")
        with pytest.raises(StoreFileError, match="replaced or deleted"):
            array[45]
        with pytest.raises(FileNotFoundError):
            zarr.open_array(url, path="x", mode="r", storage_options=words)

    def test_faults_are_tried_again(self, cloud, put):
        url, words = put()
        array = zarr.open_array(url, path="x", mode="r", storage_options=words)
        cloud.fail("refuse", status=503, times=2, methods=["GET"])
        cloud.fail("short", times=1, methods=["GET"])
        assert (array[45] == DATA[45]).all()
        assert cloud.n_faults == 3

    def test_or_told(self, cloud, put):
        url, words = put()
        array = zarr.open_array(url, path="x", mode="r", storage_options={**words, "retry_config": {"max_retries": 0}})
        cloud.fail("refuse", status=503, methods=["GET"])
        with pytest.raises(StoreRequestError, match="503"):
            array[45]


class TestTheObject:
    def test_nothing_can_be_written(self, cloud, put, kind):
        url, words = put()
        array = zarr.open_array(url, path="x", mode="r+", storage_options=words)
        for call in (
            lambda: array.__setitem__(0, 1),
            lambda: array.append(DATA),
            lambda: array.attrs.update(a=1),
            lambda: zarr.create_array(url, name="y", shape=1, dtype="i4", storage_options=words),
            lambda: zarr.open_group(url, mode="w", storage_options=words),
        ):
            cloud.forget_requests()
            with pytest.raises(ValueError, match=r"only read\. Copy it to a local file"):
                call()
            assert {request["method"] for request in cloud.requests} <= {"GET", "HEAD"}

    def test_what_names_no_archive(self):
        for url in ("zip::s3://bucket/", "zip::s3://bucket", "zip::https://host"):
            with pytest.raises(ValueError, match="names no zip archive"):
                zarr.open(url, mode="r", storage_options={"anon": True})

    def test_other_processes(self, put):
        url, words = put()
        array = zarr.open_array(url, path="x", mode="r", storage_options=words)
        assert array[0, 7] == 7
        assert end_of_child(lambda: int(array[0, 8])) == 8
        assert pickle.loads(pickle.dumps(array))[0, 9] == 9
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert (pool.apply_async(np.asarray, (array,)).get(120) == DATA).all()

    def test_credentials_are_not_shown(self, cloud, put, kind):
        url, words = put()
        store = ZipStore.from_url(url, storage_options=words)
        cloud.fail("refuse", status=403)
        with pytest.raises(OSError) as caught:
            store.get_sync("x/zarr.json")
        for secret in ("test-secret-key", AZURE_KEY, "private_key"):
            assert secret not in repr(store) + str(caught.value)


class TestWebServers:
    @pytest.fixture(params=["fsspec", "obstore"])
    def backend(self, request):
        with zarr.config.set({"storage.backend": request.param}):
            yield {"fsspec": FsspecStore, "obstore": ObjectStore}[request.param]

    @pytest.fixture(params=["a.zip", "my data.zip"])
    def name(self, request):
        return request.param

    @pytest.fixture
    def server(self, tmp_path, name):
        (tmp_path / "deep").mkdir()
        made(tmp_path / "deep" / name, shards=(200, 1000))
        with served(WebServer(tmp_path)) as server:
            server.archive = f"zip::{server.url}/deep/{name.replace(' ', '%20')}"
            yield server

    def test_at_a_url(self, server, backend, engine):
        array = zarr.open_array(server.archive, path="x", mode="r")
        assert type(array.store._source.place.store) is backend
        assert (array[:] == DATA).all()
        assert array[45, 5] == 45_005

    def test_how_many_requests(self, server, backend, engine):
        array = zarr.open_array(server.archive, path="x", mode="r")
        del server.requests[:]
        assert (array[45:50] == DATA[45:50]).all()
        assert (array[65:70] == DATA[65:70]).all()
        assert len(server.requests) == 3
        assert {request[0] for request in server.requests} == {"GET"}

    def test_one_that_was_replaced(self, server, backend, engine, tmp_path, name):
        array = zarr.open_array(server.archive, path="x", mode="r")
        assert array[0, 1] == 1
        made(tmp_path / "deep" / name, data=DATA + 1, shards=(200, 1000))
        with pytest.raises(StoreFileError, match="was replaced"):
            array[45]

    def test_a_server_without_ranges(self, server, backend):
        server.has_ranges = False
        with pytest.raises(OSError, match=r"[Rr]ange"):
            zarr.open_array(server.archive, path="x", mode="r")

    def test_signed_addresses(self, server, engine):
        with zarr.config.set({"storage.backend": "fsspec"}):
            array = zarr.open_array(f"{server.archive}?signature=verysecret", path="x", mode="r")
        assert array[45, 5] == 45_005
        assert all(path.endswith("?signature=verysecret") for _, path, _ in server.requests)
        assert "verysecret" not in repr(array.store) + str(array.store)
