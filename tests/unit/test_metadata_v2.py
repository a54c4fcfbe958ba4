"""The array documents of format 2: the specification's fields, and the leniency that old data needs."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._buffer.registry import default_buffer_prototype
from zarr._codec.base import ArrayConfig
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.chain import CodecChain
from zarr._dtype.registry import parse_data_type
from zarr._grid.chunk_keys import V2ChunkKeyEncoding
from zarr._grid.grid import RegularGrid
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.parse import parse_array_v2
from zarr.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError, ZarrUserWarning

WHERE = "a/b/.zarray"
VLEN_UTF8 = {"id": "vlen-utf8"}


def document(**members: Any) -> dict[str, Any]:
    """A valid document with some members replaced; `...` removes one."""
    base: dict[str, Any] = {
        "zarr_format": 2,
        "shape": [10, 7],
        "chunks": [4, 7],
        "dtype": "<i4",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    return {name: value for name, value in {**base, **members}.items() if value is not ...}


def read(attributes: dict[str, Any] | None = None, **members: Any) -> ArrayV2Metadata:
    zattrs = None if attributes is None else json.dumps(attributes).encode()
    return parse_array_v2(json.dumps(document(**members)).encode(), zattrs, WHERE)


def stored(metadata: ArrayV2Metadata) -> tuple[dict[str, Any], dict[str, Any]]:
    buffers = metadata.to_buffer_dict()
    assert list(buffers) == [".zarray", ".zattrs"]
    zarray, zattrs = (json.loads(buffer.to_bytes()) for buffer in buffers.values())
    return zarray, zattrs


def test_a_plain_document_is_parsed() -> None:
    metadata = read({"a": 1}, compressor={"id": "zlib", "level": 3}, filters=[{"id": "delta", "dtype": "<i4"}])
    assert metadata.shape == (10, 7)
    assert metadata.ndim == 2
    assert metadata.chunks == (4, 7)
    assert metadata.shards is None
    assert metadata.dtype.to_native_dtype() == np.dtype("<i4")
    assert metadata.fill_value == 0
    assert metadata.order == "C"
    assert metadata.dimension_separator == "."
    assert metadata.compressor.get_config() == {"id": "zlib", "level": 3}
    assert [codec.codec_id for codec in metadata.filters or ()] == ["delta"]
    assert metadata.attributes == {"a": 1}
    assert metadata.zarr_format == 2
    assert metadata.encode_chunk_key((1, 0)) == "1.0"


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        *[
            ({name: ...}, MetadataValidationError, name)
            for name in ("zarr_format", "shape", "chunks", "dtype", "fill_value", "order")
        ],
        ({"zarr_format": 3}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": "2"}, MetadataValidationError, "zarr_format"),
        ({"shape": [4.0, 7]}, MetadataValidationError, "shape"),
        ({"shape": [-4, 7]}, MetadataValidationError, "shape"),
        ({"shape": [10]}, MetadataValidationError, "chunks"),
        ({"chunks": [4]}, MetadataValidationError, "chunks"),
        ({"chunks": 4}, MetadataValidationError, "chunks"),
        ({"chunks": [4, -7]}, MetadataValidationError, "chunks"),
        ({"order": "K"}, MetadataValidationError, "order"),
        ({"order": ["C"]}, MetadataValidationError, "order"),
        ({"dimension_separator": "-"}, MetadataValidationError, "dimension_separator"),
        ({"dimension_separator": None}, MetadataValidationError, "dimension_separator"),
        ({"dtype": "<i5"}, DataTypeValidationError, "i5"),
        ({"dtype": "int32"}, DataTypeValidationError, "int32"),
        ({"dtype": 7}, DataTypeValidationError, "7"),
        ({"dtype": "|O"}, DataTypeValidationError, "object codec"),
        ({"dtype": "|u1", "fill_value": 300}, MetadataValidationError, "fill_value"),
        ({"fill_value": "x"}, MetadataValidationError, "fill_value"),
        ({"compressor": {"id": "nope"}}, UnknownCodecError, "nope"),
        ({"compressor": {"level": 1}}, MetadataValidationError, "compressor.id"),
        ({"compressor": "zlib"}, MetadataValidationError, "compressor"),
        ({"compressor": {"id": "zlib", "levle": 1}}, MetadataValidationError, "levle"),
        ({"filters": {"id": "delta"}}, MetadataValidationError, "filters"),
        ({"filters": [None]}, MetadataValidationError, "filters"),
        ({"filters": [{"id": "nope"}]}, UnknownCodecError, "nope"),
    ],
)
def test_documents_that_break_the_format_are_refused(
    members: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        read(**members)
    assert WHERE in str(caught.value)


@pytest.mark.parametrize("zattrs", [b"[]", b"null", b"{"])
def test_attributes_that_are_no_object_are_refused(zattrs: bytes) -> None:
    with pytest.raises(MetadataValidationError, match=r"a/b/\.zattrs"):
        parse_array_v2(json.dumps(document()).encode(), zattrs, WHERE)


def test_an_empty_list_of_filters_reads_as_none() -> None:
    with pytest.warns(ZarrUserWarning, match="empty list of filters"):
        metadata = read(filters=[])
    assert metadata.filters is None
    assert stored(metadata)[0]["filters"] is None


def test_chunk_lengths_of_zero_are_repaired() -> None:
    with pytest.warns(ZarrUserWarning, match="chunk lengths of 0"):
        metadata = read(shape=[0, 7], chunks=[0, 7])
    assert metadata.chunks == (1, 7)
    assert stored(metadata)[0]["chunks"] == [1, 7]


def test_missing_codecs_are_none() -> None:
    metadata = read(compressor=..., filters=...)
    assert metadata.compressor is None
    assert metadata.filters is None


@pytest.mark.parametrize(
    ("dtype", "fill", "expected"),
    [
        ("<i4", 3, np.int32(3)),
        ("<f8", "NaN", np.float64("nan")),
        ("<f8", "-Infinity", np.float64("-inf")),
        ("|b1", True, np.bool_(True)),
        ("|S3", 0, np.bytes_(b"")),
        ("|S3", "YWI=", np.bytes_(b"ab")),
        ("<U2", 0, np.str_("")),
        ("<U2", "ab", np.str_("ab")),
        ("<c8", 2, np.complex64(2)),
        ("<c16", [1.0, "NaN"], np.complex128(complex(1, np.nan))),
    ],
)
def test_fill_values_old_ones_too(dtype: Any, fill: Any, expected: Any) -> None:
    metadata = read(dtype=dtype, fill_value=fill)
    assert np.asarray(metadata.fill_value).tobytes() == np.asarray(expected).tobytes()
    assert stored(metadata)[0]["fill_value"] == fill


def test_bare_tokens_become_strings() -> None:
    metadata = read(dtype="<f8", fill_value=float("nan"))
    assert np.isnan(metadata.fill_value)
    assert stored(metadata)[0]["fill_value"] == "NaN"


@pytest.mark.parametrize(
    ("dtype", "filters", "default"),
    [
        ("<i4", None, 0),
        ("|b1", None, False),
        ("<U3", None, ""),
        ("|S3", None, b""),
        ("|O", [VLEN_UTF8], ""),
        ("|O", [{"id": "vlen-bytes"}], b""),
    ],
)
def test_null_stays_null_and_reads_as_the_default(dtype: str, filters: Any, default: Any) -> None:
    metadata = read(dtype=dtype, filters=filters, fill_value=None)
    assert metadata.fill_value is None
    assert stored(metadata)[0]["fill_value"] is None
    assert metadata.to_spec(ArrayConfig()).fill_value == default


@pytest.mark.parametrize("members", [{"filters": [VLEN_UTF8]}, {"compressor": VLEN_UTF8}])
@pytest.mark.parametrize(("fill", "expected"), [(0, ""), ("x", "x"), (None, None)])
def test_strings_as_objects(members: dict[str, Any], fill: Any, expected: Any) -> None:
    metadata = read(dtype="|O", fill_value=fill, **members)
    assert type(metadata.dtype).__name__ == "VariableLengthUTF8"
    assert metadata.fill_value == expected


@pytest.mark.parametrize(("fill", "expected"), [(0, b""), ("eA==", b"x")])
def test_bytes_as_objects(fill: Any, expected: bytes) -> None:
    metadata = read(dtype="|O", fill_value=fill, filters=[{"id": "vlen-bytes"}])
    assert type(metadata.dtype).__name__ == "VariableLengthBytes"
    assert metadata.fill_value == expected


def test_what_the_members_do_not_mention_survives_changes() -> None:
    original = document(
        dtype="|S4",
        fill_value="AAEAAA==",
        compressor={"level": 2, "id": "zlib"},
        filters=[{"id": "shuffle"}],
        extra={"anything": 1},
        dimension_separator="/",
    )
    original = dict(reversed(original.items()))
    metadata = parse_array_v2(json.dumps(original).encode(), b'{"b": 1, "a": 2}', WHERE)
    changed = metadata.with_shape([20, 8]).with_attributes({"c": 3})
    assert json.dumps(stored(metadata)[0]) == json.dumps(original)
    assert json.dumps(stored(metadata)[1]) == '{"b": 1, "a": 2}'
    assert json.dumps(stored(changed)[0]) == json.dumps({**original, "shape": [20, 8]})
    assert stored(changed)[1] == {"c": 3}
    with pytest.raises(MetadataValidationError, match="rank"):
        metadata.with_shape([1])


def test_an_absent_separator_stays_absent() -> None:
    assert "dimension_separator" not in stored(read())[0]


def test_a_constructed_array_writes_a_complete_document() -> None:
    from numcodecs import Delta, Zlib

    metadata = ArrayV2Metadata(
        shape=(10, 7),
        dtype=parse_data_type("<i4", zarr_format=2),
        chunks=(4, 7),
        fill_value=None,
        order="F",
        dimension_separator="/",
        compressor=Zlib(2),
        filters=[Delta("<i4"), {"id": "shuffle"}],
        attributes={"a": 1},
    )
    zarray, zattrs = stored(metadata)
    assert zattrs == {"a": 1}
    assert zarray == {
        "zarr_format": 2,
        "shape": [10, 7],
        "chunks": [4, 7],
        "dtype": "<i4",
        "fill_value": None,
        "order": "F",
        "dimension_separator": "/",
        "compressor": {"id": "zlib", "level": 2},
        "filters": [Delta("<i4").get_config(), {"id": "shuffle", "elementsize": 4}],
    }
    members = {**zarray, "shape": (10, 7), "chunks": (4, 7), "filters": zarray["filters"]}
    assert metadata.to_dict() == {**members, "attributes": {"a": 1}}
    assert ArrayV2Metadata.from_dict(metadata.to_dict()) == metadata
    assert pickle.loads(pickle.dumps(metadata)) == metadata


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ({"shape": (-1, 7)}, MetadataValidationError, "shape"),
        ({"chunks": (0, 7)}, MetadataValidationError, "chunks"),
        ({"chunks": (7,)}, MetadataValidationError, "chunks"),
        ({"order": "A"}, MetadataValidationError, "order"),
        ({"dimension_separator": "_"}, MetadataValidationError, "dimension_separator"),
        ({"compressor": BytesCodec()}, MetadataValidationError, "zarr.codecs"),
        ({"compressor": 7}, MetadataValidationError, "compressor"),
        ({"filters": [7]}, MetadataValidationError, r"filters\[0\]"),
        ({"dtype": "<i9"}, (DataTypeValidationError, TypeError), "i9"),
    ],
)
def test_constructing_validates(members: dict[str, Any], error: Any, text: str) -> None:
    valid: dict[str, Any] = {"shape": (10, 7), "dtype": "<i4", "chunks": (4, 7), "fill_value": 0, "order": "C"}
    with pytest.raises(error, match=text):
        ArrayV2Metadata(**{**valid, **members})


def test_objects_need_their_codec() -> None:
    dtype = read(dtype="|O", filters=[VLEN_UTF8], fill_value="").dtype
    with pytest.raises(MetadataValidationError, match="vlen-utf8"):
        ArrayV2Metadata(shape=(3,), dtype=dtype, chunks=(3,), fill_value="", order="C")


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_spec_encodes_as_the_format_says(order: str) -> None:
    spec = read(shape=[2, 2], chunks=[2, 2], dtype="<i2", order=order, dimension_separator="/").to_spec(ArrayConfig())
    assert spec.grid == RegularGrid((2, 2))
    assert spec.keys == V2ChunkKeyEncoding("/")
    assert spec.levels == ()
    assert spec.inner_codecs == spec.codecs
    chunk = np.array([[1, 2], [3, 4]], "<i2")
    chain = CodecChain.compile(spec.codecs, spec.chunk_spec((2, 2)))
    encoded = chain.encode(CPUNDBuffer.from_numpy_array(chunk))
    assert encoded is not None
    assert encoded.to_bytes() == chunk.tobytes(order=order)  # type: ignore[arg-type]
    decoded = chain.decode(CPUBuffer.from_bytes(encoded.to_bytes())).as_numpy_array()
    np.testing.assert_array_equal(decoded, chunk)


def test_codecs_are_told_of_a_chunk() -> None:
    metadata = ArrayV2Metadata(shape=(5, 4), chunks=(2, 3), dtype="<i4", fill_value=7, order="C")
    prototype = default_buffer_prototype()
    spec = metadata.get_chunk_spec((0, 0), ArrayConfig(order="F"), prototype)
    assert (spec.shape, spec.dtype, spec.fill_value, spec.order) == ((2, 3), metadata.dtype, 7, "F")
    assert spec.prototype is prototype
