"""Creating and opening nodes: normalise the arguments, choose the defaults, then one flow each.

The functions here are flows, driven by `zarr.api.synchronous` and `zarr.api.asynchronous` and by the faces of groups.
They return metadata and place (and settings, for arrays); the callers make the face they need.
"""

from zarr._create.arrays import DEFAULT_FILL_VALUE, ArrayParts, create_array
from zarr._create.opening import (
    GroupParts,
    Mode,
    check_mode,
    create_group,
    open_array,
    open_group,
    open_node,
    require_group,
)

__all__ = [
    "DEFAULT_FILL_VALUE",
    "ArrayParts",
    "GroupParts",
    "Mode",
    "check_mode",
    "create_array",
    "create_group",
    "open_array",
    "open_group",
    "open_node",
    "require_group",
]
