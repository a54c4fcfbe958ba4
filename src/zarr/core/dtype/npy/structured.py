"""Data types of records."""

from zarr._dtype.structs import Struct, Structured
from zarr._support.public_names import public_names_of

__all__ = ["Struct", "Structured"]

__dir__ = public_names_of(__name__)
