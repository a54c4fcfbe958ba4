"""What a buffer is."""

from zarr._buffer import ArrayLike, Buffer, BufferPrototype, NDArrayLike, NDBuffer, default_buffer_prototype

__all__ = ["ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer", "default_buffer_prototype"]
