"""Documents with anything anywhere: they are parsed, or refused with an error of ours that names the document."""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zarr._codec.base import ArrayConfig
from zarr._metadata.group import GroupMetadata
from zarr._metadata.parse import parse_array_v2, parse_group_v2, parse_v3
from zarr.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError, ZarrUserWarning

OURS = (MetadataValidationError, DataTypeValidationError, UnknownCodecError)

ARRAY_V3: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4, 6],
    "data_type": "int32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 6]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "fill_value": 0,
    "codecs": [
        {"name": "transpose", "configuration": {"order": [1, 0]}},
        {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": [3, 2],
                "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
                "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
                "index_location": "end",
            },
        },
    ],
    "attributes": {},
    "dimension_names": ["y", "x"],
    "storage_transformers": [],
}
ARRAY_V2: dict[str, Any] = {
    "zarr_format": 2,
    "shape": [4, 6],
    "chunks": [4, 6],
    "dtype": "<i4",
    "compressor": {"id": "zlib", "level": 1},
    "fill_value": 0,
    "order": "C",
    "filters": [{"id": "shuffle", "elementsize": 4}],
    "dimension_separator": ".",
}
GROUP_V3: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "group",
    "attributes": {},
    "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": {"a/b": ARRAY_V3}},
}
ZMETADATA: dict[str, Any] = {
    "zarr_consolidated_format": 1,
    "metadata": {"g/.zgroup": {"zarr_format": 2}, "g/a/.zarray": ARRAY_V2, "g/a/.zattrs": {}},
}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 8)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
words = st.sampled_from(
    [
        "name",
        "configuration",
        "id",
        "regular",
        "bytes",
        "crc32c",
        "C",
        "|O",
        "<M8",
        "NaN",
        "0x",
        "metadata",
        "inline",
        "",
    ]
)
anything = st.recursive(
    leaves | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead to it."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [path, *(place for key, child in items for place in places(child, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn, document: dict[str, Any]) -> bytes:
    """The document with one place replaced, removed, or given a neighbour."""
    changed = copy.deepcopy(document)
    *way, last = draw(st.sampled_from(places(document)[1:]))
    parent: Any = changed
    for key in way:
        parent = parent[key]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            parent[last] = draw(anything)
        case "remove":
            del parent[last]
        case _ if isinstance(parent, dict):
            parent[draw(words | st.text(max_size=3))] = draw(anything)
        case _:
            parent.append(draw(anything))
    return json.dumps(changed).encode()


def survive(parse: Any, where: str) -> None:
    text = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        try:
            parse()
        except OURS as exc:
            text = str(exc)
    assert text is None or where in text


@settings(deadline=None, max_examples=400)
@given(spoiled(ARRAY_V3))
def test_arrays_of_format_3(raw: bytes) -> None:
    def parse() -> None:
        node = parse_v3(raw, "a/zarr.json")
        assert not isinstance(node, GroupMetadata)
        node.to_spec(ArrayConfig())
        assert parse_v3(node.to_buffer_dict()["zarr.json"].to_bytes(), "again") == node

    survive(parse, "a/zarr.json")


@settings(deadline=None, max_examples=400)
@given(spoiled(ARRAY_V2))
def test_arrays_of_format_2(raw: bytes) -> None:
    def parse() -> None:
        node = parse_array_v2(raw, None, "a/.zarray")
        node.to_spec(ArrayConfig())
        assert parse_array_v2(node.to_buffer_dict()[".zarray"].to_bytes(), None, "again") == node

    survive(parse, "a/.zarray")


@settings(deadline=None, max_examples=300)
@given(spoiled(GROUP_V3))
def test_groups_with_a_snapshot(raw: bytes) -> None:
    def parse() -> None:
        node = parse_v3(raw, "a/zarr.json")
        if isinstance(node, GroupMetadata) and node.consolidated_metadata is not None:
            list(node.consolidated_metadata.flat())

    survive(parse, "a/zarr.json")


@settings(deadline=None, max_examples=300)
@given(spoiled(ZMETADATA))
def test_snapshots_of_format_2(raw: bytes) -> None:
    def parse() -> None:
        node = parse_group_v2(b'{"zarr_format": 2}', None, "a/.zgroup", raw)
        assert node.consolidated_metadata is not None
        list(node.consolidated_metadata.flat())

    survive(parse, "a/.zmetadata")


@pytest.mark.parametrize("kind", ["regular", "transpose"])
def test_huge_numbers_take_no_time(kind: str) -> None:
    document = copy.deepcopy(ARRAY_V3)
    if kind == "regular":
        document["chunk_grid"]["configuration"]["chunk_shape"] = [3 * 2**60, 2**60]
        document["shape"] = [2**62, 2**62]
    else:
        document["codecs"][0]["configuration"]["order"] = [1, 10**400]
    survive(lambda: parse_v3(json.dumps(document).encode(), "a/zarr.json"), "a/zarr.json")
