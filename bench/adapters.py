"""One small class per contender. Every adapter offers the same few operations.

A dataset description `ds` is a dict: shape, dtype, chunks, shards, codec.
Codecs: "none", "zstd" (level 0 = libzstd's default 3, no checksum),
"blosc" (zstd, clevel 3, bitshuffle), "gzip" (level 1), "lz4" (blosc lz4, clevel 5,
shuffle: what Zarr format 2 arrays in the wild mostly carry; used with format 2 only).
An operation a library lacks raises Unsupported, which is reported as n/a.
"""

import contextlib
import json
import os
import shutil
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np


class Unsupported(Exception):
    pass


class Adapter:
    family = "zarr"  # whose prepared data it reads
    suffix = ".zarr"
    module = None  # what `import` means for the start-up workload
    native_reverse = False
    write_only_variant = False  # differs from another contender in writes alone

    def versions(self):
        return {}

    def close(self, a):
        pass

    def read_reversed(self, a):
        return np.ascontiguousarray(self.read(a, ...)[::-1, ::-1])

    def remove(self, path):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)

    def __getattr__(self, name):
        if name in OPTIONAL:

            def missing(*args, **kw):
                raise Unsupported(name)

            return missing
        raise AttributeError(name)


OPTIONAL = {
    "attributes",
    "create",
    "grow",
    "group_keys",
    "group_len",
    "group_members",
    "group_tree",
    "group_with",
    "open_consolidated",
    "open_group",
    "set_attribute",
    "update_attributes",
    "open",
    "write",
    "read",
    "oindex",
    "vindex",
    "mask",
    "append",
    "copy_to",
    "group_create",
    "group_list",
    "group_consolidate",
    "group_open_consolidated",
}


# ---------------------------------------------------------------- zarr-python and kin


class Zarr(Adapter):
    module = "zarr"
    config = {}

    def __init__(self):
        import zarr

        self.z = zarr
        if self.config:
            zarr.config.set(self.config)

    def versions(self):
        out = {"zarr": self.z.__version__}
        with contextlib.suppress(Exception):
            import numcodecs

            out["numcodecs"] = numcodecs.__version__
        return out

    def _coded(self, ds):
        """Chunks and codecs, as keywords of `create_array`."""
        c, codec, inner = self.z.codecs, ds["codec"], ds["chunks"]
        if codec in ("lzma", "bz2", "quantize", "scaleoffset"):
            import zarr.codecs.numcodecs as n

            if codec == "lzma":
                return dict(chunks=inner, compressors=n.LZMA(preset=1))
            if codec == "bz2":
                return dict(chunks=inner, compressors=n.BZ2(level=1))
            packed = n.FixedScaleOffset(offset=280, scale=100, dtype="f4", astype="i2")
            filters = n.Quantize(digits=2, dtype="f4") if codec == "quantize" else packed
            return dict(chunks=inner, filters=filters)
        if codec.startswith("outer"):  # codecs before and behind a sharding codec
            filters = None
            inside = [c.BytesCodec()]
            if codec == "outer_transposed":
                filters = c.TransposeCodec(order=(1, 0))
            if codec == "outer_filter":
                import zarr.codecs.numcodecs as n

                filters = n.FixedScaleOffset(offset=280, scale=100, dtype="f4", astype="i2")
                inside = [c.BytesCodec(), c.ZstdCodec(level=0)]
            shards = c.ShardingCodec(chunk_shape=inner, codecs=inside)
            outside = None if codec == "outer_filter" else c.ZstdCodec(level=0)
            return dict(chunks=ds["shards"], filters=filters, serializer=shards, compressors=outside)
        return dict(chunks=inner, shards=ds["shards"], compressors=self._compressors(codec))

    def _compressors(self, codec):
        c = self.z.codecs
        if codec == "none":
            return None
        if codec == "zstd":
            return "auto"
        if codec == "blosc":
            return c.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
        if codec == "lz4":
            import numcodecs

            return numcodecs.Blosc(cname="lz4", clevel=5, shuffle=1)
        return c.GzipCodec(level=1)

    def create(self, path, ds):
        store = path if path is not None else self.z.storage.MemoryStore()
        return self.z.create_array(
            store=store,
            shape=ds["shape"],
            dtype=ds["dtype"],
            zarr_format=ds["format"],
            **self._coded(ds),
        )

    def open(self, path, mode="r"):
        return self.z.open_array(store=path, mode=mode)

    def write(self, a, sel, data):
        a[sel] = data

    def read(self, a, sel):
        return a[sel]

    def read_reversed(self, a):
        try:
            return a[::-1, ::-1]
        except Exception:  # zarr-python has no negative steps: do it in numpy
            return np.ascontiguousarray(a[...][::-1, ::-1])

    def oindex(self, a, rows, cols):
        return a.oindex[rows, cols]

    def vindex(self, a, rows, cols):
        return a.vindex[rows, cols]

    def mask(self, a, m):
        return a.vindex[m]

    def append(self, a, rows):
        a.append(rows)
        return a

    def copy_to(self, a, path, ds):
        return self.z.from_array(path, data=a, chunks=ds["chunks"])

    def grow(self, a, n):
        a.resize((a.shape[0] + n, *a.shape[1:]))
        return a

    def open_consolidated(self, path):
        return self.z.open_consolidated(path)

    def group_len(self, g):
        return len(g)

    def group_keys(self, g):
        return len(list(g.keys()))

    def group_members(self, g):
        return len(list(g.members(max_depth=None)))

    def group_tree(self, g):
        return len(str(g.tree()))

    def open_group(self, path, mode="r"):
        return self.z.open_group(path, mode=mode)

    def group_with(self, path, attributes):
        return self.z.create_group(path, attributes=attributes)

    def attributes(self, g):
        return dict(g.attrs)

    def set_attribute(self, g, name, value):
        g.attrs[name] = value

    def update_attributes(self, g, attributes):
        g.attrs.update(attributes)

    def group_create(self, path, n):
        g = self.z.create_group(path)
        for i in range(n):
            g.create_array(name=f"a{i:03d}", shape=(100, 100), chunks=(10, 10), dtype="float32")

    def group_list(self, path):
        return len(list(self.z.open_group(path, mode="r").members()))

    def group_consolidate(self, path):
        self.z.consolidate_metadata(path)

    def group_open_consolidated(self, path):
        g = self.z.open_consolidated(path)
        return len(list(g.members()))


