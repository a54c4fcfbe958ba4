"""Driving a flow in the calling thread.

As long as every store answers without an event loop, flows run one after the other, and requests are function calls. From
the first request on that has to be awaited, flows that may run together do: each is still stepped in this thread, and so is
all that computes, but what stores are asked for is awaited on the bridge's loop, many requests at once. So a codec or a
store of somebody else may use threads, loops and this library as it likes: nothing of ours waits for it there.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from zarr._flow.drive.answers import ANSWER, AWAITED
from zarr._flow.drive.asynchronous import Lane, await_store
from zarr._flow.drive.process_hold import await_hold, take_free_hold
from zarr._flow.requests import Flow, Request, TakeHold, Together
from zarr._support import bridge
from zarr._support.settings import settings

T = TypeVar("T")
_PATIENCE_S = 2.0
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


class _Rest:
    """What is left of a `Together`: flows of which the first stands at a request, and the results of those before it."""

    __slots__ = ("flows", "most", "results", "standing")

    def __init__(self, request: Together, flows: Iterator[_AnyFlow], standing: _Standing, results: list[Any]) -> None:
        self.flows, self.most, self.standing, self.results = flows, request.most, standing, results


def _together(request: Together) -> list[Any] | _Rest:
    """One flow after the other, until one stands."""
    flows = iter(request.flows)
    results: list[Any] = []
    for flow in flows:
        result = _drive(flow)
        if isinstance(result, _Standing):
            return _Rest(request, flows, result, results)
        results.append(result)
    return results


# -- several flows at once ------------------------------------------------------------------------------------------


class _Member:
    """A flow under way.

    Attributes
    ----------
    flow
        The flow.
    team, number
        The flows that it runs together with, and its place among them; None for the outermost.
    cancel
        What ends the request that it waits for; None if it waits for none, or only for a team of its own.
    inner
        That team.
    """

    __slots__ = ("cancel", "flow", "inner", "number", "team")

    def __init__(self, flow: _AnyFlow, team: _Team | None, number: int) -> None:
        self.flow, self.team, self.number = flow, team, number
        self.cancel: Callable[[], None] | None = None
        self.inner: _Team | None = None


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
        Most requests under way at once, and most flows of one `Together`.
    """

    def __init__(self, concurrency: int) -> None:
        # So late no thread can be relied on: one thing after the other then, on a loop made for it.
        self._concurrency = 1 if sys.is_finalizing() else concurrency
        self._lane = Lane(self._concurrency)
        self._answers: SimpleQueue[tuple[_Member, Any, BaseException | None]] = SimpleQueue()
        self._ready: deque[tuple[_Member, Any, BaseException | None]] = deque()
        self._outcome: tuple[Any, BaseException | None] | None = None

    def run(self, standing: _Standing) -> Any:
        """Drive the outermost flow from where it stands."""
        root = _Member(standing.flow, None, 0)
        try:
            self._ask(root, standing.request)
            while self._outcome is None:
                if self._ready:
                    self._step(*self._ready.popleft())
                else:
                    self._take(*self._answers.get())
        except BaseException:
            self._stop(root)
            raise
        result, error = self._outcome
        if error is not None:
            raise error
        return result

    def _take(self, member: _Member, answer: Any, error: BaseException | None) -> None:
        member.cancel = None
        self._ready.append((member, answer, error))

    def _step(self, member: _Member, answer: Any, error: BaseException | None) -> None:
        """Hand a flow its answer, and go on with it until it has to wait or ends."""
        try:
            request = member.flow.send(answer) if error is None else member.flow.throw(error)
            while self._ask(member, request):
                _, answer, error = self._ready.pop()
                request = member.flow.send(answer) if error is None else member.flow.throw(error)
        except StopIteration as stop:
            self._end(member, stop.value, None)
        except Exception as exc:  # noqa: BLE001  # it is raised where it is looked for
            member.flow.close()
            self._end(member, None, exc)

    def _ask(self, member: _Member, request: Any) -> bool:
        """Answer a request, or have it answered; whether the answer is the last one that is ready."""
        if isinstance(request, Together | _Rest):
            self._begin(member, request)
            return False
        try:
            answer = ANSWER[type(request)](request)
            if answer is AWAITED and isinstance(request, TakeHold):
                free = take_free_hold(request.store, request.prefix)
                answer = AWAITED if free is None else free
        except Exception as exc:  # noqa: BLE001  # the flow must see it to clean up
            self._ready.append((member, None, exc))
            return True
        if answer is AWAITED:
            self._wait(member, request)
            return False
        self._ready.append((member, answer, None))
        return True

    def _wait(self, member: _Member, request: Any) -> None:
        """Have a request answered elsewhere; the answer comes by way of `_answers`."""
        answers = self._answers

        def answered(answer: Any, error: BaseException | None) -> None:
            answers.put((member, answer, error))

        if isinstance(request, TakeHold):
            member.cancel = await_hold(request.store, request.prefix, answered)
        else:
            started = bridge.Started(await_store(request, self._lane), answered)
            member.cancel = started.cancel
            started.begin()

    # -- teams --------------------------------------------------------------------------------------------------

    def _begin(self, leader: _Member, request: Together | _Rest) -> None:
        """Start as many of the flows as may run at once."""
        if isinstance(request, _Rest):
            n_ended = len(request.results)
            team = _Team(leader, enumerate(request.flows, n_ended + 1), dict(enumerate(request.results)))
            self._ask(self._join(team, n_ended, request.standing.flow), request.standing.request)
        else:
            team = _Team(leader, enumerate(request.flows), {})
        leader.inner = team
        most = self._concurrency if request.most is None else min(request.most, self._concurrency)
        while len(team.members) < most and self._begin_next(team):
            pass
        self._look(team)

    def _join(self, team: _Team, number: int, flow: _AnyFlow) -> _Member:
        member = _Member(flow, team, number)
        team.members.add(member)
        return member

    def _begin_next(self, team: _Team) -> bool:
        """Start one more flow of a team, if there is one."""
        number, flow = next(team.rest, (0, None))
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
            self._dissolve(team)
            team.leader.inner = None
            self._ready.append((team.leader, None, error))
            return
        team.results[member.number] = result
        self._begin_next(team)
        self._look(team)

    def _look(self, team: _Team) -> None:
        """Let the leader go on if everybody is done."""
        if not team.members:
            team.leader.inner = None
            self._ready.append((team.leader, [team.results[number] for number in sorted(team.results)], None))

    # -- stopping -----------------------------------------------------------------------------------------------

    def _dissolve(self, team: _Team, patience_s: float | None = None) -> None:
        """End what is left of a team: requests first, so that nothing is written afterwards, then the flows."""
        gone: set[_Member] = set()

        def gather(team: _Team) -> None:
            for member in team.members:
                gone.add(member)
                if member.inner is not None:
                    gather(member.inner)

        gather(team)
        self._await_end(gone, patience_s)
        self._ready = deque(entry for entry in self._ready if entry[0] not in gone)
        for member in gone:
            member.flow.close()
        team.members.clear()

    def _await_end(self, gone: set[_Member], patience_s: float | None = None) -> None:
        """Cancel what flows wait for, and wait until it has ended, or for so long."""
        until = None if patience_s is None else monotonic() + patience_s
        waiting = {member for member in gone if member.cancel is not None}
        for member in waiting:
            if member.cancel is not None:
                member.cancel()
        while waiting:
            try:
                member, answer, error = self._answers.get(
                    timeout=None if until is None else max(0, until - monotonic())
                )
            except Empty:
                return
            self._take(member, answer, error)
            waiting.discard(member)
            if member in gone:
                _release(answer)

    def _stop(self, root: _Member) -> None:
        """The calling thread was interrupted: end everything, waiting for requests no longer than `_PATIENCE_S`.

        The answer of one of them may have been lost in the interruption.
        """
        if root.inner is not None:
            self._dissolve(root.inner, _PATIENCE_S)
        self._await_end({root}, _PATIENCE_S)
        root.flow.close()


def _release(answer: Any) -> None:
    """Let go of a hold or version that nobody takes any more."""
    for given in answer if isinstance(answer, list) else (answer,):
        release = getattr(given, "release", None)
        if release is not None:
            release()
