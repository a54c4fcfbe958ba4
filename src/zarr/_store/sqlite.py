"""A store in one SQLite file.

Every stored value is a row with a number that is never used again: the number is the version. A replaced value is a new
row, so a number either leads to the very bytes that it led to before, or to nothing. A change is one transaction, which
looks at the number and acts.

Writers exclude each other by locks on places in an empty file beside the database (`locks.PlaceHold`), for two things. The
right on a prefix cannot be a transaction, as that would keep everybody from the whole file. And writers queue for the
database itself there, in the operating system; those who wait for SQLite's own locks look again every few milliseconds, and
some of them never get a turn. Other programs that write are waited for as SQLite does it.

The middle of a value is read through a handle on the row, so it costs its own bytes. Whoever reads a part keeps the state
of the database that it saw, for more parts of it, where the database has a log of its own for writes (WAL). Where it has
not, a reader would keep writers waiting; so nothing is kept, and a part of a value that was replaced is refused
(ConcurrentChangeError), whereupon the flow begins again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, resolve_range
from zarr._store.atomic import temporary_name
from zarr._store.database import Connection, Database, Session, database_at
from zarr._store.file_url import from_url, is_url
from zarr._store.keys import check_key, is_key
from zarr._store.local import LocalStore
from zarr._store.locks import PlaceHold
from zarr._store.staging import Staging, nearest_directory
from zarr._store.turns import Turns, turns_at
from zarr._store.versioned import ABSENT, ANY, Expected, Hold, Stored, SyncStore, Version
from zarr._store.whereabouts import directories_to, steps_to
from zarr._support.near_names import suggests_keywords
from zarr._support.settings import settings
from zarr._support.truth import truth
from zarr.errors import ArgumentError, ConcurrentChangeError, StoreAbilityError, StoreFileError, StoreKeyError

if TYPE_CHECKING:
    import sqlite3
    from typing import Self

_WRITING = 0
"""The place of the right to change the database; those of prefixes are beyond it."""
_MOST_TIMEOUT_S = 2_000_000  # in milliseconds, what SQLite can count to
_BESIDE_NBYTES = 4096
"""For what a row has besides the value, of the length that SQLite allows."""


class RowVersion:
    """A row, which is what one `put` stored.

    Attributes
    ----------
    number
        Of the row.
    nbytes
        Size of its value.
    """

    __slots__ = ("_connection", "_data", "_database", "key", "nbytes", "number")

    def __init__(
        self,
        database: Database,
        key: str,
        number: int,
        nbytes: int,
        *,
        data: bytes | None = None,
        connection: Connection | None = None,
    ) -> None:
        self._database, self.key, self.number, self.nbytes = database, key, number, nbytes
        self._data, self._connection = data, connection

    def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop` of the value."""
        if self._data is not None:
            return self._data[start:stop]
        kept = self._connection
        with Session(self._database) as session:
            if kept is not None and self._database.is_pinned(kept):
                return _part(kept.raw, self.number, start, stop)
            if (raw := session.raw) is not None:
                raw.execute("BEGIN")
                if raw.execute("SELECT 1 FROM objects WHERE number = ?", (self.number,)).fetchone() is not None:
                    data = _part(raw, self.number, start, stop)
                    raw.execute("COMMIT")
                    return data
                raw.execute("COMMIT")
        raise ConcurrentChangeError(
            f"the value under {self.key!r} was replaced or deleted while it was read; try again."
        )

    def release(self) -> None:
        """Let go of the state of the database that is kept for this version."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._database.unpin(connection)

    def __del__(self) -> None:
        try:
            self.release()
        except (AttributeError, TypeError):  # interrupted so early that it has none, or at the end of the interpreter
            pass


def _part(raw: sqlite3.Connection, number: int, start: int, stop: int) -> bytes:
    if stop <= start:
        return b""
    with raw.blobopen("objects", "value", number, readonly=True) as blob:
        blob.seek(start)
        found: bytes = blob.read(stop - start)
        return found


@suggests_keywords
class SQLiteStore(SyncStore):
    """Keep values in one SQLite file.

    Values are replaced whole, in transactions. Writers in several threads and processes of one machine respect each other. The
    guide says under "In an SQLite file" which files come and go beside it, and what SQLite cannot do.

    Parameters
    ----------
    path
        The file, also as a `file://` URL. It, and the directories above it, are made by the first write.
    read_only
        If True, nothing may be written or deleted through this object.
    timeout
        For how many seconds another program is waited for that has the database locked.
    wal
        Whether a new database gets a write-ahead log, so that readers and a writer do not wait for each other. By
        default it does, except on file systems of a network, where that does not work.

    Raises
    ------
    TypeError
        If `path` is not a path.

    Examples
    --------
    >>> import tempfile, zarr
    >>> store = zarr.storage.SQLiteStore(tempfile.mkdtemp() + "/all.sqlite")
    >>> a = zarr.create_array(store, data=[1, 2, 3])
    >>> zarr.open_array(store)[1:].tolist()
    [2, 3]
    """

    path: Path
    may_block = True
    capabilities = replace(SyncStore.capabilities, holds_between_processes=True, removes_in_one_step=True)

    def __init__(
        self,
        path: Path | str,
        *,
        read_only: bool = False,
        timeout: float = 60.0,
        wal: bool | None = None,
    ) -> None:
        super().__init__(read_only=read_only)
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"'path' must be a string or a Path, got {type(path).__name__}")
        self.path = Path(os.path.abspath(_local_path(path)))
        self._timeout = _seconds(timeout)
        self._wal = None if wal is None else truth("wal", wal)
        self._database = self._find_database()

    def _find_database(self) -> Database:
        return database_at(os.fspath(self.path), self._timeout, wal=self._wal)

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.path, read_only=read_only, timeout=self._timeout, wal=self._wal)

    def close(self) -> None:
        """Close the connections to the file, so that nothing is left beside it. They are opened again when they are needed."""
        super().close()
        self._database.close()

    def _absence(self, path: str) -> str:
        if not os.path.exists(self.path):
            return f"the file {os.fspath(self.path)!r} does not exist"
        return super()._absence(path)

    def __str__(self) -> str:
        return f"sqlite://{self.path.as_posix()}"

    def __repr__(self) -> str:
        return f"SQLiteStore({os.fspath(self.path)!r})"

    def _whereabouts(self, path: str) -> Sequence[object]:
        return steps_to(directories_to(os.fspath(self.path))[-1], path)

    def _shared_turns(self, prefix: str) -> tuple[Turns, str] | None:
        return turns_at(os.fspath(self.path), prefix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.path == other.path

    __hash__ = None  # type: ignore[assignment]  # as other stores

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_database"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._database = self._find_database()

    # -- the contract -------------------------------------------------------------------------------------------

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        found = self._read(_as_text(key), byte_range) if version is None else version
        if found is None:
            return None
        if isinstance(found, RowVersion):
            data = found.read(*resolve_range(byte_range, found.nbytes))
        else:
            found, data = found
        buffer = CPUBuffer if prototype is None else prototype.buffer
        return Stored(buffer.from_bytes(data), found, found.nbytes)

    def _read(self, key: str, byte_range: ByteRequest | None) -> tuple[RowVersion, bytes] | None:
        """A value or a part of it, with a version that reads on in what was seen here."""
        with Session(self._database) as session:
            connection = session.connection
            if connection is None or not connection.is_ours:
                return None
            raw = connection.raw
            if byte_range is None:
                row = raw.execute("SELECT number, value FROM objects WHERE key = ?", (key,)).fetchone()
                if row is None:
                    return None
                number, data = row
                if not isinstance(data, bytes):
                    raise self._no_bytes(key)
                return RowVersion(self._database, key, number, len(data), data=data), data
            raw.execute("BEGIN")
            row = raw.execute(
                "SELECT number, length(value), typeof(value) FROM objects WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                raw.execute("COMMIT")
                return None
            number, nbytes, kind = row
            if kind != "blob":
                raise self._no_bytes(key)
            data = _part(raw, number, *resolve_range(byte_range, nbytes))
            if not connection.can_pin:
                raw.execute("COMMIT")
                return RowVersion(self._database, key, number, nbytes), data
            return RowVersion(self._database, key, number, nbytes, connection=session.keep(connection)), data

    def _no_bytes(self, key: str) -> StoreFileError:
        return StoreFileError(
            f"the value under {key!r} in {os.fspath(self.path)!r} holds no bytes (it is no BLOB): another program put it "
            "there. Delete that row, or store the value as a BLOB."
        )

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        key, data = _as_text(key), value.as_buffer_like()
        with self._changing(_parent(key), hold) as connection:
            if not _is_as_expected(connection, key, expected):
                return False
            _check_size(key, len(value), connection.most_nbytes)
            connection.raw.execute("INSERT OR REPLACE INTO objects (key, value) VALUES (?, ?)", (key, data))
        return True

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        key = _as_text(key)
        if not os.path.exists(self.path):
            return expected is ANY or expected is ABSENT
        with self._changing(_parent(key), hold) as connection:
            if not _is_as_expected(connection, key, expected):
                return False
            connection.raw.execute("DELETE FROM objects WHERE key = ?", (key,))
        return True

    @contextmanager
    def _changing(self, prefix: str, hold: Hold | None) -> Iterator[Connection]:
        """A transaction that changes what lies directly under a prefix, when nobody else holds that."""
        place = _place(prefix)
        is_covered = isinstance(hold, PlaceHold) and hold.place == place and hold.path == self._database.lock_file()
        sync = settings().durability == "fsync"
        held = hold if is_covered else self._database.lock(place, sync=sync)
        try:
            with self._database.lock(_WRITING, sync=sync) as turn:
                turn.rely_on()
                with Session(self._database, create=True) as session:
                    connection = session.connection
                    if connection is None:
                        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(self.path))
                    if not connection.is_ours:
                        self._database.make(connection, sync=sync)
                    connection.begin_change(sync=sync)
                    yield connection
                    connection.raw.execute("COMMIT")
        finally:
            if held is not hold and held is not None:
                held.release()

    def hold(self, prefix: str) -> Hold:
        place = _place(_as_text(prefix and check_key(prefix)))
        held = self._database.lock(place, sync=settings().durability == "fsync")
        try:
            held.rely_on()
        except BaseException:
            held.release()
            raise
        return held

    def _staging(self, prefix: str) -> Staging | None:
        return _NewRows(self, _as_text(prefix)) if type(self) is SQLiteStore else None

    def _replace_prefix(self, prefix: str, new: LocalStore) -> None:
        """Put all values of another store under a prefix, in the place of those that are there, in one transaction."""
        below = f"{prefix}/"
        with self._changing(prefix, None) as connection:
            connection.raw.execute("DELETE FROM objects WHERE key >= ? AND key < ?", (below, _after(below)))
            for name in new.list_keys(""):
                found = new.read(name)
                if found is None:
                    raise ConcurrentChangeError(
                        f"the new value for {below + name!r} disappeared before it was put in its place"
                    )
                key, data = _as_text(below + name), found.without_version()
                _check_size(key, len(data), connection.most_nbytes)
                connection.raw.execute("INSERT INTO objects (key, value) VALUES (?, ?)", (key, data.as_buffer_like()))

    def list_keys(self, prefix: str) -> Iterator[str]:
        first = _as_text(prefix)
        with Session(self._database) as session:
            if session.raw is None:
                return iter(())
            query = "SELECT key FROM objects WHERE key >= ? AND key < ? ORDER BY key"
            rows = session.raw.execute(query, (first, _after(first))).fetchall()
        return iter([key for (key,) in rows if is_key(key)])

    def list_names(self, prefix: str) -> Iterator[str]:
        below = f"{_as_text(prefix)}/" if prefix else ""
        names: dict[str, None] = {}
        with Session(self._database) as session:
            raw = session.raw
            if raw is None:
                return iter(())
            raw.execute("BEGIN")
            end = _after(below)
            beyond: str | bytes = below
            # From name to name: what lies below one is skipped.
            while (
                row := raw.execute(
                    "SELECT key FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT 1", (beyond, end)
                ).fetchone()
            ) is not None:
                name, slash, _ = row[0][len(below) :].partition("/")
                if is_key(name):  # other programs may have stored what leads nowhere
                    names[name] = None
                beyond = _after(f"{below}{name}/") if slash else f"{row[0]}\0"
            raw.execute("COMMIT")
        return iter(names)

    def remove_prefix(self, prefix: str) -> None:
        if not os.path.exists(self.path):
            return
        below = f"{_as_text(prefix)}/" if prefix else ""
        with self._changing(prefix, None) as connection:
            connection.raw.execute("DELETE FROM objects WHERE key >= ? AND key < ?", (below, _after(below)))

    def present(self, keys: Sequence[str]) -> list[bool]:
        with Session(self._database) as session:
            if session.raw is None:
                return [False] * len(keys)
            execute = session.raw.execute
            return [
                execute("SELECT 1 FROM objects WHERE key = ?", (_as_text(key),)).fetchone() is not None for key in keys
            ]

    def size(self, key: str) -> int | None:
        key = _as_text(key)
        with Session(self._database) as session:
            if session.raw is None:
                return None
            row = session.raw.execute("SELECT length(value) FROM objects WHERE key = ?", (key,)).fetchone()
            return None if row is None else int(row[0])


class _NewRows(Staging):
    """Values in a directory beside the file of a database, for the place of those under a prefix of that."""

    store: LocalStore

    def __init__(self, database: SQLiteStore, prefix: str) -> None:
        self._database, self._prefix = database, prefix
        beside = nearest_directory(os.path.abspath(database.path))
        self._aside = temporary_name(beside)
        LocalStore(beside)._entries(beside)  # which takes away what the dead have left
        self.store = LocalStore(self._aside)

    def publish(self) -> None:
        self._database._replace_prefix(self._prefix, self.store)
        self.discard()

    def discard(self) -> None:
        self.store.remove_prefix("")
        if os.path.isdir(self._aside):
            os.rmdir(self._aside)


def _local_path(path: Path | str) -> str:
    text = os.fspath(path)
    if is_url(text):
        text = from_url(text)
    elif "://" in text:
        raise ArgumentError(f"SQLite files at URLs are not supported, got {text!r}. Fetch the file and pass its path.")
    if not text or "\0" in text or text == ":memory:":
        raise ArgumentError(f"a file is needed, got {path!r}; in memory, use zarr.storage.MemoryStore")
    return text


def _seconds(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 <= timeout <= _MOST_TIMEOUT_S:
        raise ArgumentError(f"'timeout' must be a number of seconds up to {_MOST_TIMEOUT_S}, got {timeout!r}")
    return float(timeout)


def _is_as_expected(connection: Connection, key: str, expected: Expected) -> bool:
    if expected is ANY:
        return True
    row = connection.raw.execute("SELECT number FROM objects WHERE key = ?", (key,)).fetchone()
    if expected is ABSENT:
        return row is None
    return row is not None and row[0] == expected.number


def _check_size(key: str, nbytes: int, most_nbytes: int) -> None:
    if nbytes > most_nbytes - _BESIDE_NBYTES - len(key):
        raise StoreAbilityError(
            f"the value for {key!r} has {nbytes} bytes, and SQLite keeps at most {most_nbytes} in one; nothing was stored "
            "for it. Make the chunks (the shards, of a sharded array) smaller, or use a directory."
        )


def _as_text(key: str) -> str:
    """The key, if SQLite can keep it: surrogates have no place in UTF-8."""
    if not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            raise StoreKeyError(
                f"{key!r} is not a valid key in an SQLite file: it holds characters that are no text. Use another name."
            ) from None
    return key


def _parent(key: str) -> str:
    return key.rpartition("/")[0]


def _place(prefix: str) -> int:
    """Where the lock of a prefix is. That two have the same one happens in theory."""
    return 1 + (int.from_bytes(blake2b(prefix.encode(), digest_size=8).digest(), "little") >> 2)


def _after(prefix: str) -> str | bytes:
    """The first text that is behind all those that begin with a prefix; where that is everything, what is behind all texts."""
    end = prefix.rstrip("\U0010ffff")
    if not end:
        return b""  # SQLite sorts bytes behind texts
    following = ord(end[-1]) + 1
    return end[:-1] + chr(0xE000 if 0xD800 <= following < 0xE000 else following)
