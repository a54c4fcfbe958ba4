"""The bridge from code without an event loop to coroutines that really wait.

One daemon thread runs one event loop for the whole process. It is started by the first `run`, so a program that meets
only synchronous stores and codecs never has it. After a fork the child has no such thread, so it forgets the loop and
starts its own when it needs one. `asyncio` is imported on first use, as it costs more than most of this library.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

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
    import asyncio

    if threading.current_thread() is _thread:
        coroutine.close()
        raise RuntimeError(
            "synchronous zarr code was called from a coroutine that zarr itself runs; await the asynchronous form "
            "instead"
        )
    future = asyncio.run_coroutine_threadsafe(coroutine, _running_loop())
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


def is_running() -> bool:
    """Whether the loop thread has been started in this process."""
    return _thread is not None


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    with _lock:
        if _loop is None:
            import asyncio

            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_loop.run_forever, name="zarr-bridge", daemon=True)
            _thread.start()
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


def _forget_after_fork() -> None:
    """In a forked child: the thread is gone, and the lock may have been held by another one."""
    global _lock, _loop, _thread
    _lock = threading.Lock()
    _abandoned.append(_loop)
    _loop = _thread = None
    atexit.unregister(_stop)


# A loop inherited through fork shares its wake-up descriptors with the parent: it must be neither used nor collected.
_abandoned: list[asyncio.AbstractEventLoop | None] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
