"""Turns between the threads of this process: all that can be had over a store that offers no holds.

They are those of the place where values lie, if the store tells that, so that whoever gets there by another object takes turns with
the rest; else those of the store object. A store may also share turns of its own with others of the same medium.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary, ref

from zarr._store.abstract import Store
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import Hold
from zarr._support.forks import renew_in_children
from zarr._support.threads import call_in_new_thread

_turns_by_place = Turns()
"""Those of stores that tell where they are: the names are those places."""
_turns: WeakKeyDictionary[Any, Turns] = WeakKeyDictionary()
_turns_by_id: dict[int, tuple[ref[Any], Turns]] = {}
"""Those of stores without a hash, each with what forgets it when the store is gone."""
_turns_guard = RLock()


def process_hold(store: Store, prefix: str) -> Hold:
    """Wait for, and take, the turn to change what lies directly under a prefix."""
    return Turn(*_turns_of(store, prefix))


def take_free_hold(store: Store, prefix: str) -> Hold | None:
    """The same, if nobody has the turn; else None."""
    turns, name = _turns_of(store, prefix)
    with turns.guard:
        return Turn(turns, name) if turns.is_open_to(name, None) else None


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


def _turns_of(store: Store, prefix: str) -> tuple[Turns, str]:
    """The turns, and what the right on a prefix is called there."""
    shared = store._shared_turns(prefix)
    if shared is not None:
        return shared
    *_, place = store._whereabouts(prefix)
    try:
        hash(place)
    except TypeError:  # it equals what another store equals, and no more is known
        return _own_turns_of(store), prefix
    return _turns_by_place, repr(place)


def _own_turns_of(store: Store) -> Turns:
    with _turns_guard:
        try:
            known = _turns.get(store)
        except TypeError:  # unhashable: most stores define equality only
            return _turns_of_unhashable(store)
        if known is None:
            known = _turns[store] = Turns()
        return known


def _turns_of_unhashable(store: Store) -> Turns:
    number = id(store)
    if number not in _turns_by_id:
        forget = ref(store, lambda _: _turns_by_id.pop(number, None))
        _turns_by_id[number] = forget, Turns()
    return _turns_by_id[number][1]


@renew_in_children
def _renew_guard() -> None:
    global _turns_guard
    _turns_guard = RLock()
