"""Local stores: which files keys are, links between them, and moving the whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.suites.calls import buf, collect, get, put, run, shown
from zarr._store import atomic, local
from zarr.abc.store import (
    RangeByteRequest,
)
from zarr.errors import StoreKeyError
from zarr.storage import LocalStore


def names(directory) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


class TestLocalPaths:
    @pytest.mark.parametrize("root", [1, None, b"x", ["a"]], ids=shown)
    def test_a_root_that_is_no_path_is_refused(self, root):
        with pytest.raises(TypeError, match="must be a string or Path"):
            LocalStore(root)

    def test_values_are_files_under_the_root(self, disk):
        put(disk, "a/b.c/0", b"data")
        assert (disk.root / "a" / "b.c" / "0").read_bytes() == b"data"
        (disk.root / "a" / "other").write_bytes(b"foreign")
        assert get(disk, "a/other") == b"foreign"

    def test_nothing_is_made_before_the_first_write(self, disk):
        assert get(disk, "a") is None
        assert not run(disk.exists("a"))
        assert collect(disk.list()) == []
        assert run(disk.is_empty(""))
        run(disk.delete("a"))
        run(disk.delete_dir("a"))
        run(disk.clear())
        assert not disk.root.exists()

    def test_a_relative_root(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for root in ("data", "deep/er", ".", "", Path("other")):
            store = LocalStore(root)
            put(store, "a/b", b"x")
            assert get(store, "a/b") == b"x"
            assert (Path(root) / "a" / "b").read_bytes() == b"x"
            run(store.delete_dir("a"))
            with store.hold(""):
                pass
        assert names(tmp_path) == ["data", "deep", "other"]

    def test_a_root_with_unusual_characters(self, tmp_path):
        store = LocalStore(tmp_path / "with space %20 #? ü")
        put(store, "a/b", b"x")
        assert collect(store.list()) == ["a/b"]
        assert get(LocalStore(store.root), "a/b") == b"x"

    def test_names_of_temporary_files_are_no_keys(self, disk):
        for key in ("__zarr-x", "a/__zarr-x.tmp", "__zarr-x/b"):
            for refused in (lambda key=key: put(disk, key), lambda key=key: get(disk, key)):
                with pytest.raises(StoreKeyError, match="reserved"):
                    refused()
        put(disk, "__zarr", b"x")
        put(disk, "x__zarr-", b"x")
        assert collect(disk.list()) == ["__zarr", "x__zarr-"]

    def test_an_unreadable_file_is_an_error_and_not_a_missing_value(self, disk, monkeypatch):
        put(disk, "a", b"x")

        def fail(*args, **kwargs):
            raise PermissionError(errno.EACCES, "no")

        with monkeypatch.context() as patched:
            patched.setattr(local.os, "open", fail)
            with pytest.raises(PermissionError):
                disk.read("a")
        with monkeypatch.context() as patched:
            patched.setattr(local.os, "stat", fail)
            with pytest.raises(PermissionError):
                disk.size("a")

    def test_a_read_that_comes_in_pieces_is_put_together(self, disk, monkeypatch):
        put(disk, "a", bytes(range(100)))
        real = os.pread
        monkeypatch.setattr(local.os, "pread", lambda fd, n, at: real(fd, min(n, 7), at))
        assert get(disk, "a") == bytes(range(100))
        assert get(disk, "a", RangeByteRequest(10, 50)) == bytes(range(10, 50))

    def test_a_write_that_goes_in_pieces_is_complete(self, disk, monkeypatch):
        real = os.write
        monkeypatch.setattr(atomic.os, "write", lambda fd, data: real(fd, data[:7]))
        put(disk, "a", bytes(range(100)))
        monkeypatch.undo()
        assert get(disk, "a") == bytes(range(100))

    def test_descriptors_are_closed_with_their_versions(self, disk):
        put(disk, "a", b"x")
        count = len(names("/proc/self/fd"))
        versions = [disk.read("a").version for _ in range(20)]
        assert len(names("/proc/self/fd")) == count + 20
        del versions
        put(disk, "a", b"y")
        run(disk.delete("a"))
        assert len(names("/proc/self/fd")) == count

    def test_a_file_that_is_changed_in_place_is_another_version(self, disk):
        put(disk, "a", b"0123")
        version = disk.read("a").version
        with (disk.root / "a").open("r+b") as file:
            file.write(b"98765")
        assert not disk.put("a", buf(b"new"), expected=version)

    def test_root_is_deleted_between_two_writes(self, disk):
        put(disk, "a/b")
        (disk.root / "a" / "b").unlink()
        (disk.root / "a").rmdir()
        disk.root.rmdir()
        put(disk, "a/b", b"again")
        assert get(disk, "a/b") == b"again"


class TestSymlinks:
    def test_linked_directories_and_files_are_followed(self, disk, tmp_path):
        put(disk, "a/b", b"x")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "c").write_bytes(b"linked")
        (disk.root / "link").symlink_to(outside)
        (disk.root / "file").symlink_to(outside / "c")
        assert get(disk, "link/c") == b"linked"
        assert get(disk, "file") == b"linked"
        assert collect(disk.list()) == ["a/b", "file", "link/c"]
        assert collect(disk.list_dir("link")) == ["c"]
        put(disk, "link/d", b"new")
        assert (outside / "d").read_bytes() == b"new"

    def test_loops_come_to_an_end(self, disk):
        put(disk, "a/b/k", b"x")
        (disk.root / "a" / "b" / "up").symlink_to(disk.root / "a")
        (disk.root / "a" / "self").symlink_to(".")
        (disk.root / "root").symlink_to(disk.root)
        keys = collect(disk.list())
        assert "a/b/k" in keys
        assert len(keys) < 20
        assert get(disk, "a/self/b/k") == b"x"

    def test_the_same_directory_twice_is_no_loop(self, disk):
        put(disk, "a/k", b"x")
        (disk.root / "b").symlink_to(disk.root / "a")
        assert collect(disk.list()) == ["a/k", "b/k"]

    def test_removing_a_link_leaves_what_it_leads_to(self, disk, tmp_path):
        put(disk, "a", b"x")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "c").write_bytes(b"linked")
        for remove in (lambda: run(disk.delete_dir("link")), lambda: run(disk.clear())):
            (disk.root / "link").symlink_to(outside)
            remove()
            assert not (disk.root / "link").is_symlink()
            assert (outside / "c").read_bytes() == b"linked"

    def test_a_linked_root(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "root").symlink_to(tmp_path / "real")
        store = LocalStore(tmp_path / "root")
        put(store, "a/b", b"x")
        assert (tmp_path / "real" / "a" / "b").read_bytes() == b"x"
        assert collect(store.list()) == ["a/b"]
        run(store.clear())
        assert (tmp_path / "root").is_symlink()


class TestMove:
    def test_everything_goes_along(self, disk, tmp_path):
        put(disk, "a/b", b"x")
        target = tmp_path / "deep" / "er"
        run(disk.move(target))
        assert disk.root == target
        assert get(disk, "a/b") == b"x"
        assert (target / "a" / "b").read_bytes() == b"x"
        assert not (tmp_path / "root").exists()

    def test_a_target_that_exists_is_refused(self, disk, tmp_path):
        put(disk, "a", b"x")
        (tmp_path / "there").mkdir()
        with pytest.raises(FileExistsError, match="already exists"):
            run(disk.move(str(tmp_path / "there")))
        assert get(disk, "a") == b"x"
        assert disk.root == tmp_path / "root"


class Late(Exception):
    pass


def test_what_a_signal_handler_raises_while_files_are_deleted(disk, monkeypatch):
    """`shutil.rmtree` closes a descriptor a second time when it is interrupted just after it has closed it."""

    def late(*_):
        raise Late

    def interrupted(path):
        try:
            signal.raise_signal(signal.SIGUSR1)
        finally:
            os.close(-1)

    put(disk, "a/b")
    monkeypatch.setattr(shutil, "rmtree", interrupted)
    before = signal.signal(signal.SIGUSR1, late)
    try:
        with pytest.raises(Late):
            disk.remove_prefix("a")
    finally:
        signal.signal(signal.SIGUSR1, before)
