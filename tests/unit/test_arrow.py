"""Arrays of one dimension as arrays and tables of Arrow, by pyarrow and by its interface for Python."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import ml_dtypes
import numcodecs
import numpy as np
import pyarrow as pa
import pytest

import zarr
from zarr._dtype.optional import Optional
from zarr._faces import arrow
from zarr.dtype import Float64, Int32, Struct, VariableLengthBytes, VariableLengthUTF8
from zarr.errors import ArgumentError

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


def made(data, **options):
    return zarr.create_array({}, data=data, chunks=(2,), **options)


DAY = dt.date(2020, 2, 29)
LEAP = dt.datetime.fromisoformat("2020-02-29T12:30")
SAMPLES = {
    "bool": (np.array([True, False, True]), pa.bool_(), [True, False, True]),
    **{
        code: (np.array([0, 1, 100], code), pa.from_numpy_dtype(np.dtype(code).newbyteorder("=")), [0, 1, 100])
        for code in (
            "i1",
            "i2",
            "i4",
            "i8",
            "u1",
            "u2",
            "u4",
            "u8",
            "f2",
            "f4",
            "f8",
            ">i2",
            ">u4",
            ">i8",
            ">f2",
            ">f8",
        )
    },
    "U": (np.array(["a", "", "äb"]), pa.large_string(), ["a", "", "äb"]),
    ">U": (np.array(["a", "", "äb"]).astype(">U2"), pa.large_string(), ["a", "", "äb"]),
    "text": (np.array(["a", "", "äb" * 9], np.dtypes.StringDType()), pa.large_string(), ["a", "", "äb" * 9]),
    "S": (np.array([b"a", b"", b"abc"]), pa.large_binary(), [b"a", b"", b"abc"]),
    "V": (np.array([b"abc", b"\0\0\0", b"x\0y"], "V3"), pa.binary(3), [b"abc", b"\0\0\0", b"x\0y"]),
    "days": (np.array(["2020-02-29", "NaT"], "M8[D]"), pa.date32(), [DAY, None]),
    ">days": (np.array(["2020-02-29", "NaT"], "M8[D]").astype(">M8[D]"), pa.date32(), [DAY, None]),
    "weeks": (np.array(["2020-02-27", "NaT"], "M8[W]"), pa.date32(), [dt.date(2020, 2, 27), None]),
    "months": (np.array(["2020-02", "NaT"], "M8[M]"), pa.date32(), [dt.date(2020, 2, 1), None]),
    "years": (np.array(["2020", "NaT"], "M8[Y]"), pa.date32(), [dt.date(2020, 1, 1), None]),
    **{
        f"M8[{unit}]": (np.array([LEAP, "NaT"], f"M8[{unit}]"), pa.timestamp(arrow_unit), [LEAP, None])
        for unit, arrow_unit in [("m", "s"), ("s", "s"), ("ms", "ms"), ("us", "us"), ("10s", "s"), ("250ms", "ms")]
    },
    "hours": (np.array(["2020-02-29T12", "NaT"], "M8[h]"), pa.timestamp("s"), [LEAP.replace(minute=0), None]),
    **{
        f"m8[{unit}]": (np.array([3, "NaT"], f"m8[{unit}]"), pa.duration(arrow_unit), [dt.timedelta(**{long: n}), None])
        for unit, arrow_unit, long, n in [
            ("W", "s", "weeks", 3),
            ("D", "s", "days", 3),
            ("h", "s", "hours", 3),
            ("m", "s", "minutes", 3),
            ("s", "s", "seconds", 3),
            ("ms", "ms", "milliseconds", 3),
            ("us", "us", "microseconds", 3),
            ("5s", "s", "seconds", 15),
        ]
    },
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_data_types(engine, sample):
    data, type_, expected = SAMPLES[sample]
    for zarr_format in (2, 3):
        found = pa.array(made(data, zarr_format=zarr_format))
        found.validate(full=True)
        assert found.type == type_
        assert found.to_pylist() == expected
        assert pa.array(made(data[:0], zarr_format=zarr_format)).type == type_


def test_nanoseconds(engine):
    data = np.array([1_582_979_400_123_456_789, np.iinfo("i8").min], "i8")
    for kind, wanted in (("M", pa.timestamp("ns")), ("m", pa.duration("ns"))):
        found = pa.array(made(data.view(f"{kind}8[ns]")))
        assert found.type == wanted
        assert found.view(pa.int64()).to_pylist() == [data[0], None]


def test_not_a_number_is_one(engine):
    found = pa.array(made(np.array([1.0, np.nan, -0.0])))
    assert found.null_count == 0
    assert str(found.to_pylist()) == "[1.0, nan, -0.0]"


def test_numbers_are_not_copied_again():
    array = made(np.arange(5, dtype="f8"))
    whole = array._in_host_memory()
    assert pa.array(whole).buffers()[1].address == whole.__array_interface__["data"][0]


class TestMissing:
    def test_text(self, engine):
        array = zarr.array(["a", None, "äb", None], dtype=Optional(data_type=VariableLengthUTF8()), chunks=2)
        found = pa.array(array)
        assert (found.type, found.to_pylist()) == (pa.large_string(), ["a", None, "äb", None])

    @pytest.mark.parametrize(
        ("inner", "values", "type_"),
        [
            (Int32(), [7, None, -9], pa.int32()),
            (Float64(), [None, 0.5], pa.float64()),
            (VariableLengthBytes(), [b"x", None], pa.large_binary()),
            (Struct(fields=(("a", Int32()),)), [(1,), None], pa.struct([("a", pa.int32())])),
            (Optional(data_type=Int32()), [1, None], pa.int32()),
            (Int32(), [None, None], pa.int32()),
            (Int32(), [], pa.int32()),
        ],
    )
    def test_of_any_data_type(self, engine, inner, values, type_):
        data = np.empty(len(values), object)
        data[:] = values
        array = zarr.array(data, dtype=Optional(data_type=inner), chunks=2)
        found = pa.array(array)
        found.validate(full=True)
        assert found.type == type_
        expected = [{"a": value[0]} if isinstance(value, tuple) else value for value in values]
        assert found.to_pylist() == expected

    def test_bytes(self, engine):
        found = pa.array(zarr.create_array({}, data=[b"a", b"", b"abc"], dtype=VariableLengthBytes()))
        assert (found.type, found.to_pylist()) == (pa.large_binary(), [b"a", b"", b"abc"])


class TestObjects:
    def test_pyarrow_finds_their_type(self, engine):
        array = zarr.create(shape=3, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2)
        array[:] = np.array([{"a": 1}, {"a": 2}, {"a": None}], object)
        assert pa.array(array).type == pa.struct([("a", pa.int64())])
        lists = zarr.create(shape=2, dtype=object, object_codec=numcodecs.VLenArray("i4"), zarr_format=2)
        items = np.empty(2, object)
        items[:] = [np.array([1, 2], "i4"), np.array([3], "i4")]
        lists[:] = items
        assert pa.array(lists).to_pylist() == [[1, 2], [3]]

    def test_or_does_not(self, engine):
        array = zarr.create(shape=2, dtype=object, object_codec=numcodecs.JSON(), zarr_format=2)
        array[:] = np.array([{"a": 1}, "text"], object)
        with pytest.raises(ArgumentError, match="Arrow has no type that fits all of these Python objects"):
            pa.array(array)


class TestRefused:
    @pytest.mark.parametrize(
        "data",
        [
            np.array([1j]),
            np.array([1], ml_dtypes.bfloat16),
            np.array([1], ml_dtypes.int4),
            np.array([1], "M8[ps]"),
            np.array([1], "m8[M]"),
            np.array([1], "m8[Y]"),
            np.array([1]).view("m8"),
            np.array([(1, 2j)], [("a", "i4"), ("b", "c8")]),
        ],
    )
    def test_what_arrow_has_no_type_for(self, engine, data):
        for call in (pa.array, pa.chunked_array if data.dtype.names is None else pa.table):
            with pytest.raises(ArgumentError, match="Arrow has no type for"):
                call(made(data))

    @pytest.mark.parametrize("shape", [(), (2, 3), (0, 3)])
    def test_other_numbers_of_dimensions(self, engine, shape):
        array = zarr.create_array({}, name="x", shape=shape, dtype="i4")
        for call in (pa.array, pa.chunked_array, array.__arrow_c_array__, pa.table):
            with pytest.raises(ArgumentError, match=rf"array '/x' has {len(shape)}; take one row of it"):
                call(array) if call in (pa.array, pa.chunked_array, pa.table) else call()

    def test_dates_beyond_those_of_arrow(self, engine):
        with pytest.raises(OverflowError, match="Arrow counts days in 32 bits"):
            pa.array(made(np.array([2**40], "M8[D]")))
        with pytest.raises((OverflowError, ArgumentError)):
            pa.array(made(np.array([2**60], "M8[h]")))

    def test_without_pyarrow(self, monkeypatch):
        array = made(np.arange(3))
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        for call in (array.__arrow_array__, array.__arrow_c_array__, array.__arrow_c_stream__):
            with pytest.raises(ImportError, match="pip install pyarrow"):
                call()

    def test_it_is_imported_when_it_is_needed(self):
        code = "import sys, zarr\nzarr.array([1])[:]\nassert 'pyarrow' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


class TestStructs:
    DATA = np.array(
        [(1, 2.5, "a", (1, 2), "2020-01-01"), (2, 0, "bc", (3, 4), "NaT"), (3, -1, "", (5, 6), "2021-01-01")],
        [("n", ">i4"), ("x", "<f8"), ("word", "U2"), ("pair", [("a", "i2"), ("b", "f4")]), ("day", "M8[D]")],
    )
    ROWS = (
        {"n": 1, "x": 2.5, "word": "a", "pair": {"a": 1, "b": 2}, "day": dt.date(2020, 1, 1)},
        {"n": 2, "x": 0.0, "word": "bc", "pair": {"a": 3, "b": 4}, "day": None},
        {"n": 3, "x": -1.0, "word": "", "pair": {"a": 5, "b": 6}, "day": dt.date(2021, 1, 1)},
    )

    @pytest.fixture(params=[2, 3])
    def array(self, request, engine):
        return made(self.DATA, zarr_format=request.param)

    def test_are_structs(self, array):
        found = pa.array(array)
        found.validate(full=True)
        assert pa.types.is_struct(found.type)
        assert found.to_pylist() == list(self.ROWS)

    def test_are_tables(self, array):
        table = pa.table(array)
        table.validate(full=True)
        assert table.column_names == ["n", "x", "word", "pair", "day"]
        assert table.schema.field("pair").type == pa.struct([("a", pa.int16()), ("b", pa.float32())])
        assert table.to_pylist() == list(self.ROWS)
        assert pa.record_batch(array).to_pylist() == list(self.ROWS)

    def test_row_by_row(self, array, monkeypatch):
        monkeypatch.setattr(arrow, "_PIECE_NBYTES", 1)
        reader = pa.RecordBatchReader.from_stream(array)
        assert [batch.num_rows for batch in reader] == [2, 1]
        assert pa.table(array).to_pylist() == list(self.ROWS)

    def test_without_rows(self, engine):
        table = pa.table(made(self.DATA[:0]))
        assert (table.num_rows, table.column_names) == (0, ["n", "x", "word", "pair", "day"])

    def test_with_arrays_and_structs_in_them(self, engine):
        data = np.zeros(3, [("m", "u1", (2, 3)), ("in", [("a", "f4"), ("b", "S2")])])
        data["m"] = np.arange(18).reshape(3, 2, 3)
        data["in"]["b"] = [b"x", b"", b"yz"]
        found = pa.table(made(data, zarr_format=2))
        assert found.schema.field("m").type == pa.list_(pa.list_(pa.uint8(), 3), 2)
        assert found["m"].to_pylist() == data["m"].tolist()
        assert found["in"].to_pylist() == [{"a": 0.0, "b": item} for item in (b"x", b"", b"yz")]


class TestTables:
    def test_of_the_arrays_of_a_group(self, engine):
        group = zarr.create_group({})
        group.create_array("n", data=np.arange(5), chunks=(2,))
        group.create_array("word", data=np.array(list("abcde"), np.dtypes.StringDType()), chunks=(3,))
        table = pa.table(dict(group.arrays()))
        assert sorted(table.column_names) == ["n", "word"]
        assert table.sort_by("n").to_pylist()[1] == {"n": 1, "word": "b"}

    def test_of_arrays_that_are_no_structs(self, engine):
        column = pa.chunked_array(made(np.arange(5)))
        assert (column.type, column.to_pylist()) == (pa.int64(), list(range(5)))

    def test_of_a_type_that_is_asked_for(self, engine):
        assert pa.array(made(np.array(["a", "b"])), pa.string()).type == pa.string()
        assert pa.array(made(np.arange(3)), type=pa.float32()).to_pylist() == [0, 1, 2]
        with pytest.raises(pa.ArrowInvalid):
            pa.array(made(np.array([300])), pa.int8())


def test_by_the_interface_for_python(engine):
    class Only:
        """Another library: it knows two methods, and no pyarrow."""

        def __init__(self, array):
            self.__arrow_c_array__ = array.__arrow_c_array__

    found = pa.array(Only(made(np.array([1.5, 2.5]))))
    assert found.to_pylist() == [1.5, 2.5]
    requested = pa.large_string().__arrow_c_schema__()
    capsules = made(np.array(["a", "b"])).__arrow_c_array__(requested)
    assert [type(capsule).__name__ for capsule in capsules] == ["PyCapsule"] * 2


def test_while_reads_go_to_a_gpu(engine):
    array = made(np.arange(5))
    with zarr.config.enable_gpu():
        assert pa.array(array).to_pylist() == list(range(5))
