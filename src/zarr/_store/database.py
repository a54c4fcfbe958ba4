"""Connections to an SQLite file: who has them, what becomes of them in forks, and what goes wrong with them.

SQLite's own locks (POSIX record locks) belong to a process and go when *any* descriptor of the file is closed in it. From
that follow two rules. Nobody in this process opens the file but SQLite (`is_database_here`). And no connection goes
through a fork: its child would believe that it has locks which are its parent's. So whoever forks waits until other threads
have ended what they do with a database, and closes all connections first; parent and child open new ones when they need
them.

Connections are kept in a pool, and each is used by one thread at a time. A connection that met an error is not used again.
The file may be deleted or replaced by another one while connections are open: they are dropped then.
"""

from __future__ import annotations

import atexit
import errno
import os
import stat
import time
from functools import cache
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

from zarr._store import system
from zarr._store.directories import make_directories
from zarr._store.locks import PlaceHold, remove_unheld
from zarr._store.mounts import is_of_one_machine
from zarr._support.forks import finish_before_forks, give_way, held_around_forks, is_wanted, renew_in_children
from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal
from zarr.errors import StoreFileError

if TYPE_CHECKING:
    import sqlite3
    from typing import Self

_APPLICATION = 0x7A617272
"""What makes a database one of ours: "zarr" in its header. SQLite leaves this number to programs."""
_LAYOUT = 1
_PAGE_NBYTES = 16384
_MOST_LOG_NBYTES = 64 << 20
_ATTEMPTS = 100
_DEAF_S = 0.25
_IN_TRANSACTION = ("CREATE", "INSERT", "DELETE")
"""How statements begin that are parts of a change."""
_QUOTED = str.maketrans({"%": "%25", "?": "%3f", "#": "%23"})
_MAKE = (
    "CREATE TABLE objects (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)",
    # Numbers count from a random one, so that those of a database that was deleted and made again are others.
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('objects', abs(random() / 4))",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_LAYOUT}",
)

Identity = tuple[int, ...]

_raw: WeakSet[sqlite3.Connection] = WeakSet()
"""Every connection that this process opened and that is there, also one that nobody has any more."""


@cache
def sqlite3_module() -> Any:
    """The module sqlite3, imported on first use, and kept."""
    with importing("sqlite3"):
        import sqlite3

    return sqlite3


@cache
def _listed() -> type[sqlite3.Connection]:
    """The class of all connections that are opened here: each is on a list before its file is open.

    A connection of SQLite's module that nobody has any more stays open until garbage is collected, as it and its cache of
    statements have each other. So what an interrupt lets fall between two lines would go through forks.

    While SQLite waits for another program it is deaf to signals, so it is let wait for a short time only, again and again.
    """
    module = sqlite3_module()
    execute, busy, too_old = module.Connection.execute, module.SQLITE_BUSY, module.SQLITE_BUSY_SNAPSHOT

    class Listed(module.Connection):  # type: ignore[misc,name-defined]  # the module is imported on first use, so it is no type
        __slots__ = ("__weakref__", "_patience")

        def __init__(self, *args: Any, timeout: float, **kwargs: Any) -> None:
            _raw.add(self)
            self._patience = timeout
            super().__init__(*args, timeout=min(timeout, _DEAF_S), **kwargs)

        def execute(self, statement: str, parameters: Any = (), /) -> Any:
            try:
                return execute(self, statement, parameters)
            except module.OperationalError as exc:
                if not self._may_go_again(statement, exc):
                    raise
                return self._execute_patiently(statement, parameters, exc)

        def _execute_patiently(self, statement: str, parameters: Any, error: BaseException) -> Any:
            """Execute what found the database locked, until it is not or patience is at its end."""
            ends = time.monotonic() + self._patience - _DEAF_S
            while time.monotonic() < ends:
                try:
                    return execute(self, statement, parameters)
                except module.OperationalError as exc:
                    if not self._may_go_again(statement, exc):
                        raise
                    error = exc
            raise error

        def _may_go_again(self, statement: str, error: Any) -> bool:
            if _primary(error) != busy or error.sqlite_errorcode == too_old:
                return False
            return self.in_transaction or not statement.startswith(_IN_TRANSACTION)  # which SQLite may have undone

    return Listed


