"""A store in a directory: one file per key."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, TypeVar

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, resolve_range
from zarr._store import system
from zarr._store.absence import absence
from zarr._store.abstract import AccessMode
from zarr._store.atomic import PREFIX, FileSink, NewFile, is_abandoned, is_of_lease, is_temporary, temporary_name
from zarr._store.directories import make_directories, sync_directory
from zarr._store.file_url import from_url, is_url, to_url
from zarr._store.file_version import FileVersion, identity_of
from zarr._store.given_paths import absolute, as_given, tidy
from zarr._store.keys import check_key
from zarr._store.leased.steps import ContentError, drive
from zarr._store.locks import DirectoryHold
from zarr._store.mounts import way_at
from zarr._store.native_place import Directory
from zarr._store.obstacles import obstacle
from zarr._store.permissions import of_change
from zarr._store.staging import Staging, nearest_directory
from zarr._store.strays import Stray, discard, is_hidden_by_client, strays
from zarr._store.turns import Turns, turns_at
from zarr._store.versioned import ABSENT, ANY, Expected, Hold, Stored, SyncStore, Unlocked, Version
from zarr._store.whereabouts import directories_to
from zarr._support.imports_on_use import importing
from zarr._support.near_names import suggests_keywords
from zarr._support.settings import settings
from zarr._support.signals import came_from_a_signal
from zarr._support.truth import truth
from zarr.errors import (
    ConcurrentChangeError,
    DirectoryInTheWayError,
    FileInTheWayError,
    KeyBlockedError,
    StoreKeyError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer.pieces import Sink
    from zarr._store.capabilities import Capabilities
    from zarr._store.leased.files import LeasedFiles
    from zarr._store.leased.steps import Steps, Write
    from zarr._support.settings import Settings

_ATTEMPTS = 100
T = TypeVar("T")


class _CapabilitiesOfPlace:
    """What a local store can do: less where leases take the place of locks."""

    def __get__(self, store: LocalStore | None, cls: type[LocalStore]) -> Capabilities:
        return _WITH_LOCKS if store is None or store._leased() is None else _WITH_LEASES


_WITH_LOCKS = replace(SyncStore.capabilities, holds_between_processes=True, removes_in_one_step=True, takes_pieces=True)
_WITH_LEASES = replace(_WITH_LOCKS, holds_objects=True, removes_in_one_step=False)


@suggests_keywords
class LocalStore(SyncStore):
    """Keep values as files under a directory.

    Files appear and are replaced whole. Writers in several threads and processes of one machine respect each other;
    how, and what that takes from the file system, is in the guide under "Concurrency and safety".

    Parameters
    ----------
    root
        The directory, as a path or as a `file://` URL. It is made by the first write. A relative path is relative to the
        working directory of this moment: the store stays where it is when that changes, and in another process.
    read_only
        If True, nothing may be written or deleted through this object.

    Raises
    ------
    TypeError
        If `root` is not a path.
    FileNotFoundError
        If `root` is relative and the working directory has been deleted.

    Examples
    --------
    >>> import tempfile, zarr
    >>> store = zarr.storage.LocalStore(tempfile.mkdtemp())
    >>> a = zarr.create_array(store, shape=3, dtype="u1")
    >>> sorted(p.name for p in store.root.iterdir())
    ['zarr.json']
    """

    may_block = True
    capabilities: Capabilities = _CapabilitiesOfPlace()  # type: ignore[assignment]  # gives that type
    _way: tuple[Settings, str, LeasedFiles | None] | None = None

    def __init__(self, root: Path | str, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        if not isinstance(root, str | os.PathLike):
            raise TypeError(f"'root' must be a string or Path instance. Got an instance of {type(root)} instead.")
        if isinstance(root, str) and is_url(root):
            root = from_url(root)
        self._go_to(root)

    def _go_to(self, root: str | os.PathLike[str]) -> None:
        self._given = tidy(root)
        self._base = absolute(self._given)

    @property
    def root(self) -> Path:
        """The directory: as it was given, or the absolute path if that leads to another directory by now."""
        return as_given(self._given, self._base)

    @classmethod
    async def open(cls, root: Path | str, *, read_only: bool = False, mode: AccessMode | None = None) -> Self:
        """Create a store and open it; mode `"r"` makes it read-only, the others make the directory."""
        store = cls(root, read_only=truth("read_only", read_only) if mode is None else mode == "r")
        await store._open()
        return store

    async def _open(self) -> None:
        if not self.read_only:
            if settings().durability == "fsync":
                make_directories(self._base, sync=True)
            self.root.mkdir(parents=True, exist_ok=True)
        if not self.root.exists():
            raise FileNotFoundError(f"{self.root} does not exist")
        await super()._open()

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.root, read_only=read_only)

    async def move(self, dest_root: Path | str) -> None:
        """Move the whole store to another directory, which must not exist yet."""
        await self._change(self._move, Path(dest_root))

    def _move(self, destination: Path) -> None:
        if destination.exists():
            raise FileExistsError(f"Destination root {destination} already exists.")
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self._base, destination)
        self._go_to(destination)

    def __str__(self) -> str:
        return to_url(self.root.as_posix())

    def _describe(self, path: str) -> str:
        return to_url((self.root / path).as_posix())

    def _known_as(self) -> str:
        return to_url(Path(self._base).as_posix())

    def _absence(self, path: str) -> str:
        return absence(self._base, path)

    def __repr__(self) -> str:
        return f"LocalStore({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._base == other._base

    __hash__ = None  # type: ignore[assignment]  # as zarr-python's

    # -- leases -------------------------------------------------------------------------------------------------

    def _leased(self) -> LeasedFiles | None:
        """The files under leases, if it is these that keep writers apart here."""
        now, known = settings(), self._way
        if known is None or known[0] is not now or known[1] is not self._base:
            known = self._way = (now, self._base, _leased_files() if way_at(self._base) == "lease" else None)
        return known[2]

    def __getstate__(self) -> dict[str, object]:
        state = self.__dict__.copy()
        state.pop("_way", None)
        return state

    def _change_leased(self, key: str, steps: Steps[bool]) -> bool:
        """Take steps that change an object."""
        try:
            return _take(steps)
        except ContentError as exc:
            raise exc.cause from exc.cause.__cause__
        except (KeyBlockedError, UnknownOutcomeError):
            raise
        except OSError as exc:
            self._refuse_blocked(key, exc)
            raise of_change(exc, self._path(key)) from None

    def _put_leased(self, leased: LeasedFiles, key: str, write: Write, expected: Expected, hold: Hold | None) -> bool:
        is_synced = settings().durability == "fsync"
        return self._change_leased(
            key, leased.put(self._path(key), write, expected=expected, hold=hold, sync=is_synced)
        )

    # -- paths --------------------------------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        if PREFIX in key and any(is_temporary(segment) for segment in key.split("/")):
            raise StoreKeyError(f"{key!r} is not a valid store key: names that begin with {PREFIX!r} are reserved")
        system.check_names(key)
        return f"{self._base}/{key}" if key else self._base

    def _hold_for(self, directory: str, hold: Hold | None) -> DirectoryHold | Unlocked:
        """The caller's hold if it is on this very directory, else a new one. Makes the directory if need be."""
        if _covers(hold, directory):
            return hold
        for _ in range(_ATTEMPTS):
            try:
                return DirectoryHold(directory)
            except FileNotFoundError:
                pass
            make_directories(directory, sync=settings().durability == "fsync")
        raise _no_directory(directory)

    def _whereabouts(self, path: str) -> Sequence[object]:
        return directories_to(f"{self._base}/{path}" if path else self._base)

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        return turns_at(f"{self._base}/{prefix}")

    def _strays(self, prefix: str) -> Sequence[Stray]:
        return list(strays(self._base, prefix))

    def _discard(self, stray: Stray) -> bool:
        self._check_writable()
        return discard(self._base, stray)

    def native_place(self) -> Directory | None:
        return Directory(self._base) if type(self) is LocalStore and self._leased() is None else None

    # -- the contract -------------------------------------------------------------------------------------------

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        found = version
        for _ in range(_ATTEMPTS):
            if found is None and (found := self._version(key)) is None:
                return None
            start, stop = resolve_range(byte_range, found.nbytes)
            buffer = CPUBuffer if prototype is None else prototype.buffer
            try:
                return Stored(buffer.from_bytes(found.read(start, stop)), found, found.nbytes)
            except OSError as exc:
                if exc.errno != errno.ESTALE or came_from_a_signal(exc):
                    raise
                found = None  # a server has forgotten the file, as it was replaced
            if version is not None:
                break
        raise ConcurrentChangeError(f"object {key!r} was replaced while it was read; read it again.")

    def read_several(self, reads: Sequence[tuple[str, ByteRequest | None, Version | None]]) -> list[Stored | None]:
        """Where a directory is missing, so are all files in it: those that a node may have need not be looked for."""
        if type(self).read is not LocalStore.read or self._leased() is not None:
            return super().read_several(reads)
        found = []
        looked_for, is_there = "/", True
        for key, byte_range, version in reads:
            directory = key.rpartition("/")[0]
            if directory != looked_for:
                looked_for, is_there = directory, os.access(f"{self._base}/{directory}", os.F_OK)
                if not is_there:
                    self._refuse_blocked(key)
            is_absent = not is_there and version is None
            found.append(None if is_absent else self.read(key, byte_range, version=version))
        return found

    def _version(self, key: str) -> FileVersion | None:
        try:
            leased = self._leased()
            found = FileVersion(self._path(key)) if leased is None else _take(leased.open(self._path(key)))
        except FileNotFoundError:
            found = None
        except OSError as exc:
            self._refuse_blocked(key, exc)
            raise
        if found is None:
            self._refuse_blocked(key)
        return found

    def _refuse_blocked(self, key: str, cause: OSError | None = None) -> None:
        """Raise what says that something is in the way of a key, if it is so."""
        found = obstacle(self._base, key)
        if found is not None:
            raise found from cause

    async def _obstacle(self, key: str) -> KeyBlockedError | None:
        found: KeyBlockedError | None = await self._call(obstacle, self._base, key)
        return found

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        try:
            return super().get_sync(key, prototype=prototype, byte_range=byte_range)
        except (FileInTheWayError, DirectoryInTheWayError):
            # A directory is no value, and below a value there is none, says zarr-python. `read` leaves it to the caller.
            return None

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        if (leased := self._leased()) is not None:
            data = value.as_buffer_like()
            return self._put_leased(leased, key, lambda sink: sink.append(data), expected, hold)
        directory = _directory_of(self._path(key))
        sync = settings().durability == "fsync"
        try:
            if expected is ABSENT and not os.access(directory, os.F_OK):  # mostly it is the document of a new node
                make_directories(directory, sync=sync)
            for _ in range(_ATTEMPTS):
                try:
                    return self._put(key, value, expected, hold, sync)
                except FileNotFoundError:  # the directory is not there yet, or not any more
                    make_directories(directory, sync=sync)
        except KeyBlockedError:
            raise
        except OSError as exc:
            self._refuse_blocked(key, exc)
            raise of_change(exc, self._path(key)) from None
        self._refuse_blocked(key)
        raise _no_directory(directory)

    def put_pieces(
        self, key: str, write: Callable[[Sink], None], *, expected: Expected = ANY, hold: Hold | None = None
    ) -> bool:
        if type(self).put is not LocalStore.put or "put" in self.__dict__:
            return super().put_pieces(key, write, expected=expected, hold=hold)
        if (leased := self._leased()) is not None:
            return self._put_leased(leased, key, write, expected, hold)
        directory = _directory_of(self._path(key))
        sync = settings().durability == "fsync"
        telling = _Telling(self, key)
        for _ in range(_ATTEMPTS):
            with telling:
                new = _new_file(directory, sync=sync)
            with new:
                sink = FileSink(new, telling)
                write(sink)
                sink.flush()
                with telling:
                    try:
                        return self._finish(new, key, expected, hold, sync)
                    except FileNotFoundError:  # the directory was deleted meanwhile
                        continue
        self._refuse_blocked(key)
        raise _no_directory(directory)

    def _put(self, key: str, value: Buffer, expected: Expected, hold: Hold | None, sync: bool) -> bool:
        with NewFile(_directory_of(self._path(key))) as new:
            new.append(value.as_buffer_like())
            return self._finish(new, key, expected, hold, sync)

    def _finish(self, new: NewFile, key: str, expected: Expected, hold: Hold | None, sync: bool) -> bool:
        """Put a written file in its place; whether what was there is as expected."""
        path = self._path(key)
        directory = _directory_of(path)
        _make_replaceable(expected)
        if sync:
            new.sync()
        held = self._hold_for(directory, hold)
        try:
            done = self._publish(new, key, path, expected, held)
            if done and sync:
                sync_directory(directory)
            return done
        finally:
            if held is not hold:
                held.release()

    def _publish(self, new: NewFile, key: str, path: str, expected: Expected, held: DirectoryHold | Unlocked) -> bool:
        """Give a new file its name, if what is stored is as expected. Only files are replaced, and links to files."""
        if expected is not ANY and expected is not ABSENT:
            held.rely_on()
            return _is_version(path, expected) and new.publish(path, replace=True, is_taken=True)
        if new.publish(path, replace=False):
            return True
        self._refuse_blocked(key)
        return expected is ANY and new.publish(path, replace=True, is_taken=True)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        path = self._path(key)
        if (leased := self._leased()) is not None:
            is_synced = settings().durability == "fsync"
            return self._change_leased(key, leased.remove(path, expected=expected, hold=hold, sync=is_synced))
        directory = _directory_of(path)
        _make_replaceable(expected)
        try:
            held = hold if _covers(hold, directory) else DirectoryHold(directory)
        except OSError as exc:
            self._refuse_blocked(key, exc)
            if not isinstance(exc, FileNotFoundError):
                raise
            return expected is ANY or expected is ABSENT
        try:
            if expected is ABSENT:
                return not os.path.lexists(path)
            if expected is not ANY:
                held.rely_on()
                if not _is_version(path, expected):
                    return False
            system.unlink(path)
            if settings().durability == "fsync":
                sync_directory(directory)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as exc:
            self._refuse_blocked(key, exc)
            raise of_change(exc, path) from None
        finally:
            if held is not hold and held is not None:
                held.release()
        return True

    def delete_sync(self, key: str) -> None:
        try:
            super().delete_sync(key)
        except FileInTheWayError:  # there is no such value, as in `get_sync`
            pass

    def hold(self, prefix: str) -> Hold:
        directory = self._path(prefix and check_key(prefix))
        try:
            if (leased := self._leased()) is not None:
                return _take(leased.hold(directory))
            held = self._hold_for(directory, None)
        except OSError as exc:
            self._refuse_blocked(f"{prefix}/", exc)
            raise of_change(exc, directory) from None
        try:
            held.rely_on()
        except BaseException:
            held.release()
            raise
        return held

    def hold_object(self, key: str, under: Hold | None = None) -> Hold:
        path = self._path(check_key(key))
        if (leased := self._leased()) is None:
            return super().hold_object(key, under)
        try:
            hold: Hold = _take(leased.hold_object(path, under))
        except OSError as exc:
            self._refuse_blocked(key, exc)
            raise of_change(exc, path) from None
        return hold

    def _staging(self, prefix: str) -> Staging | None:
        if type(self) is not LocalStore or self._leased() is not None:
            return None
        target = self._path(prefix)
        make_directories(self._base, sync=settings().durability == "fsync")
        directory = nearest_directory(target)
        self._entries(directory)  # which takes away what the dead have left
        return _NewDirectory(target, directory) if _can_exchange(directory) else None

    @property
    def _renames(self) -> bool:
        return type(self) is LocalStore and self._leased() is None

    def _rename_prefix(self, prefix: str, new: str) -> bool:
        source, target = self._path(prefix), self._path(new)
        if not self._renames or os.path.isfile(target) or next(self.list_links(prefix), None) is not None:
            return False  # where a link leads to may depend on where it is
        try:
            with DirectoryHold(source):
                os.rename(source, target)
        except OSError as exc:  # there is something, or it is on another disk: whoever copies finds out
            if came_from_a_signal(exc):
                raise
            return False
        if settings().durability == "fsync":
            sync_directory(os.path.dirname(target))
            sync_directory(os.path.dirname(source))
        return True

    def list_keys(self, prefix: str) -> Iterator[str]:
        above = prefix.rpartition("/")[0]
        directory = self._path(above)
        try:
            os.stat(directory)
        except OSError as exc:
            self._refuse_hidden(f"{above}/", exc)
            return iter(())
        below = f"{above}/" if above else ""
        return (key for key in self._walk(directory, below, frozenset()) if key.startswith(prefix))

    def _walk(self, directory: str, below: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
        """Keys of the files in a directory and in those inside it. `above` are the directories it lies in."""
        try:
            status = os.stat(directory)
            entries = self._entries(directory)
        except (FileNotFoundError, NotADirectoryError):
            return
        here = (status.st_dev, status.st_ino)
        if here in above:  # a symbolic link to a directory that it lies in
            return
        for entry in entries:
            if _is_directory(entry):
                yield from self._walk(entry.path, f"{below}{entry.name}/", above | {here})
            else:
                yield f"{below}{entry.name}"

    def list_names(self, prefix: str) -> Iterator[str]:
        try:
            return iter([entry.name for entry in self._entries(self._path(prefix))])
        except OSError as exc:
            self._refuse_hidden(f"{prefix}/", exc)
            return iter(())

    def list_links(self, prefix: str) -> Iterator[str]:
        directory = self._path(prefix)
        if prefix and os.path.islink(directory) and os.path.isdir(directory):
            return iter((prefix,))
        return self._links(directory, f"{prefix}/" if prefix else "")

    def _links(self, directory: str, below: str) -> Iterator[str]:
        """Prefixes of the links to directories in a directory and in those inside it, links not followed."""
        try:
            entries = self._entries(directory)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if not _is_directory(entry):
                continue
            if entry.is_symlink():
                yield f"{below}{entry.name}"
            else:
                yield from self._links(entry.path, f"{below}{entry.name}/")

    def _refuse_hidden(self, key: str, cause: OSError) -> None:
        """Raise what says so if there may be a value, or some under a prefix, that cannot be seen at the moment."""
        found = obstacle(self._base, key)
        if found is not None and not isinstance(found, FileInTheWayError):
            raise found from cause
        if not isinstance(cause, FileNotFoundError | NotADirectoryError):
            raise cause

    def _entries(self, directory: str) -> list[os.DirEntry[str]]:
        """What is in a directory, in order of name, without temporary files; those of the dead are removed."""
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        temporary = [entry for entry in entries if is_temporary(entry.name) or is_hidden_by_client(entry.name)]
        if not temporary:
            return entries
        if not self.read_only:
            self._sweep(directory, [entry.name for entry in temporary])
        hidden = {entry.name for entry in temporary}
        return [entry for entry in entries if entry.name not in hidden]

    def _sweep(self, directory: str, found: list[str]) -> None:
        """Remove those of some temporary files whose owners are dead."""
        for name in found:
            if is_abandoned(name):
                _discard(f"{directory}/{name}")
        if any(is_of_lease(name) for name in found):
            _take(_leased_files().sweep(directory, found))

    def remove_prefix(self, prefix: str) -> None:
        directory = self._path(prefix)
        if (leased := self._leased()) is not None:
            is_synced = settings().durability == "fsync"
            remove = leased.remove_prefix if prefix else leased.empty
            try:
                _take(remove(directory, sync=is_synced))
            except OSError as exc:
                raise of_change(exc, str(exc.filename or directory)) from None
            return
        if prefix:
            self._remove_directory(directory)
            return
        try:
            entries = self._entries(directory)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                self._remove_directory(entry.path)
            else:
                self.remove(entry.name)

    def _remove_directory(self, directory: str) -> None:
        """Take a directory out of sight in one step, then delete it."""
        if not os.path.isdir(directory):
            return
        aside = temporary_name(os.path.dirname(directory))
        try:
            with DirectoryHold(directory):
                os.rename(directory, aside)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise of_change(exc, directory) from None
        if settings().durability == "fsync":
            sync_directory(os.path.dirname(directory))
        try:
            _discard(aside, ignore_errors=False)
        except OSError as exc:
            raise of_change(exc, str(exc.filename or directory).replace(aside, directory)) from None

    def present(self, keys: Sequence[str]) -> list[bool]:
        for key in keys if system.IS_WINDOWS else ():
            system.check_names(key)
        if (leased := self._leased()) is not None:
            return [_take(leased.exists(self._path(key))) for key in keys]
        base = f"{self._base}/"
        exists = (
            os.access
        )  # which raises nothing where there is nothing, and so takes half the time of a look at the size
        return [exists(base + key, os.F_OK) for key in keys]

    def size(self, key: str) -> int | None:
        if self._leased() is not None:
            with suppress(DirectoryInTheWayError, FileInTheWayError):
                if (found := self._version(key)) is not None:
                    found.release()
                    return int(found.nbytes)
            return None
        try:
            status = os.stat(self._path(key))
        except OSError as exc:
            self._refuse_hidden(key, exc)
            return None
        if stat.S_ISREG(status.st_mode):
            return status.st_size
        if not stat.S_ISDIR(status.st_mode):  # which is no value, but a prefix
            self._refuse_blocked(key)
        return None


class _NewDirectory(Staging):
    """A directory that takes the place of another one."""

    store: LocalStore

    def __init__(self, target: str, directory: str) -> None:
        self._target = target
        self._aside = temporary_name(directory)
        self.store = LocalStore(self._aside)

    def publish(self) -> None:
        sync = settings().durability == "fsync"
        above = os.path.dirname(self._target)
        if os.path.lexists(self._target) and not os.path.isdir(self._target):
            raise FileExistsError(errno.EEXIST, "there is a file where a directory is to be", self._target)
        for _ in range(_ATTEMPTS):
            make_directories(above, sync=sync)
            try:
                if self._put_in_place():
                    break
            except OSError as exc:
                raise of_change(exc, self._target) from None
        else:
            raise _no_directory(self._target)
        if sync:
            sync_directory(above)
        self.store._go_to(self._target)
        _discard(self._aside)

    def _put_in_place(self) -> bool:
        """Whether it is in its place; if not, what is there came or went meanwhile."""
        try:
            with DirectoryHold(self._target):
                return system.exchange(self._aside, self._target)
        except FileNotFoundError:
            if not os.path.isdir(self._aside):
                raise
        try:
            os.rename(self._aside, self._target)  # of directories that are there, it replaces empty ones only
        except OSError as exc:
            if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT) or came_from_a_signal(exc):
                raise
            return False
        return True

    def discard(self) -> None:
        if os.path.lexists(self._aside):
            _discard(self._aside)


