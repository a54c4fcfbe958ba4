"""What was written to an array and is not stored yet: gathered by decoded chunk, and made into one change per stored object.

A chunk of which little was written keeps the pieces, in order. Once they are many, or take a part of the memory that the
chunk would, it keeps its elements, with marks of those that were written. So memory grows with what is written, and is never
much more than that of the chunks it fell into.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._buffer.memory import empty, picked, put
from zarr._grid.grid import RegularGrid
from zarr._plan.axis import length_inside
from zarr._plan.model import Projection
from zarr._plan.project import decoded_grid, plan
from zarr._selection.model import ArrayAxis, GridSelection, IntAxis, PointSelection, SliceAxis

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ArraySpec
    from zarr._plan.model import Coords
    from zarr._selection.model import AxisSelection, Selection

Marks: TypeAlias = "Mapping[str | None, npt.NDArray[np.bool_]]"
"""Which elements were written: for each field of structs by its name, under None for all others."""

_MOST_PIECES = 64
_SHARE_OF_PIECES = 4
"""Pieces that take this part of the memory of their chunk become one."""
_PIECE_NBYTES = 600
"""What a piece takes beside its elements and positions."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written to one stored object.

    Attributes
    ----------
    selection, value
        Elements of the array, and what they become: plain memory of the selection's shape.
    is_part
        Whether the value has some of the fields of structs only.
    """

    selection: Selection
    value: npt.NDArray[Any]
    is_part: bool = False


class Patch:
    """What was written of one decoded chunk.

    Parameters
    ----------
    start, shape
        Of the part of the chunk that lies inside the array.
    dtype
        Of the elements.
    """

    __slots__ = ("_contents_nbytes", "_elements", "_marks", "_pieces", "_pieces_nbytes", "dtype", "shape", "start")

    def __init__(self, start: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.start, self.shape, self.dtype = start, shape, dtype
        self._pieces: list[tuple[Projection, npt.NDArray[Any]]] = []
        self._pieces_nbytes = self._contents_nbytes = 0
        self._elements: npt.NDArray[Any] | None = None
        self._marks: Marks = {}

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return (self._pieces_nbytes if self._elements is None else self.dense_nbytes) + self._contents_nbytes

    @property
    def dense_nbytes(self) -> int:
        """Memory that the elements take with their marks, whether or not there are any yet."""
        return math.prod(self.shape) * (self.dtype.itemsize + len(_fields(self.dtype)))

    def put(self, projection: Projection, value: npt.NDArray[Any]) -> None:
        """Write the part of a value that a projection selects; the value has the array's dtype, or some of its fields."""
        if self._elements is None and (projection.whole or self.dtype.kind in "OT"):
            self._become_dense()
        if self._elements is not None:
            _apply(projection, value, self._elements, self._marks)
            if self.dtype.kind in "OT":
                given, where = projection.in_result(value)
                self._contents_nbytes += contents_nbytes(np.asarray(picked(given, where), given.dtype))
            return
        given, where = projection.in_result(value)
        part = picked(given, where)
        kept = empty(np.shape(part), given.dtype)
        kept[...] = part
        self._pieces.append((_of_its_own(projection, kept.shape), kept))
        self._pieces_nbytes += kept.nbytes + _PIECE_NBYTES
        self._pieces_nbytes += sum(axis.nbytes for axis in projection.chunk_region if isinstance(axis, np.ndarray))
        if len(self._pieces) > _MOST_PIECES or self._pieces_nbytes * _SHARE_OF_PIECES > self.dense_nbytes:
            self._become_dense()

    def _become_dense(self) -> None:
        elements, marks = self.dense()
        self._elements, self._marks = elements, marks
        self._pieces, self._pieces_nbytes = [], 0

    def dense(self) -> tuple[npt.NDArray[Any], Marks]:
        """The elements of the chunk, with marks of those that were written; all others may be anything."""
        if self._elements is not None:
            return self._elements, self._marks
        elements = empty(self.shape, self.dtype)
        marks = {name: np.zeros(self.shape, bool) for name in _fields(self.dtype)}
        for projection, value in self._pieces:
            _apply(projection, value, elements, marks)
        return elements, marks

    def is_whole(self) -> bool:
        """Whether every element was written."""
        return self._elements is not None and all(marks.all() for marks in self._marks.values())


