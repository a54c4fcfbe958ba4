"""Threads for requests to other computers: `zarr._support.request_threads`."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from functools import partial

import pytest

import zarr
from tests.suites.children import end_of_child
from tests.suites.interrupts import Interrupt, interrupted_at
from tests.suites.threads import PROMPTLY, in_threads
from zarr._support import bridge, request_threads
from zarr._support.request_threads import Call, Gate, pause
from zarr._support.threads import answer_from_elsewhere, in_request_thread


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Threads of this test alone."""
    monkeypatch.setattr(request_threads, "_pool", request_threads._Pool())
    monkeypatch.setattr(request_threads, "_IDLE_S", 0.05)


@pytest.fixture
def often_interrupted():
    """Threads take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Answers:
    """Takes answers, until there are as many as expected."""

    def __init__(self, expected):
        self.expected, self.found, self.all_here = expected, [], threading.Event()

    def __call__(self, result, error):
        self.found.append((result, error))
        if len(self.found) == self.expected:
            self.all_here.set()

    def wait(self):
        assert self.all_here.wait(PROMPTLY)
        return self.found


def begun(function, answers):
    call = Call(function, answers)
    call.begin()
    return call


class TestCalls:
    def test_answers_and_errors_come(self):
        answers = Answers(2)
        begun(lambda: 7, answers)
        begun(lambda: 1 / 0, answers)
        found = answers.wait()
        assert (7, None) in found
        assert any(isinstance(error, ZeroDivisionError) for _, error in found)

    def test_so_many_are_under_way_at_once(self):
        together = threading.Barrier(6)
        answers = Answers(12)
        with zarr.config.set({"async.concurrency": 6}):
            for _ in range(12):
                begun(lambda: together.wait(PROMPTLY), answers)
            found = answers.wait()
        assert sorted(place for place, _ in found) == sorted([*range(6), *range(6)])

    def test_none_of_those_that_fit_waits_for_another(self, often_interrupted):
        for n in range(
            2, 60
        ):  # so that there are threads that have nothing to do, or are just about to, and one more is needed
            together, answers = threading.Barrier(n), Answers(n)
            for _ in range(n):
                begun(partial(together.wait, PROMPTLY), answers)
            assert {error for _, error in answers.wait()} == {None}

    def test_and_never_more(self):
        inside, most, guard = [0], [0], threading.Lock()

        def look():
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with guard:
                inside[0] -= 1

        answers = Answers(40)
        with zarr.config.set({"async.concurrency": 3}):
            for _ in range(40):
                begun(look, answers)
            answers.wait()
        assert most == [3]

    def test_one_that_is_cancelled_before_it_began_is_never_made(self):
        busy, done = threading.Event(), []
        first, second = Answers(1), Answers(1)
        with zarr.config.set({"async.concurrency": 1}):
            begun(lambda: busy.wait(PROMPTLY), first)
            waiting = begun(lambda: done.append(1), second)
            waiting.cancel()
            ((_, error),) = second.wait()
            busy.set()
            first.wait()
        assert isinstance(error, InterruptedError)
        assert done == []

    def test_one_that_is_cancelled_later_is_answered_when_it_is_over(self):
        started, end = threading.Event(), threading.Event()

        def work():
            started.set()
            end.wait(PROMPTLY)
            return "done"

        answers = Answers(1)
        call = begun(work, answers)
        started.wait(PROMPTLY)
        call.cancel()
        assert answers.found == []
        end.set()
        assert answers.wait() == [("done", None)]

    def test_threads_end_when_there_is_nothing_to_do(self):
        answers = Answers(8)
        for _ in range(8):
            begun(lambda: time.sleep(0.01), answers)
        answers.wait()
        until = time.monotonic() + PROMPTLY
        while request_threads._pool._n_threads and time.monotonic() < until:
            time.sleep(0.01)
        assert request_threads._pool._n_threads == 0
        begun(lambda: 1, again := Answers(1))
        assert again.wait() == [(1, None)]

    def test_without_threads_it_is_done_here(self, monkeypatch):
        def refuse(*args):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(request_threads, "start_new_thread", refuse)
        here = []
        begun(lambda: here.append(threading.get_ident()), answers := Answers(1))
        answers.wait()
        assert here == [threading.get_ident()]

    def test_one_that_is_interrupted_anywhere_keeps_no_other_from_being_made(self, monkeypatch):
        with zarr.config.set({"async.concurrency": 1}):
            for number in itertools.count():
                monkeypatch.setattr(request_threads, "_pool", request_threads._Pool())
                call = Call(lambda: 1, first := Answers(1))
                was_interrupted = interrupted_at(number, request_threads, call.begin)
                call.cancel()
                first.wait()
                begun(lambda: 2, second := Answers(1))
                assert second.wait() == [(2, None)], f"after call number {number}"
                if not was_interrupted:
                    break
        assert number > 5

    def test_one_may_be_made_in_the_midst_of_another(self):
        """As by a finalizer, or a signal handler."""
        with request_threads._pool._guard:
            begun(lambda: 3, answers := Answers(1))
        assert answers.wait() == [(3, None)]

    def test_one_that_waits_for_others_lends_its_place(self):
        """As one to an archive in a store that has to be awaited, which is made of requests of that."""

        async def made_of_another():
            return await in_request_thread(lambda: 7, until_over=lambda: False)

        answers = Answers(6)
        with zarr.config.set({"async.concurrency": 2}):
            for _ in range(6):
                begun(lambda: bridge.run(made_of_another()), answers)
            assert answers.wait() == [(7, None)] * 6
        assert request_threads._pool._n_lent == 0

    def test_a_child_has_threads_of_its_own(self):
        busy = threading.Event()
        begun(lambda: busy.wait(PROMPTLY), held := Answers(1))

        def work():
            begun(lambda: 5, answers := Answers(1))
            return answers.wait()[0][0]

        assert end_of_child(work) == 5
        busy.set()
        held.wait()


class TestAwaited:
    def test_a_loop_gets_the_answer(self):
        async def work():
            return await asyncio.gather(
                *(in_request_thread(lambda i=i: i, until_over=lambda: False) for i in range(20))
            )

        assert asyncio.run(work()) == list(range(20))

    def test_an_interrupt_while_a_loop_is_woken_keeps_no_answer_from_it(self):
        async def work():
            loop = asyncio.get_running_loop()
            (one, come_one), (two, come_two) = answer_from_elsewhere(), answer_from_elsewhere()
            wake = loop.call_soon_threadsafe

            def interrupted(*args):
                loop.call_soon_threadsafe = wake
                raise Interrupt

            loop.call_soon_threadsafe = interrupted
            with pytest.raises(Interrupt):
                come_one(1, None)
            await asyncio.to_thread(come_two, 2, None)
            return await asyncio.wait_for(asyncio.gather(one, two), PROMPTLY)

        assert asyncio.run(work()) == [1, 2]

    @pytest.mark.parametrize("until_over", [False, True])
    def test_who_is_cancelled_waits_for_it_if_it_changes_something(self, until_over):
        started, end, done = threading.Event(), threading.Event(), []

        def change():
            started.set()
            end.wait(PROMPTLY)
            done.append(1)

        async def work():
            task = asyncio.ensure_future(in_request_thread(change, until_over=lambda: until_over))
            await asyncio.to_thread(started.wait, PROMPTLY)
            task.cancel()
            await asyncio.sleep(0.02)
            was_over = task.done()
            end.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            return was_over, list(done)

        was_over, seen = asyncio.run(work())
        assert was_over is not until_over
        assert seen == [1] or not until_over


class TestPauses:
    def test_who_is_waited_for_pauses_as_long_as_asked(self):
        answers = Answers(1)
        began = time.monotonic()
        begun(lambda: pause(0.12), answers)
        assert answers.wait() == [(True, None)]
        assert time.monotonic() - began >= 0.12
        assert pause(0.0)

    def test_who_is_not_waited_for_any_more_goes_on_at_once(self):
        started, answers = threading.Event(), Answers(1)

        def work():
            started.set()
            return pause(10 * PROMPTLY)

        call = begun(work, answers)
        started.wait(PROMPTLY)
        call.cancel()
        assert answers.wait() == [(False, None)]


class TestGates:
    def test_so_many_are_inside(self):
        gate, inside, most = Gate(lambda: 3), [0], [0]
        guard = threading.Lock()

        def work():
            for _ in range(10):
                with gate.place():
                    with guard:
                        inside[0] += 1
                        most[0] = max(most[0], inside[0])
                    time.sleep(0.0005)
                    with guard:
                        inside[0] -= 1

        in_threads([work] * 8)
        assert most == [3]

    def test_an_error_lets_the_next_one_in(self):
        gate = Gate(lambda: 1)
        with pytest.raises(KeyError), gate.place():
            raise KeyError
        with gate.place():
            pass

    def test_a_child_finds_nobody_inside(self):
        gate = Gate(lambda: 1)

        def work():
            with gate.place():
                return 4

        with gate.place():
            assert end_of_child(work) == 4

    def test_one_that_leaves_in_a_child_lets_nobody_else_in_there(self):
        gate = Gate(lambda: 1)

        def work():
            place.__exit__()
            return 5 - gate._n_inside

        with gate.place() as place:
            assert end_of_child(work) == 5

    def test_one_that_is_interrupted_anywhere_is_not_inside(self):
        gate = Gate(lambda: 1)

        def pass_through():
            with gate.place():
                pass

        for number in itertools.count():
            was_interrupted = interrupted_at(number, request_threads, pass_through)
            assert gate._n_inside == 0, f"after call number {number}"
            if not was_interrupted:
                break
        assert number > 5
