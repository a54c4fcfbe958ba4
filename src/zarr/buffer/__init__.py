"""Memory that stores and codecs hand to each other."""

from zarr._buffer.registry import default_buffer_prototype
from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of
from zarr.buffer import cpu

__all__ = ["cpu", "default_buffer_prototype", "gpu"]

__getattr__ = submodules_of(__name__)

__dir__ = public_names_of(__name__)
