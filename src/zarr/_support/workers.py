"""Several threads on the tasks of one request, where the tasks spend their time without the GIL: in codecs, with files.

As in the kernel (`rust/kernel/src/workers.rs`) the caller works too, and helpers are threads of the request, which end with
it. So there is no pool that a fork would leave without its threads, and nobody waits behind another request: a task may
use threads, loops and this library as it likes. All requests of the process share one count of threads at work, so that
requests from the user's own threads do not multiply them.

Tasks are claimed in order, and a claimed task is always finished before `run` returns: no thread is left behind that still
writes into the caller's memory.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from itertools import chain
from time import perf_counter
from typing import Any, Generic, TypeVar

from zarr._support.forks import renew_in_children
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal, let_go_if_interrupted

T = TypeVar("T")

LARGE_NBYTES = 256 * 2**10
"""A task that decodes or encodes so much takes long enough to be worth a thread."""
_WORTH_HELP_S = 500e-6
"""Requests that take less are done by the caller: starting a thread takes a tenth of it, sharing the GIL with it as well."""

_at_work: set[object] = set()
"""Threads of this process that run tasks, and tokens of those that are about to begin. It is changed in one step each time,
so that it needs no lock."""
_requests: set[_Request[Any]] = set()
"""Requests under way; of them a forked child has to know that their other threads are gone."""


def run(tasks: Iterable[Callable[[], T]], task_nbytes: int) -> list[T]:
    """Run tasks, each once, and return their results in order.

    Parameters
    ----------
    tasks
        Taken one by one, as there are threads for them.
    task_nbytes
        How much each of them decodes or encodes. With `LARGE_NBYTES` there are helpers from the second task on, with
        less if it turns out to take long, with 0 never.

    Raises
    ------
    BaseException
        What a task raised; after the first failure none is begun. Of several, that of the lowest task is raised: which
        one does not depend on timing. What interrupts the caller comes before all of them.
    """
    waiting = iter(tasks)
    begun = []
    for task in waiting:
        begun.append(task)
        if len(begun) == 2:
            break
    most = most_threads() if task_nbytes and len(begun) == 2 else 1
    if most < 2:
        return [task() for task in chain(begun, waiting)]
    return _Request(chain(begun, waiting), most).run(at_once=task_nbytes >= LARGE_NBYTES)


def most_threads() -> int:
    """Most threads at work in this process: as configured, or as many as it may run at once."""
    return settings().max_threads or _available()


def _available() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


class _Request(Generic[T]):
    """The tasks of one call of `run`, of which there are two at least."""

    def __init__(self, tasks: Iterator[Callable[[], T]], most: int) -> None:
        self._tasks, self._most = tasks, most
        # Entered as the lock: of the condition that takes two steps, between which an interrupt would leave it taken for ever.
        self._guard = threading.RLock()
        self._changed = threading.Condition(self._guard)
        self._n_claimed = 0
        self._claimed_by: dict[int, int] = {}
        self._helpers: set[int] = set()
        self._tokens: set[object] = set()
        self._is_over = False
        self._results: dict[int, T] = {}
        self._failures: dict[int, BaseException] = {}

    def run(self, *, at_once: bool) -> list[T]:
        interrupt: BaseException | None = None
        _requests.add(self)
        with _counted():
            try:
                self._work_as_caller(at_once=at_once)
            except BaseException as exc:  # noqa: BLE001  # raised when the helpers have ended
                let_go_if_interrupted(exc)
                interrupt = exc
            interrupt = self._end() or interrupt
        _requests.discard(self)
        failure = interrupt or self._first_failure()
        if failure is None:
            return [self._results[number] for number in range(self._n_claimed)]
        try:
            raise failure
        finally:
            self._failures.clear()  # they lead back to here
            del failure, interrupt

    def _work_as_caller(self, *, at_once: bool) -> None:
        has_called = False
        began = perf_counter()
        while (claimed := self._claim()) is not None:
            if not has_called and (at_once or perf_counter() - began > _WORTH_HELP_S):
                has_called = True
                self._call_helper()
            self._do(*claimed)

    def _claim(self) -> tuple[int, Callable[[], T]] | None:
        """The next task, with its number; None if there is none, or one has failed."""
        with self._guard:
            if self._is_over or self._failures:
                return None
            number = self._n_claimed
            try:
                task = next(self._tasks, None)
            except Exception as exc:  # noqa: BLE001  # planning failed: as if the task had
                self._failures[number] = exc
                return None
            if task is None:
                return None
            self._n_claimed += 1
            self._claimed_by[number] = threading.get_ident()
            return number, task

    def _do(self, number: int, task: Callable[[], T]) -> None:
        try:
            self._results[number] = task()
        except BaseException as exc:  # noqa: BLE001  # raised when all have ended
            let_go_if_interrupted(exc)
            self._failures[number] = exc

    def _first_failure(self) -> BaseException | None:
        """That of the lowest task, but what ends programs comes before errors."""
        graver = [number for number, exc in self._failures.items() if not isinstance(exc, Exception)]
        return self._failures[min(graver or self._failures)] if self._failures else None

    # -- helpers ------------------------------------------------------------------------------------------------

    def _call_helper(self) -> None:
        """Start one more thread, unless there are enough. It calls the next one if it finds something to do."""
        if len(_at_work) >= self._most or sys.is_finalizing():
            return
        token = object()
        self._tokens.add(token)
        _at_work.add(token)
        try:
            # In one step, as far as signal handlers see: what one raises in `threading.Thread.start` breaks the new thread.
            start_new_thread(copy_context().run, (self._help, token))
        except BaseException as exc:
            _at_work.discard(token)
            if not isinstance(exc, RuntimeError) or came_from_a_signal(exc):
                raise
            # There are no more threads: others do the work.

    def _help(self, token: object) -> None:
        """What a helper does. One that comes too late touches nothing."""
        here = threading.get_ident()
        with self._guard:
            if self._is_over:
                _at_work.discard(token)
                return
            self._helpers.add(here)
        try:
            with _counted():
                _at_work.discard(token)
                self._work_as_helper()
        except BaseException as exc:  # noqa: BLE001  # not of a task: there is no memory, for example
            self._failures.setdefault(self._n_claimed, exc)
        finally:
            with self._guard:
                self._helpers.discard(here)
                self._changed.notify_all()

    def _work_as_helper(self) -> None:
        has_called = False
        while (claimed := self._claim()) is not None:
            if not has_called:
                has_called = True
                self._call_helper()
            self._do(*claimed)

    def _end(self) -> BaseException | None:
        """Wait until every helper has finished its task; what interrupts the waiting, if anything does."""
        interrupt: BaseException | None = None
        while True:
            try:
                with self._guard:
                    self._is_over = True
                    while self._helpers:
                        self._changed.wait()
            except BaseException as exc:  # noqa: BLE001  # raised when the helpers have ended
                interrupt = exc
            else:
                _at_work.difference_update(self._tokens)  # of those that will come too late
                return interrupt

    def begin_in_child(self) -> None:
        """Go on without the threads that are gone. What they had begun cannot be done again: it may be half done."""
        here = threading.get_ident()
        self._guard = threading.RLock()
        self._changed = threading.Condition(self._guard)
        self._helpers.intersection_update({here})
        for number, thread in self._claimed_by.items():
            if thread != here and number not in self._results:
                self._failures[number] = RuntimeError(
                    "this process was forked in the middle of the call, which cannot be finished in the child: what other "
                    "threads were doing for it ended with the fork. Make the call again"
                )


@contextmanager
def _counted() -> Iterator[None]:
    """Count this thread among those at work, if it is not counted already because this is a part of a task."""
    thread = threading.get_ident()
    if thread in _at_work:
        yield
        return
    _at_work.add(thread)
    try:
        yield
    finally:
        _at_work.discard(thread)


@renew_in_children
def _begin_in_child() -> None:
    """Only the thread that forked is left."""
    _at_work.intersection_update({threading.get_ident()})
    for request in _requests:
        request.begin_in_child()
