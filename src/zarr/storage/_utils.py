"""Paths."""

from zarr._store.path import normalize_path
from zarr._support.public_names import public_names_of

__all__ = ["normalize_path"]

__dir__ = public_names_of(__name__)
