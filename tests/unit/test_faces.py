"""The synchronous and the asynchronous face of one thing: the same signatures, the same results, the same stored bytes.

Whatever differs stands here with its reason; whatever is new has to be given a row.
"""

import asyncio
import contextlib
import inspect
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import zarr
from zarr._calls import keywords, legacy
from zarr._calls.arrays import ARRAY_DEFAULTS
from zarr._calls.like import FROM_ARRAY_DEFAULTS
from zarr.api import asynchronous, synchronous
from zarr.storage import MemoryStore

# -- which belongs to which -----------------------------------------------------------------------------------------------

CALLED = {  # what Python calls by a sign, the asynchronous face calls by name
    "__getitem__": "getitem",
    "__setitem__": "setitem",
    "__delitem__": "delitem",
    "__contains__": "contains",
}
ARRAY_CALLED = {"get_basic_selection": "getitem", "set_basic_selection": "setitem"}

ZARR_PYTHON = "zarr-python's asynchronous face has none"
SIGN = "Python's own protocol, for which the synchronous interpreter has a sign"
ONLY_SYNC = {
    "Array.__delitem__": "deletes nothing, and says what to do instead",
    "Array.async_array": "leads from this face to the other",
    "Array.get_block_selection": ZARR_PYTHON,
    "Array.set_block_selection": ZARR_PYTHON,
    "Array.set_coordinate_selection": ZARR_PYTHON,
    "Array.set_mask_selection": ZARR_PYTHON,
    "Array.set_orthogonal_selection": ZARR_PYTHON,
    "Array.blocks": ZARR_PYTHON,
    "Array.__getitem__": "takes any selection; `getitem` takes basic ones, as `get_basic_selection` does",
    "Array.__setitem__": "takes any selection; `setitem` takes basic ones, as `set_basic_selection` does",
    "Group.create": "zarr-python's other name of `create_array`",
    "Group.update_attributes_async": "zarr-python has it: a coroutine on the synchronous face",
    "Group.visit": "h5py's; with the asynchronous face one writes a loop",
    "Group.visititems": "h5py's; with the asynchronous face one writes a loop",
    "Group.visitkeys": "zarr-python 2's; with the asynchronous face one writes a loop",
    "Group.visitvalues": "zarr-python 2's; with the asynchronous face one writes a loop",
}
ONLY_ASYNC = {
    "AsyncGroup.from_dict": "zarr-python has it on this face only",
}

# Names, kinds and defaults that differ, with the reason. `zarr-python` is its recorded signature of either face.
OTHER_SIGNATURE = {
    "Array.open": "zarr-python: only the asynchronous one has `zarr_format`",
    "Array.resize": "zarr-python: only the asynchronous one has `delete_outside_chunks`",
    "Array.get_basic_selection": "zarr-python: `getitem` has no default selection, `out` or `fields`",
    "Array.set_basic_selection": "zarr-python: `setitem` has no `fields`, and a positional `prototype`",
    "Group.open": "zarr-python: only the asynchronous one has `use_consolidated`",
    "Group.get": "zarr-python: `path` here, `key` there",
    "Group.__getitem__": "zarr-python: `path` here, `key` there",
}
OTHER_KIND = {
    "Array.nchunks_initialized": "zarr-python: a property here, a coroutine there, as it looks into the store",
    "Array.shape": "can be set here; a setter cannot be awaited",
    "Array.attrs": "changes are stored at once here; there it is a copy, and `update_attributes` stores",
    "Array.oindex": "has square brackets here, and `getitem` there",
    "Array.vindex": "has square brackets here, and `getitem` there",
    "Group.attrs": "changes are stored at once here; there it is a copy, and `update_attributes` stores",
}


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_") or name in CALLED}


def twins(face, other, called):
    return {
        f"{face.__name__}.{name}": called.get(name, name)
        for name in public(face)
        if hasattr(other, called.get(name, name))
    }


