"""Stores that have to be awaited: others' stores, and stores with versions, from synchronous and asynchronous code."""

from __future__ import annotations

import asyncio
import itertools
import threading
import warnings

import numpy as np
import pytest

import zarr
from zarr._buffer.byte_range import SuffixByteRequest, resolve_range
from zarr._store.access import capabilities
from zarr._store.versioned import ABSENT, ANY, AsyncStore, Stored
from zarr.errors import ConcurrentChangeError, ContainsArrayError
from zarr.storage import MemoryStore, WrapperStore


class Counting:
    """Counts calls to a store: how many there were, and how many at once.

    The first calls wait for each other until there are as many at once as expected.
    """

    def __init__(self, expected=1):
        self.expected = expected
        self.together = asyncio.Event()
        self.now = self.peak = self.n = 0
        self.seen = []
        self.threads = set()

    async def __call__(self, *what):
        self.n += 1
        self.now += 1
        self.peak = max(self.peak, self.now)
        self.seen.append(what)
        self.threads.add(threading.current_thread().name)
        if self.now >= self.expected:
            self.together.set()
        if not isinstance(what[-1], SuffixByteRequest):  # the index of a shard is read alone
            await asyncio.wait_for(self.together.wait(), 30)
        await asyncio.sleep(0)
        self.now -= 1


class Slow(WrapperStore):
    """Somebody's asynchronous store."""

    def __init__(self, store):
        super().__init__(store)
        self.calls = Counting()

    async def get(self, key, prototype, byte_range=None):
        await self.calls("get", key, byte_range)
        return await self._store.get(key, prototype, byte_range)

    async def set(self, key, value):
        await self.calls("set", key)
        await self._store.set(key, value)

    async def exists(self, key):
        await self.calls("exists", key)
        return await self._store.exists(key)


class Ranging(Slow):
    """One that reads several parts of a value in its own way."""

    async def get_ranges(self, key, byte_ranges, **options):
        await self.calls("get_ranges", key, tuple(byte_ranges))
        found = [
            (number, await self._store.get(key, options["prototype"], wanted))
            for number, wanted in enumerate(byte_ranges)
        ]
        if any(value is None for _, value in found):
            raise ExceptionGroup("parts", [FileNotFoundError(key)])
        yield found


TAGS = itertools.count()


class Tagged(AsyncStore):
    """An object store in small: every value has a tag, reads and writes may ask for one."""

    def __init__(self, values=None, *, read_only=False):
        super().__init__(read_only=read_only)
        self.values = {} if values is None else values
        self.calls = Counting()

    def __eq__(self, other):
        return isinstance(other, Tagged) and self.values is other.values

    def with_read_only(self, read_only=False):
        return Tagged(self.values, read_only=read_only)

    async def read(self, key, byte_range=None, *, version=None):
        await self.calls("read", key, byte_range)
        if key not in self.values:
            if version is not None:
                raise ConcurrentChangeError(f"{key} was deleted")
            return None
        tag, data = self.values[key]
        if version is not None and version != tag:
            raise ConcurrentChangeError(f"{key} was replaced")
        start, stop = resolve_range(byte_range, len(data))
        return Stored(zarr.buffer.cpu.Buffer.from_bytes(data[start:stop]), tag, len(data))

    async def put(self, key, value, *, expected=ANY):
        await self.calls("put", key)
        stored = self.values.get(key)
        if expected is not ANY and (None if expected is ABSENT else expected) != (stored and stored[0]):
            return False
        self.values[key] = (f"tag-{next(TAGS)}", value.to_bytes())
        return True

    async def remove(self, key, *, expected=ANY):
        stored = self.values.get(key)
        if expected is not ANY and (None if expected is ABSENT else expected) != (stored and stored[0]):
            return False
        self.values.pop(key, None)
        return True

    async def list_prefix(self, prefix):
        for key in sorted(self.values):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix):
        below = f"{prefix}/" if prefix else ""
        for name in dict.fromkeys(key[len(below) :].partition("/")[0] for key in self.values if key.startswith(below)):
            yield name


MAKERS = {"wrapped": lambda: Slow(MemoryStore()), "ranges": lambda: Ranging(MemoryStore()), "tagged": Tagged}


@pytest.fixture(params=MAKERS)
def awaited(request):
    return MAKERS[request.param]()


@pytest.fixture(params=["sync", "async"])
def read(request):
    """Reads a selection of an array."""
    if request.param == "sync":
        return lambda array, selection: array[selection]

    def read_async(array, selection):
        return asyncio.run(array.async_array.getitem(selection))

    return read_async


@pytest.fixture(params=["sync", "async"])
def write(request):
    if request.param == "sync":
        return lambda array, selection, value: array.__setitem__(selection, value)

    def write_async(array, selection, value):
        asyncio.run(array.async_array.setitem(selection, value))

    return write_async


