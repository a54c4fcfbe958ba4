"""Killed before every single step at the file system that changing a zip archive takes.

Afterwards the archive has its old or its new contents, and the change can be made again.
"""

import shutil
import warnings
import zipfile

import pytest

from tests.safety.steps import CHANGES, die_at, failing_at, n_steps
from tests.suites.calls import buf
from zarr._store.zipped import archive
from zarr.errors import ZarrRuntimeWarning
from zarr.storage import ZipStore

STEPS = (*CHANGES, "pwrite", "ftruncate", "fchmod")
OLD = {"a": b"1" * 1000, "b/c": b"2", "d": b"3" * 100_000}


def change(path):
    with ZipStore(path, mode="a") as store:
        store.put("b/c", buf(b"22"))
        store.put("e", buf(b"4" * 1000))
        store.remove("d")


def add(path):
    with ZipStore(path, mode="a") as store:
        store.put("e", buf(b"4" * 100_000))


def new(path):
    with ZipStore(path, mode="w") as store:
        store.put("e", buf(b"4"))


OPERATIONS = {
    change: {"a": OLD["a"], "b/c": b"22", "e": b"4" * 1000},
    add: OLD | {"e": b"4" * 100_000},
    new: {"e": b"4"},
}


@pytest.fixture(params=["beside", "in place"])
def way(request, monkeypatch):
    """Whether archives are written beside the old one, as small ones are, or in their place, as large ones."""
    if request.param == "in place":
        monkeypatch.setattr(archive, "COPIED_NBYTES", -1)
    return request.param


@pytest.fixture(params=["there", "missing"])
def fresh(request, tmp_path):
    """Makes the archive as it was before, if there was one."""
    path = tmp_path / "place" / "data.zip"

    def make():
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        if request.param == "there":
            with zipfile.ZipFile(path, "w") as made:
                for key, data in OLD.items():
                    made.writestr(key, data)
        return path

    make.old = OLD if request.param == "there" else {}
    return make


def contents(path):
    if not path.exists():
        return {}
    store = ZipStore(path)
    return {key: store.get_sync(key).to_bytes() for key in store.list_keys("")}


def as_others_find_it(path):
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_killed_before_every_step(operation, way, fresh):
    after = OPERATIONS[operation] if fresh.old or operation is not change else {"b/c": b"22", "e": b"4" * 1000}
    after = after if fresh.old or operation is not add else {"e": b"4" * 100_000}
    path = fresh()
    count = n_steps(lambda: operation(path), STEPS)
    assert count > 5
    assert as_others_find_it(path) == after
    for step in range(count + 1):
        path = fresh()
        assert die_at(step, lambda path=path: operation(path), STEPS) == (0 if step == count else -9)
        with warnings.catch_warnings():
            warnings.simplefilter("error" if way == "beside" or operation is new else "ignore", ZarrRuntimeWarning)
            found = contents(path)
            assert found in (fresh.old, after)
            if path.exists() and (way == "beside" or operation is new):
                assert as_others_find_it(path) == found
            operation(path)
        assert as_others_find_it(path) == after
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_failed_at_every_step(operation, way, fresh):
    path = fresh()
    count = n_steps(lambda: operation(path), STEPS)
    after = contents(path)
    for step in range(count):
        path = fresh()
        with failing_at(step, 28, STEPS) as steps:
            try:
                operation(path)
            except OSError as exc:
                assert "as the test wants it" in str(exc)  # noqa: PT017
            else:
                assert steps.taken[step] == "mkdir"  # the directory is there anyway
                assert contents(path) == after
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ZarrRuntimeWarning)
            operation(path)
        assert contents(path) == as_others_find_it(path) == after
