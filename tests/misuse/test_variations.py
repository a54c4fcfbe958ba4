"""Random variations of misuse: more than two thousand, some of them of no harm, which nobody can tell beforehand.

Each is done to a bench. An error is one of those that users catch, never an internal one, and leaves what is stored as it was;
where there is none, what came of it is usable. Where NumPy says what is right, both do the same.
"""

import json
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import zarr
from tests.misuse.bench import INTERNAL, Bench, put_raw
from tests.misuse.rows_documents import ARRAY2, ARRAY3
from tests.misuse.rows_values import Odd
from zarr.storage import MemoryStore

EXAMPLES = {"long": 3000}.get(settings.get_current_profile_name(), 260)
"""For each of the four tests on each of the two engines: 2,080."""
varied = settings(max_examples=EXAMPLES)

NUMBERS = st.integers(-12, 12) | st.sampled_from([2**31, -(2**63), 2**64, 2**100, 10**30])
SCALARS = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.floats()
    | st.complex_numbers(max_magnitude=9)
    | st.text(max_size=4)
    | st.binary(max_size=3)
    | st.sampled_from(
        [..., Odd(), Odd, len, np.float32(1.5), np.int8(-1), np.datetime64("2020"), np.str_("x"), slice(None)]
    )
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=5,
)
ARRAYS = st.builds(
    lambda shape, dtype: np.ones(shape, dtype),
    st.sampled_from([(), (1,), (2,), (6,), (8,), (2, 3), (6, 8), (8, 6), (0,), (1, 6, 8)]),
    st.sampled_from(["bool", "i1", "i8", "u8", "f4", "c8", "U2", "S1", "O", "M8[s]", [("x", "i4")]]),
)
SLICES = st.builds(slice, JUNK, JUNK, st.none() | JUNK) | st.builds(slice, NUMBERS, NUMBERS)


