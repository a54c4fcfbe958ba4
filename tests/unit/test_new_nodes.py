"""New nodes: the format that they get, what a creation that fails leaves, and what opening and asking does not create."""

from __future__ import annotations

import asyncio
import errno

import numpy as np
import pytest

import zarr
from tests.samples import contents
from tests.suites.calls import shown
from zarr._flow.create import create_node
from zarr._flow.drive import run
from zarr._flow.requests import Fetch
from zarr._flow.watch import logged
from zarr._store.path import StorePath
from zarr.api import asynchronous
from zarr.errors import ArrayNotFoundError, ContainsArrayError, ContainsGroupError, GroupNotFoundError
from zarr.storage import MemoryStore

DATA = np.arange(3)

BELOW = {
    "create_array": lambda s, p: zarr.create_array(s, name=p, data=DATA),
    "create": lambda s, p: zarr.create(3, store=s, path=p),
    "zeros": lambda s, p: zarr.zeros(3, store=s, path=p),
    "array": lambda s, p: zarr.array(DATA, store=s, path=p),
    "from_array": lambda s, p: zarr.from_array(s, name=p, data=DATA),
    "open_array": lambda s, p: zarr.open_array(s, path=p, mode="a", shape=3, dtype="i4"),
    "open_array, w": lambda s, p: zarr.open_array(s, path=p, mode="w", shape=3, dtype="i4"),
    "open, array": lambda s, p: zarr.open(s, path=p, mode="a", shape=3, dtype="i4"),
    "open, group": lambda s, p: zarr.open(s, path=p, mode="a"),
    "open_group": lambda s, p: zarr.open_group(s, path=p, mode="a"),
    "open_group, w": lambda s, p: zarr.open_group(s, path=p, mode="w"),
    "create_group": lambda s, p: zarr.create_group(s, path=p),
    "group": lambda s, p: zarr.group(s, path=p),
    "save": lambda s, p: zarr.save(s, DATA, path=p),
    "save_array": lambda s, p: zarr.save_array(s, DATA, path=p),
    "save_group": lambda s, p: zarr.save_group(s, DATA, path=p),
    "a place": lambda s, p: zarr.create_array(StorePath(s, p), data=DATA),
    "asynchronous array": lambda s, p: asyncio.run(asynchronous.create_array(s, name=p, data=DATA)),
    "asynchronous group": lambda s, p: asyncio.run(asynchronous.open_group(s, path=p)),
}


class TestFormat:
    @pytest.mark.parametrize("path", ["a", "g/a", "g/x/y/a"])
    @pytest.mark.parametrize("call", BELOW)
    def test_it_is_that_of_the_nearest_group_above(self, store, zarr_format, call, path):
        group = zarr.create_group(store, zarr_format=zarr_format)
        group.create_group("g")
        BELOW[call](store, path)
        assert path in dict(zarr.open_group(store).members(max_depth=None))
        assert zarr.open(store, path=path).metadata.zarr_format == zarr_format

    def test_the_nearest_decides(self, store):
        zarr.create_group(store, zarr_format=3)
        zarr.create_group(store, path="two", zarr_format=2)
        assert zarr.create_array(store, name="two/a", data=DATA).metadata.zarr_format == 2
        assert zarr.create_array(store, name="three", data=DATA).metadata.zarr_format == 3

    @pytest.mark.parametrize("other", [2, 3])
    def test_what_is_asked_for_goes_first(self, store, zarr_format, other):
        zarr.create_group(store, zarr_format=zarr_format)
        for call in (
            lambda: zarr.create_array(store, name="a", data=DATA, zarr_format=other),
            lambda: zarr.open_group(store, path="b", mode="a", zarr_format=other),
            lambda: zarr.open_array(store, path="c", mode="a", shape=3, dtype="i4", zarr_format=other),
        ):
            assert call().metadata.zarr_format == other

    def test_without_one_above_it_is_the_default(self, store):
        with zarr.config.set({"default_zarr_format": 2}):
            assert zarr.open_group(store, path="x/y", mode="a").metadata.zarr_format == 2
            assert zarr.open_group(store, mode="r").metadata.zarr_format == 2
        assert zarr.save({}, DATA, path="a") is None

    def test_keywords_are_read_in_that_format(self, store):
        zarr.create_group(store, zarr_format=2)
        array = zarr.create(3, store=store, path="a", dimension_separator="/", order="F", dtype="i4")
        assert (array.metadata.zarr_format, array.metadata.order) == (2, "F")
        with pytest.raises(ValueError, match="no shards"):
            zarr.create_array(store, name="b", shape=8, chunks=2, shards=4, dtype="i4")

    @pytest.mark.parametrize(("path", "most"), [("", 4), ("a", 4 + 1), ("g/a", 4 + 1)])
    def test_it_takes_no_more_reads_than_the_creation_itself(self, path, most):
        """Four for what may be there already, and one for a group above."""
        store = MemoryStore()
        if path:
            zarr.create_group(store, path=path.rpartition("/")[0])
        reads = []

        def count(request):
            reads.extend(request.reads if isinstance(request, Fetch) else ())

        metadata = zarr.create_array({}, data=DATA).metadata
        run(logged(create_node(StorePath(store, path), metadata, overwrite=False), count))
        assert len(reads) == most


