"""Driving a flow on an event loop.

What may wait for a disk or a lock, and what computes, goes to worker threads; stores that have to be awaited are;
independent flows, and independent reads of one flow, go out together, up to the configured concurrency.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._flow.drive.answers import ANSWER, AWAITED, as_prefix
from zarr._flow.drive.process_hold import process_hold
from zarr._flow.requests import (
    Compute,
    Direct,
    Fetch,
    Flow,
    Keys,
    Names,
    Put,
    Read,
    Remove,
    RemovePrefix,
    Size,
    TakeHold,
    Together,
)
from zarr._store.access import async_contract, sync_contract
from zarr._support.imports_on_use import asyncio_module
from zarr._support.settings import settings
from zarr._support.threads import in_new_thread, in_worker_thread

if TYPE_CHECKING:
    from zarr._store.versioned import AsyncContract, Hold, Stored

T = TypeVar("T")


async def run_async(flow: Flow[T], *, concurrency: int | None = None) -> T:
    """Drive a flow on the running event loop.

    Parameters
    ----------
    flow
        The flow.
    concurrency
        Most requests under way at once; as configured if None.
    """
    return await _drive(flow, Lane(settings().concurrency if concurrency is None else concurrency))


class Lane:
    """Where requests go out: so many at once, in the event loop's worker threads or in threads of their own.

    A flow that has taken a hold goes on in a lane of its own. Others may be waiting for that hold in every slot and every
    worker thread there is, and it has to get on for them to get on.
    """

    __slots__ = ("_callbacks", "_has_awaited", "concurrency", "has_own_threads", "slots")

    def __init__(self, concurrency: int, *, has_own_threads: bool = False) -> None:
        asyncio = asyncio_module()
        self.concurrency = concurrency
        self.has_own_threads = has_own_threads
        self.slots = asyncio.Semaphore(concurrency)
        self._callbacks: list[Callable[[], None]] = []
        self._has_awaited = False

    @contextmanager
    def when_awaited(self, function: Callable[[], None]) -> Iterator[None]:
        """Call a function as soon as a request has to be awaited, or now if one had."""
        self._callbacks.append(function)
        if self._has_awaited:
            function()
        try:
            yield
        finally:
            self._callbacks.remove(function)

    def note_awaited(self) -> None:
        """Say that a request has to be awaited."""
        if not self._has_awaited:
            self._has_awaited = True
            for function in list(self._callbacks):
                function()

    async def call(self, function: Callable[[Any], Any], request: Any) -> Any:
        """Call a function in a thread. If the caller is cancelled, that shows only when the function has returned.

        Else it would write on behind the caller's back, and after the hold under which it writes was released.
        """
        asyncio = asyncio_module()
        called = (in_new_thread if self.has_own_threads else in_worker_thread)(function, request)
        try:
            return await asyncio.shield(called)
        except asyncio.CancelledError:
            while not called.done():
                try:
                    await asyncio.wait([called])
                except asyncio.CancelledError:
                    pass  # once is enough
            if not called.cancelled():
                called.exception()  # looked at, so that asyncio does not warn that nobody did
            raise


async def _drive(flow: Flow[T], lane: Lane) -> T:
    try:
        request = flow.send(None)
        while True:
            try:
                answer = await _answer(request, lane)
            except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                request = flow.throw(exc)
            else:
                if isinstance(request, TakeHold):
                    lane = Lane(lane.concurrency, has_own_threads=True)
                request = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


async def _answer(request: Any, lane: Lane) -> Any:
    if isinstance(request, Together):
        return await _drive_together(request, lane)
    if isinstance(request, TakeHold):
        return await _take_hold(request)
    if isinstance(request, Compute | Direct):
        async with lane.slots:
            return await lane.call(ANSWER[type(request)], request)
    if (store := sync_contract(request.store)) is None:
        lane.note_awaited()
        return await await_store(request, lane)
    async with lane.slots:
        if store._may_block or request.writes:  # a write may wait for somebody's hold
            return await lane.call(ANSWER[type(request)], request)
        return ANSWER[type(request)](request)


async def _take_hold(request: TakeHold) -> Hold:
    """Wait for a hold in a thread of its own; if the caller is cancelled meanwhile, it is let go as soon as it comes."""
    asyncio = asyncio_module()
    taking = in_new_thread(take_hold, request)
    try:
        hold: Hold = await asyncio.shield(taking)
    except asyncio.CancelledError:
        taking.add_done_callback(_let_go)
        raise
    return hold


def take_hold(request: TakeHold) -> Hold:
    """Wait for a hold in this thread: the store's own, or a turn among the threads of this process."""
    hold: Hold | object = ANSWER[TakeHold](request)
    return process_hold(request.store, request.prefix) if hold is AWAITED else hold  # type: ignore[return-value]