@pytest.fixture(scope="module", params=["native", "python"])
def bench(request, tmp_path_factory):
    """One bench for all variations, as none may change it."""
    with zarr.config.set({"engine": request.param}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Bench(MemoryStore(), MemoryStore(), tmp_path_factory.mktemp("bench") / "empty")


@contextmanager
def only_clear_errors():
    """Let no error out but those that users catch; the test goes on behind it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except INTERNAL as error:
            raise AssertionError(f"an internal error: {error!r}") from error
        except (TypeError, ValueError, IndexError, OverflowError, OSError, NotImplementedError) as error:
            assert str(error)  # noqa: PT017 - any of them will do, if it says something
        except KeyError as error:
            assert len(str(error)) > 20  # noqa: PT017 - a sentence, not a bare key


def outcome(act):
    """The result, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return act(), None
        except Exception as error:  # noqa: BLE001 - it is looked at
            return None, error


ENTRIES = (
    NUMBERS | SLICES | JUNK | ARRAYS | st.lists(NUMBERS, max_size=3) | st.lists(st.booleans(), min_size=6, max_size=6)
)
SELECTIONS = ENTRIES | st.lists(ENTRIES, max_size=3).map(tuple)


@varied
@given(selection=SELECTIONS, route=st.sampled_from(["[]", "oindex", "vindex", "blocks", "basic", "mask", "coordinate"]))
def test_selections(bench, selection, route):
    stored, array = bench.everything(), bench.a
    accessors = {"[]": array, "oindex": array.oindex, "vindex": array.vindex, "blocks": array.blocks}

    def read():
        return (
            accessors[route][selection] if route in accessors else getattr(array, f"get_{route}_selection")(selection)
        )

    def write():
        if route in accessors:
            accessors[route][selection] = 0
        else:
            getattr(array, f"set_{route}_selection")(selection, 0)

    found, error = outcome(read)
    assert not isinstance(error, INTERNAL), repr(error)
    assert error is None or isinstance(error, IndexError | TypeError | ValueError | NotImplementedError), repr(error)
    if route in ("[]", "basic") and error is None:
        expected, wrong = outcome(lambda: array_in_memory()[selection])
        if wrong is None and np.shape(expected) == np.shape(found):  # one list among several is orthogonal here
            np.testing.assert_array_equal(found, expected)
    if error is not None:  # what cannot be read cannot be written
        with pytest.raises((IndexError, TypeError, ValueError, NotImplementedError)):
            write()
    assert bench.everything() == stored


def array_in_memory():
    return np.arange(48, dtype="int32").reshape(6, 8)


VALUES = JUNK | ARRAYS
PLACES = st.sampled_from([..., 0, (0, 0), slice(2), (slice(None), 3), (slice(1, 4), slice(2, 5)), slice(0)])


@varied
@given(
    value=VALUES, place=PLACES, dtype=st.sampled_from(["int32", "uint8", "float64", "complex64", "bool", "M8[s]", "S3"])
)
def test_values(bench, value, place, dtype):
    """What NumPy takes is taken, to the same effect; what it refuses is refused, and nothing is written.

    Left out are sequences for one place: NumPy takes some of one element, here they all count as the element.
    """
    assume(
        np.shape(np.ones((4, 6), dtype)[place]) or not (isinstance(value, list | tuple) or getattr(value, "ndim", 0))
    )
    model = np.ones((4, 6), dtype)
    store = MemoryStore()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = zarr.create_array(store, data=model, chunks=(2, 4))
    _, wrong = outcome(lambda: model.__setitem__(place, value))
    _, error = outcome(lambda: array.__setitem__(place, value))
    assert not isinstance(error, INTERNAL) or isinstance(wrong, INTERNAL), repr(error)
    if wrong is not None and np.ones((4, 6), dtype)[place].size:  # to nowhere, NumPy casts nothing
        assert error is not None
    if error is not None:
        # NumPy raises RuntimeError where a date does not fit into bytes.
        assert isinstance(error, TypeError | ValueError | OverflowError | IndexError | RuntimeError), repr(error)
        model = np.ones((4, 6), dtype)
    np.testing.assert_array_equal(array[...], model)


GOOD = {"shape": (4, 6), "dtype": "int32", "chunks": (2, 3), "fill_value": 7, "zarr_format": 3}
KEYWORDS = [
    *("shape", "dtype", "data", "chunks", "shards", "filters", "compressors", "serializer", "fill_value", "order"),
    *(
        "zarr_format",
        "attributes",
        "chunk_key_encoding",
        "dimension_names",
        "storage_options",
        "overwrite",
        "config",
        "name",
    ),
]


@varied
@given(changes=st.dictionaries(st.sampled_from(KEYWORDS), JUNK | ARRAYS, min_size=1, max_size=2), v2=st.booleans())
def test_creation(bench, changes, v2):
    store = MemoryStore()
    made = []
    with only_clear_errors():
        made.append(zarr.create_array(store, **{**GOOD, **({"zarr_format": 2} if v2 else {}), **changes}))
    if not made:
        assert store._store_dict == {}
        return
    array = made[0]
    reopened = zarr.open_array(store, path=array.path, mode="r")
    assert reopened.shape == array.shape
    assert reopened.metadata.to_dict() == array.metadata.to_dict()
    if array.size < 10**6:
        assert reopened[...].shape == array.shape
    assert bench.root.store is not store


def replaced(document, path, value):
    """A document with another value somewhere, or without it."""
    changed = json.loads(json.dumps(document))
    place = changed
    *parents, last = path
    for step in parents:
        place = place[step]
    if value is Ellipsis:
        del place[last]
    else:
        place[last] = value
    return changed


def places(value, path=()):
    """The paths of everything in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield (*path, step)
        yield from places(child, (*path, step))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | st.text(max_size=4) | st.just("regular"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "id", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@varied
@given(data=st.data(), cut=st.none() | st.integers(0, 400))
def test_documents(bench, data, cut):
    document, key = data.draw(st.sampled_from([(ARRAY3, "bad/zarr.json"), (ARRAY2, "bad/.zarray")]))
    changed = replaced(document, data.draw(st.sampled_from(list(places(document)))), data.draw(st.just(...) | JSON))
    store = MemoryStore()
    raw = json.dumps(changed).encode()
    put_raw(store, key, raw if cut is None else raw[:cut])
    before = {key: value.to_bytes() for key, value in store._store_dict.items()}
    with only_clear_errors():
        array = zarr.open_array(store, path="bad", mode="r+")
        if array.size < 10**6:
            assert array[...].shape == array.shape
        array.attrs  # noqa: B018 - it must be there
    assert {key: value.to_bytes() for key, value in store._store_dict.items()} == before
    assert bench.root.store is not store
