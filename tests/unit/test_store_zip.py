"""Zip stores: what comes into an archive, who sees it when, and what is taken from archives of others."""

from __future__ import annotations

import bz2
import io
import os
import pickle
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

import zarr
from tests.suites.calls import buf, collect, get, put, read, run, shown, version_of
from tests.suites.children import end_of_child
from tests.suites.threads import in_threads
from zarr._store.versioned import ABSENT
from zarr._store.zipped import archive as archives
from zarr._store.zipped import layout
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.errors import StoreKeyError, ZarrRuntimeWarning
from zarr.storage import LocalStore, ZipStore

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


@pytest.fixture
def appending(monkeypatch):
    """Archives of any size are too large to be copied."""
    monkeypatch.setattr(archives, "COPIED_NBYTES", -1)


def fill(path, values, **kwargs):
    with ZipStore(path, mode="w", **kwargs) as store:
        for key, data in values.items():
            put(store, key, data)


def contents(path):
    """What Python finds in an archive, every checksum tried; one entry for each name."""
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert len(set(names)) == len(names)
        return {name: found.read(name) for name in names}


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
        with pytest.raises(ValueError, match="at URLs are not supported"):
            ZipStore("s3://bucket/a.zip")

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


class TestFileObjects:
    @pytest.mark.parametrize("kind", ["memory", "file"])
    def test_they_are_written_read_and_stay_open(self, kind, path):
        file = io.BytesIO() if kind == "memory" else path.open("w+b")
        with file:
            with ZipStore(file, mode="w") as store:
                put(store, "a", b"1")
                put(store, "a", b"2")
                assert get(store, "a") == b"2"
            assert not file.closed
            assert contents(file) == {"a": b"2"}
            with ZipStore(file, mode="a") as store:
                assert get(store, "a") == b"2"
                put(store, "b", b"3")
            assert contents(file) == {"a": b"2", "b": b"3"}
            assert get(ZipStore(file), "b") == b"3"

    def test_only_read(self, path):
        fill(path, {"a": bytes(1000)})
        for file in (path.open("rb"), path.open("rb", buffering=0), io.BytesIO(path.read_bytes())):
            with file:
                store = ZipStore(file)
                in_threads([lambda s=store: [get(s, "a") for _ in range(20)]] * 4)
                assert get(store, "a", SuffixByteRequest(3)) == bytes(3)

    def test_they_do_not_travel(self):
        with pytest.raises(TypeError, match="cannot be sent to another process"):
            pickle.dumps(ZipStore(io.BytesIO(), mode="w"))
        with pytest.raises(ValueError, match="cannot be moved"):
            run(ZipStore(io.BytesIO(), mode="w").move("x.zip"))

    def test_equality(self):
        file = io.BytesIO()
        assert ZipStore(file) == ZipStore(file, mode="w")
        assert ZipStore(file) != ZipStore(io.BytesIO())


