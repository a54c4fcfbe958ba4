"""The versioned contract, in parts to subclass (see `store_case`), each with the capability that it stands for:

    VersionSuite       puts_conditionally
    RemovalSuite       removes_conditionally
    PinSuite           pins_versions
    SizeSuite          tells_sizes
    SyncSuite          sync
    OneStepSuite       removes_in_one_step
    PiecesSuite        takes_pieces
    UnpackingSuite     unpacks

`read`, `put` and `remove` may be functions or coroutines: what they return is awaited if it can be. The last four, and
`SyncPinSuite` which goes with `pins_versions`, are for stores that are called without an event loop.
"""

from __future__ import annotations

import tracemalloc
import zipfile

import pytest

from tests.suites.calls import answer, buf, put, read, run, version_of
from tests.suites.store_case import StoreCase
from tests.suites.threads import in_threads
from zarr._store.versioned import ABSENT, ANY
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest


class VersionSuite(StoreCase):
    """Reads tell a version; replacing can be made to depend on it, so that no change is lost."""

    promises = frozenset({"puts_conditionally"})

    def test_a_read_tells_data_version_and_size(self, store):
        answer(store.put("a/b", buf(b"0123456789")))
        found = answer(store.read("a/b", RangeByteRequest(2, 4)))
        assert found.data.to_bytes() == b"23"
        assert found.nbytes == 10
        assert found.version is not None
        assert answer(store.read("x")) is None

    def test_put_stores_only_over_the_expected_version(self, store):
        answer(store.put("a", buf(b"one")))
        first = version_of(store, "a")
        assert answer(store.put("a", buf(b"two"), expected=first))
        assert not answer(store.put("a", buf(b"three"), expected=first))
        assert read(store, "a") == b"two"
        second = version_of(store, "a")
        assert answer(store.put("a", buf(b"three"), expected=second))
        assert read(store, "a") == b"three"

    def test_two_reads_of_one_object_have_versions_that_serve_alike(self, store):
        answer(store.put("a", buf(b"x")))
        answer(store.read("a"))
        version = answer(store.read("a", OffsetByteRequest(1))).version
        assert answer(store.put("a", buf(b"y"), expected=version))

    def test_a_version_does_not_serve_after_its_object_was_deleted(self, store):
        answer(store.put("d/a", buf(b"x")))
        version = version_of(store, "d/a")
        run(store.delete_dir("d"))
        assert not answer(store.put("d/a", buf(b"y"), expected=version))
        assert read(store, "d/a") is None

    def test_expecting_nothing(self, store):
        assert answer(store.put("d/a", buf(b"one"), expected=ABSENT))
        assert not answer(store.put("d/a", buf(b"two"), expected=ABSENT))
        assert read(store, "d/a") == b"one"
        assert not answer(store.remove("d/a", expected=ABSENT))
        assert answer(store.remove("d/x", expected=ABSENT))
        assert answer(store.remove("x/y", expected=ABSENT))
        assert run(store.getsize("d/a")) == 3

    def test_expecting_anything(self, store):
        assert answer(store.put("a", buf(b"one"), expected=ANY))
        assert answer(store.put("a", buf(b"two"), expected=ANY))
        assert answer(store.remove("a", expected=ANY))
        assert answer(store.remove("a", expected=ANY))
        assert answer(store.remove("x/y"))

    def test_of_many_that_swap_at_once_none_is_lost(self, store):
        answer(store.put("n", buf(b"0")))

        def count():
            for _ in range(25):
                while True:
                    found = answer(store.read("n"))
                    if answer(store.put("n", buf(b"%d" % (int(found.data.to_bytes()) + 1)), expected=found.version)):
                        break

        in_threads([count] * 4)
        assert read(store, "n") == b"100"

    def test_of_many_that_create_at_once_one_succeeds(self, store):
        done = []
        in_threads(
            [lambda i=i: done.append((i, answer(store.put("d/a", buf(b"%d" % i), expected=ABSENT)))) for i in range(8)]
        )
        winners = [i for i, ok in done if ok]
        assert len(winners) == 1
        assert read(store, "d/a") == b"%d" % winners[0]


class RemovalSuite(StoreCase):
    """Removing can be made to depend on what is stored, as replacing can."""

    promises = frozenset({"removes_conditionally"})

    def test_remove_only_the_expected_version(self, store):
        answer(store.put("a", buf(b"one")))
        version = version_of(store, "a")
        assert answer(store.remove("a", expected=version))
        assert read(store, "a") is None
        assert not answer(store.remove("a", expected=version))

    def test_a_version_removes_nothing_after_its_object_was_deleted(self, store):
        answer(store.put("d/a", buf(b"x")))
        version = version_of(store, "d/a")
        run(store.delete_dir("d"))
        assert not answer(store.remove("d/a", expected=version))
        assert read(store, "d/a") is None


