"""Tools that work on metadata documents."""

from zarr._support.public_names import public_names_of

__dir__ = public_names_of(__name__)
