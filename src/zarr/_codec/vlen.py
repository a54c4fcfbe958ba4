"""The codecs `vlen-utf8` and `vlen-bytes`: elements of variable length.

The number of elements as a little-endian uint32, then for each element, in C order, its length in bytes as a
little-endian uint32 and its bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zarr._codec.base import ArrayBytesCodec, ChunkSpec
from zarr._codec.configuration import read_configuration
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._support.near_names import suggests_keywords
from zarr.errors import CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType

_LENGTH = struct.Struct("<I")
MOST_ITEMS = 2**32 - 1
"""In one chunk, and bytes in one of them: lengths have 32 bits."""


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class VLenUTF8Codec(ArrayBytesCodec):
    """Strings as UTF-8. None and 0, which old data holds for "nothing", are written as the empty string.

    Examples
    --------
    >>> VLenUTF8Codec().to_dict()
    {'name': 'vlen-utf8', 'configuration': {}}
    """

    is_fixed_size: ClassVar[bool] = False
    is_stream: ClassVar[bool] = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("vlen-utf8", "numcodecs.vlen-utf8"), ()))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "vlen-utf8", "configuration": {}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        _check_dtype("vlen-utf8", array_spec.dtype, "TO", unlike=("bytes", "variable_length_bytes", "zarrs.optional"))
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        _check_dtype("vlen-utf8", dtype, "TO", unlike=("bytes", "variable_length_bytes", "zarrs.optional"))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        items = split_utf8(octets(chunk_data), math.prod(chunk_spec.shape))
        return to_nd_buffer(chunk_spec, as_array(items, native_dtype(chunk_spec)).reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        return to_buffer(chunk_spec, join_utf8(chunk_data.as_numpy_array().ravel(order="C")))


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class VLenBytesCodec(ArrayBytesCodec):
    """Byte strings. None and 0 are written as the empty string.

    Examples
    --------
    >>> VLenBytesCodec().to_dict()
    {'name': 'vlen-bytes', 'configuration': {}}
    """

    is_fixed_size: ClassVar[bool] = False
    is_stream: ClassVar[bool] = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("vlen-bytes", "numcodecs.vlen-bytes"), ()))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "vlen-bytes", "configuration": {}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        _check_dtype("vlen-bytes", array_spec.dtype, "O", unlike=("string", "zarrs.optional"))
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        _check_dtype("vlen-bytes", dtype, "O", unlike=("string", "zarrs.optional"))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        items = split_bytes(octets(chunk_data), math.prod(chunk_spec.shape))
        return to_nd_buffer(chunk_spec, as_array(items, native_dtype(chunk_spec)).reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        return to_buffer(chunk_spec, join_bytes(chunk_data.as_numpy_array().ravel(order="C")))


def _check_dtype(codec: str, dtype: ZDType[Any, Any], kinds: str, unlike: tuple[str, ...]) -> None:
    native = dtype.to_native_dtype()
    if native.kind not in kinds or type(dtype)._zarr_v3_name in unlike:
        stored = "strings" if codec == "vlen-utf8" else "byte strings"
        raise ValueError(f"codec {codec!r} stores {stored} of variable length, not data type {dtype}")


def as_array(items: Sequence[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A flat array of `dtype` (StringDType, or object) with the given elements."""
    if dtype.kind != "O":
        return np.array(items, dtype=dtype)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def split_bytes(encoded: npt.NDArray[np.uint8], n_items: int, codec: str = "vlen-bytes") -> list[bytes]:
    """Parse a stream that must hold `n_items` elements, and nothing after them. Raises CodecError."""
    data = encoded.tobytes()
    total = len(data)
    if total < 4:
        raise CodecError(codec, "decode", f"{total} bytes are too few to hold the number of elements")
    (count,) = _LENGTH.unpack_from(data)
    if count != n_items:
        raise CodecError(codec, "decode", f"the data holds {count} elements, the chunk has {n_items}")
    if total < 4 + 4 * count:
        raise CodecError(codec, "decode", f"{total} bytes are too few for {count} elements")
    items: list[bytes] = []
    read_length = _LENGTH.unpack_from
    position = 4
    try:
        for _ in range(count):
            start = position + 4
            position = start + read_length(data, position)[0]
            items.append(data[start:position])
    except struct.error:
        position = total + 1
    if position > total:  # slices past the end are short, and no later length could be read: one check serves all
        raise CodecError(codec, "decode", f"an element reaches beyond the {total} bytes of the data")
    if position < total:
        raise CodecError(codec, "decode", f"{total - position} bytes follow the last element")
    return items


