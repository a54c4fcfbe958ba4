"""Attributes."""

from zarr._faces.attributes import Attributes
from zarr._support.public_names import public_names_of

__all__ = ["Attributes"]

__dir__ = public_names_of(__name__)
