"""What is true of every store, in parts to subclass.

A store's tests are a class that names how a store is made, and takes the parts that the store keeps:

    class TestMine(StoreSuite, ReadOnlySuite, VersionSuite):
        def make(self, directory, **kwargs):
            return Mine(directory / "root", **kwargs)

`StoreSuite` is what zarr-python's abstract class asks of everybody. The other parts are what a store may offer besides.
Some of them stand for capabilities; a part names those in `promises`, and `promised()` tells them of a whole class:

    part               capabilities that it stands for
    ListingSuite       lists
    SyncSuite          sync
    SizeSuite          tells_sizes
    VersionSuite       puts_conditionally
    PinSuite           pins_versions
    HoldSuite          holds_between_threads
    ProcessHoldSuite   holds_between_processes
    OneStepSuite       removes_in_one_step

`read`, `put` and `remove` of the versioned contract may be functions or coroutines: what they return is awaited if it can
be. Holds are those of stores that are called without an event loop.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import zarr
from tests.suites.calls import answer, buf, collect, get, put, read, run, shown, version_of
from tests.suites.threads import BLOCKED, PROMPTLY, in_threads, join_started, passes, start
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._store.versioned import ABSENT, ANY
from zarr.abc.buffer import BufferPrototype
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest, SupportsSyncStore
from zarr.buffer.cpu import Buffer, buffer_prototype
from zarr.errors import StoreKeyError

BAD_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a", "a/.", "a/./b", "a\0b", "\0"]


class StoreCase:
    """How the store under test is made, and what the parts of its suite stand for."""

    promises: ClassVar[frozenset[str]] = frozenset()
    """Names of the capabilities that passing this part proves."""

    def make(self, directory: Path, **kwargs: Any) -> Store:
        """A new, empty store.

        Parameters
        ----------
        directory
            An empty one of this test. A store that keeps files puts them into a directory below it: that nothing
            comes to lie beside is tested.
        **kwargs
            Arguments of the store's class: `read_only`.
        """
        raise NotImplementedError

    @classmethod
    def promised(cls) -> frozenset[str]:
        """The capabilities that all parts of this class stand for together."""
        return frozenset().union(*(part.__dict__.get("promises", ()) for part in cls.__mro__))

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make(tmp_path)

    @pytest.fixture(autouse=True)
    def nothing_left_running(self) -> Iterator[None]:
        yield
        join_started()


# -- zarr-python's face -------------------------------------------------------------------------------------------------


class ValueSuite(StoreCase):
    """Values are stored, found in whole or in part, replaced and deleted, each under its key."""

    def test_what_was_set_is_got(self, store):
        for key, data in {"a": b"", "b/c/d": b"x" * 100_000, ".zarray": b"{}", "ü/😀": b"u", "a.b": b"d"}.items():
            put(store, key, data)
            assert get(store, key) == data
            assert run(store.exists(key))
            assert run(store.getsize(key)) == len(data)

    def test_a_value_is_replaced_whole(self, store):
        put(store, "a", b"a long value")
        put(store, "a", b"short")
        assert get(store, "a") == b"short"

    def test_what_is_not_there_is_none(self, store):
        put(store, "a/b")
        for key in ("x", "a/b/c", "a/x", "a/bb"):
            assert get(store, key) is None
            assert not run(store.exists(key))
            with pytest.raises(FileNotFoundError, match=key):
                run(store.getsize(key))

    @pytest.mark.parametrize(
        ("byte_range", "expected"),
        [
            (None, b"0123456789"),
            (RangeByteRequest(0, 10), b"0123456789"),
            (RangeByteRequest(2, 5), b"234"),
            (RangeByteRequest(8, 20), b"89"),
            (RangeByteRequest(10, 12), b""),
            (RangeByteRequest(50, 60), b""),
            (RangeByteRequest(4, 4), b""),
            (RangeByteRequest(5, 2), b""),
            (OffsetByteRequest(0), b"0123456789"),
            (OffsetByteRequest(7), b"789"),
            (OffsetByteRequest(10), b""),
            (OffsetByteRequest(99), b""),
            (SuffixByteRequest(3), b"789"),
            (SuffixByteRequest(10), b"0123456789"),
            (SuffixByteRequest(11), b"0123456789"),
            (SuffixByteRequest(0), b""),
        ],
        ids=shown,
    )
    def test_a_range_is_cut_to_the_value(self, store, byte_range, expected):
        put(store, "a/b", b"0123456789")
        assert get(store, "a/b", byte_range) == expected
        assert get(store, "missing", byte_range) is None

    @pytest.mark.parametrize(
        "byte_range",
        [RangeByteRequest(-1, 3), RangeByteRequest(-5, -1), OffsetByteRequest(-1), SuffixByteRequest(-1)],
        ids=shown,
    )
    def test_a_negative_range_is_refused(self, store, byte_range):
        put(store, "a", b"0123456789")
        with pytest.raises(ValueError, match="counts from 0"):
            get(store, "a", byte_range)

    def test_what_is_no_range_is_refused(self, store):
        put(store, "a")
        with pytest.raises(TypeError, match="Unexpected byte_range"):
            get(store, "a", (0, 1))

    def test_several_values_come_in_the_order_asked_for(self, store):
        put(store, "a", b"0123")
        put(store, "b", b"4567")
        wanted = [("b", None), ("x", None), ("a", SuffixByteRequest(1)), ("b", RangeByteRequest(0, 2))]
        found = run(store.get_partial_values(buffer_prototype, wanted))
        assert [None if value is None else value.to_bytes() for value in found] == [b"4567", None, b"3", b"45"]

    def test_delete_removes_one_value_and_minds_nothing_missing(self, store):
        put(store, "a/b")
        put(store, "a/bc")
        run(store.delete("a/b"))
        assert not run(store.exists("a/b"))
        for missing in ("a/b", "x/y/z", "a/bc/d"):
            run(store.delete(missing))
            assert not run(store.exists(missing))
        assert get(store, "a/bc") == b"x"

    def test_set_if_not_exists_stores_only_the_first(self, store):
        run(store.set_if_not_exists("a/b", buf(b"first")))
        run(store.set_if_not_exists("a/b", buf(b"second")))
        assert get(store, "a/b") == b"first"

    def test_a_stored_value_does_not_alias_the_buffer_that_was_set(self, store):
        data = bytearray(b"before")
        run(store.set("a", Buffer.from_bytes(data)))
        data[:] = b"after!"
        assert get(store, "a") == b"before"

    def test_a_value_that_was_got_does_not_change_the_store(self, store):
        put(store, "a", b"before")
        found = run(store.get("a", buffer_prototype))
        with pytest.raises(ValueError, match="read-only"):
            found[0:6] = buf(b"after!")
        put(store, "a", b"other")
        assert found.to_bytes() == b"before"
        assert get(store, "a") == b"other"

    def test_values_come_in_the_class_that_the_prototype_names(self, store):
        class Mine(CPUBuffer):
            pass

        put(store, "a", b"0123")
        prototype = BufferPrototype(Mine, CPUNDBuffer)
        for byte_range in (None, OffsetByteRequest(2)):
            found = run(store.get("a", prototype, byte_range))
            assert type(found) is Mine
        assert found.to_bytes() == b"23"

    def test_capabilities(self, store):
        assert store.supports_writes
        assert store.supports_deletes
        assert store.supports_listing
        assert store.supports_consolidated_metadata
        assert store.supports_partial_writes is False
        assert store.read_only is False

    def test_many_tasks_at_once(self, store):
        async def work():
            await asyncio.gather(*(store.set(f"d{i % 7}/k{i}", buf(b"%d" % i)) for i in range(60)))
            found = await asyncio.gather(*(store.get(f"d{i % 7}/k{i}", buffer_prototype) for i in range(60)))
            return [value.to_bytes() for value in found]

        assert run(work()) == [b"%d" % i for i in range(60)]


class ListingSuite(StoreCase):
    """Keys are listed by prefix, names by directory, and what lies below a prefix is counted and deleted."""

    promises = frozenset({"lists"})

    def test_listing(self, store):
        keys = ["zarr.json", "a/zarr.json", "a/b/zarr.json", "a/b/c/0", "ab/0", "a.b", "b"]
        for key in keys:
            put(store, key)
        assert sorted(collect(store.list())) == sorted(keys)
        assert sorted(collect(store.list_prefix(""))) == sorted(keys)
        assert sorted(collect(store.list_prefix("a/"))) == ["a/b/c/0", "a/b/zarr.json", "a/zarr.json"]
        assert sorted(collect(store.list_prefix("a"))) == [
            *("a.b", "a/b/c/0", "a/b/zarr.json", "a/zarr.json", "ab/0"),
        ]
        assert sorted(collect(store.list_prefix("a/b"))) == ["a/b/c/0", "a/b/zarr.json"]
        assert collect(store.list_prefix("a/z")) == ["a/zarr.json"]
        assert collect(store.list_prefix("x/")) == []
        assert collect(store.list_prefix("zarr.json/")) == []
        assert sorted(collect(store.list_dir(""))) == ["a", "a.b", "ab", "b", "zarr.json"]
        assert sorted(collect(store.list_dir("/"))) == ["a", "a.b", "ab", "b", "zarr.json"]
        for spelling in ("a", "a/"):
            assert sorted(collect(store.list_dir(spelling))) == ["b", "zarr.json"]
        assert collect(store.list_dir("x")) == []
        assert collect(store.list_dir("b")) == []

    def test_listing_an_empty_store(self, store):
        assert collect(store.list()) == []
        assert collect(store.list_prefix("a/")) == []
        assert collect(store.list_dir("")) == []
        assert run(store.is_empty(""))
        assert run(store.getsize_prefix("")) == 0

    def test_is_empty_looks_below_the_prefix_only(self, store):
        put(store, "ab/c")
        assert not run(store.is_empty(""))
        assert not run(store.is_empty("/"))
        assert run(store.is_empty("a"))
        assert run(store.is_empty("ab/c"))
        assert not run(store.is_empty("ab"))
        assert not run(store.is_empty("ab/"))
        run(store.delete("ab/c"))
        assert run(store.is_empty("ab"))
        assert run(store.is_empty(""))

    def test_sizes_below_a_prefix_add_up(self, store):
        for key, n in {"a/b": 3, "a/c/d": 5, "ab": 7}.items():
            put(store, key, b"x" * n)
        assert run(store.getsize_prefix("a/")) == 8
        assert run(store.getsize_prefix("")) == 15
        assert run(store.getsize_prefix("x/")) == 0

    def test_what_was_deleted_is_not_listed(self, store):
        put(store, "a/b")
        put(store, "a/bc")
        for key in ("a/b", "a/b", "x/y/z", "a/bc/d"):
            run(store.delete(key))
        assert collect(store.list()) == ["a/bc"]

    def test_delete_dir_removes_what_is_below_and_nothing_beside(self, store):
        for key in ("a/b/c", "a/d", "ab/c", "a.b", "z"):
            put(store, key)
        run(store.delete_dir("a"))
        assert sorted(collect(store.list())) == ["a.b", "ab/c", "z"]
        run(store.delete_dir("ab/"))
        run(store.delete_dir("missing"))
        run(store.delete_dir("z"))  # a key, not a prefix
        assert sorted(collect(store.list())) == ["a.b", "z"]
        run(store.delete_dir(""))
        assert collect(store.list()) == []

    def test_clear_removes_everything_and_the_store_stays_usable(self, store):
        for key in ("a/b/c", "z"):
            put(store, key)
        run(store.clear())
        assert collect(store.list()) == []
        run(store.clear())
        put(store, "a/b")
        assert collect(store.list()) == ["a/b"]


class PrefixSuite(StoreCase):
    """What keys lie under is no key: nothing is there to be had or deleted, and a value may be stored there."""

    def test_a_prefix_is_no_value(self, store):
        put(store, "a/b")
        assert get(store, "a") is None
        assert not run(store.exists("a"))
        with pytest.raises(FileNotFoundError, match="a"):
            run(store.getsize("a"))
        run(store.delete("a"))
        assert get(store, "a/b") == b"x"
        put(store, "a", b"y")
        assert get(store, "a") == b"y"
        assert get(store, "a/b") == b"x"


class DirectorySuite(StoreCase):
    """What keys lie under is a directory, where no value is, nor can be: whoever wants to change one there is told."""

    def test_a_prefix_is_in_the_way(self, store):
        put(store, "a/b")
        assert get(store, "a") is None
        assert get(store, "a", RangeByteRequest(0, 1)) is None
        assert run(store.get_partial_values(buffer_prototype, [("a", None)])) == [None]
        for call in (
            lambda: run(store.delete("a")),
            lambda: put(store, "a"),
            lambda: run(store.set_if_not_exists("a", buf(b"x"))),
        ):
            with pytest.raises(IsADirectoryError, match=r"under key 'a'.*is a directory"):
                call()
        assert not run(store.exists("a"))
        with pytest.raises(FileNotFoundError, match="a"):
            run(store.getsize("a"))
        assert collect(store.list()) == ["a/b"]

    def test_a_value_is_in_the_way_of_a_prefix(self, store):
        put(store, "a")
        for key in ("a/b", "a/b/c"):
            assert get(store, key) is None
            assert not run(store.exists(key))
            run(store.delete(key))
            with pytest.raises(NotADirectoryError, match=f"under key '{key}'.*is a file"):
                put(store, key)
        assert get(store, "a") == b"x"


class StoreSuite(ValueSuite, ListingSuite):
    """What every store does that can be listed: all of zarr-python's abstract class."""


