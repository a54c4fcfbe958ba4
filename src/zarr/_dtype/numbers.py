"""Numbers and Booleans: one behaviour per kind, one table row (class attributes) per type.

Fill values keep their bits. JSON can say every float but the NaNs with a payload or a sign; format 3 writes those as
hexadecimal bit patterns. Scalars are built from bits and never pass through a Python float on the way, which would
turn a signalling NaN into a quiet one.
"""

from __future__ import annotations

import math
import operator
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeGuard

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import named, typestr, wrong
from zarr._dtype.losses import in_short
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

Endianness = Literal["little", "big"]
ORDERS = {"little": "<", "big": ">"}
_FLOAT_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "+Infinity": math.inf}


def check_endianness(endianness: object) -> None:
    """Raise ValueError for a byte order that is none."""
    if endianness not in ("little", "big"):
        raise ValueError(f"endianness must be 'little' or 'big', got {endianness!r}")


def endianness_of(dtype: np.dtype[Any]) -> Endianness:
    """Byte order of a dtype; little where it has none."""
    if dtype.byteorder == "=":
        return sys.byteorder
    return "big" if dtype.byteorder == ">" else "little"


def is_number(data: object) -> TypeGuard[Any]:
    """Whether a value is a number or a Boolean. NumPy counts durations among the integers."""
    numbers = bool | np.bool_ | int | float | complex | np.number
    return isinstance(data, numbers) and not isinstance(data, np.timedelta64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Number(ZDType[Any, Any]):
    """What all numbers share: a NumPy type code, and a byte order where they have several bytes."""

    _code: ClassVar[str] = ""
    """NumPy type code without a byte order, as `"i4"`."""
    _alias: ClassVar[str | None] = None
    """Another name of format 3, which is read."""
    _native: ClassVar[Mapping[str, np.dtype[Any]]] = {}
    """NumPy's dtype by byte order."""

    def __init_subclass__(cls) -> None:
        if cls._code:
            cls._native = {name: np.dtype(order + cls._code) for name, order in ORDERS.items()}

    def __post_init__(self) -> None:
        check_endianness(getattr(self, "endianness", "little"))

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return int(self._code[1:])

    def to_native_dtype(self) -> np.dtype[Any]:
        return self._native[getattr(self, "endianness", "little")]

    def _type_string(self) -> str:
        order = ORDERS[getattr(self, "endianness", "little")] if self.item_size > 1 else "|"
        return order + self._code

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "isbuiltin", 2) == 2 or f"{dtype.kind}{dtype.itemsize}" != cls._code:
            raise wrong(cls, dtype)
        return cls._ordered(ORDERS[endianness_of(dtype)])

    @classmethod
    def _ordered(cls, order: str) -> Self:
        return cls(endianness="big") if order == ">" else cls()  # type: ignore[call-arg]  # one byte: never ">"

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            name, configuration = named(data)
            if name not in (cls._zarr_v3_name, cls._alias) or configuration:
                raise wrong(cls, data)
            return cls()
        code, object_codec = typestr(data)
        orders = "<>" if int(cls._code[1:]) > 1 else "|<>"
        if object_codec is not None or code[1:] != cls._code or code[:1] not in orders:
            raise wrong(cls, data)
        return cls._ordered(code[0] if int(cls._code[1:]) > 1 else "|")

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 3:
            return self._zarr_v3_name
        return {"name": self._type_string(), "object_codec_id": None}

    def default_scalar(self) -> Any:
        return self.to_native_dtype().type(0)

    def _from_bits(self, bits: bytes) -> Any:
        """The scalar with these little-endian bytes."""
        return np.frombuffer(bits, self.to_native_dtype().newbyteorder("<"))[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bool(Number):
    """True or False, one byte each.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Bool().to_json(zarr_format=3), zarr.dtype.Bool().to_json(zarr_format=2)
    ('bool', {'name': '|b1', 'object_codec_id': None})
    """

    dtype_cls = np.dtypes.BoolDType
    _zarr_v3_name = "bool"
    _code = "b1"

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> np.bool_:
        if isinstance(data, bool | np.bool_) or (isinstance(data, int) and data in (0, 1)):
            return np.bool_(data)
        raise TypeError(f"Invalid type: {data!r}. Expected a boolean.")

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> bool:
        return bool(self.cast_scalar(data))

    def cast_scalar(self, data: object) -> np.bool_:
        if is_number(data) and not isinstance(data, complex | np.complexfloating) and data in (0, 1):
            return np.bool_(bool(data))
        raise ArgumentError(f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with bool.")


def integer_in_json(data: object) -> int:
    """A fill value as JSON says integers; TypeError for what is none."""
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, bool) or not isinstance(data, int):
        raise TypeError(f"Invalid type: {data!r}. Expected an integer.")
    return data


class _Integer(Number):
    __slots__ = ()

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        return self._in_range(integer_in_json(data))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(self.cast_scalar(data))

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, float | np.floating) and np.isfinite(data) and data == np.trunc(data):
            return self._in_range(int(data))
        if isinstance(data, float | np.floating) and np.isinf(data):
            raise OverflowError(f"{data!r} is out of range for the data type {self._zarr_v3_name}")
        if isinstance(data, bool | np.bool_):  # NumPy's is no index, and older versions warn of that
            return self._in_range(int(data))
        try:
            return self._in_range(operator.index(data))  # type: ignore[arg-type]  # asked, not assumed
        except TypeError:
            pass
        raise ArgumentError(
            f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type "
            f"{self._zarr_v3_name}."
        )

    def _in_range(self, value: int) -> Any:
        info = np.iinfo(self.to_native_dtype())
        if not info.min <= value <= info.max:
            raise OverflowError(
                f"{in_short(value)} is out of range for the data type {self._zarr_v3_name} ({info.min} to {info.max})"
            )
        return self.to_native_dtype().type(value)


