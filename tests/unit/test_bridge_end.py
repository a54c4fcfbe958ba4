"""The bridge can be ended at any time: whoever waits for something on it gets an answer, and what comes next starts another."""

import asyncio
import threading

import pytest

from zarr._support import bridge


async def add(a, b):
    await asyncio.sleep(0)
    return a + b


def test_what_is_under_way_is_cancelled():
    begun = threading.Event()
    outcome = []

    async def wait_for_ever():
        begun.set()
        await asyncio.Event().wait()

    def call():
        try:
            bridge.run(wait_for_ever())
        except asyncio.CancelledError:
            outcome.append("cancelled")

    thread = threading.Thread(target=call)
    thread.start()
    assert begun.wait(30)
    bridge.stop()
    thread.join(30)
    assert outcome == ["cancelled"]
    assert not bridge.is_running()
    assert bridge.run(add(1, 2)) == 3


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_a_task_raises_does_not_end_it(stop):
    """It is for who waits for the task; whatever else is under way goes on."""

    async def raise_it():
        raise stop("enough")

    async def wait_for_another():
        await asyncio.create_task(raise_it())

    async def leave_another():
        left = asyncio.create_task(raise_it())
        for _ in range(3):
            await asyncio.sleep(0)
        assert left.done()
        with pytest.raises(stop):
            left.result()
        return 5

    with pytest.raises(stop, match="enough"):
        bridge.run(wait_for_another(), 30)
    assert bridge.run(leave_another(), 30) == 5
    assert bridge.run(add(1, 2), 30) == 3


def test_calls_while_it_is_ended_again_and_again():
    """Each call gets its result, or is cancelled; none waits for a loop that is gone."""
    outcomes = []
    is_over = threading.Event()

    def call():
        for i in range(200):
            try:
                outcomes.append(bridge.run(add(i, 1)) == i + 1)
            except asyncio.CancelledError:
                outcomes.append(True)

    def end():
        while not is_over.is_set():
            bridge.stop()

    callers = [threading.Thread(target=call) for _ in range(4)]
    ending = threading.Thread(target=end)
    for thread in (*callers, ending):
        thread.start()
    for thread in callers:
        thread.join(60)
    is_over.set()
    ending.join(30)
    assert outcomes == [True] * 800


def test_it_does_not_end_itself():
    async def end():
        bridge.stop()

    with pytest.raises(RuntimeError, match="another"):
        bridge.run(end())
    assert bridge.run(add(1, 1)) == 2


def test_a_pool_is_made_once():
    pool = bridge.executor(lambda: 2)
    assert bridge.executor(lambda: 3) is pool
    bridge.stop()
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.submit(int)
    assert bridge.executor(lambda: 2).submit(int).result(30) == 0
    bridge.stop()
