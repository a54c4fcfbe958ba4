"""zarr-python's codec pipelines over our codec chains, for who calls one, and who subclasses one.

Arrays are read and written by an engine, unless the setting `codec_pipeline.path` names a subclass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from zarr._codec.chain import CodecChain
from zarr._codec.pipeline import (
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    BatchInfo,
    CodecPipeline,
    GetResult,
)
from zarr._codec.raw import native_dtype
from zarr._compat.chunk_utils import (
    ChunkTransform,
    as_view,
    decode_and_scatter_chunk,
    is_left_out,
    merge_and_encode_chunk,
    merge_chunk_array,
    part_of,
    scatter_chunk,
)
from zarr._compat.parsing import codecs_from_list
from zarr._compat.sync import concurrent_map
from zarr._engine.chunks import suit_threads
from zarr._support import workers
from zarr._support.once import once
from zarr._support.settings import settings
from zarr._support.threads import in_worker_thread
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from zarr._buffer import Buffer, NDBuffer
    from zarr._codec.base import ChunkSpec
    from zarr._dtype.base import ZDType

    Item = TypeVar("Item")
    Entry = tuple[Any, ChunkSpec, Any, Any, bool]

_WORTH_A_THREAD = 64 * 2**10
"""Of fewer bytes than these a chunk is encoded or decoded before a thread has begun."""


@dataclass(frozen=True)
class BatchedCodecPipeline(CodecPipeline):
    """Encode and decode chunks with a chain of codecs, a batch of them at once.

    `read` and `write` take their chunks apart into batches, and call `read_batch` and `write_batch`; these call `decode` and
    `encode`, and these `decode_batch` and `encode_batch`. A subclass may override any of them.

    Parameters
    ----------
    array_array_codecs, array_bytes_codec, bytes_bytes_codecs
        The codecs by kind; together, in this order, they are in the order of encoding.
    batch_size
        So many chunks are in one batch.

    Examples
    --------
    >>> from zarr.codecs import BytesCodec, GzipCodec
    >>> from zarr.core.codec_pipeline import BatchedCodecPipeline
    >>> BatchedCodecPipeline.from_codecs([BytesCodec(), GzipCodec()], batch_size=4).bytes_bytes_codecs
    (GzipCodec(level=5),)
    """

    _is_done_by_engines: ClassVar[bool] = True

    array_array_codecs: tuple[ArrayArrayCodec, ...]
    array_bytes_codec: ArrayBytesCodec
    bytes_bytes_codecs: tuple[BytesBytesCodec, ...]
    batch_size: int

    @classmethod
    def from_codecs(cls, codecs: Iterable[Codec], *, batch_size: int | None = None) -> Self:
        """Make a pipeline of codecs.

        Parameters
        ----------
        codecs
            In the order of encoding.
        batch_size
            So many chunks are in one batch; as the setting `codec_pipeline.batch_size` says, if None.
        """
        return cls(*codecs_from_list(codecs), batch_size=batch_size or settings().pipeline_batch)

    @property
    def codecs(self) -> tuple[Codec, ...]:
        """All codecs in the order of encoding."""
        return (*self.array_array_codecs, self.array_bytes_codec, *self.bytes_bytes_codecs)

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        filters, serializer, compressors = codecs_from_list(CodecChain.compile(self.codecs, array_spec).codecs)
        return replace(self, array_array_codecs=filters, array_bytes_codec=serializer, bytes_bytes_codecs=compressors)

    @property
    def supports_partial_decode(self) -> bool:
        """Whether the codec that makes the bytes can decode a part of what is stored, as that of shards."""
        return self._is_alone and isinstance(self.array_bytes_codec, ArrayBytesCodecPartialDecodeMixin)

    @property
    def supports_partial_encode(self) -> bool:
        """Whether it can replace a part of it."""
        return self._is_alone and isinstance(self.array_bytes_codec, ArrayBytesCodecPartialEncodeMixin)

    @property
    def _is_alone(self) -> bool:
        return not (self.array_array_codecs or self.bytes_bytes_codecs) and suit_threads(self.codecs)

    def __iter__(self) -> Iterator[Codec]:
        return iter(self.codecs)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        for codec in self.codecs:
            codec.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)

    def compute_encoded_size(self, byte_length: int, array_spec: ChunkSpec) -> int:
        return self._transform.compute_encoded_size(byte_length, array_spec)

    @once
    def _transform(self) -> ChunkTransform:
        return ChunkTransform(codecs=self.codecs)

    # -- chunks in memory ---------------------------------------------------------------------------------------

    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ChunkSpec]]
    ) -> Iterable[NDBuffer | None]:
        batches = _batches(chunk_bytes_and_specs, self.batch_size)
        return list(chain.from_iterable([await self.decode_batch(batch) for batch in batches]))

    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ChunkSpec]]
    ) -> Iterable[Buffer | None]:
        batches = _batches(chunk_arrays_and_specs, self.batch_size)
        return list(chain.from_iterable([await self.encode_batch(batch) for batch in batches]))

    async def decode_batch(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ChunkSpec]]
    ) -> Iterable[NDBuffer | None]:
        """Decode one batch; None stays None."""
        decode = self._transform.decode_chunk
        return await self._for_each(decode, chunk_bytes_and_specs)

    async def encode_batch(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ChunkSpec]]
    ) -> Iterable[Buffer | None]:
        """Encode one batch; None stays None."""
        encode = self._transform.encode_chunk
        return await self._for_each(encode, chunk_arrays_and_specs)

    async def decode_partial_batch(self, batch_info: Iterable[tuple[Any, Any, ChunkSpec]]) -> Iterable[NDBuffer | None]:
        """Parts of chunks, given as (place, selection, spec), of which no more is read than is needed."""
        codec: Any = self.array_bytes_codec
        return list(await codec.decode_partial(list(batch_info)))

    async def encode_partial_batch(self, batch_info: Iterable[tuple[Any, NDBuffer, Any, ChunkSpec]]) -> None:
        """Replace parts of chunks, given as (place, elements, selection, spec)."""
        codec: Any = self.array_bytes_codec
        await codec.encode_partial(list(batch_info))

    async def _for_each(
        self, function: Callable[[Any, ChunkSpec], Any], data_and_specs: Iterable[tuple[Any, ChunkSpec]]
    ) -> list[Any]:
        """What a function makes of each chunk. What takes long, or may wait itself, does not keep the event loop."""
        are_functions = suit_threads(self.codecs)

        async def one(data: Any, spec: ChunkSpec) -> Any:
            if data is None:
                return None
            if are_functions and _nbytes(spec) < _WORTH_A_THREAD:
                return function(data, spec)
            return await in_worker_thread(function, data, spec)

        return await concurrent_map(data_and_specs, one)

    # -- stored chunks ------------------------------------------------------------------------------------------

    async def read(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = ()
    ) -> tuple[GetResult, ...]:
        batches = [(batch, out, drop_axes) for batch in _batches(batch_info, self.batch_size)]
        found = await concurrent_map(batches, self.read_batch, settings().concurrency)
        return tuple(chain.from_iterable(one or () for one in found))  # a subclass may tell nothing

    async def write(self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = ()) -> None:
        batches = [(batch, value, drop_axes) for batch in _batches(batch_info, self.batch_size)]
        await concurrent_map(batches, self.write_batch, settings().concurrency)

    async def read_batch(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = ()
    ) -> tuple[GetResult, ...]:
        """Read one batch."""
        batch = list(batch_info)
        in_part = [not whole and self.supports_partial_decode for *_, whole in batch]
        with _naming(batch):
            parts = iter(
                await self._parts_read_alone([entry for entry, alone in zip(batch, in_part, strict=True) if alone])
            )
            rest = iter(
                await self._parts_of_chunks([entry for entry, alone in zip(batch, in_part, strict=True) if not alone])
            )
        return tuple(
            scatter_chunk(
                next(parts if alone else rest), out, chunk_spec=spec, out_selection=where, drop_axes=drop_axes
            )
            for alone, (_, spec, _, where, _) in zip(in_part, batch, strict=True)
        )

    async def _parts_read_alone(self, batch: list[Entry]) -> Iterable[NDBuffer | None]:
        if not batch:
            return ()
        return await self.decode_partial_batch([(place, selection, spec) for place, spec, selection, *_ in batch])

    async def _parts_of_chunks(self, batch: list[Entry]) -> Iterable[NDBuffer | None]:
        data = await _fetched(batch)
        chunks = await self.decode([(found, spec) for found, (_, spec, *_) in zip(data, batch, strict=True)])
        return [
            None if chunk is None else chunk[as_view(selection)]
            for chunk, (_, _, selection, *_) in zip(chunks, batch, strict=True)
        ]

    async def write_batch(self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = ()) -> None:
        """Write one batch."""
        batch = list(batch_info)
        with _naming(batch):
            if self.supports_partial_encode:
                await self._put_parts([entry for entry in batch if not entry[-1]], value, drop_axes)
                batch = [entry for entry in batch if entry[-1]]
            await self._put_chunks(batch, value, drop_axes)

    async def _put_parts(self, batch: list[Entry], value: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        if batch:
            await self.encode_partial_batch(
                [
                    (place, _nd(part_of(value, where, drop_axes), spec), selection, spec)
                    for place, spec, selection, where, _ in batch
                ]
            )

    async def _put_chunks(self, batch: list[Entry], value: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        old = iter(await _fetched([entry for entry in batch if not entry[-1]]))
        before = await self.decode([(None if whole else next(old), spec) for _, spec, *_, whole in batch])
        chunks = [
            merge_chunk_array(chunk, value, where, spec, selection, whole, drop_axes)
            for chunk, (_, spec, selection, where, whole) in zip(before, batch, strict=True)
        ]
        encoded = await self.encode(
            [
                (None if is_left_out(chunk, spec) else chunk, spec)
                for chunk, (_, spec, *_) in zip(chunks, batch, strict=True)
            ]
        )
        stored = [(place, data) for data, (place, *_) in zip(encoded, batch, strict=True)]
        await concurrent_map(stored, _put, settings().concurrency)


@contextmanager
def _naming(batch: list[Entry]) -> Iterator[None]:
    """Name the chunk in an error of a codec, if it can be no other."""
    try:
        yield
    except CodecError as exc:
        if len(batch) != 1 or (path := getattr(batch[0][0], "path", None)) is None:
            raise
        raise exc.at(key=path) from exc.__cause__


class FusedCodecPipeline(BatchedCodecPipeline):
    """What zarr-python has for reading, decoding and placing a chunk in one go, without an event loop where a store needs none."""

    _is_done_by_engines: ClassVar[bool] = True

    def read_sync(
        self, batch_info: BatchInfo, out: NDBuffer, drop_axes: tuple[int, ...] = (), max_workers: int = 1
    ) -> tuple[GetResult, ...]:
        """Read parts of chunks into `out`, by the `get_sync` of their places.

        Parameters
        ----------
        batch_info, out, drop_axes
            As of `read`.
        max_workers
            In more than one thread, if it is more than 1.
        """

        def one(place: Any, spec: ChunkSpec, chunk_selection: Any, out_selection: Any, _: bool) -> GetResult:
            return decode_and_scatter_chunk(
                place.get_sync(prototype=spec.prototype),
                out,
                chunk_spec=spec,
                chunk_selection=chunk_selection,
                out_selection=out_selection,
                drop_axes=drop_axes,
                decode=self._transform.decode_chunk,
            )

        return tuple(_in_threads(one, list(batch_info), max_workers))

    def write_sync(
        self, batch_info: BatchInfo, value: NDBuffer, drop_axes: tuple[int, ...] = (), max_workers: int = 1
    ) -> None:
        """Write parts of `value` into chunks, by the synchronous methods of their places; parameters as of `read_sync`."""

        def one(place: Any, spec: ChunkSpec, chunk_selection: Any, out_selection: Any, whole: bool) -> None:
            encoded = merge_and_encode_chunk(
                None if whole else place.get_sync(prototype=spec.prototype),
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
                place.delete_sync()
            else:
                place.set_sync(encoded)

        _in_threads(one, list(batch_info), max_workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncChunkTransform:
    """`ChunkTransform` for coroutines: codecs that wait do not keep the event loop.

    Parameters
    ----------
    codecs
        In the order of encoding.
    """

    codecs: tuple[Codec, ...]

    def __post_init__(self) -> None:
        codecs_from_list(self.codecs)

    async def encode_chunk(self, chunk_array: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        """Encode a chunk; None if a codec found it empty."""
        (encoded,) = await _pipeline_of(self.codecs).encode_batch([(chunk_array, chunk_spec)])
        return encoded

    async def decode_chunk(self, chunk_bytes: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        """Decode a chunk."""
        (decoded,) = await _pipeline_of(self.codecs).decode_batch([(chunk_bytes, chunk_spec)])
        return decoded  # type: ignore[return-value]  # there were bytes


def _pipeline_of(codecs: Iterable[Codec]) -> BatchedCodecPipeline:
    return BatchedCodecPipeline.from_codecs(codecs, batch_size=1)


def _batches(entries: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Entries, so many at once."""
    rest = iter(entries)
    while batch := list(islice(rest, size)):
        yield batch


async def _fetched(batch: list[Entry]) -> list[Buffer | None]:
    """What is stored at the places of a batch."""

    async def get(place: Any, spec: ChunkSpec) -> Buffer | None:
        found: Buffer | None = await place.get(spec.prototype)
        return found

    return await concurrent_map([entry[:2] for entry in batch], get, settings().concurrency)


async def _put(place: Any, data: Buffer | None) -> None:
    if data is None:
        await place.delete()
    else:
        await place.set(data)


def _in_threads(
    function: Callable[..., Any], batch: Sequence[tuple[Any, ChunkSpec, Any, Any, bool]], most: int
) -> Iterable[Any]:
    """The results of calls for each chunk, which threads may share if there may be several."""
    nbytes = _nbytes(batch[0][1]) if batch and most > 1 else 0
    return workers.run((partial(function, *entry) for entry in batch), nbytes)


def _nbytes(spec: ChunkSpec) -> int:
    """About so many bytes a decoded chunk has."""
    return math.prod(spec.shape) * int(native_dtype(spec).itemsize)


def _nd(array: Any, spec: ChunkSpec) -> NDBuffer:
    return spec.prototype.nd_buffer.from_numpy_array(array)
