"""Data types."""

from zarr import _dtype
from zarr._dtype import *  # noqa: F403  # the package's __all__ is the list
from zarr._support.public_names import public_names_of

__all__ = _dtype.__all__

__dir__ = public_names_of(__name__)
