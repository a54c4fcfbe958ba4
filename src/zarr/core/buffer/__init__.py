"""Memory that stores and codecs hand to each other."""

from zarr._buffer import (
    ArrayLike,
    Buffer,
    BufferPrototype,
    NDArrayLike,
    NDBuffer,
    numpy_buffer_prototype,
)
from zarr._buffer.registry import default_buffer_prototype
from zarr._compat.annotations import NDArrayLikeOrScalar
from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayLike",
    "Buffer",
    "BufferPrototype",
    "NDArrayLike",
    "NDArrayLikeOrScalar",
    "NDBuffer",
    "default_buffer_prototype",
    "numpy_buffer_prototype",
]

__getattr__ = submodules_of(__name__)

__dir__ = public_names_of(__name__)
