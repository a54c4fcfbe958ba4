"""Data types of real numbers."""

from zarr._dtype.numbers import Float16, Float32, Float64
from zarr._support.public_names import public_names_of

__all__ = ["Float16", "Float32", "Float64"]

__dir__ = public_names_of(__name__)