def _fields(dtype: np.dtype[Any]) -> Sequence[str | None]:
    return dtype.names or (None,)


def contents_nbytes(elements: npt.NDArray[Any]) -> int:
    """About how much memory elements of variable length take beside the references to them, in bytes.

    Examples
    --------
    >>> contents_nbytes(np.array(["four", "1"], object)), contents_nbytes(np.zeros(4))
    (5, 0)
    """
    if elements.dtype.kind not in "OT":
        return 0
    return sum(
        element.nbytes if isinstance(element, np.ndarray) else len(element)
        for element in elements.ravel().tolist()
        if hasattr(element, "__len__")
    )


def _of_its_own(projection: Projection, shape: tuple[int, ...]) -> Projection:
    """The same projection of a value that is nothing but what it selects."""
    return type(projection)(
        projection.coords,
        projection.chunk_region,
        tuple(slice(0, n, 1) for n in shape),
        projection.whole,
        projection.outer,
    )


def _apply(projection: Projection, value: npt.NDArray[Any], elements: npt.NDArray[Any], marks: Marks) -> None:
    given, where = projection.in_result(value)
    target, which = projection.in_chunk(elements)
    if None in marks or given.dtype.names == elements.dtype.names:
        put(target, which, picked(given, where))
        names: Sequence[str | None] = list(marks)
    else:
        names = given.dtype.names or ()
        for name in given.dtype.names or ():
            put(target[name], which, picked(given[name], where))
    for field in names:
        marked, which = projection.in_chunk(marks[field])
        marked[which] = True


