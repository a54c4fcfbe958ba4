"""Reading into the memory of a GPU, and writing from there, with a stand-in for CuPy. No GPU has a part in this."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import Awaited
from tests.suites.stand_in_for_cupy import installed
from zarr._buffer.pinned import N_SLABS
from zarr._flow import by_slabs
from zarr.storage import GpuMemoryStore, MemoryStore
from zarr.testing.store import StoreTests
from zarr.testing.utils import has_cupy


@pytest.fixture
def cupy():
    with installed() as module:
        yield module


@pytest.fixture
def small_slabs(monkeypatch):
    """Slabs of some hundred bytes, so that small arrays have many parts."""
    monkeypatch.setattr(by_slabs, "_LEAST_NBYTES", 200)
    monkeypatch.setattr(by_slabs, "_MOST_NBYTES", 200)


SHAPE = (23, 10, 7)
DATA = np.arange(np.prod(SHAPE)).reshape(SHAPE)
LAYOUTS = {
    "chunks": {"chunks": (4, 3, 7)},
    "one chunk": {"chunks": SHAPE},
    "shards": {"chunks": (2, 5, 7), "shards": (8, 10, 7)},
    "rows": {"chunks": (1, 10, 7)},
    "F": {"chunks": (5, 4, 3), "config": {"order": "F"}},
}
SELECTIONS = {
    "all": np.s_[...],
    "a part": np.s_[3:19, 2:9, 1],
    "steps": np.s_[::3, ::-1, 5:1:-2],
    "backwards": np.s_[::-1],
    "an integer": np.s_[4],
    "new axes": np.s_[None, 2:20, None, :, 3],
    "nothing": np.s_[5:5],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("selection", SELECTIONS)
def test_reads_give_arrays_on_the_gpu(cupy, small_slabs, engine, layout, selection):
    array = zarr.create_array({}, data=DATA.astype("f4"), **LAYOUTS[layout])
    with zarr.config.enable_gpu():
        found = array[SELECTIONS[selection]]
    assert type(found) is cupy.ndarray
    np.testing.assert_array_equal(found.get(), DATA[SELECTIONS[selection]].astype("f4"))
    assert found.dtype == "f4"


def test_other_selections(cupy, small_slabs, engine):
    array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
    rows, columns = [22, 0, 5, 5], [1, 9]
    mask = DATA % 3 == 0
    with zarr.config.enable_gpu():
        found = {
            "orthogonal": (array.oindex[rows, :, columns[0]], DATA[rows][:, :, columns[0]]),
            "ordered": (array.oindex[sorted(rows), columns], DATA[sorted(rows)][:, columns]),
            "points": (array.vindex[rows, [9, 0, 3, 3], 5], DATA[rows, [9, 0, 3, 3], 5]),
            "mask": (array.get_mask_selection(mask), DATA[mask]),
            "block": (array.blocks[1:3, 0], DATA[4:12, :3]),
            "fancy": (array[rows], DATA[rows]),
        }
        for name, (got, expected) in found.items():
            assert type(got) is cupy.ndarray, name
            np.testing.assert_array_equal(got.get(), expected, err_msg=name)
        assert array[3, 4, 5] == DATA[3, 4, 5]
        assert isinstance(array[3, 4, 5], np.generic)


def test_lazy_views(cupy, engine):
    array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
    views = [
        (array.lazy[3:19, ::-2, 1].T, DATA[3:19, ::-2, 1].T),
        (array.lazy.oindex[[5, 1], 2:].T, DATA[[5, 1], 2:].T),
        (array.lazy.vindex[[5, 1], [2, 9], 0], DATA[[5, 1], [2, 9], 0]),
        (array.lazy[2, None].oindex[[0, 0]], DATA[[2, 2]]),
    ]
    for view, expected in views:
        with zarr.config.enable_gpu():
            found = view.read()
        assert type(found) is cupy.ndarray
        np.testing.assert_array_equal(found.get(), expected)
        out = cupy.empty(view.shape, "f8")
        assert view.read(out) is out
        np.testing.assert_array_equal(out.get(), expected)
        assert type(np.asarray(view)) is np.ndarray
    view, expected = views[0]
    view[...] = cupy.asarray(-expected)
    np.testing.assert_array_equal(array[3:19, ::-2, 1].T, -expected)


@pytest.mark.parametrize(
    "dtype", ["bool", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8", "c16", ">i2", ">u4", ">f8", ">c16"]
)
def test_data_types(cupy, small_slabs, engine, zarr_format, dtype):
    data = (np.arange(200).reshape(20, 10) % 120).astype(dtype)
    array = zarr.create_array({}, data=data, chunks=(3, 10), zarr_format=zarr_format)
    with zarr.config.enable_gpu():
        found = array[:]
    assert found.dtype == data.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found.get(), data)
    np.testing.assert_array_equal(array[:], data)  # and what is stored is as it was


@pytest.mark.parametrize(
    "data",
    [
        np.array(["a", "bc"], "U2"),
        np.array([b"a", b"bc"]),
        np.array(["a", "bc"], np.dtypes.StringDType()),
        np.array(["2020-01-01", "NaT"], "M8[s]"),
        np.array([1, 2], "m8[ms]"),
        np.array([(1, 2.0)], [("x", "i4"), ("y", "f8")]),
        np.array([b"abc"], "V3"),
    ],
)
def test_what_a_gpu_cannot_hold(cupy, engine, data):
    array = zarr.create_array({}, data=data, zarr_format=2)
    with zarr.config.enable_gpu():
        with pytest.raises(
            TypeError, match=r"cannot be in the memory of a GPU, where CuPy has numbers and Booleans only"
        ):
            array[:]
        found = array.get_basic_selection(..., prototype=zarr.buffer.cpu.buffer_prototype)
    np.testing.assert_array_equal(found, data)


def test_fields_of_numbers(cupy, engine):
    data = np.array([(1, 2.0), (3, 4.0)], [("x", ">i4"), ("y", "f8")])
    array = zarr.create_array({}, data=data)
    with zarr.config.enable_gpu():
        np.testing.assert_array_equal(array["x"].get(), [1, 3])
        np.testing.assert_array_equal(array.get_basic_selection(..., fields="y").get(), [2.0, 4.0])


def test_shapes_without_elements_or_axes(cupy, engine):
    with zarr.config.enable_gpu():
        assert zarr.create_array({}, shape=(0, 3), dtype="i4", chunks=(1, 3))[:].shape == (0, 3)
        scalar = zarr.create_array({}, data=np.array(7))
        assert scalar[...] == scalar[()] == 7
        assert scalar[None].get().tolist() == [7]


class TestOut:
    """`out=` on the GPU."""

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_of_cupy(self, cupy, small_slabs, engine, order):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        out = cupy.empty(SHAPE, DATA.dtype, order)
        assert array.get_basic_selection(..., out=out) is out
        np.testing.assert_array_equal(out.get(), DATA)

    def test_a_part_of_another(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        whole = cupy.zeros((23, 20, 9), DATA.dtype)
        array.get_basic_selection(..., out=whole[:, ::2, 1:8])
        expected = np.zeros((23, 20, 9), DATA.dtype)
        expected[:, ::2, 1:8] = DATA
        np.testing.assert_array_equal(whole.get(), expected)

    def test_of_a_wider_dtype(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA.astype(">i2"), chunks=(4, 3, 7))
        out = cupy.empty(SHAPE, "f8")
        array.get_basic_selection(..., out=out)
        np.testing.assert_array_equal(out.get(), DATA)
        with pytest.raises(ValueError, match=r"cannot be cast to bool"):
            array.get_basic_selection(..., out=cupy.empty(SHAPE, "bool"))
        with pytest.raises(ValueError, match=r"Expected \(23, 10, 7\), got \(3,\)"):
            array.get_basic_selection(..., out=cupy.empty(3, "i2"))

    def test_every_method(self, cupy, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        whole = cupy.empty(SHAPE, DATA.dtype)
        array.get_orthogonal_selection(..., out=whole)
        np.testing.assert_array_equal(whole.get(), DATA)
        array.get_block_selection(..., out=whole)
        points = cupy.empty(2, DATA.dtype)
        array.get_coordinate_selection(([1, 2], [3, 4], [5, 6]), out=points)
        np.testing.assert_array_equal(points.get(), DATA[[1, 2], [3, 4], [5, 6]])
        mask = np.zeros(SHAPE, bool)
        mask[0, 0, :2] = True
        array.get_mask_selection(mask, out=points)
        np.testing.assert_array_equal(points.get(), DATA[mask])

    def test_on_the_asynchronous_face(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7)).async_array
        out = zarr.buffer.gpu.NDBuffer(cupy.empty(SHAPE, DATA.dtype))
        asyncio.run(array.get_orthogonal_selection(..., out=out))
        np.testing.assert_array_equal(out.as_numpy_array(), DATA)

    def test_by_the_protocols_of_other_libraries(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        for wrap in (ByInterface, ByDLPack):
            memory = cupy.zeros(SHAPE, DATA.dtype)
            array.get_basic_selection(..., out=wrap(memory))
            np.testing.assert_array_equal(memory.get(), DATA)

    def test_that_is_read_only(self, cupy, engine):
        array = zarr.create_array({}, data=DATA)
        with pytest.raises(ValueError, match="out argument is read-only"):
            array.get_basic_selection(..., out=ByInterface(cupy.zeros(SHAPE, DATA.dtype), read_only=True))

    def test_on_the_host_while_reads_go_to_the_gpu(self, cupy, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        out = np.zeros(SHAPE, DATA.dtype)
        with zarr.config.enable_gpu():
            assert array.get_basic_selection(..., out=out) is out
        np.testing.assert_array_equal(out, DATA)

    def test_of_a_device_that_nobody_reaches(self, engine):
        array = zarr.create_array({}, data=DATA)
        with pytest.raises(TypeError, match=r"out argument needs to be an NDBuffer.*Got <class '.*Elsewhere'>"):
            array.get_basic_selection(..., out=Elsewhere())


class ByInterface:
    """An array on a GPU as Numba and PyTorch have them."""

    def __init__(self, array, *, read_only=False):
        interface = array.__cuda_array_interface__
        self.__cuda_array_interface__ = {**interface, "data": (interface["data"][0], read_only)}
        self.array = array


class ByDLPack:
    """An array on a GPU as JAX has them, say."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array

    def __dlpack_device__(self):
        return 2, 0


