"""How long calls take over somebody's asynchronous store, in units of its latency.

    python awaited.py [MILLISECONDS]

Each line: what was done, the best time of three, that time divided by the latency, and how many requests the store got.
"""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np

import zarr


class Slow(zarr.storage.WrapperStore):
    latency_s = 0.02
    n_requests = 0

    async def _wait(self):
        Slow.n_requests += 1
        await asyncio.sleep(self.latency_s)

    async def get(self, key, prototype, byte_range=None):
        await self._wait()
        return await self._store.get(key, prototype, byte_range)

    async def set(self, key, value):
        await self._wait()
        await self._store.set(key, value)


def measure(what, function):
    best = float("inf")
    for _ in range(3):
        Slow.n_requests = 0
        began = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - began)
    print(f"{what:32} {best * 1e3:7.1f} ms {best / Slow.latency_s:6.2f} x latency {Slow.n_requests:4} requests")


def main():
    if len(sys.argv) > 1:
        Slow.latency_s = float(sys.argv[1]) / 1e3
    memory = zarr.storage.MemoryStore()
    zarr.create_array(memory, name="chunks", shape=5000, chunks=100, dtype="i4")[:] = np.arange(5000)
    zarr.create_array(memory, name="shard", shape=10000, chunks=100, shards=10000, dtype="i4")[:] = np.arange(10000)
    for engine in ("native", "python"):
        with zarr.config.set({"engine": engine}):
            measure_engine(engine, memory)


def measure_engine(engine, memory):
    chunks, shard = (zarr.open_array(Slow(memory), path=name, mode="r+") for name in ("chunks", "shard"))
    values = np.arange(5000)
    measure(f"{engine}: read 50 chunks", lambda: chunks[:])
    measure(f"{engine}: write 50 chunks", lambda: chunks.__setitem__(..., values))
    measure(f"{engine}: 50 parts of a shard", lambda: shard[1000:6000])
    measure(f"{engine}, async: read 50 chunks", lambda: asyncio.run(chunks.async_array.getitem(...)))
    measure(f"{engine}, async: write 50 chunks", lambda: asyncio.run(chunks.async_array.setitem(..., values)))
    measure(f"{engine}, async: 50 parts", lambda: asyncio.run(shard.async_array.getitem(slice(1000, 6000))))


if __name__ == "__main__":
    main()