_exchanging: dict[int, bool] = {}


def _can_exchange(directory: str) -> bool:
    """Whether directories can be exchanged in one step there. It is tried once for each file system."""
    device = os.stat(directory).st_dev
    if device not in _exchanging:
        pair = [temporary_name(directory) for _ in range(2)]
        try:
            for path in pair:
                os.mkdir(path)
            _exchanging[device] = system.exchange(*pair)
        finally:
            for path in pair:
                _discard(path)
    return _exchanging[device]


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as exc:
        if exc.errno != errno.ELOOP:
            raise
        return False  # a link to itself


def _covers(hold: Hold | None, directory: str) -> TypeGuard[DirectoryHold | Unlocked]:
    return isinstance(hold, Unlocked) or (isinstance(hold, DirectoryHold) and hold.directory == directory)


def _leased_files() -> LeasedFiles:
    with importing("zarr._store.leased.system"):
        from zarr._store.leased.system import FILES
    return FILES


def _take(steps: Steps[T]) -> T:
    """Take steps at the file system of this machine."""
    with importing("zarr._store.leased.system"):
        from zarr._store.leased.system import SYSTEM
    return drive(steps, SYSTEM)


def _is_version(path: str, expected: FileVersion) -> bool:
    try:
        return identity_of(os.stat(path)) == expected.identity
    except (FileNotFoundError, NotADirectoryError):
        return False