class ZarrFused(Zarr):
    config = {"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"}


class Ours(Zarr):
    """The library under test, which stands in $OURS_PATH beside the peers; its chunk cache off for the headline rows."""

    config = {"array.chunk_cache_bytes": 0}

    def __init__(self):
        sys.path.insert(0, os.environ["OURS_PATH"])
        super().__init__()
        if not self.z.__file__.startswith(os.environ["OURS_PATH"]):
            raise RuntimeError(f"measuring {self.z.__file__}, not the library in {os.environ['OURS_PATH']}")


class OursCache(Ours):
    config = {"array.chunk_cache_bytes": 256 << 20}


class ZarrZarrs(Zarr):
    config = {"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}

    def __init__(self):
        import zarrs  # noqa: F401

        super().__init__()

    def versions(self):
        import importlib.metadata as m

        return super().versions() | {"zarrs": m.version("zarrs")}


# ---------------------------------------------------------------- tensorstore


def zarr3_codecs(ds):
    """The codec list that zarr-python writes for this dataset."""
    if ds["codec"] in ("outer_zstd", "outer_transposed"):
        first = [{"name": "transpose", "configuration": {"order": [1, 0]}}] if ds["codec"] == "outer_transposed" else []
        shards = zarr3_codecs(ds | {"codec": "none"})
        return [*first, *shards, {"name": "zstd", "configuration": {"level": 0, "checksum": False}}]
    if ds["codec"] in ("lzma", "bz2", "quantize", "scaleoffset", "outer_filter"):
        raise Unsupported(ds["codec"])
    size = np.dtype(ds["dtype"]).itemsize
    chain = [{"name": "bytes", "configuration": {"endian": "little"}} if size > 1 else {"name": "bytes"}]
    chain += {
        "none": [],
        "zstd": [{"name": "zstd", "configuration": {"level": 0, "checksum": False}}],
        "blosc": [
            {
                "name": "blosc",
                "configuration": {
                    "typesize": size,
                    "cname": "zstd",
                    "clevel": 3,
                    "shuffle": "bitshuffle",
                    "blocksize": 0,
                },
            }
        ],
        "gzip": [{"name": "gzip", "configuration": {"level": 1}}],
    }[ds["codec"]]
    if not ds["shards"]:
        return chain
    return [
        {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": list(ds["chunks"]),
                "codecs": chain,
                "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
                "index_location": "end",
            },
        }
    ]


