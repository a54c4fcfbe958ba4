"""What is known of other systems than Linux and Windows, as far as it can be tried on Linux. Windows: `tests/safety/test_as_windows.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zarr._store import system
from zarr._store.file_url import from_url, to_url

PROGRAM = Path(__file__).parents[1] / "suites" / "without_linux.py"


@pytest.mark.parametrize("name", ["darwin", "emscripten"])
def test_everything_is_there_without_what_linux_has(name):
    done = subprocess.run([sys.executable, PROGRAM, name], capture_output=True, text=True, timeout=120)
    assert done.stdout == "done\n", done.stderr


def test_urls_with_the_letter_of_a_drive(monkeypatch):
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    assert to_url("C:/data/a b.zarr") == "file:///C:/data/a b.zarr"
    assert from_url("file:///C:/data/a b.zarr") == "C:/data/a b.zarr"
    assert (to_url("data"), from_url("file://data")) == ("file://data", "data")
