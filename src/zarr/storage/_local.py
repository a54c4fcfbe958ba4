"""A directory."""

from zarr._store.local import LocalStore
from zarr._support.public_names import public_names_of

__all__ = ["LocalStore"]

__dir__ = public_names_of(__name__)
