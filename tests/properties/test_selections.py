"""Reading and writing by selection give what NumPy gives, for every form of array, and so does the array reopened."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import (
    as_array,
    assert_same,
    assign,
    basic_selections,
    block_selections,
    contents,
    coordinates,
    filled,
    layouts,
    numpy_points,
    orthogonal_oracle,
    orthogonal_selections,
    pick,
    setups,
    values_for,
)
from zarr._codec.chain import CodecChain

pytestmark = [
    # Some data types have no specification in format 3, some chains of codecs cannot read parts of shards, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]

STORES = st.sampled_from(["memory", "memory", "local"])


@contextmanager
def new_store(kind: str) -> Iterator[zarr.abc.store.Store]:
    if kind == "memory":
        yield zarr.storage.MemoryStore()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield zarr.storage.LocalStore(folder)


@contextmanager
def written_array(data):
    """A random array with contents, its setup, and the same in NumPy."""
    setup = data.draw(setups())
    model = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)
    with new_store(data.draw(STORES)) as store:
        array = setup.create(store)
        array[...] = model
        yield array, setup, model


def filled_by(data, read, selection, shape, setup):
    """What a read puts into a buffer of any layout; the buffer is what it returns."""
    garbage = data.draw(contents()).make(shape, setup.dtype, setup.fill)
    out = data.draw(layouts(garbage))
    result = read(selection, out=out)
    assert result.shape == shape
    assert np.shares_memory(result, out) or not out.size
    return out


def assert_read(array, setup, selection, expected, brackets, method, data):
    """Square brackets, the method, and the method into a buffer all give what is expected."""
    found = brackets[selection]
    assert_same(found, expected, setup.dtype)
    if array.order == "F" and setup.options["zarr_format"] == 3 and isinstance(found, np.ndarray):
        assert found.flags.f_contiguous
    assert_same(method(selection), expected, setup.dtype)
    shape = np.shape(expected) if isinstance(expected, np.ndarray) else ()
    out = filled_by(data, method, selection, shape, setup)
    assert_same(out if shape else out[()], expected, setup.dtype)


def assert_stored(array, setup, model):
    """The array, and the array opened anew, hold what NumPy's does."""
    assert_same(array[...], model, setup.dtype)
    assert_same(zarr.open_array(array.store, mode="r")[...], model, setup.dtype_reopened)


# -- basic --------------------------------------------------------------------------------------------------------


@given(data=st.data())
def test_a_basic_selection_reads_what_numpy_reads(engine, data):
    with written_array(data) as (array, setup, model):
        selection = data.draw(basic_selections(setup.shape))
        assert_read(array, setup, selection, pick(model, selection), array, array.get_basic_selection, data)


@given(data=st.data())
def test_a_basic_selection_writes_what_numpy_writes(engine, data):
    with written_array(data) as (array, setup, model):
        for _ in range(data.draw(st.integers(1, 3))):
            selection = data.draw(basic_selections(setup.shape))
            value = data.draw(values_for(np.shape(pick(model, selection)), setup))
            if data.draw(st.booleans()):
                array[selection] = value
            else:
                array.set_basic_selection(selection, value)
            assign(model, selection, value)
            assert_same(array[...], model, setup.dtype)
        assert_stored(array, setup, model)


@given(data=st.data())
def test_what_was_never_written_reads_as_the_fill_value(engine, data):
    setup = data.draw(setups())
    selection = data.draw(basic_selections(setup.shape))
    with new_store(data.draw(STORES)) as store:
        array = setup.create(store)
        model = setup.model()
        assert_same(array[selection], pick(model, selection), setup.dtype)
        value = data.draw(values_for(np.shape(pick(model, selection)), setup))
        array[selection] = value
        assign(model, selection, value)
        assert_stored(array, setup, model)


@given(data=st.data())
def test_an_integer_out_of_bounds_is_a_bounds_error_and_writes_nothing(engine, data):
    with written_array(data) as (array, setup, model):
        assume(setup.shape)
        axis = data.draw(st.integers(0, len(setup.shape) - 1))
        n = setup.shape[axis]
        beyond = data.draw(st.integers(n, 3 * n + 2) | st.integers(-3 * n - 3, -n - 1))
        entries = [slice(None)] * len(setup.shape)
        entries[axis] = beyond
        selection = tuple(entries)
        in_list = (*entries[:axis], [beyond], *entries[axis + 1 :])
        for read, chosen in ((array, selection), (array.oindex, selection), (array.oindex, in_list)):
            with pytest.raises(zarr.errors.BoundsCheckError):
                read[chosen]
            with pytest.raises(zarr.errors.BoundsCheckError):
                read[chosen] = setup.fill
        assert_stored(array, setup, model)


@given(data=st.data())
def test_chunks_that_become_all_fill_value_are_stored_only_if_asked_for(engine, data):
    with written_array(data) as (array, setup, model):
        array[...] = setup.fill
        model[...] = setup.fill
        grid, is_sharded = array.metadata.chunk_grid.to_grid(), array.metadata.is_sharded
        objects = [math.prod(grid.chunk_shape(coords)) for coords in grid.all_coords(setup.shape)]
        n_chunks = sum(objects) // math.prod(array.chunks) if is_sharded else len(objects)
        assert array.nchunks_initialized == (n_chunks if setup.options["config"]["write_empty_chunks"] else 0)
        assert_stored(array, setup, model)


