"""Making a zip archive of a directory."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

import zarr
from tests.suites.archives import contents, fill
from zarr.storage import LocalStore, ZipStore


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

    def test_what_fails_takes_nothing_from_those_who_have_the_old_archive_open(self, source, tmp_path, monkeypatch):
        dest = tmp_path / "image.zip"
        zarr.storage.zip_directory(source, dest)
        array = zarr.open_array(dest, path="a/0", mode="r")

        def fail(*args, **kwargs):
            raise OSError("the disk is full")

        monkeypatch.setattr(ZipStore, "put", fail)
        with pytest.raises(OSError, match="is full"):
            zarr.storage.zip_directory(source, dest, overwrite=True)
        assert (array[:] == np.arange(20).reshape(4, 5)).all()

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

    def test_what_is_no_directory_or_holds_the_archive(self, source, tmp_path):
        zarr.storage.zip_directory(source, tmp_path / "a.zip")
        with pytest.raises(FileNotFoundError, match=r"a\.zip' is a zip file"):
            zarr.storage.zip_directory(tmp_path / "a.zip", tmp_path / "b.zip")
        (tmp_path / "link").symlink_to(source)
        for dest in (source / "b.zip", tmp_path / "link" / "deep" / "b.zip", source):
            with pytest.raises(ValueError, match="the directory that is packed; choose a path outside it"):
                zarr.storage.zip_directory(source, dest, overwrite=True)
        for arguments in ({"overwrite": "no"}, {"ozx": "no"}):
            with pytest.raises(TypeError, match="'no'"):
                zarr.storage.zip_directory(source, tmp_path / "a.zip", **arguments)
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip", "image.zarr", "link"]
        assert sorted(entry.name for entry in source.iterdir()) == ["a", "b", "zarr.json"]

    def test_an_archive_that_another_makes_meanwhile_stays(self, source, tmp_path, monkeypatch):
        dest = tmp_path / "a.zip"
        list_keys = LocalStore.list_keys

        def first(store, prefix):
            exists = os.path.exists
            monkeypatch.setattr(os.path, "exists", lambda path: path != str(dest) and exists(path))
            fill(dest, {"theirs": b"1"})
            return list_keys(store, prefix)

        monkeypatch.setattr(LocalStore, "list_keys", first)
        with pytest.raises(FileExistsError):
            zarr.storage.zip_directory(source, dest)
        monkeypatch.undo()
        assert contents(dest) == {"theirs": b"1"}

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
