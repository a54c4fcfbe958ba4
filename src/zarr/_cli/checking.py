"""Commands that check: verify, repair, diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from zarr._checks.diff import diff as library_diff
from zarr._checks.differences import Comparison, Difference
from zarr._checks.findings import KINDS, Finding, Verification, counted
from zarr._checks.verify import verify as library_verify
from zarr._cli.application import command, opening
from zarr._cli.arguments import DryRun, Json, Place
from zarr._cli.exits import Exit
from zarr._cli.output import nbytes_text, note, progress, say

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
Most = Annotated[int, typer.Option("--most", min=0, help="How many are shown for people at most.")]


@command(
    "verify",
    "zarr verify data.zarr",
    "zarr verify data.zarr --subset 3/10",
    "zarr verify s3://bucket/data.zarr --subset 2GB --json",
)
def verify(
    place: Place,
    subset: Annotated[
        str | None,
        typer.Option(
            help="Read a part of the objects: '3/10' (always the same), '5%' or '2GB' (at random).", show_default=False
        ),
    ] = None,
    most: Most = 20,
    as_json: Json = False,
) -> None:
    """Check that what is stored is whole and all there: metadata, objects, checksums, orphans. Exit code 2 if it is not.

    Nothing is changed; `zarr repair` mends what it can.
    """
    with opening() as places, progress("objects") as step:
        found = library_verify(places.at(place), subset, progress=step)
        if found.ok and not (found.n_groups or found.censuses):
            places.node(place)  # which says what is there instead
    say(as_json, found.to_dict(), _verification_lines(found, most))
    if not found.ok:
        raise typer.Exit(Exit.FOUND)


@command("repair", "zarr repair data.zarr --dry-run", "zarr repair data.zarr", changes=True)
def repair(place: Place, dry_run: DryRun = False, most: Most = 20, as_json: Json = False) -> None:
    """Mend what can be mended without losing anything. What is damaged is put aside, and not deleted.

    Exit code 2 if errors or warnings are left about which nothing was done.
    """
    with opening() as places, progress("objects") as step:
        found = library_verify(places.at(place, "r" if dry_run else "r+"), repair=not dry_run, progress=step)
    left = [each for each in found.remaining if not (dry_run and each.is_repairable)]
    data = {**found.to_dict(), "dry_run": dry_run, "n_remaining": len(left)}
    say(as_json, data, _repair_lines(found, left, most, dry_run=dry_run))
    if left:
        raise typer.Exit(Exit.FOUND)


def _verification_lines(found: Verification, most: int) -> Iterator[Text]:
    yield Text.assemble(("ok", "bold green") if found.ok else ("not ok", "bold red"), f": {found.place}")
    censuses = found.censuses.values()
    n_stored, n_objects = sum(each.n_stored for each in censuses), sum(each.n_objects for each in censuses)
    n_checked, nbytes = sum(each.n_checked for each in censuses), sum(each.nbytes_checked for each in censuses)
    part = "" if found.subset is None else f" of {found.subset}"
    yield Text(
        f"  {counted(found.n_groups, 'group')}, {counted(len(found.censuses), 'array')}, {n_stored:,} of "
        f"{n_objects:,} object{'' if n_objects == 1 else 's'} stored, {n_checked:,} read{part} ({nbytes_text(nbytes)})",
        "dim",
    )
    yield from _finding_lines(found.findings, most)


def _finding_lines(findings: tuple[Finding, ...] | list[Finding], most: int) -> Iterator[Text]:
    shown = findings[:most]
    width = max((len(each.severity) for each in shown), default=0)
    for each in shown:
        where = each.key or "/" + each.path
        inner = "" if each.inner is None else f" inner chunk {each.inner}"
        yield Text.assemble(
            "  ",
            (each.severity.ljust(width), _STYLES[each.severity]),
            "  ",
            (each.kind, "bold"),
            f"  {where}{inner}: {each.what}",
        )
    if len(findings) > most:
        yield Text(f"  and {len(findings) - most:,} more (--most, --json)", "dim")
    for kind in dict.fromkeys(each.kind for each in findings if each.severity != "note"):
        advice = KINDS[kind].advice.replace("repair=True", "`zarr repair`")
        yield Text.assemble("  ", (f"{kind}: ", "cyan"), advice)


def _repair_lines(found: Verification, left: list[Finding], most: int, *, dry_run: bool) -> Iterator[Text]:
    if dry_run:
        note("This was a dry run: nothing was changed.")
        wanted = [each for each in found.remaining if each.is_repairable]
        yield Text(f"{counted(len(wanted), 'finding')} would be repaired: {found.place}", "bold")
        for each in wanted[:most]:
            yield Text(f"  {each}")
    else:
        yield Text(f"{counted(len(found.repairs), 'repair')}: {found.place}", "bold")
        for done in found.repairs[:most]:
            yield Text.assemble("  ", ("repaired", "green"), f" {done.key or '/' + done.path}: {done.what}")
            if done.quarantine:
                yield Text(f"    what was there is kept under {done.quarantine}", "dim")
    if left:
        yield Text(f"{counted(len(left), 'finding')} left:", "bold")
        yield from _finding_lines(left, most)


@command(
    "diff",
    "zarr diff a.zarr b.zarr",
    "zarr diff a.zarr/t b.zarr/t --atol 1e-6",
    "zarr diff a.zarr s3://bucket/a.zarr --data",
    changes=False,
)
def diff(
    left: Place,
    right: Place,
    rtol: Annotated[float, typer.Option(min=0, help="How far numbers may be apart, relative to the right one.")] = 0.0,
    atol: Annotated[float, typer.Option(min=0, help="How far numbers may be apart.")] = 0.0,
    nan_differs: Annotated[bool, typer.Option("--nan-differs", help="NaN is not equal to NaN.")] = False,
    data_only: Annotated[
        bool, typer.Option("--data", help="Leave out format, chunks, shards and codecs: are the data the same?")
    ] = False,
    metadata_only: Annotated[bool, typer.Option("--metadata", help="Leave out the elements.")] = False,
    most: Annotated[int, typer.Option(min=0, help="How many elements that differ are listed of each array.")] = 5,
    as_json: Json = False,
) -> None:
    """Compare two arrays, or two groups with all that is below them: metadata and elements. Exit code 2 if they differ."""
    with opening() as places, progress("elements") as step:
        found = library_diff(
            places.at(left),
            places.at(right),
            rtol=rtol,
            atol=atol,
            equal_nan=not nan_differs,
            layout=not data_only,
            values=not metadata_only,
            most=most,
            progress=step,
        )
    say(as_json, found.to_dict(), _difference_lines(found))
    if found:
        raise typer.Exit(Exit.FOUND)


def _difference_lines(found: Comparison) -> Iterator[Text]:
    n = len(found.differences)
    head: Any = (counted(n, "difference"), "bold red") if n else ("equal", "bold green")
    yield Text.assemble(head, f": {found.left} and {found.right}")
    yield Text(f"  {counted(found.n_nodes, 'node')}, {found.n_elements:,} elements compared", "dim")
    for each in found.differences:
        yield from _one_difference(each)


def _one_difference(each: Difference) -> Iterator[Text]:
    where = Text.assemble("  ", (f"/{each.path}", "bold"), "  ", (each.what, "cyan"))
    if each.what in ("only-left", "only-right"):
        yield where
        return
    if each.what != "values":
        yield where.append("  ").append(_short(each.left), "red").append(" → ").append(_short(each.right), "green")
        return
    largest = "" if each.largest is None else f", by {each.largest:.6g} at most"
    yield where.append(f"  {each.left:,} of {each.right:,} differ{largest}")
    for one in each.first:
        at = ", ".join(map(str, one.coords))
        yield Text.assemble(f"    [{at}]  ", (str(one.left), "red"), " → ", (str(one.right), "green"))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