class _Float(Number):
    __slots__ = ()

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if isinstance(data, bool):
            raise TypeError(f"Invalid type: {data!r}. Expected a float.")
        if isinstance(data, str):
            return self._from_text(data)
        if isinstance(data, int | float):
            return self._rounded(data)
        raise TypeError(f"Invalid type: {data!r}. Expected a float, or a string that names one.")

    def _from_text(self, text: str) -> Any:
        if text == "NaN":
            return self._from_bits(self._canonical_nan())
        if text in _FLOAT_NAMES:
            return self.to_native_dtype().type(_FLOAT_NAMES[text])
        if re.fullmatch(r"0x[0-9a-fA-F]+", text) and len(text) - 2 <= 2 * self.item_size:
            return self._from_bits(int(text, 16).to_bytes(self.item_size, "little"))
        raise ArgumentError(
            f"{text!r} is not a {self._zarr_v3_name}: expected a number, 'NaN', 'Infinity', '-Infinity' or a bit "
            f"pattern '0x…' of at most {2 * self.item_size} hexadecimal digits"
        )

    def _canonical_nan(self) -> bytes:
        return {2: 0x7E00, 4: 0x7FC00000, 8: 0x7FF8000000000000}[self.item_size].to_bytes(self.item_size, "little")

    def _rounded(self, value: Any) -> Any:
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                scalar = self.to_native_dtype().type(value)
        except OverflowError:  # an integer that no floating number comes near
            scalar = math.inf
        if np.isnan(scalar):
            return np.abs(scalar)  # the sign says on which machine it was computed
        if np.isinf(scalar) and value not in (math.inf, -math.inf):
            raise OverflowError(f"{in_short(value)} is out of range for the data type {self._zarr_v3_name}")
        return scalar

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> float | str:
        scalar = self.cast_scalar(data)
        if np.isnan(scalar):
            bits = np.asarray(scalar, self.to_native_dtype().newbyteorder("<")).tobytes()
            if bits == self._canonical_nan() or zarr_format == 2:  # format 2 has no way to say more
                return "NaN"
            return f"0x{int.from_bytes(bits, 'little'):0{2 * self.item_size}x}"
        if np.isinf(scalar):
            return "Infinity" if scalar > 0 else "-Infinity"
        return float(scalar)

    def cast_scalar(self, data: object) -> Any:
        dtype = self.to_native_dtype()
        if isinstance(data, np.floating) and data.dtype.newbyteorder("=") == dtype.newbyteorder("="):
            return data  # the very bits
        if isinstance(data, str):
            return self._from_text(data)
        if is_number(data) and not isinstance(data, complex | np.complexfloating):
            scalar = self._rounded(data)
            if isinstance(data, int | np.integer) and int(scalar) != int(data):
                raise ArgumentError(
                    f"{data!r} has too many digits for the data type {self._zarr_v3_name}, which would make {scalar!r} of it; "
                    "use a wider one, or give that number"
                )
            return scalar
        raise ArgumentError(
            f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type "
            f"{self._zarr_v3_name}."
        )


