"""Reading and writing with an engine that plans requests itself: one small flow per stored object, as elsewhere.

A shard of which only a part is wanted is read from one version in a few rounds: its index first, then whatever the
engine finds missing, until nothing is. Neighbouring ranges are fetched together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr._buffer.byte_range import RangeByteRequest, SuffixByteRequest
from zarr._flow.access import is_direct
from zarr._flow.modify import modify
from zarr._flow.requests import Compute, Fetch, Flow, Put, Read, Remove
from zarr._store.ranges import coalesce
from zarr.errors import ChunkNotFoundError, CodecError, ConcurrentChangeError

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._engine.base import ObjectRequest
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._store.abstract import Store
    from zarr._store.versioned import Hold, Version

MAX_ROUNDS = 20
_UNKNOWN_NBYTES = 2**62
"""Size of a shard whose store does not tell: beyond every range in it."""


def read_planned(node: ArrayNode, view: ArrayView, request: ObjectRequest, number: int) -> Flow[None]:
    """Read the `number`th object of a request."""
    store = node.store_path.store
    key = node.key(view.spec.keys.encode_chunk_key(request.coords(number)))
    try:
        if view.spec.levels and not request.is_whole(number):
            yield from _read_parts(node, view, request, number, key)
            return
        (stored,) = yield Fetch(store, (Read(key),))
        yield Compute(request.decode, (number, None if stored is None else stored.without_version()))
    except CodecError as exc:
        raise exc.at(path=node.path, key=key) from exc.__cause__
    except ChunkNotFoundError as exc:
        raise chunk_missing(node, key) from exc


def chunk_missing(node: ArrayNode, key: str) -> ChunkNotFoundError:
    """The error for a chunk that has to be stored and is not."""
    return ChunkNotFoundError(
        f"chunk {key!r} of array {'/' + node.path!r} is missing, and the array was opened with "
        "read_missing_chunks=False. Open it with read_missing_chunks=True to read the fill value there."
    )


def _read_parts(node: ArrayNode, view: ArrayView, request: ObjectRequest, number: int, key: str) -> Flow[None]:
    """Read the index of a shard and the inner chunks that the request needs, all from one version."""
    store = node.store_path.store
    level = view.spec.levels[0]
    index_nbytes = view.pipeline.index_nbytes(level)
    index_read = Read(key, SuffixByteRequest(index_nbytes) if level.index_at_end else RangeByteRequest(0, index_nbytes))
    for _ in range(MAX_ROUNDS):
        (stored,) = yield Fetch(store, (index_read,))
        if stored is None:
            yield Compute(request.decode, (number, None))
            return
        nbytes = stored.nbytes if stored.nbytes >= 0 else _UNKNOWN_NBYTES
        index = stored.data
        pieces = [(max(0, nbytes - index_nbytes) if level.index_at_end else 0, index)]
        problem = None
        try:
            while missing := (yield Compute(request.missing_parts, (number, nbytes, pieces))):
                pieces += yield from _fetch_parts(node, view, key, missing, stored.version)
        except (CodecError, ConcurrentChangeError) as exc:  # parts of two versions do not fit together
            problem = exc
        finally:
            stored.release()
        if not (yield from is_unchanged(store, index_read, index)):
            continue
        if problem is not None:
            raise problem
        yield Compute(request.decode_pieces, (number, nbytes, pieces))
        return
    raise ConcurrentChangeError(
        f"shard {key!r} was replaced during each of {MAX_ROUNDS} attempts to read from it. The store cannot read two "
        "parts of one version of an object; read whole shards, or stop the writer meanwhile."
    )


def is_unchanged(store: Store, index_read: Read, index: Buffer) -> Flow[bool]:
    """Whether everything that was read since the index comes from the version of the shard that had it.

    A store of ours reads all parts from one version; of others, the index is read again.
    """
    if is_direct(store):
        return True
    (again,) = yield Fetch(store, (index_read,))
    return again is not None and again.data.to_bytes() == index.to_bytes()


def _fetch_parts(
    node: ArrayNode, view: ArrayView, key: str, missing: list[tuple[int, int]], version: Version | None
) -> Flow[list[tuple[int, Buffer]]]:
    config = view.spec.config
    runs = coalesce(
        [(offset, offset + nbytes) for offset, nbytes in missing],
        max_gap_nbytes=config.sharding_coalesce_max_gap_bytes,
        max_nbytes=config.sharding_coalesce_max_bytes,
    )
    fetched = yield Fetch(node.store_path.store, [Read(key, RangeByteRequest(*run), version) for run in runs])
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


def write_planned(
    node: ArrayNode, view: ArrayView, request: ObjectRequest, number: int, hold: Hold | None
) -> Flow[None]:
    """Write the `number`th object of a request."""
    store = node.store_path.store
    key = node.key(view.spec.keys.encode_chunk_key(request.coords(number)))

    def change(old: Buffer | None) -> Buffer | None:
        return request.encode(number, old)

    try:
        if not request.is_whole(number):
            yield from modify(store, key, change, hold=hold)
            return
        encoded = yield Compute(change, (None,))
        if encoded is None:
            yield Remove(store, key, hold=hold)
        else:
            yield Put(store, key, encoded, hold=hold)
    except CodecError as exc:
        raise exc.at(path=node.path, key=key) from exc.__cause__
