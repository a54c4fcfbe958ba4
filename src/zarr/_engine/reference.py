"""The reference engine: every data type, every codec, in plain Python over NumPy. It is the oracle for the native one.

A request follows the plan of `zarr._plan`, made object by object as it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from zarr._engine.chunks import ChunkCodecs, object_nbytes
from zarr._engine.contract import Delegate, Encoded, Pieces, Reached, Rejection
from zarr._engine.shards import ShardReader, ShardRewriting
from zarr._plan import plan
from zarr._support import workers
from zarr._support.once import once
from zarr.errors import ChunkNotFoundError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._buffer.pieces import Pieced
    from zarr._engine.chunks import Refine
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan import ObjectPlan, Projection
    from zarr._selection.model import Selection
    from zarr._store.native_place import NativePlace


class ReferenceEngine:
    """Takes every array."""

    name = "python"

    def accepts(self, spec: ArraySpec, prototype: BufferPrototype) -> Rejection | None:
        return None

    def compile(self, spec: ArraySpec, prototype: BufferPrototype, refine: Refine | None = None) -> ReferencePipeline:
        return ReferencePipeline(spec, prototype, refine)


class ReferencePipeline:
    """The codec chain of one array, and its plans.

    Parameters
    ----------
    spec
        The array.
    prototype
        Classes of the buffers that codecs are to produce.
    refine
        Makes a faster codec chain, of the same meaning, from that of a chunk.
    """

    engine: str = "python"
    delegate: Delegate | None = None

    def __init__(self, spec: ArraySpec, prototype: BufferPrototype, refine: Refine | None = None) -> None:
        self._spec = spec
        self._codecs = ChunkCodecs(spec, prototype, refine)

    def takes(self, value: object) -> bool:
        return False

    def request(self, selection: Selection, memory: npt.NDArray[Any]) -> Iterator[ReferenceRequest]:
        return (ReferenceRequest(self._spec, self._codecs, part, memory) for part in plan(self._spec, selection))

    def changes_of_fields(self, selection: Selection, memory: npt.NDArray[Any]) -> Iterator[ReferenceRequest]:
        """As `request`, to write memory that has only some fields of the array's structs: nothing is replaced whole."""
        return (
            ReferenceRequest(self._spec, self._codecs, _of_parts(part), memory) for part in plan(self._spec, selection)
        )

    @once
    def shared_nbytes(self) -> int:
        return object_nbytes(self._spec) if self._codecs.shared_nbytes else 0

    def index_nbytes(self, level: ShardLevel) -> int:
        return self._codecs.index_nbytes(level)

    def reach(
        self, place: NativePlace, keys: ChunkKeyEncoding, prefix: str, *, caches: bool, before: Reached | None
    ) -> None:
        return None


def _of_parts(part: ObjectPlan) -> ObjectPlan:
    """A plan by which nothing is covered wholly."""
    return replace(part, whole=False, projections=tuple(replace(p, whole=False) for p in part.projections))


class ReferenceRequest:
    """What a selection wants of one stored object.

    Parameters
    ----------
    spec, codecs
        Of the array.
    part
        The part of the plan that concerns the object.
    memory
        What the whole request reads into or writes from.
    """

    __slots__ = ("_codecs", "_memory", "_part", "_shard", "_spec")

    def __init__(self, spec: ArraySpec, codecs: ChunkCodecs, part: ObjectPlan, memory: npt.NDArray[Any]) -> None:
        self._spec, self._codecs, self._part, self._memory = spec, codecs, part, memory
        self._shard = ShardReader(spec, codecs, part.coords, part.projections) if spec.levels else None

    @property
    def coords(self) -> tuple[int, ...]:
        return self._part.coords

    @property
    def is_whole(self) -> bool:
        return self._part.whole

    def decode(self, encoded: Encoded) -> None:
        if encoded is None or self._shard is None:
            self._place([(encoded, projection) for projection in self._part.projections])
        else:
            self.decode_pieces(len(encoded), [(0, encoded)])

    def missing_parts(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        return [] if self._shard is None else self._shard.missing(nbytes, pieces)

    def decode_pieces(self, nbytes: int, pieces: Pieces) -> None:
        if self._shard is not None:
            self._place(self._shard.chunks(nbytes, pieces))

    def _place(self, chunks: Sequence[tuple[Encoded, Projection]]) -> None:
        if not self._spec.config.read_missing_chunks and any(encoded is None for encoded, _ in chunks):
            raise ChunkNotFoundError(f"chunk {self.coords} is not stored, or not wholly")
        place, memory = self._codecs.place, self._memory
        tasks = (partial(place, encoded, projection, memory) for encoded, projection in chunks)
        workers.run(tasks, self._codecs.shared_nbytes)

    def encode(self, old: Encoded) -> Encoded:
        if self._shard is not None:
            return self._rewriting(old).joined()
        return self._codecs.merge(old, self._part.projections[0], self._memory)

    def encode_in_pieces(self, old: Encoded) -> Encoded | Pieced:
        return self.encode(old) if self._shard is None else self._rewriting(old).begin()

    def _rewriting(self, old: Encoded) -> ShardRewriting:
        part = self._part
        before = None if part.whole else old
        return ShardRewriting(self._spec, self._codecs, self._memory, part.coords, part.projections, before)
