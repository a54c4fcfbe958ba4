"""Groups: members, creating and deleting below them, drawings."""

from __future__ import annotations

import asyncio
import copy
import pickle
import warnings

import numpy as np
import pytest

import zarr
from tests.samples import ALL_BELOW, contents, hierarchy
from tests.suites.calls import put, run
from zarr._flow.drive import run as drive
from zarr._flow.members import members
from zarr._flow.requests import Keys
from zarr._flow.watch import logged
from zarr.api import asynchronous
from zarr.errors import (
    ArrayNotFoundError,
    ContainsArrayAndGroupError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    MetadataValidationError,
    NodeNotFoundError,
    ZarrUserWarning,
)
from zarr.storage import StorePath

V2, V3 = 2, 3


@pytest.fixture
def root(store, zarr_format):
    return hierarchy(store, zarr_format)


# -- facts and identity ---------------------------------------------------------------------------------------------------


class TestFacts:
    def test_names_and_places(self, root, store, zarr_format):
        assert (root.path, root.name, root.basename) == ("", "/", "")
        deep = root["g/h"]
        assert (deep.path, deep.name, deep.basename) == ("g/h", "/g/h", "h")
        assert deep.store is store
        assert deep.store_path == StorePath(store, "g/h")
        assert deep.metadata.zarr_format == zarr_format
        assert not deep.read_only
        assert zarr.open_group(store, mode="r").read_only
        assert zarr.open_group(store, mode="r")["g"].read_only
        assert dict(root.attrs) == {"top": 1}

    def test_repr(self, root, store):
        assert repr(root) == f"<Group {store}>"
        assert repr(root["g"]) == f"<Group {store}/g>"

    def test_equality(self, root, store):
        assert root == zarr.open_group(store)
        assert root["g"] == zarr.open_group(store, path="g")
        assert root["g"] != root["empty"]
        assert root["g"] != root["a"]
        assert root != 5
        other = zarr.open_group(store)
        root.attrs["new"] = 1
        assert root != other
        with pytest.raises(TypeError, match="unhashable"):
            hash(root)

    def test_pickle_and_copies(self, root):
        group = root["g"]
        for twin in (pickle.loads(pickle.dumps(group)), copy.copy(group), copy.deepcopy(group)):
            assert type(twin) is zarr.Group
            assert twin == group
            assert sorted(twin) == ["b", "h"]
            assert twin["b"][1, 2] == 5

    def test_a_pickled_read_only_group_stays_read_only(self, root, store):
        assert pickle.loads(pickle.dumps(zarr.open_group(store, mode="r"))).read_only

    def test_a_class_can_be_assigned_and_subclassed(self, root):
        class Other(zarr.Group):
            extra = 5

        root.__class__ = Other
        assert root.extra == 5
        assert sorted(root) == ["a", "empty", "g"]
        assert type(copy.copy(root)) is Other

    def test_both_faces_share_one_state(self, root):
        face = root._async_group
        root.attrs["x"] = 1
        assert face.attrs == {"top": 1, "x": 1}
        run(face.update_attributes({"y": 2}))
        assert dict(root.attrs) == {"top": 1, "x": 1, "y": 2}
        assert zarr.Group(face) == root

    def test_the_asynchronous_face(self, root):
        face = root._async_group

        async def work():
            assert [name async for name, _ in face.members()] == ["a", "empty", "g"]
            found = {name: type(node) async for name, node in face.members(max_depth=None)}
            assert list(found) == ALL_BELOW
            assert found["g/h/c"] is zarr.AsyncArray
            assert found["g/h"] is zarr.AsyncGroup
            assert await face.contains("g/b")
            assert not await face.contains("g/x")
            member = await face.getitem("g/b")
            return (await member.getitem((1, 2))).item()

        assert run(work()) == 5


# -- members --------------------------------------------------------------------------------------------------------------


