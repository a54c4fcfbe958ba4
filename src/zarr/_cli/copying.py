"""Commands that copy, move and delete nodes: cp, mv, rm, zip, unzip."""

from __future__ import annotations

import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from zarr._checks.findings import counted
from zarr._cli.application import command, opening
from zarr._cli.arguments import DryRun, Json, Overwrite, Place
from zarr._cli.output import nbytes_text, note, say
from zarr._cli.places import PLACE_OF_ARCHIVE, Array, Group, Opened, is_root_of_file
from zarr._flow.apart import check_apart, check_survives
from zarr._flow.drive import run
from zarr._flow.load import look
from zarr._flow.remove import remove_node
from zarr._flow.requests import Flow, Keys
from zarr._metadata.group import GroupMetadata
from zarr._store.local import LocalStore
from zarr._store.path import StorePath
from zarr._store.zipped.store import ZipStore
from zarr.api.synchronous import consolidate_metadata, copy, copy_all, copy_store, create_group, from_array
from zarr.errors import ArgumentError, ContainsArrayError, ContainsGroupError


class Format(StrEnum):
    """A format, as `cp` takes it."""

    V2 = "v2"
    V3 = "v3"


@command(
    "cp",
    "zarr cp data.zarr s3://bucket/data.zarr",
    "zarr cp data.zarr/a copies.zarr/2026/a --dry-run",
    "zarr cp old.zarr new.zarr --to v3",
    changes=True,
)
def cp(
    source: Place,
    destination: Place,
    to: Annotated[Format | None, typer.Option(help="The format of the copy; that of the source if left out.")] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Copy an array, or a group with all that is below it, to a place where nothing is. Between any two stores.

    Stored bytes are moved as they are, unless the format changes. Groups above the destination are made where they are missing.
    """
    with opening() as places:
        data = _copy(places, source, destination, to, overwrite=overwrite, dry_run=dry_run)
        say(as_json, data, [_done("copied", data)])


def _copy(
    places: Opened, source: str, destination: str, to: Format | None, *, overwrite: bool, dry_run: bool
) -> dict[str, Any]:
    """Copy a node; what was done."""
    node = places.node(source)
    at = places.at(destination, "r" if dry_run else "a")
    run(check_apart(node.store_path, at))
    replaced = _make_room(places, destination, at, node, overwrite=overwrite, dry_run=dry_run)
    zarr_format: Any = None if to is None else int(to.value[1])
    n_nodes = 1 + (node.nmembers(max_depth=None) if isinstance(node, Group) else 0)
    nbytes = None
    if dry_run:
        pass
    elif (above := places.parent(destination, "r+")) is not None:
        group, name = above
        options: Any = {} if zarr_format is None else {"zarr_format": zarr_format}
        nbytes = copy(node, group, name=name, **options)[2]
    elif isinstance(node, Group):
        made = create_group(at, zarr_format=zarr_format or node.metadata.zarr_format)
        nbytes = copy_all(node, made)[2]
        if node.metadata.consolidated_metadata is not None:
            consolidate_metadata(at.store, path=at.path)
    elif zarr_format is None or zarr_format == node.metadata.zarr_format:
        nbytes = copy_store(node.store, at.store, node.path, at.path)[2]
    else:
        nbytes = from_array(at, data=node, zarr_format=zarr_format).nbytes
    return {
        "source": str(node.store_path),
        "destination": str(at),
        "n_nodes": n_nodes,
        "nbytes": nbytes,
        "replaced": replaced,
        "dry_run": dry_run,
    }


def _make_room(
    places: Opened, text: str, at: StorePath, source: Array | Group, *, overwrite: bool, dry_run: bool
) -> bool:
    """See to it that there is nothing at a place; whether there was something. Without leave to overwrite that is an error."""
    if not places.has_node(text):
        return False
    if not overwrite:
        found = places.node(text)
        what, error = ("an array", ContainsArrayError) if isinstance(found, Array) else ("a group", ContainsGroupError)
        below = "" if isinstance(found, Array) else " and all that is below it"
        raise error(f"there is {what} at {str(at)!r} already; --overwrite replaces it{below}")
    run(check_survives(source.store_path, at))
    if not dry_run:
        _remove(places, text, at)
    return True


def _remove(places: Opened, text: str, at: StorePath) -> None:
    """Delete a node, by the group above it if there is one, so that its consolidated metadata are true afterwards."""
    above = places.parent(text, "r+")
    if above is not None:
        del above[0][above[1]]
        return
    run(remove_node(at))
    if isinstance(at.store, LocalStore) and not at.path:
        with suppress(OSError):  # something else is in it
            at.store.root.rmdir()


@command("mv", "zarr mv data.zarr/a data.zarr/b", "zarr mv run.zarr archive.zarr/2026/run --dry-run", changes=True)
def mv(
    source: Place,
    destination: Place,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move an array or a group, with all that is below it, to a place where nothing is.

    Within one group that is one rename in a local directory. Between stores it is copied, and then deleted at its old place.
    """
    with opening() as places:
        node = places.node(source)
        at = places.at(destination, "r" if dry_run else "a")
        run(check_apart(node.store_path, at))
        old, new = places.parent(source, "r" if dry_run else "r+"), places.parent(destination, "r" if dry_run else "r+")
        in_one_store = old is not None and new is not None and old[0].store_path == new[0].store_path
        if in_one_store and not dry_run and old is not None and new is not None:
            replaced = _make_room(places, destination, at, node, overwrite=overwrite, dry_run=dry_run)
            old[0].move(old[1], new[1])
            data = {"source": str(node.store_path), "destination": str(at), "replaced": replaced, "dry_run": False}
        else:
            data = _copy(places, source, destination, None, overwrite=overwrite, dry_run=dry_run)
            if not dry_run:
                _remove(places, source, places.at(source, "r+"))
        say(as_json, data, [_done("moved", data)])


@command(
    "rm", "zarr rm data.zarr/a", "zarr rm data.zarr/a --dry-run", "zarr rm --yes s3://bucket/old.zarr", changes=True
)
def rm(
    place: Place,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete an array, or a group with all that is below it. On a terminal it asks before; elsewhere it needs --yes.

    Files that are not Zarr's stay.
    """
    with opening() as places:
        at = places.at(place)
        metadata = run(look(at))
        if metadata is None:
            places.node(place)  # which says that there is none
        if is_root_of_file(place):
            raise ArgumentError(f"{place!r} is a whole file; delete it as a file, or name what is in it")
        n_nodes = 1 + (places.group(place).nmembers(max_depth=None) if isinstance(metadata, GroupMetadata) else 0)
        n_objects = len(run(_keys(at)))
        data = {"place": str(at), "n_nodes": n_nodes, "n_objects": n_objects, "dry_run": dry_run}
        what = f"{counted(n_nodes, 'node')}, {counted(n_objects, 'object')}, at {at}"
        if not (dry_run or yes):
            if not sys.stdin.isatty():
                raise ArgumentError(f"--yes is needed to delete {what}, as nobody can be asked")
            typer.confirm(f"Delete {what}?", abort=True, err=True)
        if not dry_run:
            _remove(places, place, places.at(place, "r+"))
        say(as_json, data, [f"{'would delete' if dry_run else 'deleted'} {what}"])


@command("zip", "zarr zip data.zarr data.zip", "zarr zip s3://bucket/data.zarr data.ozx --dry-run", changes=True)
def zip_(
    source: Place,
    archive: Annotated[Path, typer.Argument(help="The zip file that is made.", show_default=False)],
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Pack all that is stored of an array or a group into a zip archive, byte for byte.

    The archive is there when it is complete. Chunks are not compressed again.
    """
    if archive.suffix.lower() not in (".zip", ".ozx"):
        raise ArgumentError(f"the name of an archive ends in .zip or .ozx, got {str(archive)!r}")
    is_there = archive.exists()
    if is_there and not overwrite:
        raise FileExistsError(f"there is a file {str(archive)!r} already; --overwrite replaces it")
    with opening() as places:
        node = places.node(source)
        nbytes = None
        if dry_run:
            n_keys = len(run(_keys(node.store_path)))
        else:
            with ZipStore(archive, mode="w" if is_there else "x") as store:
                n_keys, _, nbytes = copy_store(node.store, store, node.path)
        data = _packed(node.store_path, archive, n_keys, nbytes, replaced=is_there, dry_run=dry_run)
        say(as_json, data, [_done("packed", data)])


@command("unzip", "zarr unzip data.zip data.zarr", "zarr unzip zip::s3://bucket/data.zip data.zarr", changes=True)
def unzip(
    archive: Annotated[str, typer.Argument(help=PLACE_OF_ARCHIVE, show_default=False)],
    destination: Place,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Unpack a zip archive, byte for byte, to a place where nothing is."""
    with opening() as places:
        node = places.node(archive)
        if not isinstance(node.store, ZipStore):
            raise ArgumentError(f"{archive!r} is no zip archive; `zarr cp` copies from any store")
        at = places.at(destination, "r" if dry_run else "a")
        replaced = _make_room(places, destination, at, node, overwrite=overwrite, dry_run=dry_run)
        nbytes = None
        if dry_run:
            n_keys = len(run(_keys(node.store_path)))
        else:
            n_keys, _, nbytes = copy_store(node.store, at.store, node.path, at.path)
        data = _packed(node.store_path, at, n_keys, nbytes, replaced=replaced, dry_run=dry_run)
        say(as_json, data, [_done("unpacked", data)])


def _keys(at: StorePath) -> Flow[list[str]]:
    """Keys of all that is stored at a place; none of it is looked at."""
    keys: list[str] = yield Keys(at.store, at.path)
    return keys


def _packed(
    source: StorePath, to: object, n_keys: int, nbytes: int | None, *, replaced: bool, dry_run: bool
) -> dict[str, Any]:
    return {
        "source": str(source),
        "destination": str(to),
        "n_keys": n_keys,
        "nbytes": nbytes,
        "replaced": replaced,
        "dry_run": dry_run,
    }


def _done(verb: str, data: dict[str, Any]) -> str:
    """A line that says what was done, or would be."""
    n = (
        counted(data["n_nodes"], "node")
        if "n_nodes" in data
        else counted(data["n_keys"], "object")
        if "n_keys" in data
        else ""
    )
    nbytes = "" if data.get("nbytes") is None else nbytes_text(data["nbytes"])
    how_much = f" ({', '.join(filter(None, (n, nbytes)))})" if n or nbytes else ""
    replaced = (
        ", replacing what is there"
        if data["replaced"] and data["dry_run"]
        else ", in the place of what was there"
        if data["replaced"]
        else ""
    )
    if data["dry_run"]:
        note("This was a dry run: nothing was changed.")
    return (
        f"{'would be ' if data['dry_run'] else ''}{verb}: {data['source']} → {data['destination']}{how_much}{replaced}"
    )