class TestFailures:
    @pytest.mark.parametrize(
        "call",
        [
            lambda s: zarr.create_array(s, name="x/y/a", shape=4, dtype="i4", chunks=0),
            lambda s: zarr.create_array(s, name="x/y/a", shape=4, dtype="i4", compressors="nope"),
            lambda s: zarr.create_array(s, name="x/y/a", shape=4, dtype="i4", attributes={"a": object()}),
            lambda s: zarr.create_array(s, name="x/y/a", data=np.array(["a", 1], object), dtype="i4"),
            lambda s: zarr.create_array(s, name="x/y/zarr.json", data=DATA),
            lambda s: zarr.create_array(s, name="x/zarr.json/a", data=DATA),
            lambda s: zarr.create_array(s, name="x/../a", data=DATA),
            lambda s: zarr.create_array(s, name="x/y\0/a", data=DATA),
            lambda s: zarr.create_group(s, path="x/y/g", attributes={"a": {1, 2}}),
            lambda s: zarr.create_group(s, path="x/y/g", attributes={1: 2}),
            lambda s: zarr.open_array(s, path="x/y/a", mode="a", shape=4, dtype="nope"),
            lambda s: zarr.open_array(s, path="x/y/a", mode="r"),
            lambda s: zarr.open_array(s, path="x/y/a", mode="a"),
            lambda s: zarr.open_group(s, path="x/y", mode="r+"),
            lambda s: zarr.open_consolidated(s, path="x/y"),
            lambda s: zarr.open_consolidated(s, path="x/y", mode="a"),
            lambda s: zarr.open_consolidated(s, path="x/y", mode="w"),
            lambda s: zarr.open_consolidated(s, path="x/y", mode="w-"),
            lambda s: zarr.open_consolidated(s, path="x/y", use_consolidated=False),
            lambda s: zarr.open_group(s, path="x/y", mode="a", use_consolidated=True),
            lambda s: zarr.open(s, path="x/y", mode="a", use_consolidated=True),
            lambda s: asyncio.run(asynchronous.open_consolidated(s, path="x/y")),
        ],
    )
    def test_nothing_is_left(self, store, call):
        with pytest.raises((ValueError, TypeError)):
            call(store)
        assert contents(store) == {}

    def test_nor_where_something_is_in_the_way(self, store, zarr_format):
        zarr.create_array(store, name="a", data=DATA, zarr_format=zarr_format)
        before = contents(store)
        for call in (
            lambda: zarr.create_array(store, name="a/x/y", data=DATA),
            lambda: zarr.create_array(store, name="a/x/y", data=DATA, overwrite=True),
            lambda: zarr.open_group(store, path="a/x/y", mode="a"),
            lambda: zarr.open_group(store).require_group("a/x"),
            lambda: zarr.open_group(store).require_array("a/x", shape=3, dtype="i4"),
        ):
            with pytest.raises(ContainsArrayError, match="nothing can be created below it"):
                call()
        assert contents(store) == before

    def test_groups_that_were_made_before_the_store_failed_are_gone_unless_somebody_uses_them(self, zarr_format):
        class Full(MemoryStore):
            def put(self, key, value, **kwargs):
                if key.startswith("x/y/a/"):
                    raise OSError(errno.ENOSPC, "No space left on device")
                return super().put(key, value, **kwargs)

        store = Full()
        with pytest.raises(OSError, match="No space"):
            zarr.create_array(store, name="x/y/a", data=DATA, zarr_format=zarr_format)
        assert not store._store_dict

        def put_beside(key, value, **kwargs):
            if key.startswith("x/y/a/"):
                MemoryStore.put(store, "x/other", value)
                raise OSError(errno.ENOSPC, "No space left on device")
            return MemoryStore.put(store, key, value, **kwargs)

        store.put = put_beside
        with pytest.raises(OSError, match="No space"):
            zarr.create_array(store, name="x/y/a", data=DATA, zarr_format=zarr_format)
        assert list(zarr.open_group(store, mode="r")) == ["x"]
        assert not any(key.startswith("x/y/") for key in store._store_dict)