class RefusalSuite(StoreCase):
    """What is no key, no prefix or no value is refused by every method, and nothing is done."""

    @pytest.mark.parametrize("key", BAD_KEYS, ids=shown)
    def test_a_malformed_key_is_refused_by_every_method(self, store, key, tmp_path):
        (tmp_path / "a").write_bytes(b"outside")
        calls = [
            lambda: store.get(key, buffer_prototype),
            lambda: store.get_partial_values(buffer_prototype, [(key, None)]),
            lambda: store.exists(key),
            lambda: store.getsize(key),
            lambda: store.set(key, buf(b"x")),
            lambda: store.set_if_not_exists(key, buf(b"x")),
            lambda: store.delete(key),
        ]
        for call in calls:
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                run(call())
        assert (tmp_path / "a").read_bytes() == b"outside"

    @pytest.mark.parametrize("prefix", ["..", "../", "a/..", "a/../../", "a//b", "/a", ".", "./", "x\0/"], ids=shown)
    def test_a_malformed_prefix_leads_nowhere(self, store, prefix, tmp_path):
        put(store, "a/b")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_bytes(b"x")
        for call in (lambda: run(store.delete_dir(prefix)), lambda: collect(store.list_dir(prefix))):
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                call()
        below = prefix.rstrip("/") + "/"
        for call in (lambda: collect(store.list_prefix(below)), lambda: run(store.is_empty(prefix))):
            with pytest.raises(StoreKeyError, match="not a valid store key"):
                call()
        assert (tmp_path / "outside" / "secret").exists()
        assert get(store, "a/b") == b"x"

    def test_a_key_that_is_no_string_is_refused(self, store):
        for key in (None, 1, b"a"):
            with pytest.raises(TypeError, match="a store key is a str"):
                run(store.get(key, buffer_prototype))

    @pytest.mark.parametrize("value", [b"bytes", bytearray(1), "text", None, 1, memoryview(b"x")], ids=shown)
    def test_a_value_that_is_no_buffer_is_refused_with_a_way_out(self, store, value):
        for store_it in (store.set, store.set_if_not_exists):
            with pytest.raises(TypeError, match=r"must be a Buffer, got .*from_bytes"):
                run(store_it("a", value))
        assert collect(store.list()) == []


