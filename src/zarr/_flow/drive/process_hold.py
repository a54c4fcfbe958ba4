"""Turns between the threads of this process: all that can be had over a store that offers no holds."""

from __future__ import annotations

import os
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

from zarr._store.abstract import Store
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import Hold

_turns: WeakKeyDictionary[Any, Turns] = WeakKeyDictionary()
_turns_by_id: dict[int, Turns] = {}
_turns_guard = RLock()


def process_hold(store: Store, prefix: str) -> Hold:
    """Wait for, and take, the turn to change what lies directly under a prefix."""
    with _turns_guard:
        try:
            turns = _turns.setdefault(store, Turns())
        except TypeError:  # unhashable: most stores define equality only
            turns = _turns_by_id.setdefault(id(store), Turns())
    return Turn(turns, prefix)


def _forget_turns_after_fork() -> None:
    """In a forked child: the threads that had them are gone."""
    global _turns, _turns_guard
    _turns = WeakKeyDictionary()
    _turns_by_id.clear()
    _turns_guard = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_turns_after_fork)
