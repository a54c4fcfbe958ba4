"""Structs: descriptions and fill values in both formats, values that go in, fields in selections."""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
import struct
import warnings

import numpy as np
import pytest

import zarr
from tests.suites.plain_stores import Awaited
from zarr._dtype.structs import Subarray
from zarr.dtype import (
    DateTime64,
    FixedLengthUTF32,
    Float32,
    Float64,
    Int16,
    Int32,
    Struct,
    Structured,
    UInt8,
    VariableLengthUTF8,
    data_type_registry,
    parse_dtype,
)
from zarr.errors import ArgumentError, ArrayIndexError, DataTypeValidationError, UnstableSpecificationWarning

pytestmark = pytest.mark.filterwarnings("error", "ignore:Consolidated metadata is:zarr.errors.ZarrUserWarning")

PLAIN = np.dtype([("n", "<i4"), ("x", "<f8")])
MIXED = np.dtype([("n", ">i4"), ("x", "<f8"), ("in", [("t", "<M8[s]"), ("s", "<U3"), ("z", "<c8")]), ("b", "<u2")])
WITH_ARRAYS = np.dtype([("n", ">i4"), ("v", ">f4", (2, 3)), ("w", "u1", (2,))])
INNER = (np.datetime64(5, "s"), "hé", 1 - 2j)
FILL = (7, float("nan"), INNER, 9)


def elements(dtype, shape=(7,), seed=0):
    """Random elements of a dtype with fields, none of which is like another."""
    rng = np.random.default_rng(seed)
    made = np.zeros(shape, dtype)
    for name in dtype.names:
        field = dtype[name]
        if field.names is not None:
            made[name] = elements(field, shape, seed + 1)
        else:
            made[name] = (
                rng.integers(1, 100, made[name].shape).astype("U3" if field.kind in "US" else "i8").astype(field.base)
            )
    return made


def document(data_type, fill_value, *, endian="little", **others):
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [3],
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": fill_value,
        "codecs": [{"name": "bytes", "configuration": {"endian": endian}}],
        **others,
    }


def stored(data_type, fill_value, **members):
    """An array of a document."""
    return zarr.open_array({"zarr.json": zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document(data_type, fill_value, **members)).encode())}, mode="r")  # fmt: skip


def listed(array):
    """The elements of every field, as lists."""
    if array.dtype.names is None:
        return array.tolist()
    return {name: listed(array[name]) for name in array.dtype.names}


def assert_same(found, expected):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


# -- descriptions ---------------------------------------------------------------------------------------------------------


