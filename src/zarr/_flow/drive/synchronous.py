"""Driving a flow in the calling thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from zarr._flow.drive.answers import ANSWER, AWAITED
from zarr._flow.drive.asynchronous import run_async
from zarr._flow.requests import Flow, Request, Together
from zarr._support import bridge
from zarr._support.warn import on_behalf_of_caller

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Standing:
    """A flow that has come to a request which has to be awaited."""

    flow: Generator[Any, Any, Any]
    request: Request

    def go_on(self) -> Flow[Any]:
        """The rest of the flow, as a flow."""
        flow, request = self.flow, self.request
        try:
            while True:
                try:
                    answer = yield request
                except GeneratorExit:
                    raise
                except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                    request = flow.throw(exc)
                else:
                    request = flow.send(answer)
        except StopIteration as stop:
            return stop.value
        finally:
            flow.close()


def run(flow: Flow[T]) -> T:
    """Drive a flow to its end and return its result.

    From the first request on that has to be awaited, it is driven by the bridge's event loop, while this thread waits.
    """
    result = _drive(flow)
    if isinstance(result, _Standing):
        with on_behalf_of_caller():
            awaited: T = bridge.run(run_async(result.go_on()))
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
                if type(answer) is _Standing:
                    return _Standing(flow, answer.request)
                request = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _together(request: Together) -> list[Any] | _Standing:
    """One flow after the other. If one of them has to be awaited, it goes on together with those after it."""
    flows = iter(request.flows)
    results: list[Any] = []
    for flow in flows:
        result = _drive(flow)
        if isinstance(result, _Standing):
            rest = Together(chain(map(_done, results), (result.go_on(),), flows), request.store)
            return _Standing(flow, rest)
        results.append(result)
    return results


def _done(result: T) -> Flow[T]:
    """A flow that has ended."""
    yield from ()
    return result
