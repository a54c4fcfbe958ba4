"""Drawing a hierarchy as text."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import repeat
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

from zarr._flow.members import check_depth, list_members
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._support.truth import truth
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from zarr._flow.node import GroupNode
    from zarr._flow.requests import Flow
    from zarr._metadata.group import ListedMetadata


class TreeLine(NamedTuple):
    """One line of a drawing: what leads to the node, its name, and what is said of it."""

    rails: str
    name: str
    facts: str = ""


class TreeRepr:
    """A drawing of a hierarchy; `str()` of it is the text. Notebooks show it with the names in bold."""

    def __init__(self, lines: Sequence[TreeLine], *, plain: bool = True) -> None:
        self._lines, self._plain = lines, plain

    def __str__(self) -> str:
        return self._text("" if self._plain else "\x1b[1m", "" if self._plain else "\x1b[0m")

    __repr__ = __str__

    def _text(self, begin: str, end: str) -> str:
        return "\n".join(f"{line.rails}{begin}{line.name}{end}{line.facts}" for line in self._lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        marked = "\n".join(
            f"{line.rails}<b>{html.escape(line.name)}</b>{html.escape(line.facts)}" for line in self._lines
        )
        return {
            "text/plain": self._text("", ""),
            "text/html": f'<pre style="white-space: pre; line-height: normal">{marked}</pre>',
        }


def draw(
    group: GroupNode, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
) -> Flow[TreeRepr]:
    """A drawing of the hierarchy below a group; see `zarr.Group.tree`."""
    if expand is not None:  # meant notebook widgets in zarr-python 2
        raise NotImplementedError("'expand' is not implemented; use `level` to say how deep to draw")
    check_depth(level, "level")
    plain = truth("plain", plain)
    _check_most(max_nodes)
    snapshot = group.metadata.consolidated_metadata
    if snapshot is not None:
        return render(f"/{group.path}", snapshot.paths(level), snapshot.look, max_nodes=max_nodes, plain=plain)
    found = dict((yield from list_members(group, level)))
    return render(f"/{group.path}", list(found), found.get, max_nodes=max_nodes, plain=plain)


def _check_most(max_nodes: object) -> None:
    if isinstance(max_nodes, bool) or not isinstance(max_nodes, Integral) or max_nodes < 0:
        raise ArgumentError(f"max_nodes must be a whole number of at least 0, got {max_nodes!r}")


def render(
    root: str, paths: Sequence[str], look: Callable[[str], ListedMetadata | None], *, max_nodes: int, plain: bool
) -> TreeRepr:
    """Draw nodes given by their paths below the root, each before what is below it, siblings in their order.

    Where there are more than `max_nodes`, those nearest to the root are shown; `look` gives the metadata of those. Names are
    bold where standard output is a terminal, unless `plain`.
    """
    lines = [TreeLine("", root), *_lines(_nearest(paths, max_nodes), look)]
    if len(paths) > max_nodes:
        lines.insert(
            0, TreeLine(f"Truncated at max_nodes={max_nodes}, some nodes and their children may be missing", "")
        )
    return TreeRepr(lines, plain=plain or not sys.stdout.isatty())


def _nearest(paths: Sequence[str], most: int) -> Sequence[str]:
    """So many of some paths, those of few segments first, in their order."""
    if len(paths) <= most:
        return paths
    depths = list(map(str.count, paths, repeat("/")))
    nearest = sorted(range(len(paths)), key=depths.__getitem__)[:most]
    return [paths[i] for i in sorted(nearest)]


def _lines(paths: Sequence[str], look: Callable[[str], ListedMetadata | None]) -> Iterator[TreeLine]:
    last = _last_of_siblings(paths)

    @cache
    def rails_below(path: str) -> str:
        return rails_below(path.rpartition("/")[0]) + ("    " if path in last else "│   ") if path else ""

    for path in paths:
        above, _, name = path.rpartition("/")
        yield TreeLine(rails_below(above) + ("└── " if path in last else "├── "), name, _facts(look(path)))


def _last_of_siblings(paths: Sequence[str]) -> set[str]:
    """Those of some paths after which no other has the same parent."""
    return set({path.rpartition("/")[0]: path for path in paths}.values())


def _facts(metadata: ListedMetadata | None) -> str:
    if metadata is None or isinstance(metadata, GroupMetadata):
        return ""
    if isinstance(metadata, UnreadableMetadata):
        return f" (unsupported: {metadata.reason})"
    return f" {metadata.shape} {metadata.dtype.to_native_dtype()}"
