"""Reading elements: plan -> fetch -> decode -> place.

One small flow per stored object; the driver runs several at once. An object that is a shard is read in two or more
steps from one version of it: its index, then the byte ranges of the inner chunks that the request needs (nested
shards repeat the first step). Everything the projections need is fetched before anything is decoded, and placed
straight into the result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarr._buffer.byte_range import RangeByteRequest, SuffixByteRequest
from zarr._codec.shard_index import MISSING, parse_entries
from zarr._engine.shards import by_inner_chunk, index_start
from zarr._flow.direct import read_direct
from zarr._flow.planned import chunk_missing, is_unchanged, read_planned
from zarr._flow.requests import Compute, Fetch, Flow, Read, Together
from zarr._plan import ObjectPlan, Projection, plan
from zarr._store.ranges import coalesce
from zarr.errors import CodecError, ConcurrentChangeError

if TYPE_CHECKING:
    from zarr._buffer import Buffer, NDBuffer
    from zarr._engine.base import Encoded
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.spec import ArraySpec
    from zarr._selection.model import Selection
    from zarr._store.abstract import Store
    from zarr._store.versioned import Version

MAX_ROUNDS = 20


def read(node: ArrayNode, view: ArrayView, selection: Selection, out: NDBuffer) -> Flow[None]:
    """Read what `selection` selects into `out`, which has the selection's shape."""
    memory = out.as_ndarray_like()
    if (direct := read_direct(node, view, selection, memory)) is not None:
        yield Compute(direct)
        return
    request = view.pipeline.request(selection, memory)
    if request is not None:
        yield Together(read_planned(node, view, request, number) for number in range(request.n_objects))
        return
    yield Together(_read_object(node, view, part, out) for part in plan(view.spec, selection))


def _read_object(node: ArrayNode, view: ArrayView, part: ObjectPlan, out: NDBuffer) -> Flow[None]:
    store, key = node.store_path.store, node.key(part.key)
    try:
        if view.spec.levels:
            chunks = yield from _fetch_shard(store, key, view, part)
        else:
            (stored,) = yield Fetch(store, (Read(key),))
            chunks = [(None if stored is None else stored.without_version(), part.projections[0])]
        if not view.spec.config.read_missing_chunks and any(encoded is None for encoded, _ in chunks):
            raise chunk_missing(node, key)
        yield Compute(view.pipeline.decode_into, (chunks, out))
    except CodecError as exc:
        raise exc.at(path=node.path, key=key) from exc.__cause__


@dataclass(frozen=True, slots=True)
class _Extent:
    """A run of bytes of one version of a stored object: the object itself, or an inner chunk of a shard in it."""

    key: str
    start: int
    nbytes: int
    version: Version | None
    loaded: Buffer | None = None  # the bytes, if the whole object was fetched at once


def _fetch_shard(store: Store, key: str, view: ArrayView, part: ObjectPlan) -> Flow[list[tuple[Encoded, Projection]]]:
    """The encoded bytes of every inner chunk that the request needs, all from one version of the object."""
    if part.whole:
        (stored,) = yield Fetch(store, (Read(key),))
        if stored is None:
            return [(None, projection) for projection in part.projections]
        extent = _Extent(key, 0, len(stored.data), None, stored.without_version())
        leaves = yield from _resolve(store, extent, view, 0, part.projections)
        return [(_cut(extent, leaf), projection) for leaf, projection in leaves]
    for _ in range(MAX_ROUNDS):
        (stored,) = yield Fetch(store, (_index_read(key, view),))
        if stored is None:
            return [(None, projection) for projection in part.projections]
        extent, index = _Extent(key, 0, stored.nbytes, stored.version), stored.data
        chunks, problem = None, None
        try:
            leaves = yield from _resolve(store, extent, view, 0, part.projections, index)
            chunks = yield from _fetch_leaves(store, view.spec, leaves)
        except (CodecError, ConcurrentChangeError) as exc:  # parts of two versions do not fit together
            problem = exc
        finally:
            stored.release()
        if not (yield from is_unchanged(store, _index_read(key, view), index)):
            continue
        if chunks is not None:
            return chunks
        if problem is not None:
            raise problem
    raise ConcurrentChangeError(
        f"shard {key!r} was replaced during each of {MAX_ROUNDS} attempts to read from it. The store cannot read two "
        "parts of one version of an object; read whole shards, or stop the writer meanwhile."
    )


