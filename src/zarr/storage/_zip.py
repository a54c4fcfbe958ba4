"""A zip archive."""

from zarr._store.zipped.store import ZipMode as ZipStoreAccessModeLiteral
from zarr._store.zipped.store import ZipStore
from zarr._support.public_names import public_names_of

__all__ = ["ZipStore", "ZipStoreAccessModeLiteral"]

__dir__ = public_names_of(__name__)
