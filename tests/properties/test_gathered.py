"""Batches and appenders, over arrays of every form: what is read through them, and what is stored in the end, equals NumPy's."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import (
    Contents,
    assert_same,
    assign,
    basic_selections,
    block_selections,
    contents,
    coordinates,
    orthogonal_oracle,
    orthogonal_selections,
    pick,
    setups,
    values_for,
)
from tests.suites.plain_stores import AsyncOnly, Awaited
from zarr._buffer.memory import empty

pytestmark = [
    # Some data types have no specification in format 3, some chains of codecs cannot read parts of shards, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]
FEWER = settings(max_examples=max(10, settings.default.max_examples // 6))
STORES = st.sampled_from(["memory", "memory", "local", "awaited", "foreign", "zip"])
SHAPES = st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple)


@contextmanager
def new_store(kind):
    if kind == "memory":
        yield zarr.storage.MemoryStore()
    elif kind == "awaited":
        yield Awaited(zarr.storage.MemoryStore())
    elif kind == "foreign":
        yield AsyncOnly()
    else:
        with tempfile.TemporaryDirectory() as folder:
            if kind == "local":
                yield zarr.storage.LocalStore(folder)
            else:
                with zarr.storage.ZipStore(f"{folder}/a.zip", mode="w") as store:
                    yield store


class Twin:
    """A batch of an array and its model, and what is written to both."""

    def __init__(self, data, batch, setup, model):
        self.data, self.batch, self.setup, self.model = data, batch, setup, model

    def value(self, shape):
        return self.data.draw(values_for(shape, self.setup))

    def basic(self):
        selection = self.data.draw(basic_selections(self.model.shape))
        value = self.value(np.shape(pick(self.model, selection)))
        self.batch[selection] = value
        assign(self.model, selection, value)
        assert_same(self.batch[selection], pick(self.model, selection), self.setup.dtype)

    def orthogonal(self):
        selection = self.data.draw(orthogonal_selections(self.model.shape))
        oracle = orthogonal_oracle(selection, self.model.shape)
        value = self.value(oracle.shape)
        self.batch.oindex[selection] = value
        oracle.write(self.model, value)
        assert_same(self.batch.oindex[selection], oracle.read(self.model), self.setup.dtype)

    def points(self):
        if not self.model.size or not self.model.ndim:
            return
        selection = self.data.draw(coordinates(self.model.shape))
        values = self.data.draw(contents()).make(pick(self.model, selection).shape, self.setup.dtype, self.setup.fill)
        self.batch.vindex[selection] = values
        points = zip(*(axis.reshape(-1) for axis in np.broadcast_arrays(*selection)), strict=True)
        for point, item in zip(points, values.reshape(-1), strict=True):
            self.model[point] = item
        assert_same(self.batch.vindex[selection], pick(self.model, selection), self.setup.dtype)

    def mask(self):
        if not self.model.ndim:
            return
        rng = np.random.default_rng(self.data.draw(st.integers(0, 2**32 - 1)))
        mask = rng.random(self.model.shape) < self.data.draw(st.sampled_from([0.0, 0.2, 0.9, 1.0]))
        value = self.value(pick(self.model, mask).shape)
        self.batch.vindex[mask] = value
        assign(self.model, mask, value)

    def block(self):
        if not self.model.ndim:
            return
        sizes = self.batch.write_chunk_sizes
        blocks = self.data.draw(block_selections(tuple(map(len, sizes))))
        selection = []
        for entry, axis in zip(blocks, sizes, strict=True):
            whole = entry if isinstance(entry, slice) else slice(entry % len(axis), entry % len(axis) + 1)
            start, stop, _ = whole.indices(len(axis))
            selection.append(slice(sum(axis[:start]), sum(axis[: max(start, stop)])))
        value = self.value(pick(self.model, tuple(selection)).shape)
        self.batch.blocks[blocks] = value
        assign(self.model, tuple(selection), value)

    def field(self):
        """One field of structs."""
        names = self.setup.dtype.names
        if names is None:
            return
        name = self.data.draw(st.sampled_from(names))
        selection = self.data.draw(basic_selections(self.model.shape, new_axes=False))
        values = self.data.draw(contents()).make(self.model.shape, self.setup.dtype, self.setup.fill)[name]
        self.batch.set_basic_selection(selection, values[selection], fields=name)
        self.model[name][selection] = values[selection]

    def read(self):
        assert_same(self.batch[...], self.model, self.setup.dtype)


OPERATIONS = [Twin.basic, Twin.basic, Twin.orthogonal, Twin.points, Twin.mask, Twin.block, Twin.field, Twin.read]


@FEWER
@given(data=st.data())
def test_what_is_written_through_a_batch_equals_numpy(engine, data):
    setup = data.draw(setups())
    model = setup.model()
    with new_store(data.draw(STORES)) as store:
        array = setup.create(store)
        if data.draw(st.booleans()):
            model = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)
            array[...] = model
        before = model.copy()
        most = data.draw(st.sampled_from([10**9, 10**9, 10**9, 200]))
        with array.batch(max_memory=most) as batch:
            twin = Twin(data, batch, setup, model)
            for operation in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=5)):
                operation(twin)
            twin.read()
            if most > 200:
                assert_same(array[...], before, setup.dtype)
        assert_same(array[...], model, setup.dtype)
        assert_same(zarr.open_array(store, mode="r+")[...], model, setup.dtype_reopened)


@FEWER
@given(data=st.data())
def test_what_was_in_a_batch_with_an_error_is_gone(engine, data):
    setup = data.draw(setups())
    array = setup.create(zarr.storage.MemoryStore())
    array[...] = model = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)

    def block():
        with array.batch() as batch:
            twin = Twin(data, batch, setup, model.copy())
            twin.basic()
            twin.orthogonal()
            raise RuntimeError("out")

    with pytest.raises(RuntimeError, match="out"):
        block()
    assert_same(array[...], model, setup.dtype)


@FEWER
@given(setup=setups(SHAPES), seed=st.integers(0, 2**32 - 1), kind=STORES)
def test_rows_that_are_appended_equal_numpy(engine, setup, seed, kind):
    rng = np.random.default_rng(seed)
    with new_store(kind) as store:
        array, model = setup.create(store), setup.model()
        array[...] = model = Contents(seed, 0.0).make(setup.shape, setup.dtype, setup.fill)
        axis = int(rng.integers(model.ndim))
        rows = [model]
        with array.appender(axis - model.ndim * int(rng.integers(2)), max_memory=int(rng.choice([1, 300, 10**6]))) as w:
            for number in range(int(rng.integers(6))):
                shape = list(setup.shape)
                shape[axis] = int(rng.integers(5))
                more = Contents(seed + number, float(rng.choice([0.0, 1.0]))).make(
                    tuple(shape), setup.dtype, setup.fill
                )
                given_rows, kept = more.copy(), more
                if shape[axis] == 1 and rng.integers(2) and model.ndim > 1:
                    given_rows = given_rows.reshape([n for i, n in enumerate(shape) if i != axis])
                w.append(given_rows)
                if more.size:
                    given_rows[...] = setup.fill  # it was copied
                rows.append(kept)
                if not rng.integers(4):
                    w.flush()
                    assert_same(array[...], np.concatenate(rows, axis), array.dtype)
        expected = np.concatenate(rows, axis)
        assert array.shape == expected.shape
        assert_same(array[...], expected, array.dtype)


@given(seed=st.integers(0, 2**32 - 1))
@FEWER
def test_pieces_and_whole_chunks_are_the_same(seed):
    """Chunks so large that they keep pieces for long, and their reads and writes in between."""
    rng = np.random.default_rng(seed)
    array = zarr.create_array({}, shape=(90, 80), chunks=(60, 50), dtype="i4")
    model = empty((90, 80), "i4")
    model[...] = 0
    with array.batch() as batch:
        for number in range(1, int(rng.integers(2, 150))):
            y, x = int(rng.integers(90)), int(rng.integers(80))
            h, w = (1, 1) if rng.integers(2) else (int(rng.integers(1, 9)), int(rng.integers(1, 9)))
            batch[y : y + h, x : x + w] = number
            model[y : y + h, x : x + w] = number
            if not rng.integers(8):
                y, x = int(rng.integers(90)), int(rng.integers(80))
                np.testing.assert_array_equal(batch[y : y + 20, x : x + 20], model[y : y + 20, x : x + 20])
                np.testing.assert_array_equal(batch[[y, 3, 7], x], model[[y, 3, 7], x])
    np.testing.assert_array_equal(array[:], model)
