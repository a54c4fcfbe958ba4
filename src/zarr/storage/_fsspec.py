"""A file system of fsspec."""

from zarr._store.remote.file_system import FsspecStore
from zarr._support.public_names import public_names_of

__all__ = ["FsspecStore"]

__dir__ = public_names_of(__name__)
