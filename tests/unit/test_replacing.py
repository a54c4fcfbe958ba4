"""Replaced means replaced: nothing of what was below a path shows in the node that takes its place, or below it.

Also where the old documents are missing, as a program that was killed leaves it, and whatever the old chunks were called.
"""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

import zarr
from tests.suites.calls import collect, get, put
from tests.suites.plain_stores import AsyncOnly, AsyncVersions, Awaited
from zarr._flow.create import create_node
from zarr._flow.drive import run
from zarr._flow.watch import logged
from zarr.api import asynchronous
from zarr.codecs import BytesCodec
from zarr.storage import LocalStore, MemoryStore, StorePath

OLD, NEW = np.arange(1, 7), np.arange(3) + 10
STORES = {
    "memory": lambda path: MemoryStore(),
    "local": lambda path: LocalStore(path / "store"),
    "wrapper": lambda path: Awaited(MemoryStore()),
    "async": lambda path: AsyncOnly(),
    "async with versions": lambda path: AsyncVersions(),
}


@pytest.fixture(params=STORES)
def every_store(request, engine, tmp_path):
    return STORES[request.param](tmp_path)


def keys(store, below="") -> list[str]:
    return sorted(collect(store.list_prefix(below)))


def strays(path: str) -> list[str]:
    """Keys of chunks of every rank and spelling, and documents that make no node."""
    chunks = ["c/0", "c/1/1", "c.0", "c.1.12", "0", "0.0", "3.4.5", "7/8/9", "deep/c/0", "deep/0.0", "flat/c"]
    return [f"{path}/{key}" for key in (*chunks, ".zattrs", ".zmetadata", "deep/er/.zattrs")]


ARRAYS = {
    "create_array": lambda s, f: zarr.create_array(s, name="a", data=NEW, overwrite=True, zarr_format=f),
    "create": lambda s, f: zarr.create(3, store=s, path="a", data=NEW, overwrite=True, zarr_format=f),
    "open_array": lambda s, f: zarr.open_array(s, path="a", mode="w", data=NEW, zarr_format=f),
    "open": lambda s, f: zarr.open(s, path="a", mode="w", data=NEW, zarr_format=f),
    "save": lambda s, f: zarr.save(s, NEW, path="a", zarr_format=f),
    "save_array": lambda s, f: zarr.save_array(s, NEW, path="a", zarr_format=f),
    "from_array": lambda s, f: zarr.from_array(s, name="a", data=NEW, overwrite=True, zarr_format=f),
    "Group.create_array": lambda s, f: root(s, f).create_array("a", data=NEW, overwrite=True),
    "Group[...] =": lambda s, f: root(s, f).__setitem__("a", NEW),
    "copy": lambda s, f: zarr.copy(zarr.create_array({}, data=NEW), root(s, f), name="a", if_exists="replace"),
    "copy of the same format": lambda s, f: zarr.copy(
        zarr.create_array({}, data=NEW, zarr_format=f), root(s, f), name="a", if_exists="replace"
    ),
    "asynchronous": lambda s, f: asyncio.run(
        asynchronous.create_array(s, name="a", data=NEW, overwrite=True, zarr_format=f)
    ),
}
GROUPS = {
    "create_group": lambda s, f: zarr.create_group(s, path="a", overwrite=True, zarr_format=f),
    "open_group": lambda s, f: zarr.open_group(s, path="a", mode="w", zarr_format=f),
    "group": lambda s, f: zarr.group(s, path="a", overwrite=True, zarr_format=f),
    "open": lambda s, f: zarr.open(s, path="a", mode="w", zarr_format=f),
    "Group.create_group": lambda s, f: root(s, f).create_group("a", overwrite=True),
    "Group.require_group": lambda s, f: root(s, f).require_group("a", overwrite=True),
    "copy": lambda s, f: zarr.copy(zarr.create_group({}), root(s, f), name="a", if_exists="replace"),
    "create_hierarchy": lambda s, f: dict(
        zarr.create_hierarchy(store=s, nodes={"a": zarr.create_group({}, zarr_format=f).metadata}, overwrite=True)
    ),
    "asynchronous": lambda s, f: asyncio.run(asynchronous.open_group(s, path="a", mode="w", zarr_format=f)),
}


