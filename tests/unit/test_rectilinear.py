"""Chunks of different lengths: documents, creation, facts, growth, copies, and what is refused."""

from __future__ import annotations

import asyncio
import json
import math
import tracemalloc

import numpy as np
import pytest

import zarr
from tests.interop.documents import LITTLE, codec, put, v3
from zarr._grid.edges import Edges
from zarr._grid.grid import RectilinearGrid, RegularGrid
from zarr._metadata.rectilinear import RectilinearChunkGridMetadata
from zarr.codecs import BloscCodec, BytesCodec, ShardingCodec, TransposeCodec
from zarr.errors import ChunkNotFoundError, MetadataValidationError, ZarrUserWarning
from zarr.storage import MemoryStore

TABLE = np.arange(70, dtype="i4").reshape(10, 7)
UNEVEN = ([3, 3, 4], [5, 2])


@pytest.fixture(autouse=True)
def permitted():
    with zarr.config.set({"array.rectilinear_chunks": True}):
        yield


def inline(*axes, **more):
    return codec("rectilinear", kind="inline", chunk_shapes=list(axes), **more)


def document(*axes, shape=(10, 7), **more):
    return v3(shape=list(shape), **{"chunk_grid": inline(*axes), "codecs": [LITTLE], **more})


def opened(*axes, mode="r+", **more):
    store = MemoryStore()
    put(store, {"zarr.json": document(*axes, **more)})
    return zarr.open_array(store, mode=mode)


def stored_axes(array):
    return json.loads(array.store.get_sync("zarr.json").to_bytes())["chunk_grid"]["configuration"]["chunk_shapes"]


def table(**options):
    array = zarr.create_array(MemoryStore(), data=TABLE, **{"chunks": UNEVEN, **options})
    np.testing.assert_array_equal(array[...], TABLE)
    return array


class TestEdges:
    def test_runs_are_joined_and_written_out(self):
        edges = Edges.of_runs([(3, 1), (3, 2), (4, 1)])
        assert edges == Edges.of([3, 3, 3, 4])
        assert (edges.runs, edges.total, edges.largest, edges.smallest) == (((3, 3), (4, 1)), 13, 4, 3)
        assert (edges.common_divisor, Edges.of([4, 6]).common_divisor) == (1, 2)
        assert repr(edges) == "(3, 3, 3, 4)"
        assert repr(Edges.of([7])) == "(7,)"
        assert repr(Edges.of_runs([(1, 10**12)])).endswith("1, ...)")

    @pytest.mark.parametrize(
        ("first", "second", "is_continued"),
        [
            ([3, 4], [3, 4], True),
            ([3, 4], [3, 4, 5], True),
            ([3, 4], [3, 4, 4], True),
            ([3, 3], [3, 3, 3, 1], True),
            ([3, 4], [3, 5], False),
            ([3, 4], [3], False),
            ([3, 4], [4, 4], False),
            ([3, 3], [3, 4], False),
        ],
    )
    def test_what_continues(self, first, second, is_continued):
        assert Edges.of(first).is_continued_by(Edges.of(second)) is is_continued

    @pytest.mark.parametrize("runs", [[], [(0, 1)], [(1, 0)], [(2**62, 2)], [(1, 2**63)]], ids=str)
    def test_what_is_refused(self, runs):
        with pytest.raises(ValueError, match="chunk"):
            Edges.of_runs(runs)


