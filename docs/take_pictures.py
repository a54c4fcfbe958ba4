"""Takes the pictures of the command line, of HTML in notebooks, and of plots that pages show, and the short chart of
the benchmark: `python docs/take_pictures.py`, with `benchmarks` behind it the chart alone.

What is shown is what the programs print, for data that are made here. Pages with HTML are taken in a browser (Chromium), in light and in
dark; without one these pictures stay as they are. Look at them before you keep them.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.text import Text

import zarr

IMAGES = Path(__file__).parent.resolve() / "images"
WIDTH = 92
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
CALLS = {
    "info": ["zarr info climate.zarr/temperature --stored"],
    "tree": ["zarr tree climate.zarr"],
    "verify": ["zarr verify climate.zarr"],
    "explain": ["zarr explain climate.zarr/temperature ':, 100, 200' --ask"],
}


def make_data() -> zarr.Group:
    """A hierarchy with something to show."""
    root = zarr.create_group("climate.zarr", attributes={"title": "Two years of weather"})
    rng = np.random.default_rng(1)
    names = ["time", "lat", "lon"]
    field = root.create_array(
        "temperature",
        shape=(730, 180, 360),
        chunks=(10, 30, 60),
        shards=(70, 90, 180),
        dtype="f4",
        dimension_names=names,
    )
    lat = np.linspace(90, -90, 180)[:, None]
    waves = np.sin(np.linspace(0, 9, 360)) * np.cos(np.radians(lat)) * 6
    warm = 28 - 0.6 * np.abs(lat) + waves
    for start in range(0, 350, 70):
        noise = rng.normal(0, 0.7, (70, 180, 360)).cumsum(axis=2) / 12
        field[start : start + 70] = (warm + noise).round(1)
    field.attrs.update({"units": "degree_Celsius", "long_name": "air temperature at 2 m"})
    root.create_array("lat", data=lat.ravel())
    root.create_array("lon", data=np.arange(360.0))
    stations = root.create_group("stations", attributes={"n": 3})
    stations.create_array("name", data=np.array(["Oslo", "Bergen", "Tromsø"], dtype="T"))
    stations.create_array("rain", data=rng.gamma(2, 2, (3, 730)).astype("f4"), chunks=(1, 365))
    return root


def terminal(name: str, calls: list[str]) -> None:
    """A picture of a terminal: what calls print, in SVG without anything from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    for call in calls:
        program = f"{sys.executable} -m {call}"
        done = subprocess.run(program, shell=True, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        console.print(Text.assemble(("$ ", "bold green"), call))
        console.print(Text.from_ansi(done.stdout.rstrip("\n")))
        console.print()
    svg = console.export_svg(title="zarr", unique_id=f"zarr-{name}")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="[^"]*"', "", svg)  # made for that font: others are cut
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {FONT}").replace(
        "font-family: arial", "font-family: sans-serif"
    )
    (IMAGES / f"terminal-{name}.svg").write_text(svg)


def notebook(root: zarr.Group) -> None:
    """Pictures of HTML in a browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no browser: the pictures of HTML stay as they are")
        return
    field = root["temperature"]
    shown = "<hr style='opacity:.3'>".join(
        node._repr_html_() for node in (field, field.lazy[100:300, 40:120, 60:240], root)
    )
    for theme, background, text in (("light", "#ffffff", "#1f2328"), ("dark", "#111418", "#e6edf3")):
        page = Path(f"{theme}.html")
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body style="margin:16px;font:14px sans-serif;background:{background};color:{text}">{shown}'
        )
        call = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=760,640"]
        target = IMAGES / f"notebook-{theme}.png"
        subprocess.run([*call, f"--screenshot={target}", page.resolve().as_uri()], check=True, capture_output=True)


def plots(root: zarr.Group) -> None:
    """Pictures by matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
    field = root["temperature"]
    zarr.plot.image(field, 30, ax=axes[0], cmap="RdYlBu_r")
    swath = root.create_array("swath", shape=(900, 1400), chunks=(50, 50), dtype="u1")
    for row in range(0, 900, 10):
        swath[row : row + 10, row : row + 300] = 1
    zarr.plot.chunks(swath, ax=axes[1])
    choices = ["none", "zstd(level=5)", "blosc(cname=lz4, shuffle=shuffle)", "gzip(level=5)"]
    zarr.plot.codecs(field, codecs=choices, ax=axes[2])
    axes[2].set_title("codecs", fontsize=12)
    figure.savefig(IMAGES / "plots.png", dpi=90)


