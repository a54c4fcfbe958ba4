"""Buffers in the memory of a GPU."""

from zarr._support.public_names import public_names_of
from zarr.buffer.gpu import Buffer, NDBuffer, buffer_prototype

__all__ = ["Buffer", "NDBuffer", "buffer_prototype"]

__dir__ = public_names_of(__name__)
