"""Chunk grids and indexers by zarr-python's names: iterating them reads and writes what NumPy does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr.codecs import sharding
from zarr.core import indexing
from zarr.errors import ArrayIndexError, BoundsCheckError

SHAPE = (10, 7)
GRID = sharding.ChunkGrid.from_sizes(SHAPE, (3, 4))
UNEVEN = sharding.ChunkGrid.from_sizes(SHAPE, ((3, 2, 5), 4))
DATA = np.arange(70).reshape(SHAPE)


def read(indexer, grid, data):
    """What a pipeline does with the projections of an indexer."""
    out = np.full(indexer.shape, -1)
    for coords, chunk_selection, out_selection, _ in indexer:
        chunk = np.full(grid[coords].codec_shape, -2)
        region = grid[coords].slices
        chunk[tuple(slice(0, n) for n in grid[coords].shape)] = data[region]
        out[out_selection] = chunk[chunk_selection]
    return out


axis = st.one_of(
    st.integers(-7, 6),
    st.builds(slice, st.integers(-8, 8), st.integers(-8, 8), st.integers(1, 3)),
)


@given(st.tuples(axis, axis), st.sampled_from([GRID, UNEVEN]))
def test_basic(selection, grid):
    indexer = sharding.BasicIndexer(selection, SHAPE, grid)
    assert np.array_equal(read(indexer, grid, DATA), DATA[selection])
    assert indexer.shape == DATA[selection].shape
    assert len(indexer.dim_indexers) == 2


@given(st.lists(st.tuples(st.integers(-10, 9), st.integers(-7, 6)), min_size=1), st.sampled_from([GRID, UNEVEN]))
def test_coordinates(points, grid):
    rows, columns = map(np.array, zip(*points, strict=True))
    indexer = sharding.CoordinateIndexer((rows, columns), SHAPE, grid)
    assert np.array_equal(read(indexer, grid, DATA), DATA[rows, columns])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (np.s_[1:9, 2], DATA[1:9, 2]),
        (..., DATA),
        (([9, 1], [0, 6]), DATA[[9, 1], [0, 6]]),
        (np.s_[[1, 2], :], DATA[[1, 2], :]),
        (DATA % 3 == 0, DATA[DATA % 3 == 0]),
        (([True, False] * 5, 1), DATA[::2, 1]),
        (([5, 1], slice(0, 7, 2)), DATA[[5, 1], ::2]),
    ],
    ids=str,
)
def test_get_indexer(selection, expected):
    indexer = sharding.get_indexer(selection, SHAPE, GRID)
    assert np.array_equal(read(indexer, GRID, DATA), expected)


def test_projections_are_named_tuples():
    (first, *_) = sharding.BasicIndexer(..., SHAPE, GRID)
    assert first == ((0, 0), (slice(0, 3, 1), slice(0, 4, 1)), (slice(0, 3), slice(0, 4)), True)
    assert type(first)(first[0], first[1], first[2], False).is_complete_chunk is False


def test_whole_chunks_are_told():
    told = {p.chunk_coords: p.is_complete_chunk for p in sharding.BasicIndexer(np.s_[2:10], SHAPE, GRID)}
    assert told == {(r, c): r > 0 for r in range(4) for c in range(2)}


def test_one_axis():
    indexer = sharding.SliceDimIndexer(slice(1, 9, 2), 10, GRID.dimensions[0])
    assert (indexer.nitems, indexer.nchunks, indexer.start, indexer.stop, indexer.step) == (4, 4, 1, 9, 2)
    positions = np.arange(10)
    found = np.concatenate([positions[c * 3 : c * 3 + 3][inside] for c, inside, _, _ in indexer])
    assert found.tolist() == [1, 3, 5, 7]


def test_grid():
    assert GRID.grid_shape == (4, 2)
    assert GRID.chunk_shape == (3, 4)
    assert GRID.chunk_sizes == ((3, 3, 3, 1), (4, 3))
    assert GRID.get_nchunks() == 8
    assert GRID.is_regular
    assert len(list(GRID)) == len(list(GRID.all_chunk_coords())) == 8
    corner = GRID[3, 1]
    assert (corner.slices, corner.codec_shape) == ((slice(9, 10, 1), slice(4, 7, 1)), (3, 4))
    assert corner.is_boundary
    assert GRID[4, 0] is None
    assert GRID[-1, 0] is None
    with pytest.raises(ValueError, match="2 coordinate"):
        GRID[3]
    assert list(GRID.all_chunk_coords(origin=(1, 0), selection_shape=(2, 1))) == [(1, 0), (2, 0)]
    regions = list(GRID.iter_chunk_regions(origin=(1, 0), selection_shape=(2, 1)))
    assert regions == [(slice(3, 6, 1), slice(0, 4, 1)), (slice(6, 9, 1), slice(0, 4, 1))]
    assert GRID.update_shape((20, 3)).grid_shape == (7, 1)
    with pytest.raises(ValueError, match="dimensions"):
        GRID.update_shape((20,))


def test_uneven_grid():
    assert UNEVEN.grid_shape == (3, 2)
    assert UNEVEN.chunk_sizes == ((3, 2, 5), (4, 3))
    assert UNEVEN[2, 0].slices == (slice(5, 10, 1), slice(0, 4, 1))
    assert not UNEVEN.is_regular
    with pytest.raises(ValueError, match="regular"):
        _ = UNEVEN.chunk_shape
    assert UNEVEN.update_shape((14, 7)).chunk_sizes[0] == (3, 2, 5, 4)
    assert UNEVEN.update_shape((4, 7)).grid_shape == (2, 2)
    with pytest.raises(ValueError, match="cover"):
        sharding.ChunkGrid.from_sizes((10,), ((3, 4),))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_grid_of_an_array(zarr_format):
    import zarr

    shards = {"shards": (6, 8)} if zarr_format == 3 else {}
    a = zarr.create_array({}, shape=SHAPE, chunks=(3, 4), dtype="i4", zarr_format=zarr_format, **shards)
    grid = sharding.ChunkGrid.from_metadata(a.metadata)
    assert grid.chunk_shape == ((6, 8) if shards else (3, 4))
    assert grid.grid_shape == ((2, 1) if shards else (4, 2))


@pytest.mark.parametrize("points", [[0, 9, 4], [[0, 9], [4, 4]]])
def test_positions_of_the_only_axis_are_points(points):
    grid = sharding.ChunkGrid.from_sizes((10,), (3,))
    indexer = sharding.get_indexer(np.array(points), (10,), grid)
    assert isinstance(indexer, sharding.CoordinateIndexer)
    found = np.full(indexer.shape, -1)
    for coords, chunk_selection, out_selection, _ in indexer:
        found[out_selection] = np.arange(3 * coords[0], 3 * coords[0] + 3)[chunk_selection]
    assert np.array_equal(found.reshape(indexer.sel_shape), points)


@pytest.mark.parametrize("position", [10, -11])
def test_positions_beyond_an_axis(position):
    with pytest.raises(BoundsCheckError):
        list(indexing.IntDimIndexer(position, 10, GRID.dimensions[0]))


def test_wrong_selections():
    with pytest.raises(ArrayIndexError):
        sharding.BasicIndexer("a", SHAPE, GRID)
    with pytest.raises(IndexError):
        sharding.BasicIndexer((10, 0), SHAPE, GRID)
    with pytest.raises(IndexError):
        sharding.CoordinateIndexer(([10], [0]), SHAPE, GRID)


# -- stored form of uneven grids ------------------------------------------------------------------------------------

Uneven = sharding.RectilinearChunkGridMetadata


def document(*shapes, **others):
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(shapes), **others}}


def test_rectilinear_metadata():
    grid = Uneven(chunk_shapes=((2, 3, 3, 3), 4))
    assert grid.ndim == 2
    assert grid.to_dict() == document([2, [3, 3]], 4)
    assert Uneven.from_dict(grid.to_dict()) == grid
    assert hash(Uneven.from_dict(grid.to_dict())) == hash(grid)
    assert grid.update_shape((11, 8), (16, 8)) == Uneven(chunk_shapes=((2, 3, 3, 3, 5), 4))
    assert grid.update_shape((11, 8), (3, 8)) == grid
    assert grid.chunk_shapes == ((2, 3, 3, 3), 4)
    assert Uneven.from_dict(document([[2, 2**40]])).to_dict() == document([[2, 2**40]])
    with pytest.raises(ValueError, match="2 entries"):
        grid.update_shape((11, 8), (3,))


@pytest.mark.parametrize(
    "data",
    [
        document([2], 4, kind="x"),
        {"name": "rectilinear", "configuration": {"chunk_shapes": [[2], 4]}},
        {"name": "regular", "configuration": {"chunk_shape": [2]}},
        document([]),
        document([2, 0]),
        document(-1),
        document([2.5]),
        document([[2, 3, 4]]),
        document("ab"),
    ],
    ids=str,
)
def test_wrong_rectilinear_metadata(data):
    with pytest.raises(ValueError, match=r"chunk|kind"):
        Uneven.from_dict(data)
