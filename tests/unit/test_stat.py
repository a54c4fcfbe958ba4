"""`zarr.stat`: counts, sizes, maps, what codecs do and what chunks hold."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.suites.damage import STORES, healthy, in_memory
from zarr.codecs import ShardingCodec, TransposeCodec, ZstdCodec
from zarr.errors import NodeNotFoundError


@pytest.mark.parametrize("kind", STORES)
def test_a_hierarchy(kind, tmp_path, engine):
    found = zarr.stat(STORES[kind](healthy(), tmp_path))
    sizes = {key: len(data) for key, data in healthy().items()}
    chunks = {key: n for key, n in sizes.items() if "/c/" in key or key.rpartition("/")[2][0].isdigit()}
    chunks = {key: n for key, n in chunks.items() if "__zarr" not in key}
    assert found.n_stored == len(chunks)
    assert found.nbytes_stored == sum(chunks.values())
    assert found.n_groups == 3
    documents = {key: n for key, n in sizes.items() if key.rpartition("/")[2].startswith((".z", "zarr.json"))}
    assert (found.n_metadata, found.nbytes_metadata) == (len(documents), sum(documents.values()))
    assert found.arrays["g/shards"].n_chunks_stored == 48
    assert found.arrays["g/nested"].chunk_map.shape == (16,)
    assert found.arrays["g/planned"].object_map.tolist() == [[True, True], [False, False], [True, True]]
    assert json.loads(json.dumps(found.to_dict()))["n_arrays"] == 10
    assert "/g/shards: 4 of 4 objects" in str(found)


LAYOUTS = {
    "transposed": ((4, 12), (2, 3), [TransposeCodec(order=(1, 0))], ShardingCodec(chunk_shape=(3, 2))),
    "nested": (
        (8, 12),
        (2, 3),
        [TransposeCodec(order=(1, 0))],
        ShardingCodec(
            chunk_shape=(6, 4),
            codecs=[TransposeCodec(order=(1, 0)), ShardingCodec(chunk_shape=(2, 3), index_location="start")],
        ),
    ),
    "behind a compressor": ((4, 6), (4, 6), [], ShardingCodec(chunk_shape=(2, 3))),
    "uneven": ((6, 10), (2, 10), [], ShardingCodec(chunk_shape=(2, 12))),
}


@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec")
@pytest.mark.parametrize("name", LAYOUTS)
def test_chunks_are_where_they_belong(name, engine):
    """Axes may be stored in another order, on each level another one."""
    shards, chunks, filters, serializer = LAYOUTS[name]
    values = np.random.default_rng(3).integers(0, 3, (13, 22)).astype("i4")
    compressors = ZstdCodec() if name == "behind a compressor" else None
    with zarr.config.set({"array.uneven_shards": True}):
        array = zarr.create_array(
            {},
            shape=(13, 22),
            chunks=shards,
            dtype="i4",
            filters=filters,
            serializer=serializer,
            compressors=compressors,
        )
        array[...] = values
        assert zarr.verify(array).findings == ()
        found = zarr.stat(array, values=True).arrays[""]
    for coords in np.ndindex(*found.chunk_map.shape):
        part = values[tuple(slice(c * n, (c + 1) * n) for c, n in zip(coords, chunks, strict=True))]
        assert found.chunk_map[coords] == (part != 0).any()
        assert found.values.maximum[coords] == part.max()


class TestOneArray:
    def test_sizes(self, engine):
        array = zarr.create_array({}, shape=(10, 10), chunks=(4, 4), dtype="f8", compressors=None)
        array[:4, :8] = 1
        found = zarr.stat(array).arrays[""]
        assert (found.n_objects, found.n_stored, found.nbytes_stored, found.nbytes) == (9, 2, 256, 800)
        assert (found.smallest, found.largest, found.nbytes_chunks, found.ratio) == (128, 128, 256, 1.0)

    def test_stages(self, engine):
        codecs = [{"name": "gzip", "configuration": {"level": 1}}, {"name": "crc32c"}]
        array = zarr.create_array({}, shape=4000, chunks=1000, dtype="i4", compressors=codecs)
        array[:] = 7
        bytes_, gzip, checksum = zarr.stat(array).arrays[""].stages
        assert [stage.codec for stage in (bytes_, gzip, checksum)] == ["bytes", "gzip", "crc32c"]
        assert bytes_.ratio == 1
        assert gzip.ratio > 50
        assert checksum.nbytes_after - checksum.nbytes_before == 4 * 4

    def test_inside_of_shards(self, engine):
        array = zarr.create_array({}, shape=(16, 16), chunks=(2, 2), shards=(8, 8), dtype="i4")
        array[3:5, 3:5] = 1
        found = zarr.stat(array).arrays[""]
        assert (found.n_objects, found.n_stored, found.n_chunks, found.n_chunks_stored) == (4, 1, 64, 4)
        assert [tuple(at) for at in np.argwhere(found.chunk_map).tolist()] == [(1, 1), (1, 2), (2, 1), (2, 2)]

    def test_an_object_that_cannot_be_looked_into(self):
        objects = dict(healthy())
        objects["g/shards/c/0/0"] = b"x"
        found = zarr.stat(in_memory(objects, None)).arrays["g/shards"]
        assert (found.n_stored, found.n_unreadable, found.n_chunks_stored) == (4, 1, 32)

    def test_nothing(self):
        with pytest.raises(NodeNotFoundError):
            zarr.stat({})
        found = zarr.stat(zarr.create_array({}, shape=5, dtype="i4")).arrays[""]
        assert (found.n_stored, found.ratio, found.smallest, found.stages) == (0, None, None, ())
        assert zarr.stat(zarr.create_array({}, shape=(0, 2), dtype="i4")).arrays[""].n_objects == 0
        assert zarr.stat(zarr.create_array({}, shape=(), dtype="i4"), values=True).arrays[""].values.minimum == 0

    def test_a_grid_that_is_mostly_empty(self):
        array = zarr.create_array({}, shape=(10**12, 10**9), chunks=(2, 2), dtype="i4", compressors=None)
        array[10**11 : 10**11 + 3, 5] = 7
        found = zarr.stat(array).arrays[""]
        assert (found.n_stored, found.n_objects, found.object_map, found.nbytes_stored) == (2, 25 * 10**19, None, 32)
        assert zarr.verify(array).censuses[""].n_stored == 2
        with pytest.raises(zarr.errors.ArgumentError, match="leave it out"):
            zarr.stat(array, values=True)

    def test_progress(self):
        told = []
        array = zarr.create_array({}, shape=600, chunks=2, dtype="i4")
        array[:] = 1
        zarr.stat(array, progress=lambda done, of: told.append((done, of)))
        assert told[-1] == (300, 300)

    def test_a_store_that_cannot_list(self):
        class Silent(zarr.storage.WrapperStore):
            supports_listing = False

        found = zarr.stat(Silent(in_memory(healthy(), None)), path="g/raw")
        assert found.arrays[""].n_stored == 4

    def test_types_without_order(self, engine):
        for dtype in ("c8", str, "U3"):
            array = zarr.create_array({}, shape=4, chunks=2, dtype=dtype)
            array[:2] = np.array(["a", "b"]) if dtype != "c8" else [1, complex(np.nan, 0)]
            values = zarr.stat(array, values=True).arrays[""].values
            assert values.minimum is None
            assert values.n_nan.tolist() == ([1, 0] if dtype == "c8" else [0, 0])
            json.dumps(values.to_dict())

    def test_times_and_fill_values_that_are_nan(self, engine):
        array = zarr.create_array({}, shape=6, chunks=2, dtype="f4", fill_value=np.nan)
        array[:2] = [3, 1]
        values = zarr.stat(array, values=True).arrays[""].values
        assert values.n_nan.tolist() == [0, 2, 2]
        assert values.minimum[0] == 1
        assert np.isnan(values.maximum[1])
        times = zarr.create_array({}, shape=3, chunks=2, dtype="M8[s]")
        times[:2] = np.array(["2020-01-01", "NaT"], "M8[s]")
        found = zarr.stat(times, values=True).arrays[""].values
        assert found.minimum[0] == np.datetime64("2020-01-01")
        assert found.n_nan[0] == 1

    @given(st.data())
    @settings(max_examples=40)
    def test_as_numpy_finds_it(self, data):
        shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=2).map(tuple))
        chunks = data.draw(st.lists(st.integers(1, 4), min_size=len(shape), max_size=len(shape)).map(tuple))
        per_shard = data.draw(st.none() | st.lists(st.integers(1, 3), min_size=len(shape), max_size=len(shape)))
        shards = None if per_shard is None else tuple(c * n for c, n in zip(chunks, per_shard, strict=True))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        values = rng.integers(-2, 3, shape).astype("f4")
        values[rng.random(shape) < 0.2] = np.nan
        array = zarr.create_array({}, shape=shape, chunks=chunks, shards=shards, dtype="f4")
        array[...] = values
        found = zarr.stat(array, values=True).arrays[""]
        for coords in np.ndindex(*found.chunk_map.shape):
            part = values[tuple(slice(c * n, (c + 1) * n) for c, n in zip(coords, chunks, strict=True))]
            assert found.chunk_map[coords] == (part != 0).any()
            assert found.values.n_nan[coords] == np.isnan(part).sum()
            if not np.isnan(part).all():
                assert found.values.minimum[coords] == np.nanmin(part)
                assert found.values.maximum[coords] == np.nanmax(part)
        assert found.n_chunks_stored == found.chunk_map.sum()
