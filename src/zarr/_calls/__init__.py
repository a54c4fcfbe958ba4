"""From the arguments of public functions and methods to flows: normalise them, choose the defaults, then one flow each.

The flows are driven by `zarr.api.synchronous` and `zarr.api.asynchronous` (see `calls`) and by the faces of groups (see
`members`). They return metadata and place (and settings, for arrays); the callers make the face they need. `keywords` has
the keywords that all of them share.
"""

from zarr._calls.opening import Mode, create_group, open_array, open_group

__all__ = ["Mode", "create_group", "open_array", "open_group"]