class TestDocuments:
    @pytest.mark.parametrize(
        ("axes", "sizes"),
        [
            (([3, 3, 4], 7), ((3, 3, 4), (7,))),
            (([[3, 2], 4], [5, 2]), ((3, 3, 4), (5, 2))),
            (([[5, 2]], [[1, 7]]), ((5, 5), (1,) * 7)),
            ((4, 3), ((4, 4, 2), (3, 3, 1))),
            (([3, 3, 4, 5, [6, 100]], [20]), ((3, 3, 4), (7,))),
            (([12, 3], 9), ((10,), (7,))),
            (([[1, 4], [2, 10**15]], 7), ((1, 1, 1, 1, 2, 2, 2), (7,))),
        ],
        ids=str,
    )
    def test_what_they_mean(self, engine, axes, sizes):
        array = opened(*axes)
        assert array.read_chunk_sizes == array.write_chunk_sizes == sizes
        assert array.cdata_shape == tuple(map(len, sizes))
        assert array.nchunks == math.prod(map(len, sizes))
        array[...] = TABLE
        np.testing.assert_array_equal(array[...], TABLE)
        np.testing.assert_array_equal(array[::-2, 1:], TABLE[::-2, 1:])

    def test_a_chunk_is_stored_in_its_own_length(self, engine):
        array = opened([3, 3, 4, 5], [5, 2])
        array[...] = TABLE
        assert len(array.store.get_sync("c/2/1").to_bytes()) == 4 * 2 * 4
        assert sorted(array.store._store_dict) == [*(f"c/{i}/{j}" for i in range(3) for j in range(2)), "zarr.json"]

    @pytest.mark.parametrize(
        ("grid", "text"),
        [
            (inline([3, 3], 7), r"chunk_shapes\[0\].*length 10.*\(3, 3\)"),
            (inline([3, 3, 4]), "2 entries"),
            (inline([3, 3, 4], 7, 7), "2 entries"),
            (inline([], 7), r"chunk_shapes\[0\].*at least one"),
            (inline([3, 0, 7], 7), r"chunk_shapes\[0\]"),
            (inline([3, -3, 10], 7), r"chunk_shapes\[0\]"),
            (inline([10], 0), r"chunk_shapes\[1\]"),
            (inline([10], True), r"chunk_shapes\[1\]"),
            (inline([10.0], 7), r"chunk_shapes\[0\]"),
            (inline(["10"], 7), r"chunk_shapes\[0\]"),
            (inline([None], 7), r"chunk_shapes\[0\]"),
            (inline([[5, 0], 10], 7), r"chunk_shapes\[0\]"),
            (inline([[5, -1], 10], 7), r"chunk_shapes\[0\]"),
            (inline([[0, 5], 10], 7), r"chunk_shapes\[0\]"),
            (inline([[5, 2, 1]], 7), r"\[length, count\]"),
            (inline([[5]], 7), r"\[length, count\]"),
            (inline([[[5, 2], 1]], 7), r"chunk_shapes\[0\]"),
            (inline([[5, 2.0]], 7), r"chunk_shapes\[0\]"),
            (inline([[1, 2**63]], 7), "2\\*\\*63"),
            (inline([[2**40, 2**40]], 7), "2\\*\\*63"),
            (inline([2**63], 7), "2\\*\\*63"),
            (inline([10**40], 7), "2\\*\\*63"),
            (inline(*[[1]] * 65), "64 dimensions"),
            (inline([10], 7, more=1), "more"),
            (codec("rectilinear", chunk_shapes=[10, 7]), "kind"),
            (codec("rectilinear", kind="external", chunk_shapes=[10, 7]), "external"),
            (codec("rectilinear", kind="inline"), "chunk_shapes"),
            (codec("rectilinear", kind="inline", chunk_shapes=10), "chunk_shapes"),
            (codec("rectilinear", kind="inline", chunk_shapes={"0": 10}), "chunk_shapes"),
            ("rectilinear", "kind"),
            (codec("hexagonal"), "hexagonal"),
        ],
        ids=str,
    )
    def test_what_is_wrong_with_one(self, grid, text):
        store = MemoryStore()
        put(store, {"zarr.json": v3(shape=[10, 7], chunk_grid=grid)})
        with pytest.raises(MetadataValidationError, match=text) as caught:
            zarr.open_array(store, mode="r")
        assert "zarr.json" in str(caught.value)

    def test_shards_hold_whole_chunks(self, engine):
        sharding = codec("sharding_indexed", chunk_shape=[2, 7], codecs=[LITTLE], index_codecs=[LITTLE])
        array = opened([4, 2, 6], 7, codecs=[sharding])
        array[...] = TABLE
        np.testing.assert_array_equal(array[...], TABLE)
        assert array.write_chunk_sizes == ((4, 2, 4), (7,))
        assert array.read_chunk_sizes == ((2,) * 5, (7,))
        with pytest.raises(MetadataValidationError, match="does not divide"):
            opened([4, 3, 4], 7, codecs=[sharding])
        with pytest.raises(MetadataValidationError, match="does not divide"):
            opened([4, [2, 5], 3], 7, codecs=[sharding])
        turned = [
            codec("transpose", order=[1, 0]),
            codec("sharding_indexed", **{**sharding["configuration"], "chunk_shape": [7, 2]}),
        ]
        opened([4, 2, 6], 7, codecs=turned)
        with pytest.raises(MetadataValidationError, match="does not divide"):
            opened([4, 3, 3], 7, codecs=turned)

    def test_an_axis_of_length_0_may_have_any_chunks(self, engine):
        array = opened([3, 4], 7, shape=(0, 7))
        assert array.read_chunk_sizes == ((), (7,))
        assert (array.nchunks, array[...].shape) == (0, (0, 7))
        array.append(TABLE)
        assert array.read_chunk_sizes == ((3, 4, 3), (7,))
        np.testing.assert_array_equal(array[...], TABLE)

    def test_a_scalar_has_one_chunk(self, engine):
        array = opened(shape=())
        array[...] = 5
        assert (array[()], array.nchunks, array.read_chunk_sizes) == (5, 1, ())

    def test_the_name_of_the_draft(self, engine):
        store = MemoryStore()
        put(store, {"zarr.json": document(chunk_grid=codec("rectangular", chunk_shape=[[3, 3, 4], 7]))})
        array = zarr.open_array(store, mode="r+")
        assert array.read_chunk_sizes == ((3, 3, 4), (7,))
        array.attrs["a"] = 1
        assert json.loads(store.get_sync("zarr.json").to_bytes())["chunk_grid"]["name"] == "rectangular"

    def test_chunks_that_are_cut_at_the_end_of_the_array(self, engine):
        """As zarrs stores them by the name `zarrs.regular_bounded`; what is written back says the lengths."""
        store = MemoryStore()
        put(store, {"zarr.json": document(chunk_grid=codec("zarrs.regular_bounded", chunk_shape=[4, 7]))})
        array = zarr.open_array(store, mode="r+")
        assert (array.read_chunk_sizes, array.cdata_shape) == (((4, 4, 2), (7,)), (3, 1))
        array[...] = TABLE
        assert [len(store.get_sync(f"c/{i}/0")) for i in range(3)] == [4 * 28, 4 * 28, 2 * 28]
        np.testing.assert_array_equal(zarr.open_array(store)[...], TABLE)
        array.resize((7, 7))
        assert stored_axes(array) == [[[4, 2], 2], 7]
        again = zarr.open_array(store)
        np.testing.assert_array_equal(again[...], TABLE[:7])
        again.append(TABLE)
        np.testing.assert_array_equal(zarr.open_array(store)[...], np.concatenate([TABLE[:7], TABLE]))

    @pytest.mark.parametrize(
        ("shape", "chunk_shape", "sizes"),
        [
            ((), [], ()),
            ((0, 3), [5, 5], ((), (3,))),
            ((3,), [2**62], ((3,),)),
            ((10**11 + 1,), [10**11], ((10**11, 1),)),
        ],
    )
    def test_they_may_be_of_any_length(self, shape, chunk_shape, sizes):
        store = MemoryStore()
        grid = codec("zarrs.regular_bounded", chunk_shape=chunk_shape)
        put(store, {"zarr.json": document(chunk_grid=grid, shape=shape)})
        array = zarr.open_array(store)
        assert array.read_chunk_sizes == sizes

    @pytest.mark.parametrize(
        "configuration",
        [{}, {"chunk_shape": [4]}, {"chunk_shape": [4, 0]}, {"chunk_shape": [4, "7"]}, {"chunk_shape": 4},
         {"chunk_shape": [4, 7], "more": 1}, {"chunk_shape": [4, True]}, {"chunk_shape": [4, 2**70]}],
    )  # fmt: skip
    def test_they_are_looked_at(self, configuration):
        store = MemoryStore()
        put(store, {"zarr.json": document(chunk_grid=codec("zarrs.regular_bounded", **configuration))})
        with pytest.raises(MetadataValidationError, match=r"chunk_grid|chunk_shape"):
            zarr.open_array(store)

    def test_lengths_in_a_grid_that_is_called_regular(self):
        store = MemoryStore()
        put(store, {"zarr.json": document(chunk_grid=codec("regular", chunk_shape=[[3, 3, 4], 7]))})
        with pytest.warns(ZarrUserWarning, match="'rectilinear' one that it is"):
            array = zarr.open_array(store, mode="r+")
        with pytest.warns(ZarrUserWarning, match="Change its attributes"):
            array.attrs["a"] = 1
        assert array.read_chunk_sizes == ((3, 3, 4), (7,))
        assert stored_axes(array) == [[3, 3, 4], 7]

    def test_reading_needs_no_permission(self, engine):
        with zarr.config.set({"array.rectilinear_chunks": False}):
            array = opened([3, 3, 4], 7)
            array[...] = TABLE
            array.append(TABLE)
            array.resize((5, 5))
            np.testing.assert_array_equal(array[...], TABLE[:5, :5])

    def test_a_billion_chunks_in_a_few_bytes(self, engine):
        text = document([[1, 10**12], 5, [7, 10**9]], [[2, 5], 3], shape=(10**12, 13))
        store = MemoryStore()
        put(store, {"zarr.json": text})
        tracemalloc.start()
        array = zarr.open_array(store, mode="r+")
        assert array.cdata_shape == (10**12, 6)
        array[10**11, 3:5] = [8, 9]
        array[10**11 + 1, 12] = 7
        np.testing.assert_array_equal(array[10**11 : 10**11 + 2, ::3], [[0, 8, 0, 0, 0], [0, 0, 0, 0, 7]])
        np.testing.assert_array_equal(array.blocks[10**11, 1], [[0, 8]])
        np.testing.assert_array_equal(array.vindex[[0, 10**11], [1, 4]], [0, 9])
        array.resize((10**11 + 1, 13))
        assert array.nchunks_initialized == 2
        assert repr(array.metadata.chunk_grid).endswith("...), (2, 2, 2, 2, 2, 3)))")
        assert zarr.zeros_like(array).cdata_shape == array.cdata_shape
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * 2**20

    def test_a_chunk_that_no_memory_holds(self):
        array = opened([10, 2**50], 7)
        array[...] = TABLE
        np.testing.assert_array_equal(array[...], TABLE)
        with pytest.raises(MetadataValidationError, match="max_chunk_bytes"):
            opened([2**50, 5], 7)


