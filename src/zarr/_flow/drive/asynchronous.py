"""Driving a flow on an event loop.

What may wait for a disk or a lock, and what computes, goes to worker threads; stores that have to be awaited are;
independent flows, and independent reads of one flow, go out together, up to the configured concurrency.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from zarr._flow.drive.answers import ANSWER, AWAITED, as_prefix
from zarr._flow.drive.carried import Carried, Ended, read_elsewhere
from zarr._flow.drive.process_hold import process_hold
from zarr._flow.drive.remote import calls_for, whole_answer
from zarr._flow.requests import (
    Await,
    Compute,
    Direct,
    Discard,
    Exist,
    Fetch,
    Flow,
    Keys,
    Links,
    Names,
    Put,
    Read,
    Remove,
    RemovePrefix,
    Size,
    Strays,
    TakeHold,
    TakeRoom,
    Together,
    Where,
)
from zarr._store.access import async_contract, sync_contract
from zarr._store.foreign import is_there
from zarr._support.forks import renew_in_children
from zarr._support.imports_on_use import asyncio_module
from zarr._support.request_room import INSIDE, AwaitedRoom
from zarr._support.settings import settings
from zarr._support.threads import (
    all_of,
    answer_from_elsewhere,
    in_new_thread,
    in_request_thread,
    in_worker_thread,
    until_over,
)

if TYPE_CHECKING:
    from zarr._store.abstract import Store
    from zarr._store.versioned import AsyncContract, Hold, Stored
    from zarr._support.request_room import Room

T = TypeVar("T")
_LOOK_AGAIN_S = 0.001


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
        """Call a function in a thread, and wait until it has returned, whatever happens."""
        result: Any = await until_over((in_new_thread if self.has_own_threads else in_worker_thread)(function, request))
        return result


async def _drive(flow: Flow[T], lane: Lane) -> T:
    try:
        request = flow.send(None)
        while True:
            if (call := read_elsewhere(request)) is not None:
                request = await _carry(Carried(flow, call, computes_at_once=lane.has_own_threads), flow, lane)
                if isinstance(request, Ended):
                    return request.result  # type: ignore[no-any-return]
                continue
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


async def _carry(carried: Carried, flow: Flow[Any], lane: Lane) -> Any:
    """Have a flow carried past a read; what it asks for next, or its end."""
    lane.note_awaited()
    try:
        async with lane.slots:
            return await in_request_thread(carried.run, until_over=lambda: not carried.leave())
    except asyncio_module().CancelledError as exc:
        return flow.throw(exc)


async def _answer(request: Any, lane: Lane) -> Any:
    if isinstance(request, Together):
        return await _drive_together(request, lane)
    if isinstance(request, TakeHold):
        return await _take_hold(request)
    if isinstance(request, TakeRoom):
        return await _take_room(request)
    if isinstance(request, Compute | Direct | Where | Strays | Discard):
        async with lane.slots:
            return await lane.call(ANSWER[type(request)], request)
    if isinstance(request, Await):
        lane.note_awaited()
        async with lane.slots:
            return await await_somebody(request)
    if (store := sync_contract(request.store)) is None:
        lane.note_awaited()
        return await await_store(request, lane)
    if store.capabilities.is_remote:
        lane.note_awaited()
        calls = [
            _in_slot(lane, partial(in_request_thread, until_over=lambda: request.writes), call)
            for call in calls_for(store, request)
        ]
        return whole_answer(request, [await calls[0]] if len(calls) == 1 else await all_of(calls))
    async with lane.slots:
        if store.may_block or request.writes:  # a write may wait for somebody's hold
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


async def _take_room(request: TakeRoom) -> Room:
    """Wait for room; if the caller is cancelled meanwhile, it is given back as soon as it comes."""
    room = ANSWER[TakeRoom](request)
    if room is not AWAITED:
        return room  # type: ignore[no-any-return]
    answer, answered = answer_from_elsewhere()
    waiting = AwaitedRoom(request.nbytes, answered)
    waiting.begin()
    try:
        room = await asyncio_module().shield(answer)
    except asyncio_module().CancelledError:
        waiting.cancel()
        answer.add_done_callback(_let_go)
        raise
    return room  # type: ignore[no-any-return]


def take_hold(request: TakeHold) -> Hold:
    """Wait for a hold in this thread: the store's own, or a turn among the threads of this process."""
    hold: Hold | object = ANSWER[TakeHold](request)
    return process_hold(request.store, request.prefix) if hold is AWAITED else hold  # type: ignore[return-value]


def _let_go(taking: Any) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().release()


async def _drive_together(request: Together, lane: Lane) -> list[Any]:
    """Run flows concurrently, with as many of them alive as there are slots; the first error stops the others."""
    flows = enumerate(request.flows)
    first = next(flows, None)
    if first is None:
        return []
    second = next(flows, None)
    if second is None:
        return [await _drive(first[1], lane)]
    together = _Together(chain((first, second), flows), lane)
    most = lane.concurrency if request.most is None else min(request.most, lane.concurrency)
    with lane.when_awaited(partial(together.start, most)):
        try:
            together.start(min(most, _MOST_IN_THREADS))
            await together.over
        finally:
            for task in together.tasks:
                task.cancel()
            await asyncio_module().gather(*together.tasks, return_exceptions=True)
            together.look()
    return [together.results[number] for number in sorted(together.results)]


