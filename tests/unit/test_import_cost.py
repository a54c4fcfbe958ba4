"""What importing the library costs, and what synchronous work does not start."""

from __future__ import annotations

import subprocess
import sys


def in_a_new_process(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


HEAVY = (
    "asyncio",
    "numcodecs",
    "tensorstore",
    "concurrent.futures",
    "multiprocessing",
    "fsspec",
    "obstore",
    "importlib.metadata",
    "sqlite3",
)


def test_importing_starts_no_thread_and_loads_nothing_heavy():
    loaded = in_a_new_process(
        "import sys, threading, zarr\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
        "print(threading.active_count())"
    )
    assert loaded == ["1"]


def test_synchronous_work_in_memory_on_disk_and_in_sqlite_starts_no_thread_and_no_event_loop():
    loaded = in_a_new_process(
        "import sys, tempfile, threading, zarr\n"
        "for store in ({}, tempfile.mkdtemp(), zarr.storage.SQLiteStore(tempfile.mkdtemp() + '/x')):\n"
        "    group = zarr.create_group(store)\n"
        "    array = group.create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')\n"
        "    array[1:4, 1:3] = 7\n"
        "    array.append([[1, 2, 3, 4]])\n"
        "    array.attrs['x'] = 1\n"
        "    assert zarr.open_group(store)['a'][...].sum() == 52 if store != {} else True\n"
        "print(*[name for name in ('asyncio', 'tensorstore') if name in sys.modules])\n"
        "print(threading.active_count())"
    )
    assert loaded == ["1"]


def test_submodules_are_there_after_the_import():
    names = "storage codecs dtype errors registry abc buffer api config"
    assert in_a_new_process(f"import zarr\nfor name in {names!r}.split(): getattr(zarr, name)\nprint('ok')") == ["ok"]
