"""Symbolic links to directories: what is behind them is read and written, but taking a node away takes the names only."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.suites.calls import put
from tests.suites.plain_stores import Awaited
from zarr._flow.drive import run, run_async
from zarr._flow.requests import Links
from zarr.api import asynchronous
from zarr.storage import LocalStore, MemoryStore

VALUES = np.arange(1, 7)


@pytest.fixture(params=["local", "wrapped"])
def store(request, tmp_path):
    local = LocalStore(tmp_path / "store")
    return local if request.param == "local" else Awaited(local)


@pytest.fixture
def here(tmp_path):
    """The directory of the store."""
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.fixture
def away(tmp_path, zarr_format):
    """A directory elsewhere, with arrays in groups, and files of others."""
    away = tmp_path / "away"
    root = zarr.create_group(away, zarr_format=zarr_format)
    root.create_array("array", data=VALUES, chunks=2)
    root.create_array("group/inner", data=VALUES, chunks=2)
    (away / "array" / "notes.txt").write_bytes(b"mine")
    (away / "photos").mkdir()
    (away / "photos" / "cat.jpg").write_bytes(b"cat")
    (away / "empty").mkdir()
    return away


def contents(directory):
    """Every file below a directory, with its bytes; no links are followed."""
    return {
        str(Path(above, name).relative_to(directory)): Path(above, name).read_bytes()
        for above, _, names in os.walk(directory)
        for name in names
    }


def build(store, zarr_format, *, foreign):
    root = zarr.open_group(store, mode="a", zarr_format=zarr_format)
    group = root.create_group("g")
    group.create_array("x", data=VALUES, chunks=2)
    group.create_group("deep")
    if foreign:
        put(store, "g/notes.txt", b"mine")
        put(store, "g/deep/notes.txt", b"mine")
    return root


def opened(store, zarr_format):
    return zarr.open_group(store, mode="r+", zarr_format=zarr_format)


REMOVALS = {
    "del": lambda s, f: opened(s, f).__delitem__("g"),
    "create_group": lambda s, f: zarr.create_group(s, path="g", overwrite=True, zarr_format=f),
    "create_array": lambda s, f: zarr.create_array(s, name="g", data=VALUES, overwrite=True, zarr_format=f),
    "open_group": lambda s, f: zarr.open_group(s, path="g", mode="w", zarr_format=f),
    "open": lambda s, f: zarr.open(s, path="g", mode="w", zarr_format=f),
    "save_array": lambda s, f: zarr.save_array(s, VALUES, path="g", zarr_format=f, mode="w"),
    "put": lambda s, f: opened(s, f).__setitem__("g", VALUES),
    "move": lambda s, f: opened(s, f).move("g", "moved"),
    "root": lambda s, f: zarr.open_group(s, mode="w", zarr_format=f),
    "root array": lambda s, f: zarr.create_array(s, data=VALUES, overwrite=True, zarr_format=f),
    "copy": lambda s, f: zarr.copy(zarr.create_array({}, data=VALUES), opened(s, f), name="g", if_exists="replace"),
    "asynchronous": lambda s, f: asyncio.run(asynchronous.create_group(s, path="g", overwrite=True, zarr_format=f)),
    "asynchronous del": lambda s, f: asyncio.run(opened(s, f)._async_group.delitem("g")),
}


@pytest.mark.parametrize("removal", REMOVALS)
@pytest.mark.parametrize("foreign", [False, True], ids=["alone", "beside files of others"])
class TestRemoving:
    def test_what_is_behind_links_stays_and_the_links_go(self, store, here, away, zarr_format, removal, foreign):
        build(store, zarr_format, foreign=foreign)
        before = contents(away)
        links = {"g/all": "", "g/array": "array", "g/deep/group": "group", "g/deep/c": "array"}
        for link, target in links.items():
            (here / link).symlink_to(away / target)
        REMOVALS[removal](store, zarr_format)
        assert contents(away) == before
        assert [link for link in links if os.path.lexists(here / link)] == []
        left = [name for name in contents(here) if name.startswith(("g/x/", "g/deep/"))]
        assert left == (["g/deep/notes.txt"] if foreign else [])

    def test_links_with_nothing_of_ours_behind_them_stay(self, store, here, away, zarr_format, removal, foreign):
        build(store, zarr_format, foreign=foreign)
        before = contents(away)
        links = {"g/photos": "photos", "g/deep/photos": "photos", "g/empty": "empty"}
        for link, target in links.items():
            (here / link).symlink_to(away / target)
        REMOVALS[removal](store, zarr_format)
        assert contents(away) == before
        assert {link: os.path.relpath((here / link).readlink(), away) for link in links} == links
        assert not [name for name in contents(here) if name.startswith("g/x/")]

    def test_the_directory_of_the_node_itself(self, store, here, away, zarr_format, removal, foreign):
        """It goes as a name too, whatever else is behind it."""
        opened_root = zarr.open_group(store, mode="a", zarr_format=zarr_format)
        if not foreign:
            (away / "array" / "notes.txt").unlink()
        before = contents(away)
        (here / "g").symlink_to(away / "array")
        assert "g" in opened_root
        REMOVALS[removal](store, zarr_format)
        assert contents(away) == before
        assert not (here / "g").is_symlink()

    def test_a_link_to_what_it_lies_in(self, store, here, zarr_format, removal, foreign):
        """A way up: what is reached through it lies above, and stays."""
        build(store, zarr_format, foreign=foreign).create_array("kept", data=VALUES, chunks=2)
        (here / "g" / "up").symlink_to(here)
        (here / "g" / "self").symlink_to(".")
        REMOVALS[removal](store, zarr_format)
        if not removal.startswith("root"):
            assert zarr.open_array(store, path="kept", mode="r+")[:].tolist() == VALUES.tolist()
        assert not [name for name in contents(here) if name.startswith("g/x/")]


def test_links_to_files_are_names_too(store, here, away, zarr_format):
    root = build(store, zarr_format, foreign=True)
    before = contents(away)
    (here / "g" / "0.0").symlink_to(away / "photos" / "cat.jpg")
    (here / "g" / "link.txt").symlink_to(away / "array" / "notes.txt")
    del root["g"]
    assert contents(away) == before
    assert not os.path.lexists(here / "g" / "0.0")
    assert (here / "g" / "link.txt").is_symlink()


@pytest.mark.parametrize("zarr_format", [3])
def test_elements_are_written_and_erased_behind_links(store, here, away, engine):
    """A link to a directory of chunks is how they are put on another disk."""
    array = zarr.create_array(store, name="a", data=VALUES, chunks=2)
    (here / "a" / "c").rename(away / "chunks")
    (here / "a" / "c").symlink_to(away / "chunks")
    assert array[:].tolist() == VALUES.tolist()
    array[0:2] = 0
    array[2] = 9
    assert sorted(contents(away / "chunks")) == ["1", "2"]
    array.resize((4,))
    assert sorted(contents(away / "chunks")) == ["1"]
    assert array[:].tolist() == [0, 0, 9, 4]
    assert (here / "a" / "c").is_symlink()


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning")
def test_consolidated_metadata_tell_of_no_link_that_is_gone(store, here, away, zarr_format):
    build(store, zarr_format, foreign=True)
    (here / "g" / "array").symlink_to(away / "array")
    zarr.consolidate_metadata(store)
    root = zarr.open_group(store, mode="r+")
    assert "g/array" in root
    before = contents(away)
    del root["g/array"]
    assert contents(away) == before
    for group in (root, zarr.open_group(store, mode="r+")):
        assert sorted(group["g"]) == ["deep", "x"]


@pytest.mark.parametrize("zarr_format", [3])
class TestRequest:
    """What stores answer to the question for links, by either driver."""

    @staticmethod
    def ask(store, prefix):
        def flow():
            return (yield Links(store, prefix))

        answers = [list(run(flow())), list(asyncio.run(run_async(flow())))]
        assert answers[0] == answers[1]
        return answers[0]

    def test_a_directory(self, store, here, away):
        put(store, "a/b/k")
        (here / "a" / "b" / "one").symlink_to(away)
        (here / "a" / "two").symlink_to(away / "array")
        (here / "file").symlink_to(away / "array" / "notes.txt")
        (here / "nowhere").symlink_to(away / "missing")
        assert self.ask(store, "") == ["a/b/one", "a/two"]
        assert self.ask(store, "a/b") == ["a/b/one"]
        assert self.ask(store, "a/two") == ["a/two"]
        for other in ("a/two/c", "missing", "a/b/k", "file"):
            assert self.ask(store, other) == []

    def test_the_root_is_no_link_in_its_store(self, tmp_path, away):
        (tmp_path / "root").symlink_to(away)
        assert self.ask(LocalStore(tmp_path / "root"), "") == []


def test_other_stores_have_no_links():
    memory = MemoryStore()
    put(memory, "a/b")
    for each in (memory, Awaited(memory)):
        assert TestRequest.ask(each, "") == []
