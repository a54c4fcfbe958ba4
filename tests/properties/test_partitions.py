"""Pieces of an array have no object in common, cover it, and are as large as was asked for: objects looked at one by one are the oracle."""

from __future__ import annotations

import math
import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import shapes
from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._plan.partition import partition


@st.composite
def axes_of_grids(draw, n):
    """The chunks of an axis of length `n`: of one length, or of several that reach its end and perhaps further."""
    if draw(st.booleans()):
        return draw(st.integers(1, n + 2))
    lengths = []
    while sum(lengths) < n or not lengths:
        lengths.append(draw(st.integers(1, 5)))
    return Edges.of(lengths)


@st.composite
def grids(draw, shape):
    axes = tuple(draw(axes_of_grids(n)) for n in shape)
    return RegularGrid(axes) if all(isinstance(n, int) for n in axes) else RectilinearGrid(axes)


@st.composite
def regions(draw, grid, shape):
    """Slices from a border of chunks to another."""
    chosen = []
    for number, n in enumerate(shape):
        borders = np.cumsum([0, *grid.axis_sizes(number, n)]).tolist()
        start, stop = sorted(draw(st.tuples(st.sampled_from(borders), st.sampled_from(borders))))
        chosen.append(slice(start, stop))
    return tuple(chosen)


@st.composite
def partitions(draw):
    shape = draw(shapes())
    grid = draw(grids(shape))
    axes = sorted(draw(st.sets(st.integers(0, max(0, len(shape) - 1)), min_size=1))) if shape else []
    region = draw(st.none() | regions(grid, shape))
    itemsize, target = draw(st.sampled_from([1, 8])), draw(st.integers(1, 2000))
    return partition(grid, shape, itemsize, axes=axes, target=target, region=region), axes, region, itemsize, target


def n_elements(region):
    return math.prod(axis.stop - axis.start for axis in region)


@given(partitions())
def test_every_object_is_in_one_piece(made):
    pieces, _, region, _, _ = made
    shape, grid = pieces.shape, pieces.grid
    wanted = np.zeros(shape, bool)
    wanted[region or ...] = True
    found = [coords for number in range(pieces.n_pieces) for coords in pieces.coords(number)]
    assert len(found) == len(set(found))
    assert set(found) == {
        coords
        for coords in grid.all_coords(shape)
        if wanted[
            tuple(
                map(
                    slice,
                    grid.chunk_start(coords),
                    map(sum, zip(grid.chunk_start(coords), grid.chunk_shape(coords), strict=True)),
                )
            )
        ].any()
    }


@given(partitions())
def test_every_element_is_in_one_region_which_is_that_of_its_objects(made):
    pieces, _, region, _, _ = made
    times = np.zeros(pieces.shape, int)
    for number in range(pieces.n_pieces):
        part = pieces.region(number)
        assert all(0 <= axis.start < axis.stop <= n for axis, n in zip(part, pieces.shape, strict=True))
        times[part] += 1
        objects = np.zeros(pieces.shape, int)
        for coords in pieces.coords(number):
            start, lengths = pieces.grid.chunk_start(coords), pieces.grid.chunk_shape(coords)
            objects[tuple(slice(a, a + n) for a, n in zip(start, lengths, strict=True))] += 1
        assert (objects[part] == 1).all()
        assert objects.sum() == n_elements(part)
    expected = np.zeros(pieces.shape, int)
    expected[region or ...] = 1
    assert (times == expected).all()


@given(partitions())
def test_pieces_are_as_large_as_asked_for(made):
    """One that is larger holds one cell along every axis that may be cut."""
    pieces, axes, _, itemsize, target = made
    for number in range(pieces.n_pieces):
        box = pieces.box(number)
        assert itemsize * n_elements(pieces.region(number)) <= target or all(len(box[axis]) == 1 for axis in axes)
        for axis in range(len(box)):
            if axis not in axes:
                assert pieces.cuts[axis].n_groups == 1


@given(partitions())
def test_a_piece_could_not_hold_twice_as_much_along_any_axis(made):
    """Otherwise there would be more tasks than needed: two neighbours together are too large."""
    pieces, axes, _, itemsize, target = made
    if not pieces.n_pieces:
        return
    longest = [
        max((pieces.region(n)[axis].stop - pieces.region(n)[axis].start for n in range(pieces.n_pieces)), default=0)
        for axis in range(len(pieces.shape))
    ]
    for axis in axes:
        cut = pieces.cuts[axis]
        for group in range(cut.n_groups - 1):
            first, last = cut.cells(group)[0], cut.cells(group + 1)[-1]
            grid = pieces.grid.axes[axis]
            together = min(pieces.shape[axis], grid.start(last) + grid.length(last)) - grid.start(first)
            assert itemsize * together * math.prod(n for i, n in enumerate(longest) if i != axis) > target


@given(st.data())
def test_plans_are_the_same_wherever_they_are_made(data):
    shape = data.draw(shapes())
    chunks = tuple(data.draw(st.integers(1, n + 1)) for n in shape)
    array = zarr.create_array({}, shape=shape, chunks=chunks, dtype="f4")
    target = data.draw(st.integers(1, 500))
    plan = zarr.partition(array, target=target)
    again = pickle.loads(pickle.dumps(plan))
    assert plan == zarr.partition(array, target=target)
    assert plan.fingerprint == again.fingerprint
    assert [task.region for task in plan] == [task.region for task in again]
    keys = [key for task in plan for key in task.keys]
    assert sorted(keys) == sorted(set(array._iter_shard_keys()))
