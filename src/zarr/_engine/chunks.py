"""The codecs of one array as the reference engine runs them: one decoded chunk at a time, in plain Python over NumPy.

Decoding goes through the codec chain to an array, then the selected part into the result. Encoding goes the other way,
starting from what was stored before (or the fill value) where a chunk is covered only in part.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, in_fresh_memory, picked, put, zeros
from zarr._codec.base import ArrayConfig, ChunkSpec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.call import is_synchronous
from zarr._codec.chain import CodecChain
from zarr._codec.shard_index import index_shape
from zarr._codec.sharding import ShardingCodec
from zarr._dtype.fill import all_fill
from zarr._dtype.numbers import UInt64
from zarr._engine.contract import Encoded
from zarr._plan.project import decoded_grid
from zarr._support.once import once
from zarr.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from zarr._buffer import Buffer, BufferPrototype, NDBuffer
    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.model import Projection

Refine: TypeAlias = "Callable[[CodecChain], CodecChain]"


class ChunkCodecs:
    """The codec chain of one array.

    Parameters
    ----------
    spec
        The array.
    prototype
        Classes of the buffers that codecs are to produce.
    refine
        Makes a faster chain, of the same meaning, from that of a chunk.
    """

    def __init__(self, spec: ArraySpec, prototype: BufferPrototype, refine: Refine | None = None) -> None:
        self._spec = spec
        self._prototype = prototype
        self._refine = refine
        self._grid = decoded_grid(spec)
        self._codecs: tuple[Codec, ...] = spec.inner_codecs if spec.levels else spec.codecs
        self._chains: dict[tuple[int, ...], CodecChain] = {}
        self._indexes: dict[int, tuple[CodecChain, int]] = {}
        self._fill = assignable(spec.fill_value, spec.dtype)
        self._fill_is_zero = spec.dtype.kind not in "OT" and not any(self._fill.tobytes())
        self._is_verbatim = [type(codec) for codec in self._codecs] == [BytesCodec]
        self._suits_threads = spec.dtype.kind not in "OT" and suit_threads(self._codecs)

    @once
    def shared_nbytes(self) -> int:
        """Size of a decoded chunk in bytes, if several threads get on with several chunks at once; 0 if not."""
        return _nbytes_of(self._grid, self._spec) if self._suits_threads else 0

    @property
    def is_verbatim(self) -> bool:
        """Whether an encoded chunk is nothing but its elements."""
        return self._is_verbatim

    # -- elements -----------------------------------------------------------------------------------------------

    def place(self, encoded: Encoded, projection: Projection, out: npt.NDArray[Any]) -> None:
        """Decode a chunk and place what the projection selects into the result of the whole request.

        Raises CodecError, with the chunk's coordinates, for bytes that do not decode to the chunk's shape.
        """
        if encoded is None:
            target, where = projection.in_result(out)
            if self._spec.dtype.kind == "O":
                # Otherwise NumPy would put the array of the fill value into one of no axes.
                where = (*where, Ellipsis) if isinstance(where, tuple) else (where, Ellipsis)
            target[where] = self._fill
        else:
            chunk, which = projection.in_chunk(self._decode(encoded, projection.coords).as_numpy_array())
            target, where = projection.in_result(out)
            put(target, where, picked(chunk, which))

    def merge(
        self, encoded: Encoded, projection: Projection, value: npt.NDArray[Any], *, may_lend: bool = False
    ) -> Encoded:
        """Merge the part of `value` that the projection selects into what was stored before, and encode that.

        `value` has the shape of the whole request, and the array's dtype or some of its fields. None: the chunk holds the fill
        value only and is not to be stored. With `may_lend` the result may be a part of the memory of `value`.
        """
        given, where = projection.in_result(value)
        shape = self._grid.chunk_shape(projection.coords)
        has_all_fields = given.dtype.names == self._spec.dtype.names
        if may_lend and has_all_fields and self.is_verbatim and _is_all_of(projection, shape):
            lent = np.asarray(picked(given, where), given.dtype, order="C")  # where there are no axes, it was a scalar
            return self._encode(lent.reshape(shape), projection.coords)
        if projection.whole or encoded is None:
            decoded = self._filled(shape)
        else:
            decoded = self._decode(encoded, projection.coords).as_numpy_array()
            if not decoded.flags.writeable or decoded.dtype != self._spec.dtype:
                decoded = in_fresh_memory(decoded, self._spec.dtype)
        target, which = projection.in_chunk(decoded)
        if has_all_fields:
            put(target, which, picked(given, where))
        else:
            for name in given.dtype.names or ():
                put(target[name], which, picked(given[name], where))
        return self._encode(decoded, projection.coords)

    def _filled(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        if self._fill_is_zero:
            return zeros(shape, self._spec.dtype)
        filled = empty(shape, self._spec.dtype)
        filled[...] = self._fill
        return filled

    def _chain(self, coords: tuple[int, ...]) -> CodecChain:
        shape = self._grid.chunk_shape(coords)
        if (chain := self._chains.get(shape)) is None:
            spec = self._spec.chunk_spec(shape).replace(prototype=self._prototype)
            chain = CodecChain.compile(self._codecs, spec)
            chain = self._chains[shape] = chain if self._refine is None else self._refine(chain)
        return chain

    def _decode(self, encoded: Buffer, coords: tuple[int, ...]) -> NDBuffer:
        try:
            return self._chain(coords).decode(encoded)
        except CodecError as exc:
            raise exc.at(coords=coords) from exc.__cause__

    def _encode(self, decoded: npt.NDArray[Any], coords: tuple[int, ...]) -> Encoded:
        if not self._spec.config.write_empty_chunks and all_fill(decoded, self._spec.fill_value):
            return None
        try:
            return self._chain(coords).encode(self._prototype.nd_buffer.from_numpy_array(decoded))
        except CodecError as exc:
            raise exc.at(coords=coords) from exc.__cause__

    def from_bytes(self, encoded: Any) -> Buffer:
        """Bytes as a buffer of the kind that codecs get."""
        return self._prototype.buffer.from_bytes(encoded)

    # -- shard indexes ------------------------------------------------------------------------------------------

    def decode_index(self, level: ShardLevel, encoded: Buffer) -> npt.NDArray[Any]:
        """The index of a shard: array `(n_chunks, 2)` of offset and nbytes, in index order, unchecked."""
        return self._index_chain(level).decode(encoded).as_numpy_array().reshape(-1, 2)

    def encode_index(self, level: ShardLevel, entries: npt.NDArray[Any]) -> bytes:
        """The reverse of `decode_index`."""
        chain = self._index_chain(level)
        encoded = chain.encode(self._prototype.nd_buffer.from_numpy_array(entries.reshape(chain.spec.shape)))
        if encoded is None:  # an index codec of a third party that drops data
            raise CodecError("sharding_indexed", "encode", "the index codecs returned nothing for the shard index")
        return encoded.to_bytes()

    def index_nbytes(self, level: ShardLevel) -> int:
        """Encoded size of the index of a shard, in bytes."""
        return self._index(level)[1]

    def _index_chain(self, level: ShardLevel) -> CodecChain:
        return self._index(level)[0]

    def _index(self, level: ShardLevel) -> tuple[CodecChain, int]:
        """The codecs of an index, and what they make of it in bytes."""
        if (
            found := self._indexes.get(id(level))
        ) is None:  # one of the levels of the array, which lives as long as this
            chain = _index_chain(level, self._spec.config)
            found = self._indexes[id(level)] = chain, chain.encoded_nbytes()
        return found


def object_nbytes(spec: ArraySpec) -> int:
    """Decoded size of one stored object, in bytes: of the largest, where they differ."""
    return _nbytes_of(spec.grid, spec)


def _nbytes_of(grid: ChunkGrid, spec: ArraySpec) -> int:
    return math.prod(grid.largest(spec.shape)) * spec.dtype.itemsize


def _is_all_of(projection: Projection, shape: tuple[int, ...]) -> bool:
    """Whether a projection has the elements of a chunk of this shape, all of them and in their order."""
    return all(
        isinstance(region, slice) and region == slice(0, length, 1)
        for region, length in zip(projection.chunk_region, shape, strict=True)
    )


def suit_threads(codecs: Iterable[Codec]) -> bool:
    """Whether codecs may be called in several threads at once."""
    return all(
        is_synchronous(codec) and (not isinstance(codec, ShardingCodec) or suit_threads(codec.codecs))
        for codec in codecs
    )


def index_nbytes(level: ShardLevel) -> int:
    """Encoded size of the index of a shard, in bytes."""
    return _index_chain(level, ArrayConfig()).encoded_nbytes()


def assignable(fill_value: Any, dtype: np.dtype[Any]) -> Any:
    """The fill value in a form that assigns bit for bit: a 0-d array, or itself for text of any length."""
    if dtype.kind == "T":
        return fill_value
    if dtype.kind == "O":  # it may be a list
        element = np.empty((), dtype)
        is_wrapped = isinstance(fill_value, np.ndarray) and fill_value.ndim == 0 and fill_value.dtype == dtype
        element[()] = fill_value.item() if is_wrapped else fill_value
        return element
    if getattr(fill_value, "dtype", None) == dtype:
        return np.frombuffer(fill_value.tobytes(), dtype).reshape(()) if dtype.itemsize else np.zeros((), dtype)
    scalar = empty((), dtype)
    scalar[()] = fill_value
    return scalar


def _index_shape(level: ShardLevel) -> tuple[int, ...]:
    per_shard = level.chunks_per_shard
    return index_shape(tuple(per_shard[axis] for axis in level.axes))


@lru_cache(maxsize=256)
def _compiled_index_chain(codecs: tuple[Codec, ...], shape: tuple[int, ...], *, verifies: bool) -> CodecChain:
    spec = ChunkSpec(shape, UInt64(), np.uint64(2**64 - 1), ArrayConfig(verify_checksums=verifies))
    return CodecChain.compile(codecs, spec)


def _index_chain(level: ShardLevel, config: ArrayConfig) -> CodecChain:
    return _compiled_index_chain(level.index_codecs, _index_shape(level), verifies=config.verify_checksums)
