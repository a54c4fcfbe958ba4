"""Numbers of few bits, as machine learning uses them: bfloat16, float8, float6, float4, int4, int2, and complex ones of such parts.

NumPy has none of them; the package ml_dtypes does, and is imported when one is first used. Every element has a byte of its
own, or two for `bfloat16`: those of fewer bits are in the low bits, and what is above them is not looked at. Complex
numbers are two elements, the real part first; where ml_dtypes has no such type, they are in memory structs of `real` and
`imag`. Format 2 knows those that TensorStore writes there, by the same names. Each type is a row in `small_types`.
"""

from __future__ import annotations

import base64
import binascii
import math
import operator
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.memory import is_extension
from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import UnfitDataTypeError, named, typestr, wrong
from zarr._dtype.losses import in_short
from zarr._dtype.numbers import integer_in_json, is_number
from zarr._dtype.rounding import rounded_to
from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError, MissingPackageError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

_NAMES = {"Infinity": math.inf, "-Infinity": -math.inf, "+Infinity": math.inf}


@cache
def dtype_of(name: str) -> np.dtype[Any]:
    """The NumPy dtype of this name, from the package ml_dtypes.

    Raises
    ------
    MissingPackageError
        If it is not installed, or too old.
    """
    try:
        with importing("ml_dtypes"):
            import ml_dtypes
    except ImportError as exc:
        raise MissingPackageError(
            f"elements of data type {name} need the package ml_dtypes, which cannot be imported ({exc}): {_COMMAND}"
        ) from exc
    found = getattr(ml_dtypes, name, None)
    if found is None:
        raise MissingPackageError(
            f"elements of data type {name} need a newer version of ml_dtypes than {ml_dtypes.__version__}: {_COMMAND}"
        )
    dtype: np.dtype[Any] = np.dtype(found)
    return dtype


_COMMAND = 'pip install "ml-dtypes>=0.6"'


