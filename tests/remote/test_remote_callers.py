"""Object stores wherever they are asked from: threads, loops, no loop; and whoever waits is interrupted."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.threads import in_threads

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


class TestInterrupts:
    def test_who_waits_for_a_server_can_be_interrupted(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=1)
        cloud.wait(0.2)

        def stop(number, frame):
            raise InterruptedError("enough")

        gc.collect()  # what a handler raises in a destructor of something old is lost
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(InterruptedError, match="enough"):
                array[:]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        cloud.wait(0)
        assert array[:].sum() == 4950

    def test_a_task_that_is_cancelled_makes_no_more_attempts(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(4), chunks=2)
        patient = {
            "max_retries": 10,
            "backoff": {"init_backoff": timedelta(seconds=60), "max_backoff": timedelta(seconds=60)},
        }
        array = zarr.open_array(store_over(cloud, retry_config=patient), path="a")
        cloud.fail("refuse", status=503, methods=["PUT"], within="/c/")

        async def work():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(array.async_array.setitem(slice(None), 7), 0.2)

        asyncio.run(work())
        cloud.fail()
        assert array[:].tolist() == [0, 1, 2, 3]

    def test_a_task_that_is_cancelled_writes_no_more(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=1)
        cloud.wait(0.1)

        async def work():
            task = asyncio.ensure_future(array.async_array.setitem(slice(None), 7))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(work())
        cloud.wait(0)
        found = array[:]
        assert (found == 7).sum() <= 64
        assert (array[:] == found).all()


class TestAnywhere:
    def test_in_many_threads(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(320), chunks=10)
        found = []
        in_threads([lambda i=i: found.append((i, array[10 * i : 10 * i + 10].tolist())) for i in range(32)])
        assert sorted(found) == [(i, list(range(10 * i, 10 * i + 10))) for i in range(32)]

    def test_inside_a_running_loop(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="a", data=np.arange(100), chunks=10)

        async def work():
            array[5] = 0
            return int(array[:].sum()), int((await array.async_array.getitem(slice(None))).sum())

        assert asyncio.run(work()) == (4945, 4945)

    def test_synchronous_use_needs_no_event_loop(self, cloud):
        program = (
            "import sys, zarr\n"
            "from tests.servers.clouds import store_over\n"
            "from tests.servers.running import RunningCloud\n"
            "from zarr._support import bridge\n"
            f"array = zarr.create_array(store_over(RunningCloud({cloud.port})), data=list(range(50)), chunks=2)\n"
            "array[1:9] = 0\n"
            "assert array[:].sum() == 1225 - 36\n"
            "assert not bridge.is_running()\n"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, timeout=60, check=True)
