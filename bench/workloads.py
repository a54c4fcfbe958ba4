"""The workloads of ordinary use: whole arrays, parts of them, groups, opening, importing."""

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from adapters.base import Unsupported
from adapters.by_hand import Limit
from datasets import DATASETS, K, slab
from measuring import tree_bytes
from registry import enter, workload


def bulk(name, write_as, read_as):
    ds = DATASETS[name]
    ops = math.prod(s // c for s, c in zip(ds["shape"], ds["chunks"]))

    def write(r):
        data = r.source(name)

        def go(path):
            a = r.ad.create(path, ds)
            r.ad.write(a, ..., data)
            r.ad.close(a)

        def done(path, _, last):
            r.metrics[write_as]["stored"] = tree_bytes(path)
            if last and r.check and r.ad.family == "zarr":
                os.rename(path, r.job["keep"])  # for another library to read back
            else:
                r.ad.remove(path)

        r.bench(write_as, go, r.fresh, done, ops=ops)

    def read(r):
        r.bench(
            read_as,
            lambda a: r.ad.read(a, ...),
            lambda: r.open(name),
            lambda a, o, last: r.ad.close(a),
            ops=ops,
            expect=lambda: r.source(name, load=False),
        )

    write.dataset = name
    enter(write_as, write)
    enter(read_as, read)


bulk("raw", "write_raw", "read_raw")
bulk("zstd", "write_zstd", "read_zstd")
bulk("blosc", "write_blosc", "read_blosc")
bulk("gzip", "write_gzip", "read_gzip")
bulk("shard", "shard_write", "shard_read")
bulk("shardraw", "shardraw_write", "shardraw_read")
bulk("small", "small_write", "small_read")
bulk("v2", "v2_write", "v2_read")


def many(r, metric, name, n, boxes, **kw):
    """n box reads from one open handle; the last result is checked."""
    src = r.source(name, load=False)

    def go(a):
        for b in boxes:
            out = r.ad.read(a, b)
        return out

    r.bench(
        metric, go, lambda: r.open(name), lambda a, o, last: r.ad.close(a), ops=n, expect=lambda: src[boxes[-1]], **kw
    )


@workload
def shard_random(r):
    at = r.rng.integers(0, 100, (2000, 2)) * 100
    boxes = [(slice(i, i + 100), slice(j, j + 100)) for i, j in at.tolist()]
    many(r, "shard_random", "shard", 2000, boxes)


@workload
def shard_random_blosc(r):
    at = r.rng.integers(0, 100, (2000, 2)) * 100
    boxes = [(slice(i, i + 100), slice(j, j + 100)) for i, j in at.tolist()]
    many(r, "shard_random_blosc", "shardblosc", 2000, boxes)


@workload
def shard_random_unaligned(r):
    at = r.rng.integers(0, 10 * K - 150, (500, 2))
    boxes = [(slice(i, i + 150), slice(j, j + 150)) for i, j in at.tolist()]
    many(r, "shard_random_unaligned", "shard", 500, boxes)


@workload
def slices(r):
    at = r.rng.integers(0, 10 * K, 30).tolist()
    many(r, "slice_row", "zstd", 30, [(i, slice(None)) for i in at], reps=2)
    many(r, "slice_col", "zstd", 30, [(slice(None), i) for i in at], reps=2)
    many(r, "slice_row_blosc", "blosc", 30, [(i, slice(None)) for i in at], reps=2)


@workload
def scalar(r):
    at = r.rng.integers(0, 4 * K, (1000, 2)).tolist()
    many(r, "scalar_small", "small", 1000, [(i, j) for i, j in at], reps=2)
    many(r, "scalar_large", "zstd", 100, [(i, j) for i, j in at[:100]], reps=2)
    many(r, "scalar_large_blosc", "blosc", 100, [(i, j) for i, j in at[:100]], reps=2)


def select(r, metric, call, want):
    r.bench(
        metric,
        call,
        lambda: r.open("zstd"),
        lambda a, o, last: r.ad.close(a),
        expect=lambda: want(r.source("zstd", load=False)),
        reps=2,
    )


@workload
def vindex(r):
    rows, cols = r.rng.integers(0, 10 * K, (2, 100_000))
    select(r, "vindex_100k", lambda a: r.ad.vindex(a, rows, cols), lambda s: s[rows, cols])


@workload
def oindex(r):
    rows, cols = (np.sort(r.rng.choice(10 * K, 500, replace=False)) for _ in "rc")
    select(r, "oindex_500x500", lambda a: r.ad.oindex(a, rows, cols), lambda s: s[np.ix_(rows, cols)])


@workload
def mask(r):
    m = r.rng.random((10 * K, 10 * K), "f4") < 0.01
    select(r, "mask_1pct", lambda a: r.ad.mask(a, m), lambda s: s[m])


def windows(r, metric, name, n):
    at = r.rng.integers(0, 4 * K - 64, (n, 2)).tolist()
    patch = np.arange(64 * 64).reshape(64, 64).astype(DATASETS[name]["dtype"])

    def setup():
        path = r.copy_of(name)
        return path, r.ad.open(path, "r+")

    def go(pa):
        for i, j in at:
            r.ad.write(pa[1], (slice(i, i + 64), slice(j, j + 64)), patch)

    def done(pa, _, last):
        if last and r.check:
            want = r.source(name)
            for i, j in at:
                want[i : i + 64, j : j + 64] = patch
            if not np.array_equal(r.ad.read(pa[1], ...), want):
                r.wrong.append(metric)
        r.ad.close(pa[1])
        r.ad.remove(pa[0])

    r.bench(metric, go, setup, done, ops=n, reps=2)


@workload
def partial_write_large(r):
    windows(r, "partial_write_large", "rmw", 30)


@workload
def partial_write_small(r):
    windows(r, "partial_write_small", "small", 200)


@workload
def partial_write_shard(r):
    windows(r, "partial_write_shard", "shardrmw", 30)


@workload
def append(r):
    ds = dict(
        shape=(0, K),
        dtype="float32",
        chunks=(100, K),
        shards=None,
        codec="gzip" if r.ad.family == "h5py" else "zstd",
        format=3,
    )
    rows = r.source("rmw")[:100, :K].copy()

    def setup():
        path = r.fresh()
        return path, r.ad.create(path, ds)

    def go(pa):
        a = pa[1]
        for _ in range(200):
            a = r.ad.append(a, rows)
        return a

    def done(pa, a, last):
        if a.shape[0] != 20 * K or (r.check and not np.array_equal(r.ad.read(a, slice(19900, 20 * K)), rows)):
            r.wrong.append("append")
        r.ad.close(a)
        r.ad.remove(pa[0])

    r.bench("append", go, setup, done, ops=200, reps=2)


@workload
def open_array(r):
    path = r.prepared("raw")

    def go(_):
        for _ in range(200):
            r.ad.close(r.ad.open(path))

    if not os.path.exists(path):
        raise Unsupported
    r.bench("open_array", go, ops=200)


@workload
def group(r):
    def done(path, _, last):
        if not last:
            r.ad.remove(path)

    paths = []

    def setup():
        paths.append(r.fresh())
        return paths[-1]

    r.bench("group_create_500", lambda p: r.ad.group_create(p, 500), setup, done, ops=500)
    path = paths[-1]
    try:
        r.bench("group_list_500", lambda _: r.ad.group_list(path), ops=500, expect=500)
        if hasattr(r.ad, "z"):
            r.bench("group_consolidate_500", lambda _: r.ad.group_consolidate(path), ops=500)
        r.bench(
            "group_open_consolidated",
            lambda _: r.ad.group_open_consolidated(path if hasattr(r.ad, "z") else r.prepared("group")),
            ops=500,
            expect=500,
        )
    finally:
        r.ad.remove(path)


@workload
def import_time(r):
    env = dict(os.environ)
    if r.job["adapter"].startswith("ours"):
        env["PYTHONPATH"] = env["OURS_PATH"]
    r.bench(
        "import_time",
        lambda _: subprocess.run([sys.executable, "-c", f"import {r.ad.module}"], check=True, env=env),
        reps=5,
        budget=3,
    )


def memory(name):
    ds, w, rd = DATASETS[name], f"mem_{name}_write", f"mem_{name}_read"
    ops = math.prod(s // c for s, c in zip(ds["shape"], ds["chunks"]))

    def go(r):
        data, held = r.source(name), []

        def write(_):
            held.clear()
            a = r.ad.create(None, ds)
            r.ad.write(a, ..., data)
            held.append(a)

        r.bench(w, write, budget=1.0, ops=ops)
        r.bench(
            rd, lambda _: r.ad.read(held[0], ...), budget=1.0, ops=ops, expect=None if r.ad.family != "zarr" else data
        )

    enter(f"mem_{name}", go)


memory("raw")
memory("shard")


@workload
def strided(r):
    want = lambda s: s[::7, ::7]  # noqa: E731
    select(r, "strided_7", lambda a: r.ad.read(a, (slice(None, None, 7),) * 2), want)
    if not isinstance(r.ad, Limit):
        select(r, "reversed", r.ad.read_reversed, lambda s: s[::-1, ::-1])


@workload
def volume(r):
    at = r.rng.integers(0, 512, 5).tolist()
    every = slice(None)
    many(r, "vol_plane_xy", "vol", 5, [(i, every, every) for i in at])
    many(r, "vol_plane_xz", "vol", 5, [(every, i, every) for i in at])
    many(r, "vol_plane_yz", "vol", 5, [(every, every, i) for i in at])
    many(r, "vol_read", "vol", 1, [(every, every, every)])


@workload
def rechunk(r):
    src_ds = DATASETS["zstd"]
    ds = src_ds | dict(chunks=(250, 4000))

    def slabs(path):
        a, b = r.open("zstd"), r.ad.create(path, ds)
        for i in range(0, 10 * K, K):
            s = (slice(i, i + K), slice(None))
            r.ad.write(b, s, r.ad.read(a, s))
        r.ad.close(a)
        r.ad.close(b)

    def native(path):
        r.ad.copy_to(r.open("zstd"), path, ds)

    def done(metric):
        def check(path, _, last):
            if last and r.check and not np.array_equal(r.ad.read(r.ad.open(path), ...), r.source("zstd", load=False)):
                r.wrong.append(metric)
            r.ad.remove(path)

        return check

    r.bench("rechunk_slabs", slabs, r.fresh, done("rechunk_slabs"), reps=2)
    r.bench("rechunk_native", native, r.fresh, done("rechunk_native"), reps=2)


@workload
def slab_write(r):
    data = np.arange(20 * K * K, dtype="i4").reshape(K, 20 * K)

    def go(path):
        a = r.ad.create(path, DATASETS["big"])
        for i in range(0, 20 * K, K):
            r.ad.write(a, slab(i), data)
        r.ad.close(a)

    r.bench("slab_write_1.6GB", go, r.fresh, lambda p, o, last: r.ad.remove(p), reps=1)


@workload
def slab_read(r):
    want = np.arange(20 * K * K, dtype="i4").reshape(K, 20 * K) if r.check else None

    def go(a):
        for i in range(0, 20 * K, K):
            out = None  # one slab at a time
            out = r.ad.read(a, slab(i))
        return out

    r.bench("slab_read_1.6GB", go, lambda: r.open("big"), lambda a, o, last: r.ad.close(a), reps=1, expect=want)


@workload
def concurrent(r):
    def run(metric, name, each, side):
        n = DATASETS[name]["shape"][0] // side
        at = (r.rng.integers(0, n, (8, each, 2)) * side).tolist()

        def go(a):
            def work(boxes):
                for i, j in boxes:
                    r.ad.read(a, (slice(i, i + side), slice(j, j + side)))

            with ThreadPoolExecutor(8) as ex:
                list(ex.map(work, at))

        r.bench(metric, go, lambda: r.open(name), lambda a, o, last: r.ad.close(a), ops=8 * each, reps=2)

    run("threads8_large", "zstd", 10, K)
    run("threads8_small", "small", 200, 100)
