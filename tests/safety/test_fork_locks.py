"""A child that is forked while another thread has a lock of this library finds it free: each lock, and none is left out."""

import asyncio
import gc
import re
import sys
import threading
import types
from collections import Counter
from functools import cached_property

import numpy as np
import pytest

import zarr
from tests.safety.fork_locks import held_elsewhere, locks
from tests.suites.children import end_of_child
from tests.suites.plain_stores import AsyncOnly
from zarr._flow.drive.process_hold import process_hold
from zarr._support import bridge, forks
from zarr._support.forks import n_forks
from zarr.storage import LocalStore, MemoryStore

KNOWN = (
    "zarr._support.bridge._lock",
    "zarr._support.imports_on_use._gate",
    "zarr._codec.registry._lock",
    "zarr._store.memory._contents_guard",
    "zarr._store.locks._descriptors",
    "zarr._store.database._gate",
    "zarr._flow.drive.process_hold._turns_guard",
    "zarr._store.remote.library._guard",
    "zarr._support.request_threads._pool._guard",
)
FREE, TAKEN, GONE = 0, 2, 3
"""What has become of the locks in a child: `TAKEN` if any is, `GONE` if one that must be there is not."""


@pytest.fixture
def everything(tmp_path):
    """One of everything that has locks, in use."""
    memory, local, foreign = MemoryStore(), LocalStore(tmp_path), AsyncOnly()
    for store in (memory, local, foreign):
        zarr.create_group(store).create_array("a", data=np.arange(10), chunks=3).append([1])
        zarr.open_array(store, path="a")[2:5]
    with process_hold(foreign, "somewhere"):
        pass
    bridge.run(asyncio.sleep(0))
    return memory, local, foreign


def locks_in_child():
    """What has become of the locks in a child that is forked now."""

    def look():
        found = locks()
        is_free = [lock.acquire(False) for lock in found.values()]
        return GONE if not set(KNOWN) <= found.keys() else FREE if all(is_free) else TAKEN

    return end_of_child(look)


MOST_OF_A_KIND = 3
"""Of locks that lie in one container. There are as many as stores, say, that other tests have left."""


def of_each_kind(found):
    """Locks by name, a few of those whose names differ in numbers only."""
    kinds = Counter()
    for name, lock in found.items():
        kind = re.sub(r"\d+", "", name)
        kinds[kind] += 1
        if kinds[kind] <= MOST_OF_A_KIND:
            yield name, lock


def test_locks_that_another_thread_has_are_free_in_a_child(everything):
    gc.collect()
    found = dict(of_each_kind(locks()))
    assert set(KNOWN) <= found.keys()
    assert any("config_lock" in name for name in found)
    assert sum("turns" in name for name in found) >= 3
    outcome = {}
    for name, lock in found.items():
        with held_elsewhere(lock):
            outcome[name] = locks_in_child()
    assert outcome == dict.fromkeys(found, FREE)


def test_the_walk_finds_what_a_child_would_wait_for(monkeypatch):
    class Lazy:
        @cached_property
        def value(self):
            return 1

    Lazy.__module__ = "zarr.example"
    module = types.ModuleType("zarr.example")
    module.forgotten = {"a": [threading.Lock()]}
    module.Lazy = Lazy
    module.condition = threading.Condition()
    monkeypatch.setitem(sys.modules, "zarr.example", module)
    found = {name: lock for name, lock in locks().items() if name.startswith("zarr.example")}
    expected = {"zarr.example.forgotten[0][0]", "zarr.example.condition._lock"}
    assert expected <= found.keys()
    assert hasattr(cached_property(len), "lock") == ("zarr.example.Lazy.value.lock" in found)
    with held_elsewhere(module.forgotten["a"][0], lets_forks_wait=False):
        assert locks_in_child() == TAKEN


def test_who_forks_while_it_has_a_lock_itself_goes_on():
    """As a signal handler may."""
    names = ("zarr._codec.registry._lock", "zarr._store.locks._descriptors")
    held = [lock for name, lock in locks().items() if name in names]
    assert len(held) == len(names)
    with held[0], held[1]:
        assert locks_in_child() == FREE
    for lock in held:
        with held_elsewhere(lock):
            pass


def test_forks_are_counted():
    before = n_forks()
    assert end_of_child(lambda: n_forks() - before) == 1
    assert n_forks() == before


def test_an_interruption_of_whoever_waits_to_fork_leaves_nothing_half_taken(monkeypatch):
    """Python forks all the same, and drops the exception; so everything is taken first."""
    naps = []

    def interrupted_nap(seconds):
        naps.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(forks, "sleep", interrupted_nap)
    monkeypatch.setattr(forks, "_unfinished", [lambda: True])
    with pytest.raises(KeyboardInterrupt):
        forks._before_fork()
    assert len(naps) == 1
    assert len(forks._forking.taken) == 1
    assert forks._forking.taken[0] == forks._held
    forks._in_parent()
    assert forks._forking.taken == []
    for lock in (lock for name, lock in locks().items() if name in KNOWN):
        with held_elsewhere(lock):
            pass
