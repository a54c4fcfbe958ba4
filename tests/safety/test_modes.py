"""What each access mode, and each function that creates or saves, may do to a directory: a matrix of calls and targets.

Before and after, every file below the directory is noted with its bytes, inode and time stamps. `r` and `r+` leave all of it as
it was; `a` and whatever only creates remove and change nothing; `w` and `overwrite=True` remove the node that they replace and
nothing else, and so does saving with arrays, while it leaves groups. Files that are not Zarr's survive everything, also inside of what is replaced.
"""

from typing import NamedTuple

import numpy as np
import pytest

import zarr
from zarr.errors import ContainsGroupError

pytestmark = pytest.mark.usefixtures("engine")

NEW = np.arange(6, dtype="int16").reshape(2, 3)
OLD = np.arange(20, dtype="int32").reshape(4, 5)
TARGETS = ["array", "group", "absent", "directory", "file"]
"""A node, nothing, a directory with a file of somebody else's, and such a file in the place of the node."""

READS, EDITS, ADDS, CREATES, REPLACES, SAVES = "reads", "edits", "adds", "creates", "replaces", "saves"
ARRAY, GROUP, ANY = "array", "group", "any"


class Call(NamedTuple):
    """A call: what it may do (as mode r, r+, a, w-, w, or as w but never to a group), the kind of node that it is about, and how it is made."""

    name: str
    does: str
    kind: str
    make: object


def opening(mode, does):
    """The functions that open, in one mode."""
    create = {} if mode in ("r", "r+") else {"shape": NEW.shape, "dtype": NEW.dtype}
    return [
        Call(
            f"open, {mode}",
            does,
            ANY if mode in ("r", "r+") else ARRAY,
            lambda s, p, f: zarr.open(s, path=p, mode=mode, **create, **f),
        ),
        Call(f"open_array, {mode}", does, ARRAY, lambda s, p, f: zarr.open_array(s, path=p, mode=mode, **create, **f)),
        Call(f"open_group, {mode}", does, GROUP, lambda s, p, f: zarr.open_group(s, path=p, mode=mode, **f)),
    ]


def parent(s):
    return zarr.open_group(s, mode="r+")


CALLS = [
    *opening("r", READS),
    *opening("r+", EDITS),
    *opening("a", ADDS),
    *opening("w-", CREATES),
    *opening("w", REPLACES),
    Call("load", READS, ANY, lambda s, p, f: zarr.load(s, path=p, **f)),
    Call("create_array", CREATES, ARRAY, lambda s, p, f: zarr.create_array(s, name=p, data=NEW, **f)),
    Call("create_array, overwrite", REPLACES, ARRAY, lambda s, p, f: zarr.create_array(s, name=p, data=NEW, overwrite=True, **f)),
    Call("create, overwrite", REPLACES, ARRAY, lambda s, p, f: zarr.create(NEW.shape, store=s, path=p, overwrite=True, **f)),
    Call("zeros", CREATES, ARRAY, lambda s, p, f: zarr.zeros(NEW.shape, store=s, path=p, **f)),
    Call("from_array", CREATES, ARRAY, lambda s, p, f: zarr.from_array(s, data=NEW, name=p, **f)),
    Call("create_group", CREATES, GROUP, lambda s, p, f: zarr.create_group(s, path=p, **f)),
    Call("create_group, overwrite", REPLACES, GROUP, lambda s, p, f: zarr.create_group(s, path=p, overwrite=True, **f)),
    Call("group", ADDS, GROUP, lambda s, p, f: zarr.group(s, path=p, **f)),
    Call("group, overwrite", REPLACES, GROUP, lambda s, p, f: zarr.group(s, path=p, overwrite=True, **f)),
    Call("save", SAVES, ARRAY, lambda s, p, f: zarr.save(s, NEW, path=p, **f)),
    Call("save_array", SAVES, ARRAY, lambda s, p, f: zarr.save_array(s, NEW, path=p, **f)),
    Call("save_array, w", REPLACES, ARRAY, lambda s, p, f: zarr.save_array(s, NEW, path=p, mode="w", **f)),
    Call("Group.create_array", CREATES, ARRAY, lambda s, p, f: parent(s).create_array(p, data=NEW)),
    Call("Group.create_array, overwrite", REPLACES, ARRAY, lambda s, p, f: parent(s).create_array(p, data=NEW, overwrite=True)),
    Call("Group.create_group", CREATES, GROUP, lambda s, p, f: parent(s).create_group(p)),
    Call("Group.create_group, overwrite", REPLACES, GROUP, lambda s, p, f: parent(s).create_group(p, overwrite=True)),
    Call("Group.__setitem__", REPLACES, ARRAY, lambda s, p, f: parent(s).__setitem__(p, NEW)),
    Call("Group.require_group", ADDS, GROUP, lambda s, p, f: parent(s).require_group(p)),
    Call("Group.require_array", ADDS, ARRAY, lambda s, p, f: parent(s).require_array(p, shape=OLD.shape, dtype=OLD.dtype)),
]  # fmt: skip


