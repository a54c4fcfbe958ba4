"""How the asynchronous faces drive flows: on the caller's event loop, with the configured concurrency."""

from __future__ import annotations

from typing import TypeVar

from zarr._config import settings
from zarr._flow.drive import run_async
from zarr._flow.requests import Flow

T = TypeVar("T")


async def drive(flow: Flow[T]) -> T:
    """Drive a flow to its end on the running event loop."""
    return await run_async(flow, concurrency=settings().concurrency)
