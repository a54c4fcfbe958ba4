"""Leases in every order of calls: what users run is what is explored, over a disk in memory (`tests/suites/exploring.py`).

Here for some seconds; `make model` does it for an hour. The second half takes something away from the leases, and has to be
found out: so the model can tell what is right from what is not.
"""

import os

import pytest

import zarr
from tests.suites.exploring import World, at_random, explore
from tests.suites.lease_clients import OBJECTS, ModelStore, arrays
from zarr._store.leased import files, protocol
from zarr._store.leased.names import parent
from zarr._store.leased.steps import attempt
from zarr.storage import LocalStore

SECONDS = float(os.environ.get("ZARR_TEST_MODEL_SECONDS", "1.2"))

EXPLORED = [
    (OBJECTS, "part0/part1", {"crash": 1, "lost": 1}),
    (OBJECTS, "part0/whole", {"expiry": 1, "late": 1}),
    (OBJECTS, "delete/whole", {"crash": 1, "expiry": 1, "handles": 1}),
    (OBJECTS, "clear0/part0", {"lost": 1, "expiry": 1}),
    (OBJECTS, "part0,delete/whole,part1", {"crash": 1}),
    (arrays(2), "append/append", {"crash": 1}),
    (arrays(2), "append/shrink", {"expiry": 1}),
]
AT_RANDOM = [
    (OBJECTS, "part0,delete/whole,part1/clear0,part0", {"crash": 1, "lost": 1, "late": 1, "expiry": 3}),
    (OBJECTS, "whole,get/part0,delete,sweep/part1,get", {"crash": 1, "lost": 1, "expiry": 3, "handles": 1, "stale": 1}),
    (OBJECTS, "delete,whole/clear1,part1/part0", {"late": 2, "expiry": 4, "handles": 1}),
    (arrays(2), "append,part/part,append/shrink", {"crash": 1, "lost": 1, "late": 1, "expiry": 3, "handles": 1}),
    (arrays(1), "append,attributes/append/attributes,shrink", {"lost": 1, "expiry": 3, "stale": 1}),
]


def programs(text):
    return [each.split(",") for each in text.split("/")]


def ids(case):
    return case if isinstance(case, str) else None


@pytest.mark.parametrize(("kind", "text", "left"), EXPLORED, ids=ids)
def test_every_order(kind, text, left):
    result = explore(World(kind, programs(text), **left), SECONDS)
    assert result.wrong is None, str(result)
    assert result.states > 100


@pytest.mark.parametrize(("kind", "text", "left"), AT_RANDOM, ids=ids)
def test_many_orders(kind, text, left):
    result = at_random(World(kind, programs(text), **left), SECONDS, fewest=20)
    assert result.wrong is None, str(result)


def test_without_faults_all_that_happens_is_known():
    result = explore(World(OBJECTS, programs("part0/part1")))
    assert result.is_complete
    assert result.wrong is None


def test_the_store_of_users_has_what_the_model_has():
    with zarr.config.set({"array.locking": "lease"}):
        assert LocalStore("anywhere").capabilities == ModelStore.capabilities


# -- what is found out ----------------------------------------------------------------------------------------------


def unlinks(lease, entry, evidence=None):
    """A token that is broken is deleted: nothing tells its owner that it was."""
    if entry.startswith("w-"):
        return (yield from attempt("unlink", f"{lease}/{entry}"))
    return (yield from BREAK(lease, entry, evidence))


def spares_the_node(lease, entry, evidence=None):
    """Of a mark only the mark is taken away, and not the lease that is published from."""
    if entry.startswith("n"):
        return (yield from attempt("unlink", f"{lease}/{entry}"))
    return (yield from BREAK(lease, entry, evidence))


def believes(lease, token, entry, *, is_moved_in, since):
    """What was answered by an error is taken not to have happened."""
    yield from BREAK(lease, token)
    return False


def needs_no_lease(tokens, path, write, sync, is_expected):
    """Whole objects are put in their places as they come."""
    new = tokens.temporary(parent(path))
    yield ("create", new, write, sync)
    yield ("rename", new, path)
    return protocol.Outcome.DONE


def publishes_beside(hold, path, write, sync):
    """What is published comes out of no lease."""
    new = f"{parent(path)}/__zarr-beside-{hold.token}-{hold.number()}"
    yield ("create", new, write, sync)
    yield ("rename", new, path)
    return protocol.Outcome.DONE


BREAK = protocol.break_
MISTAKES = [
    ("break_", unlinks, OBJECTS, "whole/part0", {"expiry": 1}),
    ("break_", spares_the_node, arrays(2), "append/part", {"expiry": 1}),
    ("_is_where", believes, OBJECTS, "part0/part1", {"lost": 1}),
    ("put_whole", needs_no_lease, OBJECTS, "whole/part0", {}),
    ("put_held", publishes_beside, OBJECTS, "part0/part1", {"expiry": 1}),
]


@pytest.mark.parametrize(
    ("name", "mistake", "kind", "text", "left"), MISTAKES, ids=lambda case: getattr(case, "__name__", None)
)
def test_a_mistake_is_found(name, mistake, kind, text, left, monkeypatch):
    monkeypatch.setattr(protocol, name, mistake)
    result = at_random(World(kind, programs(text), **left), 30.0, rate=0.3)
    assert result.wrong is not None
    assert result.trace


def test_it_is_found_that_something_was_read_before_it_was_held(monkeypatch):
    """As where versions are compared and clients remember old names."""
    monkeypatch.setattr(ModelStore, "capabilities", LocalStore.capabilities)
    monkeypatch.setattr(files.LeasedFiles, "_is_expected", lambda self, path, expected: always())
    result = at_random(World(OBJECTS, programs("part0/part1")), 30.0)
    assert result.wrong.startswith("NOT EXPLAINED")


def always():
    yield from ()
    return True
