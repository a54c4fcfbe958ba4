"""Numbers, byte strings and byte orders in metadata by zarr-python's functions, for data types of others that call them."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypeGuard

import numpy as np

from zarr._compat.annotations import EndiannessStr

SpecialFloatStrings: TypeAlias = Literal["NaN", "Infinity", "-Infinity"]
JSONFloatV2: TypeAlias = float | SpecialFloatStrings
JSONFloatV3: TypeAlias = float | SpecialFloatStrings | str
NumpyEndiannessStr: TypeAlias = Literal[">", "<", "="]
ENDIANNESS_STR = ("little", "big")
NUMPY_ENDIANNESS_STR = (">", "<", "=")
_SPECIAL = ("NaN", "Infinity", "-Infinity")
_NUMPY_ORDERS = {">": "big", "<": "little", "=": sys.byteorder}


def bytes_to_json(data: bytes, zarr_format: int) -> str:  # noqa: ARG001  # both formats have it so
    """Bytes as base64.

    Examples
    --------
    >>> bytes_to_json(b"ab", 3)
    'YWI='
    """
    return base64.b64encode(data).decode("ascii")


def bytes_from_json(data: str, *, zarr_format: int) -> bytes:  # noqa: ARG001  # both formats have it so
    """Bytes from base64; ValueError if it is none."""
    return base64.b64decode(data)


def check_json_bool(data: object) -> TypeGuard[bool]:
    """Whether something is a truth value."""
    return isinstance(data, bool)


def check_json_str(data: object) -> TypeGuard[str]:
    """Whether something is text."""
    return isinstance(data, str)


def check_json_int(data: object) -> TypeGuard[int]:
    """Whether something is an integer of Python; truth values are."""
    return isinstance(data, int)


def check_json_intish_float(data: object) -> TypeGuard[float]:
    """Whether something is a float without a fraction."""
    return isinstance(data, float) and data.is_integer()


def check_json_intish_str(data: object) -> TypeGuard[str]:
    """Whether something is text that says an integer."""
    return isinstance(data, str) and _says(int, data)


def check_json_floatish_str(data: object) -> TypeGuard[str]:
    """Whether something is text that says a number."""
    return isinstance(data, str) and _says(float, data)


def _says(kind: type, text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def check_json_float_v2(data: object) -> TypeGuard[JSONFloatV2]:
    """Whether something is a number as format 2 has it in JSON."""
    return isinstance(data, int | float) or data in _SPECIAL


def check_json_float_v3(data: object) -> TypeGuard[JSONFloatV3]:
    """Whether something is a number as format 3 has it in JSON, its bits in hexadecimal included."""
    return check_json_float_v2(data) or (isinstance(data, str) and data.startswith("0x"))


def check_json_complex_float_v2(data: object) -> TypeGuard[tuple[JSONFloatV2, JSONFloatV2]]:
    """Whether something is a pair of numbers as format 2 has them in JSON."""
    return _is_pair(data) and all(check_json_float_v2(part) for part in data)


def check_json_complex_float_v3(data: object) -> TypeGuard[tuple[JSONFloatV3, JSONFloatV3]]:
    """Whether something is a pair of numbers as format 3 has them in JSON."""
    return _is_pair(data) and all(check_json_float_v3(part) for part in data)


def _is_pair(data: object) -> TypeGuard[Sequence[object]]:
    return isinstance(data, Sequence) and not isinstance(data, str | bytes) and len(data) == 2


def float_from_json_v2(data: JSONFloatV2) -> float:
    """The number that JSON of format 2 says; ValueError if it is none."""
    return float(data)


def float_from_json_v3(data: JSONFloatV3) -> float:
    """The number that JSON of format 3 says: itself, one of three words, or its bits in hexadecimal, the highest first.

    Examples
    --------
    >>> float_from_json_v3("-Infinity"), float_from_json_v3("0x3fc00000")
    (-inf, 1.5)
    """
    if not isinstance(data, str) or data in _SPECIAL:
        return float(data)
    bits = data.removeprefix("0x")
    kind = {4: ">f2", 8: ">f4", 16: ">f8"}.get(len(bits))
    if bits == data or kind is None:
        raise ValueError(
            f"{data!r} is no number: it has to be one of {_SPECIAL}, or 0x and 4, 8 or 16 digits, which are the bits of one"
        )
    return float(np.frombuffer(bytes.fromhex(bits), kind)[0])


def float_to_json_v2(data: float | np.floating[Any]) -> float | str:
    """A number as format 2 has it in JSON.

    Examples
    --------
    >>> float_to_json_v2(1.5), float_to_json_v2(float("-inf"))
    (1.5, '-Infinity')
    """
    number = float(data)
    if np.isnan(number):
        return "NaN"
    if np.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def complex_float_to_json_v2(data: complex | np.complexfloating[Any, Any]) -> tuple[float | str, float | str]:
    """A complex number as both formats have it in JSON."""
    return float_to_json_v2(data.real), float_to_json_v2(data.imag)


float_to_json_v3, complex_float_to_json_v3 = float_to_json_v2, complex_float_to_json_v2


def endianness_from_numpy_str(endianness: str) -> EndiannessStr:
    """The byte order that NumPy has a sign for.

    Examples
    --------
    >>> endianness_from_numpy_str(">")
    'big'
    """
    if endianness not in _NUMPY_ORDERS:
        raise ValueError(f"Invalid endianness: {endianness!r}. Expected one of {NUMPY_ENDIANNESS_STR}")
    return _NUMPY_ORDERS[endianness]  # type: ignore[return-value]  # one of two words


def endianness_to_numpy_str(endianness: str) -> NumpyEndiannessStr:
    """NumPy's sign for a byte order.

    Examples
    --------
    >>> endianness_to_numpy_str("little")
    '<'
    """
    if endianness not in ENDIANNESS_STR:
        raise ValueError(f"Invalid endianness: {endianness!r}. Expected one of {ENDIANNESS_STR}")
    return ">" if endianness == "big" else "<"


def datetime_from_int(data: int, *, unit: str, scale_factor: int) -> np.datetime64:
    """An instant, as so many times `scale_factor` units after 1970.

    Examples
    --------
    >>> datetime_from_int(5, unit="D", scale_factor=2)
    np.datetime64('1970-01-11','2D')
    """
    return np.int64(data).view(f"datetime64[{scale_factor}{unit}]")  # type: ignore[no-any-return]  # NumPy's types do not follow


def unpack_dtype_json(data: Any) -> Any:
    """The name of a data type out of what zarr-python has for it and its object codec in format 2; anything else as it is.

    Examples
    --------
    >>> unpack_dtype_json({"name": "<i4", "object_codec_id": None})
    '<i4'
    """
    return data["name"] if isinstance(data, dict) and "object_codec_id" in data else data
