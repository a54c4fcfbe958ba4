"""What is known of Windows and macOS, as far as it can be tried on neither: nothing of the library needs what Linux alone has."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import zarr
from zarr._store import windows
from zarr._store.file_url import from_url, to_url
from zarr._store.windows import refuse_misread
from zarr.errors import StoreKeyError
from zarr.storage import LocalStore, MemoryStore

HIDDEN_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
HIDDEN_NAMES = {
    "win32": (
        *("fork", "register_at_fork", "sched_getaffinity", "uname", "getuid", "geteuid", "getgid", "pread", "pwrite"),
        *("fchmod", "fchown", "O_TMPFILE", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "statvfs", "mkfifo"),
        *("fdatasync", "preadv", "pwritev", "posix_fadvise", "sendfile", "getpgid", "setsid", "WNOHANG", "chroot"),
    ),
    "darwin": ("sched_getaffinity", "O_TMPFILE", "posix_fadvise", "fdatasync"),
}
PROLOGUE = """
import builtins, os, pathlib, sys, threading, tempfile
SYSTEM, MODULES, NAMES = {system!r}, {modules!r}, {names!r}
import numpy, numcodecs, donfig, asyncio, sqlite3, zipfile, subprocess, concurrent.futures.thread, multiprocessing  # of others
for name in MODULES:
    sys.modules[name] = None
for name in NAMES:
    if hasattr(os, name):
        delattr(os, name)
sys.platform = SYSTEM

def is_open(path):
    """Whether this process has a file open, or one in a directory."""
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{{fd}}")
        except OSError:
            continue
        if target == os.fspath(path) or target.startswith(f"{{path}}/"):
            return True
    return False

def unless_open(call):
    def wrapped(*paths, **options):
        if options.get("dir_fd") is None and any(is_open(path) for path in paths):
            raise PermissionError(13, "The process cannot access the file because it is being used", paths[0])
        return call(*paths, **options)
    return wrapped

def no_directories(path, *args, real=os.open, **options):
    if options.get("dir_fd") is None and os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return real(path, *args, **options)

if SYSTEM == "win32":
    for name in ("replace", "rename", "unlink", "remove"):
        setattr(os, name, unless_open(getattr(os, name)))
    os.open = no_directories
"""
WORK = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", message="The file system of .* has no locks between processes")
import numpy as np
import zarr
from zarr._store import atomic, directories, windows
from zarr.storage import LocalStore, MemoryStore, SQLiteStore, ZipStore
if SYSTEM == "win32":
    windows.IS_WINDOWS = True
atomic._has_proc = lambda: False
zarr.config.set({"engine": "python", "threading.max_workers": 4})
assert not [name for name in MODULES if sys.modules.get(name) is not None]
place = pathlib.Path(tempfile.mkdtemp())
data = np.arange(24 * 30, dtype="<i4").reshape(24, 30)
for store in (LocalStore(place / "local"), MemoryStore(), ZipStore(place / "a.zip", mode="a"), SQLiteStore(place / "a.sqlite")):
    group = zarr.create_group(store, attributes={"a": 1})
    for i, options in enumerate(({"chunks": (5, 7)}, {"chunks": (5, 6), "shards": (10, 12)}, {"chunks": (24, 30), "compressors": None})):
        array = group.create_array(f"x{i}", data=data, **options)
        threads = [threading.Thread(target=array.__setitem__, args=(n, -data[n])) for n in range(12)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        expected = data.copy()
        expected[:12] *= -1
        assert (array[:] == expected).all()
        assert (zarr.open_array(store, path=f"x{i}")[3:20, ::-2] == expected[3:20, ::-2]).all()
        array.append(data[:3])
        array.resize((4, 30))
    zarr.consolidate_metadata(store) if not isinstance(store, ZipStore) else None
    assert sorted(zarr.open_group(store, mode="r")) == ["x0", "x1", "x2"]
    del group["x1"]
    assert len(list(zarr.open_group(store))) == 2
    store.close()
with zarr.config.set({"array.durability": "fsync"}):
    zarr.save(place / "durable", data)
assert (zarr.load(place / "durable") == data).all()
async def main():
    from zarr.api import asynchronous
    return await (await asynchronous.open_array(store=str(place / "durable"))).getitem(np.s_[2])
assert (asyncio.run(main()) == data[2]).all()
print("done")
"""


@pytest.mark.parametrize("system", HIDDEN_NAMES)
def test_everything_is_there_without_what_linux_has(system, tmp_path):
    program = PROLOGUE.format(system=system, modules=HIDDEN_MODULES if system == "win32" else (), names=HIDDEN_NAMES[system])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program) + WORK],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.stdout == "done\n", done.stderr


class TestNamesOfFilesOnWindows:
    @pytest.fixture
    def on_windows(self, monkeypatch):
        monkeypatch.setattr(windows, "IS_WINDOWS", True)

    @pytest.mark.parametrize(
        "name",
        [
            *("a:b", "a:", "C:", "a\\b", "a|b", "a*", "what?", "<a>", 'a"b', "a\tb", "a\x1f"),
            *("a.", "a ", "a. .", "...", "CON", "con", "Nul", "aux.txt", "PRN.a.b", "com1", "LPT9.zarr", "COM¹", "con .x", "CONIN$"),
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
        "key", ["zarr.json", ".zarray", "c/0/1", "0.0", "console", "com10", "comx", "a.b.c", "ä b", "nul_", "a/lpt", "conin"]
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
