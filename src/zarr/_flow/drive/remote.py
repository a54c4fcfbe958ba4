"""Requests to stores on other computers that are called without an event loop: each waits in a thread for such requests.

A request that is several for the store, as reads of several objects or of parts of one, goes out as so many at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from zarr._flow.drive.answers import BY_CONTRACT
from zarr._flow.requests import Exist, Fetch
from zarr._store.versioned import SyncContract
from zarr._support.request_threads import Call


def calls_for(store: SyncContract, request: Any) -> list[Callable[[], Any]]:
    """The functions that ask a store for an answer, each of them for a part of it."""
    call = BY_CONTRACT[type(request)]
    if isinstance(request, Fetch) and len(request.reads) != 1:
        return [partial(call, store, Fetch(request.store, (read,))) for read in request.reads]
    if isinstance(request, Exist) and len(request.keys) != 1:
        return [partial(call, store, Exist(request.store, (key,))) for key in request.keys]
    return [partial(call, store, request)]


def whole_answer(request: Any, parts: list[Any]) -> Any:
    """The answer to a request, of those that its functions gave."""
    return [found for part in parts for found in part] if isinstance(request, Fetch | Exist) else parts[0]


def awaited_answer(
    store: SyncContract, request: Any, answered: Callable[[Any, BaseException | None], None]
) -> Call | AwaitedParts:
    """An answer that is waited for in other threads. It is made, then begun, so that it can be cancelled at any moment.

    Parameters
    ----------
    store, request
        Who is asked for what.
    answered
        Called once, with the answer or the first error, when nothing is under way any more.
    """
    calls = calls_for(store, request)
    if len(calls) == 1:
        return Call(calls[0], answered)
    return AwaitedParts(request, calls, answered)


class AwaitedParts:
    """An answer that is made of those to several calls.

    Parameters
    ----------
    request, functions
        What is asked for, and what asks for the parts.
    answered
        Called once, with the answer or the first error, when nothing is under way any more.
    """

    __slots__ = ("_answered", "_calls", "_error", "_guard", "_n_left", "_parts", "_request")

    def __init__(
        self,
        request: Any,
        functions: list[Callable[[], Any]],
        answered: Callable[[Any, BaseException | None], None],
    ) -> None:
        self._request, self._answered = request, answered
        self._guard = Lock()
        self._n_left = len(functions)
        self._parts: list[Any] = [None] * len(functions)
        self._error: BaseException | None = None
        self._calls = [Call(function, partial(self._take, number)) for number, function in enumerate(functions)]

    def begin(self) -> None:
        if not self._calls:
            self._answered([], None)
        for call in self._calls:
            call.begin()

    def cancel(self) -> None:
        for call in self._calls:
            call.cancel()

    def _take(self, number: int, part: Any, error: BaseException | None) -> None:
        with self._guard:
            self._parts[number] = part
            is_first = error is not None and self._error is None
            if is_first:
                self._error = error
            self._n_left -= 1
            is_last = not self._n_left
        if is_last:
            self._finish()
        elif is_first:
            self.cancel()

    def _finish(self) -> None:
        error, self._error = self._error, None
        if error is None:
            self._answered(whole_answer(self._request, self._parts), None)
        else:
            self._answered(None, error)
