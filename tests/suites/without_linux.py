"""A program that works with the library where what Linux alone has is hidden: `python without_linux.py darwin`.

On "emscripten" no threads can be started, and no processes.
"""

import _thread
import asyncio
import concurrent.futures.thread
import multiprocessing
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
import zipfile

import donfig
import numcodecs
import numpy as np

OTHERS = asyncio, concurrent.futures.thread, donfig, multiprocessing, numcodecs, sqlite3, subprocess, zipfile
"""What may use on this system what is hidden below."""
MODULES = {
    "darwin": (),
    "emscripten": ("fcntl", "multiprocessing", "_posixsubprocess", "termios"),
}
NAMES = {
    "darwin": ("sched_getaffinity", "O_TMPFILE", "posix_fadvise", "fdatasync"),
    "emscripten": ("sched_getaffinity", "O_TMPFILE", "fork", "register_at_fork", "posix_fadvise"),
}


def no_thread(*args, **options):
    raise RuntimeError("can't start new thread")


def hide(system: str) -> None:
    for name in MODULES[system]:
        sys.modules[name] = None
    for name in NAMES[system]:
        if hasattr(os, name):
            delattr(os, name)
    if hasattr(os, "process_cpu_count"):  # which has looked for one of those before
        os.process_cpu_count = os.cpu_count
    sys.platform = system
    if system == "emscripten":
        for module, name in (
            (_thread, "start_new_thread"),
            (_thread, "start_joinable_thread"),
            (threading, "_start_new_thread"),
            (threading, "_start_joinable_thread"),
        ):
            if hasattr(module, name):
                setattr(module, name, no_thread)


def work(place: pathlib.Path) -> None:
    import zarr
    from zarr.storage import LocalStore, MemoryStore, SQLiteStore, ZipStore

    with ZipStore(place / "a.zip", mode="w") as archive:
        zarr.create_array(archive, data=np.arange(100), chunks=9)
    assert zarr.open_array(ZipStore(place / "a.zip"))[::7].tolist() == list(range(0, 100, 7))
    with ZipStore(place / "a.zip", mode="a") as archive:
        zarr.open_array(archive)[:20] = 7
    assert zarr.open_array(ZipStore(place / "a.zip"))[18:21].tolist() == [7, 7, 20]
    LocalStore.native_place = lambda self: None  # the extension knows directories on other systems only
    data = np.arange(24 * 30, dtype="<i4").reshape(24, 30)
    stores = (
        LocalStore(place / "local"),
        MemoryStore(),
        ZipStore(place / "b.zip", mode="a"),
        SQLiteStore(place / "a.sqlite"),
    )
    for store in stores:
        group = zarr.create_group(store, attributes={"a": 1})
        layouts = (
            {"chunks": (5, 7)},
            {"chunks": (5, 6), "shards": (10, 12)},
            {"chunks": (24, 30), "compressors": None},
        )
        for i, layout in enumerate(layouts):
            change(group.create_array(f"x{i}", data=data, **layout), data)
        zarr.consolidate_metadata(store)
        assert sorted(zarr.open_group(store, mode="r")) == ["x0", "x1", "x2"]
        del group["x1"]
        assert len(list(zarr.open_group(store, use_consolidated=False))) == 2
        zarr.create_group(store, overwrite=True)
        store.close()
    with zarr.config.set({"array.durability": "fsync"}):
        zarr.save(place / "durable", data)
    assert (zarr.load(place / "durable") == data).all()
    if sys.platform != "emscripten":
        assert (asyncio.run(awaited(str(place / "durable"))) == data[2]).all()


def change(array, data) -> None:
    if sys.platform == "emscripten":
        array[:12] = -data[:12]
    else:
        threads = [threading.Thread(target=array.__setitem__, args=(n, -data[n])) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = data.copy()
    expected[:12] *= -1
    assert (array[:] == expected).all()
    assert (array[3:20, ::-2] == expected[3:20, ::-2]).all()
    array.append(data[:3])
    assert (array[24:] == data[:3]).all()
    array.resize((4, 30))
    array.attrs["changed"] = True


async def awaited(place: str):
    from zarr.api import asynchronous

    return await (await asynchronous.open_array(store=place)).getitem(np.s_[2])


def main() -> None:
    system = sys.argv[1]
    hide(system)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
    warnings.filterwarnings("ignore", message="The file system of .* has no locks between processes")
    from zarr._store import atomic

    atomic._has_proc = lambda: False
    import zarr

    for engine in ("python", "native"):
        zarr.config.set({"engine": engine, "threading.max_workers": 4})
        with tempfile.TemporaryDirectory() as place:
            work(pathlib.Path(place))
    print("done")


if __name__ == "__main__":
    main()
