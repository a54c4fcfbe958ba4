"""Buffers in the memory of a GPU, for which CuPy has to be installed."""

from zarr._buffer.gpu import GPU_PROTOTYPE
from zarr._buffer.gpu import GPUBuffer as Buffer
from zarr._buffer.gpu import GPUNDBuffer as NDBuffer
from zarr._support.public_names import public_names_of

buffer_prototype = GPU_PROTOTYPE

__all__ = ["Buffer", "NDBuffer", "buffer_prototype"]

__dir__ = public_names_of(__name__)
