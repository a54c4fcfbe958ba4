"""Forks, crowds of threads, Ctrl-C and writes by another process, again and again: nothing hangs, leaks, is lost or stale.

A few times each by default, hundreds and thousands of times in the long profile.
"""

import json
import random
import signal
import time

import numpy as np
import pytest

import zarr
from tests.conftest import PROFILE
from tests.safety.enduring import PROGRAMS, SETTLED_S
from tests.safety.programs import LATE_S, program
from zarr import _native as native

REPETITIONS = 500 if PROFILE == "long" else 12
TRIES = 10_000 if PROFILE == "long" else 300
MOST_GROWTH_NBYTES = 8 * 2**20
"""Heaps breathe. 500 repetitions that leak 16 KiB each are above it."""


def check_footprints(running, n_lost=0):
    """The last two lines of a program from `enduring`: nothing has grown between them.

    Python complains of every interrupt that it drops.
    """
    said = [running.said(), running.said()]
    assert None not in said, running.ended()
    before, after = map(json.loads, said)
    status, complaints = running.ended()
    assert status == 0
    assert complaints.count("Exception ignored") == n_lost, complaints
    assert bool(complaints) == bool(n_lost), complaints
    growth = after.pop("resident_nbytes") - before.pop("resident_nbytes")
    print(f"resident memory grew by {growth / 1024:.0f} KiB")
    assert growth < MOST_GROWTH_NBYTES
    assert after == before
    assert after["threads"] == 1
    assert after["temporary_files"] == 0


@pytest.mark.parametrize("name", [name for name in PROGRAMS if not name.startswith("interrupt")])
def test_forks_and_threads(name, engine, tmp_path):
    """Children forked from the midst of reads read the same; 32 threads read and write one array. Nothing is left over."""
    with program("tests.safety.enduring", name, engine, tmp_path / "a", REPETITIONS) as running:
        for _ in range(REPETITIONS):
            assert running.said() == "over", running.complaints()
        check_footprints(running)


def press(running, moments, n_presses, most=1):
    """Press Ctrl-C in each repetition, and wait until the program says it. Returns how many presses were lost.

    Whoever waits in vain presses again, `most` times in all.
    """
    longest, n_lost = 0.0, -n_presses
    for number in range(n_presses):
        assert running.said() == "press", running.complaints()
        time.sleep(moments.uniform(0, 0.15))
        pressed = time.monotonic()
        for _ in range(most):
            running.process.send_signal(signal.SIGINT)
            n_lost += 1
            if running.has_said(LATE_S / 4):
                break
        assert running.said() == "pressed", f"press {number} was lost\n{running.complaints()}"
        longest = max(longest, time.monotonic() - pressed)
        assert running.said() == "over", running.complaints()
    print(f"{n_presses} presses and {n_lost} that were lost, the longest wait {longest * 1000:.0f} ms")
    return n_lost


@pytest.mark.parametrize("name", ["interrupt_read", "interrupt_write"])
def test_one_ctrl_c_ends_requests(name, engine, tmp_path):
    """It arrives as KeyboardInterrupt and leaves an array that can be used. The native engine loses none.

    The reference engine has objects with a `__del__`. A signal that comes at the moment when Python enters one is raised
    there, reported and dropped: one in hundreds. Whoever waits in vain presses again.
    """
    with program("tests.safety.enduring", name, engine, tmp_path / "a", REPETITIONS) as running:
        n_lost = press(running, random.Random(name), REPETITIONS, most=1 if engine == "native" else 5)
        check_footprints(running, n_lost)


@pytest.mark.parametrize("name", ["interrupt_long_read_chunks", "interrupt_long_read_shards"])
def test_one_ctrl_c_ends_a_long_read(name, tmp_path):
    """One call of the kernel that would last a second or more, on several threads."""
    with program("tests.safety.enduring", name, "native", tmp_path / "a", REPETITIONS) as running:
        press(running, random.Random(name), REPETITIONS)
        check_footprints(running)


# -- writes by another process ----------------------------------------------------------------------------------------------

N_OBJECTS = 64
LENGTH = 16
WAYS = {
    "an element": lambda array, at: int(array[at + 1]),
    "a slice": lambda array, at: int(array[at : at + 3][2]),
    "a selection": lambda array, at: int(array.oindex[[at, at + 2]][0]),
}


def counts(*names):
    now = native.counters()
    return [now[name] for name in names]


def rewrite_and_read(array, writer, part, n_tries):
    """Another process writes `part` elements of an object, and the next read must see them.

    Three of four tries are on an object that is in the cache, which is verified, the fourth on one that was written just
    before. Objects take turns, so that each has been quiet for long enough when it is read again.
    """
    expected = np.zeros(N_OBJECTS * LENGTH, "i8")
    last_written = [-1.0] * N_OBJECTS
    number, n_cached = 0, 0
    chosen = random.Random(part)
    time.sleep(SETTLED_S)
    for value in range(1, n_tries + 1):
        read = list(WAYS.values())[value % len(WAYS)]
        is_young = value % 4 == 0
        if not is_young:
            number = (number + 1) % N_OBJECTS
            time.sleep(max(0.0, last_written[number] + SETTLED_S - time.monotonic()))
        at = number * LENGTH + chosen.randrange(0, LENGTH, part)
        beside = number * LENGTH + (at + part) % LENGTH
        assert read(array, at) == expected[at]
        opens, hits = counts("opens", "cache_hits")
        assert read(array, at) == expected[at]
        if not is_young:
            assert counts("opens")[0] == opens, "it was not in the cache"
            assert counts("cache_hits")[0] > hits
            n_cached += 1
        writer.tell(f"{at} {at + part} {value}")
        assert writer.said() == "stored", writer.complaints()
        last_written[number] = time.monotonic()
        expected[at : at + part] = value
        assert read(array, at) == value, f"try {value}: the read after a write showed what was there before"
        assert read(array, beside) == expected[beside]
    np.testing.assert_array_equal(array[:], expected)
    return n_cached


@pytest.mark.parametrize("by", ["native", "python"])
@pytest.mark.parametrize("shards", [None, LENGTH], ids=["a whole chunk", "a part of a shard"])
def test_a_write_by_another_process_is_seen_by_the_next_read(tmp_path, shards, by):
    part = LENGTH if shards is None else LENGTH // 4
    with zarr.config.set({"engine": "native"}):
        zeros = np.zeros(N_OBJECTS * LENGTH, "i8")
        array = zarr.create_array(tmp_path / "a", data=zeros, chunks=part, shards=shards, fill_value=-1)
        with program("tests.safety.rewriter", by, tmp_path / "a") as writer:
            assert writer.said() == "ready", writer.complaints()
            n_cached = rewrite_and_read(array, writer, part, TRIES)
            assert writer.ended() == (0, "")
    print(f"{TRIES} tries, {n_cached} of them on what was in the cache")
    assert n_cached == TRIES - TRIES // 4
