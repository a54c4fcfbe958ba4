"""Bytes and arrays as codecs handle them: contiguous host memory in, buffers of the wanted class out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import are_characters
from zarr.errors import CodecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, BytesLike, NDBuffer
    from zarr._codec.base import ChunkSpec


def octets(buffer: Buffer) -> npt.NDArray[np.uint8]:
    """The bytes of a buffer as a contiguous array; a view unless the memory is elsewhere or has gaps."""
    return np.ascontiguousarray(buffer.as_numpy_array()).view(np.uint8)


def octets_of(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The memory of a C-contiguous array as bytes, whatever its dtype (0-d and zero-size items included)."""
    if array.nbytes == 0:
        return np.empty(0, np.uint8)
    return array.reshape(-1).view(np.uint8)


def no_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array without any bytes: no elements, or items of size 0, which `numpy.zeros` would widen to 1."""
    return np.ndarray(shape, dtype)


def to_buffer(spec: ChunkSpec, data: BytesLike | npt.NDArray[Any]) -> Buffer:
    """Wrap bytes in the buffer class that the spec asks for."""
    if isinstance(data, np.ndarray):
        data = octets_of(np.ascontiguousarray(data)).data
    return spec.prototype.buffer.from_bytes(data)


def to_nd_buffer(spec: ChunkSpec, array: npt.NDArray[Any]) -> NDBuffer:
    """Wrap an array in the N-dimensional buffer class that the spec asks for."""
    return spec.prototype.nd_buffer.from_numpy_array(array)


def native_dtype(spec: ChunkSpec) -> np.dtype[Any]:
    """NumPy dtype of the chunk's elements in memory."""
    dtype: np.dtype[Any] = spec.dtype.to_native_dtype()
    return dtype


def is_variable_length(dtype: np.dtype[Any]) -> bool:
    """Whether elements are references, so that the array's memory does not hold the data."""
    return dtype.kind in "OT" or dtype.hasobject


def refuse_no_characters(elements: npt.NDArray[Any], codec: str) -> None:
    """Raise CodecError for text of fixed length with numbers in it that are no characters, of which NumPy makes nothing."""
    if not are_characters(elements):
        raise CodecError(
            codec, "decode", "an element holds a number that is no character, and has to be text in UTF-32"
        )
