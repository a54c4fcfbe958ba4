"""A store that tells what it is asked for."""

from zarr._store.logged import LoggingStore
from zarr._support.public_names import public_names_of

__all__ = ["LoggingStore"]

__dir__ = public_names_of(__name__)