class Gathered:
    """What was written to one array and is not stored yet.

    Parameters
    ----------
    spec
        The array. It has this shape as long as anything is gathered.
    clock
        Numbers that grow, by which it is known what was written to first.
    """

    __slots__ = ("_clock", "_grid", "_lengths", "_objects", "_touched", "nbytes", "spec")

    def __init__(self, spec: ArraySpec, clock: Iterator[int]) -> None:
        self.spec = spec
        self._clock = clock
        self._touched: dict[Coords, int] = {}
        self.nbytes = 0
        self._grid = decoded_grid(spec)
        self._lengths = _regular_lengths(spec.grid, self._grid)
        self._objects: dict[Coords, dict[Coords, Patch]] = {}

    def __bool__(self) -> bool:
        return bool(self._objects)

    @property
    def objects(self) -> list[Coords]:
        """The stored objects that are to be changed."""
        return list(self._objects)

    def touched(self, coords: Coords) -> int:
        """When an object was written to last, by the clock."""
        return self._touched[coords]

    def put(self, selection: Selection, value: npt.NDArray[Any]) -> Iterator[None]:
        """Gather a value, plain memory of the selection's shape, of the array's dtype or some of its fields. It is copied, object by
        object: each time another one is asked for.
        """
        for coords, projections in self._parts(selection):
            patches = self._objects.setdefault(coords, {})
            self._touched[coords] = next(self._clock)
            for projection in projections:
                patch = patches.get(projection.coords)
                if patch is None:
                    patch = patches[projection.coords] = self._patch(projection.coords)
                before = patch.nbytes
                try:
                    patch.put(projection, value)
                finally:
                    self.nbytes += patch.nbytes - before
            yield

    def _parts(self, selection: Selection) -> Iterator[tuple[Coords, Sequence[Projection]]]:
        """What a selection wants of each object. Of a box of regular chunks, which is what comes most often, it is found faster."""
        lengths = self._lengths
        if lengths is not None and isinstance(selection, GridSelection):
            runs = [_run(axis) for axis in selection.axes]
            if None not in runs:
                return _in_box(runs, selection, self.spec.shape, *lengths)
        return ((part.coords, part.projections) for part in plan(self.spec, selection))

    def _patch(self, coords: Coords) -> Patch:
        axes = list(zip(self._grid.axes, coords, self.spec.shape, strict=True))
        start = tuple(axis.start(c) for axis, c, _ in axes)
        return Patch(start, tuple(length_inside(axis, c, n) for axis, c, n in axes), self.spec.dtype)

    def seen_through(self, selection: Selection) -> View | None:
        """What is gathered of a selection; None if that is nothing."""
        if not self._objects:
            return None
        found: list[tuple[Patch, Projection]] = []
        n_met = 0
        for coords, projections in self._parts(selection):
            n_met += len(projections)
            patches = self._objects.get(coords)
            if patches:
                found += [(patches[p.coords], p) for p in projections if p.coords in patches]
        return View(found, covers_all=len(found) == n_met) if found else None

    def is_whole(self, coords: Coords) -> bool:
        """Whether an object was written wholly."""
        patches = self._objects[coords]
        return all(patch.is_whole() for patch in patches.values()) and (
            sum(math.prod(patch.shape) for patch in patches.values()) == self._n_inside(coords)
        )

    def _n_inside(self, coords: Coords) -> int:
        axes = zip(self.spec.grid.axes, coords, self.spec.shape, strict=True)
        return math.prod(length_inside(axis, c, n) for axis, c, n in axes)

    def nbytes_of(self, coords: Coords) -> int:
        """Memory that is free once an object is stored, in bytes."""
        return sum(patch.nbytes for patch in self._objects[coords].values())

    def nbytes_to_store(self, coords: Coords) -> int:
        """Memory that `changes` may take for an object, in bytes."""
        patches = self._objects[coords].values()
        per_element = self.spec.dtype.itemsize + 8 * len(self.spec.shape)
        return sum(patch.dense_nbytes + per_element * math.prod(patch.shape) for patch in patches)

    def drop(self, coords: Coords) -> None:
        """Forget what was gathered of an object."""
        self.nbytes -= self.nbytes_of(coords)
        del self._objects[coords], self._touched[coords]

    def overlay(self, coords: Coords) -> Overlay | None:
        """What is to be put over the elements of an object, if all chunks of it are to be encoded anew; else None.

        So none that nobody wrote to goes through its codecs, which may lose something each time. Nor does an object that reaches beyond
        the array, of which that part may be somebody else's by now; and one that was written wholly needs no overlay.
        """
        patches = self._objects[coords]
        stored = self.spec.grid.chunk_shape(coords)
        start = self.spec.grid.chunk_start(coords)
        if any(a + n > length for a, n, length in zip(start, stored, self.spec.shape, strict=True)):
            return None
        if sum(math.prod(patch.shape) for patch in patches.values()) != math.prod(stored) or self.is_whole(coords):
            return None
        return Overlay(start, stored, list(patches.values()))

    def changes(self, coords: Coords) -> list[Change]:
        """What is to be written to an object: one change, but for structs of which some fields were written only."""
        dense = [(patch.start, *patch.dense()) for patch in self._objects[coords].values()]
        names = _fields(self.spec.dtype)
        if len(names) == 1:
            return _change([(start, elements, marks[names[0]]) for start, elements, marks in dense])
        every = [np.logical_and.reduce(list(marks.values())) for _, _, marks in dense]
        found = _change([(start, elements, all_of) for (start, elements, _), all_of in zip(dense, every, strict=True)])
        for name in self.spec.dtype.names or ():
            dtype = np.dtype([(name, self.spec.dtype[name])])
            alone = []
            for (start, elements, marks), all_of in zip(dense, every, strict=True):
                of_field = empty(elements.shape, dtype)
                of_field[name] = elements[name]
                alone.append((start, of_field, marks[name] & ~all_of))
            found += _change(alone, is_part=True)
        return found


