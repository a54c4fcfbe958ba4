"""The functions of `zarr`: create, open, save, load and copy. Each is a flow and the synchronous driver."""

from zarr._support.public_names import public_names_of
from zarr.api._copying import copy, copy_all, copy_store
from zarr.api._creating import (
    array,
    create,
    create_array,
    create_group,
    create_hierarchy,
    empty,
    empty_like,
    from_array,
    full,
    full_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from zarr.api._opening import (
    consolidate_metadata,
    group,
    open,
    open_array,
    open_consolidated,
    open_group,
    open_like,
    tree,
)
from zarr.api._saving import load, save, save_array, save_group

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

for _name in __all__:
    globals()[_name].__module__ = __name__  # where users find them, whichever file they are in

__dir__ = public_names_of(__name__)
