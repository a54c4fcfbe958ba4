"""The functions of `zarr` as coroutines: the same flows, driven on the running event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._calls import DEFAULT_FILL_VALUE, Mode, calls
from zarr._calls.copy import Counts
from zarr._faces.async_array import AsyncArray
from zarr._faces.async_group import AsyncGroup, as_async_face
from zarr._faces.tree import TreeRepr
from zarr._flow import consolidate
from zarr._flow.drive import run_async
from zarr._metadata.group import GroupMetadata
from zarr._store.make import StoreLike
from zarr._store.path import StorePath

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._codec.base import ArrayConfig
    from zarr._metadata.group import NodeMetadata

__all__ = [
    "array",
    "consolidate_metadata",
    "copy",
    "copy_all",
    "copy_store",
    "create",
    "create_array",
    "create_group",
    "create_hierarchy",
    "empty",
    "empty_like",
    "from_array",
    "full",
    "full_like",
    "group",
    "load",
    "ones",
    "ones_like",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "open_like",
    "save",
    "save_array",
    "save_group",
    "tree",
    "zeros",
    "zeros_like",
]


async def create_array(
    store: StoreLike,
    *,
    name: str | None = None,
    shape: int | Iterable[int] | None = None,
    dtype: npt.DTypeLike | None = None,
    data: Any = None,
    chunks: Any = "auto",
    shards: Any = None,
    filters: Any = "auto",
    compressors: Any = "auto",
    serializer: Any = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: str | None = None,
    zarr_format: int | None = 3,
    attributes: Mapping[str, Any] | None = None,
    chunk_key_encoding: Any = None,
    dimension_names: Sequence[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    overwrite: bool = False,
    config: ArrayConfig | dict[str, Any] | None = None,
    write_data: bool = True,
) -> AsyncArray:
    """See `zarr.create_array`."""
    return AsyncArray(*await run_async(calls.create_array_call(**locals())))


async def create(
    shape: int | Iterable[int],
    *,
    chunks: Any = None,
    dtype: Any = None,
    compressor: Any = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: str | None = None,
    store: StoreLike | None = None,
    synchronizer: Any = None,
    overwrite: bool = False,
    path: str | None = None,
    chunk_store: Any = None,
    filters: Any = None,
    cache_metadata: bool | None = None,
    cache_attrs: bool | None = None,
    read_only: bool | None = None,
    object_codec: Any = None,
    dimension_separator: str | None = None,
    write_empty_chunks: bool | None = None,
    zarr_format: int | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, Any] | None = None,
    chunk_shape: Any = None,
    chunk_key_encoding: Any = None,
    codecs: Iterable[Any] | None = None,
    dimension_names: Sequence[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfig | dict[str, Any] | None = None,
    mode: Mode | None = None,
    data: Any = None,
) -> AsyncArray:
    """See `zarr.create`."""
    return AsyncArray(*await run_async(calls.create_call(**locals())))


async def from_array(
    store: StoreLike,
    *,
    data: Any,
    write_data: bool = True,
    name: str | None = None,
    chunks: Any = "keep",
    shards: Any = "keep",
    filters: Any = "keep",
    compressors: Any = "keep",
    serializer: Any = "keep",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: str | None = None,
    zarr_format: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    chunk_key_encoding: Any = None,
    dimension_names: Sequence[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    overwrite: bool = False,
    config: ArrayConfig | dict[str, Any] | None = None,
) -> AsyncArray:
    """See `zarr.from_array`."""
    return AsyncArray(*await run_async(calls.from_array_call(**locals())))


async def array(data: npt.ArrayLike | AsyncArray, **kwargs: Any) -> AsyncArray:
    """See `zarr.array`."""
    return AsyncArray(*await run_async(calls.array_call(data, **kwargs)))


async def empty(shape: int | Iterable[int], **kwargs: Any) -> AsyncArray:
    """See `zarr.empty`."""
    return AsyncArray(*await run_async(calls.create_call(shape=shape, **kwargs)))


async def zeros(shape: int | Iterable[int], **kwargs: Any) -> AsyncArray:
    """See `zarr.zeros`."""
    return await empty(shape, fill_value=0, **kwargs)


async def ones(shape: int | Iterable[int], **kwargs: Any) -> AsyncArray:
    """See `zarr.ones`."""
    return await empty(shape, fill_value=1, **kwargs)


async def full(shape: int | Iterable[int], fill_value: Any, **kwargs: Any) -> AsyncArray:
    """See `zarr.full`."""
    return await empty(shape, fill_value=fill_value, **kwargs)


async def empty_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> AsyncArray:
    """See `zarr.empty_like`."""
    return AsyncArray(*await run_async(calls.create_call(**_calls.like_filled(a, zarr_format, kwargs))))


async def zeros_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> AsyncArray:
    """See `zarr.zeros_like`."""
    return await empty_like(a, zarr_format=zarr_format, **{"fill_value": 0, **kwargs})


async def ones_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> AsyncArray:
    """See `zarr.ones_like`."""
    return await empty_like(a, zarr_format=zarr_format, **{"fill_value": 1, **kwargs})


async def full_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> AsyncArray:
    """See `zarr.full_like`."""
    return AsyncArray(*await run_async(calls.create_call(**_calls.like_filled(a, zarr_format, kwargs))))


async def open_like(a: Any, path: str, *, zarr_format: int | None = None, **kwargs: Any) -> AsyncArray:
    """See `zarr.open_like`."""
    return await open_array(path=path, **_calls.like_filled(a, zarr_format, kwargs))


async def create_group(
    store: StoreLike,
    *,
    path: str | None = None,
    zarr_format: int | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> AsyncGroup:
    """See `zarr.create_group`."""
    return AsyncGroup(*await run_async(calls.create_group_call(**locals())))


async def create_hierarchy(
    *, store: StoreLike, nodes: Mapping[str, NodeMetadata], overwrite: bool = False
) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
    """See `zarr.create_hierarchy`."""
    at, flow = calls.create_hierarchy_call(store=store, nodes=nodes, overwrite=overwrite)
    for path, metadata in await run_async(flow):
        yield path, as_async_face(metadata, StorePath(at.store, f"{at.path}/{path}"))


async def group(
    store: StoreLike | None = None,
    *,
    overwrite: bool = False,
    chunk_store: Any = None,
    cache_attrs: bool | None = None,
    synchronizer: Any = None,
    path: str | None = None,
    zarr_format: int | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, Any] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> AsyncGroup:
    """See `zarr.group`."""
    return AsyncGroup(*await run_async(calls.group_call(**locals())))


async def open_array(
    store: StoreLike | None = None,
    *,
    zarr_format: int | None = None,
    path: str | None = "",
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfig | dict[str, Any] | None = None,
    mode: Mode | None = None,
    **kwargs: Any,
) -> AsyncArray:
    """See `zarr.open_array`."""
    flow = calls.open_array_call(
        store=store,
        path=path,
        storage_options=storage_options,
        mode=mode,
        zarr_format=zarr_format,
        config=config,
        **kwargs,
    )
    return AsyncArray(*await run_async(flow))


async def open_group(
    store: StoreLike | None = None,
    *,
    mode: Mode = "a",
    cache_attrs: bool | None = None,
    synchronizer: Any = None,
    path: str | None = None,
    chunk_store: Any = None,
    storage_options: dict[str, Any] | None = None,
    zarr_format: int | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, Any] | None = None,
    use_consolidated: bool | str | None = None,
) -> AsyncGroup:
    """See `zarr.open_group`."""
    return AsyncGroup(*await run_async(calls.open_group_call(**locals())))


async def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> AsyncGroup:
    """See `zarr.open_consolidated`."""
    return await open_group(*args, use_consolidated=use_consolidated, **kwargs)


async def open(
    store: StoreLike | None = None,
    *,
    mode: Mode | None = None,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfig | dict[str, Any] | None = None,
    **kwargs: Any,
) -> AsyncArray | AsyncGroup:
    """See `zarr.open`."""
    flow = calls.open_call(
        store=store,
        path=path,
        storage_options=storage_options,
        mode=mode,
        zarr_format=zarr_format,
        config=config,
        **kwargs,
    )
    parts = await run_async(flow)
    if isinstance(parts[0], GroupMetadata):
        return AsyncGroup(parts[0], parts[1])
    return AsyncArray(*parts)


async def consolidate_metadata(store: StoreLike, path: str | None = None, zarr_format: int | None = None) -> AsyncGroup:
    """See `zarr.consolidate_metadata`."""
    at = calls.place(store, path, "r+")
    return AsyncGroup(await run_async(consolidate.consolidate(at, zarr_format)), at)


async def save_array(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """See `zarr.save_array`."""
    await run_async(
        calls.save_array_call(
            store=store, arr=arr, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
        )
    )


async def save_group(
    store: StoreLike,
    *args: Any,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """See `zarr.save_group`."""
    await run_async(
        calls.save_group_call(
            *args, store=store, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
        )
    )


async def save(
    store: StoreLike,
    *args: Any,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """See `zarr.save`."""
    if len(args) == 1 and not kwargs:
        await save_array(store, args[0], zarr_format=zarr_format, path=path, storage_options=storage_options)
    else:
        await save_group(store, *args, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs)


async def load(store: StoreLike, path: str | None = None, zarr_format: int | None = None) -> Any:
    """See `zarr.load`."""
    return await run_async(calls.load_call(store=store, path=path, zarr_format=zarr_format))


async def tree(grp: AsyncGroup, expand: bool | None = None, level: int | None = None) -> TreeRepr:
    """See `zarr.tree`."""
    return await grp.tree(expand=expand, level=level)


async def copy(source: AsyncArray | AsyncGroup, dest: AsyncGroup, **kwargs: Any) -> Counts:
    """See `zarr.copy`."""
    return await run_async(calls.copy_call(source, dest, **kwargs))


async def copy_all(source: AsyncGroup, dest: AsyncGroup, **kwargs: Any) -> Counts:
    """See `zarr.copy_all`."""
    return await run_async(calls.copy_all_call(source, dest, **kwargs))


async def copy_store(source: StoreLike, dest: StoreLike, **kwargs: Any) -> Counts:
    """See `zarr.copy_store`."""
    return await run_async(calls.copy_store_call(source, dest, **kwargs))
