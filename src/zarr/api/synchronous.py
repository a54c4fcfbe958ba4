"""The functions of `zarr`: create, open, save, load and copy. Each is a flow and the synchronous driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zarr import _calls
from zarr._calls import DEFAULT_FILL_VALUE, Mode, calls
from zarr._calls.copy import Counts, IfExists, Log
from zarr._faces.array import Array
from zarr._faces.group import Group, as_face
from zarr._faces.tree import TreeRepr
from zarr._flow import consolidate
from zarr._flow.drive import run
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
    shape
        Lengths in elements; those of `data` if that is given.
    dtype
        Type of the elements; that of `data` if that is given.
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
        Layout of the elements in the chunks of format 2, `"C"` or `"F"`. In format 3 it has no effect.
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
    Array
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
    return Array._at(*run(calls.create_array_call(**locals())))


def create(
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
) -> Array:
    """Create an array, with the keywords of zarr-python 2. New code is better off with `create_array`.

    Parameters
    ----------
    shape
        Lengths in elements.
    chunks, chunk_shape
        Shape of the chunks (either); chosen by size if None.
    dtype
        Type of the elements; float64 if None.
    compressor, filters
        Format 2 only: numcodecs codecs.
    dimension_separator
        Format 2 only: what separates chunk coordinates in keys, `"."` or `"/"`.
    codecs
        Format 3 only: the whole codec chain.
    chunk_key_encoding
        Format 3 only: the rule that makes keys.
    dimension_names
        Format 3 only: one name or None per dimension.
    fill_value
        As in `create_array`.
    attributes
        As in `create_array`.
    overwrite
        As in `create_array`.
    config
        As in `create_array`.
    storage_options
        As in `create_array`.
    order
        Layout of the elements in the chunks of format 2, `"C"` or `"F"`. In format 3 it has no effect.
    store
        A store or a path; in memory if None.
    path
        Path inside the store.
    zarr_format
        3 or 2; the configuration's default if None.
    mode
        `"w"` is the same as `overwrite=True`.
    data
        Initial contents.
    write_empty_chunks
        Older spelling of the setting in `config`.
    synchronizer, chunk_store, object_codec, meta_array
        Without effect; given, they warn.
    cache_metadata, cache_attrs, read_only
        Without effect; given, they warn.

    Examples
    --------
    >>> import zarr
    >>> zarr.create((10, 10), chunks=5, dtype="int8", zarr_format=2).chunks
    (5, 5)
    """
    return Array._at(*run(calls.create_call(**locals())))


def from_array(
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
) -> Array:
    """Create an array from another, or from one in memory, with its contents.

    Parameters
    ----------
    store
        A store or a path.
    name
        Path of the new array inside the store.
    data
        An array of this library or anything NumPy takes.
    write_data
        False makes the array without the contents.
    chunks, shards, filters, compressors, serializer
        As in `create_array`; `"keep"` takes over those of `data`, as far as the format has them.
    fill_value, chunk_key_encoding
        Taken over from `data` if not given.
    order
        Taken over from `data` if not given.
    zarr_format
        Taken over from `data` if not given.
    attributes
        Taken over from `data` if not given.
    dimension_names
        Taken over from `data` if not given. Between formats, dimension names travel in the attribute
        `_ARRAY_DIMENSIONS`, which xarray made customary for format 2.
    storage_options
        As in `create_array`.
    overwrite
        As in `create_array`.
    config
        As in `create_array`.

    Examples
    --------
    >>> import zarr
    >>> old = zarr.create_array({}, shape=6, chunks=2, dtype="int8", fill_value=3)
    >>> new = zarr.from_array({}, data=old, chunks=3)
    >>> new.chunks, new[:]
    ((3,), array([3, 3, 3, 3, 3, 3], dtype=int8))
    """
    return Array._at(*run(calls.from_array_call(**locals())))


def array(data: npt.ArrayLike | Array, **kwargs: Any) -> Array:
    """Create an array filled with `data`.

    Parameters
    ----------
    data
        An array of this library, whose chunks and codecs are taken over, or anything NumPy takes.
    **kwargs
        Keywords of `zarr.create`: `chunks`, `store` (in memory if not given), ...

    Returns
    -------
    Array
        The array.

    Examples
    --------
    >>> import zarr
    >>> zarr.array([[1, 2, 3], [4, 5, 6]], chunks=(1, 3))[:, 1]
    array([2, 5])
    """
    return Array._at(*run(calls.array_call(data, **kwargs)))


def empty(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array without contents: elements that are not written read as zero.

    Parameters
    ----------
    shape
        Lengths in elements; an integer is one dimension.
    **kwargs
        Keywords of `zarr.create`: `chunks`, `dtype` (float64 if not given), `store` (in memory if not given), ...

    Examples
    --------
    >>> import zarr
    >>> zarr.empty(3, dtype="int8")[:]
    array([0, 0, 0], dtype=int8)
    """
    return Array._at(*run(calls.create_call(shape=shape, **kwargs)))


