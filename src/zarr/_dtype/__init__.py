"""Data types: what an element is in memory, in the metadata of both formats, and as a fill value."""

from zarr._dtype.base import ZarrFormat, ZDType
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
from zarr._dtype.registry import data_type_registry, parse_data_type, parse_dtype
from zarr._dtype.text import FixedLengthUTF32, VariableLengthUTF8
from zarr._dtype.time import DateTime64, TimeDelta64

__all__ = [
    "Bool",
    "Complex64",
    "Complex128",
    "DateTime64",
    "FixedLengthUTF32",
    "Float16",
    "Float32",
    "Float64",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "NullTerminatedBytes",
    "RawBytes",
    "TimeDelta64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "VariableLengthBytes",
    "VariableLengthUTF8",
    "ZDType",
    "ZarrFormat",
    "data_type_registry",
    "parse_data_type",
    "parse_dtype",
]

for _cls in (
    *(Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64),
    *(Float16, Float32, Float64, Complex64, Complex128),
    *(DateTime64, TimeDelta64, FixedLengthUTF32, VariableLengthUTF8),
    *(NullTerminatedBytes, RawBytes, VariableLengthBytes),
):
    data_type_registry.register(_cls._zarr_v3_name, _cls)