class SyncFaceSuite(StoreCase):
    """`get_sync`, `set_sync` and `delete_sync`, as zarr-python has them."""

    def test_the_synchronous_protocol_of_zarr_python(self, store):
        assert isinstance(store, SupportsSyncStore)
        store.set_sync("a/b", buf(b"0123"))
        assert store.get_sync("a/b").to_bytes() == b"0123"
        assert store.get_sync("a/b", byte_range=SuffixByteRequest(1)).to_bytes() == b"3"
        assert store.get_sync("x", prototype=buffer_prototype) is None
        store.delete_sync("a/b")
        store.delete_sync("a/b")
        assert store.get_sync("a/b") is None
        for call in (store.get_sync, store.delete_sync, lambda key: store.set_sync(key, buf(b""))):
            with pytest.raises(StoreKeyError):
                call("../a")


class ReadOnlySuite(StoreCase):
    """A store that is read-only shows everything and changes nothing; `with_read_only` goes both ways."""

    @pytest.fixture
    def pair(self, store):
        put(store, "a/b", b"data")
        return store, store.with_read_only(True)

    def test_it_reads_and_lists(self, pair):
        _, store = pair
        assert store.read_only
        assert get(store, "a/b") == b"data"
        assert collect(store.list()) == ["a/b"]
        assert collect(store.list_dir("a")) == ["b"]
        assert not run(store.is_empty("a"))

    def test_every_change_is_refused(self, pair):
        writable, store = pair
        changes = [
            lambda: run(store.set("a/b", buf(b"x"))),
            lambda: run(store.set("new", buf(b"x"))),
            lambda: run(store.set_if_not_exists("new", buf(b"x"))),
            lambda: run(store._set_many([("new", buf(b"x"))])),
            lambda: run(store.delete("a/b")),
            lambda: run(store.delete("missing")),
            lambda: run(store.delete_dir("a")),
            lambda: run(store.delete_dir("missing")),
            lambda: run(store.clear()),
        ]
        if isinstance(store, SupportsSyncStore):
            changes += [lambda: store.set_sync("a/b", buf(b"x")), lambda: store.delete_sync("a/b")]
        for change in changes:
            with pytest.raises(ValueError, match="read-only mode and does not support writing"):
                change()
        assert collect(writable.list()) == ["a/b"]
        assert get(writable, "a/b") == b"data"

    def test_with_read_only_goes_both_ways_over_the_same_data(self, pair):
        writable, store = pair
        again = store.with_read_only(False)
        assert not again.read_only
        assert store.read_only
        assert not writable.read_only
        put(again, "c", b"new")
        assert get(store, "c") == b"new"
        assert get(writable, "c") == b"new"
        assert not store.with_read_only().read_only

    def test_the_constructor_takes_it(self, tmp_path):
        store = self.make(tmp_path, read_only=True)
        assert store.read_only
        with pytest.raises(ValueError, match="read-only"):
            put(store, "a")

    def test_an_array_on_it_is_read_only(self, pair):
        writable, store = pair
        zarr.create_array(writable, name="x", shape=3, dtype="i4")
        array = zarr.open_array(store, path="x")
        assert array.read_only
        for change in (
            lambda: array.__setitem__(slice(None), 1),
            lambda: array.resize(5),
            lambda: array.append([1]),
            lambda: array.attrs.update(a=1),
            lambda: array.attrs.put({}),
            lambda: array.attrs.__delitem__("a"),
            lambda: array.update_attributes({"a": 1}),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()


class ObjectSuite(StoreCase):
    """A store as an object of Python's: a context manager, without a hash, and pickled with or as a way to its values."""

    def test_the_context_manager_closes(self, store):
        run(store._open())
        with store as entered:
            assert entered is store
            put(store, "a")
        assert not store._is_open
        assert get(store, "a") == b"x"  # our stores have nothing that closing would take away

    def test_errors_pass_through_the_context_manager(self, store):
        with pytest.raises(KeyError), store:
            raise KeyError("x")

    def test_stores_have_no_hash(self, store):
        with pytest.raises(TypeError, match="unhashable"):
            hash(store)

    @pytest.mark.parametrize("read_only", [False, True])
    def test_pickling(self, store, read_only):
        put(store, "a/b", b"data")
        store = store.with_read_only(read_only)
        back = pickle.loads(pickle.dumps(store))
        assert type(back) is type(store)
        assert back == store
        assert back.read_only is read_only
        assert get(back, "a/b") == b"data"


# -- the versioned contract, of functions or of coroutines ----------------------------------------------------------------


class VersionSuite(StoreCase):
    """Reads tell a version; replacing and removing can be made to depend on it, so that no change is lost."""

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
        assert not answer(store.remove("d/a", expected=version))
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

    def test_remove_only_the_expected_version(self, store):
        answer(store.put("a", buf(b"one")))
        version = version_of(store, "a")
        assert answer(store.remove("a", expected=version))
        assert read(store, "a") is None
        assert not answer(store.remove("a", expected=version))

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


# -- the versioned contract without an event loop -------------------------------------------------------------------------


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


class HoldSuite(StoreCase):
    """A hold on a prefix excludes every other thread from the keys directly under it."""

    promises = frozenset({"holds_between_threads"})

    @pytest.mark.parametrize("prefix", ["", "a", "a/b"])
    def test_a_hold_excludes_changes_directly_under_its_prefix(self, store, prefix):
        below = f"{prefix}/" if prefix else ""
        store.put(f"{below}k", buf(b"old"))
        version = store.read(f"{below}k").version
        with store.hold(prefix):
            waiting = [
                start(lambda: store.put(f"{below}new", buf(b"x"))),
                start(lambda: store.put(f"{below}k", buf(b"x"), expected=version)),
                start(lambda: store.put(f"{below}newer", buf(b"x"), expected=ABSENT)),
                start(lambda: store.hold(prefix).release()),
            ]
            time.sleep(BLOCKED)
            assert not any(done.is_set() for done in waiting)
            assert read(store, f"{below}k") == b"old"
            assert store.size(f"{below}new") is None
            assert list(store.list_keys("")) == [f"{below}k"]
        assert all(done.wait(PROMPTLY) for done in waiting)
        assert read(store, f"{below}k") == b"x"
        assert read(store, f"{below}new") == b"x"

    def test_a_hold_excludes_removal(self, store):
        store.put("a/k", buf(b"old"))
        with store.hold("a"):
            waiting = start(lambda: store.remove("a/k"))
            assert not waiting.wait(BLOCKED)
            assert store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert store.size("a/k") is None

    def test_a_hold_excludes_removal_of_its_prefix(self, store):
        store.put("a/k", buf(b"old"))
        with store.hold("a"):
            waiting = start(lambda: store.remove_prefix("a"))
            assert not waiting.wait(BLOCKED)
            assert store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert list(store.list_keys("")) == []

    def test_a_hold_leaves_deeper_and_other_prefixes_alone(self, store):
        with store.hold("a"):
            assert passes(lambda: store.put("a/b/k", buf(b"x")))
            assert passes(lambda: store.put("k", buf(b"x")))
            assert passes(lambda: store.put("ab/k", buf(b"x")))
            assert passes(lambda: store.hold("a/b").release())
            assert passes(lambda: store.hold("").release())
            assert passes(lambda: store.read("a/b/k"))
        assert list(store.list_keys("")) == ["a/b/k", "ab/k", "k"]

    def test_its_owner_changes_keys_by_passing_it_along(self, store):
        def work():
            with store.hold("a") as hold:
                assert store.put("a/k", buf(b"x"), hold=hold)
                version = store.read("a/k").version
                assert store.put("a/k", buf(b"y"), expected=version, hold=hold)
                assert store.put("a/deeper/k", buf(b"y"), hold=hold)
                assert store.remove("a/k", hold=hold)
                assert store.put("a/l", buf(b"z"), expected=ABSENT, hold=hold)

        assert passes(work)
        assert list(store.list_keys("")) == ["a/deeper/k", "a/l"]
        assert passes(lambda: store.put("a/k", buf(b"x")))

    def test_a_hold_of_another_prefix_does_not_count(self, store):
        with store.hold("a"), store.hold("b") as other:
            waiting = start(lambda: store.put("a/k", buf(b"x"), hold=other))
            assert not waiting.wait(BLOCKED)
        assert waiting.wait(PROMPTLY)

    def test_it_is_released_on_an_error(self, store):
        with pytest.raises(KeyError), store.hold("a"):
            raise KeyError("x")
        assert passes(lambda: store.put("a/k", buf(b"x")))

    def test_releasing_twice_does_not_release_the_next_owner(self, store):
        first = store.hold("a")
        first.release()
        second = store.hold("a")
        first.release()
        waiting = start(lambda: store.put("a/k", buf(b"x")))
        assert not waiting.wait(BLOCKED)
        second.release()
        assert waiting.wait(PROMPTLY)

    def test_holds_exclude_each_other(self, store):
        inside, most = [0], [0]

        def work():
            for _ in range(20):
                with store.hold("a"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0005)
                    inside[0] -= 1

        in_threads([work] * 4)
        assert most == [1]


def _hold_in_process(store: Any, ready: Any, go: Any) -> None:
    with store.hold("a"):
        ready.set()
        go.wait(PROMPTLY)


class ProcessHoldSuite(StoreCase):
    """A hold excludes other processes too, and ends with its owner."""

    promises = frozenset({"holds_between_processes"})

    def test_holds_exclude_other_processes_and_end_with_them(self, store):
        context = multiprocessing.get_context("spawn")
        ready, go = context.Event(), context.Event()
        child = context.Process(target=_hold_in_process, args=(store, ready, go))
        child.start()
        try:
            assert ready.wait(60)
            waiting = start(lambda: store.put("a/k", buf(b"x")))
            assert not waiting.wait(BLOCKED)
            assert passes(lambda: store.put("b/k", buf(b"x")))
            child.kill()
            assert waiting.wait(PROMPTLY)
        finally:
            child.kill()
            child.join()


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