class TestCreation:
    @pytest.mark.parametrize(
        ("chunks", "axes"),
        [
            ([[3, 3, 4], [7]], [[[3, 2], 4], [7]]),
            (((3, 3, 4), 7), [[[3, 2], 4], 7]),
            ([np.array([3, 3, 4]), np.int64(2)], [[[3, 2], 4], 2]),
            ([range(1, 5), -1], [[1, 2, 3, 4], 7]),
            ([[3, 3, 4], None], [[[3, 2], 4], 7]),
            ([[10], 7], [[10], 7]),
        ],
        ids=str,
    )
    def test_lengths_one_by_one(self, engine, chunks, axes):
        array = zarr.create_array(MemoryStore(), data=TABLE, chunks=chunks)
        assert stored_axes(array) == axes
        np.testing.assert_array_equal(array[...], TABLE)

    @pytest.mark.parametrize(
        ("chunks", "error", "text"),
        [
            ([[3, 3], 7], ValueError, r"chunks\[0\] have 6 elements together, and axis 0 has the length 10"),
            ([[3, 3, 4, 5], 7], ValueError, r"15 elements"),
            ([[10, 20], 7], ValueError, "30 elements"),
            ([[10], [4, 4]], ValueError, r"chunks\[1\] have 8"),
            ([[3, 0, 7], 7], ValueError, "at least 1"),
            ([[3, -1, 7], 7], ValueError, "at least 1"),
            ([[10], 0], ValueError, "at least 1"),
            ([[], 7], ValueError, "at least 1"),
            ([[3, 3, 4]], ValueError, "2 dimensions"),
            ([[[5, 2]], 7], TypeError, "integers"),
            ([[5.0, 5.0], 7], TypeError, "integers"),
            ([["5", "5"], 7], TypeError, "integers"),
            ([[10], 2.5], TypeError, "integers"),
            ([[10], "auto"], TypeError, "integers"),
        ],
        ids=str,
    )
    def test_what_is_refused(self, chunks, error, text):
        with pytest.raises(error, match=text):
            zarr.create_array({}, shape=(10, 7), dtype="i4", chunks=chunks)

    @pytest.mark.parametrize("options", [{"chunks": UNEVEN}, {"chunks": (1, 1), "shards": UNEVEN}])
    def test_it_has_to_be_permitted(self, options):
        with (
            zarr.config.set({"array.rectilinear_chunks": False}),
            pytest.raises(ValueError, match=r"array\.rectilinear_chunks"),
        ):
            zarr.create_array({}, shape=(10, 7), dtype="i4", **options)

    def test_format_2_has_none(self):
        with pytest.raises(ValueError, match="format 2 has no chunks of different lengths"):
            zarr.create_array({}, shape=(10, 7), dtype="i4", chunks=UNEVEN, zarr_format=2)
        with pytest.raises(ValueError, match="format 2 has no chunks of different lengths"):
            zarr.from_array({}, data=table(), zarr_format=2)

    def test_shards(self, engine):
        array = table(chunks=(2, 7), shards=([4, 6], 7))
        assert stored_axes(array) == [[4, 6], 7]
        assert array.chunks == (2, 7)
        array = table(chunks=(4, 7), shards={"shape": ([8, 4], 7), "index_location": "start"})
        assert array.write_chunk_sizes == ((8, 2), (7,))
        assert table(chunks="auto", shards=([4, 6], 7)).chunks == (2, 7)
        with pytest.raises(ValueError, match="does not divide"):
            table(chunks=(2, 7), shards=([4, 3, 3], 7))
        with pytest.raises(ValueError, match="cannot be the inner chunks"):
            table(chunks=UNEVEN, shards=(10, 7))
        with pytest.raises(ValueError, match="14 elements"):
            table(chunks=(2, 7), shards=([4, 6, 4], 7))

    def test_every_function_takes_them(self, engine, tmp_path):
        group = zarr.create_group(MemoryStore())
        made = [
            group.create_array("a", shape=(10, 7), dtype="i4", chunks=UNEVEN),
            group.require_array("b", shape=(10, 7), dtype="i4", chunks=UNEVEN),
            zarr.create((10, 7), chunks=UNEVEN, dtype="i4"),
            zarr.create((10, 7), chunk_shape=UNEVEN, dtype="i4"),
            zarr.zeros((10, 7), chunks=UNEVEN),
            zarr.array(TABLE, chunks=UNEVEN),
            zarr.from_array({}, data=TABLE, chunks=UNEVEN),
            zarr.open_array(tmp_path / "x", mode="w", shape=(10, 7), chunks=UNEVEN),
            zarr.zeros_like(table()),
            zarr.empty_like(table(), dtype="f4"),
            zarr.from_array({}, data=table()),
        ]
        for array in made:
            assert array.read_chunk_sizes == ((3, 3, 4), (5, 2))

    def test_what_is_there_is_opened_if_it_is_the_same(self, tmp_path):
        zarr.open_array(tmp_path / "x", mode="w", shape=(10, 7), chunks=UNEVEN)
        zarr.open_array(tmp_path / "x", mode="a", shape=(10, 7), chunks=UNEVEN)
        with pytest.warns(ZarrUserWarning, match="chunks had no effect"):
            zarr.open_array(tmp_path / "x", mode="a", shape=(10, 7), chunks=(5, 5))
        with pytest.warns(ZarrUserWarning, match="chunks had no effect"):
            zarr.open_array(tmp_path / "x", mode="a", shape=(10, 7), chunks=([3, 7], 5))

    def test_a_copy_of_another_shape_needs_other_chunks(self):
        with pytest.raises(ValueError, match="not for an array of shape"):
            zarr.zeros_like(table(), shape=(20, 7))
        assert zarr.zeros_like(table(), shape=(20, 7), chunks=(5, 5)).chunks == (5, 5)

    def test_codecs_have_to_take_the_largest_chunk(self):
        with pytest.raises(ValueError, match="blosc"):
            zarr.create_array(
                {}, shape=2**31, dtype="i1", chunks=[[1, 2**31 - 1]], compressors=BloscCodec(cname="lz4", typesize=1)
            )


