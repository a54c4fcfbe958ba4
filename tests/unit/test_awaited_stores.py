"""Stores that have to be awaited: others' stores, and stores with versions, from synchronous and asynchronous code."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
import warnings
from functools import partial

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Counting, Ranging, Slow, Tagged
from tests.suites.threads import in_threads
from zarr._buffer.byte_range import RangeByteRequest
from zarr._calls import like
from zarr._flow import rechunking
from zarr._flow.drive import run, synchronous
from zarr._flow.drive.process_hold import process_hold, take_free_hold
from zarr._flow.members import members
from zarr._flow.requests import Fetch, Read, TakeHold, Together
from zarr._flow.watch import logged
from zarr._store.access import capabilities
from zarr._support import bridge
from zarr.abc.codec import BytesBytesCodec
from zarr.errors import ConcurrentChangeError, ContainsArrayError
from zarr.storage import LocalStore, ManagedMemoryStore, MemoryStore, StorePath, WrapperStore

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

    def test_all_groups_of_a_level_are_listed_together(self, awaited):
        root = zarr.create_group(awaited)
        names = [f"{i}/{j}" for i in range(5) for j in range(4)]
        for name in names:
            root.create_array(f"{name}/a", shape=1, dtype="i1")
        asked = []
        found = run(logged(members(StorePath(awaited), None), asked.append))
        paths = {*(name[0] for name in names), *names, *(f"{name}/a" for name in names)}
        assert [path for path, _ in found] == sorted(paths)
        assert sum(isinstance(request, Together) for request in asked) == 2 * 3

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


class Threaded(BytesBytesCodec):
    """A codec as for zarr-python: it hands its work to a thread of whatever loop it runs on."""

    is_fixed_size = True

    def to_dict(self):
        return {"name": "test.threaded"}

    def compute_encoded_size(self, input_byte_length, spec):
        return input_byte_length

    async def _encode_single(self, chunk, spec):
        return await asyncio.to_thread(lambda: chunk)

    async def _decode_single(self, chunk, spec):
        return await asyncio.to_thread(lambda: chunk)


class Looking(BytesBytesCodec):
    """A codec that looks something up in another array, whose store has to be awaited too."""

    is_fixed_size = True
    table = None

    def to_dict(self):
        return {"name": "test.looking"}

    def compute_encoded_size(self, input_byte_length, spec):
        return input_byte_length

    def _encode_sync(self, chunk, spec):
        assert int(self.table[:].sum()) == 6
        return chunk

    _decode_sync = _encode_sync


def test_parts_of_one_chunk_are_written_by_several_threads(awaited, engine):
    """Whoever comes to a hold that another thread has waits for it."""
    array = zarr.create_array(awaited, name="a", shape=40, chunks=20, dtype="i4")

    def fill(start):
        for at in range(start, 40, 4):
            array[at] = at + 1

    in_threads([partial(fill, start) for start in range(4)])
    assert (array[:] == np.arange(1, 41)).all()


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_they_take_turns_by_stores_of_their_own_around_one_place(engine, kind, tmp_path):
    values = {}

    def opened():
        return Slow(zarr.storage.MemoryStore(values) if kind == "memory" else zarr.storage.LocalStore(tmp_path))

    zarr.create_array(opened(), shape=40, chunks=20, dtype="i4")

    def fill(start):
        array = zarr.open_array(opened())
        for at in range(start, 40, 4):
            array[at] = at + 1

    in_threads([partial(fill, start) for start in range(4)])
    assert (zarr.open_array(opened())[:] == np.arange(1, 41)).all()


@pytest.mark.parametrize("kind", ["local", "zip", "sqlite"])
def test_a_turn_stays_the_same_when_its_place_is_made_meanwhile(kind, tmp_path):
    make = {
        "local": LocalStore,
        "zip": partial(zarr.storage.ZipStore, mode="a"),
        "sqlite": zarr.storage.SQLiteStore,
    }[kind]
    (tmp_path / "another name").symlink_to(tmp_path)
    with process_hold(Slow(make(tmp_path / "new")), "a"):
        inside = make(tmp_path / "new")
        zarr.create_array(inside, name="b", data=[1])
        inside.close()
        assert (tmp_path / "new").exists()
        assert take_free_hold(Slow(make(tmp_path / "another name/new")), "a") is None
        take_free_hold(Slow(make(tmp_path / "new")), "b").release()


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_a_turn_is_the_same_from_a_store_further_up(kind, tmp_path):
    if kind == "memory":
        above = ManagedMemoryStore()
        below = ManagedMemoryStore(name=above.name, path="x")
    else:
        above, below = LocalStore(tmp_path), LocalStore(tmp_path / "x")
    with process_hold(Slow(below), "a"):
        assert take_free_hold(Slow(above), "x/a") is None
        take_free_hold(Slow(above), "x").release()
        take_free_hold(Slow(above), "a").release()


def test_a_hold_that_comes_when_the_thread_is_interrupted_is_let_go(engine, monkeypatch):
    """Also while somebody still looks at what was raised, and so has the frames that it came through."""

    class Late(Exception):
        pass

    def late(*_):
        raise Late

    def interrupted(request):
        hold = take(request)
        if signals:
            signal.raise_signal(signals.pop())
        return hold

    take, signals = synchronous._hold_at_once, [signal.SIGUSR1]
    monkeypatch.setattr(synchronous, "_hold_at_once", interrupted)
    array = zarr.create_array(Slow(MemoryStore()), name="a", shape=40, chunks=20, dtype="i4")
    before = signal.signal(signal.SIGUSR1, late)
    try:
        with pytest.raises(Late) as caught:
            array[3:30] = 1
    finally:
        signal.signal(signal.SIGUSR1, before)
    in_threads([lambda: array.__setitem__(slice(3, 30), 2)])
    assert array[29] == 2
    assert caught.type is Late


class TestOthersThreads:
    """Nothing of ours waits where a codec or a store of somebody else may be waiting for it."""

    @pytest.mark.parametrize("codec", [Threaded, Looking])
    def test_codecs_that_wait(self, awaited, read, codec, engine):
        Looking.table = zarr.create_array(Slow(MemoryStore()), data=np.arange(4))
        array = zarr.create_array(awaited, name="a", data=np.arange(40), chunks=2, compressors=[codec()])
        assert (read(array, slice(None)) == np.arange(40)).all()

    def test_a_store_that_reads_another_array(self, engine, read):
        other = zarr.create_array(Slow(MemoryStore()), data=np.arange(40), chunks=2)

        class Checking(Slow):
            async def get(self, key, prototype, byte_range=None):
                assert await asyncio.to_thread(lambda: int(other[7])) == 7
                return await super().get(key, prototype, byte_range)

        array = zarr.create_array(MemoryStore(), name="a", data=np.arange(40), chunks=2)
        found = zarr.open_array(Checking(array.store), path="a", mode="r")
        assert (read(found, slice(None)) == np.arange(40)).all()

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
    def test_what_ends_a_program_comes_out_and_the_next_call_works(self, kind):
        class Ending(Slow):
            async def get(self, key, prototype, byte_range=None):
                if ending:
                    raise ending.pop()
                return await super().get(key, prototype, byte_range)

        ending = []
        store = Ending(MemoryStore())
        array = made(store)
        ending.append(kind("now"))
        with pytest.raises(kind, match="now"):
            array[:]
        assert (array[:] == np.arange(1000)).all()

    def test_elements_are_computed_in_the_thread_that_asks(self):
        where = set()

        class Telling(Looking):
            def _encode_sync(self, chunk, spec):
                where.add(threading.current_thread())
                return chunk

            _decode_sync = _encode_sync

        array = zarr.create_array(Slow(MemoryStore()), data=np.arange(40), chunks=2, compressors=[Telling()])
        assert array[3] == 3
        assert (array[:] == np.arange(40)).all()
        assert where == {threading.current_thread()}


def interrupt():
    """Ctrl-C: what a terminal sends to the thread that waits."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


