"""The synchronous and the asynchronous face of one thing: the same results, the same stored bytes. Whatever is new has to be given a row."""

import asyncio
import contextlib
import inspect
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import zarr
from tests.suites.faces import ARRAY_CALLED, CALLED, FUNCTIONS
from zarr.api import asynchronous, synchronous
from zarr.storage import MemoryStore


class Sync:
    """Calls of the synchronous face."""

    api = synchronous

    @staticmethod
    def do(owner, name, /, *args, **kwargs):
        found = getattr(owner, name)
        result = found(*args, **kwargs) if callable(found) else found
        return list(result) if isinstance(result, Iterator) else result

    @staticmethod
    def array(array):
        return array

    group = array


class Async:
    """The same calls of the asynchronous face."""

    api = asynchronous

    @staticmethod
    def do(owner, name, /, *args, **kwargs):
        called = ARRAY_CALLED if isinstance(owner, zarr.AsyncArray) else CALLED
        result = getattr(owner, called.get(name, name))
        result = result(*args, **kwargs) if callable(result) else result
        if inspect.isasyncgen(result):
            return asyncio.run(collected(result))
        return asyncio.run(awaited(result)) if inspect.isawaitable(result) else result

    @staticmethod
    def array(array):
        return array.async_array

    @staticmethod
    def group(group):
        return group._async_group


async def collected(generator):
    return [each async for each in generator]


async def awaited(awaitable):
    return await awaitable


