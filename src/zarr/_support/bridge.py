"""The bridge from code without an event loop to coroutines that really wait.

One daemon thread runs one event loop for the whole process. It is started by the first `run`, so a program that meets
only synchronous stores and codecs never has it. After a fork the child has no such thread, so it forgets the loop and
starts its own when it needs one. `asyncio` is imported on first use, as it costs more than most of this library.
"""

from __future__ import annotations

import atexit
import sys
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zarr._support.forks import renew_in_children
from zarr._support.imports_on_use import asyncio_module, let_forks_finish
from zarr._support.signals import came_from_a_signal
from zarr._support.threads import start

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

_STOP_TIMEOUT_S = 1.0

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def run(coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Run a coroutine on the bridge's loop and wait for its result. May be called from many threads.

    Parameters
    ----------
    coroutine
        A fresh coroutine object.
    timeout
        In seconds; None waits for ever.

    Raises
    ------
    RuntimeError
        If called from the bridge's own thread, which would wait for itself.
    TimeoutError
        If the time is over. The coroutine is cancelled then, as it is when KeyboardInterrupt ends the wait.

    Examples
    --------
    >>> import asyncio
    >>> run(asyncio.sleep(0, result="done"))
    'done'
    """
    _refuse_from_own_thread(coroutine)
    if (future := _submit(coroutine)) is None:
        return _run_here(coroutine)
    try:
        return future.result(timeout)
    except TimeoutError as exc:
        if future.done():  # the coroutine's own
            raise
        future.cancel()
        raise TimeoutError(f"an asynchronous operation did not finish within {timeout} seconds") from exc
    except BaseException:
        future.cancel()
        raise


class Started(Generic[T]):
    """A coroutine on the bridge's loop, for which its starter does not wait.

    It is made, then begun, so that whoever is interrupted in between can still cancel it.

    Parameters
    ----------
    coroutine
        A fresh coroutine object.
    answered
        Called once, in the bridge's thread, with its result or with what it raised. That may be anything: what would end
        an event loop is handed over too.
    """

    __slots__ = ("_answered", "_coroutine", "_is_over", "_loop", "_task")

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], answered: Callable[[T | None, BaseException | None], None]
    ) -> None:
        _refuse_from_own_thread(coroutine)
        self._coroutine, self._answered = coroutine, answered
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    def begin(self) -> None:
        """Start it. Where the interpreter is ending and the bridge's thread cannot run any more, it is run to its end here."""
        while (loop := _usable_loop()) is not None:
            self._loop = loop
            if _call_soon(loop, self._begin):
                return
        try:
            result = _run_here(self._coroutine)
        except BaseException as exc:  # noqa: BLE001  # raised by whoever waits
            self._end(None, exc)
        else:
            self._end(result, None)

    def cancel(self) -> None:
        """Cancel it; it is answered for when it has ended."""
        if self._loop is None or not _call_soon(self._loop, self._cancel):
            self._cancel()

    # -- in the bridge's thread ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._is_over and self._loop is not None:
            self._task = self._loop.create_task(self._work())
            self._task.add_done_callback(self._see_to_it)

    async def _work(self) -> None:
        try:
            result = await self._coroutine
        except BaseException as exc:  # noqa: BLE001  # raised by whoever waits
            self._end(None, exc)
        else:
            self._end(result, None)

    def _cancel(self) -> None:
        if self._task is None:
            self._see_to_it(None)
        else:
            self._task.cancel()

    def _see_to_it(self, _: object) -> None:
        """Answer for one that never ran."""
        self._coroutine.close()
        self._end(None, asyncio_module().CancelledError())

    def _end(self, result: T | None, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._answered(result, error)


def _refuse_from_own_thread(coroutine: Coroutine[Any, Any, Any]) -> None:
    let_forks_finish()
    if threading.current_thread() is _thread:
        coroutine.close()
        raise RuntimeError(
            "synchronous zarr code was called from a coroutine that zarr itself runs; await the asynchronous form "
            "instead"
        )


def _usable_loop() -> asyncio.AbstractEventLoop | None:
    """The bridge's loop; None if the interpreter is ending and its thread cannot run any more."""
    if sys.is_finalizing():
        return None
    try:
        return _running_loop()
    except RuntimeError as exc:  # Python 3.12 and newer start no threads then
        if came_from_a_signal(exc):
            raise
        return None


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> bool:
    """Have the loop call a function; False if it was closed meanwhile."""
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        if not loop.is_closed():
            raise
        return False
    return True


def _submit(coroutine: Coroutine[Any, Any, T]) -> Future[T] | None:
    """Hand a coroutine to the bridge's loop; None if the interpreter is ending and its thread cannot run any more."""
    asyncio = asyncio_module()

    while (loop := _usable_loop()) is not None:
        try:
            future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            if not loop.is_closed():  # by `_stop`, between the two lines
                raise
        else:
            return future
    return None


def _run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, in this thread."""
    asyncio = asyncio_module()

    loop = asyncio.new_event_loop()
    try:
        result: T = loop.run_until_complete(coroutine)
        return result
    finally:
        loop.close()


def is_running() -> bool:
    """Whether the loop thread has been started in this process."""
    return _thread is not None


def _running_loop() -> asyncio.AbstractEventLoop:
    """The bridge's loop. RuntimeError, and nothing kept, if its thread cannot be started."""
    global _loop, _thread
    with _lock:
        if _loop is None:
            loop = asyncio_module().new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="zarr-bridge", daemon=True)
            if not start(thread):
                loop.close()
                raise RuntimeError(
                    "the thread for awaiting stores cannot be started: this process can have no more threads"
                )
            _loop, _thread = loop, thread
            atexit.register(_stop)
        return _loop


def _stop() -> None:
    """Close the loop at exit, unless something on it refuses to end."""
    global _loop, _thread
    with _lock:
        loop, thread = _loop, _thread
        _loop = _thread = None
    if loop is None or thread is None:
        return
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_STOP_TIMEOUT_S)
    if not thread.is_alive():
        loop.close()


@renew_in_children
def _forget_after_fork() -> None:
    """In a forked child: the thread is gone, and the lock may have been held by another one."""
    global _lock, _loop, _thread
    _lock = threading.Lock()
    abandon(_loop)
    _loop = _thread = None
    atexit.unregister(_stop)


_abandoned: list[object] = []


def abandon(inherited: object) -> None:
    """Keep what belongs to a loop inherited through fork. That shares its wake-up descriptors with the parent, so neither it nor
    what runs on it may be used, or collected.
    """
    _abandoned.append(inherited)
