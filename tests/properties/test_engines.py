"""The native engine does what the reference engine does: same plans, same results bit by bit, same stored bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numcodecs
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import zarr
from tests.properties.strategies import (
    Setup,
    basic_selections,
    contents,
    coordinates,
    layouts,
    numpy_points,
    orthogonal_selections,
    setups,
)
from zarr._engine.contract import Rejection
from zarr._engine.describe import describe
from zarr._engine.native import NativeEngine
from zarr._flow.elements import Normalize
from zarr._plan import plan
from zarr._selection import basic, coordinate, fancy, mask, orthogonal

pytestmark = [
    # Some data types have no specification in format 3, some chains of codecs cannot read parts of shards, and say so.
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
    pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec:zarr.errors.ZarrUserWarning"),
]

ENGINES = ("native", "python")


@dataclass(frozen=True)
class Selected:
    """A selection and what gives it its meaning."""

    normalize: Normalize
    selection: Any

    def of(self, shape: tuple[int, ...]) -> Any:
        return self.normalize(self.selection, shape)


@st.composite
def selections(draw: st.DrawFn, shape: tuple[int, ...]) -> Selected:
    kinds = ["basic", "orthogonal"]
    if shape:
        kinds.append("mask")
        if 0 not in shape:
            kinds.append("points")
            if len(shape) > 1:
                kinds.append("points beside slices")
    match draw(st.sampled_from(kinds)):
        case "basic":
            return Selected(basic, draw(basic_selections(shape)))
        case "orthogonal":
            return Selected(orthogonal, draw(orthogonal_selections(shape)))
        case "mask":
            rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            return Selected(mask, rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))
        case "points":
            return Selected(coordinate, draw(coordinates(shape)))
        case _:
            return Selected(fancy, draw(numpy_points(shape)))


def native_setups() -> st.SearchStrategy[Setup]:
    """Arrays that the native engine takes."""
    return setups().filter(is_accepted)


def is_accepted(setup: Setup) -> bool:
    with zarr.config.set({"engine": "native"}):
        return setup.create({})._node.view.pipeline.engine == "native"


def created(setup: Setup, engine: str) -> tuple[zarr.Array, zarr.storage.MemoryStore]:
    store = zarr.storage.MemoryStore()
    with zarr.config.set({"engine": engine}):
        array = setup.create(store)
    assert array._node.view.pipeline.engine == engine
    return array, store


def bits(array: Any) -> bytes:
    elements = np.ascontiguousarray(array)
    return repr(elements.tolist()).encode() if elements.dtype.hasobject else elements.tobytes()


@given(setup=native_setups(), data=st.data())
def test_plans_are_the_same(setup, data):
    array, _ = created(setup, "native")
    view = array._node.view
    selected = data.draw(selections(setup.shape)).of(setup.shape)
    expected = {part.coords: part.whole for part in plan(view.spec, selected)}
    requests = list(view.pipeline.request(selected, np.empty(selected.shape, setup.dtype)))
    found = {request.coords: request.is_whole for request in requests}
    assert found.keys() == expected.keys()
    assert len(found) == len(requests)
    # A step other than 1 over an axis of one element covers it, which the reference need not notice.
    assert all(found[coords] for coords, whole in expected.items() if whole)


@given(setup=native_setups(), data=st.data())
def test_results_and_stored_elements_are_the_same(setup, data):
    arrays = [created(setup, engine) for engine in ENGINES]
    for _ in range(data.draw(st.integers(0, 3))):
        selected = data.draw(selections(setup.shape))
        shape = selected.of(setup.shape).result_shape
        value = data.draw(layouts(data.draw(contents()).make(shape, setup.dtype, setup.fill)))
        for array, _ in arrays:
            array._put(selected.normalize, selected.selection, value)
    selected = data.draw(selections(setup.shape))
    native, reference = (array._get(selected.normalize, selected.selection) for array, _ in arrays)
    assert type(native) is type(reference)
    assert bits(native) == bits(reference)
    # What one engine has stored, the other reads; and the same objects are there.
    (_, native_store), (_, reference_store) = arrays
    assert native_store._store_dict.keys() == reference_store._store_dict.keys()
    with zarr.config.set({"engine": "python"}):
        crossed = [bits(zarr.open_array(store, mode="r")[...]) for _, store in arrays]
    with zarr.config.set({"engine": "native"}):
        crossed += [bits(zarr.open_array(store, mode="r")[...]) for _, store in arrays]
    assert len(set(crossed)) == 1


@given(setup=native_setups(), data=st.data())
def test_reading_into_an_array_of_any_layout_is_the_same(setup, data):
    array, store = created(setup, "native")
    array[...] = data.draw(contents()).make(setup.shape, setup.dtype, setup.fill)
    selected = data.draw(selections(setup.shape))
    shape = selected.of(setup.shape).result_shape
    garbage = data.draw(contents()).make(shape, setup.dtype, setup.fill).astype(setup.dtype_reopened)
    filled = []
    for engine in ENGINES:
        with zarr.config.set({"engine": engine}):
            out = data.draw(layouts(garbage))
            zarr.open_array(store, mode="r")._get(selected.normalize, selected.selection, out)
        filled.append(bits(out))
    assert filled[0] == filled[1]


@given(setup=native_setups(), data=st.data())
def test_chunks_that_must_be_there_are_asked_for_alike(setup, data):
    array, store = created(setup, "native")
    assume(0 not in setup.shape)
    value = data.draw(contents()).make((), setup.dtype, setup.fill)
    array._put(basic, tuple(0 for _ in setup.shape), value)
    selected = data.draw(selections(setup.shape))
    outcomes = []
    for engine in ENGINES:
        with zarr.config.set({"engine": engine}):
            config = {"read_missing_chunks": False}
            opened = zarr.open_array(store, mode="r", config=config)
            try:
                outcomes.append(bits(opened._get(selected.normalize, selected.selection)))
            except zarr.errors.ChunkNotFoundError as exc:
                outcomes.append(str(exc))
    assert outcomes[0] == outcomes[1]


class TestMemory:
    """Memory that the kernel cannot write to as it is."""

    def array(self):
        with zarr.config.set({"engine": "native"}):
            array = zarr.create_array({}, data=np.arange(24.0).reshape(4, 6), chunks=(2, 4), compressors=None)
        assert array._node.view.pipeline.engine == "native"
        return array

    def test_a_masked_array_keeps_its_meaning(self):
        out = np.ma.masked_array(np.zeros((4, 6)), mask=True)
        self.array().get_basic_selection(..., out=out)
        assert not out.mask.any()
        assert out.sum() == np.arange(24).sum()

    def test_elements_that_share_memory_get_the_last_value(self):
        out = np.lib.stride_tricks.as_strided(np.zeros(6), (4, 6), (0, 8), writeable=True)
        self.array().get_basic_selection(..., out=out)
        assert out[0].tolist() == list(range(18, 24))

    def test_a_file_in_memory_is_written_to(self, tmp_path):
        out = np.memmap(tmp_path / "out", "f8", "w+", shape=(4, 6))
        self.array().get_basic_selection(..., out=out)
        out.flush()
        assert np.fromfile(tmp_path / "out").tolist() == list(range(24))

    def test_values_of_stride_0_are_written(self):
        array = self.array()
        array[...] = np.broadcast_to(np.arange(6.0), (4, 6))
        assert (array[...] == np.arange(6)).all()

    def test_a_read_only_result_is_refused(self):
        out = np.zeros((4, 6))
        out.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            self.array().get_basic_selection(..., out=out)

    def test_a_value_that_is_what_is_read_into(self):
        memory = np.arange(24.0).reshape(4, 6)
        array = self.array()
        array[...] = memory[::-1]
        array.get_basic_selection(..., out=memory)
        assert memory[0].tolist() == list(range(18, 24))


class TestRejection:
    """What the kernel does not know runs on the reference engine, and the reason is kept."""

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"dtype": "float4_e2m1fn"}, "bits that mean nothing"),
            ({"dtype": "int8", "compressors": {"name": "numcodecs.bz2", "configuration": {}}}, "BZ2"),
            ({"dtype": "int8", "shards": (4,), "chunks": (2,), "serializer": None}, "others than"),
        ],
    )
    def test_it_says_why(self, options, reason):
        if options.get("serializer", ...) is None:
            index_codecs = [{"name": "bytes", "configuration": {"endian": "big"}}]
            serializer = zarr.codecs.ShardingCodec(chunk_shape=(2,), index_codecs=index_codecs)
            options = {"dtype": "int8", "chunks": (4,), "serializer": serializer, "compressors": None, "filters": None}
        with zarr.config.set({"engine": "native"}):
            array = zarr.create_array({}, shape=8, **options)
            array[...] = np.asarray(array[...])
        choice = array._node.view.choice
        assert choice.pipeline.engine == "python"
        ((name, found),) = choice.rejected
        assert name == "native"
        assert reason in found

    def test_an_array_that_was_not_accepted_is_not_compiled(self):
        spec = zarr.create_array({}, shape=1, dtype="float4_e2m1fn")._node.view.spec
        assert isinstance(describe(spec), Rejection)
        with pytest.raises(ValueError, match="not an accepted array"):
            NativeEngine().compile(spec, zarr._buffer.CPU_PROTOTYPE)


def test_a_value_of_the_other_byte_order_is_converted(engine):
    with zarr.config.set({"engine": engine}):
        array = zarr.create_array({}, shape=4, chunks=2, dtype="int16", zarr_format=2, compressors=None)
    swapped = np.arange(4, dtype=">i2")
    array[...] = swapped
    assert array[...].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("length", [0, 2])
def test_a_backward_slice_of_nothing_selects_nothing(engine, length):
    array = zarr.create_array({}, shape=(2, length), chunks=(1, 1), dtype="int8", compressors=None)
    assert array[:-1:-1, ::-1].shape == (0, length)
    assert array[::-1, :-1:-1].shape == (2, 0)
    array[::-1, :-1:-1] = np.zeros((2, 0))


@pytest.mark.parametrize("shuffle", [numcodecs.Blosc.AUTOSHUFFLE, numcodecs.Blosc.SHUFFLE, numcodecs.Blosc.BITSHUFFLE])
@pytest.mark.parametrize(
    "filters",
    [
        None,
        [numcodecs.Delta("<i4")],
        [numcodecs.Delta("<i4", astype="<i8")],
        [numcodecs.AsType("<i2", "<i4")],
        [numcodecs.Delta("<i4"), numcodecs.Shuffle(4)],
    ],
)
def test_blosc_behind_filters_makes_the_same_bytes(filters, shuffle):
    """It shuffles by the length of the elements that the filter in front of it makes."""
    stored = []
    for engine in ENGINES:
        store = zarr.storage.MemoryStore()
        options = {"zarr_format": 2, "filters": filters, "compressors": numcodecs.Blosc(shuffle=shuffle)}
        with zarr.config.set({"engine": engine}):
            array = zarr.create_array(store, shape=9000, chunks=9000, dtype="<i4", **options)
            assert array._node.view.pipeline.engine == engine
            array[...] = np.arange(9000) * 3 % 1000
        stored.append(store._store_dict["0"].to_bytes())
    assert stored[0] == stored[1]


def test_bits_are_packed_of_single_bytes_only():
    """Of longer elements numcodecs packs the bytes, in an order of its own."""
    options = {"zarr_format": 2, "filters": [numcodecs.PackBits()], "compressors": None}
    with zarr.config.set({"engine": "native"}):
        engines = [
            zarr.create_array({}, shape=8, dtype=dtype, **options)._node.view.pipeline.engine
            for dtype in ("bool", "i2")
        ]
    assert engines == ["native", "python"]
