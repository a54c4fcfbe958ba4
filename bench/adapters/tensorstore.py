"""TensorStore: without fsync as the others, with its own defaults, and with a cache."""

import os

from adapters.base import Adapter, Unsupported
from adapters.documents import zarr_metadata


class TensorStore(Adapter):
    module = "tensorstore"
    fsync = False

    def __init__(self):
        import tensorstore as ts

        self.ts = ts
        # cache_pool is 0 bytes by default: no chunk cache
        self.ctx = ts.Context({} if self.fsync else {"file_io_sync": False})

    def versions(self):
        import importlib.metadata as m

        return {"tensorstore": m.version("tensorstore")}

    def _kv(self, path):
        return {"driver": "memory"} if path is None else {"driver": "file", "path": path}

    def create(self, path, ds):
        ctx = self.ctx if path is not None else self.ts.Context()
        return self.ts.open(
            {
                "driver": "zarr3" if ds["format"] == 3 else "zarr",
                "kvstore": self._kv(path),
                "metadata": zarr_metadata(ds),
            },
            create=True,
            context=ctx,
        ).result()

    def create_typed(self, path, ds):
        if ds["dtype"].names is not None:
            raise Unsupported(str(ds["dtype"]))
        return self.create(path, ds)

    def open(self, path, mode="r"):
        driver = "zarr" if os.path.exists(f"{path}/.zarray") else "zarr3"
        return self.ts.open(
            {"driver": driver, "kvstore": self._kv(path)},
            open=True,
            read=True,
            write=mode != "r",
            context=self.ctx,
        ).result()

    def write(self, a, sel, data):
        a[sel].write(data).result()

    def read(self, a, sel):
        return a[sel].read().result()

    def read_reversed(self, a):
        return a[::-1, ::-1].read().result()

    def oindex(self, a, rows, cols):
        return a.oindex[rows, cols].read().result()

    def vindex(self, a, rows, cols):
        return a.vindex[rows, cols].read().result()

    def mask(self, a, m):
        return a[m].read().result()

    def grow(self, a, n):
        return a.resize(exclusive_max=[a.shape[0] + n, *a.shape[1:]], expand_only=True).result()

    def append(self, a, rows):
        n = a.shape[0]
        a = a.resize(exclusive_max=[n + rows.shape[0], a.shape[1]], expand_only=True).result()
        a[n:].write(rows).result()
        return a

    def copy_to(self, a, path, ds):
        b = self.create(path, ds)
        b.write(a).result()
        return b

    def group_create(self, path, n):  # no groups in its API: the arrays alone
        ds = dict(shape=(100, 100), chunks=(10, 10), shards=None, dtype="float32", codec="zstd", format=3)
        for i in range(n):
            self.create(f"{path}/a{i:03d}/", ds)


class TensorStoreCache(TensorStore):
    def __init__(self):
        super().__init__()
        self.ctx = self.ts.Context({"file_io_sync": False, "cache_pool": {"total_bytes_limit": 256 << 20}})


class TensorStoreFsync(TensorStore):
    fsync = True
    write_only_variant = True
