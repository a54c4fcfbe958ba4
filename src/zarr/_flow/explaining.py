"""What a read will ask of the store, without reading: the flows that read are driven, and what they ask for is counted.

The engine's part is played by who finds inner chunks, and decodes none. Without a look at the store everything is taken to be
stored; with one, sizes and indexes of shards are asked for, and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.byte_range import RangeByteRequest, SuffixByteRequest
from zarr._engine.chunks import ChunkCodecs
from zarr._engine.imagined import UNKNOWN_ITEM_NBYTES, Imagined
from zarr._engine.shards import ShardReader
from zarr._flow.objects import read_object
from zarr._flow.requests import Fetch, Size, TakeRoom, Together
from zarr._flow.watch import answered
from zarr._plan.parts import object_classes
from zarr._plan.project import decoded_grid, plan
from zarr._selection.model import GridSelection
from zarr._store.access import answers_at_once
from zarr._store.versioned import NoHold, Stored
from zarr._support.settings import settings
from zarr._support.workers import most_threads
from zarr.errors import StoreAbilityError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarr._engine.contract import Encoded, Pieces
    from zarr._flow.node import ArrayNode
    from zarr._flow.requests import Flow, Read, Request
    from zarr._metadata.spec import ArraySpec
    from zarr._plan.model import ObjectPlan
    from zarr._selection.composed import Composed
    from zarr._selection.model import Selection


@dataclass(slots=True)
class Tally:
    """What a read asks for, of one object or of all.

    Attributes
    ----------
    n_objects, n_absent
        Objects that are met; those of them that are not stored, as far as somebody looked.
    n_chunks
        Chunks that are decoded: in an array without shards the objects are.
    n_requests, nbytes
        Requests, and the bytes that come.
    nbytes_decoded
        Size of these chunks in memory.
    """

    n_objects: int = 0
    n_absent: int = 0
    n_chunks: int = 0
    n_requests: int = 0
    nbytes: int = 0
    nbytes_decoded: int = 0

    def add(self, other: Tally, times: int = 1) -> None:
        """Count another one in, so many times."""
        for name in Tally.__slots__:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


def explain(node: ArrayNode, composed: Composed, *, ask: bool) -> Flow[tuple[Tally, int]]:
    """What reading a view asks for, and how many bytes of memory it takes at most.

    Parameters
    ----------
    node, composed
        The array, and what is selected of it.
    ask
        Whether the store is asked for sizes and indexes.

    Raises
    ------
    StoreAbilityError
        If somebody else's codec pipeline reads the array, in a way of its own.
    """
    view = node.view
    spec, lowered = view.spec, composed.lowered
    composed.check(spec.shape)
    if (delegate := view.pipeline.delegate) is not None:
        raise StoreAbilityError(
            f"array {'/' + node.path!r} is read by the codec pipeline {delegate.name}, which asks the store in a way of its own; "
            "open it without that to have its reads explained"
        )
    explaining = _Explaining(node, ask=ask)
    total = Tally()
    if not composed.is_empty:
        flows = (explaining.object(part, times) for part, times in explaining.parts(lowered.selection))
        for tally, times in (yield Together(flows)):
            total.add(tally, times)
    return total, _memory_nbytes(node, composed, total)


def _memory_nbytes(node: ArrayNode, composed: Composed, total: Tally) -> int:
    """The result, a copy of it where it is read elsewhere, and what is decoded at once."""
    spec, lowered = node.view.spec, composed.lowered
    itemsize = _itemsize(spec)
    nbytes = math.prod(composed.shape) * itemsize
    if not lowered.is_view:
        nbytes += math.prod(lowered.selection.shape) * itemsize
    if not total.n_objects:
        return nbytes
    chunk = math.prod(decoded_grid(spec).largest(spec.shape)) * itemsize
    if answers_at_once(node.store_path.store):
        at_once = min(total.n_chunks, most_threads())
    else:
        at_once = min(total.n_objects, settings().concurrency)
    encoded = at_once * -(-total.nbytes // total.n_objects)
    return nbytes + min(total.n_chunks, most_threads()) * chunk + min(total.nbytes, encoded)


def _itemsize(spec: ArraySpec) -> int:
    return UNKNOWN_ITEM_NBYTES if spec.dtype.kind in "OT" else spec.dtype.itemsize


class _Explaining:
    """Explains the objects of one array.

    Parameters
    ----------
    node
        The array.
    ask
        As of `explain`.
    """

    def __init__(self, node: ArrayNode, *, ask: bool) -> None:
        self._node, self._view, self._ask = node, node.view, ask
        spec = self._spec = self._view.spec
        self._codecs = ChunkCodecs(spec, CPU_PROTOTYPE)
        self._imagined = Imagined(spec, self._codecs)
        self._grid = decoded_grid(spec)
        self._kept = node.kept_indexes.snapshot()  # explaining a read is not to change it

    def parts(self, selection: Selection) -> Iterator[tuple[ObjectPlan, int]]:
        """The objects that are explained, and for how many each of them stands."""
        if isinstance(selection, GridSelection) and not self._ask and not len(self._kept):
            return object_classes(self._spec, selection)
        return ((part, 1) for part in plan(self._spec, selection))

    def object(self, part: ObjectPlan, times: int) -> Flow[tuple[Tally, int]]:
        """Explain one object."""
        chunks = {projection.coords for projection in part.projections}
        tally = Tally(n_objects=1, n_chunks=len(chunks))
        itemsize = _itemsize(self._spec)
        tally.nbytes_decoded = itemsize * sum(math.prod(self._grid.chunk_shape(coords)) for coords in chunks)
        reading = _Reading(self, part, tally)
        yield from answered(read_object(self._node, self._view, reading, 0, self._kept), reading.answer)
        return tally, times


class _Reading:
    """What reads one object, as the engine would (it is an `ObjectRequest` that cannot write), and answers what is asked for.

    Parameters
    ----------
    explaining
        What is known of the array.
    part
        The object.
    tally
        Where requests are counted.
    """

    def __init__(self, explaining: _Explaining, part: ObjectPlan, tally: Tally) -> None:
        self.coords, self.is_whole = part.coords, part.whole
        self._explaining, self._tally = explaining, tally
        self._ask = explaining._ask
        self._n_rounds = 0
        self._wants_parts = False
        self._asked_for: list[Read] = []
        self._found: list[Stored | None] = []
        spec, codecs, kept = explaining._spec, explaining._codecs, explaining._kept
        self._n_levels = len(spec.levels)
        self._is_shard = bool(spec.levels) and not part.whole
        self._reader: ShardReader | None = None
        if self._is_shard:
            is_known = self._n_levels == 1 and kept.get(explaining._node.key(part.key)) is not None
            self._reader = (
                ShardReader(spec, codecs, part.coords, part.projections)
                if self._ask or is_known
                else explaining._imagined.shard(part.coords, part.projections)
            )

    # -- as the engine's request --------------------------------------------------------------------------------

    def decode(self, encoded: Encoded) -> None:
        """Nothing is decoded."""

    def decode_pieces(self, nbytes: int, pieces: Pieces) -> None:
        """Nothing is decoded."""

    def missing_parts(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        missing = [] if self._reader is None else self._reader.missing(nbytes, pieces)
        self._wants_parts = bool(missing)
        self._n_rounds += self._wants_parts
        return missing

    def encode(self, old: Encoded) -> Encoded:
        raise NotImplementedError

    encode_in_pieces = encode

    # -- as the store -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Flow[Any]:
        """Answer a request of the flow that reads, and count it."""
        if isinstance(request, TakeRoom):
            return NoHold()
        if not isinstance(request, Fetch):
            return (yield request)
        self._tally.n_requests += len(request.reads)
        if not self._is_shard or not (self._wants_parts or self._is_index(request)):
            (read,) = request.reads
            return [(yield from self._whole(request, read))]
        is_index = not self._wants_parts or self._n_rounds < self._n_levels
        self._wants_parts = False
        if list(request.reads) == self._asked_for:  # whether it is still the same
            found = self._found
        elif is_index and self._ask:
            found = yield request
            self._asked_for, self._found = self._asked_for or list(request.reads), self._found or found
        else:
            found = [self._part(read) for read in request.reads]
        self._tally.nbytes += sum(len(stored.data) for stored in found if stored is not None)
        if is_index and not self._n_rounds and found == [None]:
            self._tally.n_absent = 1
        return found

    @staticmethod
    def _is_index(request: Fetch) -> bool:
        """Whether a part of a shard is read first of all, and not all of it in the end."""
        return all(read.byte_range is not None for read in request.reads)

    def _whole(self, request: Fetch, read: Read) -> Flow[Stored | None]:
        nbytes: int | None = self._explaining._imagined.nbytes(self.coords)
        if self._ask:
            nbytes = yield Size(request.store, read.key)
        if nbytes is None:
            self._tally.n_absent = 1
            return None
        if isinstance(read.byte_range, RangeByteRequest):
            nbytes = min(nbytes, read.byte_range.end)
        self._tally.nbytes += nbytes
        return Stored(_Octets(nbytes), None, nbytes)  # type: ignore[arg-type]  # nobody looks at them

    def _part(self, read: Read) -> Stored:
        asked = read.byte_range
        if isinstance(asked, SuffixByteRequest):
            n = asked.suffix
        else:
            assert isinstance(asked, RangeByteRequest)  # noqa: S101  # there are no others
            n = asked.end - asked.start
        whole = -1 if self._ask else self._explaining._imagined.nbytes(self.coords)
        return Stored(_Octets(n), _PINNED, whole)  # type: ignore[arg-type]  # nobody looks at them


class _Octets:
    """Bytes of which only the number is known."""

    __slots__ = ("_n",)

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, part: slice) -> _Octets:
        return _Octets(len(range(self._n)[part]))

    def to_bytes(self) -> bytes:
        """The same for all: an index that is read again is as it was."""
        return b""


_PINNED = object()
"""The version of what nobody has read."""
