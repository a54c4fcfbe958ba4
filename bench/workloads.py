"""The data, the workloads, and the code that runs one of them in a child process."""

import gc
import hashlib
import math
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from adapters import ADAPTERS, Unsupported

# ---------------------------------------------------------------- data

K = 1000
DATASETS = {
    "raw": dict(src="arange", shape=(10 * K, 10 * K), dtype="int32", chunks=(K, K), codec="none"),
    "zstd": dict(src="field", shape=(10 * K, 10 * K), dtype="float32", chunks=(K, K), codec="zstd"),
    "blosc": dict(src="arange", shape=(10 * K, 10 * K), dtype="int32", chunks=(K, K), codec="blosc"),
    "gzip": dict(src="counts", shape=(8 * K, 8 * K), dtype="int16", chunks=(K, K), codec="gzip"),
    "shard": dict(src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="zstd"),
    "shardraw": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="none"
    ),
    "small": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(100, 100), codec="zstd"),
    "shardblosc": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="blosc"
    ),
    "rmw": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(K, K), codec="zstd"),
    "shardrmw": dict(src="image4", shape=(4 * K, 4 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="zstd"),
    "vol": dict(src="volume", shape=(512,) * 3, dtype="uint16", chunks=(64,) * 3, codec="zstd"),
    "v2": dict(src="field", shape=(10 * K, 10 * K), dtype="float32", chunks=(K, K), codec="lz4", format=2),
    "big": dict(src=None, shape=(20 * K, 20 * K), dtype="int32", chunks=(K, K), codec="none"),
}
for _ds in DATASETS.values():
    _ds.setdefault("shards", None)
    _ds.setdefault("format", 3)


def generate(workdir):
    """Write the source arrays as .npy files: smooth fields with noise, not constants."""
    rng = np.random.default_rng(20240607)

    def save(name, arr):
        np.save(f"{workdir}/{name}.npy", arr)

    n = 10 * K
    y, x = np.arange(n, dtype="f4")[:, None] / n, np.arange(n, dtype="f4")[None, :] / n
    save("arange", np.arange(n * n, dtype="i4").reshape(n, n))
    # temperature-like: broad waves, a little noise, recorded to 0.01
    field = rng.standard_normal((n, n), "f4")
    field *= 0.2
    field += 280 + 15 * np.sin(5 * y + 1) * np.cos(7 * x)
    field += 4 * np.sin(31 * x) * np.sin(23 * y)
    np.rint(field * 100, out=field)
    field /= 100
    save("field", field)
    save("field4", field[: 4 * K, : 4 * K])
    del field
    # picture-like: gradients, hard edges, sensor noise
    img = 90 + 60 * np.sin(9 * y) * np.sin(11 * x) + 40 * (np.sin(60 * x) * np.sin(50 * y) > 0.4)
    img += 2 * rng.standard_normal((n, n), "f4")
    img = np.clip(img, 0, 255).astype("u1")
    save("image", img)
    save("image4", img[: 4 * K, : 4 * K])
    del img
    # microscope counts: Poisson background, bright cells
    m = 8 * K
    lam = 12 + 400 * np.clip(np.sin(90 * y[:m]) * np.sin(80 * x[:, :m]) - 0.8, 0, 1)
    counts = lam + np.sqrt(lam) * rng.standard_normal((m, m), "f4")
    save("counts", np.clip(np.rint(counts), 0, None).astype("i2"))
    z = np.arange(512, dtype="f4") / 512
    lam = 100 + 900 * np.clip(
        np.sin(20 * z)[:, None, None] * np.sin(17 * z)[None, :, None] * np.sin(23 * z)[None, None, :], 0, 1
    )
    vol = lam + np.sqrt(lam) * rng.standard_normal(lam.shape, "f4")
    save("volume", np.rint(vol).astype("u2"))


# ---------------------------------------------------------------- measuring


def proc_status(field):
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


def reset_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


BUF = bytes(8 << 20)


def calm():
    """Are both cores free now? A shared machine steals time without saying so:
    then two hashing threads take longer by the clock than by their own CPU time.

    Asked up to three times: right after long work the answer was seen to be no
    for a tenth of a second without any neighbour.
    """
    return any(two_at_once() for _ in range(3))


def two_at_once():
    cpu = []

    def work():
        c = time.thread_time()
        hashlib.sha256(BUF).digest()
        cpu.append(time.thread_time() - c)

    threads = [threading.Thread(target=work) for _ in range(2)]
    t = time.perf_counter()
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    return time.perf_counter() - t < 1.3 * max(cpu)


def warm(path):
    """Bring the files into the page cache (an idle one is reclaimed within seconds here)."""
    files = [path] if os.path.isfile(path) else [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]
    for name in files:
        with open(name, "rb", buffering=0) as f:
            while f.read(16 << 20):
                pass


def cpu_seconds():
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in both)


def tree_bytes(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)


