#!/usr/bin/env python3
"""Write docs/benchmarks.md and its plot from the results of `make bench`.

    python report.py RESULTS_DIR DOCS_DIR

RESULTS_DIR holds what `arraybench.py --out` wrote: headline.json, and where they were made cache.json (chunk caches on)
and memory.json (arrays written to a file system in memory). Ratios are of the minima over the rounds of one run.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from datasets import DATASETS

OURS = "ours"
CLIFF = "cliff_"
"""Rows whose names begin so have a table of their own."""
BASELINE = "zarr"
ZARR_PEERS = ("zarr", "zarr-fused", "zarr-zarrs", "tensorstore")
OWN_FORMATS = ("blosc2", "h5py")
BULK = ("read_", "write_", "shard_read", "shard_write", "shardraw_", "v2_", "vol_read", "slab_", "mem_")
WHOLE_ARRAYS = (
    ("raw", "write_raw", "read_raw"),
    ("zstd", "write_zstd", "read_zstd"),
    ("blosc", "write_blosc", "read_blosc"),
    ("gzip", "write_gzip", "read_gzip"),
    ("shard", "shard_write", "shard_read"),
    ("shardraw", "shardraw_write", "shardraw_read"),
    ("small", "small_write", "small_read"),
    ("v2", "v2_write", "v2_read"),
)
"""Datasets that are written and read whole, with the names of the two workloads."""
NAMES = {
    "ours": "this library",
    "zarr": "zarr-python",
    "zarr-fused": "zarr-python, fused pipeline",
    "zarr-zarrs": "zarrs",
    "tensorstore": "TensorStore",
    "tensorstore-fsync": "TensorStore, fsync",
    "tensorstore-cache": "TensorStore, chunk cache",
    "ours-cache": "this library, chunk cache",
    "limit": "by hand",
}
"""The one name that a contender has on the page, in tables, text and chart; others go by their own."""


def main() -> None:
    results, docs = Path(sys.argv[1]), Path(sys.argv[2])
    headline, cache = load(results, "headline"), load(results, "cache")
    if headline is None:
        raise SystemExit(
            f"there is no {results / 'headline.json'}: run arraybench.py with --out {results / 'headline'}"
        )
    lines = [
        *summary(headline),
        *introduction(headline),
        *headline_table(headline),
        *goals(headline, cache),
        *cliffs(load(results, "cliffs") or headline),
    ]
    if (over_bucket := load(results, "cloud")) is not None:
        lines += cloud(over_bucket)
    for name, title, text in EXTRA:
        if (extra := load(results, name)) is not None:
            lines += extra_table(extra, title, text)
    lines += memory_table(headline)
    lines += problems(headline)
    notes = Path(__file__).with_name("notes.md")
    if notes.exists():
        lines += ["", notes.read_text().strip()]
    (docs / "benchmarks.md").write_text("\n".join(lines) + "\n")
    plot(headline, docs / "images" / "benchmarks.svg")


def load(results: Path, name: str) -> dict[str, Any] | None:
    path = results / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


EXTRA = (
    (
        "cache",
        "With chunk caches",
        "The same cache for both: 256 MB of decoded chunks. In the table above no contender keeps decoded chunks.",
    ),
    (
        "memory",
        "On a file system in memory",
        "Rows that create many files, away from the cost of a disk's file system.",
    ),
)


def name_of(contender: str) -> str:
    return NAMES.get(contender, contender)


def summary(result: dict[str, Any]) -> list[str]:
    peers = ratios(result, ZARR_PEERS)
    return [
        "# Benchmarks",
        "",
        "![Time of each workload relative to zarr-python](images/benchmarks.svg)",
        "",
        (
            f"This library takes {geometric_mean(ratios(result, (BASELINE,))):.2f} of the time of {name_of(BASELINE)}, and "
            f"{geometric_mean(peers):.2f} of that of whichever other library that speaks Zarr is fastest: geometric means over "
            f"the {len(peers)} workloads of the chart, in which left is faster."
        ),
        "",
    ]


def introduction(result: dict[str, Any]) -> list[str]:
    versions = {name: contender["versions"] for name, contender in result["contenders"].items()}
    return [
        "This page is made by `make bench`, which builds an environment for the peers and one for this library, runs all of them in turn",
        "on the same work, and writes what it measured. The workloads are described in `bench/README.md`.",
        "",
        f"Machine: {result['machine']}. Rounds: {result['rounds']}. Page cache warm, no `fsync`, each measurement in a fresh process, results",
        "compared with the source data. Times are minima over the rounds: milliseconds for a run of the workload, and microseconds for",
        "each of its operations, which are calls, or chunks of a whole array. Ratios are this library's time divided by that of another;",
        "below 1 this library is faster. The fastest is the fastest of the four peers beside it, which speak Zarr.",
        "",
        *(f"- {name_of(n)}: " + ", ".join(f"{k} {v}" for k, v in sorted(vs.items())) for n, vs in versions.items()),
        "",
    ]


def best(metrics: dict[str, Any], name: str) -> float | None:
    found = metrics.get(name)
    return found["min"] if found else None


def fastest(metrics: dict[str, Any], names: tuple[str, ...]) -> tuple[float, str] | None:
    times = [(time, name) for name in names if (time := best(metrics, name)) is not None]
    return min(times) if times else None


def ratio(ours: float, other: float | None) -> str:
    return "" if other is None else f"{ours / other:.2f}"


def shown(seconds: float, ops: int) -> str:
    total = f"{digits(seconds * 1e3)} ms"
    return total if ops <= 1 else f"{total} ({digits(seconds / ops * 1e6)} µs each)"


def digits(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def headline_table(result: dict[str, Any]) -> list[str]:
    compared = (*ZARR_PEERS, "limit")
    lines = [
        "## All workloads, chunk caches off",
        "",
        "| workload | ms | µs each | ÷ fastest | " + " | ".join(f"÷ {name_of(name)}" for name in compared) + " |",
        "|---|---:|---:|---:|" + "---:|" * len(compared),
    ]
    for workload, metrics in result["metrics"].items():
        ours = best(metrics, OURS)
        if ours is None or workload.startswith(CLIFF):
            continue
        peer = fastest(metrics, ZARR_PEERS)
        cells = [f"**{ours / peer[0]:.2f}**" if peer else ""]
        cells += [ratio(ours, best(metrics, name)) for name in compared]
        ops = metrics[OURS]["ops"]
        each = digits(ours / ops * 1e6) if ops > 1 else ""
        lines.append(f"| {workload} | {digits(ours * 1e3)} | {each} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def ratios(result: dict[str, Any], names: tuple[str, ...], prefixes: tuple[str, ...] = ("",)) -> dict[str, float]:
    """Ours to the fastest of `names`, for every workload that both have."""
    found = {}
    for workload, metrics in result["metrics"].items():
        ours, other = best(metrics, OURS), fastest(metrics, names)
        is_wanted = workload.startswith(prefixes) and not workload.startswith(CLIFF)
        if ours is not None and other is not None and is_wanted:
            found[workload] = ours / other[0]
    return found


def geometric_mean(values: dict[str, float]) -> float:
    return math.exp(sum(map(math.log, values.values())) / len(values)) if values else math.nan


def cliffs(result: dict[str, Any]) -> list[str]:
    """The rows of `cliffs.py`: ours to the best peer that can do it."""
    lines = [
        "## Cliffs",
        "",
        "Where one library costs many times what another does: calls whose cost grows with what they do not touch, large attributes, and work that",
        "one core does alone. `python bench/arraybench.py --only 'cliff_*'` measures these rows, which are described in `bench/cliffs.py`.",
        "",
        "| workload | ms | best peer | ÷ best peer |",
        "|---|---:|---|---:|",
    ]
    for workload, metrics in result["metrics"].items():
        ours, peer = best(metrics, OURS), fastest(metrics, ZARR_PEERS)
        if workload.startswith(CLIFF) and ours is not None and peer is not None:
            name = NAMES.get(peer[1], peer[1])
            row = f"{digits(ours * 1e3)} | {name}, {digits(peer[0] * 1e3)} ms | **{ours / peer[0]:.2f}**"
            lines.append(f"| {workload.removeprefix(CLIFF)} | {row} |")
    if (metrics := result["metrics"].get("cliff_bigshard_write")) is not None and OURS in metrics:
        size_mb = 100e6 / 2**20
        rises = {name: metrics[name]["rise_mb"] for name in ZARR_PEERS if name in metrics}
        peer = min(rises, key=rises.__getitem__, default=None)
        shown_peer = "" if peer is None else f"{NAMES.get(peer, peer)}, {1 + rises[peer] / size_mb:.2f}"
        share = 1 + metrics[OURS]["rise_mb"] / size_mb
        lines += ["", f"Memory of `bigshard_write`, peak ÷ array: {share:.2f} (goal 1.1; best peer: {shown_peer})."]
    return [*lines, ""] if len(lines) > 7 else []


def goals(result: dict[str, Any], cached: dict[str, Any] | None) -> list[str]:
    peers, own = ratios(result, ZARR_PEERS), ratios(result, OWN_FORMATS)
    bulk = ratios(result, ("limit",), BULK)
    slower = {name: value for name, value in sorted(peers.items(), key=lambda item: -item[1]) if value > 1.05}
    rows = [
        ("geometric mean, to the fastest Zarr-speaking peer", f"{geometric_mean(peers):.2f}", "≤ 0.7"),
        ("geometric mean, to zarr-python", f"{geometric_mean(ratios(result, (BASELINE,))):.2f}", "≤ 0.25"),
        ("rows behind the fastest Zarr-speaking peer by over 5 %", f"{len(slower)} of {len(peers)}", "0"),
        ("bulk rows, geometric mean to the work done by hand", f"{geometric_mean(bulk):.2f}", "≤ 1.15 each"),
        (
            "rows ahead of blosc2 and h5py in their own formats",
            f"{sum(r < 1 for r in own.values())} of {len(own)}",
            "35",
        ),
        *operation_goals(result["metrics"], {} if cached is None else cached["metrics"]),
        *memory_goals(result["metrics"]),
    ]
    lines = ["## Against what we set out to reach", "", "| | measured | goal |", "|---|---:|---:|"]
    lines += [f"| {what} | {value} | {goal} |" for what, value, goal in rows]
    if slower:
        lines += [
            "",
            "Behind the fastest peer: " + ", ".join(f"`{name}` {value:.2f}" for name, value in slower.items()) + ".",
        ]
    over = {name: value for name, value in sorted(bulk.items(), key=lambda item: -item[1]) if value > 1.15}
    if over:
        lines += ["", "Bulk rows over 1.15 × by hand: " + ", ".join(f"`{n}` {v:.2f}" for n, v in over.items()) + "."]
    return [*lines, ""]


def operation_goals(metrics: dict[str, Any], cached: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rows of single operations that have a goal of their own, with what they are compared with."""

    def each(workload: str, contender: str = OURS, among: dict[str, Any] = metrics) -> str:
        found = among.get(workload, {}).get(contender)
        return "not measured" if found is None else f"{digits(found['min'] / found['ops'] * 1e6)} µs"

    def whole(workload: str) -> str:
        found = metrics.get(workload, {}).get(OURS)
        return "not measured" if found is None else f"{digits(found['min'] * 1e3)} ms"

    def against(workload: str, names: tuple[str, ...]) -> str:
        ours, other = best(metrics.get(workload, {}), OURS), fastest(metrics.get(workload, {}), names)
        return "not measured" if ours is None or other is None else f"{ours / other[0]:.2f}"

    compared = ", ".join(
        f"{name} {each('partial_write_shard', contender)}"
        for name, contender in (("TensorStore", "tensorstore"), ("by hand", "limit"))
    )
    return [
        ("`open_array`", each("open_array"), "≤ 50 µs"),
        *(
            (f"`{name}` in cached chunks", each(name, "ours-cache", cached), "≤ 8 µs")
            for name in ("scalar_small", "scalar_large")
        ),
        *(
            (f"`{name}` without a cache, to TensorStore", against(name, ("tensorstore",)), "≤ 0.6")
            for name in ("scalar_small", "scalar_large")
        ),
        ("`shard_random`", each("shard_random"), "≤ 40 µs"),
        *(
            (f"`{name}`, to the fastest peer", against(name, ZARR_PEERS), "≤ 0.7")
            for name in ("slice_row", "vol_plane_xy")
        ),
        *(
            (f"`{name}`, to the fastest peer", against(name, ZARR_PEERS), "≤ 0.3")
            for name in ("slice_row_blosc", "scalar_large_blosc", "shard_random_blosc")
        ),
        (
            "`partial_write_shard`",
            f"{each('partial_write_shard')} ({compared})",
            "≤ 1,100 µs (TensorStore 1,600, by hand 950)",
        ),
        *((f"`{name}`", whole(name), "≤ 20 ms") for name in ("group_list_500", "group_open_consolidated")),
        ("`import_time`, to importing NumPy", against("import_time", ("limit",)), "≤ 1.5"),
    ]


