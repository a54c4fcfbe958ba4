"""Stores on file systems of fsspec: which are called how, what they say when something goes wrong, and how they are made."""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import subprocess
import sys
import threading
from functools import partial

import fsspec
import numpy as np
import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.dirfs import DirFileSystem

import zarr
from tests.suites.calls import answer, buf, collect, get, put, run
from tests.suites.file_systems import DistantFiles, ObjectFiles, OtherFiles
from tests.suites.threads import in_threads
from zarr._store.access import capabilities, native_place, sync_contract
from zarr._store.versioned import ABSENT
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.buffer.cpu import buffer_prototype
from zarr.storage import FsspecStore, LocalStore, StorePath

NUMBERS = itertools.count()


@pytest.fixture
def bucket():
    """A new bucket of `ObjectFiles`: its objects, and its name."""
    name = f"bucket-{next(NUMBERS)}"
    ObjectFiles.buckets[name] = {}
    yield ObjectFiles.buckets[name], name
    del ObjectFiles.buckets[name]


@pytest.fixture(params=["thread", "loop"])
def objects(request, bucket):
    """A store in a bucket, over a file system of each kind that is awaited."""
    fs = ObjectFiles(asynchronous=request.param == "loop", skip_instance_cache=True)
    return FsspecStore(fs, path=f"{bucket[1]}/root")


KINDS = {
    "memory": lambda directory: FsspecStore(fsspec.filesystem("memory"), path=f"{directory}/root"),
    "local": lambda directory: FsspecStore.from_url(str(directory / "root")),
    "other local": lambda directory: FsspecStore(OtherFiles(), path=str(directory / "root")),
    "distant": lambda directory: FsspecStore(DistantFiles(), path=str(directory / "root")),
}


@pytest.fixture(params=KINDS)
def files(request, tmp_path):
    """A store over each kind of file system that is not awaited."""
    return KINDS[request.param](tmp_path)


@pytest.mark.filterwarnings("ignore:Consolidated metadata:zarr.errors.ZarrUserWarning")
class TestArrays:
    """Arrays and groups on it, with each engine."""

    @pytest.mark.usefixtures("engine")
    def test_life_of_a_group(self, files, zarr_format):
        self.live(files, zarr_format)

    @pytest.mark.usefixtures("engine")
    def test_life_of_a_group_of_objects(self, objects, zarr_format):
        self.live(objects, zarr_format)

    def live(self, store, zarr_format):
        root = zarr.create_group(store, zarr_format=zarr_format)
        shards = {"shards": (4, 6)} if zarr_format == 3 else {}
        array = root.create_array("a/b", shape=(8, 6), chunks=(2, 3), dtype=">i4", fill_value=-1, **shards)
        array[1:6, 2:] = np.arange(20).reshape(5, 4)
        array.append(np.ones((1, 6), "i4"))
        array.attrs["units"] = "m"
        again = zarr.open_group(store, mode="r")["a/b"]
        expected = np.full((9, 6), -1)
        expected[1:6, 2:] = np.arange(20).reshape(5, 4)
        expected[8] = 1
        np.testing.assert_array_equal(again[:], expected)
        np.testing.assert_array_equal(again[::3, [0, 5]], expected[::3, [0, 5]])
        assert dict(again.attrs) == {"units": "m"}
        assert [name for name, _ in root.members(max_depth=None)] == ["a", "a/b"]
        zarr.consolidate_metadata(store)
        assert zarr.open_consolidated(store)["a/b"].shape == (9, 6)
        del root["a"]
        assert list(zarr.open_group(store, mode="r", use_consolidated=False)) == []

    @pytest.mark.usefixtures("engine")
    def test_the_asynchronous_face(self, objects):
        async def work():
            group = await zarr.api.asynchronous.create_group(objects)
            array = await group.create_array("a", shape=10, chunks=3, dtype="f8")
            await array.setitem(slice(2, 9), 5)
            return await array.getitem(slice(None))

        assert run(work()).tolist() == [0, 0, 5, 5, 5, 5, 5, 5, 5, 0]
        assert zarr.open_array(objects, path="a")[:].sum() == 35

    def test_threads_that_change_parts_of_one_chunk_of_objects_lose_nothing(self, objects):
        array = zarr.create_array(objects, shape=32, chunks=32, dtype="i4")

        def change(i):
            fs = ObjectFiles(asynchronous=objects.fs.asynchronous, skip_instance_cache=True)
            mine = zarr.open_array(FsspecStore(fs, path=f"/{objects.path}/"))  # a store of its own, at the same place
            for j in range(8):
                mine[i * 8 + j] = 1

        in_threads([lambda i=i: change(i) for i in range(4)])
        assert array[:].sum() == 32

    def test_threads_that_change_parts_of_one_chunk_lose_nothing(self, files):
        array = zarr.create_array(files, shape=64, chunks=64, dtype="i4")
        in_threads([lambda i=i: [array.__setitem__(i * 8 + j, 1) for j in range(8)] for i in range(8)])
        assert array[:].sum() == 64


