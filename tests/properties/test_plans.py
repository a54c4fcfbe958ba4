"""Plans say where every element of a result comes from, once, and never leave a chunk: brute force is the oracle."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties.strategies import (
    basic_selections,
    block_selections,
    coordinates,
    numpy_points,
    orthogonal_oracle,
    orthogonal_selections,
    shapes,
)
from zarr._codec.base import ArrayConfig
from zarr._codec.bytes_ import BytesCodec
from zarr._dtype import parse_data_type
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding
from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid
from zarr._metadata.spec import ArraySpec, ShardLevel
from zarr._plan import decoded_grid, plan
from zarr._plan.slabs import parts
from zarr._selection import basic, block, coordinate, fancy, mask, orthogonal
from zarr._selection.model import ArrayAxis

INT64 = parse_data_type("int64", zarr_format=3)


@st.composite
def uneven_axes(draw, n):
    """Inner chunk length and lengths of the objects, whole multiples of it, which cover `n` and perhaps more."""
    inner = draw(st.integers(1, 4))
    lengths = []
    while sum(lengths) < n or not lengths:
        lengths.append(inner * draw(st.integers(1, 3)))
    return inner, tuple(lengths)


@st.composite
def specs(draw):
    """An array over an uneven or (if all lengths come out equal) regular grid, sharded or not."""
    shape = draw(shapes())
    axes = [draw(uneven_axes(n)) for n in shape]
    inner = tuple(length for length, _ in axes)
    levels = (ShardLevel(None, inner, tuple(range(len(inner))), (), True),) if draw(st.booleans()) else ()
    return ArraySpec(
        shape=shape,
        data_type=INT64,
        fill_value=np.int64(0),
        grid=RectilinearGrid(tuple(Edges.of(lengths) for _, lengths in axes)),
        keys=DefaultChunkKeyEncoding(),
        codecs=(BytesCodec(),),
        config=ArrayConfig(),
        levels=levels,
    )


def numbered(shape):
    """Every element's number."""
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def region_of(grid, coords):
    """The slices of the array that a chunk stores, beyond the array's end where it sticks out."""
    starts, lengths = grid.chunk_start(coords), grid.chunk_shape(coords)
    return tuple(slice(start, start + n) for start, n in zip(starts, lengths, strict=True))


def padded(spec):
    """Every element's number, and -1 in what chunks store beyond the array."""
    elements = np.full(spec.grid.reach, -1)
    elements[tuple(map(slice, spec.shape))] = numbered(spec.shape)
    return elements


def assert_inside(region, shape):
    """NumPy would cut a slice that leaves the chunk, and take negative integers from its end."""
    for axis, n in zip(region, shape, strict=True):
        if isinstance(axis, slice):
            positions = range(axis.start, -1 if axis.stop is None else axis.stop, axis.step)
            assert len(positions) > 0
            assert min(positions) >= 0
            assert max(positions) < n
        else:
            assert np.all(np.asarray(axis) >= 0)
            assert np.all(np.asarray(axis) < n)


def follow(spec, selection):
    """Carry a plan out on element numbers; what it reads, after checking each part of it."""
    inner, elements = decoded_grid(spec), padded(spec)
    result = np.full(selection.shape, -2)
    times = np.zeros(selection.shape, int)
    seen_objects, seen_chunks = set(), set()
    for part in plan(spec, selection):
        assert part.coords not in seen_objects
        seen_objects.add(part.coords)
        assert part.key == spec.keys.encode_chunk_key(part.coords)
        stored = elements[(*region_of(spec.grid, part.coords), ...)]
        taken = []
        assert part.projections
        for projection in part.projections:
            assert projection.coords not in seen_chunks
            seen_chunks.add(projection.coords)
            chunk = elements[(*region_of(inner, projection.coords), ...)]
            assert np.isin(chunk, stored).all()
            assert_inside(projection.chunk_region, chunk.shape)
            assert_inside(projection.out_region, result.shape)
            picked = chunk[projection.chunk_index]
            assert np.all(picked >= 0)
            result[projection.out_index] = picked
            np.add.at(times, projection.out_index, 1)
            taken.append(np.ravel(picked))
            assert_whole(projection.whole, chunk, picked)
        assert_whole(part.whole, stored, np.concatenate(taken))
    np.testing.assert_array_equal(times, 1)
    return result


def assert_whole(whole, stored, picked):
    """What counts as covered wholly is written without being read first, so nothing of it may be left out."""
    if whole:
        np.testing.assert_array_equal(np.unique(picked), np.unique(stored[stored >= 0]))