@pytest.fixture(params=[2, 3])
def zarr_format(request):
    return request.param


@pytest.fixture
def place(tmp_path, zarr_format):
    """A directory with a hierarchy, and with files of somebody else's beside and inside of its nodes."""
    root = zarr.create_group(tmp_path / "store", zarr_format=zarr_format, attributes={"title": "old"})
    root.create_array("array", data=OLD, chunks=(2, 2), attributes={"units": "K"})
    root.create_array("group/inner/deep", data=OLD, chunks=3)
    root.create_array("group/member", data=OLD, chunks=(4, 5))
    root.create_array("neighbour", data=OLD, chunks=2)
    store = tmp_path / "store"
    (store / "directory" / "below").mkdir(parents=True)
    for name in (
        "README",
        "file",
        "array/notes.txt",
        "group/notes.txt",
        "group/inner/.hidden",
        "directory/below/data.csv",
    ):
        (store / name).write_text("not Zarr's")
    return store


def files(root):
    """Every file: bytes, inode, modes and the times of its contents and of its entry."""
    return {str(path.relative_to(root)): noted(path) for path in root.rglob("*") if path.is_file()}


def noted(path):
    status = path.stat()
    return path.read_bytes(), status.st_ino, status.st_mode, status.st_mtime_ns, status.st_ctime_ns


def everything(root):
    """The directories as well."""
    found = {}
    for path in (root, *root.rglob("*")):
        status = path.stat()
        found[str(path)] = status.st_ino, status.st_mode, status.st_mtime_ns, status.st_ctime_ns
    return found, files(root)


def is_foreign(name):
    return name.rpartition("/")[2] in ("README", "file", "notes.txt", ".hidden", "data.csv")


def refusal(call, target):
    """The class of error that a call must raise on a target; None if it must succeed."""
    is_node = target in (ARRAY, GROUP)
    if call.does in (READS, EDITS):
        if not is_node:
            return FileNotFoundError
        return None if call.kind in (ANY, target) else ValueError
    if target == "file":
        return OSError
    if call.does == CREATES and is_node:
        return FileExistsError
    if call.does == SAVES and target == GROUP:
        return ContainsGroupError
    if call.does == ADDS and is_node and call.kind != target and call.name != "open, a":
        return (ValueError, TypeError)
    return None


