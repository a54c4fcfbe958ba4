"""Buffers in host memory."""

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer import CPUBuffer as Buffer
from zarr._buffer import CPUNDBuffer as NDBuffer

buffer_prototype = CPU_PROTOTYPE

__all__ = ["Buffer", "NDBuffer", "buffer_prototype"]
