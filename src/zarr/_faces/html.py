"""Arrays, groups and views as HTML, for notebooks.

Only what is in memory is shown, and of a group on this machine the metadata of its first members. There are no scripts and no style
sheets, which notebooks that are not trusted leave out; colours are those of the page around, or middle ones that show on light and on
dark. Every text is escaped. Nodes come untyped, as their classes ask for this module. A table with few words comes out as lines when it is copied as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from zarr._faces.chunk_drawing import CHUNK, SELECTED, SHARD, draw_chunks
from zarr._faces.described import chunk_shapes, chunks_text, codecs_of, shape_text
from zarr._faces.info import human_readable_size
from zarr._flow.drive import run
from zarr._flow.load import look
from zarr._flow.node import UnreadableNode
from zarr._flow.paths import below
from zarr._flow.requests import Flow, Names, Together
from zarr._metadata.formats import DOCUMENTS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._selection.model import ArrayAxis, GridSelection, IntAxis
from zarr._store.abstract import is_able
from zarr._store.access import capabilities
from zarr._store.keys import is_key
from zarr.errors import BaseZarrError

if TYPE_CHECKING:
    from zarr._metadata.group import ListedMetadata

_MOST_MEMBERS, _MOST_NAMES = 30, 1000
_MOST_ATTRIBUTE = 300
_MOST_DRAWN = 100_000
_CELL = "text-align:left;padding:1px 10px 1px 0;vertical-align:top;background:none;border:none"

Rows = Iterable[tuple[str, str]]


def array_html(array: Any) -> str | None:
    """An array. None where its document cannot be read, so that the text is shown."""
    if isinstance(array._node, UnreadableNode):
        return None
    chunks, shards = chunk_shapes(array)
    itemsize = array.dtype.itemsize
    names = getattr(array.metadata, "dimension_names", None)
    rows = [("Shape", escape(shape_text(array.shape)) + _named(names))]
    rows.append(("Data type", escape(str(array.dtype))))
    per_chunk = _nbytes(chunks, itemsize)
    rows.append(("Chunks", f"{_swatch(CHUNK)}{chunks_text(chunks)}{per_chunk}, {array.nchunks:,} of them"))
    n_objects = array._nshards
    if shards is not None:
        rows.append(
            ("Shards", f"{_swatch(SHARD)}{chunks_text(shards)}{_nbytes(shards, itemsize)}, {n_objects:,} of them")
        )
    rows += [
        ("Objects", f"{n_objects:,} at most"),
        ("Codecs", escape(" → ".join(codecs_of(array)))),
        ("Fill value", escape(str(array.fill_value))),
        ("Size", f"{human_readable_size(array.nbytes)}B in memory"),
        ("Store", _store(array)),
    ]
    picture = _picture(array)
    return _framed(
        f"{type(array).__name__} {array.store_path}", _table(rows), picture, _attributes(array.metadata.attributes)
    )


def view_html(view: Any) -> str | None:
    """A view, with the box of the array that it selects from."""
    array = view.array
    n_chunks, n_objects = (math.prod(map(len, sizes)) for sizes in (view.read_chunk_sizes, view.write_chunk_sizes))
    rows = [
        ("Shape", escape(shape_text(view.shape))),
        ("Data type", escape(str(view.dtype))),
        ("Selects", f"{_swatch(SELECTED)}{escape(str(view._selected))} of {escape(shape_text(array.shape))}"),
        ("Chunks", f"{_swatch(CHUNK)}{n_chunks:,} of {array.nchunks:,}"),
        ("Objects", f"{n_objects:,} of {array._nshards:,} at most"),
        ("Size", f"{human_readable_size(view.nbytes)}B in memory"),
    ]
    if not isinstance(view._selected.lowered.selection, GridSelection):  # points: nobody has counted what they meet
        rows = [row for row in rows if row[0] not in ("Chunks", "Objects")]
    return _framed(f"{type(view).__name__} {array.store_path}", _table(rows), _picture(array, _box(view)), "")


def group_html(group: Any, *, may_look: bool = False) -> str | None:
    """A group. With `may_look`, the first of its members are looked at where that takes no request to another computer."""
    if isinstance(group._node, UnreadableNode):
        return None
    metadata = group.metadata
    rows = [
        ("Format", f"{metadata.zarr_format}{', consolidated' if metadata.consolidated_metadata else ''}"),
        ("Store", _store(group)),
    ]
    found, n_more = _members(group, may_look=may_look)
    listed = ""
    if found:
        cells = "".join(map(_member, found))
        more = "" if not n_more else f"<div>and {n_more:,} more; tree() shows all</div>"
        listed = f'<table style="border-collapse:collapse;margin:6px 0 0">{cells}</table>{more}'
    elif n_more is None:
        listed = "<div>tree() shows what is in it</div>"
    return _framed(
        f"{type(group).__name__} {group.store_path}", _table(rows) + listed, "", _attributes(metadata.attributes)
    )


# -- members ----------------------------------------------------------------------------------------------------


def _members(group: Any, *, may_look: bool) -> tuple[list[tuple[str, ListedMetadata]], int | None]:
    """The first members, and how many more there are; None if nobody looked."""
    snapshot = group.metadata.consolidated_metadata
    if snapshot is not None:
        paths = list(snapshot.paths(0))
        looked = [(path, snapshot.look(path)) for path in paths[:_MOST_MEMBERS]]
        return [(path, node) for path, node in looked if node is not None], len(paths) - len(looked)
    store = group.store
    if not may_look or capabilities(store).is_remote or not is_able(store.supports_listing):
        return [], None
    try:
        return run(_first_members(group))
    except (BaseZarrError, OSError):  # it is only to be shown
        return [], None


def _first_members(group: Any) -> Flow[tuple[list[tuple[str, ListedMetadata]], int]]:
    names: list[str] = yield Names(group.store, group.path)
    names = sorted(name for name in names if name not in DOCUMENTS and is_key(name))
    some = names[:_MOST_MEMBERS]
    looked: list[ListedMetadata | None] = yield Together(look(below(group.store_path, name)) for name in some)
    return [(name, node) for name, node in zip(some, looked, strict=True) if node is not None], len(names) - len(some)


def _member(member: tuple[str, ListedMetadata]) -> str:
    name, metadata = member
    if isinstance(metadata, UnreadableMetadata):
        facts = [f"cannot be read: {metadata.reason}"]
    elif isinstance(metadata, GroupMetadata):
        facts = ["group"]
    else:
        facts = [shape_text(metadata.shape), str(metadata.dtype.to_native_dtype())]
    cells = "".join(f'<td style="{_CELL}">{escape(fact)}</td>' for fact in facts)
    return f'<tr style="background:none"><td style="{_CELL}"><b>{escape(name)}</b></td>{cells}</tr>'


# -- parts ------------------------------------------------------------------------------------------------------


def _picture(array: Any, selected: Sequence[tuple[int, int]] | None = None) -> str:
    """The drawing; nothing for grids of very many lines, which could not be told apart."""
    if sum(array.cdata_shape[-3:]) > _MOST_DRAWN:
        return ""
    shards = array.write_chunk_sizes if array.metadata.is_sharded else None
    drawn = draw_chunks(array.shape, array.read_chunk_sizes, shards, selected)
    if not drawn or len(array.shape) <= 3:
        return drawn
    return f"<div>{drawn}<div>the last 3 of {len(array.shape)} dimensions</div></div>"


def _box(view: Any) -> list[tuple[int, int]] | None:
    """Where what a view selects begins and ends along each dimension of the array; None for points, and for nothing."""
    selection = view._selected.lowered.selection
    if view._selected.is_empty or not isinstance(selection, GridSelection):
        return None
    found = []
    for axis in selection.axes:
        if isinstance(axis, IntAxis):
            found.append((axis.index, axis.index + 1))
        elif isinstance(axis, ArrayAxis):
            found.append((int(axis.indices.min()), int(axis.indices.max()) + 1))
        else:
            ends = axis.start, axis.start + (axis.count - 1) * axis.step
            found.append((min(ends), max(ends) + 1))
    return found


def _swatch(colour: str) -> str:
    return f'<span style="display:inline-block;width:.7em;height:.7em;margin-right:.4em;background:{colour}"></span>'


def _named(names: Sequence[str | None] | None) -> str:
    return f" ({escape(', '.join(name or '–' for name in names))})" if names and any(names) else ""


def _nbytes(chunks: Sequence[Any], itemsize: int) -> str:
    return (
        ""
        if any(isinstance(each, list) for each in chunks)
        else f" ({human_readable_size(math.prod(chunks) * itemsize)}B)"
    )


def _store(node: Any) -> str:
    return escape(type(node.store).__name__) + (", read-only" if node.read_only else "")


def _table(rows: Rows) -> str:
    cells = "".join(
        f'<tr style="background:none"><th style="{_CELL};font-weight:normal;opacity:.7">{label}</th>'
        f'<td style="{_CELL}">{value}</td></tr>'
        for label, value in rows
    )
    return f'<table style="border-collapse:collapse;margin:0">{cells}</table>'


def _attributes(attributes: Mapping[str, Any]) -> str:
    if not attributes:
        return ""
    rows = [(f"<b>{escape(str(name))}</b>", escape(_shortened(value))) for name, value in attributes.items()]
    return f"<details><summary>{len(rows)} attribute{'' if len(rows) == 1 else 's'}</summary>{_table(rows)}</details>"


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_ATTRIBUTE else text[: _MOST_ATTRIBUTE - 1] + "…"


def _framed(heading: str, facts: str, picture: str, below_it: str) -> str:
    return (
        f'<div style="line-height:1.45"><div style="margin-bottom:4px"><b>{escape(heading)}</b></div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:8px 28px;align-items:flex-start"><div>{facts}</div>{picture}</div>{below_it}</div>'
    )
