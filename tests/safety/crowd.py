"""Many at once: run functions in processes or in threads, all from the same moment, and hear what went wrong in them."""

import mmap
import os
import signal
import sys
import threading
import time
import traceback
import warnings

import zarr

TIMEOUT_S = 120


class Flag:
    """Seen by threads and by forked processes alike."""

    def __init__(self):
        self._shared = mmap.mmap(-1, 1)

    def set(self):
        self._shared[0] = 1

    def __bool__(self):
        return self._shared[0] == 1


class Processes:
    """One forked process per function."""

    def __init__(self, functions):
        wait, self._go = os.pipe()
        self._members = []
        for function in functions:
            said, say = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(self._go)
                self._work(function, wait, say)
            os.close(say)
            self._members.append((pid, said))
        os.close(wait)

    @staticmethod
    def _work(function, wait, say):
        status = 1
        try:
            warnings.simplefilter("error")
            os.read(wait, 1)
            function()
            status = 0
        except BaseException:  # noqa: BLE001  # told to the parent
            os.write(say, traceback.format_exc().encode()[-60_000:])
        finally:
            os._exit(status)

    def start(self):
        os.close(self._go)

    def join(self, timeout_s=TIMEOUT_S):
        """What went wrong, one text per function that failed."""
        watch = threading.Timer(timeout_s, self.kill)
        watch.start()
        wrong = []
        for pid, said in self._members:
            with os.fdopen(said, "rb") as stream:
                text = stream.read().decode()
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if code:
                wrong.append(text or f"a process ended with {code}")
        watch.cancel()
        return wrong

    def kill(self):
        for pid, _ in self._members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Threads:
    """One thread per function."""

    def __init__(self, functions):
        self._go = threading.Event()
        self._wrong = []
        self._members = [threading.Thread(target=self._work, args=(f,), daemon=True) for f in functions]
        for member in self._members:
            member.start()

    def _work(self, function):
        self._go.wait()
        try:
            function()
        except BaseException:  # noqa: BLE001  # told by join
            self._wrong.append(traceback.format_exc())

    def start(self):
        self._go.set()

    def join(self, timeout_s=TIMEOUT_S):
        end = time.monotonic() + timeout_s
        for member in self._members:
            member.join(max(0, end - time.monotonic()))
            if member.is_alive():
                stack = "".join(traceback.format_stack(sys._current_frames()[member.ident]))
                self._wrong.append(f"a thread still works after {timeout_s} s:\n{stack}")
        return self._wrong


def crowd(kind, workers, watchers=()):
    """Run all `workers` to their end; run each of `watchers` again and again meanwhile, and once more afterwards.

    Raises AssertionError with the traceback of the first that failed.
    """
    done = Flag()

    def watching(watch):
        def until_done():
            while not done:
                watch()
                time.sleep(0.003)  # the workers are what it is about
            watch()

        return until_done

    eyes = kind([watching(watch) for watch in watchers])
    hands = kind(list(workers))
    eyes.start()
    hands.start()
    wrong = hands.join()
    done.set()
    wrong += eyes.join()
    assert not wrong, f"{len(wrong)} failed, the first with\n{wrong[0]}"


def opened(store, path=None, **arguments):
    """An array, opened by whoever calls: every worker has its own."""
    return zarr.open_array(store, path=path, mode="r+", **arguments)
