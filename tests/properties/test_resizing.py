"""Arrays that grow and shrink, by this library and behind its back, stay equal to a NumPy array that does the same.

An example is an array of any kind and a sequence of operations, drawn by one seed so that ten thousand sequences are
affordable; the operations of an example that fails are in its note. `test_stateful` mixes some of these with everything else.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import Contents, Setup, assert_same, filled, setups
from zarr._metadata.levels import inner_lengths

pytestmark = [
    # Some data types have no specification in format 3, some chains of codecs cannot read parts of shards, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]

SHAPES = st.lists(st.integers(0, 7), min_size=1, max_size=3).map(tuple)
LONGEST = 14


class Twin:
    """An array, its model, and what is done to both.

    Attributes
    ----------
    stale
        Whether another program may have left elements beyond the shape, which its growing would reveal.
    """

    def __init__(self, setup: Setup, rng: np.random.Generator) -> None:
        self.setup, self.rng, self.stale = setup, rng, False
        self.store = zarr.storage.MemoryStore()
        self.array = setup.create(self.store, "a")
        self.model = setup.model()

    def made(self, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """New elements, now and then with fill values among them."""
        share = float(self.rng.choice([0.0, 0.0, 0.5, 1.0]))
        return Contents(int(self.rng.integers(2**32)), share).make(shape, self.setup.dtype, self.setup.fill)

    def drawn_shape(self, most: tuple[int, ...] | None = None) -> tuple[int, ...]:
        bounds = (LONGEST,) * self.model.ndim if most is None else most
        return tuple(int(self.rng.integers(bound + 1)) for bound in bounds)

    def cut(self, shape: tuple[int, ...]) -> None:
        """The model in another shape: what both have in common, and the fill value."""
        old, self.model = self.model, filled(shape, self.setup.dtype, self.setup.fill)
        common = (*(slice(min(n, m)) for n, m in zip(old.shape, shape, strict=True)), ...)
        self.model[common] = old[common]

    # -- operations -------------------------------------------------------------------------------------------------

    def write_everything(self) -> None:
        self.model[...] = values = self.made(self.model.shape)
        self.array[...] = values

    def write_a_part(self) -> None:
        corners = [sorted(map(int, self.rng.integers(0, n + 1, 2))) for n in self.model.shape]
        region = tuple(slice(start, stop) for start, stop in corners)
        values = self.made(tuple(stop - start for start, stop in corners))
        self.model[region] = values
        self.array[region] = values

    def resize(self) -> None:
        shape = self.drawn_shape()
        self.array.resize(shape)
        self.cut(shape)

    def shrink(self) -> None:
        shape = self.drawn_shape(self.model.shape)
        self.array.resize(shape)
        self.cut(shape)

    def grow(self) -> None:
        shape = tuple(int(self.rng.integers(n, max(n, LONGEST) + 1)) for n in self.model.shape)
        self.array.shape = shape
        self.cut(shape)

    def append(self) -> None:
        axis = int(self.rng.integers(self.model.ndim))
        shape = list(self.model.shape)
        shape[axis] = int(self.rng.integers(0, max(1, LONGEST - shape[axis])))
        values = self.made(tuple(shape))
        self.array.append(values, axis=axis - self.model.ndim * int(self.rng.integers(2)))
        self.model = np.concatenate([self.model, values], axis=axis)

    def reopen(self) -> None:
        self.array = zarr.open_array(self.store, path="a", mode="r+", config=self.setup.options["config"])

    def another_program_shrinks(self) -> None:
        """It changes the shape alone: whole chunks and parts of edge chunks stay behind."""
        shape = self.drawn_shape(self.model.shape)
        self.rewrite_shape(shape)
        self.cut(shape)
        self.stale = True

    def another_program_grows(self) -> None:
        """It changes the shape alone: what our shrinking cut off must be gone by then."""
        if not self.stale:
            shape = tuple(int(self.rng.integers(n, LONGEST + 1)) for n in self.model.shape)
            self.rewrite_shape(shape)
            self.cut(shape)

    def another_program_leaves_rubbish(self) -> None:
        """It fills the array to beyond its bounds and then takes back the shape."""
        shape, wider = self.model.shape, tuple(n + 5 for n in self.model.shape)
        self.rewrite_shape(wider)
        values = self.made(wider)
        values[tuple(map(slice, shape))] = self.model
        self.array[...] = values
        self.rewrite_shape(shape)
        self.stale = True

    def rewrite_shape(self, shape: tuple[int, ...]) -> None:
        key = "a/zarr.json" if self.array.metadata.zarr_format == 3 else "a/.zarray"
        document = json.loads(self.store.get_sync(key).to_bytes())
        document["shape"] = shape
        if document.get("chunk_grid", {}).get("name") == "rectilinear":
            self.cover(document["chunk_grid"]["configuration"]["chunk_shapes"], shape)
        self.store.set_sync(key, zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode()))
        self.reopen()

    def cover(self, stated: list[Any], shape: tuple[int, ...]) -> None:
        """Add a chunk where those that a document states do not reach the end of the array."""
        metadata = self.array.metadata
        units = inner_lengths(metadata.codecs, len(shape))  # of shards, also where a compressor follows
        for axis, n, unit in zip(stated, shape, units, strict=True):
            if isinstance(axis, list):
                total = sum(run if isinstance(run, int) else run[0] * run[1] for run in axis)
                if total < n:
                    axis.append(-(-(n - total) // unit) * unit)

    # -- checks -----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        assert self.array.shape == self.model.shape
        assert_same(self.array[...], self.model, self.array.dtype)


OPERATIONS = [
    Twin.write_everything,
    Twin.write_a_part,
    Twin.write_a_part,
    Twin.resize,
    Twin.shrink,
    Twin.grow,
    Twin.append,
    Twin.append,
    Twin.reopen,
    Twin.another_program_shrinks,
    Twin.another_program_grows,
    Twin.another_program_leaves_rubbish,
]


@given(setup=setups(SHAPES), seed=st.integers(0, 2**32 - 1), length=st.integers(1, 16))
def test_a_sequence_of_growing_and_shrinking_equals_numpy(engine, setup, seed, length):
    twin = Twin(setup, np.random.default_rng(seed))
    twin.write_everything()
    for number in twin.rng.integers(0, len(OPERATIONS), length):
        note(OPERATIONS[number].__name__)
        OPERATIONS[number](twin)
        twin.check()
    twin.reopen()
    twin.check()
