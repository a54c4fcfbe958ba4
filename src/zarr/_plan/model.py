"""Plans as data: what to read or write, chunk by chunk. Pure: no store, no codec, no settings, no I/O.

A plan takes a normalised selection through the grid of the chunks that are decoded (the inner chunks, if the array is
sharded) and yields, object by object, the projections of the selection through each of its chunks. It is lazy and can
be iterated again, printed, and split.

    ObjectPlan      one stored object: its key, and the parts of it that the request touches
      Projection    the selection through one decoded chunk: where in the chunk, where in the result

In `chunk_region` and `out_region` each axis is a slice (any step, also negative), an integer, or an int64 index array.
Index arrays in several axes of one region select their outer product if `outer` is set; otherwise a region is one NumPy
index whose arrays broadcast to points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Coords: TypeAlias = tuple[int, ...]
AxisRegion: TypeAlias = "slice | int | npt.NDArray[np.int64]"
Region: TypeAlias = tuple[AxisRegion, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """One selection through one decoded chunk.

    Attributes
    ----------
    coords
        Coordinates of the chunk in the grid of decoded chunks.
    chunk_region
        Elements of the chunk, one entry per array axis.
    out_region
        Where they stand in the result, one entry per result axis.
    whole
        Whether the region covers every element of the chunk that lies inside the array: such a chunk need
        not be read before it is written.
    outer
        Whether index arrays of several axes form an outer product (orthogonal selection) or points.
    """

    coords: Coords
    chunk_region: Region
    out_region: Region
    whole: bool
    outer: bool = True

    def in_chunk(self, chunk: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
        """A view of a decoded chunk, and `chunk_region` as NumPy takes it of that view."""
        if len(self.chunk_region) <= _MOST_INDEX_ARRAYS:
            return chunk, self.chunk_index
        axis = _single_axis(self.chunk_region) if self.outer else chunk.shape.index(1)
        view, region = _without(chunk, self.chunk_region, axis)
        return view, numpy_index(region) if self.outer else region

    def in_result(self, out: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
        """A view of the result, and `out_region` as NumPy takes it of that view."""
        if len(self.out_region) <= _MOST_INDEX_ARRAYS:
            return out, self.out_index
        view, region = _without(out, self.out_region, _single_axis(self.out_region))
        return view, numpy_index(region)

    @property
    def chunk_index(self) -> Any:
        """`chunk_region` as NumPy takes it."""
        return numpy_index(self.chunk_region) if self.outer else self.chunk_region

    @property
    def out_index(self) -> Any:
        """`out_region` as NumPy takes it."""
        return numpy_index(self.out_region) if self.outer else self.out_region


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """The part of a plan that concerns one stored object.

    Attributes
    ----------
    coords
        Chunk coordinates of the object in the outer grid.
    key
        Key relative to the node (`c/0/1`).
    projections
        One per decoded chunk inside the object that the request touches.
    whole
        Whether the request covers every element of the object that lies inside the array.
    """

    coords: Coords
    key: str
    projections: tuple[Projection, ...]
    whole: bool


_MOST_INDEX_ARRAYS = 63
"""NumPy takes no more of them at once, which is one less than the axes that an array can have."""


def _single_axis(region: Region) -> int:
    """An axis of which one position is selected: an integer if there is one. Of so many axes all but a few are of length 1."""
    ranked = sorted(range(len(region)), key=lambda i: not isinstance(region[i], int))  # integers first
    return next(i for i in ranked if _is_single(region[i]))


def _is_single(entry: AxisRegion) -> bool:
    if isinstance(entry, int):
        return True
    return len(entry if isinstance(entry, np.ndarray) else _slice_values(entry)) == 1


def _without(array: npt.NDArray[Any], region: Region, axis: int) -> tuple[npt.NDArray[Any], Region]:
    """An array and a region of it without an axis, at the position that is selected there."""
    entry = region[axis]
    position = entry if isinstance(entry, int) else entry.start if isinstance(entry, slice) else int(entry.ravel()[0])
    return array[(slice(None),) * axis + (position,)], (*region[:axis], *region[axis + 1 :])


def numpy_index(region: Region) -> Any:
    """A region whose index arrays form an outer product, as one NumPy index.

    With fewer than two index arrays NumPy already does the right thing, unless an integer turns the array's axis around.

    Examples
    --------
    >>> numpy_index((slice(0, 2), slice(None)))
    (slice(0, 2, None), slice(None, None, None))
    """
    n_arrays = sum(isinstance(axis, np.ndarray) for axis in region)
    if n_arrays == 0 or (n_arrays == 1 and not any(isinstance(axis, int) for axis in region)):
        return region
    return open_mesh(region)


def open_mesh(region: Region) -> tuple[npt.NDArray[np.int64], ...]:
    """Every axis as an index array, shaped to broadcast to the outer product; integers add no axis."""
    n_axes = sum(not isinstance(axis, int) for axis in region)
    mesh: list[npt.NDArray[np.int64]] = []
    position = 0
    for axis in region:
        if isinstance(axis, int):
            mesh.append(np.array(axis, np.int64))
            continue
        # A slice of a region always has explicit, in-range bounds (see project.py), so a range can stand for it.
        values = axis if isinstance(axis, np.ndarray) else _slice_values(axis)
        shape = [1] * n_axes
        shape[position] = -1
        mesh.append(values.reshape(shape))
        position += 1
    return tuple(mesh)


def _slice_values(axis: slice) -> npt.NDArray[np.int64]:
    stop = -1 if axis.stop is None else axis.stop  # only a backward slice to the first element has no stop
    return np.arange(axis.start, stop, axis.step or 1, dtype=np.int64)
