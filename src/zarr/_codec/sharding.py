"""The codec `sharding_indexed`: many small chunks in one stored object.

Normally a plan resolves shards and fetches inner chunks one by one; this class is then their description. Where other
codecs stand in the way (bytes -> bytes codecs behind it, unusual ones before it), it encodes and decodes a whole shard
in memory, with the same pure functions that the flows use (`shard_index`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex

import numpy as np

from zarr._buffer import Buffer
from zarr._buffer.byte_range import RangeByteRequest, SuffixByteRequest
from zarr._buffer.memory import empty, picked, put
from zarr._codec.base import ArrayBytesCodec, ChunkSpec, Codec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.call import codec_name
from zarr._codec.chain import CodecChain, check_order
from zarr._codec.configuration import check_choice, check_int, read_configuration
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.documents import INDEX_LOCATION, CodecName, IndexLocation, SubchunkWriteOrder
from zarr._codec.new_shard import assemble_shard
from zarr._codec.pipeline import (
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    CodecPipeline,
    make_pipeline,
)
from zarr._codec.raw import native_dtype, octets, to_buffer, to_nd_buffer
from zarr._codec.registry import parse_inner_codecs
from zarr._codec.shard_index import (
    MISSING,
    WRITE_ORDERS,
    Entries,
    index_shape,
    locate_index,
    parse_entries,
    touched_rows,
    write_order,
)
from zarr._dtype.fill import all_fill
from zarr._dtype.numbers import UInt64
from zarr._support.near_names import suggests_keywords
from zarr.errors import CodecError

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import NDBuffer
    from zarr._dtype.base import ZDType

_KEYS = ("chunk_shape", "codecs", "index_codecs", "index_location")


@suggests_keywords
@dataclass(frozen=True, kw_only=True)
class ShardingCodec(ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin, ArrayBytesCodecPartialEncodeMixin):
    """Store a chunk as a shard: a grid of inner chunks and an index of where each lies.

    Parameters
    ----------
    chunk_shape
        Shape of the inner chunks. Where it does not divide the shard's shape, the last ones along an axis are shorter; other
        libraries may not read that, and creating such arrays has to be allowed: `array.uneven_shards` in `zarr.config`.
    codecs
        Codecs of the inner chunks, as instances or in their stored form. May hold another sharding codec.
    index_codecs
        Codecs of the index; each of fixed size.
    index_location
        `"end"` or `"start"`.
    subchunk_write_order
        Order in which inner chunks are laid: `"morton"`, `"lexicographic"`, `"colexicographic"` or `"unordered"`. It is
        not stored.

    Raises
    ------
    TypeError, ValueError
        For other values, and for codecs in an illegal order.

    Examples
    --------
    >>> ShardingCodec(chunk_shape=(2, 2)).to_dict()["configuration"]["index_location"]
    'end'
    """

    is_fixed_size: ClassVar[bool] = False

    chunk_shape: tuple[int, ...]
    codecs: tuple[Codec, ...] = (BytesCodec(),)
    index_codecs: tuple[Codec, ...] = (BytesCodec(), Crc32cCodec())
    index_location: IndexLocation = "end"
    subchunk_write_order: SubchunkWriteOrder = "morton"

    if TYPE_CHECKING:  # what it takes is more than what it keeps

        def __init__(
            self,
            *,
            chunk_shape: SupportsIndex | Iterable[SupportsIndex],
            codecs: Iterable[Codec | Mapping[str, object] | CodecName] = (BytesCodec(),),
            index_codecs: Iterable[Codec | Mapping[str, object] | CodecName] = (BytesCodec(), Crc32cCodec()),
            index_location: IndexLocation = "end",
            subchunk_write_order: SubchunkWriteOrder = "morton",
        ) -> None: ...

    def __post_init__(self) -> None:
        def put(key: str, value: object) -> None:
            object.__setattr__(self, key, value)

        put("chunk_shape", _parse_shape(self.chunk_shape))
        put("codecs", _parse_codecs("codecs", self.codecs))
        put("index_codecs", _parse_codecs("index_codecs", self.index_codecs))
        location = check_choice("sharding_indexed", "index_location", self.index_location, INDEX_LOCATION)
        put("index_location", location)
        order = check_choice("sharding_indexed", "subchunk_write_order", self.subchunk_write_order, WRITE_ORDERS)
        put("subchunk_write_order", order)
        for codec in self.index_codecs:
            if not codec.is_fixed_size:
                raise ValueError(
                    "index_codecs of codec 'sharding_indexed' must have a fixed encoded size, but "
                    f"{codec_name(codec)!r} has not; use 'bytes' and 'crc32c'"
                )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | str) -> Self:
        return cls(**read_configuration(data, ("sharding_indexed",), _KEYS, required=("chunk_shape",)))

    def to_dict(self) -> dict[str, Any]:
        configuration = {
            "chunk_shape": self.chunk_shape,
            "codecs": tuple(codec.to_dict() for codec in self.codecs),
            "index_codecs": tuple(codec.to_dict() for codec in self.index_codecs),
            "index_location": self.index_location,
        }
        return {"name": "sharding_indexed", "configuration": configuration}

    @property
    def index_at_end(self) -> bool:
        return self.index_location == "end"

    def chunks_per_shard(self, shard_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Inner chunks along each axis. Raises ValueError if `chunk_shape` is of another rank."""
        if len(shard_shape) != len(self.chunk_shape):
            raise ValueError(
                f"chunk_shape {self.chunk_shape} of codec 'sharding_indexed' has another rank than the shard shape "
                f"{shard_shape}"
            )
        return tuple(-(-outer // inner) for outer, inner in zip(shard_shape, self.chunk_shape, strict=True))

    def inner_chain(self, spec: ChunkSpec, coords: tuple[int, ...] | None = None) -> CodecChain:
        """The chain of an inner chunk of a shard with this spec: of the one at some coordinates, or of the first."""
        per_shard = self.chunks_per_shard(spec.shape)
        shape = self._inner_shape(spec.shape, (0,) * len(per_shard) if coords is None else coords)
        return CodecChain.compile(self.codecs, spec.replace(shape=shape, nbytes_limit=None))

    def _inner_shape(self, shard_shape: tuple[int, ...], coords: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the inner chunk at some coordinates: where there is less room than for a whole one, it is shorter."""
        return tuple(
            min(inner, outer - c * inner) for inner, outer, c in zip(self.chunk_shape, shard_shape, coords, strict=True)
        )

    def _chains(self, spec: ChunkSpec) -> Callable[[tuple[int, ...]], CodecChain]:
        """What finds the chain of the inner chunk at some coordinates of a shard with this spec."""
        found: dict[tuple[int, ...], CodecChain] = {}

        def chain_at(coords: tuple[int, ...]) -> CodecChain:
            shape = self._inner_shape(spec.shape, coords)
            if shape not in found:
                found[shape] = self.inner_chain(spec, coords)
            return found[shape]

        return chain_at

    def index_chain(self, spec: ChunkSpec) -> CodecChain:
        """The chain of the index of a shard with this spec."""
        shape = index_shape(self.chunks_per_shard(spec.shape))
        return CodecChain.compile(self.index_codecs, index_spec(shape, spec))

    @property
    def codec_pipeline(self) -> CodecPipeline:
        """The codecs of the inner chunks as a pipeline of the configured class."""
        return make_pipeline(self.codecs)

    def compute_encoded_size(self, input_byte_length: int, shard_spec: ChunkSpec) -> int:
        """Size in bytes of a shard whose inner chunks have `input_byte_length` bytes together, with its index."""
        return input_byte_length + self.index_chain(shard_spec).encoded_nbytes()

    def evolve_from_array_spec(self, array_spec: ChunkSpec) -> Self:
        inner = self.inner_chain(array_spec).codecs
        self._check_shortest(array_spec)
        index = self.index_chain(array_spec).codecs
        if inner == self.codecs and index == self.index_codecs:
            return self
        return replace(self, codecs=inner, index_codecs=index)

    def _check_shortest(self, shard_spec: ChunkSpec) -> None:
        """Raise ValueError if the codecs do not suit the shortest inner chunks."""
        last = tuple(n - 1 for n in self.chunks_per_shard(shard_spec.shape))
        is_shorter = self._inner_shape(shard_spec.shape, last) != self._inner_shape(shard_spec.shape, (0,) * len(last))
        # Of shards within shards both kinds have both kinds, and so on: hostile documents could ask for a lot of work.
        if is_shorter and not any(isinstance(codec, ShardingCodec) for codec in self.codecs):
            self.inner_chain(shard_spec, last)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        if len(shape) != len(self.chunk_shape):
            raise ValueError(
                f"chunk_shape {self.chunk_shape} of codec 'sharding_indexed' has {len(self.chunk_shape)} axes, but the "
                f"array has {len(shape)}"
            )

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ChunkSpec) -> Buffer | None:
        shard = chunk_data.as_numpy_array()
        chain_at = self._chains(chunk_spec)
        per_shard = self.chunks_per_shard(chunk_spec.shape)

        def part_of(row: int) -> Any:
            coords = _coords(row, per_shard)
            return self._encode_inner(shard, coords, chain_at(coords))

        return self._assemble(part_of, chunk_spec)

    def _encode_inner(self, shard: npt.NDArray[Any], coords: tuple[int, ...], chain: CodecChain) -> Any:
        """The encoded bytes of one inner chunk; None if it is not to be stored."""
        inner = shard[self._region(coords)]
        if not chain.spec.config.write_empty_chunks and all_fill(inner, chain.spec.fill_value):
            return None
        encoded = chain.encode(to_nd_buffer(chain.spec, inner))
        return None if encoded is None else octets(encoded).data

    def _assemble(self, part_of: Callable[[int], Any], chunk_spec: ChunkSpec) -> Buffer | None:
        """A shard of encoded inner chunks, each given by its row of the index when its turn has come."""
        per_shard = self.chunks_per_shard(chunk_spec.shape)
        index = self.index_chain(chunk_spec)
        whole = assemble_shard(
            ((row, part_of(row)) for row in write_order(self.subchunk_write_order, per_shard).tolist()),
            math.prod(per_shard),
            lambda entries: encode_index(index, entries),
            index.encoded_nbytes(),
            self.index_at_end,
        )
        return None if whole is None else to_buffer(chunk_spec, whole)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ChunkSpec) -> NDBuffer:
        chain_at = self._chains(chunk_spec)
        per_shard = self.chunks_per_shard(chunk_spec.shape)
        entries = self._read_index(chunk_data, chunk_spec)
        shard = empty(chunk_spec.shape, native_dtype(chunk_spec), order=chunk_spec.order)
        for coords, (offset, nbytes) in zip(_grid(per_shard), entries.tolist(), strict=True):
            encoded = None if offset == MISSING else chunk_data[offset : offset + nbytes]
            self._place(shard, coords, encoded, chain_at(coords))
        return to_nd_buffer(chunk_spec, shard)

    def _place(
        self, shard: npt.NDArray[Any], coords: tuple[int, ...], encoded: Buffer | None, chain: CodecChain
    ) -> None:
        """Decode one inner chunk into its place."""
        if encoded is None:
            shard[self._region(coords)] = chain.spec.fill_value
            return
        try:
            shard[self._region(coords)] = chain.decode(encoded).as_numpy_array()
        except CodecError as exc:
            raise exc.at(coords=coords) from exc

    # -- parts of a shard, for pipelines that hand over a place to read and write ------------------------------

    async def _decode_partial_single(self, byte_getter: Any, selection: Any, chunk_spec: ChunkSpec) -> NDBuffer | None:
        per_shard = self.chunks_per_shard(chunk_spec.shape)
        touched = touched_rows(selection, chunk_spec.shape, self.chunk_shape)
        found = await self._fetch_inner(byte_getter, touched, chunk_spec)
        if found is None:
            return None
        chain_at = self._chains(chunk_spec)
        shard = empty(chunk_spec.shape, native_dtype(chunk_spec))  # memory that is not touched costs nothing
        for row, encoded in zip(touched, found, strict=True):
            coords = _coords(row, per_shard)
            self._place(shard, coords, encoded, chain_at(coords))
        return to_nd_buffer(chunk_spec, np.asanyarray(picked(shard, selection), shard.dtype))

    async def _fetch_inner(
        self, place: Any, touched: Sequence[int], chunk_spec: ChunkSpec
    ) -> list[Buffer | None] | None:
        """The encoded bytes of some inner chunks, all from one version of the shard; None if there is no shard."""
        chain = self.index_chain(chunk_spec)
        nbytes, prototype = chain.encoded_nbytes(), chunk_spec.prototype
        where = SuffixByteRequest(nbytes) if self.index_at_end else RangeByteRequest(0, nbytes)
        index = await place.get(prototype, where)
        if index is None:
            return None
        entries = parse_entries(chain.decode(index).as_numpy_array(), None, None, nbytes).tolist()
        found = []
        for row in touched:
            offset, length = entries[row]
            request = RangeByteRequest(offset, offset + length)
            found.append(None if offset == MISSING else await place.get(prototype, request))
        again = await place.get(prototype, where)
        if again is not None and again.to_bytes() == index.to_bytes():
            return found
        # The shard was replaced meanwhile. Read at once, it is of one version, whatever comes after.
        whole = await place.get(prototype)
        if whole is None:
            return None
        entries = self._read_index(whole, chunk_spec).tolist()
        return [
            None if offset == MISSING else whole[offset : offset + n] for offset, n in map(entries.__getitem__, touched)
        ]

    async def _encode_partial_single(
        self, byte_setter: Any, chunk_array: NDBuffer, selection: Any, chunk_spec: ChunkSpec
    ) -> None:
        per_shard = self.chunks_per_shard(chunk_spec.shape)
        parts: list[Any] = [None] * math.prod(per_shard)
        old = await byte_setter.get(chunk_spec.prototype)
        if old is not None:
            for row, (offset, nbytes) in enumerate(self._read_index(old, chunk_spec).tolist()):
                parts[row] = None if offset == MISSING else old[offset : offset + nbytes]
        chain_at = self._chains(chunk_spec)
        touched = [
            (row, _coords(row, per_shard)) for row in touched_rows(selection, chunk_spec.shape, self.chunk_shape)
        ]
        shard = empty(chunk_spec.shape, native_dtype(chunk_spec))
        for row, coords in touched:
            self._place(shard, coords, parts[row], chain_at(coords))
        put(shard, selection, chunk_array.as_numpy_array())
        for row, coords in touched:
            parts[row] = self._encode_inner(shard, coords, chain_at(coords))
        whole = self._assemble(
            lambda row: octets(part).data if isinstance(part := parts[row], Buffer) else part, chunk_spec
        )
        if whole is None:
            await byte_setter.delete()
        else:
            await byte_setter.set(whole)

    def _read_index(self, shard: Buffer, spec: ChunkSpec) -> Entries:
        chain = self.index_chain(spec)
        nbytes = chain.encoded_nbytes()
        start = locate_index(len(shard), nbytes, at_end=self.index_at_end)
        entries = chain.decode(shard[start : start + nbytes]).as_numpy_array()
        per_shard = self.chunks_per_shard(spec.shape)
        return parse_entries(entries, len(shard), start, nbytes, chunks_per_shard=per_shard)

    def _region(self, coords: Sequence[int]) -> tuple[Any, ...]:
        # With the ellipsis NumPy gives a view also where there are no axes, never a scalar.
        return (*(slice(c * n, (c + 1) * n) for c, n in zip(coords, self.chunk_shape, strict=True)), Ellipsis)


def index_spec(shape: tuple[int, ...], like: ChunkSpec) -> ChunkSpec:
    """Spec of a shard index of `shape` (chunks per shard and 2), with the settings of another spec."""
    return like.replace(shape=shape, dtype=UInt64(), fill_value=np.uint64(MISSING), nbytes_limit=None)


def encode_index(chain: CodecChain, entries: Entries) -> bytes:
    """Encode index entries, shape `(n_chunks, 2)`."""
    encoded = chain.encode(to_nd_buffer(chain.spec, entries.reshape(chain.spec.shape)))
    if encoded is None:
        raise CodecError("sharding_indexed", "encode", "a codec of the shard index returned nothing")
    return encoded.to_bytes()


def _coords(row: int, per_shard: tuple[int, ...]) -> tuple[int, ...]:
    """Coordinates in the shard of the inner chunk at a row of the index."""
    return tuple(int(c) for c in np.unravel_index(row, per_shard))


def _grid(per_shard: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return product(*(range(n) for n in per_shard))


def _parse_shape(shape: object) -> tuple[int, ...]:
    if hasattr(shape, "__index__"):
        shape = (shape,)
    if isinstance(shape, str) or not isinstance(shape, Iterable):
        raise TypeError(f"chunk_shape of codec 'sharding_indexed' must be a list of integers; got {shape!r}")
    return tuple(check_int("sharding_indexed", "chunk_shape", length, 1) for length in shape)


def _parse_codecs(key: str, codecs: object) -> tuple[Codec, ...]:
    parsed = parse_inner_codecs("sharding_indexed", key, codecs)
    check_order(parsed)
    return parsed
