"""Flows that a thread carries past reads from other computers: `zarr._flow.drive.carried`."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

import zarr
from tests.suites.calls import put
from tests.suites.threads import PROMPTLY
from zarr._flow.drive import run_async
from zarr._flow.drive.carried import Carried, Ended, read_elsewhere
from zarr._flow.requests import Compute, Fetch, Names, Read
from zarr.storage import MemoryStore


class Distant(MemoryStore):
    """Says that it is on another computer. A read of "slow" waits until it may go on."""

    capabilities = replace(MemoryStore.capabilities, is_remote=True)

    def __init__(self):
        super().__init__()
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()
        self.n_reads = 0

    def read(self, key, *args, **kwargs):
        self.n_reads += 1
        if key == "slow":
            self.has_begun.set()
            assert self.may_go_on.wait(PROMPTLY)
        if key == "broken":
            raise OSError("broken")
        return super().read(key, *args, **kwargs)


@pytest.fixture
def store():
    found = Distant()
    for key in ("a", "slow"):
        put(found, key, key.encode())
    return found


def read_all(store, *keys, then=lambda found: found):
    found = []
    for key in keys:
        (stored,) = yield Fetch(store, (Read(key),))
        found.append((yield Compute(then, (stored.data.to_bytes(),))))
    return found


def carried(flow):
    return Carried(flow, read_elsewhere(flow.send(None)), computes_at_once=False)


def in_thread(function):
    """Begins a function in a thread; gives what waits for its result."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()

    def result():
        thread.join(PROMPTLY)
        return found[0]

    return result


def test_past_reads_and_computations_to_the_end(store):
    ended = carried(read_all(store, "a", "a", then=len)).run()
    assert isinstance(ended, Ended)
    assert ended.result == [1, 1]


def test_up_to_what_is_no_read_of_one_value(store):
    def flow():
        yield from read_all(store, "a")
        yield Names(store, "")

    assert carried(flow()).run() == Names(store, "")
    assert read_elsewhere(Fetch(store, (Read("a"), Read("b")))) is None
    assert read_elsewhere(Fetch(MemoryStore(), (Read("a"),))) is None


def test_errors_are_met_by_the_flow(store):
    def flow(key, then):
        try:
            yield from read_all(store, key, then=then)
        except (OSError, ZeroDivisionError) as exc:
            return str(exc)

    assert carried(flow("broken", len)).run().result == "broken"
    assert "division" in carried(flow("a", lambda found: 1 / 0)).run().result
    with pytest.raises(OSError, match="broken"):
        carried(read_all(store, "broken")).run()


def test_one_that_is_left_during_a_read_is_not_touched_any_more(store):
    flow = read_all(store, "slow", "a")
    here = carried(flow)
    result = in_thread(here.run)
    assert store.has_begun.wait(PROMPTLY)
    assert here.leave()
    flow.close()
    store.may_go_on.set()
    assert result() is None
    assert store.n_reads == 1


def test_one_that_is_left_while_it_computes_stops_before_the_next_read(store):
    computes, may_go_on = threading.Event(), threading.Event()

    def slowly(found):
        computes.set()
        assert may_go_on.wait(PROMPTLY)
        return found

    here = carried(read_all(store, "a", "slow", then=slowly))
    result = in_thread(here.run)
    assert computes.wait(PROMPTLY)
    assert not here.leave()
    may_go_on.set()
    assert result() == Fetch(store, (Read("slow"),))
    assert store.n_reads == 1


def test_no_more_compute_at_once_than_threads_may_work(store):
    n_now, most = [], []

    def note(found):
        n_now.append(1)
        most.append(len(n_now))
        n_now.pop()
        return found

    async def work():
        return await asyncio.gather(*(run_async(read_all(store, "a", "a", then=note)) for _ in range(20)))

    with zarr.config.set({"threading.max_workers": 1}):
        assert asyncio.run(work()) == [[b"a", b"a"]] * 20
    assert max(most) == 1


def test_who_awaits_a_read_and_is_cancelled_leaves_at_once(store):
    seen = []

    def flow():
        try:
            yield from read_all(store, "slow")
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def work():
        task = asyncio.ensure_future(run_async(flow()))
        await asyncio.to_thread(store.has_begun.wait, PROMPTLY)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert seen == ["cancelled"]
    store.may_go_on.set()
