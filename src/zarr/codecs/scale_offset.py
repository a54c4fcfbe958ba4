"""The codec `scale_offset`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._codec.base import ArrayArrayCodec
from zarr._codec.scale_offset import ScaleOffset
from zarr._compat.parsing import parse_named_configuration
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayArrayCodec",
    "ScaleOffset",
    "TYPE_CHECKING",
    "parse_named_configuration",
]

__dir__ = public_names_of(__name__)
