"""From a selection to a plan: enumerate chunks, intersect, translate.

A grid is a product of axes and so is most of a selection, so both steps are made per axis and multiplied out lazily:

1. per axis, walk the decoded chunks that the selection meets, and say which positions of each it takes and where
   they go (`axis.py`); points, whose axes go together, are gathered chunk by chunk (`points.py`);
2. gather those by stored object (for shards several decoded chunks share one);
3. the product of the axes' groups is the sequence of `ObjectPlan`s, in C order of their coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from zarr._plan.axis import AxisGroup, AxisProjection, group_axis
from zarr._plan.model import ObjectPlan, Projection
from zarr._plan.points import plan_points
from zarr._selection.model import GridSelection, PointSelection, Selection

if TYPE_CHECKING:
    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ArraySpec


def decoded_grid(spec: ArraySpec) -> ChunkGrid:
    """The grid of the chunks that are decoded one by one: inner chunks, if there are shards."""
    grid = spec.grid
    for level in spec.levels:
        grid = grid.refine(level.chunk_shape)
    return grid


def plan(spec: ArraySpec, selection: Selection) -> Iterator[ObjectPlan]:
    """Every stored object that `selection` touches, with its projections.

    Parameters
    ----------
    spec
        The array.
    selection
        Normalised against the array's shape.
    """
    if isinstance(selection, PointSelection):
        yield from plan_points(spec, decoded_grid(spec), selection)
        return
    for groups in product(*axis_groups(spec, selection)):
        yield object_plan(spec, groups)


def axis_groups(spec: ArraySpec, selection: GridSelection) -> list[list[AxisGroup]]:
    """For each axis, the stored objects that are met along it; their product is all that are met."""
    grid = decoded_grid(spec)
    return [
        group_axis(axis, outer, inner, length)
        for axis, outer, inner, length in zip(selection.axes, spec.grid.axes, grid.axes, spec.shape, strict=True)
    ]


def object_plan(spec: ArraySpec, groups: tuple[AxisGroup, ...]) -> ObjectPlan:
    """The stored object that has one group of each axis."""
    coords = tuple(group.chunk for group in groups)
    return ObjectPlan(
        coords=coords,
        key=spec.keys.encode_chunk_key(coords),
        projections=tuple(map(_projection, product(*(group.projections for group in groups)))),
        whole=all(group.whole for group in groups),
    )


def _projection(axes: tuple[AxisProjection, ...]) -> Projection:
    return Projection(
        coords=tuple(axis.chunk for axis in axes),
        chunk_region=tuple(axis.chunk_region for axis in axes),
        out_region=tuple(axis.out_region for axis in axes if axis.out_region is not None),
        whole=all(axis.whole for axis in axes),
    )
