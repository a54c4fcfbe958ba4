"""Shards as the reference engine sees them: pure computation over one stored object, whole or in pieces.

Reading finds, level by level, where the inner chunks of a request lie. Rewriting makes the new bytes of the object from
the old ones and the elements that change: inner chunks that the request does not touch keep their encoded bytes, those it
touches are merged and encoded again; a nested shard is an inner chunk that is itself rewritten this way.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, chain, groupby
from typing import TYPE_CHECKING, Any

from zarr._codec.raw import octets
from zarr._codec.shard_index import MISSING, assemble_shard, parse_entries, write_order
from zarr._engine.chunks import index_nbytes
from zarr._plan.project import decoded_grid
from zarr._support import workers

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._codec.shard_index import Entries
    from zarr._engine.chunks import ChunkCodecs
    from zarr._engine.contract import Encoded, Pieces
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.model import Projection


_BATCH_NBYTES = 4 * 2**20
"""Inner chunks of about so many bytes are encoded together, in several threads, before they are put into their shard."""

# -- reading --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """What pieces of a shard tell.

    Attributes
    ----------
    leaves
        The place (offset, nbytes) of the inner chunk of each projection; None where it is absent.
    missing
        What has to be fetched to know more.
    """

    leaves: list[tuple[tuple[int, int] | None, Projection]] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)


class ShardReader:
    """Finds in one shard the inner chunks that a request needs.

    Parameters
    ----------
    spec, codecs
        Of the array.
    coords
        Of the shard among the array's objects.
    projections
        Of the request, through this shard.
    """

    __slots__ = ("_codecs", "_coords", "_found", "_indexes", "_projections", "_spec")

    def __init__(
        self, spec: ArraySpec, codecs: ChunkCodecs, coords: tuple[int, ...], projections: Sequence[Projection]
    ) -> None:
        self._spec, self._codecs, self._coords, self._projections = spec, codecs, coords, projections
        # Indexes are decoded once, though asked for several times; bytes of another version are other objects.
        self._indexes: dict[int, tuple[Buffer, Entries]] = {}
        self._found: tuple[Buffer, int, _Found] | None = None

    def missing(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        """As `ObjectRequest.missing_parts`."""
        known = _Known(pieces)
        found = self._resolve(nbytes, pieces, known)
        return found.missing or [leaf for leaf, _ in found.leaves if leaf is not None and known.cut(*leaf) is None]

    def chunks(self, nbytes: int, pieces: Pieces) -> list[tuple[Encoded, Projection]]:
        """The encoded bytes of every inner chunk, from pieces of which none is missing."""
        known = _Known(pieces)
        leaves = self._resolve(nbytes, pieces, known).leaves
        return [(None if leaf is None else known.cut(*leaf), projection) for leaf, projection in leaves]

    def _resolve(self, nbytes: int, pieces: Pieces, known: _Known) -> _Found:
        index = pieces[0][1]
        if self._found is not None and self._found[0] is index and self._found[1] == nbytes:
            return self._found[2]
        found = _Found()
        self._descend((0, nbytes), known, 0, self._projections, found)
        if not found.missing:  # more pieces tell nothing more
            self._found = index, nbytes, found
        return found

    def _descend(
        self, extent: tuple[int, int], known: _Known, depth: int, projections: Sequence[Projection], found: _Found
    ) -> None:
        """Look into the shard of level `depth` that lies at `extent`."""
        level = self._spec.levels_at(self._coords)[depth]
        start, nbytes = extent
        entries = self._entries(level, start, nbytes, known, found)
        if entries is None:
            return
        for row, _, members in by_inner_chunk(self._spec, depth, self._coords, projections):
            offset, length = (int(n) for n in entries[row])
            if offset == MISSING:
                found.leaves += [(None, projection) for projection in members]
            elif depth + 1 < len(self._spec.levels):
                self._descend((start + offset, length), known, depth + 1, members, found)
            else:
                found.leaves += [((start + offset, length), projection) for projection in members]

    def _entries(self, level: ShardLevel, start: int, nbytes: int, known: _Known, found: _Found) -> Entries | None:
        """The index of a shard; None, with what is missing noted, if the pieces do not have it."""
        n = index_nbytes(level)
        at = index_start(nbytes, n, at_end=level.index_at_end)
        encoded = known.cut(start + at, min(n, nbytes))
        if encoded is None and start == 0:
            encoded = known.piece_at(at)  # of a shard that is shorter than its index, all that there is
        if encoded is None:
            found.missing.append((start + at, min(n, nbytes)))
            return None
        last = self._indexes.get(start)
        if last is None or last[0].to_bytes() != encoded.to_bytes():
            entries = parse_entries(self._codecs.decode_index(level, encoded), nbytes, at, n)
            last = self._indexes[start] = encoded, entries
        return last[1]


class _Known:
    """Pieces of an object, by where they begin."""

    __slots__ = ("_pieces", "_reach", "_starts")

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = sorted(pieces, key=lambda piece: piece[0])
        self._starts = [start for start, _ in self._pieces]
        self._reach = list(accumulate((start + len(piece) for start, piece in self._pieces), max))

    def piece_at(self, offset: int) -> Buffer | None:
        """The piece that begins at an offset, however long."""
        number = bisect_right(self._starts, offset) - 1
        return self._pieces[number][1] if number >= 0 and self._starts[number] == offset else None

    def cut(self, offset: int, nbytes: int) -> Buffer | None:
        """Bytes of the object, if one piece has them all."""
        if nbytes == 0:
            return self._pieces[0][1][:0]
        for number in range(bisect_right(self._starts, offset) - 1, -1, -1):
            if self._reach[number] < offset + nbytes:
                return None
            start, piece = self._pieces[number]
            if offset + nbytes <= start + len(piece):
                return piece[offset - start : offset - start + nbytes]
        return None


def by_inner_chunk(
    spec: ArraySpec, depth: int, coords: tuple[int, ...], projections: Iterable[Projection]
) -> Iterator[tuple[int, tuple[int, ...], list[Projection]]]:
    """Gather projections through the object at `coords` by the inner chunk of level `depth` that they fall into.

    Yields `(row, coords, projections)`: row of the shard index, and coordinates within the shard.
    """
    level = spec.levels_at(coords)[depth]
    per_shard, chunk_shape = level.chunks_per_shard, level.chunk_shape
    grid, outer = decoded_grid(spec), spec.grid.chunk_start(coords)

    def inner_coords(projection: Projection) -> tuple[int, ...]:
        start = grid.chunk_start(projection.coords)
        return tuple((p - first) // c % n for p, first, c, n in zip(start, outer, chunk_shape, per_shard, strict=True))

    keyed = sorted(((inner_coords(p), i, p) for i, p in enumerate(projections)), key=lambda entry: entry[:2])
    for inner, members in groupby(keyed, key=lambda entry: entry[0]):
        yield level.index_position(inner), inner, [projection for _, _, projection in members]


# -- rewriting ------------------------------------------------------------------------------------------------------


def rewrite_shard(
    spec: ArraySpec,
    codecs: ChunkCodecs,
    value: npt.NDArray[Any],
    coords: tuple[int, ...],
    projections: Iterable[Projection],
    old: Encoded,
    depth: int = 0,
) -> Encoded:
    """New bytes of a shard of level `depth`, from `old` (None = the shard is absent); None if it is all fill.

    Parameters
    ----------
    spec, codecs
        Of the array.
    value
        Elements of the whole request.
    coords
        Of the object among the array's.
    projections
        Of the request, through this shard.
    old
        What was stored before.
    depth
        Level of sharding, outermost first.
    """
    level = spec.levels_at(coords)[depth]
    parts = _old_parts(codecs, level, old)
    touched = {row: members for row, _, members in by_inner_chunk(spec, depth, coords, projections)}

    def rewrite(row: int) -> Encoded:
        before = None if parts[row] is None else codecs.from_bytes(parts[row])
        if depth + 1 < len(spec.levels):
            return rewrite_shard(spec, codecs, value, coords, touched[row], before, depth + 1)
        (projection,) = touched[row]
        return codecs.merge(before, projection, value)

    def after(rows: Sequence[int]) -> Iterator[tuple[int, Any]]:
        changed = [row for row in rows if row in touched]
        rewritten = workers.run((partial(rewrite, row) for row in changed), codecs.shared_nbytes)
        rewritten.reverse()
        for row in rows:  # each is let go of when it is laid
            yield row, _bytes_of(rewritten.pop()) if row in touched else parts[row]

    inner_nbytes = math.prod(level.chunk_shape) * spec.dtype.itemsize
    assembled = assemble_shard(
        chain.from_iterable(map(after, _batches(level, inner_nbytes))),
        level.n_chunks,
        lambda entries: codecs.encode_index(level, entries),
        index_nbytes(level),
        level.index_at_end,
        len(touched) * inner_nbytes + (0 if old is None else len(old)),
    )
    return None if assembled is None else codecs.from_bytes(assembled)


def _batches(level: ShardLevel, inner_nbytes: int) -> Iterator[Sequence[int]]:
    """Rows of the index in the order in which inner chunks are laid, as many at a time as are encoded before they are."""
    order = write_order(level.write_order, tuple(level.chunks_per_shard[axis] for axis in level.axes))
    rows = range(level.n_chunks) if order is None else order
    n = max(workers.most_threads(), _BATCH_NBYTES // max(1, inner_nbytes))
    return (rows[start : start + n] for start in range(0, len(rows), n))


def _bytes_of(encoded: Encoded) -> Any:
    return None if encoded is None else octets(encoded).data


def _old_parts(codecs: ChunkCodecs, level: ShardLevel, old: Encoded) -> list[Any]:
    """Encoded inner chunks of a shard, in index order."""
    if old is None:
        return [None] * level.n_chunks
    nbytes = index_nbytes(level)
    start = index_start(len(old), nbytes, at_end=level.index_at_end)
    entries = parse_entries(codecs.decode_index(level, old[start : start + nbytes]), len(old), start, nbytes)
    whole = octets(old).data
    return [None if offset == MISSING else whole[offset : offset + length] for offset, length in entries.tolist()]


def index_start(object_nbytes: int, index_nbytes: int, *, at_end: bool) -> int:
    """Where the index of a shard begins. An object shorter than its index has it at 0, and fails to decode there."""
    return max(0, object_nbytes - index_nbytes) if at_end else 0
