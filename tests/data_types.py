"""The data types, a row for each: what is written in either format, and what NumPy calls it. Numbers bit by bit."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from zarr._dtype import (
    Bool,
    Complex64,
    Complex128,
    DateTime64,
    FixedLengthUTF32,
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    NullTerminatedBytes,
    RawBytes,
    Struct,
    TimeDelta64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    VariableLengthBytes,
    VariableLengthUTF8,
    ZDType,
)
from zarr._dtype.small_types import SMALL_TYPES
from zarr.errors import UnstableSpecificationWarning

NATIVE = "<" if sys.byteorder == "little" else ">"
INTEGERS = (Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64)
FLOATS = (Float16, Float32, Float64)
COMPLEXES = (Complex64, Complex128)
SIGNALLING = {2: 0x7C01, 4: 0x7F800001, 8: 0x7FF0000000000001}
CANONICAL = {2: 0x7E00, 4: 0x7FC00000, 8: 0x7FF8000000000000}
FLOAT_BITS = {
    2: [0x7E00, 0x7C01, 0xFE00, 0x7DFF, 0xFFFF, 0x8000, 0x0000, 0x0001, 0x8001, 0x03FF, 0x7BFF, 0x7C00, 0xFC00],
    4: [0x7FC00000, 0x7F800001, 0xFFC00000, 0x7FC00ABC, 0xFFFFFFFF, 0x80000000, 1, 0x7F7FFFFF, 0x7F800000, 0xFF800000],
    8: [
        *(0x7FF8000000000000, 0x7FF0000000000001, 0xFFF8000000000000, 0x7FF8000000000ABC, 2**64 - 1),
        *(2**63, 1, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000),
    ],
}


def v2(name: Any, codec: str | None = None) -> dict[str, Any]:
    return {"name": name, "object_codec_id": codec}


def named(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "configuration": configuration}


def bits(scalar: Any) -> bytes:
    """Little-endian bytes of a scalar."""
    array = np.asarray(scalar)
    return array.astype(array.dtype.newbyteorder("<")).tobytes() if array.dtype.kind in "OT" else _swapped(array)


def _swapped(array: Any) -> bytes:
    native = array if array.dtype.isnative else array.byteswap().view(array.dtype.newbyteorder("="))
    little = native if NATIVE == "<" else native.byteswap()
    return little.tobytes()


def from_bits(dtype: ZDType, pattern: int) -> Any:
    code = np.dtype(dtype.to_native_dtype()).newbyteorder("<")
    return np.frombuffer(pattern.to_bytes(code.itemsize, "little"), code)[0]


def pattern_of(scalar: Any) -> int:
    return int.from_bytes(bits(scalar), "little")


@dataclass(frozen=True)
class Row:
    """One type: instance, native dtype, JSON of format 3 and of format 2, its JSON default and default scalar."""

    dtype: ZDType
    native: str
    json3: Any
    json2: Any
    default: Any
    unstable: bool = False
    default2: Any = None  # where format 2 has another

    def __str__(self) -> str:
        return f"{type(self.dtype).__name__}-{self.native}"


def _numbers() -> list[Row]:
    rows = [Row(Bool(), "|b1", "bool", v2("|b1"), False)]
    for cls in (*INTEGERS, *FLOATS, *COMPLEXES):
        name = cls.__name__.lower()
        code = np.dtype(name).str[1:]
        default = {"f": 0.0, "c": (0.0, 0.0)}.get(code[0], 0)
        if code[1:] == "1":
            rows.append(Row(cls(), f"|{code}", name, v2(f"|{code}"), default))
            continue
        rows += [
            Row(cls(endianness=order), f"{sign}{code}", name, v2(f"{sign}{code}"), default)
            for order, sign in (("little", "<"), ("big", ">"))
        ]
    return rows


ROWS = [
    *_numbers(),
    Row(DateTime64(), "<M8", named("numpy.datetime64", unit="generic", scale_factor=1), v2("<M8"), -(2**63)),
    Row(
        DateTime64(unit="ns", scale_factor=10, endianness="big"),
        ">M8[10ns]",
        named("numpy.datetime64", unit="ns", scale_factor=10),
        v2(">M8[10ns]"),
        -(2**63),
    ),
    Row(
        TimeDelta64(unit="D", scale_factor=1),
        "<m8[D]",
        named("numpy.timedelta64", unit="D", scale_factor=1),
        v2("<m8[D]"),
        -(2**63),
    ),
    Row(FixedLengthUTF32(length=5), "<U5", named("fixed_length_utf32", length_bytes=20), v2("<U5"), ""),
    Row(
        FixedLengthUTF32(length=5, endianness="big"),
        ">U5",
        named("fixed_length_utf32", length_bytes=20),
        v2(">U5"),
        "",
    ),
    Row(NullTerminatedBytes(length=3), "|S3", named("null_terminated_bytes", length_bytes=3), v2("|S3"), "AAAA", True),
    Row(RawBytes(length=3), "|V3", named("raw_bytes", length_bytes=3), v2("|V3"), "AAAA", True),
    Row(
        Struct(
            fields=(
                ("f0", UInt8()),
                ("f1", Float32(endianness="big")),
                ("f2", FixedLengthUTF32(length=1)),
                ("f3", Bool()),
            )
        ),
        "u1,>f4,<U1,?",
        named(
            "struct",
            fields=[
                {"name": "f0", "data_type": "uint8"},
                {"name": "f1", "data_type": "float32"},
                {"name": "f2", "data_type": named("fixed_length_utf32", length_bytes=4)},
                {"name": "f3", "data_type": "bool"},
            ],
        ),
        v2([["f0", "|u1"], ["f1", ">f4"], ["f2", "<U1"], ["f3", "|b1"]]),
        {"f0": 0, "f1": 0.0, "f2": "", "f3": False},
        default2="AAAAAAAAAAAAAA==",
    ),
    Row(VariableLengthUTF8(), "T", "string", v2("|O", "vlen-utf8"), ""),
    Row(VariableLengthBytes(), "|O", "bytes", v2("|O", "vlen-bytes"), ""),
]
SMALL = [cls() for cls in SMALL_TYPES]
"""Numbers of ml_dtypes, which `test_small_types` has tables of."""
EXTENDED = [cls for cls in (np.longdouble, np.clongdouble) if np.dtype(np.longdouble) != np.dtype("f8")]
BY_NATIVE = [row for row in ROWS if row.native != "|O"]


def to_json3(dtype: ZDType, *, unstable: bool) -> Any:
    if unstable:
        with pytest.warns(UnstableSpecificationWarning, match="does not have a Zarr V3 specification"):
            return dtype.to_json(3)
    return dtype.to_json(3)
