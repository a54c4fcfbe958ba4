"""Chains of which the kernel knows a part: that part as one codec, run by the kernel on whole chunks.

The native engine takes an array if the kernel knows every codec. Where one of them is Python's alone, the reference engine
takes it, and most of the chain may still be the kernel's: shards behind a compressor, or what comes after a filter of a
third party. `fuse` puts one codec in the place of the longest such part, with the same meaning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zarr._buffer.memory import empty, in_dtype
from zarr._codec.base import ArrayBytesCodec, BytesBytesCodec
from zarr._codec.chain import CodecChain
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.sharding import ShardingCodec
from zarr._engine.contract import Rejection
from zarr._engine.describe import describe
from zarr._engine.extension import extension
from zarr._engine.native_request import lend
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding
from zarr._grid.grid import RegularGrid
from zarr._metadata.levels import resolve_levels
from zarr._metadata.spec import ArraySpec
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarr._buffer import Buffer, NDBuffer
    from zarr._codec.base import ChunkSpec, Codec


def fuse(chain: CodecChain) -> CodecChain:
    """The chain with as many codecs as possible in one; the chain itself where the kernel has none of those that cost time."""
    for start, end in sorted(_parts(chain), key=lambda part: part[0] - part[1]):
        if (kernel := _kernel_codec(chain.codecs[start:end], chain.specs[start])) is not None:
            codecs = (*chain.codecs[:start], kernel, *chain.codecs[end:])
            return CodecChain(codecs, (*chain.specs[: start + 1], *chain.specs[end:]), chain.spec)
    return chain


def _parts(chain: CodecChain) -> Iterator[tuple[int, int]]:
    """Where parts that go from array to bytes begin and end, if they do more than to copy elements."""
    serializer = next(i for i, codec in enumerate(chain.codecs) if isinstance(codec, ArrayBytesCodec))
    for start in range(serializer + 1):
        for end in range(serializer + 1, len(chain.codecs) + 1):
            if any(isinstance(codec, ShardingCodec | BytesBytesCodec) for codec in chain.codecs[start:end]):
                yield start, end


def _kernel_codec(codecs: tuple[Codec, ...], spec: ChunkSpec) -> KernelCodec | None:
    """Codecs from array to bytes as one of the kernel's; None if it does not know them all."""
    levels, inner_codecs = resolve_levels(codecs, len(spec.shape), spec.shape)
    # Only shards leave out what is empty: whether a chunk is stored was decided before its first codec.
    config = replace(
        spec.config, read_missing_chunks=True, write_empty_chunks=spec.config.write_empty_chunks or not levels
    )
    chunk = ArraySpec(
        shape=spec.shape,
        data_type=spec.dtype,
        fill_value=spec.fill_value,
        grid=RegularGrid(spec.shape),
        keys=DefaultChunkKeyEncoding(),
        codecs=codecs,
        config=config,
        levels=levels,
        inner_codecs=inner_codecs,
    )
    described = describe(chunk)
    if isinstance(described, Rejection) or extension().codec_problem(described["codecs"]) is not None:
        return None
    planned = extension().Pipeline(**described).request([(0, 1, length) for length in spec.shape], False)
    return KernelCodec(planned, has_inner_chunks=bool(levels))


class KernelCodec(ArrayBytesCodec):
    """Several codecs from array to bytes in one.

    Parameters
    ----------
    planned
        The kernel's request for all of an array that is one chunk.
    has_inner_chunks
        Whether it is a shard.
    """

    def __init__(self, planned: Any, *, has_inner_chunks: bool) -> None:
        self._planned, self._has_inner_chunks = planned, has_inner_chunks

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        memory = empty(chunk_spec.shape, native_dtype(chunk_spec))
        try:
            self._planned.decode(0, octets(chunk_data), lend(memory))
        except CodecError as exc:
            raise self._placed(exc) from exc.__cause__
        return to_nd_buffer(chunk_spec, memory)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        elements = in_dtype(chunk_data.as_numpy_array(), native_dtype(chunk_spec))
        try:
            (encoded,) = self._planned.encode(0, [None], lend(elements), 1)
        except CodecError as exc:
            raise self._placed(exc) from exc.__cause__
        return None if encoded is None else to_buffer(chunk_spec, encoded)

    def _placed(self, exc: CodecError) -> CodecError:
        """The error without the coordinates of the one chunk that there is, which is another one in its array."""
        coords = exc.coords if self._has_inner_chunks else None
        return CodecError(exc.codec, exc.action, exc.reason, coords=coords)
