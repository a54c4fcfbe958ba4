"""Chunked, compressed N-dimensional arrays in groups, stored as Zarr format 2 or 3 on any key-value store."""

from zarr._aio import AsyncArray, AsyncGroup
from zarr._array import Array
from zarr._config import config
from zarr._group import Group
from zarr.api.synchronous import (
    array,
    consolidate_metadata,
    create_array,
    create_group,
    empty,
    full,
    group,
    load,
    ones,
    open,
    open_array,
    open_consolidated,
    open_group,
    save,
    save_array,
    save_group,
    zeros,
)

__version__ = "3.5.0"

__all__ = [
    "Array",
    "AsyncArray",
    "AsyncGroup",
    "Group",
    "__version__",
    "array",
    "config",
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
