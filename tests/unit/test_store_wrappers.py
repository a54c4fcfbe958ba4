"""Stores around stores: what passes through them, and what they see of it."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from dataclasses import asdict

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Tagged
from tests.suites.calls import buf, collect, run
from tests.suites.plain_stores import AsyncOnly, Awaited
from tests.suites.threads import in_threads
from zarr._store.access import async_contract, capabilities, native_place, sync_contract
from zarr.api import asynchronous
from zarr.buffer.cpu import buffer_prototype
from zarr.errors import CodecError
from zarr.storage import LocalStore, LoggingStore, MemoryStore, TraceStore, WrapperStore, trace

OPERATIONS = [
    *(
        "get",
        "set",
        "delete",
        "exists",
        "list",
        "list_prefix",
        "list_dir",
        "delete_dir",
        "getsize",
        "set_if_not_exists",
    ),
    *("get_partial_values", "get_ranges", "get_sync", "set_sync", "delete_sync", "clear", "is_empty"),
]


class TestWhatPassesThrough:
    @pytest.mark.parametrize("layers", [1, 3])
    def test_a_store_of_which_nothing_is_overridden_is_as_good_as_the_one_inside(self, disk, layers):
        class Named(WrapperStore):
            def __str__(self):
                return "named"

        store = disk
        for _ in range(layers):
            store = Named(store)
        assert sync_contract(store) is disk
        assert native_place(store) == disk.native_place()
        assert capabilities(store) == disk.capabilities
        tagged = Tagged()
        assert async_contract(WrapperStore(tagged)) is tagged

    @pytest.mark.parametrize("name", OPERATIONS)
    @pytest.mark.parametrize("how", ["overridden", "patched", "class patched"])
    def test_whoever_wants_to_see_an_operation_is_asked(self, disk, name, how, monkeypatch):
        class Curious(WrapperStore):
            pass

        def ask(self, *args, **kwargs):
            return getattr(WrapperStore, name)(self, *args, **kwargs)

        store = Curious(disk)
        assert sync_contract(store) is disk
        if how == "patched":
            monkeypatch.setattr(store, name, lambda *args: ask(store, *args))
        else:
            monkeypatch.setattr(Curious if how == "overridden" else WrapperStore, name, ask, raising=True)
        for around in (store, WrapperStore(store), TraceStore(store)):
            assert sync_contract(around) is None
            assert native_place(around) is None
            assert not capabilities(around).pins_versions

    def test_what_is_seen_of_reading_and_writing(self, disk, engine):
        seen = []

        class Seeing(WrapperStore):
            async def get(self, key, prototype, byte_range=None):
                seen.append(("get", key))
                return await super().get(key, prototype, byte_range)

            async def set(self, key, value):
                seen.append(("set", key))
                await super().set(key, value)

        zarr.create_array(disk, name="a", data=np.arange(8), chunks=2)
        array = zarr.open_array(Seeing(disk), path="a", mode="r+")
        seen.clear()
        assert array[1:5].tolist() == [1, 2, 3, 4]
        assert sorted(seen) == [("get", f"a/c/{i}") for i in range(3)]
        seen.clear()
        array[2:5] = 7
        assert sorted(seen) == [("get", "a/c/2"), ("set", "a/c/1"), ("set", "a/c/2")]

    def test_writers_through_different_wrappers_lose_nothing(self, any_store, engine):
        zarr.create_array(any_store, shape=24, chunks=24, dtype="i4")
        stores = [WrapperStore(any_store), TraceStore(any_store), any_store]

        def write(first):
            array = zarr.open_array(stores[first % 3], mode="r+")
            for i in range(first, 24, 6):
                array[i] = i

        if not capabilities(any_store).puts_conditionally:
            stores = [any_store] * 3  # each wrapper has turns of its own then
        in_threads([lambda first=first: write(first) for first in range(6)])
        assert zarr.open_array(any_store)[:].tolist() == list(range(24))

    def test_read_only_is_that_of_the_wrapper_and_of_the_store_inside(self):
        class Closed(WrapperStore):
            read_only = True

        zarr.create_array(store := MemoryStore(), shape=3, dtype="i4")
        for closed in (Closed(store), WrapperStore(store.with_read_only(True))):
            assert closed.read_only
            with pytest.raises(ValueError, match="read-only"):
                closed._check_writable()
        assert zarr.open_array(Closed(store))[:].tolist() == [0, 0, 0]

    def test_what_the_store_inside_cannot_do_without_a_loop_is_told(self):
        store = WrapperStore(AsyncOnly())
        for name, call in {
            "get": lambda: store.get_sync("a"),
            "set": lambda: store.set_sync("a", buf(b"")),
            "delete": lambda: store.delete_sync("a"),
        }.items():
            with pytest.raises(TypeError, match=f"Store AsyncOnly does not support synchronous {name}"):
                call()


KINDS = {
    "memory": lambda path: MemoryStore(),
    "local": lambda path: LocalStore(path / "root"),
    "awaited": lambda path: Tagged(),
    "plain": lambda path: AsyncOnly(),
    "overridden": lambda path: Awaited(MemoryStore()),
}


@pytest.fixture(params=KINDS)
def inside(request, tmp_path):
    return KINDS[request.param](tmp_path)


class TestTrace:
    def test_requests_and_bytes_are_those_of_the_program(self, inside, engine):
        zarr.create_array(inside, data=np.arange(40, dtype="u1"), chunks=10, compressors=None)
        with trace(inside) as t:
            array = zarr.open_array(t, mode="r+")
            opened = t.kinds["get"]
            t.reset()
            array[:]
            assert asdict(t.kinds["get"]) | {"seconds": 0} == {
                "requests": 4,
                "failed": 0,
                "bytes_read": 40,
                "bytes_written": 0,
                "seconds": 0,
            }
            assert list(t.kinds) == ["get"]
            t.reset()
            array[10:30] = 1
            assert (t.total.requests, t.total.bytes_read, t.total.bytes_written) == (2, 0, 20)
            t.reset()
            array[5] = 1
            assert (t.kinds["get"].requests, t.kinds["set"].requests, t.total.bytes_written) == (1, 1, 10)
            assert capabilities(t) == capabilities(inside)
        assert opened.bytes_read == len(run(inside.get("zarr.json", buffer_prototype)))
        assert array[5] == 1
        assert t.total.requests == 2  # what comes after the block is not counted
        assert zarr.open_array(inside)[5] == 1

    def test_asynchronous_programs_are_counted_too(self, inside):
        async def work():
            with trace(inside) as t:
                array = await asynchronous.create_array(t, shape=64, chunks=1, dtype="u1", compressors=None)
                t.reset()
                await array.setitem(slice(None), 7)
                await asyncio.gather(*(array.getitem(i) for i in range(64)))
            return t

        kinds = run(work()).kinds
        assert (kinds["set"].requests, kinds["set"].bytes_written) == (64, 64)
        assert (kinds["get"].requests, kinds["get"].bytes_read) == (64, 64)

    def test_threads_are_counted_exactly(self):
        store = MemoryStore({"a": buf(b"0123")})
        with trace(store) as t:
            in_threads([lambda: [t.get_sync("a") for _ in range(500)]] * 8)
            assert (t.total.requests, t.total.bytes_read) == (4000, 16_000)
        assert len({threading.get_ident(), *t._counted.by_thread}) > 1

    def test_every_method_is_counted_by_its_name(self):
        t = TraceStore(MemoryStore())

        async def work():
            await t.set("a/b", buf(b"0123"))
            await t.set_if_not_exists("a/c", buf(b"01"))
            await t._set_many([("a/d", buf(b"0"))])
            await t.get("a/b", buffer_prototype)
            await t.get_partial_values(buffer_prototype, [("a/b", None), ("x", None)])
            _ = [found async for found in t._get_many([("a/b", buffer_prototype, None)])]
            _ = [found async for found in t.get_ranges("a/b", [None], prototype=buffer_prototype)]
            await t.exists("a/b")
            await t.getsize("a/b")
            await t.getsize_prefix("a")
            await t.is_empty("")
            await t.delete("a/d")
            await t.delete_dir("a")
            await t.clear()

        run(work())
        for listing in (t.list(), t.list_prefix(""), t.list_dir("")):
            collect(listing)
        t.set_sync("a", buf(b"012"))
        t.delete_sync("a")
        assert {kind: row.requests for kind, row in t.kinds.items()} == {
            "set": 3,
            "set_if_not_exists": 1,
            "get": 3,
            "get_partial_values": 1,
            "exists": 1,
            "getsize": 1,
            "getsize_prefix": 1,
            "is_empty": 1,
            "delete": 2,
            "delete_dir": 1,
            "clear": 1,
            "list": 1,
            "list_prefix": 1,
            "list_dir": 1,
        }
        assert t.total.bytes_written == 4 + 2 + 1 + 3
        assert t.total.bytes_read == 4 * 4

    def test_failures_are_requests(self):
        class Broken(WrapperStore):
            async def get(self, key, prototype, byte_range=None):
                raise OSError("no answer")

        with trace(Broken(MemoryStore())) as t:
            with pytest.raises(OSError, match="no answer"):
                zarr.open_array(t)
        assert t.total.failed >= 1
        assert t.total.requests >= t.total.failed

    def test_a_listing_that_is_left_is_no_failure(self):
        t = TraceStore(MemoryStore({"a": buf(b""), "b": buf(b"")}))

        async def first():
            listing = t.list()
            key = await anext(listing)
            await listing.aclose()
            return key

        assert run(first()) == "a"
        assert t.total.failed == 0

    def test_the_table(self):
        with trace({}) as t:
            zarr.create_array(t, data=np.zeros(3), fill_value=1)
        lines = str(t).splitlines()
        assert lines[0].split() == ["requests", "failed", "bytes", "read", "bytes", "written", "seconds"]
        assert lines[-1].startswith("total")
        assert len({len(line) for line in lines}) == 1

    def test_texts_are_those_of_the_store_inside(self, tmp_path):
        store = LocalStore(tmp_path / "root")
        with trace(store) as t:
            array = zarr.create_array(t, name="a", data=np.arange(4), chunks=2)
            assert str(store) in repr(array)
            assert "requests" not in repr(array)
            (tmp_path / "root/a/c/1").write_bytes(b"damaged")
            with pytest.raises(CodecError, match=str(tmp_path)) as caught:
                array[:]
        assert "requests" not in str(caught.value)
        assert repr(t) == f"TraceStore({store!r})"

    def test_what_was_opened_read_only_is_not_counted_after_the_block_either(self):
        zarr.create_array(store := MemoryStore(), data=np.arange(3))
        with trace(store) as t:
            array = zarr.open_array(t, mode="r")
        n = t.total.requests
        assert array[:].sum() == 3
        assert n > 0
        assert t.total.requests == n

    def test_a_path_is_opened_and_closed(self, tmp_path):
        with trace(tmp_path / "a.zip", mode="a") as t:
            zarr.create_array(t, data=np.arange(3))
        assert zarr.open_array(tmp_path / "a.zip", mode="r")[:].tolist() == [0, 1, 2]

    def test_read_only_forms_count_together_and_twins_for_themselves(self):
        t = TraceStore(MemoryStore({"a": buf(b"0")}))
        reader = t.with_read_only(True)
        reader.get_sync("a")
        assert t.total.requests == 1
        t.reset()
        reader.get_sync("a")
        assert t.total.requests == reader.total.requests == 1
        twin = pickle.loads(pickle.dumps(t))
        assert twin.total.requests == 0
        twin.get_sync("a")
        assert (twin.total.requests, t.total.requests) == (1, 1)


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append((record.levelname, record.getMessage()))


class TestLogging:
    def test_each_operation_is_logged_before_and_after(self, inside, engine):
        handler = Lines()
        store = LoggingStore(inside, log_level="INFO", log_handler=handler)
        array = zarr.create_array(store, shape=4, chunks=2, dtype="u1")
        handler.lines.clear()
        array[:2] = 1
        name = type(inside).__name__
        assert handler.lines[0] == ("INFO", f"Calling {name}.set(c/0)")
        assert handler.lines[1][1].startswith(f"Finished {name}.set(c/0) [0.0")
        assert store.counter["set"] == 1
        assert array[:].tolist() == [1, 1, 0, 0]
        assert store.counter["get"] >= 2

    def test_a_level_below_is_silent(self):
        handler = Lines()
        store = LoggingStore(MemoryStore(), log_level="INFO", log_handler=handler)
        store.logger.setLevel("ERROR")
        zarr.create_group(store)
        assert handler.lines == []
        assert store.counter["set_if_not_exists"] == 1
        with pytest.raises(ValueError, match="Unknown level"):
            LoggingStore(MemoryStore(), log_level="LOUD")

    def test_without_a_handler_lines_go_to_the_standard_output(self, capsys):
        store = LoggingStore(MemoryStore())
        run(store.set("a", buf(b"0")))
        assert "DEBUG - Calling MemoryStore.set(a)" in capsys.readouterr().out
        assert str(store) == f"logging-{store._store}"

    def test_threads_are_counted_exactly(self):
        store = LoggingStore(MemoryStore({"a": buf(b"0")}), log_handler=logging.NullHandler())
        store.logger.setLevel("ERROR")
        in_threads([lambda: [store.get_sync("a") for _ in range(300)]] * 8)
        assert store.counter["get"] == 2400

    def test_forms_and_twins_log_too(self):
        handler = Lines()
        store = LoggingStore(MemoryStore({"a": buf(b"0")}), log_level="INFO", log_handler=handler)
        reader = store.with_read_only(True)
        reader.get_sync("a")
        assert [line for _, line in handler.lines][:1] == ["Calling MemoryStore.get(a)"]
        twin = pickle.loads(pickle.dumps(store))
        assert twin.log_level == "INFO"
        assert twin.get_sync("a").to_bytes() == b"0"
        assert twin.counter["get"] == 1
