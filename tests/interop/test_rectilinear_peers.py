"""Rectilinear grids as zarr-python 3.4.2 stores them: what the bytes mean, and what goes on in them.

`fixtures/rectilinear_of_zarr_python.py` made the fixture.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.interop.documents import array_of

CASES = json.loads((Path(__file__).parent / "fixtures" / "zarr-python-rectilinear.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
class TestStored:
    @pytest.fixture
    def case(self, name):
        return CASES[name]

    @pytest.fixture
    def model(self, case):
        return np.array(case["values"], case["dtype"]).reshape(case["document"]["shape"])

    @pytest.fixture
    def array(self, case, store):
        objects = {key: bytes.fromhex(digits) for key, digits in case["objects"].items()}
        return array_of(store, case["document"], mode="r+", **objects)

    def test_elements(self, engine, array, model):
        np.testing.assert_array_equal(array[...], model)
        assert array[...].dtype == model.dtype

    def test_parts(self, engine, array, model):
        for selection in [
            (slice(None, None, -1),),
            (..., slice(1, None, 2)),
            (slice(2, 9),),
            (slice(4, 5), slice(0, 3)),
        ]:
            np.testing.assert_array_equal(array[selection], model[selection])
        if model.size:
            last = tuple(n - 1 for n in model.shape)
            assert array[last] == model[last]
            rows = [n % model.shape[0] for n in (5, 0, 3, 3)]
            np.testing.assert_array_equal(array.oindex[rows], model[rows])

    def test_sizes(self, engine, array, case):
        assert array.read_chunk_sizes == tuple(map(tuple, case["read_chunk_sizes"]))
        assert array.write_chunk_sizes == tuple(map(tuple, case["write_chunk_sizes"]))
        assert array.cdata_shape == tuple(map(len, case["read_chunk_sizes"]))

    def test_blocks(self, engine, array, case, model):
        ends = [np.cumsum([0, *sizes]) for sizes in case["write_chunk_sizes"]]
        for coords in np.ndindex(*(len(axis) - 1 for axis in ends)):
            region = tuple(slice(axis[i], axis[i + 1]) for axis, i in zip(ends, coords, strict=True))
            np.testing.assert_array_equal(array.blocks[coords], model[region])

    def test_changes(self, engine, array, model):
        array[:1] = 7
        array[..., -1] = 8
        model[:1] = 7
        model[..., -1] = 8
        np.testing.assert_array_equal(array[...], model)
        more = np.full((3, *model.shape[1:]), 9, model.dtype)
        array.append(more)
        np.testing.assert_array_equal(zarr.open_array(array.store, mode="r")[...], np.concatenate([model, more]))

    def test_the_document_keeps_its_words(self, engine, array, case):
        array.update_attributes({"a": 1})
        stored = json.loads(array.store.get_sync("zarr.json").to_bytes())
        assert stored == {**case["document"], "attributes": {"a": 1}}


@pytest.mark.parametrize("name", ["lengths", "index first", "shards in shards"])
def test_chunks_without_compressors_are_the_same_byte_for_byte(engine, name):
    case = CASES[name]
    store = zarr.storage.MemoryStore()
    array = array_of(store, case["document"], mode="r+")
    array[...] = np.array(case["values"], case["dtype"])
    for key, digits in case["objects"].items():
        assert store.get_sync(key).to_bytes().hex() == digits