class TestPaths:
    """Paths that are given for a store."""

    @pytest.mark.parametrize("name", ["a.zip", "a.ozx", "A.ZIP"])
    def test_names_that_make_archives(self, name, tmp_path, zarr_format):
        path = tmp_path / name
        for given in (path, str(path), f"file://{path}"):
            group = zarr.open_group(given, mode="w", zarr_format=zarr_format)
            group.create_array("x", data=np.arange(10), chunks=3)
            group.store.close()
            assert zipfile.is_zipfile(path)
            assert zarr.open(given, mode="r")["x"][4] == 4
            assert zarr.open_array(given, path="x", mode="r").read_only
            with pytest.raises(FileExistsError):
                zarr.open_group(given, mode="w-", zarr_format=zarr_format)
        again = zarr.open_group(path, mode="r+")
        again["x"][4] = 44
        again["x"].append([7])
        again.attrs["a"] = 1
        again.store.close()
        found = zarr.open_group(path, mode="r")
        assert found["x"][4] == 44
        assert found["x"].shape == (11,)
        assert dict(found.attrs) == {"a": 1}
        contents(path)

    def test_archives_of_any_name_are_opened(self, tmp_path):
        path = tmp_path / "archive"
        with ZipStore(path, mode="w") as store:
            zarr.create_array(store, data=[1, 2])
        assert zarr.open(path, mode="r")[:].tolist() == [1, 2]
        assert zarr.load(path).tolist() == [1, 2]

    def test_directories_of_such_a_name_stay_directories(self, tmp_path):
        path = tmp_path / "a.zip"
        path.mkdir()
        zarr.create_array(path, data=[1, 2])
        assert zarr.open(path, mode="r")[:].tolist() == [1, 2]
        assert path.is_dir()
        with pytest.raises(IsADirectoryError):
            get(ZipStore(path), "a")

    def test_only_reading_makes_nothing(self, tmp_path):
        for mode in ("r", "r+"):
            with pytest.raises(FileNotFoundError):
                zarr.open(tmp_path / "a.zip", mode=mode)
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_file_is_filled(self, tmp_path):
        path = tmp_path / "a.zip"
        path.touch()
        zarr.save(path, np.arange(3))
        assert zarr.load(path).tolist() == [0, 1, 2]

    def test_copying_between_stores(self, tmp_path):
        source = zarr.create_array(tmp_path / "a.zarr", data=np.arange(6), chunks=2)
        zarr.copy_store(source.store, ZipStore(tmp_path / "b.zip", mode="w"))
        assert zarr.open_array(tmp_path / "b.zip", mode="r")[:].tolist() == [*range(6)]

    @pytest.mark.parametrize("options", [{}, {"shards": 6}, {"compressors": None}], ids=str)
    def test_arrays(self, engine, tmp_path, options):
        data = np.arange(48).reshape(12, 4)
        with ZipStore(tmp_path / "a.zip", mode="w") as store:
            options = {name: (value, 4) if name == "shards" else value for name, value in options.items()}
            array = zarr.create_array(store, data=data, chunks=(3, 2), **options)
            array[2:5, 1:] = -1
            array[3:6] = 0
            array.append(np.ones((3, 4), int))
            expected = np.vstack([data, np.ones((3, 4), int)])
            expected[2:5, 1:] = -1
            expected[3:6] = 0
            np.testing.assert_array_equal(array[:], expected)
        found = zarr.open_array(tmp_path / "a.zip", mode="r")
        np.testing.assert_array_equal(found[:], expected)
        np.testing.assert_array_equal(found[1:8:3, ::-2], expected[1:8:3, ::-2])


def archive(*entries, comment=b""):
    """An archive of Python's, changed afterwards: pairs of name and data."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, data in entries:
            target.writestr(name, data)
        target.comment = comment
    return bytearray(made.getvalue())


def record(data, number=0):
    """Where the directory's record of an entry begins."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return at


def patched(data, at, value):
    data[at : at + len(value)] = value
    return data


def without_end(n):
    return lambda: archive(("a", b"1" * 100), ("b", b"2"))[:-n]


def with_names(name):
    return lambda: bytearray(bytes(archive((len(name) * "~", b"1"))).replace(b"~" * len(name), name.encode()))


def overlapping():
    data = archive(("a", b"1" * 50), ("b", b"2" * 50))
    return patched(data, record(data, 1) + 42, (3).to_bytes(4, "little"))


def twice():
    """Two names for one entry, as bombs have them."""
    data = archive(("a", b"1" * 50), ("b", b"2" * 50))
    return patched(data, record(data, 1) + 42, (0).to_bytes(4, "little"))


def beyond():
    data = archive(("a", b"1" * 50))
    return patched(
        patched(data, record(data) + 20, (5000).to_bytes(4, "little")), record(data) + 24, (5000).to_bytes(4, "little")
    )


def other_sizes():
    data = archive(("a", b"1" * 50))
    return patched(data, record(data) + 24, (49).to_bytes(4, "little"))


def other_count():
    data = archive(("a", b"1" * 50))
    return patched(data, len(data) - 14, b"\2\0\2\0")


def several_disks():
    data = archive(("a", b"1"))
    return patched(data, len(data) - 18, b"\1\0")


def directory_damaged():
    data = archive(("a", b"1"))
    return patched(data, record(data), b"PK\x01\x00")


def name_no_utf8():
    data = archive(("ü", b"1"))
    return bytearray(bytes(data).replace("ü".encode(), b"\xff\xff"))


