"""Act at the n-th step that a program takes at the file system: die there, or fail there."""

import fcntl
import os
import signal
import threading
from contextlib import contextmanager

from tests.suites.children import end_of_child

CHANGES = ("open", "write", "link", "replace", "rename", "unlink", "mkdir", "rmdir", "fsync", "flock")
READS = ("open", "pread", "fstat")
_CREATES = os.O_CREAT | (getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY)


class Steps:
    """Counts steps, in whatever threads they are taken, and calls `act` in place of step number `at` (from 0).

    Attributes
    ----------
    taken
        Names of the steps so far, the one acted on included.
    """

    def __init__(self, at, act, names):
        self.at, self.act, self.names = at, act, names
        self.taken = []
        self._guard = threading.Lock()

    def _is_taken_at(self, name):
        """Whether this step is the one to act on. On a busy machine a request calls helpers, which take steps too."""
        with self._guard:
            self.taken.append(name)
            return len(self.taken) == self.at + 1

    def _counted(self, name, function):
        def step(*args, **kwargs):
            is_step = name != "open" or self.names is READS or bool(args[1] & _CREATES)
            if is_step and self._is_taken_at(name):
                self.act(name)
            return function(*args, **kwargs)

        return step

    @contextmanager
    def watched(self):
        homes = {name: fcntl if name == "flock" else os for name in self.names}
        before = {name: getattr(home, name) for name, home in homes.items()}
        try:
            for name, home in homes.items():
                setattr(home, name, self._counted(name, before[name]))
            yield self
        finally:
            for name, home in homes.items():
                setattr(home, name, before[name])


def n_steps(operation, names=CHANGES):
    """How many steps an operation takes."""
    with Steps(-1, None, names).watched() as steps:
        operation()
    return len(steps.taken)


def die_at(step, operation, names=CHANGES):
    """Run an operation in a forked process that kills itself before a step; the exit code (0: it did not get there)."""

    def work():
        with Steps(step, lambda _: os.kill(os.getpid(), signal.SIGKILL), names).watched():
            operation()

    return end_of_child(work)


@contextmanager
def failing_at(step, code, names=CHANGES):
    """Let a step fail with an error of the operating system."""

    def fail(name):
        raise OSError(code, f"{os.strerror(code)} (as the test wants it, in {name})")

    with Steps(step, fail, names).watched() as steps:
        yield steps
