"""Leases of a local store: what lies in the directory, who has what, what readers see."""

import errno
import os
import pickle
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, get, put, read
from tests.suites.children import end_of_child
from tests.suites.threads import BLOCKED, PROMPTLY, in_threads, start
from zarr._store.leased import names, protocol
from zarr._store.leased.names import Tokens
from zarr._store.leased.steps import ContentError, drive
from zarr._store.leased.system import SYSTEM
from zarr._store.versioned import ABSENT, UNLOCKED
from zarr.errors import ConcurrentChangeError, DirectoryInTheWayError, HoldLostError, UnknownOutcomeError
from zarr.storage import LocalStore

pytestmark = pytest.mark.usefixtures("leases")


@pytest.fixture
def leases():
    with zarr.config.set({"array.locking": "lease", "array.lease_seconds": 0.2}):
        yield


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "root")


def lying_in(store):
    """What lies in a store that listings do not show."""
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("__zarr-*"))


def elsewhere(*work):
    """Have things done in another process: in this one, threads take turns before they ask for a lease."""
    assert end_of_child(lambda: [each() for each in work] and None) == 0


def broken(store, key):
    """Break the lease of an object, or of a node, as somebody who has waited for long enough does it."""
    lease = names.lease_of(f"{store.root}/{key}")
    for entry in SYSTEM.list(lease):
        assert drive(protocol.break_(lease, entry), SYSTEM) is None


class TestNames:
    def test_documents_of_a_node_have_one_lease(self):
        assert names.lease_of("/a/zarr.json") == names.lease_of("/a/.zattrs") == names.lease_of_node("/a")
        assert names.lease_of("/a/c/0") == "/a/c/__zarr-lease-0"

    def test_long_names_have_leases_too(self, store):
        key = "a/" + "x" * 250
        put(store, key, b"1")
        assert get(store, key) == b"1"
        with store.hold_object(key):
            assert all(len(Path(name).name) < 255 for name in lying_in(store))

    def test_marks_lead_to_the_lease_of_the_node(self):
        mark = names.mark("/s/a/c/0/__zarr-lease-1", "/s/a/__zarr-lease-", "d-h-1-2-ab.3", 7)
        assert names.of_mark("/s/a/c/0/__zarr-lease-1", mark) == ("/s/a/__zarr-lease-", "d-h-1-2-ab.3")
        assert names.of_mark("/s/a/__zarr-lease-", "d-h-1-2-ab.3") is None

    def test_tokens_are_not_used_twice_and_tell_whether_their_owner_lives(self):
        tokens = Tokens()
        made = [tokens.new("d") for _ in range(100)]
        assert len(set(made)) == 100
        assert not any(map(tokens.is_dead, made))
        assert not tokens.is_dead("d-elsewhere-1-2-ab.3")
        reading, writing = os.pipe()
        assert end_of_child(lambda: os.write(writing, tokens.new("d").encode()) and None) == 0
        of_child = os.read(reading, 1000).decode()
        os.close(reading)
        os.close(writing)
        for name in (of_child, f"__zarr-new-{of_child}", f"__zarr-broken-{of_child}-n7", f"n1.4-{of_child}"):
            assert tokens.is_dead(name)


