"""Shards as the reference engine sees them: pure computation over one stored object, whole or in pieces.

Reading finds, level by level, where the inner chunks of a request lie. Rewriting makes the new bytes of the object from
the old ones and the elements that change: inner chunks that the request does not touch keep their encoded bytes, those it
touches are merged and encoded again; a nested shard is an inner chunk that is itself rewritten this way. The new bytes are
handed on piece by piece, so that there are never more of them in memory than are encoded at once.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, groupby, islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from zarr._buffer.pieces import Pieced
from zarr._codec.new_shard import NewShard
from zarr._codec.raw import octets
from zarr._codec.shard_index import MISSING, parse_entries, write_order
from zarr._plan.project import decoded_grid
from zarr._support import workers

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer, BytesLike
    from zarr._buffer.pieces import Sink
    from zarr._codec.shard_index import Entries
    from zarr._engine.chunks import ChunkCodecs
    from zarr._engine.contract import Encoded, Pieces
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.model import Projection

T = TypeVar("T")
_BATCH_NBYTES = 2 * 2**20
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
        for row, members in by_inner_chunk(self._spec, depth, self._coords, projections):
            offset, length = (int(n) for n in entries[row])
            if offset == MISSING:
                found.leaves += [(None, projection) for projection in members]
            elif depth + 1 < len(self._spec.levels):
                self._descend((start + offset, length), known, depth + 1, members, found)
            else:
                found.leaves += [((start + offset, length), projection) for projection in members]

    def _entries(self, level: ShardLevel, start: int, nbytes: int, known: _Known, found: _Found) -> Entries | None:
        """The index of a shard; None, with what is missing noted, if the pieces do not have it."""
        n = self._codecs.index_nbytes(level)
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
) -> Iterator[tuple[int, list[Projection]]]:
    """Gather projections through the object at `coords` by the inner chunk of level `depth` that they fall into.

    Yields `(row, projections)`, the row being that of the shard index.
    """
    level = spec.levels_at(coords)[depth]
    grid, origin, shape = decoded_grid(spec), spec.grid.chunk_start(coords), level.known_shape

    def inner_coords(projection: Projection) -> tuple[int, ...]:
        starts = grid.chunk_start(projection.coords)
        inside = zip(starts, origin, shape, level.chunk_shape, strict=True)
        return tuple((start - first) % n // c for start, first, n, c in inside)

    keyed = sorted(((inner_coords(p), i, p) for i, p in enumerate(projections)), key=lambda entry: entry[:2])
    for inner, members in groupby(keyed, key=lambda entry: entry[0]):
        yield level.index_position(inner), [projection for _, _, projection in members]


# -- rewriting ------------------------------------------------------------------------------------------------------


class ShardRewriting:
    """What becomes of a shard: the inner chunks that a request touches anew, all others as they are.

    Parameters
    ----------
    spec, codecs
        Of the array.
    value
        Elements of the whole request.
    coords
        Of the object among those of the array.
    projections
        Of the request, through this shard.
    old
        What was stored before; None = the shard is absent.
    depth
        Level of sharding, outermost first.
    """

    __slots__ = ("_codecs", "_coords", "_depth", "_level", "_old", "_order", "_spec", "_touched", "_value")

    def __init__(
        self,
        spec: ArraySpec,
        codecs: ChunkCodecs,
        value: npt.NDArray[Any],
        coords: tuple[int, ...],
        projections: Iterable[Projection],
        old: Encoded,
        depth: int = 0,
    ) -> None:
        self._spec, self._codecs, self._value, self._coords, self._depth = spec, codecs, value, coords, depth
        level = self._level = spec.levels_at(coords)[depth]
        self._touched = dict(by_inner_chunk(spec, depth, coords, projections))
        laid = write_order(level.write_order, tuple(level.chunks_per_shard[axis] for axis in level.axes))
        is_touched = np.zeros(len(laid), np.bool_)
        is_touched[list(self._touched)] = True
        is_touched = is_touched[laid]
        self._order: list[int] = laid[is_touched].tolist()
        self._old = None if old is None else _Old(octets(old).data, _places(codecs, level, old), laid, is_touched)

    def begin(self) -> Pieced | None:
        """The new bytes, to be written; None if the shard is all fill."""
        parts = self._parts()
        first = list(islice(parts, 1))
        if not first:
            return None
        begun = [_all_of(first, parts)]
        return Pieced(lambda sink: self._lay(begun.pop() if begun else self._parts(), sink))

    def joined(self) -> Encoded:
        """The new bytes; None if the shard is all fill."""
        pieces = self.begin()
        return None if pieces is None else self._codecs.from_bytes(pieces.joined())

    def _lay(self, parts: Iterator[tuple[int | None, BytesLike]], sink: Sink) -> None:
        level = self._level
        shard = NewShard(sink, level.n_chunks, self._codecs.index_nbytes(level), at_end=level.index_at_end)
        rows, offsets, sizes, run_offsets = [], [], [], []
        for row, part in parts:
            if row is None:
                run_offsets.append(shard.lay(part))
            else:
                rows.append(row)
                sizes.append(len(part))
                offsets.append(shard.lay(part))
            del part  # before the next one is made
        shard.note(rows, offsets, sizes)
        if self._old is not None:
            shard.note(self._old.kept, self._old.moved_to(run_offsets), self._old.sizes)
        shard.finish(partial(self._codecs.encode_index, level))

    def _parts(self) -> Iterator[tuple[int | None, BytesLike]]:
        """What the shard will have, in the order in which it is laid: inner chunks anew with their rows, and runs of old ones."""
        runs = iter(()) if self._old is None else self._old.runs()
        n_before, run = next(runs, _NO_RUN)
        n_done = 0
        for rows in self._batches():
            rewritten = workers.run((partial(self._rewrite, row) for row in rows), self._codecs.shared_nbytes)
            rewritten.reverse()
            for row in rows:
                while n_before <= n_done:
                    yield None, run
                    n_before, run = next(runs, _NO_RUN)
                n_done += 1
                if rewritten[-1] is None:
                    rewritten.pop()
                else:
                    yield row, _bytes_of(rewritten.pop())  # let go of when it is laid
        while n_before <= n_done:
            yield None, run
            n_before, run = next(runs, _NO_RUN)

    def _batches(self) -> Iterator[Sequence[int]]:
        """Rows of the inner chunks that are touched, as many at a time as are encoded before they are laid."""
        inner_nbytes = math.prod(self._level.chunk_shape) * self._spec.dtype.itemsize
        if inner_nbytes > _BATCH_NBYTES and self._codecs.is_verbatim:
            n = 1
        else:
            n = max(workers.most_threads(), _BATCH_NBYTES // max(1, inner_nbytes))
        return (self._order[start : start + n] for start in range(0, len(self._order), n))

    def _rewrite(self, row: int) -> Encoded:
        """The new bytes of an inner chunk. They may be those of the value itself."""
        part = None if self._old is None else self._old.part(row)
        before = None if part is None else self._codecs.from_bytes(part)
        members = self._touched[row]
        if self._depth + 1 < len(self._spec.levels):
            depth = self._depth + 1
            return ShardRewriting(self._spec, self._codecs, self._value, self._coords, members, before, depth).joined()
        (projection,) = members
        return self._codecs.merge(before, projection, self._value, may_lend=True)


def _bytes_of(encoded: Encoded) -> BytesLike:
    return b"" if encoded is None else octets(encoded).data


def _all_of(first: list[T], rest: Iterator[T]) -> Iterator[T]:
    """What was taken, and the rest. Nothing is kept of what was handed on."""
    while first:
        yield first.pop()
    yield from rest


class _Old:
    """A shard as it is stored, of which some inner chunks stay as they are.

    Those of these that lie behind each other, before and after, are a run, which is copied at once.

    Parameters
    ----------
    whole
        The bytes of the shard.
    places
        Where each inner chunk lies, by its row in the index.
    laid
        All rows, in the order in which inner chunks are to be laid.
    is_touched
        Which of these change.

    Attributes
    ----------
    kept, sizes
        Rows and sizes of the inner chunks that stay, in the order in which they are laid.
    """

    __slots__ = ("_begins", "_ends", "_n_before", "_offsets", "_places", "_whole", "kept", "sizes")

    def __init__(
        self,
        whole: memoryview,
        places: Entries,
        laid: npt.NDArray[np.int64],
        is_touched: npt.NDArray[np.bool_],
    ) -> None:
        self._whole = whole
        self._places = places.view(np.int64)  # what is missing is less than 0 so
        ordered = self._places[laid]
        at = ((ordered[:, 0] >= 0) & ~is_touched).nonzero()[0]
        self.kept = laid[at]
        offsets, sizes = self._offsets, self.sizes = ordered[at].T
        n_before = self._n_before = is_touched.cumsum()[at]
        ends = self._ends = offsets + sizes
        begins = self._begins = np.ones(len(at), np.bool_)
        begins[1:] = (offsets[1:] != ends[:-1]) | (n_before[1:] != n_before[:-1])

    def part(self, row: int) -> memoryview | None:
        """The bytes of an inner chunk."""
        offset, nbytes = self._places[row].tolist()
        return None if offset < 0 else self._whole[offset : offset + nbytes]

    def runs(self) -> Iterator[tuple[float, memoryview]]:
        """How many inner chunks are laid before each run that change, and its bytes."""
        first = self._begins.nonzero()[0]
        stops = [*self._ends[first[1:] - 1].tolist(), *self._ends[-1:].tolist()]
        starts = zip(self._n_before[first].tolist(), self._offsets[first].tolist(), stops, strict=True)
        return ((n_before, self._whole[start:stop]) for n_before, start, stop in starts)

    def moved_to(self, run_offsets: Sequence[int]) -> npt.NDArray[np.int64]:
        """Where the inner chunks that stay begin, if their runs do there."""
        moves = np.array(run_offsets, np.int64) - self._offsets[self._begins]
        moved: npt.NDArray[np.int64] = self._offsets + moves[self._begins.cumsum() - 1]
        return moved


_NO_RUN = (math.inf, memoryview(b""))


def _places(codecs: ChunkCodecs, level: ShardLevel, old: Buffer) -> Entries:
    """Where the inner chunks of a shard lie, by their rows."""
    nbytes = codecs.index_nbytes(level)
    start = index_start(len(old), nbytes, at_end=level.index_at_end)
    return parse_entries(codecs.decode_index(level, old[start : start + nbytes]), len(old), start, nbytes)


def index_start(object_nbytes: int, index_nbytes: int, *, at_end: bool) -> int:
    """Where the index of a shard begins. An object shorter than its index has it at 0, and fails to decode there."""
    return max(0, object_nbytes - index_nbytes) if at_end else 0
