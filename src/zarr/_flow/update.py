"""Changing what a node's documents say: attributes, and the shape of an array.

Only the member in question changes. The rest is as it is stored when the change is made, whatever a handle knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._flow.compare_and_swap import holding, modify
from zarr._flow.copies import record_change
from zarr._flow.documents import document, documents
from zarr._flow.load import gone, load_node
from zarr._flow.paths import join
from zarr._flow.requests import Flow, Put
from zarr._metadata.formats import layout_of
from zarr._metadata.group import GroupMetadata
from zarr._metadata.parse import remember_reshaped, with_source
from zarr._store.access import capabilities
from zarr._store.versioned import ANY
from zarr._support.document_errors import DocumentKey
from zarr._support.json import as_stored
from zarr._support.registry import names_version
from zarr._support.signals import came_from_a_signal
from zarr.errors import ArrayNotFoundError, BaseZarrError, ConcurrentChangeError, HoldLostError, NodeNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarr._buffer import Buffer
    from zarr._flow.node import ArrayNode, ArrayView, GroupNode
    from zarr._metadata.formats import AnyLayout
    from zarr._metadata.group import ArrayMetadata, NodeMetadata
    from zarr._store.path import StorePath
    from zarr._store.versioned import Hold


def update_attributes(node: ArrayNode | GroupNode, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Flow[None]:
    """Replace the attributes of a node by what `change` makes of those that are stored now.

    `change` may be called several times, with a fresh dict each time. The rest of the document stays as it is. The hold
    is for this handle: what its threads store and what they publish in it comes in the same order.
    """
    at, metadata = node.store_path, node.metadata
    layout = layout_of(metadata)
    latest: list[NodeMetadata] = []

    def rewrite(old: Buffer | None) -> Buffer:
        since = names_version()
        current = _reread(at, metadata, old)
        before = current.attributes
        changed = current.with_attributes(as_stored(change(dict(before)), before))
        made = document(changed, layout.attributes)
        latest[:] = [with_source(changed, made.to_bytes(), since)]
        return made

    def held(hold: Hold) -> Flow[None]:
        # A document of their own does not tell whether there still is a node.
        if layout.attributes_apart and (yield from load_node(at, metadata.zarr_format)) is None:
            if not _is_emptied(at, metadata):
                raise NodeNotFoundError(gone("node", at))
            for name, made in documents(_bare(metadata)):
                yield from _put(at, name, made, hold)
        yield from _storing(node, modify(at.store, join(at.path, layout.attributes), rewrite, hold=hold))
        node.publish(latest[0])  # type: ignore[arg-type]  # same kind as before: _reread checks it
        yield from record_change(node, latest[0], hold)

    yield from holding(at.store, at.path, held)


def _storing(node: ArrayNode | GroupNode, change: Flow[None]) -> Flow[None]:
    """Change a document of a node. If that is cancelled, or fails in the store, the handle takes what is stored then."""
    try:
        yield from change
    except (BaseZarrError, GeneratorExit):  # nothing was stored; nothing can be asked any more
        raise
    except BaseException:
        yield from _look_again(node)
        raise


def _put(at: StorePath, key: str, made: Buffer, hold: Hold) -> Flow[None]:
    yield Put(at.store, key, made, ANY, hold)


def _look_again(node: ArrayNode | GroupNode) -> Flow[None]:
    at, metadata = node.store_path, node.metadata
    try:
        stored = yield from load_node(at, metadata.zarr_format)
    except Exception as exc:  # what is on its way already says more
        if came_from_a_signal(exc):
            raise
        return
    if stored is not None and isinstance(stored, GroupMetadata) == isinstance(metadata, GroupMetadata):
        node.publish(stored)  # type: ignore[arg-type]  # same kind as before


def _reread(at: StorePath, metadata: NodeMetadata, raw: Buffer | None) -> NodeMetadata:
    """The metadata as stored now, given the document that holds the attributes."""
    layout = layout_of(metadata)
    key = join(at.path, layout.attributes)
    current = layout.reread(
        layout.attributes, None if raw is None else raw.to_bytes(), DocumentKey(key, at.store), metadata
    )
    if current is None and _is_emptied(at, metadata):
        return _bare(metadata)
    if current is None:
        raise NodeNotFoundError(gone("node", at))
    if isinstance(current, GroupMetadata) != isinstance(metadata, GroupMetadata):
        raise NodeNotFoundError(f"the node at path {at.path!r} of store {at.store!r} is of another kind now")
    return current


def _is_emptied(at: StorePath, metadata: NodeMetadata) -> bool:
    """Whether a node that is not there any more counts as there: `store.clear()` empties the group at the root."""
    return not at.path and isinstance(metadata, GroupMetadata)


def _bare(metadata: NodeMetadata) -> GroupMetadata:
    return GroupMetadata(zarr_format=metadata.zarr_format)


def reserve(
    node: ArrayNode, before: ArrayMetadata, grow: Callable[[tuple[int, ...]], tuple[int, ...]]
) -> Flow[tuple[tuple[int, ...], ArrayMetadata]]:
    """Make an array larger than it is at this moment, and return the shape that it had, and what it is now.

    Whoever wants to write into what is new has it for itself, whoever else makes it larger at the same time.

    Parameters
    ----------
    node
        The array.
    before
        What was found last.
    grow
        The new shape, of the shape that is stored. It may be called several times.
    """
    at, metadata = node.store_path, node.metadata
    layout = layout_of(metadata)
    latest: list[tuple[ArrayMetadata, ArrayMetadata]] = []

    def rewrite(old: Buffer | None) -> Buffer:
        current = _same_array(at, layout, old, metadata, before)
        new = current.with_shape(grow(current.shape))
        latest[:] = [(current, new)]
        return document(new, layout.array)

    def held(hold: Hold) -> Flow[tuple[tuple[int, ...], ArrayMetadata]]:
        yield from _storing(node, modify(at.store, join(at.path, layout.array), rewrite, hold=hold))
        current, new = latest[0]
        node.publish(new)
        yield from record_change(node, new, hold)
        return current.shape, new

    return (yield from holding(at.store, at.path, held))


def _same_array(
    at: StorePath, layout: AnyLayout, old: Buffer | None, metadata: ArrayMetadata, before: ArrayMetadata
) -> ArrayMetadata:
    """The metadata of an array as stored now; it has to be the one that was found before, of whatever shape."""
    raw = None if old is None else old.to_bytes()
    current = layout.reread(layout.array, raw, DocumentKey(join(at.path, layout.array), at.store), metadata)
    if raw is None or current is None:
        raise ArrayNotFoundError(gone("array", at))
    if isinstance(current, GroupMetadata):
        raise ArrayNotFoundError(f"the array at path {at.path!r} of store {at.store!r} is a group now")
    if not before.is_continued_by(current):
        raise replaced(at)
    return current


def replaced(at: StorePath) -> ConcurrentChangeError:
    """The error for an array that somebody else changes at the same time."""
    return ConcurrentChangeError(
        f"the array at path {at.path!r} of store {at.store!r} was replaced while its shape was changed. Open it again."
    )


def publish_shape(
    node: ArrayNode,
    before: ArrayMetadata,
    shape: tuple[int, ...],
    *,
    hold: Hold,
    view: ArrayView | None = None,
    before_removal: bool = False,
    looks_again: bool = True,
) -> Flow[None]:
    """Store a new shape, with the node's hold; the rest of the document stays as it is.

    `before` is what was found when the hold was taken. Whoever replaces a group with all that is in it takes no hold on
    the array, so it may be another one by now, to which the shape does not belong. `view` is one that was made of `before`
    with the new shape. `before_removal` says whether chunks are to be deleted that it does not have. Without `looks_again` the
    document is taken to be as it was found: that is for stores that could not tell whether it has changed since.
    """
    at, metadata = node.store_path, node.metadata
    layout = layout_of(metadata)
    key = join(at.path, layout.array)
    is_leased = capabilities(at.store).holds_objects
    latest: list[tuple[ArrayMetadata, ArrayView | None]] = []

    def rewrite(old: Buffer | None) -> Buffer:
        since = names_version()
        current = _same_array(at, layout, old, metadata, before)
        if current.shape != before.shape or not current.is_continued_by(before):
            if is_leased:  # nobody changes it beside a hold: somebody has taken that over
                raise HoldLostError(str(replaced(at)))
            raise replaced(at)
        new = current.with_shape(shape)
        made = document(new, layout.array)
        if old is not None:
            remember_reshaped(old.to_bytes(), made.to_bytes(), since, new)
        latest[:] = [(new, view if current.is_of_document_of(before) else None)]
        return made

    if looks_again:
        storing = modify(at.store, key, rewrite, hold=hold)
    else:
        new = before.with_shape(shape)
        latest.append((new, view))
        storing = _put(at, key, document(new, layout.array), hold)
    yield from _storing(node, storing)
    node.publish(*latest[0])
    yield from record_change(node, latest[0][0], hold, before_removal=before_removal)