def _name_of(dtype: np.dtype[Any]) -> str:
    """Name of a dtype of ml_dtypes; empty for any other."""
    is_one = is_extension(dtype) and dtype.type.__module__.partition(".")[0] == "ml_dtypes"
    return dtype.type.__name__ if is_one else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Small(ZDType[Any, Any]):
    """What all of them share."""

    dtype_cls = np.dtype

    _ml_name: ClassVar[str] = ""
    """Name of the type in ml_dtypes."""
    _is_in_format_2: ClassVar[bool] = True

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return self.to_native_dtype().itemsize

    def to_native_dtype(self) -> np.dtype[Any]:
        return dtype_of(self._ml_name)

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if not cls._ml_name or getattr(dtype, "isbuiltin", 0) != 2 or _name_of(dtype) != cls._ml_name:
            raise wrong(cls, dtype)
        return cls()

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            name, configuration = named(data)
        else:
            name, configuration = typestr(data)  # type: ignore[assignment]  # the object codec, of which there is none
        if name != cls._zarr_v3_name or configuration:
            raise wrong(cls, data)
        if zarr_format == 2 and not cls._is_in_format_2:
            raise UnfitDataTypeError(cls._not_in_format_2())
        made = cls()
        made.to_native_dtype()  # now it is seen if the package is not there
        return made

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 3:
            return self._zarr_v3_name
        if not self._is_in_format_2:
            raise ValueError(self._not_in_format_2())
        return {"name": self._zarr_v3_name, "object_codec_id": None}

    @classmethod
    def _not_in_format_2(cls) -> str:
        return f"format 2 has no data type {cls._zarr_v3_name}; use format 3"

    def _refusal(self, data: object) -> ArgumentError:
        return ArgumentError(
            f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type {self._zarr_v3_name}."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallInteger(Small):
    """Integers, in a byte each."""

    _range: ClassVar[tuple[int, int]] = (0, 0)

    def default_scalar(self) -> Any:
        return self.to_native_dtype().type(0)

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        return self._in_range(integer_in_json(data))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(self.cast_scalar(data))

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.generic) and data.dtype == self.to_native_dtype():
            return data
        if isinstance(data, float | np.floating) and np.isfinite(data) and data == np.trunc(data):
            return self._in_range(int(data))
        if isinstance(data, bool | np.bool_) or (isinstance(data, np.generic) and "int" in _name_of(data.dtype)):
            return self._in_range(int(data))
        try:
            return self._in_range(operator.index(data))  # type: ignore[arg-type]  # asked, not assumed
        except TypeError:
            raise self._refusal(data) from None

    def _in_range(self, value: int) -> Any:
        least, most = self._range
        if not least <= value <= most:
            raise OverflowError(
                f"{in_short(value)} is out of range for the data type {self._zarr_v3_name} ({least} to {most})"
            )
        return self.to_native_dtype().type(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallFloat(Small):
    """Floating numbers."""

    _n_bits: ClassVar[int] = 8
    _nan: ClassVar[int | None] = None
    """Bits of the NaN that has a name; None if there is none."""
    _has_infinity: ClassVar[bool] = False
    _has_zero: ClassVar[bool] = True

    def default_scalar(self) -> Any:
        return self._of_bits(0)

    def _of_bits(self, bits: int) -> Any:
        dtype = self.to_native_dtype()
        return np.array(bits, f"u{dtype.itemsize}").reshape(1).view(dtype)[0]

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if isinstance(data, bool):
            raise TypeError(f"Invalid type: {data!r}. Expected a float.")
        if isinstance(data, str):
            return self._of_base64(data) if self._is_in_base64(zarr_format) else self._of_text(data)
        if isinstance(data, int | float):
            # TensorStore stores 0 as the default of numbers that have no zero, and reads the smallest for it.
            return self._of_bits(0) if data == 0 and not self._has_zero else self._rounded(data)
        raise TypeError(f"Invalid type: {data!r}. Expected a float, or a string that names one.")

    def _is_in_base64(self, zarr_format: ZarrFormat) -> bool:
        """Whether fill values are stored as bytes, which is what TensorStore does with this one type of format 2."""
        return zarr_format == 2 and self._n_bits == 4

    def _of_base64(self, text: str) -> Any:
        try:
            (bits,) = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ValueError(f"{text!r} is not one byte in base64: {exc}") from exc
        return self._of_bits(bits & 0x0F)

    def _of_text(self, text: str) -> Any:
        if text == "NaN" and self._nan is not None:
            return self._of_bits(self._nan)
        if text in _NAMES:
            return self._rounded(_NAMES[text])
        if re.fullmatch(r"0x[0-9a-fA-F]+", text) and int(text, 16) < 2**self._n_bits:
            return self._of_bits(int(text, 16))
        words = "a number" if self._nan is None else "a number, 'NaN'"
        raise ArgumentError(
            f"{text!r} is not a {self._zarr_v3_name}: expected {words}{', an infinity' if self._has_infinity else ''} or a bit pattern "
            f"'0x…' of {self._n_bits} bits"
        )

    def _rounded(self, value: Any) -> Any:
        """The nearest number, if the value is within the range."""
        if value != value and self._nan is not None:  # noqa: PLR0124  # NaN
            return self._of_bits(self._nan)
        try:
            number = float(value)
        except OverflowError:  # an integer that no floating number comes near
            number = math.inf
        scalar = rounded_to(np.array([number]), self.to_native_dtype())[0]
        is_outside = math.isinf(number) and not (self._has_infinity and math.isinf(value))
        if math.isfinite(number):
            is_saturated = self._nan is None and abs(number) > abs(float(scalar))
            is_outside = not math.isfinite(float(scalar)) or is_saturated and self._is_largest(scalar)
        if is_outside or math.isnan(number):
            raise OverflowError(f"{in_short(value)} is out of range for the data type {self._zarr_v3_name}")
        return scalar

    def _is_largest(self, scalar: Any) -> bool:
        with np.errstate(all="ignore"):
            return abs(float(scalar)) == float(np.array([1e30]).astype(self.to_native_dtype())[0])

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> float | str:
        scalar = self.cast_scalar(data)
        bits = int.from_bytes(
            np.asarray(scalar).reshape(1).view(f"u{self.item_size}").astype("<u2").tobytes(), "little"
        )
        if self._is_in_base64(zarr_format):
            return base64.b64encode(bytes([bits])).decode()
        number = float(scalar)
        if math.isnan(number):
            return "NaN" if bits == self._nan or zarr_format == 2 else f"0x{bits:0{2 * self.item_size}x}"
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"
        return number

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.generic) and data.dtype == self.to_native_dtype():
            return data  # the very bits
        if isinstance(data, str):
            return self._of_text(data)
        if isinstance(data, np.generic) and _name_of(data.dtype) and "complex" not in _name_of(data.dtype):
            data = float(data)
        if not is_number(data) or isinstance(data, complex | np.complexfloating):
            raise self._refusal(data)
        scalar = self._rounded(data)
        if isinstance(data, int | np.integer) and int(float(scalar)) != int(data):
            raise ArgumentError(
                f"{data!r} has too many digits for the data type {self._zarr_v3_name}, which would make {scalar!r} of it; use a "
                "wider one, or give that number"
            )
        return scalar


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallComplex(Small):
    """Pairs of floating numbers: real, imaginary."""

    part: ClassVar[Any]
    """Data type of the real and of the imaginary part."""
    _is_in_format_2 = False

    def to_native_dtype(self) -> np.dtype[Any]:
        if self._ml_name:
            return dtype_of(self._ml_name)
        part = self.part.to_native_dtype()
        return np.dtype([("real", part), ("imag", part)])

    def _of_parts(self, parts: list[Any]) -> Any:
        dtype, part = self.to_native_dtype(), self.part.to_native_dtype().newbyteorder("=")
        return np.array(parts, part).view(dtype)[0]

    def _parts_of(self, scalar: Any) -> Any:
        return np.asarray(scalar).reshape(1).view(self.part.to_native_dtype().newbyteorder("="))

    def default_scalar(self) -> Any:
        return self._of_parts([self.part.default_scalar()] * 2)

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> Any:
        if not isinstance(data, list | tuple) or len(data) != 2:
            raise TypeError(f"Invalid type: {data!r}. Expected a list of two floats.")
        return self._of_parts([self.part.from_json_scalar(item, zarr_format=zarr_format) for item in data])

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> list[Any]:
        parts = self._parts_of(self.cast_scalar(data))
        return [self.part.to_json_scalar(part, zarr_format=zarr_format) for part in parts]

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.generic) and data.dtype == self.to_native_dtype():
            return data
        if isinstance(data, list | tuple) and len(data) == 2:
            return self._of_parts([self.part.cast_scalar(item) for item in data])
        if isinstance(data, np.generic) and is_extension(data.dtype):
            data = complex(data)
        if not is_number(data):
            raise self._refusal(data)
        return self._of_parts([self.part.cast_scalar(data.real), self.part.cast_scalar(data.imag)])