class PinSuite(StoreCase):
    """A version is one put, not one content, and keeps its bytes readable as long as it lives."""

    promises = frozenset({"pins_versions"})

    @pytest.mark.parametrize("change", ["replace", "delete", "delete dir", "delete and create", "delete parent"])
    def test_a_version_pins_what_it_came_from(self, store, change):
        answer(store.put("a/b/c", buf(b"old value")))
        version = answer(store.read("a/b/c", SuffixByteRequest(1))).version
        if change == "replace":
            answer(store.put("a/b/c", buf(b"new")))
        elif change == "delete dir":
            run(store.delete_dir("a/b"))
        elif change == "delete parent":
            run(store.delete_dir("a"))
        else:
            answer(store.remove("a/b/c"))
        if change == "delete and create":
            answer(store.put("a/b/c", buf(b"new")))
        pinned = answer(store.read("a/b/c", version=version))
        assert pinned.data.to_bytes() == b"old value"
        assert pinned.nbytes == 9
        assert read(store, "a/b/c", byte_range=RangeByteRequest(4, 7), version=version) == b"val"
        assert read(store, "a/b/c") == (b"new" if change in ("replace", "delete and create") else None)

    def test_the_same_bytes_again_are_another_version(self, store):
        answer(store.put("a", buf(b"same")))
        version = version_of(store, "a")
        answer(store.put("a", buf(b"same")))
        assert not answer(store.put("a", buf(b"new"), expected=version))
        assert not answer(store.remove("a", expected=version))
        assert read(store, "a") == b"same"


class SizeSuite(StoreCase):
    """Whoever reads a part of an object learns how large all of it is."""

    promises = frozenset({"tells_sizes"})

    @pytest.mark.parametrize("part", [None, RangeByteRequest(2, 4), OffsetByteRequest(7), SuffixByteRequest(3)])
    def test_a_part_tells_the_size_of_the_whole(self, store, part):
        put(store, "a/b", b"nine byte")
        assert answer(store.read("a/b", part)).nbytes == 9
        assert answer(store.size("a/b")) == 9
        assert answer(store.size("a")) is None


class SyncSuite(StoreCase):
    """Everything is a function: listing, sizes and removal too."""

    promises = frozenset({"sync"})

    def test_listing_and_sizes(self, store):
        for key in ("a/b", "a/c/d", "ab"):
            store.put(key, buf(b"xy"))
        assert list(store.list_keys("a/")) == ["a/b", "a/c/d"]
        assert list(store.list_keys("a")) == ["a/b", "a/c/d", "ab"]
        assert list(store.list_names("a")) == ["b", "c"]
        assert list(store.list_names("")) == ["a", "ab"]
        assert list(store.list_names("x")) == []
        assert list(store.list_names("ab")) == []
        assert store.size("a/b") == 2
        assert store.size("a") is None
        assert store.present(["ab", "x", "a/b", "a/x", "a/c/d", "ab/c", "a/c/d/e"]) == [
            *(True, False, True, False, True, False, False),
        ]
        assert store.present([]) == []
        store.remove_prefix("a")
        assert list(store.list_keys("")) == ["ab"]
        store.remove_prefix("")
        assert list(store.list_keys("")) == []
        store.remove_prefix("")

    def test_an_empty_value(self, store):
        store.put("a", buf(b""))
        assert read(store, "a") == b""
        assert read(store, "a", byte_range=SuffixByteRequest(5)) == b""
        assert store.size("a") == 0


class SyncPinSuite(StoreCase):
    """Of what is gone only the version is left."""

    def test_removals_leave_no_size(self, store):
        for change in (
            lambda: store.remove_prefix("d"),
            lambda: store.remove("d/a"),
            lambda: store.remove("d/a", expected=store.read("d/a").version),
        ):
            store.put("d/a", buf(b"old"))
            version = store.read("d/a", SuffixByteRequest(1)).version
            change()
            assert store.size("d/a") is None
            assert read(store, "d/a", version=version) == b"old"
            assert not store.put("d/a", buf(b"new"), expected=version)
            assert list(store.list_keys("")) == []


