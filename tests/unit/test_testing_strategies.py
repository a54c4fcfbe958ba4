"""`zarr.testing`: strategies give what they say, state machines find what is wrong, buffers are of their own kind."""

from __future__ import annotations

import subprocess
import sys
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

import zarr
from tests.suites.calls import buf, run
from tests.suites.plain_stores import AsyncOnly
from zarr.abc.buffer import BufferPrototype
from zarr.abc.store import RangeByteRequest
from zarr.buffer.cpu import Buffer
from zarr.core.sync import SyncMixin, collect_aiterator, sync
from zarr.storage import LocalStore, MemoryStore, ZipStore
from zarr.testing import assert_bytes_equal, stateful, strategies
from zarr.testing.buffer import NDBufferUsingTestNDArrayLike, StoreExpectingTestBuffer, TestBuffer, TestNDArrayLike
from zarr.testing.stateful import SyncStoreWrapper, ZarrHierarchyStateMachine, ZarrStoreStateMachine
from zarr.testing.utils import gpu_test, has_cupy

QUICK = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(QUICK, max_examples=8, stateful_step_count=12)
SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


class TestStrategies:
    @QUICK
    @given(st.data())
    def test_chunks_and_shards_fit(self, data):
        shape = data.draw(SHAPES)
        chunks = data.draw(strategies.chunk_shapes(shape=shape))
        shards = data.draw(strategies.shard_shapes(shape=shape, chunk_shape=chunks))
        for length, chunk, shard in zip(shape, chunks, shards, strict=True):
            assert 1 <= chunk <= shard <= length
            assert shard % chunk == 0

    @QUICK
    @given(st.data())
    def test_edges_add_up(self, data):
        shape = data.draw(SHAPES)
        for length, edges in zip(shape, data.draw(strategies.rectilinear_chunks(shape=shape)), strict=True):
            assert sum(edges) == length
            assert min(edges) >= 1
        stated, meant = data.draw(strategies.rectilinear_chunk_shape_declarations(shape=shape))
        document = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": stated}}
        grid = strategies.RectilinearChunkGridMetadata.from_dict(document)
        assert grid.chunk_shapes == meant
        assert strategies.chunks_param_from_rectilinear(grid) == [
            axis if isinstance(axis, int) else list(axis) for axis in meant
        ]
        assert data.draw(strategies.chunk_grids(shape=shape)).ndim == len(shape)

    @QUICK
    @given(strategies.arrays())
    def test_arrays_have_elements(self, array):
        assert array[...].shape == array.shape
        assert zarr.open_array(array.store, path=array.path, mode="r").metadata == array.metadata

    @QUICK
    @given(strategies.simple_arrays() | strategies.sharded_arrays() | strategies.sharded_arrays(nested=True))
    def test_other_arrays(self, array):
        assert array[...].dtype == array.dtype

    @QUICK
    @given(strategies.array_metadata())
    def test_metadata_can_be_stored(self, metadata):
        again = type(metadata).from_dict(metadata.to_dict())
        assert again == metadata

    @QUICK
    @given(st.data())
    def test_basic_and_block_selections(self, data):
        array, elements = data.draw(strategies.block_test_arrays())
        index = data.draw(strategies.basic_indices(shape=array.shape))
        np.testing.assert_array_equal(array[index], elements[index])
        sizes = tuple(
            tuple(min(chunk, length - start) for start in range(0, length, chunk))
            for length, chunk in zip(array.shape, array.chunks, strict=True)
        )
        blocks, expected = data.draw(strategies.block_indices(chunk_sizes=sizes))
        np.testing.assert_array_equal(array.blocks[blocks], elements[expected])
        assert all([*accumulate(axis)][-1] == length for axis, length in zip(sizes, array.shape, strict=True))

    @QUICK
    @given(st.data())
    def test_orthogonal_selections_are_what_numpy_selects(self, data):
        elements, chunks = data.draw(strategies.np_array_and_chunks())
        array = zarr.create_array({}, data=elements, chunks=chunks)
        index, places = data.draw(strategies.orthogonal_indices(shape=array.shape))
        np.testing.assert_array_equal(array.oindex[index], elements[places])

    @QUICK
    @given(strategies.key_ranges(max_size=20), strategies.keys(max_num_nodes=3), strategies.paths())
    def test_keys_can_be_stored_under(self, wanted, key, path):
        store = MemoryStore()
        for name in (key, *(name for name, _ in wanted)):
            store.set_sync(name, buf(b"0123456789"))
            assert store.get_sync(name, byte_range=RangeByteRequest(0, 2)).to_bytes() == b"01"
        assert strategies.normalize_path(path) == path.strip("/")

    @QUICK
    @given(strategies.structured_dtypes() | strategies.structured_dtypes(allow_extended=True))
    def test_structured_dtypes(self, dtype):
        assert dtype.names
        assert np.zeros(3, dtype).shape == (3,)

    @QUICK
    @given(strategies.zdtypes(), strategies.v2_dtypes(), strategies.dimension_names(ndim=2))
    def test_data_types(self, dtype, native, names):
        assert dtype.to_native_dtype().itemsize > 0
        assert np.dtype(native) == native
        assert names is None or len(names) == 2

    @QUICK
    @given(strategies.rectilinear_arrays())
    def test_arrays_with_chunks_of_different_lengths(self, array):
        assert array.metadata.to_dict()["chunk_grid"]["name"] == "rectilinear"
        assert tuple(map(sum, array.read_chunk_sizes)) == array.shape

    @QUICK
    @given(strategies.complex_rectilinear_arrays())
    def test_their_elements(self, drawn):
        elements, array = drawn
        np.testing.assert_array_equal(array[...], elements)

    def test_backwards(self):
        assert strategies.is_negative_slice(slice(None, None, -1))
        assert not any(map(strategies.is_negative_slice, [slice(None), 3, slice(0, 2, 1)]))


