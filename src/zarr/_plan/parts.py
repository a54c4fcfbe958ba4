"""The stored objects that a selection meets: what of the selection each of them holds, and which of them are alike.

Of a selection that goes axis by axis nothing is multiplied out within an object, however many inner chunks that has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from zarr._plan.axis import length_inside
from zarr._plan.project import axis_groups, decoded_grid, object_plan, plan
from zarr._selection.model import GridSelection, PointSelection

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._grid.grid import AxisGrid
    from zarr._metadata.spec import ArraySpec
    from zarr._plan.axis import AxisGroup
    from zarr._plan.model import AxisRegion, ObjectPlan
    from zarr._selection.model import Selection

Run: TypeAlias = "slice | npt.NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """What one stored object holds of a selection.

    Attributes
    ----------
    coords
        Chunk coordinates of the object in the outer grid.
    region
        Where it is in what the selection reads or writes: for each axis of that a slice with a step of 1, or numbers.
    whole
        Whether the selection covers every element of the object that lies inside the array.
    n_chunks
        How many decoded chunks of the object the selection meets.
    """

    coords: tuple[int, ...]
    region: tuple[Run, ...]
    whole: bool
    n_chunks: int


def object_parts(spec: ArraySpec, selection: Selection) -> Iterator[ObjectPart]:
    """Every stored object that a selection meets, in the order of the plan."""
    if isinstance(selection, PointSelection):
        for part in plan(spec, selection):
            regions = zip(*(projection.out_region for projection in part.projections), strict=True)
            yield ObjectPart(part.coords, tuple(map(_union, regions)), part.whole, len(part.projections))
        return
    groups = [[(group, _out_region(group)) for group in axis] for axis in axis_groups(spec, selection)]
    for chosen in product(*groups):
        yield ObjectPart(
            coords=tuple(group.chunk for group, _ in chosen),
            region=tuple(region for _, region in chosen if region is not None),
            whole=all(group.whole for group, _ in chosen),
            n_chunks=math.prod(len(group.projections) for group, _ in chosen),
        )


def _out_region(group: AxisGroup) -> Run | None:
    regions = [projection.out_region for projection in group.projections]
    return None if regions[0] is None else _union(regions)  # type: ignore[arg-type]  # then none of them is


def _union(regions: Sequence[AxisRegion]) -> Run:
    """All numbers that are in one of several regions."""
    if all(isinstance(region, slice) for region in regions):
        ends = sorted((region.start, region.stop) for region in regions)  # type: ignore[union-attr]  # slices all
        if all(ends[i + 1][0] <= ends[i][1] for i in range(len(ends) - 1)):
            return slice(ends[0][0], max(stop for _, stop in ends), 1)
    numbers = np.unique(np.concatenate([_numbers(region) for region in regions]))
    if int(numbers[-1]) - int(numbers[0]) + 1 == len(numbers):
        return slice(int(numbers[0]), int(numbers[-1]) + 1, 1)
    return numbers


def _numbers(region: AxisRegion) -> npt.NDArray[np.int64]:
    if isinstance(region, slice):
        return np.arange(region.start, region.stop, dtype=np.int64)
    return np.asarray(region, np.int64)


# -- those that are alike -------------------------------------------------------------------------------------------


def object_classes(spec: ArraySpec, selection: GridSelection) -> Iterator[tuple[ObjectPlan, int]]:
    """One of each class of objects that are alike to a reader who knows no more than the plan, and how many are.

    Those are alike of which the same inner chunks are wanted, and which are of one size and as far inside the array.
    """
    grid = decoded_grid(spec)
    per_axis = []
    for groups, outer, inner, length in zip(
        axis_groups(spec, selection), spec.grid.axes, grid.axes, spec.shape, strict=True
    ):
        kinds = [_kind(group, outer, inner if spec.levels else None, length) for group in groups]
        counted, first = Counter(kinds), dict(zip(reversed(kinds), reversed(groups), strict=True))
        per_axis.append([(first[kind], n) for kind, n in counted.items()])
    for chosen in product(*per_axis):
        yield object_plan(spec, tuple(group for group, _ in chosen)), math.prod(n for _, n in chosen)


def _kind(group: AxisGroup, outer: AxisGrid, inner: AxisGrid | None, length: int) -> Hashable:
    size = outer.length(group.chunk), length_inside(outer, group.chunk, length), group.whole
    if inner is None:  # there is one chunk in an object
        return size
    first = int(inner.find(np.array([outer.start(group.chunk)], np.int64))[0])
    return *size, tuple(projection.chunk - first for projection in group.projections)