def made(store, **options):
    return zarr.create_array(
        store, name="a", data=np.arange(1000, dtype="i4"), **{"chunks": 20, "compressors": None, **options}
    )


class TestTogether:
    def test_chunks_are_read_together(self, awaited, engine, read):
        array = made(awaited)
        awaited.calls = Counting(50)
        assert (read(array, slice(None)) == np.arange(1000)).all()
        assert awaited.calls.peak == awaited.calls.n == 50

    def test_chunks_are_written_together(self, awaited, engine, write):
        array = made(awaited)
        awaited.calls = Counting(50)
        write(array, slice(None), 1)
        assert awaited.calls.n == 50
        assert awaited.calls.peak == 50
        assert (array[:] == 1).all()

    def test_not_more_than_configured(self, awaited, engine, read):
        array = made(awaited)
        awaited.calls = Counting(7)
        with zarr.config.set({"async.concurrency": 7}):
            assert (read(array, slice(None)) == np.arange(1000)).all()
        assert awaited.calls.peak == 7

    def test_neighbouring_parts_of_a_shard_are_one_request_besides_the_index(self, awaited, engine, read):
        array = made(awaited, chunks=10, shards=1000)
        awaited.calls = Counting()
        assert (read(array, slice(100, 600)) == np.arange(100, 600)).all()
        index_nbytes = 100 * 16 + 4
        sizes = [found[-1] for found in awaited.calls.seen]
        of_index = [wanted for wanted in sizes if getattr(wanted, "suffix", None) == index_nbytes]
        # A store without versions is asked for the index again, to see whether all came from one version.
        assert len(of_index) == (1 if isinstance(awaited, Tagged) else 2)
        assert awaited.calls.n == len(of_index) + 1

    def test_parts_of_a_shard_that_lie_apart_go_out_together(self, awaited, engine, read):
        array = made(awaited, chunks=10, shards=1000, config={"sharding_coalesce_max_gap_bytes": 0})
        awaited.calls = Counting(1 if isinstance(awaited, Ranging) else 25)
        assert (read(array, slice(None, None, 40)) == np.arange(0, 1000, 40)).all()
        if isinstance(awaited, Ranging):
            (several,) = [found for found in awaited.calls.seen if found[0] == "get_ranges"]
            assert len(several[2]) == 25
        else:
            assert awaited.calls.peak == 25

    def test_two_stores_at_once(self, awaited, engine):
        here = made(MemoryStore())
        there = zarr.from_array(awaited, data=here, name="b")
        assert (there[:] == np.arange(1000)).all()
        back = zarr.from_array(MemoryStore(), data=there)
        assert (back[:] == np.arange(1000)).all()

    def test_documents_of_format_2_are_asked_for_together(self, awaited):
        zarr.create_array(awaited, name="a", shape=3, dtype="i4", zarr_format=2)
        awaited.calls = Counting(3)
        assert zarr.open_array(awaited, path="a", mode="r+", zarr_format=2).shape == (3,)
        assert awaited.calls.peak == awaited.calls.n == 3

    def test_members_are_looked_at_together(self, awaited):
        root = zarr.create_group(awaited)
        for number in range(12):
            root.create_array(f"a{number}", shape=1, dtype="i1")
        awaited.calls = Counting(12)
        assert len(root.members()) == 12
        assert awaited.calls.peak == 12

    def test_an_error_stops_the_others_and_comes_out(self, awaited, engine):
        array = made(awaited, compressors=zarr.codecs.ZstdCodec())
        where = awaited.values if isinstance(awaited, Tagged) else awaited._store._store_dict
        damaged = b"damaged"
        where["a/c/7"] = ("tag", damaged) if isinstance(awaited, Tagged) else zarr.buffer.cpu.Buffer.from_bytes(damaged)
        with pytest.raises(zarr.errors.CodecError, match="'a/c/7'"):
            array[:]
        assert (array[:100] == np.arange(100)).all()

    def test_only_what_has_to_be_awaited_leaves_the_thread(self, engine):
        array = made(MemoryStore())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert (array[:] == np.arange(1000)).all()
        slow = Slow(array.store)
        assert (zarr.open_array(slow, path="a")[:] == np.arange(1000)).all()
        assert slow.calls.threads == {"zarr-bridge"}


class TestWarnings:
    def test_they_point_at_the_line_that_called(self, awaited):
        root = zarr.create_group(awaited)
        with pytest.warns(zarr.errors.ZarrUserWarning, match="onsolidated") as caught:
            zarr.consolidate_metadata(root.store)
        assert {warning.filename for warning in caught} == {__file__}


