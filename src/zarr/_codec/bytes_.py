"""The codec `bytes`: elements in C order, each as its fixed number of bytes, with the byte order of the configuration.

Which byte order elements have in memory is a matter of the data type; on the way out they are turned into the stored
order, on the way in into the data type's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._buffer.byte_order import has_byte_order, in_order, of_order
from zarr._codec.base import ArrayBytesCodec, ChunkSpec
from zarr._codec.configuration import check_choice, read_configuration
from zarr._codec.documents import EndianName
from zarr._codec.limits import decoded_nbytes
from zarr._codec.raw import (
    is_variable_length,
    native_dtype,
    no_bytes,
    octets,
    octets_of,
    refuse_no_characters,
    to_buffer,
    to_nd_buffer,
)
from zarr._dtype.small import without_spare_bits
from zarr._support.near_names import suggests_keywords
from zarr._support.warn import warn
from zarr.errors import CodecError, ZarrUserWarning

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType


@suggests_keywords
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
        elements = without_spare_bits(of_order(encoded, dtype, self.endian))
        refuse_no_characters(elements, "bytes")
        return to_nd_buffer(chunk_spec, elements.reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        array = chunk_data.as_numpy_array()
        self._check(array.dtype)
        return to_buffer(chunk_spec, octets_of(in_order(array, self.endian)))
