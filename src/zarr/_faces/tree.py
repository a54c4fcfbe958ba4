"""Drawing a hierarchy as text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zarr._flow.members import list_members
from zarr._metadata.group import GroupMetadata

if TYPE_CHECKING:
    from zarr._flow.node import GroupNode
    from zarr._flow.requests import Flow
    from zarr._metadata.group import NodeMetadata


class TreeRepr:
    """A drawing of a hierarchy; `str()` of it is the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def draw(
    group: GroupNode, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
) -> Flow[TreeRepr]:
    """A drawing of the hierarchy below a group; see `zarr.Group.tree`."""
    if expand is not None:  # meant notebook widgets in zarr-python 2
        raise NotImplementedError("'expand' is not implemented; use `level` to say how deep to draw")
    found = sorted((yield from list_members(group, level)), key=lambda member: member[0].split("/"))
    return render(f"/{group.path}", found, max_nodes=max_nodes, plain=plain)


def render(root: str, members: Sequence[tuple[str, NodeMetadata]], *, max_nodes: int, plain: bool) -> TreeRepr:
    """Draw nodes given as `(path below the root, metadata)`, parents before their children.

    Where there are more than `max_nodes`, those nearest to the root are shown. Names are bold where standard output is a terminal, unless `plain`.
    """
    plain = plain or not sys.stdout.isatty()
    nearest = sorted(range(len(members)), key=lambda i: members[i][0].count("/"))[:max_nodes]
    shown = [members[i] for i in sorted(nearest)]
    lines = [root if plain else _bold(root)]
    last = {path for i, (path, _) in enumerate(shown) if _is_last(path, [p for p, _ in shown[i + 1 :]])}
    for path, metadata in shown:
        parts = path.split("/")
        rails = "".join("    " if "/".join(parts[: i + 1]) in last else "│   " for i in range(len(parts) - 1))
        name = parts[-1] if plain else _bold(parts[-1])
        lines.append(f"{rails}{'└── ' if path in last else '├── '}{name}{_facts(metadata)}")
    if len(members) > max_nodes:
        lines.insert(0, f"Truncated at max_nodes={max_nodes}, some nodes and their children may be missing")
    return TreeRepr("\n".join(lines))


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _facts(metadata: NodeMetadata) -> str:
    if isinstance(metadata, GroupMetadata):
        return ""
    return f" {metadata.shape} {metadata.dtype.to_native_dtype()}"


def _is_last(path: str, following: Sequence[str]) -> bool:
    """Whether no sibling of `path` comes later."""
    above = path.rpartition("/")[0]
    return not any(other.rpartition("/")[0] == above for other in following)
