"""The codec `transpose`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._codec.base import ArrayArrayCodec
from zarr._codec.base import ChunkSpec as ArraySpec
from zarr._codec.transpose import TransposeCodec
from zarr._compat.parsing import parse_named_configuration, parse_transpose_order
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayArrayCodec",
    "ArraySpec",
    "TYPE_CHECKING",
    "TransposeCodec",
    "parse_named_configuration",
    "parse_transpose_order",
]

__dir__ = public_names_of(__name__)
