"""A store around another."""

from zarr._store.wrapper import WrapperStore
from zarr._support.public_names import public_names_of

__all__ = ["WrapperStore"]

__dir__ = public_names_of(__name__)
