"""Working on one chunk in memory, by the names of zarr-python: decode and place, merge and encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.pipeline import GetResult
from zarr._dtype.fill import all_fill
from zarr.errors import ChunkNotFoundError

if TYPE_CHECKING:
    from zarr._buffer import Buffer, NDBuffer
    from zarr._codec.base import ChunkSpec, Codec

Decode: TypeAlias = "Callable[[Buffer, ChunkSpec], NDBuffer]"
Encode: TypeAlias = "Callable[[NDBuffer, ChunkSpec], Buffer | None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTransform:
    """A chain of codecs that is told the kind of chunk with every call.

    Parameters
    ----------
    codecs
        In the order of encoding.

    Raises
    ------
    TypeError, ValueError
        If they are no codecs in a legal order.
    """

    codecs: tuple[Codec, ...]

    def __post_init__(self) -> None:
        check_order(self.codecs)

    def encode_chunk(self, chunk_array: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        """Encode a chunk; None if a codec found it empty."""
        return CodecChain.compile(self.codecs, chunk_spec).encode(chunk_array)

    def decode_chunk(self, chunk_bytes: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        """Decode a chunk."""
        return CodecChain.compile(self.codecs, chunk_spec).decode(chunk_bytes)

    def compute_encoded_size(self, byte_length: int, array_spec: ChunkSpec) -> int:
        """Encoded size in bytes of a chunk of `byte_length` bytes, for codecs of fixed size."""
        spec = array_spec
        for codec in self.codecs:
            byte_length = codec.compute_encoded_size(byte_length, spec)
            spec = codec.resolve_metadata(spec)
        return byte_length


def evolve_codecs(codecs: Iterable[Codec], array_spec: ChunkSpec) -> tuple[Codec, ...]:
    """Codecs with settings that depend on the data type or shape filled in, each by what reaches it."""
    evolved = []
    spec = array_spec
    for codec in codecs:
        fitted = codec.evolve_from_array_spec(spec)
        evolved.append(fitted)
        spec = fitted.resolve_metadata(spec)
    return tuple(evolved)


def decode_and_scatter_chunk(
    chunk_bytes: Buffer | None,
    out: NDBuffer,
    *,
    chunk_spec: ChunkSpec,
    chunk_selection: Any,
    out_selection: Any,
    drop_axes: tuple[int, ...],
    decode: Decode,
) -> GetResult:
    """Decode a chunk and put a part of it into `out`; the fill value where there is no chunk."""
    if chunk_bytes is None:
        if not chunk_spec.config.read_missing_chunks:
            raise ChunkNotFoundError("a chunk is missing, and read_missing_chunks is off")
        out[out_selection] = chunk_spec.fill_value
        return GetResult(status="missing")
    part = decode(chunk_bytes, chunk_spec)[chunk_selection]
    out[out_selection] = part.squeeze(axis=drop_axes) if drop_axes else part
    return GetResult(status="present")


def encode_or_elide_chunk(chunk_array: NDBuffer, chunk_spec: ChunkSpec, encode: Encode) -> Buffer | None:
    """Encode a chunk; None if it is not to be stored, being all fill value."""
    keep = chunk_spec.config.write_empty_chunks or not all_fill(chunk_array.as_numpy_array(), chunk_spec.fill_value)
    return encode(chunk_array, chunk_spec) if keep else None


def merge_and_encode_chunk(
    existing_bytes: Buffer | None,
    value: NDBuffer,
    *,
    chunk_spec: ChunkSpec,
    chunk_selection: Any,
    out_selection: Any,
    is_complete: bool,
    drop_axes: tuple[int, ...],
    decode: Decode,
    encode: Encode,
) -> Buffer | None:
    """Put a part of `value` into a chunk and encode it; None if nothing is to be stored.

    `is_complete` says that the part covers all of the chunk that lies inside the array, so the old one does not matter.
    """
    if existing_bytes is None or is_complete:
        chunk = empty(chunk_spec.shape, chunk_spec.dtype.to_native_dtype(), chunk_spec.order)
        chunk[...] = chunk_spec.fill_value
    else:
        chunk = decode(existing_bytes, chunk_spec).as_numpy_array().copy()
    chunk[chunk_selection] = _part(value, out_selection, drop_axes)
    return encode_or_elide_chunk(chunk_spec.prototype.nd_buffer.from_numpy_array(chunk), chunk_spec, encode)


def _part(value: NDBuffer, selection: Any, drop_axes: tuple[int, ...]) -> Any:
    """What of the value goes into one chunk, with the axes back that an integer selection dropped."""
    if value.shape == ():
        return value.as_numpy_array()
    part = value.as_numpy_array()[selection]
    return np.expand_dims(part, drop_axes) if drop_axes else part
