"""Abstract base classes for stores, codecs and buffers of third parties."""

from zarr._support.imports_on_use import submodules_of

__getattr__ = submodules_of(__name__)
