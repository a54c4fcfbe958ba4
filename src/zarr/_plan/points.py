"""The plan of a selection of points: gather the points chunk by chunk, then multiply with the other axes.

Points are sorted by the stored object, then by the decoded chunk, that they fall into; runs of equal coordinates are
the groups. The sort is stable, so of a point that is written twice the last value wins, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from zarr._plan.axis import AxisGroup, AxisProjection, group_axis, length_inside
from zarr._plan.model import AxisRegion, ObjectPlan, Projection, Region, open_mesh
from zarr._selection.model import ArrayAxis, PointSelection

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._grid.grid import ChunkGrid
    from zarr._metadata.spec import ArraySpec


@dataclass(frozen=True, slots=True)
class PointGroup:
    """The points that fall into one decoded chunk, as far as their axes tell.

    Attributes
    ----------
    chunk_coords
        Of the decoded chunk, in the points' axes.
    regions
        Positions inside it, one array per axis of the points.
    members
        Numbers of the points.
    whole
        Whether they cover the chunk's part inside the array, in these axes.
    """

    chunk_coords: tuple[int, ...]
    regions: tuple[npt.NDArray[np.int64], ...]
    members: npt.NDArray[np.int64]
    whole: bool


def plan_points(spec: ArraySpec, grid: ChunkGrid, selection: PointSelection) -> Iterator[ObjectPlan]:
    """Every stored object that has points, with its projections. `grid` is that of the decoded chunks."""
    where = [i for i, axis in enumerate(selection.axes) if isinstance(axis, ArrayAxis)]
    others = [i for i in range(len(selection.axes)) if i not in where]
    other_groups = [group_axis(selection.axes[i], spec.grid.axes[i], grid.axes[i], spec.shape[i]) for i in others]
    for object_coords, point_groups in _by_object(spec, grid, selection, where):
        for groups in product(*other_groups):
            coords = _merged(where, object_coords, others, tuple(group.chunk for group in groups))
            projections = tuple(
                _projection(where, points, others, parts)
                for points in point_groups
                for parts in product(*(group.projections for group in groups))
            )
            yield ObjectPlan(
                coords=coords,
                key=spec.keys.encode_chunk_key(coords),
                projections=projections,
                whole=_is_whole(spec, grid, where, object_coords, point_groups, groups),
            )


def _by_object(
    spec: ArraySpec, grid: ChunkGrid, selection: PointSelection, where: list[int]
) -> Iterator[tuple[tuple[int, ...], list[PointGroup]]]:
    """Groups of points by the coordinates of their stored object in the points' axes."""
    if not selection.n_points:
        return
    positions = [axis.indices for axis in selection.axes if isinstance(axis, ArrayAxis)]
    chunks = np.stack([grid.axes[i].find(p) for i, p in zip(where, positions, strict=True)])
    objects = chunks
    if spec.levels:
        objects = np.stack([spec.grid.axes[i].find(p) for i, p in zip(where, positions, strict=True)])
    keys = np.concatenate([objects, chunks]) if spec.levels else chunks
    order = np.lexsort(keys[::-1])
    sorted_keys = keys[:, order]
    bounds = np.flatnonzero((sorted_keys[:, 1:] != sorted_keys[:, :-1]).any(axis=0)) + 1
    current: tuple[tuple[int, ...], list[PointGroup]] | None = None
    for members in np.split(order, bounds):
        first = members[0]
        at = tuple(objects[:, first].tolist())
        group = _point_group(grid, where, tuple(chunks[:, first].tolist()), positions, members, spec.shape)
        if current is not None and current[0] == at:
            current[1].append(group)
            continue
        if current is not None:
            yield current
        current = (at, [group])
    if current is not None:
        yield current


def _point_group(
    grid: ChunkGrid,
    where: list[int],
    coords: tuple[int, ...],
    positions: list[npt.NDArray[np.int64]],
    members: npt.NDArray[np.int64],
    shape: tuple[int, ...],
) -> PointGroup:
    regions = tuple(p[members] - grid.axes[i].start(c) for i, c, p in zip(where, coords, positions, strict=True))
    lengths = [length_inside(grid.axes[i], c, shape[i]) for i, c in zip(where, coords, strict=True)]
    n_inside = int(np.prod(lengths, dtype=np.int64))
    whole = len(members) >= n_inside and _n_distinct(regions, lengths) == n_inside
    return PointGroup(coords, regions, members, whole)


def _n_distinct(regions: tuple[npt.NDArray[np.int64], ...], lengths: list[int]) -> int:
    """How many different positions there are, in a box of these lengths."""
    wide = [(region, n) for region, n in zip(regions, lengths, strict=True) if n > 1]  # NumPy does not take 64 axes
    if not wide:
        return 1
    return len(np.unique(np.ravel_multi_index(tuple(region for region, _ in wide), tuple(n for _, n in wide))))


def _projection(
    where: list[int], points: PointGroup, others: list[int], parts: tuple[AxisProjection, ...]
) -> Projection:
    regions: tuple[AxisRegion, ...] = tuple(part.chunk_region for part in parts)
    kept = [part.out_region for part in parts if part.out_region is not None]
    return Projection(
        coords=_merged(where, points.chunk_coords, others, tuple(part.chunk for part in parts)),
        chunk_region=_chunk_region(where, points.regions, others, regions),
        out_region=(_run(points.members), *kept),
        whole=points.whole and all(part.whole for part in parts),
        outer=False,
    )


def _chunk_region(
    where: list[int], points: tuple[npt.NDArray[np.int64], ...], others: list[int], regions: Region
) -> Region:
    """Index arrays that broadcast to (points, other axes...), one per array axis."""
    if not others:
        return points
    n_kept = sum(not isinstance(region, int) for region in regions)
    region: list[AxisRegion] = [0] * (len(where) + len(others))
    for axis, positions in zip(where, points, strict=True):
        region[axis] = positions.reshape(-1, *[1] * n_kept)
    for axis, mesh in zip(others, open_mesh(regions), strict=True):
        region[axis] = mesh
    return tuple(region)


def _run(members: npt.NDArray[np.int64]) -> AxisRegion:
    """Numbers of points, as a slice where they are consecutive."""
    if int(members[-1]) - int(members[0]) + 1 == len(members):
        return slice(int(members[0]), int(members[-1]) + 1, 1)
    return members


def _is_whole(
    spec: ArraySpec,
    grid: ChunkGrid,
    where: list[int],
    coords: tuple[int, ...],
    points: list[PointGroup],
    groups: tuple[AxisGroup, ...],
) -> bool:
    """Whether the request covers all of an object that lies inside the array."""
    if not (all(group.whole for group in points) and all(group.whole for group in groups)):
        return False
    inside = [length_inside(spec.grid.axes[i], c, spec.shape[i]) for i, c in zip(where, coords, strict=True)]
    covered = sum(
        int(
            np.prod(
                [length_inside(grid.axes[i], c, spec.shape[i]) for i, c in zip(where, group.chunk_coords, strict=True)],
                dtype=np.int64,
            )
        )
        for group in points
    )
    return covered == int(np.prod(inside, dtype=np.int64))


def _merged(
    where: list[int], of_points: tuple[int, ...], others: list[int], of_others: tuple[int, ...]
) -> tuple[int, ...]:
    """Chunk coordinates of both kinds of axes, in the order of the array's axes."""
    coords = [0] * (len(where) + len(others))
    for axis, coord in (*zip(where, of_points, strict=True), *zip(others, of_others, strict=True)):
        coords[axis] = coord
    return tuple(coords)
