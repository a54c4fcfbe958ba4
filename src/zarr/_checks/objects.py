"""Looking into one stored object: is every chunk of it there as its index says, and does it decode.

A small object is fetched at once. Of a large shard only the index and then runs of inner chunks are, all of one version, so that no
more than that is in memory; where a store has no versions, the whole object is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.byte_range import ByteRequest, RangeByteRequest, SuffixByteRequest
from zarr._checks.findings import Coords, Finding, finding
from zarr._codec.shard_index import MISSING
from zarr._flow.requests import Compute, Fetch, Flow, Read, Size
from zarr._plan.receipt import ObjectCheck
from zarr._store.access import capabilities
from zarr._store.noted import extended
from zarr._store.ranges import coalesce
from zarr._support.signals import came_from_a_signal
from zarr.errors import CodecError, ConcurrentChangeError, KeyBlockedError, PickleCodecDisabledError, StoreRequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._checks.reading import ArrayReading
    from zarr._metadata.spec import ShardLevel
    from zarr._store.abstract import Store
    from zarr._store.versioned import Version

Look: TypeAlias = Callable[[Coords, "npt.NDArray[Any]", "Buffer"], None]
AT_ONCE_NBYTES = 32 * 2**20
"""Objects of at most so many bytes are fetched at once, and parts of larger ones."""
_MOST_TO_ONE = 16
"""So many times the size of its elements no chunk is, whatever the codecs."""
_MOST_ROUNDS = 5
_GAP_NBYTES = 2**16


@dataclass(slots=True)
class Report:
    """What looking into an object brought.

    Attributes
    ----------
    is_there
        Whether it is stored.
    nbytes
        Its size.
    check
        Size and checksum, where they were asked for.
    findings
        What is wrong.
    stored
        The chunks that are stored in it, inside the array.
    n_good
        How many of its chunks decoded, also outside.
    is_unknown
        Whether nobody can say which chunks it has.
    """

    is_there: bool = False
    nbytes: int = 0
    check: ObjectCheck | None = None
    findings: list[Finding] = field(default_factory=list)
    stored: list[Coords] = field(default_factory=list)
    n_good: int = 0
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Object:
    """A stored object, as much of it as is there.

    Attributes
    ----------
    store, key, version
        Where the rest comes from.
    nbytes
        Its size.
    start, known
        Where what was fetched first begins, and that.
    """

    store: Store
    key: str
    nbytes: int
    start: int
    known: Buffer
    version: Version | None = None

    def part(self, offset: int, nbytes: int) -> Flow[Buffer]:
        """Some bytes of it, of the same version."""
        if self.start <= offset and offset + nbytes <= self.start + len(self.known):
            return self.known[offset - self.start : offset - self.start + nbytes]
        (found,) = yield Fetch(self.store, (Read(self.key, RangeByteRequest(offset, offset + nbytes), self.version),))
        if found is None or len(found.data) != nbytes:
            raise ConcurrentChangeError(f"object {self.key!r} was replaced while it was read")
        data: Buffer = found.data
        return data

    def all(self) -> Flow[Buffer]:
        """All of it."""
        return (yield from self.part(0, self.nbytes))


def look_into(reading: ArrayReading, coords: Coords, *, checks: bool = False, look: Look | None = None) -> Flow[Report]:
    """Read a stored object and decode every chunk of it.

    Parameters
    ----------
    reading, coords
        The array, and the object.
    checks
        Whether size and checksum are wanted.
    look
        Called with every chunk inside the array that decodes: its coordinates, the elements of all of it, and its bytes.
    """
    first = RangeByteRequest(0, AT_ONCE_NBYTES)
    return _reading(reading, coords, partial(_look, reading, coords, checks=checks, look=look), first)


def stored_chunks(reading: ArrayReading, coords: Coords) -> Flow[Report]:
    """As `look_into`, but nothing is decoded: of a shard the indexes are read, of a chunk only how large it is."""
    if not reading.spec.levels:
        return _sized(reading, coords)
    level = reading.spec.levels_at(coords)[0]
    nbytes = reading.codecs.index_nbytes(level)
    first = SuffixByteRequest(nbytes) if level.index_at_end else RangeByteRequest(0, nbytes)
    return _reading(reading, coords, partial(_census, reading, coords), first)


def _sized(reading: ArrayReading, coords: Coords) -> Flow[Report]:
    nbytes: int | None = yield Size(reading.node.store_path.store, reading.key(coords))
    return Report() if nbytes is None else Report(is_there=True, nbytes=nbytes, stored=[coords])


def _reading(
    reading: ArrayReading, coords: Coords, look: Callable[[_Object], Flow[Report]], first: ByteRequest
) -> Flow[Report]:
    """Fetch what is needed first, and go on from there; begin again where the object is replaced meanwhile, in the end with all of it."""
    store, key = reading.node.store_path.store, reading.key(coords)
    able = capabilities(store)
    in_parts = able.pins_versions and able.tells_sizes
    for n_rounds in range(_MOST_ROUNDS):
        is_last = n_rounds == _MOST_ROUNDS - 1
        wanted = first if in_parts and not is_last else None
        try:
            (stored,) = yield Fetch(store, (Read(key, wanted),))
            if stored is None:
                return Report()
            nbytes = stored.nbytes if stored.nbytes >= 0 else len(stored.data)
            start = nbytes - len(stored.data) if isinstance(wanted, SuffixByteRequest) else 0
            try:
                return (yield from look(_Object(store, key, nbytes, start, stored.data, stored.version)))
            finally:
                stored.release()
        except ConcurrentChangeError:
            if is_last:
                raise
        except (KeyBlockedError, OSError) as exc:
            if isinstance(exc, StoreRequestError) or came_from_a_signal(exc):
                raise
            kind = "blocked" if isinstance(exc, KeyBlockedError) else "unreadable-object"
            return Report(findings=[finding(kind, reading.path, str(exc), key=key, coords=coords)], is_unknown=True)
    raise ConcurrentChangeError(f"object {key!r} kept being replaced while it was read")


def _look(reading: ArrayReading, coords: Coords, stored: _Object, *, checks: bool, look: Look | None) -> Flow[Report]:
    report = Report(is_there=True, nbytes=stored.nbytes)
    if checks:
        report.check = yield from _checked(stored)
    walk = _Walk(reading, coords, stored, report, look)
    if reading.spec.levels:
        yield from walk.shard(0, 0, stored.nbytes, reading.spec.grid.chunk_start(coords))
        return report
    report.stored.append(coords)
    problem = _too_large(reading, stored.nbytes)
    if problem is None:
        data = yield from stored.all()
        yield from walk.chunk(coords, reading.spec.grid.chunk_shape(coords), data, None)
    else:
        report.findings.append(finding("damaged-chunk", reading.path, problem, key=stored.key, coords=coords))
    return report


def _census(reading: ArrayReading, coords: Coords, stored: _Object) -> Flow[Report]:
    report = Report(is_there=True, nbytes=stored.nbytes)
    walk = _Walk(reading, coords, stored, report, None, decodes=False)
    yield from walk.shard(0, 0, stored.nbytes, reading.spec.grid.chunk_start(coords))
    return report


def _too_large(reading: ArrayReading, nbytes: int) -> str | None:
    """Why an object is none of a chunk by its size alone, so that it need not be in memory; None if it may be one."""
    if reading.spec.dtype.kind in "OT":
        return None
    most = AT_ONCE_NBYTES + _MOST_TO_ONE * reading.nbytes
    return None if nbytes <= most else f"the object has {nbytes} bytes, and no chunk of this array has more than {most}"


def _checked(stored: _Object) -> Flow[ObjectCheck]:
    """Size and checksum of an object."""
    crc32c, at = 0, 0
    while at < stored.nbytes:
        part = yield from stored.part(at, min(AT_ONCE_NBYTES, stored.nbytes - at))
        crc32c = yield Compute(extended, (crc32c, part.as_buffer_like()))
        at += len(part)
    return ObjectCheck(stored.nbytes, crc32c)


@dataclass(slots=True)
class _Walk:
    """Through the chunks of one object.

    Attributes
    ----------
    reading, coords, stored
        The array, and the object.
    report
        Where findings go.
    look
        Gets the elements.
    decodes
        Whether chunks are decoded; otherwise only indexes are read.
    """

    reading: ArrayReading
    coords: Coords
    stored: _Object
    report: Report
    look: Look | None
    decodes: bool = True

    def shard(self, depth: int, start: int, nbytes: int, begin: Coords, name: Coords | None = None) -> Flow[None]:
        """Look into the shard of level `depth` that has some bytes of the object, and begins at some element.

        `name` has the coordinates of one that lies in another, in the grid of its level.
        """
        level = self.reading.spec.levels_at(self.coords)[depth]
        index = yield from self._index(level, start, nbytes, name)
        if index is None:
            return
        entries, at = index
        problems = problems_of(entries, nbytes, at, self.reading.codecs.index_nbytes(level))
        for row, problem in problems.items():
            inner, _, _ = self.reading.inner_coords(depth, begin, level, self.reading.within(level, row))
            self._find("damaged-index", f"its entry in the shard's index {problem}", inner)
        rows = [row for row in np.flatnonzero(is_present(entries)).tolist() if row not in problems]
        yield from self._rows(depth, level, entries, rows, start, begin)

    def _index(
        self, level: ShardLevel, start: int, nbytes: int, name: Coords | None
    ) -> Flow[tuple[npt.NDArray[np.uint64], int] | None]:
        """The entries of an index, and where it lies in its shard."""
        n = self.reading.codecs.index_nbytes(level)
        if nbytes < n:
            self._lost_index(f"the shard has {nbytes} bytes, too few for its index of {n}", name)
            return None
        at = nbytes - n if level.index_at_end else 0
        encoded = yield from self.stored.part(start + at, n)
        try:
            found = yield Compute(self.reading.codecs.decode_index, (level, encoded))
        except CodecError as exc:
            self._lost_index(f"its index cannot be decoded: codec {exc.codec!r}: {exc.reason}", name)
            return None
        return as_entries(found), at

    def _lost_index(self, what: str, name: Coords | None) -> None:
        self.report.is_unknown = True
        self._find("damaged-index", what, name)

    def _rows(
        self,
        depth: int,
        level: ShardLevel,
        entries: npt.NDArray[np.uint64],
        rows: Sequence[int],
        start: int,
        begin: Coords,
    ) -> Flow[None]:
        places = {row: (int(entries[row, 0]), int(entries[row, 1])) for row in rows}
        ordered = sorted(rows, key=places.__getitem__)
        if (both := overlap(places, ordered)) is not None:
            inner, _, _ = self.reading.inner_coords(depth, begin, level, self.reading.within(level, both[1]))
            first, _, _ = self.reading.inner_coords(depth, begin, level, self.reading.within(level, both[0]))
            self._find("overlapping-chunks", f"its bytes are in part those of inner chunk {first}", inner)
        if depth + 1 < len(self.reading.spec.levels):
            for row in ordered:
                coords, at, _ = self.reading.inner_coords(depth, begin, level, self.reading.within(level, row))
                offset, nbytes = places[row]
                yield from self.shard(depth + 1, start + offset, nbytes, at, coords)
        elif self.decodes:
            for run_offset, run_nbytes, members in _runs(places, ordered, start):
                piece = yield from self.stored.part(run_offset, run_nbytes)
                for row in members:
                    coords, at, shape = self.reading.inner_coords(depth, begin, level, self.reading.within(level, row))
                    self._note(coords, at)
                    where = start + places[row][0] - run_offset
                    yield from self.chunk(coords, shape, piece[where : where + places[row][1]], coords, at)
        else:
            for row in rows:
                coords, at, _ = self.reading.inner_coords(depth, begin, level, self.reading.within(level, row))
                self._note(coords, at)

    def _note(self, coords: Coords, at: Coords) -> None:
        if self.reading.is_inside(at):
            self.report.stored.append(coords)

    def chunk(
        self, coords: Coords, shape: Coords, data: Buffer, inner: Coords | None, at: Coords | None = None
    ) -> Flow[None]:
        """Decode a chunk."""
        try:
            elements = yield Compute(self.reading.decode, (shape, data))
        except CodecError as exc:
            self._find("damaged-chunk", f"codec {exc.codec!r} cannot decode it: {exc.reason}", inner)
            return
        except (PickleCodecDisabledError, ImportError) as exc:
            self._find("unsupported", str(exc), inner)
            return
        self.report.n_good += 1
        if self.look is not None and (at is None or self.reading.is_inside(at)):
            yield Compute(self.look, (coords, elements, data))

    def _find(self, kind: str, what: str, inner: Coords | None) -> None:
        self.report.findings.append(
            finding(kind, self.reading.path, what, key=self.stored.key, coords=self.coords, inner=inner)
        )


# -- indexes of shards ------------------------------------------------------------------------------------------


def as_entries(decoded: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """A decoded index in the form that is looked at here: one row for each inner chunk, offset and size."""
    return np.ascontiguousarray(decoded).reshape(-1, 2).astype(np.uint64, copy=False)


def is_present(entries: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """For each row whether it says that its inner chunk is stored."""
    found: npt.NDArray[np.bool_] = (entries != np.uint64(MISSING)).any(axis=1)
    return found


def problems_of(entries: npt.NDArray[np.uint64], nbytes: int, index_at: int, index_nbytes: int) -> dict[int, str]:
    """What is wrong with rows of an index, by row.

    Parameters
    ----------
    entries
        The index.
    nbytes
        Size of the shard.
    index_at, index_nbytes
        Where the index lies in it.

    Examples
    --------
    >>> rows = np.array([[0, 4], [4, MISSING], [2, 90], [20, 4]], np.uint64)
    >>> sorted(problems_of(rows, 40, 22, 18))
    [1, 2, 3]
    """
    offsets, sizes = entries.T
    missing = np.uint64(MISSING)
    half = (offsets == missing) != (sizes == missing)
    there = (offsets != missing) & (sizes != missing)
    ends = offsets + sizes  # wraps around
    outside = there & ((ends < offsets) | (ends > np.uint64(nbytes)))
    index_end = np.uint64(index_at + index_nbytes)
    on_index = there & ~outside & (sizes > 0) & (offsets < index_end) & (ends > np.uint64(index_at))
    found = dict.fromkeys(np.flatnonzero(half).tolist(), "has a marker for absence in one of its two fields")
    for row in np.flatnonzero(outside).tolist():
        found[row] = f"({int(offsets[row])}, {int(sizes[row])}) lies outside the shard of {nbytes} bytes"
    for row in np.flatnonzero(on_index).tolist():
        found[row] = f"({int(offsets[row])}, {int(sizes[row])}) overlaps the index"
    return found


def overlap(places: dict[int, tuple[int, int]], ordered: Sequence[int]) -> tuple[int, int] | None:
    """Two rows whose bytes are the same in part only; None if there are no such.

    Examples
    --------
    >>> overlap({0: (0, 4), 1: (0, 4), 2: (3, 2)}, [0, 1, 2]), overlap({0: (0, 4), 1: (0, 4)}, [0, 1])
    ((1, 2), None)
    """
    reach, widest = 0, -1
    for row in ordered:
        offset, nbytes = places[row]
        if widest >= 0 and nbytes and offset < reach and places[widest] != (offset, nbytes):
            return widest, row
        if offset + nbytes >= reach:
            reach, widest = offset + nbytes, row
    return None


def _runs(
    places: dict[int, tuple[int, int]], ordered: Sequence[int], start: int
) -> Iterator[tuple[int, int, list[int]]]:
    spans = [(start + places[row][0], start + sum(places[row])) for row in ordered]
    runs = coalesce(sorted(set(spans)), max_gap_nbytes=_GAP_NBYTES, max_nbytes=AT_ONCE_NBYTES)
    waiting = list(zip(spans, ordered, strict=True))
    number = 0
    for first, stop in runs:
        members = []
        while number < len(waiting) and first <= waiting[number][0][0] and waiting[number][0][1] <= stop:
            members.append(waiting[number][1])
            number += 1
        if members:
            yield first, stop - first, members
