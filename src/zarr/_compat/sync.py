"""From functions to coroutines and back, as zarr-python has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from zarr._support import bridge

T = TypeVar("T")


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
    return bridge.run(coro, timeout)


async def collect_aiterator(data: AsyncIterator[T]) -> tuple[T, ...]:
    """All that an asynchronous iterator gives."""
    return tuple([item async for item in data])


class SyncMixin:
    """For classes whose methods are functions over coroutines."""

    def _sync(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return sync(coroutine)

    def _sync_iter(self, async_iterator: AsyncIterator[T]) -> list[T]:
        return list(sync(collect_aiterator(async_iterator)))