class TestFacts:
    def test_there_is_no_one_shape(self):
        array = table()
        with pytest.raises(NotImplementedError, match="read_chunk_sizes"):
            array.chunks  # noqa: B018
        sharded = table(chunks=(2, 7), shards=([4, 6], 7))
        assert (array.shards, sharded.chunks) == (None, (2, 7))
        with pytest.raises(NotImplementedError, match="write_chunk_sizes"):
            sharded.shards  # noqa: B018
        with pytest.raises(NotImplementedError, match="write_chunk_sizes"):
            sharded.async_array.shards  # noqa: B018

    def test_the_table_says_so(self, engine):
        assert "Chunk shape        : <variable>" in repr(table().info)
        complete = repr(table(chunks=(2, 7), shards=([4, 6], 7)).info_complete())
        assert "Shard shape        : <variable>" in complete
        assert "Chunk shape        : (2, 7)" in complete
        assert "Shards Initialized : 2" in complete

    def test_stored_chunks(self, engine):
        array = zarr.create_array({}, shape=(10, 7), dtype="i4", chunks=(1, 7), shards=([4, 6], 7))
        assert (array.nchunks, array.nchunks_initialized) == (10, 0)
        array[5] = 1
        assert array.nchunks_initialized == 6
        array[0] = 1
        assert array.nchunks_initialized == asyncio.run(array.async_array.nchunks_initialized()) == 10

    def test_missing_chunks(self, engine):
        array = zarr.create_array({}, shape=(10, 7), dtype="i4", chunks=UNEVEN, fill_value=9)
        array[0, 0] = 1
        assert array[3:].min() == array[:, 5:].max() == 9
        strict = array.with_config({"read_missing_chunks": False})
        assert strict[1, 1] == 9
        with pytest.raises(ChunkNotFoundError, match="c/1/0"):
            strict[4, 0]

    def test_rows_one_by_one(self, engine):
        np.testing.assert_array_equal(list(table()), TABLE)

    def test_damaged_chunks_are_named(self, engine):
        array = table(compressors=None)
        stored = array.store.get_sync("c/2/1").to_bytes()
        array.store.set_sync("c/2/1", zarr.buffer.cpu.Buffer.from_bytes(stored[:-1]))
        with pytest.raises(ValueError, match="c/2/1"):
            array[...]
        np.testing.assert_array_equal(array[:6], TABLE[:6])

    def test_the_native_engine_takes_them(self):
        with zarr.config.set({"engine": "native"}):
            assert table().engine == "native"
            assert table(chunks=(2, 7), shards=([4, 6], 7)).engine == "native"
            assert table(filters=[TransposeCodec(order=(1, 0))]).engine == "native"


