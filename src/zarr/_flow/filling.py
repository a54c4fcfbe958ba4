"""New arrays that are filled at once: there are all elements in the end, or there is no array."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zarr._flow.documents import documents
from zarr._flow.inventory import stored_in
from zarr._flow.requests import Fetch, Flow, Read, Remove, Together
from zarr._store.versioned import ANY
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from zarr._flow.node import ArrayNode
    from zarr._store.abstract import Store

T = TypeVar("T")


def filled(node: ArrayNode, filling: Flow[T]) -> Flow[T]:
    """Fill an array that has just been created. If that fails or is interrupted it is taken away again: what is missing would be
    read as the fill value.

    It stays if its document has been changed meanwhile, as somebody else uses it then.
    """
    try:
        return (yield from filling)
    except GeneratorExit:  # nobody answers any more
        raise
    except BaseException as exc:
        try:
            yield from _take_away(node)
        except Exception as other:
            if came_from_a_signal(other):
                raise
            exc.add_note(
                f"What had been stored of the array {'/' + node.path!r} of store {node.store_path.store!r} could not all be taken away "
                f"again ({other}). Delete what is there, or create the array with overwrite=True."
            )
        raise


def _take_away(node: ArrayNode) -> Flow[None]:
    store = node.store_path.store
    (main, document), *others = documents(node.metadata)
    (stored,) = yield Fetch(store, (Read(node.key(main)),))
    if stored is None:
        return
    with stored:
        if stored.data.to_bytes() != document.to_bytes():
            return
        if not (yield Remove(store, node.key(main), ANY if stored.version is None else stored.version)):
            return
    spec = node.view.spec
    written = yield from stored_in(node, spec, [tuple(map(range, spec.grid.counts(spec.shape)))])
    keys = [*(name for name, _ in others), *map(spec.keys.encode_chunk_key, written)]
    yield Together(_remove(store, node.key(key)) for key in keys)


def _remove(store: Store, key: str) -> Flow[None]:
    yield Remove(store, key)
