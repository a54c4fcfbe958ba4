"""What is repeated hundreds of times, each in a process of its own, whose footprint is measured before and after.

    python -m tests.safety.enduring NAME ENGINE ROOT REPETITIONS

OPENBLAS_NUM_THREADS has to be 1, as a thread of NumPy's would be counted.

A program is a generator: it yields when a repetition is over and nothing is at work, and that is printed. After a first
part, in which caches and heaps find their size, the footprint is taken, and again at the end; both are the last lines.
"""

import faulthandler
import gc
import itertools
import json
import os
import shutil
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import numpy.testing  # before any fork: NumPy loads it on use, and a child would wait for a parent's thread that loads it

import zarr
from tests.safety.crowd import Threads, crowd, opened
from zarr import _native as native

LIMIT_S = 60
SETTLED_S = 0.15
"""After so long a file that was written may be kept in the cache."""


def footprint(root):
    """What this process and its store take, once threads that have ended are gone."""
    gc.collect()
    end = time.monotonic() + 10
    while (n_threads := len(list(Path("/proc/self/task").iterdir()))) > 1 and time.monotonic() < end:
        time.sleep(0.01)
    return {
        "resident_nbytes": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        "threads": n_threads,
        "descriptors": sorted(filter(None, map(_target, Path("/proc/self/fd").iterdir()))),
        "temporary_files": sum(name.startswith("__zarr-") for _, _, names in os.walk(root) for name in names),
    }


def _target(descriptor):
    """What a descriptor leads to; None if it has been closed meanwhile, as that of the listing."""
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return None


def counted(name):
    return native.counters()[name]


# -- forks --------------------------------------------------------------------------------------------------------------


def _read_after_fork(array, data, is_native):
    """What a child does: it finds what is stored, twice, the second time from its own cache."""
    signal.alarm(LIMIT_S)
    if is_native:
        assert native.cache_nbytes() == 0, "a child starts with an empty cache"
    hits = counted("cache_hits")
    for _ in range(2):
        np.testing.assert_array_equal(array[30:70, 5:50], data[30:70, 5:50])
        np.testing.assert_array_equal(array[:], data)
        np.testing.assert_array_equal(opened(array.store).oindex[[3, 77, 150], ::9], data[[3, 77, 150], ::9])
    assert (counted("cache_hits") > hits) == is_native


