"""Arrays of Python objects in format 2: what zarr-python 2.18 stored, what is stored here, and bytes that lie."""

import json
import pickle

import numcodecs
import numpy as np
import pytest

import zarr
from tests.suites.calls import run
from zarr.errors import ArgumentError, CodecError, PickleCodecDisabledError

JSON = {
    "id": "json2", "encoding": "utf-8", "skipkeys": False, "ensure_ascii": True, "check_circular": True,
    "allow_nan": True, "indent": None, "separators": [",", ":"], "sort_keys": True, "strict": True,
}  # fmt: skip


def objects(*items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def stored(shape, chunks, filters, chunks_of, *, fill_value=0, order="C", compressor=None):
    document = {
        "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": "|O", "fill_value": fill_value, "order": order,
        "filters": filters, "compressor": compressor,
    }  # fmt: skip
    encoded = {".zarray": json.dumps(document).encode(), **chunks_of}
    return {key: zarr.buffer.cpu.Buffer.from_bytes(value) for key, value in encoded.items()}


def same(one, other):
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return getattr(one, "dtype", 0) == getattr(other, "dtype", 1) and one.tolist() == other.tolist()
    return type(one) is type(other) and one == other


def check(array, expected):
    """Whether the elements, in C order, are these."""
    found = np.empty((), object)
    found[()] = array[...]
    elements = array[...].ravel().tolist() if array.ndim else [found[()]]
    assert all(same(one, other) for one, other in zip(elements, expected, strict=True)), elements


# -- what zarr-python 2.18.7 stored ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "encoded", "expected"),
    [
        (
            [JSON],
            ["5b2261222c6e756c6c2c227c4f222c5b325d5d", "5b7b2278223a5b312c325d7d2c302c227c4f222c5b325d5d",
             "5b5b312c325d2c302c227c4f222c5b325d5d"],
            ["a", None, {"x": [1, 2]}, 0, [1, 2]],
        ),
        (
            [{"id": "msgpack2", "raw": False, "use_bin_type": True, "use_single_float": False}],
            ["94a161c0a27c4f9102", "9481a17892010200a27c4f9102", "9492010200a27c4f9102"],
            ["a", None, {"x": [1, 2]}, 0, [1, 2]],
        ),
        (
            [{"id": "vlen-array", "dtype": "<i4"}],
            ["0200000008000000010000000200000000000000", "0200000004000000070000000400000000000000"],
            [np.array([1, 2], "i4"), np.array([], "i4"), np.array([7], "i4"), np.array([0], "i4"), 0],
        ),
        (
            [{"id": "categorize", "dtype": "|O", "astype": "|u1", "labels": ["x", "y"]}],
            ["0102", "0000"],
            ["x", "y", "", "", 0],
        ),
    ],
)  # fmt: skip
def test_arrays_of_zarr_python_2(engine, filters, encoded, expected):
    store = stored([5], [2], filters, {str(i): bytes.fromhex(chunk) for i, chunk in enumerate(encoded)})
    array = zarr.open_array(store, mode="r")
    check(array, expected)
    assert same(array[2], expected[2])
    assert array.dtype == object


def test_layouts_of_zarr_python_2(engine):
    encoded = {
        "0.0": "78018b8e36d4514a528ad58936d1c92bcdc989d551aaf157d28936d2318a8d050079b20822",
        "0.1": "78018b8e36d63188d5893603914a35fe4a3ad1463a46b1b1004cc40625",
    }
    chunks = {key: bytes.fromhex(chunk) for key, chunk in encoded.items()}
    store = stored([2, 3], [2, 2], [JSON], chunks, order="F", compressor={"id": "zlib", "level": 1})
    check(zarr.open_array(store), [1, "b", 3, 4, None, 6])
    check(zarr.open_array(stored([], [], [JSON], {"0": bytes.fromhex("5b2278222c227c4f222c5b5d5d")})), ["x"])
    ragged = "04000000020000000000060000000000010002000400000000000100080000000000010002000300"
    store = stored([2, 2], [2, 2], [{"id": "vlen-array", "dtype": "<i2"}], {"0.0": bytes.fromhex(ragged)}, order="F")
    check(zarr.open_array(store), [np.arange(n, dtype="i2") for n in (1, 2, 3, 4)])


