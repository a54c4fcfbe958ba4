"""The land of the Earth as a sharded, compressed array: write it, read it back, check it, draw it.

The data come with the package `global-land-mask`: one Boolean per cell of 1/120 of a degree (about a kilometre),
21,600 x 43,200 cells, 933 MB in memory. The file is a stream and never in memory as a whole. While its slabs go past,
the answers to a few questions are put aside; later the same questions go to the stored array, and the answers must be
equal. In the end TensorStore, another implementation, opens the store and is asked too.

Run it with `make demo`, or `python examples/land_mask.py --help`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO

try:
    import numpy as np
    import numpy.typing as npt
    import tensorstore
    from PIL import Image
    from rich import box
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    import zarr
except ModuleNotFoundError as exc:
    sys.exit(
        f"The demo cannot find the module {exc.name!r}. `make demo` installs all it needs; in an environment of your "
        "own, run\n    python -m pip install '.[demo]'"
    )

CHUNKS = (900, 900)  # what a read decodes: 0.8 MB, a few kB once compressed
SHARDS = (2700, 5400)  # what a file holds: 18 chunks; one row of shards is a slab of 117 MB
OVERVIEW_STEP = 15

# Latitude and longitude of the edges: north, south, west, east.
BRITISH_ISLES = (61.0, 49.5, -11.0, 2.5)
JAPAN = (46.0, 30.0, 128.0, 146.5)
# What everybody can check on a globe: the map must not be upside down, mirrored or shifted.
PLACES = {
    "London": (51.5, -0.1, True),
    "Kansas": (38.5, -98.0, True),
    "Alice Springs": (-23.7, 133.9, True),
    "South Pole": (-89.9, 0.0, True),
    "North Pole": (89.9, 0.0, False),
    "mid-Atlantic": (30.0, -40.0, False),
    "Tasman Sea": (-38.0, 160.0, False),
}

Mask = npt.NDArray[np.bool_]
Index = slice | npt.NDArray[np.int64]


class Source:
    """The land mask as its package stores it: a compressed stream of rows, True where there is water."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not zipfile.is_zipfile(path):
            sys.exit(f"{path} is no .npz file; it should hold the arrays mask, lat and lon")
        with np.load(path) as arrays:  # an array is decompressed on access; the mask is not touched here
            self.lat, self.lon = arrays["lat"], arrays["lon"]
        self.shape = (len(self.lat), len(self.lon))

    @contextmanager
    def _stream(self) -> Iterator[IO[bytes]]:
        """The elements of the mask, row by row."""
        with zipfile.ZipFile(self.path) as archive, archive.open("mask.npy") as stream:
            np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0(stream)
            if header != (self.shape, False, np.bool_):
                sys.exit(f"{self.path} holds no Boolean mask of {self.shape[0]} rows and {self.shape[1]} columns")
            yield stream

    def slabs(self, n_rows: int) -> Iterator[tuple[int, Mask]]:
        """First row and contents of successive slabs of `n_rows` rows, True where there is land."""
        height, width = self.shape
        with self._stream() as stream:
            for start in range(0, height, n_rows):
                count = min(n_rows, height - start)
                water = np.frombuffer(stream.read(count * width), np.bool_).reshape(count, width)
                yield start, ~water

    def row(self, latitude: float) -> int:
        """Row of the cell nearest to a latitude."""
        return int(np.abs(self.lat - latitude).argmin())

    def column(self, longitude: float) -> int:
        """Column of the cell nearest to a longitude."""
        return int(np.abs(self.lon - longitude).argmin())

    def window(self, north: float, south: float, west: float, east: float) -> tuple[slice, slice]:
        """Rows and columns of the cells between four edges."""
        return slice(self.row(north), self.row(south)), slice(self.column(west), self.column(east))


@dataclass
class Question:
    """A selection of the map, and its true answer as far as the source has gone past."""

    text: str
    rows: Index
    columns: Index
    parts: list[Mask] = field(default_factory=list)

    def note(self, start: int, slab: Mask, height: int) -> None:
        """Put aside what a slab has to say."""
        rows = np.arange(height)[self.rows] - start
        inside = rows[(rows >= 0) & (rows < len(slab))]
        if len(inside):
            self.parts.append(slab[inside][:, self.columns])

    @property
    def expected(self) -> Mask:
        return np.concatenate(self.parts)

    def ask(self, land: zarr.Array) -> Mask:
        """The answer of the stored array."""
        if isinstance(self.rows, slice) and isinstance(self.columns, slice):
            return np.asarray(land[self.rows, self.columns])
        return np.asarray(land.oindex[self.rows, self.columns])


