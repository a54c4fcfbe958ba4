"""Interrupts at chosen moments, as those of signal handlers, which Python lets raise in the main thread between any two calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any


class Interrupt(BaseException):
    """As KeyboardInterrupt, but nobody else's."""


def interrupted_at(number: int, module: ModuleType, function: Callable[[], Any]) -> bool:
    """Call a function, and interrupt it at a call that is made in a module: after one of a function in C, or at the beginning of one
    of Python. What is raised in a destructor Python keeps to itself, so those do not count.

    Parameters
    ----------
    number
        Of the call, from 0.
    module, function
        Where, and in what.

    Returns
    -------
    bool
        Whether there were so many.
    """
    left = number + 1

    def alarm(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event not in ("call", "c_return") or frame.f_globals["__name__"] != module.__name__ or _is_destroying(frame):
            return
        left -= 1
        if not left:
            sys.setprofile(None)
            raise Interrupt

    sys.setprofile(alarm)
    try:
        function()
    except Interrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def _is_destroying(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None
