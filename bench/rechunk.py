"""1 GB of float32 from chunks of (1, 500, 500) to chunks of (1000, 20, 20): how long, in how much memory, with how many reads.

    python rechunk.py [--rounds N] [--folder DIR] [--peers PYTHON] [--only NAME,NAME]

`zarr.rechunk` with several budgets beside a loop over slabs of 200 MB as one would write it, with this library and, in the interpreter of
`--peers`, with TensorStore; and beside cubed and rechunker. What is not installed there is said so. Each measurement is a process of
its own; peak memory is what the process grew by, after a small copy of the same kind had loaded everything. Every result is compared with the source.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHAPE, FROM, TO = (1000, 500, 500), (1, 500, 500), (1000, 20, 20)
SLAB = 100  # rows: 200 MB
BUDGETS = {"64MB": 64_000_000, "256MB": 256_000_000, "1024MB": 1_024_000_000}
OURS = ["loop", *(f"rechunk {budget}" for budget in BUDGETS), "copy"]
PEERS = ["tensorstore loop", "cubed", "rechunker"]
NEEDS = {"tensorstore loop": "tensorstore", "cubed": "cubed", "rechunker": "rechunker"}


def source_values(day):
    """Temperatures: broad waves that move, a little noise, recorded to 0.01."""
    import numpy as np

    rng = np.random.default_rng(day)
    y, x = np.arange(500, dtype="f4")[:, None] / 500, np.arange(500, dtype="f4")[None, :] / 500
    field = 280 + 15 * np.sin(5 * y + day / 60) * np.cos(7 * x) + 0.2 * rng.standard_normal((500, 500), "f4")
    return (np.rint(field * 100) / 100).astype("f4")


def make(folder):
    import zarr

    array = zarr.create_array(folder / "source.zarr", shape=SHAPE, chunks=FROM, dtype="f4", overwrite=True)
    for day in range(SHAPE[0]):
        array[day] = source_values(day)


# -- contenders -----------------------------------------------------------------------------------------------------


def loop(source, target, shape):
    import zarr

    a = zarr.open_array(source, mode="r")
    b = zarr.create_array(target, shape=a.shape, chunks=TO, dtype=a.dtype)
    for start in range(0, shape[1], SLAB):
        b[:, start : start + SLAB] = a[:, start : start + SLAB]


def rechunk(source, target, shape, budget=None):
    import zarr

    zarr.rechunk(source, target, chunks=TO, max_memory=budget)


def copy(source, target, shape):
    import zarr

    zarr.from_array(target, data=zarr.open_array(source, mode="r"), chunks=TO)


def tensorstore_loop(source, target, shape):
    import tensorstore as ts

    def spec(path):
        return {"driver": "zarr3", "kvstore": {"driver": "file", "path": os.fspath(path)}}

    context = ts.Context({"file_io_sync": False})
    a = ts.open(spec(source), open=True, context=context).result()
    metadata = a.spec().to_json()["metadata"]
    metadata["chunk_grid"] = {"name": "regular", "configuration": {"chunk_shape": TO}}
    b = ts.open({**spec(target), "metadata": metadata}, create=True, context=context).result()
    for start in range(0, shape[1], SLAB):
        b[:, start : start + SLAB].write(a[:, start : start + SLAB].read().result()).result()


def by_cubed(source, target, shape):
    import cubed

    spec = cubed.Spec(work_dir=os.fspath(Path(target).parent / "work"), allowed_mem="2GB", reserved_mem="200MB")
    lazy = cubed.from_zarr(os.fspath(source), spec=spec).rechunk(TO)
    cubed.to_zarr(lazy, os.fspath(target))


def by_rechunker(source, target, shape):
    from rechunker import rechunk as plan

    import zarr

    place = os.fspath(Path(target).parent / "temporary.zarr")
    plan(zarr.open_array(source, mode="r"), TO, "256MB", os.fspath(target), temp_store=place).execute()


def contender(name):
    if name.startswith("rechunk "):
        return lambda *arguments: rechunk(*arguments, budget=BUDGETS[name.split()[1]])
    return {
        "loop": loop,
        "copy": copy,
        "tensorstore loop": tensorstore_loop,
        "cubed": by_cubed,
        "rechunker": by_rechunker,
    }[name]


# -- one measurement ------------------------------------------------------------------------------------------------


def high_water():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) * 1024


def child(name, folder):
    function = contender(name)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        small = Path(scratch)
        warm_up(function, small)
        Path("/proc/self/clear_refs").write_text("5")
        before = high_water()
        times = os.times()
        began = time.perf_counter()
        function(folder / "source.zarr", small / "target.zarr", SHAPE)
        seconds = time.perf_counter() - began
        after = os.times()
        grown = high_water() - before
        is_equal = compare(small / "target.zarr")
    used = after.user + after.system - times.user - times.system
    print(json.dumps({"seconds": seconds, "cpu": used, "grown": grown, "is_equal": is_equal}))


def warm_up(function, folder):
    import numpy as np

    import zarr

    zarr.create_array(folder / "small.zarr", data=np.zeros((8, 40, 40), "f4"), chunks=(1, 40, 40))
    function(folder / "small.zarr", folder / "small-target.zarr", (8, 40, 40))


def compare(target):
    import numpy as np

    import zarr

    found = zarr.open_array(target, mode="r")
    rows = found[:, :60]
    return all(np.array_equal(rows[day], source_values(day)[:60]) for day in range(0, SHAPE[0], 37))


def reads(folder, budget):
    """How often an object of the source is read, and one of the target written, at most."""
    import collections

    import zarr
    from zarr.storage import LocalStore, WrapperStore

    class Counting(WrapperStore):
        def __init__(self, store):
            super().__init__(store)
            self.got, self.put = collections.Counter(), collections.Counter()

        async def get(self, key, prototype=None, byte_range=None):
            self.got[key] += 1
            return await super().get(key, prototype, byte_range)

        async def set(self, key, value):
            self.put[key] += 1
            await super().set(key, value)

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source, target = Counting(LocalStore(folder / "source.zarr")), Counting(LocalStore(Path(scratch) / "t"))
        zarr.rechunk(zarr.open_array(source, mode="r+"), target, chunks=TO, max_memory=budget)
        chunks = {key: n for key, n in target.put.items() if key.startswith("c/")}
        return max(n for key, n in source.got.items() if key.startswith("c/")), max(chunks.values()), len(chunks)


def measured(python, name, folder):
    command = [python, __file__, "--child", name, "--folder", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def is_there(python, module):
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code]).returncode == 0


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", default=None)
    options.add_argument("--peers", default=sys.executable)
    options.add_argument("--only", default=None)
    options.add_argument("--no-counts", action="store_true")
    options.add_argument("--child", default=None)
    given = options.parse_args()
    if given.child:
        child(given.child, Path(given.folder))
        return
    folder = Path(given.folder or tempfile.mkdtemp(prefix="rechunk"))
    folder.mkdir(exist_ok=True, parents=True)
    if not (folder / "source.zarr").exists():
        make(folder)
    names = [name for name in OURS + PEERS if not given.only or name in given.only.split(",")]
    found = {}
    for name in list(names):
        python = given.peers if name in PEERS else sys.executable
        if name in NEEDS and not is_there(python, NEEDS[name]):
            print(f"{name}: {NEEDS[name]} is not installed for {python}")
            names.remove(name)
    for _ in range(given.rounds):
        for name in names:
            python = given.peers if name in PEERS else sys.executable
            found.setdefault(name, []).append(measured(python, name, os.fspath(folder)))
            print(f"{name}: {found[name][-1]}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    base = min(each["seconds"] for each in found["loop"]) if "loop" in found else math.nan
    print(f"{'':20} {'best s':>8} {'median s':>9} {'to loop':>8} {'CPU s':>7} {'MB grown':>9}  same")
    for name, each in found.items():
        seconds = [one["seconds"] for one in each]
        print(
            f"{name:20} {min(seconds):8.2f} {statistics.median(seconds):9.2f} {min(seconds) / base:8.2f} "
            f"{min(one['cpu'] for one in each):7.2f} {max(one['grown'] for one in each) / 1e6:9.0f}  {all(one['is_equal'] for one in each)}"
        )
    if not given.no_counts:
        for budget, nbytes in BUDGETS.items():
            n_reads, n_writes, n = reads(folder, nbytes)
            print(
                f"{budget}: an object of the source is read {n_reads} times at most, one of the {n} of the target written {n_writes} times"
            )
    if given.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