class TestMembers:
    def test_by_path(self, root):
        assert isinstance(root["g"], zarr.Group)
        assert isinstance(root["g/b"], zarr.Array)
        for spelling in ("g/h/c", "/g/h/c", "g//h/c/", "g\\h\\c"):
            assert root[spelling].path == "g/h/c"
        assert root["g"]["h"]["c"] == root["g/h/c"]
        assert root["g"]["b"].path == "g/b"

    @pytest.mark.parametrize("path", ["x", "g/x", "a/b", "a/zarr.json", "empty/x", "zarr.json", "A"])
    def test_what_is_not_there(self, root, path):
        with pytest.raises(KeyError):
            root[path]
        with pytest.raises(KeyError):
            del root[path]
        assert path not in root
        assert root.get(path) is None
        assert root.get(path, 5) == 5

    def test_the_empty_path_is_the_group_itself(self, root):
        for path in ("", "/"):
            assert root[path] == root
            assert root["g"][path] == root["g"]
            with pytest.raises(KeyError, match="itself"):
                del root[path]
            with pytest.raises(KeyError, match="itself"):
                run(root._async_group.delitem(path))
            assert "a" in root

    def test_paths_out_of_the_group_are_refused(self, root):
        for path in ("..", "../a", "g/../a", "."):
            for call in (
                lambda path=path: root["g"][path],
                lambda path=path: root["g"].create_group(path),
                lambda path=path: root["g"].create_array(path, shape=1, dtype="i1"),
                lambda path=path: root["g"].__delitem__(path),
            ):
                with pytest.raises(ValueError, match=r"segment '.' or '..'"):
                    call()

    def test_other_kinds_of_names(self, root):
        for name in (0, None, b"a", ("a",)):
            with pytest.raises(TypeError, match="named by a string"):
                root[name]
            assert name not in root

    def test_iteration_len_and_truth(self, root):
        assert list(root) == ["a", "empty", "g"]
        assert list(root.keys()) == ["a", "empty", "g"]
        assert len(root) == 3
        assert len(root["empty"]) == 0
        assert list(root["empty"]) == []
        assert "a" in root
        assert "g/h/c" in root

    def test_arrays_and_groups_apart(self, root):
        assert list(root.array_keys()) == ["a"]
        assert list(root.group_keys()) == ["empty", "g"]
        assert [(name, type(node)) for name, node in root.arrays()] == [("a", zarr.Array)]
        assert [name for name, _ in root.groups()] == ["empty", "g"]
        assert [array.path for array in root.array_values()] == ["a"]
        assert [group.path for group in root["g"].group_values()] == ["g/h"]

    def test_members_at_every_depth(self, root):
        assert [path for path, _ in root.members()] == ["a", "empty", "g"]
        assert [path for path, _ in root.members(max_depth=1)] == ["a", "empty", "g", "g/b", "g/h"]
        assert [path for path, _ in root.members(max_depth=None)] == ALL_BELOW
        assert root.nmembers() == 3
        assert root.nmembers(max_depth=1) == 5
        assert root.nmembers(max_depth=None) == 6
        for path, node in root.members(max_depth=None):
            assert node.path == path
            assert node == root[path]
        assert [path for path, _ in root["g"].members(max_depth=None)] == ["b", "h", "h/c"]
        assert [node.path for _, node in root["g"].members(max_depth=None)] == ["g/b", "g/h", "g/h/c"]

    @pytest.mark.parametrize("other", [V2, V3])
    def test_members_of_another_format_are_members(self, any_store, other):
        group = zarr.create_group(any_store, zarr_format=V2 + V3 - other)
        zarr.create_array(any_store, name="two", shape=1, dtype="i1", zarr_format=other)
        zarr.create_group(any_store, path="x", zarr_format=other).create_array("deep", shape=1, dtype="i1")
        assert sorted(group) == ["two", "x"]
        for path, node in group.members(max_depth=None):
            assert path in group
            assert group[path] == group.get(path) == node
            assert node.metadata.zarr_format == other
        assert group.require_group("x") == group["x"]
        with pytest.raises(FileExistsError):
            group.create_group("x")
        for name in list(group):
            del group[name]
        assert list(group) == []
        assert "x" not in group

    def test_where_documents_of_both_formats_are_a_group_sees_those_of_its_own(self, store, zarr_format):
        group = zarr.create_group(store, zarr_format=zarr_format)
        group.create_array("a", shape=1, dtype="i1")
        other = zarr.create_array({}, shape=2, dtype="i1", zarr_format=V2 + V3 - zarr_format)
        name = "zarr.json" if zarr_format == V2 else ".zarray"
        put(store, f"a/{name}", other.store._store_dict[name].to_bytes())
        assert group["a"].shape == dict(group.members())["a"].shape == (1,)

    def test_what_has_lost_its_document_is_told_of(self, store, zarr_format):
        group = zarr.create_group(store, zarr_format=zarr_format)
        group.create_array("a", data=[1, 2])
        asyncio.run(store.delete("a/zarr.json" if zarr_format == V3 else "a/.zarray"))
        with pytest.raises(KeyError, match=r"something is stored at 'a', but no metadata document") as caught:
            group["a"]
        assert "near it" not in str(caught.value)

    def test_names_of_all_kinds(self, store, zarr_format):
        group = zarr.create_group(store, zarr_format=zarr_format)
        names = ["0", "c", "ü😀", "with space", "a.b", ".hidden", "x-1", "__zarr"]
        for name in names:
            group.create_array(name, data=[1, 2])
        assert sorted(group) == sorted(names)
        for name in names:
            assert group[name][:].tolist() == [1, 2]
            del group[name]
        assert list(group) == []


