"""Programs of ours that run beside a test and say lines, each of which has to come in time."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

LATE_S = 60
"""Nobody answers so late who answers at all, on a busy machine either."""


class Program:
    """A process of ours that says lines, each of which has to come in time."""

    def __init__(self, module, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        self._lines, self._complaints = queue.Queue(), []
        self._ears = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._take_complaints)]
        for ear in self._ears:
            ear.start()

    def _listen(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _take_complaints(self):
        self._complaints.extend(self.process.stderr)

    def said(self, timeout_s=LATE_S):
        """The next line; None if the program has ended."""
        try:
            return self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self.process.send_signal(signal.SIGUSR1)  # where it hangs
            time.sleep(1)
            raise AssertionError(f"nothing was said for {timeout_s} s:\n{self.complaints()}") from None

    def has_said(self, timeout_s):
        """Whether there is a line that nobody has heard yet, at the latest after so many seconds."""
        end = time.monotonic() + timeout_s
        while self._lines.empty() and time.monotonic() < end:
            time.sleep(0.002)
        return not self._lines.empty()

    def complaints(self):
        return "".join(self._complaints)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ended(self):
        """How it ended: its status, and what it complained about."""
        self.process.stdin.close()
        status = self.process.wait(LATE_S)
        for ear in self._ears:
            ear.join(LATE_S)
        return status, self.complaints()


@contextmanager
def program(module, *arguments):
    """A program that is not left behind."""
    started = Program(module, *arguments)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        for stream in (started.process.stdin, started.process.stdout, started.process.stderr):
            stream.close()
