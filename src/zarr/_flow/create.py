"""Creating nodes: their documents are stored where there is no node yet, and their ancestors become groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zarr._flow.compare_and_swap import MAX_ROUNDS
from zarr._flow.documents import documents
from zarr._flow.load import load_node
from zarr._flow.paths import join
from zarr._flow.remove import remove_node
from zarr._flow.requests import Fetch, Flow, Put, Read, TakeHold
from zarr._metadata.formats import DOCUMENTS, layout_of
from zarr._metadata.group import GroupMetadata, NodeMetadata
from zarr._store.path import StorePath
from zarr._store.versioned import ABSENT, ANY
from zarr.errors import BaseZarrError, ContainsArrayError, ContainsGroupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr._buffer import Buffer
    from zarr._dtype.base import ZarrFormat
    from zarr._metadata.group import ListedMetadata

AnyMetadata = TypeVar("AnyMetadata", bound=NodeMetadata)


def create_node(at: StorePath, metadata: AnyMetadata, *, overwrite: bool) -> Flow[AnyMetadata]:
    """Store a new node, and make its ancestors groups.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already and `overwrite` is False, or an ancestor is an array.
    """
    at.store._check_writable()
    _check_name(at)
    made = documents(metadata)  # first, as it fails on what cannot be stored
    yield from ensure_ancestors(at, metadata.zarr_format)
    for _ in range(MAX_ROUNDS if overwrite else 1):
        if overwrite:
            yield from remove_node(at)
        elif (existing := (yield from load_node(at))) is not None:
            raise occupied(at, existing)
        if (yield from _put_new(at, layout_of(metadata).makers, made)):
            return metadata
        # Another creator was faster. Who overwrites does so with that node too.
    raise occupied(at, (yield from load_node(at)))


def _put_new(at: StorePath, makers: Sequence[str], made: Sequence[tuple[str, Buffer]]) -> Flow[bool]:
    """Store the documents of a node where there is none; whether there was none.

    The document that makes the node comes last, and only if there is none yet: so of two creators one succeeds, and
    nobody finds a node without its attributes. The hold keeps the attributes of the one that succeeds.
    """
    (main, document), *others = made
    if not others:
        done: bool = yield Put(at.store, join(at.path, main), document, ABSENT)
        return done
    with (yield TakeHold(at.store, at.path)) as hold:
        # A group is as much in the way as an array, though its document has another name.
        found = yield Fetch(at.store, [Read(join(at.path, name)) for name in makers])
        if any(stored is not None for stored in found):
            return False
        for name, other in others:
            yield Put(at.store, join(at.path, name), other, ANY, hold)
        done = yield Put(at.store, join(at.path, main), document, ABSENT, hold)
        return done


def _check_name(at: StorePath) -> None:
    """Refuse a node that would lie where the document of another node is."""
    for name in at.path.split("/"):
        if name in DOCUMENTS:
            raise ValueError(
                f"no node can be called {name!r}, as in the path {at.path!r}: the metadata of its parent are stored there"
            )


def occupied(at: StorePath, existing: ListedMetadata | None) -> BaseZarrError:
    """The error for a place where there is a node already."""
    is_group = existing is None or isinstance(existing, GroupMetadata)
    return (ContainsGroupError if is_group else ContainsArrayError)(at.store, at.path)


def ensure_ancestors(at: StorePath, zarr_format: ZarrFormat) -> Flow[None]:
    """Make every ancestor of a path a group, where there is no node yet; an array there is an error."""
    names = at.path.split("/") if at.path else []
    for depth in range(len(names)):
        above = StorePath(at.store, "/".join(names[:depth]))
        existing = yield from load_node(above)
        if existing is None:
            group = GroupMetadata(attributes={}, zarr_format=zarr_format)
            for name, document in documents(group):
                yield Put(above.store, join(above.path, name), document, ABSENT)
        elif not isinstance(existing, GroupMetadata):
            raise ContainsArrayError(
                f"An array exists in store {at.store!r} at path {above.path!r}, so nothing can be created below it at "
                f"{at.path!r}. Choose a path beside the array."
            )
