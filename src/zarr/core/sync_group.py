"""Functions on groups."""

from zarr._compat.nodes import get_node
from zarr._support.public_names import public_names_of
from zarr.api.synchronous import create_hierarchy

__all__ = ["create_hierarchy", "get_node"]

__dir__ = public_names_of(__name__)