def zarr_metadata(ds):
    if ds["format"] == 2:
        return {
            "zarr_format": 2,
            "shape": list(ds["shape"]),
            "chunks": list(ds["chunks"]),
            "dtype": np.dtype(ds["dtype"]).str,
            "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "dimension_separator": ".",
        }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(ds["shape"]),
        "data_type": np.dtype(ds["dtype"]).name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(ds["shards"] or ds["chunks"])}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": zarr3_codecs(ds),
    }


class TensorStore(Adapter):
    module = "tensorstore"
    native_reverse = True
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


# ---------------------------------------------------------------- blosc2 and HDF5


class Blosc2(Adapter):
    family, suffix, module = "blosc2", ".b2nd", "blosc2"
    native_reverse = True

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


# ---------------------------------------------------------------- the floor, by hand


class Codec:
    """Codec calls alone, contexts kept per thread, interpreter lock released inside."""

    def __init__(self, name, dtype):
        self.name, self.local = name, threading.local()
        if name in ("blosc", "lz4"):
            import numcodecs.blosc

            numcodecs.blosc.use_threads = False
            self.blosc, self.size = numcodecs.blosc, np.dtype(dtype).itemsize

    def _zstd(self):
        if not hasattr(self.local, "c"):
            import zstandard

            self.local.c = zstandard.ZstdCompressor(level=3)
            self.local.d = zstandard.ZstdDecompressor()
        return self.local

    def encode(self, arr):
        """A contiguous array to bytes."""
        if self.name == "none":
            return memoryview(arr).cast("B")
        if self.name == "zstd":
            return self._zstd().c.compress(memoryview(arr).cast("B"))
        if self.name == "blosc":
            return self.blosc.compress(arr, b"zstd", 3, 2)
        if self.name == "lz4":
            return self.blosc.compress(arr, b"lz4", 5, 1)
        c = zlib.compressobj(1, wbits=31)
        return c.compress(memoryview(arr).cast("B")) + c.flush()

    def decode(self, buf, dtype, shape):
        """Bytes to an array (a view of what the codec returns, no extra copy)."""
        if self.name == "zstd":
            buf = self._zstd().d.decompress(buf)
        elif self.name in ("blosc", "lz4"):
            buf = self.blosc.decompress(buf)
        elif self.name == "gzip":
            buf = zlib.decompress(buf, wbits=31, bufsize=int(np.prod(shape)) * dtype.itemsize)
        return np.frombuffer(buf, dtype).reshape(shape)


def slurp(path, n=None, offset=0):
    fd = os.open(path, os.O_RDONLY)
    try:
        if n is None:
            n = os.fstat(fd).st_size
        return os.pread(fd, n, offset)
    finally:
        os.close(fd)


