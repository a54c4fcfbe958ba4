"""Loading nodes: from the documents at a path to metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._flow.paths import join
from zarr._flow.requests import Exist, Fetch, Flow, Read, Together
from zarr._metadata.formats import ARRAY_DOCUMENTS, layout_of, layouts_for
from zarr._metadata.group import GroupMetadata
from zarr._metadata.unreadable import NOT_READ
from zarr._store.absence import Absence
from zarr._store.access import answers_at_once, is_foreign
from zarr._store.path import StorePath
from zarr._support.document_errors import DocumentKey
from zarr._support.signals import came_from_a_signal
from zarr.errors import ArrayNotFoundError, ContainsArrayAndGroupError, GroupNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zarr._metadata.formats import AnyLayout
    from zarr._metadata.group import ArrayMetadata, ListedMetadata, NodeMetadata
    from zarr._store.abstract import Store
    from zarr._store.versioned import Stored
    from zarr.errors import NodeNotFoundError


def load_node(
    at: StorePath, zarr_format: int | None = None, *, prefer: int | None = None, is_expected: bool = True
) -> Flow[NodeMetadata | None]:
    """The metadata of the node at a path; None if there is no node.

    Without a format, format 3 counts, and format 2 only if there is no `zarr.json`; unless that is to be preferred. Where
    every request takes its time, or no node is expected, the documents of both are asked for together; but not somebody else's
    store, which is asked for no more than is needed.

    Raises
    ------
    MetadataValidationError
        If there is no such format, or the documents are wrong.
    ContainsArrayAndGroupError
        If there are documents of an array and of a group.
    """
    layouts = _wanted(zarr_format, prefer)
    known = None
    if (
        prefer is None
        and len(layouts) > 1
        and not (is_expected and answers_at_once(at.store))
        and not is_foreign(at.store)
    ):
        known = yield from _all_documents(at, layouts)
    for layout in layouts:
        metadata = _parse(at, layout, *(yield from _documents(at, layout, known)))
        if metadata is not None:
            return metadata
    return None


def load_unexpected(at: StorePath) -> Flow[NodeMetadata | None]:
    """`load_node`, where most likely there is none: somebody else's store is asked only whether there are documents."""
    if is_foreign(at.store):
        keys = [join(at.path, name) for layout in layouts_for(None) for name in layout.makers]
        if not any((yield Exist(at.store, keys))):
            return None
    return (yield from load_node(at, is_expected=False))


def look(at: StorePath, zarr_format: int | None = None, *, prefer: int | None = None) -> Flow[ListedMetadata | None]:
    """As `load_node`, but a node that cannot be read is told of as that.

    Where any format will do, one can be preferred to the others.
    """
    for layout in _wanted(zarr_format, prefer):
        keys, documents = yield from _documents(at, layout)
        try:
            metadata = _parse(at, layout, keys, documents)
        except NOT_READ as exc:
            if came_from_a_signal(exc):
                raise
            return layout.unreadable(documents, exc)
        if metadata is not None:
            return metadata
    return None


def _wanted(zarr_format: int | None, prefer: int | None) -> Sequence[AnyLayout]:
    """The formats to look for, in this order."""
    layouts = layouts_for(zarr_format)
    if prefer is None or prefer == layouts[0].zarr_format:
        return layouts
    return sorted(layouts, key=lambda layout: layout.zarr_format != prefer)


def _all_documents(at: StorePath, layouts: Sequence[AnyLayout]) -> Flow[dict[str, bytes | None]]:
    """The documents of all formats by key: to ask for them one format after the other would take long."""
    prefix = join(at.path, "")
    keys = [prefix + name for layout in layouts for name in layout.documents]
    try:
        found = yield Fetch(at.store, list(map(Read, keys)))
    except NotADirectoryError:  # see below
        return {}
    return dict(zip(keys, map(_bytes_of, found), strict=True))


def _documents(
    at: StorePath, layout: AnyLayout, known: Mapping[str, bytes | None] | None = None
) -> Flow[tuple[list[str], list[bytes | None]]]:
    """Keys and bytes of the documents that a node of a format has, in the order of `layout.documents`; as far as they are not
    known already.
    """
    prefix = join(at.path, "")
    keys = [prefix + name for name in layout.documents]
    if known and not layout.contradict(documents := [known[key] for key in keys]):
        return keys, documents
    for _ in range(2):
        try:
            found = yield Fetch(at.store, list(map(Read, keys)))
        except NotADirectoryError:  # a file lies on the way to them: below it there are no nodes
            return keys, [None] * len(keys)
        documents = list(map(_bytes_of, found))
        if len(keys) == 1 or not layout.contradict(documents):
            break
        # One document may have been replaced by the other between the two reads: a second look tells.
    return keys, documents


