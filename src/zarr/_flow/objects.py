"""Reading and writing elements: the one way to stored objects, for every engine.

The engine plans a request and says what it wants of each stored object (`ObjectRequest`); the flows here fetch, and put.
There is one small flow per object; the driver runs several at once. Where the engine reaches the store's place by itself,
the whole request is one `Direct`. What is handed over to somebody else's pipeline goes another way (`handed_over.py`).

Reading an object that is a shard, of which only a part is wanted, takes a few rounds: its index first, then whatever the
engine finds missing, until nothing is; neighbouring ranges are fetched together, and all of them come from one version. If
it is replaced again and again meanwhile, all of it is read at once.
Writing an object that the request covers whole replaces it without reading; any other is changed in a compare-and-swap
loop, so that a writer of the rest of it loses nothing. An object that holds nothing but the fill value is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.byte_range import RangeByteRequest, SuffixByteRequest
from zarr._buffer.memory import are_characters, empty, in_dtype
from zarr._engine.choose import changes_of_fields
from zarr._engine.chunks import assignable, object_nbytes
from zarr._flow.compare_and_swap import modify
from zarr._flow.direct import reach
from zarr._flow.requests import Compute, Direct, Fetch, Flow, Put, Read, Remove, TakeRoom, Together
from zarr._store.access import answers_at_once, capabilities, sync_contract, takes_pieces
from zarr._store.ranges import coalesce
from zarr._store.versioned import UNLOCKED
from zarr._support.imports_on_use import importing
from zarr._support.request_room import is_counted
from zarr._support.settings import settings
from zarr.errors import ChunkNotFoundError, CodecError, ConcurrentChangeError, PickleCodecDisabledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Self

    import numpy.typing as npt

    from zarr._buffer import Buffer
    from zarr._buffer.pieces import Pieced
    from zarr._engine.contract import ObjectRequest, Pieces, Pipeline
    from zarr._flow.kept_indexes import KeptIndexes
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.spec import ArraySpec, ShardLevel
    from zarr._plan.gather import Overlay
    from zarr._selection.model import Selection
    from zarr._store.abstract import Store
    from zarr._store.versioned import Hold, Version
    from zarr._support.request_room import Room

_MOST_ROUNDS = 5
"""So often parts of a shard are asked for before all of it is, because it was replaced in between."""
_MOST_WASTE = 0.2
"""What a remote store may send that nobody wants, as a share of what is wanted: requests go out together there, so another one
takes no time."""
_MOST_TO_ONE = 16
"""So many times the size of its elements no chunk is, whatever the codecs: more than stored as the widest numbers there are."""
_ALWAYS_READ = 16 * 2**20
_UNKNOWN_NBYTES = 2**62
"""Size of a shard whose store does not tell: beyond every range in it."""


# -- reading --------------------------------------------------------------------------------------------------------


def read(node: ArrayNode, view: ArrayView, selection: Selection, memory: npt.NDArray[Any]) -> Flow[None]:
    """Read what `selection` selects into plain memory of the selection's shape and the array's dtype."""
    yield from _read(node, view, selection, memory)
    if not are_characters(memory):  # the reference engine names the chunk
        yield from _read(node, node.by_reference(view), selection, memory)


def _read(node: ArrayNode, view: ArrayView, selection: Selection, memory: npt.NDArray[Any]) -> Flow[None]:
    reached = reach(node, view)
    if reached is None:
        if (delegate := view.pipeline.delegate) is not None:
            yield from _handed_over().read(node, delegate, selection, memory)
            return
        parts = view.pipeline.request(selection, memory)
        nbytes = _counted_nbytes(node, view)
        flows = (read_object(node, view, part, nbytes, node.kept_indexes) for part in parts)
        yield Together(flows, shared_nbytes=shared_nbytes(node, view))
        return
    try:
        yield Direct(node.store_path.store, node.key(""), reached, selection, memory)
    except (CodecError, ChunkNotFoundError) as exc:
        raise _placed(exc, node, view, exc.object_coords) from exc.__cause__


def read_object(node: ArrayNode, view: ArrayView, part: ObjectRequest, nbytes: int, kept: KeptIndexes) -> Flow[None]:
    """Read what is wanted of one object, which takes so many bytes; 0 if they are not counted. `kept` are the indexes to begin with."""
    store, key = node.store_path.store, _key(node, view, part)
    try:
        if view.spec.levels and not part.is_whole:
            with _GrowingRoom(store) as room:
                yield from _read_parts(store, key, view, part, kept, room)
        elif nbytes:
            with (yield TakeRoom(store, nbytes)):
                yield from _read_whole(store, key, view, part)
        else:
            yield from _read_whole(store, key, view, part)
    except (CodecError, ChunkNotFoundError, PickleCodecDisabledError) as exc:
        raise _placed(exc, node, view, part.coords) from exc.__cause__


def _read_whole(store: Store, key: str, view: ArrayView, part: ObjectRequest) -> Flow[None]:
    (stored,) = yield Fetch(store, (Read(key, _no_more(store, view)),))
    yield Compute(part.decode, (None if stored is None else stored.without_version(),))


def _no_more(store: Store, view: ArrayView) -> RangeByteRequest | None:
    """What to read of an object in a store that unpacks it: by what lies beyond, it is no such object."""
    spec = view.spec
    if not capabilities(store).unpacks or spec.levels or spec.dtype.kind in "OT":
        return None
    return RangeByteRequest(0, _ALWAYS_READ + _MOST_TO_ONE * object_nbytes(spec))


def _read_parts(
    store: Store, key: str, view: ArrayView, part: ObjectRequest, kept: KeptIndexes, room: _GrowingRoom
) -> Flow[None]:
    """Read the index of a shard and the inner chunks that the request needs, all from one version.

    One that is replaced all the time is read at once, as large as it may be: then it is of one version, whatever comes after.
    """
    level = view.spec.levels[0]
    if level.shape is None:
        level = view.spec.levels_at(part.coords)[0]
    index_nbytes = view.pipeline.index_nbytes(level)
    index_read = Read(key, SuffixByteRequest(index_nbytes) if level.index_at_end else RangeByteRequest(0, index_nbytes))
    able = capabilities(store)
    is_pinned = able.pins_versions
    keeps_index = able.is_remote and able.refuses_old_versions
    if keeps_index and (yield from _read_by_kept_index(store, key, view, part, kept, index_nbytes, room)):
        return
    for _ in range(_MOST_ROUNDS):
        room.begin_again()
        (stored,) = yield Fetch(store, (index_read,))
        if stored is None:
            yield Compute(part.decode, (None,))
            return
        if keeps_index:
            kept.put(key, stored)
        nbytes = stored.nbytes if stored.nbytes >= 0 else _UNKNOWN_NBYTES
        index = stored.data
        pieces = [(_index_at(level, nbytes, index_nbytes), index)]
        problem: CodecError | ConcurrentChangeError | None = None
        try:
            while missing := (yield Compute(part.missing_parts, (nbytes, pieces))):
                yield from room.take(missing)
                pieces += yield from _fetch_parts(store, key, view, missing, stored.version)
        except (CodecError, ConcurrentChangeError) as exc:  # parts of two versions do not fit together
            problem = exc
        finally:
            stored.release()
        if isinstance(problem, ConcurrentChangeError):
            continue
        if not (is_pinned and stored.is_pinned) and not (yield from _is_unchanged(store, index_read, index)):
            continue
        if problem is not None:
            raise problem
        yield Compute(part.decode_pieces, (nbytes, pieces))
        return
    room.begin_again()
    yield from room.take([(0, object_nbytes(view.spec))])
    yield from _read_whole(store, key, view, part)


def _index_at(level: ShardLevel, nbytes: int, index_nbytes: int) -> int:
    """Where in a shard its index begins."""
    return max(0, nbytes - index_nbytes) if level.index_at_end else 0


def _read_by_kept_index(
    store: Store,
    key: str,
    view: ArrayView,
    part: ObjectRequest,
    kept: KeptIndexes,
    index_nbytes: int,
    room: _GrowingRoom,
) -> Flow[bool]:
    """The same by an index that was read before; whether that was still the right one.

    Its version goes with the request for the inner chunks, and the store refuses that if it is out of date. So an index of
    which nothing is wanted does not count.
    """
    stored = kept.get(key)
    if stored is None:
        return False
    pieces = [(_index_at(view.spec.levels[0], stored.nbytes, index_nbytes), stored.data)]
    n_fetched = 0
    try:
        while missing := (yield Compute(part.missing_parts, (stored.nbytes, pieces))):
            yield from room.take(missing)
            pieces += yield from _fetch_parts(store, key, view, missing, stored.version)
            n_fetched += 1
    except (CodecError, ConcurrentChangeError):
        n_fetched = 0
    if not n_fetched:
        kept.drop(key)
        return False
    yield Compute(part.decode_pieces, (stored.nbytes, pieces))
    return True


def _is_unchanged(store: Store, index_read: Read, index: Buffer) -> Flow[bool]:
    """Whether everything that was read since the index comes from the version of the shard that had it."""
    (again,) = yield Fetch(store, (index_read,))
    return again is not None and again.data.to_bytes() == index.to_bytes()


def _fetch_parts(
    store: Store, key: str, view: ArrayView, missing: list[tuple[int, int]], version: Version | None
) -> Flow[list[tuple[int, Buffer]]]:
    config = view.spec.config
    runs = coalesce(
        [(offset, offset + nbytes) for offset, nbytes in missing],
        max_gap_nbytes=config.sharding_coalesce_max_gap_bytes,
        max_nbytes=config.sharding_coalesce_max_bytes,
        most_waste=_MOST_WASTE if capabilities(store).is_remote else None,
    )
    fetched = yield Fetch(store, [Read(key, RangeByteRequest(*run), version) for run in runs])
    pieces = []
    for (start, stop), found in zip(runs, fetched, strict=True):
        if found is None:
            raise ConcurrentChangeError(f"object {key!r} disappeared while it was read; try again.")
        if len(found.data) != stop - start:
            raise CodecError(
                "sharding_indexed",
                "decode",
                f"the shard ends {stop - start - len(found.data)} bytes before the end that its index gives for an "
                "inner chunk",
            )
        pieces.append((start, found.data))
    return pieces


# -- writing --------------------------------------------------------------------------------------------------------


def write(
    node: ArrayNode,
    view: ArrayView,
    selection: Selection,
    value: npt.NDArray[Any],
    *,
    hold: Hold | None = None,
    check: Callable[[], Flow[None]] | None = None,
    is_part: bool = False,
) -> Flow[None]:
    """Write plain memory of the selection's shape, of elements or as the pipeline takes it, into what `selection` selects.

    `hold` is a hold of the caller on the node, if it has one; `check` is for `modify`. With `is_part` the value has some of
    the fields of the array's structs, and the others stay as they are.
    """
    store = node.store_path.store
    if hold is None and node.config.locking == "none":
        hold = UNLOCKED
    if not is_part and value.dtype.kind != "O":  # objects are the array's elements, or what its pipeline takes
        value = in_dtype(value, view.spec.dtype)  # format 3 does not store the byte order that a handle has elements in
    reached = None if is_part else reach(node, view)
    if reached is None or not reached.can_write:
        if (delegate := view.pipeline.delegate) is not None and not is_part:
            yield from _handed_over().write(node, delegate, selection, value, hold=hold, check=check)
            return
        changes = _Changes(node, view, selection, value, is_part=is_part)
        writing = _Writing(
            node,
            view,
            hold,
            None if capabilities(store).removes_conditionally else changes,
            check,
            in_pieces=takes_pieces(store),
            nbytes=_counted_nbytes(node, view),
        )
        flows = (_write_object(writing, part) for part in changes.requests())
        yield Together(flows, shared_nbytes=shared_nbytes(node, view))
        return
    is_synced = settings().durability == "fsync"
    try:
        left = yield Direct(store, node.key(""), reached, selection, value, writes=True, hold=hold, sync=is_synced)
    except CodecError as exc:
        raise _placed(exc, node, view, exc.object_coords) from exc.__cause__
    for part in left:
        yield from _write_object(_Writing(node, view, hold), part)


def write_over(node: ArrayNode, view: ArrayView, overlay: Overlay) -> Flow[None]:
    """Put some elements over those of one object, all of whose chunks are encoded anew: in the same compare-and-swap loop."""
    store = node.store_path.store
    changes = _Overlaid(node, view, overlay)
    writing = _Writing(
        node,
        view,
        UNLOCKED if node.config.locking == "none" else None,
        None if capabilities(store).removes_conditionally else changes,
        in_pieces=takes_pieces(store),
        nbytes=_counted_nbytes(node, view),
    )
    for part in changes.requests():
        yield from _write_object(writing, part)


@dataclass(frozen=True, slots=True)
class _Writing:
    """What all objects that are written by one request have in common.

    Attributes
    ----------
    node, view, hold, check
        As for `write`.
    whole_form
        For stores that cannot delete an object on condition.
    in_pieces
        Whether the store takes a value piece by piece.
    nbytes
        How many bytes one object takes; 0 if they are not counted.
    """

    node: ArrayNode
    view: ArrayView
    hold: Hold | None
    whole_form: _Changes | None = None
    check: Callable[[], Flow[None]] | None = None
    in_pieces: bool = False
    nbytes: int = 0


def _write_object(writing: _Writing, part: ObjectRequest) -> Flow[None]:
    """Write what is wanted of one object."""
    if not writing.nbytes:
        yield from _encode_and_put(writing, part)
        return
    nbytes = writing.nbytes if part.is_whole else 2 * writing.nbytes  # what was there, and what is made of it
    with (yield TakeRoom(writing.node.store_path.store, nbytes, waits=writing.hold is None)):
        yield from _encode_and_put(writing, part)


def _encode_and_put(writing: _Writing, part: ObjectRequest) -> Flow[None]:
    node, view, hold, whole_form = writing.node, writing.view, writing.hold, writing.whole_form
    store, key = node.store_path.store, _key(node, view, part)
    encode = part.encode_in_pieces if writing.in_pieces else part.encode
    try:
        if not part.is_whole:
            change = encode if whole_form is None else partial(whole_form.encode_whole, part)
            yield from modify(store, key, change, hold=hold, check=writing.check)
            return
        encoded = yield Compute(encode, (None,))
        if encoded is None:
            yield Remove(store, key, hold=hold)
        else:
            yield Put(store, key, encoded, hold=hold)
    except (CodecError, PickleCodecDisabledError) as exc:
        raise _placed(exc, node, view, part.coords) from exc.__cause__


class _Changes:
    """What is written into the objects of an array.

    Parameters
    ----------
    node, view, selection, value, is_part
        As they are written.
    """

    __slots__ = ("_is_part", "_node", "_parts", "_selection", "_value", "_view")

    def __init__(
        self, node: ArrayNode, view: ArrayView, selection: Selection, value: npt.NDArray[Any], *, is_part: bool
    ) -> None:
        self._node, self._view, self._selection, self._value, self._is_part = node, view, selection, value, is_part
        self._parts: dict[tuple[int, ...], ObjectRequest] | None = None

    def requests(self) -> Iterator[ObjectRequest]:
        """One for each object."""
        if self._is_part:
            return self._of_fields(self._view.spec)
        return self._view.pipeline.request(self._selection, self._value)

    def _of_fields(self, spec: ArraySpec) -> Iterator[ObjectRequest]:
        return changes_of_fields(spec, CPU_PROTOTYPE, self._node.engine, self._selection, self._value)

    def encode_whole(self, part: ObjectRequest, old: Buffer | None) -> Buffer | None:
        """New bytes of an object, for stores that cannot delete one on condition that nobody has changed it: None only if
        there were none before, else what reads the same.
        """
        encoded = part.encode(old)
        if encoded is not None or old is None:
            return encoded
        if self._parts is None:  # planned once for all objects, when the first one needs it
            self._parts = {other.coords: other for other in self._planned()}
        return self._parts[part.coords].encode(old)

    def _planned(self) -> Iterator[ObjectRequest]:
        config = replace(self._view.spec.config, write_empty_chunks=True)
        if self._is_part:
            return self._of_fields(replace(self._view.spec, config=config))
        pipeline = self._node.pipeline_of(self._view.metadata, config)
        return pipeline.request(self._selection, self._value)


class _Overlaid(_Changes):
    """What becomes of one object under an overlay.

    Parameters
    ----------
    node, view, overlay
        As of `write_over`.
    """

    __slots__ = ("_overlay",)

    def __init__(self, node: ArrayNode, view: ArrayView, overlay: Overlay) -> None:
        super().__init__(node, view, overlay.selection, empty((), view.spec.dtype), is_part=False)
        self._overlay = overlay

    def requests(self) -> Iterator[ObjectRequest]:
        return self._requests(self._view.pipeline)

    def _planned(self) -> Iterator[ObjectRequest]:
        config = replace(self._view.spec.config, write_empty_chunks=True)
        return self._requests(self._node.pipeline_of(self._view.metadata, config))

    def _requests(self, pipeline: Pipeline) -> Iterator[ObjectRequest]:
        yield _OverlaidRequest(self._view.spec, pipeline, self._overlay)


class _OverlaidRequest:
    """An object that is decoded, changed and encoded wholly. It is only written."""

    __slots__ = ("_overlay", "_pipeline", "_spec", "coords")
    is_whole = False

    def __init__(self, spec: ArraySpec, pipeline: Pipeline, overlay: Overlay) -> None:
        self._spec, self._pipeline, self._overlay = spec, pipeline, overlay
        self.coords: tuple[int, ...] = tuple(
            int(axis.find(np.array([at], np.int64))[0]) for axis, at in zip(spec.grid.axes, overlay.start, strict=True)
        )

    def encode(self, old: Buffer | None) -> Buffer | None:
        memory = empty(self._overlay.shape, self._spec.dtype)
        (whole,) = self._pipeline.request(self._overlay.selection, memory)
        if old is None:
            memory[...] = assignable(self._spec.fill_value, self._spec.dtype)
        else:
            whole.decode(old)
        self._overlay.put(memory)
        return whole.encode(None)

    def encode_in_pieces(self, old: Buffer | None) -> Buffer | Pieced | None:
        return self.encode(old)

    def decode(self, encoded: Buffer | None) -> None:
        raise NotImplementedError

    def missing_parts(self, nbytes: int, pieces: Pieces) -> list[tuple[int, int]]:
        raise NotImplementedError

    def decode_pieces(self, nbytes: int, pieces: Pieces) -> None:
        raise NotImplementedError


# -- pipelines of others ---------------------------------------------------------------------------------------------


def _handed_over() -> ModuleType:
    """The flows for arrays that somebody else's pipeline reads and writes."""
    with importing("zarr._flow.handed_over"):
        from zarr._flow import handed_over

    return handed_over


