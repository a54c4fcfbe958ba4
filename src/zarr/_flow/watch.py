"""Looking at what a flow asks for, and deciding about it, whoever drives it.

A flow that goes through one of these is a flow again. Requests inside `Together` are seen one by one, and a native write
to a directory or to memory is a request like any other (`Direct`).

    logged            every request is shown to a function, and answered as ever
    dry               nothing is written: requests that write are noted instead, and answered as if they had been done
    refusing_writes   the first request that writes is an error
    preceded          another flow runs before the first request of some kind
    answered          another flow answers each request, and may pass it on
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from zarr._flow.requests import Direct, Flow, Put, Remove, Request, TakeHold, Together
from zarr._store.versioned import NoHold

T = TypeVar("T")

_TO_DRIVER = object()
Decide = Callable[[Request], Any]
"""Answers a request, or leaves it to the driver by returning what it was given as `to_driver`."""


def logged(flow: Flow[T], show: Callable[[Request], None]) -> Flow[T]:
    """Show every request of a flow before it is answered.

    Parameters
    ----------
    flow
        The flow.
    show
        Called with each request; a `Together` is shown before the requests inside it.
    """

    def decide(request: Request) -> Any:
        show(request)
        return _TO_DRIVER

    return _watched(flow, decide)


def dry(flow: Flow[T], writes: list[Request]) -> Flow[T]:
    """Let a flow run without writing anything; what it would have written is appended to `writes`.

    The flow goes on as if its writes had been done, while its reads see what is stored. No hold is taken. So a node that
    the flow works on looks afterwards as if it had been changed: give it one of its own, opened for this.
    """

    def decide(request: Request) -> Any:
        if isinstance(request, TakeHold):
            return NoHold()
        if not request.writes:
            return _TO_DRIVER
        writes.append(request)
        if isinstance(request, Direct):
            return ()
        return True if isinstance(request, Put | Remove) else None

    return _watched(flow, decide)


def refusing_writes(flow: Flow[T], why: str) -> Flow[T]:
    """Let a flow read, and raise ValueError, which says why, at the first request that writes or takes a hold."""

    def decide(request: Request) -> Any:
        if request.writes or isinstance(request, TakeHold):
            raise ValueError(why)
        return _TO_DRIVER

    return _watched(flow, decide)


def preceded(flow: Flow[T], is_it: Callable[[Request], bool], first: Callable[[], Flow[None]]) -> Flow[T]:
    """Run another flow before the first request of some kind, if there is one.

    Parameters
    ----------
    flow
        The flow.
    is_it
        Whether a request is of that kind.
    first
        Makes the other flow. What that raises, `flow` meets in place of an answer.
    """
    pending = [first]

    def watch(flow: Flow[Any]) -> Flow[Any]:
        return _stepped(flow, answer)

    def answer(request: Request) -> Flow[Any]:
        if pending and is_it(request):
            yield from pending.pop()()
        return (yield _inside(request, watch))

    return watch(flow)


def answered(flow: Flow[T], answer: Callable[[Request], Flow[Any]]) -> Flow[T]:
    """Have every request of a flow answered by another flow, which may ask for other things, or for the same.

    Parameters
    ----------
    flow
        The flow. Requests inside its `Together` are answered by whoever drives it.
    answer
        Makes the other flow of a request; what that returns is the answer.
    """
    return _stepped(flow, answer)


def _watched(flow: Flow[T], decide: Decide) -> Flow[T]:
    def watch(flow: Flow[Any]) -> Flow[Any]:
        return _stepped(flow, answer)

    def answer(request: Request) -> Flow[Any]:
        answered = decide(request)
        return (yield _inside(request, watch)) if answered is _TO_DRIVER else answered

    return watch(flow)


def _stepped(flow: Flow[T], answer: Callable[[Request], Flow[Any]]) -> Flow[T]:
    """A flow with its requests answered by other flows."""
    try:
        request = flow.send(None)
        while True:
            try:
                answered = yield from answer(request)
            except GeneratorExit:
                raise
            except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                request = flow.throw(exc)
            else:
                request = flow.send(answered)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


def _inside(request: Request, watch: Callable[[Flow[Any]], Flow[Any]]) -> Request:
    """The same request, with the flows inside it watched too."""
    if isinstance(request, Together):
        return Together((watch(flow) for flow in request.flows), request.most)
    return request