class TestLocalFiles:
    """Over fsspec's own class of local files `LocalStore` does the work."""

    def test_it_can_do_what_that_can(self, tmp_path):
        store = FsspecStore.from_url(f"file://{tmp_path}/a b%.zarr")
        assert type(store._behind) is LocalStore
        assert native_place(store) == native_place(LocalStore(tmp_path / "a b%.zarr"))
        assert capabilities(store) == LocalStore.capabilities
        assert zarr.open(str(store), mode="a", shape=3).shape == (3,)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a b%.zarr"]

    @pytest.mark.parametrize("kind", ["plain", "wrapped", "directory", "mapper"])
    def test_it_is_found_below_what_passes_it_on(self, kind, tmp_path):
        fs = fsspec.filesystem("file")
        store = {
            "plain": lambda: FsspecStore(fs, path=str(tmp_path / "x")),
            "wrapped": lambda: FsspecStore(AsyncFileSystemWrapper(fs, asynchronous=True), path=str(tmp_path / "x")),
            "directory": lambda: FsspecStore(DirFileSystem(str(tmp_path), fs), path="x"),
            "mapper": lambda: FsspecStore.from_mapper(fs.get_mapper(str(tmp_path / "x"))),
        }[kind]()
        put(store, "k", b"data")
        assert (tmp_path / "x" / "k").read_bytes() == b"data"
        assert store == FsspecStore(fs, path=f"{tmp_path}/x/")
        assert type(store._behind) is LocalStore

    def test_a_subclass_keeps_to_its_own_methods(self, tmp_path):
        store = FsspecStore(OtherFiles(), path=str(tmp_path / "x"))
        assert not isinstance(store._behind, LocalStore)
        put(store, "a/b", b"data")
        assert (tmp_path / "x" / "a" / "b").read_bytes() == b"data"
        run(store.delete_dir("a"))
        assert list((tmp_path / "x").iterdir()) == []

    def test_a_local_place_may_be_a_path(self, tmp_path, engine):
        store = FsspecStore.from_url(tmp_path / "a", read_only=False)
        zarr.create_array(store, name="x", data=np.arange(6), chunks=(2,), shards=(4,))
        assert store.path == FsspecStore.from_url(str(tmp_path / "a")).path
        assert zarr.open_array(FsspecStore.from_url(tmp_path / "a"), path="x")[:].tolist() == [*range(6)]

    def test_two_stores_of_one_place_know_it(self, tmp_path):
        one, two = FsspecStore.from_url(str(tmp_path)), LocalStore(tmp_path)
        assert one._whereabouts("a")[-1] == two._whereabouts("a")[-1]