def _let_go(taking: Any) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().release()


async def _drive_together(request: Together, lane: Lane) -> list[Any]:
    """Run flows concurrently, with as many of them alive as there are slots; the first error stops the others."""
    asyncio = asyncio_module()
    flows = enumerate(request.flows)
    results: dict[int, Any] = {}

    async def worker() -> None:
        for number, flow in flows:
            results[number] = await _drive(flow, lane)

    first = next(flows, None)
    if first is None:
        return []
    second = next(flows, None)
    if second is None:
        return [await _drive(first[1], lane)]
    tasks = [asyncio.ensure_future(_after(pair, results, lane, worker)) for pair in (first, second)]
    most = lane.concurrency if request.most is None else min(request.most, lane.concurrency)

    def start_more(n: int) -> None:
        tasks.extend(asyncio.ensure_future(worker()) for _ in range(len(tasks), n))

    start_more(min(most, _MOST_IN_THREADS))
    with lane.when_awaited(partial(start_more, most)):
        try:
            while under_way := [task for task in tasks if not task.done()]:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return [results[number] for number in sorted(results)]


_MOST_IN_THREADS = 10
"""So many flows at once, until one of them awaits a store: of worker threads there are not many, and more flows would only
keep files open."""


async def _after(pair: tuple[int, Generator[Any, Any, Any]], results: dict[int, Any], lane: Lane, worker: Any) -> None:
    number, flow = pair
    results[number] = await _drive(flow, lane)
    await worker()


# -- stores that have to be awaited -----------------------------------------------------------------------------------


async def await_store(request: Any, lane: Lane) -> Any:
    """Answer a request to a store that has to be awaited."""
    store = async_contract(request.store)
    if request.writes:
        request.store._check_writable()
    if isinstance(request, Names | Keys):
        request.store._check_listable()
    if isinstance(request, Fetch) and len(request.reads) > 1:
        return await _fetch_together(request.reads, store, lane)
    async with lane.slots:
        return await _AWAIT[type(request)](request, store)


async def _fetch_together(reads: Sequence[Read], store: AsyncContract, lane: Lane) -> Sequence[Stored | None]:
    """Several reads at once; parts of one object by the store's own way to read them, if it has one."""
    asyncio = asyncio_module()
    if store.gets_ranges and len({(read.key, read.version) for read in reads}) == 1:
        async with lane.slots:
            ranges = [read.byte_range for read in reads]
            return await store.read_ranges(
                reads[0].key, ranges, version=reads[0].version, max_concurrency=lane.concurrency
            )

    async def fetch(read: Read) -> Stored | None:
        async with lane.slots:
            return await store.read(read.key, read.byte_range, version=read.version)

    tasks = [asyncio.ensure_future(fetch(read)) for read in reads]
    try:
        found: list[Stored | None] = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _fetch_one(request: Fetch, store: AsyncContract) -> list[Stored | None]:
    return [await store.read(read.key, read.byte_range, version=read.version) for read in request.reads]


_AWAIT: dict[type, Callable[[Any, AsyncContract], Awaitable[Any]]] = {
    Fetch: _fetch_one,
    Put: lambda request, store: store.put(request.key, request.value, expected=request.expected),
    Remove: lambda request, store: store.remove(request.key, expected=request.expected),
    Names: lambda request, store: store.list_names(request.prefix),
    Keys: lambda request, store: store.list_keys(as_prefix(request.prefix)),
    RemovePrefix: lambda request, store: store.remove_prefix(request.prefix),
    Size: lambda request, store: store.size(request.key),
}