ARRAY_TWINS = twins(zarr.Array, zarr.AsyncArray, ARRAY_CALLED)
GROUP_TWINS = twins(zarr.Group, zarr.AsyncGroup, CALLED)
FUNCTION_TWINS = {f"zarr.{name}": name for name in synchronous.__all__}
TWINS = {**ARRAY_TWINS, **GROUP_TWINS, **FUNCTION_TWINS}


def pair(twin):
    """Both members of a pair, as they stand in their class or module."""
    owner, _, name = twin.partition(".")
    if owner == "zarr":
        return getattr(synchronous, name), getattr(asynchronous, name)
    face, other = getattr(zarr, owner), getattr(zarr, f"Async{owner}")
    return inspect.getattr_static(face, name), inspect.getattr_static(other, TWINS[twin])


def plain(found):
    return getattr(found, "__func__", found)


def is_function(found):
    return inspect.isfunction(plain(found))


SHARED = {twin for twin in TWINS if pair(twin)[0] is pair(twin)[1]}
FUNCTIONS = sorted(twin for twin in TWINS.keys() - SHARED if all(map(is_function, pair(twin))))


def parameters(found):
    """Names, kinds and defaults; those that are given by name in any order."""
    signature = inspect.signature(plain(found))
    shown = [(p.name, p.kind, p.default) for p in signature.parameters.values()]
    by_name = [each for each in shown if each[1] is inspect.Parameter.KEYWORD_ONLY]
    return [each for each in shown if each not in by_name], sorted(by_name, key=lambda each: each[0])


class TestSignatures:
    @pytest.mark.parametrize(
        ("face", "other", "called", "only"),
        [
            (zarr.Array, zarr.AsyncArray, ARRAY_CALLED, ONLY_SYNC),
            (zarr.Group, zarr.AsyncGroup, CALLED, ONLY_SYNC),
            (zarr.AsyncArray, zarr.Array, {new: old for old, new in ARRAY_CALLED.items()}, ONLY_ASYNC),
            (zarr.AsyncGroup, zarr.Group, {new: old for old, new in CALLED.items()}, ONLY_ASYNC),
        ],
    )
    def test_every_name_has_a_twin_or_a_reason(self, face, other, called, only):
        alone = {f"{face.__name__}.{name}" for name in public(face) if not hasattr(other, called.get(name, name))}
        assert alone == {name for name in only if name.startswith(f"{face.__name__}.")}

    def test_both_modules_have_the_same_functions(self):
        assert synchronous.__all__ == asynchronous.__all__

    @pytest.mark.parametrize("twin", FUNCTIONS)
    def test_parameters_and_defaults_are_the_same(self, twin):
        one, other = pair(twin)
        assert (parameters(one) == parameters(other)) == (twin not in OTHER_SIGNATURE), OTHER_SIGNATURE.get(twin)

    def test_what_is_no_function_on_both_faces_is_shared_or_has_a_reason(self):
        assert TWINS.keys() - SHARED - set(FUNCTIONS) == OTHER_KIND.keys()

    @pytest.mark.parametrize("twin", FUNCTIONS)
    def test_one_waits_and_the_other_is_awaited(self, twin):
        one, other = map(plain, pair(twin))
        assert not inspect.iscoroutinefunction(one)
        needs_no_store = twin in {"Array.from_dict", "Array.with_config"}
        assert needs_no_store != (inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other))

    @pytest.mark.parametrize("name", synchronous.__all__)
    def test_functions_are_found_where_they_say(self, name):
        for module in (synchronous, asynchronous):
            assert getattr(module, name).__module__ == module.__name__


