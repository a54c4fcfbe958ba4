"""What importing the library costs, and what synchronous work does not start."""

from __future__ import annotations

import subprocess
import sys

import pytest


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


STORES = {
    "memory": "{}",
    "local": "tempfile.mkdtemp()",
    "zip": "zarr.storage.ZipStore(tempfile.mkdtemp() + '/x.zip', mode='w')",
    "SQLite": "zarr.storage.SQLiteStore(tempfile.mkdtemp() + '/x')",
}


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("store", STORES)
def test_synchronous_work_starts_no_thread_and_no_event_loop(store, engine):
    loaded = in_a_new_process(
        "import sys, tempfile, threading, zarr\n"
        f"zarr.config.set({{'engine': {engine!r}}})\n"
        f"group = zarr.create_group({STORES[store]})\n"
        "array = group.create_array('a', shape=(5, 4), chunks=(2, 3), dtype='i4')\n"
        "array[1:4, 1:3] = 7\n"
        "array.append([[1, 2, 3, 4]])\n"
        "array.attrs['x'] = 1\n"
        "group.create_array('s', shape=8, chunks=2, shards=4, dtype='i4')[1:6] = 1\n"
        "del group['s']\n"
        "assert zarr.open_group(group.store)['a'][...].sum() == 52\n"
        "assert [name for name, _ in group.members()] == ['a']\n"
        "group.store.close()\n"
        "print(*[name for name in ('asyncio', 'concurrent.futures', 'tensorstore') if name in sys.modules])\n"
        "print(threading.active_count(), zarr._support.bridge.is_running())"
    )
    assert loaded == ["1", "False"]


def test_submodules_are_there_after_the_import():
    names = "storage codecs dtype errors registry abc buffer api config"
    assert in_a_new_process(f"import zarr\nfor name in {names!r}.split(): getattr(zarr, name)\nprint('ok')") == ["ok"]
