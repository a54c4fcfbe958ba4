"""What may be given for a zip archive: file objects, and paths that lead to one or make one."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.archives import contents, fill
from tests.suites.calls import get, put, run
from tests.suites.threads import in_threads
from zarr.abc.store import SuffixByteRequest
from zarr.errors import StoreFileError, StoreIsFileError
from zarr.storage import ZipStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


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

    def test_what_cannot_be_an_archive(self, path):
        fill(path, {"a": b"1"})
        before = path.read_bytes()
        with path.open("r+") as text, pytest.raises(TypeError, match="open for text; open it with 'rb'"):
            ZipStore(text, mode="w")
        with path.open("rb") as reading:
            store = ZipStore(reading, mode="a")
            assert get(store, "a") == b"1"
            with pytest.raises(ValueError, match=r"cannot be changed: open the file with 'r\+b'"):
                put(store, "a")
            store.close()
        with path.open("r+b") as there, pytest.raises(FileExistsError, match="mode 'x'"):
            put(ZipStore(there, mode="x"), "a")
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, pytest.raises(TypeError, match="no places to seek; save it to a file"):
            ZipStore(pipe)
        os.close(writing)
        assert path.read_bytes() == before
        with ZipStore(io.BytesIO(), mode="x") as store:
            put(store, "a")

    @pytest.mark.parametrize("ending", ["closed", "dropped"])
    def test_one_that_is_closed_before_the_store(self, ending, path):
        file = path.open("w+b")
        store = ZipStore(file, mode="w")
        put(store, "a")
        file.close()
        with pytest.raises(ValueError, match="was closed before the store"):
            store.close()
        store.close()
        with pytest.raises(ValueError, match="closed file"):
            get(store, "a")

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

    def test_what_is_no_file_is_neither_opened_nor_replaced(self, tmp_path):
        path = tmp_path / "pipe.zip"
        os.mkfifo(path)
        for call in (
            lambda: ZipStore(path, mode="w").close(),
            lambda: put(ZipStore(path, mode="x"), "a"),
            lambda: put(ZipStore(path, mode="a"), "a"),
            lambda: get(ZipStore(path), "a"),
            lambda: zarr.open_group(path, mode="w"),
        ):
            with pytest.raises(IsADirectoryError, match=r"pipe\.zip"):
                call()
        with pytest.raises(OSError, match=r"pipe\.zip' is no directory, so nothing can be at"):
            zarr.open(path / "a", mode="a")
        assert path.is_fifo()
        assert [entry.name for entry in tmp_path.iterdir()] == ["pipe.zip"]

    def test_a_slash_at_the_end_and_a_path_behind_it(self, tmp_path):
        zarr.save(tmp_path / "a.zip", x=np.arange(3))
        assert zarr.open_group(f"{tmp_path}/a.zip/", mode="r")["x"][2] == 2
        with pytest.raises(StoreIsFileError, match=r"a\.zip' is a zip file.*what comes behind it as path="):
            zarr.open(tmp_path / "a.zip" / "x", mode="r")

    def test_a_file_that_may_not_be_read(self, tmp_path, monkeypatch):
        zarr.save(tmp_path / "a", x=np.arange(3))
        zarr.copy_store(tmp_path / "a", tmp_path / "a.zip")
        for name in ("a.zip", "b"):
            (tmp_path / name).exists() or (tmp_path / "a.zip").rename(tmp_path / name)

            def refuse(*args, name=name):
                raise PermissionError(13, "Permission denied", name)

            monkeypatch.setattr(Path, "open", refuse)
            with pytest.raises(PermissionError, match=name):
                zarr.open(tmp_path / name, mode="r")
            monkeypatch.undo()

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


class TestArchivesOfSomethingElse:
    """What has entries and no node is somebody else's: a path that leads there is not one for a store."""

    @pytest.fixture(params=["r.xlsx", "r.zip"])
    def foreign(self, request, tmp_path):
        path = tmp_path / request.param
        with zipfile.ZipFile(path, "w") as made:
            for name in ("xl/workbook.xml", "xl/a.xml", "b", "c"):
                made.writestr(name, "x")
        return path

    @pytest.mark.parametrize(
        "call",
        [
            zarr.open,
            lambda path: zarr.open_group(path, path="g"),
            lambda path: zarr.open(path, mode="w", shape=3),
            lambda path: zarr.save(path, np.arange(3)),
            lambda path: zarr.create_array(str(path), shape=3, dtype="i4", overwrite=True),
        ],
    )
    def test_nothing_is_added(self, foreign, call):
        before = foreign.read_bytes()
        with pytest.raises(
            StoreFileError, match=r"is a zip archive of something else: it has 'xl/workbook.xml', .*, \.\.\., and no"
        ):
            call(foreign)
        assert foreign.read_bytes() == before

    def test_reading_finds_nothing(self, foreign):
        with pytest.raises(FileNotFoundError):
            zarr.open(foreign, mode="r")

    def test_whoever_asks_for_a_zip_store_gets_it(self, foreign):
        with ZipStore(foreign, mode="a") as store:
            zarr.create_array(store, name="a", data=np.arange(3))
        zarr.save_array(foreign, np.arange(2), path="b", mode="a")
        assert zarr.open_array(foreign, path="b", mode="r")[:].tolist() == [0, 1]
        assert "xl/a.xml" in zipfile.ZipFile(foreign).namelist()