def _parse(at: StorePath, layout: AnyLayout, keys: list[str], documents: list[bytes | None]) -> NodeMetadata | None:
    if documents.count(None) == len(documents):
        return None
    if len(documents) > 1 and layout.contradict(documents):
        raise ContainsArrayAndGroupError(at.store, at.path)
    return layout.parse(documents, [DocumentKey(key, at.store) for key in keys])


def _bytes_of(stored: Stored | None) -> bytes | None:
    return None if stored is None else stored.without_version().to_bytes()


def not_found(
    kind: type[NodeNotFoundError], at: StorePath, *, words: type[NodeNotFoundError] | None = None
) -> NodeNotFoundError:
    """The error for a place where there is no node; `words` as of the class."""
    return kind(at.store, at.path, absence=Absence(at.store, at.path), words=words)


def load_array(at: StorePath, zarr_format: int | None = None) -> Flow[ArrayMetadata]:
    """The metadata of an array.

    Raises
    ------
    ArrayNotFoundError
        If there is nothing, or a group of format 2.
    NodeTypeValidationError
        If there is a group of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load_node(at, zarr_format)
    if metadata is None:
        raise not_found(ArrayNotFoundError, at)
    if isinstance(metadata, GroupMetadata):
        raise layout_of(metadata).no_array(
            f"No array found in store {at.store!r} at path {at.path!r}: there is a group. Open it with open_group()."
        )
    return metadata


def load_again(at: StorePath, metadata: ArrayMetadata) -> Flow[ArrayMetadata]:
    """The metadata of an array that was there when it was opened, as they are now.

    Raises
    ------
    ArrayNotFoundError
        If it is not there any more.
    NodeTypeValidationError
        As of `load_array`.
    """
    found = yield from load_node(at, metadata.zarr_format)
    if found is None:
        raise ArrayNotFoundError(gone("array", at))
    if isinstance(found, GroupMetadata):
        return (yield from load_array(at, metadata.zarr_format))  # which says so
    return found


def gone(what: str, at: StorePath) -> str:
    """The text of the error for an object that is used, and whose node is not there any more.

    Parameters
    ----------
    what
        "array", "group" or "node".
    at
        Where it was.
    """
    return (
        f"the {what} at path {at.path!r} of store {at.store!r} is gone: it was deleted or moved after this object had been opened. Open it where "
        "it is now, or create it again"
    )


def load_group(at: StorePath, zarr_format: int | None = None) -> Flow[GroupMetadata]:
    """The metadata of a group.

    Raises
    ------
    GroupNotFoundError
        If there is nothing, or an array of format 2.
    ContainsArrayError
        If there is an array of format 3. (The classes are those that zarr-python raises.)
    """
    metadata = yield from load_node(at, zarr_format)
    if metadata is None:
        raise not_found(GroupNotFoundError, at)
    if not isinstance(metadata, GroupMetadata):
        raise layout_of(metadata).no_group(
            f"An array exists in store {at.store!r} at path {at.path!r}, and a group was asked for. "
            "Open it with open_array()."
        )
    return metadata


def arrays_among(store: Store, keys: Iterable[str]) -> Flow[dict[str, ArrayMetadata]]:
    """The arrays whose documents are among some keys, by path. One that cannot be read is left out."""
    paths = dict.fromkeys(key.rpartition("/")[0] for key in keys if key.rpartition("/")[2] in ARRAY_DOCUMENTS)
    loaded = yield Together(_try_load(StorePath(store, path)) for path in paths)
    found = zip(paths, loaded, strict=True)
    return {path: node for path, node in found if node is not None and not isinstance(node, GroupMetadata)}


def _try_load(at: StorePath) -> Flow[NodeMetadata | None]:
    """`load_node`, with documents that cannot be read counted as none."""
    try:
        return (yield from load_node(at))
    except NOT_READ as exc:
        if came_from_a_signal(exc):
            raise
        return None
