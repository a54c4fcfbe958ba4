"""Calls to stores that a generator yields, carried out by functions or by coroutines, as these stores are called."""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

from zarr._store.versioned import AsyncContract, SyncContract
from zarr._support.threads import in_request_thread, in_worker_thread, until_over

T = TypeVar("T")
AnyContract: TypeAlias = SyncContract | AsyncContract
Calls: TypeAlias = Generator[tuple[AnyContract, Callable[[], Any]], Any, T]
"""Yields a store's contract and a call of one of its methods; is sent the result."""


def drive(calls: Calls[T]) -> T:
    """Carry out calls to stores that answer at once."""
    try:
        _, call = next(calls)
        while True:
            try:
                answer = call()
            except BaseException as exc:  # noqa: BLE001  # whatever it is, whoever called has to see it
                _, call = calls.throw(exc)
            else:
                _, call = calls.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def drive_async(calls: Calls[T]) -> T:
    """The same, where they may have to be awaited; what may wait for a disk, or another computer, is called in a thread."""
    try:
        contract, call = next(calls)
        while True:
            try:
                answer = await _answer(contract, call)
            except BaseException as exc:  # noqa: BLE001  # as above
                contract, call = calls.throw(exc)
            else:
                contract, call = calls.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _answer(contract: AnyContract, call: Callable[[], Any]) -> Any:
    if not getattr(contract, "may_block", False):
        answer = call()
        return await answer if isawaitable(answer) else answer
    if contract.capabilities.is_remote:
        return await in_request_thread(call, until_over=lambda: True)
    return await until_over(in_worker_thread(call))