class _Complex(Number):
    __slots__ = ()
    _part: ClassVar[type[_Float]]

    def _parts(self) -> _Float:
        return self._part()

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2 and isinstance(data, int | float | str):
            data = [data, 0.0]  # found in old arrays
        if not isinstance(data, list | tuple) or len(data) != 2:
            raise TypeError(f"Invalid type: {data!r}. Expected a list of two floats.")
        return self._of_parts([self._parts().from_json_scalar(item, zarr_format=zarr_format) for item in data])

    def _of_parts(self, scalars: list[Any]) -> Any:
        """The scalar of a real and an imaginary part."""
        return self._from_bits(np.array(scalars, self._parts().to_native_dtype().newbyteorder("<")).tobytes())

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> tuple[float | str, ...]:
        part = self._parts()
        pair = np.asarray(self.cast_scalar(data)).reshape(1)
        halves = pair.view(part.to_native_dtype().newbyteorder(pair.dtype.byteorder))
        return tuple(part.to_json_scalar(half, zarr_format=zarr_format) for half in halves)

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.complexfloating) and data.dtype.itemsize == self.item_size:
            return data
        if isinstance(data, list | tuple) and len(data) == 2:
            return self._of_parts([self._parts().cast_scalar(item) for item in data])
        if is_number(data):
            part = self._parts()
            return self.to_native_dtype().type(complex(part.cast_scalar(data.real), part.cast_scalar(data.imag)))
        raise ArgumentError(
            f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type "
            f"{self._zarr_v3_name}."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Int8(_Integer):
    """Signed integers of 1 byte.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.Int8()).dtype
    dtype('int8')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Int8DType, "int8", "i1"


@dataclass(frozen=True, kw_only=True, slots=True)
class UInt8(_Integer):
    """Unsigned integers of 1 byte.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.UInt8()).dtype
    dtype('uint8')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.UInt8DType, "uint8", "u1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Int16(_Integer):
    """Signed integers of 2 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.Int16()).dtype
    dtype('int16')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Int16DType, "int16", "i2"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class UInt16(_Integer):
    """Unsigned integers of 2 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.UInt16()).dtype
    dtype('uint16')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.UInt16DType, "uint16", "u2"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Int32(_Integer):
    """Signed integers of 4 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.Int32()).dtype
    dtype('int32')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Int32DType, "int32", "i4"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class UInt32(_Integer):
    """Unsigned integers of 4 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.UInt32()).dtype
    dtype('uint32')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.UInt32DType, "uint32", "u4"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Int64(_Integer):
    """Signed integers of 8 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.Int64()).dtype
    dtype('int64')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Int64DType, "int64", "i8"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class UInt64(_Integer):
    """Unsigned integers of 8 bytes.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.zeros(3, dtype=zarr.dtype.UInt64()).dtype
    dtype('uint64')
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.UInt64DType, "uint64", "u8"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Float16(_Float):
    """IEEE 754 floats of 2 bytes. Bits of a NaN are kept in fill values.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float16().to_json_scalar(0.5, zarr_format=3)
    0.5
    >>> zarr.dtype.Float16().to_json_scalar(float("nan"), zarr_format=3)
    'NaN'
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Float16DType, "float16", "f2"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Float32(_Float):
    """IEEE 754 floats of 4 bytes. Bits of a NaN are kept in fill values.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float32().to_json_scalar(0.5, zarr_format=3)
    0.5
    >>> zarr.dtype.Float32().to_json_scalar(float("nan"), zarr_format=3)
    'NaN'
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Float32DType, "float32", "f4"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Float64(_Float):
    """IEEE 754 floats of 8 bytes. Bits of a NaN are kept in fill values.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Float64().to_json_scalar(0.5, zarr_format=3)
    0.5
    >>> zarr.dtype.Float64().to_json_scalar(float("nan"), zarr_format=3)
    'NaN'
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Float64DType, "float64", "f8"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Complex64(_Complex):
    """Pairs of floats of 4 bytes: real, imaginary.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Complex64().to_json_scalar(1 + 2j, zarr_format=3)
    (1.0, 2.0)
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Complex64DType, "complex64", "c8"
    _alias = "complex_float32"
    _part = Float32
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True, slots=True)
class Complex128(_Complex):
    """Pairs of floats of 8 bytes: real, imaginary.

    Attributes
    ----------
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.Complex128().to_json_scalar(1 + 2j, zarr_format=3)
    (1.0, 2.0)
    """

    dtype_cls, _zarr_v3_name, _code = np.dtypes.Complex128DType, "complex128", "c16"
    _alias = "complex_float64"
    _part = Float64
    endianness: Endianness = "little"