class Connection:
    """An open database.

    Attributes
    ----------
    raw
        The connection, in which every statement is a transaction of its own unless one was begun.
    identity
        Of the file that was opened.
    epoch
        Of the pool that it belongs to.
    is_ours
        Whether there is the table of objects; if not, there is nothing at all in the database.
    can_pin
        Whether a reader may keep what it sees without keeping writers waiting.
    """

    __slots__ = ("_synchronous", "can_pin", "epoch", "identity", "is_ours", "most_nbytes", "raw")

    def __init__(self, raw: sqlite3.Connection, identity: Identity, epoch: int, name: str) -> None:
        self.raw, self.identity, self.epoch = raw, identity, epoch
        self._synchronous = ""
        raw.execute("BEGIN")  # somebody may be making it
        (application,) = raw.execute("PRAGMA application_id").fetchone()
        (layout,) = raw.execute("PRAGMA user_version").fetchone()
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        raw.execute("COMMIT")
        self.is_ours = application == _APPLICATION and "objects" in tables
        if self.is_ours and layout != _LAYOUT:
            raise StoreFileError(
                f"{name!r} was written by a newer version of this library (layout {layout}, this version knows "
                f"{_LAYOUT}). Use that version to read it."
            )
        if tables and not self.is_ours:
            raise StoreFileError(
                f"{name!r} is an SQLite database of another program, with the tables {', '.join(tables[:5])}; nothing was "
                "changed. Choose a path where nothing is yet."
            )
        (journal,) = raw.execute("PRAGMA journal_mode").fetchone()
        self.can_pin = journal == "wal"
        raw.execute(f"PRAGMA journal_size_limit = {_MOST_LOG_NBYTES}")
        self.most_nbytes = raw.getlimit(sqlite3_module().SQLITE_LIMIT_LENGTH)

    def make(self, *, wal: bool, sync: bool) -> None:
        """Make the table of objects in an empty database, with everybody else who makes it kept out."""
        raw = self.raw
        self._wait_for_disk(sync)
        raw.execute(f"PRAGMA page_size = {_PAGE_NBYTES}")
        # Not to shrink the file, but for the map of pages that comes with it: the middle of a large value is found by that.
        raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
        (journal,) = raw.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}").fetchone()
        raw.execute("BEGIN IMMEDIATE")
        for statement in _MAKE:
            raw.execute(statement)
        raw.execute("COMMIT")
        self.can_pin, self.is_ours = journal == "wal", True

    def begin_change(self, *, sync: bool) -> None:
        self._wait_for_disk(sync)
        self.raw.execute("BEGIN IMMEDIATE")

    def __del__(self, opened_here: WeakSet[sqlite3.Connection] = _raw) -> None:
        try:
            if self.raw in opened_here:  # and not by the parent of this process
                self.raw.close()  # which undoes what was not committed, where an interrupt kept others from doing so
        except (AttributeError, TypeError):  # interrupted so early that it has none, or at the end of the interpreter
            pass

    def _wait_for_disk(self, sync: bool) -> None:
        """Whether a change is to be on the disk when it is over; if not, it may be lost with the machine, but not torn."""
        level = "EXTRA" if sync else "NORMAL"
        if level != self._synchronous:
            self.raw.execute(f"PRAGMA synchronous = {level}")
            self._synchronous = level