# -- boxes --------------------------------------------------------------------------------------------------------


def _regular_lengths(outer: ChunkGrid, inner: ChunkGrid) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Lengths of stored objects and of decoded chunks, where all of each are alike."""
    if isinstance(outer, RegularGrid) and isinstance(inner, RegularGrid):
        return outer.shape, inner.shape
    return None


def _run(axis: AxisSelection) -> tuple[int, int] | None:
    """The first position of an axis and the one after the last; None if those between are not all selected, in order."""
    if isinstance(axis, IntAxis):
        return axis.index, axis.index + 1
    return (axis.start, axis.start + axis.count) if isinstance(axis, SliceAxis) and axis.step == 1 else None


def _in_box(
    runs: Sequence[Any],
    selection: GridSelection,
    shape: tuple[int, ...],
    outer: tuple[int, ...],
    inner: tuple[int, ...],
) -> Iterator[tuple[Coords, Sequence[Projection]]]:
    """What `plan` finds of a box, chunk by chunk: an object may come several times."""
    per_axis = []
    for (first, last), axis, length, n_outer, n_inner in zip(runs, selection.axes, shape, outer, inner, strict=True):
        parts = []
        for chunk in range(first // n_inner, -(-last // n_inner) if last > first else first // n_inner):
            start = chunk * n_inner
            begin, end = max(first, start), min(last, start + n_inner)
            region = slice(begin - start, end - start, 1)
            is_whole = end - begin == min(n_inner, length - start)
            parts.append(
                (start // n_outer, chunk, region.start, None, is_whole)
                if isinstance(axis, IntAxis)
                else (start // n_outer, chunk, region, slice(begin - first, end - first, 1), is_whole)
            )
        per_axis.append(parts)
    for combined in product(*per_axis):
        projection = Projection(
            tuple([part[1] for part in combined]),
            tuple([part[2] for part in combined]),
            tuple([part[3] for part in combined if part[3] is not None]),
            all(part[4] for part in combined),
        )
        yield tuple([part[0] for part in combined]), (projection,)


@dataclass(frozen=True, slots=True)
class View:
    """What is gathered of a selection.

    Attributes
    ----------
    found
        What was written of chunks, and the selection through these.
    covers_all
        Whether these are all that it meets.
    """

    found: list[tuple[Patch, Projection]]
    covers_all: bool

    def is_all(self) -> bool:
        """Whether everything that the selection selects was written."""
        return self.covers_all and all(
            bool(np.all(_marked(projection, marks)))
            for patch, projection in self.found
            for marks in patch.dense()[1].values()
        )

    def place(self, memory: npt.NDArray[Any]) -> None:
        """Put what was written into memory of the selection's shape, in the place of what is there."""
        for patch, projection in self.found:
            elements, marks = patch.dense()
            chunk, which = projection.in_chunk(elements)
            target, where = projection.in_result(memory)
            for name, of_field in marks.items():
                marked = _marked(projection, of_field)
                if name is None:
                    _place(target, where, picked(chunk, which), marked)
                else:
                    _place(target[name], where, picked(chunk[name], which), marked)


def _marked(projection: Projection, marks: npt.NDArray[np.bool_]) -> Any:
    array, which = projection.in_chunk(marks)
    return array[which]


