"""Shapes and attributes on object stores, where nobody can be kept out: versions tell of who else changes them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import zarr
from tests.servers.clouds import store_over
from tests.suites.calls import collect, put
from zarr._flow import create
from zarr._store.remote import conditions
from zarr.errors import ConcurrentChangeError, StoreRequestError

ONCE = {"max_retries": 0}
pytestmark = pytest.mark.usefixtures("nothing_is_known_of_places")


class TestShapes:
    """Where nobody can be kept out, versions tell of who else changes a shape."""

    @pytest.fixture
    def array(self, cloud, engine):
        return zarr.create_array(store_over(cloud), name="a", data=np.arange(5), chunks=4)

    def test_appends_see_chunks_of_others_beyond_the_end_that_they_knew(self, array, cloud):
        other = zarr.open_array(store_over(cloud), path="a")
        for number in range(4):
            (array if number % 2 else other).append([10 + number])
        assert zarr.open_array(store_over(cloud), path="a")[:].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13]
        assert array.append(np.zeros(0, int)) == (9,)
        with pytest.raises(ValueError, match="not compatible"):
            array.append([[1]])

    def test_what_a_write_could_not_store_is_the_fill_value(self, array, cloud):
        patient = zarr.open_array(store_over(cloud, retry_config=ONCE), path="a")
        cloud.fail("refuse", methods=["PUT"], within="/c/")
        with pytest.raises(StoreRequestError):
            patient.append([7, 7])
        cloud.fail()
        array.append([8])
        assert array[:].tolist() == [0, 1, 2, 3, 4, 0, 0, 8]

    def test_resizing_clears_and_reveals(self, array, cloud):
        array.resize(3)
        array.resize(7)
        assert array[:].tolist() == [0, 1, 2, 0, 0, 0, 0]
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/0"]

    def test_a_resize_that_meets_an_append_leaves_that_alone(self, array, cloud, monkeypatch):
        other = zarr.open_array(store_over(cloud), path="a")
        other.store._place = conditions.Place()  # as in another process: no turns are taken with this one
        read_chunk = type(array.store).read
        appended = []

        def read_slowly(store, key, *args, **kwargs):
            found = read_chunk(store, key, *args, **kwargs)
            if key == "a/c/1" and not appended:
                appended.append(key)
                other.append([77])
            return found

        monkeypatch.setattr(type(array.store), "read", read_slowly)
        with pytest.raises(ConcurrentChangeError):
            array.resize(8)
        assert appended
        assert zarr.open_array(store_over(cloud), path="a")[:].tolist() == [0, 1, 2, 3, 4, 77]

    def test_a_part_that_becomes_the_fill_value_is_stored(self, array, cloud):
        array[:4] = 1
        array[:2] = 0
        array[2:4] = 0
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/0", "a/c/1"]
        assert array[:].tolist() == [0, 0, 0, 0, 4]
        array[:4] = 0
        assert sorted(collect(array.store.list_prefix("a/c/"))) == ["a/c/1"]

    def test_so_it_is_in_a_shard(self, cloud, engine):
        array = zarr.create_array(store_over(cloud), name="s", data=np.ones(8, int), chunks=2, shards=8)
        array[:4] = 0
        array[4:8] = 0
        assert array[:].tolist() == [0] * 8
        assert array.store.size("s/c/0") is not None


@pytest.mark.parametrize("given", [{}, {"by": 1, "nan": float("nan")}], ids=str)
@pytest.mark.parametrize("node", ["array", "group"])
@pytest.mark.filterwarnings("ignore:.*NaN")
def test_attributes_that_another_process_adds_right_after_a_node_is_made_are_not_lost(cloud, monkeypatch, given, node):
    store, other = store_over(cloud), store_over(cloud)
    other._place = conditions.Place()  # as in another process: no turns are taken with this one
    seen = []

    def look_late(store, made):
        if made[0][0].startswith("a/") and not seen:
            seen.append(made)
            zarr.open(other, path="a", mode="r+").attrs.update(x=1)
        yield from look(store, made)

    look = create._see_to_it
    monkeypatch.setattr(create, "_see_to_it", look_late)
    options = {"zarr_format": 2, "attributes": given}
    if node == "array":
        zarr.create_array(store, name="a", shape=1, dtype="i4", **options)
    else:
        zarr.create_group(store, path="a", **options)
    assert seen
    assert repr(zarr.open(store, path="a", mode="r").attrs.asdict()) == repr({**given, "x": 1})


@pytest.mark.parametrize("left", [b'{"by": 2}', b"{}", b"[]", b"no JSON"])
def test_those_of_a_creator_that_came_too_late_do_not_stay(cloud, monkeypatch, left):
    store = store_over(cloud)

    def look_late(store, made):
        if made[0][0].startswith("a/"):
            put(store, made[0][0], left)
        yield from look(store, made)

    look = create._see_to_it
    monkeypatch.setattr(create, "_see_to_it", look_late)
    zarr.create_array(store, name="a", shape=1, dtype="i4", zarr_format=2, attributes={"by": 1})
    assert zarr.open_array(store, path="a").attrs.asdict() == {"by": 1}


def test_attributes_that_a_thread_changes_while_a_node_is_made_are_not_lost(cloud, monkeypatch):
    """In format 2 whoever makes a node looks at its attributes again, which others may find before."""
    store = store_over(cloud)
    threads = []

    def change():
        zarr.open_array(store, path="a").attrs.update(x=1)

    def look_late(store, made):
        if made[0][0].startswith("a/"):  # and not of the group above
            threads.append(threading.Thread(target=change))
            threads[0].start()
            threads[0].join(0.2)
        yield from look(store, made)

    look = create._see_to_it
    monkeypatch.setattr(create, "_see_to_it", look_late)
    zarr.create_array(store, name="a", shape=1, dtype="i4", zarr_format=2, attributes={"by": 1})
    threads[0].join()
    assert dict(zarr.open_array(store, path="a").attrs) == {"by": 1, "x": 1}
