"""The codec `bytes`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._codec.base import ArrayBytesCodec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.documents import ENDIAN
from zarr._codec.names import Endian
from zarr._compat.parsing import parse_named_configuration
from zarr._dtype.structs import Struct
from zarr._dtype.traits import HasEndianness
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayBytesCodec",
    "BytesCodec",
    "ENDIAN",
    "Endian",
    "HasEndianness",
    "Struct",
    "TYPE_CHECKING",
    "parse_named_configuration",
]

__dir__ = public_names_of(__name__)
