"""Rewriting a shard in memory: the new bytes of a stored object from the old ones and the elements that change.

Pure computation over one object. Inner chunks that the request does not touch keep their encoded bytes; those it
touches are merged and encoded again; a nested shard is an inner chunk that is itself rewritten this way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._codec.shard_index import MISSING, assemble_shard, parse_entries, write_order
from zarr._plan.project import decoded_grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._engine.base import Encoded, Pipeline
    from zarr._metadata.spec import ArraySpec
    from zarr._plan.batch import Projection


def by_inner_chunk(
    spec: ArraySpec, depth: int, projections: Iterable[Projection]
) -> Iterator[tuple[int, tuple[int, ...], list[Projection]]]:
    """Gather projections by the inner chunk of level `depth` that they fall into.

    Yields `(row, coords, projections)`: row of the shard index, and coordinates within the shard.
    """
    level = spec.levels[depth]
    grid = decoded_grid(spec)

    def inner_coords(projection: Projection) -> tuple[int, ...]:
        start = grid.chunk_start(projection.coords)
        outer = spec.grid.chunk_start(_object_coords(spec, start))
        inside = (a - b for a, b in zip(start, outer, strict=True))
        return tuple(p % n // c for p, n, c in zip(inside, level.shape, level.chunk_shape, strict=True))

    keyed = sorted(((inner_coords(p), i, p) for i, p in enumerate(projections)), key=lambda entry: entry[:2])
    for coords, members in groupby(keyed, key=lambda entry: entry[0]):
        yield level.index_position(coords), coords, [projection for _, _, projection in members]


def _object_coords(spec: ArraySpec, start: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(axis.find(np.array([p], np.int64))[0]) for axis, p in zip(spec.grid.axes, start, strict=True))


class ShardWriter:
    """Makes the new bytes of shards for one request.

    Parameters
    ----------
    pipeline, spec, prototype
        Of the array.
    value
        Elements of the whole request.
    """

    def __init__(
        self, pipeline: Pipeline, spec: ArraySpec, prototype: BufferPrototype, value: npt.NDArray[Any]
    ) -> None:
        self._pipeline, self._spec, self._prototype, self._value = pipeline, spec, prototype, value

    def rewrite(self, projections: Iterable[Projection], old: Encoded, depth: int = 0) -> Encoded:
        """New bytes of a shard of level `depth`, from `old` (None = the shard is absent); None if it is all fill."""
        level = self._spec.levels[depth]
        parts = self._old_parts(old, depth)
        for row, _, members in by_inner_chunk(self._spec, depth, projections):
            before = None if parts[row] is None else self._prototype.buffer.from_bytes(parts[row])
            after = self._inner(members, before, depth)
            parts[row] = None if after is None else after.as_buffer_like()

        def encode_index(entries: npt.NDArray[np.uint64]) -> bytes:
            return self._pipeline.encode_index(level, entries).to_bytes()

        nbytes = self._pipeline.index_nbytes(level)
        order = write_order(level.write_order, tuple(level.chunks_per_shard[axis] for axis in level.axes))
        assembled = assemble_shard(parts, encode_index, nbytes, level.index_at_end, order)
        return None if assembled is None else self._prototype.buffer.from_bytes(assembled)

    def _inner(self, projections: list[Projection], before: Encoded, depth: int) -> Encoded:
        if depth + 1 < len(self._spec.levels):
            return self.rewrite(projections, before, depth + 1)
        (projection,) = projections
        return self._pipeline.encode_from([(before, projection)], self._value)[0]

    def _old_parts(self, old: Encoded, depth: int) -> list[Any]:
        level = self._spec.levels[depth]
        if old is None:
            return [None] * level.n_chunks
        nbytes = self._pipeline.index_nbytes(level)
        start = index_start(len(old), nbytes, at_end=level.index_at_end)
        entries = parse_entries(
            self._pipeline.decode_index(level, old[start : start + nbytes]), len(old), start, nbytes
        )
        whole = old.as_buffer_like()
        return [None if offset == MISSING else whole[offset : offset + length] for offset, length in entries.tolist()]


def index_start(object_nbytes: int, index_nbytes: int, *, at_end: bool) -> int:
    """Where the index of a shard begins. An object shorter than its index has it at 0, and fails to decode there."""
    return max(0, object_nbytes - index_nbytes) if at_end else 0
