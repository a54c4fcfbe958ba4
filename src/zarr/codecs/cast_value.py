"""The codec `cast_value`, and zarr-python's names around it."""

from typing import TYPE_CHECKING

from zarr._codec.base import ArrayArrayCodec
from zarr._codec.cast_value import FLOAT_NAMES as CAST_VALUE_FLOAT_DTYPES
from zarr._codec.cast_value import INT_NAMES as CAST_VALUE_INT_DTYPES
from zarr._codec.cast_value import CastValue, ScalarMap, parse_scalar_map
from zarr._compat.parsing import get_data_type_from_json, parse_named_configuration
from zarr._support.public_names import public_names_of

CAST_VALUE_RS_MIN_VERSION = "0.4.2"
"""What zarr-python needs; this library needs no such package."""
PERMITTED_DATA_TYPE_NAMES = CAST_VALUE_INT_DTYPES | CAST_VALUE_FLOAT_DTYPES

__all__ = [
    "ArrayArrayCodec",
    "CAST_VALUE_FLOAT_DTYPES",
    "CAST_VALUE_INT_DTYPES",
    "CAST_VALUE_RS_MIN_VERSION",
    "CastValue",
    "PERMITTED_DATA_TYPE_NAMES",
    "ScalarMap",
    "TYPE_CHECKING",
    "get_data_type_from_json",
    "parse_named_configuration",
    "parse_scalar_map",
]

__dir__ = public_names_of(__name__)