class TestLostRaces:
    """Somebody else creates the same array between two requests."""

    def racing(self, inner, rival):
        class Racy(WrapperStore):
            async def set_if_not_exists(self, key, value):
                if key == "a/zarr.json" and rival:
                    rival.pop()()
                await self._store.set_if_not_exists(key, value)

        return Racy(inner)

    def test_the_loser_is_told(self, engine):
        inner = MemoryStore()
        rival = [lambda: zarr.create_array(inner, name="a", shape=8, dtype="f8")]
        with pytest.raises(ContainsArrayError):
            zarr.create_array(self.racing(inner, rival), name="a", shape=4, dtype="i4")
        assert zarr.open_array(inner, path="a").dtype == "f8"

    def test_who_wants_the_same_gets_it(self, engine):
        inner = MemoryStore()
        rival = [lambda: zarr.create_array(inner, name="a", shape=4, dtype="i4")]
        assert zarr.create_array(self.racing(inner, rival), name="a", shape=4, dtype="i4").shape == (4,)

    def test_who_overwrites_does(self, engine):
        inner = MemoryStore()
        rival = [lambda: zarr.create_array(inner, name="a", shape=8, dtype="f8")]
        made_ = zarr.create_array(self.racing(inner, rival), name="a", shape=4, dtype="i4", overwrite=True)
        assert zarr.open_array(inner, path="a").metadata == made_.metadata


class TestVersions:
    def test_a_store_says_what_it_can(self):
        assert capabilities(Tagged()).puts_conditionally
        assert capabilities(Tagged()).pins_versions
        assert not capabilities(Tagged()).sync
        assert not capabilities(Slow(MemoryStore())).puts_conditionally
        assert capabilities(MemoryStore()).sync

    def test_one_whose_face_is_overridden_is_used_through_that(self):
        class Watched(Tagged):
            async def get(self, key, prototype=None, byte_range=None):
                return await super().get(key, prototype, byte_range)

        assert not capabilities(Watched()).pins_versions

    def test_zarr_pythons_face(self):
        async def main():
            store = Tagged()
            value = zarr.buffer.cpu.Buffer.from_bytes(b"value")
            await store.set("k", value)
            await store.set_if_not_exists("k", zarr.buffer.cpu.Buffer.from_bytes(b"other"))
            found = await store.get("k", zarr.buffer.cpu.buffer_prototype)
            assert found.to_bytes() == b"value"
            assert await store.exists("k")
            assert await store.getsize("k") == 5
            assert [key async for key in store.list()] == ["k"]
            await store.delete("k")
            assert not await store.exists("k")
            with pytest.raises(FileNotFoundError):
                await store.getsize("k")
            with pytest.raises(zarr.errors.StoreKeyError):
                await store.set("../k", value)
            with pytest.raises(ValueError, match="read-only"):
                await store.with_read_only(True).set("k", value)

        asyncio.run(main())

    @pytest.mark.parametrize("options", [{"chunks": 100}, {"chunks": 10, "shards": 100}], ids=["chunk", "shard"])
    def test_nothing_is_lost_between_writers_of_one_object(self, engine, options):
        """Two stores over the same values know nothing of each other, as two machines would."""
        values = {}
        zarr.create_array(Tagged(values), shape=100, dtype="i4", **options)
        one, two = (zarr.open_array(Tagged(values)) for _ in range(2))

        def fill(array, start):
            for at in range(start, 100, 2):
                array[at] = at + 1

        threads = [threading.Thread(target=fill, args=(array, start)) for start, array in enumerate((one, two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (one[:] == np.arange(1, 101)).all()

    def test_index_and_chunks_come_from_one_version(self, engine, read):
        store = Tagged()
        array = zarr.create_array(store, shape=40, chunks=10, shards=40, dtype="i4", compressors=None)
        array[:] = 1

        def replace(value):
            zarr.open_array(store)[:] = value

        class Changing(Tagged):
            async def read(self, key, byte_range=None, *, version=None):
                if version is not None and turns:
                    await asyncio.to_thread(replace, turns.pop())
                return await super().read(key, byte_range, version=version)

        turns = [2, 3]
        found = read(zarr.open_array(Changing(store.values)), slice(5, 15))
        assert set(found.tolist()) == {2}
        assert not turns

    def test_a_shard_that_always_changes_is_an_error(self, engine):
        store = Tagged()
        array = zarr.create_array(store, shape=40, chunks=10, shards=40, dtype="i4", compressors=None)
        array[:] = 1

        class Changing(Tagged):
            async def read(self, key, byte_range=None, *, version=None):
                if version is not None:
                    raise ConcurrentChangeError("again")
                return await super().read(key, byte_range, version=version)

        with pytest.raises(ConcurrentChangeError, match="each of 20 attempts"):
            zarr.open_array(Changing(store.values))[5:15]