class TestChanges:
    def test_nothing_is_left_behind(self, store):
        put(store, "a/k", b"1")
        assert store.put("a/k", buf(b"2"), expected=store.read("a/k").version)
        assert store.remove("a/k")
        with store.hold("a") as hold:
            assert lying_in(store) != []
            store.put("a/c/0", buf(b"3"), hold=hold)
            store.put("a/zarr.json", buf(b"4"), hold=hold)
            store.remove("a/c/0", hold=hold)
        assert lying_in(store) == []
        assert sorted(store.list_keys("")) == ["a/zarr.json"]

    def test_what_is_expected_is_compared(self, store):
        assert store.put("k", buf(b"1"), expected=ABSENT)
        assert not store.put("k", buf(b"2"), expected=ABSENT)
        seen = store.read("k").version
        put(store, "k", b"33")
        assert not store.put("k", buf(b"2"), expected=seen)
        assert not store.remove("k", expected=seen)
        assert read(store, "k") == b"33"
        assert store.remove("k", expected=store.read("k").version)
        assert store.remove("k")
        assert lying_in(store) == []

    def test_what_makes_the_content_may_fail_with_anything(self, store):
        put(store, "k", b"old")

        def fails(exc, sink):
            sink.append(b"x" * 100_000)
            raise exc

        for exc in (ValueError("no"), OSError(errno.EEXIST, "not ours"), FileNotFoundError("nor this")):
            with pytest.raises(type(exc)) as caught:
                store.put_pieces("k", partial(fails, exc))
            assert caught.value is exc
            with store.hold_object("k") as hold, pytest.raises(type(exc)):
                store.put_pieces("k", partial(fails, exc), hold=hold)
        assert get(store, "k") == b"old"
        assert lying_in(store) == []
        assert issubclass(ContentError, Exception)

    def test_a_directory_in_the_way_is_an_error(self, store):
        put(store, "a/b", b"1")
        changes = (
            lambda: store.put("a", buf(b"2")),
            lambda: store.put("a", buf(b"2"), expected=ABSENT),
            lambda: store.remove("a"),
        )
        for change in changes:
            with pytest.raises(DirectoryInTheWayError):
                change()
        assert lying_in(store) == []

    def test_others_may_write_while_the_pieces_are_made(self, store):
        def write(sink):
            sink.append(b"1")
            put(store, "k", b"others'")
            assert get(store, "k") == b"others'"

        assert store.put_pieces("k", write)
        assert get(store, "k") == b"1"
        assert lying_in(store) == []

    def test_threads_take_turns(self, store):
        put(store, "n", b"0")

        def count():
            for _ in range(10):
                with store.hold_object("n") as hold:
                    found = int(read(store, "n"))
                    assert store.put("n", buf(b"%d" % (found + 1)), hold=hold)

        in_threads([count] * 4)
        assert read(store, "n") == b"40"
        assert lying_in(store) == []

    def test_a_hold_keeps_others_out_and_another_object_is_free(self, store):
        with store.hold_object("a/k") as hold:
            waiting = start(lambda: store.put("a/k", buf(b"2")))
            assert not waiting.wait(BLOCKED)
            store.put("a/other", buf(b"x"))
            assert store.put("a/k", buf(b"1"), hold=hold)
        assert waiting.wait(PROMPTLY)
        assert get(store, "a/k") == b"2"

    def test_without_a_lease_where_nobody_else_writes(self, store):
        with store.hold_object("a/k"):
            assert store.put("a/k", buf(b"1"), hold=UNLOCKED)
            assert store.remove("a/k", hold=UNLOCKED)
        array = zarr.create_array(store, name="x", data=np.arange(8), chunks=4, config={"locking": "none"})
        with store.hold_object("x/c/0"):
            array[1:3] = 9
        assert array[:].tolist() == [0, 9, 9, 3, 4, 5, 6, 7]
        assert lying_in(store) == []

    def test_a_prefix_goes_with_all_that_is_below(self, store):
        for key in ("a/zarr.json", "a/c/0/0", "a/c/1/0", "b"):
            put(store, key, b"1")
        store.remove_prefix("a")
        assert [path.name for path in store.root.iterdir()] == ["b"]
        store.remove_prefix("")
        assert list(store.root.iterdir()) == []