class Database:
    """The connections of this process to one file; stores of one path share them.

    Parameters
    ----------
    path
        Absolute.
    timeout
        For how many seconds other programs are waited for.
    wal
        Whether a new database keeps a log of its own for writes; None: where that works.
    """

    def __init__(self, path: str, timeout: float, *, wal: bool | None) -> None:
        self.path, self._timeout, self._wal = path, timeout, wal
        self.epoch = 0
        self._renew()

    def _renew(self) -> None:
        self.epoch += 1
        self._idle: list[Connection] = []
        self._pinned: dict[int, Connection] = {}
        self._real = ""
        self._lock_file = ""

    # -- locks --------------------------------------------------------------------------------------------------

    def lock(self, place: int, *, sync: bool) -> PlaceHold:
        """Wait for, and take, one of the rights that writers have between each other. Makes directories if need be, and with `sync`
        waits until those are on the disk.
        """
        self._identity()  # beside what is no database there is nothing to be made
        path = self.lock_file()
        for _ in range(_ATTEMPTS):
            try:
                return PlaceHold(path, place)
            except FileNotFoundError:
                self._make_lock_file(path, sync=sync)
            except OSError as exc:
                raise self._of_file(exc) from None
        raise FileNotFoundError(errno.ENOENT, "is deleted by another program as soon as it is made", path)

    def _of_file(self, exc: OSError) -> OSError:
        """An error with what belongs to the database, as one of the database."""
        if came_from_a_signal(exc):
            return exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return self._not_permitted(exc.strerror)
        return OSError(exc.errno, exc.strerror, self.path)

    def _not_permitted(self, cause: object) -> PermissionError:
        step = "with mode='r' it can be read where both cannot be written to"
        if not os.path.exists(self.path):
            step = "choose a place that may be written to"
        return PermissionError(
            errno.EACCES,
            f"the database cannot be opened or changed ({cause}). SQLite needs to write to the file and to its directory; {step}",
            self.path,
        )

    def lock_file(self) -> str:
        """The file beside the database in which writers have locks on places."""
        if not self._lock_file or not self._real:
            self._real = os.path.realpath(self.path)
            self._lock_file = f"{self._real}-holds"
        return self._lock_file

    def _make_lock_file(self, path: str, *, sync: bool) -> None:
        try:
            make_directories(os.path.dirname(path), sync=sync)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        except FileExistsError:
            return
        except OSError as exc:
            raise self._of_file(exc) from None
        try:
            system.set_mode(fd, os.stat(self.path).st_mode & 0o666)  # who may write to the one may write to the other
        except FileNotFoundError:
            pass
        finally:
            os.close(fd)

    # -- connections --------------------------------------------------------------------------------------------

    def take(self, *, create: bool) -> Connection | None:
        """A connection to the file that is there now; None if there is none, and it is not to be made."""
        identity = self._identity()
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.identity == identity and connection.epoch == self.epoch:
                return connection
            connection.raw.close()
        if identity is None and not create:
            return None
        return self._open(create=create)

    def _identity(self) -> Identity | None:
        try:
            status = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            raise _no_file(self.path)
        if self._is_immutable(status.st_dev, status.st_ino):
            return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        return status.st_dev, status.st_ino

    def _is_immutable(self, *identity: int) -> bool:
        return identity in _immutable

    def _open(self, *, create: bool) -> Connection | None:
        self._real = os.path.realpath(self.path)
        self._lock_file = ""
        error: BaseException | None = None
        for mode in self._modes(create=create):
            raw = sqlite3_module().connect(
                f"file:{self._real.translate(_QUOTED)}?{mode}",
                uri=True,
                timeout=self._timeout,
                isolation_level=None,
                check_same_thread=False,
                factory=_listed(),
            )
            try:
                raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
                if "immutable" in mode:
                    status = os.stat(self._real)
                    _immutable.add((status.st_dev, status.st_ino))
                identity = self._identity()
                if identity is None:  # deleted in the meantime
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
                return Connection(raw, identity, self.epoch, self.path)
            except sqlite3_module().OperationalError as exc:
                raw.close()
                if _primary(exc) not in (sqlite3_module().SQLITE_CANTOPEN, sqlite3_module().SQLITE_READONLY):
                    raise
                error = exc
            except BaseException:
                raw.close()
                raise
        if error is None:
            return None
        raise error

    def _modes(self, *, create: bool) -> list[str]:
        """The ways to open the file, best first. On a read-only medium it is read as one that nobody changes."""
        if not os.path.exists(self._real):
            return ["mode=rwc"] if create else []
        may_write = os.access(self._real, os.W_OK) and os.access(os.path.dirname(self._real), os.W_OK)
        is_at_rest = not os.path.exists(f"{self._real}-wal") and not os.path.exists(f"{self._real}-journal")
        return [*(["mode=rw"] * may_write), "mode=ro", *(["mode=ro&immutable=1"] * (is_at_rest and not create))]

    def make(self, connection: Connection, *, sync: bool) -> None:
        """Make what an empty database needs."""
        wal = is_of_one_machine(os.path.dirname(self._real)) if self._wal is None else self._wal
        connection.make(wal=wal, sync=sync)

    def give_back(self, connection: Connection) -> None:
        if connection.epoch == self.epoch and connection.is_ours:
            self._idle.append(connection)
        else:
            connection.raw.close()

    def pin(self, connection: Connection) -> None:
        """Note a connection that is kept outside the pool."""
        self._pinned[id(connection)] = connection

    def is_pinned(self, connection: Connection) -> bool:
        """Whether it is kept still: a fork ends that."""
        return id(connection) in self._pinned

    def unpin(self, connection: Connection) -> None:
        """Take back a connection that was kept."""
        with _Work(self.path):
            if self._pinned.pop(id(connection), None) is not None:
                connection.raw.rollback()
                self.give_back(connection)

    def close(self, *, pinned: bool = False) -> None:
        """Close the connections that nobody uses; with `pinned` also those that keep an old state."""
        with _Work(self.path):
            self._close(pinned=pinned)

    def _close(self, *, pinned: bool) -> None:
        self.epoch += 1
        idle, self._idle = self._idle, []
        if pinned:
            kept, self._pinned = self._pinned, {}
            idle += kept.values()
        for connection in idle:
            connection.raw.close()
        if idle and not self._pinned:
            remove_unheld(self.lock_file())

    def leave_to_parent(self) -> None:
        """In a forked child: what could not be closed in time is not touched any more."""
        left = [*self._idle, *self._pinned.values()]
        if left:
            _inherited.extend(left)
            _spoilt.add(self.path)
        self._renew()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, TypeError):  # not made yet, or at the end of the interpreter
            pass

    # -- errors -------------------------------------------------------------------------------------------------

    def error(self, exc: BaseException) -> BaseException:
        """What an error of SQLite means, in words; another one as it is."""
        module = sqlite3_module()
        if not isinstance(exc, module.Error):
            return exc
        code, path = _primary(exc), self.path
        if code in (module.SQLITE_BUSY, module.SQLITE_LOCKED):
            return TimeoutError(
                errno.ETIMEDOUT,
                f"the database is locked by another program for more than {self._timeout:g} s ({exc}); nothing was changed. "
                "End that program's transaction, or wait longer: SQLiteStore(path, timeout=...)",
                path,
            )
        if code in (module.SQLITE_NOTADB, module.SQLITE_CORRUPT):
            what = "is no SQLite database" if code == module.SQLITE_NOTADB else "is damaged"
            return StoreFileError(
                f"{path!r} {what} ({exc}). Give the path of a database that SQLiteStore wrote, or one where nothing is yet."
            )
        if code in (module.SQLITE_READONLY, module.SQLITE_PERM, module.SQLITE_CANTOPEN, module.SQLITE_AUTH):
            return self._not_permitted(exc)
        if code == module.SQLITE_FULL:
            return OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} ({exc}); nothing was changed", path)
        return OSError(errno.EIO, f"SQLite could not do it: {exc}", path)