class TestGrowth:
    def test_a_chunk_more_for_what_is_more(self, engine):
        array = table(chunks=([3, 3, 4], 5))
        array.append(np.full((5, 7), 100, "i4"))
        array.append(np.full((5, 7), 101, "i4"))
        assert stored_axes(array) == [[[3, 2], 4, [5, 2]], 5]
        array.append(np.full((20, 4), 102, "i4"), axis=1)
        assert stored_axes(array) == [[[3, 2], 4, [5, 2]], 5]
        assert array.read_chunk_sizes == ((3, 3, 4, 5, 5), (5, 5, 1))
        expected = np.full((20, 11), 102)
        expected[:10, :7], expected[10:15, :7], expected[15:, :7] = TABLE, 100, 101
        np.testing.assert_array_equal(array[...], expected)
        np.testing.assert_array_equal(zarr.open_array(array.store, mode="r")[...], expected)

    def test_chunks_stay_where_they_are_cut_off(self, engine):
        array = table()
        array.resize((5, 4))
        assert stored_axes(array) == [[[3, 2], 4], [5, 2]]
        assert array.read_chunk_sizes == ((3, 2), (4,))
        array.resize((8, 7))
        assert stored_axes(array) == [[[3, 2], 4], [5, 2]]
        array.resize((14, 9))
        assert stored_axes(array) == [[[3, 2], [4, 2]], [5, [2, 2]]]
        expected = np.zeros((14, 9), "i4")
        expected[:5, :4] = TABLE[:5, :4]
        np.testing.assert_array_equal(array[...], expected)
        array.resize((0, 9))
        assert array.nchunks_initialized == 0

    @pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning")
    @pytest.mark.parametrize("filters", [None, [TransposeCodec(order=(1, 0))]])
    def test_new_shards_hold_whole_chunks(self, engine, filters):
        inner = ShardingCodec(chunk_shape=(2, 7) if filters is None else (7, 2), codecs=[BytesCodec()])
        array = table(chunks=([4, 6], 7), serializer=inner, filters=filters, compressors=None)
        array.append(np.full((5, 7), 100, "i4"))
        assert stored_axes(array) == [[4, [6, 2]], 7]
        assert array.write_chunk_sizes == ((4, 6, 5), (7,))
        array.append(np.full((1, 7), 101, "i4"))
        assert stored_axes(array) == [[4, [6, 2]], 7]
        array.append(np.full((1, 7), 102, "i4"))
        assert stored_axes(array) == [[4, [6, 2], 2], 7]
        expected = np.concatenate([TABLE, np.repeat([100, 101, 102], [5, 1, 1])[:, None] + np.zeros((1, 7), int)])
        np.testing.assert_array_equal(array[...], expected)

    def test_the_rest_of_the_document_keeps_its_words(self):
        array = opened([[3, 1], 3, [4, 1]], 7, dimension_names=["x", None])
        before = json.loads(array.store.get_sync("zarr.json").to_bytes())
        array.resize((9, 7))
        after = json.loads(array.store.get_sync("zarr.json").to_bytes())
        assert after == {**before, "shape": [9, 7]}
        array.resize((12, 7))
        after = json.loads(array.store.get_sync("zarr.json").to_bytes())
        assert after == {**before, "shape": [12, 7], "chunk_grid": inline([[3, 2], 4, 2], 7)}

    def test_a_chunk_that_codecs_cannot_take_is_refused_and_nothing_changes(self):
        array = zarr.create_array(
            {}, shape=4, dtype="i1", chunks=[[1, 3]], compressors=BloscCodec(cname="lz4", typesize=1)
        )
        before = stored_axes(array)
        with pytest.raises(ValueError, match="blosc"):
            array.resize(2**31 + 100)
        assert (array.shape, stored_axes(array)) == ((4,), before)

    def test_consolidated_metadata_tell_of_new_chunks(self, engine):
        group = zarr.create_group(MemoryStore())
        group.create_array("a", data=TABLE, chunks=UNEVEN)
        with pytest.warns(ZarrUserWarning, match="onsolidated"):
            zarr.consolidate_metadata(group.store)
        group = zarr.open_consolidated(group.store)
        group["a"].append(TABLE)
        again = zarr.open_consolidated(group.store)["a"]
        assert again.read_chunk_sizes == ((3, 3, 4, 10), (5, 2))
        np.testing.assert_array_equal(again[...], np.concatenate([TABLE, TABLE]))

    def test_handles_of_one_array_append_in_turn(self, engine, tmp_path):
        first = zarr.create_array(tmp_path / "a", data=TABLE, chunks=UNEVEN)
        second = zarr.open_array(tmp_path / "a", mode="r+")
        for number in range(4):
            (first, second)[number % 2].append(np.full((number + 1, 7), number, "i4"))
        expected = np.concatenate([TABLE, *(np.full((n + 1, 7), n) for n in range(4))])
        np.testing.assert_array_equal(zarr.open_array(tmp_path / "a", mode="r")[...], expected)


