"""Zip stores: what comes into an archive, who sees it when, and what is taken from archives of others."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.archives import METHODS, contents, fill
from tests.suites.calls import buf, collect, get, put, read, run, shown, version_of
from tests.suites.children import end_of_child
from zarr._store.atomic import temporary_name
from zarr._store.versioned import ABSENT
from zarr._store.zipped import archive as archives
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.errors import StoreKeyError
from zarr.storage import LocalStore, ZipStore

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


@pytest.fixture
def appending(monkeypatch):
    """Archives of any size are too large to be copied."""
    monkeypatch.setattr(archives, "COPIED_NBYTES", -1)


def refuse(*args):
    raise PermissionError(1, "Operation not permitted")


class TestWriting:
    @pytest.mark.parametrize("compression", METHODS)
    def test_python_reads_what_is_written(self, path, compression):
        values = {"a": b"", "b/c": b"x" * 10_000, "ü/😀": b"u", "zarr.json": b"{}"}
        fill(path, values, compression=compression)
        assert contents(path) == values
        with ZipStore(path) as store:
            assert {key: get(store, key) for key in store.list_keys("")} == values
            assert get(store, "b/c", RangeByteRequest(5, 9)) == b"xxxx"
        with zipfile.ZipFile(path) as found:
            assert {info.compress_type for info in found.infolist()} == {compression}
            assert {info.external_attr >> 16 & 0o777 for info in found.infolist()} == {0o644}

    @pytest.mark.parametrize("compression", METHODS)
    def test_what_python_writes_is_read(self, path, compression):
        values = {"a": b"", "b/c": bytes(range(256)) * 100, "ü": b"u", "plain/deep/er": b"1"}
        with zipfile.ZipFile(path, "w", compression=compression) as made:
            for name, data in values.items():
                made.writestr(name, data)
            made.mkdir("plain")
        store = ZipStore(path)
        assert sorted(values) == list(store.list_keys(""))
        assert {key: get(store, key) for key in values} == values
        assert get(store, "b/c", SuffixByteRequest(2)) == b"\xfe\xff"
        assert sorted(store.list_names("")) == ["a", "b", "plain", "ü"]

    def test_streamed_entries_are_read(self, path):
        """Their sizes stand behind them, and in the directory."""

        class Pipe(io.RawIOBase):
            def __init__(self):
                self.data = bytearray()

            def writable(self):
                return True

            def write(self, data):
                self.data += bytes(data)
                return len(data)

        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w") as made, made.open("a/b", "w") as entry:
            entry.write(b"streamed")
        path.write_bytes(pipe.data)
        assert get(ZipStore(path), "a/b") == b"streamed"
        with ZipStore(path, mode="a") as store:
            put(store, "c")
        assert contents(path) == {"a/b": b"streamed", "c": b"x"}

    @pytest.mark.usefixtures("appending")
    def test_names_in_the_old_code_page_stay_as_they_are(self, path):
        raw = "ü".encode("cp437")
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("~", b"old")
        path.write_bytes(path.read_bytes().replace(b"~", raw))
        assert get(ZipStore(path), "ü") == b"old"
        with ZipStore(path, mode="a") as store:
            put(store, "b")
        assert contents(path) == {"ü": b"old", "b": b"x"}

    @pytest.mark.parametrize("in_place", [False, True])
    def test_there_is_one_entry_for_each_key(self, path, in_place, monkeypatch):
        if in_place:
            monkeypatch.setattr(archives, "COPIED_NBYTES", -1)
        values = {"a/b": b"1" * 1000, "a/c": b"2", "d": b"3"}
        fill(path, values | {"gone": b"4"})
        with ZipStore(path, mode="a") as store:
            for data in (b"new", b"newer", b"newest"):
                put(store, "a/c", data)
            run(store.delete("gone"))
            assert contents(path) == values | {"gone": b"4"}
        assert contents(path) == values | {"a/c": b"newest"}
        nbytes = path.stat().st_size
        with ZipStore(path, mode="a") as store:
            run(store.delete("a/b"))
        assert contents(path) == {"a/c": b"newest", "d": b"3"}
        assert path.stat().st_size < nbytes - 1000  # what nobody needs any more is gone

    def test_little_that_is_unused_is_left_in_a_large_archive(self, path, monkeypatch):
        monkeypatch.setattr(archives, "COPIED_NBYTES", 1000)
        fill(path, {"large": bytes(5000), "a": b"old value"})
        inode = path.stat().st_ino
        with ZipStore(path, mode="a") as store:
            put(store, "a", b"new value")
        assert path.stat().st_ino == inode
        assert b"old value" in path.read_bytes()
        assert contents(path) == {"large": bytes(5000), "a": b"new value"}

    def test_nothing_is_made_before_the_first_write(self, path):
        store = ZipStore(path, mode="a")
        assert get(store, "a") is None
        assert collect(store.list()) == []
        run(store.delete("a"))
        run(store.clear())
        store.close()
        assert not path.exists()

    @pytest.mark.parametrize("mode", ["w", "x"])
    def test_an_archive_without_anything_in_it_is_one(self, path, mode):
        ZipStore(path, mode=mode).close()
        assert contents(path) == {}
        assert collect(ZipStore(path).list()) == []

    def test_modes(self, path):
        with pytest.raises(FileNotFoundError, match=r"data\.zip"):
            get(ZipStore(path), "a")
        fill(path, {"a": b"1"})
        with pytest.raises(FileExistsError, match="mode 'x' makes new archives only"):
            put(ZipStore(path, mode="x"), "a")
        assert contents(path) == {"a": b"1"}
        with ZipStore(path, mode="w") as store:
            assert get(store, "a") is None
            put(store, "b")
        assert contents(path) == {"b": b"x"}
        with pytest.raises(ValueError, match="read-only"):
            put(ZipStore(path), "a")
        assert ZipStore(path, mode="w", read_only=True).read_only
        with ZipStore(path, mode="w", read_only=True) as store:
            assert get(store, "b") == b"x"
        assert contents(path) == {"b": b"x"}

    def test_after_closing_it_goes_on(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        store.close()
        put(store, "b", b"2")
        assert contents(path) == {"a": b"1"}
        store.close()
        assert contents(path) == {"a": b"1", "b": b"2"}

    def test_a_store_that_is_dropped_is_finished(self, path):
        zarr.save(path, np.arange(3))
        assert zipfile.ZipFile(path).testzip() is None
        assert zarr.load(path).tolist() == [0, 1, 2]

    def test_so_is_one_that_is_there_at_the_end(self, path):
        code = f"import zarr\na = zarr.create_array({str(path)!r}, data=[1, 2, 3])\nb = zarr.open({str(path)!r})"
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
        assert zarr.open_array(path, mode="r")[:].tolist() == [1, 2, 3]

    def test_all_stores_of_a_process_see_the_same(self, path, monkeypatch):
        one = ZipStore(path, mode="w")
        put(one, "a", b"1")
        monkeypatch.chdir(path.parent)
        (path.parent / "link.zip").symlink_to(path)
        for other in (ZipStore(path), ZipStore("data.zip"), ZipStore(path.parent / "link.zip", mode="a")):
            assert get(other, "a") == b"1"
            assert list(other.list_keys("")) == ["a"]
        put(other, "b", b"2")
        assert get(one, "b") == b"2"
        one.close()
        assert contents(path) == {"a": b"1", "b": b"2"}
        assert (path.parent / "link.zip").is_symlink()

    def test_zip64(self, path, monkeypatch):
        monkeypatch.setattr("zarr._store.zipped.layout._MOST32", 200)
        values = {"a": bytes(100), "b": bytes(300), "c": b"1"}
        fill(path, values)
        written = path.read_bytes()
        monkeypatch.undo()
        # Numbers over 200 stand in the wide fields, and 200 itself in the narrow ones, which says so: as in a large archive.
        path.write_bytes(written.replace((200).to_bytes(4, "little"), b"\xff" * 4))
        assert contents(path) == values
        assert {key: get(ZipStore(path), key) for key in values} == values
        with ZipStore(path, mode="a") as store:
            put(store, "d")
        assert contents(path) == values | {"d": b"x"}

    def test_many_entries(self, path):
        store = ZipStore(path, mode="w")
        for number in range(70_000):
            store.put(f"c/{number}", buf(b""))
        store.close()
        with zipfile.ZipFile(path) as found:
            assert len(found.namelist()) == 70_000
        assert len(list(ZipStore(path).list_names("c"))) == 70_000
        with ZipStore(path, mode="w", allowZip64=False) as narrow:
            for number in range(65_534):
                narrow.put(f"c/{number}", buf(b""))
            with pytest.raises(zipfile.LargeZipFile, match="allowZip64"):
                narrow.put("one more", buf(b""))

    @pytest.mark.parametrize(
        "key", ["a\\b", "C:/a", "c:", "\ud800", "a" * 70_000], ids=lambda key: key[:10].encode("ascii", "replace")
    )
    def test_names_that_lead_elsewhere_are_no_keys(self, path, key):
        with ZipStore(path, mode="w") as store, pytest.raises(StoreKeyError, match="not a valid store key"):
            put(store, key)
        assert contents(path) == {}

    @pytest.mark.parametrize(
        "arguments",
        [{"mode": "r+"}, {"mode": None}, {"compression": 1}, {"compression": "deflate"}, {"allowZip64": 5}],
        ids=shown,
    )
    def test_arguments_that_mean_nothing(self, path, arguments):
        with pytest.raises(ValueError, match=r"Invalid mode|no method of packing|allowZip64"):
            ZipStore(path, **arguments)

    @pytest.mark.parametrize("given", [5, None, b"a.zip", object()], ids=shown)
    def test_what_is_no_path_and_no_file(self, given):
        with pytest.raises(TypeError, match="expected a path or an open binary file object"):
            ZipStore(given)

    def test_urls(self, path):
        fill(path, {"a": b"1"})
        assert get(ZipStore(f"file://{path}"), "a") == b"1"

    def test_moving(self, path, tmp_path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        run(store.move(tmp_path / "deep" / "b.zip"))
        assert not path.exists()
        assert contents(tmp_path / "deep" / "b.zip") == {"a": b"1"}
        assert get(store, "a") == b"1"
        put(store, "b")
        store.close()
        assert contents(tmp_path / "deep" / "b.zip") == {"a": b"1", "b": b"x"}

    def test_what_is_said_of_it(self, path):
        store = ZipStore(path, mode="w")
        assert str(store) == f"zip://{path}"
        assert repr(store) == f"ZipStore('zip://{path}')"
        assert store == ZipStore(path)
        assert store != ZipStore(path.with_name("b.zip"))
        assert store != LocalStore(path)
        store.close()

    def test_comments_stay(self, path):
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("c/0", b"1")
            made.comment = b"a comment"
        with ZipStore(path, mode="a") as store:
            put(store, "deep/zarr.json", b"{}")
            put(store, "zarr.json", b"{}")
        with zipfile.ZipFile(path) as found:
            assert found.comment == b"a comment"
            assert found.namelist() == ["zarr.json", "deep/zarr.json", "c/0"]

    def test_the_mode_of_the_file_stays(self, path):
        fill(path, {"a": b"1"})
        path.chmod(0o640)
        with ZipStore(path, mode="a") as store:
            put(store, "b")
        assert path.stat().st_mode & 0o777 == 0o640

    def test_names_are_told_of_once(self, path):
        fill(path, dict.fromkeys(("a", "a-b", "a/b", "a/c", "a0"), b""))
        assert list(ZipStore(path).list_names("")) == ["a", "a-b", "a0"]

    @pytest.mark.parametrize("step", ["pwrite", "replace", "ftruncate", "fchmod"])
    def test_errors_name_the_archive_and_no_temporary_file(self, path, step, monkeypatch):
        fill(path, {"a": b"1"})
        store = ZipStore(path, mode="a")

        def fail(*args):
            raise OSError(28, "No space left on device", "__zarr-temporary")

        with monkeypatch.context() as patched:
            patched.setattr(os, step, fail)
            with pytest.raises(OSError, match=r"No space.*data\.zip") as caught:
                put(store, "a", b"2"), store.close()
        assert caught.value.filename == str(path)
        store.close()
        contents(path)

    def test_what_others_left_in_a_directory_for_all_is_in_nobodys_way(self, path, monkeypatch):
        left = path.parent / re.sub(r"-\d+-(\d+)-\d+\.tmp$", r"-4194304-\1-0.tmp", Path(temporary_name("")).name)
        left.touch()
        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", refuse)
            fill(path, {"a": b"1"})
        assert left.exists()
        with monkeypatch.context() as patched:
            patched.setattr(os, "scandir", refuse)
            fill(path, {"a": b"2"})
        assert left.exists()
        fill(path, {"a": b"3"})
        assert [entry.name for entry in path.parent.iterdir()] == ["data.zip"]

    def test_where_no_file_can_be_made_beside_it(self):
        directory = Path(tempfile.mkdtemp())  # above which nobody is kept out
        path = directory / "data.zip"
        fill(path, {"a": b"1"})
        path.chmod(0o666)
        directory.chmod(0o555)

        def work():
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            store = ZipStore(path, mode="a")
            assert get(store, "a") == b"1"
            with pytest.raises(PermissionError, match=r"its directory has to be writable.*data\.zip"):
                put(store, "a")
            with pytest.raises(PermissionError, match=r"nothing can be made here.*new\.zip"):
                put(ZipStore(directory / "new.zip", mode="w"), "a")

        try:
            assert end_of_child(work) == 0
        finally:
            directory.chmod(0o755)
            shutil.rmtree(directory)

    @pytest.mark.parametrize("goes_on", ["closes", "writes", "is dropped"])
    def test_interrupted_when_the_new_archive_had_just_taken_its_place(self, path, goes_on, monkeypatch):
        fill(path, {"a": b"1"})
        store = ZipStore(path, mode="a")
        put(store, "b", b"2")
        replace = os.replace
        with monkeypatch.context() as patched:

            def interrupted(*args):
                replace(*args)
                raise KeyboardInterrupt

            patched.setattr(os, "replace", interrupted)
            with pytest.raises(KeyboardInterrupt):
                store.close()
        expected = {"a": b"1", "b": b"2"}
        assert contents(path) == expected
        if goes_on == "writes":
            put(store, "c", b"3")
            assert contents(path) == expected  # which is not written over
            expected["c"] = b"3"
        if goes_on == "is dropped":
            del store
        else:
            store.close()
        assert contents(path) == expected
        assert [entry.name for entry in path.parent.iterdir()] == ["data.zip"]

    def test_a_full_disk_leaves_the_store_as_it_was(self, path, monkeypatch):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        with monkeypatch.context() as patched:

            def fail(*args):
                raise OSError(28, "No space left on device")

            patched.setattr(os, "pwrite", fail)
            with pytest.raises(OSError, match="No space"):
                put(store, "a", b"2")
            with pytest.raises(OSError, match="No space"):
                store.close()
        assert get(store, "a") == b"1"
        store.close()
        assert contents(path) == {"a": b"1"}

    def test_versions_after_the_archive_was_finished(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        put(store, "a", b"2")
        version = version_of(store, "a")
        store.close()
        put(store, "a", b"3")
        assert read(store, "a", version=version) == b"2"
        assert not store.put("a", buf(b"4"), expected=version)
        assert store.put("b", buf(b"5"), expected=ABSENT)
        store.close()
        assert contents(path) == {"a": b"3", "b": b"5"}