def root(store, zarr_format):
    return zarr.open_group(store, mode="a", zarr_format=zarr_format)


def of_new(path, zarr_format, *, group=False):
    """Keys of an array with one chunk, or of a group."""
    if zarr_format == 3:
        names = ["zarr.json"] if group else ["zarr.json", "c/0"]
    else:
        names = [".zgroup", ".zattrs"] if group else [".zarray", ".zattrs", "0"]
    return sorted(f"{path}/{name}" for name in names)


class Elsewhere(BytesCodec):
    """A codec that needs a package which is not installed."""

    @classmethod
    def from_dict(cls, data):
        raise ImportError("no such package")


class TestStrays:
    @pytest.mark.parametrize("call", ARRAYS)
    def test_an_array_over_what_a_killed_program_left(self, every_store, zarr_format, call):
        for key in strays("a"):
            put(every_store, key)
        ARRAYS[call](every_store, zarr_format)
        assert keys(every_store, "a/") == of_new("a", zarr_format)
        assert zarr.open_array(every_store, path="a", mode="r+")[:].tolist() == NEW.tolist()

    @pytest.mark.parametrize("call", GROUPS)
    def test_a_group_over_what_a_killed_program_left(self, every_store, zarr_format, call):
        for key in strays("a"):
            put(every_store, key)
        GROUPS[call](every_store, zarr_format)
        assert keys(every_store, "a/") == of_new("a", zarr_format, group=True)
        below = zarr.create_array(every_store, name="a/deep", shape=6, chunks=2, dtype="i8")
        assert not below[:].any()

    def test_the_root(self, every_store, zarr_format):
        for path in ("a", "b/c"):
            for key in strays(path):
                put(every_store, key)
        zarr.open_group(every_store, mode="w", zarr_format=zarr_format)
        assert keys(every_store) == ([".zattrs", ".zgroup"] if zarr_format == 2 else ["zarr.json"])

    def test_what_has_its_document_still(self, every_store, zarr_format):
        old = zarr.create_group(every_store, zarr_format=zarr_format).create_group("a")
        old.create_array("x/y", data=OLD, chunks=2)
        put(every_store, "a/x/y/9.9")
        zarr.create_array(every_store, name="a", data=NEW, overwrite=True, zarr_format=zarr_format)
        assert keys(every_store, "a/") == of_new("a", zarr_format)

    def test_deleting_takes_them_too(self, every_store, zarr_format):
        group = zarr.create_group(every_store, zarr_format=zarr_format)
        for key in strays("a"):
            put(every_store, key)
        group.create_group("a")
        del group["a"]
        assert keys(every_store, "a/") == []

    def test_files_of_others_stay(self, every_store, zarr_format):
        for key in ("a/notes.txt", "a/deep/01", "a/c/x", "a/0.", "a/c.", "a/-1", "a/1.0e5", "a/cc"):
            put(every_store, key)
        zarr.create_array(every_store, name="a", data=NEW, overwrite=True, zarr_format=zarr_format)
        kept = ["a/-1", "a/0.", "a/1.0e5", "a/c.", "a/c/x", "a/cc", "a/deep/01", "a/notes.txt"]
        assert keys(every_store, "a/") == sorted([*kept, *of_new("a", zarr_format)])

    def test_beside_a_node_that_cannot_be_read_they_stay_too(self, every_store):
        zarr.registry.register_codec("test.elsewhere", Elsewhere)
        group = zarr.create_group(every_store)
        group.create_array("g/a", data=OLD, chunks=2)
        document = json.loads(get(every_store, "g/a/zarr.json"))
        put(every_store, "g/a/zarr.json", json.dumps(document | {"codecs": [{"name": "test.elsewhere"}]}).encode())
        put(every_store, "g/notes.txt")
        del group["g"]
        assert keys(every_store, "g/") == ["g/notes.txt"]


