"""Commands that move elements between arrays and files: append, export."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from zarr._cli.application import command, opening
from zarr._cli.arguments import DryRun, Json, Overwrite, Place, Selection, parse_selection
from zarr._cli.exports import FORMATS, OF_GROUPS, SUFFIXES, WRITERS, write_hdf5, write_npz
from zarr._cli.output import nbytes_text, note, progress, say
from zarr._cli.places import Array
from zarr._cli.rows import blocks_to_append, file_rows, is_file
from zarr._faces.described import shape_text
from zarr.errors import ArgumentError


@command(
    "append",
    "zarr append data.zarr/temperature today.npy",
    "zarr append data.zarr/temperature new.zarr/temperature --axis 1",
    "produce-npy | zarr append data.zarr/log -",
    changes=True,
)
def append(
    place: Place,
    source: Annotated[
        str,
        typer.Argument(
            help="The rows: a stored array, a file .npy, .csv or .tsv, or '-' for .npy on standard input.",
            show_default=False,
        ),
    ],
    axis: Annotated[int, typer.Option(min=0, help="The dimension that grows.")] = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write rows behind the end of an array, block by block. What is interrupted leaves complete rows only."""
    with opening() as places:
        array = places.array(place, "r" if dry_run else "r+")
        rows = file_rows(source) if is_file(source) else places.array(source)
        before = array.shape
        if not isinstance(rows, Array) and len(before) == 1 and rows.shape[1:] == (1,):
            rows = rows.reshape(-1)  # a table of one column
        if axis >= len(before):
            raise ArgumentError(f"the array has {len(before)} dimensions, so there is no axis {axis}")
        others = before[:axis] + before[axis + 1 :]
        if rows.ndim != len(before) or rows.shape[:axis] + rows.shape[axis + 1 :] != others:
            raise ArgumentError(
                f"rows of shape {tuple(rows.shape)} do not fit behind an array of shape {before} along axis {axis}: all other "
                "dimensions have to be equal"
            )
        if not dry_run:
            _append(array, rows, axis)
        after = (*before[:axis], before[axis] + rows.shape[axis], *before[axis + 1 :])
        data = {
            "place": str(array.store_path),
            "shape_before": list(before),
            "shape": list(after if dry_run else array.shape),
            "n_appended": rows.shape[axis],
            "dry_run": dry_run,
        }
        if dry_run:
            note("This was a dry run: nothing was changed.")
        verb = "would append" if dry_run else "appended"
        line = f"{verb} {rows.shape[axis]:,} along axis {axis}: {shape_text(before)} → {shape_text(data['shape'])}, {array.store_path}"
        say(as_json, data, [line])


def _append(array: Array, rows: Any, axis: int) -> None:
    done, n = 0, rows.shape[axis]
    with progress("rows") as step, array.appender(axis) as appender:
        for block in blocks_to_append(rows, axis):
            appender.append(block)
            done += block.shape[axis]
            if step is not None:
                step(done, n)


@command(
    "export",
    "zarr export data.zarr/temperature temperature.npy",
    "zarr export data.zarr/temperature day.csv '0, :, :'",
    "zarr export data.zarr all.npz",
    "zarr export data.zarr/a - --format raw | other-program",
)
def export(
    place: Place,
    file: Annotated[str, typer.Argument(help="The file that is made, or '-' for standard output.", show_default=False)],
    selection: Selection = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"One of {', '.join(FORMATS)}; by the name of the file if left out.", show_default=False
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write the elements of an array, or those of a selection, into a file: npy, csv, raw, npz, hdf5.

    npz and hdf5 take all arrays of a group, too. raw is the elements' bytes in C order.
    """
    form = _format(file, to)
    with opening() as places:
        node = places.node(place)
        view = None
        if isinstance(node, Array):
            view = node.lazy[parse_selection(selection)]
        elif form not in OF_GROUPS:
            places.array(place)  # says which arrays there are
        elif selection is not None:
            raise ArgumentError("a selection is of one array, and this is a group")
        if file == "-":
            _export_to_pipe(form, view, as_json=as_json)
            return
        if Path(file).exists() and not overwrite:
            raise FileExistsError(f"there is a file {file!r} already; --overwrite replaces it")
        n = 1
        with _made_whole(Path(file)) as part:
            if form == "npz":
                n = write_npz(node, view, str(part))
            elif form == "hdf5":
                n = write_hdf5(node, view, str(part))
            elif view is not None:
                with part.open("wb") as opened:
                    WRITERS[form](view, opened)
        nbytes = Path(file).stat().st_size
        data: dict[str, Any] = {
            "place": str(node.store_path),
            "file": file,
            "format": form,
            "n_arrays": n,
            "nbytes": nbytes,
        }
        if view is not None:
            data |= {"shape": list(view.shape), "dtype": view.dtype.str if form == "raw" else str(view.dtype)}
        what = f"{n} arrays" if view is None else f"{shape_text(view.shape)} {data['dtype']}"
        say(as_json, data, [f"{file}: {form}, {what}, {nbytes_text(nbytes)}"])


def _format(file: str, given: str | None) -> str:
    """The format by its name, or that of the file."""
    found = SUFFIXES.get(Path(file).suffix.lower()) if given is None else given.lower()
    if found in FORMATS:
        return found
    said = f"{given!r} is no format" if given is not None else f"the name {file!r} tells no format"
    raise ArgumentError(f"{said}; say --format with one of {', '.join(FORMATS)}")


def _export_to_pipe(form: str, view: Any, *, as_json: bool) -> None:
    if form in OF_GROUPS:
        raise ArgumentError(f"{form} needs a file, as it is not written from its beginning to its end")
    if as_json:
        raise ArgumentError("--json and the elements cannot both go to standard output")
    if sys.stdout.isatty() and form != "csv":
        raise ArgumentError(f"{form} is no text, and standard output is a terminal; pass it on, or name a file")
    sys.stdout.flush()
    WRITERS[form](view, sys.stdout.buffer)
    sys.stdout.buffer.flush()


@contextmanager
def _made_whole(path: Path) -> Iterator[Path]:
    """A file beside another one, which takes its place when all is written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
