"""From what users pass as a store to one."""

from zarr._compat.stores import contains_array, contains_group, make_store, make_store_path
from zarr._store.make import StoreLike
from zarr._store.path import StorePath
from zarr._support.public_names import public_names_of

__all__ = ["StoreLike", "StorePath", "contains_array", "contains_group", "make_store", "make_store_path"]

__dir__ = public_names_of(__name__)
