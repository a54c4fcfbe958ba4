"""Room for what requests bring and take: `zarr._support.request_room`."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from queue import SimpleQueue

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Slow
from tests.suites.children import end_of_child
from tests.suites.interrupts import interrupted_at
from tests.suites.threads import in_threads
from zarr._support import request_room
from zarr._support.request_room import INSIDE, AwaitedRoom, is_counted, take_room
from zarr.abc.codec import BytesBytesCodec
from zarr.storage import MemoryStore

CHUNK = 2**16


@pytest.fixture(autouse=True)
def ten(monkeypatch):
    """Room for ten bytes, of which nobody has any."""
    monkeypatch.setattr(request_room, "_account", request_room._Account())
    with zarr.config.set({"async.request_bytes": 10}):
        yield


class Waiting:
    """One who waits for room."""

    def __init__(self, nbytes):
        self.room = self.error = None
        self.has_come = threading.Event()
        self.awaited = AwaitedRoom(nbytes, self.take)
        self.awaited.begin()

    def take(self, room, error):
        self.room, self.error = room, error
        self.has_come.set()

    def nbytes(self):
        """How much it got, when it has."""
        assert self.has_come.wait(30)
        return self.room.nbytes


class TestRoom:
    def test_is_given_while_there_is_enough(self):
        with take_room(6), take_room(4):
            assert take_room(1) is None
        assert take_room(10) is not None

    def test_is_given_back_once(self):
        room = take_room(10)
        room.release()
        room.release()
        with take_room(10):
            assert take_room(1) is None

    def test_is_given_back_wherever_its_taker_is_interrupted(self):
        """On the way in and out."""

        def take_and_release():
            with take_room(7):
                pass

        for number in itertools.count():
            was_interrupted = interrupted_at(number, request_room, take_and_release)
            gc.collect(1)  # what this round has made
            assert request_room._account._n_used == 0, f"after call number {number}"
            if not was_interrupted:
                break
        assert number > 5

    @pytest.mark.parametrize("way", ["release", "cancel", "queue"])
    def test_whoever_waits_gets_on_wherever_another_is_interrupted(self, way, monkeypatch):
        """In giving room back, in waiting for it no more, and in beginning to wait when some was given back just before."""
        for number in itertools.count():
            account = request_room._Account()
            monkeypatch.setattr(request_room, "_account", account)
            rooms = [take_room(1 if way == "cancel" else 10)]
            if way == "release":
                waiting = Waiting(5)
                was_interrupted = interrupted_at(number, request_room, rooms[0].release)
                rooms.clear()
            elif way == "cancel":
                first, waiting = Waiting(10), Waiting(5)
                was_interrupted = interrupted_at(number, request_room, first.awaited.cancel)
                if was_interrupted:
                    first.awaited.cancel()
            else:
                waiting = Waiting(5)
                rooms[0].nbytes, account._n_used = 0, 0  # given back, and not handed out yet
                late = AwaitedRoom(3, lambda room, _, rooms=rooms: rooms.append(room))
                was_interrupted = interrupted_at(number, request_room, late.begin)
                rooms[0] = take_room(10, waits=False)
                rooms[0].release()  # what comes next sees to those who wait, where nobody had begun to
            assert waiting.nbytes() == 5, f"after call number {number}"
            if not was_interrupted:
                break
        assert number > 3

    def test_who_is_interrupted_in_beginning_to_wait_is_answered(self):
        room = take_room(10)
        for number in itertools.count():
            answers = SimpleQueue()
            awaited = AwaitedRoom(5, lambda given, error, answers=answers: answers.put(error))
            was_interrupted = interrupted_at(number, request_room, awaited.begin)
            awaited.cancel()
            assert isinstance(answers.get(timeout=30), InterruptedError), f"after call number {number}"
            if not was_interrupted:
                break
        assert number > 2
        room.release()

    def test_is_given_back_by_who_forgot_it(self):
        rooms = [take_room(10)]
        rooms.clear()
        with take_room(10):
            pass

    def test_what_is_larger_than_all_of_it_goes_alone(self):
        room = take_room(3)
        assert take_room(100) is None
        room.release()
        with take_room(100):
            assert take_room(1) is None

    def test_who_waits_gets_it_in_turn_and_nobody_overtakes(self):
        room = take_room(8)
        large, small = Waiting(9), Waiting(1)
        assert take_room(1) is None
        assert large.room is small.room is None
        room.release()
        assert large.nbytes() == 9
        assert small.nbytes() == 1

    def test_who_does_not_wait_any_more_is_passed_over(self):
        room = take_room(8)
        large, small = Waiting(9), Waiting(1)
        large.awaited.cancel()
        assert isinstance(large.error, InterruptedError)
        assert small.nbytes() == 1
        room.release()

    def test_a_cancelled_wait_that_was_over_changes_nothing(self):
        first = Waiting(10)
        assert first.nbytes() == 10
        first.awaited.cancel()
        assert first.room.nbytes == 10
        assert first.error is None

    def test_who_may_not_wait_gets_it_at_once(self):
        with take_room(10):
            assert take_room(5, waits=False).nbytes == 5
            token = INSIDE.set(True)
            assert take_room(5).nbytes == 5
            INSIDE.reset(token)

    def test_a_limit_that_is_raised_counts_from_then_on(self):
        room, other = take_room(10), Waiting(10)
        with zarr.config.set({"async.request_bytes": None}):
            third = Waiting(1)
            assert other.nbytes() == 10
            assert third.nbytes() == 1
        room.release()

    def test_a_forked_child_has_all_of_it(self):
        room = take_room(10)

        def look():
            own = take_room(10)
            room.release()  # which was the parent's
            return 0 if own is not None and take_room(1) is None else 1

        assert end_of_child(look) == 0

    def test_what_is_small_is_not_counted(self):
        with zarr.config.set({"async.request_bytes": 4096 * 100}):
            assert not is_counted(100)
            assert is_counted(101)


class Copying(BytesBytesCodec):
    """Reads another array of the same store while it decodes."""

    is_fixed_size = True
    other = None

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "test.copying"}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def _encode_sync(self, chunk, spec):
        return chunk

    def _decode_sync(self, chunk, spec):
        assert Copying.other[:].sum() == 2 * CHUNK
        return chunk


class Heavy(Slow):
    """Counts the bytes that are under way at once. Each request takes a moment."""

    def __init__(self):
        super().__init__(MemoryStore())
        self.n_bytes = self.peak = 0

    async def _carry(self, nbytes):
        self.n_bytes += nbytes
        self.peak = max(self.peak, self.n_bytes)
        await asyncio.sleep(0.002)
        self.n_bytes -= nbytes

    async def get(self, key, prototype, byte_range=None):
        found = await self._store.get(key, prototype, byte_range)
        if found is not None:
            await self._carry(len(found))
        return found

    async def set(self, key, value):
        await self._carry(len(value))
        await self._store.set(key, value)


def read_sync(array, selection):
    return array[selection]


def read_async(array, selection):
    return asyncio.run(array.async_array.getitem(selection))


def write_sync(array, selection, value):
    array[selection] = value


def write_async(array, selection, value):
    asyncio.run(array.async_array.setitem(selection, value))


FACES = pytest.mark.parametrize(
    ("read", "write"), [(read_sync, write_sync), (read_async, write_async)], ids=["sync", "async"]
)


@FACES
class TestRequests:
    def made(self, **options):
        store = Heavy()
        with zarr.config.set({"async.request_bytes": None}):
            array = zarr.create_array(
                store, name="a", data=np.ones(20 * CHUNK, "u1"), **{"chunks": CHUNK, "compressors": None, **options}
            )
        store.peak = 0
        return array, store

    def test_chunks_under_way_have_no_more_bytes_than_configured(self, engine, zarr_format, read, write):
        array, store = self.made(zarr_format=zarr_format)
        with zarr.config.set({"async.request_bytes": 3 * CHUNK + 5}):
            assert read(array, slice(None)).sum() == 20 * CHUNK
            assert store.peak == 3 * CHUNK
            store.peak = 0
            write(array, slice(None), 2)
            assert store.peak == 3 * CHUNK
        assert (read(array, slice(None)) == 2).all()

    def test_one_that_is_larger_goes_alone(self, engine, read, write):
        array, store = self.made()
        with zarr.config.set({"async.request_bytes": CHUNK // 2}):
            assert read(array, slice(None)).sum() == 20 * CHUNK
            write(array, slice(None), 2)
            write(array, slice(5, -5), 3)
        assert store.peak == CHUNK
        assert read(array, slice(None)).sum() == 3 * 20 * CHUNK - 10

    def test_of_shards_what_is_wanted_counts(self, engine, read, write):
        array, store = self.made(chunks=CHUNK // 16, shards=CHUNK)
        wanted = [slice(n * CHUNK, n * CHUNK + CHUNK // 16) for n in range(20)]
        points = np.concatenate([np.arange(part.start, part.stop, 512) for part in wanted])
        with zarr.config.set({"async.request_bytes": CHUNK // 2}):
            assert array.oindex[points].sum() == len(points)
            assert CHUNK // 16 < store.peak < CHUNK
            assert read(array, slice(None)).sum() == 20 * CHUNK
        assert store.peak < 2 * CHUNK

    def test_callers_share_the_room(self, engine, read, write):
        array, store = self.made()
        with zarr.config.set({"async.request_bytes": 4 * CHUNK}):
            in_threads([lambda: read(array, slice(None))] * 5)
        assert store.peak <= 4 * CHUNK

    def test_a_codec_may_read_another_array_meanwhile(self, engine, read, write):
        zarr.registry.register_codec("test.copying", Copying)
        array, store = self.made(compressors=[Copying()])
        Copying.other = zarr.create_array(store, name="b", data=np.ones(2 * CHUNK, "u1"), chunks=CHUNK)
        with zarr.config.set({"async.request_bytes": CHUNK}):
            assert read(array, slice(None)).sum() == 20 * CHUNK

    def test_an_interrupted_call_gives_it_back(self, engine, read, write):
        array, _ = self.made()

        async def fail(key, prototype, byte_range=None):
            raise RuntimeError("out of order")

        with zarr.config.set({"async.request_bytes": 4 * CHUNK}):
            array.store.get = fail
            with pytest.raises(RuntimeError, match="out of order"):
                read(array, slice(None))
            del array.store.get
            assert request_room._account._n_used == 0
            assert read(array, slice(None)).sum() == 20 * CHUNK


COPIES = {
    "out of it": lambda root: zarr.copy(root["a"], zarr.create_group({})),
    "into it": lambda root: zarr.copy(root["a"], root, name="b"),
    "a group": lambda root: zarr.copy_all(root, zarr.create_group({})),
    "stores": lambda root: zarr.copy_store(root.store, {}),
    "move": lambda root: root.move("a", "b"),
    "move a group": lambda root: (root.move("a", "g/b"), root.move("g", "h")),
}


class TestCopies:
    """Objects that are copied as they are take room too."""

    @pytest.fixture
    def many(self, zarr_format):
        """A group with an array of twenty chunks, whose store counts what is under way."""
        store = Heavy()
        with zarr.config.set({"async.request_bytes": None}):
            root = zarr.create_group(store, zarr_format=zarr_format)
            root.create_array("a", data=np.ones(20 * CHUNK, "u1"), chunks=CHUNK, compressors=None)
        store.peak = 0
        return root

    @pytest.mark.parametrize("way", COPIES)
    def test_have_no_more_bytes_under_way_than_configured(self, many, way):
        with zarr.config.set({"async.request_bytes": 3 * CHUNK + 5}):
            COPIES[way](many)
        assert CHUNK <= many.store.peak < 4 * CHUNK  # documents are not counted
        assert request_room._account._n_used == 0

    def test_in_coroutines(self, many):
        with zarr.config.set({"async.request_bytes": 3 * CHUNK + 5}):
            asyncio.run(many._async_group.move("a", "b"))
        assert many.store.peak == 3 * CHUNK

    def test_what_nobody_knows_the_size_of_is_counted_when_it_is_there(self, many, zarr_format):
        document = "a/zarr.json" if zarr_format == 3 else "a/.zarray"
        many.store._store.set_sync(document, zarr.buffer.cpu.Buffer.from_bytes(b"{"))
        counted = []
        put = many.store.set

        async def look(key, value):
            if len(value) == CHUNK:
                counted.append(request_room._account._n_used >= CHUNK)
            await put(key, value)

        many.store.set = look
        with zarr.config.set({"async.request_bytes": 3 * CHUNK + 5}):
            many.move("a", "b")
        assert counted == [True] * 20
        assert request_room._account._n_used == 0
