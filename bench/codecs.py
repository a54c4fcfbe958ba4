"""How small and how fast codecs are, on two data sets that are no inventions: the table and the plot of the page *Codecs*.

A map of land and sea (Booleans, of the package global_land_mask) and a measurement by magnetic resonance (16-bit integers, of the
package nibabel). Each is written to memory and read back on one thread, five times; the best counts. The table is printed, and with
the directory of the pages given, images/codecs.svg is written there.

    python bench/codecs.py [docs]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np

import zarr
from zarr.codecs import BitRoundCodec, BloscCodec, BytesCodec, GzipCodec, PackBitsCodec, ZstdCodec
from zarr.codecs.numcodecs import Delta, PCodec

N_TIMES = 5
TITLES = ("Land and sea, Booleans", "Magnetic resonance, 16-bit integers")
TICKS = ((0.2, 0.5, 1, 2, 5, 10, 20, 50), (15, 25, 50, 100))
CODECS = {
    "none": {"compressors": None},
    "`ZstdCodec()`": {},
    "`ZstdCodec(level=9)`": {"compressors": ZstdCodec(level=9)},
    '`BloscCodec(cname="zstd")`': {"compressors": BloscCodec(cname="zstd", clevel=5)},
    '`BloscCodec(cname="lz4", clevel=1)`': {"compressors": BloscCodec(cname="lz4", clevel=1)},
    "`GzipCodec()`": {"compressors": GzipCodec()},
    "`numcodecs.LZMA()`": {"compressors": numcodecs.LZMA()},
    "`Delta`, `ZstdCodec()`": {"filters": Delta()},
    "`BitRoundCodec(keepbits=4)`, `ZstdCodec()`": {"filters": BitRoundCodec(keepbits=4)},
    "`PackBitsCodec()`": {"serializer": PackBitsCodec(), "compressors": None},
    "`PackBitsCodec()`, `ZstdCodec()`": {"serializer": PackBitsCodec()},
    "`numcodecs.PCodec()`": {"serializer": PCodec(), "compressors": None},
    '`BytesCodec(endian="big")`, `ZstdCodec()`': {"serializer": BytesCodec(endian="big")},
}


def land_mask():
    """A quarter of the Earth, north of the equator and west of Greenwich: 10,800 × 21,600 points."""
    import global_land_mask

    packed = np.load(Path(global_land_mask.__file__).parent / "globe_combined_mask_compressed.npz")
    return ~packed["mask"][:10_800, :21_600], (1080, 1080)


def resonance():
    """128 × 96 × 24 voxels, twice."""
    import nibabel

    image = nibabel.load(Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz")
    return np.asarray(image.dataobj).astype("int16"), (64, 48, 24, 1)


def measured(data: np.ndarray, chunks: tuple[int, ...], settings: dict[str, Any]) -> dict[str, float] | None:
    """Bytes stored for each byte of data, and megabytes per second of writing and of reading; None if it does not suit."""
    spent = []
    for _ in range(N_TIMES):
        try:
            begin = time.perf_counter()
            array = zarr.create_array(zarr.storage.MemoryStore(), data=data, chunks=chunks, **settings)
            written = time.perf_counter()
            array[...]
            spent.append((written - begin, time.perf_counter() - written))
        except (TypeError, ValueError):
            return None
    write, read = (data.nbytes / 1e6 / min(times) for times in zip(*spent, strict=True))
    return {"size": array.nbytes_stored() / data.nbytes, "write": write, "read": read}


Found = dict[str, list[dict[str, float] | None]]


def percent(part: float) -> str:
    return f"{part * 100:.3g} %"


def table(found: Found) -> str:
    lines = ["| codecs | land and sea | write, read | resonance | write, read |", "|---|---:|---:|---:|---:|"]
    for name, of_each in found.items():
        cells = []
        for one in of_each:
            cells += ["", ""] if one is None else [percent(one["size"]), f"{one['write']:,.0f}, {one['read']:,.0f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(found: Found, path: Path) -> None:
    """Size against speed, a colour for each codec: dots of writing, and arrows' heads of reading."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "codecs"
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
    for panel, title, ticks, of_one in zip(panels, TITLES, TICKS, zip(*found.values(), strict=True), strict=True):
        for number, (name, one) in enumerate(zip(found, of_one, strict=True)):
            if one is not None:
                size, colour = one["size"] * 100, f"C{number % 10}"
                panel.plot([size, size], [one["write"], one["read"]], color=colour, linewidth=0.8)
                panel.scatter(
                    [size],
                    [one["write"]],
                    color=colour,
                    marker="o" if number < 10 else "D",
                    s=22,
                    label=name.replace("`", ""),
                )
                panel.scatter([size], [one["read"]], color=colour, marker="^", s=22)
        panel.set(
            xscale="log",
            yscale="log",
            title=title,
            xlabel="bytes stored, % of those in memory",
            ylabel="MB/s on one thread",
        )
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.xaxis.minorticks_off()
        panel.yaxis.set_major_formatter("{x:g}")
        panel.grid(color="0.93")
    names, labels = panels[0].get_legend_handles_labels()
    for handle, label in zip(*panels[1].get_legend_handles_labels(), strict=True):
        if label not in labels:
            names.append(handle)
            labels.append(label)
    figure.legend(names, labels, loc="outside lower center", ncols=3, fontsize=7)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    datasets = [land_mask(), resonance()]
    with zarr.config.set({"threading.max_workers": 1}):
        found = {
            name: [measured(data, chunks, settings) for data, chunks in datasets] for name, settings in CODECS.items()
        }
    print(table(found))
    if len(sys.argv) > 1:
        plot(found, Path(sys.argv[1]) / "images" / "codecs.svg")


if __name__ == "__main__":
    main()
