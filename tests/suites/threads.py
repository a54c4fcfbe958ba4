"""Functions that run in threads beside a test, and whether they get through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

PROMPTLY = 60  # seconds that nothing here takes unless it hangs, on a busy machine either
BLOCKED = 0.05  # seconds after which something that waits is taken to wait

_background: list[threading.Thread] = []


def in_threads(functions: Sequence[Callable[[], Any]]) -> None:
    """Run all at once and wait for them; the first of their errors is raised here."""
    errors: list[BaseException] = []

    def guarded(function: Callable[[], Any]) -> None:
        try:
            function()
        except BaseException as exc:  # noqa: BLE001  # raised again below
            errors.append(exc)

    threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROMPTLY)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads)


def start(function: Callable[[], Any]) -> threading.Event:
    """Run in a thread; returns the event that says it is done. Whoever starts one calls `join_started` in the end."""
    done = threading.Event()

    def work() -> None:
        function()
        done.set()

    thread = threading.Thread(target=work, daemon=True)
    _background.append(thread)
    thread.start()
    return done


def join_started() -> None:
    """Wait for what `start` started: nothing of one test runs on into the next."""
    threads, _background[:] = list(_background), []
    for thread in threads:
        thread.join(PROMPTLY)
    assert not any(thread.is_alive() for thread in threads)


def is_blocked(function: Callable[[], Any]) -> bool:
    return not start(function).wait(BLOCKED)


def passes(function: Callable[[], Any]) -> bool:
    return start(function).wait(PROMPTLY)
