"""How requests are answered in the calling thread: by a store's synchronous contract, by computing, by the engine.

Both drivers use this; the asynchronous one in worker threads, where an answer may take its time. `AWAITED` says that a
request cannot be answered so, because its store has to be awaited, or another computer has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from zarr._buffer.pieces import Pieced
from zarr._flow.direct import perform
from zarr._flow.requests import (
    Await,
    Compute,
    Direct,
    Discard,
    Exist,
    Fetch,
    Keys,
    Links,
    Names,
    Publish,
    Put,
    Remove,
    RemovePrefix,
    Rename,
    Size,
    Strays,
    TakeHold,
    TakeRoom,
    Where,
)
from zarr._store.access import renamed, sync_contract
from zarr._support.request_room import called_inside, take_room

if TYPE_CHECKING:
    from zarr._store.strays import Stray
    from zarr._store.versioned import Hold, Stored, SyncContract
    from zarr._support.request_room import Room

AWAITED: Final = object()


def _fetch(store: SyncContract, request: Fetch) -> list[Stored | None]:
    if len(request.reads) == 1:
        (read,) = request.reads
        return [store.read(read.key, read.byte_range, version=read.version)]
    return store.read_several([(read.key, read.byte_range, read.version) for read in request.reads])


def _put(store: SyncContract, request: Put) -> bool:
    request.store._check_writable()
    if isinstance(request.value, Pieced):
        return store.put_pieces(request.key, request.value.write, expected=request.expected, hold=request.hold)
    return store.put(request.key, request.value, expected=request.expected, hold=request.hold)


def _remove(store: SyncContract, request: Remove) -> bool:
    request.store._check_writable()
    return store.remove(request.key, expected=request.expected, hold=request.hold)


def _names(store: SyncContract, request: Names) -> Sequence[str]:
    request.store._check_listable()
    return list(store.list_names(request.prefix))


def _keys(store: SyncContract, request: Keys) -> Sequence[str]:
    request.store._check_listable()
    return list(store.list_keys(as_prefix(request.prefix)))


def _links(store: SyncContract, request: Links) -> Sequence[str]:
    return list(store.list_links(request.prefix))


def _remove_prefix(store: SyncContract, request: RemovePrefix) -> None:
    request.store._check_writable()
    store.remove_prefix(request.prefix)


def _size(store: SyncContract, request: Size) -> int | None:
    return store.size(request.key)


def _exist(store: SyncContract, request: Exist) -> Sequence[bool]:
    return store.present(request.keys)


BY_CONTRACT: dict[type, Callable[[SyncContract, Any], Any]] = {
    Fetch: _fetch,
    Put: _put,
    Remove: _remove,
    Names: _names,
    Keys: _keys,
    Links: _links,
    RemovePrefix: _remove_prefix,
    Size: _size,
    Exist: _exist,
}
"""What a store that is called without an event loop is asked to do."""


def _at_once(call: Callable[[SyncContract, Any], Any]) -> Callable[[Any], Any]:
    """Answer here, if the store is one that answers without a loop and without another computer."""

    def answer(request: Any) -> Any:
        store = sync_contract(request.store)
        return AWAITED if store is None or store.capabilities.is_remote else call(store, request)

    return answer


def _hold(request: TakeHold) -> Hold | object:
    request.store._check_writable()
    if (store := sync_contract(request.store)) is None:
        return AWAITED
    return store.hold(request.prefix) if request.key is None else store.hold_object(request.key, request.under)


def _where(request: Where) -> Sequence[object]:
    return request.store._whereabouts(request.prefix)


def _strays(request: Strays) -> Sequence[Stray]:
    request.store._check_listable()
    return request.store._strays(request.prefix)


def _discard(request: Discard) -> bool:
    request.store._check_writable()
    return request.store._discard(request.stray)


def _publish(request: Publish) -> None:
    request.store._check_writable()
    request.staging.publish()


def _rename(request: Rename) -> bool:
    request.store._check_writable()
    return renamed(request.store, request.prefix, request.new)


def _compute(request: Compute) -> Any:
    return called_inside(request.function, *request.args)


def _take_room(request: TakeRoom) -> Room | object:
    room = take_room(request.nbytes, waits=request.waits)
    return AWAITED if room is None else room


def as_prefix(path: str) -> str:
    """What the keys below a path begin with."""
    return f"{path}/" if path else ""


ANSWER: dict[type, Callable[[Any], Any]] = {
    **{kind: _at_once(call) for kind, call in BY_CONTRACT.items()},
    TakeHold: _hold,
    TakeRoom: _take_room,
    Where: _where,
    Strays: _strays,
    Discard: _discard,
    Publish: _publish,
    Rename: _rename,
    Compute: _compute,
    Direct: perform,
    Await: lambda _: AWAITED,
}
"""For every request but `Together`, which is each driver's own."""
