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

Encoded: TypeAlias = "Buffer | None"
"""Stored bytes of one decoded chunk; None where there are none, which reads as the fill value."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an engine does not take an array, in words a user can act on."""

    reason: str


class Pipeline(Protocol):
    """The codecs of one array, compiled. Safe to use from several threads."""

    @property
    def engine(self) -> str:
        """Name of the engine, as in `zarr.config`."""

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