class TestDescriptions:
    def test_of_format_3(self):
        found = parse_dtype(MIXED, zarr_format=3).to_json(3)
        inner = {
            "name": "struct",
            "configuration": {
                "fields": [
                    {
                        "name": "t",
                        "data_type": {"name": "numpy.datetime64", "configuration": {"unit": "s", "scale_factor": 1}},
                    },
                    {"name": "s", "data_type": {"name": "fixed_length_utf32", "configuration": {"length_bytes": 12}}},
                    {"name": "z", "data_type": "complex64"},
                ]
            },
        }
        assert found["configuration"]["fields"][:3] == [
            {"name": "n", "data_type": "int32"},
            {"name": "x", "data_type": "float64"},
            {"name": "in", "data_type": inner},
        ]

    def test_of_format_2(self):
        expected = [["n", ">i4"], ["x", "<f8"], ["in", [["t", "<M8[s]"], ["s", "<U3"], ["z", "<c8"]]], ["b", "<u2"]]
        data_type = parse_dtype(MIXED, zarr_format=2)
        assert data_type.to_json(2) == {"name": expected, "object_codec_id": None}
        assert parse_dtype(expected, zarr_format=2) == data_type
        assert data_type.to_native_dtype() == MIXED

    @pytest.mark.parametrize(
        "fields",
        [
            [["n", "int32"], ["x", "float64"]],
            [{"name": "n", "data_type": "int32"}, {"name": "x", "data_type": "float64"}],
            [{"name": "n", "data_type": {"name": "int32"}}, ["x", {"name": "float64", "configuration": {}}]],
        ],
    )
    @pytest.mark.parametrize("name", ["struct", "structured"])
    def test_every_spelling_of_format_3_is_read(self, name, fields):
        found = parse_dtype({"name": name, "configuration": {"fields": fields}}, zarr_format=3)
        assert found == Struct(fields=(("n", Int32()), ("x", Float64())))

    def test_the_older_spelling_is_written_on_demand_with_a_warning(self):
        older = Structured(fields=(("n", Int32()), ("x", Float64())))
        assert older != Struct(fields=older.fields)
        with pytest.warns(UnstableSpecificationWarning, match="structured"):
            found = older.to_json(3)
        assert found == {"name": "structured", "configuration": {"fields": [["n", "int32"], ["x", "float64"]]}}
        assert Structured.from_json(found, zarr_format=3) == older
        with pytest.raises(DataTypeValidationError):
            Structured.from_json({"name": "struct", "configuration": found["configuration"]}, zarr_format=3)

    def test_fields_that_are_arrays(self):
        expected = [["n", ">i4"], ["v", ">f4", [2, 3]], ["w", "|u1", [2]]]
        data_type = parse_dtype(WITH_ARRAYS, zarr_format=2)
        assert data_type.to_json(2)["name"] == expected
        assert parse_dtype(expected, zarr_format=2) == data_type
        assert parse_dtype([["n", ">i4"], ["v", ">f4", [2, 3]], ["w", "|u1", 2]], zarr_format=2) == data_type
        assert data_type.to_native_dtype() == WITH_ARRAYS
        assert data_type.item_size == WITH_ARRAYS.itemsize
        assert pickle.loads(pickle.dumps(data_type)) == data_type
        with pytest.raises(ValueError, match="format 3 has no fields that are arrays"):
            zarr.create_array({}, shape=3, dtype=WITH_ARRAYS)

    def test_gaps_are_left_out_and_those_that_are_stored_have_names(self):
        aligned = np.dtype([("a", "i1"), ("b", "<i8")], align=True)
        data = np.array([(1, 2), (3, 4)], aligned)
        array = zarr.array(data)
        assert array.dtype == np.dtype([("a", "i1"), ("b", "<i8")])
        assert listed(array[:]) == listed(data)
        stored_by_numpy = [list(entry) for entry in aligned.descr]
        assert stored_by_numpy[1] == ["", "|V7"]
        assert parse_dtype(stored_by_numpy, zarr_format=2).to_native_dtype().names == ("a", "f1", "b")

    @pytest.mark.parametrize(
        ("dtype", "words"),
        [
            ([(("title", "a"), "i4")], "field 'a' has a title"),
            ([("a", "O")], "field 'a': dtype object has elements of variable length"),
            ([("a", [("b", "O")])], "field 'a'.*field 'b'.*variable length"),
            ([("a", np.longdouble)], "field 'a': No Zarr data type found"),
            (np.dtype([]), "at least one field"),
        ],
    )
    def test_what_has_no_description_is_refused(self, dtype, words, zarr_format):
        if np.dtype(np.longdouble) == np.dtype("f8") and "longdouble" in str(dtype):
            return
        with pytest.raises(DataTypeValidationError, match=words):
            zarr.create_array({}, shape=2, dtype=dtype, zarr_format=zarr_format)

    @pytest.mark.parametrize(
        "fields",
        [
            *((), (("a", UInt8()), ("a", UInt8())), (("", UInt8()),), ((5, UInt8()),), (("a", VariableLengthUTF8()),)),
            (("a", "int8"),),
        ],
    )
    def test_fields_are_checked(self, fields):
        with pytest.raises((ValueError, TypeError)):
            Struct(fields=fields)

    @pytest.mark.parametrize(
        "fields",
        [
            *([], {}, None, [5], ["a"], [["a"]], [["a", "int8", 2]], [[5, "int8"]], [{"name": "a"}], [["", "int8"]]),
            *(
                [{"name": "a", "data_type": "string"}],
                [{"name": "a", "data_type": "nonsense"}],
                [["a", "r16"], ["a", "r8"]],
            ),
            [{"name": "a", "data_type": "int8", "more": 1}],
        ],
    )
    @pytest.mark.parametrize("name", ["struct", "structured"])
    def test_stored_fields_are_checked(self, fields, name):
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json({"name": name, "configuration": {"fields": fields}}, zarr_format=3)
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json({"name": name, "configuration": {}}, zarr_format=3)

    @pytest.mark.parametrize("shape", [-1, "2", 2.0, True, [2, -1], [[2]], None, [1] * 33, [2**31]])
    def test_stored_shapes_are_checked(self, shape):
        with pytest.raises(DataTypeValidationError, match="field 'a'"):
            parse_dtype([["a", "<i4", shape]], zarr_format=2)

    def test_fields_nested_beyond_reason(self):
        described = "<i4"
        for _ in range(5000):
            described = [["a", described]]
        with pytest.raises((DataTypeValidationError, RecursionError)):
            parse_dtype(described, zarr_format=2)


# -- fill values ------------------------------------------------------------------------------------------------------------