class Run:
    """What a workload gets: the adapter, paths, data, and `bench`."""

    def __init__(self, job):
        self.job, self.metrics, self.wrong = job, {}, []
        self.workdir, self.tmp = job["workdir"], job["tmp"]
        self.check = job["check"]
        self.ad = ADAPTERS[job["adapter"]]()
        self.rng = np.random.default_rng(7)
        self.count = 0

    def source(self, name, load=True):
        return np.load(f"{self.workdir}/{DATASETS[name]['src']}.npy", mmap_mode=None if load else "r")

    def prepared(self, name):
        return f"{self.workdir}/{self.ad.family}-{name}{self.ad.suffix}"

    def open(self, name):
        path = self.prepared(name)
        if not os.path.exists(path):
            raise Unsupported(f"no prepared {name}")
        warm(path)
        return self.ad.open(path)

    def fresh(self):
        self.count += 1
        return f"{self.tmp}/w{self.count}{self.ad.suffix}"

    def copy_of(self, name):
        path, src = self.fresh(), self.prepared(name)
        if not os.path.exists(src):
            raise Unsupported(f"no prepared {name}")
        (shutil.copytree if os.path.isdir(src) else shutil.copyfile)(src, path)
        return path

    def bench(self, metric, fn, setup=None, teardown=None, reps=3, budget=1.0, ops=1, expect=None):
        """Time fn(setup()) up to `reps` times or until `budget` seconds are spent.

        It waits a little for a calm machine, and repeats once more when no
        repetition was calm at both ends; disturbed times are dropped if a clean one exists.
        """
        runs, spent, patience = [], 0.0, 2.0
        m = self.metrics[metric] = {"ops": ops}
        while True:
            while not (clean := calm()) and patience > 0:
                time.sleep(0.3)
                patience -= 0.3
            arg = setup() if setup else None
            gc.collect()
            reset_peak()
            base, cpu = proc_status("VmRSS"), cpu_seconds()
            t = time.perf_counter()
            out = fn(arg)
            t = time.perf_counter() - t
            cpu = cpu_seconds() - cpu
            if not runs:
                m["peak_mb"], m["base_mb"] = proc_status("VmHWM"), base
                if expect is not None and self.check:
                    want = expect() if callable(expect) else expect
                    if not np.array_equal(np.asarray(out), want):
                        self.wrong.append(metric)
            runs.append((t, cpu, clean and calm()))
            spent += t
            done = spent >= budget or len(runs) >= reps
            if done and not any(r[2] for r in runs) and len(runs) < reps + 1 and spent < 2 * budget:
                done = False
            if teardown:
                teardown(arg, out, done)
            del out, arg
            if done:
                break
        kept = [r for r in runs if r[2]] or runs
        m["times"], m["cpu"] = [r[0] for r in kept], [r[1] for r in kept]
        m["disturbed"] = len(runs) - sum(r[2] for r in runs)


WORKLOADS = {}


def workload(fn):
    WORKLOADS[fn.__name__] = fn
    return fn


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
    WORKLOADS[write_as], WORKLOADS[read_as] = write, read


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

    WORKLOADS[f"mem_{name}"] = go


memory("raw")
memory("shard")


@workload
def strided(r):
    want = lambda s: s[::7, ::7]  # noqa: E731
    select(r, "strided_7", lambda a: r.ad.read(a, (slice(None, None, 7),) * 2), want)
    if not isinstance(r.ad, ADAPTERS["limit"]):
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


def slab(i):
    return (slice(i, i + K), slice(None))


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


import cliffs  # noqa: E402, F401  # more of them, made of what is here

# ---------------------------------------------------------------- child entry


def prepare(r):
    """Write every dataset this adapter's family reads, once."""
    for name, ds in DATASETS.items():
        path = r.prepared(name)
        try:
            a = r.ad.create(path, ds)
        except Unsupported:
            continue
        if ds["src"]:
            r.ad.write(a, ..., r.source(name))
        else:
            data = np.arange(20 * K * K, dtype="i4").reshape(K, 20 * K)
            for i in range(0, 20 * K, K):
                r.ad.write(a, slab(i), data)
        r.ad.close(a)
        r.metrics[name] = {"stored": tree_bytes(path)}
    if r.ad.family == "zarr":
        path = r.prepared("group")
        r.ad.group_create(path, 500)
        r.ad.group_consolidate(path)


def readback(r):
    """Does what another library wrote at job['keep'] equal the source?"""
    name = WORKLOADS[r.job["written_by"]].dataset
    if not np.array_equal(r.ad.read(r.ad.open(r.job["keep"]), ...), r.source(name, load=False)):
        r.wrong.append(r.job["written_by"])


def child(job):
    out = {}
    try:
        if job["workload"] == "generate":
            generate(job["workdir"])
            return {"metrics": {}}
        r = Run(job)
        fn = {"prepare": prepare, "readback": readback}.get(job["workload"]) or WORKLOADS[job["workload"]]
        if r.ad.write_only_variant and not any(
            w in job["workload"] for w in ("write", "append", "rechunk", "group", "prepare", "readback")
        ):
            raise Unsupported("same as its sibling")
        out["versions"] = r.ad.versions() | {"python": sys.version.split()[0]}
        try:
            fn(r)
        finally:
            out["metrics"] = {k: v for k, v in r.metrics.items() if v.get("times") or v.get("stored")}
            out["wrong"] = r.wrong
    except Unsupported as e:
        out["unsupported"] = str(e)
    except Exception:
        out["error"] = traceback.format_exc()[-1500:]
    return out
