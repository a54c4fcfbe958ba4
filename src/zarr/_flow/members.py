"""What is in a group: its members found in the store, or in its consolidated metadata if it was opened with some."""

from __future__ import annotations

from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING

from zarr._flow.load import gone, load_node, look
from zarr._flow.paths import below, join
from zarr._flow.requests import Flow, Keys, Names, Together
from zarr._metadata.formats import DOCUMENTS, MAKERS
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import UnreadableMetadata
from zarr._store.absence import nothing_below
from zarr._store.access import answers_at_once, capabilities
from zarr._store.keys import is_key
from zarr._store.path import normalize_path
from zarr._support.near_names import NearPaths
from zarr._support.warn import warn
from zarr.errors import KeyBlockedError, MemberNotFoundError, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._flow.node import GroupNode
    from zarr._metadata.group import ListedMetadata, NodeMetadata
    from zarr._store.path import StorePath


# -- one --------------------------------------------------------------------------------------------------------


def open_member(node: GroupNode, name: str) -> Flow[tuple[NodeMetadata, StorePath]]:
    """Metadata and place of the member at a path below a group.

    Raises
    ------
    MemberNotFoundError
        If there is none.
    """
    found = yield from find_member(node, name)
    if found is None:
        raise (yield from _not_found(node, normalize_path(name)))
    return found


def find_member(node: GroupNode, name: str) -> Flow[tuple[NodeMetadata, StorePath] | None]:
    """Metadata and place of the member at a path below a group, or of the group itself, as they are stored; None if there is none."""
    relative = _relative(name)
    at = below(node.store_path, relative)
    snapshot = node.metadata.consolidated_metadata
    if snapshot is not None:
        metadata = snapshot.find(relative) if relative else node.metadata
    else:
        metadata = yield from load_node(at, prefer=node.metadata.zarr_format)
    return None if metadata is None else (metadata, at)


def has_member(node: GroupNode, name: str) -> Flow[bool]:
    """Whether there is a member at a path below a group, whether or not it can be read."""
    relative = _relative(name)
    snapshot = node.metadata.consolidated_metadata
    if not relative:
        return True
    if snapshot is not None:
        return relative in snapshot.metadata
    return (yield from look(below(node.store_path, relative), prefer=node.metadata.zarr_format)) is not None


def place_of_member(node: GroupNode, name: str) -> Flow[StorePath]:
    """The place of a member that is there, whether or not it can be read; raises as `open_member`."""
    if not (yield from has_member(node, name)):
        raise (yield from _not_found(node, normalize_path(name)))
    return below(node.store_path, normalize_path(name))


