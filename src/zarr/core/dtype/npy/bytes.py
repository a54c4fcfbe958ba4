"""Data types of byte strings."""

from zarr._dtype.octets import NullTerminatedBytes, RawBytes, VariableLengthBytes
from zarr._support.public_names import public_names_of

__all__ = ["NullTerminatedBytes", "RawBytes", "VariableLengthBytes"]

__dir__ = public_names_of(__name__)
