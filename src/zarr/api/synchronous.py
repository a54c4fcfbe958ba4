"""The functions of `zarr`: create, open, save and load. Each is a flow and the synchronous driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr import _create
from zarr._array import Array
from zarr._create import DEFAULT_FILL_VALUE, Mode
from zarr._flow import consolidate
from zarr._flow.drive import run
from zarr._group import Group
from zarr._metadata.group import GroupMetadata
from zarr._store.base import Store
from zarr._store.make import make_store_path
from zarr._store.path import StorePath

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._codec.base import ArrayConfig

StoreLike = Any

__all__ = [
    "array",
    "consolidate_metadata",
    "create_array",
    "create_group",
    "empty",
    "full",
    "group",
    "load",
    "ones",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "save",
    "save_array",
    "save_group",
    "zeros",
]


def create_array(
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
) -> Array:
    """Create an array.

    Parameters
    ----------
    store
        A store, a path, or a dict for an array in memory.
    name
        Path of the array inside the store; groups on the way to it are made.
    shape, dtype
        Lengths in elements, and the type of the elements. Taken from `data` if that is given.
    data
        Initial contents.
    chunks
        Shape of the chunks, each compressed on its own; `"auto"` for a choice by size.
    shards
        Shape of the shards: stored objects that hold many chunks. None for none, `"auto"` for a choice.
    filters, serializer, compressors
        Codecs array -> array, array -> bytes, bytes -> bytes. `"auto"` is none, the data type's own, and Zstandard;
        None is none. Format 2 takes numcodecs codecs.
    fill_value
        What absent elements read as; the data type's zero if not given.
    order
        Memory layout: of stored chunks in format 2, of arrays that reads return in format 3.
    zarr_format
        3 or 2.
    attributes
        JSON values under string keys.
    chunk_key_encoding
        Name or metadata of the rule that makes keys from chunk coordinates.
    dimension_names
        One name or None per dimension.
    storage_options
        For stores on remote systems.
    overwrite
        Delete a node that is already there; otherwise that is an error.
    config
        Settings of the returned array that are not stored.
    write_data
        False creates the array with the shape and type of `data` only.

    Returns
    -------
    The array.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(100, 100), chunks=(10, 10), shards=(50, 50), dtype="float32")
    >>> array.chunks, array.shards
    ((10, 10), (50, 50))
    """
    flow = _create.create_array(
        _place(store, name, "w" if overwrite else "w-", storage_options),
        shape=shape,
        dtype=dtype,
        data=data,
        chunks=chunks,
        shards=shards,
        filters=filters,
        compressors=compressors,
        serializer=serializer,
        fill_value=fill_value,
        order=order,
        zarr_format=zarr_format,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
        overwrite=overwrite,
        config=config,
        write_data=write_data,
    )
    return Array._at(*run(flow))


def array(data: npt.ArrayLike, **kwargs: Any) -> Array:
    """Create an array filled with `data`; keywords as in `create_array`, in memory unless `store` is given."""
    return create_array(kwargs.pop("store", None), name=kwargs.pop("path", None), data=data, **kwargs)


def zeros(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array of zeros; keywords as in `create_array`, in memory unless `store` is given."""
    return full(shape, 0, **kwargs)


