"""The array document of format 3: what the specification says about each member, and that nothing is rewritten unasked."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._codec.base import ArrayConfig
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.registry import _registered, register_codec
from zarr._codec.sharding import ShardingCodec
from zarr._dtype.registry import parse_data_type
from zarr._grid.chunk_keys import DefaultChunkKeyEncoding, V2ChunkKeyEncoding
from zarr._grid.grid import RegularGrid
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.grid import RegularChunkGridMetadata
from zarr._metadata.group import GroupMetadata
from zarr._metadata.parse import parse_v3
from zarr._support.registry import names_changed
from zarr.errors import (
    DataTypeValidationError,
    MetadataValidationError,
    NodeTypeValidationError,
    UnknownCodecError,
    ZarrUserWarning,
)

WHERE = "a/b/zarr.json"
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
CRC32C = {"name": "crc32c"}


def document(**members: Any) -> dict[str, Any]:
    """A valid document with some members replaced; `...` removes one."""
    base: dict[str, Any] = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [10, 7],
        "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 7]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [BYTES],
    }
    return {name: value for name, value in {**base, **members}.items() if value is not ...}


def sharding(chunk_shape: list[int], **configuration: Any) -> dict[str, Any]:
    return {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": chunk_shape,
            "codecs": [BYTES],
            "index_codecs": [BYTES, CRC32C],
            "index_location": "end",
            **configuration,
        },
    }


def grid(*chunk_shape: Any) -> dict[str, Any]:
    return {"name": "regular", "configuration": {"chunk_shape": list(chunk_shape)}}


def read(**members: Any) -> ArrayV3Metadata:
    node = parse_v3(json.dumps(document(**members)).encode(), WHERE)
    assert isinstance(node, ArrayV3Metadata)
    return node


def stored(metadata: ArrayV3Metadata) -> dict[str, Any]:
    raw = metadata.to_buffer_dict()["zarr.json"].to_bytes()
    parsed: dict[str, Any] = json.loads(raw)
    return parsed


def test_a_plain_document_is_parsed() -> None:
    metadata = read(attributes={"a": [1]}, dimension_names=["x", None])
    assert metadata.shape == (10, 7)
    assert metadata.ndim == 2
    assert metadata.data_type.to_native_dtype() == np.dtype("int32")
    assert metadata.dtype is metadata.data_type
    assert metadata.chunk_grid == RegularChunkGridMetadata(chunk_shape=(4, 7))
    assert metadata.chunk_key_encoding == DefaultChunkKeyEncoding("/")
    assert metadata.fill_value == 0
    assert [codec.to_dict()["name"] for codec in metadata.codecs] == ["bytes"]
    assert metadata.attributes == {"a": [1]}
    assert metadata.dimension_names == ("x", None)
    assert metadata.zarr_format == 3
    assert metadata.node_type == "array"
    assert metadata.chunks == (4, 7)
    assert metadata.shards is None
    assert metadata.inner_codecs == metadata.codecs
    assert metadata.encode_chunk_key((1, 0)) == "c/1/0"
    assert metadata.storage_transformers == ()
    assert metadata.extra_fields == {}


@pytest.mark.parametrize(
    "members",
    [
        {"data_type": {"name": "int32"}},
        {"data_type": {"name": "int32", "configuration": {}}},
        {"data_type": {"name": "int32", "must_understand": True}},
        {"codecs": ["bytes"], "data_type": "int8"},
        {"codecs": [{"name": "bytes", "configuration": {"endian": "little"}, "must_understand": True}]},
        {"codecs": [BYTES, "crc32c"]},
        {"chunk_key_encoding": "default"},
        {"chunk_key_encoding": {"name": "default"}},
        {"chunk_grid": {**grid(4, 7), "must_understand": True}},
        {"storage_transformers": []},
        {"dimension_names": None},
        {"attributes": None},
        {"attributes": []},
        {"x": {"must_understand": False}},
        {"shape": [], "chunk_grid": grid()},
        {"shape": [0, 7]},
        {"shape": [2**62, 2**62]},
        {"dimension_names": ["", ""]},
    ],
)
def test_legal_and_tolerated_forms_are_read(members: dict[str, Any]) -> None:
    metadata = read(**members)
    again = parse_v3(json.dumps(stored(metadata)).encode(), WHERE)
    assert again == metadata


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        *[
            ({name: ...}, MetadataValidationError, name)
            for name in document()
            if name not in ("zarr_format", "node_type")
        ],
        ({"zarr_format": ...}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": 2}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": 3.0}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": "3"}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": True}, MetadataValidationError, "zarr_format"),
        ({"node_type": ...}, MetadataValidationError, "node_type"),
        ({"node_type": "table"}, NodeTypeValidationError, "table"),
        ({"node_type": None}, NodeTypeValidationError, "node_type"),
        ({"node_type": ["array"]}, NodeTypeValidationError, "node_type"),
        ({"shape": [4.0, 7]}, MetadataValidationError, "shape"),
        ({"shape": [True, 7]}, MetadataValidationError, "shape"),
        ({"shape": [-1, 7]}, MetadataValidationError, "shape"),
        ({"shape": 7}, MetadataValidationError, "shape"),
        ({"shape": "77"}, MetadataValidationError, "shape"),
        ({"shape": ["4", 7]}, MetadataValidationError, "shape"),
        ({"shape": [2**63, 7]}, MetadataValidationError, r"2\*\*63"),
        ({"shape": [1] * 65, "chunk_grid": grid(*[1] * 65)}, MetadataValidationError, "64 dimensions"),
        ({"shape": [10]}, MetadataValidationError, "chunk_shape"),
        ({"data_type": "int33"}, DataTypeValidationError, "int33"),
        ({"data_type": {"name": "int33", "must_understand": False}}, DataTypeValidationError, "int33"),
        ({"data_type": 7}, MetadataValidationError, "data_type"),
        ({"chunk_grid": grid(4, -1)}, MetadataValidationError, "chunk_shape"),
        ({"chunk_grid": grid(4, 7.0)}, MetadataValidationError, "chunk_shape"),
        ({"chunk_grid": grid(4)}, MetadataValidationError, "chunk_shape"),
        ({"chunk_grid": {"name": "regular"}}, MetadataValidationError, "chunk_shape"),
        ({"chunk_grid": "regular"}, MetadataValidationError, "chunk_shape"),
        ({"chunk_grid": {"name": "hexagonal"}}, MetadataValidationError, "hexagonal"),
        ({"chunk_grid": {"name": "rectilinear"}}, MetadataValidationError, "kind"),
        ({"chunk_grid": {**grid(4, 7), "extra": 1}}, MetadataValidationError, "extra"),
        ({"chunk_key_encoding": "fanout"}, MetadataValidationError, "fanout"),
        ({"chunk_key_encoding": {"name": "v2", "separator": "/"}}, MetadataValidationError, "separator"),
        ({"fill_value": None}, MetadataValidationError, "fill_value"),
        ({"fill_value": 2**31}, MetadataValidationError, "fill_value"),
        ({"fill_value": "x"}, MetadataValidationError, "fill_value"),
        ({"data_type": "uint8", "fill_value": 300}, MetadataValidationError, "fill_value"),
        ({"codecs": []}, MetadataValidationError, "codecs"),
        ({"codecs": "bytes"}, MetadataValidationError, "codecs"),
        ({"codecs": {}}, MetadataValidationError, "codecs"),
        ({"codecs": [7]}, MetadataValidationError, r"codecs\[0\]"),
        ({"codecs": [CRC32C]}, MetadataValidationError, "array -> bytes"),
        ({"codecs": [BYTES, BYTES]}, MetadataValidationError, "array -> bytes"),
        ({"codecs": [CRC32C, BYTES]}, MetadataValidationError, "crc32c"),
        ({"codecs": [BYTES, {"name": "nope"}]}, UnknownCodecError, "nope"),
        ({"codecs": [BYTES, {"name": "nope", "must_understand": False}]}, UnknownCodecError, "nope"),
        ({"codecs": [BYTES, {"name": "gzip", "configuration": {"level": 99}}]}, MetadataValidationError, "gzip"),
        ({"codecs": [BYTES, {"name": "gzip", "configuration": {"levle": 1}}]}, MetadataValidationError, "levle"),
        (
            {"codecs": [{"name": "transpose", "configuration": {"order": [0]}}, BYTES]},
            MetadataValidationError,
            "transpose",
        ),
        ({"codecs": ["bytes"]}, MetadataValidationError, "endian"),
        ({"codecs": [sharding([4])]}, MetadataValidationError, "shard"),
        (
            {"codecs": [sharding([2, 7], index_codecs=[BYTES, {"name": "gzip", "configuration": {"level": 1}}])]},
            MetadataValidationError,
            "index",
        ),
        ({"attributes": 7}, MetadataValidationError, "attributes"),
        ({"attributes": ["a"]}, MetadataValidationError, "attributes"),
        ({"dimension_names": ["x"]}, MetadataValidationError, "dimension_names"),
        ({"dimension_names": "xy"}, MetadataValidationError, "dimension_names"),
        ({"dimension_names": ["x", 1]}, MetadataValidationError, "dimension_names"),
        ({"storage_transformers": [{"name": "t"}]}, MetadataValidationError, "storage transformers"),
        (
            {"storage_transformers": [{"name": "t", "must_understand": False}]},
            MetadataValidationError,
            "storage transformers",
        ),
        ({"storage_transformers": {}}, MetadataValidationError, "storage_transformers"),
        ({"x": 1}, MetadataValidationError, r"\['x'\]"),
        ({"x": {}}, MetadataValidationError, r"\['x'\]"),
        ({"x": {"must_understand": True}}, MetadataValidationError, r"\['x'\]"),
        ({"x": {"must_understand": 0}}, MetadataValidationError, r"\['x'\]"),
    ],
)
def test_documents_that_break_the_format_are_refused(
    members: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        read(**members)
    assert WHERE in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 300 + b"1" + b"}" * 300])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(MetadataValidationError, match=WHERE):
        parse_v3(raw, WHERE)


def test_what_the_members_do_not_mention_survives_changes() -> None:
    original = document(
        data_type={"name": "float32", "must_understand": True},
        fill_value="0x7fc00001",
        codecs=[{"name": "bytes", "configuration": {"endian": "big"}, "must_understand": True}, "crc32c"],
        chunk_key_encoding="v2",
        ext={"must_understand": False, "z": [1, None]},
        attributes={"b": 1, "a": 2},
    )
    original = dict(reversed(original.items()))
    node = parse_v3(json.dumps(original).encode(), WHERE)
    assert isinstance(node, ArrayV3Metadata)
    assert json.dumps(stored(node)) == json.dumps(original)
    resized = node.with_shape((20, 8))
    assert json.dumps(stored(resized)) == json.dumps({**original, "shape": [20, 8]})
    changed = resized.with_attributes({"c": 3})
    assert json.dumps(stored(changed)) == json.dumps({**original, "shape": [20, 8], "attributes": {"c": 3}})
    assert json.dumps(stored(node)) == json.dumps(original)
    assert resized.shape == (20, 8)
    assert node.shape == (10, 7)
    assert np.float32(node.fill_value).tobytes() == bytes.fromhex("0100c07f")


def test_attributes_appear_only_once_there_are_some() -> None:
    node = read()
    assert "attributes" not in stored(node)
    assert stored(node.with_attributes({"a": 1}))["attributes"] == {"a": 1}
    assert stored(read(attributes={"a": 1}).with_attributes({}))["attributes"] == {}


def test_attributes_changed_in_place_are_stored() -> None:
    node = read(attributes={"a": 1})
    node.attributes["b"] = 2
    assert stored(node)["attributes"] == {"a": 1, "b": 2}


def test_documents_are_not_aliased() -> None:
    original = document(attributes={"a": [1]})
    node = ArrayV3Metadata.from_dict(original)
    original["attributes"]["a"].append(2)
    node.to_dict()["attributes"]["a"].append(3)
    assert node.attributes == {"a": [1]}
    assert stored(node) == document(attributes={"a": [1]})


def test_bare_tokens_become_strings() -> None:
    node = read(data_type="float32", fill_value=float("-inf"))
    assert node.fill_value == -np.inf
    assert stored(node)["fill_value"] == "-Infinity"


def test_null_names_are_never_written() -> None:
    assert "dimension_names" not in stored(read(dimension_names=None))


@pytest.mark.parametrize(
    ("members", "chunks", "shards"),
    [
        ({"shape": [0, 7], "chunk_grid": grid(0, 7)}, (1, 7), None),
        ({"shape": [0, 7], "chunk_grid": grid(True, 7)}, (1, 7), None),
        ({"shape": [0, 6], "chunk_grid": grid(0, 6), "codecs": [sharding([2, 3])]}, (2, 3), (2, 6)),
    ],
)
def test_zero_chunk_lengths_are_repaired(members: dict[str, Any], chunks: Any, shards: Any) -> None:
    with pytest.warns(ZarrUserWarning, match="chunk lengths of 0"):
        node = read(**members)
    assert node.chunks == chunks
    assert node.shards == shards
    assert tuple(stored(node)["chunk_grid"]["configuration"]["chunk_shape"]) == (shards or chunks)


def test_a_constructed_array_writes_a_complete_document() -> None:
    metadata = ArrayV3Metadata(
        shape=(np.int64(10), 7),
        data_type=parse_data_type("int32", zarr_format=3),
        chunk_grid=RegularGrid((4, 7)),
        chunk_key_encoding=V2ChunkKeyEncoding("/"),
        fill_value=5,
        codecs=[BytesCodec(), CRC32C],
        attributes={"a": 1},
        dimension_names=("x", None),
        extra_fields={"ext": {"must_understand": False}},
    )
    assert list(metadata.to_dict()) == [
        "shape",
        "data_type",
        "chunk_grid",
        "chunk_key_encoding",
        "fill_value",
        "codecs",
        "attributes",
        "dimension_names",
        "zarr_format",
        "node_type",
        "storage_transformers",
        "ext",
    ]
    assert metadata.to_dict()["codecs"][0] == BYTES
    assert metadata.to_dict()["data_type"] == "int32"
    assert parse_v3(json.dumps(metadata.to_dict()).encode(), WHERE) == metadata
    assert b"\n  " in metadata.to_buffer_dict()["zarr.json"].to_bytes()
    assert b"\n" not in metadata.to_buffer_dict(indent=None)["zarr.json"].to_bytes()


def test_no_fill_value_takes_the_default() -> None:
    members = {**document(fill_value=None), "data_type": "float64"}
    del members["zarr_format"], members["node_type"]
    metadata = ArrayV3Metadata(**members)
    assert metadata.fill_value == 0.0
    assert metadata.to_dict()["fill_value"] == 0.0


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"shape": (-1, 7)}, "shape"),
        ({"shape": (1.5, 7)}, "shape"),
        ({"shape": (True, 7)}, "shape"),
        ({"shape": "ab"}, "shape"),
        ({"shape": (10,)}, "chunk_shape"),
        ({"chunk_grid": grid(4, 0)}, "chunk_shape"),
        ({"codecs": ()}, "codecs"),
        ({"codecs": None}, "codecs"),
        ({"dimension_names": ("x",)}, "dimension_names"),
        ({"extra_fields": {"shape": {"must_understand": False}}}, "shape"),
        ({"extra_fields": {"x": 1}}, "must_understand"),
        ({"storage_transformers": [{"name": "t"}]}, "storage transformers"),
        ({"chunk_key_encoding": 3}, "chunk_key_encoding"),
        ({"attributes": 3}, "attributes"),
    ],
)
def test_constructing_validates(members: dict[str, Any], text: str) -> None:
    valid = document()
    del valid["zarr_format"], valid["node_type"]
    with pytest.raises(MetadataValidationError, match=text):
        ArrayV3Metadata(**{**valid, **members})


def test_the_rank_stays() -> None:
    with pytest.raises(MetadataValidationError, match="rank"):
        read().with_shape((1,))


def test_equality_is_about_meaning() -> None:
    assert read() == read(codecs=[{**BYTES, "must_understand": True}], chunk_key_encoding="default")
    assert hash(read()) == hash(read(chunk_key_encoding="default"))
    assert read() != read(attributes={"a": 1})
    assert read() != read(fill_value=1)
    assert read(data_type="float32", fill_value="NaN") == read(data_type="float32", fill_value="NaN")
    assert read() != GroupMetadata()


def test_metadata_is_pickled_and_copied_whole() -> None:
    node = read(ext={"must_understand": False}, codecs=["bytes"], data_type="int8")
    for twin in (pickle.loads(pickle.dumps(node)), copy.deepcopy(node)):
        assert twin == node
        assert stored(twin) == stored(node)


def test_nan_from_another_writer_is_kept_in_attributes_and_refused_elsewhere() -> None:
    raw = read().with_attributes({"a": float("nan")}).to_buffer_dict()["zarr.json"].to_bytes()
    assert b'"a": NaN' in raw
    odd = read(ext={"must_understand": False, "b": float("nan")})
    with pytest.raises(MetadataValidationError, match=r"\['ext'\]\['b'\] = nan"):
        odd.to_buffer_dict()


def test_sharding_shows_as_chunks_and_shards_if_it_is_alone() -> None:
    node = read(codecs=[sharding([2, 7])])
    assert (node.chunks, node.shards) == ((2, 7), (4, 7))
    assert isinstance(node.sharding_codec, ShardingCodec)
    assert [codec.to_dict()["name"] for codec in node.inner_codecs] == ["bytes"]
    followed = read(codecs=[sharding([2, 7]), CRC32C])
    assert (followed.chunks, followed.shards) == ((4, 7), None)
    assert followed.sharding_codec is None


def test_the_spec_says_the_same() -> None:
    spec = read(fill_value=3).to_spec(ArrayConfig(order="F"))
    assert spec.shape == (10, 7)
    assert spec.dtype == np.dtype("int32")
    assert spec.fill_value == 3
    assert spec.grid == RegularGrid((4, 7))
    assert spec.keys == DefaultChunkKeyEncoding()
    assert spec.levels == ()
    assert spec.codecs == spec.inner_codecs
    assert spec.config.order == "F"


@given(
    st.lists(st.integers(0, 2**63 - 1), max_size=4).flatmap(
        lambda shape: st.tuples(
            st.just(shape), st.lists(st.integers(1, 2**20), min_size=len(shape), max_size=len(shape))
        )
    ),
    st.dictionaries(st.text(max_size=5).filter(lambda s: s.isascii()), st.integers(), max_size=3),
)
def test_documents_round_trip(lengths: tuple[list[int], list[int]], attributes: dict[str, int]) -> None:
    shape, chunks = lengths
    original = document(shape=shape, chunk_grid=grid(*chunks), attributes=attributes)
    node = ArrayV3Metadata.from_dict(original)
    assert stored(node) == original
    assert ArrayV3Metadata.from_dict(node._compose()) == node


class TestDocumentsParsedBefore:
    """The same bytes are parsed once, and nobody can tell."""

    RAW = json.dumps(document(attributes={"a": {"b": [1]}})).encode()

    def test_attributes_belong_to_each_array(self) -> None:
        first = parse_v3(self.RAW, "zarr.json")
        first.attributes["a"]["b"].append(2)
        first.attributes["c"] = 3
        second = parse_v3(self.RAW, "zarr.json")
        assert second.attributes == {"a": {"b": [1]}}
        second.attributes.clear()
        assert parse_v3(self.RAW, "x/zarr.json").attributes == {"a": {"b": [1]}}

    def test_a_codec_registered_later_is_used(self) -> None:
        raw = json.dumps(document(codecs=[BYTES, {"name": "gzip", "configuration": {"level": 1}}])).encode()
        assert type(parse_v3(raw, "zarr.json").codecs[1]) is GzipCodec

        class Other(GzipCodec):
            pass

        register_codec("gzip", Other)
        try:
            assert type(parse_v3(raw, "zarr.json").codecs[1]) is Other
        finally:
            _registered.pop("gzip")
            names_changed()
        assert type(parse_v3(raw, "zarr.json").codecs[1]) is GzipCodec

    def test_a_document_that_warns_warns_each_time(self) -> None:
        raw = json.dumps(document(shape=[0, 7], chunk_grid=grid(0, 7))).encode()
        for _ in range(3):
            with pytest.warns(ZarrUserWarning):
                parse_v3(raw, "zarr.json")

    def test_errors_name_the_document_each_time(self) -> None:
        raw = json.dumps(document(codecs=["nonsense"])).encode()
        for where in ("a/zarr.json", "b/zarr.json"):
            with pytest.raises(UnknownCodecError, match=where):
                parse_v3(raw, where)

    def test_arrays_that_differ_in_attributes_write_their_own_document(self) -> None:
        plain = document(data_type="int32", fill_value=7)
        for members in ({}, {"attributes": {"a": 1}}, {"attributes": None}, {"attributes": {}}):
            node = parse_v3(json.dumps(plain | members).encode(), "zarr.json")
            assert json.loads(node.to_buffer_dict()["zarr.json"].to_bytes()) == plain | (
                {} if members == {} else {"attributes": node.attributes}
            )
            assert node.attributes == (members.get("attributes") or {})

    def test_what_was_mended_stays_mended(self) -> None:
        for n in range(3):
            raw = json.dumps(document(data_type="float32", fill_value=float("nan"), attributes={"n": n})).encode()
            assert stored(parse_v3(raw, "zarr.json"))["fill_value"] == "NaN"


@pytest.mark.parametrize(
    "raw",
    [b'{"a":' * 300 + b"1" + b"}" * 300, b"[" * 10**6, b'{"a":"' + b"\\" * 10**6, b'{"b":' + b'"\\"' * 10**6],
)
def test_hostile_documents_are_refused_at_once(raw: bytes) -> None:
    with pytest.raises(MetadataValidationError, match=r"nested|not valid JSON"):
        parse_v3(raw + b"[" * 300, "zarr.json")


def test_brackets_in_strings_are_no_nesting() -> None:
    node = parse_v3(json.dumps(document(attributes={"a": "[" * 1000, 'b"': '\\"{' * 300})).encode(), "zarr.json")
    assert node.attributes["a"] == "[" * 1000
