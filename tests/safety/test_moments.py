"""Reading and writing at the odd moments of a program: at its end, in finalizers, in event loops, after a fork.

Each moment is a program of its own, which has to end by itself, without an error and with nothing on its error output; then
what it was to store is read back. Each runs on both engines, on a local directory and on a store of someone else's that has
coroutines only, which synchronous code reaches through the bridge's thread.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.safety.moments import CHUNKS, store_at, verify

TIME_LIMIT_S = 120
ROOT = Path(__file__).parents[2]

MOMENTS = {
    "an atexit handler registered before any use": """
import atexit
atexit.register(lambda: work(array))
array = begin()
""",
    "an atexit handler registered after use": """
import atexit
array = begin()
atexit.register(work, array)
""",
    "an atexit handler, as the first use": """
import atexit
atexit.register(lambda: work(begin()))
""",
    "a finalizer at exit": """
import weakref
array = begin()
class Thing: pass
thing = Thing()
weakref.finalize(thing, work, array)
""",
    "a finalizer while the program runs": """
import gc, weakref
array = begin()
class Thing: pass
thing = Thing()
thing.itself = thing
weakref.finalize(thing, work, array)
del thing
gc.collect()
""",
    "__del__ of a global at exit": """
class Thing:
    def __init__(self):
        self.array, self.rewrite = begin(), rewrite
        work(self.array, 1)  # what is needed is imported: that late, nothing can be
    def __del__(self): self.rewrite(self.array, 7)
thing = Thing()
""",
    "__del__ of a global at exit that creates": """
import numpy, tempfile
class Thing:
    def __init__(self): self.create()
    def create(self):
        group = zarr.create_group({})
        for dtype in (int, "f8", "U3", "M8[s]", "string"):
            made = group.create_array(f"{dtype}", shape=(6, 6), chunks=(2, 3), dtype=dtype, overwrite=True)
            made[...] = numpy.ones((6, 6)) if dtype in (int, "f8") else "1"
            assert (made[:2, 3:] == made[0, 0]).all()
        group.create_array("v2", data=numpy.arange(9), chunks=3, overwrite=True)
        group.create_array("s", data=numpy.arange(9), chunks=3, shards=9)[4:7] = 5
        group.attrs["x"] = [1]
        zarr.group({}, zarr_format=2).create_array("a", shape=3, dtype="i4")
        zarr.save(tempfile.mkdtemp(), numpy.arange(3))
        assert len(list(group.members())) == 7
    def __del__(self):
        self.create()
        self.rewrite(self.array, 7)
thing = Thing()
thing.array, thing.rewrite = begin(), rewrite
work(thing.array, 1)
""",
    "a daemon thread": """
import threading
array = begin()
thread = threading.Thread(target=work, args=(array,), daemon=True)
thread.start()
thread.join()
""",
    "many threads": """
import threading
array = begin()
threads = [threading.Thread(target=lambda: array[...]) for _ in range(16)]
threads += [threading.Thread(target=work, args=(array,))]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    "a running event loop": """
import asyncio
async def main():
    array = begin()
    await asyncio.sleep(0)
    work(array)
asyncio.run(main())
""",
    "a running event loop, the asynchronous face": """
import asyncio
async def main():
    array = begin()
    await work_async(array)
asyncio.run(main())
""",
    "two event loops one after the other": """
import asyncio
array = begin()
asyncio.run(work_async(array, 3))
asyncio.run(work_async(array))
""",
    "many coroutines that call the synchronous face": """
import asyncio
async def main():
    array = begin()
    async def one(): return array[3:9, 2:7]
    await asyncio.gather(*(one() for _ in range(20)), *(array.async_array.getitem((0, slice(9))) for _ in range(20)))
    await asyncio.to_thread(work, array)
asyncio.run(main())
""",
    "cells of a notebook": """
import ast, asyncio, inspect
cells = [
    "array = begin()",
    "await asyncio.sleep(0)",
    "work(array, 3)",
    "await work_async(array, 4)",
    "found = await array.async_array.getitem((slice(None), 0))",
    "assert (found == array[:, 0]).all()",
    "work(array)",
]
async def kernel():
    names = dict(globals())
    for cell in cells:
        code = compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.iscoroutine(result): await result
asyncio.run(kernel())
""",
    "callbacks of an event loop": """
import asyncio
loop = asyncio.new_event_loop()
def cell():
    try: work(begin())
    finally: loop.stop()
loop.call_soon(cell)
loop.run_forever()
loop.close()
""",
    "a child after fork": """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python, for every fork beside threads
import os
array = begin()
child = os.fork()
if not child:
    work(array)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""",
    "a child after fork, while threads read and write": """
import os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
array = begin()
zarr.create_array(array.store, name="other", shape=40, chunks=4, dtype="int32")
ended = threading.Event()
def busy():
    other = zarr.open_array(array.store, path="other")
    while not ended.is_set():
        other[1:39] = 5
        other[...]
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
for value in range(1, 8):
    child = os.fork()
    if not child:
        work(array, value)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
ended.set()
for thread in threads: thread.join()
assert (zarr.open_array(array.store, path="other")[1:39] == 5).all()
""",
    "a child that exits in the ordinary way after fork": """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python, for every fork beside threads
import os, atexit, sys
array = begin()
child = os.fork()
if not child:
    atexit.register(work, array)
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
""",
    "a pool of forked processes, each with chunks of its own": """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python, for every fork beside threads
import multiprocessing
array = begin()
with multiprocessing.get_context("fork").Pool(2) as pool:
    pool.starmap(array.__setitem__, [(slice(5 * part, 5 * part + 5), part) for part in range(4)])
assert (array[::5, 0] == range(4)).all()
work(array)
""",
    "spawned processes that get pickled arrays": """
import multiprocessing
if __name__ == "__main__":
    array = begin()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(array.__setitem__, [(slice(5 * part, 5 * part + 5), part) for part in range(4)])
        assert [row[0] for row in pool.map(array.__getitem__, range(0, 20, 5))] == list(range(4))
    work(array)
""",
}

AT_THE_END = """
import threading, time
array = begin()
def busy():
    value = 0
    while True:
        value += 1
        array[...] = value
        array[7, 2:9] = value
        array[...]
for _ in range(3): threading.Thread(target=busy, daemon=True).start()
time.sleep(0.2)
"""

PREFIX = "import zarr, zarr.api.asynchronous\nfrom tests.safety.moments import begin, rewrite, work, work_async\n"


def run(program, tmp_path, kind, engine):
    """Run a program from a file, as spawned processes want it; it ends by itself, and says nothing."""
    script = tmp_path / "program.py"
    script.write_text(PREFIX + program, encoding="utf-8")
    environment = {
        **os.environ,
        "ZARR_ENGINE": engine,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(zarr.__file__).parents[1]}",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), kind, str(tmp_path / "store")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("kind", ["local", "async-only"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_work_is_done(moment, kind, engine, tmp_path):
    run(MOMENTS[moment], tmp_path, kind, engine)
    verify(store_at(kind, tmp_path / "store"))


@pytest.mark.parametrize("kind", ["local", "async-only"])
def test_a_program_ends_while_daemon_threads_write(kind, engine, tmp_path):
    run(AT_THE_END, tmp_path, kind, engine)
    array = zarr.open_array(store_at("local", tmp_path / "store"), path="a", mode="r")
    for block in np.ndindex(4, 3):
        values = np.unique(array.blocks[block])  # of one write of the whole, or of that and one of a part after it
        assert values.size <= 2
        assert array.blocks[block].shape == CHUNKS
