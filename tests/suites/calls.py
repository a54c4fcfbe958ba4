"""Stores, called from tests, which are functions: each coroutine runs in an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import Any, TypeVar

from zarr.abc.store import ByteRequest, Store
from zarr.buffer.cpu import Buffer, buffer_prototype

T = TypeVar("T")


def shown(value: object) -> str:
    """A test's label: without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def buf(data: bytes) -> Buffer:
    return Buffer.from_bytes(data)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def answer(result: T | Awaitable[T]) -> T:
    """The result of a method that is a function in one store and a coroutine in another."""
    return run(result) if inspect.iscoroutine(result) else result


def collect(listing: AsyncIterator[str]) -> list[str]:
    async def gather() -> list[str]:
        return [key async for key in listing]

    return run(gather())


def get(store: Store, key: str, byte_range: ByteRequest | None = None) -> bytes | None:
    """What zarr-python's face finds under a key."""
    found = run(store.get(key, buffer_prototype, byte_range))
    return None if found is None else found.to_bytes()


def put(store: Store, key: str, data: bytes = b"x") -> None:
    """Store through zarr-python's face."""
    run(store.set(key, buf(data)))


def read(store: Any, key: str, **kwargs: Any) -> bytes | None:
    """What the versioned face finds under a key."""
    found = answer(store.read(key, **kwargs))
    return None if found is None else found.data.to_bytes()


def version_of(store: Any, key: str) -> Any:
    """The version of what is stored now."""
    return answer(store.read(key)).version
