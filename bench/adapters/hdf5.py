"""h5py, in its own format."""

from adapters.base import Adapter, Unsupported


class H5(Adapter):
    family, suffix, module = "h5py", ".h5", "h5py"

    def __init__(self):
        import h5py

        self.h = h5py

    def versions(self):
        return {"h5py": self.h.__version__, "hdf5": self.h.version.hdf5_version}

    def _kw(self, ds):
        if ds["shards"] or ds["codec"] not in ("none", "gzip"):
            raise Unsupported(ds["codec"])
        kw = dict(shape=ds["shape"], dtype=ds["dtype"], chunks=tuple(ds["chunks"]), maxshape=(None,) * len(ds["shape"]))
        if ds["codec"] == "gzip":
            kw |= dict(compression="gzip", compression_opts=1)
        return kw

    def create(self, path, ds):
        kw = self._kw(ds)
        f = self.h.File("mem", "w", driver="core", backing_store=False) if path is None else self.h.File(path, "w")
        return f.create_dataset("a", **kw)

    def open(self, path, mode="r"):
        return self.h.File(path, mode)["a"]

    def close(self, a):
        a.file.close()

    def write(self, a, sel, data):
        a[sel] = data

    def read(self, a, sel):
        return a[sel]

    def append(self, a, rows):
        n = a.shape[0]
        a.resize(n + rows.shape[0], axis=0)
        a[n:] = rows
        return a

    def group_create(self, path, n):
        with self.h.File(path, "w") as f:
            for i in range(n):
                f.create_dataset(f"a{i:03d}", shape=(100, 100), chunks=(10, 10), dtype="float32")

    def group_list(self, path):
        with self.h.File(path, "r") as f:
            return len(list(f.items()))
