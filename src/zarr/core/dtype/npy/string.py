"""Data types of text."""

from zarr._compat.data_types import NUMPY_SUPPORTS_VLEN_STRING as _NUMPY_SUPPORTS_VLEN_STRING
from zarr._dtype.text import FixedLengthUTF32, VariableLengthUTF8
from zarr._support.public_names import public_names_of

__all__ = ["FixedLengthUTF32", "VariableLengthUTF8", "_NUMPY_SUPPORTS_VLEN_STRING"]

__dir__ = public_names_of(__name__)
