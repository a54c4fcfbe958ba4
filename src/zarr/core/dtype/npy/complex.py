"""Data types of complex numbers."""

from zarr._dtype.numbers import Complex64, Complex128
from zarr._support.public_names import public_names_of

__all__ = ["Complex128", "Complex64"]

__dir__ = public_names_of(__name__)