class PiecesSuite(StoreCase):
    """A value may come in pieces, and is stored as others are."""

    promises = frozenset({"takes_pieces"})

    @pytest.mark.parametrize("sizes", [(), (0,), (3,), (1, 70_000, 2, 300_000, 5), (50_000,) * 20])
    def test_pieces_are_stored_in_their_order(self, store, sizes):
        pieces = [bytes([number]) * nbytes for number, nbytes in enumerate(sizes)]

        def write(sink):
            for piece in pieces:
                memory = bytearray(piece)
                sink.append(memoryview(memory))
                memory[:] = b"x" * len(memory)  # it is not kept

        assert store.put_pieces("d/a", write)
        assert read(store, "d/a") == b"".join(pieces)

    def test_what_was_written_can_be_overwritten(self, store):
        def write(sink):
            sink.append(b"....")
            sink.append(b"56")
            sink.overwrite(0, b"1234")
            sink.append(b"7" * 100_000)
            sink.overwrite(4, b"FS")
            sink.append(b"end")

        assert store.put_pieces("a", write)
        assert read(store, "a") == b"1234FS" + b"7" * 100_000 + b"end"

    def test_pieces_are_stored_only_over_the_expected_version(self, store):
        def of(data):
            return lambda sink: sink.append(data)

        assert store.put_pieces("a", of(b"one"), expected=ABSENT)
        assert not store.put_pieces("a", of(b"two"), expected=ABSENT)
        first = version_of(store, "a")
        assert store.put_pieces("a", of(b"two"), expected=first)
        assert not store.put_pieces("a", of(b"three"), expected=first)
        assert read(store, "a") == b"two"
        assert store.put_pieces("a", of(b"four"), expected=ANY)
        assert read(store, "a") == b"four"
        with store.hold("") as hold:
            assert store.put_pieces("a", of(b"five"), hold=hold)
        assert read(store, "a") == b"five"

    @pytest.mark.parametrize("raised", [ValueError("no"), FileNotFoundError(2, "no"), KeyboardInterrupt()])
    @pytest.mark.parametrize("nbytes", [0, 10, 100_000])
    def test_where_the_pieces_fail_nothing_is_stored(self, store, raised, nbytes):
        n_calls = []

        def write(sink):
            n_calls.append(1)
            sink.append(bytes(nbytes))
            raise raised

        store.put("d/a", buf(b"before"))
        for key in ("d/a", "d/b", "new/a"):
            with pytest.raises(type(raised)) as caught:
                store.put_pieces(key, write)
            assert caught.value is raised
        assert len(n_calls) == 3
        assert list(store.list_keys("")) == ["d/a"]
        assert read(store, "d/a") == b"before"

    def test_others_may_write_while_the_pieces_are_made(self, store):
        def write(sink):
            sink.append(b"o")
            store.put("d/a", buf(b"other"))
            sink.append(b"ne")

        assert store.put_pieces("d/a", write)
        assert read(store, "d/a") == b"one"
        seen = version_of(store, "d/a")
        assert not store.put_pieces("d/a", write, expected=seen)
        assert read(store, "d/a") == b"other"

    def test_what_pieces_go_to_may_be_deleted_meanwhile(self, store):
        def write(sink):
            sink.append(b"o")
            if store.size("d/b") is not None:
                store.remove_prefix("d")
            sink.append(b"ne")

        store.put("d/b", buf(b"other"))
        assert store.put_pieces("d/a", write)
        assert list(store.list_keys("")) == ["d/a"]
        assert read(store, "d/a") == b"one"


class OneStepSuite(StoreCase):
    """Removing a prefix is one step for who reads meanwhile: there is all of it or nothing."""

    promises = frozenset({"removes_in_one_step"})

    @pytest.mark.parametrize("backwards", [False, True])
    def test_once_a_key_is_gone_all_are(self, store, backwards):
        keys = [f"a/{where}{i:03}" for i in range(100) for where in ("", "deeper/")]
        order = sorted(keys, reverse=backwards)
        for _ in range(5):
            for key in keys:
                store.put(key, buf(b"x"))
            seen: list[bool] = []

            def look(seen: list[bool] = seen) -> None:
                while not seen or seen[-1]:
                    seen.extend(store.size(key) is not None for key in order)

            in_threads([look, lambda: store.remove_prefix("a")])
            assert not any(seen[seen.index(False) :])


class UnpackingSuite(StoreCase):
    """Values that are packed, as in a zip archive: who reads the beginning of one needs no memory for all of it."""

    promises = frozenset({"unpacks"})

    def test_the_beginning_of_a_value_takes_no_more_memory(self, tmp_path):
        store = self.make(tmp_path, compression=zipfile.ZIP_DEFLATED)
        put(store, "a", bytes(2**25))
        tracemalloc.start()
        try:
            assert read(store, "a", byte_range=RangeByteRequest(0, 1000)) == bytes(1000)
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()
