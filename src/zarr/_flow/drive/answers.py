"""How requests are answered in the calling thread: by a store's synchronous contract, by computing, by the engine.

Both drivers use this; the asynchronous one in worker threads, where an answer may take its time. `AWAITED` says that a
request cannot be answered so, because its store has to be awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from zarr._flow.direct import perform
from zarr._flow.requests import (
    Compute,
    Direct,
    Exist,
    Fetch,
    Keys,
    Links,
    Names,
    Put,
    Remove,
    RemovePrefix,
    Size,
    TakeHold,
    Where,
)
from zarr._store.access import sync_contract

if TYPE_CHECKING:
    from zarr._store.versioned import Hold, Stored

AWAITED: Final = object()


def _fetch(request: Fetch) -> list[Stored | None] | object:
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    if len(request.reads) == 1:
        (read,) = request.reads
        return [store.read(read.key, read.byte_range, version=read.version)]
    return store.read_several([(read.key, read.byte_range, read.version) for read in request.reads])


def _put(request: Put) -> bool | object:
    request.store._check_writable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.put(request.key, request.value, expected=request.expected, hold=request.hold)


def _remove(request: Remove) -> bool | object:
    request.store._check_writable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.remove(request.key, expected=request.expected, hold=request.hold)


def _hold(request: TakeHold) -> Hold | object:
    request.store._check_writable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.hold(request.prefix)


def _names(request: Names) -> Sequence[str] | object:
    request.store._check_listable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return list(store.list_names(request.prefix))


def _keys(request: Keys) -> Sequence[str] | object:
    request.store._check_listable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return list(store.list_keys(as_prefix(request.prefix)))


def _links(request: Links) -> Sequence[str] | object:
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return list(store.list_links(request.prefix))


def _where(request: Where) -> Sequence[object]:
    return request.store._whereabouts(request.prefix)


def _remove_prefix(request: RemovePrefix) -> object:
    request.store._check_writable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    store.remove_prefix(request.prefix)
    return None


def _size(request: Size) -> int | object | None:
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.size(request.key)


def _exist(request: Exist) -> Sequence[bool] | object:
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.present(request.keys)


def _compute(request: Compute) -> Any:
    return request.function(*request.args)


def as_prefix(path: str) -> str:
    """What the keys below a path begin with."""
    return f"{path}/" if path else ""


ANSWER: dict[type, Callable[[Any], Any]] = {
    Fetch: _fetch,
    Put: _put,
    Remove: _remove,
    TakeHold: _hold,
    Names: _names,
    Keys: _keys,
    Links: _links,
    Where: _where,
    RemovePrefix: _remove_prefix,
    Size: _size,
    Exist: _exist,
    Compute: _compute,
    Direct: perform,
}
"""For every request but `Together`, which is each driver's own."""
