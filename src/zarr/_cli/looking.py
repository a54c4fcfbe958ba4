"""Commands that look, and change nothing: info, tree, ls, head, stat, explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

from zarr._checks.differences import as_json
from zarr._checks.findings import counted
from zarr._checks.stat import stat as library_stat
from zarr._cli.application import command, opening
from zarr._cli.arguments import Json, Place, Selection, parse_selection
from zarr._cli.facts import (
    array_data,
    array_lines,
    group_data,
    group_lines,
    member_data,
    member_lines,
    share,
)
from zarr._cli.output import facts, nbytes_text, progress, say, table, times_text
from zarr._faces.array import Array
from zarr._faces.described import shape_text

_MOST_SHOWN = 1000
"""So many elements are printed for people without a summary."""


@command(
    "info",
    "zarr info data.zarr",
    "zarr data.zarr/temperature",
    "zarr info s3://bucket/data.zarr --json",
    "zarr info data.zarr/a --stored",
)
def info(
    place: Place,
    stored: Annotated[
        bool, typer.Option("--stored", help="Count, too, what is stored of an array, which lists its objects.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell what an array or a group is: shape, chunks, codecs, attributes, members. `zarr PATH` alone does the same."""
    with opening() as places:
        node = places.node(place)
        data: dict[str, Any] = {"place": str(node.store_path)}
        if isinstance(node, Array):
            data |= array_data(node)
            if stored:
                found = node.info_complete()
                data |= {"n_stored": found.n_stored, "nbytes_stored": found.nbytes_stored}
        else:
            data |= group_data(node, node.members())
        lines = array_lines(data) if data["type"] == "array" else group_lines(data)
        say(as_json, data, _headed(data["place"], lines))


@command("tree", "zarr tree data.zarr", "zarr tree data.zarr --depth 1", "zarr tree data.zarr --json")
def tree(
    place: Place,
    depth: Annotated[int | None, typer.Option(min=1, help="How many levels are shown.", show_default=False)] = None,
    most: Annotated[int, typer.Option(min=0, help="How many nodes are shown for people at most.")] = 500,
    as_json: Json = False,
) -> None:
    """Draw all that is below a group: names, shapes, data types."""
    with opening() as places:
        group = places.group(place)
        if as_json:
            members = group.members(max_depth=None if depth is None else depth - 1)
            say(True, {"place": str(group.store_path), "nodes": [member_data(*each) for each in members]}, ())
            return
        drawn = str(group.tree(level=None if depth is None else depth - 1, max_nodes=most, plain=True)).splitlines()
        drawn.remove(f"/{group.path}")
        say(False, {}, _headed(str(group.store_path), map(_tree_line, drawn)))


def _tree_line(line: str) -> Text:
    """A line of a drawing, with the name of the node in bold."""
    text = Text(line)
    at = max(line.rfind("── ") + 3, 0) if "── " in line else 0
    end = line.find(" (", at)
    text.stylize("dim", 0, at)
    text.stylize("bold" if end >= 0 else "bold blue", at, end if end >= 0 else len(line))
    if end >= 0:
        text.stylize("green", end)
    return text


