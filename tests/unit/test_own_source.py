"""What is copied is never taken away first, by whatever store and name its place is reached."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.plain_stores import AsyncOnly, Awaited
from zarr._flow.drive import run, run_async
from zarr._flow.requests import Where
from zarr.api import asynchronous
from zarr.errors import ContainsGroupError
from zarr.storage import LocalStore, MemoryStore, StorePath, WrapperStore, ZipStore

DATA = np.arange(1, 25).reshape(4, 6)


@pytest.fixture
def root(engine, any_store, zarr_format):
    """A group with an array of some chunks, and an array in a group."""
    root = zarr.create_group(any_store, zarr_format=zarr_format)
    root.create_array("a", data=DATA, chunks=(2, 3))
    root.create_array("s/b", data=DATA, chunks=(2, 3))
    return root


@pytest.fixture
def local(tmp_path, monkeypatch, zarr_format):
    """The same in `g.zarr` of the working directory."""
    monkeypatch.chdir(tmp_path)
    root = zarr.create_group("g.zarr", zarr_format=zarr_format)
    root.create_array("a", data=DATA, chunks=(2, 3))
    root.create_array("s/b", data=DATA, chunks=(2, 3))
    Path("link.zarr").symlink_to("g.zarr")
    return root


def refuse(root, call, *args, **options):
    """The call is refused, and everything is as it was."""
    before = contents(root.store)
    with pytest.raises(ValueError, match=r"into itself|the source lies where"):
        call(*args, **options)
    assert contents(root.store) == before


def reaching(root):
    """Stores that reach the place of a group in other ways."""
    store = root.store
    twin = _twin(store)
    return store, store.with_read_only(False), twin, Awaited(twin)


def _twin(store):
    if isinstance(store, WrapperStore):
        return Awaited(store._store)
    if isinstance(store, MemoryStore):
        return MemoryStore(store._store_dict)
    if isinstance(store, ZipStore):
        return ZipStore(store.path, mode="a")
    return type(store)(store.root if isinstance(store, LocalStore) else store.path)


class TestFromArray:
    @pytest.mark.parametrize("name", ["a", None, "a/x"])
    def test_it_keeps_its_source(self, root, name):
        for source in (root["a"], zarr.open_array(root.store, path="a", mode="r"), root["a"]._async_array):
            for store in reaching(root):
                refuse(root, zarr.from_array, store, name=name, data=source, overwrite=True)

    def test_its_relatives_do_so_too(self, root):
        a = root["a"]
        refuse(root, zarr.array, a, store=root.store, path="a", overwrite=True)
        refuse(
            root,
            lambda: asyncio.run(asynchronous.from_array(root.store, name="a", data=a, chunks=(4, 6), overwrite=True)),
        )

    def test_what_is_read_into_memory_first_is_not_refused(self, root):
        for store in (
            lambda d: zarr.create_array(root.store, name="a", data=d, overwrite=True),
            lambda d: root.__setitem__("a", d),
            lambda d: zarr.save(root.store, d, path="a"),
            lambda d: zarr.open_array(root.store, path="a", mode="w", data=d),
            lambda d: zarr.from_array(root.store, name="a", data=d[...], overwrite=True),
        ):
            store(root["a"])
            assert (root["a"][:] == DATA).all()

    def test_nor_what_lies_beside_it(self, root):
        for name in ("a2", "s", "A"):
            zarr.from_array(root.store, name=name, data=root["a"], overwrite=True)
            assert (root["a"][:] == DATA).all()
            assert (root[name][:] == DATA).all()

    def test_without_its_data_an_array_may_make_place_for_its_like(self, root):
        made = zarr.from_array(root.store, name="a", data=root["a"], write_data=False, overwrite=True)
        assert made.shape == DATA.shape
        assert not made[:].any()

    def test_names_of_directories(self, local):
        source = local["a"]
        Path("g.zarr/up").symlink_to("../g.zarr")
        for place in (
            "g.zarr/a",
            Path.cwd() / "g.zarr/a",
            f"file://{Path.cwd()}/g.zarr/a",
            "g.zarr/s/../a",
            "link.zarr/a",
            "g.zarr/up/a",
            "g.zarr",
            "link.zarr",
            "g.zarr/a/c",
        ):
            refuse(local, zarr.from_array, place, data=source, overwrite=True)
        through = zarr.open_array("link.zarr/a")
        refuse(local, zarr.from_array, "g.zarr", name="a", data=through, overwrite=True)

    def test_a_link_that_the_source_is_reached_through_goes_with_what_is_replaced(self, local):
        zarr.create_array("away.zarr", data=DATA)
        Path("g.zarr/s/far").symlink_to("../../away.zarr")
        far = zarr.open_array("g.zarr/s/far")
        refuse(local, zarr.from_array, "g.zarr/s", data=far, overwrite=True)
        assert (far[:] == DATA).all()


class TestCopying:
    @pytest.mark.parametrize("if_exists", ["replace", "skip_initialized"])
    def test_a_node_is_not_replaced_by_what_is_in_it(self, root, if_exists):
        for store in reaching(root):
            dest = zarr.open_group(store, mode="r+")
            for call, source, target, options in (
                (zarr.copy, root["a"], dest, {}),
                (zarr.copy, root["s/b"], dest, {"name": "s"}),
                (zarr.copy, root["s/b"], dest["s"], {}),
                (zarr.copy_all, root, dest, {}),
                (zarr.copy_all, root["s"], dest["s"], {}),
                (zarr.copy, root["s/b"], dest, {"name": "s", "chunks": (4, 6)}),
            ):
                refuse(root, call, source, target, if_exists=if_exists, **options)

    def test_nothing_is_copied_before_all_is_looked_at(self, root):
        root.create_array("s/a", data=DATA)
        root.create_array("s/s", data=DATA)
        refuse(root, zarr.copy_all, root["s"], root, if_exists="replace")

    def test_members_may_go_up(self, root):
        assert zarr.copy_all(root["s"], root, if_exists="replace")[0] == 1
        assert (root["b"][:] == DATA).all()
        assert (root["s/b"][:] == DATA).all()

    def test_a_store_that_begins_further_down(self, local):
        inner = zarr.open_array("g.zarr/s/b")
        refuse(local, zarr.copy, inner, local["s"], name="b", if_exists="replace")
        refuse(local, zarr.copy, inner, local, name="s", if_exists="replace")

    def test_keys_are_not_replaced_by_those_beside_them(self, root):
        for source, dest in (("", ""), ("", "a"), ("s", ""), ("s", "s/b")):
            paths = {"source_path": source, "dest_path": dest}
            refuse(root, zarr.copy_store, root.store, root.store, if_exists="replace", **paths)

    def test_a_move_through_a_link(self, local):
        Path("g.zarr/link").symlink_to("s")
        refuse(local, local.move, "s", "link/x")


class TestWhere:
    class Renaming(WrapperStore):
        """Keys below `x` of another store."""

        def _whereabouts(self, path):
            return self._store._whereabouts(f"x/{path}".rstrip("/"))

    def places(self, place):
        def flow():
            return (yield Where(place.store, place.path))

        assert run(flow()) == asyncio.run(run_async(flow()))
        return run(flow())

    def test_a_wrapper_may_say_where_its_keys_are(self):
        memory = MemoryStore()
        assert self.places(StorePath(self.Renaming(memory), "a")) == self.places(StorePath(memory, "x/a"))

    def test_stores_of_others_are_told_apart_by_equality(self):
        one = AsyncOnly()
        assert self.places(StorePath(one, "a")) == self.places(StorePath(one, "a"))
        assert self.places(StorePath(one, "a")) != self.places(StorePath(AsyncOnly(), "a"))
        assert self.places(StorePath(one, "a"))[-1] in self.places(StorePath(one, "a/b"))

    def test_a_directory_need_not_be_there(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        one, two = LocalStore("new/x"), LocalStore(tmp_path / "new")
        assert self.places(StorePath(one))[-1] == self.places(StorePath(two, "x"))[-1]
        assert self.places(StorePath(two))[-1] in self.places(StorePath(one, "y"))


class TestSaving:
    def test_an_array_takes_no_place_of_a_group(self, root):
        for call in (
            lambda: zarr.save(root.store, DATA),
            lambda: zarr.save(root.store, DATA, path="s"),
            lambda: zarr.save_array(root.store, DATA),
            lambda: asyncio.run(asynchronous.save_array(root.store, DATA, path="s")),
        ):
            before = contents(root.store)
            with pytest.raises(ContainsGroupError, match=r"mode='w'"):
                call()
            assert contents(root.store) == before

    def test_unless_that_is_said(self, root):
        zarr.save_array(root.store, DATA, path="s", mode="w")
        assert (root["s"][:] == DATA).all()

    def test_it_takes_that_of_an_array(self, root):
        zarr.save(root.store, DATA + 1, path="a")
        assert (root["a"][:] == DATA + 1).all()
