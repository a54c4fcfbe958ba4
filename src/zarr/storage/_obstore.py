"""A store of obstore."""

from zarr._store.remote.object import ObjectStore
from zarr._support.public_names import public_names_of

__all__ = ["ObjectStore"]

__dir__ = public_names_of(__name__)
