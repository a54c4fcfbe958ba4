"""Stores written by hand from the text of the formats: what their bytes mean, and what a change leaves alone.

`fixtures/v2.json` and `fixtures/v3.json` hold one array each: its document, its stored objects in hexadecimal, and the
elements they stand for.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.interop.documents import BIG, CRC32C, LITTLE, array_of, codec, put, sharded, text, v2, v3
from zarr.errors import (
    DataTypeValidationError,
    GroupNotFoundError,
    MetadataValidationError,
    NodeNotFoundError,
    UnknownCodecError,
    ZarrUserWarning,
)
from zarr.storage import MemoryStore

FIXTURES = {
    name: json.loads((Path(__file__).parent / "fixtures" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("v2", "v3")
}
UNSTABLE = pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")


# -- what stored bytes mean -----------------------------------------------------------------------------------------


def expected_elements(case):
    dtype = np.dtype(case["dtype"])
    values = case["values"]
    return np.array(values, object).astype(dtype) if dtype.kind != "O" else np.array(values, dtype)


def comparable(array, dtype):
    """Times and raw bytes as the integers they consist of, text of any length as objects."""
    array = np.asarray(array)
    if array.dtype.kind == "T":
        return array.astype(dtype)
    array = array.astype(array.dtype.newbyteorder("="))
    return array.view(dtype) if array.dtype.kind in "mMV" else array


@pytest.mark.parametrize(("zarr_format", "name"), [(f, name) for f, cases in FIXTURES.items() for name in cases])
class TestBytes:
    @pytest.fixture
    def array(self, zarr_format, name, store):
        case = FIXTURES[zarr_format][name]
        objects = {key: bytes.fromhex(digits) for key, digits in case["objects"].items()}
        return array_of(store, case["document"], mode="r+", **objects)

    def test_the_elements_are_those_of_the_format(self, zarr_format, name, array, engine):
        case = FIXTURES[zarr_format][name]
        expected = expected_elements(case)
        found = comparable(array[...], expected.dtype)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)

    def test_what_is_written_over_them_reads_back(self, zarr_format, name, array, engine):
        expected = np.array(array[...])
        if expected.size > 1:
            half = (slice(0, (expected.shape[0] + 1) // 2), ...)
            array[half] = expected[half][::-1]
            expected[half] = expected[half][::-1].copy()
        else:
            array[...] = expected
        np.testing.assert_array_equal(array[...], expected)


# -- fill values ----------------------------------------------------------------------------------------------------

RAW = codec("raw_bytes", length_bytes=2)
FILLS_V3 = [
    ("bool", True, b"\1"),
    ("int8", -1, b"\xff"),
    ("int16", 3.0, b"\3\0"),
    ("uint64", 18446744073709551615, b"\xff" * 8),
    ("float16", "NaN", b"\x00\x7e"),
    ("float16", "0x7c01", b"\x01\x7c"),
    ("float16", 1, b"\x00\x3c"),
    ("float32", "Infinity", b"\0\0\x80\x7f"),
    ("float32", "+Infinity", b"\0\0\x80\x7f"),  # seen in other writers' data
    ("float32", "-Infinity", b"\0\0\x80\xff"),
    ("float32", "NaN", b"\0\0\xc0\x7f"),
    ("float32", "0x7fc00000", b"\0\0\xc0\x7f"),
    ("float32", "0xffc00000", b"\0\0\xc0\xff"),
    ("float32", "0x7f800001", b"\1\0\x80\x7f"),
    ("float32", "0x00000001", b"\1\0\0\0"),
    ("float32", -0.0, b"\0\0\0\x80"),
    ("float32", 16777217, b"\0\0\x80\x4b"),
    ("float64", "0x7ff8000000000000", b"\0\0\0\0\0\0\xf8\x7f"),
    ("float64", "0x3ff0000000000000", b"\0\0\0\0\0\0\xf0\x3f"),
    ("float64", 1e-320, b"\xe8\x07\0\0\0\0\0\0"),
    ("complex64", [1, "-Infinity"], b"\0\0\x80\x3f\0\0\x80\xff"),
    ("complex128", ["0xfff0000000000001", -0.0], b"\1\0\0\0\0\0\xf0\xff\0\0\0\0\0\0\0\x80"),
    ("r16", [1, 255], b"\1\xff"),
    ("r16", "Af8=", b"\1\xff"),
    (RAW, "Af8=", b"\1\xff"),
    (RAW, [1, 255], b"\1\xff"),
    (codec("null_terminated_bytes", length_bytes=2), "YQA=", b"a\0"),
    (codec("fixed_length_utf32", length_bytes=8), "é", b"\xe9\0\0\0\0\0\0\0"),
    (codec("numpy.datetime64", unit="ns", scale_factor=1), "NaT", b"\0\0\0\0\0\0\0\x80"),
    (codec("numpy.datetime64", unit="us", scale_factor=10), -1, b"\xff" * 8),
    (codec("numpy.datetime64", unit="μs", scale_factor=1), 5, b"\5\0\0\0\0\0\0\0"),
    (codec("numpy.timedelta64", unit="generic", scale_factor=1), 5, b"\5\0\0\0\0\0\0\0"),
]
FILLS_V2 = [
    ("|b1", True, b"\1"),
    ("<u8", 18446744073709551615, b"\xff" * 8),
    (">i2", 258, b"\2\1"),
    ("<f4", "NaN", b"\0\0\xc0\x7f"),
    (">f8", "-Infinity", b"\0\0\0\0\0\0\xf0\xff"),
    ("<f8", "Infinity", b"\0\0\0\0\0\0\xf0\x7f"),
    ("<f8", -0.0, b"\0\0\0\0\0\0\0\x80"),
    ("<c8", ["NaN", 1.0], b"\0\0\xc0\x7f\0\0\x80\x3f"),
    ("|S3", "YWI=", b"ab\0"),
    ("|S3", "YWIA", b"ab\0"),
    ("|V2", "Af8=", b"\1\xff"),
    ("<U2", "é", b"\xe9\0\0\0\0\0\0\0"),
    (">U2", "é", b"\xe9\0\0\0\0\0\0\0"),
    ("<M8[ns]", "NaT", b"\0\0\0\0\0\0\0\x80"),
    ("<M8[ns]", -9223372036854775808, b"\0\0\0\0\0\0\0\x80"),
    (">m8[10s]", 5, b"\5\0\0\0\0\0\0\0"),
]


@UNSTABLE
@pytest.mark.parametrize(("data_type", "fill", "bits"), FILLS_V3)
def test_a_fill_value_of_format_3_has_these_bits(data_type, fill, bits, store, engine):
    array = array_of(store, v3(data_type, (2,), (1,), fill=fill))
    assert array[...].astype(array.dtype.newbyteorder("<")).tobytes() == 2 * bits


@UNSTABLE
@pytest.mark.parametrize(("dtype", "fill", "bits"), FILLS_V2)
def test_a_fill_value_of_format_2_has_these_bits(dtype, fill, bits, store, engine):
    array = array_of(store, v2(dtype, (2,), (1,), fill=fill))
    assert array[...].astype(array.dtype.newbyteorder("<")).tobytes() == 2 * bits


@pytest.mark.parametrize(
    ("data_type", "fill"),
    [
        ("int8", 128),
        ("int8", None),
        ("int8", 1.5),
        ("int8", "1"),
        ("int8", True),
        ("uint8", -1),
        ("bool", "true"),
        ("bool", 2),
        ("float32", "nan"),
        ("float32", "0x7fc000000"),
        ("float32", "0x"),
        ("float32", "1.5"),
        ("float32", True),
        ("float32", 1e300),
        ("float32", [1.0]),
        ("complex64", 1.0),
        ("complex64", [1.0]),
        ("complex64", [1.0, None]),
        ("r16", [1]),
        ("r16", [1, 256]),
        ("r16", [1, 2, 3]),
        ("r16", "AQ"),
        ("r16", "AQ=="),
        ("r16", 0),
        (codec("fixed_length_utf32", length_bytes=4), "ab"),
        (codec("numpy.datetime64", unit="ns", scale_factor=1), "2020-01-01"),
        (codec("numpy.datetime64", unit="ns", scale_factor=1), 2**63),
    ],
)
def test_a_fill_value_in_no_form_of_its_type_is_refused(data_type, fill, store):
    with pytest.raises(MetadataValidationError, match="fill_value"):
        array_of(store, {**v3(data_type, (2,), (1,)), "fill_value": fill})


# -- unknown things ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "member",
    [
        1,
        None,
        "x",
        {},
        {"must_understand": True},
        {"must_understand": "false"},
        {"name": "x"},
        [{"must_understand": False}],
    ],
)
@pytest.mark.parametrize("kind", ["array", "group"])
def test_an_unknown_member_that_does_not_say_it_may_be_ignored_is_refused_by_name(kind, member, store):
    document = v3("int8", (1,), (1,), ["bytes"]) if kind == "array" else {"zarr_format": 3, "node_type": "group"}
    put(store, {"zarr.json": {**document, "novelty": member}})
    with pytest.raises(MetadataValidationError, match="novelty"):
        zarr.open(store, mode="r")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"codecs": [LITTLE, {"name": "novelty", "must_understand": True}]}, UnknownCodecError, "novelty"),
        ({"codecs": [LITTLE, "novelty"]}, UnknownCodecError, "novelty"),
        ({"codecs": [sharded((1,), ["novelty"])]}, UnknownCodecError, "novelty"),
        ({"codecs": [sharded((1,), index_codecs=["novelty"])]}, UnknownCodecError, "novelty"),
        ({"data_type": "novelty"}, DataTypeValidationError, "novelty"),
        ({"data_type": {"name": "novelty", "must_understand": False}}, DataTypeValidationError, "novelty"),
        ({"chunk_grid": codec("novelty")}, MetadataValidationError, "novelty"),
        ({"chunk_grid": {**codec("novelty"), "must_understand": False}}, MetadataValidationError, "novelty"),
        ({"chunk_key_encoding": codec("novelty")}, MetadataValidationError, "novelty"),
        ({"storage_transformers": [codec("novelty")]}, MetadataValidationError, "novelty"),
        ({"storage_transformers": [{"name": "novelty", "must_understand": False}]}, MetadataValidationError, "novelty"),
        ({"codecs": [codec("bytes", endian="little", novelty=1)]}, MetadataValidationError, "novelty"),
        ({"codecs": [codec("bytes")]}, MetadataValidationError, "endian"),
        ({"codecs": [sharded((1,), index_codecs=[codec("bytes")])]}, MetadataValidationError, "endian"),
        ({"codecs": [sharded((1,), index_codecs=[LITTLE, codec("gzip", level=1)])]}, MetadataValidationError, "gzip"),
        ({"codecs": [LITTLE, BIG]}, MetadataValidationError, "second"),
        ({"codecs": [CRC32C]}, MetadataValidationError, "crc32c"),
        ({"codecs": []}, MetadataValidationError, "codecs"),
        ({"node_type": "novelty"}, MetadataValidationError, "novelty"),
        ({"zarr_format": 4}, MetadataValidationError, "zarr_format"),
        ({"zarr_format": 3.0}, MetadataValidationError, "zarr_format"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
def test_what_the_document_asks_for_and_we_do_not_have_is_refused_by_name(change, error, said, store):
    put(store, {"zarr.json": {**v3("int16", (2,), (2,)), **change}})
    with pytest.raises(error, match=said):
        zarr.open_array(store, mode="r")


@pytest.mark.parametrize("missing", ["shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs"])
def test_a_missing_member_of_format_3_is_named(missing, store):
    document = v3()
    del document[missing]
    with pytest.raises(MetadataValidationError, match=missing):
        array_of(store, document)


@pytest.mark.parametrize("missing", ["shape", "chunks", "dtype", "fill_value", "order"])
def test_a_missing_member_of_format_2_is_named(missing, store):
    document = v2()
    del document[missing]
    with pytest.raises(MetadataValidationError, match=missing):
        array_of(store, document)


@pytest.mark.parametrize("missing", ["compressor", "filters", "dimension_separator"])
def test_members_of_format_2_that_may_be_missing(missing, store, engine):
    document = v2("|i1", (2, 2), (1, 2), dimension_separator=".")
    del document[missing]
    array = array_of(store, document, **{"1.0": b"\1\2"})
    assert array[...].tolist() == [[0, 0], [1, 2]]


def test_an_empty_list_of_filters_is_read_with_a_warning(store):
    with pytest.warns(ZarrUserWarning, match="empty list of filters"):
        array = array_of(store, v2("|i1", (1,), (1,), filters=[]), **{"0": b"\5"})
    assert array[...].tolist() == [5]


# -- hierarchies ------------------------------------------------------------------------------------------------------

GROUP = {"zarr_format": 3, "node_type": "group"}
INT8 = v3("int8", (1,), (1,), ["bytes"])
INT8_V2 = v2("|i1", (1,), (1,))


def test_an_array_of_format_2_without_attributes_document_has_none(store):
    array = array_of(store, INT8_V2, mode="r+")
    assert dict(array.attrs) == {}
    array.attrs["a"] = 1
    assert json.loads(text(store, ".zattrs")) == {"a": 1}
    assert json.loads(text(store, ".zarray")) == INT8_V2


@pytest.mark.parametrize("leaf", [{"a/b/zarr.json": INT8, "a/b/c/0": b"\7"}, {"a/b/.zarray": INT8_V2, "a/b/0": b"\7"}])
def test_below_directories_without_a_document_arrays_open_by_path_and_groups_do_not(leaf, store, engine):
    put(store, leaf)
    assert zarr.open_array(store, path="a/b", mode="r")[...].tolist() == [7]
    with pytest.raises(GroupNotFoundError):
        zarr.open_group(store, path="a", mode="r")
    with pytest.raises(NodeNotFoundError):
        zarr.open(store, mode="r")
    assert set(store.list_keys("")) == set(leaf)  # reading made nothing


def test_a_member_without_a_document_is_passed_over_with_a_warning(store):
    put(store, {"zarr.json": GROUP, "a/b/zarr.json": INT8, "c/zarr.json": INT8})
    group = zarr.open_group(store, mode="r")
    with pytest.warns(ZarrUserWarning, match="'a'"):
        assert [name for name, _ in group.members()] == ["c"]
    assert group["a/b"].shape == (1,)


def consolidated_v3(metadata, **members):
    return {
        **GROUP,
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": metadata, **members},
    }


class TestConsolidatedV3:
    def test_members_come_from_the_snapshot_alone(self, store, engine):
        put(store, {"zarr.json": consolidated_v3({"g": GROUP, "g/a": INT8}), "g/a/c/0": b"\7"})
        group = zarr.open_group(store, mode="r")
        assert dict(group.members(max_depth=None)).keys() == {"g", "g/a"}
        assert group["g/a"][...].tolist() == [7]
        assert group["g"]["a"][...].tolist() == [7]
        with pytest.raises(KeyError):
            zarr.open_group(store, mode="r", use_consolidated=False)["g"]

    def test_paths_with_a_leading_slash_are_read(self, store):
        put(store, {"zarr.json": consolidated_v3({"/g": GROUP, "/g/a": INT8})})
        assert zarr.open_group(store, mode="r")["g/a"].shape == (1,)

    def test_a_group_that_the_snapshot_leaves_out_is_made_up(self, store):
        put(store, {"zarr.json": consolidated_v3({"g/a": INT8})})
        group = zarr.open_group(store, mode="r")
        assert isinstance(group["g"], zarr.Group)
        assert group["g/a"].shape == (1,)

    def test_null_is_no_snapshot(self, store):
        put(store, {"zarr.json": {**GROUP, "consolidated_metadata": None}, "a/zarr.json": INT8})
        assert zarr.open_group(store, mode="r")["a"].shape == (1,)
        with pytest.raises(ValueError, match="onsolidated"):
            zarr.open_group(store, mode="r", use_consolidated=True)

    def test_another_kind_is_refused(self, store):
        put(store, {"zarr.json": consolidated_v3({}, kind="novelty")})
        with pytest.raises(MetadataValidationError, match="novelty"):
            zarr.open_group(store, mode="r")

    def test_one_bad_document_does_not_hide_the_others(self, store):
        put(store, {"zarr.json": consolidated_v3({"a": INT8, "bad": {**INT8, "codecs": ["novelty"]}})})
        group = zarr.open_group(store, mode="r")
        assert group["a"].shape == (1,)
        with pytest.raises(UnknownCodecError, match="novelty"):
            group["bad"]


ZMETADATA = {
    "zarr_consolidated_format": 1,
    "metadata": {
        ".zgroup": {"zarr_format": 2},
        ".zattrs": {"root": True},
        # zarr-python adds a member here that the format does not allow.
        "g/.zgroup": {"zarr_format": 2, "consolidated_metadata": {"metadata": {}}},
        "g/a/.zarray": INT8_V2,
        "g/a/.zattrs": {"x": 1},
    },
}


class TestConsolidatedV2:
    def test_members_come_from_the_snapshot_alone(self, store, engine):
        put(store, {".zgroup": {"zarr_format": 2}, ".zmetadata": ZMETADATA, "g/a/0": b"\7"})
        group = zarr.open_group(store, mode="r")
        assert dict(group.members(max_depth=None)).keys() == {"g", "g/a"}
        assert group["g/a"][...].tolist() == [7]
        assert dict(group["g/a"].attrs) == {"x": 1}

    def test_the_snapshot_can_be_left_unread(self, store):
        put(store, {".zgroup": {"zarr_format": 2}, ".zmetadata": ZMETADATA})
        with pytest.raises(KeyError):
            zarr.open_group(store, mode="r", use_consolidated=False)["g"]

    def test_another_format_of_the_snapshot_is_refused(self, store):
        zmetadata = {**ZMETADATA, "zarr_consolidated_format": 2}
        put(store, {".zgroup": {"zarr_format": 2}, ".zmetadata": zmetadata})
        with pytest.raises(MetadataValidationError, match="zarr_consolidated_format"):
            zarr.open_group(store, mode="r", use_consolidated=True)


# -- a change leaves the rest alone -----------------------------------------------------------------------------------

ATTRIBUTES = {
    "kept": {"list": [1, 1.0, -0.0, 1e22, 2**70, None, "é\u2028\U0001f600"], "": {}},
    "changed": 1,
    "_ARRAY_DIMENSIONS": ["x"],
}
ODD_V3 = {
    "type-as-object": v3({"name": "int8"}, codecs=["bytes"]),
    "type-with-configuration": v3({"name": "int8", "configuration": {}}, codecs=[{"name": "bytes"}]),
    "nan-payload": v3("float32", fill="0x7fc00001"),
    "nan-in-hex": v3("float32", fill="0x7FC00000"),
    "short-hex": v3("float32", fill="0x1"),
    "negative-zero": v3("float64", fill=-0.0),
    "integer-as-float": v3("int32", fill=1.0),
    "float-as-integer": v3("float64", fill=1),
    "large-integer": v3("uint64", fill=2**64 - 1),
    "complex": v3("complex64", fill=["0x7fc00001", 0]),
    "raw-as-list": v3("r16", fill=[1, 2]),
    "raw-as-base64": v3("r16", fill="AQI="),
    "bytes": v3("bytes", fill=[1, 2], codecs=["vlen-bytes"]),
    "variable-length-bytes": v3("variable_length_bytes", fill="AQI=", codecs=[codec("vlen-bytes")]),
    "micro-sign": v3(codec("numpy.datetime64", unit="μs", scale_factor=1), fill="NaT"),
    "grid-with-more": v3(chunk_grid={**codec("regular", chunk_shape=[3, 4]), "must_understand": True}),
    "keys-by-name": v3(chunk_key_encoding="default"),
    "keys-unconfigured": v3(chunk_key_encoding={"name": "v2"}),
    "old-codec-name": v3(codecs=[codec("endian", endian="little")]),
    "zstd-without-checksum": v3(codecs=[LITTLE, codec("zstd", level=3)]),
    "crc32c-by-name": v3(codecs=[LITTLE, "crc32c"]),
    "crc32c-configured": v3(codecs=[LITTLE, codec("crc32c")]),
    "transpose-by-letter": v3(codecs=[codec("transpose", order="F"), LITTLE]),
    "shard": v3(codecs=[{**sharded((1, 2), ["transpose"]), "configuration": {**sharded((1, 2))["configuration"]}}]),
    "shard-without-location": v3(
        codecs=[codec("sharding_indexed", chunk_shape=[1, 2], codecs=[LITTLE], index_codecs=[LITTLE])]
    ),
    "unknown-member": v3(novelty={"must_understand": False, "deep": [{"x": None}]}),
    "members-in-another-order": dict(reversed(v3(dimension_names=["y", None]).items())),
    "empty-transformers": v3(storage_transformers=[]),
}
ODD_V2 = {
    "null-fill": v2(fill=None),
    "zero-fill": v2("|S2", fill=0),
    "short-fill": v2("|S3", fill="YQ=="),
    "bool-as-number": v2("|b1", fill=0),
    "scalar-complex": v2("<c8", fill=0),
    "number-as-float": v2("<i8", fill=5.0),
    "not-a-time": v2("<M8[ns]", fill="NaT"),
    "little-bool": v2("<b1", fill=False),
    "zstd-checksum": v2(compressor={"id": "zstd", "level": 0, "checksum": False}),
    "blosc-as-short": v2(compressor={"id": "blosc"}),
    "unknown-member": v2(novelty=[1]),
    "members-in-another-order": dict(reversed(v2(dimension_separator="/").items())),
    "filter": v2(filters=[{"id": "delta", "dtype": "<i4", "astype": "<i4"}]),
}


def exact(document):
    """JSON text, which tells 1 from 1.0 and 0.0 from -0.0, with the order of members."""
    return json.dumps(document)


@UNSTABLE
@pytest.mark.parametrize("name", ODD_V3)
class TestChangesV3:
    def test_one_attribute(self, name, store):
        before = {**ODD_V3[name], "attributes": copy.deepcopy(ATTRIBUTES)}
        array = array_of(store, before, mode="r+")
        array.attrs["changed"] = 2
        before["attributes"]["changed"] = 2
        assert exact(json.loads(text(store, "zarr.json"))) == exact(before)

    def test_the_shape(self, name, store, engine):
        before = {**ODD_V3[name], "attributes": ATTRIBUTES}
        array_of(store, before, mode="r+").resize((4, 12))
        before["shape"] = [4, 12]
        assert exact(json.loads(text(store, "zarr.json"))) == exact(before)

    def test_the_first_attribute_of_a_document_without_any(self, name, store):
        before = ODD_V3[name]
        array_of(store, before, mode="r+").attrs["new"] = 1
        after = json.loads(text(store, "zarr.json"))
        assert after.pop("attributes") == {"new": 1}
        assert exact(after) == exact(before)

    def test_the_elements(self, name, store, engine):
        array = array_of(store, ODD_V3[name], mode="r+")
        before = text(store, "zarr.json")
        array[0, 0] = array[6, 9]
        array[...] = array[...]
        assert text(store, "zarr.json") == before


@pytest.mark.parametrize("name", ODD_V2)
class TestChangesV2:
    def test_one_attribute(self, name, store):
        array = array_of(store, ODD_V2[name], "r+", **{".zattrs": ATTRIBUTES})
        before = text(store, ".zarray")
        array.attrs["changed"] = 2
        assert text(store, ".zarray") == before
        assert exact(json.loads(text(store, ".zattrs"))) == exact({**ATTRIBUTES, "changed": 2})

    def test_the_shape(self, name, store, engine):
        array = array_of(store, ODD_V2[name], "r+", **{".zattrs": ATTRIBUTES})
        attributes = text(store, ".zattrs")
        array.resize((4, 12))
        assert exact(json.loads(text(store, ".zarray"))) == exact({**ODD_V2[name], "shape": [4, 12]})
        assert text(store, ".zattrs") == attributes


def test_an_attribute_of_a_group_leaves_unknown_members_and_the_snapshot(store):
    before = {
        **consolidated_v3({"/a": {**INT8, "fill_value": 1.0}, "g/b": {**INT8, "novelty": {"must_understand": False}}}),
        "novelty": {"must_understand": False},
        "attributes": copy.deepcopy(ATTRIBUTES),
    }
    put(store, {"zarr.json": before})
    zarr.open_group(store, mode="r+").attrs["changed"] = 2
    after = json.loads(text(store, "zarr.json"))
    before["attributes"]["changed"] = 2
    snapshots = [document.pop("consolidated_metadata")["metadata"] for document in (before, after)]
    assert exact(after) == exact(before)
    assert exact(snapshots[1]["a"]) == exact(snapshots[0]["/a"])
    assert exact(snapshots[1]["g/b"]) == exact(snapshots[0]["g/b"])


def test_an_attribute_of_a_group_of_format_2_touches_its_own_document_only(store):
    objects = {
        ".zgroup": {"zarr_format": 2, "novelty": 1},
        ".zattrs": ATTRIBUTES,
        ".zmetadata": ZMETADATA,
        "g/a/.zarray": INT8_V2,
    }
    put(store, objects)
    before = {key: text(store, key) for key in objects}
    zarr.open_group(store, mode="r+", use_consolidated=False).attrs["changed"] = 2
    after = {key: text(store, key) for key in objects}
    assert exact(json.loads(after.pop(".zattrs"))) == exact({**ATTRIBUTES, "changed": 2})
    assert after == {key: value for key, value in before.items() if key != ".zattrs"}


# zarr-python writes NaN, which JSON has not, into attributes.
NAN_ATTRIBUTES = [{"zarr.json": {**INT8, "attributes": {"missing": float("nan")}}}]
NAN_ATTRIBUTES += [{".zarray": INT8_V2, ".zattrs": {"missing": float("nan")}}]


@pytest.mark.parametrize("objects", NAN_ATTRIBUTES, ids=["v3", "v2"])
class TestNaNInForeignAttributes:
    def test_it_is_read(self, objects, store):
        assert np.isnan(zarr.open_array(put(store, objects), mode="r").attrs["missing"])

    def test_it_does_not_keep_the_array_from_growing(self, objects, store):
        array = zarr.open_array(put(store, objects), mode="r+")
        array.append(np.array([7], "i1"))
        again = zarr.open_array(store, mode="r")
        assert again[...].tolist() == [0, 7]
        assert np.isnan(again.attrs["missing"])

    def test_it_does_not_keep_other_attributes_from_changing(self, objects, store):
        zarr.open_array(put(store, objects), mode="r+").attrs["other"] = 1
        again = zarr.open_array(store, mode="r")
        assert again.attrs["other"] == 1
        assert np.isnan(again.attrs["missing"])


# -- the other way round ---------------------------------------------------------------------------


SAME_BYTES = [
    *("big-endian", "transpose-is-fortran-order", "shorthand-names", "names-in-objects", "no-axes", "datetimes"),
    *("strings-by-name", "fixed-utf32", "keys-v2-default-separator", "keys-default-dot"),
    # Without gaps and with inner chunks in the order of the index, as they are here, a shard has one layout only.
    *("shard-index-at-end", "shard-index-at-start", "shard-index-without-checksum", "shard-index-big-endian"),
    *("shard-index-transposed", "shard-in-shard"),
]
SAME_BYTES_V2 = ["fortran-order", "big-endian", "slash", "dot", "objects", "crc32-in-front", "adler32-in-front"]
SAME_BYTES_V2 += ["shuffle", "delta", "delta-down-columns", "packbits"]


@UNSTABLE
@pytest.mark.parametrize(
    ("zarr_format", "name"), [*(("v3", name) for name in SAME_BYTES), *(("v2", name) for name in SAME_BYTES_V2)]
)
def test_what_we_write_is_byte_for_byte_what_was_written_by_hand(zarr_format, name, engine):
    case = FIXTURES[zarr_format][name]
    by_hand = {key: bytes.fromhex(digits) for key, digits in case["objects"].items()}
    source = array_of(MemoryStore(), case["document"], **by_hand)
    target = MemoryStore()
    array_of(target, case["document"], mode="r+")[...] = source[...]
    assert {key: target.get_sync(key).to_bytes() for key in by_hand} == by_hand
