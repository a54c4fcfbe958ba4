"""The contenders of `cloud.py`: each library as it gets to a bucket that it is told of.

Each offers the same few operations. `None` in the place of one says that the library has no such thing.
"""

import asyncio

BUCKET = "bucket"


class Ours:
    """This library, called without an event loop."""

    engine = "auto"

    def __init__(self, endpoint, concurrency):
        import zarr

        zarr.config.set({"async.concurrency": concurrency, "engine": self.engine})
        self.zarr = zarr
        self.given = obstore_at(endpoint)

    def store(self):
        return self.zarr.storage.ObjectStore(self.given)

    def version(self):
        return self.zarr.__version__

    def open(self, name):
        return self.zarr.open_array(self.store(), path=name, mode="r+")

    def read(self, array, selection):
        return array[selection]

    def write(self, array, selection, value):
        array[selection] = value

    def consolidated(self, name):
        group = self.zarr.open_group(self.store(), path=name, mode="r", use_consolidated=True)
        return len(list(group.members()))

    def members(self, name):
        group = self.zarr.open_group(self.store(), path=name, mode="r", use_consolidated=False)
        return len(list(group.members()))


class OursPython(Ours):
    """The same without the extension."""

    engine = "python"


class OursAwaited(Ours):
    """The same on an event loop."""

    def read(self, array, selection):
        return asyncio.run(array.async_array.getitem(selection))

    def write(self, array, selection, value):
        asyncio.run(array.async_array.setitem(selection, value))

    def open(self, name):
        return asyncio.run(self._open(name))

    async def _open(self, name):
        found = await self.zarr.api.asynchronous.open_array(store=self.store(), path=name, mode="r+")
        return self.zarr.Array(found)

    def consolidated(self, name):
        return asyncio.run(self._count(name, True))

    def members(self, name):
        return asyncio.run(self._count(name, False))

    async def _count(self, name, use_consolidated):
        group = await self.zarr.api.asynchronous.open_group(
            store=self.store(), path=name, mode="r", use_consolidated=use_consolidated
        )
        return len([member async for member in group.members()])


class ZarrPython(Ours):
    """zarr-python over obstore."""

    def __init__(self, endpoint, concurrency):
        import zarr

        zarr.config.set({"async.concurrency": concurrency})
        self.zarr = zarr
        self.given = obstore_at(endpoint)


class TensorStore:
    """TensorStore's own driver for S3. Each array is opened in a context of its own, so nothing of it is known before."""

    consolidated = members = None

    def __init__(self, endpoint, concurrency):
        import tensorstore

        self.ts, self.endpoint, self.concurrency = tensorstore, endpoint, concurrency

    def version(self):
        from importlib.metadata import version

        return version("tensorstore")

    def open(self, name, cache_nbytes=0):
        kvstore = {
            "driver": "s3",
            "bucket": BUCKET,
            "path": f"{name}/",
            "endpoint": self.endpoint,
            "aws_region": "us-east-1",
            "aws_credentials": {"type": "anonymous"},
        }
        context = {
            "cache_pool": {"total_bytes_limit": cache_nbytes},
            "s3_request_concurrency": {"limit": self.concurrency},
        }
        spec = {"driver": "zarr3", "kvstore": kvstore, "context": context}
        return self.ts.open(spec, open=True, read=True, write=True).result()

    def read(self, array, selection):
        return array[selection].read().result()

    def write(self, array, selection, value):
        array[selection].write(value).result()


def obstore_at(endpoint):
    from obstore.store import S3Store

    return S3Store(
        BUCKET,
        endpoint=endpoint,
        region="us-east-1",
        skip_signature=True,
        client_options={"allow_http": True},
    )


CONTENDERS = {
    "ours": (Ours, 64),
    "ours-python": (OursPython, 64),
    "ours-awaited": (OursAwaited, 64),
    "tensorstore": (TensorStore, 32),
    "tensorstore-64": (TensorStore, 64),
    "zarr": (ZarrPython, 10),
    "zarr-64": (ZarrPython, 64),
}
"""The class of each, and how many requests it has under way at once: the defaults, and as many for everybody."""