class TestOpenConsolidated:
    def test_it_replaces_nothing(self, store):
        zarr.create_array(store, name="a", data=DATA)
        before = contents(store)
        for mode in ("w", "w-"):
            with pytest.raises(ValueError, match="makes a new group"):
                zarr.open_consolidated(store, mode=mode)
        with pytest.raises(ValueError, match=r"not found at path ''.*zarr.consolidate_metadata"):
            zarr.open_consolidated(store)
        assert contents(store) == before

    def test_a_group_that_is_not_there_is_not_found(self, store):
        with pytest.raises(GroupNotFoundError):
            zarr.open_consolidated(store)
        with pytest.raises(TypeError, match="must be True"):
            zarr.open_consolidated(store, use_consolidated=False)


class TestTheGroupItself:
    @pytest.mark.parametrize("name", ["/", "", "//"])
    def test_it_is_found_under_its_own_path(self, store, zarr_format, name):
        group = zarr.create_group(store, zarr_format=zarr_format).create_group("g")
        array = group.create_array("a", data=DATA)
        before = contents(store)
        for same in (group[name], group.get(name), group.get_group(name), group.require_group(name)):
            assert (same.path, list(same)) == ("g", ["a"])
        assert group.require_groups("/", "/") == (group, group)
        assert name in group
        with pytest.raises(ContainsGroupError):
            group.get_array(name)
        for refused in (
            lambda: group.create_group(name),
            lambda: group.create_group(name, overwrite=True),
            lambda: group.require_group(name, overwrite=True),
            lambda: group.create_array(name, data=DATA, overwrite=True),
        ):
            with pytest.raises(ValueError, match=r"but the group itself.*zarr\.create_group\(.*overwrite=True\)"):
                refused()
        assert contents(store) == before
        assert array[:].tolist() == DATA.tolist()


WRONG_NAMES = [b"x", 5, 1.5, True, ("a",), ["a"], {"a": 1}, object()]


