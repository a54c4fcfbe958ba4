"""Imports that happen on first use: of submodules, of packages that cost more than most of this library, of plug-ins.

The lock of a module that is being imported belongs to the thread that imports it. A child that is forked meanwhile has the
lock and not the thread, and would wait for ever when it needs the module. So whoever imports on use does it inside
`with importing(...)`, and whoever forks waits until nobody does. Imports do not wait for each other: a module may do
anything while it is imported, also wait for another thread that imports.

Whoever forks waits ten seconds at most, as the import may be waiting for it. A module that was still not complete then
cannot be had in the child, which is an ImportError there. As long as somebody waits to fork, other threads begin no imports,
for three seconds at most, as an import that is under way may be waiting for one of theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from threading import get_ident
from typing import Any

from zarr._support.forks import finish_before_forks, give_way, held_around_forks, is_wanted, renew_in_children

_gate = held_around_forks(threading.RLock())
_under_way: dict[int, tuple[int, str]] = {}
"""For each import its thread, and what is imported."""
_left_behind: frozenset[str] = frozenset()
"""In a forked child: what other threads of its parent were importing."""


class importing:  # noqa: N801  # used as a statement
    """What an import on use is wrapped in.

    Parameters
    ----------
    module
        What is imported.

    Raises
    ------
    ImportError
        If that is half imported in this process, and the thread that began it is not there.

    Examples
    --------
    >>> with importing("decimal"):
    ...     import decimal
    """

    __slots__ = ("module",)

    def __init__(self, module: str) -> None:
        self.module = module

    def __enter__(self) -> None:
        if self.module in _left_behind:
            raise ImportError(
                f"{self.module!r} was being imported by another thread when this process was forked, and cannot be had "
                "here; import it before forking, or start the process in another way ('spawn', 'forkserver')",
                name=self.module,
            )
        if is_wanted() and get_ident() not in [thread for thread, _ in list(_under_way.values())]:
            give_way()
        with _gate:  # whoever forks is let finish
            _under_way[id(self)] = get_ident(), self.module

    def __exit__(self, *exc: object) -> None:
        _under_way.pop(id(self), None)

    def __del__(self) -> None:
        _under_way.pop(id(self), None)  # for one that was interrupted on its way in or out


def let_forks_finish() -> None:
    """Wait while another thread forks."""
    with _gate:
        pass


def _others_import() -> bool:
    me = get_ident()
    return any(thread != me for thread, _ in list(_under_way.values()))


finish_before_forks(_others_import)


@renew_in_children
def _note_what_is_left_behind() -> None:
    global _left_behind
    me = get_ident()
    others = {number: module for number, (thread, module) in _under_way.items() if thread != me}
    _left_behind |= frozenset(others.values())
    for number in others:
        del _under_way[number]


def submodules_of(package: str, advice: Callable[[str], str] | None = None) -> Callable[[str], Any]:
    """A package's `__getattr__`: its public submodules by name. What it has not ends in an advice.

    >>> submodules_of("zarr")("errors").__name__
    'zarr.errors'
    """

    def load(name: str) -> Any:
        full = f"{package}.{name}"
        if not name.startswith("_"):
            try:
                with importing(full):
                    return import_module(full)
            except ModuleNotFoundError as exc:
                if exc.name != full:
                    raise  # something that the submodule itself needs
        raise AttributeError(f"module {package!r} has no attribute {name!r}{advice(name) if advice else ''}")

    return load


@cache
def asyncio_module() -> Any:
    """The module asyncio, which costs more than most of this library: imported on first use, and kept.

    At the end of the interpreter no import finds even what is loaded.
    """
    with importing("asyncio"):
        import asyncio

        try:
            import concurrent.futures.thread  # noqa: F401  # what asyncio itself imports on use
        except (
            RuntimeError
        ):  # no more threads are started, at the end of the interpreter, and so none of this is needed
            pass

    return asyncio
