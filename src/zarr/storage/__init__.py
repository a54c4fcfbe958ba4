"""Stores."""

from zarr._store.local import LocalStore
from zarr._store.memory import MemoryStore
from zarr._store.path import StorePath
from zarr._store.wrapper import WrapperStore

__all__ = ["LocalStore", "MemoryStore", "StorePath", "WrapperStore"]