class TestCopies:
    GRIDS = (
        {"chunks": UNEVEN},
        {"chunks": (4, 3)},
        {"chunks": (2, 7), "shards": ([4, 6], 7)},
        {"chunks": (5, 7), "shards": (10, 7)},
        {"chunks": ([1] * 10, [6, 1])},
    )

    @pytest.mark.parametrize("old", GRIDS, ids=str)
    @pytest.mark.parametrize("new", GRIDS, ids=str)
    def test_between_grids(self, engine, old, new):
        copied = zarr.from_array({}, data=table(**old), **{"shards": None, **new})
        np.testing.assert_array_equal(copied[...], TABLE)
        same = zarr.from_array({}, data=table(**old))
        assert same.metadata.chunk_grid == table(**old).metadata.chunk_grid

    def test_of_groups(self, engine):
        source, target = zarr.create_group(MemoryStore()), zarr.create_group(MemoryStore())
        source.create_array("a", data=TABLE, chunks=UNEVEN)
        source.create_array("b", data=TABLE, chunks=(2, 7), shards=([4, 6], 7))
        with zarr.config.set({"array.rectilinear_chunks": False}):
            zarr.copy_all(source, target)
            zarr.copy(source["a"], target, name="c", compressors=None)
        for name in ("a", "b", "c"):
            np.testing.assert_array_equal(target[name][...], TABLE)
        assert target["c"].metadata.chunk_grid == source["a"].metadata.chunk_grid


