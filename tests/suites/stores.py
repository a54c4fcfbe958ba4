"""What is true of every store by zarr-python's face, in parts to subclass: see `store_case`.

`StoreSuite` is what zarr-python's abstract class asks of everybody. Of the others, `ListingSuite` stands for the capability
`lists`; a store keeps either `PrefixSuite` or `DirectorySuite`.
"""

from __future__ import annotations

import asyncio
import pickle

import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, run, shown
from tests.suites.store_case import StoreCase
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr.abc.buffer import BufferPrototype
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest, SupportsSyncStore
from zarr.buffer.cpu import Buffer, buffer_prototype
from zarr.errors import StoreKeyError

BAD_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a", "a/.", "a/./b", "a\0b", "\0"]


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


class KeySuite(StoreCase):
    """Keys are names: what other keys say of them does not matter."""

    promises = frozenset({"takes_any_key"})

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_a_chunk_may_lie_outside_of_the_shape(self, store, zarr_format):
        array = zarr.create_array(store, name="a", shape=4, chunks=2, dtype="i4", zarr_format=zarr_format)
        key = "a/c/9" if zarr_format == 3 else "a/9"
        put(store, key, b"stray")
        assert get(store, key) == b"stray"
        run(store.delete(key))
        assert get(store, key) is None
        assert array[:].tolist() == [0] * 4


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