class TestFillValues:
    @pytest.mark.parametrize("dtype", [PLAIN, MIXED, WITH_ARRAYS])
    def test_format_2_has_the_bytes_in_base64(self, dtype):
        scalar = elements(dtype)[0]
        data_type = parse_dtype(dtype, zarr_format=2)
        text = data_type.to_json_scalar(scalar, zarr_format=2)
        assert base64.b64decode(text) == scalar.tobytes()
        assert data_type.from_json_scalar(text, zarr_format=2).tobytes() == scalar.tobytes()

    def test_format_3_names_every_field(self):
        data_type = parse_dtype(MIXED, zarr_format=3)
        found = data_type.to_json_scalar(FILL, zarr_format=3)
        expected = {"n": 7, "x": "NaN", "in": {"t": 5, "s": "hé", "z": (1.0, -2.0)}, "b": 9}
        assert found == expected
        assert data_type.from_json_scalar(found, zarr_format=3).tobytes() == data_type.cast_scalar(FILL).tobytes()

    @pytest.mark.parametrize("bits", [0x7FC00000, 0x7F800001, 0xFFC00ABC, 0x80000000])
    def test_bits_are_kept(self, bits, zarr_format, engine):
        for order in "<>":
            dtype = np.dtype([("a", f"{order}f4"), ("b", "u1")])
            fill = np.zeros((), dtype)
            fill["a"] = np.frombuffer(bits.to_bytes(4, "little"), "<f4")[0:1].astype(f"{order}f4")[0:1].reshape(())
            store = {}
            zarr.create_array(store, shape=2, dtype=dtype, fill_value=fill[()], zarr_format=zarr_format)
            found = zarr.open_array(store)[0]["a"]
            assert np.asarray(found).astype("<f4").tobytes() == np.asarray(fill["a"]).astype("<f4").tobytes()

    @pytest.mark.parametrize(
        "wrong", [{"n": 1}, {"n": 1, "x": 2, "y": 3}, [1, 2], 5, None, "A", "AAAA", {"n": "a", "x": 1}]
    )
    def test_others_are_refused(self, wrong):
        with pytest.raises(ValueError):
            stored(parse_dtype(PLAIN, zarr_format=3).to_json(3), wrong)

    @pytest.mark.parametrize("wrong", ["AAAA", "%", [1], {"n": 1, "x": 2}, 1, True])
    def test_others_are_refused_in_format_2(self, wrong):
        with pytest.raises((ValueError, TypeError)):
            parse_dtype(PLAIN, zarr_format=2).from_json_scalar(wrong, zarr_format=2)

    @pytest.mark.parametrize("name", ["struct", "structured"])
    @pytest.mark.parametrize(("endian", "code"), [("little", "<"), ("big", ">")])
    @pytest.mark.parametrize("is_sharded", [False, True])
    def test_base64_in_format_3_has_the_byte_order_of_the_serializer(self, name, endian, code, is_sharded, engine):
        packed = base64.b64encode(struct.pack(f"{code}Bid", 3, 1, 2.5)).decode()
        described = {"name": name, "configuration": {"fields": [["b", "uint8"], ["n", "int32"], ["x", "float64"]]}}
        codecs = [{"name": "bytes", "configuration": {"endian": endian}}]
        if is_sharded:
            index = [{"name": "bytes", "configuration": {"endian": "little"}}]
            settings = {"chunk_shape": [1], "codecs": codecs, "index_codecs": index}
            codecs = [{"name": "sharding_indexed", "configuration": settings}]
        array = stored(described, packed, codecs=codecs)
        assert array[:].tolist() == [(3, 1, 2.5)] * 3

    @pytest.mark.parametrize(
        "given", [0, 0.0, np.int8(0), bytes(12), np.zeros((), PLAIN)[()], np.zeros((), PLAIN), (0, 0)]
    )
    def test_nothing_in_several_words(self, given, zarr_format):
        array = zarr.create_array({}, shape=2, dtype=PLAIN, fill_value=given, zarr_format=zarr_format)
        assert array[:].tolist() == [(0, 0.0)] * 2

    @pytest.mark.parametrize(
        "given", [(1, 2.5), [1, 2.5], {"x": 2.5, "n": 1}, np.array((2.5, 1), [("x", "f4"), ("n", "i1")])[()]]
    )
    def test_fields_in_several_words(self, given, zarr_format):
        array = zarr.create_array({}, shape=2, dtype=PLAIN, fill_value=given, zarr_format=zarr_format)
        assert array[:].tolist() == [(1, 2.5)] * 2

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ((1, 2, 3), "Give a value for each of the fields"),
            ({"n": 1}, "Give a value"),
            ("ab", "Give a value"),
            (None, "field|Give a value"),
            ((1.5, 2), "field 'n'"),
            ((2**31, 2), "field 'n'.*out of range"),
            (bytes(11), "11 bytes"),
        ],
    )
    def test_what_is_none_is_refused(self, given, words):
        with pytest.raises((ArgumentError, OverflowError), match=words):
            parse_dtype(PLAIN, zarr_format=3).cast_scalar(given)

    def test_arrays_in_fields(self):
        data_type = parse_dtype(WITH_ARRAYS, zarr_format=2)
        scalar = data_type.cast_scalar((1, [[1, 2, 3], [4, 5, 6]], (7, 8)))
        assert scalar["v"].tolist() == [[1, 2, 3], [4, 5, 6]]
        assert data_type.cast_scalar((1, 2, np.array([3, 4])))["v"].tolist() == [[2] * 3] * 2
        with pytest.raises(ArgumentError, match=r"field 'v'.*shape"):
            data_type.cast_scalar((1, [1, 2, 3], 0))
        with pytest.raises(ArgumentError, match="lists of one length"):
            data_type.cast_scalar((1, [[1, 2, 3], [4, 5]], 0))
        field = Subarray(item=Int16(), shape=(2,))
        assert field.to_json_scalar([1, 2], zarr_format=2) == [1, 2]
        assert field.from_json_scalar([1, 2], zarr_format=2).tolist() == [1, 2]

    @pytest.mark.parametrize("fill", [None, 0])
    def test_none_in_format_2(self, fill):
        array = zarr.create_array({}, shape=2, dtype=MIXED, zarr_format=2, fill_value=fill)
        assert array[:].tobytes() == bytes(2 * MIXED.itemsize)

    def test_functions_that_fill(self, zarr_format):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert zarr.zeros(2, dtype=PLAIN, zarr_format=zarr_format)[:].tolist() == [(0, 0)] * 2
            assert zarr.ones(2, dtype=PLAIN, zarr_format=zarr_format)[:].tolist() == [(1, 1)] * 2
            assert zarr.full(2, (3, 4), dtype=PLAIN, zarr_format=zarr_format)[:].tolist() == [(3, 4)] * 2
            assert zarr.empty(2, dtype=PLAIN, zarr_format=zarr_format).dtype == PLAIN


