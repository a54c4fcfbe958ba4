"""Plans of rechunking: counted object by object, nothing is read or written more often than they say, and memory is scattered as NumPy would."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.strategies import shapes
from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._plan.rechunk import MOST_READS, blocks, cells_met, nbytes_of, route, within
from zarr._plan.scatter import Scattered


@st.composite
def axes_of_grids(draw, n):
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
def routes(draw):
    shape = draw(shapes())
    source, target = draw(grids(shape)), draw(grids(shape))
    itemsize, room = draw(st.sampled_from([1, 8])), draw(st.integers(1, 2000))
    return shape, source, target, itemsize, room, draw(st.booleans())


def whole(grid, shape, coords):
    """The elements of an object."""
    return tuple(
        slice(start, min(start + n, length))
        for start, n, length in zip(grid.chunk_start(coords), grid.chunk_shape(coords), shape, strict=True)
    )


def bound(grid, shape, itemsize):
    return math.prod(max(1, min(pair)) for pair in zip(grid.largest(shape), shape, strict=True)) * itemsize


def times_met(grid, pieces):
    """How many pieces each object meets."""
    regions = map(pieces.region, range(pieces.n_pieces))
    return Counter(coords for region in regions for coords in product(*cells_met(grid, region)))


def check_covers(pieces):
    seen = np.zeros(pieces.shape, int)
    for number in range(pieces.n_pieces):
        seen[pieces.region(number)] += 1
    assert (seen == 1).all()


@settings(max_examples=settings().max_examples // 3)
@given(routes())
def test_reads_and_writes(made):
    shape, source, target, itemsize, room, may_be_temporary = made
    found = route(shape, source, target, itemsize, room, may_be_temporary=may_be_temporary)
    check_covers(found.write)
    if found.read is None:
        met = times_met(source, found.write)
        assert max(met.values(), default=1) <= found.most_reads
        assert found.most_reads <= MOST_READS or not may_be_temporary or 0 in shape
    else:
        assert may_be_temporary
        check_covers(found.read)
        assert max(times_met(source, found.read).values()) == 1, "each object of the source is read by one piece"
        assert max(times_met(found.temporary, found.read).values()) == 1, "and each between written by one"
        assert max(times_met(found.temporary, found.write).values()) == 1, "and read by one"
    assert max(times_met(target, found.write).values(), default=1) == 1
    for pieces, grid in ((found.write, target), (found.read, source)):
        if pieces is not None:
            size = max((nbytes_of(pieces.region(n), itemsize) for n in range(pieces.n_pieces)), default=0)
            assert size <= max(room, bound(grid, shape, itemsize))


@given(routes(), st.integers(1, 400), st.data())
def test_scattered(made, nbytes, data):
    shape, source, target, itemsize, room, _ = made
    pieces = route(shape, source, target, itemsize, room, may_be_temporary=False).write
    if not pieces.n_pieces:
        return
    region = pieces.region(data.draw(st.integers(0, pieces.n_pieces - 1)))
    values = np.arange(math.prod(shape)).reshape(shape)
    memory = Scattered(blocks(target, shape, region, 8, nbytes), values.dtype)
    parts = blocks(source, shape, region, 8, nbytes)
    for number in range(parts.n_pieces):
        part = within(parts.region(number), region)
        memory.put([axis.start for axis in part], np.array(values[part], order="F"))
    seen = np.zeros(shape, int)
    for place, cell in memory.cells():
        assert (cell == values[place]).all()
        assert cell.flags.c_contiguous
        seen[place] += 1
    assert (seen[region] == 1).all()
    assert seen.sum() == seen[region].size
