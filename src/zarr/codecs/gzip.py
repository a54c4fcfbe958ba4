"""The codec `gzip`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._buffer import as_numpy_array_wrapper
from zarr._codec.base import BytesBytesCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._compat.parsing import parse_field, parse_gzip_level, parse_named_configuration
from zarr._support.public_names import public_names_of

__all__ = [
    "BytesBytesCodec",
    "GzipCodec",
    "TYPE_CHECKING",
    "as_numpy_array_wrapper",
    "parse_field",
    "parse_gzip_level",
    "parse_named_configuration",
]

__dir__ = public_names_of(__name__)
