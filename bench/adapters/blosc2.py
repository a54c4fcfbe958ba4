"""blosc2, in its own format."""

import numpy as np

from adapters.base import Adapter, Unsupported


class Blosc2(Adapter):
    family, suffix, module = "blosc2", ".b2nd", "blosc2"

    def __init__(self):
        import blosc2

        self.b = blosc2

    def versions(self):
        return {"blosc2": self.b.__version__}

    def _cparams(self, codec, dtype):
        b = self.b
        if codec == "gzip":
            raise Unsupported("gzip")
        # blosc's clevel c runs libzstd at 2c-1: clevel 2 = zstd 3, clevel 3 = zstd 5
        level, filt = {
            "none": (0, b.Filter.NOFILTER),
            "zstd": (2, b.Filter.NOFILTER),
            "blosc": (3, b.Filter.BITSHUFFLE),
            "lz4": (5, b.Filter.SHUFFLE),
        }[codec]
        return b.CParams(
            codec=b.Codec.LZ4 if codec == "lz4" else b.Codec.ZSTD,
            clevel=level,
            typesize=np.dtype(dtype).itemsize,
            filters=[b.Filter.NOFILTER] * 5 + [filt],
        )

    def create(self, path, ds):
        kw = {} if path is None else {"urlpath": path, "mode": "w"}
        return self.b.empty(
            ds["shape"],
            dtype=np.dtype(ds["dtype"]),
            chunks=ds["shards"] or ds["chunks"],
            blocks=ds["chunks"] if ds["shards"] else None,
            cparams=self._cparams(ds["codec"], ds["dtype"]),
            **kw,
        )

    def open(self, path, mode="r"):
        return self.b.open(path, mode="r" if mode == "r" else "a")

    def write(self, a, sel, data):
        a[sel] = data

    def read(self, a, sel):
        return a[sel]

    def read_reversed(self, a):
        return a[::-1, ::-1]

    def oindex(self, a, rows, cols):
        return a.oindex[rows, cols]

    def vindex(self, a, rows, cols):
        return a[rows, cols]

    def mask(self, a, m):
        return a[m]

    def append(self, a, rows):
        n = a.shape[0]
        a.resize((n + rows.shape[0], a.shape[1]))
        a[n:] = rows
        return a

    def copy_to(self, a, path, ds):
        return a.copy(urlpath=path, mode="w", chunks=ds["chunks"], cparams=self._cparams(ds["codec"], ds["dtype"]))