PICKLED = (
    "80049591000000000000008c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f7265636f6e7374727563749493948c05"
    "6e756d7079948c076e6461727261799493944b0085944301629487945294284b014b03859468038c0564747970659493948c024f389489"
    "8887945294284b038c017c944e4e4e4affffffff4affffffff4b3f749462895d94284b018c0161944e657494622e"
)


def test_pickles_are_read_where_that_is_allowed(engine):
    store = stored([3], [3], [{"id": "pickle", "protocol": 4}], {"0": bytes.fromhex(PICKLED)}, fill_value=None)
    array = zarr.open_array(store)
    assert array.shape == (3,)
    place = r"^chunk '0' of array '/' in store '.+': this array holds Python pickles.*allow_unsafe_pickle_decode"
    for call in (
        lambda: array[:],
        lambda: zarr.open_array(store)[0],
        lambda: run(array.async_array.getitem(slice(2))),
        lambda: array.vindex[[0]],
        lambda: array.set_basic_selection(0, 5),
        lambda: array.set_basic_selection(..., 5),
    ):
        with pytest.raises(PickleCodecDisabledError, match=place):
            call()
    with zarr.config.set({"array.allow_unsafe_pickle_decode": True}):
        check(array, [1, "a", None])


def test_pickles_are_written_where_that_is_allowed(engine):
    with pytest.raises(PickleCodecDisabledError, match="allow_unsafe_pickle_decode"):
        zarr.create(3, dtype=object, object_codec=numcodecs.Pickle(), zarr_format=2)
    with zarr.config.set({"array.allow_unsafe_pickle_decode": True}):
        array = zarr.create(3, dtype=object, object_codec=numcodecs.Pickle(), zarr_format=2, chunks=2)
        array[:] = objects({1, 2}, "a", None)
        check(array, [{1, 2}, "a", None])


# -- round trips ----------------------------------------------------------------------------------------------------

VALUES = objects("a", None, {"x": [1, 2]}, [1, 2, 3], 4.5, True, "\u00e9\0")
LISTS = [numcodecs.JSON(), numcodecs.MsgPack()]