@pytest.mark.filterwarnings("ignore:Object at .* is not recognized:zarr.errors.ZarrUserWarning")
# Mode "a" is given what a new array would have, where there is another one, on purpose.
@pytest.mark.filterwarnings("ignore:the array .* is there already:zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_changes_what_it_may_and_nothing_else(call, target, place, zarr_format):
    options = {} if call.name.startswith("Group.") else {"zarr_format": zarr_format}
    all_before, before = everything(place), files(place)
    error = refusal(call, target)
    if error is None:
        call.make(str(place), target, options)
    else:
        with pytest.raises(error):
            call.make(str(place), target, options)
    after = files(place)
    if error is not None or call.does in (READS, EDITS):
        assert everything(place) == all_before
        return
    kept = before
    if call.does in (REPLACES, SAVES):
        kept = {name: file for name, file in before.items() if is_foreign(name) or not name.startswith(f"{target}/")}
    assert {name: after.get(name) for name in kept} == kept
    assert all(name.startswith(f"{target}/") for name in after.keys() - kept.keys())
    check_result(call, target, place)


def check_result(call, target, place):
    """What is there then is the new node alone, or, where nothing was to be replaced, the old one."""
    found = zarr.open(place, path=target, mode="r")
    if call.does == ADDS and target in (ARRAY, GROUP):
        assert isinstance(found, zarr.Array) == (target == ARRAY)
        member = found if target == ARRAY else found["inner/deep"]
        np.testing.assert_array_equal(member[...], OLD)
        return
    assert isinstance(found, zarr.Array) == (call.kind == ARRAY)
    assert dict(found.attrs) == {}
    if call.kind == GROUP:
        assert list(found) == []
    elif "save" in call.name or "create_array" in call.name or call.name in ("from_array", "Group.__setitem__"):
        np.testing.assert_array_equal(found[...], NEW)
    else:
        assert not found[...].any()


def test_reading_everything_leaves_every_time_stamp(place, zarr_format):
    before = everything(place)
    root = zarr.open_group(place, mode="r")
    with pytest.warns(zarr.errors.ZarrUserWarning, match="not recognized"):  # the directory of somebody else
        members = dict(root.members(None))
    for node in members.values():
        node.attrs.asdict()
        if isinstance(node, zarr.Array):
            np.testing.assert_array_equal(node[...], OLD)
            node.oindex[[0, 1]], node.vindex[[0], [1]], node.blocks[0, 0]
            node.nbytes_stored(), node.nchunks_initialized, node.info_complete()
    zarr.open_array(place, path="array", mode="r", zarr_format=zarr_format)[0, 0]
    assert everything(place) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root["array"].__setitem__(0, 1),
        lambda root: root["array"].resize((1, 1)),
        lambda root: root["array"].append(OLD),
        lambda root: root["array"].attrs.put({}),
        lambda root: root.attrs.update(title="new"),
        lambda root: root.create_array("new", data=NEW),
        lambda root: root.create_group("new"),
        lambda root: root.require_group("new"),
        lambda root: root.__delitem__("array"),
        lambda root: root.__setitem__("array", NEW),
        lambda root: root.move("array", "new"),
        lambda root: zarr.consolidate_metadata(root.store),
        lambda root: zarr.copy(root["array"], root, name="new"),
        lambda root: zarr.save(root.store, NEW, path="new"),
        lambda root: zarr.open_group(root.store, path="array", mode="w"),
    ],
)
def test_a_group_opened_for_reading_changes_nothing(change, place):
    root = zarr.open_group(place, mode="r")
    before = everything(place)
    with pytest.raises(ValueError, match="read-only"):
        change(root)
    assert everything(place) == before


@pytest.mark.parametrize("target", TARGETS)
def test_save_group_replaces_the_members_that_it_saves(target, place, zarr_format):
    before, all_before = files(place), everything(place)
    if target in ("array", "file"):
        with pytest.raises((ValueError, OSError)):
            zarr.save_group(str(place), path=target, member=NEW, zarr_format=zarr_format)
        assert everything(place) == all_before
        return
    zarr.save_group(str(place), path=target, member=NEW, zarr_format=zarr_format)
    after = files(place)
    kept = {name: file for name, file in before.items() if not name.startswith(f"{target}/member/")}
    assert {name: after.get(name) for name in kept} == kept
    np.testing.assert_array_equal(zarr.load(place, path=f"{target}/member"), NEW)
    if target == "group":
        np.testing.assert_array_equal(zarr.load(place, path="group/inner/deep"), OLD)


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call.does == REPLACES and not call.name.startswith("Group.")]
)
def test_replacing_the_root_leaves_the_files_of_others(call, place, zarr_format):
    before = {name: file for name, file in files(place).items() if is_foreign(name)}
    call.make(str(place), "", {"zarr_format": zarr_format})
    after = files(place)
    assert {name: file for name, file in after.items() if is_foreign(name)} == before
    assert isinstance(zarr.open(place, mode="r"), zarr.Array) == (call.kind == ARRAY)
    assert not any(name.startswith(("array/", "group/", "neighbour/")) for name in after if not is_foreign(name))


def test_deleting_leaves_the_files_of_others(place):
    before = files(place)
    root = zarr.open_group(place, mode="r+")
    del root["group"]
    after = files(place)
    assert {name for name in after if name.startswith("group/")} == {"group/notes.txt", "group/inner/.hidden"}
    kept = {name: file for name, file in before.items() if is_foreign(name) or not name.startswith("group/")}
    assert after == kept
