"""Stores that a web server has: values, parts and lists of them, and what is said where the server does not do that."""

from __future__ import annotations

import http.server
import os
import threading
from functools import partial

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, run
from tests.suites.web_server import WebServer, served
from zarr._store.remote import web
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.storage import FsspecStore, LocalStore


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(web, "_FIRST_PAUSE_S", 0.0)


@pytest.fixture(params=["html", "json"])
def server(request, tmp_path):
    with served(WebServer(tmp_path, index=request.param)) as server:
        yield server


@pytest.fixture
def simple_server(tmp_path):
    """That of `python -m http.server`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    with served(server):
        yield server


@pytest.fixture
def files(tmp_path):
    """The store that is served."""
    return LocalStore(tmp_path / "a b.zarr")


@pytest.fixture
def store(server):
    return FsspecStore.from_url(f"{server.url}/a b.zarr")


class TestArrays:
    @pytest.fixture
    def group(self, files, zarr_format):
        group = zarr.create_group(files, attributes={"x": 1}, zarr_format=zarr_format)
        shards = {"shards": 20} if zarr_format == 3 else {}
        group.create_array("deep/a", data=np.arange(50), chunks=5, **shards)
        group.create_array("0", data=np.arange(3.0), attributes={"units": "m"})
        return group

    @pytest.mark.usefixtures("engine", "group")
    def test_a_group_is_read_and_listed(self, server, zarr_format):
        group = zarr.open_group(f"{server.url}/a b.zarr", mode="r")
        assert dict(group.attrs) == {"x": 1}
        assert sorted(group) == ["0", "deep"]
        assert [name for name, _ in group.members(max_depth=None)] == ["0", "deep", "deep/a"]
        np.testing.assert_array_equal(group["deep/a"][:], np.arange(50))
        np.testing.assert_array_equal(group["deep/a"][7:33:3], np.arange(7, 33, 3))
        assert group["0"].attrs["units"] == "m"

    @pytest.mark.usefixtures("group")
    def test_absent_chunks_are_the_fill_value(self, server, files, zarr_format):
        zarr.open_group(files).create_array("empty", shape=4, chunks=2, dtype="i4", fill_value=7)
        assert zarr.open_array(f"{server.url}/a b.zarr/empty", mode="r")[:].tolist() == [7] * 4

    @pytest.mark.filterwarnings("ignore:Consolidated metadata:zarr.errors.ZarrUserWarning")
    @pytest.mark.usefixtures("group")
    def test_consolidated_metadata_list_what_the_server_does_not(self, server, files, zarr_format):
        server.index = None
        zarr.consolidate_metadata(files)
        group = zarr.open_group(f"{server.url}/a b.zarr", mode="r")
        assert sorted(group) == ["0", "deep"]
        assert group["deep/a"][3] == 3


class TestValues:
    def test_values_and_parts(self, store, files):
        put(files, "d/x #%2a?.bin", b"0123456789")
        put(files, "empty", b"")
        key = "d/x #%2a?.bin"
        assert get(store, key) == b"0123456789"
        parts = {
            RangeByteRequest(2, 5): b"234",
            RangeByteRequest(8, 20): b"89",
            RangeByteRequest(10, 12): b"",
            RangeByteRequest(4, 4): b"",
            OffsetByteRequest(0): b"0123456789",
            OffsetByteRequest(7): b"789",
            OffsetByteRequest(10): b"",
            SuffixByteRequest(3): b"789",
            SuffixByteRequest(11): b"0123456789",
            SuffixByteRequest(0): b"",
        }
        for part, expected in parts.items():
            assert get(store, key, part) == expected
            assert get(store, "missing", part) is None
        for part in (SuffixByteRequest(3), RangeByteRequest(0, 5)):
            assert get(store, "empty", part) == b""
        assert (run(store.getsize(key)), run(store.getsize("empty"))) == (10, 0)
        assert run(store.exists(key))
        assert not run(store.exists("missing"))

    def test_a_part_tells_the_size_of_the_whole(self, store, files):
        put(files, "a", b"0123456789")
        assert run(store._behind.read("a", SuffixByteRequest(2))).nbytes == 10

    def test_a_directory_is_no_value(self, server, store, files):
        put(files, "d/a")
        for index in (server.index, None):
            server.index = index
            assert get(store, "d") is None
            assert get(store, "d", RangeByteRequest(0, 3)) is None
            assert not run(store.exists("d"))

    def test_a_signed_url_keeps_its_query(self, server, files):
        put(files, "a", b"x")
        store = FsspecStore.from_url(f"{server.url}/a b.zarr?signature=1234")
        assert get(store, "a") == b"x"
        assert server.requests[-1][1] == "/a%20b.zarr/a?signature=1234"
        assert "1234" not in repr(store)

    def test_a_chunk_is_one_request(self, server, store, files):
        put(files, "a", b"x")
        server.requests.clear()
        assert get(store, "a") == b"x"
        assert server.requests == [("GET", "/a%20b.zarr/a", None)]

    def test_any_loop_and_none(self, store, files):
        put(files, "a", b"x")
        for _ in range(2):
            assert get(store, "a") == b"x"
            assert store.get_sync("a").to_bytes() == b"x"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_connects_anew(self, store, files):
        array = zarr.create_array(files, data=np.arange(6), chunks=2)
        array = zarr.open_array(store)
        assert array[:].sum() == 15
        child = os.fork()
        if not child:
            os._exit(0 if array[:].sum() == 15 else 1)
        assert os.waitpid(child, 0)[1] == 0


class TestVersions:
    """Parts of one value come from one version of it."""

    def test_a_window_in_a_shard_is_two_requests(self, server, store, files):
        zarr.create_array(files, data=np.arange(40), chunks=5, shards=40)
        array = zarr.open_array(store, mode="r")
        server.requests.clear()
        assert array[7:12].tolist() == list(range(7, 12))
        assert [method for method, *_ in server.requests] == ["GET", "GET"]

    @pytest.mark.usefixtures("engine")
    @pytest.mark.parametrize("tags", ["strong", "weak", None])
    def test_a_shard_that_is_replaced_meanwhile_is_read_again(self, server, store, files, tags):
        server.tags = tags
        zarr.create_array(files, data=np.arange(40), chunks=5, shards=40)
        array = zarr.open_array(store, mode="r")
        server.after = [lambda: zarr.open_array(files).__setitem__(slice(None), np.arange(1000, 1040))]
        assert array[7:12].tolist() == list(range(1007, 1012))

    def test_values_of_one_size_are_told_apart(self, server, store, files):
        zarr.create_array(files, data=np.zeros(40, "i8"), chunks=5, shards=40, compressors=None, fill_value=9)
        array = zarr.open_array(store, mode="r")
        server.after = [lambda: zarr.open_array(files).__setitem__(slice(None), 1)]
        assert len(set(array[7:33].tolist())) == 1

    def test_what_is_deleted_meanwhile_is_a_change(self, server, store, files):
        put(files, "a", b"0123456789")
        version = run(store._behind.read("a")).version
        put(files, "a", b"9876543210")
        for part in (None, RangeByteRequest(2, 4), SuffixByteRequest(2), RangeByteRequest(20, 22)):
            with pytest.raises(zarr.errors.ConcurrentChangeError, match="'a' was replaced or deleted"):
                run(store._behind.read("a", part, version=version))
        run(files.delete("a"))
        with pytest.raises(zarr.errors.ConcurrentChangeError):
            run(store._behind.read("a", version=version))

    def test_a_part_behind_the_end_of_the_same_version_is_empty(self, store, files):
        put(files, "a", b"0123456789")
        version = run(store._behind.read("a")).version
        assert run(store._behind.read("a", RangeByteRequest(20, 22), version=version)).data.to_bytes() == b""


class TestLists:
    def test_keys_and_names(self, store, files):
        keys = ["zarr.json", "a b/zarr.json", "a b/c/0", "#1/x", "100%/y", "é/[z]"]
        for key in keys:
            put(files, key)
        assert sorted(collect(store.list())) == sorted(keys)
        assert sorted(collect(store.list_prefix("a b/"))) == ["a b/c/0", "a b/zarr.json"]
        assert sorted(collect(store.list_prefix("a"))) == ["a b/c/0", "a b/zarr.json"]
        assert collect(store.list_dir("")) == sorted({key.partition("/")[0] for key in keys})
        assert collect(store.list_dir("a b")) == ["c", "zarr.json"]
        assert collect(store.list_dir("missing")) == []
        assert not run(store.is_empty("a b"))
        assert run(store.is_empty("missing"))

    def test_a_server_that_does_not_list_says_so(self, server, store, files):
        put(files, "a", b"x")
        server.index = None
        for call in (lambda: collect(store.list_dir("")), lambda: collect(store.list())):
            with pytest.raises(zarr.errors.StoreAbilityError, match=r"does not show what is in .*403.*consolidate"):
                call()
        zarr.create_group(files)
        with pytest.raises(NotImplementedError, match="does not show what is in"):
            list(zarr.open_group(store, mode="r"))

    def test_a_page_of_another_kind_is_no_list(self, server, store, files, monkeypatch):
        put(files, "a")
        monkeypatch.setattr("tests.suites.web_server._as_html", lambda *_: b"<title>Welcome</title><a href='a'>a</a>")
        monkeypatch.setattr("tests.suites.web_server._as_json", lambda *_: b'{"welcome": true}')
        with pytest.raises(zarr.errors.StoreAbilityError, match="with no list"):
            collect(store.list_dir(""))


class TestServerOfPython:
    """`python -m http.server` lists, and knows no parts."""

    def test_whole_values_and_lists(self, simple_server, files):
        group = zarr.create_group(files)
        group.create_array("a", data=np.arange(6), chunks=2)
        there = zarr.open_group(f"{simple_server.url}/a b.zarr", mode="r")
        assert list(there) == ["a"]
        assert there["a"][:].tolist() == list(range(6))
        assert zarr.open_array(f"{simple_server.url}/a b.zarr/a", mode="r")[5] == 5

    @pytest.mark.usefixtures("engine")
    def test_parts_are_an_error_that_says_so(self, simple_server, files):
        zarr.create_array(files, data=np.arange(60), chunks=5, shards=30)
        array = zarr.open_array(f"{simple_server.url}/a b.zarr", mode="r")
        with pytest.raises(OSError, match=r"'c/0' cannot be read, at http://.*does not answer for parts.*http.server"):
            array[3]
        assert array[:].sum() == sum(range(60))  # whole shards


class TestFaults:
    """What is not the right answer is asked for again, or an error; never a wrong value."""

    @pytest.fixture
    def array(self, files, store):
        zarr.create_array(files, data=np.arange(12), chunks=4, compressors=None)
        return zarr.open_array(store, mode="r")

    @pytest.mark.parametrize("fault", [429, 500, 502, 503, 504, 408, "cut"])
    def test_it_is_asked_for_again(self, server, array, fault):
        server.faults = [fault, fault, fault]
        assert array[:].tolist() == list(range(12))

    @pytest.mark.parametrize("fault", [429, 500, 503, "cut"])
    def test_in_the_end_it_is_an_error_with_everything_in_it(self, server, array, fault):
        server.faults = [fault] * 100
        with pytest.raises(
            OSError, match=r"key 'c/\d' cannot be read, at http://127.*/c/\d: .*after 6 attempts: "
        ) as caught:
            array[:]
        if fault != "cut":
            assert f"the server answered {fault}" in str(caught.value)

    @pytest.mark.parametrize(
        ("status", "kind"), [(400, OSError), (401, PermissionError), (403, PermissionError), (412, OSError)]
    )
    def test_other_answers_are_errors_at_once(self, server, array, status, kind):
        server.faults = [status] * 3
        with pytest.raises(kind, match=f"the server answered {status}"):
            array[:4]
        assert server.faults == [status] * 2

    def test_what_is_gone_is_absent(self, server, array):
        server.faults = [404, 410]
        assert array[:4].tolist() == [0] * 4
        assert array[:4].tolist() == [0] * 4

    def test_a_look_at_what_fails_is_no_absence(self, server, store, files):
        put(files, "a")
        server.faults = [500] * 6
        with pytest.raises(OSError, match=r"'a' cannot be looked at.*the server answered 500"):
            run(store.exists("a"))

    @pytest.mark.parametrize("page", ["/login/", "/"])
    def test_a_page_that_is_shown_instead_is_no_absence(self, server, files, array, page):
        run(files.delete("c/1"))
        server.sends_to = page
        with pytest.raises(OSError, match=r"key 'c/1' cannot be read.*sent on to http://127.*/, which is another page"):
            array[:]

    def test_the_wrong_part_is_an_error(self, server, store, files):
        put(files, "a", b"0123456789")
        for part in (RangeByteRequest(2, 5), SuffixByteRequest(3)):
            server.faults = ["wrong range"]
            with pytest.raises(OSError, match=r"the server sent .* as 'bytes .*/10', and 'bytes=.*' was asked for"):
                get(store, "a", part)

    def test_nobody_there(self):
        with pytest.raises(
            OSError, match=r"'zarr.json' cannot be read, at http://127.0.0.1:9/x/zarr.json.*after 6 attempts"
        ):
            zarr.open("http://127.0.0.1:9/x", mode="r")

    def test_writing_is_refused_by_who_does_not_take_it(self, store):
        with pytest.raises(OSError, match=r"'a' cannot be stored, at http://.*501"):
            put(store, "a", b"x")
        with pytest.raises(zarr.errors.StoreAbilityError, match="'a' cannot be deleted"):
            run(store.delete("a"))
        with pytest.raises(OSError, match="501"):
            run(store.set_if_not_exists("a", buf(b"x")))

    def test_many_threads(self, array):
        found = []
        threads = [threading.Thread(target=lambda: found.append(array[:].sum())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [66] * 8
