"""Working on one chunk in memory, by the names of zarr-python: decode and place, merge and encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, in_fresh_memory, picked, put
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.pipeline import GetResult
from zarr._codec.raw import native_dtype
from zarr._dtype.fill import all_fill
from zarr._engine.chunks import assignable

if TYPE_CHECKING:
    import numpy.typing as npt

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
    _last: list[tuple[ChunkSpec, CodecChain] | None] = field(
        default_factory=lambda: [None], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        check_order(self.codecs)

    def encode_chunk(self, chunk_array: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        """Encode a chunk; None if a codec found it empty."""
        return self._chain(chunk_spec).encode(chunk_array)

    def decode_chunk(self, chunk_bytes: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        """Decode a chunk."""
        return self._chain(chunk_spec).decode(chunk_bytes)

    def compute_encoded_size(self, byte_length: int, array_spec: ChunkSpec) -> int:
        """Encoded size in bytes of a chunk of `byte_length` bytes, for codecs of fixed size."""
        spec = array_spec
        for codec in self.codecs:
            byte_length = codec.compute_encoded_size(byte_length, spec)
            spec = codec.resolve_metadata(spec)
        return byte_length

    def _chain(self, spec: ChunkSpec) -> CodecChain:
        """The chain for a kind of chunk; mostly it is that of the chunk before."""
        last = self._last[0]
        if last is None or last[0] is not spec:
            last = self._last[0] = spec, CodecChain.compile(self.codecs, spec)
        return last[1]


def evolve_codecs(codecs: Iterable[Codec], array_spec: ChunkSpec) -> tuple[Codec, ...]:
    """Codecs with settings that depend on the data type or shape filled in, each by what reaches it."""
    evolved = []
    spec = array_spec
    for codec in codecs:
        fitted = codec.evolve_from_array_spec(spec)
        evolved.append(fitted)
        spec = fitted.resolve_metadata(spec)
    return tuple(evolved)


def fill_value_or_default(chunk_spec: ChunkSpec) -> Any:
    """What elements read as that are not stored: of a spec without a fill value, that of its data type."""
    return chunk_spec.dtype.default_scalar() if chunk_spec.fill_value is None else chunk_spec.fill_value


def chunk_is_empty(chunk_array: NDBuffer, chunk_spec: ChunkSpec) -> bool:
    """Whether a chunk holds nothing but the fill value."""
    return all_fill(chunk_array.as_numpy_array(), fill_value_or_default(chunk_spec))


def scatter_chunk(
    selected: NDBuffer | None,
    out: NDBuffer,
    *,
    chunk_spec: ChunkSpec,
    out_selection: Any,
    drop_axes: tuple[int, ...],
) -> GetResult:
    """Put a part of a chunk into `out`; the fill value where there is no chunk. Whether there may be none is for the caller to say."""
    if selected is None:
        out[as_view(out_selection)] = assignable(fill_value_or_default(chunk_spec), native_dtype(chunk_spec))
        return GetResult(status="missing")
    out[as_view(out_selection)] = selected.squeeze(axis=drop_axes) if drop_axes else selected
    return GetResult(status="present")


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
    selected = None if chunk_bytes is None else decode(chunk_bytes, chunk_spec)[as_view(chunk_selection)]
    return scatter_chunk(selected, out, chunk_spec=chunk_spec, out_selection=out_selection, drop_axes=drop_axes)


def encode_or_elide_chunk(chunk_array: NDBuffer, chunk_spec: ChunkSpec, encode: Encode) -> Buffer | None:
    """Encode a chunk; None if it is not to be stored, being all fill value."""
    return None if is_left_out(chunk_array, chunk_spec) else encode(chunk_array, chunk_spec)


def is_left_out(chunk_array: NDBuffer, chunk_spec: ChunkSpec) -> bool:
    """Whether a chunk is not to be stored, being all fill value."""
    return not chunk_spec.config.write_empty_chunks and chunk_is_empty(chunk_array, chunk_spec)


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
    old = None if existing_bytes is None or is_complete else decode(existing_bytes, chunk_spec)
    chunk = merge_chunk_array(old, value, out_selection, chunk_spec, chunk_selection, is_complete, drop_axes)
    return encode_or_elide_chunk(chunk, chunk_spec, encode)


def merge_chunk_array(
    existing_chunk_array: NDBuffer | None,
    value: NDBuffer,
    out_selection: Any,
    chunk_spec: ChunkSpec,
    chunk_selection: Any,
    is_complete_chunk: bool,
    drop_axes: tuple[int, ...],
) -> NDBuffer:
    """A chunk with a part of `value` put into it; parameters as of `merge_and_encode_chunk`."""
    dtype = native_dtype(chunk_spec)
    if existing_chunk_array is None or is_complete_chunk:
        chunk = empty(chunk_spec.shape, dtype, chunk_spec.order)
        chunk[...] = assignable(fill_value_or_default(chunk_spec), dtype)
    else:
        chunk = in_fresh_memory(existing_chunk_array.as_numpy_array(), dtype)
    put(chunk, as_view(chunk_selection), part_of(value, out_selection, drop_axes))
    return chunk_spec.prototype.nd_buffer.from_numpy_array(chunk)


def part_of(value: NDBuffer, selection: Any, drop_axes: tuple[int, ...]) -> npt.NDArray[Any]:
    """What of the value goes into one chunk, with the axes back that an integer selection dropped."""
    whole = value.as_numpy_array()
    if value.shape == ():
        return whole
    part = picked(whole, as_view(selection))
    return np.expand_dims(part, drop_axes) if drop_axes else part


def as_view(selection: Any) -> Any:
    """A selection that NumPy answers with an array, also where it is of one element; and an element may be an array itself."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    return selection if any(entry is Ellipsis for entry in entries) else (*entries, ...)
