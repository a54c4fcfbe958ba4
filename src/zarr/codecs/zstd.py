"""The codec `zstd`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._buffer import as_numpy_array_wrapper
from zarr._codec.base import BytesBytesCodec
from zarr._codec.zstd import ZstdCodec
from zarr._compat.parsing import parse_checksum, parse_field, parse_named_configuration, parse_zstd_level
from zarr._support.public_names import public_names_of

__all__ = [
    "BytesBytesCodec",
    "TYPE_CHECKING",
    "ZstdCodec",
    "as_numpy_array_wrapper",
    "parse_checksum",
    "parse_field",
    "parse_named_configuration",
    "parse_zstd_level",
]

__dir__ = public_names_of(__name__)
