"""What the work of a call grows with, in calls of functions and not in time: `bench/cliffs.py` measures the same calls."""

from __future__ import annotations

import json
import sys

import obstore.store
import pytest

import zarr
from tests.suites.calls import put
from zarr.storage import MemoryStore, ObjectStore

GROUP = {"zarr_format": 3, "node_type": "group", "attributes": {}}


def n_calls(work, of=("call", "c_call")):
    """How many functions are called: of Python, and of C."""
    n = 0

    def count(frame, event, function):
        nonlocal n
        n += event in of

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return n


def flat(n):
    return [f"member{number:06d}" for number in range(n)]


def plate(n):
    """Wells in rows, each with images, each with scales: n nodes and those above them."""
    return [
        path
        for well in range(n // 30)
        for path in (
            f"row{well // 12}",
            f"row{well // 12}/{well % 12}",
            *(f"row{well // 12}/{well % 12}/{image}" for image in range(5)),
            *(f"row{well // 12}/{well % 12}/{image}/{scale}" for image in range(5) for scale in range(5)),
        )
    ]


def consolidated(paths, zarr_format):
    store = MemoryStore()
    if zarr_format == 3:
        snapshot = {"kind": "inline", "must_understand": False, "metadata": dict.fromkeys(paths, GROUP)}
        put(store, "zarr.json", json.dumps({**GROUP, "consolidated_metadata": snapshot}).encode())
    else:
        entries = {f"{path}/.zgroup".lstrip("/"): {"zarr_format": 2} for path in ("", *paths)}
        put(store, ".zgroup", b'{"zarr_format": 2}')
        put(store, ".zmetadata", json.dumps({"zarr_consolidated_format": 1, "metadata": entries}).encode())
    return store


LOOKS = {
    "open": lambda group: None,
    "len": len,
    "keys": lambda group: list(group.keys()),
    "in": lambda group: "member000007" in group,
    "members": lambda group: list(group.members(max_depth=None)),
    "tree": lambda group: str(group.tree()),
}


@pytest.mark.parametrize("paths", [flat, plate])
@pytest.mark.parametrize("look", LOOKS)
def test_looking_at_a_consolidated_group_grows_with_its_members_and_not_faster(zarr_format, paths, look):
    few, many = (consolidated(paths(n), zarr_format) for n in (300, 1200))
    LOOKS[look](zarr.open_consolidated(few))  # what is done on first use
    n_few, n_many = (n_calls(lambda store=store: LOOKS[look](zarr.open_consolidated(store))) for store in (few, many))
    assert n_many < 5 * n_few


@pytest.mark.parametrize("look", ["len", "keys"])
def test_members_are_not_parsed_to_be_counted_and_named(zarr_format, look):
    store = consolidated(flat(1000), zarr_format)
    group = zarr.open_consolidated(store)
    LOOKS[look](group)
    assert n_calls(lambda: LOOKS[look](group)) < 5 * 1000


N = 20_000
ATTRIBUTES = {
    "keys": {f"key{number:06d}": (number, f"value {number}", number / 7, None)[number % 4] for number in range(N)},
    "numbers": {"numbers": [number / 7 for number in range(N)]},
    "text": {"text": "plain text, \"quoted\" and 'ü'\n" * N},
}


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_large_attributes_cost_no_call_of_pythons_for_each_of_them(zarr_format, kind):
    given = ATTRIBUTES[kind]
    more = {f"new {name}": value for name, value in given.items()}
    store = MemoryStore()
    calls = {
        "create": lambda: zarr.create_group(store, path="g", zarr_format=zarr_format, attributes=given),
        "read": lambda: zarr.open_group(store, path="g", mode="r").attrs.asdict(),
        "set": lambda: zarr.open_group(store, path="g").attrs.__setitem__("new", 1),
        "update": lambda: zarr.open_group(store, path="g").attrs.update(more),
    }
    zarr.create_group(store, path="small", zarr_format=zarr_format, attributes={"a": 1}).attrs["b"] = 1  # first use
    found = {name: n_calls(call, of=("call",)) for name, call in calls.items()}
    assert max(found.values()) < N / 10, found
    assert zarr.open_group(store, path="g").attrs.asdict() == {**given, "new": 1, **more}


def emptied_in_part(n):
    """Sets a half of each of n chunks to the fill value, which is all that the other half holds: in a bucket they stay, as
    nothing is deleted there under a condition.
    """
    array = zarr.create_array(ObjectStore(obstore.store.MemoryStore()), shape=(n, 2), chunks=(1, 2), dtype="i1")
    array[:, 0] = 1
    return lambda: array.__setitem__((slice(None), 0), 0)


def test_emptying_parts_of_chunks_in_a_bucket_grows_with_their_number_and_not_faster(engine):
    with zarr.config.set({"threading.max_workers": 1}):
        emptied_in_part(10)()  # what is done on first use
        n_few, n_many = (n_calls(emptied_in_part(n)) for n in (50, 200))
    assert n_many < 5 * n_few
