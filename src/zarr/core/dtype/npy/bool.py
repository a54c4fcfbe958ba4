"""The data type of truth values."""

from zarr._dtype.numbers import Bool
from zarr._support.public_names import public_names_of

__all__ = ["Bool"]

__dir__ = public_names_of(__name__)
