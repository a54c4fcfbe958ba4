"""The floor: the same work on the same files done by hand, with Zarr's documents."""

import json
import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np

from adapters.base import Adapter
from adapters.documents import zarr_metadata
from adapters.files import slurp, spew


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