# -- bits that mean nothing -----------------------------------------------------------------------------------------

_OWN_BITS = {"float6_e2m3fn": 0x3F, "float6_e3m2fn": 0x3F, "float4_e2m1fn": 0x0F}
"""Types of which ml_dtypes looks at bits that are not theirs, and which bits are. It does not with integers."""


@lru_cache(maxsize=256)
def has_spare_bits(dtype: np.dtype[Any]) -> bool:
    """Whether elements have bits that mean nothing, and that must be 0 in memory.

    Examples
    --------
    >>> has_spare_bits(dtype_of("float6_e2m3fn")), has_spare_bits(np.dtype("u1"))
    (True, False)
    """
    if dtype.names is not None:
        return any(has_spare_bits(dtype[name].base) for name in dtype.names)
    return _name_of(dtype) in _OWN_BITS


def without_spare_bits(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Elements with 0 for the bits that mean nothing, in fresh memory if there are such; the array itself if not."""
    if not has_spare_bits(elements.dtype):
        return elements
    copied = elements.copy()
    _clear(copied)
    return copied


def _clear(elements: npt.NDArray[Any]) -> None:
    if elements.dtype.names is not None:
        for name in elements.dtype.names:
            _clear(elements[name])
    elif has_spare_bits(elements.dtype):
        octets = elements.view(np.uint8)
        octets &= np.uint8(_OWN_BITS[_name_of(elements.dtype)])