@pytest.mark.parametrize("codec", LISTS, ids=lambda codec: codec.codec_id)
@pytest.mark.parametrize("where", ["filters", "as configuration", "compressors", "object_codec"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_values(engine, codec, where, order):
    store = {}
    if where == "object_codec":
        array = zarr.create(7, dtype=object, object_codec=codec, chunks=3, zarr_format=2, store=store, order=order)
        array[:] = VALUES
    else:
        given = {"filters": [codec.get_config()]} if where == "as configuration" else {where: [codec]}
        array = zarr.create_array(store, data=VALUES, dtype=object, chunks=3, zarr_format=2, order=order, **given)
    check(array, VALUES.tolist())
    check(zarr.open_array(store, mode="r"), VALUES.tolist())
    document = json.loads(store[".zarray"].to_bytes())
    ids = [codec["id"] for codec in [*(document["filters"] or []), *filter(None, [document["compressor"]])]]
    assert (document["dtype"], codec.codec_id in ids) == ("|O", True)


def test_the_bytes_are_those_of_numcodecs(engine):
    for codec in (*LISTS, numcodecs.VLenArray("<i4")):
        data = VALUES if codec in LISTS else objects(np.arange(3, dtype="i4"), np.array([], "i4"))
        zarr.create_array(store := {}, data=data, dtype=object, filters=[codec], compressors=None, zarr_format=2)
        assert store["0"].to_bytes() == bytes(codec.encode(data))


def test_data_say_that_they_are_objects_where_a_codec_takes_them():
    array = zarr.create_array({}, data=VALUES, filters=[numcodecs.JSON()], zarr_format=2)
    check(array, VALUES.tolist())
    check(zarr.array(VALUES, object_codec=numcodecs.JSON(), zarr_format=2), VALUES.tolist())


@pytest.mark.parametrize("dtype", [object, "object", "O", "|O", np.dtype(object)])
def test_spellings(dtype):
    array = zarr.create(2, dtype=dtype, object_codec=numcodecs.JSON(), zarr_format=2)
    array[:] = objects([1], 2)
    check(array, [[1], 2])
    text = zarr.create(2, dtype=dtype, object_codec=numcodecs.VLenUTF8(), zarr_format=2)
    text[:] = ["a", "b"]
    assert text[:].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("dtype", "codec", "data"), [(str, numcodecs.VLenUTF8(), ["a", "b"]), (bytes, numcodecs.VLenBytes(), [b"a", b"b"])]
)
def test_object_codecs_of_text_and_bytes(dtype, codec, data):
    array = zarr.create(2, dtype=dtype, object_codec=codec, zarr_format=2)
    array[:] = np.array(data, object)
    assert list(array[:]) == data
    assert [codec.codec_id for codec in array.filters] == [codec.codec_id]


def test_filters_come_behind_the_object_codec(engine):
    array = zarr.create_array(
        {}, data=VALUES, dtype=object, filters=[numcodecs.JSON(), numcodecs.Zlib()], zarr_format=2
    )
    check(array, VALUES.tolist())
    text = zarr.create_array({}, shape=2, dtype=str, filters=[numcodecs.Zlib()], zarr_format=2)
    text[:] = ["a", "b"]
    assert ([codec.codec_id for codec in text.filters], text[:].tolist()) == (["vlen-utf8", "zlib"], ["a", "b"])


def test_elements_may_be_lists_and_arrays(engine):
    array = zarr.create((2, 2), dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, chunks=1)
    array[0, 0] = [1, [2]]
    array[1] = [{"a": 1}, [3, 4]]
    array[0, 1:] = [[5]]
    check(array, [[1, [2]], [5], {"a": 1}, [3, 4]])
    assert array[0, 0] == [1, [2]]
    array[:] = [[1, 2], [3, [4]]]
    check(array, [1, 2, 3, [4]])
    with pytest.raises(ArgumentError, match="different lengths"):
        array[:] = [[1, 2], [3]]
    ragged = zarr.create(3, dtype=object, object_codec=numcodecs.VLenArray("i4"), zarr_format=2, chunks=2)
    ragged[0] = np.array([1, 3, 5])
    ragged[1] = [7]
    check(ragged, [np.array([1, 3, 5], "i4"), np.array([7], "i4"), None])


@pytest.mark.parametrize("item", [np.array([1.5]), np.array([2**40]), "text", [[1, 2]], [1, [2]], {"a": 1}])
def test_arrays_that_would_change_are_refused(engine, item):
    ragged = zarr.create(3, dtype=object, object_codec=numcodecs.VLenArray("i4"), zarr_format=2)
    with pytest.raises(CodecError, match="vlen-array"):
        ragged[0] = item


@pytest.mark.parametrize("codec", [*LISTS, numcodecs.VLenArray("i4")], ids=lambda codec: codec.codec_id)
def test_without_axes_and_without_elements(engine, codec):
    one = np.arange(3, dtype="i4") if codec.codec_id == "vlen-array" else {"a": [1]}
    array = zarr.create((), dtype=object, object_codec=codec, zarr_format=2, store=(store := {}))
    assert array[()] is None
    array[...] = one
    assert same(array[()], one)
    assert same(zarr.open_array(store)[()], one)
    assert zarr.create((0, 3), dtype=object, object_codec=codec, zarr_format=2)[:].shape == (0, 3)


def test_labels(engine):
    codec = numcodecs.Categorize(["x", "y"], dtype=object)
    array = zarr.create(5, dtype=object, object_codec=codec, zarr_format=2, chunks=2)
    array[:] = objects("x", "y", "x", "q", "y")
    check(array, ["x", "y", "x", "", "y"])


def test_fill_values():
    for fill in (None, 0, "text", 1.5, [1], {"a": 1}, True):
        array = zarr.create(
            2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, fill_value=fill, store=(store := {})
        )
        assert same(array[0], fill)
        assert same(zarr.open_array(store)[0], fill)
        array[0] = fill
        assert "0" not in store
    for fill, stored in (((1, 2), [1, 2]), ({1: (2,)}, {"1": [2]})):
        array = zarr.create(2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, fill_value=fill)
        assert same(array[0], stored)
        assert same(array.fill_value, stored)
    for fill in (b"a", {1}, float("nan")):
        with pytest.raises(ValueError, match="fill value"):
            zarr.create(2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, fill_value=fill)


def test_format_3_has_no_objects():
    with pytest.raises(ValueError, match=r"object codec among the filters"):
        zarr.create_array({}, shape=2, dtype=object, filters=[numcodecs.JSON()], zarr_format=3)
    source = zarr.create(2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2)
    with pytest.raises(ValueError, match="format 2 only"):
        zarr.from_array({}, data=source, zarr_format=3)
    check(zarr.from_array({}, data=source), [None, None])


def test_values_that_the_codec_cannot_write(engine):
    array = zarr.create(2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2)
    with pytest.raises(CodecError, match=r"json2.*not JSON serializable"):
        array[0] = {1, 2}


# -- bytes that lie -------------------------------------------------------------------------------------------------

DEEP = b"[" * 100_000
LIES = {
    "json2": [
        b"", b"1", b"{}", b"[]", b'["|O"]', b'["a","b","|O"]', b'["a","b","|O",2]', b'["a","|O",[1]]', b'["a","b","c","|O",[2]]',
        b'["a","|O",[1000000000000]]', b'["a","b","|O",[1,2]]', b'["a","b","|O",[-1,-2]]', b'["a","b","|O",["2"]]', b'["a","b","|O",[true,2]]',
        b'[["a"],["b"],"|O",[2,1,1]]', b'["a","b","no dtype",[2]]', b'["a","b",",i4",[2]]', b'["a","b","\\ud800",[2]]', b'["a","b","<i4",[2]]', b'["a","b",5,[2]]', DEEP, b'\xff\xfe', b'["a","b","|O",[2]]x',
    ],
    "msgpack2": [
        b"", b"\x01", b"\x90", b"\x91\xa2|O", b"\x94\xa1a\xa1b\xa2|O\x02", b"\x93\xa1a\xa2|O\x91\x01", b"\xdd\xff\xff\xff\xff",
        b"\x94\xa1a\xa1b\xa2|O\x91\xce\xff\xff\xff\xff", b"\x94\xa1a\xa1b\xa2|O\x91\x02\x00", b"\x91" * 100_000, b"\xc1", b"\xa1\xff",
    ],
    "vlen-array": [
        b"", b"\2\0\0", b"\3\0\0\0" + b"\0" * 12, b"\xff\xff\xff\xff", b"\2\0\0\0\xff\xff\xff\xff", b"\2\0\0\0\3\0\0\0abc\0\0\0\0",
        b"\2\0\0\0\4\0\0\0abcd\0\0\0\0x",
    ],
}  # fmt: skip


@pytest.mark.parametrize("codec_id", LIES)
@pytest.mark.parametrize("compressor", [None, {"id": "zlib", "level": 1}])
def test_lies_are_told(engine, codec_id, compressor):
    filters = [{"id": codec_id, "dtype": "<i4"} if codec_id == "vlen-array" else {"id": codec_id}]
    for lie in LIES[codec_id]:
        encoded = lie if compressor is None else bytes(numcodecs.get_codec(compressor).encode(lie))
        array = zarr.open_array(stored([2], [2], filters, {"0": encoded}, compressor=compressor))
        with pytest.raises(CodecError, match=codec_id):
            array[:]


def test_other_dtypes_in_lists(engine):
    store = stored([2], [2], [JSON], {"0": b'[1,2,"<i4",[2]]'})
    check(zarr.open_array(store), [1, 2])
    store[".zarray"] = zarr.buffer.cpu.Buffer.from_bytes(store[".zarray"].to_bytes().replace(b'"|O"', b'"<i4"'))
    assert zarr.open_array(store)[:].tolist() == [1, 2]


def test_they_pickle_and_compare():
    array = zarr.create(2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2, store=zarr.storage.MemoryStore())
    assert pickle.loads(pickle.dumps(array.metadata)) == array.metadata
