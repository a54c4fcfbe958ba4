"""Data types."""

from zarr import _dtype
from zarr._dtype import *  # noqa: F403  # the package's __all__ is the list

__all__ = _dtype.__all__
