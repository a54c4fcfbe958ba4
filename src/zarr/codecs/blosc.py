"""The codec `blosc`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._buffer import as_numpy_array_wrapper
from zarr._codec.base import BytesBytesCodec
from zarr._codec.blosc import BloscCodec
from zarr._codec.documents import BLOSC_CNAME, BLOSC_SHUFFLE, BloscConfigV2, BloscConfigV3, BloscJSON_V3
from zarr._codec.names import BloscCname, BloscShuffle
from zarr._compat.parsing import parse_blocksize, parse_clevel, parse_field, parse_named_configuration, parse_typesize
from zarr._dtype.documents import NamedConfig as NamedRequiredConfig
from zarr._dtype.traits import HasItemSize
from zarr._support.public_names import public_names_of

__all__ = [
    "BLOSC_CNAME",
    "BLOSC_SHUFFLE",
    "BloscCname",
    "BloscCodec",
    "BloscConfigV2",
    "BloscConfigV3",
    "BloscJSON_V3",
    "BloscShuffle",
    "BytesBytesCodec",
    "HasItemSize",
    "NamedRequiredConfig",
    "TYPE_CHECKING",
    "as_numpy_array_wrapper",
    "parse_blocksize",
    "parse_clevel",
    "parse_field",
    "parse_named_configuration",
    "parse_typesize",
]

__dir__ = public_names_of(__name__)