def zeros(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array of zeros. They are its fill value; nothing but metadata is stored.

    Parameters
    ----------
    shape
        Lengths in elements; an integer is one dimension.
    **kwargs
        Keywords of `zarr.create`: `chunks`, `dtype` (float64 if not given), `store` (in memory if not given), ...

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros((2, 3), dtype="int8")[:]
    array([[0, 0, 0],
           [0, 0, 0]], dtype=int8)
    """
    return empty(shape, fill_value=0, **kwargs)


def ones(shape: int | Iterable[int], **kwargs: Any) -> Array:
    """Create an array of ones. They are its fill value; nothing but metadata is stored.

    Parameters
    ----------
    shape
        Lengths in elements; an integer is one dimension.
    **kwargs
        Keywords of `zarr.create`: `chunks`, `dtype` (float64 if not given), `store` (in memory if not given), ...

    Examples
    --------
    >>> import zarr
    >>> zarr.ones(3, dtype="int8")[:]
    array([1, 1, 1], dtype=int8)
    """
    return empty(shape, fill_value=1, **kwargs)


def full(shape: int | Iterable[int], fill_value: Any, **kwargs: Any) -> Array:
    """Create an array of one value. It is the fill value; nothing but metadata is stored.

    Parameters
    ----------
    shape
        Lengths in elements; an integer is one dimension.
    fill_value
        The value.
    **kwargs
        Keywords of `zarr.create`: `chunks`, `dtype` (float64 if not given), `store` (in memory if not given), ...

    Examples
    --------
    >>> import zarr
    >>> zarr.full(3, 2.5)[:]
    array([2.5, 2.5, 2.5])
    """
    return empty(shape, fill_value=fill_value, **kwargs)


def empty_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> Array:
    """Create an array without contents, with the shape, dtype and chunks of another.

    Parameters
    ----------
    a
        An array of this library, or anything NumPy takes.
    zarr_format
        3 or 2; that of `a` if None.
    **kwargs
        Keywords of `zarr.create`, which go before what `a` has.

    Examples
    --------
    >>> import zarr
    >>> zarr.empty_like(zarr.ones((4, 6), chunks=(2, 3))).chunks
    (2, 3)
    """
    return Array._at(*run(calls.create_call(**_calls.like_filled(a, zarr_format, kwargs))))


def zeros_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> Array:
    """Create an array of zeros, with the shape, dtype and chunks of another.

    Parameters
    ----------
    a
        An array of this library, or anything NumPy takes.
    zarr_format
        3 or 2; that of `a` if None.
    **kwargs
        Keywords of `zarr.create`, which go before what `a` has.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros_like([1.5, 2.5])[:]
    array([0., 0.])
    """
    return empty_like(a, zarr_format=zarr_format, **{"fill_value": 0, **kwargs})


def ones_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> Array:
    """Create an array of ones, with the shape, dtype and chunks of another.

    Parameters
    ----------
    a
        An array of this library, or anything NumPy takes.
    zarr_format
        3 or 2; that of `a` if None.
    **kwargs
        Keywords of `zarr.create`, which go before what `a` has.

    Examples
    --------
    >>> import zarr
    >>> zarr.ones_like([1.5, 2.5])[:]
    array([1., 1.])
    """
    return empty_like(a, zarr_format=zarr_format, **{"fill_value": 1, **kwargs})


def full_like(a: Any, *, zarr_format: int | None = None, **kwargs: Any) -> Array:
    """Create an array of one value, with the shape, dtype and chunks of another.

    Parameters
    ----------
    a
        An array of this library, or anything NumPy takes.
    zarr_format
        3 or 2; that of `a` if None.
    **kwargs
        Keywords of `zarr.create`, which go before what `a` has.
        `fill_value` is that of `a` if not given.

    Examples
    --------
    >>> import zarr
    >>> zarr.full_like([1.5, 2.5], fill_value=7)[:]
    array([7., 7.])
    """
    return Array._at(*run(calls.create_call(**_calls.like_filled(a, zarr_format, kwargs))))


def open_like(a: Any, path: str, *, zarr_format: int | None = None, **kwargs: Any) -> Array:
    """Open an array, or create one with the shape, dtype and chunks of another.

    Parameters
    ----------
    a
        An array of this library, or anything NumPy takes.
    path
        Path of the array inside the store.
    zarr_format
        3 or 2; that of `a` if None.
    **kwargs
        Keywords of `open_array`: `store` (in memory if not given), `mode`, ...

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.open_like(zarr.ones((4, 6), chunks=(2, 3)), "b", store=store).chunks
    (2, 3)
    """
    return open_array(path=path, **_calls.like_filled(a, zarr_format, kwargs))


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
    return Group._at(*run(calls.create_group_call(**locals())))


def create_hierarchy(
    *, store: StoreLike, nodes: Mapping[str, NodeMetadata], overwrite: bool = False
) -> Iterator[tuple[str, Array | Group]]:
    """Create many nodes from their metadata, and the groups on the way to them.

    Parameters
    ----------
    store
        A store, or a place in one.
    nodes
        Metadata of arrays and groups by path; `""` is the root.
    overwrite
        Delete nodes that are already there, with everything below them; otherwise they are an error.

    Returns
    -------
    Iterator[tuple[str, Array | Group]]
        Pairs of path and node, parents before their members.

    Raises
    ------
    ValueError
        If a node would lie inside an array, or formats are mixed.
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False. Nothing is created then.

    Examples
    --------
    >>> import zarr
    >>> metadata = zarr.create_array({}, shape=3, dtype="int8").metadata
    >>> [path for path, _ in zarr.create_hierarchy(store={}, nodes={"a/b": metadata})]
    ['', 'a', 'a/b']
    """
    at, flow = calls.create_hierarchy_call(store=store, nodes=nodes, overwrite=overwrite)
    return ((path, as_face(metadata, StorePath(at.store, f"{at.path}/{path}"))) for path, metadata in run(flow))


def group(
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
) -> Group:
    """Open the group at a path, or create it.

    Parameters
    ----------
    store
        A store or a path; in memory if None.
    path
        Path inside the store.
    overwrite
        Delete what is there and make a new group.
    zarr_format
        Look for, or create, this format only; for new groups the configuration's default if None.
    attributes
        Of a group that is created.
    storage_options
        For stores on remote systems.
    chunk_store, synchronizer, meta_array
        Without effect; given, they warn.
    cache_attrs
        Without effect; given, they warn.

    Raises
    ------
    ContainsArrayError
        If there is an array, and `overwrite` is False.

    Examples
    --------
    >>> import zarr
    >>> root = zarr.group()
    >>> root.create_array("a", shape=3, dtype="int8").name
    '/a'
    """
    return Group._at(*run(calls.group_call(**locals())))


def open_array(
    store: StoreLike | None = None,
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
    NodeTypeValidationError
        If there is a group.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> array = zarr.open_array(store, path="a", mode="w", shape=3, dtype="int8")
    >>> array[:] = 5
    >>> zarr.open_array(store, path="a", mode="r")[:]
    array([5, 5, 5], dtype=int8)
    """
    flow = calls.open_array_call(
        store=store,
        path=path,
        storage_options=storage_options,
        mode=mode,
        zarr_format=zarr_format,
        config=config,
        **kwargs,
    )
    return Array._at(*run(flow))


def open_group(
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
    cache_attrs
        Without effect; given, they warn.
    synchronizer, chunk_store, meta_array
        Without effect; given, they warn.

    Raises
    ------
    GroupNotFoundError
        If there is no group, and none may be created.
    ContainsArrayError
        If there is an array.
    ValueError
        If consolidated metadata are demanded, and there are none.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.open_group(store, path="a/b", attributes={"title": "new"}).name
    '/a/b'
    >>> zarr.open_group(store, mode="r")["a/b"].attrs["title"]
    'new'
    """
    return Group._at(*run(calls.open_group_call(**locals())))


def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> Group:
    """Open a group from its consolidated metadata, which must be there.

    Parameters
    ----------
    *args, **kwargs
        As in `open_group`.
    use_consolidated
        True, or the key of the consolidated metadata in format 2 if it is not `.zmetadata`.

    Raises
    ------
    ValueError
        If there are no consolidated metadata.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> _ = zarr.create_group(store, zarr_format=2).create_array("a", shape=3, dtype="int8")
    >>> _ = zarr.consolidate_metadata(store)
    >>> list(zarr.open_consolidated(store))
    ['a']
    """
    return open_group(*args, use_consolidated=use_consolidated, **kwargs)


def open(
    store: StoreLike | None = None,
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
    store
        A store or a path.
    path
        Path inside the store.
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

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> _ = zarr.create_array(store, name="a", shape=3, dtype="int8")
    >>> type(zarr.open(store)).__name__, type(zarr.open(store, path="a")).__name__
    ('Group', 'Array')
    """
    flow = calls.open_call(
        store=store,
        path=path,
        storage_options=storage_options,
        mode=mode,
        zarr_format=zarr_format,
        config=config,
        **kwargs,
    )
    parts = run(flow)
    if isinstance(parts[0], GroupMetadata):
        return Group._at(parts[0], parts[1])
    return Array._at(*parts)


def consolidate_metadata(store: StoreLike, path: str | None = None, zarr_format: int | None = None) -> Group:
    """Store, in a group, the metadata of everything below it, so that opening it takes one read.

    The result is a snapshot: later changes do not show in it until it is made again.

    Parameters
    ----------
    store
        A store or a path.
    path
        Path of the group inside the store.
    zarr_format
        Look for this format only.

    Returns
    -------
    Group
        The group, with its consolidated metadata.

    Raises
    ------
    GroupNotFoundError
        If there is no group.

    Examples
    --------
    >>> import zarr
    >>> store = zarr.storage.MemoryStore()
    >>> _ = zarr.create_group(store, zarr_format=2).create_array("a", shape=3, dtype="int8")
    >>> list(zarr.consolidate_metadata(store).metadata.consolidated_metadata.metadata)
    ['a']
    """
    at = calls.place(store, path, "r+")
    return Group._at(run(consolidate.consolidate(at, zarr_format)), at)


def save_array(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Save one array, in place of a node that is there.

    Parameters
    ----------
    store
        A store or a path.
    arr
        The array.
    zarr_format
        3 or 2; the configuration's default if None.
    path
        Path of the array inside the store.
    storage_options
        For stores on remote systems.
    **kwargs
        Keywords of `zarr.create`.

    Raises
    ------
    TypeError
        If `arr` is no array.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save_array(store, np.arange(6), chunks=3)
    >>> zarr.open_array(store, mode="r").chunks
    (3,)
    """
    run(
        calls.save_array_call(
            store=store, arr=arr, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
        )
    )


def save_group(
    store: StoreLike,
    *args: Any,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Save several arrays in a group: those without a name as `arr_0`, `arr_1`, …, others under their keyword.

    Arrays of these names are replaced; other members of the group stay.

    Parameters
    ----------
    store
        A store or a path.
    *args, **kwargs
        The arrays.
    zarr_format
        3 or 2; the configuration's default if None.
    path
        Path of the group inside the store.
    storage_options
        For stores on remote systems.

    Raises
    ------
    TypeError
        If one of them is no array. Nothing is stored then.
    ValueError
        If there is none.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save_group(store, np.arange(2), mask=np.ones(2, bool))
    >>> sorted(zarr.load(store))
    ['arr_0', 'mask']
    """
    run(
        calls.save_group_call(
            *args, store=store, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
        )
    )


def save(
    store: StoreLike,
    *args: Any,
    zarr_format: int | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Save one array (as an array) or several (as a group, see `save_group`).

    Parameters
    ----------
    store
        A store or a path.
    *args, **kwargs
        The arrays.
    zarr_format
        3 or 2; the configuration's default if None.
    path
        Path of the node inside the store.
    storage_options
        For stores on remote systems.

    Raises
    ------
    TypeError
        If one of them is no array. Nothing is stored then.
    ValueError
        If there is none.

    Examples
    --------
    >>> import numpy as np, zarr
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
    """Read an array into memory, or the arrays of a group into a dict.

    Parameters
    ----------
    store
        A store or a path.
    path
        Path of the node inside the store.
    zarr_format
        Look for this format only.

    Returns
    -------
    Any
        A NumPy array, or a dict of NumPy arrays with the names of the direct members.

    Raises
    ------
    NodeNotFoundError
        If there is nothing.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save(store, a=np.arange(2), b=np.array([3.5]))
    >>> zarr.load(store)["b"]
    array([3.5])
    """
    return run(calls.load_call(store=store, path=path, zarr_format=zarr_format))


def tree(grp: Group, expand: bool | None = None, level: int | None = None) -> TreeRepr:
    """A drawing of the hierarchy below a group; see `Group.tree`.

    Parameters
    ----------
    grp
        The group.
    expand
        None; the widgets of zarr-python 2 are gone, and anything else is a NotImplementedError.
    level
        Depth: 0 draws the direct members, None all.

    Raises
    ------
    TypeError
        If `grp` is no group.

    Examples
    --------
    >>> import zarr
    >>> root = zarr.create_group({})
    >>> _ = root.create_array("a/b", shape=(2, 3), dtype="int8")
    >>> print(zarr.tree(root))
    /
    └── a
        └── b (2, 3) int8
    """
    if not isinstance(grp, Group):
        raise TypeError(f"a tree is drawn of a group, got {type(grp).__name__}; open one with zarr.open_group")
    return grp.tree(expand=expand, level=level)


def copy(
    source: Array | Group,
    dest: Group,
    name: str | None = None,
    shallow: bool = False,
    without_attrs: bool = False,
    log: Log = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    **create_kws: Any,
) -> Counts:
    """Copy an array or a group, with everything below it, into a group of any store.

    Attributes, fill values, dimension names and chunking are kept. Where nothing changes, the stored bytes are moved
    as they are; a destination of the other format, or keywords, make the elements be read and written anew.

    Parameters
    ----------
    source
        What is copied.
    dest
        Where it goes.
    name
        What it is called there; as in the source if None.
    shallow
        True copies a group without its members.
    without_attrs
        True leaves the attributes behind.
    log
        Takes a line per node: a function, a file name, or an open file.
    if_exists
        `"raise"` an error, `"replace"`, `"skip"`, or `"skip_initialized"`: skip an array all of whose chunks are stored.
    dry_run
        True only logs and counts.
    **create_kws
        Keywords of `from_array`, to change something on the way (`chunks`, `compressors`, ...).

    Returns
    -------
    Counts
        Numbers of copied nodes, of skipped nodes, and of bytes.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `if_exists` is `"raise"`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> old, new = zarr.create_group({}, zarr_format=2), zarr.create_group({}, zarr_format=3)
    >>> old["a"] = np.arange(4)
    >>> zarr.copy(old["a"], new)
    (1, 0, 32)
    >>> new["a"][:]
    array([0, 1, 2, 3])
    """
    flow = calls.copy_call(
        source,
        dest,
        name=name,
        shallow=shallow,
        without_attrs=without_attrs,
        log=log,
        if_exists=if_exists,
        dry_run=dry_run,
        **create_kws,
    )
    return run(flow)


def copy_all(
    source: Group,
    dest: Group,
    shallow: bool = False,
    without_attrs: bool = False,
    log: Log = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    **create_kws: Any,
) -> Counts:
    """Copy every member of a group into another group.

    Parameters
    ----------
    source, dest
        Groups, of any stores and formats.
    shallow, without_attrs, log, if_exists, dry_run, **create_kws
        As in `copy`.

    Returns
    -------
    Counts
        Numbers of copied nodes, of skipped nodes, and of bytes.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `if_exists` is `"raise"`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> old, new = zarr.create_group({}), zarr.create_group({})
    >>> old["a"], old["b/c"] = np.arange(2), np.ones(3)
    >>> zarr.copy_all(old, new)[:2]
    (3, 0)
    >>> sorted(path for path, _ in new.members(max_depth=None))
    ['a', 'b', 'b/c']
    """
    flow = calls.copy_all_call(
        source,
        dest,
        shallow=shallow,
        without_attrs=without_attrs,
        log=log,
        if_exists=if_exists,
        dry_run=dry_run,
        **create_kws,
    )
    return run(flow)


def copy_store(
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
    """Copy stored objects from store to store, key by key, without a look at what they mean.

    Parameters
    ----------
    source, dest
        Stores, or anything that is taken for one.
    source_path, dest_path
        Only what lies below the one, to below the other.
    excludes, includes
        Regular expressions: keys that match one of `excludes` are left out, unless one of `includes` matches too.
    flags
        For the regular expressions.
    if_exists
        `"raise"` an error (then nothing is copied), `"replace"` or `"skip"`.
    dry_run
        As in `copy`.
    log
        As in `copy`.

    Returns
    -------
    Counts
        Numbers of copied keys, of skipped keys, and of bytes.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> source, dest = zarr.storage.MemoryStore(), zarr.storage.MemoryStore()
    >>> zarr.save(source, np.arange(4))
    >>> zarr.copy_store(source, dest)[:2]
    (2, 0)
    """
    return run(calls.copy_store_call(**locals()))
