"""Memory that stores and codecs hand to each other."""

from zarr._buffer import default_buffer_prototype
from zarr.buffer import cpu

__all__ = ["cpu", "default_buffer_prototype"]