class TestStrangers:
    def test_directories_without_a_document_are_told_and_left_out(self, root, store):
        put(store, "strange/file")
        with pytest.warns(ZarrUserWarning, match="'strange' .*not recognized as a component of a Zarr hierarchy"):
            assert list(root) == ["a", "empty", "g"]
        assert "strange" not in root
        with pytest.raises(GroupNotFoundError):
            zarr.open_group(store, path="strange", mode="r")

    @pytest.mark.parametrize("call", [list, sorted, set, dict.fromkeys, lambda g: list(g.keys()), lambda g: g.tree()])
    def test_they_are_told_once_for_a_call(self, root, store, call):
        """`list` asks for the length as well."""
        put(store, "strange/file")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(root)
        assert len(caught) == 1

    def test_a_node_that_is_being_made_is_no_stranger(self, root, store):
        """Attributes are stored before the document that makes the node, in format 2."""
        put(store, "late/.zattrs", b"{}")
        assert list(root) == ["a", "empty", "g"]

    def test_a_node_that_is_made_while_members_are_looked_at(self, root, store, zarr_format):
        made = []

        def look(request):
            if isinstance(request, Keys) and not made:
                made.append(zarr.create_group(store, path="late", zarr_format=zarr_format))

        put(store, "late/file")
        found = drive(logged(members(root.store_path), look))
        assert made
        assert [name for name, _ in found] == ["a", "empty", "g", "late"]

    def test_what_is_just_being_made_is_nothing_strange(self, root, store, zarr_format):
        """A listing comes between the attributes of a node and the document that makes it one."""
        put(store, "new/.zattrs")

        def show(request):
            if isinstance(request, Keys):
                zarr.create_group(store, path="new", zarr_format=zarr_format)

        found = drive(logged(members(root._node.store_path), show))
        assert "new" in dict(found)

    def test_files_of_others_beside_the_documents_are_told_by_no_name(self, root, store):
        put(store, "README.md")
        assert list(root) == ["a", "empty", "g"]

    def test_a_directory_becomes_a_group_by_its_document_alone(self, root, store, zarr_format):
        put(store, "late/file")
        zarr.create_group(store, path="late", zarr_format=zarr_format)
        assert "late" in root
        assert store.get_sync("late/file") is not None

    def test_a_node_below_a_directory_without_a_document_can_be_opened_by_path(self, store, zarr_format):
        zarr.create_array(store, name="x/a", data=[1, 2], zarr_format=zarr_format)
        root = zarr.open_group(store)
        for name in ("x/zarr.json", "x/.zgroup", "x/.zattrs"):
            store.delete_sync(name)
        assert root["x/a"][:].tolist() == [1, 2]
        assert "x" not in root

    def test_both_documents_of_format_2_at_one_place_are_an_error(self, store):
        zarr.create_array(store, name="x", data=[1], zarr_format=V2)
        put(store, "x/.zgroup", b'{"zarr_format": 2}')
        with pytest.raises(ContainsArrayAndGroupError, match=r"Both .zarray and .zgroup exist in store .* at path 'x'"):
            zarr.open(store, path="x", mode="r")

    def test_a_damaged_document_is_named(self, root, store, zarr_format):
        key = "g/zarr.json" if zarr_format == V3 else "g/.zgroup"
        put(store, key, b"{")
        with pytest.raises(MetadataValidationError, match=key):
            root["g"]
        put(store, key, b"[]")
        with pytest.raises(MetadataValidationError, match=key):
            zarr.open_group(store, path="g")


