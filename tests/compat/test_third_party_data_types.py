"""Data types that are written for zarr-python: a parser for each format, and the checks that it asks them for."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import zarr
from tests.suites.points import Points, PointsCodec
from zarr.core.dtype import ZDType, data_type_registry
from zarr.errors import DataTypeValidationError


@dataclass(frozen=True, kw_only=True)
class Level(ZDType[np.dtypes.Int16DType, np.int16]):
    """Integers under a name of their own."""

    dtype_cls = np.dtypes.Int16DType
    _zarr_v3_name: ClassVar[str] = "example.level"

    @classmethod
    def from_native_dtype(cls, dtype):
        raise DataTypeValidationError("Int16 is the data type of this dtype")

    def to_native_dtype(self):
        return np.dtype("i2")

    @classmethod
    def _from_json_v2(cls, data):
        if data == {"name": "|O", "object_codec_id": "example.level"}:
            return cls()
        raise DataTypeValidationError(f"{data} is no level")

    @classmethod
    def _from_json_v3(cls, data):
        if data == "example.level":
            return cls()
        raise DataTypeValidationError(f"{data} is no level")

    def to_json(self, zarr_format):
        return "example.level" if zarr_format == 3 else {"name": "|O", "object_codec_id": "example.level"}

    def _check_scalar(self, data):
        return isinstance(data, int)

    def cast_scalar(self, data):
        return np.int16(data)

    def default_scalar(self):
        return np.int16(0)

    def from_json_scalar(self, data, *, zarr_format):
        return np.int16(data)

    def to_json_scalar(self, data, *, zarr_format):
        return int(data)


pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


@pytest.fixture
def level():
    data_type_registry.register("example.level", Level)
    yield Level()
    data_type_registry.unregister("example.level")


def test_an_array_of_it(level, engine):
    a = zarr.create_array({}, shape=(4,), chunks=(2,), dtype=level, fill_value=7)
    a[1:3] = [1, 2]
    again = zarr.open_array(a.store)
    assert again.metadata.data_type == level
    assert again[:].tolist() == [7, 1, 2, 7]


def test_others_are_found_beside_it(level, engine, zarr_format):
    for dtype in ("<i2", ">f4", "U3", "datetime64[s]", [("a", "i4")]):
        a = zarr.create_array({}, shape=3, dtype=dtype, zarr_format=zarr_format)
        again = zarr.open_array(a.store)
        assert again.metadata.dtype.to_native_dtype().newbyteorder("=") == np.dtype(dtype).newbyteorder("=")
        assert type(again.metadata.dtype) is not Level


def test_a_parser_for_each_format(level):
    for document, zarr_format in ((level.to_json(2), 2), (level.to_json(3), 3)):
        assert Level.from_json(document, zarr_format=zarr_format) == level
        assert data_type_registry.match_json(document, zarr_format=zarr_format) == level
    with pytest.raises(ValueError, match="4"):
        Level.from_json("example.level", zarr_format=4)


@pytest.mark.parametrize("dtype", ["i4", "U3", "M8[s]", "S2", [("a", "f4")]])
def test_ours_have_what_theirs_have(dtype, zarr_format):
    ours = zarr.dtype.parse_dtype(dtype, zarr_format=zarr_format)
    document = ours.to_json(zarr_format)
    parse = ours._from_json_v2 if zarr_format == 2 else ours._from_json_v3
    assert parse(document) == ours.from_json(document, zarr_format=zarr_format)
    assert ours._check_native_dtype(ours.to_native_dtype())
    assert not ours._check_native_dtype(np.dtype(bool))
    assert ours._check_scalar(ours.default_scalar())
    assert not ours._check_scalar(object())


def test_one_that_cannot_be_read_says_so():
    class Half(ZDType):
        pass

    for call in (Half._from_json_v2, Half._from_json_v3, lambda data: Half.from_json(data, zarr_format=3)):
        with pytest.raises(NotImplementedError, match=r"Half.*from_json"):
            call("half")


@pytest.mark.parametrize("fill_value", [None, [1.5, 2.5]])
def test_elements_that_are_arrays(engine, fill_value):
    data_type_registry.register("example.points", Points)
    zarr.registry.register_codec("example.points", PointsCodec)
    try:
        a = zarr.create_array(
            {},
            shape=(4,),
            chunks=(2,),
            dtype=Points(),
            fill_value=fill_value,
            serializer=PointsCodec(),
            compressors=None,
        )
        cells = np.empty(1, object)
        cells[0] = np.array([3, 4, 5], "f4")
        a[:1] = cells
        expected = [[3, 4, 5], *[fill_value or []] * 3]
        assert [cell.tolist() for cell in zarr.open_array(a.store)[:]] == expected
    finally:
        data_type_registry.unregister("example.points")