WHOLE = {
    "no archive": (lambda: bytearray(b"hello" * 100), "no zip archive"),
    "nothing": (lambda: bytearray(), "only 0 bytes"),
    "short": (lambda: bytearray(b"PK\x03\x04"), "only 4 bytes"),
    "cut in the end record": (without_end(5), "incomplete"),
    "cut in the directory": (without_end(60), "incomplete"),
    "cut in an entry": (without_end(150), "incomplete"),
    "cut at the front": (lambda: archive(("a", b"1" * 100))[30:], "not lie inside the file"),
    "above": (with_names("../a"), r"'\.\./a', which is no path inside"),
    "absolute": (with_names("/a/b"), "'/a/b', which is no path inside"),
    "a drive": (with_names("C:/a"), "'C:/a', which is no path inside"),
    "backslashes": (with_names("a\\b"), "no path inside"),
    "a dot": (with_names("a/./b"), "no path inside"),
    "overlapping": (overlapping, "overlaps"),
    "twice": (twice, "overlaps"),
    "beyond": (beyond, "overlaps another one, or reaches beyond"),
    "two sizes": (other_sizes, "is said to have 49"),
    "another count": (other_count, "has 1 entries, and its end record says 2"),
    "several disks": (several_disks, "several files"),
    "damaged directory": (directory_damaged, "directory is damaged"),
    "no UTF-8": (name_no_utf8, "is said to be UTF-8"),
}


class TestHostileArchives:
    @pytest.mark.parametrize("name", WHOLE)
    def test_refused_as_a_whole(self, name, path):
        make, text = WHOLE[name]
        path.write_bytes(make())
        for call in (
            lambda: ZipStore(path).get_sync("a"),
            lambda: list(ZipStore(path).list_keys("")),
            lambda: zarr.open(path, mode="r"),
        ):
            with pytest.raises(zipfile.BadZipFile, match=text) as caught:
                call()
            assert "data.zip" in str(caught.value)
        before = path.read_bytes()
        if before:
            with pytest.raises(zipfile.BadZipFile, match=text):
                put(ZipStore(path, mode="a"), "a")
        assert path.read_bytes() == before
        assert [entry.name for entry in path.parent.iterdir()] == ["data.zip"]

    @pytest.mark.parametrize("n", range(1, 250, 7))
    def test_cut_anywhere(self, path, n):
        whole = archive(("a", b"1" * 100), ("b", b"2"))
        path.write_bytes(whole[:-n])
        with pytest.raises(zipfile.BadZipFile):
            ZipStore(path).get_sync("a")

    @pytest.mark.filterwarnings("ignore:.*a writer left that was interrupted")
    def test_every_byte_changed(self, path):
        """No other error, no other value than one of those that are there, and nothing that is not a key."""
        whole = archive(("a", b"value"), ("bb", b"other"), comment=b"x")
        for at in range(len(whole)):
            for change in (0x01, 0x80, 0xFF):
                data = bytearray(whole)
                data[at] ^= change
                path.write_bytes(data)
                store = ZipStore(path)
                try:
                    for key in store.list_keys(""):
                        assert store.get_sync(key).to_bytes() in (b"value", b"other")
                except (zipfile.BadZipFile, NotImplementedError):
                    pass

    def test_the_last_of_duplicates_counts(self, path):
        with pytest.warns(UserWarning, match="Duplicate name"):
            path.write_bytes(archive(("a", b"old"), ("b", b"1"), ("a", b"new")))
        assert get(ZipStore(path), "a") == b"new"
        with ZipStore(path, mode="a") as store:
            put(store, "c")
        assert contents(path) == {"a": b"new", "b": b"1", "c": b"x"}

    def test_directories_are_no_keys(self, path):
        path.write_bytes(archive(("d/", b""), ("d/a", b"1"), ("empty/", b"")))
        store = ZipStore(path)
        assert list(store.list_keys("")) == ["d/a"]
        assert list(store.list_names("")) == ["d"]

    def test_an_end_record_in_the_comment(self, path):
        path.write_bytes(archive(("a", b"1"), comment=b"PK\x05\x06" + bytes(30)))
        assert get(ZipStore(path), "a") == b"1"

    def test_something_before_the_archive(self, path):
        path.write_bytes(b"#!/bin/sh\n" * 10 + archive(("a", b"1"), ("b", b"2")))
        assert get(ZipStore(path), "b") == b"2"
        with ZipStore(path, mode="a") as store:
            put(store, "c", b"3")
        assert contents(path) == {"a": b"1", "b": b"2", "c": b"3"}

    def test_damage(self, path):
        data = archive(("a", b"value"), ("b", b"1"))
        path.write_bytes(bytes(data).replace(b"value", b"VALUE"))
        with pytest.raises(zipfile.BadZipFile, match="'a' is damaged"):
            get(ZipStore(path), "a")
        assert get(ZipStore(path), "b") == b"1"

    def test_encrypted_and_unknown_methods(self, path):
        data = archive(("a", b"1"), ("b", b"2"), ("c", b"3"))
        for number, at, value, text in ((0, 8, b"\1\0", "encrypted"), (1, 10, b"\x5d\0", r"method \(number 93\)")):
            path.write_bytes(patched(bytearray(data), record(data, number) + at, value))
            with pytest.raises(NotImplementedError, match=f"data.zip.*{text}"):
                get(ZipStore(path), "ab"[number])
            assert get(ZipStore(path), "c") == b"3"

    @pytest.mark.parametrize("method", METHODS[1:])
    @pytest.mark.parametrize("said", [10, 999, 1001, 5000])
    def test_sizes_that_are_not_so(self, path, method, said):
        with zipfile.ZipFile(path, "w", compression=method) as made:
            made.writestr("a", bytes(1000))
        data = bytearray(path.read_bytes())
        path.write_bytes(patched(data, record(data) + 24, said.to_bytes(4, "little")))
        with pytest.raises(zipfile.BadZipFile, match="'a'"):
            get(ZipStore(path), "a")

    @pytest.mark.parametrize("method", METHODS[1:])
    def test_bombs(self, path, method):
        with zipfile.ZipFile(path, "w", compression=method) as made:
            made.writestr("a", b"1")
        data = bytearray(path.read_bytes())
        path.write_bytes(patched(data, record(data) + 24, (4_000_000_000).to_bytes(4, "little")))
        with pytest.raises(zipfile.BadZipFile, match=r"'a' is said to become 4000000000 bytes.*not unpacked"):
            get(ZipStore(path), "a")

    def test_the_limit_of_chunks(self, path):
        with ZipStore(path, mode="w", compression=8) as store:
            put(store, "a", bytes(1000))
        with (
            zarr.config.set({"array.max_chunk_bytes": 999}),
            pytest.raises(zipfile.BadZipFile, match=r"array\.max_chunk_bytes"),
        ):
            get(ZipStore(path), "a")

    @pytest.mark.parametrize("packed", [b"", b"garbage", zlib.compress(b"x"), bz2.compress(b"y")[:-3]])
    @pytest.mark.parametrize("method", METHODS[1:])
    def test_bytes_that_do_not_unpack(self, path, method, packed):
        data = archive(("a", packed))
        for at, value in (
            (8, bytes([method, 0])),
            (record(data) + 10, bytes([method, 0])),
            (record(data) + 24, b"\7\0\0\0"),
        ):
            patched(data, at, value)
        path.write_bytes(data)
        with pytest.raises(zipfile.BadZipFile, match="'a'"):
            get(ZipStore(path), "a")