GROUPS = {
    "whole chunks": r"(write|read)_\w+|v2_\w+|mem_raw_\w+|slab_\S+",
    "shards": r"shard(raw)?_(write|read)|mem_shard_\w+",
    "small chunks": r"small_\w+",
    "chunks out of shards": r"shard_random\w*",
    "slices, planes": r"slice_\w+|strided_\w+|reversed|vol_\w+",
    "points, lists, masks": r"scalar_\w+|[vo]index_\w+|mask_\w+",
    "parts of chunks, append": r"partial_write_\w+|append",
    "opening, groups, import": r"open_array|group_\w+|import_time",
    "other chunks": r"rechunk_\w+",
    "eight threads": r"threads8_\w+",
}
"""What workloads of the benchmark have in common."""
MARKS = {
    "zarr-python, fused pipeline": ("C1", "s"),
    "zarrs": ("C2", "^"),
    "TensorStore": ("C0", "D"),
    "this library": ("C3", "o"),
}


def benchmarks() -> None:
    """The chart of the benchmark in short: geometric means of the first table of its page, all of its workloads in groups."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    text = (IMAGES.parent / "benchmarks.md").read_text()
    head, _, *lines = text[text.index("| workload |") :].split("\n\n")[0].splitlines()
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    rows = [dict(zip(columns, (cell.strip() for cell in line.strip("|").split("|")), strict=True)) for line in lines]
    logs: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        (group,) = (name for name, pattern in GROUPS.items() if re.fullmatch(pattern, row["workload"]))
        ours = float(row["÷ zarr-python"])
        for name in MARKS:
            ratio = "1" if name == "this library" else row[f"÷ {name}"]
            if ratio:
                logs.setdefault((name, group), []).append(np.log(ours / float(ratio)))
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure, axes = plt.subplots(figsize=(9, 3.1), layout="constrained")
    for name, (colour, mark) in MARKS.items():
        found = [(np.exp(np.mean(logs[name, group])), i) for i, group in enumerate(GROUPS) if (name, group) in logs]
        size = 60 if name == "this library" else 30
        axes.scatter(*zip(*found, strict=True), s=size, c=colour, marker=mark, label=name, zorder=3)
    axes.axvline(1, color="0.7", linewidth=1)
    axes.set(xscale="log", xlabel="time ÷ time of zarr-python (left is faster)", yticks=range(len(GROUPS)))
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    axes.set_yticklabels(GROUPS)
    axes.set_ylim(len(GROUPS) - 0.5, -0.5)
    axes.grid(axis="both", color="0.93")
    figure.legend(loc="outside upper center", ncols=4)
    figure.savefig(IMAGES / "benchmarks-short.svg", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    benchmarks()
    if sys.argv[1:] == ["benchmarks"]:
        return
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        root = make_data()
        for name in ("info", "tree", "explain"):
            terminal(name, CALLS[name])
        notebook(root)
        plots(root)
        shard = Path("climate.zarr/temperature/c/1/0/1")
        data = shard.read_bytes()
        shard.write_bytes(data[:9000] + bytes(300) + data[9300:])
        Path("climate.zarr/stations/rain/c/1/1").write_bytes(b"not a chunk")
        terminal("verify", CALLS["verify"])


if __name__ == "__main__":
    main()
