"""What users write as a dtype, and the registry that finds the type of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

import zarr
from tests.data_types import BY_NATIVE, EXTENDED, ROWS
from tests.suites.calls import shown
from zarr._dtype import (
    Bool,
    Complex64,
    Complex128,
    DateTime64,
    FixedLengthUTF32,
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    NullTerminatedBytes,
    RawBytes,
    Struct,
    TimeDelta64,
    UInt8,
    UInt64,
    VariableLengthBytes,
    VariableLengthUTF8,
    ZDType,
    data_type_registry,
    parse_data_type,
    parse_dtype,
)
from zarr._dtype.registry import DataTypeRegistry
from zarr.errors import DataTypeValidationError, UnknownDataTypeError

# -- what users write as a dtype ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
class TestParse:
    @pytest.mark.parametrize("row", BY_NATIVE, ids=str)
    def test_numpy_dtypes_and_their_strings(self, row, zarr_format):
        native = row.dtype.to_native_dtype()
        assert parse_data_type(native, zarr_format=zarr_format) == row.dtype
        if row.native != "T":
            assert parse_data_type(row.native, zarr_format=zarr_format) == row.dtype

    @pytest.mark.parametrize("row", ROWS, ids=str)
    def test_data_types_pass_through(self, row, zarr_format):
        assert parse_data_type(row.dtype, zarr_format=zarr_format) is row.dtype

    @pytest.mark.parametrize("row", ROWS, ids=str)
    def test_stored_metadata(self, row, zarr_format):
        stored = row.json2 if zarr_format == 2 else row.json3
        assert type(parse_data_type(stored, zarr_format=zarr_format)) is type(row.dtype)

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            (bool, Bool()),
            (int, Int64()),
            (float, Float64()),
            (complex, Complex128()),
            (np.float32, Float32()),
            (np.uint8, UInt8()),
            ("int8", Int8()),
            ("uint64", UInt64()),
            ("float16", Float16()),
            ("complex64", Complex64()),
            ("i4", Int32()),
            ("f8", Float64()),
            ("?", Bool()),
            ("datetime64[10s]", DateTime64(unit="s", scale_factor=10)),
            ("m8[us]", TimeDelta64(unit="us")),
            ("U3", FixedLengthUTF32(length=3)),
            ("S3", NullTerminatedBytes(length=3)),
            ("V3", RawBytes(length=3)),
            (str, VariableLengthUTF8()),
            ("str", VariableLengthUTF8()),
            ("string", VariableLengthUTF8()),
            (np.dtypes.StringDType(), VariableLengthUTF8()),
            (bytes, VariableLengthBytes()),
            ("bytes", VariableLengthBytes()),
        ],
        ids=shown,
    )
    def test_python_types_and_names(self, spec, expected, zarr_format):
        found = parse_data_type(spec, zarr_format=zarr_format)
        native = {"endianness": sys.byteorder} if hasattr(expected, "endianness") else {}
        assert found == replace(expected, **native)

    @pytest.mark.parametrize("spec", [object, "O", "|O", np.dtype("O")], ids=shown)
    def test_python_objects_are_refused_with_a_way_out(self, spec, zarr_format):
        with pytest.raises(ValueError, match=r"object.*dtype='string' for text, dtype='bytes' for bytes"):
            parse_data_type(spec, zarr_format=zarr_format)

    @pytest.mark.parametrize(
        "spec",
        [
            np.dtype([("f0", "<i4"), ("f1", "<f8")]),
            [("f0", "<i4"), ("f1", "<f8")],
            "<i4,<f8",
            {"names": ["f0", "f1"], "formats": ["<i4", "<f8"]},
            [["f0", "<i4"], ["f1", "<f8"]],
        ],
        ids=shown,
    )
    def test_structs(self, spec, zarr_format):
        assert parse_data_type(spec, zarr_format=zarr_format) == Struct(fields=(("f0", Int32()), ("f1", Float64())))

    def test_arrays_as_elements_are_refused_with_a_way_out(self, zarr_format):
        with pytest.raises(DataTypeValidationError, match="Only fields of structs are arrays; use int32, and more dim"):
            parse_data_type("2i4", zarr_format=zarr_format)

    @pytest.mark.parametrize("spec", EXTENDED)
    def test_extended_precision_is_refused_with_a_way_out(self, spec, zarr_format):
        with pytest.raises(DataTypeValidationError, match="use float64 or complex128"):
            parse_data_type(spec, zarr_format=zarr_format)

    def test_a_class_is_refused_with_a_way_out(self, zarr_format):
        """NumPy makes a dtype of objects of it."""
        with pytest.raises(UnknownDataTypeError, match=r"Float64 is a class; call it to make a data type: Float64\("):
            parse_data_type(Float64, zarr_format=zarr_format)

    @pytest.mark.parametrize("spec", [5, "nonsense", "float33", "<", (), {1, 2}, b"\xff", lambda: 1, {}, {"name": "x"}])
    def test_anything_else_is_refused(self, spec, zarr_format):
        with pytest.raises(DataTypeValidationError):
            parse_data_type(spec, zarr_format=zarr_format)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zarrs.optional", "is the name and the configuration of another"),
        ("struct", "'fields'"),
        ("raw_bytes", "'length_bytes'"),
    ],
)
def test_a_name_that_needs_more_says_what(name, text):
    with pytest.raises(UnknownDataTypeError, match=text):
        parse_data_type(name, zarr_format=3)


def test_the_old_name_of_the_parser_does_the_same():
    assert parse_dtype("<i2", zarr_format=2) == parse_data_type("<i2", zarr_format=2)
    with pytest.raises(DataTypeValidationError):
        parse_dtype("nonsense", zarr_format=3)


def test_format_3_names_are_no_names_in_format_2():
    assert parse_data_type("r16", zarr_format=3) == RawBytes(length=2)
    with pytest.raises(DataTypeValidationError, match="neither a NumPy dtype nor a Zarr data type"):
        parse_dtype(",i4", zarr_format=3)  # NumPy has a SyntaxError
    with pytest.raises(DataTypeValidationError, match="neither a NumPy dtype nor a Zarr data type"):
        parse_data_type("r16", zarr_format=2)


# -- the registry -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Celsius(ZDType):
    """A type of a third party: an int16 of hundredths under a name of its own, and the dtype of half precision."""

    dtype_cls = np.dtypes.Float16DType
    _zarr_v3_name = "example.celsius"

    @classmethod
    def from_native_dtype(cls, dtype):
        if dtype != np.dtype("float16"):
            raise DataTypeValidationError("not ours")
        return cls()

    def to_native_dtype(self):
        return np.dtype("float16")

    @classmethod
    def from_json(cls, data, *, zarr_format):
        if zarr_format == 3 and data == "example.celsius":
            return cls()
        raise DataTypeValidationError("not ours")

    def to_json(self, zarr_format):
        return "example.celsius"

    def from_json_scalar(self, data, *, zarr_format):
        return np.float16(data / 100)

    def to_json_scalar(self, data, *, zarr_format):
        return round(float(data) * 100)

    def default_scalar(self):
        return np.float16(0)

    def cast_scalar(self, data):
        return np.float16(data)


@pytest.fixture
def celsius():
    data_type_registry.register("example.celsius", Celsius)
    yield
    data_type_registry.unregister("example.celsius")


def test_a_registered_type_is_found_by_name(celsius):
    assert data_type_registry.get("example.celsius") is Celsius
    assert parse_data_type("example.celsius", zarr_format=3) == Celsius()
    assert data_type_registry.match_json("example.celsius", zarr_format=3) == Celsius()


def test_a_dtype_that_two_types_store_is_ambiguous(celsius):
    with pytest.raises(DataTypeValidationError, match=r"claimed by several data types: Float16, Celsius\. Unregister"):
        parse_data_type("<f2", zarr_format=2)
    assert parse_data_type("float16", zarr_format=3) == Float16()  # by name, without asking NumPy


def test_an_array_of_a_registered_type_is_stored_with_its_name_and_fill_value(celsius, engine):
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(store, shape=4, chunks=2, dtype=Celsius(), fill_value=1.5)
    array[1] = 20
    assert array.metadata.to_dict()["data_type"] == "example.celsius"
    assert array.metadata.to_dict()["fill_value"] == 150
    again = zarr.open_array(store, mode="r")
    np.testing.assert_array_equal(again[:], np.array([1.5, 20, 1.5, 1.5], "f2"))


def test_after_unregistering_a_type_is_unknown():
    data_type_registry.register("example.celsius", Celsius)
    data_type_registry.unregister("example.celsius")
    with pytest.raises(DataTypeValidationError, match="No Zarr data type found"):
        data_type_registry.match_json("example.celsius", zarr_format=3)
    with pytest.raises(KeyError, match=r"example\.celsius"):
        data_type_registry.unregister("example.celsius")
    with pytest.raises(KeyError):
        data_type_registry.get("example.celsius")


def test_a_name_may_be_given_to_another_class():
    registry = DataTypeRegistry()
    registry.register("a", Int8)
    registry.register("a", Int16)
    assert registry.contents == {"a": Int16}


def test_types_of_installed_packages_are_read_when_nothing_else_matches(install, monkeypatch):
    from importlib import metadata

    from zarr._support import plug_ins

    asked = []
    distributions = metadata.distributions
    monkeypatch.setattr(metadata, "distributions", lambda: asked.append(1) or distributions())
    monkeypatch.setattr(plug_ins, "_known", None)
    install("offering", "[zarr.data_type]\nexample.celsius = offering:Celsius\n", f"from {__name__} import Celsius")
    registry = DataTypeRegistry()
    registry.register("int8", Int8)
    assert registry.match_json("int8", zarr_format=3) == Int8()
    assert asked == []
    assert registry.match_json("example.celsius", zarr_format=3) == Celsius()
    assert registry.match_dtype(np.dtype("f2")) == Celsius()
    with pytest.raises(DataTypeValidationError):
        registry.match_json("example.kelvin", zarr_format=3)
    assert asked == [1]
