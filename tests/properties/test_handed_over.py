"""Arrays that a codec pipeline reads and writes in the place of an engine hold what NumPy's hold, by every way to select."""

from __future__ import annotations

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
    contents,
    coordinates,
    layouts,
    orthogonal_oracle,
    orthogonal_selections,
    pick,
    setups,
    values_for,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]


@pytest.fixture(autouse=True)
def handed_over():
    with zarr.config.set({"codec_pipeline.path": "tests.suites.pipelines.Nothing"}):
        yield


def by_an_engine(store):
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        return zarr.open_array(store)


@given(data=st.data())
def test_selections(data):
    setup = data.draw(setups())
    model = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)
    array = setup.create(zarr.storage.MemoryStore())
    assert array.engine.endswith("Nothing")
    array[...] = data.draw(layouts(model))
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["basic", "orthogonal", "points"]))
        if kind == "basic":
            selection = data.draw(basic_selections(setup.shape))
            value = data.draw(values_for(np.shape(pick(model, selection)), setup))
            array[selection] = value
            assign(model, selection, value)
            assert_same(array[selection], pick(model, selection), setup.dtype)
        elif kind == "orthogonal":
            selection = data.draw(orthogonal_selections(setup.shape))
            oracle = orthogonal_oracle(selection, setup.shape)
            value = data.draw(values_for(oracle.shape, setup))
            array.oindex[selection] = value
            oracle.write(model, value)
            assert_same(array.oindex[selection], oracle.read(model), setup.dtype)
        else:
            assume(model.size and model.ndim)
            selection = data.draw(coordinates(setup.shape))
            value = data.draw(values_for(pick(model, selection).shape, setup))
            array.vindex[selection] = value
            points = zip(*(axis.reshape(-1) for axis in np.broadcast_arrays(*selection)), strict=True)
            items = np.broadcast_to(as_array(value, setup.dtype), pick(model, selection).shape).reshape(-1)
            for point, item in zip(points, items, strict=True):  # the last of equal ones stays
                model[point] = item
            assert_same(array.vindex[selection], pick(model, selection), setup.dtype)
        assert_same(array[...], model, setup.dtype)
    assert_same(by_an_engine(array.store)[...], model, setup.dtype_reopened)
