"""Killed, or failed by the system, before every single step at the file system that an operation takes.

Where `test_killed` kills at random moments, this takes the moments one by one: each opening of a new file, each write,
link, rename, deletion, new directory and lock. Afterwards every stored object has its old or its new bytes, nothing else
lies in the store, and the operation can be done again. So this has no moment left out, and is the same every time.
"""

import errno
import shutil
import warnings

import numpy as np
import pytest

import zarr
from tests.safety.steps import READS, die_at, failing_at, n_steps
from zarr._store import atomic
from zarr.storage import LocalStore

# The steps are those of the store in Python; `test_killed` and `test_moments` kill native writers too.
pytestmark = pytest.mark.usefixtures("python_engine")


@pytest.fixture
def python_engine():
    with zarr.config.set({"engine": "python"}):
        yield


OLD = np.arange(1, 41).reshape(20, 2)


def build(root, zarr_format):
    group = zarr.create_group(root, zarr_format=zarr_format, attributes={"title": "old"})
    group.create_array("x", data=OLD, chunks=(6, 2), fill_value=-1, attributes={"a": 1, "b": 1})
    if zarr_format == 3:
        group.create_array("s", data=OLD, chunks=(3, 2), shards=(6, 2), fill_value=-1)
    group.create_array("other", data=np.arange(100), chunks=9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(root)


def array(root, name="x"):
    return zarr.open_array(root, path=name, mode="r+")


def group(root):
    return zarr.open_group(root, mode="r+", use_consolidated=False)


def consolidate(root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(root)


OPERATIONS = {
    "whole chunks": lambda root: array(root).__setitem__(slice(0, 12), 7),
    "part of a chunk": lambda root: array(root).__setitem__((slice(1, 3), 0), 7),
    "to the fill value": lambda root: array(root).__setitem__(slice(0, 6), -1),
    "part of shards": lambda root: array(root, "s").__setitem__((slice(4, 9), 1), 7),
    "whole shards": lambda root: array(root, "s").__setitem__(slice(0, 12), 7),
    "append": lambda root: array(root).append(np.full((15, 2), 7)),
    "append to shards": lambda root: array(root, "s").append(np.full((15, 2), 7)),
    "shrink": lambda root: array(root).resize((7, 2)),
    "grow": lambda root: array(root).resize((40, 2)),
    "shrink shards": lambda root: array(root, "s").resize((4, 2)),
    "attributes": lambda root: array(root).attrs.put({"a": 2, "b": 2}),
    "group attributes": lambda root: group(root).attrs.update({"title": "new"}),
    "consolidate": lambda root: (group(root).attrs.update({"title": "new"}), consolidate(root)),
    "create": lambda root: group(root).create_array("deep/new", data=OLD, chunks=(6, 2), attributes={"a": 1}),
    "create a group": lambda root: group(root).create_group("deep/new", attributes={"a": 1}),
    "overwrite": lambda root: group(root).create_array("x", data=OLD[:9] + 1, chunks=(6, 2), overwrite=True),
    "delete": lambda root: group(root).__delitem__("x"),
}
DELETING = {"overwrite", "delete", "to the fill value", "shrink", "shrink shards"}
CASES = [
    (name, zarr_format, files)
    for name in OPERATIONS
    for zarr_format, files in ((3, "nameless"), (3, "named"), (2, "nameless"))
    if not (zarr_format == 2 and "shard" in name)
]
cases = pytest.mark.parametrize(("name", "zarr_format", "files"), CASES)


@pytest.fixture
def stores(files, tmp_path, monkeypatch):
    """`(template, copy)`: where the old state is, and a function that copies it; new files of one kind or the other."""
    if files == "named":
        monkeypatch.setattr(atomic, "_NAMELESS", 0)
    elif not atomic._NAMELESS:
        pytest.fail("this system has no files without a name")

    def copy(number):
        root = tmp_path / str(number)
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(tmp_path / "old", root)
        return root

    return tmp_path / "old", copy


def objects(root):
    """The bytes of every file, those of temporary files too."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def check_objects(root, old, new, name, *, left_behind=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        listed = set(LocalStore(root).list_keys(""))  # and sweeps what the dead left
    found = objects(root)
    if left_behind:  # what this process could not delete waits, out of sight, for the process to end
        found = {
            key: value for key, value in found.items() if not key.rpartition("/__zarr-")[1] and key[:7] != "__zarr-"
        }
    assert listed == found.keys(), "files that are no keys"
    groups = {key for key in found if key in ("deep/zarr.json", "deep/.zgroup", "deep/.zattrs")}
    for key in found.keys() - groups:
        assert found[key] in (old.get(key), new.get(key)), f"{key} is neither the old nor the new one"
    if name not in DELETING:
        assert old.keys() <= found.keys(), "something is gone"


def check_values(root, name, zarr_format):
    opened = zarr.open_group(root, mode="r", use_consolidated=False)
    np.testing.assert_array_equal(opened["other"][:], np.arange(100))
    zarr.open_group(root, mode="r")  # the consolidated metadata can be read, whatever they say
    changed = "s" if "shard" in name else "x"
    if name.startswith("append"):
        rows = opened[changed][:]
        assert len(rows) in (20, 35)
        np.testing.assert_array_equal(rows, np.vstack([OLD, np.full((15, 2), 7)])[: len(rows)])
        # No phantom rows: the next append shows what it wrote, and a growing resize the fill value.
        again = array(root, changed)
        again.append(np.full((1, 2), 9))
        again.resize((60, 2))
        assert (again[len(rows)] == 9).all()
        assert (again[len(rows) + 1 :] == -1).all()
    elif name in ("shrink", "grow", "shrink shards"):
        shape = opened[changed].shape
        assert shape in {(20, 2), (7, 2), (40, 2), (4, 2)}
        again = array(root, changed)
        inside = tuple(slice(0, min(n, m)) for n, m in zip(shape, OLD.shape, strict=True))
        kept = np.full((50, 3), -1)
        kept[inside] = OLD[inside]
        np.testing.assert_array_equal(again[:], kept[: shape[0], : shape[1]])
        again.resize((50, 3))
        np.testing.assert_array_equal(again[:], kept)
    elif name == "attributes":
        assert dict(opened["x"].attrs) in ({"a": 1, "b": 1}, {"a": 2, "b": 2})
    elif name == "overwrite" and "x" in opened and opened["x"].shape == (20, 2):
        np.testing.assert_array_equal(opened["x"][:], OLD)
        assert dict(opened["x"].attrs) == {"a": 1, "b": 1}
    elif name in ("create", "create a group") and "deep/new" in opened:
        assert dict(opened["deep/new"].attrs) == {"a": 1}, "a node without its attributes"


@cases
def test_killed_before_every_step(name, zarr_format, files, stores):
    template, copy = stores
    operation = OPERATIONS[name]
    build(template, zarr_format)
    done = copy("done")
    count = n_steps(lambda: operation(done))
    old, new = objects(template), objects(done)
    assert old != new
    assert count >= 2
    for step in range(count + 1):
        root = copy("killed")
        code = die_at(step, lambda root=root: operation(root))
        assert code == (0 if step == count else -9), f"step {step} of {count}: ended with {code}"
        check_objects(root, old, new, name)
        if step == count:
            assert objects(root) == new
        check_values(root, name, zarr_format)


@cases
@pytest.mark.parametrize("code", [errno.ENOSPC])
def test_failed_at_every_step(name, zarr_format, files, code, stores):
    """A full disk is an error, leaves the old or the new of each object and no lock; the second attempt succeeds."""
    template, copy = stores
    operation = OPERATIONS[name]
    build(template, zarr_format)
    done = copy("done")
    count = n_steps(lambda: operation(done))
    old, new = objects(template), objects(done)
    for step in range(count):
        root = copy("failed")
        with failing_at(step, code) as steps:
            error = attempt(operation, root)
        failed = steps.taken[step]
        deleting = failed in ("unlink", "rmdir")
        assert error is None or error.errno == code
        assert error is not None or (deleting and objects(root) == new), f"{failed} failed in silence"
        check_objects(root, old, new, name, left_behind=deleting)
        check_values(copy_of(root), name, zarr_format)
        if name in ("attributes", "group attributes", "whole chunks", "part of a chunk", "part of shards", "grow"):
            operation(root)
            assert objects(root) == new


def attempt(operation, root):
    try:
        operation(root)
    except OSError as error:
        return error
    return None


def copy_of(root):
    target = root.parent / "looked at"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root, target)
    return target


READINGS = {
    "whole": lambda root: array(root)[:],
    "part": lambda root: array(root)[1, 1],
    "shard": lambda root: array(root, "s")[:],
    "inner chunk": lambda root: array(root, "s")[1, 1],
    "attributes": lambda root: dict(array(root).attrs),
    "part of a chunk written": lambda root: array(root).__setitem__((1, 1), 5),
    "part of a shard written": lambda root: array(root, "s").__setitem__((1, 1), 5),
    "append": lambda root: array(root).append(np.full((1, 2), 7)),
}


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EMFILE])
@pytest.mark.parametrize("name", READINGS)
def test_a_failed_read_is_an_error(name, code, tmp_path):
    """At every step of reading: an error, never the fill value, and nothing written."""
    build(tmp_path / "a", 3)
    before = objects(tmp_path / "a")
    with zarr.config.set({"engine": "python"}):
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        count = n_steps(lambda: READINGS[name](tmp_path / "b"), READS)
        assert count >= 3
        for step in range(count):
            with failing_at(step, code, READS), pytest.raises(OSError) as caught:
                READINGS[name](tmp_path / "a")
            assert caught.value.errno == code
    if name == "append":  # may have written beyond the end, which nobody sees
        np.testing.assert_array_equal(array(tmp_path / "a")[:], OLD)
    else:
        assert objects(tmp_path / "a") == before
