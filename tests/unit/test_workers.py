"""Tasks of one request on several threads: `zarr._support.workers`."""

from __future__ import annotations

import contextvars
import os
import threading

import numpy as np
import pytest

import zarr
from tests.suites.children import end_of_child
from tests.suites.threads import PROMPTLY, in_threads
from zarr._support import workers
from zarr._support.workers import LARGE_NBYTES


@pytest.fixture(autouse=True)
def two_threads():
    with zarr.config.set({"threading.max_workers": 2}):
        yield
    assert not workers._at_work


def here(_=None):
    return threading.current_thread()


class Meeting:
    """A task that ends when so many of its kind are under way at once."""

    def __init__(self, n):
        self.barrier = threading.Barrier(n)

    def __call__(self):
        self.barrier.wait(PROMPTLY)
        return threading.current_thread()


@pytest.mark.parametrize("task_nbytes", [0, 1, LARGE_NBYTES])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_every_task_runs_once_and_results_come_in_order(n, task_nbytes):
    done = []
    tasks = (lambda i=i: done.append(i) or i for i in range(n))
    assert workers.run(tasks, task_nbytes) == list(range(n))
    assert sorted(done) == list(range(n))


def test_tasks_are_shared_out():
    threads = workers.run([Meeting(2)] * 6, LARGE_NBYTES)
    assert len(set(threads)) == 2
    assert here() in threads


def test_tasks_that_turn_out_long_are_shared_out_as_well():
    meeting = Meeting(2)
    found = workers.run([lambda: threading.Event().wait(0.01), *[meeting] * 4], 1)
    assert len(set(found[1:])) == 2


@pytest.mark.parametrize(("n", "task_nbytes"), [(20, 0), (1, LARGE_NBYTES)])
def test_what_is_not_worth_a_thread_stays_with_the_caller(n, task_nbytes):
    assert set(workers.run([here] * n, task_nbytes)) == {here()}


def test_the_configured_number_of_threads_is_the_most():
    with zarr.config.set({"threading.max_workers": 1}):
        assert set(workers.run([here] * 20, LARGE_NBYTES)) == {here()}
    with zarr.config.set({"threading.max_workers": 5}):
        assert len(set(workers.run([Meeting(5)] * 5, LARGE_NBYTES))) == 5


def test_requests_share_the_number_of_threads():
    inner = []

    def outer():
        meeting()
        inner.append(set(workers.run([here] * 20, LARGE_NBYTES)) == {here()})

    meeting = Meeting(2)
    workers.run([outer] * 2, LARGE_NBYTES)
    assert inner == [True, True]


def test_the_users_own_threads_count():
    """Two callers at once are as many threads as there may be."""
    meeting = Meeting(2)

    def request():
        threads = workers.run([meeting, here, here, here], LARGE_NBYTES)
        assert set(threads) == {here()}

    with zarr.config.set({"threading.max_workers": 1}):
        in_threads([request] * 2)


def test_the_failure_of_the_lowest_task_is_raised_and_none_begins_after_it():
    both = threading.Barrier(2)
    begun = []

    def failing(number):
        def task():
            begun.append(number)
            both.wait(PROMPTLY)
            raise ValueError(number)

        return task

    with pytest.raises(ValueError, match="0"):
        workers.run(map(failing, range(100)), LARGE_NBYTES)
    assert sorted(begun) == [0, 1]


def test_a_plan_that_fails_is_an_error_and_what_was_begun_is_finished():
    done = []

    def tasks():
        for number in range(3):
            yield lambda number=number: done.append(number)
        raise KeyError("plan")

    with pytest.raises(KeyError, match="plan"):
        workers.run(tasks(), LARGE_NBYTES)
    assert sorted(done) == [0, 1, 2]


def test_an_interrupted_caller_leaves_nobody_at_work():
    both, is_done = threading.Barrier(2), threading.Event()
    caller = here()

    def task():
        both.wait(PROMPTLY)
        if here() is caller:
            raise KeyboardInterrupt
        threading.Event().wait(0.1)
        is_done.set()
        raise ValueError("less grave")

    with pytest.raises(KeyboardInterrupt):
        workers.run([task] * 10, LARGE_NBYTES)
    assert is_done.is_set()


def test_what_an_interrupted_task_holds_is_let_go_before_helpers_are_waited_for():
    """As a lock that it has taken, and not yet seen to it that it is given back."""
    both, is_free, seen = threading.Barrier(2), threading.Event(), []
    caller = here()

    class Lock:
        def __del__(self):
            is_free.set()

    def task():
        both.wait(PROMPTLY)
        if here() is caller:
            held = Lock()  # noqa: F841
            raise KeyboardInterrupt
        seen.append(is_free.wait(PROMPTLY))

    with pytest.raises(KeyboardInterrupt):
        workers.run([task] * 10, LARGE_NBYTES)
    assert seen == [True]


def test_helpers_see_the_context_of_the_caller():
    variable = contextvars.ContextVar("variable", default="elsewhere")
    variable.set("here")
    meeting = Meeting(2)
    with np.errstate(over="raise"):
        seen = workers.run([lambda: (meeting(), variable.get(), np.geterr()["over"])[1:]] * 2, LARGE_NBYTES)
    assert seen == [("here", "raise")] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_that_is_forked_meanwhile_has_all_its_threads():
    """The threads at work in the parent are not at work in the child."""
    forked, is_over = threading.Event(), threading.Event()

    def task():
        forked.set()
        is_over.wait(PROMPTLY)

    def in_child():
        assert len(set(workers.run([Meeting(2)] * 2, LARGE_NBYTES))) == 2

    busy = threading.Thread(target=lambda: workers.run([task] * 2, LARGE_NBYTES))
    busy.start()
    assert forked.wait(PROMPTLY)
    end = end_of_child(in_child)
    is_over.set()
    busy.join(PROMPTLY)
    assert end == 0
