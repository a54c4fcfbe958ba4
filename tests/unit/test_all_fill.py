"""Chunks of nothing but the fill value are told, whatever the type: `zarr._dtype.fill.all_fill`."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numcodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import zarr
from tests.data_types import BY_NATIVE, FLOAT_BITS, FLOATS, from_bits
from zarr._dtype.fill import all_fill, is_same_object


def naive_all_fill(array: np.ndarray, fill_value: Any) -> bool:
    """Element by element, as bytes."""
    if array.dtype.hasobject or array.dtype.kind == "T":
        return all(repr(item) == repr(fill_value) for item in array.ravel().tolist())
    fill = np.empty((), array.dtype)
    fill[()] = fill_value
    return all(array[(*index, ...)].tobytes() == fill.tobytes() for index in np.ndindex(array.shape))


def fixed_dtypes() -> st.SearchStrategy[np.dtype]:
    return st.sampled_from([row.native for row in BY_NATIVE if row.native != "T"]).map(np.dtype)


@st.composite
def arrays_of_one_value(draw):
    """An array of random bytes for its fill value, in some memory layout, with at most one odd element."""
    dtype = draw(fixed_dtypes())
    pool = draw(st.lists(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize), min_size=1, max_size=2))
    if dtype.kind == "b":
        pool = [bytes([item[0] & 1]) for item in pool]
    if dtype.kind == "U":
        pool = [np.array(chr(65 + item[0] % 26) * (item[1] % 4), dtype).tobytes() for item in pool]
    shape = draw(npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    array = np.empty(shape, dtype)
    array[...] = np.frombuffer(pool[0], dtype)[0]
    if array.size and len(pool) > 1 and draw(st.booleans()):
        index = tuple(draw(st.integers(0, n - 1)) for n in shape)
        array[index] = np.frombuffer(pool[1], dtype)[0]
    layout = draw(st.sampled_from(["C", "F", "strided", "reversed", "broadcast", "offset"]))
    if layout == "F":
        array = np.asfortranarray(array)
    elif layout == "strided":
        wide = np.empty((*shape[:-1], 2 * shape[-1]) if shape else (), dtype)
        view = wide[..., ::2] if shape else wide
        view[...] = array
        array = view
    elif layout == "reversed":
        array = array[(*(slice(None, None, -1) for _ in shape), ...)]
    elif layout == "broadcast":
        array = np.broadcast_to(array, (2, *shape))
    elif layout == "offset" and dtype.itemsize > 1:
        raw = np.empty(array.size * dtype.itemsize + 1, "u1")
        view = raw[1:].view(dtype).reshape(shape)
        view[...] = array
        array = view
    return array, np.frombuffer(pool[0], dtype)[0]


@given(arrays_of_one_value())
def test_all_fill_agrees_with_comparing_byte_by_byte(case):
    array, fill_value = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # comparing NaNs of the oracle
        expected = naive_all_fill(array, fill_value)
    assert all_fill(array, fill_value) is expected


@pytest.mark.parametrize("cls", FLOATS)
@pytest.mark.parametrize("order", ["little", "big"])
def test_all_fill_tells_every_kind_of_nan_and_zero_apart(cls, order):
    dtype = cls(endianness=order)
    patterns = FLOAT_BITS[dtype.item_size]
    for wanted in patterns:
        for stored in patterns:
            array = np.frombuffer(stored.to_bytes(dtype.item_size, "big") * 6, f">f{dtype.item_size}")
            array = array if order == "big" else array.byteswap().view(f"<f{dtype.item_size}")
            assert all_fill(array.reshape(2, 3), from_bits(dtype, wanted)) is (stored == wanted)


@pytest.mark.parametrize("n", [2**16, 2**16 + 1, 3 * 2**16 + 5])
@pytest.mark.parametrize("dtype", ["u1", "f8", "c16", "U2", "V3"])
@pytest.mark.parametrize("columns", [1, 7])
def test_all_fill_finds_one_odd_element_in_every_part_of_a_large_chunk(n, dtype, columns):
    array = np.zeros((n // columns, columns), dtype)
    fill = array[0, 0].copy()
    assert all_fill(array, fill)
    assert all_fill(array.T, fill)
    odd = {"U": "a", "V": b"abc"}.get(dtype[0], 1)
    for row in (0, len(array) // 2, len(array) - 1):
        array[row, -1] = odd
        assert not all_fill(array, fill)
        assert not all_fill(array.T, fill)
        array[row, -1] = fill
    assert all_fill(array, fill)


def test_all_fill_of_one_very_long_row():
    array = np.zeros((2, 2**17), "i4")
    assert all_fill(array, np.int32(0))
    array[1, -1] = 1
    assert not all_fill(array, np.int32(0))


@pytest.mark.parametrize("dtype", ["i4", ">f8", "U3", "S3", "V3", "O", "M8[s]", np.dtypes.StringDType()], ids=str)
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
def test_all_fill_of_nothing_is_true(dtype, shape):
    assert all_fill(np.empty(shape, dtype), None)


def test_all_fill_of_elements_without_bytes_is_true():
    assert all_fill(np.zeros(3, "V0"), np.void(b""))
    assert all_fill(np.zeros(3, np.dtype(("S", 0))), b"")


@given(st.lists(st.sampled_from(["", "a", "a\0", "ä", "a" * 40]), max_size=4), st.sampled_from(["", "a", "a" * 40]))
def test_all_fill_of_text_of_any_length(items, fill_value):
    array = np.array(items, np.dtypes.StringDType())
    assert all_fill(array, fill_value) is all(item == fill_value for item in items)
    assert all_fill(array.reshape(1, -1), fill_value) is all(item == fill_value for item in items)


def test_all_fill_of_objects_compares_the_kind_too():
    array = np.empty(2, object)
    array[:] = [b"", b""]
    assert all_fill(array, b"")
    array[1] = b"a"
    assert not all_fill(array, b"")
    array[1] = ""
    assert not all_fill(array, b"")
    array[:] = [0, 0]
    assert not all_fill(array, b"")


def test_all_fill_of_big_endian_times_and_text():
    assert all_fill(np.full(3, "NaT", ">M8[s]"), np.datetime64("NaT", "s"))
    assert not all_fill(np.array(["NaT", 5], ">M8[s]"), np.datetime64("NaT", "s"))
    assert all_fill(np.full(3, "ab", ">U3"), np.str_("ab"))
    assert not all_fill(np.array(["ab", "abc"], ">U3"), np.str_("ab"))


NAN = float("nan")
OBJECTS = [
    *(None, True, 1, 1.0, 0, 0.0, -0.0, NAN, 0j, complex(0.0, -0.0), "", "a", b"", b"a"),
    *([], [1], [True], [0.0], [-0.0], [[1], 2], {}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": True, "b": 2}),
    *(np.float32(0.0), np.float32(-0.0), np.float64(0.0), np.int8(0), np.int16(0), np.float32(NAN), np.str_("a")),
    *(np.datetime64("NaT", "s"), np.datetime64("NaT", "D"), np.timedelta64(5, "s"), np.zeros(2), np.zeros((2, 1))),
    *(np.array([(1, 2.0)], "i1,f4")[0], np.array([(1, -2.0)], "i1,f4")[0]),
]


def test_objects_are_the_same_or_another():
    """Each is the same as a copy of it, and as nothing else, though many of them are equal to others in Python."""
    copies = copy.deepcopy(OBJECTS)
    for i, item in enumerate(OBJECTS):
        assert [is_same_object(item, other) for other in copies] == [i == j for j in range(len(copies))], item


@pytest.mark.parametrize(
    ("codec", "fill", "items"),
    [
        (numcodecs.JSON(), [1], [[True], [1], [1.0]]),
        (numcodecs.JSON(), 0.0, [-0.0, 0.0, 0]),
        (numcodecs.MsgPack(), {"a": 0.0}, [{"a": -0.0}, {"a": 0.0}, {"a": 0}]),
        (numcodecs.JSON(), 1, [True, 1, 1.0]),
    ],
)
def test_what_only_equals_the_fill_value_is_stored(engine, codec, fill, items):
    array = zarr.create_array(
        {}, shape=3, chunks=1, dtype=object, filters=[codec], zarr_format=2, fill_value=fill, compressors=None
    )
    for i, item in enumerate(items):
        array[i] = item
    assert [repr(item) for item in array[:]] == [repr(item) for item in items]
    assert array.nchunks_initialized == 2


def test_arrays_of_objects_are_what_is_in_them():
    """Their bytes are addresses, which differ from one object to an equal one."""

    def boxed(values):
        box = np.empty((), object)
        box[()] = np.array(values, "f4")
        return box

    assert is_same_object(boxed([1.5, 2]), boxed([1.5, 2]))
    assert not is_same_object(boxed([0.0]), boxed([-0.0]))
    assert not is_same_object(boxed([0.0]), np.array([0.0]))
    long = "a text that is longer than what an element itself can hold"
    assert is_same_object(np.array([long], "T"), np.array([long[:3] + long[3:]], "T"))
    assert not is_same_object(np.array(["a"], "T"), np.array(["b"], "T"))
