"""Functions of `zarr` that store NumPy arrays and read them back, in one call. See `zarr.api.synchronous`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._calls import functions
from zarr._flow.drive import run
from zarr._store.make import StoreLike

if TYPE_CHECKING:
    from typing import Unpack

    from zarr._calls.keywords import SaveOptions, StorageOptions
    from zarr._dtype import ZarrFormat


def save(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Any,
) -> None:
    """Save one array (as an array) or several (as a group, see `save_group`).

    One array replaces an array that is there, and no group. Several go into the group that is there, beside its other
    members; a member of the same name is replaced, be it a group.

    Parameters
    ----------
    store
        A store or a path.
    *args, **kwargs
        The arrays.
    zarr_format
        3 or 2; if None that of the group above, or the configuration's default where there is none.
    path
        Path of the node inside the store.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.

    Raises
    ------
    TypeError
        If one of them is no array. Nothing is stored then.
    ValueError
        If there is none, or two would have one name.
    ContainsGroupError
        If there is a group where one array is to be saved.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save(store, np.arange(3))
    >>> zarr.load(store)
    array([0, 1, 2])
    """
    flow = functions.save_call(store, args, kwargs, zarr_format=zarr_format, path=path, storage_options=storage_options)
    run(flow)


def save_array(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Unpack[SaveOptions],
) -> None:
    """Save one array, in place of an array that is there.

    Parameters
    ----------
    store
        A store or a path.
    arr
        The array.
    zarr_format
        3 or 2; if None that of the group above, or the configuration's default where there is none.
    path
        Path of the array inside the store.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.
    **kwargs
        Keywords of `zarr.create`; `mode="w"` or `overwrite=True` replaces a group as well, with all that is in it.

    Raises
    ------
    TypeError
        If `arr` is no array.
    ContainsGroupError
        If there is a group.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save_array(store, np.arange(6), chunks=3)
    >>> zarr.open_array(store, mode="r").chunks
    (3,)
    """
    flow = functions.save_array_call(
        store, arr, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs
    )
    run(flow)


def save_group(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: StorageOptions = None,
    **kwargs: Any,
) -> None:
    """Save several arrays in a group: those without a name as `arr_0`, `arr_1`, …, others under their keyword.

    Members of these names are replaced, groups with all that is in them; others stay. If storing fails, as on a full disk, what was made
    is taken away again, but for arrays in the place of others, which are gone.

    Parameters
    ----------
    store
        A store or a path.
    *args, **kwargs
        The arrays. One whose keyword is a path, as in `**{"raw/images": images}`, is put into a group below, from where
        `zarr.load(store, path="raw")` reads it.
    zarr_format
        3 or 2; if None that of the group above, or the configuration's default where there is none.
    path
        Path of the group inside the store.
    storage_options
        For a store that is reached through a URL: options of the library that gets there; refused for others.

    Raises
    ------
    TypeError
        If one of them is no array. Nothing is stored then.
    ValueError
        If there is none, or two would have one name.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> store = zarr.storage.MemoryStore()
    >>> zarr.save_group(store, np.arange(2), mask=np.ones(2, bool))
    >>> sorted(zarr.load(store))
    ['arr_0', 'mask']
    """
    flow = functions.save_group_call(
        store, args, kwargs, zarr_format=zarr_format, path=path, storage_options=storage_options
    )
    run(flow)


def load(store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None) -> Any:
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
        A NumPy array, or a dict of NumPy arrays with the names of the direct members. What is in groups below is not read: `path`
        says which of them.

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
    return run(functions.load_call(store, path, zarr_format))