class TestTakenOver:
    """A lease that is broken though its owner lives: that one does not publish, and knows it."""

    def test_of_an_object(self, store):
        put(store, "k", b"old")
        with store.hold_object("k") as hold:
            elsewhere(partial(broken, store, "k"), partial(put, store, "k", b"others'"))
            assert not store.put("k", buf(b"late"), hold=hold)
            assert not store.remove("k", hold=hold)
        assert get(store, "k") == b"others'"
        assert lying_in(store) == []

    def test_of_a_node_that_changes_objects(self, store):
        put(store, "a/c/0", b"old")
        with store.hold("a") as hold:
            with store.hold_object("a/c/0", hold) as marked:
                elsewhere(partial(broken, store, "a/c/0"), partial(put, store, "a/c/0", b"others'"))
                with pytest.raises(HoldLostError, match="taken over") as caught:
                    store.put("a/c/0", buf(b"late"), hold=marked)
                assert str(store.root) in str(caught.value)
            for change in (store.put, lambda key, _, hold: store.remove(key, hold=hold)):
                with pytest.raises(HoldLostError):
                    change("a/zarr.json", buf(b"late"), hold=hold)
        assert get(store, "a/c/0") == b"others'"
        assert get(store, "a/zarr.json") is None
        assert issubclass(HoldLostError, ConcurrentChangeError)
        assert lying_in(store) == []

    def test_an_append_begins_again(self, store, monkeypatch):
        array = zarr.create_array(store, name="x", data=np.arange(3), chunks=4)
        put_held, taken_over = protocol.put_held, []

        def late(hold, path, write, sync):
            if not taken_over:
                taken_over.append(path)
                elsewhere(partial(broken, store, "x/c/0"), lambda: zarr.open_array(store, path="x").append([7]))
            return put_held(hold, path, write, sync)

        monkeypatch.setattr(protocol, "put_held", late)
        array.append([9])
        assert zarr.open_array(store, path="x")[:].tolist() == [0, 1, 2, 7, 9]
        assert taken_over
        assert lying_in(store) == []

    def test_the_reply_to_a_rename_is_lost(self, store, monkeypatch):
        """It happened, and is answered by "no such file"; or it did not, by an error."""
        rename = os.rename

        def lost(path, new):
            rename(path, new)
            if new.endswith("/k"):
                raise FileNotFoundError(errno.ENOENT, "no such file", path)

        def failed(path, new):
            if new.endswith("/k"):
                raise OSError(errno.EIO, "input/output error", path)
            rename(path, new)

        monkeypatch.setattr(SYSTEM, "rename", lost, raising=False)
        put(store, "k", b"1")
        with store.hold_object("k") as hold:
            assert store.put("k", buf(b"2"), hold=hold)
        assert get(store, "k") == b"2"
        monkeypatch.setattr(SYSTEM, "rename", failed)
        with pytest.raises(OSError, match="input/output error"):
            put(store, "k", b"3")
        assert get(store, "k") == b"2"
        assert lying_in(store) == []

    def test_when_nothing_can_be_found_out_the_error_says_so(self, store, monkeypatch):
        put(store, "k", b"1")
        rename = os.rename

        def failed(path, new):
            if new.endswith("/k") or "broken" in new:
                raise OSError(errno.EIO, "input/output error", path)
            rename(path, new)

        monkeypatch.setattr(SYSTEM, "rename", failed, raising=False)
        with pytest.raises(UnknownOutcomeError, match="not known whether"):
            put(store, "k", b"2")
        assert get(store, "k") == b"1"

    def test_who_is_late_proves_the_lease_first(self, store, monkeypatch):
        monkeypatch.setattr(SYSTEM, "is_late", lambda since: True, raising=False)
        put(store, "k", b"1")
        with store.hold("") as hold:
            store.put("k", buf(b"2"), hold=hold)
        assert get(store, "k") == b"2"
        with store.hold_object("k") as hold:
            broken(store, "k")
            assert not store.put("k", buf(b"3"), hold=hold)
        assert lying_in(store) == []

    def test_who_waits_takes_over_what_shows_no_sign_of_life(self, store, monkeypatch):
        monkeypatch.setattr(os, "utime", lambda path: None)
        put(store, "k", b"1")
        with store.hold_object("k"):
            other = names.lease_of(f"{store.root}/k")
            assert SYSTEM.wait(other, SYSTEM.list(other))

    def test_the_living_give_signs(self, store):
        put(store, "k", b"1")
        lease = names.lease_of(f"{store.root}/k")
        with store.hold_object("k"):
            over = threading.Event()
            waiting = start(lambda: (SYSTEM.wait(lease, SYSTEM.list(lease)), over.set()))
            assert not over.wait(1.0)  # five times as long as it takes to expire
        assert waiting.wait(PROMPTLY)