# -- threads --------------------------------------------------------------------------------------------------------


def shared_nbytes(node: ArrayNode, view: ArrayView) -> int:
    """For `Together`: what is not awaited may go to threads, as far as it pays."""
    store = sync_contract(node.store_path.store)
    return 0 if store is None or store.capabilities.is_remote else view.pipeline.shared_nbytes


# -- room -----------------------------------------------------------------------------------------------------------


def _counted_nbytes(node: ArrayNode, view: ArrayView) -> int:
    """What one object takes in memory while it is fetched or stored; 0 where that is at once, or it is little."""
    if answers_at_once(node.store_path.store):
        return 0
    nbytes = object_nbytes(view.spec)
    return nbytes if is_counted(nbytes) else 0


class _GrowingRoom:
    """Room for parts of one object, of which more and more turn out to be missing.

    Parameters
    ----------
    store
        Where they come from.
    """

    __slots__ = ("_nbytes", "_room", "_store")

    def __init__(self, store: Store) -> None:
        self._store, self._nbytes = store, 0
        self._room: Room | None = None

    def take(self, missing: list[tuple[int, int]]) -> Flow[None]:
        """Wait for room for parts of these sizes too. What there was is given back before, so that nobody who has some waits."""
        self._nbytes += sum(nbytes for _, nbytes in missing)
        if not answers_at_once(self._store) and is_counted(self._nbytes):
            self._give_back()
            self._room = yield TakeRoom(self._store, self._nbytes)

    def begin_again(self) -> None:
        """Give it all back: what there was is of no use any more."""
        self._give_back()
        self._nbytes = 0

    def _give_back(self) -> None:
        if self._room is not None:
            self._room.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._give_back()


# -- places ---------------------------------------------------------------------------------------------------------


def _key(node: ArrayNode, view: ArrayView, part: ObjectRequest) -> str:
    return node.key(view.spec.keys.encode_chunk_key(part.coords))


def _placed(
    exc: CodecError | ChunkNotFoundError | PickleCodecDisabledError,
    node: ArrayNode,
    view: ArrayView,
    coords: tuple[int, ...],
) -> Exception:
    """An error about the object at `coords`, with its key, the array's path and the store."""
    key, store = node.key(view.spec.keys.encode_chunk_key(coords)), node.store_path.store._describe("")
    if isinstance(exc, CodecError):
        return exc.at(path=node.path, key=key, store=store)
    place = f"chunk {key!r} of array {'/' + node.path!r} in store {store!r}"
    if isinstance(exc, PickleCodecDisabledError):
        return PickleCodecDisabledError(f"{place}: {exc}")
    return ChunkNotFoundError(
        f"{place} is missing, and the array was opened with read_missing_chunks=False. Open it with "
        "read_missing_chunks=True to read the fill value there."
    )
