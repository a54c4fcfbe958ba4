"""Text: of a fixed number of code points, and of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import check_length, length_bytes, named, sized_typestr, typestr, wrong
from zarr._dtype.missing import is_missing
from zarr._dtype.numbers import ORDERS, Endianness, check_endianness, endianness_of
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self

_CODE_POINT_NBYTES = 4


def _text(data: Any, zarr_format: ZarrFormat) -> str:
    """A stored fill value. Old arrays of format 2 hold the number 0 for the empty string."""
    if isinstance(data, str):
        return data
    if zarr_format == 2 and data == 0 and not isinstance(data, bool):
        return ""
    raise TypeError(f"Invalid type: {data!r}. Expected a string.")


def _as_text(data: object, name: str) -> str:
    if isinstance(data, str):
        return str(data)
    if (
        isinstance(data, int | float | np.number)
        and not isinstance(data, bool | np.timedelta64)
        and not is_missing(data)
    ):
        return str(data)  # as zarr-python; but NaN stands for a missing text
    raise ArgumentError(
        f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type {name}."
    )


def _sayable(text: str) -> str:
    """Text that UTF-8, and so a document, can say."""
    try:
        text.encode().decode()  # what NumPy makes of memory may hold what is no character at all
    except UnicodeError as exc:
        raise ArgumentError(f"{text!r} is no text that UTF-8, and so a document, can say: {exc}") from exc
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedLengthUTF32(ZDType[Any, Any]):
    """Text of up to `length` code points, padded with NUL; NumPy's `U`.

    Attributes
    ----------
    length
        Code points per element, of four bytes each.
    endianness
        Byte order of the stored elements in format 2. In format 3 the serializer decides.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.FixedLengthUTF32(length=5).to_json(zarr_format=3)
    {'name': 'fixed_length_utf32', 'configuration': {'length_bytes': 20}}
    """

    dtype_cls = np.dtypes.StrDType
    _zarr_v3_name = "fixed_length_utf32"
    code_point_bytes: ClassVar[int] = _CODE_POINT_NBYTES
    length: int
    endianness: Endianness = "little"

    def __post_init__(self) -> None:
        check_length(self.length)
        check_endianness(self.endianness)

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return self.length * _CODE_POINT_NBYTES

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype(self._type_string())

    def _type_string(self) -> str:
        return f"{ORDERS[self.endianness]}U{self.length}"

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "kind", None) != "U":
            raise wrong(cls, dtype)
        length = dtype.itemsize // _CODE_POINT_NBYTES
        return cls(length=length, endianness=endianness_of(dtype))

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            return cls(length=length_bytes(cls, data, cls._zarr_v3_name, _CODE_POINT_NBYTES) // _CODE_POINT_NBYTES)
        order, length = sized_typestr(cls, data, "U", "<>")
        return cls(length=length, endianness="big" if order == ">" else "little")

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": self._type_string(), "object_codec_id": None}
        if self.length == 0:
            raise ValueError(
                "format 3 has no text of length 0; use a longer type, as '<U1', or 'string' for any length"
            )
        return {"name": self._zarr_v3_name, "configuration": {"length_bytes": self.item_size}}

    def default_scalar(self) -> np.str_:
        return np.str_("")

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> np.str_:
        return self._fitting(_text(data, zarr_format))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return str(self._fitting(_as_text(data, self._zarr_v3_name)))

    def cast_scalar(self, data: object) -> np.str_:
        text = _sayable(_as_text(data, self._zarr_v3_name))
        if text.endswith("\0") and text.strip("\0"):  # as of bytes, NULs alone say that there is nothing
            raise ArgumentError(
                f"{text!r} ends in NULs, which the data type {self._zarr_v3_name} does not keep; use dtype='string', "
                "or leave them off"
            )
        return self._fitting(text)

    def _fitting(self, text: str) -> np.str_:
        text = text.rstrip("\0")
        if len(text) > self.length:
            raise ArgumentError(f"{text!r} has {len(text)} code points; the data type holds {self.length}")
        return np.str_(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class VariableLengthUTF8(ZDType[Any, Any]):
    """Text of any length; NumPy's `StringDType` in memory.

    Examples
    --------
    >>> import zarr
    >>> words = zarr.create_array({}, shape=2, dtype=zarr.dtype.VariableLengthUTF8(), fill_value="?")
    >>> words[0] = "a text of any length"
    >>> words[:].tolist()
    ['a text of any length', '?']
    """

    dtype_cls = np.dtypes.StringDType
    _zarr_v3_name = "string"
    object_codec_id: ClassVar[str] = "vlen-utf8"

    def to_native_dtype(self) -> Any:
        return np.dtypes.StringDType()

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if not isinstance(dtype, np.dtypes.StringDType):
            raise wrong(cls, dtype)
        return cls()

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            if named(data) == (cls._zarr_v3_name, {}):
                return cls()
        elif typestr(data) == ("|O", cls.object_codec_id):
            return cls()
        raise wrong(cls, data)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        return self._zarr_v3_name if zarr_format == 3 else {"name": "|O", "object_codec_id": self.object_codec_id}

    def default_scalar(self) -> str:
        return ""

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> str:
        return _sayable(_text(data, zarr_format))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return _as_text(data, self._zarr_v3_name)

    def cast_scalar(self, data: object) -> str:
        return _sayable(_as_text(data, self._zarr_v3_name))
