"""Stored descriptions of data types, and what data types have in common."""

from zarr._compat.annotations import EndiannessStr
from zarr._compat.numbers_in_json import ENDIANNESS_STR, JSONFloatV2, SpecialFloatStrings, unpack_dtype_json
from zarr._dtype.documents import (
    DTypeConfig_V2,
    DTypeSpec_V2,
    DTypeSpec_V3,
    check_dtype_spec_no_object_codec_v2,
    check_dtype_spec_v2,
)
from zarr._dtype.traits import HasEndianness, HasItemSize, HasLength, HasObjectCodec
from zarr._support.public_names import public_names_of
from zarr.errors import UnstableSpecificationWarning
from zarr.types import DTypeJSON

__all__ = [
    "DTypeConfig_V2",
    "DTypeJSON",
    "DTypeSpec_V2",
    "DTypeSpec_V3",
    "ENDIANNESS_STR",
    "EndiannessStr",
    "HasEndianness",
    "HasItemSize",
    "HasLength",
    "HasObjectCodec",
    "JSONFloatV2",
    "SpecialFloatStrings",
    "UnstableSpecificationWarning",
    "check_dtype_spec_no_object_codec_v2",
    "check_dtype_spec_v2",
    "unpack_dtype_json",
]

__dir__ = public_names_of(__name__)
