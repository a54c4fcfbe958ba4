"""Holds on prefixes, of stores that are called without an event loop, in parts to subclass (see `store_case`):

HoldSuite          holds_between_threads
ProcessHoldSuite   holds_between_processes
"""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

import pytest

from tests.suites.calls import buf, read
from tests.suites.store_case import StoreCase
from tests.suites.threads import BLOCKED, PROMPTLY, in_threads, passes, start
from zarr._store.versioned import ABSENT


class HoldSuite(StoreCase):
    """A hold on a prefix excludes every other thread from the keys directly under it."""

    promises = frozenset({"holds_between_threads"})

    @pytest.mark.parametrize("prefix", ["", "a", "a/b"])
    def test_a_hold_excludes_changes_directly_under_its_prefix(self, store, prefix):
        below = f"{prefix}/" if prefix else ""
        store.put(f"{below}k", buf(b"old"))
        version = store.read(f"{below}k").version
        with store.hold(prefix):
            waiting = [
                start(lambda: store.put(f"{below}new", buf(b"x"))),
                start(lambda: store.put(f"{below}k", buf(b"x"), expected=version)),
                start(lambda: store.put(f"{below}newer", buf(b"x"), expected=ABSENT)),
                start(lambda: store.hold(prefix).release()),
            ]
            time.sleep(BLOCKED)
            assert not any(done.is_set() for done in waiting)
            assert read(store, f"{below}k") == b"old"
            assert store.size(f"{below}new") is None
            assert list(store.list_keys("")) == [f"{below}k"]
        assert all(done.wait(PROMPTLY) for done in waiting)
        assert read(store, f"{below}k") == b"x"
        assert read(store, f"{below}new") == b"x"

    def test_a_hold_excludes_removal(self, store):
        store.put("a/k", buf(b"old"))
        with store.hold("a"):
            waiting = start(lambda: store.remove("a/k"))
            assert not waiting.wait(BLOCKED)
            assert store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert store.size("a/k") is None

    def test_a_hold_excludes_removal_of_its_prefix(self, store):
        store.put("a/k", buf(b"old"))
        with store.hold("a"):
            waiting = start(lambda: store.remove_prefix("a"))
            assert not waiting.wait(BLOCKED)
            assert store.size("a/k") == 3
        assert waiting.wait(PROMPTLY)
        assert list(store.list_keys("")) == []

    def test_a_hold_leaves_deeper_and_other_prefixes_alone(self, store):
        with store.hold("a"):
            assert passes(lambda: store.put("a/b/k", buf(b"x")))
            assert passes(lambda: store.put("k", buf(b"x")))
            assert passes(lambda: store.put("ab/k", buf(b"x")))
            assert passes(lambda: store.hold("a/b").release())
            assert passes(lambda: store.hold("").release())
            assert passes(lambda: store.read("a/b/k"))
        assert list(store.list_keys("")) == ["a/b/k", "ab/k", "k"]

    def test_its_owner_changes_keys_by_passing_it_along(self, store):
        def work():
            with store.hold("a") as hold:
                assert store.put("a/k", buf(b"x"), hold=hold)
                version = store.read("a/k").version
                assert store.put("a/k", buf(b"y"), expected=version, hold=hold)
                assert store.put("a/deeper/k", buf(b"y"), hold=hold)
                assert store.remove("a/k", hold=hold)
                assert store.put("a/l", buf(b"z"), expected=ABSENT, hold=hold)

        assert passes(work)
        assert list(store.list_keys("")) == ["a/deeper/k", "a/l"]
        assert passes(lambda: store.put("a/k", buf(b"x")))

    def test_a_hold_of_another_prefix_does_not_count(self, store):
        with store.hold("a"), store.hold("b") as other:
            waiting = start(lambda: store.put("a/k", buf(b"x"), hold=other))
            assert not waiting.wait(BLOCKED)
        assert waiting.wait(PROMPTLY)

    def test_it_is_released_on_an_error(self, store):
        with pytest.raises(KeyError), store.hold("a"):
            raise KeyError("x")
        assert passes(lambda: store.put("a/k", buf(b"x")))

    def test_releasing_twice_does_not_release_the_next_owner(self, store):
        first = store.hold("a")
        first.release()
        second = store.hold("a")
        first.release()
        waiting = start(lambda: store.put("a/k", buf(b"x")))
        assert not waiting.wait(BLOCKED)
        second.release()
        assert waiting.wait(PROMPTLY)

    def test_holds_exclude_each_other(self, store):
        inside, most = [0], [0]

        def work():
            for _ in range(20):
                with store.hold("a"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0005)
                    inside[0] -= 1

        in_threads([work] * 4)
        assert most == [1]


def _hold_in_process(store: Any, ready: Any, go: Any) -> None:
    with store.hold("a"):
        ready.set()
        go.wait(PROMPTLY)


class ProcessHoldSuite(StoreCase):
    """A hold excludes other processes too, and ends with its owner."""

    promises = frozenset({"holds_between_processes"})

    def test_holds_exclude_other_processes_and_end_with_them(self, store):
        context = multiprocessing.get_context("spawn")
        ready, go = context.Event(), context.Event()
        child = context.Process(target=_hold_in_process, args=(store, ready, go))
        child.start()
        try:
            assert ready.wait(60)
            waiting = start(lambda: store.put("a/k", buf(b"x")))
            assert not waiting.wait(BLOCKED)
            assert passes(lambda: store.put("b/k", buf(b"x")))
            child.kill()
            assert waiting.wait(PROMPTLY)
        finally:
            child.kill()
            child.join()
