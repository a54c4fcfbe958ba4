"""What nodes are, as data that JSON can say, and as lines for people. Nothing here looks into a store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from zarr._checks.findings import counted
from zarr._cli.output import facts, nbytes_text, table, times_text
from zarr._faces.array import Array
from zarr._faces.group import Group

_MOST_ATTRIBUTE = 100


def codec_text(codec: Any) -> str:
    """A codec in words, of whichever kind: `zstd(level=3)`.

    >>> codec_text({"name": "zstd", "configuration": {"level": 3}})
    'zstd(level=3)'
    """
    if hasattr(codec, "to_dict"):
        codec = codec.to_dict()
    elif hasattr(codec, "get_config"):
        codec = codec.get_config()
    if not isinstance(codec, Mapping):
        return str(codec)
    found = dict(codec)
    name = found.pop("name", None) or found.pop("id", "?")
    settings = found.get("configuration", {} if "configuration" in codec else found) or {}
    inner = ", ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"
        for key, value in settings.items()
    )
    return f"{name}({inner})" if inner else str(name)


def codecs_of(array: Array) -> list[str]:
    """The codecs of a chunk, in the order in which they encode."""
    serializer = () if array.serializer is None else (array.serializer,)
    return [codec_text(codec) for codec in (*array.filters, *serializer, *array.compressors)]


def array_data(array: Array) -> dict[str, Any]:
    """An array."""
    chunks, shards = _shape_of_chunks(array)
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


def _shape_of_chunks(array: Array) -> tuple[Any, Any]:
    """Shapes of chunks and of shards; lengths along each dimension where they differ."""
    try:
        return list(array.chunks), None if array.shards is None else list(array.shards)
    except NotImplementedError:
        sharded = array.metadata.is_sharded
        inner, outer = ([list(each) for each in sizes] for sizes in (array.read_chunk_sizes, array.write_chunk_sizes))
        return inner, outer if sharded else None


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
    rows.append(("Chunks", f"{_chunk_text(data['chunks'])}, {data['n_chunks']:,} of them"))
    if data["shards"] is not None:
        rows.append(("Shards", f"{_chunk_text(data['shards'])}, {data['n_objects']:,} of them"))
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
    if not isinstance(node, Array):
        return {"path": path, "type": "group"}
    chunks, shards = _shape_of_chunks(node)
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
    n_arrays = sum(each["type"] == "array" for each in members)
    consolidated = ", consolidated" if data["consolidated"] else ""
    yield from facts(
        [
            ("Type", "group"),
            ("Format", f"{data['zarr_format']}{consolidated}"),
            ("Members", f"{counted(n_arrays, 'array')}, {counted(len(members) - n_arrays, 'group')}"),
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
            shape_text(each["shape"]) if "shape" in each else each["type"],
            str(each.get("dtype", "")),
            f"chunks {_chunk_text(each['chunks'])}" if "chunks" in each else "",
            f"shards {_chunk_text(each['shards'])}" if each.get("shards") else "",
            nbytes_text(each["nbytes"]) if "nbytes" in each else "",
        )
        for each in members
    ]
    used = [number for number in range(6) if any(row[number] for row in rows)]
    styles = ("bold", "green", "magenta", "", "", "dim")
    return table([tuple(row[number] for number in used) for row in rows], tuple(styles[number] for number in used))


def shape_text(shape: Iterable[int]) -> str:
    """A shape for people.

    >>> shape_text((365, 1800)), shape_text(())
    ('365 × 1800', 'scalar')
    """
    return " × ".join(map(str, shape)) or "scalar"


def _chunk_text(chunks: Any) -> str:
    if any(isinstance(each, list) for each in chunks):
        return " × ".join(_runs(each) for each in chunks)
    return shape_text(chunks)


def _runs(lengths: list[int]) -> str:
    if len(set(lengths[:-1])) <= 1 and (len(lengths) < 2 or lengths[-1] <= lengths[0]):
        return str(lengths[0]) if lengths else "0"
    return f"({', '.join(map(str, lengths[:4]))}{', …' if len(lengths) > 4 else ''})"


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
