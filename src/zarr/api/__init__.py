"""The functions of the top level, in a synchronous and an asynchronous form."""

from zarr._support.imports_on_use import submodules_of

__getattr__ = submodules_of(__name__)
