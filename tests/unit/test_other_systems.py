"""What is known of Windows and macOS, as far as it can be tried on neither: nothing of the library needs what Linux alone has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zarr
from zarr._store import windows
from zarr._store.file_url import from_url, to_url
from zarr._store.windows import refuse_misread
from zarr.errors import StoreKeyError
from zarr.storage import LocalStore, MemoryStore

PROGRAM = Path(__file__).parents[1] / "suites" / "without_linux.py"


@pytest.mark.parametrize("system", ["win32", "darwin", "emscripten"])
def test_everything_is_there_without_what_linux_has(system):
    done = subprocess.run([sys.executable, PROGRAM, system], capture_output=True, text=True, timeout=120)
    assert done.stdout == "done\n", done.stderr


class TestNamesOfFilesOnWindows:
    @pytest.fixture
    def on_windows(self, monkeypatch):
        monkeypatch.setattr(windows, "IS_WINDOWS", True)

    @pytest.mark.parametrize(
        "name",
        [
            *("a:b", "a:", "C:", "a\\b", "a|b", "a*", "what?", "<a>", 'a"b', "a\tb", "a\x1f"),
            *(
                "a.",
                "a ",
                "a. .",
                "...",
                "CON",
                "con",
                "Nul",
                "aux.txt",
                "PRN.a.b",
                "com1",
                "LPT9.zarr",
                "COM¹",
                "con .x",
                "CONIN$",
            ),
        ],
    )
    def test_what_would_be_another_file(self, on_windows, name, tmp_path):
        store = LocalStore(tmp_path)
        for key in (name, f"g/{name}/zarr.json", f"g/{name}"):
            with pytest.raises(StoreKeyError, match="cannot be a file on Windows"):
                refuse_misread(key)
            with pytest.raises(StoreKeyError, match="ZipStore"):
                store.set_sync(key, zarr.buffer.cpu.Buffer.from_bytes(b"x"))
            with pytest.raises(StoreKeyError):
                store.get_sync(key)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "key",
        ["zarr.json", ".zarray", "c/0/1", "0.0", "console", "com10", "comx", "a.b.c", "ä b", "nul_", "a/lpt", "conin"],
    )
    def test_what_is_itself(self, on_windows, key, tmp_path):
        store = LocalStore(tmp_path)
        store.set_sync(key, zarr.buffer.cpu.Buffer.from_bytes(b"x"))
        assert store.get_sync(key).to_bytes() == b"x"

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_nodes(self, on_windows, tmp_path, engine, zarr_format):
        with zarr.config.set({"engine": "python"}):
            root = zarr.create_group(tmp_path / "g", zarr_format=zarr_format)
            for name in ("aux", "a:b", "x."):
                with pytest.raises(ValueError, match="cannot be a file on Windows"):
                    root.create_array(name, data=np.arange(3))
                with pytest.raises(ValueError, match="cannot be a file on Windows"):
                    root.create_group(name)
            assert list(root) == []
            assert root.create_array("b", data=np.arange(3))[1] == 1

    def test_other_stores_and_systems_take_them(self, tmp_path):
        for store in (MemoryStore(), LocalStore(tmp_path)):
            assert zarr.create_array(store, name="aux:1.", data=np.arange(3))[2] == 2

    def test_what_somebody_reads_is_waited_for(self, on_windows):
        calls = []

        def change(path):
            calls.append(path)
            if len(calls) < 3:
                raise PermissionError(13, "in use", path)

        windows.patiently(change, "a")
        assert calls == ["a"] * 3

    def test_but_not_for_ever(self, on_windows, monkeypatch):
        def change(path):
            raise PermissionError(13, "in use", path)

        monkeypatch.setattr(windows, "_PATIENCE_S", 0.01)
        with pytest.raises(PermissionError):
            windows.patiently(change, "a")

    def test_urls_with_the_letter_of_a_drive(self, on_windows):
        assert to_url("C:/data/a b.zarr") == "file:///C:/data/a b.zarr"
        assert from_url("file:///C:/data/a b.zarr") == "C:/data/a b.zarr"
        assert (to_url("data"), from_url("file://data")) == ("file://data", "data")


def test_elsewhere_nothing_is_waited_for():
    calls = []

    def change(path):
        calls.append(path)
        raise PermissionError(13, "not permitted", path)

    with pytest.raises(PermissionError):
        windows.patiently(change, "a")
    assert calls == ["a"]
