"""From functions to coroutines and back."""

from zarr._compat.sync import SyncMixin, collect_aiterator, sync
from zarr._support.public_names import public_names_of

__all__ = ["SyncMixin", "collect_aiterator", "sync"]

__dir__ = public_names_of(__name__)
