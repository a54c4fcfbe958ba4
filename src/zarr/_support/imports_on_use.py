"""Imports that happen on first use: of submodules, and of packages that a fork must not catch half-way.

`submodules_of` loads public submodules when somebody asks for them. `with importing: import something` is for packages
that cost more than most of this library. The lock of a module that is being imported belongs to the thread that imports
it. A child that is forked meanwhile has the lock and not the thread, and would wait for ever when it needs the module. So
whoever imports on use holds `importing`, and so does whoever forks. Only for packages that never use this library.
"""

from __future__ import annotations

import logging  # noqa: F401  # whoever forks takes its lock too: after ours, as it was registered before
import os
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

_PATIENCE_S = 10.0

importing = threading.RLock()
_taken: list[bool] = []


def _wait_for_imports() -> None:
    """Take the lock; go on without it where something else that the forking thread holds may keep the import from ending."""
    _taken.append(importing.acquire(timeout=_PATIENCE_S))


def _go_on() -> None:
    if _taken.pop():
        importing.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_imports, after_in_parent=_go_on, after_in_child=_go_on)


def submodules_of(package: str) -> Callable[[str], Any]:
    """A package's `__getattr__`: its public submodules by name.

    >>> submodules_of("zarr")("errors").__name__
    'zarr.errors'
    """

    def load(name: str) -> Any:
        full = f"{package}.{name}"
        if not name.startswith("_"):
            try:
                return import_module(full)
            except ModuleNotFoundError as exc:
                if exc.name != full:
                    raise  # something that the submodule itself needs
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load


@cache
def asyncio_module() -> Any:
    """The module asyncio, which costs more than most of this library: imported on first use, and kept.

    At the end of the interpreter no import finds even what is loaded.
    """
    with importing:
        import asyncio

    return asyncio
