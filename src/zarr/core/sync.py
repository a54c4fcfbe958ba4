"""From functions to coroutines and back."""

from zarr._compat.sync import SyncError, SyncMixin, _collect_aiterator, cleanup_resources, collect_aiterator, sync
from zarr._compat.sync import get_executor as _get_executor
from zarr._compat.sync import get_loop as _get_loop
from zarr._support.public_names import public_names_of

__all__ = [
    "SyncError",
    "SyncMixin",
    "_collect_aiterator",
    "_get_executor",
    "_get_loop",
    "cleanup_resources",
    "collect_aiterator",
    "sync",
]

__dir__ = public_names_of(__name__)
