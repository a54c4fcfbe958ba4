"""Zip archives as other programs make them: names in other encodings, links, and what stays of all that when they are changed."""

from __future__ import annotations

import io
import stat
import struct
import subprocess
import zipfile
import zlib

import numpy as np
import pytest

import zarr
from tests.suites.archives import archive, contents, patched, record
from tests.suites.calls import get, put
from zarr._store.zipped import archive as archives
from zarr.storage import ZipStore

TEXT = "深/ü"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


@pytest.fixture(params=[False, True], ids=["beside", "in place"])
def in_place(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(archives, "COPIED_NBYTES", -1)
    return request.param


def without_flag(text, host):
    """An entry whose name is UTF-8 without saying so, as `zip` makes them."""
    data = archive((text, b"value"), ("a", b"1"))
    return patched(patched(patched(data, 6, b"\0\0"), record(data) + 8, b"\0\0"), record(data) + 5, bytes([host]))


def with_field(text, raw, said):
    """An entry with an extra field for its name, for one whose bytes are `said`."""
    info = zipfile.ZipInfo(raw)
    name = text.encode()
    info.extra = struct.pack("<2H2s", 0x9999, 2, b"up") + struct.pack(
        "<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(said.encode())
    )
    info.extra += name
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr(info, b"value")
        made.writestr("a", b"1")
    return data.getvalue()


class TestNames:
    @pytest.mark.parametrize("host", [3, 19])
    def test_utf8_without_a_flag(self, path, host, in_place):
        path.write_bytes(without_flag(TEXT, host))
        assert list(ZipStore(path).list_keys("")) == ["a", TEXT]
        with ZipStore(path, mode="a") as store:
            put(store, "b")
            assert get(store, TEXT) == b"value"
        assert {key: get(ZipStore(path), key) for key in ("a", "b", TEXT)} == {"a": b"1", "b": b"x", TEXT: b"value"}
        contents(path)

    def test_what_is_no_utf8_or_of_another_system_is_of_the_old_code_page(self, path):
        path.write_bytes(without_flag("ü", 0))
        assert list(ZipStore(path).list_keys("")) == ["a", "ü".encode().decode("cp437")]
        path.write_bytes(bytes(without_flag("ü", 3)).replace("ü".encode(), b"\x81\x81"))
        assert list(ZipStore(path).list_keys("")) == ["a", "üü"]

    def test_an_extra_field_has_the_name(self, path, in_place):
        path.write_bytes(with_field(TEXT, "#U6df1/#Ufc", "#U6df1/#Ufc"))
        assert list(ZipStore(path).list_keys("")) == ["a", TEXT]
        with ZipStore(path, mode="a") as store:
            put(store, "b")
        again = ZipStore(path)
        assert list(again.list_keys("")) == ["a", "b", TEXT]
        assert get(again, TEXT) == b"value"
        contents(path)

    @pytest.mark.parametrize("text", [TEXT, "other"])
    def test_a_field_for_another_name_is_not_looked_at(self, path, text):
        path.write_bytes(with_field(text, "renamed", "before"))
        assert list(ZipStore(path).list_keys("")) == ["a", "renamed"]

    def test_a_field_that_leads_out_of_the_archive(self, path):
        path.write_bytes(with_field("../a", "harmless", "harmless"))
        with pytest.raises(zipfile.BadZipFile, match="no path inside it"):
            get(ZipStore(path), "a")


def test_links_are_refused_and_stay_links(path, in_place):
    link = zipfile.ZipInfo("c/0")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, b"/elsewhere")
        made.writestr("unused", bytes(1000))
    for change in (False, True):
        with pytest.raises(NotImplementedError, match=r"'c/0' is a symbolic link.*Pack it again"):
            get(ZipStore(path), "c/0")
        if not change:
            with ZipStore(path, mode="a") as store:
                put(store, "a")
                store.remove("unused")
    with zipfile.ZipFile(path) as found:
        assert [info.external_attr >> 16 for info in found.infolist()] == [0o120777, 0o100644]


@pytest.mark.parametrize("options", ["-r", "-rD", "-r0", "-r -UN=UTF8", "-r -Z bzip2"])
def test_what_zip_makes_of_a_directory(tmp_path, options, zarr_format):
    root = zarr.create_group(tmp_path / "a.zarr", zarr_format=zarr_format)
    for name in ("a", "深/ü", "b c"):
        root.create_array(name, data=np.arange(10), chunks=3)
    command = ["zip", "-q", *options.split(), "../a.zip", "."]
    try:
        subprocess.run(command, cwd=tmp_path / "a.zarr", check=True)
    except FileNotFoundError:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
            for file in (tmp_path / "a.zarr").rglob("*"):
                made.write(file, file.relative_to(tmp_path / "a.zarr"))
    found = zarr.open_group(tmp_path / "a.zip", mode="a")
    assert sorted(path for path, _ in found.members(max_depth=None)) == ["a", "b c", "深", "深/ü"]
    found["深/ü"][1:3] = -1
    found.store.close()
    assert zarr.open_group(tmp_path / "a.zip", mode="r")["深/ü"][:].tolist() == [0, -1, -1, *range(3, 10)]
