"""Stores as a third party writes them: coroutines only, over a dict."""

from __future__ import annotations

import asyncio
import json
import threading

from zarr._buffer.byte_range import resolve_range
from zarr._store.versioned import ABSENT, ANY, AsyncStore, Stored
from zarr.abc.store import Store
from zarr.buffer.cpu import Buffer
from zarr.storage import WrapperStore


class Awaited(WrapperStore):
    """One that has to be awaited, whatever it wraps, as it wants to see what is read."""

    async def get(self, key, prototype, byte_range=None):
        return await super().get(key, prototype, byte_range)


def _place_of_chunk(key):
    """The node and the coordinates of a chunk in either format; None for any other key."""
    node, _, name = key.rpartition("/c/")
    if node:
        return node, name.split("/")
    node, _, name = key.rpartition("/")
    return (node, name.split(".")) if name[:1].isdigit() else None


class AsyncOnly(Store):
    """The least that a third party's store offers."""

    supports_writes = supports_deletes = supports_listing = True

    def __init__(self, *, read_only=False):
        super().__init__(read_only=read_only)
        self.values = {}

    def __eq__(self, other):
        return self is other

    async def get(self, key, prototype, byte_range=None):
        await asyncio.sleep(0)
        value = self.values.get(key)
        if value is None:
            return None
        start_, stop = resolve_range(byte_range, len(value))
        return prototype.buffer.from_bytes(value[start_:stop])

    async def get_partial_values(self, prototype, key_ranges):
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key):
        return key in self.values

    async def set(self, key, value):
        self._check_writable()
        await asyncio.sleep(0)
        self.values[key] = value.to_bytes()

    async def delete(self, key):
        self._check_writable()
        self.values.pop(key, None)

    async def list(self):
        for key in sorted(self.values):
            yield key

    async def list_prefix(self, prefix):
        for key in sorted(self.values):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix):
        below = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
        names = {key[len(below) :].split("/")[0] for key in self.values if key.startswith(below)}
        for name in sorted(names):
            yield name


class AsyncVersions(AsyncStore):
    """One with versions. A value is never changed, so it is its own version."""

    def __init__(self, *, read_only=False):
        super().__init__(read_only=read_only)
        self.values = {}
        self._guard = threading.Lock()  # each thread has an event loop of its own

    def __eq__(self, other):
        return self is other

    list_prefix, list_dir = AsyncOnly.list_prefix, AsyncOnly.list_dir

    async def read(self, key, byte_range=None, *, version=None):
        await asyncio.sleep(0)
        value = self.values.get(key) if version is None else version
        if value is None:
            return None
        first, stop = resolve_range(byte_range, len(value))
        return Stored(Buffer.from_bytes(value[first:stop]), value, len(value))

    async def put(self, key, value, *, expected=ANY):
        await asyncio.sleep(0)
        data = bytes(bytearray(value.to_bytes()))  # an object of its own, also where the same bytes are put again
        return self._change(key, expected, lambda: self.values.__setitem__(key, data))

    async def remove(self, key, *, expected=ANY):
        await asyncio.sleep(0)
        return self._change(key, expected, lambda: self.values.pop(key, None))

    def _change(self, key, expected, change):
        with self._guard:
            if expected is not ANY and self.values.get(key) is not (None if expected is ABSENT else expected):
                return False
            change()
            return True


class AwareOfShapes(AsyncOnly):
    """One that knows of arrays, as Icechunk does: it refuses chunks outside of the shape, and lets those be that it does not show."""

    def _knows(self, key):
        found = _place_of_chunk(key)
        if found is None:
            return True
        node, coordinates = found
        if (document := self.values.get(f"{node}/zarr.json")) is not None:
            known = json.loads(document)
            sizes = known["chunk_grid"]["configuration"]["chunk_shape"]
        else:
            known = json.loads(self.values[f"{node}/.zarray"])
            sizes = known["chunks"]
        return all(int(c) * size < n for c, size, n in zip(coordinates, sizes, known["shape"], strict=True))

    async def get(self, key, prototype, byte_range=None):
        return await super().get(key, prototype, byte_range) if self._knows(key) else None

    async def set(self, key, value):
        if not self._knows(key):
            raise ValueError(f"invalid chunk index: {key}")
        await super().set(key, value)

    async def delete(self, key):
        if self._knows(key):
            await super().delete(key)

    async def list_prefix(self, prefix):
        async for key in super().list_prefix(prefix):
            if self._knows(key):
                yield key
