"""The codecs `zarrs.vlen` and `zarrs.vlen_v2`, extensions of zarrs: elements of variable length, of whichever data type.

The first stores where elements begin apart from their bytes, each encoded by codecs of its own: `n + 1` offsets into all elements,
laid one behind the other. The encoded offsets come first, or last, with their length before them, or behind them, as a little-endian
uint64. The second is `vlen-utf8` for text and `vlen-bytes` for bytes, under one name.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np

from zarr._codec.base import ArrayBytesCodec, ChunkSpec, Codec
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.configuration import check_choice, read_configuration
from zarr._codec.documents import INDEX_LOCATION, IndexLocation
from zarr._codec.limits import variable_limit
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.registry import parse_inner_codecs
from zarr._codec.stream_limits import check_new_stream, too_long
from zarr._codec.vlen import as_array, bytes_of, join_bytes, join_utf8, split_bytes, split_utf8, text_of, utf8_of
from zarr._dtype.numbers import UInt8, UInt32, UInt64
from zarr._dtype.octets import VariableLengthBytes
from zarr._dtype.text import VariableLengthUTF8
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer, NDBuffer
    from zarr._dtype.base import ZDType

IndexDataType: TypeAlias = Literal["uint32", "uint64"]
INDEX_DATA_TYPES = get_args(IndexDataType)
_NAME, _NAME_V2 = "zarrs.vlen", "zarrs.vlen_v2"
_CHAINS = ("index_codecs", "data_codecs")
_LENGTH = struct.Struct("<Q")


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class VLenCodec(ArrayBytesCodec):
    """Text or bytes of any length, with where each begins apart. An extension of zarrs, by the name `zarrs.vlen`.

    Parameters
    ----------
    index_codecs
        Codecs of the offsets, as instances or in their stored form.
    data_codecs
        Codecs of the bytes of all elements, one behind the other, which are `uint8`.
    index_data_type
        Of the offsets: `"uint32"` or `"uint64"`.
    index_location
        `"start"` or `"end"`.

    Raises
    ------
    TypeError, ValueError
        For other values, and (when it becomes known) for another data type.

    Examples
    --------
    >>> import zarr
    >>> from zarr.codecs import BytesCodec, VLenCodec, ZstdCodec
    >>> codec = VLenCodec(index_codecs=[BytesCodec(), ZstdCodec()], data_codecs=[BytesCodec(), ZstdCodec()])
    >>> words = zarr.create_array({}, shape=2, dtype="string", serializer=codec, compressors=None)
    >>> words[0] = "one"
    >>> words[:].tolist()
    ['one', '']
    """

    is_fixed_size: ClassVar[bool] = False

    index_codecs: tuple[Codec, ...]
    data_codecs: tuple[Codec, ...]
    index_data_type: IndexDataType = "uint64"
    index_location: IndexLocation = "start"

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(
            self,
            *,
            index_codecs: Iterable[Codec | Mapping[str, object] | str],
            data_codecs: Iterable[Codec | Mapping[str, object] | str],
            index_data_type: IndexDataType = "uint64",
            index_location: IndexLocation = "start",
        ) -> None: ...

    def __post_init__(self) -> None:
        for key in _CHAINS:
            codecs = parse_inner_codecs(_NAME, key, getattr(self, key))
            check_order(codecs)
            object.__setattr__(self, key, codecs)
        check_choice(_NAME, "index_data_type", self.index_data_type, INDEX_DATA_TYPES)
        check_choice(_NAME, "index_location", self.index_location, INDEX_LOCATION)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        keys = (*_CHAINS, "index_data_type", "index_location")
        return cls(**read_configuration(data, (_NAME,), keys, required=(*_CHAINS, "index_data_type")))

    def to_dict(self) -> dict[str, Any]:
        configuration = {
            "index_codecs": [codec.to_dict() for codec in self.index_codecs],
            "data_codecs": [codec.to_dict() for codec in self.data_codecs],
            "index_data_type": self.index_data_type,
            "index_location": self.index_location,
        }
        return {"name": _NAME, "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        self.validate(shape=array_spec.shape, dtype=array_spec.dtype, chunk_grid=None)
        index, data = self._index_chain(array_spec).codecs, self._data_chain(array_spec, 0).codecs
        if index == self.index_codecs and data == self.data_codecs:
            return self
        return replace(self, index_codecs=index, data_codecs=data)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        _check_data_type(_NAME, dtype)

    def _index_chain(self, spec: ChunkSpec) -> CodecChain:
        data_type = UInt32() if self.index_data_type == "uint32" else UInt64()
        shape = (math.prod(spec.shape) + 1,)
        return CodecChain.compile(
            self.index_codecs,
            spec.replace(shape=shape, dtype=data_type, fill_value=data_type.default_scalar(), nbytes_limit=None),
        )

    def _data_chain(self, spec: ChunkSpec, nbytes: int) -> CodecChain:
        return CodecChain.compile(
            self.data_codecs, spec.replace(shape=(nbytes,), dtype=UInt8(), fill_value=np.uint8(0), nbytes_limit=None)
        )

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        chain = self._index_chain(chunk_spec)
        items = _items_of(_NAME, chunk_data.as_numpy_array().ravel(order="C"), chunk_spec)
        offsets = np.zeros(len(items) + 1, np.uint64)
        np.cumsum([len(item) for item in items], out=offsets[1:])
        dtype = native_dtype(chain.spec)
        if int(offsets[-1]) > np.iinfo(dtype).max:
            raise CodecError(_NAME, "encode", f"a chunk of {offsets[-1]} bytes needs index_data_type 'uint64'")
        index = _encoded(chain, offsets.astype(dtype), "index_codecs")
        check_new_stream(_NAME, int(offsets[-1]))
        data = np.frombuffer(b"".join(items), np.uint8)
        elements = _encoded(self._data_chain(chunk_spec, data.size), data, "data_codecs")
        length = _LENGTH.pack(len(index))
        parts = (length, index, elements) if self.index_location == "start" else (elements, index, length)
        return to_buffer(chunk_spec, b"".join(parts))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        index, data = self._split(chunk_data)
        offsets = self._index_chain(chunk_spec).decode(index).as_numpy_array()
        nbytes = int(offsets[-1])
        if nbytes > (limit := variable_limit()):
            raise too_long(_NAME, limit)
        if (offsets[1:] < offsets[:-1]).any():
            raise CodecError(_NAME, "decode", "the offsets of elements do not grow from each to the next")
        joined = self._data_chain(chunk_spec, nbytes).decode(data).as_numpy_array().tobytes()
        items = [joined[start:stop] for start, stop in pairwise(offsets.tolist())]
        return to_nd_buffer(chunk_spec, _elements_of(_NAME, items, chunk_spec))

    def _split(self, stored: Buffer) -> tuple[Buffer, Buffer]:
        """The encoded offsets and the encoded elements."""
        total, at_end = len(stored), self.index_location == "end"
        if total < _LENGTH.size:
            raise CodecError(_NAME, "decode", f"{total} bytes are too few for the length of the index")
        place = slice(total - _LENGTH.size, total) if at_end else slice(0, _LENGTH.size)
        (nbytes,) = _LENGTH.unpack(stored[place].to_bytes())
        if nbytes > total - _LENGTH.size:
            raise CodecError(_NAME, "decode", f"an index of {nbytes} bytes does not fit into {total}")
        if at_end:
            middle = total - _LENGTH.size - nbytes
            return stored[middle : total - _LENGTH.size], stored[:middle]
        middle = _LENGTH.size + nbytes
        return stored[_LENGTH.size : middle], stored[middle:]


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class VLenV2Codec(ArrayBytesCodec):
    """Text or bytes of any length, as `VLenUTF8Codec` and `VLenBytesCodec` store them, by the name `zarrs.vlen_v2`.

    Examples
    --------
    >>> VLenV2Codec().to_dict()
    {'name': 'zarrs.vlen_v2', 'configuration': {}}
    """

    is_fixed_size: ClassVar[bool] = False
    is_stream: ClassVar[bool] = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME_V2,), ()))

    def to_dict(self) -> dict[str, Any]:
        return {"name": _NAME_V2, "configuration": {}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        _check_data_type(_NAME_V2, array_spec.dtype)
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        _check_data_type(_NAME_V2, dtype)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        split: Any = split_utf8 if _is_text(chunk_spec) else split_bytes
        items = split(octets(chunk_data), math.prod(chunk_spec.shape), _NAME_V2)
        return to_nd_buffer(chunk_spec, as_array(items, native_dtype(chunk_spec)).reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer:
        join = join_utf8 if _is_text(chunk_spec) else join_bytes
        return to_buffer(chunk_spec, join(chunk_data.as_numpy_array().ravel(order="C"), _NAME_V2))


def _check_data_type(codec: str, dtype: ZDType[Any, Any]) -> None:
    if not isinstance(dtype, VariableLengthUTF8 | VariableLengthBytes):
        raise ArgumentError(f"codec {codec!r} stores text and bytes of variable length, not data type {dtype}")


def _is_text(spec: ChunkSpec) -> bool:
    return isinstance(spec.dtype, VariableLengthUTF8)


def _items_of(codec: str, elements: npt.NDArray[Any], spec: ChunkSpec) -> list[bytes]:
    return utf8_of(elements, codec) if _is_text(spec) else bytes_of(elements, codec)


def _elements_of(codec: str, items: list[bytes], spec: ChunkSpec) -> npt.NDArray[Any]:
    listed = text_of(items, codec) if _is_text(spec) else items
    return as_array(listed, native_dtype(spec)).reshape(spec.shape)


def _encoded(chain: CodecChain, elements: npt.NDArray[Any], key: str) -> bytes:
    encoded = chain.encode(to_nd_buffer(chain.spec, elements))
    if encoded is None:
        raise CodecError(_NAME, "encode", f"the {key} returned nothing")
    return encoded.to_bytes()
