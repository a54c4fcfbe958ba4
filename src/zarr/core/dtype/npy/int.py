"""Data types of integers."""

from zarr._dtype.numbers import Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64
from zarr._support.public_names import public_names_of

__all__ = ["Int16", "Int32", "Int64", "Int8", "UInt16", "UInt32", "UInt64", "UInt8"]

__dir__ = public_names_of(__name__)
