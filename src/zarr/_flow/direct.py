"""The direct route: whole requests that the engine performs at a place of the store which it reaches by itself.

That goes for a local directory and for a memory store of exactly our classes, whose methods nobody has replaced. Any
other store is asked for its objects, one by one (`objects.py`). For flows it is a request like others, `Direct`.

Square brackets with integers and slices have a way of their own to read (`get_direct`): no flow, no normalised selection,
one call that makes the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._buffer.memory import has_no_unit, holds_characters
from zarr._engine.extension import set_cache_capacity
from zarr._store.access import is_unpatched, native_place
from zarr._store.permissions import of_change
from zarr._support.settings import settings
from zarr.errors import ChunkNotFoundError, CodecError, KeyBlockedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr._engine.contract import ObjectRequest, Reached
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._flow.requests import Direct
    from zarr._support.settings import Settings


def reach(node: ArrayNode, view: ArrayView) -> Reached | None:
    """The array's objects as its engine reaches them, if it does; looked for once per view and place."""
    place = native_place(node.store_path.store)
    if place is None:
        return None
    if place != view.place:
        before = node.reached if place == node.place else None
        reached = view.pipeline.reach(
            place, view.spec.keys, node.key(""), caches=node.config.chunk_cache, before=before
        )
        view.reached, view.place = reached, place
        node.reached, node.place = reached, place
    return view.reached


def perform(request: Direct) -> Sequence[ObjectRequest]:
    """Answer a `Direct`: let the engine read or write."""
    now = kernel_settings()
    if not request.writes:
        request.reached.read(request.selection, request.memory, now.max_threads)
        return ()
    request.store._check_writable()
    try:
        return request.reached.write(
            request.selection, request.memory, now.max_threads, sync=request.sync, hold=request.hold
        )
    except OSError as exc:
        if exc.filename is None or isinstance(exc, KeyBlockedError):
            raise
        raise of_change(exc, exc.filename) from None


_applied: Settings | None = None


def kernel_settings() -> Settings:
    """The settings, once the kernel has heard of them."""
    global _applied
    now = settings()
    if now is not _applied:
        set_cache_capacity(now.chunk_cache_nbytes)
        _applied = now
    return now


class Shortcut:
    """Reads small selections of one array, as long as nothing has changed that it was made for.

    Attributes
    ----------
    get
        Called with a selection and the most threads; answers NotImplemented to what it leaves to others. None if the
        array has no shortcut.
    """

    __slots__ = ("_base", "_settings", "_store", "get")

    def __init__(self, node: ArrayNode, view: ArrayView) -> None:
        self._settings = kernel_settings()
        self._store = store = node.store_path.store
        self._base = getattr(store, "_base", None)
        dtype = view.spec.dtype
        is_usual = self._settings.cpu_buffers and not has_no_unit(dtype) and not holds_characters(dtype)
        reached = reach(node, view) if is_usual else None
        self.get = None if reached is None else reached.getter().get

    def holds(self, store: object, now: Settings) -> bool:
        """Whether store and settings are still those it was made for."""
        return (
            store is self._store
            and now is self._settings
            and getattr(store, "_base", None) is self._base  # a store in a directory can be moved
            and is_unpatched(store)
        )


def get_direct(node: ArrayNode, selection: object) -> Any:
    """The elements of a selection of integers and slices; NotImplemented where that takes the ordinary way."""
    view = node.view
    now, store = settings(), node.store_path.store
    shortcut = view.shortcut
    if shortcut is None or not shortcut.holds(store, now):
        shortcut = view.shortcut = Shortcut(node, view)
    if shortcut.get is None:
        return NotImplemented
    try:
        return shortcut.get(selection, now.max_threads)
    except (CodecError, ChunkNotFoundError):
        return NotImplemented  # it comes again on the ordinary way, which names the place
