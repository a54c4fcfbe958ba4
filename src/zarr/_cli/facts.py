"""What nodes are, as data that JSON can say, and as lines for people. Nothing here looks into a store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from zarr._checks.findings import counted
from zarr._cli.output import facts, nbytes_text, table, times_text
from zarr._faces.array import Array
from zarr._faces.described import chunk_shapes, chunks_text, codecs_of, shape_text
from zarr._faces.group import Group
from zarr._flow.node import UnreadableNode

_MOST_ATTRIBUTE = 100


def array_data(array: Array) -> dict[str, Any]:
    """An array."""
    chunks, shards = chunk_shapes(array)
    return {
        "type": "array",
        "path": array.path,
        "zarr_format": array.metadata.zarr_format,
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "dimension_names": getattr(array.metadata, "dimension_names", None),
        "chunks": chunks,
        "shards": shards,
        "fill_value": array.fill_value,
        "codecs": codecs_of(array),
        "n_chunks": array.nchunks,
        "n_objects": array._nshards,
        "nbytes": array.nbytes,
        "read_only": array.read_only,
        "store": type(array.store).__name__,
        "attributes": dict(array.attrs),
    }


def array_lines(data: Mapping[str, Any]) -> Iterator[Text]:
    """An array, for people."""
    names = data["dimension_names"]
    rows: list[tuple[str, object]] = [
        ("Type", "array"),
        ("Format", data["zarr_format"]),
        ("Shape", shape_text(data["shape"])),
        ("Data type", data["dtype"]),
    ]
    if names and any(names):
        rows.append(("Dimensions", ", ".join(name or "-" for name in names)))
    rows.append(("Chunks", f"{chunks_text(data['chunks'])}, {data['n_chunks']:,} of them"))
    if data["shards"] is not None:
        rows.append(("Shards", f"{chunks_text(data['shards'])}, {data['n_objects']:,} of them"))
    rows += [
        ("Codecs", " → ".join(data["codecs"])),
        ("Fill value", data["fill_value"]),
        ("Size", f"{nbytes_text(data['nbytes'])} in memory"),
    ]
    if "nbytes_stored" in data:
        stored = data["nbytes_stored"]
        ratio = f", {times_text(data['nbytes'] / stored)} smaller" if stored else ""
        rows.append(("Stored", f"{nbytes_text(stored)}{ratio}, {data['n_stored']:,} of {data['n_objects']:,} objects"))
    rows.append(("Store", data["store"] + (", read-only" if data["read_only"] else "")))
    yield from facts(rows)
    yield from _attribute_lines(data["attributes"])


def group_data(group: Group, members: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A group, with its members, which somebody has listed."""
    return {
        "type": "group",
        "path": group.path,
        "zarr_format": group.metadata.zarr_format,
        "consolidated": group.metadata.consolidated_metadata is not None,
        "read_only": group.read_only,
        "store": type(group.store).__name__,
        "attributes": dict(group.attrs),
        "members": [member_data(name, node) for name, node in members],
    }


def member_data(path: str, node: Any) -> dict[str, Any]:
    """A member of a group, in a list."""
    if isinstance(node._node, UnreadableNode):
        return {"path": path, "type": "unsupported", "reason": str(node._node.unreadable.reason)}
    if not isinstance(node, Array):
        return {"path": path, "type": "group"}
    chunks, shards = chunk_shapes(node)
    return {
        "path": path,
        "type": "array",
        "shape": list(node.shape),
        "dtype": str(node.dtype),
        "chunks": chunks,
        "shards": shards,
        "nbytes": node.nbytes,
    }


def group_lines(data: Mapping[str, Any]) -> Iterator[Text]:
    """A group, for people."""
    members = data["members"]
    n_arrays, n_groups = (sum(each["type"] == kind for each in members) for kind in ("array", "group"))
    unsupported = f", {len(members) - n_arrays - n_groups} unsupported" if len(members) > n_arrays + n_groups else ""
    consolidated = ", consolidated" if data["consolidated"] else ""
    yield from facts(
        [
            ("Type", "group"),
            ("Format", f"{data['zarr_format']}{consolidated}"),
            ("Members", f"{counted(n_arrays, 'array')}, {counted(n_groups, 'group')}{unsupported}"),
            ("Store", data["store"] + (", read-only" if data["read_only"] else "")),
        ]
    )
    yield from _attribute_lines(data["attributes"])
    if members:
        yield Text()
        yield from member_lines(members)


def member_lines(members: Iterable[Mapping[str, Any]]) -> list[Text]:
    """Members in columns."""
    rows = [
        (
            each["path"] + ("/" if each["type"] == "group" else ""),
            shape_text(each["shape"])
            if "shape" in each
            else ": ".join(filter(None, (each["type"], each.get("reason")))),
            str(each.get("dtype", "")),
            f"chunks {chunks_text(each['chunks'])}" if "chunks" in each else "",
            f"shards {chunks_text(each['shards'])}" if each.get("shards") else "",
            nbytes_text(each["nbytes"]) if "nbytes" in each else "",
        )
        for each in members
    ]
    used = [number for number in range(6) if any(row[number] for row in rows)]
    styles = ("bold", "green", "magenta", "", "", "dim")
    return table([tuple(row[number] for number in used) for row in rows], tuple(styles[number] for number in used))


def _attribute_lines(attributes: Mapping[str, Any]) -> Iterator[Text]:
    if not attributes:
        return
    yield Text()
    rows = []
    for name, value in attributes.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        text = " ".join(text.split())
        rows.append((name, text if len(text) <= _MOST_ATTRIBUTE else text[: _MOST_ATTRIBUTE - 1] + "…"))
    yield from table(rows, ("yellow",))


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent.

    >>> share(1, 3), share(0, 0)
    ('33%', '-')
    """
    return f"{part / whole:.0%}" if whole else "-"
