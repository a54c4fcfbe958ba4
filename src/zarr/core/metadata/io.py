"""Storing the documents of a node."""

from zarr._compat.nodes import save_metadata
from zarr._support.public_names import public_names_of

__all__ = ["save_metadata"]

__dir__ = public_names_of(__name__)
