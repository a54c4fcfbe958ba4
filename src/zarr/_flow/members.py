"""What is in a group: its members found in the store, or in its consolidated metadata if it was opened with some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._flow.load import load_node
from zarr._flow.paths import below
from zarr._flow.requests import Flow, Keys, Names, Together
from zarr._metadata.formats import DOCUMENTS
from zarr._metadata.group import GroupMetadata
from zarr._store.path import normalize_path
from zarr._support.warn import warn
from zarr.errors import KeyBlockedError, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._flow.node import GroupNode
    from zarr._metadata.group import NodeMetadata
    from zarr._store.path import StorePath


def open_member(node: GroupNode, name: str) -> Flow[tuple[NodeMetadata, StorePath]]:
    """Metadata and place of the member at a path below a group; KeyError if there is none."""
    if not isinstance(name, str):
        raise TypeError(f"a member of a group is named by a string, got {type(name).__name__}")
    relative = normalize_path(name)
    at = below(node.store_path, relative)
    if not relative:
        return node.metadata, at
    snapshot = node.metadata.consolidated_metadata
    if snapshot is not None:
        metadata = snapshot.find(relative)
    else:
        metadata = yield from load_node(at, node.metadata.zarr_format)
    if metadata is None:
        raise KeyError(f"{relative!r} is not in group {'/' + node.path!r} of store {at.store!r}")
    return metadata, at


def list_members(
    node: GroupNode, max_depth: int | None = 0, *, use_consolidated: bool = True
) -> Flow[list[tuple[str, NodeMetadata]]]:
    """Members of a group as `(relative path, metadata)`; from its consolidated metadata if it has some."""
    check_depth(max_depth)
    snapshot = node.metadata.consolidated_metadata
    if snapshot is None or not use_consolidated:
        return (yield from members(node.store_path, max_depth))
    return [(path, metadata) for path, metadata in snapshot.flat() if max_depth is None or path.count("/") <= max_depth]


def members(at: StorePath, max_depth: int | None = 0) -> Flow[list[tuple[str, NodeMetadata]]]:
    """The nodes below a group: `(path relative to it, metadata)`, parents before their children, names sorted.

    `max_depth` 0 means direct children, None all.
    """
    check_depth(max_depth)
    names: list[str] = yield Names(at.store, at.path)
    names = sorted(name for name in names if name not in DOCUMENTS)
    loaded = yield Together(_load_member(below(at, name)) for name in names)
    found: list[tuple[str, NodeMetadata]] = []
    for name, metadata in zip(names, loaded, strict=True):
        if metadata is None:
            continue
        found.append((name, metadata))
        if isinstance(metadata, GroupMetadata) and max_depth != 0:
            deeper = None if max_depth is None else max_depth - 1
            children = yield from members(below(at, name), deeper)
            found += [(f"{name}/{path}", child) for path, child in children]
    return found


def _load_member(at: StorePath) -> Flow[NodeMetadata | None]:
    try:
        metadata = yield from load_node(at)
    except KeyBlockedError as exc:
        warn(f"Object at {at.path!r} in store {at.store!r} is not listed: {exc}", ZarrUserWarning)
        return None
    if metadata is None and (yield Keys(at.store, at.path)):
        warn(
            f"Object at {at.path!r} in store {at.store!r} is not recognized as a component of a Zarr hierarchy: "
            "it has no metadata document, so it is not listed.",
            ZarrUserWarning,
        )
    return metadata


def check_depth(max_depth: int | None) -> None:
    """Raise TypeError or ValueError for a depth that is none."""
    if max_depth is not None and not isinstance(max_depth, int):
        raise TypeError(f"max_depth must be an integer or None, got {max_depth!r}")
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"max_depth must be None or at least 0, got {max_depth}")