ENCODING = """
from dataclasses import dataclass
from typing import ClassVar
from zarr.abc import metadata
from zarr.core.chunk_key_encodings import ChunkKeyEncoding

@dataclass(frozen=True)
class Tiles(ChunkKeyEncoding):
    name: ClassVar[str] = "tiles"
    suffix: str = ".tile"

    def encode_chunk_key(self, chunk_coords):
        return "_".join(map(str, ("t", *chunk_coords))) + self.suffix

    def decode_chunk_key(self, chunk_key):
        head, *numbers = chunk_key.removesuffix(self.suffix).split("_")
        if head != "t" or not chunk_key.endswith(self.suffix):
            raise ValueError(chunk_key)
        return tuple(map(int, numbers))
"""


@pytest.mark.parametrize("options", TestCopies.GRIDS, ids=str)
def test_chunk_keys_of_a_package(install, engine, tmp_path, options):
    install("tiles", "[zarr.chunk_key_encoding]\ntiles = tiles:Tiles\n", ENCODING)
    encoding = {"name": "tiles", "configuration": {"suffix": ".x"}}
    array = zarr.create_array(tmp_path / "a", data=TABLE, chunk_key_encoding=encoding, **options)
    assert (tmp_path / "a" / "t_0_0.x").exists()
    n_stored = len(list((tmp_path / "a").glob("t_*.x")))
    assert n_stored == math.prod(map(len, array.write_chunk_sizes))
    array = zarr.open_array(tmp_path / "a", mode="r+")
    np.testing.assert_array_equal(array[...], TABLE)
    array[2:5] = 7
    array.append(TABLE)
    array.resize((12, 5))
    expected = np.concatenate([TABLE, TABLE])[:12, :5]
    expected[2:5] = 7
    np.testing.assert_array_equal(array[...], expected)
    assert len(list((tmp_path / "a").glob("t_*.x"))) == math.prod(map(len, array.write_chunk_sizes))


def test_grids_say_what_they_are():
    grid = RectilinearChunkGridMetadata(chunk_shapes=([4, 6], 7))
    assert grid.to_grid() == RectilinearGrid((Edges.of([4, 6]), 7))
    assert grid.to_grid().divisors == (2, 7)
    assert grid.to_grid().largest((5, 5)) == (6, 7)
    assert grid.to_grid().largest((4, 5)) == grid.to_grid().largest((0, 0)) == (4, 7)
    assert grid.to_grid().refine((2, 7)) == RegularGrid((2, 7))
    assert list(grid.to_grid().all_coords((5, 8))) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert eval(repr(grid), {"RectilinearChunkGridMetadata": RectilinearChunkGridMetadata}) == grid