@command("ls", "zarr ls data.zarr", "zarr ls -l data.zarr", "zarr ls --recursive data.zip/a")
def ls(
    place: Place,
    long: Annotated[bool, typer.Option("--long", "-l", help="With shapes, data types and chunks.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="All that is below, by paths.")] = False,
    as_json: Json = False,
) -> None:
    """List the members of a group, one in a line. Groups end in a slash."""
    with opening() as places:
        node = places.node(place)
        if isinstance(node, Array):
            members = [member_data(node.basename or place, node)]
        else:
            listed = node.members(max_depth=None if recursive else 0)
            members = sorted((member_data(*each) for each in listed), key=lambda each: each["path"])
        names = [each["path"] + ("/" if each["type"] == "group" else "") for each in members]
        lines = (member_lines(members) if members else []) if long else names
        say(as_json, {"place": str(node.store_path), "members": members}, lines)


@command(
    "head",
    "zarr head data.zarr/temperature",
    "zarr head data.zarr/temperature '0:3, ::100'",
    "zarr head data.zarr/a '[-1]' --json",
)
def head(
    place: Place,
    selection: Selection = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Without a selection: how many along each dimension.")] = 6,
    as_json: Json = False,
) -> None:
    """Print the first elements of an array, or those of a selection. Only these are read."""
    with opening() as places:
        array = places.array(place)
        wanted = tuple(slice(n) for _ in array.shape) if selection is None else parse_selection(selection)
        view = array.lazy[wanted]
        values = np.asarray(view.read())
        data = {
            "place": str(array.store_path),
            "shape": list(view.shape),
            "dtype": str(array.dtype),
            "values": as_json_values(values),
        }
        heading = Text(f"{shape_text(view.shape)} of {shape_text(array.shape)}, {array.dtype}", "dim")
        say(as_json, data, [heading, np.array2string(values, threshold=_MOST_SHOWN, separator=" ")])


def as_json_values(values: np.ndarray[Any, Any]) -> Any:
    """Elements as nested lists of what JSON can say."""
    return as_json(values.tolist() if values.dtype.kind not in "mM" else values.astype(str).tolist())


@command("stat", "zarr stat data.zarr", "zarr stat data.zarr/temperature --values", "zarr stat data.zarr --json --maps")
def stat(
    place: Place,
    values: Annotated[bool, typer.Option("--values", help="Decode everything: least, greatest and NaN.")] = False,
    maps: Annotated[
        bool, typer.Option("--maps", help="With --json: which chunks are stored, and the values of each.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Count and measure what is stored: objects, chunks, sizes, and what each codec saves."""
    with opening() as places, progress("objects") as step:
        found = library_stat(places.at(place), values=values, progress=step)
    data = found.to_dict()
    for path, each in data["arrays"].items():
        each["values"] = _summary(found.arrays[path].values) if not maps else each["values"]
        if not maps:
            del each["object_map"], each["chunk_map"]
    say(as_json, data, _headed(found.place, _stat_lines(data)))


def _summary(values: Any) -> dict[str, Any] | None:
    if values is None:
        return None
    least, greatest = values.minimum, values.maximum
    has_numbers = least is not None and least.size > 0
    return {
        "minimum": np.nanmin(least) if has_numbers and _has_any(least) else None,
        "maximum": np.nanmax(greatest) if has_numbers and _has_any(greatest) else None,
        "n_nan": int(values.n_nan.sum()),
    }


def _has_any(found: np.ndarray[Any, Any]) -> bool:
    return bool((found == found).any())  # noqa: PLR0124  # NaN is not


def _stat_lines(data: Mapping[str, Any]) -> Iterator[Text]:
    yield from facts(
        [
            ("Nodes", f"{counted(data['n_groups'], 'group')}, {counted(data['n_arrays'], 'array')}"),
            ("Documents", f"{data['n_metadata']:,}, {nbytes_text(data['nbytes_metadata'])}"),
            ("Objects", f"{data['n_stored']:,}, {nbytes_text(data['nbytes_stored'])}{_smaller(data['ratio'])}"),
            *([("Others", f"{data['n_other']:,}, {nbytes_text(data['nbytes_other'])}")] if data["n_other"] else []),
        ]
    )
    rows = [("array", "objects", "chunks", "stored", "in memory", "ratio", "codecs")]
    for path, each in data["arrays"].items():
        rows.append(
            (
                "/" + path,
                f"{each['n_stored']:,} of {each['n_objects']:,}",
                share(each["n_chunks_stored"], each["n_chunks"]),
                nbytes_text(each["nbytes_stored"]),
                nbytes_text(each["nbytes"]),
                times_text(each["ratio"]),
                ", ".join(f"{stage['codec']} {times_text(stage['ratio'])}" for stage in each["stages"]),
            )
        )
    if len(rows) > 1:
        yield Text()
        heading, *rest = table(rows, ("bold", "", "", "", "", "green", "dim"), right=(1, 2, 3, 4, 5))
        heading.stylize("dim")
        yield heading
        yield from rest
    for path, each in data["arrays"].items():
        summary = each["values"]
        if summary is not None and summary.get("n_nan") is not None and not isinstance(summary["minimum"], list | None):
            yield Text(f"/{path}: {summary['minimum']} to {summary['maximum']}, {summary['n_nan']:,} NaN")


def _smaller(ratio: float | None) -> str:
    return "" if ratio is None else f", {times_text(ratio)} smaller than its chunks in memory"


@command(
    "explain",
    "zarr explain data.zarr/temperature '0:100, 5'",
    "zarr explain data.zarr/temperature ':, 5' --ask",
    "zarr explain data.zarr/a --json",
)
def explain(
    place: Place,
    selection: Selection = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the store for sizes and shard indexes: then the numbers are exact.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell what reading a selection will ask of the store: objects, requests, bytes, memory. Nothing is read."""
    with opening() as places:
        array = places.array(place)
        view = array.lazy[parse_selection(selection)]
        found = view.explain(ask=ask)
        data = {"place": str(array.store_path), **asdict(found)}
        say(as_json, data, _headed(str(array.store_path), _explain_lines(data)))


def _explain_lines(data: Mapping[str, Any]) -> Iterator[Text]:
    absent = f", {data['n_absent']:,} of them not stored" if data["n_absent"] else ""
    yield from facts(
        [
            ("Selected", f"{shape_text(data['shape'])}, {nbytes_text(data['nbytes_used'])}"),
            ("Objects", f"{data['n_objects']:,}{absent}"),
            ("Chunks", f"{data['n_chunks']:,}"),
            ("Requests", f"{data['n_requests']:,}"),
            ("Moved", nbytes_text(data["nbytes_moved"])),
            ("Decoded", nbytes_text(data["nbytes_decoded"])),
            ("Memory", f"{nbytes_text(data['nbytes_memory'])} at most"),
        ]
    )
    used, decoded = data["nbytes_used"], data["nbytes_decoded"]
    if decoded:
        n = round(20 * min(1.0, used / decoded))
        yield Text.assemble(
            ("Used      ", "cyan"),
            ("█" * n, "green"),
            ("░" * (20 - n), "dim"),
            f" {_per_cent(used / decoded)} of what is decoded",
        )
    exact = "yes" if data["is_exact"] else "if all is stored and not compressed; --ask looks"
    yield from facts([("Exact   ", exact)])


def _per_cent(part: float) -> str:
    """A share; small ones too.

    >>> _per_cent(0.5), _per_cent(0.0001)
    ('50%', '0.01%')
    """
    return f"{part:.0%}" if part >= 0.01 or not part else f"{part * 100:.1g}%"


def _headed(place: str, lines: Iterator[Text]) -> Iterator[Text]:
    yield Text(place, "bold")
    yield from lines