class Scene:
    """A store with some nodes, and the faces that a row works on."""

    def __init__(self, face, zarr_format):
        self.face, self.do, self.api, self.format = face, face.do, face.api, zarr_format
        self.store, self.other = MemoryStore(), MemoryStore()
        root = zarr.create_group(self.store, zarr_format=zarr_format, attributes={"title": ["x", 1]})
        array = root.create_array("a", shape=(4, 6), chunks=(2, 3), dtype="i4", fill_value=7, attributes={"u": "m"})
        array[:3] = np.arange(18).reshape(3, 6)
        root.create_group("b").create_array("c", shape=5, dtype="f8", fill_value=1.5)
        self.root, self.a, self.b = face.group(root), face.array(array), face.group(root["b"])
        self.empty = face.group(zarr.create_group(self.other, zarr_format=zarr_format))

    def consolidated(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.face.group(zarr.consolidate_metadata(self.store))

    def function(self, name, /, *args, **kwargs):
        return self.do(self.api, name, *args, **kwargs)


def twice(scene, *calls):
    """Several calls, of which the last counts."""
    for call in calls:
        result = call(scene)
    return result


ROWS = {
    "Array.append": [
        lambda s: s.do(s.a, "append", np.ones((2, 6))),
        lambda s: s.do(s.a, "append", [[1], [2], [3], [4]], axis=-1),
        lambda s: s.do(s.a, "append", [1, 2]),
        lambda s: s.do(s.a, "append", np.ones((2, 6)), axis=2),
    ],
    "Array.explain": [
        lambda s: str(s.do(s.a, "explain")),
        lambda s: str(s.do(s.a, "explain", slice(1, 3), ask=True)),
        lambda s: s.do(s.a, "explain", 9),
    ],
    "Array.from_dict": [lambda s: s.do(type(s.a), "from_dict", s.a.store_path, s.a.metadata.to_dict())],
    "Array.get_basic_selection": [
        lambda s: s.do(s.a, "get_basic_selection", ...),
        lambda s: s.do(s.a, "get_basic_selection", (slice(1, 4), -1)),
        lambda s: s.do(s.a, "get_basic_selection", (2, 2)),
        lambda s: s.do(s.a, "get_basic_selection", 9),
        lambda s: s.do(s.a, "get_basic_selection", [0, 1]),
    ],
    "Array.set_basic_selection": [
        lambda s: s.do(s.a, "set_basic_selection", (slice(1, 4), 0), [1, 2, 3]),
        lambda s: s.do(s.a, "set_basic_selection", ..., 7),
        lambda s: s.do(s.a, "set_basic_selection", 0, [1, 2]),
    ],
    "Array.get_orthogonal_selection": [
        lambda s: s.do(s.a, "get_orthogonal_selection", ([0, 3], [5, 0, 5])),
        lambda s: s.do(s.a, "get_orthogonal_selection", ([0, 4], 1)),
        lambda s: s.do(s.a, "get_orthogonal_selection", 0, fields="f"),
    ],
    "Array.get_coordinate_selection": [
        lambda s: s.do(s.a, "get_coordinate_selection", ([0, 3], [5, 0])),
        lambda s: s.do(s.a, "get_coordinate_selection", ([0, 3], [5, 0, 1])),
    ],
    "Array.get_mask_selection": [
        lambda s: s.do(s.a, "get_mask_selection", np.arange(24).reshape(4, 6) % 5 == 0),
        lambda s: s.do(s.a, "get_mask_selection", [True]),
    ],
    "Array.info_complete": [lambda s: s.do(s.a, "info_complete")],
    "Array.nbytes_stored": [lambda s: s.do(s.a, "nbytes_stored")],
    "Array.nchunks_initialized": [lambda s: s.do(s.a, "nchunks_initialized")],
    "Array.open": [
        lambda s: s.do(type(s.a), "open", s.a.store_path, config={"order": "F"}) if s.format == 3 else None,
        lambda s: s.do(type(s.a), "open", s.b.store_path) if s.format == 3 else None,
    ],
    "Array.resize": [
        lambda s: s.do(s.a, "resize", (2, 7)),
        lambda s: s.do(s.a, "resize", 3),
        lambda s: twice(s, lambda s: s.do(s.a, "resize", (1, 1)), lambda s: s.do(s.a, "resize", (4, 6))),
    ],
    "Array.update_attributes": [
        lambda s: s.do(s.a, "update_attributes", {"v": (1, 2)}),
        lambda s: s.do(s.a, "update_attributes", {1: 2}),
        lambda s: s.do(s.a, "update_attributes", {"v": {1}}),
    ],
    "Array.with_config": [
        lambda s: s.do(s.a, "with_config", {"order": "F"}),
        lambda s: s.do(s.a, "with_config", {"colour": "F"}),
    ],
    "Group.__contains__": [
        lambda s: [s.do(s.root, "__contains__", name) for name in ("a", "b/c", "x", "b/x", 5)],
        lambda s: [s.do(s.consolidated(), "__contains__", name) for name in ("a", "b/c", "x")],
    ],
    "Group.__delitem__": [
        lambda s: s.do(s.root, "__delitem__", "b"),
        lambda s: s.do(s.root, "__delitem__", "x"),
        lambda s: s.do(s.root, "__delitem__", ""),
        lambda s: s.do(s.root, "__delitem__", 3),
        lambda s: s.do(s.consolidated(), "__delitem__", "b"),
    ],
    "Group.__getitem__": [
        lambda s: s.do(s.root, "__getitem__", "a"),
        lambda s: s.do(s.root, "__getitem__", "/b//c/"),
        lambda s: s.do(s.root, "__getitem__", "x"),
        lambda s: s.do(s.root, "__getitem__", 3),
        lambda s: s.do(s.consolidated(), "__getitem__", "b"),
    ],
    "Group.__setitem__": [
        lambda s: s.do(s.root, "__setitem__", "new/d", np.arange(3)),
        lambda s: s.do(s.root, "__setitem__", "b", np.arange(3)),
        lambda s: s.do(s.root, "__setitem__", "d", [1, 2]),
    ],
    "Group.array_keys": [lambda s: s.do(s.root, "array_keys")],
    "Group.array_values": [lambda s: s.do(s.root, "array_values")],
    "Group.arrays": [lambda s: s.do(s.root, "arrays"), lambda s: s.do(s.consolidated(), "arrays")],
    "Group.create_array": [
        lambda s: s.do(s.root, "create_array", "n/d", shape=(4, 4), chunks=2, dtype="u1", attributes={"x": 1}),
        lambda s: s.do(s.root, "create_array", "a", data=np.arange(3), overwrite=True, fill_value=1),
        lambda s: s.do(s.root, "create_array", "d", data=np.arange(3), write_data=False, compressor=None),
        lambda s: s.do(s.root, "create_array", "d", shape=3, dtype="i1", compressor=None, compressors=None),
        lambda s: s.do(s.root, "create_array", "a", shape=3, dtype="i1"),
        lambda s: s.do(s.root, "create_array", "d", shape=3, dtype="i1", colour=1),
        lambda s: s.do(s.root, "create_array", "", shape=3, dtype="i1"),
        lambda s: s.do(s.root, "create_array", "d"),
    ],
    "Group.create_group": [
        lambda s: s.do(s.root, "create_group", "x/y", attributes={"a": 1}),
        lambda s: s.do(s.root, "create_group", "b", overwrite=True),
        lambda s: s.do(s.root, "create_group", "b"),
        lambda s: s.do(s.root, "create_group", "a/x"),
    ],
    "Group.create_hierarchy": [
        lambda s: s.do(s.b, "create_hierarchy", {"d/e": s.a.metadata, "f": s.empty.metadata}),
        lambda s: s.do(s.root, "create_hierarchy", {"": s.empty.metadata, "k": s.empty.metadata}, overwrite=True),
        lambda s: s.do(s.root, "create_hierarchy", {"": s.empty.metadata}),
        lambda s: s.do(s.root, "create_hierarchy", {"k": 3}),
        lambda s: s.do(s.root, "create_hierarchy", {"k": s.a.metadata, "k/l": s.a.metadata}),
    ],
    "Group.empty": [lambda s: s.do(s.root, "empty", name="e", shape=(3, 4), dtype="i2", chunks=(2, 2))],
    "Group.zeros": [lambda s: s.do(s.root, "zeros", name="e", shape=3)],
    "Group.ones": [lambda s: s.do(s.root, "ones", name="e", shape=3)],
    "Group.full": [lambda s: s.do(s.root, "full", name="e", shape=3, fill_value=2.5)],
    "Group.empty_like": [
        lambda s: s.do(s.root, "empty_like", name="e", data=s.a),
        lambda s: s.do(s.root, "empty_like", name="e", data=s.a, dtype="f4"),
        lambda s: s.do(s.root, "empty_like", name="e", data=np.ones(3, "i2"), chunks=2),
    ],
    "Group.zeros_like": [lambda s: s.do(s.root, "zeros_like", name="e", data=s.a)],
    "Group.ones_like": [lambda s: s.do(s.root, "ones_like", name="e", data=s.a)],
    "Group.full_like": [
        lambda s: s.do(s.root, "full_like", name="e", data=s.a),
        lambda s: s.do(s.root, "full_like", name="e", data=s.a, fill_value=3),
    ],
    "Group.from_store": [
        lambda s: s.do(type(s.root), "from_store", s.other, overwrite=True, attributes={"x": 1}, zarr_format=s.format),
        lambda s: s.do(type(s.root), "from_store", s.other, zarr_format=s.format),
    ],
    "Group.get": [
        lambda s: s.do(s.root, "get", "a"),
        lambda s: s.do(s.root, "get", "x"),
        lambda s: s.do(s.root, "get", "x", 5),
        lambda s: s.do(s.root, "get", 3),
    ],
    "Group.get_array": [
        lambda s: s.do(s.root, "get_array", "b/c"),
        lambda s: s.do(s.root, "get_array", "b"),
        lambda s: s.do(s.root, "get_array", "x"),
        lambda s: s.do(s.root, "get_array", ""),
    ],
    "Group.get_group": [
        lambda s: s.do(s.root, "get_group", "b"),
        lambda s: s.do(s.root, "get_group", "a"),
        lambda s: s.do(s.root, "get_group", "x"),
    ],
    "Group.group_keys": [lambda s: s.do(s.root, "group_keys")],
    "Group.group_values": [lambda s: s.do(s.root, "group_values")],
    "Group.groups": [lambda s: s.do(s.root, "groups")],
    "Group.items": [lambda s: s.do(s.root, "items"), lambda s: s.do(s.consolidated(), "items")],
    "Group.values": [lambda s: s.do(s.root, "values")],
    "Group.info_complete": [
        lambda s: s.do(s.root, "info_complete"),
        lambda s: s.do(s.consolidated(), "info_complete"),
    ],
    "Group.keys": [lambda s: s.do(s.root, "keys"), lambda s: s.do(s.consolidated(), "keys")],
    "Group.members": [
        lambda s: s.do(s.root, "members"),
        lambda s: s.do(s.root, "members", max_depth=None),
        lambda s: s.do(s.root, "members", -1),
        lambda s: s.do(s.consolidated(), "members", None),
        lambda s: s.do(s.consolidated(), "members", None, use_consolidated_for_children=False),
    ],
    "Group.move": [
        lambda s: s.do(s.root, "move", "b", "x/y"),
        lambda s: s.do(s.root, "move", "b", "b/y"),
        lambda s: s.do(s.root, "move", "x", "y"),
        lambda s: s.do(s.root, "move", "a", "b"),
    ],
    "Group.nmembers": [lambda s: [s.do(s.root, "nmembers"), s.do(s.root, "nmembers", max_depth=None)]],
    "Group.open": [
        lambda s: s.do(type(s.root), "open", s.store, s.format),
        lambda s: s.do(type(s.root), "open", s.store, 5 - s.format),
        lambda s: s.do(type(s.root), "open", s.a.store_path, s.format),
    ],
    "Group.require_array": [
        lambda s: s.do(s.root, "require_array", "a", shape=(4, 6)),
        lambda s: s.do(s.root, "require_array", "d", shape=(4, 6), dtype="i2", chunks=(2, 2), config={"order": "F"}),
        lambda s: s.do(s.root, "require_array", "a", shape=(4, 6), dtype="i8", exact=True),
        lambda s: s.do(s.root, "require_array", "a", shape=4),
        lambda s: s.do(s.root, "require_array", "b", shape=4),
    ],
    "Group.require_group": [
        lambda s: s.do(s.root, "require_group", "b"),
        lambda s: s.do(s.root, "require_group", "b", True),
        lambda s: s.do(s.root, "require_group", "x/y", overwrite=True),
        lambda s: s.do(s.root, "require_group", "a"),
        lambda s: s.do(s.b, "require_group", "/"),
        lambda s: s.do(s.root, "require_group", "/", overwrite=True),
    ],
    "Group.require_groups": [
        lambda s: s.do(s.root, "require_groups", "b", "x", "y/z"),
        lambda s: s.do(s.root, "require_groups"),
        lambda s: s.do(s.root, "require_groups", "x", "a", "y"),
    ],
    "Group.tree": [
        lambda s: s.do(s.root, "tree"),
        lambda s: s.do(s.root, "tree", level=0, plain=True, max_nodes=1),
        lambda s: s.do(s.consolidated(), "tree"),
        lambda s: s.do(s.root, "tree", expand=True),
    ],
    "Group.update_attributes": [
        lambda s: s.do(s.root, "update_attributes", {"v": (1, 2)}),
        lambda s: s.do(s.root, "update_attributes", {1: 2}),
    ],
    "zarr.array": [
        lambda s: s.function("array", [[1, 2], [3, 4]], chunks=1, store=s.other, path="x", zarr_format=s.format),
        lambda s: s.function("array", s.a, store=s.other, path="x"),
        lambda s: s.function("array", s.a, dtype="f4"),
        lambda s: s.function("array", [1], colour=3),
    ],
    "zarr.consolidate_metadata": [
        lambda s: s.function("consolidate_metadata", s.store),
        lambda s: s.function("consolidate_metadata", s.store, path="b", zarr_format=s.format),
        lambda s: s.function("consolidate_metadata", s.store, path="a"),
    ],
    "zarr.copy": [
        lambda s: s.function("copy", s.a, s.empty),
        lambda s: s.function("copy", s.b, s.empty, "n", True, without_attrs=True),
        lambda s: s.function("copy", s.a, s.empty, name="n", chunks=(4, 4), dry_run=True),
        lambda s: s.function("copy", s.a, s.empty, name="n", chunks=(4, 4), compressors=None),
        lambda s: s.function("copy", s.a, s.root),
        lambda s: s.function("copy", s.a, s.root, if_exists="skip"),
        lambda s: s.function("copy", s.a, s.a),
        lambda s: s.function("copy", s.a, s.empty, shape=3),
    ],
    "zarr.copy_all": [
        lambda s: s.function("copy_all", s.root, s.empty),
        lambda s: s.function("copy_all", s.root, s.empty, True, True, None, "replace", True),
        lambda s: s.function("copy_all", s.a, s.empty),
    ],
    "zarr.copy_store": [
        lambda s: s.function("copy_store", s.store, s.other, "b", "x", if_exists="skip"),
        lambda s: s.function("copy_store", s.store, s.other),
        lambda s: s.function("copy_store", s.store, s.other, excludes=r".*c$", if_exists="replace", dry_run=True),
    ],
    "zarr.create": [
        lambda s: s.function("create", (3, 4), chunks=2, dtype="i2", store=s.other, path="x", zarr_format=s.format),
        lambda s: s.function("create", 3, store=s.store, path="a", mode="w", zarr_format=s.format),
        lambda s: s.function("create", 3, store=s.store, path="a", zarr_format=s.format),
        lambda s: s.function("create", 3, mode="x"),
        lambda s: s.function("create", 3, read_only=True),
        lambda s: s.function("create", 3, shards=3),
    ],
    "zarr.create_array": [
        lambda s: s.function("create_array", s.other, name="x", shape=(4, 6), dtype="i2", zarr_format=s.format),
        lambda s: s.function("create_array", s.store, name="a", data=[1, 2], overwrite=True, zarr_format=s.format),
        lambda s: s.function("create_array", s.store, name="a", data=[1, 2], zarr_format=s.format),
        lambda s: s.function("create_array", s.store, shape=(4, 6)),
        lambda s: s.function("create_array", s.store, colour=6),
        lambda s: s.function("create_array", s.other, name="x", shape=8, dtype="i2", chunks=2, shards=4),
    ],
    "zarr.create_group": [
        lambda s: s.function("create_group", s.other, path="x/y", attributes={"k": 1}, zarr_format=s.format),
        lambda s: s.function("create_group", s.store, path="a", zarr_format=s.format),
        lambda s: s.function("create_group", s.store, path="b", zarr_format=s.format, overwrite=True),
    ],
    "zarr.create_hierarchy": [
        lambda s: s.function("create_hierarchy", store=s.other, nodes={"x/y": s.a.metadata}),
        lambda s: s.function("create_hierarchy", store=s.b.store_path, nodes={"": s.empty.metadata}, overwrite=True),
        lambda s: s.function("create_hierarchy", store=s.store, nodes={"": s.empty.metadata}),
    ],
    "zarr.empty": [lambda s: s.function("empty", 3, store=s.other, path="x", dtype="i2", zarr_format=s.format)],
    "zarr.zeros": [
        lambda s: s.function("zeros", 3, store=s.other, path="x", zarr_format=s.format),
        lambda s: s.function("zeros", 3, colour=3),
    ],
    "zarr.ones": [lambda s: s.function("ones", 3, store=s.other, path="x", shards=3)],
    "zarr.full": [lambda s: s.function("full", 3, 2.5, store=s.other, path="x", zarr_format=s.format)],
    "zarr.empty_like": [
        lambda s: s.function("empty_like", s.a, store=s.other, path="x"),
        lambda s: s.function("empty_like", s.a, store=s.other, path="x", zarr_format=5 - s.format, shape=3, chunks=2),
    ],
    "zarr.zeros_like": [lambda s: s.function("zeros_like", s.a, store=s.other, path="x")],
    "zarr.ones_like": [lambda s: s.function("ones_like", s.a, store=s.other, path="x")],
    "zarr.full_like": [
        lambda s: s.function("full_like", s.a, store=s.other, path="x"),
        lambda s: s.function("full_like", [1.5], store=s.other, path="x", fill_value=3),
    ],
    "zarr.from_array": [
        lambda s: s.function("from_array", s.other, data=s.a, name="x"),
        lambda s: s.function("from_array", s.other, data=s.a, name="x", zarr_format=5 - s.format, chunks=(4, 2)),
        lambda s: s.function("from_array", s.other, data=s.a, name="x", write_data=False, attributes={"k": 1}),
        lambda s: s.function("from_array", s.other, data=[1, 2], name="x", compressors=None),
        lambda s: s.function("from_array", s.other, data=[1, 2], shape=2),
    ],
    "zarr.group": [
        lambda s: s.function("group", s.store, path="b"),
        lambda s: s.function("group", s.store, path="b", overwrite=True, zarr_format=s.format),
        lambda s: s.function("group", s.other, path="n", attributes={"k": 1}, zarr_format=s.format),
        lambda s: s.function("group", s.store, path="a"),
        lambda s: s.function("group", s.store, cache_attrs=True),
    ],
    "zarr.load": [
        lambda s: s.function("load", s.store, "a"),
        lambda s: s.function("load", s.store),
        lambda s: s.function("load", s.store, path="x"),
    ],
    "zarr.open": [
        lambda s: s.function("open", s.store),
        lambda s: s.function("open", s.store, path="a", mode="r", config={"order": "F"}),
        lambda s: s.function("open", s.store, path="x", mode="r"),
        lambda s: s.function("open", s.other, path="x", shape=3, dtype="i2", zarr_format=s.format),
        lambda s: s.function("open", s.store, mode="x"),
    ],
    "zarr.open_array": [
        lambda s: s.function("open_array", s.store, path="a", mode="r"),
        lambda s: s.function("open_array", s.store, path="b"),
        lambda s: s.function("open_array", s.store, path="x"),
        lambda s: s.function("open_array", s.store, path="a", mode="w", shape=3, dtype="i2", zarr_format=s.format),
        lambda s: s.function("open_array", s.store, path="a", colour=3),
    ],
    "zarr.open_consolidated": [
        lambda s: s.function("open_consolidated", s.store),
        lambda s: twice(s, Scene.consolidated, lambda s: s.function("open_consolidated", s.store)),
    ],
    "zarr.open_group": [
        lambda s: s.function("open_group", s.store, mode="r", path="b"),
        lambda s: s.function("open_group", s.store, path="a"),
        lambda s: s.function("open_group", s.store, path="x", mode="r"),
        lambda s: s.function("open_group", s.other, path="x", attributes={"k": 1}, zarr_format=s.format),
        lambda s: s.function("open_group", s.store, use_consolidated=True),
        lambda s: s.function("open_group", s.store, colour=True),
    ],
    "zarr.open_like": [
        lambda s: s.function("open_like", s.a, "x", store=s.other),
        lambda s: s.function("open_like", s.a, "b/c", store=s.store),
        lambda s: s.function("open_like", s.a, "b", store=s.store),
    ],
    "zarr.save": [
        lambda s: s.function("save", s.other, np.arange(3), path="x", zarr_format=s.format),
        lambda s: s.function("save", s.other, np.arange(3), np.ones(2), z=np.zeros(1), zarr_format=s.format),
        lambda s: s.function("save", s.other),
        lambda s: s.function("save", s.other, [1]),
    ],
    "zarr.save_array": [
        lambda s: s.function("save_array", s.other, np.arange(6), path="x", zarr_format=s.format, chunks=3),
        lambda s: s.function("save_array", s.store, np.arange(6), path="a", zarr_format=s.format),
        lambda s: s.function("save_array", s.store, np.arange(6), path="a", mode="w-", zarr_format=s.format),
        lambda s: s.function("save_array", s.store, 5),
    ],
    "zarr.save_group": [
        lambda s: s.function("save_group", s.other, np.arange(3), z=np.zeros(1), zarr_format=s.format),
        lambda s: s.function("save_group", s.other, np.arange(3), z=3),
        lambda s: s.function("save_group", s.other),
    ],
    "zarr.tree": [
        lambda s: s.function("tree", s.root),
        lambda s: s.function("tree", s.root, level=0),
        lambda s: s.function("tree", s.root, expand=True),
        lambda s: s.function("tree", 5),
    ],
}


def shown(value):
    """A result, whichever face it is."""
    if isinstance(value, zarr.Array | zarr.AsyncArray):
        array = value if isinstance(value, zarr.Array) else zarr.Array(value)
        return "array", array.path, array.metadata.to_dict(), array.config, array.read_only, array[...].tolist()
    if isinstance(value, zarr.Group | zarr.AsyncGroup):
        return "group", value.path, value.metadata.to_dict(), value.read_only
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype, value.shape, value.tolist()
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items()}
    return (type(value), repr(value)) if type(value).__module__.startswith("zarr") else value


