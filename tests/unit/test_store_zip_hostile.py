"""Zip archives that are damaged, incomplete or made to do harm."""

from __future__ import annotations

import bz2
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

import zarr
from tests.suites.archives import HOSTILE, METHODS, archive, contents, fill, patched, record
from tests.suites.calls import get, put
from zarr._store.zipped import layout
from zarr.abc.store import RangeByteRequest
from zarr.errors import ZarrRuntimeWarning
from zarr.storage import ZipStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


class TestHostileArchives:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_refused_as_a_whole(self, name, path):
        make, text = HOSTILE[name]
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


class TestPartsOfWhatIsPacked:
    """The beginning of a value takes no more memory than that, however long the rest is."""

    @pytest.mark.parametrize("method", METHODS)
    def test_they_are_the_value(self, path, method):
        data = bytes(range(256)) * 40
        fill(path, {"a": data}, compression=method)
        store = ZipStore(path)
        for start, stop in [(0, 0), (0, 1), (5, 300), (100, len(data)), (0, len(data)), (0, 10**9), (len(data), 10**9)]:
            assert get(store, "a", RangeByteRequest(start, stop)) == data[start:stop]

    @pytest.mark.parametrize("method", METHODS[1:])
    def test_not_more(self, path, method):
        fill(path, {"a": bytes(32 * 2**20)}, compression=method)
        store = ZipStore(path)
        get(store, "a", RangeByteRequest(0, 1))
        tracemalloc.start()
        try:
            assert get(store, "a", RangeByteRequest(0, 1000)) == bytes(1000)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 12 * 2**20  # what unpacks has tables of its own

    @pytest.mark.parametrize("dtype", ["i1", "c16"])
    @pytest.mark.parametrize("method", METHODS)
    def test_chunks_of_every_size_are_read(self, engine, path, method, dtype):
        for n in (0, 1, 1000, 2**21):
            data = np.ones(n, dtype)
            with ZipStore(path, mode="w", compression=method) as store:
                zarr.create_array(store, data=data, chunks=max(n, 1), compressors=None)
            assert np.array_equal(zarr.open_array(path, mode="r")[...], data)