STORES = {
    "memory": lambda path: MemoryStore(),
    "local": lambda path: LocalStore(path / "root"),
    "zip": lambda path: ZipStore(path / "root.zip", mode="a"),
    "plain": lambda path: AsyncOnly(),
}


@pytest.fixture(params=STORES)
def tested(request, tmp_path):
    return STORES[request.param](tmp_path)


class TestStateMachines:
    def test_stores(self, tested):
        run_state_machine_as_test(lambda: ZarrStoreStateMachine(tested), settings=FEW)

    @pytest.mark.parametrize("store", [AsyncOnly(), MemoryStore()], ids=["plain", "memory"])
    def test_a_chunk_that_became_empty_may_stay_where_none_is_removed_conditionally(self, store, engine):
        machine = ZarrHierarchyStateMachine(store)
        machine.init_store()
        for each in (store, machine.model):
            zarr.create_array(each, name="a", data=np.array([0, 1, 2]), chunks=2).resize(1)
        machine.all_arrays.add("a")
        machine.check_list_prefix_from_root()

        kept = "a/c/0"
        assert (kept in collect_aiterator(store.list())) == (not isinstance(store, MemoryStore))
        for key in ("a/c/1", "a/d") if isinstance(store, MemoryStore) else ("a/d",):
            run(store.set(key, buf(b"x")))
            with pytest.raises(AssertionError):
                machine.check_list_prefix_from_root()
            run(store.delete(key))

    def test_hierarchies(self, tested, engine):
        run_state_machine_as_test(lambda: ZarrHierarchyStateMachine(tested), settings=FEW)

    def test_what_is_wrong_is_found(self):
        class Forgetful(MemoryStore):
            def remove(self, key, **kwargs):
                return True

        class Deleting(ZarrStoreStateMachine):
            pass

        with pytest.raises(AssertionError):
            run_state_machine_as_test(lambda: Deleting(Forgetful()), settings=settings(FEW, max_examples=50))

    def test_names(self):
        assert stateful.split_prefix_name("a/b/c") == ("a/b", "c")
        assert stateful.split_prefix_name("") == ("", "")

    def test_functions_in_the_place_of_coroutines(self):
        store = SyncStoreWrapper(AsyncOnly())
        store.set("a/b", buf(b"0123"))
        assert store.get("a/b", stateful.default_buffer_prototype()).to_bytes() == b"0123"
        parts = store.get_partial_values([("a/b", RangeByteRequest(1, 2))], stateful.default_buffer_prototype())
        assert parts[0].to_bytes() == b"1"
        assert (store.list(), store.list_dir(""), store.list_prefix("a/")) == (["a/b"], ["a"], ["a/b"])
        assert (store.exists("a/b"), store.getsize_prefix("a"), store.is_empty("")) == (True, 4, False)
        store.delete("a/b")
        store.clear()
        assert (store.read_only, store.supports_writes, store.supports_deletes, store.supports_listing) == (
            *(False, True, True, True),
        )


