"""Buffers in host memory."""

from zarr._buffer import CPU_PROTOTYPE, as_numpy_array_wrapper, numpy_buffer_prototype
from zarr._buffer import CPUBuffer as Buffer
from zarr._buffer import CPUNDBuffer as NDBuffer
from zarr._support.public_names import public_names_of

buffer_prototype = CPU_PROTOTYPE

__all__ = ["Buffer", "NDBuffer", "as_numpy_array_wrapper", "buffer_prototype", "numpy_buffer_prototype"]

__dir__ = public_names_of(__name__)
