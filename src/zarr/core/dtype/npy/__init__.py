"""Data types whose elements NumPy has."""

from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of

__all__ = []

__getattr__ = submodules_of(__name__)

__dir__ = public_names_of(__name__)
