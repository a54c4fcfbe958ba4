"""Threads for requests that spend their time waiting for somebody else's computer, and how many are under way at once.

A request to a remote store is a function that returns when the answer is there. Many go out together, each in a thread of
its own: they hold no lock meanwhile, and wait for nobody in this process, so a queue of them always gets on. Threads are
started as they are needed, up to `async.concurrency`, and end when there has been nothing to do for a while.

A request may be made of others, as to an archive in a store that has to be awaited, whose requests come here again. Whoever waits
for such lends its place meanwhile (`place_lent`), so that they are not queued behind those who wait for them.

The gate is what limits the requests of the whole process, in whatever threads they are made.
"""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from zarr._support.forks import renew_in_children
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from typing import Self

_IDLE_S = 5.0
_MOST = 1024
"""Where there is no limit."""
_GLANCE_S = 0.05
"""So often whoever pauses looks whether somebody waits for it still."""
_here = threading.local()


def most_requests() -> int:
    """Most requests of this process that are under way at once."""
    return min(settings().concurrency, _MOST)


class Call:
    """A function that is called in one of the threads. It is made, then begun, so that it can be cancelled at any moment.

    Parameters
    ----------
    function
        The function.
    answered
        Called once, with its result or what it raised.
    """

    __slots__ = ("_answered", "_begun", "_function", "is_unwanted")

    def __init__(self, function: Callable[[], Any], answered: Callable[[Any, BaseException | None], None]) -> None:
        self._function, self._answered = function, answered
        self.is_unwanted = False
        # Taken by whoever comes first: the thread that calls the function, or who cancels.
        self._begun = threading.Lock()

    def begin(self) -> None:
        _pool.add(self)

    def cancel(self) -> None:
        """See to it that the function is not called any more; if it has been, the answer comes when it has returned.

        That is soon if it is in a pause: it makes no other attempt.
        """
        self.is_unwanted = True
        if self._begun.acquire(False):
            self._answered(None, InterruptedError("nobody waits for the answer any more"))

    def run(self) -> None:
        if not self._begun.acquire(False):
            return
        result, error = None, None
        _here.call = self
        try:
            result = self._function()
        except BaseException as exc:  # noqa: BLE001  # raised by whoever waits
            error = exc
        finally:
            _here.call = None
        self._answered(result, error)


def is_in_call() -> bool:
    """Whether this is called by a function that is called in one of the threads."""
    return getattr(_here, "call", None) is not None


def pause(seconds: float) -> bool:
    """Wait before another attempt; False, and soon, if this is a call that was cancelled."""
    call: Call | None = getattr(_here, "call", None)
    if call is None:
        sleep(seconds)
        return True
    end = monotonic() + seconds
    while not call.is_unwanted and (left := end - monotonic()) > 0:
        sleep(min(left, _GLANCE_S))
    return not call.is_unwanted


@contextmanager
def place_lent() -> Iterator[None]:
    """What a call waits in for others that may need threads of these too: as long as it does, there may be one more."""
    if not is_in_call():
        yield
        return
    pool = _pool
    pool.lend(1)
    try:
        yield
    finally:
        pool.lend(-1)


class _Pool:
    """The threads, and the calls that wait for one.

    A call counts from when it is added until it has been made. So there is a thread for each, as long as there are not more of them
    than threads may be; where in between a thread is does not matter.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()  # a signal handler or a finalizer that makes a request may come in the middle
        self._waiting: SimpleQueue[Call] = SimpleQueue()
        self._n_threads = self._n_calls = self._n_lent = 0

    def add(self, call: Call) -> None:
        """Have a call made: by a thread that has nothing to do, or a new one, or by whoever is done first."""
        with self._guard:
            self._n_calls += 1
            self._waiting.put(call)
        self._see_to_threads()

    def lend(self, n: int) -> None:
        """Have so many threads more than there may be otherwise."""
        with self._guard:
            self._n_lent += n
        self._see_to_threads()

    def _see_to_threads(self) -> None:
        """Start a thread, if there are fewer than are needed and than there may be. One that an interrupt keeps from it is not counted."""
        is_alone = False
        with self._guard:
            if self._n_threads < min(self._n_calls, most_requests() + self._n_lent):
                is_started = False
                try:
                    self._n_threads += 1
                    is_started = self._start()
                finally:
                    if not is_started:
                        self._n_threads -= 1
                is_alone = not self._n_threads
        if is_alone:  # there are no more threads in this process: here, then
            self._work_here()

    def _start(self) -> bool:
        if sys.is_finalizing():
            return False
        try:
            # In one step, as far as signal handlers see: what one raises in `threading.Thread.start` breaks the new thread.
            start_new_thread(self._work, ())
        except RuntimeError as exc:
            if came_from_a_signal(exc):
                raise
            return False
        return True

    def _work(self) -> None:
        while (call := self._next()) is not None:
            self._make(call)
            del call  # it has the answer, which may be large

    def _next(self) -> Call | None:
        """The next call; None, and one thread less, if there was none for a while."""
        while True:
            with suppress(Empty):
                return self._waiting.get(timeout=_IDLE_S)
            with self._guard:
                if self._n_threads > self._n_calls:
                    self._n_threads -= 1
                    return None

    def _make(self, call: Call) -> None:
        try:
            call.run()
        finally:
            with self._guard:
                self._n_calls -= 1

    def _work_here(self) -> None:
        with suppress(Empty):
            while True:
                self._make(self._waiting.get_nowait())


class Gate:
    """What so many may be inside of at once, each `with gate.place()`; others wait.

    Parameters
    ----------
    most
        Tells how many, each time.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self.begin_in_child()
        _gates.add(self)

    def place(self) -> Place:
        """A place inside, which is to be entered."""
        return Place(self)

    def enter(self, place: Place) -> None:
        """Wait until there is room, and go inside."""
        with self._guard:
            while self._n_inside >= self._most():
                self._n_waiting += 1
                try:
                    self._changed.wait()
                finally:
                    self._n_waiting -= 1
            # Nothing is called between these two lines, so no signal handler can raise there: who is inside is known to be.
            self._n_inside += 1
            place.inside = self._guard

    def leave(self, place: Place) -> None:
        """Let the next one in. Does nothing the second time, or in a forked child of who went inside."""
        with self._guard:
            if place.inside is self._guard:
                if self._n_waiting:
                    self._changed.notify()  # who looks when this is let go of
                self._n_inside -= 1  # nor here
                place.inside = None

    def begin_in_child(self) -> None:
        """Nobody is inside: whoever was is not in this process."""
        self._guard = threading.RLock()
        self._changed = threading.Condition(self._guard)
        self._n_inside = self._n_waiting = 0


class Place:
    """A place inside of a gate, for one block. It is left in the end by one who was interrupted on the way in or out, too.

    Parameters
    ----------
    gate
        The gate.

    Attributes
    ----------
    inside
        What guards the gate of the process in which it was entered; None as long as it was not, and when it was left.
    """

    __slots__ = ("_gate", "inside")

    def __init__(self, gate: Gate) -> None:
        self.inside: object = None
        self._gate = gate

    def __enter__(self) -> Self:
        self._gate.enter(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self._gate.leave(self)

    def __del__(self) -> None:
        try:
            if self.inside is not None:
                self._gate.leave(self)
        except AttributeError:  # interrupted so early that it has none
            pass


_gates: WeakSet[Gate] = WeakSet()
_pool = _Pool()
PROCESS_GATE = Gate(most_requests)


@renew_in_children
def _begin_in_child() -> None:
    global _pool
    _pool = _Pool()
    for gate in list(_gates):
        gate.begin_in_child()
