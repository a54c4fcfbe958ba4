"""What a buffer is, for those who write one."""

from zarr._buffer import ArrayLike, Buffer, BufferPrototype, NDArrayLike, NDBuffer
from zarr._support.public_names import public_names_of

__all__ = ["ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer"]

__dir__ = public_names_of(__name__)