# -- round trips --------------------------------------------------------------------------------------------------------------


def layouts():
    yield "chunks", 2, {"chunks": (2, 2)}
    yield "F", 2, {"chunks": (2, 2), "order": "F"}
    yield "chunks", 3, {"chunks": (2, 2)}
    yield "big", 3, {"chunks": (2, 2), "serializer": zarr.codecs.BytesCodec(endian="big")}
    yield "shards", 3, {"chunks": (2, 2), "shards": (4, 4)}
    yield "big shards", 3, {"chunks": (2, 2), "shards": (4, 4), "serializer": zarr.codecs.BytesCodec(endian="big")}
    yield "transposed", 3, {"chunks": (2, 3), "filters": [zarr.codecs.TransposeCodec(order=(1, 0))]}


@pytest.fixture(params=layouts(), ids=lambda entry: f"{entry[0]}-v{entry[1]}")
def layout(request):
    return {"zarr_format": request.param[1], **request.param[2]}


def dtypes_for(layout):
    return [PLAIN, MIXED, *([WITH_ARRAYS] if layout["zarr_format"] == 2 else [])]


@pytest.mark.filterwarnings("default:.*order.*:zarr.errors.ZarrUserWarning")
class TestRoundTrips:
    def test_in_every_layout(self, layout, engine):
        for dtype in dtypes_for(layout):
            data = elements(dtype, (5, 7))
            store = {}
            array = zarr.create_array(store, shape=data.shape, dtype=dtype, **layout)
            array[:] = data
            assert_same(array[:], data)
            again = zarr.open_array(store)
            assert listed(again[:]) == listed(data)
            again[1:3, ::2] = data[:2, ::2]
            data[1:3, ::2] = data[:2, ::2].copy()
            assert listed(again[:]) == listed(data)
            assert listed(again[2, 3]) == listed(data[2, 3])
            assert listed(again.vindex[[0, 4, 1], [1, 6, 1]]) == listed(data[[0, 4, 1], [1, 6, 1]])

    def test_the_bytes_are_those_of_packed_fields(self, engine):
        data = elements(PLAIN, (2,))
        for endian, code in (("little", "<"), ("big", ">")):
            store = {}
            serializer = zarr.codecs.BytesCodec(endian=endian)
            zarr.create_array(store, data=data, compressors=None, serializer=serializer, chunks=2)
            expected = b"".join(struct.pack(f"{code}id", *item) for item in data.tolist())
            assert store["c/0"].to_bytes() == expected

    @pytest.mark.parametrize("shape", [(), (0,), (0, 3)])
    def test_scalars_and_nothing(self, shape, zarr_format, engine):
        store = {}
        array = zarr.create_array(store, shape=shape, dtype=MIXED, fill_value=FILL, zarr_format=zarr_format)
        assert array[...].shape == shape
        array[...] = FILL
        array[...] = (8, 0, INNER, 3)
        found = zarr.open_array(store)[...]
        assert np.asarray(found).tolist() == np.full(shape, np.array((8, 0, INNER, 3), MIXED)).tolist()
        assert array["in"].shape == shape

    def test_the_kernel_takes_them(self):
        with zarr.config.set({"engine": "native"}):
            assert zarr.create_array({}, shape=3, dtype=MIXED, zarr_format=2).engine == "native"
            assert zarr.create_array({}, shape=3, dtype=PLAIN).engine == "native"
            floats = np.dtype([("a", ">f4"), ("b", ">f4")])
            assert zarr.create_array({}, shape=3, dtype=floats).engine == "native"
            array = zarr.create_array({}, shape=3, dtype=np.dtype([("a", ">f4"), ("b", "u1")]))
            assert array.engine == "python"
            assert "change their order" in array._node.view.choice.rejected[0][1]

    def test_in_a_directory(self, tmp_path, engine, zarr_format):
        data = elements(MIXED, (9, 4))
        array = zarr.create_array(tmp_path, shape=data.shape, chunks=(4, 3), dtype=MIXED, zarr_format=zarr_format)
        array[:] = data
        array["n", 2:5] = 1
        data["n"][2:5] = 1
        assert listed(array[:]) == listed(data)
        assert array[3, 2]["n"] == 1
        assert array[3, 2] == data[3, 2]

    @pytest.mark.parametrize("compressors", [None, "auto"])
    def test_fields_in_shards_in_a_directory(self, tmp_path, engine, compressors):
        data = elements(MIXED, (9, 4))
        options = {"shape": data.shape, "chunks": (2, 2), "shards": (4, 4), "compressors": compressors}
        array = zarr.create_array(tmp_path, dtype=MIXED, **options)
        array[:] = data
        array["n"] = 7
        array["in", 2:5] = data["in"][0, 0]
        data["n"] = 7
        data["in"][2:5] = data["in"][0, 0]
        assert listed(zarr.open_array(tmp_path)[:]) == listed(data)

    def test_resize_append_and_empty_chunks(self, engine, zarr_format):
        array = zarr.create_array({}, shape=3, chunks=2, dtype=PLAIN, fill_value=(1, 2.0), zarr_format=zarr_format)
        array[:] = (1, 2.0)
        assert array.nchunks_initialized == 0
        array.append(elements(PLAIN, (2,)))
        array.append([(5, 6.0)])
        assert array[:].tolist() == [(1, 2.0)] * 3 + elements(PLAIN, (2,)).tolist() + [(5, 6.0)]
        array.resize(2)
        array.resize(4)
        assert array[:].tolist() == [(1, 2.0)] * 4

    def test_copies_consolidated_and_pickled(self, engine, zarr_format, tmp_path):
        root = zarr.create_group(tmp_path, zarr_format=zarr_format)
        data = elements(PLAIN, (4,))
        source = root.create_array("a", shape=4, chunks=2, dtype=PLAIN, fill_value=(1, np.nan))
        source[:] = data
        zarr.consolidate_metadata(tmp_path)
        assert zarr.open_consolidated(tmp_path)["a"][:].tolist() == data.tolist()
        assert pickle.loads(pickle.dumps(source))[:].tolist() == data.tolist()
        for other in (2, 3):
            assert zarr.from_array({}, data=source, zarr_format=other)[:].tolist() == data.tolist()
            dest = zarr.create_group({}, zarr_format=other)
            zarr.copy_all(root, dest)
            assert dest["a"][:].tolist() == data.tolist()
            assert np.isnan(dest["a"].fill_value["x"])
        assert zarr.zeros_like(source)[:].tolist() == [(0, 0)] * 4


