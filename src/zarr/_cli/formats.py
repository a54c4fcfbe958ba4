"""Commands that change documents and leave chunks as they are: migrate, remove-metadata, consolidate.

The first two are zarr-python's, and behave as they do there, exit codes included.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

import typer

from zarr._checks.findings import counted
from zarr._cli.application import command, opening
from zarr._cli.arguments import DryRun, Json, Place
from zarr._cli.output import note, say
from zarr._compat.sync import sync
from zarr.api.synchronous import consolidate_metadata
from zarr.metadata import migrate_v3


class Format(StrEnum):
    """A format, as commands take it."""

    V2 = "v2"
    V3 = "v3"


class NewFormat(StrEnum):
    """A format that can be migrated to."""

    V3 = "v3"


_PLACE = "a directory, a zip file or a URL, as 'data/example.zarr', 'data/example.zip', 's3://bucket/example'"

Stored: TypeAlias = Annotated[str, typer.Argument(help=f"Where it is stored: {_PLACE}.", show_default=False)]
OnlyLog: TypeAlias = Annotated[bool, typer.Option(help="Only log what would be done.")]


@command(
    "migrate",
    "zarr migrate v3 old.zarr --dry-run",
    "zarr --verbose migrate v3 old.zarr",
    "zarr migrate v3 old.zarr --remove-v2-metadata",
    changes=True,
)
def migrate(
    zarr_format: Annotated[NewFormat, typer.Argument(help="The format to migrate to.", show_default=False)],
    input_store: Stored,
    output_store: Annotated[
        str | None,
        typer.Argument(
            help=f"Where the new documents go, without any data: {_PLACE}. Beside the old ones if left out.",
            show_default=False,
        ),
    ] = None,
    dry_run: OnlyLog = False,
    overwrite: Annotated[
        bool, typer.Option(help="Put the new documents in the place of all that are there in the new format.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(help="With --overwrite: also where there are no valid documents of the old format in the place."),
    ] = False,
    remove_v2_metadata: Annotated[
        bool, typer.Option(help="Remove the documents of the old format from the place, when all is done.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Describe what is stored in format 2 in format 3: a zarr.json for every group and array.

    Chunks stay as and where they are, and so do the documents of format 2 (.zarray, .zgroup, .zattrs). A run that was interrupted
    can be made again.
    """
    del zarr_format  # there is one
    with _shown(input_store, dry_run, as_json):
        migrate_v3.migrate_v2_to_v3(
            input_store=input_store,
            output_store=output_store,
            dry_run=dry_run,
            overwrite=overwrite,
            force=force,
            remove_v2_metadata=remove_v2_metadata,
            into_empty=not overwrite,
        )


@command(
    "remove-metadata", "zarr remove-metadata v2 data.zarr --dry-run", "zarr remove-metadata v2 data.zarr", changes=True
)
def remove_metadata(
    zarr_format: Annotated[Format, typer.Argument(help="The format whose documents go.", show_default=False)],
    store: Stored,
    force: Annotated[
        bool, typer.Option(help="Also remove documents without which nothing describes what is stored.")
    ] = False,
    dry_run: OnlyLog = False,
    as_json: Json = False,
) -> None:
    """Remove all documents of one format: .zarray, .zgroup, .zattrs and .zmetadata, or zarr.json.

    Those of every group and array go, if there are documents of the other format beside them.
    """
    number: Literal[2, 3] = 2 if zarr_format is Format.V2 else 3
    with _shown(store, dry_run, as_json):
        sync(migrate_v3.remove_metadata(store, number, force=force, dry_run=dry_run))


@contextmanager
def _shown(place: str, dry_run: bool, as_json: bool) -> Iterator[None]:
    """Errors that users can do something about, as a line and an exit status of 1; and at the end, that it was a dry run."""
    logger = logging.getLogger("zarr")
    said: list[str] = []
    level = logger.level
    if as_json:
        handler = logging.Handler()
        handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)
        for other in logger.handlers:
            other.setLevel(max(level, other.level))
        handler.setLevel(logging.INFO)
        logger.setLevel(logging.INFO)
    try:
        yield
    except (ValueError, OSError, ImportError, TypeError, NotImplementedError) as exc:
        note(f"{type(exc).__name__}: {exc}")
        raise typer.Exit(1) from exc
    finally:
        logger.setLevel(level)
    if as_json:
        say(True, {"place": place, "dry_run": dry_run, "log": said}, ())
    elif dry_run and not logger.isEnabledFor(logging.INFO):
        note("This was a dry run: nothing was changed. `zarr --verbose` lists what would be done.")


@command("consolidate", "zarr consolidate data.zarr", "zarr consolidate data.zarr --dry-run", changes=True)
def consolidate(place: Place, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Store in a group the metadata of all that is below it, so that opening it takes one read.

    What there was of that is made anew. It is a copy: whoever changes nodes without it has to do this again.
    """
    with opening() as places:
        at = places.group(place, "r" if dry_run else "r+").store_path
        group = places.group(place, "r") if dry_run else consolidate_metadata(at.store, path=at.path)
        n_nodes = group.nmembers(max_depth=None)
        data: dict[str, Any] = {"place": str(at), "n_nodes": n_nodes, "dry_run": dry_run}
        if dry_run:
            note("This was a dry run: nothing was changed.")
        done = "would be consolidated" if dry_run else "consolidated"
        say(as_json, data, [f"{done}: {counted(n_nodes, 'node')} below {at}"])