def questions(source: Source) -> list[Question]:
    """What is read back: windows, whole rows and columns, scattered cells, every nth cell."""
    height, width = source.shape
    equator, greenwich = source.row(0.0), source.column(0.0)
    random = np.random.default_rng(1)
    step = OVERVIEW_STEP
    return [
        Question("British Isles", *source.window(*BRITISH_ISLES)),
        Question("Japan", *source.window(*JAPAN)),
        Question("one cell", slice(equator, equator + 1), slice(greenwich, greenwich + 1)),
        Question("row at the equator", slice(equator, equator + 1), slice(None)),
        Question("column at Greenwich", slice(None), slice(greenwich, greenwich + 1)),
        Question(
            "40 rows x 40 columns, scattered",
            np.sort(random.choice(height, 40, replace=False)),
            np.sort(random.choice(width, 40, replace=False)),
        ),
        Question(f"overview, every {step}th cell", slice(None, None, step), slice(None, None, step)),
    ]


# -- the work -----------------------------------------------------------------------------------------------------


def create(store: Path, source: Source) -> zarr.Group:
    """A group with the coordinates and the still empty map."""
    root = zarr.create_group(
        store,
        overwrite=True,
        attributes={"title": "Land mask of the Earth", "source": f"package global-land-mask, {source.path.name}"},
    )
    root.create_array("lat", data=source.lat, dimension_names=["lat"], attributes={"units": "degrees_north"})
    root.create_array("lon", data=source.lon, dimension_names=["lon"], attributes={"units": "degrees_east"})
    root.create_array(
        "land",
        shape=source.shape,
        dtype="bool",
        chunks=CHUNKS,
        shards=SHARDS,
        fill_value=False,  # chunks that are all sea are not stored
        dimension_names=["lat", "lon"],
        attributes={"long_name": "land", "meaning": "true: land, false: water"},
    )
    return root


def write(land: zarr.Array, source: Source, asked: list[Question], console: Console) -> tuple[float, list[bytes]]:
    """Copy the map slab by slab. Returns the seconds inside zarr, and a digest of each slab."""
    spent, digests = 0.0, []
    with progress(console) as bar:
        for start, slab in bar.track(
            source.slabs(SHARDS[0]), total=-(-source.shape[0] // SHARDS[0]), description="writing"
        ):
            began = time.perf_counter()
            land[start : start + len(slab)] = slab
            spent += time.perf_counter() - began
            digests.append(hashlib.sha256(slab).digest())
            for question in asked:
                question.note(start, slab, source.shape[0])
    return spent, digests


def compare_whole(land: zarr.Array, digests: list[bytes], console: Console) -> tuple[float, bool]:
    """Read every cell, slab by slab. Returns the seconds inside zarr, and whether all slabs are as written."""
    spent, equal = 0.0, True
    out = np.empty((SHARDS[0], land.shape[1]), np.bool_)
    with progress(console) as bar:
        for number, digest in enumerate(bar.track(digests, description="reading")):
            rows = slice(number * SHARDS[0], min((number + 1) * SHARDS[0], land.shape[0]))
            slab = out[: rows.stop - rows.start]
            began = time.perf_counter()
            land.get_basic_selection(rows, out=slab)
            spent += time.perf_counter() - began
            equal = equal and hashlib.sha256(slab).digest() == digest
    return spent, equal


def compare_tensorstore(store: Path, question: Question) -> bool:
    """Whether TensorStore finds the same map: shape, names of the dimensions, and the cells of one window."""
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(store / "land")}}
    theirs = tensorstore.open(spec, open=True, read=True).result()
    window = np.asarray(theirs[question.rows, question.columns].read().result())
    return theirs.domain.labels == ("lat", "lon") and np.array_equal(window, question.expected)


def draw_window(path: Path, window: Mask) -> None:
    """One pixel per cell."""
    _draw(path, Image.fromarray(window.astype(np.uint8) * 255))


def draw_overview(path: Path, overview: Mask) -> None:
    """Four cells per pixel, so that coasts come out soft."""
    _draw(path, Image.fromarray(overview.astype(np.uint8) * 255).reduce(2))


def _draw(path: Path, land: Image.Image) -> None:
    water, soil = np.array([27, 58, 87]), np.array([226, 214, 178])
    shades = np.linspace(0, 1, 256)[:, None]
    land.putpalette(np.rint(water + shades * (soil - water)).astype(np.uint8).tobytes())
    land.save(path, optimize=True)


# -- the report ---------------------------------------------------------------------------------------------------


def progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("slabs"))
    return Progress(*columns, TimeElapsedColumn(), console=console)


def table(title: str, *columns: str) -> Table:
    heads = any(columns)
    made = Table(
        title=f"[bold]{title}[/]",
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD if heads else None,
        show_header=heads,
        show_edge=False,
        pad_edge=False,
    )
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", no_wrap=True)
    return made


def megabytes(nbytes: float) -> str:
    return f"{nbytes / 1e6:,.1f} MB"


