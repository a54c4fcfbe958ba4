"""Text with numbers in it that are no characters: nobody could read it, so it is refused wherever it enters; and what text cannot be."""

import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from zarr.dtype import FixedLengthUTF32, Optional
from zarr.storage import MemoryStore

WRONG = np.array([0x41, 0, 0x42, 0x110000, 0xFFFFFFFF, 0x43], "u4").view("U2")  # the second and the third


def gathered(array, value):
    with array.batch() as batch:
        batch[...] = value


def appended(array, value):
    array.resize(0)
    array.append(value)


def written_late(array, value):
    array.resize(0)
    with array.appender() as appender:
        appender.append(value)


WAYS = {
    "assign": lambda array, value: array.__setitem__(..., value),
    "orthogonal": lambda array, value: array.oindex.__setitem__([0, 1, 2], value),
    "points": lambda array, value: array.vindex.__setitem__([0, 1, 2], value),
    "append": appended,
    "appender": written_late,
    "batch": gathered,
    "async": lambda array, value: run(array.async_array.setitem(..., value)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["<U2", ">U2", "<U5", "string"])
def test_it_is_refused_with_its_place(way, dtype, engine, zarr_format):
    array = zarr.create_array({}, shape=3, dtype=dtype, zarr_format=zarr_format)
    array[...] = ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"text at \(1,\).*no character"):
        WAYS[way](array, WRONG)
    assert array[...].tolist() == ([] if "append" in way else ["a", "b", "c"])


@pytest.mark.parametrize("options", [{}, {"shards": 4, "chunks": 2}, {"compressors": None}], ids=str)
def test_nothing_is_made_of_it(options, engine):
    store = MemoryStore()
    with pytest.raises(ValueError, match=r"text at \(1,\).*no character"):
        zarr.create_array(store, name="a", data=WRONG, **options)
    with pytest.raises(ValueError, match="no character"):
        zarr.save(store, a=WRONG)
    assert not store._store_dict


def test_in_fields(engine, zarr_format):
    dtype = np.dtype([("n", "i4"), ("t", "U2"), ("u", "U1", (2,))])
    wrong = np.zeros(3, dtype)
    wrong.view("u4").reshape(3, -1)[2, 4] = 0x110000
    with pytest.raises(ValueError, match=r"text at \(2,\).*no character"):
        zarr.array(wrong, zarr_format=zarr_format)
    array = zarr.create_array({}, shape=3, dtype=dtype[["n", "t"]].newbyteorder("="), zarr_format=zarr_format)
    with pytest.raises(ValueError, match="no character"):
        array["t"] = WRONG
    assert array["t"].tolist() == ["", "", ""]


def test_where_elements_may_be_missing():
    with pytest.raises((ValueError, SystemError)):
        zarr.array(WRONG, dtype=Optional(data_type=FixedLengthUTF32(length=2)))


def test_large_arrays_and_those_that_are_one_element_many_times(engine):
    many = np.full((300, 400), "ab")
    many.view("u4")[250, 2 * 8 + 1] = 0x110000
    array = zarr.create_array({}, shape=(300, 400), dtype="U2")
    for value in (many, np.asfortranarray(many), np.repeat(many, 2, axis=1)[::-1, ::2]):
        with pytest.raises(ValueError, match="no character"):
            array[...] = value
    array[...] = np.broadcast_to(np.array("xy"), (300, 400))
    assert (array[...] == "xy").all()


def test_half_a_pair_is_read_as_it_was_written_in_text_of_fixed_length(engine, zarr_format):
    """NumPy and zarr-python keep it too, as names of files have it that are no UTF-8."""
    array = zarr.create_array({}, shape=2, dtype="U3", zarr_format=zarr_format)
    array[0] = "a\udc80"
    array[1] = "\ud800"
    assert array[...].tolist() == ["a\udc80", "\ud800"]
    for dtype in ("string", "S3"):
        with pytest.raises(ValueError, match=r"\\udc80|\\ud800|code point|ASCII"):
            zarr.array(array[...], dtype=dtype)
    with pytest.raises(ValueError, match="fill_value"):
        zarr.create_array({}, shape=1, dtype="U3", fill_value="\ud800", zarr_format=zarr_format)


# -- in names and attributes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("\ud800", r"\['x'\]"),
        (["a", {"b": "\udc00"}], r"\['x'\]\[1\]\['b'\]"),
        ({"k": {"\ud800": 1}}, r"the key '\\ud800' of .*\['x'\]\['k'\]"),
        (({"k": ("\udfff",)},), r"\['x'\]\[0\]\['k'\]\[0\]"),
    ],
)
def test_attributes_name_the_place(value, place, zarr_format):
    store = MemoryStore()
    group = zarr.create_group(store, zarr_format=zarr_format, attributes={"was": 1})
    calls = [
        lambda: group.attrs.__setitem__("x", value),
        lambda: group.update_attributes({"x": value}),
        lambda: group.create_group("g", attributes={"x": value}),
        lambda: group.create_array("a", shape=1, dtype="i1", attributes={"x": value}),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=f"{place}.*half of a surrogate pair"):
            call()
    assert dict(zarr.open_group(store).attrs) == {"was": 1}
    assert list(group) == []


def test_keys_of_attributes():
    group = zarr.create_group({})
    with pytest.raises(TypeError, match=r"the key '\\ud800'"):
        group.attrs["\ud800"] = 1
    assert not dict(group.attrs)


@pytest.mark.parametrize("kind", ["memory", "directory"])
def test_names_of_nodes(kind, tmp_path):
    group = zarr.create_group(MemoryStore() if kind == "memory" else tmp_path)
    for call in (group.create_group, group.require_group, lambda name: group.create_array(name, shape=1, dtype="i1")):
        with pytest.raises(ValueError, match=r"'a/\\ud800x'.*half of a surrogate pair"):
            call("a/\ud800x")
    assert list(group) == []
