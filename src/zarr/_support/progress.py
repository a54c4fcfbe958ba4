"""Bars on a terminal, and functions that are told how far something is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeAlias

Report: TypeAlias = Callable[[int, int], Any]
Progress: TypeAlias = Report | bool | None
_WIDTH = 30
_PAUSE_S = 0.1


def progress_of(given: Progress) -> Report:
    """What is told how many bytes are done, and how many there are: what the user gave, a bar for True, or nothing.

    Examples
    --------
    >>> progress_of(None)(1, 2)
    >>> progress_of(lambda done, total: print(done, "of", total))(1, 2)
    1 of 2
    """
    if given is None or given is False:
        return _nothing
    if given is True:
        return Bar()
    if callable(given):
        return given
    raise TypeError(f"progress must be True, or a function of two numbers, got {given!r}")


def _nothing(done: int, total: int) -> None:
    pass


class Bar:
    """A bar on standard error, where that is a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._began = self._shown = monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = monotonic()
        is_over = done >= total
        if not sys.stderr.isatty() or (now - self._shown < _PAUSE_S and not is_over):
            return
        self._shown = now
        sys.stderr.write("\r" + line(done, total, now - self._began) + ("\n" if is_over else ""))
        sys.stderr.flush()


def line(done: int, total: int, seconds: float) -> str:
    """What a bar looks like.

    Examples
    --------
    >>> line(500_000_000, 1_000_000_000, 2.0)
    '[###############               ]  50%  0.5 of 1.0 GB  0.25 GB/s  2 s left  '
    """
    share = done / total if total else 1.0
    n = int(share * _WIDTH)
    speed = done / seconds / 1e9 if seconds else 0.0
    left = f"{seconds / share - seconds:.0f} s left" if share else "..."
    return f"[{'#' * n}{' ' * (_WIDTH - n)}] {share:4.0%}  {done / 1e9:.1f} of {total / 1e9:.1f} GB  {speed:.2f} GB/s  {left}  "
