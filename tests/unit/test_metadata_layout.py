"""What each format lays down about documents, and that nothing above `_metadata` decides by the number of a format."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarr
from zarr._dtype import parse_data_type
from zarr._grid.grid import RegularGrid
from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.formats import ARRAY_DOCUMENTS, DOCUMENTS, FORMATS, array_from_dict, layout_of, layouts_for
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._metadata.new_array import NewArray
from zarr._metadata.node_documents_v2 import FORMAT_2
from zarr._metadata.node_documents_v3 import FORMAT_3
from zarr.errors import MetadataValidationError

SNAPSHOT_V2 = {"zarr_consolidated_format": 1, "metadata": {"g/.zgroup": {"zarr_format": 2}}}


def dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def wanted(zarr_format: int, **others: Any) -> NewArray:
    members: dict[str, Any] = {
        "shape": (4, 6),
        "data_type": parse_data_type(np.dtype("int16"), zarr_format=zarr_format),
        "grid": RegularGrid((2, 3)),
        "shard_options": {},
        **others,
    }
    return NewArray(**members)


def bytes_of(metadata: Any) -> dict[str, bytes]:
    return {name: buffer.to_bytes() for name, buffer in metadata.to_buffer_dict().items()}


@pytest.fixture(params=[2, 3])
def layout(request):
    return FORMATS[request.param]


class TestNames:
    def test_format_3_has_one_document(self):
        assert FORMAT_3.documents == FORMAT_3.makers == ("zarr.json",)
        assert FORMAT_3.names == {"zarr.json"}
        assert not FORMAT_3.attributes_apart
        assert not FORMAT_3.consolidated_apart

    def test_format_2_has_four(self):
        assert FORMAT_2.makers == (".zarray", ".zgroup")
        assert FORMAT_2.documents == (".zarray", ".zgroup", ".zattrs")
        assert FORMAT_2.names == {".zarray", ".zgroup", ".zattrs", ".zmetadata"}
        assert FORMAT_2.attributes_apart
        assert FORMAT_2.consolidated_apart

    def test_those_of_all_formats(self):
        assert FORMAT_2.names | FORMAT_3.names == DOCUMENTS
        assert {"zarr.json", ".zarray"} == ARRAY_DOCUMENTS

    def test_metadata_make_documents_of_these_names(self, layout):
        array = layout.new_array(wanted(layout.zarr_format, attributes={"a": 1}))
        group = GroupMetadata({"a": 1}, layout.zarr_format, ConsolidatedMetadata({}))
        assert bytes_of(array).keys() == {layout.array, layout.attributes}
        assert bytes_of(group).keys() == {layout.group, layout.attributes, layout.consolidated}

    def test_a_layout_does_not_change(self, layout):
        with pytest.raises(AttributeError):
            layout.array = "x"


class TestWhichFormat:
    def test_format_3_is_looked_for_first(self):
        assert layouts_for(None) == (FORMAT_3, FORMAT_2)

    def test_one_that_is_asked_for_is_the_only_one(self):
        assert layouts_for(2) == (FORMAT_2,)
        assert layouts_for(3) == (FORMAT_3,)

    @pytest.mark.parametrize("zarr_format", [1, 4, True, "3", [3], {}])
    def test_any_other_is_an_error(self, zarr_format):
        with pytest.raises(MetadataValidationError, match="Expected 2, 3, or None"):
            layouts_for(zarr_format)

    def test_metadata_have_one(self, layout):
        assert layout_of(GroupMetadata({}, layout.zarr_format)) is layout
        array = layout.new_array(wanted(layout.zarr_format))
        assert layout_of(array) is layout
        assert array_from_dict(array.to_dict()) == array


class TestDocuments:
    @pytest.mark.parametrize("kind", ["array", "group"])
    def test_a_node_is_parsed_from_the_documents_it_makes(self, layout, kind):
        node = (
            layout.new_array(wanted(layout.zarr_format, attributes={"a": 1}))
            if kind == "array"
            else GroupMetadata({"a": 1}, layout.zarr_format)
        )
        made = bytes_of(node)
        assert layout.parse([made.get(name) for name in layout.documents], layout.documents) == node

    def test_there_is_no_node_without_a_document_that_makes_one(self, layout):
        assert layout.parse([None] * len(layout.documents), layout.documents) is None

    def test_attributes_alone_make_no_node(self):
        assert FORMAT_2.parse([None, None, b'{"a": 1}'], FORMAT_2.documents) is None

    def test_an_error_names_the_document(self, layout):
        documents: list[bytes | None] = [b"{"] + [None] * (len(layout.documents) - 1)
        with pytest.raises(MetadataValidationError, match=f"'x/{layout.array}'"):
            layout.parse(documents, [f"x/{name}" for name in layout.documents])


class TestReread:
    def test_what_is_stored_counts_and_the_rest_is_as_known(self, layout):
        known = layout.new_array(wanted(layout.zarr_format, attributes={"a": 1}))
        grown = bytes_of(known.with_shape((9, 9)))[layout.array]
        current = layout.reread(layout.array, grown, layout.array, known)
        assert current.shape == (9, 9)
        assert current.attributes == {"a": 1}

    def test_attributes(self, layout):
        known = layout.new_array(wanted(layout.zarr_format, attributes={"a": 1}))
        changed = bytes_of(known.with_attributes({"b": 2}))[layout.attributes]
        current = layout.reread(layout.attributes, changed, layout.attributes, known)
        assert current == known.with_attributes({"b": 2})

    def test_without_the_document_that_makes_it_there_is_no_node(self, layout):
        known = layout.new_array(wanted(layout.zarr_format))
        assert layout.reread(layout.array, None, layout.array, known) is None

    def test_a_group_without_its_document_is_gone(self, layout):
        known = GroupMetadata({}, layout.zarr_format)
        assert layout.reread(layout.group, None, layout.group, known) is None

    def test_a_group_of_format_2_keeps_what_is_known_beside_its_document(self):
        known = GroupMetadata({"a": 1}, 2)
        assert FORMAT_2.reread(".zgroup", b'{"zarr_format": 2}', ".zgroup", known) == known

    def test_no_attributes_are_none_where_they_lie_apart(self):
        known = GroupMetadata({"a": 1}, 2)
        assert FORMAT_2.reread(".zattrs", None, ".zattrs", known) == GroupMetadata({}, 2)

    def test_a_snapshot_apart_says_nothing_of_its_group(self):
        known = GroupMetadata({"a": 1}, 2)
        assert FORMAT_2.reread(".zmetadata", b"no JSON", ".zmetadata", known) is known


class TestSnapshots:
    def test_format_2(self):
        found = FORMAT_2.parse_consolidated(dumped(SNAPSHOT_V2), ".zmetadata")
        assert found is not None
        assert list(found.metadata) == ["g"]

    def test_format_3(self):
        group = GroupMetadata({}, 3, ConsolidatedMetadata({"g": GroupMetadata()}))
        found = FORMAT_3.parse_consolidated(bytes_of(group)["zarr.json"], "zarr.json")
        assert found is not None
        assert list(found.metadata) == ["g"]

    def test_none(self):
        array = FORMAT_3.new_array(wanted(3))
        for node in (GroupMetadata(), array):
            assert FORMAT_3.parse_consolidated(bytes_of(node)["zarr.json"], "zarr.json") is None


class TestNewArrays:
    def test_defaults_of_format_3(self):
        array = FORMAT_3.new_array(wanted(3))
        assert isinstance(array, ArrayV3Metadata)
        assert [type(codec).__name__ for codec in array.codecs] == ["BytesCodec", "ZstdCodec"]
        assert (array.chunks, array.shards, array.fill_value) == ((2, 3), None, 0)
        assert array.chunk_key_encoding.to_dict()["name"] == "default"

    def test_shards_hold_the_other_codecs(self):
        array = FORMAT_3.new_array(
            wanted(3, grid=RegularGrid((4, 6)), inner=(2, 3), shard_options={"index_location": "start"})
        )
        assert (array.chunks, array.shards) == ((2, 3), (4, 6))
        assert array.sharding_codec is not None
        assert array.sharding_codec.index_location == "start"

    def test_defaults_of_format_2(self):
        array = FORMAT_2.new_array(wanted(2))
        assert isinstance(array, ArrayV2Metadata)
        assert array.compressor.codec_id == "zstd"
        assert (array.filters, array.order, array.dimension_separator, array.fill_value) == (None, "C", ".", None)

    @pytest.mark.parametrize(("order", "stored"), [(None, "F"), ("C", "C")])
    def test_format_2_stores_elements_as_reads_return_them_where_nothing_is_said(self, order, stored):
        assert FORMAT_2.new_array(wanted(2, order=order, memory_order="F")).order == stored

    @pytest.mark.parametrize(
        "others", [{"inner": (1, 3)}, {"dimension_names": ("x", "y")}, {"serializer": "bytes"}], ids=lambda o: min(o)
    )
    def test_format_2_refuses_what_it_cannot_say(self, others):
        with pytest.raises(ValueError, match="Zarr format 2"):
            FORMAT_2.new_array(wanted(2, **others))

    def test_no_settings_are_read(self, layout, monkeypatch):
        monkeypatch.setattr(zarr._support.settings, "settings", None)
        monkeypatch.setattr(zarr._support.settings, "config", None)
        made = bytes_of(layout.new_array(wanted(layout.zarr_format)))
        layout.parse([made.get(name) for name in layout.documents], layout.documents)

    def test_the_arguments_of_an_array_make_the_same_array(self, layout):
        array = layout.new_array(wanted(layout.zarr_format, attributes={"a": 1}, fill_value=np.int16(3)))
        arguments = layout.arguments_of(array)
        twin = zarr.create_array(
            {}, shape=array.shape, dtype="int16", fill_value=3, zarr_format=layout.zarr_format, **arguments
        )
        assert twin.metadata == array


class TestNamesOfDimensions:
    def test_format_3_has_them(self):
        array = FORMAT_3.new_array(wanted(3, dimension_names=("x", None)))
        assert FORMAT_3.dimension_names_of(array) == (("x", None), {})
        assert FORMAT_3.named(("x", None), {"a": 1}) == {"attributes": {"a": 1}, "dimension_names": ("x", None)}

    def test_format_2_has_them_in_an_attribute(self):
        array = FORMAT_2.new_array(wanted(2, attributes={"_ARRAY_DIMENSIONS": ["x", "y"], "a": 1}))
        assert FORMAT_2.dimension_names_of(array) == (["x", "y"], {"a": 1})
        assert FORMAT_2.named(["x", "y"], {"a": 1}) == {"attributes": dict(array.attributes), "dimension_names": None}

    @pytest.mark.parametrize("stored", [["x"], "xy", None])
    def test_an_attribute_that_is_none_stays(self, stored):
        array = FORMAT_2.new_array(wanted(2, attributes={"_ARRAY_DIMENSIONS": stored}))
        assert FORMAT_2.dimension_names_of(array) == (None, {"_ARRAY_DIMENSIONS": stored})

    def test_format_2_takes_complete_names_and_no_place_that_is_taken(self):
        assert FORMAT_2.named(("x", None), {})["attributes"] == {}
        assert FORMAT_2.named(("x",), {"_ARRAY_DIMENSIONS": 1})["attributes"] == {"_ARRAY_DIMENSIONS": 1}


def test_the_compressor_is_one_of_format_2():
    assert FORMAT_2.compressor_of(FORMAT_2.new_array(wanted(2, compressors=None))) is None
    with pytest.raises(TypeError, match="Use `compressors`"):
        FORMAT_3.compressor_of(FORMAT_3.new_array(wanted(3)))


ROOMS = ("_flow", "_calls", "_faces", "_engine", "_plan")
VALIDATION = {"format_of"}
"""Where an argument is checked, which is no decision about what to do."""


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_above_compares_with_the_number_of_a_format(room):
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted((Path(zarr.__file__).parent / room).glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in VALIDATION
        for node in ast.walk(function)
        if isinstance(node, ast.Compare) and "format" in ast.unparse(node.left)
        if any(isinstance(part, ast.Constant) and part.value in (2, 3) for part in ast.walk(node))
    ]
    assert found == []
