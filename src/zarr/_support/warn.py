"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_LOOPS = frozenset({"asyncio", "threading", "concurrent"})
_caller: ContextVar[FrameType | None] = ContextVar("caller", default=None)


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the innermost line that is not this library's, however many flows and drivers lie between."""
    global _given
    _given += 1
    frame, level = _outside(sys._getframe())
    caller = _caller.get()
    if caller is None or _package(frame) not in _LOOPS:
        warnings.warn(message, category, stacklevel=level)
        return
    warnings.warn_explicit(
        message,
        category,
        caller.f_code.co_filename,
        caller.f_lineno,
        module=caller.f_globals.get("__name__"),
        registry=caller.f_globals.setdefault("__warningregistry__", {}),
    )


@contextmanager
def on_behalf_of_caller() -> Iterator[None]:
    """Whatever is done for the caller in another thread meanwhile warns at the caller's line."""
    frame, _ = _outside(sys._getframe())
    token = _caller.set(frame)
    try:
        yield
    finally:
        _caller.reset(token)


def _outside(frame: FrameType) -> tuple[FrameType, int]:
    """The innermost frame that is not this library's, nor that of a context manager; as a frame and as a stack level."""
    level = 1
    while frame.f_back is not None and _package(frame) in ("zarr", "contextlib"):
        frame = frame.f_back
        level += 1
    return frame, level


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]


_given = 0


def n_given() -> int:
    """How many warnings were given so far, whether or not anybody saw them."""
    return _given
