"""The bridge from code without an event loop to coroutines that really wait.

One daemon thread runs one event loop for the whole process. It is started by the first `run`, so a program that meets
only synchronous stores and codecs never has it. After a fork the child has no such thread, so it forgets the loop and
starts its own when it needs one. `asyncio` is imported on first use, as it costs more than most of this library.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zarr._support.forks import renew_in_children
from zarr._support.imports_on_use import asyncio_module, importing, let_forks_finish
from zarr._support.request_threads import place_lent
from zarr._support.signals import came_from_a_signal
from zarr._support.threads import start

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

_STOP_TIMEOUT_S = 1.0

_lock = threading.Lock()
_running: _LoopThread | None = None


class SyncError(RuntimeError):
    """Synchronous code was called where it would wait for itself."""


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
    SyncError
        If called from the bridge's own thread, which would wait for itself. It is a RuntimeError.
    TimeoutError
        If the time is over. The coroutine is cancelled then, as it is when KeyboardInterrupt ends the wait.

    Examples
    --------
    >>> import asyncio
    >>> run(asyncio.sleep(0, result="done"))
    'done'
    """
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    started = Started(coroutine, lambda result, error: answers.put((result, error)))
    try:
        started.begin()
        with place_lent():
            result, error = answers.get(timeout=timeout)
    except Empty as exc:
        started.cancel()
        raise TimeoutError(f"an asynchronous operation did not finish within {timeout} seconds") from exc
    except BaseException:
        started.cancel()
        raise
    if error is None:
        return result  # type: ignore[return-value]  # one of the two is there
    try:
        raise error
    finally:
        del error  # it leads back to here


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

    __slots__ = ("_answered", "_at", "_coroutine", "_is_over", "_task")

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], answered: Callable[[T | None, BaseException | None], None]
    ) -> None:
        _refuse_from_own_thread(coroutine)
        self._coroutine, self._answered = coroutine, answered
        self._at: _LoopThread | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    def begin(self) -> None:
        """Start it. Where the interpreter is ending and the bridge's thread cannot run any more, it is run to its end here."""
        while (running := _usable()) is not None:
            self._at = running
            if running.call(self._begin):
                return
        try:
            result = _run_here(self._coroutine)
        except BaseException as exc:  # noqa: BLE001  # raised by whoever waits
            self._end(None, exc)
        else:
            self._end(result, None)

    def cancel(self) -> None:
        """Cancel it; it is answered for when it has ended."""
        if self._at is None or not self._at.call(self._cancel):
            self._cancel()

    # -- in the bridge's thread ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._is_over and self._at is not None:
            self._task = self._at.loop.create_task(self._work())
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


