"""Buffers in host memory."""

from zarr._support.public_names import public_names_of
from zarr.buffer.cpu import Buffer, NDBuffer, as_numpy_array_wrapper, buffer_prototype, numpy_buffer_prototype

__all__ = ["Buffer", "NDBuffer", "as_numpy_array_wrapper", "buffer_prototype", "numpy_buffer_prototype"]

__dir__ = public_names_of(__name__)