class TestWithoutALoop:
    """What is near is called without an event loop, and by everybody in turn."""

    def test_synchronous_work_starts_no_thread(self, tmp_path):
        code = """
import sys, threading, fsspec, zarr
for url in ("memory://a/b", sys.argv[1]):
    fs, path = fsspec.core.url_to_fs(url)
    group = zarr.create_group(zarr.storage.FsspecStore(fs, path=path))
    array = group.create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')
    array[1:4, 1:3] = 7
    array.append([[1, 2, 3, 4]])
    assert array[:].sum() == 52 and list(group) == ['a']
from zarr._support import bridge
print(threading.active_count(), bridge.is_running())
"""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(tmp_path / "x")], capture_output=True, text=True, timeout=60
        )
        assert done.stdout.split() == ["1", "False"], done.stderr

    def test_a_zip_archive_is_near_if_its_file_is(self, tmp_path):
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="w") as archive:
            zarr.create_array(archive, name="x", data=np.arange(6), chunks=2)
        store = FsspecStore.from_url(f"zip::file://{tmp_path}/a.zip")
        assert sync_contract(store) is not None
        assert zarr.open_group(store, mode="r")["x"][:].tolist() == [0, 1, 2, 3, 4, 5]
        assert list(zarr.open_group(store, mode="r")) == ["x"]

    def test_readers_in_threads_do_not_share_a_position(self):
        store = FsspecStore(fsspec.filesystem("memory", global_store=False, skip_instance_cache=True))
        data = bytes(range(256)) * 40
        put(store, "a", data)
        wrong = []

        def look(first):
            for start in range(first, 9000, 97):
                found = store.get_sync("a", byte_range=RangeByteRequest(start, start + 200)).to_bytes()
                if found != data[start : start + 200]:
                    wrong.append(start)

        in_threads([lambda i=i: look(i) for i in range(4)])
        assert wrong == []

    def test_stores_on_equal_file_systems_take_turns(self, tmp_path):
        one, two = (FsspecStore(OtherFiles(skip_instance_cache=True), path=str(tmp_path)) for _ in range(2))
        assert one.fs is not two.fs
        assert one._behind._files.calls.turns is two._behind._files.calls.turns


class TestCalls:
    """Functions of distant file systems go to threads, coroutines to the loop that they belong to."""

    def test_distant_files_are_read_several_at_once(self, tmp_path):
        fs = DistantFiles(skip_instance_cache=True)
        array = zarr.create_array(FsspecStore(fs, path=str(tmp_path)), data=np.arange(40), chunks=1)
        barrier = threading.Barrier(3)
        plain = fs.cat_file

        def cat_file(path, **kwargs):
            if not path.endswith("zarr.json"):
                barrier.wait(timeout=30)
            return plain(path, **kwargs)

        fs.cat_file = cat_file
        assert array[:39].tolist() == list(range(39))

    def test_one_made_for_a_loop_is_used_on_that(self, bucket):
        fs = ObjectFiles(asynchronous=True, skip_instance_cache=True)

        async def work():
            store = FsspecStore(fs, path=bucket[1])
            array = zarr.create_array(store, shape=3, dtype="i4")  # from synchronous code, which has a loop of its own
            await store.set("k", buf(b"x"))
            return array[:].tolist(), await store.get("k", buffer_prototype)

        values, found = run(work())
        assert values == [0, 0, 0]
        assert found.to_bytes() == b"x"
        assert fs._connected_on is not None
        assert [call for call in fs.calls if call[0] == "pipe_file"] == [("pipe_file", f"{bucket[1]}/k")]

    def test_loops_come_and_go(self, objects):
        put(objects, "k", b"data")
        for _ in range(3):
            assert run(objects.get("k", buffer_prototype)).to_bytes() == b"data"
            assert objects.get_sync("k").to_bytes() == b"data"

    def test_synchronous_calls_inside_a_running_loop(self, objects):
        async def work():
            objects.set_sync("k", buf(b"data"))
            found = objects.get_sync("k").to_bytes()
            objects.delete_sync("k")
            return found, objects.get_sync("k")

        assert run(work()) == (b"data", None)

    def test_chunks_are_read_together(self, bucket):
        fs = ObjectFiles(skip_instance_cache=True)
        array = zarr.create_array(FsspecStore(fs, path=bucket[1]), data=np.arange(20), chunks=1)
        now, most, plain = [0], [0], fs._cat_file

        async def cat_file(path, **kwargs):
            now[0] += 1
            most[0] = max(most[0], now[0])
            await asyncio.sleep(0.02)
            now[0] -= 1
            return await plain(path, **kwargs)

        fs._cat_file = cat_file
        assert array[:].tolist() == list(range(20))
        assert most[0] > 10

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_connects_anew(self, objects):
        array = zarr.create_array(objects, data=np.arange(4), chunks=2)
        assert array[:].sum() == 6  # there is a connection, and a loop
        child = os.fork()
        if not child:
            os._exit(0 if array[:].sum() == 6 and run(objects.exists("zarr.json")) else 1)
        assert os.waitpid(child, 0)[1] == 0

    def test_a_value_is_asked_for_once_where_the_size_would_be_asked_for_first(self, bucket):
        class LikeS3(ObjectFiles):
            async def _cat_file(self, path, start=None, end=None, max_concurrency=None, **kwargs):
                if start is None and max_concurrency != 1:
                    await self._info(path)
                return await super()._cat_file(path, start=start, end=end)

        fs = LikeS3(skip_instance_cache=True)
        store = FsspecStore(fs, path=bucket[1])
        put(store, "a", b"data")
        fs.calls.clear()
        assert get(store, "a") == b"data"
        assert fs.calls == [("cat_file", f"{bucket[1]}/a")]


