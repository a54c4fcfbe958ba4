"""Functions of `zarr` that create arrays and groups. See `zarr.api.synchronous`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zarr._calls import functions
from zarr._calls.arrays import ARRAY_DEFAULTS, ONES, ZEROS
from zarr._calls.keywords import ArrayOptions, FromArrayOptions, OlderOptions, takes
from zarr._calls.legacy import OLDER_DEFAULTS
from zarr._calls.like import FROM_ARRAY_DEFAULTS
from zarr._faces.array import Array
from zarr._faces.group import Group, as_face
from zarr._flow.drive import run
from zarr._store.make import StoreLike

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from zarr._calls.keywords import AnyOptions, EmptyOptions, FilledOptions, LikeOptions, ShapeLike, StorageOptions
    from zarr._dtype import ZarrFormat
    from zarr._metadata.group import NodeMetadata


@takes(ArrayOptions, ARRAY_DEFAULTS)
def create_array(
    store: StoreLike,
    *,
    name: str | None = None,
    storage_options: StorageOptions = None,
    **options: Unpack[ArrayOptions],
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
        Shape of the chunks, each compressed on its own; `"auto"` for a choice by size, which takes a length of 0 for one that
        will grow; a size, as `"4MB"`, for chunks of about that, and about as long along all dimensions. Several lengths for one dimension are those of its chunks one by one, `chunks=([31, 28, 31], 10)`, where the
        setting `array.rectilinear_chunks` permits that.
    shards
        Shape of the shards: stored objects that hold many chunks. None for none, `"auto"` for a choice, a size as for `chunks`.
        They too may have different lengths.
    filters
        Codecs from array to array, the first steps of encoding; of numcodecs in format 2. None is none, `"auto"` what the data
        type needs.
    serializer
        The codec from array to bytes; `"auto"` is the data type's own. Format 2 has none.
    compressors
        Codecs from bytes to bytes, the last steps; in format 2 one of numcodecs. `"auto"` is Zstandard, None is none.
    fill_value
        What absent elements read as; the data type's zero if not given.
    order
        Layout of the elements in the chunks of format 2, `"C"` or `"F"`. In format 3 it has no effect.
    zarr_format
        3 or 2; if not given, that of the group above, or 3 where there is none.
    attributes
        JSON values under string keys.
    chunk_key_encoding
        Name or metadata of the rule that makes keys from chunk coordinates.
    dimension_names
        One name or None per dimension.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.
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
    return Array._at(*run(functions.create_array_call(store, name, storage_options, **options)))


@takes(OlderOptions, OLDER_DEFAULTS)
def create(shape: ShapeLike, **options: Unpack[OlderOptions]) -> Array:
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
    fill_value, attributes, overwrite, config, storage_options
        As in `create_array`.
    order
        Layout of the elements in the chunks of format 2, `"C"` or `"F"`. In format 3 it has no effect.
    store
        A store or a path; in memory if None.
    path
        Path inside the store.
    zarr_format
        3 or 2; if None that of the group above, or the configuration's default where there is none.
    mode
        `"w"` is the same as `overwrite=True`.
    data
        Initial contents.
    write_empty_chunks
        Older spelling of the setting in `config`.
    object_codec
        Format 2 only: the codec of numcodecs that makes bytes of Python objects, where `dtype` is `object`, `str` or `bytes`.
    synchronizer, chunk_store, meta_array, cache_metadata, cache_attrs, read_only
        Without effect; a warning says so.

    Examples
    --------
    >>> import zarr
    >>> zarr.create((10, 10), chunks=5, dtype="int8", zarr_format=2).chunks
    (5, 5)
    """
    return Array._at(*run(functions.create_call(shape, **options)))


@takes(FromArrayOptions, FROM_ARRAY_DEFAULTS)
def from_array(
    store: StoreLike,
    *,
    data: npt.ArrayLike | Array,
    write_data: bool = True,
    name: str | None = None,
    storage_options: StorageOptions = None,
    **options: Unpack[FromArrayOptions],
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
    fill_value, chunk_key_encoding, order, zarr_format, attributes
        Taken over from `data` if not given.
    dimension_names
        Taken over from `data` if not given. Between formats, dimension names travel in the attribute
        `_ARRAY_DIMENSIONS`, which xarray made customary for format 2.
    storage_options, overwrite, config
        As in `create_array`.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `overwrite` is False.
    ValueError
        If `data` is an array that lies where something is to be replaced. Nothing is changed then.

    Examples
    --------
    >>> import zarr
    >>> old = zarr.create_array({}, shape=6, chunks=2, dtype="int8", fill_value=3)
    >>> new = zarr.from_array({}, data=old, chunks=3)
    >>> new.chunks, new[:]
    ((3,), array([3, 3, 3, 3, 3, 3], dtype=int8))
    """
    flow = functions.from_array_call(store, data, write_data, name, storage_options, **options)
    return Array._at(*run(flow))


def array(data: npt.ArrayLike | Array, **kwargs: Unpack[AnyOptions]) -> Array:
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
    return Array._at(*run(functions.array_call(data, **kwargs)))


def empty(shape: ShapeLike, **kwargs: Unpack[EmptyOptions]) -> Array:
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
    return Array._at(*run(functions.empty_call(shape, **kwargs)))


def zeros(shape: ShapeLike, **kwargs: Unpack[FilledOptions]) -> Array:
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
    return Array._at(*run(functions.filled_call("zeros", shape, ZEROS, kwargs)))


def ones(shape: ShapeLike, **kwargs: Unpack[FilledOptions]) -> Array:
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
    return Array._at(*run(functions.filled_call("ones", shape, ONES, kwargs)))


def full(shape: ShapeLike, fill_value: Any, **kwargs: Unpack[FilledOptions]) -> Array:
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
    return Array._at(*run(functions.empty_call(shape, fill_value=fill_value, **kwargs)))


def empty_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> Array:
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
    return Array._at(*run(functions.like_call(a, zarr_format, kwargs)))


def zeros_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> Array:
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
    return Array._at(*run(functions.like_call(a, zarr_format, {"fill_value": ZEROS, **kwargs})))


def ones_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> Array:
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
    return Array._at(*run(functions.like_call(a, zarr_format, {"fill_value": ONES, **kwargs})))


def full_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[LikeOptions]) -> Array:
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
    return Array._at(*run(functions.like_call(a, zarr_format, kwargs)))


def create_group(
    store: StoreLike,
    *,
    path: str | None = None,
    zarr_format: ZarrFormat | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, Any] | None = None,
    storage_options: StorageOptions = None,
) -> Group:
    """Create a group.

    Parameters
    ----------
    store
        A store, a path, or a dict for a group in memory.
    path
        Path of the group inside the store; groups on the way to it are made.
    zarr_format
        3 or 2; if None that of the group above, or the configuration's default where there is none.
    overwrite
        Delete a node that is already there; otherwise that is an error.
    attributes
        JSON values under string keys.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.

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
    flow = functions.create_group_call(
        store,
        path=path,
        zarr_format=zarr_format,
        overwrite=overwrite,
        attributes=attributes,
        storage_options=storage_options,
    )
    return Group._at(*run(flow))


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
    made = run(functions.create_hierarchy_call(store, nodes, overwrite=overwrite))
    return ((path, as_face(metadata, at)) for path, metadata, at in made)