class _Together:
    """Flows with their numbers, and the tasks that drive them one after the other.

    Attributes
    ----------
    results
        Of flows that have ended, by number.
    over
        A future: done when every flow has ended, or one has failed.
    """

    __slots__ = ("_flows", "_lane", "_n_ended", "over", "results", "tasks")

    def __init__(self, flows: Iterator[tuple[int, Generator[Any, Any, Any]]], lane: Lane) -> None:
        self._flows, self._lane = flows, lane
        self._n_ended = 0
        self.results: dict[int, Any] = {}
        self.tasks: list[Any] = []
        self.over = asyncio_module().get_running_loop().create_future()

    def start(self, n: int) -> None:
        """See to it that there are so many tasks, as long as there are flows for them."""
        try:
            while len(self.tasks) < n and (numbered := next(self._flows, None)) is not None:
                task = asyncio_module().ensure_future(self._drive_from(numbered))
                self.tasks.append(task)
                task.add_done_callback(self._end)
        except Exception as exc:  # noqa: BLE001  # a flow that cannot be made: raised where the others are waited for
            self._fail(exc)

    async def _drive_from(self, first: tuple[int, Generator[Any, Any, Any]]) -> None:
        for number, flow in chain((first,), self._flows):
            self.results[number] = await _drive(flow, self._lane)

    def _end(self, task: Any) -> None:
        self._n_ended += 1
        if task.cancelled():
            self._fail(asyncio_module().CancelledError())
        elif (error := task.exception()) is not None:
            self._fail(error)
        elif self._n_ended == len(self.tasks) and not self.over.done():
            self.over.set_result(None)

    def _fail(self, error: BaseException) -> None:
        if not self.over.done():
            self.over.set_exception(error)

    def look(self) -> None:
        """Look at what went wrong, so that asyncio does not warn that nobody did."""
        if self.over.done() and not self.over.cancelled():
            self.over.exception()


_MOST_IN_THREADS = 10
"""So many flows at once, until one of them awaits a store: of worker threads there are not many, and more flows would only
keep files open."""


# -- stores that have to be awaited -----------------------------------------------------------------------------------


async def await_store(request: Any, lane: Lane) -> Any:
    """Answer a request to a store that has to be awaited."""
    token = INSIDE.set(True)
    try:
        return await _awaited_answer(request, lane)
    finally:
        INSIDE.reset(token)


async def await_somebody(request: Await) -> Any:
    """Wait for what somebody else does with objects of a store."""
    token = INSIDE.set(True)
    try:
        if request.store._waits_to_be_opened():
            await _open(request.store)
        if not request.writes:
            return await request.function()
        request.store._check_writable()
        return await until_over(asyncio_module().ensure_future(request.function()))
    finally:
        INSIDE.reset(token)


async def _awaited_answer(request: Any, lane: Lane) -> Any:
    store = async_contract(request.store)
    if request.store._waits_to_be_opened():
        await _open(request.store)
    if request.writes:
        request.store._check_writable()
    if isinstance(request, Names | Keys):
        request.store._check_listable()
    if isinstance(request, Fetch) and len(request.reads) > 1:
        return await _fetch_together(request.reads, store, lane)
    if isinstance(request, Exist):
        return await all_of(map(partial(_in_slot, lane, partial(is_there, request.store)), request.keys))
    if isinstance(request, Links):
        return await _in_slot(lane, request.store._list_links, request.prefix)
    async with lane.slots:
        return await _AWAIT[type(request)](request, store)


_opened: WeakValueDictionary[int, Store] = WeakValueDictionary()
_opening: dict[int, object] = {}
"""Stores that have been asked to open themselves, and those that are being asked, by their ids: they need not have a hash."""


renew_in_children(_opening.clear)


async def _open(store: Store) -> None:
    """Let a store open itself before it is asked for anything: once, whoever asks for something at the same time."""
    me = object()
    while _opened.get(id(store)) is not store:
        if _opening.setdefault(id(store), me) is me:
            try:
                await store._ensure_open()
                _opened[id(store)] = store
            finally:
                del _opening[id(store)]
        else:
            await asyncio_module().sleep(_LOOK_AGAIN_S)  # whoever opens it may do so in another thread


async def _fetch_together(reads: Sequence[Read], store: AsyncContract, lane: Lane) -> Sequence[Stored | None]:
    """Several reads at once; parts of one object by the store's own way to read them, if it has one."""
    if store.gets_ranges and len({(read.key, read.version) for read in reads}) == 1:
        async with lane.slots:
            ranges = [read.byte_range for read in reads]
            return await store.read_ranges(
                reads[0].key, ranges, version=reads[0].version, max_concurrency=lane.concurrency
            )

    async def fetch(read: Read) -> Stored | None:
        return await store.read(read.key, read.byte_range, version=read.version)

    return await all_of(_in_slot(lane, fetch, read) for read in reads)


async def _in_slot(lane: Lane, function: Callable[[Any], Awaitable[T]], argument: Any) -> T:
    async with lane.slots:
        return await function(argument)


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
