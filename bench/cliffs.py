"""Workloads of a kind: the cost of a call that grew with what it does not touch, and work that one core did alone.

Their names begin with `cliff_`, and they have a table of their own. Every contender writes here what it reads, but for the
hierarchies and the array of 80,000 chunks, which are made by hand.
"""

import json
import os

import numpy as np
from adapters.base import Unsupported
from adapters.documents import zarr_metadata
from adapters.files import spew
from datasets import K
from measuring import tree_bytes
from registry import enter


def keep_the_last(r, paths):
    """What comes after each writing: the array or group that was written last is kept, for what reads it."""

    def done(path, _, last):
        if last:
            paths.append(path)
        else:
            r.ad.remove(path)

    return done


# ---------------------------------------------------------------- codecs

CODED = {
    "lzma": dict(src="image4", shape=(4 * K, 4 * K), dtype="uint8", chunks=(500, 500), codec="lzma"),
    "bz2": dict(src="image4", shape=(4 * K, 4 * K), dtype="uint8", chunks=(500, 500), codec="bz2"),
    "quantize": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(500, 500), codec="quantize"),
    "scaleoffset": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(500, 500), codec="scaleoffset"),
    "outer_zstd": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="outer_zstd"
    ),
    "outer_transposed": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="outer_transposed"
    ),
    "outer_filter": dict(
        src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(100, 100), shards=(K, K), codec="outer_filter"
    ),
    "bigshard": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(500, 500), shards=(5 * K, 5 * K), codec="none"
    ),
}
LOSSY = ("quantize", "scaleoffset", "outer_filter")


def coded(name):
    ds = dict(shards=None, format=3) | CODED[name]

    def go(r):
        if r.ad.family != "zarr":
            raise Unsupported(name)
        data = np.load(f"{r.workdir}/{ds['src']}.npy")
        paths = []

        def write(path, ds=ds, data=data):
            a = r.ad.create(path, ds)
            r.ad.write(a, ..., data)
            r.ad.close(a)

        def done(path, _, last):
            r.metrics[f"cliff_{name}_write"]["stored"] = tree_bytes(path)
            if last:
                paths.append(path)
            else:
                r.ad.remove(path)

        small = ds["shards"] or ds["chunks"]  # what is imported on first use is not what is measured
        write(r.fresh(), ds | {"shape": small}, data[: small[0], : small[1]])
        r.bench(f"cliff_{name}_write", write, r.fresh, done, budget=2.0)
        expected = None if name in LOSSY else data
        r.bench(
            f"cliff_{name}_read",
            lambda a: r.ad.read(a, ...),
            lambda: r.ad.open(paths[0]),
            lambda a, o, last: r.ad.close(a),
            expect=expected,
        )
        r.ad.remove(paths[0])

    enter(f"cliff_{name}", go)


for _name in CODED:
    coded(_name)


# ---------------------------------------------------------------- text and byte strings

NAMES = np.array([f"name{i}" for i in range(200 * K)], dtype=object)
ITEMS = {"text": lambda: NAMES, "bytes": lambda: np.array([name.encode() for name in NAMES], dtype=object)}


def items(kind, codec):
    """200,000 short elements in chunks of 20,000: all written, all read, and 200 read one by one."""
    ds = dict(shape=NAMES.shape, dtype=kind, chunks=(20 * K,), shards=None, codec=codec, format=3)
    prefix = f"cliff_{kind}_{codec}"

    def go(r):
        data, paths = ITEMS[kind](), []
        at = r.rng.integers(0, len(data), 200).tolist()

        def write(path, data=data):
            r.ad.write(r.ad.create_items(path, ds), ..., data)

        write(r.fresh())
        r.bench(f"{prefix}_write", write, r.fresh, keep_the_last(r, paths))
        r.bench(f"{prefix}_read", lambda a: r.ad.read(a, ...), lambda: r.ad.open(paths[0]), expect=data)
        r.bench(
            f"{prefix}_one",
            lambda a: [r.ad.read(a, i) for i in at][-1],
            lambda: r.ad.open(paths[0]),
            ops=len(at),
            expect=data[at[-1]],
        )
        r.ad.remove(paths[0])

    enter(prefix, go)


for _kind in ITEMS:
    for _codec in ("none", "zstd"):
        items(_kind, _codec)


# ---------------------------------------------------------------- data types beyond NumPy's numbers

RECORD = np.dtype([("time", "i8"), ("place", "f4"), ("station", "S4"), ("value", "f8")])
TYPES = ("bfloat16", "float8_e4m3fn", "int4", "record")


def elements(name, rng):
    """4 million small numbers of a type of ml_dtypes, or half a million records."""
    if name == "record":
        made = np.empty(500 * K, RECORD)
        made["time"], made["value"] = np.arange(len(made)), rng.standard_normal(len(made)).round(3)
        made["place"], made["station"] = np.arange(len(made)) % 97, b"site"
        return made
    import ml_dtypes

    return rng.integers(-7, 8, 4000 * K).astype(np.dtype(getattr(ml_dtypes, name)))


