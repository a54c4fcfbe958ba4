"""Creating and opening nodes: normalise the arguments, choose the defaults, then one flow each.

The functions here are flows, driven by `zarr.api.synchronous` and `zarr.api.asynchronous` and by the faces of groups.
They return metadata and place (and settings, for arrays); the callers make the face they need.
"""

from zarr._calls.arrays import DEFAULT_FILL_VALUE, ArrayParts, create_array
from zarr._calls.hierarchy import create_many, expect, move, require_array, require_group
from zarr._calls.legacy import create, one_of, warn_without_effect
from zarr._calls.like import as_member, copy_elements, from_array, like, like_filled
from zarr._calls.opening import (
    GroupParts,
    Mode,
    check_mode,
    create_group,
    open_array,
    open_group,
    open_node,
)

__all__ = [
    "DEFAULT_FILL_VALUE",
    "ArrayParts",
    "GroupParts",
    "Mode",
    "as_member",
    "check_mode",
    "copy_elements",
    "create",
    "create_array",
    "create_group",
    "create_many",
    "expect",
    "from_array",
    "like",
    "like_filled",
    "move",
    "one_of",
    "open_array",
    "open_group",
    "open_node",
    "require_array",
    "require_group",
    "warn_without_effect",
]
