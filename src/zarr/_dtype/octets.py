"""Bytes: of a fixed number, with and without NULs at the end, and of any length. Fill values are base64."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import check_length, length_bytes, named, sized_typestr, typestr, warn_unstable, wrong
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    from typing import Self


def _decoded(data: Any, zarr_format: ZarrFormat) -> bytes:
    """A stored fill value: base64 or a list of octets; in old arrays of format 2 also 0 or plain text."""
    if isinstance(data, list | tuple):
        try:
            return bytes(data)
        except (TypeError, ValueError) as exc:
            raise ValueError(f"{data!r} is not a list of integers from 0 to 255") from exc
    if isinstance(data, str):
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as exc:
            if zarr_format == 2:
                return data.encode()
            raise ValueError(f"{data!r} is not base64: {exc}") from exc
    if zarr_format == 2 and data == 0 and not isinstance(data, bool):
        return b""
    raise TypeError(f"Invalid type: {data!r}. Expected a base64-encoded string.")


def _as_bytes(data: object, name: str) -> bytes:
    if isinstance(data, np.void):
        return data.tobytes()
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, int | np.integer) and not isinstance(data, bool | np.timedelta64) and data == 0:
        return b""
    raise ArgumentError(
        f"Cannot convert object {data!r} with type {type(data)} to a scalar compatible with the data type {name}."
    )


def _fits(value: bytes, length: int) -> bytes:
    if len(value) > length:
        raise ArgumentError(f"{value!r} has {len(value)} bytes; the data type holds {length}")
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class NullTerminatedBytes(ZDType[Any, Any]):
    """Up to `length` bytes, padded with NULs, which do not count; NumPy's `S`.

    Attributes
    ----------
    length
        Bytes per element.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.NullTerminatedBytes(length=5).to_native_dtype()
    dtype('S5')
    """

    dtype_cls = np.dtypes.BytesDType
    _zarr_v3_name = "null_terminated_bytes"
    length: int

    def __post_init__(self) -> None:
        check_length(self.length)

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return self.length

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype(f"S{self.length}")

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "kind", None) != "S":
            raise wrong(cls, dtype)
        return cls(length=dtype.itemsize)

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            return cls(length=length_bytes(cls, data, cls._zarr_v3_name, 1))
        return cls(length=sized_typestr(cls, data, "S", "|")[1])

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": f"|S{self.length}", "object_codec_id": None}
        if self.length == 0:
            raise ValueError("format 3 has no bytes of length 0; use a longer type, as 'S1', or 'bytes' for any length")
        warn_unstable(self)
        return {"name": self._zarr_v3_name, "configuration": {"length_bytes": self.length}}

    def default_scalar(self) -> np.bytes_:
        return np.bytes_(b"")

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> np.bytes_:
        return np.bytes_(_fits(_decoded(data, zarr_format).rstrip(b"\0"), self.length))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        value = _as_bytes(data, self._zarr_v3_name).rstrip(b"\0")
        # The whole item: TensorStore takes nothing shorter.
        return base64.b64encode(_fits(value, self.length).ljust(self.length, b"\0")).decode()

    def cast_scalar(self, data: object) -> np.bytes_:
        value = _as_bytes(data, self._zarr_v3_name)
        if value.endswith(b"\0") and value.strip(b"\0"):  # NULs alone are how others write that there is nothing
            raise ArgumentError(
                f"{value!r} ends in NULs, which the data type {self._zarr_v3_name} does not keep; use dtype='bytes', or "
                "leave them off"
            )
        return np.bytes_(_fits(value.rstrip(b"\0"), self.length))


@dataclass(frozen=True, kw_only=True, slots=True)
class RawBytes(ZDType[Any, Any]):
    """Exactly `length` bytes without a meaning; NumPy's `V`.

    Format 3 calls them `r8`, `r16`, ..., which few others read, and zarr-python and TensorStore `raw_bytes`.

    Attributes
    ----------
    length
        Bytes per element.
    is_counted_in_bits
        Whether it is stored under the name that the format has, as where somebody asks for it: `dtype="r16"`. Otherwise,
        as in copies, it has the name that more of the others read. It makes no other data type.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.RawBytes(length=4).to_native_dtype()
    dtype('V4')
    """

    dtype_cls = np.dtypes.VoidDType
    _zarr_v3_name = "raw_bytes"
    length: int
    is_counted_in_bits: bool = field(default=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_length(self.length)

    @property
    def item_size(self) -> int:
        """Bytes per element."""
        return self.length

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype(f"V{self.length}")

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "kind", None) != "V" or dtype.fields is not None or dtype.subdtype is not None:
            raise wrong(cls, dtype)
        if dtype.isbuiltin == 2:  # numbers of another package, of which NumPy knows no other kind
            raise wrong(cls, dtype)
        return cls(length=dtype.itemsize)

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 2:
            return cls(length=sized_typestr(cls, data, "V", "|")[1])
        name, configuration = named(data)
        if (bits := re.fullmatch(r"r([1-9][0-9]{0,9})", name)) and not configuration and int(bits[1]) % 8 == 0:
            return cls(length=int(bits[1]) // 8)
        return cls(length=length_bytes(cls, data, cls._zarr_v3_name, 1))

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return {"name": f"|V{self.length}", "object_codec_id": None}
        if self.length == 0:
            raise ValueError("format 3 has no raw bytes of length 0; use a longer type, as 'V1'")
        if self.is_counted_in_bits:
            return f"r{8 * self.length}"
        warn_unstable(self)
        return {"name": self._zarr_v3_name, "configuration": {"length_bytes": self.length}}

    def default_scalar(self) -> np.void:
        return self._padded(b"")

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> np.void:
        value = _decoded(data, zarr_format)
        if zarr_format == 3 and len(value) < self.length:
            raise ValueError(f"{data!r} has {len(value)} bytes; the data type holds exactly {self.length}")
        return self._padded(value)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str | list[int]:
        octets = self.cast_scalar(data).tobytes()
        is_listed = zarr_format == 3 and self.is_counted_in_bits
        return list(octets) if is_listed else base64.b64encode(octets).decode()

    def cast_scalar(self, data: object) -> np.void:
        return self._padded(_as_bytes(data, self._zarr_v3_name))

    def _padded(self, value: bytes) -> np.void:
        return np.void(_fits(value, self.length).ljust(self.length, b"\0"))


@dataclass(frozen=True, kw_only=True, slots=True)
class VariableLengthBytes(ZDType[Any, Any]):
    """Bytes of any number; Python `bytes` objects in memory.

    Examples
    --------
    >>> import zarr
    >>> blobs = zarr.create_array({}, shape=2, dtype="bytes")
    >>> blobs[0] = b"any number of bytes"
    >>> blobs[:].tolist()
    [b'any number of bytes', b'']
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name = "variable_length_bytes"
    object_codec_id: ClassVar[str] = "vlen-bytes"

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype("O")

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        if getattr(dtype, "kind", None) != "O":
            raise wrong(cls, dtype)
        return cls()

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        if zarr_format == 3:
            name, configuration = named(data)
            if name in ("bytes", "variable_length_bytes", "binary") and not configuration:
                return cls()
        elif typestr(data) == ("|O", cls.object_codec_id):
            return cls()
        raise wrong(cls, data)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        return "bytes" if zarr_format == 3 else {"name": "|O", "object_codec_id": self.object_codec_id}

    def default_scalar(self) -> bytes:
        return b""

    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> bytes:
        return _decoded(data, zarr_format)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return base64.b64encode(self.cast_scalar(data)).decode()

    def cast_scalar(self, data: object) -> bytes:
        return _as_bytes(data, self._zarr_v3_name)
