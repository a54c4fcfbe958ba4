"""Somebody's stores that have to be awaited, and that tell of every call they get."""

from __future__ import annotations

import asyncio
import itertools
import threading

import zarr
from zarr._buffer.byte_range import SuffixByteRequest, resolve_range
from zarr._store.versioned import ABSENT, ANY, AsyncStore, Stored
from zarr.errors import ConcurrentChangeError
from zarr.storage import WrapperStore


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
