"""Metadata of format 2."""

from zarr._compat.parsing import parse_zarr_format_2 as parse_zarr_format
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._support.public_names import public_names_of

__all__ = ["ArrayV2Metadata", "parse_zarr_format"]

__dir__ = public_names_of(__name__)
