"""What goes into an array is what is stored: random values of every type into every type, through every entry.

Where something is made, an element is the value given, rounded to the nearest between floating or complex types, or the
value is refused and nothing is stored. Where something is assigned, NumPy's own assignment is the oracle. What an element
has to be is said here in Python's numbers, text and bytes, and not by NumPy's casts.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import zarr
from tests import small_numbers
from tests.properties.strategies import (
    OBJECT_TYPE,
    basic_selections,
    coordinates,
    dtypes,
    filled,
    random_elements,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning"),
]

REFUSED = (TypeError, ValueError, OverflowError)

# -- values -------------------------------------------------------------------------------------------------------

BEYOND = ["1500-01-01T00:00:00.000000000", "1970-01-01T10:00:00.000000000000000"]
"""Instants in units that have no room for them, where NumPy wraps around."""
WORDS = [
    *BEYOND,
    "",
    "0",
    "1",
    "-7",
    "300",
    "1.5",
    "1e300",
    "1e400",
    "nan",
    "NaT",
    "2020-02-29",
    "1970-01-01T05",
    "a\0",
    "é",
    "ab",
]
OCTETS = [b"", b"\0", b"1", b"300", b"a\0", b"ab", b"abc", b"\xff", b"2020"]
NUMBERS = [
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    256,
    -129,
    2**24 + 1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**63 + 1,
    2**64 - 1,
    2**64,
]
FLOATS = [
    0.0,
    -0.0,
    0.5,
    1.0,
    -1.0,
    300.0,
    65520.0,
    2.0**53,
    2.0**63,
    1e39,
    1e300,
    1e-300,
    math.inf,
    -math.inf,
    math.nan,
]
COMPLEXES = [0j, 1 + 0j, 1j, complex(1e39, 1), complex(math.nan, 1), complex(0, math.inf)]
ANYTHING = [*NUMBERS, *FLOATS, *COMPLEXES, True, False, *WORDS, *OCTETS]
MISSING = [None, math.nan, np.datetime64("NaT", "s"), np.timedelta64("NaT", "s")]
SCALARS = [np.int8(-1), np.int64(2**53 + 1), np.uint64(2**64 - 1), np.float32(0.1), np.float64(1e300), np.complex64(1j)]
SCALARS += [
    np.datetime64("2020-02-29"),
    np.datetime64(5, "ns"),
    np.timedelta64(90, "m"),
    np.str_("ab"),
    np.bytes_(b"1"),
]


def targets() -> st.SearchStrategy[Any]:
    times = ["M8[2generic]", "m8[M]", "M8[as]", "M8", ">M8", ">m8", "M8[M]", "M8[5Y]", "M8[fs]", ">M8[D]"]
    return dtypes() | st.sampled_from([np.dtype(name) for name in times])


@st.composite
def typed_arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """An array of any dtype, with telling values and small ones, which fit more often."""
    times = ["m8[M]", "M8[as]", "m8[2generic]", "M8[M]", "M8[Y]", ">M8[3M]", "M8[D]", ">m8"]
    dtype = draw(dtypes() | st.sampled_from([np.dtype(name) for name in times]))
    size = draw(st.integers(0, 5))
    if dtype.kind in "mM" and draw(st.booleans()):
        counts = draw(st.lists(st.integers(-40, 40), min_size=size, max_size=size))
        return np.array(counts, np.dtype("i8").newbyteorder(dtype.byteorder)).view(dtype)
    if dtype.kind in "iufc" and draw(st.booleans()):
        small = draw(st.lists(st.integers(0, 200), min_size=size, max_size=size))
        with np.errstate(all="ignore"):
            return np.array(small, "i8").astype(dtype)
    if dtype.kind in "UT" and draw(st.booleans()):
        return np.array(draw(st.lists(st.sampled_from(WORDS), min_size=size, max_size=size)), dtype)
    return random_elements(dtype, size, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))


def lists() -> st.SearchStrategy[list[Any]]:
    """Python's objects: of one type, or mixed."""
    pools = [NUMBERS, FLOATS, [*NUMBERS, *FLOATS], COMPLEXES, [True, False], WORDS, OCTETS, ANYTHING, SCALARS]
    pools += [[*ANYTHING, *MISSING], [1.5, *MISSING], ["a", *MISSING], [b"a", None]]
    return st.sampled_from(pools).flatmap(lambda pool: st.lists(st.sampled_from(pool), min_size=1, max_size=4))


