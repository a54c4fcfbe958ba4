"""Many open or create the same nodes at once: all get them, and nobody gets an error that only being slower explains.

Processes work on a local directory; threads on a store in memory and on a local directory. All workers go through the same
paths from the same moment on, so that they meet at each.
"""

import numpy as np
import pytest

import zarr
from tests.safety.crowd import Processes, Threads, crowd
from zarr.errors import ContainsArrayError, ContainsGroupError
from zarr.storage import LocalStore, MemoryStore

N_WORKERS, N_PATHS = 8, 50  # 400 races in each of the tests
ARRAY = {"shape": (2, 2), "dtype": "i4"}


@pytest.fixture(params=["processes", "threads-memory", "threads-local"])
def place(request, tmp_path):
    """Who works, and where: `(kind, store)`."""
    kind = Processes if request.param == "processes" else Threads
    return kind, MemoryStore() if request.param == "threads-memory" else LocalStore(tmp_path / "store")


CALLS = {
    "open_group, a": lambda store, path, f: zarr.open_group(store, path=path, mode="a", zarr_format=f),
    "group": lambda store, path, f: zarr.group(store, path=path, zarr_format=f),
    "open_array, a": lambda store, path, f: zarr.open_array(store, path=path, mode="a", zarr_format=f, **ARRAY),
    "open, a": lambda store, path, f: zarr.open(store, path=path, mode="a", zarr_format=f),
    "open with a shape, a": lambda store, path, f: zarr.open(store, path=path, mode="a", zarr_format=f, **ARRAY),
    "require_group": lambda store, path, f: root(store, f).require_group(path),
    "require_groups": lambda store, path, f: root(store, f).require_groups(path, f"{path}/more")[1],
    "require_array": lambda store, path, f: root(store, f).require_array(path, **ARRAY),
}


def root(store, zarr_format):
    return zarr.open_group(store, mode="a", zarr_format=zarr_format)


@pytest.mark.parametrize("call", CALLS)
def test_whoever_opens_or_creates_gets_the_node(engine, place, call, zarr_format):
    kind, store = place

    def work():
        for number in range(N_PATHS):
            node = CALLS[call](store, f"some/{number}/node", zarr_format)
            assert node.metadata.zarr_format == zarr_format

    crowd(kind, [work] * N_WORKERS)
    found = dict(zarr.open_group(store, mode="r").members(max_depth=None))
    assert {f"some/{number}/node" for number in range(N_PATHS)} <= found.keys()


def test_nodes_with_the_same_ancestors(engine, place, zarr_format):
    kind, store = place

    def worker(me):
        def work():
            for number in range(N_PATHS):
                data = np.full(3, me)
                zarr.create_array(store, name=f"some/{number}/of-{me}", data=data, zarr_format=zarr_format)

        return work

    crowd(kind, [worker(me) for me in range(N_WORKERS)])
    for number in range(N_PATHS):
        group = zarr.open_group(store, path=f"some/{number}", mode="r")
        assert [group[f"of-{me}"][:].tolist() for me in range(N_WORKERS)] == [[me] * 3 for me in range(N_WORKERS)]


def test_of_those_that_create_one_succeeds_and_the_others_are_told(engine, place, zarr_format, tmp_path):
    kind, store = place
    made = LocalStore(tmp_path / "made")

    def worker(me):
        def work():
            for number in range(N_PATHS):
                try:
                    zarr.create_array(
                        store, name=str(number), data=[me], zarr_format=zarr_format, attributes={"by": me}
                    )
                except (ContainsArrayError, ContainsGroupError):
                    continue
                zarr.create_group(made, path=f"{number}")  # an error for a second one

        return work

    crowd(kind, [worker(me) for me in range(N_WORKERS)])
    assert len(zarr.open_group(made)) == N_PATHS
    for number in range(N_PATHS):
        array = zarr.open_array(store, path=str(number), mode="r")
        assert array[0] == array.attrs["by"]


def test_whatever_another_made_is_opened_by_who_takes_anything(engine, place):
    """`zarr.open` without a shape makes a group, or opens the array that somebody else was faster with."""
    kind, store = place

    def anything():
        for number in range(N_PATHS):
            zarr.open(store, path=str(number), mode="a")

    def arrays():
        for number in range(N_PATHS):
            try:
                zarr.create_array(store, name=str(number), **ARRAY)
            except (ContainsArrayError, ContainsGroupError):
                pass

    crowd(kind, [anything, arrays] * (N_WORKERS // 2))
    assert len(zarr.open_group(store, mode="r")) == N_PATHS
