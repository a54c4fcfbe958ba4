"""A writer under leases is killed, or stopped and continued when others have taken over, before every call to the file system.

Others go on, nothing of theirs is lost, and nothing of the dead is left when a writer has listed the directories. All calls of all
operations are tried with ZARR_TEST_EVERY_CALL=1, as `make mounts` does on two mounts, and some of them otherwise.
"""

import os
import shutil
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.children import in_a_fork
from zarr._store.leased.system import SYSTEM
from zarr.errors import NodeNotFoundError
from zarr.storage import LocalStore

EVERY = 1 if os.environ.get("ZARR_TEST_EVERY_CALL") else 5
LEASE_S = float(os.environ.get("ZARR_TEST_LEASE_SECONDS", "0.15"))
MOUNTS = [Path(place) for place in os.environ.get("ZARR_TEST_MOUNTS", "").split(":") if place]
"""Two mounts of one directory: the writer that is stopped uses the first, and others the second."""
CALLS = ("mkdir", "create", "rename", "unlink", "rmdir", "list", "sort_of", "open", "is_version")
OLD = [1, 2, 3, 4]

pytestmark = pytest.mark.usefixtures("leases")


@pytest.fixture
def leases():
    with zarr.config.set({"array.locking": "lease", "array.lease_seconds": LEASE_S}):
        yield


@pytest.fixture
def places(tmp_path):
    """The directory as the writer knows it, and as others do."""
    if not MOUNTS:
        yield tmp_path, tmp_path
        return
    name = tmp_path.name
    for place in MOUNTS[:1]:
        (place / name).mkdir()
    yield MOUNTS[0] / name, MOUNTS[1] / name
    shutil.rmtree(MOUNTS[0] / name)


def build(root):
    group = zarr.create_group(root, attributes={"title": "old"})
    group.create_array("x", data=np.array(OLD), chunks=4, attributes={"a": 0})
    group.create_array("s", data=np.arange(1, 9), chunks=2, shards=8)


def array(root, name="x"):
    return zarr.open_array(root, path=name, mode="r+")


def group(root):
    return zarr.open_group(root, mode="r+", use_consolidated=False)


def consolidate(root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(root)


def add_unless_gone(root):
    try:
        array(root).append([9])
    except NodeNotFoundError:
        pass


OPERATIONS = {
    "part": lambda root: array(root).__setitem__(0, 7),
    "part of a shard": lambda root: array(root, "s").__setitem__(0, 7),
    "whole": lambda root: array(root).__setitem__(slice(None), 5),
    "fill": lambda root: array(root).__setitem__(slice(None), 0),
    "attributes": lambda root: array(root).attrs.update(a=1),
    "append": lambda root: array(root).append([7]),
    "shrink": lambda root: array(root).resize((2,)),
    "overwrite": lambda root: group(root).create_array("x", data=np.array([6, 6]), overwrite=True),
    "consolidate": consolidate,
}
OTHERS = {
    "part": lambda root: array(root).__setitem__(1, 8),
    "part of a shard": lambda root: array(root, "s").__setitem__(1, 8),
    "whole": lambda root: array(root).__setitem__(1, 8),
    "fill": lambda root: array(root).__setitem__(1, 8),
    "attributes": lambda root: array(root).attrs.update(b=2),
    "append": lambda root: array(root).append([9]),
    "shrink": lambda root: array(root).append([9]),
    "overwrite": add_unless_gone,
    "consolidate": lambda root: group(root).attrs.update(title="new"),
}
FINAL = {
    "part": ([7, 8, 3, 4],),
    "whole": ([5, 8, 5, 5], [5, 5, 5, 5]),
    "fill": ([0, 8, 0, 0], [0, 0, 0, 0]),
    "append": ([*OLD, 7, 9], [*OLD, 9, 7]),
    "shrink": ([1, 2, 9], [1, 2]),
    "overwrite": ([6, 6], [6, 6, 9]),
}
UNDONE = {
    "part": ([1, 8, 3, 4],),
    "whole": ([1, 8, 3, 4],),
    "fill": ([1, 8, 3, 4],),
    "append": ([*OLD, 9],),
    "shrink": ([*OLD, 9],),
    "overwrite": ([*OLD, 9], [0, 0], [0, 0, 9]),  # a creation that is killed may leave an array without its data
}


def check(name, root, *, may_be_undone):
    if name == "attributes":
        assert dict(array(root).attrs) in [{"a": 1, "b": 2}, *([{"a": 0, "b": 2}] if may_be_undone else [])]
    elif name == "consolidate":
        assert group(root).attrs["title"] == "new"
        assert zarr.open_group(root, mode="r").attrs["title"] in ("old", "new")
    elif name == "part of a shard":
        assert array(root, "s")[:].tolist() in [
            [7, 8, *range(3, 9)],
            *([[1, 8, *range(3, 9)]] if may_be_undone else []),
        ]
    elif name == "overwrite" and may_be_undone and "x" not in group(root):
        pass
    else:
        possible = [*FINAL[name], *(UNDONE[name] if may_be_undone else [])]
        assert array(root)[:].tolist() in possible
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        list(LocalStore(root).list_keys(""))  # and sweeps what the dead have left
    left = [path for path in Path(root).rglob("*") if path.name.startswith("__zarr-")]
    assert left == [], "left over"


def acting_at(number, act):
    """Count calls, in this process, and do something before one of them; the list has their names."""
    taken = []

    def counted(name, function):
        def call(*args):
            taken.append(name)
            if len(taken) == number + 1:
                act()
            return function(*args)

        return call

    for name in CALLS:
        setattr(SYSTEM, name, counted(name, getattr(SYSTEM, name)))
    return taken


def n_calls(operation, root):
    try:
        taken = acting_at(-1, None)
        operation(root)
    finally:
        for name in CALLS:
            SYSTEM.__dict__.pop(name, None)
    return len(taken)


def disturbed(operation, root, number, sent):
    """A child that does something, and sends itself a signal before a call."""

    def work():
        acting_at(number, lambda: os.kill(os.getpid(), sent))
        operation(root)

    return in_a_fork(work)


def some(count, name):
    """Numbers of calls; which ones, if not all, differs between operations."""
    return range(sum(map(ord, name)) % EVERY, count, EVERY)


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_before_a_call(name, places):
    mine, theirs = places
    build(mine / "count")
    for number in some(n_calls(OPERATIONS[name], mine / "count"), name):
        root = f"killed-{number}"
        build(mine / root)
        child = disturbed(OPERATIONS[name], mine / root, number, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        OTHERS[name](theirs / root)
        check(name, theirs / root, may_be_undone=True)


@pytest.mark.parametrize("name", OPERATIONS)
def test_stopped_before_a_call_and_continued_when_others_have_gone_on(name, places):
    mine, theirs = places
    build(mine / "count")
    for number in some(n_calls(OPERATIONS[name], mine / "count"), name):
        root = f"stopped-{number}"
        build(mine / root)
        child = disturbed(OPERATIONS[name], mine / root, number, signal.SIGSTOP)
        _, status = os.waitpid(child, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        try:
            OTHERS[name](theirs / root)
        finally:
            os.kill(child, signal.SIGCONT)
            _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, f"call {number}"
        check(name, theirs / root, may_be_undone=False)
