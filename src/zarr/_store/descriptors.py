"""Opening files so that their descriptors are never lost.

A signal handler may raise after any call that Python code makes. After `os.open` that is likely, as it lasts, and then
nobody would know the descriptor. Both functions open the file and hand the descriptor over in one call, as far as Python
code is concerned; within it no handler runs.
"""

from __future__ import annotations

import os
from io import FileIO

# Windows would take what looks like ends of lines for these.
_ALWAYS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_into(opened: list[int], path: str, flags: int) -> None:
    """Open a file or directory and append its descriptor to a list, whose owner closes it."""
    opened.extend(map(os.open, (path,), (flags | _ALWAYS,)))


def open_new(path: str, flags: int, mode: int) -> FileIO:
    """Open a file for writing, as an object that closes it at the latest when it is dropped."""
    return next(map(FileIO, map(os.open, (path,), (flags | os.O_WRONLY | _ALWAYS,), (mode,)), ("wb",)))
