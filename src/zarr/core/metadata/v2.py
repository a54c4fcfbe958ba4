"""Metadata of format 2."""

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._support.public_names import public_names_of

__all__ = ["ArrayV2Metadata"]

__dir__ = public_names_of(__name__)