def memory_goals(metrics: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The rows of whole arrays that take most memory."""
    beyond, share, written = [], [], []
    for dataset, write, read in WHOLE_ARRAYS:
        described = DATASETS[dataset]
        size_mb = math.prod(described["shape"]) * np.dtype(described["dtype"]).itemsize / 2**20
        for workload, is_read in ((read, True), (write, False)):
            found = metrics.get(workload, {}).get(OURS)
            if found is None:
                continue
            extra = found["rise_mb"] - (size_mb if is_read else 0)
            (beyond if is_read else written).append((extra, workload))
            share.append((1 + extra / size_mb, workload))
    if not beyond or not written:
        return []
    return [
        ("most memory that a `read_*` takes beyond its result", "{:.1f} MB (`{}`)".format(*max(beyond)), "≤ 10 MB"),
        ("most memory that a `write_*` takes", "{:.1f} MB (`{}`)".format(*max(written)), "≤ 20 MB"),
        ("peak ÷ array, at most", "{:.2f} (`{}`)".format(*max(share)), "≤ 1.1"),
    ]


def extra_table(result: dict[str, Any], title: str, text: str) -> list[str]:
    names = list(result["contenders"])
    heads = " | ".join(map(name_of, names))
    lines = [f"## {title}", "", text, "", f"| workload | {heads} |", "|---|" + "---:|" * len(names)]
    for workload, metrics in result["metrics"].items():
        cells = [shown(metrics[n]["min"], metrics[n]["ops"]) if n in metrics else "" for n in names]
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    return [*lines, ""]


# ---------------------------------------------------------------- over a bucket

CLOUD_NAMES = {
    "ours": "this library",
    "ours-python": "Python engine",
    "ours-awaited": "`AsyncArray`",
    "tensorstore": "TensorStore, 32",
    "tensorstore-64": "TensorStore, 64",
    "zarr": "zarr-python, 10",
    "zarr-64": "zarr-python, 64",
}


def cloud(result: dict[str, Any]) -> list[str]:
    """The tables of `cloud.py`."""
    names = [name for name in CLOUD_NAMES if name in result["versions"]]
    heads = " | ".join(CLOUD_NAMES[name] for name in names)
    versions = {name: result["versions"][name]["version"] for name in ("tensorstore", "zarr") if name in names}
    lines = [
        "## Over a bucket",
        "",
        (
            f"A server for S3 on this machine that takes {result['latency_ms']:g} ms for each request (`bench/cloud.py`, "
            f"{result['rounds']} rounds in turns, medians; TensorStore {versions.get('tensorstore')}, zarr-python "
            f"{versions.get('zarr')} with obstore). The first three columns are this library, with 64 requests under way; the "
            "numbers behind the others are theirs. Milliseconds, and in parentheses how many requests the server counted:"
        ),
        "",
        f"| work | {heads} |",
        "|---|" + "---:|" * len(names),
    ]
    found = result["found"]
    for work, by_name in found.items():
        cells = [
            f"{median_of(by_name[name], 'took') * 1e3:.0f} ({by_name[name][-1]['requests']})" if by_name[name] else ""
            for name in names
        ]
        lines.append(f"| {result['titles'][work]} | " + " | ".join(cells) + " |")
    lines += ["", "CPU of the client for each chunk, in microseconds:", "", f"| work | {heads} |"]
    lines.append("|---|" + "---:|" * len(names))
    for work, by_name in found.items():
        if n_chunks := result["n_chunks"][work]:
            cells = [
                f"{median_of(by_name[name], 'cpu') / n_chunks * 1e6:.0f}" if by_name[name] else "" for name in names
            ]
            lines.append(f"| {result['titles'][work]} | " + " | ".join(cells) + " |")
    lines += ["", "| | measured: median, best | goal |", "|---|---:|---:|"]
    return [*lines, *(f"| {what} | {measured} | {goal} |" for what, measured, goal in cloud_goals(result)), ""]


def cloud_goals(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was set out for buckets beside what was measured: in the median, and in the best rounds."""
    found, titles, latency_ms = result["found"], result["titles"], result["latency_ms"]
    in_latencies = {
        "open_array": "1 round trip",
        "open_consolidated": "1 round trip",
        "list_members": "≤ 3",
        "read_100": "≤ 3",
        "read_shard": "2 round trips",
        "read_shard_again": "1 round trip",
        "write_100": "≤ 3",
        "read_absent": "≤ 3",
    }
    rows = []
    for work, goal in in_latencies.items():
        if work in found:
            took = np.array([one["took"] for one in found[work][OURS]]) * 1e3 / latency_ms
            rows.append((f"{titles[work]}, in latencies", f"{np.median(took):.1f}, {took.min():.1f}", goal))
    if "read_shard" in found:
        moved = found["read_shard"][OURS][-1]["moved"] / (36 * 40_000)
        rows.append(("a window in one shard, bytes moved to bytes used", f"{moved:.2f}", "≤ 1.3"))
    for work, peer, what, text, goal in (
        ("read_100", "tensorstore", "took", "time, to TensorStore with 32", "≤ 0.8"),
        ("read_1000", "tensorstore-64", "took", "time, to TensorStore with 64", "≤ 1"),
        ("read_1000", "tensorstore-64", "cpu", "CPU of the client, to TensorStore with 64", "≤ 1.5"),
        ("read_100", "tensorstore-64", "cpu", "CPU of the client, to TensorStore with 64", "≤ 1.5"),
        ("write_100", "tensorstore-64", "cpu", "CPU of the client, to TensorStore with 64", "≤ 1.5"),
        ("read_absent", "tensorstore-64", "cpu", "CPU of the client, to TensorStore with 64", "≤ 1.5"),
    ):
        if work in found and found[work].get(peer):
            ours, theirs = (np.array([one[what] for one in found[work][name]]) for name in (OURS, peer))
            measured = f"{np.median(ours / theirs):.2f}, {ours.min() / theirs.min():.2f}"
            rows.append((f"{titles[work]}, {text}", measured, goal))
    return rows


def median_of(results: list[dict[str, Any]], what: str) -> float:
    return float(np.median([result[what] for result in results]))


def memory_table(result: dict[str, Any]) -> list[str]:
    names = [name for name in (OURS, *ZARR_PEERS, *OWN_FORMATS, "limit") if name in result["contenders"]]
    lines = [
        "## Memory",
        "",
        "Rise of the peak resident memory over the start of the timed part, in MB; the result of a read is part of it.",
        "",
        "| workload | " + " | ".join(map(name_of, names)) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for workload, metrics in result["metrics"].items():
        if workload.startswith(CLIFF):
            continue
        cells = [f"{metrics[n]['rise_mb']:.1f}" if n in metrics else "" for n in names]
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def problems(result: dict[str, Any]) -> list[str]:
    if not result["problems"]:
        return []
    texts = [text.strip().splitlines()[-1][:200] for text in result["problems"] if text.strip()]
    named = (text.partition(" ") for text in texts)
    return ["## Problems during the run", "", *(f"- {name_of(head)} {rest}" for head, _, rest in named), ""]


def plot(result: dict[str, Any], path: Path) -> None:
    """Relative time of each workload, on a logarithmic axis, one mark per contender."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    found = ((w, m) for w, m in result["metrics"].items() if not w.startswith(CLIFF))
    workloads = [w for w, metrics in found if OURS in metrics and BASELINE in metrics]
    figure, axes = plt.subplots(figsize=(9, 0.24 * len(workloads) + 1.2), layout="constrained")
    marks = {
        "zarr-fused": ("C1", "s"),
        "zarr-zarrs": ("C2", "^"),
        "tensorstore": ("C0", "D"),
        "limit": ("0.5", "|"),
        OURS: ("C3", "o"),
    }
    for name, (colour, mark) in marks.items():
        points = [(best(result["metrics"][w], name), i) for i, w in enumerate(workloads)]
        x = [t / result["metrics"][workloads[i]][BASELINE]["min"] for t, i in points if t is not None]
        y = [i for t, i in points if t is not None]
        size = 42 if name == OURS else 22
        axes.scatter(x, y, s=size, c=colour, marker=mark, label=name_of(name), zorder=3 if name == OURS else 2)
    axes.axvline(1, color="0.7", linewidth=1)
    axes.set(xscale="log", xlabel="time ÷ time of zarr-python (left is faster)", yticks=range(len(workloads)))
    axes.set_yticklabels(workloads, fontsize=8)
    axes.set_ylim(len(workloads) - 0.5, -0.5)
    axes.grid(axis="both", color="0.93")
    figure.legend(loc="outside upper center", ncols=5, fontsize=8)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