def _make_replaceable(expected: Expected) -> None:
    """Close the file of a version that is to be replaced, where it cannot be as long as it is open.

    Its number is not used again for long there: it counts how often it was used.
    """
    if system.IS_WINDOWS and isinstance(expected, FileVersion):
        expected.release()


def _no_directory(directory: str) -> FileNotFoundError:
    """Why there is no directory, however often it is made."""
    return FileNotFoundError(f"{directory} is deleted by another program as soon as it is made")


class _Telling:
    """What is done in this for a change has the errors of the key that is changed.

    Parameters
    ----------
    store, key
        What is changed.
    """

    __slots__ = ("_key", "_store")

    def __init__(self, store: LocalStore, key: str) -> None:
        self._store, self._key = store, key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        if isinstance(exc, OSError) and not isinstance(exc, KeyBlockedError):
            self._store._refuse_blocked(self._key, exc)
            raise of_change(exc, self._store._path(self._key)) from None


def _new_file(directory: str, *, sync: bool) -> NewFile:
    """A new file in a directory, which is made where it is missing."""
    for _ in range(_ATTEMPTS):
        try:
            return NewFile(directory)
        except FileNotFoundError:
            make_directories(directory, sync=sync)
    raise _no_directory(directory)


def _directory_of(path: str) -> str:
    """The directory of a file, of whose path what follows that of the store has slashes on every system."""
    return path.rpartition("/")[0]


def _discard(path: str, *, ignore_errors: bool = True) -> None:
    """Delete a file, a symbolic link or a directory tree that is out of sight."""
    for attempt in range(_ATTEMPTS):
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except OSError as exc:
            # A writer that found the directory before it was put aside may still put a file there, or take its own away.
            if exc.errno in (errno.ENOTEMPTY, errno.ENOENT) and os.path.lexists(path) and attempt + 1 < _ATTEMPTS:
                continue
            if exc.__context__ is not None and came_from_a_signal(exc.__context__):
                raise exc.__context__ from None  # `rmtree` closes once more what it was interrupted in closing
            if came_from_a_signal(exc) or (not ignore_errors and os.path.lexists(path)):
                raise
        return
