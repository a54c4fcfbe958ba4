"""The codec `n5_default`: chunks as N5 has them, each with a header that says its shape."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from zarr._buffer.memory import filled
from zarr._codec.base import ArrayBytesCodec, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.chain import CodecChain
from zarr._codec.configuration import read_configuration
from zarr._codec.limits import oversized, with_margin
from zarr._codec.raw import native_dtype, to_buffer, to_nd_buffer
from zarr._codec.registry import parse_inner_codecs
from zarr._codec.transpose import TransposeCodec
from zarr._support.near_names import suggests_keywords
from zarr.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing import Self

    from zarr._buffer import Buffer, NDBuffer

_NAME = "n5_default"
_TYPES = frozenset({"f4", "f8", *(f"{kind}{n}" for kind in "iu" for n in (1, 2, 4, 8))})
_START = struct.Struct(">HH")
_MOST_LENGTH = 2**32 - 1


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class N5DefaultCodec(ArrayBytesCodec):
    """Blocks of N5 in default mode, for data that both formats describe. Blocks may be shorter than chunks.

    Parameters
    ----------
    codecs
        A `TransposeCodec` that reverses the axes, a big-endian `BytesCodec`, and at most one compressor; as instances or in their
        stored form.

    Raises
    ------
    TypeError, ValueError
        For other codecs, and (when it becomes known) for a data type that N5 does not have.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from zarr.codecs import BytesCodec, GzipCodec, N5DefaultCodec, TransposeCodec
    >>> codec = N5DefaultCodec(codecs=[TransposeCodec(order=(1, 0)), BytesCodec(endian="big"), GzipCodec()])
    >>> zarr.create_array({}, data=np.eye(2), serializer=codec, compressors=None)[1, 1]
    np.float64(1.0)
    """

    is_fixed_size: ClassVar[bool] = False

    codecs: tuple[Codec, ...]

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(self, *, codecs: Iterable[Codec | Mapping[str, object] | str]) -> None: ...

    def __post_init__(self) -> None:
        codecs = parse_inner_codecs(_NAME, "codecs", self.codecs)
        kinds: tuple[type, ...] = (TransposeCodec, BytesCodec, BytesBytesCodec)[: max(2, len(codecs))]
        if len(codecs) != len(kinds) or not all(isinstance(*pair) for pair in zip(codecs, kinds, strict=True)):
            raise ArgumentError(
                f"codecs of codec {_NAME!r} must be 'transpose', 'bytes' and at most one compressor; got {list(codecs)}"
            )
        object.__setattr__(self, "codecs", codecs)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, (_NAME,), ("codecs",), required=("codecs",)))

    def to_dict(self) -> dict[str, Any]:
        return {"name": _NAME, "configuration": {"codecs": [codec.to_dict() for codec in self.codecs]}}

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        dtype = native_dtype(array_spec)
        if dtype.isbuiltin == 2 or f"{dtype.kind}{dtype.itemsize}" not in _TYPES:
            raise ValueError(f"codec {_NAME!r} takes integers, float32 and float64, not data type {array_spec.dtype}")
        evolved = self._chain(array_spec).codecs
        order, endian = cast("TransposeCodec", evolved[0]).order, cast("BytesCodec", evolved[1]).endian
        if order != tuple(reversed(range(array_spec.ndim))):
            raise ValueError(f"the transpose of codec {_NAME!r} must reverse the axes; its order is {order}")
        if endian == "little":
            raise ValueError(f"the bytes of codec {_NAME!r} must be big-endian")
        if any(length > _MOST_LENGTH for length in array_spec.shape):
            raise ValueError(f"codec {_NAME!r} has no chunks as long as {array_spec.shape}")
        return self if evolved == self.codecs else replace(self, codecs=evolved)

    def _chain(self, spec: ChunkSpec) -> CodecChain:
        return CodecChain.compile(self.codecs, spec.replace(nbytes_limit=None))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        encoded = self._chain(chunk_spec).encode(chunk_data)
        if encoded is None:
            return None
        lengths = struct.pack(f">{chunk_spec.ndim}I", *chunk_spec.shape)
        return to_buffer(chunk_spec, _START.pack(0, chunk_spec.ndim) + lengths + encoded.to_bytes())

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        shape, header_nbytes = _read_header(chunk_data, chunk_spec)
        block = self._chain(chunk_spec.replace(shape=shape)).decode(chunk_data[header_nbytes:])
        if shape == chunk_spec.shape:
            return block
        chunk = filled(chunk_spec.shape, chunk_spec.fill_value, native_dtype(chunk_spec))
        common = tuple(slice(min(pair)) for pair in zip(shape, chunk_spec.shape, strict=True))
        chunk[common] = block.as_numpy_array()[common]
        return to_nd_buffer(chunk_spec, chunk)


def _read_header(block: Buffer, spec: ChunkSpec) -> tuple[tuple[int, ...], int]:
    """The shape of a block, and the size of its header."""
    nbytes = _START.size + 4 * spec.ndim
    if len(block) < nbytes:
        raise CodecError(_NAME, "decode", f"{len(block)} bytes are too few for the header of {nbytes}")
    header = block[:nbytes].to_bytes()
    mode, ndim = _START.unpack_from(header)
    if mode != 0:
        raise CodecError(_NAME, "decode", f"the block has mode {mode}; only the default, 0, has arrays of numbers")
    if ndim != spec.ndim:
        raise CodecError(_NAME, "decode", f"the block has {ndim} dimensions, the chunk {spec.ndim}")
    shape = struct.unpack_from(f">{ndim}I", header, _START.size)
    itemsize = native_dtype(spec).itemsize
    limit = with_margin(2 * math.prod(spec.shape) * itemsize)
    if (size := math.prod(shape) * itemsize) > limit:
        raise oversized(_NAME, size, limit)
    return shape, nbytes
