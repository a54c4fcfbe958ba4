"""How a local store makes files: whole or not at all, swept after the dead, and synced on request."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, read, run
from tests.suites.threads import PROMPTLY, start
from zarr._store import atomic
from zarr._store.versioned import ABSENT

pytestmark = pytest.mark.usefixtures("nothing_left_running")


def names(directory) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def temporary(owner_pid: int, start_time: int, number: int = 0) -> str:
    return f"__zarr-{atomic._host()}-{owner_pid}-{start_time}-{number}.tmp"


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture(params=["nameless", "no O_TMPFILE", "refused O_TMPFILE", "no proc"])
def way_to_write(request, monkeypatch):
    """Each way in which a file can be made to appear whole."""
    if request.param == "no O_TMPFILE":
        monkeypatch.setattr(atomic, "_NAMELESS", 0)
    elif request.param == "refused O_TMPFILE":
        real = os.open

        def refuse(path, flags, *args, **kwargs):
            if flags & atomic._NAMELESS == atomic._NAMELESS and Path(path).is_dir():
                raise OSError(errno.EOPNOTSUPP, "not here")
            return real(path, flags, *args, **kwargs)

        monkeypatch.setattr(atomic.os, "open", refuse)
    elif request.param == "no proc":
        monkeypatch.setattr(atomic, "_has_proc", lambda: False)
    return request.param


class TestAtomicFiles:
    def test_create_replace_compare_and_delete(self, disk, way_to_write):
        assert disk.put("d/a", buf(b"one"), expected=ABSENT)
        assert not disk.put("d/a", buf(b"two"), expected=ABSENT)
        version = disk.read("d/a").version
        assert disk.put("d/a", buf(b"three"))
        assert not disk.put("d/a", buf(b"four"), expected=version)
        assert disk.put("d/a", buf(b"five"), expected=disk.read("d/a").version)
        assert read(disk, "d/a") == b"five"
        assert names(disk.root / "d") == ["a"]
        with pytest.raises(IsADirectoryError):
            disk.put("d", buf(b"x"))
        assert names(disk.root) == ["d"]
        disk.remove("d/a")
        assert names(disk.root / "d") == []

    def test_a_writer_that_fails_leaves_what_was_there_and_nothing_else(self, disk, way_to_write, monkeypatch):
        put(disk, "a", b"old")

        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, "no space left on device")

        for name in ("write", "replace"):
            with monkeypatch.context() as patched:
                patched.setattr(atomic.os, name, full)
                with pytest.raises(OSError, match="no space left"):
                    put(disk, "a", b"new")
            assert get(disk, "a") == b"old"
            assert names(disk.root) == ["a"]

    def test_readers_never_see_a_torn_file(self, disk, way_to_write):
        values = {bytes([i]) * (1000 * (i + 1)) for i in range(8)}
        put(disk, "a", next(iter(values)))
        stop = threading.Event()
        seen = []

        def watch():
            while not stop.is_set():
                seen.append(get(disk, "a"))

        def write():
            for _ in range(15):
                for value in values:
                    disk.put("a", buf(value))

        watcher = start(watch)
        write()
        stop.set()
        assert watcher.wait(PROMPTLY)
        assert seen
        assert set(seen) <= values

    @pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
    def test_new_files_respect_the_umask(self, disk, way_to_write, mask):
        before = os.umask(mask)
        try:
            put(disk, "new")
            put(disk, "new", b"replaced")
            put(disk, "d/e/f")
        finally:
            os.umask(before)
        for key in ("new", "d/e/f"):
            assert stat.S_IMODE((disk.root / key).stat().st_mode) == 0o666 & ~mask
        assert stat.S_IMODE((disk.root / "d" / "e").stat().st_mode) == 0o777 & ~mask

    def test_the_file_is_complete_before_it_has_its_name(self, disk, way_to_write, monkeypatch):
        put(disk, "a", b"old")
        sizes = []

        def watched(real):
            def call(*args, **kwargs):
                sizes.append(None if not (disk.root / "a").exists() else (disk.root / "a").stat().st_size)
                return real(*args, **kwargs)

            return call

        for name in ("replace", "link", "write"):
            monkeypatch.setattr(atomic.os, name, watched(getattr(os, name)))
        put(disk, "a", b"a new value")
        assert set(sizes) == {3}
        assert len(sizes) >= 2


class TestTemporaryFiles:
    def test_those_of_the_dead_are_swept_by_whoever_lists(self, disk):
        put(disk, "d/a")
        abandoned = [temporary(dead_pid(), 5, i) for i in range(2)]
        (disk.root / "d" / abandoned[0]).write_bytes(b"half")
        (disk.root / "d" / abandoned[1]).mkdir()
        (disk.root / "d" / abandoned[1] / "inside").write_bytes(b"x")
        assert collect(disk.list()) == ["d/a"]
        assert names(disk.root / "d") == ["a"]

    def test_a_reused_process_number_is_told_by_its_start_time(self, disk):
        put(disk, "a")
        name = temporary(os.getpid(), atomic._own_start(os.getpid()) + 1)
        (disk.root / name).write_bytes(b"half")
        assert collect(disk.list_dir("")) == ["a"]
        assert not (disk.root / name).exists()

    @pytest.mark.parametrize(
        "name",
        [
            lambda: temporary(os.getpid(), atomic._own_start(os.getpid())),
            lambda: temporary(dead_pid(), 5).replace(atomic._host(), "elsewhere.1"),
            lambda: "__zarr-unknown",
            lambda: "__zarr-.tmp",
        ],
        ids=["the living", "another host", "another form", "no fields"],
    )
    def test_those_of_others_stay_and_are_not_listed(self, disk, name):
        put(disk, "a")
        path = disk.root / name()
        path.write_bytes(b"half")
        for _ in range(2):
            assert collect(disk.list()) == ["a"]
            assert collect(disk.list_dir("")) == ["a"]
        run(disk.clear())
        assert path.read_bytes() == b"half"

    def test_a_read_only_store_sweeps_nothing(self, disk):
        put(disk, "a")
        path = disk.root / temporary(dead_pid(), 5)
        path.write_bytes(b"half")
        assert collect(disk.with_read_only(True).list()) == ["a"]
        assert path.exists()

    def test_without_proc_nobody_is_taken_for_dead(self, disk, monkeypatch):
        put(disk, "a")
        path = disk.root / temporary(dead_pid(), 5)
        path.write_bytes(b"half")
        monkeypatch.setattr(atomic, "_has_proc", lambda: False)
        assert collect(disk.list()) == ["a"]
        assert path.exists()

    def test_those_of_a_dead_process_are_recognised_from_its_own_name(self, disk, tmp_path):
        code = "import sys; from zarr._store.atomic import temporary_name; print(temporary_name(sys.argv[1]))"
        out = subprocess.run(
            [sys.executable, "-c", code, str(disk.root)], capture_output=True, text=True, check=True
        ).stdout
        path = Path(out.strip())
        put(disk, "a")
        path.write_bytes(b"half")
        assert collect(disk.list()) == ["a"]
        assert not path.exists()

    def test_names_are_never_given_twice(self):
        names = [atomic.temporary_name("d") for _ in range(100)]
        assert len(set(names)) == 100
        assert all(atomic.is_temporary(Path(name).name) for name in names)
        assert not any(atomic.is_abandoned(Path(name).name) for name in names)

    def test_those_of_a_process_that_could_not_find_out_its_start_stay(self, monkeypatch):
        monkeypatch.setattr(atomic, "_own_start", lambda pid: 0)
        assert not atomic.is_abandoned(Path(atomic.temporary_name("d")).name)

    def test_the_first_needs_no_import(self, monkeypatch):
        """It may be asked for in a finalizer at the end of the program, when nothing can be imported."""
        atomic._host.cache_clear()
        monkeypatch.setattr("builtins.__import__", None)
        assert Path(atomic.temporary_name("d")).parent == Path("d")


class TestDurability:
    @pytest.fixture
    def synced(self, monkeypatch):
        """What was synced, as paths; files without a name as their sizes."""
        calls = []
        real = os.fsync

        def record(fd):
            status = os.fstat(fd)
            calls.append(
                str(Path(f"/proc/self/fd/{fd}").readlink()) if stat.S_ISDIR(status.st_mode) else status.st_size
            )
            real(fd)

        monkeypatch.setattr(os, "fsync", record)
        return calls

    def test_by_default_nothing_waits_for_the_disk(self, disk, synced):
        put(disk, "a/b")
        put(disk, "a/b", b"y")
        run(disk.delete("a/b"))
        run(disk.delete_dir("a"))
        assert synced == []

    def test_fsync_waits_for_the_file_then_for_its_directory(self, disk, synced, way_to_write):
        put(disk, "a/b", b"1")
        synced.clear()
        with zarr.config.set({"array.durability": "fsync"}):
            put(disk, "a/b", b"12345")
        assert synced == [5, str(disk.root / "a")]

    def test_fsync_waits_for_every_new_directory(self, disk, synced):
        disk.root.mkdir()
        with zarr.config.set({"array.durability": "fsync"}):
            put(disk, "a/b/c", b"123")
        directories = [call for call in synced if isinstance(call, str)]
        assert directories == [str(disk.root), str(disk.root / "a"), str(disk.root / "a" / "b")]
        assert synced[-2:] == [3, str(disk.root / "a" / "b")]

    def test_fsync_waits_for_every_directory_of_a_new_node(self, disk, synced, zarr_format, monkeypatch):
        """Also where that is held before anything is stored in it."""
        disk.root.mkdir()
        made, mkdir = [], os.mkdir

        def note(path, *args):
            mkdir(path, *args)
            made.append((Path(path), len(synced)))

        monkeypatch.setattr(os, "mkdir", note)
        with zarr.config.set({"array.durability": "fsync"}):
            zarr.create_array(disk, name="g/a", shape=3, dtype="i1", zarr_format=zarr_format, attributes={"x": 1})
        assert [path for path, _ in made] == [disk.root / "g", disk.root / "g/a"]
        for path, before in made:
            assert str(path.parent) in synced[before:]

    def test_fsync_waits_for_removals(self, disk, synced):
        put(disk, "a/b")
        put(disk, "a/c")
        with zarr.config.set({"array.durability": "fsync"}):
            run(disk.delete("a/b"))
            assert synced == [str(disk.root / "a")]
            run(disk.delete_dir("a"))
            assert synced == [str(disk.root / "a"), str(disk.root)]

    def test_a_swap_that_loses_syncs_no_directory(self, disk, synced):
        put(disk, "a")
        with zarr.config.set({"array.durability": "fsync"}):
            assert not disk.put("a", buf(b"12"), expected=ABSENT)
        assert str(disk.root) not in synced