def _place(target: npt.NDArray[Any], where: Any, elements: Any, marked: Any) -> None:
    if np.all(marked):
        put(target, where, elements)
    elif np.any(marked):
        merged = picked(target, where)
        put(merged, marked, picked(elements, marked))
        put(target, where, merged)


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is put over the elements of one stored object.

    Attributes
    ----------
    start, shape
        The elements of the array that it has.
    patches
        What was written, of each of its chunks.
    """

    start: tuple[int, ...]
    shape: tuple[int, ...]
    patches: Sequence[Patch]

    @property
    def selection(self) -> GridSelection:
        """All elements of the object."""
        return GridSelection(tuple(SliceAxis(a, 1, n) for a, n in zip(self.start, self.shape, strict=True)))

    def put(self, memory: npt.NDArray[Any]) -> None:
        """Put it over the elements of the object."""
        for patch in self.patches:
            region = tuple(
                slice(a - b, a - b + n) for a, b, n in zip(patch.start, self.start, patch.shape, strict=True)
            )
            target = _part(memory, region)
            elements, marks = patch.dense()
            for name, marked in marks.items():
                if name is None:
                    put(target, marked, picked(elements, marked))
                else:
                    put(target[name], marked, picked(elements[name], marked))


# -- what is written ----------------------------------------------------------------------------------------------

_Dense: TypeAlias = "tuple[tuple[int, ...], npt.NDArray[Any], npt.NDArray[np.bool_]]"


def _change(dense: Sequence[_Dense], *, is_part: bool = False) -> list[Change]:
    """The elements that are marked, as one change: a box if they are one, else points. None if none is."""
    boxes = [(found, box) for found in dense if (box := _box(found[2])) is not None]
    if not boxes:
        return []
    n_marked = sum(int(np.count_nonzero(marks)) for (_, _, marks), _ in boxes)
    first = [min(start[i] + box[i].start for (start, _, _), box in boxes) for i in range(dense[0][1].ndim)]
    last = [max(start[i] + box[i].stop for (start, _, _), box in boxes) for i in range(len(first))]
    if n_marked == math.prod(b - a for a, b in zip(first, last, strict=True)):
        value = _joined(boxes, first, last)
        axes = tuple(SliceAxis(a, 1, b - a) for a, b in zip(first, last, strict=True))
        return [Change(GridSelection(axes), value, is_part)]
    return [_points([found for found, _ in boxes], is_part=is_part)]


def _box(marks: npt.NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """The smallest box that has all that is marked; None if nothing is."""
    if not marks.any():
        return None
    box = []
    for axis in range(marks.ndim):
        others = tuple(i for i in range(marks.ndim) if i != axis)
        at = np.flatnonzero(marks.any(axis=others))
        box.append(slice(int(at[0]), int(at[-1]) + 1))
    return tuple(box)


def _part(array: npt.NDArray[Any], region: tuple[slice, ...]) -> npt.NDArray[Any]:
    """A part of an array, as an array also where there are no axes."""
    return array[region] if region else array


def _joined(
    boxes: Sequence[tuple[_Dense, tuple[slice, ...]]], first: Sequence[int], last: Sequence[int]
) -> npt.NDArray[Any]:
    """The elements of a box that is marked wholly."""
    (_, elements, _), box = boxes[0]
    if len(boxes) == 1:
        return _part(elements, box)
    made = empty([b - a for a, b in zip(first, last, strict=True)], elements.dtype)
    for (start, elements, _), box in boxes:
        region = tuple(slice(s + b.start - f, s + b.stop - f) for s, b, f in zip(start, box, first, strict=True))
        made[region] = elements[box]
    return made


def _points(dense: Sequence[_Dense], *, is_part: bool) -> Change:
    positions: list[list[npt.NDArray[np.int64]]] = []
    values = []
    for start, elements, marks in dense:
        positions.append([at + offset for at, offset in zip(np.nonzero(marks), start, strict=True)])
        values.append(picked(elements, marks))
    if len(dense) == 1:
        axes, value = positions[0], values[0]
    else:
        axes = [np.concatenate(parts) for parts in zip(*positions, strict=True)]
        value = empty((len(axes[0]),), values[0].dtype)
        at = 0
        for part in values:
            value[at : at + len(part)] = part
            at += len(part)
    return Change(PointSelection(tuple(map(ArrayAxis, axes)), (len(axes[0]),)), value, is_part)
