"""Memory."""

from zarr._store.managed_memory import GpuMemoryStore, ManagedMemoryStore
from zarr._store.memory import MemoryStore
from zarr._support.public_names import public_names_of

__all__ = ["GpuMemoryStore", "ManagedMemoryStore", "MemoryStore"]

__dir__ = public_names_of(__name__)