class TestListings:
    """Nothing is taken from what the file system remembers, unless its user asked for that."""

    def test_what_others_store_is_seen_at_once(self, bucket):
        values, name = bucket
        store = FsspecStore(ObjectFiles(skip_instance_cache=True), path=name)
        put(store, "a/x")
        assert collect(store.list_dir("a")) == ["x"]
        values["a/y"] = b"12345"
        assert collect(store.list_dir("a")) == ["x", "y"]
        assert collect(store.list_prefix("a/")) == ["a/x", "a/y"]
        assert run(store.exists("a/y"))
        values["a/y"] = b"1234567"
        assert run(store.getsize("a/y")) == 7
        del values["a/y"]
        assert not run(store.exists("a/y"))

    def test_who_asks_for_it_gets_what_is_remembered(self, bucket):
        values, name = bucket
        store = FsspecStore(ObjectFiles(use_listings_cache=True, skip_instance_cache=True), path=name)
        put(store, "a/x")
        assert collect(store.list_dir("a")) == ["x"]
        values["a/y"] = b""
        assert collect(store.list_dir("a")) == ["x"]

    @pytest.mark.parametrize(
        "options", [{"target_options": {"use_listings_cache": True}}, {"use_listings_cache": True}]
    )
    def test_it_may_be_asked_of_what_is_below(self, options):
        from zarr._store.remote.calling import _remembers

        assert _remembers(options)
        assert not _remembers({"target_options": {"use_listings_cache": False}})

    def test_a_directory_that_cannot_be_listed_is_an_error(self, tmp_path):
        class Closed(OtherFiles):
            def ls(self, path, **kwargs):
                if str(path).rstrip("/").endswith("closed"):
                    raise PermissionError(13, "Permission denied")
                return super().ls(path, **kwargs)

        store = FsspecStore(Closed(skip_instance_cache=True), path=str(tmp_path))
        put(store, "closed/a")
        put(store, "open/a")
        for call in (lambda: collect(store.list()), lambda: collect(store.list_dir("closed"))):
            with pytest.raises(PermissionError, match=r"cannot be listed, at .*Permission denied"):
                call()
        assert collect(store.list_prefix("open/")) == ["open/a"]


