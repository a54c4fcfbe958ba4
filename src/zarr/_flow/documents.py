"""From metadata to the documents that are stored: the one place where flows ask how JSON is to be laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._buffer import CPU_PROTOTYPE
from zarr._metadata.formats import layout_of
from zarr._support.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr._buffer import Buffer
    from zarr._metadata.consolidated import Change
    from zarr._metadata.formats import AnyLayout
    from zarr._metadata.group import NodeMetadata


def documents(metadata: NodeMetadata) -> Sequence[tuple[str, Buffer]]:
    """The documents of a node with their names, the one that makes it a node first."""
    attributes = layout_of(metadata).attributes
    made = metadata.to_buffer_dict(CPU_PROTOTYPE, indent=settings().json_indent)
    return sorted(made.items(), key=lambda item: item[0] == attributes)


def document(metadata: NodeMetadata, name: str) -> Buffer:
    """One of them, by name."""
    return metadata.to_buffer_dict(CPU_PROTOTYPE, indent=settings().json_indent)[name]


def changed_consolidated(layout: AnyLayout, stored: Buffer, key: str, change: Change) -> Buffer:
    """A document with a change made in the snapshot that it holds; itself, if it holds none, or nothing is to change."""
    changed = layout.changed_consolidated(stored.to_bytes(), key, change, settings().json_indent)
    return stored if changed is None else CPU_PROTOTYPE.buffer.from_bytes(changed)
