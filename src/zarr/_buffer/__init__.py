"""Buffers, and which bytes of an object are meant."""

from zarr._buffer.buffers import (
    CPU_PROTOTYPE,
    ArrayLike,
    Buffer,
    BufferPrototype,
    BytesLike,
    CPUBuffer,
    CPUNDBuffer,
    NDArrayLike,
    NDBuffer,
    as_numpy_array_wrapper,
    declare_immutable,
    is_immutable,
    numpy_buffer_prototype,
)

__all__ = [
    "CPU_PROTOTYPE",
    "ArrayLike",
    "Buffer",
    "BufferPrototype",
    "BytesLike",
    "CPUBuffer",
    "CPUNDBuffer",
    "NDArrayLike",
    "NDBuffer",
    "as_numpy_array_wrapper",
    "declare_immutable",
    "is_immutable",
    "numpy_buffer_prototype",
]
