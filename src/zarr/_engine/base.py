"""The contract of an engine: encoded bytes <-> elements in place.

An engine says, as data, whether it takes an array (`accepts`), and compiles its spec into a pipeline once; requests
never switch engines half-way. A pipeline works on batches of chunks: encoded bytes come from the flow and elements go
straight to the caller's array, or the reverse. A pipeline may also offer a direct route to a store it can read and
write itself (one call per request, the plan made inside); the flow takes it where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, BufferPrototype, NDBuffer
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.batch import Projection
    from zarr._selection.model import Selection

Encoded: TypeAlias = "Buffer | None"
"""Stored bytes of one decoded chunk; None where there are none, which reads as the fill value."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an engine does not take an array, in words a user can act on."""

    reason: str


class ObjectRequest(Protocol):
    """One selection of one array, planned by the engine; it works on one stored object at a time.

    Objects are numbered from 0 in the order of the plan. The array that is read into or written from was given when the
    request was made.
    """

    @property
    def n_objects(self) -> int:
        """Number of stored objects that the selection meets."""

    def coords(self, number: int) -> tuple[int, ...]:
        """Chunk coordinates of an object in the outer grid."""

    def is_whole(self, number: int) -> bool:
        """Whether the request covers every element of an object that lies inside the array."""

    def decode(self, number: int, encoded: Encoded) -> None:
        """Place what the request wants of an object into the result.

        Raises CodecError, with the chunk's coordinates, and ChunkNotFoundError with an attribute `coords`, if a chunk
        has to be there and is not.
        """

    def missing_parts(self, number: int, nbytes: int, pieces: Sequence[tuple[int, Buffer]]) -> list[tuple[int, int]]:
        """Which byte ranges of a shard, as (offset, nbytes), are needed besides the pieces, as far as those tell.

        `nbytes` is the size of the shard, and pieces are pairs of offset and bytes. Fetch what is missing and ask again.
        """

    def decode_pieces(self, number: int, nbytes: int, pieces: Sequence[tuple[int, Buffer]]) -> None:
        """As `decode`, from pieces of a shard of which nothing is missing."""

    def encode(self, number: int, old: Encoded) -> Encoded:
        """New bytes of an object, merged into what was stored before. None: it holds the fill value only.

        `old` is not looked at if the request covers the object wholly.
        """


class Pipeline(Protocol):
    """The codecs of one array, compiled. Safe to use from several threads."""

    @property
    def engine(self) -> str:
        """Name of the engine, as in `zarr.config`."""

    def request(self, selection: Selection, memory: object) -> ObjectRequest | None:
        """Plan a request that reads into or writes from the array `memory`.

        None: this pipeline does not plan, or not for such memory; it is asked chunk by chunk, by the methods below,
        along the plan of `zarr._plan`.
        """

    def decode_into(self, chunks: Sequence[tuple[Encoded, Projection]], out: NDBuffer) -> None:
        """Decode chunks and place what the projections select into `out`.

        Raises CodecError, with the chunk's coordinates, for bytes that do not decode to the chunk's shape.
        """

    def encode_from(self, chunks: Sequence[tuple[Encoded, Projection]], value: npt.NDArray[Any]) -> list[Encoded]:
        """Merge the parts of `value` that the projections select into chunks, and encode those.

        The bytes that come in are what was stored before (None also for chunks that are covered whole). `value` has the
        shape of the whole request. A result of None means: the chunk holds the fill value only and is not to be stored.
        """

    def decode_index(self, level: ShardLevel, encoded: Buffer) -> npt.NDArray[Any]:
        """The index of a shard: uint64 array `(n_chunks, 2)` of offset and nbytes, in index order."""

    def encode_index(self, level: ShardLevel, entries: npt.NDArray[Any]) -> Buffer:
        """The reverse of `decode_index`."""

    def index_nbytes(self, level: ShardLevel) -> int:
        """Encoded size of the index of a shard, in bytes."""


class Engine(Protocol):
    """Makes pipelines."""

    @property
    def name(self) -> str: ...

    def accepts(self, spec: ArraySpec, prototype: BufferPrototype) -> Rejection | None:
        """None if this engine takes the array, otherwise why not. Decided once per array."""

    def compile(self, spec: ArraySpec, prototype: BufferPrototype) -> Pipeline:
        """The pipeline of an accepted array."""
