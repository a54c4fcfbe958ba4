"""A rechunking under way, so that it can be gone on with by whoever comes after a kill, and shared out to many machines.

It is one plan of writers (`receipts.py`), or two with a temporary array between them. What belongs to it lies below the new array,
or elsewhere if the user says so:

    <array>/__zarr_receipts/rechunk/plan.json      what is copied, and how: from before the array until all else is gone
    <array>/__zarr_receipts/rechunk/temporary/     the temporary array, with the receipts of those who fill it
    <array>/__zarr_receipts/<plan>/                the receipts of those who write the array

The document comes first and goes last. So whoever finds it knows that the array is not whole, or that only things are left that
nobody needs; whoever finds an array without it finds all of that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from zarr._buffer import CPU_PROTOTYPE
from zarr._flow import receipts
from zarr._flow.apart import check_survives
from zarr._flow.create import check_storable, create_node, look_above, occupied, put_node
from zarr._flow.load import load_node
from zarr._flow.node import ArrayNode
from zarr._flow.paths import RECEIPTS, RECHUNK, join
from zarr._flow.receipts import Job, described, job_of
from zarr._flow.rechunking import (
    Kept,
    are_objects_equal,
    copy_region,
    itemsize_of,
    move_objects,
    route_between,
    uncached,
)
from zarr._flow.remove import remove_node
from zarr._flow.requests import Fetch, Flow, Keys, Put, Read, Remove, RemovePrefix
from zarr._plan.partition import partition
from zarr._plan.receipt import fingerprint
from zarr._store.abstract import is_able
from zarr._store.path import StorePath
from zarr._support.json import parse_object
from zarr.errors import ContainsArrayError, MetadataTypeError, MetadataValidationError

if TYPE_CHECKING:
    from zarr._grid.grid import ChunkGrid
    from zarr._plan.partition import Partition

    Temporary = Callable[[StorePath, ChunkGrid], "ArrayNode | None"]

_DOCUMENT, _TEMPORARY = "plan.json", "temporary"
_VERSION = 1
State = Literal["begun", "written"]


@dataclass(frozen=True, slots=True)
class Rechunking:
    """What is to be done.

    Attributes
    ----------
    source, target
        Two arrays of one shape.
    at
        Where the document and the temporary array lie.
    of
        What is copied into what, as a fingerprint.
    room
        How much a piece has at most, in bytes.
    fill
        The plan of the temporary array; None if there is none.
    write
        That of the target.
    moves
        Whether stored objects are moved as they are.
    """

    source: ArrayNode
    target: ArrayNode
    at: StorePath
    of: str
    room: int
    fill: Job | None
    write: Job
    moves: bool

    @property
    def jobs(self) -> list[Job]:
        """The plans, one after the other."""
        return [self.write] if self.fill is None else [self.fill, self.write]

    def storing(self, job: Job, number: int, kept: Kept) -> Callable[[ArrayNode], Flow[Any]]:
        """What stores the objects of a task."""
        if self.moves:
            return lambda node: move_objects(self.source, node, job.partition, number)
        source = self.source if job is not self.write or self.fill is None else self.fill.node
        region = job.partition.region(number)
        return lambda node: copy_region(uncached(source), node, region, kept)


def planned(
    source: ArrayNode, target: ArrayNode, room: int, place: StorePath | None, temporary: Temporary
) -> Rechunking:
    """Plan a rechunking. Nothing is read or stored.

    Parameters
    ----------
    source, target
        What is copied, and the array as it will be.
    room
        How much a piece has at most.
    place
        Where the document, the receipts and a temporary array are to lie; below the target if None.
    temporary
        Makes the node of a temporary array for a place and a grid; None if there can be none.
    """
    spec, its_spec = source.view.spec, target.view.spec
    of = _fingerprint(source, target)
    at = StorePath(target.store_path.store, target.key(join(RECEIPTS, RECHUNK))) if place is None else place
    if place is not None:
        at = StorePath(place.store, join(place.path, fingerprint({"of": of, "to": _name(target)})))
    if are_objects_equal(source, target):
        pieces = partition(its_spec.grid, its_spec.shape, itemsize_of(its_spec), axes=range(its_spec.ndim), target=room)
        return Rechunking(source, target, at, of, room, None, _job(target, pieces, place), moves=True)
    found = route_between(spec, its_spec, room, may_be_temporary=True)
    fill = None
    if (filling := found.read) is not None:
        node = temporary(StorePath(at.store, join(at.path, _TEMPORARY)), filling.grid)
        if node is None:
            found = route_between(spec, its_spec, room, may_be_temporary=False)
        else:
            fill = _job(node, replace(filling, grid=node.view.spec.grid), None)
    return Rechunking(source, target, at, of, room, fill, _job(target, found.write, place), moves=False)


def _job(node: ArrayNode, pieces: Partition, place: StorePath | None) -> Job:
    return job_of(node, pieces, RECHUNK, place)


def _fingerprint(source: ArrayNode, target: ArrayNode) -> str:
    return fingerprint({"source": [_name(source), described(source.metadata)], "target": described(target.metadata)})


def _name(node: ArrayNode) -> list[str]:
    return [node.store_path.store._known_as(), node.path]


# -- beginning, or going on -------------------------------------------------------------------------------------


def begun_before(at: Rechunking) -> Flow[tuple[State, int] | None]:
    """How far a rechunking of the same into the same has come, and what room it has; None if there is none.

    Raises
    ------
    ContainsArrayError
        If there is one of something else.
    """
    key = _key(at)
    (stored,) = yield Fetch(at.at.store, (Read(key),))
    if stored is None:
        return None
    try:
        found = parse_object(stored.without_version().to_bytes(), key)
    except (MetadataValidationError, MetadataTypeError):
        found = {}
    state, room = found.get("state"), found.get("room")
    if found.get("zarr_rechunk") == _VERSION and found.get("of") == at.of and type(room) is int and room > 0:
        if state in ("begun", "written"):
            return state, room
    raise ContainsArrayError(
        f"At {key!r} of store {at.at.store!r} there is a rechunking that was not finished, of another source or into another array "
        f"than this call would make of {'/' + at.target.path!r}. Make that call again to go on with it, or say overwrite=True to begin anew."
    )


def begin(at: Rechunking, *, overwrite: bool) -> Flow[None]:
    """Make the array, and before it the document that says that it is not whole.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        If there is something, and `overwrite` is False.
    """
    target = at.target.store_path
    target.store._check_writable()
    check_storable(target, at.target.metadata)
    yield from look_above(target)
    if overwrite:
        yield from check_survives(at.source.store_path, target)
        yield from remove_node(target)
        yield from forget(at)
    elif (existing := (yield from load_node(target))) is not None:
        raise occupied(target, existing)
    yield from _put_document(at, "begun")
    yield from create_node(target, at.target.metadata, overwrite=False)


def go_on(at: Rechunking) -> Flow[None]:
    """Make what was not made before a kill: the array, and the temporary one."""
    if (yield from load_node(at.target.store_path, at.target.metadata.zarr_format)) is None:
        yield from create_node(at.target.store_path, at.target.metadata, overwrite=False)
    if at.fill is not None:
        node = at.fill.node
        if (yield from load_node(node.store_path, node.metadata.zarr_format)) is None:
            yield from put_node(node.store_path, node.metadata)
    if at.write.n_tasks:  # so that checks know from the beginning that something is missing
        yield from receipts.begin(at.write)


def run_task(at: Rechunking, job: Job, name: str, number: int, kept: Kept) -> Flow[bool]:
    """Do a task of one of the plans, unless it is done; whether it was not."""
    yield from receipts.check_array(job)
    if (yield from receipts.is_done(job, name, number)):
        return False
    # Of what is between, nobody compares the bytes; so the engine may store them by itself.
    yield from receipts.store_task(job, name, number, at.storing(job, number, kept), noting=job is at.write)
    return True


def end(at: Rechunking) -> Flow[None]:
    """Take away all but the array, which is whole."""
    yield from _put_document(at, "written")
    yield from forget(at)


def forget(at: Rechunking) -> Flow[None]:
    """Take away the temporary array, the receipts, and the document last."""
    for prefix in (join(at.at.path, _TEMPORARY), at.write.at.path):
        yield from _remove_below(at.at.store, prefix)
    yield Remove(at.at.store, _key(at))
    if is_able(at.at.store.supports_listing):
        yield RemovePrefix(at.at.store, at.at.path)  # what holds them, in stores that have directories
        yield from receipts.clear_directories(at.at)


def _remove_below(store: Any, prefix: str) -> Flow[None]:
    if is_able(store.supports_listing):
        keys: Iterable[str] = yield Keys(store, prefix)
        if not keys:
            return
    yield RemovePrefix(store, prefix)


def _put_document(at: Rechunking, state: State) -> Flow[None]:
    members = {"zarr_rechunk": _VERSION, "of": at.of, "room": at.room, "state": state}
    yield Put(at.at.store, _key(at), CPU_PROTOTYPE.buffer.from_bytes(json.dumps(members).encode()))


def _key(at: Rechunking) -> str:
    return join(at.at.path, _DOCUMENT)
