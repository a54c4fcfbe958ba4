"""Which exceptions a signal handler raised, in the midst of something that has nothing to do with them.

A handler may raise whatever it likes (a time-out, a scheduler's "stop"), after nearly any step of Python code. Whoever turns
exceptions of others into errors of this library, or goes on after them, lets these pass as they are.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of
import signal
from itertools import pairwise
from threading import get_ident, main_thread
from types import CodeType, FrameType, TracebackType
from typing import Any

_NUMBERS = tuple(map(int, signal.valid_signals()))
_HAS_VARARGS = 0x04
_CALL = "__call__"


def came_from_a_signal(exc: BaseException) -> bool:
    """Whether a signal handler raised an exception that was caught here, or in something that is called from here.

    A handler is recognised by what Python calls it with, the number of the signal and the interrupted frame, and where it
    does not keep these, by being installed. Python calls handlers in the main thread only.
    """
    frames = _frames(exc.__traceback__)
    if len(frames) < 2 or get_ident() != main_thread().ident:
        return False
    installed = _installed()
    return any(
        frame.f_code in installed or _is_called_for_signal(frame, interrupted)
        for interrupted, frame in pairwise(frames)
    )


def _frames(traceback: TracebackType | None) -> list[FrameType]:
    """From the one that caught it inwards."""
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found


def let_go_if_interrupted(exc: BaseException) -> None:
    """Empty the frames that a signal handler's exception has ended, if this is one.

    A handler may raise between the line that takes a lock and the one that says when to give it back. Then the frame has the
    lock and the exception has the frame, so whoever waits for other threads with the exception at hand may wait for
    those that wait for the lock.
    """
    if isinstance(exc, Exception) and not came_from_a_signal(exc):
        return
    raised: BaseException | None = exc
    seen: set[int] = set()
    while raised is not None and id(raised) not in seen:
        seen.add(id(raised))
        _empty_frames(raised)
        raised = raised.__context__


def _empty_frames(exc: BaseException) -> None:
    traceback, interrupted = exc.__traceback__, None
    while traceback is not None:
        frame = traceback.tb_frame
        if interrupted is not None and _is_called_for_signal(frame, interrupted):
            return  # by which `came_from_a_signal` knows the handler
        try:
            frame.clear()
            frame.f_locals.keys()  # before Python 3.13 a dict, which has what was there when somebody last asked
        except RuntimeError:  # it goes on: its function has caught the exception
            pass
        traceback, interrupted = traceback.tb_next, frame


def _is_called_for_signal(frame: FrameType, interrupted: FrameType) -> bool:
    given = _arguments(frame)
    return any(value is interrupted for value in given) and any(isinstance(value, int) for value in given)


def _arguments(frame: FrameType) -> list[Any]:
    """What the positional parameters of a frame's function hold."""
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames
    given = [values.get(name) for name in names[: code.co_argcount]]
    if code.co_flags & _HAS_VARARGS:
        given += values.get(names[code.co_argcount + code.co_kwonlyargcount]) or ()
    return given


def _installed() -> set[CodeType]:
    """The code of all handlers that are functions of Python, or made of one."""
    # `signal.getsignal` makes an Enum of what no function is, for each of 64 signals.
    handlers = (handler for number in _NUMBERS if callable(handler := _signal.getsignal(number)))
    return {code for handler in handlers if (code := _code_of(handler)) is not None}


def _code_of(handler: Any) -> CodeType | None:
    function = getattr(handler, "func", handler)  # of a functools.partial
    called = (getattr(which, "__code__", None) for which in (function, getattr(type(function), _CALL, None)))
    return next((code for code in called if isinstance(code, CodeType)), None)
