"""Buffers in host memory."""

from zarr.buffer.cpu import Buffer, NDBuffer, as_numpy_array_wrapper, buffer_prototype, numpy_buffer_prototype

__all__ = ["Buffer", "NDBuffer", "as_numpy_array_wrapper", "buffer_prototype", "numpy_buffer_prototype"]
