"""The codec `bytes`: elements in C order, each as its fixed number of bytes, with the byte order of the configuration.

Which byte order elements have in memory is a matter of the data type; on the way out they are turned into the stored
order, on the way in into the data type's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.memory import in_dtype
from zarr._codec.base import ArrayBytesCodec, ChunkSpec
from zarr._codec.configuration import check_choice, read_configuration
from zarr._codec.documents import EndianName
from zarr._codec.limits import decoded_nbytes
from zarr._codec.raw import is_variable_length, native_dtype, no_bytes, octets, octets_of, to_buffer, to_nd_buffer
from zarr._support.warn import warn
from zarr.errors import CodecError, ZarrUserWarning

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType


def has_byte_order(dtype: np.dtype[Any]) -> bool:
    """Whether elements have parts of more than one byte, so that their order matters.

    Examples
    --------
    >>> has_byte_order(np.dtype("S5")), has_byte_order(np.dtype("u1")), has_byte_order(np.dtype([("a", "i2")]))
    (False, False, True)
    """
    if dtype.subdtype is not None:
        return has_byte_order(dtype.subdtype[0])
    if dtype.fields is not None:
        return any(has_byte_order(field[0]) for field in dtype.fields.values())
    return dtype.itemsize > 1 and dtype.byteorder != "|"


@dataclass(frozen=True, kw_only=True)
class BytesCodec(ArrayBytesCodec):
    """Elements as plain bytes, in C order.

    Parameters
    ----------
    endian
        `"little"` or `"big"`. None is for data types whose items are single bytes.

    Raises
    ------
    ValueError
        For another value, or (when the data type becomes known) if it is None and the data type needs one.

    Examples
    --------
    >>> BytesCodec(endian="big").to_dict()
    {'name': 'bytes', 'configuration': {'endian': 'big'}}
    """

    is_fixed_size: ClassVar[bool] = True

    endian: EndianName | None = "little"

    def __post_init__(self) -> None:
        if self.endian is not None:
            endian = check_choice("bytes", "endian", self.endian, ("little", "big"))
            object.__setattr__(self, "endian", endian)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        configuration = read_configuration(data, ("bytes", "endian"), ("endian",))
        return cls(endian=configuration.get("endian"))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "bytes"} if self.endian is None else {"name": "bytes", "configuration": {"endian": self.endian}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        dtype = native_dtype(array_spec)
        self._check(dtype)
        if not has_byte_order(dtype):
            return self if self.endian is None else replace(self, endian=None)
        if self.endian is not None:
            return self
        if dtype.fields is None:
            raise ValueError(
                f"codec 'bytes' needs the configuration key 'endian' (\"little\" or \"big\") for data type {dtype}"
            )
        warn("codec 'bytes' has no 'endian' for a structured data type; taking \"little\"", ZarrUserWarning)
        return replace(self, endian="little")

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._check(dtype.to_native_dtype())

    @staticmethod
    def _check(dtype: np.dtype[Any]) -> None:
        if is_variable_length(dtype):
            raise ValueError(
                f"codec 'bytes' cannot store elements of variable length ({dtype}); use 'vlen-utf8' for strings or "
                "'vlen-bytes' for bytes as the serializer"
            )

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ChunkSpec) -> int:
        return input_byte_length

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        dtype = native_dtype(chunk_spec)
        self._check(dtype)
        encoded = octets(chunk_data)
        if encoded.size != decoded_nbytes(chunk_spec):
            raise CodecError(
                "bytes",
                "decode",
                f"{encoded.size} bytes do not make a chunk of shape {chunk_spec.shape} and data type {dtype}, "
                f"which has {decoded_nbytes(chunk_spec)}",
            )
        if encoded.size == 0:
            return to_nd_buffer(chunk_spec, no_bytes(chunk_spec.shape, dtype))
        stored = _stored_dtype(dtype, self.endian)
        array = encoded.view(dtype if stored is None else stored)
        if stored is None:  # an extension dtype: NumPy cannot describe its other byte order
            array = array.byteswap()
        return to_nd_buffer(chunk_spec, in_dtype(array, dtype).reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        array = chunk_data.as_numpy_array()
        self._check(array.dtype)
        return to_buffer(chunk_spec, octets_of(_to_stored_order(array, self.endian)))


def _to_stored_order(array: npt.NDArray[Any], endian: EndianName | None) -> npt.NDArray[Any]:
    stored = _stored_dtype(array.dtype, endian)
    if stored is None:
        return np.ascontiguousarray(array.byteswap())
    return np.ascontiguousarray(in_dtype(array, stored))


def _stored_dtype(dtype: np.dtype[Any], endian: EndianName | None) -> np.dtype[Any] | None:
    """The dtype with the stored byte order; None if it is an extension dtype that must be swapped by hand."""
    if endian is None or not has_byte_order(dtype):
        return dtype
    if dtype.isbuiltin == 2:
        return dtype if endian == sys.byteorder else None
    return dtype.newbyteorder("<" if endian == "little" else ">")