@pytest.mark.parametrize("name", WRONG_NAMES, ids=shown)
@pytest.mark.parametrize(
    "call",
    [
        lambda s, n: zarr.create_array(s, name=n, data=DATA),
        lambda s, n: zarr.create_array(s, name=n, data=DATA, overwrite=True),
        lambda s, n: zarr.create_group(s, path=n),
        lambda s, n: zarr.open_group(s, path=n),
        lambda s, n: zarr.open_array(s, path=n, shape=3, dtype="i4"),
        lambda s, n: zarr.open(s, path=n),
        lambda s, n: zarr.save(s, DATA, path=n),
        lambda s, n: zarr.from_array(s, data=DATA, name=n),
        lambda s, n: zarr.open_group(s).create_array(n, data=DATA),
        lambda s, n: zarr.open_group(s).create_group(n),
        lambda s, n: zarr.open_group(s).require_group(n),
        lambda s, n: zarr.open_group(s).require_array(n, shape=3, dtype="i4"),
        lambda s, n: zarr.open_group(s).move("a", n),
        lambda s, n: zarr.open_group(s).move(n, "b"),
        lambda s, n: zarr.copy(zarr.create_array({}, data=DATA), zarr.open_group(s), name=n),
        lambda s, n: asyncio.run(asynchronous.create_array(s, name=n, data=DATA)),
    ],
)
def test_names_are_strings(store, call, name):
    zarr.create_array(store, name="a", data=DATA)
    before = contents(store)
    with pytest.raises(TypeError, match="named by a string"):
        call(store, name)
    assert contents(store) == before


def test_a_hierarchy_of_which_one_node_cannot_be_stored_is_not_begun(store, zarr_format):
    blank = zarr.create_array({}, shape=1, dtype="i1", zarr_format=zarr_format).metadata
    odd = blank.with_attributes({"a": object()})
    for nodes in ({"a": blank, "x/b": odd}, {"a": blank, "x/zarr.json": blank}):
        with pytest.raises((TypeError, ValueError)):
            dict(zarr.create_hierarchy(store=store, nodes=nodes))
        assert contents(store) == {}


def test_names_of_hierarchies_are_strings(store):
    blank = zarr.create_array({}, shape=1, dtype="i1").metadata
    with pytest.raises(TypeError, match="named by a string"):
        zarr.create_hierarchy(store=store, nodes={b"x": blank})
    assert contents(store) == {}


class TestRequiring:
    def test_unknown_keywords_are_errors_also_where_the_array_exists(self, store):
        group = zarr.create_group(store)
        group.create_array("a", data=DATA)
        for name in ("a", "new"):
            with pytest.raises(TypeError, match="'colour'"):
                group.require_array(name, shape=3, dtype="i8", colour=1)
        assert list(group) == ["a"]

    def test_what_says_overwrite_would_not_be_done(self, store):
        group = zarr.create_group(store)
        group.create_array("a", data=DATA)
        for name in ("a", "new"):
            for call in (
                lambda name=name: group.require_array(name, shape=3, dtype="i8", overwrite=True),
                lambda name=name: zarr.open_array(store, path=name, mode="a", shape=3, dtype="i8", overwrite=True),
                lambda name=name: zarr.open_array(store, path=name, mode="r+", overwrite=True),
                lambda name=name: zarr.open_array(store, path=name, mode="w", shape=3, dtype="i8", overwrite=False),
                lambda name=name: zarr.open(store, path=name, mode="a", overwrite=True),
            ):
                with pytest.raises(TypeError, match="overwrite"):
                    call()
        assert list(group) == ["a"]
        assert group["a"][:].tolist() == DATA.tolist()

    def test_options_of_remote_stores_are_errors(self, store):
        group = zarr.create_group(store)
        with pytest.raises(TypeError, match="storage_options"):
            group.create_array("a", data=DATA, storage_options={"anon": True})
        assert list(group) == []

    def test_a_node_of_another_format_is_in_the_way(self, store, zarr_format):
        other = 5 - zarr_format
        zarr.create_group(store, path="g", zarr_format=other)
        zarr.create_array(store, name="a", data=DATA, zarr_format=other)
        for call, error in (
            (lambda: zarr.open_group(store, path="g", mode="a", zarr_format=zarr_format), ContainsGroupError),
            (lambda: zarr.open_group(store, path="a", mode="a", zarr_format=zarr_format), ContainsArrayError),
            (
                lambda: zarr.open_array(store, path="a", mode="a", shape=3, dtype="i8", zarr_format=zarr_format),
                ContainsArrayError,
            ),
        ):
            with pytest.raises(error):
                call()
        with pytest.raises(ArrayNotFoundError):
            zarr.open_array(store, path="b", mode="a")
