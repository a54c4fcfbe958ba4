"""The codec `crc32c`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._codec.base import BytesBytesCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._compat.parsing import parse_named_configuration
from zarr._support.public_names import public_names_of

__all__ = [
    "BytesBytesCodec",
    "Crc32cCodec",
    "TYPE_CHECKING",
    "parse_named_configuration",
]

__dir__ = public_names_of(__name__)