class TestNames:
    """A key is a name, whatever characters are in it."""

    @pytest.mark.parametrize("name", ["*", "a*", "[ab]", "a?", "b[1]/x", "x/*/y"])
    def test_patterns_are_names(self, name, files):
        for key in (name, "a", "ab", "b1/x", "x/z/y"):
            put(files, key)
        run(files.delete(name))
        assert sorted(collect(files.list())) == ["a", "ab", "b1/x", "x/z/y"]
        put(files, f"{name}/deep")
        assert collect(files.list_dir(name)) == ["deep"]
        run(files.delete_dir(name))
        assert sorted(collect(files.list())) == ["a", "ab", "b1/x", "x/z/y"]
        run(files.clear())
        assert collect(files.list()) == []

    def test_patterns_are_names_of_objects(self, objects):
        for key in ("[ab]/x", "a/x", "*", "b"):
            put(objects, key)
        run(objects.delete_dir("[ab]"))
        assert sorted(collect(objects.list())) == ["*", "a/x", "b"]
        run(objects.clear())
        assert collect(objects.list()) == []

    @pytest.mark.parametrize("path", ["/x/root", "x/root", "/x/root/", "memory://x/root", "memory:///x/root"])
    def test_a_path_may_be_spelt_in_several_ways(self, path):
        store = FsspecStore(fsspec.filesystem("memory", global_store=False, skip_instance_cache=True), path=path)
        put(store, "a/b", b"data")
        assert list(store.fs.store) == ["/x/root/a/b"]
        assert collect(store.list()) == ["a/b"]
        assert str(store) == "memory:///x/root"

    def test_the_root_of_a_file_system(self):
        store = FsspecStore(fsspec.filesystem("memory", global_store=False, skip_instance_cache=True))
        put(store, "a/b", b"data")
        assert (store.path, str(store)) == ("/", "memory://")
        assert (collect(store.list()), collect(store.list_dir(""))) == (["a/b"], ["a"])
        run(store.clear())
        assert collect(store.list()) == []

    def test_what_has_a_name_that_begins_alike_stays(self, bucket):
        values, name = bucket
        store = FsspecStore(ObjectFiles(skip_instance_cache=True), path=f"{name}/root")
        put(store, "a")
        values["root2/a"] = b"other"
        values["root"] = b"other"
        assert collect(store.list()) == ["a"]
        run(store.clear())
        assert sorted(values) == ["root", "root2/a"]


class TestCreation:
    """A value that must not be there yet."""

    def test_of_many_that_create_at_once_one_succeeds(self, files):
        done = []
        put_new = partial(files._behind.put, "a", expected=ABSENT)
        in_threads([lambda i=i: done.append(answer(put_new(value=buf(b"%d" % i)))) for i in range(8)])
        assert done.count(True) == 1

    def test_objects_that_are_there_are_not_replaced(self, objects):
        assert run(objects._behind.put("a", buf(b"one"), expected=ABSENT))
        assert not run(objects._behind.put("a", buf(b"two"), expected=ABSENT))
        assert get(objects, "a") == b"one"

    def test_a_file_system_without_exclusive_creation(self, tmp_path):
        class Old(OtherFiles):
            def pipe_file(self, path, value, **kwargs):
                assert not kwargs
                super().pipe_file(path, value)

        store = FsspecStore(Old(skip_instance_cache=True), path=str(tmp_path))
        assert store._behind.put("d/a", buf(b"one"), expected=ABSENT)
        assert not store._behind.put("d/a", buf(b"two"), expected=ABSENT)
        assert get(store, "d/a") == b"one"

    def test_no_bucket_is_made(self, objects, bucket):
        store = FsspecStore(objects.fs, path="no-such-bucket/root")
        with pytest.raises(
            OSError, match=r"under key 'a' cannot be stored, at objects://no-such-bucket/root/a.*bucket"
        ):
            put(store, "a")
        assert get(store, "a") is None
        assert "no-such-bucket" not in ObjectFiles.buckets