@st.composite
def values(draw: st.DrawFn) -> Any:
    """Data in any form that a caller may have them in, of one dimension."""
    form = draw(st.sampled_from(["array", "array", "list", "list", "tolist", "objects", "strided"]))
    if form in ("list", "objects"):
        listed = draw(lists())
        return listed if form == "list" else as_objects(listed)
    array = draw(typed_arrays())
    if form == "tolist":
        return array.tolist() if array.dtype.kind not in "mM" else list(array)
    return strided(array) if form == "strided" else array


def strided(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same elements with gaps. NumPy 2.0 has `repeat` share the memory of text of any length, and frees it twice."""
    view = (
        np.ndarray(2 * len(array), array.dtype) if array.dtype.kind in "mM" else np.empty(2 * len(array), array.dtype)
    )
    view[::2] = array
    return view[::2]


def as_objects(items: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def items_of(value: Any) -> list[Any]:
    """The values one by one: of an array its scalars."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "OT":
        return [value[i] for i in range(len(value))]
    return list(value.tolist() if isinstance(value, np.ndarray) else value)


# -- what an element has to be --------------------------------------------------------------------------------------

_ATTOSECONDS = {
    "W": 604_800 * 10**18,
    "D": 86_400 * 10**18,
    "h": 3600 * 10**18,
    "m": 60 * 10**18,
    "s": 10**18,
    "ms": 10**15,
    "us": 10**12,
    "ns": 10**9,
    "ps": 10**6,
    "fs": 10**3,
    "as": 1,
}


def is_same(value: Any, element: Any, dtype: np.dtype[Any]) -> bool:
    """Whether an element of `dtype` is a value, or its nearest floating number."""
    if dtype.kind in "mM":
        return _is_same_time(value, element, dtype)
    if dtype.kind == "O" or dtype.kind == "V":
        return isinstance(value, bytes | np.void) and bytes(element) == _octets(value, dtype)
    if dtype.kind in "UST":
        return _text(value) == _text(element)
    if isinstance(value, str | bytes):
        return _is_number_of_text(_text(value), element, dtype)
    return _is_same_number(value, element, dtype)


def _octets(value: bytes | np.void, dtype: np.dtype[Any]) -> bytes:
    """The bytes of a value; NumPy takes the zeros off from the end of those of an array of `S`."""
    octets = value.tobytes() if isinstance(value, np.void) else bytes(value)
    return octets.ljust(dtype.itemsize, b"\0") if dtype.kind == "V" and isinstance(value, np.bytes_) else octets


def _text(value: Any) -> str | None:
    """A value as text; None if it is none, or says that there is none."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("ascii", "surrogateescape")
    if value is None or isinstance(value, np.timedelta64):
        return None
    if isinstance(value, np.void):
        return value.tobytes().decode("ascii", "surrogateescape")
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    return str(value)


def _is_number_of_text(text: str | None, element: Any, dtype: np.dtype[Any]) -> bool:
    if text is None or dtype.kind == "b":
        return False
    try:
        number: Any = int(text)
    except ValueError:
        number = complex(text) if dtype.kind == "c" else float(text)
        if math.isinf(abs(number)) and "inf" not in text.lower():
            return False
    return _is_same_number(number, element, dtype)


def _is_same_number(value: Any, element: Any, dtype: np.dtype[Any]) -> bool:
    if value is None:
        return dtype.kind == "f" and bool(np.isnan(element))
    if isinstance(value, np.datetime64 | np.timedelta64) or not isinstance(value, int | float | complex | np.generic):
        return False
    is_inexact = isinstance(value, float | complex | np.inexact)
    if isinstance(value, complex | np.complexfloating) and dtype.kind != "c":
        return False
    parts = zip(_parts(value), _parts(element), strict=True)
    part_type = {"c8": np.float32, "c16": np.float64}.get(f"{dtype.kind}{dtype.itemsize}", dtype.type)
    return all(_is_same_part(a, b, part_type if is_inexact and dtype.kind in "fc" else None) for a, b in parts)


def _parts(number: Any) -> tuple[Any, Any]:
    return (number.real, number.imag)


def _is_same_part(value: Any, element: Any, rounded_to: Any) -> bool:
    if value != value:
        return bool(element != element)
    if math.isinf(value) or element != element or math.isinf(element):
        return bool(value == element)
    if Fraction(_plain(value)) == Fraction(_plain(element)):
        return True
    with np.errstate(all="ignore"):
        return rounded_to is not None and bool(rounded_to(value) == element)


def _plain(number: Any) -> Any:
    return number.item() if isinstance(number, np.generic) else number


def _is_same_time(value: Any, element: Any, dtype: np.dtype[Any]) -> bool:
    if value is None:
        return bool(np.isnat(element))
    count = int(np.asarray(element).astype(dtype.newbyteorder("=")).view("i8"))
    if isinstance(value, int | np.integer) and not isinstance(value, np.timedelta64 | bool):
        return int(value) == count
    if isinstance(value, str | bytes):
        if dtype.kind == "m":
            return _text(value) == ("NaT" if np.isnat(element) else str(count))
        if _text(value) in BEYOND:
            return False
        value = np.datetime64("NaT", "s") if _text(value) in ("", "NaT") else np.datetime64(_text(value))
    if not isinstance(value, np.datetime64 if dtype.kind == "M" else np.timedelta64):
        return False
    if np.isnat(value) or np.isnat(element):
        return bool(np.isnat(value) and np.isnat(element))
    if np.datetime_data(value.dtype) == ("generic", 1):
        return int(value.view("i8")) == count
    return _moment(value) == _moment(np.asarray(element).astype(dtype.newbyteorder("="))[()])


def _moment(time: Any) -> tuple[str, Fraction | int]:
    """A time without its unit: attoseconds, months where no calendar says how long they are, or a mere count."""
    unit, scale = np.datetime_data(time.dtype)
    count = int(time.view("i8")) * scale
    if unit == "generic":
        return "count", count
    if unit not in _ATTOSECONDS:
        months = count * (12 if unit == "Y" else 1)
        if isinstance(time, np.timedelta64):
            return "months", months
        return "attoseconds", _days_until(1970 + months // 12, months % 12 + 1) * _ATTOSECONDS["D"]
    return "attoseconds", count * _ATTOSECONDS[unit]


def _days_until(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of a month, in the calendar that knows no end."""
    cycles, year = divmod(year - 1970 + 400 * 10, 400)
    day = np.datetime64(f"{1970 + year:04d}-{month:02d}-01", "D")
    return int(day.view("i8")) + (cycles - 10) * 146_097


# -- where something is made ------------------------------------------------------------------------------------------


def asked(dtype: Any) -> Any:
    return zarr.dtype.VariableLengthBytes() if dtype == OBJECT_TYPE else dtype


def by_append(store: Any, value: Any, dtype: Any, zarr_format: int) -> zarr.Array:
    array = zarr.create_array(store, shape=0, chunks=2, dtype=asked(dtype), zarr_format=zarr_format)
    array.append(value)
    return array


def options(value: Any, dtype: Any) -> dict[str, Any]:
    return {"data": value, "dtype": asked(dtype), "chunks": 2}


ENTRIES: dict[str, Any] = {
    "array": lambda s, v, d, f: zarr.array(v, store=s, dtype=asked(d), chunks=2, zarr_format=f),
    "create_array": lambda s, v, d, f: zarr.create_array(s, zarr_format=f, **options(v, d)),
    "create": lambda s, v, d, f: zarr.create(store=s, shape=None, zarr_format=f, **options(v, d)),
    "open_array": lambda s, v, d, f: zarr.open_array(s, mode="w", zarr_format=f, **options(v, d)),
    "group": lambda s, v, d, f: zarr.group(s, zarr_format=f).create_array("x", **options(v, d)),
    "require": lambda s, v, d, f: zarr.group(s, zarr_format=f).require_array("x", shape=len(v), **options(v, d)),
    "append": by_append,
}


def stored_by(array: zarr.Array) -> Any:
    """The elements as whoever opens the array next reads them."""
    return zarr.open_array(array.store, path=array.path, mode="r")[...]


def left_by(entry: str, keys: Iterable[str]) -> list[str]:
    """What there is of an array whose data were refused; that which is appended to is there before."""
    if entry == "append":
        return [key for key in keys if key.rpartition("/")[2].isdigit()]
    return [key for key in keys if key.startswith("x/") or entry not in ("group", "require")]


def is_wider(dtype: np.dtype[Any], value: Any) -> bool:
    """Whether a dtype is of the kind of an array and has all numbers of its dtype, so that nothing is to be refused."""
    is_numeric = isinstance(value, np.ndarray) and value.dtype.kind == dtype.kind and dtype.kind in "biufc"
    return is_numeric and np.can_cast(value.dtype, dtype)


def has_same_bits(one: Any, other: Any) -> bool:
    if one.dtype.kind == "T":
        return bool(one.tolist() == other.tolist())
    return bool(one.tobytes() == other.tobytes())


@given(value=values(), dtype=targets(), entry=st.sampled_from(sorted(ENTRIES)), zarr_format=st.sampled_from([2, 3]))
def test_data_are_stored_as_they_are_or_refused(engine, value, dtype, entry, zarr_format):
    store = zarr.storage.MemoryStore()
    try:
        array = ENTRIES[entry](store, value, dtype, zarr_format)
    except REFUSED:
        assert left_by(entry, store._store_dict) == []
        assert not is_wider(dtype, value)
        return
    stored = stored_by(array)
    assert len(stored) == len(value)
    for item, element in zip(items_of(value), items_of(stored), strict=True):
        assert is_same(item, element, array.dtype), (item, element, array.dtype)


@given(value=values(), zarr_format=st.sampled_from([2, 3]))
def test_data_without_a_dtype_are_stored_as_they_are_or_refused(engine, value, zarr_format):
    store = zarr.storage.MemoryStore()
    try:
        array = zarr.array(value, store=store, chunks=2, zarr_format=zarr_format)
    except REFUSED:
        assert not store._store_dict
        return
    for item, element in zip(items_of(value), items_of(stored_by(array)), strict=True):
        assert is_same(item, element, array.dtype), (item, element, array.dtype)


@given(value=typed_arrays(), zarr_format=st.sampled_from([2, 3]))
def test_an_array_is_stored_bit_by_bit_with_its_own_dtype(engine, value, zarr_format):
    if value.dtype == OBJECT_TYPE:
        return
    array = zarr.array(value, chunks=2, zarr_format=zarr_format)
    assert array.dtype == value.dtype
    stored = array[...]
    assert has_same_bits(stored, value)


FILLS = [*ANYTHING, *MISSING[1:], *SCALARS, np.ma.masked, [1, 2], "a\ud800"]


@given(value=st.sampled_from(FILLS), dtype=targets(), zarr_format=st.sampled_from([2, 3]))
def test_a_fill_value_is_the_value_given_or_refused(engine, value, dtype, zarr_format):
    store = zarr.storage.MemoryStore()
    try:
        array = zarr.create_array(store, shape=1, dtype=asked(dtype), zarr_format=zarr_format, fill_value=value)
    except REFUSED:
        assert not store._store_dict
        return
    element, again = array[0], zarr.open_array(store)[0]
    assert np.asarray(array.fill_value, dtype).tobytes() == np.asarray(element, dtype).tobytes() or dtype.kind in "OT"
    assert items_of(as_objects([element])) == items_of(as_objects([again])) or element != element
    assert is_filled_with(value, element, array.dtype), (value, element, array.dtype)


def is_filled_with(value: Any, element: Any, dtype: np.dtype[Any]) -> bool:
    """`is_same`, with what a fill value may also be written as."""
    if dtype.kind in "OVS" and isinstance(value, str | bytes | np.void | int):
        octets = (
            b"" if value == 0 and isinstance(value, int) else value.encode() if isinstance(value, str) else bytes(value)
        )
        padded = octets.rstrip(b"\0") if dtype.kind == "S" and not octets.strip(b"\0") else octets
        return bytes(element) == (padded.ljust(dtype.itemsize, b"\0") if dtype.kind == "V" else padded)
    if dtype.kind == "U" and isinstance(value, str) and not value.strip("\0"):
        return bool(element == "")
    if dtype.kind == "c" and isinstance(value, list):
        return bool(element == complex(*value))
    if dtype.kind in "fc" and isinstance(value, str):
        return value in ("NaN", "Infinity")
    return is_same(value, element, dtype)


# -- where something is assigned, or read into ----------------------------------------------------------------------


@st.composite
def assignments(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """A way to select, a selection of an array of shape (5, 4), what NumPy calls it, and a shape that broadcasts to it."""
    kind = draw(st.sampled_from(["basic", "oindex", "points", "mask"]))
    if kind == "basic":
        selection = selected = draw(basic_selections((5, 4)))
    elif kind == "oindex":
        selection = ([0, 3], draw(st.sampled_from([[1], [0, 2], [3, 1, 0]])))
        selected = np.ix_(*selection)
    elif kind == "points":
        selection = selected = draw(coordinates((5, 4)))
    else:
        selection = selected = np.random.default_rng(draw(st.integers(0, 99))).random((5, 4)) < 0.4
    shape = np.zeros((5, 4), bool)[selected].shape
    cut = draw(st.integers(0, len(shape)))
    return kind, selection, selected, tuple(draw(st.sampled_from([n, 1])) for n in shape[cut:])


def put(array: zarr.Array, kind: str, selection: Any, value: Any) -> None:
    if kind == "oindex":
        array.oindex[selection] = value
    elif kind == "points":
        array.set_coordinate_selection(selection, value)
    elif kind == "mask":
        array.set_mask_selection(selection, value)
    else:
        array[selection] = value


@given(data=st.data(), zarr_format=st.sampled_from([2, 3]))
def test_assigning_keeps_numpys_rule(engine, data, zarr_format):
    dtype = data.draw(dtypes().filter(lambda dtype: dtype != OBJECT_TYPE))
    kind, selection, selected, shape = data.draw(assignments())
    source = data.draw(typed_arrays().filter(len) | lists().map(as_objects))
    assume(source.dtype.kind != "S" or dtype.kind not in "mM")  # NumPy loses the error there, and Python finds it later
    assume(source.dtype.kind not in "SV" or dtype.kind != "T")  # nor looks whether it is text
    kinds = (source.dtype.kind, dtype.kind)  # nor, between text of any length and others, at their byte order
    assume("T" not in kinds or (dtype.isnative and source.dtype.isnative))
    value: Any = np.resize(source, shape) if source.dtype.kind != "T" else source[:1].reshape((1,) * len(shape))
    assume(
        dtype.kind != "T" or not any(isinstance(item, bytes) for item in flat(value.tolist()))
    )  # as text, one or another
    assume(dtype.kind != "T" or kind == "basic" or np.lib.NumpyVersion(np.__version__) >= "2.2.0")  # older ones lose it
    if data.draw(st.booleans()) and value.dtype.kind not in "mMV":
        value = value.tolist()
    # C leaves open what a float out of range becomes as an integer, and NumPy has more than one answer in one array.
    assume(dtype.kind not in "iu" or not is_out_of_range(value, dtype))
    array = zarr.create_array({}, shape=(5, 4), chunks=(2, 3), dtype=dtype, zarr_format=zarr_format)
    model = filled((5, 4), dtype, array.fill_value)
    before = model.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            put(array, kind, selection, value)
        except REFUSED:
            assert has_same_bits(array[...], before)
            # NumPy looks at no element where nothing is selected, and refuses some scalars for slices that it wraps for masks.
            is_one = not isinstance(value, list) and np.ndim(value) == 0
            is_lenient = np.size(model[selected]) == 0 or (is_one and is_refused_by_numpy(before.copy(), ..., value))
            assert is_lenient or is_refused_by_numpy(model, selected, value) or holds_missing(value, dtype)
            return
        assert not holds_missing(value, dtype)
        put_into(model, selected, value)
    assert has_same_bits(array[...], model)


def put_into(model: Any, selected: Any, value: Any) -> None:
    """Assign as NumPy does; of text of any length it loses what has no axes, unless these are objects that have."""
    if model.dtype.kind != "T":
        model[selected] = value
        return
    words = value.astype(model.dtype) if isinstance(value, np.ndarray) else np.asarray(value, model.dtype)
    whole = np.broadcast_to(words, np.shape(model[selected])).astype(object)
    model[selected] = whole if whole.ndim else whole[()]


def is_refused_by_numpy(model: Any, selected: Any, value: Any) -> bool:
    try:
        put_into(model, selected, value)
    except (*REFUSED, RuntimeError):
        return True
    return False


def is_out_of_range(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether some float in a value is beyond what an integer type holds, or is none."""
    if any(isinstance(item, str | bytes) for item in flat(value)):  # some of it NumPy cannot put beside numbers
        return False
    elements = np.asarray(value)
    if elements.dtype.kind not in "fc":
        return False
    limits = np.iinfo(dtype)
    whole = np.trunc(elements.real.astype("f8"))
    return not bool(((whole >= float(limits.min)) & (whole < float(limits.max) + 1)).all())


def holds_missing(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether something in a value is missing that the dtype has no element for, so that it is refused."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcUSV":
        return False
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
        return dtype.kind not in "mM" and bool(np.isnat(value).any())
    leaves = value.ravel().tolist() if isinstance(value, np.ndarray) else list(flat(value))
    for item in leaves:
        if item is None and dtype.kind not in "fmM":
            return True
        if isinstance(item, np.datetime64 | np.timedelta64) and np.isnat(item) and dtype.kind not in "mM":
            return True
        if isinstance(item, float | complex | np.inexact) and item != item and dtype.kind in "bUSTV":
            return True
    return False


def flat(value: Any) -> Any:
    if not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from flat(item)


@given(source=typed_arrays(), dtype=targets().filter(lambda dtype: dtype != OBJECT_TYPE), points=st.booleans())
def test_out_gets_the_elements_or_an_error(engine, source, dtype, points):
    if source.dtype == OBJECT_TYPE:
        return
    array = zarr.array(source, chunks=2)
    out = np.zeros(len(source), dtype)
    try:
        if points:
            array.get_coordinate_selection((np.arange(len(source)),), out=out)
        else:
            array.get_basic_selection(..., out=out)
    except REFUSED:
        assert out.tobytes() == np.zeros(len(source), dtype).tobytes()
        return
    for item, element in zip(items_of(source), items_of(out), strict=True):
        assert is_same(item, element, out.dtype), (item, element, out.dtype)


# -- elements that may be missing ---------------------------------------------------------------------------------


@given(value=values(), dtype=targets(), absent=st.sets(st.integers(0, 7)), assigned=st.booleans())
def test_elements_that_may_be_missing_are_as_in_an_array_of_those_that_are_there(
    engine, value, dtype, absent, assigned
):
    items = [None if i in absent else item for i, item in enumerate(items_of(value))]
    data_type = zarr.dtype.parse_data_type(asked(dtype), zarr_format=3)
    optional = zarr.dtype.Optional(data_type=data_type)
    there = as_objects([item for item in items if item is not None])
    store = zarr.storage.MemoryStore()

    def put_in() -> zarr.Array:
        if not assigned:
            return zarr.array(as_objects(items), store=store, dtype=optional, chunks=2)
        array = zarr.create_array(store, shape=len(items), dtype=optional, chunks=2)
        array[...] = as_objects(items)
        return array

    try:
        expected = iter(zarr.array(there, dtype=asked(dtype))[...]) if len(there) else iter([])
    except REFUSED:
        with pytest.raises(REFUSED):
            put_in()
        assert "c/0" not in store._store_dict
        return
    for read in (put_in()[...], zarr.open_array(store)[...]):
        assert [item is None for item in read.tolist()] == [item is None for item in items]
    for element in read:
        if element is not None:
            other = next(expected)
            same = np.asarray(element, other.dtype).tobytes() if isinstance(other, np.generic) else element
            assert same == (other.tobytes() if isinstance(other, np.generic) else other)


# -- numbers of few bits, and structs -------------------------------------------------------------------------------


@given(source=typed_arrays(), name=st.sampled_from([*small_numbers.FLOATS, *small_numbers.INTEGERS]))
def test_numbers_of_few_bits_are_the_nearest_or_refused(source, name):
    """Of arrays, and of the same numbers in a list, with an oracle that knows the types by their bits."""
    assume(source.dtype.kind in "biuf" and len(source))
    expected = [small_element(name, item) for item in source]
    for value in (source, list(source)):
        try:
            array = zarr.array(value, dtype=name)
        except REFUSED:
            assert None in expected
            continue
        assert None not in expected
        for item, element in zip(expected, array[:].astype(float).tolist(), strict=True):
            assert element in item or (math.isnan(element) and any(map(math.isnan, item)))


def small_element(name: str, item: Any) -> set[float] | None:
    """What may be stored of a number; None if it has to be refused."""
    number = float(item)
    if name in small_numbers.INTEGERS:
        least, most = small_numbers.INTEGERS[name]
        return {number} if number.is_integer() and least <= number <= most else None
    if math.isnan(number):
        return None if small_numbers.FLOATS[name][4] is None else {number}
    if math.isinf(number):
        return {number} if small_numbers.FLOATS[name][3] == "ieee" else None
    if name == "float8_e8m0fnu" and number <= 0:
        return None
    near = small_numbers.nearest(name, number)
    if near is None or (not isinstance(item, np.floating) and Fraction(near) != int(item)):
        return None
    return {near, near * 2, near / 2} if name == "float8_e8m0fnu" and near != number else {near}


COMPLEX = {
    "complex_bfloat16": "bfloat16",
    **{f"complex_{name}": name for name in small_numbers.FLOATS if name not in ("bfloat16", "float8_e4m3fn")},
}
"""Complex numbers of few bits, and what their parts are."""


@given(source=typed_arrays(), imaginary=typed_arrays(), name=st.sampled_from(sorted(COMPLEX)))
def test_both_parts_of_complex_numbers_of_few_bits_are_the_nearest_or_refused(source, imaginary, name):
    assume(source.dtype.kind in "biuf" and len(source))
    with np.errstate(
        invalid="ignore"
    ):  # NumPy tells of each NaN that signals; that this library does not is tested elsewhere
        parts = (
            source.astype("f8"),
            np.resize(imaginary.astype("f8") if imaginary.dtype.kind in "biuf" else 0.0, len(source)),
        )
    numbers = np.empty(len(source), "c16")
    numbers.real, numbers.imag = parts
    expected = [[small_element(COMPLEX[name], item) for item in part] for part in parts]
    for value in (numbers, list(numbers)):
        try:
            array = zarr.array(value, dtype=name)
        except REFUSED:
            assert None in (*expected[0], *expected[1])
            continue
        assert None not in (*expected[0], *expected[1])
        pairs = array[:].view(zarr.dtype.parse_data_type(COMPLEX[name], zarr_format=3).to_native_dtype())
        found = pairs.astype(float).reshape(-1, 2).T.tolist()
        for part, wanted in zip(found, expected, strict=True):
            for element, item in zip(part, wanted, strict=True):
                assert element in item or (math.isnan(element) and any(map(math.isnan, item)))


@st.composite
def columns(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], np.dtype[Any]]:
    """An array with fields, and a struct with the same names and other data types."""
    size = draw(st.integers(1, 4))
    parts = {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        part = draw(typed_arrays().filter(lambda array: array.dtype.kind not in "TO"))
        parts[name] = np.resize(part, size) if len(part) else np.zeros(size, part.dtype)
    source = np.zeros(size, [(name, part.dtype) for name, part in parts.items()])
    for name, part in parts.items():
        source[name] = part
    names = draw(st.permutations(list(parts)))
    kept = st.booleans()
    fields = targets().filter(lambda dtype: dtype.kind not in "TO")
    return source, np.dtype([(name, source.dtype[name] if draw(kept) else draw(fields)) for name in names])


@given(given_columns=columns(), zarr_format=st.sampled_from([2, 3]))
def test_each_field_of_a_struct_is_as_in_an_array_of_its_own(given_columns, zarr_format):
    source, dtype = given_columns
    expected = {}
    try:
        for name in dtype.names:
            expected[name] = zarr.array(source[name], dtype=dtype[name], zarr_format=zarr_format)[...]
    except REFUSED:
        with pytest.raises(REFUSED):
            zarr.array(source, dtype=dtype, zarr_format=zarr_format)
        return
    array = zarr.array(source, dtype=dtype, zarr_format=zarr_format, chunks=2)
    for name in dtype.names:
        assert has_same_bits(array[name], expected[name])
        assert has_same_bits(array[:][name], expected[name])
    assigned = zarr.create_array({}, shape=len(source), chunks=2, dtype=dtype, zarr_format=zarr_format)
    for name in dtype.names:
        assigned[name] = expected[name]
    assert has_same_bits(assigned[:], array[:])
