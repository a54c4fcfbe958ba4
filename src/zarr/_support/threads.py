"""From code on an event loop to functions that take their time: in a worker thread of the loop, or in a new one.

Both give a future and no task: `asyncio.run` cancels the tasks that it finds at its end, and the thread would go on.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary, ref

from zarr._support.imports_on_use import asyncio_module
from zarr._support.request_threads import Call
from zarr._support.signals import came_from_a_signal

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

T = TypeVar("T")


def start(thread: Thread) -> bool:
    """Start a thread; whether there is one now. Near the end of the interpreter, or of memory, there are no more.

    What a signal handler raises meanwhile comes out as it is.
    """
    try:
        thread.start()
    except RuntimeError as exc:
        if came_from_a_signal(exc):
            raise
        return False
    except KeyError as exc:
        # `Thread.start` takes back what it had noted when something is raised in it, but the thread, which is running,
        # may have done that already.
        if exc.__context__ is None or came_from_a_signal(exc):
            raise
        raise exc.__context__ from None
    return True


def in_worker_thread(function: Callable[..., T], *args: Any) -> Future[T]:
    """Call a function in one of the running loop's worker threads."""
    if sys.is_finalizing():
        return _in_place(function, *args)
    loop: AbstractEventLoop = asyncio_module().get_running_loop()
    try:
        return loop.run_in_executor(None, copy_context().run, function, *args)
    except RuntimeError as exc:  # the interpreter is about to end and starts no more threads: as in an atexit handler
        if came_from_a_signal(exc):
            raise
        return _in_place(function, *args)


async def until_over(called: Future[T]) -> T:
    """The result of a call in a thread. If the caller is cancelled, that shows only when the call has returned.

    Else it would write on behind the caller's back, and after the hold under which it writes was released.
    """
    asyncio = asyncio_module()
    try:
        result: T = await asyncio.shield(called)
    except asyncio.CancelledError:
        while not called.done():
            try:
                await asyncio.wait([called])
            except asyncio.CancelledError:
                pass  # once is enough
        if not called.cancelled():
            called.exception()  # looked at, so that asyncio does not warn that nobody did
        raise
    return result


def in_new_thread(function: Callable[..., T], *args: Any) -> Future[T]:
    """Call a function in a thread for which no other call has to wait."""
    loop = asyncio_module().get_running_loop()
    answer: Future[T] = loop.create_future()

    def done(result: T | None, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(_settle, answer, result, error)
        except RuntimeError:  # the loop was closed meanwhile; a hold that came too late ends with its object
            pass

    call_in_new_thread(partial(copy_context().run, function, *args), done)
    return answer


async def in_request_thread(function: Callable[[], T], *, until_over: Callable[[], bool]) -> T:
    """Call a function that waits for another computer, in a thread for such requests.

    If the caller is cancelled and the function has not begun, it never does. If it has, the caller asks `until_over` whether to
    wait for it, and else leaves it to itself.
    """
    answer: _Answer[T] = _Answer()
    call = Call(partial(copy_context().run, function), answer.come)
    call.begin()
    try:
        return await answer.future
    except asyncio_module().CancelledError:
        call.cancel()
        if until_over():
            await answer.until_here()
        raise


class _Answer(Generic[T]):
    """What comes from another thread to the running loop, also when nobody awaits it any more."""

    __slots__ = ("_is_here", "_late", "_letters", "_loop", "future")

    def __init__(self) -> None:
        self._loop = asyncio_module().get_running_loop()
        self._letters = _letters_to(self._loop)
        self.future: Future[T] = self._loop.create_future()
        self._is_here = False
        self._late: Future[None] | None = None

    def come(self, result: T | None, error: BaseException | None) -> None:
        """Called in the other thread."""
        self._letters.put(self._settle, result, error)

    def _settle(self, result: T | None, error: BaseException | None) -> None:
        self._is_here = True
        _settle(self.future, result, error)
        if self._late is not None:
            _settle(self._late, None, None)

    async def until_here(self) -> None:
        while not self._is_here:
            self._late = self._loop.create_future()
            try:
                await self._late
            except asyncio_module().CancelledError:
                pass  # once is enough


def answer_from_elsewhere() -> tuple[Future[Any], Callable[[Any, BaseException | None], None]]:
    """A future of the running loop, and what is called in another thread with its result or an error."""
    answer: _Answer[Any] = _Answer()
    return answer.future, answer.come


class _Letters:
    """Answers from other threads that a loop has not been given yet: to wake it takes long, so it is woken for all of them.

    Parameters
    ----------
    loop
        The loop.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = ref(loop)
        self._waiting: deque[tuple[Callable[[Any, BaseException | None], None], Any, BaseException | None]] = deque()
        self._is_woken = False

    def put(
        self, settle: Callable[[Any, BaseException | None], None], result: Any, error: BaseException | None
    ) -> None:
        self._waiting.append((settle, result, error))
        loop = self._loop()
        if not self._is_woken and loop is not None:
            self._is_woken = True
            try:
                loop.call_soon_threadsafe(self._hand_out)
            except BaseException as exc:
                self._is_woken = False  # whoever has the next answer tries again
                if not isinstance(exc, RuntimeError) or came_from_a_signal(exc):
                    raise
                self._waiting.clear()  # the loop was closed meanwhile

    def _hand_out(self) -> None:
        self._is_woken = False
        while self._waiting:
            settle, result, error = self._waiting.popleft()
            settle(result, error)


_letters: WeakKeyDictionary[AbstractEventLoop, _Letters] = WeakKeyDictionary()


def _letters_to(loop: AbstractEventLoop) -> _Letters:
    found = _letters.get(loop)
    if found is None:
        found = _letters[loop] = _Letters(loop)
    return found


async def all_of(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of coroutines that run together; the first error stops the others."""
    asyncio = asyncio_module()
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        results: list[T] = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return results


def call_in_new_thread(function: Callable[[], T], done: Callable[[T | None, BaseException | None], None]) -> None:
    """Call a function in a new thread, which then calls `done` with the result or the error.

    Where the interpreter is about to end, a thread that is started never runs: then all happens here.
    """

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as exc:  # noqa: BLE001  # raised by whoever waits
            error = exc
        done(result, error)

    if sys.is_finalizing() or not start(Thread(target=work, name="zarr-hold", daemon=True)):
        work()


def _in_place(function: Callable[..., T], *args: Any) -> Future[T]:
    answer: Future[T] = asyncio_module().get_running_loop().create_future()
    try:
        answer.set_result(function(*args))
    except Exception as exc:  # noqa: BLE001  # raised where it is awaited
        answer.set_exception(exc)
    return answer


def _settle(answer: Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():  # whoever awaited it was cancelled
        return
    if error is None:
        answer.set_result(result)
    elif isinstance(error, StopIteration):  # which no future takes
        answer.set_exception(RuntimeError(f"a function raised {error!r}"))
    else:
        answer.set_exception(error)
