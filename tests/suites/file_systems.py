"""File systems of fsspec, of kinds that are not installed: an object store in small, and files that are far away."""

from __future__ import annotations

import asyncio
import threading

from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractFileSystem


class OtherFiles(LocalFileSystem):
    """Local files, but not of fsspec's own class, for which `LocalStore` stands in."""

    protocol = "otherfiles"


class DistantFiles(AbstractFileSystem):
    """Functions that may take their time, as those of SFTP; directories have to be made.

    Attributes
    ----------
    peak
        So many calls that read were under way at once.
    """

    protocol = "distant"
    root_marker = "/"

    def __init__(self, **options):
        super().__init__(**options)
        self.files = LocalFileSystem()
        self.now = self.peak = 0
        self.threads = set()
        self.guard = threading.Lock()

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.removeprefix("distant://").strip("/")

    def info(self, path, **kwargs):
        return self.files.info(self._strip_protocol(path))

    def ls(self, path, detail=True, **kwargs):
        return self.files.ls(self._strip_protocol(path), detail=detail)

    def cat_file(self, path, start=None, end=None, **kwargs):
        with self.guard:
            self.now += 1
            self.peak = max(self.peak, self.now)
            self.threads.add(threading.current_thread().name)
        try:
            return self.files.cat_file(path, start=start, end=end)
        finally:
            with self.guard:
                self.now -= 1

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        with self.files.open(path, "xb" if mode == "create" else "wb") as opened:
            opened.write(value)

    def makedirs(self, path, exist_ok=False):
        self.files.makedirs(path, exist_ok=exist_ok)

    def rm_file(self, path):
        self.files.rm_file(path)

    def rm(self, path, recursive=False, maxdepth=None):
        self.files.rm(path, recursive=recursive)


class ObjectFiles(AsyncFileSystem):
    """Coroutines over buckets that are dictionaries, with a memory for listings, and a connection that belongs to a loop.

    Attributes
    ----------
    buckets
        Objects by key, by bucket.
    failures
        What the next calls raise, by the name of the method.
    calls
        The methods that were called, each with its path.
    """

    protocol = "objects"
    buckets: dict = {}  # noqa: RUF012  # those of all instances, as on a server

    def __init__(self, *, secret="", **options):
        super().__init__(**options)
        self.secret = secret
        self.failures = {}
        self.calls = []
        self._connected_on = None

    async def _serve(self, method, path):
        loop = asyncio.get_running_loop()
        if self._connected_on not in (None, loop):
            raise RuntimeError("the connection is attached to a different loop")
        self._connected_on = loop
        self.calls.append((method, path))
        await asyncio.sleep(0)
        if method in self.failures:
            raise self.failures[method]
        bucket, _, key = self._strip_protocol(path).strip("/").partition("/")
        if bucket not in self.buckets:
            raise FileNotFoundError("The specified bucket does not exist")
        return self.buckets[bucket], bucket, key

    async def _info(self, path, **kwargs):
        path = self._strip_protocol(path).strip("/")
        for known in self.dircache.get(self._parent(path), ()):
            if known["name"] == path:
                return known
        objects, _, key = await self._serve("info", path)
        if key in objects:
            return {"name": path, "size": len(objects[key]), "type": "file"}
        if not key or any(other.startswith(f"{key}/") for other in objects):
            return {"name": path, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    async def _ls(self, path, detail=True, **kwargs):
        path = self._strip_protocol(path).strip("/")
        if path not in self.dircache:
            objects, bucket, key = await self._serve("ls", path)
            below = f"{key}/" if key else ""
            found = {}
            for other, value in objects.items():
                if other.startswith(below):
                    name, slash, _ = other[len(below) :].partition("/")
                    kind = {"type": "directory", "size": 0} if slash else {"type": "file", "size": len(value)}
                    found[name] = {"name": f"{bucket}/{below}{name}", **kind}
            if not found:
                raise FileNotFoundError(path)
            self.dircache[path] = list(found.values())
        return self.dircache[path] if detail else sorted(entry["name"] for entry in self.dircache[path])

    async def _cat_file(self, path, start=None, end=None, **kwargs):
        objects, _, key = await self._serve("cat_file", path)
        if key not in objects:
            raise FileNotFoundError(path)
        value = objects[key]
        if start is not None and start >= max(1, len(value)):
            raise OSError("416: the requested range is not satisfiable")
        return value[start:end]

    async def _pipe_file(self, path, value, mode="overwrite", **kwargs):
        objects, _, key = await self._serve("pipe_file", path)
        if mode == "create" and key in objects:
            raise OSError(22, "At least one of the pre-conditions you specified did not hold")  # as s3fs says it
        objects[key] = bytes(value)

    async def _rm_file(self, path, **kwargs):
        objects, _, key = await self._serve("rm_file", path)
        objects.pop(key, None)

    def invalidate_cache(self, path=None):
        self.dircache.clear()