def in_a_fork(work):
    """The process number of a child that does some work."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def end(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class TestProcesses:
    def test_forked_readers(self, path):
        fill(path, {f"k/{i}": b"%d" % i * (i + 1) for i in range(100)})
        store = ZipStore(path)
        get(store, "k/0")

        def work():
            for n in range(10_000):
                i = n % 100
                assert store.get_sync(f"k/{i}").to_bytes() == b"%d" % i * (i + 1)

        children = [in_a_fork(work) for _ in range(8)]
        assert [end(child) for child in children] == [0] * 8

    def test_threads_write_and_read_at_once(self, path):
        store = ZipStore(path, mode="w")

        def work(number):
            for i in range(50):
                put(store, f"{number}/{i}", b"%d" % (number * i))
                assert get(store, f"{number}/{i}") == b"%d" % (number * i)
                list(store.list_names(""))

        in_threads([lambda number=number: work(number) for number in range(6)])
        store.close()
        assert contents(path) == {f"{n}/{i}": b"%d" % (n * i) for n in range(6) for i in range(50)}

    def test_one_process_writes(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        code = (
            "import sys; from zarr.storage import ZipStore; from zarr.buffer.cpu import Buffer\n"
            "store = ZipStore(sys.argv[1], mode='a')\n"
            "assert store.get_sync('a') is None\n"
            "try: store.set_sync('b', Buffer.from_bytes(b'2'))\n"
            "except BlockingIOError as exc: print(exc)\n"
            "store.close()"
        )
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert "another process writes this zip archive" in done.stdout
        store.close()
        assert contents(path) == {"a": b"1"}
        subprocess.run([*command[:2], code.replace("is None", "is not None"), str(path)], check=True, timeout=60)
        assert contents(path) == {"a": b"1", "b": b"2"}
        # What another process wrote meanwhile is seen by who writes next, and by who opens.
        put(store, "c", b"3")
        assert get(store, "b") == b"2"
        store.close()
        assert contents(path) == {"a": b"1", "b": b"2", "c": b"3"}

    @pytest.mark.parametrize("in_place", [False, True])
    def test_a_forked_child_leaves_the_writing_to_its_parent(self, path, in_place, monkeypatch):
        fill(path, {"old": b"0"})
        if in_place:
            monkeypatch.setattr(archives, "COPIED_NBYTES", -1)
        store = ZipStore(path, mode="a")
        put(store, "a", b"1")

        def work():
            assert get(store, "a") == b"1"
            with pytest.raises(BlockingIOError, match="only the parent may go on"):
                put(store, "b")
            store.close()

        assert end_of_child(work) == 0
        put(store, "c", b"3")
        store.close()
        assert contents(path) == {"old": b"0", "a": b"1", "c": b"3"}

    def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(self, path):
        store = ZipStore(path, mode="w")
        put(store, "a", b"1")
        reading, writing = os.pipe()
        child = in_a_fork(lambda: (os.close(writing), os.read(reading, 1)))
        store.close()
        other = "import sys, zarr; zarr.open_group(sys.argv[1], mode='w').store.close()"
        subprocess.run([sys.executable, "-c", other, str(path)], check=True, timeout=60)
        os.close(writing)
        os.close(reading)
        assert end(child) == 0

    def test_what_is_sent_to_another_process_is_found_there(self, path):
        array = zarr.create_array(ZipStore(path, mode="w"), data=np.arange(10), chunks=3)
        code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)[:].tolist())"
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(array), capture_output=True, check=True)
        assert done.stdout.decode().strip() == str([*range(10)])
        array[0] = 100
        array.store.close()
        assert zarr.open_array(path, mode="r")[0] == 100

    def test_no_thread_and_no_event_loop(self, path):
        code = (
            "import sys, threading, zarr\n"
            "with zarr.storage.ZipStore(sys.argv[1], mode='w') as store:\n"
            "    array = zarr.create_group(store).create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')\n"
            "    array[1:4, 1:3] = 7\n"
            "    array.append([[1, 2, 3, 4]])\n"
            "assert zarr.open_group(sys.argv[1], mode='r')['a'][...].sum() == 52\n"
            "print(*[name for name in ('asyncio', 'concurrent.futures') if name in sys.modules], threading.active_count())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.split() == ["1"]


class TestInterruptedAppends:
    """An archive that is changed in place is as it was before, if its writer died."""

    @pytest.mark.parametrize("n", [1, 100, 70_000, 3_000_000])
    def test_what_stands_behind_the_end_is_not_looked_at(self, path, n):
        fill(path, {"a": b"1", "nested": archive(("b", b"2"))})
        before = path.read_bytes()
        path.write_bytes(before + archive(("x", bytes(n)))[: n + 30])
        store = ZipStore(path)
        with pytest.warns(ZarrRuntimeWarning, match="a writer left that was interrupted"):
            found = list(store.list_keys(""))
        assert found == ["a", "nested"]
        with pytest.warns(ZarrRuntimeWarning), ZipStore(path, mode="a") as store:
            put(store, "c")
        assert sorted(contents(path)) == ["a", "c", "nested"]

    def test_end_records_that_keep_readers_busy(self, path, monkeypatch):
        """Each says that all before it is the directory."""
        data = bytearray(archive(("a", b"1")))[:40]
        for _ in range(2000):
            data += b"PK\5\6" + bytes(8) + len(data).to_bytes(4, "little") + bytes(6)
        path.write_bytes(data + b"behind")
        tried = []
        parse = layout.parse_directory
        monkeypatch.setattr(layout, "parse_directory", lambda *args: tried.append(args) or parse(*args))
        with pytest.raises(zipfile.BadZipFile, match="incomplete"):
            ZipStore(path).get_sync("a")
        assert len(tried) == 100

    def test_an_archive_in_an_entry_is_not_taken_for_it(self, path):
        fill(path, {"nested": archive(("b", b"2")), "a": b"1"})
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(zipfile.BadZipFile, match="incomplete"):
            ZipStore(path).get_sync("b")


class TestZippingDirectories:
    @pytest.fixture
    def source(self, tmp_path):
        group = zarr.create_group(tmp_path / "image.zarr", attributes={"ome": {"version": "0.5"}})
        for name in ("b", "a"):
            group.create_array(f"{name}/0", data=np.arange(20).reshape(4, 5), chunks=(2, 5))
        return tmp_path / "image.zarr"

    @pytest.mark.parametrize("ozx", [False, True])
    def test_an_archive_of_a_directory(self, source, tmp_path, ozx):
        dest = tmp_path / "image.ozx"
        zarr.storage.zip_directory(source, dest, ozx=ozx)
        expected = {p.relative_to(source).as_posix(): p.read_bytes() for p in source.rglob("*") if p.is_file()}
        assert contents(dest) == expected
        with zipfile.ZipFile(dest) as found:
            by_place = sorted(found.infolist(), key=lambda info: info.header_offset)
            assert [info.filename for info in by_place] == found.namelist()
            assert found.namelist()[:6] == [
                *("zarr.json", "a/zarr.json", "b/zarr.json", "a/0/zarr.json", "b/0/zarr.json", "a/0/c/0/0")
            ]
            assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}
            assert {info.extra for info in found.infolist()} == {b""}
            said = b'{"ome":{"version":"0.5","zipFile":{"centralDirectory":{"jsonFirst":true}}}}' if ozx else b""
            assert found.comment == said
        assert zarr.open_group(dest, mode="r")["a/0"][1, 1] == 6
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["image.ozx", "image.zarr"]

    def test_what_the_comment_says_stays_true(self, source, tmp_path):
        dest = tmp_path / "image.ozx"
        zarr.storage.zip_directory(str(source), f"file://{dest}", ozx=True)
        group = zarr.open_group(dest, mode="a")
        group.create_array("c", data=[1, 2])
        group.attrs["a"] = 1
        group.store.close()
        with zipfile.ZipFile(dest) as found:
            names = found.namelist()
            assert b"jsonFirst" in found.comment
        assert names[0] == "zarr.json"
        assert [name.endswith("zarr.json") for name in names] == sorted(
            (n.endswith("zarr.json") for n in names), reverse=True
        )

    def test_packed(self, source, tmp_path):
        zarr.storage.zip_directory(source, tmp_path / "a.zip", compression=zipfile.ZIP_DEFLATED)
        assert zarr.open_group(tmp_path / "a.zip", mode="r")["b/0"][3, 4] == 19

    def test_what_is_there_is_replaced_only_if_that_is_said(self, source, tmp_path):
        dest = tmp_path / "a.zip"
        dest.write_bytes(b"other")
        with pytest.raises(FileExistsError, match="overwrite=True"):
            zarr.storage.zip_directory(source, dest)
        assert dest.read_bytes() == b"other"
        zarr.storage.zip_directory(source, dest, overwrite=True)
        assert zarr.open_group(dest, mode="r")["b/0"][3, 4] == 19

    def test_refusals(self, source, tmp_path):
        dest = tmp_path / "a.ozx"
        with pytest.raises(FileNotFoundError):
            zarr.storage.zip_directory(tmp_path / "nothing", dest)
        with pytest.raises(ValueError, match=r"an \.ozx is not packed"):
            zarr.storage.zip_directory(source, dest, ozx=True, compression=8)
        zarr.create_group(tmp_path / "two", zarr_format=2)
        with pytest.raises(ValueError, match="Zarr format 3"):
            zarr.storage.zip_directory(tmp_path / "two", dest, ozx=True)
        zarr.open_group(source, mode="a").attrs.put({"ome": {}})
        with pytest.raises(ValueError, match="no version of OME-Zarr"):
            zarr.storage.zip_directory(source, dest, ozx=True)
        assert not dest.exists()

    def test_a_failure_leaves_nothing(self, source, tmp_path, monkeypatch):
        def fail(*args, **kwargs):
            raise OSError(28, "No space left on device")

        dest = tmp_path / "a.zip"
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", fail)
            with pytest.raises(OSError, match="No space"):
                zarr.storage.zip_directory(source, dest)
        assert [entry.name for entry in tmp_path.iterdir()] == ["image.zarr"]
        zarr.storage.zip_directory(source, dest)
        before = dest.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", fail)
            with pytest.raises(OSError, match="No space"):
                zarr.storage.zip_directory(source, dest, overwrite=True)
        assert dest.read_bytes() == before
