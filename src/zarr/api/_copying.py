"""Functions of `zarr` that copy nodes and keys from store to store. See `zarr.api.synchronous`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zarr._calls import functions
from zarr._calls.copy import Counts, IfExists, Log
from zarr._calls.hdf5 import Hdf5Node
from zarr._faces.array import Array
from zarr._faces.group import Group
from zarr._flow.drive import run
from zarr._store.make import StoreLike


def copy(
    source: Array | Group | Hdf5Node,
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
        What is copied. A dataset or a group of h5py is taken, too.
    dest
        Where it goes.
    name
        What it is called there; as in the source if None. `"/"` copies a group onto the destination itself.
    shallow
        True copies a group without its members.
    without_attrs
        True leaves the attributes behind.
    log
        Takes a line per node, which tells of codecs that become others: a function, a file name, or an open file.
    if_exists
        `"raise"` an error, `"replace"`, `"skip"`, or `"skip_initialized"`: skip an array all of whose chunks are stored.
    dry_run
        True only logs and counts.
    **create_kws
        Keywords of `from_array` but `overwrite`, to change something on the way (`chunks`, `compressors`, ...). With
        `zarr_format`, groups are of that format too, and not of the destination's. Codecs that the other format has are kept.

    Returns
    -------
    Counts
        Numbers of copied nodes, of skipped nodes, and of bytes.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is a node already, and `if_exists` is `"raise"`.
    UnknownDataTypeError, MetadataValidationError
        If there is something in HDF5 that Zarr does not have. Nothing is copied then.

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
    flow = functions.copy_call(source, dest, name, shallow, without_attrs, log, if_exists, dry_run, create_kws)
    return run(flow)


def copy_all(
    source: Group | Hdf5Node,
    dest: Group,
    shallow: bool = False,
    without_attrs: bool = False,
    log: Log = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    **create_kws: Any,
) -> Counts:
    """Copy every member of a group into another group, and its attributes.

    Parameters
    ----------
    source, dest
        Groups, of any stores and formats. The source may be one of h5py.
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
    UnknownDataTypeError, MetadataValidationError
        If there is something in HDF5 that Zarr does not have. Nothing is copied then.

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
    flow = functions.copy_all_call(source, dest, shallow, without_attrs, log, if_exists, dry_run, create_kws)
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
    dry_run, log
        As in `copy`.

    Returns
    -------
    Counts
        Numbers of copied keys, of skipped keys, and of bytes.

    Raises
    ------
    FileNotFoundError
        If nothing is stored there.
    ContainsGroupError
        If a key exists in the destination, with `if_exists="raise"`.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> source, dest = zarr.storage.MemoryStore(), zarr.storage.MemoryStore()
    >>> zarr.save(source, np.arange(4))
    >>> zarr.copy_store(source, dest)[:2]
    (2, 0)
    """
    flow = functions.copy_store_call(
        source, dest, source_path, dest_path, excludes, includes, flags, if_exists, dry_run, log
    )
    return run(flow)
