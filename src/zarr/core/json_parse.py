"""Checks of the members of documents."""

from zarr._compat.parsing import convert, parse_field
from zarr._support.public_names import public_names_of

__all__ = ["convert", "parse_field"]

__dir__ = public_names_of(__name__)
