"""Forked children of a test: what they do, and how they end. None is left behind, and one that hangs says where."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable

LIMIT_S = 60
"""A child that is not at its end by then hangs, on a busy machine too."""


def end_of_child(work: Callable[[], int | None]) -> int:
    """Fork a child that does some work, and wait for its end.

    Returns
    -------
    int
        What `work` returned, 0 if that is None; 1 if it raised; the negative number of the signal that ended the child.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            faulthandler.register(signal.SIGALRM, file=sys.__stderr__, chain=True)  # says where it is, and then ends
            signal.alarm(LIMIT_S)
            status = work() or 0
        except BaseException:  # noqa: BLE001  # a child must not go on as its parent
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_a_fork(work: Callable[[], object]) -> int:
    """The process number of a child that does some work."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def end_of_fork(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
