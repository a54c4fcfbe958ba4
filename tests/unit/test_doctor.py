"""`zarr.doctor`: what a place offers to those who write there."""

import json
from dataclasses import replace

import pytest

import zarr
from zarr._store import probing
from zarr.checks import Diagnosis


@pytest.fixture
def place(tmp_path):
    zarr.create_array(tmp_path / "x", data=[1, 2, 3], chunks=1)
    return tmp_path


def test_a_disk_of_this_machine(place):
    found = zarr.doctor(place / "x")
    assert (found.locking, found.has_locks, found.excludes_processes) == ("directory", True, True)
    assert found.leases_exclude
    assert found.has_atomic_rename
    assert found.has_exclusive_creation
    assert found.has_hard_links
    assert found.free_nbytes > 0
    assert abs(found.clock_ahead_s) < 3600
    assert found.leftover == ()
    assert found.peer is found.excludes_peer is None
    assert sorted(path.name for path in (place / "x").iterdir()) == ["c", "zarr.json"]


def test_another_way_to_the_same_directory(place):
    (place / "link").symlink_to(place / "x")
    found = zarr.doctor(str(place / "x"), peer=place / "link")
    assert found.excludes_peer
    assert found.leases_exclude
    assert str(place / "link") in str(found)


def test_what_is_left_over_is_told(place):
    with zarr.config.set({"array.locking": "lease"}):
        store = zarr.storage.LocalStore(place)
        with store.hold_object("x/c/0"):
            found = zarr.doctor(place)
            assert found.locking == "lease"
    assert found.leftover == ("x/c/__zarr-lease-0",)
    assert "left over" in " ".join(found.advice)
    assert "__zarr-lease-0" in str(found)


def test_it_has_a_form_for_programs_and_one_for_people(place):
    found = zarr.doctor(place)
    assert json.loads(json.dumps(found.to_dict()))["locking"] == "directory"
    assert found.to_dict().keys() >= {"path", "file_system", "advice", "leftover"}
    assert str(place) in str(found)
    assert "locks of this machine" in str(found)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"excludes_processes": False}, "'lease'"),
        ({"excludes_peer": False}, "by the other way"),
        ({"locking": "lease", "leases_exclude": False}, "one process"),
        ({"has_atomic_rename": False}, "one process"),
        ({"clock_ahead_s": 7.0}, "clocks differ"),
    ],
)
def test_what_is_wrong_has_advice(place, facts, said):
    found = replace(zarr.doctor(place), **facts)
    assert isinstance(found, Diagnosis)
    assert said in " ".join(found.advice)
    assert said in str(found)


def test_a_system_without_locks(place, monkeypatch):
    monkeypatch.setattr(probing, "fcntl", None)
    found = zarr.doctor(place)
    assert (found.has_locks, found.excludes_processes) == (False, None)


def test_places_that_are_none(place):
    with pytest.raises(FileNotFoundError, match="no such directory"):
        zarr.doctor(place / "missing")
    with pytest.raises(NotADirectoryError):
        zarr.doctor(place / "x/zarr.json")
    with pytest.raises(ValueError, match="does not lead to"):
        zarr.doctor(place / "x", peer=place)
    assert not list((place / "x").glob("__*"))
