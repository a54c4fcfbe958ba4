"""From functions to coroutines and back, as zarr-python has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from zarr._support import bridge
from zarr._support.imports_on_use import asyncio_module
from zarr._support.workers import most_threads

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")
SyncError = bridge.SyncError


def sync(coro: Coroutine[Any, Any, T], loop: object = None, timeout: float | None = None) -> T:  # noqa: ARG001
    """Run a coroutine on the library's event loop, in a thread of its own, and wait for the result.

    Parameters
    ----------
    coro
        The coroutine.
    loop
        Has no effect: there is one loop.
    timeout
        In seconds; None waits for ever.

    Examples
    --------
    >>> import zarr
    >>> sync(zarr.storage.MemoryStore().exists("key"))
    False
    """
    if not isinstance(coro, Coroutine):
        raise TypeError(f"sync() runs a coroutine, and {coro!r} is none; call the function that makes one")
    return bridge.run(coro, timeout)


def get_loop() -> asyncio.AbstractEventLoop:
    """The library's event loop, running in a thread of its own; it is started if need be.

    Examples
    --------
    >>> get_loop().is_running()
    True
    """
    return bridge.loop()


def get_executor() -> ThreadPoolExecutor:
    """Threads in which functions run that coroutines on that loop wait for, as many as may be at work.

    Examples
    --------
    >>> get_executor().submit(sum, [1, 2]).result()
    3
    """
    return bridge.executor(most_threads)


def cleanup_resources() -> None:
    """End the loop and the threads. What is under way on the loop is cancelled; whatever needs them next starts others."""
    bridge.stop()


async def _collect_aiterator(data: AsyncIterator[T]) -> tuple[T, ...]:
    """All that an asynchronous iterator gives."""
    return tuple([item async for item in data])


def collect_aiterator(data: AsyncIterator[T]) -> tuple[T, ...]:
    """All items of an asynchronous iterator, for who does not await."""
    return sync(_collect_aiterator(data))


class SyncMixin:
    """For classes whose methods are functions over coroutines."""

    def _sync(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return sync(coroutine)

    def _sync_iter(self, async_iterator: AsyncIterator[T]) -> list[T]:
        return list(sync(_collect_aiterator(async_iterator)))


def concurrent_iter(
    items: Iterable[Any], func: Callable[..., Awaitable[T]], limit: int | None = None
) -> list[asyncio.Task[T]]:
    """A task for each item, which is a tuple of arguments; so many of them run at once.

    Parameters
    ----------
    items
        The arguments of each call.
    func
        What is called and awaited.
    limit
        Most calls at once; None for all.
    """
    asyncio = asyncio_module()
    gate = nullcontext() if limit is None else asyncio.Semaphore(limit)

    async def call(item: Any) -> T:
        async with gate:
            return await func(*item)

    return [asyncio.ensure_future(call(item)) for item in items]


async def concurrent_map(items: Iterable[Any], func: Callable[..., Awaitable[T]], limit: int | None = None) -> list[T]:
    """The results of calls, in the order of the items; parameters as of `concurrent_iter`. If one fails, so does this, and the
    others are cancelled.

    Examples
    --------
    >>> import asyncio
    >>> async def double(number):
    ...     return 2 * number
    >>> asyncio.run(concurrent_map([(1,), (2,)], double, limit=1))
    [2, 4]
    """
    asyncio = asyncio_module()
    tasks = concurrent_iter(items, func, limit)
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def concurrent_foreach(items: Iterable[Any], func: Callable[..., Awaitable[object]], limit: int) -> None:
    """Calls without results; parameters as of `concurrent_iter`."""
    await concurrent_map(items, func, limit)
