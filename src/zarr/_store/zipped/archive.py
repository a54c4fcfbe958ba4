"""An archive as this process has it open: one object for all stores over it.

Reading needs no lock: what an entry says never changes, and neither do the bytes that it leads to. Writing begins with the first
change: then the archive is locked against other processes, and from there to `commit` the changes go

- to a new file beside the archive, which takes its place at the end, if the archive is new or small; or
- to its end, behind the end record, which stays where it is until a new one is written behind the changes.

So a writer that dies leaves the old archive. In the second case it has something behind its end; see decision 11.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

from zarr._store import system
from zarr._store.atomic import NewFile, is_abandoned, temporary_name
from zarr._store.directories import make_directories, sync_directory
from zarr._store.flock import NO_LOCKS
from zarr._store.locks import fcntl
from zarr._store.permissions import of_change
from zarr._store.versioned import ABSENT, ANY
from zarr._store.zipped import layout
from zarr._store.zipped.contents import Contents, Opened, contents_of
from zarr._store.zipped.files import File, OwnFile, check_writable, file_of, identity
from zarr._store.zipped.layout import EMPTY, Entry
from zarr._store.zipped.packing import pack
from zarr._support.forks import n_forks, renew_in_children
from zarr._support.imports_on_use import importing
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal
from zarr.errors import StoreFileError

if TYPE_CHECKING:
    from zarr._buffer import BytesLike
    from zarr._store.zipped.layout import Bytes

COPIED_NBYTES = 64 << 20
"""Up to this size an archive is copied, to be changed or to be rid of what nobody needs any more."""
_BLOCK = 8 << 20
_WRITTEN_AT_ONCE = 1 << 16
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_CHANGE = os.O_RDWR | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 100


@dataclass(slots=True, eq=False)
class _Writer:
    """What has begun and is not committed.

    Attributes
    ----------
    file
        Where to.
    end
        Where the next entry goes.
    lock
        A descriptor that has the lock on the archive; None for a file object.
    beside
        Path of the new file that takes the archive's place; None if the archive itself is written.
    n_forks
        Of the process that began.
    has_changes
        Whether there is something to be finished.
    is_ending
        Whether the new file may be in the archive's place already.
    """

    file: File
    end: int
    lock: OwnFile | None
    beside: str | None
    n_forks: int
    has_changes: bool = False
    is_ending: bool = False

    def drop(self) -> None:
        """Let go of it all."""
        self.remove()
        self.let_go()

    def remove(self) -> None:
        """Remove the new file."""
        if self.beside is not None and self.n_forks == n_forks():
            if system.IS_WINDOWS and isinstance(self.file, OwnFile):
                self.file.close()
            try:
                system.unlink(self.beside)
            except FileNotFoundError:
                pass

    def let_go(self) -> None:
        if self.lock is not None:
            self.lock.close()


class Archive(Opened):
    """One archive, by its path or in a file object.

    Parameters
    ----------
    path
        Where the file is or will be, without links; None for a file object.
    given
        The file object.
    """

    def __init__(self, path: str | None, given: Any = None) -> None:
        super().__init__()
        self.path = path
        self._given = given
        self._writer: _Writer | None = None
        self._is_writing = False
        _all.add(self)

    @property
    def label(self) -> str:
        return self.path or f"the archive in {self._given!r}"

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh(self, *, must_exist: bool) -> None:
        """Look at the file, unless it is written here, or is as it was."""
        with self.turns.guard:
            if self._writer is not None:
                return
            if self.path is None:
                self._refresh_given(for_reading=must_exist)
                return
            try:
                self._refresh(self.path, may_be_empty=not must_exist)
            except FileNotFoundError:
                if must_exist:
                    raise
                self.contents = Contents()

    def _refresh(self, path: str, *, may_be_empty: bool) -> None:
        status = _status(path)
        if identity(status) != self.contents.state:
            file = OwnFile(path, _READ)
            is_empty = may_be_empty and not file.nbytes  # as a temporary file is that somebody made to get its name
            self.contents = Contents(file) if is_empty else contents_of(file, file.identity)

    def _refresh_given(self, *, for_reading: bool) -> None:
        if self.contents.file is None or self.contents.file.nbytes != self.contents.stop:
            file = file_of(self._given, self.turns.guard, for_reading=for_reading)
            self.contents = contents_of(file, None) if for_reading or file.nbytes else Contents(file)

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, value: BytesLike, *, expected: Any, hold: Any, method: int, allow_zip64: bool) -> bool:
        """Store a value, if what is there is as expected."""
        name = layout.check_name(key)
        value = memoryview(value).cast("B")
        crc, packed = layout.checksum(value), pack(value, method)

        def store() -> bool:
            writer = self._begun()
            contents = self.contents
            if not self._is_as_expected(key, expected):
                return False
            entry = layout.new_entry(name, key, method, _now(), crc, len(value), len(packed), writer.end)
            if not allow_zip64 and layout.needs_zip64(len(contents.entries) + 1, entry.room):
                raise _too_large(self.label)
            self._write(writer, entry, packed)
            contents.entries[key] = entry
            contents.is_changed()
            return True

        return self.turns.change(key.rpartition("/")[0], hold, store)

    def _write(self, writer: _Writer, entry: Entry, packed: BytesLike) -> None:
        self._is_writing = True
        try:
            header = layout.local_header(entry)
            if len(packed) <= _WRITTEN_AT_ONCE:
                writer.file.write_at(writer.end, b"".join((header, packed)))
            else:
                writer.file.write_at(writer.end, header)
                writer.file.write_at(entry.data, packed)
            writer.end, writer.has_changes = entry.room, True
        except OSError as exc:
            raise self._of_archive(exc) from None
        finally:
            self._is_writing = False

    def remove(self, key: str, *, expected: Any, hold: Any) -> bool:
        """Take a value out, if what is there is as expected."""

        def delete() -> bool:
            if self.contents.entries.get(key) is not None or expected not in (ANY, ABSENT):
                self._begun()
            if not self._is_as_expected(key, expected):
                return False
            self._take_out([key])
            return True

        return self.turns.change(key.rpartition("/")[0], hold, delete)

    def remove_prefix(self, prefix: str) -> None:
        """Take out all that is under a prefix."""
        below = f"{prefix}/" if prefix else ""

        def delete() -> bool:
            if any(True for _ in self.contents.keys(below)):
                self._begun()
                self._take_out(self.contents.keys(below))
            return True

        self.turns.change(prefix, None, delete)

    def start_empty(self, *, must_be_new: bool) -> None:
        """Begin to write, with nothing in it."""
        with self.turns.guard:
            writer = self._begun(must_be_new=must_be_new, is_emptied=True)
            writer.has_changes = True
            self.contents.entries.clear()
            self.contents.is_changed()
            self.contents.comment = b""

    def comment(self, text: bytes) -> None:
        """Give the archive a comment."""
        with self.turns.guard:
            writer = self._begun()
            self.contents.comment, writer.has_changes = text, True

    def _take_out(self, keys: Iterable[str]) -> None:
        entries, writer = self.contents.entries, self._writer
        for key in list(keys):
            if entries.pop(key, None) is not None and writer is not None:
                writer.has_changes = True
        self.contents.is_changed()

    def _is_as_expected(self, key: str, expected: Any) -> bool:
        if expected is ANY:
            return True
        return self.contents.entries.get(key) is (None if expected is ABSENT else expected.entry)

    # -- beginning ----------------------------------------------------------------------------------------------

    def _begun(self, *, must_be_new: bool = False, is_emptied: bool = False) -> _Writer:
        """The writer; a new one if there is none. With the guard taken."""
        if self._writer is not None and self._has_ended(self._writer):
            self.commit()
        writer = self._writer
        if writer is None:
            try:
                writer = self._begin(must_be_new=must_be_new, is_emptied=is_emptied)
            except OSError as exc:
                raise self._of_archive(exc) from None
        elif must_be_new:
            raise _exists(self.label)
        if writer.n_forks != n_forks():
            raise BlockingIOError(
                errno.EWOULDBLOCK,
                f"{self.label} was being written when this process was forked, and only the parent may go on. Write from "
                "one process, or close the store before forking",
            )
        return writer

    def _of_archive(self, exc: OSError) -> OSError:
        """What went wrong, as with the archive: the file that was written may have a temporary name."""
        if self.path is None or came_from_a_signal(exc):
            return exc
        if exc.errno in (errno.EACCES, errno.EPERM) and os.access(self.path, os.W_OK):
            step = "a changed archive is written beside the old one first, so its directory has to be writable"
            return OSError(exc.errno, f"{exc.strerror}: {step}", self.path)
        return of_change(exc, self.path)

    def _begin(self, *, must_be_new: bool, is_emptied: bool) -> _Writer:
        if self.path is None:
            return self._begin_given(must_be_new=must_be_new, is_emptied=is_emptied)
        path = self.path
        directory = os.path.dirname(path)
        lock = self._locked(path, directory, must_be_new=must_be_new)
        writer = _Writer(lock, 0, lock, None, n_forks())
        try:
            _sweep(directory)
            if is_emptied:
                self.contents = Contents()
            else:
                self._refresh(path, may_be_empty=True)
            if is_emptied or self.contents.stop <= COPIED_NBYTES:
                writer.beside = temporary_name(directory)
                writer.file, writer.end = _copy(self.contents, writer.beside, lock), self.contents.directory
            else:
                writer.file, writer.end = OwnFile(path, _CHANGE), self.contents.stop
                writer.file.truncate(writer.end)
            self._go_on_in(writer.file)
        except BaseException:
            writer.drop()
            raise
        self._writer = writer
        return writer

    def _begin_given(self, *, must_be_new: bool, is_emptied: bool) -> _Writer:
        check_writable(self._given)
        file = file_of(self._given, self.turns.guard, for_reading=False)
        if must_be_new and file.nbytes:
            raise _exists(self.label)
        if is_emptied:
            file.truncate(0)
            self.contents = Contents(file)
        else:
            self._refresh_given(for_reading=False)
            self._go_on_in(file)
        writer = self._writer = _Writer(file, self.contents.stop, None, None, n_forks())
        return writer

    def _go_on_in(self, file: File) -> None:
        """The same entries, with their bytes in another file."""
        before = self.contents
        self.contents = Contents(file, before.entries, before.comment, before.directory, before.stop)

    def _locked(self, path: str, directory: str, *, must_be_new: bool) -> OwnFile:
        """A descriptor of the archive with the lock on it. An empty archive is made if there is none."""
        for _ in range(_ATTEMPTS):
            try:
                _status(path)
                found = OwnFile(path, _CHANGE)
            except FileNotFoundError:
                sync = settings().durability == "fsync"
                make_directories(directory, sync=sync)
                with NewFile(directory) as new:
                    new.append(EMPTY)
                    if sync:
                        new.sync()
                    was_made = new.publish(path, replace=False)
                must_be_new = must_be_new and not was_made
                continue
            if must_be_new:
                raise _exists(path)
            _lock(found, path)
            try:
                if os.path.samestat(os.stat(path), os.fstat(found.fd)):
                    return found
            except FileNotFoundError:
                pass
            found.close()
        raise FileNotFoundError(f"{path} is deleted by another program as soon as it is made")

    # -- ending -------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Finish the archive, so that everybody finds in it what was changed. Does nothing if nothing was begun here."""
        with self.turns.guard:
            writer = self._writer
            # In the middle of a write this is a finalizer's or signal handler's call; the store that writes will end it.
            if writer is None or writer.n_forks != n_forks() or self._is_writing:
                return
            if getattr(self._given, "closed", False):
                self._writer = None
                raise ValueError(
                    f"{self.label} was closed before the store, so what was written is in no archive: close the store first"
                )
            if writer.has_changes:
                try:
                    if not self._has_ended(writer):
                        self._finish(writer)
                except OSError as exc:
                    raise self._of_archive(exc) from None
                if isinstance(writer.file, OwnFile):
                    self.contents.state = writer.file.identity
                writer.let_go()
            else:
                writer.drop()
            self._writer = None

    def discard(self) -> None:
        """Give up what was begun here, and changes the archive's place only at the end."""
        with self.turns.guard:
            if self._writer is not None:
                self._writer.drop()
                self._writer = None
                self.contents = Contents()
                try:
                    self.refresh(must_exist=False)  # stores that have it open go on with what is there
                except (OSError, StoreFileError) as exc:  # what is on its way already says more
                    if came_from_a_signal(exc):
                        raise

    def _finish(self, writer: _Writer) -> None:
        sync = settings().durability == "fsync"
        self._compact(writer)
        file, contents = writer.file, self.contents
        end = layout.directory(contents.in_order(), writer.end, contents.comment)
        file.truncate(writer.end)
        if sync:
            file.sync()
        file.write_at(writer.end, end)
        if sync or self.path is None:
            file.sync()
        contents.directory, contents.stop = writer.end, writer.end + len(end)
        if writer.beside is not None and self.path is not None:
            writer.is_ending = True
            if system.IS_WINDOWS and isinstance(writer.file, OwnFile):
                writer.let_go()
                writer.file.close()
            _take_place(writer.beside, self.path, sync=sync)
            if system.IS_WINDOWS and isinstance(writer.file, OwnFile):
                writer.file.open(self.path, _CHANGE)

    def _has_ended(self, writer: _Writer) -> bool:
        """Whether the archive is finished, and whoever finished it was interrupted before that was noted."""
        if writer.is_ending and self.path is not None and isinstance(writer.file, OwnFile):
            try:
                writer.is_ending = os.path.samestat(os.stat(self.path), os.fstat(writer.file.fd))
            except FileNotFoundError:
                writer.is_ending = False
        return writer.is_ending

    def _compact(self, writer: _Writer) -> None:
        """Move what is in the archive to a new file, if enough of the old one is of no use."""
        entries = self.contents.entries
        if self.path is None or writer.lock is None:
            return
        used = sum(layout.nbytes_of(entry) for entry in entries.values())
        unused = writer.end - used
        if unused <= 0 or not (writer.end <= COPIED_NBYTES or unused > used):
            return
        if any(layout.is_encrypted(entry) for entry in entries.values()):
            return
        beside = temporary_name(os.path.dirname(self.path))
        new = _Writer(_new_file(beside, writer.lock), 0, writer.lock, beside, writer.n_forks, has_changes=True)
        try:
            moved = {}
            for entry in self.contents.in_order():
                moved[entry.name] = _move(writer.file, entry, new)
        except BaseException:
            new.remove()
            raise
        writer.remove()
        writer.file, writer.beside, writer.end = new.file, beside, new.end
        self.contents = Contents(new.file, moved, self.contents.comment)


