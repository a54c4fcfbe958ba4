"""Which contract a store is used by: the versioned one, or zarr-python's with what can be made of it.

Our own stores, and others' that are made like them, offer versions. A subclass that overrides the asynchronous face of one
of them, or a test that instruments it, expects to be asked through that face; so the versioned contract is used only where
the face is still the one derived from it. The same goes for a store around another: it has the contract of the one inside
as long as nobody has overridden what it passes on. Everybody else asks here, never by the type of a store.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from zarr._store.capabilities import Capabilities
from zarr._store.facade import behind
from zarr._store.foreign import ForeignStore
from zarr._store.versioned import AsyncStore, SyncStore
from zarr._store.wrapper import WrapperStore

if TYPE_CHECKING:
    from zarr._store.abstract import Store
    from zarr._store.native_place import NativePlace
    from zarr._store.staging import Staging
    from zarr._store.versioned import AsyncContract, SyncContract

_NAMES = ("get", "set", "delete", "exists", "list", "list_prefix", "list_dir", "delete_dir", "getsize")
_SYNC_NAMES = frozenset(_NAMES)
_sync_face = attrgetter(*_NAMES)
_GET, _SET, _DELETE, _EXISTS, _LIST, _LIST_PREFIX, _LIST_DIR, _DELETE_DIR, _GETSIZE = _sync_face(SyncStore)
_ASYNC_FACE = {name: getattr(AsyncStore, name) for name in ("get", "set", "delete", "exists", "getsize")}


def sync_contract(store: Store) -> SyncContract | None:
    """The store by its synchronous contract; None if it has none that may be used."""
    if SyncStore in type(store).__mro__:  # every request asks, and of an abstract class `isinstance` takes longer
        if not _SYNC_NAMES.isdisjoint(store.__dict__):
            return None
        return store if _has_sync_face(type(store)) else None  # type: ignore[return-value]  # each time, as classes get patched
    if (inner := behind(store)) is not None:
        return sync_contract(inner)
    if not isinstance(store, WrapperStore) or not store._passes_all_on():
        return None
    inside = sync_contract(store._store)
    return None if inside is None else store._sync_form(inside)


def _has_sync_face(cls: Any) -> bool:
    """Whether a class has the face of `SyncStore`. Nothing is compared: a mock would count that as being used."""
    return (
        cls.get is _GET
        and cls.set is _SET
        and cls.delete is _DELETE
        and cls.exists is _EXISTS
        and cls.list is _LIST
        and cls.list_prefix is _LIST_PREFIX
        and cls.list_dir is _LIST_DIR
        and cls.delete_dir is _DELETE_DIR
        and cls.getsize is _GETSIZE
    )


def async_contract(store: Store) -> AsyncContract:
    """The store by an asynchronous contract: its own with versions, or what others' stores have, in the same form."""
    if isinstance(inner := behind(store), AsyncStore):
        store = inner
    if isinstance(store, WrapperStore) and store._passes_all_on():
        return store._async_form(async_contract(store._store))
    if isinstance(store, AsyncStore) and _ASYNC_FACE.keys().isdisjoint(store.__dict__):
        cls = type(store)
        if all(getattr(cls, name) is method for name, method in _ASYNC_FACE.items()):
            return store
    return ForeignStore(store)


def capabilities(store: Store) -> Capabilities:
    """What may be relied on when a store is used by the contract that is chosen here."""
    found = sync_contract(store)
    return async_contract(store).capabilities if found is None else found.capabilities


def takes_pieces(store: Store) -> bool:
    """Whether a value may be handed to a store piece by piece."""
    found = sync_contract(store)
    return found is not None and found.capabilities.takes_pieces


def answers_at_once(store: Store) -> bool:
    """Whether a request to a store costs so little that one more does not matter."""
    found = sync_contract(store)
    return found is not None and not found.capabilities.is_remote


def relies_on_versions(store: Store) -> bool:
    """Whether versions are all that keeps writers from each other's changes: a hold does not keep out other processes."""
    able = capabilities(store)
    return able.puts_conditionally and not (able.holds_between_threads or able.holds_between_processes)


def is_foreign(store: Store) -> bool:
    """Whether a store has zarr-python's methods and nothing else: it is asked for no more than is needed, as somebody may count."""
    return sync_contract(store) is None and isinstance(async_contract(store), ForeignStore)


def native_place(store: Store) -> NativePlace | None:
    """Where an engine finds the store's values by itself; None if it has to ask the store for them."""
    found = sync_contract(store)
    return None if found is None else found.native_place()


def staging(store: Store, prefix: str) -> Staging | None:
    """What takes the place of all that is under a prefix of a store at one moment; None if it cannot do that."""
    found = sync_contract(store)
    return found._staging(prefix) if isinstance(found, SyncStore) else None


def renames(store: Store) -> bool:
    """Whether a store can give what is under a prefix another one in one step."""
    found = sync_contract(store)
    return isinstance(found, SyncStore) and found._renames


def renamed(store: Store, prefix: str, new: str) -> bool:
    """Whether what is under a prefix has another one now, given in one step; nothing is done where that was not possible."""
    found = sync_contract(store)
    return isinstance(found, SyncStore) and found._rename_prefix(prefix, new)


def is_unpatched(store: object) -> bool:
    """Whether nobody has replaced the asynchronous face of a store of exactly our classes since that was looked at."""
    return _SYNC_NAMES.isdisjoint(store.__dict__) and type(store).__dict__.keys().isdisjoint(_SYNC_NAMES)