class TestReaders:
    def test_no_lease_is_a_node_or_a_key(self, store):
        group = zarr.create_group(store)
        group.create_array("x", data=[1], chunks=1)
        with store.hold("x") as hold, store.hold_object("x/c/0", hold):
            (store.root / "x/.nfs000000000001a2b3c").write_bytes(b"")
            (store.root / "x/.fuse_hidden0000001200000003").write_bytes(b"")
            assert sorted(store.list_keys("")) == ["x/c/0", "x/zarr.json", "zarr.json"]
            assert sorted(store.list_names("x")) == ["c", "zarr.json"]
            assert list(group) == ["x"]

    def test_what_is_hidden_for_a_moment_is_looked_for_again(self, store, monkeypatch):
        put(store, "k", b"1")
        other = LocalStore(store.root)
        path, lease = f"{store.root}/k", f"{store.root}/__zarr-lease-k"
        SYSTEM.mkdir(lease)
        SYSTEM.rename(path, f"{path}-hidden")
        seen = []

        def nap(number):
            seen.append(number)
            if number == 1:
                SYSTEM.rename(f"{path}-hidden", path)

        monkeypatch.setattr(SYSTEM, "nap", nap, raising=False)
        assert get(other, "k") == b"1"

    def test_a_file_that_the_server_has_forgotten_is_read_again(self, store, monkeypatch):
        put(store, "k", b"1")
        version = store.read("k").version
        calls = []

        def forgotten(self, start, stop):
            calls.append(start)
            if len(calls) == 1:
                raise OSError(errno.ESTALE, "stale file handle")
            return b"1"

        monkeypatch.setattr(type(version), "read", forgotten)
        assert read(store, "k") == b"1"
        calls.clear()
        with pytest.raises(ConcurrentChangeError, match="replaced while it was read"):
            store.read("k", version=version)

    def test_who_may_not_write_reads(self, store):
        put(store, "a/k", b"1")
        assert get(LocalStore(store.root, read_only=True), "a/k") == b"1"


def test_what_the_dead_have_left_goes_when_a_writer_lists_the_directory(store):
    put(store, "a/zarr.json", b"1")

    def dies():
        node = store.hold("a")
        store.hold_object("a/c/0", node)
        SYSTEM.mkdir(names.prepared(f"{store.root}/a/__zarr-lease-", Tokens().new("d")))
        os._exit(0)

    assert end_of_child(dies) == 0
    assert len(lying_in(store)) > 2
    list(LocalStore(store.root, read_only=True).list_keys(""))
    assert len(lying_in(store)) > 2
    list(store.list_keys(""))
    assert lying_in(store) == []


def test_a_child_of_a_fork_does_not_use_the_hold_of_its_parent(store):
    put(store, "k", b"1")
    with store.hold_object("k") as hold:
        assert end_of_child(lambda: hold.release() or (1 if store.put("k", buf(b"2"), hold=hold) else 0)) == 0
        assert store.put("k", buf(b"3"), hold=hold)
    assert get(store, "k") == b"3"


def test_a_store_is_pickled_without_what_it_has_found_out(store):
    put(store, "k", b"1")
    assert get(pickle.loads(pickle.dumps(store)), "k") == b"1"


def test_that_locking_is_a_word_that_is_known():
    with pytest.raises(ValueError, match="'auto' or 'none'"):
        zarr.create_array({}, shape=1, dtype="u1", config={"locking": "lease"})