def typed(name):
    """Written and read in ten chunks, with zstd."""

    def go(r):
        data, paths = elements(name, r.rng), []
        chunks = (len(data) // 10,)
        ds = dict(shape=data.shape, dtype=data.dtype, chunks=chunks, shards=None, codec="zstd", format=3)

        def write(path, data=data):
            r.ad.write(r.ad.create_typed(path, ds), ..., data)

        write(r.fresh())
        r.bench(f"cliff_{name}_write", write, r.fresh, keep_the_last(r, paths))
        r.bench(f"cliff_{name}_read", lambda a: r.ad.read(a, ...), lambda: r.ad.open(paths[0]), expect=data)
        r.ad.remove(paths[0])

    enter(f"cliff_{name}", go)


for _name in TYPES:
    typed(_name)


# ---------------------------------------------------------------- hierarchies


def document(path, value):
    os.makedirs(path, exist_ok=True)
    spew(f"{path}/zarr.json", json.dumps(value).encode())


def grow(r):
    """Fifty steps of one chunk each, on an array of 80,000."""
    ds = dict(shape=(80 * K, 4), dtype="int32", chunks=(1, 4), shards=None, codec="none", format=3)
    path = r.fresh()
    document(path, zarr_metadata(ds))
    os.makedirs(f"{path}/c")
    for i in range(80 * K):
        os.mkdir(f"{path}/c/{i}")
        spew(f"{path}/c/{i}/0", bytes(16))

    def go(a):
        for _ in range(50):
            a = r.ad.grow(a, 1)
        return a

    def setup():
        document(path, zarr_metadata(ds))
        return r.ad.open(path, "r+")

    r.bench("cliff_grow_80000", go, setup, lambda a, o, last: r.ad.close(o), ops=50)
    r.ad.remove(path)


enter("cliff_grow", grow)

GROUP = {"zarr_format": 3, "node_type": "group", "attributes": {}}
ARRAY = zarr_metadata(
    dict(shape=(512, 512), dtype="uint16", chunks=(256, 256), shards=None, codec="zstd", format=3)
) | {"attributes": {}}


def consolidated(r, prefix, members):
    """A group that is nothing but its consolidated document."""
    path = r.fresh()
    snapshot = {"kind": "inline", "must_understand": False, "metadata": members}
    document(path, GROUP | {"consolidated_metadata": snapshot})
    n = len(members)
    for what in ("len", "keys", "members", "tree"):
        metric = f"{prefix}_{what}"
        call = getattr(r.ad, f"group_{what}")
        r.bench(metric, call, lambda: r.ad.open_consolidated(path), ops=n, reps=5)


def group_8000(r):
    consolidated(r, "cliff_group_8000", {f"a{i:04d}": GROUP for i in range(8000)})


def plate(r):
    """A plate: 8 rows of 12 wells with 9 images of 6 scales each."""
    members = {}
    for row in "ABCDEFGH":
        members[row] = GROUP
        for column in range(1, 13):
            members[f"{row}/{column}"] = GROUP
            for image in range(9):
                members[f"{row}/{column}/{image}"] = GROUP
                members |= {f"{row}/{column}/{image}/{scale}": ARRAY for scale in range(6)}
    consolidated(r, "cliff_plate_6152", members)


enter("cliff_group", group_8000)
enter("cliff_plate", plate)


# ---------------------------------------------------------------- attributes

ATTRIBUTES = {
    "keys": lambda: {f"key{i:06d}": (i, f"value {i}", i / 7, i % 2 == 0)[i % 4] for i in range(100 * K)},
    "numbers": lambda: {"numbers": (np.arange(1500 * K) / 7).tolist()},
    "text": lambda: {"text": "".join(f'line {i}: plain text, "quoted"\n' for i in range(300 * K))[: 10 * K * K]},
}


def attributes(kind):
    prefix = f"cliff_attrs_{kind}"

    def go(r):
        given = ATTRIBUTES[kind]()
        more = {f"new {name}": value for name, value in given.items()}
        paths = []

        r.bench(f"{prefix}_create", lambda path: r.ad.group_with(path, given), r.fresh, keep_the_last(r, paths))
        path = paths[0]
        r.bench(f"{prefix}_open", lambda _: len(r.ad.attributes(r.ad.open_group(path))), expect=len(given))
        r.bench(f"{prefix}_set", lambda g: r.ad.set_attribute(g, "new", 1), lambda: r.ad.open_group(path, "r+"))
        r.bench(f"{prefix}_update", lambda g: r.ad.update_attributes(g, more), lambda: r.ad.open_group(path, "r+"))
        r.ad.remove(path)

    enter(prefix, go)


for _kind in ATTRIBUTES:
    attributes(_kind)
