"""Modules that other packages import from zarr-python's inside. They only re-export."""

from zarr._support.imports_on_use import submodules_of

__getattr__ = submodules_of(__name__)