def stream_nbytes(head: bytes, n_items: int, codec: str) -> tuple[int, bool]:
    """How many bytes a stream of `n_items` elements has at least that begins with `head`, and whether it has just these.

    Raises CodecError for the beginning of another one.
    """
    if len(head) < 4:
        raise CodecError(codec, "decode", f"{len(head)} bytes are too few to hold the number of elements")
    (count,) = _LENGTH.unpack_from(head)
    if count != n_items:
        raise CodecError(codec, "decode", f"the data holds {count} elements, the chunk has {n_items}")
    position = 4
    for number in range(n_items):
        if position + 4 > len(head):
            return position + 4 * (n_items - number), False
        position += 4 + _LENGTH.unpack_from(head, position)[0]
    return position, True


def split_utf8(encoded: npt.NDArray[np.uint8], n_items: int, codec: str = "vlen-utf8") -> list[str]:
    """Like `split_bytes`, for text."""
    return text_of(split_bytes(encoded, n_items, codec), codec)


def text_of(items: list[bytes], codec: str) -> list[str]:
    """Elements as text. Raises CodecError."""
    try:
        return [item.decode() for item in items]
    except UnicodeDecodeError as exc:
        raise CodecError(codec, "decode", f"an element is not valid UTF-8: {exc}") from exc


def join_utf8(array: npt.NDArray[Any], codec: str = "vlen-utf8") -> bytes:
    """Encode the elements of a flat array of strings."""
    return _join(utf8_of(array, codec), codec)


def join_bytes(array: npt.NDArray[Any], codec: str = "vlen-bytes") -> bytes:
    """Encode the elements of a flat array of byte strings."""
    return _join(bytes_of(array, codec), codec)


def utf8_of(array: npt.NDArray[Any], codec: str) -> list[bytes]:
    """The bytes of each element of a flat array of strings. Raises CodecError."""
    items: list[bytes] = []
    for item in array.tolist():
        if isinstance(item, str):
            try:
                items.append(item.encode())
            except UnicodeEncodeError as exc:
                raise CodecError(codec, "encode", f"{item!r} cannot be written as UTF-8: {exc}") from exc
        elif _is_nothing(item):
            items.append(b"")
        else:
            raise CodecError(codec, "encode", f"{item!r} of type {type(item).__name__} is not a string")
    return items


def bytes_of(array: npt.NDArray[Any], codec: str) -> list[bytes]:
    """Each element of a flat array of byte strings. Raises CodecError."""
    items: list[bytes] = []
    for item in array.tolist():
        if isinstance(item, bytes | bytearray | memoryview):
            items.append(bytes(item))
        elif _is_nothing(item):
            items.append(b"")
        else:
            raise CodecError(codec, "encode", f"{item!r} of type {type(item).__name__} is not a byte string")
    return items


def _is_nothing(item: object) -> bool:
    """Whether an element stands for a missing one: None, the 0 of freshly made arrays, NumPy's not-a-string NaN."""
    return item is None or (isinstance(item, int) and item == 0) or (isinstance(item, float) and math.isnan(item))


def _join(items: list[bytes], codec: str) -> bytes:
    lengths = [len(item) for item in items]
    if len(items) > MOST_ITEMS or max(lengths, default=0) > MOST_ITEMS:
        raise CodecError(codec, "encode", "counts and lengths must be below 2**32")
    prefixes = np.array(lengths, "<u4").tobytes()
    parts = [_LENGTH.pack(len(items))]
    for i, item in enumerate(items):
        parts.append(prefixes[4 * i : 4 * i + 4])
        parts.append(item)
    return b"".join(parts)