# -- values -------------------------------------------------------------------------------------------------------------------


class TestValues:
    @pytest.mark.parametrize(
        "given",
        [
            [(1, 2.5), (3, 4.0)],
            [{"n": 1, "x": 2.5}, {"x": 4, "n": 3}],
            [np.array((1, 2.5), PLAIN)[()], (3, 4)],
            np.array([(1, 2.5), (3, 4.0)], PLAIN),
            np.array([(1, 2.5), (3, 4.0)], [("n", ">i8"), ("x", "f4")]),
            np.array([(1, 2.5), (3, 4.0)], [("n", "i8"), ("x", "f4")], ).astype(PLAIN)[::1],
            np.array([(2.5, 1), (4.0, 3)], [("x", "f4"), ("n", "i8")]),
            np.rec.array([(1, 2.5), (3, 4.0)], dtype=PLAIN),
            np.array([(1, 2.5), (3, 4.0)], PLAIN).view("V12"),
            np.array([(1, 2.5), (3, 4.0), None], object)[:2],
        ],
    )  # fmt: skip
    def test_something_new(self, given, zarr_format, engine):
        array = zarr.array(given, dtype=PLAIN, zarr_format=zarr_format)
        assert array[:].tolist() == [(1, 2.5), (3, 4.0)]
        array.append(given)
        assert len(array) == 4

    def test_axes_are_lists(self):
        assert zarr.array([[(1, 2)], [(3, 4)]], dtype=PLAIN)[:].tolist() == [[(1, 2)], [(3, 4)]]
        assert zarr.array((1, 2), dtype=PLAIN)[()].tolist() == (1, 2)
        assert zarr.array([np.zeros(2, PLAIN), np.ones(2, PLAIN)], dtype=PLAIN)[:].tolist() == [
            [(0, 0)] * 2,
            [(1, 1)] * 2,
        ]

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ([(1, 2), (1.5, 2)], r"field 'n'.*1\.5 at \(1,\)"),
            ([(1, 2), (2**31, 2)], r"field 'n'.*2147483648 at \(1,\) is out of range"),
            ([(1, 2), (None, 2)], r"field 'n'.*None.*missing"),
            ([(1, 2), (1, "a")], "field 'x'"),
            ([(1, 2, 3)], r"at \(0,\) is no element with the fields \['n', 'x'\]"),
            ([(1, 2), 5], r"at \(1,\) is no element"),
            ([[1, 2], [3, 4]], "is no element with the fields"),
            ([[(1, 2)], [(1, 2), (3, 4)]], "lists, which are axes, have different lengths"),
            ([(1, 2), None], "NoneType.*is no element"),
            (np.zeros(2), "it has fields"),
            (np.zeros(2, [("a", "i4"), ("x", "f8")]), r"data with the fields \['a', 'x'\]"),
            (np.array([(1.5, 0)], [("n", "f8"), ("x", "f8")]), r"field 'n'.*1\.5"),
            (np.array([(np.nan, 1e300)], [("n", "f8"), ("x", "f8")]), "field 'n'.*nan"),
            (np.ma.masked_array(np.zeros(2, PLAIN), mask=[(False, True)] * 2), "masked"),
            ({1, 2}, "has no order"),
        ],
    )
    def test_what_would_be_altered_is_refused(self, given, words):
        with pytest.raises((ArgumentError, OverflowError, ValueError), match=words):
            zarr.array(given, dtype=PLAIN)

    def test_a_lost_number_is_seen_beside_one_that_is_none(self):
        data = np.array([(np.nan, 2**53 + 1)], [("x", "f8"), ("n", "i8")])
        with pytest.raises(ArgumentError, match="field 'n'"):
            zarr.array(data, dtype=[("x", "f8"), ("n", "f8")])

    def test_assigning_is_as_in_numpy(self, engine, zarr_format):
        array = zarr.create_array({}, shape=2, dtype=PLAIN, zarr_format=zarr_format)
        expected = np.zeros(2, PLAIN)
        for value in [
            (1, 2.5),
            [(1, 2.5), (3, 4)],
            5,
            np.array([5, 6.5]),
            np.array([(1, 2), (3, 4)], [("a", "f4"), ("b", "i8")]),
            np.array((7, 8), [("a", "f4"), ("b", "i8")])[()],
            np.array([(2, 1), (4, 3)], [("x", "f4"), ("n", "i8")]),
        ]:
            array[:] = value
            expected[:] = value
            assert array[:].tolist() == expected.tolist()
        for value in [(1, 2, 3), "ab", ((1, 2), (3, 4)), None, np.zeros(2, [("a", "f4")]), ("a", 1), (None, 1)]:
            with pytest.raises((TypeError, ValueError)):
                array[:] = value
        assert array[:].tolist() == expected.tolist()

    def test_arrays_in_fields(self, engine):
        data = [(1, [[1, 2, 3], [4, 5, 6]], (7, 8)), (2, np.ones((2, 3)), [9, 9])]
        array = zarr.array(data, dtype=WITH_ARRAYS, zarr_format=2)
        assert listed(array[:]) == listed(
            np.array([(1, data[0][1], (7, 8)), (2, np.ones((2, 3)), (9, 9))], WITH_ARRAYS)
        )
        with pytest.raises((ArgumentError, ValueError), match="field 'v'"):
            zarr.array([(1, [[1, "a", 3], [4, 5, 6]], (7, 8))], dtype=WITH_ARRAYS, zarr_format=2)
        other = np.zeros(2, [("n", "i8"), ("v", "f8", (2, 3)), ("w", "i8", (2,))])
        other["v"][1, 1, 2] = 3.5
        assert zarr.array(other, dtype=WITH_ARRAYS, zarr_format=2)["v"][1, 1, 2] == 3.5
        other["w"][1, 1] = 300
        with pytest.raises(OverflowError, match=r"field 'w'.*300"):
            zarr.array(other, dtype=WITH_ARRAYS, zarr_format=2)

    def test_without_a_dtype(self):
        data = elements(PLAIN)
        assert zarr.array(data).dtype == PLAIN
        assert zarr.array(list(data))[:].tolist() == data.tolist()


