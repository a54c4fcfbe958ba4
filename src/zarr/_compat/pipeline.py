"""zarr-python's codec pipeline over our codec chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._buffer import Buffer, NDBuffer
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.pipeline import BatchInfo, CodecPipeline, GetResult
from zarr._compat.chunk_utils import ChunkTransform, decode_and_scatter_chunk, merge_and_encode_chunk

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
        return self._transform.compute_encoded_size(byte_length, array_spec)

    @property
    def _transform(self) -> ChunkTransform:
        return ChunkTransform(codecs=self.codecs)

    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ChunkSpec]]
    ) -> Iterable[NDBuffer | None]:
        decode = self._transform.decode_chunk
        return [None if data is None else decode(data, spec) for data, spec in chunk_bytes_and_specs]

    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ChunkSpec]]
    ) -> Iterable[Buffer | None]:
        encode = self._transform.encode_chunk
        return [None if array is None else encode(array, spec) for array, spec in chunk_arrays_and_specs]

    async def read(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = ()
    ) -> tuple[GetResult, ...]:
        return tuple(
            [
                decode_and_scatter_chunk(
                    await place.get(spec.prototype),
                    out,
                    chunk_spec=spec,
                    chunk_selection=chunk_selection,
                    out_selection=out_selection,
                    drop_axes=drop_axes,
                    decode=self._transform.decode_chunk,
                )
                for place, spec, chunk_selection, out_selection, _ in batch_info
            ]
        )

    async def write(self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = ()) -> None:
        for place, spec, chunk_selection, out_selection, whole in batch_info:
            encoded = merge_and_encode_chunk(
                None if whole else await place.get(spec.prototype),
                value,
                chunk_spec=spec,
                chunk_selection=chunk_selection,
                out_selection=out_selection,
                is_complete=whole,
                drop_axes=drop_axes,
                decode=self._transform.decode_chunk,
                encode=self._transform.encode_chunk,
            )
            if encoded is None:
                await place.delete()
            else:
                await place.set(encoded)


class FusedCodecPipeline(BatchedCodecPipeline):
    """What zarr-python has for reading, decoding and placing a chunk in one go, which is how the other works here, too."""
