"""Metadata of arrays, as objects."""

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.group import ArrayMetadata
from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of

__all__ = ["ArrayMetadata", "ArrayV2Metadata", "ArrayV3Metadata"]

__getattr__ = submodules_of(__name__)

__dir__ = public_names_of(__name__)