# -- creating and deleting --------------------------------------------------------------------------------------------------


class TestCreate:
    def test_groups_on_the_way_are_made(self, store, zarr_format):
        group = zarr.create_group(store, path="x/y/z", zarr_format=zarr_format, attributes={"n": [1, None]})
        assert dict(group.attrs) == {"n": [1, None]}
        for path in ("", "x", "x/y"):
            above = zarr.open_group(store, path=path, mode="r")
            assert above.metadata.zarr_format == zarr_format
            assert dict(above.attrs) == {}

    def test_existing_groups_on_the_way_stay(self, root, store):
        root["g"].attrs["kept"] = 1
        root.create_group("g/new/er")
        assert dict(zarr.open_group(store, path="g").attrs) == {"kept": 1}
        assert sorted(root["g"]) == ["b", "h", "new"]

    def test_members_have_the_format_of_their_group(self, root, zarr_format):
        assert root.create_group("x/y").metadata.zarr_format == zarr_format
        assert root.create_array("x/z", shape=1, dtype="i1").metadata.zarr_format == zarr_format
        assert root.require_group("x/w").metadata.zarr_format == zarr_format

    def test_the_format_of_the_configuration(self, store):
        with zarr.config.set({"default_zarr_format": 2}):
            assert zarr.create_group(store).metadata.zarr_format == V2
            assert zarr.create_group({}, path="x").metadata.zarr_format == V2
        assert zarr.create_group({}, path="x").metadata.zarr_format == V3

    def test_what_is_there_is_an_error_and_stays(self, root, store):
        before = contents(store)
        with pytest.raises(ContainsArrayError, match="at path 'a'"):
            root.create_group("a")
        with pytest.raises(ContainsGroupError, match="at path 'g'"):
            root.create_group("g")
        with pytest.raises(ContainsGroupError, match="at path 'g'"):
            root.create_array("g", shape=1, dtype="i1")
        with pytest.raises(ContainsArrayError, match="nothing can be created below it"):
            root.create_array("a/b", shape=1, dtype="i1")
        with pytest.raises(ContainsGroupError, match="at path ''"):
            zarr.create_group(store)
        assert contents(store) == before

    def test_overwriting(self, root):
        group = root.create_group("g", overwrite=True, attributes={"new": 1})
        assert list(group) == []
        assert root.create_array("g", data=[1], overwrite=True)[:].tolist() == [1]
        assert isinstance(root.create_group("a", overwrite=True), zarr.Group)
        assert root["a"].attrs.asdict() == {}

    def test_a_group_can_be_overwritten_as_a_whole(self, root, store, zarr_format):
        zarr.create_group(store, overwrite=True, zarr_format=zarr_format)
        assert set(contents(store)) == ({"zarr.json"} if zarr_format == V3 else {".zgroup", ".zattrs"})

    def test_a_name_is_needed(self, root):
        for name in ("", "/", "//"):
            with pytest.raises(ValueError, match="does not name a member"):
                root.create_group(name)
            with pytest.raises(ValueError, match="does not name a member"):
                root.create_array(name, shape=1, dtype="i1")

    def test_require_group(self, root, store):
        before = contents(store)
        assert root.require_group("g") == root["g"]
        assert contents(store) == before
        made = root.require_group("x/y")
        assert made.path == "x/y"
        assert root.require_group("x/y") == made
        with pytest.raises(TypeError, match=r"\(Array\) already exists at path 'a'"):
            root.require_group("a")

    @pytest.mark.parametrize("name", ["/", ""])
    def test_a_group_requires_itself(self, root, store, name):
        before = contents(store)
        assert root.require_group(name) == root
        assert root["g"].require_group(name).path == "g"
        assert root.require_groups("g", name) == (root["g"], root)
        assert contents(store) == before
        with pytest.raises(ValueError, match="does not name a member"):
            root.require_group(name, overwrite=True)

    def test_zarr_group_opens_or_creates(self, root, store, zarr_format):
        assert zarr.group(store) == root
        made = zarr.group(store, path="x", zarr_format=zarr_format, attributes={"n": 1})
        assert made.attrs.asdict() == {"n": 1}
        assert zarr.group(store, path="x").attrs.asdict() == {"n": 1}
        assert list(zarr.group(store, overwrite=True, zarr_format=zarr_format)) == []
        assert list(zarr.group()) == []

    def test_a_read_only_group_refuses_every_change(self, root, store):
        before = contents(store)
        group = zarr.open_group(store, mode="r")
        for change in (
            lambda: group.create_group("x"),
            lambda: group.create_array("x", shape=1, dtype="i1"),
            lambda: group.require_group("x"),
            lambda: group.__delitem__("a"),
            lambda: group.attrs.update(a=1),
            lambda: group.attrs.__delitem__("top"),
            lambda: group.update_attributes({"a": 1}),
            lambda: group["a"].__setitem__(..., 1),
            lambda: zarr.consolidate_metadata(store.with_read_only(True)),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()
        assert contents(store) == before


class TestDelete:
    def test_a_member_goes_with_all_below(self, root, store):
        del root["g"]
        assert list(root) == ["a", "empty"]
        assert not any(key.startswith("g/") for key in contents(store))
        del root["a"]
        del root["empty"]
        assert list(root) == []
        assert dict(zarr.open_group(store).attrs) == {"top": 1}

    def test_a_deep_member(self, root):
        del root["g/h/c"]
        assert list(root["g/h"]) == []
        assert "g/b" in root

    def test_names_that_begin_alike_stay(self, root):
        root.create_array("a2", data=[1])
        root.create_array("a.b", data=[1])
        del root["a"]
        assert list(root) == ["a.b", "a2", "empty", "g"]

    def test_files_of_others_stay(self, root, store):
        put(store, "g/notes.txt")
        put(store, "g/h/c/notes.txt")
        del root["g"]
        assert {key for key in contents(store) if key.startswith("g/")} == {"g/notes.txt", "g/h/c/notes.txt"}

    def test_an_array_cannot_be_used_after_its_deletion_to_change_attributes(self, root):
        array = root["a"]
        del root["a"]
        if array.metadata.zarr_format == V3:
            with pytest.raises(NodeNotFoundError):
                array.attrs["x"] = 1
        assert array[...].tolist() == [[0, 0, 0], [0, 0, 0]]
        assert "a" not in root


# -- drawings ---------------------------------------------------------------------------------------------------------------


class TestTree:
    def test_the_whole_hierarchy(self, root):
        assert str(root.tree(plain=True)).splitlines() == [
            "/",
            "├── a (2, 3) int32",
            "├── empty",
            "└── g",
            "    ├── b (2, 3) int32",
            "    └── h",
            "        └── c (2, 3) int32",
        ]
        assert repr(root.tree(plain=True)) == str(root.tree(plain=True))

    def test_some_levels(self, root):
        assert str(root.tree(level=0, plain=True)).splitlines() == ["/", "├── a (2, 3) int32", "├── empty", "└── g"]
        assert str(root.tree(level=1, plain=True)).splitlines()[-2:] == ["    ├── b (2, 3) int32", "    └── h"]
        assert str(root["g"].tree(plain=True)).splitlines()[0] == "/g"

    def test_too_many_nodes(self, root):
        lines = str(root.tree(max_nodes=2, plain=True)).splitlines()
        assert "max_nodes=2" in lines[0]
        assert lines[1:] == ["/", "├── a (2, 3) int32", "└── empty"]
        lines = str(root.tree(max_nodes=4, plain=True)).splitlines()
        assert lines[-2:] == ["└── g", "    └── b (2, 3) int32"]

    def test_depths_below_zero(self, root):
        for call in (lambda: root.tree(level=-1), lambda: list(root.members(max_depth=-1)), lambda: root.nmembers(-1)):
            with pytest.raises(ValueError, match=r"level|max_depth"):
                call()

    def test_an_empty_group(self, root):
        assert str(root["empty"].tree(plain=True)) == "/empty"


# -- what is there in another format --------------------------------------------------------------------------------------


class TestOtherFormat:
    """A node that is there, but not in the format that was asked for: the error says in which it is."""

    @pytest.fixture
    def filled(self, store, zarr_format):
        root = zarr.create_group(store, zarr_format=zarr_format)
        root.create_array("a", data=[1, 2])
        root.create_group("g")
        return store

    CALLS = (
        (lambda s, n: zarr.open_group(s, path="g", zarr_format=n), "group", ContainsGroupError),
        (lambda s, n: zarr.open_group(s, path="g", mode="r", zarr_format=n), "group", GroupNotFoundError),
        (lambda s, n: zarr.open_consolidated(s, path="g", zarr_format=n), "group", GroupNotFoundError),
        (lambda s, n: zarr.consolidate_metadata(s, path="g", zarr_format=n), "group", GroupNotFoundError),
        (lambda s, n: zarr.group(s, path="g", zarr_format=n), "group", ContainsGroupError),
        (lambda s, n: zarr.open(s, path="g", zarr_format=n), "group", ContainsGroupError),
        (lambda s, n: zarr.open(s, path="a", mode="r+", zarr_format=n), "array", GroupNotFoundError),
        (lambda s, n: zarr.load(s, path="a", zarr_format=n), "array", GroupNotFoundError),
        (lambda s, n: zarr.open_array(s, path="a", mode="r", zarr_format=n), "array", ArrayNotFoundError),
        (lambda s, n: zarr.open_array(s, path="a", zarr_format=n), "array", ArrayNotFoundError),
        (lambda s, n: zarr.open_array(s, path="a", zarr_format=n, shape=2), "array", ContainsArrayError),
        (lambda s, n: zarr.open_array(s, path="g", mode="r", zarr_format=n), "group", ArrayNotFoundError),
        (lambda s, n: zarr.open_group(s, path="a", mode="r", zarr_format=n), "array", GroupNotFoundError),
        (lambda s, n: asyncio.run(asynchronous.open_group(s, path="g", zarr_format=n)), "group", ContainsGroupError),
    )

    @pytest.mark.parametrize(("call", "kind", "error"), CALLS)
    def test_it_is_named(self, filled, zarr_format, call, kind, error):
        other = 5 - zarr_format
        text = (
            rf"exists|found.*: the {kind} there is of format {zarr_format}, and zarr_format={other} was asked for\. "
            rf"Open it with zarr\.open_{kind} and without `zarr_format`\.$"
        )
        before = contents(filled)
        with pytest.raises(error, match=text) as caught:
            call(filled, other)
        assert type(caught.value) is error
        assert f"is of format {zarr_format}" in str(caught.value)
        assert contents(filled) == before

    def test_without_a_node_the_error_is_as_ever(self, filled, zarr_format):
        with pytest.raises(ArrayNotFoundError, match=r"Check both, or create it with zarr\.create_array\.$"):
            zarr.open_array(filled, path="nothing", mode="r", zarr_format=5 - zarr_format)


def test_a_depth_is_named_as_in_the_call(root):
    for call in (lambda n: root.tree(level=n), lambda n: zarr.tree(root, level=n)):
        with pytest.raises(ValueError, match=r"^level must be None or at least 0, got -1$"):
            call(-1)
        with pytest.raises(TypeError, match=r"^level must be an integer or None, got 'all'$"):
            call("all")
    with pytest.raises(ValueError, match=r"^max_depth must be"):
        root.members(max_depth=-1)
    assert str(root.tree(level=np.int64(0), plain=True)) == str(root.tree(level=0, plain=True))
    for number in (-1, None, True, 2.5):
        with pytest.raises(ValueError, match="max_nodes must be a whole number"):
            root.tree(max_nodes=number)


@pytest.mark.parametrize(
    "name", ["keys", "values", "items", "arrays", "array_keys", "array_values", "groups", "group_keys", "group_values"]
)
def test_what_a_prompt_shows_of_members_says_what_they_are(root, name):
    members = getattr(root, name)()
    assert repr(members).startswith(f"<generator object Group.{name} at 0x")
    assert next(members) is not None


@pytest.mark.parametrize("name", ["/", ""])
def test_the_group_itself_is_opened_anew(name, zarr_format):
    """What others have stored since shows, as it does in a member."""
    group = zarr.create_group({}, zarr_format=zarr_format)
    zarr.open_group(group.store).attrs["new"] = 1
    assert dict(group[name].attrs) == {"new": 1}
    asyncio.run(group.store.clear())
    with pytest.raises(KeyError):
        group[name]
