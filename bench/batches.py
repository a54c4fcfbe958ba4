"""Many small writes with and without a batch, and rows through an appender beside an unbuffered raw file.

    python batches.py [N_WINDOWS] [FOLDER]

Windows of 16 x 16 elements at random places of a compressed 4,000 x 4,000 array in chunks of 500 x 500; rows of 4 KiB, chunks of 256 rows.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import zarr


def timed(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def windows(store, n):
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 4000 - 16, (n, 2)).tolist()
    values = rng.integers(0, 1000, (n, 16, 16)).astype("i4")
    times = {}
    arrays = {}
    for name in ("plain", "batch"):
        arrays[name] = array = zarr.create_array(
            store, name=name, shape=(4000, 4000), chunks=(500, 500), dtype="i4", compressors=zarr.codecs.ZstdCodec()
        )
        array[:] = np.arange(16_000_000).reshape(4000, 4000) // 64

    def write(target):
        for (y, x), value in zip(corners, values, strict=True):
            target[y : y + 16, x : x + 16] = value

    def write_in_batch():
        with arrays["batch"].batch() as b:
            write(b)

    times["batch"] = timed(write_in_batch)
    times["plain"] = timed(lambda: write(arrays["plain"]))
    same = (arrays["plain"][:] == arrays["batch"][:]).all()
    ratio = times["plain"] / times["batch"]
    print(
        f"{n} windows: {times['plain']:6.2f} s one by one, {times['batch']:6.2f} s in a batch, {ratio:5.1f} times; same: {same}"
    )


def rows(folder, n):
    row = np.random.default_rng(0).integers(0, 100, (1, 1024)).astype("i4")

    def raw():
        with Path(folder, "raw").open("wb", buffering=0) as file:
            for _ in range(n):
                file.write(row)

    def appended():
        array = zarr.create_array(
            os.path.join(folder, "rows"),
            shape=(0, 1024),
            chunks=(256, 1024),
            dtype="i4",
            compressors=None,
            overwrite=True,
        )
        with array.appender() as w:
            for _ in range(n):
                w.append(row)

    for _ in range(3):
        print(f"{n} rows of 4 KiB: raw file {timed(raw):6.3f} s, appender {timed(appended):6.3f} s")


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for engine in ("native", "python"):
        with (
            zarr.config.set({"engine": engine}),
            tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder,
        ):
            print(engine)
            windows(zarr.storage.LocalStore(folder), n)
            rows(folder, 100_000)


if __name__ == "__main__":
    main()
