"""What happens to locks when this process forks: the one place where the interpreter is asked to tell of it.

A forked child has one thread, the one that forked. What other threads were doing stays half done in it for ever: a lock
that one of them had is never released, a module that one of them imported is never complete. So every lock of this library
that more than one call can meet is of one of two kinds:

- *held around forks*: whoever forks takes it first. Its owner is let finish, and what it guards is whole in the child. It is
  reentrant, as a signal handler may fork, and its owner never waits for anybody while it has it;
- *renewed in children*: the child gets a new one. What the old one guarded is either whole at any moment, or belonged to
  the threads that are gone and is forgotten too.

Besides, whoever forks waits until other threads have ended what must not be caught half-way (`finish_before_forks`).
`functools.cached_property` has a lock before Python 3.12, one for all objects of a class: `zarr._support.once` has none.
A test walks everything that this library holds and tries each lock in a child (`tests/safety/test_fork_locks.py`).
"""

from __future__ import annotations

import logging  # noqa: F401  # whoever forks takes its lock too: after ours, as it was registered before
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from operator import methodcaller
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

_PATIENCE_S = 10.0
_COURTESY_S = 3.0
_NAP_S = 0.002


class _Reentrant(Protocol):
    def acquire(self) -> bool: ...
    def release(self) -> None: ...


Lock = TypeVar("Lock", bound=_Reentrant)
Function = TypeVar("Function", bound=Callable[[], Any])


@dataclass(frozen=True, slots=True)
class _Held:
    """What is taken before a fork, and let go of in the parent and in the child.

    The functions are written in C: so several of them are one step for signal handlers, which may raise between any two
    lines of Python.
    """

    take: Callable[[], Any]
    let_go: Callable[[], Any]
    in_child: Callable[[], Any]


_held: list[_Held] = []
_renewals: list[Callable[[], Any]] = []
_unfinished: list[Callable[[], bool]] = []
_pending: set[int] = set()
_n_forks = 0


class _Forking(threading.local):
    """What this thread has taken, for each fork that it is about to make; a signal handler may begin a second one."""

    def __init__(self) -> None:
        self.taken: list[list[_Held]] = []


_forking = _Forking()


def held_around_forks(lock: Lock) -> Lock:
    """Have a reentrant lock taken by whoever forks."""
    hold_around_forks(lock.acquire, lock.release, lock.release)
    return lock


def hold_around_forks(take: Callable[[], Any], let_go: Callable[[], Any], in_child: Callable[[], Any]) -> None:
    """Have functions called before a fork, and after it in the parent and in the child; all of them written in C.

    Parameters
    ----------
    take
        Returns something true.
    let_go, in_child
        Undo it.
    """
    _held.append(_Held(take, let_go, in_child))


def renew_in_children(function: Function) -> Function:
    """Have a function called in every forked child, by its only thread."""
    _renewals.append(function)
    return function


def finish_before_forks(is_under_way: Callable[[], bool]) -> None:
    """Have forks wait while something is under way in other threads; ten seconds at most, as it may wait for the fork.

    It is asked for with everything taken that is held around forks.
    """
    _unfinished.append(is_under_way)


def is_wanted() -> bool:
    """Whether a thread waits to fork, or forks. What it waits for should not begin anew meanwhile."""
    return bool(_pending)


def give_way() -> None:
    """Wait while another thread waits to fork; for three seconds at most, as it may be waiting for this thread."""
    end = monotonic() + _COURTESY_S
    while _pending and not _forking.taken and monotonic() < end:
        sleep(_NAP_S)


def n_forks() -> int:
    """How many forks lie between this process and the one that loaded this library."""
    return _n_forks


def _before_fork() -> None:
    """Take everything. It is all taken in the end, even if this is interrupted: nobody can keep Python from forking now."""
    taken: list[_Held] = []
    _forking.taken.append(taken)
    _pending.add(id(taken))
    end = monotonic() + _PATIENCE_S
    interruption: BaseException | None = None
    while len(taken) < len(_held):
        try:
            taken.extend(filter(methodcaller("take"), _held[len(taken) :]))
            # Each is asked, as some put away what they have when they are.
            if sum(is_under_way() for is_under_way in _unfinished) and monotonic() < end:
                _let_go(taken)
                sleep(_NAP_S)
        except BaseException as exc:  # noqa: BLE001  # raised below
            interruption, end = exc, 0.0
    if interruption is not None:
        raise interruption


def _let_go(taken: list[_Held]) -> None:
    try:
        deque(map(methodcaller("let_go"), reversed(taken)), maxlen=0)
    finally:
        taken.clear()


def _in_parent() -> None:
    if _forking.taken:
        taken = _forking.taken.pop()
        _pending.discard(id(taken))
        _let_go(taken)


def _in_child() -> None:
    global _n_forks
    _n_forks += 1
    _pending.clear()
    if _forking.taken:
        deque(map(methodcaller("in_child"), reversed(_forking.taken.pop())), maxlen=0)
    for renew in _renewals:
        renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
