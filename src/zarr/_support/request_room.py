"""Room in memory for what requests to other computers bring and take: so many bytes for the whole process.

Whoever is about to fetch or store something large takes room for it first, and gives it back when that is decoded or stored.
One waits behind the other, in the order in which they came, until there is enough. What is larger than all the room there is
goes alone. So nobody may wait while somebody waits for them: who has a hold that others wait for, and whoever is called by a
codec or a store in the midst of a request, is given room at once.
"""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._support.forks import renew_in_children
from zarr._support.request_threads import is_in_call
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")
_SHARE = 4096
"""What is smaller than such a part of all the room is not counted: of that there may be thousands."""
INSIDE: ContextVar[bool] = ContextVar("zarr_is_inside_of_a_request", default=False)
"""Whether this is called in the midst of a request, so that it may not wait for room."""


def called_inside(function: Callable[..., T], *args: Any) -> T:
    """Call a function in the midst of a request: what that calls does not wait for room."""
    token = INSIDE.set(True)
    try:
        return function(*args)
    finally:
        INSIDE.reset(token)


def is_counted(nbytes: int) -> bool:
    """Whether something is so large that it needs room."""
    return nbytes > settings().request_nbytes // _SHARE


class Room:
    """Room that was taken; it is given back once.

    Parameters
    ----------
    account
        Where it is taken.

    Attributes
    ----------
    nbytes
        How much; nothing before it is taken, and after it was given back.
    """

    __slots__ = ("_account", "nbytes")

    def __init__(self, account: _Account) -> None:
        self.nbytes, self._account = 0, account

    def release(self) -> None:
        if self.nbytes:
            self._account.give_back(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        try:
            self.release()
        except AttributeError:  # interrupted so early that it has none
            pass


class AwaitedRoom:
    """Room that is waited for. It is made, then begun, so that it can be cancelled at any moment.

    Parameters
    ----------
    nbytes
        How much.
    answered
        Called once, with the room or with why it was not waited for any more.
    """

    __slots__ = ("_account", "answered", "is_queued", "nbytes")

    def __init__(self, nbytes: int, answered: Callable[[Any, BaseException | None], None]) -> None:
        self.nbytes, self.answered = nbytes, answered
        self.is_queued = False
        self._account = _account

    def begin(self) -> None:
        self._account.queue(self)

    def cancel(self) -> None:
        if self._account.forget(self) or not self.is_queued:
            self.answered(None, InterruptedError("nobody waits for the room any more"))


def take_room(nbytes: int, *, waits: bool = True) -> Room | None:
    """Take room, if there is enough and nobody else waits for it, or the caller may not wait; else it has to be waited for."""
    return _account.take(nbytes, waits=waits and not INSIDE.get() and not is_in_call())


class _Account:
    """The room of one process, who has it and who waits for it.

    Whatever may let somebody go on who waits sees to that before it changes anything: an interrupt between the two would leave them
    waiting for ever.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._n_used = 0
        self._waiting: deque[AwaitedRoom] = deque()

    def take(self, nbytes: int, *, waits: bool) -> Room | None:
        with self._guard:
            if waits and (self._waiting or not self._is_enough(nbytes)):
                return None
            return self._taken(nbytes)

    def _is_enough(self, nbytes: int) -> bool:
        return not self._n_used or self._n_used + nbytes <= settings().request_nbytes

    def _taken(self, nbytes: int) -> Room:
        room = Room(self)
        # Nothing is called between these two lines, so no signal handler can raise there: what is taken has somebody who gives it back.
        self._n_used += nbytes
        room.nbytes = nbytes
        return room

    def queue(self, who: AwaitedRoom) -> None:
        with self._guard:
            first = self._waiting[0] if self._waiting else who
            is_due = self._is_enough(first.nbytes)  # some was given back since it was asked for
            is_elsewhere = is_due and self._hand_out_elsewhere()
            self._waiting.append(who)
            who.is_queued = True
        if is_due and not is_elsewhere:
            self._hand_out()

    def forget(self, who: AwaitedRoom) -> bool:
        """Whether it was still waiting."""
        with self._guard:
            if who not in self._waiting:
                return False
            is_elsewhere = self._hand_out_elsewhere()  # who came next may need less
            self._waiting.remove(who)
        if not is_elsewhere:
            self._hand_out()
        return True

    def give_back(self, room: Room) -> None:
        with self._guard:
            is_elsewhere = bool(self._waiting) and self._hand_out_elsewhere()
            # Nor between these: it is given back once, and wholly.
            self._n_used -= room.nbytes
            room.nbytes = 0
        if not is_elsewhere:
            self._hand_out()

    def _hand_out_elsewhere(self) -> bool:
        """Have another thread hand out what there is when the guard is free, if this is the thread of signal handlers: one of them may
        raise in the midst of it. Whether another one does.
        """
        if threading.get_ident() != threading.main_thread().ident or sys.is_finalizing():
            return False
        try:
            start_new_thread(self._hand_out, ())
        except RuntimeError as exc:  # there are no more threads
            if came_from_a_signal(exc):
                raise
            return False
        return True

    def _hand_out(self) -> None:
        while self._waiting:
            with self._guard:
                if not self._waiting or not self._is_enough(self._waiting[0].nbytes):
                    return
                first = self._waiting.popleft()
                room = self._taken(first.nbytes)
            first.answered(room, None)


_account = _Account()


@renew_in_children
def _begin_in_child() -> None:
    """Nobody else is in this process; what its own thread has was taken of the parent's."""
    global _account
    _account = _Account()