def _primary(exc: Any) -> int:
    code: int = getattr(exc, "sqlite_errorcode", 1)
    return code & 0xFF


def _no_file(path: str) -> IsADirectoryError:
    what = "a directory" if os.path.isdir(path) else "no file"
    return IsADirectoryError(errno.EISDIR, f"{what}, and SQLiteStore keeps its values in a file", path)


class _Work:
    """A time during which this thread uses SQLite, and nobody forks."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        me = get_ident()
        if is_wanted() and all(thread != me for thread, _ in list(_under_way.values())):
            give_way()
        with _gate:  # whoever forks is let finish
            _under_way[id(self)] = me, self._path

    def __exit__(self, *exc: object) -> None:
        _under_way.pop(id(self), None)

    def __del__(self) -> None:
        _under_way.pop(id(self), None)  # for one that was interrupted on its way in or out


class Session:
    """Has a connection, as `with Session(...) as connection`, at a time when nobody forks. Errors are made plain.

    Attributes
    ----------
    connection
        None where there is no database, and it is not to be made.
    """

    __slots__ = ("_create", "_database", "_work", "connection")

    def __init__(self, database: Database, *, create: bool = False) -> None:
        self._database, self._create = database, create
        self._work = _Work(database.path)
        self.connection: Connection | None = None

    def __enter__(self) -> Self:
        if self._database.path in _spoilt:
            raise RuntimeError(
                f"this process was forked in the middle of what its parent did with {self._database.path!r}, so it cannot "
                "use that database safely. Start it in another way ('spawn', 'forkserver'), or fork at another moment."
            )
        sqlite3_module()
        self._work.__enter__()
        try:
            self.connection = self._database.take(create=self._create)
        except BaseException as exc:
            self._work.__exit__()
            self._raise_plain(exc)
            raise
        return self

    @property
    def raw(self) -> sqlite3.Connection | None:
        """The connection as SQLite's, if there are objects to be asked for."""
        connection = self.connection
        return connection.raw if connection is not None and connection.is_ours else None

    def keep(self, connection: Connection) -> Connection:
        """Hand the connection over, with the transaction that it is in: it does not go back by itself."""
        self.connection = None
        self._database.pin(connection)
        return connection

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        connection, self.connection = self.connection, None
        try:
            if connection is not None:
                if exc is None:
                    self._database.give_back(connection)
                else:
                    connection.raw.close()  # which undoes what was not committed
        finally:
            self._work.__exit__()
        if exc is not None:
            self._raise_plain(exc)

    def _raise_plain(self, exc: BaseException) -> None:
        plain = self._database.error(exc)
        if plain is not exc:
            raise plain from exc


