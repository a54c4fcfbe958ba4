"""What a buffer is."""

from zarr._buffer import ArrayLike, Buffer, BufferPrototype, NDArrayLike, NDBuffer
from zarr._buffer.registry import default_buffer_prototype
from zarr._compat.annotations import NDArrayLikeOrScalar
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayLike",
    "Buffer",
    "BufferPrototype",
    "NDArrayLike",
    "NDArrayLikeOrScalar",
    "NDBuffer",
    "default_buffer_prototype",
]

__dir__ = public_names_of(__name__)
