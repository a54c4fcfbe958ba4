"""zarr-python's codec pipeline over our codec chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import Buffer, NDBuffer
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.pipeline import BatchInfo, CodecPipeline, GetResult
from zarr._dtype.fill import all_fill
from zarr.errors import ChunkNotFoundError

if TYPE_CHECKING:
    from typing import Self

    from zarr._dtype.base import ZDType


@dataclass(frozen=True)
class BatchedCodecPipeline(CodecPipeline):
    """Encode and decode chunks with a chain of codecs.

    Parameters
    ----------
    codecs
        In the order of encoding.
    """

    codecs: tuple[Codec, ...]

    @classmethod
    def from_codecs(
        cls,
        codecs: Iterable[Codec],
        *,
        batch_size: int | None = None,  # noqa: ARG003  # taken for compatibility
    ) -> Self:
        """Make a pipeline of codecs. Chunks are worked on one by one, whatever `batch_size` is."""
        chain = tuple(codecs)
        check_order(chain)
        return cls(chain)

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        return type(self)(CodecChain.compile(self.codecs, array_spec).codecs)

    @property
    def array_array_codecs(self) -> tuple[ArrayArrayCodec, ...]:
        """Those that take arrays to arrays."""
        return tuple(codec for codec in self.codecs if isinstance(codec, ArrayArrayCodec))

    @property
    def array_bytes_codec(self) -> ArrayBytesCodec:
        """The one that takes arrays to bytes."""
        return next(codec for codec in self.codecs if isinstance(codec, ArrayBytesCodec))

    @property
    def bytes_bytes_codecs(self) -> tuple[BytesBytesCodec, ...]:
        """Those that take bytes to bytes."""
        return tuple(codec for codec in self.codecs if isinstance(codec, BytesBytesCodec))

    @property
    def supports_partial_decode(self) -> bool:
        return False

    @property
    def supports_partial_encode(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Codec]:
        return iter(self.codecs)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        for codec in self.codecs:
            codec.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)

    def compute_encoded_size(self, byte_length: int, array_spec: ChunkSpec) -> int:
        spec = array_spec
        for codec in self.codecs:
            byte_length = codec.compute_encoded_size(byte_length, spec)
            spec = codec.resolve_metadata(spec)
        return byte_length

    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ChunkSpec]]
    ) -> Iterable[NDBuffer | None]:
        return [
            None if data is None else CodecChain.compile(self.codecs, spec).decode(data)
            for data, spec in chunk_bytes_and_specs
        ]

    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ChunkSpec]]
    ) -> Iterable[Buffer | None]:
        return [
            None if array is None else CodecChain.compile(self.codecs, spec).encode(array)
            for array, spec in chunk_arrays_and_specs
        ]

    async def read(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = ()
    ) -> tuple[GetResult, ...]:
        results = []
        for place, spec, chunk_selection, out_selection, _ in batch_info:
            data = await place.get(spec.prototype)
            if data is None:
                if not spec.config.read_missing_chunks:
                    raise ChunkNotFoundError(f"chunk {place} is missing")
                out[out_selection] = spec.fill_value
            else:
                part = CodecChain.compile(self.codecs, spec).decode(data)[chunk_selection]
                out[out_selection] = part.squeeze(axis=drop_axes) if drop_axes else part
            results.append(GetResult(status="missing" if data is None else "present"))
        return tuple(results)

    async def write(self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = ()) -> None:
        for place, spec, chunk_selection, out_selection, whole in batch_info:
            old = None if whole else await place.get(spec.prototype)
            chunk = _merged(self.codecs, spec, old, chunk_selection, _part(value, out_selection, drop_axes))
            encoded = None
            if spec.config.write_empty_chunks or not all_fill(chunk, spec.fill_value):
                encoded = CodecChain.compile(self.codecs, spec).encode(spec.prototype.nd_buffer.from_numpy_array(chunk))
            if encoded is None:
                await place.delete()
            else:
                await place.set(encoded)


def _part(value: NDBuffer, selection: Any, drop_axes: tuple[int, ...]) -> Any:
    """What of the value goes into one chunk, with the axes back that an integer selection dropped."""
    if value.shape == ():
        return value.as_numpy_array()
    part = value.as_numpy_array()[selection]
    return np.expand_dims(part, drop_axes) if drop_axes else part


def _merged(codecs: tuple[Codec, ...], spec: ChunkSpec, old: Buffer | None, selection: Any, part: Any) -> Any:
    if old is None:
        chunk = np.empty(spec.shape, spec.dtype.to_native_dtype())
        chunk[...] = spec.fill_value
    else:
        chunk = CodecChain.compile(codecs, spec).decode(old).as_numpy_array().copy()
    chunk[selection] = part
    return chunk