# -- fields in selections ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["v2", "v3", "shards"])
def pair(request, engine):
    """An array with fields, and its elements."""
    data = elements(MIXED, (5, 7))
    options = {"v2": {"zarr_format": 2}, "v3": {}, "shards": {"shards": (4, 4)}}[request.param]
    array = zarr.create_array({}, shape=data.shape, chunks=(2, 2), dtype=MIXED, **options)
    array[:] = data
    return array, data


class TestFields:
    def test_one_field(self, pair):
        array, data = pair
        for name in MIXED.names:
            assert_same(array[name], np.ascontiguousarray(data[name]))
            assert array[name, 1:3].tolist() == data[name][1:3].tolist()
            assert array[1:3, ::-2, name].tolist() == data[name][1:3, ::-2].tolist()
            assert array[name, 1, 2] == array[1, 2][name] == data[name][1, 2]
            assert array[name, None].shape == (1, 5, 7)
        assert array["in"]["s"].tolist() == data["in"]["s"].tolist()

    @pytest.mark.parametrize("names", [["x", "n"], ["b"], ["in", "n"]])
    def test_several_fields(self, pair, names):
        array, data = pair
        expected = np.zeros(data.shape, [(name, MIXED[name]) for name in names])
        for name in names:
            expected[name] = data[name]
        assert_same(array[names], expected)
        assert_same(array.get_basic_selection(fields=names), expected)
        assert_same(array.get_basic_selection(slice(1, 3), fields=tuple(names)), expected[1:3].copy())
        if len(names) > 1:
            assert_same(array[tuple(names)], expected)
            assert array[(*names, 1, 2)] == expected[1, 2]

    def test_every_way_to_select(self, pair):
        array, data = pair
        mask = data["n"] > 50
        x = data["x"]
        for fields in ("x", ["x"]):
            expected = x if fields == "x" else np.array(x, [("x", "f8")])
            assert array.get_basic_selection((0,), fields=fields).tolist() == expected[0].tolist()
            assert array.get_orthogonal_selection(([0, 2], [1, 5]), fields=fields).tolist() == (
                expected[np.ix_([0, 2], [1, 5])].tolist()
            )
            assert array.get_coordinate_selection(([0, 2], [1, 5]), fields=fields).tolist() == (
                expected[[0, 2], [1, 5]].tolist()
            )
            assert array.get_mask_selection(mask, fields=fields).tolist() == expected[mask].tolist()
            block = expected[:, :4] if array.shards else expected[:, :2]
            assert array.get_block_selection((slice(None), 0), fields=fields).tolist() == block.tolist()
        assert array.oindex["x", [0, 2]].tolist() == x[[0, 2]].tolist()
        assert array.vindex["x", [0, 2], [1, 5]].tolist() == x[[0, 2], [1, 5]].tolist()
        assert array.blocks["x", 0].tolist() == array.blocks[0]["x"].tolist()
        assert array["x", mask].tolist() == x[mask].tolist()
        assert array["x", [0, 2], [1, 5]].tolist() == x[[0, 2], [1, 5]].tolist()

    def test_asynchronously(self, pair):
        array, data = pair
        found = asyncio.run(array._async_array.get_orthogonal_selection(([0, 2],), fields="x"))
        assert found.tolist() == data["x"][[0, 2]].tolist()
        assert asyncio.run(array._async_array.getitem("n")).tolist() == data["n"].tolist()
        asyncio.run(array._async_array.setitem(("n", 0), 3))
        assert array["n", 0].tolist() == [3] * 7

    def test_into_out(self, pair):
        array, data = pair
        out = np.zeros((2, 7), "f8")
        assert array.get_basic_selection(slice(0, 2), fields="x", out=out) is out
        assert out.tolist() == data["x"][:2].tolist()
        wider = np.zeros((2, 7), ">i8")
        array.get_basic_selection(slice(0, 2), fields="n", out=wider)
        assert wider.tolist() == data["n"][:2].tolist()
        two = np.zeros((2, 7), [("x", "f8"), ("n", "i8")])
        array.get_basic_selection(slice(0, 2), fields=["x", "n"], out=two)
        assert two["n"].tolist() == data["n"][:2].tolist()
        whole = np.zeros(data.shape, MIXED)
        array.get_basic_selection(out=whole)
        assert_same(whole, data)
        with pytest.raises(ValueError, match="dtype of out"):
            array.get_basic_selection(slice(0, 2), fields="x", out=np.zeros((2, 7), "i4"))

    @pytest.mark.parametrize("wrong", ["nope", ["x", "nope"], ("nope", 0), ["x", "x"], ("x", "x")])
    def test_unknown_fields(self, pair, wrong):
        array, _ = pair
        with pytest.raises(ArrayIndexError, match="invalid 'fields' argument"):
            array[wrong]
        with pytest.raises(ArrayIndexError, match="invalid 'fields' argument"):
            array[wrong] = 1

    def test_fields_named_twice(self, pair):
        with pytest.raises(ArrayIndexError, match="named twice"):
            pair[0].get_basic_selection("x", fields="n")

    def test_without_fields(self):
        array = zarr.zeros(3, dtype="i4")
        for call in (
            lambda: array["x"],
            lambda: array.get_basic_selection(0, fields="x"),
            lambda: array.set_basic_selection(0, 1, fields=["x"]),
            lambda: array.__setitem__("x", 1),
        ):
            with pytest.raises(IndexError, match="array does not have any fields"):
                call()
        assert array.get_basic_selection(0, fields=None) == array.get_basic_selection(0, fields=()) == 0

    def test_writing_leaves_the_other_fields_alone(self, pair):
        array, data = pair

        def change(expected_of, write):
            write()
            expected_of()
            assert listed(array[:]) == listed(data)

        change(lambda: data["n"].__setitem__(..., 1), lambda: array.__setitem__("n", 1))
        change(lambda: data["x"].__setitem__(slice(1, 4), np.arange(7)), lambda: array.__setitem__(("x", slice(1, 4)), np.arange(7)))  # fmt: skip
        change(lambda: data["in"].__setitem__((0, 0), INNER), lambda: array.__setitem__((0, 0, "in"), INNER))
        change(lambda: data["b"].__setitem__((2, slice(None, None, -2)), 11), lambda: array.__setitem__(("b", 2, slice(None, None, -2)), 11))  # fmt: skip
        change(
            lambda: data["n"].__setitem__(([1, 4, 1], [0, 6, 0]), [7, 8, 9]),
            lambda: array.set_coordinate_selection(([1, 4, 1], [0, 6, 0]), [7, 8, 9], fields="n"),
        )
        mask = np.arange(35).reshape(5, 7) % 3 == 0
        change(lambda: data["x"].__setitem__(mask, 0.5), lambda: array.set_mask_selection(mask, 0.5, fields="x"))
        change(
            lambda: data["n"].__setitem__(np.ix_([0, 3], [2, 5]), [[1, 2], [3, 4]]),
            lambda: array.set_orthogonal_selection(([0, 3], [2, 5]), [[1, 2], [3, 4]], fields="n"),
        )
        change(
            lambda: [data[name].__setitem__((1, slice(None)), value) for name, value in (("x", 3.5), ("n", 4))],
            lambda: array.set_basic_selection(1, (3.5, 4), fields=["x", "n"]),
        )
        two = elements(np.dtype([("x", "f8"), ("n", "i4")]), (5, 7), 5)
        change(
            lambda: [data[name].__setitem__(..., two[name]) for name in ("x", "n")],
            lambda: array.__setitem__(["x", "n"], two),
        )
        step = array.shards[0] if array.shards else array.chunks[0]
        change(lambda: data["n"][:step].__setitem__(..., 6), lambda: array.set_block_selection(0, 6, fields="n"))
        all_names = list(MIXED.names)
        change(
            lambda: data[0].__setitem__(..., data[1]), lambda: array.set_basic_selection(0, data[1], fields=all_names)
        )

    def test_writing_what_no_element_can_be(self, pair):
        array, data = pair
        for selection, value in [("n", "a"), ("n", [1, 2]), ("n", None), ("in", 5.5), (["x", "n"], (1, 2, 3))]:
            if selection == "in":
                continue
            with pytest.raises((TypeError, ValueError)):
                array[selection] = value
        assert listed(array[:]) == listed(data)

    def test_writing_where_nothing_is_stored(self, engine, zarr_format):
        for store in ({}, Awaited(zarr.storage.MemoryStore())):
            array = zarr.create_array(
                store, shape=4, chunks=2, dtype=PLAIN, fill_value=(1, 2.0), zarr_format=zarr_format
            )
            array["n", 0] = 5
            assert array[:].tolist() == [(5, 2.0), (1, 2.0), (1, 2.0), (1, 2.0)]
            array["n", :] = 1
            assert array.nchunks_initialized == (0 if isinstance(store, dict) else 1)
            assert array[:].tolist() == [(1, 2.0)] * 4

    def test_fields_that_are_arrays(self, engine):
        data = elements(WITH_ARRAYS, (5,))
        array = zarr.array(data, chunks=2, zarr_format=2)
        assert_same(array["v"], np.ascontiguousarray(data["v"]))
        assert array["v", 1].tolist() == data["v"][1].tolist()
        assert array["v", [0, 3]].tolist() == data["v"][[0, 3]].tolist()
        out = np.zeros((5, 2, 3))
        array.get_basic_selection(fields="v", out=out)
        assert out.tolist() == data["v"].tolist()
        for where, value in [(slice(1, 3), 5), (0, np.arange(6).reshape(2, 3)), (slice(None), np.arange(3)), (slice(3, 5), np.arange(12).reshape(2, 2, 3))]:  # fmt: skip
            array["v", where] = value
            data["v"][where] = value
            assert listed(array[:]) == listed(data)

    def test_read_only(self, pair):
        array = zarr.open_array(pair[0].store, mode="r")
        with pytest.raises(ValueError, match="read-only"):
            array["n"] = 1
        assert array["n"].shape == (5, 7)


