"""Functions of `zarr` that open nodes, or create them where there are none, and look at what is there. See `zarr.api.synchronous`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._calls import Mode, functions
from zarr._calls.keywords import (
    GROUP_DEFAULTS,
    OPEN_GROUP_DEFAULTS,
    GroupOptions,
    OpenGroupOptions,
    mode_by_name,
    takes,
)
from zarr._faces.array import Array
from zarr._faces.group import Group, as_face
from zarr._faces.tree import TreeRepr, draw
from zarr._flow.drive import run
from zarr._store.make import StoreLike

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.keywords import ConfigLike, OpenAnyOptions, OpenLikeOptions, OpenOptions, StorageOptions
    from zarr._dtype import ZarrFormat


@mode_by_name
def open(
    store: StoreLike | None = None,
    *,
    mode: Mode | None = None,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    config: ConfigLike | None = None,
    **kwargs: Unpack[OpenAnyOptions],
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
        Look for, or create, this format only. What is created has that of the group above if None, or the configuration's
        default where there is none.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.
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
    flow = functions.open_call(store, path, storage_options, mode, zarr_format=zarr_format, config=config, **kwargs)
    return as_face(*run(flow))


@mode_by_name
def open_array(
    store: StoreLike | None = None,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = "",
    storage_options: StorageOptions = None,
    config: ConfigLike | None = None,
    mode: Mode | None = None,
    **kwargs: Unpack[OpenOptions],
) -> Array:
    """Open an array, or create it.

    Parameters
    ----------
    store
        A store or a path.
    zarr_format
        Look for, or create, this format only. What is created has that of the group above if None, or the configuration's
        default where there is none.
    path
        Path of the array inside the store.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.
    config
        Settings of the returned array that are not stored.
    mode
        `"r"` read only; `"r+"` read and write; `"a"` also create, given a shape or data; `"w"` replace;
        `"w-"` create only. `"a"` if None, or `"r"` for a read-only store.
    **kwargs
        For creating: the keywords of `create_array`. They change nothing about an array that is there.

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
    flow = functions.open_array_call(
        store, path, storage_options, mode, zarr_format=zarr_format, config=config, **kwargs
    )
    return Array._at(*run(flow))


def open_like(a: Any, path: str, *, zarr_format: ZarrFormat | None = None, **kwargs: Unpack[OpenLikeOptions]) -> Array:
    """Open an array, or create one with the shape, dtype and chunks of another.

    As in zarr-python, `path` is a place inside of `store`, and no file: without a store the array is in memory, and gone when it is.

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
    return Array._at(*run(functions.open_like_call(a, path, zarr_format, kwargs)))


@mode_by_name
@takes(OpenGroupOptions, OPEN_GROUP_DEFAULTS)
def open_group(store: StoreLike | None = None, **options: Unpack[OpenGroupOptions]) -> Group:
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
        For a store that is reached through a URL: options of the library that gets there; refused for others.
    zarr_format
        Look for, or create, this format only. What is created has that of the group above if None, or the configuration's
        default where there is none.
    attributes
        Of a group that is created.
    use_consolidated
        None: use consolidated metadata if there is some. True: it must be there. False: ignore it.
    cache_attrs, synchronizer, chunk_store, meta_array
        Without effect; a warning says so.

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
    return Group._at(*run(functions.open_group_call(store, **options)))


@takes(GroupOptions, GROUP_DEFAULTS)
def group(store: StoreLike | None = None, **options: Unpack[GroupOptions]) -> Group:
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
        Look for, or create, this format only. What is created has that of the group above if None, or the configuration's
        default where there is none.
    attributes
        Of a group that is created.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.
    chunk_store, cache_attrs, synchronizer, meta_array
        Without effect; a warning says so.

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
    return Group._at(*run(functions.group_call(store, **options)))


def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> Group:
    """Open a group from its consolidated metadata, which must be there: nothing is created, whatever the mode.

    Parameters
    ----------
    *args, **kwargs
        As in `open_group`.
    use_consolidated
        True, or the key of the consolidated metadata in format 2 if it is not `.zmetadata`.

    Raises
    ------
    GroupNotFoundError
        If there is no group.
    TypeError
        If `use_consolidated` is False.
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
    return Group._at(*run(functions.open_consolidated_call(*args, use_consolidated=use_consolidated, **kwargs)))


def consolidate_metadata(store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None) -> Group:
    """Store, in a group, the metadata of everything below it, so that opening it takes one read.

    The result is a copy. What is changed through a group that was opened with it is changed in it too; other changes do not
    show in it until it is made again. What it cannot hold is left out, with a warning: nodes of the other format, and nodes
    that cannot be read.

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
    return Group._at(*run(functions.consolidate_metadata_call(store, path, zarr_format)))


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
    return run(draw(functions.group_to_draw(grp), expand, level))
