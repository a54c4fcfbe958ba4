"""What is made in several steps: all of it is there in the end, or nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from zarr._codec.base import ArrayConfig
from zarr._flow.documents import documents
from zarr._flow.inventory import stored_in
from zarr._flow.node import ArrayNode
from zarr._flow.paths import join
from zarr._flow.requests import Fetch, Flow, Keys, Read, Remove, Together
from zarr._metadata.group import GroupMetadata
from zarr._store.abstract import is_able
from zarr._store.versioned import ANY
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from zarr._metadata.group import NodeMetadata
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath

T = TypeVar("T")


class New(NamedTuple):
    """A node that has just been made, and whether it took the place of something."""

    at: StorePath
    metadata: NodeMetadata
    replaces: bool = False


NewNodes: TypeAlias = list[New]
"""Nodes that have just been made, from the root down. Who makes one adds it as soon as it is stored."""


def whole_or_gone(made: NewNodes, flow: Flow[T]) -> Flow[T]:
    """A flow that makes nodes, or fills those that have just been made. If it fails or is interrupted they are taken away again: what is
    missing in an array would be read as the fill value.

    A node stays if its document has been changed meanwhile, and a group if anything else is in it: somebody else uses it then.
    """
    try:
        return (yield from flow)
    except GeneratorExit:  # nobody answers any more
        raise
    except BaseException as exc:
        for new in reversed(made):
            yield from _take_away_or_say(exc, new.at, new.metadata)
        raise


def _take_away_or_say(error: BaseException, at: StorePath, metadata: NodeMetadata) -> Flow[None]:
    """Take a node away because of an error, which is told if that does not succeed either."""
    try:
        yield from _take_away(at, metadata)
    except Exception as exc:
        if came_from_a_signal(exc):
            raise
        what = "group" if isinstance(metadata, GroupMetadata) else "array"
        error.add_note(
            f"What had been stored of the {what} {'/' + at.path!r} of store {at.store!r} could not all be taken away again ({exc}). "
            f"Delete what is there, or create the {what} with overwrite=True."
        )


def _take_away(at: StorePath, metadata: NodeMetadata) -> Flow[None]:
    store = at.store
    (main, document), *others = documents(metadata)
    if isinstance(metadata, GroupMetadata) and not (yield from _is_alone(at, {main, *(name for name, _ in others)})):
        return
    (stored,) = yield Fetch(store, (Read(join(at.path, main)),))
    if stored is None:
        return
    with stored:
        if stored.data.to_bytes() != document.to_bytes():
            return
        if not (yield Remove(store, join(at.path, main), ANY if stored.version is None else stored.version)):
            return
    keys = [name for name, _ in others]
    if not isinstance(metadata, GroupMetadata):
        node = ArrayNode(metadata, at, ArrayConfig())
        spec = node.view.spec
        written = yield from stored_in(node, spec, [tuple(map(range, spec.grid.counts(spec.shape)))])
        keys += map(spec.keys.encode_chunk_key, written)
    yield Together(_remove(store, join(at.path, key)) for key in keys)


def _is_alone(at: StorePath, own: set[str]) -> Flow[bool]:
    """Whether there is nothing at a place and below it but some documents. Where that cannot be told, it is not."""
    if not is_able(at.store.supports_listing):
        return False
    found: list[str] = yield Keys(at.store, at.path)
    return {join(at.path, name) for name in own}.issuperset(found)


def _remove(store: Store, key: str) -> Flow[None]:
    yield Remove(store, key)
