"""The command that gives an array other chunks: rechunk."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from zarr._checks.codec_comparison import parse_codecs
from zarr._cli.application import command, opening
from zarr._cli.arguments import DryRun, Json, Overwrite, Place, parse_shape
from zarr._cli.facts import array_data, array_lines
from zarr._cli.output import note, progress, say
from zarr._cli.places import Opened
from zarr._faces.rechunk import rechunk as library_rechunk
from zarr._store.path import StorePath
from zarr.api.synchronous import from_array
from zarr.errors import ArgumentError, ContainsArrayError


@command(
    "rechunk",
    "zarr rechunk data.zarr/days data.zarr/places --chunks 365,10,10",
    "zarr rechunk data.zarr/days new.zarr --chunks 10,100,100 --shards 100,1000,1000 --codec 'zstd(level=5)'",
    "zarr rechunk data.zarr/days s3://bucket/places.zarr --chunks 365,10,10 --max-memory 1GB",
    changes=True,
)
def rechunk(
    source: Place,
    target: Place,
    chunks: Annotated[
        str | None, typer.Option(help="Shape of the chunks, as '100,10,10'; as in the source if left out.")
    ] = None,
    shards: Annotated[
        str | None, typer.Option(help="Shape of the shards, or 'none'; as in the source if left out.")
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            help="Compressors, as 'zstd(level=5)', 'none', or several with + between them; as in the source if left out."
        ),
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(help="How much memory it may take, as '1GB'; 256 MiB if left out.")
    ] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Copy an array into other chunks, shards or compressors, in little memory.

    If it is interrupted, make the same call again: it goes on with what is missing.
    """
    options: dict[str, Any] = {}
    if chunks is not None:
        options["chunks"] = parse_shape(chunks, "chunks")
    if shards is not None:
        options["shards"] = None if shards == "none" else parse_shape(shards, "shards")
    if codec is not None:
        options["compressors"] = parse_codecs(codec) or None
    if not options:
        raise ArgumentError(
            "say what is to be different: --chunks, --shards or --codec; `zarr cp` copies without a change"
        )
    with opening() as places:
        array = places.array(source)
        at = _target(places, target, dry_run=dry_run)
        if dry_run:
            if places.has_node(target) and not overwrite:
                raise ContainsArrayError(
                    f"there is a node at {str(at)!r} already; --overwrite replaces it and all that is below it"
                )
            made = from_array({}, data=array, write_data=False, **options)
            note("This was a dry run: nothing was changed.")
        else:
            with progress("bytes") as step:
                made = library_rechunk(array, at, max_memory=max_memory, progress=step, overwrite=overwrite, **options)
        data = {"source": str(array.store_path), "place": str(at), **array_data(made), "dry_run": dry_run}
        data |= {"store": type(at.store).__name__, "path": at.path}
        heading = f"{'would be ' if dry_run else ''}made: {array.store_path} → {at}"
        say(as_json, data, [Text(heading, "bold"), *array_lines(data)])


def _target(places: Opened, text: str, *, dry_run: bool) -> StorePath:
    """Where the new array goes: below the group above it, so that groups between the two are made."""
    above = places.parent(text, "r" if dry_run else "r+")
    if above is None:
        return places.at(text, "r" if dry_run else "a")
    group, name = above
    return group.store_path / name