def _move(source: Bytes, entry: Entry, writer: _Writer) -> Entry:
    at = layout.locate(source, entry)
    new = layout.moved(entry, writer.end)
    writer.file.write_at(writer.end, layout.local_header(new))
    _copy_bytes(source, at, at + entry.n_packed, writer.file, new.data)
    writer.end = new.room
    return new


def _copy(contents: Contents, path: str, like: OwnFile) -> OwnFile:
    """A new file with the same entries at the same places."""
    new = _new_file(path, like)
    if contents.file is not None:
        _copy_bytes(contents.file, 0, contents.directory, new, 0)
    return new


def _new_file(path: str, like: OwnFile) -> OwnFile:
    new = OwnFile(path, _CHANGE | os.O_CREAT | os.O_EXCL)
    new.label = like.label
    system.set_mode(new.fd, stat.S_IMODE(os.fstat(like.fd).st_mode))
    return new


def _copy_bytes(source: Bytes, start: int, stop: int, target: File, at: int) -> None:
    while start < stop:
        block = source.read_at(start, min(start + _BLOCK, stop))
        if not block:
            raise layout.malformed(source.label, "it has become shorter while it was read")
        target.write_at(at, block)
        start, at = start + len(block), at + len(block)


def _status(path: str) -> os.stat_result:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a zip archive is a file, and this is none", path)
    return status