class TestPlainCreation:
    """Without `overwrite` nothing is looked for and nothing is taken away: chunks may be stored before their document."""

    def test_chunks_that_are_there_are_the_chunks_of_the_new_array(self, every_store):
        put(every_store, "a/c/1", np.array([7, 8], "<i8").tobytes())
        options = {"shape": 4, "chunks": 2, "dtype": "i8", "compressors": None}
        assert zarr.create_array(every_store, name="a", **options)[:].tolist() == [0, 0, 7, 8]

    def test_it_lists_nothing(self, every_store, zarr_format):
        shown = []
        metadata = zarr.create_array({}, data=NEW, zarr_format=zarr_format).metadata
        run(logged(create_node(StorePath(every_store, "a"), metadata, overwrite=False), shown.append))
        assert not {"Keys", "Names"} & {type(request).__name__ for request in shown}


class Killed(BaseException):
    """Ends a flow where a process would have died."""


class Mortal:
    """Counts what a store is asked to change, and dies before one of these changes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.left = None

    def _step(self):
        if self.left is not None:
            if self.left == 0:
                raise Killed
            self.left -= 1

    async def set(self, key, value):
        self._step()
        await super().set(key, value)

    async def delete(self, key):
        self._step()
        await super().delete(key)


class MortalStore(Mortal, AsyncOnly):
    pass


def build(store, zarr_format, foreign):
    group = zarr.create_group(store, zarr_format=zarr_format)
    group.create_array("a", data=OLD, chunks=2, attributes={"old": 1})
    group.create_array("g/x/y", data=OLD, chunks=2)
    if foreign:
        put(store, "a/notes.txt")
        put(store, "g/x/notes.txt")
    return store


@pytest.mark.parametrize("foreign", [False, True], ids=["alone", "beside files of others"])
@pytest.mark.parametrize("target", ["a", "g"])
def test_an_interrupted_overwrite_leaves_the_old_or_nothing_or_the_new(engine, zarr_format, foreign, target):
    """Killed before every single change, in a store that deletes one value after the other. Then it is done again."""
    for step in range(100):
        store = build(MortalStore(), zarr_format, foreign)
        store.left = step
        try:
            zarr.create_array(
                store, name=target, shape=6, chunks=2, dtype="i8", overwrite=True, zarr_format=zarr_format
            )
        except Killed:
            pass
        else:
            break
        store.left = None
        check_one_state(store, target, step)
        again = zarr.create_array(
            store, name=target, shape=6, chunks=2, dtype="i8", overwrite=True, zarr_format=zarr_format
        )
        assert not again[:].any()
    assert 4 < step < 99
    assert not zarr.open_array(store, path=target, mode="r+")[:].any()
    assert get(store, "a/notes.txt") == (b"x" if foreign else None)


def check_one_state(store, target, step):
    group = zarr.open_group(store, mode="r+", use_consolidated=False)
    if target in group:
        node = group[target]
        if isinstance(node, zarr.Group):
            assert step == 0
            node = node["x/y"]
        if step:
            assert not node[:].any()
            assert dict(node.attrs) == {}
        else:
            assert node[:].tolist() == OLD.tolist()


def test_a_group_on_the_way_that_nobody_named_is_not_replaced(every_store, zarr_format):
    """`create_hierarchy(overwrite=True)` makes the groups that are missing, and leaves what lies below them."""
    zarr.create_array(every_store, name="x/kept", data=OLD, zarr_format=zarr_format)
    for name in ("zarr.json", ".zgroup", ".zattrs"):
        asyncio.run(every_store.delete(f"x/{name}"))
    blank = zarr.create_array({}, shape=1, dtype="i1", zarr_format=zarr_format).metadata
    dict(zarr.create_hierarchy(store=every_store, nodes={"x/new": blank}, overwrite=True))
    group = zarr.open_group(every_store, mode="r+")
    assert sorted(group["x"]) == ["kept", "new"]
    assert group["x/kept"][:].tolist() == OLD.tolist()