def _relative(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a member of a group is named by a string, got {name!r} of type {type(name).__name__}")
    return normalize_path(name)


def _not_found(node: GroupNode, path: str) -> Flow[MemberNotFoundError]:
    """The error for a member that is not there, with what there is in its place."""
    snapshot = node.metadata.consolidated_metadata
    above = ""
    names: list[str] = []
    if (array := (yield from _array_on_the_way(node, path))) is not None:
        above = array
    elif snapshot is not None:
        above = path.rpartition("/")[0]
        while above and above not in snapshot.metadata:
            above = above.rpartition("/")[0]
        names = snapshot.under(above).paths(0)
    elif answers_at_once(node.store_path.store):  # elsewhere listing takes long, and whoever asks may not care
        above, names = yield from _names_nearby(node.store_path, path)
        if not names and (yield from look(node.store_path)) is None:
            return MemberNotFoundError(f"{path!r} cannot be there: {gone('group', node.store_path)}", path)
    missing = "/".join(path.split("/")[: len(above.split("/")) + 1 if above else 1])
    near = [f"{above}/{name}" if above else name for name in names]
    return MemberNotFoundError(
        f"{path!r} is not in group {'/' + node.path!r} of store {node.store_path.store!r}"
        + ("" if snapshot is None else ", as its consolidated metadata say; use_consolidated=False looks at the store"),
        missing,
        near,
        NearPaths(missing, near) if array is None else f"; {nothing_below(array)}",
    )


def _array_on_the_way(node: GroupNode, path: str) -> Flow[str | None]:
    """The path of an array that a path leads through, as far as that is known without waiting."""
    snapshot = node.metadata.consolidated_metadata
    at = node.store_path
    if snapshot is None and not capabilities(at.store).sync:
        return None
    for end in (place for place, character in enumerate(path) if character == "/"):
        above = path[:end]
        found: ListedMetadata | None
        if snapshot is not None:
            found = snapshot.metadata.get(above)
        else:
            found = yield from look(below(at, above))
        if found is not None and not is_group(found):
            return above
    return None


def _names_nearby(at: StorePath, path: str) -> Flow[tuple[str, list[str]]]:
    """The last place on the way to a path where there is something, and what there is."""
    above = path
    while above:
        above = above.rpartition("/")[0]
        names: list[str] = yield Names(at.store, below(at, above).path)
        if names:
            return above, [name for name in names if name not in DOCUMENTS]
    return "", []


# -- all --------------------------------------------------------------------------------------------------------


def list_members(
    node: GroupNode, max_depth: int | None = 0, *, use_consolidated: bool = True
) -> Flow[list[tuple[str, ListedMetadata]]]:
    """Members of a group as `(relative path, metadata)`; from its consolidated metadata if it has some.

    Each comes before what is below it, siblings by name.
    """
    check_depth(max_depth)
    snapshot = node.metadata.consolidated_metadata
    if snapshot is None or not use_consolidated:
        return (yield from members(node.store_path, max_depth, prefer=node.metadata.zarr_format))
    return snapshot.listed(max_depth)


def list_paths(node: GroupNode, max_depth: int | None = 0) -> Flow[list[str]]:
    """The paths that `list_members` gives."""
    check_depth(max_depth)
    snapshot = node.metadata.consolidated_metadata
    if snapshot is None:
        return [path for path, _ in (yield from list_members(node, max_depth))]
    return snapshot.paths(max_depth)


def count_members(node: GroupNode, max_depth: int | None = 0, *, quietly: bool = False) -> Flow[int]:
    """How many `list_members` gives; `quietly` without a warning of what is none."""
    check_depth(max_depth)
    snapshot = node.metadata.consolidated_metadata
    if snapshot is None:
        found = yield from members(node.store_path, max_depth, prefer=node.metadata.zarr_format, quietly=quietly)
        return len(found)
    return snapshot.count(max_depth)


def members(
    at: StorePath, max_depth: int | None = 0, *, prefer: int | None = None, quietly: bool = False
) -> Flow[list[tuple[str, ListedMetadata]]]:
    """The nodes below a group: `(path relative to it, metadata)`, each before what is below it, siblings by name.

    Parameters
    ----------
    at
        The group.
    max_depth
        0 for direct children, None for all.
    prefer
        The format to look for first, where a node may be of either.
    quietly
        Give no warnings of what is not listed.
    """
    check_depth(max_depth)
    found: dict[str, ListedMetadata] = {}
    groups, depth = [""], 0
    while groups:  # one level after the other, as all of a level can be asked for together
        named = yield Together(_names_in(at, path) for path in groups)
        paths = list(chain.from_iterable(named))
        loaded = yield Together(_look_at_member(below(at, path), prefer, quietly) for path in paths)
        there = {path: node for path, node in zip(paths, loaded, strict=True) if node is not None}
        found |= there
        is_last = depth == max_depth
        groups, depth = [path for path, node in there.items() if is_group(node) and not is_last], depth + 1
    return sorted(found.items(), key=lambda item: item[0].split("/"))


def _names_in(at: StorePath, path: str) -> Flow[list[str]]:
    """Paths of what may be a node directly below a place that lies below another, relative to that."""
    names: list[str] = yield Names(at.store, below(at, path).path)
    return sorted(join(path, name) for name in names if name not in DOCUMENTS and is_key(name))


def is_group(metadata: ListedMetadata) -> bool:
    """Whether a node is a group, as far as is known."""
    if isinstance(metadata, UnreadableMetadata):
        return metadata.node_type == "group"
    return isinstance(metadata, GroupMetadata)


def _look_at_member(at: StorePath, prefer: int | None, quietly: bool) -> Flow[ListedMetadata | None]:
    try:
        metadata = yield from look(at, prefer=prefer)
        if metadata is None and not quietly and (yield from _holds_more_than_attributes(at)):
            metadata = yield from look(at, prefer=prefer)  # it may have been made since
            if metadata is None:
                warn(
                    f"Object at {at.path!r} in store {at.store!r} is not recognized as a component of a Zarr hierarchy: "
                    "it has no metadata document, so it is not listed.",
                    ZarrUserWarning,
                )
    except KeyBlockedError as exc:
        if not quietly:
            warn(f"Object at {at.path!r} in store {at.store!r} is not listed: {exc}", ZarrUserWarning)
        return None
    return metadata


def _holds_more_than_attributes(at: StorePath) -> Flow[bool]:
    """Whether there is something at a path besides documents that make no node: who makes one stores those first."""
    keys: list[str] = yield Keys(at.store, at.path)
    return any(key.rpartition("/")[2] not in DOCUMENTS - MAKERS for key in keys)


def check_depth(depth: object, argument: str = "max_depth") -> None:
    """Raise TypeError or ValueError for a depth that is none, in the name of an argument."""
    if depth is not None and not isinstance(depth, Integral):
        raise TypeError(f"{argument} must be an integer or None, got {depth!r}")
    if depth is not None and depth < 0:
        raise ValueError(f"{argument} must be None or at least 0, got {depth}")