def _take_place(new: str, path: str, *, sync: bool) -> None:
    system.replace(new, path)
    if sync:
        sync_directory(os.path.dirname(path))


def _lock(file: OwnFile, path: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(
            errno.EWOULDBLOCK,
            "another process writes this zip archive, and only one can at a time: let it close its store first, write "
            "from one process, or use a directory, which many may write",
            path,
        ) from None
    except OSError as exc:
        if exc.errno not in NO_LOCKS:
            raise


def _sweep(directory: str) -> None:
    """Remove what writers left beside an archive that were killed, as far as one may."""
    try:
        with os.scandir(directory) as found:
            abandoned = [
                entry.path for entry in found if is_abandoned(entry.name) and entry.is_file(follow_symlinks=False)
            ]
    except PermissionError:  # whoever may not list a directory may change files in it all the same
        return
    for path in abandoned:
        try:
            system.unlink(path)
        except (FileNotFoundError, PermissionError):  # in a directory for all, others remove only what is theirs
            pass


def _now() -> int:
    """The time, as the format has it: two seconds are its unit, and 1980 is its beginning."""
    now = time.localtime()
    date = max(now.tm_year - 1980, 0) << 9 | now.tm_mon << 5 | now.tm_mday
    return now.tm_hour << 11 | now.tm_min << 5 | now.tm_sec // 2 | date << 16


def _exists(path: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, "mode 'x' makes new archives only, and this is there", path)


def _too_large(label: str) -> Exception:
    with importing("zipfile"):
        from zipfile import LargeZipFile

    return LargeZipFile(f"{label} would become too large without zip64; leave allowZip64=True")


# -- one for each file ------------------------------------------------------------------------------------------------

_by_place: WeakValueDictionary[str | int, Archive] = WeakValueDictionary()
_all: WeakSet[Archive] = WeakSet()
_guard = threading.Lock()


def archive_at(path: str) -> Archive:
    """The archive of a path, which need not exist."""
    place = os.path.realpath(path)
    with _guard:
        return _by_place.get(place) or _by_place.setdefault(place, Archive(place))


def archive_in(given: Any) -> Archive:
    """The archive in a file object."""
    with _guard:
        return _by_place.get(id(given)) or _by_place.setdefault(id(given), Archive(None, given))


@renew_in_children
def _leave_to_parent() -> None:
    """The lock of an archive that is being written stays with the parent."""
    global _guard
    _guard = threading.Lock()
    for archive in list(_all):
        writer = archive._writer
        if writer is not None:
            writer.let_go()
