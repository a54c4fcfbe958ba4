"""Takes the pictures of the command line, of HTML in notebooks, and of plots that pages show: `python docs/take_pictures.py`.

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


def main() -> None:
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
