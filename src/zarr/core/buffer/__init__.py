"""Memory that stores and codecs hand to each other."""

from zarr._buffer import ArrayLike, Buffer, BufferPrototype, NDArrayLike, NDBuffer, default_buffer_prototype
from zarr._support.imports_on_use import submodules_of

__all__ = ["ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer", "default_buffer_prototype"]

__getattr__ = submodules_of(__name__)