class TestBuffers:
    def test_a_store_that_wants_its_own_buffers(self):
        store = StoreExpectingTestBuffer()
        prototype = BufferPrototype(TestBuffer, NDBufferUsingTestNDArrayLike)
        run(store.set("zarr.json", buf(b"{}")))
        run(store.set("c/0", TestBuffer.from_bytes(b"0123")))
        store.set_sync("c/1", TestBuffer.from_bytes(b"0123"))
        assert type(run(store.get("c/0", prototype))) is TestBuffer
        assert type(store.get_sync("c/1", prototype=prototype)) is TestBuffer
        with pytest.raises(AssertionError, match="'c/0' was stored as a"):
            run(store.set("c/0", buf(b"0123")))
        with pytest.raises(AssertionError, match="asked for as a"):
            run(store.get("c/0", stateful.default_buffer_prototype()))

    def test_arrays_of_their_own(self):
        for made in (
            NDBufferUsingTestNDArrayLike.create(shape=(2, 3), dtype="i4", fill_value=7),
            NDBufferUsingTestNDArrayLike.empty((2, 3), "i4", order="F"),
        ):
            assert type(made.as_ndarray_like()) is TestNDArrayLike
            assert made.shape == (2, 3)


class TestUtilities:
    def test_bytes_are_compared(self):
        assert_bytes_equal(None, None)
        assert_bytes_equal(Buffer.from_bytes(b"a"), memoryview(b"a"))
        for one, other in [(b"a", None), (b"a", b"b"), (Buffer.from_bytes(b""), None)]:
            with pytest.raises(AssertionError, match="the bytes differ"):
                assert_bytes_equal(one, other)

    def test_tests_that_need_a_gpu_are_passed_over_without(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)
        assert not has_cupy()

        @gpu_test
        def test_it():
            raise AssertionError

        assert {mark.name for mark in test_it.pytestmark} == {"gpu", "skipif"}

    def test_the_mark_is_made_known(self):
        lines = []

        class Config:
            def addinivalue_line(self, *line):
                lines.append(line)

        zarr.testing.pytest_configure(Config())
        assert lines == [("markers", "gpu: mark a test as requiring CuPy and GPU")]

    def test_the_library_needs_neither_pytest_nor_hypothesis(self):
        program = """
import sys
sys.modules["pytest"] = sys.modules["hypothesis"] = None
import zarr, zarr.testing, zarr.testing.buffer, zarr.testing.utils
zarr.create_array({}, data=[1, 2])[:]
"""
        subprocess.run([sys.executable, "-c", program], check=True)


def test_coroutines_from_functions():
    async def numbers():
        for i in range(3):
            yield i

    async def three():
        return 3

    class Mixed(SyncMixin):
        def three(self):
            return self._sync(three())

        def numbers(self):
            return self._sync_iter(numbers())

    assert sync(three()) == Mixed().three() == 3
    assert Mixed().numbers() == [0, 1, 2]
    assert collect_aiterator(numbers()) == (0, 1, 2)
