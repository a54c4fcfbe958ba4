#!/usr/bin/env python3
"""How the size of chunks and shards bears on time: the curves of the page on performance.

    OURS_PATH=DIR python curves.py DOCS_DIR [SCRATCH_DIR]

Writes images/curves.svg below DOCS_DIR and prints its numbers as tables. The data are a smooth float32 field with noise
that is compressed with Zstandard at level 1; times are minima of several runs, the page cache is warm.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, os.environ["OURS_PATH"])
import zarr

SIDE = 8192  # elements: 256 MiB of float32
CHUNK_SIDES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
SHARD_SIDE = 4096
LAYOUTS = ("files", "shards")
N_WINDOWS = 50
WINDOW = 64


def main() -> None:
    docs = Path(sys.argv[1])
    scratch = Path(tempfile.mkdtemp(dir=sys.argv[2] if len(sys.argv) > 2 else None))
    try:
        measured = measure(scratch)
    finally:
        shutil.rmtree(scratch)
    print(table(measured))
    plot(measured, docs / "images" / "curves.svg")


def field() -> np.ndarray[Any, Any]:
    x = np.linspace(0, 40, SIDE, dtype="f4")
    noise = np.random.default_rng(1).standard_normal((SIDE, SIDE), "f4")
    values: np.ndarray[Any, Any] = 280 + 15 * np.sin(x)[:, None] * np.cos(x) + 0.2 * noise
    return values.round(2)


def least(work: Callable[[], object], n_runs: int = 3) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(n_runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(scratch: Path) -> dict[tuple[str, int], dict[str, float]]:
    data, out = field(), np.empty((SIDE, SIDE), "f4")
    at = np.random.default_rng(2).integers(0, SIDE - WINDOW, (N_WINDOWS, 2)).tolist()
    measured = {}
    for layout in LAYOUTS:
        for side in CHUNK_SIDES:
            path = scratch / f"{layout}{side}"
            shards = (SHARD_SIDE, SHARD_SIDE) if layout == "shards" else None

            def write(path: Path = path, side: int = side, shards: Any = shards) -> None:
                shutil.rmtree(path, ignore_errors=True)
                zarr.create_array(
                    path, data=data, chunks=(side, side), shards=shards, compressors=zarr.codecs.ZstdCodec(level=1)
                )

            writing = least(write, 2)
            array = zarr.open_array(path, mode="r")

            def windows(array: Any = array) -> None:
                for i, j in at:
                    array[i : i + WINDOW, j : j + WINDOW]

            def scalars(array: Any = array) -> None:
                for i, j in at:
                    array[i, j]

            with zarr.config.set({"array.chunk_cache_bytes": 0}):
                row = {
                    "write": writing,
                    "read": least(lambda array=array: array.get_basic_selection(..., out=out)),
                    "window": least(windows) / N_WINDOWS,
                    "scalar": least(scalars) / N_WINDOWS,
                }
            time.sleep(2)  # files that have just been written are not cached yet
            with zarr.config.set({"array.chunk_cache_bytes": 256 << 20}):
                row["cached"] = least(scalars, 5) / N_WINDOWS
            row["stored"] = sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())
            row["files"] = sum(entry.is_file() for entry in path.rglob("*"))
            measured[layout, side] = row
            shutil.rmtree(path)
    return measured


def nbytes(side: int) -> str:
    kibibytes = side * side * 4 // 1024
    return f"{kibibytes} KiB" if kibibytes < 1024 else f"{kibibytes // 1024} MiB"


def table(measured: dict[tuple[str, int], dict[str, float]]) -> str:
    lines = [
        "| chunk | stored as | files | write, ms | read, ms | window, µs | element, µs | cached, µs |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (layout, side), row in measured.items():
        lines.append(
            f"| {nbytes(side)} | {layout} | {row['files']:,.0f} | {row['write'] * 1e3:,.0f} | {row['read'] * 1e3:,.0f} "
            f"| {row['window'] * 1e6:,.0f} | {row['scalar'] * 1e6:,.0f} | {row['cached'] * 1e6:,.0f} |"
        )
    return "\n".join(lines)


def plot(measured: dict[tuple[str, int], dict[str, float]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "curves"
    figure, (whole, parts) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    ticks = [side * side * 4 for side in CHUNK_SIDES]
    styles = {"files": "-", "shards": "--"}
    for layout, style in styles.items():
        for what, colour, axes, scale, label in (
            ("write", "C1", whole, 1, "write all"),
            ("read", "C0", whole, 1, "read all"),
            ("window", "C2", parts, 1e6, "window of 64 × 64"),
            ("scalar", "C3", parts, 1e6, "one element"),
            ("cached", "C4", parts, 1e6, "one element, chunk cache on"),
        ):
            values = [measured[layout, side][what] * scale for side in CHUNK_SIDES]
            name = label if layout == "files" else f"{label}, in shards"
            axes.plot(ticks, values, style, color=colour, marker=".", label=name)
    for axes, title, unit in ((whole, "The whole array, 256 MiB", "seconds"), (parts, "A part of it", "microseconds")):
        axes.set(xscale="log", yscale="log", title=title, xlabel="size of a chunk before compression", ylabel=unit)
        axes.set_xticks(ticks, [nbytes(side) for side in CHUNK_SIDES], fontsize=7)
        axes.minorticks_off()
        axes.grid(color="0.93")
        axes.legend(fontsize=7)
    seconds = (0.1, 0.2, 0.5, 1, 2, 5)
    whole.set_yticks(seconds, [f"{tick:g}" for tick in seconds])
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
