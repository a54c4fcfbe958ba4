"""SQLite stores: the file, what is beside it, and what SQLite refuses or makes hard."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, get, put, read, shown
from tests.suites.children import end_of_child
from zarr._store import database, locks, mounts, sqlite
from zarr._support import forks
from zarr._support.imports_on_use import importing
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.errors import ConcurrentChangeError, StoreAbilityError, StoreFileError, StoreIsFileError, StoreKeyError
from zarr.storage import SQLiteStore

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "all.sqlite"


@pytest.fixture
def store(path):
    return SQLiteStore(path)


@pytest.fixture(params=[True, False], ids=["wal", "no-wal"])
def either(request, path):
    """A store with a log of its own for writes, and one without."""
    return SQLiteStore(path, wal=request.param)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def journal(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


class TestTheFile:
    def test_nothing_is_made_before_the_first_write(self, tmp_path):
        store = SQLiteStore(tmp_path / "deep" / "er" / "x.sqlite")
        assert get(store, "a") is None
        assert list(store.list_keys("")) == list(store.list_names("")) == []
        assert store.present(["a"]) == [False]
        assert store.size("a") is None
        assert store.remove("a")
        store.remove_prefix("")
        assert names(tmp_path) == []
        put(store, "a", b"x")
        assert get(store, "a") == b"x"

    def test_there_is_one_file_when_it_is_closed(self, either, tmp_path):
        put(either, "a/b", b"x")
        either.read("a/b", SuffixByteRequest(1))
        with either.hold("a"):
            assert f"{either.path.name}-holds" in names(tmp_path)
        either.close()
        assert names(tmp_path) == ["all.sqlite"]
        assert get(either, "a/b") == b"x"
        del either

    def test_there_is_one_file_when_a_program_has_ended(self, tmp_path):
        program = "import sys, zarr; a = zarr.create_array(zarr.storage.SQLiteStore(sys.argv[1]), data=[1, 2, 3]); a.append([4])"
        subprocess.run([sys.executable, "-W", "error", "-c", program, tmp_path / "x"], check=True, timeout=120)
        assert names(tmp_path) == ["x"]
        assert zarr.open_array(SQLiteStore(tmp_path / "x"))[:].tolist() == [1, 2, 3, 4]

    def test_other_programs_read_it(self, store, path):
        put(store, "a/b", b"value")
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT key, value FROM objects").fetchall() == [("a/b", b"value")]
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_a_log_of_its_own_where_that_works(self, tmp_path, monkeypatch):
        for name, wal, kind, expected in [
            ("a", None, "ext4", "wal"),
            ("b", None, "nfs4", "delete"),
            ("c", True, "nfs4", "wal"),
            ("d", False, "ext4", "delete"),
        ]:
            monkeypatch.setattr(mounts, "kind_of", lambda _, kind=kind: kind)
            store = SQLiteStore(tmp_path / name, wal=wal)
            with zarr.config.set({"array.locking": "auto"}):
                if kind == "nfs4":
                    monkeypatch.setattr(mounts, "_looked_at", set())
                    with pytest.warns(zarr.errors.ZarrRuntimeWarning, match="type 'nfs4'"):
                        put(store, "k", b"x")
                else:
                    put(store, "k", b"x")
            store.close()
            assert journal(tmp_path / name) == expected

    def test_a_file_that_is_deleted_or_replaced_is_not_written_to_any_more(self, either, path, tmp_path):
        put(either, "a", b"old")
        version = either.read("a").version
        other = SQLiteStore(tmp_path / "other.sqlite")
        put(other, "a", b"other")
        other.close()
        either.close()
        assert get(either, "a") == b"old"
        path.unlink()
        for rest in tmp_path.glob("all.sqlite-*"):
            rest.unlink()
        assert get(either, "a") is None
        put(either, "a", b"new")
        assert not either.put("a", buf(b"x"), expected=version)
        assert get(SQLiteStore(path), "a") == b"new"
        either.close()
        (tmp_path / "other.sqlite").rename(path)
        assert get(either, "a") == b"other"

    @pytest.mark.parametrize("name", ["with space", "100%", "a#b", "a?mode=ro", "ü", ":memory: "])
    def test_unusual_names(self, tmp_path, name):
        store = SQLiteStore(tmp_path / name)
        put(store, "a", b"x")
        store.close()
        assert names(tmp_path) == [name]
        assert get(SQLiteStore(tmp_path / name), "a") == b"x"

    def test_a_relative_path_stays_where_it_was(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        store = SQLiteStore("x.sqlite")
        put(store, "a", b"x")
        monkeypatch.chdir("/")
        assert get(store, "a") == b"x"
        assert str(store) == f"sqlite://{tmp_path}/x.sqlite"
        assert repr(store) == f"SQLiteStore('{tmp_path}/x.sqlite')"

    @pytest.mark.parametrize(
        ("arguments", "error", "text"),
        [
            ({"path": 1}, TypeError, "'path' must be"),
            ({"path": b"x"}, TypeError, "'path' must be"),
            ({"path": ""}, ValueError, "a file is needed"),
            ({"path": ":memory:"}, ValueError, "MemoryStore"),
            ({"path": "x", "timeout": -1}, ValueError, "'timeout' must be"),
            ({"path": "x", "timeout": float("nan")}, ValueError, "'timeout' must be"),
            ({"path": "x", "timeout": "1"}, TypeError, "'timeout' must be"),
            ({"path": "x", "wal": "no"}, TypeError, "wal"),
            ({"path": "x", "read_only": "no"}, TypeError, "read_only"),
        ],
        ids=shown,
    )
    def test_wrong_arguments(self, arguments, error, text):
        with pytest.raises(error, match=text):
            SQLiteStore(**arguments)


class TestPartsOfValues:
    def test_the_middle_of_a_large_value_costs_its_own_bytes(self, either):
        data = os.urandom(20 << 20)
        put(either, "big", data)
        either.close()

        def n_read() -> int:
            return int(Path("/proc/self/io").read_text().split()[1])

        before = n_read()
        assert read(either, "big", byte_range=RangeByteRequest(15 << 20, (15 << 20) + 500)) == data[15 << 20 :][:500]
        assert n_read() - before < 300_000

    def test_without_a_log_what_was_replaced_is_refused(self, path):
        store = SQLiteStore(path, wal=False)
        put(store, "a/b", b"0123456789")
        version = store.read("a/b", SuffixByteRequest(1)).version
        assert read(store, "a/b", version=version) == b"0123456789"
        put(store, "a/b", b"0123456789")
        with pytest.raises(ConcurrentChangeError, match="'a/b' was replaced or deleted"):
            store.read("a/b", version=version)

    def test_a_version_that_is_kept_lets_others_write_and_goes_with_its_owner(self, store):
        put(store, "a", b"0123456789")
        kept = [store.read("a", SuffixByteRequest(1)) for _ in range(3)]
        for _ in range(5):
            put(store, "a", b"x")
        assert [read(store, "a", version=stored.version) for stored in kept] == [b"0123456789"] * 3
        kept[0].release()
        kept[0].release()
        del kept
        assert store._database._pinned == {}

    def test_a_shard_is_read_in_parts(self, either):
        a = zarr.create_array(either, data=np.arange(1000), chunks=10, shards=1000)
        assert a[505:515].tolist() == list(range(505, 515))
        a[500] = -1
        assert zarr.open_array(either)[499:502].tolist() == [499, -1, 501]

    def test_a_value_that_is_too_large_is_refused_by_its_key(self, store):
        put(store, "a", b"x")
        with database.Session(store._database) as session:
            session.connection.most_nbytes = 10_000
        with pytest.raises(StoreAbilityError, match=r"value for 'b/c' has 9000 bytes, and SQLite keeps at most 10000"):
            put(store, "b/c", b"x" * 9000)
        assert list(store.list_keys("")) == ["a"]


class TestKeys:
    def test_names_and_prefixes_of_all_kinds(self, store):
        keys = ["a", "a.b", "a/b/c", "a/b0", "a0", "A", "%", "_", "a\U0010ffff", "\ud7ff", "\U0010ffff/x"]
        for key in keys:
            put(store, key, b"x")
        assert list(store.list_keys("")) == sorted(keys)
        for prefix in ("a", "a/", "a/b", "%", "\ud7ff", "a\U0010ffff", "\U0010ffff"):
            assert list(store.list_keys(prefix)) == sorted(key for key in keys if key.startswith(prefix))
        assert list(store.list_names("a")) == ["b", "b0"]
        assert set(store.list_names("")) == {key.split("/")[0] for key in keys}
        store.remove_prefix("\U0010ffff")
        assert "\U0010ffff/x" not in list(store.list_keys(""))

    def test_what_is_no_text_is_no_key(self, store):
        for call in (lambda: put(store, "a\udc80"), lambda: get(store, "a\udc80"), lambda: store.hold("\udc80")):
            with pytest.raises(StoreKeyError, match="no text"):
                call()


class TestOtherFiles:
    def test_a_file_that_is_no_database(self, path):
        path.write_bytes(b"something else, and quite long, too " * 100)
        for call in (lambda s: get(s, "a"), lambda s: put(s, "a"), lambda s: list(s.list_keys(""))):
            with pytest.raises(StoreFileError, match=r"all\.sqlite' is no SQLite database .*nothing is yet"):
                call(SQLiteStore(path))
        with pytest.raises(OSError, match="is no SQLite database"):
            zarr.open_group(SQLiteStore(path), mode="a")
        assert path.read_bytes().startswith(b"something else")

    def test_an_empty_file_is_taken(self, either, path):
        path.touch()
        assert get(either, "a") is None
        assert list(either.list_names("")) == []
        put(either, "a", b"x")
        assert get(either, "a") == b"x"

    def test_a_database_of_another_program(self, path):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE objects (key, value)")
        before = path.read_bytes()
        for call in (lambda s: get(s, "a"), lambda s: put(s, "a")):
            with pytest.raises(StoreFileError, match="of another program, with the tables objects"):
                call(SQLiteStore(path))
        assert path.read_bytes() == before

    def test_a_newer_layout(self, store, path):
        put(store, "a")
        store.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 2")
        with pytest.raises(StoreFileError, match="newer version"):
            get(store, "a")

    def test_a_damaged_database(self, store, path):
        put(store, "a", b"x" * 100_000)
        store.close()
        with path.open("r+b") as file:
            file.seek(16384)
            file.write(b"\xff" * 16384 * 3)
        with pytest.raises(StoreFileError, match="is damaged"):
            get(store, "a")

    def test_a_directory(self, tmp_path):
        for call in (lambda s: get(s, "a"), lambda s: put(s, "a"), lambda s: s.hold("")):
            with pytest.raises(IsADirectoryError, match="keeps its values in a file"):
                call(SQLiteStore(tmp_path))

    def test_what_is_no_file(self, path, tmp_path):
        os.mkfifo(path)
        for call in (lambda s: get(s, "a"), lambda s: put(s, "a"), lambda s: s.hold("")):
            with pytest.raises(OSError, match="no file, and SQLiteStore"):
                call(SQLiteStore(path))
        assert names(tmp_path) == ["all.sqlite"]

    def test_urls(self, path, tmp_path):
        put(SQLiteStore(f"file://{tmp_path}/all%2Esqlite"), "a", b"1")
        assert get(SQLiteStore(path), "a") == b"1"
        with pytest.raises(ValueError, match="at URLs are not supported, got 's3://b/a'"):
            SQLiteStore("s3://b/a")
        assert Path("s3:").exists() is False

    @pytest.mark.parametrize("value", ["'text'", "5", "zeroblob(0) || 'text'", "1.5"])
    def test_values_that_others_stored_and_that_are_no_bytes(self, store, path, value):
        put(store, "a", b"1")
        store.close()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE objects SET value = {value}")  # one of those above
        for part in (None, RangeByteRequest(0, 1)):
            with pytest.raises(StoreFileError, match=r"under 'a' in .*all\.sqlite' holds no bytes"):
                get(store, "a", part)
        put(store, "a", b"2")
        assert get(store, "a") == b"2"

    def test_what_others_stored_under_no_keys(self, store, path):
        root = zarr.create_group(store)
        root.create_array("a", data=[1])
        store.close()
        with closing(sqlite3.connect(path)) as connection, connection:
            for key in ("", "/x", "a//b", "../b", "a/./b", b"blob"):
                connection.execute("INSERT INTO objects (key, value) VALUES (?, x'00')", (key,))
        assert list(store.list_keys("")) == ["a/c/0", "a/zarr.json", "zarr.json"]
        assert list(store.list_names("")) == ["a", "zarr.json"]
        assert list(store.list_names("a")) == ["c", "zarr.json"]
        assert str(root.tree()).splitlines()[1:] == ["└── a (1,) int64"]

    def test_a_path_of_a_database_is_told_what_to_do(self, store, path, monkeypatch):
        put(store, "a")
        opened = []
        monkeypatch.setattr(Path, "open", lambda *arguments: opened.append(arguments))
        monkeypatch.setattr(os, "open", lambda *arguments: opened.append(arguments))
        for _ in range(2):  # while it is open here, nobody else opens it: closing it would end SQLite's locks
            with pytest.raises(StoreIsFileError, match=r"is an SQLite database.*SQLiteStore\(path\)"):
                zarr.open(path)
        assert opened == []
        monkeypatch.undo()
        store.close()
        del store
        with pytest.raises(StoreIsFileError, match="is an SQLite database"):
            zarr.open(path)


class TestWhatGoesWrong:
    def test_a_database_that_another_program_has_locked(self, path):
        store = SQLiteStore(path, timeout=0.05)
        put(store, "a", b"old")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TimeoutError, match=r"locked by another program for more than 0\.05 s.*timeout="):
                put(store, "a", b"new")
            assert get(store, "a") == b"old"
            other.execute("ROLLBACK")
        put(store, "a", b"new")
        assert get(store, "a") == b"new"

    @pytest.mark.parametrize(
        "work",
        [
            lambda store: store.get_sync("a"),
            lambda store: store.set_sync("a", buf(b"new")),
            lambda store: list(store.list_keys("a")),
        ],
        ids=["get", "set", "list"],
    )
    def test_waiting_for_another_program_can_be_interrupted(self, path, work):
        class Stop(Exception):
            pass

        def handler(*_):
            raise Stop

        store = SQLiteStore(path, timeout=100_000, wal=False)
        put(store, "a", b"old")
        before = signal.signal(signal.SIGUSR2, handler)
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGUSR2)).start()
                with pytest.raises(Stop):
                    work(store)
        finally:
            signal.signal(signal.SIGUSR2, before)
        assert database._under_way == {}
        assert get(store, "a") == b"old"

    @pytest.mark.parametrize("wal", [False, True])
    def test_another_program_is_waited_for(self, path, wal):
        """Longer than SQLite is let wait by itself."""
        store = SQLiteStore(path, timeout=50, wal=wal)
        put(store, "a", b"old")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with closing(other):
            other.execute("BEGIN EXCLUSIVE")
            ends = threading.Timer(3 * database._DEAF_S, lambda: other.execute("ROLLBACK"))
            ends.start()
            put(store, "a", b"new")
            ends.join()
        assert get(store, "a") == b"new"

    def test_a_full_disk(self, either):
        put(either, "a", b"old")
        with database.Session(either._database) as session:
            session.raw.execute("PRAGMA max_page_count = 20")
        with pytest.raises(OSError, match=r"No space left on device .*nothing was changed"):
            put(either, "a", b"x" * 2_000_000)
        assert get(either, "a") == b"old"

    def test_an_error_in_the_middle_changes_nothing(self, either, monkeypatch):
        put(either, "a", b"old")

        def fail(*arguments):
            raise KeyboardInterrupt

        monkeypatch.setattr(sqlite, "_check_size", fail)
        with pytest.raises(KeyboardInterrupt):
            put(either, "a", b"new")
        monkeypatch.undo()
        assert get(either, "a") == b"old"
        put(either, "a", b"new")
        assert get(either, "a") == b"new"
        assert database._under_way == {}

    def test_durability(self, either):
        for setting, level in [("atomic", 1), ("fsync", 3), ("atomic", 1)]:
            with zarr.config.set({"array.durability": setting}):
                put(either, "a", b"x")
            with database.Session(either._database) as session:
                assert session.raw.execute("PRAGMA synchronous").fetchone() == (level,)

    @pytest.mark.filterwarnings("ignore::zarr.errors.ZarrRuntimeWarning")
    def test_without_locks_of_the_system_threads_exclude_each_other(self, store, monkeypatch):
        monkeypatch.setattr(locks, "_state", locks._State(0))
        monkeypatch.setattr(locks.PlaceHold, "_has_locks", lambda _: False)
        a = zarr.create_array(store, data=[0])
        a.append([1])
        assert zarr.open_array(store)[:].tolist() == [0, 1]


class TestReadOnly:
    @pytest.mark.parametrize("directory_mode", [0o755, 0o555])
    def test_where_nothing_can_be_written_it_is_read(self, either, directory_mode):
        zarr.create_array(either, data=np.arange(20), chunks=5, shards=10)
        either.close()
        directory = Path(tempfile.mkdtemp())  # above which nobody is kept out
        path = directory / "all.sqlite"
        shutil.copy(either.path, path)
        path.chmod(0o444)
        directory.chmod(directory_mode)

        def look():
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            array = zarr.open_array(SQLiteStore(path), mode="r")
            assert array[:].tolist() == list(range(20))
            assert array[7:9].tolist() == [7, 8]
            with pytest.raises(PermissionError, match="mode='r' it can be read"):
                put(SQLiteStore(path), "a")
            if directory_mode == 0o555:
                with pytest.raises(PermissionError, match="choose a place that may be written to"):
                    put(SQLiteStore(directory / "new"), "a")
            assert names(directory) == ["all.sqlite"]

        try:
            assert end_of_child(look) == 0
        finally:
            directory.chmod(0o755)
            shutil.rmtree(directory)

    def test_what_was_changed_is_seen_there(self, store, path, monkeypatch):
        put(store, "a", b"old")
        store.close()
        reader = SQLiteStore(path, read_only=True, timeout=1)
        monkeypatch.setattr(database.Database, "_modes", lambda self, create: ["mode=ro&immutable=1"])
        monkeypatch.setattr(database, "_immutable", set())
        assert get(reader, "a") == b"old"
        monkeypatch.undo()
        put(store, "a", b"new value")
        store.close()
        assert get(reader, "a") == b"new value"


class TestOtherProcesses:
    def test_a_child_of_a_used_store_goes_on(self, either):
        array = zarr.create_array(either, shape=10, chunks=10, shards=None, dtype="i4")
        array[0] = 1
        pinned = either.read("c/0", RangeByteRequest(0, 4))

        def work():
            array[1] = 2
            assert array[:2].tolist() == [1, 2]
            array.append([5])
            either.read("zarr.json", SuffixByteRequest(3))

        assert end_of_child(work) == 0
        array[2] = 3
        assert zarr.open_array(either)[:].tolist() == [1, 2, 3, *[0] * 7, 5]
        with pytest.raises(ConcurrentChangeError):
            either.read("c/0", version=pinned.version)
        pinned.release()

    def test_no_connection_goes_through_a_fork(self, store, path):
        put(store, "a", b"x")
        kept = store.read("a", SuffixByteRequest(1))
        assert store._database._pinned

        assert _open_files(path)
        assert end_of_child(lambda: len(_open_files(path))) == 0
        assert read(store, "a", version=kept.version) == b"x"

    def test_neither_does_one_that_an_interrupt_left_to_nobody(self, store, path):
        put(store, "a", b"x")
        lost = sqlite3.connect(path, factory=database._listed(), isolation_level=None)
        lost.execute("BEGIN IMMEDIATE")
        del lost  # which is open until garbage is collected
        assert _open_files(path)

        assert end_of_child(lambda: len(_open_files(path))) == 0
        put(store, "a", b"y")
        assert get(store, "a") == b"y"

    def test_none_goes_either_while_others_import(self, store, path, monkeypatch):
        monkeypatch.setattr(forks, "_PATIENCE_S", 0.05)
        put(store, "a", b"x")
        begun, may_end = threading.Event(), threading.Event()

        def work():
            with importing("what takes long"):
                begun.set()
                may_end.wait(60)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert begun.wait(60)
            assert end_of_child(lambda: len(_open_files(path))) == 0
        finally:
            may_end.set()
            thread.join()

    def test_what_an_interrupt_left_in_a_change_keeps_nobody_waiting(self, path):
        put(SQLiteStore(path), "a", b"x")
        first, second = SQLiteStore(path, timeout=60), SQLiteStore(path, timeout=1)
        lost = first._database.take(create=False)
        lost.begin_change(sync=False)
        lost.raw.execute("DELETE FROM objects")
        del lost
        put(second, "b", b"y")
        assert get(first, "a") == b"x"

    def test_a_fork_in_the_middle_of_a_change_is_noticed(self, store):
        put(store, "a", b"old")

        def look():
            with pytest.raises(RuntimeError, match="forked in the middle"):
                get(store, "a")

        with store._changing("", None):
            assert end_of_child(look) == 0
        put(store, "a", b"new")
        assert get(store, "a") == b"new"

    def test_pickles_are_by_path(self, either):
        array = zarr.create_array(either, data=np.arange(5), chunks=2)
        twin = pickle.loads(pickle.dumps(array))
        twin[0] = 7
        assert array[0] == 7
        assert twin.store == either
        assert len(pickle.dumps(either)) < 500

    def test_stores_of_one_path_share_connections_and_close_them_when_the_last_goes(self, path):
        first, second = SQLiteStore(path), SQLiteStore(path)
        put(first, "a", b"x")
        assert get(second, "a") == b"x"
        assert first._database is second._database
        assert _open_files(path)
        del first, second
        assert not _open_files(path)


def _open_files(path: Path) -> list[str]:
    """The files at a path and beside it that this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:
            pass
    return [name for name in found if name.startswith(str(path))]
