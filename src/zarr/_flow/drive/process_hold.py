"""Turns between the threads of this process: all that can be had over a store that offers no holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

from zarr._store.abstract import Store
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import Hold
from zarr._support.threads import call_in_new_thread

_turns: WeakKeyDictionary[Any, Turns] = WeakKeyDictionary()
_turns_by_id: dict[int, Turns] = {}
_turns_guard = RLock()


def process_hold(store: Store, prefix: str) -> Hold:
    """Wait for, and take, the turn to change what lies directly under a prefix."""
    return Turn(_turns_of(store), prefix)


def take_free_hold(store: Store, prefix: str) -> Hold | None:
    """The same, if nobody has the turn; else None."""
    turns = _turns_of(store)
    with turns.guard:
        return Turn(turns, prefix) if turns.is_open_to(prefix, None) else None


class AwaitedHold:
    """A hold that is waited for in a thread of its own. It is made, then begun, so that it can be cancelled at any moment.

    Parameters
    ----------
    take
        Waits for the hold and returns it.
    answered
        Called once, with the hold or what went wrong. A hold that comes after it was given up is let go.
    """

    __slots__ = ("_answered", "_guard", "_is_answered", "_take")

    def __init__(self, take: Callable[[], Hold], answered: Callable[[Any, BaseException | None], None]) -> None:
        self._take, self._answered = take, answered
        self._guard = Lock()
        self._is_answered = False

    def begin(self) -> None:
        call_in_new_thread(self._take, self._answer)

    def cancel(self) -> None:
        self._answer(None, InterruptedError("nobody waits any more"))

    def _answer(self, hold: Any, error: BaseException | None) -> None:
        with self._guard:
            late, self._is_answered = self._is_answered, True
        if not late:
            self._answered(hold, error)
        elif hold is not None:
            hold.release()


def _turns_of(store: Store) -> Turns:
    with _turns_guard:
        try:
            return _turns.setdefault(store, Turns())
        except TypeError:  # unhashable: most stores define equality only
            return _turns_by_id.setdefault(id(store), Turns())


def _forget_turns_after_fork() -> None:
    """In a forked child: the threads that had them are gone."""
    global _turns, _turns_guard
    _turns = WeakKeyDictionary()
    _turns_by_id.clear()
    _turns_guard = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_turns_after_fork)
