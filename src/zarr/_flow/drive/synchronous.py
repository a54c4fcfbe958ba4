"""Driving a flow in the calling thread.

As long as every store answers without an event loop, flows run one after the other, and requests are function calls. From
the first request on that has to be awaited, flows that may run together do: each is still stepped in this thread, and so is
all that computes, but what stores are asked for is awaited on the bridge's loop, or in threads for requests to other
computers, many requests at once. So a codec or a store of somebody else may use threads, loops and this library as it likes:
nothing of ours waits for it there.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from zarr._flow.drive.answers import ANSWER, AWAITED
from zarr._flow.drive.asynchronous import Lane, await_somebody, await_store, take_hold
from zarr._flow.drive.process_hold import AwaitedHold, take_free_hold
from zarr._flow.drive.remote import AwaitedParts, awaited_answer
from zarr._flow.requests import Await, Flow, Request, TakeHold, TakeRoom, Together
from zarr._store.access import sync_contract
from zarr._support import bridge, workers
from zarr._support.forks import n_forks
from zarr._support.request_room import AwaitedRoom
from zarr._support.request_threads import Call
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal, let_go_if_interrupted

T = TypeVar("T")
_PATIENCE_S = 2.0
_LOOK_AGAIN_S = 0.02
_AHEAD = 2
"""For each request under way there may be so many flows: when an answer comes, the next request is there already."""
_MANY = 32
_GATHERING_S = 0.006
"""With so many requests under way answers are taken by the handful, as soon as there are so many or it has been so long: one
that is taken by itself finds other things in the caches of the processor, and keeps threads with more answers from going on."""
_NEVER = sys.maxsize
_WAITS_FOR_OTHERS = (TakeHold, TakeRoom)
"""Requests that are answered when other flows have got on, and so cannot be counted on."""
_AnyFlow = Generator[Any, Any, Any]


class _Standing:
    """A flow that has come to a request which cannot be answered without waiting for a loop or for others."""

    __slots__ = ("flow", "request")

    def __init__(self, flow: _AnyFlow, request: Request | _Rest) -> None:
        self.flow, self.request = flow, request


def run(flow: Flow[T]) -> T:
    """Drive a flow to its end and return its result."""
    result = _drive(flow)
    if isinstance(result, _Standing):
        awaited: T = _Crew(settings().concurrency).run(result)
        return awaited
    return result


def _drive(flow: Flow[T]) -> T | _Standing:
    """The result of a flow, or where it stands."""
    try:
        request = flow.send(None)
        while True:
            try:
                answer = _together(request) if type(request) is Together else ANSWER[type(request)](request)
            except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                _let_go_of_what_came(request, exc)
                request = flow.throw(exc)
            else:
                if answer is AWAITED:
                    return _Standing(flow, request)
                if isinstance(answer, _Rest):
                    return _Standing(flow, answer)
                request = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _let_go_of_what_came(request: Request, exc: BaseException) -> None:
    """If this was interrupted while something was taken, its frames may have that, and whoever looks at the exception has them."""
    if isinstance(request, _WAITS_FOR_OTHERS):
        let_go_if_interrupted(exc)


class _Rest:
    """What is left of a `Together`: flows of which the first stands at a request, and the results of those before it."""

    __slots__ = ("flows", "most", "results", "standing")

    def __init__(self, request: Together, flows: Iterator[_AnyFlow], standing: _Standing, results: list[Any]) -> None:
        self.flows, self.most, self.standing, self.results = flows, request.most, standing, results


def _together(request: Together) -> list[Any] | _Rest:
    """One flow after the other, until one stands; or several at once, in threads, where those may share them."""
    if request.shared_nbytes:
        return workers.run((partial(run, flow) for flow in request.flows), request.shared_nbytes)
    flows = iter(request.flows)
    results: list[Any] = []
    for flow in flows:
        result = _drive(flow)
        if isinstance(result, _Standing):
            return _Rest(request, flows, result, results)
        results.append(result)
    return results


_SEVERAL = (Together, _Rest)


# -- several flows at once ------------------------------------------------------------------------------------------


class _Member:
    """A flow under way.

    Attributes
    ----------
    flow
        The flow.
    team, number
        The flows that it runs together with, and its place among them; None for the outermost.
    request, cancel
        What it waits for, and what ends that; `cancel` is None if it waits for nothing, or only for a team of its own.
    inner
        That team.
    """

    __slots__ = ("cancel", "flow", "inner", "number", "request", "team")

    def __init__(self, flow: _AnyFlow, team: _Team | None, number: int) -> None:
        self.flow, self.team, self.number = flow, team, number
        self.request: Any = None
        self.cancel: Callable[[], None] | None = None
        self.inner: _Team | None = None

    def everybody(self) -> Iterator[_Member]:
        """This flow, and those that it has under way."""
        yield self
        if self.inner is not None:
            for member in self.inner.members:
                yield from member.everybody()


class _Team:
    """The flows of a `Together`.

    Attributes
    ----------
    leader
        Whose request it was.
    rest
        Flows that have not begun, with their numbers.
    members
        Those under way.
    results
        Of those that have ended, by number.
    """

    __slots__ = ("leader", "members", "rest", "results")

    def __init__(self, leader: _Member, rest: Iterator[tuple[int, _AnyFlow]], results: dict[int, Any]) -> None:
        self.leader, self.rest, self.results = leader, rest, results
        self.members: set[_Member] = set()


class _Crew:
    """Flows that run together in the calling thread, each until it has to wait.

    Parameters
    ----------
    concurrency
        Most requests under way at once; it bounds the flows of one `Together`, too.
    """

    def __init__(self, concurrency: int) -> None:
        # So late no thread can be relied on: one thing after the other then, on a loop made for it.
        self._concurrency = 1 if sys.is_finalizing() else concurrency
        self._begin_in_this_process()
        self._root: _Member | None = None
        self._answers: deque[tuple[_Member, Any, BaseException | None]] = deque()
        self._is_over = False
        self._ready: deque[tuple[_Member, Any, BaseException | None]] = deque()
        self._outcome: tuple[Any, BaseException | None] | None = None

    def _begin_in_this_process(self) -> None:
        self._n_forks = n_forks()
        self._lane: Lane | None = None
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._n_enough = _NEVER
        self._n_under_way = 0

    def _lane_to_loop(self) -> Lane:
        """Where requests go out that are awaited on the bridge's loop."""
        if self._lane is None:
            self._lane = Lane(self._concurrency)
        return self._lane

    def run(self, standing: _Standing) -> Any:
        """Drive the outermost flow from where it stands."""
        root = self._root = _Member(standing.flow, None, 0)
        try:
            self._ask(root, standing.request)
            while self._outcome is None:
                if self._ready:
                    self._step(*self._ready.popleft())
                elif self._n_forks != n_forks():
                    self._ask_again()
                else:
                    self._await_answers()
                    self._take_answers()
        except BaseException as exc:
            let_go_if_interrupted(exc)  # one of its frames may have a hold that no flow got to know
            self._stop(root)
            raise
        result, error = self._outcome
        if error is not None:
            raise error
        return result

    def _await_answers(self) -> None:
        """Wait for an answer, and where many are to come for a handful."""
        self._sleep(1, None)
        if self._n_under_way >= _MANY:
            self._sleep(_MANY, _GATHERING_S)

    def _sleep(self, n: int, timeout_s: float | None) -> None:
        """Wait until there are so many answers, or all that are to come."""
        self._n_enough = max(1, min(n, self._n_under_way))
        if len(self._answers) < self._n_enough:  # those that come from now on are counted by who brings them
            with suppress(Empty):
                self._wake.get(timeout=timeout_s)
        self._n_enough = _NEVER

    def _take_answers(self) -> None:
        """Give the answers that have come to those who wait. None is lost if this is interrupted."""
        while self._answers:
            member, answer, error = self._answers[0]
            if member.cancel is not None:
                self._ready.append((member, answer, error))
                member.cancel = None
                self._n_under_way -= not isinstance(member.request, _WAITS_FOR_OTHERS)
            self._answers.popleft()

    def _step(self, member: _Member, answer: Any, error: BaseException | None) -> None:
        """Hand a flow its answer, and go on with it until it has to wait or ends."""
        while True:
            try:
                request = member.flow.send(answer) if error is None else member.flow.throw(error)
            except StopIteration as stop:
                self._end(member, stop.value, None)
                return
            except BaseException as exc:  # some end programs: as answers they are errors like others
                if exc is not error and not isinstance(exc, Exception):
                    raise  # the thread was interrupted
                _close(member.flow)
                self._end(member, None, exc)  # it is raised where it is looked for
                return
            if not self._ask(member, request):  # whatever is raised there interrupts the thread
                return
            _, answer, error = self._ready.pop()

    def _ask(self, member: _Member, request: Any) -> bool:
        """Answer a request, or have it answered; whether the answer is the last one that is ready."""
        if isinstance(request, _SEVERAL):
            self._begin(member, request)
            return False
        try:
            answer = _hold_at_once(request) if isinstance(request, TakeHold) else ANSWER[type(request)](request)
        except Exception as exc:  # noqa: BLE001  # the flow must see it to clean up
            _let_go_of_what_came(request, exc)
            self._ready.append((member, None, exc))
            return True
        if answer is AWAITED:
            self._wait(member, request)
            return False
        self._ready.append((member, answer, None))
        return True

    def _ask_again(self) -> None:
        """In a child that something forked which ran here: nobody answers what its parent asked, so it asks itself."""
        self._take_answers()
        self._begin_in_this_process()
        everybody = [] if self._root is None else list(self._root.everybody())
        for member in everybody:
            if member.cancel is not None:
                bridge.abandon(member.cancel)
                self._wait(member, member.request)

    def _wait(self, member: _Member, request: Any) -> None:
        """Have a request answered elsewhere; the answer comes by way of `_answers`."""
        if self._n_forks != n_forks():
            self._ask_again()

        def answered(answer: Any, error: BaseException | None) -> None:
            self._answers.append((member, answer, error))
            if len(self._answers) >= self._n_enough:
                self._n_enough = _NEVER
                self._wake.put(None)
            if self._is_over:
                self._let_go()

        started: AwaitedHold | AwaitedRoom | Call | AwaitedParts | bridge.Started[Any]
        if isinstance(request, TakeHold):
            started = AwaitedHold(partial(take_hold, request), answered)
        elif isinstance(request, TakeRoom):
            started = AwaitedRoom(request.nbytes, answered)
        elif isinstance(request, Await):
            started = bridge.Started(await_somebody(request), answered)
        elif (store := sync_contract(request.store)) is not None:
            started = awaited_answer(store, request, answered)
        else:
            started = bridge.Started(await_store(request, self._lane_to_loop()), answered)
        member.request, member.cancel = request, started.cancel
        self._n_under_way += not isinstance(request, _WAITS_FOR_OTHERS)
        started.begin()

    # -- teams --------------------------------------------------------------------------------------------------

    def _begin(self, leader: _Member, request: Together | _Rest) -> None:
        """Start as many of the flows as may run at once."""
        if isinstance(request, _Rest):
            n_ended = len(request.results)
            team = _Team(leader, enumerate(request.flows, n_ended + 1), dict(enumerate(request.results)))
            leader.inner = team
            self._ask(self._join(team, n_ended, request.standing.flow), request.standing.request)
        else:
            team = leader.inner = _Team(leader, enumerate(request.flows), {})
        most = _AHEAD * self._concurrency if request.most is None else min(request.most, self._concurrency)
        while len(team.members) < most and self._begin_next(team):
            pass
        self._look(team)

    def _join(self, team: _Team, number: int, flow: _AnyFlow) -> _Member:
        member = _Member(flow, team, number)
        team.members.add(member)
        return member

    def _begin_next(self, team: _Team) -> bool:
        """Start one more flow of a team, if there is one."""
        try:
            number, flow = next(team.rest, (0, None))
        except Exception as exc:  # noqa: BLE001  # for the leader, whose flows these are
            self._fail(team, exc)
            return False
        if flow is None:
            return False
        self._ready.append((self._join(team, number, flow), None, None))
        return True

    def _end(self, member: _Member, result: Any, error: BaseException | None) -> None:
        """A flow has ended: another one of its team begins, or its leader goes on."""
        team = member.team
        if team is None:
            self._outcome = (result, error)
            return
        if member not in team.members:
            return
        team.members.discard(member)
        if error is not None:
            self._fail(team, error)
            return
        team.results[member.number] = result
        self._begin_next(team)
        self._look(team)

    def _fail(self, team: _Team, error: BaseException) -> None:
        """Hand the leader an error; the others of the team end."""
        self._dissolve(team)
        team.leader.inner = None
        self._ready.append((team.leader, None, error))

    def _look(self, team: _Team) -> None:
        """Let the leader go on if everybody is done."""
        if not team.members and team.leader.inner is team:
            team.leader.inner = None
            self._ready.append((team.leader, [team.results[number] for number in sorted(team.results)], None))

    # -- stopping -----------------------------------------------------------------------------------------------

    def _dissolve(self, team: _Team, patience_s: float | None = None) -> None:
        """End what is left of a team: requests first, so that nothing is written afterwards, then the flows."""
        gone = {other for member in team.members for other in member.everybody()}
        self._await_end(gone, patience_s)
        dropped = [entry for entry in self._ready if entry[0] in gone]
        self._ready = deque(entry for entry in self._ready if entry[0] not in gone)
        for _, answer, _ in dropped:
            _release(answer)
        for member in gone:
            _close(member.flow)
        team.members.clear()

    def _await_end(self, gone: set[_Member], patience_s: float | None = None) -> None:
        """Cancel what flows wait for, and wait until it has ended, or for so long."""
        until = None if patience_s is None else monotonic() + patience_s
        if self._n_forks != n_forks():  # what is under way is the parent's
            self._take_answers()
            for member in gone:
                bridge.abandon(member.cancel)
                member.cancel = None
        for member in gone:
            if member.cancel is not None:
                member.cancel()
        while any(member.cancel is not None for member in gone) and (until is None or monotonic() < until):
            self._sleep(1, _LOOK_AGAIN_S)
            self._take_answers()

    def _stop(self, root: _Member) -> None:
        """The calling thread was interrupted: end everything, waiting for requests no longer than `_PATIENCE_S`."""
        try:
            if root.inner is not None:
                self._dissolve(root.inner, _PATIENCE_S)
            self._await_end({root}, _PATIENCE_S)
        finally:
            self._is_over = True
            self._let_go()
            _close(root.flow)

    def _let_go(self) -> None:
        """Release what has come for nobody."""
        for waiting in (self._answers, self._ready):
            while waiting:
                _release(waiting.popleft()[1])


def _close(flow: _AnyFlow) -> None:
    """Close a flow that ends because of something else, which is what is to be heard of."""
    try:
        flow.close()
    except Exception as exc:
        if came_from_a_signal(exc):
            raise


def _hold_at_once(request: TakeHold) -> Any:
    """A hold that nobody has; `AWAITED` if it has to be waited for, which must not keep this thread from its other flows."""
    request.store._check_writable()
    if sync_contract(request.store) is not None:
        return AWAITED
    free = take_free_hold(request.store, request.prefix)
    return AWAITED if free is None else free


def _release(answer: Any) -> None:
    """Let go of a hold or version that nobody takes any more."""
    for given in answer if isinstance(answer, list) else (answer,):
        release = getattr(given, "release", None)
        if release is not None:
            release()