def ones(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array of ones; keywords as in `create_array`, in memory unless `store` is given."""
    return full(shape, 1, **kwargs)


def empty(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array without contents; keywords as in `create_array`, in memory unless `store` is given."""
    kwargs.setdefault("dtype", "float64")
    return create_array(kwargs.pop("store", None), name=kwargs.pop("path", None), shape=shape, **kwargs)


def full(shape: int | Iterable[int], fill_value: Any, **kwargs: Any) -> Array:
    """Create an array of one value; keywords as in `create_array`, in memory unless `store` is given."""
    return empty(shape, fill_value=fill_value, **kwargs)


def create_group(
    store: StoreLike,
    *,
    path: str | None = None,
    zarr_format: int | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> Group:
    """Create a group.

    Parameters
    ----------
    store
        A store, a path, or a dict for a group in memory.
    path
        Path of the group inside the store; groups on the way to it are made.
    zarr_format
        3 or 2; the configuration's default if None.
    overwrite
        Delete a node that is already there; otherwise that is an error.
    attributes
        JSON values under string keys.
    storage_options
        For stores on remote systems.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False.

    Examples
    --------
    >>> import zarr
    >>> zarr.create_group({}, path="a", attributes={"made": "today"}).attrs["made"]
    'today'
    """
    at = _place(store, path, "w" if overwrite else "w-", storage_options)
    return Group._at(
        *run(_create.create_group(at, zarr_format=zarr_format, overwrite=overwrite, attributes=attributes))
    )


def group(
    store: StoreLike = None,
    *,
    overwrite: bool = False,
    path: str | None = None,
    zarr_format: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> Group:
    """Open the group at a path, or create it."""
    mode: Mode = "w" if overwrite else "a"
    return open_group(
        store,
        mode=mode,
        path=path,
        zarr_format=zarr_format,
        attributes=attributes,
        storage_options=storage_options,
    )


def open_array(
    store: StoreLike = None,
    *,
    zarr_format: int | None = None,
    path: str | None = "",
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfig | dict[str, Any] | None = None,
    mode: Mode | None = None,
    **kwargs: Any,
) -> Array:
    """Open an array, or create it.

    Parameters
    ----------
    store
        A store or a path.
    zarr_format
        Look for this format only.
    path
        Path of the array inside the store.
    storage_options
        For stores on remote systems.
    config
        Settings of the returned array that are not stored.
    mode
        `"r"` read only; `"r+"` read and write; `"a"` (default) also create, given a shape and a data type;
        `"w"` replace; `"w-"` create only.
    **kwargs
        For creating: the keywords of `create_array`.

    Raises
    ------
    ArrayNotFoundError
        If there is no array, and none may be created.
    """
    mode = _mode(mode, store)
    at = _place(store, path, mode, storage_options)
    flow = _create.open_array(at, mode=mode, zarr_format=zarr_format, config=config, **kwargs)
    return Array._at(*run(flow))


def open_group(
    store: StoreLike = None,
    *,
    mode: Mode = "a",
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    zarr_format: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    use_consolidated: bool | str | None = None,
) -> Group:
    """Open a group, or create it.

    Parameters
    ----------
    store
        A store or a path.
    mode
        `"r"` read only; `"r+"` read and write; `"a"` (default) also create; `"w"` replace; `"w-"` create only.
    path
        Path of the group inside the store.
    storage_options
        For stores on remote systems.
    zarr_format
        Look for, or create, this format only.
    attributes
        Of a group that is created.
    use_consolidated
        None: use consolidated metadata if there is some. True: it must be there. False: ignore it.

    Raises
    ------
    GroupNotFoundError
        If there is no group, and none may be created.
    """
    flow = _create.open_group(
        _place(store, path, mode, storage_options),
        mode=mode,
        zarr_format=zarr_format,
        attributes=attributes,
        use_consolidated=use_consolidated,
    )
    return Group._at(*run(flow))


def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> Group:
    """Open a group from its consolidated metadata, which must be there."""
    return open_group(*args, use_consolidated=use_consolidated, **kwargs)


def open(
    store: StoreLike = None,
    *,
    mode: Mode | None = None,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfig | dict[str, Any] | None = None,
    **kwargs: Any,
) -> Array | Group:
    """Open what is at a path, array or group.

    Parameters
    ----------
    store, path
        A store or a path, and a path inside it.
    mode
        As in `open_array`; `"a"` if None, or `"r"` for a read-only store.
    zarr_format
        Look for this format only.
    storage_options
        For stores on remote systems.
    config
        Settings of a returned array that are not stored.
    **kwargs
        For creating: with a `shape` or `data` an array (keywords of `create_array`), otherwise a group.

    Raises
    ------
    NodeNotFoundError
        If there is nothing, and nothing may be created.
    """
    mode = _mode(mode, store)
    at = _place(store, path, mode, storage_options)
    parts = run(_create.open_node(at, mode=mode, zarr_format=zarr_format, config=config, **kwargs))
    if isinstance(parts[0], GroupMetadata):
        return Group._at(parts[0], parts[1])
    return Array._at(*parts)


def consolidate_metadata(store: StoreLike, path: str | None = None, zarr_format: int | None = None) -> Group:
    """Store, in a group, the metadata of everything below it, so that opening it takes one read.

    The result is a snapshot: later changes do not show in it until it is made again.
    """
    at = _place(store, path, "r+", None)
    return Group._at(run(consolidate.consolidate(at, zarr_format)), at)


def save_array(
    store: StoreLike,
    arr: npt.ArrayLike,
    *,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Save one array, replacing a node that is there; keywords as in `create_array`."""
    create_array(
        store,
        name=path,
        data=np.asarray(arr),
        zarr_format=zarr_format,
        storage_options=storage_options,
        overwrite=True,
        **kwargs,
    )


def save_group(
    store: StoreLike,
    *args: npt.ArrayLike,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: npt.ArrayLike,
) -> None:
    """Save several arrays in a group: those without a name as `arr_0`, `arr_1`, …, others under their keyword."""
    if not args and not kwargs:
        raise ValueError("at least one array must be provided")
    named = {**{f"arr_{i}": arr for i, arr in enumerate(args)}, **kwargs}
    root = open_group(store, mode="a", path=path, zarr_format=zarr_format, storage_options=storage_options)
    for name, arr in named.items():
        root.create_array(name, data=np.asarray(arr), overwrite=True)


def save(
    store: StoreLike,
    *args: npt.ArrayLike,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: npt.ArrayLike,
) -> None:
    """Save one array (as an array) or several (as a group, see `save_group`).

    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save(store, np.arange(3))
    >>> zarr.load(store)
    array([0, 1, 2])
    """
    if len(args) == 1 and not kwargs:
        save_array(store, args[0], zarr_format=zarr_format, path=path, storage_options=storage_options)
    else:
        save_group(store, *args, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs)


def load(store: StoreLike, path: str | None = None, zarr_format: int | None = None) -> Any:
    """Read an array into memory, or the arrays of a group into a dict."""
    node = open(store, mode="r", path=path, zarr_format=zarr_format)
    if isinstance(node, Array):
        return node[()] if node.ndim == 0 else node[...]
    return {name: member[...] for name, member in node.arrays()}


def _place(store: StoreLike, path: str | None, mode: Mode, storage_options: dict[str, Any] | None) -> StorePath:
    return make_store_path(store, path=path or "", mode=mode, storage_options=storage_options)


def _mode(mode: Mode | None, store: StoreLike) -> Mode:
    if mode is not None:
        return mode
    read_only = isinstance(store, Store | StorePath) and store.read_only
    return "r" if read_only else "a"
