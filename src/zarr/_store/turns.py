"""Exclusive rights between the threads of one process: who comes first is served first.

A plain lock goes to whoever is running when it comes free, which is nearly always the thread that has just released it; so
one busy writer could keep others waiting for seconds. Here the right is handed to the one that has waited longest.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock, RLock
from typing import TYPE_CHECKING
from weakref import WeakSet

from zarr._support.forks import renew_in_children

if TYPE_CHECKING:
    from typing import Self


class Turns:
    """Holds on prefixes between the threads of this process, for a store that has no better ones.

    Attributes
    ----------
    guard
        Guards `queues`, and whatever else its owner wants to change together with them. Reentrant, as a signal handler
        or finalizer may come in the middle.
    queues
        For each prefix a lock for everyone who has or wants the right, in order; the first has it, the others wait
        at their locks.

    Examples
    --------
    >>> from zarr.abc.store import Turns
    >>> turns, values = Turns(), set()
    >>> with turns.take("a") as hold:
    ...     turns.change("a", hold, lambda: "a/key" not in values and not values.add("a/key"))
    True
    """

    def __init__(self) -> None:
        self.guard = RLock()
        self.queues: dict[str, list[Lock]] = {}
        _all.add(self)

    def is_open_to(self, prefix: str, turn: object) -> bool:
        """Whether nobody has the right on a prefix, or `turn` is it. To be asked with `guard` acquired."""
        queue = self.queues.get(prefix)
        return not queue or (isinstance(turn, Turn) and queue[0] is turn.token)

    def take(self, prefix: str) -> Turn:
        """Wait for, and take, the right on a prefix: what `SyncStore.hold` returns.

        Parameters
        ----------
        prefix
            A path; `""` is the root.
        """
        return Turn(self, prefix)

    def change(self, prefix: str, hold: object, function: Callable[[], bool]) -> bool:
        """Call a function that changes values directly under a prefix, when nobody else holds that; `guard` is taken.

        Parameters
        ----------
        prefix
            What the keys of the values lie directly under.
        hold
            That of the caller, or None.
        function
            Looks and changes in one step, and says whether it did.
        """
        with self.guard:
            if self.is_open_to(prefix, hold):
                return function()
        with Turn(self, prefix), self.guard:
            return function()


_all: WeakSet[Turns] = WeakSet()


_of_paths = Turns()


def turns_at(path: str, prefix: str = "") -> tuple[Turns, str]:
    """What `Store._shared_turns` says of a place on this machine, or of a prefix in a file there: the same by every name of it, and
    before it is made and after.
    """
    return _of_paths, f"{os.path.realpath(path)}\0{prefix}"


@renew_in_children
def _forget_all() -> None:
    """The threads that had the rights are gone, and one may have been in the middle."""
    for turns in list(_all):
        turns.guard = RLock()
        turns.queues.clear()


class Turn:
    """The right on one prefix, from the moment it is made until it is released."""

    __slots__ = ("_prefix", "_turns", "token")

    def __init__(self, turns: Turns, prefix: str) -> None:
        self.token = Lock()
        self._turns = turns
        self._prefix = prefix
        try:
            with turns.guard:
                queue = turns.queues.setdefault(prefix, [])
                waits = bool(queue)
                if waits:
                    self.token.acquire()
                queue.append(self.token)
            if waits:
                self.token.acquire()  # until whoever is before us releases it
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Hand the right to the next. Does nothing the second time, or in a forked child of the owner."""
        with self._turns.guard:
            queue = self._turns.queues.get(self._prefix)
            if queue and queue[0] is self.token:
                # Nothing is called between taking us out and waking the next, so no signal handler can raise there.
                del queue[0]
                if queue:
                    queue[0].release()
                else:
                    del self._turns.queues[self._prefix]
            elif queue and self.token in queue:
                queue.remove(self.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        # For a turn that nobody got to know: its taker was interrupted between getting it and entering its block.
        try:
            self.release()
        except AttributeError:  # interrupted so early that it has none
            pass