class TestInterruptions:
    @pytest.fixture(autouse=True)
    def sigint_is_heard(self):
        """A shell may have it ignored in the background."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    def test_nothing_is_written_after_it(self, engine):
        """Ctrl-C while requests are under way: they are cancelled, and have ended when it comes out."""

        class Stuck(Slow):
            async def set(self, key, value):
                if key.startswith("a/c/"):
                    under_way.append(key)
                    if len(under_way) == 10:
                        interrupt()
                    try:
                        await asyncio.sleep(30)
                    finally:
                        under_way.remove(key)
                await super().set(key, value)

        under_way = []
        store = Stuck(MemoryStore())
        array = zarr.create_array(store, name="a", shape=1000, chunks=20, dtype="i4")
        with pytest.raises(KeyboardInterrupt):
            array[:] = 1
        assert not under_way
        assert not [key for key in store._store._store_dict if key.startswith("a/c/")]
        Stuck.set = Slow.set
        array[:] = 2
        assert (array[:] == 2).all()

    def test_nothing_is_under_way_after_an_exception_of_a_handler(self, engine, monkeypatch):
        """A handler may raise what it likes, as just when a request has been handed over to the bridge."""

        class Late(Exception):
            pass

        class Stuck(Slow):
            async def set(self, key, value):
                under_way.append(key)
                began.set()
                try:
                    await asyncio.sleep(30)
                finally:
                    under_way.remove(key)

        def hand_over(loop, function):
            done = real(loop, function)
            if function.__name__ == "_begin" and began.wait(0.3):
                raise Late
            return done

        array = zarr.open_array(Stuck(made(Slow(MemoryStore())).store._store), path="a", mode="r+")
        real = bridge._LoopThread.call
        monkeypatch.setattr(bridge._LoopThread, "call", hand_over)
        for selection in (slice(0, 20), slice(5, 15), slice(None)):
            under_way, began = [], threading.Event()
            with pytest.raises(Late):
                array[selection] = 1
            assert not under_way

    def test_holds_are_let_go(self, engine):
        class Stuck(Slow):
            async def set(self, key, value):
                if stuck and key.startswith("a/c/"):
                    interrupt()
                    await asyncio.sleep(30)
                await super().set(key, value)

        stuck = [True]
        array = zarr.create_array(Stuck(MemoryStore()), name="a", shape=100, chunks=50, dtype="i4")
        with pytest.raises(KeyboardInterrupt):
            array.append(np.ones(10, "i4"))
        stuck.clear()
        assert array.append(np.ones(10, "i4")) == (110,)


class TestRangesOfOthers:
    def shard(self, cls, **attributes):
        store = type(cls.__name__, (cls,), attributes)(MemoryStore())
        array = made(store, chunks=10, shards=1000, config={"sharding_coalesce_max_gap_bytes": 0})
        return array

    def test_a_get_that_is_overridden_later_is_asked(self, engine, read):
        """Else bytes that it decrypts would come out as they are stored."""

        class Secret(Ranging):
            async def get(self, key, prototype, byte_range=None):
                found = await super().get(key, prototype, byte_range)
                return None if found is None else prototype.buffer.from_bytes(bytes(b ^ 85 for b in found.to_bytes()))

            async def set(self, key, value):
                await super().set(key, type(value).from_bytes(bytes(b ^ 85 for b in value.to_bytes())))

            async def set_if_not_exists(self, key, value):
                await self.set(key, value)

        array = self.shard(Secret)
        assert (read(array, slice(None, None, 40)) == np.arange(0, 1000, 40)).all()

    @pytest.mark.parametrize("n_parts", [1, 3])
    def test_errors_are_those_of_a_single_read(self, engine, read, n_parts):
        async def get_ranges(self, key, byte_ranges, **options):
            raise ExceptionGroup("parts", [ExceptionGroup("more", [ConnectionError("net")])])
            yield

        async def get(self, key, prototype, byte_range=None):
            if isinstance(byte_range, RangeByteRequest):
                raise ConnectionError("net")
            return await Slow.get(self, key, prototype, byte_range)

        array = self.shard(Ranging, get=get, get_ranges=get_ranges)
        with pytest.raises(ConnectionError, match="net"):
            read(array, slice(0, 40 * n_parts, 40))

    @pytest.mark.parametrize("answered", [[0], [0, 1, 2, 7]])
    def test_answers_for_other_parts_are_refused(self, engine, read, answered):
        async def get_ranges(self, key, byte_ranges, **options):
            value = await self._store.get(key, options["prototype"], byte_ranges[0])
            yield [(number, value) for number in answered]

        array = self.shard(Ranging, get=Slow.get, get_ranges=get_ranges)
        with pytest.raises(ValueError, match="asked for 3 parts of 'a/c/0'"):
            read(array, slice(0, 120, 40))


def test_pieces_of_a_copy_are_not_all_in_memory_at_once(awaited, monkeypatch):
    alive, peak, n_pieces = 0, 0, 0

    def copy_region(*args):
        nonlocal alive, peak, n_pieces
        alive += 1
        n_pieces += 1
        peak = max(peak, alive)
        try:
            yield from original(*args)
        finally:
            alive -= 1

    original = rechunking.copy_region
    monkeypatch.setattr(rechunking, "copy_region", copy_region)
    monkeypatch.setattr(like, "DEFAULT_NBYTES", 80)
    source = made(MemoryStore())
    assert (zarr.from_array(awaited, data=source)[:] == np.arange(1000)).all()
    assert peak == 1
    assert n_pieces > 1


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

        in_threads([partial(fill, array, start) for start, array in enumerate((one, two))])
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

    def test_a_shard_that_always_changes_is_read_at_once(self, engine, read):
        store = Tagged()
        array = zarr.create_array(store, shape=40, chunks=10, shards=40, dtype="i4", compressors=None)
        array[:] = 1

        asked = []

        class Changing(Tagged):
            async def read(self, key, byte_range=None, *, version=None):
                if "c/" in key:
                    asked.append(byte_range)
                if version is not None:
                    raise ConcurrentChangeError("again")
                return await super().read(key, byte_range, version=version)

        assert read(zarr.open_array(Changing(store.values)), slice(5, 15)).tolist() == [1] * 10
        assert asked[-1] is None
        assert None not in asked[:-1]
        assert len(asked) < 20


class TestTeams:
    """Flows that run together in one thread, whatever happens to one of them."""

    def fetching(self, store):
        (found,) = yield Fetch(store, [Read("missing")])
        assert found is None
        return 1

    def test_flows_that_cannot_be_made_are_the_leaders_error(self, awaited):
        def flows():
            yield self.fetching(awaited)
            raise LookupError("no more")

        def leader():
            try:
                yield Together(flows())
            except LookupError:
                return (yield Together([self.fetching(awaited)]))

        assert run(leader()) == [1]

    def test_results_come_in_the_order_of_the_flows(self, awaited):
        def numbered(number):
            yield Fetch(awaited, [Read("missing")] * (1 + number % 3))
            yield Together([self.fetching(awaited)] * 0)
            return number

        assert run(iter_flow(Together(numbered(n) for n in range(100)))) == list(range(100))

    def test_an_error_ends_the_others_and_their_holds(self, awaited):
        ended = []

        def holding(number):
            with (yield TakeHold(awaited, f"h{number}")):
                try:
                    if number == 5:
                        raise ValueError("five")
                    yield Fetch(awaited, [Read("missing")])
                    yield Together(self.fetching(awaited) for _ in range(5))
                finally:
                    ended.append(number)

        with pytest.raises(ValueError, match="five"):
            run(iter_flow(Together(holding(n) for n in range(20))))
        assert len(ended) == len(set(ended))
        for number in range(20):
            assert run(iter_flow(Together([holding(number + 100)]))) == [None]

    def test_a_hold_of_another_store_does_not_keep_the_thread(self, awaited):
        memory = MemoryStore()

        def both():
            with (yield TakeHold(memory, "h")):
                return (yield from self.fetching(awaited))

        assert run(iter_flow(Together([self.fetching(awaited), both(), both()]))) == [1, 1, 1]


def iter_flow(request):
    """A flow of one request."""
    return (yield request)


class TestFailures:
    """When a call has failed nothing that belongs to it is under way any more."""

    @pytest.fixture(params=["sleeping", "in threads"])
    def failing(self, request, tmp_path):
        """A store in which one write fails while the others take their time, and a list of those that have ended."""
        ended = []
        if request.param == "sleeping":

            class Failing(WrapperStore):
                async def set(self, key, value):
                    if key.endswith("/7"):
                        raise OSError("disk full")
                    if "/c/" in key:
                        await asyncio.sleep(0.2)
                        ended.append(key)
                    await super().set(key, value)

            return Failing(MemoryStore()), ended

        class Lasting(LocalStore):
            def put(self, key, value, **conditions):
                if "/c/" in key:
                    time.sleep(0.2)
                done = super().put(key, value, **conditions)
                if "/c/" in key:
                    ended.append(key)
                return done

        class FailingToo(WrapperStore):
            async def set(self, key, value):
                if key.endswith("/7"):
                    await asyncio.sleep(0.05)
                    raise OSError("disk full")
                await super().set(key, value)

        return FailingToo(Lasting(tmp_path / "store")), ended

    def test_nothing_is_written_afterwards(self, failing, engine, write):
        store, ended = failing
        array = zarr.create_array(store, name="a", shape=40, chunks=4, dtype="i4")
        with pytest.raises(OSError, match="disk full"):
            write(array, slice(None), 1)
        before = list(ended)
        time.sleep(0.5)
        assert ended == before

    def test_nothing_is_written_after_a_cancellation(self, failing, engine):
        store, ended = failing
        array = zarr.create_array(store, name="a", shape=28, chunks=4, dtype="i4")

        async def work():
            task = asyncio.ensure_future(array.async_array.setitem(slice(None), 1))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return list(ended)

        before = asyncio.run(work())
        time.sleep(0.5)
        assert ended == before
