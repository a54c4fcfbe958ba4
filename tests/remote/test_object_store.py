"""What is particular to `ObjectStore`: conditions, errors, credentials, pickles, forks, URLs."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
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
from tests.suites.threads import in_threads
from zarr._store.remote import client, conditions
from zarr._store.versioned import ABSENT
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.errors import (
    ArgumentError,
    ConcurrentChangeError,
    StorePermissionError,
    StoreRequestError,
    ZarrUserWarning,
)
from zarr.storage import ObjectStore

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

    def test_parts_that_do_not_belong_together_are_seen_although_the_server_does_not(self, cloud):
        cloud.be("ignores-conditions")
        store = store_over(cloud)
        put(store, "a", b"old value")
        version = store.read("a", SuffixByteRequest(1)).version
        put(store, "a", b"new value")
        with pytest.raises(ConcurrentChangeError):
            store.read("a", RangeByteRequest(0, 3), version=version)

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
    def test_a_swap_counts_once(self, cloud, store, how):
        put(store, "warm", b"x")
        store.put("warm", buf(b"y"), expected=store.read("warm").version)
        put(store, "a", b"old")
        version = store.read("a").version
        cloud.fail(how, times=2, methods=["PUT"])
        assert store.put("a", buf(b"new"), expected=version)
        assert cloud.n_faults == 2
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
            if found.data.to_bytes() == b"mine":
                assert other.put("a", buf(b"theirs"), expected=found.version)

        monkeypatch.setattr(client, "sleep", meanwhile)
        cloud.fail("lose", times=1, methods=["PUT"])
        assert store.put("a", buf(b"mine"), expected=version)
        assert read(store, "a") == b"theirs"

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
        put(store, "a", b"x")
        cloud.wait(0.5)
        with pytest.raises(StoreRequestError, match="after 2 attempts"):
            store.read("a")
        cloud.wait(0)
        assert read(store, "a") == b"x"


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

    def test_without_obstore_it_is_said_how_to_install_it(self):
        program = (
            "import sys\nsys.modules['obstore'] = None\nimport zarr\n"
            "try: zarr.storage.ObjectStore.from_url('s3://b')\nexcept ImportError as exc: print(exc)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
        assert 'pip install "obstore>=0.8"' in done.stdout


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


class TestInterrupts:
    def test_who_waits_for_a_server_can_be_interrupted(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=1)
        cloud.wait(0.2)

        def stop(number, frame):
            raise InterruptedError("enough")

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


def test_nobody_connects_to_other_machines():
    with socket.socket() as end, pytest.raises(AssertionError, match="not on this machine"):
        end.connect(("192.0.2.1", 80))
    assert os.environ["HTTPS_PROXY"]
    there = obstore.store.S3Store("b", endpoint="http://192.0.2.1", skip_signature=True, retry_config=ONCE)
    with pytest.raises(OSError):
        ObjectStore(there).read("a")