class TestErrors:
    """Only what is not there is a fill value. Everything else says what, where and why, and no secrets."""

    @pytest.mark.parametrize(
        ("raised", "kind"),
        [
            (PermissionError(13, "Forbidden"), PermissionError),
            (TimeoutError("too slow"), TimeoutError),
            (ConnectionResetError(104, "reset by peer"), ConnectionError),
            (OSError(5, "503 Slow Down"), OSError),
            (RuntimeError("the library gave up"), OSError),
            (KeyError("x-amz"), OSError),
        ],
    )
    def test_a_read_that_fails_is_no_fill_value(self, bucket, raised, kind):
        fs = ObjectFiles(skip_instance_cache=True)
        array = zarr.create_array(FsspecStore(fs, path=f"{bucket[1]}/x"), name="a", data=np.arange(4), chunks=2)
        fs.failures["cat_file"] = raised
        with pytest.raises(
            kind, match=rf"under key 'a/c/\d' cannot be read, at objects://{bucket[1]}/x/a/c/\d"
        ) as caught:
            array[:]
        assert type(raised).__name__ in str(caught.value)
        assert (type(caught.value.__cause__), caught.value.__cause__.args) == (type(raised), raised.args)
        assert caught.value.errno == getattr(raised, "errno", None)

    @pytest.mark.parametrize(
        ("method", "call", "done"),
        [
            ("pipe_file", lambda store: put(store, "k"), "stored"),
            ("pipe_file", lambda store: run(store.set_if_not_exists("k", buf(b""))), "stored"),
            ("rm_file", lambda store: run(store.delete("k")), "deleted"),
            ("rm_file", lambda store: run(store.delete_dir("d")), "deleted"),
            ("ls", lambda store: collect(store.list_dir("d")), "listed"),
            ("ls", lambda store: collect(store.list_prefix("d/")), "listed"),
            ("info", lambda store: run(store.exists("k")), "looked at"),
            ("info", lambda store: run(store.getsize("k")), "looked at"),
            ("cat_file", lambda store: get(store, "k", SuffixByteRequest(1)), "read"),
        ],
    )
    def test_every_method_says_what_it_could_not_do(self, objects, method, call, done):
        put(objects, "k", b"x")
        put(objects, "d/k", b"x")
        objects.fs.failures[method] = OSError(5, "503 Slow Down")
        if objects.fs.asynchronous:  # every loop has a file system of its own
            objects = FsspecStore(ObjectFiles(skip_instance_cache=True), path=objects.path)
            objects.fs.failures[method] = OSError(5, "503 Slow Down")
        with pytest.raises(OSError, match=rf"under key '[kd/]+' cannot be {done}, at objects://.*503 Slow Down"):
            call(objects)

    def test_allowed_exceptions_are_absence(self, bucket):
        fs = ObjectFiles(skip_instance_cache=True)
        fs.failures["cat_file"] = fs.failures["info"] = PermissionError(13, "Forbidden")
        strict = FsspecStore(fs, path=bucket[1])
        with pytest.raises(PermissionError, match=r"allowed_exceptions=\(FileNotFoundError, PermissionError\)"):
            get(strict, "a")
        store = FsspecStore(fs, path=bucket[1], allowed_exceptions=(FileNotFoundError, PermissionError))
        assert get(store, "a") is None
        assert not run(store.exists("a"))
        assert store != strict
        assert pickle.loads(pickle.dumps(store)).allowed_exceptions == (FileNotFoundError, PermissionError)

    def test_what_a_file_system_cannot_do(self, tmp_path):
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="w") as archive:
            put(archive, "a")
        store = FsspecStore.from_url(f"zip::file://{tmp_path}/a.zip")
        with pytest.raises(
            zarr.errors.StoreAbilityError, match=r"'a' cannot be deleted.*ZipFileSystem does not do that"
        ):
            run(store.delete("a"))

    def test_more_than_was_asked_for_is_an_error(self, bucket):
        class Whole(ObjectFiles):
            async def _cat_file(self, path, start=None, end=None, **kwargs):
                return await super()._cat_file(path)

        store = FsspecStore(Whole(skip_instance_cache=True), path=bucket[1])
        put(store, "a", b"0123456789")
        for part in (RangeByteRequest(0, 4), SuffixByteRequest(3)):
            with pytest.raises(OSError, match=r"the server does not answer for parts of a value"):
                get(store, "a", part)
        assert get(store, "a") == b"0123456789"

    @pytest.mark.parametrize("part", [RangeByteRequest(2, 8), SuffixByteRequest(6), SuffixByteRequest(20)])
    def test_less_than_was_asked_for_is_asked_for_again_and_then_an_error(self, bucket, part):
        class Short(ObjectFiles):
            n_short = 2

            async def _cat_file(self, path, start=None, end=None, **kwargs):
                found = await super()._cat_file(path, start, end)
                self.n_short -= 1
                return found[:3] if self.n_short >= 0 else found

        fs = Short(skip_instance_cache=True)
        store = FsspecStore(fs, path=bucket[1])
        put(store, "a", b"0123456789")
        assert get(store, "a", part) == {6: b"456789", 20: b"0123456789"}.get(getattr(part, "suffix", 0), b"234567")
        fs.n_short = 100
        with pytest.raises(OSError, match=r"after 4 attempts: of \d+ bytes that were asked for only 3 came"):
            get(store, "a", part)
        fs.n_short = 0
        fs.calls.clear()
        get(store, "a", RangeByteRequest(2, 8))
        assert [method for method, _ in fs.calls] == ["cat_file"]  # what is whole is asked for once

    def test_a_part_behind_the_end_is_empty_and_a_failure_there_is_none(self, bucket):
        fs = ObjectFiles(skip_instance_cache=True)
        store = FsspecStore(fs, path=bucket[1])
        put(store, "a", b"0123456789")
        assert get(store, "a", RangeByteRequest(10, 12)) == b""
        fs.failures["cat_file"] = OSError(5, "503 Slow Down")
        with pytest.raises(OSError, match="503 Slow Down"):
            get(store, "a", OffsetByteRequest(4))

    def test_no_secret_is_told(self, bucket):
        secret = "AKIA-very-secret"
        fs = ObjectFiles(secret=secret, skip_instance_cache=True)
        store = FsspecStore(fs, path=bucket[1])
        fs.failures["cat_file"] = OSError(
            5, f"signature of {secret} at https://me:pw@host/a?X-Signature=abc does not fit"
        )
        with pytest.raises(OSError, match=r"signature of \*\*\* at https://\*\*\*@host/a\?\*\*\* does") as caught:
            get(store, "a")
        assert caught.value.__cause__ is None
        for text in (repr(store), str(store), repr(StorePath(store, "a")), str(caught.value)):
            assert secret not in text
            assert "pw" not in text

    def test_what_a_signal_handler_raises_comes_out_as_it_is(self, tmp_path):
        import signal

        class Interrupted(OtherFiles):
            def cat_file(self, path, **kwargs):
                signal.raise_signal(signal.SIGUSR1)
                return super().cat_file(path, **kwargs)

        def handler(signum, frame):
            raise TimeoutError("time is over")

        store = FsspecStore(Interrupted(skip_instance_cache=True), path=str(tmp_path))
        before = signal.signal(signal.SIGUSR1, handler)
        try:
            with pytest.raises(TimeoutError, match=r"^time is over$"):
                store.get_sync("a")
        finally:
            signal.signal(signal.SIGUSR1, before)


