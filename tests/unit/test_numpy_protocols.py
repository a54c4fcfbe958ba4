"""What makes arrays and what is read from them at home in NumPy: `__array__`, the buffer protocol, DLPack, `numpy.testing`."""

from __future__ import annotations

import math
import re

import ml_dtypes
import numcodecs
import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import Awaited
from zarr._dtype.optional import Optional
from zarr.dtype import Int32, VariableLengthBytes
from zarr.storage import MemoryStore

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
SAMPLES = {
    "bool": np.array([[True, False, True]] * 4),
    "i1": np.arange(12, dtype="i1").reshape(4, 3),
    "u8": np.arange(12, dtype="u8").reshape(4, 3),
    "f2": np.linspace(-1, 1, 12, dtype="f2").reshape(4, 3),
    "f8": np.array([[0.0, -0.0, np.nan]] * 4),
    "c8": np.array([[1 + 2j, 0, np.inf]] * 4, "c8"),
    ">i4": np.arange(12, dtype=">i4").reshape(4, 3),
    ">f8": np.linspace(-1, 1, 12).astype(">f8").reshape(4, 3),
    "M8[s]": np.array([["2020-01-01", "NaT", "1969-12-31T23:59:59"]] * 4, "M8[s]"),
    ">m8[ms]": np.array([[1, -2, 3]] * 4).astype(">m8[ms]"),
    "S3": np.array([[b"a", b"", b"abc"]] * 4),
    "U3": np.array([["a", "", "äbc"]] * 4),
    ">U3": np.array([["a", "", "äbc"]] * 4).astype(">U3"),
    "text": np.array([["a", "", "äbc" * 9]] * 4, np.dtypes.StringDType()),
    "V3": np.array([[b"abc", b"\0\0\0", b"x"]] * 4, "V3"),
    "struct": np.array([[(1, 2.5), (3, 4.5), (0, 0)]] * 4, [("x", "<i4"), ("y", ">f8")]),
    "bfloat16": np.linspace(-1, 1, 12).astype(ml_dtypes.bfloat16).reshape(4, 3),
}
NUMBERS = ("bool", "i1", "u8", "f2", "f8", "c8")


def made(data, zarr_format=3, **options):
    return zarr.create_array({}, data=data, zarr_format=zarr_format, **options)


def formats_of(data):
    return (3,) if data.dtype == ml_dtypes.bfloat16 else (2, 3)


def same(found, expected):
    """The same elements, bit by bit where they have bits of their own."""
    assert type(found) is np.ndarray
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind in "TO":
        assert found.tolist() == expected.tolist()
    else:
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(
    "options", [{"chunks": (3, 2)}, {"chunks": (2, 3), "config": {"order": "F"}}, {"chunks": (1, 3), "shards": (2, 3)}]
)
def test_arrays_become_those_of_numpy(engine, sample, options):
    data = SAMPLES[sample]
    for zarr_format in formats_of(data):
        if zarr_format == 2 and "shards" in options:
            continue
        array = made(data, zarr_format, **options)
        expected = data.astype(array.dtype)  # format 3 does not store the byte order
        for found in (
            np.asarray(array),
            np.array(array),
            np.array(array, copy=True),
            array.__array__(),
            np.asanyarray(array),
        ):
            same(found, expected)
        np.testing.assert_array_equal(array, data)
        with pytest.raises(ValueError, match="copy=False"):
            np.asarray(array, copy=False)


@pytest.mark.parametrize("sample", SAMPLES)
def test_also_without_axes_and_without_elements(engine, sample):
    data = SAMPLES[sample]
    for zarr_format in formats_of(data):
        for part in (
            data[0, 2].reshape(()) if data.dtype.kind == "V" else np.asarray(data[0, 2], data.dtype),
            data[:0],
        ):
            array = made(part, zarr_format)
            same(np.asarray(array), np.asarray(part).astype(array.dtype))


@pytest.mark.parametrize("element", [["a", [1, 2]], {"x": 5}, None, "text"])
def test_objects_stay_what_they_are(engine, element):
    array = zarr.create(shape=(), dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, fill_value=None)
    array[()] = element
    found = np.asarray(array)
    assert (found.shape, found.dtype) == ((), np.dtype(object))
    assert found[()] == element


def test_a_dtype_that_is_asked_for(engine):
    array = made(np.array([1.75, -2.0], ">f8"))
    for dtype in ("f4", "i2", ">i8", "c16", object, "U8"):
        same(np.asarray(array, dtype=dtype), np.array([1.75, -2.0]).astype(dtype))
        same(np.array(array, dtype), np.array([1.75, -2.0]).astype(dtype))
    words = made(SAMPLES[">U3"])
    assert np.asarray(words, np.dtypes.StringDType()).tolist() == SAMPLES[">U3"].tolist()


def test_what_is_made_is_the_callers_own(engine):
    array = made(SAMPLES["i1"])
    found = np.asarray(array)
    found[:] = 7
    np.testing.assert_array_equal(array, SAMPLES["i1"])
    assert np.asarray(zarr.open_array(array.store, mode="r")).flags.writeable