def spew(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


class FloorArray:
    """As little as the same work on the same files takes: plain calls, two threads.

    No atomic rename, no locking, no validation; `mem` is a dict instead of files.
    """

    def __init__(self, path, ds, mem=None):
        self.path, self.ds, self.mem = path, dict(ds), mem
        self.shape, self.dtype = tuple(ds["shape"]), np.dtype(ds["dtype"])
        self.inner = tuple(ds["chunks"])
        self.outer = tuple(ds["shards"] or ds["chunks"])
        self.codec = Codec(ds["codec"], ds["dtype"])
        self.pool = ThreadPoolExecutor(2)
        self.local = threading.local()

    # -- bytes
    def key(self, idx):
        if self.ds["format"] == 2:
            return f"{self.path}/" + ".".join(map(str, idx))
        return f"{self.path}/c/" + "/".join(map(str, idx))

    def get(self, idx):
        return self.mem[idx] if self.mem is not None else slurp(self.key(idx))

    def put(self, idx, data):
        if self.mem is not None:
            self.mem[idx] = bytes(data)
            return
        try:
            spew(self.key(idx), data)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.key(idx)), exist_ok=True)
            spew(self.key(idx), data)

    def scratch(self, shape):
        key = f"s{shape}"
        if not hasattr(self.local, key):
            setattr(self.local, key, np.empty(shape, self.dtype))
        return getattr(self.local, key)

    def each(self, items, fn):
        """fn over items in two threads, one stride of the list each."""
        items = list(items)
        if len(items) < 2:
            for i in items:
                fn(i)
            return
        jobs = [self.pool.submit(lambda k=k: [fn(i) for i in items[k::2]] and None) for k in (0, 1)]
        for j in jobs:
            j.result()

    # -- shards: the grid of inner chunks as one (n, *inner) block
    def _blocks(self, arr):
        n = [o // i for o, i in zip(self.outer, self.inner)]
        return n, arr.reshape(n[0], self.inner[0], n[1], self.inner[1]).swapaxes(1, 2)

    def encode_outer(self, arr):
        if not self.ds["shards"]:
            return self.codec.encode(arr)
        flat = np.ascontiguousarray(self._blocks(arr)[1]).reshape(-1, *self.inner)
        return self.assemble([self.codec.encode(c) for c in flat])

    def assemble(self, parts):
        import google_crc32c

        lens = np.fromiter(map(len, parts), "<u8", len(parts))
        index = np.empty((len(parts), 2), "<u8")
        index[:, 1] = lens
        index[:, 0] = np.cumsum(lens) - lens
        index = index.tobytes()
        return b"".join([*parts, index, google_crc32c.value(index).to_bytes(4, "little")])

    def patch_shard(self, shard, lo, hi, data):
        """Rewrite one shard: touched inner chunks are recoded, the others' bytes are kept."""
        buf = memoryview(self.get(shard))
        per = [o // i for o, i in zip(self.outer, self.inner)]
        n = per[0] * per[1]
        index = np.frombuffer(buf, "<u8", 2 * n, len(buf) - 16 * n - 4).reshape(-1, 2)
        parts = [buf[off : off + ln] for off, ln in index.tolist()]
        slo = [max(a, s * o) for a, s, o in zip(lo, shard, self.outer)]
        shi = [min(b, (s + 1) * o) for b, s, o in zip(hi, shard, self.outer)]
        for c in self.cells(slo, shi, self.inner):
            k = c[0] % per[0] * per[1] + c[1] % per[1]
            inside, target = self.overlap(c, lo, hi, self.inner)
            chunk = self.codec.decode(parts[k], self.dtype, self.inner).copy()
            chunk[inside] = data[target]
            parts[k] = self.codec.encode(chunk)
        self.put(shard, self.assemble(parts))

    def decode_outer(self, buf):
        if not self.ds["shards"]:
            return self.codec.decode(buf, self.dtype, self.outer)
        n = [o // i for o, i in zip(self.outer, self.inner)]
        total = n[0] * n[1]
        foot = 16 * total + 4
        index = np.frombuffer(buf, "<u8", 2 * total, len(buf) - foot).reshape(-1, 2)
        out = self.scratch(self.outer)
        _, view = self._blocks(out)
        mem = memoryview(buf)
        for k, (off, ln) in enumerate(index.tolist()):  # in any order: zarr-python writes Morton order
            view[k // n[1], k % n[1]] = self.codec.decode(mem[off : off + ln], self.dtype, self.inner)
        return out

    # -- boxes
    def cells(self, lo, hi, grid):
        return product(*[range(a // g, -(-b // g)) for a, b, g in zip(lo, hi, grid)])

    def overlap(self, idx, lo, hi, grid):
        inside, target = [], []
        for i, a, b, g in zip(idx, lo, hi, grid):
            s, e = max(a, i * g), min(b, (i + 1) * g)
            inside.append(slice(s - i * g, e - i * g))
            target.append(slice(s - a, e - a))
        return tuple(inside), tuple(target)

    def read(self, lo, hi):
        out = np.empty([b - a for a, b in zip(lo, hi)], self.dtype)
        if self.ds["shards"] and out.nbytes < 1 << 18:  # a small window: inner chunks alone
            return self._read_inner(lo, hi, out)

        def one(idx):
            inside, target = self.overlap(idx, lo, hi, self.outer)
            out[target] = self.decode_outer(self.get(idx))[inside]

        self.each(self.cells(lo, hi, self.outer), one)
        return out

    def _read_inner(self, lo, hi, out):
        per = [o // i for o, i in zip(self.outer, self.inner)]
        foot = 16 * per[0] * per[1] + 4
        for shard in self.cells(lo, hi, self.outer):
            fd = os.open(self.key(shard), os.O_RDONLY)
            try:
                end = os.fstat(fd).st_size
                index = np.frombuffer(os.pread(fd, foot, end - foot), "<u8", foot // 8).reshape(*per, 2)
                slo = [max(a, s * o) for a, s, o in zip(lo, shard, self.outer)]
                shi = [min(b, (s + 1) * o) for b, s, o in zip(hi, shard, self.outer)]
                for c in self.cells(slo, shi, self.inner):
                    off, ln = index[c[0] % per[0], c[1] % per[1]].tolist()
                    inside, target = self.overlap(c, lo, hi, self.inner)
                    out[target] = self.codec.decode(os.pread(fd, ln, off), self.dtype, self.inner)[inside]
            finally:
                os.close(fd)
        return out

    def write(self, lo, hi, data):
        def one(idx):
            inside, target = self.overlap(idx, lo, hi, self.outer)
            whole = all(s.start == 0 and s.stop == g for s, g in zip(inside, self.outer))
            buf = self.scratch(self.outer)
            if whole:
                src = data[target]
                if not src.flags.c_contiguous:
                    buf[...] = src
                    src = buf
            elif self.ds["shards"]:
                self.patch_shard(idx, lo, hi, data)
                return
            else:
                try:
                    buf[...] = self.decode_outer(self.get(idx))
                except (FileNotFoundError, KeyError):
                    buf[...] = 0
                buf[inside] = data[target]
                src = buf
            self.put(idx, self.encode_outer(src))

        self.each(self.cells(lo, hi, self.outer), one)

    # -- selections over all chunks
    def strided(self, step):
        out = np.empty([-(-n // step) for n in self.shape], self.dtype)

        def one(idx):
            first = [-(i * g) % step for i, g in zip(idx, self.outer)]
            src = self.decode_outer(self.get(idx))[first[0] :: step, first[1] :: step]
            at = [(i * g + f) // step for i, g, f in zip(idx, self.outer, first)]
            out[at[0] : at[0] + src.shape[0], at[1] : at[1] + src.shape[1]] = src

        self.each(self.cells([0, 0], self.shape, self.outer), one)
        return out

    def points(self, rows, cols):
        out = np.empty(rows.shape, self.dtype)
        g0, g1 = self.outer
        wide = -(-self.shape[1] // g1)
        cell = (rows // g0) * wide + cols // g1
        order = np.argsort(cell, kind="stable")
        cuts = np.searchsorted(cell[order], np.arange(wide * -(-self.shape[0] // g0) + 1))

        def one(k):
            at = order[cuts[k] : cuts[k + 1]]
            buf = self.decode_outer(self.get((k // wide, k % wide)))
            out[at] = buf[rows[at] % g0, cols[at] % g1]

        self.each([k for k in range(len(cuts) - 1) if cuts[k] < cuts[k + 1]], one)
        return out

    def outer_index(self, rows, cols):
        out = np.empty((len(rows), len(cols)), self.dtype)
        g0, g1 = self.outer

        def one(idx):
            r = np.flatnonzero(rows // g0 == idx[0])
            c = np.flatnonzero(cols // g1 == idx[1])
            if len(r) and len(c):
                buf = self.decode_outer(self.get(idx))
                out[np.ix_(r, c)] = buf[np.ix_(rows[r] % g0, cols[c] % g1)]

        self.each(self.cells([0, 0], self.shape, self.outer), one)
        return out


class Limit(Adapter):
    module = "numpy"

    def versions(self):
        import numcodecs
        import zstandard

        return {"numpy": np.__version__, "numcodecs": numcodecs.__version__, "zstandard": zstandard.__version__}

    def create(self, path, ds):
        if path is None:
            return FloorArray(None, ds, {})
        os.makedirs(path)
        name = "zarr.json" if ds["format"] == 3 else ".zarray"
        spew(f"{path}/{name}", json.dumps(zarr_metadata(ds)).encode())
        return FloorArray(path, ds)

    def open(self, path, mode="r"):
        try:
            m = json.loads(slurp(f"{path}/zarr.json"))
        except FileNotFoundError:
            m = json.loads(slurp(f"{path}/.zarray"))
            return FloorArray(
                path, dict(shape=m["shape"], dtype=m["dtype"], chunks=m["chunks"], shards=None, codec="lz4", format=2)
            )
        chunks, shards, chain = m["chunk_grid"]["configuration"]["chunk_shape"], None, m["codecs"]
        if chain[0]["name"] == "sharding_indexed":
            shards, cfg = chunks, chain[0]["configuration"]
            chunks, chain = cfg["chunk_shape"], cfg["codecs"]
        return FloorArray(
            path,
            dict(
                shape=m["shape"],
                dtype=m["data_type"],
                chunks=chunks,
                shards=shards,
                codec=chain[1]["name"] if len(chain) > 1 else "none",
                format=3,
            ),
        )

    def _box(self, a, sel):
        if sel is Ellipsis:
            return [0] * len(a.shape), list(a.shape), ()
        sel = sel if isinstance(sel, tuple) else (sel,)
        sel += (slice(None),) * (len(a.shape) - len(sel))
        lo, hi, drop = [], [], []
        for s, n in zip(sel, a.shape):
            if isinstance(s, slice):
                lo.append(s.start or 0)
                hi.append(n if s.stop is None else min(s.stop, n))
                drop.append(slice(None))
            else:
                lo.append(int(s))
                hi.append(int(s) + 1)
                drop.append(0)
        return lo, hi, tuple(drop)

    def read(self, a, sel):
        if isinstance(sel, tuple) and isinstance(sel[0], slice) and (sel[0].step or 1) != 1:
            return a.strided(sel[0].step)
        lo, hi, drop = self._box(a, sel)
        return a.read(lo, hi)[drop]

    def write(self, a, sel, data):
        lo, hi, _ = self._box(a, sel)
        a.write(lo, hi, data)

    def oindex(self, a, rows, cols):
        return a.outer_index(rows, cols)

    def vindex(self, a, rows, cols):
        return a.points(rows, cols)

    def mask(self, a, m):
        return a.points(*np.nonzero(m))

    def append(self, a, rows):
        n = a.shape[0]
        a.ds["shape"] = a.shape = (n + rows.shape[0], a.shape[1])
        spew(f"{a.path}/zarr.json", json.dumps(zarr_metadata(a.ds)).encode())
        a.write([n, 0], list(a.shape), rows)
        return a

    def group_create(self, path, n):
        ds = dict(shape=(100, 100), chunks=(10, 10), shards=None, dtype="float32", codec="zstd", format=3)
        os.makedirs(path)
        spew(f"{path}/zarr.json", b'{"zarr_format":3,"node_type":"group","attributes":{}}')
        for i in range(n):
            self.create(f"{path}/a{i:03d}", ds)

    def group_list(self, path):
        return len([json.loads(slurp(f"{e.path}/zarr.json")) for e in os.scandir(path) if e.is_dir()])

    def group_open_consolidated(self, path):
        return len(json.loads(slurp(f"{path}/zarr.json"))["consolidated_metadata"]["metadata"])


ADAPTERS = {
    "zarr": Zarr,
    "zarr-fused": ZarrFused,
    "zarr-zarrs": ZarrZarrs,
    "ours": Ours,
    "ours-cache": OursCache,
    "tensorstore": TensorStore,
    "tensorstore-fsync": TensorStoreFsync,
    "tensorstore-cache": TensorStoreCache,
    "blosc2": Blosc2,
    "h5py": H5,
    "limit": Limit,
}