@given(spec=specs(), data=st.data())
def test_a_basic_plan_reads_each_element_once(spec, data):
    selection = data.draw(basic_selections(spec.shape))
    normal = basic(selection, spec.shape)
    expected = numbered(spec.shape)[selection]
    assert normal.result_shape == np.shape(expected)
    np.testing.assert_array_equal(follow(spec, normal).reshape(normal.result_shape), expected)


@given(spec=specs(), data=st.data())
def test_an_orthogonal_plan_reads_each_element_once(spec, data):
    selection = data.draw(orthogonal_selections(spec.shape))
    expected = orthogonal_oracle(selection, spec.shape).read(numbered(spec.shape))
    np.testing.assert_array_equal(follow(spec, orthogonal(selection, spec.shape)), expected)


@given(spec=specs(), data=st.data())
def test_a_plan_of_coordinates_reads_each_point_once(spec, data):
    assume(spec.shape and 0 not in spec.shape)
    selection = data.draw(coordinates(spec.shape))
    normal = coordinate(selection, spec.shape)
    expected = numbered(spec.shape)[selection]
    np.testing.assert_array_equal(follow(spec, normal).reshape(normal.result_shape), expected)


@given(spec=specs(), data=st.data())
def test_a_plan_of_points_beside_slices_reads_each_element_once(spec, data):
    assume(len(spec.shape) > 1 and 0 not in spec.shape)
    selection = data.draw(numpy_points(spec.shape))
    normal = fancy(selection, spec.shape)
    expected = numbered(spec.shape)[selection]
    assert normal.result_shape == expected.shape
    found = follow(spec, normal).reshape(*normal.point_shape, *normal.shape[1:])
    n_points = len(normal.point_shape)
    found = np.moveaxis(found, range(n_points), range(normal.position, normal.position + n_points))
    np.testing.assert_array_equal(found, expected)


@given(spec=specs(), seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.2, 0.7, 1.0]))
def test_a_plan_of_a_mask_reads_each_point_once(spec, seed, share):
    assume(spec.shape)
    chosen = np.random.default_rng(seed).random(spec.shape) < share
    np.testing.assert_array_equal(follow(spec, mask(chosen, spec.shape)), numbered(spec.shape)[chosen])


@given(spec=specs(), data=st.data())
def test_a_plan_of_blocks_reads_whole_objects(spec, data):
    assume(spec.shape)
    selection = data.draw(block_selections(spec.grid.counts(spec.shape)))
    normal = block(selection, spec.shape, grid=spec.grid)
    assert all(part.whole for part in plan(spec, normal))
    follow(spec, normal)


@given(spec=specs())
def test_a_plan_of_everything_covers_every_object_wholly(spec):
    parts = list(plan(spec, basic(..., spec.shape)))
    assert [part.coords for part in parts] == list(spec.grid.all_coords(spec.shape))
    assert all(part.whole and all(projection.whole for projection in part.projections) for part in parts)


@given(spec=specs(), data=st.data())
def test_a_plan_can_be_made_again(spec, data):
    normal = orthogonal(data.draw(orthogonal_selections(spec.shape)), spec.shape)
    assert list(map(repr, plan(spec, normal))) == list(map(repr, plan(spec, normal)))


@given(spec=specs(), data=st.data(), nbytes=st.integers(1, 400))
def test_parts_are_the_whole_selection_in_whole_chunks(spec, data, nbytes):
    if data.draw(st.booleans()):
        selection = basic(data.draw(basic_selections(spec.shape)), spec.shape)
    else:
        selection = orthogonal(data.draw(orthogonal_selections(spec.shape)), spec.shape)
    found = np.full(selection.shape, -1)
    n_chunks = 0
    for part in parts(spec, selection, nbytes):
        view = found[(*part.region, ...)]
        assert (view == -1).all()
        view[...] = follow(spec, part.selection)
        n_of_part = n_chunks_in(spec, part.selection)
        n_chunks += n_of_part
        is_listed = any(isinstance(axis, ArrayAxis) for axis in part.selection.axes)
        assert view.nbytes <= nbytes or n_of_part == 1 or is_listed
    np.testing.assert_array_equal(found, follow(spec, selection) if found.size else found)
    assert n_chunks == n_chunks_in(spec, selection)


def n_chunks_in(spec, selection):
    return sum(len(part.projections) for part in plan(spec, selection)) if 0 not in selection.shape else 0
