"""The functions of `zarr` as coroutines. Each is the flow of its synchronous twin, awaited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from zarr import _create
from zarr._aio import AsyncArray, AsyncGroup
from zarr._config import settings
from zarr._create import Mode
from zarr._flow import consolidate
from zarr._flow.drive import run_async
from zarr._flow.requests import Flow
from zarr._metadata.group import GroupMetadata
from zarr._store.make import make_store_path

T = TypeVar("T")

__all__ = ["consolidate_metadata", "create_array", "create_group", "open", "open_array", "open_group"]


async def _drive(flow: Flow[T]) -> T:
    return await run_async(flow, concurrency=settings().concurrency)


async def create_array(
    store: Any,
    *,
    name: str | None = None,
    overwrite: bool = False,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> AsyncArray:
    """Create an array; see `zarr.create_array`."""
    at = make_store_path(store, path=name or "", mode="w" if overwrite else "w-", storage_options=storage_options)
    return AsyncArray(*await _drive(_create.create_array(at, overwrite=overwrite, **kwargs)))


async def create_group(
    store: Any,
    *,
    path: str | None = None,
    zarr_format: int | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> AsyncGroup:
    """Create a group; see `zarr.create_group`."""
    at = make_store_path(store, path=path or "", mode="w" if overwrite else "w-", storage_options=storage_options)
    flow = _create.create_group(at, zarr_format=zarr_format, overwrite=overwrite, attributes=attributes)
    return AsyncGroup(*await _drive(flow))


async def open_array(
    store: Any = None,
    *,
    zarr_format: int | None = None,
    path: str | None = "",
    storage_options: dict[str, Any] | None = None,
    config: Any = None,
    mode: Mode = "a",
    **kwargs: Any,
) -> AsyncArray:
    """Open an array, or create it; see `zarr.open_array`."""
    at = make_store_path(store, path=path or "", mode=mode, storage_options=storage_options)
    flow = _create.open_array(at, mode=mode, zarr_format=zarr_format, config=config, **kwargs)
    return AsyncArray(*await _drive(flow))


async def open_group(
    store: Any = None,
    *,
    mode: Mode = "a",
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    zarr_format: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    use_consolidated: bool | str | None = None,
) -> AsyncGroup:
    """Open a group, or create it; see `zarr.open_group`."""
    at = make_store_path(store, path=path or "", mode=mode, storage_options=storage_options)
    flow = _create.open_group(
        at, mode=mode, zarr_format=zarr_format, attributes=attributes, use_consolidated=use_consolidated
    )
    return AsyncGroup(*await _drive(flow))


async def open(
    store: Any = None,
    *,
    mode: Mode = "a",
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: Any = None,
    **kwargs: Any,
) -> AsyncArray | AsyncGroup:
    """Open what is at a path, array or group; see `zarr.open`."""
    at = make_store_path(store, path=path or "", mode=mode, storage_options=storage_options)
    flow = _create.open_node(at, mode=mode, zarr_format=zarr_format, config=config, **kwargs)
    parts = await _drive(flow)
    if isinstance(parts[0], GroupMetadata):
        return AsyncGroup(parts[0], parts[1])
    return AsyncArray(*parts)


async def consolidate_metadata(store: Any, path: str | None = None, zarr_format: int | None = None) -> AsyncGroup:
    """Store, in a group, the metadata of everything below it; see `zarr.consolidate_metadata`."""
    at = make_store_path(store, path=path or "", mode="r+")
    return AsyncGroup(await _drive(consolidate.consolidate(at, zarr_format)), at)
