"""A flow that a thread for requests carries on: past a read from another computer, what is computed of it, and more such reads.

An event loop would be woken for each of these steps, to hand the next one to a thread again. Only reads are carried past: whoever
awaits the flow may be cancelled during one, and leave it to itself. The flow itself is touched by one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from threading import Lock
from typing import Any

from zarr._flow.drive.answers import ANSWER
from zarr._flow.drive.remote import calls_for
from zarr._flow.requests import Compute, Fetch
from zarr._store.access import sync_contract
from zarr._support.request_threads import Gate
from zarr._support.workers import most_threads

_COMPUTING = Gate(most_threads)


class Ended:
    """The result of a flow that has ended."""

    __slots__ = ("result",)

    def __init__(self, result: Any) -> None:
        self.result = result


class Carried:
    """A flow that stands at a read.

    Parameters
    ----------
    flow
        The flow.
    call
        What makes the read.
    computes_at_once
        Whether it waits for nobody before it computes, as others may wait for a hold of its.
    """

    __slots__ = ("_call", "_computes_at_once", "_flow", "_guard", "_is_left", "_is_reading")

    def __init__(self, flow: Generator[Any, Any, Any], call: Callable[[], Any], *, computes_at_once: bool) -> None:
        self._flow, self._call, self._computes_at_once = flow, call, computes_at_once
        self._guard = Lock()
        self._is_left = False
        self._is_reading = True

    def leave(self) -> bool:
        """Have it stop where it is; whether it does not touch the flow any more."""
        with self._guard:
            self._is_left = True
            return self._is_reading

    def run(self) -> Any:
        """What the flow asks for next, or its end; None if it was left.

        What the flow raises comes out: it has ended then.
        """
        call: Callable[[], Any] | None = self._call
        request: Any = None
        try:
            while call is not None:
                answer, error = _outcome(call)
                if not self._goes_on():
                    return None
                request = self._flow.send(answer) if error is None else self._flow.throw(error)
                while type(request) is Compute:
                    request = self._computed(request)
                call = self._next_read(request)
        except StopIteration as stop:
            return Ended(stop.value)
        return request

    def _computed(self, request: Compute) -> Any:
        """The request that comes after a computation."""
        if self._computes_at_once:
            answer, error = _outcome(ANSWER[Compute], request)
        else:
            with _COMPUTING.place():
                answer, error = _outcome(ANSWER[Compute], request)
        return self._flow.send(answer) if error is None else self._flow.throw(error)

    def _goes_on(self) -> bool:
        with self._guard:
            self._is_reading = False
            return not self._is_left

    def _next_read(self, request: Any) -> Callable[[], Any] | None:
        call = read_elsewhere(request)
        with self._guard:
            if call is None or self._is_left:
                return None
            self._is_reading = True
            return call


def read_elsewhere(request: Any) -> Callable[[], Any] | None:
    """What makes a read of one object from another computer in this thread; None if a request is something else."""
    if type(request) is not Fetch or len(request.reads) != 1:
        return None
    store = sync_contract(request.store)
    return calls_for(store, request)[0] if store is not None and store.capabilities.is_remote else None


def _outcome(function: Callable[..., Any], *args: Any) -> tuple[Any, BaseException | None]:
    try:
        return function(*args), None
    except BaseException as exc:  # noqa: BLE001  # the flow must see it to clean up
        return None, exc
