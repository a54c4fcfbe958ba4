"""Writes that are gathered: nothing is stored until a batch is flushed, and then each object once.

A batch has what was written to some arrays of one store (`zarr._plan.gather`). Reads through it show that in front of what is
stored. A flush takes each object by the way of every other write (`objects.write`): one that was written wholly is replaced, any
other is changed in a compare-and-swap loop, so that what others wrote into the rest of it meanwhile stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from zarr._buffer.memory import in_dtype
from zarr._flow import elements
from zarr._flow.objects import read, shared_nbytes, write, write_over
from zarr._flow.requests import Compute, Flow, Together
from zarr._plan.gather import Gathered
from zarr.errors import BatchFullError, ConcurrentChangeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal, TypeAlias

    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._flow.elements import Normalize
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._plan.model import Coords
    from zarr._selection.fields import Fields
    from zarr._selection.model import Selection

    WhenFull: TypeAlias = Literal["write", "raise"]


@dataclass(slots=True)
class Member:
    """One array of a batch, as it was when it came into that."""

    node: ArrayNode
    view: ArrayView
    gathered: Gathered

    def check(self) -> None:
        """Raise ConcurrentChangeError if the array has another shape by now: what was gathered is for the one before."""
        spec = self.view.spec
        if self.node.view is not self.view and self.node.view.spec.shape != spec.shape:
            at = self.node.store_path
            raise ConcurrentChangeError(
                f"the array {'/' + at.path!r} of store {at.store!r} was resized from {spec.shape} to {self.node.view.spec.shape} while "
                "a batch gathered what is written to it. End the batch, or call its flush(), before the array is resized"
            )


@dataclass(slots=True)
class Batch:
    """What was written and is not stored yet.

    Attributes
    ----------
    max_nbytes
        Most memory for it.
    when_full
        What is done when it takes more: `"write"` some of it, or `"raise"`.
    members
        The arrays, by path.
    n_early, n_stored
        So many objects were stored because there was no room; and at all.
    """

    max_nbytes: int
    when_full: WhenFull
    members: dict[str, Member] = field(default_factory=dict)
    n_early: int = 0
    n_stored: int = 0
    _clock: Iterator[int] = field(default_factory=count)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return sum(member.gathered.nbytes for member in self.members.values())

    @property
    def n_objects(self) -> int:
        """How many objects are to be changed."""
        return sum(len(member.gathered.objects) for member in self.members.values())

    def member(self, node: ArrayNode) -> Member:
        """An array of the batch, which it is from now on."""
        found = self.members.get(node.path)
        if found is None:
            view = node.view
            found = self.members[node.path] = Member(node, view, Gathered(view.spec, self._clock))
        return found

    def discard(self) -> None:
        """Forget everything."""
        self.members.clear()


def get(
    member: Member,
    normalize: Normalize,
    selection: object,
    *,
    out: Any,
    prototype: BufferPrototype,
    fields: Fields,
) -> Flow[Any]:
    """Read what was written through the batch, and what is stored where nothing was; parameters as of `elements.get`."""
    member.check()
    return elements.get(
        member.node,
        normalize,
        selection,
        out=out,
        prototype=prototype,
        fields=fields,
        through=partial(_read_through, member.gathered),
    )


def _read_through(
    gathered: Gathered, node: ArrayNode, view: ArrayView, selection: Selection, memory: npt.NDArray[Any]
) -> Flow[None]:
    seen = gathered.seen_through(selection)
    if seen is None or not seen.is_all():
        yield from read(node, view, selection, memory)
    if seen is not None:
        seen.place(memory)


def put(
    batch: Batch, member: Member, normalize: Normalize, selection: object, value: object, fields: Fields
) -> Flow[None]:
    """Gather a value; parameters as of `elements.put`.

    Raises
    ------
    BatchFullError
        If there is no room for it, and nothing is to be stored early. It has been gathered all the same, unless there would be no room
        for it in an empty batch.
    """
    member.check()
    view = member.view
    normal, given, is_part = elements.assignment(view, normalize, selection, value, fields)
    if not is_part and given.dtype.kind != "O":
        given = in_dtype(given, view.spec.dtype)
    if batch.when_full == "raise":
        if given.nbytes > batch.max_nbytes:
            raise _full(batch, given.nbytes)
        for _ in member.gathered.put(normal, given):
            pass
        if batch.nbytes > batch.max_nbytes:
            raise _full(batch, batch.nbytes)
        return
    for _ in member.gathered.put(normal, given):
        if batch.nbytes > batch.max_nbytes:
            chosen = _first_to_go(batch)
            batch.n_early += len(chosen)
            yield from _store_all(batch, chosen)


def _full(batch: Batch, nbytes: int) -> BatchFullError:
    return BatchFullError(
        f"what a batch gathers would take {nbytes} bytes, and max_memory={batch.max_nbytes} permits no more. Nothing was stored. "
        "Give it more, or end a batch earlier and begin another; flush() stores what there is, and when_full='write' does that by itself"
    )


def _first_to_go(batch: Batch) -> list[tuple[Member, Coords]]:
    """So many objects that half of the memory is free: those first that are written wholly, then those not written to for longest."""
    ranked = sorted(
        (not member.gathered.is_whole(coords), member.gathered.touched(coords), number, coords)
        for number, member in enumerate(batch.members.values())
        for coords in member.gathered.objects
    )
    members = list(batch.members.values())
    left, chosen = batch.nbytes, []
    for _, _, number, coords in ranked:
        if left <= batch.max_nbytes // 2:
            break
        chosen.append((members[number], coords))
        left -= members[number].gathered.nbytes_of(coords)
    return chosen


def flush(batch: Batch) -> Flow[None]:
    """Store everything. What is stored is forgotten, also if this fails: called again, it stores the rest."""
    for member in batch.members.values():
        member.check()
    yield from _store_all(
        batch, [(member, coords) for member in batch.members.values() for coords in member.gathered.objects]
    )


def _store_all(batch: Batch, chosen: Sequence[tuple[Member, Coords]]) -> Flow[None]:
    if not chosen:
        return
    done: list[tuple[Member, Coords]] = []
    largest = max(member.gathered.nbytes_to_store(coords) for member, coords in chosen)
    nbytes = {id(member): shared_nbytes(member.node, member.view) for member, _ in chosen}
    try:
        yield Together(
            (_store(member, coords, done) for member, coords in chosen),
            most=max(1, batch.max_nbytes // max(1, largest)),
            shared_nbytes=min(nbytes.values()),
        )
    finally:
        batch.n_stored += len(done)
        for member, coords in done:
            member.gathered.drop(coords)


def _store(member: Member, coords: Coords, done: list[tuple[Member, Coords]]) -> Flow[None]:
    node, view = member.node, member.view
    # Whoever must not find chunks missing decodes no more of a shard than is wanted.
    may_decode = view.pipeline.delegate is None and (view.spec.config.read_missing_chunks or not view.spec.levels)
    overlay = member.gathered.overlay(coords) if may_decode else None
    if overlay is not None:
        yield from write_over(node, view, overlay)
    else:
        changes = yield Compute(member.gathered.changes, (coords,))
        for change in changes:
            yield from write(node, view, change.selection, change.value, is_part=change.is_part)
    done.append((member, coords))
