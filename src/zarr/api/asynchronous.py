"""The functions of `zarr` as coroutines: the same flows, driven on the running event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from zarr._calls import Mode, functions
from zarr._calls.arrays import ARRAY_DEFAULTS, ONES, ZEROS
from zarr._calls.copy import Counts, IfExists, Log
from zarr._calls.hdf5 import Hdf5Node
from zarr._calls.keywords import (
    GROUP_DEFAULTS,
    OPEN_GROUP_DEFAULTS,
    ArrayOptions,
    FromArrayOptions,
    GroupOptions,
    OlderOptions,
    OpenGroupOptions,
    takes,
)
from zarr._calls.legacy import OLDER_DEFAULTS
from zarr._calls.like import FROM_ARRAY_DEFAULTS
from zarr._faces.async_array import AsyncArray
from zarr._faces.async_group import AsyncGroup, as_async_face
from zarr._faces.tree import TreeRepr, draw
from zarr._flow.drive import run_async
from zarr._store.make import StoreLike
from zarr._support.public_names import public_names_of

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from zarr._calls.keywords import (
        AnyOptions,
        ConfigLike,
        EmptyOptions,
        FilledOptions,
        LikeOptions,
        OpenAnyOptions,
        OpenLikeOptions,
        OpenOptions,
        SaveOptions,
        ShapeLike,
        StorageOptions,
    )
    from zarr._dtype import ZarrFormat
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


@takes(ArrayOptions, ARRAY_DEFAULTS)
async def create_array(
    store: StoreLike,
    *,
    name: str | None = None,
    storage_options: StorageOptions = None,
    **options: Unpack[ArrayOptions],
) -> AsyncArray:
    """See `zarr.create_array`."""
    return AsyncArray(*await run_async(functions.create_array_call(store, name, storage_options, **options)))


@takes(OlderOptions, OLDER_DEFAULTS)
async def create(shape: ShapeLike, **options: Unpack[OlderOptions]) -> AsyncArray:
    """See `zarr.create`."""
    return AsyncArray(*await run_async(functions.create_call(shape, **options)))


@takes(FromArrayOptions, FROM_ARRAY_DEFAULTS)
async def from_array(
    store: StoreLike,
    *,
    data: npt.ArrayLike | AsyncArray,
    write_data: bool = True,
    name: str | None = None,
    storage_options: StorageOptions = None,
    **options: Unpack[FromArrayOptions],
) -> AsyncArray:
    """See `zarr.from_array`."""
    flow = functions.from_array_call(store, data, write_data, name, storage_options, **options)
    return AsyncArray(*await run_async(flow))


async def array(data: npt.ArrayLike | AsyncArray, **kwargs: Unpack[AnyOptions]) -> AsyncArray:
    """See `zarr.array`."""
    return AsyncArray(*await run_async(functions.array_call(data, **kwargs)))


async def empty(shape: ShapeLike, **kwargs: Unpack[EmptyOptions]) -> AsyncArray:
    """See `zarr.empty`."""
    return AsyncArray(*await run_async(functions.empty_call(shape, **kwargs)))


async def zeros(shape: ShapeLike, **kwargs: Unpack[FilledOptions]) -> AsyncArray:
    """See `zarr.zeros`."""
    return AsyncArray(*await run_async(functions.filled_call("zeros", shape, ZEROS, kwargs)))


async def ones(shape: ShapeLike, **kwargs: Unpack[FilledOptions]) -> AsyncArray:
    """See `zarr.ones`."""
    return AsyncArray(*await run_async(functions.filled_call("ones", shape, ONES, kwargs)))


async def full(shape: ShapeLike, fill_value: Any, **kwargs: Unpack[FilledOptions]) -> AsyncArray:
    """See `zarr.full`."""
    return AsyncArray(*await run_async(functions.empty_call(shape, fill_value=fill_value, **kwargs)))


async def empty_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> AsyncArray:
    """See `zarr.empty_like`."""
    return AsyncArray(*await run_async(functions.like_call(a, zarr_format, kwargs)))


async def zeros_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> AsyncArray:
    """See `zarr.zeros_like`."""
    return AsyncArray(*await run_async(functions.like_call(a, zarr_format, {"fill_value": ZEROS, **kwargs})))


async def ones_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> AsyncArray:
    """See `zarr.ones_like`."""
    return AsyncArray(*await run_async(functions.like_call(a, zarr_format, {"fill_value": ONES, **kwargs})))


async def full_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> AsyncArray:
    """See `zarr.full_like`."""
    return AsyncArray(*await run_async(functions.like_call(a, zarr_format, kwargs)))


async def open_like(
    a: Any, path: str, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[OpenLikeOptions]
) -> AsyncArray:
    """See `zarr.open_like`."""
    return AsyncArray(*await run_async(functions.open_like_call(a, path, zarr_format, kwargs)))


async def create_group(
    store: StoreLike,
    *,
    path: str | None = None,
    zarr_format: ZarrFormat | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: StorageOptions = None,
) -> AsyncGroup:
    """See `zarr.create_group`."""
    flow = functions.create_group_call(
        store,
        path=path,
        zarr_format=zarr_format,
        overwrite=overwrite,
        attributes=attributes,
        storage_options=storage_options,
    )
    return AsyncGroup(*await run_async(flow))


async def create_hierarchy(
    *, store: StoreLike, nodes: Mapping[str, NodeMetadata], overwrite: bool = False
) -> AsyncIterator[tuple[str, AsyncArray | AsyncGroup]]:
    """See `zarr.create_hierarchy`."""
    for path, metadata, at in await run_async(functions.create_hierarchy_call(store, nodes, overwrite=overwrite)):
        yield path, as_async_face(metadata, at)


@takes(GroupOptions, GROUP_DEFAULTS)
async def group(store: StoreLike | None = None, **options: Unpack[GroupOptions]) -> AsyncGroup:
    """See `zarr.group`."""
    return AsyncGroup(*await run_async(functions.group_call(store, **options)))


async def open_array(
    store: StoreLike | None = None,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = "",
    storage_options: StorageOptions = None,
    config: ConfigLike | None = None,
    mode: Mode | None = None,
    **kwargs: Unpack[OpenOptions],
) -> AsyncArray:
    """See `zarr.open_array`."""
    flow = functions.open_array_call(
        store, path, storage_options, mode, zarr_format=zarr_format, config=config, **kwargs
    )
    return AsyncArray(*await run_async(flow))


@takes(OpenGroupOptions, OPEN_GROUP_DEFAULTS)
async def open_group(store: StoreLike | None = None, **options: Unpack[OpenGroupOptions]) -> AsyncGroup:
    """See `zarr.open_group`."""
    return AsyncGroup(*await run_async(functions.open_group_call(store, **options)))


async def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> AsyncGroup:
    """See `zarr.open_consolidated`."""
    flow = functions.open_consolidated_call(*args, use_consolidated=use_consolidated, **kwargs)
    return AsyncGroup(*await run_async(flow))


async def open(
    store: StoreLike | None = None,
    *,
    mode: Mode | None = None,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    config: ConfigLike | None = None,
    **kwargs: Unpack[OpenAnyOptions],
) -> AsyncArray | AsyncGroup:
    """See `zarr.open`."""
    flow = functions.open_call(store, path, storage_options, mode, zarr_format=zarr_format, config=config, **kwargs)
    return as_async_face(*await run_async(flow))


async def consolidate_metadata(
    store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None
) -> AsyncGroup:
    """See `zarr.consolidate_metadata`."""
    return AsyncGroup(*await run_async(functions.consolidate_metadata_call(store, path, zarr_format)))


async def save_array(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Unpack[SaveOptions],
) -> None:
    """See `zarr.save_array`."""
    flow = functions.save_array_call(
        store, arr, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
    )
    await run_async(flow)


async def save_group(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Any,
) -> None:
    """See `zarr.save_group`."""
    flow = functions.save_group_call(
        store, args, kwargs, zarr_format=zarr_format, path=path, storage_options=storage_options
    )
    await run_async(flow)


async def save(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Any,
) -> None:
    """See `zarr.save`."""
    flow = functions.save_call(store, args, kwargs, zarr_format=zarr_format, path=path, storage_options=storage_options)
    await run_async(flow)


async def load(store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None) -> Any:
    """See `zarr.load`."""
    return await run_async(functions.load_call(store, path, zarr_format))


async def tree(grp: AsyncGroup, expand: bool | None = None, level: int | None = None) -> TreeRepr:
    """See `zarr.tree`."""
    return await run_async(draw(functions.group_to_draw(grp), expand, level))


async def copy(
    source: AsyncArray | AsyncGroup | Hdf5Node,
    dest: AsyncGroup,
    name: str | None = None,
    shallow: bool = False,
    without_attrs: bool = False,
    log: Log = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    **create_kws: Any,
) -> Counts:
    """See `zarr.copy`."""
    flow = functions.copy_call(source, dest, name, shallow, without_attrs, log, if_exists, dry_run, create_kws)
    return await run_async(flow)


async def copy_all(
    source: AsyncGroup | Hdf5Node,
    dest: AsyncGroup,
    shallow: bool = False,
    without_attrs: bool = False,
    log: Log = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    **create_kws: Any,
) -> Counts:
    """See `zarr.copy_all`."""
    flow = functions.copy_all_call(source, dest, shallow, without_attrs, log, if_exists, dry_run, create_kws)
    return await run_async(flow)


async def copy_store(
    source: StoreLike,
    dest: StoreLike,
    source_path: str = "",
    dest_path: str = "",
    excludes: str | Iterable[str] | None = None,
    includes: str | Iterable[str] | None = None,
    flags: int = 0,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    log: Log = None,
) -> Counts:
    """See `zarr.copy_store`."""
    flow = functions.copy_store_call(
        source, dest, source_path, dest_path, excludes, includes, flags, if_exists, dry_run, log
    )
    return await run_async(flow)


__dir__ = public_names_of(__name__)
