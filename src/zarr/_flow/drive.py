"""The two drivers: the only place, beside the bridge, where this library meets threads and `await`.

`run` drives a flow to its end in the calling thread. A store of ours answers directly; one that is asynchronous only
is reached through the bridge (one event-loop thread, started at that moment). `run_async` drives the same flow on the
caller's event loop: what may wait for a disk or a lock, and what computes, goes to worker threads; independent flows
go out together, up to the configured concurrency.

"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from zarr._buffer import default_buffer_prototype
from zarr._flow.access import is_direct
from zarr._flow.requests import (
    Compute,
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
from zarr._store.abstract import Store
from zarr._store.turns import Turn, Turns
from zarr._store.versioned import ABSENT, Hold, Stored
from zarr._support import bridge
from zarr._support.imports_on_use import importing
from zarr._support.settings import settings

if TYPE_CHECKING:
    from asyncio import Future

T = TypeVar("T")

# -- synchronous ------------------------------------------------------------------------------------------------


def run(flow: Flow[T]) -> T:
    """Drive a flow to its end in this thread and return its result."""
    try:
        request = flow.send(None)
        while True:
            try:
                answer = _ANSWER[type(request)](request)
            except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                request = flow.throw(exc)
            else:
                request = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _fetch(request: Fetch) -> list[Stored | None]:
    store = request.store
    if is_direct(store):
        return [store.read(read.key, read.byte_range, version=read.version) for read in request.reads]
    return [bridge.run(_foreign_read(store, read)) for read in request.reads]


def _put(request: Put) -> bool:
    store = request.store
    store._check_writable()
    if is_direct(store):
        return store.put(request.key, request.value, expected=request.expected, hold=request.hold)
    return bridge.run(_foreign_put(request))


def _remove(request: Remove) -> bool:
    store = request.store
    store._check_writable()
    if is_direct(store):
        return store.remove(request.key, expected=request.expected, hold=request.hold)
    return bridge.run(_foreign_remove(request))


def _hold(request: TakeHold) -> Hold:
    store = request.store
    store._check_writable()
    if is_direct(store):
        return store.hold(request.prefix)
    return _process_hold(store, request.prefix)


def _names(request: Names) -> list[str]:
    store = request.store
    if is_direct(store):
        return list(store.list_names(request.prefix))
    return bridge.run(_collect(store.list_dir, request.prefix))


def _keys(request: Keys) -> list[str]:
    store, prefix = request.store, _as_prefix(request.prefix)
    if is_direct(store):
        return list(store.list_keys(prefix))
    return bridge.run(_collect(store.list_prefix, prefix))


def _remove_prefix(request: RemovePrefix) -> None:
    store = request.store
    store._check_writable()
    if is_direct(store):
        store.remove_prefix(request.prefix)
    else:
        bridge.run(store.delete_dir(request.prefix))


def _size(request: Size) -> int | None:
    store = request.store
    if is_direct(store):
        return store.size(request.key)
    return bridge.run(_foreign_size(store, request.key))


def _compute(request: Compute) -> Any:
    return request.function(*request.args)


def _together(request: Together) -> list[Any]:
    return [run(flow) for flow in request.flows]


_ANSWER: dict[type, Callable[[Any], Any]] = {
    Fetch: _fetch,
    Put: _put,
    Remove: _remove,
    TakeHold: _hold,
    Names: _names,
    Keys: _keys,
    RemovePrefix: _remove_prefix,
    Size: _size,
    Compute: _compute,
    Together: _together,
}


# -- asynchronous -----------------------------------------------------------------------------------------------


async def run_async(flow: Flow[T], *, concurrency: int | None = None) -> T:
    """Drive a flow on the running event loop.

    Parameters
    ----------
    flow
        The flow.
    concurrency
        Most requests under way at once; as configured if None.
    """
    return await _drive(flow, _Lane(settings().concurrency if concurrency is None else concurrency))


class _Lane:
    """Where requests go out: so many at once, in the event loop's worker threads or in threads of their own.

    A flow that has taken a hold goes on in a lane of its own. Others may be waiting for that hold in every slot and every
    worker thread there is, and it has to get on for them to get on.
    """

    __slots__ = ("concurrency", "has_own_threads", "slots")

    def __init__(self, concurrency: int, *, has_own_threads: bool = False) -> None:
        with importing:
            import asyncio  # on use: synchronous programs never pay for it

        self.concurrency = concurrency
        self.has_own_threads = has_own_threads
        self.slots = asyncio.Semaphore(concurrency)

    async def call(self, function: Callable[[Any], Any], request: Any) -> Any:
        """Call a function in a thread. If the caller is cancelled, that shows only when the function has returned.

        Else it would write on behind the caller's back, and after the hold under which it writes was released.
        """
        with importing:
            import asyncio

        called = (_in_new_thread if self.has_own_threads else _in_worker_thread)(function, request)
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


# Both return a future and no task: `asyncio.run` cancels the tasks that it finds at its end, and the thread would go on.


def _in_worker_thread(function: Callable[[Any], Any], request: Any) -> Future[Any]:
    with importing:
        import asyncio
    import contextvars

    try:
        return asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, function, request)
    except RuntimeError:  # the interpreter is about to end and starts no more threads: as in an atexit handler
        return _in_place(function, request)


def _in_place(function: Callable[[Any], Any], request: Any) -> Future[Any]:
    with importing:
        import asyncio

    answer: Future[Any] = asyncio.get_running_loop().create_future()
    try:
        answer.set_result(function(request))
    except Exception as exc:  # noqa: BLE001  # raised where it is awaited
        answer.set_exception(exc)
    return answer


def _in_new_thread(function: Callable[[Any], Any], request: Any) -> Future[Any]:
    """Call a function in a thread for which no other call has to wait."""
    with importing:
        import asyncio
    import contextvars

    loop = asyncio.get_running_loop()
    answer: Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        result, error = None, None
        try:
            result = context.run(function, request)
        except BaseException as exc:  # noqa: BLE001  # raised where it is awaited
            error = exc
        try:
            loop.call_soon_threadsafe(_settle, answer, result, error)
        except RuntimeError:  # the loop was closed meanwhile; a hold that came too late ends with its object
            pass

    Thread(target=work, name="zarr-hold", daemon=True).start()
    return answer


def _settle(answer: Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.cancelled():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


async def _drive(flow: Flow[T], lane: _Lane) -> T:
    try:
        request = flow.send(None)
        while True:
            try:
                answer = await _answer(request, lane)
            except BaseException as exc:  # noqa: BLE001  # whatever it is, the flow must see it to clean up
                request = flow.throw(exc)
            else:
                if isinstance(request, TakeHold):
                    lane = _Lane(lane.concurrency, has_own_threads=True)
                request = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


async def _answer(request: Any, lane: _Lane) -> Any:
    if isinstance(request, Together):
        return await _drive_together(request, lane)
    if isinstance(request, TakeHold):
        return await _take_hold(request)
    async with lane.slots:
        if isinstance(request, Compute):
            return await lane.call(_compute, request)
        store: Store = request.store
        if not is_direct(store):
            if not isinstance(request, _READS):
                store._check_writable()
            return await _FOREIGN[type(request)](request)
        if store._may_block or not isinstance(request, _READS):  # a write may wait for somebody's hold
            return await lane.call(_ANSWER[type(request)], request)
        return _ANSWER[type(request)](request)


async def _take_hold(request: TakeHold) -> Hold:
    """Wait for a hold in a thread of its own; if the caller is cancelled meanwhile, it is let go as soon as it comes."""
    with importing:
        import asyncio

    taking = _in_new_thread(_hold, request)
    try:
        hold: Hold = await asyncio.shield(taking)
    except asyncio.CancelledError:
        taking.add_done_callback(_let_go)
        raise
    return hold


def _let_go(taking: Any) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().release()


async def _drive_together(request: Together, lane: _Lane) -> list[Any]:
    """Run flows concurrently, with as many of them alive as there are slots; the first error stops the others."""
    with importing:
        import asyncio

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
    tasks += [asyncio.ensure_future(worker()) for _ in range(2, lane.concurrency)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[number] for number in sorted(results)]


async def _after(pair: tuple[int, Generator[Any, Any, Any]], results: dict[int, Any], lane: _Lane, worker: Any) -> None:
    number, flow = pair
    results[number] = await _drive(flow, lane)
    await worker()


# -- third-party stores: asynchronous, without versions and locks -------------------------------------------------


async def _foreign_read(store: Store, read: Read) -> Stored | None:
    data = await store.get(read.key, default_buffer_prototype(), read.byte_range)
    return None if data is None else Stored(data, None)


async def _foreign_put(request: Put) -> bool:
    if request.expected is ABSENT:
        if await request.store.exists(request.key):
            return False
        await request.store.set_if_not_exists(request.key, request.value)
        return True
    await request.store.set(request.key, request.value)
    return True


async def _foreign_remove(request: Remove) -> bool:
    await request.store.delete(request.key)
    return True


async def _foreign_size(store: Store, key: str) -> int | None:
    return await store.getsize(key) if await store.exists(key) else None


async def _foreign_fetch(request: Fetch) -> list[Stored | None]:
    return [await _foreign_read(request.store, read) for read in request.reads]


async def _foreign_remove_prefix(request: RemovePrefix) -> None:
    await request.store.delete_dir(request.prefix)


async def _collect(listing: Callable[[str], Any], prefix: str) -> list[str]:
    return [key async for key in listing(prefix)]


_FOREIGN: dict[type, Callable[[Any], Any]] = {
    Fetch: _foreign_fetch,
    Put: _foreign_put,
    Remove: _foreign_remove,
    Names: lambda request: _collect(request.store.list_dir, request.prefix),
    Keys: lambda request: _collect(request.store.list_prefix, _as_prefix(request.prefix)),
    RemovePrefix: _foreign_remove_prefix,
    Size: lambda request: _foreign_size(request.store, request.key),
}


_READS = (Fetch, Names, Keys, Size)


def _as_prefix(prefix: str) -> str:
    return f"{prefix}/" if prefix else ""


# Turns between the threads of this process: all that can be had over a store that offers no holds.
_turns: WeakKeyDictionary[Any, Turns] = WeakKeyDictionary()
_turns_by_id: dict[int, Turns] = {}
_turns_guard = RLock()


def _process_hold(store: Store, prefix: str) -> Hold:
    with _turns_guard:
        try:
            turns = _turns.setdefault(store, Turns())
        except TypeError:  # unhashable: most stores define equality only
            turns = _turns_by_id.setdefault(id(store), Turns())
    return Turn(turns, prefix)


def _forget_turns_after_fork() -> None:
    """In a forked child: the threads that had them are gone."""
    global _turns, _turns_guard
    _turns = WeakKeyDictionary()
    _turns_by_id.clear()
    _turns_guard = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_turns_after_fork)