def _index_read(key: str, view: ArrayView, version: Version | None = None) -> Read:
    level = view.spec.levels[0]
    nbytes = view.pipeline.index_nbytes(level)
    return Read(key, SuffixByteRequest(nbytes) if level.index_at_end else RangeByteRequest(0, nbytes), version)


def _resolve(
    store: Store,
    extent: _Extent,
    view: ArrayView,
    depth: int,
    projections: Sequence[Projection],
    index: Buffer | None = None,
) -> Flow[list[tuple[_Extent | None, Projection]]]:
    """Where in the object the inner chunk of each projection lies, level by level; None where it is absent."""
    level = view.spec.levels[depth]
    index_nbytes = view.pipeline.index_nbytes(level)
    at = index_start(extent.nbytes, index_nbytes, at_end=level.index_at_end) if extent.nbytes >= 0 else 0
    if index is None:
        index = yield from _fetch_extent(store, _inside(extent, at, min(index_nbytes, extent.nbytes)))
    entries = yield Compute(view.pipeline.decode_index, (level, index))
    known = extent.nbytes if extent.nbytes >= 0 else None
    entries = parse_entries(entries, known, at if known is not None or not level.index_at_end else None, index_nbytes)
    leaves: list[tuple[_Extent | None, Projection]] = []
    for row, _, members in by_inner_chunk(view.spec, depth, projections):
        offset, nbytes = (int(n) for n in entries[row])
        if offset == MISSING:
            leaves += [(None, projection) for projection in members]
        elif depth + 1 < len(view.spec.levels):
            inner = _inside(extent, offset, nbytes)
            leaves += yield from _resolve(store, inner, view, depth + 1, members)
        else:
            leaves += [(_inside(extent, offset, nbytes), projection) for projection in members]
    return leaves


def _inside(extent: _Extent, offset: int, nbytes: int) -> _Extent:
    return _Extent(extent.key, extent.start + offset, nbytes, extent.version, extent.loaded)


def _cut(whole: _Extent, leaf: _Extent | None) -> Encoded:
    if leaf is None or whole.loaded is None:
        return None
    return whole.loaded[leaf.start : leaf.start + leaf.nbytes]


def _fetch_extent(store: Store, extent: _Extent) -> Flow[Buffer]:
    if extent.loaded is not None:
        return extent.loaded[extent.start : extent.start + extent.nbytes]
    request = RangeByteRequest(extent.start, extent.start + extent.nbytes)
    (stored,) = yield Fetch(store, (Read(extent.key, request, extent.version),))
    if stored is None:
        raise ConcurrentChangeError(f"object {extent.key!r} disappeared while it was read; try again.")
    found: Buffer = stored.data
    return found


def _fetch_leaves(
    store: Store, spec: ArraySpec, leaves: list[tuple[_Extent | None, Projection]]
) -> Flow[list[tuple[Encoded, Projection]]]:
    """Fetch the inner chunks' bytes, neighbours together."""
    present = [leaf for leaf, _ in leaves if leaf is not None]
    config = spec.config
    runs = coalesce(
        [(leaf.start, leaf.start + leaf.nbytes) for leaf in present],
        max_gap_nbytes=config.sharding_coalesce_max_gap_bytes,
        max_nbytes=config.sharding_coalesce_max_bytes,
    )
    if not runs:
        return [(None, projection) for _, projection in leaves]
    starts = [start for start, _ in runs]
    reads = [Read(present[0].key, RangeByteRequest(*run), present[0].version) for run in runs]
    fetched = yield Fetch(store, reads)
    chunks: list[tuple[Encoded, Projection]] = []
    for leaf, projection in leaves:
        if leaf is None:
            chunks.append((None, projection))
            continue
        number = bisect_right(starts, leaf.start) - 1
        if fetched[number] is None:
            raise ConcurrentChangeError(f"object {leaf.key!r} disappeared while it was read; try again.")
        begin = leaf.start - runs[number][0]
        encoded = fetched[number].data[begin : begin + leaf.nbytes]
        if len(encoded) != leaf.nbytes:
            raise CodecError(
                "sharding_indexed",
                "decode",
                f"the shard ends {leaf.nbytes - len(encoded)} bytes before the end that its index gives for this inner "
                "chunk",
                coords=projection.coords,
            )
        chunks.append((encoded, projection))
    return chunks
