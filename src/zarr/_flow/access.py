"""Which face of a store a request uses.

Our own stores answer synchronously, with versions. A subclass that overrides the asynchronous methods of one of them,
or a test that instruments those, expects to be asked through them; so the synchronous contract is used only where the
asynchronous face is still the one derived from it.
"""

from __future__ import annotations

from typing import TypeGuard

from zarr._store.abstract import Store
from zarr._store.versioned import SyncStore

_FACE = {
    name: getattr(SyncStore, name)
    for name in ("get", "set", "delete", "exists", "list", "list_prefix", "list_dir", "delete_dir", "getsize")
}


def is_direct(store: Store) -> TypeGuard[SyncStore]:
    """Whether the synchronous contract of a store may be used. Such a store has versions and holds."""
    if not isinstance(store, SyncStore) or not _FACE.keys().isdisjoint(store.__dict__):
        return False
    cls = type(store)
    for name, method in _FACE.items():  # noqa: SIM110  # classes get patched, so each time, and all() costs twice as much
        if getattr(cls, name) is not method:
            return False
    return True


def is_unpatched(store: object) -> bool:
    """Whether nobody has replaced the asynchronous face of a store of exactly our classes since that was looked at."""
    return _FACE.keys().isdisjoint(store.__dict__) and type(store).__dict__.keys().isdisjoint(_FACE)
