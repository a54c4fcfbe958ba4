"""What the programs of `test_moments` share: a store of someone else's that has no synchronous methods, and one round of work."""

import asyncio
import sys

import numpy as np

import zarr
from zarr.abc.store import Store
from zarr.storage import LocalStore

SHAPE, CHUNKS = (20, 30), (5, 10)


class AsyncOnly(Store):
    """A directory through coroutines that really wait."""

    supports_writes = supports_deletes = supports_listing = True

    def __init__(self, root, *, read_only=False):
        super().__init__(read_only=read_only)
        self.root = str(root)
        self.inner = LocalStore(self.root)

    def with_read_only(self, read_only=False):
        return type(self)(self.root, read_only=read_only)

    def __eq__(self, other):
        return isinstance(other, AsyncOnly) and self.root == other.root

    __hash__ = None

    def __reduce__(self):
        return type(self), (self.root,)

    async def get(self, key, prototype, byte_range=None):
        await asyncio.sleep(0)
        return await self.inner.get(key, prototype, byte_range)

    async def get_partial_values(self, prototype, key_ranges):
        await asyncio.sleep(0)
        return await self.inner.get_partial_values(prototype, key_ranges)

    async def exists(self, key):
        await asyncio.sleep(0)
        return await self.inner.exists(key)

    async def set(self, key, value):
        await asyncio.sleep(0)
        await self.inner.set(key, value)

    async def delete(self, key):
        await asyncio.sleep(0)
        await self.inner.delete(key)

    async def list(self):
        await asyncio.sleep(0)
        async for key in self.inner.list():
            yield key

    async def list_prefix(self, prefix):
        await asyncio.sleep(0)
        async for key in self.inner.list_prefix(prefix):
            yield key

    async def list_dir(self, prefix):
        await asyncio.sleep(0)
        async for key in self.inner.list_dir(prefix):
            yield key


def store_at(kind, root):
    """A store of our own kind, or of the other."""
    return {"local": LocalStore, "async-only": AsyncOnly}[kind](root)


def begin():
    """The store that the program's arguments name, with an array of zeros in it; it has worked once."""
    store = store_at(*sys.argv[1:3])
    array = zarr.create_array(store, name="a", shape=SHAPE, chunks=CHUNKS, dtype="int32")
    assert not array[...].any()
    return array


def rewrite(array, value):
    """Write the whole and a part, read both faces of it, set an attribute."""
    array[...] = value
    array[3, 4] = -value
    expected = np.full(SHAPE, value, "int32")
    expected[3, 4] = -value
    assert (array[...] == expected).all()
    array.attrs["value"] = value


def work(array, value=7):
    """The same, and open, create and append: whatever the moment allows."""
    rewrite(array, value)
    assert zarr.open_array(array.store, path="a", mode="r")[3:9, 4].tolist() == [-value, *[value] * 5]
    line = zarr.create_array(array.store, name="made", data=np.arange(10), chunks=4, overwrite=True)
    line.append(np.arange(3))
    assert line[8:].tolist() == [8, 9, 0, 1, 2]


async def work_async(array, value=7):
    """The same by the asynchronous face."""
    face = array.async_array
    await face.setitem((slice(None), slice(None)), value)
    await face.setitem((3, 4), -value)
    read = await face.getitem((slice(3, 5), slice(4, 6)))
    np.testing.assert_array_equal(read, [[-value, value], [value, value]])
    await face.update_attributes({"value": value})
    made = await zarr.api.asynchronous.create_array(
        array.store, name="made", data=np.arange(10), chunks=4, overwrite=True
    )
    await made.append(np.arange(3))


def verify(store, value=7):
    """What `work` leaves."""
    array = zarr.open_array(store, path="a", mode="r")
    expected = np.full(SHAPE, value, "int32")
    expected[3, 4] = -value
    np.testing.assert_array_equal(array[...], expected)
    assert dict(array.attrs) == {"value": value}
    made = zarr.open_array(store, path="made", mode="r")
    np.testing.assert_array_equal(made[...], [*range(10), 0, 1, 2])
