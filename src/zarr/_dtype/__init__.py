"""Data types: what an element is in memory, in the metadata of both formats, and as a fill value."""

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.documents import (
    DateTime64JSON_V2,
    DateTime64JSON_V3,
    DTypeSpec_V2,
    FixedLengthUTF32JSON_V2,
    FixedLengthUTF32JSON_V3,
    NullterminatedBytesJSON_V2,
    NullTerminatedBytesJSON_V3,
    RawBytesJSON_V2,
    RawBytesJSON_V3,
    TimeDelta64JSON_V2,
    TimeDelta64JSON_V3,
    VariableLengthBytesJSON_V2,
    VariableLengthUTF8JSON_V2,
    check_dtype_spec_no_object_codec_v2,
    check_dtype_spec_v2,
)
from zarr._dtype.numbers import (
    Bool,
    Complex64,
    Complex128,
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
)
from zarr._dtype.octets import NullTerminatedBytes, RawBytes, VariableLengthBytes
from zarr._dtype.optional import Optional
from zarr._dtype.python_objects import PythonObjects
from zarr._dtype.registry import data_type_registry, parse_data_type, parse_dtype
from zarr._dtype.text import FixedLengthUTF32, VariableLengthUTF8
from zarr._dtype.time import DateTime64, TimeDelta64

__all__ = [
    "Bool",
    "Complex128",
    "Complex64",
    "DTypeSpec_V2",
    "DateTime64",
    "DateTime64JSON_V2",
    "DateTime64JSON_V3",
    "FixedLengthUTF32",
    "FixedLengthUTF32JSON_V2",
    "FixedLengthUTF32JSON_V3",
    "Float16",
    "Float32",
    "Float64",
    "Int16",
    "Int32",
    "Int64",
    "Int8",
    "NullTerminatedBytes",
    "NullTerminatedBytesJSON_V3",
    "NullterminatedBytesJSON_V2",
    "RawBytes",
    "RawBytesJSON_V2",
    "RawBytesJSON_V3",
    "TimeDelta64",
    "TimeDelta64JSON_V2",
    "TimeDelta64JSON_V3",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt8",
    "VariableLengthBytes",
    "VariableLengthBytesJSON_V2",
    "VariableLengthUTF8",
    "VariableLengthUTF8JSON_V2",
    "ZDType",
    "ZarrFormat",
    "check_dtype_spec_no_object_codec_v2",
    "check_dtype_spec_v2",
    "data_type_registry",
    "parse_data_type",
    "parse_dtype",
]

for _cls in (
    *(Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64),
    *(Float16, Float32, Float64, Complex64, Complex128),
    *(DateTime64, TimeDelta64, FixedLengthUTF32, VariableLengthUTF8),
    *(NullTerminatedBytes, RawBytes, VariableLengthBytes, PythonObjects, Optional),
):
    data_type_registry.register(_cls._zarr_v3_name, _cls)