class Elsewhere(ByDLPack):
    def __init__(self):
        super().__init__(None)

    def __dlpack_device__(self):
        return 7, 0  # of Vulkan


class TestSlabs:
    """How elements get there."""

    def test_few_are_used_again_and_again(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA.astype("u1"), chunks=(1, 10, 7))
        with zarr.config.enable_gpu():
            found = array[:]
        assert len(cupy.state.blocks) == N_SLABS
        assert all(block.nbytes <= 200 for block in cupy.state.blocks)
        np.testing.assert_array_equal(found.get(), DATA.astype("u1"))

    def test_no_more_than_there_is_to_read(self, cupy, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        with zarr.config.enable_gpu():
            array[:]
        assert [block.nbytes for block in cupy.state.blocks] == [DATA.nbytes]

    def test_a_chunk_that_is_larger_gets_a_larger_one(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(10, 10, 7))
        with zarr.config.enable_gpu():
            np.testing.assert_array_equal(array[:].get(), DATA)
        assert max(block.nbytes for block in cupy.state.blocks) == 10 * 10 * 7 * 8

    def test_all_copies_are_over_when_a_read_returns(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        with zarr.config.enable_gpu():
            found = array[:]
        assert cupy.state.n_free == len(cupy.state.blocks)
        np.testing.assert_array_equal(found.memory, DATA)  # without `get`, which would wait

    def test_also_of_one_that_fails(self, cupy, small_slabs, engine):
        store = MemoryStore()
        array = zarr.create_array(store, data=DATA, chunks=(4, 10, 7), compressors="gzip")
        store._store_dict["c/4/0/0"] = zarr.buffer.cpu.Buffer.from_bytes(b"no gzip")
        out = cupy.zeros(SHAPE, DATA.dtype)
        with pytest.raises(zarr.errors.CodecError, match="c/4/0/0"):
            array.get_basic_selection(..., out=out)
        assert cupy.state.n_free == len(cupy.state.blocks)
        np.testing.assert_array_equal(out.memory[:16], DATA[:16])

    def test_copies_go_into_the_stream_of_the_caller(self, cupy, small_slabs, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        with zarr.config.enable_gpu(), cupy.cuda.Stream() as stream:
            array[:]
        assert stream.n_done > 1
        assert cupy.state.null.n_done == 0

    def test_and_to_the_device_of_the_array(self, cupy, engine):
        array = zarr.create_array({}, data=DATA)
        with cupy.cuda.Device(3):
            out = cupy.empty(SHAPE, DATA.dtype)
        cupy.state.devices_entered.clear()
        array.get_basic_selection(..., out=out)
        assert set(cupy.state.devices_entered) == {3}

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_in_stores_that_have_to_be_awaited(self, cupy, small_slabs, engine, layout):
        store = Awaited(MemoryStore())
        array = zarr.create_array(store, data=DATA, **LAYOUTS[layout])
        with zarr.config.enable_gpu():
            np.testing.assert_array_equal(array[:].get(), DATA)
            np.testing.assert_array_equal(asyncio.run(array.async_array.getitem(np.s_[::2])).get(), DATA[::2])
        assert len(cupy.state.blocks) <= 2 * N_SLABS + 1  # one more where a part needs a larger one

    def test_large_chunks_have_larger_slabs(self, monkeypatch):
        spec = zarr.create_array({}, shape=(10**6, 1000), chunks=(1000, 1000), dtype="f8")._node.view.spec
        monkeypatch.setattr(by_slabs, "most_threads", lambda: 1)
        assert by_slabs.slab_nbytes(spec) == 32 * 2**20
        monkeypatch.setattr(by_slabs, "most_threads", lambda: 4)
        assert by_slabs.slab_nbytes(spec) == 64 * 10**6
        monkeypatch.setattr(by_slabs, "most_threads", lambda: 64)
        assert by_slabs.slab_nbytes(spec) == 128 * 2**20


class TestWriting:
    """Values that are on the GPU."""

    @pytest.fixture
    def values(self, cupy):
        return cupy.asarray(DATA)

    def test_arrays_are_made_of_them(self, values, engine, zarr_format):
        for made in (
            zarr.array(values),
            zarr.create_array({}, data=values, zarr_format=zarr_format),
            zarr.create_array({}, data=ByDLPack(values)),
            zarr.create_array({}, data=ByInterface(values), dtype="f8", chunks=(4, 3, 7)),
        ):
            np.testing.assert_array_equal(made[:], DATA)

    def test_they_are_assigned(self, values, engine, cupy):
        array = zarr.create_array({}, shape=SHAPE, dtype="i8", chunks=(4, 3, 7))
        array[:] = values
        np.testing.assert_array_equal(array[:], DATA)
        array[::2, 1] = cupy.asarray(np.arange(7))
        array.set_orthogonal_selection(([0, 2], slice(None), 3), cupy.asarray(np.zeros((2, 10), int)))
        array.set_coordinate_selection(([1], [2], [3]), cupy.asarray(np.array([-1])))
        mask = np.zeros(SHAPE, bool)
        mask[5, 5, 5] = True
        array.set_mask_selection(mask, cupy.asarray(np.array([-2])))
        array.vindex[[7], [7], [6]] = ByDLPack(cupy.asarray(np.array([-3])))
        expected = DATA.copy()
        expected[::2, 1] = np.arange(7)
        expected[[0, 2], :, 3] = 0
        expected[1, 2, 3], expected[5, 5, 5], expected[7, 7, 6] = -1, -2, -3
        np.testing.assert_array_equal(array[:], expected)
        array[:] = zarr.buffer.gpu.NDBuffer(values)
        np.testing.assert_array_equal(array[:], DATA)

    def test_they_are_appended(self, values, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        array.append(values)
        np.testing.assert_array_equal(array[23:], DATA)

    def test_on_the_asynchronous_face(self, values, engine):
        array = zarr.create_array({}, shape=SHAPE, dtype="i8", chunks=(4, 3, 7))
        asyncio.run(array.async_array.setitem(..., values))
        np.testing.assert_array_equal(array[:], DATA)

    def test_they_are_saved(self, values, tmp_path):
        zarr.save(tmp_path / "x.zarr", values)
        np.testing.assert_array_equal(zarr.load(tmp_path / "x.zarr"), DATA)


class TestHostAllTheSame:
    """What is for the host goes there, whatever reads make otherwise."""

    def test_conversion_to_numpy(self, cupy, engine):
        array = zarr.create_array({}, data=DATA, chunks=(4, 3, 7))
        words = zarr.create_array({}, data=np.array(["a", "b"]))
        with zarr.config.enable_gpu():
            for found in (np.asarray(array), np.array(array, dtype="f4"), np.sum(array)):
                assert isinstance(found, np.ndarray | np.generic)
            np.testing.assert_array_equal(array, DATA)
            np.testing.assert_array_equal(words, ["a", "b"])

    def test_copies_and_hierarchies(self, cupy, engine, tmp_path):
        with zarr.config.enable_gpu():
            group = zarr.create_group(tmp_path / "g")
            array = group.create_array("a", data=DATA, chunks=(4, 3, 7))
            array.attrs["x"] = 1
            with pytest.warns(zarr.errors.ZarrUserWarning, match="Consolidated metadata"):
                zarr.consolidate_metadata(group.store)
            zarr.copy_all(group, zarr.create_group({}))
            again = zarr.from_array({}, data=array, chunks=(5, 5, 5))
            assert zarr.open_consolidated(tmp_path / "g")["a"].attrs["x"] == 1
            assert type(zarr.load(tmp_path / "g")["a"]) is np.ndarray
        np.testing.assert_array_equal(again[:], DATA)


class TestWithoutCupy:
    @pytest.fixture(autouse=True)
    def _nothing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)

    def test_it_is_said_what_is_missing(self, engine):
        array = zarr.create_array({}, data=DATA)
        with zarr.config.enable_gpu():
            for call in (lambda: array[:], lambda: array.vindex[[0], [0], [0]]):
                with pytest.raises(
                    ImportError, match=r"Cannot use zarr.buffer.gpu.NDBuffer without cupy.*pip install cupy"
                ):
                    call()
            array[0] = 1
            assert np.asarray(array)[0].all()
        with pytest.raises(ImportError, match="Cannot use an array in the memory of a GPU without cupy"):
            array[:] = ByDLPack(None)

    def test_nothing_is_imported_for_it(self):
        code = (
            "import sys, zarr, zarr.buffer.gpu, zarr.core.buffer.gpu\n"
            "from zarr.storage import GpuMemoryStore\n"
            "store = GpuMemoryStore()\n"
            "with zarr.config.enable_gpu():\n"
            "    zarr.create_array({}, data=[1, 2])\n"
            "assert 'cupy' not in sys.modules\n"
            "import zarr\n"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


class TestConfiguration:
    def test_for_a_while_and_for_good(self):
        before = zarr.config.get("buffer"), zarr.config.get("ndbuffer")
        with zarr.config.enable_gpu():
            assert zarr.config.get("buffer") == "zarr.buffer.gpu.Buffer"
            assert zarr.config.get("ndbuffer") == "zarr.buffer.gpu.NDBuffer"
            assert zarr.buffer.default_buffer_prototype() == zarr.buffer.gpu.buffer_prototype
            assert zarr.core.buffer.default_buffer_prototype() == zarr.buffer.gpu.buffer_prototype
        assert (zarr.config.get("buffer"), zarr.config.get("ndbuffer")) == before
        try:
            zarr.config.enable_gpu()
            assert zarr.registry.get_buffer_class() is zarr.buffer.gpu.Buffer
        finally:
            zarr.config.reset()
        assert zarr.buffer.default_buffer_prototype() == zarr.buffer.cpu.buffer_prototype

    @pytest.mark.parametrize("path", ["zarr.buffer.gpu", "zarr.core.buffer.gpu"])
    def test_by_either_path(self, cupy, path):
        with zarr.config.set({"buffer": f"{path}.Buffer", "ndbuffer": f"{path}.NDBuffer"}):
            assert type(zarr.create_array({}, data=DATA)[:]) is cupy.ndarray

    def test_the_stand_in_is_what_tests_ask_for(self, cupy):
        assert has_cupy()


class TestBuffers:
    def test_of_elements(self, cupy):
        make = zarr.buffer.gpu.NDBuffer
        buffer = make.create(shape=(2, 3), dtype=">i4", fill_value=7, order="F")
        assert (buffer.dtype, buffer.shape, buffer.byteorder) == (np.dtype("i4"), (2, 3), sys.byteorder)
        assert buffer.as_numpy_array().flags.f_contiguous or buffer.as_ndarray_like().flags.f_contiguous
        buffer[0] = np.array([1, 2, 3], ">i2")
        buffer[1, :2] = zarr.buffer.cpu.NDBuffer.from_numpy_array(np.array([8, 9]))
        buffer[:, 2] = buffer[:, 0]
        assert buffer.as_numpy_array().tolist() == [[1, 2, 1], [8, 9, 8]]
        assert buffer.all_equal(np.array([[1, 2, 1], [8, 9, 8]]))
        for other in (buffer.transpose((1, 0)), buffer.reshape((6,)), buffer.astype("f8"), buffer.copy(), buffer[1]):
            assert type(other) is make
        assert make.from_numpy_array(np.array([5])).as_scalar() == 5
        for refused in (np.array(["a"]), np.array([None]), np.array([1], np.longdouble)):
            with pytest.raises(TypeError, match="numbers and Booleans only"):
                make.from_numpy_array(refused)

    def test_of_small_numbers_of_others(self, cupy):
        with pytest.raises(TypeError, match="bfloat16 cannot be in the memory of a GPU"):
            zarr.buffer.gpu.NDBuffer.create(shape=(2,), dtype=ml_dtypes.bfloat16)


class TestMemoryStore:
    """`GpuMemoryStore`."""

    def test_values_are_on_the_gpu(self, cupy, engine, zarr_format):
        store = GpuMemoryStore()
        array = zarr.create_array(store, data=DATA, chunks=(4, 3, 7), zarr_format=zarr_format)
        assert all(type(value) is zarr.buffer.gpu.Buffer for value in store._store_dict.values())
        np.testing.assert_array_equal(array[:], DATA)
        array[1:3, 2] = 0
        assert zarr.open_array(store)[2, 2, 0] == 0
        with zarr.config.enable_gpu():
            assert type(array[:]) is cupy.ndarray

    def test_values_are_copies(self, cupy):
        store = GpuMemoryStore()
        given = zarr.buffer.gpu.Buffer.from_bytes(b"abcd")
        store.set_sync("a", given)
        given[0:1] = zarr.buffer.gpu.Buffer.from_bytes(b"x")
        assert store.get_sync("a").to_bytes() == b"abcd"
        found = store.get_sync("a", prototype=zarr.buffer.gpu.buffer_prototype)
        assert type(found.as_array_like()) is cupy.ndarray
        assert type(store.get_sync("a", prototype=zarr.buffer.cpu.buffer_prototype)) is zarr.buffer.cpu.Buffer

    def test_of_a_dict(self, cupy):
        values = {"a": zarr.buffer.cpu.Buffer.from_bytes(b"ab"), "b": zarr.buffer.gpu.Buffer.from_bytes(b"c")}
        store = GpuMemoryStore.from_dict(values)
        assert {key: value.to_bytes() for key, value in store._store_dict.items()} == {"a": b"ab", "b": b"c"}
        assert all(type(value) is zarr.buffer.gpu.Buffer for value in store._store_dict.values())
        assert GpuMemoryStore(store._store_dict)._store_dict is store._store_dict
        assert GpuMemoryStore.from_dict(values) == store

    def test_names(self):
        store = GpuMemoryStore(read_only=True)
        assert repr(store) == f"GpuMemoryStore('gpumemory://{id(store._store_dict)}')"
        assert type(store.with_read_only(False)) is GpuMemoryStore
        assert not store.with_read_only(False).read_only
        assert pickle.loads(pickle.dumps(store)) == store

    def test_without_cupy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)
        store = GpuMemoryStore.from_dict({})
        for call in (
            lambda: store.set_sync("a", zarr.buffer.cpu.Buffer.from_bytes(b"x")),
            lambda: GpuMemoryStore.from_dict({"a": zarr.buffer.cpu.Buffer.from_bytes(b"x")}),
            lambda: zarr.create_group(store),
        ):
            with pytest.raises(ImportError, match="pip install cupy"):
                call()


class TestMemoryStoreBySuite(StoreTests):
    """`GpuMemoryStore` by the suite that is shipped."""

    store_cls = GpuMemoryStore
    buffer_cls = zarr.buffer.gpu.Buffer

    @pytest.fixture(autouse=True)
    def _cupy(self, cupy):
        """There is one."""

    @pytest.fixture
    def store_kwargs(self):
        return {"store_dict": {}}

    async def set(self, store, key, value):
        store._store_dict[key] = value

    async def get(self, store, key):
        return store._store_dict.get(key)