def test_data_types_of_other_packages_may_have_fields():
    class Mine(Struct):
        _zarr_v3_name = "mine"

    mine = Mine(
        fields=(("a", UInt8()), ("t", DateTime64(unit="s")), ("s", FixedLengthUTF32(length=2)), ("x", Float32()))
    )
    array = zarr.create_array({}, shape=2, dtype=mine)
    array["t"] = np.datetime64(4, "s")
    assert array["t"].tolist() == [np.datetime64(4, "s").tolist()] * 2


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("given", [str, bytes, "U", "S0", "V"])
def test_fields_without_room_are_refused(given, zarr_format):
    store = {}
    for dtype, name in [
        ([("y", given)], "y"),
        ([("x", "i4"), ("y", given)], "y"),
        ([("x", "i4"), ("a", [("y", given)])], r"a\.y"),
    ]:
        with pytest.raises(ValueError, match=f"field '{name}' of dtype .* has no room for anything; give it a length"):
            zarr.create_array(store, shape=2, dtype=dtype, zarr_format=zarr_format)
    assert store == {}


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        ([("x", "i4"), ("y", "string")], "field 'y' is 'string': fields have a fixed size, as 'U20'"),
        ([("x", "i4"), ("y", [("z", "utf8")])], "field 'z' is 'utf8': fields have a fixed size, as 'U20'"),
        ([("x", "flaot32")], r"field 'x' is 'flaot32': did you mean 'float32'\?"),
        ([("x", ["i4"])], r"field 'x' is \['i4'\]: examples"),
    ],
)
def test_fields_of_no_data_type_are_named(dtype, advice):
    with pytest.raises((TypeError, ValueError), match=advice):
        zarr.create_array({}, shape=2, dtype=dtype)


def test_a_value_that_does_not_fit_names_its_field():
    array = zarr.create_array({}, shape=2, dtype=[("n", "i1"), ("x", "f4")], zarr_format=2)
    for write in (lambda: array.__setitem__("n", [1, 300]), lambda: array.set_basic_selection(..., 300, fields="n")):
        with pytest.raises(OverflowError, match=r"^field 'n': .*300"):
            write()