@given(data=st.data())
def test_each_stored_object_decodes_as_a_whole_to_its_part_of_the_array(engine, data):
    """Shards are read and written in parts; the codecs, which know only whole objects, must agree."""
    with written_array(data) as (array, setup, model):
        selection = data.draw(basic_selections(setup.shape))
        value = data.draw(values_for(np.shape(pick(model, selection)), setup))
        array[selection] = value
        assign(model, selection, value)
        spec = array._node.view.spec
        for coords in spec.grid.all_coords(setup.shape):
            shape, start = spec.grid.chunk_shape(coords), spec.grid.chunk_start(coords)
            part = model[(*(slice(at, at + n) for at, n in zip(start, shape, strict=True)), ...)]
            stored = array.store.get_sync(spec.keys.encode_chunk_key(coords))
            if stored is None:
                decoded = filled(part.shape, setup.dtype, setup.fill)
            else:
                chain = CodecChain.compile(spec.codecs, spec.chunk_spec(shape))
                decoded = chain.decode(stored).as_numpy_array()[(*map(slice, part.shape), ...)]
            if setup.dtype.kind in "TO":
                np.testing.assert_array_equal(decoded, part)
            else:
                assert np.ascontiguousarray(decoded).tobytes() == np.ascontiguousarray(part).tobytes()


# -- orthogonal ---------------------------------------------------------------------------------------------------


@given(data=st.data())
def test_an_orthogonal_selection_reads_the_outer_product(engine, data):
    with written_array(data) as (array, setup, model):
        selection = data.draw(orthogonal_selections(setup.shape))
        oracle = orthogonal_oracle(selection, setup.shape)
        assert_read(array, setup, selection, oracle.read(model), array.oindex, array.get_orthogonal_selection, data)


@given(data=st.data())
def test_an_orthogonal_selection_writes_the_outer_product(engine, data):
    with written_array(data) as (array, setup, model):
        for _ in range(data.draw(st.integers(1, 3))):
            selection = data.draw(orthogonal_selections(setup.shape))
            oracle = orthogonal_oracle(selection, setup.shape)
            value = data.draw(values_for(oracle.shape, setup))
            if data.draw(st.booleans()):
                array.oindex[selection] = value
            else:
                array.set_orthogonal_selection(selection, value)
            oracle.write(model, value)
            assert_same(array[...], model, setup.dtype)
        assert_stored(array, setup, model)


# -- points, masks, blocks ----------------------------------------------------------------------------------------


@given(data=st.data())
def test_coordinates_read_single_elements(engine, data):
    with written_array(data) as (array, setup, model):
        assume(model.size and model.ndim)
        selection = data.draw(coordinates(setup.shape))
        expected = pick(model, selection)
        assert_read(array, setup, selection, expected, array.vindex, array.get_coordinate_selection, data)


@given(data=st.data())
def test_coordinates_write_single_elements_and_the_last_of_equal_ones_stays(engine, data):
    with written_array(data) as (array, setup, model):
        assume(model.size and model.ndim)
        selection = data.draw(coordinates(setup.shape))
        value = data.draw(values_for(pick(model, selection).shape, setup))
        array.vindex[selection] = value
        points = zip(*(axis.reshape(-1) for axis in np.broadcast_arrays(*selection)), strict=True)
        items = np.broadcast_to(as_array(value, setup.dtype), pick(model, selection).shape).reshape(-1)
        for point, item in zip(points, items, strict=True):
            model[point] = item
        assert_stored(array, setup, model)


@given(data=st.data())
def test_a_mask_reads_and_writes_where_it_is_true(engine, data):
    with written_array(data) as (array, setup, model):
        assume(model.ndim)
        chosen = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).random(setup.shape)
        mask = chosen < data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
        assert_read(array, setup, mask, pick(model, mask), array.vindex, array.get_mask_selection, data)
        value = data.draw(values_for(pick(model, mask).shape, setup))
        array.set_mask_selection(mask, value)
        assign(model, mask, value)
        assert_stored(array, setup, model)


@given(data=st.data())
def test_blocks_read_and_write_whole_chunks(engine, data):
    with written_array(data) as (array, setup, model):
        assume(model.ndim)
        sizes = array.write_chunk_sizes
        counts = tuple(map(len, sizes))
        blocks = data.draw(block_selections(counts))
        selection = []
        for entry, axis, count in zip(blocks, sizes, counts, strict=True):
            whole = entry if isinstance(entry, slice) else slice(entry % count, entry % count + 1)
            start, stop, _ = whole.indices(count)
            selection.append(slice(sum(axis[:start]), sum(axis[: max(start, stop)])))
        selection = tuple(selection)
        assert_read(array, setup, blocks, pick(model, selection), array.blocks, array.get_block_selection, data)
        value = data.draw(values_for(pick(model, selection).shape, setup))
        array.blocks[blocks] = value
        assign(model, selection, value)
        assert_stored(array, setup, model)


@given(data=st.data())
def test_several_integer_arrays_in_square_brackets_name_points_as_in_numpy(engine, data):
    with written_array(data) as (array, setup, model):
        assume(model.size and model.ndim > 1)
        selection = data.draw(numpy_points(setup.shape))
        assert_same(array[selection], pick(model, selection), setup.dtype)
        value = element_for(data, setup)
        array[selection] = value
        assign(model, selection, value)
        assert_stored(array, setup, model)


def element_for(data, setup):
    """One element: written to points that may repeat, it needs no rule about which of them wins."""
    return data.draw(values_for((), setup).filter(lambda value: np.ndim(value) == 0))
