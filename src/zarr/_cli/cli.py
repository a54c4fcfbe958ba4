"""The commands of `zarr`, and how their results and errors are shown. What they do is in the library."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import typer

from zarr._compat.sync import sync
from zarr.metadata import migrate_v3

Names: TypeAlias = dict[str, list[str]]
HELP: Names = {"help_option_names": ["--help", "-h"]}

app = typer.Typer(
    name="zarr",
    help="Tools for stored arrays and groups. `zarr COMMAND --help` tells of each.",
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


class Format(StrEnum):
    """A format, as commands take it."""

    V2 = "v2"
    V3 = "v3"


class NewFormat(StrEnum):
    """A format that can be migrated to."""

    V3 = "v3"


_PLACE = "a directory, a zip file or a URL, as 'data/example.zarr', 'data/example.zip', 's3://bucket/example'"

DryRun: TypeAlias = Annotated[bool, typer.Option(help="Only log what would be done.")]
Place: TypeAlias = Annotated[str, typer.Argument(help=f"Where it is stored: {_PLACE}.", show_default=False)]


@app.callback()
def common(
    verbose: Annotated[
        bool, typer.Option(help="Log each document that is written or removed, and each change.")
    ] = False,
) -> None:
    """Tools for stored arrays and groups. `zarr COMMAND --help` tells of each."""
    logger = logging.getLogger("zarr")
    handler = logging.StreamHandler()  # where errors go: what is printed may be read by a program
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    warnings.showwarning = _show_warning


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    typer.echo(f"{category.__name__}: {message}", err=True)


@app.command("migrate")
def migrate(
    zarr_format: Annotated[NewFormat, typer.Argument(help="The format to migrate to.", show_default=False)],
    input_store: Place,
    output_store: Annotated[
        str | None,
        typer.Argument(
            help=f"Where the new documents go, without any data: {_PLACE}. Beside the old ones if left out.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
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
) -> None:
    """Describe what is stored in format 2 in format 3: a zarr.json for every group and array.

    Chunks stay as and where they are, and so do the documents of format 2 (.zarray, .zgroup, .zattrs). A run that was interrupted
    can be made again.
    """
    del zarr_format  # there is one
    with _shown(dry_run):
        migrate_v3.migrate_v2_to_v3(
            input_store=input_store,
            output_store=output_store,
            dry_run=dry_run,
            overwrite=overwrite,
            force=force,
            remove_v2_metadata=remove_v2_metadata,
            into_empty=not overwrite,
        )


@app.command("remove-metadata")
def remove_metadata(
    zarr_format: Annotated[Format, typer.Argument(help="The format whose documents go.", show_default=False)],
    store: Place,
    force: Annotated[
        bool, typer.Option(help="Also remove documents without which nothing describes what is stored.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Remove all documents of one format: .zarray, .zgroup, .zattrs and .zmetadata, or zarr.json.

    Those of every group and array go, if there are documents of the other format beside them.
    """
    number: Literal[2, 3] = 2 if zarr_format is Format.V2 else 3
    with _shown(dry_run):
        sync(migrate_v3.remove_metadata(store, number, force=force, dry_run=dry_run))


@contextmanager
def _shown(dry_run: bool) -> Iterator[None]:
    """Errors that users can do something about, as a line and an exit status of 1; and at the end, that it was a dry run."""
    try:
        yield
        if dry_run and not logging.getLogger("zarr").isEnabledFor(logging.INFO):
            typer.echo("This was a dry run: nothing was changed. `zarr --verbose` lists what would be done.", err=True)
    except (ValueError, OSError, ImportError, TypeError, NotImplementedError) as exc:
        typer.echo(f"{type(exc).__name__}: {exc}", err=True)
        raise typer.Exit(1) from exc
