"""Group documents and consolidated metadata of both formats."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._metadata.array_v2 import ArrayV2Metadata
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.consolidated import Change, Nodes, changed_member, changed_zmetadata
from zarr._metadata.group import ConsolidatedMetadata, GroupMetadata
from zarr._metadata.parse import parse_group_v2, parse_v3
from zarr.errors import DataTypeValidationError, MetadataValidationError, NodeTypeValidationError

WHERE = "a/zarr.json"
GROUP: dict[str, Any] = {"zarr_format": 3, "node_type": "group"}
ARRAY: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "int8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
    "chunk_key_encoding": {"name": "default"},
    "fill_value": 0,
    "codecs": ["bytes"],
}
ARRAY_V2: dict[str, Any] = {
    "zarr_format": 2,
    "shape": [4],
    "chunks": [2],
    "dtype": "|i1",
    "compressor": None,
    "fill_value": 0,
    "order": "C",
    "filters": None,
}


def read(**members: Any) -> GroupMetadata:
    node = parse_v3(json.dumps({**GROUP, **members}).encode(), WHERE)
    assert isinstance(node, GroupMetadata)
    return node


def stored(group: GroupMetadata, name: str = "zarr.json") -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(group.to_buffer_dict()[name].to_bytes())
    return parsed


def inline(**documents: Any) -> dict[str, Any]:
    return {"kind": "inline", "must_understand": False, "metadata": documents}


def snapshot(group: GroupMetadata) -> ConsolidatedMetadata:
    assert group.consolidated_metadata is not None
    return group.consolidated_metadata


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_is_parsed() -> None:
    group = read(attributes={"a": 1}, ext={"must_understand": False})
    assert (group.attributes, group.zarr_format, group.node_type) == ({"a": 1}, 3, "group")
    assert group.extra_fields == {"ext": {"must_understand": False}}
    assert group.consolidated_metadata is None
    assert pickle.loads(pickle.dumps(group)) == group


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({"zarr_format": 3}, MetadataValidationError),
        ({"node_type": "group"}, MetadataValidationError),
        ({**GROUP, "zarr_format": 2}, MetadataValidationError),
        ({**GROUP, "node_type": "Group"}, NodeTypeValidationError),
        ({**GROUP, "x": 1}, MetadataValidationError),
        ({**GROUP, "attributes": 1}, MetadataValidationError),
        ({**GROUP, "shape": [1]}, MetadataValidationError),
    ],
)
def test_documents_that_break_the_format_are_refused(raw: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=WHERE):
        parse_v3(json.dumps(raw).encode(), WHERE)


def test_a_group_is_written_as_it_was_read() -> None:
    raw = {"ext": {"must_understand": False}, "node_type": "group", "zarr_format": 3}
    group = parse_v3(json.dumps(raw).encode(), WHERE)
    assert isinstance(group, GroupMetadata)
    assert json.dumps(stored(group)) == json.dumps(raw)
    assert stored(group.with_attributes({"a": 1})) == {**raw, "attributes": {"a": 1}}


def test_extra_fields_belong_to_one_reader() -> None:
    raw = json.dumps({**GROUP, "ext": {"must_understand": False, "n": 1}}).encode()
    parse_v3(raw, WHERE).extra_fields["ext"]["n"] = 2
    assert parse_v3(raw, WHERE).extra_fields["ext"]["n"] == 1


def test_a_new_group() -> None:
    assert stored(GroupMetadata()) == {"attributes": {}, "zarr_format": 3, "node_type": "group"}
    assert GroupMetadata.from_dict({"zarr_format": 3, "attributes": {"a": 1}}) == GroupMetadata({"a": 1})
    with pytest.raises(MetadataValidationError, match="zarr_format"):
        GroupMetadata(zarr_format=1)  # type: ignore[arg-type]
    with pytest.raises(MetadataValidationError, match="must_understand"):
        GroupMetadata(extra_fields={"x": 1})


def test_groups_of_format_2() -> None:
    group = GroupMetadata({"a": 1}, 2)
    buffers = group.to_buffer_dict()
    assert {key: json.loads(value.to_bytes()) for key, value in buffers.items()} == {
        ".zgroup": {"zarr_format": 2},
        ".zattrs": {"a": 1},
    }
    assert parse_group_v2(b'{"zarr_format": 2}', b'{"a": 1}', ".zgroup") == group
    assert parse_group_v2(b'{"zarr_format": 2}', None, ".zgroup") == GroupMetadata(zarr_format=2)
    assert GroupMetadata.from_dict(group.to_dict()) == group


@pytest.mark.parametrize("raw", [b"{}", b'{"zarr_format": 3}', b"[]", b'{"zarr_format": "2"}'])
def test_groups_of_format_2_that_break_it_are_refused(raw: bytes) -> None:
    with pytest.raises(MetadataValidationError, match=r"b/\.zgroup"):
        parse_group_v2(raw, None, "b/.zgroup")


# -- consolidated metadata, format 3 ----------------------------------------------------------------------------------


def test_nodes_of_every_depth_are_found() -> None:
    child = {**GROUP, "attributes": {"x": 1}, "consolidated_metadata": inline()}
    nodes = snapshot(read(consolidated_metadata=inline(g=child, **{"g/a": ARRAY, "b": ARRAY})))
    assert set(nodes.metadata) == {"g", "g/a", "b"}
    group, array = nodes.metadata["g"], nodes.metadata["g/a"]
    assert isinstance(group, GroupMetadata)
    assert isinstance(array, ArrayV3Metadata)
    assert group.attributes == {"x": 1}
    assert group.consolidated_metadata is None
    assert "consolidated_metadata" not in group.to_dict()
    assert nodes.metadata["g"] is group
    assert list(nodes.under("g").metadata) == ["a"]
    assert nodes.under("g").metadata["a"] == array
    assert nodes.under("") is nodes
    assert len(nodes.under("nothing").metadata) == 0
    assert nodes.find("absent") is None
    assert nodes.find("g/a") is array
    assert nodes.find("g") == group.with_consolidated(nodes.under("g"))
    assert [path for path, _ in nodes.flat()] == ["b", "g", "g/a"]
    assert [path for path, _ in nodes.flat(0)] == ["b", "g"]
    with pytest.raises(KeyError):
        nodes.metadata["absent"]


def test_nodes_come_depth_first_siblings_by_name() -> None:
    paths = ["b", "a/z/q", "a", "C", "a-b", "a/z", "a/b", "b/x"]
    nodes = snapshot(read(consolidated_metadata=inline(**dict.fromkeys(paths, GROUP))))
    assert nodes.paths() == ["C", "a", "a/b", "a/z", "a/z/q", "a-b", "b", "b/x"]
    assert nodes.paths(0) == ["C", "a", "a-b", "b"]
    assert nodes.paths(1) == ["C", "a", "a/b", "a/z", "a-b", "b", "b/x"]
    assert nodes.under("a").paths() == ["b", "z", "z/q"]
    assert (nodes.count(0), nodes.count(), nodes.under("a").count(0)) == (4, 8, 2)
    assert list(nodes.metadata) == nodes.paths()


class TestTrees:
    """What the handles of a group see, and change, together."""

    GROUP = GroupMetadata({"n": 1})

    def test_views_show_what_becomes_of_it(self) -> None:
        top = snapshot(read(consolidated_metadata=inline(**{"g/a": ARRAY, "h": GROUP})))
        below, tree = top.under("g"), Nodes.of(top.metadata).tree
        tree.put("g/new/er", self.GROUP)
        assert below.paths() == ["a", "new", "new/er"]
        assert below.metadata["new/er"] is self.GROUP
        tree.put("g/a", self.GROUP)
        assert top.metadata["g/a"] is self.GROUP
        tree.remove("g/new")
        assert below.paths() == ["a"]
        tree.remove("g")
        assert (below.paths(), top.paths(), "g" in top.metadata) == ([], ["h"], False)
        tree.remove("missing/node")
        tree.put("g", self.GROUP)
        assert top.paths() == ["g", "h"]
        tree.remove("")
        assert (top.paths(), len(top.metadata)) == ([], 0)

    def test_a_view_goes_through_pickle_with_what_is_below_it(self) -> None:
        top = snapshot(read(consolidated_metadata=inline(**{"g/a": ARRAY, "h": GROUP})))
        below = pickle.loads(pickle.dumps(top.under("g")))
        assert below == top.under("g")
        assert list(Nodes.of(below.metadata).tree.entries) == ["g/a"]


CHANGE = Change(gone=("a", "m/x"), nodes={"new": GroupMetadata({"k": 1}), "m/y": GroupMetadata()})


def test_a_stored_copy_is_changed_where_it_has_to_be() -> None:
    documents = {"/a": ARRAY, "a/b": ARRAY, "a2": ARRAY, "m": GROUP, "m/x": ARRAY, "m/y": ARRAY}
    document = {**GROUP, "own": 1, "consolidated_metadata": {**inline(**documents), "note": 2}}
    changed = changed_member(document, CHANGE)
    assert changed is not None
    copied = changed["consolidated_metadata"]
    assert (changed["own"], copied["note"]) == (1, 2)
    assert list(copied["metadata"]) == ["a2", "m", "new", "m/y"]
    assert copied["metadata"]["new"] == {**GROUP, "attributes": {"k": 1}, "consolidated_metadata": inline()}
    assert changed_member(changed, CHANGE) is None
    assert changed_member(GROUP, CHANGE) is None
    known = Change(nodes=CHANGE.nodes, known_only=True)
    assert "new" not in (changed_member(document, known) or {})["consolidated_metadata"]["metadata"]
    emptied = changed_member(document, Change(gone=("",)))
    assert emptied is not None
    assert emptied["consolidated_metadata"]["metadata"] == {}


def test_a_stored_zmetadata_is_changed_where_it_has_to_be() -> None:
    entries = {".zgroup": {"zarr_format": 2}, ".zattrs": {"top": 1}, "a/.zarray": ARRAY_V2, "a/.zattrs": {}}
    entries |= {"a/b/.zgroup": {"zarr_format": 2}, "m/.zgroup": {"zarr_format": 2}, "m/y/.zarray": ARRAY_V2}
    document = {"zarr_consolidated_format": 1, "metadata": entries}
    nodes = {"": GroupMetadata({"top": 2}, 2), "m/y": GroupMetadata({"k": 1}, 2)}
    changed = changed_zmetadata(document, Change(("a",), nodes))
    assert changed is not None
    assert changed["metadata"] == {
        ".zattrs": {"top": 2},
        ".zgroup": {"zarr_format": 2},
        "m/.zgroup": {"zarr_format": 2},
        "m/y/.zattrs": {"k": 1},
        "m/y/.zgroup": {"zarr_format": 2},
    }
    assert changed_zmetadata(changed, Change(("a",), nodes)) is None


def test_a_change_seen_from_below() -> None:
    assert CHANGE.seen_from("") is CHANGE
    assert CHANGE.seen_from("m") == Change({"x"}, {"y": CHANGE.nodes["m/y"]})
    assert not CHANGE.seen_from("other")
    own = CHANGE.seen_from("new")
    assert own
    assert not own.reaches_below
    assert CHANGE.seen_from("m").reaches_below


def test_what_others_get_wrong_is_mended() -> None:
    documents = {"/a/b/c": ARRAY, "d/": GROUP, "": GROUP}
    nodes = snapshot(read(consolidated_metadata=inline(**documents))).metadata
    assert set(nodes) == {"a", "a/b", "a/b/c", "d"}
    assert nodes["a/b"] == GroupMetadata()


def test_null_is_none() -> None:
    group = read(consolidated_metadata=None)
    assert group.consolidated_metadata is None
    assert "consolidated_metadata" not in stored(group)


@pytest.mark.parametrize(
    "member",
    [
        7,
        {},
        {"kind": "external", "must_understand": False, "metadata": {}},
        {"kind": "inline", "must_understand": False},
        {"kind": "inline", "must_understand": False, "metadata": []},
        inline(a=None),
        inline(**{"../a": GROUP}),
    ],
)
def test_broken_snapshots_are_refused(member: Any) -> None:
    with pytest.raises(MetadataValidationError, match=f"{WHERE}.*consolidated_metadata"):
        read(consolidated_metadata=member)


def test_a_broken_node_hides_no_other() -> None:
    documents = inline(good=ARRAY, bad={**ARRAY, "data_type": "int7"}, worse={"zarr_format": 3})
    group = read(consolidated_metadata=documents)
    nodes = snapshot(group).metadata
    assert isinstance(nodes["good"], ArrayV3Metadata)
    with pytest.raises(DataTypeValidationError, match=f"bad.*{WHERE}.*int7"):
        nodes["bad"]
    with pytest.raises(MetadataValidationError, match=r"worse.*node_type"):
        nodes["worse"]
    assert stored(group.with_attributes({"a": 1}))["consolidated_metadata"]["metadata"]["bad"]["data_type"] == "int7"


def test_a_snapshot_is_stored_parents_first() -> None:
    array = ArrayV3Metadata.from_dict(ARRAY)
    below = ConsolidatedMetadata({"x": array})
    nodes: dict[str, Any] = {
        "b/a": array,
        "C": array,
        "a/z/q": array,
        "b": GroupMetadata({"k": 1}, consolidated_metadata=below),
        "a/z": GroupMetadata(),
        "a": GroupMetadata(),
    }
    group = GroupMetadata({"top": 1}).with_consolidated(ConsolidatedMetadata(nodes))
    member = stored(group)["consolidated_metadata"]
    assert list(member) == ["kind", "must_understand", "metadata"]
    assert list(member["metadata"]) == ["a", "b", "C", "a/z", "b/a", "a/z/q"]
    assert member["metadata"]["b"] == {**GROUP, "attributes": {"k": 1}, "consolidated_metadata": inline()}
    assert member["metadata"]["C"] == ARRAY
    again = parse_v3(json.dumps(stored(group)).encode(), WHERE)
    assert isinstance(again, GroupMetadata)
    assert again == group
    assert stored(again) == stored(group)
    assert "consolidated_metadata" not in stored(again.with_consolidated(None))
    assert snapshot(again).under("b").metadata == {"a": array}


def test_an_unknown_kind_cannot_be_made() -> None:
    with pytest.raises(MetadataValidationError, match="kind"):
        ConsolidatedMetadata({}, kind="other")  # type: ignore[arg-type]


@given(
    st.dictionaries(st.lists(st.sampled_from("abC"), min_size=1, max_size=3).map("/".join), st.booleans(), max_size=6)
)
def test_snapshots_round_trip_with_every_parent(paths: dict[str, bool]) -> None:
    parents = {p.rpartition("/")[0] for p in paths}
    documents = {p: ARRAY if leaf and p not in parents else GROUP for p, leaf in paths.items()}
    nodes = snapshot(GroupMetadata.from_dict({**GROUP, "consolidated_metadata": inline(**documents)}))
    for path in nodes.metadata:
        parent = path.rpartition("/")[0]
        assert not parent or parent in nodes.metadata
    assert set(documents) <= set(nodes.metadata)
    again = GroupMetadata.from_dict({**GROUP, "consolidated_metadata": nodes.to_dict()})
    assert snapshot(again).to_dict() == nodes.to_dict()


# -- consolidated metadata, format 2 ----------------------------------------------------------------------------------


def read_v2(metadata: dict[str, Any], version: Any = 1) -> GroupMetadata:
    zmetadata = json.dumps({"zarr_consolidated_format": version, "metadata": metadata}).encode()
    return parse_group_v2(b'{"zarr_format": 2}', b'{"top": 1}', "r/.zgroup", zmetadata)


def test_zmetadata_is_read() -> None:
    group = read_v2(
        {
            ".zgroup": {"zarr_format": 2},
            ".zattrs": {"top": 1},
            "g/.zgroup": {"zarr_format": 2, "consolidated_metadata": {"kind": "inline", "metadata": {}}},
            "g/.zattrs": {"x": 1},
            "g/a/.zarray": ARRAY_V2,
            "h/i/.zarray": ARRAY_V2,
            "h/i/.zattrs": {"y": 2},
            "stray/.zattrs": {"z": 1},
            "g/other": {},
        }
    )
    nodes = snapshot(group).metadata
    assert set(nodes) == {"g", "g/a", "h", "h/i"}
    child, array = nodes["g"], nodes["h/i"]
    assert isinstance(child, GroupMetadata)
    assert isinstance(array, ArrayV2Metadata)
    assert (child.attributes, child.zarr_format) == ({"x": 1}, 2)
    assert array.attributes == {"y": 2}
    assert isinstance(snapshot(group).under("h").metadata["i"], ArrayV2Metadata)


def test_zmetadata_is_written_plain() -> None:
    nodes: dict[str, Any] = {
        "g/a": ArrayV2Metadata.from_dict({**ARRAY_V2, "attributes": {"y": 2}}),
        "g": GroupMetadata({"x": 1}, 2),
    }
    group = GroupMetadata({"top": 1}, 2, ConsolidatedMetadata(nodes))
    raw = group.to_buffer_dict()[".zmetadata"].to_bytes()
    assert b"\n" not in raw
    expected = {
        "zarr_consolidated_format": 1,
        "metadata": {
            ".zattrs": {"top": 1},
            ".zgroup": {"zarr_format": 2},
            "g/.zattrs": {"x": 1},
            "g/.zgroup": {"zarr_format": 2},
            "g/a/.zarray": ARRAY_V2,
            "g/a/.zattrs": {"y": 2},
        },
    }
    assert json.loads(raw) == expected
    again = parse_group_v2(b'{"zarr_format": 2}', b'{"top": 1}', ".zgroup", raw)
    assert json.loads(again.to_buffer_dict()[".zmetadata"].to_bytes()) == expected
    assert list(group.to_buffer_dict()) == [".zgroup", ".zattrs", ".zmetadata"]


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b'{"zarr_consolidated_format": 2, "metadata": {}}',
        b'{"zarr_consolidated_format": true, "metadata": {}}',
        b'{"zarr_consolidated_format": 1, "metadata": []}',
        b'{"zarr_consolidated_format": 1, "metadata": {"a/.zarray": 1}}',
    ],
)
def test_broken_zmetadata_is_refused(raw: bytes) -> None:
    with pytest.raises(MetadataValidationError, match=r"r/\.zmetadata"):
        parse_group_v2(b'{"zarr_format": 2}', None, "r/.zgroup", raw)


class TestReadAgain:
    """A document that was read before is not parsed again."""

    RAW = json.dumps(GROUP | {"attributes": {"a": {"b": [1]}}}).encode()

    def test_each_has_attributes_of_its_own(self) -> None:
        first = parse_v3(self.RAW, WHERE)
        first.attributes["a"]["b"].append(2)
        first.attributes["c"] = 3
        second = parse_v3(self.RAW, WHERE)
        assert second.attributes == {"a": {"b": [1]}}
        second.attributes.clear()
        assert parse_v3(self.RAW, "x/zarr.json").attributes == {"a": {"b": [1]}}

    def test_its_members_are_not_looked_at_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        once = parse_v3(self.RAW, WHERE)
        monkeypatch.setattr(GroupMetadata, "_read_v3", lambda *_: pytest.fail("parsed again"))
        assert parse_v3(self.RAW, WHERE) == once

    def test_one_with_a_snapshot_of_its_members_is(self) -> None:
        snapshot = {"kind": "inline", "must_understand": False, "metadata": {"x": ARRAY | {"attributes": {"a": 1}}}}
        raw = json.dumps(GROUP | {"consolidated_metadata": snapshot}).encode()
        first = parse_v3(raw, WHERE)
        assert isinstance(first, GroupMetadata)
        assert first.consolidated_metadata is not None
        first.consolidated_metadata.metadata["x"].attributes["a"] = 2
        second = parse_v3(raw, WHERE)
        assert isinstance(second, GroupMetadata)
        assert second.consolidated_metadata is not None
        assert second.consolidated_metadata.metadata["x"].attributes == {"a": 1}
