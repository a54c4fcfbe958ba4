"""Exclusive rights on directories, and on names in a file, between threads and processes.

The lock of a directory is `flock` on the directory itself: nothing is left behind, the operating system lets go of it when
its owner dies, and two descriptors exclude each other inside one process too. A directory can be removed or replaced while
one waits for it, so whoever gets the lock checks that the path still leads to the directory that is locked.

A store that is one file has no directories to lock. Its names are places in an empty file beside it, which are locked by
record locks of open file descriptions: they too end with their owner, and exclude threads (`PlaceHold`).

Where the file system has no such locks (some network file systems, Windows), a lock between the threads of this
process takes their place, with one warning. Where it has locks that may end at this machine, whoever relies on one is
warned (`mounts`).
"""

from __future__ import annotations

import os
import struct
from abc import ABC, abstractmethod
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar

from zarr._store.descriptors import open_into
from zarr._store.flock import DIRECTORY, NO_LOCKS
from zarr._store.mounts import doubtful_kind, is_locked_at_all, warn_of
from zarr._store.system import HAS_PLACE_LOCKS
from zarr._store.turns import Turn, Turns
from zarr._support.forks import held_around_forks, renew_in_children
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import ZarrRuntimeWarning

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

if TYPE_CHECKING:
    from typing import Self


class _FileHold(ABC):
    """The exclusive right that a lock on something in the file system gives, until released.

    Attributes
    ----------
    path
        What is opened and locked. It may be removed or replaced meanwhile: then the lock is on nothing.
    """

    __slots__ = ("_fallback", "_generation", "_opened", "path")
    _flags: ClassVar[int]

    def __init__(self, path: str) -> None:
        self.path = path
        self._generation = _state.generation
        self._fallback: Turn | None = None
        self._opened: list[int] = []
        if not (self._has_locks() and is_locked_at_all()):
            self._take_fallback()
            return
        while not self._take():
            pass

    def _has_locks(self) -> bool:
        """Whether the system has locks of this kind."""
        return fcntl is not None

    @abstractmethod
    def _lock(self) -> None:
        """Wait for the lock on what is opened."""

    def _is_current(self) -> bool:
        """Whether the path still leads to what is locked."""
        return os.path.samestat(os.stat(self.path), os.fstat(self.fd))

    def _name(self) -> str:
        """What the right is called where it is one between threads."""
        return os.path.realpath(self.path)

    def _take(self) -> bool:
        """One attempt: open, lock, and look whether it is still the same."""
        with _descriptors:
            open_into(self._opened, self.path, self._flags)
            _state.open_fds.add(self.fd)
        try:
            self._lock()
            if self._is_current():
                return True
        except OSError as exc:
            self.release()
            if exc.errno not in NO_LOCKS:
                raise
            self._take_fallback()
            return True
        except BaseException:
            self.release()
            raise
        self.release()
        return False

    def _take_fallback(self) -> None:
        if is_locked_at_all():
            _state.warn_once(self.path)
        self._fallback = Turn(_state.turns, self._name())

    @property
    def fd(self) -> int:
        """Descriptor of what is locked, -1 if there is none."""
        return self._opened[0] if self._opened else -1

    def rely_on(self) -> None:
        """Say that more depends on this than that things come in order: it warns where others may have it too."""
        if self._opened:
            device = os.fstat(self.fd).st_dev
            if (kind := doubtful_kind(self.path, device)) is not None:
                warn_of(kind, self.path, device)

    def release(self) -> None:
        """Let go. Does nothing the second time, or in a forked child of the owner."""
        if self._generation != _state.generation:
            self._opened, self._fallback = [], None
            return
        if self._opened:
            with _descriptors:
                _state.open_fds.discard(self._opened[0])
                # Nothing is called between these two lines, so no signal handler can raise there and leave it locked.
                (fd,), self._opened = self._opened, []
                os.close(fd)
        fallback, self._fallback = self._fallback, None
        if fallback is not None:
            fallback.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __del__(self) -> None:
        # For a hold that nobody got to know: its taker was interrupted between getting it and entering its block.
        try:
            self.release()
        except AttributeError:  # interrupted so early that it has none; asking first would be a call, see `descriptors`
            pass


class DirectoryHold(_FileHold):
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

    __slots__ = ()
    _flags = DIRECTORY

    def __init__(self, directory: str) -> None:
        super().__init__(directory)

    @property
    def directory(self) -> str:
        return self.path

    def _lock(self) -> None:
        fcntl.flock(self.fd, fcntl.LOCK_EX)


class PlaceHold(_FileHold):
    """The exclusive right that goes with one place in a file, until released.

    Parameters
    ----------
    path
        An existing file. Nothing is written to it.
    place
        Counts from 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or none any more.
    """

    __slots__ = ("place",)
    _flags = os.O_RDWR

    def __init__(self, path: str, place: int) -> None:
        self.place = place
        super().__init__(path)

    def _has_locks(self) -> bool:
        return HAS_PLACE_LOCKS and hasattr(fcntl, "F_OFD_SETLKW")

    def _lock(self) -> None:
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLKW, _record_lock(self.place, 1))

    def _is_current(self) -> bool:
        try:
            return super()._is_current()
        except FileNotFoundError:
            return False

    def _name(self) -> str:
        return f"{super()._name()}:{self.place}"


def remove_unheld(path: str) -> None:
    """Delete the file of `PlaceHold`s, if nobody has one."""
    if not (HAS_PLACE_LOCKS and hasattr(fcntl, "F_OFD_SETLK")):
        return
    opened: list[int] = []
    try:
        with _descriptors:
            open_into(opened, path, os.O_RDWR)
            _state.open_fds.update(opened)
        fcntl.fcntl(opened[0], fcntl.F_OFD_SETLK, _record_lock(0, 0))
        if os.path.samestat(os.stat(path), os.fstat(opened[0])):
            os.unlink(path)
    except OSError as exc:  # there is none, it is in use, or the directory may not be changed
        if came_from_a_signal(exc):
            raise
    finally:
        with _descriptors:
            _state.open_fds.difference_update(opened)
            for fd in opened:
                os.close(fd)


def _record_lock(start: int, nbytes: int) -> bytes:
    """A `struct flock` that asks for the only right to some bytes of a file; 0 bytes are all that follow."""
    return struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, nbytes, 0)


class _State:
    """What this process has open. Made anew in a forked child.

    Attributes
    ----------
    turns
        Locks between the threads of this process, for directories that have no others.
    open_fds
        Descriptors that have, or wait for, a lock.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.open_fds: set[int] = set()
        self.turns = Turns()
        self._warned = False

    def warn_once(self, directory: str) -> None:
        if not self._warned:
            self._warned = True
            warn(
                f"The file system of {directory!r} has no locks between processes. Changing one array from several "
                "processes at once can lose data there; from the threads of one process it is safe.",
                ZarrRuntimeWarning,
            )


@renew_in_children
def _leave_locks_to_parent() -> None:
    """Close inherited lock descriptors, which would keep the parent's locks alive after its death."""
    global _state
    for fd in list(_state.open_fds):
        try:
            os.close(fd)
        except OSError:
            pass
    _state = _State(_state.generation + 1)


_state = _State(0)
_descriptors = held_around_forks(RLock())
"""Held while a descriptor is opened and noted, or forgotten and closed, and by whoever forks: so the child knows all of
them. Reentrant, as a signal handler or finalizer may write in the middle of it."""
