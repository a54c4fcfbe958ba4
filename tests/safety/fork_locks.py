"""Every lock that can be reached from the modules of this library, by where it is.

From module globals through classes, functions, containers (weak ones too) and instances of our classes and of the few others that
have locks in them. What belongs to another library is not gone into.
"""

import _thread
import functools
import sys
import threading
import types
import weakref
from collections import deque
from contextlib import contextmanager

from tests.suites.threads import PROMPTLY
from zarr._support import forks

LOCKS = (_thread.LockType, _thread.RLock)
INTO = ("zarr", "donfig", "threading", "queue")
"""Instances of classes of these packages are gone into."""
WAITED_S = 0.1
"""A fork that is wanted for so long waits for a lock."""


def locks():
    """All locks, by name."""
    found, seen = {}, {id(seen_by) for seen_by in (INTO, LOCKS)}
    modules = [(name, module) for name, module in sorted(sys.modules.items()) if name.partition(".")[0] == "zarr"]
    ahead = deque((f"{name}.{key}", value) for name, module in modules for key, value in list(vars(module).items()))
    while ahead:
        name, value = ahead.popleft()
        if id(value) in seen or isinstance(value, types.ModuleType | threading.Thread):  # a thread has its own
            continue
        seen.add(id(value))
        if isinstance(value, LOCKS):
            found[name] = value
            continue
        ahead.extend((f"{name}{step}", inner) for step, inner in within(value))
    return found


def within(value):
    """What lies in something, each with the step that leads there."""
    if isinstance(value, type):
        if belongs(value.__module__):
            yield from ((f".{key}", inner) for key, inner in list(vars(value).items()))
    elif isinstance(value, weakref.WeakKeyDictionary | weakref.WeakValueDictionary | dict):
        yield from ((f"[{number}]", inner) for number, pair in enumerate(list(value.items())) for inner in pair)
    elif isinstance(value, list | tuple | set | frozenset | deque | weakref.WeakSet):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(list(value)))
    elif isinstance(value, types.FunctionType):
        yield from in_function(value)
    elif isinstance(value, types.MethodType | functools.partial | staticmethod | classmethod | property):
        parts = ("__self__", "__func__", "func", "args", "keywords", "fget", "fset")
        yield from ((f".{part}", getattr(value, part)) for part in parts if hasattr(value, part))
    elif isinstance(value, functools.cached_property) or belongs(type(value).__module__):
        yield from attributes(value)


def in_function(function):
    yield from ((f".{key}", inner) for key, inner in vars(function).items())
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            yield f".<{name}>", cell.cell_contents
        except ValueError:  # not set yet
            continue
    yield ".__defaults__", (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())


def attributes(instance):
    kept = getattr(instance, "__dict__", {})
    yield from ((f".{key}", inner) for key, inner in list(kept.items()))
    for cls in type(instance).__mro__:
        slots = vars(cls).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if not slot.startswith("__") and hasattr(instance, slot):
                yield f".{slot}", getattr(instance, slot)


def belongs(module):
    return str(module).partition(".")[0] in INTO


@contextmanager
def held_elsewhere(lock, *, lets_forks_wait=True):
    """Let another thread have a lock, until the end of the block or, unless it should not, until a fork has waited for it."""
    has_it, is_over = threading.Event(), threading.Event()

    def have():
        with lock:
            has_it.set()
            while not is_over.wait(WAITED_S) and not (lets_forks_wait and forks.is_wanted()):
                pass

    thread = threading.Thread(target=have, daemon=True)
    thread.start()
    assert has_it.wait(PROMPTLY), "somebody has it"
    try:
        yield
    finally:
        is_over.set()
        thread.join(PROMPTLY)