def _fork(work, leave):
    """Run the work in a child, which leaves in the given way; whether all went well."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        work()
        leave(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _forks(root, n, shards):
    """Children are forked while threads read, and read the same array."""
    data = np.arange(200 * 200).reshape(200, 200)
    array = zarr.create_array(root, data=data, chunks=(20, 20), shards=shards)
    is_native = array._node.view.pipeline.engine == "native"
    time.sleep(SETTLED_S)
    for number in range(n):
        stop, reading = threading.Event(), threading.Barrier(4)

        def work(stop=stop, reading=reading):
            for turn in itertools.count():
                np.testing.assert_array_equal(array[:], data)
                np.testing.assert_array_equal(
                    array[turn % 150 : turn % 150 + 9, 3:150:4], data[turn % 150 :][:9, 3:150:4]
                )
                if turn == 0:
                    reading.wait(LIMIT_S)
                if stop.is_set():
                    return

        readers = Threads([work] * 3)
        readers.start()
        reading.wait(LIMIT_S)
        # Some end as `multiprocessing` ends its children, others as programs do: both must come to their end.
        good = _fork(lambda: _read_after_fork(array, data, is_native), os._exit if number % 2 else sys.exit)
        stop.set()
        wrong = readers.join(LIMIT_S)
        assert not wrong, wrong[0]
        assert good, "the child failed"
        yield


def forks_chunks(root, n):
    return _forks(root, n, None)


def forks_shards(root, n):
    return _forks(root, n, (100, 100))


# -- threads ------------------------------------------------------------------------------------------------------------


def _crowded(root, n, shards):
    """32 threads on one array of which each has two rows, and on one that is read, through a cache that is too small."""
    zarr.config.set({"array.chunk_cache_bytes": 2**15})
    data = np.arange(64 * 100).reshape(64, 100)
    array = zarr.create_array(root, name="own", data=data, chunks=(8, 25), shards=shards)
    still = zarr.create_array(root, name="still", data=data, chunks=(8, 25), shards=shards)
    time.sleep(SETTLED_S)

    def work(number, turn):
        own = slice(2 * number, 2 * number + 2)
        points = [own.start, 63 - own.start], [turn % 100, number]

        def on_rows():
            np.testing.assert_array_equal(array[own, turn % 9 :: 9], data[own, turn % 9 :: 9])
            array[own, turn % 100] = -turn
            assert array[own.start, turn % 100] == -turn
            array[own] = data[own]
            np.testing.assert_array_equal(array[:][own], data[own])
            np.testing.assert_array_equal(still[:], data)
            np.testing.assert_array_equal(still.vindex[points], data[points])
            np.testing.assert_array_equal(still[own, 20:80], data[own, 20:80])

        return on_rows

    for turn in range(n):
        crowd(Threads, [work(number, turn) for number in range(32)])
        yield
    np.testing.assert_array_equal(array[:], data)


def threads_chunks(root, n):
    return _crowded(root, n, None)


def threads_shards(root, n):
    return _crowded(root, n, (32, 100))


# -- interrupts ---------------------------------------------------------------------------------------------------------


def _interrupted(n, work, check):
    """Work until somebody presses Ctrl-C, and say so."""
    for _ in range(n):
        try:
            print("press", flush=True)
            while True:
                work()
        except KeyboardInterrupt:
            print("pressed", flush=True)
        check()
        yield


def _small(root):
    data = np.arange(3_000_000).astype("i1").reshape(1500, 2000)
    return zarr.create_array(root, data=data, chunks=(50, 50)), data


def interrupt_read(root, n):
    """Reads that follow each other, of many small chunks."""
    array, data = _small(root)

    def check():
        assert np.array_equal(array[:], data)

    return _interrupted(n, lambda: array[:], check)


def interrupt_write(root, n):
    """Writes that follow each other; what they write is there already."""
    array, data = _small(root)

    def check():
        assert np.array_equal(opened(root)[:], data)

    return _interrupted(n, lambda: array.__setitem__(slice(None), data), check)


def _long(root, n, shards):
    """One call that lasts: of each of many large chunks, a few elements are wanted."""
    zarr.config.set({"array.chunk_cache_bytes": 2**22})
    n_chunks, chunk = 600, 2**18
    array = zarr.create_array(
        root,
        shape=n_chunks * chunk,
        chunks=chunk,
        shards=None if shards is None else shards * chunk,
        dtype="u1",
        compressors=zarr.codecs.GzipCodec(level=1),
    )
    first = np.random.default_rng(0).integers(0, 16, chunk * (shards or 1)).astype("u1")
    array[: len(first)] = first
    stored = Path(root) / "c" / "0"
    for number in range(1, n_chunks // (shards or 1)):
        shutil.copy(stored, stored.with_name(str(number)))
    step = chunk // 8
    wanted = np.tile(first[::step], n_chunks // (shards or 1))
    out = np.empty_like(wanted)
    turns = itertools.count()

    def work():
        array.get_basic_selection(slice(None, None, step), out=out)
        assert np.array_equal(out, wanted)

    def check():
        at = next(turns) % n_chunks * 8
        assert np.array_equal(array[at * step : (at + 8) * step : step], wanted[at : at + 8])

    yield from _interrupted(n, work, check)
    work()


def interrupt_long_read_chunks(root, n):
    return _long(root, n, None)


def interrupt_long_read_shards(root, n):
    return _long(root, n, 300)


PROGRAMS = {
    f.__name__: f
    for f in (
        forks_chunks,
        forks_shards,
        threads_chunks,
        threads_shards,
        interrupt_read,
        interrupt_write,
        interrupt_long_read_chunks,
        interrupt_long_read_shards,
    )
}


def main(name, engine, root, n):
    warnings.filterwarnings(
        "ignore", ".*fork.*", DeprecationWarning
    )  # of Python 3.12 and newer: that is what is tested
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # whoever waits in vain asks where it hangs
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background processes ignore it
    zarr.config.set({"engine": engine})
    for number, _ in enumerate(PROGRAMS[name](root, n)):
        if number == n // 4:
            before = footprint(root)
        print("over", flush=True)
    print(json.dumps(before))
    print(json.dumps(footprint(root)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
