"""Consolidated metadata, and finding members with or without it.

Consolidated metadata is a snapshot for readers. A group that was opened with it answers membership from it; nothing
that writes ever takes a shape or attributes from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._buffer import CPU_PROTOTYPE, Buffer
from zarr._flow.modify import modify
from zarr._flow.nodes import V3, ZMETADATA, NodeMetadata, check_depth, join, load, load_group, members
from zarr._flow.requests import Fetch, Flow, Read
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._metadata.parse import parse_v3
from zarr._store.path import StorePath, normalize_path
from zarr._support.json import parse_object
from zarr._support.settings import settings
from zarr._support.warn import warn
from zarr.errors import GroupNotFoundError, ZarrUserWarning

if TYPE_CHECKING:
    from zarr._flow.node import GroupNode


def consolidate(at: StorePath, zarr_format: int | None = None) -> Flow[GroupMetadata]:
    """Store, in the group at a path, the metadata of everything below it."""
    at.store._check_writable()
    group = yield from load_group(at, zarr_format)
    if group.zarr_format == 3:
        warn(
            "Consolidated metadata is currently not part in the Zarr format 3 specification. It may not be supported "
            "by other zarr implementations and may change in the future.",
            ZarrUserWarning,
        )
    found = yield from members(at, None)
    snapshot = ConsolidatedMetadata(metadata=dict(found))
    latest: list[GroupMetadata] = []

    def rewrite(old: Buffer | None) -> Buffer:
        current = _group_of(at, group, old)
        latest[:] = [current.with_consolidated(snapshot)]
        name = V3 if group.zarr_format == 3 else ZMETADATA
        return latest[0].to_buffer_dict(CPU_PROTOTYPE, indent=settings().json_indent)[name]

    name = V3 if group.zarr_format == 3 else ZMETADATA
    yield from modify(at.store, join(at.path, name), rewrite)
    return latest[0]


def _group_of(at: StorePath, group: GroupMetadata, raw: Buffer | None) -> GroupMetadata:
    if group.zarr_format == 2:  # a document of its own, rewritten whole
        return group
    if raw is None:
        raise GroupNotFoundError(at.store, at.path)
    current = parse_v3(raw.to_bytes(), join(at.path, V3))
    if not isinstance(current, GroupMetadata):
        raise GroupNotFoundError(at.store, at.path)
    return current


def load_consolidated(
    at: StorePath, zarr_format: int | None = None, *, use: bool | str | None = None
) -> Flow[GroupMetadata]:
    """A group's metadata, with its consolidated metadata if it has some and that is wanted.

    Parameters
    ----------
    at, zarr_format
        The group.
    use
        True: it must exist. False: leave it out. None: take it if it is there. A string: the name of the format 2
        document that holds it.
    """
    group = yield from load_group(at, zarr_format)
    if use is False:
        return group.with_consolidated(None) if group.zarr_format == 3 else group
    if group.zarr_format == 2:
        key = join(at.path, use if isinstance(use, str) else ZMETADATA)
        (stored,) = yield Fetch(at.store, (Read(key),))
        if stored is not None:
            document = parse_object(stored.without_version().to_bytes(), key)
            return group.with_consolidated(ConsolidatedMetadata.from_v2(document, key))
    if use and group.consolidated_metadata is None:
        raise ValueError(
            f"Consolidated metadata requested with 'use_consolidated={use!r}' but not found at path {at.path!r} of store "
            f"{at.store!r}. Run zarr.consolidate_metadata() on it, or open it with use_consolidated=None."
        )
    return group


def open_member(node: GroupNode, name: str) -> Flow[tuple[NodeMetadata, StorePath]]:
    """Metadata and place of the member at a path below a group; KeyError if there is none."""
    if not isinstance(name, str):
        raise TypeError(f"a member of a group is named by a string, got {type(name).__name__}")
    relative = normalize_path(name)
    at = StorePath(node.store_path.store, join(node.path, relative))
    if not relative:
        return node.metadata, at
    snapshot = node.metadata.consolidated_metadata
    if snapshot is not None:
        metadata = snapshot.find(relative)
    else:
        metadata = yield from load(at, node.metadata.zarr_format)
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