def report_storage(console: Console, land: zarr.Array, store: Path, seconds: dict[str, float]) -> None:
    stored = land.nbytes_stored()
    files = sum(1 for path in (store / "land" / "c").rglob("*") if path.is_file())
    grid = [-(-n // s) for n, s in zip(land.shape, SHARDS, strict=True)]
    facts = table("The map as stored", "", "")
    facts.add_row("cells", f"{land.shape[0]:,} x {land.shape[1]:,}")
    facts.add_row("chunks / shards", f"{CHUNKS[0]} x {CHUNKS[1]} / {SHARDS[0]} x {SHARDS[1]}")
    facts.add_row("files (shards)", f"{files} of {grid[0] * grid[1]}")
    facts.add_row("in memory", megabytes(land.nbytes))
    facts.add_row("stored", megabytes(stored))
    facts.add_row("compression", f"{land.nbytes / stored:,.0f} : 1")
    for what, spent in seconds.items():
        facts.add_row(what, f"{spent:.1f} s, {land.nbytes / 1e6 / spent:,.0f} MB/s")
    facts.add_row("engine", land.engine)
    console.print(facts, "")


def report_answers(console: Console, land: zarr.Array, asked: list[Question]) -> bool:
    answers = table("Read back", "selection", "cells", "time", "as the source")
    good = True
    for question in asked:
        began = time.perf_counter()
        answer = question.ask(land)
        spent = time.perf_counter() - began
        equal = np.array_equal(answer, question.expected)
        good = good and equal
        shape = " x ".join(f"{n:,}" for n in answer.shape)
        answers.add_row(question.text, shape, f"{spent * 1e3:,.1f} ms", verdict(equal))
    console.print(answers, "")
    return good


def report_places(console: Console, land: zarr.Array, source: Source) -> bool:
    places = table("Places", "place", "lat", "lon", "", "as on a globe")
    good = True
    for place, (latitude, longitude, is_land) in PLACES.items():
        found = bool(land[source.row(latitude), source.column(longitude)])
        good = good and found == is_land
        places.add_row(place, str(latitude), str(longitude), "land" if found else "water", verdict(found == is_land))
    console.print(places, "")
    return good


def verdict(good: bool) -> str:
    return "[green]yes[/]" if good else "[bold red]NO[/]"


def run(source: Source, output: Path, console: Console) -> bool:
    """The whole demo. Returns whether every check passed."""
    store = output / "land.zarr"
    console.print(f"[bold]zarr {zarr.__version__}[/]: the land of the Earth")
    console.print(f"from {source.path}\nto   {store}\n", soft_wrap=True, highlight=False)
    root = create(store, source)
    asked = questions(source)
    written, digests = write(root["land"], source, asked, console)

    land = zarr.open_array(store / "land", mode="r")
    read, whole = compare_whole(land, digests, console)
    console.print()
    report_storage(console, land, store, {"writing": written, "reading": read})
    answered = report_answers(console, land, asked)
    placed = report_places(console, land, source)

    draw_overview(output / "world.png", asked[-1].ask(land))
    draw_window(output / "british-isles.png", asked[0].ask(land))
    console.print(f"Drawn: {output / 'world.png'}, {output / 'british-isles.png'}\n", soft_wrap=True)

    reopened = zarr.open_group(store, mode="r")
    coordinates = all(np.array_equal(reopened[name][:], getattr(source, name)) for name in ("lat", "lon"))
    checks = {
        "every cell reads back as it was written": whole,
        "every selection reads back as in the source": answered,
        "coordinates read back as in the source": coordinates,
        "land and sea are where they belong": placed,
        f"TensorStore {version('tensorstore')} reads the same": compare_tensorstore(store, asked[0]),
    }
    for text, good in checks.items():
        console.print(f"{verdict(good)}  {text}")
    return all(checks.values())


def packaged_mask() -> Path:
    """The data file of the package, found without importing it: the import would load the whole map."""
    spec = importlib.util.find_spec("global_land_mask")
    if spec is None or spec.origin is None:
        sys.exit("The demo needs the package global-land-mask: run `make demo`, or pip install global-land-mask.")
    return Path(spec.origin).with_name("globe_combined_mask_compressed.npz")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write, read, check and draw the land of the Earth.")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="directory (default: %(default)s)")
    parser.add_argument("--source", type=Path, help="another .npz file with mask, lat and lon")
    options = parser.parse_args(arguments)
    path = options.source or packaged_mask()
    if not path.is_file():
        parser.error(f"there is no file {path}; install the package global-land-mask, or name a file with --source")
    console = Console()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        good = run(Source(path), options.output, console)
    except KeyboardInterrupt:
        console.print("\nInterrupted. What is stored so far is a valid array; the next run begins again.")
        return 130
    except OSError as exc:  # no space, no permission, a file where the directory should be
        sys.exit(f"The demo cannot go on: {exc}. Another directory can be named with --output.")
    console.print("\nAll checks passed." if good else "\n[bold red]Some checks failed.[/]")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
