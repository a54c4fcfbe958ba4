"""The calls that leases are made of, at the file system of this machine; and the leases that this process has.

Whoever waits for a lease watches what changes in it: names, and the time of the last change of what is in it, which its owner
moves on as long as it lives. Nothing but that is said by a time, and no clock is compared with that of another machine.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any

from zarr._store.atomic import FileSink
from zarr._store.descriptors import open_into, open_new
from zarr._store.directories import make_directories, sync_directory
from zarr._store.file_version import FileVersion, WatchedVersion, identity_of
from zarr._store.fresh_status import fresh_status
from zarr._store.leased.files import LeasedFiles
from zarr._store.leased.names import Tokens
from zarr._store.leased.steps import ContentError, drive
from zarr._store.mounts import is_kept_by_name
from zarr._store.turns import Turn, Turns
from zarr._support.forks import renew_in_children
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal
from zarr._support.threads import start

if TYPE_CHECKING:
    from zarr._store.leased.holds import _Held
    from zarr._store.leased.steps import Steps, Write

_MODE = 0o666  # less the umask
_NAP_S = 0.002
_LONGEST_NAP_S = 0.2
_NAP_TO_WAITING = 100
"""Who has waited for so many naps takes one twice as long."""
_LOOKS_FOR_THE_DEAD_S = 0.5
_SIGNS_PER_LEASE = 4
ANCIENT_S = 12 * 3600.0
"""Half of the time for which what tells of a broken lease is kept."""


class System:
    """`FileSystem` by system calls."""

    def mkdir(self, path: str) -> None:
        os.mkdir(path)

    def create(self, path: str, write: Write, sync: bool) -> None:
        try:
            file = open_new(path, os.O_CREAT | os.O_EXCL, _MODE)
        except FileExistsError:  # the answer to a call that was made twice
            file = open_new(path, os.O_TRUNC, _MODE)
        try:
            with file:
                own = _Own()
                sink = FileSink(_Appending(file), own)
                try:
                    write(sink)
                    sink.flush()
                except OSError as exc:
                    if own.failure is exc or came_from_a_signal(exc):
                        raise
                    raise ContentError(exc) from exc
                except Exception as exc:
                    raise ContentError(exc) from exc
                if sync:
                    os.fsync(file.fileno())
        except BaseException:
            _unlink_if_there(path)
            raise

    def rename(self, path: str, new: str) -> None:
        os.rename(path, new)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def rmdir(self, path: str) -> None:
        os.rmdir(path)

    def list(self, path: str) -> tuple[str, ...]:
        return tuple(sorted(os.listdir(path)))

    def sort_of(self, path: str) -> str | None:
        try:
            mode = os.lstat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        return "directory" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "file"

    def open(self, path: str) -> FileVersion:
        status = fresh_status(path)
        if is_kept_by_name(path, status.device):
            return WatchedVersion(path, status)
        return FileVersion(path, by_reading=True)

    def is_version(self, path: str, version: Any) -> bool:
        if isinstance(version, WatchedVersion):
            return version.is_at(path)
        try:
            return identity_of(os.stat(path)) == getattr(version, "identity", None)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def make_directories(self, directory: str, sync: bool) -> None:
        make_directories(directory, sync=sync)

    def sync_directory(self, directory: str) -> None:
        sync_directory(directory)

    def turn(self, lease: str) -> Turn:
        return Turn(_turns, lease)

    def now(self) -> float:
        return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()

    def is_late(self, since: float) -> bool:
        return self.now() - since > settings().lease_seconds / 2

    def is_ancient(self, since: float) -> bool:
        return self.now() - since > ANCIENT_S

    def nap(self, number: int) -> None:
        time.sleep(_NAP_S * (1 + number))

    def wait(self, lease: str, seen: tuple[str, ...]) -> bool:
        began = heard = time.monotonic()
        signs = _signs(lease, seen)
        looked_for_the_dead = -_LOOKS_FOR_THE_DEAD_S
        while True:
            now = time.monotonic()
            if now - looked_for_the_dead >= _LOOKS_FOR_THE_DEAD_S:
                if all(map(_tokens.is_dead, seen)):
                    return True
                looked_for_the_dead = now
            nap = min(_LONGEST_NAP_S, _NAP_S * (1 + (now - began) / _NAP_S / _NAP_TO_WAITING))
            time.sleep(nap * (0.5 + os.urandom(1)[0] / 255))  # so that those who wait do not come at once
            try:
                if self.list(lease) != seen:
                    return False
            except OSError as exc:
                if came_from_a_signal(exc) or exc.errno not in (errno.ENOENT, errno.ESTALE):
                    raise
                return False
            later = _signs(lease, seen)
            if later != signs:
                signs, heard = later, time.monotonic()
            elif time.monotonic() - heard > settings().lease_seconds:
                return True


_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


class _Appending:
    """What a sink needs of a new file."""

    __slots__ = ("_file",)

    def __init__(self, file: Any) -> None:
        self._file = file

    def append(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        while len(view):
            view = view[self._file.write(view[: 1 << 30]) :]

    def overwrite(self, offset: int, data: Any) -> None:
        self._file.seek(offset)
        self.append(data)
        self._file.seek(0, os.SEEK_END)


class _Own:
    """Notes the error of a call of its own, which what makes the content has nothing to do with."""

    __slots__ = ("failure",)

    def __init__(self) -> None:
        self.failure: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        self.failure = exc


def _unlink_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as exc:
        if came_from_a_signal(exc):
            raise


def _signs(lease: str, seen: Iterable[str]) -> list[int | None]:
    """When what is in a lease was changed for the last time; None for what is not there any more.

    Each is opened: then network clients ask their server, and do not say what they remember.
    """
    return [_changed_at(f"{lease}/{entry}") for entry in seen]


def _changed_at(path: str) -> int | None:
    opened: list[int] = []
    try:
        open_into(opened, path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        return os.fstat(opened[0]).st_mtime_ns
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return None
    finally:
        for fd in opened:
            os.close(fd)


class Leases:
    """The leases that this process has: which, and that others can tell that their owner lives."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[str, str, float]] = {}
        self._wake = Event()
        self._period_s: float | None = None  # of the thread, if there is one

    def keep(self, hold: _Held) -> None:
        period_s = settings().lease_seconds / _SIGNS_PER_LEASE
        with _guard:
            self._held[id(hold)] = (hold.lease, hold.sign, time.monotonic())
            if self._period_s is None:
                if start(Thread(target=self._give_signs, name="zarr-leases", daemon=True)):
                    self._period_s = period_s
            elif period_s < self._period_s:
                self._wake.set()

    def forget(self, hold: _Held) -> None:
        with _guard:
            self._held.pop(id(hold), None)

    def holds(self, lease: str) -> bool:
        with _guard:
            return any(lease == held[0] for held in self._held.values())

    def take_steps(self, steps: Steps[None]) -> None:
        drive(steps, SYSTEM)

    def _give_signs(self) -> None:
        """Move on the time of the last change of what is held for long. It ends when nothing was held for a while."""
        while True:
            period_s = settings().lease_seconds / _SIGNS_PER_LEASE
            self._wake.wait(period_s)
            self._wake.clear()
            with _guard:
                self._period_s = period_s if self._held else None
                old = time.monotonic() - period_s / 2
                signs = [sign for _, sign, since in self._held.values() if since < old]
                if not self._held:
                    return
            for sign in signs:
                try:
                    os.utime(sign)
                except OSError:  # it was broken, or released at this moment
                    pass


_turns = Turns()
_guard = RLock()
_tokens = Tokens()
_leases = Leases()
SYSTEM = System()
FILES = LeasedFiles(_tokens, _leases)


@renew_in_children
def _forget_those_of_the_parent() -> None:
    global _guard
    _guard = RLock()
    _leases.__init__()  # type: ignore[misc]  # the thread is gone, and what was held is the parent's
