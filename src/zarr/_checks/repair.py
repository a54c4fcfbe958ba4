"""Repairing what loses nothing. Each repair is one guarded change, so writers may go on meanwhile, and all may be done again.

Of a damaged object the bytes are put aside first (`quarantine`), and then it is replaced by what is left of it, on condition that it
still has those bytes. So whoever writes it meanwhile wins, and a repair that is killed has either not begun or is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarr._buffer import CPU_PROTOTYPE
from zarr._buffer.memory import empty
from zarr._checks.findings import Coords, Repair
from zarr._checks.quarantine import OBJECT, Record, put_aside, take_back
from zarr._checks.salvage import Salvaged, salvage
from zarr._engine.chunks import assignable
from zarr._flow.compare_and_swap import modify
from zarr._flow.consolidate import consolidate
from zarr._flow.create import ensure_ancestors
from zarr._flow.paths import join
from zarr._flow.requests import Compute, Discard, Fetch, Flow, Read
from zarr._selection import basic
from zarr._store.access import capabilities
from zarr._store.noted import noted
from zarr._store.path import StorePath

if TYPE_CHECKING:
    from zarr._buffer import Buffer
    from zarr._checks.reading import ArrayReading
    from zarr._dtype.base import ZarrFormat
    from zarr._store.strays import Stray


@dataclass(slots=True)
class _Change:
    """Puts new bytes in the place of others, if they are still those.

    Attributes
    ----------
    before, after
        The bytes; None takes the object away.
    is_done
        Whether it was so when it was last looked at.
    """

    before: Buffer
    after: Buffer | None
    is_done: bool = field(default=False)

    def __call__(self, now: Buffer | None) -> Buffer | None:
        self.is_done = now is not None and now.to_bytes() == self.before.to_bytes()
        return self.after if self.is_done else now


def repair_object(reading: ArrayReading, coords: Coords, kind: str) -> Flow[Repair | None]:
    """Put a damaged object aside, and what is left of it in its place; None if it is not damaged any more.

    Parameters
    ----------
    reading, coords
        The array, and the object.
    kind
        Of what was found.
    """
    store, key = reading.node.store_path.store, reading.key(coords)
    (stored,) = yield Fetch(store, (Read(key),))
    if stored is None:
        return None
    data = stored.without_version()
    kept = Salvaged(lost=[coords])
    if reading.spec.levels:
        kept = yield Compute(salvage, (reading, coords, data))
    instead = None
    after = None if kept.data is None else CPU_PROTOTYPE.buffer.from_bytes(kept.data)
    if after is None and not capabilities(store).removes_conditionally:
        after = yield Compute(_nothing, (reading, coords))
        instead = None if after is None else noted(after)
    suffix = reading.spec.keys.encode_chunk_key(coords)
    lost = tuple(sorted(kept.lost))
    record = Record(suffix, kind, lost, instead)
    folder = yield from put_aside(store, reading.path, data, record)
    change = _Change(data, after)
    yield from modify(store, key, change)
    if not change.is_done:
        yield from take_back(store, folder)
        return None
    return Repair(kind, reading.path, key, _told(kept), join(folder, OBJECT), kept.n_kept, lost)


def _told(kept: Salvaged) -> str:
    if kept.is_index_gone:
        return "put aside; where its inner chunks lie is not known any more, so none of them could be kept"
    if kept.data is None:
        return "put aside; nothing of it could be kept"
    n_lost = len(kept.lost)
    return (
        f"put aside, and written anew with the {kept.n_kept} inner chunk{'' if kept.n_kept == 1 else 's'} that "
        f"decode{'s' if kept.n_kept == 1 else ''}; {n_lost} read{'s' if n_lost == 1 else ''} as the fill value now"
    )


def _nothing(reading: ArrayReading, coords: Coords) -> Buffer | None:
    """An object that reads as if there were none, for stores that cannot take one away on condition."""
    spec = reading.spec
    starts, lengths = spec.grid.chunk_start(coords), spec.grid.chunk_shape(coords)
    region = tuple(
        slice(start, min(start + length, n)) for start, length, n in zip(starts, lengths, spec.shape, strict=True)
    )
    selection = basic(region, spec.shape)
    elements = empty(selection.shape, spec.dtype)
    elements[...] = assignable(spec.fill_value, spec.dtype)
    pipeline = reading.node.pipeline_of(reading.node.metadata, spec.config)
    (request,) = pipeline.request(selection, elements)
    encoded: Buffer | None = request.encode(None)
    return encoded


def set_aside(reading: ArrayReading, key: str, suffix: str, kind: str) -> Flow[Repair | None]:
    """Put an object aside that is no chunk of the array, whatever it holds; None if it is not there any more.

    Where a store cannot take it away on condition, it stays.
    """
    store = reading.node.store_path.store
    if not capabilities(store).removes_conditionally:
        return None
    (stored,) = yield Fetch(store, (Read(key),))
    if stored is None:
        return None
    data = stored.without_version()
    folder = yield from put_aside(store, reading.path, data, Record(suffix, kind, ()))
    change = _Change(data, None)
    yield from modify(store, key, change)
    if not change.is_done:
        yield from take_back(store, folder)
        return None
    return Repair(kind, reading.path, key, "put aside", join(folder, OBJECT))


def make_parent(at: StorePath, path: str, zarr_format: ZarrFormat) -> Flow[Repair]:
    """Make a group of a place that nodes lie below."""
    yield from ensure_ancestors(StorePath(at.store, join(path, "x")), zarr_format)
    return Repair("missing-parent", path, "", f"made a group of it, of format {zarr_format}")


def renew_copy(at: StorePath, zarr_format: ZarrFormat) -> Flow[Repair]:
    """Store consolidated metadata anew."""
    yield from consolidate(at, zarr_format)
    return Repair("stale-consolidated", at.path, "", "consolidated metadata stored anew")


def discard(at: StorePath, stray: Stray, kind: str, path: str) -> Flow[Repair | None]:
    """Take away what is nobody's; None if it is somebody's after all."""
    is_gone: bool = yield Discard(at.store, stray)
    what = "an empty directory" if stray.sort == "directory" else "a temporary file"
    return Repair(kind, path, stray.key, f"{what} taken away") if is_gone else None
