"""Chains of selections are one: a view of a view reads and writes what NumPy does, in every form of array."""

from __future__ import annotations

import json
import math
import pickle
import tempfile
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import (
    as_array,
    as_objects_if_text,
    assert_same,
    basic_selections,
    contents,
    coordinates,
    layouts,
    numpy_points,
    orthogonal_oracle,
    orthogonal_selections,
    setups,
    values_for,
)
from zarr._selection.composed import Composed

pytestmark = [
    # Some data types have no specification in format 3, some chains of codecs cannot read parts of shards, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]
MOST_STEPS = 6
MOST_AXES = 5
MOST_ELEMENTS = 2_000


def fewer(by):
    """So many times fewer cases: a chain takes as long as several single selections."""
    return settings(max_examples=max(10, settings().max_examples // by))


@contextmanager
def new_store(kind):
    if kind == "memory":
        yield zarr.storage.MemoryStore()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield zarr.storage.LocalStore(folder)


@contextmanager
def written_array(data):
    setup = data.draw(setups())
    model = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)
    with new_store(data.draw(st.sampled_from(["memory", "memory", "local"]))) as store:
        array = setup.create(store)
        array[...] = model
        yield array, setup, model


def steps(shape):
    """One selection of something of a shape: how it is made of a view, and the same of an array of NumPy."""
    kinds = [
        basic_selections(shape).map(lambda s: (lambda v: v[s], lambda n: as_array_of(n[s]))),
        orthogonal_selections(shape).map(
            lambda s: (lambda v: v.oindex[s], lambda n: orthogonal_oracle(s, shape).read(n))
        ),
        st.permutations(range(len(shape))).map(
            lambda order: (lambda v: v.transpose(order), lambda n: n.transpose(order))
        ),
    ]
    if shape and math.prod(shape):
        kinds.append(coordinates(shape).map(lambda s: (lambda v: v.vindex[s], lambda n: n[s])))
        kinds.append(masks(shape).map(lambda s: (lambda v: v.vindex[s], lambda n: n[s])))
        if len(shape) > 1:
            kinds.append(numpy_points(shape).map(lambda s: (lambda v: v[s], lambda n: n[s])))
    return st.one_of(*kinds)


def masks(shape):
    return st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random(shape) < 0.5)


def as_array_of(found):
    return np.asarray(found, np.int64)


def chain(data, view, shape):
    """A view after up to so many selections, and for each of its elements the number of that of the array."""
    numbers = np.arange(math.prod(shape)).reshape(shape)
    for _ in range(data.draw(st.integers(1, MOST_STEPS))):
        of_view, of_numbers = data.draw(steps(numbers.shape))
        chosen = of_numbers(numbers)
        if chosen.ndim > MOST_AXES or chosen.size > MOST_ELEMENTS:
            continue
        view, numbers = of_view(view), chosen
        assert view.shape == numbers.shape
    return view, numbers


def picked(model, numbers):
    """The elements of these numbers; a scalar for one without axes."""
    return as_objects_if_text(model).reshape(-1)[numbers if numbers.ndim else int(numbers)]


@fewer(3)
@given(data=st.data())
def test_a_chain_reads_and_writes_what_numpy_does_and_the_last_of_equal_elements_stays(engine, data):
    with written_array(data) as (array, setup, model):
        view, numbers = chain(data, array.lazy, setup.shape)
        expected = picked(model, numbers)
        assert (view.ndim, view.size, view.dtype) == (numbers.ndim, numbers.size, setup.dtype)
        assert_same(view.read(), expected, setup.dtype)
        assert_same(np.asarray(view) if view.ndim else np.asarray(view)[()], expected, setup.dtype)
        out = data.draw(layouts(data.draw(contents()).make(view.shape, setup.dtype, setup.fill)))
        view.read(out)
        assert_same(out if view.ndim else out[()], expected, setup.dtype)
        value = data.draw(values_for(view.shape, setup))
        view[...] = value
        whole = np.broadcast_to(as_objects_if_text(as_array(value, setup.dtype)), view.shape).reshape(-1)
        expected = as_objects_if_text(model).reshape(-1)
        for number, item in zip(numbers.reshape(-1), whole, strict=True):
            expected[number] = item
        expected = expected.reshape(setup.shape).astype(setup.dtype)
        assert_same(array[...], expected, setup.dtype)
        assert_same(zarr.open_array(array.store, mode="r")[...], expected, setup.dtype_reopened)


@fewer(6)
@given(data=st.data())
def test_parts_hold_every_element_once_and_are_the_objects_that_are_read(data):
    with written_array(data) as (array, setup, _):
        view, numbers = chain(data, array.lazy, setup.shape)
        for sizes in (view.read_chunk_sizes, view.write_chunk_sizes):
            assert tuple(map(sum, sizes)) == view.shape
        grid = array.metadata.chunk_grid.to_grid()
        seen = np.zeros(view.shape, int)
        for part in view.parts():
            start, shape = grid.chunk_start(part.coords), grid.chunk_shape(part.coords)
            inside = np.zeros(setup.shape, bool)
            inside[tuple(slice(at, at + n) for at, n in zip(start, shape, strict=True))] = True
            held = numbers[part.region]
            assert inside.reshape(-1)[held].all()
            is_covered = len(np.unique(held)) == inside.sum()
            lengths = [min(n, end - at) for at, n, end in zip(start, shape, setup.shape, strict=True)]
            # With a step, objects that are one element long are not known to be covered; then they are read before they change.
            assert is_covered if part.whole else not is_covered or 1 in lengths
            assert part.key == array.metadata.encode_chunk_key(part.coords)
            seen[part.region] += 1
            assert view[part.region].size == held.size
        assert (seen == 1).all()


@fewer(6)
@given(data=st.data())
def test_a_chain_goes_through_json_and_pickle(data):
    shape = data.draw(st.sampled_from([(), (7,), (5, 4), (3, 4, 2), (0, 3)]))
    array = zarr.create_array({}, data=np.arange(math.prod(shape)).reshape(shape), chunks=2)
    view, numbers = chain(data, array.lazy, shape)
    document = json.loads(json.dumps(view.to_json()))
    again = zarr.views.from_json(document, array.store)
    assert again.to_json() == document
    assert again._selected == view._selected == pickle.loads(pickle.dumps(view._selected))
    assert (np.asarray(again) == numbers).all()


@fewer(3)
@given(
    document=st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.just(2**70) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["of", "shape", "axes", "at", "axis", "start", "step", "positions"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_no_selection_is_refused(document):
    try:
        made = Composed.from_json(document)
    except ValueError:
        return
    assert Composed.from_json(made.to_json()) == made