_databases: WeakValueDictionary[tuple[str, float, bool | None], Database] = WeakValueDictionary()
_gate = held_around_forks(RLock())
_under_way: dict[int, tuple[int, str]] = {}
"""For each use of a connection its thread, and the path of the database."""
_spoilt: set[str] = set()
"""In a forked child: databases that cannot be used."""
_inherited: list[object] = []
"""In a forked child: connections of its parent, which are not even closed."""
_immutable: set[tuple[int, ...]] = set()
"""Files that are read as ones that nobody changes."""


def database_at(path: str, timeout: float, *, wal: bool | None) -> Database:
    """The one `Database` of a path, timeout and kind."""
    key = path, timeout, wal
    with _gate:
        found = _databases.get(key)
        if found is None:
            found = _databases[key] = Database(path, timeout, wal=wal)
    return found


def is_database_here(path: str | os.PathLike[str]) -> bool:
    """Whether this process has a file open as a database, so that nobody else may open and close it."""
    if not _databases:
        return False
    try:
        status = os.stat(path)
    except OSError as exc:
        if came_from_a_signal(exc):
            raise
        return False
    for database in list(_databases.values()):
        try:
            if os.path.samestat(os.stat(database.path), status):
                return True
        except OSError as exc:
            if came_from_a_signal(exc):
                raise
    return False


def _others_work_or_all_is_closed() -> bool:
    """Whether other threads use connections. If not, those that nobody uses are closed: they do not go through the fork."""
    me = get_ident()
    threads = [thread for thread, _ in list(_under_way.values())]
    if any(thread != me for thread in threads):
        return True
    for database in list(_databases.values()):
        database.close(pinned=not threads)
    if not threads:
        _close_what_was_lost()
    return False


def _close_what_was_lost() -> None:
    """Close connections at a time when nobody has one."""
    for raw in list(_raw):
        try:
            raw.close()
        except sqlite3_module().ProgrammingError:  # one that was interrupted before it was opened
            pass


finish_before_forks(_others_work_or_all_is_closed)


@renew_in_children
def _leave_connections_to_parent() -> None:
    _spoilt.update(path for _, path in _under_way.values())
    _under_way.clear()
    _inherited.extend(_raw)
    _raw.clear()
    for database in list(_databases.values()):
        database.leave_to_parent()


@atexit.register
def _close_all() -> None:
    for database in list(_databases.values()):
        database.close()
