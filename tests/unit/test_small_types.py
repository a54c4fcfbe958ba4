"""The numbers of ml_dtypes. What bits mean is said here once more, by the tables of their specifications."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.data_types import SMALL
from tests.interop.documents import array_of, v2
from tests.small_numbers import FLOATS, INTEGERS, n_bits, nearest, number_of
from zarr._dtype.small import without_spare_bits
from zarr._support.registry import names_changed
from zarr.dtype import (
    BFloat16,
    Complex64,
    Complex128,
    ComplexFloat8E4M3,
    Float4E2M1FN,
    Float8E4M3,
    Float8E8M0FNU,
    Int4,
    Struct,
    UInt8,
    data_type_registry,
    parse_dtype,
)
from zarr.errors import ArgumentError, DataTypeValidationError, MissingPackageError

pytestmark = pytest.mark.filterwarnings("error", "ignore:Consolidated metadata is:zarr.errors.ZarrUserWarning")

IN_FORMAT_2 = sorted({*FLOATS, *INTEGERS} - {"float8_e4m3", "float6_e2m3fn", "float6_e3m2fn", "uint2", "uint4"})
COMPLEXES = sorted(dtype._zarr_v3_name for dtype in SMALL if "complex" in dtype._zarr_v3_name)
ALL = [dtype._zarr_v3_name for dtype in SMALL]


def put(data_type, fill_value, raw, n, *, zarr_format=3, endian="little"):
    """An array of a document and the bytes of its only chunk."""
    bytes_of = zarr.buffer.cpu.Buffer.from_bytes
    if zarr_format == 2:
        members = {"shape": [n], "chunks": [n], "dtype": data_type, "compressor": None, "filters": None, "order": "C"}
        document = {"zarr_format": 2, "fill_value": fill_value, **members}
        store = {".zarray": bytes_of(json.dumps(document).encode()), "0": bytes_of(raw)}
    else:
        document = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [n],
            "data_type": data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [n]}},
            "chunk_key_encoding": {"name": "default"},
            "fill_value": fill_value,
            "codecs": [{"name": "bytes", "configuration": {"endian": endian}}],
        }
        store = {"zarr.json": bytes_of(json.dumps(document).encode()), "c/0": bytes_of(raw)}
    return zarr.open_array({key: value for key, value in store.items() if value.to_bytes()}, mode="r")


def some(name, shape):
    """Elements of a type, not all the same."""
    dtype = parse_dtype(name, zarr_format=3).to_native_dtype()
    numbers = np.random.default_rng(0).integers(1, 4, (*shape, 2) if "complex" in name else shape)
    powers = 2.0**numbers if "int" not in name else numbers % 2
    if "complex" not in name:
        return powers.astype(dtype) if "float4" not in name else (powers / 2).astype(dtype)
    part = parse_dtype(name, zarr_format=3).part.to_native_dtype().newbyteorder("=")
    return np.ascontiguousarray(powers / 2).astype(part).view(dtype)[..., 0]


def listed(array):
    return np.asarray(array).tolist()


# -- what bits mean -------------------------------------------------------------------------------------------------------


class TestBits:
    @pytest.mark.parametrize("name", FLOATS)
    def test_every_pattern(self, name, engine):
        size = 2 if name == "bfloat16" else 1
        patterns = range(2 ** n_bits(name))
        for endian in ("little", "big"):
            raw = b"".join(bits.to_bytes(size, endian) for bits in patterns)
            fill = 1.0
            array = put(name, fill, raw, len(patterns), endian=endian)
            with np.errstate(invalid="ignore"):  # signalling NaNs
                found = array[:].astype(float)
            expected = np.array([number_of(name, bits) for bits in patterns])
            np.testing.assert_array_equal(found, expected)
            assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()
            written = {}
            copied = zarr.from_array(written, data=array)
            assert listed(copied[:].view(f"u{size}")) == list(patterns)

    @pytest.mark.parametrize("name", ["float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn", *INTEGERS])
    def test_bits_that_are_none_of_an_element_are_not_looked_at(self, name, engine):
        n = n_bits(name) if name in FLOATS else int(name[-1])
        raw = bytes(range(256))
        for zarr_format in (3, 2) if name in IN_FORMAT_2 else (3,):
            fill = "AA==" if zarr_format == 2 and "float" in name else 1
            array = put(name, fill, raw, 256, zarr_format=zarr_format)
            if name in FLOATS:
                expected = [number_of(name, bits % 2**n) for bits in raw]
            else:
                expected = [
                    bits % 2**n - (2**n if name[0] == "i" and bits % 2**n >= 2 ** (n - 1) else 0) for bits in raw
                ]
            assert array[:].astype(float).tolist() == expected
            assert [float(array[i]) for i in (0, 65, 255)] == [expected[i] for i in (0, 65, 255)]

    def test_in_fields_too(self):
        dtype = np.dtype([("a", ml_dtypes.float4_e2m1fn), ("b", ml_dtypes.bfloat16), ("c", "<i4")])
        raw = np.array([(0xF1, 0x3FC0, 7)], [("a", "u1"), ("b", "<u2"), ("c", "<i4")])
        made = without_spare_bits(raw.view(dtype))
        assert (float(made["a"][0]), float(made["b"][0]), made["c"][0]) == (0.5, 1.5, 7)

    @pytest.mark.parametrize("name", INTEGERS)
    def test_integers_are_in_the_low_bits(self, name, engine):
        least, most = INTEGERS[name]
        values = list(range(least, most + 1))
        store = {}
        array = zarr.create_array(store, data=np.array(values, name), compressors=None, chunks=len(values))
        assert [int(n) for n in zarr.open_array(store)[:]] == values
        n = int(name[-1])
        assert [b % 2**n for b in store["c/0"].to_bytes()] == [v % 2**n for v in values]
        assert array.dtype == getattr(ml_dtypes, name)

    @given(st.floats(allow_nan=False, allow_infinity=False, width=64), st.sampled_from(list(FLOATS)))
    def test_rounding_is_to_the_nearest(self, value, name):
        self.check_rounding(value, name)

    @given(st.integers(0, 254), st.integers(-3, 3), st.sampled_from(list(FLOATS)))
    def test_rounding_beside_the_middle_of_two_numbers(self, bits, steps, name):
        low, high = (
            number_of(name, bits % 2 ** (n_bits(name) - 1)),
            number_of(name, (bits + 1) % 2 ** (n_bits(name) - 1)),
        )
        if not math.isfinite(low + high):
            return
        middle = (low + high) / 2
        for _ in range(abs(steps)):
            middle = math.nextafter(middle, math.inf if steps > 0 else -math.inf)
        self.check_rounding(middle, name)
        self.check_rounding(-middle, name)

    @staticmethod
    def check_rounding(value, name):
        data_type = parse_dtype(name, zarr_format=3)
        expected = None if name == "float8_e8m0fnu" and value <= 0 else nearest(name, value)
        if name == "float8_e8m0fnu" and expected is not None:
            # Ties go to the larger power, of which either rule can be read out of the text.
            expected = {expected, 2 * expected, expected / 2}
        if expected is None:
            with pytest.raises(OverflowError, match="out of range"):
                data_type.cast_scalar(value)
            with pytest.raises((OverflowError, ArgumentError)):
                zarr.array(np.array([value]), dtype=name)
            return
        found = float(data_type.cast_scalar(value))
        assert found in expected if isinstance(expected, set) else found == expected
        assert float(zarr.array(np.array([value]), dtype=name)[0]) == found
        assert float(zarr.array([value], dtype=name)[0]) == found


# -- descriptions ---------------------------------------------------------------------------------------------------------


class TestDescriptions:
    @pytest.mark.parametrize("data_type", SMALL, ids=ALL)
    def test_of_format_3(self, data_type):
        name = data_type._zarr_v3_name
        assert data_type.to_json(3) == name
        for form in (name, {"name": name}, {"name": name, "configuration": {}, "must_understand": True}):
            assert data_type_registry.match_json(form, zarr_format=3) == data_type
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json({"name": name, "configuration": {"a": 1}}, zarr_format=3)
        assert parse_dtype(name, zarr_format=3) == data_type
        assert pickle.loads(pickle.dumps(data_type)) == data_type
        assert len({hash(data_type), hash(type(data_type)())}) == 1
        assert eval(repr(data_type), dict(vars(zarr.dtype))) == data_type
        assert data_type.item_size == data_type.to_native_dtype().itemsize
        assert [other for other in SMALL if other == data_type] == [data_type]
        with pytest.raises((AttributeError, TypeError)):
            data_type.name = "other"

    @pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, "complex_float16", "complex_bfloat16"])
    def test_from_numpy(self, name):
        native = {"complex_float16": "complex32", "complex_bfloat16": "bcomplex32"}.get(name, name)
        dtype = np.dtype(getattr(ml_dtypes, native))
        expected = parse_dtype(name, zarr_format=3)
        for spec in (dtype, dtype.type):
            assert parse_dtype(spec, zarr_format=3) == parse_dtype(spec, zarr_format=2) == expected
        assert zarr.array(np.ones(3, dtype)).dtype == dtype

    @pytest.mark.parametrize("data_type", SMALL, ids=ALL)
    def test_of_format_2(self, data_type):
        name = data_type._zarr_v3_name
        if name not in IN_FORMAT_2:
            with pytest.raises(ValueError, match="format 2 has no data type"):
                zarr.create_array({}, shape=3, dtype=name, zarr_format=2)
            for stored in (name, [["a", name]]):
                document = {**v2(shape=(3,), chunks=(3,)), "dtype": stored, "fill_value": None}
                with pytest.raises(DataTypeValidationError, match=f"format 2 has no data type {name}"):
                    array_of(zarr.storage.MemoryStore(), document)
            return
        store = {}
        zarr.create_array(store, shape=3, dtype=name, zarr_format=2)
        assert json.loads(store[".zarray"].to_bytes())["dtype"] == name
        assert zarr.open_array(store).metadata.dtype == data_type

    def test_other_names_of_complex_numbers(self):
        assert parse_dtype("complex_float32", zarr_format=3) == Complex64()
        assert parse_dtype("complex_float64", zarr_format=3) == Complex128()
        assert Complex64().to_json(3) == "complex64"
        array = put("complex_float32", [1, "NaN"], np.array([1 + 2j], "<c8").tobytes(), 1)
        assert array[0] == 1 + 2j
        with pytest.raises(DataTypeValidationError):
            data_type_registry.match_json("complex_float32", zarr_format=2)

    def test_of_integers_of_one_bit_there_is_none(self):
        with pytest.raises(DataTypeValidationError):
            parse_dtype(ml_dtypes.int1, zarr_format=3)


# -- fill values ------------------------------------------------------------------------------------------------------------


class TestFillValues:
    @pytest.mark.parametrize("name", FLOATS)
    def test_every_pattern_in_json(self, name):
        data_type = parse_dtype(name, zarr_format=3)
        n_digits = 4 if name == "bfloat16" else 2
        for bits in range(2 ** n_bits(name)):
            number = number_of(name, bits)
            scalar = data_type.from_json_scalar(f"0x{bits:x}", zarr_format=3)
            assert float(scalar) == number or math.isnan(number)
            stored = data_type.to_json_scalar(scalar, zarr_format=3)
            if math.isnan(number):
                assert stored == ("NaN" if bits == FLOATS[name][4] else f"0x{bits:0{n_digits}x}")
            else:
                assert stored == ({math.inf: "Infinity", -math.inf: "-Infinity"}.get(number, number))
                assert math.copysign(1, float(str(stored).replace("Infinity", "inf"))) == math.copysign(1, number)
            assert json.loads(json.dumps(stored)) == stored
            back = data_type.from_json_scalar(stored, zarr_format=3)
            assert np.asarray(back).tobytes() == np.asarray(scalar).tobytes()

    @pytest.mark.parametrize("name", FLOATS)
    def test_names_of_numbers_that_there_are_not(self, name):
        data_type = parse_dtype(name, zarr_format=3)
        wrong = ["nan", "1.5", f"0x{2 ** n_bits(name):x}", "0x", "", True, None, [1], {}]
        wrong += ["NaN"] if FLOATS[name][4] is None else []
        wrong += [] if FLOATS[name][3] == "ieee" else ["Infinity", "-Infinity"]
        wrong += [1e39, -1e39]
        for value in wrong:
            with pytest.raises((TypeError, ValueError, OverflowError)):
                data_type.from_json_scalar(value, zarr_format=3)
        for value in (math.inf, -math.inf, math.nan):
            is_there = FLOATS[name][4] is not None if math.isnan(value) else FLOATS[name][3] == "ieee"
            if is_there:
                assert str(float(data_type.cast_scalar(value))) == str(value)
            else:
                with pytest.raises(OverflowError, match="out of range"):
                    data_type.cast_scalar(value)

    @pytest.mark.parametrize("name", INTEGERS)
    def test_integers(self, name):
        data_type = parse_dtype(name, zarr_format=3)
        least, most = INTEGERS[name]
        for value in range(least, most + 1):
            for given_as in (value, float(value), np.int64(value), np.float32(value), np.array(value, name)[()]):
                assert data_type.to_json_scalar(given_as, zarr_format=3) == value
            assert int(data_type.from_json_scalar(value, zarr_format=3)) == value
        for value in (least - 1, most + 1, 10**30, float(most + 1)):
            with pytest.raises(OverflowError, match="out of range"):
                data_type.cast_scalar(value)
            with pytest.raises(OverflowError):
                data_type.from_json_scalar(value, zarr_format=3)
        for value in (1.5, "1", None, True, [1]):
            with pytest.raises(TypeError):
                data_type.from_json_scalar(value, zarr_format=3)
        for value in (1.5, "1", None, [1], 1j, np.timedelta64(1)):
            with pytest.raises((TypeError, ValueError)):
                data_type.cast_scalar(value)
        assert int(data_type.cast_scalar(True)) == 1

    @pytest.mark.parametrize("name", COMPLEXES)
    def test_complex_numbers(self, name):
        data_type = parse_dtype(name, zarr_format=3)
        for stored in ([1.0, 2.0], [0.5, 1.0]):
            scalar = data_type.from_json_scalar(stored, zarr_format=3)
            assert data_type.to_json_scalar(scalar, zarr_format=3) == stored
            assert data_type.to_json_scalar(complex(*stored), zarr_format=3) == stored
            assert data_type.to_json_scalar(np.complex64(complex(*stored)), zarr_format=3) == stored
            assert data_type.to_json_scalar(tuple(stored), zarr_format=3) == stored
            array = zarr.create_array({}, shape=2, dtype=name, fill_value=complex(*stored))
            assert list(array.metadata.to_dict()["fill_value"]) == stored
            assert zarr.open_array(array.store)[0] == scalar
        for wrong in ([1.0], [1, 2, 3], 1.0, "1", None, [None, 1], ["a", 1]):
            with pytest.raises((TypeError, ValueError)):
                data_type.from_json_scalar(wrong, zarr_format=3)
        for wrong in ("1", None, [1], [1, 2, 3], [1e300, 1]):
            with pytest.raises((TypeError, ValueError, OverflowError)):
                data_type.cast_scalar(wrong)

    def test_parts_keep_their_bits(self):
        data_type = ComplexFloat8E4M3()
        scalar = data_type.from_json_scalar(["0x7e", "-Infinity"], zarr_format=3)
        assert np.asarray(scalar).tobytes() == b"\x7e\xf8"
        assert data_type.to_json_scalar(scalar, zarr_format=3) == ["0x7e", "-Infinity"]

    @pytest.mark.parametrize("data_type", SMALL, ids=ALL)
    def test_defaults(self, data_type):
        for zarr_format in (2, 3):
            default = data_type.default_scalar()
            assert not any(np.asarray(default).tobytes())
            stored = data_type.to_json_scalar(default, zarr_format=zarr_format)
            back = data_type.from_json_scalar(stored, zarr_format=zarr_format)
            assert np.asarray(back).tobytes() == np.asarray(default).tobytes()

    def test_numbers_without_zero(self):
        assert Float8E8M0FNU().to_json_scalar(Float8E8M0FNU().default_scalar(), zarr_format=3) == 2.0**-127
        assert float(Float8E8M0FNU().from_json_scalar(0.0, zarr_format=3)) == 2.0**-127
        for value in (0, 0.0, -1.0):
            with pytest.raises(OverflowError):
                Float8E8M0FNU().cast_scalar(value)

    def test_what_has_no_fill_value_in_format_2(self):
        assert Float4E2M1FN().to_json_scalar(1.5, zarr_format=2) == "Aw=="
        assert float(Float4E2M1FN().from_json_scalar("8w==", zarr_format=2)) == 1.5
        for wrong in ("", "AAAA", "%", "NaN"):
            with pytest.raises(ValueError):
                Float4E2M1FN().from_json_scalar(wrong, zarr_format=2)
        other_nan = BFloat16().from_json_scalar("0x7fc1", zarr_format=3)
        assert BFloat16().to_json_scalar(other_nan, zarr_format=2) == "NaN"
        with pytest.raises(ValueError, match="cannot say the fill value"):
            zarr.create_array({}, shape=2, dtype="bfloat16", zarr_format=2, fill_value=other_nan)

    def test_scalars_of_each_other(self):
        assert float(BFloat16().cast_scalar(ml_dtypes.float8_e4m3(1.5))) == 1.5
        assert float(BFloat16().cast_scalar(ml_dtypes.int4(-3))) == -3
        assert int(Int4().cast_scalar(ml_dtypes.uint4(7))) == 7
        with pytest.raises(OverflowError):
            Int4().cast_scalar(ml_dtypes.uint4(8))
        with pytest.raises(ArgumentError, match="too many digits"):
            BFloat16().cast_scalar(257)
        for wrong in (1j, ml_dtypes.complex32(1), np.datetime64("2020"), b"1", [1.0]):
            with pytest.raises((TypeError, ValueError)):
                BFloat16().cast_scalar(wrong)


# -- round trips --------------------------------------------------------------------------------------------------------------


class TestRoundTrips:
    @pytest.mark.parametrize("name", ALL)
    def test_in_every_layout(self, name, engine, tmp_path):
        data = some(name, (5, 7))
        big = zarr.codecs.BytesCodec(endian="big")
        layouts = [{}, {"shards": (4, 4)}, {"serializer": big}, {"shards": (4, 4), "serializer": big}]
        layouts += [{"compressors": None}, {"filters": [zarr.codecs.TransposeCodec(order=(1, 0))]}]
        layouts += [{"zarr_format": 2}, {"zarr_format": 2, "order": "F"}] if name in IN_FORMAT_2 else []
        for number, layout in enumerate(layouts):
            for store in (zarr.storage.MemoryStore(), zarr.storage.LocalStore(tmp_path / str(number))):
                array = zarr.create_array(store, shape=data.shape, chunks=(2, 2), dtype=name, **layout)
                array[:] = data
                again = zarr.open_array(store)
                assert again[:].dtype == data.dtype
                assert again[:].tobytes() == data.tobytes()
                assert again[1:4, ::-2].tobytes() == np.ascontiguousarray(data[1:4, ::-2]).tobytes()
                assert again.vindex[[0, 4], [1, 6]].tobytes() == data[[0, 4], [1, 6]].tobytes()
                assert np.asarray(again[3, 3]).tobytes() == data[3, 3].tobytes()
                again[2] = data[0]
                assert again[2].tobytes() == data[0].tobytes()

    @pytest.mark.parametrize("name", ALL)
    def test_scalars_and_nothing(self, name, engine):
        for shape in ((), (0,), (0, 3)):
            array = zarr.create_array({}, shape=shape, dtype=name)
            element = some(name, (1,))[0]
            array[...] = element
            found = zarr.open_array(array.store)[...]
            assert np.asarray(found).tobytes() == np.full(shape, element).tobytes()

    def test_the_kernel_takes_them(self):
        with zarr.config.set({"engine": "native"}):
            for name in ALL:
                array = zarr.create_array({}, shape=3, dtype=name)
                has_spare_bits = "float6" in name or "float4" in name
                assert array.engine == ("python" if has_spare_bits else "native")
                if has_spare_bits:
                    assert "bits that mean nothing" in array._node.view.choice.rejected[0][1]
            big = zarr.codecs.BytesCodec(endian="big")
            assert zarr.create_array({}, shape=3, dtype="complex_bfloat16", serializer=big).engine == "native"

    @pytest.mark.parametrize("name", ["bfloat16", "int4", "float8_e5m2", "complex_float16", "complex_float8_e5m2"])
    def test_copies_consolidated_pickled_and_resized(self, name, engine, tmp_path):
        data = some(name, (4,))
        root = zarr.create_group(tmp_path)
        source = root.create_array("a", data=data, chunks=3)
        zarr.consolidate_metadata(tmp_path)
        assert zarr.open_consolidated(tmp_path)["a"][:].tobytes() == data.tobytes()
        assert pickle.loads(pickle.dumps(source))[:].tobytes() == data.tobytes()
        assert zarr.from_array({}, data=source)[:].tobytes() == data.tobytes()
        dest = zarr.create_group({})
        zarr.copy_all(root, dest)
        assert dest["a"][:].tobytes() == data.tobytes()
        source.append(data)
        source.resize(5)
        source.resize(6)
        assert source[:].tobytes() == np.concatenate([data, data[:1], np.zeros(1, data.dtype)]).tobytes()
        assert asyncio.run(source._async_array.getitem(slice(0, 4))).tobytes() == data.tobytes()

    def test_empty_chunks_are_told_by_their_bits(self, engine):
        array = zarr.create_array({}, shape=4, chunks=2, dtype="bfloat16", fill_value=0.0)
        array[:2] = -0.0
        array[2:] = 0.0
        assert array.nchunks_initialized == 1
        nans = zarr.create_array({}, shape=2, dtype="bfloat16", fill_value=math.nan)
        nans[:] = np.array([0x7FC0, 0x7FC1], "u2").view(ml_dtypes.bfloat16)
        assert listed(nans[:].view("u2")) == [0x7FC0, 0x7FC1]

    def test_with_codecs_of_numcodecs(self, engine):
        import numcodecs

        data = some("bfloat16", (64,))
        for compressor in (numcodecs.Blosc(), numcodecs.Zlib(), numcodecs.LZ4(), numcodecs.BZ2()):
            array = zarr.create_array(
                {}, data=data, zarr_format=2, compressors=compressor, filters=[numcodecs.Shuffle(2)]
            )
            assert zarr.open_array(array.store)[:].tobytes() == data.tobytes()
        array = zarr.create_array({}, data=data, compressors=zarr.codecs.BloscCodec())
        assert zarr.open_array(array.store)[:].tobytes() == data.tobytes()

    def test_in_structs(self, engine):
        dtype = np.dtype([("w", ml_dtypes.bfloat16), ("q", ml_dtypes.int4), ("n", "<i4")])
        data = np.zeros(5, dtype)
        data["w"], data["q"], data["n"] = [1, 2, 3, 4, 5], [1, -1, 2, -2, 3], range(5)
        for serializer in (zarr.codecs.BytesCodec(endian="little"), zarr.codecs.BytesCodec(endian="big")):
            store = {}
            array = zarr.create_array(
                store, shape=5, chunks=2, dtype=dtype, serializer=serializer, compressors=None, fill_value=(1.5, -2, 3)
            )
            array[:] = data
            code = "<" if serializer.endian == "little" else ">"
            raw = np.frombuffer(store["c/0"].to_bytes(), [("w", f"{code}u2"), ("q", "u1"), ("n", f"{code}i4")])
            assert raw["w"].tolist() == data["w"][:2].view("u2").tolist()
            again = zarr.open_array(store)
            assert again[:].tobytes() == data.tobytes()
            assert again["w"].astype(float).tolist() == [1, 2, 3, 4, 5]
            again["q", 0] = 7
            assert [int(n) for n in again["q"]] == [7, -1, 2, -2, 3]
        assert Struct.from_native_dtype(dtype).fields[0][1] == BFloat16()
        assert array.metadata.to_dict()["fill_value"] == {"w": 1.5, "q": -2, "n": 3}


# -- values -------------------------------------------------------------------------------------------------------------------


class TestValues:
    @pytest.mark.parametrize(
        ("data", "name", "words"),
        [
            ([1, 8], "int4", r"8 is out of range for the data type int4.*at \(1,\)"),
            (np.array([1, 8]), "int4", r"8(\.0)? at \(1,\) would not be the same"),
            (np.array([1.5]), "int4", "would not be the same"),
            ([1.5], "int4", "scalar compatible with the data type int4"),
            ([1, None], "int4", "missing value"),
            (["1"], "int4", "scalar compatible"),
            (np.array([1e39]), "bfloat16", "would not be the same"),
            (np.array([257]), "bfloat16", "would not be the same"),
            (np.array([500.0]), "float8_e4m3fn", "would not be the same"),
            (np.array([math.inf]), "float8_e4m3fn", "would not be the same"),
            (np.array([math.nan]), "float6_e2m3fn", "would not be the same"),
            (np.array([8.0]), "float6_e2m3fn", "would not be the same"),
            (np.array([0.0]), "float8_e8m0fnu", "would not be the same"),
            (np.array([1j]), "bfloat16", "take the real part|nothing that bfloat16 can hold"),
            ([1j], "bfloat16", "scalar compatible"),
            (np.array([1e9 + 1j]), "complex_float8_e4m3", "field 'real'"),
            ([1, 1e9j], "complex_float8_e4m3", "field 'imag'"),
            (["a"], "complex_float8_e4m3", "is no element"),
        ],
    )
    def test_what_would_be_altered_is_refused(self, data, name, words):
        with pytest.raises((ArgumentError, OverflowError), match=words):
            zarr.array(data, dtype=name)

    @pytest.mark.parametrize("name", COMPLEXES)
    def test_complex_numbers_in_every_form(self, name, engine):
        values = [1 + 2j, 2 + 1j, 0.5 + 1j]
        forms = [values, np.array(values), np.array(values, "c8"), np.array(values).astype(ml_dtypes.complex32)]
        forms += (
            [[(v.real, v.imag) for v in values]] if "float8" in name or "float6" in name or "float4" in name else []
        )
        expected = zarr.array(values, dtype=name)[:].tobytes()
        for form in forms:
            array = zarr.create_array({}, shape=3, dtype=name)
            array[:] = form
            assert array[:].tobytes() == expected
            array.append(form)
            assert array[3:].tobytes() == expected
        array[0] = 2 + 1j
        assert np.asarray(array[0]).tobytes() == np.asarray(array[1]).tobytes()

    def test_reading_into_out(self):
        array = zarr.array(some("bfloat16", (4,)))
        out = np.zeros(4, "f4")
        array.get_basic_selection(out=out)
        assert out.tolist() == listed(array[:].astype("f4"))
        same = np.zeros(4, ml_dtypes.bfloat16)
        array.get_basic_selection(out=same)
        assert same.tobytes() == array[:].tobytes()

    def test_assigning_is_as_in_numpy(self):
        array = zarr.create_array({}, shape=3, dtype="bfloat16")
        for value in (1.5, [1, 2, 3], np.array([1e39, 0.1, -0.0]), np.float32(0.1), np.arange(3)):
            expected = np.zeros(3, ml_dtypes.bfloat16)
            with np.errstate(all="ignore"):
                expected[:] = value
                array[:] = value
            assert array[:].tobytes() == expected.tobytes()


# -- without the package --------------------------------------------------------------------------------------------------------


@pytest.fixture
def without_ml_dtypes(monkeypatch):
    """As if the package were not installed."""
    zarr._dtype.small.dtype_of.cache_clear()
    names_changed()  # what was read before is forgotten
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    yield
    zarr._dtype.small.dtype_of.cache_clear()


class TestWithoutThePackage:
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_what_needs_it_says_so(self, without_ml_dtypes, zarr_format):
        words = r"need the package ml_dtypes, which cannot be imported.*pip install \"ml-dtypes>=0\.6\""
        with pytest.raises(MissingPackageError, match=words):
            put("float8_e4m3fn", None if zarr_format == 2 else 0.0, b"\0", 1, zarr_format=zarr_format)
        with pytest.raises(MissingPackageError, match=words):
            data_type_registry.match_json({"name": "float8_e4m3fn", "object_codec_id": None}, zarr_format=2)
        with pytest.raises(MissingPackageError, match=words):
            parse_dtype("float8_e4m3", zarr_format=3)
        with pytest.raises(MissingPackageError, match=words):
            zarr.create_array({}, shape=1, dtype=Float8E4M3())

    def test_nothing_else_needs_it(self, without_ml_dtypes):
        group = zarr.create_group({})
        group.create_array("a", data=np.arange(3))
        assert group["a"][:].tolist() == [0, 1, 2]
        assert parse_dtype("u1", zarr_format=3) == UInt8()
        assert parse_dtype("complex_float32", zarr_format=3) == Complex64()

    def test_others_in_a_group_are_found(self, without_ml_dtypes):
        store = zarr.storage.MemoryStore()
        group = zarr.create_group(store)
        group.create_array("a", data=np.arange(3))
        document = json.loads(asyncio.run(store.get("a/zarr.json", zarr.buffer.default_buffer_prototype())).to_bytes())
        document.update(data_type="bfloat16", fill_value=0.0)
        asyncio.run(store.set("b/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())))
        with pytest.raises(MissingPackageError, match="ml_dtypes"):
            group["b"]
        assert group["a"][:].tolist() == [0, 1, 2]

    def test_a_version_that_is_too_old(self, monkeypatch):
        zarr._dtype.small.dtype_of.cache_clear()
        monkeypatch.delattr(ml_dtypes, "complex32")
        with pytest.raises(MissingPackageError, match="newer version of ml_dtypes"):
            parse_dtype("complex_float16", zarr_format=3)
        zarr._dtype.small.dtype_of.cache_clear()


@pytest.mark.parametrize("source", ["i1", "i4", "u8", "?", "f4"])
def test_a_type_without_zero_refuses_it_from_every_type(source):
    """It becomes NaN, and that an integer again: 0."""
    with pytest.raises((ArgumentError, OverflowError), match="float8_e8m0fnu"):
        zarr.array(np.zeros(2, source), dtype="float8_e8m0fnu")
    assert zarr.array(np.ones(2, source), dtype="float8_e8m0fnu")[:].astype(float).tolist() == [1, 1]


@pytest.mark.parametrize("nan", [math.nan, np.float16("nan")])
def test_nan_in_a_list_is_that_of_the_type_or_refused(nan):
    assert math.isnan(zarr.array([nan], dtype="bfloat16")[0])
    for name in ("int4", "float4_e2m1fn"):
        with pytest.raises((ArgumentError, OverflowError, ValueError), match="nan"):
            zarr.array([nan], dtype=name)