class _LoopThread:
    """The bridge's loop with its thread, which is still to be started.

    Other threads leave what it is to call in a queue, and wake it through a pipe. asyncio's own way to do that drops an
    OSError that a signal handler raises in the midst of it, as a time-out is.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio_module().new_event_loop()
        self.thread = threading.Thread(target=self._run, name="zarr-bridge", daemon=True)
        self.executor: ThreadPoolExecutor | None = None
        self._is_over = False
        self._calls: deque[Callable[[], None]] = deque()
        self._pipe = os.pipe()
        self._wake: Callable[[], object] = partial(os.write, self._pipe[1], b"\0")
        try:
            self.loop.add_reader(self._pipe[0], self._take_calls)
        except NotImplementedError:  # Windows
            self._wake = partial(self.loop.call_soon_threadsafe, self._make_calls)

    def _run(self) -> None:
        """Run the loop until it is stopped.

        What would end an event loop, if a task raises it, is the answer to whoever waits for that task, who may be in another
        thread. All others go on.
        """
        while True:
            try:
                return self.loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue

    def call(self, function: Callable[[], None]) -> bool:
        """Have the loop call a function; False if it is over and will not."""
        if self._has_ended():
            return False
        self._calls.append(function)
        self._wake()
        return not (self._has_ended() and self._takes_back(function))

    def _has_ended(self) -> bool:
        return self._is_over or self.loop.is_closed()

    def _takes_back(self, function: Callable[[], None]) -> bool:
        """Whether a function is not called any more; it may have been by whoever ended the loop."""
        try:
            self._calls.remove(function)
        except ValueError:
            return False
        return True

    def _take_calls(self) -> None:
        os.read(self._pipe[0], 4096)
        self._make_calls()

    def _make_calls(self) -> None:
        while self._calls:
            self.loop.call_soon(self._calls.popleft())

    def end(self) -> None:
        """Stop the loop and its thread, and cancel in this one what was under way. Whoever waits for that gets the answer."""
        asyncio = asyncio_module()
        self.call(self.loop.stop)
        self.thread.join(_STOP_TIMEOUT_S)
        if self.thread.is_alive():
            return  # something on it does not let go
        self._is_over = True
        while self._calls:
            self._calls.popleft()()
        if under_way := asyncio.all_tasks(self.loop):
            for task in under_way:
                task.cancel()
            self.loop.run_until_complete(asyncio.wait(under_way, timeout=_STOP_TIMEOUT_S))
        if self.executor is not None:
            self.executor.shutdown()
        self.loop.close()  # the pipe stays open: somebody may be about to write into it

    def close_unstarted(self) -> None:
        self.loop.close()
        for end in self._pipe:
            os.close(end)


def _refuse_from_own_thread(coroutine: Coroutine[Any, Any, Any]) -> None:
    let_forks_finish()
    if _running is not None and threading.current_thread() is _running.thread:
        coroutine.close()
        raise SyncError(
            "synchronous zarr code was called from a coroutine that zarr itself runs; await the asynchronous form "
            "instead"
        )


def _usable() -> _LoopThread | None:
    """The bridge; None if the interpreter is ending and its thread cannot run any more."""
    if sys.is_finalizing():
        return None
    try:
        return _started()
    except RuntimeError as exc:  # Python 3.12 and newer start no threads then
        if came_from_a_signal(exc):
            raise
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


def loop() -> asyncio.AbstractEventLoop:
    """The bridge's loop, which runs, for who hands it coroutines of their own.

    Examples
    --------
    >>> loop().is_running()
    True
    """
    return _started().loop


def executor(most_threads: Callable[[], int]) -> ThreadPoolExecutor:
    """Threads for functions that coroutines on the loop wait for, where they ask for no others.

    Parameters
    ----------
    most_threads
        Tells how many there may be; asked when they are made.
    """
    running = _started()
    with _lock:
        if running.executor is None:
            with importing("concurrent.futures"):
                from concurrent.futures import ThreadPoolExecutor
            running.executor = ThreadPoolExecutor(most_threads(), thread_name_prefix="zarr_pool")
            running.loop.set_default_executor(running.executor)
        return running.executor


def stop() -> None:
    """End the loop, its thread and its executor; what is under way on it is cancelled. Whoever needs them next starts others.

    Raises
    ------
    RuntimeError
        If called from the bridge's own thread, which would wait for itself.
    """
    global _running
    with _lock:
        ended = _running
        if ended is not None and threading.current_thread() is ended.thread:
            raise RuntimeError("the thread of zarr's event loop cannot end itself; call this from another one")
        _running = None
    if ended is not None:
        atexit.unregister(_stop)
        ended.end()


def is_running() -> bool:
    """Whether the loop thread has been started in this process."""
    return _running is not None


def _started() -> _LoopThread:
    """The bridge. RuntimeError, and nothing kept, if its thread cannot be started."""
    global _running
    with _lock:
        if _running is None:
            new = _LoopThread()
            if not start(new.thread):
                new.close_unstarted()
                raise RuntimeError(
                    "the thread for awaiting stores cannot be started: this process can have no more threads"
                )
            _running = new
            atexit.register(_stop)
        return _running


def _stop() -> None:
    """Close the loop at exit, unless something on it refuses to end."""
    global _running
    with _lock:
        ended, _running = _running, None
    if ended is None:
        return
    ended.call(ended.loop.stop)
    ended.thread.join(_STOP_TIMEOUT_S)
    if not ended.thread.is_alive():
        ended.loop.close()  # the pipe stays open: somebody may be about to write into it


@renew_in_children
def _forget_after_fork() -> None:
    """In a forked child: the thread is gone, and the lock may have been held by another one."""
    global _lock, _running
    _lock = threading.Lock()
    abandon(_running)
    _running = None
    atexit.unregister(_stop)


_abandoned: list[object] = []


def abandon(inherited: object) -> None:
    """Keep what belongs to a loop inherited through fork. That shares its wake-up descriptors with the parent, so neither it nor
    what runs on it may be used, or collected.
    """
    _abandoned.append(inherited)