def stored(store):
    return {key: value.to_bytes() for key, value in store._store_dict.items()}


def outcome(face, zarr_format, call):
    """What came out: a result or an error, warnings, and what is stored."""
    scene = Scene(face, zarr_format)
    result = error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = shown(call(scene))
        except Exception as exc:  # noqa: BLE001  # to be compared
            error = type(exc), named(str(exc), scene)
    said = [(each.category, named(str(each.message), scene)) for each in caught]
    return result, error, said, stored(scene.store), stored(scene.other)


def named(text, scene):
    for store, name in ((scene.store, "STORE"), (scene.other, "OTHER")):
        text = text.replace(repr(store), name).replace(str(store), name)
    for face, other in (("Array", "AsyncArray"), ("Group", "AsyncGroup")):
        text = text.replace(other, face)
    return text


class TestResults:
    def test_every_twin_has_a_row(self):
        assert ROWS.keys() == {*FUNCTIONS, "Array.nchunks_initialized"}

    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize(("twin", "number"), [(twin, i) for twin, calls in ROWS.items() for i in range(len(calls))])
    def test_both_do_the_same(self, engine, zarr_format, twin, number):
        call = ROWS[twin][number]
        assert outcome(Sync, zarr_format, call) == outcome(Async, zarr_format, call)

    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_attributes_and_indexes(self, engine, zarr_format):
        one, other = Scene(Sync, zarr_format), Scene(Async, zarr_format)
        assert dict(one.root.attrs) == other.root.attrs
        assert dict(one.a.attrs) == other.a.attrs
        rows, points = ([0, 3], slice(1, 3)), ([0, 3], [1, 2])
        assert shown(one.a.oindex[rows]) == shown(asyncio.run(awaited(other.a.oindex.getitem(rows))))
        assert shown(one.a.vindex[points]) == shown(asyncio.run(awaited(other.a.vindex.getitem(points))))

    def test_attributes_are_a_copy_down_to_the_lists_in_them(self):
        group = Scene(Async, 3).root
        group.attrs["title"].append(2)
        assert group.attrs == {"title": ["x", 1]}

    def test_an_error_of_one_leaves_what_the_other_finds(self, engine):
        """A shared state: what one face did, the other one sees, after an error too."""
        root = zarr.create_group({})
        with contextlib.suppress(TypeError):
            root.require_groups("x", 3)
        assert asyncio.run(collected(root._async_group.group_keys())) == ["x"]
