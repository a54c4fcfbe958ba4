"""What can be told of Windows on Linux: a process in which `os` has no more than there, and refuses what is refused there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zarr._store import system
from zarr.errors import StoreKeyError

CHECKOUT = Path(__file__).parents[2]
PROGRAM = """
import tests.suites.as_windows
import json, sys, threading, warnings
import numpy as np
import zarr

warnings.filterwarnings("ignore", "The file system of .* has no locks between processes")
warnings.filterwarnings("ignore", "Consolidated metadata")
engine, where = sys.argv[1:]
zarr.config.set({"engine": engine})
told = {}


def everything(store):
    \"\"\"Write in whole and in part, from threads, resize, append, replace, delete; and read it all again.\"\"\"
    group = zarr.create_group(store)
    for format_options in ({}, {"shards": (20, 20)}):
        data = np.arange(60 * 40, dtype="i4").reshape(60, 40)
        array = group.create_array("a", data=data, chunks=(10, 10), overwrite=True, **format_options)

        def work(column):
            for row in range(0, 60, 4):
                array[row, column::4] = row * column

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for column in range(4):
            data[::4, column::4] = np.arange(0, 60, 4)[:, None] * column
        array.append(data)
        array.resize((100, 40))
        array.attrs["unit"] = "K"
        again = zarr.open_group(store, mode="r")["a"]
        np.testing.assert_array_equal(again[:], np.concatenate([data, data])[:100])
        assert dict(again.attrs) == {"unit": "K"}
    group.create_array("b/c", data=np.arange(3))
    del group["a"]
    assert sorted(group) == ["b"], sorted(group)
    zarr.consolidate_metadata(store)
    group.attrs["n"] = 1
    assert zarr.open_group(store, mode="r").attrs["n"] == 1


everything(f"{where}/data.zarr")
with zarr.storage.SQLiteStore(f"{where}/data.sqlite") as store:
    everything(store)
with zarr.storage.ZipStore(f"{where}/data.zip", mode="w") as store:
    everything(store)
for turn in range(3):  # an archive that is there already is changed
    with zarr.storage.ZipStore(f"{where}/data.zip", mode="a") as store:
        zarr.open_group(store)["b/c"][turn] = 7
with zarr.storage.ZipStore(f"{where}/data.zip", mode="r") as store:
    assert zarr.open_group(store, mode="r")["b/c"][:].tolist() == [7, 7, 7]

group = zarr.create_group(f"{where}/names.zarr")
for name in ("aux", "a:b", "a."):
    try:
        group.create_group(name)
    except zarr.errors.StoreKeyError as exc:
        told[name] = str(exc)
assert list(group) == []
print(json.dumps(told))
"""


@pytest.mark.parametrize("engine", ["native", "python"])
def test_stores_work_without_what_windows_lacks(tmp_path, engine):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, engine, str(tmp_path)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}/src"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["aux", "a:b", "a."]
    assert "'aux' means a device" in told["aux"]
    assert "the character ':'" in told["a:b"]
    assert "the dot at the end" in told["a."]


def test_the_suite_of_local_stores_runs_there():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.suites.as_windows", "-p", "_hypothesis_pytestplugin"),
            *(
                "-p",
                "pytest_timeout",
                "-p",
                "no:cacheprovider",
                "--quiet",
                "-W",
                "ignore:The file system of",
                "tests/unit/test_store_local.py",
            ),
            *("-k", "not in_pieces"),  # which counts what `os.pread` brings
        ],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "PYTHONPATH": f"{CHECKOUT}/src",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.rpartition("\n")[0].rpartition("\n")[2].partition(" passed")[0].split()[-1]) > 20, (
        done.stdout
    )


KEPT = ["zarr.json", "c/0/0", ".zarray", "0.0", "console", "nullable", "com", "com10", "a b", "ü/😀", "a.b.c", "lpt"]
MISREAD = {
    "nul": "device",
    "NUL.txt": "device",
    "a/con/zarr.json": "device",
    "com1": "device",
    "COM¹": "device",
    "lpt9.x.y": "device",
    "aux .txt": "device",
    "a:b": "':'",
    "c:/windows": "':'",
    "..\\..\\secret": r"'\\\\'",
    "a*": "'\\*'",
    'say "a"': "'\"'",
    "a\tb": r"'\\t'",
    "dir./x": "the dot at the end of the name 'dir.'",
    "x ": "the space at the end of the name 'x '",
}


def test_names_that_windows_keeps(monkeypatch):
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    for key in KEPT:
        system.check_names(key)


@pytest.mark.parametrize("key", MISREAD)
def test_names_that_windows_takes_for_something_else(key, monkeypatch):
    system.check_names(key)
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    with pytest.raises(StoreKeyError, match=MISREAD[key]) as caught:
        system.check_names(key)
    assert "ZipStore" in str(caught.value)


def test_who_reads_a_file_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    real, refused = os.replace, []

    def replace(source, target):
        if len(refused) < 3:
            error = PermissionError(13, "in use", target)
            error.winerror = 32
            refused.append(error)
            raise error
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    system.replace(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"
    assert len(refused) == 3


def test_what_is_not_permitted_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    asked = []

    def unlink(path):
        asked.append(path)
        raise PermissionError(13, "not permitted", path)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(PermissionError, match="not permitted"):
        system.unlink("x")
    assert asked == ["x"]
