"""Buffers in host memory."""

from zarr._buffer import CPU_PROTOTYPE, as_numpy_array_wrapper, numpy_buffer_prototype
from zarr._buffer import CPUBuffer as Buffer
from zarr._buffer import CPUNDBuffer as NDBuffer

buffer_prototype = CPU_PROTOTYPE

__all__ = ["Buffer", "NDBuffer", "as_numpy_array_wrapper", "buffer_prototype", "numpy_buffer_prototype"]