class TestKeywords:
    """Options are declared once; what shows them has to agree with what takes them."""

    def test_those_of_create_array(self):
        assert keywords.ArrayOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys()
        assert keywords.MemberOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys() - {"zarr_format"}

    def test_those_of_require_array(self):
        own = inspect.signature(zarr.Group.require_array).parameters.keys()
        assert keywords.RequiredOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys() - own

    def test_those_of_from_array(self):
        own = inspect.signature(synchronous.from_array).parameters.keys()
        assert own == {
            "store",
            "data",
            "write_data",
            "name",
            "storage_options",
            *keywords.FromArrayOptions.__annotations__,
        }
        assert FROM_ARRAY_DEFAULTS.keys() - keywords.FromArrayOptions.__annotations__.keys() == {
            "shape",
            "dtype",
            "data",
            "write_data",
        }

    def test_those_of_create(self):
        flow = inspect.signature(legacy.create).parameters
        shown = keywords.OlderOptions.__annotations__.keys()
        assert shown == legacy.OLDER_DEFAULTS.keys()
        assert shown - flow.keys() == {*legacy.WITHOUT_EFFECT, "store", "path", "storage_options", "mode"}
        assert all(legacy.OLDER_DEFAULTS[name] == flow[name].default for name in shown & flow.keys())
        newer = flow.keys() - shown - {"at", "shape", "without_effect"}
        assert keywords.EmptyOptions.__annotations__.keys() == shown | newer

    @pytest.mark.parametrize(
        ("options", "own"),
        [
            (keywords.FilledOptions, {"fill_value"}),
            (keywords.AnyOptions, {"data"}),
            (keywords.LikeOptions, {"zarr_format"}),
            (keywords.OpenLikeOptions, {"zarr_format", "path"}),
            (keywords.OpenOptions, {"zarr_format", "config", "store", "path", "storage_options", "mode"}),
            (keywords.SaveOptions, {"zarr_format", "data", "store", "path", "storage_options"}),
            (keywords.FilledMemberOptions, {"fill_value", "store", "path", "storage_options", "mode"}),
            (keywords.EmptyMemberOptions, {"store", "path", "storage_options", "mode"}),
            (keywords.LikeMemberOptions, {"data", "store", "path", "storage_options", "mode"}),
        ],
    )
    def test_those_that_go_back_to_create(self, options, own):
        more = {"shape", "name", "write_data"}
        assert options.__annotations__.keys() - more == keywords.EmptyOptions.__annotations__.keys() - own

    @pytest.mark.parametrize("module", [synchronous, asynchronous])
    def test_the_signature_names_them_with_their_types(self, module):
        shown = inspect.signature(module.create_array).parameters
        first = ["store", "name", "shape", "dtype", "data", "chunks", "shards", "filters", "compressors", "serializer"]
        then = ["fill_value", "order", "zarr_format", "attributes", "chunk_key_encoding", "dimension_names"]
        assert [*shown] == [*first, *then, "storage_options", "overwrite", "config", "write_data"]
        assert shown["chunks"].annotation == "ChunksLike | Auto | None"
        assert module.create_array.__annotations__["shards"] == "ShardsLike | Auto | None"
        assert (shown["zarr_format"].default, shown["chunks"].default) == (3, "auto")
        assert repr(shown["fill_value"].default) == "DEFAULT_FILL_VALUE"

    @pytest.mark.parametrize(
        "call",
        [
            lambda: zarr.create_array({}, shape=3, dtype="i1", colour=1),
            lambda: zarr.create_array({}, shape=3, dtype="i1", compressor=None),
            lambda: zarr.from_array({}, data=[1], shape=3),
            lambda: zarr.from_array({}, data=zarr.ones(3), dtype="i1"),
            lambda: zarr.create(3, shards=3),
            lambda: zarr.group(use_consolidated=True),
            lambda: zarr.open_group({}, overwrite=True),
            lambda: zarr.create_group({}).create_array("a", shape=3, dtype="i1", zarr_format=2),
            lambda: zarr.create_group({}).require_array("a", shape=3, colour=2),
            lambda: zarr.zeros(3, colour=2),
            lambda: zarr.array([1], write_data=False),
            lambda: zarr.array(zarr.ones(3), dtype="i1"),
        ],
    )
    def test_others_are_refused(self, call):
        with pytest.raises(TypeError, match="got an unexpected keyword argument"):
            call()


# -- what they do ---------------------------------------------------------------------------------------------------------


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
