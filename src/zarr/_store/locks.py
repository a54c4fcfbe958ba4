"""Exclusive rights on directories, between threads and processes.

The lock is `flock` on the directory itself: nothing is left behind, the operating system lets go of it when its owner
dies, and two descriptors exclude each other inside one process too. A directory can be removed or replaced while one
waits for it, so whoever gets the lock checks that the path still leads to the directory that is locked.

Where the file system has no such locks (some network file systems, Windows), a lock between the threads of this
process takes their place, with one warning.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from zarr._warn import warn
from zarr.errors import ZarrRuntimeWarning

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

if TYPE_CHECKING:
    from typing import Self

_NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class DirectoryHold:
    """The exclusive right to change the entries of a directory, until released.

    Parameters
    ----------
    directory
        An existing directory.

    Raises
    ------
    FileNotFoundError
        If there is no such directory.
    """

    __slots__ = ("_fallback", "_fd", "_generation", "directory")

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._generation = _state.generation
        self._fallback: _ThreadLock | None = None
        self._fd = -1
        if fcntl is None:
            self._take_fallback()
            return
        while self._fd < 0 and self._fallback is None:
            self._take()

    def _take(self) -> None:
        """One attempt: open, lock, and look whether it is still the same directory."""
        fd = os.open(self.directory, _DIRECTORY)
        _state.open_fds.add(fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            there = os.stat(self.directory)
            locked = os.fstat(fd)
        except OSError as exc:
            _close(fd)
            if exc.errno not in _NO_LOCKS:
                raise
            self._take_fallback()
        except BaseException:
            _close(fd)
            raise
        else:
            if os.path.samestat(there, locked):
                self._fd = fd
            else:
                _close(fd)

    def _take_fallback(self) -> None:
        _state.warn_once(self.directory)
        lock = _state.thread_lock(os.path.realpath(self.directory))
        lock.mutex.acquire()
        self._fallback = lock

    @property
    def fd(self) -> int:
        """Descriptor of the directory, -1 if there is none."""
        return self._fd

    def release(self) -> None:
        """Let go. Does nothing the second time, or in a forked child of the owner."""
        fd, self._fd = self._fd, -1
        fallback, self._fallback = self._fallback, None
        if self._generation != _state.generation:
            return
        if fd >= 0:
            _close(fd)
        if fallback is not None:
            fallback.mutex.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class _ThreadLock:
    """A lock that can be weakly referenced."""

    __slots__ = ("__weakref__", "mutex")

    def __init__(self) -> None:
        self.mutex = threading.Lock()


class _State:
    """What this process has open. Made anew in a forked child."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.open_fds: set[int] = set()
        self._guard = threading.Lock()
        self._thread_locks: WeakValueDictionary[str, _ThreadLock] = WeakValueDictionary()
        self._warned = False

    def thread_lock(self, path: str) -> _ThreadLock:
        with self._guard:
            return self._thread_locks.setdefault(path, _ThreadLock())

    def warn_once(self, directory: str) -> None:
        if not self._warned:
            self._warned = True
            warn(
                f"The file system of {directory!r} has no locks between processes. Changing one array from several "
                "processes at once can lose data there; from the threads of one process it is safe.",
                ZarrRuntimeWarning,
            )


def _close(fd: int) -> None:
    _state.open_fds.discard(fd)
    os.close(fd)


def _leave_locks_to_parent() -> None:
    """In a forked child: close inherited lock descriptors, which would keep the parent's locks alive after its death."""
    global _state
    for fd in list(_state.open_fds):
        try:
            os.close(fd)
        except OSError:
            pass
    _state = _State(_state.generation + 1)


_state = _State(0)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_locks_to_parent)
