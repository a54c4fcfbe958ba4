"""Requests that the native engine does wholly by itself, because it can reach the store: one call without the GIL each.

That goes for a local directory and for a memory store of exactly our classes, whose methods nobody has replaced. Any
other store is asked for its objects, one by one (`planned.py`). Writing to a memory store is encoding natively and
putting the results; what another writer changed meanwhile is written again as everywhere.

Square brackets with integers and slices have a way of their own (`get_direct`): no flow, no normalised selection, one
call that makes the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zarr._engine.native import (
    NativeFiles,
    NativePipeline,
    NativeRequest,
    NativeValues,
    lend,
    local_files,
    set_cache_capacity,
)
from zarr._flow.access import is_direct, is_unpatched
from zarr._flow.planned import chunk_missing, write_planned
from zarr._flow.requests import Compute, Flow
from zarr._store.local import LocalStore
from zarr._store.locks import DirectoryHold
from zarr._store.memory import MemoryStore
from zarr._store.versioned import ABSENT, ANY
from zarr._support.settings import settings
from zarr.errors import ChunkNotFoundError, CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._selection.model import Selection
    from zarr._store.versioned import Hold
    from zarr._support.settings import Settings

_BATCH_NBYTES = 64 * 2**20
"""Elements of about so many bytes are encoded together before they are put into a memory store."""


class _Shortcut:
    """Reads small selections of one array, as long as nothing has changed that it was made for.

    Attributes
    ----------
    get
        Called with a selection and the most threads; answers NotImplemented to what it leaves to others. None if the
        array has no shortcut.
    """

    __slots__ = ("_root", "_settings", "_store", "get")

    def __init__(self, node: ArrayNode, view: ArrayView) -> None:
        self._settings = _now()
        self._store = store = node.store_path.store
        self._root = getattr(store, "root", None)
        reached = _reach(node, view) if self._settings.cpu_buffers else None
        self.get = None if reached is None else reached.getter().get

    def holds(self, store: object, now: Settings) -> bool:
        """Whether store and settings are still those it was made for."""
        return (
            store is self._store
            and now is self._settings
            and getattr(store, "root", None) is self._root
            and is_unpatched(store)
        )


def get_direct(node: ArrayNode, selection: object) -> Any:
    """The elements of a selection of integers and slices; NotImplemented where that takes the ordinary way."""
    view = node.view
    now, store = settings(), node.store_path.store
    shortcut = view.reached.get(_Shortcut)
    if shortcut is None or not shortcut.holds(store, now):
        shortcut = view.reached[_Shortcut] = _Shortcut(node, view)
    if shortcut.get is None:
        return NotImplemented
    try:
        return shortcut.get(selection, now.max_threads)
    except (CodecError, ChunkNotFoundError):
        return NotImplemented  # it comes again on the ordinary way, which names the place


_applied: Settings | None = None


def _now() -> Settings:
    """The settings, once the kernel has heard of them."""
    global _applied
    now = settings()
    if now is not _applied:
        set_cache_capacity(now.chunk_cache_nbytes)
        _applied = now
    return now


def read_direct(node: ArrayNode, view: ArrayView, selection: Selection, out: object) -> Callable[[], None] | None:
    """What reads a selection into an array in one call; None if it takes the ordinary way."""
    reached = _reach(node, view)
    lent = None if reached is None else lend(out, view.spec.dtype)
    if reached is None or lent is None:
        return None

    def read() -> None:
        try:
            reached.read(selection, lent, _now().max_threads)
        except (CodecError, ChunkNotFoundError) as exc:
            raise _placed(exc, node, view) from exc.__cause__

    return read


def write_direct(
    node: ArrayNode, view: ArrayView, selection: Selection, value: npt.NDArray[Any], hold: Hold | None
) -> Flow[bool]:
    """Write a value into a selection, if that can be done here. Answers whether it was."""
    reached = _reach(node, view)
    lent = None if reached is None else lend(value, view.spec.dtype)
    if reached is None or lent is None:
        return False
    if isinstance(reached, NativeFiles):
        if not reached.can_write:
            return False
        node.store_path.store._check_writable()
        yield Compute(_write_files, (node, view, reached, selection, lent, hold))
        return True
    yield from _write_values(node, view, reached.request(selection, lent), hold)
    return True


def _reach(node: ArrayNode, view: ArrayView) -> NativeFiles | NativeValues | None:
    """The array's objects as the kernel reaches them; looked for once per view and place."""
    store, pipeline = node.store_path.store, view.pipeline
    if not isinstance(pipeline, NativePipeline) or not is_direct(store):
        return None
    reached: NativeFiles | NativeValues | None = None
    if type(store) is LocalStore:
        base = store._base
        if base in view.reached:
            reached = view.reached[base]
        else:
            if base not in node.places:
                node.places[base] = local_files(base, caches=node.config.chunk_cache)
            reached = view.reached[base] = pipeline.files(node.places[base], view.spec.keys, node.key(""))
    elif type(store) is MemoryStore and type(values := store._store_dict) is dict:
        if id(values) in view.reached:
            reached = view.reached[id(values)]
        else:
            reached = view.reached[id(values)] = pipeline.values(values, view.spec.keys, node.key(""))
    return reached


def _placed(exc: Any, node: ArrayNode, view: ArrayView) -> Exception:
    """An error of the kernel about one object, with its key and the array's path."""
    key = node.key(view.spec.keys.encode_chunk_key(exc.object_coords))
    return chunk_missing(node, key) if isinstance(exc, ChunkNotFoundError) else exc.at(path=node.path, key=key)


def _write_files(
    node: ArrayNode,
    view: ArrayView,
    files: NativeFiles,
    selection: Selection,
    lent: npt.NDArray[Any],
    hold: Hold | None,
) -> None:
    now = _now()
    held = hold.directory if isinstance(hold, DirectoryHold) else None
    try:
        files.write(selection, lent, now.max_threads, sync=now.durability == "fsync", held=held)
    except CodecError as exc:
        raise _placed(exc, node, view) from exc.__cause__


def _write_values(node: ArrayNode, view: ArrayView, request: NativeRequest, hold: Hold | None) -> Flow[None]:
    step = max(1, _BATCH_NBYTES // max(1, view.object_nbytes))
    for first in range(0, request.n_objects, step):
        numbers = range(first, min(first + step, request.n_objects))
        lost = yield Compute(_put_values, (node, view, request, numbers, hold))
        for number in lost:
            yield from write_planned(node, view, request, number, hold)


def _put_values(
    node: ArrayNode, view: ArrayView, request: NativeRequest, numbers: range, hold: Hold | None
) -> list[int]:
    """Encode objects and put them. Answers with the numbers of those that another writer changed meanwhile."""
    store: Any = node.store_path.store
    store._check_writable()
    keys = [node.key(view.spec.keys.encode_chunk_key(request.coords(number))) for number in numbers]
    whole = [request.is_whole(number) for number in numbers]
    old = [None if covered else store._store_dict.get(key) for key, covered in zip(keys, whole, strict=True)]
    try:
        new = request.encode_several(numbers.start, old, _now().max_threads)
    except CodecError as exc:
        raise _placed(exc, node, view) from exc.__cause__
    lost = []
    for number, key, covered, before, encoded in zip(numbers, keys, whole, old, new, strict=True):
        expected = ANY if covered else ABSENT if before is None else before
        if encoded is None:
            done = store.remove(key, expected=expected, hold=hold)
        else:
            done = store.put(key, encoded, expected=expected, hold=hold)
        if not done:
            lost.append(number)
    return lost