class TestAsAnObject:
    def test_what_it_shows(self, tmp_path):
        memory = fsspec.filesystem("memory")
        assert repr(FsspecStore(memory, path="/a/b")) == "FsspecStore('memory:///a/b', fs=MemoryFileSystem)"
        assert str(zarr.create_array(FsspecStore(memory, path="/shown"), name="x", shape=1, dtype="i1").store_path) == (
            "memory:///shown/x"
        )
        assert repr(FsspecStore.from_url(str(tmp_path))) == f"FsspecStore('file://{tmp_path}', fs=LocalFileSystem)"

    def test_equality_is_that_of_the_place(self, tmp_path):
        fs = fsspec.filesystem("memory")
        store = FsspecStore(fs, path="/a")
        assert store == FsspecStore(fs, path="a/")
        assert store == FsspecStore(AsyncFileSystemWrapper(fs), path="/a")
        assert store != FsspecStore(fs, path="/b")
        assert store != FsspecStore(fs, path="/a", read_only=True)
        assert store != FsspecStore(
            fsspec.filesystem("memory", global_store=False, skip_instance_cache=True), path="/a"
        )
        assert store != LocalStore(tmp_path)
        objects = [ObjectFiles(secret=secret, skip_instance_cache=True) for secret in ("x", "x", "y")]
        one, two, three = (FsspecStore(fs, path="b") for fs in objects)
        assert one == two
        assert one != three

    def test_a_pickle_has_what_the_user_gave(self, bucket):
        store = FsspecStore(ObjectFiles(secret="mine", asynchronous=True), path=f"{bucket[1]}/x", read_only=True)
        put(store.with_read_only(False), "a")
        back = pickle.loads(pickle.dumps(store))
        assert (back == store, back.read_only, back.fs.storage_options["secret"]) == (True, True, "mine")
        assert get(back, "a") == b"x"

    def test_a_subclass_that_overrides_its_face_is_asked_by_it(self, tmp_path):
        class Counting(FsspecStore):
            n_reads = 0

            async def get(self, key, prototype=None, byte_range=None):
                self.n_reads += 1
                return await super().get(key, prototype, byte_range)

        store = Counting(fsspec.filesystem("file"), path=str(tmp_path))
        assert sync_contract(store) is None
        assert zarr.create_array(store, data=[1, 2, 3])[:].tolist() == [1, 2, 3]
        assert store.n_reads > 0
        assert type(store.with_read_only(True)) is Counting

    def test_what_is_no_file_system_is_refused(self):
        for fs in ("memory", None, {}):
            with pytest.raises(TypeError, match=r"needs a file system of fsspec, got .*from_url"):
                FsspecStore(fs)

    def test_places_in_it_are_told_apart(self):
        fs = fsspec.filesystem("memory")
        outer, inner = FsspecStore(fs, path="/a"), FsspecStore(fs, path="/a/b")
        assert outer._whereabouts("b")[-1] == inner._whereabouts("")[-1]
        assert outer._whereabouts("")[-1] in inner._whereabouts("c")

    def test_opening_and_closing(self):
        store = run(FsspecStore.open(fsspec.filesystem("memory"), path="/a"))
        assert store._is_open
        store.close()
        assert not store._is_open


