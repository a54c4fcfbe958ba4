"""Consolidated metadata of groups: a snapshot for readers, which nobody believes who writes."""

from __future__ import annotations

import json
import pickle

import pytest

import zarr
from tests.samples import ALL_BELOW, contents, hierarchy
from tests.suites.calls import put, run
from zarr.api import asynchronous
from zarr.errors import (
    ContainsArrayError,
    GroupNotFoundError,
    ZarrUserWarning,
)

V2, V3 = 2, 3
CONSOLIDATED_V3 = "ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning"


@pytest.fixture
def root(store, zarr_format):
    return hierarchy(store, zarr_format)


@pytest.mark.filterwarnings(CONSOLIDATED_V3)
class TestConsolidated:
    @pytest.fixture
    def snapshot(self, root, store):
        return zarr.consolidate_metadata(store)

    def test_the_tree_is_that_of_the_store(self, snapshot, store):
        root = zarr.open_group(store, use_consolidated=False)
        root.create_group("empty/x")
        zarr.consolidate_metadata(store)
        assert str(zarr.open_consolidated(store).tree(plain=True)) == str(root.tree(plain=True))

    def test_format_3_warns(self, store):
        zarr.create_group(store)
        with pytest.warns(ZarrUserWarning, match="not part in the Zarr format 3 specification"):
            zarr.consolidate_metadata(store)

    def test_what_is_returned_and_what_is_opened_know_every_member(self, snapshot, store):
        for group in (
            snapshot,
            zarr.open_consolidated(store),
            zarr.open_group(store, mode="r"),
            zarr.open(store, mode="r"),
        ):
            assert group.metadata.consolidated_metadata is not None
            assert [path for path, _ in group.members(max_depth=None)] == ALL_BELOW
            assert group["g/h/c"][1, 2] == 5
            assert group["g"]["b"][0, 1] == 1
            assert dict(group.attrs) == {"top": 1}
            assert "x" not in group

    def test_members_are_found_without_asking_the_store(self, snapshot, store, zarr_format):
        group = zarr.open_consolidated(store)
        for key in contents(store):
            if "/" in key and key.rpartition("/")[2] in ("zarr.json", ".zarray", ".zgroup", ".zattrs"):
                store.delete_sync(key)
        assert list(group) == ["a", "empty", "g"]
        assert group["g/h/c"].shape == (2, 3)
        assert list(group["g"]) == ["b", "h"]
        assert list(group["g"].array_keys()) == ["b"]

    def test_it_must_be_there_if_it_is_asked_for(self, root, store):
        with pytest.raises(
            ValueError, match="Consolidated metadata requested with 'use_consolidated=True' but not found"
        ):
            zarr.open_consolidated(store)
        assert zarr.open_group(store).metadata.consolidated_metadata is None

    def test_it_can_be_ignored(self, snapshot, store):
        snapshot.store.delete_sync("a/zarr.json")
        snapshot.store.delete_sync("a/.zarray")
        for group in (
            zarr.open_group(store, use_consolidated=False),
            zarr.open(store, use_consolidated=False),
        ):
            assert group.metadata.consolidated_metadata is None
            assert "a" not in group
            group.attrs["seen"] = 1
            assert "a" not in group
        assert "a" in zarr.open_group(store)
        assert zarr.open_group(store).attrs["seen"] == 1

    def test_below_a_group_only(self, root, store, zarr_format):
        zarr.consolidate_metadata(store, path="g")
        assert zarr.open_group(store).metadata.consolidated_metadata is None
        group = zarr.open_consolidated(store, path="g")
        assert [path for path, _ in group.members(max_depth=None)] == ["b", "h", "h/c"]
        assert group["h/c"].path == "g/h/c"

    def test_a_snapshot_of_members_does_not_touch_the_members(self, root, store):
        before = contents(store)
        zarr.consolidate_metadata(store)
        after = contents(store)
        assert {key: value for key, value in after.items() if "/" in key} == {
            key: value for key, value in before.items() if "/" in key
        }

    def test_it_stays_as_it_was_until_it_is_made_again(self, snapshot, store):
        direct = zarr.open_group(store, use_consolidated=False)
        direct.create_array("new", data=[1])
        direct["a"].attrs["later"] = 1
        direct["a"].resize((9, 9))
        stale = zarr.open_consolidated(store)
        assert "new" not in stale
        assert stale["a"].shape == (2, 3)
        assert dict(stale["a"].attrs) == {}
        zarr.consolidate_metadata(store)
        fresh = zarr.open_consolidated(store)
        assert fresh["new"][:].tolist() == [1]
        assert fresh["a"].shape == (9, 9)
        assert dict(fresh["a"].attrs) == {"later": 1}

    def test_writers_never_believe_a_stale_shape_or_stale_attributes(self, snapshot, store, engine):
        direct = zarr.open_group(store, use_consolidated=False)["a"]
        direct.resize((4, 3))
        direct[...] = 7
        direct.attrs["kept"] = 1
        stale = zarr.open_consolidated(store, mode="r+")["a"]
        assert stale.shape == (2, 3)
        assert stale.append([[8, 8, 8]]) == (5, 3)
        stale.attrs["mine"] = 2
        assert dict(stale.attrs) == {"kept": 1, "mine": 2}
        now = zarr.open_array(store, path="a")
        assert now[:, 0].tolist() == [7, 7, 7, 7, 8]
        assert dict(now.attrs) == {"kept": 1, "mine": 2}
        another = zarr.open_consolidated(store, mode="r+")["a"]
        another.resize((6, 3))
        assert zarr.open_array(store, path="a")[:, 0].tolist() == [7, 7, 7, 7, 8, 0]

    def test_the_handle_that_writes_sees_its_own_changes(self, snapshot, store):
        for make in (
            lambda group: group.create_array("new", data=[1]),
            lambda group: group.create_group("new"),
            lambda group: group.require_group("new"),
        ):
            group = zarr.open_consolidated(store, mode="r+")
            make(group)
            assert "new" in group
            assert list(group) == ["a", "empty", "g", "new"]
            group.attrs["more"] = 1
            assert "new" in group
            del group["new"]
            assert "new" not in group

    def test_a_deleted_member_is_gone_for_the_handle_that_deleted_it(self, snapshot, store):
        group = zarr.open_consolidated(store, mode="r+")
        del group["g"]
        assert "g" not in group
        assert list(group) == ["a", "empty"]
        assert [path for path, _ in group.members(max_depth=None)] == ["a", "empty"]

    def test_attributes_written_beside_it_leave_it_in_the_store(self, snapshot, store, zarr_format):
        snapshot.attrs["new"] = 1
        group = zarr.open_consolidated(store)
        assert group.attrs["new"] == 1
        assert [path for path, _ in group.members(max_depth=None)] == ALL_BELOW
        zarr.open_group(store, use_consolidated=False).attrs["newer"] = 2
        assert [path for path, _ in zarr.open_consolidated(store).members(max_depth=None)] == ALL_BELOW

    def test_where_it_is_stored(self, snapshot, store, zarr_format):
        if zarr_format == V3:
            member = json.loads(store.get_sync("zarr.json").to_bytes())["consolidated_metadata"]
            assert member["kind"] == "inline"
            assert member["must_understand"] is False
            assert sorted(member["metadata"]) == ALL_BELOW
        else:
            stored = json.loads(store.get_sync(".zmetadata").to_bytes())
            assert stored["zarr_consolidated_format"] == 1
            assert stored["metadata"][".zattrs"] == {"top": 1}
            assert stored["metadata"]["g/.zgroup"] == {"zarr_format": 2}
            assert stored["metadata"]["g/h/c/.zarray"]["shape"] == [2, 3]

    def test_another_name_in_format_2(self, store):
        zarr.create_group(store, zarr_format=V2).create_array("a", data=[1])
        zarr.consolidate_metadata(store)
        put(store, "other.name", store.get_sync(".zmetadata").to_bytes())
        store.delete_sync(".zmetadata")
        assert "a" in zarr.open_group(store, use_consolidated="other.name")
        with pytest.raises(ValueError, match="not found"):
            zarr.open_consolidated(store)

    def test_it_is_kept_by_pickling(self, snapshot):
        back = pickle.loads(pickle.dumps(snapshot))
        assert back == snapshot
        assert [path for path, _ in back.members(max_depth=None)] == ALL_BELOW

    def test_only_groups_are_consolidated(self, root, store, zarr_format):
        with pytest.raises(
            GroupNotFoundError if zarr_format == 2 else ContainsArrayError, match="An array exists in store"
        ):
            zarr.consolidate_metadata(store, path="a")
        with pytest.raises(GroupNotFoundError, match="at path 'x'"):
            zarr.consolidate_metadata(store, path="x")

    def test_the_members_can_be_read_past_it(self, snapshot, store):
        zarr.open_group(store, use_consolidated=False).create_group("new")
        group = zarr.open_consolidated(store)
        assert "new" not in [path for path, _ in group.members()]
        assert "new" in [path for path, _ in group.members(use_consolidated_for_children=False)]

    def test_the_asynchronous_form(self, root, store):
        async def work():
            made = await asynchronous.consolidate_metadata(store)
            opened = await asynchronous.open_group(store, use_consolidated=True)
            assert opened.metadata == made.metadata
            return [name async for name, _ in opened.members(max_depth=None)]

        assert run(work()) == ALL_BELOW


@pytest.mark.filterwarnings(CONSOLIDATED_V3)
@pytest.mark.parametrize("is_consolidated", [False, True])
def test_a_document_of_consolidated_metadata_is_named_in_format_2_only(root, store, zarr_format, is_consolidated):
    if is_consolidated:
        zarr.consolidate_metadata(store)
    for use in (zarr.open_group, zarr.open, zarr.open_consolidated):
        with pytest.raises(ValueError, match="use_consolidated='no'") as caught:
            use(store, use_consolidated="no")
        assert isinstance(caught.value, TypeError) is (zarr_format == V3)