def test_functions_of_numpy(engine):
    data = SAMPLES["u8"]
    array = made(data, chunks=(3, 2))
    assert np.sum(array) == data.sum()
    assert np.mean(array, axis=0).tolist() == data.mean(axis=0).tolist()
    np.testing.assert_array_equal(np.concatenate([array, array]), np.concatenate([data, data]))
    np.testing.assert_array_equal(np.stack([array, data]), np.stack([data, data]))
    np.testing.assert_allclose(np.sqrt(array), np.sqrt(data))
    np.testing.assert_array_equal(data + array, data + data)
    assert np.array_equal(array, data)
    np.testing.assert_array_equal(np.where(np.asarray(array) > 5, array, 0), np.where(data > 5, data, 0))
    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 12"):
        np.testing.assert_array_equal(array, np.where(data == 11, 0, data))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        np.testing.assert_allclose(array, data + 1)


def test_other_stores_and_faces(engine):
    array = zarr.create_array(Awaited(MemoryStore()), data=SAMPLES["f8"])
    same(np.asarray(array), SAMPLES["f8"])


class TestResults:
    """What reads return is NumPy's, in memory of its own."""

    @pytest.mark.parametrize("sample", NUMBERS)
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_dlpack(self, engine, sample, order):
        data = SAMPLES[sample]
        array = made(data, chunks=(3, 2), config={"order": order})
        for found in (array[:], array[1:3, ::-1], array.oindex[[0, 2]], array.vindex[[0], [1]]):
            shared = np.from_dlpack(found)
            same(np.array(shared), np.array(found))
            assert np.shares_memory(shared, found)
        assert array[:].__dlpack_device__() == (1, 0)

    @pytest.mark.parametrize("sample", SAMPLES)
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_buffer_protocol(self, engine, sample, order):
        data = SAMPLES[sample]
        for zarr_format in formats_of(data):
            found = made(data, zarr_format, chunks=(3, 2), config={"order": order})[:]
            if data.dtype.kind in "TMm" or data.dtype == ml_dtypes.bfloat16:
                with pytest.raises(
                    (ValueError, BufferError, TypeError)
                ):  # as NumPy's own: Python has no letter for them
                    memoryview(found)
                continue
            view = memoryview(found)
            assert (view.shape, view.itemsize, view.readonly) == (data.shape, data.dtype.itemsize, False)
            assert view.tobytes() == found.tobytes()

    def test_scalars(self, engine):
        array = made(SAMPLES["i1"])
        assert isinstance(array[1, 2], np.int8)
        assert math.isclose(float(made(SAMPLES["f2"])[0, 0]), -1)


class TestOut:
    """`out=` of other libraries in the memory of the host."""

    @pytest.mark.parametrize("is_versioned", [True, False])
    def test_by_dlpack(self, engine, is_versioned):
        array = made(SAMPLES["u8"], chunks=(3, 2))
        memory = np.zeros((4, 3), "u8")
        found = array.get_basic_selection(..., out=Shared(memory, is_versioned=is_versioned))
        np.testing.assert_array_equal(memory, SAMPLES["u8"])
        assert np.shares_memory(found, memory)

    def test_that_is_read_only(self, engine):
        memory = np.zeros((4, 3), "u8")
        memory.flags.writeable = False
        with pytest.raises((ValueError, BufferError), match=r"read-only|readonly"):
            made(SAMPLES["u8"]).get_basic_selection(..., out=Shared(memory, is_versioned=True))

    @pytest.mark.parametrize("out", [[0] * 4, b"abcd", 5, {}, "out"])
    def test_that_is_none(self, engine, out):
        with pytest.raises(TypeError, match=re.escape(f"Got {type(out)!r}")):
            made(SAMPLES["u8"]).get_basic_selection(..., out=out)


class Shared:
    """An array of another library, which gives its memory by DLPack, and a view of it to NumPy."""

    def __init__(self, memory, *, is_versioned):
        self._memory, self._is_versioned = memory, is_versioned

    def __dlpack__(self, **asked):
        return self._memory.__dlpack__(**(asked if self._is_versioned else {}))

    def __dlpack_device__(self):
        return self._memory.__dlpack_device__()

    def __array__(self, dtype=None, copy=None):
        return self._memory


def test_values_by_dlpack_alone(engine):
    class Alone:
        def __dlpack__(self, **asked):
            return SAMPLES["u8"].__dlpack__(**asked)

        def __dlpack_device__(self):
            return 1, 0

    np.testing.assert_array_equal(zarr.create_array({}, data=Alone(), chunks=(3, 2)), SAMPLES["u8"])
    array = zarr.create_array({}, shape=(4, 3), dtype="f4")
    array[:] = Alone()
    array.append(Alone())
    np.testing.assert_array_equal(array, np.concatenate([SAMPLES["u8"]] * 2))


def test_elements_that_may_be_missing(engine):
    array = zarr.array([7, None, 9], dtype=Optional(data_type=Int32()))
    assert np.asarray(array).tolist() == [7, None, 9]
    octets = zarr.create_array({}, data=[b"a", b""], dtype=VariableLengthBytes())
    assert np.asarray(octets).tolist() == [b"a", b""]