class TestGivenAsAStore:
    """Mappers and paths of universal_pathlib are stores, wherever one is taken."""

    def test_a_mapper(self, tmp_path):
        mapper = fsspec.get_mapper(f"memory://{tmp_path}/m")
        zarr.create_array(mapper, name="a", data=[1, 2, 3])
        assert "a/zarr.json" in mapper
        assert zarr.open_group(mapper, mode="r")["a"][:].tolist() == [1, 2, 3]
        assert zarr.open_group(mapper, mode="r").read_only
        assert type(zarr.open_group(mapper).store) is FsspecStore
        local = fsspec.get_mapper(str(tmp_path / "x"))
        zarr.create_array(local, data=[1])
        assert zarr.open_array(tmp_path / "x")[0] == 1

    def test_a_path_of_universal_pathlib(self, tmp_path):
        class UPath:
            """One for a file system elsewhere has these, and is no `os.PathLike`."""

            protocol = "memory"
            fs = fsspec.filesystem("memory")
            path = f"{tmp_path}/u/"

        zarr.create_array(UPath(), data=[1, 2, 3])
        store = zarr.open_array(UPath(), mode="r").store
        assert (type(store), store.path) == (FsspecStore, f"{tmp_path}/u")
        assert store.read_only
        assert FsspecStore.from_upath(UPath(), read_only=True) == store

    def test_options_are_for_urls(self):
        with pytest.raises(TypeError, match="'storage_options' was provided but is not used: a FSMap is not a URL"):
            zarr.open(fsspec.get_mapper("memory://x"), storage_options={"a": 1})
