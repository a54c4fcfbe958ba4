"""The codecs `vlen-utf8` and `vlen-bytes`, and zarr-python's names around them."""

from typing import TYPE_CHECKING

from zarr._codec.base import ArrayBytesCodec
from zarr._codec.vlen import VLenBytesCodec, VLenUTF8Codec
from zarr._compat.parsing import parse_named_configuration
from zarr._support.public_names import public_names_of

__all__ = [
    "ArrayBytesCodec",
    "TYPE_CHECKING",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "parse_named_configuration",
]

__dir__ = public_names_of(__name__)
